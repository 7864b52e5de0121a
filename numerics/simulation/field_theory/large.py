"""Chains of lengths of wide networks, drawn in large numbers: given the layer below, a length is a sum
of squares.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.widths import blocks
from neurenorm.numerics.simulation.work import Work

__all__ = ["divergence_samples", "growth_samples"]

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
