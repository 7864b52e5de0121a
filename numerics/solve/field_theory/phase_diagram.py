"""The phase diagram of a random network over weight and bias variance: lengths, susceptibilities,
correlations and depth scales on a grid.

⟨φ²⟩_K, its derivative and ⟨φ'²⟩_K are tabulated once as Chebyshev series in ln K, and ⟨φ_a φ_b⟩ at
equal lengths in (ln K, s) with c = 1 - 2s², in which also kinked activations are smooth at c = 1.
The grid then costs no quadrature at all. Series are lengthened until their last coefficients are
negligible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray
from sympy import Expr, oo

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.quadrature import plane_average
from neurenorm.numerics.solve.correlation_length import correlation_length
from neurenorm.theory.gaussian.expectation import GaussianExpectation
from neurenorm.theory.wide.limit import AA, AB, BB, GAP, SW2, K, WideLimit

__all__ = ["PhaseDiagram", "phase_diagram"]

Array = NDArray[np.float64]
_TOLERANCE = 1e-9
_ANGLES, _ANGLE_WEIGHTS = np.polynomial.legendre.leggauss(400)


@dataclass(frozen=True)
class PhaseDiagram(Tabulated):
    """Arrays of shape (len(sb2), len(sw2)); NaN nowhere: where there is no stable length,
    ``exists`` is False and the numbers are zero.

    Attributes
    ----------
    sw2, sb2 : ndarray
        The axes.
    exists : ndarray of bool
        Whether there is a stable fixed point of the length above `smallest`.
    length, chi_par, chi_perp : ndarray
        K*, χ_∥ and χ_⊥.
    correlation, chi_c : ndarray
        The stable c* and its slope.
    xi_q, xi_c : ndarray
        Depth scales in layers; infinite at criticality.
    error : float
        Size of the neglected coefficients of the tables, relative.
    """

    sw2: Array
    sb2: Array
    exists: NDArray[np.bool_]
    length: Array
    chi_par: Array
    chi_perp: Array
    correlation: Array
    chi_c: Array
    xi_q: Array
    xi_c: Array
    error: float


def phase_diagram(
    wide: WideLimit, sw2: ArrayLike, sb2: ArrayLike, smallest: float = 1e-4, largest: float = 1e4
) -> PhaseDiagram:
    """Return the phase diagram on a grid of variances.

    Parameters
    ----------
    wide : WideLimit
        Of an activation without jumps.
    sw2, sb2 : array_like, one-dimensional
        The axes, not negative.
    smallest, largest : float
        Range of lengths that is tabulated; points whose stable length lies outside do not `exist`.

    Returns
    -------
    PhaseDiagram

    Raises
    ------
    ValueError
        If an axis is negative or a table does not converge.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> diagram = phase_diagram(WideLimit(activation("tanh")), [1.5, 2.5], [0.05])
    >>> diagram.correlation.round(6), diagram.xi_c.round(4)
    (array([[1.      , 0.446804]]), array([[15.791 , 11.7956]]))
    """
    weights, biases = np.asarray(sw2, dtype=float), np.asarray(sb2, dtype=float)
    if weights.ndim != 1 or biases.ndim != 1 or np.any(weights < 0) or np.any(biases < 0):
        raise ValueError("the axes are one-dimensional arrays of variances that are not negative")
    span = (np.log(smallest), np.log(largest))
    if wide.slope_moment is oo:
        raise ValueError(
            f"{wide.activation} jumps, so chi_perp is infinite and nearby signals always part: "
            "there is no diagram to draw"
        )
    tables, error = _line_tables(wide, span)
    w, b = np.meshgrid(weights, biases)
    u, exists = _stable_lengths(tables, span, w, b)
    length = np.exp(u)
    chi_par, chi_perp = (np.where(exists, w * series(u), 0.0) for series in tables[1:])
    overlap, worst = _plane_table(
        wide, (float(u[exists].min(initial=0.0)), float(u[exists].max(initial=1.0)))
    )
    correlation, chi_c = _stable_correlations(overlap, u, length, w, b, chi_perp, exists)
    scales = [
        np.where(exists, correlation_length(np.minimum(np.abs(chi), 1.0)), 0.0)
        for chi in (chi_par, chi_c)
    ]
    found = [
        np.where(exists, field, 0.0) for field in (length, chi_par, chi_perp, correlation, chi_c)
    ]
    return PhaseDiagram(
        weights,
        biases,
        exists,
        found[0],
        found[1],
        found[2],
        found[3],
        found[4],
        scales[0],
        scales[1],
        max(error, worst),
    )


def _line_tables(
    wide: WideLimit, span: tuple[float, float]
) -> tuple[list[Callable[[Array], Array]], float]:
    """Series of ln⟨φ²⟩ (as ⟨φ²⟩), χ_∥/σ_w² and χ_⊥/σ_w² in ln K."""
    functions = compiled([wide.second_moment, wide.chi_par / SW2, wide.slope_moment], [K])
    for count in (32, 64, 128, 256):
        nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
        u = span[0] + (span[1] - span[0]) * (nodes + 1) / 2
        values = np.array(functions(np.exp(u)))
        values[0] /= np.exp(u)
        coefficients = chebyshev.chebfit(nodes, values.T, count - 1)
        tail = float(np.max(np.abs(coefficients[-4:]) / np.max(np.abs(values), axis=1)))
        if tail < _TOLERANCE:
            break
    else:
        raise ValueError(
            f"the averages of {wide.activation} are not smooth in ln K: a relative error of "
            f"{tail:.1g} is left"
        )

    def series(index: int) -> Callable[[Array], Array]:
        """One series as a function of ln K."""
        return lambda x: np.asarray(
            chebyshev.chebval(2 * (x - span[0]) / (span[1] - span[0]) - 1, coefficients[:, index]),
            dtype=float,
        )

    ratio = series(0)
    return [lambda x: np.asarray(np.exp(x) * ratio(x), dtype=float), series(1), series(2)], tail


def _stable_lengths(
    tables: list[Callable[[Array], Array]], span: tuple[float, float], w: Array, b: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """The smallest stable ln K: where K' - K turns negative, by scanning and Newton's rule."""
    grid = np.linspace(*span, 400)
    moment = tables[0](grid)
    u, exists = np.zeros_like(w), np.zeros(w.shape, dtype=bool)
    above = b + w * moment[0] > np.exp(grid[0])
    for index in range(1, grid.size):
        now = b + w * moment[index] > np.exp(grid[index])
        crossed = above & ~now & ~exists
        u[crossed], exists = grid[index] - 0.5 * (grid[1] - grid[0]), exists | crossed
        above = now
    for _ in range(30):
        length = np.exp(u)
        step = (b + w * tables[0](u) - length) / (length * (1 - w * tables[1](u)))
        u = np.where(exists, np.clip(u + np.clip(step, -0.1, 0.1), *span), u)
        if np.all(np.abs(step[exists]) < 1e-13):
            break
    return u, exists


def _plane_table(
    wide: WideLimit, span: tuple[float, float]
) -> tuple[tuple[Array, tuple[float, float]], float]:
    """Chebyshev coefficients of ⟨(φ_a - φ_b)²⟩/(2 K e) at equal lengths in (ln K, s), e = 2s²."""
    low, high = span[0] - 1e-6, span[1] + 1e-6
    for count in (16, 24, 36, 54):
        nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
        lengths = np.exp(low + (high - low) * (nodes + 1) / 2)[:, None]
        gaps = np.broadcast_to(2 * ((nodes + 1) / 2) ** 2, (count, count))
        values = _half_squared_difference(wide, lengths, gaps) / (lengths * gaps)
        coefficients = np.asarray(
            chebyshev.chebfit(nodes, chebyshev.chebfit(nodes, values, count - 1).T, count - 1).T,
            dtype=float,
        )
        tail = float(
            max(np.max(np.abs(coefficients[-2:])), np.max(np.abs(coefficients[:, -2:])))
            / np.max(np.abs(values))
        )
        if tail < 100 * _TOLERANCE:
            return (coefficients, (low, high)), tail
    raise ValueError(
        f"the correlation map of {wide.activation} is not smooth enough to tabulate: a relative "
        f"error of {tail:.1g} is left"
    )


def _half_squared_difference(wide: WideLimit, lengths: Array, gaps: Array) -> Array:
    """⟨(φ_a - φ_b)²⟩/2: from closed forms where there are some (the smallest gap of a table costs
    them seven digits), else by quadrature.
    """
    if not wide.overlap.has(GaussianExpectation):
        pair, own = compiled(wide.overlap, [AA, BB, AB]), compiled(wide.second_moment, [K])
        return np.asarray(own(lengths) - pair(lengths, lengths, lengths * (1 - gaps)), dtype=float)
    if wide.bend_overlap is not None:
        return _from_bends(wide, wide.bend_overlap, lengths, gaps)
    phi = wide.activation
    function, kinks = compiled(phi.expression, [phi.variable]), [float(kink) for kink in phi.kinks]
    return plane_average(
        lambda a, b: (function(a) - function(b)) ** 2 / 2,
        lengths,
        lengths,
        gap=gaps,
        kinks=(kinks, kinks),
        tolerance=1e-8,
    ).value


def _from_bends(wide: WideLimit, bends: Expr, lengths: Array, gaps: Array) -> Array:
    """The same by integrating ⟨φ''φ''⟩ twice from c = 1: K e ⟨φ'²⟩ - K² ∫_0^e (e - t) ⟨φ_a''φ_b''⟩
    dt, with t = 1 - cos θ smooth at both ends.
    """
    end = np.arccos(np.clip(1 - gaps, -1, 1))[..., None]
    angle = end * (_ANGLES + 1) / 2
    t = 2 * np.sin(angle / 2) ** 2
    with np.errstate(all="ignore"):
        curve = np.nan_to_num(compiled(bends, [K, GAP])(lengths[..., None], t))
    inner = (
        ((gaps[..., None] - t) * curve * np.sin(angle) * _ANGLE_WEIGHTS).sum(-1) * end[..., 0] / 2
    )
    return np.asarray(
        lengths * gaps * compiled(wide.slope_moment, [K])(lengths) - lengths**2 * inner, dtype=float
    )


def _stable_correlations(
    table: tuple[Array, tuple[float, float]],
    u: Array,
    length: Array,
    w: Array,
    b: Array,
    chi_perp: Array,
    exists: NDArray[np.bool_],
) -> tuple[Array, Array]:
    """c* and χ_c: 1 and χ_⊥ where ordered, else the zero of e'/e - 1 between the ends, by bisection
    and then Newton's rule.
    """
    coefficients, (low, high) = table
    slopes = chebyshev.chebder(coefficients, axis=1)
    chaotic = exists & (chi_perp > 1)
    x, weight = (2 * (u[chaotic] - low) / (high - low) - 1), w[chaotic]
    rows = np.array(
        [chebyshev.chebval(x, coefficients[:, j]) for j in range(coefficients.shape[1])]
    )
    bends = np.array([chebyshev.chebval(x, slopes[:, j]) for j in range(slopes.shape[1])])
    left, right = np.zeros_like(x), np.ones_like(x)
    for _ in range(45):
        s = (left + right) / 2
        growing = weight * chebyshev.chebval(2 * s - 1, rows, tensor=False) > 1
        left, right = np.where(growing, s, left), np.where(growing, right, s)
    s = (left + right) / 2
    ratio, bend = (
        weight * chebyshev.chebval(2 * s - 1, series, tensor=False) for series in (rows, bends)
    )
    correlation, chi = np.ones_like(w), chi_perp.copy()
    correlation[chaotic] = 1 - 2 * s**2
    chi[chaotic] = ratio + s * bend
    return correlation, chi
