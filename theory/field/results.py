"""Results on fields on lattices."""

from __future__ import annotations

from typing import Any

from sympy import Integer, Interval, oo

from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.field.lattice_green import LATTICES, lattice_green
from neurenorm.theory.symbols import symbols

__all__ = ["RESULTS"]

FIELD = symbols("field")


def _cells(value: Any) -> tuple[int, ...]:
    """Return a list of whole numbers."""
    entries = value if isinstance(value, list) else [value]
    if not all(isinstance(n, Integer) and abs(n) <= 100 for n in entries):
        raise ValueError(f"r is a list of whole numbers of cells from -100 to 100, got {value}")
    return tuple(int(n) for n in entries)


RESULTS = (
    Result(
        "field/lattice-green",
        "Free field on a lattice: Green function, determinant, resistance, correlation length",
        FIELD,
        (
            Parameter("lattice", "the lattice", tuple(LATTICES), structural=True),
            Parameter("m2", FIELD["m2"].meaning, Interval(0, oo), 0),
            Parameter(
                "r",
                "cells to the other vertex of the resistance; one along the first axis by default",
                None,
                None,
                structural=True,
                convert=_cells,
            ),
        ),
        ("G", "ln_det", "resistance", "xi"),
        lattice_green,
        (
            "Action (1/2) sum over bonds (x - x')^2 + (m2/2) sum over vertices x^2; ln_det and G per "
            "vertex; resistance is 2 (G(0) - G(r)) of vertex 0, of unit resistors at m2 = 0.",
            "xi is the length of the long waves along r, in the unit of the metric.",
        ),
        {"lattice": "square"},
        {"ln_det": "nats"},
    ),
)
