"""Catalogued values of complexity and effective dimension against the numbers worked out
beforehand, and bad parameters.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy.special import ndtr
from sympy import Rational

from neurenorm.numerics.evaluate import answer, evaluate
from neurenorm.numerics.evaluate.complexity.effective_dimension import (
    sphere_dimension,
    sphere_weights,
)
from neurenorm.numerics.evaluate.complexity.state_entropy import mixture_probabilities, profile_bits
from neurenorm.numerics.observables.entropy import binary_entropy
from neurenorm.numerics.simulation.complexity.networks import drawn_dimensions, harmonic_dimension
from neurenorm.theory.complexity.effective_dimension import sphere_kernel
from neurenorm.theory.complexity.state_entropy import depth_law


def network(depth, sw2=2, sb2=0, name="relu", **other):
    return evaluate(
        "complexity/random-network", activation=name, sw2=sw2, sb2=sb2, depth=depth, **other
    ).values["bits"]


def test_neuron_profile():
    for r, expected in (
        (0, 1),
        (0.5, 0.9016897176),
        (1, 0.7213475204),
        (2, 0.4614965830),
        (10, 0.1034135738),
    ):
        assert evaluate("complexity/neuron-profile", r=r).values["value"] == pytest.approx(
            expected, abs=1e-9
        )
    assert evaluate("complexity/neuron-profile", r=float("inf")).values["value"] == 0
    assert evaluate("complexity/neuron-profile", r=1e-4).values["value"] == pytest.approx(
        1 - 0.4592240943 * 1e-8, abs=1e-13
    )
    assert (
        evaluate("complexity/neuron-profile", r=1, digits=25).values["value"]
        == "0.7213475204444817036799623"
    )


def test_depth_table_without_bias():
    found = network(10)
    assert found[0] == 1
    for layer, expected in ((2, 0.8362835414), (3, 0.7256783451), (10, 0.3940203687)):
        assert found[layer - 1] == pytest.approx(expected, abs=1e-9)
    for sw2 in (1, 3):
        assert network(10, sw2) == pytest.approx(found, abs=1e-12)
    assert 100 * network(100)[-1] == pytest.approx(6.2742139, abs=1e-6)
    assert float(answer(depth_law(), {}, None).values["value"]) == pytest.approx(
        6.9287255, abs=1e-7
    )


def test_exponential_decay_off_criticality():
    found = network(40, 1, 1)
    assert found[:4] == pytest.approx([0.72135, 0.45635, 0.30154, 0.20401], abs=1e-5)
    assert found[7] / found[6] == pytest.approx(0.700, abs=1e-3)
    assert found[-1] / found[-2] == pytest.approx(np.sqrt(0.5), abs=1e-4)


def test_a_general_activation_and_correlated_inputs():
    found = network(3, 2, 0, "tanh", c0=0.5)
    assert found[0] == pytest.approx(float(profile_bits(0.5)[0]), abs=1e-8)
    rng = np.random.default_rng(1)
    m, x = rng.standard_normal((2, 2000, 400))
    k = 2.0
    shared = np.sqrt(k / 2) * (
        m[:, :1] + x
    )  # pairs of inputs with correlation 1/2, over many units
    other = np.sqrt(k / 2) * (m[:, :1] + m)
    c = np.mean(np.tanh(shared) * np.tanh(other)) / np.mean(np.tanh(shared) ** 2)
    assert found[1] == pytest.approx(float(profile_bits(c)[0]), abs=0.02)
    assert network(3, 2, 0, "z*exp(-z**2/2)")[0] == 1


def test_degenerate_networks_have_no_nan():
    assert network(3, 0, 0) == [0, 0, 0]
    assert network(3, 0, 1) == [0, 0, 0]
    assert network(2, 2, 0, c0=1) == [0, 0]
    assert network(2, 2, 0, "linear") == [1, 1]


def test_finite_dimension_of_the_input():
    for d, expected in (
        (1, 0.5341770),
        (2, 0.6161877),
        (3, 0.6489874),
        (9, 0.6966288),
        (100, 0.7191257),
    ):
        assert evaluate("complexity/first-layer", sw2=1, sb2=1, d=d).values[
            "bits"
        ] == pytest.approx(expected, abs=1e-6)
    assert evaluate("complexity/first-layer", sw2=1, sb2=1, d=1_000_000).values[
        "bits"
    ] == pytest.approx(0.7213475, abs=1e-5)
    assert evaluate("complexity/first-layer", sw2=0, sb2=1, d=3).values["bits"] == 0


def test_gaussian_mixture_data():
    rng = np.random.default_rng(2)
    w, b = rng.standard_normal((5, 3)), rng.standard_normal(5)
    means = rng.standard_normal((2, 3))
    roots = rng.standard_normal((2, 3, 3))
    data = np.concatenate(
        [
            rng.standard_normal((n, 3)) @ root.T + mean
            for n, root, mean in zip((60_000, 140_000), roots, means, strict=True)
        ]
    )
    found = mixture_probabilities(w, b, means, roots @ roots.transpose(0, 2, 1), [0.3, 0.7])
    np.testing.assert_allclose(found, np.mean(data @ w.T + b > 0, axis=0), atol=0.006)
    with pytest.raises(ValueError, match="add up to one"):
        mixture_probabilities(w, b, means, roots, [0.3, 0.3])


def test_pair_entropy_and_white_and_linear_dimension():
    pair = evaluate("complexity/pair-entropy", theta=np.pi / 3).values
    assert (pair["joint"], pair["total_correlation"]) == pytest.approx(
        (1.918296, 0.081704), abs=1e-6
    )
    white = evaluate("complexity/white-dimension", n=400, samples=2000).values
    assert white["effective_dimension"] == pytest.approx(
        361.80, abs=0.12
    )  # mean of draws, three standard errors
    assert white["participation_ratio"] == pytest.approx(333.17, abs=0.1)
    few = evaluate("complexity/white-dimension", n=400, samples=100).values
    assert few["effective_dimension"] == pytest.approx(87.33, abs=0.24)
    assert evaluate("complexity/linear-dimension", depth=3).values["fraction"] == pytest.approx(
        0.33847, abs=1e-5
    )


def test_relu_dimension():
    table = {
        0.25: (0.93603, 0.88145),
        0.5: (0.87832, 0.78803),
        1: (0.77981, 0.65020),
        2: (0.63645, 0.48170),
        4: (0.47242, 0.31727),
    }
    for ratio, expected in table.items():
        values = evaluate("complexity/relu-dimension", ratio=ratio).values
        assert (values["fraction"], values["participation"]) == pytest.approx(expected, abs=1e-5)
    near = [
        evaluate("complexity/relu-dimension", ratio=ratio).values["fraction"]
        for ratio in (0.999, 1, 1.001)
    ]
    assert near[0] > near[1] > near[2] > near[0] - 0.001


@pytest.mark.parametrize(
    "ratio", ["1/1000000", "1/3", "0.9999", "0.99999999", "1", "1.0001", "7/2", "1000000"]
)
def test_relu_dimension_is_the_average_over_the_density(ratio):
    y = mpmath.mpf(Fraction(ratio).numerator) / Fraction(ratio).denominator
    with mpmath.workdps(30):
        slope, floor, root = (
            mpmath.mpf(1) / 4,
            mpmath.mpf(1) / 4 - 1 / (2 * mpmath.pi),
            mpmath.sqrt(y),
        )
        mean = slope + floor

        def logarithm(x):
            return (slope * x + floor) / mean * mpmath.log((slope * x + floor) / mean)

        def integrand(
            angle,
        ):  # the pole of the density at x = 0 is taken out and integrated by hand
            x = 1 + y + 2 * root * mpmath.cos(angle)
            return (
                2 * mpmath.sin(angle) ** 2 * (logarithm(x) - logarithm(0)) / (mpmath.pi * x)
                if x
                else mpmath.mpf(0)
            )

        smooth = mpmath.quad(integrand, [0, 1, 2, 3, 3.1, 3.14, 3.1415, mpmath.pi])
        expected = mpmath.exp(
            -smooth - logarithm(0)
        )  # the density and the zeros of x weigh one together
    found = evaluate("complexity/relu-dimension", ratio=Rational(ratio), digits=15).values
    assert float(found["fraction"]) == pytest.approx(float(expected), rel=1e-13)


def test_answers_depend_on_the_arguments_alone():
    requests = [
        ("relu-dimension", {"ratio": Rational(1, 3)}, None),
        ("neuron-profile", {"r": 1}, 25),
        ("first-layer", {"sw2": 2, "sb2": 1, "d": 3}, None),
    ]

    def asked(request):
        name, values, digits = request
        return evaluate(f"complexity/{name}", values, digits=digits).answer

    before = [asked(request) for request in requests]
    evaluate("complexity/neuron-profile", r=3, digits=150)
    assert [asked(request) for request in requests] == before
    with ThreadPoolExecutor(4) as pool:
        for found in (list(pool.map(asked, requests * 4)) for _ in range(3)):
            assert found == before * 4


def test_a_single_direction_is_one_dimension_for_any_sample():
    for n, samples in ((1, 2), (1, 3), (1, 50), (2, 2), (50, 2)):
        found = evaluate("complexity/white-dimension", n=n, samples=samples).answer
        assert dict(found.values) == {"effective_dimension": 1, "participation_ratio": 1}
        assert found.status == "exact"


@pytest.mark.parametrize(
    ("n", "samples"),
    [(2, 3), (2, 4), (3, 3), (3, 4), (2, 9), (6, 4), (5, 6), (5, 21), (10, 11), (40, 41)],
)
def test_small_white_samples_lie_within_the_error_of_the_mean(n, samples):
    rng = np.random.default_rng(n * samples)
    draws = np.array([drawn_dimensions(n, samples, rng) for _ in range(800)])
    found = evaluate("complexity/white-dimension", n=n, samples=samples).answer
    assert found.status == "numeric"
    for value, error, column in zip(
        found.values.values(), found.errors.values(), draws.T, strict=True
    ):
        assert abs(value - column.mean()) < error + 4 * column.std() / np.sqrt(len(draws))


def test_sphere_at_any_depth():
    for d, depth, expected, digits in (
        (3, 13, 34.44133, 6),
        (3, 30, 88.1344, 5),
        (2, 20, 12.50666, 5),
    ):
        found = evaluate("complexity/sphere-dimension", d=d, depth=depth).answer
        assert found.values["effective_dimension"] == pytest.approx(expected, rel=10.0**-digits)
    for d, depth in ((2, 100), (3, 40), (4, 12), (7, 17)):
        found = evaluate("complexity/sphere-dimension", d=d, depth=depth).answer
        assert (
            found.status == "numeric"
            and 0 < found.errors["effective_dimension"] < 0.01 * found.values["effective_dimension"]
        )
    assert evaluate("complexity/sphere-dimension", d=60, depth=60).answer.status == "not converged"


def test_sphere_dimension():
    weights = sphere_weights(sphere_kernel(1), 3, 4)
    assert weights[0] == pytest.approx(0.375, abs=1e-12)
    assert weights[1:] / (1 - weights[0]) == pytest.approx([0.8, 0.1875, 0, 0.009375], abs=1e-12)
    assert sphere_dimension(sphere_kernel(1), 3)[0] == pytest.approx(5.859590, abs=1e-5)
    assert sphere_dimension(sphere_kernel(1), 2)[0] == pytest.approx(3.2191711, abs=1e-6)
    assert sphere_dimension(sphere_kernel(1), 5)[0] == pytest.approx(12.1425, abs=1e-3)
    assert sphere_dimension(sphere_kernel(10), 3)[0] == pytest.approx(26.717, abs=1e-3)


def test_sphere_in_ten_dimensions():
    """Rectified features have known Gegenbauer coefficients: γ_0 = Γ(d/2)/(2 √π Γ((d + 1)/2)), γ_1
    = 1/(2d), and a ratio from one even degree to the next.
    """
    for d, expected, places in ((3, 5.859590, 1e-5), (5, 12.1425, 1e-4), (10, 32.3518, 1e-4)):
        coefficient = {0: math.gamma(d / 2) / (2 * math.sqrt(math.pi) * math.gamma((d + 1) / 2))}
        for k in range(0, 2000, 2):
            coefficient[k + 2] = -coefficient[k] * (k - 1) / (k + d + 1)
        mass = {k: 2 * d * value**2 * multiplicity(d, k) for k, value in coefficient.items()}
        mass[1] = 2 * d * (1 / (2 * d)) ** 2 * multiplicity(d, 1)
        assert sum(mass.values()) == pytest.approx(1, abs=1e-9)
        share = {k: value / (1 - mass[0]) for k, value in mass.items() if k}
        entropy = -sum(f * (math.log(f) - math.log(multiplicity(d, k))) for k, f in share.items())
        assert math.exp(entropy) == pytest.approx(expected, abs=places)
        assert sphere_dimension(sphere_kernel(1), d)[0] == pytest.approx(
            math.exp(entropy), rel=1e-6
        )
    assert sphere_dimension(sphere_kernel(10), 10)[0] == pytest.approx(1793.47, abs=0.01)
    assert harmonic_dimension(10, 10) == pytest.approx(1793.47, abs=0.06)


def multiplicity(d, k):
    """Number of harmonics of degree k on the sphere in d dimensions."""
    return math.comb(k + d - 1, k) - (math.comb(k + d - 3, k - 2) if k > 1 else 0)


def test_batch_normalised_rectifiers_at_initialisation_have_one_bit():
    assert float(binary_entropy(ndtr(0.0))) == 1


@pytest.mark.parametrize(
    ("identifier", "values", "message"),
    [
        (
            "random-network",
            {"activation": "rectifier", "sw2": 1, "sb2": 0, "depth": 1},
            "unknown activation 'rectifier'; the names are linear, relu",
        ),
        ("random-network", {"activation": "relu", "sw2": -1, "sb2": 0, "depth": 1}, "sw2"),
        (
            "random-network",
            {"activation": "relu", "sw2": 1, "sb2": 0, "depth": 0},
            "depth .* must be an integer of at least 1",
        ),
        ("random-network", {"activation": "relu", "sw2": 1, "sb2": 0, "depth": 1, "c0": 1.5}, "c0"),
        (
            "random-network",
            {"activation": 3, "sw2": 1, "sb2": 0, "depth": 1},
            "activation must be a name",
        ),
        ("neuron-profile", {"r": -1}, "r .* must be a number of at least 0"),
        ("neuron-profile", {"r": float("nan")}, "must be a number"),
        ("first-layer", {"sw2": 1, "sb2": 1, "d": 0}, "integer of at least 1"),
        ("pair-entropy", {"theta": 4}, "between 0 and pi"),
        ("white-dimension", {"n": 4, "samples": 1}, "integer of at least 2"),
        ("relu-dimension", {"ratio": 0}, "ratio"),
        ("sphere-dimension", {"d": 1, "depth": 1}, "integer of at least 2"),
    ],
)
def test_bad_parameters(identifier, values, message):
    with pytest.raises(ValueError, match=message):
        evaluate(f"complexity/{identifier}", values)


def test_digits_that_cannot_be_proved():
    with pytest.raises(ValueError, match="no digits can be proved for the kernel of tanh"):
        evaluate("complexity/random-network", activation="tanh", sw2=1, sb2=0, depth=2, digits=10)
    with pytest.raises(ValueError, match="no digits can be proved for a spectrum on the sphere"):
        evaluate("complexity/sphere-dimension", d=3, depth=1, digits=10)
