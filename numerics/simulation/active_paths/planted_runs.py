"""Planted instances, drawn and run."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.paths import ActivePaths, disjoint_union, random_active_paths
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.active_paths.dynamics import PathMonteCarlo, hysteresis
from neurenorm.numerics.simulation.active_paths.instances import couplings
from neurenorm.numerics.simulation.work import Work

__all__ = [
    "GLASSY",
    "LOOP_REMOVALS",
    "MELTED",
    "NETWORKS",
    "RESTORED",
    "Array",
    "added_path_found",
    "energy_found",
    "gaussian_overlap",
    "loop_found",
    "loop_row",
    "planted_chain",
    "planted_overlap",
    "wide_overlap",
]

Array = NDArray[np.float64]

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
    """Overlap with the planted weights of infinitely wide networks: twice that of width 48 minus
    that of width 24, which cancels the term of order 1/n (loops through shared units).
    """
    return 2 * planted_overlap(48, degree, beta, sweeps, rng) - planted_overlap(
        24, degree, beta, sweeps, rng
    )


def energy_found(rng: np.random.Generator, effort: Work) -> Estimate:
    """Energy per weight of planted networks in their planted state, long after the start."""
    networks = [random_active_paths((20,) * 4, 1600, rng) for _ in range(NETWORKS)]
    chain, hidden = planted_chain(networks, 2.0, rng)
    chain.sweep(30)
    return Estimate.from_blocks(chain.measure(40, hidden)[1])


def added_path_found(rng: np.random.Generator, effort: Work) -> Estimate:
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


def gaussian_overlap(rng: np.random.Generator, effort: Work) -> Estimate:
    """Overlap with the planted weights at T = 1/2 and c = 8 where couplings are standard normal in
    size, and the energy per weight.
    """
    networks = [random_active_paths((24,) * 4, 8 * 576, rng) for _ in range(NETWORKS)]
    chain, hidden = planted_chain(networks, 2.0, rng, kind="planted_gauss")
    chain.sweep(40)
    return Estimate.from_blocks(np.stack(chain.measure(40, hidden), axis=1))


LOOP_REMOVALS = (0.0, 0.08, 0.12, 0.2, 0.28, 0.34, 0.4)

GLASSY, MELTED, RESTORED = (0.0, 0.08, 0.12), (0.4,), (0.34, 0.4)


def loop_found(rng: np.random.Generator, effort: Work) -> Estimate:
    """The loop of infinitely wide networks, from widths 40 and 20: the term of order 1/n (loops
    through shared units) is extrapolated away where it is not zero by symmetry.
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
