"""The right-hand sides of the covariance recursion of a layer graph, one class for each operation.

A *key* names a quantity of two signals: ``("K", u, v)`` is the second moment ⟨u v⟩ per neuron and
``("T", u, v)`` the tangent kernel, for input a at position x in u and input b at position y in v.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from sympy import Add, Expr, Function, S, Sum, Symbol, exp, sqrt

__all__ = [
    "Attended",
    "Average",
    "Combination",
    "Constant",
    "Embedded",
    "Heads",
    "Key",
    "Masked",
    "Mixture",
    "Moment",
    "Normalised",
    "Overlap",
    "Rule",
    "Taps",
    "Trace",
    "Weighted",
]

Key = tuple[str, Hashable, Hashable]
Places = tuple[tuple[int, ...], ...]
Named = Callable[..., Expr]
_X, _Y, _D, _SHIFT = Symbol("x"), Symbol("y"), Symbol("delta"), Function("s")
_C, _E, _F, _P = Symbol("c"), Symbol("d"), Symbol("e"), Symbol("P", positive=True)


@dataclass(frozen=True)
class Overlap:
    """The overlap x·x'/N_0 of two inputs."""

    def reads(self) -> Iterator[Key]:
        """No earlier quantity."""
        return iter(())

    def formula(self, key: Key, named: Named) -> Expr:
        """The overlap as a symbol."""
        return Symbol("x_a.x_b/N_0")


@dataclass(frozen=True)
class Constant:
    """A number: the variance of a bias, or 1 for the constant signal."""

    value: Expr

    def reads(self) -> Iterator[Key]:
        """No earlier quantity."""
        return iter(())

    def formula(self, key: Key, named: Named) -> Expr:
        """The number."""
        return self.value


@dataclass(frozen=True)
class Combination:
    """A linear combination Σ c_i of earlier quantities, opened on one side.

    A factor may hold averages ``R_0``, ``R_1``, … of the copy on that side.
    """

    terms: tuple[tuple[Expr, Key], ...]
    side: int = 0

    def reads(self) -> Iterator[Key]:
        """The quantities that are combined."""
        return (key for _, key in self.terms)

    def formula(self, key: Key, named: Named) -> Expr:
        """The sum."""
        return Add(*[factor * named(earlier) for factor, earlier in self.terms])


@dataclass(frozen=True)
class Weighted:
    """One weight in both signals: variance × average over taps of the sources' quantities.

    ``left`` and ``right`` give the source of every position for each tap (None: the same position);
    a tap outside the grid gives zero while the number of taps stays.
    """

    variance: Expr
    sources: tuple[Key, ...]
    left: Places | None = None
    right: Places | None = None

    def reads(self) -> Iterator[Key]:
        """The moment of the sources, and their tangent kernel."""
        return iter(self.sources)

    def formula(self, key: Key, named: Named) -> Expr:
        """The variance times the sum over taps."""
        if self.left is None:
            return self.variance * Add(*map(named, self.sources))
        at = [named(source, _SHIFT(_X, _D), _SHIFT(_Y, _D)) for source in self.sources]
        return self.variance / len(self.left) * Sum(Add(*at), (_D, 1, len(self.left)))


@dataclass(frozen=True)
class Taps:
    """An average over positions of one of the two signals."""

    side: int
    source: Key
    taps: Places

    def reads(self) -> Iterator[Key]:
        """The quantity before the average."""
        return iter((self.source,))

    def formula(self, key: Key, named: Named) -> Expr:
        """The sum over taps."""
        places = (_SHIFT(_X, _D), _Y) if self.side == 0 else (_X, _SHIFT(_Y, _D))
        return Sum(named(self.source, *places), (_D, 1, len(self.taps))) / len(self.taps)


@dataclass(frozen=True)
class Trace:
    """A flattened grid: the average over equal positions of both signals."""

    source: Key

    def reads(self) -> Iterator[Key]:
        """The quantity on the grid."""
        return iter((self.source,))

    def formula(self, key: Key, named: Named) -> Expr:
        """The sum over positions."""
        return Sum(named(self.source, _X, _X), (_X, 1, _P)) / _P


@dataclass(frozen=True)
class Embedded:
    """An embedding of positions: variance times the overlap R(x, y) of two positions."""

    variance: Expr
    overlaps: tuple[tuple[Expr, ...], ...]

    def reads(self) -> Iterator[Key]:
        """No earlier quantity."""
        return iter(())

    def formula(self, key: Key, named: Named) -> Expr:
        """The product."""
        return self.variance * Function("R")(_X, _Y)


@dataclass(frozen=True)
class Mixture:
    """Fixed linear combinations over positions of one of the two signals."""

    side: int
    source: Key
    weights: tuple[tuple[Expr, ...], ...]

    def reads(self) -> Iterator[Key]:
        """The quantity before it."""
        return iter((self.source,))

    def formula(self, key: Key, named: Named) -> Expr:
        """The sum over positions."""
        x, places = _opened(self.side)
        return Sum(Function("A")(x, _C) * named(self.source, *places), (_C, 1, _P))


@dataclass(frozen=True)
class Attended:
    """A mixture over positions whose weights come from the own kernel of the side that is opened.

    A(x, c) = f(scale × K_own(x, c)) over the allowed c; ``scores`` is the key of K_own.
    """

    side: int
    source: Key
    scores: Key
    scale: Expr
    function: str
    causal: bool

    def reads(self) -> Iterator[Key]:
        """The quantity before it, and the scores."""
        return iter((self.source, self.scores))

    def formula(self, key: Key, named: Named) -> Expr:
        """The sum over positions."""
        x, places = _opened(self.side)
        score = self.scale * named(self.scores, x, _C, where=("left", "right")[self.side])
        weight = score
        if self.function == "softmax":
            others = self.scale * named(self.scores, x, _F, where=("left", "right")[self.side])
            top = x if self.causal else _P
            weight = exp(score) / Sum(exp(others), (_F, 1, top))
        return Sum(weight * named(self.source, *places), (_C, 1, x if self.causal else _P))


@dataclass(frozen=True)
class Heads:
    """Many heads with Gaussian scores G, ⟨G_xc G_yd⟩ = scale K(x, y) K(c, d), z = f(G) by rows.

    K' = σ² Σ_cd ⟨z_xc z_yd⟩ K(c, d). A tangent kernel (``fresh``) has the weights of the heads and
    of the scores beside what it inherits (``inherited``); a response only inherits.
    """

    variance: Expr
    scale: Expr
    function: str
    causal: bool
    kernel: Key
    left: Key
    right: Key
    inherited: Key | None = None
    tangent: bool = False
    fresh: bool = False

    def reads(self) -> Iterator[Key]:
        """The kernel of the values, at both copies and across, and what is inherited."""
        keys = (self.kernel, self.left, self.right, self.inherited)
        return (key for key in keys if key is not None)

    def formula(self, key: Key, named: Named) -> Expr:
        """The sum over pairs of positions, averages as functions of two rows."""
        z, K = Function("zeta"), named(self.kernel, _C, _E)
        sums = ((_C, 1, _P), (_E, 1, _P))
        if not self.tangent:
            return self.variance * Sum(z(_X, _C, _Y, _E) * K, *sums)
        parts = [K] if self.fresh else []
        parts += [] if self.inherited is None else [named(self.inherited, _C, _E)]
        direct = Add(*parts, *([K] if self.fresh else []))
        slope = Function("zeta_1")(_X, _C, _Y, _E)
        return self.variance * Sum(z(_X, _C, _Y, _E) * direct + slope * K, *sums)


@dataclass(frozen=True)
class Masked:
    """Dropout: divided by the probability of keeping where both ends are one masked signal."""

    source: Key
    keep: Expr

    def reads(self) -> Iterator[Key]:
        """The quantity without masks."""
        return iter((self.source,))

    def formula(self, key: Key, named: Named) -> Expr:
        """Written for equal inputs and positions."""
        return named(self.source) * (1 + Symbol("delta_ab") * (1 / self.keep - 1))


@dataclass(frozen=True)
class Normalised:
    """One signal minus its mean, over its standard deviation; both are numbers in the limit.

    ``square`` and ``mean`` are the keys of ⟨h²⟩ and ⟨h⟩ (None where the mean vanishes or stays),
    ``constant`` that of ⟨1·other⟩.
    """

    side: int
    source: Key | None
    square: Key
    mean: Key | None
    constant: Key | None
    eps: Expr

    def reads(self) -> Iterator[Key]:
        """The quantity, the scalars, and the mean of the other signal."""
        keys = (self.source, self.square, self.mean, self.constant)
        return (key for key in keys if key is not None)

    def formula(self, key: Key, named: Named) -> Expr:
        """The affine map."""
        mean = S.Zero if self.mean is None else named(self.mean)
        value = S.Zero if self.source is None else named(self.source)
        shift = S.Zero if self.constant is None else mean * named(self.constant)
        return (value - shift) / sqrt(named(self.square) - mean**2 + self.eps)


@dataclass(frozen=True)
class Moment:
    """What a symbol of an average stands for: an entry of an earlier quantity.

    ``where`` is ``"cross"`` for the two copies of the equation, ``"left"`` or ``"right"`` for two
    signals at one and the same copy.
    """

    key: Key
    where: str


@dataclass(frozen=True)
class Average:
    """Σ over terms of a Gaussian average times a tangent kernel (no factor for moments).

    ``terms`` holds the averages at two different copies, ``same`` those at one and the same copy;
    ``symbols`` says what the entries of the covariances are, ``meets`` whether the two signals are
    on one grid, so that a copy has equal positions of both.
    """

    terms: tuple[tuple[Expr, Key | None], ...]
    same: tuple[tuple[Expr, Key | None], ...]
    symbols: tuple[tuple[Symbol, Moment], ...]
    meets: bool = True

    def reads(self) -> Iterator[Key]:
        """Covariances of the arguments, and tangent kernels."""
        yield from (moment.key for _, moment in self.symbols)
        yield from (key for _, key in self.terms if key is not None)

    def formula(self, key: Key, named: Named) -> Expr:
        """The averages with their covariances named."""
        shown = {symbol: named(m.key, where=m.where) for symbol, m in self.symbols}
        return Add(*[a.subs(shown) * (1 if k is None else named(k)) for a, k in self.terms])


Rule = (
    Overlap
    | Constant
    | Embedded
    | Combination
    | Weighted
    | Taps
    | Mixture
    | Attended
    | Heads
    | Trace
    | Masked
    | Normalised
    | Average
)


def _opened(side: int) -> tuple[Symbol, tuple[Symbol, Symbol]]:
    """The position on the side that is opened, and the two positions with c in its place."""
    return (_X, (_C, _Y)) if side == 0 else (_Y, (_X, _C))
