"""Chains and cells by plain matrices and enumeration: couplings read off powers of a transfer
matrix or off the weights of two kept spins, correlations off its eigenvectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from neurenorm.numerics.simulation.lattice.enumeration import (
    ising_terms,
    log_marginal,
    log_partition,
    potts_terms,
)

__all__ = [
    "CELLS",
    "cell_couplings",
    "chain_correlation",
    "fixed_point",
    "ising_power",
    "ising_transfer",
    "potts_power",
    "read_off",
    "ring_log_partition",
]

Array = NDArray[np.float64]
Bonds = Sequence[tuple[int, int]]

CELLS: dict[str, tuple[int, int, Bonds]] = {
    "diamond": (4, 2, ((0, 2), (2, 1), (0, 3), (3, 1))),
    "wheatstone": (4, 2, ((0, 2), (2, 1), (0, 3), (3, 1), (2, 3))),
    "six": (6, 3, ((0, 2), (2, 3), (3, 1), (0, 4), (4, 5), (5, 1))),
    "three branches": (5, 2, ((0, 2), (2, 1), (0, 3), (3, 1), (0, 4), (4, 1))),
}
"""Of each cell its vertices (the terminals are 0 and 1), the distance of the terminals, its bonds."""


def ising_transfer(coupling: float, field: float = 0.0) -> Array:
    """Return exp(K s s' + (h/2)(s + s')) for s, s' = 1, -1.

    Examples
    --------
    >>> ising_transfer(0.0).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return np.exp([[coupling + field, -coupling], [-coupling, coupling - field]])


def read_off(log_weights: Array) -> list[float]:
    """Return coupling, field and constant of the bond with four given log-weights.

    Examples
    --------
    >>> [round(x, 12) for x in read_off(np.log(ising_transfer(0.5, 0.25)))]
    [0.5, 0.25, -0.0]
    """
    (pp, pm), (mp, mm) = log_weights
    weights = ((pp + mm - pm - mp) / 4, (pp - mm) / 2, (pp + mm + pm + mp) / 4)
    return [float(weight) for weight in weights]


def ising_power(coupling: float, field: float, bonds: int) -> list[float]:
    """Return coupling, field and constant of a number of bonds in a row.

    Examples
    --------
    >>> round(ising_power(1.0, 0.0, 2)[0], 12)
    0.662501373679
    """
    return read_off(np.log(np.linalg.matrix_power(ising_transfer(coupling, field), bonds)))


def potts_power(coupling: float, q: int, bonds: int) -> float:
    """Return the Potts coupling of a number of bonds in a row.

    Examples
    --------
    >>> round(potts_power(2.0, 2, 2) / 2, 12)
    0.662501373679
    """
    power = np.linalg.matrix_power(np.ones((q, q)) + np.eye(q) * np.expm1(coupling), bonds)
    return float(np.log(power[0, 0] / power[0, 1]))


def chain_correlation(coupling: float, distance: int) -> float:
    """Return ⟨s_0 s_r⟩ of the infinite chain: spins between the leading eigenvectors of the
    transfer matrix, whose powers are taken relative to its largest eigenvalue.

    Examples
    --------
    >>> chain_correlation(0.3, 0)
    1.0
    """
    values, vectors = np.linalg.eigh(ising_transfer(coupling))
    first, spin = vectors[:, -1], np.diag([1.0, -1.0])
    moved = np.linalg.matrix_power(ising_transfer(coupling) / values[-1], distance)
    return float(round(first @ spin @ moved @ spin @ first, 15))


def ring_log_partition(coupling: float, sites: int) -> float:
    """Return ln Z of the Ising ring by enumeration of all its configurations.

    Examples
    --------
    >>> round(ring_log_partition(1.0, 8), 10)
    9.122649352
    """
    ring = [(site, (site + 1) % sites) for site in range(sites)]
    return log_partition(sites, (1, -1), ising_terms(ring, coupling))


def cell_couplings(cell: str, coupling: float, field: float = 0.0) -> list[float]:
    """Return coupling, field and constant of an Ising cell, off the weights of its terminals.

    Examples
    --------
    >>> round(cell_couplings("diamond", 0.5)[0], 12)
    0.433780830483
    """
    sites, _, bonds = CELLS[cell]
    return read_off(log_marginal(sites, (1, -1), ising_terms(bonds, coupling, field), (0, 1)))


def fixed_point(cell: str, q: int | None = None) -> list[float]:
    """Return where the coupling of a cell equals that of its bonds, and the thermal exponent:
    the logarithm of the slope there (a five-point difference) over that of the length.

    Parameters
    ----------
    cell : str
        A key of `CELLS`.
    q : int, optional
        Of the Potts model; without it the Ising model.

    Examples
    --------
    >>> round(fixed_point("diamond")[0], 6)
    0.609378
    """
    sites, length, bonds = CELLS[cell]

    def potts(k: float) -> float:
        """The enumerated coupling of the Potts cell."""
        table = log_marginal(sites, int(q or 0), potts_terms(bonds, k), (0, 1))
        return float(table[0, 0] - table[0, 1])

    coupling: Callable[[float], float] = (
        potts if q is not None else lambda k: cell_couplings(cell, k)[0]
    )
    star = brentq(lambda k: coupling(k) - k, 0.1, 3.0, xtol=1e-14)
    step = 1e-3
    weights = {-2: 1, -1: -8, 1: 8, 2: -1}
    slope = sum(w * coupling(star + j * step) for j, w in weights.items()) / (12 * step)
    return [star, float(np.log(slope) / np.log(length))]
