"""Quartic fields on a few sites by direct integration over all of them.

Each power of the coupling is a Gaussian moment of a polynomial, which Gauss-Hermite sums with
enough nodes give without error. Nothing here knows a diagram.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

__all__ = ["quartic_series"]

Array = NDArray[np.float64]


def _nodes(precision: Array, n: int, count: int) -> tuple[Array, Array]:
    """Fields, shape (nodes, n, V), and weights of the Gaussian measure of precision T."""
    sites = len(precision)
    x, w = np.polynomial.hermite_e.hermegauss(count)
    grid = np.stack(np.meshgrid(*[x] * (n * sites), indexing="ij"), -1).reshape(-1, n, sites)
    weights = np.ones(1)
    for _ in range(n * sites):
        weights = np.multiply.outer(weights, w / w.sum()).ravel()
    root = np.linalg.cholesky(np.linalg.inv(precision))
    return grid @ root.T, weights


def _divided(top: list[Array], bottom: list[Array]) -> list[Array]:
    """The quotient of two power series, the second with scalar coefficients."""
    found: list[Array] = []
    for k, value in enumerate(top):
        found.append((value - sum(bottom[j] * found[k - j] for j in range(1, k + 1))) / bottom[0])
    return found


def quartic_series(precision: Array, n: int = 1, order: int = 3) -> tuple[Array, Array]:
    """Return the power series in g of the self-energy and of the four-point vertex.

    S = ½ φTφ + (g/4!) Σ (φ·φ)²; the self-energy Σ is the inverse of ⟨φ_i φ_j⟩ minus T, the vertex is
    ``-⟨ψ⁴⟩_c/V``, where ψ is the sum over all sites of one component of (T + Σ) φ: the connected
    four-point function without its full outer propagators. On a torus that is
    ``-(⟨Φ⁴⟩_c/V)/(⟨Φ²⟩/V)⁴`` with Φ the sum of the component over all sites.

    Parameters
    ----------
    precision : ndarray, shape (V, V)
        T.
    n : int
        Components.
    order : int
        Highest power of g.

    Returns
    -------
    self_energy : ndarray, shape (order, V, V)
        The coefficients of g, g², …
    vertex : ndarray, shape (order,)

    Examples
    --------
    >>> sigma, gamma = quartic_series(np.array([[1.0]]))
    >>> sigma.ravel().round(6).tolist(), gamma.round(6).tolist()
    ([0.5, -0.416667, 0.833333], [1.0, -1.5, 5.25])
    """
    sites = len(precision)
    fields, weights = _nodes(precision, n, 2 * order + 3)
    action = (fields**2).sum(1).__pow__(2).sum(1) / 24
    powers = [weights * (-action) ** k / factorial(k) for k in range(order + 1)]
    norm = [np.asarray(p.sum()) for p in powers]
    first = fields[:, 0]
    pair = _divided([np.einsum("a,ai,aj->ij", p, first, first) for p in powers], norm)
    inverse = [np.linalg.inv(pair[0])]
    for k in range(1, order + 1):
        inverse.append(-inverse[0] @ sum(pair[j] @ inverse[k - j] for j in range(1, k + 1)))
    psi = [first @ term.sum(0) for term in inverse]
    square = _product(psi, psi)
    second, fourth = (
        _divided([np.asarray(term.sum()) for term in _product(powers, moment)], norm)
        for moment in (square, _product(square, square))
    )
    connected = np.array(fourth) - 3 * np.array(_product(second, second))
    return np.array(inverse[1:]), -connected[1:] / sites


def _product(left: list[Array], right: list[Array]) -> list[Array]:
    """The product of two power series, entry by entry."""
    return [np.asarray(sum(left[j] * right[k - j] for j in range(k + 1))) for k in range(len(left))]
