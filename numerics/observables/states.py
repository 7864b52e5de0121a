"""On and off states of units over many samples, packed in bits, and what is counted of them.

A state is on where the pre-activation exceeds the threshold; a tie is off. Eight samples of a unit
share a byte, so 10⁵ samples of 10³ units take 12.5 MB and a count is one pass of population counts.
Samples arrive in chunks of any size; nothing larger than a chunk is ever unpacked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments

__all__ = ["PackedStates"]

Bits = NDArray[np.uint8]
MOST_BLOCKS = 100_000
SMALL = 1024  # samples below which blocks are cut to the sample, not to the byte


class PackedStates(Tabulated):
    """States of the units of one layer.

    Parameters
    ----------
    units : int
        Number of units.
    threshold : float
        Pre-activation above which a unit is on.

    Raises
    ------
    ValueError
        If there is no unit, or a pre-activation is not finite or has the wrong shape.

    Examples
    --------
    >>> states = PackedStates(2).add([[1.0, -1.0], [0.5, 2.0], [0.0, 3.0]])
    >>> states.samples, states.on_counts().tolist()
    (3, [2, 2])
    """

    def __init__(self, units: int, threshold: float = 0.0) -> None:
        if units < 1:
            raise ValueError(f"a layer has at least one unit, got {units}")
        self.units, self.threshold = units, threshold
        self._chunks: list[tuple[Bits, int]] = []

    @property
    def samples(self) -> int:
        """Number of samples recorded."""
        return sum(count for _, count in self._chunks)

    @property
    def nbytes(self) -> int:
        """Bytes that the packed states take."""
        return sum(bits.nbytes for bits, _ in self._chunks)

    def add(self, preactivations: ArrayLike) -> PackedStates:
        """Record a chunk of pre-activations and return the states.

        Parameters
        ----------
        preactivations : array_like, shape (samples, units)
        """
        h = np.asarray(preactivations)
        if h.ndim != 2 or h.shape[1] != self.units:
            raise ValueError(
                f"pre-activations have the shape (samples, {self.units}) here, got {h.shape}"
            )
        if not np.all(np.isfinite(h)):
            raise ValueError("a pre-activation is not finite: its state is undefined")
        if len(h):
            self._chunks.append((np.packbits((h > self.threshold).T, axis=1), len(h)))
        return self

    @classmethod
    def of(cls, states: ArrayLike) -> PackedStates:
        """Return states that are given as zeros and ones (or False and True).

        Parameters
        ----------
        states : array_like, shape (samples, units)

        Examples
        --------
        >>> PackedStates.of([[0, 1], [1, 1]]).on_counts().tolist()
        [1, 2]
        """
        array = np.asarray(states)
        if array.ndim != 2 or not np.all((array == 0) | (array == 1)):
            raise ValueError("states are an array of zeros and ones of shape (samples, units)")
        return cls(array.shape[1], 0.5).add(array)

    def on_counts(self) -> NDArray[np.int64]:
        """Return how many samples switch each unit on."""
        total = np.zeros(self.units, dtype=np.int64)
        for bits, _ in self._chunks:
            total += np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
        return total

    def owners(self, blocks: int) -> NDArray[np.int64]:
        """Return the block, of a few equal ones in the order of the samples, that each sample
        belongs to; of many samples bytes are not torn apart.
        """
        place = np.concatenate(
            [
                start + (np.arange(count) if self.samples < SMALL else np.arange(count) // 8 * 8)
                for start, _, count in self._placed()
            ]
        )
        return place * blocks // self.samples

    def _placed(self) -> Iterator[tuple[int, Bits, int]]:
        """The number of samples before each chunk, its bits, and its own number of samples."""
        start = 0
        for bits, count in self._chunks:
            yield start, bits, count
            start += count

    @checked_arguments
    def block_on_counts(self, blocks: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return how many samples of each block (of `owners`) switch each unit on, shape (blocks,
        units), and how many samples each block has.

        Examples
        --------
        >>> counts, sizes = PackedStates.of([[0, 1], [1, 1], [1, 0]]).block_on_counts(3)
        >>> counts.tolist(), sizes.tolist()
        ([[0, 1], [1, 1], [1, 0]], [1, 1, 1])
        """
        if not 1 <= blocks <= MOST_BLOCKS:
            raise ValueError(f"there are from 1 to {MOST_BLOCKS} blocks, got {blocks}")
        owner, counts = self.owners(blocks), np.zeros((blocks, self.units), dtype=np.int64)
        for start, bits, count in self._placed():
            weights = (
                np.unpackbits(bits, axis=1, count=count)
                if self.samples < SMALL
                else np.bitwise_count(bits)
            )
            mine = owner[start : start + count : 1 if self.samples < SMALL else 8]
            edges = np.flatnonzero(np.diff(mine, prepend=-1))
            counts[mine[edges]] += np.add.reduceat(weights, edges, axis=1, dtype=np.int64).T
        return counts, np.bincount(owner, minlength=blocks)

    def unpacked(self, rows: int = 4096) -> Iterator[Bits]:
        """Yield the states as arrays of zeros and ones of at most so many samples, shape (samples,
        units).
        """
        step = max(8, rows // 8 * 8)
        for bits, count in self._chunks:
            for start in range(0, count, step):
                stop = min(start + step, count)
                yield np.ascontiguousarray(
                    np.unpackbits(
                        bits[:, start // 8 : (stop + 7) // 8], axis=1, count=stop - start
                    ).T
                )

    def words(self) -> NDArray[Any]:
        """Return the pattern of every sample as one opaque word, which can be compared and
        sorted.
        """
        rows = [np.packbits(block, axis=1) for block in self.unpacked()]
        if not rows:
            raise ValueError("no samples were recorded")
        packed = np.ascontiguousarray(np.concatenate(rows))
        return packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]

    def array(self) -> Bits:
        """Return all states as zeros and ones, shape (samples, units)."""
        blocks = list(self.unpacked())
        return np.concatenate(blocks) if blocks else np.zeros((0, self.units), dtype=np.uint8)
