"""Laws of random couplings: exponents, thresholds, and what grids conserve."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.solve.disorder import (
    SizeHistogram,
    glass_temperature,
    nishimori_point,
    stiffness,
)


@pytest.mark.parametrize(
    ("branches", "theta"), [(2, -0.27079283), (4, 0.25521329), (8, 0.76337391)]
)
def test_stiffness(branches, theta):
    found, error = stiffness(branches)
    assert found == pytest.approx(theta, abs=6e-9) and error < 1e-10


def test_the_exponent_of_chaos():
    found = evaluate("disorder/glass", d=3).values
    assert found["chaos"] == pytest.approx(0.74478671, abs=6e-9)


def test_the_glass_in_three_dimensions():
    """Splitting couplings so that their second moment is kept as well gives 0.88069 too."""
    found, error = glass_temperature(4, True)
    assert abs(found - 0.88069) < 1e-4 and error < 2e-4


def test_the_nishimori_line():
    point, error, y, _ = nishimori_point(2)
    assert abs(point - 0.920085) < 2e-5 and error < 1e-4
    assert y == pytest.approx(0.5415, abs=4e-4)


@settings(deadline=None, max_examples=30, print_blob=True)
@given(
    st.lists(st.floats(0, 6), min_size=1, max_size=6),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from([0.1, 0.05]),
)
def test_a_step_on_a_grid_conserves_what_it_must(sizes, nishimori, branches, spacing):
    histogram = SizeHistogram(spacing, int(30 / spacing) + 1, branches, nishimori)
    law = histogram.deposited(np.array(sizes), np.full(len(sizes), 1 / len(sizes)))
    assert law.sum() == pytest.approx(1) and law @ histogram.grid == pytest.approx(np.mean(sizes))
    new = histogram.step(law)
    assert new.sum() == pytest.approx(1) and new.min() >= 0
    if nishimori:
        # E t of the sum by its signs, against E t^2, which depends on sizes only
        t = np.tanh(histogram.grid)
        assert new @ t**2 == pytest.approx(
            new @ (t * (2 / (1 + np.exp(-2 * histogram.grid)) - 1)), abs=1e-12
        )
    else:
        square = law @ histogram.grid**2
        assert new @ histogram.grid**2 <= branches * square + 1e-9 + branches * spacing**2


def test_one_bond_with_one_sign_is_the_pure_step():
    histogram = SizeHistogram(0.004, 501, 1)
    law = histogram.step(histogram.deposited(np.array([0.8]), np.ones(1)))
    assert histogram.mean_size(law) == pytest.approx(math.atanh(math.tanh(0.8) ** 2), abs=1e-5)


@pytest.mark.parametrize(
    ("cell", "q", "variance"),
    [("diamond", 2, 0.704402258), ("diamond", 3, 0.790123457), ("diamond", 8, 1.045871103)],
)
def test_the_variance_of_weak_disorder(cell, q, variance):
    found = evaluate("disorder/harris", cell=cell, q=q).values
    assert found["variance_eigenvalue"] == pytest.approx(variance, abs=6e-10)
    assert found["variance_eigenvalue"] == pytest.approx(
        2 ** found["alpha_over_nu"], rel=1e-12
    )  # all bonds of the diamond are equivalent


@pytest.mark.parametrize(
    ("cell", "q"), [("diamond", 4 + 2 * math.sqrt(2)), ("wheatstone", (7 + math.sqrt(13)) / 2)]
)
def test_where_disorder_becomes_relevant(cell, q):
    found = evaluate("disorder/harris", cell=cell, q=q).values
    assert found["q_relevant"] == pytest.approx(q, abs=1e-12)
    assert found["variance_eigenvalue"] == pytest.approx(1, abs=1e-9)
    assert cell == "diamond" or found["alpha_over_nu"] < 0


@pytest.mark.parametrize(
    ("identifier", "question", "message"),
    [
        ("glass", {"d": 7}, "at most 5"),
        ("glass", {"d": 2.5}, "integer"),
        ("glass", {"d": 3, "law": "cauchy"}, "one of"),
        ("nishimori", {"p": 0.3}, "at least 1/2"),
        ("harris", {"q": 3, "series": 3, "parallel": 3}, "at most 6 bonds"),
        ("harris", {"q": 0}, "above 0"),
    ],
)
def test_refusals(identifier, question, message):
    with pytest.raises(ValueError, match=message):
        evaluate(f"disorder/{identifier}", question)


def test_no_transition_where_the_stiffness_is_negative():
    found = evaluate("disorder/glass", d=2, law="gauss")
    assert found.values["T_c"] is None and "theta = -0.27" in found.answer.reason
