"""Effort: how much work a check may do."""

from __future__ import annotations

from enum import Enum

__all__ = ["Effort"]


class Effort(Enum):
    """How much work a check may do: the number by which samples are multiplied."""

    low = 0.25
    default = 1.0
    high = 16.0

    def scale(self, number: int, least: int = 1) -> int:
        """Return a number of samples (sweeps, networks) at this effort, never below ``least``.

        Examples
        --------
        >>> Effort.high.scale(100)
        1600
        """
        return max(least, round(number * self.value))
