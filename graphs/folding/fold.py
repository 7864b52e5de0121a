"""Find the translations of a finite graph and fold it into one cell.

A translation of an open graph is a partial map that keeps labels and edges and is defined on all
but a boundary; of a periodic graph it is an automorphism that moves every vertex.  `fold` finds
them, either among displacements of declared coordinates (exactly and in linear time for crystals)
or by a search for maps of the bare graph, and returns the `PeriodicGraph` together with the map of
the vertices that proves it.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import networkx as nx

from neurenorm.graphs.folding.automorphism import SEARCH_LIMIT, crystal_of_bare_graph
from neurenorm.graphs.folding.crystal import Crystal
from neurenorm.graphs.folding.frame import Frame, Piece, numbered, piece_of
from neurenorm.graphs.folding.placed import best_crystal, ring_periods
from neurenorm.graphs.periodic import integers
from neurenorm.graphs.periodic.cell_metric import folded_metric
from neurenorm.graphs.periodic.integers import Vector
from neurenorm.graphs.periodic.labels import reverse
from neurenorm.graphs.periodic.periodic import PeriodicGraph
from neurenorm.graphs.rendering import Tabulated

__all__ = ["SEARCH_LIMIT", "Folding", "NoTranslation", "fold"]


class NoTranslation(ValueError):
    """The graph does not repeat: no translation was found.

    Examples
    --------
    >>> fold(nx.star_graph(3))
    Traceback (most recent call last):
    neurenorm.graphs.folding.fold.NoTranslation: no translation was found: ...
    """


@dataclass(frozen=True)
class Folding(Tabulated):
    """A finite graph as a piece of a periodic one.

    Parameters
    ----------
    quotient : PeriodicGraph
        One cell; each vertex bears the name of the first node it stands for.
    boundary : tuple
        Nodes where a translation by one cell, forwards or backwards, is not defined, nodes set
        aside included.
    set_aside : tuple
        Nodes of the boundary that belong to no cell (for instance an input and an output layer).
    broken_edges : tuple
        The edges at nodes set aside, as (u, v) or (u, v, key); they are not part of the crystal.
    certificate : dict
        From each node that is not set aside to its (vertex, cell).
    translations : tuple
        One generator for each direction of the quotient: a vector in the coordinates that were
        declared, or, for a bare graph, a tuple of pairs (node, image).
    periodic : tuple of bool
        Whether the graph closes to a ring along each direction.
    extents : tuple of int
        Number of cells along each direction.
    piece : Piece
        The graph that was folded, on numbers.

    Examples
    --------
    >>> ring = fold(nx.cycle_graph(6))
    >>> ring.quotient.edges, ring.extents, ring.periodic
    ((Edge(tail=0, head=0, offset=(1,), label=None),), (6,), (True,))
    """

    quotient: PeriodicGraph
    boundary: tuple[Any, ...]
    set_aside: tuple[Any, ...]
    broken_edges: tuple[tuple[Any, ...], ...]
    certificate: dict[Any, tuple[Any, Vector]]
    translations: tuple[Any, ...]
    periodic: tuple[bool, ...]
    extents: Vector
    piece: Piece = field(repr=False, compare=False)

    def verify(self) -> bool:
        """Unroll the quotient and compare it with the graph.

        Returns
        -------
        bool
            Whether the certificate is one-to-one, keeps labels, and maps the edges of the graph
            (but the broken ones) onto the edges of the unrolled quotient between the images, with
            their labels and multiplicities.

        Examples
        --------
        >>> fold(nx.ladder_graph(5)).verify()
        True
        """
        unrolled = self.quotient.unroll(self.extents, self.periodic).graph
        image = self.certificate
        within = set(image.values())
        if len(within) < len(image) or not within <= set(unrolled):
            return False
        places = [image.get(v) for v in self.piece.names]
        if any(
            x is not None and label != unrolled.nodes[x]["label"]
            for x, label in zip(places, self.piece.labels, strict=True)
        ):
            return False
        edges = ((places[tail], places[head], label) for tail, head, label in self.piece.edges())
        found = Counter(
            _readings(tail, head, label)
            for tail, head, label in edges
            if tail is not None and head is not None
        )
        expected = Counter(
            _readings(data["tail"], data["head"], data["label"])
            for _, _, data in unrolled.edges(data=True)
            if data["tail"] in within and data["head"] in within
        )
        return found == expected


def fold(
    graph: nx.Graph,
    coordinates: Mapping[Any, Sequence[Any]] | str | None = None,
    periods: Sequence[int | None] | None = None,
    *,
    along: Sequence[int] | None = None,
    margin: int = 1,
    label: str = "label",
) -> Folding:
    """Find the translations of a finite graph and fold it into its cell.

    A graph that was unrolled from a `PeriodicGraph` with a metric folds to a cell with a metric, if
    its translations keep distances.  Among several folds it takes the one with most independent
    directions, then the fewest nodes set aside, then the largest lattice of translations (that is,
    the smallest cell).  In an open direction a pattern counts as repeated if it is seen at least
    twice, so no translation and no edge spans more than half of the graph.

    Parameters
    ----------
    graph : networkx graph
        Any of the four networkx classes.  Node and edge attributes `label` are kept; the edges of a
        directed graph become labels `Directed`.  An undirected edge whose label has a direction
        names its tail in the attribute ``tail``.
    coordinates : mapping or str, optional
        For each node a tuple, for instance (layer, position), or the name of the node attribute
        that holds it.  Without coordinates translations are searched as maps of the bare graph: the
        graph is connected and has at most `SEARCH_LIMIT` nodes.  What that search returns is exact,
        but it is bounded and takes short translations first, so that it may miss some, above all of
        open graphs with several vertices per cell.
    periods : sequence of (int or None), optional
        The period of each coordinate of `along`, None where the graph is open.  Not given: a
        coordinate is taken as a ring if some edge spans more than half of it, and as open if this
        does not fold.
    along : sequence of int, optional
        The coordinates, integers, along which translations are sought (default: all).  The others
        may be any hashable and distinguish the sites of a cell.
    margin : int
        How many layers at each end of an open coordinate may be set aside.
    label : str
        Name of the node and edge attribute that holds labels.

    Returns
    -------
    Folding
        The cell, the boundary, and the certificate.

    Raises
    ------
    NoTranslation
        If no translation is found.
    ValueError
        If the graph is empty, coordinates are missing, repeated or outside their period, or a bare
        graph is disconnected or too large.
    TypeError
        If a coordinate along which to translate is not an integer.

    Examples
    --------
    A bare ring with alternating labels repeats every second node.

    >>> ring = nx.cycle_graph(8)
    >>> nx.set_node_attributes(ring, {v: "ab"[v % 2] for v in ring}, "label")
    >>> fold(ring).quotient.vertices
    mappingproxy({0: 'a', 1: 'b'})

    An open strip, by its coordinates:

    >>> strip = nx.grid_2d_graph(2, 6)
    >>> folded = fold(strip, {v: v for v in strip}, along=[1])
    >>> folded.quotient.vertices, folded.extents, folded.boundary
    (mappingproxy({(0, 0): None, (1, 0): None}), (6,), ((0, 0), (0, 5), (1, 0), (1, 5)))
    """
    if len(graph) == 0:
        raise ValueError("an empty graph cannot be folded; it has no vertex")
    piece = piece_of(graph, label)
    if coordinates is not None:
        site, place, dimension = _coordinates(graph, coordinates, along)
        return _measured(
            graph,
            fold_piece(
                piece, numbered(site)[0], place, dimension, periods, (operator.index(margin),)
            ),
        )
    bare = crystal_of_bare_graph(piece)
    if bare is None:
        hint = (
            "; an edge from a vertex to itself is no step along a lattice: take the self-loops "
            "out, or keep them as labels"
            if piece.has_loops
            else ""
        )
        raise NoTranslation(
            "no translation was found: the bounded search met no map of the whole graph that moves "
            "every vertex, and none of half of it "
            f"that starts near the centre; declare coordinates to try all displacements{hint}"
        )
    crystal, maps = bare
    return _measured(graph, _folding(crystal, tuple(tuple(image.items()) for image in maps)))


def _measured(graph: nx.Graph, folding: Folding) -> Folding:
    """The fold with the metric of the graph, where it has one that the translations keep."""
    places = dict(graph.nodes(data="position"))
    if not {"gram", "rings"} <= graph.graph.keys() or None in places.values():
        return folding
    cell = folding.quotient
    metric = folded_metric(
        graph.graph["gram"], graph.graph["rings"], places, folding.certificate, cell.dimension
    )
    return replace(folding, quotient=cell.with_metric(metric))


def fold_piece(
    piece: Piece,
    site: list[int],
    place: list[Vector],
    dimension: int,
    periods: Sequence[int | None] | None,
    margins: Sequence[int],
) -> Folding:
    """Fold a graph whose vertices have sites and places; of the margins the first that leads to a
    fold is taken.
    """
    frame = Frame.of(piece, site, place, [], dimension)
    guesses = [ring_periods(frame) if periods is None else tuple(periods)]
    if periods is None and any(guesses[0]):
        guesses.append((None,) * dimension)
    for guess in guesses:
        found = best_crystal(_with_periods(frame, guess), margins)
        if found is not None:
            return _folding(found, found.generators)
    raise NoTranslation(
        "the graph has no translation: it does not repeat along any of its coordinates"
    )


def _coordinates(
    graph: nx.Graph, coordinates: Mapping[Any, Sequence[Any]] | str, along: Sequence[int] | None
) -> tuple[list[Hashable], list[Vector], int]:
    """Sites and places from declared coordinates, and the number of coordinates of a place."""
    if isinstance(coordinates, str):
        coordinates = dict(nx.get_node_attributes(graph, coordinates))
    missing = [v for v in graph if v not in coordinates]
    if missing:
        raise ValueError(f"{len(missing)} nodes have no coordinates, the first is {missing[0]!r}")
    rows = [tuple(coordinates[v]) for v in graph]
    length = len(rows[0])
    axes = tuple(range(length)) if along is None else tuple(along)
    if (
        any(len(row) != length for row in rows)
        or not axes
        or not all(0 <= i < length for i in axes)
    ):
        raise ValueError(
            f"coordinates have one length ({length} at first) and `along` names some of them, not "
            f"{axes}"
        )
    others = [i for i in range(length) if i not in axes]
    place = [tuple([operator.index(row[i]) for i in axes]) for row in rows]
    return [tuple([row[i] for i in others]) for row in rows], place, len(axes)


def _with_periods(frame: Frame, periods: Sequence[int | None]) -> Frame:
    """A frame closed to rings, its places counted from zero on them."""
    if len(periods) != frame.dimension or any(
        n is not None and operator.index(n) < 1 for n in periods
    ):
        raise ValueError(
            f"periods are {frame.dimension} positive integers or None, not {tuple(periods)}"
        )
    rows = [
        tuple(n if i == j else 0 for j in range(frame.dimension))
        for i, n in enumerate(periods)
        if n
    ]
    for axis, (n, column) in enumerate(zip(periods, zip(*frame.places, strict=True), strict=True)):
        if n and max(column) - min(column) >= n:
            raise ValueError(
                f"coordinate {axis} spans {max(column) - min(column) + 1} values, more than its "
                f"period {n}"
            )
    closed = frame
    if rows:
        places = [integers.reduce(x, rows) for x in frame.places]
        closed = Frame.of(
            frame.piece, frame.site, [places[s] for s in frame.spot], rows, frame.dimension
        )
    if len(closed.at) < len(closed.vertices):
        raise ValueError(
            "two nodes have the same coordinates; add a coordinate that tells the sites of a cell "
            "apart"
        )
    return closed


def _folding(crystal: Crystal, generators: tuple[Any, ...]) -> Folding:
    """The public result, with its boundary."""
    piece, inside = crystal.frame.piece, crystal.classes
    rim = crystal.rim()
    broken: tuple[tuple[Any, ...], ...] = ()
    if len(inside) < len(piece.names):
        ends = zip(piece.tails, piece.heads, piece.edge_names, strict=True)
        broken = tuple(
            name for tail, head, name in ends if tail not in inside or head not in inside
        )
    return Folding(
        quotient=crystal.quotient,
        boundary=tuple(v for i, v in enumerate(piece.names) if i not in inside or i in rim),
        set_aside=tuple(v for i, v in enumerate(piece.names) if i not in inside),
        broken_edges=broken,
        certificate=crystal.certificate,
        translations=generators,
        periodic=crystal.periodic,
        extents=crystal.extents,
        piece=piece,
    )


def _readings(tail: Any, head: Any, label: Hashable) -> frozenset[tuple[Any, Any, Hashable]]:
    """An edge as the set of its two oriented readings."""
    return frozenset(((tail, head, label), (head, tail, reverse(label))))
