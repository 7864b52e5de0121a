"""The nodes and edges of a layer graph: what every operation on signals stands on."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

import networkx as nx

__all__ = ["LayerNodes", "Shape", "relative_width"]

Shape = tuple[int, ...]


@dataclass
class LayerNodes:
    """Signals as nodes of a ``networkx.MultiDiGraph``, arguments as edges numbered by place."""

    graph: nx.MultiDiGraph = field(default_factory=nx.MultiDiGraph)

    @property
    def inputs(self) -> list[Hashable]:
        """The nodes through which data enter."""
        return [node for node, data in self.graph.nodes(data=True) if data["op"] == "input"]

    @property
    def output(self) -> Hashable:
        """The node that no other one uses.

        Raises
        ------
        ValueError
            If there are several or none.
        """
        last = [node for node in self.graph if self.graph.out_degree(node) == 0]
        if len(last) != 1:
            raise ValueError(f"the graph ends in {len(last)} signals, name the one that is meant")
        return last[0]

    def order(self) -> list[Hashable]:
        """Return the nodes so that every one stands behind what it is made of.

        Raises
        ------
        ValueError
            If the graph has a cycle.
        """
        if not nx.is_directed_acyclic_graph(self.graph):
            raise ValueError("the graph has a cycle: unroll it, with equal labels in every step")
        place = {node: i for i, node in enumerate(self.graph)}
        return list(nx.lexicographical_topological_sort(self.graph, key=place.__getitem__))

    def parents(self, node: Hashable) -> list[Hashable]:
        """Return the arguments of a signal in their order, repeated ones repeated."""
        edges = sorted((key, u) for u, _, key in self.graph.in_edges(node, keys=True))
        return [u for _, u in edges]

    def strengths(self, node: Hashable) -> list[Any]:
        """Return the strengths of the arguments of a sum in their order."""
        edges: list[Any] = list(self.graph.in_edges(node, keys=True, data="strength"))
        return [s for _, s in sorted(((key, s) for _, _, key, s in edges), key=lambda e: e[0])]

    def shape(self, node: Hashable) -> Shape:
        """Return the grid of positions of a signal; empty for a single position."""
        shape: Shape = self.graph.nodes[node]["shape"]
        return shape

    def positions(self, node: Hashable) -> int:
        """Return the number of positions of a signal."""
        return prod(self.shape(node))

    def space(self, node: Hashable) -> Hashable:
        """Return what the neurons of a signal are: a relative width, an input, or a flat layer."""
        return self.graph.nodes[node]["space"]

    def label(self, node: Hashable) -> Hashable:
        """Return the label of the weights of a node, its own if none was given."""
        given = self.graph.nodes[node]["label"]
        return ("own", node) if given is None else given

    def _is_finite(self, node: Hashable) -> bool:
        """Whether a signal has a fixed number of neurons (an input), or is a flattened grid."""
        return isinstance(self.space(node), tuple)

    def _new(self, name: Hashable) -> Hashable:
        """A free node name."""
        if name is None:
            number = len(self.graph)
            while number in self.graph:
                number += 1
            return number
        if name in self.graph:
            raise ValueError(f"there is already a signal {name}")
        return name

    def _put(
        self,
        node: Hashable,
        op: str,
        sources: Iterable[Hashable],
        strengths: Sequence[Any] | None = None,
        **attributes: Any,
    ) -> Hashable:
        """Add a node and its numbered edges."""
        sources = tuple(sources)
        self.graph.add_node(node, op=op, **attributes)
        for place, source in enumerate(sources):
            strength = 1 if strengths is None else strengths[place]
            self.graph.add_edge(source, node, key=place, strength=strength)
        return node

    def _known(self, node: Hashable) -> None:
        """Refuse what is no signal of this graph."""
        if node not in self.graph:
            raise ValueError(f"there is no signal {node} in this graph")

    def _alike(self, verb: str, sources: Sequence[Hashable]) -> None:
        """Refuse signals of different spaces or grids."""
        if not sources:
            raise ValueError(f"there is nothing to {verb}")
        for source in sources:
            self._known(source)
        first = sources[0]
        for other in sources[1:]:
            if self.space(first) != self.space(other):
                raise ValueError(f"{verb} {first} and {other}: different spaces")
            if self.shape(first) != self.shape(other):
                raise ValueError(
                    f"{verb} {first} and {other}: grids of {self.shape(first)} and "
                    f"{self.shape(other)} positions"
                )

    def _matches(self, label: Hashable, kind: Hashable, ends: tuple[Hashable, Hashable]) -> None:
        """Refuse one label on weights of different shapes."""
        for _, data in self.graph.nodes(data=True):
            if label is None or data.get("label") != label or data["op"] == "bias":
                continue
            if (data.get("window", "dense"), data["ends"]) != (kind, ends):
                raise ValueError(f"labels {label} join weights of shapes {data['ends']} and {ends}")


def relative_width(value: Fraction | int | str) -> Fraction:
    """Return a relative width as an exact number.

    Examples
    --------
    >>> relative_width("1 / 2")
    Fraction(1, 2)
    """
    try:
        width = Fraction(value.replace(" ", "") if isinstance(value, str) else value)
    except (ValueError, TypeError, ZeroDivisionError):
        raise ValueError(f"a relative width is a number such as 2 or 1/2, got {value}") from None
    if not width > 0:
        raise ValueError(f"a relative width is positive, got {value}")
    return width
