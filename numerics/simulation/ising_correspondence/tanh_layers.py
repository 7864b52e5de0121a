"""Fully connected tanh layers on ±1 data, trained to their optimum by Newton's method.

A unit tanh(W·s) that predicts a sign e is trained on the cross-entropy, in nats,

    loss(W) = E[ln 2 cosh(W·s) − e W·s] + (ridge/2) |W|²,

which is convex: the optimum is unique. The expectation is over samples, or over a law that is given
in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.simulation.ising_correspondence.chains import (
    chain_law,
    checked_signs,
    spin_table,
)

__all__ = [
    "CausalLayer",
    "TanhFit",
    "fit_tanh",
    "masked_layer",
    "prediction_problem",
    "train_causal_layer",
    "train_causal_stack",
]

Array = NDArray[np.float64]
Spins = NDArray[np.int8]

RIDGE = 1e-6
_STEPS = 60
_GRADIENT = 1e-11


@dataclass(frozen=True, eq=False)
class TanhFit(Tabulated):
    """A trained unit.

    Parameters
    ----------
    weights : ndarray
    loss : float
        Cross-entropy without the ridge, in nats.
    gradient : float
        Largest component of the gradient where training stopped.
    steps : int
        Newton steps taken.
    """

    weights: Array
    loss: float
    gradient: float
    steps: int


def fit_tanh(
    inputs: ArrayLike, target: ArrayLike, probability: ArrayLike | None = None, ridge: float = RIDGE
) -> TanhFit:
    """Train one tanh unit to its optimum.

    Parameters
    ----------
    inputs : array_like, shape (samples, N)
        Spins ±1, or any real features.
    target : array_like, shape (samples,)
        Signs, or their means given the inputs, between −1 and 1.
    probability : array_like, shape (samples,), optional
        Weight of each row; by default all rows weigh the same.
    ridge : float
        Keeps weights finite where the data are separable.

    Returns
    -------
    TanhFit

    Raises
    ------
    ValueError
        If shapes do not fit or a number is not finite.

    Examples
    --------
    >>> inputs, probability, target = prediction_problem(K=1.0, N=4, r=2)
    >>> fit_tanh(inputs, target, probability, ridge=0.0).weights.round(8) + 0.0
    array([0. , 0. , 0. , 0.66250137])
    """
    x, y = np.ascontiguousarray(inputs, dtype=float), np.asarray(target, dtype=float)
    mass = (
        np.full(len(x), 1 / len(x)) if probability is None else np.asarray(probability, dtype=float)
    )
    if x.ndim != 2 or y.shape != (len(x),) or mass.shape != y.shape:
        raise ValueError(f"inputs of shape {x.shape} need targets and weights of shape ({len(x)},)")
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y)) and np.all(np.isfinite(mass))):
        raise ValueError("inputs, targets and weights must be finite numbers")
    tilt = _pulled(x, mass * y)
    loss = _Loss(x, y, mass, ridge)
    weights = _best_single(tilt)
    field, value = loss(weights)
    curvature, before = None, np.inf
    for steps in range(_STEPS + 1):
        response = np.tanh(field)
        gradient = _pulled(x, mass * response) - tilt + ridge * weights
        size = float(np.abs(gradient).max(initial=0.0))
        if size < _GRADIENT or steps == _STEPS:
            break
        if (
            curvature is None or size > before / 10
        ):  # the old curvature serves as long as the gradient falls fast
            curvature = _factored_curvature(x, mass * (1 - response**2), ridge)
        weights, field, value = loss.descend(weights, value, linalg.cho_solve(curvature, gradient))
        before = size
    return TanhFit(weights, float(value - ridge / 2 * weights @ weights), size, steps)


class _Loss:
    """The loss of a unit, and steps down it."""

    def __init__(self, x: Array, y: Array, mass: Array, ridge: float) -> None:
        self.x, self.y, self.mass, self.ridge = x, y, mass, ridge

    def __call__(self, weights: Array) -> tuple[Array, float]:
        """Return the fields W·s and the loss, without overflow."""
        field = np.einsum("si,i->s", self.x, weights)
        size = np.abs(field)
        value = self.mass @ (size + np.log1p(np.exp(-2 * size)) - self.y * field)
        return field, float(value + self.ridge / 2 * weights @ weights)

    def descend(self, weights: Array, value: float, step: Array) -> tuple[Array, Array, float]:
        """Return weights, fields and loss after the longest of step, step/2, step/4 … that does not
        raise the loss.
        """
        for halving in range(40):
            trial = weights - step / 2**halving
            field, lower = self(trial)
            if lower <= value + 1e-15:
                break
        return trial, field, lower


def _best_single(tilt: Array) -> Array:
    """Return the weights that use only the input most correlated with the target."""
    weights = np.zeros(len(tilt))
    if len(tilt):
        best = int(np.abs(tilt).argmax())
        weights[best] = np.arctanh(np.clip(tilt[best], -0.999, 0.999))
    return weights


def _pulled(x: Array, weight: Array) -> Array:
    """Return x^T weight. Here and above einsum is as fast as a BLAS on one core, which splits such
    products over threads that wait for each other.
    """
    return np.asarray(np.einsum("si,s->i", x, weight))


def _gram(x: Array) -> Array:
    """Return x^T x, summed over blocks of rows that are too small to be split over threads."""
    rows = max(64, 2**18 // max(x.shape[1], 1) ** 2)
    total = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), rows):
        block = x[start : start + rows]
        total += block.T @ block
    return total


def _factored_curvature(x: Array, mass: Array, ridge: float) -> tuple[Array, bool]:
    """Return the Cholesky factor of the second derivative of the loss."""
    hessian = _gram(x * np.sqrt(mass)[:, None])
    hessian[np.diag_indices_from(hessian)] += max(ridge, 1e-14)
    factor: tuple[Array, bool] = linalg.cho_factor(hessian)
    return factor


def prediction_problem(K: float, N: int, r: int) -> tuple[Spins, Array, Array]:
    """Return the exact prediction problem on an open chain: see spins 1 … N, predict spin N + r.

    The law of N + r spins is enumerated; nothing is assumed about it.

    Returns
    -------
    inputs : ndarray of int8, shape (2^N, N)
    probability : ndarray, shape (2^N,)
    target : ndarray, shape (2^N,)
        Mean of the spin to be predicted, given the inputs.

    Examples
    --------
    >>> _, probability, target = prediction_problem(K=0.5, N=1, r=1)
    >>> probability.tolist(), target.round(10).tolist()
    ([0.5, 0.5], [0.4621171573, -0.4621171573])
    """
    if N < 1 or r < 1:
        raise ValueError(
            f"a prediction needs N >= 1 spins and a distance r >= 1, got N = {N}, r = {r}"
        )
    law = chain_law(K, N + r).reshape(2**N, 2 ** (r - 1), 2).sum(axis=1)
    probability = law.sum(axis=1)
    return spin_table(N), probability, (law[:, 0] - law[:, 1]) / probability


@dataclass(frozen=True, eq=False)
class CausalLayer(Tabulated):
    """One trained layer of a causal stack: output j sits at site b·j, sees sites 1 … b·j, and
    predicts site b·(j + 1).

    Parameters
    ----------
    weights : tuple of ndarray
        Of each output.
    losses : ndarray
        Cross-entropy of each output, in nats.
    outputs : ndarray of int8, shape (samples, outputs)
        Signs of the units.
    agreement : float
        Share of outputs that equal the spin they sit on.
    """

    weights: tuple[Array, ...]
    losses: Array
    outputs: Spins
    agreement: float

    @property
    def last(self) -> Array:
        """The trained weight of every output on the spin it sits on."""
        return np.array([weights[-1] for weights in self.weights])

    @property
    def others(self) -> float:
        """The largest weight, in size, on any other spin."""
        return max(
            (float(np.abs(weights[:-1]).max(initial=0.0)) for weights in self.weights), default=0.0
        )

    @property
    def loss(self) -> float:
        """Mean cross-entropy over the outputs, in nats."""
        return float(self.losses.mean())


def train_causal_layer(spins: ArrayLike, b: int = 2, ridge: float = RIDGE) -> CausalLayer:
    """Train one causal layer on samples.

    Parameters
    ----------
    spins : array_like, shape (samples, length)
        Values ±1.
    b : int
        Spacing of the outputs. An output whose target lies beyond the end of the chain is left out.
    ridge : float

    Returns
    -------
    CausalLayer

    Raises
    ------
    ValueError
        If a value is not ±1, or the chain is too short for one output and its target.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.ising_correspondence.chains import sample_packed_chains
    >>> spins = sample_packed_chains(1.0, 8, 20000, np.random.default_rng(1)).unpacked()
    >>> layer = train_causal_layer(spins, b=2)
    >>> layer.outputs.shape[1], bool(np.abs(layer.last - 0.6625).max() < 0.06)
    (3, True)
    """
    data = checked_signs(spins)
    if not isinstance(b, int) or b < 1:
        raise ValueError(f"outputs are spaced by a whole number b of at least 1, got {b}")
    outputs = data.shape[1] // b - 1
    if outputs < 1:
        raise ValueError(
            f"a chain of {data.shape[1]} spins is too short: one output and its target take {2 * b}"
        )
    table = data.astype(float)
    fits = [
        fit_tanh(table[:, : b * j], table[:, b * (j + 1) - 1], ridge=ridge)
        for j in range(1, outputs + 1)
    ]
    fields = np.stack(
        [np.einsum("si,i->s", table[:, : len(fit.weights)], fit.weights) for fit in fits], axis=1
    )
    signs = np.where(fields >= 0, 1, -1).astype(np.int8)
    agreement = float((signs == data[:, b - 1 : b * outputs : b]).mean())
    return CausalLayer(
        tuple(fit.weights for fit in fits), np.array([fit.loss for fit in fits]), signs, agreement
    )


def train_causal_stack(
    spins: ArrayLike, b: int = 2, depth: int = 4, ridge: float = RIDGE
) -> tuple[CausalLayer, ...]:
    """Train a stack layer by layer, each on the outputs of the one before.

    Parameters
    ----------
    spins : array_like, shape (samples, length)
    b : int
        Spacing of the outputs of a layer in its input.
    depth : int
        Number of layers; fewer are trained where the outputs run out.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.ising_correspondence.chains import sample_packed_chains
    >>> spins = sample_packed_chains(1.5, 16, 5000, np.random.default_rng(1)).unpacked()
    >>> [layer.outputs.shape[1] for layer in train_causal_stack(spins, b=2, depth=4)]
    [7, 2]
    """
    if not isinstance(depth, int) or depth < 1:
        raise ValueError(f"a stack has a whole number of layers, at least one, got depth {depth}")
    layers: list[CausalLayer] = []
    data = checked_signs(spins)
    for _ in range(depth):
        if layers and data.shape[1] // b < 2:
            break
        layers.append(train_causal_layer(data, b, ridge))
        data = layers[-1].outputs
    return tuple(layers)


def masked_layer(
    spins: ArrayLike, probability: ArrayLike | None = None, ridge: float = RIDGE
) -> Array:
    """Train every unit to predict its own spin from all the others; return the weight matrix, with
    zero diagonal.

    Parameters
    ----------
    spins : array_like, shape (rows, N)
        Samples, or a table of configurations with their probabilities.
    probability : array_like, shape (rows,), optional

    Examples
    --------
    The ring of six retained spins, every second of twelve:

    >>> law = chain_law(1.0, 12, "ring").reshape((2, 2) * 6).sum(axis=tuple(range(1, 12, 2)))
    >>> masked_layer(spin_table(6), law.ravel(), ridge=0.0)[0].round(6) + 0.0
    array([0.      , 0.662501, 0.      , 0.      , 0.      , 0.662501])
    """
    data = checked_signs(spins).astype(float)
    size = data.shape[1]
    matrix = np.zeros((size, size))
    for i in range(size):
        rest = np.arange(size) != i
        matrix[i, rest] = fit_tanh(data[:, rest], data[:, i], probability, ridge).weights
    return matrix
