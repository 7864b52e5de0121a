"""Folding a lattice and ordering its vertices: our times beside those of networkx.

Run ``python benchmarks/folding.py`` for a table.  A row without a peer has no ratio: networkx does
not search translations.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import networkx as nx

from neurenorm.graphs import elimination_order, fold, square

Row = dict[str, Any]


def seconds(action: Callable[[], object], repeats: int = 3) -> float:
    """Best wall-clock time of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def row(name: str, ours: float, peer: float | None = None) -> Row:
    """One line of the table."""
    return {
        "name": name,
        "ours_s": ours,
        "peer_s": peer,
        "ratio": None if peer is None else peer / ours,
    }


def torus(extent: int) -> tuple[nx.MultiGraph, dict[Any, tuple[int, ...]]]:
    """A square torus and its coordinates."""
    graph = square().unroll(extent).graph
    return graph, {node: node[1] for node in graph}


def against_quotient_graph(extent: int) -> Row:
    """Fold a torus to cells of one column; networkx is told the columns, ours has to find them."""
    graph, place = torus(extent)
    for node in graph:
        graph.nodes[node]["label"] = place[node][1]
    simple = nx.Graph(graph)
    columns = [{v for v in graph if place[v][1] == c} for c in range(extent)]
    ours = seconds(lambda: fold(graph, place, (extent, extent)))
    peer = seconds(lambda: nx.quotient_graph(simple, columns), repeats=1)
    return row(
        f"{extent} x {extent} torus into {extent} classes, against networkx.quotient_graph",
        ours,
        peer,
    )


def against_triangulation(length: int) -> Row:
    """Order the vertices of a ring; the peer is the minimum fill of networkx."""
    from networkx.algorithms.approximation import treewidth_min_fill_in

    ring = nx.cycle_graph(length)
    ours = seconds(lambda: elimination_order(ring))
    peer = seconds(lambda: treewidth_min_fill_in(ring), repeats=1)
    return row(
        f"elimination order of a ring of {length}, against treewidth_min_fill_in", ours, peer
    )


def run() -> list[Row]:
    """All rows; takes well under a minute."""
    rows = [against_quotient_graph(40), against_triangulation(300)]
    graph, place = torus(200)
    rows.append(
        row("200 x 200 torus with coordinates", seconds(lambda: fold(graph, place, (200, 200))))
    )
    bare, _ = torus(32)
    rows.append(row("32 x 32 torus, bare", seconds(lambda: fold(bare), repeats=1)))
    for length in (10**3, 10**4, 10**5):
        ring = nx.cycle_graph(length)
        rows.append(
            row(
                f"elimination order of a ring of {length}",
                seconds(lambda g=ring: elimination_order(g)),
            )
        )
    return rows


def show(rows: list[Row]) -> str:
    """The rows as a table."""
    lines = [f"{'benchmark':<75} {'ours [s]':>9} {'peer [s]':>9} {'peer/ours':>9}"]
    for entry in rows:
        peer = "-" if entry["peer_s"] is None else f"{entry['peer_s']:.4f}"
        ratio = "-" if entry["ratio"] is None else f"{entry['ratio']:.1f}"
        lines.append(f"{entry['name']:<75} {entry['ours_s']:>9.4f} {peer:>9} {ratio:>9}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(show(run()))
