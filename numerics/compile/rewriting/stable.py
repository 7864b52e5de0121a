"""Rewrites that keep double precision from overflowing, and functions written by others that every
target has.

``log cosh u`` overflows in floating point for |u| > 710 although its value is about |u|. Inside a
logarithm every factor ``cosh``, ``sinh`` or ``exp`` is therefore taken out as a summand of its own:

    log(r · cosh^a(u) · sinh^n(v) · e^w) = log(r · sign(v)^n) + a · log cosh u + n · log|sinh v| +
    w.
"""

from typing import Any

import sympy
from sympy import (
    acosh,
    acoth,
    acsch,
    asech,
    asinh,
    atanh,
    cosh,
    coth,
    csch,
    exp,
    log,
    sech,
    sign,
    sinh,
    tanh,
)
from sympy.functions import acos, acot, acsc, asec, asin, atan, cos, cot, csc, sec, sin

__all__ = ["Log1p", "LogAbsSinh", "LogCosh", "elementary", "stable_log"]


class LogCosh(sympy.Function):
    """log cosh u of a real u."""

    nargs = 1


class LogAbsSinh(sympy.Function):
    """log |sinh u| of a real u."""

    nargs = 1


class Log1p(sympy.Function):
    """log(1 + u)."""

    nargs = 1


_RECIPROCALS = {
    coth: lambda u: 1 / tanh(u),
    sech: lambda u: 1 / cosh(u),
    csch: lambda u: 1 / sinh(u),
    acoth: lambda u: atanh(1 / u),
    asech: lambda u: acosh(1 / u),
    acsch: lambda u: asinh(1 / u),
    cot: lambda u: cos(u) / sin(u),
    sec: lambda u: 1 / cos(u),
    csc: lambda u: 1 / sin(u),
    acot: lambda u: atan(1 / u),
    asec: lambda u: acos(1 / u),
    acsc: lambda u: asin(1 / u),
    sympy.factorial: lambda n: sympy.gamma(n + 1),
}


def elementary(node: sympy.Basic) -> sympy.Basic:
    """Write a function that few libraries have (coth, sech, acoth, ...) through one that all
    have.
    """
    rule = _RECIPROCALS.get(type(node))
    return rule(node.args[0]) if rule else node


def stable_log(node: sympy.Basic) -> sympy.Basic:
    """A logarithm with the factors cosh, sinh and exp of its argument taken out; any other node
    unchanged.
    """
    if not isinstance(node, log):
        return node
    outside, inside = [], []
    for factor in sympy.Mul.make_args(node.args[0]):
        summand, left = _taken_out(factor)
        outside.append(summand)
        inside.append(left)
    rest = sympy.Mul(*inside)
    return sympy.Add(*outside, _plain_log(rest))


def _taken_out(factor: sympy.Expr) -> tuple[Any, Any]:
    """The logarithm of a factor and what has to stay inside (1, a sign, or the factor itself)."""
    if isinstance(factor, exp) and factor.args[0].is_extended_real is not False:
        return factor.args[0], sympy.S.One
    base, power = factor.as_base_exp()
    if isinstance(base, cosh):
        return power * LogCosh(base.args[0]), sympy.S.One
    if isinstance(base, sinh) and power.is_Integer:
        inside = sign(base.args[0], evaluate=False) ** power if power % 2 else sympy.S.One
        return power * LogAbsSinh(base.args[0]), inside
    scale = _largest_exponential(base) if isinstance(base, sympy.Add) else None
    return (power * scale, sympy.S.One) if scale is not None else (sympy.S.Zero, factor)


def _largest_exponential(total: sympy.Add) -> sympy.Expr | None:
    """log of a sum of exponentials with the largest exponent taken out, or None where it is no such
    sum.

    log Σ c_i e^(a_i) = M + log Σ c_i e^(a_i - M) with M the largest of the a_i, so that no term
    overflows.
    """
    groups = _exponentials(total)
    if groups is None or len(groups) < 2 or not any(a.free_symbols for a in groups):
        return None
    if len(groups) == 2 and set(groups.values()) == {sympy.S.One}:
        first, second = groups
        return sympy.Max(first, second, evaluate=False) + Log1p(exp(-sympy.Abs(first - second)))
    largest = sympy.Max(*groups, evaluate=False)  # evaluated, it would compare all pairs
    return largest + Log1p(sympy.Add(*[c * exp(a - largest) for a, c in groups.items()]) - 1)


def _exponentials(total: sympy.Add) -> dict[sympy.Expr, sympy.Expr] | None:
    """The coefficients of a sum by exponent, or None where an exponential stands elsewhere than in
    a product.
    """
    if not total.has(exp, cosh, sinh):
        return None
    plain = total.replace(cosh, lambda u: (exp(u) + exp(-u)) / 2).replace(
        sinh, lambda u: (exp(u) - exp(-u)) / 2
    )
    groups: dict[sympy.Expr, sympy.Expr] = {}
    for term in sympy.Add.make_args(sympy.expand(plain)):
        powers, rest = sympy.sift(
            sympy.Mul.make_args(term), lambda f: isinstance(f, exp), binary=True
        )
        coefficient = sympy.Mul(*rest)
        if coefficient.has(exp):
            return None
        exponent = sympy.Add(*[f.args[0] for f in powers])
        groups[exponent] = groups.get(exponent, sympy.S.Zero) + coefficient
    return groups


def _plain_log(rest: sympy.Expr) -> sympy.Expr:
    """log of what remained, as log1p where a literal 1 is added to something."""
    if isinstance(rest, sympy.Add) and sympy.S.One in rest.args:
        return Log1p(sympy.Add(*[term for term in rest.args if term is not sympy.S.One]))
    return log(rest)
