"""The Wilsonian step of a local polynomial action, to one loop, with the couplings that it generates.

Modes with 1/b < q < 1 are summed out around the slow fields, which gives ½ tr ln(1 + V''), and
momenta and fields are rescaled:

    V'(φ) = b^d [ V + ½ Σ_k (-1)^{k+1}/k A_k tr W^k ](b^{-(d-2)/2} φ),        W = V'' - r,

with r the mass and A_k = ∫ q^{d-1}/(q² + r)^k dq over the shell, in units K_d = S_d/(2π)^d = 1. The
powers of the fields that the bracket holds up to a degree, and V did not, are generated couplings:
they are named and take part in the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from sympy import (
    Expr,
    Function,
    Integer,
    Integral,
    Matrix,
    Poly,
    Rational,
    S,
    Symbol,
    diff,
    expand,
    zeros,
)
from sympy.core.evalf import prec_to_dps

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.recursion.recursion import Recursion

__all__ = ["Shell", "WilsonStep", "wilson_step"]

_MOST_COUPLINGS = 40


class Shell(Function):
    """A(k, r, d, b) = ∫_{1/b}^1 q^{d-1}/(q² + r)^k dq.

    Examples
    --------
    >>> r = Symbol("r")
    >>> diff(Shell(1, r, 4, 2), r)
    -Shell(2, r, 4, 2)
    >>> Shell(1, 0, 4, 2).evalf(6)
    0.375000
    """

    nargs = 4

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative with respect to the mass."""
        k, r, d, b = self.args
        if argindex == 2:
            return -k * Shell(k + 1, r, d, b)
        raise NotImplementedError("a shell is differentiated with respect to its mass")

    def _eval_evalf(self, prec: int) -> Expr | None:
        """The integral by quadrature, where all arguments are numbers."""
        if not all(argument.is_number for argument in self.args):
            return None
        k, r, d, b = self.args
        q = Symbol("q", positive=True)
        integral = Integral(q ** (d - 1) / (q**2 + r) ** k, (q, 1 / b, 1))
        return integral.evalf(prec_to_dps(prec))

    def _latex(self, printer: Any) -> str:
        return rf"A_{{{printer._print(self.args[0])}}}"


@dataclass(frozen=True)
class WilsonStep:
    """One step of scale of a potential.

    Parameters
    ----------
    recursion : Recursion
        Of all couplings, in terms of `Shell` integrals.
    flow : tuple of Expr
        The infinitesimal step, dg/dl of every coupling.
    potential : Expr
        With the generated couplings.
    generated : tuple of Symbol
        The couplings that the given action did not have.
    """

    recursion: Recursion
    flow: tuple[Expr, ...]
    potential: Expr
    generated: tuple[Symbol, ...]


@exact_arguments
def wilson_step(
    potential: Expr,
    fields: Sequence[Symbol],
    *,
    degree: int,
    dimension: Expr | int,
    scale: Expr | int = 2,
) -> WilsonStep:
    """Return the step of a potential, closed under powers of the fields up to a degree.

    Parameters
    ----------
    potential : Expr
        A polynomial in the fields, linear in its couplings, without a constant.
    fields : sequence of Symbol
    degree : int
        Highest power of the fields that is kept.
    dimension, scale : Expr or int
        d and b; any b above 1.

    Raises
    ------
    ValueError
        If b is not above 1, the potential is no polynomial of the degree, is not linear in its
        couplings, or the fields have different masses.

    Examples
    --------
    >>> u, phi = Symbol("u", real=True), Symbol("phi", real=True)
    >>> step = wilson_step(u * phi**4, [phi], degree=6, dimension=3)
    >>> step.generated
    (g2, g6)
    >>> step.flow[0]
    15*g6/(g2 + 1) - 36*u**2/(g2 + 1)**2 + u
    """
    if getattr(scale, "is_number", True) and not scale > 1:
        raise ValueError(f"b must exceed 1, got {scale}")
    given = tuple(sorted(potential.free_symbols - set(fields), key=lambda s: s.name))
    basis = {g: expand(diff(potential, g)) for g in given}
    _refuse_other_forms(potential, basis, fields, degree)
    while True:
        left_over, _ = _resolved(_loop_part(basis, fields, degree), basis, fields)
        if not left_over:
            break
        basis |= _named(left_over, fields, basis)
        if len(basis) > _MOST_COUPLINGS:
            raise ValueError(
                f"more than {_MOST_COUPLINGS} couplings are generated: lower the degree or give the "
                "action a symmetry"
            )
    return _step(basis, given, fields, degree, dimension, scale)


def _refuse_other_forms(
    potential: Expr, basis: dict[Symbol, Expr], fields: Sequence[Symbol], degree: int
) -> None:
    """Refuse what is no sum of couplings times polynomials."""
    if not potential.is_polynomial(*fields):
        raise ValueError("the potential must be a polynomial in the fields")
    if expand(potential - sum(g * form for g, form in basis.items())) != 0:
        raise ValueError("the potential must be a sum of couplings, each times a polynomial")
    for g, form in basis.items():
        orders = {sum(powers) for powers in Poly(form, *fields).monoms()}
        if form.free_symbols - set(fields) or len(orders) != 1:
            raise ValueError(f"the coupling {g} must stand before one power of the fields")
        if not 1 <= max(orders) <= degree:
            raise ValueError(f"the coupling {g} is beyond the degree {degree} that is kept")


def _mass(basis: dict[Symbol, Expr], fields: Sequence[Symbol]) -> Expr:
    """r, where V''(0) = r for all fields."""
    potential = sum(g * form for g, form in basis.items())
    at_zero = dict.fromkeys(fields, 0)
    second = Matrix([[diff(potential, a, b).subs(at_zero) for b in fields] for a in fields])
    if second != second[0, 0] * Matrix.eye(len(fields)):
        raise ValueError("fields of different masses: the shell is that of one mass, give one")
    return second[0, 0]


def _loop_part(
    basis: dict[Symbol, Expr], fields: Sequence[Symbol], degree: int
) -> list[tuple[int, Poly]]:
    """½ (-1)^{k+1}/k tr W^k up to the degree, for each power k."""
    potential = sum(g * form for g, form in basis.items())
    mass = _mass(basis, fields)
    size = len(fields)
    second = [[expand(diff(potential, a, b)) for b in fields] for a in fields]
    w = Matrix(size, size, lambda i, j: second[i][j] - (mass if i == j else 0))
    power, found = Matrix.eye(size), []
    for k in range(1, degree + 1):
        power = (power * w).applyfunc(lambda e: _cut(e, fields, degree))
        trace = expand(power.trace() * Rational((-1) ** (k + 1), 2 * k))
        if power == zeros(size, size):
            break
        if trace != 0:
            found.append((k, Poly(trace, *fields)))
    return found


def _monomial(symbols: Sequence[Symbol], powers: Sequence[int]) -> Expr:
    """A product of powers of symbols."""
    return prod((s**p for s, p in zip(symbols, powers, strict=True)), start=S.One)


def _cut(expression: Expr, fields: Sequence[Symbol], degree: int) -> Expr:
    """A polynomial without powers beyond the degree."""
    terms = Poly(expand(expression), *fields).terms()
    total: Expr = Integer(0)
    for powers, value in terms:
        if sum(powers) <= degree:
            total += value * _monomial(fields, powers)
    return total


def _resolved(
    parts: list[tuple[int, Poly]], basis: dict[Symbol, Expr], fields: Sequence[Symbol]
) -> tuple[list[Expr], dict[Symbol, dict[int, Expr]]]:
    """The forms that the basis lacks, and for each coupling its part at every power k."""
    letters = tuple(basis)
    found: dict[Symbol, dict[int, Expr]] = {g: {} for g in letters}
    lacking: list[Expr] = []
    for k, part in parts:
        by_couplings: dict[tuple[int, ...], Expr] = {}
        for powers, value in part.terms():
            monomial = _monomial(fields, powers)
            if monomial == 1:
                continue
            for chosen, number in Poly(value, *letters).terms():
                by_couplings[chosen] = by_couplings.get(chosen, S.Zero) + number * monomial
        for chosen, form in sorted(by_couplings.items(), key=lambda item: item[0]):
            for degree_part in _homogeneous(form, fields):
                weights = _combination(degree_part, basis, fields)
                if weights is None:
                    lacking.append(degree_part)
                    continue
                coupling = _monomial(letters, chosen)
                for g, weight in weights.items():
                    found[g][k] = found[g].get(k, S.Zero) + weight * coupling
    return lacking, found


def _homogeneous(form: Expr, fields: Sequence[Symbol]) -> list[Expr]:
    """The parts of a polynomial of each total degree."""
    parts: dict[int, Expr] = {}
    for powers, value in Poly(form, *fields).terms():
        monomial = value * _monomial(fields, powers)
        parts[sum(powers)] = parts.get(sum(powers), S.Zero) + monomial
    return [parts[d] for d in sorted(parts)]


def _combination(
    form: Expr, basis: dict[Symbol, Expr], fields: Sequence[Symbol]
) -> dict[Symbol, Expr] | None:
    """The weights of the basis forms that sum to a form, None if none do."""
    wanted = Poly(form, *fields)
    degree = wanted.total_degree()
    same = {g: p for g, e in basis.items() if (p := Poly(e, *fields)).total_degree() == degree}
    monomials = sorted({m for p in (wanted, *same.values()) for m in p.monoms()})
    matrix = Matrix([[p.coeff_monomial(m) for p in same.values()] for m in monomials])
    right = Matrix([wanted.coeff_monomial(m) for m in monomials])
    if not same or matrix.row_join(right).rank() > matrix.rank():
        return None
    solution = matrix.gauss_jordan_solve(right)[0]
    return {g: value for g, value in zip(same, solution, strict=True) if value != 0}


def _named(
    forms: list[Expr], fields: Sequence[Symbol], basis: dict[Symbol, Expr]
) -> dict[Symbol, Expr]:
    """Forms that are new, each with a coupling g and its degree; a mass stands before φ²/2."""
    found: dict[Symbol, Expr] = {}
    for form in forms:
        if _combination(form, {**basis, **found}, fields) is not None:
            continue
        poly = Poly(form, *fields)
        degree = poly.total_degree()
        unit = poly.monic().as_expr() / (2 if degree == 2 else 1)
        names = {g.name for g in (*basis, *found)}
        name = next(
            n
            for n in (f"g{degree}{suffix}" for suffix in ("", *"abcdefghijklmnopqrstuvwxyz"))
            if n not in names
        )
        found[Symbol(name, real=True)] = unit
    return found


def _step(
    basis: dict[Symbol, Expr],
    given: tuple[Symbol, ...],
    fields: Sequence[Symbol],
    degree: int,
    dimension: Expr | int,
    scale: Expr | int,
) -> WilsonStep:
    """The finite and the infinitesimal step of a closed set of couplings."""
    _, parts = _resolved(_loop_part(basis, fields, degree), basis, fields)
    mass = _mass(basis, fields)
    d, b = Integer(dimension) if isinstance(dimension, int) else dimension, scale
    steps, flows = [], []
    for g, form in basis.items():
        power = Poly(form, *fields).total_degree()
        weight = d - power * (d - 2) / 2
        shells = sum(v * Shell(k, mass, d, b) for k, v in parts[g].items())
        thin = sum(v / (1 + mass) ** k for k, v in parts[g].items())
        steps.append(b**weight * (g + shells))
        flows.append(weight * g + thin)
    generated = tuple(g for g in basis if g not in given)
    potential = sum(g * form for g, form in basis.items())
    recursion = Recursion(tuple(basis), tuple(steps), b)
    return WilsonStep(recursion, tuple(flows), potential, generated)
