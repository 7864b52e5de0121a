"""Exact fixed points: those of a recursion that is rational in its variables.

In one variable u = R(u) is a polynomial equation; its factors over the rationals give the fixed
points in closed form, and the linearised step is reduced modulo the same factor, so that an
eigenvalue is a polynomial in the fixed point with rational coefficients. In several variables a
common factor g of all numerators of R(u) - u is a continuum of fixed points, and those off it are
the zeros of (R(u) - u)/g. What has no closed form is left to
`neurenorm.numerics.solve.fixed_points`, which encloses it.
"""

from __future__ import annotations

from functools import lru_cache, reduce

from sympy import (
    CRootOf,
    Expr,
    Integer,
    Interval,
    Poly,
    Symbol,
    cancel,
    expand,
    factor_list,
    fraction,
    gcd,
    invert,
    log,
    oo,
    radsimp,
    rem,
    roots,
    together,
)
from sympy.sets import Set

from neurenorm.theory.algebra.polynomials import cancelled
from neurenorm.theory.recursion.recursion import Chart, FixedPoint, Recursion

__all__ = [
    "continua",
    "continuum_factors",
    "exact_fixed_points",
    "fixed_point_equation",
    "off_continua",
]

COMPACT = Interval(-1, 1)


def fixed_point_equation(recursion: Recursion) -> tuple[Expr, ...]:
    """Return the irreducible factors of the fixed-point equation of a one-variable rational
    recursion, without multiplicity.

    Parameters
    ----------
    recursion : Recursion
        With one state variable u and a step that is a rational function of it (parameters may be
        symbols).

    Raises
    ------
    ValueError
        If there is more than one variable or the step is not rational.

    Examples
    --------
    >>> t = Symbol("t", real=True)
    >>> fixed_point_equation(Recursion((t,), (t**2,), Integer(2)))
    (t, t - 1)
    """
    (u,), (step,) = _single(recursion)
    if not step.is_rational_function(u):
        raise ValueError(
            f"the step {step} is not a rational function of {u}; change variables first "
            "(Recursion.in_chart)"
        )
    numerator, _ = fraction(cancel(together(step - u)))
    if numerator == 0:
        raise ValueError("every point is a fixed point: the step is the identity")
    _, factors = factor_list(numerator, u, *sorted(numerator.free_symbols - {u}, key=str))
    return tuple(
        sorted(
            (factor for factor, _ in factors if factor.has(u)),
            key=lambda f: (Poly(f, u).degree(), str(f)),
        )
    )


def exact_fixed_points(
    recursion: Recursion, domain: Set | None = None, chart: Chart | None = None
) -> tuple[FixedPoint, ...]:
    """Return the real fixed points of a one-variable recursion in closed form, infinity included.

    Parameters
    ----------
    recursion : Recursion
        One state variable.
    domain : sympy Set, optional
        Where fixed points are looked for, in the variable in which the step is rational; by default
        [-1, 1] in a given chart, else the real line.
    chart : Chart, optional
        A change of variable that makes the step rational. Points are returned in the recursion's
        own variable, where a chart such as tanh maps infinity to a finite point; eigenvalues do not
        depend on the chart at finite points, and belong to the chart's variable at infinity.

    Returns
    -------
    tuple of FixedPoint
        Sorted by their place in the chart. Roots of factors of degree one and two are closed
        expressions, those of higher degree without parameters are algebraic numbers (``CRootOf``);
        both have the status ``exact``. Where the step is the identity, the one answer has the
        status ``continuum``.

    Examples
    --------
    >>> K, t = Symbol("K", real=True), Symbol("t", real=True)
    >>> from sympy import cosh
    >>> chain = Recursion((K,), (log(cosh(2 * K)) / 2,), Integer(2))
    >>> [
    ...     (p.point[0], p.eigenvalues[0])
    ...     for p in exact_fixed_points(chain, Interval(0, 1), Chart.tanh(K, t))
    ... ]
    [(0, 0), (oo, 2)]
    """
    rational = recursion if chart is None else recursion.in_chart(chart)
    (u,), (step,) = _single(rational)
    if cancel(step - u) == 0:
        return continua(recursion)
    region = domain if domain is not None else (Interval(-oo, oo) if chart is None else COMPACT)
    found = []
    for factor in fixed_point_equation(rational):
        for root in _real_roots(factor, u):
            inside = region.contains(root)
            if inside not in (True, False):
                raise ValueError(
                    f"whether the fixed point {root} lies in {region} depends on its symbols; put "
                    "numbers for them, or give a larger domain"
                )
            if inside:
                found.append((root, _eigenvalue(step, u, factor, root)))
    found.sort(key=lambda pair: pair[0].evalf() if pair[0].is_number else Integer(0))
    return tuple(_fixed_point(recursion, chart, u, root, value) for root, value in found)


def continua(recursion: Recursion) -> tuple[FixedPoint, ...]:
    """Return the surfaces of fixed points of a rational recursion: the factors that all equations
    R(u) = u have in common.

    Parameters
    ----------
    recursion : Recursion
        Any number of variables. A step that is not rational has no factors; the answer is then
        empty.

    Returns
    -------
    tuple of FixedPoint
        With the status ``continuum``. Where the factor can be solved for one variable, the point is
        the family in the others, and the eigenvalues are the one across it and the ones along it
        (1, as the step moves no point of the family); otherwise the message holds the equation.

    Examples
    --------
    Without coupling any field stays as it is:

    >>> x, y = Symbol("x", positive=True), Symbol("y", positive=True)
    >>> step = ((x**2 * y + x * y**2 + x + y) / (x * (y + 1) ** 2), y * (x * y + 1) / (x + y))
    >>> [(line.point, line.eigenvalues) for line in continua(Recursion((x, y), step, Integer(2)))]
    [((1, y), (0, 1))]
    """
    return tuple(_family(recursion, factor) for factor in continuum_factors(recursion))


def continuum_factors(recursion: Recursion) -> tuple[Expr, ...]:
    """Return the irreducible polynomials whose zeros are the continua of a rational recursion, in
    the order of `continua`: 0 for the identity.

    A factor that the assumptions of the symbols keep from vanishing (x + 1 for a positive x) is
    left out.

    Examples
    --------
    >>> x, y = Symbol("x"), Symbol("y")
    >>> continuum_factors(Recursion((x, y), (x + x * (y - 2), y + x * (y + 1)), Integer(2)))
    (x,)
    """
    _, common = _residuals(recursion)
    if common == 0:
        return (Integer(0),)
    factors = (factor for factor, _ in factor_list(common)[1] if factor.has(*recursion.state))
    return tuple(sorted((factor for factor in factors if factor.is_zero is not False), key=str))


def off_continua(recursion: Recursion) -> tuple[Expr, ...]:
    """Return R(u) - u, divided by what all its numerators have in common: it vanishes at the fixed
    points off every continuum.

    A step that is not rational is left as it is.

    Examples
    --------
    >>> x, y = Symbol("x"), Symbol("y")
    >>> off_continua(Recursion((x, y), (x + x * (y - 2), y + x * (y + 1)), Integer(2)))
    (y - 2, y + 1)
    """
    residuals, common = _residuals(recursion)
    if common in (0, 1):
        return tuple(new - old for new, old in zip(recursion.step, recursion.state, strict=True))
    return tuple(cancelled(residual / common) for residual in residuals)


@lru_cache(maxsize=64)
def _residuals(recursion: Recursion) -> tuple[tuple[Expr, ...], Expr]:
    """Return R(u) - u as quotients and the factor that all their numerators share: 1 for a step
    that is not rational, 0 for the identity.
    """
    if not all(step.is_rational_function(*recursion.state) for step in recursion.step):
        return (), Integer(1)
    rational = tuple(
        cancelled(together(new - old))
        for new, old in zip(recursion.step, recursion.state, strict=True)
    )
    if len(rational) == 1:  # a factor in one variable has single points for zeros
        return rational, Integer(1) if rational[0] else Integer(0)
    return rational, reduce(gcd, [fraction(together(residual))[0] for residual in rational])


def _family(recursion: Recursion, factor: Expr) -> FixedPoint:
    """Return the continuum on which one irreducible factor vanishes."""
    if factor == 0:
        n = len(recursion.state)
        return FixedPoint(
            recursion.state,
            "continuum",
            (Integer(1),) * n,
            (Integer(0),) * n,
            "every point: the step is the identity",
        )
    solved = next((u for u in recursion.state if Poly(factor, u).degree() == 1), None)
    if solved is None:
        return FixedPoint(
            recursion.state, "continuum", message=f"all real points with {factor} = 0"
        )
    slope, offset = Poly(factor, solved).all_coeffs()
    place = {solved: cancelled(-offset / slope)}
    along = len(recursion.state) - 1
    trace = cancelled(together(recursion.jacobian().trace()))
    across = cancelled(together(trace.subs(place) - along))
    exponents = (-oo if across == 0 else log(abs(across), recursion.scale), *(Integer(0),) * along)
    point = tuple(place.get(u, u) for u in recursion.state)
    return FixedPoint(
        point,
        "continuum",
        (across, *(Integer(1),) * along),
        exponents,
        f"all points with {factor} = 0",
    )


def _single(recursion: Recursion) -> tuple[tuple[Symbol], tuple[Expr]]:
    """Return state and step of a one-variable recursion."""
    if len(recursion.state) != 1:
        raise ValueError(
            f"exact fixed points are found for one variable, got {recursion.state}; use "
            "neurenorm.numerics.solve.fixed_points in a box for more"
        )
    return (recursion.state[0],), (recursion.step[0],)


def _real_roots(factor: Expr, u: Symbol) -> list[Expr]:
    """Return the real roots of an irreducible polynomial: closed forms up to degree two, algebraic
    numbers above.
    """
    polynomial = Poly(factor, u)
    if polynomial.degree() > 2 and polynomial.free_symbols_in_domain:
        raise ValueError(
            f"the factor {factor} has degree {polynomial.degree()} in {u} and symbols in it, so "
            "its roots have no closed form here; "
            "put numbers for the symbols (Recursion.subs), or keep it as it is "
            "(fixed_point_equation)"
        )
    if polynomial.degree() <= 2:
        closed = roots(polynomial, cubics=False, quartics=False)
        return [root for root in closed if root.is_real is not False]
    return [CRootOf(polynomial, k) for k in range(polynomial.count_roots())]


def _eigenvalue(step: Expr, u: Symbol, factor: Expr, root: Expr) -> Expr:
    """Return dR/du at a root, reduced modulo the factor it is a root of."""
    above, below = fraction(cancel(together(step.diff(u))))
    reduced = (
        rem(above * invert(below, factor, u), factor, u)
        if below.has(u)
        else rem(above, factor, u) / below
    )
    value = cancel(reduced).subs(u, root)
    return radsimp(expand(value)) if value.is_number and not value.has(CRootOf) else cancel(value)


def _fixed_point(
    recursion: Recursion, chart: Chart | None, u: Symbol, root: Expr, eigenvalue: Expr
) -> FixedPoint:
    """Return the fixed point in the recursion's own variable."""
    point = root
    if chart is not None:
        old = chart.inverse[recursion.state[0]]
        point = (
            old.limit(u, root, "-" if root == 1 else "+") if root in (1, -1) else old.subs(u, root)
        )
    exponent = -oo if eigenvalue == 0 else log(abs(eigenvalue), recursion.scale)
    message = f"eigenvalue in the variable {u}" if point in (oo, -oo) else ""
    return FixedPoint((point,), "exact", (eigenvalue,), (exponent,), message)
