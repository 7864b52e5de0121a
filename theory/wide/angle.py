"""Averages of two inputs in the angle between them, where piecewise linear activations are exact.

The averages hold arcsin(K_ab/√(K_aa K_bb)) and √(K_aa K_bb - K_ab²). With the determinant
D = K_aa K_bb - K_ab² as a variable of its own,

    arcsin(K_ab/√(K_aa K_bb)) = atan2(K_ab, √D),

nothing is lost where two inputs coincide (D = 0), whatever rounding makes of K_aa K_bb - K_ab².
"""

from __future__ import annotations

from sympy import Expr, Symbol, asin, atan2, cancel, expand, sqrt

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.symbols import symbols

__all__ = ["DETERMINANT", "by_determinant", "is_regular_at_coincidence"]

FIELD = symbols("field-theory")
AA, BB, AB = FIELD.Kaa, FIELD.Kbb, FIELD.Kab
DETERMINANT = Symbol("D", nonnegative=True)


@exact_arguments
def by_determinant(form: Expr) -> Expr:
    """Return a closed average of two inputs in K_aa, K_bb, K_ab and their determinant D.

    Parameters
    ----------
    form : sympy.Expr
        In K_aa, K_bb and K_ab.

    Returns
    -------
    sympy.Expr
        The same where D = K_aa K_bb - K_ab².

    Examples
    --------
    >>> by_determinant(AB * asin(AB / sqrt(AA * BB)) + sqrt(AA * BB - AB**2))
    sqrt(D) + Kab*atan2(Kab, sqrt(D))
    """
    angular = form.replace(
        lambda node: isinstance(node, asin) and cancel(node.args[0] ** 2 - AB**2 / (AA * BB)) == 0,
        lambda node: atan2(node.args[0] * sqrt(AA * BB), sqrt(DETERMINANT)),
    )
    return angular.replace(
        lambda node: node.is_Pow and expand(node.base - AA * BB + AB**2) == 0,
        lambda node: DETERMINANT**node.exp,
    )


@exact_arguments
def is_regular_at_coincidence(form: Expr) -> bool:
    """Return whether a form in D has no negative power of D, so that it may be taken at D = 0.

    Examples
    --------
    >>> is_regular_at_coincidence(sqrt(DETERMINANT)), is_regular_at_coincidence(1 / DETERMINANT)
    (True, False)
    """
    return not any(
        node.base.has(DETERMINANT) and node.exp.is_negative for node in form.atoms(type(1 / AA))
    )
