"""Values as they come from a command line or a notebook, made exact and checked against a
parameter's domain.
"""

from __future__ import annotations

import json
import numbers
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from sympy import Basic, Float, Integer, Interval, Rational, S, oo
from sympy.core.numbers import Number

from neurenorm.numerics.terminal import named_texts
from neurenorm.theory.algebra.reading import as_number, expression_of, read_number, shown
from neurenorm.theory.catalogue import Parameter, Result

__all__ = ["admitted", "assignments", "checked", "exact_value", "parse_value"]


LONGEST = 100_000
MOST_ENTRIES = 10_000
DEEPEST = 8


def parse_value(text: str) -> Any:
    """Read a value from the command line: JSON if it parses, otherwise a bare string; ``inf`` and
    rationals such as ``1/3`` are numbers.

    Decimals are kept as exact rationals. Nothing in a text is ever executed.

    Raises
    ------
    ValueError
        If a number is out of range, or a list too long or too deep, or an object is given, which no
        parameter takes.

    Examples
    --------
    >>> (
    ...     parse_value("0.1"),
    ...     parse_value("1/3"),
    ...     parse_value("[1, 2.5]"),
    ...     parse_value("tanh"),
    ...     parse_value("-inf"),
    ... )
    (1/10, 1/3, [1, 5/2], 'tanh', -oo)
    """
    if len(text) > LONGEST:
        raise ValueError(f"a value has at most {LONGEST} letters, got {len(text)}")
    try:
        value = json.loads(text, parse_float=_literal, parse_int=_literal, parse_constant=_constant)
    except (json.JSONDecodeError, _NotANumberWord):
        number = read_number(text)
        return text if number is None else number
    except RecursionError:
        raise ValueError(f"a list of values has at most {DEEPEST} levels") from None
    return exact_value(value)


class _NotANumberWord(ValueError):
    """A JSON constant that this parser reads as a word."""


def _constant(name: str) -> Any:
    """Leave NaN and Infinity, which are not JSON, to the reader of words."""
    raise _NotANumberWord(name)


def _literal(text: str) -> Any:
    """Read a JSON number exactly."""
    return read_number(text)


def exact_value(value: Any) -> Any:
    """Return numbers as exact SymPy numbers, lists entry by entry, words as they are; refuse
    everything else.

    A float is taken for the decimal that it prints as, so 0.1 is 1/10. SymPy expressions without
    symbols stay as they are.

    Raises
    ------
    ValueError
        For mappings and other objects, for numbers out of range, and for lists too long or too
        deep.

    Examples
    --------
    >>> exact_value(0.1), exact_value([1, 0.5]), exact_value(float("inf")), exact_value("tanh")
    (1/10, [1, 1/2], oo, 'tanh')
    >>> exact_value({"a": 1})
    Traceback (most recent call last):
    ValueError: a value is a number, a word or a list of them, got the dict {'a': 1}
    """
    exact = _exact(value, 0)
    if isinstance(exact, list) and _count(exact) > MOST_ENTRIES:
        raise ValueError(
            f"a list of values has at most {MOST_ENTRIES} entries, got {_count(exact)}"
        )
    return exact


def _exact(value: Any, depth: int) -> Any:
    """One value, or the entries of a list, exactly."""
    if hasattr(value, "tolist"):  # an array, or a number of an array library
        value = value.tolist()
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        if depth >= DEEPEST or len(value) > MOST_ENTRIES:
            raise ValueError(
                f"a list of values has at most {MOST_ENTRIES} entries and {DEEPEST} levels"
            )
        if any(item is None for item in value):
            raise ValueError(f"a list of values holds numbers, got {shown(value)}")
        return [_exact(item, depth + 1) for item in value]
    return _number(value)


def _count(value: Any) -> int:
    """How many entries nested lists have."""
    return sum(map(_count, value)) if isinstance(value, list) else 1


def _number(value: Any) -> Any:
    """One number exactly, within the range of numbers."""
    if isinstance(value, float):
        return read_number(repr(value))
    if not isinstance(value, int | Fraction | Basic | numbers.Number):
        raise ValueError(
            f"a value is a number, a word or a list of them, got the {type(value).__name__} "
            f"{shown(value)}"
        )
    number = expression_of(value)
    if isinstance(number, Float):
        return read_number(str(number))
    return as_number(number) if isinstance(number, Rational) else number


def checked(result: Result, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter of a result with an exact value inside its domain.

    Raises
    ------
    ValueError
        For a parameter that does not exist, is missing, is no number where one is needed, or lies
        outside its domain.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> checked(result("lattice/ising-correlation"), {"K": 0.5, "r": 3})
    {'K': 1/2, 'r': 3}
    """
    known = _known(result, given)
    missing = [
        name for name, parameter in known.items() if parameter.required and name not in given
    ]
    if missing:
        raise ValueError(
            f"{result.id} needs {' and '.join(missing)}: "
            f"{'; '.join(f'{name} is {known[name].meaning}' for name in missing)}"
        )
    return {
        name: _admitted(parameter, exact_value(given.get(name, parameter.default)))
        for name, parameter in known.items()
    }


def admitted(result: Result, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given parameters of a result with exact values inside their domains; others may be
    missing.

    Raises
    ------
    ValueError
        For a parameter that does not exist, is no number where one is needed, or lies outside its
        domain.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> admitted(result("lattice/ising-correlation"), {"K": 0.5})
    {'K': 1/2}
    """
    known = _known(result, given)
    return {name: _admitted(known[name], exact_value(value)) for name, value in given.items()}


def _known(result: Result, given: Mapping[str, Any]) -> dict[str, Parameter]:
    """Return the parameters of a result by name, if it has all that are given."""
    known = {parameter.name: parameter for parameter in result.parameters}
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(
            f"{result.id} has no parameter {shown(unknown[0])}; it takes {', '.join(known)}"
        )
    return known


def assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Read ``name=value`` words of a command line.

    Raises
    ------
    ValueError
        For a word without a name or an equals sign, a name given twice, or a value that is refused.

    Examples
    --------
    >>> assignments(["K=0.5", "cell=diamond"])
    {'K': 1/2, 'cell': 'diamond'}
    """
    return {name: parse_value(text) for name, text in named_texts(texts).items()}


def _admitted(parameter: Parameter, value: Any) -> Any:
    """Return one value if the parameter admits it."""
    if value is None and parameter.default is None:
        return None
    if parameter.convert is not None:
        return parameter.convert(value)
    if isinstance(parameter.domain, tuple):
        if not isinstance(value, str) or value not in parameter.domain:
            raise ValueError(
                f"{parameter.name} must be one of {', '.join(parameter.domain)}, got {shown(value)}"
            )
        return value
    if not isinstance(value, Number) or value is S.NaN:
        raise ValueError(
            f"{parameter.name} ({parameter.meaning}) must be a number, got {shown(value)}"
        )
    if value in (oo, -oo):
        if parameter.infinite and value is oo:
            return value
        limits = "finite or inf" if parameter.infinite else "finite"
        raise ValueError(f"{parameter.name} ({parameter.meaning}) must be {limits}, got {value}")
    if parameter.domain is not None and parameter.domain.contains(value) != True:  # noqa: E712
        raise ValueError(
            f"{parameter.name} ({parameter.meaning}) must be {_domain_words(parameter)}, got "
            f"{shown(value)}"
        )
    return int(value) if parameter.structural and isinstance(value, Integer) else value


def _domain_words(parameter: Parameter) -> str:
    """Say a domain in words."""
    domain: Any = parameter.domain
    also = ", or inf" if parameter.infinite else ""
    low, high = domain.inf, domain.sup
    if domain.is_subset(S.Integers):
        return (
            f"an integer of at least {low}" + ("" if high == oo else f" and at most {high}") + also
        )
    if not isinstance(domain, Interval):
        return f"in {domain}" + also
    bounds = [] if low == -oo else [f"above {low}" if domain.left_open else f"of at least {low}"]
    bounds += [] if high == oo else [f"below {high}" if domain.right_open else f"at most {high}"]
    return " ".join(["a number", " and ".join(bounds)]).strip() + also
