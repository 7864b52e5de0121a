"""The right-hand sides of the covariance recursion of a layer graph, one class for each operation.

A *key* names a quantity of two signals: ``("K", u, v)`` is the second moment ⟨u v⟩ per neuron and
``("T", u, v)`` the tangent kernel, for input a at position x in u and input b at position y in v.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from sympy import Add, Expr, Function, Mul, S, Sum, Symbol, expand, sqrt

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.gaussian.expectation import GaussianExpectation, expectation

__all__ = [
    "Average",
    "Combination",
    "Constant",
    "Key",
    "Masked",
    "Moment",
    "Normalised",
    "Overlap",
    "Rule",
    "Taps",
    "Trace",
    "Weighted",
    "mean_of",
]

Key = tuple[str, Hashable, Hashable]
Places = tuple[tuple[int, ...], ...]
Named = Callable[..., Expr]
_X, _Y, _D, _SHIFT = Symbol("x"), Symbol("y"), Symbol("delta"), Function("s")


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
        P = Symbol("P", positive=True)
        return Sum(named(self.source, _X, _X), (_X, 1, P)) / P


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
    ``symbols`` says what the entries of the covariances are.
    """

    terms: tuple[tuple[Expr, Key | None], ...]
    same: tuple[tuple[Expr, Key | None], ...]
    symbols: tuple[tuple[Symbol, Moment], ...]

    def reads(self) -> Iterator[Key]:
        """Covariances of the arguments, and tangent kernels."""
        yield from (moment.key for _, moment in self.symbols)
        yield from (key for _, key in self.terms if key is not None)

    def formula(self, key: Key, named: Named) -> Expr:
        """The averages with their covariances named."""
        shown = {symbol: named(m.key, where=m.where) for symbol, m in self.symbols}
        return Add(*[a.subs(shown) * (1 if k is None else named(k)) for a, k in self.terms])


Rule = Overlap | Constant | Combination | Weighted | Taps | Trace | Masked | Normalised | Average


@exact_arguments
@lru_cache(maxsize=4096)
def mean_of(function: Expr, variables: tuple[Symbol, ...], covariance: object) -> Expr:
    """Return ⟨function⟩ as closed forms and averages over independent groups of variables.

    Parameters
    ----------
    function : sympy.Expr
    variables : tuple of Symbol
    covariance : sympy.ImmutableDenseMatrix
        Zero where two variables are independent.

    Examples
    --------
    >>> from sympy import ImmutableDenseMatrix, tanh
    >>> u, v, A, B = (Symbol(name, real=True) for name in "uvAB")
    >>> mean_of(u**2 * tanh(v) ** 2, (u, v), ImmutableDenseMatrix([[A, 0], [0, B]]))
    A*⟨tanh(z)**2⟩_B
    """
    groups = _groups(variables, covariance)
    if len(groups) == 1 and len(variables) <= 2:
        return _whole(function, variables, covariance)
    total = S.Zero
    for term in Add.make_args(expand(function)):
        parts = _factors(term, groups, variables, covariance)
        total += Mul(*[_whole(part, variables, covariance) for part in parts])
    return total


def _factors(
    term: Expr, groups: list[set[Symbol]], variables: tuple[Symbol, ...], covariance: object
) -> list[Expr]:
    """A product split into factors of independent variables."""
    parts = [S.One]
    held: list[set[Symbol]] = [set()]
    for factor in Mul.make_args(term):
        own = {v for v in variables if factor.has(v)}
        touched = set().union(*[g for g in groups if g & own]) if own else set()
        met = [i for i, h in enumerate(held) if i and h & touched]
        merged = Mul(factor, *[parts[i] for i in met])
        touched = touched.union(*[held[i] for i in met])
        for i in reversed(met):
            del parts[i], held[i]
        if not own:
            parts[0] *= factor
        else:
            parts.append(merged)
            held.append(touched)
    return parts


def _groups(variables: tuple[Symbol, ...], covariance: object) -> list[set[Symbol]]:
    """Variables that are correlated, directly or through others."""
    groups: list[set[Symbol]] = []
    for i, v in enumerate(variables):
        near = {w for j, w in enumerate(variables) if covariance[i, j] != 0} | {v}  # type: ignore[index]
        met = [g for g in groups if g & near]
        groups = [g for g in groups if not g & near] + [near.union(*met)]
    return groups


def _whole(function: Expr, variables: tuple[Symbol, ...], covariance: object) -> Expr:
    """A closed form, or the average as it stands."""
    used = [i for i, v in enumerate(variables) if function.has(v)]
    if not used:
        return function
    names = tuple(variables[i] for i in used)
    part = covariance.extract(used, used)  # type: ignore[attr-defined]
    if len(used) <= 3:
        closed = expectation(function, names, part)
        if not closed.has(GaussianExpectation):
            return closed
    return GaussianExpectation(function, names, part)
