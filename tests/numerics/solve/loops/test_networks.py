"""Cumulants of the kernel beyond leading order."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import symbols

from neurenorm.numerics.simulation.loops.networks import drawn_kernels
from neurenorm.numerics.solve.loops.networks import kernel_cumulants
from neurenorm.theory.loops.networks import KernelCumulants


def last(*arguments, order=2):
    """Cumulants of the last layer."""
    kernels, found = kernel_cumulants(*arguments, order=order)
    return float(kernels[-1]), {entry: float(column[-1]) for entry, column in found.items()}


def test_the_second_order_step():
    f1, f2, f3, f4 = symbols("F_1:5", real=True)
    c0, c1, c2, c3 = symbols("c_2_0 c_2_1 c_2_2 c_3_0", real=True)
    m1, m2, v1, v2, k3 = KernelCumulants(2).state
    found = dict(zip(KernelCumulants(2).state, KernelCumulants(2).recursion.step, strict=True))
    assert found[m1] - (f1 * m1 + f2 * v1 / 2) == 0
    mean = f1 * m2 + f2 * m1**2 / 2 + f2 * v2 / 2 + f3 * m1 * v1 / 2 + f3 * k3 / 6 + f4 * v1**2 / 8
    assert (found[m2] - mean).expand() == 0
    variance = f1**2 * v2 + 2 * f1 * f2 * m1 * v1 + f1 * f2 * k3
    variance += (f2**2 / 2 + f1 * f3) * v1**2 + c1 * m1 + c2 * v1 / 2
    assert (found[v2] - variance).expand() == 0
    third = f1**3 * k3 + 3 * f1**2 * f2 * v1**2 + 3 * f1 * c1 * v1 + c3
    assert (found[k3] - third).expand() == 0
    assert (found[v1] - (f1**2 * v1 + c0)).expand() == 0


def test_tanh():
    kernel, found = last("tanh", 2.0, 0.1, 1.0, 5, order=3)
    assert kernel == pytest.approx(0.8204913309, abs=1e-9)
    expected = {
        (1, 1): -0.1580435225,
        (1, 2): -0.0739245791,
        (1, 3): 0.0077880103,
        (2, 1): 0.4387686721,
        (2, 2): -0.0362581999,
        (2, 3): -0.0474616170,
        (3, 2): 0.1881781139,
        (3, 3): 0.0955520950,
        (4, 3): -0.2538238303,
    }
    assert found == pytest.approx(expected, abs=2e-9)


def test_sine_and_cosine():
    kernel, found = last("sin", 1.5, 0.1, 0.8, 4, order=3)
    assert kernel == pytest.approx(0.6514536805, abs=1e-9)
    assert [
        found[e] for e in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3))
    ] == pytest.approx(
        [
            -0.1507001037,
            -0.0296513515,
            0.2879154636,
            -0.0283811073,
            0.0936214905,
            0.1195524546,
            -0.1362147898,
        ],
        abs=2e-9,
    )
    _, found = last("cos", 3.0, 0.1, 1.0, 5)
    assert list(found.values()) == pytest.approx(
        [0.1112958572, 0.1141682396, 1.1355793834, 0.0633394010, -0.0860782412], abs=2e-9
    )


def test_piecewise_linear():
    _, found = last("linear", 1.0, 0.0, 1.0, 6, order=3)
    assert [found[e] for e in ((2, 1), (2, 2), (2, 3), (3, 2), (3, 3), (4, 3))] == pytest.approx(
        [10, 40, 80, 280, 2880, 13680]
    )
    _, found = last("relu", 2.0, 0.0, 1.0, 6, order=3)
    assert [found[e] for e in ((2, 1), (2, 2), (2, 3), (3, 2), (3, 3), (4, 3))] == pytest.approx(
        [25, 250, 1250, 1720, 43200, 205590]
    )
    _, found = last("leaky", 1.5, 0.2, 1.0, 6, order=3)
    assert [found[e] for e in ((2, 1), (2, 2), (2, 3), (3, 2), (3, 3))] == pytest.approx(
        [5.0650771353, 27.1209834585, 96.9654915802, 115.8420278154, 1767.3942382346]
    )


def test_order_is_refused():
    with pytest.raises(ValueError, match=r"order 4: the highest is 3 \(one input\)"):
        KernelCumulants(4)


@pytest.mark.parametrize("seed", [0, 1])
def test_drawn_networks(seed):
    width, networks = 24, 100_000
    drawn = drawn_kernels(np.tanh, 2.0, 0.1, 1.0, 3, width, networks, np.random.default_rng(seed))
    kernel, found = last("tanh", 2.0, 0.1, 1.0, 3, order=3)
    mean = kernel + sum(found[1, j] / width**j for j in (1, 2, 3))
    variance = sum(found[2, j] / width**j for j in (1, 2, 3))
    error = np.sqrt(variance / networks)
    assert abs(drawn.mean() - mean) < 5 * error
    assert abs(drawn.mean() - kernel) > 5 * error
    spread = variance * np.sqrt(2.5 / networks)
    assert abs(drawn.var() - variance) < 5 * spread


def test_the_sum_against_the_exact_cumulants_at_width_16():
    kernel, found = last("tanh", 2.0, 0.1, 1.0, 5, order=3)
    mean = kernel + sum(found[1, j] / 16**j for j in (1, 2, 3))
    assert mean == pytest.approx(0.8103284033, abs=3e-6)
    variance = sum(found[2, j] / 16**j for j in (1, 2, 3))
    assert variance == pytest.approx(0.0272679594, abs=3e-6)
