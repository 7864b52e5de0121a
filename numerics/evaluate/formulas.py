"""Closed forms: expressions evaluated in ball arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb
from sympy import Expr

from numerics.compile import compiled
from numerics.evaluate.balls import enclosed_answer
from numerics.evaluate.core import Answer, answer
from theory.problems import Formula
from theory.recursion import Recursion

__all__ = ["balls_of"]


def balls_of(expressions: Mapping[str, Expr], numbers: Mapping[str, Any]) -> dict[str, arb]:
    """Return each expression as a ball at the present precision, with its symbols set by name."""
    symbols = sorted(set().union(*(expression.free_symbols for expression in expressions.values())), key=lambda s: s.name)
    missing = [symbol.name for symbol in symbols if symbol.name not in numbers]
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    function = compiled(dict(expressions), symbols, target="ball")
    values: dict[str, arb] = function(*[numbers[symbol.name] for symbol in symbols])
    return values


@answer.register
def _(problem: Expr, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    return enclosed_answer(lambda: balls_of({"value": problem}, numbers), digits)


@answer.register
def _(problem: Recursion, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    step = {symbol.name: expression for symbol, expression in zip(problem.state, problem.step, strict=True)}
    return enclosed_answer(lambda: balls_of(step, numbers), digits)


@answer.register
def _(problem: Formula, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    return enclosed_answer(lambda: balls_of(problem.values, numbers), digits)
