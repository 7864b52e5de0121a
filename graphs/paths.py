"""Random active paths: which binary weights each path from input to output runs through, and what
removing connections leaves.

A path is a row of weight numbers, one per layer of the network; it stands for one many-body
interaction, the product of its weights. A layered network and a random hypergraph are one kind of
object with different incidences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.arguments import affordable, listed, shown, whole_number

__all__ = [
    "ActivePaths",
    "PathError",
    "all_paths",
    "disjoint_union",
    "given_paths",
    "random_active_paths",
    "random_hypergraph",
]

Integers = NDArray[np.int64]
MOST = 10**7
"""The most weights, and paths, of an instance."""
_TRIES = 200


class PathError(ValueError):
    """A set of paths that is no legal instance of the model."""


@dataclass(frozen=True, eq=False)
class ActivePaths:
    """Active paths on a set of binary weights.

    Parameters
    ----------
    members : ndarray of int, shape (M, p)
        The weights of each path; no path uses a weight twice.
    size : int
        Number N of weights before any removal, numbered from 0.
    widths : tuple of int, optional
        Units n_0 … n_p of a layered network; the weight from unit u to unit v of layer l has the
        number ``offset_l + u n_l + v``.
    present : ndarray of bool, shape (N,), optional
        Which weights have not been removed; all by default.
    copies : int
        Number of independent networks that the instance holds side by side.

    Raises
    ------
    PathError
        If a path names a weight twice, a removed one or one that does not exist, or has fewer than
        two weights.

    Examples
    --------
    >>> network = all_paths((2, 2, 2, 2))
    >>> network.size, network.count, network.p
    (12, 16, 3)
    """

    members: Integers
    size: int
    widths: tuple[int, ...] | None = None
    present: Any = None
    copies: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", _checked_members(self.members, self.size))
        present = (
            np.ones(self.size, dtype=bool)
            if self.present is None
            else np.array(self.present, dtype=bool)
        )
        if present.shape != (self.size,):
            raise PathError(
                f"present needs one entry for each of the {self.size} weights, got shape "
                f"{present.shape}"
            )
        if self.members.size and not present[self.members].all():
            raise PathError(
                "a path runs through a removed weight; drop such paths "
                "(ActivePaths.without_weights does)"
            )
        object.__setattr__(self, "present", present)

    @property
    def loops(self) -> int:
        """Number of independent loops of the factor graph of paths and weights: zero for a tree,
        on which belief propagation is exact.

        Examples
        --------
        >>> given_paths([(0, 1, 2), (2, 3, 4)]).loops, given_paths([(0, 1), (1, 0)]).loops
        (0, 1)
        """
        import networkx as nx  # a tenth of a second, which only this needs

        graph: nx.Graph[Any] = nx.Graph()
        graph.add_nodes_from(("weight", int(w)) for w in range(self.size))
        graph.add_edges_from(
            (("path", k), ("weight", int(w))) for k, path in enumerate(self.members) for w in path
        )
        parts = int(nx.number_connected_components(graph))
        return graph.number_of_edges() - graph.number_of_nodes() + parts

    @property
    def count(self) -> int:
        """Number M of active paths."""
        return len(self.members)

    @property
    def p(self) -> int:
        """Number of weights of a path: the depth of the network."""
        return int(self.members.shape[1])

    @property
    def remaining(self) -> int:
        """Number of weights that have not been removed."""
        return int(np.count_nonzero(self.present))

    @property
    def degrees(self) -> Integers:
        """Number of paths through each remaining weight."""
        return np.bincount(self.members.ravel(), minlength=self.size)[self.present]

    @property
    def mean_degree(self) -> float:
        """Paths per remaining weight, c = p M / N; zero where no weight remains."""
        return 0.0 if not self.remaining else self.count * self.p / self.remaining

    @property
    def layers(self) -> tuple[slice, ...]:
        """The weights of each layer of a layered network.

        Raises
        ------
        PathError
            If the instance has no layers.
        """
        if self.widths is None:
            raise PathError("this instance is no layered network: its weights have no layers")
        return _layer_slices(self.widths, self.copies)

    def without_weights(self, removed: ArrayLike) -> ActivePaths:
        """Remove weights and, with them, every path that runs through one of them.

        Parameters
        ----------
        removed : array_like of bool, shape (N,)

        Examples
        --------
        >>> all_paths((2, 2, 2)).without_weights(np.arange(8) == 0).count
        6
        """
        gone = np.asarray(removed, dtype=bool)
        if gone.shape != (self.size,):
            raise PathError(
                f"removed needs one entry for each of the {self.size} weights, got shape "
                f"{gone.shape}"
            )
        alive = ~gone[self.members].any(axis=1)
        return replace(self, members=self.members[alive], present=self.present & ~gone)

    def selected(self, paths: ArrayLike) -> ActivePaths:
        """Keep some paths: a mask or an index array over the M paths."""
        return replace(self, members=self.members[np.asarray(paths)])

    def diluted(
        self, rho: float | Sequence[float], rng: np.random.Generator, protocol: str = "weights"
    ) -> ActivePaths:
        """Remove a fraction of the connections at random.

        Parameters
        ----------
        rho : float or sequence of float
            Probability with which each weight (or each whole path) is removed, between 0 and 1; for
            the weights of layers also one for each layer.
        rng : numpy.random.Generator
        protocol : {"weights", "paths", "inputs"}
            ``weights``: every weight on its own, and a path dies with any of its weights;
            ``paths``: whole paths are switched off and weights stay; ``inputs``: every unit of a
            layered network loses exactly round(rho n) of its n incoming weights.

        Returns
        -------
        ActivePaths
            With the numbering of the weights unchanged.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> all_paths((3, 3, 3)).diluted(1.0, rng).remaining
        0
        """
        fractions = list(rho) if isinstance(rho, Sequence) else [rho]
        if not all(0 <= fraction <= 1 for fraction in fractions):
            raise PathError(f"the removed fraction lies between 0 and 1, got {rho}")
        if isinstance(rho, Sequence):
            if protocol != "weights" or len(fractions) != len(self.layers):
                raise PathError(
                    f"{len(fractions)} fractions need as many layers and the protocol weights, not "
                    f"{len(self.layers)} and {protocol!r}"
                )
            chance = np.zeros(self.size)
            for layer, fraction in zip(self.layers, fractions, strict=True):
                chance[layer] = fraction
            return self.without_weights(rng.random(self.size) < chance)
        if protocol == "weights":
            return self.without_weights(rng.random(self.size) < rho)
        if protocol == "paths":
            return self.selected(rng.random(self.count) >= rho)
        if protocol == "inputs":
            return self.without_weights(self._some_inputs(rho, rng))
        raise PathError(f"the protocol is one of weights, paths, inputs; got {protocol!r}")

    def _some_inputs(self, rho: float, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Mark exactly round(rho n) incoming weights of every unit."""
        removed = np.zeros(self.size, dtype=bool)
        for layer, (above, below) in zip(self.layers, _pairs(self.widths or ()), strict=True):
            order = rng.random((self.copies, above, below)).argsort(axis=1)
            removed[layer] = (order < round(rho * above)).ravel()
        return removed


def _checked_members(members: ArrayLike, size: int) -> Integers:
    """Return the incidence as an integer array, or say what is wrong with it."""
    array = np.asarray(members)
    if array.ndim != 2 or (array.size and array.dtype.kind not in "iu"):
        raise PathError("paths are rows of weight numbers, all of one length p")
    if array.shape[1] < 2:
        raise PathError(f"a path needs at least p = 2 weights, got {array.shape[1]}")
    if array.size and (array.min() < 0 or array.max() >= size):
        raise PathError(f"weights are numbered 0 to {size - 1}, got {array.min()} to {array.max()}")
    ordered = np.sort(array, axis=1)
    twice = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
    if twice.size:
        raise PathError(
            f"path {twice[0]} = {tuple(array[twice[0]].tolist())} uses one weight twice; its "
            "weights must differ"
        )
    return array.astype(np.int64)


def _pairs(widths: Sequence[int]) -> list[tuple[int, int]]:
    """Return the widths above and below each layer of weights."""
    return list(pairwise(widths))


def _layer_slices(widths: Sequence[int], copies: int = 1) -> tuple[slice, ...]:
    """Return where the weights of each layer are."""
    ends = np.concatenate([[0], np.cumsum([copies * a * b for a, b in _pairs(widths)])]).tolist()
    return tuple(slice(start, stop) for start, stop in _pairs(ends))


def _checked_widths(widths: Sequence[int]) -> tuple[int, ...]:
    """Return the widths, at least three of them and all positive."""
    try:
        found = tuple(whole_number(n, "a width", 1) for n in listed(widths, "widths", 3))
    except (TypeError, ValueError):
        raise PathError(
            "a layered network of p ≥ 2 weight layers needs at least three positive widths, all "
            f"integers, got {shown(widths)}"
        ) from None
    return found


def _members_of(units: Integers, widths: tuple[int, ...]) -> Integers:
    """Return the weight numbers of paths given by their units, shape (M, p + 1)."""
    starts = [layer.start for layer in _layer_slices(widths)]
    columns = [
        start + units[:, k] * widths[k + 1] + units[:, k + 1] for k, start in enumerate(starts)
    ]
    return np.stack(columns, axis=1)


def given_paths(paths: Sequence[Sequence[int]], size: int | None = None) -> ActivePaths:
    """Return an instance from explicit paths.

    Parameters
    ----------
    paths : sequence of sequences of int
        The weights of each path, all of one length.
    size : int, optional
        Number of weights; by default one more than the largest number used.

    Examples
    --------
    >>> given_paths([(0, 1, 2), (2, 3, 4)]).degrees.tolist()
    [1, 1, 2, 1, 1]
    """
    rows = [tuple(path) for path in paths]
    if not rows or len({len(row) for row in rows}) != 1:
        raise PathError("give at least one path, and the same number of weights p in each")
    members = np.asarray(rows)
    return ActivePaths(members, int(members.max()) + 1 if size is None else size)


def all_paths(widths: Sequence[int]) -> ActivePaths:
    """Return the network in which every path from input to output is active, in lexicographic order
    of the units.

    Examples
    --------
    >>> all_paths((2, 2, 2)).members[:3].tolist()
    [[0, 4], [0, 5], [1, 6]]
    """
    sizes = _checked_widths(widths)
    units = np.indices(sizes).reshape(len(sizes), -1).T
    return ActivePaths(_members_of(units, sizes), _layer_slices(sizes)[-1].stop, sizes)


def random_active_paths(
    widths: Sequence[int], count: int, rng: np.random.Generator, *, replacement: bool = False
) -> ActivePaths:
    """Draw active paths uniformly among all paths from input to output of a layered network.

    The number of paths through a weight of layer l is then Poisson in the wide limit, of mean M /
    (n_{l-1} n_l).

    Parameters
    ----------
    widths : sequence of int
        Units n_0 … n_p.
    count : int
        Number M of active paths.
    rng : numpy.random.Generator
    replacement : bool
        Whether a path may be drawn twice.

    Examples
    --------
    >>> random_active_paths((10, 10, 10, 10), 300, np.random.default_rng(0)).mean_degree
    3.0
    """
    sizes = _checked_widths(widths)
    total = int(np.prod([float(n) for n in sizes]))
    if count < 0:
        raise PathError(f"the number of paths cannot be negative, got {count}")
    if not replacement and count > total:
        raise PathError(
            f"{count} different paths were asked for but the network has {total}; draw with "
            "replacement or fewer"
        )
    draws = rng.integers(0, total, count) if replacement else _distinct(total, count, rng)
    units = np.stack(np.unravel_index(draws, sizes), axis=1)
    return ActivePaths(_members_of(units, sizes), _layer_slices(sizes)[-1].stop, sizes)


def _distinct(total: int, count: int, rng: np.random.Generator) -> Integers:
    """Draw different numbers below a total, in random order."""
    if total <= 4 * count:
        return rng.permutation(total)[:count]
    found = np.unique(rng.integers(0, total, count))
    while len(found) < count:
        found = np.union1d(found, rng.integers(0, total, count - len(found)))
    return rng.permutation(found)


def _whole(*numbers: int) -> tuple[int, ...]:
    """Whole numbers that an instance of a bounded size has."""
    found = tuple(
        whole_number(n, "a size, length or number of paths", -MOST, MOST) for n in numbers
    )
    affordable(found[1] * found[2], "members of paths", 10 * MOST)
    return found


def random_hypergraph(size: int, p: int, count: int, rng: np.random.Generator) -> ActivePaths:
    """Draw different p-subsets of the weights uniformly: the p-uniform random hypergraph, which has
    no layers and hardly any short loops.

    Examples
    --------
    >>> random_hypergraph(50, 3, 40, np.random.default_rng(0)).members.shape
    (40, 3)
    """
    size, p, count = _whole(size, p, count)
    if not 2 <= p <= size:
        raise PathError(f"a path needs between 2 and N = {size} weights, got p = {p}")
    if count < 0:
        raise PathError(f"the number of paths cannot be negative, got {count}")
    rows: Integers = np.empty((0, p), dtype=np.int64)
    for _ in range(_TRIES):
        fresh = np.sort(rng.integers(0, size, (2 * (count - len(rows)) + 8, p)), axis=1)
        fresh = fresh[(fresh[:, 1:] != fresh[:, :-1]).all(axis=1)]
        rows = np.unique(np.concatenate([rows, fresh]), axis=0)
        if len(rows) >= count:
            return ActivePaths(rng.permuted(rng.permutation(rows)[:count], axis=1), size)
    raise PathError(
        f"{count} different {p}-subsets of {size} weights were not found; ask for fewer"
    )


def disjoint_union(networks: Sequence[ActivePaths]) -> ActivePaths:
    """Put layered networks of equal widths side by side, layer by layer, so that one simulation
    runs them all.

    The weights of layer l of network k are the k-th block of layer l of the union.

    Examples
    --------
    >>> union = disjoint_union([all_paths((2, 2, 2))] * 3)
    >>> union.size, union.count, union.layers[1]
    (24, 24, slice(12, 24, None))
    """
    if not networks:
        raise PathError("there are no networks to put side by side")
    networks = listed(networks, "networks")
    first = networks[0]
    if any(network.widths != first.widths or network.copies != 1 for network in networks):
        raise PathError("only single layered networks of equal widths can be put side by side")
    single, copies = first.layers, len(networks)
    rows = [
        network.members
        + k * np.array([s.stop - s.start for s in single])
        + (copies - 1) * np.array([s.start for s in single])
        for k, network in enumerate(networks)
    ]
    present = np.concatenate([network.present[s] for s in single for network in networks])
    return ActivePaths(np.concatenate(rows), copies * first.size, first.widths, present, copies)
