"""Tangent kernels of random networks from explicit weights and back-propagated gradients.

In NTK parametrisation ``z^l = σ_w ω φ(z^{l-1})/√N + σ_b β`` with standard normal ω, β. The kernel of a scalar output f is the squared length of its gradient,

    Θ = Σ_l |δ^l|² (σ_b² + σ_w² |φ^{l-1}|²/N_{l-1}),       δ^l = df/dz^l.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.simulation.activations import NumericActivation

__all__ = ["tangent_kernels"]

Array = NDArray[np.float64]


def tangent_kernels(
    widths: Sequence[int],
    weight_variance: float,
    bias_variance: float,
    inputs: ArrayLike,
    activation: NumericActivation,
    networks: int,
    rng: np.random.Generator,
) -> Array:
    """Return Θ of one input in many independent networks with a scalar output.

    Parameters
    ----------
    widths : sequence of int
        N_0 .. N_L; the last is 1.
    weight_variance, bias_variance : float
        σ_w² and σ_b².
    inputs : array_like, shape (N_0,)
        The input.
    activation : NumericActivation
    networks : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (networks,)

    Raises
    ------
    ValueError
        If the output is not scalar or the input has the wrong length.

    Examples
    --------
    >>> from numerics.simulation.activations import numeric_activation
    >>> tangent_kernels((4, 1), 1.0, 0.5, np.ones(4), numeric_activation("tanh"), 2, np.random.default_rng(1))
    array([1.5, 1.5])
    """
    x = np.asarray(inputs, dtype=float)
    if widths[-1] != 1 or x.shape != (widths[0],):
        raise ValueError(f"give a scalar output (last width 1) and an input of length {widths[0]}; got widths {tuple(widths)} and shape {x.shape}")
    signals, states, weights = [np.broadcast_to(x, (networks, widths[0]))], [], []
    for fan_in, fan_out in pairwise(widths):
        w = rng.standard_normal((networks, fan_in, fan_out)) * math.sqrt(weight_variance / fan_in)
        bias = rng.standard_normal((networks, fan_out)) * math.sqrt(bias_variance)
        states.append(np.einsum("bi,bij->bj", signals[-1], w) + bias)
        signals.append(activation.function(states[-1]))
        weights.append(w)
    delta, total = np.ones((networks, 1)), np.zeros(networks)
    for layer in range(len(widths) - 2, -1, -1):
        below = signals[layer]
        total += (delta**2).sum(1) * (bias_variance + weight_variance * (below**2).mean(1))
        if layer:
            delta = np.einsum("bij,bj->bi", weights[layer], delta) * activation.derivative(states[layer - 1])
    return total
