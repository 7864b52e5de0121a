"""Training dynamics: a small NumPy trainer for multilayer perceptrons, and the observables of their
layers against epochs.

Networks of rectifiers (He initialisation, softmax cross-entropy) are trained by Adam on
mini-batches; complexity and effective dimension of every hidden layer are taken on the training
inputs. True against random labels tells what of the observables belongs to the structure of the
data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.arguments import listed
from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.measure.network.model import Model, Operation
from neurenorm.numerics.observables.dimension import covariance_spectrum, effective_dimension
from neurenorm.numerics.observables.entropy import layer_complexity
from neurenorm.numerics.observables.states import PackedStates

__all__ = ["History", "Perceptron", "digits", "train"]

Array = NDArray[np.float64]


def digits(
    random_labels: bool = False, rng: np.random.Generator | None = None
) -> tuple[Array, NDArray[np.int64]]:
    """Return scikit-learn's 1797 handwritten digits, scaled to the unit interval and centred, with
    their labels or with labels drawn at random.

    Parameters
    ----------
    random_labels : bool
    rng : numpy.random.Generator, optional
        Draws the labels.

    Returns
    -------
    inputs of shape (1797, 64), labels of shape (1797,)

    Raises
    ------
    ImportError
        Without scikit-learn.
    """
    try:
        datasets = import_module("sklearn.datasets")
    except ImportError as error:
        raise ImportError(
            "the digits come with scikit-learn: install the extra with pip install "
            "'neurenorm[networks]'"
        ) from error
    x, labels = datasets.load_digits(return_X_y=True)
    x = x / 16.0
    if random_labels:
        labels = (rng if rng is not None else np.random.default_rng(0)).integers(0, 10, len(labels))
    return x - x.mean(axis=0), np.asarray(labels, dtype=np.int64)


class Perceptron:
    """A multilayer perceptron of rectifiers.

    Parameters
    ----------
    widths : sequence of int
        Inputs, hidden layers, classes.
    rng : numpy.random.Generator

    Examples
    --------
    >>> net = Perceptron((4, 8, 3), np.random.default_rng(1))
    >>> [h.shape for h in net.preactivations(np.ones((2, 4)))]
    [(2, 8), (2, 3)]
    """

    def __init__(self, widths: Sequence[int], rng: np.random.Generator) -> None:
        if len(widths) < 3 or any(width < 1 for width in widths):
            raise ValueError(
                "a perceptron has inputs, at least one hidden layer and outputs, all at least one "
                f"wide; got {tuple(widths)}"
            )
        self.widths = tuple(widths)
        self.weights = [rng.standard_normal((a, b)) * math.sqrt(2 / a) for a, b in pairwise(widths)]
        self.biases = [np.zeros(b) for b in widths[1:]]

    def preactivations(self, x: Array) -> list[Array]:
        """Return the pre-activations of every layer; the last are the logits."""
        found = [x @ self.weights[0] + self.biases[0]]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            found.append(np.maximum(found[-1], 0) @ weight + bias)
        return found

    def gradients(self, x: Array, labels: NDArray[np.int64]) -> list[Array]:
        """Return the gradients of the mean cross-entropy: of all weights, then of all biases."""
        x, labels = _checked(x, labels, self.widths)
        layers = self.preactivations(x)
        logits = layers[-1] - layers[-1].max(axis=1, keepdims=True)
        error = np.exp(logits)
        error /= error.sum(axis=1, keepdims=True)
        error[np.arange(len(x)), labels] -= 1
        error /= len(x)
        weights, biases = [], []
        for layer in range(len(self.weights) - 1, -1, -1):
            below = x if layer == 0 else np.maximum(layers[layer - 1], 0)
            weights.append(below.T @ error)
            biases.append(error.sum(axis=0))
            if layer:
                error = (error @ self.weights[layer].T) * (layers[layer - 1] > 0)
        return weights[::-1] + biases[::-1]

    def model(self) -> Model:
        """Return the network as a `Model`, for the same measurements as on a network of a user."""
        operations: list[Operation] = []
        constants: dict[str, Array] = {}
        name = "x"
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True), 1):
            constants |= {f"w{i}": weight, f"b{i}": bias}
            operations.append(Operation(f"dense{i}", "Gemm", (name, f"w{i}", f"b{i}"), (f"h{i}",)))
            if i < len(self.weights):
                operations.append(Operation(f"relu{i}", "Relu", (f"h{i}",), (f"z{i}",)))
            name = f"z{i}"
        return Model(
            operations, constants, "x", (self.weights[0].shape[0],), (f"h{len(self.weights)}",)
        )


@dataclass(frozen=True)
class History(Tabulated):
    """Observables of the hidden layers against epochs.

    Attributes
    ----------
    epochs : ndarray, shape (times,)
    bits : ndarray, shape (times, layers)
        Sum over the units of a layer of their complexity.
    dimension : ndarray, shape (times, layers)
        Effective dimension behind the activation.
    accuracy : ndarray, shape (times,)
        On the training inputs.
    network : Perceptron
        After the last epoch.
    """

    epochs: NDArray[np.int64]
    bits: Array
    dimension: Array
    accuracy: Array
    network: Perceptron


def train(
    x: ArrayLike,
    labels: ArrayLike,
    widths: Sequence[int],
    rng: np.random.Generator,
    epochs: int = 200,
    batch: int = 64,
    rate: float = 1e-3,
    record: Sequence[int] | None = None,
) -> History:
    """Train a perceptron and record the observables of its hidden layers.

    Parameters
    ----------
    x : array_like, shape (samples, inputs)
    labels : array_like of int, shape (samples,)
        Classes from 0.
    widths : sequence of int
        Inputs, hidden layers, classes.
    rng : numpy.random.Generator
    epochs, batch : int
    rate : float
        Of Adam.
    record : sequence of int, optional
        Epochs after which to record (0: before training); by default the first and the last.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If inputs, labels and widths do not fit together or a number is not finite.

    Examples
    --------
    >>> x = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> history = train(
    ...     x, [0, 1, 0, 1], (2, 16, 2), np.random.default_rng(1), epochs=60, batch=4, rate=0.05
    ... )
    >>> float(history.accuracy[-1])
    1.0
    """
    inputs, classes = _checked(x, labels, widths)
    if epochs < 0 or batch < 1:
        raise ValueError(f"epochs are at least 0 and a batch at least 1, got {epochs} and {batch}")
    network = Perceptron(widths, rng)
    times = sorted(set(record if record is not None else (0, epochs)))
    adam, rows = _Adam(network, rate), []
    for epoch in range(epochs + 1):
        if epoch in times:
            rows.append((epoch, *_observed(network, inputs, classes)))
        if epoch < epochs:
            order = rng.permutation(len(inputs))
            for start in range(0, len(inputs), batch):
                part = order[start : start + batch]
                adam.step(network.gradients(inputs[part], classes[part]))
    steps, bits, dimension, accuracy = zip(*rows, strict=True)
    return History(
        np.array(steps), np.array(bits), np.array(dimension), np.array(accuracy), network
    )


def _checked(
    x: ArrayLike, labels: ArrayLike, widths: Sequence[int]
) -> tuple[Array, NDArray[np.int64]]:
    """Inputs and classes that fit the widths."""
    widths = listed(widths, "widths", 2)
    inputs, classes = np.asarray(x, dtype=float), np.asarray(labels)
    if inputs.ndim != 2 or inputs.shape[1] != widths[0] or classes.shape != (len(inputs),):
        raise ValueError(
            f"inputs have shape (samples, {widths[0]}) and labels (samples,), got {inputs.shape} "
            f"and {classes.shape}"
        )
    if not np.all(np.isfinite(inputs)):
        raise ValueError("an input is not finite")
    if classes.dtype.kind not in "iu" or classes.min() < 0 or classes.max() >= widths[-1]:
        raise ValueError(f"labels are integers from 0 to {widths[-1] - 1}")
    return inputs, classes.astype(np.int64)


class _Adam:
    """Adam with its usual constants."""

    def __init__(self, network: Perceptron, rate: float) -> None:
        self.parameters, self.rate, self.steps = network.weights + network.biases, rate, 0
        self.first, self.second = ([np.zeros_like(p) for p in self.parameters] for _ in range(2))

    def step(self, gradients: Sequence[Any]) -> None:
        """Move all parameters in place."""
        self.steps += 1
        scale = self.rate * math.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= scale * m / (np.sqrt(v) + 1e-8)


def _observed(
    network: Perceptron, x: Array, labels: NDArray[np.int64]
) -> tuple[list[float], list[float], float]:
    """Bits and dimensions of the hidden layers, and the accuracy."""
    *hidden, logits = network.preactivations(x)
    bits = [layer_complexity(PackedStates(h.shape[1]).add(h)).total for h in hidden]
    dimensions = [effective_dimension(covariance_spectrum(np.maximum(h, 0))) for h in hidden]
    return bits, dimensions, float(np.mean(logits.argmax(axis=1) == labels))
