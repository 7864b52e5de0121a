"""The interaction graph of a network: which variables meet in which interaction, with weights only
and with neurons promoted.

Learning as a Gibbs distribution makes the weights W (and biases) random variables with the cost as
energy. Written in the weights alone, the cost of one output is one interaction of all weights that
lead to it. If the neurons h are variables too, tied to their parents by one rule each, the cost
touches only the last layer, and rule m only h^(m), W^(m) and h^(m+1): the interactions become local
in depth.

    weights only:  cost(W^(0), W^(1), ..., W^(M-1))
    promoted:      rule(W^(0), h^(1)) rule(h^(1), W^(1), h^(2)) ... cost(h^(M))

`Interactions` is a bipartite factor graph of either kind. Its rules are there at once; the networkx
graph is built when it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import networkx as nx

from neurenorm.graphs.arguments import found_in
from neurenorm.graphs.elimination import elimination_order
from neurenorm.graphs.network.allocation import collection_paused
from neurenorm.graphs.network.network import Network, network_from_graph
from neurenorm.graphs.network.rules import (
    Rule,
    Variable,
    neuron_label,
    rule_labels,
    rules_of,
    weight_site,
)
from neurenorm.graphs.periodic.labels import Label
from neurenorm.graphs.rendering import Table, small_drawing

__all__ = ["InteractionReport", "Interactions", "promoted", "weights_only"]

LARGEST_CLIQUE_WORK = 4_000_000


@dataclass(frozen=True)
class InteractionReport:
    """Sizes of the interactions of a network.

    Parameters
    ----------
    variables, factors : int
    largest_order : int
        Largest number of variables in one interaction.
    largest_degree : int
        Largest number of interactions of one variable.
    orders : tuple of (int, int)
        Number of variables in an interaction, and how many interactions have it, in ascending
        order.
    degrees : tuple of (int, int)
        Number of interactions of a variable, and how many variables have it, in ascending order.
    weight_layers : int
        Number of weight layers.
    coupled_pairs : int
        Pairs of different weight layers that meet in some interaction.
    depth_range : int
        Largest distance in layers between two variables of one interaction.
    treewidth : int or None
        Upper bound on the treewidth (greedy minimum fill); None where the interactions are too
        large to try.
    """

    variables: int
    factors: int
    largest_order: int
    largest_degree: int
    orders: tuple[tuple[int, int], ...]
    degrees: tuple[tuple[int, int], ...]
    weight_layers: int
    coupled_pairs: int
    depth_range: int
    treewidth: int | None

    def _repr_html_(self) -> str:
        rows = [(name.replace("_", " "), value) for name, value in vars(self).items()]
        return Table(rows)._repr_html_()


@dataclass(frozen=True, eq=False)
class Interactions:
    """A factor graph: variables, and one vertex of kind ``factor`` for every interaction.

    Parameters
    ----------
    network : Network
    copies : int
        Number of data, each of which has its own neurons.
    rules : dict
        The `Rule` of every rule factor (empty where neurons are not promoted).

    Attributes
    ----------
    graph : networkx.Graph
        Bipartite. Variables are ("W", name), ("b", name) and ("h", neuron, copy); factors are
        ("rule", neuron, copy) and ("cost", neuron, copy). Every vertex has a
        `neurenorm.graphs.periodic.labels.Label` as ``label``, a ``layer`` and a ``site``, and what
        has a place in the plane of a layer also a ``position``; the edges have a ``label`` with the
        part that the variable plays.

    Examples
    --------
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> net = mlp([1, 1, 1, 1])
    >>> weights_only(net).report().coupled_pairs, promoted(net).report().coupled_pairs
    (3, 0)
    """

    network: Network
    copies: int
    rules: dict[Variable, Rule]

    @cached_property
    def graph(self) -> nx.Graph:
        """The factor graph."""
        with collection_paused():
            return _promoted_graph(self) if self.rules else _static_graph(self.network, self.copies)

    @cached_property
    def factors(self) -> tuple[Variable, ...]:
        """The interactions, in the order of the graph."""
        return tuple(v for v, data in self.graph.nodes(data=True) if data["label"].kind == "factor")

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The variables, in the order of the graph."""
        parameters = [
            *(("W", name) for name in self.network.weights),
            *(("b", name) for name in self.network.biases),
        ]
        return (*parameters, *(rule.out for rule in self.rules.values()))

    def scope(self, factor: Variable) -> tuple[Variable, ...]:
        """Return the variables of an interaction."""
        return tuple(found_in(self.graph.adj, factor, "interaction"))

    def layer(self, v: Variable) -> int:
        """Return the layer of a variable; a weight belongs to the layer that it reads."""
        return int(self.graph.nodes[v]["layer"])

    def coupled_layers(self) -> set[tuple[int, int]]:
        """Return the pairs of different weight layers that meet in some interaction."""
        found: set[frozenset[int]] = set()
        for factor in self.factors:
            found.add(frozenset(self.layer(v) for v in self.graph.neighbors(factor) if v[0] == "W"))
        return {pair for layers in found for pair in combinations(sorted(layers), 2)}

    def report(self) -> InteractionReport:
        """Count orders, degrees, couplings between weight layers, range in depth, and bound the
        treewidth.
        """
        orders = [self.graph.degree(f) for f in self.factors]
        degrees = [self.graph.degree(v) for v in self.variables]
        spans = [_span([self.layer(v) for v in self.graph.neighbors(f)]) for f in self.factors]
        return InteractionReport(
            variables=len(self.variables),
            factors=len(self.factors),
            largest_order=max(orders, default=0),
            largest_degree=max(degrees, default=0),
            orders=tuple(sorted(Counter(orders).items())),
            degrees=tuple(sorted(Counter(degrees).items())),
            weight_layers=len({self.layer(v) for v in self.variables if v[0] == "W"}),
            coupled_pairs=len(self.coupled_layers()),
            depth_range=max(spans, default=0),
            treewidth=self.treewidth_bound(),
        )

    def treewidth_bound(self) -> int | None:
        """Return the width of the min-fill elimination order of the variables, or None where the
        interactions have too many pairs to try.
        """
        scopes = {frozenset(self.graph.neighbors(f)) for f in self.factors}
        if sum(len(scope) ** 2 for scope in scopes) > LARGEST_CLIQUE_WORK:
            return None
        if any(len(scope) == len(self.variables) for scope in scopes):
            return len(self.variables) - 1
        primal: nx.Graph = nx.Graph()
        primal.add_nodes_from(self.variables)
        for factor in self.factors:
            primal.add_edges_from(combinations(self.graph.neighbors(factor), 2))
        return elimination_order(primal).width

    def data_factors(self) -> tuple[Variable, ...]:
        """Return the interactions in which data enter: rules that read an input, and costs."""
        inputs = {f for f, rule in self.rules.items() if any(h[0] == "x" for _, h in rule.pairs)}
        return tuple(f for f in self.factors if f in inputs or f[0] == "cost")

    def end_factors(self) -> tuple[Variable, ...]:
        """Return the interactions at the two ends: rules that read nothing but inputs, and
        costs.
        """
        if not self.rules:
            return self.factors
        reading = [
            factor for factor, rule in self.rules.items() if all(h[0] == "x" for _, h in rule.reads)
        ]
        costs = [
            ("cost", v, copy)
            for copy in range(self.copies)
            for v in self.network.outputs
            if ("rule", v, copy) in self.rules
        ]
        return tuple(
            sorted([*reading, *costs], key=lambda factor: (factor[2], factor[0] == "cost"))
        )

    def layout(self) -> dict[Variable, tuple[float, float]]:
        """Return a drawing in layers: depth to the right, neurons and interactions in columns,
        weights in a row above the interactions.

        Returns
        -------
        dict
            From every vertex to (x, y), x in layers.
        """
        bands: dict[tuple[float, int], list[Variable]] = {}
        for v, data in self.graph.nodes(data=True):
            band = {"weight": 1, "bias": 2}.get(data["label"].kind, 0)
            half = 0.5 if band or v[0] == "rule" else 0.0
            bands.setdefault((data["layer"] + half, band), []).append(v)
        places = {}
        for (x, band), row in bands.items():
            for k, v in enumerate(row):
                aside = (k - (len(row) - 1) / 2) / len(row)
                places[v] = (x + 0.8 * aside, 0.7 + 0.5 * band) if band else (x, aside)
        return places

    def __repr__(self) -> str:
        kind = "neurons promoted" if self.rules else "weights only"
        return (
            f"<Interactions ({kind}): {len(self.variables)} variables, {len(self.factors)} "
            f"interactions, {self.copies} data>"
        )

    def _repr_svg_(self) -> str | None:
        """Depth to the right, each kind of variable and the interactions in their own shape."""
        kinds = {v: data["label"].kind for v, data in self.graph.nodes(data=True)}
        return small_drawing(
            {v: (1.6 * x, 1.4 * y) for v, (x, y) in self.layout().items()},
            self.graph.edges,
            kinds,
            title=repr(self),
        )


def weights_only(network: Network | nx.DiGraph, copies: int = 1) -> Interactions:
    """Return the interactions of the weights: one cost for every output and datum, which touches
    every weight on a path to that output.

    Parameters
    ----------
    network : Network or networkx.DiGraph
        Not recurrent (unroll it first). A graph is read by
        `neurenorm.graphs.network.network.network_from_graph`.
    copies : int
        Number of data.

    Raises
    ------
    ValueError
        If the network is recurrent or has an undeclared cycle, a neuron has no layer, or the number
        of data is not positive.

    Examples
    --------
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> static = weights_only(mlp([1, 1, 1]))
    >>> static.scope(("cost", (2, 0), 0))
    (('W', ('W', 0, 0, 0)), ('W', ('W', 1, 0, 0)))
    """
    return Interactions(_checked(network, copies), copies, {})


def _static_graph(network: Network, copies: int) -> nx.Graph:
    """The weights and biases, and one cost for every output and datum."""
    graph = _parameters(network, network.places)
    for out in network.outputs:
        above = nx.ancestors(network.graph, out) | {out}
        used = list(_used_parameters(network, above))
        for copy in range(copies):
            factor = ("cost", out, copy)
            graph.add_node(
                factor,
                label=Label("factor", "cost"),
                layer=network.layer(out),
                site=("cost", network.site(out), copy),
            )
            graph.add_edges_from(((factor, v) for v in used), label="weight")
    return graph


def promoted(network: Network | nx.DiGraph, copies: int = 1) -> Interactions:
    """Return the interactions of weights and neurons: one rule for every neuron and datum, and the
    cost of the outputs.

    Parameters
    ----------
    network : Network or networkx.DiGraph
        Not recurrent (unroll it first). A graph is read by
        `neurenorm.graphs.network.network.network_from_graph`.
    copies : int
        Number of data: all share the weights, and each has its own neurons.

    Raises
    ------
    ValueError
        If the network is recurrent or has an undeclared cycle, a neuron has no layer, or the number
        of data is not positive.

    Examples
    --------
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> dynamic = promoted(mlp([1, 1, 1]))
    >>> dynamic.scope(("rule", (2, 0), 0))
    (('h', (2, 0), 0), ('W', ('W', 1, 0, 0)), ('h', (1, 0), 0))
    """
    network = _checked(network, copies)
    with collection_paused():
        return Interactions(network, copies, rules_of(network, copies))


def _promoted_graph(interactions: Interactions) -> nx.Graph:
    """Variables of every datum, then their rules and costs."""
    network, place = interactions.network, interactions.network.places
    graph, label = _parameters(network, place), rule_labels(network)
    by_copy: list[dict[Variable, Rule]] = [{} for _ in range(interactions.copies)]
    for factor, rule in interactions.rules.items():
        by_copy[factor[2]][factor] = rule
    for copy, rules in enumerate(by_copy):
        for rule in rules.values():
            layer, position, site = place[rule.out[1]]
            graph.add_node(
                rule.out,
                label=neuron_label(rule.kind),
                layer=layer,
                position=position,
                site=("h", site, copy),
            )
        for factor, rule in rules.items():
            layer, position, site = place[factor[1]]
            graph.add_node(
                factor,
                label=label(rule),
                layer=layer - 1,
                position=position,
                site=("rule", site, copy),
            )
            graph.add_edges_from(_connections(factor, rule))
        for v in network.outputs:
            if ("rule", v, copy) in rules:
                layer, position, site = place[v]
                graph.add_node(
                    ("cost", v, copy),
                    label=Label("factor", "cost"),
                    layer=layer + 1,
                    position=position,
                    site=("cost", site, copy),
                )
                graph.add_edge(("cost", v, copy), ("h", v, copy), label="out")
    return graph


def _checked(network: Network | nx.DiGraph, copies: int) -> Network:
    """A network, from a graph where need be; recurrent ones and numbers of data that are none are
    refused.
    """
    if not isinstance(network, Network | nx.Graph):
        raise TypeError(
            "interactions are those of a Network or of a networkx.DiGraph of neurons, got "
            f"{type(network).__name__}"
        )
    network = network if isinstance(network, Network) else network_from_graph(network)
    if network.recurrent:
        raise ValueError("a recurrent network acts over time: call unrolled(steps) first")
    if not isinstance(copies, int) or isinstance(copies, bool) or copies < 1:
        raise ValueError(f"the number of data must be a positive integer, got {copies!r}")
    return network


def _parameters(
    network: Network, place: Mapping[Any, tuple[int, tuple[int, ...], Hashable]]
) -> nx.Graph:
    """The weights and biases as vertices of kind ``weight`` and ``bias``, in the layer that they
    read.
    """
    graph: nx.Graph = nx.Graph()
    label = Label("weight")
    for name, edges in network.weights.items():
        first = place[edges[0][0]][0] if len(edges) == 1 else min(place[a][0] for a, _ in edges)
        graph.add_node(
            ("W", name), label=label, layer=first, site=weight_site(network, place, edges)
        )
    for name, neurons in network.biases.items():
        graph.add_node(
            ("b", name),
            label=Label("bias"),
            layer=min(place[v][0] for v in neurons) - 1,
            site=("b", place[neurons[0]][2]),
        )
    return graph


def _used_parameters(network: Network, neurons: set[Any]) -> Iterator[Variable]:
    """The weights and biases of the edges into some neurons, in the order of the network."""
    for name, edges in network.weights.items():
        if any(v in neurons for _, v in edges):
            yield ("W", name)
    for name, members in network.biases.items():
        if any(v in neurons for v in members):
            yield ("b", name)


def _connections(factor: Variable, rule: Rule) -> list[tuple[Variable, Variable, dict[str, Any]]]:
    """The edges of a rule: to its neuron, to the weights and the parents that are variables, to its
    bias.
    """
    edges: list[tuple[Variable, Variable, dict[str, Any]]] = [(factor, rule.out, {"label": "out"})]
    for weight, parent in rule.reads:
        if weight is not None:
            edges.append((factor, weight, {"label": "weight"}))
        if parent[0] == "h":
            edges.append(
                (factor, parent, {"label": "wire" if weight is None else "in", "weight": weight})
            )
    if rule.bias is not None:
        edges.append((factor, rule.bias, {"label": "bias"}))
    return edges


def _span(layers: list[int]) -> int:
    """Distance between the first and the last layer of an interaction."""
    return max(layers) - min(layers) if layers else 0
