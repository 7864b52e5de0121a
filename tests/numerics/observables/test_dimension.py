"""Effective dimensions: closed spectra, sampling laws, invariances, chunks, power laws."""

import math
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.observables.dimension import (
    covariance_spectrum,
    effective_dimension,
    inverse_participation,
    participation_ratio,
    renyi_dimension,
    representation_dimension,
)
from neurenorm.numerics.observables.power_law import power_law


def test_closed_spectra():
    geometric = 0.5 ** np.arange(1, 400)
    assert effective_dimension(geometric) == pytest.approx(4, abs=1e-9)
    assert participation_ratio(geometric) == pytest.approx(3, abs=1e-9)
    assert effective_dimension([3, 1]) == pytest.approx(1.7547653506, abs=1e-10)
    assert participation_ratio([3, 1]) == pytest.approx(1.6)
    assert effective_dimension(np.ones(37)) == pytest.approx(37)
    assert effective_dimension(1 / np.arange(1, 1001) ** 2) == pytest.approx(5.0941418, abs=1e-7)
    assert effective_dimension(1 / np.arange(1, 101)) == pytest.approx(39.6772409, abs=1e-7)


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_family_is_ordered(values):
    found = [renyi_dimension(values, order) for order in (0, 0.5, 1, 2, 5, math.inf)]
    assert all(a >= b * (1 - 1e-9) for a, b in pairwise(found))
    assert 1 - 1e-9 <= found[-1] <= found[0] <= len(values)


def test_white_data():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2000, 400))
    values = covariance_spectrum(x)
    assert effective_dimension(values) == pytest.approx(361.9, abs=0.3)
    assert participation_ratio(values) == pytest.approx(333.3, abs=0.5)
    assert effective_dimension(covariance_spectrum(x[:100])) == pytest.approx(87.4, abs=0.5)


def test_both_gram_sides_and_chunks_agree_with_a_covariance():
    rng = np.random.default_rng(2)
    for shape in ((300, 12), (12, 300), (30, 30)):
        x = rng.standard_normal(shape) * rng.uniform(0.1, 3, shape[1]) + 5
        expected = np.sort(np.linalg.eigvalsh(np.cov(x.T)))[::-1]
        found = covariance_spectrum(x)
        np.testing.assert_allclose(found, expected[: len(found)], atol=1e-10)
        chunked = covariance_spectrum(x[start : start + 7] for start in range(0, len(x), 7))
        np.testing.assert_allclose(chunked, np.maximum(expected, 0), atol=1e-10)


def test_data_larger_than_a_chunk_take_the_memory_of_a_chunk():
    rng = np.random.default_rng(3)
    tracemalloc.start()
    values = covariance_spectrum(rng.standard_normal((1000, 20)) + 100 for _ in range(100))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert effective_dimension(values) == pytest.approx(20, abs=0.05)
    assert peak < 5 * 1000 * 20 * 8  # of 100 chunks


def test_invariances():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((80, 9)) * np.arange(1, 10)
    rotation = np.linalg.qr(rng.standard_normal((9, 9)))[0]
    plain = effective_dimension(covariance_spectrum(x))
    assert effective_dimension(covariance_spectrum(3 * x @ rotation + 7)) == pytest.approx(
        plain, rel=1e-10
    )
    assert abs(effective_dimension(covariance_spectrum(x * np.arange(9, 0, -1))) - plain) > 0.1


def test_the_error_is_the_spread_over_repetitions():
    rng = np.random.default_rng(5)
    found = [
        representation_dimension(rng.standard_normal((400, 6)) * [3, 2, 1, 1, 0.5, 0.1])
        for _ in range(150)
    ]
    assert np.mean([f.error for f in found]) == pytest.approx(
        np.std([f.effective for f in found]), rel=0.3
    )
    assert np.mean([f.participation_error for f in found]) == pytest.approx(
        np.std([f.participation for f in found]), rel=0.3
    )
    assert found[0].cap == 6


def test_deep_linear_networks_and_one_relu_layer():
    rng = np.random.default_rng(6)
    n, product = 600, np.eye(600)
    for expected in (0.6065, 0.4346, 0.3385):
        product = rng.standard_normal((n, n)) @ product / math.sqrt(n)
        assert effective_dimension(
            np.linalg.svd(product, compute_uv=False) ** 2
        ) / n == pytest.approx(expected, abs=0.003)
    w = rng.standard_normal((400, 400))
    length = np.linalg.norm(w, axis=1)
    angle = np.arccos(np.clip(w @ w.T / np.outer(length, length), -1, 1))
    np.fill_diagonal(angle, 0)
    values = np.linalg.eigvalsh(
        np.outer(length, length)
        * (np.sin(angle) + (np.pi - angle) * np.cos(angle) - 1)
        / (2 * np.pi)
    )
    assert effective_dimension(values) / 400 == pytest.approx(0.7798, abs=0.004)
    assert participation_ratio(values) / 400 == pytest.approx(0.6502, abs=0.004)


def test_features_of_random_rectifiers_on_the_sphere():
    rng = np.random.default_rng(7)
    x = rng.standard_normal((12_000, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    features = np.maximum(x @ rng.standard_normal((3, 500)), 0)
    assert effective_dimension(covariance_spectrum(features)) == pytest.approx(5.86, abs=0.15)


def test_inverse_participation():
    wave = np.cos(2 * np.pi * 3 * np.arange(1000) / 1000)
    assert float(inverse_participation(wave)) == pytest.approx(1.5 / 1000, rel=1e-9)
    assert float(inverse_participation(np.eye(50)[3])) == 1
    with pytest.raises(ValueError, match="zero or not finite"):
        inverse_participation([[0.0, 0.0]])


def test_power_laws():
    t = np.arange(1, 200)
    noisy = 3 * t**-0.7 * np.exp(0.01 * np.random.default_rng(8).standard_normal(t.size)) + 2
    fit = power_law(t, noisy, window=(5, 150), limit=2)
    assert fit.alpha == pytest.approx(0.7, abs=5 * fit.error)
    assert fit.r2 > 0.99
    assert fit.window == (5, 150)
    with pytest.raises(ValueError, match="at least three points"):
        power_law(t, noisy, window=(5, 6))
    with pytest.raises(ValueError, match="positive times and values"):
        power_law(t, noisy - 10)


def test_bad_features():
    with pytest.raises(ValueError, match="features are constant"):
        effective_dimension(covariance_spectrum(np.ones((5, 3))))
    with pytest.raises(ValueError, match="at least two samples"):
        covariance_spectrum(np.ones((1, 3)))
    with pytest.raises(ValueError, match="not finite"):
        covariance_spectrum(np.full((4, 3), np.nan))
    with pytest.raises(ValueError, match="at least two samples"):
        covariance_spectrum(iter([]))
    with pytest.raises(ValueError, match="order"):
        renyi_dimension([1.0], -1)
