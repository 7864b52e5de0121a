"""Balls as answers: raise the precision until the digits are proved, then print.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock

from flint import arb, ctx

from numerics.evaluate.core import Answer

__all__ = ["FLOAT_DIGITS", "enclosed_answer", "proved", "shown"]

FLOAT_DIGITS = 17
MOST_BITS = 2**17


_ONE_AT_A_TIME = RLock()


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Set the precision of ball arithmetic for a block; it belongs to the whole process, so threads take turns."""
    with _ONE_AT_A_TIME:
        before = ctx.prec
        ctx.prec = bits
        try:
            yield
        finally:
            ctx.prec = before


def proved(compute: Callable[[], Mapping[str, arb]], digits: int) -> dict[str, arb]:
    """Repeat a ball computation at doubled precision until every value is known to the digits.

    A value is known when its radius is below ``10**-digits`` of its size. A value that stays around zero at 4096 bits is accepted as an enclosure of zero.

    Raises
    ------
    ValueError
        If the digits cannot be reached; the message says how many were.
    """
    bits = max(64, int(3.33 * digits) + 32)
    while True:
        with precision(bits):
            values = dict(compute())
            if all(_known(value, digits, bits) for value in values.values()):
                return values
            reached = min(_digits(value) for value in values.values())
        if bits > MOST_BITS:
            raise ValueError(f"only {max(reached, 0)} digits could be proved, fewer than the {digits} asked for")
        bits *= 2


def _known(value: arb, digits: int, bits: int) -> bool:
    """Whether a ball is known to the digits."""
    if not value.is_finite():
        return False
    return _digits(value) >= digits or (bool(value.contains(0)) and bits >= 4096)


def _digits(value: arb) -> int:
    """Return the number of correct digits of a ball."""
    return int(value.rel_accuracy_bits() / 3.3219281)


def shown(value: arb, digits: int | None) -> float | int | str:
    """Return a ball as a float, or as a string of so many digits."""
    if digits is None:
        number = 0.0 if value.contains(0) else float(value.mid())
        if math.isinf(number):
            raise ValueError(f"the value {value.str(5)} is beyond double precision; ask for it with digits")
        if number == 0 and not value.contains(0):
            raise ValueError(f"the value {value.str(5)} is below the smallest double; ask for it with digits")
        return number
    return "0" if value.contains(0) else value.mid().str(digits, radius=False)


def enclosed_answer(compute: Callable[[], Mapping[str, arb]], digits: int | None, status: str = "exact") -> Answer:
    """Return an answer whose values are balls proved to the digits (17 where none are asked for, which fixes the double)."""
    values = proved(compute, FLOAT_DIGITS if digits is None else digits)
    errors = {name: float(value.rad()) for name, value in values.items()}
    if any(value.contains(0) and not value.is_zero() for value in values.values()):
        status = "enclosed"
    return Answer(status, {name: shown(value, digits) for name, value in values.items()}, errors)
