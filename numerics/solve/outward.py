"""Interval arithmetic on arrays of doubles, rounded outward after every operation.

Sums, differences, products and quotients of doubles are rounded to the nearest double (IEEE 754),
so the true result lies between the two neighbours of the computed one. Taking the lower neighbour
for lower ends and the upper one for upper ends therefore makes every range a proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated

__all__ = ["Range", "double_range", "down", "up"]

Array = NDArray[np.float64]
_FLOOR = 1e-300  # a bound on what may underflow, above the slow subnormal numbers


def up(x: Array) -> Array:
    """Return doubles that are no smaller than the numbers which rounding to nearest made x of.

    Examples
    --------
    >>> bool(up(np.array(0.1) * 3) > 0.1 * 3)
    True
    """
    above = np.nextafter(x, np.inf)
    return np.where(np.abs(x) < _FLOOR, _FLOOR, above)


def down(x: Array) -> Array:
    """Return doubles that are no larger than the numbers which rounding to nearest made x of.

    Examples
    --------
    >>> bool(down(np.array(0.1) * 3) < 0.1 * 3)
    True
    """
    below = np.nextafter(x, -np.inf)
    return np.where(np.abs(x) < _FLOOR, -_FLOOR, below)


@dataclass(frozen=True)
class Range(Tabulated):
    """Arrays of lower and upper ends.

    Examples
    --------
    >>> x = Range(np.array(1.0), np.array(2.0))
    >>> y = x * x - x
    >>> bool(y.low < -1) and bool(y.low > -1.0001), bool(y.high > 3)
    (True, True)
    """

    low: Array
    high: Array

    @classmethod
    def of(cls, exact: Array) -> Range:
        """Return the range of an array of exact doubles."""
        return cls(exact, exact)

    def __add__(self, other: Range) -> Range:
        return Range(down(self.low + other.low), up(self.high + other.high))

    def __sub__(self, other: Range) -> Range:
        return Range(down(self.low - other.high), up(self.high - other.low))

    def __mul__(self, other: Range) -> Range:
        ends = [a * b for a in self._ends for b in other._ends]
        low, high = ends[0], ends[0]
        for end in ends[1:]:
            low, high = np.minimum(low, end), np.maximum(high, end)
        return Range(down(low), up(high))

    @property
    def _ends(self) -> tuple[Array, ...]:
        """Both ends, or the one where they are the same array."""
        return (self.low,) if self.low is self.high else (self.low, self.high)

    def __getitem__(self, key: Any) -> Range:
        if self.low is self.high:
            return Range.of(self.low[key])
        return Range(self.low[key], self.high[key])

    def sum(self, axis: int) -> Range:
        """Return the sum over an axis."""
        parts = np.moveaxis(self.low, axis, 0), np.moveaxis(self.high, axis, 0)
        total = Range(parts[0][0], parts[1][0])
        for low, high in zip(parts[0][1:], parts[1][1:], strict=True):
            total = total + Range(low, high)
        return total


def double_range(number: arb) -> tuple[float, float]:
    """Return the two doubles that enclose a ball, equal where it is one double.

    Examples
    --------
    >>> double_range(arb(3)), double_range(arb(1) / 3)[0] < 1 / 3 < double_range(arb(1) / 3)[1]
    ((3.0, 3.0), True)
    """
    middle = float(number.mid())
    if number.is_exact() and arb(middle) == number:
        return middle, middle
    low, high = float(number.lower()), float(number.upper())
    return float(np.nextafter(low, -np.inf)), float(np.nextafter(high, np.inf))
