"""Tangent kernels of two inputs in networks of explicit weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.estimate import Estimate

__all__ = ["drawn_pair_tensors"]

Array = NDArray[np.float64]


def drawn_pair_tensors(
    phi: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    variances: tuple[float, float],
    rates: tuple[float, float],
    start: tuple[Array, Array],
    rng: np.random.Generator,
    *,
    width: int = 12,
    blocks: int = 100,
    networks: int = 120,
) -> Estimate:
    """Return D_abab, D_aabb, F_aa;bb, F_ab;ab, A_abab, B_ab;ab, B_aa;bb of the third layer,
    extrapolated from a width and its double.

    Parameters
    ----------
    variances : (float, float)
        σ_w² and σ_b².
    rates : (float, float)
        λ_W and λ_b.
    start : (ndarray, ndarray)
        K¹ and Θ¹, shape (2, 2).
    """
    rows = []
    for n in (width, 2 * width):
        blocks_of = [
            _block(phi, slope, variances, rates, start, n, networks, rng) for _ in range(blocks)
        ]
        rows.append(np.array(blocks_of))
    return Estimate.from_blocks(2 * rows[1] - rows[0])


def _block(
    phi: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    variances: tuple[float, float],
    rates: tuple[float, float],
    start: tuple[Array, Array],
    n: int,
    networks: int,
    rng: np.random.Generator,
) -> Array:
    """N times covariances and means of so many networks."""
    (sw2, sb2), (weight_rate, bias_rate) = variances, rates
    first = np.einsum(
        "ab,wbi->wai", np.linalg.cholesky(start[0]), rng.standard_normal((networks, 2, n))
    )
    weights = np.sqrt(sw2 / n) * rng.standard_normal((networks, n, n))
    bias = np.sqrt(sb2) * rng.standard_normal((networks, 1, n))
    z = np.einsum("wij,waj->wai", weights, phi(first)) + bias
    scaled = np.einsum("wij,waj->waij", weights, slope(first))
    theta = np.einsum("waik,wbjk,ab->wabij", scaled, scaled, start[1])
    overlap = np.einsum("wai,wbi->wab", phi(first), phi(first)) / n
    diagonal = bias_rate + weight_rate * overlap
    theta = theta + diagonal[..., None, None] * np.eye(n)
    f, g = phi(z), slope(z)
    products = np.einsum("wai,wbi->wab", f, f) / n
    kernel = sb2 + sw2 * products
    mean = bias_rate + weight_rate * products
    mean = mean + sw2 / n * np.einsum("wai,wbi,wabii->wab", g, g, theta)
    unit = (sw2 / n) ** 2
    straight = np.einsum("wk,wkm,wm->w", f[:, 0] * g[:, 1], theta[:, 1, 1], f[:, 0] * g[:, 1])
    crossed = np.einsum("wk,wkm,wm->w", f[:, 0] * g[:, 0], theta[:, 0, 1], f[:, 1] * g[:, 1])
    own = np.einsum("wk,wkm,wm->w", g[:, 0] ** 2, theta[:, 0, 1] ** 2, g[:, 1] ** 2)
    both = g[:, 0] * g[:, 1]
    other = np.einsum("wk,wkm,wkm,wm->w", both, theta[:, 0, 0], theta[:, 1, 1], both)
    return n * np.array(
        [
            np.cov(kernel[:, 0, 1], mean[:, 0, 1])[0, 1],
            np.cov(kernel[:, 0, 0], mean[:, 1, 1])[0, 1],
            unit * straight.mean(),
            unit * crossed.mean(),
            mean[:, 0, 1].var(ddof=1),
            unit * own.mean(),
            unit * other.mean(),
        ]
    )
