"""Claims on closed forms of dynamic neurons: read-off and invariants of two-state kernels, the
annealed chain, and the onset of order in wide layers.

The witnesses are a linear solve, powers of a numerical Markov matrix, trapezoidal sums over the
shared weight, and a numerical root near the onset.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erf
from sympy import Expr, Integer, Rational, Symbol

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import replaced, scaled
from neurenorm.theory.dynamic_neurons.linear import annealed_density, critical_weight_variances
from neurenorm.theory.dynamic_neurons.two_state import kernel_couplings, markov_invariants
from neurenorm.theory.dynamic_neurons.wide import transition_amplitude

__all__ = ["CLAIMS"]

Array = NDArray[np.float64]
ENTRIES = tuple(Symbol(name, positive=True) for name in ("T_pp", "T_pm", "T_mp", "T_mm"))
KERNEL = np.array([1.7, 0.4, 0.9, 2.3])
DESIGN = np.array(
    [[1, h * after, (h + after) / 2, (h - after) / 2] for h in (1, -1) for after in (1, -1)]
)

READ_OFF = Claim(
    "dynamic-neurons/kernel-couplings",
    "the four couplings of a two-state kernel solve the linear equations for the logarithms of its "
    "entries",
    lambda: tuple(kernel_couplings([ENTRIES[:2], ENTRIES[2:]]).values()),
    lambda couplings, _: np.array(compiled(list(couplings), list(ENTRIES))(*KERNEL), dtype=float),
    lambda rng, effort: np.linalg.solve(DESIGN, np.log(KERNEL)),
    Exact(13),
    (scaled(1.000001), replaced("sign", lambda e: -e)),
)

STAY = ((0.3, 0.1), (0.05, 0.6))


def long_powers(rng: np.random.Generator, effort: Effort) -> Array:
    """Return by how much a step brings two starts together, and the mean of the stationary law from
    a high power of the Markov matrix.
    """
    rows = []
    for a, c in STAY:
        matrix = np.array([[1 - a, a], [c, 1 - c]])
        law = np.linalg.matrix_power(matrix, 4096)[0]
        rows.append([matrix[0, 0] - matrix[1, 0], law[0] - law[1]])
    return np.array(rows)


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

BEFORE, AFTER, STIFFNESS, PRIOR = (0.7, -0.4), (0.3, 0.1), 2.0, 1.0


def over_the_weight(rng: np.random.Generator, effort: Effort) -> float:
    """Sum over the weight that two copies of a linear neuron share, on a fine grid."""
    w = np.linspace(-12, 12, 200_001)
    rules = np.prod(
        [
            np.sqrt(STIFFNESS / np.pi) * np.exp(-STIFFNESS * (after - w * h) ** 2)
            for h, after in zip(BEFORE, AFTER, strict=True)
        ],
        axis=0,
    )
    return float(np.trapezoid(np.sqrt(PRIOR / np.pi) * np.exp(-PRIOR * w**2) * rules, w))


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


def integrated_moments(rng: np.random.Generator, effort: Effort) -> Array:
    """Return the variances at which the mean of w^n is one, and at which the mean of ln |w|
    vanishes, by numerical integration over a normal weight.
    """

    def mean(order: int) -> float:
        """The mean of z^n, or of ln |z| for n = 0."""
        value, _ = quad(
            lambda z: (z**order if order else np.log(z)) * np.exp(-(z**2) / 2) * np.sqrt(2 / np.pi),
            0,
            40,
            epsabs=1e-13,
            limit=400,
        )
        return float(value)

    return np.array([*(mean(n) ** (-2 / n) for n in (2, 4, 6)), np.exp(-2 * mean(0))])


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


def onset(rng: np.random.Generator, effort: Effort) -> float:
    """Return the limit of m²/(g/g_c - 1) from roots of m = erf(g m/√2) ever closer to the onset."""
    critical = np.sqrt(np.pi / 2)
    distances = 0.004 * np.arange(1, 6)

    def squared(distance: float) -> float:
        return (
            float(
                brentq(
                    lambda m: erf(critical * (1 + distance) * m / np.sqrt(2)) - m,
                    0.5 * np.sqrt(distance),
                    1.0,
                    xtol=1e-15,
                )
            )
            ** 2
        )

    return float(np.polyfit(distances, [squared(d) / d for d in distances], 4)[-1])


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
