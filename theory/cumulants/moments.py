"""Moments and cumulants of several variables, in any commutative ring.

With b a multi-index and i a slot in which it is positive,

    κ_b = m_b - Σ_{g < b - 1_i} C(b - 1_i, g) κ_{g + 1_i} m_{b - 1_i - g},

where C is the product of binomial coefficients. Only sums, products and integer multiples are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from math import comb, prod
from typing import Any

from neurenorm.graphs.arguments import affordable, shown, whole_number
from neurenorm.theory.algebra.arguments import exact_arguments

__all__ = ["Index", "cumulants_from_moments", "indices", "moments_from_cumulants"]

Index = tuple[int, ...]


@exact_arguments
def indices(slots: int, order: int) -> tuple[Index, ...]:
    """Return all multi-indices of total order 1 to `order`, lower orders first.

    Examples
    --------
    >>> indices(2, 2)
    ((0, 1), (1, 0), (0, 2), (1, 1), (2, 0))
    """
    slots = whole_number(slots, "the number of slots", 0, 64)
    order = whole_number(order, "the order", 0, 64)
    affordable((order + 1) ** slots, "multi-indices")
    every = (b for b in product(range(order + 1), repeat=slots) if 0 < sum(b) <= order)
    return tuple(sorted(every, key=lambda b: (sum(b), b)))


@lru_cache(maxsize=4096)
def _terms(b: Index) -> tuple[tuple[int, Index, Index], ...]:
    """The binomials C, and the indices of κ and m, of the sum above."""
    slot = next(i for i, power in enumerate(b) if power)
    rest = tuple(power - (i == slot) for i, power in enumerate(b))
    found = []
    for g in product(*(range(power + 1) for power in rest)):
        if g != rest:
            raised = tuple(power + (i == slot) for i, power in enumerate(g))
            left = tuple(r - p for r, p in zip(rest, g, strict=True))
            found.append((prod(map(comb, rest, g)), raised, left))
    return tuple(found)


def _ordered(given: Mapping[Index, Any]) -> Iterator[Index]:
    """The indices, lower orders first, checked."""
    for b in given:
        if not isinstance(b, tuple) or not all(isinstance(power, int) for power in b):
            raise TypeError(f"moments are given by tuples of whole numbers, got {shown(b)}")
    return iter(sorted(given, key=lambda b: (sum(b), b)))


def cumulants_from_moments(moments: Mapping[Index, Any]) -> dict[Index, Any]:
    """Return the cumulants of given moments.

    Parameters
    ----------
    moments : mapping of multi-index to ring element
        Every index below a given one must be there; the zeroth moment is 1 and is left out.

    Examples
    --------
    >>> cumulants_from_moments({(1,): 1, (2,): 3, (3,): 11})
    {(1,): 1, (2,): 2, (3,): 4}
    """
    found: dict[Index, Any] = {}
    for b in _ordered(moments):
        value = moments[b]
        for times, raised, left in _terms(b):
            value = value - times * (found[raised] * moments[left])
        found[b] = value
    return found


def moments_from_cumulants(cumulants: Mapping[Index, Any]) -> dict[Index, Any]:
    """Return the moments of given cumulants, the inverse of `cumulants_from_moments`.

    Examples
    --------
    >>> moments_from_cumulants({(1,): 1, (2,): 2, (3,): 4})
    {(1,): 1, (2,): 3, (3,): 11}
    """
    found: dict[Index, Any] = {}
    for b in _ordered(cumulants):
        value = cumulants[b]
        for times, raised, left in _terms(b):
            value = value + times * (cumulants[raised] * found[left])
        found[b] = value
    return found
