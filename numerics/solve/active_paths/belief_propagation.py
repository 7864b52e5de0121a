"""Belief propagation on one instance, all messages of a sweep at once.

The state is the cavity mean of every weight towards every one of its paths. A sweep sends the
derived message along each path end, sums the biases at each weight, and takes each path's own bias
off again. It is exact on trees; on graphs with loops a report says whether it settled, how fast,
and how stably.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import atanh

from neurenorm.graphs.paths import ActivePaths
from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.compile import compiled
from neurenorm.theory.cavity.messages import CavityEquations
from neurenorm.theory.symbols import symbols

__all__ = ["BeliefReport", "BeliefSweep", "belief_propagation"]

Array = NDArray[np.float64]
PATHS = symbols("active-paths")
_LARGEST_FIELD = 18.0


@dataclass(frozen=True)
class BeliefReport(Tabulated):
    """What belief propagation reached.

    Parameters
    ----------
    converged : bool
    iterations : int
    residual : float
        Largest change of a cavity mean in the last sweep.
    growth : float
        Factor by which a small random perturbation of the messages grows per sweep; below one the
        fixed point is stable.
    log_z, energy, entropy : float
        Bethe values of the whole instance (nats; the energy in units of the couplings).
    magnetizations : ndarray, shape (N,)
    q : float
        Mean square magnetisation of the remaining weights.
    rounding : float
        What double precision leaves open of ln Z: large where strong fields contradict strong
        paths, whose weight 1 + t prod m then nearly cancels.

    Notes
    -----
    Without convergence the numbers are those of the last sweep and mean nothing but where it had
    got to.
    """

    converged: bool
    iterations: int
    residual: float
    growth: float
    log_z: float
    energy: float
    entropy: float
    magnetizations: Array
    q: float
    rounding: float = 0.0

    @property
    def physical(self) -> bool:
        """Whether the Bethe entropy is not negative (but for rounding): a negative one cannot
        belong to weights of two signs.
        """
        return self.entropy >= -1e-9 * (1 + abs(self.log_z)) - self.rounding

    def __str__(self) -> str:
        state = "converged" if self.converged else "did NOT converge"
        state = (
            state
            if self.physical
            else f"{state} (unphysical: the Bethe entropy {self.entropy:.3g} is negative)"
        )
        return (
            f"belief propagation {state} after {self.iterations} sweeps (last change "
            f"{self.residual:.2g}, growth {self.growth:.3g}); q = {self.q:.4g}"
        )


class BeliefSweep:
    """The compiled equations on one instance.

    Parameters
    ----------
    equations : CavityEquations
        For as many weights per path as the instance has.
    paths : ActivePaths
    couplings : array_like, shape (M,)
        J of each path.
    beta : float
        Inverse temperature, positive.
    theta : array_like, shape (N,) or float
        Field on each weight, in units of the temperature.

    Raises
    ------
    ValueError
        If a shape does not fit, a number is not finite, or beta is not positive.
    """

    def __init__(
        self,
        equations: CavityEquations,
        paths: ActivePaths,
        couplings: ArrayLike,
        beta: float,
        theta: ArrayLike = 0.0,
    ) -> None:
        if equations.p != paths.p:
            raise ValueError(
                f"the equations are for p = {equations.p} weights per path, the instance has "
                f"{paths.p}"
            )
        if not (math.isfinite(beta) and beta > 0):
            raise ValueError(f"the inverse temperature must be positive and finite, got {beta}")
        self.equations, self.paths, self.beta = equations, paths, float(beta)
        self.J = _finite(couplings, paths.count, "coupling")
        if np.any(self.beta * np.abs(self.J) > _LARGEST_FIELD):
            raise ValueError(
                f"beta times a coupling above {_LARGEST_FIELD:g} is too cold for double precision: "
                "its bias cannot be told from an infinite one"
            )
        self.theta = _finite(theta, paths.size, "field")
        self.columns = [np.ascontiguousarray(paths.members[:, k]) for k in range(paths.p)]
        self.t = np.tanh(self.beta * self.J)
        others = equations.means[: equations.p - 1]
        self._bias = compiled(atanh(equations.message), [PATHS.t, *others])
        self._mean = compiled(equations.magnetization, [PATHS.h])

    def biases(self, means: list[Array]) -> list[Array]:
        """Return the bias that every path sends to each of its weights."""
        return [self._bias(self.t, *means[:k], *means[k + 1 :]) for k in range(self.paths.p)]

    def total_fields(self, biases: list[Array]) -> Array:
        """Return the field on every weight."""
        fields = self.theta.copy()
        for column, bias in zip(self.columns, biases, strict=True):
            fields += np.bincount(column, weights=bias, minlength=self.paths.size)
        return fields

    def sweep(self, means: list[Array]) -> list[Array]:
        """Return all cavity means after one parallel update."""
        biases = self.biases(means)
        fields = self.total_fields(biases)
        return [
            self._mean(fields[column] - bias)
            for column, bias in zip(self.columns, biases, strict=True)
        ]

    def rounding(self, means: list[Array]) -> float:
        """Bound what rounding does to ln Z: an error of one unit in t prod m, seen through ln(1 + t
        prod m) at every end of every path.
        """
        return float(
            np.finfo(float).eps
            * self.paths.p
            * np.sum(1 / np.maximum(1 + self.t * math.prod(means), np.finfo(float).tiny))
        )

    def bethe(self, means: list[Array]) -> tuple[float, float, Array]:
        """Return ln Z, the energy and the fields on the weights."""
        equations, K = self.equations, self.beta * self.J
        biases = self.biases(means)
        fields = self.total_fields(biases)
        site = compiled(equations.site, [PATHS.h])(fields[self.paths.present]).sum()
        share = sum(compiled(equations.share, [PATHS.K, PATHS.u])(K, bias).sum() for bias in biases)
        path = compiled(equations.path, [PATHS.K, *equations.means])(K, *means).sum()
        energy = compiled(equations.energy, [PATHS.J, PATHS.beta, *equations.means])(
            self.J, self.beta, *means
        ).sum()
        return float(site + share - float(equations.edge_count) * path), float(energy), fields


def belief_propagation(
    equations: CavityEquations,
    paths: ActivePaths,
    couplings: ArrayLike,
    beta: float,
    theta: ArrayLike = 0.0,
    *,
    start: ArrayLike = 0.0,
    damping: float = 0.0,
    tolerance: float = 1e-12,
    most: int = 2000,
    rng: np.random.Generator | None = None,
) -> BeliefReport:
    """Iterate the cavity equations of one instance to their fixed point.

    Parameters
    ----------
    equations, paths, couplings, beta, theta
        As for `BeliefSweep`.
    start : array_like, shape (N,) or (M, p) or float
        First cavity means: a configuration (planted start), or one mean for every message (random
        start).
    damping : float
        Share of the old message in the new one, from 0 to below 1. Near a transition parallel
        undamped sweeps may swing for ever; report both.
    tolerance : float
        Largest change of a mean at which the iteration stops.
    most : int
        Largest number of sweeps.
    rng : numpy.random.Generator, optional
        For the perturbation with which stability is measured.

    Returns
    -------
    BeliefReport

    Examples
    --------
    >>> from neurenorm.graphs.paths import given_paths
    >>> from neurenorm.theory.cavity.messages import cavity_equations
    >>> tree = given_paths([(0, 1, 2), (2, 3, 4)])
    >>> report = belief_propagation(cavity_equations(3), tree, [1, -1], beta=0.9, theta=0.3)
    >>> report.converged, round(report.log_z, 6)
    (True, 4.403399)
    """
    if not 0 <= damping < 1:
        raise ValueError(f"the damping lies between 0 and below 1, got {damping}")
    machine = BeliefSweep(equations, paths, couplings, beta, theta)
    means = _started(paths, start)
    change, count = math.inf, 0
    while change > tolerance and count < most:
        fresh = machine.sweep(means)
        if damping:
            fresh = [
                damping * old + (1 - damping) * new for old, new in zip(means, fresh, strict=True)
            ]
        change = max(
            (
                float(np.max(np.abs(new - old), initial=0.0))
                for old, new in zip(means, fresh, strict=True)
            ),
            default=0.0,
        )
        means, count = fresh, count + 1
    growth = _growth(machine, means, rng if rng is not None else np.random.default_rng(0))
    log_z, energy, fields = machine.bethe(means)
    magnetizations = np.asarray(machine._mean(fields))
    entropy = log_z + machine.beta * energy - float(machine.theta @ magnetizations)
    q = float(np.mean(magnetizations[paths.present] ** 2)) if np.any(paths.present) else 0.0
    return BeliefReport(
        change <= tolerance,
        count,
        change,
        growth,
        log_z,
        energy,
        entropy,
        magnetizations,
        q,
        machine.rounding(means),
    )


def _finite(values: ArrayLike, count: int, name: str) -> Array:
    """Return one finite number for each path or weight."""
    array = np.asarray(values, dtype=float)
    if array.shape not in ((), (count,)):
        raise ValueError(f"give one {name}, or {count} of them, got shape {array.shape}")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"every {name} must be a finite number")
    return np.broadcast_to(array, (count,))


def _started(paths: ActivePaths, start: ArrayLike) -> list[Array]:
    """Return the first cavity means, one array per place in a path."""
    given = np.asarray(start, dtype=float)
    if given.shape == (paths.size,):
        given = given[paths.members]
    means = np.broadcast_to(given, (paths.count, paths.p))
    if not np.all(np.abs(means) <= 1):
        raise ValueError("first means lie between -1 and 1")
    return [
        np.clip(means[:, k], -math.tanh(_LARGEST_FIELD), math.tanh(_LARGEST_FIELD))
        for k in range(paths.p)
    ]


def _growth(
    machine: BeliefSweep,
    means: list[Array],
    rng: np.random.Generator,
    sweeps: int = 6,
    size: float = 1e-6,
) -> float:
    """Return the factor per sweep by which a small perturbation grows, from a few sweeps of a
    perturbed and an unperturbed copy.
    """
    plain, pushed = (
        means,
        [mean + size * rng.standard_normal(mean.shape) * (1 - mean**2) for mean in means],
    )
    first = last = _distance(plain, pushed)
    count = 0
    while count < sweeps and 1e-13 < last < 1e-3:
        plain, pushed = machine.sweep(plain), machine.sweep(pushed)
        last, count = _distance(plain, pushed), count + 1
    return (last / first) ** (1 / count) if count and first > 0 else 0.0


def _distance(first: list[Array], second: list[Array]) -> float:
    """Return the Euclidean distance of two sets of messages."""
    return math.sqrt(sum(float(np.sum((a - b) ** 2)) for a, b in zip(first, second, strict=True)))
