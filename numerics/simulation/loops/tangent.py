"""Tangent kernels of random networks of finite width: exact moments of scale-invariant ones, and
explicit weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.estimate import Estimate

__all__ = [
    "drawn_differentials",
    "drawn_tensors",
    "scale_invariant_moments",
    "scale_invariant_tensors",
]

Array = NDArray[np.float64]


def scale_invariant_moments(share: float, width: int, layers: int) -> dict[str, float]:
    """Return exact moments of one or two neurons at any width, at criticality, with K¹ = Θ¹ = 1, in
    the NTK parametrisation.

    A linear network (share 1) or one of rectifiers (share ½): the sign of one neuron's weights is
    arbitrary, so each neuron is on with the probability 1/2 whatever the moments.

    Returns
    -------
    dict
        Of K², K Θ_ii, z_i z_j Θ_ij, Θ_ii², Θ_ii Θ_jj and Θ_ij², i ≠ j.

    Examples
    --------
    >>> found = scale_invariant_moments(0.5, 16, 4)
    >>> round(found["own"] / 16 - 1, 6)  # variance of the tangent kernel over its squared mean
    0.795166
    """
    n, p, unit = width, share, (1 / (share * width)) ** 2
    square, cross, mixed, own, pair, off = 1.0, 1.0, 0.0, 1.0, 1.0, 0.0
    for _ in range(layers - 1):
        same = cross + 2 * mixed
        squares = unit * (3 * n * p + n * (n - 1) * p * p) * square
        products = unit * (n * p * same + n * (n - 1) * p * p * cross)
        mixed = unit * (n * p * same + n * (n - 1) * p * p * mixed)
        pair = squares + 2 * products + unit * (n * p * own + n * (n - 1) * p * p * pair)
        off = unit * (n * p * own + n * (n - 1) * p * p * off)
        square, cross, own = squares, squares + products, pair + 2 * off
    return {"square": square, "cross": cross, "mixed": mixed, "own": own, "pair": pair, "off": off}


def scale_invariant_tensors(share: float, layers: int) -> Array:
    """Return D, F, A, B: N times the moments of large width, less those of infinite width.

    Examples
    --------
    >>> scale_invariant_tensors(1.0, 5).round(5).tolist()
    [20.0, 10.0, 60.0, 30.0]
    """
    rows = []
    for width in (10**5, 2 * 10**5):
        m = scale_invariant_moments(share, width, layers)
        excess = [m["cross"] - layers, m["mixed"], m["pair"] - layers**2, m["off"]]
        rows.append(width * np.array(excess))
    return np.asarray(2 * rows[1] - rows[0])


def drawn_tensors(
    phi: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    variances: tuple[float, float],
    rates: tuple[float, float],
    start: tuple[float, float],
    rng: np.random.Generator,
    *,
    width: int = 16,
    blocks: int = 120,
    networks: int = 600,
) -> Estimate:
    """Return D, F, A, B of the third layer, extrapolated from a width and its double.

    The weights of the second layer are explicit; over those of the third the averages are done.

    Parameters
    ----------
    variances : (float, float)
        σ_w² and σ_b².
    rates : (float, float)
        λ_W and λ_b.
    start : (float, float)
        K¹ and Θ¹.
    """
    single, double = (
        np.array(
            [_block(phi, slope, variances, rates, start, n, networks, rng) for _ in range(blocks)]
        )
        for n in (width, 2 * width)
    )
    return Estimate.from_blocks(2 * double - single)


def _block(
    phi: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    variances: tuple[float, float],
    rates: tuple[float, float],
    start: tuple[float, float],
    n: int,
    networks: int,
    rng: np.random.Generator,
) -> Array:
    """N times the covariances and means of so many networks."""
    (sw2, sb2), (weight_rate, bias_rate) = variances, rates
    first = np.sqrt(start[0]) * rng.standard_normal((networks, n))
    weights = np.sqrt(sw2 / n) * rng.standard_normal((networks, n, n))
    bias = np.sqrt(sb2) * rng.standard_normal((networks, n))
    z = np.einsum("aij,aj->ai", weights, phi(first)) + bias
    scaled = weights * slope(first)[:, None, :]
    theta = start[1] * np.einsum("aik,ajk->aij", scaled, scaled)
    theta += (bias_rate + weight_rate * (phi(first) ** 2).mean(1))[:, None, None] * np.eye(n)
    f, g = phi(z), slope(z)
    kernel = sb2 + sw2 * (f**2).mean(1)
    mean = bias_rate + weight_rate * (f**2).mean(1)
    mean += sw2 * np.einsum("ai,aii->a", g**2, theta) / n
    product = np.einsum("ai,aij,aj->a", f * g, theta, f * g)
    square = np.einsum("ai,aij,aj->a", g**2, theta**2, g**2)
    covariance = np.cov(kernel, mean)
    unit = (sw2 / n) ** 2
    return n * np.array(
        [covariance[0, 1], unit * product.mean(), covariance[1, 1], unit * square.mean()]
    )


Parameters = tuple[Array, Array, Array, Array, Array]
"""z of the first layer, weights and biases of the second, weights and biases of two outputs."""


class _Net:
    """Two outputs of the third layer as functions of all parameters, for many networks at once."""

    def __init__(
        self,
        phi: Callable[[Array], Array],
        slope: Callable[[Array], Array],
        rates: tuple[float, float, float],
    ) -> None:
        self.phi, self.slope = phi, slope
        self.rates = (rates[2], rates[0], rates[1], rates[0], rates[1])

    def gradient(self, at: Parameters, i: int) -> Parameters:
        """Derivatives of output i with respect to all parameters."""
        first, weights, bias, out, _ = at
        z = np.einsum("aij,aj->ai", weights, self.phi(first)) + bias
        back = out[:, i] * self.slope(z)
        outer = np.zeros_like(out)
        outer[:, i] = self.phi(z)
        ones = np.zeros(out.shape[:2])
        ones[:, i] = 1
        down = np.einsum("ai,aij->aj", back, weights) * self.slope(first)
        return down, back[:, :, None] * self.phi(first)[:, None], back, outer, ones

    def scaled(self, gradient: Parameters) -> Parameters:
        """A gradient times the rates of learning."""
        first, weights, bias, out, outer = (
            rate * part for rate, part in zip(self.rates, gradient, strict=True)
        )
        return first, weights, bias, out, outer


def _moved(at: Parameters, step: Parameters, h: float) -> Parameters:
    """Parameters a step further."""
    first, weights, bias, out, outer = (a + h * s for a, s in zip(at, step, strict=True))
    return first, weights, bias, out, outer


def _dot(left: Parameters, right: Parameters) -> Array:
    """The scalar product, one number for each network."""
    return np.asarray(
        sum((a * b).reshape(len(a), -1).sum(1) for a, b in zip(left, right, strict=True))
    )


def drawn_differentials(
    phi: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    variances: tuple[float, float],
    rates: tuple[float, float],
    start: tuple[float, float],
    rng: np.random.Generator,
    *,
    width: int = 12,
    blocks: int = 100,
    networks: int = 300,
) -> Estimate:
    """Return P, Q, R, S, T4, U of the third layer, extrapolated from a width and its double.

    All weights are explicit; derivatives of gradients are differences over a small step.
    """
    rows = []
    for n in (width, 2 * width):
        net = _Net(phi, slope, (rates[0] / n, rates[1], start[1]))
        drawn = [_differentials(net, variances, start[0], n, networks, rng) for _ in range(blocks)]
        rows.append(np.array(drawn))
    return Estimate.from_blocks(2 * rows[1] - rows[0])


def _differentials(
    net: _Net,
    variances: tuple[float, float],
    kernel: float,
    n: int,
    networks: int,
    rng: np.random.Generator,
    h: float = 1e-3,
) -> Array:
    """N times the means over so many networks and both orders of the outputs."""
    sw2, sb2 = variances
    at = (
        np.sqrt(kernel) * rng.standard_normal((networks, n)),
        np.sqrt(sw2 / n) * rng.standard_normal((networks, n, n)),
        np.sqrt(sb2) * rng.standard_normal((networks, n)),
        np.sqrt(sw2 / n) * rng.standard_normal((networks, 2, n)),
        np.sqrt(sb2) * rng.standard_normal((networks, 2)),
    )
    hidden = np.einsum("aij,aj->ai", at[1], net.phi(at[0])) + at[2]
    value = np.einsum("aoi,ai->ao", at[3], net.phi(hidden)) + at[4]
    total = np.zeros(6)
    plain = [net.gradient(at, i) for i in (0, 1)]
    g = [net.scaled(part) for part in plain]
    sides = {
        (i, j, sign): net.gradient(_moved(at, g[j], sign * h), i)
        for i in (0, 1)
        for j in (0, 1)
        for sign in (1, -1)
    }
    bent = {
        (i, j): _moved(_zero(at), _moved(sides[i, j, 1], sides[i, j, -1], -1.0), 1 / (2 * h))
        for i in (0, 1)
        for j in (0, 1)
    }
    for i, j in ((0, 1), (1, 0)):
        curve = _moved(_moved(sides[i, j, 1], sides[i, j, -1], 1.0), plain[i], -2.0)
        total += np.array(
            [
                (_dot(bent[i, j], g[j]) * value[:, i]).mean(),
                (_dot(bent[i, i], g[j]) * value[:, j]).mean(),
                _dot(curve, g[i]).mean() / h**2,
                _dot(bent[i, j], net.scaled(bent[i, j])).mean(),
                _dot(bent[i, i], net.scaled(bent[j, j])).mean(),
                _dot(bent[i, j], net.scaled(bent[j, i])).mean(),
            ]
        )
    return n * total / 2


def _zero(at: Parameters) -> Parameters:
    """Parameters that are all zero."""
    first, weights, bias, out, outer = (np.zeros_like(a) for a in at)
    return first, weights, bias, out, outer
