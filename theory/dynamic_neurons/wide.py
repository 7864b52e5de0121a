r"""Wide layers of binary neurons: exact transfer matrices at finite width, the map at infinite
width, and its transition.

N binary neurons (N odd) read each other through N x N binary weights of mean g/sqrt(N). Given n
neurons up, every neuron of the next layer is up with one probability p(n), independently, so that
n' is binomial: the transfer matrix has N + 1 states instead of 2^N. At N = oo the mean obeys m' =
⟨sign(g m + z)⟩, which has a transition at a critical gain. For two data and weights of mean zero
the number d of neurons that differ is the state; it is absorbed at 0 and N.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise, product
from math import comb
from typing import Any

from sympy import (
    Add,
    Expr,
    Integer,
    Interval,
    Matrix,
    Mul,
    Rational,
    Symbol,
    diff,
    erf,
    oo,
    pi,
    sign,
    solve,
    sqrt,
)

from neurenorm.graphs.arguments import whole_number
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.gaussian.expectation import expectation, gaussian_variables
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, tex

__all__ = [
    "CriticalScaling",
    "WideBinary",
    "binomial_column",
    "critical_gain",
    "critical_scaling",
    "overlap_matrix",
    "overlap_recursion",
    "smeared_wide_recursion",
    "smeared_wide_susceptibility",
    "transition_amplitude",
    "up_probability",
    "wide_binary",
    "wide_recursion",
]

SYMBOLS = symbols("dynamic-neurons")
G, M, C, Q, P = SYMBOLS.g, SYMBOLS.m, SYMBOLS.c, SYMBOLS.q, SYMBOLS.p
ALPHA, SW2, SB2 = SYMBOLS.alpha, SYMBOLS.sw2, SYMBOLS.sb2
MOST_SHOWN = 5
U, TAU = Symbol("u", real=True), Symbol("tau", real=True)


def up_probability(width: int, up: int, mean: Any) -> Any:
    """Return the probability that a neuron goes up, given how many of its inputs are up, over any
    ring that holds the mean weight.

    A product W h is +1 with probability (1 + mean h)/2; the neuron goes up if more than half of the
    products are +1.

    Parameters
    ----------
    width, up : int
        Odd number of inputs, and how many of them are up.
    mean : number
        Mean of a weight, between -1 and 1: exact, a float or a ball.

    Examples
    --------
    >>> up_probability(3, 3, Rational(1, 2))
    27/32
    """
    _odd(width)
    if not isinstance(up, int) or not 0 <= up <= width:
        raise ValueError(f"between 0 and {width} of the inputs are up, got {up!r}")
    if not getattr(mean, "free_symbols", None) and abs(mean) > 1:
        raise ValueError(f"weights ±1 have a mean between -1 and 1, got {mean}")
    for_up, against = (
        binomial_column(up, (1 + mean) / 2),
        binomial_column(width - up, (1 - mean) / 2),
    )
    at_least = list(accumulate(reversed(against)))[
        ::-1
    ]  # the chance of at least so many products among the inputs that are down
    needed = ((width // 2 + 1 - n, chance) for n, chance in enumerate(for_up))
    return sum(
        (chance * at_least[max(rest, 0)] for rest, chance in needed if rest <= width - up), mean * 0
    )


def binomial_column(width: int, chance: Any) -> list[Any]:
    """Return the binomial law of the number of neurons up, over any ring.

    Examples
    --------
    >>> binomial_column(2, Rational(1, 4))
    [9/16, 3/8, 1/16]
    """
    return [comb(width, n) * chance**n * (1 - chance) ** (width - n) for n in range(width + 1)]


@dataclass(frozen=True)
class WideBinary(Typeset):
    """A wide binary layer as a stated problem: its second eigenvalue at finite width, or its stable
    fixed point at infinite width.

    Parameters
    ----------
    width : int or oo
        Odd number of neurons N.

    Examples
    --------
    >>> WideBinary(oo).recursion.step
    (erf(sqrt(2)*g*m/2),)
    """

    width: Any

    def __post_init__(self) -> None:
        if self.width != oo:
            _odd(self.width)

    def kernel(self, mean: Any) -> list[list[Any]]:
        """Return the transfer matrix with entry [n'][n], at a mean weight in any ring."""
        columns = [
            binomial_column(self.width, up_probability(self.width, n, mean))
            for n in range(self.width + 1)
        ]
        return [list(row) for row in zip(*columns, strict=True)]

    def increments(self, mean: Any) -> list[list[Any]]:
        """Return the matrix by which the increments f(n + 1) - f(n) of functions with f(N - n) =
        -f(n) change in one layer, at a mean weight in any ring.

        With f(n) = f(0) + sum_j d_j [n > j], a layer gives d'_n = sum_j (Pr(n' > j | n + 1) - Pr(n'
        > j | n)) d_j. For a mean above zero more neurons up make more neurons up likely, so no
        entry is negative: the largest eigenvalue has positive increments, and it is the second one
        of the layer. Its function is odd, because reversing all neurons of a layer and of the next
        one is a symmetry.
        """
        columns = [
            binomial_column(self.width, up_probability(self.width, n, mean))
            for n in range(self.width // 2 + 2)
        ]
        tails = [list(accumulate(reversed(column[1:])))[::-1] for column in columns]
        rows = [[b - a for a, b in zip(low, high, strict=True)] for low, high in pairwise(tails)]
        middle = self.width // 2
        return [
            [row[j] + row[self.width - 1 - j] for j in range(middle)] + [row[middle]]
            for row in rows
        ]

    @cached_property
    def recursion(self) -> Recursion:
        """The map of the mean at infinite width."""
        return wide_recursion()

    @property
    def derivation(self) -> Derivation:
        """At infinite width the map, its slope and where that is one; at small width the chance to
        go up.
        """
        if self.width == oo:
            return self._critical_steps()
        if self.width > MOST_SHOWN:
            return Derivation("")
        mean = Symbol("w", real=True)
        steps = (
            Step(
                f"majority of the products, {n} of the inputs up",
                _majority(self.width, n, mean),
                up_probability(self.width, n, mean),
                f"p_{n}",
                {mean: Interval(-1, 1)},
            )
            for n in range(self.width + 1)
        )
        return Derivation("chance to go up", tuple(steps))

    def _critical_steps(self) -> Derivation:
        """The mean of a sign, its slope at zero, and the gain at which the slope is one."""
        (step,) = self.recursion.step
        chances = [(1 + s * erf(G * M / sqrt(2))) / 2 for s in (1, -1)]
        slope = step.diff(M)
        unit = slope.subs(M, 0).subs(G, critical_gain())
        return Derivation(
            "map of the mean and its transition",
            (
                Step(
                    "chance that the sum is positive less that it is negative",
                    chances[0] - chances[1],
                    step,
                    "m'",
                ),
                Step(
                    "slope at zero", slope.subs(M, 0), G * sqrt(2 / pi), r"\partial m' / \partial m"
                ),
                Step(
                    "the slope is one at the critical gain",
                    unit,
                    Integer(1),
                    r"\partial m' / \partial m",
                ),
            ),
        )

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the matrix, or the map and its critical gain."""
        if self.width == oo:
            shown = dict(names or {})
            return rf"m' = {tex(self.recursion.step[0], shown)},\qquad g_c = {tex(critical_gain())}"
        return (
            rf"T_{{n'n}} = \binom{{{self.width}}}{{n'}} p_n^{{n'}} (1 - p_n)^{{{self.width} - "
            rf"n'}},\qquad "
            r"p_n = \Pr\Big(\sum_j W_j h_j > 0\Big),\quad \langle W \rangle = "
            rf"g/\sqrt{{{self.width}}}"
        )


def _majority(width: int, up: int, mean: Expr) -> Expr:
    """The chance of a majority of positive products, summed over all signs of the products."""
    chances = [(1 + mean) / 2] * up + [(1 - mean) / 2] * (width - up)
    signs = (s for s in product((1, 0), repeat=width) if 2 * sum(s) > width)
    return Add(
        *[Mul(*[c if s else 1 - c for s, c in zip(row, chances, strict=True)]) for row in signs]
    )


def _odd(width: Any) -> None:
    """Refuse widths with which a sum can vanish."""
    if not isinstance(width, int) or isinstance(width, bool) or width < 1 or width % 2 == 0:
        raise ValueError(
            "the width N must be an odd positive integer (with an even one a sum of ±1 can "
            f"vanish), got {width!r}"
        )


def wide_binary(N: Any = oo) -> WideBinary:
    """Return the problem for a width.

    Examples
    --------
    >>> wide_binary(11).width
    11
    """
    return WideBinary(N if oo == expression_of(N) else whole_number(N, "an odd width N", 1))


def wide_recursion() -> Recursion:
    """Derive the map of the mean at infinite width: the sum of the inputs is g m plus a Gaussian of
    variance one.

    Examples
    --------
    >>> wide_recursion().step
    (erf(sqrt(2)*g*m/2),)
    """
    (z,) = gaussian_variables(1)
    return Recursion((M,), (expectation(sign(z + G * M), [z], [[1]]),), 2)


def critical_gain() -> Expr:
    """Return the gain at which m = 0 becomes unstable.

    Examples
    --------
    >>> critical_gain()
    sqrt(2)*sqrt(pi)/2
    """
    slope = wide_recursion().step[0].diff(M).subs(M, 0)
    return solve(slope - 1, G)[0]


def transition_amplitude() -> Expr:
    """Return the limit of m²/(g/g_c - 1) as g comes down to g_c: from the cubic term of the map.

    Examples
    --------
    >>> transition_amplitude()
    12/pi
    """
    step, gain = wide_recursion().step[0], critical_gain()
    slope, cubic = step.diff(M).subs(M, 0), step.diff(M, 3).subs({M: 0, G: gain}) / 6
    return -(slope.diff(G) * gain) / cubic


@dataclass(frozen=True)
class CriticalScaling(Typeset):
    """How a wide layer moves near the transition: with u = N^(1/4) m, time s = l/sqrt(N) and g =
    g_c (1 + tau/sqrt(N)),

        du = drift(u, tau) ds + sqrt(noise) dB.

    Correlation lengths are sqrt(N) over the rates of this diffusion: one function of tau for all
    large widths.

    Parameters
    ----------
    drift : Expr
        In u and tau.
    noise : Expr
        Variance per unit of s.
    """

    drift: Expr
    noise: Expr

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the stochastic equation and what is scaled."""
        shown = {TAU: r"\tau", **(names or {})}
        law = (
            rf"du = \left({tex(self.drift, shown)}\right) ds + \sqrt{{{tex(self.noise, shown)}}}\, "
            r"dB"
        )
        return law + r",\qquad u = N^{1/4} m,\quad s = l/\sqrt N,\quad g = g_c (1 + \tau/\sqrt N)"


def critical_scaling() -> CriticalScaling:
    """Derive the diffusion near the transition: slope and cubic term of the map at infinite width,
    and the variance of a binomial mean around zero.

    Examples
    --------
    >>> critical_scaling().drift, critical_scaling().noise
    (tau*u - pi*u**3/12, 1)
    """
    step, gain = wide_recursion().step[0], critical_gain()
    slope = (
        step.diff(M).subs(M, 0).subs(G, gain * (1 + TAU)) - 1
    ).expand()  # per layer, at tau/sqrt(N) in the place of tau
    cubic = step.diff(M, 3).subs({M: 0, G: gain}) / 6
    chance = Symbol("p", positive=True)
    spread = (2**2 * chance * (1 - chance)).subs(
        chance, Rational(1, 2)
    )  # N times the variance of m' = 2 n'/N - 1
    return CriticalScaling(slope * U + cubic * U**3, spread)


def overlap_matrix(width: int) -> Matrix:
    """Return the exact transfer matrix of the number of neurons in which two data differ, for
    weights ±1 of mean zero.

    The sums over the N - d inputs that agree (A) and the d that differ (B) give two neurons sign(A
    + B) and sign(A - B), which agree if |A| > |B|.

    Examples
    --------
    >>> overlap_matrix(1)
    Matrix([
    [1, 0],
    [0, 1]])
    """
    _odd(width)
    columns = [binomial_column(width, 1 - _agreement(width, d)) for d in range(width + 1)]
    return Matrix(columns).T


def _agreement(width: int, d: int) -> Rational:
    """The probability that |A| > |B| for sums of width - d and of d signs."""
    walks = [{2 * k - n: Rational(comb(n, k), 2**n) for k in range(n + 1)} for n in (width - d, d)]
    return sum(
        (p * q for a, p in walks[0].items() for b, q in walks[1].items() if abs(a) > abs(b)),
        Integer(0),
    )


def overlap_recursion() -> Recursion:
    """Derive the map of the correlation of two data at infinite width.

    Examples
    --------
    >>> overlap_recursion().step, overlap_recursion().step[0].diff(C).subs(C, 0)
    ((2*asin(c)/pi,), 2/pi)
    """
    first, second = gaussian_variables(2)
    return Recursion(
        (C,), (expectation(sign(first) * sign(second), (first, second), [[1, C], [C, 1]]),), 2
    )


@exact_arguments
def smeared_wide_recursion(
    source: str | Expr | Activation = "erf", stiffness: Expr = ALPHA
) -> Recursion:
    """Derive the map of the second moments (q, p) of the inputs of a wide layer with softened
    rules: noise 1/(2 alpha) on the diagonal alone.

    Parameters
    ----------
    source : str, Expr or Activation
        Averages without a closed form stay unevaluated.
    stiffness : Expr
        alpha, or oo.

    Examples
    --------
    >>> smeared_wide_recursion().step[1]
    sb2 + 2*sw2*asin(2*p/(2*q + 1))/pi
    """
    phi = activation(source)
    if expression_of(stiffness).is_extended_positive is False:
        raise ValueError(
            f"the stiffness alpha must be positive (oo for sharp rules), got {stiffness}"
        )
    (z,), (a, b) = gaussian_variables(1), gaussian_variables(2)
    own = expectation(phi(z) ** 2, [z], [[Q]]) + 1 / (2 * expression_of(stiffness))
    joint = expectation(phi(a) * phi(b), (a, b), [[Q, P], [P, Q]])
    return Recursion((Q, P), (SB2 + SW2 * own, SB2 + SW2 * joint), 2)


def smeared_wide_susceptibility(source: str | Expr | Activation = "erf") -> Expr:
    """Return chi_1 = sigma_w² ⟨phi'²⟩, the slope by which two equal inputs separate.

    Examples
    --------
    >>> smeared_wide_susceptibility()
    4*sw2/(pi*sqrt(4*q + 1))
    """
    phi = activation(source)
    (z,) = gaussian_variables(1)
    return SW2 * expectation(diff(phi(z), z) ** 2, [z], [[Q]])
