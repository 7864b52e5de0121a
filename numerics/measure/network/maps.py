"""The maps of a layer in the wide limit: length to length and correlation to correlation, at the
variances of its weights, and where they lead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Rational, oo

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.correlation_length import correlation_length, growth_length
from neurenorm.numerics.solve.field_theory.correlations import correlation_fixed_points
from neurenorm.numerics.solve.field_theory.lengths import length_fixed_points
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.symbols import symbols
from neurenorm.theory.wide.limit import WideLimit

__all__ = ["Destination", "LayerMaps", "depth_scales", "destination", "moments", "overlap_at"]

FIELD = symbols("field-theory")
Array = NDArray[np.float64]
CRITICAL = 1e-9
NEAREST = 1 - 1e-14


@lru_cache(maxsize=32)
def _wide(name: str, slope: str | None) -> WideLimit:
    """The wide limit of an activation, by the name (and slope) of the theory."""
    return WideLimit(activation(name) if slope is None else activation(name, slope=slope))


@lru_cache(maxsize=32)
def moments(
    name: str, slope: str | None = None
) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """Return ⟨φ²⟩ and ⟨φ'²⟩ as functions of K, and between them ⟨φ_a φ_b⟩ as a function of K_aa,
    K_bb, K_ab.

    Examples
    --------
    >>> second, overlap, slope = moments("relu")
    >>> float(second(2.0)), float(slope(2.0))
    (1.0, 0.5)
    """
    wide = _wide(name, slope)
    return (
        compiled(wide.second_moment, [FIELD.K]),
        compiled(wide.overlap, [FIELD.Kaa, FIELD.Kbb, FIELD.Kab]),
        compiled(wide.slope_moment, [FIELD.K]),
    )


def overlap_at(name: str, slope: str | None, length: ArrayLike, correlation: ArrayLike) -> Array:
    """Return ⟨φ_a φ_b⟩ of two inputs of one length, which is ⟨φ²⟩ at correlation one; rounding does
    not carry the correlation beyond.

    Examples
    --------
    >>> overlap_at("relu", None, 2.0, [0.0, 1.0, 1.0 + 1e-15]).round(9).tolist()
    [0.318309886, 1.0, 1.0]
    """
    second, overlap, _ = moments(name, slope)
    c = np.asarray(correlation, dtype=float)
    k = np.asarray(length, dtype=float)
    return np.where(c >= NEAREST, second(k), overlap(k, k, k * np.clip(c, -NEAREST, NEAREST)))


@checked_arguments
def depth_scales(chi: float) -> tuple[float | None, float | None]:
    """Return correlation and growth length in layers; the one that there is not is None, both are
    infinite at χ = 1 (to 12 digits).

    Examples
    --------
    >>> (
    ...     depth_scales(1.0),
    ...     [round(depth_scales(chi)[side], 3) for side, chi in enumerate((0.5, 2.0))],
    ... )
    ((inf, inf), [1.443, 1.443])
    """
    if abs(chi - 1) < 1e-12:
        return math.inf, math.inf
    return (correlation_length(chi), None) if chi < 1 else (None, growth_length(chi))


@dataclass(frozen=True)
class LayerMaps(Tabulated):
    """The maps that lead from one layer of activations to the next, K' = σ_b² + σ_w² ⟨φ²⟩_K and c'
    = (σ_b² + σ_w² ⟨φ_a φ_b⟩_{K,c})/K'.

    Attributes
    ----------
    name, slope : str, str or None
        The activation that is left, in the names of the theory.
    sw2, sb2 : float
        Variances of the weights and biases behind it.
    length : float
        K before the activation.

    Examples
    --------
    >>> maps = LayerMaps("relu", None, 2.0, 0.0, 1.0)
    >>> (
    ...     maps.lengths([1.0, 4.0]).tolist(),
    ...     maps.correlations([0.0, 1.0]).round(4).tolist(),
    ...     round(maps.chi, 12),
    ... )
    ([1.0, 4.0], [0.3183, 1.0], 1.0)
    """

    name: str
    slope: str | None
    sw2: float
    sb2: float
    length: float

    @checked_arguments
    def lengths(self, lengths: ArrayLike) -> Array:
        """Return K' for an array of K."""
        return np.asarray(
            self.sb2
            + self.sw2 * moments(self.name, self.slope)[0](np.asarray(lengths, dtype=float))
        )

    @checked_arguments
    def correlations(self, correlations: ArrayLike) -> Array:
        """Return c' for an array of c, at the length of this layer."""
        overlap = overlap_at(self.name, self.slope, self.length, correlations)
        after = float(self.lengths(self.length))
        return np.asarray(
            (self.sb2 + self.sw2 * overlap) / after if after > 0 else np.ones_like(overlap)
        )

    @property
    def chi(self) -> float:
        """dc'/dc at c = 1, σ_w² ⟨φ'²⟩ K/K': by how much the squared angle of nearby inputs
        grows.
        """
        after = float(self.lengths(self.length))
        return (
            float(self.sw2 * moments(self.name, self.slope)[2](self.length)) * self.length / after
            if after > 0
            else 0.0
        )

    @property
    def phase(self) -> str:
        """Whether nearby inputs come together (ordered), part (chaotic) or neither (critical)."""
        return (
            "critical" if abs(self.chi - 1) < CRITICAL else "ordered" if self.chi < 1 else "chaotic"
        )


@dataclass(frozen=True)
class Destination(Tabulated):
    """Where equal layers would lead: the stable fixed point of the maps.

    Attributes
    ----------
    length, correlation, chi : float or None
        K*, c* and χ_⊥ there; None where there is none.
    message : str
        What holds instead, where there is no single fixed length.
    """

    length: float | None
    correlation: float | None
    chi: float | None
    message: str


@lru_cache(maxsize=64)
def destination(name: str, slope: str | None, sw2: Rational, sb2: Rational) -> Destination:
    """Return the stable fixed point of the maps of layers that all have these variances.

    Parameters
    ----------
    name, slope : str, str or None
        An activation of the theory.
    sw2, sb2 : Rational

    Examples
    --------
    >>> found = destination("tanh", None, Rational(5, 2), Rational(1, 20))
    >>> round(found.length, 6), round(found.correlation, 6), round(found.chi, 6)
    (1.063958, 0.446804, 1.133516)
    """
    wide = _wide(name, slope)
    found = length_fixed_points(wide, sw2, sb2)
    if not found.branches:
        return Destination(None, None, None, found.reason)
    perp = found.values["chi_perp"]
    length, chi = float(found.values["K"]), None if perp is oo else float(perp)
    if chi is None or length == 0:
        return Destination(length, None, chi, "")
    correlations = correlation_fixed_points(wide, float(sw2), float(sb2), length, chi)
    return Destination(length, correlations.values["c"], chi, "")
