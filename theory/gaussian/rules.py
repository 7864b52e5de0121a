"""Closed forms of Gaussian averages, by four rules and no table of integrals.

A *term* is a monomial times an exponential of a quadratic form, times steps (sign or erf of a
linear form), times Dirac deltas of linear forms:

    z^p exp(b.z - z.A.z/2)  prod_i step_i(w_i.z + s_i)  prod_j delta^(k_j)(n_j.z + m_j),        z ~ N(0, S).

1. A delta conditions the Gaussian on a hyperplane; its derivatives are moved away by <(n.z) G> =
   (Sn).<grad G>.
2. An exponential completes the square: S becomes S (1 + A S)^(-1) and the mean S b.
3. Stein's rule <z_i G> = sum_j S_ij <d_j G> trades a power of z for the derivative of a step, which
   is a Gaussian or a delta.
4. What is left are steps alone: one step with a shift, or two without, where Price's theorem
   d<f>/dS_ij = <d_i d_j f> integrates to an arcsine.

Every rule lowers the number of deltas, powers or steps, so the recursion ends. A term that ends
elsewhere has no closed form here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import comb

from sympy import Expr, Integer, S, asin, cancel, erf, exp, factor, pi, sign, sqrt
from sympy import Matrix as SymbolicMatrix

from neurenorm.theory.algebra.arguments import exact_arguments

__all__ = [
    "NoClosedForm",
    "Spike",
    "Square",
    "Step",
    "Term",
    "Vector",
    "average",
    "gaussian_moment",
]

Vector = tuple[Expr, ...]
Square = tuple[Vector, ...]


class NoClosedForm(Exception):
    """The rules do not reach a closed form of this term; its average stays unevaluated."""


@dataclass(frozen=True)
class Step:
    """A step ``erf(w.z + s)`` (softness 1) or ``sign(w.z + s)`` (softness 0)."""

    softness: int
    weights: Vector
    shift: Expr


@dataclass(frozen=True)
class Spike:
    """The derivative of given order of a Dirac delta of ``w.z + s``."""

    weights: Vector
    shift: Expr
    order: int = 0


@dataclass(frozen=True)
class Term:
    """A monomial times ``exp(linear.z - z.quadratic.z/2)`` times steps and spikes.

    Examples
    --------
    >>> Term.monomial((2, 1)).powers
    (2, 1)
    """

    coefficient: Expr
    powers: tuple[int, ...]
    linear: Vector
    quadratic: Square
    steps: tuple[Step, ...] = ()
    spikes: tuple[Spike, ...] = ()

    @staticmethod
    @exact_arguments
    def monomial(powers: Sequence[int], coefficient: Expr = S.One) -> Term:
        """Return a bare monomial."""
        size = len(powers)
        return Term(coefficient, tuple(powers), (S.Zero,) * size, ((S.Zero,) * size,) * size)

    @exact_arguments
    def scaled(self, scale: Expr) -> Term:
        """Return the term times a number."""
        return replace(self, coefficient=self.coefficient * scale)


def dot(left: Sequence[Expr], right: Sequence[Expr]) -> Expr:
    """Scalar product, in lowest terms."""
    return cancel(sum((a * b for a, b in zip(left, right, strict=True)), start=S.Zero))


def apply(matrix: Square, vector: Sequence[Expr]) -> Vector:
    """Matrix times vector, in lowest terms."""
    return tuple(dot(row, vector) for row in matrix)


@exact_arguments
def average(term: Term, covariance: Square) -> Expr:
    """Return the Gaussian average of a term under a symbolic covariance.

    Parameters
    ----------
    term : Term
        In n variables.
    covariance : n x n nested tuple of sympy.Expr
        Symmetric; may be singular.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    NoClosedForm
        If the rules end in steps that have no elementary average.
    ValueError
        If the average diverges, as that of a squared delta does.

    Examples
    --------
    >>> from sympy import Symbol
    >>> average(Term.monomial((4,)), ((Symbol("K"),),))
    3*K**2
    """
    if term.coefficient == 0:
        return S.Zero
    if term.spikes:
        return _average_spike(term, covariance)
    if any(term.linear) or any(map(any, term.quadratic)):
        return _average_exponential(term, covariance)
    if not term.steps:
        return term.coefficient * gaussian_moment(term.powers, covariance)
    if any(term.powers):
        return sum((average(part, covariance) for part in _stein(term, covariance)), start=S.Zero)
    return term.coefficient * _average_steps(term.steps, covariance)


@exact_arguments
def gaussian_moment(powers: Sequence[int], covariance: Square) -> Expr:
    """Return the average of a monomial: the sum over all pairings of its factors (Isserlis).

    Examples
    --------
    >>> from sympy import symbols
    >>> a, b, c = symbols("a b c")
    >>> gaussian_moment((2, 2), ((a, c), (c, b)))
    a*b + 2*c**2
    """
    if any(len(row) < len(powers) for row in covariance[: len(powers)]) or len(covariance) < len(
        powers
    ):
        raise ValueError("the covariance has a row and a column for each variable")
    if sum(powers) % 2:
        return S.Zero
    first = next((i for i, power in enumerate(powers) if power), None)
    if first is None:
        return S.One
    rest = _lowered(powers, first)
    pairs = ((j, power) for j, power in enumerate(rest) if power)
    return sum(
        (
            power * covariance[first][j] * gaussian_moment(_lowered(rest, j), covariance)
            for j, power in pairs
        ),
        start=S.Zero,
    ).expand()


def _lowered(powers: Sequence[int], index: int) -> tuple[int, ...]:
    """Exponents with one of them lowered by one."""
    return tuple(power - (j == index) for j, power in enumerate(powers))


def _average_spike(term: Term, covariance: Square) -> Expr:
    """Rule 1: lower the order of a delta, or condition on its hyperplane."""
    sharpest = min(range(len(term.spikes)), key=lambda i: (-term.spikes[i].order, i))
    spike, others = term.spikes[sharpest], term.spikes[:sharpest] + term.spikes[sharpest + 1 :]
    gradient = apply(covariance, spike.weights)
    variance = dot(gradient, spike.weights)
    if variance == 0:
        if spike.shift == 0:
            raise ValueError(
                "the average diverges: a Dirac delta is evaluated at its own spike (a squared "
                "delta has no average)"
            )
        return S.Zero
    if spike.order:
        return _lower_order(term, spike, others, gradient, covariance) / variance
    density = exp(-cancel(spike.shift**2 / (2 * variance))) / root(2 * pi * variance)
    mean = tuple(cancel(-spike.shift * g / variance) for g in gradient)
    kept = tuple(
        tuple(cancel(s - g * h / variance) for s, h in zip(row, gradient, strict=True))
        for row, g in zip(covariance, gradient, strict=True)
    )
    moved = shifted(replace(term, spikes=others).scaled(density), mean)
    return sum((average(part, kept) for part in moved), start=S.Zero)


def _lower_order(
    term: Term, spike: Spike, others: tuple[Spike, ...], gradient: Vector, covariance: Square
) -> Expr:
    """Variance times the average: <(n.z) delta^(k-1) G> - <delta^(k-1) (Sn).grad G>."""
    lower = replace(spike, order=spike.order - 1)
    around = replace(term, spikes=others)
    total = S.Zero
    for index, (weight, slope) in enumerate(zip(spike.weights, gradient, strict=True)):
        raised = replace(
            around,
            powers=tuple(p + (j == index) for j, p in enumerate(term.powers)),
            spikes=(*others, lower),
        )
        total += average(raised.scaled(weight), covariance)
        for part in derivative(around, index):
            total -= average(replace(part, spikes=(*part.spikes, lower)).scaled(slope), covariance)
    return total


def _average_exponential(term: Term, covariance: Square) -> Expr:
    """Rule 2: absorb the exponential into the Gaussian."""
    size = len(term.powers)
    mixed = SymbolicMatrix(
        size,
        size,
        lambda i, j: Integer(i == j) + dot(term.quadratic[i], [row[j] for row in covariance]),
    )
    determinant = cancel(mixed.det(method="berkowitz"))
    inverse = mixed.adjugate() / determinant
    columns = [[inverse[k, j] for k in range(size)] for j in range(size)]
    narrowed = tuple(tuple(dot(row, column) for column in columns) for row in covariance)
    mean = apply(narrowed, term.linear)
    weight = exp(cancel(dot(term.linear, mean) / 2)) / root(determinant)
    bare = replace(Term.monomial(term.powers, term.coefficient * weight), steps=term.steps)
    return sum((average(part, narrowed) for part in shifted(bare, mean)), start=S.Zero)


def _stein(term: Term, covariance: Square) -> Iterator[Term]:
    """Rule 3: <z_i G> = sum_j S_ij <d_j G> for the first variable that carries a power."""
    first = next(i for i, power in enumerate(term.powers) if power)
    lowered = replace(term, powers=_lowered(term.powers, first))
    for j, entry in enumerate(covariance[first]):
        for part in derivative(lowered, j):
            yield part.scaled(entry)


def derivative(term: Term, index: int) -> Iterator[Term]:
    """Yield the terms of the derivative with respect to one variable."""
    if term.powers[index]:
        yield replace(term, powers=_lowered(term.powers, index)).scaled(Integer(term.powers[index]))
    if term.linear[index] != 0:
        yield term.scaled(term.linear[index])
    for j, entry in enumerate(term.quadratic[index]):
        if entry != 0:
            yield replace(
                term, powers=tuple(p + (k == j) for k, p in enumerate(term.powers))
            ).scaled(-entry)
    for i, spike in enumerate(term.spikes):
        sharper = replace(spike, order=spike.order + 1)
        yield replace(term, spikes=(*term.spikes[:i], sharper, *term.spikes[i + 1 :])).scaled(
            spike.weights[index]
        )
    for i, step in enumerate(term.steps):
        if step.weights[index] != 0:
            yield _without_step(
                replace(term, steps=term.steps[:i] + term.steps[i + 1 :]), step
            ).scaled(2 * step.weights[index])


def _without_step(term: Term, step: Step) -> Term:
    """Multiply by half the derivative of a step: a delta (sign) or a Gaussian over sqrt(pi)
    (erf).
    """
    if not step.softness:
        return replace(term, spikes=(*term.spikes, Spike(step.weights, step.shift)))
    linear = tuple(b - 2 * step.shift * w for b, w in zip(term.linear, step.weights, strict=True))
    quadratic = tuple(
        tuple(a + 2 * u * w for a, w in zip(row, step.weights, strict=True))
        for row, u in zip(term.quadratic, step.weights, strict=True)
    )
    return replace(term, linear=linear, quadratic=quadratic).scaled(
        exp(-(step.shift**2)) / sqrt(pi)
    )


def shifted(term: Term, mean: Vector) -> Iterator[Term]:
    """Yield the terms of the same function of ``z + mean``."""
    if not any(mean):
        yield term
        return
    bent = apply(term.quadratic, mean)
    linear = tuple(b - c for b, c in zip(term.linear, bent, strict=True))
    weight = exp(dot(term.linear, mean) - dot(bent, mean) / 2)
    steps = tuple(
        replace(step, shift=cancel(step.shift + dot(step.weights, mean))) for step in term.steps
    )
    spikes = tuple(
        replace(spike, shift=cancel(spike.shift + dot(spike.weights, mean)))
        for spike in term.spikes
    )
    moved = replace(term, linear=linear, steps=steps, spikes=spikes).scaled(weight)
    for powers in product(*(range(power + 1) for power in term.powers)):
        binomials = [
            comb(p, k) * m ** (p - k) for p, k, m in zip(term.powers, powers, mean, strict=True)
        ]
        scale = S.One
        for binomial in binomials:
            scale *= binomial
        if scale != 0:
            yield replace(moved, powers=powers).scaled(scale)


def _average_steps(steps: tuple[Step, ...], covariance: Square) -> Expr:
    """Rule 4: the average of a product of steps."""
    fixed, free = S.One, []
    for step in steps:
        if dot(step.weights, apply(covariance, step.weights)) == 0:
            fixed *= erf(step.shift) if step.softness else sign(step.shift)
        else:
            free.append(step)
    return fixed * _average_free_steps(tuple(free), covariance)


def _average_free_steps(steps: tuple[Step, ...], covariance: Square) -> Expr:
    """The same for steps whose argument does vary."""
    if not steps:
        return S.One
    centred = all(step.shift == 0 for step in steps)
    if len(steps) % 2 and centred:
        return S.Zero
    spread = [
        step.softness + 2 * dot(step.weights, apply(covariance, step.weights)) for step in steps
    ]
    if len(steps) == 1:
        return erf(steps[0].shift / root(spread[0]))
    if len(steps) == 2 and centred:
        overlap = dot(steps[0].weights, apply(covariance, steps[1].weights))
        return 2 / pi * asin(2 * overlap / root(spread[0] * spread[1]))
    if len(steps) == 2 and not any(step.softness for step in steps):
        return _parallel_signs(steps[0], steps[1], covariance)
    raise NoClosedForm


def _parallel_signs(left: Step, right: Step, covariance: Square) -> Expr:
    """For two positions on one line, sign(u+s) sign(u+t) = 1 + sign(u+min(s,t)) -
    sign(u+max(s,t)).
    """
    ratio = next(b / a for a, b in zip(left.weights, right.weights, strict=True) if a != 0)
    if not (
        ratio.is_nonzero
        and ratio.is_extended_real
        and all(
            cancel(b - ratio * a) == 0 for a, b in zip(left.weights, right.weights, strict=True)
        )
    ):
        raise NoClosedForm
    moved = right.shift / ratio
    gap = left.shift - moved
    if gap.is_extended_real is not True or not (gap.is_nonnegative or gap.is_nonpositive):
        raise NoClosedForm
    lower, upper = (moved, left.shift) if gap.is_nonnegative else (left.shift, moved)
    below, above = (
        _average_free_steps((Step(0, left.weights, shift),), covariance) for shift in (lower, upper)
    )
    return sign(ratio) * (1 + below - above)


def root(value: Expr) -> Expr:
    """Square root with every factor of known sign taken out of it."""
    return sqrt(factor(cancel(value)))
