"""Files and arrays of others: read right, or refused in one line at once."""

import itertools
import math
import time
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.graphs import cubic, honeycomb
from neurenorm.numerics.readers import (
    crystal,
    graph_from_adjacency,
    graph_from_graphml,
    graph_from_matrix_market,
    independent_loops,
    model_from_cnf,
    model_from_uai,
    partition_sum,
)

READERS = [model_from_uai, model_from_cnf, graph_from_graphml, graph_from_matrix_market]


@st.composite
def factor_graphs(draw):
    """Numbers of states, scopes and tables."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=5).filter(lambda s: max(s) > 1))
    variables = st.lists(st.integers(0, len(sizes) - 1), max_size=3, unique=True)
    scopes = draw(st.lists(variables, max_size=5))
    entry = st.fractions(0, 3, max_denominator=4) | st.just(Fraction(0))
    tables = [
        draw(st.lists(entry, min_size=n, max_size=n))
        for n in (math.prod(sizes[v] for v in scope) for scope in scopes)
    ]
    return sizes, scopes, tables


@settings(deadline=None, max_examples=60)
@given(factor_graphs())
def test_the_partition_sum_of_a_uai_file_is_the_sum_over_all_configurations(given_graph):
    sizes, scopes, tables = given_graph
    text = f"MARKOV\n{len(sizes)}\n{' '.join(map(str, sizes))}\n{len(scopes)}\n"
    text += "".join(f"{len(s)} {' '.join(map(str, s))}\n" for s in scopes)
    text += "".join(f"{len(t)}\n {' '.join(map(str, t))}\n" for t in tables)
    wanted = Fraction(0)
    for states in itertools.product(*map(range, sizes)):
        weight = Fraction(1)
        for scope, table in zip(scopes, tables, strict=True):
            shape = [sizes[v] for v in scope]
            place = int(np.ravel_multi_index([states[v] for v in scope], shape)) if scope else 0
            weight *= table[place]
        wanted += weight
    found = partition_sum(model_from_uai(text))
    assert Fraction(int(found.p), int(found.q)) == wanted


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(
                st.lists(st.integers(1, n).flatmap(lambda v: st.sampled_from([v, -v])), max_size=4),
                max_size=12,
            ),
        )
    )
)
def test_the_partition_sum_of_a_formula_counts_its_solutions(formula):
    count, clauses = formula
    body = "\n".join(" ".join(map(str, [*clause, 0])) for clause in clauses)
    model = model_from_cnf(f"c a comment\np cnf {count} {len(clauses)}\n{body}")
    wanted = sum(
        all(any(states[abs(x) - 1] == (x > 0) for x in clause) for clause in clauses)
        for states in itertools.product((False, True), repeat=count)
    )
    assert partition_sum(model) == wanted


def test_an_unsatisfiable_formula_has_the_partition_sum_zero():
    pigeons = "p cnf 6 9\n1 2 0 3 4 0 5 6 0 -1 -3 0 -1 -5 0 -3 -5 0 -2 -4 0 -2 -6 0 -4 -6 0"
    assert partition_sum(model_from_cnf(pigeons)) == 0
    assert independent_loops(model_from_cnf(pigeons)) > 0


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.booleans())
def test_graphs_survive_their_formats(seed, directed):
    rng = np.random.default_rng(seed)
    array = rng.integers(-2, 3, (5, 5))
    array = array if directed else np.tril(array) + np.tril(array, -1).T
    graph = graph_from_adjacency(array)
    assert np.array_equal(nx.to_numpy_array(graph, nodelist=range(5)), array)
    again = graph_from_graphml("\n".join(nx.generate_graphml(graph)))
    assert again.is_directed() == graph.is_directed()
    again = nx.relabel_nodes(again, int)
    assert np.array_equal(nx.to_numpy_array(again, nodelist=range(5)), array)
    entries = [(i, j) for i, j in itertools.product(range(5), repeat=2) if array[i, j]]
    lines = [f"{i + 1} {j + 1} {array[i, j]}" for i, j in entries]
    text = f"%%MatrixMarket matrix coordinate integer general\n% no\n5 5 {len(lines)}\n"
    read = graph_from_matrix_market(text + "\n".join(lines))
    assert sorted((i - 1, j - 1, int(w)) for i, j, w in read.edges(data="weight")) == sorted(
        (i, j, int(array[i, j])) for i, j in entries
    )
    plain = "%%MatrixMarket matrix array integer general\n5 5\n" + "\n".join(
        str(array[i, j]) for j in range(5) for i in range(5)
    )
    assert nx.utils.graphs_equal(graph_from_matrix_market(plain), read)


@pytest.mark.parametrize(
    ("cell", "positions", "wanted"),
    [
        ([[1, 0], [0.5, 3**0.5 / 2]], [[0, 0], [0.5, 3**0.5 / 6]], honeycomb()),
        (np.eye(3).tolist(), [[0, 0, 0]], cubic()),
    ],
)
def test_known_lattices_come_back_from_their_arrays(cell, positions, wanted):
    found = crystal(cell, positions)
    assert found.metric.gram == wanted.metric.gram
    assert len(found.edges) == len(wanted.edges)
    assert {found.squared_length(e) for e in found.edges} == {
        wanted.squared_length(e) for e in wanted.edges
    }


def test_coordination_numbers_of_common_crystals():
    half, a = 0.5, 5.43
    fcc = np.array([[0, half, half], [half, 0, half], [half, half, 0]])
    bcc = np.array([[-half, half, half], [half, -half, half], [half, half, -half]])
    assert crystal(fcc, [[0, 0, 0]]).degree(0) == 12
    assert crystal(bcc, [[0, 0, 0]]).degree(0) == 8
    silicon = crystal(a * fcc, [[0, 0, 0], [a / 4] * 3], symbols=["Si", "Si"])
    assert silicon.degree(0) == silicon.degree(1) == 4
    layer = crystal(np.diag([1.0, 9.0, 1.0]), [[0.3, 4.0, 0.2]], periodic=[True, False, True])
    assert layer.dimension == 2 and layer.degree(0) == 4
    assert crystal(np.eye(2), [[0, 0]], cutoff=1.5).degree(0) == 8


WRONG = [
    (model_from_uai, "MARKOV 2 2 2 1 2 0 1 3 1 1 1", "3 entries"),
    (model_from_uai, "MARKOV 2 2 2 1 2 0 1 4 1 1 -1 1", "negative"),
    (model_from_uai, "MARKOV 2 2 2 1 2 0 0 4 1 1 1 1", "twice"),
    (model_from_uai, "MARKOV 99999 2", "only 1 words are left"),
    (model_from_uai, "MARKOV 9 " + "999 " * 9 + "1 9 " + " ".join(map(str, range(9))), "more than"),
    (model_from_uai, "MARKOV 1 2 1 1 0 2 nan 1", "finite number"),
    (model_from_uai, "MARKOV 1 2 1 1 0 2 1e999999999 1", "out of range"),
    (model_from_cnf, "p cnf 2 1\n1 3 0", "names none"),
    (model_from_cnf, "p cnf 2 2\n1 2 0", "declares 2"),
    (model_from_cnf, "p cnf 2 1\n1 2", "not ended"),
    (model_from_cnf, "p cnf 999999999999 1\n1 2 0", "variables"),
    (model_from_cnf, "p cnf 2 1\n__import__('os') 0", "literal"),
    (graph_from_graphml, "<!DOCTYPE x [<!ENTITY a 'aa'>]><graphml/>", "entities"),
    (graph_from_graphml, "<graphml", "no GraphML"),
    (graph_from_matrix_market, "%%MatrixMarket matrix coordinate complex general\n1 1 0", "field"),
    (graph_from_matrix_market, "%%MatrixMarket matrix coordinate real general\n2 3 0", "square"),
    (graph_from_matrix_market, "%%MatrixMarket matrix array real general\n99999 99999", "entries"),
    (graph_from_adjacency, [[0, math.nan], [0, 0]], "NaN"),
    (graph_from_adjacency, [[0, "__import__"]], "real numbers"),
    (graph_from_adjacency, [[0, 1]], "square"),
]


@pytest.mark.parametrize(("reader", "given_value", "said"), WRONG)
def test_what_is_wrong_is_said_in_one_line_at_once(reader, given_value, said):
    start = time.perf_counter()
    with pytest.raises(ValueError, match=said) as caught:
        reader(given_value)
    assert str(caught.value).isprintable() and time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([[1, 0], [2, 0]], [[0, 0]]), "independent"),
        ((np.eye(2), [[0, 0], [0, 0]]), "one place"),
        ((np.eye(2), [[0, 0, 0]]), "shape"),
        ((np.eye(2), [[0, math.inf]]), "finite"),
        ((np.eye(2), [["__import__", 0]]), "numbers"),
        ((np.diag([1, 1e9]), [[0, 0], [0, 5e8]]), "pairs|place"),
    ],
)
def test_crystals_that_are_none_are_refused(arguments, said):
    if said == "pairs|place":
        with pytest.raises(ValueError, match="pairs"):
            crystal(*arguments, cutoff=1e8)
        return
    with pytest.raises(ValueError, match=said):
        crystal(*arguments)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(READERS),
    st.text(max_size=40)
    | st.text(alphabet="MARKOVBYESpcnf 0123456789-.\n%<>/", max_size=60)
    | st.lists(st.sampled_from(["MARKOV", "p", "cnf", "0", "1", "2", "-1", "\n"]), max_size=15).map(
        " ".join
    ),
)
def test_any_text_is_read_or_refused_in_one_line_of_each_format(reader, text):
    try:
        reader(text)
    except ValueError as error:
        assert str(error).isprintable()
