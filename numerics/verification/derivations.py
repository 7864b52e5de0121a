"""Check every step of a derivation at random points of its domain, in ball arithmetic."""

from __future__ import annotations

import numpy as np
from flint import arb
from sympy import I, Interval, Rational, Reals, Symbol, oo
from sympy.sets import Set

from neurenorm.numerics.balls import precision
from neurenorm.numerics.compile import compiled
from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = ["check_derivation", "random_point", "step_point"]

BITS = 200
POINTS = 5
SPAN = 3


def random_point(domain: Set, rng: np.random.Generator) -> Rational:
    """Return a random rational of a domain of numbers, within a few units of its nearer end (or of
    zero).

    Examples
    --------
    >>> from sympy import Interval
    >>> point = random_point(Interval(0, 1), np.random.default_rng(1))
    >>> 0 < point < 1
    True
    """
    low, high = domain.inf, domain.sup
    below = low if low != -oo else (high - SPAN if high != oo else Rational(-SPAN))
    above = high if high != oo else below + 2 * SPAN
    if domain.contains(below + Rational(1, 2)) == False and domain.contains(below):  # noqa: E712
        return Rational(below + int(rng.integers(0, SPAN)))
    return below + (above - below) * Rational(int(rng.integers(1, 10_000)), 10_000)


def step_point(step: Step, rng: np.random.Generator) -> dict[Symbol, Rational]:
    """Return a random point of the domain of a step, by symbol in the order of their names."""
    symbols = sorted(step.before.free_symbols | step.after.free_symbols, key=lambda s: s.name)
    return {
        symbol: random_point(step.domain.get(symbol, _assumed(symbol)), rng) for symbol in symbols
    }


def check_derivation(derivation: Derivation, seed: int = 0, points: int = POINTS) -> int:
    """Evaluate both sides of every step at random points and return the number of steps that were
    checked.

    Raises
    ------
    AssertionError
        If the enclosures of the two sides of a step are disjoint, or too wide to tell; the message
        names the step.

    Examples
    --------
    >>> from sympy import Reals
    >>> from neurenorm.theory import Step
    >>> x = Symbol("x", real=True)
    >>> check_derivation(
    ...     Derivation(
    ...         "binomial", (Step("expand", (x + 1) ** 2, x**2 + 2 * x + 1, "", {x: Reals}),)
    ...     )
    ... )
    1
    """
    rng = np.random.default_rng(seed)
    for step in derivation:
        for _ in range(points):
            _check_step(step, rng)
    return len(derivation.steps)


def _check_step(step: Step, rng: np.random.Generator) -> None:
    """Compare the two sides of a step at one random point."""
    point = step_point(step, rng)
    symbols, values = list(point), list(point.values())
    with precision(BITS):
        complex_ball = step.before.has(I) or step.after.has(I)
        before, after = compiled(
            [step.before, step.after], symbols, target="ball", complex_ball=complex_ball
        )(*values)
        gap = abs(before - after)
        where = ", ".join(f"{s} = {v}" for s, v in point.items())
        if not gap.contains(0):
            raise AssertionError(
                f"the step {step.title!r} does not hold at {where}: {before} against {after}"
            )
        if not gap.rad() < arb("1e-20") * (1 + abs(before).mid()):
            raise AssertionError(f"the step {step.title!r} could not be checked at {where}: {gap}")


def _assumed(symbol: Symbol) -> Set:
    """Return the domain that a symbol's assumptions allow."""
    return Interval.open(0, oo) if symbol.is_positive else Reals
