"""Critical exponents of the O(n) quartic action to two loops, from three lattice logarithms.

On a massless lattice of size L in four dimensions, in units 16π² = 1, the bubble is B = b ln L, the
sunset S(p) = s p² ln L and the eye E = B²/2 + e ln L, with the slopes (b, s, e) = (2, -1, 2) derived
in `neurenorm.theory.loops.logarithms`; sums with a loop at one vertex are absorbed in the mass. The
weights of the diagrams are those of the sum over pairings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from sympy import Expr, Integer, Rational, Symbol, diff, expand, factor

from neurenorm.theory.cumulants.diagrams import Diagram
from neurenorm.theory.loops.logarithms import Logarithms
from neurenorm.theory.loops.quartic import Quartic, components
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = ["HIGHEST", "WilsonFisher", "any_components", "coupling", "distance"]

LOOPS = symbols("loops")
coupling, distance = LOOPS.y, LOOPS.epsilon
HIGHEST = 2
_LOG = Symbol("ell", real=True)
_BUBBLE = Diagram.of(((0, 1), (0, 1)))
_EYE = Diagram.of(((0, 1), (0, 1), (0, 2), (1, 2)))
_CHAIN = Diagram.of(((0, 1), (0, 1), (1, 2), (1, 2)))


@lru_cache(maxsize=8)
def any_components() -> WilsonFisher:
    """Return the theory of a symbolic number of components, derived once.

    Examples
    --------
    >>> any_components().eta
    y**2*(n + 2)/18
    """
    return WilsonFisher()


@dataclass(frozen=True)
class WilsonFisher:
    """Beta function of the coupling y = g/16π² and the exponents η, 1/ν, ω, to two loops.

    Parameters
    ----------
    n : sympy.Expr
        Number of components.
    slopes : tuple of Rational
        Of bubble, sunset and eye per ln L; by default the derived ones.

    Examples
    --------
    >>> WilsonFisher(Integer(1)).beta
    epsilon*y + 17*y**3/3 - 3*y**2
    >>> WilsonFisher(Integer(1)).expansion(2)["nu_inverse"]
    -19*epsilon**2/162 - epsilon/3 + 2
    """

    n: Expr = components
    slopes: tuple[Rational, ...] = field(default_factory=Logarithms().in_units)

    @cached_property
    def eta(self) -> Expr:
        """η(y): the growth of Γ₂/p² with ln L."""
        return factor(diff(self._field, _LOG)) * coupling**2

    @cached_property
    def beta(self) -> Expr:
        """dy/d ln L of the renormalised coupling L^ε Γ₄/Z²."""
        y = coupling
        weights = {d: w for k in (2, 3) for d, w in Quartic(self.n).vertex(k).items()}
        bubble, eye = self._bubble_and_eye
        second = weights[_BUBBLE] * bubble
        third = weights[_CHAIN] * bubble**2 + weights[_EYE] * eye - 2 * self._field
        return distance * y + sum(
            factor(diff(value, _LOG).subs(_LOG, 0)) * y**k for k, value in ((2, second), (3, third))
        )

    @cached_property
    def nu_inverse(self) -> Expr:
        """1/ν(y): 2 plus the growth of Γ^(2,1) p²/Γ₂, where Γ^(2,1) = dΓ₂/dm².

        A derivative with respect to m² cuts every line in two with the opposite sign: the loop at
        one vertex becomes a bubble, the sunset three eyes, and the double loop a squared bubble
        beside parts that the mass absorbs.
        """
        first = next(iter(Quartic(self.n).self_energy(1).values()))
        second = {len(set(d.inner_edges)): w for d, w in Quartic(self.n).self_energy(2).items()}
        bubble, eye = self._bubble_and_eye
        one = -first * bubble
        two = -second[2] * bubble**2 - 3 * second[1] * eye - one**2 / 2 - self._field  # of ln
        return 2 + sum(
            factor(diff(value, _LOG).subs(_LOG, 0)) * coupling**k
            for k, value in ((1, one), (2, two))
        )

    @cached_property
    def fixed_point(self) -> Expr:
        """y* to the order ε²."""
        one, two = (self.beta.coeff(coupling, k) for k in (2, 3))
        return factor(-1 / one) * distance + factor(two / one * (1 / one) ** 2 * -1) * distance**2

    def expansion(self, order: int) -> dict[str, Expr]:
        """Return 1/ν, η, ω and y* at the fixed point, up to the power ε^order.

        Raises
        ------
        ValueError
            If the order is not 1 or 2.
        """
        if not 1 <= order <= HIGHEST:
            raise ValueError(f"order {order}: the highest is {HIGHEST} (two loops)")
        found = {
            "nu_inverse": self.nu_inverse,
            "eta": self.eta,
            "omega": -diff(self.beta, coupling),
            "coupling": coupling,
        }
        return {name: self._at_fixed_point(value, order) for name, value in found.items()}

    def derivation(self, order: int) -> Derivation:
        """Return the logarithms, the zero of the beta function and the exponents there."""
        one, two = (self.beta.coeff(coupling, k) for k in (2, 3))
        first, second = (self.fixed_point.coeff(distance, k) for k in (1, 2))
        found, powers = self.expansion(order), {1: first * distance, 2: first**2 * distance**2}
        point = powers[1] + (second * distance**2 if order == 2 else 0)
        slopes = [self.nu_inverse.coeff(coupling, k) for k in (1, 2)]
        inverse = 2 + slopes[0] * point + (slopes[1] * powers[2] if order == 2 else 0)
        zero = Step("the zero of the beta function", -1 / one, first, "y_1")
        next_zero = Step("its second order", -two * first**2 / one, second, "y_2")
        return Derivation(
            "exponents of the quartic action from lattice logarithms",
            (
                *Logarithms().derivation.steps,
                zero,
                *((next_zero,) if order == 2 else ()),
                Step(
                    r"the mass at the fixed point", inverse, found["nu_inverse"], r"\frac{1}{\nu}"
                ),
            ),
        )

    def _at_fixed_point(self, value: Expr, order: int) -> Expr:
        """A function of y at y*, cut after ε^order."""
        found = expand(value.subs(coupling, self.fixed_point))
        powers = (factor(found.coeff(distance, k)) * distance**k for k in range(order + 1))
        return sum(powers, start=Integer(0))

    @property
    def _bubble_and_eye(self) -> tuple[Expr, Expr]:
        """B and E as functions of ln L."""
        bubble = self.slopes[0] * _LOG
        return bubble, bubble**2 / 2 + self.slopes[2] * _LOG

    @cached_property
    def _field(self) -> Expr:
        """The part of the order y² of Γ₂/p² = 1 + …, with the sunset S(p) = s p² ln L."""
        sunset = next(
            w
            for d, w in Quartic(self.n).self_energy(2).items()
            if len(set(d.inner_edges)) == 1 and len(d.inner_edges) == 3
        )
        return sunset * self.slopes[1] * _LOG
