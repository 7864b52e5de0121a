"""Exact integer lattices: echelon bases, membership, reduction and aligned bases.

A lattice is given by its basis in Hermite normal form: an echelon list of integer rows with
positive pivots, in which every entry above a pivot lies between zero and that pivot.  The form is
unique, so two lattices are equal if and only if their bases are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

Vector = tuple[int, ...]
Basis = list[Vector]


def add(a: Vector, b: Vector) -> Vector:
    """Sum of two vectors."""
    return tuple(map(int.__add__, a, b))


def subtract(a: Vector, b: Vector) -> Vector:
    """Difference of two vectors."""
    return tuple(map(int.__sub__, a, b))


def negate(a: Vector) -> Vector:
    """The opposite vector."""
    return tuple(-x for x in a)


def pivot(row: Vector) -> int:
    """Position of the first non-zero entry."""
    return next(i for i, x in enumerate(row) if x)


def reduce(vector: Vector, basis: Basis) -> Vector:
    """The representative of a vector modulo a lattice, each pivot coordinate between zero and its
    pivot.
    """
    for row in basis:
        p = pivot(row)
        q = vector[p] // row[p]
        if q:
            vector = tuple(x - q * y for x, y in zip(vector, row, strict=True))
    return vector


def reducer(basis: Basis, dimension: int) -> Callable[[Vector], Vector]:
    """`reduce` modulo a fixed lattice, prepared for many calls."""
    moduli = [0] * dimension
    for row in basis:
        if sum(map(bool, row)) > 1:
            return lambda vector: reduce(vector, basis)
        moduli[pivot(row)] = max(row)
    return lambda vector: tuple([x % n if n else x for x, n in zip(vector, moduli, strict=True)])


def splitter(basis: Basis, dimension: int) -> Callable[[Vector], tuple[Vector, Vector]]:
    """Representative modulo a fixed lattice and coefficients of the rest, prepared for many
    calls.
    """
    if len(basis) < dimension or any(sum(map(bool, row)) > 1 for row in basis):

        def split(vector: Vector) -> tuple[Vector, Vector]:
            rest = reduce(vector, basis)
            return rest, coordinates(basis, subtract(vector, rest))

        return split
    moduli = [max(row) for row in basis]
    return lambda vector: (
        tuple([x % n for x, n in zip(vector, moduli, strict=True)]),
        tuple([x // n for x, n in zip(vector, moduli, strict=True)]),
    )


def contains(basis: Basis, vector: Vector) -> bool:
    """Whether a vector lies in the lattice."""
    return not any(reduce(vector, basis))


def hermite(vectors: Iterable[Sequence[int]]) -> Basis:
    """Hermite normal form of the lattice spanned by the vectors."""
    rows: dict[int, Vector] = {}
    for vector in vectors:
        _insert(rows, tuple(vector))
    basis = [rows[p] for p in sorted(rows)]
    return [_clear_above(row, basis[i + 1 :]) for i, row in enumerate(basis)]


def extend(basis: Basis, vector: Vector) -> Basis:
    """The lattice enlarged by one generator."""
    return hermite([*basis, vector])


def _insert(rows: dict[int, Vector], vector: Vector) -> None:
    """Add a generator to an echelon basis kept by pivot position (Euclid's algorithm on the
    pivots).
    """
    while any(vector):
        p = pivot(vector)
        row = rows.get(p)
        if row is None:
            rows[p] = vector if vector[p] > 0 else negate(vector)
            return
        q = vector[p] // row[p]
        vector = tuple(x - q * y for x, y in zip(vector, row, strict=True))
        if vector[p]:
            rows[p], vector = vector, row


def _clear_above(row: Vector, below: Basis) -> Vector:
    """Reduce a row by the rows below it."""
    p = pivot(row)
    head, tail = row[: p + 1], row[p + 1 :]
    reduced = reduce((0,) * (p + 1) + tail, below)
    return head + reduced[p + 1 :]


def index(basis: Basis, dimension: int) -> int | float:
    """Index of the lattice in the integers of that dimension; infinite if its rank is smaller."""
    if len(basis) < dimension:
        return math.inf
    return math.prod(row[i] for i, row in enumerate(basis))


def coordinates(basis: Basis, vector: Vector) -> Vector:
    """Coefficients of a lattice vector in a Hermite basis."""
    coefficients = []
    for row in basis:
        p = pivot(row)
        q = vector[p] // row[p]
        coefficients.append(q)
        vector = tuple(x - q * y for x, y in zip(vector, row, strict=True))
    if any(vector):
        raise ValueError("the vector does not lie in the lattice")
    return tuple(coefficients)


def smith(rows: Iterable[Sequence[int]], dimension: int) -> tuple[list[int], list[list[int]]]:
    """Align the integers of some dimension with a sublattice.

    Returns the elementary divisors n_1, ..., n_r of the sublattice spanned by `rows` and a
    unimodular matrix V with the property that ``c -> c V`` are coordinates in which the sublattice
    is the product of the n_i Z.
    """
    matrix = [list(row) for row in hermite(rows)]
    transform = [[int(i == j) for j in range(dimension)] for i in range(dimension)]
    for step in range(len(matrix)):
        _diagonalise(matrix, transform, step)
    return [abs(matrix[i][i]) for i in range(len(matrix))], transform


def _diagonalise(matrix: list[list[int]], transform: list[list[int]], step: int) -> None:
    """Clear row and column `step` outside the diagonal; the column operations are recorded."""
    while True:
        block = [
            (abs(matrix[i][j]), i, j)
            for i in range(step, len(matrix))
            for j in range(step, len(transform))
        ]
        _, i, j = min(entry for entry in block if entry[0])
        matrix[step], matrix[i] = matrix[i], matrix[step]
        for row in (*matrix, *transform):
            row[step], row[j] = row[j], row[step]
        top, d = matrix[step], matrix[step][step]
        for row in matrix[step + 1 :]:
            q = row[step] // d
            row[:] = [x - q * y for x, y in zip(row, top, strict=True)]
        for column in range(step + 1, len(transform)):
            q = top[column] // d
            for row in (*matrix, *transform):
                row[column] -= q * row[step]
        if not any(top[step + 1 :]) and not any(row[step] for row in matrix[step + 1 :]):
            return
