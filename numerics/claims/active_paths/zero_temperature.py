"""Claims on active paths at zero temperature and on dilution: frozen weights, dependent paths and
degrees against peeling and linear algebra over bits.

The witnesses hold plain arrays of paths; none of them sees an equation of the theory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sympy import Rational

from neurenorm.graphs.paths import random_hypergraph
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.active_paths.ground_states import (
    LAYERS_REMOVED,
    NETWORKS,
    SAT_DEGREES,
    Array,
    dependent_in_layers,
    dependent_paths,
    diluted_found,
    layers_diluted_found,
    satisfiable_found,
)
from neurenorm.numerics.simulation.active_paths.instances import frozen_weights, two_core
from neurenorm.numerics.solve.active_paths.zero_temperature import frozen_layer_fractions
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.numerics.verification.path_mutants import changed, substituted
from neurenorm.theory.active_paths.ensemble import (
    CriticalRemoval,
    critical_removal,
    layer_symbols,
    layered_removal,
)
from neurenorm.theory.active_paths.zero_temperature import (
    SCALE,
    FrozenLayers,
    FrozenPaths,
    frozen_layers,
    frozen_paths,
)
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

PATHS = symbols("active-paths")
C, C0, RHO, X = PATHS.c, PATHS.c0, PATHS.rho, PATHS.x


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


def layers_predicted(problem: FrozenLayers, effort: Effort) -> Array:
    """Frozen fraction of each layer."""
    return frozen_layer_fractions(problem)


def layers_gap_predicted(problem: FrozenLayers, effort: Effort) -> float:
    """The gap per path, in units of ln 2, at the frozen fractions."""
    fractions = frozen_layer_fractions(problem)
    return float(compiled(problem.gap.subs(SCALE, 1), list(problem.unknowns))(*fractions))


def gap_predicted(problem: FrozenPaths, effort: Effort) -> float:
    """The gap at c = 3.2 in units of ln 2."""
    return float(compiled(problem.gap, [X, C])(frozen_fraction(problem, 3.2), 3.2))


def satisfiable_predicted(problem: FrozenPaths, effort: Effort) -> Array:
    """1 where fair signs leave solutions: where the frozen solution has no larger ln Z than all
    configurations, so that no path depends on others.
    """
    gap = compiled(problem.gap, [X, C])
    return np.array([float(gap(frozen_fraction(problem, c), c) <= 0) for c in SAT_DEGREES])


def diluted_predicted(problem: CriticalRemoval, effort: Effort) -> Array:
    """Degrees after removing 10, 25 and 40 % of the weights of a network of degree 6."""
    return np.asarray(compiled(problem.degree, [C0, RHO])(6.0, np.array([0.1, 0.25, 0.4])))


def rolled(k: int) -> dict[Any, Any]:
    """The removed fraction of layer k exchanged with that of the next."""
    names = layer_symbols(3)[1]
    return {names[k]: names[(k + 1) % 3], names[(k + 1) % 3]: names[k]}


def layers_diluted_predicted(degrees: tuple[Any, ...], effort: Effort) -> Array:
    """Degrees of three layers of degrees 6, 4.8 and 8 after other fractions were removed from
    each.
    """
    before, removed = layer_symbols(3)
    return np.array(
        compiled(list(degrees), [*before, *removed])(6.0, 4.8, 8.0, *LAYERS_REMOVED), dtype=float
    )


CLAIMS = (
    *(
        Claim(
            f"active-paths/frozen-core-p{p}",
            f"At zero temperature the 2-core and the frozen weights of random paths (p = {p}, c = "
            f"{c}) have the derived sizes",
            lambda p=p: frozen_paths(p),  # type: ignore[misc]
            core_predicted,
            core_found(p, c, size),
            Sampled(smallest=0.02),
            (
                changed("a path is in the core with one free weight", core_paths=lambda e: e / X),
                changed(
                    "one certain bias is enough for the core",
                    core_weights=substituted(C * X ** (p - 1), C * X**p),
                ),
                changed(
                    "a bias certain with one weight fewer",
                    fixed_point=substituted(X ** (p - 1), X ** (p - 2)),
                ),
            ),
        )
        for p, c, size in ((3, 3.2, 3000), (4, 4.0, 3000))
    ),
    Claim(
        "active-paths/dependent-paths-in-layers",
        "In layers of degrees 3, 3 and 4 the gap of the frozen solution counts the paths that "
        "depend on others, layer by layer",
        lambda: frozen_layers([3, 3, 4]),
        layers_gap_predicted,
        dependent_in_layers,
        Sampled(smallest=0.005, relative=False),
        (
            changed(
                "the last layer counted with 5 % more paths",
                gap=lambda e: frozen_layers([3, 3, Rational(21, 5)]).gap,
            ),
            changed("paths taken off once more", gap=substituted(-2, -3)),
        ),
    ),
    Claim(
        "active-paths/dependent-paths",
        "Beyond c_s the gap of the frozen solution counts the paths that depend on others: "
        "solutions of the planted system are 2^(N (1 - alpha + gap))",
        lambda: frozen_paths(3),
        gap_predicted,
        dependent_paths,
        Sampled(smallest=0.006, relative=False),
        (
            changed("site without its last weight", gap=lambda e: e + X / 10),
            changed("paths counted p times", gap=lambda e: e - C * X**3 / 3),
        ),
    ),
    Claim(
        "active-paths/satisfiability",
        "Random signs on 2000 weights leave solutions at c = 2.6 and 2.65 and none at 2.85 and "
        "2.9: the gap of the frozen solution changes sign between",
        lambda: frozen_paths(3),
        satisfiable_predicted,
        satisfiable_found,
        Exact(12),
        (
            changed("gap too large by 0.1", gap=lambda e: e + Rational(1, 10)),
            changed("gap too small by 0.1", gap=lambda e: e - Rational(1, 10)),
        ),
        Effort.high,
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
        "active-paths/dilution-of-layers",
        "Removing other fractions from each layer lowers the degree of a layer by what the other "
        "layers lose",
        lambda: layered_removal(3),
        layers_diluted_predicted,
        layers_diluted_found,
        Sampled(smallest=0.015),
        (
            Mutant(
                "layers exchanged",
                lambda found: tuple(found[k].subs(rolled(k), simultaneous=True) for k in range(3)),
            ),
        ),
    ),
)
