"""Estimates: errors and their propagation against scatter over repeats, and the judgement of
tails.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.estimate import Estimate, tail_limit

finite = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))


def test_error_is_the_scatter_of_repeated_means():
    rng = np.random.default_rng(1)
    means = rng.exponential(2.0, size=(200, 1500)).mean(axis=0)
    estimate = Estimate.from_blocks(rng.exponential(2.0, size=(200, 1500)))
    assert np.mean(np.square(estimate.error)) == pytest.approx(np.var(means), rel=0.1)
    assert estimate.blocks == 200


def test_axis_selects_the_blocks():
    samples = np.random.default_rng(1).normal(size=(3, 50))
    across, along = Estimate.from_blocks(samples, axis=1), Estimate.from_blocks(samples.T)
    assert across.blocks == 50
    np.testing.assert_array_equal(across.value, along.value)
    np.testing.assert_array_equal(across.error, along.error)


@settings(deadline=None, max_examples=30)
@given(scale=finite, shift=finite)
def test_linear_arithmetic_equals_arithmetic_on_the_samples(scale, shift):
    samples = np.random.default_rng(1).normal(size=100)
    expected = Estimate.from_blocks(scale * samples + shift)
    for found in (
        scale * Estimate.from_blocks(samples) + shift,
        shift - Estimate.from_blocks(samples) * -scale,
    ):
        assert found.value == pytest.approx(expected.value, rel=1e-9, abs=1e-9)
        assert found.error == pytest.approx(expected.error, rel=1e-9, abs=1e-12)


def test_numpy_numbers_and_arrays_on_the_left_keep_the_error():
    estimate = Estimate(1.0, 0.1, 200)
    assert (np.float64(3) * estimate).error == pytest.approx(0.3)
    shifted = np.array([1.0, 2.0]) + estimate
    np.testing.assert_array_equal(shifted.value, [2.0, 3.0])
    np.testing.assert_array_equal(shifted.error, [0.1, 0.1])
    assert (estimate / 4).value == 0.25


def test_difference_has_welch_degrees_of_freedom():
    same = Estimate(1.0, 0.1, 101) - Estimate(0.5, 0.1, 101)
    assert same.value == 0.5
    assert same.error == pytest.approx(0.1 * math.sqrt(2))
    assert same.blocks == pytest.approx(201)  # two equal variances: the degrees of freedom add
    lopsided = Estimate(1.0, 0.1, 101) - Estimate(0.5, 1e-9, 1001)
    assert lopsided.blocks == pytest.approx(101)
    assert (Estimate(1.0, 0.1, 101) - Estimate.exact(0.3)).blocks == pytest.approx(101)
    assert (Estimate.exact(1.0) - Estimate.exact(0.3)).blocks == math.inf


def test_jackknife_removes_the_bias_of_a_ratio_and_knows_its_error():
    rng = np.random.default_rng(2)
    pairs = rng.exponential(size=(1500, 20, 2))  # 1500 repeats of 20 blocks; the true ratio is 1
    jackknifed = [Estimate.jackknife(repeat, lambda mean: mean[1] / mean[0]) for repeat in pairs]
    values = np.array([e.value for e in jackknifed])
    plain = pairs.mean(axis=1)[:, 1] / pairs.mean(axis=1)[:, 0]
    standard_error = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - 1) < 5 * standard_error
    assert (
        abs(plain.mean() - 1) > 5 * standard_error
    )  # the plain ratio shows the bias of order 1/20
    assert np.mean([e.error**2 for e in jackknifed]) == pytest.approx(values.var(), rel=0.25)


def test_jackknife_of_a_linear_function_is_the_plain_estimate():
    samples = np.random.default_rng(3).normal(size=(40, 3))
    direct, jackknifed = (
        Estimate.from_blocks(2 * samples),
        Estimate.jackknife(samples, lambda mean: 2 * mean),
    )
    np.testing.assert_allclose(jackknifed.value, direct.value, rtol=1e-12)
    np.testing.assert_allclose(jackknifed.error, direct.error, rtol=1e-12)


def test_estimates_cannot_be_changed():
    source = np.array([1.0, 2.0])
    estimate = Estimate(source, np.array([0.1, 0.1]), 10)
    source[0] = 7.0
    assert estimate.value[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        estimate.value[0] = 3.0


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.1234, 0.0005, "0.1234(5)"),
        (0.5, 0.00149, "0.5000(15)"),
        (3.0, 0.0096, "3.000(10)"),
        (1234567.0, 12.0, "1.234567(12)e+06"),
        (-1.53e-9, 2e-10, "-1.5(2)e-09"),
        (12.0, 10.0, "12(10)"),
        (0.0, 0.01, "0.000(10)"),
    ],
)
def test_digits(value, error, text):
    assert str(Estimate(value, error, 100)) == text + " [100 blocks]"


def test_rendering():
    assert str(Estimate.exact(0.25)) == "0.25 [exact]"
    assert "(8 entries)" in str(Estimate(np.zeros(8), np.ones(8), 100))
    assert Estimate(1.53e-9, 2e-10, 100)._repr_latex_() == r"$1.5(2) \times 10^{-9}$"


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([1.0], "at least 2"),
        ([], "at least 2"),
        ([1.0, math.nan], "1 of 2 samples are not finite"),
        (3.0, "axis"),
    ],
)
def test_bad_samples(samples, message):
    with pytest.raises(ValueError, match=message):
        Estimate.from_blocks(samples)


def test_bad_numbers():
    with pytest.raises(ValueError, match="shape"):
        Estimate([1.0, 2.0], 0.1, 10)
    with pytest.raises(ValueError, match="finite"):
        Estimate(math.nan, 0.1, 10)
    with pytest.raises(ValueError, match="negative"):
        Estimate(1.0, -0.1, 10)
    with pytest.raises(ValueError, match="at least 2"):
        Estimate(1.0, 0.1, 1)
    with pytest.raises(ValueError, match="real"):
        Estimate.exact(1j)
    with pytest.raises(ValueError, match="zero"):
        Estimate(1.0, 0.1, 10) / 0
    with pytest.raises(TypeError, match="jackknife"):
        Estimate(1.0, 0.1, 10) * Estimate(1.0, 0.1, 10)
    with pytest.raises(ValueError, match="not finite at the means"), np.errstate(invalid="ignore"):
        Estimate.jackknife([-1.0, -2.0, 3.0], np.sqrt)


HEAVY = {
    "Cauchy": lambda rng, n: rng.standard_cauchy(n),
    "Pareto 1.5": lambda rng, n: 1 + rng.pareto(1.5, n),
    "Student 1.5": lambda rng, n: rng.standard_t(1.5, n),
}
LIGHT = {
    "Student 5": lambda rng, n: rng.standard_t(5, n),
    "normal": lambda rng, n: rng.normal(size=n),
    "exponential": lambda rng, n: rng.exponential(size=n),
    "rare events": lambda rng, n: (rng.random(n) < 0.03).astype(float),
    "two phases": lambda rng, n: (rng.random(n) < 0.3) + 1e-3 * rng.normal(size=n),
    "constant": lambda rng, n: np.full(n, 0.1) + 0.2,
}


@pytest.mark.parametrize("name", HEAVY)
def test_samples_without_variance_are_recognised(name):
    rng = np.random.default_rng(4)
    assert all(tail_limit(HEAVY[name](rng, 20000)) < 2 for _ in range(20))


@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.parametrize("blocks", [100, 128, 1000])
def test_samples_with_variance_are_accepted(name, blocks):
    rng = np.random.default_rng(5)
    assert all(tail_limit(LIGHT[name](rng, blocks)) >= 2 for _ in range(100))


def test_tail_limit_lies_above_the_exponent_at_its_confidence():
    rng = np.random.default_rng(6)
    shape = (1000, 2000)  # P(|x| > u) = u^-3 / 5 beyond a uniform middle
    sizes = np.where(rng.random(shape) < 0.2, rng.random(shape) ** (-1 / 3.0), rng.random(shape))
    below = [tail_limit(x, confidence=0.9) < 3.0 for x in sizes * rng.choice([-1, 1], size=shape)]
    assert 0.07 < np.mean(below) < 0.13


def test_the_worst_entry_of_an_array_decides_and_is_remembered():
    rng = np.random.default_rng(7)
    samples = np.column_stack([rng.normal(size=5000), rng.standard_cauchy(5000)])
    assert tail_limit(samples) < 2
    estimate = Estimate.from_blocks(samples)
    assert estimate.tail < 2
    assert (2 * estimate - Estimate(np.zeros(2), np.ones(2), 100)).tail == estimate.tail
