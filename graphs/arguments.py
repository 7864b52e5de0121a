"""What a caller gives is what was asked for, or is refused in one line that says what would be
right: whole numbers in a range, lists, and names that are there.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, cast

__all__ = [
    "LARGEST",
    "affordable",
    "found_in",
    "listed",
    "positive",
    "read_by",
    "shown",
    "whole_number",
]

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V")
Reader = Callable[[Any, str], Any]
LARGEST = 10**5
"""The most vertices, layers, states and the like that are built."""
_MOST = 2**63 - 1


def whole_number(
    value: Any, what: str = "this", least: int | None = None, most: int | None = None
) -> int:
    """Return a whole number as an int, or say what is wrong with it.

    Parameters
    ----------
    value : int, numpy integer, sympy.Integer, or a float without a fraction
    what : str
        What it is, for the message.
    least, most : int, optional
        Its range; no number is larger in size than 2^63 - 1.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is not whole, or out of range.

    Examples
    --------
    >>> whole_number(3.0, "the depth", 1)
    3
    >>> whole_number(0, "the depth", 1, 10)
    Traceback (most recent call last):
    ValueError: the depth is a whole number from 1 to 10, got 0
    """
    bounds = "" if least is None else f" from {least}"
    bounds += "" if most is None else f" to {most}"
    wrong = f"{what} is a whole number{bounds}, got {shown(value)}"
    try:
        number = None if isinstance(value, bool | str | bytes) else int(value)
        same = number is not None and bool(number == value)
    except TypeError:
        raise TypeError(wrong) from None
    except (ValueError, OverflowError):
        raise ValueError(wrong) from None
    if number is None:
        raise TypeError(wrong)
    if not same:
        raise ValueError(wrong)
    if not (-_MOST if least is None else least) <= number <= (_MOST if most is None else most):
        bounds = bounds or " of at most 63 bits"
        raise ValueError(f"{what} is a whole number{bounds}, got {shown(value)}")
    return number


def positive(what: str, value: Any, most: int = LARGEST) -> int:
    """Return a whole number from 1 to a largest one.

    Examples
    --------
    >>> positive("the width", 0)
    Traceback (most recent call last):
    ValueError: the width must be a positive integer, got 0
    """
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"{what} must be a positive integer, got {shown(value)}")
    if value > most:
        raise ValueError(f"{what} is too large to build (at most {most}), got {shown(value)}")
    return operator.index(value)


def affordable(count: int, what: str, most: int = 3 * LARGEST) -> None:
    """Refuse to build more parts than a few seconds allow, before the first.

    Examples
    --------
    >>> affordable(10**9, "connections")
    Traceback (most recent call last):
    ValueError: 1000000000 connections are too many to build, at most 300000: take fewer
    """
    if count > most:
        raise ValueError(f"{shown(count)} {what} are too many to build, at most {most}: take fewer")


def found_in(table: Mapping[Any, V], key: Any, what: str) -> V:
    """Return what a table holds under a key, or say that there is no such thing.

    Raises
    ------
    ValueError
        Naming a few keys that there are.

    Examples
    --------
    >>> found_in({"a": 1}, "a", "neuron")
    1
    >>> found_in({"a": 1}, "b", "neuron")
    Traceback (most recent call last):
    ValueError: there is no neuron 'b'; there is 'a'
    """
    if not isinstance(table, Mapping):
        raise TypeError(f"a mapping by {what} is needed, got {shown(table)}")
    try:
        return table[key]
    except (KeyError, TypeError):
        some = [shown(one) for one in list(table)[:4]]
        there = f"there is {', '.join(some)}" if some else "there is none at all"
        more = " and others" if len(table) > len(some) else ""
        raise ValueError(f"there is no {what} {shown(key)}; {there}{more}") from None


def listed(value: Any, what: str, least: int = 0) -> tuple[Any, ...]:
    """Return a sequence as a tuple; texts and mappings are none.

    Examples
    --------
    >>> listed([1, 2], "the spins")
    (1, 2)
    >>> listed({0: 1}, "the spins")
    Traceback (most recent call last):
    TypeError: the spins are a list, got {0: 1}
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise TypeError(f"{what} are a list, got {shown(value)}")
    parts = tuple(value)
    if len(parts) < least:
        raise ValueError(f"{what} are a list of at least {least}, got {len(parts)}")
    return parts


def read_by(readers: Mapping[str, Reader]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that reads every argument of a function by its annotation.

    Parameters
    ----------
    readers : mapping of str to callable
        For an annotation as it is written (without ``| None``), what makes the argument from what
        was given and its name. ``None``, and annotations that are not there, are left alone.

    Examples
    --------
    >>> @read_by({"int": lambda value, name: whole_number(value, name, 0, 9)})
    ... def doubled(digit: int) -> int:
    ...     return 2 * digit
    >>> doubled(3)
    6
    >>> doubled("x")
    Traceback (most recent call last):
    TypeError: digit is a whole number from 0 to 9, got 'x'
    """

    def decorator(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        by_name = {
            name: readers[text]
            for name, parameter in parameters.items()
            if (text := _plain(parameter.annotation)) in readers
        }
        names = tuple(parameters)
        by_place = [by_name.get(name) for name in names]

        def read(*args: Any, **kwargs: Any) -> R:
            given = [
                value if reader is None or value is None else reader(value, name)
                for name, reader, value in zip(names, by_place, args, strict=False)
            ]
            named = {
                name: value if value is None or name not in by_name else by_name[name](value, name)
                for name, value in kwargs.items()
            }
            return function(*given, *args[len(given) :], **named)

        here = FunctionType(  # in the module of the function, where examples are looked for
            read.__code__, getattr(function, "__globals__", globals()), closure=read.__closure__
        )
        return cast(Callable[P, R], wraps(function)(here))

    return decorator


def _plain(annotation: Any) -> str:
    """An annotation as a text, without the places of names."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return text.replace("sympy.", "").replace("sp.", "").replace(" | None", "")


def shown(value: Any) -> str:
    """Return a value on one printable line, cut where it is long.

    Examples
    --------
    >>> shown("a\\nb"), shown([1] * 50)
    ("'a\\\\nb'", '[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...')
    """
    try:
        text = " ".join(repr(value).split())
    except Exception:  # of an object whose own words fail, or a number with too many digits
        text = f"a {type(value).__name__} that cannot be shown"
    plain = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:99]
    )
    return plain if len(plain) <= 60 else f"{plain[:60]} ..."
