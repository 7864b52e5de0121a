"""Averages of random activations against a quadrature in polar coordinates that knows their parts as
plain functions only.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.special import erf

import neurenorm.numerics.quadrature  # noqa: F401  (teaches the compiler to average)
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.field_theory.maps import gauss_average, gauss_pair
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import AA, AB, BB, K, WideLimit

PARTS = {
    "z": (lambda x: x, np.ones_like),
    "tanh(z/2)": (lambda x: np.tanh(x / 2), lambda x: 0.5 / np.cosh(x / 2) ** 2),
    "max(z,0)": (lambda x: np.maximum(x, 0), lambda x: np.heaviside(x, 0.5)),
    "abs(z)": (np.abs, np.sign),
    "min(exp(z)-1,0)": (
        lambda x: np.expm1(np.minimum(x, 0)),
        lambda x: np.exp(np.minimum(x, 0)) * np.heaviside(-x, 0.5),
    ),
    "sin(z)": (np.sin, np.cos),
    "erf(z)": (erf, lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x)),
    "z**2*exp(-z**2/2)": (
        lambda x: x * x * np.exp(-x * x / 2),
        lambda x: (2 * x - x**3) * np.exp(-x * x / 2),
    ),
    "z/(1+abs(z))": (lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2),
    "exp(-abs(z))": (lambda x: np.exp(-np.abs(x)), lambda x: -np.sign(x) * np.exp(-np.abs(x))),
}
SHARE = st.integers(-4, 4).filter(bool)
MIXTURES = st.dictionaries(st.sampled_from(sorted(PARTS)), SHARE, min_size=1, max_size=2)


@settings(deadline=None, max_examples=4, phases=[Phase.generate])
@given(MIXTURES, st.floats(0.2, 2), st.floats(0.2, 2), st.floats(-0.95, 0.95))
def test_averages_of_mixtures(mixture, first, second, correlation):
    """⟨φ_a φ_b⟩, ⟨φ_a' φ_b'⟩, ⟨φ²⟩ and ⟨φ'²⟩."""
    wide = WideLimit(
        activation(" + ".join(f"({share})*{part}/3" for part, share in mixture.items()))
    )
    functions = [
        lambda x, side=side: sum(
            share * PARTS[part][side](x) / 3 for part, share in mixture.items()
        )
        for side in (0, 1)
    ]
    shared = correlation * math.sqrt(first * second)
    pair = compiled([wide.overlap, wide.slope_overlap], [AA, BB, AB])(first, second, shared)
    alone = compiled([wide.second_moment, wide.slope_moment], [K])(first)
    size = sum(abs(share) for share in mixture.values()) ** 2 / 9
    for found, other, function in zip(pair, alone, functions, strict=True):
        expected = gauss_pair(function, first, second, shared)
        assert float(found) == pytest.approx(expected, rel=1e-8, abs=1e-9 * size)
        square = gauss_average(lambda x, f=function: f(x) ** 2, first)
        assert float(other) == pytest.approx(square, rel=1e-9, abs=1e-10 * size)
