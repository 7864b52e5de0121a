"""Quartic and cubic tensors with all their entries: one-loop flows by sums over indices."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cubic_points", "simplex_invariants"]

Array = NDArray[np.float64]


def _tensor(u: float, v: float, n: int) -> Array:
    """(u/3)(δδ + 2 permutations) + v δ_ijkl."""
    one = np.eye(n)
    pair = np.einsum("ij,kl->ijkl", one, one)
    isotropic = (pair + pair.transpose(0, 2, 1, 3) + pair.transpose(0, 3, 2, 1)) / 3
    diagonal = np.zeros((n,) * 4)
    for i in range(n):
        diagonal[i, i, i, i] = 1
    return np.asarray(u * isotropic + v * diagonal)


def _slope(point: Array, n: int) -> Array:
    """(du/dl, dv/dl) at ε = 1, from dλ/dl = λ - ½ (λλ + 2 permutations) in units 8π² = 1."""
    tensor = _tensor(point[0], point[1], n)
    bubble = np.einsum("ijmn,mnkl->ijkl", tensor, tensor)
    flow = tensor - (bubble + bubble.transpose(0, 2, 1, 3) + bubble.transpose(0, 3, 2, 1)) / 2
    u = 3 * flow[0, 0, 1, 1]
    return np.array([u, flow[0, 0, 0, 0] - u])


def cubic_points(n: int) -> Array:
    """Return for the Ising, the Heisenberg and the cubic point u, v, the two eigenvalues (the
    larger first) and 1/ν, at ε = 1.

    Examples
    --------
    >>> cubic_points(3)[1].round(6).tolist()
    [0.545455, 0.0, -0.090909, -1.0, 1.545455]
    """
    rows = []
    for guess in ((0.0, 0.6), (0.5, 0.0), (2 / n, 0.7 * (n - 4) / n)):
        point = np.array(guess)
        for _ in range(60):
            matrix = _jacobian(point, n)
            point = point - np.linalg.solve(matrix, _slope(point, n))
        values = sorted(np.linalg.eigvals(_jacobian(point, n)).real, reverse=True)
        mass = np.einsum("ijkk->ij", _tensor(point[0], point[1], n))[0, 0] / 2
        rows.append([*point, *values, 2 - mass])
    return np.array(rows)


def _jacobian(point: Array, n: int) -> Array:
    """Central differences, exact for a quadratic flow."""
    steps = np.eye(2)
    columns = [(_slope(point + step, n) - _slope(point - step, n)) / 2 for step in steps]
    return np.array(columns).T


def simplex_invariants(q: int) -> tuple[float, float]:
    """Return T2 and T3 of the tensor Σ_α e_i^α e_j^α e_k^α of q explicit vectors.

    Examples
    --------
    >>> [round(value, 12) for value in simplex_invariants(4)]
    [0.5, 0.25]
    """
    values, vectors = np.linalg.eigh(np.eye(q) - 1 / q)
    e = vectors[:, values > 0.5]
    d = np.einsum("ai,aj,ak->ijk", e, e, e)
    assert all(np.allclose(d, d.transpose(order)) for order in permutations(range(3)))
    pair = np.einsum("ikl,jkl->ij", d, d)
    triangle = np.einsum("ilm,jmn,knl->ijk", d, d, d)
    return float(pair[0, 0]), float(np.vdot(triangle, d) / np.vdot(d, d))
