"""The wide limit: maps and their derivatives, layer graphs against networks with explicit weights,
convolutions.
"""

from __future__ import annotations

from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.simulation.field_theory.networks import Plan, layers_by_weights
from neurenorm.numerics.solve.correlation_length import correlation_length as numeric_length
from neurenorm.numerics.solve.field_theory.correlations import gap_map
from neurenorm.numerics.solve.field_theory.layer_graph import kernels_at
from neurenorm.numerics.solve.flow import trajectory
from neurenorm.theory.algebra.lengths import correlation_length, growth_length
from neurenorm.theory.field_theory.depth_field import pair_jacobian
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.wide.convolution import Stencil
from neurenorm.theory.wide.layer_graph import LayerKernels
from neurenorm.theory.wide.limit import AA, AB, BB, SB2, SW2, K, WideLimit


@pytest.mark.parametrize(
    "name", ["tanh", "relu", "erf", "gelu", "sin", "swish", "hardtanh", "z*exp(-z**2/2)"]
)
def test_susceptibilities_are_derivatives_of_the_maps(name: str) -> None:
    """Price's theorem against central differences of the numeric maps."""
    wide = WideLimit(activation(name))
    length = compiled(wide.second_moment, [K])
    chi = compiled(wide.chi_par / SW2, [K])
    bend = compiled(wide.curvature / SW2, [K])
    pair = compiled(wide.overlap, [AA, BB, AB])
    slope = compiled(wide.slope_overlap, [AA, BB, AB])
    for k in (0.3, 1.7):
        assert chi(k) == pytest.approx(
            (length(k + 1e-4) - length(k - 1e-4)) / 2e-4, rel=1e-6, abs=1e-8
        )
        assert bend(k) == pytest.approx((chi(k + 1e-4) - chi(k - 1e-4)) / 2e-4, rel=1e-5, abs=1e-7)
    assert slope(1.1, 0.9, 0.5) == pytest.approx(
        (pair(1.1, 0.9, 0.5 + 1e-4) - pair(1.1, 0.9, 0.5 - 1e-4)) / 2e-4, rel=1e-6
    )


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_two_input_jacobian_matches_differences(name: str) -> None:
    wide = WideLimit(activation(name))
    maps = compiled(list(wide.kernels.step), [AA, BB, AB, SW2, SB2])
    jacobian = np.array(
        compiled(pair_jacobian(wide.kernels), [AA, BB, AB, SW2])(1.1, 0.9, 0.5, 1.7), dtype=float
    )
    point = np.array([1.1, 0.9, 0.5])
    for column in range(3):
        shift = 1e-4 * np.eye(3)[column]
        difference = (
            np.array(maps(*(point + shift), 1.7, 0.0)) - np.array(maps(*(point - shift), 1.7, 0.0))
        ) / 2e-4
        assert jacobian[:, column] == pytest.approx(difference, abs=1e-6)


def test_relu_critical_correlation_map() -> None:
    """In 30 digits: double precision loses 1 - c along ten thousand layers. l²(1 - c_l) tends to
    9π²/2 = 44.4132.
    """
    c = sp.Symbol("c", real=True)
    step = WideLimit(activation("relu")).correlation_map.subs({SW2: 2, SB2: 0, K: 1})
    (here,) = step.free_symbols
    seen = trajectory(
        Recursion((c,), (step.xreplace({here: c}),), sp.E),
        {c: 0},
        10_000,
        target="mpmath",
        digits=30,
    )
    assert [float(seen[layer][0]) for layer in (1, 2, 10)] == pytest.approx(
        [1 / np.pi, 0.4937310902, 0.8715355160], abs=1e-10
    )
    assert 1000**2 * float(1 - seen[1000][0]) == pytest.approx(43.1297, abs=1e-4)
    assert 10_000**2 * float(1 - seen[10_000][0]) == pytest.approx(44.2519, abs=1e-4)


def test_gap_map_keeps_digits_where_the_correlation_has_none() -> None:
    wide = WideLimit(activation("tanh"))
    step = gap_map(wide, 2.5, 1.06395838)
    slopes = step([1e-6, 1e-10, 1e-14]).value / [1e-6, 1e-10, 1e-14]
    assert slopes == pytest.approx(np.full(3, 1.13351570), rel=1e-5)


def test_correlation_length() -> None:
    assert correlation_length(sp.Integer(1)) == sp.oo and correlation_length(sp.Integer(0)) == 0
    assert correlation_length(-sp.Rational(1, 2)) == 1 / sp.log(2)
    assert growth_length(-sp.Integer(2)) == 1 / sp.log(2) and growth_length(sp.Integer(-1)) == sp.oo
    with pytest.raises(ValueError, match="see growth_length"):
        correlation_length(sp.Rational(3, 2))
    with pytest.raises(ValueError, match="see correlation_length"):
        growth_length(sp.Rational(1, 2))


@settings(deadline=None, max_examples=40)
@given(st.fractions(-1, 1, max_denominator=50))
def test_lengths_of_numbers_arrays_and_balls_are_the_exact_ones(fraction: Fraction) -> None:
    exact = correlation_length(sp.Rational(fraction.numerator, fraction.denominator))
    value = float(exact)
    assert numeric_length(float(fraction)) == pytest.approx(value)
    assert numeric_length(np.array([float(fraction), 0.5])) == pytest.approx([value, 1 / np.log(2)])
    assert float(numeric_length(arb(fraction.numerator) / fraction.denominator)) == pytest.approx(
        value
    )
    for wrong in (1.5, np.array([0.5, -1.1]), arb(2)):
        with pytest.raises(ValueError, match="see growth_length"):
            numeric_length(wrong)


def test_activation_with_a_jump_is_always_chaotic() -> None:
    assert WideLimit(activation("sign")).chi_perp == sp.oo


def feed_forward(depth: int) -> nx.DiGraph:
    return nx.DiGraph([(layer, layer + 1) for layer in range(depth)])


def test_feed_forward_graph_repeats_the_map() -> None:
    kernels = LayerKernels(feed_forward(4), activation("erf"))
    top = kernels.covariance((4, "a"), (4, "b"))
    overlaps = {
        symbol: (1.0 if first == second else 0.3)
        for symbol, (first, second) in kernels.inputs.items()
    }
    found = kernels_at(kernels, overlaps, {SW2: 1.4, SB2: 0.2})[top]
    step = compiled(list(WideLimit(activation("erf")).kernels.step), [AA, BB, AB, SW2, SB2])
    state = [0.2 + 1.4 * overlap for overlap in (1.0, 1.0, 0.3)]
    for _ in range(3):
        state = [float(value) for value in step(*state, 1.4, 0.2)]
    assert found == pytest.approx(state[2], rel=1e-13)


def sampled(
    plan: Plan, inputs: np.ndarray, pairs: list[tuple[int, int, int, int]], networks: int
) -> list[Estimate]:
    """⟨z^l_a z^m_b⟩ per neuron from explicit weights."""
    layers = layers_by_weights(plan, inputs, NAMED["tanh"], networks, np.random.default_rng(4))
    return [
        Estimate.from_blocks((layers[v - 1][:, a] * layers[w - 1][:, b]).mean(-1))
        for v, a, w, b in pairs
    ]


def test_skip_connections_against_explicit_weights() -> None:
    graph = feed_forward(3)
    graph.add_edge(1, 3, kind="skip", strength=sp.Rational(1, 2))
    for u, v in ((0, 1), (1, 2), (2, 3)):
        graph.edges[u, v]["variance"] = 2
    kernels = LayerKernels(graph, activation("tanh"))
    wanted = [(3, 0, 3, 0), (3, 0, 3, 1), (3, 0, 1, 0), (3, 1, 1, 0), (2, 0, 1, 0)]
    names = [kernels.covariance((v, "ab"[a]), (w, "ab"[b])) for v, a, w, b in wanted]
    inputs = np.array([[1.0, 1.0], [1.0, -0.2]])
    gram = inputs @ inputs.T / 2
    overlaps = {
        s: gram["ab".index(first[1]), "ab".index(second[1])]
        for s, (first, second) in kernels.inputs.items()
    }
    theory = kernels_at(kernels, overlaps, {SB2: 0.1})
    plan = Plan((2, 150, 150, 150), 2.0, 0.1, skips=((1, 3, 0.5),))
    for name, estimate in zip(names, sampled(plan, inputs, wanted, 400), strict=True):
        assert abs(estimate.value - theory[name]) < 6 * estimate.error + 0.01


def test_shared_weights_correlate_layers_against_explicit_weights() -> None:
    graph = feed_forward(4)
    for u, v in ((1, 2), (2, 3), (3, 4)):
        graph.edges[u, v]["label"] = "recurrent"
        graph.nodes[v]["bias_label"] = "recurrent"
    kernels = LayerKernels(graph, activation("tanh"))
    names = [kernels.covariance((4, "a"), (3, "a")), kernels.covariance((4, "a"), (4, "a"))]
    theory = kernels_at(kernels, dict.fromkeys(kernels.inputs, 1.0), {SW2: 1.5, SB2: 0.3})
    plan = Plan((150, 150, 150, 150, 150), 1.5, 0.3, shared=(0, 1, 1, 1))
    estimates = sampled(plan, np.ones((1, 150)), [(4, 0, 3, 0), (4, 0, 4, 0)], 400)
    for name, estimate in zip(names, estimates, strict=True):
        assert abs(estimate.value - theory[name]) < 6 * estimate.error + 0.01
    unshared = LayerKernels(feed_forward(3), activation("tanh"))
    assert unshared.equations.get(unshared.covariance((3, "a"), (2, "a"))) == 0
    assert theory[names[0]] > 0.4


def test_dropout_moves_the_fixed_point() -> None:
    """tanh at (1.5, 0.05) with keep probability 0.9: q* = 0.513202, c* = 0.459271."""
    graph = feed_forward(120)
    for layer in range(1, 120):
        graph.edges[layer, layer + 1]["keep"] = sp.Rational(9, 10)
    kernels = LayerKernels(graph, activation("tanh"))
    cross, own = (
        kernels.covariance((120, "a"), (120, "b")),
        kernels.covariance((120, "a"), (120, "a")),
    )
    found = kernels_at(kernels, dict.fromkeys(kernels.inputs, 1.0), {SW2: 1.5, SB2: 0.05})
    assert found[own] == pytest.approx(0.513202, abs=1e-6)
    assert found[cross] / found[own] == pytest.approx(0.459271, abs=1e-6)


def test_bad_layer_graphs() -> None:
    cyclic = feed_forward(2)
    cyclic.add_edge(2, 1)
    with pytest.raises(ValueError, match="cycle"):
        LayerKernels(cyclic, activation("tanh"))
    with pytest.raises(ValueError, match="at least one edge"):
        LayerKernels(nx.DiGraph(), activation("tanh"))
    for data, message in (
        ({"kind": "odd"}, "dense or skip"),
        ({"variance": -1}, "negative"),
        ({"keep": 0}, r"\(0, 1\]"),
    ):
        graph = nx.DiGraph()
        graph.add_edge(0, 1, **data)
        with pytest.raises(ValueError, match=message):
            LayerKernels(graph, activation("tanh"))
    with pytest.raises(ValueError, match="no overlap"):
        kernels = LayerKernels(feed_forward(1), activation("tanh"))
        kernels.covariance((1, "a"), (1, "a"))
        kernels_at(kernels, {}, {SW2: 1.0, SB2: 0.0})


def test_convolution_modes_against_the_full_map_of_a_ring() -> None:
    """A plane wave added to the kernels of a ring of positions grows by chi v̂(k) per layer."""
    stencil = Stencil({(-1,): sp.Rational(1, 2), (0,): sp.Rational(1, 3), (1,): sp.Rational(1, 6)})
    wide = WideLimit(activation("erf"))
    kaa, kab = 0.8, 0.3
    slope = float(compiled(wide.slope_overlap, [AA, BB, AB])(kaa, kaa, kab))
    size, wave = 6, 2 * np.pi / 6
    pair = compiled(wide.overlap, [AA, BB, AB])
    ring = kab + 1e-6 * np.exp(1j * wave * np.arange(size))
    shifted = {offset[0]: np.roll(ring, -offset[0]) for offset in stencil.fractions}
    real = {
        d: float(stencil.fractions[(d,)])
        * (pair(kaa, kaa, row.real) + 1j * (pair(kaa, kaa, kab + row.imag) - pair(kaa, kaa, kab)))
        for d, row in shifted.items()
    }
    image = sum(real.values()) - pair(kaa, kaa, kab)
    factor = complex(sp.N(stencil.eigenvalue(sp.Float(slope)).subs(stencil.wave_numbers[0], wave)))
    assert image / (1e-6 * np.exp(1j * wave * np.arange(size))) == pytest.approx(
        np.full(size, factor), rel=1e-4
    )


def test_convolution_depth_scales_and_pooling() -> None:
    box = Stencil.uniform(3, 3)
    assert box.factor.subs(dict.fromkeys(box.wave_numbers, 0)) == 1
    assert box.depth_scale(sp.Integer(1), [0, 0]) == sp.oo
    assert box.depth_scale(sp.Rational(1, 2), [2 * sp.pi / 3, 0]) == 0
    line = Stencil.uniform(3)
    symbols = {((i,), (j,)): sp.Symbol(f"K{i}{j}") for i in range(3) for j in range(3)}
    assert (
        line.pooled(symbols, [(0,), (1,)])
        == (symbols[(0,), (0,)] + symbols[(0,), (1,)] + symbols[(1,), (0,)] + symbols[(1,), (1,)])
        / 4
    )
    step = line.step(
        WideLimit(activation("linear")), {(x, y): s for (x, y), s in symbols.items()}, (1,), (1,)
    )
    assert sp.expand(step - SB2 - SW2 * sum(symbols[(i,), (i,)] for i in range(3)) / 3) == 0
    for bad in (
        {(0,): 2},
        {(0,): sp.Rational(1, 2)},
        {(0,): -1, (1,): 2},
        {(0,): sp.Rational(1, 2), (0, 1): sp.Rational(1, 2)},
    ):
        with pytest.raises(ValueError, match="stencil"):
            Stencil(bad)
    with pytest.raises(ValueError, match="odd"):
        Stencil.uniform(2)


def test_layer_graph_of_a_convolution_repeats_its_step() -> None:
    """Two layers on a 3 x 4 torus: the kernels of the layer graph are `Stencil.step` applied
    twice.
    """
    stencil = Stencil(
        {(0, 0): sp.Rational(1, 2), (1, 0): sp.Rational(1, 3), (0, -1): sp.Rational(1, 6)}
    )
    kernels = LayerKernels(stencil.layer_graph([3, 4], 2), activation("erf"))
    x, y = (0, 1), (2, 3)
    top = kernels.covariance(((2, x), "a"), ((2, y), "a"))
    points = {(i, j): np.array([1.0, 0.3 * i, 0.2 * j]) for i in range(3) for j in range(4)}
    overlaps = {
        symbol: float(points[first[0][1]] @ points[second[0][1]])
        for symbol, (first, second) in kernels.inputs.items()
    }  # type: ignore[index]
    found = kernels_at(kernels, overlaps, {SW2: 1.4, SB2: 0.2})[top]

    def shifted(place: tuple[int, int], offset: tuple[int, ...]) -> tuple[int, int]:
        return (place[0] + offset[0]) % 3, (place[1] + offset[1]) % 4

    shares = {offset: float(share) for offset, share in stencil.fractions.items()}
    first = {
        (u, v): 0.2
        + 1.4 * sum(s * points[shifted(u, d)] @ points[shifted(v, d)] for d, s in shares.items())
        for u in points
        for v in points
    }
    pair = compiled(WideLimit(activation("erf")).overlap, [AA, BB, AB])
    expected = 0.2
    for offset, share in shares.items():
        u, v = shifted(x, offset), shifted(y, offset)
        expected += 1.4 * share * float(pair(first[u, u], first[v, v], first[u, v]))
    assert found == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="too few"):
        Stencil.uniform(3).layer_graph([2], 1)
    with pytest.raises(ValueError, match="2 dimensions"):
        stencil.layer_graph([4], 1)
