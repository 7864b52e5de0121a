"""The equations of a layer graph evaluated one after the other, for one array of pairs of copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, singledispatchmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sympy import Expr, Symbol

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.wide.averages import Averages
from neurenorm.numerics.solve.wide.heads import head_kernels
from neurenorm.theory.wide.graph_kernels import GraphKernels
from neurenorm.theory.wide.rules import (
    Attended,
    Average,
    Combination,
    Constant,
    Embedded,
    Heads,
    Key,
    Masked,
    Mixture,
    Normalised,
    Overlap,
    Taps,
    Trace,
    Weighted,
)

__all__ = ["Own", "Pass"]

Array = NDArray[np.float64]


@dataclass
class Own:
    """What every copy has with itself: at equal positions, and at all pairs where it is needed."""

    diagonal: Mapping[Key, Array]
    whole: Mapping[Key, Array]


def diagonal_of(value: Array) -> Array:
    """Entries at equal positions; the only column where one signal has a single position."""
    if value.shape[1] == value.shape[2]:
        return np.ascontiguousarray(np.einsum("npp->np", value))
    return value[:, :, 0] if value.shape[2] == 1 else value[:, 0, :]


@dataclass
class Pass:
    """All equations for one array of pairs; without ``alone`` every input meets itself."""

    theory: GraphKernels
    parameters: Mapping[str, float]
    overlap: Array
    averages: Averages
    alone: Own | None = None
    pairs: tuple[Any, Any] | None = None
    values: dict[Key, Array] = field(default_factory=dict)

    def run(self) -> Pass:
        """Evaluate the equations in the order in which they were derived."""
        for key, rule in self.theory.equations.items():
            if key[0] == "R":
                if self.alone is None:
                    self.values[key] = self._at_one_copy(rule)[:, :, None]
                continue
            shape = (
                len(self.overlap),
                self.theory.positions(key[1]),
                self.theory.positions(key[2]),
            )
            self.values[key] = np.broadcast_to(self._value(rule), shape)
        return self

    def own(self) -> Own:
        """Return what the pairs that are copies with themselves have given."""
        whole = [key for rule in self.theory.equations.values() for key in _read_whole(rule)]
        return Own(
            {key: diagonal_of(value) for key, value in self.values.items()},
            {key: self.values[key] for key in whole},
        )

    def of(self, key: Key) -> Array:
        """A value, zero where there is no equation."""
        if key in self.values:
            return self.values[key]
        return np.zeros(
            (len(self.overlap), self.theory.positions(key[1]), self.theory.positions(key[2]))
        )

    def _own(self, key: Key, side: int) -> Array:
        """A quantity of one copy with itself, shape (pairs, P)."""
        if self.alone is None:
            return diagonal_of(self.values[key])
        assert self.pairs is not None
        return self.alone.diagonal[key][self.pairs[side]]

    def _whole(self, key: Key, side: int) -> Array:
        """A quantity of one copy with itself at all pairs of positions."""
        if self.alone is None:
            return self.values[key]
        assert self.pairs is not None
        return self.alone.whole[key][self.pairs[side]]

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
        total = np.asarray(total)
        meeting = _meeting(rule.left, rule.right, *total.shape[1:])
        flat = np.ascontiguousarray(total.reshape(len(total), -1).T)
        shape = (len(total), len(rule.left[0]), len(rule.right[0]))
        found = np.ascontiguousarray((meeting @ flat).T).reshape(shape)
        return np.asarray(self._number(rule.variance) / len(rule.left) * found)

    @_value.register
    def _(self, rule: Taps) -> Array:
        source = self.values[rule.source]
        taps = np.array(rule.taps)
        if rule.side == 0:
            return np.asarray(source[:, taps].mean(1))
        return np.asarray(source[:, :, taps].mean(2))

    @_value.register
    def _(self, rule: Embedded) -> Array:
        rows = [[float(self._number(entry)) for entry in row] for row in rule.overlaps]
        return np.asarray(self._number(rule.variance) * np.array(rows))

    @_value.register
    def _(self, rule: Mixture) -> Array:
        rows = np.array([[float(self._number(entry)) for entry in row] for row in rule.weights])
        source = self.values[rule.source]
        return np.asarray(rows @ source if rule.side == 0 else source @ rows.T)

    @_value.register
    def _(self, rule: Attended) -> Array:
        scores = self._number(rule.scale) * self._whole(rule.scores, rule.side)
        if rule.causal:
            scores = np.where(np.tri(scores.shape[-1], dtype=bool), scores, _hidden(rule.function))
        if rule.function == "softmax":
            grown = np.exp(scores - scores.max(-1, keepdims=True))
            scores = grown / grown.sum(-1, keepdims=True)
        source = self.values[rule.source]
        return np.asarray(scores @ source if rule.side == 0 else source @ np.swapaxes(scores, 1, 2))

    @_value.register
    def _(self, rule: Heads) -> Array:
        cross, inherited = self.values[rule.kernel], rule.inherited
        moved = np.zeros_like(cross) if inherited is None else self.values[inherited]
        change = moved + cross if rule.fresh else moved
        found = np.empty_like(cross)
        scale = float(self._number(rule.scale))
        for i, pair in enumerate(cross):
            kernels = (self._whole(rule.left, 0)[i], self._whole(rule.right, 1)[i], pair)
            shape = (scale, rule.function, rule.causal, change[i] if rule.tangent else None)
            fresh, passed, through = head_kernels(kernels, *shape, self.averages)
            found[i] = rule.fresh * fresh + passed + through if rule.tangent else fresh
        return np.asarray(self._number(rule.variance) * found)

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
        meets = self.alone is None and rule.meets
        if meets:
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
        if meets:
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
            value = self.averages(average, values)
            total = total + (value if key is None else value * tangent(key))
        return total


def _read_whole(rule: Any) -> tuple[Key, ...]:
    """Quantities of one copy that a rule reads at all pairs of positions."""
    if isinstance(rule, Attended):
        return (rule.scores,)
    return (rule.left, rule.right) if isinstance(rule, Heads) else ()


@lru_cache(maxsize=16)
def _meeting(left: Any, right: Any, rows: int, columns: int) -> csr_array:
    """The pairs of positions that every new pair reads, one for each tap inside both grids."""
    ones, others = np.array(left), np.array(right)
    here = ones[:, :, None] * columns + others[:, None, :]
    inside = (ones >= 0)[:, :, None] & (others >= 0)[:, None, :]
    new = np.broadcast_to(np.arange(here[0].size).reshape(here[0].shape), here.shape)
    entries = (np.ones(int(inside.sum())), (new[inside], here[inside]))
    return csr_array(entries, shape=(here[0].size, rows * columns))


def _hidden(function: str) -> float:
    """The score of a position that is not seen."""
    return -np.inf if function == "softmax" else 0.0
