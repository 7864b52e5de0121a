"""The end of the polarised branch: the smallest degree along it, with the overlap as coordinate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from neurenorm.numerics.solve.active_paths.branch_point import BranchPoint, GridTooSmall
from neurenorm.numerics.solve.active_paths.density_evolution import DensityEvolution

__all__ = ["NoThreshold", "NotConverged", "branch_end", "settled"]

SHARP = 1e-11  # of the degrees through which the end of the branch is interpolated
REACH = 0.1  # of their nodes, in ln(1 - q)
LOWEST = 0.02
STRIDE, SHORTEST = 0.14, 0.01


class NoThreshold(ValueError):
    """The branch has no end or no crossing where one was looked for."""


class NotConverged(ArithmeticError):
    """An iteration did not settle; the message says what was reached."""


def branch_end(evolution: DensityEvolution) -> tuple[BranchPoint, float]:
    """Find the smallest degree along the branch, and how far its overlap may be off.

    Returns
    -------
    BranchPoint
        The end of the branch on the grid of the evolution.
    float
        Error of its overlap by the interpolation of the degree; that of the grid is not in it.

    Raises
    ------
    NoThreshold
        If the degree falls all the way to vanishing overlap: the onset is continuous (p = 2).

    Examples
    --------
    >>> from neurenorm.theory.active_paths.ensemble import path_ensemble
    >>> end, error = branch_end(DensityEvolution(path_ensemble(3), T=0.5))
    >>> round(end.c, 2), round(end.q, 1), error < 1e-5
    (2.81, 0.7, True)
    """
    if evolution.ensemble.p == 2:
        raise NoThreshold(
            "for p = 2 the overlap grows from zero at c t^2 = 1: the onset is continuous and the "
            "branch has no end"
        )
    points: dict[float, BranchPoint] = {}

    def degree(v: float) -> float:
        """Degree at the overlap 1 - exp(v)."""
        if v not in points:
            near = points[min(points, key=lambda known: abs(known - v))] if points else None
            points[v] = settled(
                evolution.at_overlap(-math.expm1(v), near=near, tolerance=SHARP),
                evolution.coupling_mean > 0,
            )
        return points[v].c

    found, left = _interpolated_minimum(degree, *_around_minimum(degree, evolution.ensemble.p))
    return points[found], math.exp(found) * left


def _around_minimum(degree: Callable[[float], float], p: int) -> tuple[float, float, float]:
    """Go along the branch from its sharp side, where iterations are quick, until the degree rises,
    and return three points around its minimum.
    """
    v = [math.log(0.3 / p**2)]
    while True:
        try:
            c = [degree(v[0])]
            break
        except GridTooSmall:  # so sharp a law takes more paths than the grid holds
            v[0] += STRIDE
            if v[0] > math.log(1 - LOWEST):
                raise
    step = STRIDE
    while len(v) < 3 or c[-1] <= c[-2]:
        if v[-1] + step > math.log(1 - LOWEST):
            raise NoThreshold(
                f"the degree still falls at the overlap {1 - math.exp(v[-1]):.3f}: no end of the "
                "branch was found"
            )
        try:
            c.append(degree(v[-1] + step))
        except NotConverged:  # too far down the unstable side: go on in shorter strides
            step /= 2
            if abs(step) < SHORTEST:
                raise
            continue
        v.append(v[-1] + step)
        if len(v) == 2 and c[1] > c[0]:
            v, c, step = [v[1], v[0]], [c[1], c[0]], -STRIDE
    return v[-3], v[-2], v[-1]


def _interpolated_minimum(
    function: Callable[[float], float], left: float, middle: float, right: float
) -> tuple[float, float]:
    """Return where the derivative of an interpolating polynomial vanishes inside a bracketed
    minimum, and what its last point changed.

    A smooth minimum is so flat that values alone place it only to the root of their error; its
    derivative has no such limit.
    """
    vertex = _vertex([left, middle, right], function, middle)
    low, high = max(left, vertex - REACH), min(right, vertex + REACH)
    nodes = [low + (high - low) * k / 4 for k in range(5)]
    found = _vertex(nodes, function, vertex)
    return found, abs(_vertex([*nodes, found], function, found) - found)


def _vertex(nodes: list[float], function: Callable[[float], float], near: float) -> float:
    """Return the minimum of the polynomial through the nodes that is nearest to a point, inside the
    nodes.
    """
    values = [function(v) for v in nodes]
    slope: Any = np.polynomial.Polynomial.fit(nodes, values, len(nodes) - 1).deriv()
    roots = [
        float(v.real)
        for v in slope.roots()
        if abs(v.imag) < 1e-9 and min(nodes) <= v.real <= max(nodes) and slope.deriv()(v.real) > 0
    ]
    if not roots:
        raise NotConverged(
            "the degree along the branch has no smooth minimum between the overlaps "
            f"{[-math.expm1(v) for v in nodes]}"
        )
    return min(roots, key=lambda v: abs(v - near))


def settled(point: BranchPoint, biased: bool) -> BranchPoint:
    """Return a converged point of the branch, or say what was reached.

    With biased couplings the iteration may leave the unstable part of the branch for the symmetric
    solution, whose mean magnetisation vanishes.
    """
    if not point.converged:
        raise NotConverged(
            f"density evolution did not settle: {point}, last change {point.residual:.2g}"
        )
    if biased and point.q > 1e-3 and point.m < 0.5 * point.q:
        raise NotConverged(
            f"density evolution left the polarised branch for the symmetric solution: {point}, "
            f"mean magnetisation {point.m:.3g}"
        )
    return point
