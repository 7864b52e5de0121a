"""Layer graphs that nobody thought of: what changes nothing, and networks that are drawn."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurenorm.graphs.network.layer_graph import LayerGraph
from neurenorm.graphs.network.layer_text import layer_graph
from neurenorm.numerics.simulation.wide.networks import measured_kernels
from neurenorm.numerics.solve.wide.kernels import kernels
from neurenorm.numerics.verification.compare import p_values

LAW = settings(
    max_examples=8,
    deadline=None,
    print_blob=True,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TOKENS = 3
INPUTS = np.array(
    [[[1.0, -0.5], [0.25, 0.75], [-1.0, 0.5]], [[0.5, 0.5], [-0.75, 1.0], [0.25, -0.25]]]
)


@st.composite
def graphs(draw):
    """A graph of blocks on three tokens, each of a random kind, with weights that may be shared."""
    net = LayerGraph()
    z = net.affine(net.input((TOKENS,)), 1.5, 0.25)
    function = draw(st.sampled_from(("relu", "erf")))
    for _ in range(draw(st.integers(1, 3))):
        z = draw_block(draw, net, z, function)
    h = net.map(function, z)
    end = draw(st.sampled_from(("flatten", "average", "last")))
    top = {"flatten": net.flatten, "average": net.global_average}.get(end)
    net.dense(net.at(h, -1) if top is None else top(h), 2)
    return net


def draw_block(draw, net, z, function):
    """One block behind a Gaussian signal."""
    kind = draw(st.sampled_from(("plain", "skip", "gate", "attend", "conv", "places", "pool")))
    label = draw(st.sampled_from((None, None, "W")))
    if kind == "attend":
        mixed = net.attend(z, scale=0.5, causal=draw(st.booleans()))
        return net.add(z, net.dense(mixed, 1.25, label=label), strengths=(1, 0.5))
    if kind == "conv":
        wide = net.conv(net.map(function, z), (2,), 1.5, boundary="circular")
        return net.add(wide, net.bias(wide, 0.25))
    if kind == "places":
        return net.add(z, net.positions_of(z, 0.5, learnt=draw(st.booleans())))
    if kind == "pool":
        rows = ((0.5, 0.5, 0), (0, 0.5, 0.5), (0.25, 0.5, 0.25))
        return net.mix(z, rows)
    if kind == "gate":
        h = net.map(
            f"a*{function}(b)", z, net.dense(net.map(function, z), 1.25), variables=("a", "b")
        )
        return net.dense(h, 1.25, label=label)
    h = net.map(function, z)
    if draw(st.booleans()):
        h = net.norm(h, centred=draw(st.booleans()))
    new = net.dense(h, 1.25, label=label)
    return net.add(new, z, strengths=(0.5, 0.75)) if kind == "skip" else new


def same(one, two, order=(0, 1)):
    """Whether two evaluations agree, the inputs of the second in another order."""
    for name in ("kernel", "tangent"):
        first, second = getattr(one, name), getattr(two, name)
        np.testing.assert_allclose(first[np.ix_(order, order)], second, rtol=1e-9, atol=1e-11)


@LAW
@given(graphs())
def test_names_and_the_order_of_inputs_change_nothing(net):
    plain = kernels(net, INPUTS)
    same(plain, kernels(layer_graph(net.text()), INPUTS))
    same(plain, kernels(net, INPUTS[::-1]), (1, 0))


@LAW
@given(graphs(), st.integers(0, 10**6))
def test_an_identity_and_a_sum_in_two_branches_change_nothing(net, place):
    plain = kernels(net, INPUTS)
    edges = [
        (u, v, k)
        for u, v, k in net.graph.edges(keys=True)
        if net.graph.nodes[v]["op"] in ("map", "sum", "dense")
    ]
    u, v, k = edges[place % len(edges)]
    copy = LayerGraph(net.graph.copy())
    strength = copy.graph.edges[u, v, k]["strength"]
    if net.graph.nodes[v]["op"] == "sum":
        copy.graph.edges[u, v, k]["strength"] = strength / 4
        copy.graph.add_edge(u, v, key=99, strength=3 * strength / 4)
    else:
        halves = copy.add(u, u, strengths=(0.25, 0.75), name="halves")
        copy.graph.remove_edge(u, v, key=k)
        copy.graph.add_edge(halves, v, key=k, strength=strength)
    same(plain, kernels(copy, INPUTS))


@settings(LAW, max_examples=5)
@given(graphs(), st.integers(0, 10**6))
def test_drawn_networks_agree(net, seed):
    theory = kernels(net, INPUTS)
    drawn = measured_kernels(net, INPUTS, 32, 100, np.random.default_rng(seed))
    found = p_values(np.array([theory.kernel, theory.tangent]), drawn)
    assert found.min() > 1e-6, (found, theory, drawn)
