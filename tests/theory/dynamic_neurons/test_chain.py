"""Dynamic neurons, derived: the acceptance checks that are statements about expressions, and the
derivations behind them.

The numbers of a check stand in the working-out of the model; here they are compared with what the
decimation engine and the exact algebra give.
"""

import itertools

import pytest
from sympy import (
    EulerGamma,
    Integer,
    Matrix,
    Poly,
    Rational,
    Symbol,
    cancel,
    cosh,
    exp,
    expand,
    log,
    oo,
    pi,
    sqrt,
    symbols,
    tanh,
)

from neurenorm.graphs.network.architectures import convolutional, mlp, residual
from neurenorm.graphs.network.interaction import promoted
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.dynamic_neurons.chain import (
    binary_chart,
    binary_fixed_points,
    binary_model,
    binary_recursion,
    block_decimation,
)
from neurenorm.theory.dynamic_neurons.generated_couplings import (
    coupling_classes,
    generated_classes,
    layer_block,
)
from neurenorm.theory.dynamic_neurons.interaction_order import (
    dynamic_energy,
    interaction_order,
    polynomial_activation,
    static_cost,
)
from neurenorm.theory.dynamic_neurons.linear import (
    LinearLayer,
    annealed_covariance,
    annealed_density,
    critical_weight_variances,
    moment_matrix,
    neighbour_recursion,
    ratio_chart,
    scalar_recursion,
    second_moment_recursion,
)
from neurenorm.theory.dynamic_neurons.self_maps import SelfMaps, compose, threshold_layer
from neurenorm.theory.dynamic_neurons.spectrum import (
    BinarySpectrum,
    matches,
    partition_function,
    transfer_spectrum,
    weight_magnetization,
)
from neurenorm.theory.dynamic_neurons.stiffness import (
    back_propagation_limit,
    first_order_integrand,
    output_identity,
    smeared_chain,
)
from neurenorm.theory.dynamic_neurons.two_state import (
    kernel_couplings,
    markov_invariants,
    markov_recursion,
    two_state_fixed_points,
    two_state_recursion,
)
from neurenorm.theory.dynamic_neurons.wide import (
    WideBinary,
    critical_gain,
    overlap_matrix,
    overlap_recursion,
    transition_amplitude,
    up_probability,
    wide_recursion,
)
from neurenorm.theory.recursion.recursion import Chart
from neurenorm.theory.symbols import symbols as subject

S = subject("dynamic-neurons")
ALPHA, K, BETA = S.alpha, S.k, S.beta


def number(expression, **values):
    """An expression at decimals, as a float."""
    table = {symbol: Rational(str(values[symbol.name])) for symbol in expression.free_symbols}
    return float(expression.subs(table).evalf(25))


def test_promoted_neurons_integrate_out_to_the_cost_of_the_weights():
    """Part 1: the sum over sharp promoted neurons is, as an expression in k and beta, the sum over
    the weights alone.
    """
    net = mlp([3, 1, 1])
    data = {(0, i): sign for i, sign in enumerate((1, -1, 1))}
    interactions = promoted(net, 2)
    x = {(v, c): sign * (1 - 2 * c) ** v[1] for v, sign in data.items() for c in range(2)}
    y = {((2, 0), 0): 1, ((2, 0), 1): -1}
    promoted_sum = decimate(binary_model(interactions, x, y, sharp=True), ()).partition_function(())
    static = Integer(0)
    for row in itertools.product((1, -1), repeat=4):
        cost = 0
        for c in range(2):
            first = 1 if sum(w * x[(0, i), c] for i, w in enumerate(row[:3])) > 0 else -1
            cost += (y[(2, 0), c] - row[3] * first) ** 2
        static += exp(K * sum(row) - BETA * cost)
    assert expand(promoted_sum - static) == 0


@pytest.mark.parametrize("copies", [1, 2, 3])
@pytest.mark.parametrize("b", [2, 3, 4])
def test_the_binary_chain_closes_on_two_couplings(copies, b):
    """Section 3A: t' = t^b and kappa' = kappa^b for every P, from the decimation of the promoted
    graph.
    """
    flow = binary_recursion(b, copies)
    t, kappa = S.t, S.kappa
    assert flow.in_chart(binary_chart()).step == (t**b, kappa**b)
    if b == 2:
        assert flow.step[0] == binary_recursion(2, 1).step[0]


@pytest.mark.parametrize(
    ("copies", "constant"), [(1, 10.9047184913), (2, 51.4117738070), (3, 242.3877781064)]
)
def test_check_7_couplings_and_constants(copies, constant):
    flow = binary_recursion(2, copies)
    assert number(flow.step[0], alpha=0.6) == pytest.approx(0.42876222169, rel=1e-10)
    assert number(flow.step[1], k=0.4) == pytest.approx(0.14537678016, rel=1e-10)
    assert number(exp(flow.constant), alpha=0.6, k=0.4) == pytest.approx(constant, rel=1e-11)


def test_check_8_spectrum():
    values = [
        number(value, alpha=0.6, k=0.4)
        for value, many in transfer_spectrum(2).blocks
        for _ in range(many)
    ]
    assert sorted(values, reverse=True) == pytest.approx(
        [28.3541377032, 19.7055587285, 8.9810654516, 8.9810654516], rel=1e-10
    )
    coupling = decimate(
        binary_model(promoted(mlp([1, 1]))), (("x", (0, 0), 0), ("h", (1, 0), 0))
    ).expansion
    pair = next(row for label, row in coupling.items() if len(label) == 2)
    basis = decimate(
        binary_model(promoted(mlp([1, 1]))), (("x", (0, 0), 0), ("h", (1, 0), 0))
    ).log_basis
    assert number(basis.to_expr(pair), alpha=0.6, k=0.4) == pytest.approx(0.3280262961, rel=1e-9)


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_parity_blocks_are_the_spectrum_of_the_full_table(copies):
    """The traces of the first powers of the 2^P table, built from its definition, are those of the
    blocks.
    """
    states = list(itertools.product((1, -1), repeat=copies))
    point = {ALPHA: Rational(1, 3), K: Rational(1, 5)}
    table = Matrix(
        [
            [
                sum(
                    exp(K * w + 2 * ALPHA * w * sum(a * b for a, b in zip(h, g, strict=True)))
                    for w in (1, -1)
                )
                for g in states
            ]
            for h in states
        ]
    )
    numeric = table.subs(point).evalf(30)
    for power in (1, 2, 3):
        blocks = sum(
            many * value.subs(point) ** power for value, many in transfer_spectrum(copies).blocks
        )
        assert abs((numeric**power).trace() - blocks.evalf(30)) < 1e-24


def test_large_numbers_of_data_need_no_table():
    spectrum = BinarySpectrum(200)
    assert len(spectrum.blocks) == 201 and sum(many for _, many in spectrum.blocks) == 2**200
    with pytest.raises(ValueError, match="form=blocks"):
        spectrum.check_table()


def test_check_9_other_scale_and_semigroup():
    three = binary_recursion(3)
    assert number(three.step[0], alpha=0.6) == pytest.approx(0.3307594014, rel=1e-9)
    assert number(three.step[1], k=0.4) == pytest.approx(0.0549049984, rel=1e-9)
    twice, four = binary_recursion(2) ** 2, binary_recursion(4)
    for a, b in (
        (twice.step[0], four.step[0]),
        (twice.step[1], four.step[1]),
        (twice.constant, four.constant),
    ):
        assert number(a, alpha=0.7, k=0.3) == pytest.approx(number(b, alpha=0.7, k=0.3), rel=1e-14)


def test_fixed_points_and_exponents_of_the_binary_chain():
    points = {p.point: (p.eigenvalues, p.exponents) for p in binary_fixed_points()}
    assert (
        points[(1, 1)] == ((2, 2), (1, 1))
        and points[(1, 0)][0] == (2, 0)
        and points[(0, 1)][0] == (0, 2)
    )
    u, v = S.u, Symbol("v", positive=True)
    flow = binary_recursion().in_chart(
        Chart({u: exp(-4 * ALPHA), v: exp(-2 * K)}, {ALPHA: -log(u) / 4, K: -log(v) / 2})
    )
    assert (
        cancel(flow.step[0] - 2 * u / (1 + u**2)) == 0
        and cancel(flow.step[1] - 2 * v / (1 + v**2)) == 0
    )


@pytest.mark.parametrize(
    ("alpha", "value"), [(0.5, 27.8346477414), (1, 22.9364408890), (2, 20.1175422084)]
)
def test_check_11_partition_function(alpha, value):
    z = partition_function(6, [1, -1, 1], [1, -1, -1])
    assert number(z.finite.values["value"], alpha=alpha, k=0.4, beta=0.3) == pytest.approx(
        value, rel=1e-10
    )
    sharp = number(z.infinite.values["value"], k=0.4, beta=0.3)
    assert sharp == pytest.approx(20.0524972681, rel=1e-10)
    assert number(z.finite.values["value"], alpha=8, k=0.4, beta=0.3) == pytest.approx(
        sharp, rel=1e-12
    )


def test_check_12_partition_function_is_invariant():
    x, y = [1, -1, 1], [1, -1, -1]
    six, three = (partition_function(m, x, y).finite.values["value"] for m in (6, 3))
    flow = binary_recursion(2, 3)
    point = {ALPHA: Rational(1, 2), K: Rational(2, 5), BETA: Rational(3, 10)}
    moved = {ALPHA: flow.step[0].subs(point), K: flow.step[1].subs(point), BETA: point[BETA]}
    expected = (2 * cosh(point[K])) ** 2 / (2 * cosh(moved[K]))
    assert abs((six.subs(point) / three.subs(moved) / expected**3).evalf(30) - 1) < 1e-20
    single = partition_function(3, [1], [-1]).finite.values["value"]
    assert number(single, alpha=0.5, k=0.4, beta=0.3) == pytest.approx(6.4904987290, rel=1e-10)


def test_check_13_weight_magnetization():
    found = weight_magnetization(5, [1, -1, 1], [1, -1, -1]).values
    assert number(found["single"], k=0.4, beta=0.3) == pytest.approx(0.3894848906, abs=1e-9)
    assert number(found["product"], k=0.4, beta=0.3) == pytest.approx(0.5426601214, abs=1e-9)
    assert number(found["single"], k=0, beta=0.3) == 0
    assert number(found["product"], k=0, beta=0.3) == pytest.approx(0.5370495670, abs=1e-9)


@pytest.mark.parametrize(
    ("couplings", "expected"),
    [
        ((0, 0.5, 0.2, 0), (0.9241918495, 0.2111765971, 0.3514677056, 0)),
        ((0, 0.5, 0.2, 0.3), (0.9241918495, 0.2111765971, 0.3514677056, 0.3)),
        ((0, 1, 0, 0), (1.3556485542, 0.6625013737, 0, 0)),
        ((0.1, -0.7, 0.15, 0.2), (1.2829160478, 0.3785608033, 0.0174128832, 0.2)),
    ],
)
def test_check_14_two_state_kernel(couplings, expected):
    flow = two_state_recursion()
    values = dict(zip(("K0", "K1", "K2", "g"), couplings, strict=True))
    assert [number(step, **values) for step in flow.step] == pytest.approx(expected, abs=1e-9)


def test_two_state_couplings_are_read_off_a_squared_kernel():
    flow = two_state_recursion()
    point = {
        S.K0: Rational(1, 10),
        S.K1: Rational(-7, 10),
        S.K2: Rational(3, 20),
        S.g: Rational(1, 5),
    }

    def entry(h, g):
        return exp(S.K0 + S.K1 * h * g + S.K2 * (h + g) / 2 + S.g * (h - g) / 2).subs(point)

    square = (Matrix(2, 2, lambda i, j: entry(1 - 2 * i, 1 - 2 * j)) ** 2).tolist()
    found = kernel_couplings(square)
    for symbol, step in zip(flow.state, flow.step, strict=True):
        assert abs((found[symbol] - step.subs(point)).evalf(30)) < 1e-25


def test_two_state_fixed_points():
    line, memory = two_state_fixed_points()
    assert (
        line.status == "continuum"
        and memory.point == (oo, 0)
        and memory.eigenvalues == (2, 2)
        and memory.exponents == (1, 1)
    )


def test_check_15_markov_form():
    flow, invariants = markov_recursion(), markov_invariants()
    a, c = flow(Rational(1, 10), Rational(3, 10))
    assert (a, c) == (Rational(16, 100), Rational(48, 100))
    before, after = ({S.a: Rational(1, 10), S.c: Rational(3, 10)}, {S.a: a, S.c: c})
    assert invariants["second_eigenvalue"].subs(before) == Rational(6, 10) and invariants[
        "second_eigenvalue"
    ].subs(after) == Rational(36, 100)
    assert invariants["mean"].subs(before) == invariants["mean"].subs(after) == Rational(1, 2)


def threshold_example():
    """The layer of neurons-check-16."""
    return threshold_layer(
        [1, -1], [-2, 0, 2], lambda w, b: exp(Rational(4, 10) * w - Rational(3, 2) * abs(b) / 2)
    )


def test_check_16_function_space():
    maps, law = SelfMaps((1, -1)), threshold_example()
    norm = sum(law.values())
    assert float(norm.evalf()) == pytest.approx(3.1270241495, abs=1e-9)
    p = [float((law[f] / norm).evalf()) for f in maps.elements]
    assert p == pytest.approx([0.4770748886, 0.2143635655, 0.1542807730, 0.1542807730], abs=1e-9)
    step = maps.recursion()
    after = [
        float(expression.subs(dict(zip(step.state, p, strict=True)))) for expression in step.step
    ]
    assert after == pytest.approx(
        [0.2735521875, 0.2045349482, 0.2609564321, 0.2609564321], abs=1e-9
    )
    z = maps.partition_function(law, 3, (1, -1), (1, -1), Rational(1, 2))
    assert float(z.evalf()) == pytest.approx(8.1887660416, abs=1e-9)
    assert [p[0] + p[1], p[0] - p[1]] == pytest.approx([0.6914384540, 0.2627113231], abs=1e-9)


def test_spectrum_of_two_copies_in_function_space():
    """Eigenvalues 1 (the total weight), p_I + p_N and p_I - p_N twice, for all p."""
    maps = SelfMaps((1, -1))
    law, x = maps.symbols, Symbol("x")
    identity, flip = (law[f] for f in maps.elements[:2])
    found = maps.transfer_matrix(law, 2).charpoly(x).as_expr()
    assert (
        expand(found - (x - sum(law.values())) * (x - identity - flip) * (x - identity + flip) ** 2)
        == 0
    )


def test_function_space_recursion_in_the_published_form():
    """p_I' = p_I² + p_N², p_N' = 2 p_I p_N, resets: p_+' = p_+ (sum) + p_I p_+ + p_N p_-; the reset
    probability obeys r' = 2r - r².
    """
    maps = SelfMaps((1, -1))
    identity, flip, up, down = maps.recursion().state
    step = dict(zip(maps.recursion().state, maps.recursion().step, strict=True))
    total = identity + flip + up + down
    assert step[identity] == identity**2 + flip**2 and step[flip] == 2 * identity * flip
    assert expand(step[up] - (up * total + identity * up + flip * down)) == 0
    r = up + down
    assert expand((step[up] + step[down] - (2 * r - r**2)).subs(identity, 1 - flip - r)) == 0


def test_maps_of_a_larger_alphabet_compose():
    maps = SelfMaps((0, 1, 2))
    assert len(maps.elements) == 27
    law = {f: Integer(k + 1) for k, f in enumerate(maps.elements)}
    assert maps.power(law, 3) == maps.convolve(law, maps.convolve(law, law))
    one, two = maps.transfer_matrix(law, 1), maps.transfer_matrix(maps.power(law, 2), 1)
    assert one * one == two
    assert compose((1, 2, 0), (0, 0, 1)) == (1, 1, 2)
    assert SelfMaps((0, 1, 2), ((1, 2, 0),)).elements == ((0, 1, 2), (1, 2, 0), (2, 0, 1))


def test_check_17_linear_scalar():
    flow = scalar_recursion()
    assert flow(Rational(4, 5), Rational(1, 10), Rational(1, 20)) == (
        Rational(16, 25),
        Rational(9, 50),
        Rational(41, 500),
    )
    assert (
        list(moment_matrix(3).diagonal()) == [1, S.w, S.w**2, S.w**3] and moment_matrix(3).is_upper
    )
    ratio = neighbour_recursion().in_chart(ratio_chart()).step[0]
    assert float(ratio.subs(S.g, Rational("0.4878048781"))) == pytest.approx(0.4540295119, abs=1e-9)
    assert ratio.diff(S.g).subs(S.g, Rational(1, 2)) == 4 and ratio.subs(
        S.g, Rational(1, 2)
    ) == Rational(1, 2)


def test_neighbour_couplings_come_from_the_softened_rule():
    """r = 2 alpha (1 + w²), J = 2 alpha w flow as w -> w², alpha -> alpha/(1 + w²)."""
    w, alpha = S.w, ALPHA
    couplings = lambda w, alpha: (2 * alpha * (1 + w**2), 2 * alpha * w)  # noqa: E731
    moved = neighbour_recursion()(*couplings(w, alpha))
    expected = couplings(w**2, alpha / (1 + w**2))
    assert all(cancel(a - b) == 0 for a, b in zip(moved, expected, strict=True))


def test_linear_layers_compose_like_their_joint_gaussian():
    """W' = W2 W1, b' = W2 b1 + b2, S' = S2 + W2 S1 W2^T, and composition is associative."""
    first = LinearLayer(
        [[1, 2], [0, 1], [1, 1]], [[1], [0], [2]], [[2, 1, 0], [1, 2, 0], [0, 0, 1]]
    )
    second = LinearLayer([[1, 0, 1], [2, 1, 0]], [[1], [1]], [[1, 0], [0, 3]])
    block = first.then(second)
    w1, w2 = first.weight, second.weight
    assert (
        block.weight == w2 * w1
        and block.bias == w2 * first.bias + second.bias
        and block.spread == second.spread + w2 * first.spread * w2.T
    )
    third = LinearLayer([[1, 1]], [[0]], [[1]])
    assert first.then(second).then(third) == first.then(second.then(third))
    with pytest.raises(ValueError, match="reads 3 neurons"):
        second.then(second)


def test_check_18_annealed_kernel():
    h, after = [Rational(7, 10), Rational(-4, 10)], [Rational(3, 10), Rational(1, 10)]
    assert annealed_covariance(h, Integer(2), Integer(1)).tolist() == [
        [Rational("0.495"), Rational("-0.14")],
        [Rational("-0.14"), Rational("0.33")],
    ]
    assert float(annealed_density(h, after, Integer(2), Integer(1)).evalf()) == pytest.approx(
        0.3613976522, abs=1e-9
    )


def test_annealed_moments_become_critical_one_after_the_other():
    found = critical_weight_variances()
    assert (
        found["2"] == 1
        and found["4"] == 1 / sqrt(3)
        and abs(found["6"] - Integer(15) ** Rational(-1, 3)).evalf() < 1e-15
    )
    assert found["typical"] == 2 * exp(EulerGamma) and float(found["typical"]) == pytest.approx(
        3.5621, abs=1e-4
    )
    assert second_moment_recursion().step == (S.q * S.sw2 + 1 / (2 * ALPHA), S.p * S.sw2)


def test_check_20_wide_layers():
    assert wide_recursion().step[0].diff(S.m).subs({S.m: 0, S.g: critical_gain()}) == 1
    assert float(critical_gain()) == pytest.approx(1.2533141373, abs=1e-9)
    assert transition_amplitude() == 12 / pi
    assert overlap_recursion().step[0].diff(S.c).subs(S.c, 0) == 2 / pi
    eigenvalues = overlap_matrix(3).charpoly().as_expr()
    assert Poly(eigenvalues).eval(Rational(3, 4)) == 0


def test_up_probability_is_exact_and_symmetric():
    mean = Rational(3, 10)
    for up in range(6):
        assert up_probability(5, up, mean) + up_probability(5, 5 - up, mean) == 1
    assert sum(overlap_matrix(5)[:, 2]) == 1
    kernel = WideBinary(5).kernel(mean)
    assert all(sum(row[n] for row in kernel) == 1 for n in range(6))


@pytest.mark.parametrize(
    ("activation", "static", "dynamic"),
    [("z", (2, 4, 6, 8), (2, 4, 4, 4)), ("z + g*z^2", (4, 12, 28, 60), (4, 8, 8, 8))],
)
def test_check_4_degrees(activation, static, dynamic):
    """The degrees from leading forms are those of the polynomials written out."""
    polynomial = polynomial_activation(activation)
    for layers in range(1, 5):
        found = interaction_order(layers, activation)
        assert (found.static, found.dynamic) == (static[layers - 1], dynamic[layers - 1])
        assert (
            found.static == static_cost(layers, polynomial).total_degree()
            and found.dynamic == dynamic_energy(layers, polynomial).total_degree()
        )
        assert (found.static_pairs, found.dynamic_pairs) == (layers * (layers - 1) // 2, 0)


def test_mixed_derivatives_count_the_pairs():
    """Pairs of weights with a mixed second derivative: all of them before, none after."""
    polynomial = polynomial_activation("z + z^2")
    for layers in (2, 3):
        weights = symbols(f"W_0:{layers}", real=True)
        pairs = list(itertools.combinations(weights, 2))
        cost, energy = (
            static_cost(layers, polynomial).as_expr(),
            dynamic_energy(layers, polynomial).as_expr(),
        )
        assert sum(expand(cost.diff(a, b)) != 0 for a, b in pairs) == len(pairs)
        assert all(expand(energy.diff(a, b)) == 0 for a, b in pairs)


def test_check_3_output_neuron():
    values = output_identity().values
    assert number(values["beta_eff"], alpha=10, beta=2) == pytest.approx(1.6666667, rel=1e-7)
    assert number(values["prefactor"], alpha=10, beta=2) == pytest.approx(0.9128709, rel=1e-7)


def test_local_gradients_become_those_of_back_propagation():
    """Fact (c): as expressions, for a polynomial activation and three layers."""
    found = back_propagation_limit("z + z**2*exp(-z**2)", 2)
    point = {
        "W_0": Rational(3, 10),
        "W_1": Rational(-11, 10),
        "x": Rational(8, 10),
        "y": Rational(1, 5),
    }
    for a, b in zip(found.local, found.chain_rule, strict=True):
        table = {symbol: point[symbol.name] for symbol in (a - b).free_symbols}
        assert abs((a - b).subs(table).evalf(30)) < 1e-25 < abs(b.subs(table).evalf(30))


def test_the_expansion_needs_a_smooth_activation():
    with pytest.raises(ValueError, match="kinks"):
        first_order_integrand("relu", 2)


def test_layers_of_three_neurons_generate_couplings():
    """Part 6: which products a block of two layers has and one layer has not."""
    assert generated_classes(3) == ((0, 2), (1, 3), (2, 2), (3, 3))
    classes = {(c.first, c.last): c for c in coupling_classes(layer_block(3))}
    assert classes[1, 1].count == 9 and len(classes[1, 1].values) == 1
    at_zero = {
        key: number(c.values[0], alpha=0.4, k=0.0) for key, c in classes.items() if key != (0, 0)
    }
    assert all(abs(value) < 1e-25 for key, value in at_zero.items() if key[0] % 2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: matches([1, 2], [1, 1]), r"\+1 or -1"),
        (lambda: matches([1], [1, 1]), "same positive length"),
        (lambda: partition_function(0, [1], [1]), "positive integer"),
        (lambda: binary_recursion(1), "at least 2"),
        (
            lambda: binary_recursion(2, 40),
            r"BinarySpectrum\(40\)\.blocks has the kernel in 41 parity blocks",
        ),
        (lambda: matches([1, True], [1, 1]), r"\+1 or -1"),
        (lambda: block_decimation(2.0), "at least 2"),
        (lambda: binary_model(promoted(mlp([2, 1]))), "odd number"),
        (lambda: binary_model(promoted(mlp([1, 1], bias=True))), "bias"),
        (lambda: binary_model(promoted(residual(1, 1))), "odd number"),
        (lambda: binary_model(promoted(mlp([1, 1])), x={((0, 0), 0): True}), r"\+1 or -1"),
        (lambda: binary_model(promoted(mlp([1, 1])), x={((0, 0), 0): 2}), r"\+1 or -1"),
        (lambda: threshold_layer([1, -1], [1], lambda w, b: Integer(1)), "vanishes"),
        (lambda: SelfMaps((1, 1)), "all different"),
        (lambda: SelfMaps(tuple(range(6))), "generators"),
        (lambda: WideBinary(4), "odd"),
        (lambda: interaction_order(2, "tanh(z)"), "polynomial"),
        (lambda: interaction_order(2, "g"), "polynomial"),
        (lambda: smeared_chain("tanh", 0), "positive integer"),
    ],
)
def test_bad_input_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_convolutions_carry_binary_neurons_too():
    """A binary model on a convolutional network, summed out onto its last layer, is a probability
    up to the prior.
    """
    model = binary_model(
        promoted(convolutional([3], 1)), x={((0, (i,), 0), 0): 1 for i in range(3)}, sharp=True
    )
    total = decimate(model, ()).partition_function(())
    assert expand(total - (exp(K) + exp(-K)) ** 3) == 0


def test_derivation_steps_hold():
    derived = (
        binary_recursion(copies=2),
        two_state_recursion(),
        output_identity(),
        partition_function(2, [1], [1]),
    )
    for derivation in (found.derivation for found in derived):
        assert derivation.steps
        for step in derivation:
            point = {
                symbol: Rational(k + 2, 7)
                for k, symbol in enumerate(sorted((step.before - step.after).free_symbols, key=str))
            }
            assert abs((step.before - step.after).subs(point).evalf(30)) < 1e-20, step.title


def test_flow_of_the_field_alone_is_a_tanh_law():
    t = Symbol("t", positive=True)
    assert binary_recursion().step[1].subs(K, 0) == 0
    assert (
        abs(
            (tanh(binary_recursion().step[1]) - tanh(K) ** 2)
            .subs(K, t)
            .subs(t, Rational(4, 5))
            .evalf(30)
        )
        < 1e-25
    )
