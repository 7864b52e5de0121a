"""How much a simulation may do, as whoever asks for it says."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Work"]


class Work(Protocol):
    """Scales a number of samples."""

    @property
    def value(self) -> float:
        """The factor."""
        ...

    def scale(self, number: int, least: int = 1) -> int:
        """Return a number of samples at this effort, never below ``least``."""
        ...
