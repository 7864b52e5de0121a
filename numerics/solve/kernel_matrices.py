"""Kernel matrices of many inputs: the derived maps of two inputs run over all pairs, in blocks that stay in cache.

Only the lower triangle is computed, from blocks of rows and columns, and each block runs through all layers before the next one is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import numerics.quadrature  # noqa: F401  (teaches the compiler to average)
from numerics.compile import compiled
from numerics.compile.kernels import build_kernel
from numerics.compile.numpy_target import NUMPY
from theory.symbols import symbols
from theory.wide import AA, AB, BB, SB2, SW2, K, WideLimit

__all__ = ["kernel_matrices"]

Array = NDArray[np.float64]
FIELD = symbols("field-theory")
BLOCK = 128


def kernel_matrices(wide: WideLimit, gram: ArrayLike, sw2: float, sb2: float, depth: int) -> tuple[Array, Array]:
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

    Returns
    -------
    kernel, tangent : ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If the overlaps are not a symmetric matrix, a variance is negative, there is no layer, or a kernel is not finite.

    Examples
    --------
    >>> from theory.activation import activation
    >>> kernel, tangent = kernel_matrices(WideLimit(activation("relu")), np.eye(2), 2.0, 0.0, 3)
    >>> kernel.round(6).tolist()
    [[2.0, 0.987462], [0.987462, 2.0]]
    >>> tangent.diagonal().tolist()
    [6.0, 6.0]
    """
    overlaps = np.asarray(gram, dtype=float)
    if overlaps.ndim != 2 or overlaps.shape[0] != overlaps.shape[1] or not np.allclose(overlaps, overlaps.T, rtol=1e-10, atol=0):
        raise ValueError(f"the overlaps of the inputs are a symmetric matrix, got shape {overlaps.shape}")
    if not (sw2 >= 0 and sb2 >= 0) or depth < 1:
        raise ValueError(f"variances are not negative and there is at least one layer, got sw2 = {sw2}, sb2 = {sb2}, depth = {depth}")
    first = sb2 + sw2 * overlaps
    lengths, tangents = _along_diagonal(wide, first.diagonal(), sw2, sb2, depth)
    kernel, tangent = np.empty_like(first), np.empty_like(first)
    pair = build_kernel(NUMPY, [wide.overlap, wide.slope_overlap], [AA, BB, AB]).function
    for rows, columns in _blocks(len(first)):
        block = _through_layers(pair, first[rows, columns], [(a[rows, None], a[None, columns]) for a in lengths[:-1]], sw2, sb2)
        if not all(np.all(np.isfinite(part)) for part in block):
            raise ValueError("a kernel is not finite: the signals explode with depth, or the slopes have no average at perfect correlation")
        for matrix, values in zip((kernel, tangent), block, strict=True):
            part = (values + values.T) / 2 if rows == columns else values
            matrix[rows, columns] = part
            matrix[columns, rows] = part.T
    for matrix, values in ((kernel, lengths[-1]), (tangent, tangents)):
        np.fill_diagonal(matrix, values)
    return kernel, tangent


def _along_diagonal(wide: WideLimit, first: Array, sw2: float, sb2: float, depth: int) -> tuple[list[Array], Array]:
    """Lengths of all inputs at every layer, and their tangent kernels at the last."""
    step = compiled(list(wide.tangent.step), [K, FIELD.Theta, SW2, SB2])
    lengths, tangent = [np.array(first)], np.array(first)
    for _ in range(depth - 1):
        length, tangent = step(lengths[-1], tangent, sw2, sb2)
        lengths.append(length)
    return lengths, tangent


def _through_layers(pair: Callable[..., Any], block: Array, lengths: list[tuple[Array, Array]], sw2: float, sb2: float) -> tuple[Array, Array]:
    """One block of pairs through all layers; vectors of lengths broadcast inside the generated function, so their roots cost nothing."""
    kernel, tangent = block.copy(), block.copy()
    parallel = bool(lengths) and np.any(np.abs(block) > (1 - 1e-9) * np.sqrt(lengths[0][0] * lengths[0][1]))
    with np.errstate(all="ignore"):
        for kaa, kbb in lengths:
            if parallel:
                bound = np.sqrt(kaa) * (np.sqrt(kbb) * (1 - 4 * np.finfo(float).eps))
                kernel = np.clip(kernel, -bound, bound)
            value, slope = pair(kaa, kbb, kernel)
            kernel = np.broadcast_to(value, block.shape) * sw2
            kernel += sb2
            tangent *= slope
            tangent *= sw2
            tangent += kernel
    return kernel, tangent


def _blocks(size: int) -> Iterator[tuple[slice, slice]]:
    """Blocks that cover the lower triangle."""
    for row in range(0, size, BLOCK):
        for column in range(0, row + 1, BLOCK):
            yield slice(row, min(row + BLOCK, size)), slice(column, min(column + BLOCK, size))
