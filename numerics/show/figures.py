"""Figures: every function draws on the axes it is given (or on new ones) and returns them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from neurenorm.graphs.rendering import cell_places
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.files import save_figure
from neurenorm.numerics.solve import trajectory
from neurenorm.theory.recursion.recursion import Recursion

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurenorm.numerics.solve.bands import Bands

__all__ = ["COLOURS", "draw_cell", "plot_bands", "plot_step", "plot_trajectories", "save_figure"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours that stay apart for colour-blind readers."""


def axes_or_new(ax: Axes | None) -> Axes:
    """Return the given axes, or those of a new figure."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("figures need matplotlib: install the extra 'plot'") from error
    return pyplot.subplots()[1]


def finished(axes: Axes, legend: Mapping[str, Any] | None = None, **settings: Any) -> Axes:
    """Return the axes with their labels, limits and ticks set, and with a legend (without a frame
    unless asked for) where one is wanted.
    """
    axes.set(**settings)
    if legend is not None:
        axes.legend(**{"frameon": False, **legend})
    return axes


def plot_step(
    recursion: Recursion,
    start: float,
    low: float,
    high: float,
    *,
    steps: int = 12,
    ax: Axes | None = None,
) -> Axes:
    """Draw one step u' = R(u) against the diagonal, and the staircase of the flow from a starting
    point.

    Parameters
    ----------
    recursion : Recursion
        With one state variable and no parameters.
    start : float
        Where the staircase begins.
    low, high : float
        Range of the variable.
    steps : int
        Number of steps of the staircase.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the recursion has several variables or parameters, or the range is empty.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sympy import Integer, Symbol
    >>> t = Symbol("t", real=True)
    >>> axes = plot_step(Recursion((t,), (t**2,), Integer(2)), 0.9, 0, 1)
    >>> axes.get_ylabel()
    "$t'$"
    """
    if len(recursion.state) != 1 or recursion.parameters:
        raise ValueError(
            f"a staircase needs one variable and no parameters, got {recursion.state} and "
            f"{recursion.parameters}"
        )
    if not low < high:
        raise ValueError(f"the range must run from low to high, got {low} to {high}")
    (u,) = recursion.state
    axes = axes_or_new(ax)
    grid = np.linspace(low, high, 400)
    axes.plot(grid, grid, color="0.6", linewidth=1)
    axes.plot(grid, compiled(recursion.step[0], [u])(grid), color=COLOURS[0], label="one step")
    points = trajectory(recursion, {u: start}, steps)[:, 0]
    axes.plot(
        np.repeat(points, 2)[:-1],
        np.concatenate([[low], np.repeat(points[1:], 2)]),
        color=COLOURS[1],
        linewidth=1,
        label=f"flow from {start:g}",
    )
    return finished(
        axes,
        {},
        xlabel=f"${u}$",
        ylabel=f"${u}'$",
        xlim=(low, high),
        ylim=(low, high),
        aspect="equal",
    )


def plot_trajectories(
    recursion: Recursion, starts: Any, steps: int, *, ax: Axes | None = None
) -> Axes:
    """Draw the first state variable against the number of steps, from several starting points.

    Parameters
    ----------
    recursion : Recursion
        With one state variable.
    starts : array_like
        Starting values.
    steps : int
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sympy import Integer, Symbol
    >>> t = Symbol("t", real=True)
    >>> plot_trajectories(Recursion((t,), (t**2,), Integer(2)), [0.9, 0.99], 5).get_xlabel()
    'steps of scale $b = 2$'
    """
    axes = axes_or_new(ax)
    (u,) = recursion.state
    flows = trajectory(recursion, {u: np.asarray(starts, dtype=float)}, steps)
    axes.plot(flows[:, 0], marker="o", markersize=3, linewidth=1)
    return finished(axes, xlabel=f"steps of scale $b = {recursion.scale}$", ylabel=f"${u}$")


def plot_bands(bands: Bands, *, ax: Axes | None = None) -> Axes:
    """Draw bands along a path, with a line and a name at every stop.

    Parameters
    ----------
    bands : Bands
        From `neurenorm.numerics.solve.bands.bands_along`.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from neurenorm.graphs import square
    >>> from neurenorm.numerics.solve.bands import bands_along
    >>> from neurenorm.theory import GaussianField
    >>> axes = plot_bands(bands_along(GaussianField(square(), 4, -1)))
    >>> [label.get_text() for label in axes.get_xticklabels()]
    ['Γ', 'face', 'corner', 'Γ']
    """
    axes = axes_or_new(ax)
    for number, band in enumerate(bands.values.T):
        axes.plot(bands.distance, band, color=COLOURS[number % len(COLOURS)], linewidth=1.5)
    for _, place in bands.stops:
        axes.axvline(place, color="0.8", linewidth=0.8, zorder=0)
    axes.set_xticks([place for _, place in bands.stops], [name for name, _ in bands.stops])
    return finished(axes, ylabel="band", xlim=(bands.distance[0], bands.distance[-1]))


def draw_cell(graph: nx.Graph, terminals: tuple[Any, Any], *, ax: Axes | None = None) -> Axes:
    """Draw a two-terminal cell, its terminals at the left and right end.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from neurenorm.graphs import diamond
    >>> cell = diamond()
    >>> axes = draw_cell(cell.graph, cell.terminals)
    """
    axes = axes_or_new(ax)
    places = cell_places(graph, terminals)
    colours = [COLOURS[1] if node in terminals else COLOURS[0] for node in graph]
    nx.draw_networkx(
        graph, places, ax=axes, node_color=colours, font_color="white", edge_color="0.4"
    )
    axes.set_axis_off()
    return axes
