"""Log-weights, couplings and constants of small systems, by enumeration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.simulation.lattice.enumeration import Term, ising_terms, log_marginal
from neurenorm.numerics.simulation.work import Work

__all__ = ["COUPLINGS", "Array", "enumerated_copies", "projected_harmonic", "walsh_star"]

Array = NDArray[np.float64]

COUPLINGS = np.array([-0.9, -0.3, 0.2, 0.6, 1.1])


def walsh_star(rng: np.random.Generator, effort: Work) -> Array:
    """Enumerate the star and project its log-weight on products of two and of four spins."""
    found = []
    for coupling in COUPLINGS:
        table = log_marginal(
            5, (1, -1), ising_terms([(0, i) for i in range(1, 5)], coupling), (1, 2, 3, 4)
        )
        s = np.array([1, -1])
        pair = np.einsum("abcd,a,b->", table, s, s) / 16
        found.append([pair, np.einsum("abcd,a,b,c,d->", table, s, s, s, s) / 16])
    return np.array(found).T


def projected_harmonic(rng: np.random.Generator, effort: Work) -> Array:
    """Enumerate the three spins and project the log-weight of the ends on the cosine of their
    difference.
    """
    angles = 2 * np.pi * np.arange(5) / 5
    terms: list[list[Term]] = [
        [((i, i + 1), k, lambda a, b: np.cos(a - b)) for i in (0, 1)] for k in COUPLINGS
    ]
    rows = [log_marginal(3, tuple(angles), term, (0, 2))[0] for term in terms]
    return np.array([2 / 5 * np.sum(row * np.cos(angles)) for row in rows])


def enumerated_copies(rng: np.random.Generator, effort: Work) -> Array:
    """Sum the four configurations of the two spins by matrix products, the noise being a matrix on
    each side.
    """
    noise = np.array([[0.95, 0.05], [0.05, 0.95]])
    rows = []
    for k in COUPLINGS:
        seen = noise @ np.exp(k * np.array([[1, -1], [-1, 1]])) @ noise
        rows.append([np.log(seen[0, 0] / seen[0, 1]) / 2, np.log(seen[0, 0] * seen[0, 1]) / 2])
    return np.array(rows).T
