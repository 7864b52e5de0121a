"""Perturbation theory of the quartic action on any Gaussian background.

    S = ½ Σ φ T φ + (g/4!) Σ_x (φ_x·φ_x)²,        G = T⁻¹,        n components.

The self-energy Σ (the full inverse propagator is T + Σ) and the vertex function Γ₄ are minus the
sums of the one-particle-irreducible amputated diagrams. Diagrams and their polynomials in n come
from the sum over pairings; what a graph adds is only the sum over the positions of the vertices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sympy import Expr, Integer, Symbol, cancel, factor

from neurenorm.theory.cumulants.diagrams import Diagram, diagrams

__all__ = ["HIGHEST", "Quartic", "components"]

HIGHEST = 3
"""The highest power of the coupling."""
components = Symbol("n", real=True)


@lru_cache(maxsize=16)
def _irreducible(order: int, legs: int) -> dict[Diagram, Expr]:
    """Irreducible diagrams with `legs` legs, weighted by pairings/(4!^V V!) and by n over the trace
    of the external indices.
    """
    strands = tuple((-i, -i - 1) for i in range(1, legs, 2))
    n = components
    trace = n if legs == 2 else n * (n + 2) / 3
    found = diagrams([4] * order, strands, n)
    return {
        diagram: factor(cancel(weight / trace))
        for diagram, weight in found.items()
        if len(diagram.legs) == legs and diagram.is_irreducible
    }


@dataclass(frozen=True)
class Quartic:
    """The diagrams of the O(n) quartic action, order by order in g.

    Parameters
    ----------
    n : sympy.Expr
        Number of components; by default the symbol `components`.

    Examples
    --------
    >>> one = Quartic(Integer(1))
    >>> {diagram.inner_edges: weight for diagram, weight in one.self_energy(1).items()}
    {((0, 0),): 1/2}
    """

    n: Expr = components

    def self_energy(self, order: int) -> dict[Diagram, Expr]:
        """Return the diagrams of Σ_ij at the order g^order and their weights, sign included.

        Leg -1 stands at i and leg -2 at j.

        Raises
        ------
        ValueError
            If the order is not 1, 2 or 3.
        """
        return self._signed(order, 2)

    def vertex(self, order: int) -> dict[Diagram, Expr]:
        """Return the diagrams of Γ₄ of one component with their weights, sign included.

        All legs are summed over the lattice (on a torus: zero momenta), so diagrams that differ by
        the names of legs add up.

        Raises
        ------
        ValueError
            If the order is not 1, 2 or 3.
        """
        total: dict[Diagram, Expr] = {}
        for diagram, weight in self._signed(order, 4).items():
            bare = Diagram.of(diagram.inner_edges)
            total[bare] = total.get(bare, Integer(0)) + weight
        return {diagram: factor(weight) for diagram, weight in total.items()}

    def _signed(self, order: int, legs: int) -> dict[Diagram, Expr]:
        """Minus the irreducible diagrams of (-g)^order."""
        if not 1 <= order <= HIGHEST:
            raise ValueError(f"order {order}: the orders are 1 to {HIGHEST}")
        sign = -((-1) ** order)
        return {
            diagram: factor(sign * weight.subs(components, self.n))
            for diagram, weight in _irreducible(order, legs).items()
        }
