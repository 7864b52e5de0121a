"""The rules of a network with promoted neurons: which neuron is tied to which weights and parents,
and how rules are told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from neurenorm.graphs.network.network import Network
from neurenorm.graphs.periodic.labels import Label
from neurenorm.graphs.rendering import Tabulated

__all__ = ["Input", "Rule", "Variable", "neuron_label", "rule_labels", "rules_of", "weight_site"]

Variable = tuple[Any, ...]
Input = tuple[Any, ...]


@dataclass(frozen=True)
class Rule(Tabulated):
    """One activation rule: the neuron ``out`` is a function of sum over pairs of weight * parent,
    plus a bias.

    Parameters
    ----------
    out : variable
        The neuron that is determined.
    pairs : frozenset of (weight, parent)
        The weight is None for a wire; the parent of a first layer is an input ("x", neuron, copy),
        which is data and no variable.
    bias : variable or None
    kind : hashable
        Kind of the neuron.
    reads : tuple of (weight, parent)
        The pairs in the order of the network.
    """

    out: Variable
    pairs: frozenset[tuple[Variable | None, Variable | Input]]
    bias: Variable | None
    kind: Hashable
    reads: tuple[tuple[Variable | None, Variable | Input], ...] = field(
        default=(), repr=False, compare=False
    )

    def moved(self, mapping: Mapping[Variable, Variable]) -> Rule:
        """Return the rule with its variables replaced; what the mapping does not know stays."""
        pairs = frozenset(
            (w if w is None else mapping.get(w, w), mapping.get(h, h)) for w, h in self.pairs
        )
        return Rule(
            mapping.get(self.out, self.out),
            pairs,
            None if self.bias is None else mapping.get(self.bias, self.bias),
            self.kind,
        )


def rules_of(network: Network, copies: int) -> dict[Variable, Rule]:
    """The rule of every neuron that is no input, for every datum, layer by layer."""
    inputs, data = set(network.inputs), dict(network.graph.nodes(data=True))
    neurons = [v for layer in network.layers.values() for v in layer if v not in inputs]
    rules: dict[Variable, Rule] = {}
    for copy in range(copies):
        state = {v: ("x" if v in inputs else "h", v, copy) for v in data}
        for v in neurons:
            reads = tuple(
                [
                    (None if name is None else ("W", name), state[u])
                    for u, name in network.incoming(v).items()
                ]
            )
            bias = data[v].get("bias")
            rules["rule", v, copy] = Rule(
                state[v],
                frozenset(reads),
                None if bias is None else ("b", bias),
                data[v].get("kind"),
                reads,
            )
    return rules


@cache
def neuron_label(kind: Hashable) -> Label:
    """The label of a neuron."""
    return Label("neuron", kind)


def rule_labels(network: Network) -> Callable[[Rule], Label]:
    """What labels a rule: whether it reads nothing but inputs, the kind of its neuron, and the
    hidden widths of the layers that it joins.
    """
    inputs = set(network.inputs)
    hidden = {
        layer: sum(v not in inputs for v in members) for layer, members in network.layers.items()
    }
    width = {v: hidden[layer] for layer, members in network.layers.items() for v in members}
    known = cache(Label)

    def label(rule: Rule) -> Label:
        """The label, one object for all rules that share it."""
        parents = [h[1] for _, h in rule.reads]
        return known(
            "factor",
            "input" if inputs.issuperset(parents) else "rule",
            (rule.kind, (width[rule.out[1]], *sorted({width[u] for u in parents}))),
        )

    return label


def weight_site(
    network: Network,
    place: Mapping[Any, tuple[int, tuple[int, ...], Hashable]],
    edges: Sequence[tuple[Any, Any]],
) -> tuple[Any, ...]:
    """What tells a weight apart: the sites that it joins, how far up, and where in the plane a
    shared one reads.
    """
    (below, _, start), (above, _, end) = place[edges[0][0]], place[edges[0][1]]
    return ("W", start, end, above - below, _offset(network, edges))


def _offset(network: Network, edges: Sequence[tuple[Any, Any]]) -> tuple[int, ...]:
    """Where in the plane a shared weight reads, seen from the neuron: the displacement of most of
    its edges (on a torus some run around it).
    """
    if len(edges) == 1:
        return ()
    steps = Counter(
        tuple(a - b for a, b in zip(network.position(u), network.position(v), strict=True))
        for u, v in edges
    )
    return max(steps, key=lambda step: (steps[step], step))
