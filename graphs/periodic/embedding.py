"""Whether a periodic graph with a metric is drawn in the plane without crossings, exactly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from neurenorm.graphs.periodic.metric import NoMetric, Row
from neurenorm.graphs.periodic.periodic import Edge, PeriodicGraph

__all__ = ["CrossingEdges", "check_planar", "steps_of"]

Segment = tuple[Row, Row]


class CrossingEdges(ValueError):
    """A planar drawing is needed, and two edges of this one cross.

    Examples
    --------
    >>> issubclass(CrossingEdges, ValueError)
    True
    """


def steps_of(graph: PeriodicGraph) -> list[tuple[Row, Edge]]:
    """Return every edge with the vector from its tail to its head, in coordinates of the axes.

    Examples
    --------
    >>> from neurenorm.graphs.lattices import triangular
    >>> [[str(x) for x in step] for step, _ in steps_of(triangular())]
    [['0', '1'], ['1', '-1'], ['1', '0']]
    """
    if graph.metric is None:
        raise NoMetric("a drawing")
    at = graph.metric.positions
    return [
        (
            tuple(
                y + c - x for x, y, c in zip(at[edge.tail], at[edge.head], edge.offset, strict=True)
            ),
            edge,
        )
        for edge in graph.edges
    ]


def check_planar(graph: PeriodicGraph) -> None:
    """Refuse a graph of two translations whose straight edges cross, overlap, pass through a vertex,
    or have no length.

    Parameters
    ----------
    graph : PeriodicGraph
        With a metric of two axes.

    Raises
    ------
    NoMetric
        If the graph has no metric.
    CrossingEdges
        If two edges have more in common than an end that both have; the message names them.
    ValueError
        If the graph is not of two translations in the plane, or an edge has no length.

    Examples
    --------
    >>> from neurenorm.graphs.lattices import square
    >>> check_planar(square())
    >>> both = PeriodicGraph([0], [(0, 0, (1, 1)), (0, 0, (1, -1)), (0, 0, (1, 0))], 2)
    >>> try:
    ...     check_planar(both.with_metric([[1, 0], [0, 1]]))
    ... except CrossingEdges as refusal:
    ...     print(refusal)
    the edges (0, 0, (1, -1)) and (0, 0, (1, 1)) cross: draw the graph without crossings (with_metric), or leave one out
    """
    if graph.metric is None:
        raise NoMetric("a planar drawing")
    if graph.dimension != 2 or len(graph.metric.gram) != 2:
        raise ValueError(
            f"a planar drawing has two translations and two axes, not {graph.dimension} and "
            f"{len(graph.metric.gram)}"
        )
    at = graph.metric.positions
    segments: list[tuple[Segment, Edge]] = []
    for step, edge in steps_of(graph):
        if not any(step):
            raise ValueError(f"the edge {_name(edge)} has no length")
        start = at[edge.tail]
        segments.append(((start, _moved(start, step)), edge))
    for i, (one, first) in enumerate(segments):
        for other, second in segments[i:]:
            for shift in _near(one, other):
                if other is one and not any(shift):
                    continue
                moved = (_moved(other[0], shift), _moved(other[1], shift))
                if _conflict(one, moved):
                    raise CrossingEdges(
                        f"the edges {_name(first)} and {_name(second)} cross: draw the graph "
                        "without crossings (with_metric), or leave one out"
                    )


def _name(edge: Edge) -> str:
    """An edge as it is given."""
    return f"({edge.tail!r}, {edge.head!r}, {edge.offset})"


def _moved(place: Row, step: Sequence[Fraction | int]) -> Row:
    """A place moved by a step."""
    return tuple(x + s for x, s in zip(place, step, strict=True))


def _near(one: Segment, other: Segment) -> Iterator[tuple[int, ...]]:
    """The cells by which a segment may be moved so that its box meets that of another one."""
    ranges = []
    for a, b, c, d in zip(*one, *other, strict=True):
        least, most = min(a, b) - max(c, d), max(a, b) - min(c, d)
        ranges.append(range(math.ceil(least), math.floor(most) + 1))
    return itertools.product(*ranges)


def _turn(a: Row, b: Row, c: Row) -> int:
    """1 or -1 where c lies to the left or right of the line from a to b, 0 on it."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (area > 0) - (area < 0)


def _between(a: Row, b: Row, c: Row) -> bool:
    """Whether c, on the line of a and b, lies between them, ends included."""
    return all(min(x, y) <= z <= max(x, y) for x, y, z in zip(a, b, c, strict=True))


def _conflict(one: Segment, other: Segment) -> bool:
    """Whether two segments have a point in common that is not an end of both."""
    (a, b), (c, d) = one, other
    shared = {a, b} & {c, d}
    if len(shared) == 2:
        return True
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    touching = [
        point
        for turn, (x, y), point in zip(turns, (one, one, other, other), (c, d, a, b), strict=True)
        if turn == 0 and _between(x, y, point)
    ]
    return any(point not in shared for point in touching)
