"""Averages over one Gaussian variable, for a whole array of variances, with an error bound for
each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.numerics.quadrature.rules import Array, half_line, interval, whole_line

__all__ = ["Average", "QuadratureError", "line_average"]

FIRST_REACH = 9.5  # standard deviations; exp(-9.5²/2) is 2.5e-20
LAST_REACH = 60.0
FIRST_COUNT = 48
LAST_COUNT = 48 * 2**12
CHUNK = 1 << 19  # values held at once
_EPS = float(np.finfo(float).eps)
_NEGLIGIBLE = 1e-17


class QuadratureError(ValueError):
    """An average diverges, or its error cannot be brought below the tolerance."""


class Average(NamedTuple):
    """Averages and bounds on their absolute errors, of one shape."""

    value: Array
    error: Array


Function = Callable[[Array], Array]


def line_average(
    function: Function, variance: ArrayLike, kinks: Sequence[float] = (), tolerance: float = 1e-12
) -> Average:
    """Return ⟨f(z)⟩ for z ~ N(0, K), for every K of an array.

    Trapezoidal sums after a change of variables (`neurenorm.numerics.quadrature.rules`), doubled
    until two of them agree; their difference plus the rounding error of the sum is the bound. It is
    a bound as soon as the sums converge as fast as a geometric series of ratio 1/2.

    Parameters
    ----------
    function : callable
        f, from an array to an array of the same shape.
    variance : array_like
        Variances K >= 0.
    kinks : sequence of float
        Where f or a derivative of it jumps.
    tolerance : float
        Largest error allowed, relative to ⟨|f|⟩.

    Returns
    -------
    Average
        Values and error bounds, of the shape of `variance`.

    Raises
    ------
    QuadratureError
        If the average diverges or the tolerance is not reached.
    ValueError
        If a variance is negative or not finite.

    Examples
    --------
    >>> line_average(np.cos, [0.0, 1.0]).value.round(9).tolist()
    [1.0, 0.60653066]
    >>> average = line_average(lambda z: np.tanh(z) ** 2, 100.0)
    >>> round(float(average.value), 9), bool(average.error < 1e-12)
    (0.920536863, True)
    """
    flat = checked_variance(variance)
    values, errors = np.empty_like(flat), np.empty_like(flat)
    edges = np.unique(np.asarray(kinks, dtype=float))
    width = max(1, CHUNK // (FIRST_COUNT * 8))
    for start in range(0, flat.size, width):
        part = slice(start, start + width)
        values[part], errors[part] = _converged(function, flat[part], edges, tolerance)
    shape = np.shape(variance)
    return Average(values.reshape(shape), errors.reshape(shape))


def checked_variance(variance: ArrayLike) -> Array:
    """Variances as a flat array; a clear error for those that are none."""
    flat = np.asarray(variance, dtype=float).ravel()
    if not np.all(np.isfinite(flat)) or np.any(flat < 0):
        raise ValueError("a variance is a finite number that is not negative")
    return flat


def _converged(
    function: Function, variance: Array, edges: Array, tolerance: float
) -> tuple[Array, Array]:
    """Widen the range until the tails are negligible, halve the step until two sums agree."""
    value, error = np.zeros_like(variance), np.zeros_like(variance)
    point = variance < 1e-290
    if point.any():
        value[point] = _finite(function(np.zeros(1)))[0]
    reach, active = np.full_like(variance, FIRST_REACH), np.flatnonzero(~point)
    count, previous = FIRST_COUNT, np.full_like(variance, np.nan)
    while active.size:
        total, size, tail = _sum(function, variance[active], edges, reach[active], count)
        wide = tail > _NEGLIGIBLE * size
        _widen(reach, active[wide])
        previous[active[wide]] = np.nan
        gap = np.abs(total - previous[active])
        bound = gap + 8 * _EPS * size
        done = ~wide & (gap <= tolerance * size)
        value[active[done]], error[active[done]] = total[done], bound[done]
        previous[active[~wide]] = total[~wide]
        active = active[~done]
        count *= 2
        if count > LAST_COUNT and active.size:
            raise QuadratureError(
                f"the average does not settle to {tolerance:g} at variance "
                f"{variance[active[0]]:g}: declare its kinks, or loosen the tolerance"
            )
    return value, error


def _widen(reach: Array, chosen: NDArray[np.intp]) -> None:
    """Move the cut outwards where the tail still matters."""
    reach[chosen] *= 1.4
    if np.any(reach[chosen] > LAST_REACH):
        raise QuadratureError(
            "the average diverges: the function grows at least as fast as the Gaussian falls off"
        )


def _sum(
    function: Function, variance: Array, edges: Array, reach: Array, count: int
) -> tuple[Array, Array, Array]:
    """The trapezoidal sums of f and |f|, and the size of the integrand at the cut, in pieces that
    fit the cache.
    """
    rows = max(1, CHUNK // (count + 1))
    parts = [
        _sum_rows(function, variance[i : i + rows], edges, reach[i : i + rows], count)
        for i in range(0, variance.size, rows)
    ]
    total, size, tail = (np.concatenate(column) for column in zip(*parts, strict=True))
    return total, size, tail


def _sum_rows(
    function: Function, variance: Array, edges: Array, reach: Array, count: int
) -> tuple[Array, Array, Array]:
    """The trapezoidal sums of f and |f|, and the size of the integrand at the cut, of all variances
    at once.
    """
    deviation = np.sqrt(variance)
    total, size, tail = np.zeros_like(variance), np.zeros_like(variance), np.zeros_like(variance)
    for nodes, weights in line_pieces(deviation, edges, reach, count):
        x = nodes / deviation[:, None]
        terms = function_times(
            function,
            nodes,
            np.exp(-x * x / 2) * weights / (np.sqrt(2 * np.pi) * deviation[:, None]),
        )
        total += terms.sum(axis=1)
        size += np.abs(terms).sum(axis=1)
        tail = np.maximum(
            tail, np.where(np.abs(x) >= 0.999 * reach[:, None], np.abs(terms), 0).max(axis=1)
        )
    return total, size, tail


def line_pieces(
    deviation: Array, edges: Array, reach: Array, count: int
) -> list[tuple[Array, Array]]:
    """Nodes and weights of the pieces between kinks; one piece for a smooth function."""
    cut = deviation * reach
    scale = np.minimum(1.0, deviation)
    if not edges.size:
        return [whole_line(scale, cut, count)]
    inside = np.clip(edges[:, None], -cut, cut)
    left = half_line(inside[0], scale, inside[0] + cut, count, -1)
    right = half_line(inside[-1], scale, cut - inside[-1], count, 1)
    return [left, *(interval(a, b, count) for a, b in pairwise(inside)), right]


def function_times(function: Function, nodes: Array, weights: Array) -> Array:
    """f(nodes) times weights; a node whose weight underflows does not count, any other value must
    be finite.
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        values = np.broadcast_to(np.asarray(function(nodes), dtype=float), nodes.shape)
        return _finite(np.where(weights == 0, 0.0, values * weights))


def _finite(values: Array) -> Array:
    """Return an array, all of whose entries are finite; otherwise there is no average."""
    if not np.all(np.isfinite(values)):
        raise QuadratureError(
            "the function is not finite at some node: its average diverges, or it is not a real "
            "function"
        )
    return values
