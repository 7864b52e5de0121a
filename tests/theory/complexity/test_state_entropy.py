"""Derivations of complexity and effective dimension: exact values, limits, derivation steps."""

import math
from itertools import product

import pytest
from sympy import Integer, Rational, cos, expand, log, pi

from neurenorm.numerics.verification.derivations import check_derivation
from neurenorm.theory.complexity.effective_dimension import (
    RATIO,
    lagrange_moment,
    layer_spectrum,
    linear_dimension,
    sphere_kernel,
    white_dimension,
    white_entropy,
)
from neurenorm.theory.complexity.joint_entropy import (
    joint_entropy,
    large_dimension_correction,
    pair_entropy,
    pattern_probabilities,
    plane_lines,
)
from neurenorm.theory.complexity.state_entropy import (
    BinaryEntropy,
    RandomNetwork,
    depth_law,
    first_layer,
    neuron_profile,
    overlap_moments,
)
from neurenorm.theory.symbols import symbols

SUBJECT = symbols("complexity")


def bits(*probabilities):
    """Entropy of numbers, in bits."""
    return -sum(p * math.log2(p) for p in probabilities if p > 0)


def logs(p):
    """The binary entropy written out."""
    return -(p * log(p) + (1 - p) * log(1 - p)) / log(2)


def test_binary_entropy_at_its_ends_and_its_slope():
    assert BinaryEntropy(0) == BinaryEntropy(1) == 0
    assert BinaryEntropy(Rational(1, 2)) == 1
    p = SUBJECT.p
    assert BinaryEntropy(p).diff(p).subs(p, Rational(1, 2)) == 0
    assert float(BinaryEntropy(Rational(1, 5)).rewrite(log)) == pytest.approx(
        0.7219280949, abs=1e-10
    )


@pytest.mark.parametrize(
    "derivation",
    [
        neuron_profile().derivation,
        first_layer().derivation,
        pair_entropy()[1],
        depth_law().derivation,
    ],
)
def test_derivation_steps_hold_at_random_points(derivation):
    assert check_derivation(derivation, points=2) >= 1


def test_spectra_derivations():
    assert check_derivation(white_dimension().derivation) == 1
    assert check_derivation(layer_spectrum().derivation) == 3


def test_second_moment_of_the_on_probability_is_an_orthant():
    r, c = SUBJECT.r, Rational(1, 3)
    orthant = pattern_probabilities([[1, c], [c, 1]])[1, 1]
    assert overlap_moments()[1].subs(r**2, c / (1 - c)) == orthant


def test_pair_entropy_at_a_third_of_pi():
    values, _ = pair_entropy()
    found = {
        name: float(value.subs(SUBJECT.theta, pi / 3).rewrite(log))
        for name, value in values.items()
    }
    assert found["joint"] == pytest.approx(1.918296, abs=1e-6)
    assert found["total_correlation"] == pytest.approx(0.081704, abs=1e-6)
    assert values["joint"].subs(SUBJECT.theta, 0) == 1
    assert values["total_correlation"].subs(SUBJECT.theta, pi / 2) == 0


def test_three_units():
    a, b, c = Rational(1, 2), Rational(1, 5), Rational(-3, 10)
    patterns = pattern_probabilities([[1, a, b], [a, 1, c], [b, c, 1]])
    numbers = {pattern: float(value) for pattern, value in patterns.items()}
    assert numbers[1, 1, 1] == pytest.approx(0.1584435, abs=1e-6)
    assert sum(numbers.values()) == pytest.approx(1)
    joint = float(joint_entropy(patterns).replace(BinaryEntropy, logs))
    assert joint == pytest.approx(2.858555, abs=1e-6)
    assert joint == pytest.approx(bits(*numbers.values()), abs=1e-12)
    assert 3 - joint == pytest.approx(0.141445, abs=1e-6)


def test_four_units_have_no_closed_form():
    with pytest.raises(ValueError, match="no closed form: at most three"):
        pattern_probabilities([[Integer(i == j) for i in range(4)] for j in range(4)])


def test_chain_rule_of_a_table_is_its_entropy():
    weights = [Rational(k, 36) for k in range(1, 9)]
    table = dict(zip(product((0, 1), repeat=3), weights, strict=True))
    assert float(joint_entropy(table).rewrite(log)) == pytest.approx(
        bits(*map(float, weights)), abs=1e-12
    )


def test_lines_in_a_plane():
    for n, expected in ((2, 1.72135), (3, 2.20225), (5, 2.85146), (10, 3.78291), (20, 4.74775)):
        assert float(plane_lines().subs(SUBJECT.n, n)) == pytest.approx(expected, abs=1e-5)
        harmonic = sum(1 / k for k in range(1, n + 1))
        assert float(plane_lines().subs(SUBJECT.n, n)) == pytest.approx(
            1 + (harmonic - 1) / math.log(2), abs=1e-12
        )


def test_total_correlation_in_many_dimensions():
    assert float(large_dimension_correction().subs(SUBJECT.d, 1)) == pytest.approx(
        0.292351, abs=1e-6
    )


def test_depth_law():
    law = depth_law("relu")
    assert law.closing == 1 / (3 * pi)
    assert depth_law("leaky").closing < law.closing
    with pytest.raises(ValueError, match="needs a kink at zero and no other scale"):
        depth_law("tanh")


def test_random_networks_share_the_kernel_recursion_of_the_wide_limit():
    from neurenorm.theory.gaussian.activation import activation
    from neurenorm.theory.wide.limit import WideLimit

    network = RandomNetwork.of("relu", 2)
    assert network.recursion.step == WideLimit(activation("relu")).kernels.step
    assert network.closed
    assert not RandomNetwork.of("tanh", 2).closed


def test_moments_of_sample_covariances_and_of_linear_layers():
    w = SUBJECT.x
    assert expand(lagrange_moment(3, 1 + RATIO * w, w) - (1 + 3 * RATIO + RATIO**2)) == 0
    assert white_entropy() == RATIO / 2
    fraction = linear_dimension().values["fraction"]
    for depth, expected in ((1, 0.60653), (2, 0.43460), (3, 0.33847), (5, 0.23457), (10, 0.13267)):
        assert float(fraction.subs(SUBJECT.depth, depth)) == pytest.approx(expected, abs=1e-5)


def test_relu_spectrum_and_sphere_map():
    spectrum = layer_spectrum("relu")
    assert (spectrum.slope2, spectrum.floor) == (Rational(1, 4), Rational(1, 4) - 1 / (2 * pi))
    for ratio, expected in ((Rational(1, 4), 0.88145), (1, 0.65020), (4, 0.31727)):
        assert float(spectrum.participation.subs(RATIO, ratio)) == pytest.approx(expected, abs=1e-5)
    assert layer_spectrum("linear").floor == 0
    angle = Rational(7, 10)
    kernel = float(sphere_kernel(1).map.subs(SUBJECT.c, cos(angle)))
    assert kernel == pytest.approx((math.sin(0.7) + (math.pi - 0.7) * math.cos(0.7)) / math.pi)
    with pytest.raises(ValueError, match="has a scale"):
        sphere_kernel(1, "tanh")
