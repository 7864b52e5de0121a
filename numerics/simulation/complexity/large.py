"""Data at full size, drawn: white units, units at an angle, bits that follow from others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.simulation.complexity import networks as simulated

__all__ = [
    "Array",
    "Bits",
    "copied_bits_drawn",
    "exclusive_or_drawn",
    "half_dependent_drawn",
    "lines_crossed",
    "pair_at_sixty_degrees",
    "white_draws",
]

Array = NDArray[np.float64]
Bits = NDArray[np.int64]
SAMPLES = 20_000


def white_draws(rng: np.random.Generator) -> Array:
    """Return both dimensions of 400 white units on 2000 and on 100 samples, each the mean of a few
    draws.
    """
    sizes = ((2000, 4), (100, 16))
    return np.array(
        [
            np.mean([simulated.drawn_dimensions(400, samples, rng) for _ in range(draws)], axis=0)
            for samples, draws in sizes
        ]
    )


def pair_at_sixty_degrees(rng: np.random.Generator) -> Iterator[Array]:
    """Yield a million pre-activations of two units at 60 degrees, in ten parts."""
    directions = np.array([[1, 0, 0], [0.5, math.sqrt(0.75), 0]])
    for _ in range(10):
        yield rng.standard_normal((100_000, 3)) @ directions.T


def lines_crossed(rng: np.random.Generator) -> Bits:
    """Return on which side of ten equally spaced lines random points of a plane lie."""
    angle = rng.uniform(0, 2 * np.pi, SAMPLES)
    return (np.cos(angle[:, None] - np.pi * np.arange(10)[None, :] / 10) > 0).astype(np.int64)


def copied_bits_drawn(rng: np.random.Generator) -> Bits:
    """Return five fair bits with a copy of each."""
    fair = rng.integers(0, 2, (SAMPLES, 5))
    return np.concatenate([fair, fair], axis=1)


def exclusive_or_drawn(rng: np.random.Generator) -> Bits:
    """Return two fair bits and their exclusive or."""
    pair = rng.integers(0, 2, (SAMPLES, 2))
    return np.column_stack([pair, pair[:, 0] ^ pair[:, 1]])


def half_dependent_drawn(
    function: Callable[[Bits, Bits], Bits], samples: int, rng: np.random.Generator
) -> Bits:
    """Return 50 fair bits, 50 more, and 50 functions of both, columns permuted."""
    first, second = rng.integers(0, 2, (2, samples, 50))
    states = np.concatenate([first, second, function(first, second)], axis=1)
    found: Bits = states[:, rng.permutation(150)]
    return found
