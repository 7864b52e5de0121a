"""From expressions to straight-line code: the guards that stand before every target.

Symbols are renamed before common sub-expressions are extracted (two symbols may share a name),
nodes of other rooms, finite sums and piecewise branches become calls (their bound symbols must not
be pulled out of their scope), and functions that few libraries know are written through functions
that all of them know.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from neurenorm.numerics.compile.errors import CompileError, shortened
from neurenorm.numerics.compile.lowering import lowering_for
from neurenorm.numerics.compile.rewriting.near_one import near_one
from neurenorm.numerics.compile.rewriting.roots import angular
from neurenorm.numerics.compile.rewriting.stable import elementary, stable_log
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["Prepared", "check_symbols", "prepare", "rename"]

UNROLLED_TERMS = 32
FOLDING_DIGITS = 40
_REFUSED = (
    sympy.Integral,
    sympy.Derivative,
    sympy.Subs,
    sympy.Limit,
    AppliedUndef,
    sympy.DiracDelta,
)

CallFactory = Callable[[Any], tuple[Callable[..., Any], Sequence[sympy.Expr]]]


@dataclass
class Prepared:
    """Renamed arguments, temporaries in the order of evaluation, outputs, and the names used by
    them.
    """

    arguments: list[sympy.Symbol]
    temporaries: list[tuple[sympy.Symbol, sympy.Basic]] = field(default_factory=list)
    outputs: list[sympy.Basic] = field(default_factory=list)
    calls: dict[str, Callable[..., Any]] = field(default_factory=dict)
    constants: dict[sympy.Symbol, sympy.Expr] = field(default_factory=dict)


def check_symbols(expressions: Iterable[sympy.Basic], arguments: Sequence[Any]) -> None:
    """Refuse arguments that are no symbols, names that mean two symbols, and symbols without a
    value.
    """
    by_name: dict[str, sympy.Symbol] = {}
    for symbol in arguments:
        if not isinstance(symbol, sympy.Symbol):
            raise CompileError(
                f"an argument must be a sympy Symbol, got {shortened(symbol)} "
                f"({type(symbol).__name__})"
            )
        if symbol.name in by_name:
            raise CompileError(f"two arguments are named {symbol.name}: rename one of them")
        by_name[symbol.name] = symbol
    missing = set().union(*(expression.free_symbols for expression in expressions)) - set(arguments)
    for symbol in sorted(missing, key=str):
        if str(symbol) in by_name:
            raise CompileError(
                f"the expression contains a symbol {symbol} that is not the argument {symbol}: one "
                "name, but other "
                f"assumptions ({_assumptions(symbol)} and {_assumptions(by_name[str(symbol)])}); "
                "use one symbol"
            )
    if missing:
        names, given = ", ".join(sorted(map(str, missing))), ", ".join(by_name) or "there are none"
        verb = "is" if len(missing) == 1 else "are"
        raise CompileError(
            f"the expression contains {names}, which {verb} not among the arguments ({given})"
        )


def _assumptions(symbol: Any) -> str:
    """The assumptions a symbol was made with, as text."""
    made_with = getattr(symbol, "_assumptions_orig", {})
    return ", ".join(f"{name}={value}" for name, value in sorted(made_with.items())) or "none"


def rename(arguments: Sequence[sympy.Symbol], real: bool) -> dict[sympy.Symbol, sympy.Symbol]:
    """New symbols ``_a0, _a1, ...`` with the old assumptions, and real ones where the target
    computes with reals.
    """
    renamed = {}
    for position, symbol in enumerate(arguments):
        assumptions = dict(getattr(symbol, "_assumptions_orig", {}))
        if real and symbol.is_extended_real is False:
            raise CompileError(
                f"the argument {symbol} is not real, but the target computes with real numbers"
            )
        if real and symbol.is_extended_real is None:
            assumptions["real"] = True
        renamed[symbol] = sympy.Symbol(f"_a{position}", **assumptions)
    return renamed


def prepare(
    expressions: Sequence[sympy.Basic],
    arguments: Sequence[sympy.Symbol],
    *,
    make_call: CallFactory,
    double: bool,
    real: bool,
    inline_piecewise: bool = False,
    resolving: bool = True,
) -> Prepared:
    """Rename, rewrite, replace what is called from elsewhere, then extract common sub-expressions."""
    names = rename(arguments, real)
    prepared = Prepared([names[symbol] for symbol in arguments])
    rewriter = _Rewriter(prepared, make_call, double, inline_piecewise, resolving and double)
    trees = [rewriter(expression.xreplace(names)) for expression in expressions]
    fresh = sympy.numbered_symbols("_x", cls=sympy.Symbol, real=True if real else None)
    prepared.temporaries, prepared.outputs = sympy.cse(trees, symbols=fresh, order="canonical")
    return prepared


class _Rewriter:
    """Rebuilds an expression from its leaves up; every distinct node is visited once."""

    def __init__(
        self,
        prepared: Prepared,
        make_call: CallFactory,
        double: bool,
        inline: bool,
        resolving: bool,
    ) -> None:
        self.prepared, self.make_call, self.double, self.inline = (
            prepared,
            make_call,
            double,
            inline,
        )
        self.done: dict[sympy.Basic, sympy.Basic] = {}
        self.own_calls: list[Any] = []
        self.resolving = resolving

    def __call__(self, node: sympy.Basic) -> sympy.Basic:
        """The rewritten node."""
        if node not in self.done:
            self.done[node] = self._rewritten(node)
        return self.done[node]

    def _rewritten(self, node: sympy.Basic) -> sympy.Basic:
        """One node: refuse it, hand it over, or rebuild it from rewritten arguments."""
        if lowering_for(node):
            return self._call(node)
        if node is sympy.nan or node is sympy.zoo:
            raise CompileError(f"the expression contains {node}: it has no value")
        if isinstance(node, _REFUSED) and node.func not in self.own_calls:
            raise CompileError(
                f"cannot compile {shortened(node)}: evaluate it first, or register a lowering"
            )
        if isinstance(node, sympy.Sum | sympy.Product):
            return self._finite_sum(node)
        if isinstance(node, sympy.Piecewise) and not self.inline:
            return self._call(node)
        if isinstance(node, sympy.polys.rootoftools.ComplexRootOf | sympy.AlgebraicNumber):
            return self._constant(node)
        if self.resolving and (resolved := near_one(node)) is not None:
            return self._resolved(node, *resolved)
        return self._rebuilt(node)

    def _resolved(self, node: sympy.Basic, value: sympy.Expr, small: sympy.Expr) -> sympy.Basic:
        """A logarithm of what is near one where it is, and in its plain form elsewhere."""
        self.resolving = False
        plain = self._rebuilt(node)
        near = sympy.Piecewise((value, sympy.Abs(small) < sympy.Rational(1, 2)), (plain, True))
        rewritten = self._rebuilt(near) if self.inline else self._call(near)
        self.resolving = True
        return rewritten

    def _rebuilt(self, node: sympy.Basic) -> sympy.Basic:
        """The node with rewritten arguments, without functions that few libraries know; constants
        folded if double.
        """
        arguments = [self(argument) for argument in node.args]
        if any(new is not old for new, old in zip(arguments, node.args, strict=True)):
            node = node.func(*arguments)
        other = elementary(node)
        if self.double and other is node:
            other = angular(stable_log(node))
        if other is not node and other != node:
            return self(other)
        return self._folded(node) if self.double else node

    def _folded(self, node: sympy.Basic) -> sympy.Basic:
        """A constant as one number of 40 digits, to be rounded to double precision at the end."""
        if not isinstance(node, sympy.Expr) or node.is_Number:
            return node
        if node.is_NumberSymbol or (node.args and all(a.is_Number for a in node.args)):
            value = node.evalf(FOLDING_DIGITS)
            return value if value.is_Number else node
        return node

    def _constant(self, node: sympy.Expr) -> sympy.Basic:
        """An algebraic number: folded, or kept as a named constant that is evaluated at the
        target's precision.
        """
        if self.double:
            value = node.evalf(FOLDING_DIGITS)
            if not value.is_Float:
                raise CompileError(
                    f"{shortened(node)} is not real, but the target computes with real numbers"
                )
            return value
        symbol = sympy.Symbol(f"_c{len(self.prepared.constants)}")
        self.prepared.constants[symbol] = node
        return symbol

    def _finite_sum(self, node: sympy.Sum | sympy.Product) -> sympy.Basic:
        """Write a short sum out; leave a long one, or one with variable bounds, to a loop."""
        *inner, (index, low, high) = node.limits
        body = type(node)(node.function, *inner) if inner else node.function
        if not all(
            bound.is_finite is not False and bound.is_integer is not False for bound in (low, high)
        ):
            raise CompileError(
                f"cannot compile {shortened(node)}: its bounds have to be finite integers"
            )
        if low.is_Integer and high.is_Integer and -1 <= high - low < UNROLLED_TERMS:
            terms = [
                body.xreplace({index: sympy.Integer(value)})
                for value in range(int(low), int(high) + 1)
            ]
            return self((sympy.Add if isinstance(node, sympy.Sum) else sympy.Mul)(*terms))
        return self._call(node)

    def _call(self, node: sympy.Basic) -> sympy.Basic:
        """Replace the node by a call of a function of its own."""
        function, arguments = self.make_call(node)
        name = f"_call{len(self.prepared.calls)}"
        self.prepared.calls[name] = function
        stand_in = sympy.Function(name, real=True)
        self.own_calls.append(stand_in)
        return stand_in(*[self(expression_of(argument)) for argument in arguments])
