"""Claims on hierarchical lattices in several couplings, against plain matrices and enumeration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from neurenorm.numerics.evaluate import Evaluation
from neurenorm.numerics.simulation.lattice import hierarchical as plain
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.theory.lattice.phases import OfWeights

__all__ = ["CLAIMS"]

FREE: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"model": "ising", "couplings": [0.3]}, "ising", "diamond"),
    ({"model": "ising", "couplings": [0.8]}, "ising", "diamond"),
    ({"model": "ising-in-field", "couplings": [0.3, 0.2]}, "ising-in-field", "diamond"),
    (
        {"model": "lattice-gas", "cell": "wheatstone", "couplings": [1.2, -0.8]},
        "lattice-gas",
        "wheatstone",
    ),
    ({"model": "potts", "q": 3, "couplings": [0.8]}, "potts3", "diamond"),
    ({"model": "beg", "couplings": [0.7, 0.3, 0.4]}, "beg", "diamond"),
    ({"model": "clock", "q": 5, "couplings": [0.9, -0.1]}, "clock5", "diamond"),
    (
        {"model": "ashkin-teller", "cell": "wheatstone", "couplings": [0.5, 0.2]},
        "ashkin-teller",
        "wheatstone",
    ),
)
POINTS: tuple[tuple[dict[str, Any], Any, str], ...] = (
    ({"model": "ising"}, [[0, 1], [1, 0]], "diamond"),
    ({"model": "beg"}, [[0, 1, 2], [1, 3, 1], [2, 1, 0]], "diamond"),
    (
        {"model": "ashkin-teller"},
        [[0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]],
        "diamond",
    ),
)
TRICRITICAL = (
    ({"cell": "diamond"}, "diamond", (2.1, 0.05, 1.0)),
    ({"series": 2, "parallel": 4}, "four branches", (0.41, -0.02, 0.06)),
)
LINES: tuple[tuple[dict[str, Any], str, Callable[[float], list[float]], float], ...] = (
    ({"L": -0.2}, "ashkin-teller", lambda x: [x, -0.2], 1.2),
    ({"L": 0}, "ising", lambda x: [x], 1.2),
    ({"L": 0.2}, "ashkin-teller", lambda x: [x, 0.2], 1.2),
    ({"model": "blume-capel", "L": 0.2}, "beg", lambda x: [x, 0, 0.2], 2.0),
    ({"model": "blume-capel", "L": 1.0}, "beg", lambda x: [x, 0, 1.0], 4.0),
)


def _free(question: dict[str, Any], model: str, cell: str) -> list[float]:
    """Couplings, constant and free energy by enumeration and by matrices."""
    couplings = question["couplings"]
    return [*plain.bond_read_off(model, couplings, cell), plain.free_energy(model, couplings, cell)]


def _sorted_exponents(rows: list[list[float]]) -> list[float]:
    """The number of points, and their exponents in order, those below -9 as -9."""
    clipped = sorted([max(round(float(y), 7), -9.0) for y in row] for row in rows)
    return [float(len(rows)), *np.ravel(clipped)]


def _read_points(found: Evaluation) -> list[float]:
    """What a search found, in order."""
    return _sorted_exponents(found.values["y"])


def _isolated(rng: np.random.Generator, effort: object) -> list[float]:
    """All points of all models by searches from random starts."""
    found: list[float] = []
    for _, pairs, cell in POINTS:
        rows = plain.isolated_points(np.array(pairs), cell, 100, rng)
        found += _sorted_exponents([list(row) for row in rows])
    return found


def _tricritical(cell: str, start: tuple[float, ...]) -> list[float]:
    """Couplings, exponents and their ratio."""
    point, y = plain.tricritical(cell, start)
    return [*point, y[0], y[1], y[1] / y[0]]


def with_bond(problem: OfWeights) -> OfWeights:
    """The step of a cell whose terminals share a bond besides."""
    weights = problem.weights
    unit = range(len(weights.state))
    longer = tuple(
        {
            tuple(k + (i == j) for j, k in zip(unit, powers, strict=True)): c
            for powers, c in p.items()
        }
        for i, p in enumerate(weights.polynomials)
    )
    return replace(problem, weights=replace(weights, polynomials=longer, bonds=weights.bonds + 1))


def other_scale(problem: OfWeights) -> OfWeights:
    """The step of a longer cell."""
    return replace(problem, weights=replace(problem.weights, scale=problem.weights.scale + 1))


WITH_BOND = Mutant("a bond between the terminals more", with_bond)
SCALE = Mutant("a longer cell", other_scale)
FEWER = Mutant(
    "one bond less per cell",
    lambda p: replace(p, weights=replace(p.weights, bonds=p.weights.bonds - 1)),
)

CLAIMS = (
    Claim.of(
        "lattice/bond-free-energy",
        at=[question for question, _, _ in FREE],
        witness=lambda rng, effort: [x for case in FREE for x in _free(*case)],
        policy=Exact(11, scale=0.01),
        mutants=(WITH_BOND, FEWER),
    ),
    Claim.of(
        "lattice/phase-points",
        at=[question for question, _, _ in POINTS],
        read=_read_points,
        witness=_isolated,
        policy=Exact(5, scale=1.0),
        mutants=(SCALE,),
    ),
    Claim.of(
        "lattice/beg-tricritical",
        at=[question for question, _, _ in TRICRITICAL],
        witness=lambda rng, effort: [
            x for _, cell, start in TRICRITICAL for x in _tricritical(cell, start)
        ],
        policy=Exact(8, scale=0.1),
        mutants=(SCALE,),
    ),
    Claim.of(
        "lattice/blume-capel-tricritical",
        at=[question for question, _, _ in TRICRITICAL],
        witness=lambda rng, effort: [
            x
            for _, cell, start in TRICRITICAL
            for x in plain.plane_point(cell, plain.tricritical(cell, start)[0])
        ],
        policy=Exact(7),
        mutants=(
            Mutant("the plane K = 1/100", lambda p: replace(p, held=dict.fromkeys(p.held, 0.01))),
        ),
    ),
    Claim.of(
        "lattice/critical-line",
        at=[question for question, *_ in LINES],
        witness=lambda rng, effort: [
            plain.critical_coupling(model, couplings, 0.1, high)
            for _, model, couplings, high in LINES
        ],
        policy=Exact(11),
        mutants=(WITH_BOND,),
    ),
)
