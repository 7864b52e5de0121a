"""Diagrams on a torus of one vertex per cell, by Fourier transforms.

A line is a function of the distance. Parallel lines are multiplied, two lines that meet in a vertex
without other lines are convolved, a loop at a vertex is a number; every diagram of a self-energy up
to third order, and of a vertex whose legs are summed, is reduced by these three. The cost is that
of Fourier transforms, V log V.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from neurenorm.theory.cumulants.diagrams import Diagram
from neurenorm.theory.loops.quartic import Quartic

__all__ = ["laplacian_symbol", "on_torus", "self_energy", "vertex"]

Array = NDArray[np.float64]
_Lines = list[tuple[int, int, Array]]


def laplacian_symbol(extents: Sequence[int]) -> Array:
    """Return Σ_i (2 - 2 cos k_i) on the momenta of a hypercubic torus.

    Examples
    --------
    >>> laplacian_symbol([4]).round(12).tolist()
    [0.0, 2.0, 4.0, 2.0]
    """
    axes = [2 - 2 * np.cos(2 * np.pi * np.arange(size) / size) for size in extents]
    total = np.zeros(tuple(extents))
    for i, axis in enumerate(axes):
        total = total + axis.reshape([-1 if i == j else 1 for j in range(len(axes))])
    return total


def on_torus(symbol: Array) -> Array:
    """Return G(x), the inverse of a symbol w(k); where w is exactly zero the mode is left out.

    Examples
    --------
    >>> on_torus(np.array([1.0, 3.0])).tolist()
    [0.6666666666666666, 0.33333333333333337]
    """
    inverse = np.divide(1.0, symbol, out=np.zeros_like(symbol), where=symbol != 0)
    return np.asarray(np.fft.ifftn(inverse).real)


def _convolved(left: Array, right: Array) -> Array:
    """Σ_y f(y) g(x - y)."""
    product = np.fft.rfftn(left) * np.fft.rfftn(right)
    axes = tuple(range(left.ndim))
    return np.asarray(np.fft.irfftn(product, left.shape, axes=axes))


def _reduced(diagram: Diagram, line: Array, ends: tuple[int, ...]) -> tuple[float, Array | None]:
    """A number, and the function between the two ends where they differ."""
    lines: _Lines = [(a, b, line) for a, b in diagram.inner_edges]
    inside = [v for v in diagram.vertices if v not in ends]
    number, lines = _merged(lines)
    while inside:
        found = next((v for v in inside if sum(v in item[:2] for item in lines) <= 2), None)
        if found is None:
            raise NotImplementedError(f"{diagram.edges} is not made of parallel lines and chains")
        inside.remove(found)
        factor, lines = _without(found, lines)
        loops, lines = _merged(lines)
        number *= factor * loops
    return number, lines[0][2] if lines else None


def _merged(lines: _Lines) -> tuple[float, _Lines]:
    """Parallel lines as one, and the product of the loops at single vertices."""
    number = 1.0
    found: dict[tuple[int, int], Array] = {}
    for a, b, f in lines:
        if a == b:
            number *= float(f[(0,) * f.ndim])
        else:
            key = (min(a, b), max(a, b))
            found[key] = found[key] * f if key in found else f
    return number, [(a, b, f) for (a, b), f in found.items()]


def _without(vertex: int, lines: _Lines) -> tuple[float, _Lines]:
    """Sum over the place of a vertex of one or two lines: a number, and the lines that are left."""
    here = [item for item in lines if vertex in item[:2]]
    rest = [item for item in lines if vertex not in item[:2]]
    far = [b if a == vertex else a for a, b, _ in here]
    if len(here) == 1:
        return float(here[0][2].sum()), rest
    return 1.0, [*rest, (far[0], far[1], _convolved(here[0][2], here[1][2]))]


def _ends(diagram: Diagram) -> tuple[int, ...]:
    """The vertices that carry legs; without legs any one, as the others are summed from it."""
    return tuple(dict.fromkeys(diagram.legs.values())) or (diagram.vertices or (0,))[:1]


def self_energy(theory: Quartic, propagator: Array, order: int) -> list[Array]:
    """Return the coefficients of g, g², … of Σ as functions of the distance.

    Examples
    --------
    >>> from sympy import Integer
    >>> found = self_energy(Quartic(Integer(1)), on_torus(1 + laplacian_symbol([3])), 2)
    >>> [round(float(term.sum()), 6) for term in found]
    [0.25, -0.072917]
    """
    found = []
    for k in range(1, order + 1):
        total = np.zeros_like(propagator)
        for diagram, weight in theory.self_energy(k).items():
            number, line = _reduced(diagram, propagator, _ends(diagram))
            if line is None:
                total[(0,) * total.ndim] += float(weight) * number
            else:
                total += float(weight) * number * line
        found.append(total)
    return found


def vertex(theory: Quartic, propagator: Array, order: int) -> list[float]:
    """Return the coefficients of g, g², … of Γ₄ at zero momenta.

    Examples
    --------
    >>> from sympy import Integer
    >>> found = vertex(Quartic(Integer(1)), on_torus(1 + laplacian_symbol([3])), 3)
    >>> [round(term, 6) for term in found]
    [1.0, -0.5625, 0.761719]
    """
    return [_closed(theory.vertex(k), propagator) for k in range(1, order + 1)]


def _closed(weighted: Mapping[Diagram, Expr], propagator: Array) -> float:
    """The weighted sum of diagrams without legs, per site."""
    return sum(
        float(weight) * _reduced(diagram, propagator, _ends(diagram))[0]
        for diagram, weight in weighted.items()
    )
