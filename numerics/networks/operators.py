"""The operations that the plain evaluator knows, each as a function of NumPy arrays, by the names and attributes of ONNX.

Everything runs as at inference: dropout passes on what it gets, batch normalisation uses its stored moments. What is not in `OPERATORS` is unsupported
(among others: recurrent cells, control flow, quantised arithmetic, resizing, scatter and sort).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import erf, expit, log_softmax, softmax

__all__ = ["OPERATORS"]

Array = NDArray[Any]
Ints = Sequence[int]


def _gemm(a: Array, b: Array, c: Any = None, alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0) -> Array:
    """alpha A B + beta C."""
    found = alpha * ((a.T if transA else a) @ (b.T if transB else b))
    return found if c is None else found + beta * c


def _conv(x: Array, w: Array, b: Any = None, group: int = 1, **window: Any) -> Array:
    """A convolution of any number of spatial axes."""
    windows = _windows(x, w.shape[2:], 0.0, **{k: v for k, v in window.items() if k != "kernel_shape"})
    rank = w.ndim - 2
    per = x.shape[1] // group
    if per != w.shape[1] or w.shape[0] % group:
        raise ValueError(f"{x.shape[1]} channels in {group} groups do not fit weights of shape {w.shape}")
    outs, step = [], w.shape[0] // group
    axes = [1, *range(2 + rank, 2 + 2 * rank)], [1, *range(2, 2 + rank)]
    for g in range(group):
        part = np.tensordot(windows[:, g * per : (g + 1) * per], w[g * step : (g + 1) * step], axes=axes)
        outs.append(np.moveaxis(part, -1, 1))
    found = np.concatenate(outs, axis=1)
    return found if b is None else found + b.reshape((1, -1) + (1,) * rank)


def _windows(
    x: Array, size: Ints, fill: float, strides: Any = None, pads: Any = None, dilations: Any = None, auto_pad: str = "NOTSET", ceil_mode: int = 0, **_: Any
) -> Array:
    """Every window of an array, of shape (samples, channels, *places, *window)."""
    rank = len(size)
    strides, dilations = list(strides or [1] * rank), list(dilations or [1] * rank)
    if ceil_mode:
        raise ValueError("ceil_mode is not supported")
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilations, strict=True)]
    padded = np.pad(x, [(0, 0), (0, 0), *_padding(x.shape[2:], reach, strides, pads, auto_pad)], constant_values=fill)
    views = sliding_window_view(padded, reach, axis=tuple(range(2, 2 + rank)))
    places = tuple(slice(None, None, s) for s in strides)
    inside = tuple(slice(None, None, d) for d in dilations)
    return views[(slice(None), slice(None), *places, *inside)]


def _padding(extents: Ints, reach: Ints, strides: Ints, pads: Any, auto_pad: str) -> list[tuple[int, int]]:
    """Padding before and after along every spatial axis."""
    rank = len(extents)
    if auto_pad in ("NOTSET", ""):
        flat = list(pads or [0] * (2 * rank))
        return list(zip(flat[:rank], flat[rank:], strict=True))
    if auto_pad == "VALID":
        return [(0, 0)] * rank
    total = [max((math.ceil(n / s) - 1) * s + k - n, 0) for n, k, s in zip(extents, reach, strides, strict=True)]
    halves = [(t // 2, t - t // 2) for t in total]
    return halves if auto_pad == "SAME_UPPER" else [(b, a) for a, b in halves]


def _max_pool(x: Array, kernel_shape: Ints, **window: Any) -> Array:
    """Largest value of every window."""
    return _windows(x, kernel_shape, -np.inf, **window).max(axis=tuple(range(-len(kernel_shape), 0)))


def _average_pool(x: Array, kernel_shape: Ints, count_include_pad: int = 0, **window: Any) -> Array:
    """Mean of every window, over what lies inside the array unless padding counts."""
    axes = tuple(range(-len(kernel_shape), 0))
    total = _windows(x, kernel_shape, 0.0, **window).sum(axis=axes)
    if count_include_pad:
        return total / np.prod(kernel_shape)
    return total / _windows(np.ones((1, 1, *x.shape[2:])), kernel_shape, 0.0, **window).sum(axis=axes)


def _batch_norm(x: Array, scale: Array, bias: Array, mean: Array, variance: Array, epsilon: float = 1e-5, training_mode: int = 0, **_: Any) -> Array:
    """Normalisation by stored moments."""
    if training_mode:
        raise ValueError("batch normalisation in training mode has no stored moments; export the model for inference")
    shape = (1, -1) + (1,) * (x.ndim - 2)
    factor = scale / np.sqrt(variance + epsilon)
    return x * factor.reshape(shape) + (bias - mean * factor).reshape(shape)


def _layer_norm(x: Array, scale: Any, bias: Any = None, axis: int = -1, epsilon: float = 1e-5, **_: Any) -> Array:
    """Normalisation over the last axes."""
    axes = tuple(range(axis % x.ndim, x.ndim))
    centred = x - x.mean(axis=axes, keepdims=True)
    found = centred / np.sqrt((centred**2).mean(axis=axes, keepdims=True) + epsilon) * scale
    return found if bias is None else found + bias


def _reshape(x: Array, shape: Any, allowzero: int = 0) -> Array:
    """A new shape, in which 0 keeps an extent and -1 is what is left."""
    target = [int(n) for n in np.asarray(shape).ravel()]
    return x.reshape([x.shape[i] if n == 0 and not allowzero else n for i, n in enumerate(target)])


def _flatten(x: Array, axis: int = 1) -> Array:
    """Two axes."""
    return x.reshape(math.prod(x.shape[: axis % (x.ndim + 1)]), -1)


def _squeeze(x: Array, axes: Any = None) -> Array:
    """Without axes of extent one."""
    return np.squeeze(x, axis=None if axes is None else tuple(int(a) for a in np.ravel(axes)))


def _unsqueeze(x: Array, axes: Any) -> Array:
    """With new axes of extent one."""
    return np.expand_dims(x, tuple(int(a) for a in np.ravel(axes)))


def _reduced(function: Callable[..., Array]) -> Callable[..., Array]:
    """A reduction over axes, given as an attribute or as an array."""

    def apply(x: Array, given: Any = None, axes: Any = None, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Array:
        """Reduce."""
        chosen = axes if given is None else given
        if chosen is None and noop_with_empty_axes:
            return x
        return function(x, axis=None if chosen is None else tuple(int(a) for a in np.ravel(chosen)), keepdims=bool(keepdims))

    return apply


def _slice(x: Array, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Array:
    """A part of an array."""
    starts, ends = np.ravel(starts), np.ravel(ends)
    axes = range(len(starts)) if axes is None else np.ravel(axes)
    steps = [1] * len(starts) if steps is None else np.ravel(steps)
    index = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        low = int(end) if int(end) > -(2**31) else None
        index[int(axis)] = slice(int(start), low, int(step))
    return x[tuple(index)]


def _split(x: Array, split: Any = None, axis: int = 0, num_outputs: int | None = None) -> tuple[Array, ...]:
    """Several parts of an array."""
    if split is None:
        return tuple(np.array_split(x, num_outputs or 2, axis=axis))
    return tuple(np.split(x, np.cumsum(np.ravel(split))[:-1], axis=axis))


def _clip(x: Array, low: Any = None, high: Any = None, min: Any = None, max: Any = None) -> Array:
    """Values between bounds, given as arrays or as attributes."""
    below, above = (low if low is not None else min), (high if high is not None else max)
    return np.clip(x, -np.inf if below is None else below, np.inf if above is None else above)


def _gelu(x: Array, approximate: str = "none") -> Array:
    """x Φ(x), or its approximation by a tanh."""
    if approximate == "tanh":
        return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2
    return x * (1 + erf(x / math.sqrt(2))) / 2


def _elu(x: Array, alpha: float = 1.0, gamma: float = 1.0) -> Array:
    """gamma x on the right, gamma alpha (exp x - 1) on the left."""
    return gamma * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _selu(x: Array, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875) -> Array:
    """The self-normalising exponential unit."""
    return _elu(x, alpha, gamma)


def _celu(x: Array, alpha: float = 1.0) -> Array:
    """max(x, 0) + min(alpha (exp(x/alpha) - 1), 0)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def _expand(x: Array, shape: Any) -> Array:
    """Broadcast to a shape, in both directions."""
    return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(int(n) for n in np.ravel(shape)))).copy()


def _cast(x: Array, to: int = 1, **_: Any) -> Array:
    """Floats stay at double precision; integer and Boolean types are kept apart."""
    whole = {2, 3, 4, 5, 6, 7, 12, 13}
    return x.astype(bool) if to == 9 else x.astype(np.int64) if to in whole else x.astype(np.float64)


def _global(function: Callable[..., Array]) -> Callable[[Array], Array]:
    """A reduction over all positions."""
    return lambda x: function(x, axis=tuple(range(2, x.ndim)), keepdims=True)


def _constant_of_shape(shape: Any, value: Any = 0.0) -> Array:
    """An array of one value."""
    return np.full(tuple(int(n) for n in np.ravel(shape)), np.ravel(value)[0])


def _pad(x: Array, pads: Any, value: Any = None, axes: Any = None, mode: str = "constant") -> Array:
    """Padding at both ends of every axis."""
    flat = [int(n) for n in np.ravel(pads)]
    chosen = range(x.ndim) if axes is None else [int(a) for a in np.ravel(axes)]
    widths = [(0, 0)] * x.ndim
    for i, axis in enumerate(chosen):
        widths[axis] = (flat[i], flat[i + len(flat) // 2])
    if mode != "constant":
        return np.pad(x, widths, mode="reflect" if mode == "reflect" else "edge")
    return np.pad(x, widths, constant_values=0.0 if value is None else float(np.ravel(value)[0]))


def _folded(function: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    """A function of two arrays, for any number of them."""

    def apply(*arrays: Array) -> Array:
        """Fold."""
        found = arrays[0]
        for other in arrays[1:]:
            found = function(found, other)
        return found

    return apply


OPERATORS: Mapping[str, Callable[..., Any]] = {
    "Abs": np.abs,
    "Add": np.add,
    "And": np.logical_and,
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Celu": _celu,
    "Clip": _clip,
    "Concat": lambda *arrays, axis: np.concatenate(arrays, axis=axis),
    "Constant": lambda value: value,
    "ConstantOfShape": _constant_of_shape,
    "Conv": _conv,
    "Cos": np.cos,
    "Div": lambda a, b: a // b if a.dtype.kind in "iu" and np.asarray(b).dtype.kind in "iu" else a / b,
    "Dropout": lambda x, *_, **__: x,
    "Elu": _elu,
    "Equal": np.equal,
    "Erf": erf,
    "Exp": np.exp,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": lambda x, index, axis=0: np.take(x, np.asarray(index).astype(int), axis=axis),
    "Gelu": _gelu,
    "Gemm": _gemm,
    "GlobalAveragePool": _global(np.mean),
    "GlobalMaxPool": _global(np.max),
    "Greater": np.greater,
    "HardSigmoid": lambda x, alpha=0.2, beta=0.5: np.clip(alpha * x + beta, 0, 1),
    "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "Identity": lambda x: x,
    "LayerNormalization": _layer_norm,
    "LeakyRelu": lambda x, alpha=0.01: np.where(x > 0, x, alpha * x),
    "Less": np.less,
    "Log": np.log,
    "LogSoftmax": lambda x, axis=-1: log_softmax(x, axis=axis),
    "MatMul": np.matmul,
    "Max": _folded(np.maximum),
    "MaxPool": _max_pool,
    "Min": _folded(np.minimum),
    "Mul": np.multiply,
    "Neg": np.negative,
    "Not": np.logical_not,
    "PRelu": lambda x, slope: np.where(x > 0, x, slope * x),
    "Pad": _pad,
    "Pow": lambda a, b: np.power(a.astype(float), b),
    "Range": lambda start, limit, delta: np.arange(int(start), int(limit), int(delta)),
    "Reciprocal": lambda x: 1 / x,
    "ReduceMax": _reduced(np.max),
    "ReduceMean": _reduced(np.mean),
    "ReduceSum": _reduced(np.sum),
    "Relu": lambda x: np.maximum(x, 0),
    "Reshape": _reshape,
    "Selu": _selu,
    "Shape": lambda x, start=0, end=None: np.array(x.shape[start:end], dtype=np.int64),
    "Sigmoid": expit,
    "Sin": np.sin,
    "Slice": _slice,
    "Softmax": lambda x, axis=-1: softmax(x, axis=axis),
    "Softplus": lambda x: np.logaddexp(0.0, x),
    "Split": _split,
    "Sqrt": np.sqrt,
    "Squeeze": _squeeze,
    "Sub": np.subtract,
    "Sum": _folded(np.add),
    "Tanh": np.tanh,
    "Transpose": lambda x, perm=None, swap=None: np.transpose(x, perm) if swap is None else np.swapaxes(x, *swap),
    "Unsqueeze": _unsqueeze,
    "Where": np.where,
}
"""The list of supported operations."""
