"""Elimination orders against direct elimination on a copy of the graph."""

import itertools
import subprocess
import sys

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.graphs.elimination import elimination_order, frontier_order


def eliminate(graph, order):
    """Largest neighbourhood met when the vertices are removed one by one and their neighbours
    joined.
    """
    graph = nx.Graph(graph)
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    width = 0
    for v in order:
        near = list(graph[v])
        width = max(width, len(near))
        graph.remove_node(v)
        graph.add_edges_from(itertools.combinations(near, 2))
    return width


def naive_min_fill(graph, keep):
    """Minimum fill by recounting every vertex at every step; pairs of kept vertices are free."""
    graph, order = nx.Graph(graph), []
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    rest = [v for v in graph if v not in keep]

    def fill(v):
        pairs = itertools.combinations(graph[v], 2)
        return sum(not graph.has_edge(a, b) for a, b in pairs if not (a in keep and b in keep))

    while rest:
        v = min(rest, key=lambda u: (fill(u), rest.index(u)))
        order.append(v)
        rest.remove(v)
        near = list(graph[v])
        graph.remove_node(v)
        graph.add_edges_from(itertools.combinations(near, 2))
    return tuple(order)


@st.composite
def graphs_with_kept(draw):
    n = draw(st.integers(1, 9))
    pairs = list(itertools.product(range(n), repeat=2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=24))
    kind = draw(st.sampled_from([nx.Graph, nx.MultiGraph, nx.DiGraph, nx.MultiDiGraph]))
    graph = kind()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(edges)
    return graph, draw(st.sets(st.integers(0, n - 1)))


@given(graphs_with_kept())
@settings(deadline=None, max_examples=150)
def test_min_fill_agrees_with_recounting(case):
    graph, keep = case
    result = elimination_order(graph, keep)
    assert result.order == naive_min_fill(graph.to_undirected(), keep)
    assert result.width == eliminate(graph.to_undirected(), result.order)
    assert result.keep == tuple(v for v in graph if v in keep)


@given(graphs_with_kept())
@settings(deadline=None, max_examples=150)
def test_frontier_width_is_that_of_direct_elimination(case):
    graph, keep = case
    result = frontier_order(graph, keep)
    assert sorted(result.order) == [v for v in graph if v not in keep]
    assert result.width == eliminate(graph.to_undirected(), result.order)


@pytest.mark.parametrize("method", [elimination_order, frontier_order])
@pytest.mark.parametrize(
    "graph, width",
    [
        (nx.path_graph(30), 1),
        (nx.cycle_graph(30), 2),
        (nx.ladder_graph(30), 2),
        (nx.balanced_tree(2, 5), None),
        (nx.complete_graph(6), 5),
        (nx.grid_2d_graph(4, 25), 4),
        (nx.empty_graph(3), 0),
    ],
)
def test_known_widths(method, graph, width):
    if width is None:
        assert elimination_order(graph).width == 1
    else:
        assert method(graph).width == width


def test_frontier_is_one_column_wide():
    graph = nx.grid_2d_graph(5, 40)
    assert frontier_order(graph).width == 5
    assert frontier_order(nx.relabel_nodes(graph, lambda v: v[::-1])).width == 5


def test_kept_vertices_count_in_the_width():
    assert elimination_order(nx.star_graph(50), keep=range(1, 51)).width == 50
    assert frontier_order(nx.star_graph(50), keep=range(1, 51)).width == 50
    assert elimination_order(nx.path_graph(3), keep=range(3)).width == 0


@pytest.mark.parametrize("method", [elimination_order, frontier_order])
def test_long_chains_rings_and_ladders_finish(method):
    n = 20_000
    assert method(nx.path_graph(n)).width == 1
    assert method(nx.cycle_graph(n), keep=[0, n // 2]).width == 2
    assert method(nx.ladder_graph(n // 2)).width == 2


def test_a_star_with_many_kept_leaves_costs_no_quadratic_fill():
    result = elimination_order(nx.star_graph(50_000), keep=range(1, 50_001))
    assert (result.order, result.width) == ((0,), 50_000)


@pytest.mark.parametrize("method", [elimination_order, frontier_order])
def test_missing_kept_vertices_are_named(method):
    with pytest.raises(ValueError, match="'zero', 9"):
        method(nx.path_graph(4), keep=[0, 9, "zero"])


def test_order_does_not_depend_on_the_hash_seed():
    code = (
        "import networkx as nx; from neurenorm.graphs.elimination import elimination_order as e, "
        "frontier_order as f;"
        "g = nx.relabel_nodes(nx.grid_2d_graph(4, 4, periodic=True), str);"
        "k = {str((0, 0)), str((2, 1)), str((3, 3))}; print(e(g, k), f(g, k))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout != b""
