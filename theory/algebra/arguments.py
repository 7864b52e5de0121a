"""What exported functions are given is what their annotations say, or is refused in one line.

Functions of SymPy read a text by running it, also one deep inside a list, so that no argument may
reach them as it came. The decorator `exact_arguments` reads every argument by its annotation: an
expression by `neurenorm.theory.algebra.reading`, a symbol, a whole number, and sequences and
mappings of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from sympy import Basic, Integer, MatrixBase, Symbol, Tuple

from neurenorm.graphs.arguments import read_by, whole_number
from neurenorm.theory.algebra.reading import as_number, expression_of, matrix_of, shown

__all__ = ["READERS", "exact_arguments", "symbol_of", "symbols_of"]


def symbol_of(value: Any, what: str = "this") -> Symbol:
    """Return a symbol, or say that it is none.

    Examples
    --------
    >>> symbol_of(Symbol("K")), symbol_of(1, "the variable")
    Traceback (most recent call last):
    TypeError: the variable is a symbol, such as Symbol('x'), got 1
    """
    if not isinstance(value, Symbol):
        raise TypeError(f"{what} is a symbol, such as Symbol('x'), got {shown(value)}")
    return value


def symbols_of(value: Any, what: str = "this") -> tuple[Symbol, ...]:
    """Return one symbol or several as a tuple.

    Examples
    --------
    >>> symbols_of(Symbol("z")), symbols_of([Symbol("a"), Symbol("b")])
    ((z,), (a, b))
    """
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    return tuple(symbol_of(one, what) for one in (value if several else (value,)))


def _expression(value: Any, name: str) -> Any:
    """An argument as an expression."""
    if isinstance(value, Basic):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return as_number(Integer(value))
    try:
        return expression_of(value)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def _rational(value: Any, name: str) -> Any:
    """An argument as a fraction or a whole number."""
    return value if isinstance(value, Fraction) else whole_number(value, name)


def _matrix(value: Any, name: str) -> Any:
    """An argument as a matrix."""
    return value if isinstance(value, MatrixBase) else matrix_of(value)


def _sequence(reader: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Reads each part of a sequence."""

    def read(value: Any, name: str) -> Any:
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable | Tuple):
            raise TypeError(f"{name} is a sequence, got {shown(value)}")
        return tuple(reader(one, name) for one in value)

    return read


def _mapping(
    key: Callable[[Any, str], Any], reader: Callable[[Any, str], Any]
) -> Callable[[Any, str], Any]:
    """Reads keys and values of a mapping."""

    def read(value: Any, name: str) -> Any:
        if not isinstance(value, Mapping):
            raise TypeError(f"{name} is a mapping, got {shown(value)}")
        return {key(one, name): reader(held, name) for one, held in value.items()}

    return read


def _named_expression(value: Any, name: str) -> tuple[str, Any]:
    """A pair of a text and an expression or a text."""
    if not (isinstance(value, tuple | list) and len(value) == 2 and isinstance(value[0], str)):
        raise TypeError(f"{name} are pairs of a text and an expression, got {shown(value)}")
    return value[0], value[1] if isinstance(value[1], str) else _expression(value[1], name)


def _as_it_is(value: Any, name: str) -> Any:
    """What is not read."""
    return value


READERS: Mapping[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(("Expr", "int | Expr", "Expr | int", "int | Symbol"), _expression),
    "Symbol": symbol_of,
    "Symbol | Expr": _expression,
    "Symbol | Sequence[Symbol]": symbols_of,
    "int": whole_number,
    "Fraction | int": _rational,
    "Matrix": _matrix,
    "Sequence[Expr]": _sequence(_expression),
    **dict.fromkeys(("Sequence[Sequence[Expr]]", "Square"), _sequence(_sequence(_expression))),
    **dict.fromkeys(
        ("Sequence[Symbol]", "tuple[Symbol, ...]", "Iterable[Symbol]"), _sequence(symbol_of)
    ),
    "Iterable[tuple[str, Expr]]": _sequence(_named_expression),
    "Mapping[Symbol, Expr]": _mapping(symbol_of, _expression),
    "Mapping[Expr, Expr]": _mapping(_expression, _expression),
    "Mapping[tuple[int, ...], Expr]": _mapping(_as_it_is, _expression),
    "Mapping[tuple[Offset, Offset], Expr]": _mapping(_as_it_is, _expression),
    "Mapping[Symbol, Sequence[Expr]]": _mapping(symbol_of, _sequence(_expression)),
    "Mapping[Symbol, Any]": _mapping(symbol_of, _as_it_is),
    "Mapping[Symbol, Values]": _mapping(symbol_of, _as_it_is),
    "Mapping[str, Expr]": _mapping(_as_it_is, _expression),
}

exact_arguments = read_by(READERS)
"""Decorates a function so that its arguments are read by their annotations.

``Expr`` is what `expression_of` reads, ``Symbol`` a symbol, ``int`` a whole number, ``Matrix`` what
`matrix_of` reads; sequences of them become tuples, mappings dictionaries.
"""
