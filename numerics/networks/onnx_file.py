"""Read an ONNX file into a `Model` (needs the package ``onnx``, the extra ``networks``)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from numerics.networks.limits import check_limits
from numerics.networks.model import Model, ModelError, Operation
from numerics.networks.operators import OPERATORS

__all__ = ["read_onnx", "unsupported_operators"]


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
        If the path is no file, the file is not ONNX or damaged, there is not exactly one input, or an operator is not supported (all are named with their
        layers).
    """
    file = Path(path)
    if file.is_dir():
        raise ModelError(f"{file} is a folder; name an ONNX file")
    if not file.is_file():
        raise ModelError(f"there is no file {file}")
    try:
        onnx = import_module("onnx")
    except ImportError as error:
        raise ImportError("reading ONNX files needs the package onnx: install the extra with pip install 'neurenorm[networks]'") from error
    return _model(onnx, _loaded(onnx, file).graph, file)


def unsupported_operators() -> list[str]:
    """Return the operators of the installed ONNX standard that a model may not contain.

    Raises
    ------
    ImportError
        Without the package ``onnx``.

    Examples
    --------
    >>> found = unsupported_operators()
    >>> "LSTM" in found, "Conv" in found
    (True, False)
    """
    try:
        schemas = import_module("onnx.defs").get_all_schemas()
    except ImportError as error:
        raise ImportError("the operators of ONNX are listed by the package onnx: install the extra with pip install 'neurenorm[networks]'") from error
    return sorted({schema.name for schema in schemas if schema.domain == ""} - set(OPERATORS))


def _loaded(onnx: Any, file: Path) -> Any:
    """The checked contents of the file."""
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


def _model(onnx: Any, graph: Any, file: Path) -> Model:
    """The graph as a model."""
    helper = onnx.numpy_helper
    constants = {array.name: _number(helper.to_array(array)) for array in graph.initializer}
    operations = []
    for index, node in enumerate(graph.node):
        attributes = {a.name: _attribute(onnx, a) for a in node.attribute}
        if node.op_type == "Constant":
            constants[node.output[0]] = _constant(attributes)
            continue
        name = node.name or f"{node.op_type}_{index}"
        operations.append(Operation(name, node.op_type, tuple(node.input), tuple(node.output), attributes))
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise ModelError(f"{file} has {len(inputs)} inputs; exactly one, the data, can be given")
    shape = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in inputs[0].type.tensor_type.shape.dim)
    if not shape:
        raise ModelError(f"{file} declares no shape for its input {inputs[0].name!r}")
    return Model(operations, constants, inputs[0].name, shape[1:], tuple(value.name for value in graph.output))


def _number(array: Any) -> Any:
    """Floats at double precision; integers and Booleans as they are."""
    found = np.asarray(array)
    return found.astype(np.float64) if found.dtype.kind not in "iub" else found


def _attribute(onnx: Any, attribute: Any) -> Any:
    """The value of an attribute in Python."""
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, onnx.TensorProto):
        return _number(onnx.numpy_helper.to_array(value))
    return value


def _constant(attributes: dict[str, Any]) -> Any:
    """The array of a Constant node."""
    value = next(iter(attributes.values()))
    return _number(np.asarray(value))
