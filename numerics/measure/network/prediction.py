"""What the wide limit says of a user's network: lengths, correlations and complexities along its
layers, at the variances of its weights.

The maps are those of `neurenorm.theory.wide.limit`: a layer of weights turns the mean square q and
the mean overlap o of a signal into K = σ_b² + σ_w² q and K_ab = σ_b² + σ_w² o, an activation turns
them back into ⟨φ²⟩ and ⟨φ_a φ_b⟩. A sum of branches is a sum of multiples of signals: those of one
signal add up, those of independent ones add their kernels. A convolution is followed position by
position, so that padding with zeros counts. All hold for random weights of these variances; how far
the measured values are off tells what training (or finite width) has done. Where no map is known
the prediction stops and says why. Three parts of the theory can apply to a layer: the kernel
recursion, the Gaussian marginals behind batch normalisation, or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.evaluate.complexity.state_entropy import profile_bits
from neurenorm.numerics.measure.network.layers import added_bias, role, weight_statistics
from neurenorm.numerics.measure.network.maps import LayerMaps, depth_scales, moments, overlap_at
from neurenorm.numerics.measure.network.model import Model, ModelError, Operation, chunks
from neurenorm.numerics.observables.entropy import binary_entropy

__all__ = [
    "BATCH_NORM",
    "KERNELS",
    "NOTHING",
    "Prediction",
    "Variances",
    "initial_variances",
    "predict",
]

KERNELS, BATCH_NORM, NOTHING = "kernel recursion", "Gaussian marginals", "none"
Array = NDArray[np.float64]
Variances = Mapping[str, tuple[float, float]]
_UNMOVED = ("Identity", "Dropout", "Cast")
_PASS = (*_UNMOVED, "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze")
_THEORY = {
    "Relu": "relu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Gelu": "gelu",
    "Erf": "erf",
    "Softplus": "softplus",
}


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
        Correlation length in layers of small angles, which change by χ per layer at this K:
        infinite at criticality, None where they grow (chaos).
    note : str
        What was assumed, or why there is no prediction.
    part : str
        Which part of the theory applies: ``KERNELS``, ``BATCH_NORM`` or ``NOTHING``.
    maps : LayerMaps, optional
        Those that led here from the activation before, where one weight layer lies between; the
        first layer acts on the data and has linear ones.
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


def _averaged(field: Array) -> Array:
    """The mean over all positions, as an array of one number."""
    return np.asarray(np.mean(field))


@dataclass(frozen=True, eq=False)
class _Signal:
    """Mean square and mean overlap of an array over its units, at every position or over all, and
    where they come from.
    """

    square: Array
    overlap: Array
    # whether it is a sum over random weights, so that it is Gaussian and independent of its inputs
    fresh: bool = False
    scale: float = 1.0  # σ_w² of these weights
    left: tuple[str, str | None, float] | None = (
        None  # the activation that made it, and the length before that
    )
    maps: LayerMaps | None = None
    ancestors: frozenset[_Signal] = frozenset()  # the fresh signals that it is a function of
    terms: tuple[tuple[float, _Signal], ...] = ()  # what it is a sum of, where it is one

    @property
    def parts(self) -> tuple[tuple[float, _Signal], ...]:
        """Multiples of signals that add up to it."""
        return self.terms or ((1.0, self),)

    @property
    def depends(self) -> frozenset[_Signal]:
        """The fresh signals that it is a function of, itself where it is one."""
        return self.ancestors | {self} if self.fresh and not self.terms else self.ancestors

    @property
    def length(self) -> float:
        """Mean square over all positions."""
        return float(np.mean(self.square))

    @property
    def correlation(self) -> float:
        """Mean overlap over the mean square."""
        return float(np.mean(self.overlap)) / self.length if self.length else 1.0


@dataclass(frozen=True)
class _Unknown:
    """An array without a prediction: why, and the bits of its units where batch normalisation fixes
    them.
    """

    why: str
    bits: float | None = None


def initial_variances(
    model: Model, untrained: Model | None = None, variances: tuple[float, float] | None = None
) -> Variances:
    """Return (σ_w², σ_b²) of every layer of weights: as given for all, as in a copy of the network
    before training, or as its weights have them now.

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
    found = {
        op.name: weight_statistics(untrained or model, op) for op in (untrained or model).layers
    }
    now = {
        name: (statistics.sw2, statistics.sb2)
        for name, statistics in found.items()
        if statistics is not None
    }
    if untrained is not None and list(now) != list(initial_variances(model)):
        raise ModelError(
            f"the network before training has the layers of weights {', '.join(now) or '(none)'}, "
            f"not {', '.join(initial_variances(model))}"
        )
    if variances is None:
        return now
    if not all(np.isfinite(number) and number >= 0 for number in variances):
        raise ModelError(
            f"variances are finite and not negative, got {variances[0]:g} and {variances[1]:g}"
        )
    return dict.fromkeys(now, variances)


def predict(model: Model, data: ArrayLike, variances: Variances | None = None) -> list[Prediction]:
    """Return the wide limit at every layer of activations.

    Parameters
    ----------
    model : Model
    data : array_like, shape (samples, ...)
        Only their mean square and their mean overlap are used.
    variances : mapping of str to pair of float, optional
        (σ_w², σ_b²) of every layer of weights, from `initial_variances`; by default those that the
        weights have now.

    Returns
    -------
    list of Prediction
        In the order of `neurenorm.numerics.measure.network.observe`.

    Examples
    --------
    >>> model = Model([Operation("act", "Relu", ("x",), ("y",))], {}, "x", (2,), ("y",))
    >>> predict(model, [[1.0, -1.0], [-1.0, 1.0]])[0].note
    'no prediction: the activation acts on the data, without random weights before it'
    """
    given = variances if variances is not None else initial_variances(model)
    whole, positions = _data_signals(model.checked(data))
    recursion = _Recursion(model, given, positions, _shapes(model, data))
    known: dict[str, _Signal | _Unknown] = {model.input: whole}
    found: dict[str, Prediction] = {}
    for op in model.layers:
        if not any(name in known for name in op.reads):
            continue
        if op in model.sites:
            found[op.name], result = _activated(op, known[op.inputs[0]])
        else:
            result = recursion.passed(op, known)
        known.update(dict.fromkeys(op.outputs, result))
    return [found[op.name] for op in model.sites if op.name in found]


def _shapes(model: Model, data: ArrayLike) -> dict[str, tuple[int, ...]]:
    """Shapes of what convolutions read, so far as the model needs to run for its activations."""
    wanted = [name for op in model.sites for name in op.inputs[:1]]
    inputs = [
        op.inputs[0]
        for op in model.needed(wanted)
        if op.kind == "Conv" and op.inputs[0] in model.reached
    ]
    return {
        name: array.shape
        for name, array in model.run(np.asarray(data)[: model.batch or 1], inputs).items()
    }


def _data_signals(data: Any) -> tuple[_Signal, _Signal]:
    """Mean square of the data and mean overlap of two samples, over all features, and over the
    channels at every position.
    """
    count, shape = len(data), data.shape[1:]
    square, total = np.zeros(shape), np.zeros(shape)
    for part in chunks(data):
        values = np.asarray(part, dtype=float)
        square, total = square + np.sum(values**2, axis=0), total + values.sum(axis=0)
    overlap = (total**2 - square) / (count * (count - 1))
    left = ("linear", None, 0.0)
    fields = (
        (square / count).mean(axis=0) if shape else square / count,
        overlap.mean(axis=0) if shape else overlap,
    )
    return _Signal(_averaged(square) / count, _averaged(overlap), left=left), _Signal(
        *fields, left=left
    )


@dataclass(frozen=True)
class _Recursion:
    """What operations that are no activations make of signals."""

    model: Model
    variances: Variances
    positions: _Signal  # the data, position by position
    shapes: Mapping[str, tuple[int, ...]]
    biases: dict[str, _Signal] = field(
        default_factory=dict
    )  # those added on their own; a bias that is added twice is one

    def passed(self, op: Operation, known: Mapping[str, _Signal | _Unknown]) -> _Signal | _Unknown:
        """What an operation makes of its inputs."""
        inputs = [known[name] for name in op.inputs if name in known]
        if (
            op.kind == "BatchNormalization"
            and not op.domain
            and all(n in self.model.constants for n in op.inputs[1:3])
        ):
            return _normalised(self.model, op)
        unknown = next((signal for signal in inputs if isinstance(signal, _Unknown)), None)
        if unknown is not None:
            return unknown if len(op.reads) == 1 else _Unknown(unknown.why)
        signals = [signal for signal in inputs if isinstance(signal, _Signal)]
        if op.name in self.variances and role(self.model, op) == "weights":
            return self._weighted(op, signals[0])
        if op.kind in _PASS and not op.domain and len(signals) == 1:
            return signals[0] if op.kind in _UNMOVED else _flat(signals[0])
        found = None if op.domain else self._combined(op, known)
        return (
            found
            if found is not None
            else _Unknown(f"no wide-limit map for {op.kind} (layer {op.name})")
        )

    def _weighted(self, op: Operation, signal: _Signal) -> _Signal:
        """A layer of random weights; a convolution means over the window at every position, zeros
        outside included.
        """
        sw2, sb2 = self.variances[op.name]
        if op.kind == "Conv":
            signal = self.positions if op.inputs[0] == self.model.input else signal
            square, overlap = (
                self._windowed(op, field) for field in (signal.square, signal.overlap)
            )
        else:
            square, overlap = _averaged(signal.square), _averaged(signal.overlap)
        maps = None
        if signal.left is not None:
            name, slope, length = signal.left
            maps = LayerMaps(name, slope, sw2, sb2, length or signal.length)
        return _Signal(sb2 + sw2 * square, sb2 + sw2 * overlap, True, sw2, None, maps)

    def _windowed(self, op: Operation, field: Array) -> Array:
        """The mean of a field over every window of a convolution."""
        extents, size = self.shapes[op.inputs[0]][2:], self.model.constants[op.inputs[1]].shape[2:]
        full = np.broadcast_to(field if np.shape(field) == extents else np.mean(field), extents)
        weights = np.full((1, 1, *size), 1 / np.prod(size))
        window = {key: value for key, value in op.attributes.items() if key != "group"}
        mean = Operation(op.name, "Conv", ("field", "window"), ("mean",), window)
        return np.asarray(
            self.model.runner(mean, {"field": full[None, None].astype(float), "window": weights})[
                0
            ][0, 0]
        )

    def _combined(
        self, op: Operation, known: Mapping[str, _Signal | _Unknown]
    ) -> _Signal | _Unknown | None:
        """A multiple, or a sum of signals and biases; None where it is neither."""
        constants = self.model.constants
        if op.kind in ("Mul", "Div", "Neg"):
            number = next(
                (_number(constants[name]) for name in op.inputs if name in constants), -1.0
            )
            signal = known.get(
                op.inputs[0] if op.kind != "Mul" or op.inputs[0] in known else op.inputs[1]
            )
            lone = (
                sum(name in known for name in op.inputs) == 1 and op.kind in ("Mul", "Neg")
            ) or op.inputs[-1] in constants
            if number in (None, 0.0) or not lone or not isinstance(signal, _Signal):
                return None
            return _sum(
                op,
                [
                    (part * (1 / number if op.kind == "Div" else number), term)
                    for part, term in signal.parts
                ],
            )
        if op.kind not in ("Add", "Sub", "Sum") or any(
            name not in known and name not in constants for name in op.inputs
        ):
            return None
        if not any(
            signal.fresh for name in op.inputs if isinstance(signal := known.get(name), _Signal)
        ) and any(name in constants for name in op.inputs):
            return None
        signs = [1.0, -1.0 if op.kind == "Sub" else 1.0, *[1.0] * len(op.inputs)]
        terms: list[tuple[float, _Signal]] = []
        for name, sign in zip(op.inputs, signs, strict=False):
            signal = known.get(name)
            if isinstance(signal, _Signal):
                terms += [(sign * part, term) for part, term in signal.parts]
            elif not self._counted(op):
                square = _averaged(np.square(constants[name]))
                terms.append(
                    (sign, self.biases.setdefault(name, _Signal(square, square, True, 0.0)))
                )
        return _sum(op, terms)

    def _counted(self, op: Operation) -> bool:
        """Whether the bias that an operation adds is counted with the weights before it."""
        found = (
            added_bias(self.model, other)
            for other in self.model.layers
            if other.name in self.variances
        )
        return any(pair is not None and pair[0] is op for pair in found)


def _number(array: Any) -> float | None:
    """The one number of an array; None where it has several."""
    return (
        float(np.ravel(array)[0])
        if np.size(array) and np.all(array == np.ravel(array)[0])
        else None
    )


def _flat(signal: _Signal) -> _Signal:
    """The same signal without positions."""
    if not np.ndim(signal.square):
        return signal
    parts = tuple((part, _flat(term)) for part, term in signal.terms)
    return replace(
        signal, square=_averaged(signal.square), overlap=_averaged(signal.overlap), terms=parts
    )


def _sum(op: Operation, terms: Sequence[tuple[float, _Signal]]) -> _Signal | _Unknown:
    """A sum of multiples of signals, if those of different signals are independent."""
    weights: dict[_Signal, float] = {}
    for weight, signal in terms:
        weights[signal] = weights.get(signal, 0.0) + weight
    parts = [(weight, signal) for signal, weight in weights.items() if weight]
    if not parts:
        return _Unknown(f"the branches that {op.name} adds cancel")
    for i, (_, one) in enumerate(parts):
        if any(not _independent(one, other) for _, other in parts[:i]):
            return _Unknown(f"the branches that {op.name} adds are not independent")
    shapes = {np.shape(signal.square) for _, signal in parts} - {()}
    if len(shapes) > 1:
        return _Unknown(f"the branches that {op.name} adds have other positions")
    square, overlap = (
        sum(w**2 * getattr(s, kind) for w, s in parts) for kind in ("square", "overlap")
    )
    alone = len(parts) == 1
    return _Signal(
        np.asarray(square),
        np.asarray(overlap),
        any(signal.fresh for _, signal in parts),
        max(w**2 * s.scale for w, s in parts if s.fresh or alone),
        None,
        parts[0][1].maps if alone and abs(parts[0][0]) == 1 else None,
        frozenset().union(*(signal.depends for _, signal in parts)),
        tuple(parts),
    )


def _independent(one: _Signal, other: _Signal) -> bool:
    """Whether two signals are uncorrelated: one is fresh, and the other is no function of it."""
    return (one.fresh and one not in other.depends) or (other.fresh and other not in one.depends)


def _normalised(model: Model, op: Operation) -> _Unknown:
    """Batch normalisation: each channel has mean β and deviation |γ|, so Gaussian units are on with
    probability Φ(β/|γ|).
    """
    gamma, beta = (np.asarray(model.constants[name], dtype=float) for name in op.inputs[1:3])
    ratio = np.divide(
        beta, np.abs(gamma), out=np.where(beta > 0, np.inf, -np.inf), where=gamma != 0
    )
    return _Unknown(
        "after batch normalisation only the units' bits are known, as Gaussian marginals give them",
        float(binary_entropy(ndtr(ratio)).mean()),
    )


def _activated(op: Operation, signal: _Signal | _Unknown) -> tuple[Prediction, _Signal | _Unknown]:
    """The prediction at an activation, and what goes on behind it."""
    if isinstance(signal, _Unknown):
        if signal.bits is not None:
            return Prediction(
                op.name, signal.bits, None, None, None, signal.why, BATCH_NORM
            ), _Unknown(signal.why)
        return Prediction(op.name, None, None, None, None, f"no prediction: {signal.why}"), signal
    if not signal.fresh:
        why = "the activation acts on the data, without random weights before it"
        return Prediction(op.name, None, None, None, None, f"no prediction: {why}"), _Unknown(why)
    source = _theory_name(op)
    length, correlation = signal.length, signal.correlation
    bits = float(profile_bits(np.clip(correlation, 0.0, 1.0))[0])
    note = "random weights of these variances"
    if source is None:
        why = f"no wide-limit map for the activation {op.kind} (layer {op.name})"
        return Prediction(
            op.name, bits, length, correlation, None, note, KERNELS, signal.maps
        ), _Unknown(why)
    second, _, slope = moments(*source)
    factor = float(op.attributes.get("scale", 1.0))
    correlations = np.divide(
        signal.overlap, signal.square, out=np.ones_like(signal.overlap), where=signal.square > 0
    )
    behind = _Signal(
        np.asarray(factor**2 * second(signal.square)),
        np.asarray(factor**2 * overlap_at(*source, signal.square, correlations)),
        left=(*source, length) if factor == 1 else None,
        ancestors=signal.depends,
    )
    scale, growth = depth_scales(signal.scale * float(slope(length)))
    return Prediction(
        op.name, bits, length, correlation, scale, note, KERNELS, signal.maps, growth
    ), behind


def _theory_name(op: Operation) -> tuple[str, str | None] | None:
    """The activation of the theory, and its slope where it has one."""
    if op.kind == "LeakyRelu":
        slope = op.attributes.get("alpha", 0.01)
        return None if isinstance(slope, list) else ("leaky", repr(float(slope)))
    if op.kind == "Softplus" and op.attributes.get("beta", 1.0) != 1:
        return None
    if op.kind == "Gelu" and op.attributes.get("approximate", "none") != "none":
        return None
    return (_THEORY[op.kind], None) if op.kind in _THEORY else None
