"""Layers on the Ising chain by plain arrays: packed exact sampling, and laws of small systems by
brute force.

A fast sampler packs 64 independent open chains into the bits of each word: a bond is broken with
probability 1/(1 + e^{2K}), and the spins are the running parity of the broken bonds. Decimation is
then slicing, a majority a bitwise count. For small systems the law of the outputs is the full table
of the spins' law, contracted block by block.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.estimate import Estimate

__all__ = [
    "LARGEST_LAW",
    "PackedChains",
    "bernoulli_words",
    "chain_law",
    "empirical_law",
    "law_mean",
    "layer_law",
    "sample_packed_chains",
    "spin_table",
    "stochastic_tanh",
]

Array = NDArray[np.float64]
Words = NDArray[np.uint64]

LARGEST_LAW = 22
"""Most spins of which the full law is held."""

_BITS = 64
_COLUMNS = 4096  # words per row worked on at once, to stay in cache
_EVERYWHERE = 7  # binary digits compared in all words before the undecided ones are picked out


@dataclass(frozen=True, eq=False)
class PackedChains(Tabulated):
    """Independent chains of ±1, 64 to a word.

    Parameters
    ----------
    words : ndarray of uint64, shape (length, samples / 64)
        Bit k of ``words[i, j]`` is 1 where spin i of chain 64 j + k is −1.

    Examples
    --------
    >>> chains = sample_packed_chains(1.0, length=30, samples=64000, rng=np.random.default_rng(1))
    >>> estimate = chains.correlation(2)
    >>> abs(estimate.value - np.tanh(1.0) ** 2) < 5 * estimate.error < 0.01
    True
    """

    words: Words

    @property
    def length(self) -> int:
        """Number of spins of a chain."""
        return len(self.words)

    @property
    def samples(self) -> int:
        """Number of chains."""
        return int(self.words.shape[1]) * _BITS

    def decimated(self, b: int, site: int | None = None) -> PackedChains:
        """Return every b-th spin: the given site (counted from 1, the last by default) of each
        block.
        """
        self._check_block(b)
        kept = b if site is None else site
        if not 1 <= kept <= b:
            raise ValueError(f"the kept site of a block of {b} spins is one of 1 … {b}, got {site}")
        whole = self.length - self.length % b
        return PackedChains(self.words[kept - 1 : whole : b])

    def majority(self, b: int) -> PackedChains:
        """Return the sign of the sum of each block of b spins, b odd."""
        self._check_block(b)
        if b % 2 == 0:
            raise ValueError(f"a majority needs an odd block, got b = {b}")
        blocks = self.length // b
        return PackedChains(
            _at_least([self.words[k : blocks * b : b] for k in range(b)], b // 2 + 1)
        )

    def correlation(self, r: int | Sequence[int], blocks: int = 256) -> Estimate:
        """Return ⟨h_i h_{i+r}⟩ averaged over the chain; groups of chains are the independent
        blocks.
        """
        distances = [r] if isinstance(r, int | np.integer) else list(r)
        columns = np.stack([self._column_means(distance) for distance in distances], axis=1)
        size = max(len(columns) // blocks, 1)
        count = len(columns) // size
        if count < 2:
            raise ValueError(f"an error needs at least {2 * _BITS} chains, got {self.samples}")
        grouped = columns[: count * size].reshape(count, size, len(distances)).mean(axis=1)
        return Estimate.from_blocks(grouped[:, 0] if isinstance(r, int | np.integer) else grouped)

    def unpacked(self) -> NDArray[np.int8]:
        """Return the spins as an array of ±1, shape (samples, length)."""
        raw = (
            self.words.astype("<u8", copy=False)
            .T[:, None, :]
            .copy()
            .view(np.uint8)
            .reshape(-1, self.length, 8)
        )
        bits = np.unpackbits(raw, axis=2, bitorder="little")
        return np.ascontiguousarray(
            1 - 2 * bits.astype(np.int8).transpose(0, 2, 1).reshape(-1, self.length)
        )

    def _column_means(self, distance: int) -> Array:
        """Return the correlation in each word of 64 chains."""
        if not 1 <= distance < self.length:
            raise ValueError(
                f"a distance on {self.length} sites lies in 1 … {self.length - 1}, got {distance}"
            )
        pairs = self.length - distance
        unlike = np.zeros(self.words.shape[1], dtype=np.int64)
        for i in range(pairs):
            unlike += np.bitwise_count(self.words[i] ^ self.words[i + distance])
        return np.asarray(1 - 2 * unlike / (_BITS * pairs))

    def _check_block(self, b: int) -> None:
        """Refuse blocks that do not fit."""
        if not 1 <= b <= self.length:
            raise ValueError(f"a chain of {self.length} spins is shorter than one block of {b}")


def sample_packed_chains(
    K: float, length: int, samples: int, rng: np.random.Generator
) -> PackedChains:
    """Sample independent open Ising chains at zero field, packed 64 to a word.

    Parameters
    ----------
    K : float
        Coupling of a bond.
    length : int
        Number of spins, at least 1.
    samples : int
        Number of chains; rounded up to a multiple of 64.
    rng : numpy.random.Generator

    Returns
    -------
    PackedChains

    Raises
    ------
    ValueError
        If K is not finite or a size is not positive.

    Examples
    --------
    >>> sample_packed_chains(
    ...     0.5, length=5, samples=100, rng=np.random.default_rng(1)
    ... ).unpacked().shape
    (128, 5)
    """
    if not math.isfinite(K):
        raise ValueError(f"the coupling K must be finite, got {K}")
    if length < 1 or samples < 1:
        raise ValueError(
            f"a sample needs at least one spin and one chain, got length {length} and {samples} "
            "samples"
        )
    broken = math.exp(-2 * K) / (1 + math.exp(-2 * K)) if K > 0 else 1 / (1 + math.exp(2 * K))
    columns = -(-samples // _BITS)
    words = np.empty((length, columns), dtype=np.uint64)
    for start in range(0, columns, _COLUMNS):
        part = words[:, start : start + _COLUMNS]
        part[0] = _raw(part.shape[1], rng)
        for site in range(1, length):
            np.bitwise_xor(
                part[site - 1], bernoulli_words(broken, part.shape[1], rng), out=part[site]
            )
    return PackedChains(words)


def bernoulli_words(p: float, count: int, rng: np.random.Generator) -> Words:
    """Return words whose bits are independently 1 with probability p, to the last digit of the
    double.

    A uniform number, drawn digit by digit, is compared with p for all 64 bits of a word at once; it
    is decided at the first digit in which they differ, so after a few digits only few words are
    left undecided.

    Parameters
    ----------
    p : float
        Between 0 and 1.
    count : int
        Number of words.
    rng : numpy.random.Generator

    Examples
    --------
    >>> words = bernoulli_words(0.3, 10000, np.random.default_rng(1))
    >>> round(float(np.bitwise_count(words).mean() / 64), 2)
    0.3
    """
    if not 0 <= p <= 1:
        raise ValueError(f"a probability lies between 0 and 1, got {p}")
    if p in (0.0, 1.0):
        return np.full(count, np.uint64(0 if p == 0 else 2**64 - 1))
    result = np.zeros(count, dtype=np.uint64)
    undecided = np.full(count, np.uint64(2**64 - 1))
    digits = _binary_digits(p)
    for digit in digits[:_EVERYWHERE]:
        _compare_digit(digit, _raw(count, rng), result, undecided)
    left = np.flatnonzero(undecided)
    for digit in digits[_EVERYWHERE:]:
        if not left.size:
            break
        some, open_bits = result[left], undecided[left]
        _compare_digit(digit, _raw(left.size, rng), some, open_bits)
        result[left], undecided[left] = some, open_bits
        left = left[open_bits != 0]
    return result


def _binary_digits(p: float) -> list[int]:
    """Return the binary digits of p after the point."""
    numerator, denominator = p.as_integer_ratio()
    places = denominator.bit_length() - 1
    return [numerator >> (places - 1 - place) & 1 for place in range(places)]


def _compare_digit(digit: int, random: Words, result: Words, undecided: Words) -> None:
    """Set the bits in which a uniform number falls below p at this digit, and mark where it differs
    from p.
    """
    if digit:
        result |= undecided & ~random
        undecided &= random
    else:
        undecided &= ~random


def _raw(count: int, rng: np.random.Generator) -> Words:
    """Return words of fair bits."""
    return rng.integers(0, 2**64 - 1, count, dtype=np.uint64, endpoint=True)


def _at_least(planes: Sequence[Words], threshold: int) -> Words:
    """Return, bit by bit, whether at least so many of the words have a 1: a binary counter held in
    bit planes.
    """
    counter: list[Words] = []
    for plane in planes:
        carry = plane.copy()
        for k, digit in enumerate(counter):
            counter[k], carry = digit ^ carry, digit & carry
        counter.append(carry)
    reached, equal = np.zeros_like(planes[0]), ~np.zeros_like(planes[0])
    for k in reversed(range(len(counter))):
        if threshold >> k & 1:
            equal &= counter[k]
        else:
            reached |= equal & counter[k]
            equal &= ~counter[k]
    return np.asarray(reached | equal)


def spin_table(n: int) -> NDArray[np.int8]:
    """Return all configurations of n spins, shape (2^n, n), in the order of the entries of a law.

    Examples
    --------
    >>> spin_table(2).tolist()
    [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    """
    if not 0 <= n <= LARGEST_LAW:
        raise ValueError(
            f"{n} spins have 2^{n} configurations; at most {LARGEST_LAW} spins are enumerated: "
            "sample them"
        )
    numbers = np.arange(2**n, dtype=np.int64)
    return np.asarray(1 - 2 * (numbers[:, None] >> np.arange(n - 1, -1, -1) & 1), dtype=np.int8)


def chain_law(K: float, n: int, boundary: str = "open") -> Array:
    """Return the probability of every configuration of an Ising chain by normalising all Boltzmann
    weights.

    Parameters
    ----------
    K : float
    n : int
        Number of spins, at most `LARGEST_LAW`; at least 3 on a ring.
    boundary : {"open", "ring"}

    Returns
    -------
    ndarray, shape (2,) * n
        Index 0 is the spin +1.

    Examples
    --------
    >>> bool(np.isclose(law_mean(chain_law(1.0, 4), (0, 2)), np.tanh(1.0) ** 2))
    True
    """
    if boundary not in ("open", "ring"):
        raise ValueError(f"the boundary must be 'open' or 'ring', got {boundary!r}")
    if n < (3 if boundary == "ring" else 1):
        raise ValueError(f"an open chain needs 1 spin and a ring 3, got {n}")
    spins = spin_table(n)
    energy = K * (spins[:, 1:] * spins[:, :-1]).sum(axis=1, dtype=np.int64).astype(float)
    if boundary == "ring":
        energy += K * (spins[:, 0] * spins[:, -1])
    weights = np.exp(energy - energy.max())
    return np.asarray((weights / weights.sum()).reshape((2,) * n))


def checked_signs(samples: ArrayLike) -> NDArray[np.int8]:
    """Return a table of ±1, refusing any other value, NaN included, by its place."""
    table = np.asarray(samples)
    if table.ndim != 2:
        raise ValueError(f"samples have the shape (samples, spins), got {table.shape}")
    wrong = np.argwhere((table != 1) & (table != -1))
    if len(wrong):
        row, column = map(int, wrong[0])
        raise ValueError(
            f"samples must be +1 or -1, got {table[row, column]} in row {row}, column {column}"
        )
    return table.astype(np.int8)


def empirical_law(samples: ArrayLike) -> Array:
    """Return how often every configuration occurs among ±1 samples, shape (2,) * N.

    Examples
    --------
    >>> empirical_law([[1, -1], [1, 1], [1, 1], [-1, -1]]).tolist()
    [[0.5, 0.25], [0.0, 0.25]]
    """
    spins = checked_signs(samples)
    if not 1 <= spins.shape[1] <= LARGEST_LAW or len(spins) == 0:
        raise ValueError(
            f"samples have the shape (samples, N) with N at most {LARGEST_LAW}, got {spins.shape}"
        )
    n = spins.shape[1]
    counts = np.bincount((spins < 0) @ (1 << np.arange(n - 1, -1, -1)), minlength=2**n)
    return np.asarray((counts / len(spins)).reshape((2,) * n))


def layer_law(law: Array, b: int, fire: Callable[[NDArray[np.int8]], Any]) -> Array:
    """Return the law of the outputs of a layer that reads consecutive blocks.

    Parameters
    ----------
    law : ndarray, shape (2,) * (b M)
        Law of the spins.
    b : int
        Size of a block.
    fire : callable
        Takes the table of all blocks, shape (2^b, b), and returns the probability of the output +1
        for each.

    Returns
    -------
    ndarray, shape (2,) * M

    Examples
    --------
    >>> law = layer_law(chain_law(1.0, 6), 3, lambda blocks: (blocks.sum(axis=1) > 0).astype(float))
    >>> round(float(law_mean(law, (0, 1))), 10)
    0.4753263505
    """
    if b < 1 or law.ndim % b or law.ndim == 0:
        raise ValueError(f"{law.ndim} spins are not a whole number of blocks of {b}")
    blocks = law.ndim // b
    p = np.asarray(fire(spin_table(b)), dtype=float)
    conditional = np.stack([p, 1 - p])
    result = law.reshape((2**b,) * blocks)
    for _ in range(blocks):
        result = np.tensordot(result, conditional, axes=(0, 1))
    return np.asarray(result)


def stochastic_tanh(weights: Sequence[float]) -> Callable[[NDArray[np.int8]], Array]:
    """Return the firing probability (1 + tanh(w·s))/2 of a stochastic tanh neuron, as a function of
    a table of blocks.

    Examples
    --------
    >>> stochastic_tanh([0.5, 0.5])(np.array([[1, -1]])).tolist()
    [0.5]
    """
    return lambda blocks: np.asarray((1 + np.tanh(blocks @ np.asarray(weights, dtype=float))) / 2)


def law_mean(law: Array, sites: Sequence[int]) -> float:
    """Return the mean of the product of some of the spins.

    Examples
    --------
    >>> law_mean(chain_law(0.0, 3), (0,))
    0.0
    """
    signs = np.array([1.0, -1.0])
    rest = tuple(axis for axis in range(law.ndim) if axis not in sites)
    marginal = law.sum(axis=rest)
    for _ in sites:
        marginal = np.tensordot(marginal, signs, axes=(0, 0))
    return float(marginal)
