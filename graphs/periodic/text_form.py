"""The text form of a periodic graph: one line for its dimension, one for each vertex and each edge.

With a metric also one line for each axis (its scalar products with all axes) and for each position.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from neurenorm.graphs.periodic.edges import Edge
from neurenorm.graphs.periodic.labels import decode, encode
from neurenorm.graphs.periodic.metric import Metric

__all__ = ["read_cell", "write_cell"]

LENGTHS = {"dimension": None, "vertex": 2, "edge": 4, "axis": None, "position": 2}
"""Number of entries of the tuple of each kind of line: None for an integer (dimension) or a tuple
of any length (axis).
"""


def write_cell(
    dimension: int, vertices: Mapping[Any, Hashable], edges: Iterable[Edge], metric: Metric | None
) -> str:
    """Write a cell as text."""
    lines = [f"dimension {dimension}"]
    lines += [f"vertex {encode(item)}" for item in vertices.items()]
    lines += [f"edge {encode(tuple(edge))}" for edge in edges]
    if metric is not None:
        lines += [f"axis {encode(row)}" for row in metric.gram]
        lines += [f"position {encode(item)}" for item in metric.positions.items()]
    return "\n".join(lines)


def read_cell(text: str) -> tuple[int, dict[Any, Hashable], list[Any], Metric | None]:
    """Read dimension, vertices, edges and metric of a cell; a line that is none of these is
    named.
    """
    entries: dict[str, list[Any]] = {kind: [] for kind in LENGTHS}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            kind, value = _parse_line(number, line)
            entries[kind].append(value)
    if len(entries["dimension"]) != 1:
        raise ValueError("the text of a periodic graph has exactly one line 'dimension d'")
    for kind, what in (("vertex", "vertices"), ("position", "positions")):
        repeated = [v for v, count in Counter(v for v, _ in entries[kind]).items() if count > 1]
        if repeated:
            raise ValueError(f"{what} given twice: {repeated}")
    metric = Metric(entries["axis"], dict(entries["position"])) if entries["axis"] else None
    return entries["dimension"][0], dict(entries["vertex"]), entries["edge"], metric


def _parse_line(number: int, line: str) -> tuple[str, Any]:
    """Keyword and value of one line of the text form."""
    kind, _, rest = line.strip().partition(" ")
    try:
        value = decode(rest)
    except (ValueError, TypeError):
        value = None
    size = len(value) if isinstance(value, tuple) else None
    fits = size is not None if kind == "axis" else size == LENGTHS.get(kind)
    if kind not in LENGTHS or value is None or not fits:
        raise ValueError(
            f"line {number} is not a dimension, a vertex, an edge, an axis or a position of a "
            f"periodic graph: {line!r}"
        )
    return kind, value
