"""What the wide limit says of a user's network: lengths, correlations and complexities along its layers, at the variances of its weights.

The maps are those of `theory.wide`: a layer of weights turns the mean square q and the mean overlap o of a signal into K = σ_b² + σ_w² q and
K_ab = σ_b² + σ_w² o, an activation turns them back into ⟨φ²⟩ and ⟨φ_a φ_b⟩, and independent branches of a sum add their kernels. They hold for random weights
of these variances; how far the measured values are off tells what training (or finite width) has done. Where no map is known the prediction stops and says why.
Three parts of the theory can apply to a layer: the kernel recursion, the Gaussian marginals behind batch normalisation, or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from graphs.rendering import Tabulated
from numerics.entropy import binary_entropy
from numerics.evaluate.complexity import profile_bits
from numerics.networks.layers import role, weight_statistics
from numerics.networks.maps import LayerMaps, depth_scales, moments, overlap_at
from numerics.networks.model import Model, ModelError, Operation, chunks

__all__ = ["BATCH_NORM", "KERNELS", "NOTHING", "Prediction", "Variances", "initial_variances", "predict"]

KERNELS, BATCH_NORM, NOTHING = "kernel recursion", "Gaussian marginals", "none"
Variances = Mapping[str, tuple[float, float]]
_PASS = ("Identity", "Dropout", "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze")
_THEORY = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Gelu": "gelu", "Erf": "erf", "Softplus": "softplus"}


@dataclass(frozen=True)
class Prediction(Tabulated):
    """The wide limit at one layer of activations.

    Attributes
    ----------
    layer : str
    bits : float or None
        Mean bits per unit.
    length, correlation : float or None
        Mean square pre-activation K, and the correlation of two inputs.
    depth_scale : float or None
        Correlation length in layers of small angles, which change by χ per layer at this K: infinite at criticality, None where they grow (chaos).
    note : str
        What was assumed, or why there is no prediction.
    part : str
        Which part of the theory applies: ``KERNELS``, ``BATCH_NORM`` or ``NOTHING``.
    maps : LayerMaps, optional
        Those that led here from the activation before, where one weight layer lies between; the first layer acts on the data and has linear ones.
    growth_length : float or None
        Number of layers over which small angles grow by e, None where they decay.
    """

    layer: str
    bits: float | None
    length: float | None
    correlation: float | None
    depth_scale: float | None
    note: str
    part: str = NOTHING
    maps: LayerMaps | None = None
    growth_length: float | None = None


@dataclass(frozen=True)
class _Signal:
    """Mean square and mean overlap of an array over its units, and where they come from."""

    square: float
    overlap: float
    fresh: bool = False  # whether it is a sum over random weights, so that it is Gaussian and independent of its inputs
    scale: float = 1.0  # σ_w² of these weights
    left: tuple[str, str | None, float] | None = ("linear", None, 0.0)  # the activation that made it, and the length before that
    maps: LayerMaps | None = None


@dataclass(frozen=True)
class _Unknown:
    """An array without a prediction: why, and the bits of its units where batch normalisation fixes them."""

    why: str
    bits: float | None = None


def initial_variances(model: Model, untrained: Model | None = None, variances: tuple[float, float] | None = None) -> Variances:
    """Return (σ_w², σ_b²) of every layer of weights: as given for all, as in a copy of the network before training, or as its weights have them now.

    Raises
    ------
    ModelError
        If a variance is negative or not finite, or the copy has other layers of weights.

    Examples
    --------
    >>> op = Operation("fc", "MatMul", ("x", "w"), ("h",))
    >>> initial_variances(Model([op], {"w": np.ones((2, 3))}, "x", (2,), ("h",)))
    {'fc': (2.0, 0.0)}
    """
    found = {op.name: weight_statistics(untrained or model, op) for op in (untrained or model).operations}
    now = {name: (statistics.sw2, statistics.sb2) for name, statistics in found.items() if statistics is not None}
    if untrained is not None and list(now) != list(initial_variances(model)):
        raise ModelError(f"the network before training has the layers of weights {', '.join(now) or '(none)'}, not {', '.join(initial_variances(model))}")
    if variances is None:
        return now
    if not all(np.isfinite(number) and number >= 0 for number in variances):
        raise ModelError(f"variances are finite and not negative, got {variances[0]:g} and {variances[1]:g}")
    return dict.fromkeys(now, variances)


def predict(model: Model, data: ArrayLike, variances: Variances | None = None) -> list[Prediction]:
    """Return the wide limit at every layer of activations.

    Parameters
    ----------
    model : Model
    data : array_like, shape (samples, ...)
        Only their mean square and their mean overlap are used.
    variances : mapping of str to pair of float, optional
        (σ_w², σ_b²) of every layer of weights, from `initial_variances`; by default those that the weights have now.

    Returns
    -------
    list of Prediction
        In the order of `numerics.networks.observe`.

    Examples
    --------
    >>> model = Model([Operation("act", "Relu", ("x",), ("y",))], {}, "x", (2,), ("y",))
    >>> predict(model, [[1.0, -1.0], [-1.0, 1.0]])[0].note
    'no prediction: the activation acts on the data, without random weights before it'
    """
    given = variances if variances is not None else initial_variances(model)
    known: dict[str, _Signal | _Unknown] = {model.input: _data_signal(model.checked(data))}
    found: dict[str, Prediction] = {}
    for op in model.operations:
        if not any(name in known for name in op.inputs):
            continue
        if op in model.sites:
            found[op.name], result = _activated(op, known[op.inputs[0]])
        else:
            result = _passed(model, op, known, given)
        known.update(dict.fromkeys(op.outputs, result))
    return [found[op.name] for op in model.sites if op.name in found]


def _data_signal(data: Any) -> _Signal:
    """Mean square of the data, and the mean overlap of two samples."""
    count, extent = len(data), int(np.prod(data.shape[1:]))
    square, total = 0.0, np.zeros(extent)
    for part in chunks(data):
        flat = np.asarray(part, dtype=float).reshape(len(part), extent)
        square, total = square + float(np.sum(flat**2)), total + flat.sum(axis=0)
    return _Signal(square / (count * extent), (float(total @ total) - square) / (count * (count - 1) * extent))


def _passed(model: Model, op: Operation, known: Mapping[str, _Signal | _Unknown], variances: Variances) -> _Signal | _Unknown:
    """What an operation that is no activation makes of its inputs."""
    inputs = [known[name] for name in op.inputs if name in known]
    first = inputs[0]
    if op.kind == "BatchNormalization":
        return _normalised(model, op)
    if isinstance(first, _Unknown):
        return first if len(inputs) == 1 else _Unknown(first.why)
    if op.name in variances:
        sw2, sb2 = variances[op.name]
        maps = None if first.left is None else LayerMaps(*first.left[:2], sw2, sb2, first.left[2] or first.square)
        return _Signal(sb2 + sw2 * first.square, sb2 + sw2 * first.overlap, True, sw2, None, maps)
    if len(inputs) == 1 and (op.kind in _PASS or (role(model, op) == "bias" and first.fresh)):
        return first
    if role(model, op) == "sum" and len(inputs) == 2:
        return _summed(op, inputs)
    return _Unknown(f"no wide-limit map for {op.kind} (layer {op.name})")


def _summed(op: Operation, inputs: list[Any]) -> _Signal | _Unknown:
    """Two branches, at least one of them random: their kernels add."""
    unknown = next((branch for branch in inputs if isinstance(branch, _Unknown)), None)
    if unknown is not None:
        return _Unknown(unknown.why)
    if not any(branch.fresh for branch in inputs):
        return _Unknown(f"the branches that {op.name} adds are not independent")
    return _Signal(sum(b.square for b in inputs), sum(b.overlap for b in inputs), True, max(b.scale for b in inputs), None)


def _normalised(model: Model, op: Operation) -> _Unknown:
    """Batch normalisation: each channel has mean β and deviation |γ|, so Gaussian units are on with probability Φ(β/|γ|)."""
    gamma, beta = (np.asarray(model.constants[name], dtype=float) for name in op.inputs[1:3])
    ratio = np.divide(beta, np.abs(gamma), out=np.where(beta > 0, np.inf, -np.inf), where=gamma != 0)
    return _Unknown("after batch normalisation only the units' bits are known, as Gaussian marginals give them", float(binary_entropy(ndtr(ratio)).mean()))


def _activated(op: Operation, signal: _Signal | _Unknown) -> tuple[Prediction, _Signal | _Unknown]:
    """The prediction at an activation, and what goes on behind it."""
    if isinstance(signal, _Unknown):
        if signal.bits is not None:
            return Prediction(op.name, signal.bits, None, None, None, signal.why, BATCH_NORM), _Unknown(signal.why)
        return Prediction(op.name, None, None, None, None, f"no prediction: {signal.why}"), signal
    if not signal.fresh:
        why = "the activation acts on the data, without random weights before it"
        return Prediction(op.name, None, None, None, None, f"no prediction: {why}"), _Unknown(why)
    source = _theory_name(op)
    length, correlation = signal.square, signal.overlap / signal.square if signal.square else 1.0
    bits = float(profile_bits(np.clip(correlation, 0.0, 1.0))[0])
    note = "random weights of these variances"
    if source is None:
        why = f"no wide-limit map for the activation {op.kind} (layer {op.name})"
        return Prediction(op.name, bits, length, correlation, None, note, KERNELS, signal.maps), _Unknown(why)
    second, _, slope = moments(*source)
    behind = _Signal(float(second(length)), float(overlap_at(*source, length, correlation)), left=(*source, length))
    scale, growth = depth_scales(signal.scale * float(slope(length)))
    return Prediction(op.name, bits, length, correlation, scale, note, KERNELS, signal.maps, growth), behind


def _theory_name(op: Operation) -> tuple[str, str | None] | None:
    """The activation of the theory, and its slope where it has one."""
    if op.kind == "LeakyRelu":
        return "leaky", repr(float(op.attributes.get("alpha", 0.01)))
    if op.kind == "Gelu" and op.attributes.get("approximate", "none") != "none":
        return None
    return (_THEORY[op.kind], None) if op.kind in _THEORY else None
