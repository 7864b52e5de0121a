"""The exact partition sum of one instance of active paths: weights are summed out one after the
other.

Summing a weight out of all factors that hold it leaves one factor on its neighbours. Factors are
arrays of logarithms with two entries per weight, so a tree of any size takes tables of one path,
and at worst the table holds all weights at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["WIDEST", "TooWide", "exact_log_partition"]

Array = NDArray[np.float64]
Factor = tuple[tuple[int, ...], Array]
WIDEST = 24
SPINS = np.array([1.0, -1.0])


class TooWide(ValueError):
    """A factor of the elimination would hold more weights than a table can."""


def exact_log_partition(
    members: Sequence[Sequence[int]], couplings: Array, beta: float, fields: Array
) -> float:
    """Return ln of the sum over all weights ±1 of exp(beta sum_a J_a prod_{i in a} w_i + sum_i
    theta_i w_i), in nats.

    Parameters
    ----------
    members : sequence of sequence of int
        The weights of each path.
    couplings : ndarray
        J of each path.
    beta : float
    fields : ndarray
        theta of each weight, one for every weight that there is.

    Raises
    ------
    TooWide
        If summing out needs a table over more than `WIDEST` weights.

    Examples
    --------
    >>> round(exact_log_partition([(0, 1, 2)], np.array([1.0]), 0.5, np.zeros(3)), 12) == round(
    ...     float(np.log(8 * np.cosh(0.5))), 12
    ... )
    True
    """
    factors: list[Factor] = [((i,), theta * SPINS) for i, theta in enumerate(fields)]
    factors += [
        _path(tuple(int(i) for i in row), beta * J)
        for row, J in zip(members, couplings, strict=True)
    ]
    held: dict[int, list[Factor]] = {i: [] for i in range(len(fields))}
    for factor in factors:
        for i in factor[0]:
            held[i].append(factor)
    total = 0.0
    while held:
        chosen = min(held, key=lambda i: len(_around(i, held[i])))
        scope, table = _summed_out(chosen, held[chosen])
        for factor in held.pop(chosen):
            for i in factor[0]:
                if i != chosen:
                    held[i] = [other for other in held[i] if other is not factor]
        if scope:
            fresh = (scope, table)
            for i in scope:
                held[i].append(fresh)
        else:
            total += float(table)
    return total


def _path(scope: tuple[int, ...], strength: float) -> Factor:
    """The logarithm of the weight of one path: its strength times the product of the signs."""
    _check(scope)
    product = np.array(strength)
    for _ in scope:
        product = np.multiply.outer(product, SPINS)
    return scope, product


def _around(weight: int, factors: Sequence[Factor]) -> set[int]:
    """The weights that share a factor with one."""
    return {i for scope, _ in factors for i in scope} - {weight}


def _summed_out(weight: int, factors: Sequence[Factor]) -> Factor:
    """Multiply the factors that hold a weight, and sum over its two signs."""
    scope = (*sorted(_around(weight, factors)), weight)
    _check(scope)
    total = np.zeros((2,) * len(scope))
    for own, table in factors:
        places = [scope.index(i) for i in own]
        shape = [2 if axis in places else 1 for axis in range(len(scope))]
        total += np.transpose(table, np.argsort(places)).reshape(shape)
    return scope[:-1], np.logaddexp(total[..., 0], total[..., 1])


def _check(scope: Sequence[int]) -> None:
    """Refuse a table over too many weights."""
    if len(scope) > WIDEST:
        raise TooWide(
            f"the exact sum takes a table over {len(scope)} weights at once, at most {WIDEST} are "
            "possible"
        )
