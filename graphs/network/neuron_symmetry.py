"""Symmetries inside the layers of a network with promoted neurons: exchanges of neurons and changes
of sign, as generators.

Both act on neurons, and what they do to the weights follows: if the neurons u, v become u', v', the
weight of u -> v becomes that of u' -> v'; if they change sign by (-1)^s, the weight changes by
(-1)^(s_u + s_v). Where connections share a weight, all of them must agree on its image. So the
exchanges of a convolution move whole channels, and its signs solve linear equations modulo two,

    s_u + s_v the same for all connections of one weight,   s_u = s_v along a wire,   s = 0 where data enter,

a basis of whose solutions are the generators.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from itertools import pairwise

from neurenorm.graphs.network.interaction import Interactions
from neurenorm.graphs.network.network import Network, Neuron
from neurenorm.graphs.network.rules import Variable

__all__ = ["is_sign_symmetry", "permutation_generators", "sign_generators"]


def permutation_generators(interactions: Interactions) -> list[dict[Variable, Variable]]:
    """Return the exchanges of two neighbouring neurons of one hidden layer, with the weights into
    and out of them, in all copies.

    Where the neurons of a layer have positions, two neighbouring channels are exchanged at all
    positions together as well. Only exchanges that are symmetries are returned: in a dense layer of
    N neurons there are N - 1, which generate all permutations.

    Parameters
    ----------
    interactions : Interactions
        With promoted neurons.

    Returns
    -------
    list of dict
        From every variable that moves to its image.

    Examples
    --------
    >>> from neurenorm.graphs.network.interaction import promoted
    >>> from neurenorm.graphs.network.architectures import convolutional, mlp
    >>> len(permutation_generators(promoted(mlp([2, 3, 3, 1]))))
    4
    >>> len(permutation_generators(promoted(convolutional([4], depth=3, channels=3))))
    4
    """
    moves = (_induced(interactions, exchange) for exchange in _exchanges(interactions.network))
    return [moved for moved in moves if moved and not _unmatched(interactions, moved)]


def _hidden(network: Network) -> Iterator[list[Neuron]]:
    """The neurons of every layer that neither read data nor are read by a cost."""
    ends = set(network.inputs) | set(network.outputs)
    for neurons in network.layers.values():
        yield [v for v in neurons if v not in ends]


def _exchanges(network: Network) -> Iterator[dict[Neuron, Neuron]]:
    """Neighbouring neurons of a layer exchanged, and neighbouring channels of one with
    positions.
    """
    for neurons in _hidden(network):
        for a, b in pairwise(neurons):
            yield {a: b, b: a}
        channels: dict[Hashable, dict[tuple[int, ...], Neuron]] = {}
        for v in neurons:
            channels.setdefault(network.site(v), {})[network.position(v)] = v
        for first, second in pairwise(channels.values()):
            if len(first) > 1 and set(first) == set(second):
                yield {
                    a: b
                    for one, other in ((first, second), (second, first))
                    for place, a in one.items()
                    for b in [other[place]]
                }


def _induced(
    interactions: Interactions, moved: Mapping[Neuron, Neuron]
) -> dict[Variable, Variable] | None:
    """What an exchange of neurons does to the variables; None where connections or biases have no
    image, or disagree on one.
    """
    network, graph = interactions.network, interactions.network.graph
    images: dict[Variable, Variable] = {
        ("h", v, copy): ("h", image, copy)
        for copy in range(interactions.copies)
        for v, image in moved.items()
    }
    pairs: list[tuple[str, Hashable, Hashable]] = []
    for u, v in {*graph.in_edges(moved), *graph.out_edges(moved)}:
        ends = moved.get(u, u), moved.get(v, v)
        if not graph.has_edge(*ends):
            return None
        pairs.append(("W", network.weight(u, v), network.weight(*ends)))
    pairs += [
        ("b", graph.nodes[v].get("bias"), graph.nodes[image].get("bias"))
        for v, image in moved.items()
    ]
    for kind, name, image in pairs:
        if (name is None) != (image is None):
            return None
        if name is not None and images.setdefault((kind, name), (kind, image)) != (kind, image):
            return None
    return images


def _unmatched(interactions: Interactions, moved: Mapping[Variable, Variable]) -> bool:
    """Whether some rule has no image."""
    rules, seen = interactions.rules, set[Variable]()
    for factor in (f for v in moved for f in interactions.graph.neighbors(v) if f in rules):
        if factor not in seen:
            seen.add(factor)
            image = rules[factor].moved(moved)
            if rules.get(("rule", *image.out[1:])) != image:
                return True
    return False


def sign_generators(interactions: Interactions) -> list[frozenset[Variable]]:
    """Return sets of variables that may change sign together: hidden neurons in all copies, the
    weights that join them to others, biases.

    For an odd activation each is a symmetry. In a dense layer every neuron has its own; neurons
    whose connections share weights change sign together, so that a convolution has one generator
    for every hidden layer and channel.

    Parameters
    ----------
    interactions : Interactions
        With promoted neurons.

    Returns
    -------
    list of frozenset
        A basis: every sign symmetry that leaves the data alone is a product of some of them.

    Examples
    --------
    >>> from neurenorm.graphs.network.interaction import promoted
    >>> from neurenorm.graphs.network.architectures import convolutional, mlp
    >>> sorted(sign_generators(promoted(mlp([1, 1, 1])))[0])
    [('W', ('W', 0, 0, 0)), ('W', ('W', 1, 0, 0)), ('h', (1, 0), 0)]
    >>> [len(flips) for flips in sign_generators(promoted(convolutional([5], depth=3)))]
    [11, 11]
    """
    network = interactions.network
    bits = {v: 1 << k for k, v in enumerate(v for layer in _hidden(network) for v in layer)}
    return [
        _turned(interactions, {v for v, bit in bits.items() if bit & s})
        for s in _solutions(_sign_equations(network, bits), len(bits))
    ]


def _sign_equations(network: Network, bits: Mapping[Neuron, int]) -> Iterator[int]:
    """Sums of signs that must be even, each as the mask of its neurons."""
    for edges in network.weights.values():
        masks = [bits.get(u, 0) ^ bits.get(v, 0) for u, v in edges]
        yield from (mask ^ masks[0] for mask in masks[1:])
    for neurons in network.biases.values():
        yield from (bits.get(v, 0) ^ bits.get(neurons[0], 0) for v in neurons[1:])
    yield from (
        bits.get(u, 0) ^ bits.get(v, 0)
        for u, v in network.graph.edges
        if network.weight(u, v) is None
    )


def _solutions(equations: Iterator[int], count: int) -> list[int]:
    """A basis of the vectors, as bit masks, that meet every equation in an even number of
    places.
    """
    rows: dict[int, int] = {}
    for row in equations:
        while row and (pivot := row.bit_length() - 1) in rows:
            row ^= rows[pivot]
        if row:
            rows[row.bit_length() - 1] = row
    found = []
    for free in (k for k in range(count) if k not in rows):
        solution = 1 << free
        for pivot in sorted(k for k in rows if k > free):
            solution |= ((rows[pivot] & solution).bit_count() % 2) << pivot
        found.append(solution)
    return found


def _turned(interactions: Interactions, neurons: Collection[Neuron]) -> frozenset[Variable]:
    """All variables that change sign with some neurons."""
    network = interactions.network
    turned: set[Variable] = {("h", v, copy) for v in neurons for copy in range(interactions.copies)}
    turned |= {
        ("W", name)
        for name, edges in network.weights.items()
        if (edges[0][0] in neurons) != (edges[0][1] in neurons)
    }
    return frozenset(
        turned | {("b", name) for name, members in network.biases.items() if members[0] in neurons}
    )


def is_sign_symmetry(interactions: Interactions, flips: Collection[Variable]) -> bool:
    """Whether reversing these variables leaves every rule of an odd activation intact: each product
    weight * parent turns as its neuron does.

    Examples
    --------
    >>> from neurenorm.graphs.network.interaction import promoted
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> is_sign_symmetry(promoted(mlp([1, 1, 1])), [("W", ("W", 0, 0, 0))])
    False
    """
    turned = set(flips)
    for rule in interactions.rules.values():
        turns = rule.out in turned
        products = [(w in turned) != (h in turned) for w, h in rule.pairs] + (
            [rule.bias in turned] if rule.bias else []
        )
        if any(product != turns for product in products):
            return False
    return not any(
        v in turned
        for f in interactions.data_factors()
        if f[0] == "cost"
        for v in interactions.scope(f)
    )
