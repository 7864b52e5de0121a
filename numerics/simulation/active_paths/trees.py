"""Random active paths as trees, grown in pools: the witness of the cavity theory.

Around a weight, the paths of a large random network form a tree. A pool holds many trees, each as
the probability that its root is +1; a larger tree is grown by joining trees drawn from the pool.
Every step is the definition of a Boltzmann weight, summed over all signs of the weights of one path
(at zero temperature an energy, minimised): no closed form of a message is used, and nothing here
knows the theory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neurenorm.graphs.rendering import Tabulated

__all__ = ["TreePool", "grown_ground_states", "grown_states", "grown_trees"]

Array = NDArray[np.float64]
DISORDERS = ("glass", "planted", "ferro")


@dataclass(frozen=True)
class TreePool(Tabulated):
    """What a pool shows in its last rounds: one entry for each.

    Parameters
    ----------
    overlap : ndarray
        Mean square magnetization of a weight, in a state.
    between : ndarray
        Mean square of the magnetization averaged over states (the overlap itself where there is one
        state).
    gain : ndarray
        ln Z per weight above that of the paramagnet (replicated where there are many states), in
        nats.
    inner : ndarray
        The mean of ln Z over states, counted like the replicated one.
    energy : ndarray
        Energy per weight.
    """

    overlap: Array
    between: Array
    gain: Array
    inner: Array
    energy: Array


def grown_trees(
    p: int,
    T: float,
    c: float,
    disorder: str,
    rng: np.random.Generator,
    *,
    size: int,
    rounds: int,
    measured: int,
    regular: bool = False,
) -> TreePool:
    """Grow a pool of trees from certain leaves.

    Parameters
    ----------
    p : int
        Weights of a path.
    T, c : float
        Temperature, and mean number of paths through a weight.
    disorder : str
        ``glass`` (a fair sign for every path), ``planted`` (a path prefers the signs of a hidden
        configuration, here all +1, as at the temperature T) or ``ferro``.
    rng : numpy.random.Generator
    size, rounds, measured : int
        Trees in the pool, rounds in all, rounds that are kept.
    regular : bool
        Whether every weight lies in c paths, a whole number; else their number is Poisson.

    Examples
    --------
    >>> pool = grown_trees(
    ...     3, 0.5, 4.0, "planted", np.random.default_rng(0), size=4000, rounds=30, measured=10
    ... )
    >>> round(float(pool.overlap.mean()), 1), bool(pool.gain.mean() > 0.1)
    (1.0, True)
    """
    _check(p, T, c, disorder, size, rounds, measured)
    signs = np.ones((size, 1)) if disorder != "glass" else rng.choice([-1.0, 1.0], (size, 1))
    return _grown(_Grower(p, 1 / T, c, disorder, 1.0, rng, regular), signs, rounds, measured)


def grown_states(
    p: int,
    T: float,
    c: float,
    x: float,
    rng: np.random.Generator,
    *,
    size: int,
    states: int,
    rounds: int,
    measured: int,
) -> TreePool:
    """Grow a pool of trees of the glass, each in many states; a state counts in proportion to the
    power x of its partition sum.

    Parameters
    ----------
    p, T, c
        As for `grown_trees`.
    x : float
        Parisi parameter.
    rng : numpy.random.Generator
    size, states : int
        Trees, and states of each.
    rounds, measured : int

    Examples
    --------
    >>> pool = grown_states(
    ...     3, 0.5, 4.0, 1.0, np.random.default_rng(0), size=100, states=100, rounds=12, measured=4
    ... )
    >>> bool(0.9 < pool.overlap.mean() < 1)
    True
    """
    _check(p, T, c, "glass", min(size, states), rounds, measured, x)
    return _grown(
        _Grower(p, 1 / T, c, "glass", x, rng),
        np.repeat(rng.choice([-1.0, 1.0], (1, states)), size, axis=0),
        rounds,
        measured,
    )


def _check(
    p: int, T: float, c: float, disorder: str, size: int, rounds: int, measured: int, x: float = 1.0
) -> None:
    """Refuse what no tree and no pool has."""
    if (
        p < 2
        or not (math.isfinite(c) and c >= 0)
        or not (math.isfinite(T) and T > 0)
        or disorder not in DISORDERS
    ):
        raise ValueError(
            f"trees need p >= 2, T > 0, c >= 0 and a disorder of {', '.join(DISORDERS)}, got p = "
            f"{p}, T = {T}, c = {c}, {disorder!r}"
        )
    if size < 1 or not 1 <= measured <= rounds:
        raise ValueError(
            f"a pool needs trees, and rounds to measure: got {size} trees and {measured} of "
            f"{rounds} rounds"
        )
    if not 0 < x <= 1:
        raise ValueError(f"the Parisi parameter lies above 0 and at most at 1, got {x}")


def _grown(grower: _Grower, signs: Array, rounds: int, measured: int) -> TreePool:
    """Grow a pool for some rounds and keep what the last ones show."""
    up = 0.5 + 0.5 * signs
    rows = []
    for step in range(rounds):
        if step >= rounds - measured:
            m = 2 * up - 1
            rows.append((np.mean(m.mean(axis=1) ** 2), *grower.whole(up)))
        up = grower.larger(up)
    between, overlap, gain, inner, energy = np.array(rows).T
    return TreePool(overlap, between, gain, inner, energy)


class _Grower:
    """One round of growth: every tree of the pool is replaced by a larger one."""

    def __init__(
        self,
        p: int,
        beta: float,
        c: float,
        disorder: str,
        x: float,
        rng: np.random.Generator,
        regular: bool = False,
    ) -> None:
        self.p, self.beta, self.c, self.disorder, self.x, self.rng, self.regular = (
            p,
            beta,
            c,
            disorder,
            x,
            rng,
            regular,
        )

    def counts(self, size: int, taken: int) -> NDArray[np.int64]:
        """Paths of each weight; of a fixed number one is taken by the path that the tree will hang
        on.
        """
        return (
            np.full(size, round(self.c) - taken) if self.regular else self.rng.poisson(self.c, size)
        )

    def branches(
        self, up: Array, taken: int
    ) -> tuple[tuple[Array, Array], Array, NDArray[np.int64]]:
        """For paths that hang on roots the sums for a root +1 and -1, the couplings of the paths
        over T, and how many hang on each root.
        """
        counts = self.counts(len(up), taken)
        trees, strength = self.drawn(up, int(counts.sum()), self.p - 1)
        return _summed(trees, strength), strength, counts

    def larger(self, up: Array) -> Array:
        """The larger trees: the probability that the root is +1."""
        sums, _, counts = self.branches(up, 1)
        above, below = (_added(np.log(branch), counts) for branch in sums)
        return self.resampled(
            1 / (1 + np.exp(below - above)), self.replicated(np.logaddexp(above, below))[2]
        )

    def whole(self, up: Array) -> tuple[float, float, float, float]:
        """Mean square magnetization of a whole weight, ln Z per weight above the paramagnet,
        replicated and inner, and the energy per weight.

        A path is seen from p weights and exists once: of every path on a weight (p - 1)/p is taken
        off, closed by one more tree in the place of the weight.
        """
        unit, off = math.log(math.cosh(self.beta)), (self.p - 1) / self.p
        sums, strength, counts = self.branches(up, 0)
        above, below = (_added(np.log(branch), counts) for branch in sums)
        site, site_inner, shares = self.replicated(
            np.logaddexp(above, below) - math.log(2) - counts[:, None] * unit
        )
        overlap = (shares * np.tanh((above - below) / 2) ** 2).sum(axis=1).mean()
        ((closing,), _) = self.drawn(up, len(strength), 1)
        path = closing * sums[0] + (1 - closing) * sums[1]
        gain, inner, shares = self.replicated(np.log(path) - unit)
        right = (path - np.exp(-strength)) / (
            np.exp(strength) - np.exp(-strength)
        )  # how probable the product +1 is where paths have no weight
        energy = (
            -np.sign(strength) * (right * np.exp(strength) - (1 - right) * np.exp(-strength)) / path
        )
        size, total = len(up), (shares * energy).sum() / self.p
        return (
            float(overlap),
            float(site.mean() - off * gain.sum() / size),
            float(site_inner.mean() - off * inner.sum() / size),
            float(total / size),
        )

    def drawn(self, up: Array, count: int, weights: int) -> tuple[list[Array], Array]:
        """Trees for some weights of `count` paths, the states of each in an order of their own, and
        the couplings of the paths over T.
        """
        size, states = up.shape
        trees = []
        for _ in range(weights):
            rows = self.rng.integers(0, size, count)
            trees.append(
                up[rows[:, None], self.rng.integers(0, states, (count, states))]
                if states > 1
                else up[rows]
            )
        return trees, self.beta * self.signs(count)[:, None]

    def signs(self, count: int) -> Array:
        """Signs of the couplings of paths."""
        wrong = {"glass": 0.5, "planted": 1 / (1 + math.exp(2 * self.beta)), "ferro": 0.0}[
            self.disorder
        ]
        return np.where(self.rng.random(count) < wrong, -1.0, 1.0)

    def replicated(self, logs: Array) -> tuple[Array, Array, Array]:
        """For every row ln <Z^x> / x and <ln Z> among states that count as Z^x, and the shares of
        the states.
        """
        weights = np.exp(self.x * logs)
        shares = weights / weights.sum(axis=1, keepdims=True)
        return np.log(weights.mean(axis=1)) / self.x, (shares * logs).sum(axis=1), shares

    def resampled(self, root: Array, shares: Array) -> Array:
        """Draw the states of every tree in proportion to their shares."""
        size, states = root.shape
        if states == 1:
            return root
        points = (np.arange(states) + self.rng.random((size, 1))) / states
        levels = np.cumsum(shares, axis=1)
        levels[:, -1] = 1.0
        return np.stack(
            [
                row[np.searchsorted(level, point)]
                for row, level, point in zip(root, levels, points, strict=True)
            ]
        )


def _added(values: Array, counts: NDArray[np.int64]) -> Array:
    """Sums over consecutive runs of rows."""
    ends = np.concatenate([[0], np.cumsum(counts)])
    runs = sparse.csr_array(
        (np.ones(len(values)), np.arange(len(values)), ends), shape=(len(counts), len(values))
    )
    return np.asarray(runs @ values)


def _summed(trees: list[Array], strength: Array) -> tuple[Array, Array]:
    """Sums of exp(strength * root * product of signs) over the signs of the roots of some trees,
    each with its probability, for root = +1 and -1.
    """
    above, below = np.zeros(trees[0].shape), np.zeros(trees[0].shape)
    for signs in product((1, -1), repeat=len(trees)):
        chance = math.prod(
            (tree if sign == 1 else 1 - tree) for tree, sign in zip(trees, signs, strict=True)
        )
        above += chance * np.exp(strength * math.prod(signs))
        below += chance * np.exp(-strength * math.prod(signs))
    return above, below


def grown_ground_states(
    p: int,
    c: float,
    rng: np.random.Generator,
    *,
    spread: float,
    size: int,
    rounds: int,
    measured: int,
) -> Array:
    """Grow a pool of trees of the glass at zero temperature.

    A tree is the change of its lowest energy when its root is -1 instead of +1: ±2 at first, spread
    by a relative amount; without spread, whole numbers.

    Parameters
    ----------
    p, c
        As for `grown_trees`.
    rng : numpy.random.Generator
    spread : float
    size, rounds, measured : int

    Returns
    -------
    ndarray
        Energy per weight, one entry for each of the last rounds.

    Examples
    --------
    >>> energies = grown_ground_states(
    ...     3, 2.0, np.random.default_rng(0), spread=0.05, size=2000, rounds=60, measured=20
    ... )
    >>> abs(float(energies.mean()) + 2 / 3) < 0.01
    True
    """
    _check(p, 1.0, c, "glass", size, rounds, measured)
    cost = 2 * rng.choice([-1.0, 1.0], size) * (1 + spread * rng.standard_normal(size))
    energies = []
    for _ in range(rounds):
        counts = rng.poisson(c, size)
        trees, coupling = _drawn(cost, int(counts.sum()), p - 1, rng)
        up, down = (
            _added(_lowest(trees, coupling), counts),
            _added(_lowest(trees, -coupling), counts),
        )
        path = _lowest(*_drawn(cost, size, p, rng))
        energies.append(float(np.minimum(up, down).mean()) - (p - 1) * c / p * float(path.mean()))
        cost = down - up
    return np.array(energies[rounds - measured :])


def _drawn(
    cost: Array, count: int, weights: int, rng: np.random.Generator
) -> tuple[list[Array], Array]:
    """Trees for some weights of `count` paths, and the couplings of the paths."""
    return [cost[rng.integers(0, len(cost), count)] for _ in range(weights)], rng.choice(
        [-1.0, 1.0], count
    )


def _lowest(trees: list[Array], coupling: Array) -> Array:
    """Lowest energy -coupling * product of signs over the signs of the roots of some trees, each of
    which costs nothing with the better sign.
    """
    lowest = np.full(len(coupling), np.inf)
    for signs in product((1, -1), repeat=len(trees)):
        cost = sum(np.maximum(-sign * tree, 0.0) for tree, sign in zip(trees, signs, strict=True))
        lowest = np.minimum(lowest, cost - coupling * math.prod(signs))
    return lowest
