"""Replica-symmetry breaking by plain numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.active_paths.trees import (
    TreePool,
    grown_ground_states,
    grown_states,
    grown_trees,
)
from neurenorm.numerics.simulation.work import Work

__all__ = [
    "BLOCKS",
    "FINAL",
    "HERE",
    "ONE_STEP",
    "PARISI",
    "UNITS",
    "Array",
    "cold_found",
    "large_pool",
    "one_step_found",
    "slopes",
]

Array = NDArray[np.float64]

BLOCKS = 128


def large_pool(rng: np.random.Generator, effort: Work) -> Array:
    """Overlap, and gain of a path in ln Z, of a planted pool of 1e5 trees (p = 3, T = 1/2, c = 4), in
    units of 5e-4 and 0.004.
    """
    pool = grown_trees(3, 0.5, 4.0, "planted", rng, size=100_000, rounds=70, measured=40)
    return np.array([pool.overlap.mean() / 5e-4, pool.gain.mean() / 0.004])


def cold_found(rng: np.random.Generator, effort: Work) -> Estimate:
    """Ground states of pools of trees (p = 3, c = 3.9), whose first energies are spread by 5 %."""
    pools = (
        grown_ground_states(3, 3.9, rng, spread=0.05, size=4000, rounds=140, measured=70)
        for _ in range(BLOCKS)
    )
    return Estimate.from_blocks([pool.mean() for pool in pools])


ONE_STEP = np.array([0.005, 0.008, 0.02])  # overlap, phi(1) above the paramagnet, complexity


def one_step_found(rng: np.random.Generator, effort: Work) -> Array:
    """Overlap, phi(1) and complexity of trees of the glass in many states at x = 1; what 1/states
    adds to free energies is extrapolated away.

    The mean of many pools, whose standard error is a tenth of the tolerances; what is left of the
    finite number of trees and states is less than half of them.
    """
    rows = []
    for _ in range(BLOCKS // 2):
        few, many = (
            grown_states(3, 0.5, 3.0, 1.0, rng, size=300, states=s, rounds=r, measured=r - 30)
            for s, r in ((100, 60), (200, 100))
        )
        phi, sigma = (
            2 * large - small for large, small in zip(_free(many), _free(few), strict=True)
        )
        rows.append(np.array([many.overlap.mean(), phi, sigma]) / ONE_STEP)
    return np.asarray(np.mean(rows, axis=0))


def _free(pool: TreePool) -> tuple[float, float]:
    """phi above the paramagnet, and complexity, at x = 1."""
    return float(pool.gain.mean()), float((pool.gain - pool.inner).mean())


PARISI = np.linspace(0.45, 0.85, 7)

FINAL = {"size": 400, "states": 400, "rounds": 36, "measured": 18}

HERE = np.array([0.5, 0.65])

UNITS = np.array(
    [0.02, 0.035, 0.02, 0.02, 0.07]
)  # several standard errors of pools of this size: slope, complexity, and where it vanishes


def slopes(rng: np.random.Generator, effort: Work) -> Array:
    """The complexity from pools of trees in two ways: Sigma(x) = -x^2 dphi/dx, with phi a parabola
    in x; and Sigma = x (phi - inner phi), a line in x.
    """
    seed = int(
        rng.integers(2**32)
    )  # one for all x: the noise that they share drops out of the slope
    pools = [
        grown_states(3, 0.5, 4.0, float(x), np.random.default_rng(seed), **FINAL) for x in PARISI
    ]
    slope = np.polynomial.Polynomial.fit(PARISI, [pool.gain.mean() for pool in pools], 2).deriv()(
        HERE
    )
    line = np.polynomial.Polynomial.fit(
        PARISI,
        [x * (pool.gain - pool.inner).mean() for x, pool in zip(PARISI, pools, strict=True)],
        1,
    )
    return np.concatenate([-(HERE**2) * slope, line(HERE), line.roots()]) / UNITS
