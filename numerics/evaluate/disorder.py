"""Random couplings: spin glasses and the Nishimori line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.numerics.solve.disorder import glass_temperature, nishimori_point, stiffness
from neurenorm.theory.decimation.disorder import exact_law, moment
from neurenorm.theory.disorder.problems import Glass, NishimoriLine


@answer.register
def of_glass(problem: Glass, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    refuse_digits(digits, "a law of couplings", "kept on a grid of doubles")
    theta, error = stiffness(problem.branches)
    values: dict[str, Any] = {"T_c": None, "theta": theta, "chaos": (problem.d - 1) / 2 - theta}
    errors: dict[str, Any] = {"theta": error + 1e-8, "chaos": error + 1e-8}
    reason = "T_c is asked for by law"
    if problem.law is not None and theta < 0:
        reason = f"no transition at T > 0: theta = {theta:.2f}"
    elif problem.law is not None:
        found = glass_temperature(problem.branches, problem.law == "gauss")
        (values["T_c"], errors["T_c"]), reason = found, ""
    return Answer("numeric", values, errors, reason=reason)


@answer.register
def of_nishimori(problem: NishimoriLine, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    refuse_digits(digits, "a law of couplings", "kept on a grid of doubles")
    moments = None
    if (p := numbers["p"]) is not None:
        t = 2 * p - 1
        law = exact_law(problem.cell, {t: p, -t: 1 - p}, problem.generation)
        moments = [float(moment(law, k)) for k in (1, 2, 3, 4)]
    point, error, y, off = nishimori_point(problem.branches)
    return Answer(
        "numeric",
        {"p_c": point, "y": y, "moments": moments},
        {"p_c": error, "y": off},
        reason="" if p is not None else "moments are asked for by p",
    )
