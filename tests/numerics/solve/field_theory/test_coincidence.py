"""Kernels of inputs that coincide, are opposite or parallel: nothing is lost in the angle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurenorm.numerics.compile import compiled_gradient
from neurenorm.numerics.solve.field_theory.kernel_matrices import kernel_matrices
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import AA, AB, BB, WideLimit

RECTIFIERS = ("relu", "abs", "leaky", "2*max(z,0)-3*min(z,0)", "z+abs(z)/7")


@pytest.mark.parametrize("name", RECTIFIERS)
def test_gradients_of_an_overlap_exist_at_perfect_correlation(name: str) -> None:
    """By Price's theorem the slope at c = 1 is ⟨φ'²⟩, at c = -1 that of φ'(z) φ'(-z)."""
    wide = WideLimit(activation(name))
    right, left = map(float, wide.activation.slopes or ())
    values, slopes = compiled_gradient(wide.overlap, [AA, BB, AB])(2.0, 2.0, np.array([2.0, -2.0]))
    assert slopes[2] == pytest.approx([(right**2 + left**2) / 2, right * left], abs=1e-15)
    assert slopes[:2] == pytest.approx(np.zeros((2, 2)), abs=1e-15)
    assert values == pytest.approx([right**2 + left**2, -2 * right * left], abs=1e-14)


def test_gradient_of_the_rectifier_is_the_angle() -> None:
    angle = np.linspace(0, np.pi, 9)
    overlap = WideLimit(activation("relu")).overlap
    slope = compiled_gradient(overlap, [AA, BB, AB], [AB])(1.0, 1.0, np.cos(angle))[1][0]
    assert slope == pytest.approx((np.pi - angle) / (2 * np.pi), abs=1e-14)


@pytest.mark.parametrize("name", [*RECTIFIERS, "erf", "sin", "max(z,0)**2", "tanh"])
@pytest.mark.parametrize("depth", [4, 64])
def test_one_input_taken_twice_has_its_own_kernels(name: str, depth: int) -> None:
    sw2 = 0.1 if name == "max(z,0)**2" else 2.0 / 10.0 if name.startswith("2*") else 1.2
    inputs = np.array([[0.3, 1.1], [0.3, 1.1], [-0.4, 0.2]])
    gram = inputs @ inputs.T / 2
    gram[0, 1] = gram[1, 0] = np.nextafter(gram[0, 0], 1)
    for matrix in kernel_matrices(WideLimit(activation(name)), gram, sw2, 0.1, depth):
        assert matrix[0, 1] == pytest.approx(matrix[0, 0], rel=1e-15)


SLOPE = st.just(0.0) | st.floats(1e-300, 3) | st.floats(-3, -1e-300)
"""Zero, or a number that text may give: at least 1e-300 in size."""


@settings(deadline=None, max_examples=40)
@given(SLOPE, SLOPE, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.booleans())
def test_parallel_inputs_of_a_rectifier(
    right: float, left: float, first: float, second: float, opposite: bool
) -> None:
    """Without biases φ(cz) = cφ(z) makes the kernels of c x those of x times c, at any depth; what
    is rounded is the size of the two signals, √(K_aa K_bb), however small their overlap.
    """
    assume(right**2 + left**2 > 1e-3)
    phi = activation(f"({right!r})*max(z,0) + ({left!r})*min(z,0)")
    sw2 = 2 / (right**2 + left**2)
    ratio = second / first * (-1 if opposite else 1)
    gram = first * np.array([[1.0, ratio], [ratio, ratio**2]])
    kernel, tangent = kernel_matrices(WideLimit(phi), gram, sw2, 0.0, 2)
    share = -2 * right * left / (right**2 + left**2) if opposite else 1.0
    size, grown = sw2 * first * abs(ratio), sw2**2 * first * ratio
    grown *= right * left if opposite else 1 / sw2
    assert kernel[0, 1] == pytest.approx(size * share, rel=0, abs=1e-14 * _size(kernel))
    assert tangent[0, 1] == pytest.approx(size * share + grown, rel=0, abs=1e-14 * _size(tangent))


def _size(matrix: np.ndarray) -> float:
    """The largest overlap that two signals of these lengths may have."""
    return float(np.sqrt(matrix[0, 0] * matrix[1, 1]))


def test_a_zero_input_has_no_overlap() -> None:
    kernel, tangent = kernel_matrices(
        WideLimit(activation("relu")), np.array([[1.0, 0.0], [0.0, 0.0]]), 2.0, 0.0, 3
    )
    assert kernel.tolist() == [[2.0, 0.0], [0.0, 0.0]] and tangent.tolist() == [[6, 0], [0, 0]]


def test_correlations_that_reach_one_on_the_way_down_are_finite() -> None:
    """In the ordered phase two inputs become one long before the last layer."""
    wide = WideLimit(activation("leaky"))
    kernel, tangent = kernel_matrices(wide, np.array([[1.0, 0.2], [0.2, 1.0]]), 1.0, 0.3, 400)
    assert kernel[0, 1] == pytest.approx(kernel[0, 0], rel=1e-14)
    assert tangent[0, 1] == pytest.approx(tangent[0, 0], rel=1e-7)
