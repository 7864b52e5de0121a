"""Diagrams: multigraphs up to the relabelling of internal vertices, with their symmetry.

External legs are vertices with negative labels, which keep their names. The weight of a diagram is
the number of pairings that draw it over V! Π (symmetry of each vertex); for scalar vertices φ^k/k!
that weight is 1/|Aut|, |Aut| the number of permutations of vertices, of parallel edges and of the
ends of loops that change nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product
from math import factorial, prod
from typing import Any

from sympy import Expr, Integer, Rational, Symbol, factor

from neurenorm.graphs.arguments import listed, whole_number
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.cumulants.pairings import (
    Edges,
    Piece,
    pairings,
    polynomial,
    scalar_vertex,
    vector_vertex,
)

__all__ = ["Diagram", "diagrams"]

_LETTERS = "ijklmnpqrstu"


@dataclass(frozen=True)
class Diagram:
    """A multigraph in canonical form.

    Parameters
    ----------
    edges : tuple of (int, int)
        Internal vertices are 0, 1, 2 …; external legs are -1, -2 …

    Examples
    --------
    >>> sunset = Diagram.of(((-1, 1), (-2, 0), (0, 1), (0, 1), (0, 1)))
    >>> sunset.automorphisms, sunset.is_connected, sunset.is_irreducible, sunset.loops
    (6, True, True, 2)
    """

    edges: Edges

    @classmethod
    def of(cls, edges: Iterable[tuple[int, int]]) -> Diagram:
        """Return the canonical form of a multigraph: the least list of edges over all relabellings
        of the internal vertices that respect their surroundings.
        """
        given = tuple(map(_edge, edges))
        return cls(min(_relabelled(given, order) for order in _orders(given)))

    @cached_property
    def vertices(self) -> tuple[int, ...]:
        """The internal vertices."""
        return tuple(sorted({v for edge in self.edges for v in edge if v >= 0}))

    @cached_property
    def legs(self) -> dict[int, int]:
        """The vertex to which every external leg is attached."""
        return {low: high for low, high in map(sorted, self.edges) if low < 0 <= high}

    @cached_property
    def inner_edges(self) -> Edges:
        """The edges between internal vertices."""
        return tuple(edge for edge in self.edges if min(edge) >= 0)

    @cached_property
    def automorphisms(self) -> int:
        """|Aut|: relabellings that fix the multigraph, times m! per m-fold edge, times 2^m m! per m
        loops at one vertex.
        """
        fixing = sum(_relabelled(self.edges, order) == self.edges for order in _orders(self.edges))
        return fixing * prod(
            factorial(times) * (2**times if low == high else 1)
            for (low, high), times in Counter(self.edges).items()
        )

    def to_latex(self) -> str:
        """Return the product of propagators between lettered vertices, summed over those that carry
        no leg.

        Examples
        --------
        >>> Diagram.of(((-2, 0), (-1, 1), (0, 1), (0, 1), (0, 1))).to_latex()
        'G_{ij}^{3}'
        >>> print(Diagram.of(((-2, 0), (-1, 0), (0, 1), (0, 1), (1, 1))).to_latex())
        \\delta_{ij} \\sum_{k} G_{ik}^{2} G_{kk}
        """
        ends = [self.legs[leg] for leg in sorted(self.legs, reverse=True)]
        order = list(dict.fromkeys([*ends, *self.vertices]))
        letter = {
            vertex: _LETTERS[i + (i > 0 and len(set(ends)) < len(ends))]
            for i, vertex in enumerate(order)
        }
        summed = "".join(letter[v] for v in order if v not in ends)
        factors = [
            f"G_{{{''.join(sorted(letter[a] + letter[b]))}}}"
            + (f"^{{{times}}}" if times > 1 else "")
            for (a, b), times in sorted(Counter(self.inner_edges).items())
        ]
        delta = [r"\delta_{ij}"] if len(set(ends)) < len(ends) == 2 else []
        total = [rf"\sum_{{{summed}}}"] if summed else []
        return " ".join([*delta, *total, *sorted(factors)]) or "1"

    @property
    def loops(self) -> int:
        """Independent loops of a connected diagram, E - V + 1, external legs not counted."""
        return len(self.inner_edges) - len(self.vertices) + 1

    @property
    def is_connected(self) -> bool:
        """Whether all vertices, external legs among them, hang together."""
        return _connected(self.edges, {v for edge in self.edges for v in edge})

    @property
    def is_irreducible(self) -> bool:
        """Whether the internal part is connected and stays so without any one edge (1PI)."""
        inner = self.inner_edges
        return _connected(inner, set(self.vertices)) and all(
            _connected(inner[:i] + inner[i + 1 :], set(self.vertices)) for i in range(len(inner))
        )


def _edge(ends: Any) -> tuple[int, int]:
    """Two vertices, checked."""
    low, high = (whole_number(v, "a vertex") for v in listed(ends, "the ends of an edge"))
    return low, high


def _connected(edges: Edges, vertices: set[int]) -> bool:
    """Whether the edges reach all vertices from one of them."""
    reached, waiting = set(), sorted(vertices)[:1]
    while waiting:
        here = waiting.pop()
        if here not in reached:
            reached.add(here)
            waiting += [b if a == here else a for a, b in edges if here in (a, b)]
    return reached == vertices


def _relabelled(edges: Edges, order: dict[int, int]) -> Edges:
    """The same edges under new names of the internal vertices, sorted."""
    renamed = ((order.get(a, a), order.get(b, b)) for a, b in edges)
    return tuple(sorted((a, b) if a <= b else (b, a) for a, b in renamed))


def _orders(edges: Edges) -> Iterator[dict[int, int]]:
    """Relabellings of the internal vertices that sort them by their surroundings."""
    groups = _classes(edges)
    for choice in product(*(permutations(group) for group in groups)):
        yield {vertex: i for i, vertex in enumerate(v for group in choice for v in group)}


def _classes(edges: Edges) -> list[list[int]]:
    """Internal vertices in classes of equal surroundings, refined until nothing changes."""
    vertices = sorted({v for edge in edges for v in edge})
    neighbours: dict[int, list[int]] = {v: [] for v in vertices}
    for a, b in edges:
        neighbours[a].append(b)
        neighbours[b].append(a)
    colour = {v: (v if v < 0 else 0) for v in vertices}
    while True:
        seen = {
            v: (colour[v], sum(w == v for w in near), sorted(colour[w] for w in near))
            for v, near in neighbours.items()
        }
        kinds = sorted({_key(seen[v]) for v in vertices if v >= 0})
        finer = {v: v if v < 0 else kinds.index(_key(seen[v])) for v in vertices}
        if finer == colour:
            break
        colour = finer
    internal = [v for v in vertices if v >= 0]
    return [[v for v in internal if colour[v] == c] for c in sorted({colour[v] for v in internal})]


def _key(seen: tuple[int, int, list[int]]) -> tuple[int, int, tuple[int, ...]]:
    """What is seen of a vertex, in hashable form."""
    return seen[0], seen[1], tuple(seen[2])


@exact_arguments
def diagrams(
    degrees: Sequence[int],
    legs: Sequence[Piece] = (),
    n: Symbol | None = None,
    connected: bool = True,
) -> dict[Diagram, Expr]:
    """Return the diagrams of a product of vertices with their weights.

    Parameters
    ----------
    degrees : sequence of int
        One entry per vertex: φ^k/k!, or (φ·φ)^(k/2)/k! where a number of components is given.
    legs : sequence of tuple of int
        External legs, as strands of negative labels: ``((-1,), (-2,))`` for two legs without
        components, ``((-1, -2),)`` for two whose components are contracted.
    n : Symbol, optional
        The number of components.
    connected : bool
        Whether only connected diagrams are kept.

    Returns
    -------
    dict
        Diagram to weight: pairings/(Π k! Π V_k!), V_k the number of vertices of degree k; in powers
        of n. A closed trace over the external legs is included.

    Examples
    --------
    >>> {d.edges: w for d, w in diagrams([4, 4]).items()}
    {((0, 0), (0, 1), (0, 1), (1, 1)): 1/16, ((0, 1), (0, 1), (0, 1), (0, 1)): 1/48}
    """
    vertex = scalar_vertex if n is None else vector_vertex
    pieces = [piece for i, degree in enumerate(degrees) for piece in vertex(i, degree)]
    symmetry = prod(map(factorial, degrees)) * prod(map(factorial, Counter(degrees).values()))
    counts: dict[Diagram, Counter[int]] = {}
    for edges, count in pairings([*legs, *pieces]).items():
        if not connected or _connected(edges, {v for edge in edges for v in edge}):
            entry = counts.setdefault(Diagram.of(edges), Counter())
            for power, value in count.items():
                entry[power] += value
    components = Integer(1) if n is None else n
    return {
        diagram: factor(polynomial(counts[diagram], components) * Rational(1, symmetry))
        for diagram in sorted(counts, key=lambda diagram: diagram.edges)
    }
