"""The fit of a power law to a quantity that falls with time, depth or size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from neurenorm.graphs.rendering import Tabulated

__all__ = ["PowerLaw", "power_law"]


@dataclass(frozen=True)
class PowerLaw(Tabulated):
    """A fit O(t) = A t^(-alpha) over a window.

    Attributes
    ----------
    alpha, error : float
        Exponent and its standard error.
    amplitude : float
    r2 : float
        Share of the variance of ln O that the fit explains.
    window : tuple of float
        The first and the last t that were used.
    points : int
    """

    alpha: float
    error: float
    amplitude: float
    r2: float
    window: tuple[float, float]
    points: int


def power_law(
    t: ArrayLike, values: ArrayLike, window: tuple[float, float] | None = None, limit: float = 0.0
) -> PowerLaw:
    """Fit a power law by least squares in log-log over a window.

    Parameters
    ----------
    t, values : array_like of one length
        Positive inside the window.
    window : pair of float, optional
        Which t to use; all by default.
    limit : float
        A known value for t to infinity, which is taken off first.

    Raises
    ------
    ValueError
        If fewer than three points are in the window, or a number there is not positive.

    Examples
    --------
    >>> t = np.arange(1, 50)
    >>> fit = power_law(t, 3 * t**-0.5, window=(5, 40))
    >>> round(fit.alpha, 9), round(fit.amplitude, 9), fit.points
    (0.5, 3.0, 36)
    """
    x, y = np.asarray(t, dtype=float), np.asarray(values, dtype=float) - limit
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(
            f"t and the values are two lists of one length, got shapes {x.shape} and {y.shape}"
        )
    low, high = window if window is not None else (float(x.min()), float(x.max()))
    chosen = (x >= low) & (x <= high)
    if chosen.sum() < 3:
        raise ValueError(
            f"a power law needs at least three points, and the window ({low}, {high}) holds "
            f"{int(chosen.sum())}"
        )
    if np.any(x[chosen] <= 0) or np.any(y[chosen] <= 0) or not np.all(np.isfinite(y[chosen])):
        raise ValueError(
            "a power law needs positive times and values (after the limit is taken off) in its "
            "window"
        )
    fit = stats.linregress(np.log(x[chosen]), np.log(y[chosen]))
    return PowerLaw(
        -float(fit.slope),
        float(fit.stderr),
        math.exp(fit.intercept),
        float(fit.rvalue**2),
        (low, high),
        int(chosen.sum()),
    )
