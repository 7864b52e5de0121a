"""Stated problems: what theory hands to numerics where a result is more than one expression.

Theory states a problem exactly; `numerics.evaluate` knows how to turn each kind into numbers. A kind is a class, never a name: a new system that needs only
these kinds needs no new code in numerics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sympy import Expr, Symbol, latex
from sympy.sets import Set

from theory.cells import derivation_of
from theory.decimation import Decimation
from theory.derivation import Derivation
from theory.fixed_points import fixed_point_equation
from theory.recursion import Chart, Recursion

__all__ = ["BondOf", "FixedPointOf", "Formula", "LogPartition"]


@dataclass(frozen=True)
class Formula:
    """Closed expressions by name; their free symbols are the numeric parameters of the result.

    Examples
    --------
    >>> x = Symbol("x")
    >>> Formula({"value": x**2}).values["value"]
    x**2
    """

    values: Mapping[str, Expr]
    derivation: Derivation = field(default=Derivation(""), compare=False)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return one aligned row per value."""
        rows = [rf"\text{{{name.replace('_', chr(92) + '_')}}} &= {latex(value, symbol_names=dict(names or {}))}" for name, value in self.values.items()]
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


@dataclass(frozen=True)
class BondOf:
    """The bond that a decimation onto two vertices leaves: its couplings by name, and optionally the additive constant.

    Evaluated by running the elimination over numbers, so that the size of the graph is not limited by the size of a formula.

    Parameters
    ----------
    decimation : Decimation
    names : mapping of str to Symbol
        Name of each value and the coupling that it is.
    constant : str, optional
        Name under which ln A is returned.
    """

    decimation: Decimation
    names: Mapping[str, Symbol]
    constant: str | None = None

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the couplings and the constant as closed forms (for small graphs)."""
        shown = dict(names or {})
        rows = [rf"{latex(symbol, symbol_names=shown)}' &= {latex(self.decimation.couplings[symbol], symbol_names=shown)}" for symbol in self.names.values()]
        if self.constant is not None:
            rows.append(rf"\ln A &= {latex(self.decimation.constant, symbol_names=shown)}")
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    @property
    def derivation(self) -> Derivation:
        """The sums over the interior and the projections."""
        return derivation_of(self.decimation, {symbol: self.decimation.couplings[symbol] for symbol in self.names.values()})


@dataclass(frozen=True)
class LogPartition:
    """ln Z of a model with every vertex summed out, evaluated over numbers."""

    decimation: Decimation
    name: str = "value"

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return ln Z as a closed form (for small graphs)."""
        return rf"\ln Z = {latex(self.decimation.constant, symbol_names=dict(names or {}))}"


@dataclass(frozen=True)
class FixedPointOf:
    """The nontrivial fixed point of a one-variable recursion, and its exponent.

    Parameters
    ----------
    recursion : Recursion
    chart : Chart
        In which the step is rational and the range compact.
    domain : sympy Set
        Where the fixed point is sought, in the chart's variable; its ends are the trivial fixed points and are left out.
    point, exponent : str
        Names of the two values.
    """

    recursion: Recursion
    chart: Chart
    domain: Set
    point: str = "K"
    exponent: str = "y"

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the recursion, its form in the chart and the fixed-point equation."""
        shown = dict(names or {})
        inner = self.recursion.in_chart(self.chart)
        (u,), (step,) = inner.state, inner.step
        factors = [rf"{latex(factor, symbol_names=shown)} &= 0" for factor in fixed_point_equation(inner) if _interior(factor, u, self.domain)]
        chart = rf"{latex(u, symbol_names=shown)} &= {latex(self.chart.forward[u], symbol_names=shown)}"
        rows = [rf"{latex(self.recursion.state[0], symbol_names=shown)}' &= {latex(self.recursion.step[0], symbol_names=shown)}", chart]
        rows += [rf"{latex(u, symbol_names=shown)}' &= {latex(step, symbol_names=shown)}", *factors]
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    @property
    def derivation(self) -> Derivation:
        """The steps that led to the recursion."""
        return self.recursion.derivation


def _interior(factor: Expr, u: Symbol, domain: Set) -> bool:
    """Whether a factor of the fixed-point equation is not just an end of the domain."""
    return all(factor.subs(u, end) != 0 for end in (domain.start, domain.end) if end.is_finite)
