"""Claims on stiff chains of neurons, against their transfer operator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurenorm.numerics.simulation.loops.chain import chain_statistics
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.numerics.verification.within import Within
from neurenorm.theory.loops.problems import ChainOrders

__all__ = ["CLAIMS"]

ALPHA = 20_000.0
SHAPES = {
    "tanh(4*z/5)": (lambda h: np.tanh(0.8 * h), 0.8),
    "tanh(4*z/5)+3*tanh(z)**2/10": (lambda h: np.tanh(0.8 * h) + 0.3 * np.tanh(h) ** 2, 0.8),
    "sin(-z/2)+z**2*exp(-z**2)/3": (lambda h: np.sin(-h / 2) + h**2 * np.exp(-h * h) / 3, -0.5),
}


def without_order(name: str, value: str, power: int) -> Mutant:
    """Return the mutant in which a power of D is missing in one value."""

    def wrong(derived: ChainOrders) -> ChainOrders:
        """Halve the coefficient; where it is zero put a tenth."""
        series = list(derived.series[value])
        series[power] = series[power] / 2 if series[power] != 0 else 1 + series[power]
        return replace(derived, series={**derived.series, value: tuple(series)})

    return Mutant(name, wrong)


def witness(rng: np.random.Generator, effort: Any) -> Any:
    """Mean, variance and eigenvalue of every chain, the eigenvalue twice."""
    rows = [chain_statistics(f, slope, 1 / (2 * ALPHA)) for f, slope in SHAPES.values()]
    return np.array([[*row, row[-1]] for row in rows])


CHAIN = Claim.of(
    "loops/smeared-chain",
    at=[{"activation": shape, "alpha": ALPHA} for shape in SHAPES],
    witness=witness,
    policy=Within(2e-9),
    mutants=(
        without_order("variance without half of D^2", "variance", 2),
        without_order("eigenvalue without half of D", "eigenvalue", 1),
        without_order("eigenvalue without half of D^2", "eigenvalue", 2),
        without_order("mean without half of D", "mean", 1),
    ),
)

CLAIMS = (CHAIN,)
