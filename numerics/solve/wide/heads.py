"""Averages over the Gaussian scores of many attention heads.

The scores of position x over the allowed positions c are Gaussian, ⟨G_xc G_yd⟩ = s K(x, y) K(c, d).
Softmax does not see a common shift of a row, so that rows of T scores have T - 1 dimensions.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.solve.wide.averages import Averages, normal_nodes

__all__ = ["head_kernels"]

Array = NDArray[np.float64]
SOBOL = 13


def head_kernels(
    kernels: tuple[Array, Array, Array],
    scale: float,
    function: str,
    causal: bool,
    change: Array | None,
    averages: Averages,
) -> tuple[Array, Array, Array]:
    """Return Σ_cd ⟨z_xc z_yd⟩ K_cd, the same with the change in the place of K, and the part of the
    change through the scores.

    Parameters
    ----------
    kernels : tuple of ndarray, shape (P, P)
        Of one copy, of the other, and across.
    scale : float
        s_Q² s_K².
    function : {"softmax", "linear"}
    causal : bool
    change : ndarray, shape (P, P), optional
        The quantity that is propagated, a tangent kernel for instance.
    averages : Averages

    Returns
    -------
    tuple of ndarray, shape (P, P)
    """
    cross = kernels[2]
    size = len(cross)
    found = np.zeros((3, size, size))
    moved = np.zeros_like(cross) if change is None else change
    for x in range(size):
        for y in range(size):
            seen = (slice(0, x + 1 if causal else size), slice(0, y + 1 if causal else size))
            inner, own = cross[seen], moved[seen]
            slopes = scale * (moved[x, y] * inner + cross[x, y] * own)
            if function == "linear":
                products = scale * cross[x, y] * inner
                found[:, x, y] = (
                    (products * inner).sum(),
                    (products * own).sum(),
                    (inner * slopes).sum(),
                )
                continue
            scores = _scores(kernels, scale, x, y, seen)
            z, weights = _softmaxes(scores, inner.shape, averages)
            products = np.einsum("cn,dn,n->cd", z[0], z[1], weights)
            found[0, x, y], found[1, x, y] = (products * inner).sum(), (products * own).sum()
            if change is not None:
                found[2, x, y] = (_through_scores(z, weights, inner) * slopes).sum()
    return found[0], found[1], found[2]


def _scores(
    kernels: tuple[Array, Array, Array], scale: float, x: int, y: int, seen: tuple[slice, slice]
) -> Array:
    """The covariance of the scores of both rows, each minus its mean."""
    left, right, cross = kernels
    one, two = left[seen[0], seen[0]], right[seen[1], seen[1]]
    joint = np.block(
        [
            [left[x, x] * one, cross[x, y] * cross[seen]],
            [cross[x, y] * cross[seen].T, right[y, y] * two],
        ]
    )
    centre = np.eye(len(joint))
    centre[: len(one), : len(one)] -= 1 / len(one)
    centre[len(one) :, len(one) :] -= 1 / len(two)
    return np.asarray(scale * centre @ joint @ centre)


def _softmaxes(
    covariance: Array, sizes: tuple[int, ...], averages: Averages
) -> tuple[tuple[Array, Array], Array]:
    """The weights of both rows at the nodes of a rule, and the weights of the nodes."""
    eigenvalues, vectors = np.linalg.eigh(covariance)
    kept = eigenvalues > 1e-13 * max(1.0, float(eigenvalues.max()))
    root = vectors[:, kept] * np.sqrt(eigenvalues[kept])
    spread = math.sqrt(2 * float(eigenvalues.max(initial=0.0)))
    nodes, weights = normal_nodes(root.shape[1], math.ceil(20 * spread) + 1, averages, SOBOL)
    scores = root @ nodes
    return (_softmax(scores[: sizes[0]]), _softmax(scores[sizes[0] :])), weights


def _softmax(scores: Array) -> Array:
    """Along the first axis."""
    grown = np.exp(scores - scores.max(0))
    return np.asarray(grown / grown.sum(0))


def _through_scores(z: tuple[Array, Array], weights: Array, kernel: Array) -> Array:
    """Σ_cd K_cd ⟨∂z_xc/∂G_xc' ∂z_yd/∂G_yd'⟩, shape (c', d')."""
    one, two = z
    right = kernel @ two
    both = (one * right).sum(0)
    left = kernel.T @ one
    terms = kernel[:, :, None] * one[:, None, :] * two[None, :, :]
    terms -= (one * right)[:, None, :] * two[None, :, :]
    terms -= one[:, None, :] * (two * left)[None, :, :]
    terms += one[:, None, :] * two[None, :, :] * both
    return np.asarray(terms @ weights)
