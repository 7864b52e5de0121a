"""Translations of a graph whose vertices have places.

A displacement t is a translation if, wherever both x and x + t are places of the graph, the vertices there have the same
label, and every edge has its image unless the image has an end outside.  Every displacement that could be one joins a
single vertex to its equals, so at most as many as there are vertices are tried, shortest first, and a wrong one
fails at the first difference; the ones that pass span the lattice.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import cache
from typing import Any

from graphs import integers
from graphs.crystal import Crystal, Frame, crystallise
from graphs.integers import Basis, Vector
from graphs.labels import reverse

Star = dict[tuple[Hashable, Vector, Hashable], int]


def ring_periods(frame: Frame, wanted: Sequence[int | None] | None) -> tuple[int | None, ...]:
    """The stated periods, or those suggested by edges that span more than half of an axis."""
    if wanted is not None:
        return tuple(wanted)
    spans = _spans(frame)
    longest = [0] * frame.dimension
    for link in frame.links:
        step = integers.subtract(frame.place[link.tail], frame.place[link.head])
        longest = [max(a, abs(x)) for a, x in zip(longest, step, strict=True)]
    return tuple(n if 2 * far > n > 2 else None for far, n in zip(longest, spans, strict=True))


def _spans(frame: Frame) -> list[int]:
    """Extent of the places along every axis, in steps of the finest spacing counted as one interval more."""
    spans = []
    for column in zip(*frame.place.values(), strict=True):
        low = min(column)
        stride = math.gcd(*(x - low for x in column)) or 1
        spans.append(max(column) - low + stride)
    return spans


def best_crystal(frame: Frame, margin: int) -> tuple[Crystal, Frame] | None:
    """The fold with most translations, then the fewest vertices set aside, then the smallest cell."""
    best: tuple[tuple[int, int, int], Crystal, Frame] | None = None
    for trimmed in _trimmings(frame, margin):
        aside = len(frame.place) - len(trimmed.place)
        search = _Search(trimmed)
        crystal = search.folded(search.lattice())
        if crystal is None or (aside and not _seen_thrice(crystal)):
            continue
        score = (-crystal.quotient.dimension, aside, len(crystal.quotient.vertices))
        if best is None or score < best[0]:
            best = score, crystal, trimmed
        if crystal.quotient.dimension == frame.dimension:
            break
    return None if best is None else best[1:]


def _seen_thrice(crystal: Crystal) -> bool:
    """Whether there are three cells along every open direction."""
    return all(ring or n >= 3 for n, ring in zip(crystal.extents, crystal.periodic, strict=True))


def _trimmings(frame: Frame, margin: int) -> Iterator[Frame]:
    """The frame without up to `margin` layers at the ends of its open axes, fewest layers first."""
    ring = {integers.pivot(row) for row in frame.periods}
    if len(ring) == frame.dimension:
        yield frame
        return
    cuts = list(itertools.product(range(margin + 1), repeat=2))
    choices = [[(0, 0)] if i in ring else cuts for i in range(frame.dimension)]
    levels = [sorted(set(column)) for column in zip(*frame.place.values(), strict=True)]
    for cut in sorted(itertools.product(*choices), key=lambda c: (sum(map(sum, c)), c)):
        if all(low + high < len(level) for (low, high), level in zip(cut, levels, strict=True)):
            bounds = [(level[low], level[-1 - high]) for (low, high), level in zip(cut, levels, strict=True)]
            yield _restricted(frame, bounds)


def _restricted(frame: Frame, bounds: Sequence[tuple[int, int]]) -> Frame:
    """The part of a frame inside a box."""
    place = {
        v: x for v, x in frame.place.items() if all(a <= c <= b for c, (a, b) in zip(x, bounds, strict=True))
    }
    links = [link for link in frame.links if link.tail in place and link.head in place]
    return Frame(frame.site, place, frame.periods, frame.labels, links, frame.dimension)


class _Search:
    """Finds the translations of one frame."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.at = frame.at()
        self.closed = len(frame.periods) == frame.dimension
        self.reduced = integers.reducer(frame.periods, frame.dimension)
        self.rings = {integers.pivot(row): max(row) for row in frame.periods}
        self.stars = _stars(frame)
        ids: dict[Hashable, int] = {}
        self.kind = {
            v: ids.setdefault((frame.site[v], frame.labels[v], frozenset(self.stars[v].items())), len(ids))
            for v in frame.place
        }
        sizes = Counter(self.kind.values())
        self.rare_first = sorted(frame.place, key=lambda v: sizes[self.kind[v]])
        self._crystals: dict[tuple[Vector, ...], Crystal | None] = {}

    def folded(self, basis: Basis) -> Crystal | None:
        """The frame folded by a lattice, once for each."""
        key = tuple(basis)
        if key not in self._crystals:
            self._crystals[key] = crystallise(self.frame, basis)
        return self._crystals[key]

    def lattice(self) -> Basis:
        """The lattice of translations, periods included."""
        basis = list(self.frame.periods)
        refused: set[Vector] = set()
        for step in self._candidates():
            rest = integers.reduce(step, basis)
            if not any(rest) or rest in refused:
                continue
            larger = integers.extend(basis, step)
            if self._is_translation(step) and (self.closed or self.folded(larger)):
                basis, refused = larger, set()
                if integers.index(basis, self.frame.dimension) == 1:
                    break
            elif self.closed:
                refused.add(rest)
        return basis

    def _candidates(self) -> Iterator[Vector]:
        """Displacements that are seen at least twice along every open axis: first the unit steps, then the others."""
        d = self.frame.dimension
        spans = [0 if i in self.rings else n for i, n in enumerate(_spans(self.frame))]
        units = [tuple(int(i == j) for j in range(d)) for i in range(d)]
        for step in itertools.chain(units, self._to_equals()):
            if all(n == 0 or 2 * abs(x) <= n for x, n in zip(step, spans, strict=True)):
                yield step

    def _to_equals(self) -> Iterator[Vector]:
        """Displacements from one vertex to its equals, shortest first, one of each opposite pair."""
        frame, origin = self.frame, self._origin()
        same = self.kind if self.closed else {v: (frame.site[v], frame.labels[v]) for v in frame.place}
        equal = [v for v in frame.place if same[v] == same[origin]]
        steps = (self._shortest(integers.subtract(frame.place[v], frame.place[origin])) for v in equal)
        unique = dict.fromkeys(max(step, integers.negate(step)) for step in steps)
        yield from sorted(unique, key=lambda step: (sum(map(abs, step)), integers.negate(step)))

    def _origin(self) -> Any:
        """A vertex with few equals on a closed graph; the one nearest to the centre on an open one."""
        place = self.frame.place
        if self.closed:
            return self.rare_first[0]
        ends = [(min(column), max(column)) for column in zip(*place.values(), strict=True)]
        return min(place, key=lambda v: sum(abs(2 * x - a - b) for x, (a, b) in zip(place[v], ends, strict=True)))

    def _shortest(self, step: Vector) -> Vector:
        """The shortest form of a displacement on the rings."""
        return tuple(
            x - n * ((2 * x + n - 1) // (2 * n)) if (n := self.rings.get(i)) else x for i, x in enumerate(step)
        )

    def _moved(self, v: Any, step: Vector) -> Any:
        """The vertex reached from v by a displacement, or None."""
        place = self.reduced(integers.add(self.frame.place[v], step))
        return self.at.get((self.frame.site[v], place))

    def _is_translation(self, step: Vector) -> bool:
        """Whether a displacement maps the graph to itself wherever both sides exist."""
        moved_any = False
        for v in self.rare_first:
            image = self._moved(v, step)
            if image is None:
                continue
            moved_any = True
            if self.kind[v] != self.kind[image] and not self._agree(v, image):
                return False
        return moved_any

    def _agree(self, v: Any, image: Any) -> bool:
        """Whether two vertices have the same label, and the same edges to places that exist around both."""
        if self.frame.labels[v] != self.frame.labels[image]:
            return False
        here, there = self.stars[v], self.stars[image]
        differing = (key for key in here.keys() | there.keys() if here.get(key) != there.get(key))
        return not any(self._exists(v, key) and self._exists(image, key) for key in differing)

    def _exists(self, v: Any, key: tuple[Hashable, Vector, Hashable]) -> bool:
        """Whether the far end of a kind of edge exists around a vertex."""
        place = self.reduced(integers.add(self.frame.place[v], key[1]))
        return (key[0], place) in self.at


def _stars(frame: Frame) -> dict[Any, Star]:
    """For every vertex the number of its edges by (site of the far end, displacement, label read outwards)."""
    stars: dict[Any, Star] = {v: {} for v in frame.place}
    site, place = frame.site, frame.place
    reduced = cache(integers.reducer(frame.periods, frame.dimension))
    for tail, head, label, _ in frame.links:
        step = integers.subtract(place[head], place[tail])
        there = site[head], reduced(step), label
        back = site[tail], reduced(integers.negate(step)), reverse(label)
        stars[tail][there] = stars[tail].get(there, 0) + 1
        stars[head][back] = stars[head].get(back, 0) + 1
    return stars
