"""Transfer operators as numbers: Nyström discretisation of layer kernels, wide binary layers, truncated kernels.

A layer acts on functions of its neurons by an integral or a sum; the eigenvalues lambda_n of this operator give the correlation
lengths xi_n = -1/ln|lambda_n/lambda_0| in layers. A smooth kernel on an interval is replaced by its values at Gauss-Legendre
nodes, T_ij = T(x_i | x_j) w_j, whose leading eigenvalues converge faster than any power of the number of nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import acb_mat, arb, arb_mat, fmpq
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse.linalg import eigs

from graphs.rendering import Tabulated
from theory.wide_binary import WideBinary

__all__ = [
    "OperatorSpectrum",
    "correlation_lengths",
    "nystroem_spectrum",
    "overlap_eigenvalue",
    "truncated_kernel",
    "wide_second_eigenvalue",
    "wide_second_eigenvalue_ball",
]

Array = NDArray[np.float64]
Kernel = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class OperatorSpectrum(Tabulated):
    """Leading eigenvalues of an operator, descending in size, with an estimate of their errors.

    Parameters
    ----------
    values : ndarray
        Real parts where all are real, complex otherwise.
    errors : ndarray
        Change when the number of nodes grows by half and the interval by an eighth.
    """

    values: NDArray[Any]
    errors: Array


def nystroem_spectrum(kernel: Kernel, half_width: float, nodes: int = 400, count: int = 4) -> OperatorSpectrum:
    """Return the leading eigenvalues of a kernel on the interval [-L, L].

    Parameters
    ----------
    kernel : callable
        T(h'|h) for arrays of h (first argument) and h' (second) that broadcast.
    half_width : float
        L, large enough that the kernel and its eigenfunctions are negligible outside.
    nodes : int
        Number of Gauss-Legendre nodes.
    count : int
        How many eigenvalues.

    Returns
    -------
    OperatorSpectrum

    Raises
    ------
    ValueError
        If the kernel is not finite or the numbers make no sense.

    Examples
    --------
    >>> kernel = lambda h, after: np.sqrt(2 / np.pi) * np.exp(-2 * (after - 0.5 * h) ** 2)
    >>> nystroem_spectrum(kernel, 6.0, 200, 3).values.round(9).tolist()
    [1.0, 0.5, 0.25]
    """
    if not (math.isfinite(half_width) and half_width > 0) or nodes < 2 or not 1 <= count <= nodes:
        raise ValueError(f"the half width must be positive, and the nodes at least as many as the {count} eigenvalues; got L = {half_width}, {nodes} nodes")
    values = _leading(kernel, half_width, nodes, count)
    finer = _leading(kernel, half_width * 1.125, nodes + nodes // 2, count)
    return OperatorSpectrum(values, np.abs(values - finer))


def _leading(kernel: Kernel, half_width: float, nodes: int, count: int) -> NDArray[Any]:
    """Eigenvalues at one number of nodes."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    grid, weights = half_width * x, half_width * w
    matrix = np.asarray(kernel(grid[None, :], grid[:, None])) * weights[:, None]
    if not np.all(np.isfinite(matrix)):
        raise ValueError("the kernel is not finite on the interval")
    if nodes < 64 or count > nodes // 8:
        return _by_size(np.linalg.eigvals(matrix))[:count]
    return _by_size(eigs(matrix, k=count, v0=1 + x + x**2, return_eigenvectors=False))[:count]


def _by_size(values: NDArray[Any]) -> NDArray[Any]:
    """Eigenvalues descending in size, real where they all are up to rounding."""
    ordered = values[np.lexsort((-values.imag, -values.real, -np.abs(values).round(12)))]
    return ordered.real if np.all(np.abs(ordered.imag) < 1e-9 * max(1.0, float(np.abs(ordered[0])))) else ordered


def correlation_lengths(values: Sequence[float] | NDArray[Any]) -> Array:
    """Return xi_n = -1/ln|lambda_n/lambda_0| in layers, for n >= 1: zero for a vanishing eigenvalue, infinite for a degenerate one.

    Examples
    --------
    >>> correlation_lengths([1.0, 0.5, 0.0]).round(6).tolist()
    [1.442695, 0.0]
    """
    ratios = np.abs(np.asarray(values)[1:] / np.asarray(values)[0])
    with np.errstate(divide="ignore"):
        logs = -np.log(ratios)
    return np.where(logs <= 0, np.inf, 1 / np.where(logs <= 0, 1.0, logs))


def wide_second_eigenvalue(width: int, gain: float) -> float:
    """Return the second eigenvalue of a wide binary layer in double precision.

    Parameters
    ----------
    width : int
        Odd number of neurons N.
    gain : float
        g, at most sqrt(N) in size; the weights have the mean g/sqrt(N).

    Examples
    --------
    >>> round(wide_second_eigenvalue(11, 1.0), 10)
    0.7864226637
    """
    WideBinary(width)
    mean, half = _mean(width, gain), (width + 1) // 2
    columns = []
    for up in range(half):
        counts = np.arange(up + 1)
        chance = stats.binom.pmf(counts, up, (1 + mean) / 2) @ stats.binom.sf(width // 2 - counts, width - up, (1 - mean) / 2)
        columns.append(stats.binom.pmf(np.arange(width + 1), width, chance))
    full = np.array(columns).T
    return float(np.max(np.linalg.eigvals(full[:half] - full[: half - 1 : -1]).real))


def _mean(width: int, gain: float) -> float:
    """The mean weight g/sqrt(N), checked."""
    if not abs(gain) <= math.sqrt(width):
        raise ValueError(f"binary weights of mean g/sqrt(N) need |g| <= sqrt(N) = {math.sqrt(width):.6g}, got g = {gain}")
    return gain / math.sqrt(width)


def wide_second_eigenvalue_ball(width: int, gain: fmpq) -> arb:
    """Return an enclosure of the second eigenvalue of a wide binary layer at the present precision.

    All eigenvalues of the odd sector are enclosed; the largest real one is returned.

    Raises
    ------
    ValueError
        If the eigenvalues cannot be isolated at this precision.

    Examples
    --------
    >>> wide_second_eigenvalue_ball(3, fmpq(1)).str(8, radius=False)
    '0.81631365'
    """
    _mean(width, float(gain.p) / float(gain.q))
    matrix = WideBinary(width).odd_sector(arb(gain) / arb(width).sqrt())
    eigenvalues = acb_mat(arb_mat(matrix)).eig(nonstop=False)
    return max((value.real for value in eigenvalues), key=lambda ball: float(ball.mid()))


def overlap_eigenvalue(matrix: Sequence[Sequence[Any]]) -> float:
    """Return the third eigenvalue of the transfer matrix of two data, whose first two are 1 (it is absorbed at both ends).

    Examples
    --------
    >>> from theory.wide_binary import overlap_matrix
    >>> round(overlap_eigenvalue(overlap_matrix(3).tolist()), 12)
    0.75
    """
    return float(np.sort(np.linalg.eigvals(np.array(matrix, dtype=float)).real)[-3])


def truncated_kernel(kernel: Array, order: int) -> Array:
    """Return a positive kernel on +-1 spins whose log-weight keeps only products of at most ``order`` spins of both ends together.

    Parameters
    ----------
    kernel : ndarray, shape (2^N, 2^N)
        Entries T[after, before], states in binary order.
    order : int
        Largest number of spins in a product that is kept.

    Returns
    -------
    ndarray
        exp of the truncated log-weight.

    Examples
    --------
    >>> bool(np.allclose(truncated_kernel(np.array([[2.0, 1.0], [1.0, 2.0]]), 2), [[2, 1], [1, 2]]))
    True
    """
    spins = 2 * round(math.log2(kernel.shape[0]))
    if kernel.shape != (2 ** (spins // 2),) * 2 or np.any(kernel <= 0):
        raise ValueError(f"a kernel of N spins is a positive matrix of size 2^N, got shape {kernel.shape}")
    table = np.log(kernel).reshape((2,) * spins)
    for axis in range(spins):
        table = _walsh(table, axis) / 2
    counts = np.indices((2,) * spins).sum(axis=0)
    table = np.where(counts <= order, table, 0.0)
    for axis in range(spins):
        table = _walsh(table, axis)
    return np.asarray(np.exp(table).reshape(kernel.shape))


def _walsh(table: Array, axis: int) -> Array:
    """Sum and difference along one axis."""
    first, second = np.take(table, 0, axis), np.take(table, 1, axis)
    return np.stack([first + second, first - second], axis)
