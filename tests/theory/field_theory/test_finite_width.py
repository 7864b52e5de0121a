"""Finite width: recursions and closed moments against direct simulation of the radial chains and of
networks.
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy import special, stats

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.simulation.field_theory.networks import Plan, sample_layers
from neurenorm.numerics.simulation.field_theory.tangent import tangent_kernels_in_law
from neurenorm.theory.field_theory.action import factorial_divergence
from neurenorm.theory.field_theory.finite_width import (
    FIELD,
    FiniteWidth,
    ScaleInvariant,
    kesten_equation,
    tangent_variance,
)
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import SB2, SW2, K

R = sp.Rational
LINEAR, RELU = (
    ScaleInvariant(sp.Integer(1), sp.Integer(1)),
    ScaleInvariant(sp.Integer(1), sp.Integer(0)),
)


def test_exact_variances() -> None:
    at = {K: 1, FIELD.N: 100}
    assert float(LINEAR.length_variance.subs({**at, SW2: R(4, 5)})) == pytest.approx(
        2 / 34.72, abs=1e-12
    )
    assert float(RELU.kernel_variance.subs({**at, SW2: R(8, 5)})) == pytest.approx(
        0.09756098, abs=1e-8
    )
    assert float(RELU.length_variance.subs({**at, SW2: R(8, 5)})) == pytest.approx(
        0.11951220, abs=1e-8
    )
    assert float(ScaleInvariant(sp.Integer(1), R(1, 10)).excess) == pytest.approx(
        4.882364, abs=1e-6
    )


def test_finite_depth_from_a_fixed_input() -> None:
    step = LINEAR.moments
    at = {SW2: R(4, 5), SB2: R(1, 5), FIELD.N: 100}
    kernel, variance, seen = sp.Integer(1), sp.Integer(0), []
    for _ in range(5):
        seen.append(float((1 + R(2, 100)) * (variance + kernel**2) - kernel**2))
        kernel, variance = (
            e.subs(at).subs({K: kernel, FIELD.V: variance}, simultaneous=True) for e in step.step
        )
    assert seen == pytest.approx(
        [0.02, 0.033056, 0.0415789568, 0.0471427430, 0.0507747826], abs=1e-9
    )


def test_stationary_variance_is_the_fixed_point_of_the_moments() -> None:
    for exact in (LINEAR, RELU, ScaleInvariant(sp.Integer(2), -R(1, 3))):
        step = exact.moments.step[1].subs(SB2, K * (1 - exact.gain))
        assert sp.cancel(step.subs(FIELD.V, exact.kernel_variance) - exact.kernel_variance) == 0


def test_leading_order_of_the_exact_variance_is_the_general_theory() -> None:
    for name in ("linear", "relu", "leaky", "abs"):
        exact, general = ScaleInvariant.of(activation(name)), FiniteWidth(activation(name))
        assert exact is not None
        leading = sp.limit(FIELD.N * exact.kernel_variance, FIELD.N, sp.oo)
        assert sp.cancel(leading - FIELD.N * general.kernel_variance) == 0
    assert ScaleInvariant.of(activation("tanh")) is None


def test_third_cumulant_of_relu() -> None:
    """a³K³(44 + 150 a²/(1 - a²))/(N²(1 - a³)), and the linear chain by simulation of q' = (sb2 + a
    q) chi²/N.
    """
    a = sp.Symbol("a")
    listed = a**3 * K**3 * (44 + 150 * a**2 / (1 - a**2)) / (FIELD.N**2 * (1 - a**3))
    assert sp.cancel(RELU.third_cumulant.subs(SW2, 2 * a) - listed) == 0
    rng, width, gain = np.random.default_rng(5), 400, 0.6
    kernel = np.ones(400_000)
    for _ in range(30):
        kernel = 1 - gain + gain * kernel * rng.chisquare(width, kernel.size) / width
    deviations = kernel - 1
    sampled = Estimate.from_blocks((deviations**3).reshape(400, -1).mean(1))
    exact = float(LINEAR.third_cumulant.subs({SW2: R(3, 5), K: 1, FIELD.N: width}))
    assert abs(sampled.value - exact) < 6 * sampled.error + 0.05 * exact


def test_divergence_from_independent_layers_tends_to_its_limit() -> None:
    """0.8888889 nats for the linear network at a = 0.8, 0.887 at width 400."""
    limit = sp.limit(LINEAR.divergence.subs(SW2, R(4, 5)), FIELD.N, sp.oo)
    assert limit == factorial_divergence(sp.Integer(2), R(4, 5))["total"]
    assert float(LINEAR.divergence.subs({SW2: R(4, 5), FIELD.N: 400})) == pytest.approx(
        0.887, abs=1e-3
    )


def test_transfer_spectrum_of_the_linear_chain() -> None:
    """The kernel of q' = (sb2 + a q) X on a logarithmic grid, N = 16, a = 0.5."""
    width, a = 16, 0.5
    u = np.linspace(np.log(0.01), np.log(60), 300)
    q = np.exp(u)
    mean = 1 - a + a * q
    x = q[None, :] * width / mean[:, None]
    density = np.exp(
        (width / 2) * np.log(x) - x / 2 - (width / 2) * np.log(2) - special.gammaln(width / 2)
    )
    spectrum = np.sort(np.abs(np.linalg.eigvals(density * (u[1] - u[0]))))[::-1][:5]
    exact = [float(LINEAR.length_eigenvalue(k).subs({SW2: R(1, 2), FIELD.N: 16})) for k in range(5)]
    assert exact == pytest.approx([1, 0.5, 0.28125, 0.17578125, 0.1208496], abs=1e-7)
    assert spectrum == pytest.approx(exact, abs=1e-6)
    with pytest.raises(ValueError, match="linear network"):
        RELU.length_eigenvalue(2)


@pytest.mark.parametrize(
    ("width", "gain", "kappa"),
    [(16, R(4, 5), 5.21916), (16, R(9, 10), 2.84423), (100, R(19, 20), 6.32492)],
)
def test_kesten_exponent(width: int, gain: sp.Rational, kappa: float) -> None:
    exponent = sp.Symbol("kappa", positive=True)
    equation = kesten_equation(exponent).subs({FIELD.a: gain, FIELD.N: width})
    assert float(sp.nsolve(equation, exponent, kappa)) == pytest.approx(kappa, abs=1e-5)


def test_near_critical_lengths_follow_the_inverse_gamma_law() -> None:
    """The chain q' = (sb2 + a q) chi²/N at N = 100, a = 0.98: its kernel against the scaling law
    (Kolmogorov-Smirnov distance).
    """
    shape, scale = (
        float(e.subs({SW2: R(98, 100), SB2: R(2, 100), FIELD.N: 100})) for e in LINEAR.scaling_law
    )
    assert (shape, scale) == (pytest.approx(3.0), pytest.approx(2.0))
    rng = np.random.default_rng(6)
    kernel = np.ones(40_000)
    for _ in range(300):
        kernel = 0.02 + 0.98 * kernel * rng.chisquare(100, kernel.size) / 100
    assert stats.kstest(kernel, stats.invgamma(shape, scale=scale).cdf).statistic < 0.02
    assert stats.kstest(kernel, stats.invgamma(shape + 1, scale=scale).cdf).statistic > 0.1


def test_tangent_variance() -> None:
    """Two layers by hand: Θ = K² + |δ¹|²K¹ with covariances v/N, v/N and (v - 2)/(3N); at n = 64, L
    = 10 beside the formula to first order in 1/N per pair.
    """
    n = FIELD.N
    for excess in (2, 5):
        assert (
            sp.expand(
                tangent_variance(sp.Integer(excess), n, 2)
                - (2 * excess / n + 2 * sp.Rational(excess - 2, 3) / n) / 4
            )
            == 0
        )
        assert tangent_variance(sp.Integer(excess), n, 1) == 0
    assert float(tangent_variance(sp.Integer(2), sp.Integer(64), 10)) == pytest.approx(
        0.1948, rel=0.03
    )
    assert float(tangent_variance(sp.Integer(5), sp.Integer(64), 10)) == pytest.approx(
        0.6318, rel=0.03
    )
    for excess, leading in ((2, R(4, 3)), (5, R(11, 3))):
        slope = 10**12 * tangent_variance(sp.Integer(excess), sp.Integer(10) ** 12, 40) / 40
        assert float(slope) == pytest.approx(float(leading), rel=0.04)
    with pytest.raises(ValueError, match="linear"):
        tangent_variance(sp.Integer(3), n, 2)


@pytest.mark.parametrize(("name", "sw2", "excess"), [("linear", 1.0, 2), ("relu", 2.0, 5)])
def test_tangent_variance_is_exact_where_layers_are_few_neurons_wide(
    name: str, sw2: float, excess: int
) -> None:
    """Width 4, five layers: the terms that a product of independent layers leaves out are four
    standard errors and more here.
    """
    values = tangent_kernels_in_law(
        (4,) * 5 + (1,), sw2, 0.0, np.ones(4), NAMED[name], 200_000, np.random.default_rng(3)
    ) / (5 * sw2)
    sampled = Estimate.from_blocks((values**2 - 1).reshape(200, -1).mean(1))
    exact = float(tangent_variance(sp.Integer(excess), sp.Integer(4), 5))
    assert abs(sampled.value - exact) < 5.5 * sampled.error
    mixing = (excess - 2) / 3
    pairs = [(min(i, j), max(i, j)) for i in range(5) for j in range(5)]
    independent = (
        sum(
            (1 + excess / 4) ** (low + 4 - high) * (1 + mixing / 4) ** (high - low) - 1
            for low, high in pairs
        )
        / 25
    )
    assert abs(sampled.value - independent) > 4 * sampled.error or name == "relu"


def test_mean_shift_and_variance_of_tanh_against_networks() -> None:
    """N (mean K - K*) and N Var q at two widths: the 1/N term itself is measured, not hidden under
    a tolerance.
    """
    theory = FiniteWidth(activation("tanh"))
    at = {SW2: 2, SB2: R(1, 10), K: sp.Float("0.81464401006600071304", 20)}
    shift = float(compiled((FIELD.N * theory.mean_shift).subs(at), [FIELD.N])(1.0))
    variance = float(
        compiled((FIELD.N * theory.length_covariance).subs(at), [FIELD.N, FIELD.lag])(1.0, 0.0)
    )
    assert shift == pytest.approx(
        -0.00144 * 128, rel=0.01
    ) and variance / 0.81464401**2 == pytest.approx(2.660, abs=1e-3)
    width = 64
    samples = sample_layers(
        Plan((width,) * 11, 2.0, 0.1),
        np.full((1, width), 0.63),
        NAMED["tanh"],
        12_000,
        np.random.default_rng(2),
    )
    kernel = Estimate.from_blocks(samples.kernels[:, 8:, 0, 0].mean(1) - 0.814644010066)
    assert abs(kernel.value * width - shift) < 6 * kernel.error * width + 0.1 * abs(shift)
    spread = samples.covariance((10, 0, 0), (10, 0, 0))
    assert abs(spread.value * width - variance) < 6 * spread.error * width + 0.05 * variance
