"""Stated problems: what theory hands to numerics where a result is more than one expression.

Theory states a problem exactly; `neurenorm.numerics.evaluate` knows how to turn each kind into
numbers. A kind is a class, never a name: a new system that needs only these kinds needs no new code
in numerics.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sympy import Expr, Symbol

from neurenorm.theory.typeset.derivation import Derivation
from neurenorm.theory.typeset.display import Typeset, aligned, equations
from neurenorm.theory.typeset.names import value_latex

__all__ = ["Expansion", "Formula", "OverRing", "Ring"]


@dataclass(frozen=True)
class Formula(Typeset):
    """Closed expressions by name; their free symbols are the numeric parameters of the result.

    Parameters
    ----------
    values : mapping of str to sympy.Expr
    derivation : Derivation, optional
    left : mapping of str to str, optional
        LaTeX of left-hand sides, where a value has no letter of its own.

    Examples
    --------
    >>> x = Symbol("x")
    >>> Formula({"value": x**2}).values["value"]
    x**2
    """

    values: Mapping[str, Expr]
    derivation: Derivation = field(default=Derivation(""), compare=False)
    left: Mapping[str, str] = field(default_factory=dict, compare=False, kw_only=True)

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
        value of a parameter, or else the usual letter.
        """
        if name in self.left:
            return self.left[name]
        symbol = next((symbol for symbol in names if symbol.name == name), None)
        if symbol is None:
            return value_latex(name)
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


class Ring(Protocol):
    """Where a sum-product is done: exact expressions, balls, or floats, at given parameters."""

    numbers: Mapping[str, Any]

    def number(self, value: Any) -> Any:
        """Return an exact number as an element."""

    def combine(self, pairs: Iterable[tuple[Any, Any]]) -> Any:
        """Return the sum of exact numbers times elements."""

    def log_weights(self, cell: Any, copies: int = 1) -> Mapping[tuple[int, ...], Any]:
        """Return ln Z of every kept configuration of copies of a decimation in series."""

    def coupling(self, value: Any, *, or_zero: bool = False) -> Any:
        """Return a coupling, which may be far smaller than the numbers that it was made of, and
        below the smallest double may be given as zero.
        """


class OverRing(Typeset, ABC):
    """A sum over states, done in a ring that decides whether its values are exact, balls or floats.

    It adds, multiplies and takes logarithms, so that what it costs is the length of the sum, never
    the size of a formula.
    """

    @abstractmethod
    def over(self, ring: Ring) -> dict[str, Any]:
        """Return the values by name, as elements of the ring."""
