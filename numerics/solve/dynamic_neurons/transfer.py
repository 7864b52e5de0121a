"""Transfer operators as numbers: Nyström discretisation of layer kernels, wide binary layers,
truncated kernels.

A layer acts on functions of its neurons by an integral or a sum; the eigenvalues lambda_n of this
operator give the correlation lengths xi_n = -1/ln|lambda_n/lambda_0| in layers. A smooth kernel on
an interval is replaced by its values at Gauss-Legendre nodes, T_ij = T(x_i | x_j) w_j, whose
leading eigenvalues converge faster than any power of the number of nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import eigs

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.correlation_length import correlation_length
from neurenorm.theory.dynamic_neurons.wide import TAU, U, WideBinary, critical_scaling

__all__ = [
    "OperatorSpectrum",
    "correlation_lengths",
    "diffusion_rates",
    "largest_eigenvalue_ball",
    "nystroem_spectrum",
    "overlap_eigenvalue",
    "scaled_correlation_length",
    "truncated_kernel",
    "wide_second_eigenvalue",
    "wide_second_eigenvalue_ball",
]

UNRESOLVED = (
    0.02  # relative change of the largest eigenvalue beyond which a kernel counts as not resolved
)
PATIENCE = 60  # iterations without a closer enclosure

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


def nystroem_spectrum(
    kernel: Kernel, half_width: float, nodes: int = 400, count: int = 4
) -> OperatorSpectrum:
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
        If the kernel is not finite or not resolved by the nodes, or the numbers make no sense.

    Examples
    --------
    >>> kernel = lambda h, after: np.sqrt(2 / np.pi) * np.exp(-2 * (after - 0.5 * h) ** 2)
    >>> nystroem_spectrum(kernel, 6.0, 200, 3).values.round(9).tolist()
    [1.0, 0.5, 0.25]
    """
    if not (math.isfinite(half_width) and half_width > 0) or nodes < 2 or not 1 <= count <= nodes:
        raise ValueError(
            f"the half width must be positive, and the nodes at least as many as the {count} "
            f"eigenvalues; got L = {half_width}, {nodes} nodes"
        )
    values = _leading(kernel, half_width, nodes, count)
    finer = _leading(kernel, half_width * 1.125, nodes + nodes // 2, count)
    if not abs(values[0] - finer[0]) < UNRESOLVED * max(abs(values[0]), abs(finer[0])):
        raise ValueError(
            f"{nodes} nodes on [-{half_width:g}, {half_width:g}] do not resolve the kernel: more "
            "nodes on a wider interval change its largest eigenvalue "
            f"from {abs(values[0]):.3g} to {abs(finer[0]):.3g}; take more nodes, or a wider "
            "interval"
        )
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
    return (
        ordered.real
        if np.all(np.abs(ordered.imag) < 1e-9 * max(1.0, float(np.abs(ordered[0]))))
        else ordered
    )


def correlation_lengths(values: Sequence[float] | NDArray[Any]) -> Array:
    """Return xi_n = -1/ln|lambda_n/lambda_0| in layers, for n >= 1: zero for a vanishing
    eigenvalue, infinite for a degenerate one.

    Examples
    --------
    >>> correlation_lengths([1.0, 0.5, 0.0]).round(6).tolist()
    [1.442695, 0.0]
    """
    given = np.asarray(values)
    if given.ndim != 1 or not len(given) or given.dtype.kind not in "iufc":
        raise ValueError("the eigenvalues are a list of at least one number")
    ratios = np.abs(given[1:] / given[0])
    return np.asarray(correlation_length(np.minimum(ratios, 1.0)))


def wide_second_eigenvalue(width: int, gain: float) -> float:
    """Return the second eigenvalue of a wide binary layer.

    Parameters
    ----------
    width : int
        Odd number of neurons N.
    gain : float
        g, at most sqrt(N) in size; the weights have the mean g/sqrt(N).

    Returns
    -------
    float
        Of largest size among those of odd functions; negative for a negative gain.

    Examples
    --------
    >>> round(wide_second_eigenvalue(11, 1.0), 10)
    0.7864226637
    """
    return float(wide_second_eigenvalue_ball(width, fmpq(*float(gain).as_integer_ratio())).mid())


def wide_second_eigenvalue_ball(width: int, gain: fmpq) -> arb:
    """Return an enclosure of the second eigenvalue of a wide binary layer at the present precision.

    The matrix of increments has no negative entry, so for any positive vector v the smallest and
    the largest ratio (B v)_i / v_i enclose its largest eigenvalue (Collatz and Wielandt); v is
    iterated until the bounds meet as closely as the precision allows. A negative gain turns the
    sign.

    Raises
    ------
    ValueError
        If the gain is larger than sqrt(N).

    Examples
    --------
    >>> wide_second_eigenvalue_ball(3, fmpq(1)).str(8, radius=False)
    '0.81631365'
    """
    problem = WideBinary(width)
    if gain * gain > width:
        raise ValueError(
            f"binary weights of mean g/sqrt(N) need |g| <= sqrt(N) = {math.sqrt(width):.6g}, got g "
            f"= {float(gain.p) / float(gain.q):g}"
        )
    if gain == 0:
        return arb(0)
    found = largest_eigenvalue_ball(problem.increments(arb(abs(gain)) / arb(width).sqrt()))
    return found if gain > 0 else -found


def largest_eigenvalue_ball(matrix: Sequence[Sequence[arb]]) -> arb:
    """Return an enclosure of the largest eigenvalue of a matrix that is known to have no negative
    entry.

    Parameters
    ----------
    matrix : sequence of rows of arb
        Rows of exact zeros are left out: they add eigenvalues zero.

    Examples
    --------
    >>> largest_eigenvalue_ball([[arb(2), arb(1)], [arb(1), arb(2)]]).contains(3)
    True
    """
    kept = [i for i, row in enumerate(matrix) if not all(entry.is_zero() for entry in row)]
    if not kept:
        return arb(0)
    table = arb_mat([[matrix[i][j] for j in kept] for i in kept])
    heaviest = max(kept, key=lambda i: float(matrix[i][i].mid()))
    start = [
        matrix[i][heaviest].mid() for i in kept
    ]  # has the scale of the wanted vector, whose entries may differ by thousands of orders
    vector = arb_mat(
        [[entry] for entry in start] if all(entry > 0 for entry in start) else [[1]] * len(kept)
    )
    best, waited = arb(0, math.inf), 0
    while best.rel_accuracy_bits() < ctx.prec - 16 and waited < PATIENCE:
        image = table * vector
        ratios = [image[i, 0] / vector[i, 0] for i in range(len(kept))]
        found = min(ratio.lower() for ratio in ratios).union(max(ratio.upper() for ratio in ratios))
        waited = 0 if found.rel_accuracy_bits() > best.rel_accuracy_bits() else waited + 1
        best = found if found.rel_accuracy_bits() > best.rel_accuracy_bits() else best
        largest = max(image[i, 0].mid() for i in range(len(kept)))
        scaled = [(image[i, 0] / largest).mid() for i in range(len(kept))]
        if not all(entry > 0 for entry in scaled):
            break  # the precision cannot tell an entry from zero
        vector = arb_mat([[entry] for entry in scaled])
    return best


@checked_arguments
def diffusion_rates(
    drift: Callable[[Array], Array],
    noise: float,
    half_width: float = 9.0,
    points: int = 240,
    count: int = 3,
) -> Array:
    """Return the lowest rates of decay of the diffusion du = drift(u) ds + sqrt(noise) dB on a line
    with a confining drift, the first of which is zero.

    With the stationary density divided out, the generator becomes -noise/2 d²/du² + drift²/(2
    noise) + drift'/2, which is diagonalised in sinc functions.

    Parameters
    ----------
    drift : callable
        For arrays.
    noise : float
        Variance per unit of time.
    half_width : float
        The line is cut at plus and minus this.
    points, count : int
        Of the grid, and rates to return.

    Examples
    --------
    The rates of a linear restoring drift are 0, 1, 2, …

    >>> diffusion_rates(lambda u: -u, 1.0).round(9).tolist()
    [0.0, 1.0, 2.0]
    """
    u = np.linspace(-half_width, half_width, points)
    step = u[1] - u[0]
    apart = np.arange(points)[:, None] - np.arange(points)[None, :]
    kinetic = (
        np.where(apart == 0, math.pi**2 / 6, (-1.0) ** apart / np.where(apart == 0, 1, apart) ** 2)
        / step**2
    )
    slope = (drift(u + 1e-5) - drift(u - 1e-5)) / 2e-5
    rates = np.linalg.eigvalsh(noise * kinetic + np.diag(drift(u) ** 2 / (2 * noise) + slope / 2))
    return np.asarray(np.abs(rates[:count]))


@checked_arguments
def scaled_correlation_length(tau: float) -> float:
    """Return xi/sqrt(N) of wide binary layers at the gain g_c (1 + tau/sqrt(N)), in the limit of
    infinite width.

    Examples
    --------
    >>> [round(scaled_correlation_length(tau), 4) for tau in (-1.0, 0.0)]
    [0.7903, 2.0196]
    """
    if not math.isfinite(tau):
        raise ValueError(f"tau is finite, got {tau}")
    scaling = critical_scaling()
    drift = compiled(scaling.drift, [U, TAU])
    return float(1 / diffusion_rates(lambda u: np.asarray(drift(u, tau)), float(scaling.noise))[1])


@checked_arguments
def overlap_eigenvalue(matrix: ArrayLike) -> float:
    """Return the third eigenvalue of the transfer matrix of two data, whose first two are 1 (it is
    absorbed at both ends).

    Examples
    --------
    >>> from neurenorm.theory.dynamic_neurons.wide import overlap_matrix
    >>> round(overlap_eigenvalue(overlap_matrix(3).tolist()), 12)
    0.75
    """
    return float(np.sort(np.linalg.eigvals(np.array(matrix, dtype=float)).real)[-3])


def truncated_kernel(kernel: Array, order: int) -> Array:
    """Return a positive kernel on +-1 spins whose log-weight keeps only products of at most
    ``order`` spins of both ends together.

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
        raise ValueError(
            f"a kernel of N spins is a positive matrix of size 2^N, got shape {kernel.shape}"
        )
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
