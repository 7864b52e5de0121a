"""Stated problems of loop expansions: values in lists, orders of a lattice field, orders in 1/N."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sympy import Expr, Rational, Symbol, log

from neurenorm.theory.cumulants.diagrams import Diagram
from neurenorm.theory.field.gaussian_field import GaussianField
from neurenorm.theory.gaussian.activation import Activation
from neurenorm.theory.loops import derivations, network_derivations
from neurenorm.theory.loops.networks import KernelCumulants
from neurenorm.theory.loops.quartic import Quartic
from neurenorm.theory.loops.tangent import Mean
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation
from neurenorm.theory.typeset.display import Typeset, aligned, equations, tex
from neurenorm.theory.typeset.names import value_latex

__all__ = [
    "ChainOrders",
    "KernelOrders",
    "LatticeOrders",
    "Lists",
    "LocalPotential",
    "MeanOrders",
    "PairOrders",
    "PairTangentOrders",
    "PosteriorOrders",
]

Names = Mapping[Symbol, str] | None
LOOPS = symbols("loops")


def _entries(name: str, value: Any, place: tuple[int, ...] = ()) -> list[tuple[str, Expr]]:
    """An expression by its name, or the entries of lists of them by name and place."""
    if isinstance(value, Expr):
        letter = f"{{{name}}}" if place and "_" in name else name
        return [(letter + (f"_{{{','.join(map(str, place))}}}" if place else ""), value)]
    if not isinstance(value, list | tuple):
        return []
    return [entry for i, item in enumerate(value, 1) for entry in _entries(name, item, (*place, i))]


@dataclass(frozen=True)
class Lists(Typeset):
    """Closed expressions by name, alone or in lists of any depth; words and integers stay.

    Parameters
    ----------
    values : mapping of str to Expr, str, int, or list of these
    derivation : Derivation

    Examples
    --------
    >>> x = Symbol("x")
    >>> print(Lists({"powers": [x, x**2]}).to_latex())
    \\begin{aligned}
    \\text{powers}_{1} &= x \\\\
    \\text{powers}_{2} &= x^{2}
    \\end{aligned}
    """

    values: Mapping[str, Any]
    derivation: Derivation = field(default=Derivation(""), compare=False)

    def to_latex(self, names: Names = None) -> str:
        """Return one aligned row per expression."""
        rows = [
            row for name, value in self.values.items() for row in _entries(value_latex(name), value)
        ]
        return aligned(equations(rows, names))

    def text_rows(self) -> list[str]:
        """Return one row per value."""
        return [f"{name} = {value}" for name, value in self.values.items()]


@dataclass(frozen=True)
class LatticeOrders(Typeset):
    """Tadpole, self-energy and vertex of the quartic action on a torus, order by order in g.

    Parameters
    ----------
    theory : Quartic
    field : GaussianField
        With a symbol m2.
    extents : tuple of int
        Cells along every axis.
    order : int
    wave : tuple of int
        The momentum, in units of 2π over the extent of each axis.
    """

    theory: Quartic
    field: GaussianField
    extents: tuple[int, ...]
    order: int
    wave: tuple[int, ...]

    @cached_property
    def derivation(self) -> Derivation:
        """The weights of one loop."""
        return derivations.lattice_orders(self.theory, self.order)

    def to_latex(self, names: Names = None) -> str:
        """Return the weights of the diagrams as sums over the positions of their vertices."""
        rows = []
        for k in range(1, self.order + 1):
            rows += _summed(rf"\Sigma^{{({k})}}_{{ij}}", self.theory.self_energy(k), "", names)
            rows += _summed(rf"\Gamma_4^{{({k})}}", self.theory.vertex(k), r"\frac{1}{V} ", names)
        return aligned(rows)


def _summed(left: str, weighted: Mapping[Diagram, Expr], over: str, names: Names) -> list[str]:
    """One row for every diagram: its weight and its propagators between lettered vertices."""
    return [
        f"{left if i == 0 else ''} &{'=' if i == 0 else '+'} "
        rf"\left({tex(weight, names)}\right) {over if diagram.vertices else ''}{diagram.to_latex()}"
        for i, (diagram, weight) in enumerate(weighted.items())
    ]


@dataclass(frozen=True)
class LocalPotential(Typeset):
    """The nontrivial fixed point of the flow of a local O(n) potential with a sharp cutoff.

    With ρ = φ·φ/2 and the field in units that absorb K_d,

        dU/dl = d U - (d-2) ρ U' + ½ ln(1 + U' + 2ρU'') + ½ (n-1) ln(1 + U'),

    cut after a number of couplings: powers of ρ about zero, or the place of the minimum and powers
    about it.

    Parameters
    ----------
    terms : int
        Couplings.
    about : {"zero", "minimum"}
    """

    terms: int
    about: str

    @property
    def flow(self) -> Expr:
        """dU/dl, in the symbols of U and its derivatives."""
        d, n = LOOPS.d, LOOPS.n
        u, first, second = (LOOPS[name].symbol for name in ("U", "U1", "U2"))
        return (
            d * u
            - (d - 2) * LOOPS.rho * first
            + log(1 + first + 2 * LOOPS.rho * second) / 2
            + (n - 1) * log(1 + first) / 2
        )

    @cached_property
    def derivation(self) -> Derivation:
        """The flow from second derivatives, and from the diagrams of a shell."""
        return derivations.local_potential(self.flow)

    def to_latex(self, names: Names = None) -> str:
        """Return the flow."""
        return aligned(equations([(r"\dot U", self.flow)], names))


@dataclass(frozen=True)
class KernelOrders(Typeset):
    """Cumulants of the kernel of one input along depth, order by order in 1/N.

    Parameters
    ----------
    theory : KernelCumulants
    recursion : Recursion
        The step of its cumulants.
    activation : Activation
    layers : int
        The first included.
    names : mapping of str to (int, Rational)
        Name of a value to the order of the cumulant it is, and the number it is multiplied by.
    widths : tuple of int, optional
        One for every layer but the last: then all orders are summed; otherwise they are listed.
    """

    theory: KernelCumulants
    recursion: Recursion
    activation: Activation
    layers: int
    names: Mapping[str, tuple[int, Rational]]
    widths: Sequence[int] | None = None

    @cached_property
    def derivation(self) -> Derivation:
        """The step by laws of total cumulance, or the cumulants that it gives an output."""
        factors = {name: (b, factor) for name, (b, factor) in self.names.items() if factor != 1}
        if factors:
            return network_derivations.output_orders(factors)
        return network_derivations.kernel_orders(self.theory)

    def to_latex(self, names: Names = None) -> str:
        """Return the step of the cumulants, in derivatives of conditional cumulants."""
        return self.recursion.to_latex(names)

    def text_rows(self) -> list[str]:
        """Return what the state is, and the step from layer to layer."""
        recursion = self.recursion
        return [
            "kappa_b_j is the coefficient of 1/N^j of the b-th cumulant of the kernel, zero in the "
            "first layer;",
            "F_r is the r-th derivative of sb2 + sw2 <phi^2>_K, c_b_r that of sw2^b times the b-th "
            "cumulant of phi^2, at the kernel of infinite width;",
            "from layer to layer:",
            *(f"{s}' = {v}" for s, v in zip(recursion.state, recursion.step, strict=True)),
        ]


@dataclass(frozen=True)
class MeanOrders(Typeset):
    """A recursion along depth in which averages at the running kernel K̄ stand as symbols.

    Parameters
    ----------
    recursion : Recursion
        Its first state symbol is the kernel.
    averages : mapping of Symbol to Mean
    activation : Activation
    layers : int
        The first included.
    values : tuple of str
        State symbols that are returned, each a list over layers.
    highest : int
        Highest derivative of the activation that is averaged.
    """

    recursion: Recursion
    averages: Mapping[Symbol, Mean]
    activation: Activation
    layers: int
    values: tuple[str, ...]
    highest: int

    @cached_property
    def derivation(self) -> Derivation:
        """Leading covariances, and pairs of neurons."""
        return network_derivations.tangent_orders(differential=self.highest > 1)

    def to_latex(self, names: Names = None) -> str:
        """Return the step, averages written out; of differentials without that of the kernels."""
        shown = {**(names or {}), **{s: mean.to_latex() for s, mean in self.averages.items()}}
        rows = zip(self.recursion.state, self.recursion.step, strict=True)
        kept = [(s, v) for s, v in rows if self.highest == 1 or s.name in self.values]
        return aligned(equations([(f"{tex(s, shown)}'", v) for s, v in kept], shown))

    def text_rows(self) -> list[str]:
        """Return the step, and what its averages are."""
        return [
            "mean_abcd_r is the r-th derivative with respect to K of the average of "
            "phi^a phi'^b phi''^c phi'''^d;",
            "from layer to layer, from a first layer of K1 and Theta1 without corrections:",
            *(
                f"{s}' = {v}"
                for s, v in zip(self.recursion.state, self.recursion.step, strict=True)
            ),
        ]


@dataclass(frozen=True)
class PairOrders(Typeset):
    """Cumulants of the kernel of two inputs in the last layer, order by order in 1/N."""

    activation: Activation
    layers: int
    order: int

    @cached_property
    def derivation(self) -> Derivation:
        """Conditional cumulants from the generating function."""
        return network_derivations.pair_orders()

    def to_latex(self, names: Names = None) -> str:
        """Return the generating function of one layer, expanded by truncated moments."""
        return (
            r"E\, e^{t\cdot K'} = E_K\left[ e^{t\cdot\sigma_b^2} "
            r"{\left\langle e^{t\cdot y\,\sigma_w^2/N}\right\rangle}_K^N \right], \qquad "
            r"y_{ab} = \phi_a\phi_b"
        )


@dataclass(frozen=True)
class PosteriorOrders(Typeset):
    """The posterior at the last input given targets at the others, to the order 1/N.

    Parameters
    ----------
    activation : Activation
    layers : int
    kernel : tuple of tuple of Rational
        K¹ over the training inputs and, last, the test input.
    targets : tuple of tuple of Rational
        One row for each training input.
    learning, spread : int
        Weights of the data in the kernel (V:L) and of the spread of the means over kernels in the
        variance; 1 unless a claim spoils them.
    """

    activation: Activation
    layers: int
    kernel: tuple[tuple[Rational, ...], ...]
    targets: tuple[tuple[Rational, ...], ...]
    learning: int = 1
    spread: int = 1

    @cached_property
    def derivation(self) -> Derivation:
        """The same for one training point, by differentiation."""
        return network_derivations.posterior()

    def to_latex(self, names: Names = None) -> str:
        """Return kernel, mean and variance under the posterior."""
        rows = (
            r"\tilde K &= \bar K_{AA} + s^2,\quad u = \tilde K^{-1}y",
            r"R &= e_* - \tilde K^{-1}\bar K e_*",
            r"dK &= m_1 + V : \tfrac12\,(u u^T - n_o\tilde K^{-1})",
            r"\text{mean} &= \bar K_* u + \tfrac1N\big[R\,dK\,u - "
            r"V_{abcd}R_a\tilde K^{-1}_{bc}u_d\big]",
            r"\text{variance} &= \bar K_{**} - \bar K_*\tilde K^{-1}\bar K_* + \tfrac1N\big[R\,dK\,R",
            r"&\quad - V_{abcd}R_a\tilde K^{-1}_{bc}R_d + V_{abcd}R_a u_b R_c u_d\big]",
        )
        return aligned(rows)


@dataclass(frozen=True)
class ChainOrders(Typeset):
    """Stationary statistics of a stiff chain, as sums of powers of D = 1/(2α).

    Parameters
    ----------
    activation : Activation
    series : mapping of str to tuple of Expr
        Coefficients of 1, D, D², … of every value.
    """

    activation: Activation
    series: Mapping[str, tuple[Expr, ...]]

    @cached_property
    def derivation(self) -> Derivation:
        """The first orders, for any coefficients of the activation."""
        return derivations.stiff_chain()

    @property
    def values(self) -> dict[str, Expr]:
        """The sums, in the symbol alpha."""
        noise = 1 / (2 * LOOPS.alpha)
        return {
            name: sum(c * noise**p for p, c in enumerate(coefficients))
            for name, coefficients in self.series.items()
        }

    def to_latex(self, names: Names = None) -> str:
        """Return one row per value."""
        return aligned(
            equations(((value_latex(name), value) for name, value in self.values.items()), names)
        )


@dataclass(frozen=True)
class PairTangentOrders(Typeset):
    """Tangent kernel of two inputs and its tensors in the last layer, to leading order in 1/N.

    Parameters
    ----------
    activation : Activation
    layers : int
    handed : tuple of int
        Of V, D, F in what they hand on; 1 unless a claim spoils one.
    """

    activation: Activation
    layers: int
    handed: tuple[int, int, int] = (1, 1, 1)

    @cached_property
    def derivation(self) -> Derivation:
        """The steps of F and B where both inputs are one."""
        return network_derivations.pair_tangent(self.activation)

    def to_latex(self, names: Names = None) -> str:
        """Return the steps of F and B, from which one input shows the pattern of the others."""
        rows = (
            r"F'_{ab;cd} &= \sigma_w^4\big[\langle\phi_a\phi'_c\phi_b\phi'_d\rangle T_{cd}",
            r"&\quad + \textstyle\sum_{ef}\langle\partial_e(\phi_a\phi'_c)\rangle"
            r"\langle\partial_f(\phi_b\phi'_d)\rangle F_{ef;cd}\big]",
            r"B'_{ab;cd} &= \sigma_w^4\big[\langle\phi'_a\phi'_b\phi'_c\phi'_d\rangle T_{ab}T_{cd}",
            r"&\quad + \langle\phi'_a\phi'_c\rangle\langle\phi'_b\phi'_d\rangle B_{ab;cd}\big]",
        )
        return aligned(rows)
