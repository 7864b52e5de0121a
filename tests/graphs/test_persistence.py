"""Neural persistence and its deep variant against toys, an independent spanning tree and bad
input.
"""

import random

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.graphs.persistence import (
    bottleneck_product,
    bottleneck_strengths,
    deep_persistence,
    neural_persistence,
    spanning_strengths,
)

TOY = [[1, 0.5], [0.2, -0.8]]


def test_toy():
    assert neural_persistence([TOY], normalised=False)[0] == pytest.approx(0.5385165, abs=1e-7)
    assert neural_persistence([TOY])[0] == pytest.approx(0.3109126, abs=1e-7)
    assert neural_persistence([TOY], normalised=False, essential=True)[0] == pytest.approx(
        1.1357817, abs=1e-7
    )
    assert neural_persistence([TOY], essential=True)[0] == pytest.approx(0.6557439, abs=1e-7)
    assert neural_persistence([[[2.0, -2.0], [2.0, 2.0]]])[0] == 0
    assert neural_persistence([TOY, [[10.0], [10.0]]])[1] == 0


def test_bottleneck_toy():
    assert bottleneck_product([[0.9, 0.1], [0.4, 0.6]], [[0.3, 0.8], [0.7, 0.2]]) == [
        [0.3, 0.8],
        [0.6, 0.4],
    ]


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_the_tree_is_networkx_maximum_spanning_tree(inputs, units, seed):
    draw = random.Random(seed)
    matrix = [[draw.random() for _ in range(units)] for _ in range(inputs)]
    graph = nx.Graph()
    graph.add_weighted_edges_from(
        (("in", i), ("out", j), matrix[i][j]) for i in range(inputs) for j in range(units)
    )
    expected = sorted(
        (w for *_, w in nx.maximum_spanning_tree(graph).edges(data="weight")), reverse=True
    )
    assert spanning_strengths(matrix) == expected


@given(st.integers(1, 4), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_bottleneck_strengths_are_the_best_paths(width, seed):
    draw = random.Random(seed)
    layers = [
        [[draw.gauss(0, 1) for _ in range(width + 1)] for _ in range(width + 1)] for _ in range(3)
    ]
    found = bottleneck_strengths(layers)
    single = [bottleneck_strengths([layer]) for layer in layers]
    assert all(0 <= value <= 1 for row in found for value in row)
    assert max(max(row) for layer in single for row in layer) == pytest.approx(1)
    standard = [_standard(layer) for layer in layers]
    largest = max(value for layer in standard for row in layer for value in row)
    n = width + 1
    for i in range(n):
        for j in range(n):
            paths = [
                min(standard[0][i][a], standard[1][a][b], standard[2][b][j])
                for a in range(n)
                for b in range(n)
            ]
            assert found[i][j] == pytest.approx(max(paths) / largest)


def _standard(matrix):
    """Absolute standardised weights, by hand."""
    values = [value for row in matrix for value in row]
    mean = sum(values) / len(values)
    deviation = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
    return [[abs(value - mean) / deviation for value in row] for row in matrix]


def test_gaussian_weights_persist_longer_than_uniform_ones():
    draw = random.Random(1)
    gaussian = [[draw.gauss(0, 1) for _ in range(10)] for _ in range(784)]
    uniform = [[draw.uniform(-1, 1) for _ in range(10)] for _ in range(784)]
    assert neural_persistence([gaussian])[0] == pytest.approx(0.527, abs=0.06)
    assert neural_persistence([uniform])[0] == pytest.approx(0.122, abs=0.03)
    assert 0 < deep_persistence([gaussian, [[draw.gauss(0, 1)] for _ in range(10)]]) < 1


def test_bad_layers():
    with pytest.raises(ValueError, match="all weights are zero"):
        neural_persistence([[[0.0]]])
    with pytest.raises(ValueError, match="not finite"):
        neural_persistence([[[float("nan")]]])
    with pytest.raises(ValueError, match="matrix of weights"):
        neural_persistence([[[1.0, 2.0], [1.0]]])
    with pytest.raises(ValueError, match="order of the norm"):
        neural_persistence([TOY], p=0)
    with pytest.raises(ValueError, match="cannot feed"):
        bottleneck_product([[1.0, 2.0]], [[1.0]])
    with pytest.raises(ValueError, match="cannot be standardised"):
        deep_persistence([[[1.0, 1.0]]])
    with pytest.raises(ValueError, match="at least one layer"):
        bottleneck_strengths([])
