"""Stated problems of recursions: the nontrivial fixed point of one, and its states from a given
start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, Symbol
from sympy.sets import Set

from neurenorm.theory.recursion.fixed_points import fixed_point_equation
from neurenorm.theory.recursion.recursion import Chart, Recursion
from neurenorm.theory.typeset.derivation import Derivation
from neurenorm.theory.typeset.display import Typeset, aligned, equations, tex
from neurenorm.theory.typeset.names import value_latex

__all__ = ["FixedPointOf", "Iterated"]


@dataclass(frozen=True)
class Iterated(Typeset):
    """A recursion followed from a start through a number of steps.

    Parameters
    ----------
    recursion : Recursion
    start : sequence of Expr
        The first state, in parameters.
    layers : int
        How many states, the first included.
    values : mapping of str to Expr
        What is returned, in the state symbols.
    whole : bool
        Whether a list over the states or only the last value is returned.
    note : str
        What is printed with the numbers.
    start_is : str
        What is said of a start that is not finite or negative: what it must be.
    """

    recursion: Recursion
    start: Sequence[Expr]
    layers: int
    values: Mapping[str, Expr]
    whole: bool = True
    note: str = ""
    start_is: str = ""

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the first state, the step from one to the next, and what is read out of the
        state.
        """
        letters = [tex(symbol, names) for symbol in self.recursion.state]
        sides = [(f"{s}^{{(1)}}", v) for s, v in zip(letters, self.start, strict=True)]
        sides += [(f"{s}'", v) for s, v in zip(letters, self.recursion.step, strict=True)]
        sides += [
            (rf"\text{{answer: }} {value_latex(name)}", value)
            for name, value in self.values.items()
        ]
        return aligned(equations(sides, names))


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
