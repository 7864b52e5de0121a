"""Cluster updates of ferromagnetic Ising and Potts models on any networkx graph.

In the representation of Fortuin and Kasteleyn a bond between equal states is active with
probability ``1 − e^−J``, where ``J`` is the gain of log weight of equal over unequal states (``2K``
for an Ising bond, ``K`` for a Potts bond). Given the active bonds, each connected cluster takes a
uniform state independent of the others. Swendsen and Wang's update recolours all clusters, Wolff's
one that contains a random site. Many independent replicas run side by side, as disjoint copies of
the graph, and only whole replicas count as independent blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from tqdm import tqdm

from neurenorm.numerics.estimate import Estimate

__all__ = ["Measure", "cluster_correlation", "sample_states", "swendsen_wang", "wolff"]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Measure = Callable[[Integers], ArrayLike]

_THERMALISE = 100  # updates before the first measurement unless the caller says otherwise


def swendsen_wang(
    graph: nx.Graph,
    coupling: ArrayLike | None,
    sweeps: int,
    rng: np.random.Generator,
    *,
    measure: Measure,
    q: int | None = None,
    replicas: int = 128,
    thermalise: int = _THERMALISE,
) -> Estimate:
    """Mean of an observable by Swendsen and Wang's cluster updates.

    Parameters
    ----------
    graph : networkx.Graph or MultiGraph
        Undirected; parallel edges count each, self-loops only shift the energy.
    coupling : float, sequence of float or None
        One for all edges, one per edge in the order of ``graph.edges``, or None to read the edge
        attribute ``coupling``. Not negative.
    sweeps : int
        Updates of every site in each replica, each followed by a measurement.
    rng : numpy.random.Generator
    measure : callable
        Receives the states, shape (replicas, sites), columns in the order of ``graph.nodes``;
        returns one value (or one array of values) for each replica.
    q : int, optional
        Without it Ising spins ±1 with weight ``exp(K s s′)``; with it Potts states 0 … q − 1 with
        ``exp(K δ)``.
    replicas : int
        Independent copies, the blocks of the estimate; at least 2, at least 100 for a calibrated
        comparison.
    thermalise : int
        Updates before the first measurement, from independent uniform states.

    Returns
    -------
    Estimate
        In the shape of one replica's measurement.

    Raises
    ------
    TypeError
        If the graph is directed.
    ValueError
        If a coupling is negative, missing or not finite, or a number is out of range.

    Examples
    --------
    The energy of a triangle of Ising spins:

    >>> rng = np.random.default_rng(1)
    >>> bonds = lambda s: s[:, 0] * s[:, 1] + s[:, 1] * s[:, 2] + s[:, 2] * s[:, 0]
    >>> energy = swendsen_wang(nx.cycle_graph(3), 0.5, 200, rng, measure=bonds)
    >>> t = np.tanh(0.5)
    >>> abs(energy.value - 3 * (t + t**2) / (1 + t**3)) < 4 * energy.error < 0.1
    True
    """
    system = _system(graph, coupling, q, replicas)
    updates = (
        (states, None)
        for states, _ in _swendsen_wang_updates(system, _count(sweeps, thermalise), rng)
    )
    return _average(updates, thermalise, lambda states, _: measure(_shown(states, q)))


def wolff(
    graph: nx.Graph,
    coupling: ArrayLike | None,
    updates: int,
    rng: np.random.Generator,
    *,
    measure: Measure,
    q: int | None = None,
    replicas: int = 128,
    thermalise: int = _THERMALISE,
) -> Estimate:
    """Mean of an observable by Wolff's single-cluster updates.

    A cluster is grown from a random site of each replica through bonds of equal states, each active
    with probability ``1 − e^−J``, and takes another state. The cost of an update is the size of the
    cluster.

    Parameters
    ----------
    graph, coupling, rng, measure, q, replicas
        As in `swendsen_wang`.
    updates : int
        Clusters grown in each replica, each followed by a measurement.
    thermalise : int
        Clusters grown before the first measurement, from independent uniform states; small clusters
        need more of them than `swendsen_wang` needs sweeps.

    Returns
    -------
    Estimate

    Raises
    ------
    TypeError, ValueError
        As `swendsen_wang`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> pair = wolff(nx.path_graph(3), 0.5, 400, rng, measure=lambda s: s[:, 0] * s[:, 2])
    >>> abs(pair.value - np.tanh(0.5) ** 2) < 4 * pair.error < 0.05
    True
    """
    system = _system(graph, coupling, q, replicas)
    steps = ((states, None) for states in _wolff_updates(system, _count(updates, thermalise), rng))
    return _average(steps, thermalise, lambda states, _: measure(_shown(states, q)))


def cluster_correlation(
    graph: nx.Graph,
    coupling: ArrayLike | None,
    pairs: Sequence[tuple[Hashable, Hashable]],
    sweeps: int,
    rng: np.random.Generator,
    *,
    q: int | None = None,
    replicas: int = 128,
    thermalise: int = _THERMALISE,
) -> Estimate:
    """Correlations of pairs of sites from the probability that an active cluster joins them
    (improved estimator).

    That probability equals ``⟨s s′⟩`` of Ising spins and ``(q P(s = s′) − 1)/(q − 1)`` of Potts
    states, and its estimate has a smaller variance where the correlation is small.

    Parameters
    ----------
    graph, coupling, sweeps, rng, q, replicas, thermalise
        As in `swendsen_wang`.
    pairs : sequence of (node, node)

    Returns
    -------
    Estimate, shape (len(pairs),)

    Raises
    ------
    TypeError, ValueError
        As `swendsen_wang`, or if there is no pair or a node is not in the graph.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ends = cluster_correlation(nx.path_graph(3), 0.5, [(0, 2)], 200, rng)
    >>> bool(abs(ends.value[0] - np.tanh(0.5) ** 2) < 4 * ends.error[0] < 0.03)
    True
    """
    system = _system(graph, coupling, q, replicas)
    index = {node: place for place, node in enumerate(graph.nodes)}
    missing = [node for pair in pairs for node in pair if node not in index]
    if missing or not pairs:
        raise ValueError(
            f"{missing[0]!r} is not a node of the graph"
            if missing
            else "give at least one pair of nodes"
        )
    first, second = (np.array([index[pair[end]] for pair in pairs]) for end in (0, 1))
    updates = _swendsen_wang_updates(system, _count(sweeps, thermalise), rng)
    return _average(updates, thermalise, lambda _, labels: labels[:, first] == labels[:, second])


def sample_states(
    graph: nx.Graph,
    coupling: ArrayLike | None,
    rng: np.random.Generator,
    *,
    q: int | None = None,
    replicas: int = 128,
    thermalise: int = _THERMALISE,
) -> Integers:
    """One configuration from each of many independent replicas, after a number of Swendsen-Wang
    sweeps.

    Parameters
    ----------
    graph, coupling, rng, q, replicas
        As in `swendsen_wang`.
    thermalise : int
        Sweeps from independent uniform states.

    Returns
    -------
    ndarray, shape (replicas, sites)
        Spins ±1, or Potts states with ``q``; columns in the order of ``graph.nodes``.

    Raises
    ------
    TypeError, ValueError
        As `swendsen_wang`.

    Examples
    --------
    >>> sample_states(nx.cycle_graph(4), 0.4, np.random.default_rng(1), replicas=1000).shape
    (1000, 4)
    """
    system = _system(graph, coupling, q, replicas)
    for states, _ in _swendsen_wang_updates(system, _count(thermalise, 0), rng):
        final = states
    return _shown(final, q)


@dataclass(frozen=True)
class _System:
    """The edges of a graph as arrays, sorted by their first site, and what to do with them."""

    sites: int
    first: Integers
    second: Integers
    active: Array  # probability that a bond between equal states is active
    q: int
    replicas: int


def _system(graph: nx.Graph, coupling: ArrayLike | None, q: int | None, replicas: int) -> _System:
    """Check the model and turn it into arrays."""
    if graph.is_directed():
        raise TypeError("the graph of interactions must be undirected: use graph.to_undirected()")
    if not len(graph):
        raise ValueError("the graph has no nodes")
    if q is not None and not (isinstance(q, int | np.integer) and q >= 2):
        raise ValueError(f"the number of Potts states must be an integer of at least 2, got {q!r}")
    if not isinstance(replicas, int | np.integer) or replicas < 2:
        raise ValueError(
            f"at least 2 independent replicas are needed for a standard error, got {replicas!r}"
        )
    index = {node: place for place, node in enumerate(graph.nodes)}
    ends = np.array([(index[u], index[v]) for u, v in graph.edges()], dtype=np.int64).reshape(-1, 2)
    gain = _couplings(graph, coupling) * (2.0 if q is None else 1.0)
    order = np.argsort(ends[:, 0], kind="stable")
    first, second = ends[order].T
    return _System(
        len(graph),
        first,
        second,
        -np.expm1(-gain[order]),
        2 if q is None else int(q),
        int(replicas),
    )


def _couplings(graph: nx.Graph, coupling: ArrayLike | None) -> Array:
    """One finite coupling that is not negative for each edge."""
    if coupling is None:
        labelled: list[tuple[Any, Any, Any]] = list(graph.edges(data="coupling"))
        missing = [(u, v) for u, v, value in labelled if value is None]
        if missing:
            raise ValueError(
                f"the edge {missing[0]} has no attribute 'coupling': set it or give a coupling"
            )
        coupling = [value for _, _, value in labelled]
    values = np.asarray(coupling, dtype=float)
    if values.ndim and values.shape != (graph.number_of_edges(),):
        raise ValueError(
            f"there are {graph.number_of_edges()} edges but {values.size} couplings: give one, or "
            "one each"
        )
    if not np.all(np.isfinite(values)):
        raise ValueError("every coupling must be finite")
    if np.any(values < 0):
        raise ValueError(
            f"cluster updates need couplings that are not negative, got {values.min():g}: on a "
            "bipartite graph flip one "
            "half of the Ising spins, otherwise use enumeration"
        )
    return np.broadcast_to(values, (graph.number_of_edges(),))


def _count(measured: int, thermalise: int) -> int:
    """The total number of updates."""
    for name, number, least in (("updates", measured, 1), ("thermalising updates", thermalise, 0)):
        if not isinstance(number, int | np.integer) or number < least:
            raise ValueError(
                f"the number of {name} must be an integer of at least {least}, got {number!r}"
            )
    return int(measured + thermalise)


def _swendsen_wang_updates(
    system: _System, count: int, rng: np.random.Generator
) -> Iterator[tuple[Integers, Integers]]:
    """After each sweep: states and cluster labels, both of shape (replicas, sites)."""
    size = system.replicas * system.sites
    shift = system.sites * np.arange(system.replicas)[:, None]
    first, second = (shift + system.first).ravel(), (shift + system.second).ravel()
    active = np.tile(system.active, system.replicas)
    states = rng.integers(system.q, size=size)
    for _ in tqdm(range(count), desc="Swendsen-Wang", disable=None, leave=False):
        joined = (states[first] == states[second]) & (rng.random(active.size) < active)
        number, labels = _clusters(first[joined], second[joined], size)
        states = rng.integers(system.q, size=number)[labels]
        yield states.reshape(system.replicas, -1), labels.reshape(system.replicas, -1)


def _clusters(first: Integers, second: Integers, size: int) -> tuple[int, Integers]:
    """Number of connected components and the one each site belongs to; edges are sorted by their
    first site.
    """
    rows = np.concatenate([[0], np.cumsum(np.bincount(first, minlength=size))])
    adjacency = csr_matrix((np.ones(first.size), second, rows), shape=(size, size))
    number, labels = connected_components(adjacency, directed=False)
    return int(number), labels


def _wolff_updates(system: _System, count: int, rng: np.random.Generator) -> Iterator[Integers]:
    """The states, shape (replicas, sites), after one cluster in each replica took another state."""
    starts, neighbours, active = _adjacency(system)
    states = rng.integers(system.q, size=system.replicas * system.sites)
    shift = system.sites * np.arange(system.replicas)
    for _ in tqdm(range(count), desc="Wolff", disable=None, leave=False):
        cluster = np.zeros(states.size, dtype=bool)
        border = shift + rng.integers(system.sites, size=system.replicas)
        cluster[border] = True
        while border.size:
            tails, edges = _leaving(border, border % system.sites, starts)
            heads = tails - tails % system.sites + neighbours[edges]
            joined = (
                (states[heads] == states[tails])
                & ~cluster[heads]
                & (rng.random(edges.size) < active[edges])
            )
            border = np.unique(heads[joined])
            cluster[border] = True
        turn = np.repeat(rng.integers(1, system.q, size=system.replicas), system.sites)
        states = np.where(cluster, (states + turn) % system.q, states)
        yield states.reshape(system.replicas, -1)


def _adjacency(system: _System) -> tuple[Integers, Integers, Array]:
    """For each site where its edges start, and for each edge its other end and its probability to
    be active.
    """
    tails = np.concatenate([system.first, system.second])
    heads = np.concatenate([system.second, system.first])
    order = np.argsort(tails, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(tails, minlength=system.sites))])
    return starts, heads[order], np.tile(system.active, 2)[order]


def _leaving(border: Integers, sites: Integers, starts: Integers) -> tuple[Integers, Integers]:
    """Every edge that leaves a border site: the border site, repeated, and the edge's place in the
    adjacency.
    """
    degree = starts[sites + 1] - starts[sites]
    before = np.cumsum(degree) - degree
    edges = np.arange(degree.sum()) - np.repeat(before - starts[sites], degree)
    return np.repeat(border, degree), edges


def _average(
    updates: Iterator[tuple[Integers, Any]],
    thermalise: int,
    observe: Callable[[Integers, Any], ArrayLike],
) -> Estimate:
    """Average over the measured updates of each replica, then over replicas."""
    total = np.zeros(())
    for measured, (states, labels) in enumerate(updates, start=1 - thermalise):
        if measured < 1:
            continue
        value = np.asarray(observe(states, labels), dtype=float)
        if value.ndim == 0 or len(value) != len(states):
            raise ValueError(
                f"measure must return one value for each of {len(states)} replicas, got "
                f"{value.shape}"
            )
        total = total + value
    return Estimate.from_blocks(total / measured)


def _shown(states: Integers, q: int | None) -> Integers:
    """Potts states as they are, the two Ising states as spins ±1."""
    return states if q is not None else 2 * states - 1
