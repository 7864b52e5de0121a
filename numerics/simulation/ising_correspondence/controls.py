"""Controls on the Ising chain: networks whose outputs decouple, or learn, without any
renormalization.

* A random dense layer: its outputs decouple as its input grows, untrained.
* A linear auto-encoder: its optimum keeps Fourier modes.
* A softmax over temperatures: it learns couplings and free energies, and nothing flows.
* Decimated spins with the best linear interpolation, to compare the auto-encoder with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, signal, special, stats

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.estimate import Estimate

__all__ = [
    "TemperatureFit",
    "autoencoder_loss",
    "chain_covariance",
    "dense_layer_correlations",
    "train_temperature_labels",
]

Array = NDArray[np.float64]


def chain_covariance(K: float, N: int, boundary: str = "open") -> Array:
    """Return ⟨s_i s_j⟩ of a chain: the product of the mean bond signs along the way, both ways on a
    ring.

    Examples
    --------
    >>> chain_covariance(0.5, 3)[0].round(6).tolist()
    [1.0, 0.462117, 0.213552]
    """
    if boundary not in ("open", "ring"):
        raise ValueError(f"the boundary must be 'open' or 'ring', got {boundary!r}")
    bond = (np.exp(K) - np.exp(-K)) / (np.exp(K) + np.exp(-K))
    way = np.abs(np.subtract.outer(np.arange(N), np.arange(N)))
    if boundary == "open":
        return np.asarray(bond**way)
    return np.asarray((bond**way + bond ** (N - way)) / (1 + bond**N))


def dense_layer_correlations(
    K: float, N: int, outputs: int, draws: int, rng: np.random.Generator, orthonormal: bool = False
) -> tuple[Estimate, Estimate]:
    """Return the mean square correlations of the pre-activations, and of their signs, of random
    dense layers.

    Pre-activations of a wide layer are jointly Gaussian over the data, with the correlation
    ρ_ab = W_a C W_b / √(W_a C W_a · W_b C W_b), so their signs have (2/π) arcsin ρ.

    Parameters
    ----------
    K : float
    N : int
        Number of spins of the open chain.
    outputs : int
        Units of the layer, at least 2.
    draws : int
        Independent layers: the blocks of the estimates.
    rng : numpy.random.Generator
    orthonormal : bool
        Whether the rows are made orthonormal.

    Examples
    --------
    >>> fields, signs = dense_layer_correlations(0.5, 128, 16, 20, np.random.default_rng(1))
    >>> bool(0.009 < fields.value < 0.014), bool(signs.value < fields.value)
    (True, True)
    """
    if outputs < 2 or draws < 2 or (outputs > N and orthonormal):
        raise ValueError(
            "a layer needs at least 2 units (orthonormal rows: at most N) and an error at least 2 "
            "draws"
        )
    bond = chain_covariance(K, 2)[0, 1]
    upper = np.triu_indices(outputs, 1)
    rows = []
    for _ in range(draws):
        weights = rng.standard_normal((outputs, N))
        if orthonormal:
            weights = np.linalg.qr(weights.T)[0].T
        joint = _times_covariance(weights, bond) @ weights.T
        size = np.sqrt(np.diag(joint))
        rho = (joint / np.outer(size, size))[upper]
        rows.append((np.mean(rho**2), np.mean((2 / np.pi * np.arcsin(rho)) ** 2)))
    columns = np.array(rows)
    return Estimate.from_blocks(columns[:, 0]), Estimate.from_blocks(columns[:, 1])


def _times_covariance(weights: Array, bond: float) -> Array:
    """Return W C for C_ij = bond^|i−j|: a running sum along the chain, from either end."""
    forward = signal.lfilter([1.0], [1.0, -bond], weights, axis=1)
    backward = signal.lfilter([1.0], [1.0, -bond], weights[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(forward + backward - weights)


def autoencoder_loss(K: float, N: int, b: int, features: str = "optimal") -> float:
    """Return the loss per spin of a linear auto-encoder with N/b features of a ring of N spins,
    from its covariance.

    Parameters
    ----------
    K : float
    N : int
        Number of spins, a multiple of b.
    b : int
    features : {"optimal", "decimated"}
        The principal components (a pair of degenerate ones cut in half counts half), or every b-th
        spin with the best linear interpolation.

    Examples
    --------
    >>> round(autoencoder_loss(1.0, 64, 2, "decimated"), 4)
    0.1329
    """
    if b < 1 or N % b or N < 3:
        raise ValueError(
            f"a ring of N >= 3 spins, N a multiple of b, is needed; got N = {N}, b = {b}"
        )
    covariance = chain_covariance(K, N, "ring")
    if features == "optimal":
        spectrum = np.linalg.eigvalsh(covariance)[::-1]
        edge = (spectrum[N // b - 1] - spectrum[N // b]) / 2 if N // b < N else 0.0
        return float((spectrum[N // b :].sum() + edge) / N)
    if features != "decimated":
        raise ValueError(f"features must be 'optimal' or 'decimated', got {features!r}")
    kept = covariance[::b, ::b]
    explained = np.trace(np.linalg.solve(kept, covariance[::b] @ covariance[:, ::b]))
    return float(1 - explained / N)


@dataclass(frozen=True, eq=False)
class TemperatureFit(Tabulated):
    """A trained softmax over couplings.

    Parameters
    ----------
    weights, biases : ndarray
        Relative to the first coupling.
    loss : float
        Cross-entropy, in nats.
    accuracy : float
        Share of samples whose most probable coupling is the right one.
    """

    weights: Array
    biases: Array
    loss: float
    accuracy: float


def train_temperature_labels(couplings: Sequence[float], N: int) -> TemperatureFit:
    """Train a softmax to tell couplings apart by the energy E = Σ s s' of an open chain, on its
    exact law.

    Parameters
    ----------
    couplings : sequence of float
        At least two, equally frequent.
    N : int
        Number of spins.

    Examples
    --------
    >>> train_temperature_labels([0.2, 0.5], 17).weights.round(6).tolist()
    [0.3]
    """
    if len(couplings) < 2 or N < 2:
        raise ValueError("labels need at least two couplings and two spins")
    unbroken = np.arange(N)
    energy = 2.0 * unbroken - (N - 1)
    laws = np.array(
        [stats.binom.pmf(unbroken, N - 1, special.expit(2 * K)) for K in couplings]
    ) / len(couplings)
    labels = len(couplings)

    def loss(flat: Array) -> tuple[float, Array]:
        """Return the cross-entropy and its gradient."""
        weights, biases = np.append(0.0, flat[: labels - 1]), np.append(0.0, flat[labels - 1 :])
        logits = np.outer(weights, energy) + biases[:, None]
        log_p = logits - special.logsumexp(logits, axis=0)
        excess = np.exp(log_p) * laws.sum(axis=0) - laws
        return -float((laws * log_p).sum()), np.concatenate(
            [(excess @ energy)[1:], excess.sum(axis=1)[1:]]
        )

    found = optimize.minimize(
        loss, np.zeros(2 * labels - 2), jac=True, method="BFGS", options={"gtol": 1e-10}
    )
    accuracy = float(laws.max(axis=0).sum())
    return TemperatureFit(found.x[: labels - 1], found.x[labels - 1 :], float(found.fun), accuracy)
