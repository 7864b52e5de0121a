"""Hamiltonian Monte Carlo for a density exp(-S): S and its gradient are all it knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.estimate import Estimate

__all__ = ["HamiltonianRun", "hamiltonian_samples"]

Array = NDArray[np.float64]
Action = Callable[[Array], Array]
_TARGET = 0.85


@dataclass(frozen=True)
class HamiltonianRun(Tabulated):
    """Samples of independent chains.

    Attributes
    ----------
    samples : ndarray, shape (kept, chains, dimension)
    acceptance : Estimate
        Fraction of accepted proposals.
    step_size : float
        The leapfrog step that the warm-up settled on.
    """

    samples: Array
    acceptance: Estimate
    step_size: float

    def mean(self, observable: Callable[[Array], Array]) -> Estimate:
        """Average of an observable of states (last axis: dimension); chains are the independent
        blocks.
        """
        return Estimate.from_blocks(np.asarray(observable(self.samples)).mean(axis=0))


def hamiltonian_samples(
    action: Action,
    gradient: Action,
    start: ArrayLike,
    rng: np.random.Generator,
    *,
    kept: int = 200,
    warmup: int = 200,
    leapfrog: int = 12,
    step_size: float = 0.1,
) -> HamiltonianRun:
    """Sample exp(-S) by Hamiltonian dynamics in many independent chains at once.

    Each proposal follows ``H = S(z) + |p|²/2`` by leapfrog steps from a fresh momentum and is
    accepted with probability ``min(1, exp(-ΔH))``. During warm-up the step size is tuned to an
    acceptance of 0.85; it is fixed afterwards, so that detailed balance holds. The step is jittered
    by 20 % against resonances.

    Parameters
    ----------
    action : callable
        S, from states of shape (chains, dimension) to (chains,).
    gradient : callable
        Its gradient, from and to shape (chains, dimension).
    start : array_like, shape (chains, dimension)
        Initial states.
    rng : numpy.random.Generator
    kept, warmup : int
        Number of proposals kept and spent before.
    leapfrog : int
        Steps per proposal.
    step_size : float
        Initial step.

    Returns
    -------
    HamiltonianRun

    Raises
    ------
    ValueError
        If the shapes do not fit or the action is not finite at the start.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> run = hamiltonian_samples(lambda z: (z**2).sum(-1) / 2, lambda z: z, np.zeros((50, 3)), rng)
    >>> bool(abs(run.mean(lambda z: z[..., 0] ** 2).value - 1) < 0.1)
    True
    """
    state = np.array(start, dtype=float)
    if state.ndim != 2 or state.shape[0] < 2:
        raise ValueError(
            f"start has shape (chains, dimension) with at least 2 chains, got {state.shape}"
        )
    energy = np.asarray(action(state))
    if energy.shape != state.shape[:1] or not np.all(np.isfinite(energy)):
        raise ValueError(
            "the action of the start states is a finite number for each chain; choose other start "
            "states"
        )
    samples, accepted = np.empty((kept, *state.shape)), np.zeros((kept, state.shape[0]))
    for sweep in range(-warmup, kept):
        step = step_size * (0.8 + 0.4 * rng.random())
        momentum = rng.standard_normal(state.shape)
        proposal, final = _trajectory(gradient, state, momentum, step, leapfrog)
        fresh = np.asarray(action(proposal))
        loss = fresh - energy + ((final**2).sum(-1) - (momentum**2).sum(-1)) / 2
        taken = np.log(rng.random(loss.shape)) < -np.where(np.isfinite(loss), loss, np.inf)
        state, energy = np.where(taken[:, None], proposal, state), np.where(taken, fresh, energy)
        if sweep < 0:
            step_size *= float(np.exp(0.1 * (taken.mean() - _TARGET)))
        else:
            samples[sweep], accepted[sweep] = state, taken
    return HamiltonianRun(samples, Estimate.from_blocks(accepted.mean(axis=0)), step_size)


def _trajectory(
    gradient: Action, state: Array, momentum: Array, step: float, count: int
) -> tuple[Array, Array]:
    """Leapfrog: half a kick, then drifts and kicks."""
    momentum = momentum - step / 2 * gradient(state)
    for i in range(count):
        state = state + step * momentum
        momentum = momentum - step * (0.5 if i == count - 1 else 1.0) * gradient(state)
    return state, momentum
