"""The Bethe approximation of one instance, by belief propagation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurenorm.graphs.paths import given_paths
from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.numerics.solve.active_paths.belief_propagation import belief_propagation
from neurenorm.numerics.solve.active_paths.elimination import TooWide, exact_log_partition
from neurenorm.theory.cavity.messages import BetheOf

DAMPINGS = (0.0, 0.5)
COARSE = 1e-9


@answer.register
def of_instance(problem: BetheOf, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    refuse_digits(digits, "a Bethe value", "iterated in double precision")
    paths = given_paths(problem.paths)
    J, theta = (
        _spread(numbers[name], name, size)
        for name, size in (("J", paths.count), ("theta", paths.size))
    )
    beta = float(numbers["beta"])
    start = np.tanh(theta) if np.any(theta) else np.full(paths.size, 0.1)
    for damping in DAMPINGS:
        report = belief_propagation(
            problem.equations, paths, J, beta, theta, start=start, damping=damping
        )
        if report.converged:
            break
    notes = [str(report)]
    if paths.loops:
        notes.append(
            f"the factor graph has {paths.loops} independent loop{'s' * (paths.loops > 1)}: the "
            "Bethe values are an approximation, and no bound"
        )
    exact = None
    try:
        exact = exact_log_partition(paths.members.tolist(), J, beta, theta)
    except TooWide as error:
        notes.append(f"no exact_log_z: {error}")
    values = {
        "log_z": report.log_z,
        "energy": report.energy,
        "magnetizations": report.magnetizations.tolist(),
        "exact_log_z": exact,
    }
    if report.rounding > COARSE:
        notes.append(
            "strong fields contradict strong paths: double precision leaves log_z open by "
            f"{report.rounding:.1g}"
        )
    return Answer(
        "numeric" if report.converged else "not converged",
        values,
        {"log_z": report.rounding},
        reason="; ".join(notes),
    )


def _spread(value: Any, name: str, size: int) -> np.ndarray:
    """Return one float for each path or weight."""
    entries = [float(v) for v in value] if isinstance(value, list) else [float(value)] * size
    if len(entries) != size:
        raise ValueError(f"{name} needs {size} entries or one number, got {len(entries)}")
    return np.array(entries)
