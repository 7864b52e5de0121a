"""Spectra and critical points of random networks by plain matrices and quadrature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from neurenorm.numerics.simulation.field_theory.maps import half_stable_point
from neurenorm.numerics.simulation.work import Work

__all__ = ["Array", "half_stable_gelu", "transfer_spectrum"]

Array = NDArray[np.float64]


def transfer_spectrum(rng: np.random.Generator, effort: Work) -> Array:
    """Eigenvalues of the kernel of q' = (sb2 + a q) chi²/N on a logarithmic grid, N = 16, a =
    0.5.
    """
    u = np.linspace(np.log(0.003), np.log(1000), 400)
    x = np.exp(u)[None, :] * 16 / (0.5 + 0.5 * np.exp(u))[:, None]
    density = np.exp(8 * np.log(x) - x / 2 - 8 * np.log(2) - special.gammaln(8))
    return np.sort(np.abs(np.linalg.eigvals(density * (u[1] - u[0]))))[::-1][:5]


def half_stable_gelu(rng: np.random.Generator, effort: Work) -> Array:
    """K and σ_w² at which the slopes of both maps of GELU are one."""
    return np.array(half_stable_point("gelu", (3.0, 2.0)))
