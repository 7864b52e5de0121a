"""Convert a ``torch.nn.Module`` to a `Model`, where torch is installed; nothing here imports torch before it is asked for.

The module is traced symbolically (``torch.fx``): its modules and functions become operations. Control flow that depends on the data cannot be traced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from numerics.networks.model import Model, ModelError, Operation

__all__ = ["from_torch"]

_PLAIN_MODULES = {
    "ReLU": "Relu",
    "Tanh": "Tanh",
    "Sigmoid": "Sigmoid",
    "Softplus": "Softplus",
    "Hardswish": "HardSwish",
    "SELU": "Selu",
    "Identity": "Identity",
    "Dropout": "Identity",
    "Dropout2d": "Identity",
}
_FUNCTIONS = {
    "relu": "Relu",
    "relu_": "Relu",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "gelu": "Gelu",
    "add": "Add",
    "iadd": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "truediv": "Div",
    "div": "Div",
    "matmul": "MatMul",
    "dropout": "Identity",
    "contiguous": "Identity",
}


def from_torch(module: Any, shape: Sequence[int | None]) -> Model:
    """Return a module of torch as a model, in evaluation mode.

    Parameters
    ----------
    module : torch.nn.Module
    shape : sequence of int or None
        Shape of one sample, without the sample axis; None for free extents.

    Returns
    -------
    Model

    Raises
    ------
    ImportError
        Without torch.
    ModelError
        If the module cannot be traced, or has a layer that is not supported (named).
    """
    try:
        fx = import_module("torch.fx")
    except ImportError as error:
        raise ImportError("a torch module can only be read where torch is installed; or export it to an ONNX file") from error
    was_training = module.training
    try:
        traced = fx.symbolic_trace(module.eval())
    except Exception as error:
        raise ModelError(f"the module cannot be traced ({type(error).__name__}: {error}); export it to an ONNX file instead") from error
    finally:
        module.train(was_training)
    return _Converter(traced, dict(module.named_modules())).model(tuple(shape))


class _Converter:
    """Collects operations and constants from a traced graph."""

    def __init__(self, traced: Any, modules: Mapping[str, Any]) -> None:
        self.traced, self.modules = traced, modules
        self.operations: list[Operation] = []
        self.constants: dict[str, Any] = {}

    def model(self, shape: tuple[int | None, ...]) -> Model:
        """Convert every node."""
        inputs, outputs = [], []
        for node in self.traced.graph.nodes:
            if node.op == "placeholder":
                inputs.append(node.name)
            elif node.op == "output":
                outputs = [value.name for value in (node.args[0] if isinstance(node.args[0], tuple | list) else [node.args[0]])]
            elif node.op == "get_attr":
                self.constants[node.name] = _array(_attribute(self.traced, node.target))
            else:
                self._node(node)
        if len(inputs) != 1:
            raise ModelError(f"the module takes {len(inputs)} inputs; exactly one, the data, can be given")
        return Model(self.operations, self.constants, inputs[0], shape, tuple(outputs))

    def _node(self, node: Any) -> None:
        """Convert one module, function or method call."""
        if node.op == "call_module":
            layer = self.modules[node.target]
            convert = _MODULES.get(type(layer).__name__)
            if convert is None:
                raise ModelError(f"unsupported layer {type(layer).__name__} (layer {node.target}); supported are {', '.join(sorted(_MODULES))}")
            convert(self, node, layer)
            return
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target)).strip("_")
        if name in ("flatten", "reshape", "view", "transpose", "permute", "mean", "softmax"):
            self._shaped(node, name)
        elif name in _FUNCTIONS:
            size = 1 if _FUNCTIONS[name] == "Identity" else len(node.args)
            self.emit(node, _FUNCTIONS[name], *[self._operand(argument) for argument in node.args[:size]])
        else:
            raise ModelError(f"unsupported function {name} (layer {node.name}); supported are {', '.join(sorted({*_FUNCTIONS, 'flatten', 'reshape', 'mean'}))}")

    def emit(self, node: Any, kind: str, *inputs: str, **attributes: Any) -> None:
        """Add the operation that makes the value of a node."""
        label = node.target if node.op == "call_module" else node.name
        self.operations.append(Operation(str(label), kind, inputs, (node.name,), attributes))

    def constant(self, node: Any, what: str, value: Any) -> str:
        """Keep an array and return its name."""
        name = f"{node.name}.{what}"
        self.constants[name] = _array(value)
        return name

    def _operand(self, argument: Any) -> str:
        """The name of an argument; a number becomes a constant."""
        if hasattr(argument, "name"):
            return str(argument.name)
        name = f"number {argument}"
        self.constants[name] = np.asarray(float(argument))
        return name

    def _shaped(self, node: Any, name: str) -> None:
        """Operations on shapes and reductions."""
        source, rest, named = str(node.args[0].name), list(node.args[1:]), dict(node.kwargs)
        if name == "flatten":
            start = rest[0] if rest else named.get("start_dim", 0)
            if start != 1:
                raise ModelError(f"flatten from axis {start} (layer {node.name}) is not supported, only from axis 1")
            self.emit(node, "Flatten", source, axis=1)
        elif name == "mean":
            axes = rest[0] if rest else named["dim"]
            keep = bool(named.get("keepdim", rest[1] if len(rest) > 1 else False))
            self.emit(node, "ReduceMean", source, axes=[axes] if isinstance(axes, int) else list(axes), keepdims=int(keep))
        elif name == "softmax":
            self.emit(node, "Softmax", source, axis=named.get("dim", rest[0] if rest else -1))
        elif name == "transpose":
            self.emit(node, "Transpose", source, swap=[*rest, *named.values()][:2])
        elif name == "permute":
            self.emit(node, "Transpose", source, perm=list(rest[0] if isinstance(rest[0], tuple | list) else rest))
        else:
            self._reshaped(node, name, source, rest)

    def _reshaped(self, node: Any, name: str, source: str, rest: list[Any]) -> None:
        """View and reshape to fixed extents, with the sample axis free."""
        extents = list(rest[0] if rest and isinstance(rest[0], tuple | list) else rest)
        if any(not isinstance(extent, int) for extent in extents[1:]):
            raise ModelError(f"{name} (layer {node.name}) cannot be converted; export the module to an ONNX file instead")
        self.emit(node, "Reshape", source, self.constant(node, "shape", np.array([0 if -1 in extents[1:] else -1, *extents[1:]])))


def _array(value: Any) -> Any:
    """A tensor or array; floats at double precision."""
    found = np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
    return found.astype(np.float64) if found.dtype.kind == "f" else found


def _attribute(module: Any, path: str) -> Any:
    """A parameter by its dotted name."""
    for part in path.split("."):
        module = getattr(module, part)
    return module


def _source(node: Any) -> str:
    """Name of the first input."""
    return str(node.args[0].name)


def _linear(converter: _Converter, node: Any, layer: Any) -> None:
    """A dense layer, on the last axis of any array."""
    weight = converter.constant(node, "weight", _array(layer.weight).T)
    if layer.bias is None:
        converter.emit(node, "MatMul", _source(node), weight)
        return
    bias = converter.constant(node, "bias", layer.bias)
    converter.operations.append(Operation(str(node.target), "MatMul", (_source(node), weight), (f"{node.name}.product",)))
    converter.operations.append(Operation(f"{node.target}.bias", "Add", (f"{node.name}.product", bias), (node.name,)))


def _convolution(converter: _Converter, node: Any, layer: Any) -> None:
    """A convolution with zero padding."""
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise ModelError(f"the padding {layer.padding_mode} {layer.padding} (layer {node.target}) is not supported, only zeros by numbers")
    inputs = [_source(node), converter.constant(node, "weight", layer.weight)]
    if layer.bias is not None:
        inputs.append(converter.constant(node, "bias", layer.bias))
    window = {"strides": list(layer.stride), "pads": list(layer.padding) * 2, "dilations": list(layer.dilation), "group": layer.groups}
    converter.emit(node, "Conv", *inputs, **window)


def _batch_norm(converter: _Converter, node: Any, layer: Any) -> None:
    """Batch normalisation by stored moments."""
    if layer.running_mean is None:
        raise ModelError(f"the batch normalisation {node.target} has no stored moments")
    ones = np.ones(layer.num_features)
    scale, bias = (ones, 0 * ones) if layer.weight is None else (layer.weight, layer.bias)
    values = {"scale": scale, "bias": bias, "mean": layer.running_mean, "variance": layer.running_var}
    names = [converter.constant(node, what, value) for what, value in values.items()]
    converter.emit(node, "BatchNormalization", _source(node), *names, epsilon=layer.eps)


def _layer_norm(converter: _Converter, node: Any, layer: Any) -> None:
    """Layer normalisation over the last axes."""
    ones = np.ones(tuple(layer.normalized_shape))
    names = [converter.constant(node, "scale", ones if layer.weight is None else layer.weight)]
    if layer.bias is not None:
        names.append(converter.constant(node, "bias", layer.bias))
    converter.emit(node, "LayerNormalization", _source(node), *names, axis=-len(layer.normalized_shape), epsilon=layer.eps)


def _pool(kind: str) -> Callable[[_Converter, Any, Any], None]:
    """A pooling layer of two spatial axes."""

    def convert(converter: _Converter, node: Any, layer: Any) -> None:
        """Convert."""
        size, stride, padding = (list(v) if isinstance(v, tuple | list) else [v, v] for v in (layer.kernel_size, layer.stride, layer.padding))
        window = {"kernel_shape": size, "strides": stride, "pads": padding * 2, "ceil_mode": int(layer.ceil_mode)}
        converter.emit(node, kind, _source(node), **window, **({"count_include_pad": int(layer.count_include_pad)} if kind == "AveragePool" else {}))

    return convert


def _adaptive(converter: _Converter, node: Any, layer: Any) -> None:
    """A mean over all positions."""
    if layer.output_size not in (1, (1, 1)):
        raise ModelError(f"adaptive pooling to {layer.output_size} (layer {node.target}) is not supported, only to one position")
    converter.emit(node, "GlobalAveragePool", _source(node))


def _flatten(converter: _Converter, node: Any, layer: Any) -> None:
    """All axes but the first."""
    if layer.start_dim != 1:
        raise ModelError(f"flatten from axis {layer.start_dim} (layer {node.target}) is not supported, only from axis 1")
    converter.emit(node, "Flatten", _source(node), axis=1)


def _plain(kind: str, **renamed: str) -> Callable[[_Converter, Any, Any], None]:
    """A layer without weights, with some of its attributes."""

    def convert(converter: _Converter, node: Any, layer: Any) -> None:
        """Convert."""
        converter.emit(node, kind, _source(node), **{theirs: getattr(layer, ours) for theirs, ours in renamed.items()})

    return convert


_MODULES: Mapping[str, Callable[[_Converter, Any, Any], None]] = {
    **{name: _plain(kind) for name, kind in _PLAIN_MODULES.items()},
    "LeakyReLU": _plain("LeakyRelu", alpha="negative_slope"),
    "ELU": _plain("Elu", alpha="alpha"),
    "GELU": _plain("Gelu", approximate="approximate"),
    "ReLU6": lambda converter, node, layer: converter.emit(node, "Clip", _source(node), min=0.0, max=6.0),
    "Softmax": _plain("Softmax", axis="dim"),
    "Linear": _linear,
    "Conv1d": _convolution,
    "Conv2d": _convolution,
    "BatchNorm1d": _batch_norm,
    "BatchNorm2d": _batch_norm,
    "LayerNorm": _layer_norm,
    "MaxPool2d": _pool("MaxPool"),
    "AvgPool2d": _pool("AveragePool"),
    "AdaptiveAvgPool2d": _adaptive,
    "Flatten": _flatten,
}
