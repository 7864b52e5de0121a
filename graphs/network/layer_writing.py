"""Layer graphs written as the statements that are read back, and as DOT."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import Any

from neurenorm.graphs.network.layer_nodes import LayerNodes

__all__ = ["dot", "written"]

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "input": {"shape": ()},
    "dense": {"sw2": None, "transposed": False},
    "conv": {"window": None, "sw2": None, "boundary": "zero", "stride": 1, "dilation": 1},
    "sum": {},
    "map": {},
    "pool": {"taps": None, "shape": ()},
    "mix": {"weights": None},
    "flatten": {},
    "norm": {"centred": True, "eps": 0},
    "dropout": {"keep": None},
    "attend": {"scale": 1, "function": "softmax", "causal": False},
    "heads": {"scale": 1, "sw2": 1, "function": "softmax", "causal": False},
    "bias": {"sb2": None, "mean": 0},
    "positions_of": {"sb2": None, "overlaps": None, "learnt": True},
}
"""What is written of an operation, where it is not as it is by default (None: always)."""
CALLED = {"sum": "add", "pool": "gather", ("heads", "sw2"): "sov2", ("positions_of", "sb2"): "sp2"}


def written(graph: LayerNodes) -> str:
    """Return a layer graph as statements, one for each signal."""
    names: dict[Hashable, str] = {node: f"n{i}" for i, node in enumerate(graph.order())}
    return "\n".join(f"{name} = {_call(graph, node, names)}" for node, name in names.items())


def _call(graph: LayerNodes, node: Hashable, names: Mapping[Hashable, str]) -> str:
    """The operation that makes a signal."""
    data = graph.graph.nodes[node]
    op = "positions_of" if data.get("overlaps") is not None else data["op"]
    parts = [names[parent] for parent in graph.parents(node)]
    if op in ("bias", "positions_of"):
        parts = [names[_alike(graph, node, names)]]
    if op == "map":
        named = data["variables"] if len(parts) > 1 else None
        signals = (
            parts if named is None else [f"{k}={v}" for k, v in zip(named, parts, strict=True)]
        )
        parts = [_text(data["function"]), *signals]
    if op == "attend":
        parts = [parts[0], *([] if parts[0] == parts[1] else [f"source={parts[1]}"])]
    for key, usual in OPTIONS[op].items():
        if usual is None or data[key] != usual:
            parts.append(f"{CALLED.get((op, key), key)}={_text(data[key])}")
    strengths = graph.strengths(node)
    if op == "sum" and any(strength != 1 for strength in strengths):
        parts.append(f"strengths={_text(tuple(strengths))}")
    wide = op in ("dense", "conv") and data["space"] != 1
    if wide or (op == "input" and not isinstance(data["space"], tuple)):
        parts.append(f"width={_text(data['space'])}")
    if data.get("label") is not None:
        parts.append(f"label={_text(data['label'])}")
    return f"{CALLED.get(op, op)}({', '.join(parts)})"


def _alike(graph: LayerNodes, node: Hashable, names: Mapping[Hashable, str]) -> Hashable:
    """An earlier signal of the same space and grid, which a bias is said to be like."""
    for other in names:
        if other == node:
            break
        if (graph.space(other), graph.shape(other)) == (graph.space(node), graph.shape(node)):
            return other
    raise ValueError(f"the bias {node} comes before the first signal of its space")


def _text(value: Any) -> str:
    """A value as it is read."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_text, value))}{',' * (len(value) == 1)})"
    if isinstance(value, Fraction) and value.denominator == 1:
        return str(value.numerator)
    return str(value)


def dot(graph: LayerNodes) -> str:
    """Return a layer graph in the language of Graphviz.

    Examples
    --------
    >>> from neurenorm.graphs.network.layer_networks import mlp
    >>> print(dot(mlp("relu", 1)).splitlines()[1])
      n0 [label="input"];
    """
    names = {node: f"n{i}" for i, node in enumerate(graph.order())}
    rows = []
    for node, name in names.items():
        data = graph.graph.nodes[node]
        label = str(data["function"] if data["op"] == "map" else data["op"]).replace('"', "'")
        rows.append(f'  {name} [label="{label}"];')
        rows += [f"  {names[parent]} -> {name};" for parent in graph.parents(node)]
    return "\n".join(["digraph {", *rows, "}"])
