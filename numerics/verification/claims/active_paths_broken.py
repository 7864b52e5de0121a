"""Claims on populations of active paths: the grid against samples, the glass at zero temperature, and one step of replica-symmetry breaking.

Populations iterate the same equations by drawing members instead of moving a law over a grid; the identities that are checked (Parisi parameter 1 is the
planted ensemble, the complexity is the slope of the replicated free energy, the limit of zero temperature) are not built into them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from sympy import Integer, Rational

from numerics.compile import compiled
from numerics.estimate import Estimate
from numerics.solve.density_evolution import DensityEvolution
from numerics.solve.path_one_step import one_step_population
from numerics.solve.path_populations import ground_state_population, population
from numerics.verification.claim import Claim, Effort
from numerics.verification.compare import Sampled
from numerics.verification.path_mutants import changed
from numerics.verification.within import Within
from theory.frozen_paths import IntegerGlass, integer_glass
from theory.path_ensemble import PathEnsemble, path_ensemble
from theory.symbols import symbols

__all__ = ["CLAIMS"]

PATHS = symbols("active-paths")
Array = NDArray[np.float64]
BLOCKS = 128
GLASS = "glass"
COLD = np.array([0.06, 0.08, 0.1, 0.12])


def grid_point(ensemble: PathEnsemble, effort: Effort) -> Array:
    """Overlap in units of 5e-4 and gap in units of 0.004, on the grid, at T = 1/2 and c = 4."""
    point = DensityEvolution(ensemble, 0.5, 0.1).solve(4.0)
    return np.array([point.q / 5e-4, point.gap / 0.004])


def large_population(rng: np.random.Generator, effort: Effort) -> Array:
    """The same from a population of 1e5."""
    point = population(path_ensemble(3), 0.5, 4.0, rng, size=100_000, rounds=70, measured=40)
    return np.array([point.q / 5e-4, point.gap / 0.004])


def integer_predicted(glass: IntegerGlass, effort: Effort) -> float:
    """Energy of integer fields at c = 3.9."""
    (rate,) = glass.degree.free_symbols
    degree, energy = (compiled(e, [rate]) for e in (glass.degree, glass.energy))
    return float(energy(optimize.brentq(lambda x: float(degree(x)) - 3.9, 1.0, 6.0)))


def integer_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """The same from populations whose first fields are ±1."""
    runs = [ground_state_population(3, 3.9, rng, spread=0.0, size=9000, rounds=50, measured=25) for _ in range(BLOCKS)]
    return Estimate.from_blocks([run.energy for run in runs])


def cold_limit(ensemble: PathEnsemble, effort: Effort) -> float:
    """Energy of the replica-symmetric glass at c = 3.9, its temperature going to zero: a parabola in T through cold solutions."""
    energies = [DensityEvolution(ensemble, float(T), 0.1, largest_degree=4.0).solve(3.9, tolerance=1e-9).energy for T in COLD]
    return float(np.polynomial.polynomial.polyfit(COLD, energies, 2)[0])


def cold_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """The same from populations at zero temperature, whose first fields are spread by 5 %."""
    return Estimate.from_blocks([ground_state_population(3, 3.9, rng, size=4000, rounds=140, measured=70).energy for _ in range(BLOCKS)])


def planted_predicted(ensemble: PathEnsemble, effort: Effort) -> Array:
    """Overlap, phi(1) above the paramagnet (none) and complexity (minus the gap) at T = 1/2 and c = 3, from the planted ensemble."""
    point = DensityEvolution(ensemble, 0.5, 0.1).solve(3.0)
    return np.array([point.q, 0.0, -point.gap])


def one_step_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """The same from the glass with one step of replica-symmetry breaking at x = 1; what 1/states adds is extrapolated away."""
    glass, rows = path_ensemble(3, GLASS), []
    for _ in range(160):
        few, many = (one_step_population(glass, 0.5, 3.0, 1.0, rng, size=300, states=s, rounds=30, measured=12) for s in (100, 200))
        rows.append([2 * getattr(many, name) - getattr(few, name) for name in ("q1", "phi_gap", "complexity")])
    return Estimate.from_blocks(rows)


PARISI = np.linspace(0.45, 0.85, 7)
FINAL = {"size": 400, "states": 400, "rounds": 36, "measured": 18}


UNITS = np.array([0.02, 0.035])  # several standard errors of populations of this size


def complexities(ensemble: PathEnsemble, effort: Effort) -> Array:
    """Complexity at x = 0.5 and 0.65, in units of its tolerance (T = 1/2, c = 4): a line through all x."""
    rng = np.random.default_rng(11)
    sigma = [one_step_population(ensemble, 0.5, 4.0, float(x), rng, **FINAL).complexity for x in PARISI]
    return np.polynomial.Polynomial.fit(PARISI, sigma, 1)(np.array([0.5, 0.65])) / UNITS


def slopes(rng: np.random.Generator, effort: Effort) -> Array:
    """The same from Sigma(x) = -x^2 dphi/dx, with phi a parabola in x through the replicated free energies of other populations."""
    glass = path_ensemble(3, GLASS)
    seed = int(rng.integers(2**32))  # one for all x: the noise that they share drops out of the slope
    phi = [one_step_population(glass, 0.5, 4.0, float(x), np.random.default_rng(seed), **FINAL).phi_gap for x in PARISI]
    x = np.array([0.5, 0.65])
    return -(x**2) * np.polynomial.Polynomial.fit(PARISI, phi, 2).deriv()(x) / UNITS


WITHIN = Within(1.0)  # entries are in units of their tolerance: they may differ by one

CLAIMS = (
    Claim(
        "active-paths/population",
        "A population of 100000 at T = 1/2 and c = 4 has the overlap (±5e-4) and the gap (±0.004) of the grid",
        lambda: path_ensemble(3),
        grid_point,
        large_population,
        WITHIN,
        (
            changed("site gain off by 2 %", site_gain=lambda e: e * Rational(51, 50)),
            changed("a bias at 95 % of its temperature", bias=lambda e: e.subs(PATHS.u, PATHS.u * Rational(19, 20))),
        ),
        Effort.high,
    ),
    Claim(
        "active-paths/integer-glass",
        "The energy of the glass with integer fields at T = 0 and c = 3.9 is that of its closed form",
        lambda: integer_glass(3),
        integer_predicted,
        integer_found,
        Sampled(smallest=0.004, relative=False),
        (changed("paths counted once more", energy=lambda e: e - Rational(1, 50)),),
        Effort.high,
    ),
    Claim(
        "active-paths/glass-ground-state",
        "The replica-symmetric glass at T = 0 and c = 3.9 with fields of any size is the limit of the branch at positive temperature",
        lambda: path_ensemble(3, GLASS),
        cold_limit,
        cold_found,
        Sampled(smallest=0.004, relative=False),
        (
            changed("energy 1 % off", path_energy=lambda e: e * Rational(101, 100)),
            changed("a bias at 90 % of its size", bias=lambda e: e.subs(PATHS.u, PATHS.u * Rational(9, 10))),
        ),
        Effort.high,
    ),
    Claim(
        "active-paths/one-step-at-parisi-1",
        "At Parisi parameter 1 the glass has the overlap of the planted ensemble, the free energy of the paramagnet and minus the planted gap as complexity",
        lambda: path_ensemble(3),
        planted_predicted,
        one_step_found,
        Sampled(smallest=0.025, relative=False),
        (
            changed("couplings without bias", coupling_mean=lambda e: Integer(0)),
            changed("path gain off by a tenth", path_gain=lambda e: e * Rational(11, 10)),
        ),
        Effort.high,
    ),
    Claim(
        "active-paths/complexity",
        "The complexity of the glass at T = 1/2 and c = 4 is minus x^2 times the slope of the replicated free energy in x",
        lambda: path_ensemble(3, GLASS),
        complexities,
        slopes,
        WITHIN,
        (
            changed("paths taken off once more than their edges ask for", path_count=lambda e: 3 * e / 2),
            changed("sites weigh 20 % more", site_gain=lambda e: e * Rational(6, 5)),
        ),
        Effort.high,
    ),
)
