"""Numbers of the results on dynamic neurons by sums, matrices and roots."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import erf

from neurenorm.numerics.simulation.dynamic_neurons.sums import binomial_matrix
from neurenorm.numerics.simulation.work import Work

__all__ = ["Array", "wide_eigenvalues", "wide_means"]

Array = NDArray[np.float64]


def wide_eigenvalues(rng: np.random.Generator, effort: Work) -> Array:
    """The largest eigenvalue of the binomial matrix whose function is odd under the turn of all
    neurons, at two widths and gains.
    """
    rows = []
    for width, gain in ((5, 0.9), (9, -0.6)):
        matrix = binomial_matrix(width, gain / math.sqrt(width))
        odd = np.eye(width + 1) - np.eye(width + 1)[::-1]
        values = np.linalg.eigvals(odd @ matrix / 2)
        rows.append(float(values[np.argmax(np.abs(values))].real))
    return np.array(rows)


def wide_means(rng: np.random.Generator, effort: Work) -> Array:
    """Positive roots of m = erf(g m/sqrt 2), and the gain at which its slope at zero is one."""
    return np.array(
        [
            [
                brentq(lambda m, g=g: erf(g * m / math.sqrt(2)) - m, 1e-3, 1, xtol=1e-15),
                math.sqrt(math.pi / 2),
            ]
            for g in (1.4, 2.5)
        ]
    )
