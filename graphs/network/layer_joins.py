"""Layer graphs put one behind the other, or side by side."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from neurenorm.graphs.network.layer_nodes import LayerNodes

__all__ = ["embedded", "only"]


def only(nodes: Sequence[Hashable], what: str) -> Hashable:
    """The only one of several nodes."""
    if len(nodes) != 1:
        raise ValueError(f"networks are joined at one {what}, got {len(nodes)}")
    return nodes[0]


def embedded(part: LayerNodes, into: LayerNodes, known: dict[Hashable, Hashable]) -> Hashable:
    """Copy a graph into another, some of its nodes being there already; return its output."""
    for old, new in known.items():
        if part.shape(old) != into.shape(new):
            raise ValueError(
                f"a network for grids {part.shape(old)} cannot follow one of {into.shape(new)}"
            )
    names = dict(known)
    spaces = {part.space(old): into.space(new) for old, new in known.items()}
    for node in part.order():
        if node in names:
            continue
        data = dict(part.graph.nodes[node])
        names[node] = into._new(None)
        if data["op"] == "input" and isinstance(data["space"], tuple):
            spaces[data["space"]] = ("input", names[node])
        data["space"] = _moved(data["space"], spaces)
        if "ends" in data:
            data["ends"] = tuple(_moved(end, spaces) for end in data["ends"])
            into._matches(data["label"], data.get("window", "dense"), data["ends"])
        sources = [names[source] for source in part.parents(node)]
        if data["op"] in ("sum", "map"):
            into._alike("combine", sources)
        into._put(names[node], data.pop("op"), sources, part.strengths(node), **data)
    return names[part.output]


def _moved(space: Any, spaces: dict[Hashable, Hashable]) -> Hashable:
    """A space under its new name."""
    if space in spaces:
        return spaces[space]
    if isinstance(space, tuple) and space[0] == "flat":
        return (*space[:2], _moved(space[2], spaces))
    return space
