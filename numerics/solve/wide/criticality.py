"""Fixed points of a repeated block, their slopes, and how signals spread where there is none.

A block maps the moment K of one input to K' and that of two inputs K_ab to K_ab'. Lengths settle
where K' = K with |dK'/dK| < 1; angles where c' = c. Where lengths grow for ever (a residual stream)
the laws of K, of the angle and of gradients along depth are measured from the map itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.solve.correlation_length import correlation_length
from neurenorm.numerics.solve.wide.averages import Averages
from neurenorm.numerics.solve.wide.passes import Pass
from neurenorm.theory.wide.graph_kernels import GraphKernels
from neurenorm.theory.wide.rules import Key

__all__ = [
    "BlockMap",
    "BlockPoint",
    "Growth",
    "critical_variance",
    "fixed_lengths",
    "fixed_points",
    "growth",
]

Array = NDArray[np.float64]
LENGTHS = np.geomspace(1e-5, 1e4, 73)
ANGLES = np.linspace(-0.999, 0.9999, 81)


@dataclass(frozen=True)
class BlockPoint(Tabulated):
    """A fixed point of a block, or the way in which lengths grow without one.

    Parameters
    ----------
    K, c : float or None
        Length and correlation.
    chi_par, chi_perp : float
        Slopes of K' in K and of K_ab' in K_ab at equal inputs.
    slope : float
        Of c' in c at c.
    """

    K: float
    c: float
    chi_par: float
    chi_perp: float
    slope: float

    @property
    def xi(self) -> float | None:
        """Depth over which angles settle; None where they part."""
        return correlation_length(self.slope) if abs(self.slope) <= 1 + 1e-9 else None


class BlockMap:
    """One block as a map of moments, at given parameters.

    Parameters
    ----------
    theory : GraphKernels
        Of a block with a wide input.
    parameters : mapping of str to float

    Examples
    --------
    >>> from neurenorm.graphs.layers.text import layer_graph
    >>> block = layer_graph("z = input(width=1); dense(map(relu, z), sw2=2)")
    >>> BlockMap(GraphKernels(block), {}).length(np.array([1.0, 3.0]))
    array([1., 3.])
    """

    def __init__(self, theory: GraphKernels, parameters: Mapping[str, float]) -> None:
        self.theory, self.parameters = theory, dict(parameters)
        self.averages = Averages()
        self.key: Key = theory.kernel
        self.slope_key: Key = theory.response

    def _pass(self, overlap: Any, alone: Any = None, pairs: Any = None) -> Pass:
        """All equations on an array of moments of the input."""
        grown = np.asarray(overlap, dtype=float)[:, None, None]
        return Pass(self.theory, self.parameters, grown, self.averages, alone, pairs).run()

    def length(self, K: Array) -> Array:
        """Return K' of an array of lengths."""
        return np.array(self._pass(K).of(self.key)[:, 0, 0])

    def chi_par(self, K: float) -> float:
        """Return dK'/dK by central differences of three steps, extrapolated."""
        steps = K * np.array([0.04, 0.02, 0.01])
        values = self.length(np.concatenate([K + steps, K - steps]))
        slopes = (values[:3] - values[3:]) / (2 * steps)
        first = (4 * slopes[1:] - slopes[:-1]) / 3
        return float((16 * first[1] - first[0]) / 15)

    def chi_perp(self, K: float) -> float:
        """Return dK_ab'/dK_ab at two equal inputs."""
        return float(self._pass([K]).of(self.slope_key)[0, 0, 0])

    def angle(self, K: float, c: Array) -> tuple[Array, Array]:
        """Return c' and its slope for an array of correlations at one length."""
        own = self._pass([K])
        grown = float(own.of(self.key)[0, 0, 0])
        place = np.zeros(len(c), dtype=int)
        found = self._pass(K * c, own.own(), (place, place))
        moved, slope = found.of(self.key)[:, 0, 0], found.of(self.slope_key)[:, 0, 0]
        return moved / grown, slope * K / grown

    def pair(self, K: float, Kab: float) -> tuple[float, float, float]:
        """Return K', K_ab' and the slope at equal inputs."""
        own = self._pass([K])
        place = np.zeros(1, dtype=int)
        found = self._pass([Kab], own.own(), (place, place))
        return (
            float(own.of(self.key)[0, 0, 0]),
            float(found.of(self.key)[0, 0, 0]),
            float(own.of(self.slope_key)[0, 0, 0]),
        )


def fixed_lengths(block: BlockMap) -> list[float]:
    """Return all K with K' = K in the range that is searched.

    Raises
    ------
    ValueError
        If every length is a fixed point.
    """
    with np.errstate(all="ignore"):
        gaps = block.length(LENGTHS) / LENGTHS - 1
    if np.all(np.abs(gaps) < 1e-12):
        raise ValueError(
            "every length is a fixed point: the block is scale invariant at this variance"
        )
    found = []
    for i in np.flatnonzero(np.isfinite(gaps[:-1] * gaps[1:]) & (gaps[:-1] * gaps[1:] < 0)):
        root = brentq(
            lambda u: math.log(float(block.length(np.array([math.exp(u)]))[0])) - u,
            *np.log(LENGTHS[i : i + 2]),
            xtol=1e-14,
            rtol=1e-14,
        )
        found.append(math.exp(root))
    return found


def fixed_points(block: BlockMap) -> list[BlockPoint]:
    """Return the fixed points of the length, stable ones first, each with its correlation."""
    found = [_point(block, K) for K in fixed_lengths(block)]
    return sorted(found, key=lambda point: (abs(point.chi_par) >= 1, -point.K))


def _point(block: BlockMap, K: float) -> BlockPoint:
    """A length with its slopes and the correlation that is reached."""
    chi = block.chi_perp(K)
    c, slope = 1.0, chi
    if chi > 1 + 1e-10:
        c = _correlation(block, K)
        slope = float(block.angle(K, np.array([c]))[1][0])
    return BlockPoint(K, c, block.chi_par(K), chi, slope)


def _correlation(block: BlockMap, K: float) -> float:
    """The largest fixed point of the correlation below one that attracts."""
    gaps = block.angle(K, ANGLES)[0] - ANGLES
    for i in np.flatnonzero((gaps[:-1] >= 0) & (gaps[1:] <= 0))[::-1]:
        if gaps[i] == 0:
            return float(ANGLES[i])
        return float(
            brentq(
                lambda c: float(block.angle(K, np.array([c]))[0][0] - c),
                *ANGLES[i : i + 2],
                xtol=1e-14,
                rtol=1e-13,
            )
        )
    return -1.0 if gaps[0] < 0 else 1.0


@dataclass(frozen=True)
class Growth(Tabulated):
    """How a block without a fixed point of the length behaves along depth.

    Parameters
    ----------
    kind : {"exponential", "power", "stretched"}
        The law of gradients: e^(rate l), l^exponent, or e^(l^exponent).
    exponent : float
    """

    kind: str
    exponent: float


def growth(block: BlockMap, depth: int = 160) -> Growth:
    """Return the law of the gradients of a block whose lengths grow, from K = 1.

    The logarithm g of the product of the slopes is followed to ``depth`` and twice that; where it
    grows linearly the law is exponential, else d ln g/d ln l tells a stretched one from a power.
    """
    K, total, marks = 1.0, 0.0, []
    for layer in range(1, 2 * depth + 1):
        total += math.log(block.chi_perp(K))
        K = float(block.length(np.array([K]))[0])
        if not 1e-280 < K < 1e280:
            return Growth("exponential", total / layer)
        if layer in (depth // 2, depth, 2 * depth):
            marks.append(total)
    first, second = (math.log(b / a, 2) for a, b in pairwise(marks))
    if second > 0.95:
        return Growth("exponential", total / (2 * depth))
    if second < first - 0.02 and second < 0.3:
        return Growth("power", (marks[2] - marks[1]) / math.log(2))
    return Growth("stretched", round(second, 2))


def critical_variance(
    theory: GraphKernels, parameters: Mapping[str, float], lowest: float = 0.05, highest: float = 50
) -> tuple[float, BlockPoint]:
    """Return the least weight variance sw2 at which χ_⊥ = 1 at the stable length, and that point.

    Raises
    ------
    ValueError
        If there is none in the range, or sw2 is no symbol of the block.
    """

    def gap(sw2: float) -> float:
        """χ_⊥ - 1, nan where no length is stable."""
        block = BlockMap(theory, {**parameters, "sw2": sw2})
        stable = [K for K in fixed_lengths(block) if abs(block.chi_par(K)) < 1]
        return block.chi_perp(max(stable)) - 1 if stable else math.nan

    grid = np.geomspace(lowest, highest, 29)
    gaps = [gap(float(sw2)) for sw2 in grid]
    for i in range(len(grid) - 1):
        if gaps[i] * gaps[i + 1] < 0 and abs(gaps[i + 1] - gaps[i]) < 3:
            root = float(brentq(gap, grid[i], grid[i + 1], xtol=1e-13, rtol=1e-12))
            return root, fixed_points(BlockMap(theory, {**parameters, "sw2": root}))[0]
    raise ValueError(
        f"chi_perp does not cross 1 at a stable length for sw2 between {lowest:g} and {highest:g}"
    )
