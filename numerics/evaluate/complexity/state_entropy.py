"""Complexity evaluated: averages of state entropies in doubles, and in ball arithmetic where digits
are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from flint import acb, arb, ctx
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr
from sympy import Expr, Symbol, exp, oo

from neurenorm.graphs.arguments import found_in
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.balls import FLOAT_DIGITS, enclosed_answer, precision, proved
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.numerics.observables.entropy import binary_entropy
from neurenorm.numerics.quadrature.rules import whole_line
from neurenorm.numerics.solve import trajectory
from neurenorm.theory.complexity.state_entropy import (
    DepthLaw,
    RandomNetwork,
    StateEntropy,
    neuron_profile,
    on_probability,
)
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols

__all__ = [
    "constant_ball",
    "layer_bits",
    "mixture_probabilities",
    "profile_bits",
    "profile_ratios",
    "state_entropy",
    "state_entropy_ball",
]

Array = NDArray[np.float64]
Which = NDArray[np.signedinteger[Any]]
Integrand = Callable[[Array, Which], Array]
Numbers = Mapping[str, Any]
AnalyticFunction = Callable[[acb, bool], acb]
WIDE, SUBJECT = symbols("field-theory"), symbols("complexity")
PAIR = [WIDE.Kaa, WIDE.Kbb, WIDE.Kab, WIDE.sw2, WIDE.sb2]
HUGE = 1e300  # a ratio beyond which the mean complexity, at most 2 over it, is zero in doubles
BATCH = 256  # points whose integrals are done at once
DOUBLE = 64  # bits at which the constants of an integral in doubles are found
QUADRATURE = 1e-9  # relative error of the kernel of one layer where it is averaged numerically


# --- averages of H2(Φ(scale t))
# --------------------------------------------------------------------------------------------------


def state_entropy(problem: StateEntropy, numbers: Mapping[Symbol, Any]) -> tuple[float, float]:
    """Return a mean complexity and its error by a trapezoidal rule in double precision.

    With t = s sinh v the integrand is analytic in a strip around the line and decays doubly
    exponentially, so the rule converges geometrically.

    Parameters
    ----------
    problem : StateEntropy
    numbers : mapping of Symbol to number or ball

    Returns
    -------
    value, error : float

    Examples
    --------
    >>> from neurenorm.theory.complexity.state_entropy import neuron_profile
    >>> round(state_entropy(neuron_profile(), {SUBJECT.r: 1})[0], 10)
    0.7213475204
    """
    ((value, error),) = state_entropies(problem, [numbers])
    return value, error


def state_entropies(
    problem: StateEntropy, points: Sequence[Mapping[Symbol, Any]]
) -> list[tuple[float, float]]:
    """Return the mean complexity and its error at several points, as `state_entropy` does at one."""
    height, shape = problem.density.as_independent(SUBJECT.t, as_Add=False)
    names = sorted(shape.free_symbols - {SUBJECT.t}, key=str)
    parts = [problem.scale, height, *names]
    used = sorted(set().union(*(part.free_symbols for part in parts)), key=str)
    constants, function = compiled(parts, used, target="ball"), compiled(shape, [SUBJECT.t, *names])
    with precision(DOUBLE):
        rows = [
            [float(arb(part).mid()) for part in constants(*(numbers[name] for name in used))]
            for numbers in points
        ]
    scale, factor, *given = np.array(rows).T[..., None]

    def integrand(t: Array, some: Which) -> Array:
        """At the nodes of some of the points, a row for each."""
        found: Array = factor[some] * function(t, *(part[some] for part in given))
        return found * binary_entropy(ndtr(-np.abs(scale[some] * t)))

    found = np.array([np.ones(len(rows)), np.zeros(len(rows))]).T
    found[scale[:, 0] > HUGE] = 0.0, 2 / HUGE
    waiting = np.flatnonzero((scale[:, 0] > 0) & (scale[:, 0] <= HUGE))
    for some in np.array_split(waiting, max(1, len(waiting) // BATCH)):
        found[some] = _converged(partial(_rows, integrand, some), scale[some, 0])
    return [(float(value), float(error)) for value, error in found]


def _rows(integrand: Integrand, some: Which, t: Array, which: Which) -> Array:
    """The integrand at the nodes of those points of a batch that are not yet known."""
    return integrand(t, some[which])


def _converged(integrand: Integrand, scale: Array) -> Array:
    """Values and errors, a row for each scale: halve the step until two sums agree; H2(Φ(u)) is
    below 1e-21 beyond |u| = 10.
    """
    found, before, count = np.empty((len(scale), 2)), np.full(len(scale), np.inf), 64
    which = np.arange(len(scale))
    while len(which):
        nodes, weights = whole_line(np.minimum(1.0, 1 / scale[which]), 10 / scale[which], count)
        value = np.sum(integrand(nodes, which) * weights, axis=-1)
        error = np.abs(value - before[which]) + 4 * np.finfo(float).eps * value
        found[which], before[which] = np.stack([value, error], axis=1), value
        which = which[(error >= 1e-14) & (count < 1 << 14)]
        count *= 2
    return found


def state_entropy_ball(problem: StateEntropy, numbers: Mapping[Symbol, Any]) -> arb:
    """Return a mean complexity as a ball at the present precision.

    Beyond |t| = T the integral is at most the one of H2(Φ(u)) <= √2 exp(-u²/4), as the density is
    at most one.

    Parameters
    ----------
    problem : StateEntropy
    numbers : mapping of Symbol to exact number or ball

    Examples
    --------
    >>> from neurenorm.theory.complexity.state_entropy import neuron_profile
    >>> state_entropy_ball(neuron_profile(), {SUBJECT.r: 1}).str(10, radius=False)
    '0.7213475204'
    """
    scale = constant_ball(problem.scale, numbers)
    return arb(1) if scale == 0 else _entropy_integral(_analytic(problem.density, numbers), scale)


def _entropy_integral(density: AnalyticFunction, scale: arb) -> arb:
    """Integrate an even density times H2(Φ(scale t)) over the line."""
    aim = arb(2) ** (-ctx.prec)
    reach = 2 * (arb(ctx.prec + 8) * arb(2).log()).sqrt() / scale
    slope = scale * (arb(1) / 2).sqrt()

    def integrand(t: acb, analytic: bool) -> acb:
        """Density times entropy, in nats."""
        on, off = (-slope * t).erfc() / 2, (slope * t).erfc() / 2
        return -density(t, analytic) * (
            on * on.log(analytic=analytic) + off * off.log(analytic=analytic)
        )

    inner = 2 * acb.integral(integrand, 0, reach, rel_tol=aim, abs_tol=aim).real / arb(2).log()
    rest = arb(8).sqrt() * arb.pi().sqrt() * (scale * reach / 2).erfc() / scale
    return inner + arb(0, rest.abs_upper())


def _analytic(node: Expr, numbers: Mapping[Symbol, Any]) -> AnalyticFunction:
    """A density as a function of t in complex balls, not finite where a root or a power is not
    analytic and should be.
    """
    if not node.has(SUBJECT.t):
        constant = acb(constant_ball(node, numbers))
        return lambda t, analytic: constant
    if node == SUBJECT.t:
        return lambda t, analytic: t
    if node.is_Pow and node.exp.is_Integer:
        base, power = _analytic(node.base, numbers), int(node.exp)
        return lambda t, analytic: base(t, analytic) ** power
    if isinstance(node, exp):
        inner = _analytic(node.args[0], numbers)
        return lambda t, analytic: inner(t, analytic).exp()
    if node.is_Pow:
        base, exponent = _analytic(node.base, numbers), _analytic(node.exp, numbers)
        return lambda t, analytic: (
            exponent(t, analytic) * base(t, analytic).log(analytic=analytic)
        ).exp()
    left, right = node.as_two_terms()
    first, second = _analytic(left, numbers), _analytic(right, numbers)
    if node.is_Add:
        return lambda t, analytic: first(t, analytic) + second(t, analytic)
    return lambda t, analytic: first(t, analytic) * second(t, analytic)


def constant_ball(expression: Expr, numbers: Mapping[Symbol, Any]) -> arb:
    """Return a constant expression as a ball at the present precision.

    Parameters
    ----------
    expression : sympy.Expr
    numbers : mapping of Symbol to exact number or ball
        Of its free symbols.

    Examples
    --------
    >>> constant_ball(SUBJECT.r + 1, {SUBJECT.r: 2})
    3.00000000000000
    """
    names = sorted(expression.free_symbols, key=str)
    value: arb = compiled(expression, names, target="ball")(
        *[found_in(numbers, name, "value of") for name in names]
    )
    return value


@answer.register
def of_state_entropy(problem: StateEntropy, numbers: Numbers, digits: int | None) -> Answer:
    symbols_used = (problem.density.free_symbols | problem.scale.free_symbols) - {SUBJECT.t}
    given = {symbol: numbers[symbol.name] for symbol in symbols_used}
    if oo in given.values() or given.get(SUBJECT.sw2) == 0:
        return Answer("exact", {problem.name: 0.0 if digits is None else "0"}, {problem.name: 0.0})
    if digits is None:
        value, error = state_entropy(problem, given)
        return Answer("numeric", {problem.name: value}, {problem.name: error})
    return _enclosed(lambda: {problem.name: state_entropy_ball(problem, given)}, digits)


@answer.register
def of_depth_law(problem: DepthLaw, numbers: Numbers, digits: int | None) -> Answer:
    return _enclosed(
        lambda: {
            "value": constant_ball(problem.prefactor, {}) * state_entropy_ball(problem.area, {})
        },
        digits,
    )


# --- random networks
# --------------------------------------------------------------------------------------------------


@answer.register
def of_random_network(problem: RandomNetwork, numbers: Numbers, digits: int | None) -> Answer:
    if numbers["sw2"] == 0 or numbers["c0"] == 1:
        return Answer(
            "exact",
            {"bits": [0.0 if digits is None else "0"] * problem.depth},
            {"bits": [0.0] * problem.depth},
        )
    if not problem.closed:
        averaged = "averaged in double precision (about 8 digits are right)"
        refuse_digits(digits, f"the kernel of {problem.activation.name}", averaged)
    if digits is not None:
        return _listed(
            "bits", _enclosed(lambda: _layer_balls(problem, numbers), digits, problem.depth)
        )
    values, errors = layer_bits(problem, numbers)
    return Answer("numeric", {"bits": values.tolist()}, {"bits": errors.tolist()})


def _layer_balls(problem: RandomNetwork, numbers: Numbers) -> dict[str, arb]:
    """The bits of every layer at the present precision."""
    ratios = profile_ratios(problem, numbers)
    return {
        str(i): state_entropy_ball(problem.profile, {SUBJECT.r: r}) for i, r in enumerate(ratios)
    }


MOST_WORK = 22_500
"""Integrals times the square of the digits: some seconds."""


def _enclosed(
    compute: Callable[[], Mapping[str, arb]], digits: int | None, integrals: int = 1
) -> Answer:
    """An enclosed answer with errors of three digits, rounded up: the nodes that flint keeps from
    earlier integrals move a radius far below that.
    """
    most = math.isqrt(MOST_WORK // max(integrals, 1))
    if digits is not None and digits > most:
        raise ValueError(
            f"{digits} digits of {integrals} integrals take too long: at most {most} are proved"
        )
    found = enclosed_answer(compute, digits, "enclosed")
    return replace(
        found,
        errors={
            name: error if isinstance(error, str) else float(f"{1.01 * error:.2e}")
            for name, error in found.errors.items()
        },
    )


def _listed(name: str, found: Answer) -> Answer:
    """Gather the values of an answer in one list."""
    return replace(
        found,
        values={name: list(found.values.values())},
        errors={name: list(found.errors.values())},
    )


def profile_ratios(problem: RandomNetwork, numbers: Numbers) -> list[arb]:
    """Return r = √(c/(1 - c)) of layers 1 … depth as balls at the present precision; the kernel
    maps must be closed.

    Examples
    --------
    >>> [
    ...     r.str(6, radius=False)
    ...     for r in profile_ratios(RandomNetwork.of("relu", 3), {"sw2": 2, "sb2": 0, "c0": 0})
    ... ]
    ['0', '0.683332', '0.987540']
    """
    c0, sw2, sb2 = (found_in(numbers, name, "value of") for name in ("c0", "sw2", "sb2"))
    state = list(_ball_step(problem.first)(1, 1, c0, sw2, sb2))
    follow = _mean_value_step(problem.recursion, numbers)
    ratio = compiled(problem.ratio(SUBJECT.c), [SUBJECT.c], target="ball")
    ratios: list[arb] = []
    for _ in range(problem.depth):
        correlation = state[2] / state[0]
        if not correlation < 1:
            return [*ratios, *[arb.nan()] * (problem.depth - len(ratios))]
        ratios.append(ratio(correlation))
        state = follow(state)
        state[1] = state[0]
    return ratios


def _ball_step(recursion: Recursion) -> Callable[..., Any]:
    """The kernel maps of two inputs over balls."""
    return compiled(list(recursion.step), PAIR, target="ball")


def _mean_value_step(
    recursion: Recursion, numbers: Numbers
) -> Callable[[Sequence[arb]], list[arb]]:
    """The kernel maps over balls in the mean value form, f(mid) + f'(ball)(ball - mid): an error is
    multiplied by the slope of the map, not by the number of times that its argument stands there.
    """
    step = _ball_step(recursion)
    slopes = compiled(list(recursion.jacobian()), PAIR, target="ball")
    variances = numbers["sw2"], numbers["sb2"]

    def follow(state: Sequence[arb]) -> list[arb]:
        """One layer."""
        middle = [part.mid() for part in state]
        off = [part - centre for part, centre in zip(state, middle, strict=True)]
        here, slope = step(*middle, *variances), slopes(*state, *variances)
        return [
            value + sum((slope[3 * i + j] * off[j] for j in range(3)), start=arb(0))
            for i, value in enumerate(here)
        ]

    return follow


def layer_bits(problem: RandomNetwork, numbers: Numbers) -> tuple[Array, Array]:
    """Return the mean bits per unit of layers 1 … depth and their errors, in double precision.

    Closed kernel maps are iterated in balls, so that correlations near one lose no digits; others
    by quadrature, and the bits carry how far they move when the correlation moves by its
    accumulated error.

    Parameters
    ----------
    problem : RandomNetwork
    numbers : mapping
        ``sw2``, ``sb2`` and ``c0``.

    Examples
    --------
    >>> layer_bits(RandomNetwork.of("relu", 3), {"sw2": 2, "sb2": 0, "c0": 0})[0].round(8).tolist()
    [1.0, 0.83628354, 0.72567835]
    """
    if problem.closed:
        balls = proved(
            lambda: {str(i): ball for i, ball in enumerate(profile_ratios(problem, numbers))},
            FLOAT_DIGITS,
        )
        ratio = SUBJECT.r
        pairs = state_entropies(problem.profile, [{ratio: ball.mid()} for ball in balls.values()])
        return np.array([value for value, _ in pairs]), np.array([error for _, error in pairs])
    correlation = numeric_correlations(problem, numbers)
    slack = QUADRATURE * np.arange(1, problem.depth + 1)
    bits = profile_bits(correlation)
    moved = [
        np.abs(profile_bits(np.clip(correlation + sign * slack, 0, 1)) - bits) for sign in (1, -1)
    ]
    return bits, np.maximum(*moved)


def numeric_correlations(problem: RandomNetwork, numbers: Numbers) -> Array:
    """The correlations of layers 1 … depth where the kernel is averaged by quadrature."""
    sw2, sb2, c0 = (float(numbers[name]) for name in ("sw2", "sb2", "c0"))
    start = {WIDE.Kaa: sw2 + sb2, WIDE.Kbb: sw2 + sb2, WIDE.Kab: sb2 + sw2 * c0}
    flow = np.asarray(
        trajectory(
            problem.recursion, start, problem.depth - 1, parameters={WIDE.sw2: sw2, WIDE.sb2: sb2}
        )
    )
    return np.clip(flow[:, 2] / flow[:, 0], 0.0, 1.0)


@checked_arguments
def profile_bits(correlation: ArrayLike) -> Array:
    """Return the mean bits per unit at an array of correlations, in double precision.

    Parameters
    ----------
    correlation : array_like
        c between 0 and 1.

    Examples
    --------
    >>> profile_bits([0.0, 0.5, 1.0]).round(9).tolist()
    [1.0, 0.72134752, 0.0]
    """
    profile, ratio = neuron_profile(), compiled(RandomNetwork.ratio(SUBJECT.c), [SUBJECT.c])
    c = np.atleast_1d(np.asarray(correlation, dtype=float))
    return np.array(
        [0.0 if x == 1 else state_entropy(profile, {SUBJECT.r: float(ratio(x))})[0] for x in c]
    )


@checked_arguments
def mixture_probabilities(
    weights: ArrayLike,
    biases: ArrayLike,
    means: ArrayLike,
    covariances: ArrayLike,
    shares: ArrayLike,
) -> Array:
    """Return the share of Gaussian-mixture data on which each unit of a first layer is on, for
    given weights.

    Over a class of mean μ and covariance S the pre-activation is Gaussian with mean w·μ + b and
    variance w·S w.

    Parameters
    ----------
    weights : array_like, shape (units, d)
    biases : array_like, shape (units,)
    means : array_like, shape (classes, d)
    covariances : array_like, shape (classes, d, d)
    shares : array_like, shape (classes,)
        Add up to one.

    Raises
    ------
    ValueError
        If the shares are no probabilities or a unit has no variance over a class.

    Examples
    --------
    >>> mixture_probabilities(
    ...     [[1.0]], [0.0], [[-1.0], [1.0]], [[[1.0]], [[1.0]]], [0.5, 0.5]
    ... ).round(9).tolist()
    [0.5]
    """
    w, share = np.asarray(weights, dtype=float), np.asarray(shares, dtype=float)
    if np.ndim(biases) != 1:
        raise ValueError("there is one bias for each unit")
    if np.any(share < 0) or abs(float(share.sum()) - 1) > 1e-9:
        raise ValueError("the shares of the classes are not negative and add up to one")
    mean = w @ np.asarray(means, dtype=float).T + np.asarray(biases, dtype=float)[:, None]
    variance = np.einsum("ui,kij,uj->uk", w, np.asarray(covariances, dtype=float), w)
    if not np.all(variance > 0):
        raise ValueError("a unit has no variance over a class: its state there is not Gaussian")
    on = compiled(
        on_probability(SUBJECT["mean"].symbol, SUBJECT.variance),
        [SUBJECT["mean"].symbol, SUBJECT.variance],
    )
    return np.asarray(on(mean, variance) @ share)
