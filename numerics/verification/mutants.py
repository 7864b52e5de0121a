"""Mutants: wrong versions of a derived object that a claim's check must refute.

A mutant changes the derived object itself, so it runs through the same evaluation as the right one.
The shared set:

* `scaled(factor)`: every expression times a factor.
* `without(term)`: a term left out, the smallest physical term that the claim is about.
* `flipped(symbol)`: the sign of a symbol reversed.
* `shifted(symbol, by)`: an index or a variable off by a constant.
* `replaced(name, change)`: any other change, given as a function of one expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from sympy import Expr, MatrixBase, Rational, Symbol

from neurenorm.graphs.rendering import Tabulated
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["Mutant", "flipped", "map_expressions", "replaced", "scaled", "shifted", "without"]


@dataclass(frozen=True)
class Mutant(Tabulated):
    """A named change of a derived object.

    Parameters
    ----------
    name : str
        What is wrong, in words.
    change : callable
        Takes the derived object and returns the wrong one.

    Examples
    --------
    >>> Mutant("doubled", lambda x: 2 * x).change(3)
    6
    """

    name: str
    change: Callable[[Any], Any]


def map_expressions(derived: Any, change: Callable[[Expr], Expr]) -> Any:
    """Apply a change to every derived expression of an object.

    Expressions, matrices, and lists, tuples and mappings of them are changed throughout; of a
    dataclass the fields that a recursion or a formula is made of (``step``, ``constant``,
    ``values``, ``recursion``).

    Examples
    --------
    >>> x = Symbol("x")
    >>> map_expressions({"a": x, "b": [x**2]}, lambda e: 2 * e)
    {'a': 2*x, 'b': [2*x**2]}
    """
    if isinstance(derived, Expr):
        return change(derived)
    if isinstance(derived, MatrixBase):
        return derived.applyfunc(change)
    if isinstance(derived, list | tuple):
        return type(derived)(map_expressions(item, change) for item in derived)
    if isinstance(derived, Mapping):
        return {key: map_expressions(item, change) for key, item in derived.items()}
    if is_dataclass(derived) and not isinstance(derived, type):
        inner = [
            f.name
            for f in fields(derived)
            if f.name in {"step", "constant", "values", "recursion"}
            and getattr(derived, f.name) is not None
        ]
        if inner:
            return replace(
                derived, **{name: map_expressions(getattr(derived, name), change) for name in inner}
            )
    raise TypeError(
        f"cannot mutate a {type(derived).__name__}: give the claim a Mutant with its own change"
    )


def scaled(factor: Any) -> Mutant:
    """Return the mutant whose expressions are all multiplied by a factor.

    Examples
    --------
    >>> scaled(1.01).name
    'scaled by 1.01'
    """
    exact = Rational(str(factor))
    return Mutant(
        f"scaled by {factor}", lambda derived: map_expressions(derived, lambda e: exact * e)
    )


@exact_arguments
def without(term: Expr, name: str | None = None) -> Mutant:
    """Return the mutant in which a sub-expression is set to zero.

    Examples
    --------
    >>> x, y = Symbol("x"), Symbol("y")
    >>> without(y**2).change(x + y**2)
    x
    """
    return Mutant(
        f"without {name or term}",
        lambda derived: map_expressions(derived, lambda e: e.subs(term, 0)),
    )


@exact_arguments
def flipped(symbol: Symbol | Expr) -> Mutant:
    """Return the mutant in which the sign of a symbol is reversed.

    Examples
    --------
    >>> x = Symbol("x")
    >>> flipped(x).change(x**3 + 1)
    1 - x**3
    """
    return Mutant(
        f"sign of {symbol} flipped",
        lambda derived: map_expressions(derived, lambda e: e.subs(symbol, -symbol)),
    )


@exact_arguments
def shifted(symbol: Symbol, by: Any = 1) -> Mutant:
    """Return the mutant in which a symbol is off by a constant, as an index error would have it.

    Examples
    --------
    >>> r = Symbol("r")
    >>> shifted(r).change(2**r)
    2**(r + 1)
    """
    return Mutant(
        f"{symbol} shifted by {by}",
        lambda derived: map_expressions(
            derived, lambda e: e.subs(symbol, symbol + expression_of(by))
        ),
    )


def replaced(name: str, change: Callable[[Expr], Expr]) -> Mutant:
    """Return a mutant that changes every expression by a function.

    Examples
    --------
    >>> x = Symbol("x")
    >>> replaced("squared", lambda e: e**2).change(x)
    x**2
    """
    return Mutant(name, lambda derived: map_expressions(derived, change))
