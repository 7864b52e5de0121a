"""Layer graphs: kernels on inputs, fixed points of blocks, critical lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from neurenorm.numerics.evaluate.core import Answer, answer
from neurenorm.numerics.solve.wide.criticality import (
    BlockMap,
    BlockPoint,
    critical_variance,
    fixed_points,
    growth,
)
from neurenorm.numerics.solve.wide.kernels import kernels
from neurenorm.theory.architectures.problems import BlockCriticality, BlockCriticalLine, KernelsOf

NAMES = ("K", "c", "chi_par", "chi_perp", "xi", "kind", "exponent")
NO_DIGITS = (
    "kernels of layer graphs are computed in double precision with an error: do not ask for digits"
)


def _parameters(numbers: Mapping[str, Any]) -> dict[str, float]:
    """The variances that are given."""
    return {name: float(numbers[name]) for name in ("sw2", "sb2") if numbers.get(name) is not None}


@answer.register
def _(problem: KernelsOf, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    if digits is not None:
        raise ValueError(NO_DIGITS)
    inputs = np.array(numbers["inputs"], dtype=float)
    reason = ""
    try:
        _ = problem.theory.tangent
    except ValueError as refusal:
        reason = f"no tangent kernel: {refusal}"
    found = kernels(problem.theory, inputs, None, _parameters(numbers), not reason)
    if found.kernel.ndim > 2:
        raise ValueError(
            "the output has several positions: end in flatten, global_average or at, and a dense "
            "readout"
        )
    K, Theta = (
        None if matrix is None else [float(x) for x in matrix[np.triu_indices(len(matrix))]]
        for matrix in (found.kernel, found.tangent)
    )
    errors = {"K": found.error, "Theta": found.tangent_error}
    status = "sampled" if found.sampled else "numeric"
    return Answer(status, {"K": K, "Theta": Theta}, errors, reason=reason)


@answer.register
def _(problem: BlockCriticality, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    if digits is not None:
        raise ValueError(NO_DIGITS)
    block = BlockMap(problem.theory, _parameters(numbers))
    points = fixed_points(block)
    if not points:
        law = growth(block)
        values = {**dict.fromkeys(NAMES), "kind": law.kind, "exponent": law.exponent}
        return Answer("numeric", values, reason="no fixed length: the law of gradients along depth")
    branches = [_values(point) for point in points]
    return Answer(
        "numeric",
        branches[0],
        dict.fromkeys(("K", "c", "chi_par", "chi_perp", "xi"), 1e-8),
        branches if len(branches) > 1 else None,
        "" if abs(points[0].chi_par) < 1 else "no length is stable: chi_par is above one in size",
    )


def _settled(value: float) -> float:
    """A number that is zero up to rounding, as zero."""
    return 0.0 if abs(value) < 1e-11 else value


def _values(point: BlockPoint) -> dict[str, Any]:
    """What is printed of one fixed point."""
    marginal = abs(point.slope - 1) < 1e-9
    xi = point.xi
    return {
        "K": point.K,
        "c": _settled(point.c),
        "chi_par": _settled(point.chi_par),
        "chi_perp": point.chi_perp,
        "xi": "inf" if xi is not None and math.isinf(xi) else xi,
        "kind": "power" if marginal else "exponential",
        "exponent": None,
    }


@answer.register
def _(problem: BlockCriticalLine, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    if digits is not None:
        raise ValueError(NO_DIGITS)
    sw2, point = critical_variance(problem.theory, _parameters(numbers))
    values = {"sw2": sw2, "K": point.K, "chi_par": point.chi_par}
    return Answer("numeric", values, dict.fromkeys(values, 1e-7))
