"""Hierarchical lattices grown bond by bond: spanning trees and resistances by their Laplacian,
percolation by trying all sets of open bonds, Migdal-Kadanoff in plain numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from neurenorm.numerics.simulation.lattice.hierarchical import CELL_BONDS

__all__ = ["grown", "migdal", "percolation", "trees"]

Array = NDArray[np.float64]
Bonds = list[tuple[int, int]]


def grown(cell: str, generations: int) -> tuple[int, Bonds]:
    """Return the number of sites and the bonds of a lattice; its terminals are 0 and 1.

    Examples
    --------
    >>> grown("diamond", 2)[0], len(grown("diamond", 2)[1])
    (12, 16)
    """
    size, inside = CELL_BONDS[cell]
    sites, bonds = 2, [(0, 1)]
    for _ in range(generations):
        new: Bonds = []
        for ends in bonds:
            place = [*ends, *range(sites, sites + size - 2)]
            sites += size - 2
            new += [(place[u], place[v]) for u, v in inside]
        bonds = new
    return sites, bonds


def trees(cell: str, generations: int) -> list[float]:
    """Return the logarithm of the number of spanning trees, and the resistance of the terminals.

    Examples
    --------
    >>> [round(x, 9) for x in trees("diamond", 1)]
    [1.386294361, 1.0]
    """
    sites, bonds = grown(cell, generations)
    laplacian = np.zeros((sites, sites))
    for u, v in bonds:
        laplacian[[u, v], [u, v]] += 1
        laplacian[[u, v], [v, u]] -= 1
    current = np.zeros(sites)
    current[:2] = 1, -1
    voltage = np.linalg.lstsq(laplacian, current, rcond=None)[0]
    return [float(np.linalg.slogdet(laplacian[1:, 1:])[1]), float(voltage[0] - voltage[1])]


def percolation(cell: str) -> list[float]:
    """Return the probability of open bonds that a cell reproduces, and its exponent.

    Examples
    --------
    >>> [round(x, 9) for x in percolation("diamond")]
    [0.618033989, 0.611516173]
    """
    if cell == "triangle":
        counts, size, scale = [0, 0, 3, 1], 3, math.sqrt(3)
    else:
        sites, bonds = CELL_BONDS[cell]
        size, scale = len(bonds), 2.0
        counts = [0] * (size + 1)
        for chosen in product((0, 1), repeat=size):
            open_bonds = [bond for bond, taken in zip(bonds, chosen, strict=True) if taken]
            counts[len(open_bonds)] += _joined(sites, open_bonds)

    def crossing(p: float) -> float:
        """The probability that the ends are joined."""
        return sum(c * p**n * (1 - p) ** (size - n) for n, c in enumerate(counts))

    point = float(brentq(lambda p: crossing(p) - p, 0.1, 0.9, xtol=1e-15))
    return [point, math.log(_slope(crossing, point)) / math.log(scale)]


def _joined(sites: int, bonds: Sequence[tuple[int, int]]) -> bool:
    """Whether bonds join the sites 0 and 1."""
    if not bonds:
        return False
    u, v = np.array(bonds).T
    _, labels = connected_components(coo_array((np.ones(len(u)), (u, v)), (sites, sites)))
    return bool(labels[0] == labels[1])


def _slope(function: Callable[[float], float], x: float) -> float:
    """The derivative, by differences of fourth order."""
    h = 1e-3 * x
    near = (function(x + h) - function(x - h)) / (2 * h)
    far = (function(x + 2 * h) - function(x - 2 * h)) / (4 * h)
    return (4 * near - far) / 3


def migdal(d: float, b: float, q: float, ising: bool) -> list[float]:
    """Return the fixed point of moving b^(d-1) bonds after a row of b, and its exponent.

    At b = 1 the mean of b = 1 + e and 1 - e is extrapolated to e = 0.

    Examples
    --------
    >>> [round(x, 8) for x in migdal(2, 2, 2, True)]
    [0.60937786, 0.74723572]
    """
    if b == 1:
        ends = [
            (np.array(migdal(d, 1 + e, q, ising)) + migdal(d, 1 - e, q, ising)) / 2
            for e in (0.04, 0.02, 0.01)
        ]
        once = [(4 * fine - rough) / 3 for rough, fine in pairwise(ends)]
        return [float(x) for x in (16 * once[1] - once[0]) / 15]

    def step(K: float) -> float:
        """The new coupling, from the weights of a row of bonds."""
        weight = 2 * K if ising else K
        character = (math.expm1(weight) / (math.expm1(weight) + q)) ** b
        new = math.log((1 + (q - 1) * character) / (1 - character))
        return b ** (d - 1) * new / (2 if ising else 1)

    point = float(brentq(lambda x: step(x) - x, 1e-3, 15, xtol=1e-15))
    return [point, math.log(_slope(step, point)) / math.log(b)]
