"""Read a SymPy expression as a sum of terms whose Gaussian average the rules know.

Kinked functions become signs (``|l| = l sign l``, ``Heaviside l = (1 + sign l)/2``, ``max(a, b) =
(a + b + |a - b|)/2``), and circular and hyperbolic functions of a linear form become exponentials.
What does not fit is handed back untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sympy import (
    Abs,
    Add,
    DiracDelta,
    Expr,
    Heaviside,
    I,
    Integer,
    Max,
    Min,
    Mul,
    Poly,
    PolynomialError,
    S,
    Symbol,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    expand,
    sign,
    sin,
    sinh,
)
from sympy import Matrix as SymbolicMatrix

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.gaussian.kinks import straightened
from neurenorm.theory.gaussian.rules import NoClosedForm, Spike, Square, Step, Term, Vector, average

__all__ = ["average_product", "linear_form", "sides", "with_signs"]

_FOLD = {
    sin: lambda u: (exp(I * u) - exp(-I * u)) / (2 * I),
    cos: lambda u: (exp(I * u) + exp(-I * u)) / 2,
    sinh: lambda u: (exp(u) - exp(-u)) / 2,
    cosh: lambda u: (exp(u) + exp(-u)) / 2,
}


@exact_arguments
def with_signs(expression: Expr) -> Expr:
    """Write Heaviside, Abs, Max, Min and erfc through sign and erf, and multiply out.

    Examples
    --------
    >>> z = Symbol("z", real=True)
    >>> with_signs(Max(z, 0))
    z*sign(z)/2 + z/2
    """
    unclipped = expression.replace(Max, lambda *parts: _unclip(Max, parts)).replace(
        Min, lambda *parts: _unclip(Min, parts)
    )
    rewritten = unclipped.replace(Max, lambda *parts: _fold_maximum(parts, 1)).replace(
        Min, lambda *parts: _fold_maximum(parts, -1)
    )
    rewritten = rewritten.replace(Heaviside, lambda u, at_zero=None: (1 + sign(u)) / 2).replace(
        Abs, lambda u: u * sign(u)
    )
    expanded = multiplied_out(
        rewritten.replace(erfc, lambda u: 1 - erf(u)).replace(sign, _plain_sign)
    )
    return expanded.replace(
        lambda e: e.is_Pow and isinstance(e.base, sign) and e.exp.is_Integer and e.exp > 1,
        lambda e: e.base ** (e.exp % 2),
    )


def sides(expression: Expr, variables: Sequence[Symbol]) -> Expr:
    """Take signs out of the exponents that are linear on either side of them, exp(a + b sign l) =
    (1 + sign l) exp(a + b)/2 + (1 - sign l) exp(a - b)/2, and multiply out.

    Examples
    --------
    >>> z = Symbol("z", real=True)
    >>> sides(exp(-z * sign(z)), (z,))
    -exp(z)*sign(z)/2 + exp(z)/2 + exp(-z)*sign(z)/2 + exp(-z)/2
    """

    def split(argument: Expr) -> Expr:
        """Split at the first sign, then at those that are left."""
        steps = sorted(argument.atoms(sign), key=str)
        if not steps:
            linear_form(argument, variables)
            return exp(argument)
        return Add(
            *(
                (1 + side * steps[0])
                * split(argument.xreplace({steps[0]: Integer(side)}).expand())
                / 2
                for side in (1, -1)
            )
        )

    return with_signs(expression.replace(exp, lambda u: split(u) if u.has(sign) else exp(u)))


def _plain_sign(argument: Expr) -> Expr:
    """The sign of a function of one variable as that of a linear form, where there is one."""
    variables = argument.free_symbols
    return sign(straightened(argument, *variables) if len(variables) == 1 else argument)


def multiplied_out(expression: Expr) -> Expr:
    """Expand products and powers of sums, and nothing else."""
    return expand(expression, power_base=False, power_exp=False, log=False, trig=False)


def _fold_maximum(parts: Sequence[Expr], direction: int) -> Expr:
    """Maximum (direction 1) or minimum (-1) of several expressions as a nested half-sum."""
    result = parts[0]
    for part in parts[1:]:
        result = (result + part + direction * (result - part) * sign(result - part)) / 2
    return result


def _unclip(outer: type, parts: Sequence[Expr]) -> Expr:
    """Write max(lo, min(hi, u)) or min(hi, max(lo, u)) with lo < hi as (lo + hi + |u - lo| - |u -
    hi|)/2; leave all else.
    """
    inner = Min if outer is Max else Max
    if (
        len(parts) == 2
        and parts[0].is_number
        and isinstance(parts[1], inner)
        and len(parts[1].args) == 2
        and parts[1].args[0].is_number
    ):
        low, high = sorted((parts[0], parts[1].args[0]))
        if (low == parts[0]) == (outer is Max):
            return (low + high + Abs(parts[1].args[1] - low) - Abs(parts[1].args[1] - high)) / 2
    return outer(*parts)


@exact_arguments
def linear_form(expression: Expr, variables: Sequence[Symbol]) -> tuple[Vector, Expr]:
    """Return weights and shift of a linear form, or raise NoClosedForm.

    Examples
    --------
    >>> z = Symbol("z")
    >>> linear_form(2 * z + 3, (z,))
    ((2,), 3)
    """
    form = _polynomial(expression, variables, 1)
    size = len(variables)
    weights = tuple(form.coeff_monomial(_unit(i, size)) for i in range(size))
    return weights, form.coeff_monomial((0,) * size)


def _unit(index: int, size: int) -> tuple[int, ...]:
    """Exponents of a single variable."""
    return tuple(int(i == index) for i in range(size))


def _polynomial(expression: Expr, variables: Sequence[Symbol], degree: int) -> Poly:
    """Polynomial of at most the given degree, or NoClosedForm."""
    try:
        polynomial = Poly(expression, *variables)
    except PolynomialError as error:
        raise NoClosedForm from error
    if polynomial.total_degree() > degree:
        raise NoClosedForm
    return polynomial


@exact_arguments
def average_product(expression: Expr, variables: tuple[Symbol, ...], covariance: Square) -> Expr:
    """Return the average of one product in closed form, or raise NoClosedForm.

    Examples
    --------
    >>> z, K = Symbol("z", real=True), Symbol("K", positive=True)
    >>> average_product(z * sin(z), (z,), ((K,),))
    K*exp(-K/2)
    """
    folded = expression
    for function, rule in _FOLD.items():
        folded = folded.replace(
            lambda u, f=function: isinstance(u, f) and u.has(*variables),
            lambda u, r=rule: _fold(u.args[0], r, variables),
        )
    products = Add.make_args(multiplied_out(folded))
    total = sum((average(_term(part, variables), covariance) for part in products), start=S.Zero)
    if folded == expression:
        return total
    real = _real(total)
    if real.has(I):  # an error function of a complex argument: waves against steps
        raise NoClosedForm
    return real


def _fold(argument: Expr, rule: Callable[[Expr], Expr], variables: tuple[Symbol, ...]) -> Expr:
    """Write a circular or hyperbolic function of a linear form through exponentials."""
    linear_form(argument, variables)
    return rule(argument)


def _real(total: Expr) -> Expr:
    """Pair conjugate exponentials into cosines and sines."""
    total = multiplied_out(total)
    return total.expand(complex=True) if total.has(I) else total


def _term(expression: Expr, variables: tuple[Symbol, ...]) -> Term:
    """Read one product as a term."""
    term = Term.monomial((0,) * len(variables))
    for factor in Mul.make_args(expression):
        term = _times(term, factor, variables)
    _check_convergence(term)
    return term


def _check_convergence(term: Term) -> None:
    """Only exponentials that fall off in every direction are handled in closed form."""
    if (
        any(map(any, term.quadratic))
        and SymbolicMatrix(term.quadratic).is_positive_semidefinite is not True
    ):
        raise NoClosedForm


def _times(term: Term, factor: Expr, variables: tuple[Symbol, ...]) -> Term:
    """Multiply a term by one factor."""
    if not factor.has(*variables):
        return term.scaled(factor)
    if isinstance(factor, exp):
        return _times_exponential(term, factor.args[0], variables)
    if isinstance(factor, DiracDelta):
        weights, shift = linear_form(factor.args[0], variables)
        order = int(factor.args[1]) if len(factor.args) > 1 else 0
        return replace(term, spikes=(*term.spikes, Spike(weights, shift, order)))
    base, exponent = factor.as_base_exp()
    if not (exponent.is_Integer and exponent > 0):
        raise NoClosedForm
    if base in variables:
        index = variables.index(base)
        return replace(
            term, powers=tuple(p + int(exponent) * (i == index) for i, p in enumerate(term.powers))
        )
    if isinstance(base, erf | sign):
        return _times_steps(term, base, int(exponent), variables)
    raise NoClosedForm


def _times_exponential(term: Term, argument: Expr, variables: tuple[Symbol, ...]) -> Term:
    """Multiply by the exponential of a quadratic form."""
    size = len(variables)
    form = _polynomial(argument, variables, 2)
    linear = tuple(b + form.coeff_monomial(_unit(i, size)) for i, b in enumerate(term.linear))
    quadratic = tuple(
        tuple(
            a - (1 + (i == j)) * form.coeff_monomial(_pair(i, j, size)) for j, a in enumerate(row)
        )
        for i, row in enumerate(term.quadratic)
    )
    constant = form.coeff_monomial((0,) * size)
    return replace(term, linear=linear, quadratic=quadratic).scaled(exp(constant))


def _pair(i: int, j: int, size: int) -> tuple[int, ...]:
    """Exponents of a product of two variables."""
    return tuple(int(k == i) + int(k == j) for k in range(size))


def _times_steps(term: Term, step: Expr, count: int, variables: tuple[Symbol, ...]) -> Term:
    """Multiply by a power of a step; two equal signs cancel."""
    weights, shift = linear_form(step.args[0], variables)
    new = Step(int(isinstance(step, erf)), weights, shift)
    if new.softness:
        return replace(term, steps=term.steps + (new,) * count)
    for _ in range(count):
        without = tuple(old for old in term.steps if old != new)
        term = replace(
            term, steps=without if len(without) < len(term.steps) else (*term.steps, new)
        )
    return term
