"""Fixed points of the length close to a tangency, where two of them meet and vanish.

The curve K'/K - 1 turns where K χ_∥ = K'. Its value there, as a ball, decides: of the sign of its
neighbours it proves that there is no root; of the other sign that there are two, one on either
side; a ball that holds zero leaves a double root in doubt.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb
from sympy import Expr, Rational, Symbol

from neurenorm.graphs.arguments import listed
from neurenorm.numerics.balls import precision
from neurenorm.numerics.compile import CompileError, compiled
from neurenorm.numerics.quadrature import QuadratureError
from neurenorm.numerics.solve.inputs import search_bits
from neurenorm.numerics.solve.intervals import NotCertified
from neurenorm.numerics.solve.roots import certified_root
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["UNDECIDED", "turning_point"]

UNDECIDED = (NotCertified, CompileError, QuadratureError, ValueError)
_DIGITS = 30


@exact_arguments
def turning_point(
    step: Expr, chi_par: Expr, symbol: Symbol, bracket: tuple[float, float]
) -> tuple[Rational, int | None] | None:
    """Return where K'/K - 1 turns in a bracket, and the sign of its value there.

    Parameters
    ----------
    step, chi_par : sympy.Expr
        K' and its derivative, in K.
    symbol : Symbol
        K.
    bracket : (low, high)
        It has to hold a single turning point.

    Returns
    -------
    (Rational, sign) or None
        The point to 30 digits, and 1 or -1 where the sign is proved, else None; None altogether
        where the turning point itself cannot be proved.

    Examples
    --------
    >>> K = Symbol("K", positive=True)
    >>> turning_point(K**2 + Rational(1, 4), 2 * K, K, (0.3, 0.8))[1] is None
    True
    >>> turning_point(K**2 + Rational("0.25000000000000000001"), 2 * K, K, (0.3, 0.8))[1]
    1
    """
    bracket = listed(bracket, "the ends of the bracket", 2)
    ends = (Rational(expression_of(bracket[0])), Rational(expression_of(bracket[1])))
    try:
        place = certified_root(symbol * chi_par - step, symbol, ends, _DIGITS)
        with precision(search_bits(_DIGITS)):
            value = compiled(step - symbol, [symbol], "ball", digits=_DIGITS)(place)
    except UNDECIDED:
        return None
    return _rational(place), None if value.contains(0) else (1 if value > 0 else -1)


def _rational(place: arb) -> Rational:
    """The middle of a ball, exactly."""
    mantissa, exponent = place.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return Rational(exact.numerator, exact.denominator)
