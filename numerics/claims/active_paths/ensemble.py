"""Claims on the branches of density evolution, point by point and at both transitions, against
pools of trees that are summed sign by sign.

The witness (`neurenorm.numerics.simulation.active_paths.trees`) knows neither the cavity equations
nor the Bethe free energy in closed form; it adds up Boltzmann weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sympy import Rational

from neurenorm.numerics.simulation.active_paths.trees import grown_trees
from neurenorm.numerics.solve.active_paths.density_evolution import DensityEvolution
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.path_mutants import changed
from neurenorm.numerics.verification.within import Within
from neurenorm.theory.active_paths.ensemble import (
    PathEnsemble,
    path_ensemble,
    poisson_degrees,
    regular_degrees,
)
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

PATHS = symbols("active-paths")
Array = NDArray[np.float64]
WITHIN = Within(1.0)  # entries are in units of their tolerance
GLASS = "glass"
UNITS = np.array(
    [0.004, 0.006, 0.006, 0.012]
)  # overlap, gap, energy, entropy: several standard errors of the pools below


@dataclass(frozen=True)
class Branch:
    """Points of one branch: an ensemble, and temperatures with degrees."""

    name: str
    words: str
    p: int
    disorder: str
    points: tuple[tuple[float, float], ...]
    regular: int = 0
    size: int = 40_000

    def ensemble(self) -> PathEnsemble:
        """The derived expressions."""
        return path_ensemble(
            self.p,
            self.disorder,
            regular_degrees(self.regular) if self.regular else poisson_degrees(),
        )

    def predicted(self, ensemble: PathEnsemble, effort: Effort) -> Array:
        """Overlap, gap, energy and entropy at every point, on a grid."""
        rows = []
        for T, c in self.points:
            point = DensityEvolution(ensemble, T, 0.1, largest_degree=max(c, 8.0)).solve(
                c, tolerance=1e-9
            )
            rows.append(np.array([point.q, point.gap, point.energy, point.entropy]) / UNITS)
        return np.array(rows)

    def found(self, rng: np.random.Generator, effort: Effort) -> Array:
        """The same from pools; the entropy is ln Z and the energy put together by hand."""
        rows = []
        for T, c in self.points:
            pool = grown_trees(
                self.p,
                T,
                c,
                self.disorder,
                rng,
                size=self.size,
                rounds=70,
                measured=45,
                regular=bool(self.regular),
            )
            gap, energy = pool.gain.mean(), pool.energy.mean()
            entropy = math.log(2) + c / self.p * math.log(math.cosh(1 / T)) + gap + energy / T
            rows.append(np.array([pool.overlap.mean(), gap, energy, entropy]) / UNITS)
        return np.array(rows)


def branch_claim(branch: Branch, effort: Effort = Effort.default) -> Claim:
    """A branch as a claim."""
    return Claim(
        f"active-paths/trees-{branch.name}",
        f"Overlap, free energy, energy and entropy of {branch.words} are those of trees summed "
        "sign by sign",
        branch.ensemble,
        branch.predicted,
        branch.found,
        WITHIN,
        (
            changed("site gain too large by 0.01", site_gain=lambda e: e + Rational(1, 100)),
            changed("path gain off by 5 %", path_gain=lambda e: e * Rational(21, 20)),
            changed("path energy off by 2 %", path_energy=lambda e: e * Rational(51, 50)),
            changed("free paths counted 5 % more", free_path=lambda e: e * Rational(21, 20)),
        ),
        effort,
    )


BRANCHES = (
    (
        Branch(
            "polarised",
            "the polarised branch at T = 1/2 on both sides of the transition",
            3,
            "planted",
            ((0.5, 3.0), (0.5, 3.2)),
        ),
        Effort.default,
    ),
    (
        Branch(
            "two-weights",
            "paths of two weights just above the continuous onset",
            2,
            "planted",
            ((1.0, 2.069), (1.0, 3.5)),
        ),
        Effort.default,
    ),
    (
        Branch(
            "regular",
            "weights that all lie in four paths, below and above T_K",
            3,
            "planted",
            ((0.62, 4.0), (0.7, 4.0)),
            regular=4,
        ),
        Effort.default,
    ),
    (
        Branch(
            "glass",
            "the replica-symmetric glass at T = 1/2, whose entropy is negative",
            3,
            GLASS,
            ((0.5, 6.0),),
            size=60_000,
        ),
        Effort.default,
    ),
    (
        Branch(
            "cold-glass",
            "the replica-symmetric glass at T = 1/5, whose entropy is negative",
            3,
            GLASS,
            ((0.2, 3.9),),
            size=150_000,
        ),
        Effort.high,
    ),
    (
        Branch(
            "ferro",
            "ferromagnetic couplings near their first-order point",
            3,
            "ferro",
            ((0.5, 2.83), (1.0, 3.39)),
        ),
        Effort.default,
    ),
    (
        Branch(
            "four-weights",
            "paths of four weights near the transition at T = 1",
            4,
            "planted",
            ((1.0, 7.6), (1.0, 8.2)),
        ),
        Effort.high,
    ),
)


@dataclass(frozen=True)
class Transition:
    """One row of thresholds: the degree c_K by the sign of the gap, c_d by whether certain leaves
    melt.
    """

    p: int
    T: float
    around: tuple[float, float]  # degrees below and above c_K
    ends: tuple[float, float]  # degrees just below and just above c_d
    unit: float  # tolerance of c_K

    def found(self, rng: np.random.Generator, effort: Effort) -> Array:
        """The same from pools: a line through the gaps on both sides, and what is left of certain
        leaves after many rounds.
        """
        near = [
            grown_trees(
                self.p, self.T, c, "planted", rng, size=100_000, rounds=90, measured=60
            ).gain.mean()
            for c in self.around
        ]
        low, high = self.around
        crossing = low - near[0] * (high - low) / (near[1] - near[0])
        left = [
            grown_trees(
                self.p, self.T, c, "planted", rng, size=60_000, rounds=400, measured=5
            ).overlap.mean()
            for c in self.ends
        ]
        return np.array(
            [
                crossing / self.unit,
                *np.select([np.array(left) > 0.4, np.array(left) < 0.02], [1.0, 0.0], 0.5),
            ]
        )


CLAIMS = (*(branch_claim(branch, effort) for branch, effort in BRANCHES),)
