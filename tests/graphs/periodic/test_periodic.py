"""Periodic graphs: canonical form, unrolling at all extents, supercells, copies, text."""

import itertools
import math
import pickle
from collections import Counter
from fractions import Fraction

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.graphs.lattices import chain, honeycomb, square
from neurenorm.graphs.periodic.labels import Directed, Label
from neurenorm.graphs.periodic.periodic import PeriodicGraph, ZeroOffsetLoop

LABELS = [None, "K", 3, Directed("w"), Directed("w", False), Label("weight", coupling="J")]


@st.composite
def cells(draw, max_dimension=2):
    d = draw(st.integers(1, max_dimension))
    n = draw(st.integers(1, 3))
    vertices = {
        v: draw(st.sampled_from([None, "spin", Label("factor", "gate")])) for v in "ABC"[:n]
    }
    offsets = st.tuples(*[st.integers(-2, 2)] * d)
    names = st.sampled_from(list(vertices))
    edges = draw(st.lists(st.tuples(names, names, offsets, st.sampled_from(LABELS)), max_size=6))
    return PeriodicGraph(vertices, [e for e in edges if e[0] != e[1] or any(e[2])], d)


def marked_edges(graph, name=lambda node: node):
    """Multiset of edges, each as the set of its two oriented readings."""

    def readings(data):
        tail, head, label = name(data["tail"]), name(data["head"]), data["label"]
        turned = label.reversed() if isinstance(label, Directed) else label
        return frozenset([(tail, head, label), (head, tail, turned)])

    return Counter(readings(data) for _, _, data in graph.edges(data=True))


@given(cells(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=100)
def test_order_and_orientation_of_the_input_do_not_matter(cell, random):
    edges = [e.reversed() if random.random() < 0.5 else e for e in cell.edges]
    random.shuffle(edges)
    vertices = list(cell.vertices.items())
    random.shuffle(vertices)
    other = PeriodicGraph(dict(vertices), edges, cell.dimension)
    assert other == cell and hash(other) == hash(cell)
    assert PeriodicGraph(cell.vertices, edges, cell.dimension).edges == cell.edges


@given(cells())
@settings(deadline=None, max_examples=100)
def test_text_and_pickle_round_trip(cell):
    for copy in (PeriodicGraph.from_text(cell.to_text()), pickle.loads(pickle.dumps(cell))):
        assert (
            copy == cell and copy.edges == cell.edges and list(copy.vertices) == list(cell.vertices)
        )


@given(
    cells(),
    st.lists(st.integers(1, 3), min_size=2, max_size=2),
    st.lists(st.booleans(), min_size=2, max_size=2),
)
@settings(deadline=None, max_examples=150)
def test_unroll_counts_every_bond_once(cell, extents, closed):
    d = cell.dimension
    extents, closed = extents[:d], closed[:d]
    graph = cell.unroll(extents, closed).graph
    fit = [
        math.prod(
            n if ring else max(0, n - abs(o))
            for n, ring, o in zip(extents, closed, e.offset, strict=True)
        )
        for e in cell.edges
    ]
    assert graph.number_of_edges() == sum(fit)
    assert graph.number_of_nodes() == len(cell.vertices) * math.prod(extents)
    if all(closed):
        assert all(degree == cell.degree(v) for (v, _), degree in graph.degree())
    assert all(data["label"] == cell.vertices[v] for (v, _), data in graph.nodes(data=True))


@given(
    cells(),
    st.lists(st.integers(1, 3), min_size=2, max_size=2),
    st.lists(st.integers(1, 2), min_size=2, max_size=2),
)
@settings(deadline=None, max_examples=100)
@pytest.mark.parametrize("closed", [True, False])
def test_supercell_describes_the_same_crystal(closed, cell, m, extents):
    d = cell.dimension
    m, extents = m[:d], extents[:d]
    large = cell.supercell(m)
    piece = large.unroll(extents, closed).graph
    whole = cell.unroll([a * b for a, b in zip(m, extents, strict=True)], closed).graph

    def name(node):
        (v, inner), outer = node
        return v, tuple(a + b * c for a, b, c in zip(inner, m, outer, strict=True))

    assert {name(node): data["label"] for node, data in piece.nodes(data=True)} == dict(
        whole.nodes(data="label")
    )
    assert marked_edges(piece, name) == marked_edges(whole)
    assert all(large.degree((v, c)) == cell.degree(v) for v, c in large.vertices)
    assert large.number_of_copies() == cell.number_of_copies()
    assert len(large.edges) == math.prod(m) * len(cell.edges)


@given(cells())
@settings(deadline=None, max_examples=100)
def test_copies_are_the_components_of_a_torus(cell):
    """A torus of n cells a side joins copies that differ by n Z^d: none, if n is the number of
    copies.
    """
    copies = cell.number_of_copies()
    if not cell.is_connected() or 40 < copies < math.inf:
        return
    extent = 7 if copies == math.inf else copies
    counted = nx.number_connected_components(cell.unroll(extent).graph)
    assert counted >= extent if copies == math.inf else counted == copies


@pytest.mark.parametrize(
    "edges, dimension, copies",
    [
        ([("A", "A", (2,))], 1, 2),
        ([("A", "A", (4,)), ("A", "A", (6,))], 1, 2),
        ([("A", "A", (1, 1)), ("A", "A", (1, -1))], 2, 2),
        ([("A", "A", (2, 0)), ("A", "A", (0, 3))], 2, 6),
        ([("A", "A", (1, 0))], 2, math.inf),
        ([], 1, math.inf),
        ([("A", "A", (1, 1, 0)), ("A", "A", (0, 1, 1)), ("A", "A", (1, 0, 1))], 3, 2),
    ],
)
def test_interleaved_copies(edges, dimension, copies):
    cell = PeriodicGraph("A", edges, dimension)
    assert cell.number_of_copies() == copies
    if copies != math.inf:
        assert nx.number_connected_components(cell.unroll(6).graph) == copies


def test_components_of_the_cell_add_up():
    cell = PeriodicGraph("AB", [("A", "A", 2), ("B", "B", 3)], 1)
    assert not cell.is_connected() and cell.number_of_copies() == 5
    assert PeriodicGraph("AB", [("A", "B", 5), ("A", "A", 1)], 1).number_of_copies() == 1


def test_extents_one_two_and_three():
    one, two, three = (square().unroll(n).graph for n in (1, 2, 3))
    assert sorted(map(len, (one.edges, two.edges, three.edges))) == [2, 8, 18]
    assert nx.number_of_selfloops(one) == 2
    assert {two.number_of_edges(*pair) for pair in itertools.combinations(two, 2)} == {0, 2}
    assert nx.is_isomorphic(nx.Graph(three), nx.grid_graph([3, 3], periodic=True))
    assert three.number_of_edges() == nx.Graph(three).number_of_edges()


def test_mixed_boundaries_make_a_tube():
    tube = square().unroll((4, 3), (True, False)).graph
    assert nx.is_isomorphic(
        nx.Graph(tube), nx.cartesian_product(nx.cycle_graph(4), nx.path_graph(3))
    )


def test_arrows_survive_reversal_and_unrolling():
    cell = PeriodicGraph("AB", [("B", "A", 1, Directed("w")), ("A", "A", -1, Directed("v"))], 1)
    assert [(e.tail, e.head, e.offset, e.label) for e in cell.edges] == [
        ("A", "A", (1,), Directed("v", False)),
        ("A", "B", (-1,), Directed("w", False)),
    ]
    for _, _, data in cell.unroll(5).graph.edges(data=True):
        (tail, (c,)), (head, (d,)) = data["tail"], data["head"]
        start, end = ((head, d), (tail, c)) if not data["label"].forward else ((tail, c), (head, d))
        step = {"w": ("B", "A", 1), "v": ("A", "A", -1 % 5)}[data["label"].label]
        assert (start[0], end[0], (end[1] - start[1]) % 5) == step


def test_parallel_edges_with_different_labels_differ_from_equal_ones():
    double = PeriodicGraph("A", [("A", "A", 1, "K"), ("A", "A", 1, "L")], 1)
    assert double != PeriodicGraph("A", [("A", "A", 1, "K"), ("A", "A", 1, "K")], 1)
    assert double != PeriodicGraph("A", [("A", "A", 1, "K")], 1)
    assert chain() != square() and chain() != "chain"


def test_literal_labels_of_all_kinds_are_written():
    label = Label("weight", role=(1, -2.5, b"x"), coupling=frozenset({Fraction(1, 3), "K", True}))
    cell = PeriodicGraph({("A", 0): label}, [(("A", 0), ("A", 0), 1, Directed(label, False))], 1)
    assert PeriodicGraph.from_text(cell.to_text()) == cell


def test_it_does_not_change():
    cell = honeycomb()
    with pytest.raises(AttributeError, match="does not change"):
        cell.dimension = 3
    with pytest.raises(TypeError):
        cell.vertices[0] = "other"
    assert "<td>(-1, 0)</td>" in cell._repr_html_() and "dimension 2" in repr(cell)


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda: PeriodicGraph("A", [("A", "A", (0, 0))], 2), ZeroOffsetLoop, "offset zero"),
        (lambda: PeriodicGraph("A", [("A", "A", (1, 0))], 1), ValueError, "not the dimension 1"),
        (lambda: PeriodicGraph("A", [("A", "A", 1)], 2), ValueError, "not the dimension 2"),
        (lambda: PeriodicGraph("A", [("A", "A", (0.5,))], 1), TypeError, "integer"),
        (
            lambda: PeriodicGraph("A", [("A", "B", (0,))], 1),
            ValueError,
            "'B' of an edge is not a vertex",
        ),
        (lambda: PeriodicGraph("A", [("A", "A")], 1), ValueError, "an edge is"),
        (lambda: PeriodicGraph("AA", [], 1), ValueError, "given twice"),
        (lambda: PeriodicGraph("", [], 1), ValueError, "at least one vertex"),
        (lambda: PeriodicGraph("A", [], 0), ValueError, "positive integer"),
        (lambda: PeriodicGraph({"A": []}, [], 1), TypeError, "unhashable"),
        (lambda: chain().unroll(0), ValueError, "extents are positive"),
        (lambda: square().unroll((2, -1)), ValueError, "extents are positive"),
        (lambda: square().unroll((2, 2, 2)), ValueError, "3 extents are given for dimension 2"),
        (lambda: square().unroll(2, (True,)), ValueError, "periodic is one boolean"),
        (lambda: chain().supercell(0), ValueError, "extents are positive"),
        (lambda: chain().degree("X"), ValueError, "not a vertex"),
        (lambda: PeriodicGraph({"A": object()}, [], 1).to_text(), ValueError, "no text form"),
        (lambda: PeriodicGraph({"A": math.nan}, [], 1).to_text(), ValueError, "no text form"),
        (lambda: PeriodicGraph.from_text("vertex ('A', None)"), ValueError, "exactly one line"),
        (lambda: PeriodicGraph.from_text("dimension 1\nvertex ('A',)"), ValueError, "line 2"),
        (
            lambda: PeriodicGraph.from_text("dimension 1\nvertex (__import__('os'), None)"),
            ValueError,
            "line 2",
        ),
        (lambda: PeriodicGraph.from_text("dimension 1\nnode ('A', None)"), ValueError, "line 2"),
        (
            lambda: PeriodicGraph.from_text("dimension 1\nvertex ('A',1)\nvertex ('A',2)"),
            ValueError,
            "given twice",
        ),
    ],
)
def test_bad_input(build, error, message):
    with pytest.raises(error, match=message):
        build()
