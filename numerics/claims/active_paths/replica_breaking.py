"""Claims on ensembles of active paths: the grid, the glass at zero temperature, and one step of
replica-symmetry breaking.

The witnesses grow pools of trees and sum over the signs of the weights of every path
(`neurenorm.numerics.simulation.active_paths.trees`); they know no cavity equation. The identities
that are checked (Parisi parameter 1 is the planted ensemble, the complexity is the slope of the
replicated free energy, the limit of zero temperature) are not built into them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sympy import Integer, Rational

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.active_paths.broken import (
    BLOCKS,
    FINAL,
    HERE,
    ONE_STEP,
    PARISI,
    UNITS,
    Array,
    cold_found,
    large_pool,
    one_step_found,
    slopes,
)
from neurenorm.numerics.simulation.active_paths.trees import grown_ground_states
from neurenorm.numerics.solve.active_paths.density_evolution import DensityEvolution
from neurenorm.numerics.solve.active_paths.replica_breaking import one_step_population
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Sampled
from neurenorm.numerics.verification.path_mutants import changed
from neurenorm.numerics.verification.points import crossing, fitted
from neurenorm.numerics.verification.within import Within
from neurenorm.theory.active_paths.ensemble import PathEnsemble, path_ensemble
from neurenorm.theory.active_paths.zero_temperature import IntegerGlass, integer_glass
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

PATHS = symbols("active-paths")
GLASS = "glass"
COLD = np.array([0.06, 0.08, 0.1, 0.12])


def grid_point(ensemble: PathEnsemble, effort: Effort) -> Array:
    """Overlap in units of 5e-4 and gap in units of 0.004, on the grid, at T = 1/2 and c = 4."""
    point = DensityEvolution(ensemble, 0.5, 0.1).solve(4.0)
    return np.array([point.q / 5e-4, point.gap / 0.004])


def integer_predicted(glass: IntegerGlass, effort: Effort) -> float:
    """Energy of integer fields at c = 3.9."""
    (rate,) = glass.degree.free_symbols
    degree, energy = (compiled(e, [rate]) for e in (glass.degree, glass.energy))
    return float(energy(crossing(degree, 3.9, 1.0, 6.0)))


def integer_found(
    size: int, rounds: int, measured: int
) -> Callable[[np.random.Generator, Effort], Estimate]:
    """The same from pools of trees whose first energies are whole."""

    def found(rng: np.random.Generator, effort: Effort) -> Estimate:
        pools = (
            grown_ground_states(
                3, 3.9, rng, spread=0.0, size=size, rounds=rounds, measured=measured
            )
            for _ in range(BLOCKS)
        )
        return Estimate.from_blocks([pool.mean() for pool in pools])

    return found


def cold_limit(ensemble: PathEnsemble, effort: Effort) -> float:
    """Energy of the replica-symmetric glass at c = 3.9, its temperature going to zero: a parabola
    in T through cold solutions.
    """
    energies = [
        DensityEvolution(ensemble, float(T), 0.1, largest_degree=4.0)
        .solve(3.9, tolerance=1e-9)
        .energy
        for T in COLD
    ]
    return float(fitted(COLD, energies, 2)(0.0))


def planted_predicted(ensemble: PathEnsemble, effort: Effort) -> Array:
    """Overlap, phi(1) above the paramagnet (none) and complexity (minus the gap) at T = 1/2, c = 3,
    in units of their tolerances, of the planted ensemble.
    """
    point = DensityEvolution(ensemble, 0.5, 0.1).solve(3.0)
    return np.array([point.q, 0.0, -point.gap]) / ONE_STEP


def complexities(ensemble: PathEnsemble, effort: Effort) -> Array:
    """Complexity at x = 0.5 and 0.65 (T = 1/2, c = 4), for both witnesses, and the x at which it
    vanishes, in units of tolerances: a line through all x.
    """
    rng = np.random.default_rng(11)
    sigma = [
        one_step_population(ensemble, 0.5, 4.0, float(x), rng, **FINAL).complexity for x in PARISI
    ]
    line = fitted(PARISI, sigma, 1)
    return np.concatenate([np.tile(line(HERE), 2), line.roots()]) / UNITS


WITHIN = Within(1.0)  # entries are in units of their tolerance: they may differ by one

CLAIMS = (
    Claim(
        "active-paths/population",
        "100000 trees, summed weight by weight, at T = 1/2 and c = 4 have the overlap (±5e-4) and "
        "the gap (±0.004) of the grid",
        lambda: path_ensemble(3),
        grid_point,
        large_pool,
        WITHIN,
        (
            changed("site gain off by 0.1 %", site_gain=lambda e: e * Rational(1001, 1000)),
            changed(
                "a bias at 98 % of its size",
                bias=lambda e: e.subs(PATHS.u, PATHS.u * Rational(49, 50)),
            ),
        ),
        Effort.default,
    ),
    *(
        Claim(
            f"active-paths/integer-glass{name}",
            "The energy of the glass with integer fields at T = 0 and c = 3.9 is that of its "
            f"closed form, to {smallest}",
            lambda: integer_glass(3),
            integer_predicted,
            integer_found(*pool),
            Sampled(smallest=smallest, relative=False),
            (
                changed(
                    f"degree off by {percent} %",
                    degree=lambda e, percent=percent: e * (1 + Rational(percent, 100)),
                ),
            ),
            effort,
        )
        for name, smallest, pool, percent, effort in (
            ("", 0.01, (2500, 46, 32), 3, Effort.default),
            ("-in-large-pools", 0.004, (12_000, 60, 40), 1, Effort.high),
        )
    ),
    Claim(
        "active-paths/glass-ground-state",
        "The replica-symmetric glass at T = 0 and c = 3.9 with fields of any size is the limit of "
        "the branch at positive temperature",
        lambda: path_ensemble(3, GLASS),
        cold_limit,
        cold_found,
        Sampled(smallest=0.004, relative=False),
        (
            changed("energy 0.4 % off", path_energy=lambda e: e * Rational(251, 250)),
            changed(
                "a bias at 99 % of its size",
                bias=lambda e: e.subs(PATHS.u, PATHS.u * Rational(99, 100)),
            ),
        ),
        Effort.high,
    ),
    Claim(
        "active-paths/one-step-at-parisi-1",
        "At Parisi parameter 1 the glass has the overlap of the planted ensemble, the free energy "
        "of the paramagnet and minus the planted gap as complexity",
        lambda: path_ensemble(3),
        planted_predicted,
        one_step_found,
        WITHIN,
        (
            changed("couplings without bias", coupling_mean=lambda e: Integer(0)),
            changed(
                "a bias at 97 % of its size",
                bias=lambda e: e.subs(PATHS.u, PATHS.u * Rational(97, 100)),
            ),
            changed("site gain off by 1.5 %", site_gain=lambda e: e * Rational(203, 200)),
        ),
        Effort.high,
    ),
    Claim(
        "active-paths/complexity",
        "The complexity of the glass at T = 1/2 and c = 4 is that of trees in many states, with "
        "its zero, and minus x^2 times the slope of their free energy",
        lambda: path_ensemble(3, GLASS),
        complexities,
        slopes,
        WITHIN,
        (
            changed(
                "paths taken off once more than their edges ask for", path_count=lambda e: 3 * e / 2
            ),
            changed("sites weigh 20 % more", site_gain=lambda e: e * Rational(6, 5)),
        ),
        Effort.high,
    ),
)
