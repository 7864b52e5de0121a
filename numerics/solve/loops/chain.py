"""Eigenvalues of one step of a stiff chain of neurons, from its transfer operator on a grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.compile import compiled
from neurenorm.theory.gaussian.activation import Activation

__all__ = ["nearest_eigenvalue"]

Array = NDArray[np.float64]
_REACH, _STEP, _MOST = 9.0, 0.45, 1600  # in standard deviations of the noise; points


def nearest_eigenvalue(phi: Activation, noise: float, guess: float) -> float | None:
    """Return the eigenvalue of h' = f(h) + √D ξ that is closest to a guess, None where the step
    does not stay on a grid of a bearable size or the closest one is complex.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> round(nearest_eigenvalue(activation("h/2"), 0.1, 0.4), 12)
    0.5
    """
    f, width = compiled(phi.expression, [phi.variable]), np.sqrt(noise)
    reach = _REACH * width
    for _ in range(400):
        x = np.linspace(-reach, reach, 401)
        wider = float(np.max(np.abs(np.broadcast_to(f(x), x.shape)))) + _REACH * width
        if wider <= reach * (1 + 1e-9):
            break
        reach = wider
        if reach > _MOST * _STEP * width / 2:
            return None
    x = np.arange(-reach, reach + _STEP * width, _STEP * width)
    distance = (x[:, None] - np.broadcast_to(f(x), x.shape)) / width
    matrix = _STEP * np.exp(-distance * distance / 2) / np.sqrt(2 * np.pi)
    values = np.linalg.eigvals(matrix)
    found = values[np.argmin(np.abs(values - guess))]
    return float(found.real) if abs(found.imag) < 1e-9 else None
