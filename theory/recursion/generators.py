"""The infinitesimal step of a family of steps, and its rewriting."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Dummy, Expr, S, Symbol, cancel, factor, log, tanh
from sympy import atanh as artanh

from neurenorm.theory.algebra.arguments import exact_arguments

__all__ = ["by_logarithms", "generator", "undone"]


@exact_arguments
def generator(state: Sequence[Symbol], step: Sequence[Expr], b: Symbol) -> tuple[Expr, ...]:
    """Differentiate a family of steps with respect to its scale factor b at b = 1.

    Raises
    ------
    ValueError
        If the step at b = 1 is not the identity.

    Examples
    --------
    >>> K, b = Symbol("K", real=True), Symbol("b", positive=True)
    >>> generator([K], [b**2 * K], b)
    (2*K,)
    """
    begin = tuple(undone(new.subs(b, 1)) for new in step)
    if begin != tuple(state):
        raise ValueError(
            f"at {b} = 1 the step is {begin}, not {tuple(state)}, so the family has no "
            "infinitesimal step"
        )
    return tuple(by_logarithms(undone(new.diff(b).subs(b, 1))) for new in step)


def undone(expression: Expr) -> Expr:
    """Return an expression in which artanh tanh x and ln exp x are written as x.

    Examples
    --------
    >>> from sympy import exp
    >>> x = Symbol("x", real=True)
    >>> undone(artanh(tanh(x)) + log((exp(x) ** 2 - 1) / (exp(x) - 1) - 1))
    2*x
    """
    plain = expression.replace(
        lambda e: isinstance(e, artanh) and isinstance(e.args[0], tanh), lambda e: e.args[0].args[0]
    )
    return plain.replace(lambda e: isinstance(e, log), lambda e: log(cancel(e.args[0])))


def by_logarithms(expression: Expr) -> Expr:
    """Return an expression as a sum of logarithms, each with one factor, and of a rest.

    Examples
    --------
    >>> x = Symbol("x", positive=True)
    >>> by_logarithms((x**2 - 1) * log(x) / (x - 1) + (x**2 - 1) / (x + 1))
    x + (x + 1)*log(x) - 1
    """
    logs = {log_: Dummy() for log_ in expression.atoms(log)}
    plain = expression.xreplace(logs)
    back = {dummy: log_ for log_, dummy in logs.items()}
    factors = {dummy: factor(cancel(plain.diff(dummy))) for dummy in back}
    rest = factor(plain.xreplace(dict.fromkeys(back, S.Zero)))
    if any(value.has(*back) for value in factors.values()):
        return expression  # not linear in its logarithms
    return rest + sum((value * back[dummy] for dummy, value in factors.items()), S.Zero)
