"""Claims on the results on active paths as a user evaluates them: enumeration, trees, networks that
lose weights, and published numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sympy import Integer, Rational

from neurenorm.numerics.claims.active_paths.cavity import TREE_MUTANTS, tree_by_enumeration
from neurenorm.numerics.claims.active_paths.ensemble import Transition
from neurenorm.numerics.simulation.active_paths.cavity_runs import (
    CAPACITY_TEMPERATURES,
    SMALL,
    SMALL_SIZE,
    SMALL_T_VALUE,
    TREES,
    averaged_partition,
    capacity_degrees,
)
from neurenorm.numerics.simulation.active_paths.evaluated import LOOPS, Array, loop_found
from neurenorm.numerics.simulation.active_paths.ground_states import layers_found
from neurenorm.numerics.simulation.active_paths.planted_runs import planted_overlap, removals
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import Mutant, replaced, scaled
from neurenorm.numerics.verification.path_mutants import changed, substituted
from neurenorm.numerics.verification.within import Within
from neurenorm.theory.active_paths.zero_temperature import SCALE, frozen_paths
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

PATHS = symbols("active-paths")
T, C, C0 = PATHS.T, PATHS.c, PATHS.c0


def on_ensemble(name: str, **new: Any) -> Mutant:
    """A mutant of the ensemble inside a stated problem."""
    inner = changed(name, **new)
    return Mutant(name, lambda problem: replace(problem, ensemble=inner.change(problem.ensemble)))


def on_equations(mutant: Mutant) -> Mutant:
    """A mutant of the cavity equations inside a stated problem."""
    return Mutant(
        mutant.name, lambda problem: replace(problem, equations=mutant.change(problem.equations))
    )


def bethe_point(p: int) -> dict[str, Any]:
    """One tree as parameters."""
    rows, J, theta, beta = TREES[p]
    return {"paths": [list(row) for row in rows], "J": list(J), "theta": list(theta), "beta": beta}


def tree_found(p: int) -> Array:
    """ln Z, energy, magnetisations, and ln Z once more."""
    found = tree_by_enumeration(p)
    return np.append(found, found[0])


BEFORE, TARGETS = (
    6,
    (3.12242, 2.80814),
)  # degree before the removal; c_K and c_d at p = 3 and T = 1/2, which trees find in the claim on thresholds


def removals_found(protocol: str) -> Any:
    """The removed fractions that bring networks of degree 6 to the two degrees: removals are tried,
    counted and interpolated.
    """

    return lambda rng, effort: removals(protocol, BEFORE, TARGETS, effort.scale(128, 128), rng)


PUBLISHED = {3: (0.818469, 0.917935), 4: (0.772280, 0.976770), 5: (0.701780, 0.992438)}
"""Paths per weight at which random linear equations over bits get a core, and get unsatisfiable
(Mezard, Ricci-Tersenghi, Zecchina 2003).
"""

TRANSITION = Transition(3, 0.5, (3.05, 3.2), (2.79, 2.83), 0.01)


def transition_read(found: Any) -> Array:
    """c_K in units of its tolerance, and which of two degrees lie above c_d."""
    return np.array(
        [
            found.values["c_K"] / TRANSITION.unit,
            *(float(c > found.values["c_d"]) for c in TRANSITION.ends),
        ]
    )


CLAIMS = (
    Claim.of(
        "active-paths/paramagnet",
        at=[{"p": 3, "T": SMALL_T_VALUE, "c": Rational(3 * len(SMALL), SMALL_SIZE)}],
        read=("phi", "energy", "entropy"),
        statement=(
            "ln Z, energy and entropy of the paramagnet are those of the partition sum averaged "
            "over random signs"
        ),
        witness=averaged_partition,
        policy=Exact(12),
        mutants=(
            scaled("1.000001"),
            replaced("temperature twice as high", substituted(T, 2 * T)),
            replaced("degree off by a hundredth", substituted(C, C + Rational(1, 100))),
        ),
    ),
    Claim.of(
        "active-paths/paramagnet",
        name="capacity",
        at=[{"p": 3, "T": float(t), "c": 1} for t in CAPACITY_TEMPERATURES],
        read=("c_s0",),
        statement=(
            "The paramagnet's entropy vanishes at the degree p over the capacity of the binary "
            "symmetric channel"
        ),
        witness=capacity_degrees,
        policy=Exact(11),
        mutants=(
            scaled("1.0000001"),
            replaced("temperature 0.1 % off", substituted(T, T * Rational(1001, 1000))),
        ),
    ),
    Claim.of(
        "active-paths/planted",
        at=[{"p": 3, "T": 0.5, "c": 4}],
        read=("q",),
        statement=(
            "Inside the planted state the overlap at T = 1/2 and c = 4 is that of the polarised "
            "branch"
        ),
        witness=lambda rng, effort: planted_overlap(24, 4.0, 2.0, 60, rng),
        policy=Sampled(smallest=0.01),
        mutants=(
            on_ensemble("couplings without bias", coupling_mean=lambda e: Integer(0)),
            on_ensemble(
                "a bias at half its temperature", bias=lambda e: e.subs(PATHS.u, PATHS.u / 2)
            ),
        ),
    ),
    Claim.of(
        "active-paths/thresholds",
        at=[{"p": TRANSITION.p, "T": TRANSITION.T}],
        read=transition_read,
        statement=(
            "At p = 3, T = 1/2 trees gain on the paramagnet beyond c_K (± 0.01) and melt below c_d "
            "(between 2.79 and 2.83)"
        ),
        witness=TRANSITION.found,
        policy=Within((1.0, 0.1, 0.1)),
        mutants=(
            on_ensemble("site gain too large by 0.003", site_gain=lambda e: e + Rational(3, 1000)),
            on_ensemble(
                "a bias at 98 % of its size",
                bias=lambda e: e.subs(PATHS.u, PATHS.u * Rational(49, 50)),
            ),
        ),
        effort=Effort.high,
    ),
    *(
        Claim.of(
            "active-paths/critical-removal",
            name="" if protocol == "weights" else protocol,
            at=[{"p": 3, "T": 0.5, "c0": BEFORE, "protocol": protocol}],
            statement=(
                f"Networks of degree 6 that lose the fractions rho_K and rho_d of their {protocol} "
                "have the degrees c_K and c_d"
            ),
            witness=removals_found(protocol),
            policy=Sampled(smallest=0.02),
            mutants=(
                changed(
                    "one layer more",
                    removal=lambda e, power=layers + 1: 1 - (C / C0) ** Rational(1, power),
                ),
                changed("what is left for what is removed", removal=lambda e: 1 - e),
            ),
        )
        for protocol, layers in (("weights", 2), ("paths", 1))
    ),
    Claim.of(
        "active-paths/zero-temperature",
        at=[{"p": p} for p in PUBLISHED],
        read=("c_d", "c_s"),
        statement=(
            "Frozen weights appear, and the last exact solution goes, at the published densities "
            "of random linear equations over bits"
        ),
        witness=lambda rng, effort: [p * alpha for p, row in PUBLISHED.items() for alpha in row],
        policy=Within(3e-6),
        mutants=(
            Mutant("one weight more in each path", lambda problem: frozen_paths(problem.p + 1)),
            changed("gap too large by a thousandth", gap=lambda e: e + Rational(1, 1000)),
        ),
    ),
    Claim.of(
        "active-paths/zero-temperature",
        name="layers",
        at=[{"degrees": [2, 3, 6]}],
        read=("x",),
        statement="Layers of degrees 2, 3 and 6 freeze to their own derived fractions",
        witness=layers_found,
        policy=Sampled(smallest=0.02),
        mutants=(
            changed(
                "degrees 5 % too large",
                equations=lambda rows: tuple(
                    row.subs(SCALE, SCALE * Rational(21, 20)) for row in rows
                ),
            ),
        ),
    ),
    *(
        Claim.of(
            "active-paths/bethe",
            name=f"tree-p{p}" if p > 3 else "",
            at=[bethe_point(p)],
            statement=(
                f"On a tree of paths of {p} weights with fields, the Bethe ln Z, energy and "
                "magnetisations are exact"
            ),
            witness=lambda rng, effort, p=p: tree_found(p),  # type: ignore[misc]
            policy=Exact(10, scale=1.0),
            mutants=tuple(on_equations(mutant) for mutant in TREE_MUTANTS),
        )
        for p in (3, 4)
    ),
    Claim.of(
        "active-paths/bethe",
        name="loop",
        at=[
            {
                "paths": [list(row) for row in LOOPS],
                "J": [1, 1, -1],
                "theta": [0.3, -0.2, 0.5, 0.1, -0.4, 0.2],
                "beta": 0.9,
            }
        ],
        read=lambda found: [found.values["exact_log_z"]] * 2,
        statement="On a frustrated loop the exact ln Z is the sum over all configurations",
        witness=loop_found,
        policy=Exact(12),
        mutants=(
            Mutant(
                "a path left out",
                lambda problem: replace(problem, paths=(*problem.paths[:2], (3, 4, 5))),
            ),
        ),
    ),
)
