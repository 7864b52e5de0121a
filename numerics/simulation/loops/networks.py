"""Kernels of random networks of finite width, drawn layer by layer from plain arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["drawn_kernels"]

Array = NDArray[np.float64]


def drawn_kernels(
    phi: Callable[[Array], Array],
    sw2: float,
    sb2: float,
    start: float,
    layers: int,
    width: int,
    networks: int,
    rng: np.random.Generator,
) -> Array:
    """Return the kernel of the last layer of many networks.

    Given the kernel K of a layer its neurons are independent normal variables of variance K, and
    the next kernel is σ_b² plus σ_w² times the mean of φ².

    Examples
    --------
    >>> drawn_kernels(np.tanh, 1.0, 0.0, 1.0, 1, 8, 3, np.random.default_rng(0)).tolist()
    [1.0, 1.0, 1.0]
    """
    kernel = np.full(networks, start)
    for _ in range(layers - 1):
        z = np.sqrt(kernel)[:, None] * rng.standard_normal((networks, width))
        kernel = sb2 + sw2 * (phi(z) ** 2).mean(1)
    return kernel
