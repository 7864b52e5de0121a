"""Networks with neurons as variables, sampled: heat bath on weights and neurons, direct sampling of
softened chains, explicit wide layers.

Every estimate counts independent replicas, each of which is a whole network, as its blocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.estimate import Estimate

__all__ = ["heat_bath_weights", "sampled_annealed_moments", "sampled_chain", "sampled_wide_step"]

Array = NDArray[np.float64]
Function = Callable[[Array], Array]


def heat_bath_weights(
    layers: int,
    x: Sequence[int],
    y: Sequence[int],
    alpha: float,
    k: float,
    beta: float,
    rng: np.random.Generator,
    *,
    sweeps: int = 200,
    replicas: int = 256,
    thermalise: int = 50,
) -> Estimate:
    """Sample weights and neurons of a binary chain by heat bath, and estimate the mean weight of
    each layer and of the product of all.

    A weight sees the field k + 2 alpha sum_l h[l] h'[l]; a neuron sees 2 alpha (W_before h_before +
    W_after h_after), and the last one 2 beta y besides.

    Parameters
    ----------
    layers : int
    x, y : sequence of ±1
    alpha, k, beta : float
        Finite stiffness, prior exp(k W), cost exp(-beta (y - h)²).
    rng : numpy.random.Generator
    sweeps, thermalise : int
        Sweeps that are measured and that are not.
    replicas : int
        Independent chains, the blocks of the estimate.

    Returns
    -------
    Estimate
        Shape (layers + 1,): the weights, then their product.

    Examples
    --------
    >>> free = heat_bath_weights(2, [1], [1], 0.5, 0.3, 0.0, np.random.default_rng(1), sweeps=100)
    >>> bool(np.all(np.abs(free.value[:2] - np.tanh(0.3)) < 5 * free.error[:2]))
    True
    """
    if {*x, *y} - {1, -1} or len(x) != len(y):
        raise ValueError("x and y are lists of +1 and -1 of the same length")
    if not (math.isfinite(alpha) and alpha > 0):
        raise ValueError(f"the heat bath needs a positive finite stiffness, got {alpha}")
    weights = rng.choice([-1.0, 1.0], size=(replicas, layers))
    neurons = rng.choice([-1.0, 1.0], size=(replicas, layers + 1, len(x)))
    neurons[:, 0] = np.asarray(x, dtype=float)
    total = np.zeros((replicas, layers + 1))
    for sweep in range(thermalise + sweeps):
        _sweep(weights, neurons, np.asarray(y, dtype=float), (alpha, k, beta), rng)
        if sweep >= thermalise:
            total[:, :layers] += weights
            total[:, layers] += weights.prod(axis=1)
    return Estimate.from_blocks(total / sweeps)


def _sweep(
    weights: Array,
    neurons: Array,
    y: Array,
    numbers: tuple[float, float, float],
    rng: np.random.Generator,
) -> None:
    """Update all weights at once, then the neurons layer by layer, in place."""
    alpha, k, beta = numbers
    layers = weights.shape[1]
    weights[:] = _spins(k + 2 * alpha * (neurons[:, :-1] * neurons[:, 1:]).sum(axis=2), rng)
    for m in range(1, layers + 1):
        field = 2 * alpha * weights[:, m - 1, None] * neurons[:, m - 1]
        field = field + (
            2 * alpha * weights[:, m, None] * neurons[:, m + 1] if m < layers else 2 * beta * y
        )
        neurons[:, m] = _spins(field, rng)


def _spins(field: Array, rng: np.random.Generator) -> Array:
    """Independent spins in given fields."""
    return np.where(rng.random(field.shape) * (1 + np.exp(-2 * field)) < 1, 1.0, -1.0)


def sampled_chain(
    phi: Function,
    layers: int,
    x: float,
    y: float,
    beta: float,
    alpha: float,
    rng: np.random.Generator,
    *,
    samples: int = 200_000,
    blocks: int = 200,
    deviation: float = 1.0,
) -> Estimate:
    """Average exp(-beta (y - h^(M))²) over Gaussian weights and the noise of softened rules, drawn
    directly.

    Parameters
    ----------
    phi : callable
        Activation.
    layers : int
    x, y, beta : float
    alpha : float
        Stiffness; infinite for sharp rules.
    rng : numpy.random.Generator
    samples, blocks : int
        Networks in all, and into how many blocks they are gathered.
    deviation : float
        Standard deviation of the weights.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> z = sampled_chain(np.tanh, 2, 1.0, 0.5, 2.0, math.inf, np.random.default_rng(1))
    >>> bool(abs(z.value - 0.562116) < 5 * z.error)
    True
    """
    h = np.full(samples, float(x))
    spread = 0.0 if math.isinf(alpha) else math.sqrt(0.5 / alpha)
    for _ in range(layers):
        h = phi(deviation * rng.standard_normal(samples) * h)
        if spread:
            h = h + spread * rng.standard_normal(samples)
    return Estimate.from_blocks(np.exp(-beta * (y - h) ** 2).reshape(blocks, -1).mean(axis=1))


def sampled_wide_step(
    width: int, gain: float, up: int, rng: np.random.Generator, *, networks: int = 2000
) -> Estimate:
    """Draw explicit layers of N x N binary weights of mean g/sqrt(N) and estimate the mean and the
    mean square of the neurons' mean in the next layer.

    Examples
    --------
    >>> found = sampled_wide_step(11, 1.0, 8, np.random.default_rng(1))
    >>> found.value.shape
    (2,)
    """
    h = np.where(np.arange(width) < up, 1.0, -1.0)
    weights = np.where(
        rng.random((networks, width, width)) < (1 + gain / math.sqrt(width)) / 2, 1.0, -1.0
    )
    means = np.sign(weights @ h).mean(axis=1)
    return Estimate.from_blocks(np.stack([means, means**2], axis=1))


def sampled_annealed_moments(
    h: Sequence[float],
    alpha: float,
    variance: float,
    rng: np.random.Generator,
    *,
    samples: int = 200_000,
    blocks: int = 200,
) -> Estimate:
    """Draw one linear layer w h + noise for several data at once and estimate the second moments of
    the copies.

    Examples
    --------
    >>> sampled_annealed_moments([0.7, -0.4], 2.0, 0.5, np.random.default_rng(1)).value.shape
    (2, 2)
    """
    start = np.asarray(h, dtype=float)
    after = rng.standard_normal((samples, 1)) * math.sqrt(variance) * start + math.sqrt(
        0.5 / alpha
    ) * rng.standard_normal((samples, start.size))
    products = after[:, :, None] * after[:, None, :]
    return Estimate.from_blocks(products.reshape(blocks, -1, start.size, start.size).mean(axis=1))
