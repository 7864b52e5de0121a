"""Messages and sums on graphs of paths."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.active_paths.instances import enumerate_weights
from neurenorm.numerics.simulation.work import Work

__all__ = [
    "CAPACITY_TEMPERATURES",
    "DRAWS",
    "SMALL",
    "SMALL_SIZE",
    "SMALL_T_VALUE",
    "TREE",
    "TREES",
    "TREE_SIZE",
    "Array",
    "averaged_partition",
    "capacity_degrees",
    "gaussian_found",
]

Array = NDArray[np.float64]

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

SMALL = ((0, 1, 2), (2, 3, 4), (4, 5, 0), (1, 3, 5), (0, 3, 6), (2, 5, 6))

SMALL_SIZE, SMALL_T_VALUE = 7, 0.8


def averaged_partition(rng: np.random.Generator, effort: Work) -> Array:
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


CAPACITY_TEMPERATURES = np.array([0.2, 0.5, 1.0, 2.0])


def capacity_degrees(rng: np.random.Generator, effort: Work) -> Array:
    """p over the capacity of a binary symmetric channel that flips with probability 1/(1 + exp(2
    beta)).
    """
    flip = 1 / (1 + np.exp(2 / CAPACITY_TEMPERATURES))
    entropy = -flip * np.log2(flip) - (1 - flip) * np.log2(1 - flip)
    return 3 / (1 - entropy)


TREE = TREES[3][0]

TREE_SIZE, DRAWS = 7, 80


def gaussian_found(rng: np.random.Generator, effort: Work) -> Estimate:
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
