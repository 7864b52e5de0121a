"""Kernel matrices of many inputs: the derived maps of two inputs run over all pairs, in blocks that
stay in cache.

Only the lower triangle is computed, from blocks of rows and columns, and each block runs through
all layers before the next one is touched. Where a C compiler is found and the averages have a form
in C, one layer of a block is a single generated loop over its pairs; elsewhere it is a generated
NumPy function, in which vectors of lengths broadcast.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurenorm.numerics.quadrature  # noqa: F401  (teaches the compiler to average)
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.compile.kernels import build_kernel
from neurenorm.numerics.compile.targets.numpy_target import NUMPY
from neurenorm.theory.symbols import symbols
from neurenorm.theory.wide.angle import DETERMINANT, by_determinant, is_regular_at_coincidence
from neurenorm.theory.wide.limit import AA, AB, BB, SB2, SW2, K, WideLimit

__all__ = ["kernel_matrices"]

Array = NDArray[np.float64]
FIELD = symbols("field-theory")
# two arrays of a block stay in cache, and each below the size at which memory is fetched from the
# system
BLOCK = 125
_LEAST = 1e-300
_ROUNDING = 4 * float(np.finfo(float).eps)  # correlations this near one are taken for one
Step = Callable[[Array, Array, Array, Array, Array], tuple[Array, Array]]


def kernel_matrices(
    wide: WideLimit, gram: ArrayLike, sw2: float, sb2: float, depth: int, threads: int | None = None
) -> tuple[Array, Array]:
    """Return the kernel and the neural tangent kernel of a wide network on many inputs.

    Parameters
    ----------
    wide : WideLimit
    gram : array_like, shape (n, n)
        Overlaps x_a·x_b/N_0 of the inputs.
    sw2, sb2 : float
        σ_w² and σ_b².
    depth : int
        Number of layers; K¹ = Θ¹ = σ_b² + σ_w² gram (NTK parametrisation).
    threads : int, optional
        Blocks computed at once; by default as many as there are processors for this process.

    Returns
    -------
    kernel, tangent : ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If the overlaps are not a symmetric matrix, a variance is negative, there is no layer, or a
        kernel is not finite.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> kernel, tangent = kernel_matrices(WideLimit(activation("relu")), np.eye(2), 2.0, 0.0, 3)
    >>> kernel.round(6).tolist()
    [[2.0, 0.987462], [0.987462, 2.0]]
    >>> tangent.diagonal().tolist()
    [6.0, 6.0]
    """
    overlaps = np.asarray(gram, dtype=float)
    if overlaps.ndim != 2 or overlaps.shape[0] != overlaps.shape[1] or not _is_symmetric(overlaps):
        raise ValueError(
            f"the overlaps of the inputs are a symmetric matrix, got shape {overlaps.shape}"
        )
    if not (sw2 >= 0 and sb2 >= 0) or depth < 1:
        raise ValueError(
            f"variances are not negative and there is at least one layer, got sw2 = {sw2}, sb2 = "
            f"{sb2}, depth = {depth}"
        )
    lengths, tangents = _along_diagonal(wide, sb2 + sw2 * overlaps.diagonal(), sw2, sb2, depth)
    _refuse_infinite((lengths[-1], tangents))
    kernel, tangent = np.empty_like(overlaps), np.empty_like(overlaps)
    owned = (lengths[-1], tangents)
    step = _pair_step(wide, sw2, sb2)
    pair = (by_determinant(wide.overlap), by_determinant(wide.slope_overlap))
    bound = 1.0 if all(map(is_regular_at_coincidence, pair)) else 1 - _ROUNDING

    def filled(place: tuple[slice, slice]) -> None:
        """One block and its mirror image."""
        rows, columns = place
        start = sb2 + sw2 * overlaps[rows, columns]
        if rows == columns:
            np.fill_diagonal(start, 0.0)  # known from the lengths
        along = [(a[rows, None], a[None, columns]) for a in lengths]
        block = _through_layers(step, start, along, bound)
        one = _is_one_input(start, *along[0])
        for matrix, values, own in zip((kernel, tangent), block, owned, strict=True):
            part = np.where(one, own[rows, None], values)
            _refuse_infinite((part,))
            part = (part + part.T) / 2 if rows == columns else part
            matrix[rows, columns] = part
            matrix[columns, rows] = part.T

    with ThreadPoolExecutor(threads or _processors()) as pool:
        list(pool.map(filled, _blocks(len(overlaps))))
    for matrix, values in zip((kernel, tangent), owned, strict=True):
        np.fill_diagonal(matrix, values)
    return kernel, tangent


def _refuse_infinite(parts: Sequence[Array]) -> None:
    """Say why a kernel may not be finite."""
    if not all(np.all(np.isfinite(part)) for part in parts):
        raise ValueError(
            "a kernel is not finite: the signals explode with depth, or the slopes have no average "
            "at perfect correlation"
        )


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_symmetric(matrix: Array) -> bool:
    """Whether a square matrix of finite numbers equals its transpose up to rounding."""
    if np.array_equal(matrix, matrix.T):
        return True
    return bool(
        np.max(np.abs(matrix - matrix.T), initial=0.0)
        <= 1e-10 * np.max(np.abs(matrix), initial=0.0)
    )


def _along_diagonal(
    wide: WideLimit, first: Array, sw2: float, sb2: float, depth: int
) -> tuple[list[Array], Array]:
    """Lengths of all inputs at every layer, and their tangent kernels at the last."""
    step = compiled(list(wide.tangent.step), [K, FIELD.Theta, SW2, SB2])
    lengths, tangent = [np.array(first)], np.array(first)
    for _ in range(depth - 1):
        length, tangent = step(lengths[-1], tangent, sw2, sb2)
        lengths.append(length)
    return lengths, tangent


def _is_one_input(start: Array, first: Array, second: Array) -> NDArray[np.bool_]:
    """Where two inputs are one up to rounding: they stay one through all layers."""
    near = _ROUNDING * first
    same: NDArray[np.bool_] = (np.abs(first - start) <= near) & (np.abs(second - start) <= near)
    return same


def _pair_step(wide: WideLimit, sw2: float, sb2: float) -> Step:
    """One layer of a block of pairs, (K_aa, K_bb, K_ab, Θ_ab, D) to (K_ab', Θ_ab')."""
    *_, kernel, tangent = map(by_determinant, wide.tangents.step)
    arguments = [*wide.tangents.state, DETERMINANT, SW2, SB2]
    loop = compiled([kernel, tangent], arguments, "c")
    if loop.target != "c":
        return _broadcasting_step(wide, sw2, sb2)

    def fused(
        kaa: Array, kbb: Array, kab: Array, theta: Array, determinant: Array
    ) -> tuple[Array, Array]:
        """A generated loop over flat arrays."""
        spread = (np.ascontiguousarray(np.broadcast_to(part, kab.shape)) for part in (kaa, kbb))
        found = loop(*spread, kab, theta, determinant, sw2, sb2)
        return found[0], found[1]

    return fused


def _broadcasting_step(wide: WideLimit, sw2: float, sb2: float) -> Step:
    """The same in NumPy; vectors of lengths broadcast inside the generated function, so their roots
    cost nothing.
    """
    forms = [by_determinant(wide.overlap), by_determinant(wide.slope_overlap)]
    pair = build_kernel(NUMPY, forms, [AA, BB, AB, DETERMINANT]).function

    def step(
        kaa: Array, kbb: Array, kab: Array, theta: Array, determinant: Array
    ) -> tuple[Array, Array]:
        """One layer."""
        value, slope = pair(kaa, kbb, kab, determinant)
        kernel = np.broadcast_to(value, kab.shape) * sw2
        kernel += sb2
        return kernel, kernel + sw2 * slope * theta

    return step


def _through_layers(
    step: Step, block: Array, lengths: list[tuple[Array, Array]], bound: float
) -> tuple[Array, Array]:
    """One block of pairs through all layers; parallel inputs are put at the largest correlation."""
    kernel, tangent = block, block
    with np.errstate(all="ignore"):
        for here, after in pairwise(lengths):
            kaa, kbb = (np.maximum(length, _LEAST) for length in here)
            scale = np.sqrt(kaa) * np.sqrt(kbb)
            parallel = np.abs(kernel) >= scale * (1 - _ROUNDING)
            if np.any(parallel):
                kernel = np.where(parallel, np.sign(kernel) * scale * bound, kernel)
            determinant = (scale - kernel) * (scale + kernel)
            kernel, tangent = step(kaa, kbb, kernel, tangent, determinant)
            if not all(
                np.all(length) for length in after
            ):  # a signal of length zero has no overlap with any other
                kernel = np.where(after[0] * after[1] == 0, 0.0, kernel)
                tangent = np.where(after[0] * after[1] == 0, 0.0, tangent)
    return kernel, tangent


def _blocks(size: int) -> Iterator[tuple[slice, slice]]:
    """Blocks that cover the lower triangle."""
    for row in range(0, size, BLOCK):
        for column in range(0, row + 1, BLOCK):
            yield slice(row, min(row + BLOCK, size)), slice(column, min(column + BLOCK, size))
