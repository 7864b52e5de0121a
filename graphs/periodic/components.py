"""Connected components of a cell and of the crystal that it unrolls to."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Sequence

from neurenorm.graphs.periodic import integers
from neurenorm.graphs.periodic.edges import Edge
from neurenorm.graphs.periodic.integers import Vector

__all__ = ["number_of_copies", "potentials"]


def potentials(
    vertices: Iterable[Hashable], edges: Sequence[Edge], dimension: int
) -> dict[Hashable, tuple[int, Vector]]:
    """Return the component of every vertex of a cell, and the offset collected on a path to it from
    the first vertex of its component.
    """
    neighbours: dict[Hashable, list[Edge]] = {v: [] for v in vertices}
    for edge in edges:
        neighbours[edge.tail].append(edge)
        neighbours[edge.head].append(edge.reversed())
    found: dict[Hashable, tuple[int, Vector]] = {}
    for part, root in enumerate(neighbours):
        queue = deque([root] if root not in found else [])
        found.setdefault(root, (part, (0,) * dimension))
        while queue:
            tail = queue.popleft()
            for _, head, offset, _ in neighbours[tail]:
                if head not in found:
                    found[head] = (found[tail][0], integers.add(found[tail][1], offset))
                    queue.append(head)
    return found


def number_of_copies(
    vertices: Iterable[Hashable], edges: Sequence[Edge], dimension: int
) -> int | float:
    """Return the number of connected components of the unrolled crystal.

    The offsets collected around all cycles of a connected cell span a lattice, and the cell unrolls
    to as many components as this lattice has cosets in Z^d. Components of the cell add up.
    """
    places = potentials(vertices, edges, dimension)
    cycles: dict[int, list[Vector]] = {part: [] for part, _ in places.values()}
    for tail, head, offset, _ in edges:
        part, start = places[tail]
        cycles[part].append(integers.subtract(integers.add(start, offset), places[head][1]))
    return sum(integers.index(integers.hermite(offsets), dimension) for offsets in cycles.values())
