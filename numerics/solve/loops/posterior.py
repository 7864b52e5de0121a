"""The Bayesian posterior of a random network of finite width on a few training points, to the order
1/N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.solve.loops.inputs import InputCumulants

__all__ = ["Posterior", "posterior"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Posterior(Tabulated):
    """Each value as a row: the limit of infinite width, and the coefficient of 1/N.

    Parameters
    ----------
    mean : ndarray, shape (outputs, 2)
        Of the outputs at the test input.
    variance : ndarray, shape (outputs, 2)
    log_evidence : ndarray, shape (2,)
    kernel_shift : ndarray, shape (inputs, inputs)
        The coefficient of 1/N of the mean kernel under the posterior.
    """

    mean: Array
    variance: Array
    log_evidence: Array
    kernel_shift: Array


def _tensors(layer: InputCumulants) -> tuple[Array, Array]:
    """m1_ab and V_abcd, the coefficients of 1/N, over ordered indices."""
    size = len(layer.kernel)
    pairs = [(a, b) for a in range(size) for b in range(a, size)]
    unit = np.eye(len(pairs), dtype=int)
    place = {pair: i for i, (a, b) in enumerate(pairs) for pair in ((a, b), (b, a))}
    first = np.array([layer.cumulants[tuple(map(int, row))][1] for row in unit])
    second = np.array([[layer.cumulants[tuple(map(int, p + q))][1] for q in unit] for p in unit])
    index = np.array([[place[a, b] for b in range(size)] for a in range(size)])
    return first[index], second[index[:, :, None, None], index[None, None]]


def posterior(
    layer: InputCumulants,
    targets: Array,
    noise: float,
    *,
    learning: float = 1.0,
    spreading: float = 1.0,
) -> Posterior:
    """Return the posterior at the last input, given targets at all others.

    With K̃ = K̄_AA + s², u = K̃⁻¹ y and R = e_* - K̃⁻¹ K̄ e_*, the kernel under the posterior is K̄ plus
    1/N times dK = m1 + V:L, L = ½ (u uᵀ - n_o K̃⁻¹), and

        mean = K̄_* u + (1/N) [R dK u - V_abcd R_a K̃⁻¹_bc u_d].

    Parameters
    ----------
    layer : InputCumulants
        Of the outputs, to the first order; the last input is the test input.
    targets : ndarray, shape (training inputs, outputs)
    noise : float
        s², the variance of the noise of the targets.
    learning, spreading : float
        Weights of V:L in the kernel and of the spread of means in the variance, 1 if nothing is
        spoilt.

    Raises
    ------
    ValueError
        If the noise is zero and the kernel of the training inputs has no inverse.
    """
    kernel, trained = layer.kernel, len(targets)
    outputs = targets.shape[1]
    noisy = kernel[:trained, :trained] + noise * np.eye(trained)
    if np.linalg.eigvalsh(noisy)[0] <= 1e-12 * np.abs(noisy).max():
        raise ValueError("noise 0 needs an invertible kernel")
    inverse = np.zeros_like(kernel)
    inverse[:trained, :trained] = np.linalg.inv(noisy)
    y = np.zeros((len(kernel), outputs))
    y[:trained] = targets
    u = inverse @ y
    drift, spread = _tensors(layer)
    learned = (u @ u.T - outputs * inverse) / 2
    shift = drift + learning * np.einsum("abcd,cd->ab", spread, learned)
    star = np.eye(len(kernel))[-1]
    rest = star - inverse @ kernel @ star
    mixed = np.einsum("abcd,a,bc->d", spread, rest, inverse)
    mean = rest @ shift @ u - mixed @ u
    variance = rest @ shift @ rest - mixed @ rest
    variance = variance + spreading * np.einsum("abcd,a,bi,c,di->i", spread, rest, u, rest, u)
    log_limit = -0.5 * float(
        np.sum(y * u) + outputs * (np.linalg.slogdet(noisy)[1] + trained * np.log(2 * np.pi))
    )
    squares = np.einsum("abcd,ab,cd", spread, learned, learned)
    squares -= np.einsum("abcd,ac,bi,di", spread, inverse, u, u)
    squares += outputs / 2 * np.einsum("abcd,ac,bd", spread, inverse, inverse)
    log_shift = float(np.sum(learned * drift) + squares / 2)
    limits = kernel[-1] @ u, kernel[-1, -1] - kernel[-1] @ inverse @ kernel[-1]
    return Posterior(
        np.stack([limits[0], mean], -1),
        np.stack([np.full(outputs, limits[1]), variance], -1),
        np.array([log_limit, log_shift]),
        shift,
    )
