"""Kernel matrices, phase diagrams and length searches against loops over single pairs and
points.
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.simulation.field_theory.tangent import (
    tangent_kernels,
    tangent_kernels_in_law,
)
from neurenorm.numerics.solve.field_theory.correlations import gap_map
from neurenorm.numerics.solve.field_theory.kernel_matrices import kernel_matrices
from neurenorm.numerics.solve.field_theory.lengths import length_fixed_points
from neurenorm.numerics.solve.field_theory.phase_diagram import phase_diagram
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import AA, AB, BB, SB2, SW2, WideLimit


@pytest.mark.parametrize("name", ["erf", "relu", "gelu", "sin"])
def test_kernel_matrices_are_the_pair_recursion_over_all_pairs(name: str) -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((150, 7))
    x[5] = x[4]
    x[6] = 2 * x[4]
    wide = WideLimit(activation(name))
    kernel, tangent = kernel_matrices(wide, x @ x.T / 7, 1.3, 0.2, 4)
    step = compiled(list(wide.tangents.step), [AA, BB, AB, wide.tangents.state[3], SW2, SB2])
    assert kernel[5, 4] == pytest.approx(
        kernel[4, 4], rel=1e-8
    )  # at c = 1 the maps lose half their digits
    for i, j in ((0, 1), (149, 3), (130, 131)):
        state = [0.2 + 1.3 * float(x[a] @ x[b]) / 7 for a, b in ((i, i), (j, j), (i, j), (i, j))]
        for _ in range(3):
            state = [float(value) for value in step(*state, 1.3, 0.2)]
        assert (kernel[i, j], tangent[i, j]) == (
            pytest.approx(state[2], rel=1e-7),
            pytest.approx(state[3], rel=1e-6),
        )
    assert (
        np.all(np.isfinite(kernel))
        and np.array_equal(kernel, kernel.T)
        and np.array_equal(tangent, tangent.T)
    )
    assert np.all(np.linalg.eigvalsh(kernel) > -1e-7)


@pytest.mark.parametrize("name", ["erf", "relu"])
def test_kernel_matrices_do_not_depend_on_threads_or_on_a_compiler(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(5).standard_normal((300, 4))
    wide = WideLimit(activation(name))
    found = [kernel_matrices(wide, x @ x.T / 4, 1.3, 0.2, 4, threads=threads) for threads in (1, 3)]
    monkeypatch.setattr("neurenorm.numerics.compile.targets.c_target.find_compiler", lambda: None)
    plain = kernel_matrices(wide, x @ x.T / 4, 1.3, 0.2, 4)
    for one, three, numpy_only in zip(*found, plain, strict=True):
        assert np.array_equal(one, three)
        assert one == pytest.approx(numpy_only, rel=1e-7)


def test_kernel_matrices_refuse_bad_input() -> None:
    wide = WideLimit(activation("erf"))
    for gram, sw2, depth, message in (
        ([[1.0, 0.0]], 1.0, 2, "symmetric"),
        (np.eye(2), -1.0, 2, "not negative"),
        (np.eye(2), 1.0, 0, "at least one layer"),
    ):
        with pytest.raises(ValueError, match=message):
            kernel_matrices(wide, gram, sw2, 0.1, depth)


@pytest.mark.parametrize(
    ("name", "weights"), [("tanh", [0.7, 1.5, 2.5, 3.7]), ("erf", [0.4, 1.1, 2.0, 3.0])]
)
def test_phase_diagram_agrees_with_single_points(name: str, weights: list[float]) -> None:
    biases = [0.02, 0.4]
    diagram = phase_diagram(WideLimit(activation(name)), weights, biases)
    for i, sb2 in enumerate(biases):
        for j, sw2 in enumerate(weights):
            length = evaluate(
                "field-theory/kernel-fixed-point", activation=name, sw2=sw2, sb2=sb2
            ).values
            angle = evaluate(
                "field-theory/correlation-fixed-point", activation=name, sw2=sw2, sb2=sb2
            ).values
            assert diagram.exists[i, j]
            assert diagram.length[i, j] == pytest.approx(length["K"], rel=1e-7)
            assert diagram.chi_par[i, j] == pytest.approx(length["chi_par"], abs=1e-7)
            assert diagram.correlation[i, j] == pytest.approx(angle["c"], abs=1e-6)
            assert diagram.xi_c[i, j] == pytest.approx(angle["xi_c"], rel=1e-5)


def test_phase_diagram_says_where_there_is_no_length() -> None:
    diagram = phase_diagram(WideLimit(activation("relu")), [1.0, 3.0], [0.1])
    assert diagram.exists.tolist() == [[True, False]] and diagram.length[0, 1] == 0
    with pytest.raises(ValueError, match="not negative"):
        phase_diagram(WideLimit(activation("tanh")), [-1.0], [0.1])


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(["tanh", "erf", "gelu", "swish"]), st.floats(0.1, 3.0), st.floats(0.01, 1.0))
def test_found_lengths_are_fixed(name: str, sw2: float, sb2: float) -> None:
    wide = WideLimit(activation(name))
    weight, bias = sp.Rational(str(round(sw2, 3))), sp.Rational(str(round(sb2, 3)))
    step = compiled(wide.kernel.step[0].subs({SW2: weight, SB2: bias}), [wide.kernel.state[0]])
    for branch in length_fixed_points(wide, weight, bias).branches:
        k = float(branch["K"])
        assert float(step(k)) == pytest.approx(k, rel=1e-10)
        slope = (float(step(k * 1.0001)) - float(step(k * 0.9999))) / (0.0002 * k)
        assert slope == pytest.approx(float(branch["chi_par"]), abs=1e-6)


def test_tangent_kernel_is_the_squared_gradient() -> None:
    """Against central differences of a network rebuilt from the same random numbers, one parameter
    at a time.
    """
    widths, sw2, sb2 = (3, 4, 1), 1.5, 0.3
    x = np.array([0.5, -1.0, 2.0])
    value = tangent_kernels(widths, sw2, sb2, x, NAMED["tanh"], 1, np.random.default_rng(9))[0]
    rng = np.random.default_rng(9)
    parameters = [
        rng.standard_normal((1, 3, 4)),
        rng.standard_normal((1, 4)),
        rng.standard_normal((1, 4, 1)),
        rng.standard_normal((1, 1)),
    ]

    def output(p: list[np.ndarray]) -> float:
        z = np.sqrt(sw2 / 3) * x @ p[0][0] + np.sqrt(sb2) * p[1][0]
        return float((np.sqrt(sw2 / 4) * np.tanh(z) @ p[2][0] + np.sqrt(sb2) * p[3][0])[0])

    total = 0.0
    for index, array in enumerate(parameters):
        for place in np.ndindex(array.shape):
            moved = []
            for sign in (1, -1):
                copy = [a.copy() for a in parameters]
                copy[index][place] += sign * 1e-5
                moved.append(output(copy))
            total += ((moved[0] - moved[1]) / 2e-5) ** 2
    assert value == pytest.approx(total, rel=1e-8)
    with pytest.raises(ValueError, match="ntk or standard"):
        tangent_kernels(widths, sw2, sb2, x, NAMED["tanh"], 1, rng, "mup")
    with pytest.raises(ValueError, match="scalar output"):
        tangent_kernels((3, 2), 1.0, 0.0, x, NAMED["tanh"], 1, rng)


@pytest.mark.parametrize("parametrisation", ["ntk", "standard"])
def test_tangent_kernels_in_law_have_the_law_of_explicit_weights(parametrisation: str) -> None:
    """First and second moments of Θ at width 6, three layers, biases included."""
    widths, x = (6, 6, 6, 1), np.linspace(-1, 1, 6)
    found = [
        draw(
            widths, 1.5, 0.3, x, NAMED["tanh"], networks, np.random.default_rng(2), parametrisation
        )
        for draw, networks in ((tangent_kernels, 60_000), (tangent_kernels_in_law, 200_000))
    ]
    for power in (1, 2):
        first, second = (values**power for values in found)
        error = np.hypot(first.std() / len(first) ** 0.5, second.std() / len(second) ** 0.5)
        assert abs(first.mean() - second.mean()) < 5.5 * error


def test_phase_diagram_of_an_activation_with_kinks() -> None:
    """hardtanh has no closed overlap; its table comes from ⟨φ''φ''⟩, checked here against
    quadrature in the plane.
    """
    wide = WideLimit(activation("hardtanh"))
    diagram = phase_diagram(wide, [0.8, 2.5], [0.05])
    assert diagram.correlation[0, 0] == 1
    length, gap = float(diagram.length[0, 1]), 1 - float(diagram.correlation[0, 1])
    assert float(gap_map(wide, 2.5, length)(gap).value) == pytest.approx(gap, rel=1e-7)
    with pytest.raises(ValueError, match="jumps"):
        phase_diagram(WideLimit(activation("sign")), [1.0], [0.1])
