"""Translations of a bare graph: maps of the graph to itself that move every vertex by a bounded distance.

A translation is determined by the image of one vertex and a few choices around it, so instead of the whole group of
automorphisms a single map is grown outwards from one pair (v, w): a vertex next to the mapped ones can only go to
common neighbours of their images.  Where several images are possible the one whose number in the
graph is shifted like that of v is tried first, since most graphs are built in order, and then the least displacement.  Maps
commute with the ones already found, which determines them further.  Two passes are made:

* closed: total maps (automorphisms), with vertices coloured by what they see around them;
* open: partial maps, undefined where no image is left, that must cover at least half of the vertices.

No vertex may move more than twice as far as another, which tells translations from rotations and reflections.
Orbits of the maps give sites, steps along orbits give places, and `crystallise` decides whether this is a crystal.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import networkx as nx

from graphs import integers
from graphs.crystal import Crystal, Frame, Link, crystallise
from graphs.integers import Vector
from graphs.labels import reverse

SEARCH_LIMIT = 2048
"""Largest number of vertices of a bare graph whose translations are searched."""

ATTEMPTS = 24
"""How many of the alternatives around one pair of vertices are followed."""

EFFORT = 300_000
"""How many images are tried in each pass (checking a map counts as four for each vertex); a search that would need
more ends with the maps that it has found."""

RADIUS = 6
"""How far the colour of a vertex sees."""

Map = dict[int, int]


def crystal_of_bare_graph(
    graph: nx.Graph, labels: dict[Any, Hashable], links: list[Link]
) -> tuple[Crystal, list[dict[Any, Any]]] | None:
    """The crystal of a connected graph without coordinates and the maps that generate it; None if there is none."""
    if len(graph) > SEARCH_LIMIT:
        raise ValueError(
            f"a graph of {len(graph)} nodes is too large to search (at most {SEARCH_LIMIT}); declare coordinates"
        )
    names = list(graph)
    bare = _Bare(names, labels, links)
    if len(bare.distances(0, len(names))) < len(names):
        raise ValueError("a graph without coordinates has to be connected; declare coordinates, or fold its components")
    best = _searched(bare, (True, False))
    if best is None or len(best.quotient.vertices) > 1:
        found = [crystal for crystal in (best, _searched(bare, (False,))) if crystal]
        best = min(found, key=lambda crystal: len(crystal.quotient.vertices), default=None)
    return None if best is None else (best, _generators(best, names))


def _searched(bare: _Bare, passes: tuple[bool, ...]) -> Crystal | None:
    """The crystal found by a sequence of closed (True) and open (False) passes."""
    search = _Search(bare)
    for closed in passes:
        search.extend(closed)
    return search.crystal


def _generators(crystal: Crystal, names: list[Any]) -> list[dict[Any, Any]]:
    """The translation by one cell along each direction, as a map of the nodes."""
    node = {image: v for v, image in crystal.certificate.items()}
    maps = []
    for axis in range(len(crystal.extents)):
        step = tuple(int(i == axis) for i in range(len(crystal.extents)))
        image = {}
        for v in names:
            name, cell = crystal.certificate[v]
            raised = zip(integers.add(cell, step), crystal.extents, crystal.periodic, strict=True)
            target = node.get((name, tuple(x % n if ring else x for x, n, ring in raised)))
            if target is not None:
                image[v] = target
        maps.append(image)
    return maps


class _Bare:
    """A labelled graph on the numbers 0, 1, ... with the joint kind of all edges between two vertices."""

    def __init__(self, names: list[Any], labels: dict[Any, Hashable], links: list[Link]) -> None:
        number = {v: i for i, v in enumerate(names)}
        self.names = names
        self.node_labels = labels
        self.links = links
        between: list[dict[int, Counter[Hashable]]] = [{} for _ in names]
        for tail, head, label, _ in links:
            i, j = number[tail], number[head]
            between[i].setdefault(j, Counter())[label] += 1
            between[j].setdefault(i, Counter())[reverse(label)] += 1
        kinds: dict[Hashable, int] = {}
        self.near = [
            {j: kinds.setdefault(frozenset(count.items()), len(kinds)) for j, count in row.items()} for row in between
        ]
        self.loops = [row.pop(i, None) for i, row in enumerate(self.near)]
        seen: dict[Hashable, int] = {}
        self.label = [
            seen.setdefault((labels[v], loop), len(seen)) for v, loop in zip(names, self.loops, strict=True)
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

    def colours(self) -> list[int]:
        """Vertices that a map of the whole graph could exchange have the same colour (not always conversely)."""
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
                seen.setdefault((colour[v], tuple(sorted((kind, colour[u]) for u, kind in row.items()))), len(seen))
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
        return min(range(len(self.near)), key=lambda v: (max(there[v], back[v]), there[v] + back[v], v))


class _Search:
    """Collects commuting translations and the crystal they make."""

    def __init__(self, bare: _Bare) -> None:
        self.bare = bare
        self.maps: list[Map] = []
        self.crystal: Crystal | None = None
        self.orbit: dict[int, Hashable] = {v: v for v in range(len(bare.near))}

    def extend(self, closed: bool) -> None:
        """Add all independent translations that are found from one vertex, the shortest first."""
        n = len(self.bare.near)
        colour = self.bare.colours() if closed else self.bare.label
        size = Counter(colour)
        start = min(range(n), key=lambda v: (size[colour[v]], v)) if closed else self.bare.centre()
        targets: dict[int, dict[int, None]] = {}
        for target, d in self.bare.distances(start, n).items():
            if d and colour[target] == colour[start]:
                targets.setdefault(d, {})[target] = None
                targets.setdefault(2 * d, {})[target] = None
        growth = _Growth(self.bare, colour, self.maps, closed)
        for growth.reach in sorted(targets):
            while not self._finished() and growth.effort < EFFORT:
                if not self._step(growth, start, targets[growth.reach]):
                    break

    def _finished(self) -> bool:
        """Whether the translations already reach every vertex from every other."""
        return self.crystal is not None and len(self.crystal.quotient.vertices) == 1

    def _step(self, growth: _Growth, start: int, targets: Iterable[int]) -> bool:
        """Accept one map more: the first total one, or the partial one that leaves fewest vertices per cell."""
        best: tuple[Crystal, Frame, Map] | None = None
        for target in targets:
            if self.orbit[target] == self.orbit[start]:
                continue
            for image in growth.maps(start, target):
                crystal, frame = self._with(image)
                growth.effort += 4 * len(image)
                if crystal and frame and self._better(crystal, best[0] if best else self.crystal):
                    best = crystal, frame, image
                if growth.effort > EFFORT or (best and (growth.closed or len(best[0].quotient.vertices) == 1)):
                    break
            if growth.effort > EFFORT or (best and growth.closed):
                break
        if best is None:
            return False
        self.crystal, frame, image = best
        self.maps.append(image)
        self.orbit = {v: frame.site[name] for v, name in enumerate(self.bare.names)}
        return True

    def _with(self, image: Map) -> tuple[Crystal | None, Frame | None]:
        """The crystal that one map more would make."""
        frame = _frame(self.bare, [*self.maps, image])
        crystal = frame and crystallise(frame, _unit_vectors(frame.dimension), shown=3)
        return (crystal, frame) if crystal and _is_filled(crystal) else (None, None)

    @staticmethod
    def _better(crystal: Crystal, other: Crystal | None) -> bool:
        """Whether a crystal has fewer vertices per cell than another."""
        return other is None or len(crystal.quotient.vertices) < len(other.quotient.vertices)


def _is_filled(crystal: Crystal) -> bool:
    """Whether no ring has gaps and the cells fill a good part of the box they span."""
    box = len(crystal.quotient.vertices) * math.prod(crystal.extents)
    closed = [i for i, ring in enumerate(crystal.periodic) if ring]
    lines = Counter(
        (name, tuple(x for i, x in enumerate(cell) if i not in closed)) for name, cell in crystal.certificate.values()
    )
    whole = math.prod(crystal.extents[i] for i in closed)
    free = len(crystal.extents) - len(closed)
    return set(lines.values()) == {whole} and len(crystal.certificate) * 2**free >= box


def _unit_vectors(dimension: int) -> list[Vector]:
    """Basis of all integer vectors."""
    return [tuple(int(i == j) for j in range(dimension)) for i in range(dimension)]


class _Growth:
    """Grows maps of the graph from the image of one vertex."""

    def __init__(self, bare: _Bare, colour: list[int], commuting: list[Map], closed: bool) -> None:
        self.bare = bare
        self.colour = colour
        self.commuting = commuting
        self.closed = closed
        self.reach = 0
        self.effort = 0
        self.by_number = False

    def maps(self, start: int, target: int) -> Iterator[Map]:
        """Maps that take start to target, those in step with the numbers first, then those with small displacements."""
        for self.by_number in (True, False):
            yield from self._alternatives(start, target)

    def _alternatives(self, start: int, target: int) -> Iterator[Map]:
        """The maps along the first alternatives in one order of preference (an odometer over the choices made)."""
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
        """One map; `choices` are the alternatives to take, `options` collects how many there were."""
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
        """Whether the map covers enough, and moves no vertex more than twice as far as another."""
        n = len(self.bare.near)
        if len(self.image) < (n if self.closed else (n + 1) // 2):
            return False
        moved = [self.bare.distances(v, self.reach)[w] for v, w in self.image.items()]
        return max(moved) <= 2 * min(moved)

    def _assign(self, pending: Map) -> bool:
        """Map vertices, and with them their images under the commuting maps; False if something disagrees."""
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
        if v in self.image or w in self.source or v == w or self.colour[v] != self.colour[w]:
            return False
        if w not in self.bare.distances(v, self.reach) or self.bare.distances(v, self.reach)[w] > self.reach:
            return False
        here, there = self.bare.near[v], self.bare.near[w]
        mapped = {self.image[u]: kind for u, kind in here.items() if u in self.image}
        return all(there.get(z) == kind for z, kind in mapped.items()) and all(
            z in mapped for z in there if z in self.source
        )

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
        """A vertex with a single possible image; empty if there is none, None if a total map has got stuck."""
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


def _frame(bare: _Bare, maps: list[Map]) -> Frame | None:
    """Sites are orbits of the maps, places count the steps along them; None if the steps contradict each other."""
    k = len(maps)
    moves = [(m, step) for m, step in zip(maps, _unit_vectors(k), strict=True)]
    moves += [({w: v for v, w in m.items()}, integers.negate(step)) for m, step in list(moves)]
    site: dict[int, int] = {}
    place: dict[int, Vector] = {}
    relations: set[Vector] = set()
    order = {0: (0,) * k}
    queue = deque([0])
    while queue:
        v = queue.popleft()
        if v not in site:
            relations |= _spread(v, order[v], moves, site, place)
        for u in bare.near[v]:
            if u not in order:
                order[u] = place[v]
                queue.append(u)
    periods = integers.hermite(sorted(relations))
    names = bare.names
    places = {names[v]: integers.reduce(x, periods) for v, x in sorted(place.items())}
    sites: dict[Any, Hashable] = {names[v]: s for v, s in site.items()}
    frame = Frame(sites, places, periods, bare.node_labels, bare.links, k)
    return frame if len(frame.at()) == len(places) else None


def _spread(
    root: int, origin: Vector, moves: Iterable[tuple[Map, Vector]], site: dict[int, int], place: dict[int, Vector]
) -> set[Vector]:
    """Give places to the orbit of a vertex; returns the steps that lead back to where they started."""
    relations = set()
    site[root], place[root] = root, origin
    stack = [root]
    while stack:
        v = stack.pop()
        for image, step in moves:
            w = image.get(v)
            if w is None:
                continue
            reached = integers.add(place[v], step)
            if w not in site:
                site[w], place[w] = root, reached
                stack.append(w)
            elif reached != place[w]:
                relations.add(integers.subtract(reached, place[w]))
    return relations
