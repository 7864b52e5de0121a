"""Attention of explicit networks: real scores, real softmax, and the way back through them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scores", "attended_back"]

Array = NDArray[np.float64]


@dataclass
class Scores:
    """The weights of positions that come from a signal, shape (n, P, P).

    Examples
    --------
    >>> Scores.of(np.ones((1, 2, 3)), 1.0, "softmax", causal=True).weights.tolist()
    [[[1.0, 0.0], [0.5, 0.5]]]
    """

    weights: Array
    scale: float
    function: str

    @classmethod
    def of(cls, source: Array, scale: float, function: str, causal: bool) -> Scores:
        """Scores scale × h_x·h_c/d of a signal (n, P, d), and what softmax makes of them."""
        scores = scale * source @ np.swapaxes(source, 1, 2) / source.shape[2]
        return cls(weights_of(scores, function, causal), scale, function)


def weights_of(scores: Array, function: str, causal: bool) -> Array:
    """Rows of weights; hidden positions have none."""
    seen = np.tri(scores.shape[-1], dtype=bool) if causal else np.ones(scores.shape[-2:], bool)
    if function == "linear":
        return np.asarray(np.where(seen, scores, 0.0))
    grown = np.where(seen, np.exp(scores - scores.max(-1, keepdims=True)), 0.0)
    return np.asarray(grown / grown.sum(-1, keepdims=True))


def scores_back(weights: Array, function: str, back: Array) -> Array:
    """The gradient of the scores from that of the weights."""
    if function == "linear":
        return np.asarray(np.where(weights != 0, back, 0.0))
    return np.asarray(weights * (back - (back * weights).sum(-1, keepdims=True)))


def attended_back(scores: Scores, values: Array, source: Array, delta: Array) -> list[Array]:
    """Gradients of the values and of the signal that the scores come from."""
    back = scores_back(scores.weights, scores.function, delta @ np.swapaxes(values, 1, 2))
    both = scores.scale * (back + np.swapaxes(back, 1, 2)) / source.shape[2]
    return [np.swapaxes(scores.weights, 1, 2) @ delta, both @ source]
