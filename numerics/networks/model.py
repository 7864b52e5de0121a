"""Model: a network as a list of operations on named arrays, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.networks.operators import OPERATORS

__all__ = ["ACTIVATIONS", "Model", "ModelError", "Operation", "chunks"]

Array = NDArray[Any]

ACTIVATIONS = ("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Gelu", "Erf", "Tanh", "Sigmoid", "HardSigmoid", "HardSwish", "Softplus", "Clip")
"""Operations whose input is the pre-activation of a unit; a unit is on where that is positive."""


CHUNK_NUMBERS = 1 << 18


def chunks(array: Array) -> Iterator[Array]:
    """Yield an array in pieces along its first axis of at most about a quarter of a million numbers, so that no work on it needs more memory than that.

    Examples
    --------
    >>> [len(part) for part in chunks(np.zeros((3, 1 << 18)))]
    [1, 1, 1]
    """
    step = max(1, CHUNK_NUMBERS * len(array) // max(array.size, 1))
    for start in range(0, len(array), step):
        yield array[start : start + step]


class ModelError(ValueError):
    """A model that cannot be read or run: what is wrong, and what would be right."""


@dataclass(frozen=True)
class Operation:
    """One operation.

    Parameters
    ----------
    name : str
        Unique name, for messages and tables.
    kind : str
        A key of `numerics.networks.operators.OPERATORS` (the names of ONNX).
    inputs, outputs : tuple of str
        Names of arrays; an empty name is an input that is left out.
    attributes : mapping
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


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
        Shape of one sample as far as it is declared (without the sample axis); None for free extents.
    outputs : tuple of str

    Raises
    ------
    ModelError
        If an operation is not among those that are known, or reads an array that nothing makes.

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

    def __post_init__(self) -> None:
        """Refuse unknown operations, all of them in one message, and dangling names."""
        unknown = [f"{op.kind} (layer {op.name})" for op in self.operations if op.kind not in OPERATORS]
        if unknown:
            raise ModelError(f"unsupported operator{'s' * (len(unknown) > 1)} {', '.join(unknown)}; supported are {', '.join(sorted(OPERATORS))}")
        known = {self.input, "", *self.constants}
        for op in self.operations:
            missing = [name for name in op.inputs if name not in known]
            if missing:
                raise ModelError(f"the layer {op.name} ({op.kind}) reads {missing[0]!r}, which nothing before it makes")
            known.update(op.outputs)

    @property
    def sites(self) -> tuple[Operation, ...]:
        """The activations: where states are recorded."""
        return tuple(op for op in self.operations if op.kind in ACTIVATIONS and op.inputs[0] not in self.constants)

    def checked(self, data: ArrayLike) -> Array:
        """Return data, as they are, that are finite numbers of the declared shape, at least two samples; an array on disk is read chunk by chunk.

        Raises
        ------
        ModelError
            If they are not.
        """
        array = np.asarray(data)
        if array.dtype.kind not in "fiub":
            raise ModelError(f"the data must be numbers, got an array of {array.dtype}")
        if array.ndim != len(self.shape) + 1 or any(want not in (None, have) for want, have in zip(self.shape, array.shape[1:], strict=True)):
            shown = ", ".join(["samples", *("any" if extent is None else str(extent) for extent in self.shape)])
            raise ModelError(f"the data have shape {array.shape}, but the model takes ({shown})")
        if len(array) < 2:
            raise ModelError(f"entropies and dimensions need at least two samples, got {len(array)}")
        wrong = sum(int(np.sum(~np.isfinite(part))) for part in chunks(array))
        if wrong:
            raise ModelError(f"{wrong} numbers in the data are NaN or infinite")
        return array

    def run(self, data: ArrayLike, keep: Callable[[Operation], bool] | None = None) -> dict[str, Array]:
        """Run the model on one chunk of data and return its outputs, and the inputs and outputs of the operations to keep.

        Parameters
        ----------
        data : array_like, shape (samples, ...)
        keep : callable, optional
            Whether the arrays of an operation are wanted.

        Returns
        -------
        dict of str to ndarray
        """
        arrays: dict[str, Any] = {**self.constants, self.input: np.asarray(data, dtype=float), "": None}
        last = {name: i for i, op in enumerate(self.operations) for name in op.inputs}
        wanted = set(self.outputs)
        for op in self.operations if keep is not None else ():
            wanted.update((op.inputs[0], op.outputs[0]) if keep is not None and keep(op) else ())
        for i, op in enumerate(self.operations):
            arrays.update(zip(op.outputs, self._applied(op, arrays), strict=False))
            for name in set(op.inputs):
                if last[name] == i and name not in wanted and name:
                    arrays.pop(name, None)
        return {name: arrays[name] for name in wanted}

    def _applied(self, op: Operation, arrays: Mapping[str, Any]) -> tuple[Array, ...]:
        """Outputs of one operation, with its name in any error."""
        try:
            with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
                found = OPERATORS[op.kind](*[arrays[name] for name in op.inputs], **op.attributes)
        except (ValueError, TypeError, IndexError, KeyError) as error:
            shapes = ", ".join(str(np.shape(arrays[name])) for name in op.inputs if name)
            raise ModelError(f"the layer {op.name} ({op.kind}) does not take arrays of shape {shapes}: {error}") from error
        return found if isinstance(found, tuple) else (found,)
