"""The tangent kernel of several inputs at finite width, to leading order in 1/N.

With y_ab = φ_a φ_b, x_ab = φ'_a φ'_b and H[f]_ef = ⟨∂_e ∂_f f⟩, the law of a layer is that of one
input (`neurenorm.theory.loops.tangent`) with an index for every input: V_ab,cd = Cov(K_ab, K_cd),
D_ab,cd = Cov(K_ab, Θ_ii;cd), F_ab;cd = ⟨z_ia z_jb Θ_ij;cd⟩, A_ab,cd = Cov(Θ_ii;ab, Θ_jj;cd),
B_ab;cd = ⟨Θ_ij;ab Θ_ij;cd⟩, all times N, and the means m1_ab and t1_ab.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.loops.inputs import hermite_rows, normal_nodes
from neurenorm.theory.gaussian.activation import Activation

__all__ = ["TangentLayer", "tangent_layers"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TangentLayer(Tabulated):
    """Kernels and tensors of one layer, over ordered indices of inputs."""

    K: Array
    T: Array
    m1: Array
    t1: Array
    V: Array
    D: Array
    F: Array
    A: Array
    B: Array


class _Averages:
    """Averages at one kernel."""

    def __init__(self, phi: Activation, kernel: Array, spacing: float) -> None:
        size = len(kernel)
        x, self.weights = normal_nodes(size, spacing)
        z = x @ np.linalg.cholesky(kernel).T
        self.size = size
        self.phi, self.slope = (
            np.broadcast_to(
                compiled(phi.derivative(k) if k else phi.expression, [phi.variable])(z), z.shape
            )
            for k in (0, 1)
        )
        indices = [
            tuple(np.bincount(c, minlength=size))
            for k in (1, 2, 4)
            for c in product(range(size), repeat=k)
        ]
        alphas = sorted({tuple(map(int, index)) for index in indices})
        inverse = np.asarray(np.linalg.inv(kernel), dtype=float)
        rows = hermite_rows(alphas, z, inverse) * self.weights
        self.rows = dict(zip(alphas, rows, strict=True))

    def plain(self, values: Array) -> Array:
        """⟨f⟩ of functions with the nodes last."""
        return np.asarray(values @ self.weights)

    def derivative(self, values: Array, order: int) -> Array:
        """⟨∂_e ∂_f … f⟩, the indices of the derivatives last."""
        size = self.size
        columns = []
        for chosen in product(range(size), repeat=order):
            alpha = tuple(map(int, np.bincount(chosen, minlength=size)))
            columns.append(values @ self.rows[alpha])
        return np.stack(columns, -1).reshape(*values.shape[:-1], *[size] * order)


def tangent_layers(
    phi: Activation,
    variances: tuple[float, float],
    rates: tuple[float, float],
    start: tuple[Array, Array],
    depth: int,
    handed: tuple[int, int, int] = (1, 1, 1),
    *,
    spacing: float = 1.0,
) -> list[TangentLayer]:
    """Return kernels and tensors of all layers.

    Parameters
    ----------
    phi : Activation
        Without kinks.
    variances : (float, float)
        σ_w² > 0 and σ_b².
    rates : (float, float)
        λ_W and λ_b.
    start : (ndarray, ndarray)
        K¹ and Θ¹, shape (M, M), M = 1, 2 or 3.
    depth : int
    handed : tuple of int
        Multiples of V, D and F that a layer hands on, 1 if nothing is spoilt.
    spacing : float
        Of the nodes of the averages, in units of the usual one.

    Raises
    ------
    ValueError
        If the activation has a kink.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> one = np.array([[1.0]])
    >>> last = tangent_layers(activation("linear"), (1.0, 0.0), (1.0, 0.0), (one, one), 5)[-1]
    >>> [round(tensor.item(), 6) for tensor in (last.D, last.F, last.A, last.B)]
    [20.0, 10.0, 60.0, 30.0]
    """
    if phi.kinks:
        raise ValueError(f"{phi.name} has a kink: several inputs are done for smooth activations")
    size = len(start[0])
    pair, four = np.zeros((size,) * 2), np.zeros((size,) * 4)
    layers = [TangentLayer(*start, pair, pair, four, four, four, four, four)]
    for _ in range(depth - 1):
        now, (v, d, f) = layers[-1], handed
        spoilt = replace(now, V=v * now.V, D=d * now.D, F=f * now.F)
        layers.append(_next(phi, variances, rates, spoilt, spacing))
    return layers


def _next(
    phi: Activation,
    variances: tuple[float, float],
    rates: tuple[float, float],
    now: TangentLayer,
    spacing: float,
) -> TangentLayer:
    """The next layer."""
    (sw2, sb2), (weight_rate, bias_rate) = variances, rates
    rho, mean = weight_rate / sw2, _Averages(phi, now.K, spacing)
    y = np.einsum("na,nb->abn", mean.phi, mean.phi)
    x = np.einsum("na,nb->abn", mean.slope, mean.slope)
    plain_y, plain_x = mean.plain(y), mean.plain(x)
    bend_y, bend_x = mean.derivative(y, 2), mean.derivative(x, 2)
    fourth_y, fourth_x = mean.derivative(y, 4), mean.derivative(x, 4)
    t, w = now.T, mean.weights

    def covariance(left: Array, right: Array, *means: Array) -> Array:
        """⟨f_ab g_cd⟩ - ⟨f_ab⟩⟨g_cd⟩."""
        both = np.einsum("abn,cdn,n->abcd", left, right, w)
        return np.asarray(both - np.einsum("ab,cd->abcd", *means))

    def through(left: Array, right: Array, tensor: Array) -> Array:
        """¼ H[f_ab] : tensor : H[g_cd]."""
        return np.einsum("abef,efgh,cdgh->abcd", left, tensor, right) / 4

    drift = np.einsum("abef,ef->ab", bend_y, now.m1) / 2
    m1 = sw2 * (drift + np.einsum("abefgh,efgh->ab", fourth_y, now.V) / 8)
    v = sw2**2 * (covariance(y, y, plain_y, plain_y) + through(bend_y, bend_y, now.V))
    cross = covariance(y, x, plain_y, plain_x) * t + through(bend_y, bend_x, now.V) * t
    cross += np.einsum("abef,efcd->abcd", bend_y, now.D) / 2 * plain_x
    d = rho * v + sw2**2 * cross
    own = covariance(x, x, plain_x, plain_x) + through(bend_x, bend_x, now.V)
    own = own * t * t[:, :, None, None]
    mixed = np.einsum("abef,efcd->abcd", bend_x, now.D) / 2 * t[:, :, None, None] * plain_x
    own += mixed + mixed.transpose(2, 3, 0, 1)
    own += plain_x[:, :, None, None] * plain_x * now.A
    turned = d - rho * v
    a = rho**2 * v + rho * (turned + turned.transpose(2, 3, 0, 1)) + sw2**2 * own
    f, b = _off_diagonal(mean, now, sw2, x, plain_x)
    tangent = plain_x * now.t1
    tangent += t * np.einsum("abef,ef->ab", bend_x, now.m1) / 2
    tangent += t * np.einsum("abefgh,efgh->ab", fourth_x, now.V) / 8
    sources = now.D + now.F + now.F.transpose(1, 0, 2, 3)
    tangent += np.einsum("abef,efab->ab", bend_x, sources) / 2
    return TangentLayer(
        sb2 + sw2 * plain_y,
        bias_rate + weight_rate * plain_y + sw2 * plain_x * t,
        m1,
        rho * m1 + sw2 * tangent,
        v,
        d,
        f,
        a,
        b,
    )


def _off_diagonal(
    mean: _Averages, now: TangentLayer, sw2: float, x: Array, plain_x: Array
) -> tuple[Array, Array]:
    """F and B of the next layer."""
    mixed = np.einsum("na,nc->acn", mean.phi, mean.slope)
    one = mean.derivative(mixed, 1)
    local = np.einsum("acn,bdn,n->abcd", mixed, mixed, mean.weights) * now.T
    f = sw2**2 * (local + np.einsum("ace,bdf,efcd->abcd", one, one, now.F))
    local = np.einsum("abn,cdn,n->abcd", x, x, mean.weights) * now.T * now.T[:, :, None, None]
    spread = np.einsum("ac,bd,abcd->abcd", plain_x, plain_x, now.B)
    return np.asarray(f), np.asarray(sw2**2 * (local + spread))
