"""Claims on Gaussian fields in two dimensions: the derived bands against matrices of a torus
written entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Rational

from neurenorm.graphs.lattices import honeycomb, square
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import scaled, shifted
from neurenorm.theory.field.gaussian_field import GaussianField, wave_numbers

__all__ = ["CLAIMS"]

Array = NDArray[np.float64]
TORUS = (4, 5)


def bands_on_torus(bands: Sequence[Expr], effort: Effort) -> Array:
    """All eigenvalues of a periodic piece of 4 x 5 cells from the derived bands."""
    k1, k2 = np.meshgrid(
        *(2 * np.pi * np.arange(extent) / extent for extent in TORUS), indexing="ij"
    )
    return np.sort(
        np.concatenate([compiled(band, wave_numbers(2))(k1, k2).ravel() for band in bands])
    )


def written_honeycomb(rng: np.random.Generator, effort: Effort) -> Array:
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


def written_square(rng: np.random.Generator, effort: Effort) -> Array:
    """Eigenvalues of 5 - (sum over the four neighbours) on the same torus."""
    rows, columns = (
        np.roll(np.eye(extent), 1, axis=0) + np.roll(np.eye(extent), -1, axis=0) for extent in TORUS
    )
    neighbours = np.kron(rows, np.eye(TORUS[1])) + np.kron(np.eye(TORUS[0]), columns)
    return np.asarray(np.linalg.eigvalsh(5 * np.eye(len(neighbours)) - neighbours), dtype=float)


def lattice_claim(
    name: str,
    bands: Callable[[], Sequence[Expr]],
    witness: Callable[[np.random.Generator, Effort], Array],
) -> Claim:
    """Claim that the symbol of a Gaussian field gives the spectrum of a finite torus."""
    return Claim(
        f"field-theory/gaussian-field-{name}",
        f"the derived bands of a Gaussian field on the {name} lattice are the eigenvalues of its "
        "precision on a torus",
        lambda: list(bands()),
        bands_on_torus,
        witness,
        Exact(11),
        (scaled(1.0000001), shifted(wave_numbers(2)[0], Rational(1, 10**4))),
    )


CLAIMS: Sequence[Claim] = (
    lattice_claim("honeycomb", lambda: GaussianField(honeycomb(), 4, -1).bands, written_honeycomb),
    lattice_claim("square", lambda: GaussianField(square(), 5, -1).bands, written_square),
)
