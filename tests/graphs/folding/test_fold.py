"""Folding: what it finds, what it refuses, and that unrolling gives the graph back (checked here
independently).
"""

import random
from collections import Counter

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.graphs.folding import automorphism
from neurenorm.graphs.folding.bare_graph import BareGraph
from neurenorm.graphs.folding.fold import Folding, NoTranslation, fold
from neurenorm.graphs.folding.frame import piece_of
from neurenorm.graphs.lattices import chain, cubic, honeycomb, ladder, square, triangular
from neurenorm.graphs.periodic.labels import Directed, Label
from neurenorm.graphs.periodic.periodic import PeriodicGraph


def turned(label):
    return label.reversed() if isinstance(label, Directed) else label


def bonds(edges):
    """Multiset of edges, each as the set of its two oriented readings."""
    return Counter(frozenset([(u, v, label), (v, u, turned(label))]) for u, v, label in edges)


def assert_folds_back(graph, folding):
    """The cell, laid out by hand over all certified cells, is the graph without what was set
    aside.
    """
    node = {image: v for v, image in folding.certificate.items()}
    assert len(node) == len(folding.certificate) == len(graph) - len(folding.set_aside)
    for (vertex, _), v in node.items():
        assert folding.quotient.vertices[vertex] == graph.nodes[v].get("label")
    laid_out = []
    for edge in folding.quotient.edges:
        for (vertex, cell), v in node.items():
            if vertex == edge.tail:
                raised = zip(cell, edge.offset, folding.extents, folding.periodic, strict=True)
                target = (
                    edge.head,
                    tuple((c + o) % n if ring else c + o for c, o, n, ring in raised),
                )
                if target in node:
                    laid_out.append((v, node[target], edge.label))
    given = []
    for u, v, data in graph.edges(data=True):
        if u in folding.certificate and v in folding.certificate:
            label = data.get("label")
            tail = data.get("tail", u)
            given.append(
                (tail, v if tail == u else u, Directed(label) if graph.is_directed() else label)
            )
    assert bonds(laid_out) == bonds(given)
    assert folding.verify()


def cells_of(graph):
    """The cell coordinates of an unrolled graph, and the vertex as the last one."""
    return {(v, cell): (*cell, v) for v, cell in graph}


def shuffled(graph, seed):
    """The same graph with integer names and everything in random order."""
    rng = random.Random(seed)
    nodes, edges = list(graph), list(graph.edges())
    rng.shuffle(nodes)
    rng.shuffle(edges)
    name = {v: i for i, v in enumerate(nodes)}
    result = nx.MultiGraph()
    result.add_nodes_from((name[v], graph.nodes[v]) for v in nodes)
    result.add_edges_from((name[u], name[v]) for u, v in edges)
    return result


def perceptron(width, layers):
    """All-to-all layers as a directed graph."""
    graph = nx.DiGraph()
    graph.add_nodes_from((layer, i) for layer in range(layers) for i in range(width))
    graph.add_edges_from(
        ((layer, i), (layer + 1, j))
        for layer in range(layers - 1)
        for i in range(width)
        for j in range(width)
    )
    return graph


LATTICES = [
    (chain(), (7,)),
    (ladder(3), (5,)),
    (square(), (4, 6)),
    (triangular(), (5, 6)),
    (honeycomb(), (4, 5)),
    (cubic(), (3, 4, 5)),
]


@pytest.mark.parametrize("lattice, extents", LATTICES)
def test_lattices_are_found_again_from_coordinates(lattice, extents):
    graph = lattice.unroll(extents).graph
    d = lattice.dimension
    folding = fold(graph, cells_of(graph), extents, along=range(d))
    assert len(folding.quotient.vertices) == len(lattice.vertices)
    assert (folding.extents, folding.periodic, folding.boundary) == (extents, (True,) * d, ())
    assert folding.quotient.renamed(lambda node: node[0]) == lattice
    assert folding.translations == tuple(tuple(int(i == j) for j in range(d)) for i in range(d))
    assert_folds_back(graph, folding)


@pytest.mark.parametrize("lattice, extents", LATTICES)
def test_open_pieces_are_found_again_from_coordinates(lattice, extents):
    graph = lattice.unroll(extents, False).graph
    d = lattice.dimension
    folding = fold(graph, cells_of(graph), along=range(d))
    assert len(folding.quotient.vertices) == len(lattice.vertices)
    assert (folding.extents, folding.periodic) == (extents, (False,) * d)
    rim = {
        node
        for node in graph
        if any(c in (0, n - 1) for c, n in zip(node[1], extents, strict=True))
    }
    assert set(folding.boundary) == rim
    assert_folds_back(graph, folding)


@pytest.mark.parametrize("lattice, extents", LATTICES)
@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("seed", [None, 1])
def test_lattices_are_found_again_without_coordinates(lattice, extents, closed, seed):
    graph = lattice.unroll(extents, closed).graph
    graph = graph if seed is None else shuffled(graph, seed)
    folding = fold(graph)
    assert len(folding.quotient.vertices) <= len(lattice.vertices)
    assert any(folding.periodic) == closed
    assert_folds_back(graph, folding)
    for image in map(dict, folding.translations):
        assert len(set(image.values())) == len(image) >= len(graph) // 2
        assert all(v != w for v, w in image.items())
        for u, v in graph.edges():
            if u in image and v in image:
                assert graph.number_of_edges(u, v) == graph.number_of_edges(image[u], image[v])


@pytest.mark.parametrize("extents", [(1, 4), (2, 2), (2, 3), (1, 2)])
def test_small_tori_keep_their_parallel_edges_and_loops(extents):
    graph = square().unroll(extents).graph
    folding = fold(graph, cells_of(graph), extents, along=(0, 1))
    assert len(folding.quotient.vertices) == 1 and len(folding.quotient.edges) == 2
    assert_folds_back(graph, folding)


def test_a_ring_of_two_needs_both_of_its_edges():
    graph = chain().unroll(2).graph
    coordinates = {node: node[1] for node in graph}
    assert fold(graph, coordinates, (2,)).quotient.edges[0].offset == (1,)
    graph.remove_edge(*next(iter(graph.edges())))
    with pytest.raises(NoTranslation):
        fold(graph, coordinates, (2,))


def test_rings_are_read_off_the_edges_that_wrap():
    graph = square().unroll((5, 6), (True, False)).graph
    folding = fold(graph, cells_of(graph), along=(0, 1))
    assert (folding.periodic, folding.extents) == ((True, False), (5, 6))
    assert_folds_back(graph, folding)
    bare = fold(graph)
    assert sorted(zip(bare.periodic, bare.extents, strict=True)) == [(False, 6), (True, 5)]


@pytest.mark.parametrize("closed", [True, False])
def test_alternating_labels_repeat_every_second_vertex(closed):
    graph = chain().unroll(10, closed).graph
    for node in graph:
        graph.nodes[node]["label"] = "ab"[node[1][0] % 2]
    for folding in (fold(graph, {v: v[1] for v in graph}), fold(graph)):
        assert sorted(folding.quotient.vertices.values()) == ["a", "b"]
        assert folding.extents == (5,)
        assert_folds_back(graph, folding)
    assert fold(graph, {v: v[1] for v in graph}).translations == ((2,),)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("extents", [(4, 6), (6, 6)])
def test_a_checkerboard_has_the_oblique_lattice(closed, extents):
    graph = square().unroll(extents, closed).graph
    for node in graph:
        graph.nodes[node]["label"] = sum(node[1]) % 2
    folding = fold(graph, {v: v[1] for v in graph}, extents if closed else (None, None))
    assert len(folding.quotient.vertices) == 2
    assert all(sum(t) % 2 == 0 for t in folding.translations)
    assert_folds_back(graph, folding)


def test_edge_labels_count_too():
    graph = chain().unroll(12).graph
    for _, _, data in graph.edges(data=True):
        data["label"] = "KKL"[data["tail"][1][0] % 3]
    for folding in (fold(graph, {v: v[1] for v in graph}), fold(graph)):
        assert Counter(e.label for e in folding.quotient.edges) == {"K": 2, "L": 1}
        assert folding.extents == (4,)
        assert_folds_back(graph, folding)


def test_arrows_are_kept():
    cell = PeriodicGraph(
        "AB", [("B", "A", (1,), Directed("w")), ("A", "B", (0,), Directed("v"))], 1
    )
    graph = cell.unroll(6).graph
    folding = fold(graph, cells_of(graph), (6,), along=[0])
    renamed = [(e.tail[0], e.head[0], e.offset, e.label) for e in folding.quotient.edges]
    assert PeriodicGraph("AB", renamed, 1) == cell
    assert_folds_back(graph, folding)
    assert_folds_back(graph, fold(graph))


def test_half_turn_arrows_on_a_ring_of_two():
    graph = PeriodicGraph("A", [("A", "A", (1,), Directed("w"))], 1).unroll(2).graph
    folding = fold(graph, {v: v[1] for v in graph}, (2,))
    assert len(folding.quotient.edges) == 1
    assert_folds_back(graph, folding)
    one_way = nx.MultiDiGraph([(0, 1), (0, 1)])
    with pytest.raises(NoTranslation):
        fold(one_way, {0: (0,), 1: (1,)}, (2,))


def test_layers_of_a_perceptron():
    graph = perceptron(3, 6)
    folding = fold(graph, {v: v for v in graph}, along=[0])
    assert list(folding.quotient.vertices) == [(0, 0), (0, 1), (0, 2)]
    forward = [e if e.label.forward else e.reversed() for e in folding.quotient.edges]
    assert {(e.tail[1], e.head[1], e.offset) for e in forward} == {
        (i, j, (1,)) for i in range(3) for j in range(3)
    }
    assert set(folding.boundary) == {(layer, i) for layer in (0, 5) for i in range(3)}
    assert_folds_back(graph, folding)


def test_an_input_and_an_output_layer_are_set_aside_and_named():
    graph = perceptron(3, 7)
    for node in graph:
        graph.nodes[node]["label"] = Label(
            "neuron", {0: "input", 6: "output"}.get(node[0], "hidden")
        )
    folding = fold(graph, {v: v for v in graph}, along=[0])
    assert folding.extents == (5,)
    assert set(folding.set_aside) == {(layer, i) for layer in (0, 6) for i in range(3)}
    assert set(folding.boundary) == {(layer, i) for layer in (0, 1, 5, 6) for i in range(3)}
    assert len(folding.broken_edges) == 18
    assert_folds_back(graph, folding)
    with pytest.raises(NoTranslation):
        fold(graph, {v: v for v in graph}, along=[0], margin=0)


def test_factor_vertices_are_vertices():
    cell = PeriodicGraph(
        {"spin": Label("spin"), "gate": Label("factor", coupling="K")},
        [("spin", "gate", (0,)), ("spin", "gate", (-1,)), ("spin", "gate", (-2,))],
        1,
    )
    graph = cell.unroll(9).graph
    for folding in (fold(graph, cells_of(graph), (9,), along=[0]), fold(graph)):
        assert sorted(map(str, folding.quotient.vertices.values())) == sorted(
            map(str, cell.vertices.values())
        )
        assert folding.extents == (9,)
        assert_folds_back(graph, folding)


def test_a_lattice_with_factors_on_its_bonds():
    cell = PeriodicGraph(
        {"site": None, "right": "factor", "up": "factor"},
        [
            ("site", "right", (0, 0)),
            ("right", "site", (1, 0)),
            ("site", "up", (0, 0)),
            ("up", "site", (0, 1)),
        ],
        2,
    )
    graph = cell.unroll((4, 5)).graph
    for folding in (fold(graph, cells_of(graph), along=(0, 1)), fold(graph)):
        assert len(folding.quotient.vertices) == 3
        assert_folds_back(graph, folding)


def test_one_defect_breaks_the_translations():
    graph = square().unroll(6).graph
    graph.remove_edge(*list(graph.edges())[17])
    with pytest.raises(NoTranslation):
        fold(graph, {v: v[1] for v in graph}, (6, 6))


def test_a_defect_line_leaves_the_translation_along_it():
    graph = square().unroll(5).graph
    for node in graph:
        graph.nodes[node]["label"] = node[1][1] == 0
    folding = fold(graph, {v: v[1] for v in graph}, (5, 5))
    assert folding.quotient.dimension == 1 and len(folding.quotient.vertices) == 5
    assert_folds_back(graph, folding)


@pytest.mark.parametrize("lattice, extents", LATTICES)
def test_colours_never_separate_equivalent_vertices(lattice, extents):
    """All copies of a vertex of a torus look alike, whatever was computed before."""
    graph = lattice.unroll(extents).graph
    bare = BareGraph(piece_of(graph, "label"))
    bare.distances(0, len(graph))
    colours = dict(zip(graph, bare.colours, strict=True))
    for vertex in lattice.vertices:
        assert len({colour for (v, _), colour in colours.items() if v == vertex}) == 1


@pytest.mark.parametrize(
    "graph",
    [
        nx.random_regular_graph(3, 20, seed=3),
        nx.random_regular_graph(4, 24, seed=4),
        nx.star_graph(4),
        nx.balanced_tree(2, 3),
        nx.complete_graph(4),
        nx.path_graph(1),
        nx.path_graph(2),
        nx.lollipop_graph(4, 3),
    ],
)
def test_graphs_without_translation_say_so(graph):
    with pytest.raises(NoTranslation, match="no translation"):
        fold(graph)


def test_a_random_graph_with_coordinates_has_none():
    graph = nx.random_regular_graph(3, 100, seed=5)
    with pytest.raises(NoTranslation, match="does not repeat"):
        fold(graph, {v: (v,) for v in graph})


def test_a_bare_torus_of_a_thousand_nodes():
    folding = fold(square().unroll(32).graph)
    assert folding.extents == (32, 32) and len(folding.quotient.edges) == 2
    assert folding.verify()


@st.composite
def pieces(draw):
    d = draw(st.integers(1, 2))
    labels = st.sampled_from([None, "K", Directed("w")])
    offsets = st.tuples(*[st.integers(-1, 1)] * d)
    names = "AB"[: draw(st.integers(1, 2))]
    ends = st.sampled_from(names)
    edges = draw(st.lists(st.tuples(ends, ends, offsets, labels), max_size=5))
    cell = PeriodicGraph(names, [e for e in edges if e[0] != e[1] or any(e[2])], d)
    extents = draw(st.tuples(*[st.integers(2, 5)] * d))
    return cell, extents, draw(st.tuples(*[st.booleans()] * d))


@given(pieces())
@settings(deadline=None, max_examples=100)
def test_every_unrolled_piece_folds_to_at_most_its_cell(case):
    cell, extents, closed = case
    graph = cell.unroll(extents, closed).graph
    periods = [n if ring else None for n, ring in zip(extents, closed, strict=True)]
    folding = fold(graph, cells_of(graph), periods, along=range(cell.dimension))
    assert len(folding.quotient.vertices) <= len(cell.vertices)
    assert not folding.set_aside
    assert_folds_back(graph, folding)


@given(st.lists(st.sampled_from("ab"), min_size=2, max_size=9), st.booleans())
@settings(deadline=None, max_examples=100)
def test_period_of_a_word_is_the_smallest(word, closed):
    """Brute force over all periods of a ring, or of an open chain in which the period fits
    twice.
    """
    n = len(word)
    graph = chain().unroll(n, closed).graph
    for node in graph:
        graph.nodes[node]["label"] = word[node[1][0]]
    if closed:
        good = [
            p for p in range(1, n) if n % p == 0 and all(word[i] == word[i - p] for i in range(n))
        ]
    else:
        good = [p for p in range(1, n // 2 + 1) if word[p:] == word[:-p]]
    try:
        folding = fold(graph, {v: v[1] for v in graph}, (n if closed else None,), margin=0)
    except NoTranslation:
        assert not good
    else:
        assert folding.translations == ((min(good),),)
        assert_folds_back(graph, folding)


def test_verify_refuses_a_wrong_certificate_or_quotient():
    good = fold(nx.cycle_graph(8))
    swapped = dict(good.certificate)
    swapped[0], swapped[3] = swapped[3], swapped[0]
    doubled = PeriodicGraph(good.quotient.vertices, [*good.quotient.edges] * 2, 1)
    for change in (
        {"certificate": swapped},
        {"quotient": doubled},
        {"periodic": (False,)},
        {"extents": (9,)},
    ):
        fields = {name: getattr(good, name) for name in Folding.__dataclass_fields__}
        assert not Folding(**{**fields, **change}).verify()


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda g: fold(nx.Graph()), ValueError, "empty"),
        (lambda g: fold(g, {0: (0,)}), ValueError, "5 nodes have no coordinates, the first is 1"),
        (lambda g: fold(g, dict.fromkeys(g, (0,))), ValueError, "same coordinates"),
        (lambda g: fold(g, {v: (v / 2,) for v in g}), TypeError, "integer"),
        (lambda g: fold(g, {v: (v,) for v in g}, (4,)), ValueError, "more than its period 4"),
        (
            lambda g: fold(g, {v: (v,) for v in g}, (6, 6)),
            ValueError,
            "1 positive integers or None",
        ),
        (lambda g: fold(g, {v: (v,) for v in g}, (0,)), ValueError, "positive integers"),
        (lambda g: fold(g, {v: (v,) for v in g}, along=[1]), ValueError, "one length"),
        (lambda g: fold(g, "where"), ValueError, "no coordinates"),
        (lambda g: fold(nx.disjoint_union(g, g)), ValueError, "connected"),
        (lambda g: fold(nx.path_graph(automorphism.SEARCH_LIMIT + 1)), ValueError, "too large"),
        (
            lambda g: fold(nx.Graph([(0, 1, {"label": Directed("w")})])),
            ValueError,
            "give its 'tail'",
        ),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call(nx.cycle_graph(6))


def test_coordinates_may_be_a_node_attribute():
    graph = nx.path_graph(6)
    nx.set_node_attributes(graph, {v: (v,) for v in graph}, "where")
    assert fold(graph, "where").extents == (6,)


def test_self_loops_are_named_as_what_stands_in_the_way() -> None:
    ring = nx.cycle_graph(5)
    ring.add_edge(0, 0)
    with pytest.raises(NoTranslation, match="self-loops"):
        fold(ring)


@pytest.mark.parametrize("length", [3, 4, 5, 6, 7])
@pytest.mark.parametrize("branch", [1, 2, 3])
@pytest.mark.parametrize("seed", [None, 1])
def test_rings_with_branches_turn(length, branch, seed):
    """The ends of long branches move further than the ring; it is still a ring of at most this many
    vertices per cell.
    """
    graph = nx.cycle_graph(length)
    for i in range(length):
        nx.add_path(graph, [i, *((i, j) for j in range(branch))])
    graph = graph if seed is None else shuffled(graph, seed)
    folding = fold(graph)
    assert len(folding.quotient.vertices) <= branch + 1
    assert_folds_back(graph, folding)
    if length in (3, 5, 7):
        assert (folding.extents, folding.periodic) == ((length,), (True,))
        assert len(folding.quotient.vertices) == len(folding.quotient.edges) == branch + 1


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (3, 5), (4, 4), (5, 5), (6, 4)])
def test_hexagonal_patches_fold_without_coordinates(shape):
    graph = nx.hexagonal_lattice_graph(*shape)
    folding = fold(graph)
    assert len(folding.quotient.vertices) == 2 and len(folding.quotient.edges) == 3
    assert_folds_back(graph, folding)


@pytest.mark.parametrize(
    "graph", [nx.star_graph(3), nx.balanced_tree(2, 3), nx.path_graph(2), nx.lollipop_graph(4, 3)]
)
def test_a_bounded_search_says_what_it_did(graph):
    with pytest.raises(NoTranslation, match="no translation was found: the bounded search"):
        fold(graph)
