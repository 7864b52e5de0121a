"""A result shown for values of one's choice: its structure derived anew, its numbers put in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sympy import Expr, Symbol

from neurenorm.numerics.evaluate.values import admitted
from neurenorm.theory.catalogue import Result
from neurenorm.theory.catalogue.problems import Expansion, Formula
from neurenorm.theory.catalogue.result import object_latex
from neurenorm.theory.recursion.recursion import Recursion

__all__ = ["chosen", "is_complete"]


def chosen(entry: Result, given: Mapping[str, Any]) -> Result:
    """Return a result whose formula, derivation and exports are those for the given values.

    Parameters
    ----------
    entry : Result
    given : mapping of str to value
        What shapes the derivation (a number of bonds, an activation) is derived with; a number is
        put into the formula.  What is not given is as in the example of the result.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        For a parameter that does not exist, a value outside its domain, or a number for a symbol
        that the formula has to keep.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> print(chosen(result("lattice/ising-correlation"), {"r": 3}).to_latex().splitlines()[1])
    \\langle s_0 s_r\\rangle &= \\tanh^{3}{\\left(K \\right)}
    """
    if not given:
        return entry
    exact = admitted(entry, given)
    structural = {p.name for p in entry.parameters if p.structural}
    structure = {name: value for name, value in exact.items() if name in structural}
    numbers = {name: value for name, value in exact.items() if name not in structural}
    derived, example = _derived(entry, structure)
    kept = {name: value for name, value in example.items() if name not in structure}
    shown = _put(derived, entry, numbers)
    return replace(entry, example={**kept, **given}, derive=lambda **_: shown)


def is_complete(entry: Result, given: Mapping[str, Any]) -> bool:
    """Return whether everything that an evaluation needs is given.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> is_complete(result("lattice/ising-correlation"), {"r": 3})
    False
    """
    return bool(given) and all(p.name in given for p in entry.parameters if p.required)


def _derived(entry: Result, structure: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    """Return what is derived for a structure, and what was taken from the example for it: all of
    it, or, where that does not go together, only what has to be given.
    """
    example = dict(entry.example or {})
    try:
        return entry.derive(**{**example, **structure}), example
    except ValueError:
        needed = {p.name for p in entry.parameters if p.structural and p.required}
        example = {name: value for name, value in example.items() if name in needed}
        return entry.derive(**{**example, **structure}), example


def _put(derived: Any, entry: Result, numbers: Mapping[str, Any]) -> Any:
    """Return a derived object with numbers put for its symbols."""
    if not numbers:
        return derived
    named = {symbol.name: symbol for symbol in _symbols(derived)}
    missing = [name for name in numbers if name not in named]
    if missing:
        raise ValueError(
            f"the formula of {entry.id} keeps its symbol {missing[0]}; neurenorm evaluate "
            f"{entry.id} {missing[0]}=… gives its numbers"
        )
    at = {named[name]: value for name, value in numbers.items()}
    if isinstance(derived, Expr):
        return derived.subs(at)
    if isinstance(derived, Recursion):
        return derived.subs(at)
    left = {name: object_left(derived, name, entry) for name in derived.values}
    values = {name: value.subs(at) for name, value in derived.values.items()}
    found = replace(derived, values=values, left=left)
    if isinstance(found, Expansion):
        return replace(found, left_out={k: v.subs(at) for k, v in found.left_out.items()})
    return found


def object_left(derived: Formula, name: str, entry: Result) -> str:
    """Return the left-hand side of a value as it was before numbers were put in.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> entry = result("lattice/ising-correlation")
    >>> print(object_left(entry.shown(), "value", entry))
    \\langle s_0 s_r\\rangle
    """
    one = replace(derived, values={name: derived.values[name]})
    return object_latex(one, entry.subject).split("&=")[0].split("\n")[-1].strip()


def _symbols(derived: Any) -> set[Symbol]:
    """Return the symbols that numbers can be put for."""
    if isinstance(derived, Expr):
        return {symbol for symbol in derived.free_symbols if isinstance(symbol, Symbol)}
    if isinstance(derived, Recursion):
        return set(derived.parameters)
    if isinstance(derived, Formula):
        return set().union(*(value.free_symbols for value in derived.values.values()))
    return set()
