"""The recursion of second moments and tangent kernels over signals of a layer graph.

The later of two signals is opened. Linear operations pass the moment on; two uses of weights meet
only where the weights are the same; functions give a Gaussian average.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy import DiracDelta, Expr, ImmutableDenseMatrix, S, Symbol

from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.gaussian.activation import activation, parse_expression
from neurenorm.theory.wide.products import mean_of
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
    Moment,
    Normalised,
    Overlap,
    Rule,
    Taps,
    Trace,
    Weighted,
)

__all__ = ["ONE", "Local", "Moments", "Signal"]

ONE: Hashable = ("constant",)
LINEAR = ("linear", "pool", "mix", "attend", "norm", "dropout")
_NOT_LINEAR = object()


@dataclass(frozen=True)
class Local:
    """A signal as a function of Gaussian ones, neuron by neuron.

    Parameters
    ----------
    expression : sympy.Expr
        In `variables` of the arguments.
    arguments : tuple of nodes
        Signals linear in fresh weights.
    """

    expression: Expr
    arguments: tuple[Hashable, ...]

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """The variables g_0, g_1, … of the arguments."""
        return tuple(_variable(i) for i in range(len(self.arguments)))


@dataclass
class Signal:
    """One signal in the form that the recursion knows, on a number of positions."""

    op: str
    parents: tuple[tuple[Expr, Hashable], ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    positions: int = 1


class Moments:
    """Equations of quantities of two signals, derived when they are asked for.

    The kinds of a key are ``"K"`` (second moment), ``"T"`` (tangent kernel, NTK parametrisation)
    and ``"D"`` (the change of the moment of two different copies with that of the input, the
    moments of each copy with itself held).
    """

    def __init__(self) -> None:
        self.equations: dict[Key, Rule] = {}
        self.factors: dict[Symbol, Key] = {}
        self._signals: dict[Hashable, Signal] = {ONE: Signal("one")}
        self._rank: dict[Hashable, int] = {ONE: 0}
        self._zero: set[Key] = set()
        self._locals: dict[Hashable, Local] = {}

    def positions(self, name: Hashable) -> int:
        """Return the number of positions of a signal, also of one that stands beside a node."""
        return self._signals[name].positions

    def _add(self, name: Hashable, signal: Signal) -> Hashable:
        """Add a signal behind those that are there."""
        self._rank[name] = len(self._signals)
        self._signals[name] = signal
        return name

    # signals as functions of Gaussian ones ------------------------------------------------------

    def _is_gaussian(self, name: Hashable) -> bool:
        """Whether a signal is linear in fresh weights."""
        signal = self._signals[name]
        if signal.op in ("linear", "pool", "mix", "attend", "norm"):
            return all(self._is_gaussian(parent) for _, parent in signal.parents)
        return signal.op in ("base", "input")

    def _local(self, name: Hashable) -> Local:
        """A signal as a function of Gaussian signals."""
        if name not in self._locals:
            self._locals[name] = self._opened_local(name)
        return self._locals[name]

    def _opened_local(self, name: Hashable) -> Local:
        """The same, not yet known."""
        signal = self._signals[name]
        if self._is_gaussian(name):
            return Local(_variable(0), (name,))
        if signal.op == "one":
            return Local(S.One, ())
        if signal.op not in ("linear", "map"):
            raise ValueError(
                f"a function of {signal.op} of a non-Gaussian signal ({name}) is not covered here: "
                "put weights in between"
            )
        parts = [self._local(parent) for _, parent in signal.parents]
        arguments = tuple(dict.fromkeys(g for part in parts for g in part.arguments))
        places = {g: _variable(i) for i, g in enumerate(arguments)}
        inner = [
            part.expression.xreplace(
                {v: places[g] for v, g in zip(part.variables, part.arguments, strict=True)}
            )
            for part in parts
        ]
        if signal.op == "linear":
            factors = [c for c, _ in signal.parents]
            return Local(sp.Add(*[c * e for c, e in zip(factors, inner, strict=True)]), arguments)
        function, variables = function_of(signal.data["function"], signal.data["variables"])
        return Local(function.xreplace(dict(zip(variables, inner, strict=True))), arguments)

    # quantities of two signals ------------------------------------------------------------------

    def _derive(self, kind: str, u: Hashable, v: Hashable) -> Key | None:
        """Derive a quantity of two signals; None where it vanishes."""
        key: Key = (kind, u, v)
        if key not in self.equations and key not in self._zero:
            rule = self._rule(kind, u, v)
            if rule is None:
                self._zero.add(key)
            else:
                self.equations[key] = rule
        return key if key in self.equations else None

    def _moment(self, u: Hashable, v: Hashable) -> Key | None:
        """Derive ⟨u v⟩; None where it vanishes."""
        return self._derive("K", u, v)

    def _rule(self, kind: str, u: Hashable, v: Hashable) -> Rule | None:
        """The right-hand side of one quantity."""
        ops = (self._signals[u].op, self._signals[v].op)
        linear = self._linear_rule(kind, u, v)
        if linear is not _NOT_LINEAR:
            found: Rule | None = linear
            return found
        if "input" in ops:
            return self._input_rule(kind, u, v)
        if kind != "K" and "one" in ops:
            return None
        if ops == ("one", "one"):
            return Constant(S.One)
        if set(ops) <= {"base", "one"}:
            return self._weights_rule(kind, u, v)
        left, right = self._local(u), self._local(v)
        if kind == "K":
            return self._average([(left.expression, right.expression, None)], left, right)
        return self._propagated(kind, u, v)

    def _input_rule(self, kind: str, u: Hashable, v: Hashable) -> Rule | None:
        """A quantity of an input, or of a function with a wide input."""
        gaussian = all(self._signals[name].op in ("input", "base", "one") for name in (u, v))
        if gaussian:
            same = {"K": Overlap(), "T": None, "D": Constant(S.One)}
            return same[kind] if u == v else None
        left, right = self._local(u), self._local(v)
        if kind == "K":
            return self._average([(left.expression, right.expression, None)], left, right)
        return self._propagated(kind, u, v)

    def _propagated(self, kind: str, u: Hashable, v: Hashable) -> Average | None:
        """Σ_ij ⟨∂_i u ∂_j v⟩ times the quantities of the arguments."""
        left, right = self._local(u), self._local(v)
        terms: list[Any] = []
        for i, g in enumerate(left.arguments):
            for j, h in enumerate(right.arguments):
                inner = self._derive(kind, g, h)
                if inner is None:
                    continue
                slopes = (_slope(left.expression, i, u), _slope(right.expression, j, v))
                if 0 not in slopes:
                    terms.append((*slopes, inner))
        return self._average(terms, left, right) if terms else None

    def _linear_rule(self, kind: str, u: Hashable, v: Hashable) -> Any:
        """Open the later of two signals if it is linear, else the other one."""
        signals = self._signals
        if u == v and signals[u].op == "dropout":
            parent = signals[u].parents[0][1]
            source = self._derive(kind, parent, parent)
            return None if source is None else Masked(source, signals[u].data["keep"])
        if "flatten" in (signals[u].op, signals[v].op) and not {signals[u].op, signals[v].op} & set(
            LINEAR
        ):
            if signals[u].op != signals[v].op:
                raise ValueError("a flattened grid enters a dense layer, nothing else")
            source = self._derive(kind, signals[u].parents[0][1], signals[v].parents[0][1])
            return None if source is None else Trace(source)
        sides = (0, 1) if self._rank[u] >= self._rank[v] else (1, 0)
        for side in sides:
            name, other = (u, v) if side == 0 else (v, u)
            if signals[name].op in LINEAR:
                return self._opened(kind, side, name, other)
        return _NOT_LINEAR

    def _opened(self, kind: str, side: int, name: Hashable, other: Hashable) -> Rule | None:
        """A linear signal replaced by what it is made of."""
        signal = self._signals[name]

        def pair(parent: Hashable) -> Key | None:
            """The quantity with the parent in the place of the signal."""
            return (
                self._derive(kind, parent, other)
                if side == 0
                else self._derive(kind, other, parent)
            )

        if signal.op == "norm":
            return self._normalised(kind, side, signal, pair)
        if signal.op == "attend":
            return self._attended(side, signal, pair)
        terms = tuple((c, key) for c, p in signal.parents if (key := pair(p)) is not None)
        if not terms:
            return None
        if signal.op == "pool":
            return Taps(side, terms[0][1], signal.data["taps"])
        if signal.op == "mix":
            return Mixture(side, terms[0][1], signal.data["weights"])
        return Combination(terms, side)

    def _attended(self, side: int, signal: Signal, pair: Any) -> Rule | None:
        """Attention with scores that are numbers, opened on one side."""
        (_, values), (_, source) = signal.parents
        scores, inner = self._moment(source, source), pair(values)
        if inner is None:
            return None
        if scores is None:
            raise ValueError("attention to a signal that is zero: its scores vanish")
        data = signal.data
        return Attended(side, inner, scores, data["scale"], data["function"], data["causal"])

    def _normalised(self, kind: str, side: int, signal: Signal, pair: Any) -> Rule | None:
        """A norm opened on one side."""
        parent = signal.parents[0][1]
        source = pair(parent)
        square = self._moment(parent, parent)
        if square is None:
            raise ValueError("normalising a signal that is zero")
        mean = self._moment(parent, ONE) if signal.data["centred"] else None
        constant = pair(ONE) if kind == "K" and mean is not None else None
        if source is None and constant is None:
            return None
        return Normalised(side, source, square, mean, constant, signal.data["eps"])

    def _weights_rule(self, kind: str, u: Hashable, v: Hashable) -> Rule | None:
        """Two uses of weights, or biases: zero unless they are the same."""
        one, two = self._signals[u], self._signals[v]
        if "one" in (one.op, two.op) or one.data["key"] != two.data["key"]:
            return None
        if one.data["variance"] != two.data["variance"]:
            raise ValueError(
                f"the label {one.data['key'][0]} joins weights of variances "
                f"{one.data['variance']} and {two.data['variance']}"
            )
        if one.data["variance"] == 0:
            return None
        if one.data["op"] == "bias":
            return _bias_rule(kind, one, two)
        h, k = one.parents[0][1], two.parents[0][1]
        if one.data["op"] == "heads":
            return self._heads_rule(kind, one, h)
        found = [] if kind == "D" else [self._moment(h, k)]
        found += [] if kind == "K" else [self._derive(kind, h, k)]
        sources = tuple(key for key in found if key is not None)
        if not sources:
            return None
        return Weighted(one.data["variance"], sources, one.data.get("taps"), two.data.get("taps"))

    def _heads_rule(self, kind: str, signal: Signal, h: Hashable) -> Rule | None:
        """What leaves many heads with Gaussian scores, with itself."""
        kernel, data = self._moment(h, h), signal.data
        if kernel is None:
            return None
        inherited = None if kind == "K" else self._derive(kind, h, h)
        if kind == "D" and inherited is None:
            return None
        shape = (data["variance"], data["scale"], data["function"], data["causal"])
        return Heads(*shape, kernel, kernel, kernel, inherited, kind != "K", kind == "T")

    # Gaussian averages --------------------------------------------------------------------------

    def _average(
        self, terms: list[tuple[Expr, Expr, Key | None]], left: Local, right: Local
    ) -> Average:
        """Averages of products of functions of the two signals, at two copies and at one."""
        table: dict[Symbol, Moment] = {}
        ends = [(g, 0) for g in left.arguments] + [(g, 1) for g in right.arguments]
        two = self._covariance(ends, table)
        alone = list(dict.fromkeys(g for g, _ in ends))
        grids = [{self.positions(g) for g in part.arguments} for part in (left, right)]
        aligned = all(grids) and grids[0] == grids[1]
        alone_too = aligned or not all(grids)
        one = self._covariance([(g, 0) for g in alone], table) if alone_too else two
        shift = {v: _variable(i + len(left.arguments)) for i, v in enumerate(right.variables)}
        places = {g: _variable(i) for i, g in enumerate(alone)}
        onto = [
            {v: places[g] for v, g in zip(part.variables, part.arguments, strict=True)}
            for part in (left, right)
        ]
        names = tuple(_variable(i) for i in range(len(ends)))
        shift.update(self._sided_factors(terms, table))
        far = [(mean_of(f * g.xreplace(shift), names, two), key) for f, g, key in terms]
        if not alone_too:
            return Average(tuple(far), (), tuple(table.items()), False)
        near = [
            (mean_of(f.xreplace(onto[0]) * g.xreplace(onto[1]), names[: len(alone)], one), key)
            for f, g, key in terms
        ]
        return Average(tuple(far), tuple(near), tuple(table.items()), aligned)

    def _sided_factors(
        self, terms: list[tuple[Expr, Expr, Key | None]], table: dict[Symbol, Moment]
    ) -> dict[Symbol, Symbol]:
        """Factors that are averages themselves belong to the copy in whose function they stand."""
        moved = {}
        used = set().union(*[f.free_symbols | g.free_symbols for f, g, _ in terms])
        for symbol in sorted(used & set(self.factors), key=str):
            moved[symbol] = Symbol(f"{symbol.name}_right", real=True)
            table[symbol] = Moment(self.factors[symbol], "left")
            table[moved[symbol]] = Moment(self.factors[symbol], "right")
        return moved

    def _covariance(
        self, ends: list[tuple[Hashable, int]], table: dict[Symbol, Moment]
    ) -> ImmutableDenseMatrix:
        """The covariance of Gaussian signals at their copies, in symbols of the table."""
        size = len(ends)
        rows = [[S.Zero] * size for _ in range(size)]
        for i, (g, p) in enumerate(ends):
            for j, (h, q) in enumerate(ends[: i + 1]):
                key = self._moment(h, g)
                if key is None:
                    continue
                where = "cross" if p != q else ("left", "right")[p]
                symbol = _entry(j, i, where)
                table[symbol] = Moment(key, where)
                rows[i][j] = rows[j][i] = symbol
        return ImmutableDenseMatrix(rows) if size else ImmutableDenseMatrix(0, 0, [])


def _bias_rule(kind: str, one: Signal, two: Signal) -> Rule | None:
    """One bias, or one embedding of positions, in both signals."""
    if kind == "D" or (kind == "T" and not one.data["learnt"]):
        return None
    if one.data["overlaps"] != two.data["overlaps"]:
        raise ValueError(f"the label {one.data['key'][0]} joins positions of different overlaps")
    if one.data["overlaps"] is None:
        return Constant(one.data["variance"])
    return Embedded(one.data["variance"], one.data["overlaps"])


@lru_cache(maxsize=256)
def _variable(place: int) -> Symbol:
    """The variable of the argument in one place."""
    return Symbol(f"g_{place}", real=True)


def _entry(i: int, j: int, where: str) -> Symbol:
    """An entry of a covariance."""
    name = f"S_{i}_{j}_{where}"
    return Symbol(name, positive=True) if i == j else Symbol(name, real=True)


def _slope(expression: Expr, place: int, name: Hashable) -> Expr:
    """A derivative; jumps have none that is square integrable."""
    found = sp.diff(expression, _variable(place))
    if found.has(DiracDelta):
        raise ValueError(f"the function of {name} jumps: its tangent kernel is infinite")
    return found


def function_of(source: Any, variables: tuple[str, ...] | None) -> tuple[Expr, tuple[Symbol, ...]]:
    """A function of signals as an expression and its variables."""
    if variables is None:
        found = activation(source)
        return found.expression, (found.variable,)
    expression = parse_expression(source) if isinstance(source, str) else expression_of(source)
    symbols = tuple(Symbol(name, real=True) for name in variables)
    known = {symbol.name: symbol for symbol in symbols}
    given = {s: known[s.name] for s in expression.free_symbols if s.name in known}
    if others := sorted(s.name for s in expression.free_symbols if s.name not in known):
        raise ValueError(f"the function {source} has no value for {', '.join(others)}")
    return expression.xreplace(given), symbols
