r"""Polynomials with non-negative coefficients on boxes of non-negative numbers, many boxes at once.

Such a polynomial grows in every variable, and so does each of its derivatives, so its range on a
box is exactly [P(low), P(high)]. Nothing is ever subtracted: in floating point a sum of n products
of d factors is right to the relative error (n + d) 2^-53 (1 + ...), whatever the numbers are, and
widening by more than that bound makes every range a proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.solve.inputs import ball
from neurenorm.numerics.solve.intervals import Box, System
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.decimation.weights import WeightMap

__all__ = ["PositiveMap"]

Array = NDArray[np.float64]
_TINY = 1e-290  # covers what underflow may lose


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

    @property
    def slack(self) -> float:
        """A relative error that no rounding here can pass, ten times over."""
        longest = max(len(table) for table in self.powers)
        degree = max(int(table.sum(axis=1).max(initial=0)) for table in self.powers)
        return 10.0 * (longest + 2 * degree + 20) * 2.0**-53

    def values(self, points: Array) -> Array:
        """Return P_i at many points: shape (..., classes)."""
        top = max(int(table.max(initial=0)) for table in self.powers)
        ladder = np.stack([points**k for k in range(top + 1)])
        return np.stack(
            [
                self._sum(ladder, table, numbers)
                for table, numbers in zip(self.powers, self.coefficients, strict=True)
            ],
            axis=-1,
        )

    def slopes(self, points: Array) -> Array:
        """Return the derivatives of P_i with respect to the variables: shape (..., classes, n)."""
        top = max(int(table.max(initial=0)) for table in self.powers)
        ladder = np.stack([points**k for k in range(top + 1)])
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
                columns.append(self._sum(ladder, lower, scaled))
            rows.append(np.stack(columns, axis=-1))
        return np.stack(rows, axis=-2)

    @staticmethod
    def _sum(ladder: Array, table: NDArray[np.int64], numbers: tuple[arb, ...]) -> Array:
        """Return the sum of monomials from a table of powers."""
        total = np.zeros(ladder.shape[1:-1])
        for powers, number in zip(table, numbers, strict=True):
            term = np.full(total.shape, float(number))
            for axis, k in enumerate(powers):
                if k:
                    term = term * ladder[k, ..., axis]
            total += term
        return total

    def residual(self, points: Array) -> tuple[Array, Array]:
        """Return F_i = w_i P_largest - P_i, which vanishes at fixed points, and its Jacobian."""
        p, dp = self.values(points), self.slopes(points)
        big, others = p[..., self.largest], list(self.others)
        jacobian = points[..., :, None] * dp[..., self.largest, None, :] - dp[..., others, :]
        jacobian += np.eye(points.shape[-1]) * big[..., None, None]
        return points * big[..., None] - p[..., others], jacobian

    def residual_range(self, low: Array, high: Array) -> tuple[Array, Array, Array]:
        """Return centre and radius of the Jacobian of F over boxes, and F's rounding error there.

        Every entry lies within the radius of the centre, rounding included.
        """
        p0, p1, d0, d1 = self.values(low), self.values(high), self.slopes(low), self.slopes(high)
        j, others = self.largest, list(self.others)
        eye = np.eye(low.shape[-1])
        lower = eye * p0[..., j, None, None] + low[..., :, None] * d0[..., j, None, :]
        upper = eye * p1[..., j, None, None] + high[..., :, None] * d1[..., j, None, :]
        least, most = lower - d1[..., others, :], upper - d0[..., others, :]
        rounding = 4 * self.slack * (upper + d1[..., others, :]) + _TINY
        error = 4 * self.slack * (high * p1[..., j, None] + p1[..., others]) + _TINY
        return (least + most) / 2, (most - least) / 2 + rounding, error

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
