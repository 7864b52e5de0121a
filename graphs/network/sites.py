"""Sites of neurons where their names do not tell them: by their order in the layer, or by a search
for maps of the layers onto each other.

A translation in depth takes every neuron to its copy some layers up. Which neuron is the copy is
part of the question: names such as (layer, site) answer it, other names do not. In dense layers any
order will do; in sparse ones the copy is sought by growing a map of the interactions that raises
every vertex by the same number of layers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

from neurenorm.graphs.arguments import found_in
from neurenorm.graphs.folding.automorphism import EFFORT, SEARCH_LIMIT
from neurenorm.graphs.folding.bare_graph import BareGraph
from neurenorm.graphs.folding.frame import Piece, numbered
from neurenorm.graphs.folding.map_growth import Map, MapGrowth
from neurenorm.graphs.network.network import Network

__all__ = ["numbers_by_order", "numbers_by_search", "with_sites"]

TRIES = 12
"""How many maps are tried for one rise."""

SIGHT = 12
"""How far a vertex sees."""

RIMS = (1, 3)
"""How many layers at each end the data may make look different: first few, then more."""


def with_sites(network: Network, sites: Mapping[Any, Hashable]) -> Network:
    """Return the network with the given sites of its neurons.

    Examples
    --------
    >>> import networkx as nx
    >>> from neurenorm.graphs.network.network import network_from_graph
    >>> with_sites(network_from_graph(nx.DiGraph([("x", "y")])), {"x": 0, "y": 0}).site("y")
    0
    """
    graph = network.graph.copy()
    for v, site in sites.items():
        found_in(graph.nodes, v, "neuron")["site"] = site
    return Network(graph, network.recurrent)


def numbers_by_order(network: Network) -> dict[Any, int]:
    """Number the neurons at every place of a layer in the order of the graph.

    Examples
    --------
    >>> import networkx as nx
    >>> from neurenorm.graphs.network.network import network_from_graph
    >>> numbers_by_order(
    ...     network_from_graph(nx.DiGraph([("x", "a"), ("x", "b"), ("a", "y"), ("b", "y")]))
    ... )
    {'x': 0, 'a': 0, 'b': 1, 'y': 0}
    """
    seen: Counter[Hashable] = Counter()
    numbers = {}
    for v in network.graph:
        place = network.layer(v), network.position(v)
        numbers[v] = seen[place]
        seen[place] += 1
    return numbers


def numbers_by_search(piece: Piece, layer: Sequence[int]) -> Iterator[dict[Any, int]]:
    """Number the vertices of a piece by the orbits of maps that raise all of them by the same
    number of layers, few layers first.

    Parameters
    ----------
    piece : Piece
        Connected, with at most `SEARCH_LIMIT` vertices; nothing is found otherwise.
    layer : sequence of int
        Layer of every vertex.
    """
    if len(piece.names) > SEARCH_LIMIT:
        return
    bare = BareGraph(piece)
    low, high = min(layer), max(layer)
    start = min(range(len(layer)), key=lambda v: (abs(2 * layer[v] - low - high), v))
    around = bare.distances(start, len(layer))
    growths = [_Raising(bare, layer, rim) for rim in RIMS]
    for rise, growth in product(range(1, (high - low) // 2 + 1), growths):
        growth.rise = rise
        for target in (v for v in around if growth.effort < EFFORT and growth._alike(start, v)):
            growth.reach = 4 * around[target]
            for image in islice(growth.maps(start, target), TRIES):
                yield {piece.names[v]: number for v, number in _orbits(image, len(layer)).items()}


class _Raising(MapGrowth):
    """Grows maps that raise every vertex by the same number of layers."""

    def __init__(self, bare: BareGraph, layer: Sequence[int], rim: int) -> None:
        super().__init__(bare, bare.label, [], closed=False)
        self.layer, self.rise = layer, 0
        levels = sorted(set(layer))
        ends = {v for v, at in enumerate(layer) if at in levels[:rim] or at in levels[-rim:]}
        self.inward = self._steps_from(ends)
        self.colours = [bare.label]
        while len(self.colours) <= min(SIGHT, max(self.inward)):
            self.colours.append(self._refined(self.colours[-1]))

    def _steps_from(self, ends: set[int]) -> list[int]:
        """Steps from the layers at the ends to every vertex (as many as there are vertices where
        none lead there).
        """
        steps, front = dict.fromkeys(ends, 0), ends
        while front:
            front = {u for v in front for u in self.bare.near[v]} - steps.keys()
            steps.update(dict.fromkeys(front, max(steps.values()) + 1))
        return [steps.get(v, len(self.layer)) for v in range(len(self.layer))]

    def _refined(self, colour: list[int]) -> list[int]:
        """The colours one step further: those of a vertex and of what is around it, and in which
        layer.
        """
        rows = enumerate(self.bare.near)
        return numbered(
            (
                colour[v],
                tuple(
                    sorted(
                        (kind, self.layer[u] - self.layer[v], colour[u]) for u, kind in row.items()
                    )
                ),
            )
            for v, row in rows
        )[0]

    def _alike(self, v: int, w: int) -> bool:
        """Whether w stands as many layers above v as all images do, and both see the same as far as
        neither sees an end.
        """
        sight = min(self.inward[v], self.inward[w], len(self.colours) - 1)
        return (
            self.layer[w] - self.layer[v] == self.rise
            and self.colours[sight][v] == self.colours[sight][w]
        )

    def _complete(self) -> bool:
        """Whether the map covers enough: where all rise there is no rotation to be told apart."""
        return len(self.image) >= (len(self.layer) + 1) // 2


def _orbits(image: Map, size: int) -> dict[int, int]:
    """The first vertex from which each is reached by repeating a one-to-one map."""
    first = {v: v for v in set(range(size)) - set(image.values())}
    for start in list(first):
        v = start
        while v in image:
            v = image[v]
            first[v] = start
    return first
