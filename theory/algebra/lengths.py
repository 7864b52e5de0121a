"""Correlation and growth lengths: how far a perturbation reaches that changes by a factor λ per
step.
"""

from __future__ import annotations

from sympy import Abs, Expr, S, log, oo

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["correlation_length", "growth_length"]


@exact_arguments
def correlation_length(factor: Expr) -> Expr:
    """Return ξ = -1/ln|λ|, the number of steps over which a perturbation decays by 1/e.

    Parameters
    ----------
    factor : sympy.Expr
        λ, by which the perturbation changes per step.

    Returns
    -------
    sympy.Expr
        Zero for λ = 0, infinite for |λ| = 1.

    Raises
    ------
    ValueError
        If |λ| > 1: what grows has no correlation length, but a `growth_length`.

    Examples
    --------
    >>> from sympy import Rational
    >>> correlation_length(Rational(1, 2)), correlation_length(-S.One)
    (1/log(2), oo)
    """
    size = Abs(expression_of(factor))
    if (size - 1).is_positive:
        raise ValueError(
            f"a perturbation that grows by {size} per step has no correlation length; see "
            "growth_length"
        )
    if size == 0:
        return S.Zero
    return oo if size == 1 else -1 / log(size)


@exact_arguments
def growth_length(factor: Expr) -> Expr:
    """Return 1/ln|λ|, the number of steps over which a perturbation grows by e.

    Parameters
    ----------
    factor : sympy.Expr
        λ, by which the perturbation changes per step.

    Returns
    -------
    sympy.Expr
        Infinite for |λ| = 1.

    Raises
    ------
    ValueError
        If |λ| < 1: what decays has a `correlation_length`.

    Examples
    --------
    >>> from sympy import E
    >>> growth_length(E**2)
    1/2
    """
    size = Abs(expression_of(factor))
    if (1 - size).is_positive:
        raise ValueError(
            f"a perturbation that changes by {size} per step does not grow; see correlation_length"
        )
    return oo if size == 1 else 1 / log(size)
