"""The wide limit of any layer graph: feed-forward, skip connections, weights shared in time,
dropout.

A node is a layer of pre-activations, an edge says what a layer is made of:

    z_v = Σ_{dense u→v} W φ(z_u) + Σ_{skip u→v} s z_u + b_v.

In the wide limit all z are jointly Gaussian, and two of them are correlated through the weights
they share. Their covariance follows by opening the later one: a skip passes it on, and a dense part
meets only dense parts with the same weights, where it gives σ_w² ⟨φ_u φ_u'⟩.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
from sympy import Expr, S, Symbol

from neurenorm.graphs.arguments import found_in, listed
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.gaussian.expectation import expectation, gaussian_variables
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.display import Typeset, aligned, equations, tex

__all__ = ["LayerKernels", "Signal"]

FIELD = symbols("field-theory")
SW2, SB2 = FIELD.sw2, FIELD.sb2
_BIAS = object()
Signal = tuple[Hashable, str]


@dataclass(frozen=True)
class _Part:
    """One random part of a layer: weights of a label and variance acting on a source (None for a
    bias).
    """

    label: Hashable
    variance: Expr
    source: Hashable
    keep: Expr


@dataclass
class LayerKernels(Typeset):
    """The covariances of a layer graph as a list of equations, each in terms of earlier ones.

    Parameters
    ----------
    graph : networkx.DiGraph or networkx.MultiDiGraph
        A residual block, with a dense edge and a skip between the same two layers, needs a
        MultiDiGraph. Nodes without predecessors are inputs. Node attributes: ``bias`` (variance,
        default σ_b²), ``bias_label`` (nodes with equal labels share their bias). Edge attributes:
        ``kind`` (``"dense"``, the default, or ``"skip"``); for dense edges ``variance`` (default
        σ_w²), ``label`` (edges with equal labels share their weights) and ``keep`` (probability of
        keeping a neuron under dropout, masks drawn anew for each input); for skips ``strength``
        (default 1).
    activation : Activation

    Raises
    ------
    ValueError
        If the graph has a cycle, no edge, an unknown kind, or a variance or probability out of
        range.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> net = nx.DiGraph([("x", 1), (1, 2)])
    >>> net.add_edge("x", 2, kind="skip", strength=0)
    >>> kernels = LayerKernels(net, activation("relu"))
    >>> K = kernels.covariance((2, "a"), (2, "a"))
    >>> kernels.equations[K]
    K_1_1_aa*sw2/2 + sb2
    """

    graph: nx.DiGraph | nx.MultiDiGraph
    activation: Activation
    equations: dict[Symbol, Expr] = field(default_factory=dict, init=False)
    inputs: dict[Symbol, tuple[Signal, Signal]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Check the graph and fix the order of its layers."""
        self.activation = activation(self.activation)
        if not nx.is_directed_acyclic_graph(self.graph):
            cycle = " -> ".join(str(edge[0]) for edge in nx.find_cycle(self.graph))
            raise ValueError(
                f"the layer graph has a cycle ({cycle}): unroll it in time, with equal labels on "
                "edges that share weights"
            )
        if self.graph.number_of_edges() == 0:
            raise ValueError("a layer graph has at least one edge")
        for node in self.graph:
            into = [
                data.get("kind", "dense") for _, _, data in self.graph.in_edges(node, data=True)
            ]
            if (
                into == ["skip"]
                and not self.graph.is_multigraph()
                and "bias" not in self.graph.nodes[node]
            ):
                raise ValueError(
                    f"the layer {node} has a skip and a bias but no weights: in a DiGraph a skip "
                    "replaces the dense edge between the same two layers; "
                    "give a networkx.MultiDiGraph, which holds both, or state the layer's bias if "
                    "it truly has no weights"
                )
        order = list(nx.lexicographical_topological_sort(self.graph, key=str))
        self._position = {node: i for i, node in enumerate(order)}
        for u, v, data in self.graph.edges(data=True):
            _check_edge(u, v, data)

    def covariance(self, first: Signal, second: Signal) -> Symbol:
        """Return the symbol of ⟨z_v,a z_w,b⟩ per neuron, and derive its equation and all it needs.

        Parameters
        ----------
        first, second : (node, input name)
            For example ``(2, "a")``.

        Returns
        -------
        Symbol
            A key of `equations`, or of `inputs` for the overlap of two inputs.
        """
        for signal in (first, second):
            found_in(self._position, listed(signal, "layer and input", 2)[0], "layer")
        first, second = sorted(
            (first, second), key=lambda signal: (self._position[signal[0]], signal[1])
        )
        (v, a), (w, b) = second, first
        symbol = (
            Symbol(f"K_{w}_{v}_{b}{a}", positive=True)
            if first == second
            else Symbol(f"K_{w}_{v}_{b}{a}", real=True)
        )
        if symbol in self.equations or symbol in self.inputs:
            return symbol
        if self._is_input(v) and self._is_input(w):
            self.inputs[symbol] = (first, second)
            return symbol
        total = sum(
            (strength * self._reference((u, a), (w, b)) for u, strength in self._skips(v)),
            start=S.Zero,
        )
        total += sum((self._meet(part, a, (w, b)) for part in self._parts(v)), start=S.Zero)
        self.equations[symbol] = total
        return symbol

    def _reference(self, first: Signal, second: Signal) -> Expr:
        """A covariance inside an equation; zero where it is known to vanish."""
        symbol = self.covariance(first, second)
        return S.Zero if self.equations.get(symbol) == 0 else symbol

    def _is_input(self, node: Hashable) -> bool:
        """Whether a node has no predecessors."""
        return bool(self.graph.in_degree(node) == 0)

    def _skips(self, node: Hashable) -> Iterator[tuple[Hashable, Expr]]:
        """Sources and strengths of the skips into a node."""
        for u, _, data in self.graph.in_edges(node, data=True):
            if data.get("kind", "dense") == "skip" and data.get("strength", 1) != 0:
                yield u, expression_of(data.get("strength", 1))

    def _parts(self, node: Hashable) -> Iterator[_Part]:
        """The random parts of a node: dense edges and the bias."""
        if self._is_input(node):
            return
        for place, (u, v, data) in enumerate(self.graph.in_edges(node, data=True)):
            if data.get("kind", "dense") == "dense":
                yield _Part(
                    data.get("label", (u, v, place)),
                    expression_of(data.get("variance", SW2)),
                    u,
                    expression_of(data.get("keep", 1)),
                )
        attributes = self.graph.nodes[node]
        yield _Part(
            (_BIAS, attributes.get("bias_label", node)),
            expression_of(attributes.get("bias", SB2)),
            _BIAS,
            S.One,
        )

    def _meet(self, part: _Part, a: str, other: Signal) -> Expr:
        """Covariance of one random part, at input a, with a whole layer at input b."""
        w, b = other
        total = S.Zero
        for match in self._parts(w):
            if match.label == part.label:
                total += part.variance * self._average(part, a, match, b)
        for u, strength in self._skips(w):
            total += strength * self._meet(part, a, (u, b))
        return total

    def _average(self, part: _Part, a: str, match: _Part, b: str) -> Expr:
        """⟨φ_u,a φ_u',b⟩ with the dropout factor where it is one and the same signal."""
        if part.source is _BIAS or match.source is _BIAS:
            return S.One
        first, second = (part.source, a), (match.source, b)
        if self._is_input(part.source) or self._is_input(match.source):
            return self._linear_average(first, second)
        if first == second:
            (z,) = gaussian_variables(1)
            return (
                expectation(self.activation(z) ** 2, z, self.covariance(first, first)) / part.keep
            )
        za, zb = gaussian_variables(2)
        cross = self._reference(first, second)
        own = [self.covariance(signal, signal) for signal in (first, second)]
        return expectation(
            self.activation(za) * self.activation(zb), (za, zb), [[own[0], cross], [cross, own[1]]]
        )

    def _linear_average(self, first: Signal, second: Signal) -> Expr:
        """The same where at least one source is an input, which enters as it is."""
        if self._is_input(first[0]) and self._is_input(second[0]):
            return self.covariance(first, second)
        signal, plain = (second, first) if self._is_input(first[0]) else (first, second)
        (z,) = gaussian_variables(1)
        slope = expectation(
            z * self.activation(z), z, self.covariance(signal, signal)
        ) / self.covariance(signal, signal)
        return slope * self._reference(signal, plain)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return all equations derived so far as an aligned display."""
        return aligned(
            equations(
                ((tex(symbol, names), right) for symbol, right in self.equations.items()), names
            )
        )


def _check_edge(u: Hashable, v: Hashable, data: Mapping[str, Any]) -> None:
    """Refuse unknown kinds and numbers out of range."""
    kind = data.get("kind", "dense")
    if kind not in ("dense", "skip"):
        raise ValueError(f"the edge {u} -> {v} is of kind {kind!r}: an edge is dense or skip")
    if expression_of(data.get("variance", 1)).is_negative:
        raise ValueError(f"the weight variance of the edge {u} -> {v} is negative")
    foreign = {"dense": {"strength"}, "skip": {"variance", "label", "keep"}}[kind] & set(data)
    if foreign:
        raise ValueError(
            f"the edge {u} -> {v} is {kind} and carries {', '.join(sorted(foreign))}: a second "
            "edge between two layers replaces the first in a DiGraph; "
            "give a networkx.MultiDiGraph, which holds both"
        )
    keep = expression_of(data.get("keep", 1))
    if keep.is_number and not 0 < keep <= 1:
        raise ValueError(
            f"the probability of keeping a neuron lies in (0, 1], got {keep} on the edge {u} -> {v}"
        )
