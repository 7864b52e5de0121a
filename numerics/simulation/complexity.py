"""Complexity and effective dimension of explicit random networks: weights drawn, data drawn, states counted. Nothing here knows a formula of the theory.

Finite width shifts the mean complexity by a term of order 1/n. Each block therefore runs a network of width n and one of width 2n, and returns twice the second
minus the first, in which that term cancels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlog1py, xlogy

from numerics.estimate import Estimate
from numerics.simulation.activations import numeric_activation

__all__ = [
    "circle_dimension",
    "deep_linear_dimension",
    "first_layer_bits",
    "gate_patterns",
    "layer_bits",
    "line_entropy",
    "profile_bits",
    "relu_layer_dimension",
    "sphere_dimension",
    "white_dimension",
]

Array = NDArray[np.float64]


def _unit_bits(count: NDArray[np.int64], samples: int) -> Array:
    """Entropy of every unit's state in bits, with the leading bias 1/(2 N ln 2) of units that switch added."""
    p = count / samples
    entropy = -(xlogy(p, p) + xlog1py(1 - p, -p)) / math.log(2)
    return entropy + np.where((count > 0) & (count < samples), 1 / (2 * samples * math.log(2)), 0.0)


def _network_bits(name: str, sw2: float, sb2: float, depth: int, width: int, samples: int, rng: np.random.Generator) -> Array:
    """Mean bits per unit of every layer of one network on inputs of unit mean square."""
    signal = rng.standard_normal((samples, width))
    signal *= math.sqrt(width) / np.linalg.norm(signal, axis=1, keepdims=True)
    found = []
    for _ in range(depth):
        weights = rng.standard_normal((width, width)) * math.sqrt(sw2 / width)
        h = signal @ weights + rng.standard_normal(width) * math.sqrt(sb2)
        found.append(_unit_bits(np.sum(h > 0, axis=0), samples).mean())
        signal = numeric_activation(name).function(h)
    return np.array(found)


def layer_bits(name: str, sw2: float, sb2: float, depth: int, blocks: int, rng: np.random.Generator, width: int = 96, samples: int = 512) -> Estimate:
    """Return the mean bits per unit of every layer, extrapolated to infinite width.

    Parameters
    ----------
    name : str
        A named activation.
    sw2, sb2 : float
    depth, blocks : int
    rng : numpy.random.Generator
    width, samples : int
        The smaller of the two widths, and the data of each network.

    Returns
    -------
    Estimate of shape (depth,)

    Examples
    --------
    >>> estimate = layer_bits("relu", 2.0, 0.0, 1, 4, np.random.default_rng(1), width=16, samples=64)
    >>> bool(0.9 < estimate.value[0] < 1.1)
    True
    """
    rows = []
    for _ in range(blocks):
        narrow, wide = (_network_bits(name, sw2, sb2, depth, width * k, samples, rng) for k in (1, 2))
        rows.append(2 * wide - narrow)
    return Estimate.from_blocks(rows)


def profile_bits(ratios: Sequence[float], blocks: int, rng: np.random.Generator, units: int = 200, samples: int = 400) -> Estimate:
    """Return the mean bits of units h = r m + x with m frozen and x new for every sample.

    Examples
    --------
    >>> profile_bits([0.0], 3, np.random.default_rng(1)).value.round(2).tolist()
    [1.0]
    """
    rows = []
    for _ in range(blocks):
        frozen, noise = rng.standard_normal(units), rng.standard_normal((samples, units))
        rows.append([_unit_bits(np.sum(r * frozen + noise > 0, axis=0), samples).mean() for r in ratios])
    return Estimate.from_blocks(rows)


def first_layer_bits(sw2: float, sb2: float, dimension: int, blocks: int, rng: np.random.Generator, units: int = 200, samples: int = 400) -> Estimate:
    """Return the mean bits of a layer on standard normal inputs of a finite dimension.

    Examples
    --------
    >>> round(float(first_layer_bits(1.0, 0.0, 3, 3, np.random.default_rng(1)).value), 2)
    1.0
    """
    rows = []
    for _ in range(blocks):
        weights = rng.standard_normal((dimension, units)) * math.sqrt(sw2 / dimension)
        h = rng.standard_normal((samples, dimension)) @ weights + rng.standard_normal(units) * math.sqrt(sb2)
        rows.append(_unit_bits(np.sum(h > 0, axis=0), samples).mean())
    return Estimate.from_blocks(rows)


def gate_patterns(directions: Array, blocks: int, rng: np.random.Generator, samples: int = 4000) -> Estimate:
    """Return the frequencies of all on-off patterns of a few bias-free units on isotropic data, the first unit as the highest digit.

    Parameters
    ----------
    directions : ndarray, shape (units, dimension)
        Their weights.

    Examples
    --------
    >>> gate_patterns(np.eye(2), 20, np.random.default_rng(1)).value.round(2).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    units, dimension = directions.shape
    digits = 2 ** np.arange(units)[::-1]
    rows = []
    for _ in range(blocks):
        on = rng.standard_normal((samples, dimension)) @ directions.T > 0
        rows.append(np.bincount(on @ digits, minlength=2**units) / samples)
    return Estimate.from_blocks(rows)


def line_entropy(lines: int, blocks: int, rng: np.random.Generator, draws: int = 50) -> Estimate:
    """Return the mean entropy, in bits, of the sectors into which random lines through the origin cut a plane, from the exact angles of each draw.

    Examples
    --------
    >>> float(line_entropy(1, 3, np.random.default_rng(1)).value)
    1.0
    """
    rows = []
    for _ in range(blocks):
        angles = np.sort(rng.uniform(0, np.pi, (draws, lines)), axis=1)
        gaps = np.diff(np.concatenate([angles, angles[:, :1] + np.pi], axis=1), axis=1) / (2 * np.pi)
        rows.append(np.mean(-2 * np.sum(xlogy(gaps, gaps), axis=1) / math.log(2)))
    return Estimate.from_blocks(rows)


def _dimensions(values: NDArray[Any]) -> tuple[float, float]:
    """Exponential of the entropy of a spectrum, and its participation ratio."""
    p = np.maximum(values, 0)
    p = p / p.sum()
    return math.exp(-float(np.sum(xlogy(p, p)))), 1 / float(np.sum(p**2))


def white_dimension(units: int, freedom: int, blocks: int, rng: np.random.Generator) -> Estimate:
    """Return effective dimension and participation ratio per unit of centred white data, extrapolated to many units at a fixed ratio.

    Parameters
    ----------
    units : int
        The smaller of the two sizes.
    freedom : int
        Degrees of freedom at that size: one less than the samples.

    Examples
    --------
    >>> bool(white_dimension(20, 4000, 3, np.random.default_rng(1)).value[0] > 0.98)
    True
    """
    rows = []
    for _ in range(blocks):
        sizes = []
        for k in (1, 2):
            x = rng.standard_normal((k * freedom + 1, k * units))
            sizes.append(np.array(_dimensions(np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2)) / (k * units))
        rows.append(2 * sizes[1] - sizes[0])
    return Estimate.from_blocks(rows)


def deep_linear_dimension(depth: int, blocks: int, rng: np.random.Generator, width: int = 64) -> Estimate:
    """Return the effective dimension per unit behind 1 … depth square Gaussian layers, extrapolated to infinite width.

    Examples
    --------
    >>> deep_linear_dimension(2, 3, np.random.default_rng(1), width=8).value.shape
    (2,)
    """
    rows = []
    for _ in range(blocks):
        sizes = []
        for n in (width, 2 * width):
            product, found = np.eye(n), []
            for _ in range(depth):
                product = rng.standard_normal((n, n)) @ product / math.sqrt(n)
                found.append(_dimensions(np.linalg.svd(product, compute_uv=False) ** 2)[0] / n)
            sizes.append(np.array(found))
        rows.append(2 * sizes[1] - sizes[0])
    return Estimate.from_blocks(rows)


def relu_layer_dimension(ratio: float, blocks: int, rng: np.random.Generator, dimension: int = 80) -> Estimate:
    """Return effective dimension and participation ratio per unit of one layer of rectifiers, extrapolated to infinite width.

    The covariance of two rectifiers on Gaussian data is |w||w'| (sin t + (π - t) cos t - 1)/(2 π), t the angle of their weights: no data are drawn.

    Examples
    --------
    >>> relu_layer_dimension(1.0, 3, np.random.default_rng(1), dimension=10).value.shape
    (2,)
    """
    rows = []
    for _ in range(blocks):
        sizes = []
        for d in (dimension, 2 * dimension):
            weights = rng.standard_normal((round(ratio * d), d))
            length = np.linalg.norm(weights, axis=1)
            angle = np.arccos(np.clip(weights @ weights.T / np.outer(length, length), -1, 1))
            np.fill_diagonal(angle, 0.0)
            covariance = np.outer(length, length) * (np.sin(angle) + (np.pi - angle) * np.cos(angle) - 1)
            sizes.append(np.array(_dimensions(np.linalg.eigvalsh(covariance))) / len(weights))
        rows.append(2 * sizes[1] - sizes[0])
    return Estimate.from_blocks(rows)


def _relu_kernel(cosine: Array, depth: int) -> Array:
    """Normalised kernel of rectifiers, layer by layer in the angle."""
    for _ in range(depth):
        angle = np.arccos(np.clip(cosine, -1, 1))
        cosine = (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / np.pi
    return cosine


def circle_dimension(depth: int, points: int = 4096) -> float:
    """Return the effective dimension of the centred kernel on equally spaced points of a circle: the matrix is circulant, its eigenvalues a Fourier sum.

    Examples
    --------
    >>> round(circle_dimension(1), 6)
    3.219171
    """
    kernel = _relu_kernel(np.cos(2 * np.pi * np.arange(points) / points), depth)
    return _dimensions(np.fft.fft(kernel).real[1:])[0]


def sphere_dimension(depth: int, heights: int = 24) -> float:
    """Return the effective dimension of the centred kernel on a product grid of the sphere in three dimensions (Gauss nodes in height, even ones in angle).

    Examples
    --------
    >>> round(sphere_dimension(1, heights=12), 1)
    5.9
    """
    z, weight = np.polynomial.legendre.leggauss(heights)
    turn = 2 * np.pi * np.arange(2 * heights) / (2 * heights)
    radius = np.sqrt(1 - z**2)
    points = np.stack([np.outer(radius, np.cos(turn)), np.outer(radius, np.sin(turn)), np.repeat(z[:, None], len(turn), axis=1)], axis=-1).reshape(-1, 3)
    share = np.repeat(weight, len(turn))
    share /= share.sum()
    kernel = _relu_kernel(points @ points.T, depth)
    mean = share @ kernel
    centred = kernel - mean[None, :] - mean[:, None] + share @ mean
    root = np.sqrt(share)
    return _dimensions(np.linalg.eigvalsh(root[:, None] * centred * root[None, :]))[0]
