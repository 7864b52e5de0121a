"""The three lattice logarithms that fix all two-loop exponents of a quartic action.

Near its critical dimension d = 4 the massless lattice propagator is 1/k² at long waves and A/x² at
long distances, A = 1/(4π²). In units k = S_4/(2(2π)⁴) = 1/16π², and with ℓ = ln L,

    bubble   Σ_x G²                      = 2k ℓ + …,
    sunset   Σ_x G³ (e^{ipx} - 1)/p²     = -k² ℓ + …,
    eye      Σ_x G² (G∗G) - bubble²/2    = 2k² ℓ + …,

whatever the lattice. Each follows from an elementary integral of the continuum, derived here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sympy import Expr, Integer, Rational, Symbol, gamma, log, pi

from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = ["UNIT", "Logarithms", "sphere"]

UNIT = 1 / (16 * pi**2)
"""k, the unit of a loop in four dimensions."""
_S = Symbol("s", positive=True)
_X = Symbol("x", positive=True)


def sphere(dimension: Expr) -> Expr:
    """Return S_d = 2π^{d/2}/Γ(d/2), the area of the unit sphere.

    Examples
    --------
    >>> sphere(Integer(3)), sphere(Integer(4))
    (4*pi, 2*pi**2)
    """
    return 2 * pi ** (dimension / 2) / gamma(dimension / 2)


@dataclass(frozen=True)
class Logarithms:
    """The slopes per ln L of bubble, sunset and eye in four dimensions.

    Examples
    --------
    >>> logs = Logarithms()
    >>> [value / UNIT**power for value, power in zip(logs.values, (1, 2, 2))]
    [2, -1, 2]
    """

    @cached_property
    def amplitude(self) -> Expr:
        """A of G = A/x^{d-2} where w = k²: Γ(d/2 - 1)/(4π^{d/2})."""
        half = Integer(2)
        return gamma(half - 1) / (4 * pi**half)

    @cached_property
    def bubble(self) -> Expr:
        """∫ d⁴q/(2π)⁴ 1/q⁴ per logarithm: S_4/(2π)⁴."""
        return sphere(Integer(4)) / (2 * pi) ** 4

    @cached_property
    def sunset(self) -> Expr:
        """The second moment of G³: -A³ ∫ d⁴x x²/(2·4)/x⁶ per logarithm."""
        return -(self.amplitude**3) * sphere(Integer(4)) / 8

    @cached_property
    def eye(self) -> Expr:
        """The eye minus half the squared bubble.

        With s = q²/m² and U = ln s at the cutoff, the bubble at zero momentum is k(U + c), where
        c = ∫ d ln s (s²/(1+s)² - θ(s-1)) = -1; at large momenta it is less by k(U' + b) with
        b = ∫_0^1 dx ln x(1-x) = -2 and U' = ln s inside. So the eye is k²(U + c)² - k²(U²/2 + b U),
        and minus half the squared bubble k²(c - b) U is left; U = 2 ln L.
        """
        _, inner, outer = self._constants
        return 2 * UNIT**2 * (outer - inner)

    @property
    def values(self) -> tuple[Expr, Expr, Expr]:
        """Bubble, sunset, eye."""
        return self.bubble, self.sunset, self.eye

    @cached_property
    def _constants(self) -> tuple[Expr, Expr, Expr]:
        """The unit in the continuum, and the constants b and c of the eye."""
        inner = 2 * (_X * log(_X) - _X).subs(_X, 1)  # twice ∫ ln x; the primitive is 0 at 0
        beyond = log(1 + 1 / _S) + 1 / (1 + _S)  # the primitive of s/(1+s)², less ln s
        outer = beyond.subs(_S, 1 / _X).subs(_X, 0) - (log(1 + _X) + 1 / (1 + _X)).subs(_X, 0)
        return self.bubble / 2, inner, outer

    @cached_property
    def derivation(self) -> Derivation:
        """Each slope as an integral, and as a power of the unit."""
        return Derivation(
            "the lattice logarithms, from the long-wave propagator",
            (
                Step("solid angle of the bubble", self.bubble, 2 * UNIT, r"\frac{dB}{d\ln L}"),
                Step(
                    "second moment of the cube of the propagator",
                    self.sunset,
                    -(UNIT**2),
                    r"\frac{dS}{p^2\,d\ln L}",
                ),
                Step(
                    "the bubble at large momenta inside the eye",
                    self.eye,
                    2 * UNIT**2,
                    r"\frac{d(E - B^2/2)}{d\ln L}",
                ),
            ),
        )

    def in_units(self) -> tuple[Rational, ...]:
        """Return the slopes with k = 1."""
        return tuple(
            Rational(value / UNIT**power)
            for value, power in zip(self.values, (1, 2, 2), strict=True)
        )
