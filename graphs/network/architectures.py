"""The usual networks as graphs of layers and neurons: dense, residual, convolutional and recurrent
ones.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Hashable, Iterable, Sequence
from itertools import product
from typing import Any

import networkx as nx

from neurenorm.graphs.arguments import affordable, listed, positive
from neurenorm.graphs.network.network import Network

__all__ = ["convolutional", "mlp", "recurrent", "residual"]


def mlp(
    widths: Sequence[int], bias: bool = False, kinds: Sequence[Hashable] | None = None
) -> Network:
    """Return a network of dense layers; neuron i of layer m is (m, i), its weights are ("W", m, i,
    j) for the step m -> m + 1.

    Parameters
    ----------
    widths : sequence of int
        Number of neurons in every layer, the input first; at least two layers.
    bias : bool
        Whether the neurons behind the input have a bias ("b", m, i).
    kinds : sequence, optional
        What the layers are made of (for instance their activations), one entry for each layer.

    Examples
    --------
    >>> mlp([1, 1, 1]).weights
    {('W', 0, 0, 0): (((0, 0), (1, 0)),), ('W', 1, 0, 0): (((1, 0), (2, 0)),)}
    """
    sizes = _sizes("the widths", widths, 2)
    affordable(sum(sizes) + sum(map(operator.mul, sizes, sizes[1:])), "neurons and connections")
    graph = _neurons(sizes, bias, kinds)
    for m in range(len(sizes) - 1):
        _connect(graph, m, sizes)
    return Network(graph)


def residual(width: int, depth: int, bias: bool = False) -> Network:
    """Return equal dense layers with skip connections: a wire joins every neuron to its successor,
    beside the weights.

    The wire and the weight of a neuron with itself are two connections of one pair, so the branch
    has its own vertices: neuron i of block m is (m, "h", i), and its branch is (m, "s", i), which
    stands half way. Layers count half steps.

    Parameters
    ----------
    width, depth : int
        Neurons in a layer and number of blocks, both at least one.
    bias : bool
        Whether the branches have biases.

    Examples
    --------
    >>> net = residual(2, 3)
    >>> net.widths, net.layer_graph().edges[0, 2]["wires"]
    ((2, 2, 2, 2, 2, 2, 2), 2)
    """
    n, blocks = positive("the width", width), positive("the depth", depth)
    affordable(n * (n + 3) * blocks, "neurons and connections")
    graph: nx.DiGraph = nx.DiGraph()
    for m, i in product(range(blocks + 1), range(n)):
        graph.add_node((m, "h", i), layer=2 * m, site=("h", i), kind="sum")
    for m, i in product(range(blocks), range(n)):
        graph.add_node(
            (m, "s", i),
            layer=2 * m + 1,
            site=("s", i),
            kind="branch",
            bias=("b", m, i) if bias else None,
        )
        graph.add_edges_from(
            [((m, "s", i), (m + 1, "h", i)), ((m, "h", i), (m + 1, "h", i))], weight=None
        )
        graph.add_edges_from(
            ((m, "h", j), (m, "s", i), {"weight": ("W", m, i, j)}) for j in range(n)
        )
    return Network(graph)


def convolutional(
    shape: Sequence[int], depth: int, size: int = 3, channels: int = 1, periodic: bool = True
) -> Network:
    """Return convolutional layers of one shape; neuron (m, position, channel), weight ("W", m,
    offset, out, in) shared by all positions.

    Parameters
    ----------
    shape : sequence of int
        Extents of a layer.
    depth : int
        Number of convolutions.
    size : int
        Extent of the filter along every direction, odd.
    channels : int
        Neurons at every position.
    periodic : bool
        Whether the layer closes to a torus; else what lies outside is zero.

    Examples
    --------
    >>> net = convolutional([5], depth=2)
    >>> net.widths, len(net.weights), net.graph.number_of_edges()
    ((5, 5, 5), 6, 30)
    """
    extents = _sizes("the shape", shape, 1)
    if positive("the filter size", size) % 2 == 0 or (periodic and size > min(extents)):
        raise ValueError(
            f"the filter size must be odd and not larger than a periodic layer {extents}, got "
            f"{size}"
        )
    depth, channels = positive("the depth", depth), positive("the number of channels", channels)
    affordable(
        math.prod(extents) * channels * (1 + depth * channels * size ** len(extents)),
        "neurons and connections",
    )
    places = list(product(*map(range, extents)))
    offsets = list(product(range(-(size // 2), size // 2 + 1), repeat=len(extents)))
    graph: nx.DiGraph = nx.DiGraph()
    for m, place, c in product(range(depth + 1), places, range(channels)):
        graph.add_node((m, place, c), layer=m, site=c, position=place)
    for m, place, offset in product(range(depth), places, offsets):
        source = _moved(place, offset, extents, periodic)
        if source is not None:
            _tap(graph, m, (source, place), offset, channels)
    return Network(graph)


def recurrent(width: int, inputs: int = 1) -> Network:
    """Return one recurrent dense layer fed by an input layer; see `Network.unrolled`.

    Examples
    --------
    >>> recurrent(3).graph.number_of_edges()
    12
    """
    width, inputs = positive("the width", width), positive("the number of inputs", inputs)
    affordable(width * (width + inputs + 1), "neurons and connections")
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_nodes_from(((0, j), {"layer": 0}) for j in range(inputs))
    graph.add_nodes_from(((1, i), {"layer": 1}) for i in range(width))
    graph.add_edges_from(
        ((0, j), (1, i), {"weight": ("U", i, j)}) for i, j in product(range(width), range(inputs))
    )
    graph.add_edges_from(
        ((1, j), (1, i), {"weight": ("W", i, j)}) for i, j in product(range(width), repeat=2)
    )
    return Network(graph, recurrent=True)


def _neurons(sizes: Sequence[int], bias: bool, kinds: Sequence[Hashable] | None) -> nx.DiGraph:
    """The neurons of dense layers."""
    if kinds is not None and len(kinds) != len(sizes):
        raise ValueError(
            f"there are {len(sizes)} layers but {len(kinds)} kinds: give one for each layer"
        )
    graph: nx.DiGraph = nx.DiGraph()
    for m, size in enumerate(sizes):
        kind = None if kinds is None else kinds[m]
        graph.add_nodes_from(
            ((m, i), {"layer": m, "kind": kind, "bias": ("b", m - 1, i) if bias and m else None})
            for i in range(size)
        )
    return graph


def _connect(graph: nx.DiGraph, m: int, sizes: Sequence[int]) -> None:
    """All connections from layer m to layer m + 1."""
    graph.add_edges_from(
        ((m, j), (m + 1, i), {"weight": ("W", m, i, j)})
        for i, j in product(range(sizes[m + 1]), range(sizes[m]))
    )


def _tap(
    graph: nx.DiGraph, m: int, ends: tuple[Any, Any], offset: tuple[int, ...], channels: int
) -> None:
    """The connections of one filter entry at one position."""
    source, place = ends
    pairs = product(range(channels), repeat=2)
    graph.add_edges_from(
        ((m, source, a), (m + 1, place, c), {"weight": ("W", m, offset, c, a)}) for c, a in pairs
    )


def _moved(
    place: tuple[int, ...], offset: tuple[int, ...], extents: Sequence[int], periodic: bool
) -> tuple[int, ...] | None:
    """The position at an offset, or None outside of an open layer."""
    moved = tuple(x + d for x, d in zip(place, offset, strict=True))
    if periodic:
        return tuple(x % n for x, n in zip(moved, extents, strict=True))
    return moved if all(0 <= x < n for x, n in zip(moved, extents, strict=True)) else None


def _sizes(what: str, numbers: Iterable[int], least: int) -> tuple[int, ...]:
    """A list of positive integers."""
    sizes = tuple(positive(f"every entry of {what}", n) for n in listed(numbers, what))
    if len(sizes) < least:
        raise ValueError(f"{what} need at least {least} entries, got {len(sizes)}")
    return sizes
