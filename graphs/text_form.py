"""The text form of a periodic graph: one line for its dimension, one for each vertex, one for each edge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from graphs.edges import Edge
from graphs.labels import decode, encode

__all__ = ["read_cell", "write_cell"]


def write_cell(dimension: int, vertices: Mapping[Any, Hashable], edges: Iterable[Edge]) -> str:
    """Write a cell as text."""
    lines = [f"dimension {dimension}"]
    lines += [f"vertex {encode(item)}" for item in vertices.items()]
    lines += [f"edge {encode(tuple(edge))}" for edge in edges]
    return "\n".join(lines)


def read_cell(text: str) -> tuple[int, dict[Any, Hashable], list[Any]]:
    """Read dimension, vertices and edges of a cell; a line that is none of these is named."""
    entries: dict[str, list[Any]] = {"dimension": [], "vertex": [], "edge": []}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            kind, value = _parse_line(number, line)
            entries[kind].append(value)
    if len(entries["dimension"]) != 1:
        raise ValueError("the text of a periodic graph has exactly one line 'dimension d'")
    repeated = [v for v, count in Counter(v for v, _ in entries["vertex"]).items() if count > 1]
    if repeated:
        raise ValueError(f"vertices given twice: {repeated}")
    return entries["dimension"][0], dict(entries["vertex"]), entries["edge"]


def _parse_line(number: int, line: str) -> tuple[str, Any]:
    """Keyword and value of one line of the text form."""
    kind, _, rest = line.strip().partition(" ")
    lengths = {"dimension": None, "vertex": 2, "edge": 4}
    try:
        value = decode(rest)
    except (ValueError, TypeError):
        value = None
    size = len(value) if isinstance(value, tuple) else None
    if kind not in lengths or value is None or size != lengths[kind]:
        raise ValueError(f"line {number} is not a dimension, a vertex or an edge of a periodic graph: {line!r}")
    return kind, value
