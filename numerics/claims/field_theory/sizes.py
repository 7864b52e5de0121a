"""Claims on random networks that only the samples of a high effort can tell from their neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sympy import Expr, Integer, Rational

from neurenorm.numerics.claims.field_theory.finite_width import LINEAR, RELU
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.field_theory.large import divergence_samples, growth_samples
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Sampled
from neurenorm.numerics.verification.mutants import replaced
from neurenorm.theory.field_theory.action import factorial_divergence
from neurenorm.theory.field_theory.finite_width import FIELD, ScaleInvariant
from neurenorm.theory.wide.limit import SW2, K

__all__ = ["CLAIMS"]

N, LAG = FIELD.N, FIELD.lag

# --- modes, the factorial approximation, criticality
# --------------------------------------------------------------------------------------------------


def mutual_alone(expression: Expr) -> Expr:
    """The mutual information of adjacent layers."""
    return factorial_divergence(Integer(2), SW2)["mutual"]


FACTORIAL = Claim(
    "field-theory/factorial-divergence-width-400",
    "a linear network of width 400 at a = 0.8 differs from independent layers by 0.887 nats per "
    "layer, to 0.006",
    lambda: LINEAR.divergence,
    lambda expression, _: float(compiled(expression, [SW2, N])(0.8, 400.0)),
    divergence_samples,
    Sampled(0.006, relative=False),
    (
        replaced("the mutual information alone", mutual_alone),
        replaced("half the noise", lambda e: e.subs(N, 2 * N) / 2),
    ),
    Effort.high,
)


def growth_at(exact: ScaleInvariant) -> Expr:
    """⟨K_21²⟩/K_1² of a critical network without biases, after twenty layers: the exact moments
    iterated.
    """
    step = [
        e.subs({FIELD.sb2: 0, SW2: 2 / (exact.right**2 + exact.left**2)})
        for e in exact.moments.step
    ]
    mean, variance = Integer(1), Integer(0)
    for _ in range(20):
        mean, variance = (
            e.subs({K: mean, FIELD.V: variance}, simultaneous=True).expand() for e in step
        )
    return variance + mean**2


GROWTH = Claim(
    "field-theory/critical-growth-width-100",
    "twenty critical layers of width 100 multiply the mean square of the kernel by 1.4859 (linear) "
    "and 2.6533 (ReLU), to three per cent",
    lambda: [growth_at(LINEAR), growth_at(RELU)],
    lambda expressions, _: (
        np.array([float(compiled(e, [N])(100.0)) for e in expressions]) / np.array([1.4859, 2.6533])
    ),
    growth_samples,
    Sampled(0.03),
    (
        replaced("first order in 1/N", lambda e: 1 + (N * (e - 1)).subs(N, Integer(10) ** 12) / N),
        replaced("one layer less", lambda e: e ** Rational(19, 20)),
    ),
    Effort.high,
)


# --- tangent kernels, the transfer operator
# --------------------------------------------------------------------------------------------------


CLAIMS: Sequence[Claim] = (FACTORIAL, GROWTH)
