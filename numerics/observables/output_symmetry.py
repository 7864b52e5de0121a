"""Outputs of a fully connected layer have no order and no signs of their own: fix them, or use what
is invariant.

Also: how many samples a coupling needs to be seen at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.observables.samples import as_spins

__all__ = ["GaugeInvariants", "fix_gauge", "gauge_invariants", "samples_needed"]

Array = NDArray[np.float64]


@checked_arguments
def samples_needed(coupling: float, bonds: int, sigmas: float = 5.0) -> int:
    """Return how many samples of so many bonds resolve a coupling from zero.

    The error of ⟨h h'⟩ near zero coupling is 1/√(samples · bonds).

    Examples
    --------
    >>> samples_needed(0.01, bonds=63)
    3969
    """
    if not coupling or bonds < 1:
        raise ValueError(
            "no number of samples resolves a coupling of exactly zero, or one without bonds"
        )
    return math.ceil((sigmas / math.tanh(abs(coupling))) ** 2 / bonds)


@dataclass(frozen=True, eq=False)
class GaugeInvariants(Tabulated):
    """What does not depend on the order and the signs of the outputs.

    Parameters
    ----------
    correlations : ndarray
        |⟨h_a h_b⟩| of all pairs, largest first.
    rms_coupling : float
        Root mean square of artanh⟨h_a h_b⟩ over pairs.
    """

    correlations: Array
    rms_coupling: float


@checked_arguments
def gauge_invariants(correlations: ArrayLike) -> GaugeInvariants:
    """Return sorted correlations and rms coupling of outputs.

    Parameters
    ----------
    correlations : array_like, shape (M, M)
        The matrix ⟨h_a h_b⟩.

    Examples
    --------
    >>> gauge_invariants([[1, -0.5], [-0.5, 1]]).correlations.tolist()
    [0.5]
    """
    matrix = np.asarray(correlations, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(
            f"correlations form a square matrix of at least 2 outputs, got the shape {matrix.shape}"
        )
    pairs = np.abs(matrix[np.triu_indices(len(matrix), 1)])
    with np.errstate(divide="ignore"):
        rms = math.sqrt(float(np.mean(np.arctanh(np.minimum(pairs, 1.0)) ** 2)))
    return GaugeInvariants(np.sort(pairs)[::-1], rms)


@checked_arguments
def fix_gauge(weights: ArrayLike, samples: ArrayLike) -> tuple[Array, NDArray[np.int8]]:
    """Order the outputs by the input that each weighs most, and make that weight positive.

    Parameters
    ----------
    weights : array_like, shape (outputs, inputs)
    samples : array_like, shape (samples, outputs)

    Returns
    -------
    weights, samples
        Reordered, with signs changed.

    Examples
    --------
    >>> weights, outputs = fix_gauge([[0, 0, -2.0], [3.0, 0, 0]], [[1, 1], [-1, 1]])
    >>> weights.argmax(axis=1).tolist(), outputs.tolist()
    ([0, 2], [[1, -1], [1, 1]])
    """
    matrix, spins = np.asarray(weights, dtype=float), as_spins(samples, length=1)
    if matrix.ndim != 2 or matrix.shape[0] != spins.shape[1]:
        raise ValueError(
            f"{spins.shape[1]} outputs need as many rows of weights, got the shape {matrix.shape}"
        )
    sites = np.abs(matrix).argmax(axis=1)
    signs = np.where(matrix[np.arange(len(sites)), sites] < 0, -1, 1)
    order = np.argsort(sites, kind="stable")
    return (matrix * signs[:, None])[order], (spins * signs).astype(np.int8)[:, order]
