"""Block layers on the Ising chain evaluated at a coupling: the matrices of
`neurenorm.theory.ising_correspondence.hidden_chain` run over balls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb, fmpq

from neurenorm.numerics.evaluate.balls import enclosed_answer
from neurenorm.numerics.evaluate.core import Answer, answer
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.ising_correspondence.flow import BlockInformation, BlockOutput
from neurenorm.theory.ising_correspondence.hidden_chain import HiddenChain, ising_chain

__all__ = ["ball_chain", "information"]


def ball(number: Any) -> arb:
    """Return an exact rational as a ball.

    Examples
    --------
    >>> ball(Rational(1, 4))
    0.250000000000000
    """
    exact = expression_of(number)
    if not exact.is_Rational:
        raise ValueError(f"a ball is made from a rational number, got {number}")
    return arb(fmpq(int(exact.p), int(exact.q)))


def ball_chain(K: Any) -> HiddenChain:
    """Return the Ising chain of coupling K in ball arithmetic, at the present precision.

    Parameters
    ----------
    K : exact number

    Examples
    --------
    >>> ball_chain(1).bond.str(8, radius=False)
    '0.76159416'
    """
    return ising_chain(ball(K).tanh(), ball)


def information(law: Mapping[tuple[Any, Any], arb]) -> arb:
    """Return the mutual information of two variables, in nats, as a ball.

    Parameters
    ----------
    law : mapping of pair to ball
        Joint probabilities, all positive.

    Examples
    --------
    >>> information({(a, b): arb(1) / 4 for a in (1, -1) for b in (1, -1)})
    0
    """
    first: dict[Any, arb] = {}
    second: dict[Any, arb] = {}
    for (a, b), weight in law.items():
        first[a] = first.get(a, arb(0)) + weight
        second[b] = second.get(b, arb(0)) + weight
    total = arb(0)
    for (a, b), weight in law.items():
        total += weight * (weight / (first[a] * second[b])).log()
    return total


@answer.register
def _(problem: BlockOutput, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    return enclosed_answer(lambda: problem.values(ball_chain(numbers["K"])), digits)


@answer.register
def _(problem: BlockInformation, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    def compute() -> dict[str, arb]:
        return {
            name: information(law) for name, law in problem.laws(ball_chain(numbers["K"])).items()
        }

    return enclosed_answer(compute, digits)
