"""Cluster updates against enumeration on graphs with loops, parallel edges and hierarchy."""

import math

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from neurenorm.numerics.simulation.lattice.cluster import (
    cluster_correlation,
    sample_states,
    swendsen_wang,
    wolff,
)
from neurenorm.numerics.simulation.lattice.enumeration import (
    expectation,
    ising_terms,
    log_marginal,
    potts_terms,
)
from neurenorm.numerics.verification.compare import Sampled, Verdict

LEVEL = 1e-6


def diamond(generations):
    """Every edge becomes two paths of two edges, repeatedly."""
    edges, nodes = [(0, 1)], 2
    for _ in range(generations):
        finer = []
        for u, v in edges:
            for middle in (nodes, nodes + 1):
                finer += [(u, middle), (middle, v)]
            nodes += 2
        edges = finer
    return nx.Graph(edges)


def square_with_diagonal():
    """Four sites with different couplings as edge attributes; its nodes are letters."""
    graph = nx.Graph()
    for u, v, K in (
        ("a", "b", 0.3),
        ("b", "c", 0.9),
        ("c", "d", 0.0),
        ("d", "a", 0.5),
        ("b", "d", 0.7),
    ):
        graph.add_edge(u, v, coupling=K)
    return graph


GRAPHS = {
    "triangle": (nx.cycle_graph(3), 0.5),
    "square with diagonal": (square_with_diagonal(), None),
    "parallel edges and a loop": (
        nx.MultiGraph([(0, 1), (0, 1), (1, 2), (2, 0), (2, 2), (2, 3)]),
        0.35,
    ),
    "couplings in a list": (nx.path_graph(4), [0.2, 1.1, 0.6]),
    "diamond": (diamond(1), 0.6),
}


def arrays(graph, coupling):
    """Number of sites, edges as integers and couplings, for the enumeration."""
    place = {node: i for i, node in enumerate(graph.nodes)}
    edges = [(place[u], place[v]) for u, v in graph.edges()]
    return (
        len(graph),
        edges,
        coupling if coupling is not None else [K for *_, K in graph.edges(data="coupling")],
    )


def exact_correlations(graph, coupling, q):
    """All pair correlations by enumeration, in the order of the upper triangle."""
    n, edges, K = arrays(graph, coupling)
    pairs = list(zip(*np.triu_indices(n, 1), strict=True))
    if q is None:
        return pairs, [
            expectation(n, (-1, 1), ising_terms(edges, K), lambda s, p=p: s[p[0]] * s[p[1]])
            for p in pairs
        ]
    alike = [
        expectation(n, q, potts_terms(edges, K), lambda s, p=p: s[p[0]] == s[p[1]]) for p in pairs
    ]
    return pairs, [(q * a - 1) / (q - 1) for a in alike]


def measured_correlations(q, pairs):
    """The same correlations of every replica."""
    i, j = np.transpose(pairs)

    def measure(states):
        if q is None:
            return states[:, i] * states[:, j]
        return (q * (states[:, i] == states[:, j]) - 1) / (q - 1)

    return measure


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("q", [None, 2, 3])
def test_law_of_the_states(name, q):
    graph, coupling = GRAPHS[name]
    n, edges, K = arrays(graph, coupling)
    states = [-1, 1] if q is None else list(range(q))
    terms = ising_terms(edges, K) if q is None else potts_terms(edges, K)
    log_weight = log_marginal(n, states, terms, keep=range(n)).ravel()
    probability = np.exp(log_weight - np.logaddexp.reduce(log_weight))
    samples = sample_states(
        graph, coupling, np.random.default_rng(1), q=q, replicas=30000, thermalise=25
    )
    place = np.searchsorted(states, samples) @ len(states) ** np.arange(n - 1, -1, -1)
    counted = np.bincount(place, minlength=probability.size)
    assert stats.chisquare(counted, probability * len(samples)).pvalue > LEVEL


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("q", [None, 3])
def test_three_estimators_agree_with_enumeration(name, q):
    graph, coupling = GRAPHS[name]
    if q is not None:  # a Potts coupling of 2K correlates about as much as an Ising coupling of K
        coupling = 2 * np.asarray(arrays(graph, coupling)[2])
    pairs, exact = exact_correlations(graph, coupling, q)
    measure = measured_correlations(q, pairs)
    nodes = list(graph.nodes)
    named = [(nodes[i], nodes[j]) for i, j in pairs]
    rng = np.random.default_rng(2)
    estimates = [
        swendsen_wang(graph, coupling, 150, rng, measure=measure, q=q, replicas=400, thermalise=25),
        wolff(graph, coupling, 300, rng, measure=measure, q=q, replicas=400, thermalise=100),
        cluster_correlation(graph, coupling, named, 150, rng, q=q, replicas=400, thermalise=25),
    ]
    for estimate in estimates:
        found = Sampled(0.1).compare(exact, estimate)
        assert found.verdict is Verdict.agrees, found.message
        assert Sampled(0.1).compare(np.multiply(exact, 1.1), estimate).verdict is Verdict.refuted


@pytest.mark.parametrize("q", [None, 3])
def test_second_generation_diamond(q):
    graph = diamond(2)
    n, edges, K = arrays(graph, 0.6 if q is None else 1.3)
    terms = ising_terms(edges, K) if q is None else potts_terms(edges, K)
    ends = [list(graph.nodes).index(node) for node in (0, 1)]
    weight = log_marginal(n, (-1, 1) if q is None else q, terms, keep=ends)
    alike = np.exp(
        np.logaddexp.reduce(np.diagonal(weight)) - np.logaddexp.reduce(weight, axis=None)
    )
    states = 2 if q is None else q
    exact = (states * alike - 1) / (states - 1)
    improved = cluster_correlation(graph, K, [(0, 1)], 1000, np.random.default_rng(3), q=q)
    assert Sampled(0.06).compare([exact], improved).verdict is Verdict.agrees
    assert Sampled(0.06).compare([exact * 0.94], improved).verdict is Verdict.refuted


def test_chain_has_the_closed_form():
    estimate = cluster_correlation(
        nx.path_graph(30), 1.0, [(0, r) for r in (1, 3, 6)], 300, np.random.default_rng(4)
    )
    theory = np.tanh(1.0) ** np.array([1, 3, 6])
    assert Sampled(0.05).compare(theory, estimate).verdict is Verdict.agrees


def test_improved_estimator_has_the_smaller_error():
    graph, pair = nx.path_graph(8), [(0, 7)]
    improved = cluster_correlation(graph, 0.4, pair, 200, np.random.default_rng(5))
    plain = swendsen_wang(
        graph, 0.4, 200, np.random.default_rng(5), measure=lambda s: s[:, [0]] * s[:, [7]]
    )
    assert improved.error[0] < 0.3 * plain.error[0]


def test_errors_are_those_of_independent_replicas():
    graph = nx.cycle_graph(6)
    values = [
        swendsen_wang(
            graph,
            0.6,
            10,
            np.random.default_rng(seed),
            measure=lambda s: s[:, 0] * s[:, 3],
            thermalise=10,
        )
        for seed in range(120)
    ]
    spread = np.std([e.value for e in values])
    assert np.mean([e.error for e in values]) == pytest.approx(spread, rel=0.25)
    assert values[0].blocks == 128


def test_isolated_sites_and_equal_seeds():
    graph = nx.empty_graph(3)
    states = [
        sample_states(graph, 1.0, np.random.default_rng(6), q=5, replicas=4000) for _ in range(2)
    ]
    np.testing.assert_array_equal(*states)
    assert stats.chisquare(np.bincount(states[0].ravel(), minlength=5)).pvalue > LEVEL


def test_a_progress_bar_is_silent_in_a_pipe(capfd):
    wolff(nx.path_graph(3), 0.5, 20, np.random.default_rng(7), measure=lambda s: s[:, 0])
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_bad_input():
    rng, graph, first = np.random.default_rng(8), nx.path_graph(3), lambda s: s[:, 0]
    with pytest.raises(TypeError, match="undirected"):
        swendsen_wang(nx.DiGraph([(0, 1)]), 0.5, 10, rng, measure=first)
    with pytest.raises(ValueError, match="no nodes"):
        swendsen_wang(nx.Graph(), 0.5, 10, rng, measure=first)
    with pytest.raises(ValueError, match="not negative"):
        wolff(graph, -0.5, 10, rng, measure=first)
    with pytest.raises(ValueError, match="no attribute 'coupling'"):
        swendsen_wang(graph, None, 10, rng, measure=first)
    with pytest.raises(ValueError, match="2 edges but 3 couplings"):
        swendsen_wang(graph, [0.1, 0.2, 0.3], 10, rng, measure=first)
    with pytest.raises(ValueError, match="finite"):
        swendsen_wang(graph, math.inf, 10, rng, measure=first)
    with pytest.raises(ValueError, match="replicas"):
        swendsen_wang(graph, 0.5, 10, rng, measure=first, replicas=1)
    with pytest.raises(ValueError, match="Potts states"):
        swendsen_wang(graph, 0.5, 10, rng, measure=first, q=1)
    with pytest.raises(ValueError, match="number of updates"):
        swendsen_wang(graph, 0.5, 0, rng, measure=first)
    with pytest.raises(ValueError, match="each of 128 replicas"):
        swendsen_wang(graph, 0.5, 10, rng, measure=lambda s: s.mean())
    with pytest.raises(ValueError, match="7 is not a node"):
        cluster_correlation(graph, 0.5, [(0, 7)], 10, rng)
    with pytest.raises(ValueError, match="at least one pair"):
        cluster_correlation(graph, 0.5, [], 10, rng)
