"""Free fields on lattices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.numerics.solve.lattice_green import LatticeField
from neurenorm.theory.field.lattice_green import LatticeGreen


@answer.register
def of_lattice_green(
    problem: LatticeGreen, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "a mean over the Brillouin zone", "found on meshes in doubles")
    m2 = numbers["m2"]
    values, errors = LatticeField(problem.graph, float(m2)).means(problem.r)
    reasons = []
    if "G" not in values:
        reasons.append(
            "a massless field in two dimensions has no G: its differences are resistances"
        )
    if m2 == 0:
        reasons.append("xi is infinite for a massless field")
    length = float("inf") if m2 == 0 else float(problem.correlation_length(m2))
    found = {"G": values.get("G"), **{k: v for k, v in values.items() if k != "G"}, "xi": length}
    return Answer("numeric", found, errors, reason="; ".join(reasons))
