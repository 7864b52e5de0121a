"""Look things up by what a caller gave, and say what there would be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["found_in", "listed"]

V = TypeVar("V")


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
    try:
        return table[key]
    except (KeyError, TypeError):
        some = [" ".join(repr(one).split())[:60] for one in list(table)[:4]]
        there = f"there is {', '.join(some)}" if some else "there is none at all"
        more = " and others" if len(table) > len(some) else ""
        asked = " ".join(repr(key).split())[:60]
        raise ValueError(f"there is no {what} {asked}; {there}{more}") from None


def listed(value: Any, what: str, least: int = 0) -> tuple[Any, ...]:
    """Return a sequence as a tuple; texts and mappings are none.

    Examples
    --------
    >>> listed([1, 2], "the spins")
    (1, 2)
    >>> listed({0: 1}, "the spins")
    Traceback (most recent call last):
    TypeError: the spins are a list, got a dict
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise TypeError(f"{what} are a list, got a {type(value).__name__}")
    parts = tuple(value)
    if len(parts) < least:
        raise ValueError(f"{what} are a list of at least {least}, got {len(parts)}")
    return parts
