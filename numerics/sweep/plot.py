"""The figure of a sweep: curves with error bars along one axis, a map over two."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.sweep.store import needed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from xarray import DataArray, Dataset

__all__ = ["plot_sweep"]

MOST_CURVES = 6
MARKERS = "osD^vP"
SUFFIXES = ("_error", "_branches")


def plot_sweep(
    dataset: Dataset,
    value: str | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one value of a sweep against its axes.

    One axis gives a curve, with error bars where there are errors; two give a curve for each value
    of the shorter or worded one, or a map where both are long.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a sweep.
    value : str, optional
        Which value; by default the first.
    at : mapping of str to number or str, optional
        Where to cut the other axes; numbers choose the nearest point.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If there is no such value or axis, it is no number, or more than two axes are left.

    Examples
    --------
    >>> from neurenorm.numerics.sweep.run import sweep
    >>> axes = plot_sweep(sweep("lattice/ising-correlation", {"K": [0, 1, 2]}, {"r": 2}, workers=0))
    >>> axes.get_ylabel()
    'value'
    """
    array, error = (_cut(part, at or {}) for part in _chosen(dataset, value))
    wide = [name for name in array.dims if array.sizes[name] > 1] or list(array.dims[:1])
    if len(wide) > 2:
        raise ValueError(
            f"{array.name} has the axes {', '.join(map(str, wide))}: a figure shows two; fix the "
            f"others, for instance at {wide[-1]}=…"
        )
    narrow = [name for name in array.dims if name not in wide]
    array, error = array.squeeze(narrow), error.squeeze(narrow)
    axes = _new_axes() if ax is None else ax
    family = _family(array)
    if array.ndim == 2 and family is None:
        _map(axes, array)
    else:
        _curves(axes, array, error, family)
    scalars = {name: place for name, place in array.coords.items() if not place.dims}
    held = ", ".join(f"{name} = {place.item()}" for name, place in scalars.items())
    title = filter(None, [str(dataset.attrs.get("id", "")), textwrap.fill(held, 60)])
    axes.set_title("\n".join(title), fontsize="medium")
    return axes


def _chosen(dataset: Dataset, value: str | None) -> tuple[DataArray, DataArray]:
    """Return the array to draw and its errors, not a number where there are none; entries of lists
    are counted from 1.
    """
    numbers = [str(name) for name, array in dataset.items() if array.dtype.kind in "fiub"]
    names = [name for name in numbers if not name.endswith(SUFFIXES)]
    if not names or (value is not None and value not in dataset.data_vars):
        raise ValueError(
            f"there is no value {value!r} to draw; there are {', '.join(names) or 'no numbers'}"
        )
    array = dataset[names[0] if value is None else value]
    if array.name not in numbers:
        raise ValueError(
            f"{array.name} is not a number, so it cannot be drawn; there are {', '.join(names)}"
        )
    counted = {d: np.arange(1, n + 1) for d, n in array.sizes.items() if d not in array.coords}
    array = array.astype(float).assign_coords(counted)
    error = dataset.get(f"{array.name}_error")
    known = error is not None and error.dims == array.dims
    return array, array.copy(data=error if known else np.full(array.shape, np.nan))


def _cut(array: DataArray, at: Mapping[str, Any]) -> DataArray:
    """Choose one place on some axes."""
    for name, place in at.items():
        if name not in array.dims:
            raise ValueError(
                f"{array.name} has no axis {name!r}; it has {', '.join(map(str, array.dims))}"
            )
        places = array[name].values
        words = places.astype(str).tolist()
        if _numeric(places):
            index = int(np.argmin(np.abs(places - float(place))))
        elif str(place) in words:
            index = words.index(str(place))
        else:
            raise ValueError(f"the axis {name} has no {place!r}; it has {', '.join(words)}")
        array = array.isel({name: index})
    return array


def _numeric(places: NDArray[Any]) -> bool:
    """Whether the places of an axis are numbers."""
    return places.dtype.kind in "fiu"


def _family(array: DataArray) -> Hashable | None:
    """Return which of two axes has a curve for each of its values: one of words, or a short one."""
    if array.ndim < 2:
        return None
    words = [name for name in array.dims if not _numeric(array[name].values)]
    short = [name for name in array.dims[::-1] if array.sizes[name] <= MOST_CURVES]
    return next(iter(words + sorted(short, key=lambda name: array.sizes[name])), None)


def _curves(axes: Axes, array: DataArray, error: DataArray, family: Hashable | None) -> None:
    """Draw a curve with its error bars, or one for each value of an axis, in colours and markers
    that stay apart in print and for the colour-blind.
    """
    along = next(name for name in array.dims if name != family)
    places = np.zeros(1) if family is None else array[family].values
    viridis = needed("matplotlib", "plot", "a figure").colormaps["viridis"]
    colours = viridis(np.linspace(0, 0.85, len(places)))
    for k, place in enumerate(places):
        cut = {} if family is None else {family: k}
        axes.errorbar(
            array[along].values,
            array.isel(cut).values,
            yerr=_bars(error.isel(cut)),
            label=f"{place:.6g}" if _numeric(places) else str(place),
            color=colours[k],
            marker=MARKERS[k % len(MARKERS)],
            markersize=3,
            linewidth=1.2,
            capsize=2,
        )
    axes.set(xlabel=_label(array, along), ylabel=_label(array, None))
    if _geometric(array[along].values):
        axes.set_xscale("log")
    if array.ndim == 2:
        axes.legend(title=str(family), frameon=False)


def _bars(error: DataArray) -> NDArray[Any] | None:
    """Return the lengths of error bars, None where there are no errors."""
    return None if error.isnull().all() else np.nan_to_num(error.values, posinf=0.0)


def _map(axes: Axes, array: DataArray) -> None:
    """Draw a map; places where there is no number stay blank, and infinite ones are left out."""
    across, along = array.dims
    for name in array.dims:
        array = array.isel({name: np.isfinite(array[name].values)})
    array.where(np.isfinite(array)).plot.pcolormesh(
        x=across,
        y=along,
        ax=axes,
        cmap="viridis",
        rasterized=True,
        xscale="log" if _geometric(array[across].values) else None,
        yscale="log" if _geometric(array[along].values) else None,
        cbar_kwargs={"label": _label(array, None)},
    )
    axes.set(xlabel=_label(array, across), ylabel=_label(array, along))


def _geometric(places: NDArray[Any]) -> bool:
    """Whether the places of an axis are evenly spaced in their logarithm, and not as they are."""
    if not _numeric(places) or len(places) < 3 or not np.all(np.isfinite(places) & (places > 0)):
        return False
    if np.allclose(np.diff(places, 2), 0):
        return False
    return bool(np.allclose(np.diff(np.log(places), 2), 0, atol=1e-6))


def _label(array: DataArray, name: Hashable | None) -> str:
    """Return the label of an axis, or of the value: its name, its meaning and its unit."""
    owner = array if name is None else array[name]
    short, unit = str(owner.name), owner.attrs.get("units", "1")
    meaning = owner.attrs.get("long_name", short)
    text = short if meaning == short else f"{short}: {meaning}"
    return textwrap.fill(text if unit == "1" else f"{text} [{unit}]", 60)


def _new_axes() -> Axes:
    """Return the axes of a figure of its own, which no window shows."""
    figure = needed("matplotlib.figure", "plot", "a figure").Figure(layout="constrained")
    axes: Axes = figure.add_subplot()
    return axes
