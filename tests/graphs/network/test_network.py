"""Networks and their interaction graphs: shapes, counts, symmetries, bad input."""

import itertools
import math
import random

import networkx as nx
import numpy as np
import pytest

from neurenorm.graphs.folding.fold import NoTranslation
from neurenorm.graphs.network.architectures import convolutional, mlp, recurrent, residual
from neurenorm.graphs.network.folding import broken_rules, fold_network, layer_shift
from neurenorm.graphs.network.interaction import promoted, weights_only
from neurenorm.graphs.network.network import Network, network_from_graph
from neurenorm.graphs.network.neuron_symmetry import (
    is_sign_symmetry,
    permutation_generators,
    sign_generators,
)


def test_a_dense_network_has_all_connections():
    net = mlp([3, 5, 2], bias=True)
    assert net.widths == (3, 5, 2)
    assert len(net.weights) == 3 * 5 + 5 * 2 and len(net.biases) == 7
    assert net.inputs == tuple((0, i) for i in range(3)) and net.outputs == ((2, 0), (2, 1))
    assert nx.to_dict_of_dicts(net.layer_graph())[0][1] == {
        "connections": 15,
        "wires": 0,
        "weights": 15,
    }


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("channels", [1, 2])
def test_convolutions_share_their_weights(size, channels):
    net = convolutional([4, 5], depth=2, size=size, channels=channels)
    assert len(net.weights) == 2 * size**2 * channels**2
    assert all(len(edges) == 20 for edges in net.weights.values())
    rim = convolutional([4, 5], depth=1, size=3, periodic=False)
    assert rim.graph.number_of_edges() == (3 * 4 - 2) * (3 * 5 - 2)


def test_residual_wires_carry_no_weight():
    net = residual(3, 4, bias=True)
    assert len(net.weights) == 4 * 9 and len(net.biases) == 12
    assert sum(net.weight(u, v) is None for u, v in net.graph.edges) == 2 * 4 * 3


def test_unrolling_in_time_shares_weights_and_goes_up():
    net = recurrent(3, inputs=2)
    unrolled = net.unrolled(4)
    assert len(unrolled.weights) == len(net.weights) == 6 + 9
    assert unrolled.graph.number_of_edges() == 4 * 6 + 3 * 9
    assert all(unrolled.layer(u) < unrolled.layer(v) for u, v in unrolled.graph.edges)


def test_feedback_over_two_layers_sets_the_stride():
    graph = nx.DiGraph([("a", "b"), ("b", "c"), ("c", "a")])
    nx.set_node_attributes(graph, {"a": 0, "b": 1, "c": 2}, "layer")
    unrolled = Network(graph, recurrent=True).unrolled(3)
    assert (
        nx.is_directed_acyclic_graph(unrolled.graph)
        and unrolled.graph.number_of_edges() == 3 * 2 + 2
    )


def test_layers_are_found_where_none_are_declared():
    net = network_from_graph(nx.DiGraph([("x", "a"), ("a", "b"), ("x", "b"), ("b", "y")]))
    assert {v: net.layer(v) for v in net.graph} == {"x": 0, "a": 1, "b": 2, "y": 3}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Network(nx.DiGraph([("a", "b")])), "has no layer"),
        (lambda: network_from_graph(nx.DiGraph([("a", "b"), ("b", "a")])), "recurrent=True"),
        (lambda: network_from_graph(_layered([("a", "b"), ("b", "a")])), "cycle 'a' -> 'b' -> 'a'"),
        (
            lambda: promoted(nx.DiGraph([("a", "b"), ("b", "a")])),
            "cycle 'a' -> 'b' -> 'a'; declare it with recurrent=True",
        ),
        (lambda: weights_only(nx.DiGraph([("a", "b"), ("b", "a")])), "cycle"),
        (lambda: promoted(_partly_layered()), "the neuron 'b' has no layer"),
        (lambda: Network(nx.DiGraph([(0, 1)]), recurrent=True), "has no layer"),
        (lambda: network_from_graph(_at_half()), "has the layer 0.5, which is no integer"),
        (lambda: network_from_graph(_layered([("b", "a")])), "does not go up"),
        (lambda: Network(nx.DiGraph()), "at least one neuron"),
        (lambda: mlp([3]), "at least 2"),
        (lambda: mlp([3, 0]), "positive integer"),
        (lambda: convolutional([4], 2, size=2), "odd"),
        (lambda: mlp([2, 2], kinds=["tanh"]), "one for each layer"),
        (lambda: recurrent(2).unrolled(0), "positive number of time steps"),
        (lambda: promoted(recurrent(2)), "unrolled"),
        (lambda: promoted(mlp([1, 1]), 0), "number of data"),
        (lambda: fold_network(weights_only(mlp([1, 1, 1]))), "promote the neurons"),
    ],
)
def test_bad_networks_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def _layered(edges):
    graph = nx.DiGraph(edges)
    nx.set_node_attributes(graph, {"a": 0, "b": 1}, "layer")
    return graph


def _partly_layered():
    graph = nx.DiGraph([("a", "b")])
    graph.nodes["a"]["layer"] = 0
    return graph


def _at_half():
    graph = nx.DiGraph()
    graph.add_node("a", layer=0.5)
    return graph


def test_any_directed_graph_of_neurons_is_promoted():
    """Layers are found where none are declared, and NumPy integers are layers."""
    graph = nx.DiGraph([("x", "a"), ("x", "b"), ("a", "y"), ("b", "y")])
    assert (
        weights_only(graph).report().coupled_pairs == 1
        and promoted(graph).report().coupled_pairs == 0
    )
    nx.set_node_attributes(
        graph, {"x": np.int64(0), "a": np.int64(1), "b": np.int64(1), "y": np.int64(2)}, "layer"
    )
    assert promoted(graph).network.widths == (1, 2, 1)


def test_the_report_counts_interactions_of_every_order():
    report = promoted(mlp([2, 2, 2]), 2).report()
    assert report.orders == ((1, 4), (3, 4), (5, 4)) and report.degrees == ((2, 12), (3, 4))
    assert weights_only(mlp([2, 2, 2]), 2).report().orders == ((6, 4),)


def test_an_undirected_graph_is_no_network():
    with pytest.raises(TypeError, match="direction"):
        Network(nx.Graph([(0, 1)]))


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_promotion_removes_the_couplings_between_weight_layers(depth):
    """neurons-check-4: pairs 0, 1, 3, 6 before and 0 after."""
    net = mlp([2] * (depth + 1))
    before, after = weights_only(net, 2).report(), promoted(net, 2).report()
    assert before.coupled_pairs == depth * (depth - 1) // 2 and after.coupled_pairs == 0
    assert before.depth_range == depth - 1 and after.depth_range <= 1
    assert before.largest_order == (depth - 1) * 4 + 2 and after.largest_order <= 5
    assert before.treewidth >= depth * 2 - 1


def test_every_datum_has_a_cost_of_all_weights():
    static = weights_only(mlp([2, 3, 1]), copies=3)
    assert [len(static.scope(factor)) for factor in static.factors] == [9, 9, 9]


def test_taps_of_channels_keep_their_own_names():
    """Channel numbers that equal layer numbers do not mix taps up: the cell has all of them."""
    found = fold_network(promoted(convolutional([5], 4, channels=2)))
    taps = {edge.label[1] for edge in found.folding.quotient.edges if edge.label[0] == "in"}
    assert len(taps) == 3 * 2 * 2 and found.folding.quotient.dimension == 2


def test_treewidth_does_not_grow_with_depth_after_promotion():
    widths = [promoted(mlp([2] * (depth + 1))).treewidth_bound() for depth in (3, 6, 12)]
    assert len(set(widths)) == 1
    assert [weights_only(mlp([2] * (depth + 1))).treewidth_bound() for depth in (3, 6)] == [
        4 * 3 - 3,
        4 * 6 - 3,
    ]


def test_every_neuron_meets_each_of_its_parents_once():
    interactions = promoted(residual(2, 2), copies=2)
    for factor, rule in interactions.rules.items():
        scope = set(interactions.scope(factor))
        assert rule.out in scope and all(w in scope for w, _ in rule.pairs if w)
        assert all(h in scope or h[0] == "x" for _, h in rule.pairs)


@pytest.mark.parametrize(
    ("net", "period", "dimension"),
    [
        (mlp([3] * 6), 1, 1),
        (mlp([2, 3] * 4), 2, 1),
        (mlp([2] * 9, kinds=["a", "b", "c"] * 3), 3, 1),
        (residual(2, 5), 2, 1),
        (convolutional([7], 5), 1, 2),
        (convolutional([5, 5], 4), 1, 3),
        (recurrent(2).unrolled(6), 1, 1),
    ],
)
def test_translations_are_found_and_certified(net, period, dimension):
    found = fold_network(promoted(net))
    assert found.period == period and found.folding.quotient.dimension == dimension
    assert found.folding.verify()
    assert {f[0] for f in found.data_terms} == {"rule", "cost"}


def _renamed(net, seed):
    """The network with meaningless names, its neurons and connections in random order."""
    rng = random.Random(seed)
    nodes, edges = list(net.graph.nodes(data=True)), list(net.graph.edges(data=True))
    name = dict(
        zip(rng.sample(list(net.graph), len(nodes)), map(str, range(len(nodes))), strict=True)
    )
    rng.shuffle(nodes)
    rng.shuffle(edges)
    graph = nx.DiGraph()
    graph.add_nodes_from(
        (name[v], {key: data[key] for key in ("layer", "kind", "position") if key in data})
        for v, data in nodes
    )
    graph.add_edges_from(
        (name[u], name[v], {"weight": None} if data.get("weight", 0) is None else {})
        for u, v, data in edges
    )
    return Network(graph)


def _sparse(width, depth, seed):
    """The same random connections between all layers."""
    rng = random.Random(seed)
    pattern = [(j, i) for i in range(width) for j in rng.sample(range(width), 2)]
    graph = nx.DiGraph([((m, j), (m + 1, i)) for m in range(depth) for j, i in pattern])
    nx.set_node_attributes(graph, {v: v[0] for v in graph}, "layer")
    return Network(graph)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("net", "period"),
    [
        (mlp([3] * 6), 1),
        (mlp([2, 3] * 4), 2),
        (residual(3, 6), 2),
        (_sparse(5, 9, 1), 1),
        (_sparse(5, 9, 2), 1),
        (_sparse(10, 14, 3), 1),
    ],
)
def test_translations_do_not_depend_on_names(net, period, seed):
    found, named = fold_network(promoted(_renamed(net, seed))), fold_network(promoted(net))
    assert found.folding.verify() and found.period == named.period == period
    assert found.folding.extents == named.folding.extents
    assert sorted(label.kind for label in found.cell.vertices.values()) == sorted(
        label.kind for label in named.cell.vertices.values()
    )


def test_a_path_of_numbers_is_a_chain():
    assert fold_network(promoted(nx.path_graph(8, create_using=nx.DiGraph))).folding.extents == (7,)


def test_a_random_network_has_no_translation_under_any_names():
    rng = random.Random(4)
    graph = nx.DiGraph(
        [((m, j), (m + 1, i)) for m in range(9) for i in range(5) for j in rng.sample(range(5), 2)]
    )
    with pytest.raises(NoTranslation):
        fold_network(promoted(graph))


def test_the_cell_of_a_chain_is_neuron_weight_and_rule():
    found = fold_network(promoted(mlp([1] * 6), copies=2))
    kinds = sorted(label.kind for label in found.cell.vertices.values())
    assert kinds == ["factor", "factor", "neuron", "neuron", "weight"]
    assert found.data_variables == (("W", ("W", 0, 0, 0)),)


def test_shared_weights_become_couplings_of_the_cell():
    found = fold_network(promoted(convolutional([6], 4)))
    assert len(found.couplings) == 4 * 3
    assert all(label.kind != "weight" for label in found.cell.vertices.values())


@pytest.mark.parametrize("copies", [1, 2])
def test_the_cell_with_weights_unrolls_to_the_interactions(copies):
    """Vertices and edges per cell of a dense layer of width N: N (N + 2 P) and P N (1 + 2 N)."""
    n = 3
    cell = fold_network(promoted(mlp([n] * 7), copies)).cell
    assert len(cell.vertices) == n * n + 2 * n * copies and len(cell.edges) == copies * n * (
        1 + 2 * n
    )
    weights = [v for v, label in cell.vertices.items() if label.kind == "weight"]
    assert len(weights) == n * n and all(cell.degree(w) == copies for w in weights)
    bulk = promoted(mlp([n] * 7), copies)
    inner = [w for w in bulk.variables if w[0] == "W" and 2 <= bulk.layer(w) <= 4]
    assert all(bulk.graph.degree(w) == copies for w in inner)


def test_networks_without_repetition_say_so():
    with pytest.raises(NoTranslation):
        fold_network(promoted(mlp([2, 3, 4, 5, 6])))


def test_shifting_weights_alone_is_no_symmetry():
    """S1 and S2: the shift of weights and neurons keeps every rule; that of the weights alone
    breaks all but the boundary.
    """
    dynamic = promoted(mlp([2] * 6), copies=2)
    assert broken_rules(dynamic, layer_shift(dynamic)) == ()
    assert broken_rules(dynamic, layer_shift(dynamic, 2)) == ()
    assert len(broken_rules(dynamic, layer_shift(dynamic, kinds="W"))) == 3 * 2 * 2


def test_permutations_and_signs_of_hidden_neurons():
    """S4: N - 1 exchanges and N flips for every hidden layer."""
    dynamic = promoted(mlp([2, 3, 4, 1], bias=True), copies=2)
    swaps, flips = permutation_generators(dynamic), sign_generators(dynamic)
    assert len(swaps) == 2 + 3 and len(flips) == 3 + 4
    for swap in swaps:
        assert (
            all(swap[swap[v]] == v for v in swap)
            and broken_rules(dynamic, {**{v: v for v in dynamic.variables}, **swap}) == ()
        )
    both = flips[0] ^ flips[1]
    assert is_sign_symmetry(dynamic, both) and not is_sign_symmetry(dynamic, list(flips[0])[:-1])


@pytest.mark.parametrize(("shape", "channels"), [([5], 1), ([5], 3), ([3, 3], 2)])
def test_convolutions_exchange_and_flip_whole_channels(shape, channels):
    """One flip for every hidden layer and channel, and C - 1 exchanges for every hidden layer; all
    keep every rule.
    """
    dynamic = promoted(convolutional(shape, 4, channels=channels), copies=2)
    swaps, flips = permutation_generators(dynamic), sign_generators(dynamic)
    assert len(flips) == 3 * channels and len(swaps) == 3 * (channels - 1)
    assert all(is_sign_symmetry(dynamic, turned) for turned in flips)
    assert all(
        not is_sign_symmetry(dynamic, turned - {next(v for v in turned if v[0] == "h")})
        for turned in flips
    )
    neurons = math.prod(shape) * 2
    assert all(sum(v[0] == "h" for v in turned) == neurons for turned in flips)
    for swap in swaps:
        assert (
            all(swap[swap[v]] == v for v in swap)
            and broken_rules(dynamic, {**{v: v for v in dynamic.variables}, **swap}) == ()
        )


def test_wires_and_outputs_hold_the_signs():
    """A residual stream is tied to its input, an unrolled layer with shared weights to its last
    copy: no sign is free.
    """
    assert (
        sign_generators(promoted(residual(2, 3))) == []
        and sign_generators(promoted(recurrent(2).unrolled(4))) == []
    )


def test_sign_generators_are_all_sign_symmetries():
    """Every subset of the neurons of a small network that is a symmetry is a product of
    generators.
    """
    dynamic = promoted(convolutional([3], 3, size=1, channels=2))
    flips = sign_generators(dynamic)
    spanned = {frozenset()}
    for turned in flips:
        spanned |= {members ^ turned for members in spanned}
    hidden = [v for v in dynamic.variables if v[0] == "h" and dynamic.layer(v) in (1, 2)]
    count = 0
    for chosen in itertools.product((False, True), repeat=len(hidden)):
        turned = {v for v, is_in in zip(hidden, chosen, strict=True) if is_in}
        weights = {w for w in dynamic.variables if w[0] == "W" and _changes(dynamic, w, turned)}
        if is_sign_symmetry(dynamic, turned | weights):
            count += 1
            assert frozenset(turned | weights) in spanned
    assert count == len(spanned) == 2 ** len(flips)


def _changes(dynamic, weight, turned):
    """Whether a weight changes sign with its first connection."""
    rule = next(r for r in dynamic.rules.values() if any(w == weight for w, _ in r.pairs))
    parent = next(h for w, h in rule.pairs if w == weight)
    return (rule.out in turned) != (parent in turned)


def test_the_layout_puts_weights_between_layers():
    dynamic = promoted(mlp([2, 2, 2]))
    places = dynamic.layout()
    weights = [places[v] for v in dynamic.variables if v[0] == "W" and dynamic.layer(v) == 1]
    assert places["h", (1, 0), 0][0] == 1.0 and sum(x for x, _ in weights) / len(
        weights
    ) == pytest.approx(1.5)
    assert len(set(places.values())) == len(places)
