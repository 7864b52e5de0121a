"""Common lattices and hierarchical cells.

Lattices are given by one cell (`PeriodicGraph`) with a metric in which the edges of the cell have
length one. A hierarchical lattice grows out of a single bond: every bond is replaced by a cell with
two terminals, again and again. Read backwards, summing out the interior of all cells is one exact
step of renormalisation, with scale factor b = distance of the terminals.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import networkx as nx

from neurenorm.graphs.arguments import affordable, positive, shown, whole_number
from neurenorm.graphs.periodic.periodic import PeriodicGraph
from neurenorm.graphs.rendering import cell_places, small_drawing

__all__ = [
    "TwoTerminalCell",
    "cell_from_graph",
    "chain",
    "cubic",
    "diamond",
    "hierarchical_lattice",
    "honeycomb",
    "ladder",
    "series_cell",
    "square",
    "triangular",
    "wheatstone",
]

HEXAGONAL = ((1, Fraction(1, 2)), (Fraction(1, 2), 1))
"""Scalar products of two axes of length one at 60 degrees."""

MOST_BONDS = 1_000_000
"""The largest number of bonds of a cell."""


def chain() -> PeriodicGraph:
    """One vertex per cell, joined to the next cell.

    Returns
    -------
    PeriodicGraph
        Dimension 1, vertex 0, degree 2.

    Examples
    --------
    >>> chain().edges
    (Edge(tail=0, head=0, offset=(1,), label=None),)
    """
    return PeriodicGraph([0], [(0, 0, (1,))], 1).with_metric([[1]])


def ladder(width: int = 2) -> PeriodicGraph:
    """Parallel chains, neighbours joined by rungs.

    Parameters
    ----------
    width : int
        Number of chains, at least one.

    Returns
    -------
    PeriodicGraph
        Dimension 1, vertices 0 to width - 1.

    Raises
    ------
    ValueError
        If the width is not a positive integer.

    Examples
    --------
    >>> [ladder(3).degree(v) for v in range(3)]
    [3, 4, 3]
    """
    n = positive("the width of a ladder", width)
    rails = [(v, v, (1,)) for v in range(n)]
    rungs = [(v, v + 1, (0,)) for v in range(n - 1)]
    axes = min(n, 2)
    return PeriodicGraph(range(n), rails + rungs, 1).with_metric(
        _cubic(axes), {v: (0, v)[:axes] for v in range(n)}
    )


def square() -> PeriodicGraph:
    """The square lattice.

    Returns
    -------
    PeriodicGraph
        Dimension 2, vertex 0, degree 4.

    Examples
    --------
    >>> square().degree(0)
    4
    """
    return PeriodicGraph([0], [(0, 0, (1, 0)), (0, 0, (0, 1))], 2).with_metric(_cubic(2))


def triangular() -> PeriodicGraph:
    """The triangular lattice: the square lattice with one of its diagonals, the axes a and b being
    at 60 degrees.

    Returns
    -------
    PeriodicGraph
        Dimension 2, vertex 0, degree 6; neighbours at ±a, ±b and ±(a - b).

    Examples
    --------
    >>> triangular().degree(0)
    6
    """
    bonds = [(0, 0, (1, 0)), (0, 0, (0, 1)), (0, 0, (1, -1))]
    return PeriodicGraph([0], bonds, 2).with_metric(HEXAGONAL)


def honeycomb() -> PeriodicGraph:
    """The honeycomb lattice: two vertices per cell, each joined to three of the other kind.

    Returns
    -------
    PeriodicGraph
        Dimension 2, vertices 0 and 1, degree 3.

    Examples
    --------
    >>> [honeycomb().degree(v) for v in (0, 1)]
    [3, 3]
    """
    third = Fraction(1, 3)
    cell = PeriodicGraph([0, 1], [(0, 1, (0, 0)), (0, 1, (-1, 0)), (0, 1, (0, -1))], 2)
    return cell.with_metric(HEXAGONAL, {0: (0, 0), 1: (third, third)})


def cubic() -> PeriodicGraph:
    """The simple cubic lattice.

    Returns
    -------
    PeriodicGraph
        Dimension 3, vertex 0, degree 6.

    Examples
    --------
    >>> cubic().dimension, cubic().degree(0)
    (3, 6)
    """
    bonds = [(0, 0, (1, 0, 0)), (0, 0, (0, 1, 0)), (0, 0, (0, 0, 1))]
    return PeriodicGraph([0], bonds, 3).with_metric(_cubic(3))


@dataclass(frozen=True, eq=False)
class TwoTerminalCell:
    """A connected graph with two marked vertices, which can take the place of a bond.

    Parameters
    ----------
    graph : networkx.MultiGraph
        The cell, without self-loops.
    terminals : tuple
        The two vertices that stay: (source, target).

    Raises
    ------
    ValueError
        If a terminal is not in the graph, the two are equal, or they are not connected; if a part
        of the graph hangs on neither terminal; if there is a self-loop.

    Examples
    --------
    >>> cell = TwoTerminalCell(nx.MultiGraph([("a", "b"), ("b", "c")]), ("a", "c"))
    >>> cell.length, cell.bonds, cell.interior
    (2, 2, ('b',))
    """

    graph: nx.MultiGraph
    terminals: tuple[Hashable, Hashable]

    def __post_init__(self) -> None:
        """Check the terminals before anything is built on them."""
        missing = [v for v in self.terminals if v not in self.graph]
        source, target = self.terminals
        if missing:
            raise ValueError(
                f"terminals that are not in the graph: {shown(missing)}; its vertices are "
                f"{_shown(self.graph)}"
            )
        if source == target:
            raise ValueError(
                f"the two terminals of a cell are different vertices, not twice {source!r}"
            )
        loops = sorted({repr(v) for v in nx.nodes_with_selfloops(self.graph)})
        if loops:
            raise ValueError(f"a cell has no self-loops; there are some at {', '.join(loops)}")
        reached = nx.node_connected_component(self.graph, source)
        loose = [v for v in self.graph if v not in reached]
        if target in loose:
            raise ValueError(
                f"the terminals {source!r} and {target!r} are not connected in the cell"
            )
        if loose:
            raise ValueError(f"vertices that are not connected to the terminals: {loose}")

    @property
    def length(self) -> int:
        """Graph distance of the terminals: the scale factor b of the step that sums out the
        interior.
        """
        return int(nx.shortest_path_length(self.graph, *self.terminals))

    @property
    def bonds(self) -> int:
        """Number of bonds that one bond is replaced by."""
        return self.graph.number_of_edges()

    @property
    def interior(self) -> tuple[Hashable, ...]:
        """The vertices that are summed out, in the order of the graph."""
        return tuple(v for v in self.graph if v not in self.terminals)

    def _repr_svg_(self) -> str | None:
        """The cell, its terminals at the left and right end."""
        places = {v: (2 * x, y) for v, (x, y) in cell_places(self.graph, self.terminals).items()}
        return small_drawing(
            places,
            self.graph.edges(keys=False),
            dict.fromkeys(self.terminals, "terminal"),
            title=repr(self),
        )


def series_cell(b: int) -> TwoTerminalCell:
    """A path of b bonds.

    Parameters
    ----------
    b : int
        Number of bonds in series, at least one.

    Returns
    -------
    TwoTerminalCell
        Terminals 0 and 1, interior 2 to b.

    Raises
    ------
    ValueError
        If b is not a positive integer.

    Examples
    --------
    >>> list(series_cell(3).graph.edges())
    [(0, 2), (1, 3), (2, 3)]
    """
    return _branches(positive("the number b of bonds in series", b), 1)


def diamond(series: int = 2, parallel: int = 2) -> TwoTerminalCell:
    """Parallel branches, each a path of bonds in series.

    Parameters
    ----------
    series : int
        Number of bonds in each branch, at least one.
    parallel : int
        Number of branches, at least one.

    Returns
    -------
    TwoTerminalCell
        Terminals 0 and 1; the interior is numbered from 2, branch after branch.

    Raises
    ------
    ValueError
        If one of the two is not a positive integer, or the cell would have more than a million
        bonds.

    Examples
    --------
    >>> diamond().bonds, diamond().length, diamond(1, 3).bonds
    (4, 2, 3)
    """
    bonds = positive("the number of bonds in series", series) * positive(
        "the number of parallel branches", parallel
    )
    if bonds > MOST_BONDS:
        raise ValueError(f"a cell of {bonds} bonds is too large to build (at most {MOST_BONDS})")
    return _branches(series, parallel)


def wheatstone() -> TwoTerminalCell:
    """The bridge: the diamond with its two inner vertices joined.

    Returns
    -------
    TwoTerminalCell
        Five bonds, length 2, terminals 0 and 1, interior 2 and 3.

    Examples
    --------
    >>> wheatstone().bonds, wheatstone().length
    (5, 2)
    """
    return cell_from_graph(nx.Graph([(0, 2), (2, 1), (0, 3), (3, 1), (2, 3)]), 0, 1)


def cell_from_graph(graph: nx.Graph, source: Hashable, target: Hashable) -> TwoTerminalCell:
    """Mark two vertices of any graph as terminals.

    Parameters
    ----------
    graph : networkx graph
        Any undirected networkx graph; it is copied with its attributes.
    source, target : hashable
        The terminals.

    Returns
    -------
    TwoTerminalCell
        The cell; its vertices keep their names.

    Raises
    ------
    TypeError
        If the graph is not an undirected networkx graph.
    ValueError
        If a terminal is missing, the terminals are equal or not connected, or there is a self-loop.

    Examples
    --------
    >>> cell_from_graph(nx.cycle_graph(6), 0, 2).length
    2
    """
    if not isinstance(graph, nx.Graph) or graph.is_directed():
        raise TypeError(f"a cell is an undirected networkx graph, not a {type(graph).__name__}")
    return TwoTerminalCell(nx.MultiGraph(graph), (source, target))


def hierarchical_lattice(cell: TwoTerminalCell, generations: int) -> nx.MultiGraph:
    """Replace a single bond by the cell, every bond of that again, and so on.

    Every bond runs away from the source of its cell (between ends equally far from it, from the
    earlier vertex of the cell to the later one), and the next cell is put in with its source at the
    beginning of the bond.

    Parameters
    ----------
    cell : TwoTerminalCell
        What replaces a bond.
    generations : int
        How often; 0 leaves the single bond.

    Returns
    -------
    networkx.MultiGraph
        Terminals 0 and 1 (also in ``graph.graph['terminals']``), further vertices numbered from 2
        in order of appearance; ``bonds ** generations`` edges, with attributes ``tail`` and
        ``head``.  Vertices and edges carry the attributes that they have in the cell.

    Raises
    ------
    ValueError
        If the number of generations is not an integer, zero or more.

    Examples
    --------
    >>> lattice = hierarchical_lattice(diamond(), 3)
    >>> lattice.number_of_edges(), nx.shortest_path_length(lattice, 0, 1)
    (64, 8)
    """
    steps = whole_number(generations, "the number of generations (zero or more)", 0)
    bonds = _oriented_bonds(cell)
    if steps and len(bonds) > 1:
        affordable(len(bonds) ** min(steps, 64), "bonds")
    affordable(steps, "generations")
    lattice: nx.MultiGraph[Any] = nx.MultiGraph(terminals=(0, 1))
    lattice.add_nodes_from((i, cell.graph.nodes[v]) for i, v in enumerate(cell.terminals))
    current: list[tuple[int, int, dict[str, Any]]] = [(0, 1, {})]
    for _ in range(steps):
        following = []
        for tail, head, _ in current:
            place: dict[Hashable, int] = dict(zip(cell.terminals, (tail, head), strict=True))
            for v in cell.interior:
                place[v] = lattice.number_of_nodes()
                lattice.add_node(place[v], **cell.graph.nodes[v])
            following += [(place[u], place[v], data) for u, v, data in bonds]
        current = following
    lattice.add_edges_from((u, v, {**data, "tail": u, "head": v}) for u, v, data in current)
    return lattice


def _branches(series: int, parallel: int) -> TwoTerminalCell:
    """Parallel paths between the terminals 0 and 1."""
    graph: nx.MultiGraph[Any] = nx.MultiGraph()
    graph.add_nodes_from(range(2))
    for branch in range(parallel):
        first = 2 + branch * (series - 1)
        nx.add_path(graph, [0, *range(first, first + series - 1), 1])
    return TwoTerminalCell(graph, (0, 1))


def _oriented_bonds(cell: TwoTerminalCell) -> list[tuple[Hashable, Hashable, dict[str, Any]]]:
    """The bonds of a cell, each from the end nearer to the source."""
    distance = nx.single_source_shortest_path_length(cell.graph, cell.terminals[0])
    position = {v: i for i, v in enumerate(cell.graph)}
    bonds = []
    for u, v, data in cell.graph.edges(data=True):
        tail, head = sorted((u, v), key=lambda end: (distance[end], position[end]))
        bonds.append((tail, head, data))
    return bonds


def _cubic(size: int) -> list[list[int]]:
    """Scalar products of orthogonal axes of length one."""
    return [[int(i == j) for j in range(size)] for i in range(size)]


def _shown(graph: nx.Graph) -> str:
    """The vertices of a graph, shortened."""
    names = [repr(v) for v in graph]
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
