"""The Brillouin zone of a periodic graph, exactly, from the scalar products of its primitive
vectors.

A wave number is given by its coordinates q in the reciprocal basis, k = Σ_i q_i b_i with b_i·a_j =
2π δ_ij, so that the phase over the primitive vector a_i is 2π q_i and |k|² = (2π)² qᵀG⁻¹q.  The
zone holds what is nearer to zero than to any other reciprocal lattice vector g.  By Voronoi's
theorem ±g bounds it in a face exactly if g is, up to its sign, the only shortest vector of its
class modulo 2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from neurenorm.graphs.periodic.integers import Vector, add, negate
from neurenorm.graphs.periodic.metric import Metric, NoMetric, Row, inverse, times
from neurenorm.graphs.periodic.periodic import PeriodicGraph
from neurenorm.graphs.rendering import Tabulated

__all__ = ["BrillouinZone", "brillouin_zone"]


@dataclass(frozen=True)
class BrillouinZone(Tabulated):
    """The zone of wave numbers nearest to zero, in coordinates q of the reciprocal basis (phases
    are 2πq).

    Parameters
    ----------
    reciprocal : tuple of rows
        G⁻¹, the scalar products of the reciprocal basis in units of (2π)².
    faces : tuple of integer tuples
        The reciprocal lattice vectors g whose bisecting planes q·G⁻¹g = g·G⁻¹g/2 bound the zone.
    corners : tuple of rows
        The corners q; in two dimensions in order around the zone.

    Examples
    --------
    >>> from neurenorm.graphs.lattices import triangular
    >>> zone = brillouin_zone(triangular())
    >>> len(zone.faces), sorted({tuple(map(abs, q)) for q in zone.corners})
    (6, [(Fraction(1, 3), Fraction(1, 3)), (Fraction(1, 3), Fraction(2, 3)), (Fraction(2, 3), Fraction(1, 3))])
    """

    reciprocal: tuple[Row, ...]
    faces: tuple[Vector, ...]
    corners: tuple[Row, ...]

    def squared_length(self, q: Sequence[Fraction | int]) -> Fraction:
        """Return qᵀG⁻¹q, the square of a wave number in units of (2π)²."""
        return _product(self.reciprocal, q, q)

    def contains(self, q: Sequence[Fraction | int]) -> bool:
        """Return whether a wave number lies in the zone, its boundary included."""
        return all(
            2 * _product(self.reciprocal, q, g) <= self.squared_length(g) for g in self.faces
        )

    def path(self) -> tuple[tuple[str, Row], ...]:
        """Return a round trip over one point of each kind: Γ, centre of a face, centre of an edge
        (d = 3), corner, Γ.

        Returns
        -------
        tuple of (name, q)
            ``Γ``, ``face``, ``edge``, ``corner``, ``Γ``, each on the one before, next to the
            nearest face.  On the square lattice face and corner are called X and M, on the
            triangular one M and K; in one dimension the face is the corner.

        Examples
        --------
        >>> from neurenorm.graphs.lattices import square
        >>> [(name, [str(x) for x in q]) for name, q in brillouin_zone(square()).path()]
        [('Γ', ['0', '0']), ('face', ['1/2', '0']), ('corner', ['1/2', '1/2']), ('Γ', ['0', '0'])]
        """
        d = len(self.reciprocal)
        face = min(self.faces, key=lambda g: (self.squared_length(g), negate(g)))
        origin = ("Γ", (Fraction(0),) * d)
        stops = [origin, ("face", tuple(Fraction(x, 2) for x in face))]
        on_face = [q for q in self.corners if self._touches(q, face)]
        corner = max(on_face, key=lambda q: q)
        if d == 3:
            ends = min((q for q in on_face if self._shared(q, corner) == 2), key=lambda q: q)
            stops.append(("edge", tuple((x + y) / 2 for x, y in zip(corner, ends, strict=True))))
        return (*stops, *([("corner", corner)] if d > 1 else []), origin)

    def _touches(self, q: Row, g: Vector) -> bool:
        """Whether a point lies on the plane of a face."""
        return 2 * _product(self.reciprocal, q, g) == self.squared_length(g)

    def _shared(self, p: Row, q: Row) -> int:
        """Number of faces that two different corners share; two corners that share two are ends of
        an edge.
        """
        return 0 if p == q else sum(self._touches(p, g) and self._touches(q, g) for g in self.faces)


def brillouin_zone(cell: PeriodicGraph | Metric, dimension: int | None = None) -> BrillouinZone:
    """Return the Brillouin zone of a periodic graph of at most three dimensions.

    Parameters
    ----------
    cell : PeriodicGraph or Metric
        With a metric; of a metric the first `dimension` axes (default: all) are the primitive
        vectors.
    dimension : int, optional
        Number of translations of a metric.

    Returns
    -------
    BrillouinZone

    Raises
    ------
    NoMetric
        If the graph has no metric.
    ValueError
        In more than three dimensions.

    Examples
    --------
    >>> from neurenorm.graphs.lattices import cubic
    >>> zone = brillouin_zone(cubic())
    >>> len(zone.faces), len(zone.corners)
    (6, 8)
    """
    metric = cell if isinstance(cell, Metric) else cell.metric
    if metric is None:
        raise NoMetric("a Brillouin zone")
    d = dimension or (cell.dimension if isinstance(cell, PeriodicGraph) else len(metric.gram))
    if d > 3:
        raise ValueError(f"Brillouin zones are built in at most three dimensions, not {d}")
    reciprocal = tuple(inverse([row[:d] for row in metric.gram[:d]]))
    faces = _faces(reciprocal)
    return BrillouinZone(reciprocal, faces, _corners(reciprocal, faces))


def _product(
    gram: Sequence[Row], p: Sequence[Fraction | int], q: Sequence[Fraction | int]
) -> Fraction:
    """A scalar product."""
    return sum((x * y * gram[i][j] for i, x in enumerate(p) for j, y in enumerate(q)), Fraction(0))


def _reduced(gram: Sequence[Row]) -> list[Vector]:
    """A basis of short vectors: no vector gets shorter by adding or subtracting the others."""
    d = len(gram)
    basis: list[Vector] = [tuple(int(i == j) for j in range(d)) for i in range(d)]
    while True:
        before = list(basis)
        for i in range(d):
            others = [b for j, b in enumerate(basis) if j != i]
            for turns in itertools.product((-1, 0, 1), repeat=d - 1):
                step = basis[i]
                for n, b in zip(turns, others, strict=True):
                    step = add(step, tuple(n * x for x in b))
                if _product(gram, step, step) < _product(gram, basis[i], basis[i]):
                    basis[i] = step
        if basis == before:
            return basis


def _faces(gram: Sequence[Row]) -> tuple[Vector, ...]:
    """The vectors that are, up to sign, the only shortest ones of their class modulo 2."""
    basis, d = _reduced(gram), len(gram)
    classes: dict[Vector, list[tuple[Fraction, Vector]]] = {}
    for n in itertools.product(range(-2, 3), repeat=d):
        g = tuple(sum(x * b[j] for x, b in zip(n, basis, strict=True)) for j in range(d))
        classes.setdefault(tuple(x % 2 for x in n), []).append((_product(gram, g, g), g))
    found: list[Vector] = []
    for parity, members in classes.items():
        least = min(members)[0]
        shortest = [g for size, g in members if size == least]
        found += shortest if any(parity) and len(shortest) == 2 else []
    return tuple(sorted(found))


def _corners(gram: Sequence[Row], faces: Sequence[Vector]) -> tuple[Row, ...]:
    """The points where d planes of faces meet and no other plane is passed."""
    found = set()
    for planes in itertools.combinations(faces, len(gram)):
        rows = [times([Fraction(x) for x in g], gram) for g in planes]
        try:
            back = inverse(list(zip(*rows, strict=True)))
        except ValueError:
            continue
        q = times([_product(gram, g, g) / 2 for g in planes], back)
        if all(2 * _product(gram, q, g) <= _product(gram, g, g) for g in faces):
            found.add(q)
    corners = sorted(found)
    if len(gram) == 2:
        metric = Metric(gram, {})
        corners.sort(key=lambda q: math.atan2(*reversed(metric.cartesian(q))))
    return tuple(corners)
