"""Activations and their derivatives written by hand in NumPy: part of the simulated model,
independent of the symbolic theory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit, log_ndtr

__all__ = ["NAMED", "NumericActivation", "numeric_activation"]

Array = NDArray[np.float64]
Function = Callable[[Array], Array]


class NumericActivation(NamedTuple):
    """A function and its derivative, both from arrays to arrays."""

    function: Function
    derivative: Function


def _normal_density(x: Array) -> Array:
    """Density of the standard normal law."""
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def _normal_law(x: Array) -> Array:
    """Distribution function of the standard normal law."""
    return np.exp(log_ndtr(x))


SELU, SELU_ALPHA = 1.0507009873554804934, 1.6732632423543772848
"""Of Klambauer and others (2017): zero mean and unit variance are kept at (1, 0)."""

NAMED: dict[str, NumericActivation] = {
    "linear": NumericActivation(lambda x: x, np.ones_like),
    "relu": NumericActivation(lambda x: np.maximum(x, 0.0), lambda x: (x > 0).astype(float)),
    "leaky": NumericActivation(
        lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1.0, 0.1)
    ),
    "abs": NumericActivation(np.abs, np.sign),
    "erf": NumericActivation(erf, lambda x: 2 / np.sqrt(np.pi) * np.exp(-x * x)),
    "sin": NumericActivation(np.sin, np.cos),
    "cos": NumericActivation(np.cos, lambda x: -np.sin(x)),
    "gelu": NumericActivation(
        lambda x: x * _normal_law(x), lambda x: _normal_law(x) + x * _normal_density(x)
    ),
    "tanh": NumericActivation(np.tanh, lambda x: 1 / np.cosh(np.clip(x, -300, 300)) ** 2),
    "sigmoid": NumericActivation(expit, lambda x: expit(x) * expit(-x)),
    "softplus": NumericActivation(lambda x: np.logaddexp(0.0, x), expit),
    "swish": NumericActivation(lambda x: x * expit(x), lambda x: expit(x) * (1 + x * expit(-x))),
    "heaviside": NumericActivation(lambda x: np.heaviside(x, 0.5), np.zeros_like),
    "sign": NumericActivation(np.sign, np.zeros_like),
    "softsign": NumericActivation(
        lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2
    ),
    "elu": NumericActivation(
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
        lambda x: np.exp(np.minimum(x, 0.0)),
    ),
    "selu": NumericActivation(
        lambda x: SELU * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0.0))),
        lambda x: SELU * np.where(x > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(x, 0.0))),
    ),
    "hardtanh": NumericActivation(
        lambda x: np.clip(x, -1.0, 1.0), lambda x: (np.abs(x) < 1).astype(float)
    ),
}


def numeric_activation(name: str) -> NumericActivation:
    """Return a named activation with its derivative (zero at jumps, where the true one is a delta).

    Parameters
    ----------
    name : str
        A key of `NAMED`.

    Returns
    -------
    NumericActivation

    Raises
    ------
    ValueError
        If the name is unknown; an expression is compiled elsewhere and passed in as a
        `NumericActivation`.

    Examples
    --------
    >>> numeric_activation("relu").function(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    if name not in NAMED:
        raise ValueError(
            f"no activation named {name!r} is written here; named ones: {', '.join(NAMED)}. Pass "
            "any other as NumericActivation(function, derivative)"
        )
    return NAMED[name]
