"""Steps of couplings by powers of transfer matrices, differenced and read off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from neurenorm.numerics.simulation.lattice.enumeration import Term, log_marginal
from neurenorm.numerics.simulation.work import Work

__all__ = [
    "POINTS",
    "STARTS",
    "Array",
    "approached",
    "central",
    "chart_witness",
    "composed_witness",
    "critical_by_hand",
    "cubed",
    "differences",
    "leading_logs",
    "projected",
    "read_off",
    "slope_of_step",
    "spectrum_without_coupling",
    "three_bonds",
    "transfer",
]

Array = NDArray[np.float64]

POINTS = np.array([[0.7, 0.3], [-0.4, 0.9], [1.2, -0.2]]).T


def transfer(k: float, h: float = 0.0) -> Array:
    """Return the weights of one bond between two spins."""
    return np.array([[np.exp(k + h), np.exp(-k)], [np.exp(-k), np.exp(k - h)]])


def read_off(weights: Array) -> list[float]:
    """Return coupling, field and constant of the bond that has these weights."""
    (pp, pm), (mp, mm) = np.log(weights)
    return [(pp + mm - pm - mp) / 4, (pp - mm) / 2, (pp + mm + pm + mp) / 4]


def leading_logs(points: Array) -> Array:
    """Return ln of the largest eigenvalue of the transfer matrix at every coupling and field."""
    return np.array([np.log(np.max(np.linalg.eigvalsh(transfer(k, h)))) for k, h in points])


def three_bonds(k: float, h: float) -> Array:
    """Return coupling and field of three bonds in series."""
    return np.array(read_off(np.linalg.matrix_power(transfer(k, h), 3))[:2])


def composed_witness(rng: np.random.Generator, effort: Work) -> Array:
    """Raise the transfer matrix to the eighth power on each of two parallel branches."""
    rows = [
        [*read_off(np.linalg.matrix_power(transfer(k, h), 8) ** 2), 16.0, 8.0] for k, h in POINTS.T
    ]
    return np.array(rows).T


def slope_of_step(point: Array, axis: int) -> Array:
    """Differentiate the read-off of the cube of the transfer matrix by differences of sixth
    order.
    """
    stencil, step = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}, 1e-2
    slope = np.zeros(2)
    for j, weight in stencil.items():
        for side in (-1, 1):
            k, h = point + side * j * step * np.eye(2)[axis]
            slope += (
                side
                * weight
                * np.array(read_off(np.linalg.matrix_power(transfer(k, h), 3))[:2])
                / step
            )
    return slope


def differences(rng: np.random.Generator, effort: Work) -> Array:
    """Return the numerical Jacobian matrix at each point."""
    return np.array(
        [[slope_of_step(point, axis) for axis in (0, 1)] for point in POINTS.T]
    ).transpose(0, 2, 1)


def spectrum_without_coupling(rng: np.random.Generator, effort: Work) -> Array:
    """Differentiate the read-off of the cube of the transfer matrix at zero coupling in several
    fields, and take numerical eigenvalues.
    """
    matrices = [
        np.array([slope_of_step(np.array([0.0, h]), axis) for axis in (0, 1)]).T
        for h in (0.3, -0.8)
    ]
    return np.array([sorted(np.linalg.eigvals(matrix).real) for matrix in matrices])


def critical_by_hand(rng: np.random.Generator, effort: Work) -> Array:
    """Find where the read-off of two parallel squares of the transfer matrix keeps its coupling,
    and differentiate it there.
    """

    def step(k: float, h: float) -> Array:
        return np.array(read_off(np.linalg.matrix_power(transfer(k, h), 2) ** 2)[:2])

    star = float(brentq(lambda k: step(k, 0.0)[0] - k, 0.2, 2.0, xtol=1e-15))
    slopes = [
        central(lambda x: float(step(star + x, 0.0)[0])),
        central(lambda x: float(step(star, x)[1])),
    ]
    return np.array([star, 0.0, *np.log2(slopes)])


def central(function: Callable[[float], float]) -> float:
    """Return the derivative at zero by differences of sixth order."""
    return (
        sum(
            weight * (function(0.01 * j) - function(-0.01 * j))
            for j, weight in {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}.items()
        )
        / 0.01
    )


def approached(rng: np.random.Generator, effort: Work) -> Array:
    """Extrapolate the slope of tanh K' in tanh K to both fixed points, from transfer matrices of
    couplings on the way.
    """

    def image(t: float) -> float:
        return float(np.tanh(read_off(np.linalg.matrix_power(transfer(np.arctanh(t)), 3))[0]))

    distances = 0.004 * np.arange(1, 7)
    slopes = [[image(d) / d for d in distances], [(1 - image(1 - d)) / d for d in distances]]
    return np.array([np.polyfit(distances, slope, 5)[-1] for slope in slopes])


def chart_witness(rng: np.random.Generator, effort: Work) -> Array:
    """Cube transfer matrices, read couplings and constants off, and put the couplings into each
    chart.
    """
    k, h = 0.7, 0.3
    plain, _, plain_constant = read_off(np.linalg.matrix_power(transfer(k), 3))
    coupling, field, constant = read_off(np.linalg.matrix_power(transfer(k, h), 3))
    colours = np.linalg.matrix_power(np.ones((3, 3)) + np.expm1(k) * np.eye(3), 3)
    v = colours[0, 0] / colours[0, 1] - 1
    rows = [
        np.tanh(plain),
        plain_constant,
        np.exp(2 * plain),
        plain_constant,
        v / (v + 3),
        np.log(colours[0, 1]),
    ]
    return np.array([*rows, np.exp(4 * coupling), np.exp(2 * field), constant])


STARTS = np.array([-1.0, -0.3, 0.6, 1.4])


def cubed(rng: np.random.Generator, effort: Work) -> Array:
    """Read the couplings of three bonds off the cube of the transfer matrix."""
    couplings = [read_off(np.linalg.matrix_power(transfer(k), 3))[0] for k in STARTS]
    return np.array([*couplings, *(np.tanh(k) for k in couplings if k > 0)])


def projected(
    states: Sequence[float] | Array,
    basis: Array,
    bond: Callable[..., Any],
    site: Callable[..., Any],
) -> Array:
    """Enumerate the three vertices and solve for the coefficients of products of basis functions
    (rows of ``basis``) of the two ends.
    """
    rows = []
    for k, h in POINTS.T:
        terms: list[Term] = [((i, i + 1), k, bond) for i in (0, 1)]
        terms += [((i,), h, site) for i in range(3)]
        table = log_marginal(3, tuple(states), terms, (0, 2))
        inverse = np.linalg.inv(basis.T)
        rows.append((inverse @ table @ inverse.T).ravel())
    return np.array(rows).T
