"""Bands of a Gaussian field along a path through its Brillouin zone, as arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from neurenorm.graphs.periodic.brillouin import brillouin_zone
from neurenorm.graphs.periodic.metric import Metric
from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.compile import compiled
from neurenorm.theory.field.edge_couplings import real_and_imaginary
from neurenorm.theory.field.gaussian_field import GaussianField

__all__ = ["Bands", "bands_along", "bands_at"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bands(Tabulated):
    """Bands along a path.

    Parameters
    ----------
    stops : tuple of (name, distance)
        Where the path passes points with a name.
    distance : ndarray, shape (n,)
        Length of the path up to each wave number, in the inverse of the metric's unit.
    phases : ndarray, shape (n, d)
        k·a_i.
    values : ndarray, shape (n, vertices)
        The bands, ascending.
    """

    stops: tuple[tuple[str, float], ...]
    distance: Array
    phases: Array
    values: Array


@checked_arguments
def bands_at(
    field: GaussianField, phases: Any, numbers: Mapping[Symbol, float] | None = None
) -> Array:
    """Return the eigenvalues of the symbol at given wave numbers, ascending.

    Parameters
    ----------
    field : GaussianField
    phases : array_like, shape (..., d)
        k·a_i.
    numbers : mapping of Symbol to float, optional
        Values of the symbols in the action.

    Returns
    -------
    ndarray, shape (..., vertices)

    Raises
    ------
    ValueError
        If a symbol of the action has no value, or phases have another dimension.

    Examples
    --------
    >>> from neurenorm.graphs.lattices import honeycomb
    >>> bands_at(
    ...     GaussianField(honeycomb(), 3, -1), [[0.0, 0.0], [2 * np.pi / 3, -2 * np.pi / 3]]
    ... ).round(12).tolist()
    [[0.0, 6.0], [3.0, 3.0]]
    """
    k = np.asarray(phases, dtype=float)
    if k.ndim < 1 or k.shape[-1] != field.graph.dimension:
        raise ValueError(
            f"wave numbers have {field.graph.dimension} phases along the last axis; the array has "
            f"the shape {k.shape}"
        )
    known = dict(numbers or {})
    missing = sorted(map(str, field.symbol.free_symbols - set(field.wave_numbers) - known.keys()))
    if missing:
        raise ValueError(f"bands need numbers for {', '.join(missing)}")
    size = field.symbol.rows
    parts = [real_and_imaginary(entry.subs(known)) for entry in field.symbol]
    found = compiled([part for pair in parts for part in pair], list(field.wave_numbers))(
        *np.moveaxis(k, -1, 0)
    )
    entries = np.stack([np.broadcast_to(x, k.shape[:-1]) for x in found], axis=-1)
    bloch = (entries[..., ::2] + 1j * entries[..., 1::2]).reshape(*k.shape[:-1], size, size)
    return np.asarray(np.linalg.eigvalsh(bloch))


def bands_along(
    field: GaussianField,
    path: Sequence[tuple[str, Sequence[Any]]] | None = None,
    numbers: Mapping[Symbol, float] | None = None,
    points: int = 40,
) -> Bands:
    """Return the bands along straight pieces of a path through the zone.

    Parameters
    ----------
    field : GaussianField
        On a graph with a metric; in one dimension cells without one are a unit apart.
    path : sequence of (name, q), optional
        Stops in coordinates of the reciprocal basis (phases are 2πq); default:
        `BrillouinZone.path`.
    numbers : mapping of Symbol to float, optional
        Values of the symbols in the action.
    points : int
        Steps of each piece, at least one.

    Returns
    -------
    Bands

    Raises
    ------
    NoMetric
        If a graph of two or three dimensions has no metric.
    ValueError
        As `bands_at`; or if the path has fewer than two stops.

    Examples
    --------
    >>> from neurenorm.graphs.lattices import chain
    >>> found = bands_along(GaussianField(chain(), 2, -1), points=2)
    >>> found.values.ravel().round(12).tolist(), [name for name, _ in found.stops]
    ([0.0, 2.0, 4.0, 2.0, 0.0], ['Γ', 'face', 'Γ'])
    """
    without = field.graph.metric is None and field.graph.dimension == 1
    zone = brillouin_zone(Metric([[1]], {}), 1) if without else brillouin_zone(field.graph)
    stops = list(zone.path() if path is None else path)
    if len(stops) < 2 or points < 1:
        raise ValueError(
            f"a path has at least two stops and one point a piece, not {len(stops)} and {points}"
        )
    corners = np.array([[float(x) for x in q] for _, q in stops])
    gram = np.array([[float(x) for x in row] for row in zone.reciprocal])
    pieces = np.diff(corners, axis=0)
    lengths = [2 * math.pi * math.sqrt(step @ gram @ step) for step in pieces]
    marks = np.concatenate([[0.0], np.cumsum(lengths)])
    share = np.arange(points) / points
    q = np.concatenate(
        [
            *(start + share[:, None] * step for start, step in zip(corners, pieces, strict=False)),
            corners[-1:],
        ]
    )
    distance = np.concatenate(
        [*(mark + share * length for mark, length in zip(marks, lengths, strict=False)), marks[-1:]]
    )
    names = tuple((name, float(mark)) for (name, _), mark in zip(stops, marks, strict=True))
    return Bands(names, distance, 2 * np.pi * q, bands_at(field, 2 * np.pi * q, numbers))
