"""Fixed points of the length map of a wide random network: all of them on twenty-four decades, each
with its stability, or the statement that there is none.

The map is scanned on a logarithmic grid, sign changes of K' - K are bracketed and refined, and each
bracket is then certified in ball arithmetic: existence, uniqueness inside it, and digits. A map
that is linear in K is solved exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
from flint import arb
from scipy.optimize import brentq, minimize_scalar
from sympy import Expr, Integer, Poly, Rational, S, oo

from neurenorm.numerics.balls import precision, working_bits
from neurenorm.numerics.compile import CompileError, compiled
from neurenorm.numerics.quadrature import QuadratureError
from neurenorm.numerics.solution import Solution
from neurenorm.numerics.solve.field_theory.tangency import turning_point
from neurenorm.numerics.solve.intervals import NotCertified
from neurenorm.numerics.solve.roots import certified_root
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.gaussian.expectation import GaussianExpectation
from neurenorm.theory.symbols import symbols
from neurenorm.theory.wide.limit import WideLimit

__all__ = ["edge_points", "length_fixed_points"]

FIELD = symbols("field-theory")
K, SW2, SB2 = FIELD.K, FIELD.sw2, FIELD.sb2
SMALLEST, LARGEST, PER_DECADE = 1e-12, 1e12, 20
_FLAT = 1e-13
_CERTIFIED_DIGITS = 16
_SPARE_DIGITS = 60
_NEAR, _WINDOW = 1e-9, 1e-4  # how near to a tangency proofs are asked for, and how near to its K


Branch = dict[str, Any]


def _branch(status: str, **values: Any) -> Branch:
    """One solution, its numbers balls where they were certified and floats otherwise; a length is
    stable where |χ_∥| < 1.
    """
    return {**values, "stable": bool(abs(values["chi_par"]) < 1), "status": status}


def _solution(branches: list[Branch]) -> Solution:
    """All solutions, the stable ones first and short lengths before long ones."""
    ordered = sorted(branches, key=lambda branch: (not branch["stable"], float(branch["K"])))
    return Solution(ordered[0]["status"], _numbers(ordered[0]), branches=tuple(ordered))


def _none(reason: str) -> Solution:
    """There is no solution."""
    return Solution("none", {}, branches=(), reason=reason)


def _continuum(slopes: list[Any], digits: int | None) -> Solution:
    """Every length is a fixed point, all with the same slopes."""
    chi = _slopes(slopes, 1, digits)
    values = dict(zip(("K", "chi_par", "chi_perp"), (None, *chi), strict=True))
    return Solution("exact", values, branches=(), reason="every length is a fixed point")


def length_fixed_points(
    wide: WideLimit, sw2: Expr, sb2: Expr, digits: int | None = None
) -> Solution:
    """Return the fixed points of K' = σ_b² + σ_w² ⟨φ²⟩_K.

    Parameters
    ----------
    wide : WideLimit
    sw2, sb2 : sympy numbers
        Exact variances, not negative.
    digits : int, optional
        Digits to be proved.

    Returns
    -------
    Solution
        Of ``K``, ``chi_par`` and ``chi_perp``. Every branch says whether it is ``stable`` (|χ_∥| <
        1), and its ``status``. No branches and a status ``exact`` where every length is a fixed
        point; ``none`` with its reason where there is none.

    Raises
    ------
    NotCertified
        If digits were asked for and cannot be proved.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> found = length_fixed_points(WideLimit(activation("erf")), Rational(6, 5), Rational(1, 20))
    >>> [round(float(branch["K"]), 10) for branch in found.branches]
    [0.4038641243]
    """
    values = {SW2: expression_of(sw2), SB2: expression_of(sb2)}
    step = wide.kernel.step[0].subs(values)
    slopes = [chi.subs(values) if chi is not oo else oo for chi in (wide.chi_par, wide.chi_perp)]
    if step.is_polynomial(K) and all(number.is_Rational for number in Poly(step, K).coeffs()):
        return _polynomial(step, slopes, digits)
    excess_at, noise = _excess(wide, step, values)
    grid = np.geomspace(SMALLEST, LARGEST, int(np.log10(LARGEST / SMALLEST) * PER_DECADE) + 1)
    excess = excess_at(grid)
    if np.all(np.abs(excess) < _FLAT):
        return _continuum(slopes, digits)
    pairs, touching = _near_tangencies(excess_at, grid, excess, (step, slopes[0]))
    points = [
        _certified(step, slopes, bracket, digits)
        for bracket in [*_brackets(excess_at, grid, excess, noise), *pairs]
    ] + [_touching(place, slopes[1]) for place in touching]
    if sb2 == 0 and (sw2 == 0 or wide.slope_at_zero is not None):
        points.insert(0, _at_zero(wide, sw2))
    if not points:
        side = "above" if excess[0] > 0 else "below"
        return _none(
            f"there is no fixed point among the lengths searched: K' lies {side} K from "
            f"{SMALLEST:g} to {LARGEST:g}"
        )
    return _solution(points)


def _excess(
    wide: WideLimit, step: Expr, values: dict[Any, Expr]
) -> tuple[Callable[[Any], Any], float]:
    """K'/K - 1 as a function of K, and the size below which its sign is not known.

    A closed form is evaluated with digits to spare, since it may cancel; an average is one positive
    integrand, which does not.
    """
    if not step.has(GaussianExpectation):
        closed = compiled(step, [K], "mpmath", digits=_SPARE_DIGITS)

        def exact(length: float) -> float:
            with mpmath.workdps(_SPARE_DIGITS):
                k = mpmath.mpf(length)
                excess = closed(k) / k - 1
                return float(min(excess, mpmath.mpf(LARGEST) ** 20))

        return np.vectorize(exact, otypes=[float]), 10.0 ** (20 - _SPARE_DIGITS)
    phi = wide.activation
    whole = SB2 + SW2 * GaussianExpectation(phi.expression**2, phi.variable, K)
    curve = _guarded(compiled(whole.subs(values), [K]))
    return lambda lengths: curve(lengths) / lengths - 1, 1e-14


def _polynomial(step: Expr, slopes: list[Any], digits: int | None) -> Solution:
    """All roots of a polynomial map, exactly; where it touches the diagonal the slope is exactly
    one.
    """
    if Poly(step, K).degree() <= 1:
        return _linear(step, slopes, digits)
    points = []
    for root, multiplicity in Poly(step - K, K).real_roots(multiple=False, radicals=False):
        if not root.is_negative:
            point = _exact_point(root, slopes, digits)
            points.append(_marginal(point) if multiplicity > 1 else point)
    if not points:
        return _none("there is no fixed point: K' - K has no root that is not negative")
    return _solution(points)


def _marginal(point: Branch) -> Branch:
    """A fixed point where the map touches the diagonal."""
    return _branch(point["status"], **{**_numbers(point), "chi_par": arb(1)})


def _numbers(branch: Branch) -> Branch:
    """The numbers of a branch."""
    return {name: value for name, value in branch.items() if name not in ("stable", "status")}


def _linear(step: Expr, slopes: list[Any], digits: int | None) -> Solution:
    """Solve K = b + a K exactly."""
    gain, offset = Poly(step, K).coeff_monomial(K), Poly(step, K).coeff_monomial(1)
    if gain == 1:
        if offset == 0:
            return _continuum(slopes, digits)
        return _none("there is no fixed point: every layer adds the bias variance")
    point = offset / (1 - gain)
    if point < 0:
        return _none(
            f"there is no fixed point: a layer multiplies the length by {gain}, which is not below "
            "1"
        )
    return _solution([_exact_point(point, slopes, digits)])


def _exact_point(point: Expr, slopes: list[Any], digits: int | None) -> Branch:
    """An exactly known fixed point, with its susceptibilities as balls."""
    length, *chi = _slopes([point, *slopes], point, digits)
    return _branch("exact", K=length, chi_par=chi[0], chi_perp=chi[1])


def _slopes(forms: list[Any], length: Any, digits: int | None) -> list[Any]:
    """Forms in K at an exact length as balls; an infinite one stays."""
    ball = compiled(
        [S.Zero if form is oo else form.subs(K, length) for form in forms],
        [K],
        "ball",
        digits=digits or _CERTIFIED_DIGITS,
    )(0)
    return [oo if form is oo else value for form, value in zip(forms, ball, strict=True)]


def _guarded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The map, infinite where its average overflows or diverges."""

    def evaluate(lengths: Any) -> Any:
        """One array, or point by point where a point fails."""
        try:
            with np.errstate(all="ignore"):
                return np.nan_to_num(function(lengths), nan=np.inf)
        except QuadratureError:
            if np.ndim(lengths) == 0:
                return np.inf
            return np.array([evaluate(float(length)) for length in lengths])

    return evaluate


def _with_extrema(excess_at: Callable[[float], float], grid: Any, excess: Any) -> tuple[Any, Any]:
    """Add the points where the curve turns without having crossed zero: two roots may hide between
    neighbours there.
    """
    extra = []
    for i in range(1, len(grid) - 1):
        left, here, right = excess[i - 1 : i + 2]
        side = np.sign(here)
        if side != 0 and side * left > side * here < side * right:
            ends = (float(np.log(grid[i - 1])), float(np.log(grid[i + 1])))
            found = minimize_scalar(
                lambda u, s=side: s * excess_at(np.exp(u)),
                bounds=ends,
                method="bounded",
                options={"xatol": 1e-9},
            )
            extra.append(float(np.exp(found.x)))
    grid = np.unique(np.concatenate([grid, extra]))
    known = (
        dict(zip(grid[~np.isin(grid, extra)].tolist(), excess.tolist(), strict=True))
        if extra
        else {}
    )
    return grid, np.array(
        [known[k] if k in known else excess_at(k) for k in grid.tolist()]
    ) if extra else excess


def _near_tangencies(
    excess_at: Callable[[Any], Any], grid: Any, excess: Any, maps: tuple[Expr, Expr]
) -> tuple[list[tuple[Any, Any]], list[float]]:
    """Where K'/K - 1 turns close to zero: brackets of two roots each where they are proved, and the
    places where it is in doubt whether there are two, one or none.
    """
    places, values = _with_extrema(lambda k: float(excess_at(k)), grid, excess)
    pairs, touching = [], []
    for place in np.setdiff1d(places, grid):
        value = float(values[places == place][0])
        if abs(value) > _NEAR:
            continue
        i = int(np.searchsorted(grid, place))
        low, high = float(grid[i - 1]), float(grid[i])
        near = (place * (1 - _WINDOW), place * (1 + _WINDOW))
        turned = turning_point(*maps, K, near)
        if turned is None or turned[1] is None:
            touching.append(float(place))
        elif turned[1] != np.sign(excess[i]):
            pairs += [(low, turned[0]), (turned[0], high)]
    return pairs, touching


def _touching(place: float, chi_perp: Expr) -> Branch:
    """A fixed point where the map touches the diagonal as far as can be told: its slope is one."""
    perp = oo if chi_perp is oo else float(compiled(chi_perp, [K])(place))
    return _branch("numeric", K=place, chi_par=1.0, chi_perp=perp)


def _brackets(
    excess_at: Callable[[Any], Any], grid: Any, excess: Any, noise: float
) -> Iterator[tuple[float, float]]:
    """Narrow brackets of the sign changes of K'/K - 1, but those close to a tangency."""
    places, values = _with_extrema(lambda k: float(excess_at(k)), grid, excess)
    plain = np.isin(places, grid) | (np.abs(values) > _NEAR)
    grid, excess = places[plain], values[plain]
    signs = np.sign(np.where(np.abs(excess) < noise, 0, excess))
    for i in np.flatnonzero(signs[:-1] * signs[1:] < 0):
        root = np.exp(
            brentq(
                lambda u: float(excess_at(np.exp(u))),
                np.log(grid[i]),
                np.log(grid[i + 1]),
                xtol=1e-14,
                rtol=1e-14,
            )
        )
        yield max(root * (1 - 1e-9), grid[i]), min(root * (1 + 1e-9), grid[i + 1])
    for i in np.flatnonzero(signs == 0):
        if 0 < i < len(grid) - 1 and signs[i - 1] != 0 and signs[i + 1] != 0:
            yield grid[i] * (1 - 1e-9), grid[i] * (1 + 1e-9)


def _certified(
    step: Expr, slopes: list[Any], bracket: tuple[float, float], digits: int | None
) -> Branch:
    """Prove the root in its bracket, and enclose the susceptibilities there."""
    exact = (Rational(bracket[0]), Rational(bracket[1]))
    finite = [slope for slope in slopes if slope is not oo]
    try:
        root = certified_root(step - K, K, exact, digits or _CERTIFIED_DIGITS)
        with precision(working_bits(digits or _CERTIFIED_DIGITS)):
            found = compiled(finite, [K], "ball")(root)
        perp = found[1] if len(found) > 1 else oo
        return _branch("enclosed", K=root, chi_par=found[0], chi_perp=perp)
    except (NotCertified, CompileError, QuadratureError):
        if digits is not None or exact[1] > exact[0] * (1 + Rational(1, 10**6)):
            raise  # the middle of a wide bracket is no root
    middle = (bracket[0] + bracket[1]) / 2
    found = compiled(finite, [K])(middle)
    perp = float(found[1]) if len(found) > 1 else oo
    return _branch("numeric", K=middle, chi_par=float(found[0]), chi_perp=perp)


def _at_zero(wide: WideLimit, sw2: Expr) -> Branch:
    """The fixed point K = 0, with its susceptibilities as derived limits."""
    slope = Integer(0) if sw2 == 0 else sw2 * wide.slope_at_zero
    if slope is oo:
        return _branch("exact", K=arb(0), chi_par=oo, chi_perp=oo)
    ball = compiled([slope], [K], "ball", digits=_CERTIFIED_DIGITS)(0)[0]
    perp = oo if wide.slope_moment is oo else ball
    return _branch("exact", K=arb(0), chi_par=ball, chi_perp=perp)


def edge_points(wide: WideLimit, sb2: Expr, digits: int | None = None) -> Solution:
    """Return the points of the critical line χ_⊥ = 1 at a bias variance: each with its σ_w².

    Parameters
    ----------
    wide : WideLimit
    sb2 : sympy number
    digits : int, optional

    Returns
    -------
    Solution
        Of ``sw2``, ``K`` and ``chi_par``, the stable branches first; ``none`` with its reason where
        there is none. The length is None where every K is critical.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> found = edge_points(WideLimit(activation("tanh")), Rational(1, 20))
    >>> round(float(found.values["sw2"]), 7), round(float(found.values["K"]), 7)
    (1.7609546, 0.5700479)
    """
    if wide.slope_moment in (oo, 0):
        why = "a jump, so nearby signals always part" if wide.slope_moment is oo else "no slope"
        return _none(f"there is no critical point: the activation has {why}")
    weight, bias = wide.edge_of_chaos
    if not bias.has(K):
        if bias != sb2:
            return _none(
                "there is no critical point at this bias variance: chi_perp = 1 asks for sb2 = "
                f"{bias} at any length"
            )
        (slope,) = _slopes([wide.chi_par.subs(SW2, weight)], 1, digits)
        only = _branch("exact", sw2=weight, K=None, chi_par=slope)
        reason = "every length is critical"
        return Solution("exact", _numbers(only), branches=(only,), reason=reason)
    curve = _doubles(bias)
    grid = np.geomspace(1e-10, 1e8, 18 * PER_DECADE + 1)
    excess = (curve(grid) - float(sb2)) / grid
    found = [
        _edge_point(wide, bracket, sb2, digits)
        for bracket in _edge_brackets(curve, grid, excess, float(sb2))
    ]
    if sb2 == 0 and wide.slope_at_zero not in (None, 0, oo):
        found.insert(0, _branch("exact", sw2=1 / wide.slope_at_zero, K=arb(0), chi_par=arb(1)))
    if not found:
        return _none(
            "there is no critical point at this bias variance: chi_perp = 1 has no fixed point of "
            "the length"
        )
    return _solution(found)


def _doubles(form: Expr) -> Callable[[Any], Any]:
    """A form in K in doubles; a closed form, which may cancel, is rounded only at the end."""
    if form.has(GaussianExpectation):
        return _guarded(compiled(form, [K]))
    closed = compiled(form, [K], "mpmath", digits=_SPARE_DIGITS)

    def rounded(length: float) -> float:
        with mpmath.workdps(_SPARE_DIGITS):
            return float(closed(mpmath.mpf(length)))

    return np.vectorize(rounded, otypes=[float])


def _edge_brackets(
    curve: Callable[[Any], Any], grid: Any, excess: Any, sb2: float
) -> Iterator[tuple[float, float]]:
    """Narrow brackets of the lengths at which the critical line has this bias variance."""
    grid, excess = _with_extrema(lambda k: (float(curve(k)) - sb2) / k, grid, excess)
    signs = np.sign(np.where(np.abs(excess) < 1e-11, 0, excess))
    for i in np.flatnonzero(signs[:-1] * signs[1:] < 0):
        root = np.exp(
            brentq(
                lambda u: float(curve(np.exp(u)) - sb2),
                np.log(grid[i]),
                np.log(grid[i + 1]),
                xtol=1e-14,
                rtol=1e-14,
            )
        )
        yield root * (1 - 1e-9), root * (1 + 1e-9)


def _edge_point(
    wide: WideLimit, bracket: tuple[float, float], sb2: Expr, digits: int | None
) -> Branch:
    """Certify one point of the critical line."""
    weight, bias = wide.edge_of_chaos
    slope = wide.chi_par.subs(SW2, weight)
    try:
        root = certified_root(
            bias - sb2, K, (Rational(bracket[0]), Rational(bracket[1])), digits or _CERTIFIED_DIGITS
        )
        with precision(working_bits(digits or _CERTIFIED_DIGITS)):
            found = compiled([slope, weight], [K], "ball")(root)
        return _branch("enclosed", sw2=found[1], K=root, chi_par=found[0])
    except (NotCertified, CompileError, QuadratureError):
        if digits is not None:
            raise
    middle = (bracket[0] + bracket[1]) / 2
    numbers = compiled([slope, weight], [K])(middle)
    return _branch("numeric", sw2=float(numbers[1]), K=middle, chi_par=float(numbers[0]))
