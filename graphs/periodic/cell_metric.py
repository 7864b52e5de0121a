"""Metrics that go with a cell: checked against it, for a larger cell, and read off a folded
piece.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from neurenorm.graphs.periodic.integers import Vector
from neurenorm.graphs.periodic.metric import Metric, Row, inverse, rational_row, times

__all__ = ["checked_metric", "folded_metric", "placed", "supercell_metric"]

Places = Mapping[Any, Sequence[Fraction]]


def checked_metric(metric: Metric, vertices: Mapping[Any, Hashable], dimension: int) -> Metric:
    """A metric with enough axes that places exactly the vertices of a cell."""
    if not isinstance(metric, Metric):
        raise TypeError(
            f"a metric is a graphs.Metric, not {metric!r}; with_metric takes a Gram matrix"
        )
    if len(metric.gram) < dimension:
        raise ValueError(
            f"a graph with {dimension} translations needs as many axes; the metric has "
            f"{len(metric.gram)}"
        )
    if metric.positions.keys() != vertices.keys():
        raise ValueError(
            f"a metric places every vertex: positions of {list(metric.positions)} for the vertices "
            f"{list(vertices)}"
        )
    return metric


def placed(
    vertices: Mapping[Any, Hashable], positions: Mapping[Any, Iterable[Any]] | None, axes: int
) -> Mapping[Any, Iterable[Any]]:
    """The positions that were given, or the origin for a single vertex."""
    if positions is not None:
        return positions
    if len(vertices) > 1:
        raise ValueError(
            f"a cell of {len(vertices)} vertices needs their positions: coordinates in the axes "
            "for each vertex"
        )
    return dict.fromkeys(vertices, (0,) * axes)


def supercell_metric(
    metric: Metric, vertices: Iterable[tuple[Any, Vector]], shape: Vector
) -> Metric:
    """The metric of a larger cell, whose vertices are pairs (vertex, cell)."""
    across = (1,) * (len(metric.gram) - len(shape))
    axes = [
        [n * (i == j) for j in range(len(metric.gram))] for i, n in enumerate((*shape, *across))
    ]
    places = {(v, cell): _moved(metric.positions[v], cell) for v, cell in vertices}
    return metric.rebased(axes, places)


def folded_metric(
    gram: Sequence[Row],
    rings: Vector,
    places: Places,
    certificate: Mapping[Any, tuple[Any, Vector]],
    dimension: int,
) -> Metric | None:
    """The metric of a cell, from the positions of the nodes of a piece and their (vertex, cell).

    Positions count modulo the rings of the piece.  None where a step by one cell is not the same
    displacement everywhere: such a translation of the graph is no translation of space.
    """
    node = {image: v for v, image in certificate.items()}
    steps = [_step(node, axis, dimension, places, rings) for axis in range(dimension)]
    if any(step is None for step in steps):
        return None
    found = [step for step in steps if step is not None]
    origin: dict[Any, Row] = {}
    for v, (vertex, cell) in certificate.items():
        back = [
            sum((c * step[i] for c, step in zip(cell, found, strict=True)), Fraction(0))
            for i in range(len(gram))
        ]
        place = tuple(x - y for x, y in zip(places[v], back, strict=True))
        if any(
            _nearest(
                [x - y for x, y in zip(place, origin.setdefault(vertex, place), strict=True)], rings
            )
        ):
            return None
    axes = _completed(found, len(gram))
    return None if axes is None else Metric(gram, origin).rebased(axes)


def _step(
    node: Mapping[tuple[Any, Vector], Any], axis: int, dimension: int, places: Places, rings: Vector
) -> Row | None:
    """The displacement by one cell along an axis, between the first two nodes that are so
    related.
    """
    for (vertex, cell), v in node.items():
        image = node.get((vertex, tuple(c + (i == axis) for i, c in enumerate(cell))))
        if image is not None:
            return _nearest([y - x for x, y in zip(places[v], places[image], strict=True)], rings)
    return None


def _nearest(step: Sequence[Fraction], rings: Vector) -> Row:
    """The shortest form of a displacement on the rings, a half turn counted as positive."""
    periods = (*rings, *(0,) * (len(step) - len(rings)))
    return tuple(x - n * _turns(x, n) if n else x for x, n in zip(step, periods, strict=True))


def _turns(x: Fraction, n: int) -> int:
    """How many periods n take x between -n/2 (excluded) and n/2."""
    return -((n - 2 * x) // (2 * n))


def _completed(steps: Sequence[Row], size: int) -> list[Row] | None:
    """Independent steps, completed to a basis by unit vectors; None if they are not independent."""
    axes: list[Row] = []
    for row in (*steps, *_units(size)):
        if _independent([*axes, row]):
            axes.append(row)
        elif len(axes) < len(steps):
            return None
    return axes


def _units(size: int) -> Iterator[Row]:
    """The unit vectors."""
    return (rational_row([int(i == j) for j in range(size)], "a unit vector") for i in range(size))


def _independent(rows: Sequence[Row]) -> bool:
    """Whether rows are linearly independent: their Gram determinant is not zero."""
    try:
        inverse([times(row, list(zip(*rows, strict=True))) for row in rows])
    except ValueError:
        return False
    return True


def _moved(place: Row, cell: Vector) -> Row:
    """A position in another cell."""
    return tuple(
        x + c for x, c in zip(place, (*cell, *(0,) * (len(place) - len(cell))), strict=True)
    )
