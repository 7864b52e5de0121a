"""Phase diagrams in one call: critical lines from the theory of a system, drawn over points of
finite simulated systems that know nothing of it.

What is drawn depends on the kind of object that states the system. A kind of one's own is added
with ``phase_diagram.register``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch
from io import StringIO
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import oo

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.show.figures import COLOURS, axes_or_new, finished
from neurenorm.numerics.simulation.field_theory.activations import NAMED, NumericActivation
from neurenorm.numerics.simulation.phases import (
    final_correlation,
    layered_magnetization,
    surviving_overlap,
)
from neurenorm.numerics.solve import trajectory
from neurenorm.numerics.solve.active_paths.diagram import path_diagram
from neurenorm.theory.active_paths.ensemble import PathEnsemble, path_ensemble
from neurenorm.theory.dynamic_neurons.wide import G, M, WideBinary, critical_gain
from neurenorm.theory.gaussian.activation import Activation
from neurenorm.theory.wide.limit import SW2, K, WideLimit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["CriticalLine", "PhasePlane", "SimulatedPoints", "phase_diagram"]

Array = NDArray[np.float64]
WEIGHTS, BIASES = np.linspace(0.5, 4, 8), np.linspace(0.02, 0.6, 6)
GAINS = np.linspace(0.6, 2.4, 19)
DEGREES, TEMPERATURES = np.linspace(1.5, 8, 8), np.array([0.25, 0.5, 0.75, 1.0, 1.25])
STYLES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class CriticalLine(Tabulated):
    """A line of the phase diagram that theory gives.

    Parameters
    ----------
    label : str
        In words or LaTeX.
    x, y : ndarray
    """

    label: str
    x: Array
    y: Array


@dataclass(frozen=True)
class SimulatedPoints(Tabulated):
    """Points of the phase diagram at which a finite system was simulated.

    Parameters
    ----------
    label : str
        The order parameter, and the size of the systems.
    x, y : ndarray
        Where; ``y`` may be the order parameter itself.
    value, error : ndarray
        The order parameter and its standard error.
    """

    label: str
    x: Array
    y: Array
    value: Array
    error: Array


@dataclass(frozen=True)
class PhasePlane:
    """A phase diagram: lines of the theory and points of the simulation, which draws itself in a
    notebook.

    Parameters
    ----------
    title, xlabel, ylabel : str
    lines : tuple of CriticalLine
    points : SimulatedPoints
    curve : bool
        Whether the order parameter is the vertical axis (points with error bars), and not the
        colour of points in a plane.
    """

    title: str
    xlabel: str
    ylabel: str
    lines: tuple[CriticalLine, ...]
    points: SimulatedPoints
    curve: bool = False

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw on the given axes, or on new ones, and return them."""
        axes, points = axes_or_new(ax), self.points
        for line, style, colour in zip(
            self.lines, STYLES, (COLOURS[1], COLOURS[3], "black", "0.4"), strict=False
        ):
            axes.plot(line.x, line.y, style, color=colour, linewidth=2, label=line.label, zorder=2)
        if self.curve:
            axes.errorbar(
                points.x,
                points.value,
                points.error,
                fmt="o",
                markersize=4,
                color=COLOURS[0],
                capsize=2,
                label=points.label,
                zorder=3,
            )
        else:
            drawn = axes.scatter(
                points.x,
                points.y,
                c=points.value,
                cmap="viridis",
                vmin=0,
                vmax=1,
                s=30,
                edgecolors="black",
                linewidths=0.4,
                zorder=3,
            )
            axes.figure.colorbar(drawn, ax=axes, label=points.label)
        legend = {"frameon": True, "fontsize": "small"} if self.lines or self.curve else None
        return finished(axes, legend, xlabel=self.xlabel, ylabel=self.ylabel, title=self.title)

    def _repr_svg_(self) -> str:
        """Draw in a notebook."""
        from matplotlib.figure import Figure

        axes = self.plot(Figure(figsize=(6, 4.2), layout="constrained").add_subplot())
        text = StringIO()
        cast("Figure", axes.figure).savefig(text, format="svg")
        return text.getvalue()


@singledispatch
def phase_diagram(system: Any, **options: Any) -> PhasePlane:
    """Return the phase diagram of a system: critical lines derived from it, over simulated points.

    Parameters
    ----------
    system : WideLimit, WideBinary or PathEnsemble
        A wide random network (over weight and bias variance), wide layers of binary neurons (the
        mean over the gain), or binary weights on random active paths (over degree and temperature).
    **options
        ``rng`` (a generator; by default seed 0) for all. ``sw2``, ``sb2``, ``width``, ``depth`` and
        ``networks`` for a WideLimit; ``gains``, ``width``, ``depth`` and ``networks`` for a
        WideBinary; ``degrees``, ``temperatures`` and ``neurons`` for a PathEnsemble.

    Returns
    -------
    PhasePlane
        Which has ``plot(ax)`` and draws itself in a notebook.

    Raises
    ------
    TypeError
        If there is no phase diagram for this kind of object.
    ValueError
        If the system has no transition, or an axis is empty or outside its domain.

    Examples
    --------
    >>> from neurenorm.theory.dynamic_neurons.wide import wide_binary
    >>> plane = phase_diagram(wide_binary(), gains=[1.0, 1.6], width=51, networks=20)
    >>> plane.lines[1].label, round(float(plane.lines[1].x[0]), 4)
    ('$g_c$', 1.2533)
    """
    known = ", ".join(kind.__name__ for kind in phase_diagram.registry if kind is not object)
    raise TypeError(f"there is no phase diagram for a {type(system).__name__}: give one of {known}")


@phase_diagram.register
def _wide_network(
    system: WideLimit,
    *,
    sw2: ArrayLike = WEIGHTS,
    sb2: ArrayLike = BIASES,
    rng: np.random.Generator | None = None,
    width: int = 300,
    depth: int = 50,
    networks: int = 20,
) -> PhasePlane:
    """The plane of variances: the edge of chaos, over the correlation that two signals end up
    with.
    """
    weights, biases = _axis("sw2", sw2), _axis("sb2", sb2)
    activation, generator = _numeric(system.activation), _generator(rng)
    places = list(product(weights, biases))
    found = [
        final_correlation(activation, w, b, generator, width=width, depth=depth, networks=networks)
        for w, b in places
    ]
    points = _points(f"correlation after {depth} layers (N = {width})", places, found)
    lines = _edge_of_chaos(system, (weights.min(), weights.max()), (biases.min(), biases.max()))
    return PhasePlane(
        f"{system.activation.name}: order and chaos",
        r"weight variance $\sigma_w^2$",
        r"bias variance $\sigma_b^2$",
        lines,
        points,
    )


def _edge_of_chaos(
    system: WideLimit, weights: tuple[float, float], biases: tuple[float, float]
) -> tuple[CriticalLine, ...]:
    """The parts of the line χ_⊥ = 1 inside the axes: where lengths settle (χ_∥ <= 1) and where not;
    where χ_⊥ does not depend on the length, it is vertical.
    """
    slope = system.chi_perp / SW2
    if not slope.has(K):
        label = r"$\chi_\perp = 1$: lengths diverge beyond"
        x, y, settles = np.full(2, 1 / float(slope)), np.asarray(biases), np.ones(2, dtype=bool)
    else:
        label = r"edge of chaos, $\chi_\perp = 1$"
        lengths = np.geomspace(1e-6, 1e4, 2000)
        x, y = compiled(list(system.edge_of_chaos), [K])(lengths)
        settles = compiled(system.chi_par, [K, SW2])(lengths, x) <= 1
    inside = (x >= weights[0]) & (x <= weights[1]) & (y >= 0) & (y <= biases[1])
    parts = (
        (label, inside & settles),
        (r"$\chi_\perp = 1$ at lengths that do not last", inside & ~settles),
    )
    return tuple(CriticalLine(name, x[part], y[part]) for name, part in parts if part.any())


@phase_diagram.register
def _wide_binary_layers(
    system: WideBinary,
    *,
    gains: ArrayLike = GAINS,
    rng: np.random.Generator | None = None,
    width: int = 501,
    depth: int = 60,
    networks: int = 60,
) -> PhasePlane:
    """The mean of the neurons over the gain: the stable fixed point of the map and where it leaves
    zero, over deep networks of finite width.
    """
    if system.width != oo:
        raise ValueError(
            f"layers of finite width {system.width} have no transition: give wide_binary(), and "
            f"width={system.width} for the simulated points"
        )
    places, generator = _axis("gains", gains), _generator(rng)
    found = [
        layered_magnetization(width, gain, generator, depth=depth, networks=networks)
        for gain in places
    ]
    critical = float(critical_gain())
    fine = np.unique(
        [
            *np.linspace(places.min(), places.max(), 200),
            *(critical + np.array([1e-3, 3e-3, 1e-2, 3e-2])),
        ]
    )
    stable = trajectory(system.recursion, {M: np.ones_like(fine)}, 4000, parameters={G: fine})[
        -1, 0
    ]
    lines = (
        CriticalLine("stable mean $m$, infinite width", fine, stable),
        CriticalLine("$g_c$", np.full(2, critical), np.array([0.0, 1.0])),
    )
    values = np.array([float(estimate.value) for estimate in found])
    points = _points(
        f"$N = {width}$, {depth} layers", list(zip(places, values, strict=True)), found
    )
    return PhasePlane(
        "wide layers of binary neurons",
        "gain $g$ (weights have the mean $g/\\sqrt{N}$)",
        "mean of the neurons $|m|$",
        lines,
        points,
        curve=True,
    )


@phase_diagram.register
def _active_paths(
    system: PathEnsemble,
    *,
    degrees: ArrayLike = DEGREES,
    temperatures: ArrayLike = TEMPERATURES,
    rng: np.random.Generator | None = None,
    neurons: int = 24,
) -> PhasePlane:
    """The plane of degree and temperature: both glass transitions, over the overlap that is left of
    a planted state.
    """
    plain = path_ensemble(system.p, system.disorder)
    if system.disorder == "glass" or (system.law, system.sizes) != (plain.law, plain.sizes):
        raise ValueError(
            "simulated points need a state to start from, paths drawn uniformly and couplings ±1: "
            "path_ensemble(p) or path_ensemble(p, 'ferro')"
        )
    columns, rows, generator = (
        _axis("degrees", degrees),
        _axis("temperatures", temperatures),
        _generator(rng),
    )
    if rows.min() <= 0:
        raise ValueError(f"temperatures of simulated points are positive, got {rows.min():g}")
    theory = path_diagram(
        system, np.unique([*rows, *([0.0] if system.disorder == "planted" else [])])
    )
    places = list(product(columns, rows))
    found = [
        surviving_overlap(system.p, c, T, system.disorder, generator, neurons=neurons)
        for c, T in places
    ]
    names = {
        "c_d": "$c_d$: states appear",
        "c_K": "$c_K$: they are the equilibrium",
        "c_s0": "$c_{s0}$: entropy of the paramagnet vanishes",
    }
    lines = tuple(
        CriticalLine(label, getattr(theory, name), theory.T) for name, label in names.items()
    )
    points = _points(
        f"overlap that is left of the first state ({neurons} neurons a layer)", places, found
    )
    return PhasePlane(
        f"{system.p} layers of binary weights on active paths",
        "paths per weight $c$",
        "temperature $T$",
        lines,
        points,
    )


def _axis(name: str, values: ArrayLike) -> Array:
    """Return an axis of numbers that are not negative."""
    axis = np.asarray(values, dtype=float)
    if axis.ndim != 1 or not axis.size or not np.all(np.isfinite(axis) & (axis >= 0)):
        raise ValueError(
            f"{name} must be a list of finite numbers that are not negative, got {values!r}"
        )
    return axis


def _generator(rng: np.random.Generator | None) -> np.random.Generator:
    """Return the generator, by default with seed 0."""
    return np.random.default_rng(0) if rng is None else rng


def _numeric(activation: Activation) -> NumericActivation:
    """Return an activation for the simulation: written by hand where it has a name, else
    compiled.
    """
    if activation.name in NAMED:
        return NAMED[activation.name]
    return NumericActivation(
        *(compiled(activation.derivative(order), [activation.variable]) for order in (0, 1))
    )


def _points(
    label: str, places: Iterable[tuple[float, float]], found: Iterable[Estimate]
) -> SimulatedPoints:
    """Collect estimates."""
    x, y = np.array(list(places)).T
    values, errors = np.array(
        [(float(estimate.value), float(estimate.error)) for estimate in found]
    ).T
    return SimulatedPoints(label, x, y, values, errors)
