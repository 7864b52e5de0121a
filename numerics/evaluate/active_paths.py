"""Random active paths: density evolution, thresholds, the zero-temperature roots and belief
propagation as answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flint import arb

from neurenorm.numerics.balls import enclosed_answer
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.numerics.solve.active_paths.density_evolution import BranchPoint, DensityEvolution
from neurenorm.numerics.solve.active_paths.thresholds import (
    NotConverged,
    PathThresholds,
    extrapolated,
    grid_steps,
    path_thresholds,
    removed_fraction,
)
from neurenorm.numerics.solve.active_paths.zero_temperature import (
    frozen_layer_fractions,
    frozen_layer_thresholds,
    frozen_thresholds,
)
from neurenorm.theory.active_paths.ensemble import (
    CriticalRemoval,
    PolarisedBranch,
    Thresholds,
    paramagnet,
)
from neurenorm.theory.active_paths.zero_temperature import FrozenLayers, FrozenPaths, FrozenRemoval
from neurenorm.theory.symbols import symbols

__all__ = ["polarised_point"]

PATHS = symbols("active-paths")
ON_A_GRID = "solved on a grid with an estimated error"
MELTED = 1e-6
LOCATED = 1e-11  # of roots of closed forms in double precision
FROZEN = ("c_d", "x_d", "c_s", "x_s", "rho_K", "rho_d", "x")
UNPHYSICAL = (
    "its entropy is negative ({entropy:.4g} per weight): unphysical, replica symmetry is broken; "
    "take disorder=planted"
)


def polarised_point(
    problem: PolarisedBranch, T: float, c: float
) -> tuple[BranchPoint, dict[str, float], dict[str, float]]:
    """Solve for the polarised branch on two grids; return the finer solution, extrapolated values
    and what the extrapolation changed.
    """
    points = tuple(
        DensityEvolution(problem.ensemble, T, width, largest_degree=max(c, 1.0)).solve(c)
        for width in grid_steps(T)
    )
    coarse, fine = points
    if (coarse.q < MELTED) != (fine.q < MELTED) or not all(point.converged for point in points):
        fine = replace(fine, converged=False)
    return fine, *extrapolated(*({"q": p.q, "energy": p.energy, "gap": p.gap} for p in points))


@answer.register
def of_polarised_branch(
    problem: PolarisedBranch, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "the polarised branch", ON_A_GRID)
    T, c = float(numbers["T"]), float(numbers["c"])
    point, values, errors = polarised_point(problem, T, c)
    if not point.converged:
        reason = (
            f"not settled on both grids (c is at the end of the branch): {point}, last change "
            f"{point.residual:.2g}"
        )
        return Answer("not converged", values, errors, reason=reason)
    if point.q < MELTED:
        return Answer(
            "none",
            dict.fromkeys(values),
            reason=(
                f"there is no polarised solution at c = {c:g}: certain weights melt into the "
                "paramagnet"
            ),
        )
    paramagnetic = float(
        compiled(
            paramagnet(problem.ensemble.p, problem.ensemble.sizes).values["energy"],
            [PATHS.T, PATHS.c],
        )(T, c)
    )
    stable = point.physical and point.gap > 0
    branches = [
        {
            "branch": "paramagnet",
            "stable": not stable,
            "q": 0.0,
            "energy": paramagnetic,
            "gap": 0.0,
        },
        {"branch": "polarised", "stable": stable, **values},
    ]
    return Answer("numeric", values, errors, branches, _standing(point))


def _standing(point: BranchPoint) -> str:
    """Say what a solution is beside the paramagnet."""
    if not point.physical:
        return UNPHYSICAL.format(entropy=point.entropy)
    return "stable" if point.gap > 0 else "metastable: the paramagnet has the larger ln Z"


def _located(problem: PolarisedBranch, T: float) -> PathThresholds | Answer:
    """Locate the thresholds, or return the answer that says why there are none."""
    if problem.ensemble.p == 2:
        return Answer(
            "none",
            {},
            reason=(
                "for p = 2 the overlap grows continuously from zero at c tanh(1/T)^2 = 1: no jump, "
                "no end of a branch"
            ),
        )
    try:
        return path_thresholds(problem.ensemble, T)
    except NotConverged as error:
        return Answer("not converged", {}, reason=str(error))


@answer.register
def of_thresholds(problem: Thresholds, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    refuse_digits(digits, "a threshold", ON_A_GRID)
    found = _located(problem, float(numbers["T"]))
    if isinstance(found, Answer):
        return Answer(
            found.status, dict.fromkeys(("c_d", "q_d", "c_K", "q_K")), reason=found.reason
        )
    return Answer("numeric", found.values, found.errors, reason=_at_transition(found))


def _at_transition(found: PathThresholds) -> str:
    """Say where a transition belongs to a solution that cannot be."""
    return (
        ""
        if found.transition.physical
        else f"at c_K {UNPHYSICAL.format(entropy=found.transition.entropy)}"
    )


@answer.register
def of_critical_removal(
    problem: CriticalRemoval, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "a critical removal", ON_A_GRID)
    c0 = float(numbers["c0"])
    found = _located(problem, float(numbers["T"]))
    if isinstance(found, Answer):
        return Answer(found.status, dict.fromkeys(("rho_K", "rho_d")), reason=found.reason)
    values = {
        f"rho_{name}": removed_fraction(problem, found.values[f"c_{name}"], c0)
        for name in ("K", "d")
    }
    if values["rho_d"] is None:
        return Answer(
            "none",
            values,
            reason=(
                f"c0 = {c0:g} is below c_d = {found.values['c_d']:.4g}: there is no glass to melt"
            ),
        )
    slope = compiled(problem.removal.diff(PATHS.c), [PATHS.c, PATHS.c0])
    errors = {
        f"rho_{n}": abs(float(slope(found.values[f"c_{n}"], c0))) * found.errors[f"c_{n}"]
        for n in ("K", "d")
        if values[f"rho_{n}"] is not None
    }
    notes = [_at_transition(found)]
    if values["rho_K"] is None:
        notes.append(
            f"c0 = {c0:g} is below c_K = {found.values['c_K']:.4g}: only metastable glassy states "
            "melt"
        )
    return Answer("numeric", values, errors, reason="; ".join(filter(None, notes)))


def _of_frozen(found: Answer) -> Answer:
    """Return what was found at zero temperature, None for the values that were not asked for."""
    return replace(found, values={**dict.fromkeys(FROZEN), **found.values})


@answer.register
def of_frozen_paths(problem: FrozenPaths, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    if problem.p == 2:
        return Answer(
            "none",
            dict.fromkeys(FROZEN),
            reason="for p = 2 frozen weights appear continuously at c = 1",
        )
    return _of_frozen(enclosed_answer(lambda: frozen_thresholds(problem), digits, "enclosed"))


@answer.register
def of_frozen_removal(
    problem: FrozenRemoval, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    frozen = problem.frozen
    if frozen.p == 2:
        return Answer(
            "none",
            dict.fromkeys(FROZEN),
            reason="for p = 2 frozen weights appear continuously at c = 1",
        )
    removal = compiled(problem.removal.subs(PATHS.c0, problem.c0), [PATHS.c], target="ball")
    found = enclosed_answer(lambda: frozen_thresholds(frozen), digits, "enclosed")
    above = {
        "K": float(found.values["c_s"]) <= float(problem.c0),
        "d": float(found.values["c_d"]) <= float(problem.c0),
    }
    names = {"K": "c_s", "d": "c_d"}

    def fractions() -> dict[str, arb]:
        """The removed fractions, where c0 lies above the threshold."""
        thresholds = frozen_thresholds(frozen)
        return {
            f"rho_{name}": removal(thresholds[names[name]]) for name in ("K", "d") if above[name]
        }

    removed = (
        enclosed_answer(fractions, digits, "enclosed")
        if any(above.values())
        else Answer("none", {})
    )
    values = {
        **found.values,
        "rho_K": removed.values.get("rho_K"),
        "rho_d": removed.values.get("rho_d"),
    }
    notes = [
        f"c0 = {float(problem.c0):g} is below {names[name]}"
        for name in ("K", "d")
        if not above[name]
    ]
    return _of_frozen(
        Answer("enclosed", values, {**found.errors, **removed.errors}, reason="; ".join(notes))
    )


@answer.register
def of_frozen_layers(
    problem: FrozenLayers, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "a layered threshold", "found in double precision")
    if len(problem.degrees) == 2:
        return Answer(
            "none",
            dict.fromkeys(FROZEN),
            reason="for two layers frozen weights appear continuously at c_1 c_2 = 1",
        )
    values = frozen_layer_thresholds(problem)
    errors = dict.fromkeys(values, LOCATED)
    try:
        values["x"] = frozen_layer_fractions(problem).tolist()
        return _of_frozen(Answer("numeric", values, {**errors, "x": LOCATED}))
    except ArithmeticError as error:  # right at the end of the branch
        return _of_frozen(Answer("not converged", values, errors, reason=str(error)))
