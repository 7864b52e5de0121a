"""Population dynamics: density evolution by samples, at zero temperature with fields of any size, and with one step of replica-symmetry breaking.

Samples carry noise where the grid of `numerics.solve.density_evolution` carries none; they reach what the grid does not: a law of laws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.rendering import Tabulated
from numerics.compile import compiled
from numerics.solve.coupling_nodes import drawn_sizes
from numerics.solve.density_evolution import COLDEST, LARGEST_FIELD
from theory.coupling_sizes import CouplingSizes, unit_sizes
from theory.path_ensemble import PathEnsemble
from theory.symbols import symbols

__all__ = [
    "GroundState",
    "OneStep",
    "PopulationPoint",
    "PopulationTooSmall",
    "equilibrium_parisi",
    "ground_state_population",
    "one_step_population",
    "population",
]

Array = NDArray[np.float64]
PATHS = symbols("active-paths")
SMALLEST = 100


class PopulationTooSmall(ValueError):
    """A population that cannot give the accuracy asked for."""


@dataclass(frozen=True)
class PopulationPoint(Tabulated):
    """Order parameters from a population, averaged over the last rounds, with the standard error of the rounds.

    Parameters
    ----------
    q, m, gap : float
    errors : dict of str to float
    """

    q: float
    m: float
    gap: float
    errors: dict[str, float]


def _admissible(T: float, c: float) -> None:
    """Refuse temperatures and degrees that a population cannot take."""
    if not (math.isfinite(c) and c >= 0):
        raise ValueError(f"the mean degree c must be zero or positive, got {c}")
    if not (math.isfinite(T) and T >= 1 / COLDEST):
        raise ValueError(f"a population needs a temperature of at least 1/{COLDEST:g} (double precision), got {T}; T = 0 has ground_state_population")


def _counted(rounds: int, measured: int, least: int) -> None:
    """Refuse numbers of rounds that leave nothing to average."""
    if not least <= measured <= rounds:
        raise ValueError(f"of {rounds} rounds between {least} and {rounds} can be measured, got {measured}")


def _checked(size: int, accuracy: float | None, rounds: int) -> None:
    """Refuse a population that is too small, alone or for an accuracy."""
    if size < SMALLEST:
        raise PopulationTooSmall(f"a population of {size} is too small to hold a law: take at least {SMALLEST}")
    if accuracy is not None and 1 / math.sqrt(size * rounds) > accuracy:
        needed = math.ceil(1 / accuracy**2 / rounds)
        raise PopulationTooSmall(f"an accuracy of {accuracy:g} takes a population of about {needed}, got {size}")


class _Couplings:
    """Draws t = tanh(J/T) of paths: a size by the law of sizes, a sign by the disorder."""

    def __init__(self, ensemble: PathEnsemble, T: float, rng: np.random.Generator) -> None:
        self.ensemble, self.T, self.rng = ensemble, T, rng
        self.mean = compiled(ensemble.coupling_mean, [PATHS.t])

    def draw(self, count: int) -> tuple[Array, Array]:
        """Return tanh(|J|/T) and the sign of J."""
        t = np.tanh(np.minimum(drawn_sizes(self.ensemble.sizes, count, self.rng) / self.T, LARGEST_FIELD))
        return t, np.where(self.rng.random(count) < (1 + self.mean(t)) / 2, 1.0, -1.0)


def _summed(values: Array, counts: NDArray[np.int64]) -> Array:
    """Sum consecutive runs of the given lengths (zero lengths give zero)."""
    ends = np.cumsum(counts)
    totals = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    return np.asarray(totals[ends] - totals[ends - counts])


def population(
    ensemble: PathEnsemble,
    T: float,
    c: float,
    rng: np.random.Generator,
    *,
    size: int = 20_000,
    rounds: int = 60,
    measured: int = 20,
    accuracy: float | None = None,
) -> PopulationPoint:
    """Iterate a population of cavity means from certain weights, and average over the last rounds.

    Parameters
    ----------
    ensemble : PathEnsemble
    T, c : float
    rng : numpy.random.Generator
    size, rounds, measured : int
        Members, rounds in all, rounds that are averaged.
    accuracy : float, optional
        Refuse to run where the population is too small for it.

    Examples
    --------
    >>> from theory.path_ensemble import path_ensemble
    >>> point = population(path_ensemble(3), 0.5, 4.0, np.random.default_rng(0), size=4000, rounds=30, measured=10)
    >>> round(point.q, 1)
    1.0
    """
    _admissible(T, c)
    _counted(rounds, measured, 2)
    _checked(size, accuracy, measured)
    machine = _Population(ensemble, T, c, rng, size)
    means = np.ones(size) if ensemble.disorder != "glass" else rng.choice([-1.0, 1.0], size)
    rows = []
    for step in range(rounds):
        means, gain = machine.round(means)
        if step >= rounds - measured:
            rows.append((float(np.mean(means**2)), float(means.mean()), gain))
    table = np.array(rows)
    error = table.std(axis=0, ddof=1) / math.sqrt(len(rows))
    q, m, gap = table.mean(axis=0).tolist()
    return PopulationPoint(q, m, gap, dict(zip(("q", "m", "gap"), error.tolist(), strict=True)))


class _Population:
    """One round of population dynamics, with the compiled expressions."""

    def __init__(self, ensemble: PathEnsemble, T: float, c: float, rng: np.random.Generator, size: int) -> None:
        self.ensemble, self.T, self.c, self.rng, self.size = ensemble, T, c, rng, size
        self.couplings = _Couplings(ensemble, T, rng)
        self.path_gain = compiled(ensemble.path_gain, [PATHS.t, PATHS.y])
        self.paths = float(compiled(ensemble.path_count, [PATHS.c])(c))

    def round(self, means: Array) -> tuple[Array, float]:
        """Return the next population and the gap measured on it."""
        counts = self.rng.poisson(self.c, self.size)
        t, y = self.couplings.draw(int(counts.sum()))
        for _ in range(self.ensemble.p - 1):
            y = y * means[self.rng.integers(0, self.size, y.size)]
        u = np.arctanh(t * y)
        fields = _summed(u, counts)
        site = fields_gain(fields) - _summed(fields_gain(u), counts)
        t, z = self.couplings.draw(self.size)
        for _ in range(self.ensemble.p):
            z = z * means[self.rng.integers(0, self.size, self.size)]
        return np.tanh(fields), float(site.mean()) - self.paths * float(np.mean(self.path_gain(t, z)))


def fields_gain(fields: Array) -> Array:
    """ln cosh without overflow."""
    size = np.abs(fields)
    return np.asarray(size + np.log1p(np.exp(-2 * size)) - math.log(2))


@dataclass(frozen=True)
class GroundState(Tabulated):
    """Replica-symmetric energy per weight of the glass at zero temperature, and the mean of min(1, size of a field): zero where fields have melted away."""

    energy: float
    error: float
    polarised: float


def ground_state_population(
    p: int,
    c: float,
    rng: np.random.Generator,
    *,
    spread: float = 0.05,
    size: int = 20_000,
    rounds: int = 200,
    measured: int = 80,
    sizes: CouplingSizes | None = None,
) -> GroundState:
    """Iterate the zero-temperature equations of couplings of fair sign: a bias has the size min(|J|, smallest field) and the sign of the product.

    Parameters
    ----------
    p : int
    c : float
    rng : numpy.random.Generator
    spread : float
        Relative spread of the first fields ±1. Zero keeps fields integer, a solution that any spread leaves for good.
    size, rounds, measured : int
    sizes : CouplingSizes, optional
        Law of |J|; by default all of size one.

    Examples
    --------
    >>> ground_state_population(3, 2.0, np.random.default_rng(0), size=2000, rounds=60, measured=20).polarised < 0.01
    True
    """
    if not (math.isfinite(c) and c >= 0):
        raise ValueError(f"the mean degree c must be zero or positive, got {c}")
    if p < 2:
        raise ValueError(f"a path needs at least p = 2 weights, got {p}")
    _counted(rounds, measured, 2)
    _checked(size, None, rounds)
    law = sizes if sizes is not None else unit_sizes()
    mean_size = float(law.mean)
    fields = rng.choice([-1.0, 1.0], size) * (1 + spread * rng.standard_normal(size))
    energies = []
    for step in range(rounds):
        counts = rng.poisson(c, size)
        total = int(counts.sum())
        u = _hard_bias(drawn_sizes(law, total, rng), fields[rng.integers(0, size, (total, p - 1))], rng)
        whole = np.abs(fields[rng.integers(0, size, (size, p))]).min(axis=1)
        fields = _summed(u, counts)
        site = -c * mean_size + float((_summed(np.abs(u), counts) - np.abs(fields)).mean())
        against = np.where(rng.random(size) < 0.5, np.minimum(drawn_sizes(law, size, rng), whole), 0.0)
        path = -mean_size + 2 * float(against.mean())
        if step >= rounds - measured:
            energies.append(site - (p - 1) * c / p * path)
    return GroundState(float(np.mean(energies)), float(np.std(energies) / math.sqrt(len(energies))), float(np.minimum(1.0, np.abs(fields)).mean()))


def _hard_bias(sizes: Array, fields: Array, rng: np.random.Generator) -> Array:
    """Return sign * min(|J|, smallest size) with fair signs of the couplings."""
    sign = np.sign(fields).prod(axis=1) * rng.choice([-1.0, 1.0], len(fields))
    return np.asarray(sign * np.minimum(sizes, np.abs(fields).min(axis=1)))


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


def one_step_population(
    ensemble: PathEnsemble, T: float, c: float, x: float, rng: np.random.Generator, *, size: int = 200, states: int = 200, rounds: int = 60, measured: int = 20
) -> OneStep:
    """Iterate a population of edges, each with a population of states, where a new state counts with its weight z^x.

    With z the weight's partition sum in a state and the same for a path,

        x phi(x) = E ln <Z_i^x> - path_count E ln <Z_a^x>,    Sigma(x) = x phi(x) - x phi_int(x),

    where phi_int averages ln Z in the same weights. The complexity vanishes at the equilibrium x of the glass.

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
    >>> from theory.path_ensemble import path_ensemble
    >>> point = one_step_population(path_ensemble(3, "glass"), 0.5, 4.0, 1.0, np.random.default_rng(0), size=100, states=100, rounds=12, measured=4)
    >>> 0.9 < point.q1 < 1
    True
    """
    if ensemble.disorder != "glass":
        raise ValueError(f"replica symmetry breaks for the couplings of the glass, not for {ensemble.disorder}: take path_ensemble(p, 'glass')")
    _admissible(T, c)
    if not 0 < x <= 1:
        raise ValueError(f"the Parisi parameter lies above 0 and at most at 1, got {x}")
    _counted(rounds, measured, 1)
    _checked(size, None, rounds)
    _checked(states, None, rounds)
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
    ensemble: PathEnsemble, T: float, c: float, rng: np.random.Generator, *, bracket: tuple[float, float] = (0.5, 0.85), points: int = 8, **options: int
) -> tuple[float, float]:
    """Return the Parisi parameter at which the complexity vanishes, with its standard error, from a line through the complexities at several x.

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
    sigma = np.array([one_step_population(ensemble, T, c, float(value), rng, **options).complexity for value in x])
    design = np.stack([np.ones_like(x), x - x.mean()], axis=1)
    (level, slope), (misfit, *_), *_ = np.linalg.lstsq(design, sigma, rcond=None)
    root = float(x.mean() - level / slope)
    if slope >= 0 or not bracket[0] <= root <= bracket[1]:
        raise ValueError(f"the complexity does not fall through zero between x = {bracket[0]} and {bracket[1]}: {sigma.round(4).tolist()}")
    noise = math.sqrt(float(misfit) / (points - 2))
    spread = math.hypot(1 / math.sqrt(points), (root - float(x.mean())) / math.sqrt(float(((x - x.mean()) ** 2).sum())))
    return root, noise * spread / abs(float(slope))


class _OneStep:
    """One round of the population of populations."""

    def __init__(self, ensemble: PathEnsemble, T: float, c: float, x: float, rng: np.random.Generator, size: int, states: int) -> None:
        self.ensemble, self.c, self.x, self.rng, self.size, self.states = ensemble, c, x, rng, size, states
        self.couplings = _Couplings(ensemble, T, rng)
        self.paths = float(compiled(ensemble.path_count, [PATHS.c])(c))
        self.path_gain = compiled(ensemble.path_gain, [PATHS.t, PATHS.y])

    def round(self, means: Array) -> tuple[Array, tuple[float, float]]:
        """Return the next population, with phi and its internal part."""
        counts = self.rng.poisson(self.c, self.size)
        t, y = self._products(means, int(counts.sum()), self.ensemble.p - 1)
        u = np.arctanh(t * y)
        fields = _summed(u, counts)
        weights = fields_gain(fields) - _summed(fields_gain(u), counts)
        site, inner_site, shares = self._replicated(weights)
        paths = np.asarray(self.path_gain(*self._products(means, self.size, self.ensemble.p)))
        path, inner_path, _ = self._replicated(paths)
        chosen = self._resampled(shares)
        fresh = np.tanh(np.take_along_axis(fields, chosen, axis=1))
        return fresh, (site - self.paths * path, inner_site - self.paths * inner_path)

    def _products(self, means: Array, count: int, factors: int) -> tuple[Array, Array]:
        """Return t, and the sign of J times the product of the means of independent edges, state by state, with states shuffled within each edge."""
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
        return np.minimum(flat.reshape(self.size, self.states) - rows * self.states, self.states - 1)
