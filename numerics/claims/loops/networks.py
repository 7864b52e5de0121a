"""Claims on random networks at finite width, against laws that know no expansion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sympy import Expr, Rational, Symbol

from neurenorm.numerics.evaluate.core import Evaluation
from neurenorm.numerics.simulation.loops.exact_width import (
    fitted_orders,
    linear_orders,
    output_orders,
)
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.numerics.verification.within import Within
from neurenorm.theory.loops.problems import KernelOrders

__all__ = ["CLAIMS"]

POINTS: tuple[dict[str, Any], ...] = (
    {"activation": "tanh", "sw2": 2, "sb2": 0.1, "depth": 5},
    {"activation": "sin", "sw2": 1.5, "sb2": 0.1, "K1": 0.8, "depth": 4},
)
FUNCTIONS = {"tanh": np.tanh, "sin": np.sin}
MOMENTS = {"linear": (1, 3, 15, 105), "relu": (1, 6, 60, 840)}


def last_layer(*names: str) -> Any:
    """Return a reader of the values of the last layer, without the zeroth power of 1/N."""

    def read(evaluation: Evaluation) -> list[float]:
        """Read them."""
        rows = ((name, evaluation.values[name][-1]) for name in names)
        return [x for name, row in rows for x in (row[1:] if name == "mean" else row)]

    return read


def fitted(rng: np.random.Generator, effort: Any) -> list[float]:
    """Mean and variance to second order and the third cumulant, of laws at eight widths."""
    found = []
    for p in POINTS:
        phi, variances = FUNCTIONS[p["activation"]], (p["sw2"], p["sb2"])
        table = fitted_orders(phi, *variances, p.get("K1", 1.0), p["depth"])
        found += [*table[0, 1:3], *table[1, 1:3], table[2, 2]]
    return found


def without_part(name: str, state: str, monomial: str, factor: Any = 0) -> Mutant:
    """Return the mutant in which one term of the step of one cumulant is multiplied by a factor.

    The monomial is written in the names of its symbols, with powers as repeated names.
    """

    def wrong(derived: KernelOrders) -> KernelOrders:
        """Change the term."""
        recursion = derived.recursion
        known = {symbol.name: symbol for symbol in (*recursion.state, *recursion.parameters)}
        product = _product([known[word] for word in monomial.split()])
        steps = [
            _with_part(step, product, Rational(str(factor))) if symbol.name == state else step
            for symbol, step in zip(recursion.state, recursion.step, strict=True)
        ]
        return replace(derived, recursion=replace(recursion, step=tuple(steps)))

    return Mutant(name, wrong)


def _product(symbols: Sequence[Symbol]) -> Expr:
    """The product of symbols."""
    total: Expr = Rational(1)
    for symbol in symbols:
        total *= symbol
    return total


def _with_part(step: Expr, product: Expr, factor: Expr) -> Expr:
    """A sum with the term of a monomial multiplied by a factor."""
    found = [term for term in step.expand().args if (term / product).is_number]
    return step + sum((factor - 1) * term for term in found)


MUTANTS = (
    without_part("F2 V without 1/2", "kappa_1_1", "F_2 kappa_2_1", 2),
    without_part("without F4 V^2/8", "kappa_1_2", "F_4 kappa_2_1 kappa_2_1"),
    without_part("without F3 k3/6", "kappa_1_2", "F_3 kappa_3_2"),
    without_part("without F3 m1 V/2", "kappa_1_2", "F_3 kappa_1_1 kappa_2_1"),
    without_part("noise not at the corrected mean", "kappa_2_2", "c_2_1 kappa_1_1"),
    without_part("without c_2 V/2", "kappa_2_2", "c_2_2 kappa_2_1"),
    without_part("without F2^2 V^2/2", "kappa_2_2", "F_2 F_2 kappa_2_1 kappa_2_1"),
    without_part("without F1 F3 V^2", "kappa_2_2", "F_1 F_3 kappa_2_1 kappa_2_1"),
    without_part("without 2 F1 F2 m1 V", "kappa_2_2", "F_1 F_2 kappa_1_1 kappa_2_1"),
    without_part("3 F1 c_1 V counted once", "kappa_3_2", "F_1 c_2_1 kappa_2_1", "1/3"),
    without_part("without 3 F1^2 F2 V^2", "kappa_3_2", "F_1 F_1 F_2 kappa_2_1 kappa_2_1"),
)

SMOOTH = Claim.of(
    "loops/kernel-cumulants",
    at=[{**p, "order": 2} for p in POINTS],
    read=last_layer("mean", "variance", "third"),
    witness=fitted,
    policy=Within(1e-5),
    mutants=MUTANTS,
)


def scale_invariant(activation: str) -> dict[str, Any]:
    """A network whose kernel is a product of independent means."""
    return {"activation": activation, "sw2": {"linear": 1, "relu": 2}[activation], "sb2": 0}


INVARIANT = Claim.of(
    "loops/kernel-cumulants",
    name="scale-invariant",
    statement="kernels of linear and of rectified networks have the exact cumulants of a product of "
    "means, to third order",
    at=[{**scale_invariant(phi), "depth": 6, "order": 3} for phi in MOMENTS],
    read=last_layer("variance", "third", "fourth"),
    witness=lambda rng, effort: np.concatenate(
        [
            [*table[1, 1:4], *table[2, 2:4], table[3, 3]]
            for table in (linear_orders(moments, 6, 4) for moments in MOMENTS.values())
        ]
    ),
    policy=Exact(9),
    mutants=(
        without_part("3 c_1^2 V counted once", "kappa_4_3", "c_2_1 c_2_1 kappa_2_1", "1/3"),
        without_part("4 F1 c3_1 V counted once", "kappa_4_3", "F_1 c_3_1 kappa_2_1", "1/4"),
    ),
)

OUTPUT = Claim.of(
    "loops/output-cumulants",
    at=[{**scale_invariant(phi), "depth": 6, "order": 3} for phi in MOMENTS],
    read=last_layer("kappa_4", "kappa_6", "kappa_8"),
    witness=lambda rng, effort: np.concatenate(
        [
            [*table[0, 1:4], *table[1, 2:4], table[2, 3]]
            for table in (output_orders(moments, 6, 4) for moments in MOMENTS.values())
        ]
    ),
    policy=Exact(9),
    mutants=(
        Mutant(
            "kappa_6 with 5 for 15",
            lambda derived: replace(derived, names={**derived.names, "kappa_6": (3, Rational(5))}),
        ),
    ),
)

CLAIMS = (SMOOTH, INVARIANT, OUTPUT)
