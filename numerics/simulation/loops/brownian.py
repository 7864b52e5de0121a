"""The limit of deep critical networks as a functional of Brownian paths, drawn path by path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.estimate import Estimate

__all__ = ["drawn_vanishing", "lognormal_cumulants"]

Array = NDArray[np.float64]


def drawn_vanishing(
    tau: float, rng: np.random.Generator, *, blocks: int = 120, paths: int = 1_250, steps: int = 300
) -> Estimate:
    """Return mean and variance of τ Y, where 1/Y = ∫_0^τ exp(x + √2 B_x) dx.

    Examples
    --------
    >>> drawn_vanishing(0.5, np.random.default_rng(0), blocks=4).value.round(1).tolist()
    [0.8, 0.3]
    """
    rows = []
    x = np.linspace(0, tau, steps + 1)
    for _ in range(blocks):
        jumps = rng.standard_normal((paths, steps)) * np.sqrt(tau / steps)
        path = np.concatenate([np.zeros((paths, 1)), np.cumsum(jumps, 1)], 1)
        value = tau / np.trapezoid(np.exp(x + np.sqrt(2) * path), x, axis=1)
        rows.append([value.mean(), value.var(ddof=1)])
    return Estimate.from_blocks(np.array(rows))


def lognormal_cumulants(growth: float, tau: float) -> Array:
    """Return mean, variance and third cumulant of a product of N τ independent factors of mean 1
    and variance ν/N, as N grows, from its Gaussian logarithm by quadrature.

    Examples
    --------
    >>> lognormal_cumulants(2.0, 0.5).round(6).tolist()
    [1.0, 1.718282, 13.930691]
    """
    x, w = np.polynomial.hermite_e.hermegauss(120)
    w = w / w.sum()
    value = np.exp(np.sqrt(growth * tau) * x - growth * tau / 2)
    mean = value @ w
    return np.array([mean, (value - mean) ** 2 @ w, (value - mean) ** 3 @ w])
