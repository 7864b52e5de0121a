"""Speed of the samplers: chains in spins per second, cluster updates against a plain loop over
networkx.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import networkx as nx
import numpy as np

from neurenorm.numerics.simulation.lattice.chain import sample_ising_chain, sample_potts_chain
from neurenorm.numerics.simulation.lattice.cluster import sample_states, wolff

__all__ = ["run"]

Row = dict[str, str | float]

COUPLING = 0.4
REPLICAS = 128
SIDE = 16


def run() -> list[Row]:
    """Rows with a name, a rate in sites per second, and the ratio to the plain loop where there is
    one.

    Returns
    -------
    list of dict
        Keys ``name``, ``rate`` and ``ratio``.
    """
    rng = np.random.default_rng(1)
    rows = [_row(name, sites, work) for name, sites, work in _chain_work(rng)]
    graph, sweeps = nx.grid_graph((SIDE, SIDE), periodic=True), 100
    plain = _rate(5 * len(graph), lambda: _plain_sweeps(graph, 5, rng))
    fast = _rate(
        sweeps * REPLICAS * len(graph),
        lambda: sample_states(graph, COUPLING, rng, replicas=REPLICAS, thermalise=sweeps),
    )
    rows.append({"name": "Swendsen-Wang, plain loop over networkx", "rate": plain, "ratio": 1.0})
    rows.append(
        {"name": f"Swendsen-Wang, {REPLICAS} replicas at once", "rate": fast, "ratio": fast / plain}
    )
    flipped = _rate(sweeps * REPLICAS, lambda: _wolff_updates(graph, sweeps, rng))
    rows.append({"name": "Wolff clusters per second", "rate": flipped, "ratio": float("nan")})
    return rows


def _chain_work(rng: np.random.Generator) -> list[tuple[str, int, Callable[[], object]]]:
    """Name, number of sites and call of each chain sampler."""
    length, samples = 1000, 5000
    size = length * samples
    return [
        ("Ising chain, open", size, lambda: sample_ising_chain(COUPLING, length, samples, rng)),
        (
            "Ising chain, field",
            size,
            lambda: sample_ising_chain(COUPLING, length, samples, rng, h=0.1),
        ),
        (
            "Ising chain, ring",
            size,
            lambda: sample_ising_chain(COUPLING, length, samples, rng, boundary="ring"),
        ),
        (
            "Potts chain, open, q = 3",
            size,
            lambda: sample_potts_chain(COUPLING, 3, length, samples, rng),
        ),
        (
            "Potts chain, ring, q = 3",
            size,
            lambda: sample_potts_chain(COUPLING, 3, length, samples, rng, "ring"),
        ),
        ("random numbers alone", size, lambda: rng.random(size)),
    ]


def _row(name: str, sites: int, work: Callable[[], object]) -> Row:
    """One line without a plain counterpart."""
    return {"name": name, "rate": _rate(sites, work), "ratio": float("nan")}


def _rate(sites: int, work: Callable[[], object]) -> float:
    """Sites per second, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return sites / best


def _wolff_updates(graph: nx.Graph, updates: int, rng: np.random.Generator) -> object:
    """Single-cluster updates of all replicas."""
    return wolff(
        graph, COUPLING, updates, rng, measure=lambda s: s[:, 0], replicas=REPLICAS, thermalise=0
    )


def _plain_sweeps(graph: nx.Graph, sweeps: int, rng: np.random.Generator) -> dict[object, int]:
    """The same update as anyone would first write it: a loop over edges and networkx components."""
    states = {node: int(rng.integers(2)) for node in graph}
    active = 1 - np.exp(-2 * COUPLING)
    for _ in range(sweeps):
        clusters: nx.Graph = nx.Graph()
        clusters.add_nodes_from(graph)
        clusters.add_edges_from(
            (u, v) for u, v in graph.edges() if states[u] == states[v] and rng.random() < active
        )
        for component in nx.connected_components(clusters):
            colour = int(rng.integers(2))
            states.update(dict.fromkeys(component, colour))
    return states


def main() -> None:
    """Print the table."""
    print(f"{'':42s} {'sites/s':>12s} {'ratio':>8s}")
    for row in run():
        ratio = "" if row["ratio"] != row["ratio"] else f"{row['ratio']:.1f}"
        print(f"{row['name']:42s} {row['rate']:12.3g} {ratio:>8s}")


if __name__ == "__main__":
    main()
