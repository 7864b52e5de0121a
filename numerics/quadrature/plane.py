"""Averages over two correlated Gaussian variables, for whole arrays of covariances.

The outer variable is z_a; given it, z_b is Gaussian with mean ``(K_ab / K_aa) z_a`` and variance
``K_bb (1 - c)(1 + c)``. The gap 1 - c is the input where the two are nearly equal, so that no digit
is lost as c approaches 1, and kinks of z_b are split for every node of z_a.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neurenorm.numerics.quadrature.line import (
    CHUNK,
    FIRST_REACH,
    LAST_REACH,
    Average,
    QuadratureError,
    checked_variance,
    function_times,
    line_average,
    line_pieces,
)
from neurenorm.numerics.quadrature.rules import Array, interval

__all__ = ["plane_average"]

Function = Callable[[Array, Array], Array]
_EPS = float(np.finfo(float).eps)
_FIRST, _LAST = (48, 32), 48 * 2**9
_TAIL = 1e-15
MOST_EVALUATIONS = 50_000_000
"""Values of the function that one call may take: two to four seconds."""


def plane_average(
    function: Function,
    variance_a: ArrayLike,
    variance_b: ArrayLike,
    correlation: ArrayLike | None = None,
    gap: ArrayLike | None = None,
    kinks: tuple[Sequence[float], Sequence[float]] = ((), ()),
    tolerance: float = 1e-10,
) -> Average:
    """Return ⟨f(z_a, z_b)⟩ of two Gaussian variables with given variances and correlation
    coefficient.

    Parameters
    ----------
    function : callable
        f, from two arrays of one shape to an array of that shape.
    variance_a, variance_b : array_like
        Variances K_aa, K_bb >= 0; they and the correlation broadcast together.
    correlation : array_like, optional
        c in [-1, 1]. Give either this or `gap`.
    gap : array_like, optional
        1 - c in [0, 2], for correlations so near to 1 that c itself has lost its digits.
    kinks : pair of sequences of float
        Where f or a derivative jumps as a function of z_a and of z_b.
    tolerance : float
        Largest error allowed, relative to ⟨|f|⟩.

    Returns
    -------
    Average
        Values and error bounds, of the broadcast shape.

    Raises
    ------
    QuadratureError
        If the average diverges or does not settle.
    ValueError
        If a correlation is outside [-1, 1], a variance is negative, or both or neither of
        correlation and gap are given.

    Examples
    --------
    >>> average = plane_average(lambda a, b: np.sin(a) * np.sin(b), 1.0, 1.0, correlation=0.5)
    >>> bool(abs(average.value - np.exp(-1) * np.sinh(0.5)) < 1e-13)
    True
    """
    if (correlation is None) == (gap is None):
        raise ValueError("give either the correlation c or the gap 1 - c")
    distance = (
        1 - np.asarray(correlation, dtype=float) if gap is None else np.asarray(gap, dtype=float)
    )
    if np.any(~(distance >= 0)) or np.any(~(distance <= 2)):
        raise ValueError(
            "a correlation coefficient lies between -1 and 1 (its gap 1 - c between 0 and 2)"
        )
    kaa, kbb, distance = np.broadcast_arrays(
        np.asarray(variance_a, dtype=float), np.asarray(variance_b, dtype=float), distance
    )
    a, b, e = checked_variance(kaa), checked_variance(kbb), distance.ravel()
    edges = (
        np.unique(np.asarray(kinks[0], dtype=float)),
        np.unique(np.asarray(kinks[1], dtype=float)),
    )
    counted = _Counted(function, MOST_EVALUATIONS)
    results = [_point(counted, *point, edges, tolerance) for point in zip(a, b, e, strict=True)]
    pairs = np.array(results, dtype=float).reshape(-1, 2)
    return Average(pairs[:, 0].reshape(kaa.shape), pairs[:, 1].reshape(kaa.shape))


@dataclass
class _Counted:
    """A function that may be evaluated so often, and not more."""

    function: Function
    left: int

    def __call__(self, a: Array, b: Array) -> Array:
        """Evaluate, within the budget."""
        self.left -= b.size
        if self.left < 0:
            raise QuadratureError(
                f"the averages take more than {MOST_EVALUATIONS} values of the function: it bends "
                "too sharply for these variances; take smaller ones, or fewer averages at once"
            )
        return self.function(a, b)


def _point(
    function: Function,
    kaa: float,
    kbb: float,
    gap: float,
    edges: tuple[Array, Array],
    tolerance: float,
) -> tuple[float, float]:
    """One average: a degenerate covariance is one-dimensional, the rest doubles both rules until
    they settle.
    """
    if kaa < 1e-290 or kbb < 1e-290 or gap in (0.0, 2.0):
        return _degenerate(function, kaa, kbb, gap, edges, tolerance)
    plane = _Plane(
        function,
        np.sqrt(kaa),
        (1 - gap) * np.sqrt(kbb / kaa),
        np.sqrt(kbb * gap * (2 - gap)),
        edges,
    )
    counts = list(_FIRST)
    while max(counts) <= _LAST:
        total, size, tail = plane.sum(counts)
        if tail > _TAIL * size:
            plane.widen()
            continue
        finer = [
            plane.sum([counts[0] * (1 + (i == 0)), counts[1] * (1 + (i == 1))])[0] for i in range(2)
        ]
        errors = [abs(total - other) for other in finer]
        if max(errors) <= tolerance * size:
            return finer[0] + finer[1] - total, sum(errors) + (8 * _EPS + _TAIL) * size
        counts = [
            count * (2 if error > tolerance * size else 1)
            for count, error in zip(counts, errors, strict=True)
        ]
    raise QuadratureError(
        f"the average does not settle to a relative error of {tolerance:g} at variances {kaa:g}, "
        f"{kbb:g} and 1 - c = {gap:g}"
    )


def _degenerate(
    function: Function,
    kaa: float,
    kbb: float,
    gap: float,
    edges: tuple[Array, Array],
    tolerance: float,
) -> tuple[float, float]:
    """z_b is a multiple of z_a, or one of the two is zero."""
    sign = -1.0 if gap == 2.0 else 1.0
    if kaa < 1e-290:
        average = line_average(
            lambda z: function(np.zeros_like(z), z), kbb, list(edges[1]), tolerance
        )
    else:
        ratio = sign * np.sqrt(kbb / kaa)
        places = np.concatenate([edges[0], edges[1] / ratio if ratio else edges[1][:0]])
        average = line_average(lambda z: function(z, ratio * z), kaa, list(places), tolerance)
    return float(average.value), float(average.error)


@dataclass
class _Plane:
    """The iterated sums at one covariance: z_a has the given deviation, z_b has mean ``slope z_a``
    and deviation ``spread``.
    """

    function: Function
    deviation: float
    slope: float
    spread: float
    edges: tuple[Array, Array]
    reach: float = FIRST_REACH

    def widen(self) -> None:
        """Move the cut outwards."""
        self.reach *= 1.4
        if self.reach > LAST_REACH:
            raise QuadratureError(
                "the average diverges: the function grows at least as fast as the Gaussian falls "
                "off"
            )

    def sum(self, counts: list[int]) -> tuple[float, float, float]:
        """The sums of f and of |f|, and the part of the latter that lies near the cut."""
        shadows = (
            self.edges[1] / self.slope
            if abs(self.slope) * self.deviation > self.spread
            else self.edges[1][:0]
        )
        places = (
            np.unique(np.concatenate([self.edges[0], shadows]))
            if self.edges[0].size or self.edges[1].size
            else self.edges[0]
        )
        sums = np.zeros(3)
        for nodes, weights in line_pieces(
            np.array([self.deviation]), places, np.array([self.reach]), counts[0]
        ):
            x = nodes[0] / self.deviation
            density = weights[0] * np.exp(-x * x / 2) / (np.sqrt(2 * np.pi) * self.deviation)
            kept = density > 0
            sums += self._inner(x[kept], density[kept], counts[1])
        return float(sums[0]), float(sums[1]), float(sums[2])

    def _inner(self, x: Array, density: Array, count: int) -> Array:
        """Sum over z_b given standardised nodes of z_a, a few rows at a time."""
        sums = np.zeros(3)
        rows = max(1, CHUNK // ((count + 1) * (self.edges[1].size + 1)))
        for start in range(0, x.size, rows):
            outer, weight = x[start : start + rows, None], density[start : start + rows, None]
            a = self.deviation * outer
            for y, step in self._pieces(self.slope * a[:, 0], count):
                weights = weight * step * np.exp(-y * y / 2) / np.sqrt(2 * np.pi)
                size = np.abs(
                    terms := function_times(
                        _second(self.function, a), self.slope * a + self.spread * y, weights
                    )
                )
                outside = (np.abs(outer) > 0.97 * self.reach) | (np.abs(y) > 0.97 * self.reach)
                sums += terms.sum(), size.sum(), (size * outside).sum()
        return sums

    def _pieces(self, mean: Array, count: int) -> list[tuple[Array, Array]]:
        """Standardised nodes of z_b between its kinks; a plain trapezoid for a smooth function."""
        edges, reach = self.edges[1], self.reach
        if not edges.size:
            y = np.linspace(-reach, reach, count + 1)
            return [
                (np.broadcast_to(y, (mean.size, count + 1)), np.full((1, 1), 2 * reach / count))
            ]
        inner = [np.clip((edge - mean) / self.spread, -reach, reach) for edge in edges]
        cuts = [np.full_like(mean, -reach), *inner, np.full_like(mean, reach)]
        return [interval(low, high, count) for low, high in pairwise(cuts)]


def _second(function: Function, a: Array) -> Callable[[Array], Any]:
    """f as a function of z_b, with the rows of z_a held fixed."""
    return lambda b: function(np.broadcast_to(a, b.shape), b)
