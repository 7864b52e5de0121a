"""Numbers of the results on active paths by sums and roots."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.simulation.active_paths.instances import enumerate_weights
from neurenorm.numerics.simulation.work import Work

__all__ = ["LOOPS", "Array", "loop_found"]

Array = NDArray[np.float64]

LOOPS = ((0, 1, 2), (2, 3, 4), (4, 5, 0))


def loop_found(rng: np.random.Generator, effort: Work) -> Array:
    """ln Z of a frustrated loop over all configurations, written out."""
    J, theta, beta = (1.0, 1.0, -1.0), (0.3, -0.2, 0.5, 0.1, -0.4, 0.2), 0.9
    weights = [
        beta * sum(j * math.prod(w[i] for i in row) for j, row in zip(J, LOOPS, strict=True))
        + float(np.dot(theta, w))
        for w in product((1, -1), repeat=6)
    ]
    return np.array(
        [np.log(np.sum(np.exp(weights))), enumerate_weights(LOOPS, 6, J, beta, theta).log_z]
    )
