"""Critical exponents of the O(n) quartic action to two loops, from three lattice logarithms.

On a massless lattice of size L in four dimensions, in units 16π² = 1, the bubble is B = 2 ln L, the
sunset S(p) = -p² ln L and the eye E = B²/2 + 2 ln L; sums with a loop at one vertex are absorbed in
the mass. The weights of the diagrams are those of the sum over pairings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sympy import Expr, Integer, Symbol, diff, expand, factor, series

from neurenorm.theory.cumulants.diagrams import Diagram
from neurenorm.theory.loops.quartic import Quartic, components

__all__ = ["WilsonFisher", "coupling", "distance"]

coupling, distance = Symbol("y", real=True), Symbol("epsilon", real=True)
_LOG = Symbol("ell", real=True)
_BUBBLE = Diagram.of(((0, 1), (0, 1)))
_EYE = Diagram.of(((0, 1), (0, 1), (0, 2), (1, 2)))
_CHAIN = Diagram.of(((0, 1), (0, 1), (1, 2), (1, 2)))


@dataclass(frozen=True)
class WilsonFisher:
    """The beta function of the coupling y = g/16π² and the exponent η, to two loops.

    Parameters
    ----------
    n : sympy.Expr
        Number of components.

    Examples
    --------
    >>> WilsonFisher(Integer(1)).beta
    epsilon*y + 17*y**3/3 - 3*y**2
    """

    n: Expr = components

    @cached_property
    def eta(self) -> Expr:
        """η(y): the growth of Γ₂/p² with ln L."""
        return diff(self._field, _LOG).coeff(coupling, 2) * coupling**2

    @cached_property
    def beta(self) -> Expr:
        """dy/d ln L of the renormalised coupling L^ε Γ₄/Z²."""
        n, y = self.n, coupling
        weights = {d: w for k in (2, 3) for d, w in Quartic(n).vertex(k).items()}
        bubble, eye = 2 * _LOG, 2 * _LOG**2 + 2 * _LOG
        vertex = y + y**2 * weights[_BUBBLE] * bubble
        vertex += y**3 * (weights[_CHAIN] * bubble**2 + weights[_EYE] * eye)
        renormalised = series(vertex / self._field**2, y, 0, 4).removeO()
        slope = diff(expand(renormalised), _LOG).subs(_LOG, 0)
        return distance * y + sum(factor(expand(slope).coeff(y, k)) * y**k for k in (2, 3))

    @cached_property
    def fixed_point(self) -> Expr:
        """y* to the order ε²."""
        one, two = (self.beta.coeff(coupling, k) for k in (2, 3))
        return factor(-1 / one) * distance + factor(two / one * (1 / one) ** 2 * -1) * distance**2

    @cached_property
    def _field(self) -> Expr:
        """Γ₂/p² as a series in y, with S(p) = -p² ln L in the sunset."""
        sunset = next(
            w
            for d, w in Quartic(self.n).self_energy(2).items()
            if len(set(d.inner_edges)) == 1 and len(d.inner_edges) == 3
        )
        return Integer(1) + coupling**2 * sunset * -_LOG
