"""Population dynamics: density evolution by samples, and at zero temperature with fields of any
size.

Samples carry noise where the grid of `neurenorm.numerics.solve.active_paths.density_evolution`
carries none; they reach what the grid does not: fields at zero temperature and, in
`neurenorm.numerics.solve.active_paths.replica_breaking`, a law of laws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.active_paths.coupling_quadrature import drawn_sizes
from neurenorm.numerics.solve.active_paths.density_evolution import COLDEST, LARGEST_FIELD
from neurenorm.theory.active_paths.couplings import CouplingSizes, unit_sizes
from neurenorm.theory.active_paths.ensemble import PathEnsemble
from neurenorm.theory.symbols import symbols

__all__ = [
    "GroundState",
    "PopulationPoint",
    "PopulationTooSmall",
    "ground_state_population",
    "population",
]

Array = NDArray[np.float64]
PATHS = symbols("active-paths")
SMALLEST = 100


class PopulationTooSmall(ValueError):
    """A population that cannot give the accuracy asked for."""


@dataclass(frozen=True)
class PopulationPoint(Tabulated):
    """Order parameters from a population, averaged over the last rounds, with the standard error of
    the rounds.

    Parameters
    ----------
    q, m, gap : float
    errors : dict of str to float
    """

    q: float
    m: float
    gap: float
    errors: dict[str, float]


@checked_arguments
def check_point(T: float, c: float) -> None:
    """Refuse temperatures and degrees that a population cannot take."""
    if not (math.isfinite(c) and c >= 0):
        raise ValueError(f"the mean degree c must be zero or positive, got {c}")
    if not (math.isfinite(T) and T >= 1 / COLDEST):
        raise ValueError(
            f"a population needs a temperature of at least 1/{COLDEST:g} (double precision), got "
            f"{T}; T = 0 has ground_state_population"
        )


def check_rounds(rounds: int, measured: int, least: int) -> None:
    """Refuse numbers of rounds that leave nothing to average."""
    if not least <= measured <= rounds:
        raise ValueError(
            f"of {rounds} rounds between {least} and {rounds} can be measured, got {measured}"
        )


def check_size(size: int, accuracy: float | None, rounds: int) -> None:
    """Refuse a population that is too small, alone or for an accuracy."""
    if size < SMALLEST:
        raise PopulationTooSmall(
            f"a population of {size} is too small to hold a law: take at least {SMALLEST}"
        )
    if accuracy is not None and 1 / math.sqrt(size * rounds) > accuracy:
        needed = math.ceil(1 / accuracy**2 / rounds)
        raise PopulationTooSmall(
            f"an accuracy of {accuracy:g} takes a population of about {needed}, got {size}"
        )


class CouplingDraws:
    """Draws t = tanh(J/T) of paths: a size by the law of sizes, a sign by the disorder."""

    def __init__(self, ensemble: PathEnsemble, T: float, rng: np.random.Generator) -> None:
        self.ensemble, self.T, self.rng = ensemble, T, rng
        self.mean = compiled(ensemble.coupling_mean, [PATHS.t])

    def draw(self, count: int) -> tuple[Array, Array]:
        """Return tanh(|J|/T) and the sign of J."""
        t = np.tanh(
            np.minimum(drawn_sizes(self.ensemble.sizes, count, self.rng) / self.T, LARGEST_FIELD)
        )
        return t, np.where(self.rng.random(count) < (1 + self.mean(t)) / 2, 1.0, -1.0)


class PathGains:
    """The derived gains of ln Z of a weight with its messages and of a path, and how often paths
    are taken off.
    """

    def __init__(self, ensemble: PathEnsemble, c: float) -> None:
        self.site = compiled(ensemble.site_gain, [PATHS.h])
        self.message = compiled(ensemble.message_gain, [PATHS.u])
        self.paths = compiled(ensemble.path_gain, [PATHS.t, PATHS.y])
        self.count = float(compiled(ensemble.path_count, [PATHS.c])(c))

    def sites(self, fields: Array, biases: Array, counts: NDArray[np.int64]) -> Array:
        """Return the gain of every weight from its field and the biases that make it."""
        return np.asarray(self.site(fields)) + summed(np.asarray(self.message(biases)), counts)


def summed(values: Array, counts: NDArray[np.int64]) -> Array:
    """Sum consecutive runs of the given lengths (zero lengths give zero)."""
    ends = np.cumsum(counts)
    totals = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    return np.asarray(totals[ends] - totals[ends - counts])


@checked_arguments
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
    >>> from neurenorm.theory.active_paths.ensemble import path_ensemble
    >>> point = population(
    ...     path_ensemble(3), 0.5, 4.0, np.random.default_rng(0), size=4000, rounds=30, measured=10
    ... )
    >>> round(point.q, 1)
    1.0
    """
    check_point(T, c)
    check_rounds(rounds, measured, 2)
    check_size(size, accuracy, measured)
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

    def __init__(
        self, ensemble: PathEnsemble, T: float, c: float, rng: np.random.Generator, size: int
    ) -> None:
        self.ensemble, self.T, self.c, self.rng, self.size = ensemble, T, c, rng, size
        self.couplings = CouplingDraws(ensemble, T, rng)
        self.gains = PathGains(ensemble, c)

    def round(self, means: Array) -> tuple[Array, float]:
        """Return the next population and the gap measured on it."""
        counts = self.rng.poisson(self.c, self.size)
        t, y = self.couplings.draw(int(counts.sum()))
        for _ in range(self.ensemble.p - 1):
            y = y * means[self.rng.integers(0, self.size, y.size)]
        u = np.arctanh(t * y)
        fields = summed(u, counts)
        site = self.gains.sites(fields, u, counts)
        t, z = self.couplings.draw(self.size)
        for _ in range(self.ensemble.p):
            z = z * means[self.rng.integers(0, self.size, self.size)]
        return np.tanh(fields), float(site.mean()) - self.gains.count * float(
            np.mean(self.gains.paths(t, z))
        )


@dataclass(frozen=True)
class GroundState(Tabulated):
    """Replica-symmetric energy per weight of the glass at zero temperature, and the mean of min(1,
    size of a field): zero where fields have melted away.
    """

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
    """Iterate the zero-temperature equations of couplings of fair sign: a bias has the size
    min(|J|, smallest field) and the sign of the product.

    Parameters
    ----------
    p : int
    c : float
    rng : numpy.random.Generator
    spread : float
        Relative spread of the first fields ±1. Zero keeps fields integer, a solution that any
        spread leaves for good.
    size, rounds, measured : int
    sizes : CouplingSizes, optional
        Law of |J|; by default all of size one.

    Examples
    --------
    >>> ground_state_population(
    ...     3, 2.0, np.random.default_rng(0), size=2000, rounds=60, measured=20
    ... ).polarised < 0.01
    True
    """
    if not (math.isfinite(c) and c >= 0):
        raise ValueError(f"the mean degree c must be zero or positive, got {c}")
    if p < 2:
        raise ValueError(f"a path needs at least p = 2 weights, got {p}")
    check_rounds(rounds, measured, 2)
    check_size(size, None, rounds)
    law = sizes if sizes is not None else unit_sizes()
    mean_size = float(law.mean)
    fields = rng.choice([-1.0, 1.0], size) * (1 + spread * rng.standard_normal(size))
    energies = []
    for step in range(rounds):
        counts = rng.poisson(c, size)
        total = int(counts.sum())
        u = _hard_bias(
            drawn_sizes(law, total, rng), fields[rng.integers(0, size, (total, p - 1))], rng
        )
        whole = np.abs(fields[rng.integers(0, size, (size, p))]).min(axis=1)
        fields = summed(u, counts)
        site = -c * mean_size + float((summed(np.abs(u), counts) - np.abs(fields)).mean())
        against = np.where(
            rng.random(size) < 0.5, np.minimum(drawn_sizes(law, size, rng), whole), 0.0
        )
        path = -mean_size + 2 * float(against.mean())
        if step >= rounds - measured:
            energies.append(site - (p - 1) * c / p * path)
    return GroundState(
        float(np.mean(energies)),
        float(np.std(energies) / math.sqrt(len(energies))),
        float(np.minimum(1.0, np.abs(fields)).mean()),
    )


def _hard_bias(sizes: Array, fields: Array, rng: np.random.Generator) -> Array:
    """Return sign * min(|J|, smallest size) with fair signs of the couplings."""
    sign = np.sign(fields).prod(axis=1) * rng.choice([-1.0, 1.0], len(fields))
    return np.asarray(sign * np.minimum(sizes, np.abs(fields).min(axis=1)))
