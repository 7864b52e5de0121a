"""A graph without coordinates on the numbers 0, 1, ...: what its vertices see around them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable
from functools import cached_property

from neurenorm.graphs.folding.frame import Piece
from neurenorm.graphs.periodic.labels import reverse

__all__ = ["BareGraph"]

RADIUS = 6
"""How far the colour of a vertex sees."""


class BareGraph:
    """A labelled graph on the numbers 0, 1, ... with the joint kind of all edges between two
    vertices.
    """

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        between: list[dict[int, Counter[Hashable]]] = [{} for _ in piece.names]
        for i, j, label in piece.edges():
            between[i].setdefault(j, Counter())[label] += 1
            between[j].setdefault(i, Counter())[reverse(label)] += 1
        kinds: dict[Hashable, int] = {}
        self.near = [
            {j: kinds.setdefault(frozenset(count.items()), len(kinds)) for j, count in row.items()}
            for row in between
        ]
        self.loops = [row.pop(i, None) for i, row in enumerate(self.near)]
        seen: dict[Hashable, int] = {}
        self.label = [
            seen.setdefault((label, loop), len(seen))
            for label, loop in zip(piece.labels, self.loops, strict=True)
        ]
        self._balls: dict[int, tuple[int, dict[int, int]]] = {}

    def distances(self, v: int, radius: int) -> dict[int, int]:
        """Distances from v to all vertices within a radius, nearest first."""
        known = self._balls.get(v)
        if known is None or known[0] < radius:
            known = self._balls[v] = radius, self._ball(v, radius)
        return known[1]

    def _ball(self, v: int, radius: int) -> dict[int, int]:
        """Breadth-first search from v."""
        distance, queue = {v: 0}, deque([v])
        while queue:
            u = queue.popleft()
            if distance[u] < radius:
                for w in self.near[u]:
                    if w not in distance:
                        distance[w] = distance[u] + 1
                        queue.append(w)
        return distance

    @cached_property
    def colours(self) -> list[int]:
        """Vertices that a map of the whole graph could exchange have the same colour (not always
        conversely).
        """
        seen: dict[Hashable, int] = {}
        colour = []
        for v, label in enumerate(self.label):
            ball = self._ball(v, RADIUS)
            shells = Counter(ball.values())
            inner = Counter(ball[u] + ball[w] for u in ball for w in self.near[u] if w in ball)
            key = label, tuple(sorted(shells.items())), tuple(sorted(inner.items()))
            colour.append(seen.setdefault(key, len(seen)))
        return self._refined(colour)

    def _refined(self, colour: list[int]) -> list[int]:
        """Refine colours by the colours of neighbours until nothing splits."""
        while True:
            seen: dict[Hashable, int] = {}
            finer = [
                seen.setdefault(
                    (colour[v], tuple(sorted((kind, colour[u]) for u, kind in row.items()))),
                    len(seen),
                )
                for v, row in enumerate(self.near)
            ]
            if len(seen) == len(set(colour)):
                return finer
            colour = finer

    def centre(self) -> int:
        """The middle of a longest path found by two breadth-first searches."""
        first = list(self.distances(0, len(self.near)))[-1]
        there = self.distances(first, len(self.near))
        last = list(there)[-1]
        back = self.distances(last, len(self.near))
        return min(
            range(len(self.near)), key=lambda v: (max(there[v], back[v]), there[v] + back[v], v)
        )
