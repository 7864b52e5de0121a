"""Ground states and leaf removal, drawn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.paths import random_active_paths, random_hypergraph
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.active_paths.instances import (
    frozen_weights,
    gf2_rank,
    satisfiable,
)
from neurenorm.numerics.simulation.work import Work

__all__ = [
    "LAYERS_REMOVED",
    "LAYER_PATHS",
    "LAYER_SIZES",
    "NETWORKS",
    "RICH_PATHS",
    "RICH_SIZES",
    "SAT_DEGREES",
    "Array",
    "dependent_in_layers",
    "dependent_paths",
    "diluted_found",
    "layers_diluted_found",
    "layers_found",
    "satisfiable_found",
]

Array = NDArray[np.float64]

NETWORKS = 128

LAYER_SIZES, LAYER_PATHS = (3000, 2000, 1000), 6000


def layers_found(rng: np.random.Generator, effort: Work) -> Estimate:
    """Frozen fraction of each layer, where every path picks one weight of each layer and the sizes
    of the layers give the degrees 2, 3 and 6.
    """
    starts = np.concatenate([[0], np.cumsum(LAYER_SIZES)])
    rows = []
    for _ in range(effort.scale(NETWORKS, NETWORKS)):
        members = starts[:-1] + rng.integers(0, LAYER_SIZES, (LAYER_PATHS, 3))
        frozen = frozen_weights(members, int(starts[-1]))
        rows.append([frozen[start:stop].mean() for start, stop in pairwise(starts)])
    return Estimate.from_blocks(rows)


RICH_SIZES, RICH_PATHS = (400, 400, 300), 1200


def dependent_in_layers(rng: np.random.Generator, effort: Work) -> Estimate:
    """Paths that are products of others, per path, where every path picks one weight of each layer
    and the degrees are 3, 3 and 4.

    The two products of all weights of a layer that are products of all weights of another do not
    count: every path has one weight of each.
    """
    starts = np.concatenate([[0], np.cumsum(RICH_SIZES)])
    rows = []
    for _ in range(NETWORKS):
        members = starts[:-1] + rng.integers(0, RICH_SIZES, (RICH_PATHS, 3))
        rows.append((RICH_PATHS - gf2_rank(members) - 2) / RICH_PATHS)
    return Estimate.from_blocks(rows)


def dependent_paths(rng: np.random.Generator, effort: Work) -> Estimate:
    """Paths that are products of others, per weight: the excess of ln(number of ground states)/ln 2
    over 1 - alpha, at c = 3.2.
    """
    size, instances = (
        (450, 3 * NETWORKS) if effort.value <= 1 else (1800, NETWORKS)
    )  # the finite size shows in sharper runs
    rows = []
    for _ in range(instances):
        paths = random_hypergraph(size, 3, size * 16 // 15, rng)
        rows.append((paths.count - gf2_rank(paths.members)) / size)
    return Estimate.from_blocks(rows)


SAT_DEGREES = (2.6, 2.65, 2.85, 2.9)


def satisfiable_found(rng: np.random.Generator, effort: Work) -> Array:
    """1 where at least three quarters of random systems of 2000 weights can be satisfied, 0 where
    none can, and one half between.
    """
    shares = []
    for c in SAT_DEGREES:
        systems = [
            random_hypergraph(2000, 3, round(c * 2000 / 3), rng) for _ in range(effort.scale(8, 8))
        ]
        shares.append(
            np.mean(
                [
                    satisfiable(paths.members, 2000, rng.choice([-1, 1], paths.count))
                    for paths in systems
                ]
            )
        )
    return np.select([np.array(shares) >= 0.75, np.array(shares) == 0], [1.0, 0.0], 0.5)


def diluted_found(rng: np.random.Generator, effort: Work) -> Estimate:
    """Mean degree of networks of width 40, of 9600 paths, without 10, 25 and 40 % of their weights."""
    networks = (
        random_active_paths((40, 40, 40, 40), 9600, rng)
        for _ in range(effort.scale(NETWORKS, NETWORKS))
    )
    return Estimate.from_blocks(
        [
            [network.diluted(rho, rng).mean_degree for rho in (0.1, 0.25, 0.4)]
            for network in networks
        ]
    )


LAYERS_REMOVED = (0.1, 0.3, 0.2)


def layers_diluted_found(rng: np.random.Generator, effort: Work) -> Estimate:
    """Paths for each weight that is left in each layer, of networks of widths 60, 60, 75, 36 whose
    layers lose different shares.
    """
    rows = []
    for _ in range(effort.scale(NETWORKS, NETWORKS)):
        network = random_active_paths((60, 60, 75, 36), 21_600, rng).diluted(LAYERS_REMOVED, rng)
        rows.append([network.count / network.present[layer].sum() for layer in network.layers])
    return Estimate.from_blocks(rows)
