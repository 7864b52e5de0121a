"""Phase diagrams of random active paths: both glass transitions over the temperature, and the
removals that melt the glass over depth and temperature.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.solve.active_paths.thresholds import (
    NoThreshold,
    entropy_crossing,
    path_thresholds,
    removed_fraction,
)
from neurenorm.numerics.solve.active_paths.zero_temperature import frozen_thresholds
from neurenorm.theory.active_paths.couplings import CouplingSizes
from neurenorm.theory.active_paths.ensemble import (
    CriticalRemoval,
    PathEnsemble,
    critical_removal,
    path_ensemble,
)
from neurenorm.theory.active_paths.zero_temperature import frozen_paths

__all__ = ["PathDiagram", "RemovalDiagram", "path_diagram", "removal_diagram"]

Array = NDArray[np.float64]
NAMES = ("c_d", "q_d", "c_K", "q_K")


@dataclass(frozen=True)
class PathDiagram(Tabulated):
    """Transitions of one ensemble over the temperature; every array has one entry per temperature.

    Attributes
    ----------
    T : ndarray
        Temperatures.
    c_d, q_d : ndarray
        Mean degree at which glassy states appear (paths per weight), and their overlap there.
    c_K, q_K : ndarray
        Mean degree beyond which they are the equilibrium state, and their overlap there.
    c_s0 : ndarray
        Mean degree at which the entropy of the paramagnet would turn negative: an upper bound on
        c_K.
    errors : dict of str to ndarray
        Of c_d, q_d, c_K and q_K.
    physical : ndarray of bool
        Whether the entropy at the transition is not negative. Where it is (replica-symmetric
        glass), the transition is no equilibrium one.
    """

    T: Array
    c_d: Array
    q_d: Array
    c_K: Array
    q_K: Array
    c_s0: Array
    errors: dict[str, Array]
    physical: NDArray[np.bool_]


@dataclass(frozen=True)
class RemovalDiagram(Tabulated):
    """Critical removed fractions; arrays of shape (len(p), len(T)).

    Attributes
    ----------
    p, T : ndarray
        The axes: depth and temperature.
    rho_K : ndarray
        Removed fraction at which the glass melts in equilibrium; zero where there is no glass to
        begin with.
    rho_d : ndarray
        Removed fraction at which the last glassy state vanishes; zero where there is none to begin
        with.
    errors : dict of str to ndarray
        Of rho_K and rho_d.
    glass, states : ndarray of bool
        Whether the full network is a glass (c0 > c_K), and whether it has glassy states at all (c0
        > c_d).
    """

    p: NDArray[np.int64]
    T: Array
    rho_K: Array
    rho_d: Array
    errors: dict[str, Array]
    glass: NDArray[np.bool_]
    states: NDArray[np.bool_]


@checked_arguments
def path_diagram(ensemble: PathEnsemble, temperatures: ArrayLike) -> PathDiagram:
    """Locate both transitions at every temperature of a grid.

    Parameters
    ----------
    ensemble : PathEnsemble
        With p of at least 3. Planted signs give the glass; T = 0 is then its closed form.
    temperatures : array_like, one-dimensional
        Not negative.

    Returns
    -------
    PathDiagram

    Raises
    ------
    NoThreshold
        For p = 2, whose onset is continuous.
    NotConverged
        If density evolution does not settle at one of the temperatures.
    ValueError
        If a temperature is negative, or zero without planted signs.

    Examples
    --------
    >>> diagram = path_diagram(path_ensemble(3), [0, 0.5, 1])
    >>> diagram.c_d.round(3).tolist(), diagram.c_K.round(3).tolist()
    ([2.455, 2.808, 5.037], [2.754, 3.122, 5.553])
    """
    T = _axis(temperatures)
    if ensemble.p == 2:
        raise NoThreshold(
            "for p = 2 the overlap grows from zero at c t^2 = 1: the onset is continuous and there "
            "is no jump to draw"
        )
    if ensemble.disorder != "planted" and not T.all():
        raise ValueError(
            f"T = 0 has its closed form for planted signs only, not for {ensemble.disorder}: give "
            "positive temperatures"
        )
    rows = [_warm(ensemble, value) if value > 0 else _frozen(ensemble.p) for value in T.tolist()]
    columns = {name: np.array([row[0][name] for row in rows]) for name in (*NAMES, "c_s0")}
    errors = {name: np.array([row[1][name] for row in rows]) for name in NAMES}
    return PathDiagram(T, **columns, errors=errors, physical=np.array([row[2] for row in rows]))


def removal_diagram(
    depths: Sequence[int],
    temperatures: ArrayLike,
    c0: float,
    *,
    protocol: str = "weights",
    sizes: CouplingSizes | None = None,
) -> RemovalDiagram:
    """Locate the critical removals over depth and temperature.

    Parameters
    ----------
    depths : sequence of int
        Weights per path p, at least 3.
    temperatures : array_like, one-dimensional
        Not negative.
    c0 : float
        Paths per weight before any removal.
    protocol : {"weights", "paths"}
        What is removed.
    sizes : CouplingSizes, optional
        Law of |J|; by default all of size one.

    Returns
    -------
    RemovalDiagram

    Raises
    ------
    ValueError
        If a parameter is not admissible, or as `path_diagram`.

    Examples
    --------
    >>> found = removal_diagram([3, 4], [0.5], 10.0)
    >>> found.rho_K.round(4).tolist(), found.rho_d.round(4).tolist()
    ([[0.4412], [0.2356]], [[0.4701], [0.2897]])
    """
    if not (math.isfinite(c0) and c0 > 0):
        raise ValueError(
            f"c0 (paths per weight before any removal) must be positive and finite, got {c0}"
        )
    problems = [critical_removal(p, protocol, path_ensemble(p, sizes=sizes)) for p in depths]
    rows = [path_diagram(problem.ensemble, temperatures) for problem in problems]
    values, errors = {}, {}
    for name in ("K", "d"):
        pairs = [
            _removals(problem, getattr(row, f"c_{name}"), row.errors[f"c_{name}"], c0)
            for problem, row in zip(problems, rows, strict=True)
        ]
        values[name], errors[f"rho_{name}"] = (np.array(part) for part in zip(*pairs, strict=True))
    glass, states = (np.array([getattr(row, name) < c0 for row in rows]) for name in ("c_K", "c_d"))
    return RemovalDiagram(
        np.array(depths, dtype=np.int64),
        _axis(temperatures),
        values["K"],
        values["d"],
        errors,
        glass,
        states,
    )


@checked_arguments
def _axis(temperatures: ArrayLike) -> Array:
    """Return a one-dimensional axis of temperatures that are not negative."""
    T = np.asarray(temperatures, dtype=float)
    if T.ndim != 1 or not T.size or not np.all(np.isfinite(T) & (T >= 0)):
        raise ValueError(f"give a list of temperatures that are not negative, got {temperatures!r}")
    return T


def _warm(ensemble: PathEnsemble, T: float) -> tuple[dict[str, float], dict[str, float], bool]:
    """Return values, errors and physicality at a positive temperature."""
    found = path_thresholds(ensemble, T)
    return (
        {**found.values, "c_s0": entropy_crossing(ensemble, T)},
        found.errors,
        found.transition.physical,
    )


def _frozen(p: int) -> tuple[dict[str, float], dict[str, float], bool]:
    """Return the same at T = 0, where couplings of any size bind as hard constraints and a path
    takes ln 2 of the entropy.
    """
    balls = frozen_thresholds(frozen_paths(p))
    found = dict(zip(NAMES, (balls[name] for name in ("c_d", "x_d", "c_s", "x_s")), strict=True))
    return (
        {**{name: float(ball.mid()) for name, ball in found.items()}, "c_s0": float(p)},
        {name: float(ball.rad()) for name, ball in found.items()},
        True,
    )


def _removals(
    problem: CriticalRemoval, degrees: Array, errors: Array, c0: float
) -> tuple[list[float], list[float]]:
    """Return the removed fractions that bring the degree to the given ones, zero where it is below
    them already, and their errors.
    """
    values = [removed_fraction(problem, c, c0) for c in degrees.tolist()]
    moved = [
        removed_fraction(problem, c - error, c0)
        for c, error in zip(degrees.tolist(), errors.tolist(), strict=True)
    ]
    return [v or 0.0 for v in values], [
        (m or 0.0) - (v or 0.0) if v else 0.0 for m, v in zip(moved, values, strict=True)
    ]
