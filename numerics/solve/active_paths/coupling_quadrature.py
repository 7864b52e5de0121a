"""Sizes of couplings as a few nodes with shares, for tables that average over them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.compile import compiled
from neurenorm.theory.active_paths.couplings import NORMAL, CouplingSizes

__all__ = ["coupling_nodes", "drawn_sizes"]

Array = NDArray[np.float64]
REACH = 6.0  # a standard normal number lies beyond with the probability 2e-9


@checked_arguments
def coupling_nodes(sizes: CouplingSizes, beta: float) -> tuple[Array, Array]:
    """Return sizes |J| and their shares: one node for equal sizes, a trapezoid rule over the normal
    number otherwise.

    The averaged functions depend on J through tanh(beta J), whose nearest pole lies at the
    imaginary J = pi/(2 beta): the rule is exponentially accurate once its spacing is a small part
    of that, and for the Gaussian itself at a spacing of one half.

    Examples
    --------
    >>> from neurenorm.theory.active_paths.couplings import gaussian_sizes
    >>> nodes, shares = coupling_nodes(gaussian_sizes(), 2.0)
    >>> round(float(shares.sum()), 9), round(float(shares @ nodes**2), 6)
    (1.0, 1.0)
    """
    if not sizes.size.has(NORMAL):
        return np.array([float(sizes.size)]), np.ones(1)
    spacing = min(0.5, 0.5 / beta)
    z = np.arange(math.ceil(REACH / spacing) + 1) * spacing
    shares = spacing * np.exp(-(z**2) / 2) * math.sqrt(2 / math.pi)
    shares[0] /= 2
    return np.asarray(compiled(sizes.size, [NORMAL])(z)), shares / shares.sum()


def drawn_sizes(sizes: CouplingSizes, count: int, rng: np.random.Generator) -> Array:
    """Draw sizes of couplings."""
    if not sizes.size.has(NORMAL):
        return np.full(count, float(sizes.size))
    return np.asarray(compiled(sizes.size, [NORMAL])(rng.standard_normal(count)))
