"""Lattices and two-terminal cells against their definitions."""

import networkx as nx
import pytest

from neurenorm.graphs.lattices import (
    TwoTerminalCell,
    cell_from_graph,
    chain,
    cubic,
    diamond,
    hierarchical_lattice,
    honeycomb,
    ladder,
    series_cell,
    square,
    triangular,
    wheatstone,
)


@pytest.mark.parametrize(
    "lattice, degree, girth",
    [(chain(), 2, 9), (square(), 4, 4), (triangular(), 6, 3), (honeycomb(), 3, 6), (cubic(), 6, 4)],
)
def test_degrees_girth_and_connection_of_regular_lattices(lattice, degree, girth):
    graph = lattice.unroll(9 if lattice.dimension < 3 else 5).graph
    assert {d for _, d in graph.degree()} == {degree}
    assert nx.girth(nx.Graph(graph)) == girth
    assert nx.is_connected(graph)
    assert lattice.number_of_copies() == 1


def test_ladder_is_the_product_of_a_ring_and_a_path():
    ours = ladder(3).unroll(5).graph
    product = nx.cartesian_product(nx.cycle_graph(5), nx.path_graph(3))
    renamed = nx.relabel_nodes(ours, {(v, (c,)): (c, v) for v, (c,) in ours})
    assert nx.utils.edges_equal(nx.Graph(renamed).edges, product.edges)
    assert ladder(1) == chain()


def test_honeycomb_looks_everywhere_like_the_one_of_networkx():
    hexagons = nx.hexagonal_lattice_graph(6, 6)
    inner = nx.ego_graph(hexagons, nx.center(hexagons)[0], 3)
    ours = nx.Graph(honeycomb().unroll(9).graph)
    for v in (0, 1):
        assert nx.is_isomorphic(nx.ego_graph(ours, (v, (4, 4)), 3), inner)


@pytest.mark.parametrize("series, parallel", [(1, 1), (1, 4), (2, 2), (3, 2), (5, 1)])
def test_diamond_counts(series, parallel):
    cell = diamond(series, parallel)
    assert cell.terminals == (0, 1)
    assert cell.bonds == series * parallel
    assert cell.length == series
    assert sorted(cell.interior) == list(range(2, 2 + (series - 1) * parallel))
    paths = list(nx.all_simple_edge_paths(cell.graph, 0, 1))
    assert sorted(map(len, paths)) == [series] * parallel
    assert len({edge[:2] for path in paths for edge in path if series > 1}) == (
        series * parallel if series > 1 else 0
    )


def test_series_cell_and_wheatstone():
    assert nx.is_isomorphic(nx.Graph(series_cell(4).graph), nx.path_graph(5))
    assert nx.is_isomorphic(
        nx.Graph(wheatstone().graph), nx.Graph([(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
    )
    assert not wheatstone().graph.has_edge(0, 1)


@pytest.mark.parametrize(
    "cell", [diamond(), diamond(3, 2), wheatstone(), series_cell(3), diamond(1, 3)]
)
@pytest.mark.parametrize("generations", [0, 1, 2, 3])
def test_hierarchical_lattice_scales(cell, generations):
    lattice = hierarchical_lattice(cell, generations)
    added = len(cell.interior) * sum(cell.bonds**g for g in range(generations))
    assert lattice.number_of_edges() == cell.bonds**generations
    assert list(lattice) == list(range(2 + added))
    assert nx.shortest_path_length(lattice, *lattice.graph["terminals"]) == cell.length**generations


def test_hierarchical_lattice_of_a_series_is_a_path():
    lattice = hierarchical_lattice(series_cell(2), 4)
    assert nx.is_isomorphic(nx.Graph(lattice), nx.path_graph(17))


def test_orientation_is_kept_for_an_asymmetric_cell():
    """A cell whose source bond is doubled: only the first bond of the first cell keeps the
    source.
    """
    cell = cell_from_graph(nx.MultiGraph([("s", "m"), ("s", "m"), ("m", "t")]), "s", "t")
    lattice = hierarchical_lattice(cell, 2)
    assert lattice.degree(0) == 4 and lattice.degree(1) == 1
    assert all(
        data["tail"] in ends and data["head"] in ends for *ends, data in lattice.edges(data=True)
    )
    outgoing = {data["tail"] for _, _, data in lattice.edges(data=True)}
    assert 1 not in outgoing and 0 in outgoing


def test_attributes_of_the_cell_are_carried():
    graph = nx.Graph()
    graph.add_node("m", label="spin")
    graph.add_edge("s", "m", label="K")
    graph.add_edge("m", "t", label="L")
    lattice = hierarchical_lattice(cell_from_graph(graph, "s", "t"), 2)
    labels = sorted(data["label"] for _, _, data in lattice.edges(data=True))
    assert labels == ["K", "K", "L", "L"]
    assert {lattice.nodes[v].get("label") for v in list(lattice)[2:]} == {"spin"}


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: cell_from_graph(nx.path_graph(3), 0, 7), "not in the graph: \\[7\\]"),
        (lambda: cell_from_graph(nx.path_graph(3), 1, 1), "different vertices"),
        (lambda: cell_from_graph(nx.Graph([(0, 1), (2, 3)]), 0, 3), "not connected in the cell"),
        (
            lambda: cell_from_graph(nx.Graph([(0, 1), (2, 3)]), 0, 1),
            "not connected to the terminals",
        ),
        (lambda: cell_from_graph(nx.Graph([(0, 1), (1, 1)]), 0, 1), "no self-loops"),
        (lambda: TwoTerminalCell(nx.MultiGraph(), (0, 1)), "not in the graph"),
        (lambda: hierarchical_lattice(diamond(), -1), "zero or more"),
        *[
            (lambda bad=bad: series_cell(bad), "positive integer")
            for bad in (0, -2, 1.5, "2", True, None)
        ],
        *[(lambda bad=bad: diamond(bad, 2), "in series") for bad in (0, 2.0)],
        *[(lambda bad=bad: diamond(2, bad), "parallel branches") for bad in (0, "x")],
        (lambda: ladder(0), "width of a ladder"),
    ],
)
def test_bad_cells_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_directed_graph_is_not_a_cell():
    with pytest.raises(TypeError, match="undirected"):
        cell_from_graph(nx.DiGraph([(0, 1)]), 0, 1)


def test_a_cell_that_no_memory_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="too large to build"):
        diamond(10**9, 2)
    with pytest.raises(ValueError, match="too large to build"):
        chain().unroll(10**12)
