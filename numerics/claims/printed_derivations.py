"""Claims on the derivations that are shown and exported: both sides of every step have the same
value at random points of its domain.

The side before a step is the witness of the side after it: a chain of such steps ties each result
to the sum, average or series that it started from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, I, Rational

from neurenorm.numerics.balls import precision
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.derivations import step_point
from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.theory.catalogue import results
from neurenorm.theory.catalogue.papers import PAPERS
from neurenorm.theory.catalogue.result import object_derivation
from neurenorm.theory.typeset.derivation import Step

__all__ = ["CLAIMS"]

Array = NDArray[np.complex128]
SLIGHTLY = Rational(1_000_001, 1_000_000)


def printed_steps(paper: str) -> tuple[Step, ...]:
    """Return the steps of all derivations of one paper's results, as they are shown."""
    derivations = (object_derivation(entry.shown()) for entry in results(paper))
    return tuple(
        step for derivation in derivations if derivation is not None for step in derivation
    )


def side(steps: Sequence[Step], name: str) -> Array:
    """Return the values of one side of each step, at the step's own random point."""
    return np.array(
        [_value(step, getattr(step, name), number) for number, step in enumerate(steps)]
    )


def _value(step: Step, expression: Expr, number: int) -> complex:
    """Return the value of an expression at the random point of a step, rounded from an
    enclosure.
    """
    point = step_point(step, np.random.default_rng(number))
    with precision(200):
        ball = compiled(
            expression,
            list(point),
            target="ball",
            complex_ball=step.before.has(I) or step.after.has(I),
        )(*point.values())
        return complex(ball)


def off(steps: Sequence[Step], which: slice) -> tuple[Step, ...]:
    """Return the steps, some of which end in a part in a million too much."""
    chosen = set(range(len(steps))[which])
    return tuple(
        replace(step, after=SLIGHTLY * step.after) if k in chosen else step
        for k, step in enumerate(steps)
    )


def derivation_claim(paper: str) -> Claim:
    """Claim that every printed step of a paper's derivations holds."""

    def witness(rng: np.random.Generator, effort: Effort) -> Array:
        return side(printed_steps(paper), "before")

    return Claim(
        f"{paper}/printed-derivations",
        "every step of the derivations that are shown and exported has the same value before and "
        "after, at a random point of its domain",
        partial(printed_steps, paper),
        lambda steps, _: side(steps, "after"),
        witness,
        Exact(12, scale=1e-6),
        (
            Mutant("every step off by 1e-6", partial(off, which=slice(None))),
            Mutant("the last step off by 1e-6", partial(off, which=slice(-1, None))),
        ),
    )


CLAIMS = tuple(derivation_claim(paper) for paper in PAPERS)
