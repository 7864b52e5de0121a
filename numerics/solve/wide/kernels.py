"""Kernels of a layer graph on data: its equations evaluated one after the other on arrays of pairs.

A first pass takes every input with itself, at all pairs of positions, and gives the variances. A
second one takes pairs of different inputs, in blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.network.layer_graph import LayerGraph
from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.solve.wide.averages import Averages
from neurenorm.numerics.solve.wide.passes import Own, Pass
from neurenorm.theory.wide.graph_kernels import GraphKernels
from neurenorm.theory.wide.rules import Key

__all__ = ["Kernels", "kernels"]

Array = NDArray[np.float64]
BLOCK_NUMBERS = 100_000  # pairs of inputs times pairs of positions in one block
ROUNDING = 4e-16


@dataclass(frozen=True)
class Kernels(Tabulated):
    """Kernel and tangent kernel of the output on two lists of inputs.

    Parameters
    ----------
    kernel, tangent : ndarray, shape (n1, n2)
        Or (n1, n2, P, P) if the output has P > 1 positions. The tangent kernel is None if it was
        not asked for; weights and biases in NTK parametrisation.
    error, tangent_error : float
        The largest error of an entry, carried through all layers: the difference to a run with
        fewer points and disturbed overlaps on the inputs that are hardest; or one standard error
        where averages of more than four dimensions were sampled.
    sampled : bool
        Whether some were.
    """

    kernel: Array
    tangent: Array | None
    error: float
    tangent_error: float | None = None
    sampled: bool = False


def kernels(
    network: LayerGraph | GraphKernels,
    first: ArrayLike,
    second: ArrayLike | None = None,
    parameters: Mapping[str, float] | None = None,
    tangent: bool = True,
) -> Kernels:
    """Return the kernels of a wide network on data.

    Parameters
    ----------
    network : LayerGraph or GraphKernels
        With one input.
    first, second : array_like, shape (n, *grid, N_0)
        Inputs; ``second`` is ``first`` if not given.
    parameters : mapping of str to float, optional
        Values of the symbols in the graph.
    tangent : bool
        Whether the tangent kernel is wanted.

    Returns
    -------
    Kernels

    Raises
    ------
    ValueError
        If the inputs do not fit the graph or are not finite, a parameter has no value, or an
        average does not converge.

    Examples
    --------
    >>> from neurenorm.graphs.network.layer_networks import mlp
    >>> found = kernels(mlp("relu", 1, sw2=2), [[1.0, 0.0], [0.0, 1.0]])
    >>> found.kernel.round(6).tolist()
    [[1.0, 0.31831], [0.31831, 1.0]]
    """
    theory = network if isinstance(network, GraphKernels) else GraphKernels(network)
    keys = [theory.kernel, *([theory.tangent] if tangent else [])]
    one = inputs_of(theory.graph, first)
    two = None if second is None else inputs_of(theory.graph, second)
    if two is not None and one.shape[1:] != two.shape[1:]:
        raise ValueError(
            f"inputs of shapes {one.shape[1:]} and {two.shape[1:]} do not fit together"
        )
    given = {name: float(value) for name, value in (parameters or {}).items()}
    tables, errors, sampled = _with_errors(_Run(theory, given, keys), one, two)
    plain = [_plain(table) for table in tables]
    return Kernels(
        plain[0], plain[1] if tangent else None, errors[0], errors[1] if tangent else None, sampled
    )


@dataclass(frozen=True)
class _Run:
    """The equations and the quantities that are wanted."""

    theory: GraphKernels
    parameters: Mapping[str, float]
    keys: Sequence[Key]

    def tables(self, one: Array, two: Array | None, averages: Averages) -> list[Array]:
        """The wanted quantities for all pairs of inputs."""
        data = one if two is None else np.concatenate([one, two])
        overlap = _overlaps(data, data)
        own = Pass(self.theory, self.parameters, overlap, averages).run()
        alone = own.own()
        other, shift = (one, 0) if two is None else (two, len(one))
        tables = [np.empty((len(one), len(other), *own.of(key).shape[1:])) for key in self.keys]
        rows, columns = (
            np.triu_indices(len(one), 1) if two is None else _all_pairs(len(one), len(other))
        )
        step = max(1, BLOCK_NUMBERS // one.shape[1] ** 2)
        for start in range(0, len(rows), step):
            a, b = rows[start : start + step], columns[start : start + step]
            block = self._block(_overlaps(one[a], other[b]), alone, (a, b + shift), averages)
            for table, key in zip(tables, self.keys, strict=True):
                table[a, b] = block.of(key)
                if two is None:
                    table[b, a] = np.swapaxes(block.of(key), 1, 2)
        if two is None:
            for table, key in zip(tables, self.keys, strict=True):
                table[np.arange(len(one)), np.arange(len(one))] = own.of(key)
        return tables

    def _block(self, overlap: Array, alone: Own, pairs: Any, averages: Averages) -> Pass:
        """All equations for pairs of different inputs; a coarse run disturbs the overlaps."""
        disturbed = overlap * (1 - ROUNDING * averages.coarse)
        return Pass(self.theory, self.parameters, disturbed, averages, alone, pairs).run()


def _with_errors(run: _Run, one: Array, two: Array | None) -> tuple[list[Array], list[float], bool]:
    """Tables and the largest error of an entry of each.

    Without random points a coarse run on the inputs that are hardest estimates the error, through
    all layers; with random points the spread of replicates does.
    """
    averages = Averages()
    tables = run.tables(one, two, averages)
    if averages.sampled:
        runs = [tables, *(run.tables(one, two, Averages(replicate=r)) for r in range(1, 8))]
        found = [np.array(table) for table in zip(*runs, strict=True)]
        spread = [float(np.max(table.std(0, ddof=1), initial=0.0)) for table in found]
        return [table.mean(0) for table in found], [s / np.sqrt(len(runs)) for s in spread], True
    rows, columns = _hardest(one, one if two is None else two)
    pair = None if two is None else two[columns]
    chosen = rows if two is not None else np.union1d(rows, columns)
    coarse = run.tables(one[chosen], pair, Averages(coarse=True, chosen=averages.chosen))
    place = np.ix_(chosen, chosen if two is None else columns)
    errors = [
        float(np.max(np.abs(table[place] - other), initial=0.0))
        + ROUNDING * float(np.max(np.abs(table), initial=0.0))
        for table, other in zip(tables, coarse, strict=True)
    ]
    return tables, errors, False


def _hardest(one: Array, two: Array) -> tuple[Any, Any]:
    """The longest inputs, and those of the pairs with the largest correlation."""
    flat, other = one.reshape(len(one), -1), two.reshape(len(two), -1)
    lengths = (np.linalg.norm(flat, axis=1), np.linalg.norm(other, axis=1))
    rows, columns = np.argsort(-lengths[0])[:4], np.argsort(-lengths[1])[:4]
    some = (np.argsort(-lengths[0])[:300], np.argsort(-lengths[1])[:300])
    scale = np.maximum(np.outer(lengths[0][some[0]], lengths[1][some[1]]), 1e-300)
    c = np.abs(flat[some[0]] @ other[some[1]].T) / scale
    c[c > 1 - 1e-14] = 0.0  # an input with itself is exact
    places = np.argsort(-c, axis=None)[:4]
    near = np.unravel_index(places, c.shape)
    return np.union1d(rows, some[0][near[0]]), np.union1d(columns, some[1][near[1]])


def _overlaps(one: Array, two: Array) -> Array:
    """x·x'/N_0 at all pairs of positions."""
    return np.asarray(np.einsum("npc,nqc->npq", one, two) / one.shape[2])


def _plain(table: Array) -> Array:
    """Without axes of a single position."""
    if not np.all(np.isfinite(table)):
        raise ValueError("a kernel is not finite: the signals explode with depth")
    return table[:, :, 0, 0] if table.shape[2:] == (1, 1) else table


def _all_pairs(n: int, m: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs of two lists."""
    rows, columns = np.divmod(np.arange(n * m), m)
    return rows, columns


def inputs_of(graph: LayerGraph, data: ArrayLike) -> Array:
    """Inputs with positions flattened, shape (n, P, N_0)."""
    if len(graph.inputs) != 1:
        raise ValueError(f"data enter at one input, the graph has {len(graph.inputs)}")
    shape, values = graph.shape(graph.inputs[0]), np.asarray(data, dtype=float)
    if values.ndim != len(shape) + 2 or values.shape[1:-1] != shape:
        raise ValueError(
            f"inputs have shape (n, {', '.join(map(str, (*shape, 'N_0')))}), got {values.shape}"
        )
    if not np.all(np.isfinite(values)):
        raise ValueError("an input is not finite")
    return values.reshape(len(values), -1, values.shape[-1])
