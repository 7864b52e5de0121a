"""Operations on the positions of a signal: averages, maxima, single positions, any fixed mixture."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import prod
from typing import Any

from neurenorm.graphs.network.layer_grids import taps_of
from neurenorm.graphs.network.layer_nodes import LayerNodes, Shape

__all__ = ["PoolOperations"]


class PoolOperations(LayerNodes):
    """The part of a layer graph that moves along positions and leaves neurons alone."""

    def pool(
        self,
        source: Hashable,
        window: Sequence[int],
        stride: Sequence[int] | None = None,
        name: Hashable = None,
    ) -> Hashable:
        """Add averages over boxes of positions, side by side by default."""
        shape, taps = self._boxes(source, window, stride)
        return self._pooled(source, shape, taps, name)

    def global_average(self, source: Hashable, name: Hashable = None) -> Hashable:
        """Add the average over all positions."""
        self._known(source)
        taps = tuple((place,) for place in range(self.positions(source)))
        return self._pooled(source, (), taps, name)

    def gather(
        self,
        source: Hashable,
        taps: Sequence[Sequence[int]],
        shape: Sequence[int] = (),
        name: Hashable = None,
    ) -> Hashable:
        """Add averages over chosen positions: each of the taps has one position for every new one.

        Parameters
        ----------
        source : node
        taps : sequence of sequence of int
            Positions are counted along the flattened grid.
        shape : sequence of int
            The new grid.
        name : hashable, optional
        """
        self._known(source)
        rows, count = tuple(tuple(tap) for tap in taps), self.positions(source)
        if not rows or any(len(row) != prod(shape) for row in rows):
            raise ValueError(f"a gather has at least one tap, of {prod(shape)} positions each")
        if any(not 0 <= place < count for row in rows for place in row):
            raise ValueError(f"positions of a gather lie between 0 and {count - 1}")
        return self._pooled(source, tuple(shape), rows, name)

    def at(self, source: Hashable, *place: int, name: Hashable = None) -> Hashable:
        """Add the signal at one position, counted from 0, negative ones from the end."""
        self._known(source)
        shape = self.shape(source)
        fits = len(place) == len(shape) and all(-n <= i < n for i, n in zip(place, shape))  # noqa: B905
        if not fits:
            raise ValueError(f"there is no position {place} on the grid {shape}")
        index = 0
        for i, size in zip(place, shape, strict=True):
            index = index * size + i % size
        return self._pooled(source, (), ((index,),), name)

    def max_pool(
        self,
        source: Hashable,
        window: Sequence[int],
        stride: Sequence[int] | None = None,
        name: Hashable = None,
    ) -> Hashable:
        """Add the largest value over boxes of positions, neuron by neuron.

        For two places it is (u + v)/2 + |u - v|/2, which keeps averages of two dimensions.
        """
        shape, taps = self._boxes(source, window, stride)
        parts = [self._pooled(source, shape, (tap,), None) for tap in taps]
        if len(parts) == 1:
            return parts[0]
        if len(parts) == 2:
            gap = self._sum(parts, (1, -1), None)
            return self._sum([*parts, self._map("abs(z)", [gap], ("z",), None)], ("1/2",) * 3, name)
        variables = tuple(f"v{i}" for i in range(len(parts)))
        return self._map(f"max({', '.join(variables)})", parts, variables, name)

    def mix(self, source: Hashable, weights: Sequence[Sequence[Any]], name: Hashable = None) -> Any:
        """Add fixed linear combinations over positions: one row of weights for each new position.

        Parameters
        ----------
        source : node
        weights : sequence of rows
            Every row has one weight for each position of the source.
        name : hashable, optional
        """
        self._known(source)
        rows = tuple(tuple(row) for row in weights)
        if not rows or any(len(row) != self.positions(source) for row in rows):
            raise ValueError(
                f"a mixture has rows of {self.positions(source)} weights, one for each position"
            )
        shape = self.shape(source) if len(rows) == self.positions(source) else (len(rows),)
        return self._put(
            self._new(name), "mix", (source,), shape=shape, space=self.space(source), weights=rows
        )

    def _boxes(
        self, source: Hashable, window: Sequence[int], stride: Sequence[int] | None
    ) -> tuple[Shape, tuple[Shape, ...]]:
        """The new grid and the places of boxes inside the old one."""
        self._known(source)
        if stride is not None and len(set(stride)) > 1:
            raise ValueError("a pooling window moves by one stride in all directions")
        steps = tuple(window) if stride is None else tuple(stride)
        return taps_of(self.shape(source), tuple(window), "valid", steps, 1)

    def _pooled(
        self, source: Hashable, shape: Shape, taps: tuple[Shape, ...], name: Hashable
    ) -> Hashable:
        """Add an average over taps."""
        return self._put(
            self._new(name), "pool", (source,), shape=shape, space=self.space(source), taps=taps
        )

    def _sum(
        self, sources: Sequence[Hashable], strengths: Sequence[Any] | None, name: Hashable
    ) -> Hashable:
        """Add a sum of signals of one space."""
        self._alike("add", sources)
        return self._put(
            self._new(name),
            "sum",
            sources,
            strengths,
            shape=self.shape(sources[0]),
            space=self.space(sources[0]),
        )

    def _map(
        self,
        function: Hashable,
        sources: Sequence[Hashable],
        variables: tuple[str, ...] | None,
        name: Hashable,
    ) -> Hashable:
        """Add a function of signals of one space."""
        self._alike("combine", sources)
        if any(self._is_finite(source) for source in sources):
            raise ValueError("a function acts on a wide layer: put a dense layer behind an input")
        return self._put(
            self._new(name),
            "map",
            sources,
            shape=self.shape(sources[0]),
            space=self.space(sources[0]),
            function=function,
            variables=variables,
        )
