"""The weight with which the outputs around it predict an output, by a tanh unit: the
pseudo-likelihood of a coupling.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.simulation.ising_correspondence.tanh_layers import RIDGE, fit_tanh

__all__ = ["alignments", "kinds_of", "neighbour_weight"]

Array = NDArray[np.float64]

_NEIGHBOURS = 6  # outputs on each side that a pseudo-likelihood regresses on, where there are many


def alignments(spins: NDArray[np.int8], boundary: str) -> NDArray[np.int8]:
    """Return h_i (h_{i−d} + h_{i+d}) of every sample, site and distance d; beyond the ends of a
    chain there is nothing.
    """
    outputs = spins.shape[1]
    reach = min(_NEIGHBOURS, outputs // 2 if boundary == "ring" else outputs - 1)
    rows = []
    for d in range(1, reach + 1):
        if boundary == "ring":
            rows.append(spins * (np.roll(spins, d, axis=1) + np.roll(spins, -d, axis=1)))
            continue
        pairs = spins[:, d:] * spins[:, :-d]
        rows.append(np.pad(pairs, ((0, 0), (0, d))) + np.pad(pairs, ((0, 0), (d, 0))))
    return np.stack(rows, axis=2)


def kinds_of(alignments: NDArray[np.int8], weights: Array) -> tuple[Array, Array]:
    """Return the different alignments of a site, shape (kinds, distances), and the weight that each
    sample gives to each, shape (samples, kinds).
    """
    samples, sites, reach = alignments.shape
    codes = (alignments.astype(np.int64) + 2) @ 5 ** np.arange(reach)
    present, kind = np.unique(codes, return_inverse=True)
    table = np.zeros((samples, len(present)))
    np.add.at(
        table, (np.arange(samples)[:, None], kind.reshape(samples, sites)), weights[:, None] / sites
    )
    return (present[:, None] // 5 ** np.arange(reach) % 5 - 2).astype(float), table


def neighbour_weight(kinds: Array, shares: Array, ridge: float = RIDGE) -> float:
    """Return the weight of a neighbour that predicts an output from those around it, one weight for
    each distance and all sites together.
    """
    return float(
        fit_tanh(kinds, np.ones(len(kinds)), shares / shares.sum(), ridge=ridge).weights[0]
    )
