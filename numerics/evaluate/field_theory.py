"""Random networks: fixed points of maps with Gaussian averages in them, covariances, modes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flint import arb
from scipy.linalg import eigvalsh_tridiagonal
from scipy.optimize import brentq
from sympy import Expr, Float, Rational, S, oo

from neurenorm.numerics.balls import (
    FLOAT_DIGITS,
    enclosed_answer,
    enclosure,
    enclosures,
    precision,
    shown,
    working_bits,
)
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate.catalogue import balls_of
from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.numerics.quadrature import average_error
from neurenorm.numerics.solution import Solution
from neurenorm.numerics.solve.correlation_length import correlation_length
from neurenorm.numerics.solve.field_theory.correlations import (
    certified_correlation,
    correlation_fixed_points,
)
from neurenorm.numerics.solve.field_theory.lengths import edge_points, length_fixed_points
from neurenorm.numerics.solve.intervals import NotCertified
from neurenorm.numerics.solve.roots import certified_root
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.field_theory.depth_field import DepthField
from neurenorm.theory.field_theory.problems import (
    ActionAt,
    CorrelationFixedPoint,
    DepthModes,
    EdgeOfChaos,
    KernelFixedPoint,
    LayerCovariance,
    PairAverages,
)
from neurenorm.theory.gaussian.expectation import (
    GaussianExpectation,
    expectation,
    gaussian_variables,
)
from neurenorm.theory.symbols import symbols
from neurenorm.theory.wide.limit import SB2, SW2, K

FIELD = symbols("field-theory")


def _plain(value: Any, digits: int | None) -> Any:
    """A ball, a float or an infinity, as what is printed."""
    if value is None:
        return None
    if _is_infinite(value):
        return "inf"
    ball = _ball(value, digits)
    if ball is not None:
        return shown(ball, digits)
    return float(value) if digits is None else str(value)


def _is_infinite(value: Any) -> bool:
    """Whether a float, an exact number or a ball is plus infinity."""
    if isinstance(value, arb):
        return value.is_exact() and not value.is_finite()
    return value in (oo, math.inf)


def _ball(value: Any, digits: int | None) -> arb | None:
    """A ball, or an exact number as a ball; None for what is neither."""
    if _is_infinite(value):
        return None
    if isinstance(value, arb):
        return value
    if isinstance(value, int | Expr) and not isinstance(value, Float):
        with precision(working_bits(digits or FLOAT_DIGITS)):
            exact: arb = compiled(expression_of(value), [], "ball")()
        return exact
    return None


def _error(value: Any, digits: int | None) -> float | str | None:
    """How far what is printed of a ball or an exact number lies from it at most, else None."""
    ball = _ball(value, digits)
    return None if ball is None else enclosure(ball, digits)[1]


def _length(slope: Any) -> Any:
    """The correlation length; None where the perturbation grows, or where a ball does not tell."""
    if isinstance(slope, arb):
        return (
            correlation_length(slope)
            if slope.contains(0) or abs(slope) < 1 or abs(slope) == 1
            else None
        )
    return correlation_length(float(slope)) if slope is not oo and abs(float(slope)) <= 1 else None


AVERAGED = "averaged in double precision (about 10 digits are right)"
_JUMP = "the activation jumps, so <phi'^2> diverges"
_MARGINAL = "a perturbation neither grows nor decays, its slope is one in size"
_WHY_INFINITE = {"chi_perp": _JUMP, "chi_c": _JUMP, "xi_q": _MARGINAL, "xi_c": _MARGINAL}


def _infinities(*branches: Mapping[str, Any]) -> str:
    """Say why values are infinite, those of every branch."""
    found = {
        name: None
        for values in branches
        for name, value in values.items()
        if value in ("inf", math.inf)
    }
    return "; ".join(f"{name} is infinite: {_WHY_INFINITE[name]}" for name in found)


def _refused(reason: str, names: Sequence[str]) -> Answer:
    """There is no solution."""
    return Answer("none", dict.fromkeys(names), reason=reason)


def _printed(
    status: str, branches: Sequence[Mapping[str, Any]], digits: int | None, reason: str = ""
) -> Answer:
    """Branches of balls, exact numbers or floats as they are printed, the first one's errors beside
    them.
    """
    shown_ones = [
        {name: _plain(value, digits) for name, value in branch.items()} for branch in branches
    ]
    errors = {name: _error(value, digits) for name, value in branches[0].items()}
    several = shown_ones if len(branches) > 1 else None
    return Answer(status, shown_ones[0], errors, several, reason or _infinities(*shown_ones))


@answer.register
def of_kernel_fixed_point(
    problem: KernelFixedPoint, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    found = _lengths(problem.wide, numbers, digits)
    if found.status == "none":
        return _refused(found.reason, ("K", "chi_par", "chi_perp", "xi_q"))
    with precision(working_bits(digits or FLOAT_DIGITS)):
        branches = [
            {**_only(branch, "K", "chi_par", "chi_perp"), "xi_q": _length(branch["chi_par"])}
            for branch in found.branches or [found.values]
        ]
    return _printed(found.status, branches, digits, found.reason)


def _only(branch: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The values of these names."""
    return {name: branch[name] for name in names}


def _lengths(wide: Any, numbers: Mapping[str, Any], digits: int | None) -> Solution:
    """Fixed points of the length; no branches where all lengths are."""
    try:
        return length_fixed_points(wide, numbers["sw2"], numbers["sb2"], digits)
    except NotCertified as error:
        raise ValueError(f"the digits cannot be proved: {error}") from error


_ENDLESS = (
    "lengths grow without end: their only fixed point is zero, which is unstable (chi_par > 1)"
)
_DYING = (
    "the signal dies out: the stable length is zero, and two signals of length zero have no "
    "correlation"
)


@answer.register
def of_correlation_fixed_point(
    problem: CorrelationFixedPoint, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    wide, names = problem.wide, ("c", "chi_c", "xi_c")
    if wide.overlap.has(GaussianExpectation):
        refuse_digits(digits, f"the correlation of {wide.activation.name}", AVERAGED)
    found = _lengths(wide, numbers, None if digits is None else digits + 10)
    if found.status == "none":
        return _refused(found.reason, names)
    length, chi_perp = found.values["K"], found.values["chi_perp"]
    if length is None:
        refuse_digits(digits, "the correlation where every length is fixed", "found in doubles")
        only = {"c": arb(1), "chi_c": chi_perp, "xi_c": _length(chi_perp)}
        return _printed("exact", [only], None, found.reason)
    if float(length) == 0:
        return _refused(_ENDLESS if float(found.values["chi_par"]) > 1 else _DYING, names)
    points = correlation_fixed_points(
        wide,
        float(numbers["sw2"]),
        float(numbers["sb2"]),
        float(length),
        math.inf if chi_perp is oo else float(chi_perp),
    )
    if digits is not None:
        return _printed(
            "enclosed", _proved_correlations(wide, numbers, found, points, digits), digits
        )
    branches = [
        {**_only(branch, *names[:2]), "xi_c": _length(branch["chi_c"])}
        for branch in points.branches or ()
    ]
    return replace(_printed(points.status, branches, None), errors=points.errors)


def _proved_correlations(
    wide: Any, numbers: Mapping[str, Any], lengths: Solution, points: Solution, digits: int
) -> list[dict[str, Any]]:
    """The same fixed points in balls: c = 1 is one by definition, with the slope chi_perp; the
    others are proved.
    """
    length, found = lengths.values["K"], []
    if not isinstance(length, arb):
        raise ValueError(
            "the digits cannot be proved: the length is known in double precision only"
        )
    for branch in points.branches or ():
        try:
            c, slope = (
                (arb(1), lengths.values["chi_perp"])
                if branch["gap"] == 0
                else certified_correlation(
                    wide, numbers["sw2"], numbers["sb2"], length, branch["c"], digits
                )
            )
        except NotCertified as error:
            raise ValueError(f"the digits cannot be proved: {error}") from error
        with precision(working_bits(digits)):
            found.append({"c": c, "chi_c": slope, "xi_c": _length(slope)})
    return found


_NOT_REACHED = (
    "chi_par > 1: this length is an unstable fixed point, which no network settles at; the edge is "
    "not where signals go"
)


@answer.register
def of_edge_of_chaos(
    problem: EdgeOfChaos, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    names = ("sw2", "K", "chi_par")
    try:
        found = edge_points(problem.wide, numbers["sb2"], digits)
    except NotCertified as error:
        raise ValueError(f"the digits cannot be proved: {error}") from error
    if found.status == "none":
        return _refused(found.reason, names)
    branches = [_only(branch, *names) for branch in found.branches or ()]
    unstable = float(found.values["chi_par"]) > 1
    return _printed(found.status, branches, digits, _NOT_REACHED if unstable else found.reason)


@answer.register
def of_pair_averages(
    problem: PairAverages, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    kaa, kbb, kab = (numbers[name] for name in ("Kaa", "Kbb", "Kab"))
    if kab**2 > kaa * kbb:
        raise ValueError(
            f"Kab is a covariance: its square is at most Kaa*Kbb = {kaa * kbb}, got Kab = {kab} (a "
            "correlation outside [-1, 1])"
        )
    phi, slope = problem.wide.activation.expression, problem.wide.activation.derivative()
    values = {
        "value": _at(problem, phi, kaa, kbb, kab),
        "derivative": _at(problem, slope, kaa, kbb, kab),
    }
    diverging = " and ".join(name for name, value in values.items() if value is oo)
    return replace(
        _averages(values, digits),
        reason=f"{diverging} diverges: the average does not exist" if diverging else "",
    )


def _at(problem: PairAverages, function: Expr, kaa: Expr, kbb: Expr, kab: Expr) -> Expr:
    """⟨f_a f_b⟩ at exact kernels; perfectly correlated signals are one variable. Infinite where it
    diverges.
    """
    z, (za, zb) = problem.wide.activation.variable, gaussian_variables(2)
    try:
        if kab**2 == kaa * kbb and kaa > 0:
            return expectation(function * function.xreplace({z: kab / kaa * z}), z, kaa)
        return expectation(
            function.xreplace({z: za}) * function.xreplace({z: zb}),
            (za, zb),
            [[kaa, kab], [kab, kbb]],
        )
    except ValueError:
        return oo


def _averages(values: Mapping[str, Expr], digits: int | None) -> Answer:
    """Numbers of exact averages: balls for closed forms and for digits, otherwise quadrature with
    its bound.
    """
    finite = {name: value for name, value in values.items() if value is not oo}
    open_form = any(value.has(GaussianExpectation) for value in finite.values())
    if digits is not None or not open_form:
        found = enclosed_answer(
            lambda: balls_of(finite, {}), digits, "enclosed" if open_form else "exact"
        )
        return Answer(found.status, {**dict.fromkeys(values, "inf"), **found.values}, found.errors)
    numbers = {name: float(compiled(value, [])()) for name, value in finite.items()}
    return Answer(
        "numeric",
        {**dict.fromkeys(values, "inf"), **numbers},
        {name: _bound(value) for name, value in finite.items()},
    )


def _bound(value: Expr) -> float:
    """Error bound of an expression that is linear in unevaluated averages."""
    total = 1e-16
    for node in value.atoms(GaussianExpectation):
        matrix = node.covariance
        entries = [matrix[0, 0]] if matrix.rows == 1 else [matrix[0, 0], matrix[1, 1], matrix[0, 1]]
        total += abs(float(value.coeff(node))) * float(average_error(node)(*map(float, entries)))
    return total


@answer.register
def of_layer_covariance(
    problem: LayerCovariance, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    wide = problem.leading.wide
    found = _lengths(wide, numbers, digits)
    lost = found.reason
    if found.branches and not found.branches[0]["stable"]:
        lost = "no fixed point of the length is stable"
    if lost or not found.branches:
        return _refused(f"there is no stationary state: {lost}", ("q", "K", "exact"))
    exact = problem.exact
    if exact is not None:
        return _exact_covariance(exact, numbers, digits)
    at = {SW2: numbers["sw2"], FIELD.N: numbers["N"], FIELD.lag: numbers["lag"]}
    forms = [
        form.subs(at)
        for form in (problem.leading.length_covariance, problem.leading.kernel_covariance)
    ]
    length = found.values["K"]
    if isinstance(length, arb):
        with precision(working_bits(digits or FLOAT_DIGITS)):
            values = compiled(forms, [K], "ball")(length)
        status = "enclosed"
    else:
        values, status = (
            [float(value) for value in compiled(forms, [K])(float(length))],
            "numeric",
        )
    plain = {"q": _plain(values[0], digits), "K": _plain(values[1], digits), "exact": False}
    return Answer(
        status,
        plain,
        {"q": _error(values[0], digits), "K": _error(values[1], digits)},
        reason="leading order in 1/N",
    )


def _exact_covariance(exact: Any, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    """The moments at any width, where the variance exists."""
    at = {
        SW2: numbers["sw2"],
        SB2: numbers["sb2"],
        FIELD.N: numbers["N"],
        FIELD.lag: numbers["lag"],
    }
    if not exact.exists.subs(at) < 1:
        least = (exact.gain**2 * exact.excess / (1 - exact.gain**2)).subs(at)
        raise ValueError(
            "N is too small for a variance to exist: the lengths have a power-law tail, and N "
            f"must exceed {least}"
        )
    forms = {
        name: exact.covariance(form).subs(K, exact.fixed_point).subs(at)
        for name, form in (("q", exact.length_variance), ("K", exact.kernel_variance))
    }
    found = enclosed_answer(lambda: balls_of(forms, {}), digits)
    return Answer("exact", {**found.values, "exact": True}, found.errors)


@answer.register
def of_action_at(problem: ActionAt, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    value = problem.at(numbers["sw2"], numbers["sb2"])
    if not value.is_finite and value.has(S.NaN, S.ComplexInfinity, oo, -oo):
        raise ValueError(
            "the density does not exist: a layer has variance zero (sw2 and sb2 too small, or all "
            "activations below are zero)"
        )
    return enclosed_answer(lambda: balls_of({"value": value}, {}), digits)


@answer.register
def of_depth_modes(problem: DepthModes, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    depth = DepthField(numbers["a"])
    closed = depth.closed_eigenvalues(problem.layers, problem.boundary)
    if closed is not None:
        found = enclosed_answer(
            lambda: balls_of({str(i): value for i, value in enumerate(closed)}, {}), digits
        )
        pairs = sorted(
            ((found.values[name], found.errors[name]) for name in found.values),
            key=lambda pair: float(pair[0]),
        )
        return Answer(
            found.status,
            {"eigenvalues": [value for value, _ in pairs]},
            {"eigenvalues": [error for _, error in pairs]},
        )
    a, size = float(numbers["a"]), problem.layers
    diagonal = np.full(size, 1 + a * a)
    diagonal[-1] -= a * a
    diagonal[0] -= a * a * (problem.boundary == "stationary")
    values = eigvalsh_tridiagonal(diagonal, np.full(size - 1, -a)) if size > 1 else diagonal
    if digits is None:
        return Answer("numeric", {"eigenvalues": values.tolist()}, {"eigenvalues": 1e-15 * size})
    found_modes, errors = enclosures(_enclosed_modes(depth, problem, values, digits), digits)
    return Answer("enclosed", {"eigenvalues": found_modes}, {"eigenvalues": errors})


def _enclosed_modes(depth: DepthField, problem: DepthModes, values: Any, digits: int) -> list[arb]:
    """Eigenvalues w(k) at certified wave numbers near the floating-point ones."""
    a = float(depth.a)
    equations = depth.wave_equations(problem.layers, problem.boundary)
    functions = [compiled(equation, [FIELD.k]) for equation in equations]
    if a == 0:
        return [arb(1)] * problem.layers
    found = []
    for value in values:
        guess = math.acos(max(-1.0, min(1.0, (1 + a * a - value) / (2 * a))))
        which = min(range(len(equations)), key=lambda i: abs(float(functions[i](guess))))
        root = brentq(
            lambda k, f=functions[which]: float(f(k)),
            guess - 0.3 / problem.layers,
            guess + 0.3 / problem.layers,
            xtol=1e-14,
        )
        bracket = (Rational(root - 1e-10), Rational(root + 1e-10))
        wave = certified_root(equations[which], FIELD.k, bracket, digits + 5)
        with precision(working_bits(digits)):
            found.append(compiled(depth.dispersion, [FIELD.k], "ball")(wave))
    return found
