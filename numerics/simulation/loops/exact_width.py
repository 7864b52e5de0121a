"""Kernels of random networks at any width, without an expansion in the width.

The kernel of a layer given the one below is σ_b² + σ_w² s, s the mean of N independent copies of
φ(z)². For |φ| ≤ 1 its density on [0, 1] is an inverse Fourier series of period 2 of
⟨exp(iωφ²/N)⟩^N. Functions of the kernel are interpolated at Chebyshev points, so that a layer is a
matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray

__all__ = ["exact_moments", "fitted_orders", "linear_orders", "output_orders"]

Array = NDArray[np.float64]


def exact_moments(
    phi: Callable[[Array], Array],
    sw2: float,
    sb2: float,
    start: float,
    layers: int,
    width: int,
    highest: int,
    *,
    points: int = 40,
    modes: int = 240,
) -> Array:
    """Return E (K - c)^p for p = 0 … highest, about the middle c = σ_b² + σ_w²/2 of its range.

    Parameters
    ----------
    phi : callable
        With |φ| ≤ 1.
    layers : int
        At least 2.

    Examples
    --------
    >>> exact_moments(np.sin, 1.0, 0.0, 1.0, 2, 8, 1).round(6).tolist()
    [1.0, -0.067668]
    """
    nodes = np.cos(np.pi * (np.arange(points) + 0.5) / points)
    kernels = sb2 + sw2 * (1 + nodes) / 2
    powers = [(sw2 * nodes / 2) ** p for p in range(highest + 1)]
    step = _expectations(phi, kernels, width, points, modes)
    first = _expectations(phi, np.array([start]), width, points, modes)
    values = np.array(powers).T
    for _ in range(layers - 2):
        values = step @ values
    return np.asarray((first @ values)[0])


def _expectations(
    phi: Callable[[Array], Array], kernels: Array, width: int, points: int, modes: int
) -> Array:
    """Rows: kernels; columns: weights of the values at the Chebyshev points of the next kernel."""
    x = np.arange(-12, 12 + 1 / 32, 1 / 16)
    w = np.exp(-x * x / 2) / np.sqrt(2 * np.pi) / 16
    squares = phi(np.sqrt(kernels)[:, None] * x) ** 2
    omega = np.pi * np.arange(1, modes + 1)
    transform = np.array(
        [(np.exp(1j * omega[:, None] * row / width) @ w) ** width for row in squares]
    )
    degrees = np.arange(points)
    t, weight = np.polynomial.legendre.leggauss(4 * points + 400)
    chebyshev = np.cos(degrees[:, None] * np.arccos(t))  # T_j at 2s - 1
    s = (t + 1) / 2
    waves = np.exp(-1j * omega[:, None] * s)
    moments = np.array(
        [0.5 * (chebyshev @ (weight / 2 * (1 + 2 * (row @ waves).real))) for row in transform]
    )
    nodes = np.pi * (np.arange(points) + 0.5) / points
    inverse = 2 / points * np.cos(degrees[:, None] * nodes)
    inverse[0] /= 2
    return np.asarray(moments @ inverse)


def _cumulants(moments: Array) -> Array:
    """Cumulants of orders 1 … of moments of orders 0 …."""
    found: list[float] = []
    for r in range(1, len(moments)):
        lower = sum(comb(r - 1, j - 1) * found[j - 1] * moments[r - j] for j in range(1, r))
        found.append(float(moments[r] - lower))
    return np.array(found)


def fitted_orders(
    phi: Callable[[Array], Array],
    sw2: float,
    sb2: float,
    start: float,
    layers: int,
    widths: Sequence[int] = (20, 24, 28, 34, 42, 54, 70, 96),
    highest: int = 3,
) -> Array:
    """Return coefficients of powers of 1/N of the cumulants, rows: cumulants, columns: powers 0 …,
    of the polynomial through the values at all widths.
    """
    rows = []
    for width in widths:
        moments = exact_moments(phi, sw2, sb2, start, layers, width, highest)
        rows.append(_cumulants(moments) + (np.arange(highest) == 0) * (sb2 + sw2 / 2))
    inverse = 1 / np.array(widths, dtype=float)
    return np.asarray(np.linalg.solve(np.vander(inverse, increasing=True), np.array(rows)).T)


def linear_orders(moments: Sequence[int], layers: int, highest: int) -> Array:
    """Return coefficients of powers of 1/N of the cumulants of K/K¹ at scale invariance.

    A layer multiplies the kernel by the mean of N independent positive numbers of given moments,
    the first of them 1.

    Parameters
    ----------
    moments : sequence of int
        Of orders 1 … highest: 1, 3, 15, 105 for a linear network.

    Examples
    --------
    >>> linear_orders([1, 3, 15], 6, 3)[1, :3].tolist()
    [0.0, 10.0, 40.0]
    """
    return _polynomial_cumulants(_deep_moments(moments, layers, highest))


def output_orders(moments: Sequence[int], layers: int, highest: int) -> Array:
    """Return coefficients of powers of 1/N of the cumulants κ_4, κ_6 … κ_{2·highest} of one normal
    variable of variance K/K¹, from its moments (2r-1)!! E K^r.

    Examples
    --------
    >>> output_orders([1, 3, 15], 6, 3)[:, :3].tolist()
    [[0.0, 30.0, 120.0], [0.0, 0.0, 4200.0]]
    """
    odd = np.array([0.0])
    double = 1.0
    raw = [np.array([1.0])]
    for r, value in enumerate(_deep_moments(moments, layers, highest)[1:], 1):
        double *= 2 * r - 1
        raw += [odd, double * value]
    return np.asarray(_polynomial_cumulants(raw)[3::2])


def _deep_moments(moments: Sequence[int], layers: int, highest: int) -> list[Array]:
    """Moments of K/K¹ as polynomials in 1/N."""
    single = _cumulants(np.array([1.0, *moments[:highest]]))
    raw: list[Array] = [np.array([1.0])]
    cumulant = [np.array([0.0] * r + [value]) for r, value in enumerate(single)]
    for r in range(1, highest + 1):
        total = np.zeros(1)
        for j in range(1, r + 1):
            term = comb(r - 1, j - 1) * np.convolve(cumulant[j - 1], raw[r - j])
            total = _added(total, term)
        raw.append(total)
    deep = [np.array([1.0])]
    for value in raw[1:]:
        power = np.array([1.0])
        for _ in range(layers - 1):
            power = np.convolve(power, value)
        deep.append(power)
    return deep


def _polynomial_cumulants(moments: Sequence[Array]) -> Array:
    """Cumulants of orders 1 …, of moments that are polynomials."""
    found: list[Array] = []
    for r in range(1, len(moments)):
        total = moments[r]
        for j in range(1, r):
            total = _added(total, -comb(r - 1, j - 1) * np.convolve(found[j - 1], moments[r - j]))
        found.append(total)
    size = max(map(len, found))
    return np.array([np.pad(row, (0, size - len(row))) for row in found])


def _added(left: Array, right: Array) -> Array:
    """The sum of two polynomials."""
    size = max(len(left), len(right))
    return np.asarray(np.pad(left, (0, size - len(left))) + np.pad(right, (0, size - len(right))))
