"""Claims on the results on dynamic neurons as a user evaluates them, against sums over all weights
and neurons, plain matrices and quadrature.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from sympy import Rational

from neurenorm.numerics.claims.dynamic_neurons.chain import POINTS, X, Y
from neurenorm.numerics.simulation.dynamic_neurons.evaluated import (
    Array,
    wide_eigenvalues,
    wide_means,
)
from neurenorm.numerics.simulation.dynamic_neurons.promoted import (
    kernel_power,
    kernel_spectrum,
    order_growth,
)
from neurenorm.numerics.simulation.dynamic_neurons.sums import (
    binary_chain_sums,
    binary_kernel,
    trapezoidal_partition,
)
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant, flipped, scaled, shifted
from neurenorm.theory.dynamic_neurons.chain import block_couplings
from neurenorm.theory.dynamic_neurons.interaction_order import InteractionOrder
from neurenorm.theory.dynamic_neurons.spectrum import partition_function, transfer_spectrum
from neurenorm.theory.dynamic_neurons.stiffness import smeared_chain
from neurenorm.theory.dynamic_neurons.wide import WideBinary, wide_binary
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

S = symbols("dynamic-neurons")


def over_first(kernel: Array) -> Array:
    """The entries of a kernel over its first one, which drops its constant."""
    return np.asarray(kernel / kernel[0, 0])


def block_kernel(found: Any) -> Array:
    """The kernel of two data with the couplings of an evaluation."""
    return over_first(binary_kernel(found.values["alpha"], found.values["k"], 2))


def powers(rng: np.random.Generator, effort: Effort) -> Array:
    """The same kernel, multiplied with itself."""
    return np.array(
        [over_first(kernel_power(alpha, k, 2, b)) for b in (2, 3) for alpha, k in POINTS]
    )


def spectra(rng: np.random.Generator, effort: Effort) -> Array:
    """Eigenvalues of the table of three data, falling, and both lengths: of one datum, and of the
    overlap of two.
    """
    rows = []
    for alpha, k in POINTS:
        one, two = (kernel_spectrum(alpha, k, copies) for copies in (1, 2))
        overlap = np.array([1, -1, -1, 1]) @ binary_kernel(alpha, k, 2)[:, 0] / np.max(two)
        single = np.array([1, -1]) @ binary_kernel(alpha, k, 1)[:, 0] / np.max(one)
        rows += [
            *kernel_spectrum(alpha, k, 3)[::-1],
            -1 / math.log(abs(single)),
            -1 / math.log(abs(overlap)),
        ]
    return np.array(rows)


def averages(rng: np.random.Generator, effort: Effort) -> Array:
    """Averages of the weight of the third layer and of the product of all, over every
    configuration.
    """
    sums = [binary_chain_sums(5, X, Y, math.inf, k, beta) for k, beta in ((0.4, 0.3), (-0.7, 0.2))]
    return np.array([[each.single[2], each.product] for each in sums])


CHAINS = ((4, 0.5, 0.4, 0.3), (3, 0.9, -0.2, 0.7), (5, math.inf, 0.3, 0.1))
STATES = (1, -1)
ROWS = ((0.1, -0.7, 0.15, 0.2), (0.0, 0.5, 0.2, 0.3), (-0.4, 1.2, -0.9, 0.0))
NAMES = ("K0", "K1", "K2", "g")


def two_state(k0: float, k1: float, k2: float, g: float) -> Array:
    """A kernel from its four couplings."""
    return np.array(
        [
            [math.exp(k0 + k1 * h * a + k2 * (h + a) / 2 + g * (h - a) / 2) for a in STATES]
            for h in STATES
        ]
    )


class Damped(WideBinary):
    """The wide limit with a step that is 0.1 % too small."""

    @property
    def recursion(self) -> Recursion:
        """The wrong step."""
        right = super().recursion
        return replace(right, step=tuple(e * Rational(999, 1000) for e in right.step))


CLAIMS = (
    Claim.of(
        "dynamic-neurons/binary-decimation",
        at=[{"alpha": alpha, "k": k, "b": b} for b in (2, 3) for alpha, k in POINTS],
        read=block_kernel,
        witness=powers,
        policy=Exact(11),
        mutants=(Mutant("one layer more", lambda problem: block_couplings(4)),),
    ),
    Claim.of(
        "dynamic-neurons/transfer-spectrum",
        at=[{"alpha": alpha, "k": k, "P": 3} for alpha, k in POINTS],
        witness=spectra,
        policy=Exact(9, scale=1.0),
        mutants=(
            Mutant(
                "each constraint sums to one", lambda problem: transfer_spectrum(3, True, "table")
            ),
        ),
    ),
    Claim.of(
        "dynamic-neurons/partition-function",
        at=[
            {"M": layers, "alpha": alpha, "k": k, "beta": beta, "x": list(X), "y": list(Y)}
            for layers, alpha, k, beta in CHAINS
        ],
        witness=lambda rng, effort: [
            binary_chain_sums(layers, X, Y, alpha, k, beta).value
            for layers, alpha, k, beta in CHAINS
        ],
        policy=Exact(12),
        mutants=(
            Mutant("the data exchanged", lambda problem: partition_function(4, X, X, True)),
            Mutant(
                "constraints without their sums", lambda problem: partition_function(4, X, Y, False)
            ),
        ),
    ),
    Claim.of(
        "dynamic-neurons/weight-magnetization",
        at=[
            {"M": 5, "k": k, "beta": beta, "x": list(X), "y": list(Y)}
            for k, beta in ((0.4, 0.3), (-0.7, 0.2))
        ],
        witness=averages,
        policy=Exact(11, scale=0.1),
        mutants=(scaled("1.00000001"), flipped(S.k), shifted(S.k, Rational(1, 10**6))),
    ),
    Claim.of(
        "dynamic-neurons/two-state-kernel",
        at=[dict(zip(NAMES, row, strict=True)) for row in ROWS],
        read=lambda found: two_state(*(found.values[name] for name in NAMES)),
        witness=lambda rng, effort: [two_state(*row) @ two_state(*row) for row in ROWS],
        policy=Exact(12),
        mutants=(scaled("1.00000001"), flipped(S.K2)),
    ),
    Claim.of(
        "dynamic-neurons/interaction-order",
        at=[{"layers": layers, "activation": "z + g*z^2"} for layers in (2, 3, 4)],
        read=("static", "dynamic"),
        witness=lambda rng, effort: order_growth()[1:],
        policy=Exact(2.5),
        mutants=(
            Mutant(
                "one degree less",
                lambda o: InteractionOrder(
                    o.static - 1, o.dynamic, o.static_pairs, o.dynamic_pairs
                ),
            ),
            Mutant(
                "promotion without effect",
                lambda o: InteractionOrder(o.static, o.static, o.static_pairs, o.dynamic_pairs),
            ),
        ),
    ),
    Claim.of(
        "dynamic-neurons/wide-binary",
        at=[{"g": 0.9, "N": 5}, {"g": -0.6, "N": 9}],
        read=("lambda1",),
        witness=wide_eigenvalues,
        policy=Exact(11),
        mutants=(Mutant("two neurons more", lambda problem: wide_binary(problem.width + 2)),),
    ),
    Claim.of(
        "dynamic-neurons/wide-binary",
        name="infinite",
        at=[{"g": g, "N": float("inf")} for g in (1.4, 2.5)],
        read=("m", "g_c"),
        witness=wide_means,
        policy=Exact(12),
        mutants=(Mutant("a mean 0.1 % too small", lambda problem: Damped(problem.width)),),
    ),
    Claim.of(
        "dynamic-neurons/smeared-partition-function",
        at=[{"activation": "sin", "M": 2, "x": 1, "y": 0.5, "beta": 2, "alpha": float("inf")}],
        witness=lambda rng, effort: [trapezoidal_partition(np.sin, 1.0, 0.5, 2.0)],
        policy=Exact(10),
        mutants=(
            Mutant("one layer fewer", lambda problem: smeared_chain("sin", 1)),
            Mutant("another rule", lambda problem: smeared_chain("tanh", 2)),
        ),
    ),
)
