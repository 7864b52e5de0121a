"""Slopes at length zero, saddle-nodes, kinked activations of any form, residual blocks and blank
inputs.
"""

from __future__ import annotations

import mpmath
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.field_theory.kernel_matrices import kernel_matrices
from neurenorm.numerics.solve.field_theory.lengths import length_fixed_points
from neurenorm.theory.field_theory.action import LatticeAction
from neurenorm.theory.field_theory.finite_width import FiniteWidth
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.gaussian.envelope import envelope
from neurenorm.theory.gaussian.expectation import gaussian_variables
from neurenorm.theory.wide.layer_graph import LayerKernels
from neurenorm.theory.wide.limit import SW2, K, WideLimit

SELU = "1.0507009873554805*(max(z,0)+1.6732632423543772*min(exp(z)-1,0))"
PIECES = {
    "tanh(z)": mpmath.tanh,
    "exp(-abs(z))": lambda z: mpmath.exp(-abs(z)),
    "log(1+abs(z))": lambda z: mpmath.log(1 + abs(z)),
    "z/(1+abs(z))": lambda z: z / (1 + abs(z)),
    "max(tanh(z),0)": lambda z: max(mpmath.tanh(z), 0),
    "abs(erf(z))": lambda z: abs(mpmath.erf(z)),
    "min(exp(z)-1,0)": lambda z: min(mpmath.exp(z) - 1, 0),
    "max(min(z,1),-0.5)": lambda z: max(min(z, 1), -0.5),
    "sin(z)": mpmath.sin,
}


def points(source: str, sw2: str, sb2: str) -> list[tuple[float, float, float]]:
    """K, chi_par and chi_perp of every fixed point, the stable ones first."""
    found = length_fixed_points(WideLimit(activation(source)), Rational(sw2), Rational(sb2))
    names = ("K", "chi_par", "chi_perp")
    return [tuple(float(branch[name]) for name in names) for branch in found.branches or ()]


@pytest.mark.parametrize(
    ("source", "sw2", "right"),
    [
        ("sin", "1.001", [9.9966688872605e-4, 0]),
        ("sin", "1", [0]),
        ("hardtanh", "1", [0]),
        ("tanh", "1", [0]),
        ("exp(z)-1", "1/2", [0, 0.413426380329898]),
        ("sin(z)+z/4", "1.001", [0.62516147856618, 0]),
    ],
)
def test_lengths_without_bias(source: str, sw2: str, right: list[float]) -> None:
    """Closed forms that cancel have no branches of noise, and zero has the slope of its limit."""
    found = points(source, sw2, "0")
    assert [k for k, _, _ in found] == pytest.approx(right, rel=1e-9, abs=0)
    slope = float(
        mpmath.diff(
            lambda z: {"hardtanh": z}.get(
                source,
                compiled(activation(source).expression, [gaussian_variables(1)[0]])(float(z)),
            ),
            0,
            h=1e-5,
        )
    )
    (at_zero,) = [entry for entry in found if entry[0] == 0]
    assert at_zero[1:] == pytest.approx([float(Rational(sw2)) * slope**2] * 2, rel=1e-4)


def test_saddle_node() -> None:
    """Beside the tangency of z**2 there are no roots on one side and two on the other; on it the
    slope is exactly one.
    """
    assert points("z**2", "1/4", "0.33333333333333334") == []
    assert len(points("z**2", "1/4", "0.333333333333333333")) == 2
    assert points("z**2", "1/4", "1/3") == [(pytest.approx(2 / 3), 1.0, pytest.approx(2 / 3))]


@pytest.mark.parametrize("gap", ["1e-8", "1e-14", "1e-20", "0", "-1e-14", "-1e-20"])
def test_saddle_node_without_exact_form(gap: str) -> None:
    """exp(z) at σ_w² = 1/20 touches the diagonal at K = ln(10)/2: K' = K - gap + (K - K*)² + …"""
    with mpmath.workdps(50):
        touch = mpmath.log(10) / 2
        sb2 = Rational(mpmath.nstr(touch - mpmath.mpf(1) / 2 - mpmath.mpf(gap), 45))
        found = points("exp(z)", "1/20", str(sb2))
    if gap == "0":
        assert found == [(pytest.approx(float(touch)), 1.0, pytest.approx(0.5))]
        return
    assert len(found) == (0 if gap.startswith("-") else 2)
    if found:
        half = float(gap) ** 0.5
        assert [k - float(touch) for k, _, _ in found] == pytest.approx(
            [-half, half], rel=1e-3, abs=1e-15
        )
        assert [chi - 1 for _, chi, _ in found] == pytest.approx([-2 * half, 2 * half], rel=1e-3)


@pytest.mark.parametrize(
    ("source", "sw2", "sb2", "right"),
    [
        ("z/(1+abs(z))", "3", "1/5", (0.63908651, 0.35844524, 0.81346815)),
        (SELU, "1", "0", (1, 0.78264788, 1.07157499)),
        ("selu", "1", "0", (1, 0.78264788, 1.07157499)),
        ("softsign", "3", "1/5", (0.63908651, 0.35844524, 0.81346815)),
    ],
)
def test_kinked_activations(source: str, sw2: str, sb2: str, right: tuple[float, ...]) -> None:
    """A kink is no divergence."""
    assert points(source, sw2, sb2)[0] == pytest.approx(right, rel=2e-8)


@settings(max_examples=12, deadline=None, print_blob=True)
@given(
    st.sampled_from(sorted(PIECES)),
    st.sampled_from(sorted(PIECES)),
    st.integers(-3, 3),
    st.integers(1, 12),
)
def test_moments_of_random_activations(left: str, right: str, weight: int, size: int) -> None:
    """<phi> and <phi^2> against a quadrature split at the kinks; chi_par against the derivative of
    the latter.
    """
    if left == right and weight == -2:  # the two cancel: no function of z is left
        return
    phi = activation(f"{left} + ({weight}/2)*({right})")
    length, wide = size / 4, WideLimit(phi)

    def moment(power: int, k: mpmath.mpf) -> mpmath.mpf:
        value = lambda z: (PIECES[left](z) + mpmath.mpf(weight) / 2 * PIECES[right](z)) ** power  # noqa: E731
        reach = 12 * mpmath.sqrt(k)
        density = lambda z: mpmath.exp(-z * z / (2 * k)) / mpmath.sqrt(2 * mpmath.pi * k)  # noqa: E731
        cuts = sorted(
            {-reach, reach, *(mpmath.mpf(x) for x in (-3, -1, -0.5, 0, 1, 3) if abs(x) < reach)}
        )
        return mpmath.quad(lambda z: value(z) * density(z), cuts)

    assert compiled(wide.moment(phi.expression), [K])(length) == pytest.approx(
        float(moment(1, length)), rel=1e-9, abs=1e-10
    )
    assert compiled(wide.second_moment, [K])(length) == pytest.approx(
        float(moment(2, length)), rel=1e-9
    )
    slope = float(mpmath.diff(lambda k: moment(2, k), length, h=1e-3))
    assert compiled(wide.chi_par / SW2, [K])(length) == pytest.approx(slope, rel=1e-3, abs=1e-5)


def test_activations_are_coerced_alike() -> None:
    """Names are as good as activations wherever one is taken."""
    net = nx.DiGraph([("x", 1), (1, 2)])
    for holder in (
        WideLimit("tanh"),
        FiniteWidth("tanh"),
        LatticeAction("tanh"),
        LayerKernels(net, "tanh"),
    ):
        assert holder.activation == activation("tanh")


def test_a_residual_block_holds_both_edges() -> None:
    """z_2 = W phi(z_1) + 2 z_1 + b has 4 K_1 beside its dense part; a DiGraph, which would lose one
    of the two, is refused.
    """
    net = nx.MultiDiGraph()
    net.add_edge("x", 1)
    net.add_edge(1, 2)
    net.add_edge(1, 2, kind="skip", strength=2)
    kernels = LayerKernels(net, activation("relu"))
    own, cross = kernels.covariance((2, "a"), (2, "a")), kernels.covariance((1, "a"), (2, "a"))
    below = kernels.covariance((1, "a"), (1, "a"))
    assert (
        kernels.equations[own].subs(cross, kernels.equations[cross]).coeff(below).subs(SW2, 2) == 5
    )
    with pytest.raises(ValueError, match="MultiDiGraph"):
        LayerKernels(nx.DiGraph(net), activation("relu"))


def test_blank_input() -> None:
    """A signal of length zero has no overlap with any other, and nothing explodes."""
    kernel, tangent = kernel_matrices(
        WideLimit("relu"), np.array([[1.0, 0.0], [0.0, 0.0]]), 2.0, 0.0, 3
    )
    assert kernel.tolist() == [[2.0, 0.0], [0.0, 0.0]]
    assert tangent.tolist() == [[6.0, 0.0], [0.0, 0.0]]


def test_growth_rates_of_a_product_add() -> None:
    """|z exp(z)| stays below its envelope far out."""
    (z,) = gaussian_variables(1)
    form = activation("z*exp(z)").expression
    size, rate = (float(part) for part in envelope(form, z))
    for place in (1.0, 10.0, 40.0):
        assert abs(float(form.subs(z, place))) <= size * np.exp(rate * place)
