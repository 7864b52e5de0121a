"""The cumulants of the kernel along depth, as numbers, for any activation."""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.quadrature import line_average
from neurenorm.theory.cumulants.moments import cumulants_from_moments
from neurenorm.theory.cumulants.ring import TruncatedRing
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.loops.networks import KernelCumulants

__all__ = ["kernel_cumulants"]

Array = NDArray[np.float64]


def _hermite(order: int, x: Array) -> Array:
    """He_order(x), summed term by term."""
    return np.asarray(np.polynomial.hermite_e.hermeval(x, [0.0] * order + [1.0]))


def _moments(phi: Activation, kernel: float, highest: int, derivatives: int) -> Array:
    """d^r⟨φ^{2b}⟩/dK^r for b = 1 … highest and r = 0 … derivatives, as ⟨He_2r φ^{2b}⟩/(2K)^r."""
    function = compiled(phi.expression, [phi.variable])
    kinks = [float(place) for place in phi.kinks]
    return np.array(
        [
            [
                line_average(
                    lambda z, b=b, r=r: (
                        _hermite(2 * r, z / np.sqrt(kernel)) * function(z) ** (2 * b)
                    ),
                    kernel,
                    kinks,
                    1e-13 if r < 2 else 1e-12,
                ).value.item()
                / (2 * kernel) ** r
                for r in range(derivatives + 1)
            ]
            for b in range(1, highest + 1)
        ]
    )


def _conditional(phi: Activation, kernel: float, sw2: float, order: int) -> Array:
    """Derivatives of σ_w^{2b} κ_b[φ²]_K; row b - 1, column r."""
    space, highest = TruncatedRing(1, order), 2 * order
    table = _moments(phi, kernel, order + 1, highest)
    series = {
        (b,): space.element({(r, 0): table[b - 1, r] / factorial(r) for r in range(highest + 1)})
        for b in range(1, order + 2)
    }
    found = cumulants_from_moments(series)
    return np.array(
        [
            [sw2**b * found[b,].terms.get((r, 0), 0.0) * factorial(r) for r in range(highest + 1)]
            for b in range(1, order + 2)
        ]
    )


def kernel_cumulants(
    source: Activation | str, sw2: float, sb2: float, start: float, depth: int, order: int = 2
) -> tuple[Array, dict[tuple[int, int], Array]]:
    """Return the wide-limit kernel of every layer and the coefficients of its cumulants in 1/N.

    Parameters
    ----------
    source : Activation or str
    sw2, sb2 : float
        Variances of weights and biases.
    start : float
        K¹ > 0, the kernel of the first layer.
    depth : int
        Layers, counted from 1.
    order : int
        Highest power of 1/N, at most 3.

    Returns
    -------
    kernels : ndarray, shape (depth,)
    cumulants : dict
        (b, j) to the coefficient of 1/N^j in the cumulant of order b, shape (depth,).

    Raises
    ------
    ValueError
        If the order is too high, the start or the depth is not positive, or an average diverges.

    Examples
    --------
    >>> _, found = kernel_cumulants("linear", 1.0, 0.0, 1.0, 6)
    >>> {entry: round(float(value[-1]), 9) for entry, value in found.items()}
    {(1, 1): 0.0, (1, 2): 0.0, (2, 1): 10.0, (2, 2): 40.0, (3, 2): 280.0}
    """
    if start <= 0 or depth < 1:
        raise ValueError("the first kernel K1 and the depth must be positive")
    theory, phi = KernelCumulants(order), activation(source)
    step = compiled(list(theory.recursion.step), [*theory.state, *theory.parameters])
    kernels, states = [start], [np.zeros(len(theory.state))]
    for _ in range(depth - 1):
        table = _conditional(phi, kernels[-1], sw2, order)
        given = [table[b - 1, r] for b, r in theory.averages]
        states.append(np.array(step(*states[-1], *given), dtype=float))
        kernels.append(sb2 + table[0, 0])
    columns = np.array(states).T
    return np.array(kernels), dict(zip(theory.entries, columns, strict=True))
