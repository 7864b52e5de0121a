"""Sums over all pairings of Gaussian fields (Wick's theorem), with a symbolic number of components.

A field of n components that is contracted inside a vertex, as in (φ·φ)², travels along *strands*:
a strand is a pair of fields that share their component. Pairing the two ends of one strand closes a
loop of components and gives a factor n; pairing an end of one strand with an end of another merges
the two. Fields without components are strands of a single end. Equal states are added, so the cost
grows with the number of multigraphs and not with the number of pairings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

from sympy import Expr, Integer, Poly, Symbol

from neurenorm.graphs.arguments import whole_number
from neurenorm.theory.algebra.arguments import exact_arguments

__all__ = ["Edges", "Piece", "pairings", "polynomial", "scalar_vertex", "total", "vector_vertex"]

Piece = tuple[int, ...]
"""The vertices at which the open ends of a strand sit: one or two."""
Edges = tuple[tuple[int, int], ...]
"""The pairs of vertices that are joined, sorted, each as often as it is joined."""
_State = tuple[Edges, tuple[Piece, ...]]
_MOST_FIELDS = 24


def scalar_vertex(vertex: int, degree: int) -> tuple[Piece, ...]:
    """Return the fields of a vertex φ^degree of a field without components.

    Examples
    --------
    >>> scalar_vertex(0, 3)
    ((0,), (0,), (0,))
    """
    return ((vertex,),) * whole_number(degree, "the degree", 0, 10**4)


@exact_arguments
def vector_vertex(vertex: int, degree: int) -> tuple[Piece, ...]:
    """Return the strands of a vertex (φ·φ)^(degree/2) of a field of n components.

    Raises
    ------
    ValueError
        If the degree is odd: there is no such scalar.

    Examples
    --------
    >>> vector_vertex(7, 4)
    ((7, 7), (7, 7))
    """
    if degree % 2:
        raise ValueError("odd vertices have no O(n) index structure: give the tensor d_ijk")
    return ((vertex, vertex),) * (degree // 2)


def pairings(pieces: Sequence[Piece]) -> dict[Edges, Counter[int]]:
    """Return every multigraph that the pairings of the given fields draw, with its count.

    Parameters
    ----------
    pieces : sequence of tuple of int
        Strands, as `vector_vertex` and `scalar_vertex` give them; those of several vertices are
        concatenated.

    Returns
    -------
    dict
        The edges between labelled vertices, and the number of pairings that draw them as a
        polynomial in n: a counter from the power of n to its integer coefficient.

    Raises
    ------
    ValueError
        If the number of fields is odd (no pairing exists), or exceeds 24.

    Examples
    --------
    >>> pairings(vector_vertex(0, 4))
    {((0, 0), (0, 0)): Counter({1: 2, 2: 1})}
    """
    fields = sum(map(len, pieces))
    if fields % 2:
        raise ValueError(f"an odd number of fields has no pairing, got {fields}")
    if fields > _MOST_FIELDS:
        raise ValueError(f"pairings are drawn for up to {_MOST_FIELDS} fields, got {fields}")
    states: dict[_State, Counter[int]] = {((), tuple(sorted(pieces))): Counter({0: 1})}
    for _ in range(fields // 2):
        states = _joined(states)
    return {edges: count for (edges, _), count in states.items()}


def _joined(states: Mapping[_State, Counter[int]]) -> dict[_State, Counter[int]]:
    """Join the first open end of every state in all ways."""
    found: dict[_State, Counter[int]] = {}
    for (edges, pieces), count in states.items():
        first, others = pieces[0], pieces[1:]
        end, rest = first[0], first[1:]
        if rest:
            _add(found, edges, (end, rest[0]), others, count, power=1)
        for piece, times in Counter(others).items():
            left = list(others)
            left.remove(piece)
            for position, other_end in enumerate(piece):
                merged = rest + piece[:position] + piece[position + 1 :]
                remaining = [*left, tuple(sorted(merged))] if merged else left
                _add(found, edges, (end, other_end), remaining, count, times=times)
    return found


def _add(
    found: dict[_State, Counter[int]],
    edges: Edges,
    edge: tuple[int, int],
    pieces: Sequence[Piece],
    count: Counter[int],
    *,
    times: int = 1,
    power: int = 0,
) -> None:
    """Add a count, times a number and a power of n, to the state with one more edge."""
    low, high = sorted(edge)
    state = (tuple(sorted((*edges, (low, high)))), tuple(sorted(pieces)))
    entry = found.setdefault(state, Counter())
    for exponent, value in count.items():
        entry[exponent + power] += times * value


@exact_arguments
def polynomial(count: Mapping[int, int], n: Expr) -> Expr:
    """Return a count as a polynomial in n.

    Examples
    --------
    >>> polynomial({1: 2, 2: 1}, Symbol("n"))
    n**2 + 2*n
    """
    return sum(
        (
            whole_number(value, "a count") * n ** whole_number(power, "a power")
            for power, value in count.items()
        ),
        start=Integer(0),
    )


@exact_arguments
def total(pieces: Sequence[Piece], n: Symbol) -> Poly:
    """Return the number of all pairings as a polynomial in the number n of components.

    Examples
    --------
    >>> total(vector_vertex(0, 6), Symbol("n")).factor_list()[1]
    [(Poly(n, n, domain='ZZ'), 1), (Poly(n + 2, n, domain='ZZ'), 1), (Poly(n + 4, n, domain='ZZ'), 1)]
    """
    counts: Counter[int] = Counter()
    for power, value in chain.from_iterable(count.items() for count in pairings(pieces).values()):
        counts[power] += value
    return Poly(polynomial(counts, n), n)
