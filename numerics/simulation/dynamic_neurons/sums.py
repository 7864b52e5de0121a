"""Networks with neurons as variables, summed by brute force from plain arrays: the independent
witness of exact results.

Nothing here knows parity blocks, recursions or elimination: configurations are enumerated, kernels
are filled entry by entry, and networks are lists of weight matrices.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import minimize

from neurenorm.graphs.rendering import Tabulated

__all__ = [
    "BinarySums",
    "back_propagation",
    "binary_chain_sums",
    "binary_kernel",
    "binomial_matrix",
    "bulk_energy",
    "dense_kernel",
    "forward",
    "grid_second_eigenvalue",
    "local_gradients",
    "overlap_probability",
    "relaxed_neurons",
    "threshold_partition",
    "trapezoidal_partition",
    "up_probability",
]

Array = NDArray[np.float64]
Function = Callable[[Array], Array]
MOST_CONFIGURATIONS = 2**22


@dataclass(frozen=True)
class BinarySums(Tabulated):
    """Partition function and weight averages of a binary chain.

    Parameters
    ----------
    value : float
        Z.
    single : ndarray
        Average of the weight of each layer.
    product : float
        Average of the product of all weights.
    """

    value: float
    single: Array
    product: float


def binary_chain_sums(
    layers: int,
    x: Sequence[int],
    y: Sequence[int],
    alpha: float,
    k: float,
    beta: float,
    normalised: bool = True,
) -> BinarySums:
    """Sum over all weights and all neurons of a binary chain.

    Parameters
    ----------
    layers : int
        Number of weight layers M; there are 2^M weights and 2^M neuron configurations for each
        datum.
    x, y : sequence of ±1
        Inputs and targets.
    alpha, k, beta : float
        Stiffness (infinite: the rule holds exactly), prior exp(k W), cost exp(-beta (y - h)²).
    normalised : bool
        Whether each constraint sums to one.

    Returns
    -------
    BinarySums

    Raises
    ------
    ValueError
        If there are too many configurations, or a datum is not ±1.

    Examples
    --------
    >>> round(binary_chain_sums(6, [1, -1, 1], [1, -1, -1], math.inf, 0.4, 0.3).value, 10)
    20.0524972681
    """
    if {*x, *y} - {1, -1} or len(x) != len(y):
        raise ValueError("x and y are lists of +1 and -1 of the same length")
    if not alpha > 0:
        raise ValueError(f"the stiffness alpha must be positive (inf for sharp rules), got {alpha}")
    if 4**layers > MOST_CONFIGURATIONS:
        raise ValueError(
            f"4^{layers} configurations are more than {MOST_CONFIGURATIONS}: enumerate fewer layers"
        )
    weights = np.array(list(itertools.product((1, -1), repeat=layers)), dtype=float)
    total = np.exp(k * weights.sum(axis=1))
    for start, target in zip(x, y, strict=True):
        total = total * _copy_sum(weights, start, target, alpha, beta, normalised)
    value = float(total.sum())
    product = weights.prod(axis=1)
    return BinarySums(value, np.asarray(total @ weights / value), float(total @ product / value))


def _copy_sum(
    weights: Array, start: int, target: int, alpha: float, beta: float, normalised: bool
) -> Array:
    """For every weight configuration, the sum over the neurons of one datum."""
    layers = weights.shape[1]
    if math.isinf(alpha):
        return np.exp(-beta * (target - start * weights.prod(axis=1)) ** 2)
    total = np.zeros(len(weights))
    norm = (1 + math.exp(-4 * alpha)) ** layers if normalised else math.exp(-2 * alpha) ** layers
    for neurons in itertools.product((1, -1), repeat=layers):
        before = np.array((start, *neurons[:-1]), dtype=float)
        gaps = (np.array(neurons) - weights * before) ** 2
        total += np.exp(-alpha * gaps.sum(axis=1) - beta * (target - neurons[-1]) ** 2)
    return total / norm


def binary_kernel(alpha: float, k: float, copies: int) -> Array:
    """Return the kernel of one binary layer on P copies, T[h', h] = sum_W exp(k W + 2 alpha W sum_l
    h[l] h'[l]), entry by entry.

    Examples
    --------
    >>> binary_kernel(0.6, 0.4, 1).round(6).tolist()
    [[5.154929, 2.67487], [2.67487, 5.154929]]
    """
    states = np.array(list(itertools.product((1, -1), repeat=copies)), dtype=float)
    overlap = states @ states.T
    return np.asarray(sum(np.exp(k * w + 2 * alpha * w * overlap) for w in (1, -1)))


def dense_kernel(width: int, alpha: float, k: float, wired: bool = False) -> Array:
    """Return the kernel of a dense binary layer of N neurons and one datum: all 2^(N N) weights are
    enumerated.

    With ``wired`` the layer is residual: a neuron is passed on to its successor as it is, and the N
    (N - 1) other entries are weights.

    Examples
    --------
    >>> bool(np.allclose(dense_kernel(1, 0.6, 0.4), binary_kernel(0.6, 0.4, 1)))
    True
    """
    states = np.array(list(itertools.product((1, -1), repeat=width)), dtype=float)
    kernel = np.zeros((len(states), len(states)))
    matrix = np.eye(width)
    free = np.argwhere(np.ones((width, width)) - wired * matrix)
    for entries in itertools.product((1, -1), repeat=len(free)):
        matrix[tuple(free.T)] = entries
        signs = np.sign(states @ matrix.T)
        kernel += math.exp(k * sum(entries)) * np.exp(2 * alpha * states @ signs.T)
    return kernel


def up_probability(width: int, up: int, mean: float) -> float:
    """Return the probability of sum W h > 0 with ``up`` of the h up, summed over all 2^N rows of
    weights.

    Examples
    --------
    >>> up_probability(3, 3, 0.5)
    0.84375
    """
    if width % 2 == 0 or not 0 <= up <= width or not abs(mean) <= 1:
        raise ValueError(
            f"give an odd width, 0 <= up <= width and a mean between -1 and 1, got {width}, {up} "
            f"and {mean}"
        )
    h = np.array([1.0] * up + [-1.0] * (width - up))
    rows = np.array(list(itertools.product((1, -1), repeat=width)), dtype=float)
    chances = np.prod((1 + mean * rows) / 2, axis=1)
    return float(chances[rows @ h > 0].sum())


def binomial_matrix(width: int, mean: float) -> Array:
    """Return the transfer matrix of the number of neurons up in wide binary layers, from binomial
    laws of the products W h: entry [after, before].

    Examples
    --------
    >>> bool(np.allclose(binomial_matrix(3, 0.5)[3, 3], up_probability(3, 3, 0.5) ** 3))
    True
    """
    columns = []
    for up in range(width + 1):
        counts = np.arange(
            up + 1
        )  # of products +1 among the inputs that are up; the others have to bring the rest of a majority
        chance = stats.binom.pmf(counts, up, (1 + mean) / 2) @ stats.binom.sf(
            width // 2 - counts, width - up, (1 - mean) / 2
        )
        columns.append(stats.binom.pmf(np.arange(width + 1), width, chance))
    return np.array(columns).T


def overlap_probability(width: int, different: int) -> float:
    """Return the probability that one neuron differs between two data that differ in ``different``
    neurons, over all 2^N rows of weights.

    Examples
    --------
    >>> overlap_probability(3, 1)
    0.5
    """
    first = np.ones(width)
    second = np.where(np.arange(width) < different, -1.0, 1.0)
    rows = np.array(list(itertools.product((1, -1), repeat=width)), dtype=float)
    return float(np.mean(np.sign(rows @ first) != np.sign(rows @ second)))


def threshold_partition(
    layers: int,
    x: Sequence[int],
    y: Sequence[int],
    beta: float,
    weights: Sequence[float],
    biases: Sequence[float],
    energy: Callable[[float, float], float],
) -> float:
    """Return Z of a chain h' = sign(W h + b), summed over the weights and biases of all layers.

    Examples
    --------
    >>> round(threshold_partition(1, [1], [1], 0.5, [1, -1], [0], lambda w, b: 0.0), 6)
    1.135335
    """
    choices = list(itertools.product(weights, biases))
    total = 0.0
    for layer_choices in itertools.product(choices, repeat=layers):
        h = np.array(x, dtype=float)
        energy_sum = 0.0
        for w, b in layer_choices:
            h = np.sign(w * h + b)
            energy_sum += energy(w, b)
        total += math.exp(-energy_sum - beta * float(np.sum((np.array(y) - h) ** 2)))
    return total


def trapezoidal_partition(
    phi: Function, x: float, y: float, beta: float, points: int = 1601
) -> float:
    """Return Z of a sharp chain of two layers with standard normal weights by plain sums over a
    grid, exponentially exact for smooth phi.

    Examples
    --------
    >>> round(trapezoidal_partition(np.tanh, 1.0, 0.5, 2.0), 6)
    0.562116
    """
    w = np.linspace(-9, 9, points)
    weights = np.exp(-(w**2) / 2) / math.sqrt(2 * math.pi) * (w[1] - w[0])
    h = phi(w[None, :] * phi(w[:, None] * x))
    return float(weights @ np.exp(-beta * (y - h) ** 2) @ weights)


def grid_second_eigenvalue(
    phi: Function,
    weight: float,
    alpha: float,
    half_width: float,
    points: int = 1201,
    sweeps: int = 3000,
) -> float:
    """Return the second eigenvalue of the softened rule h' = phi(w h) + noise for odd phi, by power
    iteration on odd functions over an even grid.

    Examples
    --------
    >>> round(grid_second_eigenvalue(lambda z: z, 0.5, 2.0, 6.0), 8)
    0.5
    """
    h = np.linspace(-half_width, half_width, points)
    kernel = (
        math.sqrt(alpha / math.pi)
        * np.exp(-alpha * (h[None, :] - phi(weight * h)[:, None]) ** 2)
        * (h[1] - h[0])
    )
    vector, value = h / np.abs(h).max(), 0.0
    for _ in range(sweeps):
        image = kernel @ vector
        image = (image - image[::-1]) / 2
        previous, value = value, float(np.abs(image).max())
        vector = image / value
        if abs(value - previous) < 1e-14:
            break
    return value


def forward(weights: Sequence[Array], x: Array, phi: Function) -> list[Array]:
    """Return the neurons of all layers, shape (width, data) each, the input first.

    Examples
    --------
    >>> [h.shape for h in forward([np.ones((3, 2))], np.ones((2, 5)), np.tanh)]
    [(2, 5), (3, 5)]
    """
    neurons = [np.asarray(x, dtype=float)]
    for matrix in weights:
        neurons.append(phi(matrix @ neurons[-1]))
    return neurons


def back_propagation(
    weights: Sequence[Array], x: Array, y: Array, phi: Function, slope: Function
) -> list[Array]:
    """Return the gradients of C = sum (y - h^(M))² by all weights.

    Examples
    --------
    >>> back_propagation([np.eye(1)], np.ones((1, 1)), np.zeros((1, 1)), lambda z: z, np.ones_like)[
    ...     0
    ... ]
    array([[2.]])
    """
    neurons = forward(weights, x, phi)
    error = 2 * (neurons[-1] - y)
    gradients: list[Array] = []
    for m in range(len(weights) - 1, -1, -1):
        error = error * slope(weights[m] @ neurons[m])
        gradients.insert(0, error @ neurons[m].T)
        error = weights[m].T @ error
    return gradients


def bulk_energy(
    weights: Sequence[Array], neurons: Sequence[Array], phi: Function, periodic: bool = False
) -> float:
    """Return sum over layers of |h^(m+1) - phi(W^(m) h^(m))|²; on a ring the last layer feeds the
    first.

    Examples
    --------
    >>> bulk_energy([np.eye(1)], [np.ones((1, 1)), np.zeros((1, 1))], lambda z: z)
    1.0
    """
    ring = [*neurons, neurons[0]] if periodic else list(neurons)
    return float(
        sum(
            np.sum((b - phi(w @ a)) ** 2)
            for w, a, b in zip(weights, ring[:-1], ring[1:], strict=True)
        )
    )


def relaxed_neurons(
    weights: Sequence[Array], x: Array, y: Array, kappa: float, phi: Function, slope: Function
) -> list[Array]:
    """Minimise C + kappa * bulk energy over the neurons behind the input, from the forward values.

    Examples
    --------
    >>> relaxed_neurons(
    ...     [np.eye(1)], np.ones((1, 1)), np.zeros((1, 1)), 1.0, lambda z: z, np.ones_like
    ... )[1].round(9)
    array([[0.5]])
    """
    start = forward(weights, x, phi)
    shapes = [h.shape for h in start[1:]]

    def unpack(flat: Array) -> list[Array]:
        """The neurons as matrices."""
        cuts = np.cumsum([0, *(a * b for a, b in shapes)])
        return [
            start[0],
            *(
                flat[i:j].reshape(shape)
                for i, j, shape in zip(cuts[:-1], cuts[1:], shapes, strict=True)
            ),
        ]

    def energy(flat: Array) -> tuple[float, Array]:
        """Energy and gradient, divided by kappa so that the scale stays the same."""
        neurons = unpack(flat)
        sums = [w @ h for w, h in zip(weights, neurons[:-1], strict=True)]
        gaps = [h - phi(z) for h, z in zip(neurons[1:], sums, strict=True)]
        value = np.sum((y - neurons[-1]) ** 2) / kappa + sum(np.sum(gap**2) for gap in gaps)
        slopes = [2 * gap for gap in gaps]
        slopes[-1] = slopes[-1] - 2 * (y - neurons[-1]) / kappa
        for m in range(1, len(weights)):
            slopes[m - 1] = slopes[m - 1] - weights[m].T @ (2 * gaps[m] * slope(sums[m]))
        return float(value), np.concatenate([s.ravel() for s in slopes])

    flat = np.concatenate([h.ravel() for h in start[1:]])
    return unpack(_newton(energy, flat))


def _newton(energy: Callable[[Array], tuple[float, Array]], start: Array) -> Array:
    """Minimum of a smooth function near a start: quasi-Newton, then Newton steps with a numerical
    Hessian until the gradient vanishes to rounding.
    """
    point = np.asarray(minimize(energy, start, jac=True, method="BFGS", options={"gtol": 1e-9}).x)
    step = 1e-5
    for _ in range(6):
        gradient = energy(point)[1]
        hessian = np.array(
            [
                (energy(point + step * e)[1] - energy(point - step * e)[1]) / (2 * step)
                for e in np.eye(point.size)
            ]
        )
        point = point - np.linalg.solve((hessian + hessian.T) / 2, gradient)
    return point


def local_gradients(
    weights: Sequence[Array], neurons: Sequence[Array], kappa: float, phi: Function, slope: Function
) -> list[Array]:
    """Return the derivatives of kappa * bulk energy by all weights at given neurons: each needs its
    own layer only.

    Examples
    --------
    >>> local_gradients(
    ...     [np.eye(1)], [np.ones((1, 1)), np.zeros((1, 1))], 1.0, lambda z: z, np.ones_like
    ... )[0]
    array([[2.]])
    """
    gradients = []
    for m, matrix in enumerate(weights):
        z = matrix @ neurons[m]
        gradients.append(-2 * kappa * ((neurons[m + 1] - phi(z)) * slope(z)) @ neurons[m].T)
    return gradients
