"""Nontrivial fixed points: exact roots of the fixed-point equation, evaluated in ball
arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sympy import Interval

from neurenorm.numerics.balls import enclosed_answer
from neurenorm.numerics.evaluate.core import Answer, answer
from neurenorm.numerics.evaluate.formulas import balls_of
from neurenorm.theory.catalogue.problems import FixedPointOf
from neurenorm.theory.recursion.fixed_points import exact_fixed_points


@answer.register
def _(problem: FixedPointOf, numbers: Mapping[str, Any], digits: int | None) -> Answer:
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
