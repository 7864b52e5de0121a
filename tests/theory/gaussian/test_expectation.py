"""Gaussian expectations against independent numerical quadrature, and their algebra."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf as numeric_erf

from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.gaussian.expectation import (
    GaussianExpectation,
    expectation,
    gaussian_variables,
)

z, za, zb = sp.symbols("z z_a z_b", real=True)
K, Ka, Kb = sp.symbols("K K_a K_b", positive=True)
C = sp.Symbol("C", real=True)
PAIR = ((Ka, C), (C, Kb))
NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)

RELU = sp.Max(z, 0)
GELU = z * (1 + sp.erf(z / sp.sqrt(2))) / 2


@cache
def half_line(power: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on (0, 12) that cluster at zero."""
    nodes = (NODES + 1) / 2
    return 12 * nodes**power, 6 * WEIGHTS * power * nodes ** (power - 1)


def line_average(function, variance: float) -> float:
    """⟨f⟩ by Gauss-Legendre on both half-lines."""
    x, w = half_line()
    density = w * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    s = math.sqrt(variance)
    return float(np.sum(density * (function(s * x) + function(-s * x))))


def plane_average(function, kaa: float, kbb: float, kab: float) -> float:
    """⟨f(z_a, z_b)⟩ with the inner line split where z_b = 0, so that kinks at the origin are
    harmless.
    """
    total = 0.0
    slope, spread = kab / kaa, math.sqrt(kbb - kab**2 / kaa)
    x, w = half_line()
    for sign_a in (1, -1):
        a = sign_a * math.sqrt(kaa) * x
        split = np.clip(-slope * a / spread, -12, 12)
        for lower, upper in ((-12.0, split), (split, 12.0)):
            half = (upper - lower) / 2
            y = (upper + lower)[:, None] / 2 + half[:, None] * NODES
            b = (slope * a)[:, None] + spread * y
            inner = (function(a[:, None], b) * np.exp(-y * y / 2) * WEIGHTS).sum(1) * half
            total += float(np.sum(w * np.exp(-x * x / 2) * inner)) / (2 * math.pi)
    return total


def leaky(slope: sp.Expr) -> sp.Expr:
    return sp.Max(z, 0) + slope * sp.Min(z, 0)


REFERENCE = {
    "relu": (RELU, lambda x: np.maximum(x, 0), 0.26537809),
    "leaky": (leaky(sp.Rational(1, 10)), lambda x: np.where(x > 0, x, 0.1 * x), 0.25495625),
    "erf": (sp.erf(z), numeric_erf, 0.17547966),
    "sin": (sp.sin(z), np.sin, 0.15110734),
    "cos": (sp.cos(z), np.cos, 0.39770430),
    "gelu": (GELU, lambda x: x * (1 + numeric_erf(x / math.sqrt(2))) / 2, 0.18806068),
    "gelu slope": (
        sp.diff(GELU, z),
        lambda x: (
            (1 + numeric_erf(x / math.sqrt(2))) / 2
            + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        ),
        0.32481722,
    ),
    "abs": (sp.Abs(z), np.abs, None),
    "heaviside": (sp.Heaviside(z), lambda x: (x > 0) * 1.0, None),
    "gaussian bump": (z * sp.exp(-(z**2) / 2), lambda x: x * np.exp(-x * x / 2), None),
    "cubic": (z**3 - 2 * z + 1, lambda x: x**3 - 2 * x + 1, None),
    "sinh": (sp.sinh(z / 2), lambda x: np.sinh(x / 2), None),
    "shifted erf": (sp.erf(z) ** 1 * z, lambda x: x * numeric_erf(x), None),
}
POINTS = [(1.3, 0.7, 0.4), (0.5, 2.0, -0.8), (0.09, 0.2, 0.1)]


def pair_value(expression: sp.Expr, point: tuple[float, float, float]) -> float:
    return float(expression.subs(dict(zip((Ka, Kb, C), point, strict=True))))


@pytest.mark.parametrize("name", REFERENCE)
def test_two_point_functions_match_quadrature(name: str) -> None:
    function, numeric, listed = REFERENCE[name]
    closed = expectation(function.subs(z, za) * function.subs(z, zb), (za, zb), PAIR)
    assert not closed.has(GaussianExpectation)
    for point in POINTS:
        assert pair_value(closed, point) == pytest.approx(
            plane_average(lambda a, b: numeric(a) * numeric(b), *point), rel=1e-9, abs=1e-12
        )
    if listed is not None:
        assert pair_value(closed, POINTS[0]) == pytest.approx(listed, abs=1e-8)


@pytest.mark.parametrize("name", REFERENCE)
@pytest.mark.parametrize("power", [1, 2])
def test_one_point_functions_match_quadrature(name: str, power: int) -> None:
    function, numeric, _ = REFERENCE[name]
    closed = expectation(function**power, z, K)
    for variance in (0.3, 1.0, 2.5):
        assert float(closed.subs(K, variance)) == pytest.approx(
            line_average(lambda x: numeric(x) ** power, variance), rel=1e-10, abs=1e-13
        )


@pytest.mark.parametrize("name", ["relu", "leaky", "erf", "sin", "gelu", "abs", "gaussian bump"])
def test_price_theorem_agrees_with_differentiating_the_closed_form(name: str) -> None:
    function = REFERENCE[name][0]
    node = GaussianExpectation(function.subs(z, za) * function.subs(z, zb), (za, zb), PAIR)
    for symbol in (Ka, Kb, C):
        by_price, directly = node.diff(symbol).doit(), node.doit().diff(symbol)
        assert pair_value(by_price, POINTS[1]) == pytest.approx(
            pair_value(directly, POINTS[1]), rel=1e-12, abs=1e-14
        )


def test_second_derivative_of_a_kink_enters_as_a_delta() -> None:
    slope, bend = sp.diff(RELU, z), sp.diff(RELU, z, 2)
    assert expectation(bend * RELU, z, K) == 0
    mixed = expectation(bend.subs(z, za) * RELU.subs(z, zb), (za, zb), PAIR)
    assert pair_value(mixed, POINTS[0]) == pytest.approx(
        math.sqrt(1.3 * 0.7 - 0.16) / (2 * math.pi * 1.3), rel=1e-13
    )
    assert expectation(slope, z, K) == sp.Rational(1, 2)
    third = expectation(sp.DiracDelta(za, 1) * sp.sin(zb), (za, zb), PAIR)
    assert pair_value(
        third - expectation(-sp.DiracDelta(za) * 0 + _delta_slope(), (za, zb), PAIR), POINTS[0]
    ) == pytest.approx(0, abs=1e-14)


def _delta_slope() -> sp.Expr:
    """⟨delta'(z_a) sin z_b⟩ = -C/Ka ⟨delta(z_a) cos z_b⟩ ... by integrating z_b out first: E[sin
    z_b | z_a] = sin(C z_a/Ka) e^{-s/2}.
    """
    conditional = sp.exp(-(Kb - C**2 / Ka) / 2)
    return -C / Ka * conditional / sp.sqrt(2 * sp.pi * Ka)


def test_delta_conditions_functions_outside_the_rules() -> None:
    value = expectation(sp.DiracDelta(za) * sp.tanh(zb) ** 2, (za, zb), PAIR)
    assert value.has(GaussianExpectation)
    node = next(iter(value.atoms(GaussianExpectation)))
    assert sp.cancel(node.covariance[0, 0] - (Kb - C**2 / Ka)) == 0
    assert sp.simplify(value / node - 1 / sp.sqrt(2 * sp.pi * Ka)) == 0


def test_hard_tanh_has_a_closed_second_moment() -> None:
    hard = sp.Max(-1, sp.Min(1, z))
    closed = expectation(hard**2, z, K)
    for variance in (0.2, 1.0, 7.0):
        s = math.sqrt(variance)
        inner = math.erf(1 / (s * math.sqrt(2)))
        exact = (
            variance * (inner - math.sqrt(2 / math.pi) / s * math.exp(-1 / (2 * variance)))
            + 1
            - inner
        )
        assert float(closed.subs(K, variance)) == pytest.approx(exact, rel=1e-12)


def test_four_point_moments_are_pairings() -> None:
    assert sp.expand(expectation(za**2 * zb**2, (za, zb), PAIR) - (Ka * Kb + 2 * C**2)) == 0
    assert expectation(z**8, z, K) == 105 * K**4
    assert expectation(RELU**4, z, K) == sp.Rational(3, 2) * K**2


def test_tanh_stays_unevaluated_and_its_derivative_is_an_expectation() -> None:
    node = expectation(sp.tanh(z) ** 2, z, K)
    assert isinstance(node, GaussianExpectation) and node.free_symbols == {K}
    assert isinstance(node.diff(K), GaussianExpectation)
    assert expectation(sp.tanh(z) ** 3, z, K) == 0
    assert node.doit() == node


def test_equal_averages_are_equal_objects() -> None:
    x, y = sp.symbols("x y")
    assert GaussianExpectation(sp.tanh(x), x, K) == GaussianExpectation(sp.tanh(y), y, K)
    assert GaussianExpectation(sp.tanh(zb), (za, zb), PAIR) == GaussianExpectation(
        sp.tanh(z), z, Kb
    )
    assert GaussianExpectation(sp.tanh(z), z, K).subs(z, 3) == GaussianExpectation(sp.tanh(z), z, K)
    assert GaussianExpectation(sp.tanh(z), z, K).subs(K, 2).covariance == sp.Matrix([[2]])


def test_printing() -> None:
    node = GaussianExpectation(sp.tanh(za) * sp.tanh(zb), (za, zb), PAIR)
    assert str(node) == "⟨tanh(z_a)*tanh(z_b)⟩_(K_a, K_b, C)"
    assert (
        sp.latex(GaussianExpectation(sp.tanh(z), z, K))
        == r"\left\langle \tanh{\left(z \right)} \right\rangle_{K}"
    )
    assert sp.latex(GaussianExpectation(sp.tanh(z), z, K) ** 2).endswith("^{2}")


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=4),
    st.sampled_from(["relu", "erf", "cos", "gelu", "heaviside"]),
    st.floats(0.05, 4.0),
)
def test_polynomials_times_activations(coefficients: list[int], name: str, variance: float) -> None:
    function, numeric, _ = REFERENCE[name]
    polynomial = sum(c * z**k for k, c in enumerate(coefficients))
    closed = sp.sympify(expectation(polynomial * function, z, K))
    direct = line_average(
        lambda x: sum(c * x**k for k, c in enumerate(coefficients)) * numeric(x), variance
    )
    assert float(closed.subs(K, variance)) == pytest.approx(direct, rel=1e-9, abs=1e-10)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="2 x 2 matrix"):
        GaussianExpectation(za * zb, (za, zb), K)
    with pytest.raises(ValueError, match="symmetric"):
        GaussianExpectation(za * zb, (za, zb), [[1, C], [Ka, 1]])
    with pytest.raises(ValueError, match="not negative"):
        GaussianExpectation(z**2, z, -1)
    with pytest.raises(ValueError, match="diverges"):
        expectation(sp.DiracDelta(z) ** 1 * sp.DiracDelta(2 * z), z, K)


def test_growing_gaussian_is_left_alone() -> None:
    assert expectation(sp.exp(z**2), z, K).has(GaussianExpectation)


def test_zero_variance_is_evaluation_at_zero() -> None:
    assert expectation(sp.cos(z) + sp.tanh(z + 1), z, 0) == 1 + sp.tanh(1)


@pytest.mark.parametrize("step", ["erf(z)", "sign(z)", "abs(z)", "min(exp(z)-1,0)"])
@pytest.mark.parametrize("wave", ["sin(z)", "cos(z)"])
def test_waves_against_steps_stay_real(wave: str, step: str) -> None:
    """⟨sin z_a erf z_b⟩ has an error function of an imaginary argument: it waits for quadrature."""
    phi = activation(f"{wave} + {step}")
    (za, zb), function = gaussian_variables(2), phi.expression
    pair = function.xreplace({phi.variable: za}) * function.xreplace({phi.variable: zb})
    assert not expectation(pair, (za, zb), [[2, 1], [1, 2]]).has(sp.I)
    assert not expectation(function**2, phi.variable, 2).has(sp.I)
