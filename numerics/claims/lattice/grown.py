"""Claims on percolation, spanning trees and Migdal-Kadanoff, against lattices grown bond by bond."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sympy import Rational

from neurenorm.numerics.simulation.lattice import grown as plain
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant, scaled, shifted
from neurenorm.theory.lattice.migdal import CrossingOfZero
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

FOUR = {"series": 2, "parallel": 4}
CELLS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"cell": "diamond"}, "diamond"),
    ({"cell": "wheatstone"}, "wheatstone"),
    (FOUR, "four branches"),
)
PERCOLATION = (*CELLS, ({"cell": "triangle"}, "triangle"))
GROWN = tuple(({**cell, "generation": g}, name, g) for cell, name in CELLS for g in (0, 1, 3))
MIGDAL: tuple[tuple[dict[str, Any], tuple[float, float, float, bool]], ...] = (
    ({"d": 2}, (2, 2, 2, True)),
    ({"d": Rational(5, 2), "b": 3}, (2.5, 3, 2, True)),
    ({"d": 3, "b": Rational(11, 10)}, (3, 1.1, 2, True)),
    ({"d": 3, "b": 1}, (3, 1, 2, True)),
    ({"d": 2, "model": "potts", "q": 3}, (2, 2, 3, False)),
    ({"d": 2, "b": 1, "model": "potts", "q": Rational(5, 2)}, (2, 1, 2.5, False)),
)


def _half_moved(problem: CrossingOfZero) -> CrossingOfZero:
    """A flow with more bonds moved."""
    return replace(problem, excess=problem.excess + problem.coupling / 50)


CLAIMS = (
    Claim.of(
        "lattice/percolation",
        at=[question for question, _ in PERCOLATION],
        witness=lambda rng, effort: [x for _, cell in PERCOLATION for x in plain.percolation(cell)],
        policy=Exact(8),
        mutants=(
            Mutant(
                "a longer cell",
                lambda p: replace(p, recursion=replace(p.recursion, scale=p.recursion.scale + 1)),
            ),
        ),
    ),
    Claim.of(
        "lattice/spanning-trees",
        at=[question for question, _, _ in GROWN],
        witness=lambda rng, effort: [x for _, cell, g in GROWN for x in plain.trees(cell, g)],
        policy=Exact(10, scale=0.1),
        mutants=(scaled("1.000001"), shifted(symbols("lattice").generation)),
    ),
    Claim.of(
        "lattice/migdal-kadanoff",
        at=[question for question, _ in MIGDAL],
        witness=lambda rng, effort: [x for _, point in MIGDAL for x in plain.migdal(*point)],
        policy=Exact(7),
        mutants=(Mutant("more bonds moved", _half_moved),),
    ),
)
