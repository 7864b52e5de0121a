"""Claims on closed forms of dynamic neurons: read-off and invariants of two-state kernels, the
annealed chain, and the onset of order in wide layers.

The witnesses are a linear solve, powers of a numerical Markov matrix, trapezoidal sums over the
shared weight, and a numerical root near the onset.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sympy import Expr, Integer, Rational, Symbol

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.dynamic_neurons.two_states import (
    KERNEL,
    STAY,
    Array,
    integrated_moments,
    long_powers,
    onset,
    over_the_weight,
    solved_couplings,
)
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import replaced, scaled
from neurenorm.theory.dynamic_neurons.linear import annealed_density, critical_weight_variances
from neurenorm.theory.dynamic_neurons.two_state import kernel_couplings, markov_invariants
from neurenorm.theory.dynamic_neurons.wide import transition_amplitude

__all__ = ["CLAIMS"]

ENTRIES = tuple(Symbol(name, positive=True) for name in ("T_pp", "T_pm", "T_mp", "T_mm"))

READ_OFF = Claim(
    "dynamic-neurons/kernel-couplings",
    "the four couplings of a two-state kernel solve the linear equations for the logarithms of its "
    "entries",
    lambda: tuple(kernel_couplings([ENTRIES[:2], ENTRIES[2:]]).values()),
    lambda couplings, _: np.array(compiled(list(couplings), list(ENTRIES))(*KERNEL), dtype=float),
    lambda rng, effort: solved_couplings(),
    Exact(13),
    (scaled(1.000001), replaced("sign", lambda e: -e)),
)


def invariants_at(values: Mapping[str, Expr], effort: Effort) -> Array:
    """Return both invariants at the numbers of the witness, whose symbols are the probabilities to
    leave each state.
    """
    leave = sorted(values["mean"].free_symbols, key=str)
    return np.array(
        [
            [float(compiled(values[name], leave)(a, c)) for name in ("second_eigenvalue", "mean")]
            for a, c in STAY
        ]
    )


INVARIANTS = Claim(
    "dynamic-neurons/markov-invariants",
    "what the squaring of a Markov matrix leaves unchanged is the mean of its stationary law; its "
    "second eigenvalue is the contraction of a step",
    markov_invariants,
    invariants_at,
    long_powers,
    Exact(12),
    (scaled(1.000001), replaced("sign", lambda e: -e)),
)


ANNEALED = Claim(
    "dynamic-neurons/annealed-density",
    "the law of two copies of a linear neuron is the sum over the weight that they share",
    lambda: annealed_density(
        [Rational(7, 10), Rational(-2, 5)],
        [Rational(3, 10), Rational(1, 10)],
        Integer(2),
        Integer(1),
    ),
    lambda density, _: float(density.evalf(20)),
    over_the_weight,
    Exact(10),
    (scaled(1.000001),),
)


CRITICAL = Claim(
    "dynamic-neurons/critical-weight-variances",
    "the moments of the annealed chain and its typical growth are critical where the integrals "
    "over a normal weight say",
    lambda: tuple(critical_weight_variances().values()),
    lambda values, _: np.array([float(value.evalf(20)) for value in values]),
    integrated_moments,
    Exact(9),
    (scaled(1.000001), replaced("root", lambda e: e**2 + e)),
)


ONSET = Claim(
    "dynamic-neurons/onset-amplitude",
    "beyond the critical gain the square of the mean grows with the derived amplitude",
    transition_amplitude,
    lambda amplitude, _: float(amplitude.evalf(20)),
    onset,
    Exact(6),
    (scaled(1.0001),),
)

CLAIMS = (READ_OFF, INVARIANTS, ANNEALED, CRITICAL, ONSET)
