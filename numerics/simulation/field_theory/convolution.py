"""Random convolutional networks on a ring of positions, from plain arrays of weights.

z^l_i(x) = Σ_δ Σ_j W^{l,δ}_ij φ(z^{l-1}_j(x + δ)) + b^l_i,      W^{l,δ}_ij ~ N(0, σ_w² v_δ/N),   b^l_i ~ N(0, σ_b²),   φ(z^0) := input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.numerics.simulation.field_theory.activations import NumericActivation

__all__ = ["convolutional_layers"]

Array = NDArray[np.float64]


def convolutional_layers(
    fractions: Mapping[int, float],
    channels: int,
    depth: int,
    weight_variance: float,
    bias_variance: float,
    inputs: ArrayLike,
    activation: NumericActivation,
    networks: int,
    rng: np.random.Generator,
) -> Array:
    """Return the pre-activations of the last layer of many independent networks.

    Parameters
    ----------
    fractions : mapping of int to float
        v_δ: the share of the weight variance at every offset, of sum 1.
    channels, depth : int
    weight_variance, bias_variance : float
        σ_w² and σ_b².
    inputs : array_like, shape (positions, channels of the input)
    activation : NumericActivation
    networks : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (networks, positions, channels)

    Raises
    ------
    ValueError
        If the fractions do not add up to 1 or the input has no positions.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.field_theory.activations import numeric_activation
    >>> convolutional_layers(
    ...     {-1: 0.5, 1: 0.5},
    ...     7,
    ...     2,
    ...     1.0,
    ...     0.1,
    ...     np.eye(4),
    ...     numeric_activation("tanh"),
    ...     3,
    ...     np.random.default_rng(1),
    ... ).shape
    (3, 4, 7)
    """
    x = np.asarray(inputs, dtype=float)
    if not math.isclose(sum(fractions.values()), 1) or x.ndim != 2:
        raise ValueError(
            "give fractions that add up to 1 and inputs of shape (positions, channels)"
        )
    signal = np.broadcast_to(x, (networks, *x.shape))
    for layer in range(depth):
        fresh = rng.standard_normal((networks, 1, channels)) * math.sqrt(bias_variance) + np.zeros(
            (networks, x.shape[0], channels)
        )
        for offset, share in fractions.items():
            weights = rng.standard_normal((networks, signal.shape[2], channels)) * math.sqrt(
                weight_variance * share / signal.shape[2]
            )
            fresh += np.matmul(np.roll(signal, -offset, axis=1), weights)
        signal = activation.function(fresh) if layer < depth - 1 else fresh
    return signal
