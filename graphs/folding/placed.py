"""Translations of a graph whose vertices have places.

A displacement t is a translation if, wherever both x and x + t are places of the graph, the
vertices there have the same label, and every edge has its image unless the image has an end
outside.  Every displacement that could be one joins a single vertex to its equals, so at most as
many as there are vertices are tried, shortest first, and a wrong one fails at the first difference;
the ones that pass span the lattice.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property

from neurenorm.graphs.folding.crystal import Crystal, crystallise
from neurenorm.graphs.folding.frame import Frame, numbered
from neurenorm.graphs.periodic import integers
from neurenorm.graphs.periodic.integers import Basis, Vector
from neurenorm.graphs.periodic.labels import reverse

__all__ = ["best_crystal", "ring_periods"]

WITNESSES = 4
"""How many of the rarest vertices rule displacements out beforehand."""

GLANCE = 256
"""How many of the rarest vertices of an open graph are looked at before it is folded by a
displacement, which looks at all of them.
"""


def ring_periods(frame: Frame) -> tuple[int | None, ...]:
    """The periods suggested by edges that span more than half of an axis."""
    longest = [0] * frame.dimension
    for kind in frame.kinds:
        longest = [max(a, abs(x)) for a, x in zip(longest, kind.step, strict=True)]
    return tuple(
        n if 2 * far > n > 2 else None for far, n in zip(longest, _spans(frame), strict=True)
    )


def _spans(frame: Frame) -> list[int]:
    """Extent of the places along every axis, in steps of the finest spacing counted as one interval
    more.
    """
    spans = []
    for column in zip(*map(frame.places.__getitem__, frame.spots), strict=True):
        low = min(column)
        stride = math.gcd(*(x - low for x in column)) or 1
        spans.append(max(column) - low + stride)
    return spans


def best_crystal(frame: Frame, margins: Sequence[int]) -> Crystal | None:
    """The fold with most translations, then the fewest vertices set aside, then the smallest cell.

    Up to `margin` layers at the ends are set aside, for the first of the margins that leads to a
    fold.
    """
    tried = -1
    for margin in margins:
        found = _best_within(frame, _cuts(frame, tried, margin))
        if found is not None:
            return found
        tried = margin
    return None


def _best_within(frame: Frame, cuts: Iterator[Frame]) -> Crystal | None:
    """The best fold of some trimmings of a frame."""
    best: tuple[tuple[int, int, int], Crystal] | None = None
    for trimmed in cuts:
        aside = len(frame.vertices) - len(trimmed.vertices)
        search = _Search(trimmed)
        crystal = search.folded(search.lattice())
        if crystal is None or (aside and not _seen_thrice(crystal)):
            continue
        score = (-crystal.quotient.dimension, aside, len(crystal.quotient.vertices))
        if best is None or score < best[0]:
            best = score, crystal
        if crystal.quotient.dimension == frame.dimension:
            break
    return None if best is None else best[1]


def _seen_thrice(crystal: Crystal) -> bool:
    """Whether there are three cells along every open direction."""
    return all(ring or n >= 3 for n, ring in zip(crystal.extents, crystal.periodic, strict=True))


def _cuts(frame: Frame, tried: int, margin: int) -> Iterator[Frame]:
    """The frame without more than `tried` and up to `margin` layers at some end of its open axes,
    fewest layers first.
    """
    ring = {integers.pivot(row) for row in frame.periods}
    choices = [
        [(0, 0)] if i in ring else list(itertools.product(range(margin + 1), repeat=2))
        for i in range(frame.dimension)
    ]
    levels = [sorted(set(column)) for column in zip(*frame.places, strict=True)]
    for cut in sorted(itertools.product(*choices), key=lambda c: (sum(map(sum, c)), c)):
        if max(map(max, cut)) <= tried or not all(
            low + high < len(level) for (low, high), level in zip(cut, levels, strict=True)
        ):
            continue
        bounds = [
            (level[low], level[-1 - high]) for (low, high), level in zip(cut, levels, strict=True)
        ]
        yield frame.inside(bounds) if any(map(any, cut)) else frame


class _Search:
    """Finds the translations of one frame."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.closed = len(frame.periods) == frame.dimension
        self.rings = {integers.pivot(row): max(row) for row in frame.periods}
        self.star, self.rays = _stars(frame)
        self._crystals: dict[tuple[Vector, ...], Crystal | None] = {}

    @cached_property
    def look(self) -> dict[int, int]:
        """What every vertex shows: vertices with one site, label and star look the same."""
        site, label, star = self.frame.site, self.frame.piece.label, self.star
        numbers, _ = numbered(
            (site[v], label[v], tuple(sorted(star[v]))) for v in self.frame.vertices
        )
        return dict(zip(self.frame.vertices, numbers, strict=True))

    @cached_property
    def rare_first(self) -> list[int]:
        """The vertices, those that look like few others first."""
        sizes = Counter(self.look.values())
        return sorted(self.frame.vertices, key=lambda v: sizes[self.look[v]])

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
            if self._is_translation(step) and (
                self.closed or self.folded(integers.extend(basis, step))
            ):
                basis, refused = integers.extend(basis, step), set()
                if integers.index(basis, self.frame.dimension) == 1:
                    break
            elif self.closed:
                refused.add(rest)
        return basis

    def _candidates(self) -> Iterator[Vector]:
        """Displacements that are seen at least twice along every open axis: first the unit steps,
        then the others that no witness rules out.
        """
        d = self.frame.dimension
        spans = [0 if i in self.rings else n for i, n in enumerate(_spans(self.frame))]
        units = [tuple(int(i == j) for j in range(d)) for i in range(d)]
        for step in itertools.chain(units, self._to_equals()):
            if all(n == 0 or 2 * abs(x) <= n for x, n in zip(step, spans, strict=True)):
                yield step

    def _ruled_out(self) -> set[Vector]:
        """Displacements, modulo the periods, between a rare vertex and one with another label at
        the same site.
        """
        frame, site, label = self.frame, self.frame.site, self.frame.piece.label
        steps = set()
        for witness in self.rare_first[:WITNESSES]:
            start = frame.places[frame.spot[witness]]
            for v in frame.vertices:
                if site[v] == site[witness] and label[v] != label[witness]:
                    step = integers.subtract(frame.places[frame.spot[v]], start)
                    steps |= {frame.reduced(step), frame.reduced(integers.negate(step))}
        return steps

    def _to_equals(self) -> Iterator[Vector]:
        """Displacements from one vertex to its equals, shortest first, one of each opposite
        pair.
        """
        frame, origin = self.frame, self._origin()
        if self.closed:
            equal = [v for v in frame.vertices if self.look[v] == self.look[origin]]
        else:
            shown = frame.site[origin], frame.piece.label[origin]
            equal = [v for v in frame.vertices if (frame.site[v], frame.piece.label[v]) == shown]
        start = frame.places[frame.spot[origin]]
        steps = (
            self._shortest(integers.subtract(frame.places[frame.spot[v]], start)) for v in equal
        )
        unique = dict.fromkeys(max(step, integers.negate(step)) for step in steps)
        ruled_out, reduced = self._ruled_out(), frame.reduced
        yield from sorted(
            (step for step in unique if reduced(step) not in ruled_out),
            key=lambda step: (sum(map(abs, step)), integers.negate(step)),
        )

    def _origin(self) -> int:
        """A vertex with few equals on a closed graph; the one nearest to the centre on an
        open one.
        """
        if self.closed:
            return self.rare_first[0]
        places, spot = self.frame.places, self.frame.spot
        ends = [
            (min(column), max(column))
            for column in zip(*map(places.__getitem__, self.frame.spots), strict=True)
        ]
        away = {
            s: sum(abs(2 * x - a - b) for x, (a, b) in zip(places[s], ends, strict=True))
            for s in self.frame.spots
        }
        return min(self.frame.vertices, key=lambda v: away[spot[v]])

    def _shortest(self, step: Vector) -> Vector:
        """The shortest form of a displacement on the rings."""
        return tuple(
            x - n * ((2 * x + n - 1) // (2 * n)) if (n := self.rings.get(i)) else x
            for i, x in enumerate(step)
        )

    def _is_translation(self, step: Vector) -> bool:
        """Whether a displacement maps the graph to itself wherever both sides exist; of an open
        graph the rarest vertices alone are asked.
        """
        moved, at, look = self.frame.mover(step), self.frame.at, self.look
        site, spot, wide = self.frame.site, self.frame.spot, len(self.frame.places)
        moved_any = False
        for asked, v in enumerate(self.rare_first):
            if moved_any and asked >= GLANCE and not self.closed:
                break
            there = moved(spot[v])
            image = None if there is None else at.get(site[v] * wide + there)
            if image is None:
                continue
            moved_any = True
            if look[v] != look[image] and not self._agree(v, image):
                return False
        return moved_any

    def _agree(self, v: int, image: int) -> bool:
        """Whether two vertices have the same label, and the same edges to places that exist around
        both.
        """
        if self.frame.piece.label[v] != self.frame.piece.label[image]:
            return False
        here, there = Counter(self.star[v]), Counter(self.star[image])
        differing = (ray for ray in here.keys() | there.keys() if here[ray] != there[ray])
        return not any(self._exists(v, ray) and self._exists(image, ray) for ray in differing)

    def _exists(self, v: int, ray: int) -> bool:
        """Whether the far end of a ray exists around a vertex."""
        site, step, _ = self.rays[ray]
        there = self.frame.mover(step)(self.frame.spot[v])
        return there is not None and site * len(self.frame.places) + there in self.frame.at


Ray = tuple[int, Vector, Hashable]


def _stars(frame: Frame) -> tuple[dict[int, list[int]], list[Ray]]:
    """For every vertex the rays of its edges; a ray is (site of the far end, displacement, label
    read outwards), given by its number.
    """
    arrows = frame.piece.arrows
    outwards = [(kind.head, frame.reduced(kind.step), arrows[kind.arrow]) for kind in frame.kinds]
    inwards = [
        (kind.tail, frame.reduced(integers.negate(kind.step)), reverse(arrows[kind.arrow]))
        for kind in frame.kinds
    ]
    numbers, rays = numbered([*outwards, *inwards])
    out, back = numbers[: len(outwards)], numbers[len(outwards) :]
    star: dict[int, list[int]] = {v: [] for v in frame.vertices}
    tails, heads, kind = frame.piece.tails, frame.piece.heads, frame.kind
    for k in frame.links:
        star[tails[k]].append(out[kind[k]])
        star[heads[k]].append(back[kind[k]])
    return star, rays
