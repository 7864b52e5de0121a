"""How a periodic graph shows itself in a notebook: a few cells as a drawing, and the table of its
edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurenorm.graphs.periodic.edges import Edge
from neurenorm.graphs.rendering import LARGEST, Table, small_drawing

if TYPE_CHECKING:
    from neurenorm.graphs.periodic.periodic import PeriodicGraph

__all__ = ["cell_table"]


def cell_table(graph: PeriodicGraph) -> str:
    """Three cells along each translation, and the edges of the cell as a table."""
    table = Table([*graph.edges], Edge._fields, caption=repr(graph))
    return f"{_picture(graph)}{table._repr_html_()}"


def _picture(graph: PeriodicGraph) -> str:
    """Three cells along each of at most two translations, as SVG; empty where that is too much to
    see.
    """
    if graph.dimension > 2 or len(graph.vertices) * 3**graph.dimension > LARGEST:
        return ""
    piece = graph.unroll(3, periodic=False).graph
    places = _measured(graph, piece) if graph.metric else _sketched(graph, piece)
    return small_drawing(places, piece.edges(keys=False), title=repr(graph)) or ""


def _measured(graph: PeriodicGraph, piece: Any) -> dict[Any, tuple[float, float]]:
    """Places by the metric, in units of the first primitive vector; what lies across two directions
    is not seen.
    """
    assert graph.metric is not None
    unit = graph.metric.cartesian([1] + [0] * (len(graph.metric.gram) - 1))[0]
    spread = {
        node: (*graph.metric.cartesian(x), 0.0)[:2] for node, x in piece.nodes(data="position")
    }
    return {node: (x / unit, y / unit) for node, (x, y) in spread.items()}


def _sketched(graph: PeriodicGraph, piece: Any) -> dict[Any, tuple[float, float]]:
    """Places on a square grid, the vertices of a cell beside each other, where there is no
    metric.
    """
    order, places = {v: k for k, v in enumerate(graph.vertices)}, {}
    aside, count = 0.35 if graph.dimension == 2 else 0.0, len(order)
    for v, cell in piece:
        x, y = (*cell, 0)[:2]
        places[v, cell] = (
            x + aside * order[v],
            y + aside * order[v] if aside else (count - 1) / 2 - order[v],
        )
    return places
