"""Chains of lengths of wide networks, drawn in large numbers: given the layer below, a length is a sum
of squares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.simulation.field_theory.networks import (
    Plan,
    layers_by_weights,
    sample_layers,
)
from neurenorm.numerics.simulation.field_theory.widths import (
    blocks,
    deep_samples,
    lagged_covariances,
)
from neurenorm.numerics.simulation.work import Work

__all__ = ["divergence_samples", "growth_samples", "lengths_by_weights", "two_inputs", "wide_tanh"]

PARTS = 16  # runs one after the other, so that few layers are held at once


def in_parts(draw: Callable[[int], Estimate], networks: int) -> Estimate:
    """The mean of estimates from several runs."""
    total = draw(networks // PARTS)
    for _ in range(PARTS - 1):
        total = total + draw(networks // PARTS)
    return total / PARTS


def divergence_samples(rng: np.random.Generator, effort: Work) -> Estimate:
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


def growth_samples(rng: np.random.Generator, effort: Work) -> Estimate:
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


def lengths_by_weights(
    width: int,
    layers: int,
    first: int,
    lags: Sequence[int],
    networks: int,
    rng: np.random.Generator,
) -> Estimate:
    """Return N times the covariances of lengths of linear networks at a = 0.8, every weight drawn,
    averaged over the layers from ``first`` on.
    """
    rows, last, plan = [], layers - first - max(lags), Plan((width,) * (layers + 1), 0.8, 0.2)
    for _ in range(networks // 25):  # few at a time, for the memory of their weights
        drawn = layers_by_weights(plan, np.ones((1, width)), NAMED["linear"], 25, rng)
        off = np.stack([(z[:, 0] ** 2).mean(1) for z in drawn], axis=1)[:, first:] - 1
        rows.append([(off[:, :last] * off[:, lag : last + lag]).mean(1) for lag in lags])
    return width * blocks(np.concatenate(rows, axis=1).T, 128)


def wide_tanh(length: float, lags: Sequence[int], rng: np.random.Generator) -> Estimate:
    """Return N times the covariances of lengths and of kernels of tanh networks at (2, 0.1), N =
    128, from layer 12 on.
    """

    def draw(networks: int) -> Estimate:
        """One run."""
        samples = deep_samples("tanh", 128, 2.0, 0.1, 40, networks, rng, start=length)
        return lagged_covariances(samples, None, 11, lags, 128.0)

    return in_parts(draw, 16 * 4096)


def two_inputs(
    name: str,
    sw2: float,
    sb2: float,
    first: tuple[float, float, float],
    layer: int,
    networks: int,
    rng: np.random.Generator,
) -> Estimate:
    """Return N times the variances of K_aa and K_ab at a layer, N = 128, from given kernels (K_aa,
    K_bb, K_ab) of the first layer.
    """
    gram = (np.array([[first[0], first[2]], [first[2], first[1]]]) - sb2) / sw2
    inputs = np.linalg.cholesky(gram) @ (np.sqrt(128) * np.eye(2, 128))
    plan = Plan((128,) * (layer + 1), sw2, sb2)
    samples = sample_layers(plan, inputs, NAMED[name], networks, rng)
    kernels = samples.kernels[:, layer - 1][:, [0, 0], [0, 1]]
    return blocks(128 * (kernels - kernels.mean(axis=0)) ** 2, 400)
