"""From vertices with places to one cell: the exact part of folding.

A `Frame` gives every vertex of a finite graph a site and an integer place, places being counted modulo a lattice of
periods P (empty for open graphs).  Given a lattice T of translations that contains P, `crystallise` splits every place
into a representative modulo T and a cell, with coordinates aligned to P,

    place = representative + sum_i cell_i t_i,      P spanned by the n_i t_i,

and folds vertices and edges.  The result exists only if vertices of one class have one label and every kind of edge is
there, equally often, wherever both its ends are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import networkx as nx

from graphs import integers
from graphs.integers import Basis, Vector
from graphs.labels import Directed, reverse
from graphs.periodic import PeriodicGraph


class Link(NamedTuple):
    """One edge of a finite graph; the label is read from tail to head."""

    tail: Any
    head: Any
    label: Hashable
    name: tuple[Any, ...]


def links_of(graph: nx.Graph, attribute: str) -> list[Link]:
    """The edges of a networkx graph with oriented labels; arrows of a directed graph become `Directed` labels."""
    links = []
    directed = graph.is_directed()
    edges: Any = graph.edges
    named = edges(keys=True, data=True) if graph.is_multigraph() else edges(data=True)
    for *name, data in named:
        label = data.get(attribute)
        tail, head = name[:2]
        if directed:
            label = Directed(label)
        elif label is not None and reverse(label) != label:
            if data.get("tail") not in (tail, head):
                raise ValueError(f"the label {label!r} of the edge {tail!r}, {head!r} has a direction: give its 'tail'")
            tail, head = (tail, head) if data["tail"] == tail else (head, tail)
        links.append(Link(tail, head, label, tuple(name)))
    return links


@dataclass
class Frame:
    """Sites and places of the vertices of a finite graph."""

    site: dict[Any, Hashable]
    place: dict[Any, Vector]
    periods: Basis
    labels: dict[Any, Hashable]
    links: list[Link]
    dimension: int

    def at(self) -> dict[tuple[Hashable, Vector], Any]:
        """The vertex at every (site, place)."""
        return {(self.site[v], place): v for v, place in self.place.items()}


@dataclass
class Crystal:
    """One cell, the place of every vertex in it, and the shape of the finite piece (extent 0: unbounded)."""

    quotient: PeriodicGraph
    certificate: dict[Any, tuple[Any, Vector]]
    extents: Vector
    periodic: tuple[bool, ...]
    generators: tuple[Vector, ...]


def crystallise(frame: Frame, translations: Basis, shown: int = 2) -> Crystal | None:
    """Fold a frame by a lattice of translations.

    None if the graph does not repeat along it: some kind of vertex is there only once, or there are fewer than `shown`
    cells along an open direction.
    """
    axes = _Axes(frame, translations)
    if not axes.sizes or not frame.place:
        return None
    cells = {v: axes.split(place) for v, place in frame.place.items()}
    axes.close(cells.values())
    if any(n < shown for n, ring in zip(axes.extents, axes.rings, strict=True) if not ring):
        return None
    certificate = _certificate(frame, cells, axes.origin)
    edges = certificate and _Folder(frame.links, certificate, axes).edges()
    if certificate is None or edges is None:
        return None
    labels = {name: frame.labels[name] for name, _ in certificate.values()}
    quotient = PeriodicGraph(labels, edges, len(axes.sizes))
    return Crystal(quotient, certificate, axes.extents, axes.rings, axes.generators())


def _certificate(
    frame: Frame, cells: dict[Any, tuple[Vector, Vector]], origin: Vector
) -> dict[Any, tuple[Any, Vector]] | None:
    """Vertex and cell of every node; None if labels differ within a class or a class has a single member."""
    names: dict[tuple[Hashable, Vector], Any] = {}
    certificate = {}
    for v, (rest, cell) in cells.items():
        name = names.setdefault((frame.site[v], rest), v)
        if frame.labels[name] != frame.labels[v]:
            return None
        certificate[v] = (name, integers.subtract(cell, origin))
    members = Counter(name for name, _ in certificate.values())
    return certificate if min(members.values()) > 1 else None


class _Axes:
    """Coordinates of the translations, aligned with the periods."""

    def __init__(self, frame: Frame, translations: Basis) -> None:
        self.basis = translations
        self.divide = integers.splitter(translations, frame.dimension)
        rank = len(translations)
        inner = integers.hermite(integers.coordinates(translations, row) for row in frame.periods)
        self.columns = [[int(i == j) for i in range(rank)] for j in range(rank)]
        sizes = [0] * rank
        if all(sum(map(bool, row)) == 1 for row in inner):
            for row in inner:
                sizes[integers.pivot(row)] = max(row)
        else:
            divisors, transform = integers.smith(inner, rank)
            sizes[: len(divisors)] = divisors
            self.columns = [[row[j] for row in transform] for j in range(rank)]
        loops = any(link.tail == link.head for link in frame.links)
        kept = [i for i, n in enumerate(sizes) if n != 1 or loops]
        self.all_columns = self.columns
        self.kept = kept if any(sizes[i] != 1 for i in kept) else []
        self.columns = [self.columns[i] for i in self.kept]
        self.sizes = tuple(sizes[i] for i in self.kept)
        self.rings = tuple(n > 0 for n in self.sizes)
        self.origin: Vector = (0,) * len(self.sizes)
        self.extents: Vector = self.sizes

    def split(self, place: Vector) -> tuple[Vector, Vector]:
        """Representative and cell of a place."""
        rest, raw = self.divide(place)
        cell = [sum(map(int.__mul__, raw, column)) for column in self.columns]
        return rest, tuple(x % n if n else x for x, n in zip(cell, self.sizes, strict=True))

    def close(self, cells: Iterable[tuple[Vector, Vector]]) -> None:
        """Fix the first cell and the extents along open directions."""
        ranges = [(min(column), max(column)) for column in zip(*(cell for _, cell in cells), strict=True)]
        self.origin = tuple(0 if n else low for (low, _), n in zip(ranges, self.sizes, strict=True))
        self.extents = tuple(n or high - low + 1 for (low, high), n in zip(ranges, self.sizes, strict=True))

    def nearest(self, offset: Vector) -> Vector:
        """The shortest form of an offset on the rings, a half turn counted as positive."""
        return tuple(x - n * ((2 * x + n - 1) // (2 * n)) if n else x for x, n in zip(offset, self.sizes, strict=True))

    def winding(self) -> Vector | None:
        """The offset of a self-loop: once around the first ring of one cell."""
        if 1 not in self.sizes:
            return None
        first = self.sizes.index(1)
        return tuple(int(i == first) for i in range(len(self.sizes)))

    def generators(self) -> tuple[Vector, ...]:
        """The translations by one cell, in the coordinates of the frame."""
        rank = len(self.basis)
        inverse = _inverse([list(row) for row in zip(*self.all_columns, strict=True)])
        rows = [inverse[i] for i in self.kept]
        return tuple(
            tuple(sum(row[i] * self.basis[i][j] for i in range(rank)) for j in range(len(self.basis[0]))) for row in rows
        )


def _inverse(matrix: list[list[int]]) -> list[list[int]]:
    """Inverse of a unimodular matrix by integer row operations."""
    n = len(matrix)
    rows = [row + [int(i == j) for j in range(n)] for i, row in enumerate(matrix)]
    return [list(row[n:]) for row in integers.hermite(rows)]


class _Folder:
    """Sorts the edges of a finite graph by kind and counts them in every cell."""

    def __init__(self, links: Sequence[Link], certificate: dict[Any, tuple[Any, Vector]], axes: _Axes) -> None:
        self.axes = axes
        self.certificate = certificate
        self.number: dict[Any, int] = {}
        self.cells: dict[Any, set[Vector]] = {}
        for name, cell in certificate.values():
            self.number.setdefault(name, len(self.number))
            self.cells.setdefault(name, set()).add(cell)
        self.links = links
        self.arrows: dict[frozenset[Hashable], Hashable] = {}
        self.offsets: dict[Vector, tuple[Vector, Vector, bool]] = {}

    def edges(self) -> list[tuple[Any, Any, Vector, Hashable]] | None:
        """The edges of the quotient, or None if some kind of edge is missing somewhere."""
        counts: dict[tuple[Any, ...], Counter[Vector]] = {}
        labels: dict[tuple[Any, ...], Hashable] = {}
        for link in self.links:
            kind, label, ends = self._kind(link)
            if kind is None:
                return None
            if kind not in counts:
                labels[kind], counts[kind] = label, Counter()
            count = counts[kind]
            for cell in ends:
                count[cell] += 1
        edges = []
        for kind, count in counts.items():
            copies = self._multiplicity(kind, count)
            if copies is None:
                return None
            edges += [(kind[0], kind[1], kind[2], labels[kind])] * copies
        return edges

    def _kind(self, link: Link) -> tuple[tuple[Any, ...] | None, Hashable, tuple[Vector, ...]]:
        """Kind of an edge (tail, head, offset, label), its label, and the cells at which it is counted."""
        (u, a), (v, b) = self.certificate[link.tail], self.certificate[link.head]
        label = link.label
        if link.tail == link.head:
            turn = self.axes.winding()
            return (None if turn is None else (u, v, turn, label)), label, (a,)
        there, back, short = self._offset(integers.subtract(b, a))
        if not short:
            return None, label, ()
        if u == v and there == back:
            return self._half_turn(link, u, there, a, b)
        if (self.number[v], self.number[u], back) < (self.number[u], self.number[v], there):
            u, v, a, there, label = v, u, b, back, reverse(label)
        return (u, v, there, label), label, (a,)

    def _offset(self, step: Vector) -> tuple[Vector, Vector, bool]:
        """Shortest forms of an offset and its opposite, and whether it spans at most half of every open direction."""
        known = self.offsets.get(step)
        if known is None:
            there, back = self.axes.nearest(step), self.axes.nearest(integers.negate(step))
            short = all(
                n or 2 * abs(x) <= e for x, n, e in zip(there, self.axes.sizes, self.axes.extents, strict=True)
            )
            known = self.offsets[step] = there, back, short
        return known

    def _half_turn(
        self, link: Link, u: Any, offset: Vector, a: Vector, b: Vector
    ) -> tuple[tuple[Any, ...], Hashable, tuple[Vector, ...]]:
        """Kind of an edge half around a ring, which looks the same from both ends but for its arrow."""
        turned = reverse(link.label)
        if turned == link.label:
            return (u, u, offset, link.label), link.label, (a, b)
        label = self.arrows.setdefault(frozenset((link.label, turned)), link.label)
        return (u, u, offset, label), label, (a if label == link.label else b,)

    def _multiplicity(self, kind: tuple[Any, ...], count: Counter[Vector]) -> int | None:
        """How many parallel edges of one kind every cell has; None if not all have the same."""
        u, v, offset = kind[:3]
        expected = max(count.values())
        for cell in self.cells[u]:
            target = integers.add(cell, offset)
            if self._wrap(target) in self.cells[v] and count[cell] != expected:
                return None
        if u != v or self.axes.nearest(integers.negate(offset)) != offset or reverse(kind[3]) != kind[3]:
            return expected
        return None if expected % 2 else expected // 2

    def _wrap(self, cell: Vector) -> Vector:
        """A cell on the rings."""
        return tuple(x % n if n else x for x, n in zip(cell, self.axes.sizes, strict=True))
