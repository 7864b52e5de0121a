"""Runs operations of a network by the reference implementation that comes with ONNX, at double
precision.

Every operator of the standard runs, by the version of the operator set that the model names. Four
kinds are replaced: Erf, which the reference rounds to single precision, the softmax of operator
sets before 13, which normalises over all axes from one on, local response normalisation, where the
reference counts samples for channels, and pooling of plain windows, which it does in Python loops.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import erf, log_softmax, softmax

from neurenorm.graphs.arguments import found_in
from neurenorm.numerics.measure.network.operation import ModelError, Operation

__all__ = ["Runner", "library"]

LATEST = 20


@cache
def library() -> Any:
    """Return the package onnx with the parts that are used here.

    Raises
    ------
    ImportError
        Without it: what to install.
    """
    try:
        for part in (
            "reference",
            "reference.op_run",
            "reference.ops",
            "inliner",
            "numpy_helper",
            "checker",
        ):
            import_module(f"onnx.{part}")
        return import_module("onnx")
    except ImportError as error:
        raise ImportError(
            "networks need the package onnx: install the extra with pip install "
            "'neurenorm[networks]'"
        ) from error


def _erf(self: Any, x: Any) -> tuple[Any]:
    """The error function at double precision."""
    return (erf(x),)


def _batch_norm(self: Any, x: Any, *moments: Any, epsilon: float = 1e-5, **_: Any) -> tuple[Any]:
    """Normalisation by stored moments, which the reference of old operator sets takes from the
    data.
    """
    scale, bias, mean, variance = (value.reshape(-1, *(1,) * (x.ndim - 2)) for value in moments)
    return (scale * (x - mean) / np.sqrt(variance + epsilon) + bias,)


def _lrn(self: Any, x: Any, alpha: float, beta: float, bias: float, size: int) -> tuple[Any]:
    """Local response normalisation over neighbouring channels."""
    sides = [(0, 0)] * x.ndim
    sides[1] = ((size - 1) // 2, size // 2)
    squares = sliding_window_view(np.pad(x**2, sides), size, axis=1).sum(axis=-1)
    return (x / (bias + alpha / size * squares) ** beta,)


def _over_the_rest(function: Callable[..., Any]) -> Callable[..., tuple[Any]]:
    """A function of the last axis, over all axes from one on."""

    def run(self: Any, x: Any, axis: int | None = None) -> tuple[Any]:
        """Apply it to a matrix."""
        first = 1 if axis is None else axis % x.ndim
        return (function(x.reshape(math.prod(x.shape[:first]), -1), axis=-1).reshape(x.shape),)

    return run


def _pooled(slow: Any, function: Callable[..., Any], fill: float) -> Callable[..., tuple[Any]]:
    """A pool over plain windows; any other as the reference has it."""

    def run(self: Any, x: Any, **window: Any) -> tuple[Any]:
        """Pool."""
        size = window["kernel_shape"]
        pads, steps = (
            window.get("pads") or [0] * 2 * len(size),
            window.get("strides") or [1] * len(size),
        )
        plain = not window.get("ceil_mode") and window.get("auto_pad", "NOTSET") in (
            "NOTSET",
            "VALID",
        )
        if not plain or set(window.get("dilations") or [1]) != {1} or len(self.output) > 1:
            return tuple(slow._run(self, x, **window))
        sides = [(0, 0), (0, 0), *zip(pads[: len(size)], pads[len(size) :], strict=True)]
        places = (slice(None), slice(None), *(slice(None, None, step) for step in steps))

        def over_windows(array: Any) -> Any:
            """The function over every window."""
            padded = np.pad(array, sides, constant_values=fill)
            views = sliding_window_view(padded, size, axis=tuple(range(2, x.ndim)))
            return function(views[places], axis=tuple(range(-len(size), 0)))

        inside = function is np.mean and any(pads) and not window.get("count_include_pad")
        return (over_windows(x) / (over_windows(np.ones((1, 1, *x.shape[2:]))) if inside else 1),)

    return run


@cache
def _replaced(version: int) -> tuple[type, ...]:
    """Implementations that stand in for those of the reference, at a version of the operator
    set.
    """
    base = library().reference.op_run.OpRun
    found: dict[str, tuple[type, Any]] = {"Erf": (base, _erf), "LRN": (base, _lrn)}
    if version < 13:
        found |= {
            "Softmax": (base, _over_the_rest(softmax)),
            "LogSoftmax": (base, _over_the_rest(log_softmax)),
        }
    if 9 <= version < 14:
        found["BatchNormalization"] = base, _batch_norm
    for name, function, fill in (("MaxPool", np.max, -np.inf), ("AveragePool", np.mean, 0.0)):
        slow = library().reference.ops.load_op("", name, version)
        found[name] = slow, _pooled(slow, function, fill)
    return tuple(
        type(name, (kind,), {"op_domain": "", "_run": run}) for name, (kind, run) in found.items()
    )


class Runner:
    """Implementations of operations, made when they are first used.

    Parameters
    ----------
    opsets : mapping of str to int
        Version of every domain of operators; ``""`` is the standard.

    Examples
    --------
    >>> runner = Runner({"": 17})
    >>> runner(Operation("act", "Relu", ("x",), ("y",)), {"x": np.array([-1.0, 2.0])})[0].tolist()
    [0.0, 2.0]
    """

    def __init__(self, opsets: Mapping[str, int]) -> None:
        self.opsets = dict(opsets)
        self._made: dict[int, tuple[Operation, Any]] = {}

    def __call__(self, op: Operation, arrays: Mapping[str, Any]) -> list[Any]:
        """Return the named outputs of one operation.

        Raises
        ------
        ModelError
            If the operator is unknown, or does not take these arrays; the layer is named.
        """
        feeds = {name: found_in(arrays, name, "array") for name in op.reads}
        if id(op) not in self._made:
            self._made[id(op)] = op, self._evaluator(op, feeds)
        try:
            with np.errstate(all="ignore"):
                found = self._made[id(op)][1].run(None, feeds)
        except Exception as error:
            shapes = ", ".join(str(np.shape(arrays[name])) for name in op.inputs if name)
            raise ModelError(
                f"the layer {op.name} ({op.kind}) does not take arrays of shape {shapes}: "
                f"{_line(error)}"
            ) from error
        return list(found)

    def _evaluator(self, op: Operation, feeds: Mapping[str, Any]) -> Any:
        """The reference evaluator of one operation on arrays of these types."""
        onnx = library()
        make = onnx.helper.make_tensor_value_info
        inputs = [
            make(name, onnx.helper.np_dtype_to_tensor_dtype(value.dtype), None)
            for name, value in feeds.items()
            if isinstance(value, np.ndarray)
        ]
        outputs = [make(name, 0, None) for name in op.outputs if name]
        graph = onnx.helper.make_graph([_node(op)], "one", inputs, outputs)
        versions = [onnx.helper.make_opsetid(*pair) for pair in self.opsets.items()]
        proto = onnx.helper.make_model(graph, opset_imports=versions)
        try:
            return onnx.reference.ReferenceEvaluator(
                proto, new_ops=list(_replaced(self.opsets.get("", LATEST)))
            )
        except Exception as error:
            kind = f"{op.domain}.{op.kind}" if op.domain else op.kind
            raise ModelError(
                f"unsupported operator {kind} (layer {op.name}): the reference of ONNX does not "
                "run it"
            ) from error


def _node(op: Operation) -> Any:
    """The operation as ONNX has it."""
    onnx = library()
    node = onnx.helper.make_node(op.kind, op.inputs, op.outputs, domain=op.domain or None)
    given = {k: v for k, v in op.attributes.items() if not (isinstance(v, list | tuple) and not v)}
    node.attribute.extend(onnx.helper.make_attribute(key, value) for key, value in given.items())
    return node


def _line(error: Exception) -> str:
    """The first line of the message of what went wrong first."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
