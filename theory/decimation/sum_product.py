"""Sum-product over any ring: sum vertices out of a product of local tables, in a given order.

The same elimination runs over polynomials in the Boltzmann factors (exact recursions) and over
numbers or balls (evaluation at a point): it only adds and multiplies. Configurations are tuples of
state indices. Where the alphabet has a declared symmetry, a table holds one entry per orbit: a
configuration is replaced by its pattern of agreement (a set partition, written as a restricted
growth string), and summing a vertex out counts each orbit once, with its number of members: one for
every value that a neighbour already takes, q - k for the values that none of the k present ones
takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from sympy import Expr, Integer

from neurenorm.theory.decimation.model import Model, Vertex

__all__ = ["ConfigurationSpace", "DecimationTooLarge", "Table", "sum_product"]

Configuration = tuple[int, ...]


class DecimationTooLarge(ValueError):
    """A table of the elimination would pass the stated limit."""


@dataclass(frozen=True)
class Table:
    """A local weight: one ring element per orbit of the configurations of its scope."""

    scope: tuple[Vertex, ...]
    entries: Mapping[Configuration, Any]


class ConfigurationSpace:
    """The configurations of a model's vertices, up to the declared symmetry of the alphabet."""

    def __init__(self, model: Model) -> None:
        self.alphabets = model.alphabets
        kinds = set(model.alphabets.values())
        self.symmetric = any(alphabet.symmetric for alphabet in kinds)
        if self.symmetric and len(kinds) > 1:
            raise ValueError(
                "vertices of a symmetric (Potts) alphabet cannot be mixed with others; give every "
                "vertex the same alphabet"
            )
        self.size = next(iter(kinds)).size

    def states(self, scope: Sequence[Vertex], configuration: Configuration) -> tuple[Any, ...]:
        """Return the values that the functions of a local weight see."""
        if self.symmetric:
            return configuration
        return tuple(self.alphabets[v].states[s] for v, s in zip(scope, configuration, strict=True))

    def orbits(self, scope: Sequence[Vertex]) -> Iterator[Configuration]:
        """Yield one configuration of each orbit, in lexicographic order."""
        if not self.symmetric:
            yield from product(*(range(int(self.alphabets[v].size)) for v in scope))
            return
        most = int(self.size) if self.size.is_Integer else len(scope)
        yield from _growth_strings(len(scope), most)

    def canonical(self, configuration: Configuration) -> Configuration:
        """Return the configuration that stands for the orbit of the given one."""
        if not self.symmetric:
            return configuration
        names: dict[int, int] = {}
        return tuple(names.setdefault(state, len(names)) for state in configuration)

    def extensions(
        self, vertex: Vertex, configuration: Configuration
    ) -> Iterator[tuple[int, Expr]]:
        """Yield the states of one more vertex, each with the number of states it stands for."""
        if not self.symmetric:
            for state in range(int(self.alphabets[vertex].size)):
                yield state, Integer(1)
            return
        present = len(set(configuration))
        for state in range(present):
            yield state, Integer(1)
        rest = self.size - present
        if rest != 0:
            yield present, rest

    def table_size(self, scope: Sequence[Vertex]) -> int:
        """Return the number of orbits of a scope."""
        if not self.symmetric:
            return prod(int(self.alphabets[v].size) for v in scope)
        return _bell(len(scope), int(self.size) if self.size.is_Integer else len(scope))


def _growth_strings(length: int, most: int) -> Iterator[Configuration]:
    """Yield the restricted growth strings with at most ``most`` different letters."""

    def grow(prefix: Configuration, letters: int) -> Iterator[Configuration]:
        if len(prefix) == length:
            yield prefix
            return
        for letter in range(min(letters + 1, most)):
            yield from grow((*prefix, letter), max(letters, letter + 1))

    return grow((), 0)


def _bell(length: int, most: int) -> int:
    """Return the number of partitions of a set into at most ``most`` blocks (Stirling
    recursion).
    """
    row = [1] + [0] * most
    for _ in range(length):
        row = [0] + [row[k - 1] + k * row[k] for k in range(1, most + 1)]
    return sum(row)


def sum_product(
    space: ConfigurationSpace,
    tables: Sequence[Table],
    order: Sequence[Vertex],
    keep: Sequence[Vertex],
    *,
    one: Any,
    count: Callable[[Expr], Any],
    limit: int,
) -> dict[Configuration, Any]:
    """Sum the vertices of ``order`` out of a product of tables and return the weight of every
    configuration of ``keep``.

    ``one`` is the unit of the ring and ``count`` turns a number of states into a ring element.
    """
    check_width(space, tables, order, keep, limit)
    buckets: dict[Vertex, list[Table]] = {vertex: [] for vertex in order}
    place = {vertex: k for k, vertex in enumerate(order)}
    rest: list[Table] = []

    def file(table: Table) -> None:
        """Put a table into the bucket of the first of its vertices to be summed out."""
        inner = [vertex for vertex in table.scope if vertex in place]
        (buckets[min(inner, key=place.__getitem__)] if inner else rest).append(table)

    for table in tables:
        file(table)
    for vertex in order:
        file(_sum_out(space, vertex, buckets.pop(vertex), one, count))
    return {
        configuration: _weight(space, rest, keep, configuration, one)
        for configuration in space.orbits(keep)
    }


def _sum_out(
    space: ConfigurationSpace,
    vertex: Vertex,
    tables: list[Table],
    one: Any,
    count: Callable[[Expr], Any],
) -> Table:
    """Multiply the tables that touch a vertex and sum over its states."""
    scope = tuple(dict.fromkeys(v for table in tables for v in table.scope if v != vertex))
    full = (*scope, vertex)
    entries = {}
    for configuration in space.orbits(scope):
        total = None
        for state, number in space.extensions(vertex, configuration):
            weight = _weight(space, tables, full, (*configuration, state), one)
            weight = weight if number == 1 else weight * count(number)
            total = weight if total is None else total + weight
        entries[configuration] = total
    return Table(scope, entries)


def _weight(
    space: ConfigurationSpace,
    tables: Sequence[Table],
    scope: Sequence[Vertex],
    configuration: Configuration,
    one: Any,
) -> Any:
    """Return the product of the tables' entries at one configuration."""
    place = {vertex: k for k, vertex in enumerate(scope)}
    weight = one
    for table in tables:
        weight = (
            weight
            * table.entries[space.canonical(tuple(configuration[place[v]] for v in table.scope))]
        )
    return weight


def check_width(
    space: ConfigurationSpace,
    tables: Sequence[Table],
    order: Sequence[Vertex],
    keep: Sequence[Vertex],
    limit: int,
) -> None:
    """Refuse an elimination whose largest table would pass the limit, before any of it is done."""
    neighbours: dict[Vertex, set[Vertex]] = {}
    for table in tables:
        for vertex in table.scope:
            neighbours.setdefault(vertex, set()).update(v for v in table.scope if v != vertex)
    largest: Sequence[Vertex] = list(keep)
    for vertex in order:
        around = neighbours.pop(vertex, set())
        for other in around:
            neighbours[other] |= around
            neighbours[other] -= {vertex, other}
        if len(around) + 1 > len(largest):
            largest = [*sorted(around, key=str), vertex]
    if space.table_size(largest) > limit:
        raise DecimationTooLarge(
            f"the decimation needs a table over {len(largest)} vertices at once "
            f"({space.table_size(largest):,} entries); the limit is {limit:,}. "
            f"Keep fewer vertices, choose another order, or raise limit="
        )
