"""The Ising model on plane lattices by textbook integrals and mappings: Onsager's square lattice,
Houtappel's triangular one, the honeycomb by its stars, the kagome lattice by decoration.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.integrate import quad

__all__ = [
    "CRITICAL",
    "LOG_PARTITIONS",
    "bond_energy",
    "honeycomb",
    "kagome",
    "onsager",
    "strip",
    "torus_bonds",
    "triangular",
]

CRITICAL = {
    "square": math.log(1 + math.sqrt(2)) / 2,
    "triangular": math.log(3) / 4,
    "honeycomb": math.atanh(1 / math.sqrt(3)),
    "kagome": math.log(3 + 2 * math.sqrt(3)) / 4,
}
"""Critical couplings, in closed form."""


def _mean(inner: Callable[[float], tuple[float, float]]) -> float:
    """The mean over two angles of ln(A - B cos b), A and B functions of the first: that over b is
    ln (A + sqrt(A^2 - B^2))/2.
    """

    def integrand(a: float) -> float:
        """The mean over the second angle."""
        A, B = inner(a)
        return math.log((A + math.sqrt(max(A * A - B * B, 0.0))) / 2)

    return float(quad(integrand, 0, math.pi, epsabs=1e-14, epsrel=1e-13, limit=400)[0] / math.pi)


def onsager(K: float) -> float:
    """Return ln Z per site of the square lattice.

    Examples
    --------
    >>> round(onsager(CRITICAL["square"]), 12)
    0.929695398342
    """
    C, S = math.cosh(2 * K), math.sinh(2 * K)
    return math.log(2) + _mean(lambda a: (C * C - S * math.cos(a), S)) / 2


def triangular(K: float) -> float:
    """Return ln Z per site of the triangular lattice.

    Examples
    --------
    >>> round(triangular(0.3), 12)
    0.936979751343
    """
    C, S = math.cosh(2 * K), math.sinh(2 * K)
    return (
        math.log(2) + _mean(lambda a: (C**3 + S**3 - S * math.cos(a), 2 * S * math.cos(a / 2))) / 2
    )


def _star(K: float) -> tuple[float, float]:
    """The triangle that a star of three bonds leaves: its coupling and the logarithm of its
    constant.
    """
    alike, mixed = math.log(2 * math.cosh(3 * K)), math.log(2 * math.cosh(K))
    return (alike - mixed) / 4, (alike + 3 * mixed) / 4


def honeycomb(K: float) -> float:
    """Return ln Z per site of the honeycomb lattice: every second spin is the centre of a star.

    Examples
    --------
    >>> round(honeycomb(CRITICAL["honeycomb"]), 10)
    1.0250590965
    """
    coupling, constant = _star(K)
    return (constant + triangular(coupling)) / 2


def kagome(K: float) -> float:
    """Return ln Z per site of the kagome lattice: the spins that decorate the bonds of a honeycomb.

    A star whose triangle has the coupling K has bonds L; the spin between two of them leaves a bond
    of the honeycomb.

    Examples
    --------
    >>> round(kagome(CRITICAL["kagome"]), 10)
    0.9747862319
    """
    ratio = math.exp(4 * K)  # cosh 3L / cosh L = 4 cosh^2 L - 3
    L = math.acosh(math.sqrt((ratio + 3) / 4))
    _, constant = _star(L)
    bond = math.log(math.cosh(2 * L)) / 2
    decorated = math.log(2) + bond
    return (3 * decorated + 2 * honeycomb(bond) - 2 * constant) / 3


LOG_PARTITIONS: dict[str, tuple[Callable[[float], float], float]] = {
    "square": (onsager, 2.0),
    "triangular": (triangular, 3.0),
    "honeycomb": (honeycomb, 1.5),
    "kagome": (kagome, 2.0),
}
"""Of each lattice ln Z per site, and its bonds per site."""


def bond_energy(lattice: str, K: float) -> float:
    """Return the mean of s s' over the bonds, by differences of fourth order.

    Examples
    --------
    >>> round(bond_energy("square", 0.3), 8)
    0.35224954
    """
    log_partition, bonds = LOG_PARTITIONS[lattice]
    step = 2e-3
    near = (log_partition(K + step) - log_partition(K - step)) / (2 * step)
    far = (log_partition(K + 2 * step) - log_partition(K - 2 * step)) / (4 * step)
    further = (log_partition(K + 4 * step) - log_partition(K - 4 * step)) / (8 * step)
    one, two = (4 * near - far) / 3, (4 * far - further) / 3
    return (16 * one - two) / 15 / bonds


def torus_bonds(
    cell: Sequence[tuple[int, int, tuple[int, int]]], vertices: int, sides: tuple[int, int]
) -> tuple[int, list[tuple[int, int]]]:
    """Return the number of sites and the bonds of a torus of cells.

    Examples
    --------
    >>> torus_bonds([(0, 0, (1, 0)), (0, 0, (0, 1))], 1, (3, 4))[0]
    12
    """

    def site(v: int, i: int, j: int) -> int:
        """The number of a vertex of a cell."""
        return v + vertices * (i % sides[0] + sides[0] * (j % sides[1]))

    bonds = [
        (site(u, i, j), site(v, i + n[0], j + n[1]))
        for i in range(sides[0])
        for j in range(sides[1])
        for u, v, n in cell
    ]
    return vertices * int(np.prod(sides)), bonds


def strip(width: int, K: float) -> list[float]:
    """Return two gaps and the central charge of a periodic strip of the square lattice, from the
    eigenvalues of its transfer matrix: ln(l_0/l_k) width/2pi and (6/pi) width (ln l_0 - width f).

    Examples
    --------
    >>> [round(x, 6) for x in strip(4, CRITICAL["square"])]
    [0.128922, 0.952153, 0.522194]
    """
    spins = 1 - 2 * ((np.arange(2**width)[:, None] >> np.arange(width)) & 1)
    inside = K * np.sum(spins * np.roll(spins, 1, axis=1), axis=1)
    transfer = np.exp(K * spins @ spins.T + inside[:, None] / 2 + inside[None] / 2)
    values = np.sort(np.linalg.eigvalsh(transfer))[::-1]
    gaps = -np.log(values[1:3] / values[0]) * width / (2 * math.pi)
    charge = 6 / math.pi * width * (math.log(values[0]) - width * onsager(K))
    return [float(gaps[0]), float(gaps[1]), float(charge)]
