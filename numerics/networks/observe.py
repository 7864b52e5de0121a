"""Observables of a user's network on a user's data: complexity and effective dimension of every layer of activations.

The units of a layer are its channels where the activation follows a convolution (axis 1), else the last axis; all positions of a unit are pooled, so rows
are (sample, position) pairs. Data run through in chunks: of a chunk all arrays are in memory, afterwards states in bits and ten covariances per layer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.dimension import Moments, covariance_spectrum, effective_dimension, merged, participation_ratio
from numerics.entropy import EntropyEstimate, LayerComplexity, joint_entropy, layer_complexity
from numerics.networks.model import Model, ModelError, Operation
from numerics.states import PackedStates

__all__ = ["LayerReport", "observe"]

Array = NDArray[np.float64]
BLOCKS = 10
MOST_ROWS = 200_000  # rows of a layer that enter joint entropy and dimensions
WIDEST = 2048  # units up to which a covariance is kept; wider layers keep rows


@dataclass(frozen=True)
class LayerReport:
    """Observables of the activations of one layer.

    Attributes
    ----------
    layer, kind : str
        Name of the activation and its operator.
    units, positions, rows : int
        Units, positions per sample, and rows that entered joint entropy and dimensions.
    complexity : LayerComplexity
        Unit by unit, positions pooled.
    joint : EntropyEstimate
        Of all units at one position.
    effective_dimension, error : float or None
        After the activation, with its jackknife error over blocks of samples; None where the layer is constant.
    participation_ratio : float or None
    before : float or None
        Effective dimension of the pre-activations.
    length, correlation : float
        Mean square pre-activation, and mean product of two rows over it.
    """

    layer: str
    kind: str
    units: int
    positions: int
    rows: int
    complexity: LayerComplexity
    joint: EntropyEstimate
    effective_dimension: float | None
    error: float | None
    participation_ratio: float | None
    before: float | None
    length: float
    correlation: float | None

    @property
    def total_correlation(self) -> float:
        """Sum of the units' bits minus the joint bits: what the units know of each other; unreliable where the joint entropy is saturated."""
        return self.complexity.total - self.joint.value


@dataclass
class _Record:
    """What is kept of one layer while data run through."""

    op: Operation
    channels_first: bool
    states: PackedStates | None = None
    sampled: PackedStates | None = None
    positions: int = 1
    before: dict[int, Moments] = field(default_factory=dict)
    after: dict[int, Moments] = field(default_factory=dict)
    wide: dict[str, list[Array]] = field(default_factory=lambda: {"before": [], "after": []})

    def add(self, h: Array, out: Array, block: int, samples: int) -> None:
        """Record one chunk."""
        rows, positions = _rows(h, self.channels_first)
        outputs, _ = _rows(out, self.channels_first)
        if not (np.all(np.isfinite(rows)) and np.all(np.isfinite(outputs))):
            raise ModelError(f"the layer {self.op.name} ({self.op.kind}) is not finite on these data")
        if self.states is None:
            self.positions = positions
            self.states, self.sampled = PackedStates(rows.shape[1]), PackedStates(rows.shape[1])
        step = max(1, math.ceil(samples * positions / MOST_ROWS))
        self.states.add(rows)
        if self.sampled is not None:
            self.sampled.add(rows[::step])
        self._add_moments(rows[::step], outputs[::step], block)

    def _add_moments(self, rows: Array, outputs: Array, block: int) -> None:
        """Keep covariances of blocks, or rows where the layer is wide."""
        if rows.shape[1] > WIDEST:
            self.wide["before"].append(rows[:WIDEST])
            self.wide["after"].append(outputs[:WIDEST])
            return
        for table, values in ((self.before, rows), (self.after, outputs)):
            part = Moments.of(values)
            table[block] = table[block] + part if block in table else part


def _rows(array: Array, channels_first: bool) -> tuple[Array, int]:
    """An array as rows (sample and position) of units, and the number of positions."""
    if array.ndim == 1:
        raise ModelError("an activation of one axis has no units to observe")
    if array.ndim == 2:
        return array, 1
    moved = np.moveaxis(array, 1, -1) if channels_first else array
    return moved.reshape(-1, moved.shape[-1]), math.prod(moved.shape[1:-1])


def observe(model: Model, data: ArrayLike, chunk: int = 512, estimator: str = "miller-madow") -> list[LayerReport]:
    """Run data through a model and return the observables of every layer of activations.

    Parameters
    ----------
    model : Model
    data : array_like, shape (samples, ...)
        In the units that the model takes.
    chunk : int
        Samples that run at once.
    estimator : str
        Of the joint entropy, a key of `numerics.entropy.ESTIMATORS`.

    Returns
    -------
    list of LayerReport

    Raises
    ------
    ModelError
        If the data do not fit, are not finite, are a single sample or all equal, or the model has no activation.

    Examples
    --------
    >>> model = Model([Operation("act", "Relu", ("x",), ("y",))], {}, "x", (2,), ("y",))
    >>> (report,) = observe(model, [[1.0, -1.0], [-1.0, -1.0], [2.0, -3.0], [-1.0, -2.0]])
    >>> report.complexity.units.tolist(), report.complexity.always_off
    ([1.0, 0.0], 1)
    """
    array = model.checked(data)
    if np.all(array == array[:1]):
        raise ModelError("all samples are equal: the data have no variance, and entropies and dimensions say nothing")
    if not model.sites:
        raise ModelError("the model has no activation whose states could be recorded")
    records = [_Record(op, _after_convolution(model, op)) for op in model.sites]
    chosen = {op.name for op in model.sites}
    for start, block in _chunks(len(array), chunk):
        arrays = model.run(array[start[0] : start[1]], lambda op: op.name in chosen)
        for record in records:
            record.add(arrays[record.op.inputs[0]], arrays[record.op.outputs[0]], block, len(array))
    return [_report(record, estimator) for record in records]


def _chunks(samples: int, chunk: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Bounds of every chunk and the block that it belongs to."""
    if chunk < 1:
        raise ModelError(f"a chunk has at least one sample, got {chunk}")
    size = max(1, min(chunk, math.ceil(samples / BLOCKS)))
    for start in range(0, samples, size):
        yield (start, min(start + size, samples)), start * BLOCKS // samples


def _after_convolution(model: Model, op: Operation) -> bool:
    """Whether the units of an activation are channels: its nearest source with weights, or with channels, has them on axis 1."""
    maker = {name: source for source in model.operations for name in source.outputs}
    queue, seen = [op.inputs[0]], set()
    while queue:
        name = queue.pop(0)
        source = maker.get(name)
        if source is None or name in seen:
            continue
        seen.add(name)
        if source.kind in ("Conv", "BatchNormalization", "MaxPool", "AveragePool"):
            return True
        if source.kind in ("Gemm", "MatMul", "LayerNormalization", "Flatten", "Transpose"):
            return False
        queue += [inner for inner in source.inputs if inner not in model.constants]
    return False


def _report(record: _Record, estimator: str) -> LayerReport:
    """The observables of one layer."""
    if record.states is None or record.sampled is None:
        raise ModelError(f"the layer {record.op.name} recorded nothing")
    before, after = _dimension(record, "before"), _dimension(record, "after")
    length, correlation = _overlaps(record)
    return LayerReport(
        record.op.name,
        record.op.kind,
        record.states.units,
        record.positions,
        record.sampled.samples,
        layer_complexity(record.states),
        joint_entropy(record.sampled, estimator),
        after[0],
        after[1],
        after[2],
        before[0],
        length,
        correlation,
    )


def _dimension(record: _Record, side: str) -> tuple[float | None, float | None, float | None]:
    """Effective dimension, its error and the participation ratio; None where the layer is constant."""
    if record.wide[side]:
        values = covariance_spectrum(np.concatenate(record.wide[side])[:WIDEST])
        return (None, None, None) if values.sum() == 0 else (effective_dimension(values), None, participation_ratio(values))
    parts = list((record.before if side == "before" else record.after).values())
    total = merged(parts)
    values = np.maximum(np.linalg.eigvalsh(total.scatter), 0)
    if values.sum() <= 1e-24 * (1 + float(np.sum(total.mean**2))) * total.count:
        return None, None, None
    return effective_dimension(values), _error(parts) if side == "after" else None, participation_ratio(values)


def _error(parts: list[Moments]) -> float | None:
    """Jackknife error of the effective dimension over blocks."""
    if len(parts) < 3:
        return None
    left = [np.maximum(np.linalg.eigvalsh(merged(parts[:b] + parts[b + 1 :]).scatter), 0) for b in range(len(parts))]
    found = np.array([effective_dimension(values) for values in left if values.sum() > 0])
    return float(np.sqrt((len(found) - 1) * np.mean((found - found.mean()) ** 2))) if len(found) > 1 else None


def _overlaps(record: _Record) -> tuple[float, float | None]:
    """Mean square pre-activation, and the mean product of two different rows over it."""
    if record.wide["before"]:
        rows = np.concatenate(record.wide["before"])
        square, mean, count, units = float(np.sum(rows**2)), rows.mean(axis=0), len(rows), rows.shape[1]
    else:
        total = merged(list(record.before.values()))
        mean, count, units = total.mean, total.count, len(total.mean)
        square = float(np.trace(total.scatter)) + count * float(mean @ mean)
    length = square / (count * units)
    if length == 0 or record.positions > 1:
        return length, None
    pairs = (count**2 * float(mean @ mean) - square) / (count * (count - 1) * units)
    return length, pairs / length
