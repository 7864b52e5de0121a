"""Layers of real and of many binary neurons, by sums on grids, relaxed neurons and enumerated rows of
weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from neurenorm.numerics.simulation.dynamic_neurons.sums import (
    overlap_probability,
    relaxed_neurons,
    up_probability,
)

__all__ = [
    "enumerated_second_eigenvalue",
    "every_second_neuron",
    "extrapolated_means",
    "first_order_by_stiffness",
    "normal_grid",
    "overlap_columns",
    "stiff_gradients",
    "summed_output",
    "two_kernels_on_a_grid",
]

Array = NDArray[np.float64]


def two_kernels_on_a_grid(weight: float, bias: float, spread: float, start: float) -> Array:
    """Return mean and variance behind two linear layers h' = w h + b + noise, whose kernels are
    multiplied on a grid.
    """
    h = np.linspace(-4, 4, 1601)

    def gauss(x: Array, mean: ArrayLike) -> Array:
        """The density of the noise, times the step of the grid."""
        found: Array = np.exp(-((x - np.asarray(mean)) ** 2) / (2 * spread))
        return found / math.sqrt(2 * math.pi * spread) * (h[1] - h[0])

    law = gauss(h[:, None], weight * h[None, :] + bias) @ gauss(h, weight * start + bias)
    mean = float(law @ h)
    return np.array([mean, float(law @ (h - mean) ** 2)])


def every_second_neuron(r: float, coupling: float) -> Array:
    """Return r' and J' of every second of nine neurons of a Gaussian chain, from the inverse of
    their covariance.
    """
    form = np.diag(np.full(9, r)) - coupling * (np.eye(9, k=1) + np.eye(9, k=-1))
    reduced = np.linalg.inv(np.linalg.inv(form)[::2, ::2])
    return np.array([reduced[2, 2], -reduced[2, 3]])


def summed_output(alpha: float, beta: float, y: float, s: float) -> float:
    """Return the integral over an output neuron whose rule has the value s, by the trapezoid
    rule.
    """
    h = np.linspace(s - 4, s + 4, 4001)
    weight = np.exp(-beta * (y - h) ** 2 - alpha * (h - s) ** 2)
    return float(np.sum(math.sqrt(alpha / math.pi) * weight) * (h[1] - h[0]))


def normal_grid(points: int) -> tuple[Array, Array]:
    """Return an even grid on (-9, 9) and the weights of a standard normal variable on it."""
    grid = np.linspace(-9, 9, points)
    weights = np.exp(-grid * grid / 2)
    return grid, weights / weights.sum()


def first_order_by_stiffness() -> float:
    """Return the coefficient of 1/alpha of Z of two tanh layers (x = 1, y = 1/2, beta = 2) in a
    cubic through four stiffnesses.
    """
    (w, chance), (xi, noise) = normal_grid(361), normal_grid(91)

    def z(alpha: float) -> float:
        """Sum over both weights and the noise of the first neuron."""
        first = np.tanh(w)[:, None] + math.sqrt(0.5 / alpha) * xi[None, :]
        total, softened = np.zeros_like(first), alpha / (alpha + 2)
        for weight, part in zip(w, chance, strict=True):
            gap = 0.5 - np.tanh(weight * first)
            total += part * math.sqrt(softened) * np.exp(-2 * softened * gap**2)
        return float(chance @ total @ noise)

    alphas = np.array([100.0, 200.0, 400.0, 800.0])
    return float(np.polyfit(1 / alphas, [z(alpha) for alpha in alphas], 3)[2])


def stiff_gradients(weights: Sequence[float], x: float, y: float) -> Array:
    """Return forces and local gradients of a chain of tanh layers whose neurons are relaxed at two
    large stiffnesses, extrapolated.
    """

    def slope(z: Array) -> Array:
        """The slope of tanh."""
        found: Array = 1 - np.tanh(z) ** 2
        return found

    layers, rows = [np.array([[w]]) for w in weights], []
    for kappa in (1e4, 2e4):
        h = relaxed_neurons(layers, np.array([[x]]), np.array([[y]]), kappa, np.tanh, slope)
        fields = [layer @ neuron for layer, neuron in zip(layers, h, strict=False)]
        forces = [
            2 * kappa * float((after - np.tanh(field))[0, 0])
            for after, field in zip(h[1:], fields, strict=True)
        ]
        local = [
            -force * float(slope(field)[0, 0]) * float(neuron[0, 0])
            for force, field, neuron in zip(forces, fields, h, strict=False)
        ]
        rows.append([*forces, *local])
    return 2 * np.array(rows[1]) - np.array(rows[0])


def enumerated_second_eigenvalue(width: int, gain: float) -> float:
    """Return the second eigenvalue of the transfer matrix of a layer whose rows of binary weights
    are enumerated.
    """
    mean = gain / math.sqrt(width)
    columns = [
        stats.binom.pmf(np.arange(width + 1), width, up_probability(width, up, mean))
        for up in range(width + 1)
    ]
    return float(np.sort(np.linalg.eigvals(np.array(columns).T).real)[-2])


def extrapolated_means(means: Sequence[float], gain: float) -> Array:
    """Return the mean of the next layer from binomial sums at two large widths 5(2n + 1), at which
    all given means are exact up to 1/N; a straight line in 1/N removes the leading correction.
    """

    def finite(width: int) -> Array:
        """At one width."""
        likely, rows = (1 + gain / math.sqrt(width)) / 2, []
        for m in means:
            up = round(width * (1 + m) / 2)
            counts = np.arange(up + 1)
            chance = stats.binom.pmf(counts, up, likely) @ stats.binom.sf(
                width // 2 - counts, width - up, 1 - likely
            )
            rows.append(2 * float(chance) - 1)
        return np.array(rows)

    small, large = 20005, 40005
    return (finite(large) * large - finite(small) * small) / (large - small)


def overlap_columns(width: int) -> Array:
    """Return the law of the number of neurons in which two data differ, for every number before."""
    chances = [overlap_probability(width, differing) for differing in range(width + 1)]
    return np.array([stats.binom.pmf(np.arange(width + 1), width, p) for p in chances]).T
