"""Recorded answers that were changed, derived once more by hand and by mpmath, without the project's
formulas.
"""

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
from mpmath import exp, log, mpf, sqrt, tanh
from sympy import Rational, Symbol
from sympy import tanh as symbolic_tanh

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.dynamic_neurons.sums import trapezoidal_partition
from neurenorm.theory.gaussian.expectation import GaussianExpectation

ROWS = [
    json.loads(line.rstrip().rstrip(","))
    for line in Path(__file__).with_name("evaluate.json").read_text().splitlines()
    if line.startswith('{"id"')
]


def recorded(identifier, **parameters):
    """The values of one recorded answer, its branches, and its errors."""
    (row,) = [row for row in ROWS if row["id"] == identifier and row["parameters"] == parameters]
    return row["answer"]


def gaussian(function, variance=1):
    """⟨f(z)⟩ by quadrature of the density."""
    width = sqrt(mpf(variance))
    return mpmath.quad(lambda x: function(width * x) * mpmath.npdf(x), [-14, -4, 0, 4, 14])


def white(n, freedom):
    """Mean entropy of the normalised spectrum of a real sample covariance, to order one: the
    Marchenko-Pastur density, and beside it a quarter of a point mass at both edges less half an
    arcsine law; the trace is chi-squared and independent of the normalised spectrum.
    """
    small, large = min(n, freedom), max(n, freedom)
    ratio = mpf(small) / large
    low, high = (1 - sqrt(ratio)) ** 2, (1 + sqrt(ratio)) ** 2

    def at(angle):
        return 1 + ratio + 2 * sqrt(ratio) * mpmath.cos(angle)

    def tilted(x):
        return x * log(x) if x > 0 else mpf(0)

    bulk = mpmath.quad(
        lambda a: tilted(at(a)) * 4 * ratio * mpmath.sin(a) ** 2 / (2 * mpmath.pi * ratio * at(a)),
        [0, mpmath.pi / 2, mpmath.pi],
    )
    arcsine = mpmath.quad(lambda a: tilted(at(a)), [0, mpmath.pi / 2, mpmath.pi]) / mpmath.pi
    edge = (tilted(low) + tilted(high)) / 4 - arcsine / 2
    spread = mpmath.digamma(mpf(small) * large / 2 + 1) - log(mpf(large) / 2)  # of ⟨t ln t⟩/⟨t⟩
    return exp(spread - (small * bulk + edge) / small)


@pytest.mark.parametrize("n, samples", [(400, 2000), (400, 100), (10, 10)])
def test_dimension_of_white_data(n, samples):
    found = recorded("complexity/white-dimension", n=str(n), samples=str(samples))["values"]
    freedom = samples - 1
    small = (n * freedom) ** -2.0 * min(n, freedom)  # what ψ(x + 1) - ln x - 1/(2x) leaves out
    assert found["effective_dimension"] == pytest.approx(
        float(white(n, freedom)), abs=small, rel=1e-12
    )
    assert found["participation_ratio"] == pytest.approx(
        (n * freedom + 2) / (n + freedom + 1), rel=1e-15
    )  # n M (n M + 2) over n M (n + M + 1), by Wick's theorem


def test_tanh_at_length_zero():
    """⟨tanh²⟩_K = K - 2 K² + …, so that K' = K/2 at zero, stable, and ξ = 1/ln 2."""
    found = recorded("field-theory/kernel-fixed-point", activation="tanh", sw2="0.5", sb2="0")
    small = mpf("1e-6")
    assert gaussian(lambda z: tanh(z) ** 2, small) / small == pytest.approx(1 - 2e-6, abs=1e-11)
    assert found["values"] == {
        "K": 0.0,
        "chi_par": 0.5,
        "chi_perp": 0.5,
        "xi_q": pytest.approx(1 / float(log(2)), rel=1e-15),
    }
    assert all(mpf("0.5") * gaussian(lambda z: tanh(z) ** 2, K) < K for K in (0.01, 0.1, 1, 5))


def test_branches_of_a_square():
    """⟨z⁴⟩ = 3 K² and ⟨(2z)²⟩ = 4 K: K = sb2 + 3 sw2 K², χ_∥ = 6 sw2 K, χ_⊥ = 4 sw2 K."""
    found = recorded("field-theory/kernel-fixed-point", activation="z**2", sw2="0.2", sb2="0.1")
    for branch, side in zip(found["branches"], (-1, 1), strict=True):
        K = (1 + side * sqrt(1 - 12 * mpf("0.2") * mpf("0.1"))) / (6 * mpf("0.2"))
        slope = 6 * mpf("0.2") * K
        assert branch["K"] == pytest.approx(float(K), rel=1e-15)
        assert branch["chi_par"] == pytest.approx(float(slope), rel=1e-15)
        assert branch["chi_perp"] == pytest.approx(float(slope * 2 / 3), rel=1e-15)
        assert branch["xi_q"] == (
            pytest.approx(float(-1 / log(slope)), rel=1e-14) if slope < 1 else None
        )
    assert found["values"] == found["branches"][0]


def test_partition_function_of_two_sharp_layers():
    """Over the first neuron's law, then the second weight, by Gauss-Legendre instead of a grid."""
    x, weights = np.polynomial.legendre.leggauss(900)
    x, weights = 9 * x, 9 * weights * np.exp(-((9 * x) ** 2) / 2) / np.sqrt(2 * np.pi)
    value = weights @ np.exp(-2 * (0.5 - np.tanh(x * np.tanh(x)[:, None])) ** 2) @ weights
    assert trapezoidal_partition(np.tanh, 1.0, 0.5, 2.0) == pytest.approx(float(value), abs=1e-11)
    assert round(float(value), 6) == 0.562116


def test_slope_of_an_average_by_prices_theorem():
    """Against a quotient of differences of quadratures."""
    z, K = Symbol("z", real=True), Symbol("K", positive=True)
    slope = GaussianExpectation(symbolic_tanh(z) ** 2, z, K).diff(K)
    step = mpf("1e-5")
    for place in (Rational(1, 5), Rational(3)):
        sides = [
            gaussian(lambda x: tanh(x) ** 2, mpf(place.p) / place.q + s * step) for s in (1, -1)
        ]
        assert compiled(slope, [K])(float(place)) == pytest.approx(
            float((sides[0] - sides[1]) / (2 * step)), rel=1e-8
        )
