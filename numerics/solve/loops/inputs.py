"""The kernel of several inputs at finite width: truncated moments carried from layer to layer.

The deviations d_ab = K_ab - K̄_ab have weight 1, e = 1/N has weight 2; everything beyond the weight
2P is dropped. Given the kernel of a layer the next has the conditional cumulants σ_w^{2r} κ_r[y]/N^{r-1},
y_ab = φ_a φ_b, as Taylor polynomials in d, so a layer is a linear map of the moments of d. Derivatives
with respect to the kernel are averages with Hermite polynomials of several variables:

    ⟨∂^α f⟩ = ⟨H_α f⟩,  H_{α + 1_i} = u_i H_α - Σ_j (K⁻¹)_ij α_j H_{α - 1_j},  u = K⁻¹ z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations_with_replacement
from math import factorial, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.compile import compiled
from neurenorm.theory.cumulants.moments import (
    cumulants_from_moments,
    indices,
    moments_from_cumulants,
)
from neurenorm.theory.cumulants.ring import TruncatedRing
from neurenorm.theory.gaussian.activation import Activation

__all__ = ["InputCumulants", "hermite_rows", "input_cumulants", "normal_nodes", "refuse_equal"]

Array = NDArray[np.float64]
Index = tuple[int, ...]
_GRIDS = {
    1: (14.0, 1 / 16, 0.0),
    2: (11.0, 1 / 4, 1e-40),
    3: (9.0, 0.35, 1e-20),
    4: (8.0, 0.5, 1e-18),
}
"""Reach, step and least weight of the nodes, for each number of inputs."""


@dataclass(frozen=True)
class _Space:
    """The ring, its products as arrays, and what every deviation differentiates."""

    inputs: int
    order: int

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The entries (a, b), a ≤ b, of the kernel."""
        return tuple(combinations_with_replacement(range(self.inputs), 2))

    @cached_property
    def ring(self) -> TruncatedRing:
        """Polynomials in the deviations and in e."""
        return TruncatedRing(len(self.pairs), self.order)

    @cached_property
    def table(self) -> tuple[Array, Array, Array]:
        """Where the factors and the product of two monomials stand."""
        first, second, third = np.array(self.ring.table).T
        return first, second, third

    @cached_property
    def orders(self) -> tuple[Index, ...]:
        """Multi-indices of the moments of d up to the order 2P."""
        return indices(len(self.pairs), 2 * self.order)

    def place(self, monomial: Index) -> int:
        """Where a monomial stands."""
        return self.places[monomial]

    @cached_property
    def places(self) -> dict[Index, int]:
        """Where every monomial stands."""
        return {monomial: i for i, monomial in enumerate(self.ring.monomials)}

    def derivative(self, powers: Index) -> tuple[Index, float]:
        """Which inputs a product of deviations differentiates, and its factor in Taylor's series."""
        alpha, factor = [0] * self.inputs, 1.0
        for (a, b), power in zip(self.pairs, powers, strict=True):
            alpha[a] += power
            alpha[b] += power
            factor *= (0.5 if a == b else 1.0) ** power / factorial(power)
        return tuple(alpha), factor


@lru_cache(maxsize=8)
def _space(inputs: int, order: int) -> _Space:
    """One space for each number of inputs and order."""
    return _Space(inputs, order)


@dataclass(frozen=True)
class _Element:
    """A polynomial of the ring as an array of its coefficients."""

    space: _Space
    values: Array

    def __add__(self, other: _Element) -> _Element:
        return _Element(self.space, self.values + other.values)

    def __sub__(self, other: _Element) -> _Element:
        return _Element(self.space, self.values - other.values)

    def __mul__(self, other: Any) -> _Element:
        if not isinstance(other, _Element):
            return _Element(self.space, self.values * other)
        first, second, third = self.space.table
        found = np.bincount(
            third, self.values[first] * other.values[second], minlength=len(self.values)
        )
        return _Element(self.space, np.asarray(found, dtype=float))

    __rmul__ = __mul__


def normal_nodes(inputs: int, spacing: float = 1.0) -> tuple[Array, Array]:
    """Independent standard normal variables, shape (nodes, inputs), and their weights: trapezoid
    sums, whose error is exponentially small for analytic functions; a wider spacing shows how far
    they can be trusted.
    """
    reach, step, least = _GRIDS[inputs]
    step *= spacing
    x = np.arange(-reach, reach + step / 2, step)
    w = step * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    grid = np.stack(np.meshgrid(*[x] * inputs, indexing="ij"), -1).reshape(-1, inputs)
    weights = w
    for _ in range(inputs - 1):
        weights = np.multiply.outer(weights, w).ravel()
    kept = weights > least
    return grid[kept], weights[kept]


def hermite_rows(alphas: Sequence[Index], z: Array, inverse: Array) -> Array:
    """H_α at all nodes, one row for each α."""
    u = z @ inverse
    known: dict[Index, Array] = {(0,) * z.shape[1]: np.ones(len(z))}

    def value(alpha: Index) -> Array:
        """One of them, from those of lower order."""
        if alpha not in known:
            i = next(k for k, power in enumerate(alpha) if power)
            lower = tuple(power - (k == i) for k, power in enumerate(alpha))
            total = u[:, i] * value(lower)
            for j, power in enumerate(lower):
                if power:
                    less = tuple(p - (k == j) for k, p in enumerate(lower))
                    total = total - inverse[i, j] * power * value(less)
            known[alpha] = total
        return known[alpha]

    return np.array([value(alpha) for alpha in alphas])


def _raw_moments(
    phi: Activation, kernel: Array, space: _Space, *, frozen: bool, spacing: float
) -> dict[Index, _Element]:
    """⟨y^b⟩ at K̄ + d as polynomials in d; their constants only where d is zero in every network."""
    root = _root(kernel)
    x, weights = normal_nodes(root.shape[1], spacing)
    z = x @ root.T
    values = np.broadcast_to(compiled(phi.expression, [phi.variable])(z), z.shape)
    powers = [m[:-1] for m in space.ring.monomials if m[-1] == 0]
    powers = powers[:1] if frozen else powers
    named = [space.derivative(p) for p in powers]
    alphas = sorted({alpha for alpha, _ in named})
    inverse = np.asarray(np.zeros_like(kernel) if frozen else np.linalg.inv(kernel), dtype=float)
    rows = dict(zip(alphas, hermite_rows(alphas, z, inverse) * weights, strict=True))
    table = np.array([rows[alpha] for alpha, _ in named])
    factors = np.array([factor for _, factor in named])
    positions = [space.place((*p, 0)) for p in powers]
    found = {}
    for b in space.orders:
        product_of = prod(
            values[:, a] ** power * values[:, c] ** power
            for (a, c), power in zip(space.pairs, b, strict=True)
            if power
        )
        coefficients = np.zeros(len(space.ring.monomials))
        coefficients[positions] = (table @ product_of) * factors
        found[b] = _Element(space, coefficients)
    if not all(np.all(np.isfinite(element.values)) for element in found.values()):
        raise ValueError(f"an average diverges at this K: {kernel.tolist()}")
    return found


@dataclass(frozen=True)
class InputCumulants(Tabulated):
    """Cumulants of the kernel of several inputs in one layer.

    Parameters
    ----------
    kernel : ndarray, shape (M, M)
        K̄.
    cumulants : dict
        From multi-indices over the entries (a, b), a ≤ b, in their order, to the coefficients of
        1, 1/N, … of that cumulant of K - K̄.
    """

    kernel: Array
    cumulants: dict[Index, Array]


def input_cumulants(
    phi: Activation,
    sw2: float,
    sb2: float,
    start: Array,
    depth: int,
    order: int,
    *,
    spacing: float = 1.0,
) -> list[InputCumulants]:
    """Return the cumulants of the kernel of several inputs in every layer.

    Parameters
    ----------
    phi : Activation
        Without kinks.
    sw2, sb2 : float
    start : ndarray, shape (M, M)
        K¹; two inputs to the second order, up to four to the first.
    depth : int
        Layers, the first included.
    order : int
        Highest power of 1/N.
    spacing : float
        Of the nodes of the averages, in units of the usual one: at a wider one the values differ by
        more than the usual ones are off.

    Raises
    ------
    ValueError
        If two inputs are equal or opposite, the activation has a kink, or an average diverges.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> start = np.array([[1.0, 0.5], [0.5, 2.0]])
    >>> last = input_cumulants(activation("linear"), 1.0, 0.0, start, 3, 2)[-1].cumulants
    >>> last[1, 0, 1].round(6).tolist(), last[0, 2, 0].round(6).tolist()
    ([0.0, 1.0, 4.5], [0.0, 4.5, 2.75])
    """
    if phi.kinks:
        raise ValueError(f"{phi.name} has a kink: pairs of inputs are done for smooth activations")
    refuse_equal(start)
    space = _space(len(start), order)
    zero = np.zeros(order + 1)
    moments = dict.fromkeys(space.orders, zero)
    kernel, layers = start, [InputCumulants(start, dict(moments))]
    for _ in range(depth - 1):
        kernel, moments = _layer(phi, sw2, sb2, kernel, moments, space, spacing)
        layers.append(InputCumulants(kernel, _as_cumulants(moments, space)))
    return layers


def refuse_equal(start: Array) -> None:
    """Refuse what is no kernel, and inputs that are equal or opposite."""
    values, scale = np.linalg.eigvalsh(start), np.sqrt(np.diag(start))
    if np.any(np.diag(start) <= 0) or values[0] < -1e-9 * values[-1]:
        raise ValueError("a kernel is positive definite: Kab^2 must be below Kaa Kbb")
    overlaps = np.abs(start / np.multiply.outer(scale, scale)) - 2 * np.eye(len(start))
    if np.any(overlaps > 1 - 1e-9):
        raise ValueError("the kernel of two equal inputs is singular")


def _root(kernel: Array) -> Array:
    """R with R Rᵀ = K, one column for every direction in which the inputs differ."""
    values, vectors = np.linalg.eigh(kernel)
    kept = values > 1e-12 * values[-1]
    if kept.all():
        return np.asarray(np.linalg.cholesky(kernel))
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def _layer(
    phi: Activation,
    sw2: float,
    sb2: float,
    kernel: Array,
    moments: dict[Index, Array],
    space: _Space,
    spacing: float,
) -> tuple[Array, dict[Index, Array]]:
    """The next kernel of infinite width, and the moments of the deviation from it."""
    frozen = not any(np.any(series) for series in moments.values())
    raw = _raw_moments(phi, kernel, space, frozen=frozen, spacing=spacing)
    conditional = cumulants_from_moments(raw)
    next_kernel = np.empty_like(kernel)
    for b, element in conditional.items():
        rank = sum(b)
        values = np.zeros_like(element.values)
        for monomial, place in space.places.items():
            raised = (*monomial[:-1], monomial[-1] + rank - 1)
            if raised in space.places:
                values[space.place(raised)] = element.values[place] * sw2**rank
        if rank == 1:
            a, c = space.pairs[b.index(1)]
            next_kernel[a, c] = next_kernel[c, a] = sb2 + values[0]
            values[0] = 0.0
        conditional[b] = _Element(space, values)
    average = np.zeros((space.order + 1, len(space.places)))
    one = np.eye(space.order + 1)[0]
    for monomial, place in space.places.items():
        series = moments[monomial[:-1]] if any(monomial[:-1]) else one
        shift = monomial[-1]
        average[shift:, place] = series[: space.order + 1 - shift]
    carried = moments_from_cumulants(conditional)
    return next_kernel, {b: average @ element.values for b, element in carried.items()}


def _as_cumulants(moments: dict[Index, Array], space: _Space) -> dict[Index, Array]:
    """Cumulants of moments that are power series in e."""
    nothing = (0,) * len(space.pairs)
    places = [space.place((*nothing, j)) for j in range(space.order + 1)]
    elements = {}
    for b, series in moments.items():
        values = np.zeros(len(space.places))
        values[places] = series
        elements[b] = _Element(space, values)
    return {b: element.values[places] for b, element in cumulants_from_moments(elements).items()}
