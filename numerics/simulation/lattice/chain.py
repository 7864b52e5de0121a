"""Exact samplers of the Ising and Potts chain: independent configurations, no Markov chain in time.

On an open chain without field the bonds are independent. In every other case the chain is grown
site by site: given the present site (and on a ring the first one), the next state has a weight
equal to its bond's weight times the total weight of all ways to finish the chain from there. Those
totals are sums of positive numbers, so nothing cancels, also for strong antiferromagnetic couplings
on a frustrated ring.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.estimate import Estimate

__all__ = ["chain_correlation", "sample_ising_chain", "sample_potts_chain"]

Array = NDArray[np.float64]
States = NDArray[Any]

_BLOCK = 2**20  # random numbers drawn at once


def sample_ising_chain(
    K: float,
    length: int,
    samples: int,
    rng: np.random.Generator,
    boundary: str = "open",
    h: float = 0.0,
) -> NDArray[np.int8]:
    """Independent configurations of the Ising chain with weight ``exp(Σ K s s′ + (h/2)(s + s′))``
    over its bonds.

    Parameters
    ----------
    K : float
        Coupling of a bond; negative is antiferromagnetic.
    length : int
        Number of spins, at least 2 (open) or 3 (ring).
    samples : int
        Number of independent chains.
    rng : numpy.random.Generator
    boundary : {"open", "ring"}
        An open chain has length − 1 bonds, a ring has length. The end spins of an open chain have
        one bond and feel h/2.
    h : float
        Field of a site with two bonds.

    Returns
    -------
    ndarray of int8, shape (samples, length)
        Spins −1 or 1.

    Raises
    ------
    ValueError
        If a number is not finite or too small, or the boundary is unknown.

    Examples
    --------
    >>> spins = sample_ising_chain(0.5, length=6, samples=1000, rng=np.random.default_rng(1))
    >>> spins.shape, sorted(set(spins.ravel().tolist()))
    ((1000, 6), [-1, 1])
    """
    _check_chain(K, length, samples, boundary)
    if not math.isfinite(h):
        raise ValueError(f"the field h must be finite, got {h}")
    if h == 0 and boundary == "open":
        return _spins_from_bonds(K, length, samples, rng)
    remaining = _finishing_weights(K, h, length, boundary)
    up = np.empty((length, samples), dtype=np.int8)
    start = np.diagonal(remaining[length]) if boundary == "ring" else remaining[length - 1][:, 0]
    up[0] = rng.random(samples) < start[1] / start.sum()
    transfer = _ising_transfer(K, h)
    for site in range(1, length):
        left = length - site - (boundary == "open")
        weights = transfer[:, :, None] * remaining[left][None, :, :]  # present, next, first
        total = weights.sum(axis=1)
        probability = np.divide(weights[:, 1, :], total, out=np.zeros((2, 2)), where=total > 0)
        up[site] = rng.random(samples) < probability[up[site - 1], up[0]]
    return np.ascontiguousarray((2 * up - 1).T)


def sample_potts_chain(
    K: float, q: int, length: int, samples: int, rng: np.random.Generator, boundary: str = "open"
) -> States:
    """Independent configurations of the q-state Potts chain with weight ``exp(K Σ δ(s, s′))`` over
    its bonds.

    Parameters
    ----------
    K : float
        Coupling of a bond; negative favours different neighbours.
    q : int
        Number of states, at least 2.
    length : int
        Number of sites, at least 2 (open) or 3 (ring).
    samples : int
        Number of independent chains.
    rng : numpy.random.Generator
    boundary : {"open", "ring"}

    Returns
    -------
    ndarray of int8 (int32 for q above 128), shape (samples, length)
        States 0 … q − 1.

    Raises
    ------
    ValueError
        If K is not finite, q is not an integer of at least 2, a size is too small or the boundary
        is unknown.

    Examples
    --------
    >>> states = sample_potts_chain(1.0, q=3, length=5, samples=1000, rng=np.random.default_rng(1))
    >>> states.shape, sorted(set(states.ravel().tolist()))
    ((1000, 5), [0, 1, 2])
    """
    _check_chain(K, length, samples, boundary)
    if not isinstance(q, int | np.integer) or not 2 <= q < 2**31:
        raise ValueError(f"the number of Potts states must be an integer of at least 2, got {q!r}")
    kind = np.int8 if q <= 128 else np.int32
    alike, different = math.exp(min(K, 0.0)), math.exp(-max(K, 0.0))
    states = np.empty((samples, length), dtype=kind)
    grow = _potts_ring if boundary == "ring" else _potts_open
    rows = max(_BLOCK // length, 1)
    for start in range(0, samples, rows):
        block = states[start : start + rows]
        block[:] = grow(alike, different, int(q), length, len(block), rng)
    return states


def chain_correlation(
    samples: States,
    r: int | Sequence[int],
    boundary: str = "open",
    q: int | None = None,
    blocks: int = 256,
) -> Estimate:
    """Correlation at distance r along the chain, averaged over all pairs at that distance.

    For Ising spins ``⟨s_i s_{i+r}⟩``; for q Potts states ``(q P(s_i = s_{i+r}) − 1)/(q − 1)``,
    which is 1 for equal and 0 for independent states. Pairs of one chain are correlated, so only
    whole chains, in groups of equal size, count as independent blocks.

    Parameters
    ----------
    samples : ndarray, shape (samples, length)
        Independent chains.
    r : int or sequence of int
        Distances, from 0 to length − 1.
    boundary : {"open", "ring"}
        On a ring the pairs wrap around.
    q : int, optional
        Number of Potts states; without it the samples are Ising spins ±1.
    blocks : int
        Number of groups; with fewer than twice as many chains each chain is a block. Chains that do
        not fill a group are left out.

    Returns
    -------
    Estimate
        A number for one distance, an array for several.

    Raises
    ------
    ValueError
        If the samples are not a two-dimensional array, a distance does not fit into the chain, or
        there are fewer than 2 chains or blocks.

    Examples
    --------
    >>> spins = sample_ising_chain(1.0, length=50, samples=2000, rng=np.random.default_rng(1))
    >>> estimate = chain_correlation(spins, 2)
    >>> abs(estimate.value - np.tanh(1.0) ** 2) < 4 * estimate.error < 0.02
    True
    """
    chains = np.asarray(samples)
    _check_boundary(boundary)
    if chains.ndim != 2:
        raise ValueError(f"samples must have the shape (samples, length), got {chains.shape}")
    if blocks < 2:
        raise ValueError(f"a standard error needs at least 2 blocks, got {blocks}")
    distances = [r] if isinstance(r, int | np.integer) else list(r)
    if not distances:
        raise ValueError("give at least one distance")
    per_chain = np.column_stack(
        [_pair_mean(chains, distance, boundary, q) for distance in distances]
    )
    size = max(len(chains) // blocks, 1)
    count = len(chains) // size
    grouped = per_chain[: count * size].reshape(count, size, len(distances)).mean(axis=1)
    return Estimate.from_blocks(grouped[:, 0] if isinstance(r, int | np.integer) else grouped)


def _spins_from_bonds(
    K: float, length: int, samples: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Open chain without field: a fair first spin, then independent bonds broken with probability
    1/(1 + e^{2K}).
    """
    broken = math.exp(-2 * K) / (1 + math.exp(-2 * K)) if K > 0 else 1 / (1 + math.exp(2 * K))
    spins = np.empty((samples, length), dtype=np.int8)
    rows = max(_BLOCK // length, 1)
    for start in range(0, samples, rows):
        block = spins[start : start + rows]
        flips = rng.random(block.shape) < broken
        flips[:, 0] = rng.random(len(block)) < 0.5
        np.bitwise_xor.accumulate(flips.view(np.int8), axis=1, out=block)
        block *= -2
        block += 1
    return spins


def _ising_transfer(K: float, h: float) -> Array:
    """The weights of one bond between down and up, scaled so that the largest is 1."""
    spin = np.array([-1.0, 1.0])
    exponent = K * np.outer(spin, spin) + h / 2 * np.add.outer(spin, spin)
    return np.asarray(np.exp(exponent - exponent.max()))


def _finishing_weights(K: float, h: float, length: int, boundary: str) -> list[Array]:
    """For each number of bonds left, the weight of all ways from a state to the end: [state, first
    state].

    A ring ends in its first state, an open chain anywhere.
    """
    transfer = _ising_transfer(K, h)
    weights = [np.eye(2) if boundary == "ring" else np.ones((2, 2))]
    for _ in range(length):
        step = transfer @ weights[-1]
        weights.append(step / step.max())
    if not np.diagonal(weights[-1]).sum() > 0:
        raise ValueError(
            f"K = {K:g} is so strong that every weight of a ring of {length} spins underflows"
        )
    return weights


def _potts_open(
    alike: float, different: float, q: int, length: int, samples: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """A uniform first state, then independent increments that are zero with the weight
    ``alike``.
    """
    moved = rng.random((samples, length)) * (alike + (q - 1) * different) >= alike
    increments = rng.integers(1, q, size=(samples, length)) * moved
    increments[:, 0] = rng.integers(q, size=samples)
    return np.cumsum(increments, axis=1) % q


def _potts_ring(
    alike: float, different: float, q: int, length: int, samples: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """States relative to the first site, each step drawn with the weight of all ways to close the
    ring.

    With one bond left the ring closes with weight ``alike`` from the first site's state and
    ``different`` from another.
    """
    home, away = (
        [1.0],
        [0.0],
    )  # weights to return to the first state from it, and from another state
    for _ in range(length):
        closing = alike * home[-1] + (q - 1) * different * away[-1]
        opening = different * home[-1] + (alike + (q - 2) * different) * away[-1]
        home.append(closing / max(closing, opening))
        away.append(opening / max(closing, opening))
    if not home[-1] > 0:
        raise ValueError(
            f"the coupling is so strong that every weight of a ring of {length} sites underflows"
        )
    states = np.zeros((length, samples), dtype=np.int64)
    for site in range(1, length):
        left = length - site
        states[site] = _ring_step(
            states[site - 1], alike, different, home[left], away[left], q, rng
        )
    return (states.T + rng.integers(q, size=(samples, 1))) % q


def _ring_step(
    present: NDArray[np.int64],
    alike: float,
    different: float,
    home: float,
    away: float,
    q: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Next states: the first state (0), the present one, or one of the others, by their weights."""
    at_home = present == 0
    to_home = np.where(at_home, alike, different) * home
    stay = np.where(at_home, 0.0, alike * away)
    others = np.where(at_home, q - 1, q - 2) * different * away
    draw = rng.random(present.size) * (to_home + stay + others)
    other = (
        rng.integers(1, q - 1, size=present.size)
        if q > 2
        else np.zeros(present.size, dtype=np.int64)
    )
    other += (other >= present) & ~at_home  # skips the present state among 1 … q − 1
    other = np.where(at_home, rng.integers(1, q, size=present.size), other)
    return np.where(draw < to_home, 0, np.where(draw < to_home + stay, present, other))


def _pair_mean(chains: States, distance: int, boundary: str, q: int | None) -> Array:
    """Mean over the pairs at a distance, for each chain."""
    length = chains.shape[1]
    if not 0 <= distance < length:
        raise ValueError(
            f"a distance on a chain of {length} sites lies between 0 and {length - 1}, got "
            f"{distance}"
        )
    ends = np.roll(chains, -distance, axis=1) if boundary == "ring" else chains[:, distance:]
    starts = chains if boundary == "ring" else chains[:, : length - distance]
    if q is None:
        return np.asarray((starts * ends).mean(axis=1, dtype=float))
    return np.asarray((q * (starts == ends).mean(axis=1) - 1) / (q - 1))


def _check_boundary(boundary: str) -> None:
    """Refuse unknown boundaries."""
    if boundary not in ("open", "ring"):
        raise ValueError(f"the boundary must be 'open' or 'ring', got {boundary!r}")


def _check_chain(K: float, length: int, samples: int, boundary: str) -> None:
    """Refuse couplings and sizes that make no chain."""
    _check_boundary(boundary)
    if not math.isfinite(K):
        raise ValueError(f"the coupling K must be finite, got {K}")
    shortest = 3 if boundary == "ring" else 2
    for name, number, least in (("length", length, shortest), ("samples", samples, 1)):
        if not isinstance(number, int | np.integer) or number < least:
            raise ValueError(
                f"{name} must be an integer of at least {least} (boundary {boundary!r}), got "
                f"{number!r}"
            )
