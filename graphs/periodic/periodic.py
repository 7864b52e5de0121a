"""Graphs with translational symmetry, described by one cell.

A `PeriodicGraph` of dimension d has finitely many vertices v, each of which stands for the copies
(v, c) in all cells c of Z^d, and finitely many edges (u, v, o), each of which joins (u, c) to (v, c
+ o) for all c.  Since the second joins the same pairs,

    (u, v, o)  and  (v, u, -o)

are one undirected edge; the form that is kept runs from the earlier vertex to the later one, or
along the offset whose first non-zero entry is positive.  A directed edge carries its arrow in its
label (`Directed`), which turns with the edge.  A `Metric` gives the cell its lengths: primitive
vectors and positions of the vertices.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NoReturn

from neurenorm.graphs.periodic.cell_metric import checked_metric, placed, supercell_metric
from neurenorm.graphs.periodic.components import number_of_copies, potentials
from neurenorm.graphs.periodic.edges import (
    Edge,
    ZeroOffsetLoop,
    canonical_edge,
    checked_edge,
    shared_content,
)
from neurenorm.graphs.periodic.labels import sort_text, vertex_labels
from neurenorm.graphs.periodic.metric import Metric, NoMetric
from neurenorm.graphs.periodic.picture import cell_table
from neurenorm.graphs.periodic.text_form import read_cell, write_cell
from neurenorm.graphs.periodic.unrolling import Unrolled, box, enlarged, flags, unrolled

__all__ = ["Edge", "Metric", "NoMetric", "PeriodicGraph", "Unrolled", "ZeroOffsetLoop"]


class PeriodicGraph:
    """A graph with translational symmetry, given by its cell.

    Parameters
    ----------
    vertices : mapping or iterable
        From vertices to labels, or the vertices alone (then the labels are None).
    edges : iterable of tuples
        ``(u, v, offset)`` or ``(u, v, offset, label)``; the offset is a tuple of integers (in one
        dimension also an integer).  Parallel edges, and edges from a vertex to its own copy in
        another cell, are legal.
    dimension : int
        Number of independent translations, at least one.
    metric : Metric, optional
        Primitive vectors and positions; `with_metric` builds one.  It counts when graphs are
        compared.

    Raises
    ------
    ZeroOffsetLoop
        If an edge joins a vertex to itself in the same cell.
    ValueError
        If an end is not a vertex, an offset has the wrong dimension, a vertex is repeated, or there
        is none; if the metric has fewer axes than the graph translations, or does not place exactly
        the vertices of the cell.
    TypeError
        If an offset or the dimension is not made of integers.

    Examples
    --------
    >>> ladder = PeriodicGraph("AB", [("A", "A", 1), ("B", "B", 1), ("A", "B", 0, "rung")], 1)
    >>> ladder.edges[1]
    Edge(tail='A', head='B', offset=(0,), label='rung')
    >>> ladder == PeriodicGraph("BA", [("B", "A", 0, "rung"), ("B", "B", -1), ("A", "A", -1)], 1)
    True
    """

    __slots__ = ("_dimension", "_edges", "_key", "_metric", "_vertices")
    _dimension: int
    _edges: tuple[Edge, ...]
    _key: Hashable
    _metric: Metric | None
    _vertices: Mapping[Any, Hashable]

    def __init__(
        self,
        vertices: Mapping[Any, Hashable] | Iterable[Hashable],
        edges: Iterable[Sequence[Any]],
        dimension: int,
        metric: Metric | None = None,
    ) -> None:
        size = operator.index(dimension)
        if size < 1:
            raise ValueError(f"the dimension is a positive integer, not {dimension!r}")
        named = vertex_labels(vertices)
        number = {v: i for i, v in enumerate(named)}
        canonical = [canonical_edge(checked_edge(entry, number, size), number) for entry in edges]
        canonical.sort(key=lambda e: (number[e.tail], number[e.head], e.offset, sort_text(e.label)))
        for name, value in (
            ("_vertices", MappingProxyType(named)),
            ("_edges", tuple(canonical)),
            ("_dimension", size),
            ("_metric", None if metric is None else checked_metric(metric, named, size)),
            ("_key", (shared_content(named, canonical, size), metric)),
        ):
            object.__setattr__(self, name, value)

    @property
    def vertices(self) -> Mapping[Any, Hashable]:
        """The vertices of one cell and their labels, in the order given (read only)."""
        return self._vertices

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges of one cell in canonical form and order."""
        return self._edges

    @property
    def dimension(self) -> int:
        """Number of independent translations."""
        return self._dimension

    @property
    def metric(self) -> Metric | None:
        """Primitive vectors and positions, None if the graph has no lengths."""
        return self._metric

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse every assignment."""
        raise AttributeError(
            f"a PeriodicGraph does not change; build another one instead of setting {name!r}"
        )

    def __eq__(self, other: object) -> bool:
        """Same cell: vertices, labels, edges, dimension and metric, whatever the order in which
        they were given.
        """
        return self._key == other._key if isinstance(other, PeriodicGraph) else NotImplemented

    def __hash__(self) -> int:
        """Hash of the content."""
        return hash(self._key)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by construction."""
        return PeriodicGraph, (dict(self._vertices), self._edges, self._dimension, self._metric)

    def __repr__(self) -> str:
        """Dimension and sizes in one line."""
        return (
            f"<PeriodicGraph of dimension {self._dimension}: "
            f"{len(self._vertices)} vertices and {len(self._edges)} edges per cell>"
        )

    def _repr_html_(self) -> str:
        """Three cells along each translation, and the edges of the cell as a table."""
        return cell_table(self)

    def with_metric(
        self,
        metric: Metric | Iterable[Iterable[Any]] | None,
        positions: Mapping[Any, Iterable[Any]] | None = None,
    ) -> PeriodicGraph:
        """Give the same graph other lengths.

        Parameters
        ----------
        metric : Metric, or D rows of D rational numbers, or None
            The scalar products a_i · a_j of the primitive vectors, followed by those of axes across
            the translations, if there are any; None takes the metric away.
        positions : mapping, optional
            From every vertex to its D rational coordinates in these axes.  A single vertex lies at
            the origin if nothing is said.

        Returns
        -------
        PeriodicGraph

        Raises
        ------
        TypeError
            If a number is not rational.
        ValueError
            If the matrix is not a Gram matrix, or positions are missing.

        Examples
        --------
        The square lattice stretched to rectangles with sides 1 and √2:

        >>> square = PeriodicGraph("A", [("A", "A", (1, 0)), ("A", "A", (0, 1))], 2)
        >>> square.with_metric([[1, 0], [0, 2]]).squared_length(("A", "A", (1, 1)))
        Fraction(3, 1)
        """
        if metric is not None and not isinstance(metric, Metric):
            rows = [list(row) for row in metric]
            metric = Metric(rows, placed(self._vertices, positions, len(rows)))
        elif metric is not None and positions is not None:
            metric = metric.with_positions(positions)
        return PeriodicGraph(self._vertices, self._edges, self._dimension, metric)

    def squared_length(self, edge: Sequence[Any]) -> Fraction:
        """Return the square of the length of an edge.

        Parameters
        ----------
        edge : tuple
            ``(u, v, offset)`` or an `Edge`; any pair of copies (u, c) and (v, c + offset) may be
            asked.

        Returns
        -------
        fractions.Fraction
            |x_v + offset - x_u|², exact.

        Raises
        ------
        NoMetric
            If the graph has no metric.
        ValueError
            If an end is not a vertex or the offset has the wrong dimension.

        Examples
        --------
        >>> from neurenorm.graphs.lattices import honeycomb
        >>> [str(honeycomb().squared_length(edge)) for edge in honeycomb().edges]
        ['1/3', '1/3', '1/3']
        """
        if self._metric is None:
            raise NoMetric("the length of an edge")
        tail, head, offset, _ = checked_edge(
            edge, dict.fromkeys(self._vertices, 0), self._dimension
        )
        places = self._metric.positions
        wide = (*offset, *(0,) * (len(places[tail]) - len(offset)))
        return self._metric.squared_length(
            [y + o - x for x, y, o in zip(places[tail], places[head], wide, strict=True)]
        )

    def renamed(self, names: Mapping[Any, Hashable] | Callable[[Any], Hashable]) -> PeriodicGraph:
        """Give the vertices other names; labels, edges and the metric stay.

        Parameters
        ----------
        names : mapping or callable
            From old names to new ones; a mapping may leave names out, which stay.

        Returns
        -------
        PeriodicGraph

        Raises
        ------
        ValueError
            If two vertices get one name.

        Examples
        --------
        >>> PeriodicGraph("AB", [("A", "B", 1)], 1).renamed({"A": "C"}).edges
        (Edge(tail='C', head='B', offset=(1,), label=None),)
        """
        name = {
            v: names.get(v, v) if isinstance(names, Mapping) else names(v) for v in self._vertices
        }
        if len(set(name.values())) < len(name):
            raise ValueError("two vertices get one name; the new names have to differ")
        vertices = {name[v]: label for v, label in self._vertices.items()}
        edges = [Edge(name[e.tail], name[e.head], e.offset, e.label) for e in self._edges]
        metric = self._metric and self._metric.with_positions(
            {name[v]: x for v, x in self._metric.positions.items()}
        )
        return PeriodicGraph(vertices, edges, self._dimension, metric)

    def degree(self, v: Hashable) -> int:
        """Number of edge ends at every copy of a vertex.

        Parameters
        ----------
        v : hashable
            A vertex of the cell.

        Returns
        -------
        int
            An edge to another copy of v counts twice, once for each neighbour.

        Raises
        ------
        ValueError
            If v is not a vertex.

        Examples
        --------
        >>> PeriodicGraph("A", [("A", "A", (1, 0)), ("A", "A", (0, 1))], 2).degree("A")
        4
        """
        if v not in self._vertices:
            raise ValueError(f"{v!r} is not a vertex; the vertices are {list(self._vertices)}")
        return sum((e.tail == v) + (e.head == v) for e in self._edges)

    def is_connected(self) -> bool:
        """Whether the cell, with its edges followed through all offsets, is connected.

        Returns
        -------
        bool
            Connectivity of the quotient.  The crystal itself may still consist of several
            interleaved copies (`number_of_copies`).

        Examples
        --------
        >>> PeriodicGraph("AB", [("A", "A", 1)], 1).is_connected()
        False
        """
        found = potentials(self._vertices, self._edges, self._dimension)
        return len({part for part, _ in found.values()}) == 1

    def number_of_copies(self) -> int | float:
        """Number of connected components of the infinite unrolled graph.

        Walk around all cycles of the cell: the offsets collected span a lattice, and a connected
        cell unrolls to as many components as this lattice has cosets in Z^d.  Components of the
        cell add up.

        Returns
        -------
        int or float
            Infinite (``math.inf``) if some direction is not crossed by any path.

        Examples
        --------
        >>> PeriodicGraph("A", [("A", "A", 2)], 1).number_of_copies()
        2
        >>> PeriodicGraph("A", [("A", "A", (1, 0))], 2).number_of_copies()
        inf
        """
        return number_of_copies(self._vertices, self._edges, self._dimension)

    def unroll(
        self, extents: int | Sequence[int], periodic: bool | Sequence[bool] = True
    ) -> Unrolled:
        """Cut a finite piece out of the crystal.

        Parameters
        ----------
        extents : int or sequence of int
            Number of cells along each translation (an integer: the same along all).
        periodic : bool or sequence of bool
            Where True, the piece is closed to a ring and every edge stays; where False, edges that
            leave it are dropped.

        Returns
        -------
        Unrolled
            A networkx MultiGraph and its nodes by (vertex, cell).  It is exact at all extents: two
            edges between one pair of nodes stay parallel, and an edge that closes on its own node
            is a self-loop.  Of a graph with a metric, the piece has the graph attributes ``gram``
            (scalar products of the axes) and ``rings`` (cells along each translation, 0 where it is
            open), and every node its ``position`` in the axes.

        Raises
        ------
        ValueError
            If an extent is not positive or the number of extents is not the dimension.

        Examples
        --------
        >>> chain = PeriodicGraph("A", [("A", "A", 1)], 1)
        >>> [chain.unroll(n).graph.number_of_edges() for n in (1, 2, 3)]
        [1, 2, 3]
        >>> chain.unroll(3, periodic=False).graph.number_of_edges()
        2
        """
        shape, closed = box(extents, self._dimension), flags(periodic, self._dimension)
        return unrolled(self._vertices, self._edges, shape, closed, self._metric)

    def supercell(self, m: int | Sequence[int]) -> PeriodicGraph:
        """Describe the same crystal by a larger cell.

        Parameters
        ----------
        m : int or sequence of int
            How many old cells make one new cell along each translation.

        Returns
        -------
        PeriodicGraph
            Its vertices are the pairs (vertex, cell) with the cell inside the new cell.

        Raises
        ------
        ValueError
            If a factor is not positive or the number of factors is not the dimension.

        Examples
        --------
        >>> PeriodicGraph("A", [("A", "A", 1)], 1).supercell(2).edges
        (Edge(tail=('A', (0,)), head=('A', (1,)), offset=(-1,), label=None),
         Edge(tail=('A', (0,)), head=('A', (1,)), offset=(0,), label=None))
        """
        shape = box(m, self._dimension)
        vertices, edges = enlarged(self._vertices, self._edges, shape)
        metric = self._metric and supercell_metric(self._metric, vertices, shape)
        return PeriodicGraph(vertices, edges, self._dimension, metric)

    def to_text(self) -> str:
        """Write the cell as text, one vertex, edge, axis or position a line.

        Returns
        -------
        str
            Read back by `from_text`.

        Raises
        ------
        ValueError
            If a vertex or label is not made of numbers, strings, tuples, frozensets, `Label` and
            `Directed`.

        Examples
        --------
        >>> print(PeriodicGraph("A", [("A", "A", 1, "K")], 1).to_text())
        dimension 1
        vertex ('A', None,)
        edge ('A', 'A', (1,), 'K',)
        """
        return write_cell(self._dimension, self._vertices, self._edges, self._metric)

    @classmethod
    def from_text(cls, text: str) -> PeriodicGraph:
        """Read what `to_text` wrote.

        Parameters
        ----------
        text : str
            One line ``dimension d``, then lines ``vertex (name, label)`` and ``edge (tail, head,
            offset, label)``; with a metric also a line ``axis (products)`` for each row of the Gram
            matrix and ``position (name, coordinates)``.

        Returns
        -------
        PeriodicGraph
            Equal to the one that was written.

        Raises
        ------
        ValueError
            If a line is none of these; the line is named.

        Examples
        --------
        >>> cell = PeriodicGraph("A", [("A", "A", 1, "K")], 1)
        >>> PeriodicGraph.from_text(cell.to_text()) == cell
        True
        """
        dimension, vertices, edges, metric = read_cell(text)
        return cls(vertices, edges, dimension, metric)
