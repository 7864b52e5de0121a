"""The figure of a sweep: curves with error bars along one axis, a map over two."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.sweep.extras import needed

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
    array, error = _chosen(dataset, value, dict(at or {}))
    wide = [name for name in array.dims if array.sizes[name] > 1] or list(array.dims[:1])
    array = array.squeeze([name for name in array.dims if name not in wide])
    error = (
        None if error is None else error.squeeze([name for name in error.dims if name not in wide])
    )
    if len(wide) > 2:
        raise ValueError(
            f"{array.name} has the axes {', '.join(map(str, wide))}: a figure shows two; fix the "
            f"others, for instance at {wide[-1]}=…"
        )
    axes = _new_axes() if ax is None else ax
    family = _family(array, wide)
    if len(wide) == 1:
        _curve(axes, array, error, wide[0])
    elif family is None:
        _map(axes, array.transpose(wide[1], wide[0]))
    else:
        _curves(axes, array, error, family, next(name for name in wide if name != family))
    held = ", ".join(
        f"{name} = {place.item()}" for name, place in array.coords.items() if not place.dims
    )
    axes.set_title(
        "\n".join(filter(None, [str(dataset.attrs.get("id", "")), textwrap.fill(held, 60)])),
        fontsize="medium",
    )
    return axes


def _chosen(
    dataset: Dataset, value: str | None, at: dict[str, Any]
) -> tuple[DataArray, DataArray | None]:
    """Return the array to draw and its errors, cut where it is asked."""
    names = [
        str(name)
        for name, array in dataset.data_vars.items()
        if array.dtype.kind in "fiub" and not str(name).endswith(SUFFIXES)
    ]
    if not names or (value is not None and value not in dataset.data_vars):
        raise ValueError(
            f"there is no value {value!r} to draw; there are {', '.join(names) or 'no numbers'}"
        )
    array = dataset[value if value is not None else names[0]]
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"{array.name} is not a number, so it cannot be drawn; there are {', '.join(names)}"
        )
    error = dataset.get(f"{array.name}_error")
    return _cut(array, at), None if error is None or error.dims != array.dims else _cut(error, at)


def _cut(array: DataArray, at: Mapping[str, Any]) -> DataArray:
    """Choose one place on some axes."""
    for name, place in at.items():
        if name not in array.dims:
            raise ValueError(
                f"{array.name} has no axis {name!r}; it has {', '.join(map(str, array.dims))}"
            )
        coordinate = _coordinate(array, name)
        if coordinate.dtype.kind in "fiu":
            array = array.isel({name: int(np.argmin(np.abs(coordinate - float(place))))})
        elif str(place) in coordinate.astype(str):
            array = array.isel({name: coordinate.astype(str).tolist().index(str(place))})
        else:
            raise ValueError(
                f"the axis {name} has no {place!r}; it has {', '.join(coordinate.astype(str))}"
            )
    return array


def _coordinate(array: DataArray, name: Hashable) -> NDArray[Any]:
    """Return the places of an axis; entries of lists are counted from 1."""
    return (
        np.asarray(array[name].values)
        if name in array.coords
        else np.arange(1, array.sizes[name] + 1)
    )


def _family(array: DataArray, wide: list[Hashable]) -> Hashable | None:
    """Return the axis whose values get a curve each: one of words, or a short one."""
    if len(wide) < 2:
        return None
    words = [name for name in wide if _coordinate(array, name).dtype.kind not in "fiu"]
    short = sorted(
        (name for name in reversed(wide) if array.sizes[name] <= MOST_CURVES),
        key=lambda name: array.sizes[name],
    )
    return next(iter([*words, *short]), None)


def _curve(
    axes: Axes, array: DataArray, error: DataArray | None, along: Hashable, **style: Any
) -> None:
    """Draw a curve with its error bars."""
    places = _coordinate(array, along)
    bars = (
        None if error is None else np.nan_to_num(np.asarray(error.values, dtype=float), posinf=0.0)
    )
    axes.errorbar(
        places,
        np.asarray(array.values, dtype=float),
        yerr=bars,
        **{"marker": "o", "markersize": 3, "linewidth": 1.2, "capsize": 2, **style},
    )
    axes.set(xlabel=_label(array, along), ylabel=_label(array, None))
    if _geometric(places):
        axes.set_xscale("log")


def _curves(
    axes: Axes, array: DataArray, error: DataArray | None, family: Hashable, along: Hashable
) -> None:
    """Draw one curve for each value of an axis, in colours and markers that stay apart in print and
    for the colour-blind.
    """
    places = _coordinate(array, family)
    colours = needed("matplotlib", "plot", "a figure").colormaps["viridis"](
        np.linspace(0, 0.85, len(places))
    )
    for k, place in enumerate(places):
        cut = None if error is None else error.isel({family: k})
        text = f"{place:.6g}" if places.dtype.kind in "fiu" else str(place)
        _curve(
            axes,
            array.isel({family: k}),
            cut,
            along,
            color=colours[k],
            marker=MARKERS[k % len(MARKERS)],
            label=text,
        )
    axes.legend(title=str(family), frameon=False)


def _map(axes: Axes, array: DataArray) -> None:
    """Draw a map; places where there is no number stay blank."""
    across, along = array.dims[1], array.dims[0]
    places = [_coordinate(array, name) for name in (across, along)]
    finite = [np.isfinite(place) for place in places]
    numbers = np.asarray(array.values, dtype=float)[np.ix_(finite[1], finite[0])]
    mesh = axes.pcolormesh(
        places[0][finite[0]],
        places[1][finite[1]],
        np.ma.masked_invalid(numbers),
        shading="nearest",
        cmap="viridis",
        rasterized=True,
    )
    axes.figure.colorbar(mesh, ax=axes, label=_label(array, None))
    axes.set(xlabel=_label(array, across), ylabel=_label(array, along))
    for place, scale in zip(places, (axes.set_xscale, axes.set_yscale), strict=True):
        if _geometric(place):
            scale("log")


def _geometric(places: NDArray[Any]) -> bool:
    """Whether the places of an axis are evenly spaced in their logarithm, and not as they are."""
    if (
        places.dtype.kind not in "fiu"
        or len(places) < 3
        or not np.all(np.isfinite(places) & (places > 0))
    ):
        return False
    return bool(
        np.allclose(np.diff(np.log(places), 2), 0, atol=1e-6)
        and not np.allclose(np.diff(places, 2), 0)
    )


def _label(array: DataArray, name: Hashable | None) -> str:
    """Return the label of an axis, or of the value: its name, its meaning and its unit."""
    attributes = array.attrs if name is None else array[name].attrs if name in array.coords else {}
    short = str(array.name if name is None else name)
    meaning, unit = attributes.get("long_name", short), attributes.get("units", "1")
    text = short if meaning == short else f"{short}: {meaning}"
    return textwrap.fill(text if unit == "1" else f"{text} [{unit}]", 60)


def _new_axes() -> Axes:
    """Return the axes of a figure of its own, which no window shows."""
    figure = needed("matplotlib.figure", "plot", "a figure").Figure(layout="constrained")
    axes: Axes = figure.add_subplot()
    return axes
