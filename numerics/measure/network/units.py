"""Which axis of an array counts units, and whether a model treats every sample by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.measure.network.model import Model, ModelError, Operation

__all__ = ["unit_axes"]

CHANNELS_SECOND = frozenset(
    (
        *(
            "Conv",
            "ConvTranspose",
            "ConvInteger",
            "QLinearConv",
            "DeformConv",
            "BatchNormalization",
        ),
        *("InstanceNormalization", "GroupNormalization", "LRN", "MaxPool", "AveragePool", "LpPool"),
        *("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"),
    )
)
RESHAPING = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")
Shapes = Mapping[str, tuple[int, ...]]


def unit_axes(model: Model, wanted: Sequence[str], data: NDArray[Any]) -> dict[str, int]:
    """Return the axis of units of some arrays: of channels behind a convolution, else the last.

    The model runs on a few samples to see the shapes.

    Parameters
    ----------
    model : Model
    wanted : sequence of str
        Names of arrays.
    data : ndarray, shape (samples, ...)

    Returns
    -------
    dict of str to int

    Raises
    ------
    ModelError
        If the model mixes samples, or draws random numbers; the layer is named.

    Examples
    --------
    >>> weights = {"w": np.ones((3, 2, 1, 1))}
    >>> ops = [Operation("c", "Conv", ("x", "w"), ("h",)), Operation("a", "Relu", ("h",), ("z",))]
    >>> unit_axes(Model(ops, weights, "x", (2, 4, 4), ("z",)), ["h"], np.ones((2, 2, 4, 4)))
    {'h': 1}
    """
    steps = model.needed(wanted)
    names = tuple(
        dict.fromkeys(name for op in steps for name in op.outputs if name in model.reached)
    )
    count = model.batch or 2
    few = model.run(data[:count], names)
    if not model.batch:
        _check_apart(model, steps, data[:2], few)
    shapes = {name: np.shape(value) for name, value in few.items() if isinstance(value, np.ndarray)}
    axes: dict[str, int | None] = {}
    for op in steps:
        for name in op.outputs:
            if name in shapes:
                axes[name] = _axis(model, op, shapes[name], axes, shapes)
    return {name: -1 if axes.get(name) is None else int(axes[name] or 0) for name in wanted}


def _axis(
    model: Model,
    op: Operation,
    shape: tuple[int, ...],
    axes: Mapping[str, int | None],
    shapes: Shapes,
) -> int | None:
    """The axis of units of what an operation makes; None where nothing tells."""
    rank = len(shape)
    if op.kind in CHANNELS_SECOND and not op.domain:
        return 1 if rank > 1 else None
    if op.kind in ("Gemm", "MatMul"):
        return rank - 2 if op.inputs[0] in model.constants and rank > 1 else rank - 1
    known = [name for name in op.reads if axes.get(name) is not None]
    if not known:
        return None
    source = known[0]
    if op.kind == "Transpose":
        order = list(op.attributes.get("perm", range(rank)[::-1]))
        return order.index(axes[source]) if len(order) == rank else None
    if op.kind in RESHAPING:
        old = shapes.get(source, ())
        kept = axes[source] == 1 and rank > 2 and len(old) > 1 and shape[:2] == old[:2]
        return 1 if kept else None
    return next((axes[name] for name in known if len(shapes.get(name, ())) == rank), None)


def _check_apart(
    model: Model, steps: Sequence[Operation], pair: NDArray[Any], together: Mapping[str, Any]
) -> None:
    """Refuse a model in which what a sample does depends on the others."""
    alone = [model.run(pair[i : i + 1], tuple(together)) for i in range(2)]
    for op in steps:
        for name in set(op.outputs).intersection(together):
            if not _apart(together[name], [part[name] for part in alone]):
                raise ModelError(
                    f"the layer {op.name} ({op.kind}) mixes samples or draws random numbers: one "
                    "sample "
                    "gives another result by itself; export the model for inference, or for one "
                    "sample"
                )


def _apart(both: Any, parts: Sequence[Any]) -> bool:
    """Whether an array of two samples holds what each gives by itself; shapes alone are not
    compared.
    """
    if not isinstance(both, np.ndarray) or both.dtype.kind not in "fiub" or not both.ndim:
        return True
    if len(both) != 2 or any(part.shape != (1, *both.shape[1:]) for part in parts):
        return True
    return bool(np.allclose(both, np.concatenate(parts), rtol=1e-6, atol=1e-9, equal_nan=True))
