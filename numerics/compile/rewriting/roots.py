"""Square roots that vanish at the edge of their domain, as those of two coinciding signals do.

An arcsine loses half the digits where its argument is near one, and the derivative of a sum such as
``y asin(y/√R) + √(R - y²)`` holds 1/√(R - y²) twice, with coefficients that cancel. The arcsine is
therefore written as an angle between two sides,

    asin(y/√R) = atan2(y, √(R - y²)),

exact at both ends, and what stands over a root is collected: where the root's own radicand divides
it, the root moves from below to above.
"""

from __future__ import annotations

import sympy
from sympy import Expr, Rational, asin, atan2, fraction, sqrt, together

__all__ = ["angular", "collected_roots"]

_MOST_OPERATIONS = 200


def angular(node: sympy.Basic) -> sympy.Basic:
    """The arcsine of a symbolic quotient y/√R as ``atan2(y, √(R - y²))``; any other node unchanged.

    Examples
    --------
    >>> a, b = sympy.symbols("a b", positive=True)
    >>> angular(asin(sympy.Symbol("y", real=True) / sqrt(a * b)))
    atan2(y, sqrt(a*b - y**2))
    """
    if not isinstance(node, asin) or node.count_ops() > _MOST_OPERATIONS:
        return node
    above, square = fraction(together(node.args[0] ** 2))
    symbols = tuple(node.free_symbols)
    if not square.free_symbols or not square.is_positive or not above.is_polynomial(*symbols):
        return node
    return atan2(node.args[0] * sqrt(square), sqrt(sympy.expand(square - above)))


def collected_roots(form: Expr) -> Expr:
    """A sum in which every inverse square root stands once, and above instead of below where its
    radicand divides what stands over it.

    Examples
    --------
    >>> x = sympy.Symbol("x", real=True)
    >>> collected_roots(x**2 / sqrt(1 - x**2) - 1 / sqrt(1 - x**2))
    -sqrt(1 - x**2)
    """
    if form.count_ops() > _MOST_OPERATIONS:
        return form
    form = form.replace(_is_inverse_root, _split_root)
    for base in sorted(
        {node.base for node in form.atoms(sympy.Pow) if _is_inverse_root(node)}, key=str
    ):
        below = base ** Rational(-1, 2)
        over, rest = sympy.sift(
            sympy.Add.make_args(form),
            lambda term, b=below: b in sympy.Mul.make_args(term),
            binary=True,
        )
        moved = _moved_above(sympy.Add(*(term / below for term in over)), base)
        form = form if moved is None else sympy.Add(moved, *rest)
    return form


def _is_inverse_root(node: sympy.Basic) -> bool:
    """Whether a node is the inverse square root of something that is no number."""
    return node.is_Pow and node.exp == Rational(-1, 2) and bool(node.base.free_symbols)


def _split_root(node: sympy.Pow) -> Expr:
    """The inverse root of a fraction as a fraction of roots, where its denominator is positive."""
    above, below = fraction(together(node.base))
    return sqrt(below) / sqrt(above) if below != 1 and below.is_positive else node


def _moved_above(coefficient: Expr, base: Expr) -> Expr | None:
    """The coefficient over √base as a coefficient times √base, None where base does not divide it."""
    above, below = fraction(together(coefficient))
    symbols = sorted(base.free_symbols, key=str)
    if not (above.is_polynomial(*symbols) and base.is_polynomial(*symbols)):
        return None
    quotient, left = sympy.div(above, base, *symbols)
    return quotient / below * sqrt(base) if left == 0 else None
