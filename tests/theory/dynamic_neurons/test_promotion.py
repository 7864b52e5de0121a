"""Promotion as two expressions: every architecture, other activations and weights, bad data."""

import networkx as nx
import pytest
from sympy import Max, Symbol, exp

from neurenorm.graphs.network.architectures import convolutional, mlp, recurrent, residual
from neurenorm.graphs.network.interaction import promoted
from neurenorm.graphs.network.network import network_from_graph
from neurenorm.theory.dynamic_neurons.promotion import finite_model, promotion

SPARSE = nx.DiGraph([("a", "c"), ("b", "c"), ("b", "d"), ("c", "e"), ("d", "e"), ("a", "e")])
README = nx.DiGraph([("x", "a"), ("x", "b"), ("a", "c"), ("b", "c"), ("c", "y")])


def data_of(network, copies):
    """Alternating signs at the inputs, other ones for every copy, and targets."""
    x = {(v, c): (-1) ** (i + c) for i, v in enumerate(network.inputs) for c in range(copies)}
    return x, {(v, c): 1 - 2 * c for v in network.outputs for c in range(copies)}


@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize(
    "network",
    [
        mlp([1, 1, 1, 1]),
        mlp([2, 2, 1]),
        mlp([1, 2, 1], bias=True),
        residual(1, 3),
        residual(2, 1),
        residual(1, 2, bias=True),
        convolutional([3], 2),
        convolutional([3], 2, periodic=False),
        recurrent(2).unrolled(3),
        network_from_graph(SPARSE),
        network_from_graph(README),
    ],
    ids=repr,
)
def test_promoted_neurons_sum_out_to_the_partition_function_of_the_weights(network, copies):
    found = promotion(network, *data_of(network, copies))
    assert found.holds and found.difference == 0
    assert found.promoted.subs(dict.fromkeys(found.promoted.free_symbols, 0)) == 2 ** (
        len(network.weights) + len(network.biases)
    )


def test_other_activations_and_weights():
    chain = mlp([1, 2, 1])
    assert promotion(
        chain, *data_of(chain, 1), activation=lambda z: Max(z, 0), weights=(-1, 0, 2)
    ).holds


def test_a_wrong_sum_is_seen():
    """The difference is an expression: one weight more or less shows."""
    found = promotion(mlp([1, 1, 1]), {((0, 0), 0): 1}, {((2, 0), 0): 1})
    other = promotion(mlp([1, 1, 1]), {((0, 0), 0): 1}, {((2, 0), 0): -1})
    assert (found.weights_only - other.promoted).expand() != 0
    beta, k = Symbol("beta", positive=True), Symbol("k", real=True)
    assert {str(s) for s in found.promoted.free_symbols} == {
        str(beta),
        str(k),
    } and found.promoted.has(exp)


def test_neurons_take_the_values_that_reach_them():
    model = finite_model(promoted(residual(1, 2)), {((0, "h", 0), 0): 1}, {})
    assert model.alphabets["h", (1, "h", 0), 0].states == (0, 2)
    assert model.alphabets["h", (2, "h", 0), 0].states == (-1, 0, 1, 2, 3)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ({}, {((1, 0), 0): 1}, "x has one number"),
        ({((0, 0), 0): 1, ((0, 7), 0): 1}, {((1, 0), 0): 1}, "x has one number"),
        ({((0, 0), 0): 1}, {((0, 0), 0): 1}, "y has one number"),
    ],
)
def test_data_at_other_places_are_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        promotion(mlp([1, 1]), x, y)


def test_too_many_weights_are_refused_before_the_network_runs():
    net = mlp([5, 5, 1])
    with pytest.raises(ValueError, match="30 weights"):
        promotion(net, *data_of(net, 1))
