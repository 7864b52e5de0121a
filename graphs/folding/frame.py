"""Finite labelled graphs on the numbers 0, 1, ..., and the places of their vertices.

A `Piece` is a finite graph with everything hashable replaced by numbers, so that it is read once. A
`Frame` gives every vertex of a piece a site and an integer place, places being counted modulo a
lattice of periods (empty for open graphs). Vertices of one place share its number, its spot; edges
that join the same sites over the same step with the same label share a kind. What is tried many
times over, a displacement of all vertices or a count of all edges, is then arithmetic on these
numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple

import networkx as nx

from neurenorm.graphs.periodic import integers
from neurenorm.graphs.periodic.integers import Basis, Vector
from neurenorm.graphs.periodic.labels import Directed, reverse

__all__ = ["Frame", "LinkKind", "Piece", "numbered", "piece_of"]


def numbered(values: Iterable[Hashable]) -> tuple[list[int], list[Any]]:
    """Number values in the order in which they first appear: the number of each, and the values
    that differ.
    """
    number: defaultdict[Hashable, int] = defaultdict(count().__next__)
    return [number[value] for value in values], list(number)


class Piece:
    """A finite labelled graph; `arrow` is the number of the label of an edge, read from its tail to
    its head.
    """

    def __init__(
        self,
        names: list[Any],
        labels: list[Hashable],
        ends: tuple[list[int], list[int]],
        arrows: Iterable[Hashable],
        edge_names: Sequence[tuple[Any, ...]],
    ) -> None:
        self.names = names
        self.labels = labels
        self.label, _ = numbered(labels)
        self.tails, self.heads = ends
        self.arrow, self.arrows = numbered(arrows)
        self.edge_names = edge_names

    @cached_property
    def number(self) -> dict[Any, int]:
        """The number of every vertex."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def has_loops(self) -> bool:
        """Whether some edge joins a vertex to itself."""
        return any(map(int.__eq__, self.tails, self.heads))

    def edges(self) -> Iterator[tuple[int, int, Hashable]]:
        """Tail, head and label of every edge."""
        return zip(self.tails, self.heads, map(self.arrows.__getitem__, self.arrow), strict=True)


def piece_of(graph: nx.Graph, attribute: str) -> Piece:
    """A networkx graph with the labels of an attribute; arrows of a directed graph become
    `Directed` labels.
    """
    names = list(graph)
    number = {v: i for i, v in enumerate(names)}
    tails, heads, arrows, edge_names = [], [], [], []
    edges: Any = graph.edges
    for *name, data in edges(keys=True, data=True) if graph.is_multigraph() else edges(data=True):
        tail, head, label = _oriented(
            name[0], name[1], data.get(attribute), data.get("tail"), graph.is_directed()
        )
        tails.append(number[tail])
        heads.append(number[head])
        arrows.append(label)
        edge_names.append(tuple(name))
    labels: dict[Any, Any] = dict(graph.nodes(data=attribute))
    return Piece(names, list(labels.values()), (tails, heads), arrows, edge_names)


def _oriented(
    u: Any, v: Any, label: Hashable, tail: Any, directed: bool
) -> tuple[Any, Any, Hashable]:
    """Tail, head and label of an edge; an undirected edge whose label has a direction has to name
    its tail.
    """
    if directed:
        return u, v, Directed(label)
    if label is None or reverse(label) == label:
        return u, v, label
    if tail not in (u, v):
        raise ValueError(
            f"the label {label!r} of the edge {u!r}, {v!r} has a direction: give its 'tail'"
        )
    return (u, v, label) if tail == u else (v, u, label)


class LinkKind(NamedTuple):
    """What edges of one kind share: the sites of their ends, the step from tail to head (not
    reduced), the number of the label.
    """

    tail: int
    head: int
    step: Vector
    arrow: int


@dataclass(frozen=True, eq=False)
class Frame:
    """A piece whose vertices have sites and places.

    `site` and `spot` have an entry for every vertex of the piece, `kind` for every edge; `vertices`
    and `links` are those that count (all, or the ones inside of a box).
    """

    piece: Piece
    site: list[int]
    spot: list[int]
    places: list[Vector]
    periods: Basis
    dimension: int
    kind: list[int]
    kinds: list[LinkKind]
    vertices: Sequence[int]
    links: Sequence[int]

    @classmethod
    def of(
        cls, piece: Piece, site: list[int], place: Iterable[Vector], periods: Basis, dimension: int
    ) -> Frame:
        """The frame of a whole piece."""
        spot, places = numbered(place)
        kind, kinds = _link_kinds(piece, site, spot, places)
        return cls(
            piece,
            site,
            spot,
            places,
            periods,
            dimension,
            kind,
            kinds,
            range(len(spot)),
            range(len(kind)),
        )

    def inside(self, bounds: Sequence[tuple[int, int]]) -> Frame:
        """The part of the frame in a box."""
        within = [
            all(a <= x <= b for x, (a, b) in zip(place, bounds, strict=True))
            for place in self.places
        ]
        kept = [within[s] for s in self.spot]
        tails, heads = self.piece.tails, self.piece.heads
        links = [k for k in self.links if kept[tails[k]] and kept[heads[k]]]
        return replace(self, vertices=[v for v in self.vertices if kept[v]], links=links)

    @cached_property
    def spots(self) -> list[int]:
        """The numbers of the places that are used."""
        return list(dict.fromkeys(map(self.spot.__getitem__, self.vertices)))

    @cached_property
    def at(self) -> dict[int, int]:
        """The vertex at every site and spot, by site * number of places + spot."""
        wide, site, spot = len(self.places), self.site, self.spot
        return {site[v] * wide + spot[v]: v for v in self.vertices}

    @cached_property
    def reduced(self) -> Callable[[Vector], Vector]:
        """A place or a step modulo the periods."""
        return integers.reducer(self.periods, self.dimension)

    def mover(self, step: Vector) -> Callable[[int], int | None]:
        """The map of spots by a displacement; None where it leads to no place."""
        if not self.periods:
            wanted, by_code, code = self._coder(step), self._by_code, self._codes
            return lambda spot: by_code.get(code[spot] + wanted)
        index, places, reduced = self._index, self.places, self.reduced
        return lambda spot: index.get(reduced(integers.add(places[spot], step)))

    @cached_property
    def _index(self) -> dict[Vector, int]:
        """The spot of every place."""
        return {place: s for s, place in enumerate(self.places)}

    @cached_property
    def _coder(self) -> Callable[[Vector], int]:
        """Places as single integers, whose sums are those of sums of a place and a step inside of
        the box of all places.
        """
        return _coder(self.places)

    @cached_property
    def _codes(self) -> list[int]:
        return list(map(self._coder, self.places))

    @cached_property
    def _by_code(self) -> dict[int, int]:
        return {code: s for s, code in enumerate(self._codes)}


def _coder(places: Sequence[Vector]) -> Callable[[Vector], int]:
    """Vectors as integers with a radix that keeps apart all sums of a place and a difference of two
    places.
    """
    strides, size = [], 1
    for column in zip(*places, strict=True):
        strides.append(size)
        size *= 4 * (max(column) - min(column)) + 3
    if len(strides) == 1:
        return lambda vector: vector[0]
    return lambda vector: sum(map(int.__mul__, vector, strides))


def _link_kinds(
    piece: Piece, site: list[int], spot: list[int], places: list[Vector]
) -> tuple[list[int], list[LinkKind]]:
    """The kind of every edge, and the kinds."""
    code = list(map(_coder(places), places)) if places else []
    tails, heads = piece.tails, piece.heads
    keys = [
        (site[t], site[h], code[spot[h]] - code[spot[t]], a)
        for t, h, a in zip(tails, heads, piece.arrow, strict=True)
    ]
    kind, distinct = numbered(keys)
    first = {
        number: k for k, number in zip(range(len(kind) - 1, -1, -1), reversed(kind), strict=True)
    }
    steps = (
        integers.subtract(places[spot[heads[k]]], places[spot[tails[k]]])
        for k in map(first.__getitem__, range(len(distinct)))
    )
    return kind, [
        LinkKind(key[0], key[1], step, key[3]) for key, step in zip(distinct, steps, strict=True)
    ]
