"""Density evolution where every layer of weights has a mean degree of its own.

A path has one weight in each layer, so the bias it sends into layer l combines the fields of all
other layers. With M paths and N_l = M/c_l weights in layer l, ln Z per path is sum_l (site gain of
layer l)/c_l + message gains - (p - 1) path gain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.solve.active_paths.density_evolution import (
    MOST_ITERATIONS,
    DensityEvolution,
)
from neurenorm.theory.active_paths.ensemble import PathEnsemble, poisson_degrees

__all__ = ["LayeredPoint", "layered_branch"]

Array = NDArray[np.float64]
Law = tuple[Array, Array]


@dataclass(frozen=True)
class LayeredPoint(Tabulated):
    """The polarised solution with a degree for each layer.

    Parameters
    ----------
    degrees, q : tuple of float
        Mean degree and overlap of each layer.
    gap : float
        ln Z per path above the paramagnet, nats.
    energy : float
        Per path.
    converged : bool
    iterations : int
    residual : float
        Last total variation of the laws.
    """

    degrees: tuple[float, ...]
    q: tuple[float, ...]
    gap: float
    energy: float
    converged: bool
    iterations: int
    residual: float


def layered_branch(
    ensemble: PathEnsemble,
    T: float,
    degrees: Sequence[float],
    *,
    step: float = 0.04,
    tolerance: float = 1e-10,
    most: int = MOST_ITERATIONS,
) -> LayeredPoint:
    """Iterate the laws of all layers from certain weights.

    Parameters
    ----------
    ensemble : PathEnsemble
        With Poisson degrees; its p must be the number of layers.
    T : float
        Positive temperature.
    degrees : sequence of float
        Mean degree c_l of each layer, not negative.
    step, tolerance, most
        As for `DensityEvolution`.

    Returns
    -------
    LayeredPoint
        With ``converged`` false and what was reached where the laws did not settle.

    Examples
    --------
    >>> from neurenorm.theory.active_paths.ensemble import path_ensemble
    >>> [round(q, 2) for q in layered_branch(path_ensemble(3), 0.5, [2.0, 4.0, 7.0]).q]
    [0.81, 0.94, 0.99]
    """
    counts = tuple(float(c) for c in degrees)
    if len(counts) != ensemble.p or not all(math.isfinite(c) and c >= 0 for c in counts):
        raise ValueError(
            f"give one mean degree, zero or positive, for each of the p = {ensemble.p} layers, got "
            f"{list(degrees)}"
        )
    if ensemble.law != poisson_degrees():
        raise ValueError(
            "layers have degrees of their own where these are Poisson numbers; the law of this "
            f"ensemble is {ensemble.law.name}"
        )
    if not any(counts):
        raise ValueError("at least one layer needs paths")
    machine = DensityEvolution(ensemble, T, step, largest_degree=max(*counts, 1.0))
    laws = [machine.start() for _ in counts]
    change, count = math.inf, 0
    while change > tolerance and count < most:
        fresh = [
            machine.clipped(machine.fields(machine.spectrum(biases), c))
            for biases, c in zip(_biases(machine, laws), counts, strict=True)
        ]
        change = max(
            float(np.abs(a[0] - b[0]).sum() + np.abs(a[1] - b[1]).sum())
            for a, b in zip(fresh, laws, strict=True)
        )
        laws, count = fresh, count + 1
    return _measured(machine, laws, counts, change <= tolerance, count, change)


def _biases(machine: DensityEvolution, laws: Sequence[Law]) -> list[Law]:
    """Return the law of the bias into each layer, from the fields of all other layers."""
    found = []
    for own in range(len(laws)):
        others = [law for k, law in enumerate(laws) if k != own]
        found.append(machine.sent(machine.product(others)))
    return found


def _measured(
    machine: DensityEvolution,
    laws: Sequence[Law],
    degrees: tuple[float, ...],
    converged: bool,
    count: int,
    change: float,
) -> LayeredPoint:
    """Return overlaps, gap and energy of the laws of all layers."""
    overlaps, gap = [], 0.0
    for biases, c in zip(_biases(machine, laws), degrees, strict=True):
        wide = machine.fields(machine.spectrum(biases), c, full=True)
        overlaps.append(float(wide[0] @ machine.square))
        gap += machine.site_mean(wide) / c + machine.message_mean(biases) if c > 0 else 0.0
    gain, energy = machine.path_means(machine.product(laws))
    edges = float(machine.ensemble.path_count / machine.ensemble.energy_count)
    return LayeredPoint(
        degrees, tuple(overlaps), gap - edges * gain, energy, converged, count, change
    )
