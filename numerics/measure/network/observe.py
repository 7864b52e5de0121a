"""Observables of a user's network on a user's data: complexity and effective dimension of every
layer of activations.

The units of a layer are its channels where the activation follows a convolution (axis 1), else the
last axis, followed through the operations between; all positions of a unit are pooled, so rows are
(sample, position) pairs. Data run through in chunks: of a chunk all arrays are in memory,
afterwards, per layer, states in bits (an eighth of a byte for a unit at a row) and ten covariances
of n units on either side (160 n² bytes), or 1024 rows where the layer is wider than 1024 units.
Data on disk (a memory map) are never held whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.measure.network.model import Model, ModelError, Operation, chunks
from neurenorm.numerics.measure.network.units import unit_axes
from neurenorm.numerics.observables.dimension import (
    Moments,
    jackknife_errors,
    merged,
    renyi_dimension,
    spectrum_errors,
)
from neurenorm.numerics.observables.entropy import (
    EntropyEstimate,
    LayerComplexity,
    joint_entropy,
    layer_complexity,
)
from neurenorm.numerics.observables.states import PackedStates

__all__ = ["LayerReport", "observe"]

Array = NDArray[np.float64]
BLOCKS = 10
MOST_ROWS = 200_000  # rows of a layer that enter joint entropy and dimensions
WIDEST = 1024  # units up to which covariances are kept; wider layers keep rows
KEPT_ROWS = 1024


@dataclass(frozen=True)
class Spread(Tabulated):
    """Over how many directions a layer is spread; None where it is constant, and errors None where
    there are too few samples for them.

    Attributes
    ----------
    effective, participation, rank, leading : float or None
        Rényi dimensions of order 1, 2, 0 and infinity.
    effective_error, participation_error : float or None
        By a jackknife over ten blocks of samples.
    rows, cap : int
        Rows that entered, and min(units, rows - 1), which no dimension exceeds.
    """

    effective: float | None
    participation: float | None
    rank: float | None
    leading: float | None
    effective_error: float | None
    participation_error: float | None
    rows: int
    cap: int


@dataclass(frozen=True)
class LayerReport(Tabulated):
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
    after, before : Spread
        Dimensions behind the activation and of the pre-activations.
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
    after: Spread
    before: Spread
    length: float
    correlation: float | None

    @property
    def effective_dimension(self) -> float | None:
        """Behind the activation; None where the layer is constant."""
        return self.after.effective

    @property
    def participation_ratio(self) -> float | None:
        """Behind the activation; None where the layer is constant."""
        return self.after.participation

    @property
    def total_correlation(self) -> float:
        """What the units know of each other, in bits; unreliable where the joint entropy is
        saturated.
        """
        return self.complexity.known_of_each_other(self.joint).value

    @property
    def total_correlation_error(self) -> float:
        """Its standard error, at most the sum of the errors of both."""
        return self.complexity.known_of_each_other(self.joint).error


@dataclass
class _Record:
    """What is kept of one layer while data run through."""

    op: Operation
    axis: int
    states: PackedStates | None = None
    sampled: PackedStates | None = None
    positions: int = 1
    before: dict[int, Moments] = field(default_factory=dict)
    after: dict[int, Moments] = field(default_factory=dict)
    wide: dict[str, list[Array]] = field(default_factory=lambda: {"before": [], "after": []})
    seen: int = 0

    def add(self, h: Array, out: Array, block: int, count: int, samples: int) -> None:
        """Record one chunk of so many samples."""
        rows, outputs = _rows(h, self.axis, count), _rows(out, self.axis, count)
        positions = max(1, len(rows) // count)
        if not (np.all(np.isfinite(rows)) and np.all(np.isfinite(outputs))):
            raise ModelError(
                f"the layer {self.op.name} ({self.op.kind}) is not finite on these data"
            )
        if self.states is None:
            self.positions = positions
            self.states, self.sampled = PackedStates(rows.shape[1]), PackedStates(rows.shape[1])
        self.states.add(rows)
        chosen = self._chosen(len(rows), samples * positions, MOST_ROWS)
        if self.sampled is not None:
            self.sampled.add(rows[chosen])
        if rows.shape[1] > WIDEST:
            chosen = self._chosen(len(rows), samples * positions, KEPT_ROWS)
            self.wide["before"].append(rows[chosen])
            self.wide["after"].append(outputs[chosen])
        else:
            self._add_moments(rows[chosen], outputs[chosen], block)
        self.seen += len(rows)

    def _chosen(self, rows: int, total: int, most: int) -> slice:
        """Every so many of all rows, counted through the chunks, so that at most as many as wanted
        are chosen.
        """
        step = max(1, math.ceil(total / most))
        return slice(-self.seen % step, rows, step)

    def _add_moments(self, rows: Array, outputs: Array, block: int) -> None:
        """Keep covariances of blocks."""
        if not len(rows):
            return
        for table, values in ((self.before, rows), (self.after, outputs)):
            part = Moments.of(values)
            table[block] = table[block] + part if block in table else part


def _rows(array: Array, axis: int, count: int) -> Array:
    """An array as rows (sample and position) of units; an array of one axis is a single unit."""
    if array.ndim == 1 and len(array) == count:
        return array[:, None]
    if array.ndim < 2:
        raise ModelError("an activation of one axis has no units to observe")
    moved = np.moveaxis(array, axis, -1)
    return moved.reshape(-1, moved.shape[-1])


def observe(
    model: Model, data: ArrayLike, chunk: int = 512, estimator: str = "miller-madow"
) -> list[LayerReport]:
    """Run data through a model and return the observables of every layer of activations.

    Parameters
    ----------
    model : Model
    data : array_like, shape (samples, ...)
        In the units that the model takes.
    chunk : int
        Samples that run at once.
    estimator : str
        Of the joint entropy, a key of `neurenorm.numerics.observables.entropy.ESTIMATORS`.

    Returns
    -------
    list of LayerReport

    Raises
    ------
    ModelError
        If the data do not fit, are not finite, are a single sample or all equal, or the model has
        no activation.

    Examples
    --------
    >>> model = Model([Operation("act", "Relu", ("x",), ("y",))], {}, "x", (2,), ("y",))
    >>> (report,) = observe(model, [[1.0, -1.0], [-1.0, -1.0], [2.0, -3.0], [-1.0, -2.0]])
    >>> report.complexity.units.tolist(), report.complexity.always_off
    ([1.0, 0.0], 1)
    """
    array = model.checked(data)
    if all(np.all(part == array[:1]) for part in chunks(array)):
        raise ModelError(
            "all samples are equal: the data have no variance, and entropies and dimensions say "
            "nothing"
        )
    if not model.sites:
        raise ModelError(
            "the model has no activation whose states could be recorded; its operators are "
            f"{_operators(model)}"
        )
    wanted = [name for op in model.sites for name in (op.inputs[0], op.outputs[0])]
    axes = unit_axes(model, wanted, array)
    records = [_Record(op, axes[op.inputs[0]]) for op in model.sites]
    for start, stop, block in _chunks(len(array), chunk, model.batch or 1):
        arrays = model.run(array[start:stop], wanted)
        for record in records:
            record.add(
                arrays[record.op.inputs[0]],
                arrays[record.op.outputs[0]],
                block,
                stop - start,
                len(array),
            )
    return [_report(record, estimator) for record in records]


def _operators(model: Model) -> str:
    """The operators of a model, each with the first layer that has it."""
    first = {op.kind: op.name for op in reversed(model.operations)}
    return ", ".join(f"{kind} (layer {name})" for kind, name in sorted(first.items()))


def _chunks(samples: int, chunk: int, batch: int) -> Iterator[tuple[int, int, int]]:
    """Bounds of every chunk, a multiple of the batch, and the block that it belongs to."""
    if chunk < 1:
        raise ModelError(f"a chunk has at least one sample, got {chunk}")
    size = max(1, min(chunk, math.ceil(samples / BLOCKS)) // batch) * batch
    for start in range(0, samples, size):
        yield start, min(start + size, samples), start * BLOCKS // samples


def _report(record: _Record, estimator: str) -> LayerReport:
    """The observables of one layer."""
    if record.states is None or record.sampled is None:
        raise ModelError(f"the layer {record.op.name} recorded nothing")
    length, correlation = _overlaps(record)
    return LayerReport(
        record.op.name,
        record.op.kind,
        record.states.units,
        record.positions,
        record.sampled.samples,
        layer_complexity(record.states),
        joint_entropy(record.sampled, estimator),
        _spread(record, "after"),
        _spread(record, "before"),
        length,
        correlation,
    )


def _spread(record: _Record, side: str) -> Spread:
    """Dimensions of a layer with their errors."""
    if record.wide[side]:
        return _spread_of_rows(np.concatenate(record.wide[side]))
    parts = list((record.before if side == "before" else record.after).values())
    total = merged(parts)
    values = np.maximum(np.linalg.eigvalsh(total.scatter), 0)
    size = float(np.sum(total.mean**2)) * total.count
    return _spread_of(values, size, jackknife_errors(parts), total.count, len(total.mean))


def _spread_of_rows(rows: Array) -> Spread:
    """The same from rows, fewer than units: by the smaller Gram side, whose parts give the
    jackknife.
    """
    gram, owner = rows @ rows.T, np.arange(len(rows)) * BLOCKS // len(rows)
    left = (
        [_centred_values(gram[np.ix_(owner != b, owner != b)]) for b in np.unique(owner)]
        if len(rows) > 2
        else []
    )
    return _spread_of(
        _centred_values(gram),
        float(np.trace(gram)),
        spectrum_errors(left),
        len(rows),
        rows.shape[1],
    )


def _centred_values(gram: Array) -> Array:
    """Eigenvalues of the products of centred rows."""
    mean = gram.mean(axis=0)
    return np.maximum(np.linalg.eigvalsh(gram - mean[:, None] - mean[None, :] + mean.mean()), 0)


def _spread_of(
    values: Array, size: float, errors: tuple[float, float], rows: int, units: int
) -> Spread:
    """A family of dimensions, or none where the spectrum vanishes beside the size of what was
    centred.
    """
    cap = min(units, rows - 1)
    if values.sum() <= 1e-24 * (rows + size):
        return Spread(None, None, None, None, None, None, rows, cap)
    family = [renyi_dimension(values, order) for order in (1, 2, 0, math.inf)]
    first, second = (error if math.isfinite(error) else None for error in errors)
    return Spread(family[0], family[1], family[2], family[3], first, second, rows, cap)


def _overlaps(record: _Record) -> tuple[float, float | None]:
    """Mean square pre-activation, and the mean product of two different rows over it."""
    if record.wide["before"]:
        rows = np.concatenate(record.wide["before"])
        square, mean, count, units = (
            float(np.sum(rows**2)),
            rows.mean(axis=0),
            len(rows),
            rows.shape[1],
        )
    else:
        total = merged(list(record.before.values()))
        mean, count, units = total.mean, total.count, len(total.mean)
        square = float(np.trace(total.scatter)) + count * float(mean @ mean)
    length = square / (count * units)
    if length == 0 or record.positions > 1 or count < 2:
        return length, None
    pairs = (count**2 * float(mean @ mean) - square) / (count * (count - 1) * units)
    return length, pairs / length
