"""Correlation and growth lengths of numbers, arrays and balls: the numbers of
`neurenorm.theory.algebra.lengths`, whose formulas they compile.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import arb
from sympy import Symbol

from neurenorm.numerics.compile import compiled
from neurenorm.theory.algebra.lengths import correlation_length as correlation_formula
from neurenorm.theory.algebra.lengths import growth_length as growth_formula

__all__ = ["correlation_length", "growth_length"]

LAMBDA = Symbol("lambda", positive=True)


def correlation_length(factor: Any) -> Any:
    """Return ξ = -1/ln|λ|, the number of steps over which a perturbation decays by 1/e.

    Parameters
    ----------
    factor : float, complex, array_like or flint.arb
        λ, by which the perturbation changes per step.

    Returns
    -------
    float, ndarray or arb
        Zero for λ = 0 (for a ball: if it contains zero), infinite for |λ| = 1.

    Raises
    ------
    ValueError
        If some |λ| > 1: what grows has no correlation length, but a `growth_length`.

    Examples
    --------
    >>> correlation_length(1.0), correlation_length([0.0, -0.5]).round(6).tolist()
    (inf, [0.0, 1.442695])
    """
    if isinstance(factor, arb):
        return _of_ball(factor)
    size = np.abs(np.asarray(factor))
    if np.any(size > 1):
        raise ValueError(
            f"a perturbation that grows by {size.max()} per step has no correlation length; see "
            "growth_length"
        )
    inside = (size > 0) & (size < 1)
    found = np.where(
        inside,
        compiled(correlation_formula(LAMBDA), [LAMBDA])(np.where(inside, size, 0.5)),
        np.where(size == 0, 0.0, np.inf),
    )
    return found if found.ndim else float(found)


def growth_length(factor: float) -> float:
    """Return 1/ln|λ|, the number of steps over which a perturbation grows by e; infinite for |λ| =
    1.

    Raises
    ------
    ValueError
        If |λ| < 1: what decays has a `correlation_length`.

    Examples
    --------
    >>> round(growth_length(-2.0), 6), growth_length(math.inf)
    (1.442695, 0.0)
    """
    size = abs(factor)
    if size < 1:
        raise ValueError(
            f"a perturbation that changes by {size} per step does not grow; see correlation_length"
        )
    if math.isinf(size):
        return 0.0
    return math.inf if size == 1 else float(compiled(growth_formula(LAMBDA), [LAMBDA])(size))


def _of_ball(factor: arb) -> arb:
    """The same of a ball that lies within the unit disc."""
    if factor.contains(0):
        return arb(0)
    if abs(factor) > 1:
        raise ValueError(
            f"a perturbation that grows by {abs(factor)} per step has no correlation length; see "
            "growth_length"
        )
    return (
        arb("inf")
        if abs(factor) == 1
        else compiled(correlation_formula(LAMBDA), [LAMBDA], "ball")(abs(factor))
    )
