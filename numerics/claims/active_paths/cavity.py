"""Claims on single instances of active paths: cavity equations and the paramagnet against
enumeration.

The witnesses hold plain arrays of paths; none of them sees a message.
"""

from __future__ import annotations

import numpy as np
from sympy import Rational

from neurenorm.graphs.paths import given_paths
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.active_paths.cavity_runs import (
    SMALL,
    SMALL_SIZE,
    SMALL_T_VALUE,
    TREE,
    TREE_SIZE,
    TREES,
    Array,
    gaussian_found,
)
from neurenorm.numerics.simulation.active_paths.instances import enumerate_weights
from neurenorm.numerics.solve.active_paths.belief_propagation import belief_propagation
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Sampled
from neurenorm.numerics.verification.mutants import Mutant, replaced
from neurenorm.numerics.verification.path_mutants import changed, substituted
from neurenorm.theory.active_paths.couplings import gaussian_sizes
from neurenorm.theory.active_paths.ensemble import paramagnet
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.cavity.messages import CavityEquations
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

PATHS = symbols("active-paths")
T, C = PATHS.T, PATHS.c


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


def paramagnet_values(formula: Formula, effort: Effort) -> Array:
    """phi, energy and entropy of the derived paramagnet at the same temperature and degree."""
    names = ("phi", "energy", "entropy")
    return np.array(
        compiled([formula.values[name] for name in names], [T, C])(
            SMALL_T_VALUE, 3 * len(SMALL) / SMALL_SIZE
        )
    )


def gaussian_predicted(formula: Formula, effort: Effort) -> Array:
    """phi, energy and entropy of the derived paramagnet at the degree of the tree."""
    names = ("phi", "energy", "entropy")
    return np.array(
        compiled([formula.values[name] for name in names], [T, C])(
            SMALL_T_VALUE, 3 * len(TREE) / TREE_SIZE
        )
    )


CLAIMS = (
    Claim(
        "active-paths/gaussian-paramagnet",
        "With standard normal couplings, ln Z, energy and entropy of the paramagnet are the "
        "averages over the size of a coupling",
        lambda: paramagnet(3, gaussian_sizes()),
        gaussian_predicted,
        gaussian_found,
        Sampled(smallest=0.03),
        (
            replaced("temperature 5 % off", substituted(T, T * Rational(105, 100))),
            replaced("degree off by a tenth", substituted(C, C + Rational(1, 10))),
            Mutant("couplings of size one", lambda derived: paramagnet(3)),
        ),
    ),
)
