"""Claims on the polarised branch of active paths against Monte Carlo that starts from planted
weights, with signs and with Gaussian couplings; hysteresis.

The witnesses hold plain arrays of paths; none of them sees a density.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sympy import Integer, Rational

from neurenorm.graphs.paths import ActivePaths, disjoint_union, random_active_paths
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.active_paths.dynamics import PathMonteCarlo, hysteresis
from neurenorm.numerics.simulation.active_paths.instances import couplings
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
Array = NDArray[np.float64]
C, C0, RHO, SMALL_T = PATHS.c, PATHS.c0, PATHS.rho, PATHS.t
NETWORKS = 128


def planted_chain(
    networks: list[ActivePaths], beta: float, rng: np.random.Generator, kind: str = "planted"
) -> tuple[PathMonteCarlo, Array]:
    """Put planted networks side by side and start from the planted weights, which are an
    equilibrium state.
    """
    union = disjoint_union(networks)
    hidden = rng.choice([-1.0, 1.0], union.size)
    return PathMonteCarlo(
        union, couplings(union, kind, rng, beta=beta, hidden=hidden), beta, hidden, rng
    ), hidden


def planted_overlap(
    width: int, degree: float, beta: float, sweeps: int, rng: np.random.Generator
) -> Estimate:
    """Overlap with the planted weights inside their state, on independent networks that run side by
    side.
    """
    networks = [
        random_active_paths((width,) * 4, round(degree * width * width), rng)
        for _ in range(NETWORKS)
    ]
    chain, hidden = planted_chain(networks, beta, rng)
    chain.sweep(sweeps)
    return Estimate.from_blocks(chain.measure(sweeps, hidden)[0])


def wide_overlap(degree: float, beta: float, sweeps: int, rng: np.random.Generator) -> Estimate:
    """The same from two widths, with the term of the order 1/n (loops through shared units)
    extrapolated away.
    """
    return 2 * planted_overlap(48, degree, beta, sweeps, rng) - planted_overlap(
        24, degree, beta, sweeps, rng
    )


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


def energy_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Energy per weight of planted networks in their planted state, long after the start."""
    networks = [random_active_paths((20,) * 4, 1600, rng) for _ in range(NETWORKS)]
    chain, hidden = planted_chain(networks, 2.0, rng)
    chain.sweep(30)
    return Estimate.from_blocks(chain.measure(40, hidden)[1])


def energy_predicted(ensemble: PathEnsemble, effort: Effort) -> float:
    """Energy of the polarised branch."""
    return DensityEvolution(ensemble, 0.5).solve(4.0).energy


def added_path_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Mean growth of ln Z beyond ln cosh(beta) when one more planted path is added, at T = 1/2 and
    c = 4.

    One path multiplies Z by cosh(beta) (1 + t J y), where y is the mean of its product in the
    state, and J = ±1 has the probability (1 + t J y)/2; y is averaged over time for random triples
    of weights that no path joins. What the noise of y adds to the mean of a convex function falls
    with the time of the average, so both halves of the time are taken as well, and it is
    extrapolated away.
    """
    t, width, tests, sweeps, many = math.tanh(2.0), 20, 1000, 200, 2 * NETWORKS
    networks = [random_active_paths((width,) * 4, 4 * width**2, rng) for _ in range(many)]
    chain, _ = planted_chain(networks, 2.0, rng)
    starts = np.array([[layer.start + k * width**2 for layer in chain.layers] for k in range(many)])
    triples = starts[:, None, :] + rng.integers(0, width**2, (many, tests, 3))
    chain.sweep(30)
    halves = np.zeros((2, many, tests))
    for step in range(sweeps):
        chain.sweep()
        halves[2 * step // sweeps] += chain.weights[triples].prod(axis=2) / (sweeps // 2)
    return Estimate.from_blocks(
        2 * _growth(halves.mean(axis=0), t) - (_growth(halves[0], t) + _growth(halves[1], t)) / 2
    )


def _growth(y: Array, t: float) -> Array:
    """Mean over the tests of ln(1 + t J y) under the probability (1 + t J y)/2 of J = 1 and -1, in
    each network.
    """
    return np.asarray(
        np.mean(sum((1 + sign * t * y) / 2 * np.log1p(sign * t * y) for sign in (1, -1)), axis=1)
    )


def added_path_predicted(ensemble: PathEnsemble, effort: Effort) -> float:
    """The derivative of the gap by alpha = c/p, as a difference between two degrees."""
    evolution, step = DensityEvolution(ensemble, 0.5, 0.02, largest_degree=5.0), 0.1
    low, high = evolution.solve(4.0 - step), evolution.solve(4.0 + step)
    return (high.gap - low.gap) / (2 * step / ensemble.p)


def gaussian_overlap(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Overlap with the planted weights at T = 1/2 and c = 8 where couplings are standard normal in
    size, and the energy per weight.
    """
    networks = [random_active_paths((24,) * 4, 8 * 576, rng) for _ in range(NETWORKS)]
    chain, hidden = planted_chain(networks, 2.0, rng, kind="planted_gauss")
    chain.sweep(40)
    return Estimate.from_blocks(np.stack(chain.measure(40, hidden), axis=1))


def gaussian_branch(ensemble: PathEnsemble, effort: Effort) -> Array:
    """Magnetisation and energy of the polarised branch there."""
    point = DensityEvolution(ensemble, 0.5).solve(8.0)
    return np.array([point.m, point.energy])


LOOP_REMOVALS = (0.0, 0.08, 0.12, 0.2, 0.28, 0.34, 0.4)
GLASSY, MELTED, RESTORED = (0.0, 0.08, 0.12), (0.4,), (0.34, 0.4)


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


def loop_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """The same from networks of two widths, with the term of the order 1/n (loops through shared
    units) extrapolated away where it is not zero by symmetry.
    """
    extrapolated = len(GLASSY) + len(MELTED) + len(RESTORED)
    wide, narrow = (
        np.concatenate([np.full(extrapolated, number), np.full(len(LOOP_REMOVALS), rest)])
        for number, rest in ((2.0, 1.0), (1.0, 0.0))
    )
    return Estimate.from_blocks(
        [wide * loop_row(40, rng) - narrow * loop_row(20, rng) for _ in range(NETWORKS)]
    )


def loop_row(width: int, rng: np.random.Generator) -> Array:
    """The loop of one network."""
    at = {rho: k for k, rho in enumerate(LOOP_REMOVALS)}
    network = random_active_paths((width,) * 4, 8 * width**2, rng)
    hidden = rng.choice([-1.0, 1.0], network.size)
    J = couplings(network, "planted", rng, beta=1.0, hidden=hidden)
    loop = hysteresis(network, J, 1.0, hidden, LOOP_REMOVALS, rng, settle=300, measured=150)
    kept = [loop.overlap[at[rho]] for rho in (*GLASSY, *MELTED)]
    return np.array(
        [*kept, *(loop.back_energy[at[rho]] / 2 for rho in RESTORED), *loop.back_overlap]
    )


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
