"""The graph of the layers of a model, with the statistics of their weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.measure.network.model import ACTIVATIONS, Model, Operation

__all__ = ["WeightStatistics", "added_bias", "dense_matrices", "layer_graph", "weight_statistics"]

_ROLES: Mapping[str, tuple[str, ...]] = {
    "activation": ACTIVATIONS,
    "sum": ("Add", "Sum", "Sub"),
    "normalisation": ("BatchNormalization", "LayerNormalization"),
    "pooling": ("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"),
    "softmax": ("Softmax", "LogSoftmax"),
}


@dataclass(frozen=True)
class WeightStatistics(Tabulated):
    """Scale of the weights of a layer, in the convention W_ij ~ N(0, sw2/fan_in), b_i ~ N(0, sb2).

    Attributes
    ----------
    fan_in, units : int
    sw2, sb2 : float
        fan_in times the mean square weight, and the mean square bias (zero without biases).
    """

    fan_in: int
    units: int
    sw2: float
    sb2: float


def weight_statistics(model: Model, op: Operation) -> WeightStatistics | None:
    """Return the statistics of the weights of a dense or convolutional operation, None for any
    other.

    Examples
    --------
    >>> op = Operation("dense", "Gemm", ("x", "w", "b"), ("y",), {"transB": 1})
    >>> weight_statistics(
    ...     Model([op], {"w": np.ones((3, 2)), "b": np.zeros(3)}, "x", (2,), ("y",)), op
    ... )
    WeightStatistics(fan_in=2, units=3, sw2=2.0, sb2=0.0)
    """
    matrix = _matrix(model, op)
    if matrix is None:
        return None
    alpha, beta = (
        op.attributes.get(key, 1.0) if op.kind == "Gemm" else 1.0 for key in ("alpha", "beta")
    )
    own = len(op.inputs) > 2 and op.inputs[2] != ""
    added = added_bias(model, op)
    bias = (
        beta * model.constants[op.inputs[2]]
        if own
        else 0.0
        if added is None
        else model.constants[added[1]]
    )
    scale = matrix.shape[1] * float(np.mean(np.square(alpha * matrix)))
    return WeightStatistics(
        matrix.shape[1], matrix.shape[0], scale, float(np.mean(np.square(bias)))
    )


def _matrix(model: Model, op: Operation) -> Any:
    """The weights of an operation as a matrix (units, fan_in); None where it has no fixed
    weights.
    """
    fits = (
        op.kind in ("Gemm", "MatMul", "Conv")
        and not op.domain
        and op.inputs[0] not in model.constants
    )
    weights = model.constants.get(op.inputs[1]) if fits else None
    if (
        weights is None
        or weights.ndim < 2
        or any(name and name not in model.constants for name in op.inputs[2:])
    ):
        return None
    if op.kind == "Conv":
        return weights.reshape(weights.shape[0], -1)
    if weights.ndim != 2:
        return None
    return weights if op.kind == "Gemm" and op.attributes.get("transB", 0) else weights.T


def added_bias(model: Model, op: Operation) -> tuple[Operation, str] | None:
    """Return the only reader of a product without a bias of its own, and the constant that it adds
    or subtracts.

    Examples
    --------
    >>> ops = [
    ...     Operation("fc", "MatMul", ("x", "w"), ("h",)),
    ...     Operation("b", "Sub", ("h", "c"), ("y",)),
    ... ]
    >>> model = Model(ops, {"w": np.ones((2, 3)), "c": np.ones(3)}, "x", (2,), ("y",))
    >>> added_bias(model, ops[0])[1]
    'c'
    """
    readers = [other for other in model.layers if op.outputs[0] in other.inputs]
    if len(readers) != 1 or readers[0].kind not in ("Add", "Sub") or len(op.inputs) > 2:
        return None
    found = next((name for name in readers[0].inputs if name in model.constants), None)
    return None if found is None else (readers[0], found)


def role(model: Model, op: Operation) -> str:
    """Return what an operation is in the graph of layers.

    Examples
    --------
    >>> role(Model([], {}, "x", (2,), ()), Operation("act", "Relu", ("x",), ("y",)))
    'activation'
    """
    if _matrix(model, op) is not None:
        return "weights"
    if op.kind in ("Add", "Sub") and any(name in model.constants for name in op.inputs):
        return "bias"
    return (
        "other"
        if op.domain
        else next((name for name, kinds in _ROLES.items() if op.kind in kinds), "other")
    )


def layer_graph(model: Model) -> nx.DiGraph:
    """Return the directed graph of the operations of a model that depend on the data.

    Parameters
    ----------
    model : Model

    Returns
    -------
    networkx.DiGraph
        Vertices are names of operations and ``"input"``, with the attributes ``kind`` (the
        operator), ``role`` (input, weights, bias, activation, sum, normalisation, pooling, softmax,
        other) and, for weights, ``statistics`` (`WeightStatistics`). Edges carry the name of the
        array.

    Examples
    --------
    >>> model = Model([Operation("act", "Relu", ("x",), ("y",))], {}, "x", (2,), ("y",))
    >>> list(layer_graph(model).edges)
    [('input', 'act')]
    """
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_node("input", kind="input", role="input", statistics=None)
    maker = {model.input: "input"}
    for op in model.layers:
        sources = [name for name in op.reads if name in maker]
        if not sources:
            continue
        graph.add_node(
            op.name, kind=op.kind, role=role(model, op), statistics=weight_statistics(model, op)
        )
        graph.add_edges_from((maker[name], op.name, {"array": name}) for name in sources)
        maker.update(dict.fromkeys(op.outputs, op.name))
    return graph


def dense_matrices(model: Model) -> Iterator[tuple[str, Any]]:
    """Yield the weight matrices of dense layers with their names, as arrays (inputs, units), in
    order.

    Examples
    --------
    >>> op = Operation("dense", "MatMul", ("x", "w"), ("y",))
    >>> [name for name, _ in dense_matrices(Model([op], {"w": np.ones((2, 3))}, "x", (2,), ("y",)))]
    ['dense']
    """
    for op in model.operations:
        matrix = _matrix(model, op) if op.kind != "Conv" else None
        if matrix is not None:
            yield op.name, matrix.T
