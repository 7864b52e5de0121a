"""Graphs of others: GraphML, Matrix Market and adjacency arrays as networkx graphs."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import ParseError

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike

from neurenorm.numerics.readers.words import MOST_VERTICES, Words, checked_text, fraction
from neurenorm.theory.algebra.reading import shown

__all__ = ["graph_from_adjacency", "graph_from_graphml", "graph_from_matrix_market"]

MOST_EDGES = 2_000_000
KINDS = {
    "format": ("coordinate", "array"),
    "field": ("real", "integer", "pattern"),
    "symmetry": ("general", "symmetric", "skew-symmetric"),
}


def graph_from_graphml(text: str) -> nx.Graph:
    """Return the graph of a GraphML text, with its attributes.

    Parameters
    ----------
    text : str

    Returns
    -------
    networkx.Graph, DiGraph or their forms with parallel edges
        As the text declares it.

    Raises
    ------
    ValueError
        If it is no GraphML, or defines entities (with which a small text may become a huge one).

    Examples
    --------
    >>> text = "\\n".join(nx.generate_graphml(nx.cycle_graph(4)))
    >>> graph_from_graphml(text).number_of_edges()
    4
    """
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", checked_text(text, "GraphML text"), re.IGNORECASE):
        raise ValueError("the GraphML text defines its own document type or entities: none is read")
    try:
        graph = nx.parse_graphml(text)
    except (ParseError, nx.NetworkXError, KeyError, ValueError, TypeError, LookupError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"this is no GraphML: {reason or type(error).__name__}") from error
    return _checked(graph)


def _checked(graph: Any) -> Any:
    """A graph of bounded size."""
    if len(graph) > MOST_VERTICES or graph.number_of_edges() > MOST_EDGES:
        raise ValueError(
            f"the graph has {len(graph)} vertices and {graph.number_of_edges()} edges; at most "
            f"{MOST_VERTICES} and {MOST_EDGES} are read"
        )
    return graph


def graph_from_matrix_market(text: str) -> nx.Graph:
    """Return the graph whose weighted adjacency matrix a Matrix Market text gives.

    Parameters
    ----------
    text : str
        Formats ``coordinate`` and ``array``; entries real, integer or pattern (all 1).

    Returns
    -------
    networkx.Graph or DiGraph
        Undirected for a symmetric matrix, else an edge i → j for the entry in row i and column j.
        Vertices count from 1; every edge has its exact ``weight`` (a Fraction). Zeros are no edges.

    Raises
    ------
    ValueError
        If the text is not of this form, the matrix is not square, or an entry is given twice.

    Examples
    --------
    >>> text = "%%MatrixMarket matrix coordinate real symmetric\\n3 3 2\\n2 1 0.5\\n3 2 -1"
    >>> sorted(graph_from_matrix_market(text).edges(data="weight"))
    [(1, 2, Fraction(1, 2)), (2, 3, Fraction(-1, 1))]
    """
    lines = checked_text(text, "Matrix Market text").splitlines()
    head = lines[0].lower().split() if lines else []
    if len(head) != 5 or head[:2] != ["%%matrixmarket", "matrix"]:
        raise ValueError(
            "a Matrix Market text begins with '%%MatrixMarket matrix FORMAT FIELD SYMMETRY'"
        )
    for (what, known), word in zip(KINDS.items(), head[2:], strict=True):
        if word not in known:
            raise ValueError(
                f"the {what} of the matrix is {shown(word)}; {', '.join(known)} are read"
            )
    form, entries, symmetry = head[2:]
    if form == "array" and entries == "pattern":
        raise ValueError("a pattern has no array format in Matrix Market")
    rows = [line for line in lines[1:] if not line.lstrip().startswith("%")]
    words = Words("\n".join(rows), "Matrix Market text")
    read = _coordinate if form == "coordinate" else _array
    return read(words, entries, symmetry)


def _sizes(words: Words) -> int:
    """The size of a square matrix."""
    sizes = [words.whole(f"the number of {what}", MOST_VERTICES) for what in ("rows", "columns")]
    if sizes[0] != sizes[1]:
        raise ValueError(f"an adjacency matrix is square, not {sizes[0]} by {sizes[1]}")
    return sizes[0]


def _coordinate(words: Words, entries: str, symmetry: str) -> nx.Graph:
    """A matrix of which the entries are listed."""
    size, count = _sizes(words), words.whole("the number of entries", MOST_EDGES)
    per_line = 2 if entries == "pattern" else 3
    if words.left != count * per_line:
        raise ValueError(
            f"the Matrix Market text declares {count} entries of {per_line} words and has "
            f"{words.left} words"
        )
    found: dict[tuple[int, int], Fraction] = {}
    for _ in range(count):
        place = (words.whole("a row", size), words.whole("a column", size))
        if 0 in place:
            raise ValueError("rows and columns of a Matrix Market text count from 1")
        if place in found:
            raise ValueError(f"the entry {place} of the Matrix Market text is given twice")
        found[place] = Fraction(1) if per_line == 2 else fraction(words.word("a number"), "entry")
    return _graph(size, found, symmetry)


def _array(words: Words, entries: str, symmetry: str) -> nx.Graph:
    """A matrix of which all entries are given, column by column, below the diagonal only where
    they tell the rest.
    """
    size = _sizes(words)
    first = {"general": None, "symmetric": 0, "skew-symmetric": 1}[symmetry]
    counts = size * size if first is None else (size - first) * (size - first + 1) // 2
    if words.left != max(counts, 0):
        raise ValueError(f"the Matrix Market text has {words.left} entries, not {counts}")
    places = (
        (i, j)
        for j in range(1, size + 1)
        for i in range(1 if first is None else j + first, size + 1)
    )
    return _graph(size, {p: fraction(words.word("a number"), "entry") for p in places}, symmetry)


def _graph(size: int, found: dict[tuple[int, int], Fraction], symmetry: str) -> nx.Graph:
    """The graph of the entries of a matrix."""
    graph: nx.Graph = nx.Graph() if symmetry == "symmetric" else nx.DiGraph()
    graph.add_nodes_from(range(1, size + 1))
    for (i, j), weight in found.items():
        if symmetry != "general" and i < j:
            raise ValueError(
                f"the {symmetry} matrix gives the entry {(i, j)} above its diagonal: give those "
                "below"
            )
        if weight:
            graph.add_edge(i, j, weight=weight)
            if symmetry == "skew-symmetric":
                graph.add_edge(j, i, weight=-weight)
    return graph


def graph_from_adjacency(matrix: ArrayLike) -> nx.Graph:
    """Return the graph of an adjacency array.

    Parameters
    ----------
    matrix : array_like, shape (N, N)
        Finite real numbers; zero is no edge.

    Returns
    -------
    networkx.Graph or DiGraph
        Undirected if the array is symmetric, else with an edge i → j for ``matrix[i, j]``. Vertices
        count from 0; every edge has its ``weight``.

    Raises
    ------
    ValueError
        If the array is not square or not of finite real numbers.

    Examples
    --------
    >>> graph_from_adjacency([[0, 2], [2, 0]]).edges[0, 1]["weight"]
    2
    >>> graph_from_adjacency([[0, 1], [0, 0]]).is_directed()
    True
    """
    try:
        array = np.asarray(matrix)
    except ValueError as error:
        raise ValueError("an adjacency array has rows of one length") from error
    if array.dtype.kind not in "fiub":
        raise ValueError(f"an adjacency array is made of real numbers, got {array.dtype}")
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"an adjacency array is square, got the shape {array.shape}")
    if len(array) > MOST_VERTICES or np.count_nonzero(array) > MOST_EDGES:
        raise ValueError(
            f"an adjacency array has at most {MOST_VERTICES} rows and {MOST_EDGES} entries"
        )
    if not np.all(np.isfinite(array)):
        raise ValueError("an adjacency array holds NaN or an infinite number")
    graph: nx.Graph = nx.Graph() if np.array_equal(array, array.T) else nx.DiGraph()
    graph.add_nodes_from(range(len(array)))
    for i, j in np.argwhere(array).tolist():
        graph.add_edge(i, j, weight=array[i, j].item())
    return graph
