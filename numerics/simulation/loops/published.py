"""Exponents as others computed them, and laws that hold without an expansion.

Each function names its source; none of its numbers was made by this workbench.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "cubic_vertex_exponents",
    "isotropic_exponents",
    "long_range_exponents",
    "multicritical_dimensions",
    "sharp_cutoff_exponents",
    "tangent_correction",
]

Array = NDArray[np.float64]


def isotropic_exponents(n: float, epsilon: float, order: int = 2) -> Array:
    """Return 1/ν, η, ω and g*/(16π²) of the O(n) quartic action.

    γ and η as K. G. Wilson, Phys. Rev. Lett. 28, 548 (1972), to second order; ω and the coupling as
    E. Brézin, J. C. Le Guillou, J. Zinn-Justin, Phys. Rev. D 8, 2418 (1973); ν = γ/(2 - η).

    Examples
    --------
    >>> isotropic_exponents(1, 1.0).round(6).tolist()
    [1.549383, 0.018519, 0.37037, 0.54321]
    """
    a = (n + 2) / (2 * (n + 8))
    b = (n + 2) * (n**2 + 22 * n + 52) / (4 * (n + 8) ** 3)
    c = (n + 2) / (2 * (n + 8) ** 2)
    first = np.array([2 - 2 * a * epsilon, 0, epsilon, 3 / (n + 8) * epsilon])
    second = [2 * a * a - 2 * b - c, c, -3 * (3 * n + 14) / (n + 8) ** 2]
    second.append(9 * (3 * n + 14) / (n + 8) ** 3)
    return np.asarray(first + (order == 2) * np.array(second) * epsilon**2)


def cubic_vertex_exponents(alpha: float, beta: float, epsilon: float) -> tuple[float, float]:
    """Return η and 1/ν of a cubic action with the invariants α = T2 and β = T3.

    D. J. Amit, J. Phys. A 9, 1441 (1976): η = αε/(3(α - 4β)), 1/ν = 2 + 5αε/(3(α - 4β)).

    Examples
    --------
    >>> [round(value, 6) for value in cubic_vertex_exponents(-1.0, -2.0, 1.0)]  # percolation
    [-0.047619, 1.761905]
    """
    ratio = alpha / (alpha - 4 * beta)
    return ratio * epsilon / 3, 2 + 5 * ratio * epsilon / 3


def long_range_exponents(n: float, sigma: float, epsilon: float) -> tuple[float, float]:
    """Return 1/ν and η with a precision k^σ, d = 2σ - ε.

    M. E. Fisher, S.-K. Ma, B. G. Nickel, Phys. Rev. Lett. 29, 917 (1972): γ = 1 + (n+2)/(n+8) ε/σ
    and η = 2 - σ; 1/ν = σ/γ to first order.

    Examples
    --------
    >>> long_range_exponents(-2, 1.5, 0.5)
    (1.5, 0.5)
    """
    return sigma - (n + 2) / (n + 8) * epsilon, 2 - sigma


def multicritical_dimensions(k: int, epsilon: float) -> Array:
    """Return the dimensions of φ^{2k-1} and φ^{2k} at the fixed point of φ^{2k}.

    By the equation of motion φ^{2k-1} has the dimension d less that of φ, which to this order is
    (d-2)/2; and φ^{2k}, irrelevant by ω = (k-1)ε, has d + ω.

    Examples
    --------
    >>> multicritical_dimensions(2, 0.5).tolist()
    [2.75, 4.0]
    """
    d = 2 * k / (k - 1) - epsilon
    return np.array([d - (d - 2) / 2, d + (k - 1) * epsilon])


def sharp_cutoff_exponents() -> Array:
    """Return pairs (ν, ω) of local potentials with a sharp cutoff.

    Two couplings about zero, d = 3, n = 1: eigenvalues (1 ± √22)/3. Without a cut, d = 3, n = 1: ν =
    .6895, ω = .595, J. Comellas, A. Travesset, Nucl. Phys. B 498, 539 (1997). Many components: the
    spherical model, ν = 1/(d-2), ω = 4 - d, here at d = 3.2.

    Examples
    --------
    >>> sharp_cutoff_exponents().round(4).tolist()
    [[0.5272, 1.2301], [0.6895, 0.595], [0.8333, 0.8]]
    """
    root = np.sqrt(22)
    return np.array([[3 / (1 + root), (root - 1) / 3], [0.6895, 0.595], [1 / 1.2, 0.8]])


def tangent_correction() -> Array:
    """Return the coefficient of 1/N of the mean tangent kernel of a tanh network, C_W = 1, in the
    third layer on the input (1, .5, -.3, .2), to six digits: arXiv:2508.11522, numbers of a public
    reproduction.

    Examples
    --------
    >>> tangent_correction().tolist()
    [-0.063113]
    """
    return np.array([-0.063113])
