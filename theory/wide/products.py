"""Gaussian averages of products: independent variables apart, closed forms where there are any."""

from __future__ import annotations

from functools import lru_cache

from sympy import Add, Expr, Mul, S, Symbol, expand

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.gaussian.expectation import GaussianExpectation, expectation

__all__ = ["mean_of"]


@exact_arguments
@lru_cache(maxsize=4096)
def mean_of(function: Expr, variables: tuple[Symbol, ...], covariance: object) -> Expr:
    """Return ⟨function⟩ as closed forms and averages over independent groups of variables.

    Parameters
    ----------
    function : sympy.Expr
    variables : tuple of Symbol
    covariance : sympy.ImmutableDenseMatrix
        Zero where two variables are independent.

    Examples
    --------
    >>> from sympy import ImmutableDenseMatrix, tanh
    >>> u, v, A, B = (Symbol(name, real=True) for name in "uvAB")
    >>> mean_of(u**2 * tanh(v) ** 2, (u, v), ImmutableDenseMatrix([[A, 0], [0, B]]))
    A*⟨tanh(z)**2⟩_B
    """
    groups = _groups(variables, covariance)
    if len(groups) == 1 and len(variables) <= 2:
        return _whole(function, variables, covariance)
    total = S.Zero
    for term in Add.make_args(expand(function)):
        parts = _factors(term, groups, variables, covariance)
        total += Mul(*[_whole(part, variables, covariance) for part in parts])
    return total


def _factors(
    term: Expr, groups: list[set[Symbol]], variables: tuple[Symbol, ...], covariance: object
) -> list[Expr]:
    """A product split into factors of independent variables."""
    parts = [S.One]
    held: list[set[Symbol]] = [set()]
    for factor in Mul.make_args(term):
        own = {v for v in variables if factor.has(v)}
        touched = set().union(*[g for g in groups if g & own]) if own else set()
        met = [i for i, h in enumerate(held) if i and h & touched]
        merged = Mul(factor, *[parts[i] for i in met])
        touched = touched.union(*[held[i] for i in met])
        for i in reversed(met):
            del parts[i], held[i]
        if not own:
            parts[0] *= factor
        else:
            parts.append(merged)
            held.append(touched)
    return parts


def _groups(variables: tuple[Symbol, ...], covariance: object) -> list[set[Symbol]]:
    """Variables that are correlated, directly or through others."""
    groups: list[set[Symbol]] = []
    for i, v in enumerate(variables):
        near = {w for j, w in enumerate(variables) if covariance[i, j] != 0} | {v}  # type: ignore[index]
        met = [g for g in groups if g & near]
        groups = [g for g in groups if not g & near] + [near.union(*met)]
    return groups


def _whole(function: Expr, variables: tuple[Symbol, ...], covariance: object) -> Expr:
    """A closed form, or the average as it stands."""
    used = [i for i, v in enumerate(variables) if function.has(v)]
    if not used:
        return function
    names = tuple(variables[i] for i in used)
    part = covariance.extract(used, used)  # type: ignore[attr-defined]
    if len(used) <= 3:
        closed = expectation(function, names, part)
        if not closed.has(GaussianExpectation):
            return closed
    return GaussianExpectation(function, names, part)
