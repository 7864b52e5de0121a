"""Claims on random networks at finite width, against networks that are drawn and run.

Widths are small on purpose: a 1/N term is measured as such, ``N (mean - limit)`` or ``N² Var``, and
leaving it out is among the mutants. Every network is a block.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Integer, Matrix, Rational, digamma, log, pi, polygamma, symbols

import neurenorm.numerics.quadrature  # noqa: F401  (teaches the compiler to average)
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.field_theory.fluctuations import (
    TANH_LENGTH,
    cosine_covariances,
    divergence_samples,
    drawn_lengths,
    tangent_moments,
    tanh_shift,
    two_input_samples,
    walk_samples,
    window_spectrum,
)
from neurenorm.numerics.simulation.field_theory.hmc import hamiltonian_samples
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Sampled
from neurenorm.numerics.verification.mutants import Mutant, flipped, replaced
from neurenorm.theory.field_theory.action import LatticeAction, factorial_divergence
from neurenorm.theory.field_theory.depth_field import DepthField, covariance_step, pair_jacobian
from neurenorm.theory.field_theory.finite_width import (
    FIELD,
    FiniteWidth,
    ScaleInvariant,
    tangent_variance,
)
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import AA, AB, BB, SB2, SW2, K

__all__ = ["CLAIMS"]

Array = NDArray[np.float64]
N, LAG = FIELD.N, FIELD.lag
LINEAR, RELU = ScaleInvariant(Integer(1), Integer(1)), ScaleInvariant(Integer(1), Integer(0))


# --- exact moments of scale-invariant networks
# --------------------------------------------------------------------------------------------------


def window_theory() -> list[Expr]:
    """The expected periodogram of a window of 64 layers, in a and the noise."""
    depth = DepthField()
    return [depth.periodogram(2 * pi * Rational(j, 64), 64) for j in (0, 2, 8, 16, 32)]


PERIODOGRAM = Claim(
    "field-theory/periodogram",
    "the Fourier modes of a window of 64 layers have the spectrum of the field along depth, "
    "finite-window terms included",
    window_theory,
    lambda expressions, _: np.array(
        [float(compiled(e, [FIELD.a, FIELD.D])(0.8, 0.36 * 2 / 34.72)) for e in expressions]
    ),
    window_spectrum,
    Sampled(0.06),
    (
        Mutant(
            "the infinite chain",
            lambda _: [
                DepthField().spectrum.subs(FIELD.k, 2 * pi * Rational(j, 64))
                for j in (0, 2, 8, 16, 32)
            ],
        ),
        flipped(FIELD.a),
    ),
)

# --- any activation, leading order
# --------------------------------------------------------------------------------------------------


MEAN_SHIFT = Claim(
    "field-theory/mean-shift-tanh",
    "the mean kernel of a tanh network is shifted by K''V/(2(1 - chi_par)) per 1/N",
    lambda: N * FiniteWidth(activation("tanh")).mean_shift,
    lambda expression, _: float(compiled(expression, [SW2, K, N])(2.0, TANH_LENGTH, 1.0)),
    tanh_shift,
    Sampled(0.025, relative=False),
    (
        flipped(SW2),
        replaced("without the 1/N shift", lambda e: 0 * e),
        replaced("15 % less", lambda e: Rational("0.85") * e),
    ),
)


STAGGERED = Claim(
    "field-theory/staggered-cosine",
    "lengths of neighbouring layers of a cosine network are anticorrelated: chi_par is negative",
    lambda: N * FiniteWidth(activation("cos")).length_covariance,
    lambda expression, _: compiled(expression, [SW2, K, N, LAG])(
        3.0, 1.6547965525, 1.0, np.array([0.0, 1.0])
    ),
    cosine_covariances,
    Sampled(0.1),
    (
        replaced("the noise of the length dropped", lambda e: e.subs(2 * K**2 / N, 0)),
        replaced("sign of chi_par", lambda e: e.subs(LAG, 2 * LAG)),
    ),
)


def two_input_theory() -> dict[str, Matrix]:
    """Jacobian and noise of the kernels of two tanh inputs."""
    theory = FiniteWidth(activation("tanh"))
    return {
        "jacobian": pair_jacobian(theory.wide.kernels),
        "noise": Matrix(theory.pair_noise),
        "maps": Matrix(theory.wide.kernels.step),
    }


def two_input_variance(theory: dict[str, Matrix], effort: Effort) -> Array:
    """N times variances of K_aa and K_ab at layer 3, from a first layer at the fixed length and c =
    0.5.
    """
    names = [AA, BB, AB, SW2, SB2]
    functions = {key: compiled(matrix, names) for key, matrix in theory.items()}
    state, covariance = np.array([1.06395838, 1.06395838, 0.53197919]), np.zeros((3, 3))
    for _ in range(2):
        matrices = {
            key: np.array(f(*state, 2.5, 0.05), dtype=float) for key, f in functions.items()
        }
        covariance = np.array(
            covariance_step(
                Matrix(matrices["jacobian"]), Matrix(covariance), Matrix(matrices["noise"])
            ),
            dtype=float,
        )
        state = matrices["maps"].ravel()
    return covariance[[0, 2], [0, 2]]


TWO_INPUTS = Claim(
    "field-theory/two-input-vertex",
    "the kernels of two tanh inputs fluctuate with the covariance that the Jacobian and the noise "
    "of each layer give",
    two_input_theory,
    two_input_variance,
    two_input_samples,
    Sampled(0.12),
    (
        Mutant(
            "without what is inherited",
            lambda theory: {**theory, "jacobian": 0 * theory["jacobian"]},
        ),
    ),
)

# --- tangent kernels, the action, the factorial approximation
# ------------------------------------------------------------------------------------------------


def tangent_variances(depth: int = 3) -> list[Expr]:
    """The relative variance of the tangent kernel of linear and of ReLU networks."""
    return [tangent_variance(Integer(excess), N, depth) for excess in (2, 5)]


TANGENT = Claim(
    "field-theory/tangent-variance",
    "the tangent kernels of critical linear and ReLU networks of width 8 and depth 3 fluctuate as "
    "the sum over pairs of layers says",
    tangent_variances,
    lambda expressions, _: np.array([float(compiled(e, [N])(8.0)) for e in expressions]),
    tangent_moments,
    Sampled(0.1),
    (
        replaced("leading order in 1/N", lambda e: (N * e).subs(N, 10**9) / N),
        Mutant("the other network's", lambda found: found[::-1]),
        Mutant("a layer more", lambda _: tangent_variances(4)),
    ),
)


def action_functions() -> LatticeAction:
    """The action of tanh at (2, 0.1)."""
    return LatticeAction(activation("tanh"), Integer(2), Rational(1, 10))


def sampled_from_action(action: LatticeAction, effort: Effort) -> Array:
    """Mean squared lengths of two layers of three neurons by Hamiltonian Monte Carlo; long enough
    that its error does not matter.
    """
    names = [list(symbols(f"z{layer}_:3", real=True)) for layer in range(2)]
    flat = [z for layer in names for z in layer]
    value = compiled(action.value(names, 1), flat)
    slope = compiled([g for layer in action.gradient(names, 1) for g in layer], flat)
    rng = np.random.default_rng(3)
    run = hamiltonian_samples(
        lambda z: value(*z.T),
        lambda z: np.stack(slope(*z.T), axis=-1),
        rng.standard_normal((4000, 6)),
        rng,
        kept=250,
        warmup=100,
    )
    return np.array(
        [
            float(run.mean(lambda z, s=start: (z[..., s : s + 3] ** 2).mean(-1)).value)  # type: ignore[misc]
            for start in (0, 3)
        ]
    )


ACTION_SAMPLES = Claim(
    "field-theory/action-sampled",
    "Hamiltonian Monte Carlo on the derived action visits the layers that random weights draw",
    action_functions,
    sampled_from_action,
    drawn_lengths,
    Sampled(0.08),
    (
        Mutant(
            "weight variance off by 10 %",
            lambda action: LatticeAction(action.activation, Rational(11, 5), action.bias_variance),
        ),
    ),
)


FACTORIAL = Claim(
    "field-theory/factorial-divergence",
    "a linear network differs from independent layers by v a²/(4(1 - a²)) nats per layer, at any "
    "width",
    lambda: factorial_divergence(Integer(2))["total"],
    lambda expression, _: float(compiled(expression, [FIELD.a])(0.8)),
    divergence_samples,
    Sampled(0.05),
    (Mutant("the mutual information alone", lambda _: factorial_divergence(Integer(2))["mutual"]),),
)


def critical_walk() -> list[Expr]:
    """Mean and variance of a step of ln q of a critical linear network."""
    return [digamma(N / 2) - log(N / 2), polygamma(1, N / 2)]


WALK = Claim(
    "field-theory/critical-walk",
    "the logarithm of the length of a critical linear network is a random walk with exactly known "
    "steps",
    critical_walk,
    lambda expressions, _: np.array([float(compiled(e, [N])(12.0)) for e in expressions]),
    walk_samples,
    Sampled(0.04),
    (
        replaced(
            "leading order in 1/N", lambda e: -1 / N if e.has(digamma) or e.has(log) else 2 / N
        ),
    ),
)

CLAIMS: Sequence[Claim] = (
    PERIODOGRAM,
    MEAN_SHIFT,
    STAGGERED,
    TWO_INPUTS,
    TANGENT,
    ACTION_SAMPLES,
    FACTORIAL,
    WALK,
)
