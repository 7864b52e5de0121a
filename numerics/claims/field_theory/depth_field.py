"""Claims on closed forms of random networks: the radial chain of a linear layer and the coupled
modes of several inputs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_discrete_lyapunov
from scipy.stats import chi2
from sympy import Expr, ImmutableDenseMatrix, Matrix, Rational, Symbol

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import flipped, scaled
from neurenorm.theory.field_theory.action import radial_action
from neurenorm.theory.field_theory.depth_field import matrix_symbol
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

Array = NDArray[np.float64]
FIELD = symbols("field-theory")
BELOW, HERE = Symbol("q_below", positive=True), Symbol("q_here", positive=True)
LENGTHS, WIDTH, VARIANCES = np.array([0.4, 1.0, 2.3]), 7, (1.3, 0.2)


def density(action: Expr, effort: Effort) -> Array:
    """Return exp(-S) at several lengths, the layer below being at 0.9."""
    arguments = [BELOW, HERE, FIELD.sw2, FIELD.sb2]
    return np.exp(
        -np.array(compiled(action, arguments)(np.full(3, 0.9), LENGTHS, *VARIANCES), dtype=float)
    )


def chi_squared(rng: np.random.Generator, effort: Effort) -> Array:
    """Return the density of the mean square of independent normal numbers of the layer's
    variance.
    """
    kernel = VARIANCES[1] + VARIANCES[0] * 0.9
    return np.asarray(chi2.pdf(WIDTH * LENGTHS / kernel, WIDTH) * WIDTH / kernel)


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
WAVES = (0.0, 0.7, 2.1)


def coupled_precision() -> ImmutableDenseMatrix:
    """Return the precision of two coupled fluctuations, wave by wave."""
    return matrix_symbol(
        Matrix(JACOBIAN).applyfunc(Rational), Matrix(NOISE).applyfunc(Rational), WAVE
    )


def at_waves(symbol: ImmutableDenseMatrix, effort: Effort) -> NDArray[np.complex128]:
    """Return the precision at each wave."""
    return np.array([np.array(symbol.subs(WAVE, wave).evalf(20)).astype(complex) for wave in WAVES])


def summed_covariances(rng: np.random.Generator, effort: Effort) -> NDArray[np.complex128]:
    """Sum the covariances of the stationary process x' = J x + noise over all lags into its
    spectral density, and invert that.
    """
    step, noise = np.array([[0.5, 0.2], [-0.1, 0.3]]), np.array([[1, 0.25], [0.25, 0.8]])
    still = solve_discrete_lyapunov(step, noise)
    ahead = [np.linalg.matrix_power(step, lag) @ still for lag in range(1, 120)]
    spectra = [
        still
        + sum(
            c * np.exp(-1j * k * lag) + c.T * np.exp(1j * k * lag) for lag, c in enumerate(ahead, 1)
        )
        for k in WAVES
    ]
    return np.linalg.inv(np.array(spectra))


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
