"""Stiff chains of neurons, in loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, expand, symbols

from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.simulation.loops.chain import chain_statistics
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.loops.chain import StiffChain, taylor


def series(text, order=2):
    """Coefficients as floats."""
    chain = StiffChain(taylor(activation(text), 5), order)
    return [list(map(float, part)) for part in (chain.mean, chain.variance, chain.eigenvalue)]


def test_an_odd_chain():
    mean, variance, eigenvalue = series("tanh(4*h/5)")
    assert mean == [0, 0, 0]
    assert variance == pytest.approx([0, 2.7777778, -17.5582990], abs=1e-6)
    assert eigenvalue == pytest.approx([0.8, -1.4222222, 23.0364883], abs=1e-6)


def test_a_chain_without_symmetry():
    mean, variance, eigenvalue = series("tanh(4*h/5) + 3*tanh(h)**2/10")
    assert mean == pytest.approx([0, 4.1666667, 19.8962339], abs=1e-6)
    assert variance == pytest.approx([0, 2.7777778, 41.4505048], abs=1e-6)
    assert eigenvalue[:2] == pytest.approx([0.8, 6.0777778], abs=1e-6)


def test_the_first_order_for_any_coefficients():
    g2, g3 = symbols("g2 g3")
    w = Rational(1, 3)
    chain = StiffChain((w, g2, g3), 1)
    wanted = 3 * (g3 + 2 * g2**2 / (1 - w)) / (1 - w**2)
    assert expand(chain.eigenvalue[1] - wanted) == 0
    assert expand(chain.mean[1] - g2 / ((1 - w) * (1 - w**2))) == 0


@settings(deadline=None, max_examples=10)
@given(st.integers(-7, 7).filter(bool), st.integers(-5, 5), st.integers(-5, 5))
def test_any_chain_is_its_transfer_operator(first, second, third):
    """Up to the third order in the noise, which is below 1e-11 at this noise."""
    w, g2, g3 = (Rational(k, 10) for k in (first, second, third))
    found = StiffChain((w, g2, g3, *[Rational(0)] * 2), 2)
    noise = 3e-6

    def f(h):
        """The polynomial, which is tame where the chain goes."""
        return float(w) * h + float(g2) * h**2 + float(g3) * h**3

    exact = chain_statistics(f, float(w), noise, size=14)
    for value, part in zip(exact, (found.mean, found.variance, found.eigenvalue), strict=True):
        total = sum(float(c) * noise**p for p, c in enumerate(part))
        assert value == pytest.approx(total, abs=1e-11)


def test_exact_eigenvalues():
    one = evaluate("loops/smeared-chain", activation="tanh(0.8*z)", alpha=10).values
    assert one["exact"] == pytest.approx(0.7529679467, abs=1e-9)
    shape = "tanh(0.8*z)+0.3*tanh(z)**2"
    two = evaluate("loops/smeared-chain", activation=shape, alpha=100, order=1).values
    assert two["exact"] == pytest.approx(0.8255501923, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "words"), [("cos(z)", r"f\(0\)"), ("tanh(2*z)", "stable"), ("abs(z)/2", "kink")]
)
def test_refusals(text, words):
    with pytest.raises(ValueError, match=words):
        taylor(activation(text), 5)


def test_a_linear_chain_is_exact():
    assert np.allclose(chain_statistics(lambda h: h / 2, 0.5, 0.03), [0, 0.04, 0.5])
