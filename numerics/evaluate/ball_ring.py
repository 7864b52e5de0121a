"""Balls as the ring of a sum over states, so that a long chain costs its length and nothing
else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flint import arb, ctx
from sympy import Expr, Symbol

from neurenorm.numerics.balls import MOST_BITS
from neurenorm.numerics.compile.targets.ball_target import to_ball
from neurenorm.theory.decimation.decimation import Decimation
from neurenorm.theory.decimation.series import Series

__all__ = ["BallRing"]

HALF_SMALLEST_DOUBLE = -1075  # as an exponent of two: below it a double is zero


class BallRing:
    """Balls at the present precision, at given parameters.

    Parameters
    ----------
    numbers : mapping of str to exact number
        The parameters by name.
    digits : int, optional
        Digits to be proved of small couplings; without it, a coupling is wanted as a double.

    Examples
    --------
    >>> BallRing({}).combine([(1, arb(2)), (-2, arb(3))])
    -4.00000000000000
    """

    def __init__(self, numbers: Mapping[str, Any], digits: int | None = None) -> None:
        self.numbers, self.digits = numbers, digits
        self.one = arb(1)

    @staticmethod
    def number(value: Any) -> arb:
        """Return an exact number as a ball."""
        return to_ball(value)

    def combine(self, pairs: Iterable[tuple[Any, Any]]) -> arb:
        """Return the sum of exact number * ball."""
        return sum((self.number(factor) * value for factor, value in pairs), start=arb(0))

    def boltzmann(self, exponents: Mapping[Symbol, Expr], weight: Expr) -> arb:
        """Return weight * exp(sum of coupling * exponent)."""
        total = arb(0)
        for coupling, exponent in exponents.items():
            total += self.number(self.numbers[coupling.name] * exponent)
        return total.exp() * self.number(weight)

    def count(self, number: Expr) -> arb:
        """Return a number of states at the given q."""
        return self.number(number.subs({s: self.numbers[s.name] for s in number.free_symbols}))

    def log_weights(self, cell: Decimation, copies: int = 1) -> dict[tuple[int, ...], arb]:
        """Return ln Z of every kept configuration of a number of copies of a decimation in series.

        Raises
        ------
        ValueError
            If a coupling has no value, or a kept configuration has no positive weight.
        """
        sizes = {a.size for a in cell.model.alphabets.values() if a.size.is_Symbol}
        free = {symbol.name for symbol in {*cell.model.couplings, *sizes}}
        if missing := sorted(free - {*self.numbers}):
            raise ValueError(f"no value for {', '.join(missing)}")
        weights = cell.weights(self) if copies == 1 else Series(cell, copies).weights(self)
        for configuration, weight in weights.items():
            if weight < 0 or weight.is_zero():
                states = cell.space.states(cell.keep, configuration)
                raise ValueError(
                    f"at these values the summed weight of the kept states {states} is not "
                    "positive, so no real coupling describes it"
                )
        return {configuration: weight.log() for configuration, weight in weights.items()}

    def coupling(self, value: arb, *, or_zero: bool = False) -> arb:
        """Return a coupling as it is to be judged: a deep chain has one far below the smallest
        double.

        As a double it is then zero, give or take the smallest double, where that is wanted. With
        digits a ball around zero counts as unknown, so that the precision is raised, up to a number
        of bits at which it is taken for zero.
        """
        if self.digits is None:
            smallest = arb(2) ** HALF_SMALLEST_DOUBLE
            return arb(0, smallest) if or_zero and abs(value) < smallest else value
        unknown = value.contains(0) and not value.is_zero() and ctx.prec < MOST_BITS
        return arb.nan() if unknown else value
