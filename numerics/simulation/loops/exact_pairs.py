"""Two inputs at any width without an expansion: sine networks, and the posterior on one point.

Sine networks: averages of products of sines given a kernel are sums of exponentials of its entries,
and the kernel of the second layer is a mean of independent terms, so an average over it is the N-th
power of an average over one neuron.

Posterior on one training point behind one hidden layer: functions of the kernel of that point alone
are Fourier sums, in which the neurons that also carry the test input are marked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["exact_posterior", "fitted_posterior", "sine_pair_orders"]

Array = NDArray[np.float64]
Exponentials = dict[tuple[float, float, float], float]
WIDTHS = (20, 24, 28, 34, 42, 54, 70, 96)


def _times(left: Exponentials, right: Exponentials) -> Exponentials:
    """The product of two sums of exponentials."""
    found: Exponentials = {}
    for t, c in left.items():
        for s, e in right.items():
            key = (t[0] + s[0], t[1] + s[1], t[2] + s[2])
            found[key] = found.get(key, 0.0) + c * e
    return found


ZERO = (0.0, 0.0, 0.0)
PAIR: Exponentials = {(-0.5, 1.0, -0.5): 0.5, (-0.5, -1.0, -0.5): -0.5}
"""⟨sin a sin b⟩, in exponents of K_aa, K_ab, K_bb."""
FIRST: Exponentials = {ZERO: 0.5, (-2.0, 0.0, 0.0): -0.5}
SECOND: Exponentials = {ZERO: 0.5, (0.0, 0.0, -2.0): -0.5}
SQUARES: Exponentials = {
    ZERO: 0.25,
    (-2.0, 0.0, 0.0): -0.25,
    (0.0, 0.0, -2.0): -0.25,
    (-2.0, -4.0, -2.0): 0.125,
    (-2.0, 4.0, -2.0): 0.125,
}
"""⟨sin² a sin² b⟩."""


def _normal_pair(kernel: Array) -> tuple[Array, Array]:
    """Nodes, shape (nodes, 2), and weights of a pair of normal variables."""
    x = np.arange(-10, 10.1, 0.2)
    w = 0.2 * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), -1).reshape(-1, 2)
    return grid @ np.linalg.cholesky(kernel).T, np.multiply.outer(w, w).ravel()


def _sine_pair(sw2: float, sb2: float, start: Array, width: int) -> Array:
    """Mean of K_ab, its variance and the covariance of K_aa and K_bb in the third layer."""
    z, w = _normal_pair(start)
    s = np.sin(z)
    y = np.array([s[:, 0] ** 2, s[:, 0] * s[:, 1], s[:, 1] ** 2])

    def average(terms: Exponentials) -> float:
        """Over the kernel of the second layer."""
        total = 0.0
        for t, c in terms.items():
            one = np.exp(sw2 / width * (np.array(t) @ y)) @ w
            total += c * np.exp(sb2 * sum(t)) * one**width
        return float(total)

    mean, square = average(PAIR), average(_times(PAIR, PAIR))
    both, product = average(SQUARES), average(_times(FIRST, SECOND))
    variance = square - mean**2 + (both - square) / width
    covariance = product - average(FIRST) * average(SECOND) + (both - product) / width
    return np.array([sb2 + sw2 * mean, sw2**2 * variance, sw2**2 * covariance])


def sine_pair_orders(sw2: float, sb2: float, start: Array, widths: Sequence[int] = WIDTHS) -> Array:
    """Return coefficients of powers of 1/N of the mean of K_ab, of its variance and of the covariance
    of K_aa and K_bb in the third layer, one row for each.

    Examples
    --------
    >>> found = sine_pair_orders(1.5, 0.1, np.array([[0.8, 0.3], [0.3, 0.6]]))
    >>> found[:, :2].round(6).tolist()
    [[0.357574, -0.033992], [-0.0, 0.431116], [-0.0, 0.043692]]
    """
    rows = np.array([_sine_pair(sw2, sb2, start, width) for width in widths])
    return np.asarray(np.linalg.solve(np.vander(1 / np.array(widths), increasing=True), rows).T)


def exact_posterior(
    phi: Callable[[Array], Array],
    sw2: float,
    sb2: float,
    start: Array,
    target: float,
    noise: float,
    width: int,
    modes: int = 400,
) -> Array:
    """Return mean and variance of the output at a test input, and ln Z, given one training point
    behind one hidden layer of any width; |φ| ≤ 1.

    Examples
    --------
    >>> start = np.array([[1.0, 0.6], [0.6, 1.2]])
    >>> exact_posterior(np.tanh, 1.8, 0.1, start, 1.3, 0.05, 24)[:2].round(8).tolist()
    [0.72810585, 0.61446591]
    """
    z, w = _normal_pair(start)
    square, mark, other = phi(z[:, 0]) ** 2, phi(z[:, 0]) * phi(z[:, 1]), phi(z[:, 1]) ** 2
    omega = np.pi * np.arange(-modes, modes + 1)
    wave = np.exp(1j * np.multiply.outer(omega, square) / width)
    plain, one, two, test = (wave @ (w * f) for f in (np.ones_like(w), mark, mark**2, other))
    t, weight = np.polynomial.legendre.leggauss(800)
    s, weight = (t + 1) / 2, weight / 2
    back = np.exp(-1j * np.multiply.outer(s, omega)) / 2
    kernel = sb2 + sw2 * s + noise
    likelihood = np.exp(-(target**2) / (2 * kernel)) / np.sqrt(2 * np.pi * kernel)

    def average(function: Array, transform: Array) -> float:
        """Of a function of the kernel of the training point, with some neurons marked."""
        return float(weight * function * likelihood @ (back @ transform).real)

    none = plain**width
    marked = one * plain ** (width - 1)
    double = (two * plain ** (width - 1) + (width - 1) * one**2 * plain ** (width - 2)) / width
    tested = test * plain ** (width - 1)
    norm = average(np.ones_like(s), none)

    def cross(function: Array) -> float:
        """Of a function times K_*a."""
        return sb2 * average(function, none) + sw2 * average(function, marked)

    def cross_squared(function: Array) -> float:
        """Of a function times K_*a²."""
        linear = sb2**2 * average(function, none) + 2 * sb2 * sw2 * average(function, marked)
        return linear + sw2**2 * average(function, double)

    mean = cross(target / kernel) / norm
    own = (sb2 * norm + sw2 * average(np.ones_like(s), tested)) / norm
    second = own + cross_squared((target / kernel) ** 2 - 1 / kernel) / norm
    return np.array([mean, second - mean**2, np.log(norm)])


def fitted_posterior(
    phi: Callable[[Array], Array],
    sw2: float,
    sb2: float,
    start: Array,
    target: float,
    noise: float,
    widths: Sequence[int] = WIDTHS,
) -> Array:
    """Return the limit and the coefficient of 1/N of mean, variance and ln Z, one row for each."""
    rows = [exact_posterior(phi, sw2, sb2, start, target, noise, width) for width in widths]
    inverse = np.vander(1 / np.array(widths), increasing=True)
    return np.asarray(np.linalg.solve(inverse, np.array(rows)).T[:, :2])
