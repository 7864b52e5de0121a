"""Where couplings read off enumerated cells and transfer matrices flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.lattice.chain import chain_correlation, sample_ising_chain
from neurenorm.numerics.simulation.lattice.cluster import cluster_correlation, swendsen_wang
from neurenorm.numerics.simulation.work import Work

__all__ = [
    "DISTANCES",
    "Array",
    "fractional_power_slope",
    "measured_energy",
    "nested_diamond",
    "sampled_chain",
    "stacked",
    "terminals_at_fixed_point",
    "torus_bonds",
]

Array = NDArray[np.float64]

DISTANCES = np.array([1, 2, 3, 4])


def sampled_chain(rng: np.random.Generator, effort: Work) -> Estimate:
    """Sample open chains and average the correlation over all pairs at each distance."""
    return chain_correlation(
        sample_ising_chain(0.8, 256, effort.scale(16_000, 16_000), rng), list(DISTANCES)
    )


def stacked(estimates: Sequence[Estimate]) -> Estimate:
    """Return several estimates of equal block number as one array."""
    values, errors = (
        np.array([np.squeeze(getattr(e, name)) for e in estimates]) for name in ("value", "error")
    )
    return Estimate(values, errors, min(e.blocks for e in estimates))


def nested_diamond(generations: int) -> nx.MultiGraph:
    """Build the diamond lattice by hand: each bond (a, b) becomes a-c-b and a-d-b, generation by
    generation.
    """
    bonds, fresh = [(0, 1)], 2
    for _ in range(generations):
        finer = []
        for a, b in bonds:
            c, d, fresh = fresh, fresh + 1, fresh + 2
            finer += [(a, c), (c, b), (a, d), (d, b)]
        bonds = finer
    graph: nx.MultiGraph = nx.MultiGraph()
    graph.add_edges_from(bonds)
    return graph


def terminals_at_fixed_point(rng: np.random.Generator, effort: Work) -> Estimate:
    """Measure the terminals' correlation of two generations of the diamond lattice at the coupling
    0.6093778634.
    """
    sweeps = effort.scale(3000, 3000)
    return stacked(
        [
            cluster_correlation(
                nested_diamond(g), 0.6093778634, [(0, 1)], sweeps, rng, replicas=256
            )
            for g in (2, 3)
        ]
    )


def fractional_power_slope(rng: np.random.Generator, effort: Work) -> Array:
    """Differentiate the coupling of a fractional power of the transfer matrix with respect to ln b
    at b = 1.
    """

    def coupling(k: float, b: float) -> float:
        values, vectors = np.linalg.eigh(
            np.array([[np.exp(k), np.exp(-k)], [np.exp(-k), np.exp(k)]])
        )
        power = (vectors * values**b) @ vectors.T
        return 0.5 * float(np.log(power[0, 0] / power[0, 1]))

    step = 1e-3
    stencil = {-2: 1, -1: -8, 1: 8, 2: -1}
    return np.array(
        [
            sum(w * coupling(k, float(np.exp(j * step))) for j, w in stencil.items()) / (12 * step)
            for k in (0.5, 1.0, 2.0)
        ]
    )


def torus_bonds(rows: int, columns: int) -> list[tuple[int, int]]:
    """Return the bonds of a square torus, sites numbered row by row."""
    site = np.arange(rows * columns).reshape(rows, columns)
    right, down = np.roll(site, -1, axis=1), np.roll(site, -1, axis=0)
    return [
        (int(a), int(b))
        for other in (right, down)
        for a, b in zip(site.ravel(), other.ravel(), strict=True)
    ]


def measured_energy(rng: np.random.Generator, effort: Work) -> Estimate:
    """Measure the energy of the torus by cluster updates."""
    bonds = np.array(torus_bonds(3, 4))

    def energy(states: NDArray[Any]) -> Array:
        return -np.sum(states[..., bonds[:, 0]] * states[..., bonds[:, 1]], axis=-1, dtype=float)

    graph: nx.MultiGraph = nx.MultiGraph()
    graph.add_nodes_from(range(12))
    graph.add_edges_from(map(tuple, bonds.tolist()))
    return swendsen_wang(graph, 0.4, effort.scale(1600, 1600), rng, measure=energy, replicas=256)
