"""Reads an ONNX file into a `Model` (needs the package ``onnx``, the extra ``networks``).

Functions that the file defines are written out, floats become double precision, and what can be
computed from constants is a constant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurenorm.numerics.measure.network.limits import check_limits
from neurenorm.numerics.measure.network.model import Model, ModelError, Operation
from neurenorm.numerics.measure.network.reference import Runner, library

__all__ = ["from_proto", "load", "read_onnx"]

SHORT = ("FLOAT", "FLOAT16", "BFLOAT16")
TYPES = ("to", "dtype", "output_dtype")  # attributes that name the type of a result
CHANCE = (
    "RandomNormal",
    "RandomUniform",
    "RandomNormalLike",
    "RandomUniformLike",
    "Bernoulli",
    "Multinomial",
)


def read_onnx(path: str | Path) -> Model:
    """Return the model in an ONNX file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Model

    Raises
    ------
    ImportError
        Without the package ``onnx``.
    ModelError
        If the path is no file, the file is not ONNX or damaged, or there is not exactly one input.
    """
    return from_proto(load(path), str(path))


def _readers(inputs: Any, graph: Any) -> str:
    """The first inputs of a graph, each with the layer that reads it."""
    first = {
        name: f"{node.op_type}, layer {node.name or node.output[0]!r}"
        for node in reversed(graph.node)
        for name in _read(node)
    }
    told = [f"{value.name!r} ({first.get(value.name, 'read by no layer')})" for value in inputs[:3]]
    return f": {', '.join(told)}{', …' if len(inputs) > 3 else ''}" if told else ""


def _read(node: Any) -> set[str]:
    """The names that a node reads, those in its branches and loop bodies included."""
    inner = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    inner += [graph for attribute in node.attribute for graph in attribute.graphs]
    return set(node.input).union(*(_read(held) for graph in inner for held in graph.node))


def load(path: str | Path) -> Any:
    """Return the checked contents of an ONNX file; every file that is measured comes through here.

    Raises
    ------
    ImportError
        Without the package ``onnx``.
    ModelError
        If the path is no file, or the file is not ONNX or damaged.
    """
    file = Path(path)
    if file.is_dir():
        raise ModelError(f"{file} is a folder; name an ONNX file")
    if not file.is_file():
        raise ModelError(f"there is no file {file}")
    onnx = library()
    try:
        proto = onnx.load(str(file), load_external_data=False)
        check_limits(proto, file)
        onnx.load_external_data_for_model(proto, str(file.parent))
        onnx.checker.check_model(proto)
    except ModelError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{file} is not a valid ONNX model, or it is damaged: {reason}") from error
    if not proto.graph.node:
        raise ModelError(f"{file} is not a valid ONNX model: it has no layers")
    return proto


def from_proto(proto: Any, source: str) -> Model:
    """Return a checked ONNX model; ``source`` names it in errors."""
    onnx = library()
    opsets = _opsets(proto)
    if proto.functions:
        proto = onnx.inliner.inline_local_functions(proto, convert_version=False)
        opsets |= _opsets(proto)
    graph = proto.graph
    named = {array.name for array in (*graph.initializer, *graph.sparse_initializer)}
    inputs = [value for value in graph.input if value.name not in named]
    if len(inputs) != 1:
        raise ModelError(
            f"{source} has {len(inputs)} inputs{_readers(inputs, graph)}; exactly one, the data, "
            "can be given"
        )
    kind = inputs[0].type.tensor_type
    if not kind.shape.dim:
        raise ModelError(f"{source} declares no shape for its input {inputs[0].name!r}")
    extents = [d.dim_value if d.dim_value > 0 else None for d in kind.shape.dim]
    operations = list(_operations(graph))
    read = {name for op in operations for name in op.reads}
    constants = {array.name: _array(array) for array in graph.initializer if array.name in read}
    constants |= {
        a.values.name: _dense(a) for a in graph.sparse_initializer if a.values.name in read
    }
    operations, constants = _folded(operations, constants, Runner(opsets))
    outputs = tuple(value.name for value in graph.output)
    return Model(
        operations,
        constants,
        inputs[0].name,
        tuple(extents[1:]),
        outputs,
        opsets,
        extents[0],
        _dtype(kind, source),
    )


def _opsets(proto: Any) -> dict[str, int]:
    """Version of every domain; ``ai.onnx`` is another name of the standard."""
    return {
        "" if entry.domain == "ai.onnx" else entry.domain: entry.version
        for entry in proto.opset_import
    }


def _dtype(kind: Any, source: str) -> np.dtype[Any]:
    """The type in which the data run."""
    onnx = library()
    if onnx.TensorProto.DataType.Name(kind.elem_type) in SHORT:
        return np.dtype(float)
    found = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))
    if found.kind not in "fiub":
        raise ModelError(f"{source} takes data of type {found}; only numbers can be given")
    return found


def _operations(graph: Any) -> Iterator[Operation]:
    """The nodes of a graph, each with a name of its own."""
    taken = Counter(node.name for node in graph.node if node.name)
    used: set[str] = set()
    for index, node in enumerate(graph.node):
        name = node.name or f"{node.op_type}_{index}"
        while name in used or (name != node.name and name in taken):
            name = f"{name}_{index}"
        used.add(name)
        domain = "" if node.domain == "ai.onnx" else node.domain
        attributes = {a.name: _attribute(a) for a in node.attribute}
        captured = tuple(dict.fromkeys(free for a in node.attribute for free in _free(a)))
        yield Operation(
            name, node.op_type, tuple(node.input), tuple(node.output), attributes, domain, captured
        )


def _free(attribute: Any) -> Iterator[str]:
    """The names that a body of control flow reads from outside."""
    for body in (attribute.g, *attribute.graphs):
        own = {value.name for value in (*body.input, *body.initializer)}
        for node in body.node:
            yield from (name for name in node.input if name and name not in own)
            yield from (
                name for inner in node.attribute for name in _free(inner) if name not in own
            )
            own.update(node.output)
        yield from (value.name for value in body.output if value.name not in own)


def _attribute(attribute: Any) -> Any:
    """The value of an attribute, its floats at double precision."""
    onnx = library()
    value = onnx.helper.get_attribute_value(attribute)
    if attribute.name in TYPES and attribute.type == onnx.AttributeProto.INT:
        known = onnx.TensorProto.DataType.values()
        return (
            onnx.TensorProto.DOUBLE
            if value in known and onnx.TensorProto.DataType.Name(value) in SHORT
            else value
        )
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, onnx.TensorProto):
        return (
            onnx.numpy_helper.from_array(_array(value))
            if value.data_type != onnx.TensorProto.STRING
            else value
        )
    if isinstance(value, onnx.GraphProto):
        return _body(value)
    return value


def _body(graph: Any) -> Any:
    """A body of control flow with its floats at double precision."""
    onnx = library()
    found = onnx.GraphProto()
    found.CopyFrom(graph)
    for array in found.initializer:
        if onnx.TensorProto.DataType.Name(array.data_type) in SHORT:
            array.CopyFrom(onnx.numpy_helper.from_array(_array(array), array.name))
    for node in found.node:
        values = {
            a.name: _attribute(a)
            for a in node.attribute
            if a.type not in (0, onnx.AttributeProto.INTS)
        }
        if node.op_type == "Constant" and not isinstance(
            next(iter(values.values()), None), onnx.TensorProto
        ):
            kept = onnx.helper.get_attribute_value(node.attribute[0])
            values = {"value": onnx.numpy_helper.from_array(_number(np.asarray(kept)))}
            del node.attribute[:]
        rest = [a for a in node.attribute if a.name not in values]
        del node.attribute[:]
        node.attribute.extend(
            [*rest, *(onnx.helper.make_attribute(k, v) for k, v in values.items())]
        )
    return found


def _array(proto: Any) -> Any:
    """A stored array, floats at double precision."""
    return _number(library().numpy_helper.to_array(proto))


def _dense(proto: Any) -> Any:
    """A sparse stored array."""
    onnx = library()
    values, places = _array(proto.values), onnx.numpy_helper.to_array(proto.indices)
    found = np.zeros(tuple(proto.dims), dtype=values.dtype)
    where = tuple(places.T) if places.ndim == 2 else np.unravel_index(places, found.shape)
    found[where] = values
    return found


def _number(array: Any) -> Any:
    """Floats at double precision; anything else as it is."""
    found = np.asarray(array)
    return (
        found.astype(float) if found.dtype.kind == "f" or found.dtype.name == "bfloat16" else found
    )


def _folded(
    operations: list[Operation], constants: dict[str, Any], runner: Runner
) -> tuple[list[Operation], dict[str, Any]]:
    """Operations on constants alone become constants."""
    left = []
    for op in operations:
        if op.kind == "Constant" and not op.domain:
            constants[op.outputs[0]] = _constant(op.attributes)
        elif op.kind == "CastLike" and np.asarray(constants.get(op.inputs[0], 0)).dtype.kind == "f":
            constants[op.outputs[0]] = constants[op.inputs[0]]  # floats are all of one type here
        elif op.kind in CHANCE or not op.reads or not all(name in constants for name in op.reads):
            left.append(op)
        else:
            try:
                made = runner(op, constants)
            except ModelError:  # it may not be needed
                left.append(op)
            else:
                constants.update(zip([name for name in op.outputs if name], made, strict=True))
    return left, constants


def _constant(attributes: Mapping[str, Any]) -> Any:
    """The array of a Constant node."""
    (value,) = attributes.values()
    onnx = library()
    if isinstance(value, onnx.SparseTensorProto):
        return _dense(value)
    return _array(value) if isinstance(value, onnx.TensorProto) else _number(np.asarray(value))
