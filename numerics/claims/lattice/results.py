"""Claims on lattices: every catalogued result, as it is evaluated for a user, against numerical
linear algebra and enumeration.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sympy import Rational

from neurenorm.graphs.lattices import series_cell
from neurenorm.numerics.simulation.lattice import transfer
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant, flipped, scaled, shifted
from neurenorm.theory.decimation.cell import cell_decimation
from neurenorm.theory.decimation.model import ISING, Values, potts
from neurenorm.theory.decimation.problems import BondOf
from neurenorm.theory.decimation.series import Series
from neurenorm.theory.lattice.results import ring_free_energy
from neurenorm.theory.recursion.problems import FixedPointOf
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

LATTICE = symbols("lattice")
K, H, Q, R = LATTICE.K, LATTICE.h, LATTICE.q, LATTICE.r
CHAINS = ((0.8, 0.3, 5), (-0.6, -0.2, 4), (1.1, 0.0, 7), (0.25, 1.5, 2), (-0.9, 0.4, 3))
POTTS = ((0.9, 3, 4), (1.4, 5, 3), (-0.7, 2, 2), (-0.5, 4, 3), (0.3, 7, 2))
PAIRS = ((0.5, 3), (-0.8, 2), (1.2, 7), (0.1, 1), (0.7, 0))
RINGS = ((0.7, 4), (-0.4, 3), (1.3, 6), (-1.1, 9), (0.2, 11))
CELLS: tuple[tuple[dict[str, Any], str, int | None], ...] = (
    ({"cell": "diamond"}, "diamond", None),
    ({"cell": "wheatstone"}, "wheatstone", None),
    ({"series": 3, "parallel": 2}, "six", None),
    ({"series": 2, "parallel": 3}, "three branches", None),
    ({"cell": "diamond", "model": "potts", "q": 3}, "diamond", 3),
    ({"cell": "wheatstone", "model": "potts", "q": 2}, "wheatstone", 2),
)


def copies(by: int) -> Mutant:
    """The mutant of a chain of more bonds."""
    return Mutant(
        f"{by:+} bond",
        lambda bond: replace(bond, series=Series(bond.series.cell, bond.series.copies + by)),
    )


def other_bond(name: str, alphabet: Any, functions: dict[Any, Values]) -> Mutant:
    """The mutant of a chain with other bond functions."""

    def change(bond: BondOf) -> BondOf:
        """The same number of other bonds."""
        cell = cell_decimation(series_cell(1), alphabet, functions)
        return replace(bond, series=Series(cell, bond.series.copies))

    return Mutant(name, change)


def with_bond(problem: FixedPointOf) -> FixedPointOf:
    """The recursion of a cell whose terminals share a bond besides."""
    right = problem.recursion
    return replace(problem, recursion=replace(right, step=(right.step[0] + right.state[0],)))


CLAIMS = (
    Claim.of(
        "lattice/ising-decimation",
        at=[{"K": k, "h": h, "b": b} for k, h, b in CHAINS],
        witness=lambda rng, effort: [transfer.ising_power(*chain) for chain in CHAINS],
        policy=Exact(11, scale=0.01),
        mutants=(
            copies(1),
            other_bond(
                "a whole field at each end", ISING, {K: lambda s, t: s * t, H: lambda s, t: s + t}
            ),
            other_bond(
                "a bond with a constant part",
                ISING,
                {K: lambda s, t: s * t + 1, H: lambda s, t: (s + t) / Rational(2)},
            ),
        ),
    ),
    Claim.of(
        "lattice/ising-correlation",
        at=[{"K": k, "r": r} for k, r in PAIRS],
        witness=lambda rng, effort: [transfer.chain_correlation(*pair) for pair in PAIRS],
        policy=Exact(11, scale=0.001),
        mutants=(scaled("1.000001"), flipped(K), shifted(R), shifted(R, -1)),
    ),
    Claim.of(
        "lattice/potts-decimation",
        at=[{"K": k, "q": q, "b": b} for k, q, b in POTTS],
        witness=lambda rng, effort: [transfer.potts_power(*chain) for chain in POTTS],
        policy=Exact(11),
        mutants=(
            copies(1),
            copies(-1),
            other_bond("agreement counts twice", potts(Q), {K: lambda s, t: 2 * int(s == t)}),
        ),
    ),
    Claim.of(
        "lattice/hierarchical-fixed-point",
        at=[question for question, _, _ in CELLS],
        witness=lambda rng, effort: [transfer.fixed_point(cell, q) for _, cell, q in CELLS],
        policy=Exact(8),
        mutants=(
            Mutant("a bond between the terminals more", with_bond),
            Mutant(
                "a longer cell",
                lambda p: replace(p, recursion=replace(p.recursion, scale=p.recursion.scale + 1)),
            ),
        ),
    ),
    Claim.of(
        "lattice/ring-free-energy",
        at=[{"K": k, "N": n} for k, n in RINGS],
        witness=lambda rng, effort: [transfer.ring_log_partition(*ring) for ring in RINGS],
        policy=Exact(12),
        mutants=(
            Mutant(
                "a site more", lambda p: ring_free_energy(len(p.decimation.model.alphabets) + 1)
            ),
        ),
    ),
)
