"""Order parameters of simulated systems, a point of a phase diagram at a time: what is left of a
signal, or of a planted state, in a finite network.
"""

from __future__ import annotations

import math

import numpy as np

from neurenorm.graphs.paths import random_active_paths
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.active_paths.dynamics import PathMonteCarlo
from neurenorm.numerics.simulation.active_paths.instances import couplings
from neurenorm.numerics.simulation.field_theory.activations import NumericActivation
from neurenorm.numerics.simulation.field_theory.networks import Plan, sample_layers

__all__ = ["final_correlation", "layered_magnetization", "surviving_overlap"]


def final_correlation(
    activation: NumericActivation,
    sw2: float,
    sb2: float,
    rng: np.random.Generator,
    *,
    width: int = 300,
    depth: int = 50,
    networks: int = 20,
) -> Estimate:
    """Estimate the correlation, in the last of many layers, of two inputs at a right angle.

    Parameters
    ----------
    activation : NumericActivation
    sw2, sb2 : float
        Variances of weights (times the width) and of biases.
    rng : numpy.random.Generator
    width, depth, networks : int
        Neurons per layer, layers, and independent networks.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> from neurenorm.numerics.simulation.field_theory.activations import numeric_activation
    >>> bool(
    ...     final_correlation(numeric_activation("tanh"), 1.0, 0.5, np.random.default_rng(0)).value
    ...     > 0.99
    ... )
    True
    """
    samples = sample_layers(
        Plan((width,) * (depth + 1), sw2, sb2),
        np.sqrt(width) * np.eye(2, width),
        activation,
        networks,
        rng,
    )
    last = samples.overlaps[:, -1]
    size = np.sqrt(last[:, 0, 0] * last[:, 1, 1])
    return Estimate.from_blocks(
        np.where(size > 0, last[:, 0, 1] / np.where(size > 0, size, 1.0), 1.0)
    )


def layered_magnetization(
    width: int, gain: float, rng: np.random.Generator, *, depth: int = 40, networks: int = 100
) -> Estimate:
    """Estimate the size of the mean of the neurons after many layers of binary weights of mean
    g/sqrt(N), from a first layer of neurons +1.

    Of the products W h of a neuron with its inputs only the number of +1 matters; it is drawn from
    its exact law.

    Parameters
    ----------
    width : int
        Odd number of neurons N of every layer.
    gain : float
        g, at most sqrt(N) in size.
    rng : numpy.random.Generator
    depth, networks : int

    Returns
    -------
    Estimate

    Examples
    --------
    >>> bool(layered_magnetization(101, 3.0, np.random.default_rng(0)).value > 0.9)
    True
    """
    if width < 1 or width % 2 == 0 or not abs(gain) <= math.sqrt(width):
        raise ValueError(
            f"the width must be odd and |g| at most its square root, got N = {width} and g = {gain}"
        )
    likely, up = (1 + gain / math.sqrt(width)) / 2, np.full(networks, width)
    for _ in range(depth):
        count = up[:, None]
        agreeing = rng.binomial(count, likely, (networks, width)) + rng.binomial(
            width - count, 1 - likely, (networks, width)
        )
        up = (agreeing > width // 2).sum(axis=1)
    return Estimate.from_blocks(np.abs(2 * up / width - 1))


def surviving_overlap(
    p: int,
    degree: float,
    T: float,
    kind: str,
    rng: np.random.Generator,
    *,
    neurons: int = 24,
    settle: int = 150,
    measured: int = 50,
    networks: int = 3,
) -> Estimate:
    """Estimate the overlap with the planted (or ferromagnetic) state that a Monte Carlo run started
    there keeps.

    Parameters
    ----------
    p : int
        Layers of weights.
    degree : float
        Paths per weight c.
    T : float
        Temperature.
    kind : str
        Kind of couplings, as in `neurenorm.numerics.simulation.active_paths.instances.couplings`.
    rng : numpy.random.Generator
    neurons, settle, measured, networks : int
        Units per layer, sweeps before and during the measurement, and independent networks.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> bool(surviving_overlap(3, 4.0, 0.3, "planted", np.random.default_rng(0)).value > 0.9)
    True
    """
    found = []
    for _ in range(networks):
        network = random_active_paths((neurons,) * (p + 1), round(degree * neurons**2), rng)
        hidden = np.ones(network.size) if kind == "ferro" else rng.choice([-1.0, 1.0], network.size)
        chain = PathMonteCarlo(
            network, couplings(network, kind, rng, beta=1 / T, hidden=hidden), 1 / T, hidden, rng
        )
        chain.sweep(settle)
        found.append(float(chain.measure(measured, hidden)[0].mean()))
    return Estimate.from_blocks(np.array(found))
