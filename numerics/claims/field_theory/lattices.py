"""Claims on Gaussian fields in two dimensions: the derived bands against matrices of a torus
written entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sympy import Expr, Rational

from neurenorm.graphs.lattices import honeycomb, square
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.field_theory.tori import (
    TORUS,
    Array,
    written_honeycomb,
    written_square,
)
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import scaled, shifted
from neurenorm.theory.field.gaussian_field import GaussianField, wave_numbers

__all__ = ["CLAIMS"]


def bands_on_torus(bands: Sequence[Expr], effort: Effort) -> Array:
    """All eigenvalues of a periodic piece of 4 x 5 cells from the derived bands."""
    k1, k2 = np.meshgrid(
        *(2 * np.pi * np.arange(extent) / extent for extent in TORUS), indexing="ij"
    )
    return np.sort(
        np.concatenate([compiled(band, wave_numbers(2))(k1, k2).ravel() for band in bands])
    )


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
