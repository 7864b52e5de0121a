"""Claims on single instances of active paths: cavity equations and the paramagnet against
enumeration.

The witnesses hold plain arrays of paths; none of them sees a message.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray
from sympy import Rational

from neurenorm.graphs.paths import given_paths
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.active_paths.instances import enumerate_weights
from neurenorm.numerics.solve.active_paths.belief_propagation import belief_propagation
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Sampled
from neurenorm.numerics.verification.mutants import Mutant, replaced
from neurenorm.numerics.verification.path_mutants import changed, substituted
from neurenorm.theory.active_paths.couplings import gaussian_sizes
from neurenorm.theory.active_paths.ensemble import paramagnet
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.cavity.messages import CavityEquations
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

PATHS = symbols("active-paths")
Array = NDArray[np.float64]
T, C = PATHS.T, PATHS.c


TREES = {
    3: (
        ((0, 1, 2), (2, 3, 4), (4, 5, 6)),
        (1.0, -1.0, 1.0),
        (0.3, -0.2, 0.5, 0.1, -0.4, 0.2, 0.6),
        0.9,
    ),
    4: (
        ((0, 1, 2, 3), (3, 4, 5, 6), (3, 7, 8, 9)),
        (0.7, -1.3, 0.4),
        (0.1, 0.5, -0.3, 0.2, 0.4, -0.6, 0.3, 0.8, -0.2, 0.5),
        1.1,
    ),
}


def tree_by_cavity(equations: CavityEquations, effort: Effort) -> Array:
    """ln Z, energy and magnetisations of the tree from the derived equations."""
    rows, J, theta, beta = TREES[equations.p]
    report = belief_propagation(equations, given_paths(rows), J, beta, theta, most=50)
    return np.array([report.log_z, report.energy, *report.magnetizations])


def tree_by_enumeration(p: int) -> Array:
    """The same by summing over every configuration."""
    rows, J, theta, beta = TREES[p]
    exact = enumerate_weights(rows, len(theta), J, beta, theta)
    return np.array([exact.log_z, exact.energy, *exact.magnetizations])


TREE_MUTANTS = (
    changed("message 0.1 % too large", message=lambda e: e * Rational(1001, 1000)),
    changed("ln Z_a taken off once too often", edge_count=lambda e: e + 1),
    changed("a bias without its size", share=lambda e: e.subs(PATHS.u, 0)),
    changed("sign of the energy", energy=lambda e: -e),
    changed("field seen twice", magnetization=lambda e: e.subs(PATHS.h, 2 * PATHS.h)),
)


SMALL = ((0, 1, 2), (2, 3, 4), (4, 5, 0), (1, 3, 5), (0, 3, 6), (2, 5, 6))
SMALL_SIZE, SMALL_T_VALUE = 7, 0.8


def averaged_partition(rng: np.random.Generator, effort: Effort) -> Array:
    """ln of the mean partition sum over all signs of the couplings, per weight, with its energy and
    entropy.
    """
    beta, total, energy = 1 / SMALL_T_VALUE, 0.0, 0.0
    for signs in product((1.0, -1.0), repeat=len(SMALL)):
        exact = enumerate_weights(SMALL, SMALL_SIZE, signs, beta)
        total += math.exp(exact.log_z)
        energy += math.exp(exact.log_z) * exact.energy
    phi, mean = math.log(total / 2 ** len(SMALL)) / SMALL_SIZE, energy / total / SMALL_SIZE
    return np.array([phi, mean, phi + beta * mean])


def paramagnet_values(formula: Formula, effort: Effort) -> Array:
    """phi, energy and entropy of the derived paramagnet at the same temperature and degree."""
    names = ("phi", "energy", "entropy")
    return np.array(
        compiled([formula.values[name] for name in names], [T, C])(
            SMALL_T_VALUE, 3 * len(SMALL) / SMALL_SIZE
        )
    )


CAPACITY_TEMPERATURES = np.array([0.2, 0.5, 1.0, 2.0])


def capacity_degrees(rng: np.random.Generator, effort: Effort) -> Array:
    """p over the capacity of a binary symmetric channel that flips with probability 1/(1 + exp(2
    beta)).
    """
    flip = 1 / (1 + np.exp(2 / CAPACITY_TEMPERATURES))
    entropy = -flip * np.log2(flip) - (1 - flip) * np.log2(1 - flip)
    return 3 / (1 - entropy)


TREE = TREES[3][0]
TREE_SIZE, DRAWS = 7, 80


def gaussian_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """ln Z, energy and entropy per weight of a tree without fields, with standard normal couplings,
    at T = 0.8.
    """
    beta, rows = 1 / SMALL_T_VALUE, []
    for _ in range(effort.scale(160, 128)):
        instances = [
            enumerate_weights(TREE, TREE_SIZE, rng.standard_normal(len(TREE)), beta)
            for _ in range(DRAWS)
        ]
        rows.append(
            np.mean([[e.log_z, e.energy, e.log_z + beta * e.energy] for e in instances], axis=0)
            / TREE_SIZE
        )
    return Estimate.from_blocks(rows)


def gaussian_predicted(formula: Formula, effort: Effort) -> Array:
    """phi, energy and entropy of the derived paramagnet at the degree of the tree."""
    names = ("phi", "energy", "entropy")
    return np.array(
        compiled([formula.values[name] for name in names], [T, C])(
            SMALL_T_VALUE, 3 * len(TREE) / TREE_SIZE
        )
    )


CLAIMS = (
    Claim(
        "active-paths/gaussian-paramagnet",
        "With standard normal couplings, ln Z, energy and entropy of the paramagnet are the "
        "averages over the size of a coupling",
        lambda: paramagnet(3, gaussian_sizes()),
        gaussian_predicted,
        gaussian_found,
        Sampled(smallest=0.03),
        (
            replaced("temperature 5 % off", substituted(T, T * Rational(105, 100))),
            replaced("degree off by a tenth", substituted(C, C + Rational(1, 10))),
            Mutant("couplings of size one", lambda derived: paramagnet(3)),
        ),
    ),
)
