"""Finite pieces of a periodic graph: boxes of cells, open or closed to rings along each
translation.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurenorm.graphs.arguments import affordable, listed, whole_number
from neurenorm.graphs.periodic import integers
from neurenorm.graphs.periodic.edges import Edge
from neurenorm.graphs.periodic.integers import Vector
from neurenorm.graphs.periodic.metric import Metric
from neurenorm.graphs.rendering import Tabulated

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["LARGEST", "Unrolled", "box", "cells", "enlarged", "flags", "unrolled"]

LARGEST = 20_000_000
"""The largest number of vertices of a finite piece."""


@dataclass(frozen=True)
class Unrolled(Tabulated):
    """A finite piece of a periodic graph.

    Parameters
    ----------
    graph : networkx.MultiGraph
        Its nodes are pairs (vertex, cell) with attribute ``label`` (and ``position``, where there
        is a metric); its edges have the attributes ``label``, ``tail`` and ``head`` (the label is
        read from tail to head).
    node : dict
        From (vertex, cell) to the node.

    Examples
    --------
    >>> from neurenorm.graphs.periodic.periodic import PeriodicGraph
    >>> ring = PeriodicGraph("A", [("A", "A", (1,))], 1).unroll(3)
    >>> ring.node["A", (2,)]
    ('A', (2,))
    """

    graph: nx.MultiGraph
    node: dict[tuple[Hashable, Vector], tuple[Hashable, Vector]]


def unrolled(
    vertices: Mapping[Any, Hashable],
    edges: Sequence[Edge],
    shape: Vector,
    closed: tuple[bool, ...],
    metric: Metric | None = None,
) -> Unrolled:
    """Return the piece of a given shape: closed directions keep every edge, open ones drop those
    that leave it.
    """
    if (size := len(vertices) * math.prod(shape)) > LARGEST:
        raise ValueError(
            f"a piece of {size} vertices is too large to build (at most {LARGEST}); give smaller "
            "extents"
        )
    import networkx as nx  # a tenth of a second, which cells alone do not need

    graph: nx.MultiGraph[Any] = nx.MultiGraph()
    for cell in cells(shape):
        graph.add_nodes_from(((v, cell), {"label": label}) for v, label in vertices.items())
    graph.add_edges_from(_edges(edges, shape, closed))
    if metric is not None:
        graph.graph.update(
            gram=metric.gram,
            rings=tuple(n if ring else 0 for n, ring in zip(shape, closed, strict=True)),
        )
        across = (0,) * (len(metric.gram) - len(shape))
        for v, cell in graph:
            graph.nodes[v, cell]["position"] = tuple(
                map(operator.add, metric.positions[v], (*cell, *across))
            )
    return Unrolled(graph, {node: node for node in graph})


def _edges(
    edges: Sequence[Edge], shape: Vector, closed: tuple[bool, ...]
) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """The edges of a finite piece, with their attributes."""
    for cell in cells(shape):
        for tail, head, offset, label in edges:
            target = integers.add(cell, offset)
            wrapped = tuple(
                x % n if ring else x for x, n, ring in zip(target, shape, closed, strict=True)
            )
            if all(0 <= x < n for x, n in zip(wrapped, shape, strict=True)):
                ends = (tail, cell), (head, wrapped)
                yield *ends, {"label": label, "tail": ends[0], "head": ends[1]}


def box(extents: int | Sequence[int], dimension: int) -> Vector:
    """Checked extents, one for each translation."""
    one = isinstance(extents, int) or hasattr(extents, "__index__")
    given = (extents,) * dimension if one else listed(extents, "extents")
    shape: Vector = tuple(whole_number(n, "an extent") for n in given)
    if len(shape) != dimension:
        raise ValueError(f"{len(shape)} extents are given for dimension {dimension}: {extents!r}")
    if min(shape) < 1:
        raise ValueError(f"extents are positive integers, not {extents!r}")
    return shape


def flags(periodic: bool | Sequence[bool], dimension: int) -> tuple[bool, ...]:
    """One flag for each translation."""
    given = (periodic,) * dimension if isinstance(periodic, bool) else tuple(periodic)
    if len(given) != dimension or not all(isinstance(flag, bool) for flag in given):
        raise ValueError(f"periodic is one boolean, or {dimension} of them, not {periodic!r}")
    return given


def cells(shape: Vector) -> Iterator[Vector]:
    """All cells of a box, the last coordinate running fastest."""
    return itertools.product(*map(range, shape))


def enlarged(
    vertices: Mapping[Any, Hashable], edges: Sequence[Edge], shape: Vector
) -> tuple[dict[Any, Hashable], list[Edge]]:
    """Return the vertices (v, cell) and the edges of a cell that holds a box of cells."""
    affordable((len(vertices) + len(edges)) * math.prod(shape), "vertices and edges")
    grown = {(v, cell): label for cell in cells(shape) for v, label in vertices.items()}
    joined = []
    for cell in cells(shape):
        for tail, head, offset, label in edges:
            reached = zip(integers.add(cell, offset), shape, strict=True)
            outside, inside = zip(*(divmod(x, n) for x, n in reached), strict=True)
            joined.append(Edge((tail, cell), (head, inside), outside, label))
    return grown, joined
