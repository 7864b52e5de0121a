"""Finds activations that are written in pieces, by what the pieces compute.

Exporters write GELU as five operations, a rectifier as a maximum with zero. Where operations that
act number by number lead from one array to another, the function between them is evaluated at some
points and compared with the named activations; where it is one of them, its argument is the
pre-activation of a unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.measure.network.operation import ACTIVATIONS, ModelError, Operation
from neurenorm.numerics.measure.network.reference import Runner

__all__ = ["fused", "named"]

Array = NDArray[np.float64]

POINTS = np.array(
    [
        -9,
        -8,
        -6.5,
        -4.2,
        -3.1,
        -2.3,
        -1.6,
        -1,
        -0.7,
        -0.3,
        -0.1,
        0,
        0.1,
        0.4,
        0.8,
        1,
        1.7,
        2.4,
        2.9,
        3.3,
        4.4,
        6.3,
        8,
        9,
    ]
)
TOLERANCE = 1e-5
LONGEST = 24  # operations that an activation may take
WIDEST = 1 << 14  # numbers in a constant of an activation
NUMBERWISE = frozenset(
    (
        *ACTIVATIONS,
        *(
            "Abs",
            "Neg",
            "Exp",
            "Log",
            "Sqrt",
            "Reciprocal",
            "Sign",
            "Identity",
            "Dropout",
            "Cast",
            "CastLike",
        ),
        *(
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Pow",
            "Max",
            "Min",
            "Sum",
            "Mean",
            "Where",
            "Not",
            "And",
            "Or",
        ),
        *("Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Equal", "ThresholdedRelu"),
    )
)


def _softplus(t: Array) -> Array:
    """ln(1 + e^t)."""
    return np.asarray(np.logaddexp(0, t))


GATED = {
    "Gelu": lambda t: t * (1 + erf(t / np.sqrt(2))) / 2,
    "Mish": lambda t: t * np.tanh(_softplus(t)),
    "HardSwish": lambda t: t * np.clip(t / 6 + 0.5, 0, 1),
    "Swish": lambda t: t * expit(t),
}
PLAIN = {
    "Relu": lambda t: np.maximum(t, 0),
    "Tanh": np.tanh,
    "Sigmoid": expit,
    "Erf": erf,
    "Softsign": lambda t: t / (1 + abs(t)),
    "Softplus": _softplus,
    "Selu": lambda t: (
        1.0507009873554805 * np.where(t > 0, t, 1.6732632423543772 * np.expm1(np.minimum(t, 0)))
    ),
}


@checked_arguments
def named(values: Array) -> tuple[str, dict[str, Any]] | None:
    """Return the activation that has these values, with its attributes.

    Parameters
    ----------
    values : ndarray, shape (points, units)
        Of every unit at `POINTS`.

    Returns
    -------
    (kind, attributes) or None
        A scalar attribute where all units share it.

    Examples
    --------
    >>> named(np.maximum(POINTS, 0.25 * POINTS)[:, None])
    ('LeakyRelu', {'alpha': 0.25})
    """
    if np.ndim(values) != 2 or len(values) != len(POINTS):
        raise ValueError(f"values have the shape ({len(POINTS)}, units), got {np.shape(values)}")
    if not np.all(np.isfinite(values)):
        return None
    t = POINTS[:, None]
    for kind, attributes, function in _candidates(values):
        if np.all(abs(values - function) <= TOLERANCE * (1 + abs(t))):
            return kind, {key: _shared(value) for key, value in attributes.items()}
    return None


def _candidates(values: Array) -> Iterator[tuple[str, dict[str, Any], Array]]:
    """Every activation, with parameters read off the values at single points."""
    t = POINTS[:, None]
    low, high, left, middle, right = (values[np.searchsorted(POINTS, p)] for p in (-9, 9, -1, 0, 1))
    for kind, function in PLAIN.items():
        yield kind, {}, function(t)
    for kind, function in GATED.items():
        yield kind, {}, function(t)
    yield (
        "Gelu",
        {"approximate": "tanh"},
        t * (1 + np.tanh(np.sqrt(2 / np.pi) * (t + 0.044715 * t**3))) / 2,
    )
    if not np.any(abs(abs(left) - 1) < TOLERANCE):  # neither the identity nor the absolute value
        yield "LeakyRelu", {"alpha": -left}, np.where(t > 0, t, -left * t)
    scale = left / np.expm1(-1)
    yield "Elu", {"alpha": scale}, np.where(t > 0, t, scale * np.expm1(np.minimum(t, 0)))
    if np.all((right > 0.5) & (right < 1)):
        alpha = np.log(right / (1 - right))
        yield "Swish", {"alpha": alpha}, t * expit(alpha * t)
    if np.all(middle > TOLERANCE):
        beta = np.log(2) / middle
        yield "Softplus", {"beta": beta}, _softplus(beta * t) / beta
    if np.all((low <= 0) & (high > 0) & (low == values[1]) & (high == values[-2])):
        yield "Clip", {"min": low, "max": high}, np.clip(t, low, high)
    slope = (values[np.searchsorted(POINTS, 0.1)] - middle) / 0.1
    if np.all(slope > TOLERANCE):
        yield "HardSigmoid", {"alpha": slope, "beta": middle}, np.clip(slope * t + middle, 0, 1)
    if np.all(high > TOLERANCE):
        for kind, function in GATED.items():
            scale = high / function(POINTS[-1])
            yield kind, {"scale": scale}, scale * function(t)


def _shared(value: Any) -> Any:
    """A parameter that all units share as a number; their own as a list."""
    if not isinstance(value, np.ndarray):
        return value
    first = float(value.flat[0])
    return round(first, 9) if np.all(abs(value - first) < TOLERANCE) else value.tolist()


@dataclass(frozen=True)
class _Region:
    """Operations that lead, number by number, from one array to another."""

    before: str
    after: str
    operations: tuple[Operation, ...]


def fused(
    operations: Sequence[Operation],
    constants: Mapping[str, Any],
    reached: frozenset[str],
    runner: Runner,
) -> tuple[Operation, ...]:
    """Return the operations, in which those that make up an activation are replaced by one.

    Parameters
    ----------
    operations, constants : sequence of Operation, mapping of str to array
    reached : frozenset of str
        The arrays that depend on the data.
    runner : Runner
    """
    maker = {op.outputs[0]: op for op in operations if _numberwise(op, constants, reached)}
    order = {op.outputs[0]: i for i, op in enumerate(operations) if op.outputs}
    taken: set[int] = set()
    whole: dict[int, Operation] = {}
    for op in reversed(operations):
        if id(op) in taken or op.kind in ACTIVATIONS or op.outputs[0] not in maker:
            continue
        found = _recognised(op, maker, order, constants, runner)
        if found is not None:
            region, activation = found
            taken.update(id(part) for part in region.operations)
            whole[id(region.operations[-1])] = activation
    return _without(operations, taken, whole)


def _without(
    operations: Sequence[Operation], taken: set[int], whole: Mapping[int, Operation]
) -> tuple[Operation, ...]:
    """Activations in place of their last pieces; the other pieces go where nothing else reads
    them.
    """
    kept: list[Operation] = []
    read: set[str] = set()
    for op in reversed(operations):
        if id(op) in taken and id(op) not in whole and not read.intersection(op.outputs):
            continue
        kept.append(whole.get(id(op), op))
        read.update(kept[-1].reads)
    return tuple(kept[::-1])


def _numberwise(op: Operation, constants: Mapping[str, Any], reached: frozenset[str]) -> bool:
    """Whether an operation acts on data number by number, with small constants beside them."""
    if op.domain or op.kind not in NUMBERWISE or not reached.intersection(op.outputs):
        return False
    others = [name for name in op.reads if name not in reached]
    return all(name in constants and np.size(constants[name]) <= WIDEST for name in others)


def _recognised(
    op: Operation,
    maker: Mapping[str, Operation],
    order: Mapping[str, int],
    constants: Mapping[str, Any],
    runner: Runner,
) -> tuple[_Region, Operation] | None:
    """The activation that ends with an operation, and its pieces."""
    for region in _regions(op, maker, order, constants):
        arrays = _probed(region, constants, runner)
        found = None if arrays is None else named(arrays[region.after])
        if found is None or arrays is None:
            continue
        same = [
            part
            for part in region.operations
            if np.array_equal(arrays[part.outputs[0]], arrays[region.after])
        ]
        last = same[0]
        pieces = region.operations[: region.operations.index(last) + 1]
        kind, attributes = found
        short = _Region(region.before, last.outputs[0], pieces)
        return short, Operation(last.name, kind, (region.before,), last.outputs[:1], attributes)
    return None


def _regions(
    op: Operation,
    maker: Mapping[str, Operation],
    order: Mapping[str, int],
    constants: Mapping[str, Any],
) -> Iterator[_Region]:
    """Regions that end with an operation and begin at a single array, the shortest first."""
    front = {op.outputs[0]}
    pieces: list[Operation] = []
    while len(pieces) < LONGEST:
        name = max(front, key=lambda found: order.get(found, -1))
        if name not in maker:
            return
        front.remove(name)
        pieces.append(maker[name])
        front.update(read for read in maker[name].reads if read not in constants)
        if len(front) == 1:
            yield _Region(next(iter(front)), op.outputs[0], tuple(pieces[::-1]))


def _probed(
    region: _Region, constants: Mapping[str, Any], runner: Runner
) -> dict[str, Array] | None:
    """The arrays of a region where it begins with the points, of shape (points, units)."""
    used = {
        name: constants[name] for op in region.operations for name in op.reads if name in constants
    }
    rank = max((np.ndim(value) for value in used.values()), default=0)
    arrays: dict[str, Any] = {**used, region.before: POINTS.reshape(-1, *(1,) * rank)}
    try:
        for op in region.operations:
            arrays[op.outputs[0]] = runner(op, arrays)[0]
    except ModelError:
        return None
    return {
        op.outputs[0]: _by_point(np.asarray(arrays[op.outputs[0]], dtype=float))
        for op in region.operations
    }


def _by_point(array: Array) -> Array:
    """An array as (points, units); what does not depend on the points is the same at all."""
    varies = array.ndim > 0 and len(array) == len(POINTS)
    return (
        array.reshape(len(POINTS), -1)
        if varies
        else np.tile(array.reshape(1, -1), (len(POINTS), 1))
    )
