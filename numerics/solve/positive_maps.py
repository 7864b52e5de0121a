r"""Polynomials with non-negative coefficients on boxes of non-negative numbers, many boxes at once.

Such a polynomial grows in every variable, and so does each of its derivatives, so its range on a
box is exactly [P(low), P(high)]. Both ends are rounded outward after every operation
(`neurenorm.numerics.solve.outward`), which makes every range a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.solve.inputs import ball
from neurenorm.numerics.solve.intervals import Box, System
from neurenorm.numerics.solve.outward import Range, double_range, down, up
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.decimation.weights import WeightMap

__all__ = ["PositiveMap"]

Array = NDArray[np.float64]
Rounding = Callable[[Array], Array]


@dataclass(frozen=True)
class PositiveMap(Tabulated):
    """A step w_i' = P_i(w) with w_largest = 1, in the other weights.

    Parameters
    ----------
    powers : tuple of ndarray, shape (terms, n)
        Exponents of the n remaining weights, one table for each P_i.
    coefficients : tuple of tuple of ball
        Of the same terms.
    largest : int
        Which weight is 1.
    """

    powers: tuple[NDArray[np.int64], ...]
    coefficients: tuple[tuple[arb, ...], ...]
    largest: int

    @classmethod
    def of(cls, weights: WeightMap, largest: int, parameters: Mapping[Any, Any]) -> PositiveMap:
        """Return the step with one weight set to 1 and numbers put for parameters.

        Raises
        ------
        ValueError
            If a coefficient is negative: the step of a symmetric alphabet with too few states.
        """
        known = {symbol: expression_of(value) for symbol, value in parameters.items()}
        exact = weights.subs(known)
        tables, numbers = [], []
        for polynomial in exact.polynomials:
            kept = {k: c for k, c in polynomial.items() if c != 0}
            if any(c.is_number and c < 0 for c in kept.values()):
                raise ValueError(
                    "a weight of the step has a negative coefficient, so it is no sum over states; "
                    "the number of states is too small for this cell"
                )
            rows = [[k[i] for i in range(len(k)) if i != largest] for k in kept]
            tables.append(np.array(rows, dtype=np.int64).reshape(len(kept), -1))
            numbers.append(tuple(ball(c) for c in kept.values()))
        return cls(tuple(tables), tuple(numbers), largest)

    @property
    def others(self) -> tuple[int, ...]:
        """The classes whose weights are the variables."""
        return tuple(i for i in range(len(self.powers)) if i != self.largest)

    def values(self, points: Array, rounded: Rounding | None = None) -> Array:
        """Return P_i at many points: shape (..., classes), every operation rounded as told."""
        ladder = self._ladder(points, rounded)
        return np.stack(
            [
                self._sum(ladder, table, numbers, rounded)
                for table, numbers in zip(self.powers, self.coefficients, strict=True)
            ],
            axis=-1,
        )

    def slopes(self, points: Array, rounded: Rounding | None = None) -> Array:
        """Return the derivatives of P_i with respect to the variables: shape (..., classes, n)."""
        ladder = self._ladder(points, rounded)
        rows = []
        for table, numbers in zip(self.powers, self.coefficients, strict=True):
            columns = []
            for axis in range(table.shape[1]):
                has = table[:, axis] > 0
                lower = table[has].copy()
                lower[:, axis] -= 1
                scaled = tuple(
                    c * int(k) for c, k, h in zip(numbers, table[:, axis], has, strict=True) if h
                )
                columns.append(self._sum(ladder, lower, scaled, rounded))
            rows.append(np.stack(columns, axis=-1))
        return np.stack(rows, axis=-2)

    def _ladder(self, points: Array, rounded: Rounding | None) -> list[Array]:
        """Return the powers of the variables."""
        top = max(int(table.max(initial=0)) for table in self.powers)
        ladder = [np.ones_like(points), points]
        for _ in range(top - 1):
            ladder.append(_kept(ladder[-1] * points, rounded))
        return ladder

    @staticmethod
    def _sum(
        ladder: list[Array],
        table: NDArray[np.int64],
        numbers: tuple[arb, ...],
        rounded: Rounding | None,
    ) -> Array:
        """Return the sum of monomials from a table of powers."""
        total = np.zeros(ladder[0].shape[:-1])
        for place, (powers, number) in enumerate(zip(table, numbers, strict=True)):
            ends = double_range(number)
            factor = float(number) if rounded is None else ends[rounded is up]
            term: Array | float = factor
            for axis, k in enumerate(powers):
                if k:
                    power = ladder[k][..., axis]
                    term = power if factor == 1 and term is factor else _kept(term * power, rounded)
            total = total + term if place == 0 else _kept(total + term, rounded)
        return total

    def residual(self, points: Array) -> tuple[Array, Array]:
        """Return F_i = w_i P_largest - P_i, which vanishes at fixed points, and its Jacobian."""
        p, dp = self.values(points), self.slopes(points)
        big, others = p[..., self.largest], list(self.others)
        jacobian = points[..., :, None] * dp[..., self.largest, None, :] - dp[..., others, :]
        jacobian += np.eye(points.shape[-1]) * big[..., None, None]
        return points * big[..., None] - p[..., others], jacobian

    def value_range(self, low: Array, high: Array) -> Range:
        """Return the range of P_i over boxes: each grows in every variable."""
        return Range(np.maximum(self.values(low, down), 0), self.values(high, up))

    def residual_range(self, low: Array, high: Array) -> tuple[Range, Range]:
        """Return the ranges of F over boxes, and of its Jacobian: proofs, rounded outward."""
        p, others, box = self.value_range(low, high), list(self.others), Range(low, high)
        big = Range(p.low[..., self.largest, None], p.high[..., self.largest, None])
        value = box * big - Range(p.low[..., others], p.high[..., others])
        d = Range(np.maximum(self.slopes(low, down), 0), self.slopes(high, up))
        its = Range(d.low[..., self.largest, None, :], d.high[..., self.largest, None, :])
        rows = Range(low[..., :, None], high[..., :, None])
        slope = rows * its - Range(d.low[..., others, :], d.high[..., others, :])
        eye = np.eye(low.shape[-1], dtype=bool)
        whole = slope + Range(big.low[..., None], big.high[..., None])
        return value, Range(
            np.where(eye, whole.low, slope.low), np.where(eye, whole.high, slope.high)
        )

    def system(self) -> System:
        """Return F and its Jacobian in balls."""
        return System(self._ball_values, self._ball_jacobian)

    def sums(self, box: Box) -> tuple[list[arb], list[list[arb]]]:
        """P_i and their derivatives on a box."""
        sums, slopes = [], []
        for table, numbers in zip(self.powers, self.coefficients, strict=True):
            value, slope = arb(0), [arb(0)] * len(box)
            for powers, number in zip(table.tolist(), numbers, strict=True):
                value += _monomial(number, box, powers)
                for axis, k in enumerate(powers):
                    if k:
                        lower = [p - (a == axis) for a, p in enumerate(powers)]
                        slope[axis] += _monomial(number * k, box, lower)
            sums.append(value)
            slopes.append(slope)
        return sums, slopes

    def _ball_values(self, box: Box) -> list[arb]:
        """F on a box."""
        sums, _ = self.sums(box)
        return [w * sums[self.largest] - sums[i] for w, i in zip(box, self.others, strict=True)]

    def _ball_jacobian(self, box: Box) -> list[list[arb]]:
        """The Jacobian of F on a box."""
        sums, slopes = self.sums(box)
        return [
            [
                (sums[self.largest] if row == column else 0)
                + box[row] * slopes[self.largest][column]
                - slopes[i][column]
                for column in range(len(box))
            ]
            for row, i in enumerate(self.others)
        ]

    def linearised(self, box: Box) -> list[list[arb]]:
        """The Jacobian of u_i' = P_i/P_largest in balls."""
        sums, slopes = self.sums(box)
        big, its = sums[self.largest], slopes[self.largest]
        return [
            [(slopes[i][c] * big - sums[i] * its[c]) / big**2 for c in range(len(box))]
            for i in self.others
        ]


def _monomial(number: arb, box: Box, powers: list[int]) -> arb:
    """A coefficient times powers of the coordinates of a box."""
    for x, k in zip(box, powers, strict=True):
        for _ in range(k):  # arb's own power takes a logarithm where a ball contains zero
            number = number * x
    return number


def _kept(x: Array, rounded: Rounding | None) -> Array:
    """A result, rounded as told."""
    return x if rounded is None else rounded(x)
