"""Edges of a periodic graph: (u, v, offset), the two ways to write one, and the one that is
kept.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from neurenorm.graphs.periodic import integers
from neurenorm.graphs.periodic.integers import Vector
from neurenorm.graphs.periodic.labels import reverse

__all__ = ["Edge", "ZeroOffsetLoop", "canonical_edge", "checked_edge", "shared_content"]


class ZeroOffsetLoop(ValueError):
    """An edge from a vertex to itself within one cell, which joins nothing.

    Examples
    --------
    >>> from neurenorm.graphs import PeriodicGraph
    >>> PeriodicGraph("A", [("A", "A", (0,))], 1)
    Traceback (most recent call last):
    neurenorm.graphs.periodic.edges.ZeroOffsetLoop: the edge from 'A' to itself has offset zero; ...
    """


class Edge(NamedTuple):
    """One edge of the cell: it joins (tail, c) to (head, c + offset) in every cell c.

    Examples
    --------
    >>> Edge("A", "B", (1,)).reversed()
    Edge(tail='B', head='A', offset=(-1,), label=None)
    """

    tail: Hashable
    head: Hashable
    offset: Vector
    label: Hashable = None

    def reversed(self) -> Edge:
        """Return the edge written from its other end.

        Returns
        -------
        Edge
            Ends exchanged, offset negated, label reversed.

        Examples
        --------
        >>> Edge("A", "A", (1, -2)).reversed().offset
        (-1, 2)
        """
        return Edge(self.head, self.tail, integers.negate(self.offset), reverse(self.label))


def checked_edge(entry: Sequence[Any], number: Mapping[Any, int], dimension: int) -> Edge:
    """One checked edge as given."""
    if not 3 <= len(entry) <= 4:
        raise ValueError(f"an edge is (u, v, offset) or (u, v, offset, label), not {entry!r}")
    tail, head, raw, label = (*entry, None)[:4]
    offset = (
        (operator.index(raw),)
        if hasattr(raw, "__index__")
        else tuple(operator.index(x) for x in raw)
    )
    if len(offset) != dimension:
        raise ValueError(
            f"the offset {raw!r} of the edge {tail!r}, {head!r} has not the dimension {dimension}"
        )
    for v in (tail, head):
        if v not in number:
            raise ValueError(
                f"the end {v!r} of an edge is not a vertex; the vertices are {list(number)}"
            )
    if tail == head and not any(offset):
        raise ZeroOffsetLoop(
            f"the edge from {tail!r} to itself has offset zero; it would join a vertex to itself"
        )
    return Edge(tail, head, offset, label)


def canonical_edge(edge: Edge, number: Mapping[Any, int]) -> Edge:
    """The one of the two forms of an edge that is kept."""
    zero = (0,) * len(edge.offset)
    backward = (
        edge.offset < zero if edge.tail == edge.head else number[edge.tail] > number[edge.head]
    )
    return edge.reversed() if backward else edge


def shared_content(
    vertices: Mapping[Any, Hashable], edges: Iterable[Edge], dimension: int
) -> Hashable:
    """What two equal periodic graphs share: sets without any order."""
    forms = Counter(frozenset((edge, edge.reversed())) for edge in edges)
    return dimension, frozenset(vertices.items()), frozenset(forms.items())
