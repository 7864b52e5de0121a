"""Spectra of fields on a torus, matrices written entry by entry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.simulation.work import Work

__all__ = ["TORUS", "Array", "written_honeycomb", "written_square"]

Array = NDArray[np.float64]

TORUS = (4, 5)


def written_honeycomb(rng: np.random.Generator, effort: Work) -> Array:
    """Eigenvalues of the same piece: site A of a cell bonds with B of its own cell and of the two
    cells before it.
    """
    rows, columns = TORUS
    matrix = 4.0 * np.eye(2 * rows * columns)
    for i, j in np.ndindex(rows, columns):
        for x, y in ((i, j), ((i - 1) % rows, j), (i, (j - 1) % columns)):
            a, b = 2 * (i * columns + j), 2 * (x * columns + y) + 1
            matrix[a, b] -= 1
            matrix[b, a] -= 1
    return np.asarray(np.linalg.eigvalsh(matrix), dtype=float)


def written_square(rng: np.random.Generator, effort: Work) -> Array:
    """Eigenvalues of 5 - (sum over the four neighbours) on the same torus."""
    rows, columns = (
        np.roll(np.eye(extent), 1, axis=0) + np.roll(np.eye(extent), -1, axis=0) for extent in TORUS
    )
    neighbours = np.kron(rows, np.eye(TORUS[1])) + np.kron(np.eye(TORUS[0]), columns)
    return np.asarray(np.linalg.eigvalsh(5 * np.eye(len(neighbours)) - neighbours), dtype=float)
