"""Translations of a bare graph: maps of the graph to itself that move every vertex by a bounded
distance.

A translation is determined by the image of one vertex and a few choices around it, so instead of
the whole group of automorphisms a single map is grown outwards from one pair (v, w): a vertex next
to the mapped ones can only go to common neighbours of their images.  Where several images are
possible the one whose number in the graph is shifted like that of v is tried first, since most
graphs are built in order, and then the least displacement.  Maps commute with the ones already
found, which determines them further.  Two passes are made:

* closed: total maps (automorphisms), with vertices coloured by what they see around them;
* open: partial maps, undefined where no image is left, that must cover at least half of the
  vertices.

No vertex may move more than twice as far as another, which tells translations from rotations and
reflections.  Where nothing is found the search is widened: open maps are grown from other vertices
near the centre, and closed ones may move vertices by any distance (a ring with long branches turns
about an axis), if they close to a ring of at least three. Orbits of the maps give sites, steps
along orbits give places, and `crystallise` decides whether this is a crystal.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from neurenorm.graphs.folding.bare_graph import BareGraph
from neurenorm.graphs.folding.crystal import Crystal, crystallise
from neurenorm.graphs.folding.frame import Frame, Piece, numbered
from neurenorm.graphs.folding.map_growth import Map, MapGrowth
from neurenorm.graphs.periodic import integers
from neurenorm.graphs.periodic.integers import Vector

SEARCH_LIMIT = 2048
"""Largest number of vertices of a bare graph whose translations are searched."""

EFFORT = 300_000
"""How many images are tried in each pass (checking a map counts as four for each vertex); a search
that would need more ends with the maps that it has found.
"""

WIDER_EFFORT = EFFORT // 6
"""The same for each pass of the widened search."""

STARTS = 7
"""From how many vertices next to the centre open maps are grown in the widened search."""

WIDENED_LIMIT = 512
"""Largest number of vertices of a bare graph for which the search is widened."""


def crystal_of_bare_graph(piece: Piece) -> tuple[Crystal, list[dict[Any, Any]]] | None:
    """The crystal of a connected graph without coordinates and the maps that generate it; None if
    there is none.
    """
    if len(piece.names) > SEARCH_LIMIT:
        raise ValueError(
            f"a graph of {len(piece.names)} nodes is too large to search (at most {SEARCH_LIMIT}); "
            "declare coordinates"
        )
    bare = BareGraph(piece)
    if len(bare.distances(0, len(piece.names))) < len(piece.names):
        raise ValueError(
            "a graph without coordinates has to be connected; declare coordinates, or fold its "
            "components"
        )
    best = _searched(bare, (True, False))
    if best is None:
        best = _smaller(_widened(bare))
    elif len(best.quotient.vertices) > 1:
        best = _smaller((best, _searched(bare, (False,))))
    return None if best is None else (best, _generators(best, piece.names))


def _searched(bare: BareGraph, passes: tuple[bool, ...]) -> Crystal | None:
    """The crystal found by a sequence of closed (True) and open (False) passes."""
    search = _Search(bare)
    for closed in passes:
        search.extend(closed)
    return search.crystal


def _widened(bare: BareGraph) -> Iterator[Crystal | None]:
    """Crystals by rotations of the whole graph, and by open maps that start next to the centre."""
    if len(bare.near) > WIDENED_LIMIT:
        return
    turning = _Search(bare, WIDER_EFFORT, any_distance=True)
    turning.extend(True)
    yield turning.crystal
    for start in list(bare.distances(bare.centre(), 3))[1 : STARTS + 1]:
        search = _Search(bare, WIDER_EFFORT, start=start)
        search.extend(False)
        yield search.crystal


def _smaller(found: Iterable[Crystal | None]) -> Crystal | None:
    """The first crystal with the smallest cell; nothing is smaller than a cell of one vertex."""
    best: Crystal | None = None
    for crystal in found:
        if crystal and (
            best is None or len(crystal.quotient.vertices) < len(best.quotient.vertices)
        ):
            best = crystal
            if len(best.quotient.vertices) == 1:
                break
    return best


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


class _Search:
    """Collects commuting translations and the crystal they make."""

    def __init__(
        self,
        bare: BareGraph,
        effort: int = EFFORT,
        start: int | None = None,
        any_distance: bool = False,
    ) -> None:
        self.bare = bare
        self.effort = effort
        self.start = start
        self.any_distance = any_distance
        self.maps: list[Map] = []
        self.crystal: Crystal | None = None
        self.orbit: dict[int, Hashable] = {v: v for v in range(len(bare.near))}

    def extend(self, closed: bool) -> None:
        """Add all independent translations that are found from one vertex, the shortest first."""
        n = len(self.bare.near)
        colour = self.bare.colours if closed else self.bare.label
        size = Counter(colour)
        centre = self.bare.centre() if self.start is None else self.start
        start = min(range(n), key=lambda v: (size[colour[v]], v)) if closed else centre
        targets: dict[int, dict[int, None]] = {}
        for target, d in self.bare.distances(start, n).items():
            if d and colour[target] == colour[start]:
                for reach in (n,) if self.any_distance else (d, 2 * d):
                    targets.setdefault(reach, {})[target] = None
        growth = MapGrowth(self.bare, colour, self.maps, closed, n if self.any_distance else 2)
        for growth.reach in sorted(targets):
            while not self._finished() and growth.effort < self.effort:
                if not self._step(growth, start, targets[growth.reach]):
                    break

    def _finished(self) -> bool:
        """Whether the translations already reach every vertex from every other."""
        return self.crystal is not None and len(self.crystal.quotient.vertices) == 1

    def _step(self, growth: MapGrowth, start: int, targets: Iterable[int]) -> bool:
        """Accept one map more: the first total one, or the partial one that leaves fewest vertices
        per cell.
        """
        best: tuple[Crystal, Frame, Map] | None = None
        for target in targets:
            if self.orbit[target] == self.orbit[start]:
                continue
            for image in growth.maps(start, target):
                crystal, frame = self._with(image)
                growth.effort += 4 * len(image)
                if crystal and frame and self._better(crystal, best[0] if best else self.crystal):
                    best = crystal, frame, image
                if growth.effort > self.effort or (
                    best and (growth.closed or len(best[0].quotient.vertices) == 1)
                ):
                    break
            if growth.effort > self.effort or (best and growth.closed):
                break
        if best is None:
            return False
        self.crystal, frame, image = best
        self.maps.append(image)
        self.orbit = dict(enumerate(frame.site))
        return True

    def _with(self, image: Map) -> tuple[Crystal | None, Frame | None]:
        """The crystal that one map more would make."""
        frame = _frame(self.bare, [*self.maps, image])
        crystal = frame and crystallise(frame, _unit_vectors(frame.dimension), shown=3)
        if (
            not crystal
            or not _is_filled(crystal)
            or (self.any_distance and min(crystal.extents) < 3)
        ):
            return None, None
        return crystal, frame

    @staticmethod
    def _better(crystal: Crystal, other: Crystal | None) -> bool:
        """Whether a crystal has fewer vertices per cell than another."""
        return other is None or len(crystal.quotient.vertices) < len(other.quotient.vertices)


def _is_filled(crystal: Crystal) -> bool:
    """Whether no ring has gaps and the cells fill a good part of the box they span."""
    box = len(crystal.quotient.vertices) * math.prod(crystal.extents)
    closed = [i for i, ring in enumerate(crystal.periodic) if ring]
    across = [tuple(x for i, x in enumerate(cell) if i not in closed) for cell in crystal.cells]
    lines = Counter(
        (c, across[crystal.cell[crystal.frame.spot[v]]]) for v, c in crystal.classes.items()
    )
    whole = math.prod(crystal.extents[i] for i in closed)
    free = len(crystal.extents) - len(closed)
    return set(lines.values()) == {whole} and len(crystal.classes) * 2**free >= box


def _unit_vectors(dimension: int) -> list[Vector]:
    """Basis of all integer vectors."""
    return [tuple(int(i == j) for j in range(dimension)) for i in range(dimension)]


def _frame(bare: BareGraph, maps: list[Map]) -> Frame | None:
    """Sites are orbits of the maps, places count the steps along them; None if the steps contradict
    each other.
    """
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
    vertices = range(len(bare.near))
    frame = Frame.of(
        bare.piece,
        numbered(site[v] for v in vertices)[0],
        (integers.reduce(place[v], periods) for v in vertices),
        periods,
        k,
    )
    return frame if len(frame.at) == len(vertices) else None


def _spread(
    root: int,
    origin: Vector,
    moves: Iterable[tuple[Map, Vector]],
    site: dict[int, int],
    place: dict[int, Vector],
) -> set[Vector]:
    """Give places to the orbit of a vertex; returns the steps that lead back to where they
    started.
    """
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
