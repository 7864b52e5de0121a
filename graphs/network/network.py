"""Networks as directed graphs of neurons that stand in layers.

A neuron is a vertex with the attribute ``layer``; a connection is an edge u -> v whose attribute
``weight`` names the weight that it carries. Two edges with one name share the weight (convolutions,
recurrence); an edge without weight (``None``) is a wire, which passes the neuron on as it is (skip
connections). Any networkx graph of this form is a `Network`; the usual architectures are built by
`neurenorm.graphs.network.architectures`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from numbers import Integral
from typing import Any

import networkx as nx

from neurenorm.graphs.arguments import affordable, found_in, positive
from neurenorm.graphs.rendering import layer_places, small_drawing

__all__ = ["Network", "network_from_graph"]

Neuron = Any
MISSING = object()


@dataclass(frozen=True, eq=False)
class Network:
    """A directed graph of neurons in layers.

    Parameters
    ----------
    graph : networkx.DiGraph
        Neurons with the attributes ``layer`` (an integer), and optionally ``site`` (what tells the
        neurons of a layer apart; by default the name without a leading layer index), ``position``
        (a tuple of integers in the plane of the layer), ``kind`` (any hashable, for instance its
        activation) and ``bias`` (the name of its bias). Edges with the attribute ``weight``, the
        name of their weight: by default the edge itself, None for a wire.
    recurrent : bool
        Whether edges may stay in a layer or go back; such an edge acts one time step later
        (`unrolled`).

    Raises
    ------
    TypeError
        If the graph is not directed or has parallel edges.
    ValueError
        If there is no neuron, a neuron has no layer, or an edge does not go up in layers although
        the network is not declared recurrent.

    Examples
    --------
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> net = mlp([2, 3, 1])
    >>> net.widths, net.depth, len(net.weights)
    ((2, 3, 1), 2, 9)
    >>> Network(nx.DiGraph([("a", "b")]))
    Traceback (most recent call last):
    ...
    ValueError: the neuron 'a' has no layer; give every neuron the integer attribute 'layer'
    """

    graph: nx.DiGraph
    recurrent: bool = False

    def __post_init__(self) -> None:
        """Check the layers and the direction of the edges."""
        if not self.graph.is_directed() or self.graph.is_multigraph():
            raise TypeError(
                "a network is a networkx.DiGraph: its edges have a direction, and two neurons have "
                "one connection"
            )
        if not len(self.graph):
            raise ValueError("a network has at least one neuron")
        for v, layer in self.graph.nodes(data="layer"):
            if not isinstance(layer, Integral) or isinstance(layer, bool):
                found = (
                    "has no layer"
                    if layer is None
                    else f"has the layer {layer!r}, which is no integer"
                )
                raise ValueError(
                    f"the neuron {v!r} {found}; give every neuron the integer attribute 'layer'"
                )
        if not self.recurrent:
            self._refuse_loops()

    def _refuse_loops(self) -> None:
        """Refuse edges that do not go up, naming a cycle where there is one."""
        wrong = [(u, v) for u, v in self.graph.edges if self.layer(v) <= self.layer(u)]
        if not wrong:
            return
        if not nx.is_directed_acyclic_graph(self.graph):
            raise ValueError(
                f"the network has the cycle {_cycle(self.graph)}; declare it with recurrent=True, "
                "or remove an edge"
            )
        raise ValueError(
            f"the edge {wrong[0]} does not go up in layers; give its ends other layers, or declare "
            "recurrent=True"
        )

    @cached_property
    def _data(self) -> dict[Neuron, dict[str, Any]]:
        """The attributes of every neuron."""
        return dict(self.graph.nodes(data=True))

    def layer(self, v: Neuron) -> int:
        """Return the layer of a neuron."""
        return int(found_in(self._data, v, "neuron")["layer"])

    def site(self, v: Neuron) -> Hashable:
        """Return what tells a neuron apart from the others of its layer and position."""
        data = self._data[v]
        if "site" in data:
            found: Hashable = data["site"]
            return found
        return v[1:] if isinstance(v, tuple) and len(v) > 1 and v[0] == data["layer"] else v

    def position(self, v: Neuron) -> tuple[int, ...]:
        """Return the place of a neuron in the plane of its layer (empty where layers have no
        geometry).
        """
        return tuple(self._data[v].get("position", ()))

    @cached_property
    def places(self) -> dict[Neuron, tuple[int, tuple[int, ...], Hashable]]:
        """Layer, position and site of every neuron."""
        return {v: (self.layer(v), self.position(v), self.site(v)) for v in self.graph}

    def weight(self, u: Neuron, v: Neuron) -> Hashable:
        """Return the name of the weight on an edge; None for a wire."""
        name = self.graph.adj[u][v].get("weight", MISSING)
        return (u, v) if name is MISSING else name

    def incoming(self, v: Neuron) -> dict[Neuron, Hashable]:
        """Return the neurons that feed a neuron, with the names of the weights on the way (None for
        a wire).
        """
        named = ((u, data.get("weight", MISSING)) for u, data in self._feeding[v].items())
        return {u: (u, v) if name is MISSING else name for u, name in named}

    @cached_property
    def _feeding(self) -> dict[Neuron, dict[Neuron, dict[str, Any]]]:
        """The connections into every neuron."""
        return dict(self.graph.reverse(copy=False).adjacency())

    @cached_property
    def layers(self) -> dict[int, tuple[Neuron, ...]]:
        """The neurons of every layer, in the order of the graph."""
        found: dict[int, list[Neuron]] = {}
        for v in self.graph:
            found.setdefault(self.layer(v), []).append(v)
        return {layer: tuple(found[layer]) for layer in sorted(found)}

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of neurons in every layer."""
        return tuple(len(neurons) for neurons in self.layers.values())

    @property
    def depth(self) -> int:
        """Number of steps from the first layer to the last."""
        return len(self.layers) - 1

    @property
    def inputs(self) -> tuple[Neuron, ...]:
        """The neurons that nothing feeds: the data are put there."""
        return tuple(v for v, degree in self.graph.in_degree if degree == 0)

    @property
    def outputs(self) -> tuple[Neuron, ...]:
        """The neurons that feed nothing: the cost reads them."""
        return tuple(v for v, degree in self.graph.out_degree if degree == 0)

    @cached_property
    def weights(self) -> dict[Hashable, tuple[tuple[Neuron, Neuron], ...]]:
        """The edges that carry each weight."""
        found: dict[Hashable, list[tuple[Neuron, Neuron]]] = {}
        for u, v, name in self.graph.edges(data="weight", default=MISSING):
            if name is not None:
                found.setdefault((u, v) if name is MISSING else name, []).append((u, v))
        return {name: tuple(edges) for name, edges in found.items()}

    @cached_property
    def biases(self) -> dict[Hashable, tuple[Neuron, ...]]:
        """The neurons that have each bias."""
        found: dict[Hashable, list[Neuron]] = {}
        for v, data in self.graph.nodes(data=True):
            if data.get("bias") is not None:
                found.setdefault(data["bias"], []).append(v)
        return {name: tuple(neurons) for name, neurons in found.items()}

    def layer_graph(self) -> nx.DiGraph:
        """Return the graph of layers: vertices with their ``width``, edges with their numbers of
        ``connections``, ``weights`` and ``wires``.
        """
        coarse: nx.DiGraph = nx.DiGraph()
        coarse.add_nodes_from(
            (layer, {"width": len(neurons)}) for layer, neurons in self.layers.items()
        )
        names: dict[tuple[int, int], set[Hashable]] = {}
        for u, v in self.graph.edges:
            ends = self.layer(u), self.layer(v)
            data = coarse.get_edge_data(*ends, default={"connections": 0, "wires": 0})
            name = self.weight(u, v)
            names.setdefault(ends, set()).update([] if name is None else [name])
            coarse.add_edge(
                *ends, connections=data["connections"] + 1, wires=data["wires"] + (name is None)
            )
        for ends, found in names.items():
            coarse.edges[ends]["weights"] = len(found)
        return coarse

    def unrolled(self, steps: int) -> Network:
        """Unroll a recurrent network in time.

        The copy of neuron v at time t is (t, v). An edge that goes up acts at once; every other
        edge acts one time step later. All times share the weights. The copy stands in layer t *
        stride + layer, with the smallest stride that makes every edge go up, and its position
        begins with t.

        Parameters
        ----------
        steps : int
            Number of time steps, at least one.

        Examples
        --------
        >>> from neurenorm.graphs.network.architectures import recurrent
        >>> net = recurrent(2, inputs=1).unrolled(3)
        >>> net.widths, len(net.weights)
        ((1, 3, 3, 2), 6)
        """
        steps = positive("the positive number of time steps", steps)
        affordable(steps * (len(self.graph) + self.graph.number_of_edges()), "neurons and edges")
        later = {(u, v) for u, v in self.graph.edges if self.layer(v) <= self.layer(u)}
        stride = max((self.layer(u) - self.layer(v) + 1 for u, v in later), default=1)
        graph: nx.DiGraph = nx.DiGraph()
        for t in range(steps):
            for v, data in self.graph.nodes(data=True):
                place = {
                    "layer": t * stride + data["layer"],
                    "position": (t, *self.position(v)),
                    "site": (data["layer"], self.site(v)),
                }
                graph.add_node((t, v), **{**data, **place})
        for t, (u, v) in product(range(steps), self.graph.edges):
            if (end := t + ((u, v) in later)) < steps:
                graph.add_edge((t, u), (end, v), weight=self.weight(u, v))
        return Network(graph)

    def __repr__(self) -> str:
        return (
            f"<Network of {len(self.graph)} neurons in layers {self.widths}, "
            f"{self.graph.number_of_edges()} connections, {len(self.weights)} weights>"
        )

    def _repr_svg_(self) -> str | None:
        """The neurons in columns, one a layer."""
        return small_drawing(
            layer_places(self.layers), self.graph.edges, title=repr(self), arrows=True
        )


def network_from_graph(graph: nx.DiGraph, recurrent: bool = False) -> Network:
    """Return a network on a graph without layers: the layer of a neuron is the length of the
    longest path that leads to it.

    Parameters
    ----------
    graph : networkx.DiGraph
        Acyclic; or with declared layers, which are kept.
    recurrent : bool
        Whether cycles are allowed; then every neuron must have a layer.

    Raises
    ------
    ValueError
        If the graph has a cycle and is not declared recurrent, or some neurons have a layer and
        others have none.

    Examples
    --------
    >>> network_from_graph(nx.DiGraph([("x", "a"), ("a", "y"), ("x", "y")])).widths
    (1, 1, 1)
    """
    if not graph.is_directed():
        raise TypeError("a network is a networkx.DiGraph: its edges have a direction")
    given = [v for v, layer in graph.nodes(data="layer") if layer is not None]
    if given or recurrent:
        return Network(graph, recurrent)
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(
            f"the network has the cycle {_cycle(graph)}; declare it with recurrent=True and give "
            "every neuron a layer, or remove an edge"
        )
    layered = graph.copy()
    for layer, neurons in enumerate(nx.topological_generations(graph)):
        for v in neurons:
            layered.nodes[v]["layer"] = layer
    return Network(layered)


def _cycle(graph: nx.DiGraph) -> str:
    """A cycle of a graph in words."""
    edges = nx.find_cycle(graph)
    return " -> ".join(repr(u) for u in [edges[0][0], *(v for _, v in edges)])
