"""Monte Carlo of binary weights on layered networks: a whole layer at once.

The weights of one layer never share a path, so given the other layers they are independent and are
drawn together from their exact conditional law (heat bath). The state holds the products S_a = J_a
prod w of all paths; the field on a weight times the weight itself is the sum of S_a over its paths.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from neurenorm.graphs.paths import ActivePaths
from neurenorm.graphs.rendering import Tabulated

__all__ = ["HysteresisLoop", "PathMonteCarlo", "hysteresis"]

Array = NDArray[np.float64]


class PathMonteCarlo:
    """Heat bath on a layered network.

    Parameters
    ----------
    paths : ActivePaths
        With layers.
    J : array_like, shape (M,)
        Couplings.
    beta : float
        Inverse temperature.
    weights : array_like of ±1, shape (N,)
        First configuration.
    rng : numpy.random.Generator

    Examples
    --------
    >>> from neurenorm.graphs.paths import all_paths
    >>> network = all_paths((2, 2, 2, 2))
    >>> chain = PathMonteCarlo(network, np.ones(16), 5.0, np.ones(12), np.random.default_rng(0))
    >>> chain.energy
    -16.0
    """

    def __init__(
        self,
        paths: ActivePaths,
        J: ArrayLike,
        beta: float,
        weights: ArrayLike,
        rng: np.random.Generator,
    ) -> None:
        if not (math.isfinite(beta) and beta >= 0):
            raise ValueError(
                f"the inverse temperature must be zero or positive and finite, got {beta}"
            )
        signs = np.asarray(J, dtype=float)
        if signs.shape != (paths.count,) or not np.all(np.isfinite(signs)):
            raise ValueError(
                f"the couplings need one finite number for each of the {paths.count} paths, got "
                f"shape {signs.shape}"
            )
        self.paths, self.beta, self.rng = paths, float(beta), rng
        self.layers = paths.layers
        self.weights = np.array(weights, dtype=float)
        if self.weights.shape != (paths.size,) or not np.all(np.abs(self.weights) == 1):
            raise ValueError(
                f"the configuration needs one sign for each of the {paths.size} weights"
            )
        self.columns = [
            np.ascontiguousarray(paths.members[:, k] - layer.start)
            for k, layer in enumerate(self.layers)
        ]
        self.products = signs * self.weights[paths.members].prod(axis=1)

    @property
    def energy(self) -> float:
        """Energy of the present configuration."""
        return -float(self.products.sum())

    def sweep(self, times: int = 1) -> None:
        """Draw every weight anew, layer by layer, ``times`` times."""
        for _ in range(times):
            for layer, column in zip(self.layers, self.columns, strict=True):
                aligned = np.bincount(
                    column, weights=self.products, minlength=layer.stop - layer.start
                )
                flips = np.where(
                    self.rng.random(aligned.size) < expit(-2 * self.beta * aligned), -1.0, 1.0
                )
                self.weights[layer] *= flips
                self.products *= flips[column]

    def measure(self, sweeps: int, reference: ArrayLike) -> tuple[Array, Array]:
        """Sweep on and return, for every copy of the network, the mean overlap with a reference and
        the mean energy, per remaining weight.

        Parameters
        ----------
        sweeps : int
        reference : array_like of ±1, shape (N,)
        """
        if sweeps < 1 or not self.paths.remaining:
            raise ValueError(
                f"a mean takes at least one sweep and one remaining weight, got {sweeps} sweeps "
                f"and {self.paths.remaining} weights"
            )
        copies = self.paths.copies
        aligned, energy = np.zeros(copies), np.zeros(copies)
        remaining = self._by_copy(self.paths.present.astype(float))
        seen = np.asarray(reference, dtype=float) * self.paths.present
        owner = self.columns[0] // ((self.layers[0].stop - self.layers[0].start) // copies)
        for _ in range(sweeps):
            self.sweep()
            aligned += self._by_copy(self.weights * seen)
            energy -= np.bincount(owner, weights=self.products, minlength=copies)
        return aligned / (sweeps * remaining), energy / (sweeps * remaining)

    def _by_copy(self, values: Array) -> Array:
        """Sum a quantity of the weights over each copy of the network."""
        return np.asarray(
            sum(values[layer].reshape(self.paths.copies, -1).sum(axis=1) for layer in self.layers)
        )


@dataclass(frozen=True)
class HysteresisLoop(Tabulated):
    """Overlap with the planted weights and energy, per remaining weight, along two histories.

    Parameters
    ----------
    rho : ndarray
        Removed fractions, increasing.
    overlap, energy : ndarray
        Starting from the planted weights and removing ever more.
    back_overlap, back_energy : ndarray
        Starting from random weights at the largest removal and restoring, in the order of ``rho``.
    paramagnet : ndarray
        Energy of the paramagnet of the same instance, -(paths left) tanh(beta) per remaining
        weight.
    """

    rho: Array
    overlap: Array
    energy: Array
    back_overlap: Array
    back_energy: Array
    paramagnet: Array


def hysteresis(
    paths: ActivePaths,
    J: ArrayLike,
    beta: float,
    planted: ArrayLike,
    removed: Sequence[float],
    rng: np.random.Generator,
    *,
    settle: int = 300,
    measured: int = 150,
) -> HysteresisLoop:
    """Remove weights step by step from the planted state, and restore them step by step from a
    random state.

    Every weight has a number of its own between 0 and 1 and is absent while the removed fraction is
    above it, so removals are nested.

    Examples
    --------
    >>> from neurenorm.graphs.paths import all_paths
    >>> loop = hysteresis(
    ...     all_paths((3, 3, 3)),
    ...     np.ones(27),
    ...     3.0,
    ...     np.ones(18),
    ...     [0.0, 0.9],
    ...     np.random.default_rng(0),
    ...     settle=10,
    ...     measured=10,
    ... )
    >>> loop.overlap.shape
    (2,)
    """
    rho = np.sort(np.asarray(removed, dtype=float))
    if rho.ndim != 1 or not rho.size or not np.all((rho >= 0) & (rho < 1)):
        raise ValueError(f"give a list of removed fractions from 0 to below 1, got {list(removed)}")
    if settle < 0 or measured < 1:
        raise ValueError(
            f"give at least 0 sweeps to settle and 1 to measure, got {settle} and {measured}"
        )
    order, signs = rng.random(paths.size), np.asarray(J, dtype=float)
    planted_signs = np.asarray(planted, dtype=float)
    if signs.shape != (paths.count,) or planted_signs.shape != (paths.size,):
        raise ValueError(
            f"give J for each of {paths.count} paths and planted weights for {paths.size}, got "
            f"shapes {signs.shape} and {planted_signs.shape}"
        )
    if not np.any(order >= rho[-1]):
        raise ValueError(f"a removed fraction of {rho[-1]} leaves no weight of this instance")

    def branch(sequence: Array, weights: Array) -> list[tuple[float, float, float]]:
        """Follow one history."""
        rows = []
        for fraction in sequence:
            gone = order < fraction
            alive = ~gone[paths.members].any(axis=1)
            chain = PathMonteCarlo(paths.without_weights(gone), signs[alive], beta, weights, rng)
            chain.sweep(settle)
            overlap, energy = chain.measure(measured, planted_signs)
            weights = chain.weights
            rows.append(
                (
                    float(overlap.mean()),
                    float(energy.mean()),
                    -alive.sum() * np.tanh(beta) / (~gone).sum(),
                )
            )
        return rows

    out = np.array(branch(rho, planted_signs))
    back = np.array(branch(rho[::-1], rng.choice([-1.0, 1.0], paths.size)))[::-1]
    return HysteresisLoop(rho, out[:, 0], out[:, 1], back[:, 0], back[:, 1], out[:, 2])
