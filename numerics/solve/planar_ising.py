"""The Ising model on planar periodic graphs by the determinant of Kac and Ward, in doubles."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.periodic.embedding import check_planar, steps_of
from neurenorm.graphs.periodic.periodic import PeriodicGraph

__all__ = ["KacWard"]

Array = NDArray[np.float64]
_MESHES = (16, 32, 64, 128, 256)
_ROWS = 2**15  # determinants at a time


class KacWard:
    """The matrix Lambda(k) of a planar periodic graph, evaluated on meshes of wave numbers.

    Parameters
    ----------
    graph : PeriodicGraph
        With a metric in which its straight edges do not cross.

    Examples
    --------
    >>> from neurenorm.graphs.lattices import square
    >>> found, error = KacWard(square()).log_partition(0.3)
    >>> round(found, 12), error < 1e-12
    (0.790559070951, True)
    """

    def __init__(self, graph: PeriodicGraph) -> None:
        check_planar(graph)
        assert graph.metric is not None
        self.vertices, self.edges = len(graph.vertices), len(graph.edges)
        ends, offsets, angles = [], [], []
        for step, edge in steps_of(graph):
            x, y = graph.metric.cartesian(step)
            for sign, (tail, head) in ((1, (edge.tail, edge.head)), (-1, (edge.head, edge.tail))):
                ends.append((tail, head))
                offsets.append([sign * n for n in edge.offset])
                angles.append(math.atan2(sign * y, sign * x))
        size = len(ends)
        self.offsets = np.array(offsets)
        turn = np.subtract.outer(np.array(angles), np.array(angles)).T
        turn = (turn + np.pi) % (2 * np.pi) - np.pi
        follows = np.array(
            [[ends[e][1] == ends[f][0] and f != e ^ 1 for f in range(size)] for e in range(size)]
        )
        self.turns = np.where(follows, np.exp(0.5j * turn), 0)

    def determinants(self, t: float, k: Array) -> Array:
        """Return det(1 - t Lambda(k)) at wave numbers (phases over the axes), shape (n, 2) -> (n,)."""
        found = np.empty(len(k))
        for start in range(0, len(k), _ROWS):
            part = k[start : start + _ROWS]
            phases = np.exp(1j * part @ self.offsets.T)
            whole = np.eye(len(self.turns)) - t * phases[:, :, None] * self.turns
            found[start : start + _ROWS] = np.linalg.det(whole).real
        return found

    def mesh(self, N: int) -> Array:
        """Return the wave numbers k = 2 pi (j + 1/2)/N, one of each pair k, -k."""
        half = 2 * np.pi * (np.arange(N) + 0.5) / N
        one, two = np.meshgrid(half[: (N + 1) // 2], half, indexing="ij")
        return np.stack([one.ravel(), two.ravel()], axis=1)

    def log_partition(self, K: float) -> tuple[float, float]:
        """Return ln Z per vertex of the infinite lattice and an estimate of its error.

        The mean over a half-shifted mesh converges exponentially away from the critical point, and
        like N^-2 at it, which is then extrapolated.
        """
        t = math.tanh(K)
        constant = self.vertices * math.log(2) + self.edges * _log_cosh(K)
        means = []
        for N in _MESHES:
            values = self.determinants(t, self.mesh(N))
            if np.any(values <= 0):
                raise ValueError(
                    f"a determinant is not positive at K = {K}: the coupling is too strong for "
                    "doubles"
                )
            means.append(float(np.mean(np.log(values))))
            if len(means) > 1 and abs(means[-1] - means[-2]) < 1e-14:
                break
        best, error = _limit(means)
        return (constant + best / 2) / self.vertices, error / self.vertices + 1e-15

    def energy(self, K: float) -> tuple[float, float]:
        """Return the mean of s s' over the bonds and an estimate of its error: the derivative of ln
        Z per bond.
        """
        t = math.tanh(K)
        means = []
        for N in _MESHES:
            k = self.mesh(N)
            total = 0.0
            for start in range(0, len(k), _ROWS):
                part = k[start : start + _ROWS]
                phases = np.exp(1j * part @ self.offsets.T)
                turns = phases[:, :, None] * self.turns
                inverse = np.linalg.inv(np.eye(len(self.turns)) - t * turns)
                total += float(np.einsum("nij,nji->", inverse, turns).real)
            means.append(-total / len(k))
            if len(means) > 1 and abs(means[-1] - means[-2]) < 1e-14 * self.edges:
                break
        error = abs(means[-1] - means[-2]) / self.edges
        return t + (1 - t * t) * means[-1] / (2 * self.edges), error + 1e-15

    def torus(self, K: float, sides: tuple[int, int], ordered: bool) -> float:
        """Return ln Z of a torus of some cells, from the four determinants of its meshes.

        Parameters
        ----------
        K : float
        sides : (int, int)
            Cells along the two axes.
        ordered : bool
            Whether K lies above the critical coupling: the square root of the determinant with k = 0
            has then changed its sign.
        """
        t, cells = math.tanh(K), sides[0] * sides[1]
        logs = {}
        for shift in product((0.5, 0.0), repeat=2):
            axes = [2 * np.pi * (np.arange(n) + s) / n for n, s in zip(sides, shift, strict=True)]
            one, two = np.meshgrid(*axes, indexing="ij")
            values = self.determinants(t, np.stack([one.ravel(), two.ravel()], axis=1))
            logs[shift] = 0.5 * float(np.sum(np.log(np.abs(values))))
        top = max(logs.values())
        total = sum(math.exp(x - top) for shift, x in logs.items() if any(shift))
        total += (1 if ordered else -1) * math.exp(logs[0.0, 0.0] - top)
        constant = self.vertices * math.log(2) + self.edges * _log_cosh(K)
        return cells * constant + top + math.log(total / 2)


def _log_cosh(K: float) -> float:
    """ln cosh K."""
    return abs(K) + math.log1p(math.exp(-2 * abs(K))) - math.log(2)


def _limit(means: list[float]) -> tuple[float, float]:
    """The limit of means over meshes that double: the last one where they have settled, else
    extrapolated in N^-2.
    """
    last = abs(means[-1] - means[-2])
    if last < 1e-13 or len(means) < 4:
        return means[-1], last
    rows = [means]
    for power in (2, 4, 6):
        factor = 2.0**power
        before = rows[-1]
        rows.append([(factor * b - a) / (factor - 1) for a, b in pairwise(before)])
    ends = [row[-1] for row in rows if row]
    gaps = [abs(a - b) for a, b in pairwise(ends)]
    best = int(np.argmin(gaps))
    return (ends[best + 1], gaps[best]) if gaps[best] < last else (means[-1], last)
