"""How a binary entropy is compiled: with its limits at both ends, and as a sharp ball."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flint import arb
from sympy import Expr, Symbol, log

from neurenorm.numerics.compile.api import compiled
from neurenorm.numerics.compile.lowering import register_lowering
from neurenorm.theory.complexity.state_entropy import BinaryEntropy

__all__: list[str] = []

P = Symbol("p", positive=True)


def _ball_entropy(p: arb) -> arb:
    """H2 of a ball; at its ends by the bound H2(p) <= 2 √(p(1 - p))."""
    if p == 0 or p == 1:
        return arb(0)
    if p > 0 and p < 1:
        return -(p * p.log() + (1 - p) * (1 - p).log()) / arb(2).log()
    reach = 2 * (p * (1 - p)).abs_upper().sqrt()
    return arb(0).union(reach)


def _lower_entropy(
    node: BinaryEntropy, target: str, digits: int | None
) -> tuple[Callable[..., Any], Sequence[Expr]]:
    """How the compiler evaluates a binary entropy."""
    if target == "numpy":
        from neurenorm.numerics.observables.entropy import binary_entropy

        return binary_entropy, node.args
    if target == "ball":
        return _ball_entropy, node.args
    rewritten = compiled(
        -(P * log(P) + (1 - P) * log(1 - P)) / log(2), [P], target=target, digits=digits
    )
    return (lambda p: p * 0 if p in (0, 1) else rewritten(p)), node.args


register_lowering(BinaryEntropy, _lower_entropy)
