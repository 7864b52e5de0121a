"""How the problems of dynamic neurons are solved: block couplings, spectra, both limits of the
stiffness, wide layers, chains of real neurons.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from flint import arb, fmpq
from sympy import Integer, oo

from neurenorm.numerics.balls import FLOAT_DIGITS, enclosed_answer, enclosures, proved
from neurenorm.numerics.evaluate.catalogue import balls_of
from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.numerics.solve import certified_root
from neurenorm.numerics.solve.correlation_length import correlation_length
from neurenorm.numerics.solve.dynamic_neurons.smeared_chain import smeared_partition_function
from neurenorm.numerics.solve.dynamic_neurons.transfer import wide_second_eigenvalue_ball
from neurenorm.theory.dynamic_neurons.interaction_order import InteractionOrder
from neurenorm.theory.dynamic_neurons.spectrum import BinarySpectrum, EitherStiffness
from neurenorm.theory.dynamic_neurons.stiffness import SmearedChain
from neurenorm.theory.dynamic_neurons.wide import WideBinary, critical_gain

__all__: list[str] = []


@answer.register
def of_binary_spectrum(
    problem: BinarySpectrum, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    blocks = {str(s): value for s, (value, _) in enumerate(problem.blocks)}
    values = proved(lambda: balls_of(blocks, numbers), digits or FLOAT_DIGITS)
    ordered = sorted(
        ((values[str(s)], many) for s, (_, many) in enumerate(problem.blocks)),
        key=lambda pair: -float(pair[0].mid()),
    )
    listed = [ball for ball, many in ordered for _ in range(many if problem.listed else 1)]

    def lengths() -> dict[str, arb]:
        """The lengths in balls."""
        ratios = balls_of(problem.decays, numbers)
        return {name: correlation_length(ratio) for name, ratio in ratios.items()}

    found = enclosed_answer(lengths, digits)
    values_shown, errors = enclosures(listed, digits)
    if not problem.listed:
        values_shown = [
            [value, many] for value, (_, many) in zip(values_shown, ordered, strict=True)
        ]
    shown_values = {"eigenvalues": values_shown, **found.values}
    return Answer(found.status, shown_values, {"eigenvalues": errors, **found.errors})


@answer.register
def of_either_stiffness(
    problem: EitherStiffness, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    chosen = problem.infinite if numbers["alpha"] == oo else problem.finite
    found = answer(chosen, {name: value for name, value in numbers.items() if value != oo}, digits)
    if any(
        isinstance(value, float) and not math.isfinite(value) for value in found.values.values()
    ):
        raise ValueError(
            "the value exceeds the largest double; ask for digits to get it as a decimal string"
        )
    return found


@answer.register
def of_interaction_order(
    problem: InteractionOrder, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    return Answer(
        "exact",
        {name: value if digits is None else str(value) for name, value in problem.orders.items()},
    )


@answer.register
def of_wide_binary(problem: WideBinary, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    gain = numbers["g"]
    if problem.width == oo:
        found = _infinitely_wide(problem, gain, digits)
        return replace(found, values={"lambda1": None, **found.values})
    exact = fmpq(int(gain.p), int(gain.q))
    found = enclosed_answer(
        lambda: {"lambda1": wide_second_eigenvalue_ball(problem.width, exact)}, digits, "enclosed"
    )
    return replace(found, values={**found.values, "m": None, "g_c": None})


def _infinitely_wide(problem: WideBinary, gain: Any, digits: int | None) -> Answer:
    """The stable mean, zero up to the critical gain in size; beyond it a negative gain turns the
    mean around in every layer.
    """
    critical = enclosed_answer(lambda: balls_of({"g_c": critical_gain()}, {}), digits)
    if (gain + critical_gain()).is_negative:
        turning = (
            "below g = -g_c the mean changes its sign from layer to layer and no fixed point is "
            f"stable; its size is that at g = {-gain}"
        )
        return Answer("none", {"m": None, **critical.values}, critical.errors, reason=turning)
    if not (gain - critical_gain()).is_positive:
        return Answer(
            "exact",
            {"m": 0.0 if digits is None else "0", **critical.values},
            {"m": 0.0, **critical.errors},
        )
    (m,), (step,) = problem.recursion.state, problem.recursion.step
    (symbol,) = step.free_symbols - {m}
    equation = (step - m).subs(symbol, gain)

    def compute() -> dict[str, arb]:
        """The positive root; between the point where the map still rises above the diagonal and
        one.
        """
        low = Fraction(1, 2)
        while not bool(equation.subs(m, _rational(low)).evalf() > 0):
            low /= 2
        return {
            "m": certified_root(equation, m, (_rational(low), Integer(1)), digits or FLOAT_DIGITS)
        }

    root = enclosed_answer(compute, digits, "enclosed")
    return Answer(
        "enclosed", {**root.values, **critical.values}, {**root.errors, **critical.errors}
    )


def _rational(number: Fraction) -> Any:
    """A fraction as an exact SymPy number."""
    return Integer(number.numerator) / Integer(number.denominator)


@answer.register
def of_smeared_chain(
    problem: SmearedChain, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "this partition function", "summed in double precision")
    values = {name: math.inf if value == oo else float(value) for name, value in numbers.items()}
    found = smeared_partition_function(problem, **values)
    return Answer("numeric", {"value": found.value}, {"value": found.error})
