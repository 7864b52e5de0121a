"""Figures of networks: the interaction graph in layers, before and after the neurons are
promoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurenorm.graphs.network.interaction import Interactions
from neurenorm.numerics.show.figures import COLOURS, axes_or_new, finished

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_interactions"]

STYLES = {
    "weight": ("s", COLOURS[4], "weights"),
    "bias": ("D", COLOURS[3], "biases"),
    "neuron": ("o", COLOURS[0], "neurons"),
    "factor": ("^", "0.35", "interactions"),
}


def draw_interactions(interactions: Interactions, ax: Axes | None = None) -> Axes:
    """Draw an interaction graph in layers: depth to the right, weights above the neurons, an
    interaction joined to all its variables.

    Parameters
    ----------
    interactions : Interactions
        Of either kind; a few dozen vertices are readable.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from neurenorm.graphs.network.interaction import promoted
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> draw_interactions(promoted(mlp([1, 1, 1]))).get_xlabel()
    'layer'
    """
    axes, places = axes_or_new(ax), interactions.layout()
    for u, v in interactions.graph.edges:
        (x0, y0), (x1, y1) = places[u], places[v]
        axes.plot([x0, x1], [y0, y1], color="0.75", linewidth=0.8, zorder=1)
    kinds = {v: data["label"].kind for v, data in interactions.graph.nodes(data=True)}
    for kind, (marker, colour, name) in STYLES.items():
        points = [places[v] for v in places if kinds[v] == kind]
        if points:
            xs, ys = zip(*points, strict=True)
            axes.scatter(xs, ys, marker=marker, color=colour, s=45, zorder=2, label=name)
    layers = sorted({data["layer"] for _, data in interactions.graph.nodes(data=True)})
    above = {"ncols": 4, "loc": "upper center", "bbox_to_anchor": (0.5, 1.15), "fontsize": "small"}
    return finished(axes, above, xlabel="layer", xticks=range(layers[0], layers[-1] + 1), yticks=[])
