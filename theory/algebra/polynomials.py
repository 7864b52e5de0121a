"""Polynomials in the Boltzmann factors y = exp(unit K): the one place that knows flint's
multivariate polynomials.

Local weights are Laurent polynomials with positive coefficients. A `BoltzmannRing` has one
generator for every (coupling, unit) pair, and one for each symbolic number such as the q of a Potts
model; a common monomial is kept apart as a shift, so that everything inside is an ordinary
polynomial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from math import gcd, lcm

from flint import fmpz, fmpz_mpoly, fmpz_mpoly_ctx
from sympy import Add, Expr, Integer, Mul, Pow, Rational, Symbol, cancel, exp

from neurenorm.graphs.arguments import found_in
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["BoltzmannRing", "Generator", "cancelled", "coprime_base", "substituted"]


@dataclass(frozen=True)
class Generator:
    """A generator of the ring: exp(unit * coupling), or a plain symbol where ``unit`` is None."""

    coupling: Symbol
    unit: Expr | None

    @exact_arguments
    def power(self, exponent: Fraction | int) -> Expr:
        """Return the generator to a power, as a SymPy expression."""
        number = (
            Rational(exponent.numerator, exponent.denominator)
            if isinstance(exponent, Fraction)
            else Integer(exponent)
        )
        if self.unit is None:
            return self.coupling**number
        return exp(number * self.unit * self.coupling)


def _unit(values: Iterable[Expr]) -> Rational:
    """Return the largest rational of which all the given rationals are multiples."""
    fractions = [Fraction(int(value.p), int(value.q)) for value in values if value != 0]
    denominator = reduce(lcm, (fraction.denominator for fraction in fractions), 1)
    numerator = reduce(gcd, (int(fraction * denominator) for fraction in fractions), 0)
    return Rational(numerator or 1, denominator)


class BoltzmannRing:
    """Integer polynomials in the Boltzmann factors of some couplings.

    Parameters
    ----------
    exponents : mapping of Symbol to sequence of sympy numbers
        For every coupling, the numbers by which it is multiplied in the log-weights. Rational ones
        share one generator, whose unit is their greatest common divisor; every irrational one (the
        cosines of a clock model) becomes a generator of its own, up to a rational multiple.
    numbers : sequence of Symbol
        Symbols that enter the weights as plain numbers (the q of Potts).

    Examples
    --------
    >>> K = Symbol("K", real=True)
    >>> ring = BoltzmannRing({K: [Integer(1), Integer(-1)]})
    >>> ring.monomial({K: Integer(-1)})
    ((-1,), 1)
    """

    def __init__(
        self, exponents: Mapping[Symbol, Sequence[Expr]], numbers: Sequence[Symbol] = ()
    ) -> None:
        generators: list[Generator] = []
        self._place: dict[tuple[Symbol, Expr], tuple[int, int]] = {}
        for coupling, values in exponents.items():
            self._add_coupling(coupling, sorted(set(values), key=str), generators)
        self.numbers = {symbol: len(generators) + k for k, symbol in enumerate(numbers)}
        generators += [Generator(symbol, None) for symbol in numbers]
        self.generators = tuple(generators)
        self.context = fmpz_mpoly_ctx.get(
            tuple(f"y{k}" for k in range(max(1, len(generators)))), "lex"
        )
        self.gens = tuple(self.context.gens())[: len(generators)]
        self.one = self.context.constant(1)
        self.zero = self.context.constant(0)

    def _add_coupling(
        self, coupling: Symbol, values: list[Expr], generators: list[Generator]
    ) -> None:
        """Add the generators of one coupling and note which power stands for which exponent."""
        rational = [value for value in values if value.is_Rational]
        if any(value != 0 for value in rational):
            unit = _unit(rational)
            for value in rational:
                self._place[coupling, value] = (len(generators), int(value / unit))
            generators.append(Generator(coupling, unit))
        else:
            self._place[coupling, Integer(0)] = (0, 0)
        for value in (value for value in values if not value.is_Rational):
            self._place_irrational(coupling, value, generators)

    def _place_irrational(self, coupling: Symbol, value: Expr, generators: list[Generator]) -> None:
        """Give an irrational exponent its generator, shared with the negative of itself."""
        for index, generator in enumerate(generators):
            if (
                generator.coupling == coupling
                and generator.unit is not None
                and (ratio := value / generator.unit) in (1, -1)
            ):
                self._place[coupling, value] = (index, int(ratio))
                return
        self._place[coupling, value] = (len(generators), 1)
        generators.append(Generator(coupling, value))

    @exact_arguments
    def monomial(
        self, exponents: Mapping[Symbol, Expr], weight: int = 1
    ) -> tuple[tuple[int, ...], int]:
        """Return the exponent vector (possibly negative) and the integer coefficient of one
        Boltzmann weight.
        """
        vector = [0] * len(self.generators)
        for coupling, value in exponents.items():
            index, power = found_in(
                self._place, (coupling, expression_of(value)), "coupling with an exponent"
            )
            if power:
                vector[index] += power
        return tuple(vector), weight

    def from_monomials(self, monomials: Mapping[tuple[int, ...], int]) -> fmpz_mpoly:
        """Return the polynomial with these terms."""
        if not self.generators:
            return self.context.constant(sum(monomials.values()))
        return self.context.from_dict(dict(monomials))

    def terms(self, polynomial: fmpz_mpoly) -> dict[tuple[int, ...], int]:
        """Return the terms as a dictionary of exponent vectors."""
        size = len(self.generators)
        return {
            tuple(int(k) for k in key)[:size]: int(value)
            for key, value in polynomial.to_dict().items()
        }

    def to_expr(
        self, polynomial: fmpz_mpoly, shift: Sequence[Fraction | int] | None = None
    ) -> Expr:
        """Return the polynomial, times the monomial ``shift``, as a SymPy expression in the
        couplings.
        """
        offset = tuple(shift) if shift is not None else (0,) * len(self.generators)
        rows = [
            Mul(
                Integer(value),
                *[g.power(k + o) for g, k, o in zip(self.generators, key, offset, strict=True)],
            )
            for key, value in sorted(self.terms(polynomial).items(), reverse=True)
        ]
        return Add(*rows)


def coprime_base(polynomials: Iterable[fmpz_mpoly]) -> list[fmpz_mpoly]:
    """Return pairwise coprime square-free polynomials of which all the given ones are products, up
    to constants and monomials.

    A base of this kind is all that logarithms need. It is coarser than a factorisation into
    irreducibles, which would split cosh 3K.

    Examples
    --------
    >>> ring = BoltzmannRing({Symbol("K"): [Integer(1)]})
    >>> (y,) = ring.gens
    >>> coprime_base([(y + 1) ** 2 * (y**2 + 1), (y + 1)])
    [y0 + 1, y0^2 + 1]
    """
    base: list[fmpz_mpoly] = []
    for polynomial in polynomials:
        _, parts = polynomial.factor_squarefree()
        for part, _ in parts:
            _refine(base, part)
    return sorted(base, key=lambda p: (p.total_degree(), len(p), str(p)))


def _refine(base: list[fmpz_mpoly], part: fmpz_mpoly) -> None:
    """Insert a square-free polynomial into a coprime base, splitting both where they share a
    factor.
    """
    queue = [part]
    while queue:
        current = queue.pop()
        for index, old in enumerate(base):
            common = current.gcd(old)
            if not common.is_constant():
                base.pop(index)
                queue += [
                    p for p in (current / common, old / common, common) if not p.is_constant()
                ]
                break
        else:
            base.append(current if fmpz(current.leading_coefficient()) > 0 else -current)


Quotient = tuple[fmpz_mpoly, fmpz_mpoly]


@exact_arguments
def cancelled(expression: Expr) -> Expr:
    """Return a rational function with rational coefficients as a quotient of expanded polynomials
    without a common factor.

    The same as SymPy's ``cancel``, computed with exact polynomials from the leaves up instead of by
    expanding the expression. What is not rational with rational coefficients is handed to
    ``cancel``.

    Examples
    --------
    >>> x, y = Symbol("x"), Symbol("y")
    >>> cancelled((x**2 - y**2) / (x - y) / 2)
    x/2 + y/2
    >>> cancelled(1 / (1 + 1 / x))
    x/(x + 1)
    """
    quotient = substituted(expression, {})
    return cancel(expression) if quotient is None else quotient


@exact_arguments
def substituted(expression: Expr, images: Mapping[Expr, Expr]) -> Expr | None:
    """Return a rational function in which some sub-expressions are replaced, cancelled; or None
    where the result is not rational with rational coefficients.

    The expression with its replacements is never built: SymPy would ask each of its powers for
    their assumptions.

    Examples
    --------
    >>> x, K = Symbol("x"), Symbol("K")
    >>> substituted((exp(K) ** 2 - 1) / (exp(K) - 1), {exp(K): 1 / x, exp(2 * K): 1 / x**2})
    (x + 1)/x
    >>> substituted(exp(K), {}) is None
    True
    """
    free = expression.free_symbols.union(*(image.free_symbols for image in images.values()))
    symbols = tuple(
        sorted(free, key=lambda symbol: (symbol.name, str(symbol.assumptions0), symbol.sort_key()))
    )
    if not symbols:
        return None
    context = fmpz_mpoly_ctx.get(tuple(f"x{k}" for k in range(len(symbols))), "lex")
    leaves: dict[Expr, Quotient] = {
        symbol: (generator, context.constant(1))
        for symbol, generator in zip(symbols, context.gens(), strict=True)
    }
    inside = _Quotients(context, leaves)
    try:
        above, below = _Quotients(
            context,
            {symbol: leaves[symbol] for symbol in symbols if symbol not in images},
            images,
            inside,
        ).of(expression)
    except _NotRational:
        return None
    if below == 0:
        raise ZeroDivisionError(f"the denominator of {expression} vanishes identically")
    return (
        _expanded(above, symbols, context) / _expanded(below, symbols, context)
        if not below.is_constant()
        else _over(above, below, symbols)
    )


class _NotRational(ValueError):
    """A node that is not a sum, product or whole power of symbols and rational numbers."""


@dataclass
class _Quotients:
    """Numerator and denominator of expressions, coprime; equal sub-expressions are computed once,
    and some of them are replaced (by `inside` of an image).
    """

    context: fmpz_mpoly_ctx
    known: dict[Expr, Quotient]
    images: Mapping[Expr, Expr] = field(default_factory=dict)
    inside: _Quotients | None = None

    def of(self, expression: Expr) -> Quotient:
        """Return the quotient of one expression."""
        if expression not in self.known:
            self.known[expression] = _reduced(*self._computed(expression))
        return self.known[expression]

    def _computed(self, expression: Expr) -> Quotient:
        """Return numerator and denominator of an expression that is not known yet."""
        if self.inside is not None and expression in self.images:
            return self.inside.of(self.images[expression])
        if expression.is_Rational:
            return self.context.constant(int(expression.p)), self.context.constant(
                int(expression.q)
            )
        if isinstance(expression, Pow) and expression.exp.is_Integer:
            above, below = self.of(expression.base)
            power = int(expression.exp)
            return (above**power, below**power) if power >= 0 else (below**-power, above**-power)
        if isinstance(expression, Add | Mul):
            return reduce(
                _add if isinstance(expression, Add) else _multiply,
                [self.of(arg) for arg in expression.args],
            )
        raise _NotRational


def _add(left: Quotient, right: Quotient) -> Quotient:
    """Return the sum of two quotients."""
    return _reduced(left[0] * right[1] + right[0] * left[1], left[1] * right[1])


def _multiply(left: Quotient, right: Quotient) -> Quotient:
    """Return the product of two quotients."""
    return _reduced(left[0] * right[0], left[1] * right[1])


def _reduced(above: fmpz_mpoly, below: fmpz_mpoly) -> Quotient:
    """Cancel the common factor, and make the leading coefficient of the denominator positive."""
    common = above.gcd(below) if below != 0 else above.context().constant(1)
    sign = -1 if below != 0 and below.leading_coefficient() < 0 else 1
    return above / (common * sign), below / (common * sign)


def _over(above: fmpz_mpoly, below: fmpz_mpoly, symbols: Sequence[Symbol]) -> Expr:
    """Return a polynomial divided by an integer, term by term."""
    number = int(below.leading_coefficient())
    return Add(
        *[
            _monomial(Rational(int(value), number), key, symbols)
            for key, value in above.to_dict().items()
        ]
    )


def _expanded(polynomial: fmpz_mpoly, symbols: Sequence[Symbol], context: fmpz_mpoly_ctx) -> Expr:
    """Return a polynomial as an expanded expression."""
    return _over(polynomial, context.constant(1), symbols)


def _monomial(number: Rational, powers: Iterable[int], symbols: Sequence[Symbol]) -> Expr:
    """Return one term."""
    return Mul(
        number, *[symbol ** int(power) for symbol, power in zip(symbols, powers, strict=True)]
    )
