"""The free field of a lattice, stated for numerics: action (1/2) sum over bonds of (difference)^2
plus (m2/2) sum over vertices of the square.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Add, Expr, Reals, Symbol, cos, sin

from neurenorm.graphs.crystals import (
    body_centred,
    diamond_crystal,
    face_centred,
    kagome,
    square_octagon,
)
from neurenorm.graphs.lattices import cubic, honeycomb, square, triangular
from neurenorm.graphs.periodic.periodic import PeriodicGraph
from neurenorm.theory.field.gaussian_field import GaussianField
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned

__all__ = ["LATTICES", "LatticeGreen", "lattice_green"]

LATTICES = {
    "square": square,
    "triangular": triangular,
    "honeycomb": honeycomb,
    "kagome": kagome,
    "square-octagon": square_octagon,
    "cubic": cubic,
    "body-centred": body_centred,
    "face-centred": face_centred,
    "diamond": diamond_crystal,
}
M2 = symbols("field").m2


@dataclass(frozen=True)
class LatticeGreen(Typeset):
    """Green function, determinant, resistance and correlation length of the free field of a lattice.

    Parameters
    ----------
    graph : PeriodicGraph
        Of two or three translations; with a metric for the correlation length.
    r : tuple of int
        Cells from vertex 0 to the copy of it that is compared.
    """

    graph: PeriodicGraph
    r: tuple[int, ...]

    def correlation_length(self, m2: Expr) -> Expr:
        """Return the length of the long waves along r, by the band to second order in k.

        Examples
        --------
        >>> from sympy import Integer
        >>> LatticeGreen(square(), (1, 0)).correlation_length(Integer(1) / 100)
        10
        """
        degrees = {self.graph.degree(v) for v in self.graph.vertices}
        if len(degrees) > 1:
            raise ValueError("the vertices have different degrees: there is no single mass")
        field = GaussianField(self.graph, degrees.pop() + m2, -1)
        return field.effective_theory.correlation_length_along(self.r)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return what is averaged over wave numbers."""
        V = len(self.graph.vertices)
        share = "" if V == 1 else rf"\frac{{1}}{{{V}}} "
        return aligned(
            [
                rf"G &= {share}\int_k \operatorname{{tr}} (L(k) + m^2)^{{-1}},\quad"
                rf"\ln\det = {share}\int_k \ln \det (L(k) + m^2)",
                r"R(r) &= 2 \int_k (1 - \cos k \cdot r) \left[(L(k) + m^2)^{-1}\right]_{00}",
            ]
        )

    @property
    def derivation(self) -> Derivation:
        """The Laplacian of a lattice of one vertex per cell as a sum of squares."""
        phases = [Symbol(f"k{i}", real=True) for i in range(self.graph.dimension)]
        steps = [
            Add(*(n * k for n, k in zip(edge.offset, phases, strict=True)))
            for edge in self.graph.edges
        ]
        before = Add(*(2 - 2 * cos(step) for step in steps))
        after = Add(*(4 * sin(step / 2) ** 2 for step in steps))
        return Derivation(
            "lattice field",
            (Step("bonds by their phases", before, after, "L(k)", dict.fromkeys(phases, Reals)),),
        )


def lattice_green(lattice: str = "square", r: Any = None) -> LatticeGreen:
    """State the free field of a lattice of a name."""
    graph = LATTICES[lattice]()
    d = graph.dimension
    step = (1,) + (0,) * (d - 1) if r is None else tuple(int(n) for n in r)
    if len(step) != d or not any(step):
        raise ValueError(
            f"r is a list of {d} whole numbers of cells, not all zero, on this lattice; got "
            f"{list(step)}"
        )
    return LatticeGreen(graph, step)
