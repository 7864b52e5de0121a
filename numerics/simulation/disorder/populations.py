"""Random couplings by sampling: populations of couplings whose signs are drawn anew, and cells with
every choice of signs.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from neurenorm.numerics.simulation.lattice.enumeration import Term, log_marginal, potts_terms
from neurenorm.numerics.simulation.lattice.hierarchical import CELL_BONDS

__all__ = ["glass_temperature", "harris", "nishimori_moments", "nishimori_point", "stiffness"]

Array = NDArray[np.float64]


def stiffness(branches: int, members: int, rng: np.random.Generator) -> float:
    """Return the growth of E|J| per step at zero temperature, as an exponent of 2, over ten steps of
    a population after six others.

    Examples
    --------
    >>> abs(stiffness(4, 20_000, np.random.default_rng(1)) - 0.255) < 0.02
    True
    """
    couplings = rng.standard_normal(members)
    logs = []
    for _ in range(16):
        total = np.zeros(members)
        for _ in range(branches):
            pair = np.abs(couplings[rng.integers(0, members, (2, members))])
            total += np.where(rng.random(members) < 0.5, 1, -1) * pair.min(axis=0)
        scale = float(np.abs(total).mean())
        couplings = total / scale
        logs.append(math.log2(scale))
    return float(np.mean(logs[6:]))


def _flow_end(
    branches: int, start: Array, nishimori: bool, steps: int, rng: np.random.Generator
) -> float:
    """E|K| after some steps of a population, the signs of which are drawn anew."""
    sizes = np.abs(start)
    members = len(sizes)
    for _ in range(steps):
        total = np.zeros(members)
        for _ in range(branches):
            a, b = sizes[rng.integers(0, members, (2, members))]
            t = np.tanh(a) * np.tanh(b)
            size = np.where(t < 1, np.arctanh(np.minimum(t, 1 - 1e-16)), np.minimum(a, b))
            odds = 1 / (1 + np.exp(-2 * size)) if nishimori else 0.5
            total += np.where(rng.random(members) < odds, size, -size)
        sizes = np.abs(total)
        if sizes.mean() > 30 or sizes.mean() < 1e-4:
            break
    return float(sizes.mean())


def nishimori_moments(p: float) -> list[float]:
    """Return E t^k, k = 1 to 4, of the new bond of a diamond, by all signs of its bonds and all
    configurations of its spins.

    Examples
    --------
    >>> [round(x, 6) for x in nishimori_moments(0.9)]
    [0.581158, 0.581158, 0.479206, 0.479206]
    """
    K = math.atanh(2 * p - 1)
    bonds = ((0, 2), (2, 1), (0, 3), (3, 1))
    total = np.zeros(4)
    for signs in product((1, -1), repeat=4):
        terms: list[Term] = [
            (bond, sign * K, lambda a, b: a * b) for bond, sign in zip(bonds, signs, strict=True)
        ]
        table = log_marginal(4, (1, -1), terms, (0, 1))
        t = math.tanh((table[0, 0] - table[0, 1]) / 2)
        positive = signs.count(1)
        total += p**positive * (1 - p) ** (4 - positive) * np.array([t, t**2, t**3, t**4])
    return [float(x) for x in total]


def glass_temperature(branches: int, members: int, seed: int) -> float:
    """Return T_c of Gaussian couplings of variance 1 by bisection, with the same random numbers at
    every temperature.
    """
    J = np.random.default_rng(seed).standard_normal(members)

    def grows(T: float) -> bool:
        """Whether a population becomes strongly coupled."""
        return _flow_end(branches, J / T, False, 40, np.random.default_rng(seed + 1)) > 3

    low, high = 0.5, 1.5
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if grows(middle) else (low, middle)
    return (low + high) / 2


def nishimori_point(branches: int, members: int, seed: int) -> float:
    """Return p_c of couplings +-K on the Nishimori line by bisection, with the same random numbers
    at every p.
    """

    def grows(p: float) -> bool:
        """Whether a population becomes strongly coupled."""
        start = np.full(members, math.atanh(2 * p - 1))
        return _flow_end(branches, start, True, 40, np.random.default_rng(seed)) > 3

    low, high = 0.6, 0.97
    while high - low > 2e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if grows(middle) else (middle, high)
    return (low + high) / 2


def harris(cell: str, q: int) -> list[float]:
    """Return the sum of (dK'/dK_i)^2 and alpha/nu = 2y - d at the critical point of a Potts cell.

    Examples
    --------
    >>> [round(x, 8) for x in harris("diamond", 2)]
    [0.70440226, -0.50552856]
    """
    size, bonds = CELL_BONDS[cell]

    def new(couplings: Array) -> float:
        """The coupling of the new bond, by enumeration."""
        table = log_marginal(size, q, potts_terms(bonds, couplings), (0, 1))
        return float(table[0, 0] - table[0, 1])

    alike = np.ones(len(bonds))
    K = brentq(lambda x: new(x * alike) - x, 0.2, 6.0, xtol=1e-13)
    slopes = []
    for i in range(len(bonds)):
        unit = np.eye(len(bonds))[i] * 1e-3
        near = (new(K * alike + unit) - new(K * alike - unit)) / 2e-3
        far = (new(K * alike + 2 * unit) - new(K * alike - 2 * unit)) / 4e-3
        slopes.append((4 * near - far) / 3)
    return [float(np.square(slopes).sum()), 2 * math.log2(sum(slopes)) - math.log2(len(bonds))]
