"""Fixed points of the correlation map of two signals of equal length, in the gap e = 1 - c.

    e' = (σ_w²/K) ⟨(φ_a - φ_b)²⟩/2

has no difference of nearly equal numbers in it, so e keeps its digits down to the smallest double.
As e → 0 the ratio e'/e tends to χ_⊥; as a power series in c with non-negative coefficients the map
is convex for c >= 0, so beside c = 1 there is at most one fixed point there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from sympy import Expr

from neurenorm.numerics.balls import precision, proved_digits
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.quadrature import Average, plane_average
from neurenorm.numerics.solution import Solution
from neurenorm.numerics.solve.inputs import search_bits
from neurenorm.numerics.solve.intervals import NotCertified
from neurenorm.theory.symbols import symbols
from neurenorm.theory.wide.limit import AA, AB, BB, K, WideLimit

__all__ = ["certified_correlation", "correlation_fixed_points", "gap_map"]

FIELD = symbols("field-theory")
_NEAREST, _FURTHEST = 1e-9, 2.0
_SCAN = 33


def gap_map(wide: WideLimit, sw2: float, length: float) -> Callable[[ArrayLike], Average]:
    """Return the map e → e' at a fixed length K, with an error bound.

    Parameters
    ----------
    wide : WideLimit
    sw2 : float
        σ_w².
    length : float
        The fixed point K of the length.

    Returns
    -------
    callable
        From an array of gaps in [0, 2] to an `Average`.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> step = gap_map(WideLimit(activation("relu")), 2.0, 1.0)
    >>> round(1 - float(step(1.0).value), 10)
    0.3183098862
    """
    phi = wide.activation
    function = compiled(phi.expression, [phi.variable])
    kinks = [float(kink) for kink in phi.kinks]

    def step(gap: ArrayLike) -> Average:
        """One layer."""
        value, error = plane_average(
            lambda a, b: (function(a) - function(b)) ** 2 / 2,
            length,
            length,
            gap=gap,
            kinks=(kinks, kinks),
        )
        return Average(value * sw2 / length, error * sw2 / length)

    return step


def correlation_fixed_points(
    wide: WideLimit, sw2: float, sb2: float, length: float, chi_perp: float
) -> Solution:
    """Return the fixed points of the correlation at a fixed point of the length, the stable ones
    first.

    Parameters
    ----------
    wide : WideLimit
    sw2, sb2 : float
    length : float
        K* > 0.
    chi_perp : float
        χ_⊥ at K*, the slope at c = 1.

    Returns
    -------
    Solution
        Of ``c`` and its slope ``chi_c`` = dc'/dc, infinite at c = 1 for an activation that jumps;
        the error of c bounds that of the quadrature. Every branch has its ``gap`` 1 - c and its
        ``error``, and says whether it is ``stable``: |χ_c| < 1, or c = 1 at χ_⊥ = 1, which attracts
        as a power of depth.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> found = correlation_fixed_points(
    ...     WideLimit(activation("tanh")), 2.5, 0.05, 1.0639583848, 1.1335157
    ... )
    >>> [round(branch["c"], 6) for branch in found.branches]
    [0.446804, 1.0]
    """
    step = gap_map(wide, sw2, length)
    slope = compiled(FIELD.sw2 * wide.slope_overlap, [AA, BB, AB, FIELD.sw2])
    branches = [_branch(0.0, chi_perp, 0.0)]
    grid = np.concatenate([np.geomspace(_NEAREST, 0.5, _SCAN), np.linspace(0.55, _FURTHEST, 16)])
    excess = step(grid).value / grid - 1
    for place in _crossings(step, grid, excess):
        chi = float(slope(length, length, (1 - place) * length, sw2))
        bound = float(step(place).error) / max(abs(1 - chi), 1e-12)
        branches.append(_branch(place, chi, bound + 1e-15))
    branches.sort(key=lambda branch: (not branch["stable"], branch["gap"]))
    values = {name: branches[0][name] for name in ("c", "chi_c")}
    return Solution("numeric", values, {"c": branches[0]["error"]}, tuple(branches))


def _branch(gap: float, slope: float, error: float) -> dict[str, Any]:
    """A fixed point at c = 1 - gap."""
    stable = abs(slope) < 1 or (gap == 0 and slope == 1)
    return {"c": 1 - gap, "gap": gap, "chi_c": slope, "error": error, "stable": stable}


def certified_correlation(
    wide: WideLimit, sw2: Expr, sb2: Expr, length: arb, near: float, digits: int
) -> tuple[arb, arb]:
    """Prove a fixed point below c = 1, and enclose its slope, by interval Newton steps in ball
    arithmetic.

    With ``g(c) = (σ_b² + σ_w² ⟨φφ⟩)/K - c`` the interval ``m - g(m)/g'(C)`` lies inside C only if C
    holds exactly one zero of g.

    Parameters
    ----------
    wide : WideLimit
    sw2, sb2 : sympy numbers
    length : arb
        K*, enclosed to more digits than are asked for.
    near : float
        The fixed point in double precision.
    digits : int
        Digits to be proved.

    Returns
    -------
    c, slope : arb

    Raises
    ------
    NotCertified
        If an interval is not mapped into itself or the digits are not reached.

    Examples
    --------
    >>> from sympy import Integer, Rational
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> from neurenorm.numerics.solve.field_theory.lengths import length_fixed_points
    >>> erf, (sw2, sb2) = WideLimit(activation("erf")), (Integer(2), Rational(1, 10))
    >>> K = length_fixed_points(erf, sw2, sb2, 40).values["K"]
    >>> certified_correlation(erf, sw2, sb2, K, 0.6472293691, 30)[0].str(30, radius=False)
    '0.647229369107094736433922502125'
    """
    c = FIELD.c
    equal = {AA: K, BB: K, AB: c * K}
    image = (FIELD.sb2 + FIELD.sw2 * wide.overlap.xreplace(equal)) / K
    arguments = [c, K, FIELD.sw2, FIELD.sb2]
    value, slope = (
        compiled(form, arguments, "ball")
        for form in (image, FIELD.sw2 * wide.slope_overlap.xreplace(equal))
    )
    with precision(search_bits(digits)):
        place = arb(near, 1e-9)
        for _ in range(2 + int(np.log2(digits))):
            middle = place.mid()
            gain = slope(place, length, sw2, sb2) - 1
            fresh = middle - (value(middle, length, sw2, sb2) - middle) / gain
            if not (fresh.is_finite() and place.contains_interior(fresh)):
                break
            place = fresh
            if proved_digits(place) >= digits + 1:
                return place, slope(place, length, sw2, sb2)
    raise NotCertified(f"{digits} digits of the correlation near {near:.12g} cannot be proved")


def _crossings(
    step: Callable[[Any], Average], grid: NDArray[np.float64], excess: NDArray[np.float64]
) -> list[float]:
    """Gaps at which e' = e, perfect anticorrelation included."""
    flat = np.abs(excess) < 1e-9
    found = [2.0] if flat[-1] and not flat[-2] else []
    if np.all(flat):
        return []
    signs = np.where(flat, 0, np.sign(excess))
    for i in np.flatnonzero(signs[:-1] * signs[1:] < 0):
        found.append(
            float(
                brentq(
                    lambda e: float(step(e).value) / e - 1,
                    grid[i],
                    grid[i + 1],
                    xtol=1e-15,
                    rtol=1e-13,
                )
            )
        )
    return found + [
        float(grid[i])
        for i in range(1, len(grid) - 1)
        if flat[i] and not flat[i - 1] and not flat[i + 1]
    ]
