"""Maps of a bare graph to itself, grown outwards from the image of one vertex: a vertex next to
mapped ones goes to a common neighbour of their images.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from neurenorm.graphs.folding.bare_graph import BareGraph

__all__ = ["Map", "MapGrowth"]

Map = dict[int, int]

ATTEMPTS = 24
"""How many of the alternatives around one pair of vertices are followed."""


class MapGrowth:
    """Grows maps of the graph from the image of one vertex."""

    def __init__(
        self,
        bare: BareGraph,
        colour: list[int],
        commuting: list[Map],
        closed: bool,
        spread: int = 2,
    ) -> None:
        self.bare = bare
        self.colour = colour
        self.commuting = commuting
        self.closed = closed
        self.spread = spread
        self.reach = 0
        self.effort = 0
        self.by_number = False

    def maps(self, start: int, target: int) -> Iterator[Map]:
        """Maps that take start to target, those in step with the numbers first, then those with
        small displacements.
        """
        for self.by_number in (True, False):
            yield from self._alternatives(start, target)

    def _alternatives(self, start: int, target: int) -> Iterator[Map]:
        """The maps along the first alternatives in one order of preference (an odometer over the
        choices made).
        """
        choices: list[int] = []
        for _ in range(ATTEMPTS):
            options: list[int] = []
            image = self._grow(start, target, choices, options)
            if image is not None:
                yield image
            choices = (choices + [0] * len(options))[: len(options)]
            while choices and choices[-1] + 1 >= options[len(choices) - 1]:
                choices.pop()
            if not choices:
                return
            choices[-1] += 1

    def _grow(self, start: int, target: int, choices: list[int], options: list[int]) -> Map | None:
        """One map; `choices` are the alternatives to take, `options` collects how many there
        were.
        """
        self.image: Map = {}
        self.source: Map = {}
        self.undefined: set[int] = set()
        self.waiting: dict[int, None] = {}
        pending = {start: target}
        while pending:
            if not self._assign(pending):
                return None
            forced = self._forced()
            if forced is None:
                return None
            pending = forced or self._choose(choices, options)
        return self.image if self._complete() else None

    def _complete(self) -> bool:
        """Whether the map covers enough, and moves no vertex more than `spread` times as far as
        another.
        """
        n = len(self.bare.near)
        if len(self.image) < (n if self.closed else (n + 1) // 2):
            return False
        moved = [self.bare.distances(v, self.reach)[w] for v, w in self.image.items()]
        return max(moved) <= self.spread * min(moved)

    def _assign(self, pending: Map) -> bool:
        """Map vertices, and with them their images under the commuting maps; False if something
        disagrees.
        """
        queue = deque(pending.items())
        while queue:
            v, w = queue.popleft()
            if self.image.get(v) == w:
                continue
            if v in self.undefined or not self._fits(v, w):
                return False
            self.image[v], self.source[w] = w, v
            self.waiting.pop(v, None)
            for u in self.bare.near[v]:
                if u not in self.image and u not in self.undefined:
                    self.waiting[u] = None
            queue.extend((g[v], g[w]) for g in self.commuting if v in g and w in g)
        return True

    def _fits(self, v: int, w: int) -> bool:
        """Whether v may go to w, given all that is mapped."""
        self.effort += 1
        if v in self.image or w in self.source or v == w or not self._alike(v, w):
            return False
        if (
            w not in self.bare.distances(v, self.reach)
            or self.bare.distances(v, self.reach)[w] > self.reach
        ):
            return False
        here, there = self.bare.near[v], self.bare.near[w]
        mapped = {self.image[u]: kind for u, kind in here.items() if u in self.image}
        return all(there.get(z) == kind for z, kind in mapped.items()) and all(
            z in mapped for z in there if z in self.source
        )

    def _alike(self, v: int, w: int) -> bool:
        """Whether two vertices look the same by themselves."""
        return self.colour[v] == self.colour[w]

    def _candidates(self, v: int) -> list[int]:
        """Possible images of a vertex next to mapped ones, the preferred one first."""
        images = (self.image[u] for u in self.bare.near[v] if u in self.image)
        anchor = min(images, key=lambda z: (len(self.bare.near[z]), z))
        fits = [z for z in self.bare.near[anchor] if self._fits(v, z)]
        ball = self.bare.distances(v, self.reach)
        start, target = next(iter(self.image.items()))

        def rank(z: int) -> tuple[int, int]:
            shift = abs(z - v - target + start)
            return (shift, ball[z]) if self.by_number else (ball[z], shift)

        return sorted(fits, key=lambda z: (rank(z), z))

    def _forced(self) -> Map | None:
        """A vertex with a single possible image; empty if there is none, None if a total map has
        got stuck.
        """
        for v in list(self.waiting):
            found = self._candidates(v)
            if len(found) == 1:
                return {v: found[0]}
            if not found:
                if self.closed:
                    return None
                self.undefined.add(v)
                del self.waiting[v]
        return {}

    def _choose(self, choices: list[int], options: list[int]) -> Map:
        """The next alternative for the vertex with the fewest of them; empty if no vertex waits."""
        if not self.waiting:
            return {}
        found = {v: self._candidates(v) for v in self.waiting}
        v = min(found, key=lambda u: len(found[u]))
        turn = choices[len(options)] if len(options) < len(choices) else 0
        options.append(len(found[v]))
        return {v: found[v][turn]}
