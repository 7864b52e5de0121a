"""Certified real roots: all those of a polynomial with their multiplicities, and the only one of a
function in a bracket.

A multiple root of a polynomial cannot be told from a close pair by numbers, but its multiplicity
can be read off the exact factorisation; the simple roots of the factors are then isolated in balls.
For other functions an interval Newton (Krawczyk) step proves that a root exists and that it is the
only one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flint import arb, fmpz_poly
from sympy import CoercionFailed, Expr, Poly, PolynomialError, Rational, Symbol, oo

from neurenorm.graphs.arguments import listed
from neurenorm.numerics.balls import precision, proved_digits
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.inputs import ball, check_counts, search_bits
from neurenorm.numerics.solve.intervals import Isolation, NotCertified, System, isolate
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["certified_root", "real_roots"]


@exact_arguments
def real_roots(
    polynomial: Expr | Poly,
    symbol: Symbol,
    interval: tuple[Any, Any] | None = None,
    digits: int = 30,
) -> tuple[tuple[arb, int], ...]:
    """All real roots of a polynomial with rational coefficients, each with its multiplicity.

    The polynomial is factored over the rationals and the roots of each irreducible factor, which
    are simple, are isolated.

    Parameters
    ----------
    polynomial : Expr or Poly
        In one symbol, with rational coefficients.
    symbol : Symbol
    interval : (low, high), optional
        Only the roots in this closed interval; its ends are rational, or −∞ and ∞.
    digits : int
        Significant digits of each root.

    Returns
    -------
    tuple of (arb, int)
        Disjoint enclosures in increasing order, and the multiplicities.

    Raises
    ------
    ValueError
        If it is not such a polynomial, is zero, or the interval has no rational ends in order.

    Examples
    --------
    >>> x = Symbol("x")
    >>> [
    ...     (root.str(10, radius=False), times)
    ...     for root, times in real_roots((x**2 - 2) ** 3 * (x - 1), x, (0, oo))
    ... ]
    [('1.000000000', 1), ('1.414213562', 3)]
    """
    check_counts(digits=digits)
    low, high = _rational_ends(interval)
    _, factors = _rational_polynomial(polynomial, symbol).factor_list()
    bits = search_bits(digits)
    while True:
        with precision(bits):
            found = [
                _FactorRoot(root, times, exact)
                for factor, times in factors
                for root, exact in _factor_roots(factor)
            ]
            found.sort(key=lambda root: root.value.mid())
            places = [root.place(low, high) for root in found]
            apart = all(bool(one.value < other.value) for one, other in pairwise(found))
            if (
                apart
                and None not in places
                and all(proved_digits(root.value) >= digits for root in found)
            ):
                return tuple(
                    (root.value, root.times)
                    for root, inside in zip(found, places, strict=True)
                    if inside
                )
        bits *= 2


@exact_arguments
def certified_root(
    function: Expr, symbol: Symbol, bracket: tuple[Any, Any], digits: int = 30
) -> arb:
    """The root of a function in a bracket, proved to exist there and to be the only one.

    Ball arithmetic discards the parts of the bracket where the function does not vanish and proves
    by an interval Newton step that one part holds exactly one root, where the function changes sign
    with a slope that is not zero.

    Parameters
    ----------
    function : Expr
        In one symbol, differentiable all over the bracket.
    symbol : Symbol
    bracket : (low, high)
        Finite numbers.
    digits : int
        Significant digits wanted.

    Returns
    -------
    arb

    Raises
    ------
    NotCertified
        If there is no root in the bracket, more than one, a part of it that cannot be decided (a
        double root, a singularity), or if fewer digits can be proved.
    ValueError
        If the expression has other symbols or the bracket is not an interval.

    Examples
    --------
    The square lattice of Ising spins is critical where sinh 2K = 1:

    >>> from sympy import sinh
    >>> K = Symbol("K", positive=True)
    >>> certified_root(sinh(2 * K) - 1, K, (0, 1), digits=30).str(30, radius=False)
    '0.440686793509771512616304662490'
    """
    check_counts(digits=digits)
    function = expression_of(function)
    if others := function.free_symbols - {symbol}:
        raise ValueError(
            f"the function may hold no symbol but {symbol}; it holds "
            f"{', '.join(sorted(map(str, others)))}"
        )
    least = search_bits(digits)
    values, slope = (
        compiled([function], [symbol], target="ball"),
        compiled([function.diff(symbol)], [symbol], target="ball"),
    )
    system = System(lambda box: values(*box), lambda box: [slope(*box)])
    for bits in (least, 2 * least, 4 * least):
        with precision(bits):
            root = _only_root(function, system, bracket)
            proved = proved_digits(root)
        if proved >= digits:
            return root
    raise NotCertified(
        f"{digits} digits were asked for, but only {proved} can be proved of the root of {function}"
    )


def _only_root(function: Expr, system: System, bracket: tuple[Any, Any]) -> arb:
    """The single root in a bracket at the current precision, or an error that says what was found
    instead.
    """
    low, high = (ball(end) for end in listed(bracket, "the ends of a bracket", 2)[:2])
    if not low < high:
        raise ValueError(f"a bracket must have low < high, got {bracket}")
    found = isolate(system, (arb((low + high) / 2, (high - low) / 2),))
    roots = [root.box[0] for root in found.roots if not (root.box[0] < low or root.box[0] > high)]
    _refuse_unless_unique(function, bracket, roots, found)
    return roots[0]


def _refuse_unless_unique(
    function: Expr, bracket: tuple[Any, Any], roots: list[arb], found: Isolation
) -> None:
    """Raise unless there is exactly one root and nothing is in doubt."""
    place = f"{function} in [{bracket[0]}, {bracket[1]}]"
    if len(roots) > 1:
        listed = ", ".join(sorted(root.str(6, radius=False) for root in roots))
        raise NotCertified(
            f"the root of {place} is not unique: there are roots at {listed}; narrow the bracket"
        )
    if found.undecided:
        doubt = ", ".join(box[0].str(6) for box in found.undecided[:4])
        raise NotCertified(
            f"could not decide whether {place} has a root at {doubt}: a multiple root, or a "
            "singularity of the function"
        )
    if not roots:
        raise NotCertified(f"{place} has no root: its sign does not change")


@dataclass(frozen=True)
class _FactorRoot:
    """A real root of an irreducible factor: its ball, its multiplicity, and the number itself where
    it is rational.
    """

    value: arb
    times: int
    exact: Rational | None

    def place(self, low: Expr, high: Expr) -> bool | None:
        """Whether the root is in an interval with rational ends; None if the precision does not
        tell.
        """
        if self.exact is not None:
            return bool(low <= self.exact <= high)
        if any(end.is_finite and self.value.overlaps(ball(end)) for end in (low, high)):
            return None
        return (low == -oo or bool(self.value > ball(low))) and (
            high == oo or bool(self.value < ball(high))
        )


def _factor_roots(factor: Poly) -> list[tuple[arb, Rational | None]]:
    """The real roots of an irreducible polynomial at the current precision; only one of first
    degree has a rational root.
    """
    if factor.degree() == 1:
        slope, offset = factor.all_coeffs()
        return [(ball(-offset / slope), -offset / slope)]
    _, cleared = factor.clear_denoms(convert=True)
    coefficients = [int(c) for c in reversed(cleared.all_coeffs())]
    return [
        (root.real, None)
        for root, _ in fmpz_poly(coefficients).complex_roots()
        if root.imag.is_zero()
    ]


def _rational_polynomial(polynomial: Expr | Poly, symbol: Symbol) -> Poly:
    """The polynomial over the rationals, checked."""
    try:
        exact = Poly(
            polynomial.as_expr() if isinstance(polynomial, Poly) else expression_of(polynomial),
            symbol,
            domain="QQ",
        )
    except (PolynomialError, CoercionFailed) as fault:
        raise ValueError(
            f"a polynomial in {symbol} with rational coefficients is needed, not {polynomial}"
        ) from fault
    if exact.is_zero:
        raise ValueError("every number is a root of the zero polynomial")
    return exact


def _rational_ends(interval: tuple[Any, Any] | None) -> tuple[Expr, Expr]:
    """The ends of an interval as exact numbers, checked."""
    low, high = (expression_of(end) for end in (interval or (-oo, oo)))
    if (
        not all(isinstance(end, Rational) or end in (-oo, oo) for end in (low, high))
        or not low <= high
    ):
        raise ValueError(
            f"an interval needs rational ends (or -oo, oo) in increasing order, got {interval}"
        )
    return low, high
