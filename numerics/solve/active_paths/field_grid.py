"""Laws of fields on a symmetric grid, kept by their even and odd parts, and the tables that move
their weight to where a function takes it.

A law on {-n step, …, n step} is kept by P(a) + P(-a) and P(a) - P(-a) for a >= 0 (at a = 0: P(0)
and 0). A point between grid points is shared out over the four nearest ones with the weights of
cubic interpolation. That keeps its first three moments, so means of smooth functions are off by the
fourth power of the step; near zero the share of a point beyond it goes to its mirror image, with a
plus sign for the even part and a minus sign for the odd one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sympy import Expr, I, Symbol, expand_complex

from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.compile import compiled
from neurenorm.theory.symbols import symbols

__all__ = [
    "Law",
    "Table",
    "circular",
    "combined",
    "generating",
    "pair_table",
    "shared_out",
    "transform_size",
]

Array = NDArray[np.float64]
Law = tuple[Array, Array]
PATHS = symbols("active-paths")
_REAL, _IMAGINARY = Symbol("z_re", real=True), Symbol("z_im", real=True)
OFFSETS = np.arange(-1, 3)[:, None]


@dataclass(frozen=True, eq=False)
class Table:
    """Where the weight of each source point goes: one sparse matrix for even parts and one for odd
    parts.
    """

    even: sparse.csr_array
    odd: sparse.csr_array

    def __call__(self, law: Law) -> Law:
        """Move a law."""
        even, odd = law
        return self.even @ even, self.odd @ odd if odd.any() else np.zeros(self.odd.shape[0])

    def __add__(self, other: Table) -> Table:
        """Return the sum of two moves, as a mixture needs it."""
        return Table(self.even + other.even, self.odd + other.odd)

    def scaled(self, even: float, odd: float) -> Table:
        """Return the table with its two parts multiplied by numbers."""
        return Table(self.even * even, self.odd * odd)


@checked_arguments
def shared_out(positions: Array, size: int) -> Table:
    """Tabulate how points at positions >= 0, in units of the step, are shared out over the grid
    points 0 … size - 1.

    Examples
    --------
    >>> table = shared_out(np.array([1.5]), 5)
    >>> table.even.toarray().ravel()
    array([-0.0625,  0.5625,  0.5625, -0.0625,  0.    ])
    """
    flat = np.ravel(positions)
    below = np.minimum(flat.astype(np.int64), size - 1)
    places, weights = below + OFFSETS, _cubic(flat - below)
    kept = np.minimum(np.abs(places), size - 1)  # beyond the last point only rounding is left
    sources = np.broadcast_to(np.arange(flat.size), places.shape)
    shape, at = (size, flat.size), (kept.ravel(), sources.ravel())
    odd = weights * np.sign(places)
    return Table(
        *(sparse.coo_array((part.ravel(), at), shape=shape).tocsr() for part in (weights, odd))
    )


def _cubic(s: Array) -> Array:
    """Return the weights of cubic interpolation at -1, 0, 1, 2 for a point at 0 <= s <= 1."""
    return np.stack(
        [
            -s * (s - 1) * (s - 2) / 6,
            (s + 1) * (s - 1) * (s - 2) / 2,
            -(s + 1) * s * (s - 2) / 2,
            (s + 1) * s * (s - 1) / 6,
        ]
    )


@lru_cache(maxsize=4)
def pair_table(bias: Expr, step: float, points: int) -> Table:
    """Tabulate the combination of every two sizes of fields on a grid."""
    fields = np.arange(points + 1) * step
    together = compiled(bias, [PATHS.u, PATHS.h])(fields[:, None], fields[None, :])
    return shared_out(np.maximum(together, 0.0) / step, points + 1)


def combined(pairs: Table, first: Law, second: Law) -> Law:
    """Return the law of the combination of two independent fields: sizes combine, signs
    multiply.
    """
    even, odd = (np.multiply.outer(a, b).ravel() for a, b in zip(first, second, strict=True))
    return pairs((even, odd))


def circular(law: Law, size: int) -> Array:
    """Return a law as an array over the circle of grid points."""
    even, odd = (np.concatenate([part, np.zeros(size // 2 + 1 - len(part))]) for part in law)
    array = np.zeros(size)
    array[: size // 2 + 1] = (even + odd) / 2
    array[: size // 2 : -1] = ((even - odd) / 2)[1:-1]
    array[0] = even[0]
    return array


def transform_size(bias_points: int, degree: float) -> int:
    """Return a power of two that holds the sum of as many biases as occur with a probability above
    1e-14.
    """
    most = degree + 8 * np.sqrt(degree) + 12
    return 1 << int(np.ceil(np.log2(2 * bias_points * most)))


@lru_cache(maxsize=16)
def generating(
    expression: Expr,
) -> Callable[
    [NDArray[np.complex128], float], tuple[NDArray[np.complex128], NDArray[np.complex128]]
]:
    """Compile a generating function at complex arguments, with its derivative by c, through their
    real and imaginary parts.
    """
    parts = []
    for formula in (expression, expression.diff(PATHS.c)):
        parts += expand_complex(formula.subs(PATHS.z, _REAL + I * _IMAGINARY)).as_real_imag()
    function = compiled(parts, [_REAL, _IMAGINARY, PATHS.c])

    def evaluate(
        z: NDArray[np.complex128], c: float
    ) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Value and derivative."""
        value = function(z.real, z.imag, c)
        return value[0] + 1j * value[1], value[2] + 1j * value[3]

    return evaluate
