"""Fluctuations along depth by explicit matrices: x' = a x + noise of unit variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import integrate

__all__ = ["continuum_against_lattice", "written_covariance", "written_modes", "written_precision"]

Array = NDArray[np.float64]


def written_precision(a: float, layers: int, boundary: str) -> Array:
    """Return the precision of the fluctuations of some layers, entry by entry.

    Parameters
    ----------
    a : float
        What is left of a fluctuation one layer on.
    layers : int
    boundary : {"fixed-open", "stationary", "pinned", "periodic"}
        Whether the first layer continues a fixed or a stationary one, and whether the last one is
        followed by a fixed layer, by none, or by the first.

    Examples
    --------
    >>> written_precision(0.5, 2, "fixed-open").tolist()
    [[1.25, -0.5], [-0.5, 1.0]]
    """
    matrix = np.diag(np.full(layers, 1 + a * a))
    for layer in range(layers - 1):
        matrix[layer, layer + 1] = matrix[layer + 1, layer] = -a
    if boundary == "periodic":
        matrix[0, -1] -= a
        matrix[-1, 0] -= a
    if boundary in ("fixed-open", "stationary"):
        matrix[-1, -1] -= a * a
    if boundary == "stationary":
        matrix[0, 0] -= a * a
    return matrix


def written_covariance(a: float, layers: int, boundary: str) -> Array:
    """Return the inverse of that matrix."""
    return np.asarray(np.linalg.inv(written_precision(a, layers, boundary)), dtype=float)


def written_modes(a: float, layers: int, boundary: str) -> Array:
    """Return the eigenvalues of that matrix, rising."""
    return np.asarray(np.linalg.eigvalsh(written_precision(a, layers, boundary)), dtype=float)


def continuum_against_lattice(a: float, window: int = 400) -> list[float]:
    """Return mass and length of the continuum, the length of the lattice, and the ratio of both
    variances.

    Everything is read off matrices: the precision of a long periodic window at long waves
    (a fourth-order difference in the wave number) gives the mass, an integral over all wave
    numbers the variance of the continuum, the inverse of the precision the other two.

    Examples
    --------
    >>> [round(float(x), 5) for x in continuum_against_lattice(0.8)]
    [0.22361, 4.47214, 4.48142, 1.00623]
    """
    row = written_precision(a, window, "periodic")[0]

    def power(wave: float) -> float:
        """The precision of a wave."""
        return float(np.sum(row * np.cos(wave * np.arange(window))))

    waves = np.array([0.0, 1.0, 2.0, 3.0]) * 2 * np.pi / window
    still, stiffness = np.linalg.solve(
        np.vander(waves**2, increasing=True), [power(wave) for wave in waves]
    )[:2]
    mass = float(np.sqrt(still / stiffness))
    smooth = integrate.quad(lambda u: 1 / (still + stiffness * (mass * u) ** 2), 0, np.inf)[0]
    covariance = np.linalg.inv(written_precision(a, window, "periodic"))[0]
    decay = covariance[window // 8 + 1] / covariance[window // 8]
    return [mass, 1 / mass, -1 / float(np.log(decay)), smooth * mass / np.pi / covariance[0]]
