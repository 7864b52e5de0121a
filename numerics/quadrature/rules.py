"""Trapezoidal rules after a change of variables, for whole batches of integrals at once.

A trapezoidal sum over u converges geometrically when the integrand is analytic around the line and
negligible at both ends. Three maps make it so:

* whole line: ``z = s sinh u`` resolves a feature of size s at the origin however wide the Gaussian
  is (the number of nodes grows as its logarithm);
* half line from an edge: ``z = edge ± s exp(u - exp(-u))`` crowds the nodes at the edge, where the
  function may have a kink or a power law;
* interval: ``z = middle + half tanh(π/2 sinh u)`` does so at both of its ends.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "half_line", "interval", "whole_line"]

Array = NDArray[np.float64]

_EDGE = -3.75  # exp(u - exp(-u)) is 1e-20 there
_TANH_SINH_REACH = 3.2  # 1 - tanh(π/2 sinh u) is 2e-17 there
_SHORTEST = 1e-300


def whole_line(scale: Array, reach: Array, count: int) -> tuple[Array, Array]:
    """Nodes and weights on (-reach, reach) for each entry of a batch; arrays of shape (batch...,
    count + 1).
    """
    end = np.arcsinh(reach / scale)[..., None]
    u = end * np.linspace(-1, 1, count + 1)
    return scale[..., None] * np.sinh(u), scale[..., None] * np.cosh(u) * (2 * end / count)


def half_line(
    edge: Array, scale: Array, length: Array, count: int, side: int
) -> tuple[Array, Array]:
    """Nodes and weights from an edge to the right (side 1) or left (-1), as far as the length."""
    stretch = scale[..., None]
    end = np.log(np.maximum(length, 1e-3 * scale) / scale)[..., None]
    end = np.maximum(end, _EDGE + 1)
    step = (end - _EDGE) / count
    u = _EDGE + step * np.arange(count + 1)
    distance = stretch * np.exp(u - np.exp(-u))
    return edge[..., None] + side * distance, distance * (1 + np.exp(-u)) * step


def interval(low: Array, high: Array, count: int) -> tuple[Array, Array]:
    """Nodes and weights between two edges; an empty interval has zero weights."""
    step = 2 * _TANH_SINH_REACH / count
    u = np.linspace(-_TANH_SINH_REACH, _TANH_SINH_REACH, count + 1)
    s = np.pi / 2 * np.sinh(u)
    half = (np.maximum(high - low, 0) / 2)[..., None]
    nodes = ((low + high) / 2)[..., None] + half * np.tanh(s)
    return nodes, half * step * np.pi / 2 * np.cosh(u) / np.cosh(s) ** 2
