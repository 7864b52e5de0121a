"""Tori from plain arrays: precisions of few sites, massless sums of many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.simulation.loops.integration import quartic_series

__all__ = ["integrated_orders", "massless_slopes", "torus_precision"]

Array = NDArray[np.float64]


def torus_precision(extents: Sequence[int], m2: float) -> Array:
    """Return m2 plus the lattice Laplacian of a hypercubic torus.

    Examples
    --------
    >>> torus_precision([2], 1.0).tolist()
    [[3.0, -2.0], [-2.0, 3.0]]
    """
    places = list(np.ndindex(*extents))
    number = {place: i for i, place in enumerate(places)}
    precision = (m2 + 2 * len(extents)) * np.eye(len(places))
    for place in places:
        for axis in range(len(extents)):
            for step in (1, -1):
                other = list(place)
                other[axis] = (other[axis] + step) % extents[axis]
                precision[number[place], number[tuple(other)]] -= 1
    return precision


def integrated_orders(
    extents: Sequence[int], m2: float, n: int, order: int, wave: Sequence[int]
) -> Array:
    """Return tadpole, self-energies at a momentum and vertices, by direct integration.

    Examples
    --------
    >>> integrated_orders([1], 1.0, 1, 2, [0]).round(6).tolist()
    [1.0, 0.5, -0.416667, 1.0, -1.5]
    """
    precision = torus_precision(extents, m2)
    sigma, gamma = quartic_series(precision, n, order)
    places = np.array(list(np.ndindex(*extents)))
    phase = np.cos(2 * np.pi * places @ (np.array(wave) / np.array(extents)))
    tadpole = np.linalg.inv(precision)[0, 0]
    return np.array([tadpole, *(sigma[:, 0] @ phase), *gamma])


def massless_sums(size: int) -> Array:
    """Return bubble, sunset slope and eye minus half the squared bubble of the massless torus of
    four dimensions, its zero mode left out.
    """
    k = 2 * np.pi * np.arange(size) / size
    w = sum(np.meshgrid(*[2 - 2 * np.cos(k)] * 4, indexing="ij"))
    with np.errstate(divide="ignore"):
        inverse = np.where(w == 0, 0, 1 / w)
    line = np.fft.ifftn(inverse).real
    bubble = (inverse**2).mean()
    cubed = np.fft.fftn(line**3).real
    slope = (cubed[1, 0, 0, 0] - cubed[0, 0, 0, 0]) / (2 - 2 * np.cos(k[1]))
    eye = (np.fft.fftn(line**2).real * inverse**2).mean()
    return np.array([bubble, slope, eye - bubble**2 / 2])


def massless_slopes(size: int) -> Array:
    """Return the slopes per ln L of `massless_sums` between the given size and its double, with
    corrections of the order 1/L² removed by the half of the size.

    Examples
    --------
    >>> massless_slopes(4).round(4).tolist()
    [0.0137, -0.0, 0.0001]
    """
    half, whole, double = (massless_sums(L) for L in (size // 2, size, 2 * size))
    coarse, fine = (whole - half) / np.log(2), (double - whole) / np.log(2)
    return np.asarray(fine + (fine - coarse) / 3)
