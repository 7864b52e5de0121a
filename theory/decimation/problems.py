"""Decimations to be evaluated at given couplings: the bond that a cell leaves, and ln Z."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Reals, Symbol, exp, log

from neurenorm.theory.catalogue.problems import OverRing, Ring
from neurenorm.theory.decimation.cell import brute_sum, derivation_of
from neurenorm.theory.decimation.decimation import Decimation
from neurenorm.theory.decimation.series import Series
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import aligned, equation, equations, tex

__all__ = ["BondOf", "LogPartition"]


@dataclass(frozen=True)
class BondOf(OverRing):
    """The bond that copies of a cell in series leave: its couplings by name, and optionally the
    additive constant.

    Evaluated by running the elimination over numbers, so that the size of the graph is not limited
    by the size of a formula.

    Parameters
    ----------
    series : Series
        A decimation onto two vertices, and how many copies of it stand in a row.
    names : mapping of str to Symbol
        Name of each value and the coupling that it is.
    constant : str, optional
        Name under which ln A is returned.
    """

    series: Series
    names: Mapping[str, Symbol]
    constant: str | None = None

    def over(self, ring: Ring) -> dict[str, Any]:
        """Return the couplings and the constant of the bond as elements of a ring."""
        cell = self.series.cell
        found, rest = cell.read_bond(ring.log_weights(cell, self.series.copies), ring.combine)
        values = {
            name: ring.coupling(found[symbol], or_zero=True) for name, symbol in self.names.items()
        }
        return values if self.constant is None else {**values, self.constant: rest[()]}

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the couplings and the constant as closed forms (for small graphs)."""
        decimation = self.series.decimation
        constant = [] if self.constant is None else [(r"\ln A", decimation.constant)]
        return aligned(
            equations(
                [
                    *((rf"{tex(s, names)}'", decimation.couplings[s]) for s in self.names.values()),
                    *constant,
                ],
                names,
            )
        )

    @property
    def derivation(self) -> Derivation:
        """The sums over the interior and the projections."""
        decimation = self.series.decimation
        return derivation_of(
            decimation, {symbol: decimation.couplings[symbol] for symbol in self.names.values()}
        )


@dataclass(frozen=True)
class LogPartition(OverRing):
    """ln Z of a model with every vertex summed out, evaluated over numbers."""

    decimation: Decimation
    name: str = "value"

    def over(self, ring: Ring) -> dict[str, Any]:
        """Return ln Z as an element of a ring."""
        return {self.name: ring.log_weights(self.decimation)[()]}

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return ln Z as a closed form (for small graphs)."""
        return aligned(equation(r"\ln Z", self.decimation.constant, names))

    @property
    def derivation(self) -> Derivation:
        """The sum over all configurations, term by term where they are few, and its logarithm."""
        decimation = self.decimation
        domain = dict.fromkeys(decimation.model.couplings, Reals)
        total = exp(decimation.log_basis.to_expr(decimation.log_weights[()]))
        steps = [Step("take the logarithm", log(total), decimation.constant, r"\ln Z", domain)]
        explicit = brute_sum(decimation, ())
        if explicit is not None:
            steps.insert(0, Step("sum over all configurations", explicit, total, "Z", domain))
        return Derivation("partition function", tuple(steps))
