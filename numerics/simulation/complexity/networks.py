"""Complexity and effective dimension of explicit random networks: weights drawn, data drawn, states
counted. Nothing here knows a formula of the theory.

Finite width shifts the mean complexity by a term of order 1/n. Each block therefore runs a network
of width n and one of width 2n, and returns twice the second minus the first, in which that term
cancels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, roots_gegenbauer, xlog1py, xlogy

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.activations import numeric_activation

__all__ = [
    "circle_dimension",
    "deep_linear_dimension",
    "drawn_dimensions",
    "explicit_bits",
    "first_layer_bits",
    "gate_patterns",
    "harmonic_dimension",
    "layer_bits",
    "line_entropy",
    "linear_fractions",
    "profile_bits",
    "relu_covariance_fractions",
    "relu_layer_dimension",
    "sampled_sphere_dimension",
    "sphere_dimension",
    "unit_bits",
    "unit_directions",
    "white_dimension",
]

Array = NDArray[np.float64]


def unit_bits(count: NDArray[np.int64], samples: int) -> Array:
    """Return the entropy of every unit's state in bits, with the leading bias 1/(2 N ln 2) of units
    that switch added.

    Examples
    --------
    >>> unit_bits(np.array([0, 4, 8]), 8).round(3).tolist()
    [0.0, 1.09, 0.0]
    """
    p = count / samples
    entropy = -(xlogy(p, p) + xlog1py(1 - p, -p)) / math.log(2)
    return entropy + np.where((count > 0) & (count < samples), 1 / (2 * samples * math.log(2)), 0.0)


def _network_bits(
    name: str,
    sw2: float,
    sb2: float,
    depth: int,
    width: int,
    samples: int,
    rng: np.random.Generator,
) -> Array:
    """Mean bits per unit of every layer of one network on inputs of unit mean square."""
    signal = rng.standard_normal((samples, width))
    signal *= math.sqrt(width) / np.linalg.norm(signal, axis=1, keepdims=True)
    found = []
    for _ in range(depth):
        weights = rng.standard_normal((width, width)) * math.sqrt(sw2 / width)
        h = signal @ weights + rng.standard_normal(width) * math.sqrt(sb2)
        found.append(unit_bits(np.sum(h > 0, axis=0), samples).mean())
        signal = numeric_activation(name).function(h)
    return np.array(found)


def layer_bits(
    name: str,
    sw2: float,
    sb2: float,
    depth: int,
    blocks: int,
    rng: np.random.Generator,
    width: int = 96,
    samples: int = 512,
) -> Estimate:
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
    >>> estimate = layer_bits(
    ...     "relu", 2.0, 0.0, 1, 4, np.random.default_rng(1), width=16, samples=64
    ... )
    >>> bool(0.9 < estimate.value[0] < 1.1)
    True
    """
    rows = []
    for _ in range(blocks):
        narrow, wide = (
            _network_bits(name, sw2, sb2, depth, width * k, samples, rng) for k in (1, 2)
        )
        rows.append(2 * wide - narrow)
    return Estimate.from_blocks(rows)


def explicit_bits(
    name: str,
    sw2: float,
    sb2: float,
    depth: int,
    width: int,
    samples: int,
    networks: int,
    rng: np.random.Generator,
) -> Array:
    """Return the mean bits per unit of every layer of a few wide networks as they are, finite width
    and all.

    Examples
    --------
    >>> explicit_bits("relu", 2.0, 0.0, 2, 64, 128, 2, np.random.default_rng(1)).shape
    (2,)
    """
    return np.mean(
        [_network_bits(name, sw2, sb2, depth, width, samples, rng) for _ in range(networks)], axis=0
    )


def profile_bits(
    ratios: Sequence[float],
    blocks: int,
    rng: np.random.Generator,
    units: int = 200,
    samples: int = 400,
) -> Estimate:
    """Return the mean bits of units h = r m + x with m frozen and x new for every sample.

    Examples
    --------
    >>> profile_bits([0.0], 3, np.random.default_rng(1)).value.round(2).tolist()
    [1.0]
    """
    rows = []
    for _ in range(blocks):
        frozen, noise = rng.standard_normal(units), rng.standard_normal((samples, units))
        rows.append(
            [unit_bits(np.sum(r * frozen + noise > 0, axis=0), samples).mean() for r in ratios]
        )
    return Estimate.from_blocks(rows)


def first_layer_bits(
    sw2: float,
    sb2: float,
    dimension: int,
    blocks: int,
    rng: np.random.Generator,
    units: int = 200,
    samples: int = 400,
) -> Estimate:
    """Return the mean bits of a layer on standard normal inputs of a finite dimension.

    Examples
    --------
    >>> round(float(first_layer_bits(1.0, 0.0, 3, 3, np.random.default_rng(1)).value), 2)
    1.0
    """
    rows = []
    for _ in range(blocks):
        weights = rng.standard_normal((dimension, units)) * math.sqrt(sw2 / dimension)
        h = rng.standard_normal((samples, dimension)) @ weights + rng.standard_normal(
            units
        ) * math.sqrt(sb2)
        rows.append(unit_bits(np.sum(h > 0, axis=0), samples).mean())
    return Estimate.from_blocks(rows)


def gate_patterns(
    directions: Array, blocks: int, rng: np.random.Generator, samples: int = 4000
) -> Estimate:
    """Return the frequencies of all on-off patterns of a few bias-free units on isotropic data, the
    first unit as the highest digit.

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
    """Return the mean entropy, in bits, of the sectors into which random lines through the origin
    cut a plane, from the exact angles of each draw.

    Examples
    --------
    >>> float(line_entropy(1, 3, np.random.default_rng(1)).value)
    1.0
    """
    rows = []
    for _ in range(blocks):
        angles = np.sort(rng.uniform(0, np.pi, (draws, lines)), axis=1)
        gaps = np.diff(np.concatenate([angles, angles[:, :1] + np.pi], axis=1), axis=1) / (
            2 * np.pi
        )
        rows.append(np.mean(-2 * np.sum(xlogy(gaps, gaps), axis=1) / math.log(2)))
    return Estimate.from_blocks(rows)


def _dimensions(values: NDArray[Any]) -> tuple[float, float]:
    """Exponential of the entropy of a spectrum, and its participation ratio."""
    p = np.maximum(values, 0)
    p = p / p.sum()
    return math.exp(-float(np.sum(xlogy(p, p)))), 1 / float(np.sum(p**2))


def _covariance_values(x: Array) -> Array:
    """Eigenvalues of the covariance of samples, up to a factor, from the smaller side of the
    centred array.
    """
    centred = x - x.mean(axis=0)
    return np.linalg.eigvalsh(centred.T @ centred if len(x) > x.shape[1] else centred @ centred.T)


def drawn_dimensions(units: int, samples: int, rng: np.random.Generator) -> Array:
    """Return effective dimension and participation ratio of one draw of white data, as they are.

    Examples
    --------
    >>> bool(9.8 < drawn_dimensions(10, 4000, np.random.default_rng(1))[0] < 10)
    True
    """
    return np.array(_dimensions(_covariance_values(rng.standard_normal((samples, units)))))


def white_dimension(units: int, freedom: int, blocks: int, rng: np.random.Generator) -> Estimate:
    """Return effective dimension and participation ratio per unit of centred white data,
    extrapolated to many units at a fixed ratio.

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
            sizes.append(np.array(_dimensions(_covariance_values(x))) / (k * units))
        rows.append(2 * sizes[1] - sizes[0])
    return Estimate.from_blocks(rows)


def linear_fractions(width: int, depth: int, rng: np.random.Generator) -> Array:
    """Return the effective dimension per unit behind 1 … depth square Gaussian layers of one width.

    Examples
    --------
    >>> linear_fractions(8, 2, np.random.default_rng(1)).shape
    (2,)
    """
    product, found = np.eye(width), []
    for _ in range(depth):
        product = rng.standard_normal((width, width)) @ product / math.sqrt(width)
        found.append(_dimensions(np.linalg.svd(product, compute_uv=False) ** 2)[0] / width)
    return np.array(found)


def deep_linear_dimension(
    depth: int, blocks: int, rng: np.random.Generator, width: int = 64
) -> Estimate:
    """Return the effective dimension per unit behind 1 … depth square Gaussian layers, extrapolated
    to infinite width.

    Examples
    --------
    >>> deep_linear_dimension(2, 3, np.random.default_rng(1), width=8).value.shape
    (2,)
    """
    return Estimate.from_blocks(
        [
            -linear_fractions(width, depth, rng) + 2 * linear_fractions(2 * width, depth, rng)
            for _ in range(blocks)
        ]
    )


def relu_covariance_fractions(units: int, dimension: int, rng: np.random.Generator) -> Array:
    """Return effective dimension and participation ratio per unit of one draw of a layer of
    rectifiers on Gaussian data.

    The covariance of two rectifiers is |w||w'| (sin t + (π - t) cos t - 1)/(2 π), t the angle of
    their weights: no data are drawn.

    Examples
    --------
    >>> relu_covariance_fractions(10, 5, np.random.default_rng(1)).shape
    (2,)
    """
    weights = rng.standard_normal((units, dimension))
    length = np.linalg.norm(weights, axis=1)
    angle = np.arccos(np.clip(weights @ weights.T / np.outer(length, length), -1, 1))
    np.fill_diagonal(angle, 0.0)
    covariance = np.outer(length, length) * (np.sin(angle) + (np.pi - angle) * np.cos(angle) - 1)
    return np.array(_dimensions(np.linalg.eigvalsh(covariance))) / units


def relu_layer_dimension(
    ratio: float, blocks: int, rng: np.random.Generator, dimension: int = 80
) -> Estimate:
    """Return effective dimension and participation ratio per unit of one layer of rectifiers,
    extrapolated to infinite width.

    Examples
    --------
    >>> relu_layer_dimension(1.0, 3, np.random.default_rng(1), dimension=10).value.shape
    (2,)
    """
    rows = []
    for _ in range(blocks):
        narrow, wide = (
            relu_covariance_fractions(round(ratio * d), d, rng) for d in (dimension, 2 * dimension)
        )
        rows.append(2 * wide - narrow)
    return Estimate.from_blocks(rows)


def _relu_kernel(cosine: Array, depth: int) -> Array:
    """Normalised kernel of rectifiers, layer by layer in the angle."""
    for _ in range(depth):
        angle = np.arccos(np.clip(cosine, -1, 1))
        cosine = (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / np.pi
    return cosine


def circle_dimension(depth: int, points: int = 4096) -> float:
    """Return the effective dimension of the centred kernel on equally spaced points of a circle:
    the matrix is circulant, its eigenvalues a Fourier sum.

    Examples
    --------
    >>> round(circle_dimension(1), 6)
    3.219171
    """
    kernel = _relu_kernel(np.cos(2 * np.pi * np.arange(points) / points), depth)
    return _dimensions(np.fft.fft(kernel).real[1:])[0]


def sphere_dimension(depth: int, heights: int = 24) -> float:
    """Return the effective dimension of the centred kernel on a product grid of the sphere in three
    dimensions (Gauss nodes in height, even ones in angle).

    Examples
    --------
    >>> round(sphere_dimension(1, heights=12), 1)
    5.9
    """
    z, weight = np.polynomial.legendre.leggauss(heights)
    turn = 2 * np.pi * np.arange(2 * heights) / (2 * heights)
    radius = np.sqrt(1 - z**2)
    points = np.stack(
        [
            np.outer(radius, np.cos(turn)),
            np.outer(radius, np.sin(turn)),
            np.repeat(z[:, None], len(turn), axis=1),
        ],
        axis=-1,
    ).reshape(-1, 3)
    share = np.repeat(weight, len(turn))
    share /= share.sum()
    kernel = _relu_kernel(points @ points.T, depth)
    mean = share @ kernel
    centred = kernel - mean[None, :] - mean[:, None] + share @ mean
    root = np.sqrt(share)
    return _dimensions(np.linalg.eigvalsh(root[:, None] * centred * root[None, :]))[0]


def harmonic_dimension(dimension: int, depth: int, degrees: int = 128, nodes: int = 1500) -> float:
    """Return the effective dimension of the centred kernel on the sphere in three or more
    dimensions, projected on orthonormal polynomials of the height.

    A harmonic of degree k has N_k fellows. The orthonormal polynomial p_k is √N_k at the pole, so
    the weight of the degree is √N_k ∫ κ p_k, which keeps its digits in double precision. Beyond the
    last degree the kink at the pole makes the weights fall as k^-4, even and odd ones apart.

    Examples
    --------
    >>> round(harmonic_dimension(3, 1), 5)
    5.85959
    """
    weights, order = _degree_weights(dimension, depth, degrees, nodes), (dimension - 2) / 2
    degree = np.arange(1, 2000 * degrees)
    last = degrees - (degree - degrees) % 2  # the last computed degree of the same parity
    mass = np.where(
        degree <= degrees,
        weights[np.minimum(degree, degrees)],
        weights[last] * ((last + order) / (degree + order)) ** 4,
    )
    count = (
        gammaln(degree + dimension - 2)
        + np.log(2 * degree + dimension - 2)
        - gammaln(degree + 1)
        - gammaln(dimension - 1)
    )
    p = np.maximum(mass, 0) / np.sum(np.maximum(mass, 0))
    return math.exp(float(np.sum(p * count - xlogy(p, p))))


def _degree_weights(dimension: int, depth: int, degrees: int, nodes: int) -> Array:
    """Weight of every degree in the kernel, by the three-term recurrence of the orthonormal
    polynomials at the nodes and at the pole.
    """
    order = (dimension - 2) / 2
    height, share = roots_gegenbauer(nodes, order)
    points = np.append(height, 1.0)
    values = np.append(share / share.sum() * _relu_kernel(height, depth), 0.0)
    before, here, back, found = np.zeros(nodes + 1), np.ones(nodes + 1), 0.0, []
    for k in range(degrees + 1):
        found.append(float(here[-1] * (values @ here)))
        rise = math.sqrt((k + 1) * (k + 2 * order) / (4 * (k + order) * (k + 1 + order)))
        before, here, back = here, (points * here - back * before) / rise, rise
    return np.array(found)


def sampled_sphere_dimension(
    dimension: int, units: int, samples: int, rng: np.random.Generator, chunk: int = 2000
) -> tuple[float, float]:
    """Return the effective dimension of one layer of rectifiers on points drawn on the sphere, as
    it is and extrapolated to infinite width.

    The features are summed chunk by chunk, never held. The two halves of the units are two layers
    of half the width, for the term of order 1/n.

    Examples
    --------
    >>> found, extrapolated = sampled_sphere_dimension(3, 100, 2000, np.random.default_rng(1))
    >>> bool(5 < found < extrapolated < 6.5)
    True
    """
    weights = rng.standard_normal((dimension, units))
    total, products = np.zeros(units), np.zeros((units, units))
    for start in range(0, samples, chunk):
        points = rng.standard_normal((min(chunk, samples - start), dimension))
        features = np.maximum(points / np.linalg.norm(points, axis=1, keepdims=True) @ weights, 0)
        total += features.sum(axis=0)
        products += features.T @ features
    covariance = products - np.outer(total, total) / samples
    halves = (slice(0, units // 2), slice(units // 2, units))
    found, *narrow = (
        _dimensions(np.linalg.eigvalsh(covariance[part, part]))[0]
        for part in (slice(None), *halves)
    )
    return found, 2 * found - float(np.mean(narrow))


def unit_directions(correlations: Sequence[Sequence[float]]) -> Array:
    """Return directions with given cosines."""
    return np.asarray(np.linalg.cholesky(np.array(correlations, dtype=float)))
