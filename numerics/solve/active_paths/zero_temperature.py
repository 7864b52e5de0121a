"""Zero-temperature thresholds: roots of closed forms, enclosed by bisection with signs proved in
ball arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray
from scipy import optimize
from sympy import Expr, Symbol

from neurenorm.numerics.compile import compiled
from neurenorm.theory.active_paths.zero_temperature import (
    DRIVE,
    FrozenLayers,
    FrozenPaths,
    IntegerGlass,
)
from neurenorm.theory.symbols import symbols

__all__ = [
    "frozen_layer_fractions",
    "frozen_layer_thresholds",
    "frozen_thresholds",
    "integer_glass_points",
]

PATHS = symbols("active-paths")
Array = NDArray[np.float64]
RATE = Symbol("lambda", positive=True)


def _proved_sign(function: Callable[[Any], arb], point: Fraction) -> int:
    """Return the sign of a function at a rational, 0 where the precision cannot tell."""
    value = function(arb(point.numerator) / arb(point.denominator))
    return 0 if value.contains(0) else (1 if value > 0 else -1)


def enclosed_root(function: Callable[[Any], arb], low: Fraction, high: Fraction) -> arb:
    """Return a ball that holds a root of a continuous function between two rationals at which its
    signs differ, at the present precision.

    Examples
    --------
    >>> enclosed_root(lambda x: x * x - 2, Fraction(1), Fraction(2)).str(12, radius=False)
    '1.41421356237'
    """
    left, right = _proved_sign(function, low), _proved_sign(function, high)
    if left * right != -1:
        raise ArithmeticError(
            f"no change of sign was proved between {float(low)} and {float(high)}"
        )
    for _ in range(ctx.prec):
        middle = (low + high) / 2
        sign = _proved_sign(function, middle)
        if sign == 0:
            break
        low, high = (middle, high) if sign == left else (low, middle)
    centre, radius = (low + high) / 2, (high - low) / 2
    return arb(
        arb(centre.numerator) / centre.denominator, arb(radius.numerator) / radius.denominator
    )


def _ball_function(expression: Expr) -> Callable[[Any], arb]:
    """Compile an expression in x for balls."""
    function: Callable[[Any], arb] = compiled(expression, [PATHS.x], target="ball")
    return function


def frozen_thresholds(problem: FrozenPaths) -> dict[str, arb]:
    """Enclose the end of the frozen branch and its transition, at the present precision of ball
    arithmetic.

    Returns
    -------
    dict
        Balls c_d, x_d (smallest degree with frozen weights) and c_s, x_s (where the gap vanishes).

    Examples
    --------
    >>> from neurenorm.theory.active_paths.zero_temperature import frozen_paths
    >>> {
    ...     name: value.str(7, radius=False)
    ...     for name, value in frozen_thresholds(frozen_paths(3)).items()
    ... }
    {'c_d': '2.455407', 'x_d': '0.7153319', 'c_s': '2.753806', 'x_s': '0.8834140'}
    """
    if problem.p == 2:
        raise ValueError(
            "for p = 2 frozen weights appear continuously at c = 1: there is no threshold with a "
            "jump"
        )
    degree, slope = _ball_function(problem.degree), _ball_function(problem.degree.diff(PATHS.x))
    low, high = (
        Fraction(1, 1000),
        1 - Fraction(1, 2 ** max(40, 2 * problem.p + 8)),
    )  # x_s is 1 - exp(-p), about
    end = enclosed_root(slope, low, high)
    gap = _ball_function(problem.gap.subs(PATHS.c, problem.degree))
    above = Fraction(float(end.mid())) + Fraction(1, 10**6)
    crossing = enclosed_root(gap, above, high)
    return {"c_d": degree(end), "x_d": end, "c_s": degree(crossing), "x_s": crossing}


def frozen_layer_fractions(problem: FrozenLayers, most: int = 20_000) -> Array:
    """Iterate the equations of frozen weights from all frozen, and return the fraction in each
    layer.

    Raises
    ------
    ArithmeticError
        If it does not settle, which happens right at the threshold.

    Examples
    --------
    >>> from neurenorm.theory.active_paths.zero_temperature import frozen_layers
    >>> frozen_layer_fractions(frozen_layers([2, 3, 6])).round(6).tolist()
    [0.837205, 0.9168, 0.990001]
    """
    residuals = compiled(
        [equation.subs(problem.scale, 1) for equation in problem.equations], list(problem.unknowns)
    )
    x = np.ones(len(problem.unknowns))
    for _ in range(most):
        change = np.array(residuals(*x))
        x = x + change
        if np.abs(change).max() < 1e-14:
            return x
    raise ArithmeticError(
        f"the frozen fractions did not settle in {most} iterations: {x.tolist()}, last change "
        f"{np.abs(change).max():.2g}"
    )


def frozen_layer_thresholds(problem: FrozenLayers) -> dict[str, Any]:
    """Scale all degrees by a common factor s to the end of the frozen branch and to its transition.

    With a = s prod x, each layer solves x_l = 1 - exp(-a c_l / x_l) on its own, and s = a / prod x.
    The elasticities of the layers fall along the branch, so it has one end, where they add up to
    one, and beyond it one transition.

    Returns
    -------
    dict
        c_d, x_d, c_s, x_s, each a list over the layers.
    """
    degrees = np.array([float(c) for c in problem.degrees])
    if len(degrees) == 2:
        raise ValueError(
            "for two layers frozen weights appear continuously at c_1 c_2 = 1: there is no "
            "threshold with a jump"
        )
    branch = problem.branch
    fraction, rate, elasticity = (
        compiled(e, [DRIVE]) for e in (branch.fraction, branch.rate, branch.elasticity)
    )
    derived_gap = compiled(problem.gap, [problem.scale, *problem.unknowns])

    def drives(log_a: float) -> Array:
        """The number y of certain biases in each layer."""
        return np.array([_drive(rate, log_a + math.log(c)) for c in degrees])

    def scale(log_a: float) -> float:
        """Factor of the degrees along the branch."""
        return math.exp(log_a - float(np.log(fraction(drives(log_a))).sum()))

    def gap(log_a: float) -> float:
        """Gap along the branch."""
        return float(derived_gap(scale(log_a), *fraction(drives(log_a))))

    low, high = math.log(1e-4 / degrees.max()), math.log(50 / degrees.min())
    end = float(
        optimize.brentq(
            lambda log_a: float(elasticity(drives(log_a)).sum()) - 1, low, high, xtol=1e-14
        )
    )
    rows = {"d": end, "s": float(optimize.brentq(gap, end, high, xtol=1e-14))}
    found: dict[str, Any] = {
        f"c_{name}": (scale(log_a) * degrees).tolist() for name, log_a in rows.items()
    }
    return found | {f"x_{name}": fraction(drives(log_a)).tolist() for name, log_a in rows.items()}


def _drive(rate: Callable[[float], Any], log_rate: float) -> float:
    """Solve y (1 - exp(-y)) = r: y lies between max(r, sqrt r) and (r + sqrt(r^2 + 4 r))/2."""
    r = math.exp(log_rate)
    low, high = (
        math.log(max(r, math.sqrt(r))) - 1e-9,
        math.log((r + math.sqrt(r) * math.sqrt(r + 4)) / 2) + 1e-9,
    )
    return math.exp(
        optimize.brentq(
            lambda log_y: math.log(float(rate(math.exp(log_y)))) - log_rate, low, high, xtol=1e-15
        )
    )


def integer_glass_points(problem: IntegerGlass) -> dict[str, float]:
    """Return the end of the integer-field glass and where its energy meets that of the paramagnet.

    Examples
    --------
    >>> from neurenorm.theory.active_paths.zero_temperature import integer_glass
    >>> {name: round(value, 5) for name, value in integer_glass_points(integer_glass(3)).items()}
    {'c_RS': 3.50046, 'x_RS': 0.52043, 'c_f': 3.88592, 'energy_f': -1.29531}
    """
    if problem.p == 2:
        raise ValueError(
            "for p = 2 integer fields appear continuously: there is no end of a branch with a jump"
        )
    degree, overlap, energy = (
        compiled(e, [RATE]) for e in (problem.degree, problem.overlap, problem.energy)
    )
    best = optimize.minimize_scalar(
        lambda v: float(degree(math.exp(v))),
        bounds=(-1.0, 3.0),
        method="bounded",
        options={"xatol": 1e-9},
    )
    end = math.exp(best.x)
    root = float(
        optimize.brentq(
            lambda rate: float(energy(rate) + degree(rate) / problem.p),
            end * 1.001,
            30 * end,
            xtol=1e-13,
        )
    )
    return {
        "c_RS": float(degree(end)),
        "x_RS": float(overlap(end)),
        "c_f": float(degree(root)),
        "energy_f": float(energy(root)),
    }
