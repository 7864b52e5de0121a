"""Stated problems: what theory hands to numerics where a result is more than one expression.

Theory states a problem exactly; `neurenorm.numerics.evaluate` knows how to turn each kind into
numbers. A kind is a class, never a name: a new system that needs only these kinds needs no new code
in numerics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sympy import Expr, Reals, Symbol, exp, log
from sympy.sets import Set

from neurenorm.theory.decimation.cell import brute_sum, derivation_of
from neurenorm.theory.decimation.decimation import Decimation
from neurenorm.theory.decimation.series import Series
from neurenorm.theory.recursion.fixed_points import fixed_point_equation
from neurenorm.theory.recursion.recursion import Chart, Recursion
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equation, equations, tex
from neurenorm.theory.typeset.names import escaped

__all__ = ["BondOf", "Expansion", "FixedPointOf", "Formula", "LogPartition", "named"]


def named(name: str) -> str:
    """Return the name of a value as upright text in LaTeX.

    Examples
    --------
    >>> print(named("log_constant"))
    \\text{log\\_constant}
    """
    return rf"\text{{{escaped(name)}}}"


@dataclass(frozen=True)
class Formula(Typeset):
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
        return aligned(
            equations(
                ((self._left(name, names or {}), value) for name, value in self.values.items()),
                names,
            )
        )

    def _left(self, name: str, names: Mapping[Symbol, str]) -> str:
        """Return the left-hand side of a value: the symbol of that name, primed where it is the new
        value of a parameter, or else the name.
        """
        symbol = next((symbol for symbol in names if symbol.name == name), None)
        if symbol is None:
            return named(name)
        return names[symbol] + (
            "'" if any(symbol in value.free_symbols for value in self.values.values()) else ""
        )


@dataclass(frozen=True)
class Expansion(Formula):
    """The first orders of an expansion: expressions by name, and the size of what each leaves out.

    Parameters
    ----------
    values : mapping of str to sympy.Expr
    derivation : Derivation
    left_out : mapping of str to sympy.Expr
        For every value, the size of the terms that are left out.

    Examples
    --------
    >>> x = Symbol("x")
    >>> Expansion({"value": 1 + x}, left_out={"value": x**2}).left_out["value"]
    x**2
    """

    left_out: Mapping[str, Expr] = field(default_factory=dict)


@dataclass(frozen=True)
class BondOf(Typeset):
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
class LogPartition(Typeset):
    """ln Z of a model with every vertex summed out, evaluated over numbers."""

    decimation: Decimation
    name: str = "value"

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


@dataclass(frozen=True)
class FixedPointOf(Typeset):
    """The nontrivial fixed point of a one-variable recursion, and its exponent.

    Parameters
    ----------
    recursion : Recursion
    chart : Chart
        In which the step is rational and the range compact.
    domain : sympy Set
        Where the fixed point is sought, in the chart's variable; its ends are the trivial fixed
        points and are left out.
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
        new, old = (tex(symbol, shown) for symbol in (u, self.recursion.state[0]))
        rows = equations(
            [(f"{old}'", self.recursion.step[0]), (new, self.chart.forward[u]), (f"{new}'", step)],
            names,
        )
        factors = [
            rf"{tex(factor, shown)} &= 0"
            for factor in fixed_point_equation(inner)
            if _interior(factor, u, self.domain)
        ]
        return aligned(rows + factors)

    @property
    def derivation(self) -> Derivation:
        """The steps that led to the recursion."""
        return self.recursion.derivation


def _interior(factor: Expr, u: Symbol, domain: Set) -> bool:
    """Whether a factor of the fixed-point equation is not just an end of the domain."""
    return all(factor.subs(u, end) != 0 for end in (domain.start, domain.end) if end.is_finite)
