"""The verdict on a flow of couplings with depth: the RG law, only a decay, the unstable fixed
point, or undecided.

That outputs decouple is no evidence of renormalization, since untrained dense layers do it as well.
What discriminates is the law K_L = artanh((tanh K)^(b^L)) of outputs and trained weights. A flow of
an untrained network is a control.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

import numpy as np

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.theory.ising_correspondence.flow import output_coupling
from neurenorm.theory.symbols import symbols

__all__ = ["FlowVerdict", "Outcome", "coupling_law", "judge"]

Measured = Estimate | float
SIGMAS = 5.0
BIAS_ORDERS = 2.0
"""How far a trained weight may be off by its bias: the derived first order, and as much again for
the orders beyond.
"""
LARGEST_BIAS = 0.25
"""Part of a weight above which its first-order bias says too little: such a weight is not compared.
"""


class Outcome(Enum):
    """What a flow of couplings does with depth."""

    rg_law = "matches the RG law"
    only_zero = "only tends to zero"
    unstable = "tends to the unstable fixed point"
    undecided = "undecided"
    not_ising = "no verdict"

    def __str__(self) -> str:
        """The words themselves."""
        return self.value


@dataclass(frozen=True)
class FlowVerdict(Tabulated):
    """An outcome with its reason.

    Parameters
    ----------
    outcome : Outcome
    message : str
        One sentence.
    control : bool
        Whether nothing was trained, so that no outcome is evidence of anything about training.
    """

    outcome: Outcome
    message: str
    control: bool

    def __str__(self) -> str:
        """The outcome, labelled where it is a control."""
        return f"{'control: ' if self.control else ''}{self.outcome}: {self.message}"


@lru_cache(maxsize=1)
def _law() -> Callable[..., Any]:
    """Return the derived law as a function of K, b and depth."""
    subject = symbols("ising-correspondence")
    function: Callable[..., Any] = compiled(
        output_coupling().values["K"], (subject.K, subject.b, subject.depth)
    )
    return function


@checked_arguments
def coupling_law(K: float, b: int, depth: int) -> float:
    """Return the coupling of the outputs at a depth by the derived law.

    Examples
    --------
    >>> round(coupling_law(1.0, 2, 1), 10)
    0.6625013737
    """
    if math.isinf(K):
        return K if K > 0 or b**depth % 2 else -K
    return float(_law()(np.float64(K), np.float64(b), np.float64(depth)))


def judge(
    measured: Sequence[Measured],
    law: Sequence[float] | None,
    *,
    trained: bool,
    weights: Sequence[Measured] | None = None,
    biases: Sequence[float] | None = None,
    sigmas: float = SIGMAS,
) -> FlowVerdict:
    """Say what a flow of couplings does.

    Parameters
    ----------
    measured : sequence of Estimate or float
        Couplings at depths 0, 1, …, the input first; ``inf`` for outputs that are copies of each
        other. A plain number is exact.
    law : sequence of float or None
        What the RG law predicts at the same depths; None where it predicts nothing (a flow with
        width).
    trained : bool
        Whether the network was trained. If not, the verdict is labelled a control.
    weights : sequence of Estimate or float, optional
        Trained weights of the layers 1, 2, …, which the RG law fixes as well.
    biases : sequence of float, optional
        Expected excess of the weights at finite samples, which counts as part of their errors; zero
        by default.
    sigmas : float
        Standard errors within which two numbers agree.

    Returns
    -------
    FlowVerdict

    Raises
    ------
    ValueError
        If fewer than two depths are given, or lengths differ.

    Examples
    --------
    >>> law = [coupling_law(1.0, 2, depth) for depth in range(5)]
    >>> print(judge(law, law, trained=True).outcome)
    matches the RG law
    >>> print(judge([1.0, 0.517, 0.162], [1.0, 0.4744, 0.0864], trained=True).outcome)
    only tends to zero
    >>> print(judge([1.0, float("inf")], law[:2], trained=True).outcome)
    tends to the unstable fixed point
    """
    if len(measured) < 2:
        raise ValueError(
            f"a flow needs the input and at least one layer, got {len(measured)} couplings"
        )
    if (law is not None and len(law) != len(measured)) or (
        weights is not None and len(weights) != len(measured) - 1
    ):
        raise ValueError("the law needs one coupling per depth, and there is one weight per layer")
    values, errors = [_value(m) for m in measured], [_error(m) for m in measured]
    if math.isinf(values[-1]) or _exceeds(
        abs(values[-1]), abs(values[0]), errors[-1], errors[0], sigmas
    ):
        return FlowVerdict(Outcome.unstable, _growth(values), not trained)
    off, seen = _against_law(values, errors, law, sigmas)
    weight_off = _weights_off(weights, law, biases, sigmas)
    if law is not None and not off and seen and not weight_off:
        return FlowVerdict(
            Outcome.rg_law,
            f"outputs follow artanh t^(b^L) at {_places('depth', seen)}",
            not trained,
        )
    if _exceeds(abs(values[0]), abs(values[-1]), errors[0], errors[-1], sigmas) and (
        off or weight_off or law is None
    ):
        reason = _departure(off, weight_off, law)
        return FlowVerdict(
            Outcome.only_zero, f"{reason}; the coupling falls to {values[-1]:.4g}", not trained
        )
    return FlowVerdict(Outcome.undecided, _too_few(values, errors, law, sigmas), not trained)


def _value(measured: Measured) -> float:
    """Return the number of a measured coupling."""
    return float(measured.value) if isinstance(measured, Estimate) else float(measured)


def _error(measured: Measured) -> float:
    """Return its standard error; a plain number is exact up to rounding."""
    return float(measured.error) if isinstance(measured, Estimate) else 1e-9


def _exceeds(first: float, second: float, error: float, other: float, sigmas: float) -> bool:
    """Whether the first is larger beyond errors."""
    return first - second > sigmas * math.hypot(error, other)


def _against_law(
    values: Sequence[float], errors: Sequence[float], law: Sequence[float] | None, sigmas: float
) -> tuple[list[int], list[int]]:
    """Return the layers off the law, and those where the law is told both from zero and from the
    layer before.
    """
    off: list[int] = []
    seen: list[int] = []
    if law is None:
        return off, seen
    for depth in range(1, len(values)):
        reach = sigmas * errors[depth]
        if abs(values[depth] - law[depth]) > reach:
            off.append(depth)
        if abs(law[depth]) > reach and abs(law[depth] - law[depth - 1]) > reach:
            seen.append(depth)
    return off, seen


def _weights_off(
    weights: Sequence[Measured] | None,
    law: Sequence[float] | None,
    biases: Sequence[float] | None,
    sigmas: float,
) -> list[int]:
    """Return the layers whose trained weight is off the law by more than errors and the bias of
    finite samples.
    """
    if weights is None or law is None:
        return []
    off = []
    for k, (weight, K, bias) in enumerate(
        zip(weights, law[1:], biases or [0.0] * len(weights), strict=True)
    ):
        reach = sigmas * _error(weight) + BIAS_ORDERS * abs(bias)
        if abs(bias) <= LARGEST_BIAS * abs(K) and abs(_value(weight) - K) > reach:
            off.append(k + 1)
    return off


def _growth(values: Sequence[float]) -> str:
    """Say how a coupling grows."""
    if math.isinf(values[-1]):
        return "outputs are copies of each other: the coupling is infinite"
    return f"the coupling grows from {values[0]:.4g} to {values[-1]:.4g}"


def _departure(off: Sequence[int], weight_off: Sequence[int], law: Sequence[float] | None) -> str:
    """Say where a flow departs from the law."""
    if law is None:
        return "the RG law predicts nothing here"
    parts = [f"outputs at {_places('depth', off)}"] if off else []
    parts += [f"weights of {_places('layer', weight_off)}"] if weight_off else []
    return " and ".join(parts) + " depart from the RG law"


def _too_few(
    values: Sequence[float], errors: Sequence[float], law: Sequence[float] | None, sigmas: float
) -> str:
    """Say how much better the errors would have to be."""
    expected = law if law is not None else values
    first = abs(expected[1])
    if first == 0:
        return "the coupling of the first layer is zero by the law: there is nothing to see"
    factor = math.ceil((sigmas * errors[1] / first) ** 2) + 1
    return (
        f"the errors are too large to tell; about {factor} times the samples resolve the first "
        "layer"
    )


def _places(noun: str, numbers: Sequence[int]) -> str:
    """Return numbers as text behind their noun: depth 1, depths 1 and 2, depths 1, 2 and 3."""
    *first, last = map(str, numbers)
    return f"{noun}s {', '.join(first)} and {last}" if first else f"{noun} {last}"
