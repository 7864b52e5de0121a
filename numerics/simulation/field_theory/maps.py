"""The maps of wide layers by plain quadrature, iterated and differenced.

Susceptibilities are slopes of the maps, never averages of derivatives; critical points are where
such a slope is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from neurenorm.numerics.simulation.field_theory.activations import NAMED

__all__ = [
    "action_of_layers",
    "correlation_fixed_point",
    "critical_point",
    "gauss_average",
    "gauss_pair",
    "half_stable_point",
    "kernels_along_depth",
    "length_fixed_point",
    "length_slope",
    "next_length",
    "pair_averages",
    "parallel_slope",
]

Array = NDArray[np.float64]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(240)
REACH = 12.0


def gauss_average(function: Callable[[Array], Array], variance: float) -> float:
    """Return ⟨f(z)⟩ of a normal z, by Gauss-Legendre on both half-lines.

    Examples
    --------
    >>> round(gauss_average(lambda z: z**2, 0.7), 12)
    0.7
    """
    x = REACH * (NODES + 1) / 2
    weight = WEIGHTS * REACH / 2 * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    s = np.sqrt(variance)
    return float(np.sum(weight * (function(s * x) + function(-s * x))))


def gauss_pair(function: Callable[[Array], Array], kaa: float, kbb: float, kab: float) -> float:
    """Return ⟨f(z_a) f(z_b)⟩, in polar coordinates split where either argument changes sign, so
    that each sector is smooth.

    Examples
    --------
    >>> round(gauss_pair(lambda z: z, 1.3, 0.7, 0.4), 10)
    0.4
    """
    c = kab / np.sqrt(kaa * kbb)
    root = np.sqrt((1 - c) * (1 + c))
    turns = [np.pi / 2, -np.pi / 2, np.arctan2(-c, root), np.arctan2(c, -root)]
    edges = np.sort(np.mod(turns, 2 * np.pi))
    r, radial = REACH * (NODES + 1) / 2, WEIGHTS * REACH / 2
    total = 0.0
    for low, high in zip(edges, [*edges[1:], edges[0] + 2 * np.pi], strict=True):
        angle = (low + high) / 2 + (high - low) / 2 * NODES
        x, y = r[:, None] * np.cos(angle), r[:, None] * np.sin(angle)
        values = function(np.sqrt(kaa) * x) * function(np.sqrt(kbb) * (c * x + root * y))
        sector = float((radial * r * np.exp(-r * r / 2)) @ values @ WEIGHTS)
        total += sector * (high - low) / 2 / (2 * np.pi)
    return float(total)


def pair_averages(name: str, kaa: float, kbb: float, kab: float) -> list[float]:
    """Return ⟨φ_a φ_b⟩ and ⟨φ_a' φ_b'⟩ of a named activation."""
    return [gauss_pair(part, kaa, kbb, kab) for part in NAMED[name]]


def jumping_averages(name: str, kaa: float, kbb: float, kab: float) -> list[float]:
    """Return ⟨φ_a φ_b⟩ of a function that jumps, and its slope along K_ab by differences of sixth
    order.
    """
    function, step = NAMED[name].function, 0.005 * math.sqrt(kaa * kbb)
    slope = sum(
        sign * weight * gauss_pair(function, kaa, kbb, kab + sign * j * step)
        for j, weight in ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
        for sign in (1, -1)
    )
    return [gauss_pair(function, kaa, kbb, kab), slope / step]


def next_length(name: str, sw2: float, sb2: float, length: float) -> float:
    """Return σ_b² + σ_w² ⟨φ²⟩."""
    return sb2 + sw2 * gauss_average(lambda z: NAMED[name].function(z) ** 2, length)


def length_slope(name: str, sw2: float, length: float) -> float:
    """Return the slope of the length map, by a five-point difference."""
    step = 2e-3 * length
    return sum(
        weight * next_length(name, sw2, 0.0, length + j * step)
        for j, weight in {-2: 1, -1: -8, 1: 8, 2: -1}.items()
    ) / (12 * step)


def parallel_slope(name: str, sw2: float, length: float) -> float:
    """Return how fast two like signals of one length come apart: (1 - c')/(1 - c) as c tends to 1,
    extrapolated in 1 - c from the map of two inputs.

    Examples
    --------
    >>> round(parallel_slope("linear", 0.8, 1.3), 8)
    0.8
    """
    function = NAMED[name].function
    top = gauss_average(lambda z: function(z) ** 2, length)
    gaps = 0.02 / 2.0 ** np.arange(6)
    row = [(top - gauss_pair(function, length, length, (1 - g) * length)) / g for g in gaps]
    for order in range(1, len(row)):
        row = [(2**order * fine - rough) / (2**order - 1) for rough, fine in pairwise(row)]
    return float(sw2 * row[0] / length)


@cache
def _settled_length(name: str, sw2: float, sb2: float) -> float:
    """The length after many layers from 1."""
    length = 1.0
    for _ in range(2000):
        before, length = length, next_length(name, sw2, sb2, length)
        if abs(length - before) < 1e-15 * length:
            break
    return length


def length_fixed_point(name: str, sw2: float, sb2: float) -> list[float]:
    """Return the length that settles, both slopes there, and the correlation length in layers.

    Examples
    --------
    >>> [round(x, 6) for x in length_fixed_point("linear", 0.5, 0.1)]
    [0.2, 0.5, 0.5, 1.442695]
    """
    length = _settled_length(name, sw2, sb2)
    slope = length_slope(name, sw2, length)
    return [length, slope, parallel_slope(name, sw2, length), -1 / math.log(abs(slope))]


def correlation_fixed_point(name: str, sw2: float, sb2: float) -> list[float]:
    """Return the correlation that settles, the slope of its map, and its correlation length."""
    length, function = _settled_length(name, sw2, sb2), NAMED[name].function

    def following(c: float) -> float:
        """One layer."""
        return (sb2 + sw2 * gauss_pair(function, length, length, c * length)) / length

    star = float(optimize.brentq(lambda c: following(c) - c, -0.2, 0.98, xtol=1e-15))
    step = 1e-3
    slope = sum(w * following(star + j * step) for j, w in {-2: 1, -1: -8, 1: 8, 2: -1}.items()) / (
        12 * step
    )
    return [star, slope, -1 / math.log(abs(slope))]


def critical_point(name: str, sb2: float) -> list[float]:
    """Return σ_w², K and the slope of the length map where like signals neither part nor meet."""

    def excess(sw2: float) -> float:
        """Of the slope at the length that settles."""
        return parallel_slope(name, sw2, _settled_length(name, sw2, sb2)) - 1

    weight = float(optimize.brentq(excess, 1.0, 6.0, xtol=1e-13))
    length = _settled_length(name, weight, sb2)
    return [weight, length, length_slope(name, weight, length)]


def half_stable_point(name: str, near: tuple[float, float]) -> list[float]:
    """Return the length and σ_w² at which both slopes are one."""

    def excess(place: Array) -> list[float]:
        """Of both slopes."""
        length, weight = float(place[0]), float(place[1])
        return [parallel_slope(name, weight, length) - 1, length_slope(name, weight, length) - 1]

    found = optimize.fsolve(excess, near, xtol=1e-12)
    return [float(found[0]), float(found[1])]


def kernels_along_depth(
    name: str, sw2: float, sb2: float, depth: int, first: float = 1.0
) -> list[float]:
    """Return the kernels of all layers."""
    kernels = [first]
    while len(kernels) < depth:
        kernels.append(next_length(name, sw2, sb2, kernels[-1]))
    return kernels


def action_of_layers(
    name: str, sw2: float, sb2: float, overlaps: Array, layers: list[Array]
) -> float:
    """Return minus the sum of SciPy's normal log-densities, neuron by neuron and layer by layer.

    Parameters
    ----------
    overlaps : ndarray, shape (inputs, inputs)
    layers : list of ndarray, shape (inputs, neurons)
    """
    gram, total = np.atleast_2d(overlaps), 0.0
    for layer in layers:
        law = stats.multivariate_normal(np.zeros(len(gram)), sb2 + sw2 * gram)
        total -= sum(float(law.logpdf(neuron)) for neuron in layer.T)
        signals = NAMED[name].function(layer)
        gram = signals @ signals.T / layer.shape[1]
    return total
