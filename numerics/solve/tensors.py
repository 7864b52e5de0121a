r"""Tensor renormalization of a model of pair weights on the square lattice.

The partition function is a network of one tensor T[up, left, down, right] per site. A step replaces
two sites by one: TRG splits each tensor in two along either diagonal by a singular value
decomposition and joins four halves around a face; HOTRG stacks two tensors and projects the doubled
legs on the leading eigenvectors of their density matrix. At most chi states are kept on a leg, which
is the only approximation. After n steps one tensor stands for N = 2^n sites, and

    ln Z / N = sum over n of ln |T_n| / 2^n + ln tr T / N.

At a critical point the transfer matrix M[i, j] = sum over a of T[a, i, a, j] of the coarse square has
eigenvalues lambda_k = lambda_0 exp(-2 pi Delta_k), with Delta_k the scaling dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.rendering import Tabulated

__all__ = ["TensorFlow", "ising_tensor", "site_tensor", "tensor_flow"]

Array = NDArray[np.float64]
_LARGEST = 48  # a step of HOTRG at this chi takes 5 GB


@dataclass(frozen=True)
class TensorFlow(Tabulated):
    """What a flow of tensors found, step by step.

    Parameters
    ----------
    sites : tuple of int
        N = 2^n sites that one tensor stands for, from n = 0.
    log_partition : tuple of float
        ln Z / N of the torus of one tensor, in nats per site.
    dimensions : tuple of ndarray
        Scaling dimensions Delta_k = ln(lambda_0/lambda_k) / (2 pi aspect) of each step, the first
        of which is 0. They are dimensions only where they stay the same for some steps, between small sizes
        and those at which truncation takes over.
    log_leading : tuple of float
        ln lambda_0 of each step, all norms included.
    discarded : tuple of float
        The relative weight that each step has thrown away.
    aspects : tuple of int
        Length over width of the block of sites that a tensor stands for: 1 for TRG, and 2 after
        every odd number of steps of HOTRG.
    """

    sites: tuple[int, ...]
    log_partition: tuple[float, ...]
    dimensions: tuple[Array, ...]
    log_leading: tuple[float, ...]
    discarded: tuple[float, ...]
    aspects: tuple[int, ...]

    def central_charge(self, bulk: float) -> Array:
        """Return (6/pi) (ln lambda_0 - N f) / aspect at every step, f the exact ln Z per site of the
        infinite lattice.
        """
        excess = np.array(self.log_leading) - np.array(self.sites) * bulk
        return np.asarray(6 / np.pi * excess / np.array(self.aspects))


def site_tensor(weights: ArrayLike, site: ArrayLike | None = None) -> Array:
    """Return the tensor of one site of a square lattice with pair weights.

    Parameters
    ----------
    weights : array_like, shape (states, states)
        Symmetric weight of a bond. Where it is positive semi-definite it is split as its own square
        root, else by its singular values.
    site : array_like, shape (states,), optional
        Weight of a site; by default 1.

    Returns
    -------
    ndarray, shape (states,) * 4
        T[u, l, d, r]; legs down and right of a site are joined to up and left of its neighbours.

    Raises
    ------
    ValueError
        If the weights are no symmetric matrix of finite non-negative numbers.

    Examples
    --------
    >>> site_tensor(np.ones((2, 2))).shape
    (2, 2, 2, 2)
    """
    w = np.asarray(weights, dtype=float)
    if w.ndim != 2 or w.shape[0] != w.shape[1] or not np.allclose(w, w.T, rtol=1e-12, atol=0):
        raise ValueError(f"pair weights are a symmetric matrix, got the shape {w.shape}")
    if not np.all(np.isfinite(w)) or np.any(w < 0):
        raise ValueError("pair weights are finite and not negative: Z is a sum of positive terms")
    one = np.ones(len(w)) if site is None else np.asarray(site, dtype=float)
    left, values, right = np.linalg.svd(w)
    root = np.sqrt(values)
    a, b = left * root, right.T * root
    return np.einsum("s,su,sl,sd,sr->uldr", one, a, a, b, b)


def ising_tensor(K: float) -> Array:
    """Return the tensor of the Ising model with weight exp(K s s') per bond.

    Its legs carry the parity of a bond: entries of odd total parity vanish.

    Examples
    --------
    >>> float(ising_tensor(0.0)[0, 0, 0, 0])
    2.0
    """
    if not np.isfinite(K) or K < 0:
        raise ValueError(f"a finite coupling K >= 0 is needed, got {K}")
    bond = np.array([[np.sqrt(np.cosh(K)), np.sqrt(np.sinh(K))]] * 2) * [[1, 1], [1, -1]]
    return np.einsum("su,sl,sd,sr->uldr", bond, bond, bond, bond)


def tensor_flow(
    tensor: ArrayLike, chi: int, steps: int, *, method: str = "trg", levels: int = 8
) -> TensorFlow:
    """Renormalize a square lattice of one tensor.

    Parameters
    ----------
    tensor : array_like, shape (n, m, n, m)
        T[u, l, d, r] of a site.
    chi : int
        Largest number of states kept on a leg.
    steps : int
        Each doubles the number of sites.
    method : {"trg", "hotrg"}
    levels : int
        How many scaling dimensions to keep.

    Returns
    -------
    TensorFlow
        With steps + 1 entries.

    Raises
    ------
    ValueError
        If chi is below 2 or needs more memory than is sensible, the tensor has other legs, or the
        partition function is not positive.

    Examples
    --------
    Two steps with chi = 4 cut nothing off: the torus of two by two spins is exact.

    >>> print(f"{4 * tensor_flow(ising_tensor(0.4), 4, 2).log_partition[2]:.12f}")
    4.113274011059
    """
    t = np.asarray(tensor, dtype=float)
    if t.ndim != 4 or t.shape[0] != t.shape[2] or t.shape[1] != t.shape[3]:
        raise ValueError(
            f"a tensor T[u, l, d, r] has equal legs up and down, left and right; got {t.shape}"
        )
    if isinstance(chi, bool) or not isinstance(chi, int) or not 2 <= chi <= _LARGEST:
        raise ValueError(f"chi must be a whole number from 2 to {_LARGEST}, got {chi!r}")
    if method not in _STEPS:
        raise ValueError(f"method must be one of {', '.join(_STEPS)}, got {method!r}")
    if not isinstance(steps, int) or steps < 0:
        raise ValueError(f"steps must be a whole number from 0, got {steps!r}")
    log_norm, rows = 0.0, []
    lost = 0.0
    for n in range(steps + 1):
        size = float(np.abs(t).max())
        if not 0 < size < np.inf:
            raise ValueError("the tensor is zero or not finite: the partition function is no sum")
        t, log_norm = t / size, log_norm + np.log(size) / 2.0**n
        aspect = 2 if method == "hotrg" and n % 2 else 1
        rows.append((*_read(t, n, log_norm, levels, aspect), lost, aspect))
        if n < steps:
            t, lost = _STEPS[method](t, chi)
    columns = list(zip(*rows, strict=True))
    return TensorFlow(*(tuple(column) for column in columns))


def _read(t: Array, n: int, log_norm: float, levels: int, aspect: int) -> tuple[Any, ...]:
    """Sites, ln Z per site, scaling dimensions and ln lambda_0 of one step."""
    values = np.linalg.eigvals(np.einsum("aiaj->ij", t))
    total = float(values.sum().real)
    if total <= 0:
        raise ValueError(
            f"the trace of the tensor is not positive at step {n}: truncation has lost the "
            "positivity of Z; raise chi"
        )
    size = np.sort(np.abs(values))[::-1]
    kept = size[:levels]
    with np.errstate(divide="ignore"):
        dimensions = -np.log(kept / kept[0]) / (2 * np.pi * aspect)
    sites = 2**n
    leading = float(np.log(size[0])) + sites * log_norm
    return sites, log_norm + np.log(total) / sites, dimensions, leading


def _split(matrix: Array, chi: int) -> tuple[Array, Array, float]:
    """Split a matrix in two halves by its largest singular values; also the share cut off."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    kept = min(chi, int(np.count_nonzero(values > 1e-15 * values[0])))
    root = np.sqrt(values[:kept])
    lost = float(np.sum(values[kept:] ** 2) / np.sum(values**2))
    return left[:, :kept] * root, root[:, None] * right[:kept], lost


def _trg(t: Array, chi: int) -> tuple[Array, float]:
    """One step of TRG: the new legs up, right, down and left point to the corners of a face."""
    n, m = t.shape[:2]
    upper, lower, lost = _split(t.reshape(n * m, n * m), chi)
    turned = t.transpose(0, 3, 1, 2).reshape(n * m, m * n)
    right, left, also = _split(turned, chi)
    upper, lower = upper.reshape(n, m, -1), lower.reshape(-1, n, m)
    right, left = right.reshape(n, m, -1), left.reshape(-1, m, n)
    top = np.tensordot(lower, left, axes=(2, 1))  # [a, w, b, y]: north-west and north-east
    bottom = np.tensordot(upper, right, axes=(1, 1))  # [y, c, w, e]: south-east and south-west
    joined = np.tensordot(top, bottom, axes=((1, 3), (2, 0)))  # [a, b, c, e]
    return joined.transpose(0, 3, 2, 1), max(lost, also)


def _hotrg(t: Array, chi: int) -> tuple[Array, float]:
    """One step of HOTRG: two sites one above the other, and a quarter turn."""
    m = t.shape[1]
    projector, lost = _projector(t, chi)
    cube = projector.reshape(m, m, -1)
    half = np.tensordot(t, cube, axes=(1, 0))  # [u, x, r1, l2, k]
    half = np.einsum("uxrlk->ukxrl", half)
    merged = np.tensordot(half, t, axes=((2, 4), (0, 1)))  # [u, k, r1, d, r2]
    new = np.tensordot(merged, cube, axes=((2, 4), (0, 1)))  # [u, k, d, j]
    return new.transpose(1, 0, 3, 2), lost


def _projector(t: Array, chi: int) -> tuple[Array, float]:
    """The leading states of a doubled leg, on the side whose cut is smaller."""
    m = t.shape[1]
    best: tuple[Array, float] | None = None
    for side in (t, t.transpose(0, 3, 2, 1)):
        above = np.einsum("ulxr,umyr->lmxy", side, side, optimize=True)
        below = np.einsum("xlds,ymds->lmxy", side, side, optimize=True)
        density = np.einsum("lmxy,pqxy->lpmq", above, below, optimize=True).reshape(m * m, m * m)
        values, vectors = np.linalg.eigh(density)
        values, vectors = values[::-1], vectors[:, ::-1]
        kept = min(chi, m * m)
        lost = float(max(0.0, values[kept:].sum()) / values.sum())
        if best is None or lost < best[1]:
            best = vectors[:, :kept], lost
    assert best is not None
    return best


_STEPS = {"trg": _trg, "hotrg": _hotrg}
