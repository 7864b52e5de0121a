"""Claims on random couplings, against populations and enumerated cells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from neurenorm.graphs.lattices import diamond
from neurenorm.numerics.simulation.disorder import populations as plain
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.effort import Effort
from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.numerics.verification.within import Within

__all__ = ["CLAIMS"]

MEMBERS = 40_000
CELLS: tuple[tuple[dict[str, Any], str, int], ...] = (
    ({"cell": "diamond", "q": 2}, "diamond", 2),
    ({"cell": "diamond", "q": 8}, "diamond", 8),
    ({"cell": "wheatstone", "q": 3}, "wheatstone", 3),
)

CLAIMS = (
    Claim.of(
        "disorder/glass",
        at=[{"d": 2}, {"d": 3}],
        read=("theta", "chaos"),
        witness=lambda rng, effort: [
            x
            for d in (2, 3)
            for theta in (plain.stiffness(2 ** (d - 1), effort.scale(400_000), rng),)
            for x in (theta, (d - 1) / 2 - theta)
        ],
        policy=Within(0.006),
        mutants=(Mutant("a dimension more", lambda p: replace(p, d=p.d + 1)),),
    ),
    Claim.of(
        "disorder/glass",
        name="temperature",
        at=[{"d": 3, "law": "gauss"}],
        read=("T_c",),
        witness=lambda rng, effort: [plain.glass_temperature(4, MEMBERS, 5)],
        policy=Within(0.02),
        mutants=(Mutant("couplings +-1", lambda p: replace(p, law="pm")),),
        effort=Effort.default,
    ),
    Claim.of(
        "disorder/nishimori",
        at=[{"p": 0.9}],
        read=("moments",),
        witness=lambda rng, effort: plain.nishimori_moments(0.9),
        policy=Exact(12),
        mutants=(Mutant("another cell", lambda p: replace(p, cell=diamond(2, 3))),),
    ),
    Claim.of(
        "disorder/nishimori",
        name="point",
        at=[{"branches": 2}],
        read=("p_c",),
        witness=lambda rng, effort: [plain.nishimori_point(2, MEMBERS, 5)],
        policy=Within(0.004),
        mutants=(Mutant("four branches", lambda p: replace(p, branches=4)),),
        effort=Effort.default,
    ),
    Claim.of(
        "disorder/harris",
        at=[question for question, _, _ in CELLS],
        read=("variance_eigenvalue", "alpha_over_nu"),
        witness=lambda rng, effort: [x for _, cell, q in CELLS for x in plain.harris(cell, q)],
        policy=Exact(8),
        mutants=(
            Mutant(
                "the square of the mean response",
                lambda p: replace(p, responses=(p.thermal / 2, p.thermal / 2)),
            ),
        ),
    ),
)
