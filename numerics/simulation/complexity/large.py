"""Complexity and dimensions at full size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.simulation.complexity import networks as simulated

__all__ = ["Array", "white_draws"]

Array = NDArray[np.float64]


def white_draws(rng: np.random.Generator) -> Array:
    """Dimensions of white data of both sizes, each the mean of a few draws."""
    many = np.mean([simulated.drawn_dimensions(400, 2000, rng) for _ in range(4)], axis=0)
    few = np.mean([simulated.drawn_dimensions(400, 100, rng)[0] for _ in range(16)])
    return np.append(many, few)
