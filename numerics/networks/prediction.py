"""What the wide limit says of a user's network: lengths, correlations and complexities along its layers, at the variances of its weights.

The maps are those of `theory.wide`: a layer of weights turns the mean square q and the mean overlap o of a signal into K = σ_b² + σ_w² q and
K_ab = σ_b² + σ_w² o, an activation turns them back into ⟨φ²⟩ and ⟨φ_a φ_b⟩, and independent branches of a sum add their kernels. They hold for random weights
of these variances; how far the measured values are off tells what training (or finite width) has done. Where no map is known the prediction stops and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from numerics.compile import compiled
from numerics.entropy import binary_entropy
from numerics.evaluate.complexity import profile_bits
from numerics.networks.layers import role, weight_statistics
from numerics.networks.model import Model, Operation
from theory.activation import activation
from theory.symbols import symbols
from theory.wide import WideLimit

__all__ = ["Prediction", "predict"]

FIELD = symbols("field-theory")
_PASS = ("Identity", "Dropout", "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze")
_THEORY = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Gelu": "gelu", "Erf": "erf", "Softplus": "softplus"}


@dataclass(frozen=True)
class Prediction:
    """The wide limit at one layer of activations.

    Attributes
    ----------
    layer : str
    bits : float or None
        Mean bits per unit.
    length, correlation : float or None
        Mean square pre-activation K, and the correlation of two inputs.
    depth_scale : float or None
        ξ = -1/ln χ in layers, χ the growth of small angles per layer at this K: negative where they grow (chaos), infinite at criticality.
    note : str
        What was assumed, or why there is no prediction.
    """

    layer: str
    bits: float | None
    length: float | None
    correlation: float | None
    depth_scale: float | None
    note: str


@dataclass(frozen=True)
class _Signal:
    """Mean square and mean overlap of an array over its units, and where they come from."""

    square: float
    overlap: float
    fresh: bool = False  # whether it is a sum over random weights, so that it is Gaussian and independent of its inputs
    scale: float = 1.0  # σ_w² of these weights


@dataclass(frozen=True)
class _Unknown:
    """An array without a prediction: why, and the bits of its units where batch normalisation fixes them."""

    why: str
    bits: float | None = None


def predict(model: Model, data: ArrayLike, variances: tuple[float, float] | None = None) -> list[Prediction]:
    """Return the wide limit at every layer of activations.

    Parameters
    ----------
    model : Model
    data : array_like, shape (samples, ...)
        Only their mean square and their mean overlap are used.
    variances : pair of float, optional
        (σ_w², σ_b²) at initialisation, for all layers; by default those that the weights have now.

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
    known: dict[str, _Signal | _Unknown] = {model.input: _data_signal(model.checked(data))}
    found: dict[str, Prediction] = {}
    for op in model.operations:
        if not any(name in known for name in op.inputs):
            continue
        if op in model.sites:
            found[op.name], result = _activated(op, known[op.inputs[0]])
        else:
            result = _passed(model, op, known, variances)
        known.update(dict.fromkeys(op.outputs, result))
    return [found[op.name] for op in model.sites if op.name in found]


def _data_signal(data: Any) -> _Signal:
    """Mean square of the data, and the mean overlap of two samples."""
    flat = data.reshape(len(data), -1)
    count, extent = flat.shape
    square, total = float(np.sum(flat**2)), flat.sum(axis=0)
    return _Signal(square / (count * extent), (float(total @ total) - square) / (count * (count - 1) * extent))


def _passed(model: Model, op: Operation, known: Mapping[str, _Signal | _Unknown], variances: tuple[float, float] | None) -> _Signal | _Unknown:
    """What an operation that is no activation makes of its inputs."""
    inputs = [known[name] for name in op.inputs if name in known]
    statistics = weight_statistics(model, op)
    first = inputs[0]
    if op.kind == "BatchNormalization":
        return _normalised(model, op)
    if isinstance(first, _Unknown):
        return first if len(inputs) == 1 else _Unknown(first.why)
    if statistics is not None:
        sw2, sb2 = variances if variances is not None else (statistics.sw2, statistics.sb2)
        return _Signal(sb2 + sw2 * first.square, sb2 + sw2 * first.overlap, True, sw2)
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
    total = _Signal(sum(b.square for b in inputs), sum(b.overlap for b in inputs), all(b.fresh for b in inputs), max(b.scale for b in inputs))
    return total if total.fresh else _Signal(total.square, total.overlap, True, total.scale)


def _normalised(model: Model, op: Operation) -> _Unknown:
    """Batch normalisation: each channel has mean β and deviation |γ|, so Gaussian units are on with probability Φ(β/|γ|)."""
    gamma, beta = (np.asarray(model.constants[name], dtype=float) for name in op.inputs[1:3])
    ratio = np.divide(beta, np.abs(gamma), out=np.sign(beta) * np.inf, where=gamma != 0)
    ratio = np.where(np.isnan(ratio), -np.inf, ratio)
    return _Unknown("after batch normalisation only the units' bits are known, as Gaussian marginals give them", float(binary_entropy(ndtr(ratio)).mean()))


def _activated(op: Operation, signal: _Signal | _Unknown) -> tuple[Prediction, _Signal | _Unknown]:
    """The prediction at an activation, and what goes on behind it."""
    if isinstance(signal, _Unknown):
        note = signal.why if signal.bits is not None else f"no prediction: {signal.why}"
        return Prediction(op.name, signal.bits, None, None, None, note), _Unknown(signal.why)
    if not signal.fresh:
        why = "the activation acts on the data, without random weights before it"
        return Prediction(op.name, None, None, None, None, f"no prediction: {why}"), _Unknown(why)
    source = _theory_name(op)
    length, correlation = signal.square, signal.overlap / signal.square if signal.square else 1.0
    bits = float(profile_bits(np.clip(correlation, 0.0, 1.0))[0])
    if source is None:
        why = f"no wide-limit map for the activation {op.kind} (layer {op.name})"
        return Prediction(op.name, bits, length, correlation, None, "random weights of these variances"), _Unknown(why)
    second, overlap, chi = _maps(*source)
    behind = _Signal(float(second(length)), float(overlap(length, length, correlation * length)))
    scale = _depth_scale(signal.scale * float(chi(length)))
    return Prediction(op.name, bits, length, correlation, scale, "random weights of these variances"), behind


def _theory_name(op: Operation) -> tuple[str, str | None] | None:
    """The activation of the theory, and its slope where it has one."""
    if op.kind == "LeakyRelu":
        return "leaky", repr(float(op.attributes.get("alpha", 0.01)))
    if op.kind == "Gelu" and op.attributes.get("approximate", "none") != "none":
        return None
    return (_THEORY[op.kind], None) if op.kind in _THEORY else None


@lru_cache(maxsize=32)
def _maps(name: str, slope: str | None) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """⟨φ²⟩, ⟨φ_a φ_b⟩ and ⟨φ'²⟩ as functions of kernels."""
    wide = WideLimit(activation(name) if slope is None else activation(name, slope=slope))
    return (
        compiled(wide.second_moment, [FIELD.K]),
        compiled(wide.overlap, [FIELD.Kaa, FIELD.Kbb, FIELD.Kab]),
        compiled(wide.slope_moment, [FIELD.K]),
    )


def _depth_scale(chi: float) -> float:
    """-1/ln χ in layers."""
    if chi <= 0:
        return 0.0
    return float("inf") if abs(chi - 1) < 1e-12 else -1 / float(np.log(chi))
