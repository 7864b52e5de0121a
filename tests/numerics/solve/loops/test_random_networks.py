"""Kernels of networks with activations nobody chose, against their law at one width."""

from __future__ import annotations

import pytest
from sympy import lambdify

from neurenorm.numerics.simulation.loops.exact_width import exact_moments
from neurenorm.numerics.solve.loops.networks import kernel_cumulants
from neurenorm.theory.gaussian.activation import activation

BOUNDED = [
    "sin(2*z + 1/3)",
    "z*exp(-z**2/3)",
    "tanh(z)**3",
    "cos(z)*tanh(2*z)",
    "exp(-z**2)",
    "erf(z - 1/2)",
    "2*z/(1 + z**2)",
    "sin(z)/2 + cos(3*z)/3",
    "tanh(z**2 - 1)",
    "atan(z)/2",
]
WIDTH = 60


@pytest.mark.parametrize("text", BOUNDED)
def test_the_sum_of_three_orders(text):
    phi = activation(text)
    sw2, sb2, start = 1.7, 0.2, 0.9
    function = lambdify(phi.variable, phi.expression, ["scipy", "numpy"])
    kernels, found = kernel_cumulants(phi, sw2, sb2, start, 3, 3)
    moments = exact_moments(function, sw2, sb2, start, 3, WIDTH, 2, points=26, modes=160)
    mean = kernels[-1] + sum(found[1, j][-1] / WIDTH**j for j in (1, 2, 3))
    variance = sum(found[2, j][-1] / WIDTH**j for j in (1, 2, 3))
    assert sb2 + sw2 / 2 + moments[1] == pytest.approx(mean, abs=2e-6)
    assert moments[2] - moments[1] ** 2 == pytest.approx(variance, abs=2e-6)
    assert abs(found[2, 1][-1] / WIDTH) > 1e-4


def test_small_kernels_take_the_power_series():
    kernels, found = kernel_cumulants("tanh", 1.0, 0.0, 1.0, 1500, 2)
    k, layers = kernels[-1], 1500
    ratios = [
        found[1, 1][-1] / (k * layers),
        found[1, 2][-1] / (k * layers**2),
        found[2, 1][-1] / (k**2 * layers),
        found[2, 2][-1] / (k**2 * layers**2),
        found[3, 2][-1] / (k**3 * layers**2),
    ]
    assert ratios == pytest.approx([-1 / 3, 1 / 15, 2 / 3, -14 / 45, 16 / 15], rel=2e-2)


def test_the_half_stable_point():
    variances = (1.9830582574, 0.1729223908)
    kernels, found = kernel_cumulants("gelu", *variances, 3.5615528128, 10, 2)
    noise = found[2, 1][1]
    assert noise / kernels[0] ** 2 == pytest.approx(4.90422622, rel=1e-7)
    assert found[2, 1][-1] == pytest.approx(9 * noise, rel=1e-6)
    assert found[1, 1][-1] == pytest.approx(-0.3216518867, abs=1e-6)
    assert found[2, 2][-1] == pytest.approx(9785.0418, rel=1e-6)


def test_widths_that_differ():
    one, two = (kernel_cumulants("tanh", 2.0, 0.1, 1.0, 4, 2, widths=[w] * 3)[1] for w in (10, 20))
    mixed = kernel_cumulants("tanh", 2.0, 0.1, 1.0, 4, 2, widths=[10, 20, 10])[1]
    assert one[2, 1][-1] == pytest.approx(2 * two[2, 1][-1])
    assert two[2, 1][-1] < mixed[2, 1][-1] < one[2, 1][-1]
