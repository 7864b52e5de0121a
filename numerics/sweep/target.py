"""What is swept, whatever it is: it checks a grid, runs one point, and describes its parameters and
values.

This module is what a worker process imports first, so that it loads the theory only for what needs
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurenorm.numerics.sweep.axes import Grid
from neurenorm.numerics.sweep.outcome import Outcome

__all__ = ["Target"]


class Target:
    """Something with parameters that gives an outcome at each point of a grid."""

    @property
    def name(self) -> str:
        """The id, or the name of a function."""
        raise NotImplementedError

    @property
    def identity(self) -> str:
        """By what its sweep is recognised when it is resumed."""
        return self.name

    def completed(self, grid: Grid) -> Grid:
        """Return the grid with defaults filled in, or raise ValueError if a parameter is unknown,
        missing or outside its domain.
        """
        raise NotImplementedError

    def run(self, point: Mapping[str, Any], seed: int) -> Outcome:
        """Compute one point."""
        raise NotImplementedError

    def about(self) -> dict[str, str]:
        """Describe the whole: title, provenance, conventions."""
        raise NotImplementedError

    def about_parameter(self, name: str) -> dict[str, str]:
        """Describe one parameter: meaning and units."""
        return {"long_name": name}

    def about_value(self, name: str) -> dict[str, str]:
        """Describe one value: meaning and units."""
        return {"long_name": name}
