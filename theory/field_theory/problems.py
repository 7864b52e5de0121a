"""Stated problems of random networks: fixed points of maps with averages in them, recursions along
depth, covariances.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Symbol

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.field_theory import derivations
from neurenorm.theory.field_theory.action import LatticeAction
from neurenorm.theory.field_theory.depth_field import DepthField
from neurenorm.theory.field_theory.finite_width import FiniteWidth, ScaleInvariant
from neurenorm.theory.gaussian.activation import Activation
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation
from neurenorm.theory.typeset.display import Typeset, aligned, equations
from neurenorm.theory.wide.limit import WideLimit

__all__ = [
    "ActionAt",
    "CorrelationFixedPoint",
    "DepthModes",
    "EdgeOfChaos",
    "KernelFixedPoint",
    "LayerCovariance",
    "PairAverages",
]

FIELD = symbols("field-theory")
Names = Mapping[Symbol, str] | None


def _rows(names: Names, **sides: Expr) -> str:
    """An aligned display of equations."""
    return aligned(equations(sides.items(), names))


@dataclass(frozen=True)
class KernelFixedPoint(Typeset):
    """Fixed points of the length map, with χ_∥, χ_⊥ and ξ_q."""

    wide: WideLimit

    @property
    def derivation(self) -> Derivation:
        """How the map was averaged."""
        return self.wide.kernel.derivation

    def to_latex(self, names: Names = None) -> str:
        """Return the map and its susceptibilities."""
        return _rows(
            names,
            **{
                "K'": self.wide.kernel.step[0],
                r"\chi_\parallel": self.wide.chi_par,
                r"\chi_\perp": self.wide.chi_perp,
            },
        )


@dataclass(frozen=True)
class CorrelationFixedPoint(Typeset):
    """Fixed points of the correlation map at the stable length."""

    wide: WideLimit

    @property
    def derivation(self) -> Derivation:
        """From the average over two inputs to the slope of the map."""
        return derivations.correlation_map(self.wide)

    def to_latex(self, names: Names = None) -> str:
        """Return the map of the correlation coefficient and its slope."""
        return _rows(
            names,
            **{"c'": self.wide.correlation_map, r"\chi_c": FIELD.sw2 * self.wide.slope_overlap},
        )


@dataclass(frozen=True)
class EdgeOfChaos(Typeset):
    """The point of the critical line χ_⊥ = 1 at a given σ_b²."""

    wide: WideLimit

    @property
    def derivation(self) -> Derivation:
        """From the averages of a layer to the line."""
        return derivations.critical_line(self.wide)

    def to_latex(self, names: Names = None) -> str:
        """Return the critical line as a curve in the length K."""
        weight, bias = self.wide.edge_of_chaos
        return _rows(names, **{r"\sigma_w^2": weight, r"\sigma_b^2": bias})


@dataclass(frozen=True)
class PairAverages(Typeset):
    """⟨φ_a φ_b⟩ and ⟨φ_a' φ_b'⟩ at given kernels."""

    wide: WideLimit

    @property
    def derivation(self) -> Derivation:
        """Price's theorem."""
        return derivations.pair_averages(self.wide)

    def to_latex(self, names: Names = None) -> str:
        """Return both averages."""
        return _rows(
            names,
            **{
                r"\langle\phi_a\phi_b\rangle": self.wide.overlap,
                r"\langle\phi_a'\phi_b'\rangle": self.wide.slope_overlap,
            },
        )


@dataclass(frozen=True)
class LayerCovariance(Typeset):
    """Stationary covariance between layers of the length and of the kernel: exact where moments
    close, else to leading order in 1/N.
    """

    activation: Activation

    @property
    def exact(self) -> ScaleInvariant | None:
        """The moments at any width of a scale-invariant activation."""
        return ScaleInvariant.of(self.activation)

    @property
    def leading(self) -> FiniteWidth:
        """The leading order for any activation."""
        return FiniteWidth(self.activation)

    @property
    def derivation(self) -> Derivation:
        """From the moments of one neuron to the covariance of two layers."""
        if self.exact is not None:
            return derivations.exact_covariance(self.exact, self.leading.wide)
        return derivations.leading_covariance(self.leading)

    def to_latex(self, names: Names = None) -> str:
        """Return both covariances."""
        exact, leading = self.exact, self.leading
        if exact is not None:
            kernel, length = (
                exact.covariance(exact.kernel_variance),
                exact.covariance(exact.length_variance),
            )
        else:
            kernel, length = leading.kernel_covariance, leading.length_covariance
        return _rows(
            names,
            **{
                r"\langle q_l\, q_{l+\ell}\rangle_c": length,
                r"\langle K_l\, K_{l+\ell}\rangle_c": kernel,
            },
        )


@dataclass(frozen=True)
class ActionAt(Typeset):
    """The lattice action of given layers."""

    action: LatticeAction
    layers: Sequence[Any]
    overlap: Any

    @property
    def value(self) -> Expr:
        """S as an expression in σ_w² and σ_b²."""
        return self.action.value(self.layers, self.overlap)

    @exact_arguments
    def at(self, weight_variance: Expr, bias_variance: Expr) -> Expr:
        """Return S at given variances, where a kernel that is singular there is refused."""
        return LatticeAction(self.action.activation, weight_variance, bias_variance).value(
            self.layers, self.overlap
        )

    @property
    def derivation(self) -> Derivation:
        """From the densities of the neurons, one input after the other, to S."""
        return self.action.derivation(self.layers, self.overlap)

    def to_latex(self, names: Names = None) -> str:
        """Return the action at these layers."""
        return _rows(names, S=self.value)


@dataclass(frozen=True)
class DepthModes(Typeset):
    """The eigenvalues of the precision of fluctuations along L layers."""

    layers: int
    boundary: str

    @property
    def depth(self) -> DepthField:
        """The field."""
        return DepthField()

    @property
    def derivation(self) -> Derivation:
        """From one step to the dispersion."""
        return self.depth.derivation

    def to_latex(self, names: Names = None) -> str:
        """Return the dispersion and the equation of the wave numbers."""
        equations = self.depth.wave_equations(self.layers, self.boundary)
        return _rows(
            names,
            **{
                "w(k)": self.depth.dispersion,
                "0": equations[0],
                **({"0 ": equations[1]} if len(equations) > 1 else {}),
            },
        )
