"""Dynamic neurons in numbers: catalogue, transfer operators and softened chains against brute
force, samples and quadrature.
"""

import itertools
import math
from decimal import Decimal

import mpmath
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erf
from sympy import Rational, exp, oo

from neurenorm.graphs.network.architectures import convolutional, mlp
from neurenorm.graphs.network.interaction import promoted
from neurenorm.graphs.network.network import network_from_graph
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.quadrature import line_average
from neurenorm.numerics.simulation.dynamic_neurons.sampling import (
    heat_bath_weights,
    sampled_chain,
    sampled_wide_step,
)
from neurenorm.numerics.simulation.dynamic_neurons.sums import (
    back_propagation,
    binary_chain_sums,
    binary_kernel,
    bulk_energy,
    dense_kernel,
    forward,
    grid_second_eigenvalue,
    local_gradients,
    overlap_probability,
    relaxed_neurons,
    threshold_partition,
    up_probability,
)
from neurenorm.numerics.solve import certified_root, free_energy, trajectory
from neurenorm.numerics.solve.dynamic_neurons.smeared_chain import smeared_partition_function
from neurenorm.numerics.solve.dynamic_neurons.transfer import (
    correlation_lengths,
    nystroem_spectrum,
    overlap_eigenvalue,
    scaled_correlation_length,
    truncated_kernel,
    wide_second_eigenvalue,
)
from neurenorm.theory.dynamic_neurons.chain import binary_model, binary_recursion
from neurenorm.theory.dynamic_neurons.generated_couplings import network_block
from neurenorm.theory.dynamic_neurons.linear import (
    LinearLayer,
    annealed_density,
    critical_weight_variances,
)
from neurenorm.theory.dynamic_neurons.self_maps import SelfMaps, threshold_layer
from neurenorm.theory.dynamic_neurons.stiffness import (
    first_order_integrand,
    pitchfork,
    rule_kernel,
    smeared_chain,
)
from neurenorm.theory.dynamic_neurons.two_state import kernel_couplings
from neurenorm.theory.dynamic_neurons.wide import (
    WideBinary,
    overlap_matrix,
    smeared_wide_recursion,
    smeared_wide_susceptibility,
    wide_binary,
    wide_recursion,
)
from neurenorm.theory.dynamic_neurons.wide import up_probability as exact_up_probability
from neurenorm.theory.symbols import symbols

S = symbols("dynamic-neurons")
X, Y = [1, -1, 1], [1, -1, -1]


def value(name, **parameters):
    """Values of a catalogued result."""
    return evaluate(f"dynamic-neurons/{name}", parameters).values


def test_check_1_sharp_chain():
    """Two independent rules, converged, agree on 0.56211608572960; a Gauss-Hermite rule of 201
    nodes gives 0.5621123710, which is 7e-6 away.
    """
    w = np.linspace(-12, 12, 2401)
    weight = np.exp(-w * w / 2)
    h = np.tanh(w[None, :] * np.tanh(w[:, None]))
    trapezoid = float(weight @ np.exp(-2 * (0.5 - h) ** 2) @ weight) / weight.sum() ** 2
    found = value(
        "smeared-partition-function", activation="tanh", M=2, x=1, y=0.5, beta=2, alpha=math.inf
    )["value"]
    assert found == pytest.approx(trapezoid, rel=1e-12) and found == pytest.approx(
        0.56211608572960, rel=1e-12
    )
    unconverged = []
    for nodes, weight in map(np.polynomial.hermite_e.hermegauss, (51, 101, 201)):
        h = np.tanh(nodes[None, :] * np.tanh(nodes[:, None]))
        rule = weight @ np.exp(-2 * (0.5 - h) ** 2) @ weight / weight.sum() ** 2
        unconverged.append(abs(rule - found))
    assert unconverged[0] > unconverged[1] > unconverged[2] > 3e-6


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [(1, 0.43658584358), (10, 0.54662750055), (100, 0.56056138741), (1000, 0.56196063251)],
)
def test_check_2_softened_chain(alpha, expected):
    """Chebyshev series of averages, and a trapezoid over weights and noise; a tolerance a hundred
    times tighter than that of the check.
    """
    found = value(
        "smeared-partition-function", activation="tanh", M=2, x=1, y=0.5, beta=2, alpha=alpha
    )["value"]
    assert found == pytest.approx(expected, rel=1e-10)
    assert found == pytest.approx(trapezoid_partition(alpha), rel=1e-12)


def trapezoid_partition(alpha):
    """Z of two tanh layers, by trapezoidal sums over both weights and the inner noise."""
    w, xi = np.linspace(-9, 9, 481), np.linspace(-9, 9, 121)
    gauss, noise = np.exp(-w * w / 2), np.exp(-xi * xi / 2)
    beta, scale = 2 * alpha / (alpha + 2), math.sqrt(alpha / (alpha + 2))
    first = np.tanh(w)[:, None] + math.sqrt(0.5 / alpha) * xi[None, :]
    total = np.zeros_like(first)
    for weight, chance in zip(w, gauss / gauss.sum(), strict=True):
        total += chance * scale * np.exp(-beta * (0.5 - np.tanh(weight * first)) ** 2)
    return float(gauss / gauss.sum() @ total @ noise / noise.sum())


def test_check_2_slope():
    """alpha (Z_alpha - Z) at alpha = 10^4 is the average of the derived integrand, and that of
    Laplacians taken by differences.
    """
    integrand, weights = first_order_integrand("tanh", 2)
    x, y, beta = (
        next(s for s in integrand.free_symbols if s.name == name) for name in ("x", "y", "beta")
    )
    function = compiled(integrand.subs({x: 1, y: Rational(1, 2), beta: 2}), weights)
    w = np.linspace(-12, 12, 1201)
    chance = np.exp(-w * w / 2) / np.exp(-w * w / 2).sum()
    slope = float(chance @ function(w[:, None], w[None, :]) @ chance)
    problem = smeared_chain("tanh", 2)
    z, z_alpha = (
        smeared_partition_function(problem, 1.0, 0.5, 2.0, a).value for a in (math.inf, 1e4)
    )
    assert 1e4 * (z_alpha - z) == pytest.approx(slope, rel=1e-3)
    assert slope == pytest.approx(-0.15545037, rel=1e-7) and slope == pytest.approx(
        difference_slope(w, chance), rel=1e-7
    )


def difference_slope(w, chance):
    """(1/4) sum over m of the averaged second derivative of the cost weight by h^(m), by five-point
    differences.
    """
    cost = lambda h: np.exp(-2 * (0.5 - h) ** 2)  # noqa: E731
    last = lambda h: cost(np.tanh(w[None, :] * h))  # noqa: E731
    first = np.tanh(w)[:, None]
    total = 0.0
    for function, place in ((last, first), (cost, np.tanh(w[None, :] * first))):
        values = [function(place + k * 1e-3) for k in (-2, -1, 0, 1, 2)]
        total += (
            float(
                chance
                @ sum(c * v for c, v in zip((-1, 16, -30, 16, -1), values, strict=True))
                @ chance
            )
            / 12e-6
        )
    return total / 4


def test_check_5_shift_sign_and_permutation():
    """Periodic tanh network of M = 6, N = 3, P = 2 with random neurons."""
    rng = np.random.default_rng(3)
    weights, neurons = (
        [rng.normal(size=(3, 3)) for _ in range(6)],
        [rng.normal(size=(3, 2)) for _ in range(6)],
    )
    energy = bulk_energy(weights, neurons, np.tanh, periodic=True)
    rolled = lambda rows: [*rows[1:], rows[0]]  # noqa: E731
    assert bulk_energy(rolled(weights), rolled(neurons), np.tanh, periodic=True) == pytest.approx(
        energy, abs=1e-12
    )
    x, y = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    cost = lambda w: float(np.sum((y - forward(w, x, np.tanh)[-1]) ** 2))  # noqa: E731
    assert abs(cost(rolled(weights)) - cost(weights)) > 1e-6
    for matrix in (np.diag([-1.0, 1.0, 1.0]), np.eye(3)[[1, 0, 2]]):
        turned = list(weights)
        turned[1], turned[2] = matrix @ turned[1], turned[2] @ matrix.T
        moved = list(neurons)
        moved[2] = matrix @ moved[2]
        assert bulk_energy(turned, moved, np.tanh, periodic=True) == pytest.approx(
            energy, abs=1e-12
        )
        assert cost(turned) == pytest.approx(cost(weights), abs=1e-12)


def test_check_6_back_propagation_limit():
    """Network 2-3-3-1: the difference of the local gradients falls as 1/kappa."""
    rng = np.random.default_rng(5)
    weights = [rng.normal(size=shape) for shape in ((3, 2), (3, 3), (1, 3))]
    x, y = rng.normal(size=(2, 4)), rng.normal(size=(1, 4)) / 2
    slope = lambda z: 1 - np.tanh(z) ** 2  # noqa: E731
    exact = back_propagation(weights, x, y, np.tanh, slope)
    differences = []
    for kappa in (1e2, 1e3, 1e4):
        neurons = relaxed_neurons(weights, x, y, kappa, np.tanh, slope)
        local = local_gradients(weights, neurons, kappa, np.tanh, slope)
        apart = sum(np.sum((a - b) ** 2) for a, b in zip(local, exact, strict=True))
        differences.append(np.sqrt(apart / sum(np.sum(b**2) for b in exact)))
    assert np.diff(np.log10(differences)) == pytest.approx([-1, -1], abs=0.05)
    cost = lambda first: np.sum((y - forward([first, *weights[1:]], x, np.tanh)[-1]) ** 2)  # noqa: E731
    numeric = (cost(weights[0] + 1e-6 * np.eye(3, 2)) - cost(weights[0])) / 1e-6
    assert np.sum(exact[0] * np.eye(3, 2)) == pytest.approx(numeric, rel=1e-4)


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_check_7_squared_kernel(copies):
    """max |T² - C T'| / max |T²| for kernels filled entry by entry."""
    flow = binary_recursion(2, copies)
    alpha, k, constant = (
        float(step.subs({S.alpha: Rational(3, 5), S.k: Rational(2, 5)}).evalf(20))
        for step in (*flow.step, flow.constant)
    )
    square = np.linalg.matrix_power(binary_kernel(0.6, 0.4, copies), 2)
    assert (
        np.max(np.abs(square - math.exp(constant) * binary_kernel(alpha, k, copies))) / square.max()
        < 1e-13
    )


def test_check_8_catalogue_spectrum():
    found = value("transfer-spectrum", alpha=0.6, k=0.4, P=2)
    assert found["eigenvalues"] == pytest.approx(
        [28.3541377032, 19.7055587285, 8.9810654516, 8.9810654516], rel=1e-10
    )
    assert (found["xi_odd"], found["xi_even"]) == pytest.approx(
        (0.8698265830, 2.7482176030), rel=1e-10
    )
    normalised = value("transfer-spectrum", alpha=0.6, k=0.4, P=2, normalised=True)
    assert np.array(normalised["eigenvalues"]) * (2 * math.cosh(1.2)) ** 2 == pytest.approx(
        found["eigenvalues"], rel=1e-12
    )


@pytest.mark.parametrize("copies", [1, 3, 5])
def test_spectrum_of_tables(copies):
    exact = np.sort(np.linalg.eigvalsh(binary_kernel(0.6, -0.4, copies)))[::-1]
    assert value("transfer-spectrum", alpha=0.6, k=-0.4, P=copies)["eigenvalues"] == pytest.approx(
        exact, rel=1e-10, abs=1e-9
    )


def test_check_9_flow_table():
    table = [
        (3.0, 2.0),
        (2.653429, 1.653594),
        (2.306868, 1.307691),
        (1.960344, 0.963785),
        (1.613967, 0.627686),
    ]
    flow = trajectory(binary_recursion(), {S.alpha: 1.5, S.k: 2.0}, 4)
    assert flow * [2, 1] == pytest.approx(np.array(table), abs=1e-6)
    t, kappa = np.tanh(2 * flow[:, 0]), np.tanh(flow[:, 1])
    odd, even = -1 / np.log(t * kappa), -1 / (2 * np.log(t))
    assert odd * 2.0 ** np.arange(5) == pytest.approx(np.full(5, 24.042571), rel=1e-7)
    assert odd * 2.0 ** np.arange(5) == pytest.approx(np.full(5, odd[0]), rel=1e-10)
    assert even * 2.0 ** np.arange(5) == pytest.approx(np.full(5, even[0]), rel=1e-10) and even[
        0
    ] == pytest.approx(100.856992, rel=1e-7)
    assert value("binary-decimation", alpha=0.6, k=0.4, b=3) == pytest.approx(
        {"alpha": 0.3307594014, "k": 0.0549049984}, rel=1e-9
    )


def test_many_layers_at_once_and_many_digits():
    found = evaluate("dynamic-neurons/binary-decimation", alpha=2, k=3, b=64, digits=30).values
    steps = trajectory(binary_recursion(), {S.alpha: 2, S.k: 3}, 6, target="mpmath", digits=40)[-1]
    with mpmath.workdps(40):
        assert all(
            abs(mpmath.mpf(found[name]) - step) < 1e-28
            for name, step in zip(("alpha", "k"), steps, strict=True)
        )


def test_check_10_free_energy_from_the_constants():
    total = free_energy(
        binary_recursion(2, 2), {S.alpha: Rational(3, 5), S.k: Rational(2, 5)}, digits=12
    )
    assert float(total.value.mid()) == pytest.approx(3.3447729703, rel=1e-10)
    assert float(total.value.mid()) == pytest.approx(
        2 * math.log(2 * math.cosh(1.2)) + math.log(2 * math.cosh(0.4)), rel=1e-11
    )


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [(math.inf, 20.0524972681), (0.5, 27.8346477414), (1, 22.9364408890), (2, 20.1175422084)],
)
def test_check_11_against_the_brute_sum(alpha, expected):
    found = value("partition-function", M=6, alpha=alpha, k=0.4, beta=0.3, x=X, y=Y)["value"]
    assert found == pytest.approx(expected, rel=1e-10)
    assert found == pytest.approx(binary_chain_sums(6, X, Y, alpha, 0.4, 0.3).value, rel=1e-12)


def test_check_12_brute_sum_over_weights_and_neurons():
    assert binary_chain_sums(3, [1], [-1], 0.5, 0.4, 0.3).value == pytest.approx(
        6.4904987290, rel=1e-10
    )
    assert value("partition-function", M=3, alpha=0.5, k=0.4, beta=0.3, x=[1], y=[-1])[
        "value"
    ] == pytest.approx(6.4904987290, rel=1e-10)


@settings(max_examples=12, deadline=None)
@given(
    layers=st.integers(1, 40),
    alpha=st.integers(1, 30).map(lambda n: Rational(n, 10)),
    k=st.integers(-15, 15).map(lambda n: Rational(n, 10)),
    data=st.lists(st.sampled_from([1, -1]), min_size=1, max_size=6),
)
def test_the_partition_function_does_not_change_under_renormalization(layers, alpha, k, data):
    """Z(2M; alpha, k) = [(2 cosh k)²/(2 cosh k')]^M Z(M; alpha', k'), the ends unchanged."""
    moved = evaluate("dynamic-neurons/binary-decimation", alpha=alpha, k=k, digits=40).values
    y = [1] * len(data)
    fine = evaluate(
        "dynamic-neurons/partition-function",
        M=2 * layers,
        alpha=alpha,
        k=k,
        beta=Rational(3, 10),
        x=data,
        y=y,
        digits=30,
    ).values["value"]
    inner = {"alpha": Rational(moved["alpha"]), "k": Rational(moved["k"])}
    coarse = evaluate(
        "dynamic-neurons/partition-function",
        M=layers,
        beta=Rational(3, 10),
        x=data,
        y=y,
        digits=30,
        **inner,
    ).values["value"]
    with mpmath.workdps(40):
        constant = (2 * mpmath.cosh(mpmath.mpf(k.p) / k.q)) ** 2 / (
            2 * mpmath.cosh(mpmath.mpf(moved["k"]))
        )
        assert abs(mpmath.mpf(coarse) * constant**layers / mpmath.mpf(fine) - 1) < 1e-25


@pytest.mark.parametrize("k", [0.4, 0.0, -0.7])
def test_check_13_weight_averages(k):
    found, brute = (
        value("weight-magnetization", M=5, k=k, beta=0.3, x=X, y=Y),
        binary_chain_sums(5, X, Y, math.inf, k, 0.3),
    )
    assert brute.single == pytest.approx(np.full(5, found["single"]), abs=1e-12) and found[
        "product"
    ] == pytest.approx(brute.product, abs=1e-12)


def test_unnormalised_partition_function():
    sums = binary_chain_sums(4, X, Y, 0.7, 0.2, 0.3, normalised=False)
    assert value("partition-function", M=4, alpha=0.7, k=0.2, beta=0.3, x=X, y=Y, normalised=False)[
        "value"
    ] == pytest.approx(sums.value, rel=1e-12)


def test_deep_chains_and_many_data():
    answer = evaluate(
        "dynamic-neurons/partition-function", M=100_000, alpha=2, k=1, beta=0.3, x=X, y=Y, digits=20
    ).answer
    deep = answer.values["value"]
    mantissa, exponent = deep.split("e+")
    assert 0 < Decimal(answer.errors["value"]) < Decimal(deep) * Decimal("1e-19")
    independent = 1e5 * math.log(2 * math.cosh(1)) + 3 * math.log((1 + math.exp(-1.2)) / 2)
    assert math.log(float(mantissa)) + int(exponent) * math.log(10) == pytest.approx(
        independent, rel=1e-9
    )
    many = value(
        "partition-function", M=4, alpha=2, k=1, beta=0.01, x=[1] * 300, y=[1] * 200 + [-1] * 100
    )["value"]
    assert math.isfinite(many) and many > 0
    with pytest.raises(ValueError, match="beyond double precision"):
        value("partition-function", M=100_000, alpha=2, k=1, beta=0.3, x=X, y=Y)


def test_check_14_catalogue():
    found = value("two-state-kernel", K0=0.1, K1=-0.7, K2=0.15, g=0.2)
    assert found == pytest.approx(
        {"K0": 1.2829160478, "K1": 0.3785608033, "K2": 0.0174128832, "g": 0.2}, abs=1e-9
    )


def test_check_16_brute_sum_over_weights_and_biases():
    maps = SelfMaps((1, -1))
    law = threshold_layer(
        [1, -1], [-2, 0, 2], lambda w, b: exp(Rational(2, 5) * w - Rational(3, 4) * abs(b))
    )
    z = maps.partition_function(law, 3, (1, -1), (1, -1), Rational(1, 2))
    brute = threshold_partition(
        3, [1, -1], [1, -1], 0.5, [1, -1], [-2, 0, 2], lambda w, b: -0.4 * w + 1.5 * abs(b) / 2
    )
    assert float(z.evalf()) == pytest.approx(brute, rel=1e-12) and brute == pytest.approx(
        8.1887660416, abs=1e-9
    )


def kernel_function(activation, weight, alpha, bias=0.0):
    """The softened rule as a function of arrays."""
    kernel, (h, after) = rule_kernel(activation)
    function = compiled(kernel, [h, after, S.w, S.bias, S.alpha])
    return lambda a, b: function(a, b, weight, bias, alpha)


def test_check_17_spectrum_of_the_linear_rule():
    found = nystroem_spectrum(kernel_function("linear", 0.8, 2.0), 8.0, 400, 4)
    assert (
        found.values == pytest.approx([1, 0.8, 0.64, 0.512], abs=1e-8) and found.errors.max() < 1e-8
    )


def test_check_18_annealed_density_is_the_integral_over_the_weight():
    def integrand(w):
        copies = [
            math.sqrt(2 / math.pi) * math.exp(-2 * (b - w * a) ** 2)
            for a, b in ((0.7, 0.3), (-0.4, 0.1))
        ]
        return math.exp(-w * w) / math.sqrt(math.pi) * np.prod(copies)

    density = float(
        annealed_density(
            [Rational(7, 10), Rational(-2, 5)], [Rational(3, 10), Rational(1, 10)], 2, 1
        ).evalf()
    )
    assert density == pytest.approx(
        quad(integrand, -9, 9, epsabs=1e-13)[0], abs=1e-11
    ) and density == pytest.approx(0.3613976522, abs=1e-9)


@pytest.mark.parametrize(
    ("weight", "expected"), [(0.8, 0.7529679467), (1.0, 0.8803791513), (1.5, 0.9915226759)]
)
def test_check_19_tanh_chain(weight, expected):
    found = nystroem_spectrum(kernel_function("tanh", weight, 10.0), 3.5, 500, 2)
    assert found.values[0] == pytest.approx(1, abs=1e-9) and found.values[1] == pytest.approx(
        expected, abs=1e-9
    )
    assert grid_second_eigenvalue(np.tanh, weight, 10.0, 3.5, points=601) == pytest.approx(
        expected, abs=1e-8
    )


def test_check_19_length_grows_as_the_root_of_the_stiffness():
    lengths = [
        correlation_lengths(nystroem_spectrum(kernel_function("tanh", 1.0, a), 3.5, 500, 2).values)[
            0
        ]
        for a in (5.0, 20.0)
    ]
    assert lengths == pytest.approx([5.5150, 11.1583], abs=1e-4) and lengths[1] / lengths[
        0
    ] == pytest.approx(2.02, abs=0.005)


def test_sharp_rules_have_a_transition_that_stiffness_rounds():
    """The sharp tanh chain orders above w = 1 as h*² = 3 (w - 1); at finite stiffness the length of
    the ordered chain stays finite, exponential in alpha.
    """
    found = pitchfork("tanh")
    w = 1 + 1e-5
    root = brentq(lambda h: np.tanh(w * h) - h, 1e-3, 1.0, xtol=1e-14)
    assert found["critical_weight"] == 1 and root**2 / 1e-5 == pytest.approx(
        float(found["amplitude"]), rel=1e-4
    )
    logs = [
        math.log(
            correlation_lengths(
                nystroem_spectrum(kernel_function("tanh", 1.5, a), 3.5, 400, 2).values
            )[0]
        )
        for a in (10.0, 15.0, 20.0)
    ]
    assert 0.9 < (logs[2] - logs[1]) / (logs[1] - logs[0]) < 1.1 and logs[2] - logs[0] > 2
    with pytest.raises(ValueError, match="smooth odd"):
        pitchfork("relu")
    with pytest.raises(ValueError, match="does not saturate"):
        pitchfork("z + z**3*exp(-z**2)")


@pytest.mark.parametrize(
    ("width", "gain", "expected"),
    [
        (11, 0.5, 0.4073714614),
        (11, 1, 0.7864226637),
        (21, 1, 0.7873866866),
        (11, 1.5, 0.9857010575),
    ],
)
def test_check_20_finite_width(width, gain, expected):
    assert value("wide-binary", g=gain, N=width)["lambda1"] == pytest.approx(expected, abs=1e-9)
    assert wide_second_eigenvalue(width, gain) == pytest.approx(expected, abs=1e-9)


def test_check_20_infinite_width():
    assert value("wide-binary", g=1.5, N=math.inf)["m"] == pytest.approx(0.7195714982, abs=1e-9)
    found = value("wide-binary", g=2, N=math.inf)
    assert found["m"] == pytest.approx(0.9398514086, abs=1e-9) and found["g_c"] == pytest.approx(
        1.2533141373, abs=1e-9
    )
    assert value("wide-binary", g=1.25, N=math.inf)["m"] == 0
    (step,) = wide_recursion().step
    assert float(step.subs({S.g: 2, S.m: Rational(9398514086, 10**10)}).evalf()) == pytest.approx(
        0.9398514086, abs=1e-9
    )


@pytest.mark.parametrize(("width", "expected"), [(3, 0.75), (5, 0.8972167969), (7, 0.9534831885)])
def test_check_20_overlap_of_two_data(width, expected):
    matrix = overlap_matrix(width)
    assert overlap_eigenvalue(matrix.tolist()) == pytest.approx(expected, abs=1e-9)
    for d in range(width + 1):
        mean = sum(n * matrix[n, d] for n in range(width + 1)) / width
        assert float(mean) == pytest.approx(overlap_probability(width, d), abs=1e-14)


def test_up_probability_by_enumeration():
    for up, mean in itertools.product(range(8), (0.3, -0.1)):
        assert exact_up_probability(7, up, mean) == pytest.approx(
            up_probability(7, up, mean), abs=1e-14
        )


def test_eigenvalues_square_when_two_layers_become_one():
    """T² on the full table: both in width 11 and in the dense layer of three neurons."""
    kernel = dense_kernel(3, 0.6, 0.4)
    one, two = (
        np.sort(np.abs(np.linalg.eigvals(matrix)))[::-1][:3] for matrix in (kernel, kernel @ kernel)
    )
    assert two == pytest.approx(one**2, rel=1e-9)


def test_check_21_erf_kernel():
    """Fixed point, susceptibility, correlation and slope of the erf network at infinite
    stiffness.
    """
    recursion = smeared_wide_recursion("erf", oo)
    numbers = {S.sw2: 2, S.sb2: Rational(1, 10)}
    q_map, p_map = (step.subs(numbers) for step in recursion.step)
    q = certified_root(q_map - S.q, S.q, (Rational(1, 2), 3), 20)
    q_star = Rational(q.mid().str(20, radius=False))
    assert float(q_star) == pytest.approx(1.0462553601, rel=1e-6)
    assert float(smeared_wide_susceptibility().subs({**numbers, S.q: q_star})) == pytest.approx(
        1.1183167661, rel=1e-6
    )
    p = certified_root((p_map - S.p).subs(S.q, q_star), S.p, (Rational(1, 5), Rational(9, 10)), 18)
    p_star = Rational(p.mid().str(18, radius=False))
    assert float(p_star / q_star) == pytest.approx(0.6472293691, rel=1e-6)
    assert float(p_map.diff(S.p).subs({S.q: q_star, S.p: p_star})) == pytest.approx(
        0.91594036, rel=1e-6
    )
    average = 0.1 + 2 * float(line_average(lambda z: erf(z) ** 2, float(q_star)).value)
    assert average == pytest.approx(float(q_star), rel=1e-10)


def test_finite_stiffness_removes_the_correlated_fixed_point():
    q_map, p_map = smeared_wide_recursion("erf").step
    point = {S.sw2: 2, S.sb2: Rational(1, 10), S.q: 1, S.p: 1}
    assert (q_map - p_map).subs(point).subs(S.alpha, 5) == Rational(1, 5)


def test_truncation_of_generated_couplings():
    """The kernel of two layers of three neurons keeps its second eigenvalue only with all
    couplings; the error falls with the order that is kept.
    """
    kernel = np.linalg.matrix_power(dense_kernel(3, 0.8, 0.3), 2)
    exact = correlation_lengths(np.sort(np.abs(np.linalg.eigvals(kernel)))[::-1][:2])[0]
    errors = []
    for order in (2, 4, 6):
        cut = truncated_kernel(kernel, order)
        errors.append(
            abs(correlation_lengths(np.sort(np.abs(np.linalg.eigvals(cut)))[::-1][:2])[0] - exact)
            / exact
        )
    assert errors[0] > errors[1] > 1e-9 > errors[2]


def test_two_convolutions_summed_out_are_the_squared_kernel():
    """A ring of three neurons with one shared filter per layer: the kernel is filled from all eight
    filters.
    """
    states = np.array(list(itertools.product((1, -1), repeat=3)), dtype=float)
    kernel = np.zeros((8, 8))
    for taps in itertools.product((1, -1), repeat=3):
        circulant = np.array(
            [[taps[(j - i + 1) % 3] for j in range(3)] for i in range(3)], dtype=float
        )
        kernel += math.exp(0.3 * sum(taps)) * np.exp(1.2 * states @ np.sign(states @ circulant.T).T)
    block = network_block(convolutional([3], 2))
    for before, after in ((0, 0), (1, 6), (3, 5)):
        configuration = [int(s < 0) for s in (*states[before], *states[after])]
        weight = block.partition_function(configuration).subs(
            {S.alpha: Rational(3, 5), S.k: Rational(3, 10)}
        )
        assert float(weight.evalf(20)) == pytest.approx((kernel @ kernel)[after, before], rel=1e-12)


def test_residual_layers_summed_out_are_the_squared_kernel():
    """Every neuron reads its predecessor through a wire and the two others through weights: entries
    of the kernel of two layers.
    """
    kernel = np.linalg.matrix_power(dense_kernel(3, 0.5, 0.2, wired=True), 2)
    graph = nx.DiGraph()
    for m, i, j in itertools.product(range(2), range(3), range(3)):
        graph.add_edge((m, j), (m + 1, i), **({"weight": None} if i == j else {}))
    block = network_block(network_from_graph(graph))
    for before, after in itertools.product(range(8), range(0, 8, 3)):
        configuration = [
            before >> 2,
            before >> 1 & 1,
            before & 1,
            after >> 2,
            after >> 1 & 1,
            after & 1,
        ]
        weight = block.partition_function(configuration).subs(
            {S.alpha: Rational(1, 2), S.k: Rational(1, 5)}
        )
        assert float(weight.evalf(20)) == pytest.approx(kernel[after, before], rel=1e-12)


def test_heat_bath_sees_the_exact_weight_averages():
    exact = binary_chain_sums(3, X, Y, 0.4, 0.3, 0.3)
    found = heat_bath_weights(3, X, Y, 0.4, 0.3, 0.3, np.random.default_rng(7), sweeps=300)
    assert np.all(np.abs(found.value - [*exact.single, exact.product]) < 5 * found.error)


def test_drawn_wide_layers_follow_the_binomial_law():
    found = sampled_wide_step(11, 1.0, 8, np.random.default_rng(2), networks=8000)
    p = exact_up_probability(11, 8, 1 / math.sqrt(11))
    mean = 2 * p - 1
    assert np.all(np.abs(found.value - [mean, mean**2 + 4 * p * (1 - p) / 11]) < 5 * found.error)


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("linear", lambda z: z),
        ("relu", lambda z: np.maximum(z, 0)),
        ("sign", np.sign),
        ("hardtanh", lambda z: np.clip(z, -1, 1)),
    ],
)
@pytest.mark.parametrize("alpha", [math.inf, 2.0])
def test_softened_chains_of_other_activations(activation, function, alpha):
    exact = smeared_partition_function(smeared_chain(activation, 3), 1.0, 0.5, 2.0, alpha, 0.8)
    found = sampled_chain(
        function,
        3,
        1.0,
        0.5,
        2.0,
        alpha,
        np.random.default_rng(11),
        samples=100_000,
        deviation=math.sqrt(0.8),
    )
    assert abs(found.value - exact.value) < 5 * found.error and exact.error < 1e-8


def test_neurons_that_stand_on_a_jump_keep_its_value():
    """A step sends neurons to zero, where the next step has the value 1/2: M = 2 by hand, M = 3 by
    sampling.
    """
    cost = {h: math.exp(-1.5 * (0.3 - h) ** 2) for h in (0.0, 0.5, 1.0)}
    by_hand = (cost[0.5] + (cost[0.0] + cost[1.0]) / 2) / 2
    step = value(
        "smeared-partition-function",
        activation="heaviside",
        M=2,
        x=-0.8,
        y=0.3,
        beta=1.5,
        alpha=math.inf,
    )
    assert step["value"] == pytest.approx(by_hand, abs=1e-12)
    assert value(
        "smeared-partition-function", activation="sign", M=2, x=0, y=0.3, beta=1.5, alpha=math.inf
    )["value"] == pytest.approx(cost[0.0], abs=1e-12)
    exact = smeared_partition_function(smeared_chain("heaviside", 3), -0.8, 0.3, 1.5)
    found = sampled_chain(
        lambda z: np.heaviside(z, 0.5),
        3,
        -0.8,
        0.3,
        1.5,
        math.inf,
        np.random.default_rng(3),
        samples=100_000,
    )
    assert abs(found.value - exact.value) < 5 * found.error


def test_finite_size_scaling_at_the_critical_gain():
    """Correlation lengths at the critical gain (of the inputs' mean over their deviation, sqrt(1 -
    g²/N)) grow as the square root of the width.
    """
    gain = math.sqrt(math.pi / 2)
    lengths = [
        -1 / math.log(wide_second_eigenvalue(width, gain / math.sqrt(1 + gain**2 / width)))
        for width in (99, 399)
    ]
    assert lengths[1] / lengths[0] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        (
            "partition-function",
            {"M": 3, "alpha": 1, "k": 0, "beta": 1, "x": [1, 2], "y": [1, 1]},
            r"\+1 and -1",
        ),
        (
            "partition-function",
            {"M": 3, "alpha": 1, "k": 0, "beta": 1, "x": [1, True], "y": [1, 1]},
            r"\+1 and -1",
        ),
        (
            "partition-function",
            {"M": 3, "alpha": 1, "k": 0, "beta": 1, "x": [1], "y": [1, 1]},
            "same positive length",
        ),
        (
            "partition-function",
            {"M": 3, "alpha": -math.inf, "k": 0, "beta": 1, "x": [1], "y": [1]},
            "alpha .* must be finite or inf",
        ),
        (
            "partition-function",
            {"M": 3, "alpha": 0, "k": 0, "beta": 1, "x": [1], "y": [1]},
            "alpha",
        ),
        ("partition-function", {"M": 0, "alpha": 1, "k": 0, "beta": 1, "x": [1], "y": [1]}, "M "),
        (
            "partition-function",
            {"M": 3, "alpha": 1, "k": 0, "beta": 1, "x": [1], "y": [1], "normalised": 3},
            "true or false",
        ),
        ("transfer-spectrum", {"alpha": 1, "k": 0, "P": 30}, "blocks"),
        ("transfer-spectrum", {"alpha": -1, "k": 0}, "alpha"),
        ("binary-decimation", {"alpha": 1, "k": 0, "b": 1}, "b "),
        ("wide-binary", {"g": 1, "N": 10}, "odd"),
        ("wide-binary", {"g": 4, "N": 11}, "sqrt"),
        ("wide-binary", {"g": 4, "N": 111, "digits": 3}, "no parameter"),
        ("interaction-order", {"layers": 2, "activation": "sin(z)"}, "polynomial"),
        (
            "smeared-partition-function",
            {"activation": "tanh", "M": 2, "x": 1, "y": 0, "beta": 1, "alpha": 0},
            "alpha",
        ),
        (
            "smeared-partition-function",
            {
                "activation": "relu",
                "M": 2,
                "x": 1,
                "y": 0,
                "beta": 1,
                "alpha": 1,
                "prior_variance": math.inf,
            },
            "without a prior",
        ),
        (
            "smeared-partition-function",
            {
                "activation": "relu",
                "M": 2,
                "x": 1,
                "y": 0,
                "beta": 1,
                "alpha": 1,
                "prior_variance": None,
            },
            "without a prior",
        ),
        (
            "smeared-partition-function",
            {"activation": "thanh", "M": 2, "x": 1, "y": 0, "beta": 1, "alpha": 1},
            "no activation 'thanh'; known names: .*tanh",
        ),
        (
            "smeared-partition-function",
            {"activation": "exp(z)", "M": 6, "x": 1, "y": 0, "beta": 1, "alpha": 1},
            "grow beyond",
        ),
    ],
)
def test_bad_values_are_refused(name, parameters, words):
    with pytest.raises(ValueError, match=words):
        value(name, **parameters)


def test_no_digits_are_promised_where_none_are_proved():
    with pytest.raises(ValueError, match="no digits"):
        evaluate(
            "dynamic-neurons/smeared-partition-function",
            {"activation": "tanh", "M": 2, "x": 1, "y": 0, "beta": 1, "alpha": 1},
            digits=20,
        )


@pytest.mark.parametrize(
    ("width", "gain"),
    [(1, 0.5), (3, -1), (9, 0.125), (9, -0.125), (25, 1), (25, 4.5), (41, 1.5), (45, -2)],
)
def test_the_second_eigenvalue_is_that_of_the_whole_matrix(width, gain):
    """Also where eigenvalues lie close together, and with the sign of the gain."""
    kernel = np.array(WideBinary(width).kernel(gain / math.sqrt(width)), dtype=float)
    listed = sorted(np.linalg.eigvals(kernel), key=abs)
    assert value("wide-binary", g=gain, N=width)["lambda1"] == pytest.approx(
        float(listed[-2].real), abs=1e-11
    )


def test_the_second_eigenvalue_at_the_ends_of_the_gain():
    assert (
        value("wide-binary", g=0, N=11)["lambda1"] == 0
        and value("wide-binary", g=3, N=9)["lambda1"] == 1
    )
    bistable = evaluate("dynamic-neurons/wide-binary", g=19, N=399, digits=20)
    assert bistable.answer.status == "enclosed" and bistable.values["lambda1"] in (
        "1.0000000000000000000",
        "0.99999999999999999999",
    )


def test_a_negative_gain_turns_the_mean_around():
    assert value("wide-binary", g=-1, N=math.inf)["m"] == 0
    turning = evaluate("dynamic-neurons/wide-binary", g=-2, N=math.inf)
    assert (
        turning.answer.status == "none"
        and turning.values["m"] is None
        and "changes its sign" in turning.answer.reason
    )


@pytest.mark.parametrize("up", [-1, 4, 1.5])
def test_no_more_inputs_are_up_than_there_are(up):
    with pytest.raises(ValueError, match="between 0 and 3"):
        exact_up_probability(3, up, 0.1)


@pytest.mark.parametrize("width", [11.7, True, 0, 10])
def test_widths_that_are_none_are_refused(width):
    with pytest.raises((TypeError, ValueError), match="odd"):
        wide_binary(width)


def test_more_digits_of_a_wide_layer():
    long = evaluate("dynamic-neurons/wide-binary", g=1, N=21, digits=30).values["lambda1"]
    assert (
        float(long) == pytest.approx(wide_second_eigenvalue(21, 1.0), rel=1e-12) and len(long) >= 30
    )


def test_spectra_of_many_data_in_blocks():
    found = value("transfer-spectrum", alpha=0.1, k=0.2, P=40, form="blocks", normalised=True)
    assert (
        len(found["eigenvalues"]) == 41 and sum(many for _, many in found["eigenvalues"]) == 2**40
    )
    table, blocks = (
        value("transfer-spectrum", alpha=0.6, k=0.4, P=3, form=form) for form in ("table", "blocks")
    )
    assert (
        table["eigenvalues"] == [v for v, many in blocks["eigenvalues"] for _ in range(many)]
        and table["xi_odd"] == blocks["xi_odd"]
    )


def test_with_digits_a_tiny_coupling_of_a_deep_chain_is_no_zero():
    found = evaluate("dynamic-neurons/binary-decimation", alpha=1, k=0.1, b=400, digits=5)
    with mpmath.workdps(1000):
        k = mpmath.atanh(mpmath.tanh(mpmath.mpf(1) / 10) ** 400)
        assert abs(mpmath.mpf(found.values["k"]) / k - 1) < 1e-4


def test_values_below_the_smallest_double_are_not_zero():
    with pytest.raises(ValueError, match="below the smallest double"):
        value("binary-decimation", alpha=1, k=0.1, b=400)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kernel_couplings([[1, 0], [0, 1]]), "positive entries"),
        (lambda: kernel_couplings([[1, 1, 1]] * 3), "2 x 2"),
        (lambda: annealed_density([1], [1], -2, 1), "positive stiffness"),
        (lambda: annealed_density([1, 2], [1], 2, 1), "as many copies"),
        (lambda: LinearLayer(1, 0, -1), "not be negative"),
        (lambda: smeared_wide_recursion("erf", -1), "stiffness"),
        (lambda: critical_weight_variances((3,)), "even order"),
        (lambda: binary_chain_sums(2, [1], [1], -1.0, 0.0, 1.0), "stiffness"),
        (
            lambda: heat_bath_weights(
                2, [2], [1], 1.0, 0.0, 1.0, np.random.default_rng(0), sweeps=2
            ),
            r"\+1 and -1",
        ),
        (
            lambda: nystroem_spectrum(
                lambda a, b: np.sqrt(1e6 / np.pi) * np.exp(-1e6 * (b - np.tanh(1.5 * a)) ** 2),
                2,
                100,
                2,
            ),
            "do not resolve",
        ),
        (
            lambda: nystroem_spectrum(
                lambda a, b: np.sqrt(10 / np.pi) * np.exp(-10 * (b - np.tanh(1.5 * a)) ** 2),
                0.5,
                100,
                2,
            ),
            "wider interval",
        ),
        (lambda: SelfMaps((1, -1), ((0, 5),)), "index 0 to 1"),
        (lambda: SelfMaps((0, 1, 2, 3)).recursion(), "too large to write down"),
        (lambda: SelfMaps((0, 1, 2, 3, 4)), r"5\^5 self-maps"),
        (lambda: binary_model(promoted(mlp([1, 1])), x={((0, 7), 0): 1}), "x holds one datum"),
        (lambda: binary_model(promoted(mlp([1, 1, 1])), y={((1, 0), 0): 1}), "targets at outputs"),
    ],
)
def test_numbers_that_make_no_model_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("source", [nx.path_graph(3), [1, 2, 3]])
def test_what_is_no_directed_graph_is_no_network(source):
    with pytest.raises(TypeError, match="DiGraph"):
        promoted(source)


def test_the_scaling_function_of_wide_layers():
    """A power law far below the transition, and what N = 399 has reached at it."""
    assert scaled_correlation_length(-6.0) == pytest.approx(1 / 6, rel=0.05)
    at_399 = -1 / math.log(wide_second_eigenvalue(399, math.sqrt(math.pi / 2))) / math.sqrt(399)
    assert 1.05 < at_399 / scaled_correlation_length(0.0) < 1.12
