"""Logarithms of Boltzmann weights, kept as exact exponent vectors over a coprime base, and their
readable closed forms.

A weight Z = (integer) * (monomial) * product of base polynomials has ln Z as a vector of integers,
so taking couplings out of log-weights is exact linear algebra. Only at the end is a vector printed,
by bounded rewrites: a polynomial whose coefficients are the same read from either end becomes a sum
of hyperbolic cosines, and all logarithms are gathered behind one common rational.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from typing import Any

from flint import fmpz, fmpz_mpoly
from sympy import Add, Expr, Integer, Mul, Pow, Rational, cosh, exp, expand, log, sinh

from neurenorm.theory.algebra.polynomials import BoltzmannRing, Generator, coprime_base
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["LogBasis", "LogWeight"]

Atom = tuple[str, int]


def exact_number(value: Any) -> Expr:
    """Return an exact number expanded, with a zero recognised as such."""
    number = expand(expression_of(int(value) if isinstance(value, bool) else value))
    if number.is_Rational or abs(number.evalf(30)) > Rational(1, 10**20):
        return number
    return Integer(0) if number.equals(0) else number


class LogWeight:
    """A linear combination of logarithms: ``{("base", i): r, ("prime", p): r, ("power", generator):
    r}``, with exact coefficients.
    """

    def __init__(self, atoms: Mapping[Atom, Any] | None = None) -> None:
        settled = {
            atom: exact_number(value) if isinstance(value, Expr) else value
            for atom, value in (atoms or {}).items()
        }
        self.atoms = {atom: value for atom, value in settled.items() if value != 0}

    def __add__(self, other: LogWeight) -> LogWeight:
        atoms = dict(self.atoms)
        for atom, value in other.atoms.items():
            atoms[atom] = atoms.get(atom, 0) + value
        return LogWeight(atoms)

    def __mul__(self, factor: Any) -> LogWeight:
        return LogWeight({atom: value * factor for atom, value in self.atoms.items()})

    def __sub__(self, other: LogWeight) -> LogWeight:
        return self + other * -1

    def __bool__(self) -> bool:
        return bool(self.atoms)

    @staticmethod
    def combine(pairs: Iterable[tuple[Any, LogWeight]]) -> LogWeight:
        """Return the sum of coefficient * log-weight over the pairs."""
        atoms: dict[Atom, Any] = {}
        for factor, weight in pairs:
            for atom, value in weight.atoms.items():
                atoms[atom] = atoms.get(atom, 0) + value * factor
        return LogWeight(atoms)


class LogBasis:
    """The coprime base over which a family of polynomials has its logarithms."""

    def __init__(self, ring: BoltzmannRing, polynomials: Iterable[fmpz_mpoly]) -> None:
        self.ring = ring
        self._splits: dict[str, tuple[int, tuple[int, ...], fmpz_mpoly]] = {}
        cores = []
        for polynomial in polynomials:
            key = str(polynomial)
            if key not in self._splits:
                self._splits[key] = self._split(polynomial)
                cores.append(self._splits[key][2])
        self.base = tuple(coprime_base(cores))

    def _split(self, polynomial: fmpz_mpoly) -> tuple[int, tuple[int, ...], fmpz_mpoly]:
        """Write a polynomial as integer content * monomial * primitive core."""
        terms = self.ring.terms(polynomial)
        content = reduce(gcd, terms.values())
        low = tuple(min(column) for column in zip(*terms, strict=True))
        core = {
            tuple(k - m for k, m in zip(key, low, strict=True)): value // content
            for key, value in terms.items()
        }
        return content, low, self.ring.from_monomials(core)

    def log(self, polynomial: fmpz_mpoly, shift: Sequence[int], denominator: int = 1) -> LogWeight:
        """Return ln(polynomial * monomial(shift) / denominator) as an exponent vector."""
        content, low, core = self._splits[str(polynomial)]
        atoms: dict[Atom, Any] = {}
        for prime, power in [
            *fmpz(content).factor(),
            *((p, -k) for p, k in fmpz(denominator).factor()),
        ]:
            atoms["prime", int(prime)] = atoms.get(("prime", int(prime)), Fraction(0)) + int(power)
        for index, (m, s) in enumerate(zip(low, shift, strict=True)):
            atoms["power", index] = Fraction(m + s)
        for index, part in enumerate(self.base):
            while not core.is_constant() and core.gcd(part) == part:
                core = core / part
                atoms["base", index] = atoms.get(("base", index), Fraction(0)) + 1
        return LogWeight(atoms)

    def to_expr(self, weight: LogWeight) -> Expr:
        """Return a log-weight as a readable SymPy expression."""
        readable: list[tuple[Expr, Any]] = []
        atoms = dict(weight.atoms)
        for (kind, index), power in weight.atoms.items():
            if kind == "base":
                factor, centre, expression = _readable(self.ring, self.base[index])
                readable.append((expression, power))
                del atoms[kind, index]
                atoms = _absorb(atoms, factor, centre, power)
        powers = [
            (self.ring.generators[index], value)
            for (kind, index), value in sorted(atoms.items())
            if kind == "power"
        ]
        plain = [
            (generator.coupling, value) for generator, value in powers if generator.unit is None
        ]
        linear = linear_form(
            [(generator, value) for generator, value in powers if generator.unit is not None]
        )
        primes = [
            _number(value) * log(Integer(p))
            for (kind, p), value in sorted(atoms.items())
            if kind == "prime" and value != 0
        ]
        return Add(linear, *primes, _gathered(plain + readable))


def _absorb(
    atoms: dict[Atom, Any], factor: int, centre: Sequence[Fraction], power: Any
) -> dict[Atom, Any]:
    """Add ``power * (ln factor + centre . ln y)`` to the atoms."""
    extra: dict[Atom, Any] = {
        ("prime", int(prime)): int(k) * power for prime, k in fmpz(factor).factor()
    }
    extra |= {("power", index): value * power for index, value in enumerate(centre)}
    return (LogWeight(atoms) + LogWeight(extra)).atoms


def _number(value: Any) -> Expr:
    """Return a coefficient as a SymPy number."""
    return (
        Rational(value.numerator, value.denominator)
        if isinstance(value, Fraction)
        else Integer(value)
        if isinstance(value, int)
        else value
    )


def linear_form(powers: Sequence[tuple[Generator, Any]]) -> Expr:
    """Return the logarithm of a monomial: the sum over generators of power * unit * coupling,
    gathered by coupling.
    """
    gathered: dict[Expr, Expr] = {}
    for generator, power in powers:
        gathered[generator.coupling] = (
            gathered.get(generator.coupling, Integer(0)) + _number(power) * generator.unit
        )
    return Add(*[exact_number(factor) * coupling for coupling, factor in gathered.items()])


def _gathered(parts: Sequence[tuple[Expr, Any]]) -> Expr:
    """Return sum of power * ln(part) with one rational in front and a single logarithm where the
    powers are rational.
    """
    rational = [
        (part, Fraction(power)) for part, power in parts if isinstance(power, int | Fraction)
    ]
    others = [
        _number(power) * log(part) for part, power in parts if not isinstance(power, int | Fraction)
    ]
    if not rational:
        return Add(*others)
    common = Fraction(
        reduce(gcd, (p.numerator for _, p in rational)),
        reduce(lcm, (p.denominator for _, p in rational)),
    )
    if all(p <= 0 for _, p in rational):
        common = -common
    above = [Pow(part, _number(p / common)) for part, p in rational if p / common > 0]
    below = [Pow(part, _number(-p / common)) for part, p in rational if p / common < 0]
    argument = Mul(*above) if not below else Mul(Mul(*above), Pow(Mul(*below), -1))
    return Add(_number(common) * log(argument), *others)


def _readable(
    ring: BoltzmannRing, polynomial: fmpz_mpoly
) -> tuple[int, tuple[Fraction, ...], Expr]:
    """Write a polynomial as integer * monomial * (sum of hyperbolic functions and exponentials)."""
    terms = ring.terms(polynomial)
    numbers = [k for k, g in enumerate(ring.generators) if g.unit is None]
    if any(key[k] for key in terms for k in numbers):
        return 1, (Fraction(0),) * len(ring.generators), ring.to_expr(polynomial)
    centre = _best_centre(terms)
    centred = {
        tuple(Fraction(k) - c for k, c in zip(key, centre, strict=True)): value
        for key, value in terms.items()
    }
    pieces = _pair_up(centred)
    factor = reduce(gcd, (value for value, _, _ in pieces))
    rows = [Mul(Integer(value // factor), _piece(ring, kind, key)) for value, kind, key in pieces]
    return factor, centre, Add(*rows)


def _best_centre(terms: Mapping[tuple[int, ...], int]) -> tuple[Fraction, ...]:
    """Return the point about which most terms have a mirror image of the same coefficient (in
    size); the middle of the range wins ties.
    """
    keys = sorted(terms)
    middle = tuple(Fraction(min(column) + max(column), 2) for column in zip(*keys, strict=True))
    candidates = [middle]
    if _matched(terms, middle) != len(terms) and len(keys) <= 60:
        candidates += [
            tuple(Fraction(p + q, 2) for p, q in zip(a, b, strict=True))
            for k, a in enumerate(keys)
            for b in keys[k + 1 :]
            if terms[a] == terms[b]
        ]
    best = max(candidates, key=lambda centre: _matched(terms, centre))
    return (
        best
        if _matched(terms, best) >= 2
        else tuple(Fraction(column) for column in (0,) * len(middle))
    )


def _matched(terms: Mapping[tuple[int, ...], int], centre: Sequence[Fraction]) -> int:
    """Count the terms that have a mirror image about a centre."""
    return sum(
        1 for key, value in terms.items() if abs(terms.get(_mirror(key, centre), 0)) == abs(value)
    )


def _mirror(key: Sequence[int], centre: Sequence[Fraction]) -> tuple[Any, ...]:
    """Return the mirror image of an exponent vector."""
    return tuple(2 * c - k for k, c in zip(key, centre, strict=True))


def _pair_up(
    centred: Mapping[tuple[Fraction, ...], int],
) -> list[tuple[int, str, tuple[Fraction, ...]]]:
    """Return (coefficient, kind, exponent) rows: cosh and sinh for mirror pairs, exp for what has
    no partner.
    """
    rows = []
    left = dict(centred)
    for key in sorted(centred, reverse=True):
        if key not in left:
            continue
        value = left.pop(key)
        opposite = tuple(-k for k in key)
        partner = left.get(opposite)
        if partner is not None and abs(partner) == abs(value):
            del left[opposite]
            rows.append((2 * value, "cosh" if partner == value else "sinh", key))
        else:
            rows.append((value, "exp", key))
    return rows


def _piece(ring: BoltzmannRing, kind: str, key: Sequence[Fraction]) -> Expr:
    """Return cosh, sinh or exp of the exponent."""
    argument = linear_form(
        [(g, k) for k, g in zip(key, ring.generators, strict=True) if k and g.unit is not None]
    )
    return {"cosh": cosh, "sinh": sinh, "exp": exp}[kind](argument)
