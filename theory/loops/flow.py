"""Flows of local potentials near their critical dimensions.

A polynomial potential V of fields φ_1 … φ_n flows by functions of its derivatives V_ij… alone. The
coefficients come from the diagrams: of the quartic action (d_c = 4, to two loops), of the cubic one
(d_c = 6) and, to leading order, of φ^{2k} (d_c = 2k/(k-1)). Whatever the potential leaves open
(symmetry, number of components) is a choice of V.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from math import factorial
from typing import Any

from sympy import (
    Expr,
    Integer,
    Poly,
    Rational,
    Symbol,
    cancel,
    diff,
    expand,
    factor,
    gamma,
    interpolate,
    pi,
)

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.loops.exponents import WilsonFisher, any_components, coupling, distance
from neurenorm.theory.loops.logarithms import sphere
from neurenorm.theory.loops.quartic import components
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = ["cubic_anisotropy", "cubic_vertex", "exchange_number", "multicritical", "quartic_flow"]

LOOPS = symbols("loops")
U, V = LOOPS.u, LOOPS.v
_MASS = Symbol("r", real=True)


def _fields(count: int) -> tuple[Symbol, ...]:
    """φ_1 … φ_n."""
    return tuple(Symbol(f"phi_{i + 1}", real=True) for i in range(count))


@lru_cache(maxsize=1)
def _coefficients() -> tuple[Rational, Rational, Rational]:
    """Of V_ij V_ij, of V_ij V_ikl V_jkl and of γ_ij = V_iklm V_jklm, from one component.

    There V = y φ⁴/4! makes the three 6, 12 and (with φ_i γ_ij V_j) 4 times y², y³, y³ φ⁴/4!.
    """
    one = WilsonFisher(Integer(1))
    field = one.eta.coeff(coupling, 2)
    slope = one.beta.coeff(coupling, 3)
    return (
        Rational(-one.beta.coeff(coupling, 2), 6),
        Rational(slope + 2 * field, 12),
        Rational(field, 2),
    )


@exact_arguments
def quartic_flow(potential: Expr, fields: Sequence[Symbol], order: int = 2) -> Expr:
    """Return dV/dl of a quartic potential in d = 4 - ε, in units 16π² = 1.

        dV/dl = d V - (d-2)/2 φ·∂V - ½ V_ij V_ij + ½ V_ij V_ikl V_jkl - φ_i γ_ij V_j,
        γ_ij = V_iklm V_jklm/12

    Parameters
    ----------
    potential : Expr
        A polynomial of degree 4 at most, without odd powers of degree 3.
    fields : sequence of Symbol
    order : int
        Loops, 1 or 2.

    Examples
    --------
    >>> y, phi = Symbol("y"), Symbol("phi")
    >>> expand(quartic_flow(y * phi**4 / 24, [phi])).coeff(phi, 4) * 24
    epsilon*y + 17*y**3/3 - 3*y**2
    """
    bubble, eye, field = _coefficients()
    d, (second, third, fourth) = 4 - distance, _derivatives(potential, fields)
    first = {(f,): diff(potential, f) for f in fields}
    flow = d * potential - (d - 2) / 2 * sum(f * first[f,] for f in fields)
    flow -= bubble * sum(value**2 for value in second.values())
    if order == 2:
        flow += eye * sum(
            second[i, j] * third[i, k, m] * third[j, k, m]
            for i, j, k, m in product(fields, repeat=4)
        )
        flow -= field * sum(
            i * fourth[i, k, m, p] * fourth[j, k, m, p] * first[j,]
            for i, j, k, m, p in product(fields, repeat=5)
        )
    return expand(flow)


def _derivatives(potential: Expr, fields: Sequence[Symbol]) -> list[dict[tuple[Any, ...], Expr]]:
    """The tensors of second, third and fourth derivatives."""
    table: dict[tuple[Any, ...], Expr] = {(f,): diff(potential, f) for f in fields}
    found = []
    for _ in range(3):
        table = {(*key, f): diff(value, f) for key, value in table.items() for f in fields}
        found.append(table)
    return found


def _cubic_potential(count: int) -> tuple[Expr, tuple[Symbol, ...]]:
    """The quartic potential with cubic symmetry and a mass."""
    fields = _fields(count)
    square, fourth = sum(f**2 for f in fields), sum(f**4 for f in fields)
    return _MASS * square / 2 + U * square**2 / 24 + V * fourth / 24, fields


def _cubic_slopes(count: int, order: int) -> tuple[Expr, Expr, Expr]:
    """du/dl, dv/dl and the growth of the mass, for a number of components."""
    potential, fields = _cubic_potential(count)
    flow = Poly(quartic_flow(potential, fields, order), *fields)

    def power(*powers: int) -> Expr:
        """The coefficient of a monomial in the first two fields."""
        monomial = [*powers, *[0] * (count - 2)]
        return flow.coeff_monomial(monomial)

    u = 12 * power(2, 2)
    return expand(u), expand(24 * power(4, 0) - u), expand(2 * power(2, 0).coeff(_MASS, 1))


@lru_cache(maxsize=2)
def cubic_anisotropy(order: int = 1) -> tuple[Expr, Expr, Expr]:
    """Return du/dl, dv/dl and 1/ν(u, v) of (u/4!)(φ·φ)² + (v/4!) Σ φ_i⁴ for any n, in units
    8π² = 1.

    Every closed loop of components gives a power of n, so that a flow of so many loops is found
    from as many numbers of components, and one more, by interpolation.

    Examples
    --------
    >>> du, dv, inverse = cubic_anisotropy()
    >>> factor(du)
    -u*(-6*epsilon + n*u + 8*u + 6*v)/6
    """
    counts = range(2, 3 + order)
    rows = [_cubic_slopes(count, order) for count in counts]
    halved = {U: U / 2, V: V / 2}  # 16π² = 1 becomes 8π² = 1
    du, dv, inverse = (
        _interpolated([expand(row[i].xreplace(halved)) for row in rows], counts) for i in range(3)
    )
    return expand(2 * du), expand(2 * dv), expand(inverse)


def _interpolated(values: Sequence[Expr], counts: Sequence[int]) -> Expr:
    """A polynomial in n through the coefficients at some numbers of components."""
    letters = (U, V, distance)
    tables = [Poly(value, *letters).as_dict() for value in values]
    total: Expr = Integer(0)
    for powers in sorted(set().union(*tables)):
        points = [(c, t.get(powers, Integer(0))) for c, t in zip(counts, tables, strict=True)]
        monomial = Integer(1)
        for letter, power in zip(letters, powers, strict=True):
            monomial *= letter**power
        total += factor(interpolate(points, components)) * monomial
    return total


@lru_cache(maxsize=1)
def exchange_number() -> Expr:
    """Return n_c to first order in ε, where the cubic point takes over from the isotropic one.

    There the slope of dv/dl at v = 0 and u = u* vanishes; two loops fix the first correction.

    Examples
    --------
    >>> exchange_number()
    4 - 2*epsilon
    """
    _, dv, _ = cubic_anisotropy(2)
    slope = diff(dv, V).subs(V, 0).subs(U, 2 * any_components().fixed_point)
    one, two = (expand(slope).coeff(distance, k) for k in (1, 2))
    (start,) = Poly(cancel(one * (components + 8)), components).all_roots()
    step = -two.subs(components, start) / diff(one, components).subs(components, start)
    return start + cancel(step) * distance


def cubic_fixed_points() -> dict[str, dict[Symbol, Expr]]:
    """Return the fixed points (u, v) to first order in ε, beside the trivial one, by name."""
    du, dv, _ = cubic_anisotropy(1)
    first, second = (cancel(expand(beta / letter)) for beta, letter in ((du, U), (dv, V)))
    ising = cancel(distance / -diff(second, V))
    heisenberg = cancel(distance / -diff(first, U))
    matrix = [[diff(row, letter) for letter in (U, V)] for row in (first, second)]
    determinant = matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0]
    u = -distance * (matrix[1][1] - matrix[0][1]) / determinant
    v = -distance * (matrix[0][0] - matrix[1][0]) / determinant
    return {
        "Ising": {U: Integer(0), V: ising},
        "Heisenberg": {U: factor(heisenberg), V: Integer(0)},
        "cubic": {U: factor(cancel(u)), V: factor(cancel(v))},
    }


def cubic_eigenvalues(point: Mapping[Symbol, Expr]) -> tuple[Expr, Expr]:
    """Return the two eigenvalues of the flow at a fixed point; one of them is -ε."""
    du, dv, _ = cubic_anisotropy(1)
    at = dict(point)
    trace = cancel((diff(du, U) + diff(dv, V)).subs(at))
    return factor(trace + distance), -distance


def cubic_vertex(second: Expr, third: Expr) -> dict[str, Expr]:
    """Return exponents of (g/3!) d_ijk φ_i φ_j φ_k in d = 6 - ε, to one loop.

    One shell adds ½ tr ln(1 + V''): of its expansion the third power is marginal, (1/6) tr V''³,
    and the momentum dependence of the second renormalises the field: a bubble of momentum p has the
    part (-1 + 4/d) p² per logarithm, which makes ½ dZ/dl = (1 - 4/d)/4 d_ikl d_jkl g².

    Parameters
    ----------
    second, third : Expr
        T2 and T3: d_ikl d_jkl = T2 δ_ij, and the triangle of three vertices is T3 d_ijk.

    Examples
    --------
    >>> cubic_vertex(Integer(1), Integer(1))["eta"]
    -epsilon/9
    """
    field = 2 * (1 - Rational(4, 6)) / 4 * second  # dln Z/dl over g²
    vertex, mass = 6 * Rational(1, 6) * third, 2 * 3 * Rational(1, 6) * second
    square = cancel(distance / 2 / (Rational(3, 2) * field - vertex))
    return {
        "eta": factor(cancel(field * square)),
        "nu_inverse": 2 + factor(cancel((mass - field) * square)),
        "coupling_squared": factor(square),
    }


def potts_invariants(q: Expr) -> tuple[Expr, Expr]:
    """Return T2 and T3 of d_ijk = Σ_α e_i^α e_j^α e_k^α, with the q vectors of a simplex.

    Their products are δ_αβ - 1/q and their sum is zero, so in a loop of m vertices only terms in
    which all its colours agree survive: 1 - m/q.

    Examples
    --------
    >>> potts_invariants(Integer(4))
    (1/2, 1/4)
    """
    return 1 - 2 / q, 1 - 3 / q


def multicritical(half: Expr, power: Expr) -> dict[str, Expr]:
    """Return coupling, ω and the dimension of φ^j at (λ/(2k)!) φ^{2k}, d = 2k/(k-1) - ε.

    dV/dl = dV - (d-2)/2 φV' - s (V^(k))²/k! with s = ½ S_d A^k, where the massless propagator is
    A/x^{d-2}.

    Parameters
    ----------
    half, power : Expr
        k ≥ 2 and j ≥ 1, integers.

    Examples
    --------
    >>> multicritical(Integer(3), Integer(4))["dimension"]
    2 - 6*epsilon/5
    """
    k, j, d = int(half), int(power), Rational(2 * int(half), int(half) - 1)
    amplitude = gamma(d / 2 - 1) / (4 * pi ** (d / 2))
    loop = sphere(d) * amplitude**k / 2
    square = Rational(factorial(2 * k), factorial(k) ** 3) * loop  # of λ² in dλ/dl
    point = (k - 1) * distance / square
    mixing = Rational(factorial(j), factorial(j - k)) if j >= k else Integer(0)
    shift = 2 * loop * point * mixing / factorial(k) ** 2
    return {
        "coupling": point,
        "omega": (k - 1) * distance,
        "dimension": expand(j * (d - distance - 2) / 2 + shift),
    }


def long_range() -> dict[str, Expr]:
    """Return exponents of the O(n) quartic action with a precision k^σ in d = 2σ - ε.

    The bubble is a logarithm at d = 2σ too, and its weights in the mass and in the vertex are those
    of the short range: their ratio is the first-order shift of 1/ν.

    Examples
    --------
    >>> factor(long_range()["nu_inverse"] - LOOPS.sigma)
    -epsilon*(n + 2)/(n + 8)
    """
    theory = any_components()
    mass, vertex = theory.nu_inverse.coeff(coupling, 1), theory.beta.coeff(coupling, 2)
    return {
        "nu_inverse": LOOPS.sigma - factor(cancel(mass / vertex)) * distance,
        "eta": 2 - LOOPS.sigma,
    }


def long_range_derivation() -> Derivation:
    """Return the ratio of the weights of the bubble in the mass and in the vertex."""
    theory = any_components()
    mass, vertex = theory.nu_inverse.coeff(coupling, 1), theory.beta.coeff(coupling, 2)
    step = Step(
        "weights of the bubble in the mass and in the vertex",
        mass / vertex,
        factor(cancel(mass / vertex)),
        r"\frac{\sigma - 1/\nu}{\epsilon}",
    )
    return Derivation("exponents of a long-range action", (step,))


def cubic_derivation() -> Derivation:
    """Return the two beta functions at the mixed fixed point."""
    du, dv, _ = cubic_anisotropy(1)
    point = cubic_fixed_points()["cubic"]
    steps = (
        Step("the isotropic coupling at rest", (du / U).subs(point), Integer(0), r"\dot u/u"),
        Step("the anisotropic coupling at rest", (dv / V).subs(point), Integer(0), r"\dot v/v"),
    )
    return Derivation("the fixed point with both couplings", steps)


def cubic_vertex_derivation() -> Derivation:
    """Return the momentum dependence of a bubble at six dimensions, from its two routings."""
    d = Integer(6)
    step = Step(
        "part of second order in p of the bubble, from lines q, q+p and from q-p/2, q+p/2",
        -1 + 4 / d,
        -Rational(1, 2) + 1 / d,
        "B_2",
    )
    return Derivation("renormalisation of the field by a cubic vertex", (step,))


def multicritical_derivation(k: int) -> Derivation:
    """Return the loop of k massless lines per logarithm."""
    d, point = Rational(2 * k, k - 1), multicritical(Integer(k), Integer(1))["coupling"]
    loop = sphere(d) * (gamma(d / 2 - 1) / (4 * pi ** (d / 2))) ** k / 2
    square = Rational(factorial(2 * k), factorial(k) ** 3) * loop
    step = Step("the coupling at rest", (k - 1) * distance, square * point, r"\epsilon_\lambda")
    return Derivation("leading order of a multicritical point", (step,))
