"""Claims on random networks that only the samples of a high effort can tell from their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sympy import Expr, Integer, Matrix, Rational

from neurenorm.numerics.claims.field_theory.finite_width import LINEAR, RELU
from neurenorm.numerics.claims.field_theory.results import WrongExcess
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.field_theory.large import (
    divergence_samples,
    growth_samples,
    lengths_by_weights,
    two_inputs,
    wide_tanh,
)
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Sampled
from neurenorm.numerics.verification.mutants import Mutant, replaced
from neurenorm.theory.field_theory.action import factorial_divergence
from neurenorm.theory.field_theory.finite_width import FIELD, FiniteWidth, ScaleInvariant
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import AA, AB, BB, SW2, K

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


# --- covariances of layers, kernels of two inputs
# --------------------------------------------------------------------------------------------------

TANH_LENGTH = 0.8146440100660007

BY_WEIGHTS = Claim.of(
    "field-theory/layer-covariance",
    name="drawn-weights",
    statement="linear networks of width 100 and depth 60 with every weight drawn have N Var q = "
    "5.760 and the covariance a^lag at lags 0 to 4",
    at=[{"activation": "linear", "sw2": 0.8, "sb2": 0.2, "N": 100, "lag": n} for n in range(5)],
    read=lambda found: 100 * found.values["q"],
    witness=lambda rng, effort: lengths_by_weights(100, 60, 19, range(5), 3200, rng),
    policy=Sampled(0.15),
    mutants=(
        Mutant("the excess of another unit", lambda p: WrongExcess(p.activation)),
        Mutant("another nonlinearity", lambda p: replace(p, activation=activation("z/2"))),
    ),
    effort=Effort.high,
)

TANH = Claim.of(
    "field-theory/layer-covariance",
    name="tanh-width-128",
    statement="tanh networks of width 128 at (2, 0.1) have the covariances of leading order, "
    "lengths and kernels, at the lags 0 and 1",
    at=[{"activation": "tanh", "sw2": 2, "sb2": 0.1, "N": 128, "lag": lag} for lag in (0, 1)],
    read=lambda found: [128 * found.values[name] for name in ("q", "K")],
    witness=lambda rng, effort: wide_tanh(TANH_LENGTH, (0, 1), rng),
    policy=Sampled(0.03),
    mutants=(
        Mutant(
            "a louder nonlinearity", lambda p: replace(p, activation=activation("1.05*tanh(z)"))
        ),
    ),
    effort=Effort.high,
)

TWO_RELU = Claim(
    "field-theory/two-inputs-relu-width-128",
    "two ReLU inputs at (1.8, 0.1), N = 128, from K = 1 and c = 0.5: at layer 2 N Var K_aa = 4.050 "
    "and N Var K_ab = 2.158, to five per cent",
    lambda: Matrix(FiniteWidth(activation("relu")).pair_noise),
    lambda noise, _: np.array(
        [float(compiled(noise[i, i], [AA, BB, AB, SW2])(1.0, 1.0, 0.5, 1.8)) for i in (0, 2)]
    ),
    lambda rng, effort: two_inputs("relu", 1.8, 0.1, (1.0, 1.0, 0.5), 2, 400_000, rng),
    Sampled(0.05),
    (Mutant("equal inputs", lambda noise: noise.subs(AB, AA)),),
    Effort.high,
)

CLAIMS: Sequence[Claim] = (FACTORIAL, GROWTH, BY_WEIGHTS, TANH, TWO_RELU)
