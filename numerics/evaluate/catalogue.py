"""Closed forms, expansions and sums over states: evaluated in ball arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb
from sympy import Expr

from neurenorm.numerics.balls import enclosed_answer
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.theory.catalogue.problems import Expansion, Formula, OverRing

__all__ = ["balls_of"]


def balls_of(expressions: Mapping[str, Expr], numbers: Mapping[str, Any]) -> dict[str, arb]:
    """Return each expression as a ball at the present precision, with its symbols set by name."""
    symbols = sorted(
        set().union(*(expression.free_symbols for expression in expressions.values())),
        key=lambda s: s.name,
    )
    missing = [symbol.name for symbol in symbols if symbol.name not in numbers]
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    function = compiled(dict(expressions), symbols, target="ball")
    values: dict[str, arb] = function(*[numbers[symbol.name] for symbol in symbols])
    return values


@answer.register
def of_expression(problem: Expr, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    return enclosed_answer(lambda: balls_of({"value": problem}, numbers), digits)


@answer.register
def of_formula(problem: Formula, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    return enclosed_answer(lambda: balls_of(problem.values, numbers), digits)


@answer.register
def of_expansion(problem: Expansion, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    refuse_digits(digits, "the first orders of an expansion", "off by the size of what is left out")
    closed = enclosed_answer(lambda: balls_of(problem.values, numbers), None)
    left_out = enclosed_answer(lambda: balls_of(problem.left_out, numbers), None)
    errors = {name: closed.errors[name] + left_out.values[name] for name in closed.values}
    return Answer("numeric" if any(left_out.values.values()) else "exact", closed.values, errors)


@answer.register
def over_ring(problem: OverRing, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    """Do the sum over balls, at rising precision until the digits are proved."""
    from neurenorm.numerics.evaluate.ball_ring import BallRing

    ring = BallRing(numbers, digits)
    return enclosed_answer(lambda: problem.over(ring), digits)
