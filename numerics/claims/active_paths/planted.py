"""Claims on the polarised branch of active paths against Monte Carlo that starts from planted
weights, with signs and with Gaussian couplings; hysteresis.

The witnesses hold plain arrays of paths; none of them sees a density.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sympy import Integer, Rational

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.active_paths.planted_runs import (
    GLASSY,
    LOOP_REMOVALS,
    MELTED,
    RESTORED,
    Array,
    added_path_found,
    energy_found,
    gaussian_overlap,
    loop_found,
    wide_overlap,
)
from neurenorm.numerics.solve.active_paths.density_evolution import DensityEvolution
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Sampled
from neurenorm.numerics.verification.path_mutants import changed, substituted
from neurenorm.theory.active_paths.couplings import gaussian_sizes, unit_sizes
from neurenorm.theory.active_paths.ensemble import (
    CriticalRemoval,
    PathEnsemble,
    critical_removal,
    paramagnet,
    path_ensemble,
)
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

PATHS = symbols("active-paths")
C, C0, RHO, SMALL_T = PATHS.c, PATHS.c0, PATHS.rho, PATHS.t


def overlap_predicted(degree: float, temperature: float) -> Callable[[PathEnsemble, Effort], float]:
    """The mean magnetisation of the polarised branch."""

    def predict(ensemble: PathEnsemble, effort: Effort) -> float:
        """Solve density evolution."""
        return DensityEvolution(ensemble, temperature).solve(degree).m

    return predict


ENSEMBLE_MUTANTS = (
    changed("couplings without bias", coupling_mean=lambda e: Integer(0)),
    changed("a bias at half its temperature", bias=lambda e: e.subs(PATHS.u, PATHS.u / 2)),
)


def energy_predicted(ensemble: PathEnsemble, effort: Effort) -> float:
    """Energy of the polarised branch."""
    return DensityEvolution(ensemble, 0.5).solve(4.0).energy


def added_path_predicted(ensemble: PathEnsemble, effort: Effort) -> float:
    """The derivative of the gap by alpha = c/p, as a difference between two degrees."""
    evolution, step = DensityEvolution(ensemble, 0.5, 0.02, largest_degree=5.0), 0.1
    low, high = evolution.solve(4.0 - step), evolution.solve(4.0 + step)
    return (high.gap - low.gap) / (2 * step / ensemble.p)


def gaussian_branch(ensemble: PathEnsemble, effort: Effort) -> Array:
    """Magnetisation and energy of the polarised branch there."""
    point = DensityEvolution(ensemble, 0.5).solve(8.0)
    return np.array([point.m, point.energy])


def loop_predicted(problem: CriticalRemoval, effort: Effort) -> Array:
    """Overlaps along a loop of removals at T = 1 and c0 = 8, and half the energies of restored
    weights where they are in equilibrium.

    A planted start stays on the polarised branch at the lowered degree and melts beyond its end;
    restored weights stay without overlap, and have the energy of the paramagnet above the removal
    at which glassy states appear.
    """
    degree = compiled(problem.degree, [C0, RHO])
    evolution = DensityEvolution(problem.ensemble, 1.0)
    out = [evolution.solve(float(degree(8.0, rho)), tolerance=1e-8).m for rho in (*GLASSY, *MELTED)]
    energy = compiled(paramagnet(problem.ensemble.p).values["energy"], [PATHS.T, C])
    back = [float(energy(1.0, float(degree(8.0, rho)))) / 2 for rho in RESTORED]
    return np.array([*out, *back, *np.zeros(len(LOOP_REMOVALS))])


CLAIMS = (
    Claim(
        "active-paths/gaussian-planted-branch",
        "With couplings of standard normal size, overlap and energy inside the planted state at T "
        "= 1/2 and c = 8 are those of the polarised branch",
        lambda: path_ensemble(3, sizes=gaussian_sizes()),
        gaussian_branch,
        gaussian_overlap,
        Sampled(smallest=0.02),
        (
            *ENSEMBLE_MUTANTS,
            changed("couplings of size one", sizes=lambda law: unit_sizes()),
            changed("signs that do not know the size", coupling_mean=lambda e: Rational(9, 10)),
        ),
    ),
    Claim(
        "active-paths/planted-energy",
        "The energy of the polarised branch at T = 1/2 and c = 4",
        lambda: path_ensemble(3),
        energy_predicted,
        energy_found,
        Sampled(smallest=0.01),
        (
            changed("t at half its value", path_energy=substituted(SMALL_T, SMALL_T / 2)),
            changed("paths per weight off by one", energy_count=lambda e: 4 * e / 3),
        ),
    ),
    Claim(
        "active-paths/planted-free-energy",
        "The free energy of the polarised branch grows with every added path as the path's mean "
        "product in the state says",
        lambda: path_ensemble(3),
        added_path_predicted,
        added_path_found,
        Sampled(smallest=0.02),
        (
            changed(
                "paths taken off once more than their edges ask for", path_count=lambda e: 3 * e / 2
            ),
            changed("biases without their size", message_gain=lambda e: Integer(0)),
            changed("path gain without t", path_gain=substituted(SMALL_T, SMALL_T / 2)),
            changed("site gain off by 2 %", site_gain=lambda e: e * Rational(51, 50)),
        ),
    ),
    Claim(
        "active-paths/hysteresis",
        "At T = 1 and c0 = 8, a planted state losing weights follows the polarised branch and "
        "melts beyond its end; weights restored never find it",
        lambda: critical_removal(3),
        loop_predicted,
        loop_found,
        Sampled(smallest=0.045, relative=False),
        (
            changed("one layer more", degree=lambda e: e * (1 - RHO)),
            changed("one layer less", degree=lambda e: e / (1 - RHO)),
        ),
        Effort.high,
    ),
    *(
        Claim(
            f"active-paths/glass-melts-at-rho-{rho}",
            f"Removing {rho} of the connections at T = 1 and c0 = 8 leaves the overlap of the "
            "polarised branch at the lowered degree",
            lambda: path_ensemble(3),
            overlap_predicted(8 * (1 - rho) ** 2, 1.0),
            lambda rng, effort, rho=rho: wide_overlap(8 * (1 - rho) ** 2, 1.0, 150, rng),  # type: ignore[misc]
            Sampled(smallest=0.03),
            ENSEMBLE_MUTANTS,
            Effort.high,
        )
        for rho in (0.08, 0.12)
    ),
)
