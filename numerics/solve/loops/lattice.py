"""Diagrams as numbers: sums over the positions of their vertices, on any finite piece of a graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from neurenorm.theory.cumulants.diagrams import Diagram
from neurenorm.theory.loops.quartic import Quartic

__all__ = ["contracted", "propagator", "self_energy", "vertex"]

Array = NDArray[np.float64]
_LETTERS = "abcdefghijkl"


def propagator(precision: Array) -> Array:
    """Return G = T⁻¹ of a Gaussian field.

    Parameters
    ----------
    precision : ndarray, shape (V, V)
        T, symmetric.

    Raises
    ------
    ValueError
        If T is not positive definite: the Gaussian field does not exist.

    Examples
    --------
    >>> propagator(np.array([[2.0]])).tolist()
    [[0.5]]
    """
    lowest = float(np.linalg.eigvalsh(precision)[0])
    if lowest <= 1e-12 * float(np.abs(precision).max()):
        raise ValueError(
            f"the quadratic part has the eigenvalue {lowest:.3g}, which is not positive: give m2 > 0"
        )
    return np.asarray(np.linalg.inv(precision))


def contracted(diagram: Diagram, covariance: Array) -> Array:
    """Return the product of G over the inner edges, summed over all vertices that carry no leg.

    Parameters
    ----------
    diagram : Diagram
        With two legs, or with none.
    covariance : ndarray, shape (V, V)
        G.

    Returns
    -------
    ndarray
        Shape (V, V): rows are the place of leg -1, columns that of leg -2. Without legs, a number.

    Examples
    --------
    >>> sunset = Diagram.of(((-2, 0), (-1, 1), (0, 1), (0, 1), (0, 1)))
    >>> contracted(sunset, np.array([[2.0, 1.0], [1.0, 2.0]])).tolist()
    [[8.0, 1.0], [1.0, 8.0]]
    """
    operands: list[tuple[str, Array]] = []
    for (low, high), times in Counter(diagram.inner_edges).items():
        names, factor = _LETTERS[low] + _LETTERS[high], covariance
        if low == high:
            names, factor = _LETTERS[low], np.diag(covariance)
        operands.append((names, factor**times))
    kept = "".join(_LETTERS[diagram.legs[leg]] for leg in sorted(diagram.legs, reverse=True))
    everywhere = np.ones(len(covariance))
    reached = {letter for names, _ in operands for letter in names}
    vertices = {_LETTERS[v] for v in diagram.vertices} or {_LETTERS[0]}
    operands += [(letter, everywhere) for letter in sorted(vertices - reached)]
    ends = "".join(dict.fromkeys(kept))
    found = np.einsum(
        ",".join(names for names, _ in operands) + "->" + ends,
        *(factor for _, factor in operands),
        optimize="greedy",
    )
    return np.asarray(np.diag(found) if len(kept) == 2 and len(ends) == 1 else found)


def _summed(weighted: Mapping[Diagram, Expr], covariance: Array) -> Array:
    """The weighted sum of diagrams."""
    return np.asarray(
        sum(float(weight) * contracted(diagram, covariance) for diagram, weight in weighted.items())
    )


def self_energy(theory: Quartic, covariance: Array, order: int) -> list[Array]:
    """Return the coefficients of g, g², … of Σ, each a matrix of the sites.

    Parameters
    ----------
    theory : Quartic
    covariance : ndarray, shape (V, V)
    order : int
        Highest power of g, at most 3.

    Examples
    --------
    >>> from sympy import Integer
    >>> one_site = self_energy(Quartic(Integer(1)), np.array([[1.0]]), 3)
    >>> [round(float(term.item()), 6) for term in one_site]
    [0.5, -0.416667, 0.833333]
    """
    return [_summed(theory.self_energy(k), covariance) for k in range(1, order + 1)]


def vertex(theory: Quartic, covariance: Array, order: int) -> list[float]:
    """Return the coefficients of g, g², … of Γ₄ of one component, summed over the places of all
    four legs, per site.

    Γ₄ is minus the connected four-point function without its full outer propagators; on a torus
    the sum is that at zero momenta. Any Gaussian part will do.

    Examples
    --------
    >>> from sympy import Integer
    >>> vertex(Quartic(Integer(1)), np.array([[1.0]]), 3)
    [1.0, -1.5, 5.25]
    """
    sites = len(covariance)
    return [float(_summed(theory.vertex(k), covariance)) / sites for k in range(1, order + 1)]
