"""Explicit small networks, transfer matrices and integrals that claims on promoted neurons are held
to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erf

from neurenorm.numerics.simulation.dynamic_neurons.sums import (
    back_propagation,
    binary_kernel,
    binomial_matrix,
    dense_kernel,
)

__all__ = [
    "FIELD_ON_WEIGHTS",
    "INPUT",
    "INVERSE_TEMPERATURE",
    "LAW",
    "LEAVE",
    "MOMENTS",
    "STEPS",
    "TARGET",
    "TAUS",
    "WEIGHTS",
    "classes_found",
    "critical_gain_found",
    "eigenvalues_by_squaring",
    "kernel_power",
    "kernel_spectrum",
    "lengths_of_powers",
    "linear_integrals",
    "maps_enumerated",
    "markov_squared",
    "order_growth",
    "pairs_found",
    "pitchfork_found",
    "propagated",
    "run_networks",
    "run_two_layers",
    "scaling_found",
    "wide_integrals",
]

Array = NDArray[np.float64]
FIELD_ON_WEIGHTS, INVERSE_TEMPERATURE = 0.35, 0.6
STEPS = 3
LEAVE = (0.1, 0.3)
LAW = np.random.default_rng(2).dirichlet(np.ones(27))
WEIGHTS, INPUT, TARGET = (0.9, -0.7, 1.3), 0.8, 0.4
MOMENTS = (1.3, 0.7, 2.0, 0.1)
"""Length and joint length of two data, variances of weights and biases."""
TAUS = (-2.0, -1.0, 0.0, 0.5)


def critical_gain_found() -> float:
    """One over twice the standard normal density at zero."""
    return float(1 / (2 * stats.norm.pdf(0.0)))


def run_networks() -> Array:
    """The same by running each network, written out by hand, for all its weights."""
    sums = np.zeros(3)
    for entries in product((1, -1), repeat=4):
        h = np.array([1, -1]) + np.sign(np.array(entries).reshape(2, 2) @ np.array([1, -1]))
        sums[0] += math.exp(
            FIELD_ON_WEIGHTS * sum(entries) - INVERSE_TEMPERATURE * float(((1 - h) ** 2).sum())
        )
    for u, w in product((1, -1), repeat=2):
        state = 0.0
        for x in (1, -1, 1):
            state = float(np.sign(u * x + w * state))
        sums[1] += math.exp(FIELD_ON_WEIGHTS * (u + w) - INVERSE_TEMPERATURE * (1 - state) ** 2)
    for ac, bc, bd, ce, de, ae in product((1, -1), repeat=6):
        c, d = np.sign(ac - bc), -bd
        e = np.sign(ce * c + de * d + ae)
        sums[2] += math.exp(
            FIELD_ON_WEIGHTS * (ac + bc + bd + ce + de + ae)
            - INVERSE_TEMPERATURE * float((1 - e) ** 2)
        )
    return sums


def run_two_layers() -> float:
    """Partition function of the weights of a 3-3-1 network of signs on (1, -1, 1) with target 1, by
    running it for all 4096 weights.
    """
    signs = np.array(np.meshgrid(*[[1, -1]] * 12, indexing="ij")).reshape(12, -1).T
    hidden = np.sign(signs[:, :9].reshape(-1, 3, 3) @ np.array([1, -1, 1]))
    cost = (1 - np.sign(np.sum(signs[:, 9:] * hidden, axis=1))) ** 2
    total = np.exp(FIELD_ON_WEIGHTS * signs.sum(axis=1) - INVERSE_TEMPERATURE * cost).sum()
    return float(total)


def kernel_power(alpha: float, k: float, copies: int, layers: int) -> Array:
    """The kernel of some binary layers on some data, multiplied out."""
    found: Array = np.linalg.matrix_power(binary_kernel(alpha, k, copies), layers)
    return found


def kernel_spectrum(alpha: float, k: float, copies: int) -> Array:
    """The eigenvalues of the kernel of a binary layer, rising."""
    return np.asarray(np.linalg.eigvalsh(binary_kernel(alpha, k, copies)), dtype=float)


def lengths_of_powers() -> Array:
    """The same from the eigenvalues of the matrices of blocks of 1, 2, 4 and 8 layers, multiplied
    out.
    """
    return np.array(
        [
            [
                -math.log(ratio)
                for ratio in decays_of(np.linalg.matrix_power(binary_kernel(0.6, 0.4, 2), 2**n))
            ]
            for n in range(STEPS + 1)
        ]
    )


def decays_of(matrix: Array) -> tuple[float, float]:
    """The second largest and the largest eigenvalue below the first of a matrix on two data, over
    the first: one datum, and the overlap of two.
    """
    values = np.sort(np.linalg.eigvalsh(matrix))[::-1]
    return float(values[2] / values[0]), float(values[1] / values[0])


def eigenvalues_by_squaring() -> Array:
    """The same from matrices close to order and their squares: how 1 - t, 1 - kappa, exp(-2 K1) and
    the field K2 grow.
    """
    small, growth = 1e-7, []
    for which, alpha, k in ((0, -math.log(small / 2) / 4, 9.0), (1, 9.0, -math.log(small / 2) / 2)):
        kernel = binary_kernel(alpha, k, 2)
        before, after = (1 - characters_of(matrix)[which] for matrix in (kernel, kernel @ kernel))
        growth.append(after / before)
    K1, K2 = 9.0, 1e-7
    kernel = np.array([[math.exp(K1 + K2), math.exp(-K1)], [math.exp(-K1), math.exp(K1 - K2)]])
    squared = kernel @ kernel
    u = math.sqrt(squared[0, 1] * squared[1, 0] / (squared[0, 0] * squared[1, 1])) / math.exp(
        -2 * K1
    )
    return np.array([*growth, u, math.log(squared[0, 0] / squared[1, 1]) / 2 / K2])


def characters_of(matrix: Array) -> tuple[float, float]:
    """t and kappa of a matrix on two data, whose decays are t kappa and t^2."""
    values = np.sort(np.linalg.eigvalsh(matrix / matrix.max()))[::-1]
    vectors = np.array([[1, 1, -1, -1], [1, -1, -1, 1]]) / 2  # one datum, and the product of both
    odd, even = (float(v @ (matrix / matrix.max()) @ v / values[0]) for v in vectors)
    return math.sqrt(even), odd / math.sqrt(even)


def markov_squared() -> Array:
    """The probabilities to leave each state in two steps."""
    a, c = LEAVE
    matrix = np.linalg.matrix_power(np.array([[1 - a, a], [c, 1 - c]]), 2)
    return np.array([matrix[0, 1], matrix[1, 0]])


def maps_enumerated() -> Array:
    """The same by composing all pairs of tables, and by moving all pairs of states."""
    tables = sorted(product(range(3), repeat=3), key=lambda f: (-len(set(f)), f))
    twice = dict.fromkeys(tables, 0.0)
    for (f, p), (g, q) in product(
        zip(tables, LAW, strict=True), zip(tables, LAW[::-1], strict=True)
    ):
        twice[tuple(f[i] for i in g)] += p * q
    matrix = np.zeros((9, 9))
    for f, p in zip(tables, LAW, strict=True):
        for a, b in product(range(3), repeat=2):
            matrix[3 * f[a] + f[b], 3 * a + b] += p
    return np.concatenate([[twice[f] for f in sorted(twice)], matrix.ravel()])


def linear_integrals() -> Array:
    """The same by Gauss-Hermite quadrature over the noise, by eliminating a neuron of a matrix, and
    by quadrature over the weight.
    """
    z, w = np.polynomial.hermite_e.hermegauss(40)
    w = w / w.sum()
    after = 0.8 * 0.7 + 0.1 + math.sqrt(0.05) * z
    g = 0.4878048781
    form = np.eye(5) - g * (np.eye(5, k=1) + np.eye(5, k=-1))
    covariance = np.linalg.inv(form)[::2, ::2]  # of every second neuron
    reduced = np.linalg.inv(covariance)
    ratio = -reduced[0, 1] / reduced[1, 1]
    weight = math.sqrt(0.5) * z
    pair = [float(w @ (weight * 0.7) ** 2) + 0.25, float(w @ (weight * 0.7 * weight * -0.4))]
    return np.array([*(float(w @ after**n) for n in range(5)), ratio, *pair])


def propagated() -> Array:
    """The gradients by running explicit arrays forwards and backwards."""
    layers = [np.array([[w]]) for w in WEIGHTS]
    found = back_propagation(
        layers, np.array([INPUT]), np.array([TARGET]), np.tanh, lambda z: 1 - np.tanh(z) ** 2
    )
    return np.array([float(np.ravel(g)[0]) for g in found])


def pitchfork_found() -> float:
    """h*²/(w - 1) of h = tanh(w h) ever closer to w = 1."""
    steps = 0.002 * np.arange(1, 6)
    roots = [
        brentq(lambda h, w=1 + d: math.tanh(w * h) - h, math.sqrt(d), 1.0, xtol=1e-15) ** 2 / d
        for d in steps
    ]
    return float(np.polyfit(steps, roots, 4)[-1])


def wide_integrals() -> Array:
    """The same from the orthant probability of two normal numbers, and from integrals over normal
    variables.
    """
    length, joint_length, weight, bias = MOMENTS
    orthant = [stats.multivariate_normal(cov=[[1, c], [c, 1]]).cdf([0.0, 0.0]) for c in (0.3, 0.8)]

    def density(z: float) -> float:
        """The standard normal density."""
        return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    own = quad(lambda z: erf(math.sqrt(length) * z) ** 2 * density(z), -9, 9, epsabs=1e-13)[0]
    slope = quad(
        lambda z: (2 / math.sqrt(math.pi) * math.exp(-length * z * z)) ** 2 * density(z),
        -9,
        9,
        epsabs=1e-13,
    )[0]
    rest = math.sqrt(length - joint_length**2 / length)

    def inner(z: float) -> float:
        """The second neuron given the first, with its own noise integrated in closed form by
        hand.
        """
        return float(erf(joint_length / math.sqrt(length) * z / math.sqrt(1 + 2 * rest**2)))

    joint = quad(lambda z: erf(math.sqrt(length) * z) * inner(z) * density(z), -9, 9, epsabs=1e-13)[
        0
    ]
    return np.array(
        [
            *(4 * o - 1 for o in orthant),
            bias + weight * (own + 0.25),
            bias + weight * joint,
            weight * slope,
        ]
    )


def scaling_found() -> Array:
    """The same from whole transfer matrices of growing widths, extrapolated in 1/sqrt(N)."""
    widths, rows = np.array([51, 101, 201, 399]), []
    for width in widths:
        row = []
        for tau in TAUS:
            mean = math.sqrt(math.pi / 2) * (1 + tau / math.sqrt(width)) / math.sqrt(width)
            second = np.sort(np.linalg.eigvals(binomial_matrix(int(width), mean)).real)[-2]
            row.append(-1 / math.log(second) / math.sqrt(width))
        rows.append(row)
    return np.polyfit(widths**-0.5, np.array(rows), 3)[-1]


def classes_found() -> Array:
    """The same from the logarithm of the squared matrix of a layer, expanded in products of
    spins.
    """
    kernel = dense_kernel(3, 0.3, 0.2)
    table = np.log(kernel @ kernel)
    spins = np.array(list(product((1, -1), repeat=3)))
    subsets = [
        s
        for n in range(4)
        for s in ([i for i in range(3) if mask >> i & 1] for mask in range(8))
        if len(s) == n
    ]
    gathered: dict[tuple[int, int], list[float]] = {}
    for first, last in product(subsets, subsets):
        before, after = spins[:, first].prod(axis=1), spins[:, last].prod(axis=1)
        gathered.setdefault((len(first), len(last)), []).append(float(after @ table @ before) / 64)
    rows = [
        (f, b, len(v), float(np.mean(v)))
        for (f, b), v in gathered.items()
        if max(map(abs, v)) > 1e-12 and (f, b) != (0, 0)
    ]
    return np.array(sorted(rows))


def pairs_found() -> Array:
    """Pairs of weights with a mixed second derivative, by finite differences, of the cost and of
    the promoted energy of chains of one to four layers.
    """
    rows = []
    for layers in (1, 2, 3, 4):
        rng = np.random.default_rng(layers)
        w, h = rng.normal(size=layers), rng.normal(size=layers + 1)

        def cost(v: Array) -> float:
            """The composed network."""
            z = 0.7
            for weight in v:
                z = weight * z + 0.3 * (weight * z) ** 2
            return (0.4 - z) ** 2

        def energy(v: Array, h: Array = h) -> float:
            """One term per layer."""
            z = v * h[:-1]
            return float(((h[1:] - z - 0.3 * z**2) ** 2).sum())

        rows.append(
            [
                sum(abs(_mixed(f, w, i, j)) > 1e-6 for i in range(layers) for j in range(i))
                for f in (cost, energy)
            ]
        )
    return np.array(rows, dtype=float)


def _mixed(function: Any, at: Array, i: int, j: int, step: float = 1e-3) -> float:
    """A mixed second derivative."""
    total = 0.0
    for a, b in product((1, -1), repeat=2):
        moved = at.copy()
        moved[i] += a * step
        moved[j] += b * step
        total += a * b * function(moved)
    return total / (4 * step**2)


def order_growth() -> Array:
    """Growth exponents of the cost and of the promoted energy with the size of their variables, for
    1 to 4 layers of sigma = z + g z².
    """

    def chain(sizes: Array, layers: int) -> Array:
        h = np.full_like(sizes, 0.7)
        for w in np.linspace(0.9, 1.3, layers):
            h = (z := w * sizes * h) + 0.3 * z**2
        return (0.2 - h) ** 2

    def local(sizes: Array, layers: int) -> Array:
        neurons = np.concatenate(
            [[np.full_like(sizes, 0.7)], np.outer(np.linspace(0.6, 1.1, layers), sizes)]
        )
        energy = (0.2 - neurons[-1]) ** 2
        for w, before, after in zip(
            np.linspace(0.9, 1.3, layers), neurons[:-1], neurons[1:], strict=True
        ):
            energy = energy + (after - (z := w * sizes * before) - 0.3 * z**2) ** 2
        return energy

    def growth(function: Callable[[Array, int], Array], layers: int) -> float:
        sizes = np.array([1e4, 2e4])
        return float(np.diff(np.log2(function(sizes, layers)))[0])

    return np.array([[growth(chain, m), growth(local, m)] for m in (1, 2, 3, 4)])
