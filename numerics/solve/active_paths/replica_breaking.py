"""One step of replica-symmetry breaking on random active paths: a population of edges, each with a
population of states.

A new state counts with its weight z^x, where x is the Parisi parameter; states of one edge differ,
edges differ by what surrounds them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.solve.active_paths.populations import (
    CouplingDraws,
    PathGains,
    check_point,
    check_rounds,
    check_size,
    summed,
)
from neurenorm.theory.active_paths.ensemble import PathEnsemble

__all__ = ["OneStep", "equilibrium_parisi", "one_step_population"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OneStep(Tabulated):
    """One step of replica-symmetry breaking at Parisi parameter x.

    Parameters
    ----------
    x : float
    q1, q0 : float
        Overlap inside a state, and between states.
    phi_gap : float
        The replicated free energy phi(x) above the paramagnet, nats per weight.
    complexity : float
        Sigma(x), nats per weight.
    """

    x: float
    q1: float
    q0: float
    phi_gap: float
    complexity: float


@checked_arguments
def one_step_population(
    ensemble: PathEnsemble,
    T: float,
    c: float,
    x: float,
    rng: np.random.Generator,
    *,
    size: int = 200,
    states: int = 200,
    rounds: int = 60,
    measured: int = 20,
) -> OneStep:
    """Iterate a population of edges, each with a population of states, where a new state counts
    with its weight z^x.

    With z the weight's partition sum in a state and the same for a path,

        x phi(x) = E ln <Z_i^x> - path_count E ln <Z_a^x>,    Sigma(x) = x phi(x) - x phi_int(x),

    where phi_int averages ln Z in the same weights. The complexity vanishes at the equilibrium x of
    the glass.

    Parameters
    ----------
    ensemble : PathEnsemble
        With the disorder ``glass``.
    T, c, x : float
        0 < x <= 1.
    rng : numpy.random.Generator
    size, states : int
        Edges, and states per edge. Small populations bias x* upwards.
    rounds, measured : int

    Examples
    --------
    >>> from neurenorm.theory.active_paths.ensemble import path_ensemble
    >>> point = one_step_population(
    ...     path_ensemble(3, "glass"),
    ...     0.5,
    ...     4.0,
    ...     1.0,
    ...     np.random.default_rng(0),
    ...     size=100,
    ...     states=100,
    ...     rounds=12,
    ...     measured=4,
    ... )
    >>> 0.9 < point.q1 < 1
    True
    """
    if ensemble.disorder != "glass":
        raise ValueError(
            f"replica symmetry breaks for the couplings of the glass, not for {ensemble.disorder}: "
            "take path_ensemble(p, 'glass')"
        )
    check_point(T, c)
    if not 0 < x <= 1:
        raise ValueError(f"the Parisi parameter lies above 0 and at most at 1, got {x}")
    check_rounds(rounds, measured, 1)
    check_size(size, None, rounds)
    check_size(states, None, rounds)
    machine = _OneStep(ensemble, T, c, x, rng, size, states)
    means = np.repeat(rng.choice([-1.0, 1.0], (1, states)), size, axis=0) * (1 - 1e-9)
    rows = []
    for step in range(rounds):
        means, inner = machine.round(means)
        if step >= rounds - measured:
            rows.append((float(np.mean(means**2)), float(np.mean(means.mean(axis=1) ** 2)), *inner))
    q1, q0, phi, internal = np.mean(rows, axis=0).tolist()
    return OneStep(x, q1, q0, phi, x * (phi - internal))


def equilibrium_parisi(
    ensemble: PathEnsemble,
    T: float,
    c: float,
    rng: np.random.Generator,
    *,
    bracket: tuple[float, float] = (0.5, 0.85),
    points: int = 8,
    **options: int,
) -> tuple[float, float]:
    """Return the Parisi parameter at which the complexity vanishes, with its standard error, from a
    line through the complexities at several x.

    Parameters
    ----------
    ensemble, T, c, rng
        As for `one_step_population`.
    bracket : tuple of float
        Range of x that is fitted.
    points : int
        Values of x in it, at least 3.
    **options
        Passed to `one_step_population`.

    Raises
    ------
    ValueError
        If the complexity does not fall through zero in the bracket.
    """
    if points < 3:
        raise ValueError(f"a line with an error takes at least 3 points, got {points}")
    x = np.linspace(*bracket, points)
    sigma = np.array(
        [
            one_step_population(ensemble, T, c, float(value), rng, **options).complexity
            for value in x
        ]
    )
    design = np.stack([np.ones_like(x), x - x.mean()], axis=1)
    (level, slope), (misfit, *_), *_ = np.linalg.lstsq(design, sigma, rcond=None)
    root = float(x.mean() - level / slope)
    if slope >= 0 or not bracket[0] <= root <= bracket[1]:
        raise ValueError(
            f"the complexity does not fall through zero between x = {bracket[0]} and {bracket[1]}: "
            f"{sigma.round(4).tolist()}"
        )
    noise = math.sqrt(float(misfit) / (points - 2))
    spread = math.hypot(
        1 / math.sqrt(points),
        (root - float(x.mean())) / math.sqrt(float(((x - x.mean()) ** 2).sum())),
    )
    return root, noise * spread / abs(float(slope))


class _OneStep:
    """One round of the population of populations."""

    def __init__(
        self,
        ensemble: PathEnsemble,
        T: float,
        c: float,
        x: float,
        rng: np.random.Generator,
        size: int,
        states: int,
    ) -> None:
        self.ensemble, self.c, self.x, self.rng, self.size, self.states = (
            ensemble,
            c,
            x,
            rng,
            size,
            states,
        )
        self.couplings = CouplingDraws(ensemble, T, rng)
        self.gains = PathGains(ensemble, c)

    def round(self, means: Array) -> tuple[Array, tuple[float, float]]:
        """Return the next population, with phi and its internal part."""
        counts = self.rng.poisson(self.c, self.size)
        t, y = self._products(means, int(counts.sum()), self.ensemble.p - 1)
        u = np.arctanh(t * y)
        fields = summed(u, counts)
        weights = self.gains.sites(fields, u, counts)
        site, inner_site, shares = self._replicated(weights)
        paths = np.asarray(self.gains.paths(*self._products(means, self.size, self.ensemble.p)))
        path, inner_path, _ = self._replicated(paths)
        chosen = self._resampled(shares)
        fresh = np.tanh(np.take_along_axis(fields, chosen, axis=1))
        return fresh, (site - self.gains.count * path, inner_site - self.gains.count * inner_path)

    def _products(self, means: Array, count: int, factors: int) -> tuple[Array, Array]:
        """Return t, and the sign of J times the product of the means of independent edges, state by
        state, with states shuffled within each edge.
        """
        t, signs = self.couplings.draw(count)
        y = np.repeat(signs[:, None], self.states, axis=1)
        for _ in range(factors):
            edges = self.rng.integers(0, self.size, count)
            y = y * means[edges[:, None], self.rng.integers(0, self.states, (count, self.states))]
        return t[:, None], y

    def _replicated(self, logs: Array) -> tuple[float, float, Array]:
        """Return E ln<Z^x>/x, E <Z^x ln Z>/<Z^x>, and the normalised weights of the states."""
        top = logs.max(axis=1, keepdims=True)
        weights = np.exp(self.x * (logs - top))
        total = weights.sum(axis=1, keepdims=True)
        shares = weights / total
        replicated = np.log(total[:, 0] / self.states) / self.x + top[:, 0]
        return float(replicated.mean()), float((shares * logs).sum(axis=1).mean()), shares

    def _resampled(self, shares: Array) -> NDArray[np.int64]:
        """Draw states in proportion to their weights (systematic resampling, one comb per edge)."""
        ends = np.cumsum(shares, axis=1)
        comb = (self.rng.random((self.size, 1)) + np.arange(self.states)) / self.states
        rows = np.arange(self.size)[:, None]
        flat = np.searchsorted((ends + rows).ravel(), (comb * ends[:, -1:] + rows).ravel())
        return np.minimum(
            flat.reshape(self.size, self.states) - rows * self.states, self.states - 1
        )
