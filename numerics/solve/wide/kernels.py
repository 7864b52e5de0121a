"""Kernels of a layer graph on data: its equations evaluated one after the other on arrays of pairs.

A first pass takes every input with itself, at all pairs of positions, and gives the variances. A
second one takes pairs of different inputs, in blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Expr, Symbol

from neurenorm.graphs.network.layer_graph import LayerGraph
from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.wide.averages import averaged
from neurenorm.theory.wide.graph_kernels import GraphKernels
from neurenorm.theory.wide.rules import (
    Average,
    Combination,
    Constant,
    Key,
    Masked,
    Normalised,
    Overlap,
    Taps,
    Trace,
    Weighted,
)

__all__ = ["Kernels", "kernels"]

Array = NDArray[np.float64]
BLOCK_NUMBERS = 400_000  # pairs of inputs times pairs of positions in one block


@dataclass(frozen=True)
class Kernels(Tabulated):
    """Kernel and tangent kernel of the output on two lists of inputs.

    Parameters
    ----------
    kernel, tangent : ndarray, shape (n1, n2)
        Or (n1, n2, P, P) if the output has P > 1 positions. The tangent kernel is None if it was
        not asked for; weights and biases in NTK parametrisation.
    error : float
        The largest error of a single Gaussian average that went in; zero if all are closed forms.
    """

    kernel: Array
    tangent: Array | None
    error: float


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
    >>> found = kernels(LayerGraph.mlp("relu", 1, sw2=2), [[1.0, 0.0], [0.0, 1.0]])
    >>> found.kernel.round(6).tolist()
    [[1.0, 0.31831], [0.31831, 1.0]]
    """
    theory = network if isinstance(network, GraphKernels) else GraphKernels(network)
    keys = [theory.kernel, *([theory.tangent] if tangent else [])]
    one = _inputs_of(theory.graph, first)
    two = one if second is None else _inputs_of(theory.graph, second)
    if one.shape[1:] != two.shape[1:]:
        raise ValueError(
            f"inputs of shapes {one.shape[1:]} and {two.shape[1:]} do not fit together"
        )
    given = {name: float(value) for name, value in (parameters or {}).items()}
    data = one if second is None else np.concatenate([one, two])
    own = _Pass(theory, given, np.einsum("npc,nqc->npq", data, data) / data.shape[2])
    own.run()
    alone = {key: _diagonal(value) for key, value in own.values.items()}
    sizes, error = (len(one), len(two)), own.error
    tables = [np.empty((*sizes, *own.of(key).shape[1:])) for key in keys]
    rows, columns = np.triu_indices(len(one), 1) if second is None else _all_pairs(*sizes)
    step = max(1, BLOCK_NUMBERS // one.shape[1] ** 2)
    for start in range(0, len(rows), step):
        a, b = rows[start : start + step], columns[start : start + step]
        overlap = np.einsum("npc,nqc->npq", one[a], two[b]) / one.shape[2]
        shift = 0 if second is None else len(one)
        block = _Pass(theory, given, overlap, alone, (a, b + shift))
        block.run()
        error = max(error, block.error)
        for table, key in zip(tables, keys, strict=True):
            table[a, b] = block.of(key)
            if second is None:
                table[b, a] = np.swapaxes(block.of(key), 1, 2)
    if second is None:
        for table, key in zip(tables, keys, strict=True):
            table[np.arange(len(one)), np.arange(len(one))] = own.of(key)
    plain = [_plain(table) for table in tables]
    return Kernels(plain[0], plain[1] if tangent else None, error)


def _plain(table: Array) -> Array:
    """Without axes of a single position."""
    if not np.all(np.isfinite(table)):
        raise ValueError("a kernel is not finite: the signals explode with depth")
    return table[:, :, 0, 0] if table.shape[2:] == (1, 1) else table


def _all_pairs(n: int, m: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs of two lists."""
    rows, columns = np.divmod(np.arange(n * m), m)
    return rows, columns


def _diagonal(value: Array) -> Array:
    """Entries at equal positions; the only column where one signal has a single position."""
    if value.shape[1] == value.shape[2]:
        return np.ascontiguousarray(np.einsum("npp->np", value))
    return value[:, :, 0] if value.shape[2] == 1 else value[:, 0, :]


def _inputs_of(graph: LayerGraph, data: ArrayLike) -> Array:
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


@dataclass
class _Pass:
    """All equations for one array of pairs; without ``alone`` every input meets itself."""

    theory: GraphKernels
    parameters: Mapping[str, float]
    overlap: Array
    alone: Mapping[Key, Array] | None = None
    pairs: tuple[Any, Any] | None = None
    values: dict[Key, Array] = field(default_factory=dict)
    error: float = 0.0

    def run(self) -> None:
        """Evaluate the equations in the order in which they were derived."""
        for key, rule in self.theory.equations.items():
            if key[0] == "R":
                if self.alone is None:
                    self.values[key] = self._at_one_copy(rule)[:, :, None]
                continue
            shape = (len(self.overlap), self._positions(key[1]), self._positions(key[2]))
            self.values[key] = np.broadcast_to(self._value(rule), shape)

    def of(self, key: Key) -> Array:
        """A value, zero where there is no equation."""
        if key in self.values:
            return self.values[key]
        return np.zeros((len(self.overlap), self._positions(key[1]), self._positions(key[2])))

    def _positions(self, name: Any) -> int:
        """Positions of a signal, also of one that stands beside a node."""
        if name in self.theory.graph.graph:
            return self.theory.graph.positions(name)
        return self.theory.graph.positions(name[1]) if len(name) == 2 else 1

    def _own(self, key: Key, side: int) -> Array:
        """A quantity of one copy with itself, shape (pairs, P)."""
        if self.alone is None:
            return _diagonal(self.values[key])
        assert self.pairs is not None
        return self.alone[key][self.pairs[side]]

    def _sided(self, key: Key, side: int) -> Array:
        """The same, along the axis of its side."""
        own = self._own(key, side)
        return own[:, :, None] if side == 0 else own[:, None, :]

    def _number(self, value: Expr, side: int = 0) -> Any:
        """A variance, a strength or a factor."""
        known: dict[Symbol, Any] = {}
        for symbol in value.free_symbols:
            if symbol in self.theory.factors:
                known[symbol] = self._sided(self.theory.factors[symbol], side)
            elif symbol.name in self.parameters:
                known[symbol] = self.parameters[symbol.name]
            else:
                raise ValueError(f"no value for {symbol.name}")
        if not known:
            return float(value)
        symbols = sorted(known, key=str)
        return compiled(value, symbols)(*(known[s] for s in symbols))

    @singledispatchmethod
    def _value(self, rule: Any) -> Array:
        """The value of one right-hand side."""
        raise TypeError(f"unknown rule {rule}")

    @_value.register
    def _(self, rule: Overlap) -> Array:
        return self.overlap

    @_value.register
    def _(self, rule: Constant) -> Array:
        return np.asarray(self._number(rule.value))

    @_value.register
    def _(self, rule: Combination) -> Array:
        total = np.asarray(0.0)
        for factor, key in rule.terms:
            total = total + self._number(factor, rule.side) * self.values[key]
        return total

    @_value.register
    def _(self, rule: Weighted) -> Array:
        total = sum(self.values[key] for key in rule.sources)
        if rule.left is None or rule.right is None:
            return np.asarray(self._number(rule.variance) * total)
        padded = np.pad(np.asarray(total), ((0, 0), (0, 1), (0, 1)))  # -1 finds the zeros
        found = np.asarray(0.0)
        for left, right in zip(rule.left, rule.right, strict=True):
            found = found + padded[:, np.array(left)[:, None], np.array(right)]
        return np.asarray(self._number(rule.variance) / len(rule.left) * found)

    @_value.register
    def _(self, rule: Taps) -> Array:
        source = self.values[rule.source]
        taps = np.array(rule.taps)
        if rule.side == 0:
            return np.asarray(source[:, taps].mean(1))
        return np.asarray(source[:, :, taps].mean(2))

    @_value.register
    def _(self, rule: Trace) -> Array:
        return (
            np.asarray(np.einsum("npp->n", self.values[rule.source])[:, None, None])
            / (self.values[rule.source].shape[1])
        )

    @_value.register
    def _(self, rule: Masked) -> Array:
        value = np.array(self.values[rule.source])
        if self.alone is None:
            places = np.arange(value.shape[1])
            value[:, places, places] /= self._number(rule.keep)
        return value

    @_value.register
    def _(self, rule: Normalised) -> Array:
        square = self._sided(rule.square, rule.side)
        mean = 0.0 if rule.mean is None else self._sided(rule.mean, rule.side)
        variance = square - mean**2 + self._number(rule.eps)
        if np.any(variance <= 0):
            raise ValueError("normalising a signal that is zero")
        value = np.asarray(0.0) if rule.source is None else self.values[rule.source]
        if rule.constant is not None:
            value = value - mean * self.values[rule.constant]
        return value / np.sqrt(variance)

    @_value.register
    def _(self, rule: Average) -> Array:
        if self.alone is None:
            near = self._at_one_copy(rule)
            if near.shape[1] == 1:
                return near[:, :, None]
        known: dict[Symbol, Any] = {}
        for symbol, moment in rule.symbols:
            if moment.where == "cross":
                known[symbol] = self.values[moment.key]
            elif not symbol.name.endswith("_one"):
                known[symbol] = self._sided(moment.key, 0 if moment.where == "left" else 1)
        total = self._summed(rule.terms, known, lambda key: self.values[key])
        if self.alone is None:
            size = near.shape[1]
            total = np.array(np.broadcast_to(total, (len(self.overlap), size, size)))
            total[:, np.arange(size), np.arange(size)] = near
        return total

    def _at_one_copy(self, rule: Any) -> Array:
        """An average of two signals at one and the same input and position."""
        known = {symbol: self._own(moment.key, 0) for symbol, moment in rule.symbols}
        value = self._summed(rule.same, known, lambda key: self._own(key, 0))
        positions = max((v.shape[1] for v in known.values()), default=1)
        return np.array(np.broadcast_to(value, (len(self.overlap), positions)))

    def _summed(self, terms: Any, known: Mapping[Symbol, Array], tangent: Any) -> Array:
        """Averages times tangent kernels."""
        total = np.asarray(0.0)
        for average, key in terms:
            values = dict(known)
            for symbol in average.free_symbols - set(values):
                values[symbol] = np.asarray(self.parameters[symbol.name])
            value, error = averaged(average, values)
            self.error = max(self.error, error)
            total = total + (value if key is None else value * tangent(key))
        return total
