"""A deep fully connected tanh network that predicts spins at several distances, trained by Adam on
fresh samples.

The network sees the spins 1 … N of an open chain and has one linear output (logit) a_m per distance
r_m; the loss is the sum over m of E[ln 2 cosh a_m − e_m a_m], e_m the spin N + r_m. Where it has
learned, tanh a_m is the mean of e_m given the spins; the coupling that an output shows is artanh of
the mean of s_N tanh a_m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.simulation.ising_correspondence.chains import sample_packed_chains

__all__ = ["DeepFit", "train_deep_network"]

Array = NDArray[np.float64]

_BATCH = 1024
_RATE = 3e-3
_HELD_OUT = 2**14  # chains on which a trained network is judged


@dataclass(frozen=True, eq=False)
class DeepFit(Tabulated):
    """A trained deep network.

    Parameters
    ----------
    distances : tuple of int
    couplings : ndarray
        Estimated coupling at every distance, after training.
    untrained : ndarray
        The same before training.
    output_error : ndarray
        Root mean square deviation of every output from its mean response s_N E[s_N tanh a], over
        held-out chains.
    losses : ndarray
        Loss of every batch, in nats.
    """

    distances: tuple[int, ...]
    couplings: Array
    untrained: Array
    output_error: Array
    losses: Array


def train_deep_network(
    K: float,
    distances: Sequence[int],
    rng: np.random.Generator,
    N: int = 8,
    hidden: Sequence[int] = (32, 32),
    steps: int = 8000,
) -> DeepFit:
    """Train the network, halving the rate every sixteenth of the time in the second half.

    Parameters
    ----------
    K : float
        Coupling of the chain.
    distances : sequence of int
        Distances r_m of the predicted spins from the last one seen.
    rng : numpy.random.Generator
    N : int
        Number of spins seen.
    hidden : sequence of int
        Widths of the hidden layers.
    steps : int
        Batches of 1024 fresh samples.

    Returns
    -------
    DeepFit

    Raises
    ------
    ValueError
        If a distance, a width or a number of steps is not positive.

    Examples
    --------
    >>> fit = train_deep_network(1.0, (1, 2), np.random.default_rng(1), hidden=(8,), steps=400)
    >>> bool(np.abs(fit.couplings - [1.0, 0.6625]).max() < 0.15)
    True
    """
    if min(*distances, *hidden, N, steps) < 1:
        raise ValueError(
            "distances, widths, the number of spins and the number of steps must be positive"
        )
    layers = _random_layers([N, *hidden, len(distances)], rng)
    adam = [[np.zeros_like(part), np.zeros_like(part)] for layer in layers for part in layer]
    untrained, _ = _judged(layers, K, distances, N, rng)
    losses = np.empty(steps)
    for step in range(steps):
        seen, target = _batch(K, distances, N, _BATCH, rng)
        losses[step], gradients = _loss_gradient(layers, seen, target)
        rate = _RATE * 0.5 ** max(0, (2 * step - steps) * 8 // steps)
        _adam_step([part for layer in layers for part in layer], gradients, adam, rate, step + 1)
    couplings, error = _judged(layers, K, distances, N, rng)
    return DeepFit(tuple(distances), couplings, untrained, error, losses)


def _random_layers(widths: Sequence[int], rng: np.random.Generator) -> list[list[Array]]:
    """Return weights of variance 1/width and zero biases."""
    return [
        [rng.standard_normal((fan, out)) / np.sqrt(fan), np.zeros(out)]
        for fan, out in pairwise(widths)
    ]


def _batch(
    K: float, distances: Sequence[int], N: int, count: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return fresh chains: the spins seen, and the spins to be predicted."""
    spins = sample_packed_chains(K, N + max(distances), count, rng).unpacked()
    return spins[:, :N].astype(float), spins[:, [N + r - 1 for r in distances]].astype(float)


def _forward(layers: Sequence[Sequence[Array]], seen: Array) -> list[Array]:
    """Return the activations of every layer, the logits last."""
    activations = [seen]
    for k, (weights, biases) in enumerate(layers):
        field = activations[-1] @ weights + biases
        activations.append(np.tanh(field) if k + 1 < len(layers) else field)
    return activations


def _loss_gradient(
    layers: Sequence[Sequence[Array]], seen: Array, target: Array
) -> tuple[float, list[Array]]:
    """Return the loss of a batch and its gradient with respect to all weights and biases."""
    activations = _forward(layers, seen)
    logits = activations[-1]
    size = np.abs(logits)
    loss = float((size + np.log1p(np.exp(-2 * size)) - target * logits).sum() / len(seen))
    error = (np.tanh(logits) - target) / len(seen)
    gradients: list[Array] = []
    for k in reversed(range(len(layers))):
        gradients = [activations[k].T @ error, error.sum(axis=0), *gradients]
        if k:
            error = (error @ layers[k][0].T) * (1 - activations[k] ** 2)
    return loss, gradients


def _adam_step(
    parts: Sequence[Array],
    gradients: Sequence[Array],
    moments: Sequence[list[Array]],
    rate: float,
    step: int,
) -> None:
    """Update all weights and biases in place."""
    for part, gradient, moment in zip(parts, gradients, moments, strict=True):
        moment[0] += 0.1 * (gradient - moment[0])
        moment[1] += 0.001 * (gradient * gradient - moment[1])
        part -= (
            rate * (moment[0] / (1 - 0.9**step)) / (np.sqrt(moment[1] / (1 - 0.999**step)) + 1e-8)
        )


def _judged(
    layers: Sequence[Sequence[Array]],
    K: float,
    distances: Sequence[int],
    N: int,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Return the coupling at every distance, and how far single outputs scatter, on fresh
    chains.
    """
    seen, _ = _batch(K, distances, N, _HELD_OUT, rng)
    aligned = seen[:, -1:] * np.tanh(_forward(layers, seen)[-1])
    return np.arctanh(aligned.mean(axis=0)), aligned.std(axis=0)
