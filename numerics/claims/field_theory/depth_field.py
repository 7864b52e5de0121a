"""Claims on closed forms of random networks: the radial chain of a linear layer and the coupled
modes of several inputs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, ImmutableDenseMatrix, Matrix, Rational, Symbol

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.field_theory.radial import (
    LENGTHS,
    VARIANCES,
    WAVES,
    WIDTH,
    Array,
    chi_squared,
    summed_covariances,
)
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import flipped, scaled
from neurenorm.theory.field_theory.action import radial_action
from neurenorm.theory.field_theory.depth_field import matrix_symbol
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

FIELD = symbols("field-theory")
BELOW, HERE = Symbol("q_below", positive=True), Symbol("q_here", positive=True)


def density(action: Expr, effort: Effort) -> Array:
    """Return exp(-S) at several lengths, the layer below being at 0.9."""
    arguments = [BELOW, HERE, FIELD.sw2, FIELD.sb2]
    return np.exp(
        -np.array(compiled(action, arguments)(np.full(3, 0.9), LENGTHS, *VARIANCES), dtype=float)
    )


RADIAL = Claim(
    "field-theory/radial-action",
    "exp(-S) of the radial chain of a linear layer of width 7 is the density of the length of the "
    "layer above",
    lambda: radial_action(BELOW, HERE, Rational(WIDTH)),
    density,
    chi_squared,
    Exact(12),
    (scaled(1.000001), flipped(FIELD.sb2)),
)

WAVE = Symbol("k", real=True)
JACOBIAN, NOISE = [["1/2", "1/5"], ["-1/10", "3/10"]], [["1", "1/4"], ["1/4", "4/5"]]


def coupled_precision() -> ImmutableDenseMatrix:
    """Return the precision of two coupled fluctuations, wave by wave."""
    return matrix_symbol(
        Matrix(JACOBIAN).applyfunc(Rational), Matrix(NOISE).applyfunc(Rational), WAVE
    )


def at_waves(symbol: ImmutableDenseMatrix, effort: Effort) -> NDArray[np.complex128]:
    """Return the precision at each wave."""
    return np.array([np.array(symbol.subs(WAVE, wave).evalf(20)).astype(complex) for wave in WAVES])


COUPLED = Claim(
    "field-theory/coupled-modes",
    "the precision of two coupled fluctuations is the inverse of the spectral density summed from "
    "their covariances",
    coupled_precision,
    at_waves,
    summed_covariances,
    Exact(11, scale=1.0),
    (scaled(1.000001), flipped(WAVE)),
)

CLAIMS = (RADIAL, COUPLED)
