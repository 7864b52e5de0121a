"""Claims on free fields on lattices, against explicit tori and closed forms."""

from __future__ import annotations

from dataclasses import replace

from neurenorm.graphs.lattices import cubic, square, triangular
from neurenorm.numerics.evaluate import Evaluation
from neurenorm.numerics.simulation.field import tori as plain
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.theory.field.lattice_green import LatticeGreen

__all__ = ["CLAIMS"]

MASSIVE = (
    ("square", 24, 1.0, (1, 1)),
    ("honeycomb", 18, 1.5, (1, 0)),
    ("triangular", 20, 2.0, (2, -1)),
    ("cubic", 9, 9.0, (1, 0, 0)),
)


def _massless(found: Evaluation) -> list[float]:
    """The one value of a massless field that has a closed form for the question."""
    values = found.values
    return [values["G"] if values["G"] is not None else values["ln_det"]]


def _another(problem: LatticeGreen) -> LatticeGreen:
    """Another lattice of the same dimension."""
    if problem.graph.dimension == 3:
        other = cubic() if problem.graph != cubic() else problem.graph.supercell((2, 1, 1))
        return replace(problem, graph=other)
    return replace(problem, graph=triangular() if problem.graph == square() else square())


LN_DET = ("square", "triangular", "honeycomb", "kagome")
WATSON = ("cubic", "body-centred", "face-centred")

CLAIMS = (
    Claim.of(
        "field/lattice-green",
        at=[{"lattice": name, "m2": m2, "r": list(r)} for name, _, m2, r in MASSIVE],
        read=("G", "ln_det", "resistance"),
        witness=lambda rng, effort: [x for case in MASSIVE for x in plain.torus_field(*case)],
        policy=Exact(7),
        mutants=(Mutant("two cells further", lambda p: replace(p, r=(p.r[0] + 2, *p.r[1:]))),),
    ),
    Claim.of(
        "field/lattice-green",
        name="massless",
        at=[{"lattice": name} for name in (*LN_DET, *WATSON)],
        read=_massless,
        witness=lambda rng, effort: [plain.MASSLESS[name][2] for name in (*LN_DET, *WATSON)],
        policy=Exact(8),
        mutants=(Mutant("another lattice", _another),),
    ),
)
