"""Means over the Brillouin zone of a free field on a lattice, on half-shifted meshes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.periodic.periodic import PeriodicGraph

__all__ = ["LatticeField"]

Array = NDArray[np.float64]
_MESHES = {2: (16, 32, 64, 128, 256), 3: (8, 16, 32, 64, 96)}
_ROWS = 2**15


class LatticeField:
    """The matrix L(k) + m2 of a lattice, L the Laplacian.

    Parameters
    ----------
    graph : PeriodicGraph
        Of two or three translations.
    m2 : float
        Not negative.

    Examples
    --------
    >>> from neurenorm.graphs.lattices import square
    >>> values, errors = LatticeField(square(), 0.1).means((1, 0))
    >>> round(values["G"], 10)
    0.4543520495
    """

    def __init__(self, graph: PeriodicGraph, m2: float) -> None:
        if graph.dimension not in _MESHES:
            raise ValueError(f"two or three translations are needed, not {graph.dimension}")
        self.dimension, self.size, self.m2 = graph.dimension, len(graph.vertices), m2
        place = {v: i for i, v in enumerate(graph.vertices)}
        self.edges = [(place[e.tail], place[e.head], np.array(e.offset)) for e in graph.edges]
        self.diagonal = np.array([graph.degree(v) + m2 for v in graph.vertices], dtype=float)

    def matrices(self, k: Array) -> NDArray[np.complex128]:
        """Return L(k) + m2 at phases over the axes, shape (n, d) -> (n, V, V)."""
        found = np.zeros((len(k), self.size, self.size), dtype=complex)
        found[:, range(self.size), range(self.size)] = self.diagonal
        for u, v, offset in self.edges:
            phase = np.exp(1j * k @ offset)
            found[:, u, v] -= phase
            found[:, v, u] -= phase.conj()
        return found

    def on_mesh(self, N: int, r: Sequence[int]) -> Array:
        """Return the means of tr (L + m2)^-1 / V, ln det / V, and of the resistance."""
        half = 2 * np.pi * (np.arange(N) + 0.5) / N
        axes = np.meshgrid(half[: (N + 1) // 2], *[half] * (self.dimension - 1), indexing="ij")
        k = np.stack([axis.ravel() for axis in axes], axis=1)
        total = np.zeros(3)
        for start in range(0, len(k), _ROWS):
            part = k[start : start + _ROWS]
            matrices = self.matrices(part)
            inverse = np.linalg.inv(matrices)
            trace = np.einsum("nii->n", inverse).real
            logs = np.linalg.slogdet(matrices)[1]
            loss = 2 * (1 - np.cos(part @ np.array(r))) * inverse[:, 0, 0].real
            total += [trace.sum() / self.size, logs.sum() / self.size, loss.sum()]
        return np.asarray(total / len(k))

    def means(self, r: Sequence[int]) -> tuple[dict[str, float], dict[str, float]]:
        """Return G, ln_det and resistance in the limit of a fine mesh, and estimates of the errors.

        With m2 > 0 meshes converge exponentially; at m2 = 0 the error falls like N^-d, N^-d-2, ...
        (that of G in three dimensions like N^-1, N^-3, ...), which is taken away. G is infinite at
        m2 = 0 in two dimensions, and not among the values then.
        """
        rows: list[Array] = []
        meshes = []
        for N in _MESHES[self.dimension]:
            rows.append(self.on_mesh(N, r))
            meshes.append(N)
            if len(rows) > 1 and np.abs(rows[-1] - rows[-2]).max() < 1e-14:
                break
        d = self.dimension
        first = {"G": d - 2, "ln_det": d, "resistance": d}
        values, errors = {}, {}
        for place, name in enumerate(first):
            if name == "G" and self.m2 == 0 and d == 2:
                continue
            column = [float(row[place]) for row in rows]
            if self.m2 > 0:
                values[name], errors[name] = column[-1], abs(column[-1] - column[-2]) + 1e-15
            else:
                values[name], errors[name] = _limit(meshes, column, first[name])
        return values, errors


def _limit(meshes: Sequence[int], column: Sequence[float], first: int) -> tuple[float, float]:
    """The last mean where meshes have settled, else the fit a + b N^-p + c N^-(p+2) + ...: its
    error is the change from the fit to one mesh less.
    """
    last = abs(column[-1] - column[-2])
    if last < 1e-13:
        return column[-1], last + 1e-15
    fits = []
    for start in range(2):
        N = np.array(meshes[start:], dtype=float)
        powers = [first + 2 * j for j in range(len(N) - 1)]
        design = np.stack([np.ones(len(N)), *(N**-p for p in powers)], axis=1)
        fits.append(float(np.linalg.solve(design, np.array(column[start:]))[0]))
    spread = max(abs(a - b) for a, b in pairwise(fits))
    return (fits[0], spread + 1e-14) if spread < last else (column[-1], last)
