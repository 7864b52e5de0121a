"""Claims on plane lattices: Kac-Ward against textbook integrals, tensors against the strip and
Onsager's free energy.
"""

from __future__ import annotations

from dataclasses import replace

from neurenorm.graphs.lattices import square, triangular
from neurenorm.numerics.evaluate import Evaluation
from neurenorm.numerics.simulation.lattice import planar as plain
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.numerics.verification.within import Within
from neurenorm.theory.lattice.planar import PlanarIsing

__all__ = ["CLAIMS"]

POINTS: tuple[tuple[str, float], ...] = (
    ("square", 0.3),
    ("square", 0.8),
    ("triangular", 0.2),
    ("honeycomb", 0.4),
    ("kagome", 0.3),
    ("kagome", 0.7),
)
CRITICAL = tuple((name, None) for name in plain.CRITICAL)
STRIP = 4


def _plain(lattice: str, K: float) -> list[float]:
    """ln Z, energy and critical coupling by integrals."""
    log_partition, _ = plain.LOG_PARTITIONS[lattice]
    return [log_partition(K), plain.bond_energy(lattice, K), plain.CRITICAL[lattice]]


def _critical(found: Evaluation) -> list[float]:
    """ln Z at the critical coupling."""
    return [found.values["lnZ"]]


def _dimensions(found: Evaluation) -> list[float]:
    """The first two gaps and the central charge."""
    return [*found.values["Delta"][1:3], found.values["c"]]


def _another(problem: PlanarIsing) -> PlanarIsing:
    """Another lattice."""
    return replace(problem, graph=square() if problem.graph == triangular() else triangular())


ANOTHER = Mutant("another lattice", _another)

CLAIMS = (
    Claim.of(
        "lattice/planar-ising",
        at=[{"lattice": name, "K": K} for name, K in POINTS],
        witness=lambda rng, effort: [x for point in POINTS for x in _plain(*point)],
        policy=Exact(9),
        mutants=(ANOTHER,),
    ),
    Claim.of(
        "lattice/planar-ising",
        name="critical",
        at=[{"lattice": name} for name, _ in CRITICAL],
        read=_critical,
        witness=lambda rng, effort: [
            plain.LOG_PARTITIONS[name][0](plain.CRITICAL[name]) for name, _ in CRITICAL
        ],
        policy=Exact(10),
        mutants=(ANOTHER,),
    ),
    Claim.of(
        "lattice/tensor",
        at=[{"method": "trg", "steps": 20}, {"method": "hotrg", "steps": 20, "K": 0.3}],
        read=("lnZ",),
        witness=lambda rng, effort: [plain.onsager(plain.CRITICAL["square"]), plain.onsager(0.3)],
        policy=Within((1e-5, 1e-7)),
        mutants=(Mutant("two states", lambda p: replace(p, chi=2)),),
    ),
    Claim.of(
        "lattice/tensor",
        name="strip",
        at=[{"steps": STRIP}],
        read=_dimensions,
        witness=lambda rng, effort: plain.strip(STRIP, plain.CRITICAL["square"]),
        policy=Exact(9),
        mutants=(
            Mutant("a step more", lambda p: replace(p, steps=p.steps + 2)),
            Mutant("four states", lambda p: replace(p, chi=4)),
        ),
    ),
)
