"""Gaussian averages as numbers: against closed forms, mpmath and each other, over all magnitudes of
the variance.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from neurenorm.numerics.compile import CompileError, compiled
from neurenorm.numerics.quadrature import (
    QuadratureError,
    average_error,
    certified_average,
    line_average,
    plane_average,
)
from neurenorm.theory.gaussian.expectation import GaussianExpectation, expectation

z, za, zb = sp.symbols("z z_a z_b", real=True)
K, Ka, Kb = sp.symbols("K K_a K_b", positive=True)
C = sp.Symbol("C", real=True)
ALL_MAGNITUDES = np.array([1e-12, 1e-4, 0.3, 1.0, 18.0, 100.0, 1e4, 1e8])


def relu_pair(kaa: float, kbb: float, c: float) -> float:
    return np.sqrt(kaa * kbb) * (np.sqrt(1 - c * c) + (np.pi - np.arccos(c)) * c) / (2 * np.pi)


def test_tanh_at_large_variance_is_enclosed_by_ball_arithmetic() -> None:
    numbers = line_average(lambda x: np.tanh(x) ** 2, [100.0, 1e4])
    for variance, value, error in zip((100, 10000), *numbers, strict=True):
        ball = certified_average(sp.tanh(z) ** 2, [z], [arb(variance)], 25)
        assert ball.rad() < 1e-24
        assert abs(arb(float(value)) - ball) < arb(float(error))
        assert error < 1e-12


def test_closed_forms_at_all_magnitudes() -> None:
    for function, kinks, exact in [
        (erf, (), 2 / np.pi * np.arctan2(2 * ALL_MAGNITUDES, np.sqrt(1 + 4 * ALL_MAGNITUDES))),
        (lambda x: np.maximum(x, 0), (0,), ALL_MAGNITUDES / 2),
        (lambda x: x * x, (), 3 * ALL_MAGNITUDES**2),
        (lambda x: x > 0, (0,), np.full_like(ALL_MAGNITUDES, 0.5)),
    ]:
        value, error = line_average(
            lambda x, f=function: np.asarray(f(x), dtype=float) ** 2, ALL_MAGNITUDES, kinks
        )
        assert np.all(np.abs(value - exact) <= np.maximum(error, 3e-16 * np.abs(exact)))
        assert np.all(error <= 2e-12 * np.abs(exact))


def test_exponential_growth_widens_the_range() -> None:
    value, error = line_average(np.exp, [1.0, 4.0, 100.0])
    exact = np.exp([0.5, 2.0, 50.0])
    assert np.all(np.abs(value - exact) <= error + 4e-15 * exact)


def test_kinks_off_the_origin() -> None:
    value, _ = line_average(lambda x: np.clip(x, -1, 1) ** 2, [0.001, 1.0, 1e4], (-1, 1))
    closed = compiled(expectation(((sp.Abs(z + 1) - sp.Abs(z - 1)) / 2) ** 2, z, K), [K])
    assert value == pytest.approx(closed([0.001, 1.0, 1e4]), rel=1e-12)


def test_divergent_and_unsettled_averages_raise() -> None:
    with pytest.raises(QuadratureError, match="diverges"):
        line_average(lambda x: np.exp(x * x), [1.0])
    with pytest.raises(QuadratureError, match="declare its kinks"):
        line_average(lambda x: np.abs(x - 0.3), [1.0])
    with pytest.raises(QuadratureError, match="diverges"):
        plane_average(lambda a, b: np.exp(a * a / 4 + b), 9.0, 1.0, 0.5)
    with pytest.raises(ValueError, match="not negative"):
        line_average(np.tanh, [-1.0])
    with pytest.raises(ValueError, match="between -1 and 1"):
        plane_average(lambda a, b: a * b, 1.0, 1.0, 1.5)
    with pytest.raises(ValueError, match="either"):
        plane_average(lambda a, b: a * b, 1.0, 1.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(-3, 4), st.floats(-3, 4), st.floats(-0.999, 0.999))
def test_plane_average_of_relu_and_erf(log_a: float, log_b: float, c: float) -> None:
    kaa, kbb = 10**log_a, 10**log_b
    kinked = plane_average(
        lambda a, b: np.maximum(a, 0) * np.maximum(b, 0), kaa, kbb, c, kinks=((0,), (0,))
    )
    assert abs(kinked.value - relu_pair(kaa, kbb, c)) <= kinked.error + 1e-15 * np.sqrt(kaa * kbb)
    if max(kaa, kbb) < 200:
        smooth = plane_average(lambda a, b: erf(a) * erf(b), kaa, kbb, c)
        exact = 2 / np.pi * np.arcsin(2 * c * np.sqrt(kaa * kbb / ((1 + 2 * kaa) * (1 + 2 * kbb))))
        assert abs(smooth.value - exact) <= smooth.error + 1e-15


def test_near_perfect_correlation_keeps_its_digits() -> None:
    """<(f(a) - f(b))^2>/2 for f = erf at 1 - c = 1e-14 is K <f'^2> (1 - c): no digit is lost to the
    difference of two averages.
    """
    gap, variance = 1e-14, 1.7
    value, _ = plane_average(lambda a, b: (erf(a) - erf(b)) ** 2 / 2, variance, variance, gap=gap)
    slope = 4 / (np.pi * np.sqrt(1 + 4 * variance))
    assert value == pytest.approx(variance * gap * slope, rel=3e-2)
    exact = 2 / np.pi * np.arcsin(2 * variance / (1 + 2 * variance))
    limit = plane_average(lambda a, b: erf(a) * erf(b), variance, variance, gap=[0.0, 2.0])
    assert limit.value == pytest.approx([exact, -exact], rel=1e-12)


def test_compiled_expectation_in_all_targets() -> None:
    node = GaussianExpectation(sp.tanh(z) ** 2, z, K)
    ball = compiled(node, [K], "ball", digits=30)("0.7")
    assert ball.rel_accuracy_bits() > 98
    by_quad = 2 * mpmath.quad(
        lambda x: mpmath.tanh(x) ** 2 * mpmath.npdf(x, 0, mpmath.sqrt(0.7)), [0, 1, 2, 4, 12]
    )
    assert float(ball.mid()) == pytest.approx(float(by_quad), rel=1e-12)
    assert compiled(node, [K])(0.7) == pytest.approx(float(by_quad), rel=1e-12)
    with mpmath.workdps(25):
        assert (
            abs(
                compiled(node, [K], "mpmath", digits=25)("0.7")
                - mpmath.mpf(ball.mid().str(30, radius=False))
            )
            < mpmath.mpf(10) ** -24
        )


def test_complex_balls_must_be_real() -> None:
    from flint import acb

    function = compiled(GaussianExpectation(sp.tanh(z) ** 2, z, K), [K], "ball", complex_ball=True)
    assert (
        abs(
            function(acb("0.7"))
            - acb(compiled(GaussianExpectation(sp.tanh(z) ** 2, z, K), [K], "ball")("0.7"))
        )
        < 1e-12
    )
    with pytest.raises(CompileError, match="real"):
        function(acb(1, 1))


def test_compiled_pair_and_parameter() -> None:
    node = GaussianExpectation(sp.tanh(za) * sp.tanh(zb), (za, zb), ((Ka, C), (C, Kb)))
    value = compiled(node, [Ka, Kb, C])(1.3, 0.7, [0.4, 0.0, -0.4])
    assert value[1] == pytest.approx(0, abs=1e-15) and value[0] == pytest.approx(
        -value[2], rel=1e-12
    )
    assert value[0] == pytest.approx(0.15091976410914, rel=1e-12)
    rate = sp.Symbol("rate", positive=True)
    steep = compiled(GaussianExpectation(sp.tanh(rate * z) ** 2, z, K), [K, rate])
    assert steep(1.0, [1.0, 10.0]) == pytest.approx(
        compiled(GaussianExpectation(sp.tanh(z) ** 2, z, K), [K])([1.0, 100.0]), rel=1e-12
    )


def test_compiled_kink_is_split() -> None:
    node = expectation(sp.Max(z, 0) * sp.tanh(z), z, K)
    assert compiled(node, [K])(1.0) == pytest.approx(0.302852754801079412791770113777940, rel=1e-13)
    assert average_error(node.atoms(GaussianExpectation).pop())(1.0) < 1e-12


def test_certified_pair_contains_the_closed_form() -> None:
    ball = certified_average(
        sp.Max(za, 0) * sp.Max(zb, 0), [za, zb], [arb("1.3"), arb("0.7"), arb("0.4")], 12
    )
    assert ball.contains(arb("0.265378091518942")) or abs(ball - arb("0.265378091518942")) < arb(
        "1e-14"
    )
    assert ball.rad() < 1e-13


def test_three_variables_are_refused() -> None:
    names = sp.symbols("u v w", real=True)
    node = GaussianExpectation(
        sp.Mul(*map(sp.tanh, names)) * names[0], names, sp.eye(3) + sp.ones(3, 3)
    )
    with pytest.raises(CompileError, match="one or two"):
        compiled(node, [])
