"""From the outcomes of a grid to a labelled dataset: named axes, units and meanings, a status at
every point.

Numbers are stored as integers or booleans where every point has one, and else as floats with NaN
where there is none; the variable ``status`` tells why. Nested lists get dimensions of their own
after those of the grid, and are padded where their lengths differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.sweep.axes import Axis, Grid, value_text
from neurenorm.numerics.sweep.outcome import MISSING, Outcome, plain
from neurenorm.numerics.sweep.store import IDENTITY, required
from neurenorm.numerics.sweep.targets import Target

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["assembled", "padded"]

NOTHING = Outcome(MISSING)
Leaves = Iterator[tuple[tuple[int, ...], Any]]


def assembled(
    target: Target, grid: Grid, outcomes: Mapping[int, Outcome], identity: Mapping[str, Any]
) -> Dataset:
    """Return the dataset of the points that are there, the others marked missing."""
    rows = [outcomes.get(index, NOTHING) for index in range(len(grid))]
    columns = _columns(rows, {*(axis.name for axis in grid.axes), *grid.fixed})
    arrays = {name: padded(cells) for name, cells in columns.items()}
    dimensions = _inner_dimensions({name: array.shape[1:] for name, array in arrays.items()})
    outer = tuple(axis.name for axis in grid.axes)
    variables = {
        name: (
            outer + dimensions[name],
            array.reshape(grid.shape + array.shape[1:]),
            _about(target, name),
        )
        for name, array in arrays.items()
    }
    words = {
        "status": "how the values were obtained, or why there are none",
        "reason": "the status in words",
    }
    for name, meaning in words.items():
        variables[name] = (
            outer,
            _words([getattr(row, name) for row in rows]).reshape(grid.shape),
            {"long_name": meaning},
        )
    dataset: Dataset = required().Dataset(
        variables, _coordinates(target, grid), _attributes(target, rows, identity)
    )
    return dataset


def _columns(rows: Sequence[Outcome], taken: set[str]) -> dict[str, list[Any]]:
    """Return the cells of each variable: values, their errors, and all solutions where there are
    several.
    """
    columns: dict[str, list[Any]] = {}
    for name in _names(row.values for row in rows):
        shown = f"{name}_result" if name in taken | {"status", "reason"} else name
        columns[shown] = [row.values.get(name) for row in rows]
        if any(name in row.errors for row in rows):
            columns[f"{shown}_error"] = [row.errors.get(name) for row in rows]
        if any(row.branches for row in rows):
            columns[f"{shown}_branches"] = [
                None if row.branches is None else [branch.get(name) for branch in row.branches]
                for row in rows
            ]
    return columns


def _names(mappings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return all keys in the order of their first appearance."""
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def padded(cells: Sequence[Any]) -> NDArray[Any]:
    """Return cells, which may be nested lists of unequal lengths, as one array.

    Parameters
    ----------
    cells : sequence of number, word, None or nested lists of them

    Returns
    -------
    ndarray, shape (cells, ...)
        Integers or booleans if all entries are, text if one is, otherwise floats.

    Examples
    --------
    >>> padded([1, 2])
    array([1, 2])
    >>> padded([[1.0, 2.0], None, [float("inf")]])
    array([[ 1.,  2.], [nan, nan], [inf, nan]])
    >>> padded(["tanh", None]).tolist()
    ['tanh', '']
    """
    leaves = [leaf for index, cell in enumerate(cells) for leaf in _leaves(cell, (index,))]
    depth = max((len(place) for place, _ in leaves), default=1)
    shape = (
        len(cells),
        *(
            max(place[d] + 1 if d < len(place) else 1 for place, _ in leaves)
            for d in range(1, depth)
        ),
    )
    kinds = {type(value) for _, value in leaves}
    complete = len(leaves) == int(np.prod(shape))
    array = _blank(shape, kinds, complete)
    for place, value in leaves:
        if value is not None:
            array[place + (0,) * (depth - len(place))] = (
                str(value) if array.dtype == object else value
            )
    return array


def _blank(shape: tuple[int, ...], kinds: set[type], complete: bool) -> NDArray[Any]:
    """Return an array of the type that holds these kinds of entries, filled with nothing."""
    if str in kinds:
        return np.full(shape, "", dtype=object)
    if complete and kinds == {bool}:
        return np.zeros(shape, dtype=bool)
    if complete and kinds == {int}:
        return np.zeros(shape, dtype=np.int64)
    return np.full(shape, np.nan)


def _leaves(cell: Any, place: tuple[int, ...]) -> Leaves:
    """Yield the entries of nested lists with their places."""
    if isinstance(cell, list):
        for index, item in enumerate(cell):
            yield from _leaves(item, (*place, index))
    else:
        yield place, cell


def _inner_dimensions(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[str, ...]]:
    """Name the dimensions of lists: ``branch`` counts solutions; ``entry`` counts entries where all
    lists are equally long, else ``NAME_entry``.
    """
    lists = {
        name: shape[1:] if name.endswith("_branches") else shape for name, shape in shapes.items()
    }
    depth = max(map(len, lists.values()), default=0)
    lengths = [{shape[d] for shape in lists.values() if len(shape) > d} for d in range(depth)]
    names = {}
    for name, shape in lists.items():
        owner = name.removesuffix("_branches")
        owner = next(
            (base for base in [owner.removesuffix("_error")] if lists.get(base) == shape), owner
        )
        inner = tuple(
            ("entry" if len(lengths[d]) == 1 else f"{owner}_entry") + (f"_{d + 1}" if d else "")
            for d in range(len(shape))
        )
        names[name] = ("branch", *inner) if name.endswith("_branches") else inner
    return names


def _about(target: Target, shown: str) -> dict[str, str]:
    """Return the attributes of a variable."""
    for suffix, words in (("_error", "error of "), ("_branches", "all solutions of ")):
        if shown.endswith(suffix):
            told = target.about_value(shown.removesuffix(suffix).removesuffix("_result"))
            return {**told, "long_name": words + told["long_name"]}
    return target.about_value(shown.removesuffix("_result"))


def _coordinates(target: Target, grid: Grid) -> dict[str, Any]:
    """Return the swept parameters as axes, and the others as scalars."""
    axes = {
        axis.name: (axis.name, _coordinate(axis), target.about_parameter(axis.name))
        for axis in grid.axes
    }
    fixed = {
        name: ((), _coordinate(Axis(name, (value,)))[0], target.about_parameter(name))
        for name, value in grid.fixed.items()
    }
    return {**axes, **fixed}


def _coordinate(axis: Axis) -> NDArray[Any]:
    """Return the values of an axis as numbers where they are, otherwise as words."""
    values = [
        value_text(value) if isinstance(value, list) or value is None else plain(value)
        for value in axis.values
    ]
    if any(isinstance(value, str) for value in values):
        return _words([str(value) for value in values])
    return padded(values)


def _words(texts: Sequence[str]) -> NDArray[Any]:
    """Return an array of texts, which xarray writes with any letters."""
    return np.array(texts, dtype=object)


def _attributes(
    target: Target, rows: Sequence[Outcome], identity: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what describes the whole."""
    done = sum(row.well for row in rows)
    return {
        "id": target.name,
        **target.about(),
        "points": len(rows),
        "points_done": done,
        IDENTITY: json.dumps(dict(identity)),
    }
