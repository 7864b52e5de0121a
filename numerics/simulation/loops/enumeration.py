"""All pairings of a few fields, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import permutations
from math import factorial, prod
from typing import Any

import networkx as nx

__all__ = ["counted_pairings", "matchings"]

Pairs = tuple[tuple[int, int], ...]


def matchings(count: int) -> Iterator[Pairs]:
    """Yield all perfect matchings of the numbers 0 … count - 1.

    Examples
    --------
    >>> len(list(matchings(6)))
    15
    """
    yield from _matched(tuple(range(count)))


def _matched(left: Sequence[int]) -> Iterator[Pairs]:
    """Pair the first that is left with every other."""
    if not left:
        yield ()
        return
    for i in range(1, len(left)):
        for rest in _matched((*left[1:i], *left[i + 1 :])):
            yield ((left[0], left[i]), *rest)


def _cycles(pairs: Pairs, count: int) -> int:
    """Closed traces of components, where the fields 2i and 2i + 1 share theirs."""
    graph: Any = nx.MultiGraph(pairs)
    graph.add_edges_from((i, i + 1) for i in range(0, count, 2))
    return int(nx.number_connected_components(graph))


def counted_pairings(degrees: Sequence[int], n: int | None = None) -> tuple[list[float], int]:
    """Return the weights of the connected multigraphs, ascending, and the number of all pairings.

    Examples
    --------
    >>> counted_pairings([4, 4])
    ([0.020833333333333332, 0.0625], 105)
    """
    owner = [vertex for vertex, degree in enumerate(degrees) for _ in range(degree)]
    drawn: Counter[Pairs] = Counter()
    total = 0
    for pairs in matchings(len(owner)):
        weight = 1 if n is None else n ** _cycles(pairs, len(owner))
        total += weight
        graph: Any = nx.MultiGraph([(owner[a], owner[b]) for a, b in pairs])
        if nx.is_connected(graph):
            drawn[_canonical(graph, len(degrees))] += weight
    symmetry = prod(map(factorial, degrees)) * prod(map(factorial, Counter(degrees).values()))
    return sorted(count / symmetry for count in drawn.values()), total


def _canonical(graph: Any, vertices: int) -> Pairs:
    """The least list of edges over all names of the vertices."""
    return min(
        tuple(sorted(tuple(sorted((order[a], order[b]))) for a, b in graph.edges()))
        for order in permutations(range(vertices))
    )
