"""In which order to sum vertices out of a graph, and what that costs.

Summing out a vertex v multiplies every factor that contains v into one table over v and its
neighbours, and joins those neighbours into a clique.  The cost of an order is therefore ``alphabet
** (width + 1)``, where the width is the largest number of neighbours a vertex has at the moment
when it is summed out.

* `elimination_order`: greedy minimum fill.  The fill of v is the number of pairs of neighbours that
  are not yet joined,

      fill(v) = C(d, 2) - C(k, 2) - (joined pairs of neighbours),

  with d the neighbours of v and k those of them that are kept.  Pairs of kept vertices do not
  count, since no later table grows by them.  The joined pairs are triangles through v and are
  counted incrementally, so that one elimination costs only what it changes.
* `frontier_order`: a sweep that starts at the rim and advances where the fewest new vertices come
  in.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurenorm.graphs.rendering import Tabulated

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["EliminationOrder", "elimination_order", "frontier_order"]

Adjacency = list[set[int]]


@dataclass(frozen=True)
class EliminationOrder(Tabulated):
    """An order of summation, with the size of the tables it needs.

    Parameters
    ----------
    order : tuple
        The vertices in the order in which they are summed out.
    width : int
        The largest number of neighbours (kept ones included) of a vertex when it is summed out; the
        largest table has ``width + 1`` indices.  Zero if nothing is summed out.
    keep : tuple
        The vertices that stay, in the order of the graph.

    Examples
    --------
    >>> import networkx as nx
    >>> elimination_order(nx.path_graph(4), keep=(0, 3))
    EliminationOrder(order=(1, 2), width=2, keep=(0, 3))
    """

    order: tuple[Hashable, ...]
    width: int
    keep: tuple[Hashable, ...]


def elimination_order(graph: nx.Graph, keep: Collection[Hashable] = ()) -> EliminationOrder:
    """Order all vertices but the kept ones by greedy minimum fill.

    Each step sums out the vertex whose neighbours need the fewest new edges to become a clique;
    ties go to the vertex that entered the graph first, so the order never depends on hashes.
    Nearly linear for chains, rings and ladders.

    Parameters
    ----------
    graph : networkx graph
        Any of the four networkx classes; directions, multiplicities and self-loops are ignored.
    keep : collection of vertices
        The vertices that are not summed out.

    Returns
    -------
    EliminationOrder
        The order, its width, and the kept vertices in the order of the graph.

    Raises
    ------
    ValueError
        If a vertex of `keep` is not in the graph.

    Examples
    --------
    >>> import networkx as nx
    >>> elimination_order(nx.cycle_graph(6)).width
    2
    >>> elimination_order(nx.star_graph(3), keep=[1]).order
    (2, 3, 0)
    """
    nodes, kept = _kept_flags(graph, keep)
    filling = _Filling(_adjacency(graph, nodes, kept), kept)
    heap = [(filling.fill(v), v) for v in range(len(nodes)) if not kept[v]]
    heapq.heapify(heap)
    order: list[int] = []
    width = 0
    while heap:
        fill, v = heapq.heappop(heap)
        if filling.gone[v] or fill != filling.fill(v):
            continue
        order.append(v)
        width = max(width, len(filling.adjacency[v]))
        for u in filling.remove(v):
            heapq.heappush(heap, (filling.fill(u), u))
    return _named(nodes, kept, order, width)


def frontier_order(graph: nx.Graph, keep: Collection[Hashable] = ()) -> EliminationOrder:
    """Order all vertices but the kept ones as a sweep with a small boundary.

    The sweep starts at a vertex far from the others and next takes, among the vertices it touches,
    the one that brings in the fewest untouched neighbours (ties: touched first).  On a strip it
    runs column by column, so the summed region stays connected and its boundary is one column.

    Parameters
    ----------
    graph : networkx graph
        Any of the four networkx classes; directions, multiplicities and self-loops are ignored.
    keep : collection of vertices
        The vertices that are not summed out.

    Returns
    -------
    EliminationOrder
        The order, its width, and the kept vertices in the order of the graph.

    Raises
    ------
    ValueError
        If a vertex of `keep` is not in the graph.

    Examples
    --------
    >>> import networkx as nx
    >>> frontier_order(nx.path_graph(4)).order
    (3, 2, 1, 0)
    >>> frontier_order(nx.grid_2d_graph(3, 40)).width
    3
    """
    nodes, kept = _kept_flags(graph, keep)
    adjacency = _adjacency(graph, nodes, kept)
    order = _sweep(adjacency, kept)
    return _named(nodes, kept, order, _width(adjacency, order))


def _kept_flags(graph: nx.Graph, keep: Collection[Hashable]) -> tuple[list[Any], list[bool]]:
    """The vertices in insertion order and whether each of them is kept."""
    nodes = list(graph)
    missing = [v for v in keep if v not in graph]
    if missing:
        names = ", ".join(sorted(map(repr, missing)))
        raise ValueError(f"vertices to keep that are not in the graph: {names}")
    chosen = set(keep)
    return nodes, [v in chosen for v in nodes]


def _adjacency(graph: nx.Graph, nodes: Sequence[Hashable], kept: Sequence[bool]) -> Adjacency:
    """Neighbour sets by vertex number, without loops and without edges between two kept
    vertices.
    """
    number = {v: i for i, v in enumerate(nodes)}
    adjacency: Adjacency = [set() for _ in nodes]
    for u, v in graph.edges():
        i, j = number[u], number[v]
        if i != j and not (kept[i] and kept[j]):
            adjacency[i].add(j)
            adjacency[j].add(i)
    return adjacency


def _named(
    nodes: Sequence[Any], kept: Sequence[bool], order: Iterable[int], width: int
) -> EliminationOrder:
    """The result in terms of the vertices of the graph."""
    keep = tuple(v for v, stays in zip(nodes, kept, strict=True) if stays)
    return EliminationOrder(tuple(nodes[i] for i in order), width, keep)


class _Filling:
    """A graph under elimination, with the fill of every vertex kept up to date."""

    def __init__(self, adjacency: Adjacency, kept: list[bool]) -> None:
        self.adjacency = adjacency
        self.kept = kept
        self.gone = [False] * len(adjacency)
        self.kept_neighbours = [sum(kept[u] for u in near) for near in adjacency]
        self.joined = [0] * len(adjacency)
        for u, near in enumerate(adjacency):
            for w in near:
                if u < w:
                    for v in near & adjacency[w]:
                        self.joined[v] += 1

    def fill(self, v: int) -> int:
        """Number of edges that summing out v would add."""
        d, k = len(self.adjacency[v]), self.kept_neighbours[v]
        return (d * (d - 1) - k * (k - 1)) // 2 - self.joined[v]

    def remove(self, v: int) -> list[int]:
        """Sum v out; returns the remaining vertices whose fill may have changed, in order."""
        near = self.adjacency[v]
        touched = self._complete(near) if self.fill(v) else set()
        self.gone[v] = True
        for u in near:
            self.adjacency[u].discard(v)
            self.joined[u] -= len(near) - 1
        self.adjacency[v] = set()
        return sorted(u for u in touched | near if not self.kept[u])

    def _complete(self, near: set[int]) -> set[int]:
        """Join all pairs of `near` that are not both kept; returns the vertices that see a new
        triangle.
        """
        touched: set[int] = set()
        members = sorted(near, key=lambda u: (self.kept[u], u))
        for position, u in enumerate(members):
            if self.kept[u]:
                break
            for w in members[position + 1 :]:
                if w not in self.adjacency[u]:
                    touched |= self._join(u, w)
        return touched

    def _join(self, u: int, w: int) -> set[int]:
        """Add the edge (u, w); returns the common neighbours."""
        common = self.adjacency[u] & self.adjacency[w]
        for v in common:
            self.joined[v] += 1
        self.joined[u] += len(common)
        self.joined[w] += len(common)
        self.adjacency[u].add(w)
        self.adjacency[w].add(u)
        self.kept_neighbours[u] += self.kept[w]
        self.kept_neighbours[w] += self.kept[u]
        return common


def _sweep(adjacency: Adjacency, kept: list[bool]) -> list[int]:
    """Greedy sweep through every component, kept vertices being stepped over."""
    order: list[int] = []
    seen = list(kept)
    for start in range(len(adjacency)):
        if not seen[start]:
            order += _sweep_component(adjacency, kept, seen, _far_end(adjacency, kept, start))
    return order


def _far_end(adjacency: Adjacency, kept: list[bool], start: int) -> int:
    """The last vertex that a breadth-first search from `start` reaches, kept vertices being
    walls.
    """
    seen, queue, last = {start}, deque([start]), start
    while queue:
        last = queue.popleft()
        fresh = sorted(u for u in adjacency[last] if u not in seen and not kept[u])
        seen.update(fresh)
        queue.extend(fresh)
    return last


def _sweep_component(
    adjacency: Adjacency, kept: list[bool], seen: list[bool], start: int
) -> list[int]:
    """Sweep one component from `start`; `seen` marks the vertices that the sweep has touched."""
    fresh = {start: sum(not seen[u] for u in adjacency[start])}
    rank = {start: 0}
    heap = [(fresh[start], 0, start)]
    seen[start] = True
    done: dict[int, None] = {}
    while heap:
        count, _, v = heapq.heappop(heap)
        if v in done or count != fresh[v]:
            continue
        done[v] = None
        for u in sorted(w for w in adjacency[v] if not seen[w]):
            seen[u] = True
            rank[u] = len(rank)
            fresh[u] = sum(not seen[w] for w in adjacency[u])
            heapq.heappush(heap, (fresh[u], rank[u], u))
            for w in adjacency[u]:
                if w in fresh and w not in done and w != u:
                    fresh[w] -= 1
                    heapq.heappush(heap, (fresh[w], rank[w], w))
    return list(done)


def _width(adjacency: Adjacency, order: Iterable[int]) -> int:
    """Width of a given order.

    The neighbours of v at its turn are the remaining vertices that it reaches through summed-out
    ones: its own and those on the boundaries of the summed regions it touches.  The regions merge
    as v joins them (smaller into larger).
    """
    region: dict[int, int] = {}
    boundary: dict[int, set[int]] = {}
    width = 0
    for v in order:
        touching = {_root(region, u) for u in adjacency[v] if u in region}
        parts = [boundary.pop(r) for r in sorted(touching)]
        parts.append({u for u in adjacency[v] if u not in region})
        merged = max(parts, key=len)
        for part in parts:
            if part is not merged:
                merged |= part
        merged.discard(v)
        region[v] = v
        region.update((r, v) for r in touching)
        boundary[v] = merged
        width = max(width, len(merged))
    return width


def _root(region: dict[int, int], v: int) -> int:
    """The name of the summed region that contains v, with path halving."""
    while region[v] != v:
        region[v] = region[region[v]]
        v = region[v]
    return v
