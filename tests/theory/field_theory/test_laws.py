"""Laws of random networks that hold for every activation, checked on random ones."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
import sympy as sp
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from neurenorm.numerics.solve.field_theory.layer_graph import kernels_at
from neurenorm.theory.dynamic_neurons.stiffness import pitchfork
from neurenorm.theory.field_theory.finite_width import FIELD, FiniteWidth, ScaleInvariant
from neurenorm.theory.field_theory.universality import LAYER, critical_class
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.convolution import Stencil
from neurenorm.theory.wide.layer_graph import LayerKernels
from neurenorm.theory.wide.limit import AA, AB, BB, SW2, K, WideLimit

RATIONAL = st.fractions(-2, 2, max_denominator=6).map(
    lambda q: sp.Rational(q.numerator, q.denominator)
)
Z = sp.Symbol("z", real=True)


@settings(deadline=None, max_examples=20, phases=[Phase.generate])
@given(RATIONAL.filter(bool), RATIONAL, RATIONAL, RATIONAL)
def test_constants_of_the_vanishing_class_are_those_of_the_moments(s1, s2, s3, s4):
    """The first orders in K of σ_w²⟨φ²⟩ = K + a_1 K², χ_∥ = 1 + 2 a_1 K and χ_⊥ = 1 + b_1 K, by
    moments of a Gaussian; the vertex V = c/l obeys V' = (1 + 4 a_1 K) V + 2 K².
    """
    phi = s1 * Z + s2 * Z**2 / 2 + s3 * Z**3 / 6 + s4 * Z**4 / 24
    squares, slopes = (sp.Poly(f**2, Z) for f in (phi, phi.diff(Z)))

    def order(poly: sp.Poly, n: int) -> sp.Expr:
        return poly.coeff_monomial(Z ** (2 * n)) * sp.factorial2(2 * n - 1) / s1**2

    bend, spread = order(squares, 2), order(slopes, 1)
    found = critical_class(activation(phi))
    if bend >= 0:
        assert found is None or (found.name, s2, s3, s4) == ("scale-invariant", 0, 0, 0)
        return
    assert found is not None and found.weight_variance == 1 / s1**2
    kernel = -1 / (bend * LAYER)
    assert sp.cancel(found.kernel - kernel) == 0
    assert sp.cancel(found.chi_par - 1 - 2 * bend * kernel) == 0
    assert sp.cancel(found.chi_perp - 1 - spread * kernel) == 0
    vertex = found.growth * LAYER * kernel**2
    change = vertex.diff(LAYER) - 4 * bend * kernel * vertex - 2 * kernel**2
    assert sp.cancel(change) == 0


@pytest.mark.parametrize("name", ["linear", "relu", "leaky", "tanh", "cos"])
def test_covariances_begin_as_variances_and_fall_by_the_slope(name):
    theory, lag = FiniteWidth(activation(name)), FIELD.lag
    exact = ScaleInvariant.of(activation(name))
    pairs = [
        (theory.kernel_covariance, theory.kernel_variance, theory.wide.chi_par),
        (
            theory.length_covariance,
            theory.kernel_variance + 2 * K**2 / FIELD.N,
            theory.wide.chi_par,
        ),
    ]
    if exact is not None:
        own = exact.kernel_variance, exact.length_variance
        pairs += [(exact.covariance(variance), variance, exact.gain) for variance in own]
    for covariance, variance, slope in pairs:
        for layers in range(4):
            assert sp.expand(covariance.subs(lag, layers) - variance * slope**layers) == 0


def test_shift_of_a_map_that_is_a_square():
    """φ = z²: the mean of K' given K is σ_b² + 3 σ_w² K² at any width, so the mean moves by 3 σ_w²
    V/(1 - χ_∥) with χ_∥ = 6 σ_w² K, V = D/(N (1 - χ_∥²)) and D = σ_w⁴ (105 - 9) K⁴.
    """
    theory, slope = FiniteWidth(activation("z**2")), 6 * SW2 * K
    variance = 96 * SW2**2 * K**4 / (FIELD.N * (1 - slope**2))
    assert sp.cancel(theory.kernel_variance - variance) == 0
    assert sp.cancel(theory.mean_shift - 3 * SW2 * variance / (1 - slope)) == 0


def test_a_convolution_reads_the_lengths_of_the_shifted_positions():
    """Kernels of positions that are not alike, by erf's average typed by hand."""
    stencil = Stencil({(-1,): sp.Rational(1, 2), (0,): sp.Rational(1, 3), (2,): sp.Rational(1, 6)})
    fields = np.random.default_rng(4).standard_normal((8, 5))
    overlaps = fields @ fields.T / 5
    kernel = {((i - 2,), (j - 2,)): overlaps[i, j] for i in range(8) for j in range(8)}
    for x, y in ((0, 0), (0, 1), (3, 0)):
        step = stencil.step(
            WideLimit(activation("erf")), {k: sp.Float(v) for k, v in kernel.items()}, (x,), (y,)
        )
        expected = 0.3
        for (offset,), share in stencil.fractions.items():
            u, v = (x + offset,), (y + offset,)
            scale = math.sqrt((1 + 2 * kernel[u, u]) * (1 + 2 * kernel[v, v]))
            expected += 1.4 * float(share) * 2 / math.pi * math.asin(2 * kernel[u, v] / scale)
        at = {FIELD.sw2: 1.4, FIELD.sb2: 0.3}
        assert float(step.subs(at)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("text", ["tanh", "tanh(2*z)/3", "erf", "sin(z/2)", "3*z/(1+z**2)"])
def test_amplitude_of_the_pitchfork_where_the_critical_weight_is_not_one(text):
    """h²/(w/w_c - 1) just above w_c, by bisection at two distances, extrapolated."""
    found = pitchfork(text)
    phi = sp.lambdify([Z], activation(text).expression, "mpmath")
    critical = sp.Rational(found["critical_weight"]) if text != "erf" else found["critical_weight"]

    def ratio(distance: float) -> float:
        weight = float(critical) * (1 + distance)
        low, high = 1e-3 * math.sqrt(distance), 3 * math.sqrt(distance * float(found["amplitude"]))
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if phi(weight * middle) > middle else (low, middle)
        return low**2 / distance

    near, nearer = ratio(2e-4), ratio(1e-4)
    assert 2 * nearer - near == pytest.approx(float(found["amplitude"]), rel=1e-5)


@pytest.mark.parametrize("text", ["z + z**2/2", "z**3/3 - z", "1 + z/2 + z**2"])
def test_noise_of_two_inputs_is_the_covariance_of_three_products(text):
    """σ_w⁴ Cov of (φ_a², φ_b², φ_a φ_b), by Gauss-Hermite nodes enough for polynomials."""
    place = {AA: 1.3, BB: 0.7, AB: -0.4, SW2: 1.6}
    noise = np.array(
        FiniteWidth(activation(text)).pair_noise.subs(place).evalf().tolist(), dtype=float
    )
    x, weights = np.polynomial.hermite_e.hermegauss(20)
    joint = np.outer(weights, weights) / weights.sum() ** 2
    lower = np.linalg.cholesky([[1.3, -0.4], [-0.4, 0.7]])
    za, zb = np.einsum("ij,jkl->ikl", lower, np.array(np.meshgrid(x, x, indexing="ij")))
    phi = sp.lambdify([Z], activation(text).expression)
    rows = [phi(za) ** 2, phi(zb) ** 2, phi(za) * phi(zb)]
    means = [np.sum(joint * row) for row in rows]
    expected = [
        [np.sum(joint * left * right) - m * n for right, n in zip(rows, means, strict=True)]
        for left, m in zip(rows, means, strict=True)
    ]
    assert noise == pytest.approx(1.6**2 * np.array(expected), rel=1e-10)


@pytest.mark.parametrize("name", ["tanh", "relu", "erf"])
def test_one_matrix_on_the_input_and_on_a_layer_that_holds_it(name):
    """z_1 = B x + x, z_2 = A x, z_3 = A φ(z_1): ⟨z_2 z_3⟩ = σ_b² + σ_w² ⟨x φ(g + x)⟩, by Gauss-Hermite
    nodes for normal x and g = B x.
    """
    net = nx.MultiDiGraph()
    net.add_edge("x", 1, kind="dense", label="B")
    net.add_edge("x", 1, kind="skip", strength=1)
    net.add_edge("x", 2, kind="dense", label="A")
    net.add_edge(1, 3, kind="dense", label="A")
    for layer in (2, 3):
        net.nodes[layer]["bias_label"] = "shared"
    kernels = LayerKernels(net, activation(name))
    wanted = kernels.covariance((2, "a"), (3, "a"))
    size, sw2, sb2 = 0.8, 1.4, 0.3
    overlaps = dict.fromkeys(kernels.inputs, size)
    found = kernels_at(kernels, overlaps, {FIELD.sw2: sw2, FIELD.sb2: sb2})[wanted]
    rng = np.linspace(-9, 9, 1801)
    weight = np.exp(-(rng**2) / 2) / np.exp(-(rng**2) / 2).sum()
    x, g = math.sqrt(size) * rng[:, None], math.sqrt(sb2 + sw2 * size) * rng[None, :]
    phi = sp.lambdify([Z], activation(name).expression, ["scipy", "numpy"])
    expected = sb2 + sw2 * float(weight @ (x * phi(g + x)) @ weight)
    assert found == pytest.approx(expected, rel=1e-6)
