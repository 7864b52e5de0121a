r"""Laws of random couplings on hierarchical lattices: s bonds in series, branches in parallel.

At zero temperature J' is the sum over branches of sign(J1 J2) min(|J1|, |J2|). At a positive
temperature a pair in series leaves artanh(tanh K1 tanh K2), whose size depends on the sizes only, and
branches add. Where the sign of a coupling is independent of its size (a symmetric law), or is positive
with probability e^2K/(1 + e^2K) (the Nishimori line), the law of the sizes is the whole state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.arguments import whole_number
from neurenorm.graphs.rendering import Tabulated

__all__ = ["SizeHistogram", "glass_temperature", "nishimori_point", "stiffness"]

Array = NDArray[np.float64]


def stiffness(branches: int, modes: int = 1500, steps: int = 60) -> tuple[float, float]:
    """Return theta of J -> 2^theta J at zero temperature for symmetric continuous laws, and the
    change in the last step.

    The law of |J| is kept as S(x) = P(|J| > x). A pair in series has S^2; the characteristic function
    is raised to the number of branches, and S of the sum is its sine series on [0, X]. S is followed
    at Gauss-Legendre points that are rescaled so that E|J| stays 1.

    Examples
    --------
    >>> round(stiffness(2, modes=400)[0], 4)
    -0.2708
    """
    X, panels, order = 12.0, max(20, modes // 20), 24
    nodes, weights = np.polynomial.legendre.leggauss(order)
    edges = np.linspace(0, X, panels + 1)
    width = X / panels
    x = (edges[:-1, None] + width * (nodes + 1) / 2).ravel()
    w = np.tile(weights * width / 2, panels)
    k = np.pi * np.arange(1, modes + 1) / X
    sines = np.sin(np.outer(k, x))
    survival = np.array([math.erfc(value / math.sqrt(math.pi)) for value in x])
    theta, before = 0.0, math.inf
    for _ in range(steps):
        characteristic = 1 - k * (sines @ (w * survival**2))
        power = characteristic**branches
        # E|J| of the sum: the integral of S over [0, X]
        mean = X / 2 - 2 / X * float(np.sum(power * (1 - np.cos(k * X)) / k**2))
        stretched = mean * x
        inside = stretched < X
        series = power / k @ np.sin(np.outer(k, stretched[inside]))
        survival = np.zeros_like(x)
        survival[inside] = np.clip(1 - stretched[inside] / X - 2 / X * series, 0, 1)
        theta = math.log2(mean)
        if abs(theta - before) < 1e-12:
            break
        before = theta
    return theta, abs(theta - before)


MOST_POINTS, MOST_BRANCHES = 4_000, 100  # tables hold the square of the points


@dataclass(frozen=True)
class SizeHistogram(Tabulated):
    """The law of |K| on a grid of couplings.

    Parameters
    ----------
    spacing : float
    points : int
        The grid is 0, spacing, ..., (points - 1) spacing; what is larger counts as the last one.
    branches : int
    nishimori : bool
        Signs as on the Nishimori line; by default both are equally likely.
    """

    spacing: float
    points: int
    branches: int
    nishimori: bool = False

    def __post_init__(self) -> None:
        whole_number(self.points, "the number of points", 2, MOST_POINTS)
        whole_number(self.branches, "the number of branches", 1, MOST_BRANCHES)

    @cached_property
    def grid(self) -> Array:
        """The couplings."""
        return self.spacing * np.arange(self.points, dtype=np.float64)

    def deposited(self, sizes: Array, masses: Array) -> Array:
        """Return masses at sizes, each split over two points of the grid so that its mean is kept."""
        place = np.clip(sizes / self.spacing, 0, self.points - 1)
        low = np.minimum(place.astype(int), self.points - 2)
        share = place - low
        found = np.bincount(low, masses * (1 - share), self.points)
        return np.asarray(found + np.bincount(low + 1, masses * share, self.points))

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], Array]:
        """The size of a pair in series, as a place below and a share of the next."""
        a, b = self.grid[:, None], self.grid[None]
        small, total, gap = np.minimum(a, b), a + b, np.abs(a - b)
        size = small + 0.5 * (np.log1p(np.exp(-2 * total)) - np.log1p(np.exp(-2 * gap)))
        place = np.clip(size / self.spacing, 0, self.points - 1)
        low = np.minimum(place.astype(np.int64), self.points - 2)
        return low.ravel(), (place - low).ravel()

    def step(self, law: Array) -> Array:
        """Return the law of |K| after one step."""
        masses = np.outer(law, law).ravel()
        low, share = self._pairs
        series = np.bincount(low, masses * (1 - share), self.points)
        series += np.bincount(low + 1, masses * share, self.points)
        positive = 1 / (1 + np.exp(-2 * self.grid)) if self.nishimori else np.full(self.points, 0.5)
        full = np.concatenate([(series * (1 - positive))[:0:-1], series * positive])
        full[self.points - 1] = series[0]
        size = self.branches * (len(full) - 1) + 1
        total = np.fft.irfft(np.fft.rfft(full, 2 * size) ** self.branches, 2 * size)[:size]
        middle = size // 2
        folded = total[middle:].copy()
        folded[1:] += total[:middle][::-1]
        new = np.maximum(folded[: self.points], 0)
        new[-1] += max(float(folded[self.points :].sum()), 0.0)
        return np.asarray(new / new.sum())

    def mean_size(self, law: Array) -> float:
        """Return E|K|."""
        return float(law @ self.grid)


def _grows(histogram: SizeHistogram, law: Array, steps: int = 60) -> bool:
    """Whether couplings become strong in the end rather than weak."""
    mean = histogram.mean_size(law)
    top = 0.6 * float(histogram.grid[-1])
    for _ in range(steps):
        law = histogram.step(law)
        new = histogram.mean_size(law)
        if new > top or new < 0.02:
            return new > top
        mean = new
    return mean > 1


def _halved(grows: Callable[[float], bool], low: float, high: float, digits: float) -> float:
    """The value at which a flow begins to grow."""
    while high - low > digits:
        middle = (low + high) / 2
        low, high = (low, middle) if grows(middle) else (middle, high)
    return (low + high) / 2


def _extrapolated(at: Callable[[float], float], spacing: float) -> tuple[float, float]:
    """The limit of a grid without spacing, from three grids and an error of second order."""
    values = [at(spacing), at(spacing / math.sqrt(2)), at(spacing / 2)]
    rough, fine = 2 * values[1] - values[0], 2 * values[2] - values[1]
    return fine, max(abs(fine - rough), 2e-5)


def glass_temperature(branches: int, gaussian: bool, spacing: float = 0.08) -> tuple[float, float]:
    """Return T_c of the spin glass with couplings of variance 1, and its error.

    The grid has the given spacing of couplings, and two finer ones to extrapolate from.

    Examples
    --------
    >>> round(glass_temperature(4, True, spacing=0.2)[0], 2)
    0.88
    """

    def at(width: float) -> float:
        """T_c on one grid."""
        histogram = SizeHistogram(width, int(14 / width) + 1, branches)

        def grows(beta: float) -> bool:
            """Whether the couplings grow from this inverse temperature."""
            if not gaussian:
                return _grows(histogram, histogram.deposited(np.array([beta]), np.ones(1)))
            x = np.linspace(0, 8, 4001)
            masses = np.exp(-x * x / 2)
            masses[0] /= 2
            return _grows(histogram, histogram.deposited(beta * x, masses / masses.sum()))

        return 1 / _halved(grows, 0.3, 3.0, 1e-6)

    return _extrapolated(at, spacing)


def nishimori_point(branches: int, spacing: float = 0.08) -> tuple[float, float, float, float]:
    """Return p_c of +-J couplings on the Nishimori line, its error, the exponent y along the line,
    and its error, from grids of the given spacing and finer.

    Examples
    --------
    >>> round(nishimori_point(2, spacing=0.2)[0], 3)
    0.92
    """

    found: dict[float, float] = {}

    def flow(histogram: SizeHistogram, p: float, steps: int) -> Array:
        """E|K| after each step."""
        law = histogram.deposited(np.array([math.log(p / (1 - p)) / 2]), np.ones(1))
        means = []
        for _ in range(steps):
            law = histogram.step(law)
            means.append(histogram.mean_size(law))
        return np.array(means)

    def histogram_of(width: float) -> SizeHistogram:
        """A grid of couplings up to 14."""
        return SizeHistogram(width, int(14 / width) + 1, branches, nishimori=True)

    def at(width: float) -> float:
        """p_c on one grid."""
        histogram = histogram_of(width)

        def grows(p: float) -> bool:
            """Whether the couplings grow."""
            start = np.array([math.log(p / (1 - p)) / 2])
            return _grows(histogram, histogram.deposited(start, np.ones(1)))

        found[width] = _halved(grows, 0.6, 0.97, 1e-7)
        return found[width]

    def exponent(width: float) -> float:
        """y on one grid: how a small distance from the point grows in a step."""
        histogram, p = histogram_of(width), found[width]
        gap = flow(histogram, p + 1e-5, 13) - flow(histogram, p - 1e-5, 13)
        return float(np.log2(gap[9] / gap[8]))

    point, error = _extrapolated(at, spacing)
    y, off = _extrapolated(exponent, spacing)
    return point, error, y, max(off, 2e-4)
