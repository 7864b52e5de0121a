"""Kernels of two states, by matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erf

from neurenorm.numerics.simulation.work import Work

__all__ = [
    "AFTER",
    "BEFORE",
    "KERNEL",
    "PRIOR",
    "STAY",
    "STIFFNESS",
    "Array",
    "integrated_moments",
    "long_powers",
    "onset",
    "over_the_weight",
    "solved_couplings",
]

Array = NDArray[np.float64]

KERNEL = np.array([1.7, 0.4, 0.9, 2.3])
STAY = ((0.3, 0.1), (0.05, 0.6))


def solved_couplings() -> Array:
    """Return constant, K1, K2 and g of the kernel, from the linear equations for the logarithms of
    its entries.
    """
    states = [(h, after) for h in (1, -1) for after in (1, -1)]
    design = np.array([[1, h * after, (h + after) / 2, (h - after) / 2] for h, after in states])
    found: Array = np.linalg.solve(design, np.log(KERNEL))
    return found


def long_powers(rng: np.random.Generator, effort: Work) -> Array:
    """Return by how much a step brings two starts together, and the mean of the stationary law from
    a high power of the Markov matrix.
    """
    rows = []
    for a, c in STAY:
        matrix = np.array([[1 - a, a], [c, 1 - c]])
        law = np.linalg.matrix_power(matrix, 4096)[0]
        rows.append([matrix[0, 0] - matrix[1, 0], law[0] - law[1]])
    return np.array(rows)


BEFORE, AFTER, STIFFNESS, PRIOR = (0.7, -0.4), (0.3, 0.1), 2.0, 1.0


def over_the_weight(rng: np.random.Generator, effort: Work) -> float:
    """Sum over the weight that two copies of a linear neuron share, on a fine grid."""
    w = np.linspace(-12, 12, 200_001)
    rules = np.prod(
        [
            np.sqrt(STIFFNESS / np.pi) * np.exp(-STIFFNESS * (after - w * h) ** 2)
            for h, after in zip(BEFORE, AFTER, strict=True)
        ],
        axis=0,
    )
    return float(np.trapezoid(np.sqrt(PRIOR / np.pi) * np.exp(-PRIOR * w**2) * rules, w))


def integrated_moments(rng: np.random.Generator, effort: Work) -> Array:
    """Return the variances at which the mean of w^n is one, and at which the mean of ln |w|
    vanishes, by numerical integration over a normal weight.
    """

    def mean(order: int) -> float:
        """The mean of z^n, or of ln |z| for n = 0."""
        value, _ = quad(
            lambda z: (z**order if order else np.log(z)) * np.exp(-(z**2) / 2) * np.sqrt(2 / np.pi),
            0,
            40,
            epsabs=1e-13,
            limit=400,
        )
        return float(value)

    return np.array([*(mean(n) ** (-2 / n) for n in (2, 4, 6)), np.exp(-2 * mean(0))])


def onset(rng: np.random.Generator, effort: Work) -> float:
    """Return the limit of m²/(g/g_c - 1) from roots of m = erf(g m/√2) ever closer to the onset."""
    critical = np.sqrt(np.pi / 2)
    distances = 0.004 * np.arange(1, 6)

    def squared(distance: float) -> float:
        return (
            float(
                brentq(
                    lambda m: erf(critical * (1 + distance) * m / np.sqrt(2)) - m,
                    0.5 * np.sqrt(distance),
                    1.0,
                    xtol=1e-15,
                )
            )
            ** 2
        )

    return float(np.polyfit(distances, [squared(d) / d for d in distances], 4)[-1])
