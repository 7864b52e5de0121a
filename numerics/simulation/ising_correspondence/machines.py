"""Restricted Boltzmann machines with ±1 units and no biases, trained on the exact divergence from a
given law.

Joint weight exp(Σ v W h). Summing the hidden units gives the model's law p(v) ∝ Π_j 2 cosh((v
W)_j), and training lowers KL = Σ P ln(P/p), whose gradient over all 2^N configurations is Vᵀ((p −
P)·tanh(V W)). The best machine often lies at infinite weights, and many descents end in other
minima, so training starts many times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize
from tqdm import tqdm

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.simulation.ising_correspondence.chains import spin_table

__all__ = [
    "LARGEST_MACHINE",
    "Machine",
    "TrainedMachine",
    "TrainingCurve",
    "bond_machine_weights",
    "half_width_weights",
    "train_machine",
    "train_machine_stack",
    "training_curve",
]

Array = NDArray[np.float64]

LARGEST_MACHINE = 12
"""Most units, visible or hidden, that are enumerated."""

ACCEPT = 1e-9
_ROUGH = 1e-5  # a divergence below which a descent is followed to its end
_SPREAD = 0.3  # standard deviation of the weights at the start


@dataclass(frozen=True, eq=False)
class Machine(Tabulated):
    """A restricted Boltzmann machine.

    Parameters
    ----------
    weights : ndarray, shape (visible, hidden)

    Raises
    ------
    ValueError
        If there are too many units to enumerate, or a weight is not finite.

    Examples
    --------
    >>> machine = Machine(half_width_weights(1.0, 8, 6.0))
    >>> round(float(machine.hidden_correlations()[0, 1]), 10)
    0.6963474746
    """

    weights: Array

    def __post_init__(self) -> None:
        """Check the weights."""
        weights = np.asarray(self.weights, dtype=float)
        if weights.ndim != 2 or not np.all(np.isfinite(weights)):
            raise ValueError(
                "the weights of a machine are a finite matrix of shape (visible, hidden)"
            )
        _check_size(max(weights.shape))
        object.__setattr__(self, "weights", weights)

    def log_trace(self) -> Array:
        """Return ln Tr_h exp(v W h) for every visible configuration, in the order of
        `spin_table`.
        """
        return _log_cosh_sum(spin_table(self.weights.shape[0]) @ self.weights)

    def visible_law(self) -> Array:
        """Return the model's law of the visible units, shape (2^visible,)."""
        return _normalised(self.log_trace())

    def hidden_law(self, data: ArrayLike | None = None) -> Array:
        """Return the law of the hidden units, shape (2^hidden,): the model's own, or averaged over
        the data's law.
        """
        visible, hidden = self.weights.shape
        if data is None:
            return _normalised(_log_cosh_sum(spin_table(hidden) @ self.weights.T))
        fields = spin_table(visible) @ self.weights
        law = np.asarray(data, dtype=float).ravel()[:, None]
        for j in range(hidden):
            up = (1 + np.tanh(fields[:, j : j + 1])) / 2
            law = np.stack([law * up, law * (1 - up)], axis=2).reshape(len(fields), -1)
        return np.asarray(law.sum(axis=0))

    def hidden_correlations(self, data: ArrayLike | None = None) -> Array:
        """Return the matrix of ⟨h_a h_b⟩ in the model, or over the data."""
        spins = spin_table(self.weights.shape[1]).astype(float)
        return np.asarray(spins.T @ (spins * self.hidden_law(data)[:, None]))

    def divergence(self, data: ArrayLike) -> float:
        """Return KL(data ‖ model) in nats; zero probabilities of the data count as zero."""
        law = np.asarray(data, dtype=float).ravel()
        log_model = self.log_trace()
        log_model = log_model - _log_sum(log_model)
        seen = law > 0
        return float(law[seen] @ (np.log(law[seen]) - log_model[seen]))

    def trace_spread(self, data: ArrayLike) -> float:
        """Return by how much ln Tr_h e^T varies over the configurations, T = v W h − ln P(v) with
        the data law P.

        The variational renormalization is exact where this is zero: the trace of e^T is then 1 up
        to a constant.
        """
        law = np.asarray(data, dtype=float).ravel()
        if law.min() <= 0:
            raise ValueError(
                "the trace condition needs a positive probability for every configuration"
            )
        return float(np.ptp(self.log_trace() - np.log(law)))

    def copied_sites(self) -> list[int]:
        """Return, for every hidden unit, the visible unit that it copies: different ones, of
        largest weights in all.
        """
        if self.weights.shape[1] > self.weights.shape[0]:
            raise ValueError("more hidden than visible units cannot copy a site each")
        units, sites = optimize.linear_sum_assignment(-np.abs(self.weights.T))
        return [int(site) for site in sites[np.argsort(units)]]

    def gauged(self) -> Machine:
        """Return the same machine with hidden units ordered by the site they copy, and that weight
        positive.
        """
        sites = np.array(self.copied_sites())
        columns = self.weights * np.where(self.weights[sites, np.arange(len(sites))] < 0, -1.0, 1.0)
        return Machine(columns[:, np.argsort(sites, kind="stable")])


@dataclass(frozen=True, eq=False)
class TrainedMachine(Tabulated):
    """The best machine of several starts.

    Parameters
    ----------
    machine : Machine
        In its gauge.
    divergence : float
        In nats.
    starts : int
        Descents made.
    divergences : ndarray
        Where each of them ended.
    """

    machine: Machine
    divergence: float
    starts: int
    divergences: Array

    @property
    def accepted(self) -> bool:
        """Whether the data law was represented exactly, up to rounding."""
        return self.divergence < 10 * ACCEPT


def half_width_weights(K: float, N: int, tie: float) -> Array:
    """Return the weights of the half-width machine on a ring: ``tie`` to every second spin, K to
    its two neighbours.

    Examples
    --------
    >>> half_width_weights(1.0, 4, 5.0).tolist()
    [[5.0, 0.0], [1.0, 1.0], [0.0, 5.0], [1.0, 1.0]]
    """
    _check_ring(N)
    weights = np.zeros((N, N // 2))
    for j in range(N // 2):
        weights[2 * j, j] = tie
        weights[(2 * j + 1) % N, j] += K
        weights[(2 * j - 1) % N, j] += K
    return weights


def bond_machine_weights(w: float, N: int) -> Array:
    """Return the weights of the machine with a hidden unit on every bond of a ring.

    Examples
    --------
    >>> bond_machine_weights(1.0, 3).tolist()
    [[1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]
    """
    return np.asarray(w * (np.eye(N) + np.roll(np.eye(N), 1, axis=0)))


def train_machine(
    law: ArrayLike,
    hidden: int,
    rng: np.random.Generator,
    starts: int = 60,
    accept: float = ACCEPT,
    progress: bool | None = None,
) -> TrainedMachine:
    """Train a machine on a given law from many random starts, until one is exact.

    Parameters
    ----------
    law : array_like, shape (2,) * N or (2^N,)
        Law of the visible units.
    hidden : int
        Number of hidden units.
    rng : numpy.random.Generator
    starts : int
        Most descents.
    accept : float
        Divergence, in nats, at which the search stops.
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.

    Returns
    -------
    TrainedMachine

    Raises
    ------
    ValueError
        If the law is none, or there are more units than `LARGEST_MACHINE`.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.ising_correspondence.chains import chain_law
    >>> found = train_machine(chain_law(1.0, 4, "ring"), 2, np.random.default_rng(1))
    >>> found.accepted, sorted(found.machine.copied_sites()) in ([0, 2], [1, 3])
    (True, True)
    """
    target, visible = _checked_law(law)
    _check_size(max(visible, hidden))
    if hidden < 1 or starts < 1:
        raise ValueError(
            f"a machine needs at least one hidden unit and one start, got {hidden} and {starts}"
        )
    loss = _loss(target, visible, hidden)
    best, divergences = np.zeros(visible * hidden), list[float]()
    silent = None if progress is None else not progress
    for _ in tqdm(range(starts), desc="starts", unit="start", disable=silent, leave=False):
        weights, value = _descend(loss, _SPREAD * rng.standard_normal(visible * hidden))
        if not divergences or value < min(divergences):
            best = weights
        divergences.append(value)
        if value < accept:
            break
    machine = Machine(best.reshape(visible, hidden)).gauged()
    return TrainedMachine(machine, float(min(divergences)), len(divergences), np.array(divergences))


def train_machine_stack(
    law: ArrayLike, rng: np.random.Generator, starts: int = 60, progress: bool | None = None
) -> tuple[TrainedMachine, ...]:
    """Train a half-width machine, another on the law of its hidden units over the data, and so on
    down to two spins.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.ising_correspondence.chains import chain_law
    >>> stack = train_machine_stack(chain_law(1.0, 4, "ring"), np.random.default_rng(1))
    >>> [layer.machine.weights.shape for layer in stack]
    [(4, 2)]
    """
    data, visible = _checked_law(law)
    _check_ring(visible)
    layers: list[TrainedMachine] = []
    while visible >= 4 and visible % 2 == 0:
        layers.append(train_machine(data, visible // 2, rng, starts, progress=progress))
        data, visible = layers[-1].machine.hidden_law(data), visible // 2
    return tuple(layers)


@dataclass(frozen=True, eq=False)
class TrainingCurve(Tabulated):
    """A machine while it trains.

    Parameters
    ----------
    steps : ndarray of int
    divergence : ndarray
        In nats, at each of the steps.
    correlations : ndarray, shape (len(steps), pairs)
        |⟨h_a h_b⟩| over the data, of all pairs of hidden units, largest first.
    """

    steps: NDArray[np.int64]
    divergence: Array
    correlations: Array


def training_curve(
    law: ArrayLike,
    hidden: int,
    rng: np.random.Generator,
    steps: int = 2000,
    rate: float = 0.02,
    points: int = 60,
) -> TrainingCurve:
    """Train by Adam on the exact gradient and record divergence and hidden correlations on the way.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.ising_correspondence.chains import chain_law
    >>> curve = training_curve(chain_law(1.0, 4, "ring"), 2, np.random.default_rng(1), steps=300)
    >>> bool(curve.divergence[-1] < 0.05 < curve.divergence[0])
    True
    """
    target, visible = _checked_law(law)
    loss = _loss(target, visible, hidden)
    weights = _SPREAD * rng.standard_normal(visible * hidden)
    shown = np.unique(np.geomspace(1, steps, points).round().astype(np.int64))
    mean, square, rows = np.zeros_like(weights), np.zeros_like(weights), []
    for step in range(1, steps + 1):
        value, gradient = loss(weights)
        if step in shown:
            rows.append(
                (value, _pair_correlations(Machine(weights.reshape(visible, hidden)), target))
            )
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        weights = weights - rate * (mean / (1 - 0.9**step)) / (
            np.sqrt(square / (1 - 0.999**step)) + 1e-8
        )
    return TrainingCurve(
        shown, np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    )


def _pair_correlations(machine: Machine, data: Array) -> Array:
    """Return |⟨h_a h_b⟩| of all pairs over the data, largest first."""
    matrix = np.abs(machine.hidden_correlations(data))
    return np.asarray(np.sort(matrix[np.triu_indices(len(matrix), 1)])[::-1])


def _loss(target: Array, visible: int, hidden: int) -> Callable[[Array], tuple[float, Array]]:
    """Return the divergence and its gradient as a function of the flat weights."""
    spins = spin_table(visible).astype(float)
    entropy = float(target[target > 0] @ np.log(target[target > 0]))

    def value_and_gradient(flat: Array) -> tuple[float, Array]:
        """Return KL and its gradient."""
        fields = spins @ flat.reshape(visible, hidden)
        log_model = _log_cosh_sum(fields)
        log_z = _log_sum(log_model)
        model = np.exp(log_model - log_z)
        gradient = spins.T @ ((model - target)[:, None] * np.tanh(fields))
        return entropy - float(target @ log_model) + log_z, gradient.ravel()

    return value_and_gradient


def _descend(loss: Callable[[Array], tuple[float, Array]], start: Array) -> tuple[Array, float]:
    """Return the end of one descent, followed on only if it comes near zero."""
    options: dict[str, Any] = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-14, "gtol": 1e-9}
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    if found.fun < _ROUGH:
        found = optimize.minimize(
            loss, found.x, jac=True, method="BFGS", options={"maxiter": 2000, "gtol": 1e-11}
        )
    return np.asarray(found.x), max(float(found.fun), 0.0)


def _log_cosh_sum(fields: Array) -> Array:
    """Return Σ_j ln 2 cosh of each row, without overflow."""
    size = np.abs(fields)
    return np.asarray((size + np.log1p(np.exp(-2 * size))).sum(axis=1))


def _log_sum(logs: Array) -> float:
    """Return the logarithm of a sum of exponentials."""
    largest = float(logs.max())
    return largest + float(np.log(np.exp(logs - largest).sum()))


def _normalised(logs: Array) -> Array:
    """Return probabilities from log weights."""
    return np.asarray(np.exp(logs - _log_sum(logs)))


def _checked_law(law: ArrayLike) -> tuple[Array, int]:
    """Return a law as a flat array with its number of units, or say what is wrong with it."""
    flat = np.asarray(law, dtype=float).ravel()
    units = int(flat.size).bit_length() - 1
    if flat.size != 2**units or units < 1:
        raise ValueError(f"a law of ±1 units has 2^N entries, got {flat.size}")
    if not np.all(np.isfinite(flat)) or flat.min() < 0 or abs(flat.sum() - 1) > 1e-8:
        raise ValueError("a law must have non-negative entries that sum to 1")
    _check_size(units)
    return flat, units


def _check_size(units: int) -> None:
    """Refuse machines that cannot be enumerated."""
    if units > LARGEST_MACHINE:
        raise ValueError(
            f"the exact divergence enumerates 2^N configurations: at most {LARGEST_MACHINE} units, "
            f"got {units}; "
            "for longer chains train the causal stack on samples (train_causal_stack)"
        )


def _check_ring(N: int) -> None:
    """Refuse rings without a decimation by two."""
    if N % 2 or N < 4:
        raise ValueError(
            f"an odd ring has no b = 2 decimation: N must be even and at least 4, got {N}"
        )
