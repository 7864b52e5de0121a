"""Derivation: the named steps by which a result was obtained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from sympy import Expr, Interval, Reals, Symbol, oo
from sympy.sets import Set

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.typeset.display import Typeset, aligned, equations, tex
from neurenorm.theory.typeset.names import escaped

__all__ = ["Derivation", "Step"]


@dataclass(frozen=True)
class Step(Typeset):
    """One step: an expression before and after a named rewriting, equal on the whole domain.

    Parameters
    ----------
    title : str
        What is done, in words.
    before, after : sympy.Expr
        The same quantity as it stood and as it stands now.
    quantity : str
        LaTeX of the quantity that both sides are (the left-hand side in print).
    domain : mapping of Symbol to Set
        Where the equality holds; random points are drawn from it when tests run.

    Examples
    --------
    >>> from sympy import Symbol, cosh, exp
    >>> K = Symbol("K", real=True)
    >>> print(
    ...     Step(
    ...         "pair opposite exponents", exp(2 * K) + exp(-2 * K), 2 * cosh(2 * K), "Z_{++}"
    ...     ).to_latex()
    ... )
    Z_{++} = e^{2 K} + e^{- 2 K} = 2 \\cosh{\\left(2 K \\right)}
    """

    title: str
    before: Expr
    after: Expr
    quantity: str = ""
    domain: Mapping[Symbol, Set] = field(default_factory=dict)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the step as one chain of equalities."""
        sides = [tex(side, names) for side in (self.before, self.after)]
        distinct = sides if sides[0] != sides[1] else sides[:1]
        return " = ".join(([self.quantity] if self.quantity else []) + distinct)

    @exact_arguments
    def subs(self, values: Mapping[Symbol, Expr]) -> Step:
        """Return the step with expressions put for symbols on both sides.

        Examples
        --------
        >>> x, y = Symbol("x", real=True), Symbol("y", real=True)
        >>> print(Step("expand", (x + 1) ** 2, x**2 + 2 * x + 1).subs({x: 2 * y}).to_latex())
        \\left(2 y + 1\\right)^{2} = 4 y^{2} + 4 y + 1
        """
        new = set().union(*(value.free_symbols for value in values.values()))
        domain = {s: where for s, where in self.domain.items() if s not in values}
        domain |= {s: Interval.open(0, oo) if s.is_positive else Reals for s in new - set(domain)}
        before, after = (side.subs(values, simultaneous=True) for side in (self.before, self.after))
        return replace(self, before=before, after=after, domain=domain)

    def rows(self, names: Mapping[Symbol, str] | None = None) -> list[str]:
        """Return the step as rows of an aligned display, one side after the other, broken to the
        page.
        """
        sides = (
            [(self.quantity, self.before)]
            if self.before == self.after
            else [(self.quantity, self.before), ("=", self.after)]
        )
        return equations(sides, names)


@dataclass(frozen=True)
class Derivation:
    """An ordered list of steps that renders as mathematics.

    Examples
    --------
    >>> from sympy import Symbol
    >>> x = Symbol("x")
    >>> steps = Derivation("square of a sum").then(Step("expand", (x + 1) ** 2, x**2 + 2 * x + 1))
    >>> len(list(steps))
    1
    """

    title: str
    steps: tuple[Step, ...] = ()

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def then(self, *steps: Step) -> Derivation:
        """Return the derivation with further steps at its end."""
        return Derivation(self.title, self.steps + steps)

    @exact_arguments
    def subs(self, values: Mapping[Symbol, Expr]) -> Derivation:
        """Return the derivation with expressions put for symbols.

        Examples
        --------
        >>> from sympy import Integer
        >>> x = Symbol("x")
        >>> list(Derivation("a", (Step("b", x + x, 2 * x),)).subs({x: Integer(3)}))[0].after
        6
        """
        return Derivation(self.title, tuple(step.subs(values) for step in self.steps))

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the steps as the rows of one aligned display, each under its title."""
        return aligned(
            row
            for step in self.steps
            for row in (rf"&\text{{{escaped(step.title)}:}}", *step.rows(names))
        )

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"
