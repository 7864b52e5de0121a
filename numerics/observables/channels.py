"""Entropy of a convolutional layer: pooled over positions, or position by position."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from neurenorm.numerics.observables.entropy import (
    BLOCKS,
    Array,
    EntropyEstimate,
    binary_entropy,
    jackknife,
)

__all__ = ["pooled_complexity"]


def pooled_complexity(states: ArrayLike) -> dict[str, EntropyEstimate]:
    """Return the two conventions of a convolutional layer, and the information about the position
    that separates them.

    Pooled over positions a channel has H2(mean p); each position on its own gives mean H2(p). The
    first is larger, by the mutual information of the state and the position.

    Parameters
    ----------
    states : array_like of 0 and 1, shape (samples, channels, ...positions)

    Returns
    -------
    dict of str to EntropyEstimate
        In bits: ``pooled`` (sum over channels of the pooled entropy), ``per_position`` (sum over
        channels of the mean over positions; times the number of positions it is the sum over all of
        them) and their difference ``position_information``.

    Examples
    --------
    >>> import numpy as np
    >>> states = np.zeros((10, 1, 2))
    >>> states[:2, 0, 0] = states[:8, 0, 1] = 1
    >>> {name: round(found.value, 7) for name, found in pooled_complexity(states).items()}
    {'pooled': 1.0, 'per_position': 0.7219281, 'position_information': 0.2780719}
    """
    array = np.asarray(states, dtype=float)
    if array.ndim < 3 or len(array) < 2:
        raise ValueError(
            "states of a convolutional layer have the shape (samples, channels, positions...), at "
            f"least two samples, got {array.shape}"
        )
    array = array.reshape(*array.shape[:2], -1)
    owner = np.arange(len(array)) * BLOCKS // len(array)
    left = np.array([_conventions(array[owner != b].mean(axis=0)) for b in np.unique(owner)])
    p, samples = array.mean(axis=0), len(array)
    single = 1 / (2 * samples * math.log(2))
    apart = single * float(np.sum((p > 0) & (p < 1))) / p.shape[1]
    notes = (
        f"low by less than {p.shape[0] * single:.2g} bits",
        f"low by about {apart:.2g} bits",
        f"high by up to {apart:.2g} bits",
    )
    values, names = _conventions(p), ("pooled", "per_position", "position_information")
    return {
        name: EntropyEstimate(
            values[i], jackknife(left[:, i]), "plug-in", float(p.shape[0]), notes[i]
        )
        for i, name in enumerate(names)
    }


def _conventions(p: Array) -> tuple[float, float, float]:
    """Pooled entropy, mean entropy by position, and their difference, of shares of shape (channels,
    positions).
    """
    pooled, apart = (
        float(binary_entropy(p.mean(axis=1)).sum()),
        float(binary_entropy(p).mean(axis=1).sum()),
    )
    return pooled, apart, pooled - apart
