"""Blocks of wide networks iterated by hand: moments on a plain grid, written for each block."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import brentq

__all__ = ["critical", "settled"]

Array = NDArray[np.float64]
_LINE = np.linspace(-9, 9, 901)
_U, _V = np.meshgrid(_LINE, _LINE, indexing="ij")
_WEIGHT = np.exp(-(_U**2 + _V**2) / 2)
_WEIGHT /= _WEIGHT.sum()


def _average(f: Callable[[Array], Array], K: float, c: float) -> float:
    """⟨f(z_a) f(z_b)⟩ at equal lengths."""
    second = c * _U + math.sqrt(max(0.0, 1 - c * c)) * _V
    return float((_WEIGHT * f(math.sqrt(K) * _U) * f(math.sqrt(K) * second)).sum())


def _mean(f: Callable[[Array], Array], K: float) -> float:
    """⟨f(z)⟩."""
    return float((_WEIGHT * f(math.sqrt(K) * _U)).sum())


def _tanh_before(K: float, c: float, sw2: float, sb2: float) -> float:
    """Tanh of a normalised signal."""
    return sb2 + sw2 * _average(np.tanh, 1.0, c)


def _relu_behind(K: float, c: float, sw2: float, sb2: float) -> float:
    """A rectifier, its mean taken off, over its standard deviation; in the angle between inputs."""
    angle = math.acos(min(1.0, c))
    product = (math.sin(angle) + (math.pi - angle) * math.cos(angle)) / (2 * math.pi)
    mean = 1 / (2 * math.pi)
    return sb2 + sw2 * (product - mean) / (0.5 - mean)


def _erf_dropout(K: float, c: float, sw2: float, sb2: float) -> float:
    """Erf with a tenth of the neurons left out, for two inputs or (c = 1) for one."""
    kept = 0.9 if c == 1 else 1.0
    return sb2 + sw2 * _average(special.erf, K, c) / kept


_BLOCKS = {
    "tanh-normalised-before": _tanh_before,
    "relu-normalised-behind": _relu_behind,
    "erf-dropout": _erf_dropout,
}


def settled(name: str, sw2: float, sb2: float) -> list[float]:
    """Return length, correlation and depth scale that a block settles at.

    Parameters
    ----------
    name : str
    sw2, sb2 : float

    Examples
    --------
    >>> round(settled("relu-normalised-behind", 1.0, 0.1)[1], 6)
    0.353111
    """
    step = _BLOCKS[name]
    K = 1.0
    for _ in range(100):
        K = step(K, 1.0, sw2, sb2)
    c = brentq(lambda c: step(K, c, sw2, sb2) / K - c, -0.5, 0.95, xtol=1e-13)
    h = 1e-3
    near, far = (
        (step(K, c + d, sw2, sb2) - step(K, c - d, sw2, sb2)) / (2 * d * K) for d in (h, 2 * h)
    )
    return [K, c, -1 / math.log((4 * near - far) / 3)]


_FUNCTIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "erf": (special.erf, lambda z: 2 / math.sqrt(math.pi) * np.exp(-z * z)),
}


def critical(name: str, sb2: float) -> list[float]:
    """Return sw2, K and χ_∥ where a plain layer is critical, by solving for K.

    Examples
    --------
    >>> round(critical("tanh", 0.05)[0], 6)
    1.760955
    """
    f, slope = _FUNCTIONS[name]

    def weight(K: float) -> float:
        """The variance at which slopes average to one."""
        return 1 / _mean(lambda z: slope(z) ** 2, K)

    K = brentq(lambda K: sb2 + weight(K) * _mean(lambda z: f(z) ** 2, K) - K, 1e-3, 20, xtol=1e-14)
    sw2 = weight(K)
    tilted = _mean(lambda z: f(z) ** 2 * (z * z / K - 1), K) / (2 * K)
    return [sw2, K, sw2 * tilted]
