"""Where the polarised branch of a path ensemble ends, where it meets the paramagnet, and which
removal brings the degree there.

Along the branch the overlap q is the coordinate. The degree c(q) has its minimum at the end of the
branch (c_d), and the gap of the free energy vanishes at c_K. Two grids give each number twice; the
error of a grid falls with the fourth power of its step, so their difference gives the extrapolated
value and its error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import optimize

from neurenorm.graphs.arguments import found_in
from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.active_paths.branch_end import (
    NotConverged,
    NoThreshold,
    branch_end,
    settled,
)
from neurenorm.numerics.solve.active_paths.branch_point import BranchPoint, GridTooSmall
from neurenorm.numerics.solve.active_paths.density_evolution import DensityEvolution
from neurenorm.theory.active_paths.ensemble import (
    CriticalRemoval,
    PathEnsemble,
    paramagnet,
    path_ensemble,
    regular_degrees,
)
from neurenorm.theory.symbols import symbols

__all__ = [
    "NoThreshold",
    "NotConverged",
    "PathThresholds",
    "branch_end",
    "critical_temperatures",
    "extrapolated",
    "grid_steps",
    "path_thresholds",
    "removed_fraction",
    "transition_point",
]

PATHS = symbols("active-paths")
STEP = 0.04
FINEST, HOTTEST = 0.011, 20.0
SETTLED = 2e-6
HIGHEST = 1 - 1e-3
REACHES = (
    3,
    9,
    27,
)  # largest degrees of the grids that are tried, in units of the degree at which the entropy of the paramagnet vanishes


@dataclass(frozen=True)
class PathThresholds(Tabulated):
    """The end of the polarised branch and its transition, each with its error.

    Parameters
    ----------
    end, transition : BranchPoint
        On the finer grid.
    values, errors : dict of str to float
        c_d, q_d, c_K, q_K extrapolated to vanishing step, and what the extrapolation changed.
    """

    end: BranchPoint
    transition: BranchPoint
    values: dict[str, float]
    errors: dict[str, float]


def transition_point(evolution: DensityEvolution, end: BranchPoint) -> BranchPoint:
    """Find the point of the branch beyond its end at which the free energy equals that of the
    paramagnet.

    Raises
    ------
    GridTooSmall
        If the gap keeps its sign up to the largest degree of the grid.
    """
    points = {end.q: end}

    def gap(q: float) -> float:
        """Gap at an overlap."""
        if q not in points:
            near = points[min(points, key=lambda known: abs(known - q))]
            points[q] = settled(evolution.at_overlap(q, near=near), evolution.coupling_mean > 0)
        return points[q].gap

    low, high, sign = end.q, 1 - (1 - end.q) / 1.7, math.copysign(1.0, end.gap)
    try:
        while gap(high) * sign > 0:
            low, high = high, 1 - (1 - high) / 1.7
            if high > HIGHEST:
                return _sharp_transition(evolution, points[low], sign)
    except GridTooSmall:
        return _sharp_transition(evolution, points[low], sign)
    root = float(optimize.brentq(gap, low, high, xtol=1e-7))
    gap(root)
    return points[root]


def _sharp_transition(evolution: DensityEvolution, low: BranchPoint, sign: float) -> BranchPoint:
    """Find the transition by the degree, where the overlap is too near to one, or to its largest
    value, to be the coordinate.
    """
    points = {low.c: low}

    def gap(c: float) -> float:
        """Gap at a degree."""
        if c not in points:
            points[c] = settled(evolution.solve(c, law=low.law), evolution.coupling_mean > 0)
        return points[c].gap

    high = min(1.1 * low.c, evolution.largest_degree)
    while gap(high) * sign > 0:
        if high >= evolution.largest_degree:
            raise GridTooSmall(
                f"the branch does not meet the paramagnet up to c = {high:.4g}, the largest degree "
                "of the grid"
            )
        high = min(1.1 * high, evolution.largest_degree)
    root = float(optimize.brentq(gap, low.c, high, xtol=1e-8 * low.c))
    gap(root)
    return points[root]


@checked_arguments
def grid_steps(T: float, step: float | None = None) -> tuple[float, float]:
    """Return the coarser and the finer step of the two grids on which an answer is found.

    Hotter paths send weaker biases, and more of them: their small errors add up, so the step falls
    with T.

    Examples
    --------
    >>> grid_steps(0.5), grid_steps(8.0)
    ((0.2, 0.1), (0.05, 0.025))
    """
    if not (math.isfinite(T) and T > 0):
        raise ValueError(
            f"density evolution needs a positive temperature, got {T}; T = 0 has its own closed "
            "form (active-paths/zero-temperature)"
        )
    if T > HOTTEST:
        raise ValueError(
            f"T = {T:g} is too hot for the grids (above {HOTTEST:g}); degrees grow as T^2 there, "
            "so scale a lower temperature up"
        )
    fine = step if step is not None else max(0.1 * min(1.0, T ** (-2 / 3)), FINEST)
    return 2 * fine, fine


def extrapolated(
    coarse: Mapping[str, float], fine: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return numbers of two grids, one of half the step of the other, extrapolated to vanishing
    step, with their errors.

    The error of a grid falls by 16 for half the step. Twice the change by the extrapolation bounds
    what is left of it, and a constant what iterations leave.

    Examples
    --------
    >>> values, errors = extrapolated({"c": 3.16}, {"c": 3.01})
    >>> round(values["c"], 6), round(errors["c"], 3)
    (3.0, 0.02)
    """
    change = {name: (fine[name] - found_in(coarse, name, "number")) / 15 for name in fine}
    return {name: fine[name] + change[name] for name in fine}, {
        name: 2 * abs(change[name]) + SETTLED * max(abs(fine[name]), 0.1) for name in fine
    }


def path_thresholds(ensemble: PathEnsemble, T: float, step: float | None = None) -> PathThresholds:
    """Locate c_d and c_K of an ensemble at one temperature.

    Parameters
    ----------
    ensemble : PathEnsemble
        ``planted`` gives the dynamic and the thermodynamic transition of the glass (one step of
        replica-symmetry breaking at x = 1 is the planted ensemble); ``glass`` the replica-symmetric
        branch of the unbiased couplings; ``ferro`` an ordinary first-order transition.
    T : float
        Positive temperature.
    step : float, optional
        Step of the finer grid; the coarser has twice that. By default as `grid_steps` says.

    Examples
    --------
    >>> found = path_thresholds(path_ensemble(3), 0.5)
    >>> round(found.values["c_d"], 4), round(found.values["c_K"], 4), found.errors["c_K"] < 1e-4
    (2.8081, 3.1224, True)
    """
    widths, scale = grid_steps(T, step), entropy_crossing(ensemble, T)
    rows = [_on_grid(ensemble, T, width, scale) for width in widths]
    values, errors = extrapolated(
        *({"c_d": a.c, "q_d": a.q, "c_K": b.c, "q_K": b.q} for a, b, _ in rows)
    )
    errors["q_d"] += sum(left for _, _, left in rows)
    end, transition, _ = rows[1]
    return PathThresholds(end, transition, values, errors)


def _on_grid(
    ensemble: PathEnsemble, T: float, width: float, scale: float
) -> tuple[BranchPoint, BranchPoint, float]:
    """End and transition on grids that hold larger and larger degrees, until both are found, and
    the error of the overlap at the end.
    """
    for reach in REACHES:
        evolution = DensityEvolution(ensemble, T, width, largest_degree=reach * scale)
        try:
            end, left = branch_end(evolution)
            return end, transition_point(evolution, end), left
        except GridTooSmall as error:
            missed = error
    raise NoThreshold(
        f"the branch was followed up to {REACHES[-1]} times the degree at which the entropy of the "
        f"paramagnet vanishes: {missed}"
    )


def entropy_crossing(ensemble: PathEnsemble, T: float) -> float:
    """Return the degree at which the entropy of the paramagnet vanishes: the scale of all
    thresholds.
    """
    return float(compiled(paramagnet(ensemble.p, ensemble.sizes).values["c_s0"], [PATHS.T])(T))


def critical_temperatures(
    p: int, degree: int, bracket: tuple[float, float], step: float = STEP
) -> tuple[float, float]:
    """Return T_d and T_K of the ensemble in which every weight lies in the same number of paths.

    Parameters
    ----------
    p, degree : int
    bracket : tuple of float
        Temperatures below and above both.
    step : float

    Examples
    --------
    >>> [round(T, 2) for T in critical_temperatures(3, 4, (0.6, 0.8), step=0.08)]
    [0.75, 0.65]
    """
    if p == 2:
        raise NoThreshold(
            "for p = 2 the overlap grows continuously from zero: no jump, no end of a branch"
        )
    ensemble = path_ensemble(p, "planted", regular_degrees(degree))

    def polarised(T: float) -> BranchPoint:
        """What is left of certain weights at one temperature."""
        return settled(
            DensityEvolution(ensemble, T, step, largest_degree=float(degree)).solve(
                float(degree), tolerance=1e-8
            ),
            True,
        )

    low, high = bracket
    if polarised(low).q < 0.1 or polarised(high).q > 0.1:
        raise NoThreshold(
            f"the polarised branch must exist at T = {low} and not at T = {high}: give another "
            "bracket"
        )
    while high - low > 2e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if polarised(middle).q > 0.1 else (low, middle)
    return (low + high) / 2, float(
        optimize.brentq(lambda T: polarised(T).gap, bracket[0], low, xtol=1e-5)
    )


def removed_fraction(problem: CriticalRemoval, c: float, c0: float) -> float | None:
    """Return the removed fraction that lowers the degree from c0 to c, or None where c0 is already
    below it.

    Examples
    --------
    >>> from neurenorm.theory.active_paths.ensemble import critical_removal
    >>> removed_fraction(critical_removal(3), 2.0, 8.0)
    0.5
    """
    if not (0 < c < math.inf and 0 < c0 < math.inf):
        raise ValueError(
            f"degrees before and after a removal must be positive and finite, got c0 = {c0}, c = "
            f"{c}"
        )
    if c0 < c:
        return None
    return float(compiled(problem.removal, [PATHS.c, PATHS.c0])(c, c0))
