"""Exact sums over every configuration of a small system, by brute force.

A system is ``n`` sites that each take one of ``q`` numeric states, and a list of terms: the weight
of a configuration is ``exp(Σ coupling · function(states of the term's sites))``. Nothing is known
here about recursions or transfer matrices. The sites that fit into one block of memory become the
axes of an array, the others are looped over.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CONFIGURATION_LIMIT",
    "Term",
    "expectation",
    "ising_terms",
    "log_marginal",
    "log_partition",
    "potts_terms",
]

Array = NDArray[np.float64]
Term = tuple[Sequence[int], float, Callable[..., Any]]

CONFIGURATION_LIMIT = 2**26
"""The largest number of configurations that is summed over."""

_BLOCK = 2**16  # configurations held in memory at once


def log_partition(n: int, states: int | Sequence[float], terms: Sequence[Term]) -> float:
    """Logarithm of the partition function, ``ln Σ_configurations exp(Σ coupling · function)``.

    Parameters
    ----------
    n : int
        Number of sites, labelled 0 to n − 1.
    states : int or sequence of float
        Values that a site takes, such as ``(-1, 1)``; an integer q stands for 0, 1, …, q − 1.
    terms : sequence of (sites, coupling, function)
        ``function`` receives one array of state values for each of ``sites``, of shapes that
        broadcast, and returns an array; ``-inf`` forbids a configuration.

    Returns
    -------
    float
        In nats; ``-inf`` if every configuration is forbidden.

    Raises
    ------
    ValueError
        If there are more than `CONFIGURATION_LIMIT` configurations, a term names a site that does
        not exist, or a coupling or a function value is not a number below infinity.

    Examples
    --------
    The ring of eight Ising spins at K = 1:

    >>> ring = [(i, (i + 1) % 8) for i in range(8)]
    >>> round(log_partition(8, (-1, 1), ising_terms(ring, 1.0)), 10)
    9.122649352
    """
    return float(log_marginal(n, states, terms, keep=()))


def log_marginal(
    n: int, states: int | Sequence[float], terms: Sequence[Term], keep: Sequence[int]
) -> Array:
    """Logarithm of the summed weight of all configurations that share the states of the kept sites.

    Parameters
    ----------
    n, states, terms
        The system, as in `log_partition`.
    keep : sequence of int
        Different sites, in the order of the axes of the result.

    Returns
    -------
    ndarray, shape (q,) * len(keep)
        In nats, indexed by the position of each kept site's state in ``states``.

    Raises
    ------
    ValueError
        As `log_partition`, or if a kept site does not exist or is named twice.

    Examples
    --------
    Summing out the middle of three Ising spins leaves the coupling ½ ln cosh 2K:

    >>> weights = log_marginal(3, (-1, 1), ising_terms([(0, 1), (1, 2)], 1.0), keep=(0, 2))
    >>> round(float(weights[1, 1] - weights[0, 1]) / 2, 10)
    0.6625013737
    """
    values = _values(states)
    _check(n, values, terms)
    kept = _sites(keep, n, "a kept site")
    if len(set(kept)) < len(kept):
        raise ValueError(f"a site is kept twice in {kept}: name every kept site once")
    order = kept + [site for site in range(n) if site not in set(kept)]
    inner_kept = min(len(kept), _inner_size(n, len(values)))
    total = np.full((len(values),) * len(kept), -np.inf)
    for outer, log_weight, _ in _blocks(order, values, terms):
        partial = _log_sum(log_weight, axes=tuple(range(inner_kept, log_weight.ndim)))
        spot = tuple(outer[site] for site in kept[inner_kept:])
        where = (slice(None),) * inner_kept + spot
        total[where] = np.logaddexp(total[where], partial)
    return total


def expectation(
    n: int,
    states: int | Sequence[float],
    terms: Sequence[Term],
    observable: Callable[[list[Any]], Any],
) -> float:
    """Mean of an observable over the Gibbs measure of the system.

    Parameters
    ----------
    n, states, terms
        The system, as in `log_partition`.
    observable : callable
        Receives the list of the n sites' state values, as arrays that broadcast against each other,
        and returns an array or a number.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As `log_partition`, or if every configuration is forbidden or the observable is not finite.

    Examples
    --------
    >>> chain = ising_terms([(0, 1), (1, 2)], 1.0)
    >>> bool(np.isclose(expectation(3, (-1, 1), chain, lambda s: s[0] * s[2]), np.tanh(1.0) ** 2))
    True
    """
    values = _values(states)
    normalisation = log_partition(n, states, terms)
    if normalisation == -math.inf:
        raise ValueError("every configuration is forbidden: there is no measure to average over")
    mean = 0.0
    for _, log_weight, spins in _blocks(list(range(n)), values, terms):
        mean += float(
            np.sum(np.exp(log_weight - normalisation) * np.asarray(observable(spins), dtype=float))
        )
    if not math.isfinite(mean):
        raise ValueError("the observable is not finite on every configuration")
    return mean


def ising_terms(edges: Iterable[tuple[int, int]], K: ArrayLike, h: ArrayLike = 0.0) -> list[Term]:
    """Terms of the Ising weight ``exp(K s s′ + (h/2)(s + s′))`` on each bond, for the states (−1,
    1).

    Parameters
    ----------
    edges : iterable of (int, int)
        Bonds; a pair may occur several times.
    K, h : float or sequence of float
        Coupling and field per bond: a site of degree d feels the field h·d/2.

    Returns
    -------
    list of Term

    Raises
    ------
    ValueError
        If there are neither one coupling nor as many as bonds.

    Examples
    --------
    >>> (
    ...     len(ising_terms([(0, 1), (1, 2)], K=[0.5, 0.7])),
    ...     len(ising_terms([(0, 1), (1, 2)], K=0.5, h=0.1)),
    ... )
    (2, 4)
    """
    bonds = list(edges)
    couplings, fields = _per_bond(K, bonds), _per_bond(h, bonds)
    terms: list[Term] = [
        (bond, float(c), lambda a, b: a * b) for bond, c in zip(bonds, couplings, strict=True)
    ]
    terms += [
        (bond, float(f) / 2, lambda a, b: a + b)
        for bond, f in zip(bonds, fields, strict=True)
        if f != 0
    ]
    return terms


def potts_terms(edges: Iterable[tuple[int, int]], K: ArrayLike) -> list[Term]:
    """Terms of the Potts weight ``exp(K δ(s, s′))`` on each bond, for any states.

    Parameters
    ----------
    edges : iterable of (int, int)
        Bonds; a pair may occur several times.
    K : float or sequence of float
        Coupling per bond.

    Returns
    -------
    list of Term

    Raises
    ------
    ValueError
        If there are neither one coupling nor as many as bonds.

    Examples
    --------
    One bond of three colours at K = ln 2 has the partition function 3 · 2 + 6 · 1 = 12:

    >>> round(math.exp(log_partition(2, 3, potts_terms([(0, 1)], math.log(2)))), 10)
    12.0
    """
    bonds = list(edges)
    return [
        (bond, float(c), lambda a, b: a == b)
        for bond, c in zip(bonds, _per_bond(K, bonds), strict=True)
    ]


def _blocks(
    order: list[int], values: Array, terms: Sequence[Term]
) -> Iterator[tuple[dict[int, int], Array, list[Any]]]:
    """For each setting of the outer sites: their state indices, the block's log weights, all sites'
    states.

    The first sites of ``order`` are the axes of the block; terms among them alone are summed once.
    """
    inner = order[: _inner_size(len(order), len(values))]
    outer = order[len(inner) :]
    spins: list[Any] = [None] * len(order)
    for axis, site in enumerate(inner):
        spins[site] = values.reshape([-1 if a == axis else 1 for a in range(len(inner))])
    fixed = [term for term in terms if not set(term[0]) & set(outer)]
    varying = [term for term in terms if set(term[0]) & set(outer)]
    start = _accumulate(np.zeros((len(values),) * len(inner)), fixed, spins)
    for setting in itertools.product(range(len(values)), repeat=len(outer)):
        for site, index in zip(outer, setting, strict=True):
            spins[site] = values[index]
        log_weight = _accumulate(start.copy(), varying, spins) if varying else start
        yield dict(zip(outer, setting, strict=True)), log_weight, list(spins)


def _accumulate(log_weight: Array, terms: Sequence[Term], spins: list[Any]) -> Array:
    """Add the terms to the log weights in place."""
    for sites, coupling, function in terms:
        part = coupling * np.asarray(function(*(spins[site] for site in sites)), dtype=float)
        if np.any(np.isnan(part)) or np.any(part == np.inf):
            raise ValueError(
                f"the term on sites {tuple(sites)} gives a log weight that is not a number or "
                "+infinity"
            )
        log_weight += part
    return log_weight


def _log_sum(log_weight: Array, axes: tuple[int, ...]) -> Array:
    """Logarithm of a sum of exponentials over axes, safe against overflow and against all weights
    being zero.
    """
    largest = log_weight.max(axis=axes, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        total = np.log(np.exp(log_weight - largest).sum(axis=axes))
    return np.asarray(total + largest.reshape(total.shape))


def _inner_size(n: int, q: int) -> int:
    """How many sites fit into one block."""
    return min(n, int(math.log(_BLOCK) / math.log(max(q, 2)) + 1e-9))


def _values(states: int | Sequence[float]) -> Array:
    """The state values; an integer q stands for 0 … q − 1."""
    values = (
        np.arange(states, dtype=float)
        if isinstance(states, int | np.integer)
        else np.asarray(states, dtype=float)
    )
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values)):
        raise ValueError(
            f"states must be a positive integer or a list of finite numbers, got {states!r}"
        )
    return values


def _check(n: int, values: Array, terms: Sequence[Term]) -> None:
    """Refuse systems that are empty, too large or inconsistent before any work is done."""
    if n < 1:
        raise ValueError(f"a system needs at least one site, got {n}")
    if n * math.log2(len(values)) > math.log2(CONFIGURATION_LIMIT) + 1e-9:
        raise ValueError(
            f"{len(values)}^{n} configurations are more than the limit of "
            f"2^{math.log2(CONFIGURATION_LIMIT):.0f}: "
            "enumerate a smaller system or sample it"
        )
    for sites, coupling, _ in terms:
        _sites(sites, n, "a site of a term")
        if not math.isfinite(coupling):
            raise ValueError(
                f"the coupling of the term on sites {tuple(sites)} must be finite, got {coupling}"
            )


def _sites(sites: Sequence[int], n: int, name: str) -> list[int]:
    """The sites as a list, each checked to exist."""
    for site in sites:
        if not (isinstance(site, int | np.integer) and 0 <= site < n):
            raise ValueError(f"{name} must be an integer from 0 to {n - 1}, got {site!r}")
    return [int(site) for site in sites]


def _per_bond(number: ArrayLike, bonds: Sequence[Any]) -> Array:
    """One number for each bond."""
    array = np.asarray(number, dtype=float)
    if array.ndim and array.shape != (len(bonds),):
        raise ValueError(
            f"there are {len(bonds)} bonds but {array.size} values: give one value or one for each "
            "bond"
        )
    return np.broadcast_to(array, (len(bonds),))
