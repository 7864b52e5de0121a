"""Model: a network as a list of operations on named arrays, in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.numerics.measure.network.activations import fused
from neurenorm.numerics.measure.network.operation import ACTIVATIONS, HIDDEN, ModelError, Operation
from neurenorm.numerics.measure.network.reference import Runner

__all__ = ["ACTIVATIONS", "Model", "ModelError", "Operation", "chunks"]

Array = NDArray[Any]

CHUNK_NUMBERS = 1 << 18
LATEST = {"": 20}


def chunks(array: Array) -> Iterator[Array]:
    """Yield an array in pieces along its first axis of at most about a quarter of a million
    numbers.

    Examples
    --------
    >>> [len(part) for part in chunks(np.zeros((3, 1 << 18)))]
    [1, 1, 1]
    """
    step = max(1, CHUNK_NUMBERS * len(array) // max(array.size, 1))
    for start in range(0, len(array), step):
        yield array[start : start + step]


@dataclass(frozen=True)
class Model:
    """Operations in the order in which they run, and the arrays that they are given.

    Parameters
    ----------
    operations : sequence of Operation
    constants : mapping of str to array
        Weights and other fixed arrays.
    input : str
        Name of the array of data.
    shape : tuple of int or None
        Shape of one sample as far as it is declared (without the sample axis); None for free
        extents.
    outputs : tuple of str
    opsets : mapping of str to int
        Version of every domain of operators.
    batch : int, optional
        The number of samples that the model takes at once, where it is fixed.
    dtype : numpy.dtype
        Of the data; floats run at double precision.

    Raises
    ------
    ModelError
        If an operation reads an array that nothing makes.

    Examples
    --------
    >>> model = Model([Operation("act", "Relu", ("x",), ("y",))], {}, "x", (2,), ("y",))
    >>> model.run([[1.0, -1.0]])["y"].tolist()
    [[1.0, 0.0]]
    """

    operations: Sequence[Operation]
    constants: Mapping[str, Array]
    input: str
    shape: tuple[int | None, ...]
    outputs: tuple[str, ...]
    opsets: Mapping[str, int] = field(default_factory=lambda: dict(LATEST))
    batch: int | None = None
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(float))

    def __post_init__(self) -> None:
        """Refuse dangling names."""
        known = {self.input, *self.constants}
        for op in self.operations:
            missing = [name for name in op.reads if name not in known]
            if missing:
                raise ModelError(
                    f"the layer {op.name} ({op.kind}) reads {missing[0]!r}, which nothing before "
                    "it makes"
                )
            known.update(op.outputs)

    @cached_property
    def runner(self) -> Runner:
        """What runs the operations."""
        return Runner(self.opsets)

    @cached_property
    def reached(self) -> frozenset[str]:
        """The arrays whose values depend on the data; shapes and types are no values."""
        found = {self.input}
        for op in self.operations:
            values = op.inputs[:1] if op.kind == "CastLike" else op.reads
            if op.kind not in ("Shape", "Size") and found.intersection(values):
                found.update(op.outputs)
        return frozenset(found)

    @cached_property
    def layers(self) -> tuple[Operation, ...]:
        """The operations, in which an activation that is written in pieces is one operation."""
        return fused(self.operations, self.constants, self.reached, self.runner)

    @cached_property
    def sites(self) -> tuple[Operation, ...]:
        """The activations that the data reach: where states are recorded.

        Raises
        ------
        ModelError
            If an operation has activations inside, where they cannot be recorded.
        """
        for op in self.operations:
            hidden = _hidden(op) if self.reached.intersection(op.reads) else None
            if hidden is not None:
                raise ModelError(
                    f"unsupported operator {op.kind} (layer {op.name}): the activations inside "
                    f"({hidden}) "
                    "cannot be recorded; export the model with plain operators"
                )
        return tuple(
            op for op in self.layers if self.is_activation(op) and op.inputs[0] in self.reached
        )

    def is_activation(self, op: Operation) -> bool:
        """Return whether an operation is an activation; a bound away from zero on one side only is
        none.

        Examples
        --------
        >>> op = Operation("floor", "Clip", ("x", "low"), ("y",))
        >>> Model([op], {"low": np.array(1e-12)}, "x", (2,), ("y",)).is_activation(op)
        False
        """
        if op.kind != "Clip" or op.domain:
            return op.kind in ACTIVATIONS and not op.domain
        bounds = [*op.inputs[1:], "", ""][:2]
        given = [self.constants.get(name) if name else None for name in bounds]
        low, high = (
            float(value) if value is not None else op.attributes.get(key)
            for key, value in zip(("min", "max"), given, strict=True)
        )
        open_ended = (low is None or low < -1e30) and (high is None or high > 1e30)
        return not open_ended and (low is None or low <= 0) and (high is None or high > 0)

    def checked(self, data: ArrayLike) -> Array:
        """Return data, as they are, that are finite numbers of the declared shape, at least two
        samples.

        An array on disk is read chunk by chunk.

        Raises
        ------
        ModelError
            If they are not.
        """
        array = np.asarray(data)
        if array.dtype.kind not in "fiub":
            raise ModelError(f"the data must be numbers, got an array of {array.dtype}")
        extents = zip(self.shape, array.shape[1:], strict=False)
        if array.ndim != len(self.shape) + 1 or any(
            want not in (None, have) for want, have in extents
        ):
            shown = ", ".join(
                ["samples", *("any" if extent is None else str(extent) for extent in self.shape)]
            )
            raise ModelError(f"the data have shape {array.shape}, but the model takes ({shown})")
        if len(array) < 2:
            raise ModelError(
                f"entropies and dimensions need at least two samples, got {len(array)}"
            )
        if self.batch and len(array) % self.batch:
            raise ModelError(
                f"the model takes {self.batch} samples at once: give a multiple of that, not "
                f"{len(array)}"
            )
        wrong = sum(int(np.sum(~np.isfinite(part))) for part in chunks(array))
        if wrong:
            raise ModelError(f"{wrong} numbers in the data are NaN or infinite")
        if self.dtype.kind in "iub" and any(
            np.any(part != part.astype(self.dtype)) for part in chunks(array)
        ):
            raise ModelError(
                f"the model takes whole numbers ({self.dtype}), but the data have others"
            )
        return array

    def run(self, data: ArrayLike, wanted: Sequence[str] | None = None) -> dict[str, Array]:
        """Run what is needed for some arrays on one chunk of data.

        A model for a fixed number of samples runs that many at a time; what it makes for each is
        joined along the first axis, or, where that is not the axis of samples, along a new one.

        Parameters
        ----------
        data : array_like, shape (samples, ...)
        wanted : sequence of str, optional
            Names of arrays; by default the outputs.

        Returns
        -------
        dict of str to ndarray
        """
        names = tuple(self.outputs if wanted is None else wanted)
        array = np.asarray(data).astype(self.dtype)
        steps = self.needed(names)
        if not self.batch:
            return self._run(array, names, steps)
        size = self.batch
        parts = [self._run(array[i : i + size], names, steps) for i in range(0, len(array), size)]
        return {name: _joined([part[name] for part in parts], size) for name in names}

    def needed(self, wanted: Sequence[str]) -> list[Operation]:
        """Return the operations that some arrays depend on, in order."""
        names, found = set(wanted), []
        for op in reversed(self.operations):
            if names.intersection(op.outputs):
                found.append(op)
                names.update(op.reads)
        return found[::-1]

    def _run(
        self, data: Array, wanted: tuple[str, ...], steps: Sequence[Operation]
    ) -> dict[str, Array]:
        """Run operations once; an array is dropped behind its last reader."""
        arrays: dict[str, Any] = {**self.constants, self.input: data}
        last = {name: i for i, op in enumerate(steps) for name in op.reads}
        for i, op in enumerate(steps):
            made = [name for name in op.outputs if name]
            arrays.update(zip(made, self.runner(op, arrays), strict=True))
            for name in op.reads:
                if last[name] == i and name not in wanted:
                    arrays.pop(name, None)
        return {name: arrays[name] for name in wanted}


def _joined(parts: Sequence[Array], size: int) -> Array:
    """What a model made for each few samples, along the axis of samples."""
    along = all(part.ndim and len(part) == size for part in parts)
    return np.concatenate(parts) if along else np.stack(parts)


def _hidden(op: Operation) -> str | None:
    """An activation inside an operation: a recurrent cell, or in a body of control flow."""
    if op.kind in HIDDEN and not op.domain:
        return "of its cells"
    bodies = [value for value in op.attributes.values() if hasattr(value, "node")]
    inside = [node for body in bodies for node in body.node]
    return next((node.op_type for node in inside if node.op_type in (*ACTIVATIONS, *HIDDEN)), None)
