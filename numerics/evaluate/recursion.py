"""Recursions: one step, the nontrivial fixed points by exact roots, and the states from a start."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from sympy import Interval, Symbol

from neurenorm.numerics.balls import (
    FLOAT_DIGITS,
    enclosed_answer,
    enclosures,
    precision,
    proved_digits,
    working_bits,
)
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate.catalogue import balls_of
from neurenorm.numerics.evaluate.core import Answer, answer
from neurenorm.theory.gaussian.expectation import GaussianExpectation
from neurenorm.theory.recursion.fixed_points import exact_fixed_points
from neurenorm.theory.recursion.problems import FixedPointOf, Iterated
from neurenorm.theory.recursion.recursion import Recursion

MOST_DIGITS = 4000  # carried through a recursion
_CLOSED_STEPS = 2000  # followed in balls although no digits are asked for


@answer.register
def of_step(problem: Recursion, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    step = {
        symbol.name: expression
        for symbol, expression in zip(problem.state, problem.step, strict=True)
    }
    return enclosed_answer(lambda: balls_of(step, numbers), digits)


@answer.register
def of_fixed_point(problem: FixedPointOf, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    inside = Interval.open(problem.domain.start, problem.domain.end)
    points = sorted(
        exact_fixed_points(problem.recursion, inside, problem.chart),
        key=lambda point: not point.is_stable,
    )
    if not points:
        return Answer(
            "none",
            {problem.point: None, problem.exponent: None},
            reason="the recursion has no fixed point but the trivial ones",
        )
    named = [
        {problem.point: point.point[0], problem.exponent: point.exponents[0]} for point in points
    ]
    answers = [
        enclosed_answer(partial(balls_of, expressions, numbers), digits) for expressions in named
    ]
    branches = [dict(found.values) for found in answers] if len(answers) > 1 else None
    return Answer("exact", answers[0].values, answers[0].errors, branches)


@answer.register
def of_iterated(problem: Iterated, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    recursion, steps = problem.recursion, problem.layers - 1
    parameters = {symbol: numbers[symbol.name] for symbol in recursion.parameters}
    start = _start(problem, numbers)
    closed = not any(step.has(GaussianExpectation) for step in recursion.step)
    if digits is not None or (closed and steps <= _CLOSED_STEPS):
        return _balls_along(problem, start, parameters, digits, "exact" if closed else "enclosed")
    from neurenorm.numerics.quadrature.line import QuadratureError
    from neurenorm.numerics.solve.flow import trajectory

    try:
        states = trajectory(
            recursion,
            {s: float(v) for s, v in start.items()},
            steps,
            parameters={s: float(v) for s, v in parameters.items()},
        )
    except QuadratureError as error:
        raise ValueError(str(error)) from error
    columns = {
        name: compiled(value, recursion.state)(*states.T) for name, value in problem.values.items()
    }
    if not all(np.all(np.isfinite(column)) for column in columns.values()):
        return Answer(
            "not converged",
            dict.fromkeys(columns),
            reason="the recursion grows beyond the largest number",
        )
    values = {
        name: column.tolist() if problem.whole else float(column[-1])
        for name, column in columns.items()
    }
    return Answer(
        "numeric",
        values,
        {name: 1e-11 * float(np.max(np.abs(column))) for name, column in columns.items()},
        reason=problem.note,
    )


def _start(problem: Iterated, numbers: Mapping[str, Any]) -> dict[Symbol, Any]:
    """The first state."""
    free = set().union(*(value.free_symbols for value in problem.start))
    at = {symbol: numbers[symbol.name] for symbol in free}
    start = {
        symbol: value.subs(at, simultaneous=True)
        for symbol, value in zip(problem.recursion.state, problem.start, strict=True)
    }
    if any(not value.is_finite or value.is_negative for value in start.values()):
        raise ValueError(problem.start_is or "the start must be finite and not negative")
    return start


def _balls_along(
    problem: Iterated,
    start: Mapping[Symbol, Any],
    parameters: Mapping[Symbol, Any],
    digits: int | None,
    status: str,
) -> Answer:
    """The recursion in ball arithmetic, at a precision at which the digits survive all layers."""
    from neurenorm.numerics.solve.flow import trajectory

    wanted = FLOAT_DIGITS if digits is None else digits
    working = wanted + 10
    while True:
        states = trajectory(
            problem.recursion,
            start,
            problem.layers - 1,
            parameters=parameters,
            target="ball",
            digits=working,
        )
        with precision(working_bits(working)):
            functions = {
                name: compiled(value, problem.recursion.state, "ball")
                for name, value in problem.values.items()
            }
            chosen = states if problem.whole else states[-1:]
            columns = {
                name: [function(*state) for state in chosen] for name, function in functions.items()
            }
        balls = [ball for column in columns.values() for ball in column]
        if all(proved_digits(ball) >= wanted for ball in balls):
            break
        working *= 2
        if working > MOST_DIGITS:
            raise ValueError(f"fewer than {wanted} digits survive {problem.layers} steps")
    found = {name: enclosures(column, digits) for name, column in columns.items()}
    last = slice(None) if problem.whole else 0
    values, errors = ({name: pair[i][last] for name, pair in found.items()} for i in (0, 1))
    return Answer(status, values, errors, reason=problem.note)
