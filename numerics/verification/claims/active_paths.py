"""Claims on random active paths: cavity equations, density evolution and thresholds against enumeration, peeling, linear algebra over bits and Monte Carlo.

The witnesses hold plain arrays of paths; none of them sees a message or a density.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Integer, Rational

from graphs.paths import ActivePaths, disjoint_union, given_paths, random_active_paths, random_hypergraph
from numerics.compile import compiled
from numerics.estimate import Estimate
from numerics.simulation.active_paths import couplings, enumerate_weights, frozen_weights, gf2_rank, two_core
from numerics.simulation.path_dynamics import PathMonteCarlo
from numerics.solve.belief_propagation import belief_propagation
from numerics.solve.density_evolution import DensityEvolution
from numerics.solve.frozen_thresholds import frozen_layer_fractions
from numerics.verification.claim import Claim, Effort
from numerics.verification.compare import Exact, Sampled
from numerics.verification.mutants import Mutant, replaced, scaled
from theory.cavity import CavityEquations, cavity_equations
from theory.frozen_paths import SCALE, FrozenLayers, FrozenPaths, frozen_layers, frozen_paths
from theory.path_ensemble import CriticalRemoval, PathEnsemble, critical_removal, paramagnet, path_ensemble
from theory.problems import Formula
from theory.symbols import symbols

__all__ = ["CLAIMS"]

PATHS = symbols("active-paths")
Array = NDArray[np.float64]
T, C, C0, RHO, X, SMALL_T = PATHS.T, PATHS.c, PATHS.c0, PATHS.rho, PATHS.x, PATHS.t
NETWORKS = 128


def changed(name: str, **new: Any) -> Mutant:
    """Return a mutant of a derived dataclass with some fields replaced, each by a function of the old value."""
    return Mutant(name, lambda derived: replace(derived, **{key: change(getattr(derived, key)) for key, change in new.items()}))


# --- belief propagation on a tree, against enumeration -----------------------------------------------------------------------------------------------

TREES = {
    3: (((0, 1, 2), (2, 3, 4), (4, 5, 6)), (1.0, -1.0, 1.0), (0.3, -0.2, 0.5, 0.1, -0.4, 0.2, 0.6), 0.9),
    4: (((0, 1, 2, 3), (3, 4, 5, 6), (3, 7, 8, 9)), (0.7, -1.3, 0.4), (0.1, 0.5, -0.3, 0.2, 0.4, -0.6, 0.3, 0.8, -0.2, 0.5), 1.1),
}


def tree_by_cavity(equations: CavityEquations, effort: Effort) -> Array:
    """ln Z, energy and magnetisations of the tree from the derived equations."""
    rows, J, theta, beta = TREES[equations.p]
    report = belief_propagation(equations, given_paths(rows), J, beta, theta, most=50)
    return np.array([report.log_z, report.energy, *report.magnetizations])


def tree_by_enumeration(p: int) -> Array:
    """The same by summing over every configuration."""
    rows, J, theta, beta = TREES[p]
    exact = enumerate_weights(rows, len(theta), J, beta, theta)
    return np.array([exact.log_z, exact.energy, *exact.magnetizations])


TREE_MUTANTS = (
    changed("message 0.1 % too large", message=lambda e: e * Rational(1001, 1000)),
    changed("ln Z_a taken off once too often", edge_count=lambda e: e + 1),
    changed("a bias without its size", share=lambda e: e.subs(PATHS.u, 0)),
    changed("sign of the energy", energy=lambda e: -e),
    changed("field seen twice", magnetization=lambda e: e.subs(PATHS.h, 2 * PATHS.h)),
)


# --- the paramagnet, against sums over every coupling and every weight ----------------------------------------------------------------------------------

SMALL = ((0, 1, 2), (2, 3, 4), (4, 5, 0), (1, 3, 5), (0, 3, 6), (2, 5, 6))
SMALL_SIZE, SMALL_T_VALUE = 7, 0.8


def averaged_partition(rng: np.random.Generator, effort: Effort) -> Array:
    """ln of the mean partition sum over all signs of the couplings, per weight, with its energy and entropy."""
    beta, total, energy = 1 / SMALL_T_VALUE, 0.0, 0.0
    for signs in product((1.0, -1.0), repeat=len(SMALL)):
        exact = enumerate_weights(SMALL, SMALL_SIZE, signs, beta)
        total += math.exp(exact.log_z)
        energy += math.exp(exact.log_z) * exact.energy
    phi, mean = math.log(total / 2 ** len(SMALL)) / SMALL_SIZE, energy / total / SMALL_SIZE
    return np.array([phi, mean, phi + beta * mean])


def paramagnet_values(formula: Formula, effort: Effort) -> Array:
    """phi, energy and entropy of the derived paramagnet at the same temperature and degree."""
    names = ("phi", "energy", "entropy")
    return np.array(compiled([formula.values[name] for name in names], [T, C])(SMALL_T_VALUE, 3 * len(SMALL) / SMALL_SIZE))


CAPACITY_TEMPERATURES = np.array([0.2, 0.5, 1.0, 2.0])


def capacity_degrees(rng: np.random.Generator, effort: Effort) -> Array:
    """p over the capacity of a binary symmetric channel that flips with probability 1/(1 + exp(2 beta))."""
    flip = 1 / (1 + np.exp(2 / CAPACITY_TEMPERATURES))
    entropy = -flip * np.log2(flip) - (1 - flip) * np.log2(1 - flip)
    return 3 / (1 - entropy)


# --- frozen weights, against peeling ----------------------------------------------------------------------------------------------------------------------


def frozen_fraction(problem: FrozenPaths, c: float) -> float:
    """Largest solution of the derived equation of frozen weights."""
    residual = compiled(problem.fixed_point, [X, C])
    x = 1.0
    for _ in range(2000):
        x += float(residual(x, c))
    return x


def core_predicted(problem: FrozenPaths, effort: Effort) -> Array:
    """Weights and paths of the 2-core at c = 3.2 (p = 3) or 4 (p = 4), and the frozen weights."""
    c = {3: 3.2, 4: 4.0}[problem.p]
    x = frozen_fraction(problem, c)
    weights, paths = compiled([problem.core_weights, problem.core_paths], [X, C])(x, c)
    return np.array([float(weights), float(paths), x])


def core_found(p: int, c: float, size: int) -> Any:
    """The same fractions on random networks."""

    def witness(rng: np.random.Generator, effort: Effort) -> Estimate:
        """Peel many hypergraphs."""
        rows = []
        for _ in range(effort.scale(NETWORKS, NETWORKS)):
            paths = random_hypergraph(size, p, round(c * size / p), rng)
            weights, left = two_core(paths.members, size)
            rows.append((weights.mean(), left.mean(), frozen_weights(paths.members, size).mean()))
        return Estimate.from_blocks(rows)

    return witness


LAYER_SIZES, LAYER_PATHS = (3000, 2000, 1000), 6000


def layers_predicted(problem: FrozenLayers, effort: Effort) -> Array:
    """Frozen fraction of each layer."""
    return frozen_layer_fractions(problem)


def layers_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Frozen fraction of each layer, where every path picks one weight of each layer and the sizes of the layers give the degrees 2, 3 and 6."""
    starts = np.concatenate([[0], np.cumsum(LAYER_SIZES)])
    rows = []
    for _ in range(effort.scale(NETWORKS, NETWORKS)):
        members = starts[:-1] + rng.integers(0, LAYER_SIZES, (LAYER_PATHS, 3))
        frozen = frozen_weights(members, int(starts[-1]))
        rows.append([frozen[start:stop].mean() for start, stop in pairwise(starts)])
    return Estimate.from_blocks(rows)


def dependent_paths(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Paths that are products of others, per weight: the excess of ln(number of ground states)/ln 2 over 1 - alpha, at c = 3.2."""
    size, instances = (450, 3 * NETWORKS) if effort.value <= 1 else (1800, NETWORKS)  # the finite size shows in sharper runs
    rows = []
    for _ in range(instances):
        paths = random_hypergraph(size, 3, size * 16 // 15, rng)
        rows.append((paths.count - gf2_rank(paths.members)) / size)
    return Estimate.from_blocks(rows)


def gap_predicted(problem: FrozenPaths, effort: Effort) -> float:
    """The gap at c = 3.2 in units of ln 2."""
    return float(compiled(problem.gap, [X, C])(frozen_fraction(problem, 3.2), 3.2))


# --- dilution, against removing weights ------------------------------------------------------------------------------------------------------------------


def diluted_predicted(problem: CriticalRemoval, effort: Effort) -> Array:
    """Degrees after removing 10, 25 and 40 % of the weights of a network of degree 6."""
    return np.asarray(compiled(problem.degree, [C0, RHO])(6.0, np.array([0.1, 0.25, 0.4])))


def diluted_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """The same counted on networks."""
    networks = (random_active_paths((40, 40, 40, 40), 9600, rng) for _ in range(effort.scale(NETWORKS, NETWORKS)))
    return Estimate.from_blocks([[network.diluted(rho, rng).mean_degree for rho in (0.1, 0.25, 0.4)] for network in networks])


# --- the planted branch, against Monte Carlo --------------------------------------------------------------------------------------------------------------


def planted_chain(networks: list[ActivePaths], beta: float, rng: np.random.Generator) -> tuple[PathMonteCarlo, Array]:
    """Put planted networks side by side and start from the planted weights, which are an equilibrium state."""
    union = disjoint_union(networks)
    hidden = rng.choice([-1.0, 1.0], union.size)
    return PathMonteCarlo(union, couplings(union, "planted", rng, beta=beta, hidden=hidden), beta, hidden, rng), hidden


def planted_overlap(width: int, degree: float, beta: float, sweeps: int, rng: np.random.Generator) -> Estimate:
    """Overlap with the planted weights inside their state, on independent networks that run side by side."""
    networks = [random_active_paths((width,) * 4, round(degree * width * width), rng) for _ in range(NETWORKS)]
    chain, hidden = planted_chain(networks, beta, rng)
    chain.sweep(sweeps)
    return Estimate.from_blocks(chain.measure(sweeps, hidden)[0])


def wide_overlap(degree: float, beta: float, sweeps: int, rng: np.random.Generator) -> Estimate:
    """The same from two widths, with the term of the order 1/n (loops through shared units) extrapolated away."""
    return 2 * planted_overlap(48, degree, beta, sweeps, rng) - planted_overlap(24, degree, beta, sweeps, rng)


def overlap_predicted(degree: float, temperature: float) -> Any:
    """The mean magnetisation of the polarised branch."""

    def predict(ensemble: PathEnsemble, effort: Effort) -> float:
        """Solve density evolution."""
        return DensityEvolution(ensemble, temperature).solve(degree).m

    return predict


ENSEMBLE_MUTANTS = (
    changed("couplings without bias", coupling_mean=lambda e: Integer(0)),
    changed("a bias at half its temperature", bias=lambda e: e.subs(PATHS.u, PATHS.u / 2)),
)


def energy_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Energy per weight of planted networks in their planted state, long after the start."""
    networks = [random_active_paths((20,) * 4, 1600, rng) for _ in range(NETWORKS)]
    chain, hidden = planted_chain(networks, 2.0, rng)
    chain.sweep(30)
    return Estimate.from_blocks(chain.measure(40, hidden)[1])


def energy_predicted(ensemble: PathEnsemble, effort: Effort) -> float:
    """Energy of the polarised branch."""
    return DensityEvolution(ensemble, 0.5).solve(4.0).energy


def added_path_found(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Mean growth of ln Z beyond ln cosh(beta) when one more planted path is added, at T = 1/2 and c = 4.

    One path multiplies Z by cosh(beta) (1 + t J y), where y is the mean of its product in the state, and J = ±1 has the probability (1 + t J y)/2; y is
    averaged over time for random triples of weights that no path joins.
    """
    t, width, tests, sweeps = math.tanh(2.0), 20, 250, 160
    networks = [random_active_paths((width,) * 4, 4 * width**2, rng) for _ in range(NETWORKS)]
    chain, _ = planted_chain(networks, 2.0, rng)
    starts = np.array([[layer.start + k * width**2 for layer in chain.layers] for k in range(NETWORKS)])
    triples = starts[:, None, :] + rng.integers(0, width**2, (NETWORKS, tests, 3))
    chain.sweep(30)
    y = np.zeros((NETWORKS, tests))
    for _ in range(sweeps):
        chain.sweep()
        y += chain.weights[triples].prod(axis=2) / sweeps
    growth = sum((1 + sign * t * y) / 2 * np.log1p(sign * t * y) for sign in (1, -1))
    return Estimate.from_blocks(np.mean(growth, axis=1))


def added_path_predicted(ensemble: PathEnsemble, effort: Effort) -> float:
    """The derivative of the gap by alpha = c/p, as a difference between two degrees."""
    evolution, step = DensityEvolution(ensemble, 0.5, 0.02, largest_degree=5.0), 0.1
    low, high = evolution.solve(4.0 - step), evolution.solve(4.0 + step)
    return (high.gap - low.gap) / (2 * step / ensemble.p)


def _subs(old: Any, new: Any) -> Any:
    """A change that replaces one sub-expression."""

    def change(expression: Expr) -> Expr:
        """Apply it."""
        return expression.subs(old, new)

    return change


CLAIMS = (
    *(
        Claim(
            f"active-paths/bethe-on-a-tree-p{p}",
            f"On a tree of paths of {p} weights with fields, the Bethe ln Z, energy and magnetisations are exact",
            lambda p=p: cavity_equations(p),  # type: ignore[misc]
            tree_by_cavity,
            lambda rng, effort, p=p: tree_by_enumeration(p),  # type: ignore[misc]
            Exact(10, scale=1.0),
            TREE_MUTANTS,
        )
        for p in (3, 4)
    ),
    Claim(
        "active-paths/paramagnet",
        "ln Z, energy and entropy of the paramagnet are those of the partition sum averaged over random signs",
        lambda: paramagnet(3),
        paramagnet_values,
        averaged_partition,
        Exact(12),
        (scaled("1.000001"), replaced("temperature twice as high", _subs(T, 2 * T)), replaced("degree off by a hundredth", _subs(C, C + Rational(1, 100)))),
    ),
    Claim(
        "active-paths/paramagnet-entropy-crossing",
        "The paramagnet's entropy vanishes at the degree p over the capacity of the binary symmetric channel",
        lambda: paramagnet(3).values["c_s0"],
        lambda e, effort: np.asarray(compiled(e, [T])(CAPACITY_TEMPERATURES)),
        capacity_degrees,
        Exact(11),
        (scaled("1.0000001"), replaced("temperature 0.1 % off", _subs(T, T * Rational(1001, 1000)))),
    ),
    *(
        Claim(
            f"active-paths/frozen-core-p{p}",
            f"At zero temperature the 2-core and the frozen weights of random paths (p = {p}, c = {c}) have the derived sizes",
            lambda p=p: frozen_paths(p),  # type: ignore[misc]
            core_predicted,
            core_found(p, c, size),
            Sampled(smallest=0.02),
            (
                changed("a path is in the core with one free weight", core_paths=lambda e: e / X),
                changed("one certain bias is enough for the core", core_weights=_subs(C * X ** (p - 1), C * X**p)),
                changed("a bias certain with one weight fewer", fixed_point=_subs(X ** (p - 1), X ** (p - 2))),
            ),
        )
        for p, c, size in ((3, 3.2, 3000), (4, 4.0, 3000))
    ),
    Claim(
        "active-paths/frozen-layers",
        "Layers of degrees 2, 3 and 6 freeze to their own derived fractions",
        lambda: frozen_layers([2, 3, 6]),
        layers_predicted,
        layers_found,
        Sampled(smallest=0.02),
        (changed("degrees 5 % too large", equations=lambda rows: tuple(row.subs(SCALE, SCALE * Rational(21, 20)) for row in rows)),),
    ),
    Claim(
        "active-paths/dependent-paths",
        "Beyond c_s the gap of the frozen solution counts the paths that depend on others: solutions of the planted system are 2^(N (1 - alpha + gap))",
        lambda: frozen_paths(3),
        gap_predicted,
        dependent_paths,
        Sampled(smallest=0.006, relative=False),
        (changed("site without its last weight", gap=lambda e: e + X / 10), changed("paths counted p times", gap=lambda e: e - C * X**3 / 3)),
    ),
    Claim(
        "active-paths/dilution",
        "Removing a fraction rho of the weights lowers the mean degree to c0 (1 - rho)^(p - 1)",
        lambda: critical_removal(3),
        diluted_predicted,
        diluted_found,
        Sampled(smallest=0.015),
        (changed("one layer more", degree=lambda e: e * (1 - RHO)),),
    ),
    Claim(
        "active-paths/planted-overlap",
        "Inside the planted state the overlap at T = 1/2 and c = 4 is that of the polarised branch",
        lambda: path_ensemble(3),
        overlap_predicted(4.0, 0.5),
        lambda rng, effort: planted_overlap(24, 4.0, 2.0, 60, rng),
        Sampled(smallest=0.01),
        ENSEMBLE_MUTANTS,
    ),
    Claim(
        "active-paths/planted-energy",
        "The energy of the polarised branch at T = 1/2 and c = 4",
        lambda: path_ensemble(3),
        energy_predicted,
        energy_found,
        Sampled(smallest=0.01),
        (changed("t at half its value", path_energy=_subs(SMALL_T, SMALL_T / 2)), changed("paths per weight off by one", energy_count=lambda e: 4 * e / 3)),
    ),
    Claim(
        "active-paths/planted-free-energy",
        "The free energy of the polarised branch grows with every added path as the path's mean product in the state says",
        lambda: path_ensemble(3),
        added_path_predicted,
        added_path_found,
        Sampled(smallest=0.03),
        (
            changed("paths taken off once more than their edges ask for", path_count=lambda e: 3 * e / 2),
            changed("biases without their size", message_gain=lambda e: Integer(0)),
            changed("path gain without t", path_gain=_subs(SMALL_T, SMALL_T / 2)),
            changed("site gain off by 2 %", site_gain=lambda e: e * Rational(51, 50)),
        ),
    ),
    *(
        Claim(
            f"active-paths/glass-melts-at-rho-{rho}",
            f"Removing {rho} of the connections at T = 1 and c0 = 8 leaves the overlap of the polarised branch at the lowered degree",
            lambda: path_ensemble(3),
            overlap_predicted(8 * (1 - rho) ** 2, 1.0),
            lambda rng, effort, rho=rho: wide_overlap(8 * (1 - rho) ** 2, 1.0, 150, rng),  # type: ignore[misc]
            Sampled(smallest=0.03),
            ENSEMBLE_MUTANTS,
            Effort.high,
        )
        for rho in (0.08, 0.12)
    ),
)
