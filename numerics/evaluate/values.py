"""Values as they come from a command line or a notebook, made exact and checked against a parameter's domain."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from sympy import Float, Integer, Interval, Rational, S, oo, sympify
from sympy.core.numbers import Number

from theory.catalogue import Parameter, Result

__all__ = ["checked", "exact_value", "parse_value"]


def parse_value(text: str) -> Any:
    """Read a value from the command line: JSON if it parses, otherwise a bare string; ``inf`` and rationals such as ``1/3`` are numbers.

    Decimals are kept as exact rationals.

    Examples
    --------
    >>> parse_value("0.1"), parse_value("1/3"), parse_value("[1, 2.5]"), parse_value("tanh"), parse_value("-inf")
    (1/10, 1/3, [1, 5/2], 'tanh', -oo)
    """
    try:
        return exact_value(json.loads(text, parse_float=Rational, parse_constant=_constant))
    except (json.JSONDecodeError, _NotANumberWord):
        return _word(text)


class _NotANumberWord(ValueError):
    """A JSON constant that this parser reads as a word."""


def _constant(name: str) -> Any:
    """Leave NaN and Infinity, which are not JSON, to the reader of words."""
    raise _NotANumberWord(name)


def _word(text: str) -> Any:
    """Read inf, -inf, nan, a rational p/q, or a bare string."""
    stripped = text.strip()
    special = {"inf": oo, "+inf": oo, "Infinity": oo, "-inf": -oo, "-Infinity": -oo, "nan": S.NaN, "NaN": S.NaN}
    if stripped in special:
        return special[stripped]
    try:
        return exact_value(Fraction(stripped))
    except (ValueError, ZeroDivisionError):
        return text


def exact_value(value: Any) -> Any:
    """Return numbers as exact SymPy numbers, lists entry by entry, and everything else as it is.

    A float is taken for the decimal that it prints as, so 0.1 is 1/10.

    Examples
    --------
    >>> exact_value(0.1), exact_value([1, 0.5]), exact_value(float("inf")), exact_value("tanh")
    (1/10, [1, 1/2], oo, 'tanh')
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        if None in value:
            raise ValueError(f"a list of values holds numbers, got {value}")
        return [exact_value(item) for item in value]
    if isinstance(value, float):
        return {True: S.NaN, False: oo if value > 0 else -oo}[math.isnan(value)] if not math.isfinite(value) else Rational(repr(value))
    if isinstance(value, Fraction):
        return Rational(value.numerator, value.denominator)
    number = sympify(value)
    return Rational(str(number)) if isinstance(number, Float) else number


def checked(result: Result, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter of a result with an exact value inside its domain.

    Raises
    ------
    ValueError
        For a parameter that does not exist, is missing, is no number where one is needed, or lies outside its domain.

    Examples
    --------
    >>> from theory.catalogue import result
    >>> checked(result("lattice/ising-correlation"), {"K": 0.5, "r": 3})
    {'K': 1/2, 'r': 3}
    """
    known = {parameter.name: parameter for parameter in result.parameters}
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(f"{result.id} has no parameter {unknown[0]!r}; it takes {', '.join(known)}")
    missing = [name for name, parameter in known.items() if parameter.required and name not in given]
    if missing:
        raise ValueError(f"{result.id} needs {' and '.join(missing)}: {'; '.join(f'{name} is {known[name].meaning}' for name in missing)}")
    return {name: _admitted(parameter, exact_value(given.get(name, parameter.default))) for name, parameter in known.items()}


def _admitted(parameter: Parameter, value: Any) -> Any:
    """Return one value if the parameter admits it."""
    if value is None and parameter.default is None:
        return None
    if parameter.convert is not None:
        return parameter.convert(value)
    if isinstance(parameter.domain, tuple):
        if value not in parameter.domain:
            raise ValueError(f"{parameter.name} must be one of {', '.join(parameter.domain)}, got {value!r}")
        return value
    if not isinstance(value, Number) or value is S.NaN:
        raise ValueError(f"{parameter.name} ({parameter.meaning}) must be a number, got {value!s}")
    if value in (oo, -oo):
        if parameter.infinite and value is oo:
            return value
        limits = "finite or inf" if parameter.infinite else "finite"
        raise ValueError(f"{parameter.name} ({parameter.meaning}) must be {limits}, got {value}")
    if parameter.domain is not None and parameter.domain.contains(value) != True:  # noqa: E712
        raise ValueError(f"{parameter.name} ({parameter.meaning}) must be {_domain_words(parameter)}, got {value}")
    return int(value) if parameter.structural and isinstance(value, Integer) else value


def _domain_words(parameter: Parameter) -> str:
    """Say a domain in words."""
    domain: Any = parameter.domain
    also = ", or inf" if parameter.infinite else ""
    low, high = domain.inf, domain.sup
    if domain.is_subset(S.Integers):
        return f"an integer of at least {low}" + ("" if high == oo else f" and at most {high}") + also
    if not isinstance(domain, Interval):
        return f"in {domain}" + also
    bounds = [] if low == -oo else [f"above {low}" if domain.left_open else f"of at least {low}"]
    bounds += [] if high == oo else [f"below {high}" if domain.right_open else f"at most {high}"]
    return " ".join(["a number", " and ".join(bounds)]).strip() + also
