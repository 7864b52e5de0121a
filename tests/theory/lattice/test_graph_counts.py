"""Percolation, trees and weak disorder of cells."""

from __future__ import annotations

import math

import networkx as nx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sympy import N, Rational, cancel, log, sqrt

from neurenorm.graphs.lattices import cell_from_graph, diamond, wheatstone
from neurenorm.numerics.evaluate import evaluate
from neurenorm.theory.lattice.graph_counts import (
    P,
    Q,
    V,
    connection,
    percolation,
    random_cluster_sums,
    spanning_trees,
)

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)


def values(identifier, **given_values):
    return evaluate(f"lattice/{identifier}", given_values).values


@pytest.mark.parametrize(
    ("question", "y"),
    [
        ({}, 0.611516172739),
        ({"cell": "wheatstone"}, math.log2(13 / 8)),
        ({"series": 2, "parallel": 4}, 0.8147227),
        ({"cell": "triangle"}, 0.738140492857),
    ],
)
def test_percolation(question, y):
    assert values("percolation", **question)["y"] == pytest.approx(y, abs=5e-8)


@settings(deadline=None, max_examples=15, print_blob=True)
@given(st.integers(4, 5), st.data())
def test_percolation_is_potts_with_one_state(size, data):
    """p' of v = p/(1 - p) at q = 1, for random cells."""
    pairs = [(i, j) for i in range(size) for j in range(i + 1, size) if (i, j) != (0, 1)]
    edges = data.draw(st.lists(st.sampled_from(pairs), min_size=size, max_size=7, unique=True))
    graph = nx.Graph(edges)
    if not {0, 1} <= set(graph) or not nx.is_connected(graph):
        return
    cell = cell_from_graph(graph, 0, 1)
    p = Rational(data.draw(st.fractions(0, 1, max_denominator=9)).limit_denominator(9))
    if p == 1:
        return
    joined, apart = (s.subs({Q: 1, V: p / (1 - p)}) for s in random_cluster_sums(cell))
    assert cancel(joined / (joined + apart)) == connection(cell)[1].subs(P, p)


@pytest.mark.parametrize("g", [0, 1, 2, 3, 7])
def test_trees_of_the_diamond_and_the_bridge(g):
    one, other = spanning_trees().values, spanning_trees("wheatstone").values
    (symbol,) = one["log_trees"].free_symbols
    assert abs(N(one["log_trees"].subs(symbol, g) - Rational(2 * (4**g - 1), 3) * log(2))) < 1e-12
    assert abs(N(other["log_trees"].subs(symbol, g) - Rational(5**g - 1, 4) * log(8))) < 1e-12
    assert one["resistance"] == other["resistance"] == 1


def test_the_scale_of_a_triangle():
    assert percolation("triangle").recursion.scale == sqrt(3)


def test_refusals():
    with pytest.raises(ValueError, match="at most 14 bonds"):
        connection(diamond(5, 3))
    with pytest.raises(ValueError, match="not both"):
        percolation("triangle", 2, 2)
    assert wheatstone().bonds == 5


@pytest.mark.parametrize(
    ("question", "K", "y"),
    [
        ({"d": 2}, None, 0.747235718929),
        ({"d": 4}, None, 0.984924841762),
        ({"d": Rational(3, 2)}, None, 0.472939373187),
        ({"d": 2, "b": 1}, 0.440686793509772, 0.753549519719539),
        ({"d": 3, "b": 1}, 0.139777682120293, 0.948168643506721),
        ({"d": 2, "b": 1, "model": "potts", "q": 1}, None, 0.613705638880),
        ({"d": 2, "b": 1, "model": "potts", "q": 4}, math.log(3), 0.901387711332),
        ({"d": 2, "b": 4}, 0.807051856578, 1.459352079565 / 2),
    ],
)
def test_migdal_kadanoff(question, K, y):
    found = values("migdal-kadanoff", **question)
    assert found["y"] == pytest.approx(y, abs=6e-13)
    if K is not None:
        assert found["K"] == pytest.approx(K, abs=6e-13)


@settings(deadline=None, max_examples=10, print_blob=True, phases=NO_SHRINKING)
@given(
    st.fractions(Rational(101, 100), 20, max_denominator=100),
    st.fractions(1, 100, max_denominator=50),
    st.one_of(st.none(), st.fractions(Rational(1, 10), 1000, max_denominator=10)),
)
def test_every_dimension_and_scale_has_its_point(d, b, q):
    question = {"d": d, "b": b} | ({} if q is None else {"model": "potts", "q": q})
    found = values("migdal-kadanoff", **question)
    assert found["K"] > 0 and 0 < found["y"] < d


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"d": 1}, "below dimension 1"),
        ({"d": 2, "b": Rational(1, 2)}, "at least 1"),
        ({"d": 2, "q": 3}, "needs q"),
        ({"d": 2, "model": "potts"}, "needs q"),
        ({"d": 50}, "between 1.01 and 20"),
    ],
)
def test_migdal_kadanoff_is_refused(question, message):
    with pytest.raises(ValueError, match=message):
        values("migdal-kadanoff", **question)
