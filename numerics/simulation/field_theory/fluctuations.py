"""Fluctuations of drawn networks of small width, in parts of 1/N."""

from __future__ import annotations

import numpy as np

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.simulation.field_theory.networks import Plan, sample_layers
from neurenorm.numerics.simulation.field_theory.tangent import tangent_kernels
from neurenorm.numerics.simulation.field_theory.widths import blocks, deep_samples, mean_shift
from neurenorm.numerics.simulation.work import Work

__all__ = [
    "TANH_LENGTH",
    "cosine_covariances",
    "divergence_samples",
    "drawn_lengths",
    "tangent_moments",
    "tanh_shift",
    "two_input_samples",
    "walk_samples",
    "window_spectrum",
]

TANH_LENGTH = 0.8146440100660007


def window_spectrum(rng: np.random.Generator, effort: Work) -> Estimate:
    """Periodogram of 64 layers of linear networks of width 100, whose lengths are a chain of
    chi-squared variables, after 24 layers.
    """
    lengths = [np.ones(effort.scale(30_000, 90_000))]
    for _ in range(88):
        lengths.append((0.2 + 0.8 * lengths[-1]) * rng.chisquare(100, lengths[-1].size) / 100)
    window = np.stack(lengths[25:], axis=1) - 1.0
    return blocks(np.abs(np.fft.fft(window, axis=1, norm="ortho")[:, [0, 2, 8, 16, 32]]) ** 2)


def tanh_shift(rng: np.random.Generator, effort: Work) -> Estimate:
    """N times the shift of the mean kernel of tanh networks at (2, 0.1)."""
    return mean_shift("tanh", 2.0, 0.1, TANH_LENGTH, effort.scale(20_000, 20_000), rng)


def cosine_covariances(rng: np.random.Generator, effort: Work) -> Estimate:
    """N times the covariances of lengths of cosine networks of width 128 at (3, 0.1)."""
    samples = deep_samples(
        "cos", 128, 3.0, 0.1, 12, effort.scale(16_000, 40_000), rng, start=1.65479655
    )
    values = samples.overlaps[:, :, 0, 0]
    centred = values - values.mean(axis=0)
    return blocks(128 * centred[:, 9:11] * centred[:, 9:10])


def two_input_samples(rng: np.random.Generator, effort: Work) -> Estimate:
    """N times the sampled variances of the realised kernels at layer 3, N = 128."""
    width, length = 128, (1.06395838 - 0.05) / 2.5
    cross = (0.53197919 - 0.05) / 2.5
    factor = np.linalg.cholesky(np.array([[length, cross], [cross, length]]))
    basis = np.zeros((2, width))
    basis[0, 0] = basis[1, 1] = np.sqrt(width)
    samples = sample_layers(
        Plan((width,) * 4, 2.5, 0.05),
        factor @ basis,
        NAMED["tanh"],
        effort.scale(16_000, 40_000),
        rng,
    )
    kernels = samples.kernels[:, 2][:, [0, 0], [0, 1]]
    centred = kernels - kernels.mean(axis=0)
    return blocks(width * centred**2)


def tangent_moments(rng: np.random.Generator, effort: Work) -> Estimate:
    """Var Θ/⟨Θ⟩² of critical ReLU networks of width 16 and five layers, against the exact
    mean 5 K.
    """
    values = tangent_kernels(
        (16,) * 5 + (1,), 2.0, 0.0, np.ones(16), NAMED["relu"], effort.scale(40_000, 120_000), rng
    )
    return blocks((values / 10.0) ** 2 - 1)


def drawn_lengths(rng: np.random.Generator, effort: Work) -> Estimate:
    """Squared lengths, by layer, of tanh networks of width 3 with drawn weights (σ_w² = 2, σ_b² =
    0.1).
    """
    samples = sample_layers(
        Plan((3, 3, 3), 2.0, 0.1),
        np.ones((1, 3)),
        NAMED["tanh"],
        effort.scale(30_000, 30_000),
        rng,
        in_law=False,
    )
    return blocks(samples.overlaps[:, :, 0, 0])


def divergence_samples(rng: np.random.Generator, effort: Work) -> Estimate:
    """(N/2)⟨K/K* - 1 - ln K/K*⟩ of linear networks of width 400 at a = 0.8, drawn as a chain of
    chi-squared variables.
    """
    kernel = np.ones(effort.scale(200_000, 100_000))
    for _ in range(40):
        kernel = 0.2 + 0.8 * kernel * rng.chisquare(400, kernel.size) / 400
    return blocks(200 * (kernel - 1 - np.log(kernel)))


def walk_samples(rng: np.random.Generator, effort: Work) -> Estimate:
    """Twenty layers of critical linear networks of width 12."""
    samples = deep_samples("linear", 12, 1.0, 0.0, 21, effort.scale(20_000, 40_000), rng)
    steps = np.diff(np.log(samples.overlaps[:, :, 0, 0]), axis=1)
    mean = steps.mean(1)
    return blocks(np.stack([mean, ((steps - steps.mean()) ** 2).mean(1)], axis=1))
