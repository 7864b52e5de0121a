"""What every solver needs of its input: numbers as balls, and complaints that say what would be
right.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flint import arb, fmpq
from sympy import Expr, Integer, Rational, Symbol

from neurenorm.numerics.balls import working_bits
from neurenorm.numerics.compile import compiled
from neurenorm.theory.algebra.reading import expression_of, shown

__all__ = ["ball"]

MOST = {"digits": 10_000, "steps": 10**7}
"""The most digits and steps that are computed."""
_LEAST_BITS = (
    192  # enough for boxes 2**-40 of the searched one, where a zero of fourth order leaves 2**-160
)


def ball(number: object) -> arb:
    """A real ball that contains the number, as narrow as the current working precision
    (``flint.ctx.prec``) allows.

    Parameters
    ----------
    number : int, float, Fraction, SymPy number or exact SymPy expression without symbols, or arb
        A float stands for the binary number that it is; a ball is returned as it came.

    Returns
    -------
    arb

    Raises
    ------
    ValueError
        If it is not a finite real number.

    Examples
    --------
    >>> from sympy import Rational, log
    >>> ball(Rational(1, 3)).contains(ball(1) / 3), bool(ball(log(4)) > 1)
    (True, True)
    """
    result = arb(number) if isinstance(number, arb | float) else _enclosed(number)
    if not result.is_finite():
        raise ValueError(f"a finite real number is needed, not {number!r}")
    return result


def search_bits(digits: int) -> int:
    """The working precision, in bits, of a search whose zeros are wanted to a number of decimal
    digits.

    Examples
    --------
    >>> search_bits(15), search_bits(100)
    (192, 397)
    """
    return max(_LEAST_BITS, working_bits(digits))


def check_names(kind: str, wanted: Sequence[Symbol], given: Mapping[Symbol, Any]) -> None:
    """Refuse a mapping with missing or superfluous symbols.

    Examples
    --------
    >>> K = Symbol("K")
    >>> check_names("state variable", [K], {})
    Traceback (most recent call last):
    ...
    ValueError: each state variable (K) needs one value: K is missing
    """
    missing = [str(symbol) for symbol in wanted if symbol not in given]
    extra = [str(symbol) for symbol in given if symbol not in wanted]
    if missing or extra:
        faults = [
            *(f"{name} is missing" for name in missing),
            *(f"{name} is not one of them" for name in extra),
        ]
        raise ValueError(
            f"each {kind} ({', '.join(map(str, wanted)) or 'there is none'}) needs one value: "
            f"{'; '.join(faults)}"
        )


def check_counts(least: int = 1, **counts: int) -> None:
    """Refuse what is not a whole number of at least one, or of another least value.

    Examples
    --------
    >>> check_counts(digits=0)
    Traceback (most recent call last):
    ...
    ValueError: digits must be a positive whole number, at most 10000, got 0
    """
    for name, value in counts.items():
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, Integer))
            or not least <= value <= MOST.get(name, value)
        ):
            kind = "a positive whole number" if least == 1 else f"a whole number from {least}"
            kind += f", at most {MOST[name]}" if name in MOST else ""
            raise ValueError(f"{name} must be {kind}, got {shown(value)}")


def _enclosed(number: object) -> arb:
    """An exact number, or an exact expression without symbols, as a ball; not finite if it is
    neither.
    """
    try:
        expression = expression_of(number)
    except (TypeError, ValueError):
        return arb.nan()
    if isinstance(expression, Rational):
        return arb(fmpq(int(expression.p), int(expression.q)))
    constant = (
        isinstance(expression, Expr)
        and expression.is_comparable
        and expression.is_finite is not False
    )
    return compiled([expression], [], target="ball")()[0] if constant else arb.nan()
