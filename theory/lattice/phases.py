r"""Problems on hierarchical lattices in the weights of a bond: free energies, all fixed points, and
the critical manifolds that end at them.

With the largest weight divided out after every step, w^(n) = P(w^(n-1)) / max P, the free energy per
bond is f = max ln w^(0) + sum over n of m^-n ln max P(w^(n-1)), m the bonds of the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import Add, Symbol, exp

from neurenorm.graphs.lattices import TwoTerminalCell
from neurenorm.theory.decimation.weights import WeightMap
from neurenorm.theory.lattice.models import BondModel, chosen_cell, chosen_model, weights_derivation
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation
from neurenorm.theory.typeset.display import Typeset, aligned, equations, tex

__all__ = [
    "BondFreeEnergy",
    "CriticalCoupling",
    "FixedPoints",
    "MulticriticalPoint",
    "OfWeights",
    "beg_tricritical",
    "blume_capel_tricritical",
    "bond_free_energy",
    "critical_line",
    "phase_points",
]

LATTICE = symbols("lattice")
J, K, L, DELTA = LATTICE.J, LATTICE.K, LATTICE.L, LATTICE.Delta


@dataclass(frozen=True)
class OfWeights(Typeset):
    """A problem that is stated by the step of a cell in the weights of a bond.

    Parameters
    ----------
    cell : TwoTerminalCell
    model : BondModel
    weights : WeightMap
        The step.
    """

    cell: TwoTerminalCell
    model: BondModel
    weights: WeightMap

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the weights, their step and what is asked of it."""
        w = self.weights
        exponents = (
            exp(Add(*(c * values[i] for c, values in w.values.items())))
            for i in range(len(w.state))
        )
        rows = [(tex(s, names), e) for s, e in zip(w.state, exponents, strict=True)]
        rows += [(f"{tex(s, names)}'", p) for s, p in zip(w.state, w.step, strict=True)]
        return aligned([*equations(rows, names), self.asked()])

    def asked(self) -> str:
        """Return what is asked of the step, as a row of a display."""
        raise NotImplementedError

    @property
    def derivation(self) -> Derivation:
        """The sums over the interior of the cell."""
        return weights_derivation(self.cell, self.model, self.weights)


@dataclass(frozen=True)
class BondFreeEnergy(OfWeights):
    """The new bond at given couplings, its constant, and the free energy per bond of the infinite
    lattice.
    """

    def asked(self) -> str:
        """Return the series of the free energy."""
        return (
            rf"f &= \max_i \ln w_i + \sum_{{n \geq 1}} {self.weights.bonds}^{{-n}} "
            r"\ln \max_i P_i(w^{(n-1)})"
        )


@dataclass(frozen=True)
class FixedPoints(OfWeights):
    """All fixed points of the step, infinite couplings included."""

    def asked(self) -> str:
        """Return the equation of a fixed point of ratios."""
        return r"w_i \max_j w_j' &= w_i' \max_j w_j"


@dataclass(frozen=True)
class MulticriticalPoint(OfWeights):
    """The fixed point with finite couplings and a given number of relevant directions at which one
    coupling is positive; or the point on a plane of couplings that flows into it.

    Parameters
    ----------
    relevant : int
        How many exponents are positive.
    ordering : Symbol
        The coupling that is positive.
    held : mapping of Symbol to number
        The plane: couplings that are held fixed; empty for the fixed point itself.
    names : mapping of str to Symbol
        Name of each value that is a coupling.
    exponents : tuple of str
        Names of the leading exponents.
    crossover : str, optional
        Name of the ratio of the second exponent to the first.
    """

    relevant: int = 2
    ordering: Symbol = J
    held: Mapping[Symbol, Any] = field(default_factory=dict)
    names: Mapping[str, Symbol] = field(default_factory=dict)
    exponents: tuple[str, ...] = ()
    crossover: str | None = None

    def asked(self) -> str:
        """Return the fixed point, or the flow into it."""
        if not self.held:
            return r"w_i \max_j w_j' &= w_i' \max_j w_j"
        plane = r",\quad ".join(f"{tex(c)} = {value}" for c, value in self.held.items())
        return rf"\lim_{{n \to \infty}} w^{{(n)}} &= w^*,\quad {plane}"


@dataclass(frozen=True)
class CriticalCoupling(OfWeights):
    """The smallest positive value of one coupling from which on it flows to infinity instead of
    zero, the other couplings being given.

    Parameters
    ----------
    varied : Symbol
    given : mapping of str to Symbol
        Name of each parameter that is a coupling.
    name : str
        Of the value.
    """

    varied: Symbol = K
    given: Mapping[str, Symbol] = field(default_factory=dict)
    name: str = "K_c"

    def asked(self) -> str:
        """Return where the flow changes its direction."""
        x = tex(self.varied)
        return rf"{x}_c &= \min\{{{x} > 0 :\ \lim_{{n \to \infty}} {x}^{{(n)}} = \infty\}}"


def bond_free_energy(
    model: str = "ising",
    q: int | None = None,
    cell: str | None = None,
    series: int | None = None,
    parallel: int | None = None,
) -> BondFreeEnergy:
    """State the free energy of a model on a hierarchical lattice."""
    chosen = chosen_model(model, q)
    graph = chosen_cell(cell, series, parallel)
    weights = chosen.weights(graph)
    if len(weights.state) > len(weights.values) + 1:
        raise ValueError(
            f"the step of model={model} on this cell does not close: its {len(weights.state)} "
            f"classes of pairs need more than the couplings {', '.join(map(str, weights.values))}"
        )
    if not weights.mirrored:
        raise ValueError(
            "the free energy is bounded for cells that a reflection through their middle vertices "
            "maps onto themselves: series must be even"
        )
    return BondFreeEnergy(graph, chosen, weights)


def phase_points(
    model: str = "ising",
    q: int | None = None,
    cell: str | None = None,
    series: int | None = None,
    parallel: int | None = None,
) -> FixedPoints:
    """State the search for all fixed points of a model on a hierarchical lattice."""
    chosen, graph = chosen_model(model, q), chosen_cell(cell, series, parallel)
    return FixedPoints(graph, chosen, chosen.weights(graph))


def beg_tricritical(
    cell: str | None = None, series: int | None = None, parallel: int | None = None
) -> MulticriticalPoint:
    """State the tricritical fixed point of the Blume-Emery-Griffiths model."""
    chosen, graph = chosen_model("beg", None), chosen_cell(cell, series, parallel)
    return MulticriticalPoint(
        graph,
        chosen,
        chosen.weights(graph),
        names={"J": J, "K": K, "Delta": DELTA},
        exponents=("y1", "y2"),
        crossover="phi",
    )


def blume_capel_tricritical(
    cell: str | None = None, series: int | None = None, parallel: int | None = None
) -> MulticriticalPoint:
    """State the tricritical point of the Blume-Capel model, the plane K = 0 of the former."""
    chosen, graph = chosen_model("beg", None), chosen_cell(cell, series, parallel)
    return MulticriticalPoint(
        graph, chosen, chosen.weights(graph), held={K: 0}, names={"J_t": J, "Delta_t": DELTA}
    )


def critical_line(
    model: str = "ashkin-teller",
    cell: str | None = None,
    series: int | None = None,
    parallel: int | None = None,
) -> CriticalCoupling:
    """State the critical coupling of a model with a second coupling that is given."""
    graph = chosen_cell(cell, series, parallel)
    if model == "ashkin-teller":
        chosen = chosen_model(model, None)
        return CriticalCoupling(graph, chosen, chosen.weights(graph), K, {"L": L})
    chosen = chosen_model("beg", None)
    return CriticalCoupling(graph, chosen, chosen.weights(graph), J, {"L": DELTA})
