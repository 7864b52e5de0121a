"""From vertices with places to one cell: the exact part of folding.

Given a lattice T of translations that contains the periods P of a frame, `crystallise` splits every
place into a representative modulo T and a cell, with coordinates aligned to P,

    place = representative + sum_i cell_i t_i,      P spanned by the n_i t_i,

and folds vertices and edges.  The result exists only if vertices of one class have one label and
every kind of edge is there, equally often, wherever both its ends are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from neurenorm.graphs.folding.frame import Frame, numbered
from neurenorm.graphs.periodic import integers
from neurenorm.graphs.periodic.integers import Basis, Vector
from neurenorm.graphs.periodic.labels import reverse
from neurenorm.graphs.periodic.periodic import PeriodicGraph

__all__ = ["Crystal", "crystallise"]


@dataclass(eq=False)
class Crystal:
    """One cell, the class and the cell of every vertex, and the shape of the finite piece (extent
    0: unbounded).
    """

    frame: Frame
    quotient: PeriodicGraph
    classes: dict[int, int]
    first: list[int]
    cell: list[int]
    cells: list[Vector]
    extents: Vector
    periodic: tuple[bool, ...]
    generators: tuple[Vector, ...]

    @cached_property
    def certificate(self) -> dict[Any, tuple[Any, Vector]]:
        """From every node to the vertex of the cell that it stands for, and its cell."""
        names, spot = self.frame.piece.names, self.frame.spot
        vertex = [names[v] for v in self.first]
        return {
            names[v]: (vertex[c], self.cells[self.cell[spot[v]]]) for v, c in self.classes.items()
        }

    def rim(self) -> set[int]:
        """The vertices without a copy in a neighbouring cell along an open direction."""
        number = {cell: k for k, cell in enumerate(self.cells)}
        wide, nowhere, home = (
            len(self.cells),
            -len(self.cells) * len(self.first),
            list(map(self.cell.__getitem__, self.frame.spot)),
        )
        present = {c * wide + home[v] for v, c in self.classes.items()}
        rim: set[int] = set()
        for axis in (i for i, ring in enumerate(self.periodic) if not ring):
            for sign in (1, -1):
                step = tuple(sign * (i == axis) for i in range(len(self.extents)))
                near = [number.get(integers.add(cell, step), nowhere) for cell in self.cells]
                rim.update(
                    v for v, c in self.classes.items() if c * wide + near[home[v]] not in present
                )
        return rim


def crystallise(frame: Frame, translations: Basis, shown: int = 2) -> Crystal | None:
    """Fold a frame by a lattice of translations.

    None if the graph does not repeat along it: some kind of vertex is there only once, or there are
    fewer than `shown` cells along an open direction.
    """
    axes = _Axes(frame, translations)
    if not axes.sizes or not frame.vertices:
        return None
    split = {s: axes.split(frame.places[s]) for s in frame.spots}
    axes.close(cell for _, cell in split.values())
    if any(n < shown for n, ring in zip(axes.extents, axes.rings, strict=True) if not ring):
        return None
    rest, cell, cells = _numbered_cells(frame, split, axes.origin)
    found = _classes(frame, rest)
    edges = found and _Folder(frame, rest, cell, cells, found[0], axes).edges()
    if found is None or edges is None:
        return None
    classes, first = found
    names, labels = frame.piece.names, frame.piece.labels
    quotient = PeriodicGraph(
        {names[v]: labels[v] for v in first},
        [(names[first[u]], names[first[v]], o, a) for u, v, o, a in edges],
        len(axes.sizes),
    )
    return Crystal(
        frame, quotient, classes, first, cell, cells, axes.extents, axes.rings, axes.generators()
    )


def _numbered_cells(
    frame: Frame, split: dict[int, tuple[Vector, Vector]], origin: Vector
) -> tuple[list[int], list[int], list[Vector]]:
    """For every spot the numbers of its representative and of its cell (those of spots that are not
    used are zero), and the cells.
    """
    rests, _ = numbered(rest for rest, _ in split.values())
    places, distinct = numbered(cell for _, cell in split.values())
    rest, cell = [0] * len(frame.places), [0] * len(frame.places)
    for s, r, c in zip(split, rests, places, strict=True):
        rest[s], cell[s] = r, c
    return rest, cell, [integers.subtract(x, origin) for x in distinct]


def _classes(frame: Frame, rest: list[int]) -> tuple[dict[int, int], list[int]] | None:
    """Class of every vertex and the first vertex of each; None if labels differ within a class or a
    class has a single member.
    """
    label, wide = frame.piece.label, len(frame.places)
    numbers, _ = numbered(frame.site[v] * wide + rest[frame.spot[v]] for v in frame.vertices)
    first: list[int] = []
    for v, c in zip(frame.vertices, numbers, strict=True):
        if c == len(first):
            first.append(v)
        elif label[v] != label[first[c]]:
            return None
    single = min(Counter(numbers).values()) == 1
    return None if single else (dict(zip(frame.vertices, numbers, strict=True)), first)


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
        kept = [i for i, n in enumerate(sizes) if n != 1 or frame.piece.has_loops]
        self.all_columns = self.columns
        self.kept = kept if any(sizes[i] != 1 for i in kept) else []
        self.columns = [self.columns[i] for i in self.kept]
        self.sizes = tuple(sizes[i] for i in self.kept)
        self.rings = tuple(n > 0 for n in self.sizes)
        self.origin: Vector = (0,) * len(self.sizes)
        self.extents: Vector = self.sizes
        self.plain = not any(sizes) and self.columns == [
            [int(i == j) for i in range(rank)] for j in range(rank)
        ]

    def split(self, place: Vector) -> tuple[Vector, Vector]:
        """Representative and cell of a place."""
        rest, raw = self.divide(place)
        if self.plain:
            return rest, raw
        cell = [sum(map(int.__mul__, raw, column)) for column in self.columns]
        return rest, tuple(x % n if n else x for x, n in zip(cell, self.sizes, strict=True))

    def close(self, cells: Iterable[Vector]) -> None:
        """Fix the first cell and the extents along open directions."""
        ranges = [(min(column), max(column)) for column in zip(*cells, strict=True)]
        self.origin = tuple(0 if n else low for (low, _), n in zip(ranges, self.sizes, strict=True))
        self.extents = tuple(
            n or high - low + 1 for (low, high), n in zip(ranges, self.sizes, strict=True)
        )

    def nearest(self, offset: Vector) -> Vector:
        """The shortest form of an offset on the rings, a half turn counted as positive."""
        return tuple(
            x - n * ((2 * x + n - 1) // (2 * n)) if n else x
            for x, n in zip(offset, self.sizes, strict=True)
        )

    def is_short(self, offset: Vector) -> bool:
        """Whether an offset spans at most half of every open direction."""
        return all(
            n or 2 * abs(x) <= e for x, n, e in zip(offset, self.sizes, self.extents, strict=True)
        )

    def wrap(self, cell: Vector) -> Vector:
        """A cell on the rings."""
        return tuple(x % n if n else x for x, n in zip(cell, self.sizes, strict=True))

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
            tuple(
                sum(row[i] * self.basis[i][j] for i in range(rank))
                for j in range(len(self.basis[0]))
            )
            for row in rows
        )


def _inverse(matrix: list[list[int]]) -> list[list[int]]:
    """Inverse of a unimodular matrix by integer row operations."""
    n = len(matrix)
    rows = [row + [int(i == j) for j in range(n)] for i, row in enumerate(matrix)]
    return [list(row[n:]) for row in integers.hermite(rows)]


class _Bond(NamedTuple):
    """An edge of the quotient, between two classes."""

    tail: int
    head: int
    offset: Vector
    label: Hashable


class _Folder:
    """Sorts the edges of a finite graph by the bond of the quotient that they are copies of, and
    counts them in every cell.
    """

    def __init__(
        self,
        frame: Frame,
        rest: list[int],
        cell: list[int],
        cells: list[Vector],
        classes: dict[int, int],
        axes: _Axes,
    ) -> None:
        self.frame = frame
        self.rest = rest
        self.cell = cell
        self.cells = cells
        self.classes = classes
        self.axes = axes
        self.arrows: dict[frozenset[Hashable], Hashable] = {}

    def edges(self) -> list[_Bond] | None:
        """The edges of the quotient, or None if some kind of edge is missing somewhere."""
        counts = self._counts()
        if counts is None:
            return None
        homes: list[set[int]] = [set() for _ in range(max(self.classes.values()) + 1)]
        for v, c in self.classes.items():
            homes[c].add(self.cell[self.frame.spot[v]])
        edges = []
        for bond, found in counts.items():
            copies = self._multiplicity(bond, Counter(found), homes)
            if copies is None:
                return None
            edges += [bond] * copies
        return edges

    def _counts(self) -> dict[_Bond, list[int]] | None:
        """The cells in which every bond is found.  Edges of one kind whose tails are equivalent are
        copies of one bond.
        """
        tails, heads = self.frame.piece.tails, self.frame.piece.heads
        kind, spot, rest, cell = self.frame.kind, self.frame.spot, self.rest, self.cell
        wide = len(self.frame.places)
        counts: dict[_Bond, list[int]] = {}
        ends: dict[int, tuple[list[int] | None, list[int] | None]] = {}
        for k in self.frame.links:
            here = spot[tails[k]]
            key = kind[k] * wide + rest[here]
            if key not in ends:
                found = self._bond(k)
                if found is None:
                    return None
                count = counts.setdefault(found[0], [])
                ends[key] = (count if found[1] else None, count if found[2] else None)
            at_tail, at_head = ends[key]
            if at_tail is not None:
                at_tail.append(cell[here])
            if at_head is not None:
                at_head.append(cell[spot[heads[k]]])
        return counts

    def _bond(self, k: int) -> tuple[_Bond, bool, bool] | None:
        """The bond that an edge is a copy of, and whether it is counted in the cell of its tail and
        of its head; None if it is too long.
        """
        piece, spot = self.frame.piece, self.frame.spot
        tail, head, label = piece.tails[k], piece.heads[k], piece.arrows[piece.arrow[k]]
        u, v = self.classes[tail], self.classes[head]
        if tail == head:
            turn = self.axes.winding()
            return None if turn is None else (_Bond(u, v, turn, label), True, False)
        step = integers.subtract(
            self.cells[self.cell[spot[head]]], self.cells[self.cell[spot[tail]]]
        )
        there, back = self.axes.nearest(step), self.axes.nearest(integers.negate(step))
        if not self.axes.is_short(there):
            return None
        if u == v and there == back:
            return self._half_turn(u, there, label)
        if (v, u, back) < (u, v, there):
            return _Bond(v, u, back, reverse(label)), False, True
        return _Bond(u, v, there, label), True, False

    def _half_turn(self, u: int, offset: Vector, label: Hashable) -> tuple[_Bond, bool, bool]:
        """The bond of an edge half around a ring, which looks the same from both ends but for its
        arrow.
        """
        turned = reverse(label)
        if turned == label:
            return _Bond(u, u, offset, label), True, True
        kept = self.arrows.setdefault(frozenset((label, turned)), label)
        return _Bond(u, u, offset, kept), label == kept, label != kept

    def _multiplicity(self, bond: _Bond, count: Counter[int], homes: list[set[int]]) -> int | None:
        """How many parallel edges of one kind every cell has; None if not all have the same."""
        expected = max(count.values())
        if min(count.values()) < expected:
            return None
        there = (
            {self.cells[c] for c in homes[bond.head]}
            if len(count) < len(homes[bond.tail])
            else set()
        )
        for c in homes[bond.tail] - count.keys():
            if self.axes.wrap(integers.add(self.cells[c], bond.offset)) in there:
                return None
        if (
            bond.tail != bond.head
            or self.axes.nearest(integers.negate(bond.offset)) != bond.offset
            or reverse(bond.label) != bond.label
        ):
            return expected
        return None if expected % 2 else expected // 2
