"""The wide limit of a random layer: kernel and correlation maps, susceptibilities, phases, the
tangent kernel.

Given the layer below, pre-activations are Gaussian over inputs with the kernel ``K_ab = σ_b² +
(σ_w²/N) φ_a·φ_b``. As the width grows the sum becomes its mean,

    K_aa' = σ_b² + σ_w² ⟨φ²⟩_{K_aa},        K_ab' = σ_b² + σ_w² ⟨φ_a φ_b⟩,

one step of a recursion along depth. By Price's theorem its derivatives are expectations too: χ_∥ =
dK'/dK = σ_w² ⟨φ'² + φ φ''⟩ for the length and χ_⊥ = σ_w² ⟨φ'²⟩ for the angle between nearby inputs
and for gradients. A perturbation dies with the correlation length ξ = -1/ln χ layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sympy import DiracDelta, E, Expr, Pow, S, Symbol, exp, expand, factor, oo

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.gaussian.expectation import (
    GaussianExpectation,
    expectation,
    gaussian_variables,
)
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equations

__all__ = ["WideLimit"]

FIELD = symbols("field-theory")
K, SW2, SB2 = FIELD.K, FIELD.sw2, FIELD.sb2
AA, BB, AB = FIELD.Kaa, FIELD.Kbb, FIELD.Kab
PAIR = ((AA, AB), (AB, BB))
GAP = Symbol("e", positive=True)


@dataclass(frozen=True)
class WideLimit(Typeset):
    """The maps of an infinitely wide layer with a given activation.

    Parameters
    ----------
    activation : Activation

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> relu = WideLimit(activation("relu"))
    >>> relu.kernel.step, relu.chi_par
    ((K*sw2/2 + sb2,), sw2/2)
    >>> WideLimit(activation("tanh")).chi_perp
    sw2*(⟨tanh(z)**4 - 2*tanh(z)**2⟩_K + 1)
    """

    activation: Activation

    def __post_init__(self) -> None:
        object.__setattr__(self, "activation", activation(self.activation))

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the map of the length and its two susceptibilities."""
        shown = FIELD.latex_names() if names is None else names
        sides = [
            ("K'", self.kernel.step[0]),
            (r"\chi_\parallel", self.chi_par),
            (r"\chi_\perp", self.chi_perp),
        ]
        return aligned(equations(sides, shown))

    @exact_arguments
    def moment(self, function: Expr) -> Expr:
        """Return the average over one Gaussian variable of variance K of a function of the
        activation's variable.
        """
        return expectation(function, self.activation.variable, K)

    @exact_arguments
    def pair(self, first: Expr, second: Expr) -> Expr:
        """Return ⟨f(z_a) g(z_b)⟩ with the kernel of two inputs."""
        za, zb = gaussian_variables(2)
        z = self.activation.variable
        return expectation(first.xreplace({z: za}) * second.xreplace({z: zb}), (za, zb), PAIR)

    @cached_property
    def second_moment(self) -> Expr:
        """⟨φ²⟩_K."""
        return self.moment(self.activation.expression**2)

    @cached_property
    def overlap(self) -> Expr:
        """⟨φ_a φ_b⟩."""
        return self.pair(self.activation.expression, self.activation.expression)

    @cached_property
    def slope_overlap(self) -> Expr:
        """⟨φ_a' φ_b'⟩, by Price's theorem the derivative of ⟨φ_a φ_b⟩ with respect to K_ab."""
        slope = self.activation.derivative()
        return self.pair(slope, slope)

    @cached_property
    def slope_moment(self) -> Expr:
        """⟨φ'²⟩_K; infinite for an activation that jumps."""
        if self.activation.derivative().has(DiracDelta):
            return oo
        return self.moment(self.activation.derivative() ** 2)

    @cached_property
    def bend_overlap(self) -> Expr | None:
        """⟨φ_a'' φ_b''⟩ at equal lengths K and correlation 1 - e, where it is in closed form (as
        for piecewise linear φ), None elsewhere.

        By Price's theorem it is the second derivative of ⟨φ_a φ_b⟩ with respect to K_ab.
        """
        bend = self.activation.derivative(2)
        if any(len(delta.args) > 1 for delta in bend.atoms(DiracDelta)):
            return None
        form = self.pair(bend, bend)
        if form.has(GaussianExpectation):
            return None
        at = form.xreplace({AA: K, BB: K, AB: K * (1 - GAP)})
        return at.replace(
            lambda node: isinstance(node, exp | Pow),
            lambda node: node.func(*map(factor, node.args)),
        )

    @cached_property
    def kernel(self) -> Recursion:
        """The length map K' = σ_b² + σ_w² ⟨φ²⟩_K; one layer is the scale factor e, so that an
        exponent is -1/ξ.
        """
        step = expand(SB2 + SW2 * self.second_moment)
        waiting = GaussianExpectation(self.activation.expression**2, self.activation.variable, K)
        derivation = Derivation("length map").then(
            Step(
                "average over the layer below",
                SB2 + SW2 * waiting,
                step,
                "K'",
                _domain(K, SW2, SB2),
            )
        )
        return Recursion((K,), (step,), E, derivation=derivation)

    @cached_property
    def kernels(self) -> Recursion:
        """The maps of two inputs: (K_aa, K_bb, K_ab)."""
        diagonal = [SB2 + SW2 * self.second_moment.subs(K, entry) for entry in (AA, BB)]
        return Recursion((AA, BB, AB), (*diagonal, SB2 + SW2 * self.overlap), E)

    @cached_property
    def chi_par(self) -> Expr:
        """dK'/dK = σ_w² ⟨φ'² + φ φ''⟩_K."""
        phi = self.activation
        if phi.derivative().has(DiracDelta):
            return SW2 * self.second_moment.diff(K)
        return SW2 * self.moment(phi.derivative() ** 2 + phi.expression * phi.derivative(2))

    @cached_property
    def chi_perp(self) -> Expr:
        """σ_w² ⟨φ'²⟩_K: growth of small angles, and of squared gradients, per layer."""
        return oo if self.slope_moment is oo else SW2 * self.slope_moment

    @cached_property
    def slope_at_zero(self) -> Expr | None:
        """χ/σ_w² as the length goes to zero, (φ'(0+)² + φ'(0-)²)/2, the same for χ_∥ and χ_⊥; None
        where φ is not zero on both sides of 0.

        Near zero φ is linear on either side, so that ⟨φ²⟩_K/K and ⟨φ'²⟩_K tend to the mean of the
        two squared slopes.
        """
        sides = [self.activation.beside_zero(side) for side in (1, -1)]
        if any(value != 0 for value, _ in sides):
            return None
        return sum((slope**2 for _, slope in sides), start=S.Zero) / 2

    @cached_property
    def curvature(self) -> Expr:
        """d²K'/dK²."""
        return self.chi_par.diff(K)

    @cached_property
    def noise(self) -> Expr:
        """N times the variance that one layer of width N adds to the kernel: σ_w⁴ (⟨φ⁴⟩ -
        ⟨φ²⟩²).
        """
        return SW2**2 * (self.moment(self.activation.expression**4) - self.second_moment**2)

    @cached_property
    def correlation_map(self) -> Expr:
        """c' as a function of c at equal lengths K; the length is assumed to stand at its fixed
        point.
        """
        c = FIELD.c
        return (SB2 + SW2 * self.overlap.xreplace({AA: K, BB: K, AB: c * K})) / K

    @cached_property
    def edge_of_chaos(self) -> tuple[Expr, Expr]:
        """The critical line χ_⊥ = 1 as a curve (σ_w²(K), σ_b²(K)) in the fixed-point length K."""
        weight = 1 / self.slope_moment
        return weight, K - weight * self.second_moment

    @cached_property
    def tangent(self) -> Recursion:
        """The kernel and the neural tangent kernel of one input in NTK parametrisation:
        `tangent_in` ("ntk").
        """
        return self.tangent_in("ntk")

    def tangent_in(self, parametrisation: str) -> Recursion:
        """Return the kernel and the neural tangent kernel of one input, (K, Θ), along depth.

        ``Θ' = λ_b + λ_W ⟨φ²⟩ + σ_w² ⟨φ'²⟩ Θ``, where λ says what a layer's own parameters add.

        Parameters
        ----------
        parametrisation : {"ntk", "standard"}
            ``"ntk"``: W = σ_w ω/√N, b = σ_b β, gradients with respect to ω and β: λ_W = σ_w², λ_b =
            σ_b², Θ¹ = K¹. ``"standard"``: gradients with respect to W and b themselves, λ_W = N and
            λ_b = 1. Θ then is the limit of the tangent kernel over the width N, so λ_W = 1 and λ_b
            = 0, and Θ¹ = (K¹ - σ_b²)/σ_w².

        Raises
        ------
        ValueError
            For another parametrisation, or an activation that jumps.

        Examples
        --------
        >>> from neurenorm.theory.gaussian.activation import activation
        >>> WideLimit(activation("relu")).tangent_in("standard").step[1]
        K/2 + Theta*sw2/2
        """
        own = {"ntk": self.kernel.step[0], "standard": self.second_moment}
        if parametrisation not in own:
            raise ValueError(f"the parametrisation is {' or '.join(own)}, got {parametrisation!r}")
        if self.chi_perp is oo:
            raise ValueError(
                "the activation jumps, so <phi'^2> is infinite and there is no tangent kernel: "
                "take one whose slope has a second moment"
            )
        return Recursion(
            (K, FIELD.Theta),
            (self.kernel.step[0], own[parametrisation] + self.chi_perp * FIELD.Theta),
            E,
        )

    @cached_property
    def tangents(self) -> Recursion:
        """The same for two inputs: (K_aa, K_bb, K_ab, Θ_ab)."""
        theta = FIELD.Thetaab
        kernel = self.kernels.step
        return Recursion(
            (AA, BB, AB, theta), (*kernel, kernel[2] + SW2 * self.slope_overlap * theta), E
        )


def _domain(*names: Symbol) -> dict[Symbol, object]:
    """The domains of symbols of this subject."""
    return {symbol: FIELD[symbol.name].domain for symbol in names}
