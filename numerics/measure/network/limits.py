"""Bounds of a model file, checked on its description before anything that it declares is allocated.

A few bytes of ONNX may declare arrays of any size, loops of any length and external data anywhere
on the disk. A model may hold at most `MOST_BYTES` bytes of constants in all, `MOST_NODES`
operations in `DEEPEST` levels of subgraphs, and its external data must lie in its own folder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from neurenorm.numerics.measure.network.model import ModelError

__all__ = ["MOST_BYTES", "check_limits"]

MOST_BYTES = 2 << 30
MOST_NODES = 100_000
DEEPEST = 4
MOST_AXES = 64
EXTERNAL = 1  # TensorProto.EXTERNAL
SHAPES_FROM = (
    "ConstantOfShape",
    "Expand",
    "Tile",
    "Range",
    "Pad",
    "Resize",
    "Upsample",
    "OneHot",
    "EyeLike",
    "Reshape",
)
LOOPS = ("Loop", "Scan")


def check_limits(proto: Any, file: Path) -> None:
    """Refuse a model that declares more than it may, or that reads files outside its folder.

    Parameters
    ----------
    proto : onnx.ModelProto
        Loaded without its external data.
    file : Path
        Where it was loaded from.

    Raises
    ------
    ModelError
        With one line that names the array or the layer.
    """
    if file.stat().st_size > MOST_BYTES:
        raise ModelError(
            f"{file} has {file.stat().st_size} bytes; a model has at most {MOST_BYTES}"
        )
    total = nodes = 0
    for graph, depth in _graphs(proto):
        nodes += len(graph.node)
        if depth > DEEPEST or nodes > MOST_NODES:
            raise ModelError(
                f"{file} is too large: at most {MOST_NODES} operations in {DEEPEST} levels of "
                "subgraphs are read"
            )
        for tensor in _tensors(graph):
            total += _bytes(tensor, file)
            if total > MOST_BYTES:
                raise ModelError(
                    f"the constants of {file} need more than {MOST_BYTES} bytes: {tensor.name!r} "
                    f"declares the shape {tuple(tensor.dims)}"
                )
        _check_made_shapes(graph, file)


def _graphs(proto: Any) -> Iterator[tuple[Any, int]]:
    """Yield the graph, its functions and all subgraphs, with their depth."""
    stack = [(proto.graph, 0), *((function, 1) for function in proto.functions)]
    while stack:
        graph, depth = stack.pop()
        yield graph, depth
        for node in graph.node:
            for attribute in node.attribute:
                stack += [
                    (inner, depth + 1) for inner in (attribute.g, *attribute.graphs) if inner.node
                ]


def _tensors(graph: Any) -> Iterator[Any]:
    """Yield every array that a graph declares."""
    yield from getattr(graph, "initializer", ())
    for sparse in getattr(graph, "sparse_initializer", ()):
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (
                tensor
                for tensor in (attribute.t, *attribute.tensors)
                if tensor.dims or tensor.data_type
            )


def _bytes(tensor: Any, file: Path) -> int:
    """How many bytes an array needs at double precision; its external data are checked."""
    if len(tensor.dims) > MOST_AXES or any(extent < 0 for extent in tensor.dims):
        raise ModelError(
            f"{file} declares the shape {tuple(tensor.dims)[:8]} for {tensor.name!r}, which no "
            "array has"
        )
    size = 8 * math.prod(tensor.dims)
    if tensor.data_location == EXTERNAL:
        _check_external(
            {entry.key: entry.value for entry in tensor.external_data}, tensor.name, file
        )
    elif size > MOST_BYTES or (size > 64 * (file.stat().st_size + 64)):
        raise ModelError(
            f"{file} declares {size} bytes for {tensor.name!r}, which it does not hold"
        )
    return size


def _check_external(entries: dict[str, str], name: str, file: Path) -> None:
    """Refuse external data outside the folder of the model, through links too, or beyond the end of
    their file.
    """
    folder = file.resolve().parent
    location = entries.get("location", "")
    place = (folder / location).resolve()
    if not location or folder not in place.parents:
        raise ModelError(
            f"{file} keeps {name!r} in {location!r}, outside its own folder: external data are "
            "read only from beside the model"
        )
    if not place.is_file():
        raise ModelError(f"{file} keeps {name!r} in {location!r}, which is not a file")
    numbers = [entries.get("offset", "0") or "0", entries.get("length", "0") or "0"]
    if not all(number.isascii() and number.isdecimal() and len(number) < 20 for number in numbers):
        raise ModelError(
            f"{file} gives no whole numbers for offset and length of {name!r} in {location!r}"
        )
    if sum(map(int, numbers)) > place.stat().st_size:
        raise ModelError(f"{file} reads {name!r} beyond the end of {location!r}")


def _check_made_shapes(graph: Any, file: Path) -> None:
    """Refuse layers that make an array of a declared shape beyond the limit, and loops of a length
    beyond it.
    """
    integers = {tensor.name: _integers(tensor) for tensor in getattr(graph, "initializer", ())}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.output:
            integers[node.output[0]] = _attribute_integers(node.attribute[0])
    for node in graph.node:
        known = [integers[name] for name in node.input if integers.get(name)]
        sizes = [
            8 * math.prod(abs(number) for number in numbers if number)
            for numbers in known
            if node.op_type in SHAPES_FROM
        ]
        trips = [
            abs(numbers[0])
            for numbers in known[:1]
            if node.op_type in LOOPS and node.input and integers.get(node.input[0])
        ]
        if max([*sizes, 0]) > MOST_BYTES:
            raise ModelError(
                f"the layer {node.name or node.op_type} ({node.op_type}) of {file} makes an array "
                f"of more than {MOST_BYTES} bytes"
            )
        if max([*trips, 0]) > MOST_NODES:
            raise ModelError(
                f"the layer {node.name or node.op_type} ({node.op_type}) of {file} runs {trips[0]} "
                f"times; at most {MOST_NODES}"
            )


def _attribute_integers(attribute: Any) -> Sequence[int]:
    """The integers of the attribute of a Constant node."""
    return (
        _integers(attribute.t)
        if attribute.t.data_type
        else [*attribute.ints, *([attribute.i] if attribute.name == "value_int" else [])]
    )


def _integers(tensor: Any) -> Sequence[int]:
    """The entries of a short array of 64-bit integers, as shapes are; none for any other array."""
    if (
        tensor.data_type != 7
        or tensor.data_location == EXTERNAL
        or math.prod(tensor.dims) > MOST_AXES
    ):
        return ()
    raw = tensor.raw_data
    return (
        [int.from_bytes(raw[i : i + 8], "little", signed=True) for i in range(0, len(raw), 8)]
        if raw
        else list(tensor.int64_data)
    )
