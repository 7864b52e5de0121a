"""Random layer graphs: theory against explicit finite networks, and laws."""

import numpy as np
import pytest

from neurenorm.graphs.layers.graph import LayerGraph
from neurenorm.numerics.simulation.wide.networks import measured_kernels
from neurenorm.numerics.solve.wide.kernels import kernels
from neurenorm.numerics.verification.compare import p_values

INPUTS = np.array([[1, -0.5, 0.2, 0.8], [0.5, 0.3, -1, 0.4]])


def pick(rng, items):
    """One of several items, as it is."""
    return items[rng.integers(len(items))]


def random_dense(rng):
    """A random graph of dense layers: skips, shared weights, gates, norms."""
    net = LayerGraph()
    linear = [net.affine(net.input(), 1.5, 0.25)]
    for _ in range(rng.integers(2, 5)):
        z = pick(rng, linear[-2:])
        kind = pick(rng, ("map", "map", "gate", "skip", "norm"))
        if kind == "gate":
            gate = net.affine(net.map("tanh", z), 1.0, 0.25)
            h = net.map(pick(rng, ("a*b", "a*sigmoid(b)")), z, gate, variables=("a", "b"))
        else:
            h = net.map(pick(rng, ("relu", "tanh", "erf", "sin")), z)
        if kind == "norm":
            h = net.norm(h, centred=bool(rng.integers(2)))
        label = "W" if rng.random() < 0.5 and kind != "gate" else None
        new = net.dense(h, 1.25, label=label)
        if kind == "skip":
            new = net.add(new, net.bias(new, 0.25), z, strengths=(0.5, 1, 0.75))
        linear.append(new)
    loose = [z for z in linear if net.graph.out_degree(z) == 0]
    top = net.map(pick(rng, ("relu", "tanh", "erf")), net.add(*loose))
    net.affine(top, 2.0, 0.25)
    return net, INPUTS


def random_conv(rng):
    """A random graph of convolutions on a small ring or grid."""
    shape = pick(rng, ((4,), (5,), (3, 3)))
    net = LayerGraph()
    z = net.input(shape)
    for _ in range(rng.integers(1, 3)):
        boundary = pick(rng, ("circular", "zero"))
        stride = int(pick(rng, (1, 1, 2)))
        z = net.conv(z, (3,) * len(shape), 2.0, boundary=boundary, stride=stride)
        z = net.add(z, net.bias(z, 0.25))
        z = net.map(pick(rng, ("relu", "tanh", "erf")), z)
    top = net.flatten(z) if rng.integers(2) else net.global_average(z)
    net.affine(top, 2.0, 0.25)
    return net, rng.standard_normal((2, *shape, 2))


def assert_agrees(net, inputs, rng, width=40, networks=128):
    theory = kernels(net, inputs)
    witness = measured_kernels(net, inputs, width, networks, rng)
    found = p_values(np.array([theory.kernel, theory.tangent]), witness)
    assert found.min() > 1e-6, (found, theory, witness)


@pytest.mark.parametrize("seed", range(14))
def test_dense_graphs_drawn_at_random(seed):
    rng = np.random.default_rng([20, seed])
    assert_agrees(*random_dense(rng), rng)


@pytest.mark.parametrize("seed", range(6))
def test_convolutions_drawn_at_random(seed):
    rng = np.random.default_rng([21, seed])
    assert_agrees(*random_conv(rng), rng, width=24)


def test_a_matrix_and_its_transpose():
    rng = np.random.default_rng(22)
    net = LayerGraph()
    z = net.dense(net.input(), 1.5)
    z = net.dense(net.map("tanh", z), 1.5, label="W", width=2)
    z = net.dense(net.map("tanh", z), 1.5, label="W", transposed=True)
    net.dense(net.map("tanh", z), 1)
    assert_agrees(net, INPUTS[:1], rng, width=40, networks=128)


@pytest.mark.parametrize("seed", range(10))
def test_a_layer_in_two_branches_an_identity_and_the_order_of_inputs_change_nothing(seed):
    net, x = random_dense(np.random.default_rng([20, seed]))
    plain = kernels(net, x)
    twisted, _ = random_dense(np.random.default_rng([20, seed]))
    _split_first_sum(twisted)
    for graph, order in ((twisted, [0, 1]), (net, [1, 0]), (_with_identity(net), [0, 1])):
        found = kernels(graph, x[order])
        for one, two in ((plain.kernel, found.kernel), (plain.tangent, found.tangent)):
            np.testing.assert_allclose(one[np.ix_(order, order)], two, rtol=1e-8, atol=1e-10)


def _split_first_sum(net):
    """The first sum takes its first argument in two halves."""
    node = next(n for n in net.order() if net.graph.nodes[n]["op"] == "sum")
    source = net.parents(node)[0]
    strength = net.strengths(node)[0]
    net.graph.edges[source, node, 0]["strength"] = strength / 4
    net.graph.add_edge(source, node, key=99, strength=3 * strength / 4)


def _with_identity(net):
    """A copy in which an identity stands before a function, with new names."""
    copy = LayerGraph(net.graph.copy())
    node = next(n for n in copy.order() if copy.graph.nodes[n]["op"] == "map")
    source = copy.parents(node)[0]
    identity = copy.map("linear", source, name="identity")
    for key in [k for u, _, k in copy.graph.in_edges(node, keys=True) if u == source]:
        copy.graph.remove_edge(source, node, key=key)
        copy.graph.add_edge(identity, node, key=key, strength=1)
    return copy
