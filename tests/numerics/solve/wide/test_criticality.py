"""Blocks that are repeated: fixed points, slopes, critical lines, laws of growth."""

import numpy as np
import pytest

from neurenorm.graphs.network.layer_text import layer_graph
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.solve.wide.criticality import BlockMap, fixed_lengths, fixed_points, growth
from neurenorm.theory.wide.graph_kernels import GraphKernels


def block(body, **parameters):
    return BlockMap(GraphKernels(layer_graph(f"z = input(width=1); {body}")), parameters)


def test_22_norm_before():
    (point,) = fixed_points(block("affine(map(tanh, norm(z)), sw2, sb2)", sw2=1, sb2=0.02))
    assert point.c == pytest.approx(0.4730786764, abs=1e-9)
    assert point.slope == pytest.approx(0.9238300284, abs=1e-9)
    assert point.xi == pytest.approx(12.6219317, rel=1e-7)
    assert point.chi_perp == pytest.approx(1.1209487773, abs=1e-9)
    assert abs(point.chi_par) < 1e-9


@pytest.mark.parametrize(
    "name, ratio", [("tanh", 0.0701084121), ("erf", 0.1048509803), ("gelu", 0.0306293831)]
)
def test_22_the_bias_at_which_the_norm_before_is_critical(name, ratio):
    found = block(f"affine(map({name}, norm(z)), sw2, sb2)", sw2=1, sb2=ratio)
    assert found.chi_perp(1 + ratio) == pytest.approx(found.chi_perp(1.0) / (1 + ratio), rel=1e-9)
    grown = float(found.length(np.array([1.0]))[0])
    assert found.chi_perp(grown) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    "name, near, far",
    [
        ("relu", 1.4669422069, 0.7334711035),
        ("gelu", 1.3188449709, 0.7232875213),
        ("tanh", 1.1778072323, 0.9304699236),
    ],
)
def test_23_norm_behind(name, near, far):
    found = block(f"dense(norm(map({name}, z)), 1)")
    assert found.chi_perp(1.0) == pytest.approx(near, abs=1e-9)
    assert found.angle(1.0, np.array([0.0]))[1][0] == pytest.approx(far, abs=1e-9)


def test_23_a_bias_keeps_inputs_apart():
    (point,) = fixed_points(block("affine(norm(map(relu, z)), sw2, sb2)", sw2=1, sb2=0.1))
    assert point.c == pytest.approx(0.3531109270, abs=1e-9)
    assert point.slope == pytest.approx(0.8199889233, abs=1e-9)


LEAST = (
    "h = input(width=1); u = add(dense(h, sw2), bias(h, 1, mean=MU)); "
    "map(sigmoid(u)*h + sigmoid(-u)*v, u=u, h=h, v=bias(h, 1))"
)
GATED = (
    "h = input(width=1); r = add(dense(h, sw2), bias(h, 1)); u = add(dense(h, sw2), bias(h, 1)); "
    "c = add(dense(map(sigmoid(r)*h, r=r, h=h), sw2), bias(h, 1)); "
    "map(sigmoid(u)*h + sigmoid(-u)*tanh(c), u=u, h=h, c=c)"
)


@pytest.mark.parametrize(
    "text, K, chi", [(LEAST, 0.50605845, 0.53001069), (GATED, 0.19928320, 0.59547408)]
)
def test_38_gates_with_fresh_weights_in_every_step(text, K, chi):
    text = text.replace("MU", "0")
    found = evaluate("architectures/criticality", graph=text, sw2=4).values
    assert found["K"] == pytest.approx(K, abs=1e-8)
    assert found["chi_perp"] == pytest.approx(chi, abs=1e-8)


def test_37_critical_weights_of_a_gate():
    cell = BlockMap(GraphKernels(layer_graph(LEAST.replace("MU", "1"))), {"sw2": 17.31017839})
    (length,) = fixed_lengths(cell)
    assert cell.chi_perp(length) == pytest.approx(1, abs=1e-8)


def test_48_dropout():
    (point,) = fixed_points(block("affine(dropout(map(erf, z), 0.9), sw2, sb2)", sw2=1.5, sb2=0.05))
    assert pytest.approx(0.7196233172, abs=1e-9) == point.K
    assert point.c == pytest.approx(0.3276339165, abs=1e-8)
    assert point.slope == pytest.approx(0.7980245127, abs=1e-8)


@pytest.mark.parametrize(
    "name, depth, K, gradient",
    [("erf", 50, 41.96764961, 8.2473383), ("tanh", 50, 39.59352583, 7.21610033)],
)
def test_50_51_a_residual_stream_grows(name, depth, K, gradient):
    stream = block(f"add(z, dense(map({name}, z), 1))")
    length, total = 1.0, 0.0
    for _ in range(depth):
        total += np.log(stream.chi_perp(length))
        length = float(stream.length(np.array([length]))[0])
    assert length == pytest.approx(K, abs=1e-7)
    assert total == pytest.approx(gradient, abs=1e-6)


def test_50_gradients_grow_as_a_stretched_exponential():
    law = growth(block("add(z, dense(map(erf, z), 1))"), 60)
    assert law.kind == "stretched"
    assert law.exponent == pytest.approx(0.5, abs=0.06)
    assert growth(block("add(z, dense(map(relu, z), 2))"), 40).kind == "exponential"


@pytest.mark.parametrize(
    "function, variances, K, chi_par, chi_perp",
    [
        ("a*sigmoid(b)", (3, 2), 1.4227058177, 1.1313788130, 1.2809105739),
        ("a*swish(b)", (2, 2), 0.6684728815, 2.1701487954, 2.0685833400),
    ],
)
def test_53_gated_units_have_no_stable_length(function, variances, K, chi_par, chi_perp):
    sv2, sg2 = variances
    (point,) = fixed_points(block(f"map({function}, a=dense(z, {sv2}), b=dense(z, {sg2}))"))
    assert pytest.approx(K, abs=1e-9) == point.K
    assert point.chi_par == pytest.approx(chi_par, abs=1e-8)
    assert point.chi_perp == pytest.approx(chi_perp, abs=1e-8)


def test_the_critical_line_is_the_one_of_the_plain_network():
    text = "z = input(width=1); affine(map(erf, z), sw2, sb2)"
    plain = evaluate("field-theory/edge-of-chaos", activation="erf", sb2=0.1).values
    found = evaluate("architectures/critical-line", graph=text, sb2=0.1).values
    for name, value in plain.items():
        assert found[name] == pytest.approx(value, abs=1e-8)


@pytest.mark.parametrize(
    "text, words",
    [
        ("mlp(tanh, 2)", "the input of a block is wide"),
        ("z = input(width=1); dense(z, width=2)", "the space that it starts from"),
        ("z = input((3,), width=1); dense(z)", "a single position"),
        ("z = input(width=1); dense(map(relu, z), 2)", "every length is a fixed point"),
    ],
)
def test_refusals(text, words):
    with pytest.raises(ValueError, match=words):
        evaluate("architectures/criticality", graph=text)
