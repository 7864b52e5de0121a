"""From the outcomes of a grid to a labelled dataset: named axes, units and meanings, a status at
every point.

Numbers are stored as integers or booleans where every point has one, and else as floats with NaN
where there is none; the variable ``status`` tells why. Nested lists get dimensions of their own
after those of the grid, and are padded where their lengths differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.sweep.axes import Grid, value_text
from neurenorm.numerics.sweep.outcome import MISSING, Outcome, plain
from neurenorm.numerics.sweep.store import IDENTITY, required
from neurenorm.numerics.sweep.target import Target

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["assembled", "padded"]

ABOUT_POINTS = {
    "status": "how the values were obtained, or why there are none",
    "reason": "the status in words",
}


def assembled(
    target: Target, grid: Grid, outcomes: Mapping[int, Outcome], identity: Mapping[str, Any]
) -> Dataset:
    """Return the dataset of the points that are there, the others marked missing."""
    rows = [outcomes.get(index, Outcome(MISSING)) for index in range(len(grid))]
    arrays = {name: padded(cells) for name, cells in _columns(rows, grid).items()}
    inner = _inner_dimensions({name: array.shape[1:] for name, array in arrays.items()})
    texts = {name: np.array([getattr(row, name) for row in rows], object) for name in ABOUT_POINTS}
    abouts = {name: {"long_name": meaning} for name, meaning in ABOUT_POINTS.items()}
    outer = tuple(axis.name for axis in grid.axes)
    dataset: Dataset = required().Dataset(
        {
            name: (
                outer + inner.get(name, ()),
                array.reshape(grid.shape + array.shape[1:]),
                abouts.get(name) or _about(target, name),
            )
            for name, array in (arrays | texts).items()
        },
        _coordinates(target, grid),
        {
            "id": target.name,
            **target.about(),
            "points": len(rows),
            "points_done": sum(row.well for row in rows),
            IDENTITY: json.dumps(dict(identity)),
        },
    )
    return dataset


def _columns(rows: Sequence[Outcome], grid: Grid) -> dict[str, list[Any]]:
    """Return the cells of each variable: values, their errors, and all solutions where there are
    several.
    """
    columns: dict[str, list[Any]] = {}
    for name in dict.fromkeys(name for row in rows for name in row.values):
        shown = f"{name}_result" if name in {*grid.given, *ABOUT_POINTS} else name
        columns[shown] = [row.values.get(name) for row in rows]
        if any(name in row.errors for row in rows):
            columns[f"{shown}_error"] = [row.errors.get(name) for row in rows]
        if any(row.branches for row in rows):
            columns[f"{shown}_branches"] = [
                None if row.branches is None else [branch.get(name) for branch in row.branches]
                for row in rows
            ]
    return columns


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
    entries = [entry for index, cell in enumerate(cells) for entry in _entries(cell, (index,))]
    depth = max((len(place) for place, _ in entries), default=1)
    places = [place + (0,) * (depth - len(place)) for place, _ in entries]
    shape = (len(cells), *(max(column) + 1 for column in list(zip(*places, strict=True))[1:]))
    kinds = {type(value) for _, value in entries}
    words = str in kinds
    array: NDArray[Any] = np.full(shape, "" if words else np.nan, object if words else float)
    if kinds in ({bool}, {int}) and len(entries) == array.size:
        array = np.zeros(shape, next(iter(kinds)))
    for place, (_, value) in zip(places, entries, strict=True):
        if value is not None:
            array[place] = str(value) if words else value
    return array


def _entries(cell: Any, place: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Yield the entries of nested lists with their places."""
    if isinstance(cell, list):
        for index, item in enumerate(cell):
            yield from _entries(item, (*place, index))
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
        if lists.get(owner.removesuffix("_error")) == shape:
            owner = owner.removesuffix("_error")
        inner = tuple(
            ("entry" if len(lengths[d]) == 1 else f"{owner}_entry") + (f"_{d + 1}" if d else "")
            for d in range(len(shape))
        )
        names[name] = ("branch", *inner) if name.endswith("_branches") else inner
    return names


def _about(target: Target, shown: str) -> dict[str, str]:
    """Return the attributes of a variable."""
    kinds = {"_error": "error of ", "_branches": "all solutions of "}
    suffix = next((suffix for suffix in kinds if shown.endswith(suffix)), "")
    told = target.about_value(shown.removesuffix(suffix).removesuffix("_result"))
    return {**told, "long_name": kinds.get(suffix, "") + told["long_name"]}


def _coordinates(target: Target, grid: Grid) -> dict[str, Any]:
    """Return the swept parameters as axes, and the others as scalars."""
    axes = {axis.name for axis in grid.axes}
    coordinates = {}
    for name, values in grid.given.items():
        places = _coordinate(values)
        about = target.about_parameter(name)
        coordinates[name] = (name, places, about) if name in axes else ((), places[0], about)
    return coordinates


def _coordinate(values: Sequence[Any]) -> NDArray[Any]:
    """Return the values of an axis as numbers where they are, otherwise as words."""
    known = [
        value_text(value) if isinstance(value, list) or value is None else plain(value)
        for value in values
    ]
    if any(isinstance(value, str) for value in known):
        return np.array([str(value) for value in known], dtype=object)
    return padded(known)
