"""The metric of a periodic graph: primitive vectors and positions of the vertices in exact numbers.

Lengths are scalar products, so what is kept is the matrix of the scalar products of the primitive
vectors,

    G_ij = a_i · a_j        (the Gram matrix),

and for every vertex its coordinates in the a_i.  Both are rational for every common lattice, the
skew ones included: the triangular lattice has G = [[1, 1/2], [1/2, 1]].  No rotation changes them.
Axes after the primitive vectors span what lies across the translations, such as the rungs of a
ladder.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from numbers import Rational
from types import MappingProxyType
from typing import Any, NoReturn

from neurenorm.graphs.rendering import Table

__all__ = ["Metric", "NoMetric"]

Row = tuple[Fraction, ...]


class NoMetric(ValueError):
    """A length is asked of a periodic graph that has no metric.

    Examples
    --------
    >>> from neurenorm.graphs import PeriodicGraph
    >>> PeriodicGraph("A", [("A", "A", 1)], 1).with_metric(None).squared_length(("A", "A", 1))
    Traceback (most recent call last):
    neurenorm.graphs.periodic.metric.NoMetric: the length of an edge needs a metric and this graph has none: ...
    """

    def __init__(self, what: str) -> None:
        """Say what needs the metric, and how to give one."""
        super().__init__(f"{what} needs a metric and this graph has none: give one by with_metric")


class Metric:
    """Primitive vectors and positions of a cell.

    Parameters
    ----------
    gram : sequence of D rows of D rational numbers
        The scalar products of the axes: symmetric and positive definite.  The first d axes are the
        primitive vectors of a graph of dimension d, the others (D > d) lie across.
    positions : mapping
        From every vertex of the cell to its D rational coordinates in the axes.

    Raises
    ------
    TypeError
        If a number is not rational (an integer or a `fractions.Fraction`).
    ValueError
        If the matrix is not square, not symmetric or not positive definite, or a position has not D
        coordinates.

    Examples
    --------
    >>> half, third = Fraction(1, 2), Fraction(1, 3)
    >>> honeycomb = Metric([[1, half], [half, 1]], {"A": (0, 0), "B": (third, third)})
    >>> honeycomb.squared_length((third, third))
    Fraction(1, 3)
    """

    __slots__ = ("__dict__", "_gram", "_positions")
    _gram: tuple[Row, ...]
    _positions: Mapping[Any, Row]

    def __init__(
        self, gram: Iterable[Iterable[Any]], positions: Mapping[Any, Iterable[Any]]
    ) -> None:
        rows = tuple(rational_row(row, "a Gram matrix") for row in gram)
        if not rows or any(len(row) != len(rows) for row in rows):
            raise ValueError("a Gram matrix has as many rows as columns, at least one")
        if any(rows[i][j] != rows[j][i] for i in range(len(rows)) for j in range(i)):
            raise ValueError("a Gram matrix is symmetric: a_i · a_j = a_j · a_i")
        places = {
            v: rational_row(place, f"the position of {v!r}") for v, place in positions.items()
        }
        for v, place in places.items():
            if len(place) != len(rows):
                raise ValueError(
                    f"the position of {v!r} has {len(place)} coordinates, not {len(rows)}"
                )
        object.__setattr__(self, "_gram", rows)
        object.__setattr__(self, "_positions", MappingProxyType(places))
        _ = self.orthogonal

    @classmethod
    def from_vectors(
        cls,
        vectors: Sequence[Sequence[Any]],
        positions: Mapping[Any, Iterable[Any]],
        squares: Sequence[Any] | None = None,
    ) -> Metric:
        """Take the axes from their components along orthogonal directions.

        Parameters
        ----------
        vectors : sequence of D rows
            Rational components of the axes.
        positions : mapping
            From vertices to coordinates in these axes.
        squares : sequence, optional
            Squared lengths of the orthogonal directions (default: all 1).  A component x along a
            direction of square 3 is x √3, so that square roots are exact too.

        Returns
        -------
        Metric
            With G_ij = Σ_c squares_c a_ic a_jc.

        Examples
        --------
        The triangular lattice, a_1 = (1, 0) and a_2 = (1/2, √3/2):

        >>> half = Fraction(1, 2)
        >>> Metric.from_vectors([(1, 0), (half, half)], {0: (0, 0)}, squares=(1, 3)).gram[0]
        (Fraction(1, 1), Fraction(1, 2))
        """
        rows = [rational_row(row, "a primitive vector") for row in vectors]
        width = max(map(len, rows), default=0)
        weight = rational_row([1] * width if squares is None else squares, "the squares")
        if any(len(row) != len(weight) for row in rows):
            raise ValueError(
                f"every primitive vector has {len(weight)} components, one for each direction"
            )
        products = (
            [
                sum((w * x * y for w, x, y in zip(weight, a, b, strict=True)), Fraction(0))
                for b in rows
            ]
            for a in rows
        )
        return cls(products, positions)

    @property
    def gram(self) -> tuple[Row, ...]:
        """The scalar products of the axes."""
        return self._gram

    @property
    def positions(self) -> Mapping[Any, Row]:
        """The coordinates of every vertex in the axes (read only)."""
        return self._positions

    @cached_property
    def orthogonal(self) -> tuple[tuple[Row, ...], Row]:
        """The axes along orthogonal directions: G = L diag(s) Lᵀ with L unit lower triangular.

        Component c of axis i is L_ic √s_c.
        """
        size = len(self._gram)
        lower = [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]
        squares: list[Fraction] = []
        for j in range(size):
            known = range(j)
            square = self._gram[j][j] - sum(lower[j][k] ** 2 * squares[k] for k in known)
            if square <= 0:
                raise ValueError(
                    "a Gram matrix is positive definite: the axes are independent vectors of "
                    "positive length"
                )
            squares.append(Fraction(square))
            for i in range(j + 1, size):
                rest = sum(lower[i][k] * lower[j][k] * squares[k] for k in known)
                lower[i][j] = (self._gram[i][j] - rest) / square
        return tuple(map(tuple, lower)), tuple(squares)

    def product(self, first: Sequence[Any], second: Sequence[Any]) -> Fraction:
        """Return the scalar product of two vectors, given by their coordinates in the axes.

        Coordinates that are left out at the end are zero, so that cell vectors are vectors too.

        Examples
        --------
        >>> Metric([[2, 1], [1, 2]], {}).product((1, 0), (1, 1))
        Fraction(3, 1)
        """
        a, b = (rational_row(vector, "a vector") for vector in (first, second))
        if max(len(a), len(b)) > len(self._gram):
            raise ValueError(f"a vector has at most {len(self._gram)} coordinates")
        return sum(
            (x * y * self._gram[i][j] for i, x in enumerate(a) for j, y in enumerate(b)),
            Fraction(0),
        )

    def squared_length(self, vector: Sequence[Any]) -> Fraction:
        """Return the square of the length of a vector, given by its coordinates in the axes.

        Examples
        --------
        >>> Metric([[2, 1], [1, 2]], {}).squared_length((1, -1))
        Fraction(2, 1)
        """
        return self.product(vector, vector)

    def squared_volume(self, dimension: int | None = None) -> Fraction:
        """Return the square of the volume that the first axes span (default: all).

        Examples
        --------
        >>> Metric([[1, Fraction(1, 2)], [Fraction(1, 2), 1]], {}).squared_volume()
        Fraction(3, 4)
        """
        return math.prod(self.orthogonal[1][:dimension], start=Fraction(1))

    def cartesian(self, vector: Sequence[Any]) -> tuple[float, ...]:
        """Return the components of a vector along orthogonal directions of unit length, as floats.

        Parameters
        ----------
        vector : sequence
            Coordinates in the axes.

        Returns
        -------
        tuple of float
            The first axis lies along the first direction.

        Examples
        --------
        >>> Metric([[4, 0], [0, 9]], {}).cartesian((1, 1))
        (2.0, 3.0)
        """
        lower, squares = self.orthogonal
        return tuple(
            float(sum(x * row[c] for x, row in zip(vector, lower, strict=True))) * math.sqrt(square)
            for c, square in enumerate(squares)
        )

    def rebased(
        self, axes: Sequence[Sequence[Any]], positions: Mapping[Any, Iterable[Any]] | None = None
    ) -> Metric:
        """Describe the same space by other axes.

        Parameters
        ----------
        axes : D rows of D rational numbers
            The new axes, in coordinates of the old ones.
        positions : mapping, optional
            From vertices to coordinates in the old axes (default: those of this metric).

        Returns
        -------
        Metric

        Raises
        ------
        ValueError
            If the new axes are not independent.

        Examples
        --------
        >>> Metric([[1]], {"A": (Fraction(1, 2),)}).rebased([[2]]).positions["A"]
        (Fraction(1, 4),)
        """
        rows = [rational_row(row, "an axis") for row in axes]
        back = inverse(rows)
        gram = [[self.product(a, b) for b in rows] for a in rows]
        places = self._positions if positions is None else positions
        return Metric(
            gram, {v: times(rational_row(x, "a position"), back) for v, x in places.items()}
        )

    def with_positions(self, positions: Mapping[Any, Iterable[Any]]) -> Metric:
        """Return the same axes with other positions."""
        return Metric(self._gram, positions)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse every assignment."""
        raise AttributeError(
            f"a Metric does not change; build another one instead of setting {name!r}"
        )

    def __eq__(self, other: object) -> bool:
        """Same scalar products and positions."""
        return self._content() == other._content() if isinstance(other, Metric) else NotImplemented

    def __hash__(self) -> int:
        """Hash of the content."""
        return hash(self._content())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by construction."""
        return Metric, (self._gram, dict(self._positions))

    def __repr__(self) -> str:
        """The scalar products in one line."""
        rows = ", ".join("[" + ", ".join(map(str, row)) + "]" for row in self._gram)
        return f"<Metric [{rows}], {len(self._positions)} positions>"

    def _repr_html_(self) -> str:
        """Scalar products and positions as a table."""
        rows = [(f"axis {i}", *row) for i, row in enumerate(self._gram)]
        rows += [(f"position {v}", *place) for v, place in self._positions.items()]
        caption = "Metric: scalar products of the axes, positions in the axes"
        return Table(rows, caption=caption, named=True)._repr_html_()

    def _content(self) -> Hashable:
        """What equal metrics share."""
        return self._gram, frozenset(self._positions.items())


def rational_row(row: Iterable[Any], what: str) -> Row:
    """A row of exact rational numbers."""
    entries = tuple(row) if isinstance(row, Iterable) else (row,)
    for x in entries:
        if isinstance(x, bool) or not isinstance(x, Rational):
            raise TypeError(
                f"{what} is made of rational numbers (integers or fractions.Fraction), not {x!r}"
            )
    return tuple(Fraction(int(x.numerator), int(x.denominator)) for x in entries)


def times(row: Sequence[Fraction], matrix: Sequence[Sequence[Fraction]]) -> Row:
    """A row times a matrix."""
    return tuple(
        sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0))
        for column in zip(*matrix, strict=True)
    )


def inverse(matrix: Sequence[Sequence[Fraction]]) -> list[Row]:
    """Inverse of a square matrix of fractions by Gauss's elimination."""
    size = len(matrix)
    rows = [[*row, *(Fraction(int(i == j)) for j in range(size))] for i, row in enumerate(matrix)]
    if any(len(row) != 2 * size for row in rows):
        raise ValueError(
            f"axes are a square matrix, not rows of {[len(row) for row in matrix]} numbers"
        )
    for j in range(size):
        p = next((i for i in range(j, size) if rows[i][j]), None)
        if p is None:
            raise ValueError("axes are independent vectors; these are not")
        rows[j], rows[p] = rows[p], rows[j]
        rows[j] = [x / rows[j][j] for x in rows[j]]
        for i in range(size):
            if i != j and rows[i][j]:
                rows[i] = [x - rows[i][j] * y for x, y in zip(rows[i], rows[j], strict=True)]
    return [tuple(row[size:]) for row in rows]
