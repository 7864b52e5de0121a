"""Claims on random networks at the widths, depths and tolerances of the worked-out theory, for the
high effort: the numbers that the smaller claims scale down.

Widths 100 and 128, sixty layers: here the theory of leading order in 1/N is to hold to a few per
cent, and the exact one to the error of the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special
from sympy import Expr, Integer, Matrix, Rational, digamma, log, polygamma

from neurenorm.numerics.claims.field_theory.finite_width import (
    LINEAR,
    RELU,
    TANH_LENGTH,
    blocks,
    critical_walk,
    deep_samples,
    lagged,
    leading_only,
    two_input_theory,
    two_input_variance,
    window_theory,
)
from neurenorm.numerics.claims.field_theory.wide import linear_spectrum
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.simulation.field_theory.networks import (
    Plan,
    layers_by_weights,
    sample_layers,
)
from neurenorm.numerics.simulation.field_theory.tangent import tangent_kernels_in_law
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import Mutant, flipped, replaced
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.field_theory.action import factorial_divergence
from neurenorm.theory.field_theory.depth_field import DepthField
from neurenorm.theory.field_theory.finite_width import (
    FIELD,
    FiniteWidth,
    ScaleInvariant,
    tangent_variance,
)
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import AA, AB, BB, SW2, K

__all__ = ["CLAIMS"]

Array = NDArray[np.float64]
N, LAG = FIELD.N, FIELD.lag
LAGS = np.arange(5.0)
NETWORKS = 48_000
PARTS = 16  # runs one after the other, so that few layers are held at once


def in_parts(draw: Callable[[int], Estimate], networks: int) -> Estimate:
    """The mean of estimates from several runs."""
    total = draw(networks // PARTS)
    for _ in range(PARTS - 1):
        total = total + draw(networks // PARTS)
    return total / PARTS


def lags_of(values: Array, mean: float, scale: float, count: int = 5) -> Estimate:
    """Covariances at the first lags, averaged over all layers of an array of shape (networks,
    layers), times a scale.
    """
    deviations = values - mean
    last = deviations.shape[1] - count
    return scale * blocks(
        np.stack(
            [
                (deviations[:, :last] * deviations[:, lag : last + lag]).mean(1)
                for lag in range(count)
            ],
            axis=1,
        ),
        128,
    )


def linear_lengths(rng: np.random.Generator, effort: Effort) -> Estimate:
    """N times the covariances of lengths of linear networks, N = 100, layers 20 to 60, a = 0.8."""

    def draw(networks: int) -> Estimate:
        """One run."""
        return lags_of(
            deep_samples("linear", 100, 0.8, 0.2, 60, networks, rng).overlaps[:, 19:, 0, 0],
            1.0,
            100.0,
        )

    return in_parts(draw, NETWORKS)


LINEAR_100 = Claim(
    "field-theory/linear-covariance-width-100",
    "lengths of layers 20 to 60 of linear networks of width 100 at a = 0.8 have N Var q = 5.760 "
    "and the covariance a^lag at lags 0 to 4",
    lambda: N * lagged(LINEAR.length_variance, LINEAR.gain),
    lambda expression, _: compiled(expression, [SW2, K, N, LAG])(0.8, 1.0, 100.0, LAGS),
    linear_lengths,
    Sampled(0.03),
    (replaced("without the 1/N corrections", lambda e: leading_only(e / N) * N), flipped(SW2)),
    Effort.high,
)


def linear_by_weights(rng: np.random.Generator, effort: Effort) -> Estimate:
    """The same with every weight drawn: 3200 networks."""

    def draw(networks: int) -> Estimate:
        """One run of few networks at a time, for the memory of their weights."""
        values = np.concatenate(
            [
                lengths_by_weights("linear", 100, 0.8, 0.2, 60, 25, rng)[:, 19:]
                for _ in range(networks // 25)
            ]
        )
        return 100.0 * blocks(
            np.stack(
                [
                    ((values - 1)[:, :36] * (values - 1)[:, lag : 36 + lag]).mean(1)
                    for lag in range(5)
                ],
                axis=1,
            ),
            200,
        )

    return draw(3200)


def lengths_by_weights(
    name: str,
    width: int,
    sw2: float,
    sb2: float,
    layers: int,
    networks: int,
    rng: np.random.Generator,
) -> Array:
    """Squared lengths of all layers from an input of K = 1."""
    inputs = np.full((1, width), np.sqrt((1 - sb2) / sw2))
    drawn = layers_by_weights(
        Plan((width,) * (layers + 1), sw2, sb2), inputs, NAMED[name], networks, rng
    )
    return np.stack([(z[:, 0] ** 2).mean(1) for z in drawn], axis=1)


LINEAR_WEIGHTS = Claim(
    "field-theory/linear-covariance-drawn-weights",
    "3200 linear networks of width 100 and depth 60 with every weight drawn have N Var q = 5.760 "
    "and the covariance a^lag at lags 0 to 4",
    lambda: N * lagged(LINEAR.length_variance, LINEAR.gain),
    lambda expression, _: compiled(expression, [SW2, K, N, LAG])(0.8, 1.0, 100.0, LAGS),
    linear_by_weights,
    Sampled(0.15),
    (flipped(SW2),),
    Effort.high,
)


def relu_lengths(rng: np.random.Generator, effort: Effort) -> Estimate:
    """N times the covariances at lags 0 and 1 of kernels and of lengths of ReLU networks, N = 100,
    layers 20 to 60, a = 0.8.
    """

    def draw(networks: int) -> Estimate:
        """One run."""
        samples = deep_samples("relu", 100, 1.6, 0.2, 60, networks, rng)
        both = [(values[:, 19:, 0, 0] - 1) for values in (samples.kernels, samples.overlaps)]
        return 100.0 * blocks(
            np.stack(
                [(d[:, :39] * d[:, lag : 39 + lag]).mean(1) for d in both for lag in (0, 1)], axis=1
            ),
            128,
        )

    return in_parts(draw, NETWORKS)


RELU_100 = Claim(
    "field-theory/relu-covariance-width-100",
    "kernels and lengths of ReLU networks of width 100 at a = 0.8 have N Var K = 9.756 and N Var q "
    "= 11.951, and 0.8 of it one layer apart",
    lambda: [N * lagged(form, RELU.gain) for form in (RELU.kernel_variance, RELU.length_variance)],
    lambda forms, _: np.concatenate(
        [compiled(form, [SW2, K, N, LAG])(1.6, 1.0, 100.0, LAGS[:2]) for form in forms]
    ),
    relu_lengths,
    Sampled(0.05),
    (replaced("without the 1/N corrections", lambda e: leading_only(e / N) * N),),
    Effort.high,
)

# --- any activation, N = 128
# --------------------------------------------------------------------------------------------------


def tanh_lengths(rng: np.random.Generator, effort: Effort) -> Estimate:
    """N Cov(q, q)/K*² at lags 0 and 1 of tanh networks at (2, 0.1), N = 128, from layer 12 on."""

    def draw(networks: int) -> Estimate:
        """One run."""
        values = deep_samples("tanh", 128, 2.0, 0.1, 40, networks, rng, start=TANH_LENGTH).overlaps[
            :, 11:, 0, 0
        ]
        return lags_of(values, values.mean(), 128 / TANH_LENGTH**2, 2)

    return in_parts(draw, NETWORKS)


TANH_128 = Claim(
    "field-theory/tanh-covariance-width-128",
    "lengths of tanh networks of width 128 at (2, 0.1) have N Var q/K*² = 2.660 and 1.166 one "
    "layer apart, to two per cent",
    lambda: N * FiniteWidth(activation("tanh")).length_covariance / K**2,
    lambda expression, _: compiled(expression, [SW2, K, N, LAG])(2.0, TANH_LENGTH, 1.0, LAGS[:2]),
    tanh_lengths,
    Sampled(0.02),
    (
        replaced("the noise of the length dropped", lambda e: e.subs(2 * K**2 / N, 0)),
        replaced("chi_par squared", lambda e: e.subs(LAG, 2 * LAG)),
    ),
    Effort.high,
)


def tanh_mean(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Mean kernel of the same networks."""

    def draw(networks: int) -> Estimate:
        """One run."""
        return blocks(
            deep_samples("tanh", 128, 2.0, 0.1, 40, networks, rng, start=TANH_LENGTH)
            .kernels[:, 11:, 0, 0]
            .mean(1),
            128,
        )

    return in_parts(draw, NETWORKS)


TANH_MEAN = Claim(
    "field-theory/tanh-mean-width-128",
    "the mean kernel of tanh networks of width 128 at (2, 0.1) is 0.81320: K* shifted by -0.00144",
    lambda: K + FiniteWidth(activation("tanh")).mean_shift,
    lambda expression, _: float(compiled(expression, [SW2, K, N])(2.0, TANH_LENGTH, 128.0)),
    tanh_mean,
    Sampled(0.001, relative=False),
    (
        Mutant("without the 1/N shift", lambda _: K + 0 * N),
        replaced("the shift doubled", lambda e: 2 * e - K),
    ),
    Effort.high,
)


def cosine_lengths(rng: np.random.Generator, effort: Effort) -> Estimate:
    """N Cov(q, q)/K*² at lags 0 and 1 of cosine networks at (3, 0.1), N = 128."""

    def draw(networks: int) -> Estimate:
        """One run."""
        values = deep_samples("cos", 128, 3.0, 0.1, 40, networks, rng, start=1.65479655).overlaps[
            :, 9:, 0, 0
        ]
        return lags_of(values, values.mean(), 128 / 1.6547965525**2, 2)

    return in_parts(draw, NETWORKS)


COSINE_128 = Claim(
    "field-theory/staggered-cosine-width-128",
    "lengths of neighbouring layers of cosine networks of width 128 at (3, 0.1) have N Cov/K*² = "
    "-0.2646, beside N Var/K*² = 2.4147, to 0.03",
    lambda: N * FiniteWidth(activation("cos")).length_covariance / K**2,
    lambda expression, _: compiled(expression, [SW2, K, N, LAG])(3.0, 1.6547965525, 1.0, LAGS[:2]),
    cosine_lengths,
    Sampled(0.03, relative=False),
    (
        replaced("sign of chi_par", lambda e: e.subs(LAG, 2 * LAG)),
        replaced("the noise of the length dropped", lambda e: e.subs(2 * K**2 / N, 0)),
    ),
    Effort.high,
)


def two_input_samples(
    name: str, sw2: float, sb2: float, first: tuple[float, float, float], layer: int
) -> Callable[[np.random.Generator, Effort], Estimate]:
    """N times variances of K_aa and K_ab at a layer, N = 128, from given kernels of the first
    layer.
    """
    gram = (np.array([[first[0], first[2]], [first[2], first[1]]]) - sb2) / sw2
    inputs = np.linalg.cholesky(gram) @ (np.sqrt(128) * np.eye(2, 128))

    def witness(rng: np.random.Generator, effort: Effort) -> Estimate:
        """Layers drawn in law, without their overlaps above the one that is asked for."""
        kernels = sample_layers(
            Plan((128,) * (layer + 1), sw2, sb2), inputs, NAMED[name], 400_000, rng
        ).kernels[:, layer - 1][:, [0, 0], [0, 1]]
        return blocks(128 * (kernels - kernels.mean(axis=0)) ** 2, 400)

    return witness


TWO_TANH = Claim(
    "field-theory/two-inputs-tanh-width-128",
    "two tanh inputs at (2.5, 0.05), N = 128, c = 0.5: at layer 3 N Var K_ab = 1.517 and N Var "
    "K_aa = 0.4645, to five per cent",
    two_input_theory,
    two_input_variance,
    two_input_samples("tanh", 2.5, 0.05, (1.06395838, 1.06395838, 0.53197919), 3),
    Sampled(0.05),
    (
        Mutant(
            "without what is inherited",
            lambda theory: {**theory, "jacobian": 0 * theory["jacobian"]},
        ),
    ),
    Effort.high,
)


def relu_pair() -> Matrix:
    """N times the covariance that one layer adds to the kernels of two inputs."""
    return Matrix(FiniteWidth(activation("relu")).pair_noise)


TWO_RELU = Claim(
    "field-theory/two-inputs-relu-width-128",
    "two ReLU inputs at (1.8, 0.1), N = 128, from K = 1 and c = 0.5: at layer 2 N Var K_aa = 4.050 "
    "and N Var K_ab = 2.158, to five per cent",
    relu_pair,
    lambda noise, _: np.array(
        [float(compiled(noise[i, i], [AA, BB, AB, SW2])(1.0, 1.0, 0.5, 1.8)) for i in (0, 2)]
    ),
    two_input_samples("relu", 1.8, 0.1, (1.0, 1.0, 0.5), 2),
    Sampled(0.05),
    (Mutant("equal inputs", lambda noise: noise.subs(AB, AA)),),
    Effort.high,
)

# --- modes, the factorial approximation, criticality
# --------------------------------------------------------------------------------------------------

MODES = (0, 2, 8, 16, 32)
LISTED = np.array([0.482431, 0.290691, 0.043222, 0.013501, 0.006845])


def window_samples(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Periodogram of 64 layers of linear networks of width 100 in units of the listed numbers."""

    def draw(networks: int) -> Estimate:
        """One run of the chain of chi-squared variables."""
        lengths = [np.ones(networks)]
        for _ in range(88):
            lengths.append((0.2 + 0.8 * lengths[-1]) * rng.chisquare(100, networks) / 100)
        window = np.stack(lengths[25:], axis=1) - 1.0
        return blocks(np.abs(np.fft.fft(window, axis=1, norm="ortho")[:, MODES]) ** 2 / LISTED, 128)

    return in_parts(draw, 320_000)


PERIODOGRAM = Claim(
    "field-theory/periodogram-modes",
    "every mode of a window of 64 layers of linear networks of width 100 has the listed power, to "
    "three per cent each",
    window_theory,
    lambda expressions, _: (
        np.array(
            [float(compiled(e, [FIELD.a, FIELD.D])(0.8, 0.36 * 2 / 34.72)) for e in expressions]
        )
        / LISTED
    ),
    window_samples,
    Sampled(0.03),
    (Mutant("the infinite chain", lambda _: infinite_chain()),),
    Effort.high,
)


def infinite_chain() -> list[Expr]:
    """D/w(k) at the wave numbers of the window."""
    return [DepthField().spectrum.subs(FIELD.k, 2 * expression_of(np.pi) * j / 64) for j in MODES]


def divergence_samples(rng: np.random.Generator, effort: Effort) -> Estimate:
    """(N/2)⟨K/K* - 1 - ln K/K*⟩ of linear networks, N = 400, a = 0.8, averaged over layers 40 to
    120.
    """

    def draw(networks: int) -> Estimate:
        """One run of the chain of chi-squared variables."""
        kernel, total = np.ones(networks), np.zeros(networks)
        for layer in range(120):
            kernel = 0.2 + 0.8 * kernel * rng.chisquare(400, networks) / 400
            if layer >= 40:
                total += 200 * (kernel - 1 - np.log(kernel)) / 80
        return blocks(total, 128)

    return in_parts(draw, 640_000)


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


def growth_samples(rng: np.random.Generator, effort: Effort) -> Estimate:
    """The same of linear and ReLU networks of width 100: the active neurons of a layer are
    binomial, its kernel is a sum of that many squares.
    """

    def draw(networks: int) -> Estimate:
        """One run."""
        linear, relu = np.ones(networks), np.ones(networks)
        for _ in range(20):
            linear *= rng.chisquare(100, networks) / 100
            relu *= rng.chisquare(rng.binomial(100, 0.5, networks)) / 50
        return blocks(np.stack([linear, relu], axis=1) ** 2 / np.array([1.4859, 2.6533]), 128)

    return in_parts(draw, 4_800_000)


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


def walk_samples(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Steps of ln q of critical linear networks, N = 100, L = 20."""

    def draw(networks: int) -> Estimate:
        """One run."""
        steps = np.diff(
            np.log(deep_samples("linear", 100, 1.0, 0.0, 21, networks, rng).overlaps[:, :, 0, 0]),
            axis=1,
        )
        return blocks(np.stack([steps.mean(1), ((steps - steps.mean()) ** 2).mean(1)], axis=1), 128)

    return in_parts(draw, 5 * NETWORKS)


WALK = Claim(
    "field-theory/critical-walk-width-100",
    "the length of a critical linear network of width 100 takes steps of mean -0.010033 and "
    "variance 0.020201 in its logarithm, to 0.0006",
    critical_walk,
    lambda expressions, _: np.array([float(compiled(e, [N])(100.0)) for e in expressions]),
    walk_samples,
    Sampled(0.03),
    (
        replaced("no drift", lambda e: 0 * e if e.has(digamma) or e.has(log) else e),
        replaced("twice the variance", lambda e: 2 * e if e.has(polygamma) else e),
    ),
    Effort.high,
)

# --- tangent kernels, the transfer operator
# --------------------------------------------------------------------------------------------------


def tangent_samples(
    name: str, sw2: float, networks: int
) -> Callable[[np.random.Generator, Effort], Estimate]:
    """Var Θ/⟨Θ⟩² of critical networks with n = 64, L = 10, around the exact mean L K."""

    def witness(rng: np.random.Generator, effort: Effort) -> Estimate:
        """In parts."""

        def draw(number: int) -> Estimate:
            """One run."""
            return blocks(
                (
                    tangent_kernels_in_law(
                        (64,) * 10 + (1,), sw2, 0.0, np.ones(64), NAMED[name], number, rng
                    )
                    / (10 * sw2)
                )
                ** 2
                - 1,
                128,
            )

        return in_parts(draw, networks)

    return witness


def tangent_claim(name: str, sw2: float, excess: int, listed: str, networks: int) -> Claim:
    """Claim that the tangent kernel fluctuates as listed."""
    return Claim(
        f"field-theory/tangent-variance-{name}-width-64",
        f"the tangent kernel of critical {name} networks of width 64 and depth 10 has the relative "
        f"variance {listed}, to eight per cent",
        lambda: tangent_variance(Integer(excess), N, 10),
        lambda expression, _: float(compiled(expression, [N])(64.0)),
        tangent_samples(name, sw2, networks),
        Sampled(0.08),
        (replaced("leading order in 1/N", leading_only),),
        Effort.high,
    )


TANGENTS = (
    tangent_claim("linear", 1.0, 2, "0.1984", 560_000),
    tangent_claim("relu", 2.0, 5, "0.6497", 640_000),
)


def transfer_spectrum(rng: np.random.Generator, effort: Effort) -> Array:
    """Eigenvalues of the kernel of q' = (sb2 + a q) chi²/N, N = 16, a = 0.5, at 1500 points of a
    logarithmic grid from 0.01 to 60.
    """
    u = np.linspace(np.log(0.01), np.log(60), 1500)
    x = np.exp(u)[None, :] * 16 / (0.5 + 0.5 * np.exp(u))[:, None]
    density = np.exp(8 * np.log(x) - x / 2 - 8 * np.log(2) - special.gammaln(8))
    return np.sort(np.abs(np.linalg.eigvals(density * (u[1] - u[0]))))[::-1][:5]


SPECTRUM = Claim(
    "field-theory/transfer-spectrum-fine",
    "the transfer operator of the linear network, N = 16 and a = 0.5, has the eigenvalues 1, 0.5, "
    "0.28125, 0.17578125, 0.1208496 on a grid of 1500 points",
    linear_spectrum,
    lambda expressions, _: np.array([float(compiled(e, [SW2, N])(0.5, 16.0)) for e in expressions]),
    transfer_spectrum,
    Exact(6),
    (replaced("without the 1/N terms", lambda e: e.subs(N, 10**9)),),
    Effort.high,
)

CLAIMS: Sequence[Claim] = (
    LINEAR_100,
    LINEAR_WEIGHTS,
    RELU_100,
    TANH_128,
    TANH_MEAN,
    COSINE_128,
    TWO_TANH,
    TWO_RELU,
    PERIODOGRAM,
    FACTORIAL,
    GROWTH,
    WALK,
    *TANGENTS,
    SPECTRUM,
)
