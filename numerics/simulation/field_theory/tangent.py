"""Tangent kernels of random networks from explicit weights and back-propagated gradients.

In NTK parametrisation ``z^l = σ_w ω φ(z^{l-1})/√N + σ_b β`` with standard normal ω, β. The kernel
of a scalar output f is the squared length of its gradient,

    Θ = Σ_l |δ^l|² (σ_b² + σ_w² |φ^{l-1}|²/N_{l-1}),       δ^l = df/dz^l.

In standard parametrisation the weights and biases themselves are the parameters, and the bracket is
1 + |φ^{l-1}|².

The law of Θ can be drawn without weights. Given signals s and what they gave, g = sW, the weights
are ``s gᵀ/|s|²`` plus a fresh matrix orthogonal to s, so a gradient goes back as ``Wδ = s
(g·δ)/|s|²`` plus a fresh Gaussian vector of variance σ_w²|δ|²/N orthogonal to s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.numerics.simulation.field_theory.activations import NumericActivation

__all__ = ["tangent_kernels", "tangent_kernels_in_law"]

Array = NDArray[np.float64]


def tangent_kernels(
    widths: Sequence[int],
    weight_variance: float,
    bias_variance: float,
    inputs: ArrayLike,
    activation: NumericActivation,
    networks: int,
    rng: np.random.Generator,
    parametrisation: str = "ntk",
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
    parametrisation : {"ntk", "standard"}
        What the gradient is taken with respect to.

    Returns
    -------
    ndarray, shape (networks,)

    Raises
    ------
    ValueError
        If the output is not scalar or the input has the wrong length.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.field_theory.activations import numeric_activation
    >>> tangent_kernels(
    ...     (4, 1), 1.0, 0.5, np.ones(4), numeric_activation("tanh"), 2, np.random.default_rng(1)
    ... )
    array([1.5, 1.5])
    """
    x = _input_of(widths, inputs)
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
        total += (delta**2).sum(1) * _of_parameters(
            below, weight_variance, bias_variance, parametrisation
        )
        if layer:
            delta = np.einsum("bij,bj->bi", weights[layer], delta) * activation.derivative(
                states[layer - 1]
            )
    return total


def tangent_kernels_in_law(
    widths: Sequence[int],
    weight_variance: float,
    bias_variance: float,
    inputs: ArrayLike,
    activation: NumericActivation,
    networks: int,
    rng: np.random.Generator,
    parametrisation: str = "ntk",
) -> Array:
    """Return Θ of one input from the exact law of signals and gradients: N numbers a layer, not N².

    Parameters, returns and errors are those of `tangent_kernels`.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.field_theory.activations import numeric_activation
    >>> tangent_kernels_in_law(
    ...     (4, 1), 1.0, 0.5, np.ones(4), numeric_activation("tanh"), 2, np.random.default_rng(1)
    ... )
    array([1.5, 1.5])
    """
    x = _input_of(widths, inputs)
    signals, driven, states = [np.broadcast_to(x, (networks, widths[0]))], [], []
    for width in widths[1:]:
        length = (signals[-1] ** 2).mean(1, keepdims=True)
        driven.append(rng.standard_normal((networks, width)) * np.sqrt(weight_variance * length))
        states.append(
            driven[-1] + rng.standard_normal((networks, width)) * math.sqrt(bias_variance)
            if bias_variance
            else driven[-1]
        )
        signals.append(activation.function(states[-1]))
    delta, total = np.ones((networks, 1)), np.zeros(networks)
    for layer in range(len(widths) - 2, -1, -1):
        below = signals[layer]
        total += (delta**2).sum(1) * _of_parameters(
            below, weight_variance, bias_variance, parametrisation
        )
        if layer:
            delta = _carried_back(
                below, driven[layer], delta, weight_variance, rng
            ) * activation.derivative(states[layer - 1])
    return total


def _carried_back(
    signal: Array, driven: Array, delta: Array, weight_variance: float, rng: np.random.Generator
) -> Array:
    """Wδ given that sW is known."""
    fresh = rng.standard_normal(signal.shape) * np.sqrt(
        weight_variance / signal.shape[1] * (delta**2).sum(1, keepdims=True)
    )
    length = (signal**2).sum(1, keepdims=True)
    along = (
        (driven * delta).sum(1, keepdims=True) - (signal * fresh).sum(1, keepdims=True)
    ) / np.where(length > 0, length, 1.0)
    return fresh + signal * along


def _of_parameters(
    below: Array, weight_variance: float, bias_variance: float, parametrisation: str
) -> Array:
    """Squared length of the gradient of one pre-activation with respect to its own weights and
    bias.
    """
    if parametrisation == "ntk":
        return np.asarray(bias_variance + weight_variance * (below**2).mean(1))
    if parametrisation == "standard":
        return np.asarray(1.0 + (below**2).sum(1))
    raise ValueError(f"the parametrisation is ntk or standard, got {parametrisation!r}")


def _input_of(widths: Sequence[int], inputs: ArrayLike) -> Array:
    """Return the input as an array, of the length that a network with a scalar output takes."""
    x = np.asarray(inputs, dtype=float)
    if widths[-1] != 1 or x.shape != (widths[0],):
        raise ValueError(
            f"give a scalar output (last width 1) and an input of length {widths[0]}; got widths "
            f"{tuple(widths)} and shape {x.shape}"
        )
    return x
