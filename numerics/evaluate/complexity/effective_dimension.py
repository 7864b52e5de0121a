"""Effective dimensions evaluated: the law of one random layer in ball arithmetic, spectra on the
sphere by quadrature at high precision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import comb
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from neurenorm.graphs.arguments import whole_number
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.balls import enclosed_answer, precision
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate.catalogue import balls_of
from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.theory.complexity.effective_dimension import LayerSpectrum, SphereKernel
from neurenorm.theory.symbols import symbols

__all__ = ["sphere_dimension", "sphere_weights"]

Array = NDArray[np.float64]
Numbers = Mapping[str, Any]
SUBJECT = symbols("complexity")
DEGREES = 256


@answer.register
def of_layer_spectrum(problem: LayerSpectrum, numbers: Numbers, digits: int | None) -> Answer:
    return enclosed_answer(
        lambda: balls_of(
            {"fraction": problem.fraction, "participation": problem.participation}, numbers
        ),
        digits,
    )


@answer.register
def of_sphere_kernel(problem: SphereKernel, numbers: Numbers, digits: int | None) -> Answer:
    refuse_digits(digits, "a spectrum on the sphere", "summed in double precision")
    value, error = sphere_dimension(problem, int(numbers["d"]))
    reached = "numeric" if error < 0.1 * value else "not converged"
    reason = (
        ""
        if reached == "numeric"
        else f"harmonics beyond degree {DEGREES} carry much of the variance"
    )
    return Answer(
        reached, {"effective_dimension": value}, {"effective_dimension": error}, reason=reason
    )


@checked_arguments
def sphere_weights(problem: SphereKernel, dimension: int, degrees: int) -> Array:
    """Return the weights a_k of a kernel on the sphere, k = 0 … degrees, by Gauss-Legendre
    quadrature in the angle, where the kernel is smooth.

    A harmonic of degree k has the eigenvalue a_k/N(d, k), which is as small as k^-(d + 2): the sums
    run at a precision that leaves it its digits.

    Parameters
    ----------
    problem : SphereKernel
    dimension : int
        d >= 2.
    degrees : int
        Largest k, at least 1.

    Examples
    --------
    >>> from neurenorm.theory.complexity.effective_dimension import sphere_kernel
    >>> sphere_weights(sphere_kernel(1), 3, 2).round(9).tolist()
    [0.375, 0.5, 0.1171875]
    """
    dimension = whole_number(dimension, "the dimension", 2, 10_000)
    degrees = whole_number(degrees, "the largest degree", 1, 100_000)
    bits = 128 + int(1.5 * (dimension + 2) * np.log2(degrees + dimension))
    count = degrees + dimension + 96
    kernel = _kernel_at_nodes(problem, count, bits)
    with precision(bits):
        angles, weights = _angles(count, bits)
        t = [angle.cos() for angle in angles]
        measure = [
            weight * angle.sin() ** (dimension - 2)
            for angle, weight in zip(angles, weights, strict=True)
        ]
        total = _sum(measure)
        return np.array(
            _projections(
                [m * k / total for m, k in zip(measure, kernel, strict=True)], t, dimension, degrees
            )
        )


@lru_cache(maxsize=8)
def _kernel_at_nodes(problem: SphereKernel, count: int, bits: int) -> list[arb]:
    """The kernel at the nodes to so many bits: near c = 1 a layer widens a ball by 1/√(1 - c²), so
    the precision grows until every one is narrow.
    """
    working = bits
    while True:
        working *= 2
        with precision(working):
            step = compiled(problem.map, [SUBJECT.c], target="ball")
            kernel = [angle.cos() for angle in _angles(count, working)[0]]
            for _ in range(problem.depth):
                kernel = [step(c) for c in kernel]
            if all(value.is_finite() and value.rad() < arb(2) ** (-bits) for value in kernel):
                return kernel


@lru_cache(maxsize=8)
def _angles(count: int, bits: int) -> tuple[list[arb], list[arb]]:
    """Nodes and weights of the Gauss-Legendre rule on (0, π) at a precision."""
    half = [arb.legendre_p_root(count, i, weight=True) for i in range((count + 1) // 2)]
    mirrored = [(-node, weight) for node, weight in reversed(half[: count // 2])]
    return [arb.pi() / 2 * (1 + node) for node, _ in half + mirrored], [
        weight for _, weight in half + mirrored
    ]


def _sum(balls: Sequence[arb]) -> arb:
    """Sum of balls."""
    total = arb(0)
    for ball in balls:
        total += ball
    return total


def _projections(weighted: list[arb], t: list[arb], dimension: int, degrees: int) -> list[float]:
    """Sums against the Gegenbauer polynomials that are one at t = 1, by their recurrence, times the
    number of harmonics.
    """
    before, polynomial = [arb(1)] * len(t), t
    found, count = [_sum(weighted)], arb(1)
    for k in range(1, degrees + 1):
        count = arb(2) if dimension == 2 else _multiplicity(dimension, k)
        found.append(count * _sum([w * p for w, p in zip(weighted, polynomial, strict=True)]))
        rise, fall = arb(2 * k + dimension - 2) / (k + dimension - 2), arb(k) / (k + dimension - 2)
        before, polynomial = (
            polynomial,
            [rise * x * p - fall * q for x, p, q in zip(t, polynomial, before, strict=True)],
        )
    return [float(value.mid()) for value in found]


def _multiplicity(dimension: int, degree: int) -> arb:
    """Number of harmonics of a degree."""
    return arb(
        (2 * degree + dimension - 2)
        * comb(degree + dimension - 3, dimension - 3 if dimension > 2 else 0)
        // max(dimension - 2, 1)
    )


def log_multiplicity(dimension: int, degree: NDArray[Any]) -> Array:
    """Logarithm of the number of harmonics of degrees of at least one."""
    k = np.asarray(degree, dtype=float)
    if dimension == 2:
        return np.full(k.shape, np.log(2.0))
    return np.asarray(
        np.log(2 * k + dimension - 2)
        + gammaln(k + dimension - 2)
        - gammaln(k + 1)
        - gammaln(dimension - 1)
    )


def sphere_dimension(problem: SphereKernel, dimension: int) -> tuple[float, float]:
    """Return the effective dimension of centred features on the sphere, and an error: how much it
    moved when the degrees were doubled.

    The weights add up to one, so the mass beyond the last degree is known. A kink of the activation
    makes the weights fall as k^-4, for even and odd degrees apart; the missing mass is spread so.

    Examples
    --------
    >>> from neurenorm.theory.complexity.effective_dimension import sphere_kernel
    >>> round(sphere_dimension(sphere_kernel(1), 3)[0], 5)
    5.85959
    """
    weights = sphere_weights(problem, dimension, DEGREES)
    value, coarse = (
        _with_tail(weights, dimension),
        _with_tail(weights[: DEGREES // 2 + 1], dimension),
    )
    return value, abs(value - coarse) + 1e-12 * value


def _with_tail(weights: Array, dimension: int) -> float:
    """Exponential of the entropy over harmonics, with the missing mass on a tail k^-4."""
    last = len(weights) - 1
    beyond = np.arange(last + 1, 4000 * last)
    tail = (
        beyond.astype(float) ** -4
        * np.maximum(weights[[last - 1, last]], 0)[(beyond - last + 1) % 2]
    )
    missing = max(1 - float(weights.sum()), 0.0)
    tail *= missing / tail.sum() if tail.sum() > 0 else 0.0
    mass = np.concatenate([np.maximum(weights[1:], 0), tail])
    share = mass / mass.sum()
    count = log_multiplicity(dimension, np.arange(1, len(share) + 1))
    return float(np.exp(np.sum(share * count - xlogy(share, share))))
