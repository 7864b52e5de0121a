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
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy import Expr, Interval, Rational, S, Symbol, oo

from neurenorm.graphs.arguments import found_in
from neurenorm.graphs.layers.graph import LayerGraph
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.gaussian.expectation import GaussianExpectation, expectation
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equations, tex
from neurenorm.theory.wide.moments import ONE, Local, Moments, Signal
from neurenorm.theory.wide.rules import Average, Key

__all__ = ["GraphKernels"]

LENGTH = symbols("field-theory").K
WHERE = {LENGTH: Interval.open(0, oo)}


@dataclass
class GraphKernels(Moments, Typeset):
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
    >>> from neurenorm.graphs.layers.networks import mlp
    >>> net = mlp("relu", 1, "sw2", "sb2")
    >>> theory = GraphKernels(net)
    >>> for key in (theory.kernel, theory.tangent):
    ...     print(key)
    ('K', 7, 7)
    ('T', 7, 7)
    """

    graph: LayerGraph
    output: Hashable = None

    def __post_init__(self) -> None:
        """Bring the signals into the form of the recursion and derive the kernel."""
        if self.output is None:
            self.output = self.graph.output
        Moments.__init__(self)
        self._corrections: list[Expr] = []
        for node in self.graph.order():
            self._prepare(node)
        self.kernel = self._derive_all("K")

    @property
    def tangent(self) -> Key:
        """The key of the tangent kernel of the output, derived when asked for.

        Raises
        ------
        ValueError
            If the gradients are not independent of the signals.
        """
        self._refuse_used_readout()
        return self._derive_all("T")

    @property
    def response(self) -> Key:
        """The key of ∂K_ab/∂k_ab, the change of the kernel with that of the input between copies.

        The moments of each copy with itself are held, so that it is the slope of the map of the
        correlation.
        """
        return self._derive_all("D")

    def _derive_all(self, kind: str) -> Key:
        """Derive a quantity of the output, and first that of everything it is made of."""
        ancestors = self._ancestors
        for name, signal in self._signals.items():
            if name in ancestors and signal.op not in ("one", "flatten"):
                self._derive(kind, name, name)
        self._derive(kind, self.output, self.output)
        return (kind, self.output, self.output)

    def symbol(self, key: Key, *places: Any, where: str = "cross") -> Expr:
        """Return what a quantity is called in print."""
        ends = {"cross": "ab", "left": "aa", "right": "bb"}[where]
        head = {"K": "K", "T": "Theta", "D": "D", "R": "R"}[key[0]]
        name = f"{head}_{_called(key[1])}_{_called(key[2])}_{ends}"
        if not places:
            return Symbol(name, positive=True) if where != "cross" else Symbol(name, real=True)
        return sp.Function(name, real=True)(*places)

    def formula(self, key: Key) -> Expr:
        """Return the right-hand side of one equation.

        Examples
        --------
        >>> from neurenorm.graphs.layers.networks import mlp
        >>> theory = GraphKernels(mlp("erf", 1, "sw2"))
        >>> theory.formula(("K", 2, 2))
        2*asin(2*K_1_1_ab/(sqrt(2*K_1_1_aa + 1)*sqrt(2*K_1_1_bb + 1)))/pi
        """
        return found_in(self.equations, key, "equation").formula(key, self.symbol)

    @property
    def derivation(self) -> Derivation:
        """The averages of functions of one signal that have been done in closed form.

        Examples
        --------
        >>> from neurenorm.graphs.layers.networks import mlp
        >>> [step.after for step in GraphKernels(mlp("relu", 1)).derivation]
        [K/2]
        """
        steps: list[Step] = []
        for kind, u, v in self.equations:
            if kind != "K" or u != v or not isinstance(self.equations[kind, u, v], Average):
                continue
            local = self._local(u)
            if len(local.arguments) != 1:
                continue
            square, (z,) = local.expression**2, local.variables
            before, after = GaussianExpectation(square, z, LENGTH), expectation(square, z, LENGTH)
            step = Step("average over the layer below", before, after, domain=WHERE)
            if not after.has(GaussianExpectation) and step not in steps:
                steps.append(step)
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
        if op in ("dense", "conv", "heads"):
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
            self._put(node, "dropout", parents, {"keep": keep})
        elif op == "norm":
            shown = {"centred": data["centred"], "eps": expression_of(data["eps"])}
            self._put(node, "norm", parents, shown)
        elif op == "mix":
            rows = tuple(tuple(map(expression_of, row)) for row in data["weights"])
            self._put(node, "mix", parents, {"weights": rows})
        elif op == "attend":
            self._put(node, "attend", parents, {**data, "scale": expression_of(data["scale"])})
        elif op == "pool" and len(data["taps"]) == 1 and not self._is_gaussian(parents[0][1]):
            self._put_at(node, parents[0][1], data["taps"])
        else:
            self._put(node, op, parents, dict(data))

    def _put(
        self,
        name: Hashable,
        op: str,
        parents: tuple[tuple[Expr, Hashable], ...],
        data: dict[str, Any],
    ) -> None:
        """Add a signal that stands for a node of the graph, or beside it."""
        node = name if name in self.graph.graph else name[1]  # type: ignore[index]
        self._add(name, Signal(op, parents, data, self.graph.positions(node)))

    def _put_at(self, name: Hashable, source: Hashable, taps: tuple[tuple[int, ...], ...]) -> None:
        """Add a signal at chosen positions: a function of what it is made of at the same ones."""
        signal = self._signals[source]
        if self._is_gaussian(source) or signal.op not in ("map", "linear"):
            self._add(name, Signal("pool", ((S.One, source),), {"taps": taps}, len(taps[0])))
            return
        parents = []
        for factor, parent in signal.parents:
            chosen = ("at", taps, parent)
            if chosen not in self._signals:
                self._put_at(chosen, parent, taps)
            parents.append((factor, chosen))
        self._add(name, Signal(signal.op, tuple(parents), signal.data, len(taps[0])))

    def _prepare_weights(
        self, node: Hashable, data: Mapping[str, Any], parents: tuple[tuple[Expr, Hashable], ...]
    ) -> None:
        """Weights that act on a signal; the part that is not fresh stands beside them."""
        variance = _variance(data["sw2"], f"the weights of {node}")
        transposed = data.get("transposed", False)
        label = self.graph.label(node)
        if transposed:
            variance *= self._ratio(data["ends"])
        shown = {**data, "variance": variance, "key": (label, transposed)}
        if data["op"] == "heads":
            shown["scale"] = _variance(data["scale"], f"the scores of {node}")
        terms = self._answers(node, label, transposed, parents[0][1], variance)
        if not terms:
            self._put(node, "base", parents, shown)
            return
        self._put(("fresh", node), "base", parents, shown)
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
        if signal.op not in ("base", "input") and self._depends(name, base):
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
        overlaps = data.get("overlaps")
        if overlaps is not None:
            overlaps = tuple(tuple(map(expression_of, row)) for row in overlaps)
        shown = {"variance": variance, "key": key, "op": "bias", "overlaps": overlaps}
        name = node if mean == 0 else ("fresh", node)
        self._put(name, "base", (), {**shown, "learnt": data.get("learnt", True)})
        if mean != 0:
            self._add_sum(node, ((S.One, name), (mean, ONE)))

    def _parts(self, factor: Expr, name: Hashable) -> tuple[tuple[Expr, Hashable], ...]:
        """A sum that is not Gaussian in its terms, so that their Gaussian parts come together."""
        signal = self._signals[name]
        if signal.op != "linear" or self._is_gaussian(name):
            return ((factor, name),)
        return tuple((factor * c, parent) for c, parent in signal.parents)

    def _add_sum(self, node: Hashable, terms: tuple[tuple[Expr, Hashable], ...]) -> None:
        """A sum; its Gaussian part becomes a signal of its own where there are other parts."""
        terms = tuple(part for term in terms for part in self._parts(*term))
        gaussian = tuple(term for term in terms if self._is_gaussian(term[1]))
        others = tuple(term for term in terms if not self._is_gaussian(term[1]))
        if others and len(gaussian) > 1:
            self._put(("gaussian", node), "linear", gaussian, {})
            terms = ((S.One, ("gaussian", node)), *others)
        self._put(node, "linear", terms, {})

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
