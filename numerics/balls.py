"""Balls: their precision, the digits they prove, and what is printed of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any

from flint import arb, ctx

from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.solution import Solution, Status

__all__ = [
    "FLOAT_DIGITS",
    "enclosed_answer",
    "enclosure",
    "enclosures",
    "precision",
    "proved",
    "proved_digits",
    "shown",
    "working_bits",
]

FLOAT_DIGITS = 17
MOST_BITS = 2**17
_GUARD_BITS = 64
_BITS_PER_DIGIT = math.log2(10)


_ONE_AT_A_TIME = RLock()


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Set the precision of ball arithmetic for a block; it belongs to the whole process, so threads
    take turns.
    """
    with _ONE_AT_A_TIME:
        before = ctx.prec
        ctx.prec = bits
        try:
            yield
        finally:
            ctx.prec = before


def working_bits(digits: int) -> int:
    """The working precision, in bits, at which a number of decimal digits is aimed for.

    Examples
    --------
    >>> working_bits(15), working_bits(100)
    (114, 397)
    """
    return _GUARD_BITS + math.ceil(digits * _BITS_PER_DIGIT)


def proved_digits(value: arb) -> int:
    """How many significant decimal digits a ball proves: minus the decimal logarithm of its
    relative radius.

    Parameters
    ----------
    value : arb

    Returns
    -------
    int
        Decimals behind the point where the ball contains zero; 0 for a ball without bounds, 10**6
        for an exact number.

    Examples
    --------
    >>> proved_digits(arb(2, 1e-20)), proved_digits(arb(0, 1e-9)), proved_digits(arb(0, 1))
    (20, 9, 0)
    """
    if value.is_exact():
        return 10**6
    if not value.is_finite():
        return 0
    relative = value.rad() if value.contains(0) else value.rad() / abs(value).mid()
    return max(0, math.floor(-float(relative.log().mid()) / math.log(10) + 1e-3))


def proved(compute: Callable[[], Mapping[str, arb]], digits: int) -> dict[str, arb]:
    """Repeat a ball computation at doubled precision until every value is known to the digits.

    A value is known when its radius is below ``10**-digits`` of its size. A value that stays around
    zero at 4096 bits is accepted as an enclosure of zero.

    Raises
    ------
    ValueError
        If the digits cannot be reached; the message says how many were.
    """
    bits = working_bits(digits)
    while True:
        with precision(bits):
            values = dict(compute())
            if all(_known(value, digits, bits) for value in values.values()):
                return values
            reached = min(map(proved_digits, values.values()))
        if bits > MOST_BITS:
            raise ValueError(
                f"only {reached} digits could be proved, fewer than the {digits} asked for"
            )
        bits *= 2


def _known(value: arb, digits: int, bits: int) -> bool:
    """Whether a ball is known to the digits."""
    if not value.is_finite():
        return False
    if value.contains(0) and not value.is_exact():
        return bits >= 4096
    return proved_digits(value) >= digits


def shown(value: arb, digits: int | None) -> float | int | str:
    """Return a ball as a float, or as a string of so many digits."""
    if digits is None:
        number = 0.0 if value.contains(0) else float(value.mid())
        if math.isinf(number):
            raise ValueError(
                f"the value {value.str(5)} is beyond double precision; ask for it with digits"
            )
        if number == 0 and not value.contains(0):
            raise ValueError(
                f"the value {value.str(5)} is below the smallest double; ask for it with digits"
            )
        return number
    return "0" if value.contains(0) else value.mid().str(digits, radius=False)


@checked_arguments
def enclosure(value: arb, digits: int | None) -> tuple[float | int | str, float | str]:
    """Return a ball as it is shown, and the largest distance of what is shown from the ball's
    numbers.

    Examples
    --------
    >>> number, error = enclosure(arb(1) / 3, 4)
    >>> number, round(error, 7)
    ('0.3333', 3.33e-05)
    >>> enclosure(arb(0.25), None)
    (0.25, 0.0)
    """
    number = shown(value, digits)
    with precision(max(ctx.prec, working_bits(digits or FLOAT_DIGITS))):
        return number, _upper((value - arb(number)).abs_upper())


def _upper(bound: arb) -> float | str:
    """A bound as a double that is no smaller, or as a decimal where it is out of the range of
    doubles.
    """
    number = float(bound)
    while math.isfinite(number) and not arb(number) >= bound:
        number = math.nextafter(number, math.inf)
    if math.isfinite(number) and arb(number) <= 2 * bound:
        return number
    return str((bound * arb(1.1)).mid().str(2, radius=False))


def enclosures(values: Sequence[arb], digits: int | None) -> tuple[list[Any], list[Any]]:
    """Return balls as they are shown, and the errors of what is shown."""
    pairs = [enclosure(value, digits) for value in values]
    return [number for number, _ in pairs], [error for _, error in pairs]


def enclosed_answer(
    compute: Callable[[], Mapping[str, arb]], digits: int | None, status: str = "exact"
) -> Solution:
    """Return balls proved to the digits, or to 17 digits, which fixes the double, as a solution.

    The errors hold for the numbers as they are shown.
    """
    values = proved(compute, FLOAT_DIGITS if digits is None else digits)
    if any(value.contains(0) and not value.is_zero() for value in values.values()):
        status = "enclosed"
    numbers, errors = enclosures(list(values.values()), digits)
    return Solution(
        Status(status),
        dict(zip(values, numbers, strict=True)),
        dict(zip(values, errors, strict=True)),
    )
