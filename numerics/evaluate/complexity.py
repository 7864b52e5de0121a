"""Complexity and effective dimension evaluated: averages of state entropies in ball arithmetic, spectra by certified or Gaussian quadrature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from flint import acb, arb
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtr, xlog1py, xlogy
from sympy import Expr, Symbol, exp, oo

from numerics.compile import compiled, register_lowering
from numerics.evaluate.balls import FLOAT_DIGITS, proved, shown
from numerics.evaluate.core import Answer, answer
from numerics.quadrature import line_average
from numerics.solve import trajectory
from theory.complexity import SUBJECT, BinaryEntropy, DepthLaw, RandomNetwork, StateEntropy
from theory.effective_dimension import LayerSpectrum, SphereKernel
from theory.symbols import symbols

__all__ = ["binary_entropy", "layer_bits", "profile_bits", "sphere_dimension", "sphere_weights", "state_entropy"]

Array = NDArray[np.float64]
Numbers = Mapping[str, Any]
WIDE = symbols("field-theory")
MOST_DEGREES = 4096
QUADRATURE = 1e-9  # relative error of the kernel of one layer where it is averaged numerically


def binary_entropy(p: ArrayLike) -> Array:
    """Return the entropy in bits of a state that is on with probability p, without a small number in the logarithm.

    Parameters
    ----------
    p : array_like
        Probabilities between 0 and 1.

    Examples
    --------
    >>> binary_entropy([0.0, 0.2, 0.5, 1.0]).round(10).tolist()
    [0.0, 0.7219280949, 1.0, 0.0]
    """
    share = np.asarray(p, dtype=float)
    return np.asarray(-(xlogy(share, share) + xlog1py(1 - share, -share)) / np.log(2) + 0.0)


def _ball_entropy(p: arb) -> arb:
    """The same of a ball; at its ends by the bound H2(p) <= 2 √(p(1 - p))."""
    if p == 0 or p == 1:
        return arb(0)
    if p > 0 and p < 1:
        return -(p * p.log() + (1 - p) * (1 - p).log()) / arb(2).log()
    reach = 2 * (p * (1 - p)).abs_upper().sqrt()
    return arb(0).union(reach)


def _lower_entropy(node: BinaryEntropy, target: str, digits: int | None) -> tuple[Callable[..., Any], Sequence[Expr]]:
    """How the compiler evaluates a binary entropy."""
    if target == "numpy":
        return binary_entropy, node.args
    if target == "ball":
        return _ball_entropy, node.args
    rewritten = compiled(-(P * _log(P) + (1 - P) * _log(1 - P)) / _log(2), [P], target=target, digits=digits)
    return (lambda p: p * 0 if p in (0, 1) else rewritten(p)), node.args


P = Symbol("p", positive=True)


def _log(argument: Any) -> Expr:
    """The natural logarithm of an expression."""
    from sympy import log

    return log(argument)


register_lowering(BinaryEntropy, _lower_entropy)


# --- averages of H2(Φ(scale t)) -----------------------------------------------------------------------------------------------------------------------


def state_entropy(problem: StateEntropy, numbers: Mapping[Symbol, Any]) -> arb:
    """Return a mean complexity as a ball at the present precision.

    The integrand is analytic around the real line; beyond |t| = T its integral is at most the one of H2(Φ(u)) <= √2 exp(-u²/4), as the density is at most one.

    Parameters
    ----------
    problem : StateEntropy
    numbers : mapping of Symbol to exact number or ball

    Examples
    --------
    >>> from theory.complexity import neuron_profile
    >>> state_entropy(neuron_profile(), {SUBJECT.r: 1}).str(10, radius=False)
    '0.7213475204'
    """
    names = sorted(problem.density.free_symbols | problem.scale.free_symbols, key=str)
    given = {symbol: numbers[symbol] for symbol in names if symbol != SUBJECT.t}
    scale = _constant(problem.scale, given)
    if scale == 0:
        return arb(1)
    density = _AnalyticFunction(problem.density, given)
    return _entropy_integral(density, scale)


def _entropy_integral(density: Callable[[acb, bool], acb], scale: arb) -> arb:
    """Integrate density times H2(Φ(scale t)) over the line; the second factor is even, and so is the density."""
    from flint import ctx

    aim = arb(2) ** (-ctx.prec)
    reach = 2 * (arb(ctx.prec + 8) * arb(2).log()).sqrt() / scale
    root_half = (arb(1) / 2).sqrt()

    def integrand(t: acb, analytic: bool) -> acb:
        u = scale * root_half * t
        on, off = (-u).erfc() / 2, u.erfc() / 2
        bits = -(on * on.log(analytic=analytic) + off * off.log(analytic=analytic))
        return density(t, analytic) * bits

    inner = acb.integral(integrand, -reach, reach, rel_tol=aim, abs_tol=aim, eval_limit=200_000).real / arb(2).log()
    rest = arb(8).sqrt() * arb.pi().sqrt() * (scale * reach / 2).erfc() / scale
    return inner + arb(0, rest.abs_upper())


class _AnalyticFunction:
    """A density of t in complex balls, not finite where a root or a power is not analytic and should be."""

    def __init__(self, expression: Expr, given: Mapping[Symbol, Any]) -> None:
        self.expression, self.given = expression, given
        self.constants: dict[Expr, acb] = {}

    def __call__(self, t: acb, analytic: bool) -> acb:
        return self._at(self.expression, t, analytic)

    def _at(self, node: Expr, t: acb, analytic: bool) -> acb:
        """Evaluate one node."""
        if not node.has(SUBJECT.t):
            if node not in self.constants:
                self.constants[node] = acb(_constant(node, self.given))
            return self.constants[node]
        if node == SUBJECT.t:
            return t
        if isinstance(node, exp):
            return self._at(node.args[0], t, analytic).exp()
        if node.is_Pow:
            base = self._at(node.base, t, analytic)
            if node.exp.is_Integer:
                return base ** int(node.exp)
            return (self._at(node.exp, t, analytic) * base.log(analytic=analytic)).exp()
        parts = [self._at(part, t, analytic) for part in node.args]
        total = parts[0]
        for part in parts[1:]:
            total = total + part if node.is_Add else total * part
        return total


def _constant(expression: Expr, given: Mapping[Symbol, Any]) -> arb:
    """A constant expression as a ball."""
    names = sorted(expression.free_symbols, key=str)
    value: arb = compiled(expression, names, target="ball")(*[given[name] for name in names])
    return value


def _by_name(expression: Expr, numbers: Numbers) -> dict[Symbol, Any]:
    """The numbers of the symbols of an expression."""
    return {symbol: numbers[symbol.name] for symbol in expression.free_symbols if symbol.name in numbers}


@answer.register
def _(problem: StateEntropy, numbers: Numbers, digits: int | None) -> Answer:
    given = _by_name(problem.density, numbers) | _by_name(problem.scale, numbers)
    if any(value == oo for value in given.values()) or _never_switches(problem, given):
        return _listed_answer({problem.name: [arb(0)]}, digits, "exact", single=True)
    return _enclosed({problem.name: lambda: [state_entropy(problem, given)]}, digits, single=True)


def _never_switches(problem: StateEntropy, given: Mapping[Symbol, Any]) -> bool:
    """Whether the mean is infinitely many deviations away from the threshold (no weights), or there is no pre-activation at all."""
    weights = SUBJECT.sw2
    return weights in given and given[weights] == 0


@answer.register
def _(problem: DepthLaw, numbers: Numbers, digits: int | None) -> Answer:
    return _enclosed({"value": lambda: [_constant(problem.prefactor, {}) * state_entropy(problem.area, {})]}, digits, single=True)


def _enclosed(compute: Mapping[str, Callable[[], list[arb]]], digits: int | None, single: bool = False) -> Answer:
    """Answer with lists of balls proved to the digits."""

    def flat() -> dict[str, arb]:
        return {f"{name}[{i}]": ball for name, values in compute.items() for i, ball in enumerate(values())}

    balls = proved(flat, FLOAT_DIGITS if digits is None else digits)
    lists: dict[str, list[arb]] = {}
    for key, ball in balls.items():
        lists.setdefault(key.rsplit("[", 1)[0], []).append(ball)
    return _listed_answer(lists, digits, "enclosed", single)


def _listed_answer(lists: Mapping[str, Sequence[arb]], digits: int | None, status: str, single: bool = False) -> Answer:
    """An answer of lists, or of single values."""
    values: dict[str, Any] = {name: [shown(ball, digits) for ball in balls] for name, balls in lists.items()}
    errors: dict[str, Any] = {name: [float(ball.rad()) for ball in balls] for name, balls in lists.items()}
    if single:
        values, errors = ({name: entries[0] for name, entries in table.items()} for table in (values, errors))
    return Answer(status, values, errors)


# --- random networks ----------------------------------------------------------------------------------------------------------------------------------


@answer.register
def _(problem: RandomNetwork, numbers: Numbers, digits: int | None) -> Answer:
    if numbers["sw2"] == 0 or numbers["c0"] == 1:
        return _listed_answer({"bits": [arb(0)] * problem.depth}, digits, "exact")
    if problem.closed:
        return _enclosed({"bits": lambda: layer_bits(problem, numbers)}, digits)
    if digits is not None:
        raise ValueError(f"no digits can be proved for {problem.activation.name}, whose kernel is averaged numerically: leave digits away (about 8 are right)")
    values, errors = numeric_bits(problem, numbers)
    return Answer("numeric", {"bits": values.tolist()}, {"bits": errors.tolist()})


def layer_bits(problem: RandomNetwork, numbers: Numbers) -> list[arb]:
    """Return the mean bits per unit of layers 1 … depth as balls at the present precision.

    Parameters
    ----------
    problem : RandomNetwork
        With closed kernel maps.
    numbers : mapping
        ``sw2``, ``sb2`` and ``c0``.

    Examples
    --------
    >>> [bits.str(8, radius=False) for bits in layer_bits(RandomNetwork.of("relu", 3), {"sw2": 2, "sb2": 0, "c0": 0})]
    ['1.0000000', '0.83628354', '0.72567835']
    """
    state = list(_ball_step(problem.first)(1, 1, numbers["c0"], numbers["sw2"], numbers["sb2"]))
    step, bits = _ball_step(problem.recursion), []
    for _ in range(problem.depth):
        bits.append(profile_ball(problem.profile, state[2] / state[0]))
        state = list(step(*state, numbers["sw2"], numbers["sb2"]))
        state[1] = state[0]
    return bits


def _ball_step(recursion: Any) -> Callable[..., Any]:
    """The kernel maps of two inputs over balls."""
    return compiled(list(recursion.step), [WIDE.Kaa, WIDE.Kbb, WIDE.Kab, WIDE.sw2, WIDE.sb2], target="ball")


def profile_ball(profile: StateEntropy, correlation: arb) -> arb:
    """The mean complexity at a correlation."""
    if correlation == 0:
        return state_entropy(profile, {SUBJECT.r: arb(0)})
    if not (correlation > 0 and correlation < 1):
        return arb.nan()
    return state_entropy(profile, {SUBJECT.r: (correlation / (1 - correlation)).sqrt()})


def numeric_bits(problem: RandomNetwork, numbers: Numbers) -> tuple[Array, Array]:
    """Mean bits per unit by numerical quadrature, and how far they move when the correlation moves by its accumulated error."""
    sw2, sb2, c0 = (float(numbers[name]) for name in ("sw2", "sb2", "c0"))
    fixed = {WIDE.sw2: sw2, WIDE.sb2: sb2}
    length = sw2 + sb2
    start = {WIDE.Kaa: length, WIDE.Kbb: length, WIDE.Kab: sb2 + sw2 * c0}
    flow = np.asarray(trajectory(problem.recursion, start, problem.depth - 1, parameters=fixed))
    correlation = np.clip(flow[:, 2] / flow[:, 0], 0.0, 1.0)
    slack = QUADRATURE * np.arange(1, problem.depth + 1)
    bits = profile_bits(correlation)
    moved = [np.abs(profile_bits(np.clip(correlation + sign * slack, 0, 1)) - bits) for sign in (1, -1)]
    return bits, np.maximum(*moved)


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
    c = np.atleast_1d(np.asarray(correlation, dtype=float))
    bits = np.zeros(c.shape)
    inside = c < 1
    variance = c[inside] / (1 - c[inside])
    bits[inside] = line_average(lambda u: binary_entropy(ndtr(-np.abs(u))), variance, kinks=(0.0,)).value
    return bits


# --- spectra ------------------------------------------------------------------------------------------------------------------------------------------


@answer.register
def _(problem: LayerSpectrum, numbers: Numbers, digits: int | None) -> Answer:
    ratio = numbers["ratio"]
    compute = {"fraction": lambda: [layer_fraction(problem, ratio)], "participation": lambda: [_constant(problem.participation, {SUBJECT.ratio: ratio})]}
    return _enclosed(compute, digits, single=True)


def layer_fraction(problem: LayerSpectrum, ratio: Any) -> arb:
    """Effective dimension per unit of one random layer: exp(-⟨λ ln λ⟩) with the eigenvalue in units of its mean.

    With x = 1 + y + 2 √y cos(angle) the density of the angle is 2 sin²(angle)/(π x); at y = 1 its zero at π cancels that of x.
    """
    from flint import ctx

    y, aim = _constant(SUBJECT.ratio, {SUBJECT.ratio: ratio}), arb(2) ** (-ctx.prec)
    slope, floor = (_constant(part / problem.mean, {}) for part in (problem.slope2, problem.floor))
    root = y.sqrt()

    def integrand(angle: acb, analytic: bool) -> acb:
        x = 1 + y + 2 * root * angle.cos()
        value = slope * x + floor
        weight = 1 - angle.cos() if ratio == 1 else 2 * angle.sin() ** 2 / x
        return weight * value * value.log(analytic=analytic)

    inner = acb.integral(integrand, 0, arb.pi(), rel_tol=aim, abs_tol=aim).real / arb.pi()
    zeros = (1 - 1 / y) * floor * floor.log() if ratio > 1 else arb(0)
    return (-(inner + zeros)).exp()


@answer.register
def _(problem: SphereKernel, numbers: Numbers, digits: int | None) -> Answer:
    if digits is not None:
        raise ValueError("no digits can be proved for a spectrum on the sphere, which is summed in double precision: leave digits away")
    value, error = sphere_dimension(problem, int(numbers["d"]))
    return Answer("numeric", {"effective_dimension": value}, {"effective_dimension": error})


def sphere_weights(problem: SphereKernel, dimension: int, degrees: int) -> Array:
    """Return the weights a_k of a kernel on the sphere, k = 0 … degrees: Gauss-Legendre quadrature in the angle, where the kernel is smooth.

    Parameters
    ----------
    problem : SphereKernel
    dimension : int
        d >= 2.
    degrees : int
        Largest k.

    Examples
    --------
    >>> from theory.effective_dimension import sphere_kernel
    >>> sphere_weights(sphere_kernel(1), 3, 2).round(9).tolist()
    [0.375, 0.5, 0.1171875]
    """
    nodes, weights = np.polynomial.legendre.leggauss(degrees + 512)
    angle = np.pi / 2 * (nodes + 1)
    kernel = t = np.cos(angle)
    step = compiled(problem.map, [SUBJECT.c])
    for _ in range(problem.depth):
        kernel = step(kernel)
    measure = weights * np.exp((dimension - 2) * np.log(np.sin(angle)))
    measure /= measure.sum()
    return _projections(kernel * measure, t, dimension, degrees) * np.exp(log_multiplicity(dimension, np.arange(degrees + 1)))


def _projections(weighted: Array, t: Array, dimension: int, degrees: int) -> Array:
    """Sums against the Gegenbauer polynomials that are one at t = 1, by their recurrence."""
    before, polynomial = np.ones_like(t), t.copy()
    found = [float(weighted.sum()), float(weighted @ t)]
    for k in range(1, degrees):
        before, polynomial = polynomial, ((2 * k + dimension - 2) * t * polynomial - k * before) / (k + dimension - 2)
        found.append(float(weighted @ polynomial))
    return np.array(found[: degrees + 1])


def log_multiplicity(dimension: int, degree: NDArray[Any]) -> Array:
    """Logarithm of the number of harmonics of each degree."""
    k = np.asarray(degree, dtype=float)
    if dimension == 2:
        return np.where(k == 0, 0.0, np.log(2.0))
    safe = np.maximum(k, 1)
    found = np.log(2 * safe + dimension - 2) + gammaln(safe + dimension - 2) - gammaln(safe + 1) - gammaln(dimension - 1)
    return np.where(k == 0, 0.0, found)


def sphere_dimension(problem: SphereKernel, dimension: int) -> tuple[float, float]:
    """Return the effective dimension of centred features on the sphere, and a bound on what the degrees left out change.

    The weights add up to one, so the mass that is missing after the last degree is known; it is spread like the last degrees (a power of k), and the whole of its
    contribution counts as error.

    Examples
    --------
    >>> from theory.effective_dimension import sphere_kernel
    >>> round(sphere_dimension(sphere_kernel(1), 3)[0], 5)
    5.85959
    """
    degrees = 256
    while True:
        value, error = _truncated_dimension(problem, dimension, degrees)
        if error < 1e-9 * value or degrees >= MOST_DEGREES:
            return value, error
        degrees *= 2


def _truncated_dimension(problem: SphereKernel, dimension: int, degrees: int) -> tuple[float, float]:
    """Sum the entropy up to a degree; the rest as one lump on the harmonics of twice that degree."""
    weights = np.maximum(sphere_weights(problem, dimension, degrees), 0.0)
    missing = max(1 - float(weights.sum()), 0.0)
    mass, count = np.append(weights[1:], missing), log_multiplicity(dimension, np.append(np.arange(1, degrees + 1), 2 * degrees))
    share = mass / mass.sum()
    terms = share * count - xlogy(share, share)
    value = float(np.exp(terms.sum()))
    return value, float(value * abs(terms[-1])) + 1e-12 * value
