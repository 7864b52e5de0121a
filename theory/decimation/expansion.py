"""The basis in which an effective log-weight is expanded: functions of the kept vertices, and how
to find the coefficients.

Characters of the alphabets (products of spins for Ising, Fourier modes for clocks) are found one
vertex at a time by the dual basis; agreement functions of equivalent states (Potts) by Moebius
inversion over set partitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from sympy import Expr, Integer, Rational

from neurenorm.graphs.arguments import found_in
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.log_weights import exact_number
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.decimation.model import Vertex
from neurenorm.theory.decimation.sum_product import Configuration, ConfigurationSpace

__all__ = ["Combine", "Label", "combine_numbers", "plain", "transform"]

Label = tuple[tuple[Vertex, int], ...]
Combine = Callable[[list[tuple[Any, Any]]], Any]


def transform(
    space: ConfigurationSpace,
    keep: Sequence[Vertex],
    values: Mapping[Configuration, Any],
    combine: Combine,
) -> dict[Label, Any]:
    """Expand a function of the kept configurations in basis functions: one axis at a time, or by
    Moebius inversion over set partitions.
    """
    if space.symmetric:
        return _moebius(space, keep, values, combine)
    sizes = [int(space.alphabets[v].size) for v in keep]
    current = dict(values)
    for axis, vertex in enumerate(keep):
        dual = space.alphabets[vertex].dual
        current = {
            key: combine(
                [
                    (
                        plain(dual[key[axis]][s]),
                        found_in(current, (*key[:axis], s, *key[axis + 1 :]), "configuration"),
                    )
                    for s in range(sizes[axis])
                    if dual[key[axis]][s] != 0
                ]
            )
            for key in product(*(range(size) for size in sizes))
        }
    return {
        tuple((vertex, k) for vertex, k in zip(keep, key, strict=True) if k): value
        for key, value in current.items()
    }


def _moebius(
    space: ConfigurationSpace,
    keep: Sequence[Vertex],
    values: Mapping[Configuration, Any],
    combine: Combine,
) -> dict[Label, Any]:
    """Return J with value(p) = sum of J(s) over the partitions s finer than or equal to p: ``J(s)``
    couples agreement inside the blocks of s.
    """
    if space.size.is_Integer and space.size < len(keep):
        raise ValueError(
            f"{len(keep)} kept vertices with {space.size} equivalent states: agreement functions "
            "are linearly dependent; "
            f"use the concrete alphabet (ISING or finite) or keep at most {space.size} vertices"
        )
    partitions = sorted(values, key=lambda p: (-len(set(p)), p))
    found: dict[Configuration, Any] = {}
    for p in partitions:
        found[p] = combine([(1, values[p]), *((-1, found[s]) for s in found if _finer(s, p))])
    return {_blocks(keep, p): value for p, value in found.items()}


def _finer(s: Configuration, p: Configuration) -> bool:
    """Whether every block of s lies inside a block of p."""
    image: dict[int, int] = {}
    return all(image.setdefault(a, b) == b for a, b in zip(s, p, strict=True))


def _blocks(keep: Sequence[Vertex], partition: Configuration) -> Label:
    """Return the vertices of the blocks with more than one member, each with its block."""
    return tuple(
        (vertex, block)
        for vertex, block in zip(keep, partition, strict=True)
        if partition.count(block) > 1
    )


@exact_arguments
def plain(number: Expr) -> Any:
    """Return a rational as a Fraction, which is fast, and any other number as it is."""
    return Fraction(int(number.p), int(number.q)) if number.is_Rational else number


def _sympy(number: Any) -> Expr:
    """Return an exact number as a SymPy number."""
    return (
        Rational(number.numerator, number.denominator)
        if isinstance(number, Fraction)
        else expression_of(number)
    )


def combine_numbers(pairs: list[tuple[Any, Any]]) -> Any:
    """Return the sum of products of exact numbers."""
    return exact_number(sum((_sympy(a) * _sympy(b) for a, b in pairs), Integer(0)))
