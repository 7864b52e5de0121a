"""Lengths of linear layers and spectra of coupled fluctuations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_discrete_lyapunov
from scipy.stats import chi2

from neurenorm.numerics.simulation.work import Work

__all__ = ["LENGTHS", "VARIANCES", "WAVES", "WIDTH", "Array", "chi_squared", "summed_covariances"]

Array = NDArray[np.float64]

LENGTHS, WIDTH, VARIANCES = np.array([0.4, 1.0, 2.3]), 7, (1.3, 0.2)


def chi_squared(rng: np.random.Generator, effort: Work) -> Array:
    """Return the density of the mean square of independent normal numbers of the layer's
    variance.
    """
    kernel = VARIANCES[1] + VARIANCES[0] * 0.9
    return np.asarray(chi2.pdf(WIDTH * LENGTHS / kernel, WIDTH) * WIDTH / kernel)


WAVES = (0.0, 0.7, 2.1)


def summed_covariances(rng: np.random.Generator, effort: Work) -> NDArray[np.complex128]:
    """Sum the covariances of the stationary process x' = J x + noise over all lags into its
    spectral density, and invert that.
    """
    step, noise = np.array([[0.5, 0.2], [-0.1, 0.3]]), np.array([[1, 0.25], [0.25, 0.8]])
    still = solve_discrete_lyapunov(step, noise)
    ahead = [np.linalg.matrix_power(step, lag) @ still for lag in range(1, 120)]
    spectra = [
        still
        + sum(
            c * np.exp(-1j * k * lag) + c.T * np.exp(1j * k * lag) for lag, c in enumerate(ahead, 1)
        )
        for k in WAVES
    ]
    return np.linalg.inv(np.array(spectra))
