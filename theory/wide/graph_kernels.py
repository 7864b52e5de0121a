"""Kernels and tangent kernels of any layer graph, derived as equations.

In the wide limit a signal is either jointly Gaussian over inputs and positions (linear in fresh
weights) or a function of such signals, neuron by neuron. The second moment of two signals follows
by opening the later of the two: linear operations pass it on; two uses of weights meet only where
the weights are the same, and give σ_w² ⟨h h'⟩; a bias meets itself; functions give a Gaussian
average. The tangent kernel obeys the same recursion: Θ(Wh, Wh') = σ_w² ⟨hh'⟩ + σ_w² Θ(h, h'), and
Θ(ψ, ψ') = Σ_ij ⟨∂_i ψ ∂_j ψ'⟩ Θ(g_i, g'_j).

Where W and Wᵀ both act, Wᵀy = (a fresh Gaussian of variance ρ σ_w² ⟨y²⟩) + Σ_h ρ σ_w² ⟨∂y/∂(Wh)⟩ h
over the earlier h on which W has acted, ρ = N_out/N_in of W.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy import DiracDelta, Expr, ImmutableDenseMatrix, Rational, S, Symbol

from neurenorm.graphs.arguments import found_in
from neurenorm.graphs.network.layer_graph import LayerGraph
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.gaussian.activation import activation, parse_expression
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equations, tex
from neurenorm.theory.wide.rules import (
    Average,
    Combination,
    Constant,
    Key,
    Masked,
    Moment,
    Normalised,
    Overlap,
    Rule,
    Taps,
    Trace,
    Weighted,
    mean_of,
)

__all__ = ["GraphKernels", "Local"]

ONE: Hashable = ("constant",)
LINEAR = ("linear", "pool", "norm", "dropout")


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
class _Signal:
    """One signal in the form that the recursion knows."""

    op: str
    parents: tuple[tuple[Expr, Hashable], ...] = ()
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class GraphKernels(Typeset):
    """The wide limit of a layer graph as equations, each in terms of earlier ones.

    Parameters
    ----------
    graph : LayerGraph
        Variances, strengths and functions may be numbers, text or SymPy expressions.
    output : node, optional
        By default the last signal.

    Raises
    ------
    ValueError
        For an operation without a wide limit, in words that say why.

    Examples
    --------
    >>> net = LayerGraph.mlp("relu", 1, "sw2", "sb2")
    >>> theory = GraphKernels(net)
    >>> for key in (theory.kernel, theory.tangent):
    ...     print(key)
    ('K', 7, 7)
    ('T', 7, 7)
    """

    graph: LayerGraph
    output: Hashable = None
    equations: dict[Key, Rule] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Bring the signals into the form of the recursion and derive the kernel."""
        if self.output is None:
            self.output = self.graph.output
        self._signals: dict[Hashable, _Signal] = {ONE: _Signal("one")}
        self._zero: set[Key] = set()
        self._locals: dict[Hashable, Local] = {}
        self._corrections: list[Expr] = []
        for node in self.graph.order():
            self._prepare(node)
        self._rank = {name: i for i, name in enumerate(self._signals)}
        for name, signal in list(self._signals.items()):
            if name in self._ancestors and signal.op not in ("one", "flatten"):
                self._moment(name, name)
        self.kernel: Key = ("K", self.output, self.output)
        self._moment(self.output, self.output)

    @property
    def tangent(self) -> Key:
        """The key of the tangent kernel of the output, derived when asked for.

        Raises
        ------
        ValueError
            If the gradients are not independent of the signals.
        """
        self._refuse_used_readout()
        for name in self._signals:
            if name in self._ancestors and name != ONE and self._signals[name].op != "flatten":
                self._tangent(name, name)
        self._tangent(self.output, self.output)
        return ("T", self.output, self.output)

    def symbol(self, key: Key, *places: Any, where: str = "cross") -> Expr:
        """Return what a quantity is called in print."""
        ends = {"cross": "ab", "left": "aa", "right": "bb"}[where]
        head = {"K": "K", "T": "Theta"}[key[0]]
        name = f"{head}_{_called(key[1])}_{_called(key[2])}_{ends}"
        if not places:
            return Symbol(name, positive=True) if where != "cross" else Symbol(name, real=True)
        return sp.Function(name, real=True)(*places)

    def formula(self, key: Key) -> Expr:
        """Return the right-hand side of one equation.

        Examples
        --------
        >>> theory = GraphKernels(LayerGraph.mlp("erf", 1, "sw2"))
        >>> theory.formula(("K", 2, 2))
        2*asin(2*K_1_1_ab/(sqrt(2*K_1_1_aa + 1)*sqrt(2*K_1_1_bb + 1)))/pi
        """
        return found_in(self.equations, key, "equation").formula(key, self.symbol)

    def derivation(self) -> Derivation:
        """Return the equations as named steps, in the order in which they follow."""
        steps = [
            Step(
                type(rule).__name__.lower(),
                self.formula(key),
                self.formula(key),
                tex(self.symbol(key)),
            )
            for key, rule in self.equations.items()
        ]
        return Derivation("kernels of a layer graph", tuple(steps))

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return all equations derived so far as an aligned display."""
        return aligned(
            equations(((tex(self.symbol(k)), self.formula(k)) for k in self.equations), names)
        )

    # signals ------------------------------------------------------------------------------------

    def _prepare(self, node: Hashable) -> None:
        """Add a signal of the graph, and what stands beside it."""
        data = self.graph.graph.nodes[node]
        parents = tuple((S.One, parent) for parent in self.graph.parents(node))
        op = data["op"]
        if op in ("dense", "conv"):
            self._prepare_weights(node, data, parents)
        elif op == "bias":
            self._prepare_bias(node, data)
        elif op == "sum":
            factors = map(expression_of, self.graph.strengths(node))
            terms = tuple(
                (factor, parent)
                for factor, (_, parent) in zip(factors, parents, strict=True)
                if factor != 0
            )
            self._add_sum(node, terms)
        elif op == "dropout":
            keep = _in_range(expression_of(data["keep"]), node)
            self._signals[node] = _Signal("dropout", parents, {"keep": keep})
        elif op == "norm":
            self._signals[node] = _Signal(
                "norm", parents, {"centred": data["centred"], "eps": expression_of(data["eps"])}
            )
        else:
            self._signals[node] = _Signal(op, parents, dict(data))

    def _prepare_weights(
        self, node: Hashable, data: Mapping[str, Any], parents: tuple[tuple[Expr, Hashable], ...]
    ) -> None:
        """Weights that act on a signal; the part that is not fresh stands beside them."""
        variance = _variance(data["sw2"], f"the weights of {node}")
        transposed = data.get("transposed", False)
        label = self.graph.label(node)
        if transposed:
            variance *= self._ratio(data["ends"])
        base = _Signal("base", parents, {**data, "variance": variance, "key": (label, transposed)})
        terms = self._answers(node, label, transposed, parents[0][1], variance)
        if not terms:
            self._signals[node] = base
            return
        self._signals[("fresh", node)] = base
        self._add_sum(node, ((S.One, ("fresh", node)), *terms))

    def _ratio(self, ends: tuple[Any, Any]) -> Expr:
        """ρ = N_out/N_in of a matrix between two wide spaces."""
        if any(isinstance(end, tuple) for end in ends):
            raise ValueError(
                "a transposed matrix joins two wide layers, not an input or flat layer"
            )
        return Rational(*(ends[1] / ends[0]).as_integer_ratio())

    def _answers(
        self, node: Hashable, label: Hashable, transposed: bool, source: Hashable, variance: Expr
    ) -> tuple[tuple[Expr, Hashable], ...]:
        """Earlier signals that come back through the transposed matrix, with their factors."""
        opposite = [
            (name, signal)
            for name, signal in self._signals.items()
            if signal.op == "base" and signal.data["key"] == (label, not transposed)
        ]
        if not opposite:
            return ()
        if self.graph.positions(node) > 1:
            raise ValueError(f"{label} acts forward and transposed on a grid: not covered here")
        self._rank = {name: i for i, name in enumerate(self._signals)}
        terms: list[Any] = []
        for name, signal in opposite:
            slope = self._response(source, name)
            if slope is not None:
                terms.append((slope, signal.parents[0][1], variance))
        return tuple((self._scalar(slope, variance), h) for slope, h, variance in terms)

    def _scalar(self, slope: Average, variance: Expr) -> Expr:
        """A factor that is itself an average: a symbol with its own equation."""
        key: Key = ("R", len(self._corrections), ONE)
        self.equations[key] = slope
        symbol = Symbol(f"R_{len(self._corrections)}", real=True)
        self._corrections.append(symbol)
        self.factors[symbol] = key
        return variance * symbol

    factors: dict[Symbol, Key] = field(default_factory=dict, init=False)

    def _response(self, source: Hashable, base: Hashable) -> Average | None:
        """⟨∂ source / ∂ base⟩ as an average at one copy, None where it vanishes."""
        local = self._local(source)
        slopes = [
            (sp.diff(local.expression, v), self._coefficient(g, base))
            for v, g in zip(local.variables, local.arguments, strict=True)
        ]
        total = sp.Add(*[slope * factor for slope, factor in slopes])
        if total == 0:
            return None
        return self._average([(total, S.One, None)], local, Local(S.One, ()))

    def _coefficient(self, name: Hashable, base: Hashable) -> Expr:
        """The factor of a base signal in a signal that is linear in fresh weights."""
        if name == base:
            return S.One
        signal = self._signals[name]
        if signal.op == "linear":
            return sp.Add(*[c * self._coefficient(p, base) for c, p in signal.parents])
        if signal.op in ("norm", "pool", "dropout") and self._depends(name, base):
            raise ValueError(
                f"a {signal.op} between a matrix and its transpose is not covered here"
            )
        return S.Zero

    def _depends(self, name: Hashable, base: Hashable) -> bool:
        """Whether a signal is made of another, without crossing weights."""
        if name == base:
            return True
        signal = self._signals[name]
        return signal.op != "base" and any(self._depends(p, base) for _, p in signal.parents)

    def _prepare_bias(self, node: Hashable, data: Mapping[str, Any]) -> None:
        """A Gaussian bias, and its mean as a constant signal."""
        variance = _variance(data["sb2"], f"the bias {node}")
        mean = expression_of(data["mean"])
        key = (self.graph.label(node), "bias")
        base = _Signal("base", (), {"variance": variance, "key": key, "op": "bias"})
        name = node if mean == 0 else ("fresh", node)
        self._signals[name] = base
        if mean != 0:
            self._add_sum(node, ((S.One, name), (mean, ONE)))

    def _add_sum(self, node: Hashable, terms: tuple[tuple[Expr, Hashable], ...]) -> None:
        """A sum; its Gaussian part becomes a signal of its own where there are other parts."""
        gaussian = tuple(term for term in terms if self._is_gaussian(term[1]))
        others = tuple(term for term in terms if not self._is_gaussian(term[1]))
        if others and len(gaussian) > 1:
            self._signals[("gaussian", node)] = _Signal("linear", gaussian)
            terms = ((S.One, ("gaussian", node)), *others)
        self._signals[node] = _Signal("linear", terms)

    def _is_gaussian(self, name: Hashable) -> bool:
        """Whether a signal is linear in fresh weights."""
        signal = self._signals[name]
        if signal.op in ("linear", "pool", "norm"):
            return all(self._is_gaussian(parent) for _, parent in signal.parents)
        return signal.op == "base"

    @property
    def _ancestors(self) -> set[Hashable]:
        """What the output is made of."""
        found: set[Hashable] = {ONE}
        ahead = [self.output]
        while ahead:
            name = ahead.pop()
            if name not in found:
                found.add(name)
                ahead += [parent for _, parent in self._signals[name].parents]
        return found

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
        if signal.op == "map":
            function, variables = _function(signal.data["function"], signal.data["variables"])
            value = function.xreplace(dict(zip(variables, inner, strict=True)))
            return Local(value, arguments)
        raise ValueError(
            f"a function of {signal.op} of a non-Gaussian signal ({name}) is not covered here: "
            "put weights in between"
        )

    # moments ------------------------------------------------------------------------------------

    def _moment(self, u: Hashable, v: Hashable) -> Key | None:
        """Derive ⟨u v⟩; None where it vanishes."""
        key: Key = ("K", u, v)
        if key not in self.equations and key not in self._zero:
            rule = self._moment_rule(u, v)
            if rule is None:
                self._zero.add(key)
            else:
                self.equations[key] = rule
        return key if key in self.equations else None

    def _moment_rule(self, u: Hashable, v: Hashable) -> Rule | None:
        """The right-hand side of one moment."""
        ops = (self._signals[u].op, self._signals[v].op)
        linear = self._linear_rule("K", u, v)
        if linear is not _NOT_LINEAR:
            return linear
        if ops == ("one", "one"):
            return Constant(S.One)
        if "input" in ops:
            return Overlap() if u == v else None
        if set(ops) <= {"base", "one"}:
            return self._weights_rule("K", u, v)
        left, right = self._local(u), self._local(v)
        return self._average([(left.expression, right.expression, None)], left, right)

    def _tangent(self, u: Hashable, v: Hashable) -> Key | None:
        """Derive Θ(u, v); None where it vanishes."""
        key: Key = ("T", u, v)
        if key not in self.equations and key not in self._zero:
            rule = self._tangent_rule(u, v)
            if rule is None:
                self._zero.add(key)
            else:
                self.equations[key] = rule
        return key if key in self.equations else None

    def _tangent_rule(self, u: Hashable, v: Hashable) -> Rule | None:
        """The right-hand side of one tangent kernel."""
        ops = (self._signals[u].op, self._signals[v].op)
        linear = self._linear_rule("T", u, v)
        if linear is not _NOT_LINEAR:
            return linear
        if "one" in ops or "input" in ops:
            return None
        if ops == ("base", "base"):
            return self._weights_rule("T", u, v)
        left, right = self._local(u), self._local(v)
        terms: list[Any] = []
        for i, g in enumerate(left.arguments):
            for j, h in enumerate(right.arguments):
                inner = self._tangent(g, h)
                slopes = (_slope(left.expression, i, u), _slope(right.expression, j, v))
                if inner is not None and 0 not in slopes:
                    terms.append((*slopes, inner))
        return self._average(terms, left, right) if terms else None

    def _linear_rule(self, kind: str, u: Hashable, v: Hashable) -> Any:
        """Open the later of two signals if it is linear, else the other one."""
        derive = self._moment if kind == "K" else self._tangent
        signals = self._signals
        if u == v and signals[u].op == "dropout":
            parent = signals[u].parents[0][1]
            source = derive(parent, parent)
            return None if source is None else Masked(source, signals[u].data["keep"])
        if "flatten" in (signals[u].op, signals[v].op) and not {signals[u].op, signals[v].op} & set(
            LINEAR
        ):
            if signals[u].op != signals[v].op:
                raise ValueError("a flattened grid enters a dense layer, nothing else")
            source = derive(signals[u].parents[0][1], signals[v].parents[0][1])
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
        derive = self._moment if kind == "K" else self._tangent

        def pair(parent: Hashable) -> Key | None:
            """The quantity with the parent in the place of the signal."""
            return derive(parent, other) if side == 0 else derive(other, parent)

        if signal.op == "norm":
            return self._normalised(kind, side, signal, pair)
        terms = tuple((c, key) for c, p in signal.parents if (key := pair(p)) is not None)
        if not terms:
            return None
        if signal.op == "pool":
            return Taps(side, terms[0][1], signal.data["taps"])
        return Combination(terms, side)

    def _normalised(self, kind: str, side: int, signal: _Signal, pair: Any) -> Rule | None:
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
        if one.data["op"] == "bias":
            return Constant(one.data["variance"]) if one.data["variance"] != 0 else None
        if one.data["variance"] != two.data["variance"]:
            raise ValueError(
                f"the label {one.data['key'][0]} joins weights of variances "
                f"{one.data['variance']} and {two.data['variance']}"
            )
        h, k = one.parents[0][1], two.parents[0][1]
        found = [self._moment(h, k)] + ([self._tangent(h, k)] if kind == "T" else [])
        sources = tuple(key for key in found if key is not None)
        if not sources or one.data["variance"] == 0:
            return None
        return Weighted(one.data["variance"], sources, one.data.get("taps"), two.data.get("taps"))

    def _average(
        self, terms: list[tuple[Expr, Expr, Key | None]], left: Local, right: Local
    ) -> Average:
        """Averages of products of functions of the two signals, at two copies and at one."""
        table: dict[Symbol, Moment] = {}
        ends = [(g, 0) for g in left.arguments] + [(g, 1) for g in right.arguments]
        two = self._covariance(ends, table)
        alone = list(dict.fromkeys(g for g, _ in ends))
        one = self._covariance([(g, 0) for g in alone], table)
        shift = {v: _variable(i + len(left.arguments)) for i, v in enumerate(right.variables)}
        places = {g: _variable(i) for i, g in enumerate(alone)}
        onto = [
            {v: places[g] for v, g in zip(part.variables, part.arguments, strict=True)}
            for part in (left, right)
        ]
        names = tuple(_variable(i) for i in range(len(ends)))
        shift.update(self._sided_factors(terms, table))
        far = [(mean_of(f * g.xreplace(shift), names, two), key) for f, g, key in terms]
        near = [
            (mean_of(f.xreplace(onto[0]) * g.xreplace(onto[1]), names[: len(alone)], one), key)
            for f, g, key in terms
        ]
        return Average(tuple(far), tuple(near), tuple(table.items()))

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

    def _refuse_used_readout(self) -> None:
        """The weights of the readout are fresh, of zero mean, and used nowhere else."""
        ahead, bases = [self.output], []
        while ahead:
            signal = self._signals[ahead.pop()]
            if signal.op == "base":
                bases.append(signal)
            elif signal.op == "linear":
                ahead += [parent for _, parent in signal.parents]
            else:
                raise ValueError(
                    f"the output is a {signal.op}: a tangent kernel needs a dense readout"
                )
        for signal in bases:
            label = signal.data["key"][0]
            uses = [
                s for s in self._signals.values() if s.op == "base" and s.data["key"][0] == label
            ]
            if len(uses) > 1 and signal.data["op"] != "bias":
                raise ValueError(
                    f"the readout weights {label} are used inside the network: independent "
                    "gradients do not hold, no tangent kernel"
                )


_NOT_LINEAR = object()


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


def _function(source: Any, variables: tuple[str, ...] | None) -> tuple[Expr, tuple[Symbol, ...]]:
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


def _variance(value: Any, what: str) -> Expr:
    """A variance, refused where it is negative."""
    found = expression_of(value)
    if found.is_negative or found.is_real is False:
        raise ValueError(f"{what} have a negative variance, {value}")
    return found


def _in_range(keep: Expr, node: Hashable) -> Expr:
    """The probability of keeping a neuron."""
    if keep.is_number and not 0 < keep <= 1:
        raise ValueError(f"keep in (0, 1], got {keep} at {node}")
    return keep


def _called(name: Hashable) -> str:
    """A node in the name of a symbol."""
    return "".join(map(str, name)) if isinstance(name, tuple) else str(name)
