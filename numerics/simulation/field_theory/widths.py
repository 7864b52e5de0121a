"""Networks of small width that are drawn and run, and what of their fluctuations and shifts is of
first order in 1/N.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.simulation.field_theory.maps import next_length
from neurenorm.numerics.simulation.field_theory.networks import LayerSamples, Plan, sample_layers
from neurenorm.numerics.simulation.field_theory.tangent import tangent_kernels_in_law

__all__ = [
    "blocks",
    "deep_samples",
    "lagged_covariances",
    "mean_shift",
    "tangent_mean",
    "vertex_along_depth",
]

Array = NDArray[np.float64]


def blocks(values: Array, count: int = 256) -> Estimate:
    """Return the mean over networks (the first axis), with the error of so many blocks.

    Examples
    --------
    >>> float(blocks(np.ones((8, 1)), 4).value[0])
    1.0
    """
    whole = values[: len(values) // count * count]
    return Estimate.from_blocks(whole.reshape(count, -1, *values.shape[1:]).mean(1))


def deep_samples(
    name: str,
    width: int,
    sw2: float,
    sb2: float,
    layers: int,
    networks: int,
    rng: np.random.Generator,
    start: float = 1.0,
) -> LayerSamples:
    """Return networks of equal layers behind an input whose first kernel is ``start``."""
    inputs = np.full((1, width), np.sqrt(max((start - sb2) / sw2, 0.0)))
    return sample_layers(
        Plan((width,) * (layers + 1), sw2, sb2), inputs, NAMED[name], networks, rng
    )


def lagged_covariances(
    samples: LayerSamples, mean: float | None, first: int, lags: Sequence[int], scale: float = 1.0
) -> Estimate:
    """Return the covariances of lengths and of kernels of layers a distance apart, averaged over
    the layers from ``first`` on, one after the other for each lag.

    Parameters
    ----------
    mean : float, optional
        Of both; by default that of the samples.
    """
    rows = []
    fields = [values[:, first:, 0, 0] for values in (samples.overlaps, samples.kernels)]
    last = fields[0].shape[1] - max(lags)
    for lag in lags:
        for values in fields:
            off = values - (values.mean() if mean is None else mean)
            rows.append(scale * (off[:, :last] * off[:, lag : last + lag]).mean(1))
    return blocks(np.stack(rows, axis=1))


def mean_shift(
    name: str, sw2: float, sb2: float, fixed: float, networks: int, rng: np.random.Generator
) -> Estimate:
    """Return N times the shift of the mean kernel, free of its next order: twice that of width 32
    less that of width 16.

    What a layer's kernel adds to the map of the one below has mean zero exactly, whatever the
    width; its part in the fluctuation of the mean is taken out (a control variate whose factor is
    fitted), so that little but the shift is left.
    """
    grid = np.linspace(sb2 + 1e-6, sb2 + sw2, 200)
    follow = CubicSpline(grid, [next_length(name, sw2, sb2, k) for k in grid])
    found = []
    for width in (16, 32):
        kernels = deep_samples(name, width, sw2, sb2, 90, networks, rng, start=fixed).kernels
        row = kernels[:, 12:, 0, 0]
        shift, noise = row.mean(1) - fixed, (row[:, 1:] - follow(row[:, :-1])).mean(1)
        factor = np.mean(shift * noise) / np.mean(noise**2)
        found.append(blocks(width * (shift - factor * noise)))
    return 2 * found[1] - found[0]


def vertex_along_depth(
    name: str,
    sw2: float,
    sb2: float,
    depth: int,
    networks: int,
    rng: np.random.Generator,
    width: int = 48,
) -> Estimate:
    """Return N Var K/K² of the layers 2 to ``depth``, K its mean, behind a first kernel of one:
    twice that of 2N less that of N neurons, in which the next order cancels.

    A neuron is normal given the kernel of its layer, so its fourth cumulant is three times the
    variance of that kernel.
    """
    found = []
    for neurons in (width, 2 * width):
        kernels = deep_samples(name, neurons, sw2, sb2, depth, networks, rng).kernels[:, 1:, 0, 0]
        mean = kernels.mean(axis=0)
        found.append(blocks(neurons * (kernels / mean - 1) ** 2))
    return 2 * found[1] - found[0]


def tangent_mean(
    name: str,
    sw2: float,
    sb2: float,
    depth: int,
    parametrisation: str,
    networks: int,
    rng: np.random.Generator,
) -> Estimate:
    """Return the mean tangent kernel behind a first kernel of one, from widths of 24 and 48 so that
    the term in 1/N cancels; that of the standard parametrisation is divided by the width.
    """
    found = []
    for width in (24, 48):
        inputs = np.full(width, np.sqrt((1 - sb2) / sw2))
        values = tangent_kernels_in_law(
            (width,) * depth + (1,), sw2, sb2, inputs, NAMED[name], networks, rng, parametrisation
        )
        found.append(blocks(values / (width if parametrisation == "standard" else 1)))
    return 2 * found[1] - found[0]
