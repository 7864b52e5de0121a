"""Claims on what is no result of random networks: the covariance along depth, the transfer operator
of lengths, the length at which both maps are critical.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sympy import Expr, Integer, Matrix, Rational

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.field_theory.along_depth import written_covariance
from neurenorm.numerics.simulation.field_theory.spectra import (
    Array,
    half_stable_gelu,
    transfer_spectrum,
)
from neurenorm.numerics.solve.field_theory.universality import half_stable_points
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant, flipped, replaced, scaled, shifted
from neurenorm.theory.field_theory.depth_field import BOUNDARIES, DepthField
from neurenorm.theory.field_theory.finite_width import FIELD, ScaleInvariant
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import SW2, WideLimit

__all__ = ["CLAIMS"]


# --- the field along depth
# --------------------------------------------------------------------------------------------------

LAYERS = 9


def covariances(boundary: str) -> Matrix:
    """All closed covariances of nine layers."""
    depth = DepthField(FIELD.a, Integer(1))
    return Matrix(LAYERS, LAYERS, lambda i, j: depth.covariance(i + 1, j + 1, LAYERS, boundary))


def depth_claim(boundary: str) -> Claim:
    """Claim that the closed covariance inverts the precision."""
    return Claim(
        f"field-theory/depth-covariance-{boundary}",
        f"the closed covariance of fluctuations along depth ({boundary}) inverts the precision",
        lambda: covariances(boundary),
        lambda matrix, _: np.array(compiled(matrix, [FIELD.a])(0.8)),
        lambda rng, effort: written_covariance(0.8, LAYERS, boundary),
        Exact(11),
        (scaled(1.0000001), flipped(FIELD.a), shifted(FIELD.a, Rational(1, 10**6))),
    )


# --- finite width, deterministic
# --------------------------------------------------------------------------------------------------


def linear_spectrum() -> Sequence[Expr]:
    """The first five factors per layer of the linear chain."""
    linear = ScaleInvariant(Integer(1), Integer(1))
    return [linear.length_eigenvalue(order) for order in range(5)]


SPECTRUM = Claim(
    "field-theory/transfer-spectrum",
    "the layer-to-layer transfer operator of the linear network has the eigenvalues a^k prod (1 + "
    "2j/N)",
    linear_spectrum,
    lambda expressions, _: np.array(
        [float(compiled(e, [SW2, FIELD.N])(0.5, 16.0)) for e in expressions]
    ),
    transfer_spectrum,
    Exact(6),
    (scaled(1.00001), replaced("without the 1/N terms", lambda e: e.subs(FIELD.N, 10**9))),
)


def half_stable_of(wide: WideLimit, effort: Effort) -> Array:
    """The same as derived."""
    points = half_stable_points(wide)
    return np.array([points[0].length, points[0].sw2]) if points else np.full(2, np.nan)


HALF_STABLE = Claim(
    "field-theory/half-stable-gelu",
    "GELU is critical at one length, where the slopes of the maps of lengths and of angles are "
    "both 1",
    lambda: WideLimit(activation("gelu")),
    half_stable_of,
    half_stable_gelu,
    Exact(8),
    (Mutant("the logistic gate", lambda _: WideLimit(activation("swish"))),),
)

CLAIMS = (HALF_STABLE, *(depth_claim(boundary) for boundary in BOUNDARIES), SPECTRUM)
