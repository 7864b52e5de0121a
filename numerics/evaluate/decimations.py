"""Decimations evaluated at a point: the elimination of `neurenorm.theory.decimation.decimation` run
over balls, so that a long chain costs its length and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq
from sympy import Expr, Symbol

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate.balls import MOST_BITS, enclosed_answer
from neurenorm.numerics.evaluate.core import Answer, answer
from neurenorm.theory.catalogue.problems import BondOf, LogPartition
from neurenorm.theory.decimation.decimation import Decimation
from neurenorm.theory.decimation.series import Series

__all__ = ["BallWeights", "log_weights_at"]

SMALLEST_DOUBLE = -1074  # the exponent of two
ZERO_BITS = MOST_BITS


class BallWeights:
    """The ring in which local weights are balls, at given couplings."""

    def __init__(self, numbers: Mapping[Symbol, Any]) -> None:
        self.numbers = numbers
        self.one = arb(1)

    def boltzmann(self, exponents: Mapping[Symbol, Expr], weight: Expr) -> arb:
        """Return weight * exp(sum of coupling * exponent)."""
        total = arb(0)
        for coupling, exponent in exponents.items():
            total += self.number(self.numbers[coupling] * exponent)
        return total.exp() * self.number(weight)

    def count(self, number: Expr) -> arb:
        """Return a number of states at the given q."""
        return self.number(number.subs(self.numbers))

    @staticmethod
    def number(value: Expr) -> arb:
        """Return an exact number as a ball."""
        if value.is_Rational:
            return arb(fmpq(int(value.p), int(value.q)))
        return compiled(value, (), target="ball")()


def log_weights_at(
    decimation: Decimation, numbers: Mapping[str, Any], copies: int = 1
) -> dict[tuple[int, ...], arb]:
    """Return ln Z of every kept configuration at given couplings, of a number of copies of the
    decimation in series.
    """
    free = {
        *decimation.model.couplings,
        *(a.size for a in decimation.model.alphabets.values() if a.size.is_Symbol),
    }
    missing = sorted(symbol.name for symbol in free if symbol.name not in numbers)
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    ring = BallWeights({symbol: numbers[symbol.name] for symbol in free})
    weights = decimation.weights(ring) if copies == 1 else Series(decimation, copies).weights(ring)
    for configuration, weight in weights.items():
        if weight < 0 or weight.is_zero():
            states = decimation.space.states(decimation.keep, configuration)
            raise ValueError(
                f"at these values the summed weight of the kept states {states} is not positive, "
                "so no real coupling describes it"
            )
    return {configuration: weight.log() for configuration, weight in weights.items()}


def _combined(pairs: list[tuple[Any, Any]]) -> arb:
    """Return the sum of exact number * ball."""
    total = arb(0)
    for factor, value in pairs:
        exact = (
            arb(fmpq(factor.numerator, factor.denominator))
            if isinstance(factor, Fraction | int)
            else BallWeights.number(factor)
        )
        total += exact * value
    return total


def _resolved(value: arb, digits: int | None) -> arb:
    """Return a coupling as it is to be judged: a deep chain has one far below the smallest double.

    As a double it is then zero, give or take the smallest double. With digits a ball around zero
    counts as unknown, so that the precision is raised, up to a number of bits at which it is taken
    for zero.
    """
    smallest = arb(2) ** SMALLEST_DOUBLE
    if digits is None:
        return arb(0, smallest) if abs(value) < smallest else value
    return (
        arb.nan() if value.contains(0) and not value.is_zero() and ctx.prec < ZERO_BITS else value
    )


@answer.register
def _(problem: BondOf, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    def compute() -> dict[str, arb]:
        cell, copies = problem.series.cell, problem.series.copies
        found, rest = cell.read_bond(log_weights_at(cell, numbers, copies), _combined)
        values = {name: _resolved(found[symbol], digits) for name, symbol in problem.names.items()}
        return values if problem.constant is None else {**values, problem.constant: rest[()]}

    return enclosed_answer(compute, digits)


@answer.register
def _(problem: LogPartition, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    return enclosed_answer(
        lambda: {problem.name: log_weights_at(problem.decimation, numbers)[()]}, digits
    )
