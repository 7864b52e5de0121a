"""Half-stable critical points: χ_∥ = χ_⊥ = 1 at a kernel above zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

import neurenorm.numerics.quadrature  # noqa: F401  (teaches the compiler to average)
from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.compile import compiled
from neurenorm.theory.field_theory.universality import half_stable_condition, half_stable_growth
from neurenorm.theory.wide.limit import K, WideLimit

__all__ = ["HalfStable", "half_stable_points"]


@dataclass(frozen=True)
class HalfStable(Tabulated):
    """A half-stable critical point.

    Attributes
    ----------
    length : float
        K*.
    sw2, sb2 : float
    growth : float
        ν: the increase of N κ_4/K² per layer.
    """

    length: float
    sw2: float
    sb2: float
    growth: float


def half_stable_points(
    wide: WideLimit, smallest: float = 1e-2, largest: float = 1e3
) -> tuple[HalfStable, ...]:
    """Return all half-stable points in a range of kernels, by scanning forty points a decade and
    bracketing; none is an answer.

    Parameters
    ----------
    wide : WideLimit
        Of an activation without jumps.
    smallest, largest : float
        The range of K*.

    Returns
    -------
    tuple of HalfStable
        Those with a bias variance that is not negative.

    Raises
    ------
    ValueError
        If the activation jumps.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> (point,) = half_stable_points(WideLimit(activation("gelu")))
    >>> round(point.length, 6), round(point.sw2, 6), round(point.sb2, 6)
    (3.561553, 1.983058, 0.172922)
    >>> half_stable_points(WideLimit(activation("sigmoid")))
    ()
    """
    if not wide.slope_moment.is_finite and not wide.slope_moment.free_symbols:
        raise ValueError(
            f"{wide.activation} jumps, so chi_perp is infinite and it is critical nowhere"
        )
    condition = compiled(half_stable_condition(wide), [K])
    grid = np.geomspace(smallest, largest, int(40 * np.log10(largest / smallest)) + 1)
    signs = np.sign(np.where(np.abs(condition(grid)) < 1e-12, 0.0, condition(grid)))
    values = compiled([*wide.edge_of_chaos, half_stable_growth(wide)], [K])
    found = []
    for i in np.flatnonzero(signs[:-1] * signs[1:] < 0):
        length = float(
            brentq(lambda k: float(condition(k)), grid[i], grid[i + 1], xtol=1e-14, rtol=1e-14)
        )
        weight, bias, growth = (float(value) for value in values(length))
        if bias >= 0:
            found.append(HalfStable(length, weight, bias, growth))
    return tuple(found)
