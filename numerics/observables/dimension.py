"""Effective dimension of a representation: how many directions its variance is spread over.

With the normalised eigenvalues p of the centred covariance the Rényi family exp(H_q(p)) counts
directions: q = 0 the rank, q = 1 the effective dimension exp(-Σ p ln p), q = 2 the participation
ratio (Σ λ)²/Σ λ², q = ∞ the total over the largest. Each is at most the one before; all lie between
1 and the smaller of n and N - 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from neurenorm.graphs.arguments import listed
from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments

__all__ = [
    "Dimensions",
    "Moments",
    "covariance_spectrum",
    "effective_dimension",
    "inverse_participation",
    "jackknife_errors",
    "merged",
    "participation_ratio",
    "renyi_dimension",
    "representation_dimension",
]

Array = NDArray[np.float64]
CHUNK = 8192
BLOCKS = 10


def _shares(eigenvalues: ArrayLike) -> Array:
    """Normalised eigenvalues that are not zero."""
    values = np.asarray(eigenvalues, dtype=float).ravel()
    if not np.all(np.isfinite(values)):
        raise ValueError("an eigenvalue is not finite")
    values = np.maximum(values, 0)
    if values.sum() <= 0:
        raise ValueError("the features are constant: they have no variance and so no dimension")
    return values / values.sum()


@checked_arguments
def renyi_dimension(eigenvalues: ArrayLike, order: float) -> float:
    """Return exp of the Rényi entropy of a spectrum.

    Parameters
    ----------
    eigenvalues : array_like
        Of a covariance; negative rounding errors count as zero.
    order : float
        q >= 0, possibly infinite.

    Raises
    ------
    ValueError
        If all eigenvalues vanish (constant features) or the order is negative.

    Examples
    --------
    >>> [round(renyi_dimension([3, 1], q), 7) for q in (0, 1, 2, float("inf"))]
    [2.0, 1.7547654, 1.6, 1.3333333]
    """
    p = _shares(eigenvalues)
    if order < 0:
        raise ValueError(f"the order of a Rényi dimension is not negative, got {order}")
    if order == 0:
        return float(np.sum(p > p.max() * p.size * np.finfo(float).eps))
    if order == 1:
        return float(np.exp(-np.sum(xlogy(p, p))))
    if math.isinf(order):
        return float(1 / p.max())
    return float(np.sum(p**order) ** (1 / (1 - order)))


@checked_arguments
def effective_dimension(eigenvalues: ArrayLike) -> float:
    """Return exp(-Σ p ln p) of the normalised eigenvalues.

    Examples
    --------
    >>> round(effective_dimension(0.5 ** np.arange(1, 200)), 9)
    4.0
    """
    return renyi_dimension(eigenvalues, 1)


@checked_arguments
def participation_ratio(eigenvalues: ArrayLike) -> float:
    """Return (Σ λ)²/Σ λ².

    Examples
    --------
    >>> participation_ratio([3, 1])
    1.6
    """
    return renyi_dimension(eigenvalues, 2)


@checked_arguments
def inverse_participation(weights: ArrayLike) -> Array:
    """Return Σ w⁴/(Σ w²)² along the last axis: 1/D for flat weights, 1 for one that stands alone,
    3/D for many Gaussian ones.

    Parameters
    ----------
    weights : array_like, shape (..., D)

    Raises
    ------
    ValueError
        If all weights of a row vanish.

    Examples
    --------
    >>> inverse_participation([[1.0, 1.0], [0.0, 2.0]]).tolist()
    [0.5, 1.0]
    """
    square = np.square(np.asarray(weights, dtype=float))
    total = square.sum(axis=-1)
    if not np.all(np.isfinite(square)) or np.any(total == 0):
        raise ValueError("a row of weights is zero or not finite: its participation is undefined")
    return np.asarray(np.square(square).sum(axis=-1) / total**2)


@checked_arguments
def covariance_spectrum(features: ArrayLike | Iterable[Any]) -> Array:
    """Return the eigenvalues of the covariance of features, largest first, by the smaller of its
    two Gram sides.

    Parameters
    ----------
    features : array_like of shape (N, n), or iterable of chunks of shape (any, n)
        Chunks are read once and not kept: memory is that of one chunk and of the n x n covariance.

    Returns
    -------
    ndarray
        min(N, n) eigenvalues of an array, n of chunks; normalised by N - 1.

    Raises
    ------
    ValueError
        If there are fewer than two samples or a feature is not finite.

    Examples
    --------
    >>> covariance_spectrum([[1.0, 0.0], [-1.0, 0.0]]).tolist()
    [2.0, 0.0]
    """
    if not isinstance(features, np.ndarray | list | tuple):
        chunks: Any = features
        return _spectrum_of_chunks(chunks)
    array = np.asarray(features, dtype=float)
    if array.ndim != 2 or array.shape[0] < 2:
        raise ValueError(
            "features are an array of shape (samples, units) with at least two samples, got "
            f"{array.shape}"
        )
    if array.shape[0] > array.shape[1]:
        return _spectrum_of_chunks(
            array[start : start + CHUNK] for start in range(0, len(array), CHUNK)
        )
    centred = _finite(array) - array.mean(axis=0)
    return _eigenvalues(centred @ centred.T / (len(array) - 1))


def _finite(array: Array) -> Array:
    """Features without NaN or infinity."""
    if not np.all(np.isfinite(array)):
        raise ValueError("a feature is not finite")
    return array


def _eigenvalues(gram: Array) -> Array:
    """Eigenvalues of a positive matrix, largest first, without negative rounding errors."""
    return np.maximum(np.linalg.eigvalsh(gram)[::-1], 0.0)


@dataclass
class Moments(Tabulated):
    """Number, mean and scatter matrix of samples, merged chunk by chunk.

    Examples
    --------
    >>> (Moments.of([[1.0], [3.0]]) + Moments.of([[5.0]])).scatter.tolist()
    [[8.0]]
    """

    count: int
    mean: Array
    scatter: Array

    @classmethod
    def of(cls, chunk: ArrayLike) -> Moments:
        """Moments of one chunk."""
        array = _finite(np.atleast_2d(np.asarray(chunk, dtype=float)))
        mean = array.mean(axis=0)
        centred = array - mean
        return cls(len(array), mean, centred.T @ centred)

    def __add__(self, other: Moments) -> Moments:
        """Moments of both together, without cancellation."""
        count, gap = self.count + other.count, other.mean - self.mean
        scatter = (
            self.scatter + other.scatter + np.outer(gap, gap) * (self.count * other.count / count)
        )
        return Moments(count, self.mean + gap * (other.count / count), scatter)


def _spectrum_of_chunks(chunks: Iterable[Any]) -> Array:
    """Eigenvalues of the covariance of chunks that are read once."""
    total: Moments | None = None
    for chunk in chunks:
        part = Moments.of(chunk)
        total = part if total is None else total + part
    if total is None or total.count < 2:
        raise ValueError("a covariance needs at least two samples")
    return _eigenvalues(total.scatter / (total.count - 1))


@dataclass(frozen=True)
class Dimensions(Tabulated):
    """The family of dimensions of a representation.

    Attributes
    ----------
    effective, participation, rank, leading : float
        Rényi dimensions of order 1, 2, 0 and infinity.
    error, participation_error : float
        Standard errors of the effective dimension and of the participation ratio, by a jackknife
        over ten blocks of (independent) samples.
    cap : int
        min(n, N - 1), which no dimension exceeds.
    bias : float
        By how much white data of this size would be low: n - n exp(-n/(2M)), M = N - 1; for other
        spectra it says only the order of magnitude.
    """

    effective: float
    participation: float
    rank: float
    leading: float
    error: float
    participation_error: float
    cap: int
    bias: float


@checked_arguments
def representation_dimension(features: ArrayLike) -> Dimensions:
    """Return the dimensions of a representation with the error and the limits of the effective one.

    Parameters
    ----------
    features : array_like, shape (samples, units)

    Raises
    ------
    ValueError
        If the features are constant, not finite, or a single sample.

    Examples
    --------
    >>> found = representation_dimension(np.random.default_rng(1).standard_normal((4000, 4)))
    >>> found.cap, bool(abs(found.effective - 4) < 0.02)
    (4, True)
    """
    array = np.asarray(features, dtype=float)
    values = covariance_spectrum(array)
    effective, participation, rank, leading = (
        renyi_dimension(values, order) for order in (1, 2, 0, math.inf)
    )
    samples, units = array.shape
    small, large = sorted((units, samples - 1))
    white = small * math.exp(-small / (2 * large))
    return Dimensions(
        effective,
        participation,
        rank,
        leading,
        *_block_errors(array),
        min(units, samples - 1),
        units - white,
    )


def _block_errors(array: Array) -> tuple[float, float]:
    """Jackknife errors of the effective dimension and of the participation ratio."""
    blocks = min(BLOCKS, len(array))
    owner = np.arange(len(array)) * blocks // len(array)
    if len(array) > array.shape[1]:
        return jackknife_errors([Moments.of(array[owner == b]) for b in range(blocks)])
    return spectrum_errors(
        [covariance_spectrum(array[owner != b]) for b in range(blocks)] if len(array) > 2 else []
    )


def jackknife_errors(parts: Sequence[Moments]) -> tuple[float, float]:
    """Return the standard errors of effective dimension and participation ratio from the moments of
    blocks of samples.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> all(
    ...     0 < error < 1
    ...     for error in jackknife_errors(
    ...         [Moments.of(rng.standard_normal((50, 4))) for _ in range(10)]
    ...     )
    ... )
    True
    """
    return spectrum_errors(
        [_eigenvalues(merged([*parts[:b], *parts[b + 1 :]]).scatter) for b in range(len(parts))]
        if len(parts) > 2
        else []
    )


def spectrum_errors(left: Sequence[Array]) -> tuple[float, float]:
    """Return the same from the spectra that are left when one block after the other is left out;
    infinite where there are too few.
    """
    pairs = np.array(
        [
            (effective_dimension(values), participation_ratio(values))
            for values in left
            if values.sum() > 0
        ]
    )
    if len(pairs) < 2:
        return math.inf, math.inf
    effective, participation = np.sqrt(
        (len(pairs) - 1) * np.mean((pairs - pairs.mean(axis=0)) ** 2, axis=0)
    )
    return float(effective), float(participation)


def merged(parts: Sequence[Moments]) -> Moments:
    """Return the moments of several chunks together.

    Examples
    --------
    >>> merged([Moments.of([[1.0], [3.0]]), Moments.of([[5.0]])]).mean.tolist()
    [3.0]
    """
    parts = listed(parts, "chunks", 1)
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
