"""Crystals as arrays (primitive vectors and positions, as ASE keeps them) become periodic graphs
with a metric.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.periodic.metric import Metric
from neurenorm.graphs.periodic.periodic import PeriodicGraph

__all__ = ["crystal"]

Array = NDArray[Any]
MOST_PAIRS, MOST_ATOMS = 2_000_000, 2_000


def crystal(
    cell: ArrayLike,
    positions: ArrayLike,
    *,
    symbols: Sequence[Hashable] | None = None,
    periodic: bool | Sequence[bool] = True,
    cutoff: float | None = None,
    tolerance: float = 1e-6,
) -> PeriodicGraph:
    """Return the periodic graph of a crystal: atoms are vertices, and two are joined where they are
    close.

    Parameters
    ----------
    cell : array_like, shape (D, D)
        Primitive vectors a_i as rows, in Cartesian components (``atoms.cell[:]`` of ASE).
    positions : array_like, shape (N, D)
        Cartesian positions (``atoms.positions``), in the same unit of length.
    symbols : sequence, optional
        A label for each atom, such as its chemical symbol.
    periodic : bool or sequence of D bool
        Along which vectors the crystal repeats (``atoms.pbc``); the others lie across.
    cutoff : float, optional
        Largest distance of two atoms that are joined; by default the shortest distance of the
        crystal, within one part in a thousand.
    tolerance : float
        The scalar products of the vectors (in units of |a_1|²) and the coordinates of the atoms
        become the simplest fractions within this distance.

    Returns
    -------
    PeriodicGraph
        Vertices 0 … N − 1, with the metric G_ij = a_i · a_j. Its dimension is the number of periodic
        vectors, which become the first axes.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, the vectors are dependent, two atoms are at
        one place, none is close to another, or too many pairs would have to be looked at.

    Examples
    --------
    >>> graphene = crystal([[1, 0], [0.5, 3**0.5 / 2]], [[0, 0], [0.5, 3**0.5 / 6]], symbols="CC")
    >>> len(graphene.edges), graphene.metric.gram[0][1], graphene.squared_length(graphene.edges[0])
    (3, Fraction(1, 2), Fraction(1, 3))
    """
    axes, atoms = _numbers(cell, "cell"), _numbers(positions, "positions")
    size = len(axes)
    if axes.shape != (size, size) or not 1 <= size <= 3:
        raise ValueError(f"a cell has 1 to 3 vectors of as many components, got {axes.shape}")
    if atoms.ndim != 2 or atoms.shape[1] != size or not 1 <= len(atoms) <= MOST_ATOMS:
        raise ValueError(
            f"positions have the shape (N, {size}) with N from 1 to {MOST_ATOMS}, got {atoms.shape}"
        )
    labels = [None] * len(atoms) if symbols is None else list(symbols)
    if len(labels) != len(atoms):
        raise ValueError(f"give one symbol for each of {len(atoms)} atoms, got {len(labels)}")
    if not 0 < tolerance < 0.1:
        raise ValueError(f"the tolerance lies between 0 and 0.1, got {tolerance}")
    if cutoff is not None and not 0 < cutoff < math.inf:
        raise ValueError(f"the cutoff is a positive number, got {cutoff}")
    lengths = np.linalg.norm(axes, axis=1)
    if not lengths.all() or abs(np.linalg.det(axes / lengths[:, None])) < 1e-9:
        raise ValueError("the vectors of a cell are independent; these are not")
    order, dimension = _order(periodic, size)
    axes = axes[order]
    places = np.linalg.solve(axes.T, atoms.T).T
    edges = _bonds(axes, places, dimension, cutoff)
    return PeriodicGraph(dict(enumerate(labels)), edges, dimension).with_metric(
        _metric(axes, places, tolerance)
    )


def _numbers(values: ArrayLike, what: str) -> Array:
    """An array of finite numbers."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"the {what} must be an array of numbers") from error
    if not np.all(np.isfinite(array)) or np.any(np.abs(array) > 1e100):
        raise ValueError(f"the {what} hold a number that is not finite or beyond 1e100")
    return np.atleast_1d(array)


def _order(periodic: bool | Sequence[bool], size: int) -> tuple[list[int], int]:
    """The vectors, those along which the crystal repeats first, and the number of these."""
    flags = [bool(periodic)] * size if np.ndim(periodic) == 0 else list(np.asarray(periodic, bool))
    if len(flags) != size or not any(flags):
        raise ValueError(f"say for each of {size} vectors whether it is periodic, at least for one")
    return sorted(range(size), key=lambda i: not flags[i]), sum(map(bool, flags))


def _bonds(
    axes: Array, places: Array, dimension: int, cutoff: float | None
) -> list[tuple[int, int, tuple[int, ...]]]:
    """All pairs of atoms, the second one in any cell, that are close."""
    within = cutoff if cutoff is not None else _shortest(axes, places, dimension)
    offsets, distances = _distances(axes, places, dimension, within)
    if np.any(distances < 1e-6 * np.linalg.norm(axes[0])):
        raise ValueError("two atoms of the crystal are at one place")
    found = [
        (int(i), int(j), tuple(map(int, offsets[k])))
        for k, i, j in np.argwhere(distances <= within * (1 + 1e-3 * (cutoff is None) + 1e-9))
        if i < j or (i == j and tuple(offsets[k]) > (0,) * dimension)
    ]
    if not found:
        raise ValueError(f"no two atoms of the crystal are closer than the cutoff {within:g}")
    return found


def _shortest(axes: Array, places: Array, dimension: int) -> float:
    """The shortest distance of two atoms, at most the shortest vector."""
    bound = float(min(np.linalg.norm(axes[:dimension], axis=1)))
    return float(np.min(_distances(axes, places, dimension, bound)[1]))


def _distances(
    axes: Array, places: Array, dimension: int, within: float
) -> tuple[NDArray[np.int64], Array]:
    """Distances from the atoms to those of all cells that may be as close as a bound; that of an
    atom to itself is infinite.
    """
    heights = 1 / np.linalg.norm(np.linalg.inv(axes), axis=0)[:dimension]
    spread = np.ptp(places, axis=0)[:dimension]
    reach = np.ceil(within / heights + spread)
    if np.prod(2 * reach + 1) * len(places) ** 2 > MOST_PAIRS:
        raise ValueError(
            f"the cutoff {within:g} asks for more than {MOST_PAIRS} pairs of atoms; give a smaller "
            "one"
        )
    steps = [range(-int(n), int(n) + 1) for n in reach]
    offsets = np.array(list(itertools.product(*steps)), dtype=np.int64)
    moved = np.zeros((len(offsets), places.shape[1]))
    moved[:, :dimension] = offsets
    vectors = moved[:, None, None, :] + places[None, None, :, :] - places[None, :, None, :]
    distances = np.linalg.norm(vectors @ axes, axis=-1)
    own = int(np.flatnonzero(~offsets.any(axis=1))[0])
    np.fill_diagonal(distances[own], np.inf)
    return offsets, distances


def _metric(axes: Array, places: Array, tolerance: float) -> Metric:
    """Scalar products and coordinates as the simplest fractions that are close."""
    unit = _simplest(float(axes[0] @ axes[0]), tolerance * float(axes[0] @ axes[0]))
    gram = axes @ axes.T / float(axes[0] @ axes[0])
    rows = [[unit * _simplest(float(gram[i, j]), tolerance) for j in range(len(gram))] for i in range(len(gram))]  # fmt: skip
    return Metric(
        [[rows[max(i, j)][min(i, j)] for j in range(len(rows))] for i in range(len(rows))],
        {k: tuple(_simplest(float(x), tolerance) for x in place) for k, place in enumerate(places)},
    )


def _simplest(value: float, within: float) -> Fraction:
    """The fraction of smallest denominator, among powers of two as bounds, that is close."""
    exact, bound = Fraction(value), 1
    while abs((found := exact.limit_denominator(bound)) - exact) > within:
        bound *= 2
    return found
