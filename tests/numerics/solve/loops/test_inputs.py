"""Several inputs at finite width, and the posterior on a few of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.solve.loops.inputs import input_cumulants
from neurenorm.numerics.solve.loops.networks import kernel_cumulants
from neurenorm.numerics.solve.loops.posterior import posterior
from neurenorm.theory.gaussian.activation import activation

SHAPES = [
    "tanh(z) + z/3",
    "sin(2*z)",
    "z*exp(-z**2/2)",
    "erf(z) - z/5",
    "cos(z) + z/2",
    "z + z**2/5",
    "softplus(z)",
    "gelu(z)",
    "z/(1+z**2)",
    "atan(z)",
]


def pair(name, variances, kernel, depth, order=2):
    """Cumulants of the last layer."""
    kaa, kbb, kab = kernel
    start = np.array([[kaa, kab], [kab, kbb]])
    return input_cumulants(activation(name), *variances, start, depth, order)[-1]


def test_pairs():
    found = pair("sin", (1.5, 0.1), (0.8, 0.6, 0.3), 3)
    assert found.kernel[0, 1] == pytest.approx(0.35757366, abs=1e-8)
    wanted = {
        (0, 1, 0): [0, -0.0339915609, -0.0052617757],
        (0, 2, 0): [0, 0.4311159646, -0.1769990185],
        (1, 0, 1): [0, 0.0436917360, 0.1089662216],
        (0, 3, 0): [0, 0, -0.0261719448],
    }
    for index, values in wanted.items():
        assert found.cumulants[index] == pytest.approx(values, abs=1e-9)
    found = pair("tanh", (2.5, 0.05), (1, 1, 0.5), 4).cumulants
    assert found[0, 2, 0][1:] == pytest.approx([2.0197056131, -1.304058387], abs=1e-8)
    assert found[1, 1, 0][1] == pytest.approx(0.4744949374, abs=1e-9)
    assert found[1, 0, 1][1:] == pytest.approx([0.1350495262, 0.696098], abs=1e-6)
    assert found[1, 1, 1][2] == pytest.approx(0.9946891594, abs=1e-8)


def test_linear_pairs_are_products_of_wishart_matrices():
    found = pair("linear", (1, 0), (1, 2, 0.5), 3).cumulants
    assert found[1, 0, 1] == pytest.approx([0, 1, 4.5])
    assert found[0, 2, 0] == pytest.approx([0, 4.5, 2.75])
    assert found[0, 3, 0] == pytest.approx([0, 0, 31.25])


@pytest.mark.parametrize("shape", SHAPES)
@settings(deadline=None, max_examples=2)
@given(st.floats(0.5, 2), st.floats(0.01, 0.5), st.floats(0.5, 1.5), st.floats(-0.8, 0.8))
def test_one_of_two_inputs_is_alone(shape, sw2, sb2, kaa, overlap):
    phi = activation(shape)
    start = np.array([[kaa, overlap * np.sqrt(kaa)], [overlap * np.sqrt(kaa), 1.0]])
    try:
        kernels, alone = kernel_cumulants(phi, sw2, sb2, kaa, 3, 2)
    except ValueError:
        return
    found, wider = (
        input_cumulants(phi, sw2, sb2, start, 3, 2, spacing=spacing)[-1] for spacing in (1, 1.5)
    )
    off = abs(found.kernel[0, 0] - wider.kernel[0, 0])
    assert found.kernel[0, 0] == pytest.approx(kernels[-1], rel=1e-8, abs=off)
    for rank in (1, 2, 3):
        for power in (1, 2):
            if (rank, power) in alone:
                value, other = (run.cumulants[rank, 0, 0][power] for run in (found, wider))
                scale = kernels[-1] ** rank + abs(alone[rank, power][-1])
                near = abs(value - other) + 1e-6 * scale
                assert value == pytest.approx(alone[rank, power][-1], abs=near)


def test_the_order_of_the_inputs_does_not_matter():
    phi = activation("tanh")
    start = np.array([[1.0, 0.3, -0.2], [0.3, 0.7, 0.1], [-0.2, 0.1, 1.3]])
    first = input_cumulants(phi, 1.7, 0.1, start, 3, 1)[-1]
    turned = input_cumulants(phi, 1.7, 0.1, start[::-1, ::-1], 3, 1)[-1]
    assert np.allclose(first.kernel, turned.kernel[::-1, ::-1], atol=1e-9)
    y = np.array([[0.4], [-1.0]])
    reference = posterior(first, y, 0.1)
    swapped = start[np.ix_([1, 0, 2], [1, 0, 2])]
    other = posterior(input_cumulants(phi, 1.7, 0.1, swapped, 3, 1)[-1], y[::-1], 0.1)
    assert np.allclose(reference.mean, other.mean, atol=1e-9)
    assert np.allclose(reference.log_evidence, other.log_evidence, atol=1e-9)


def test_posterior():
    start = np.array([[1, 0.6], [0.6, 1.2]])
    layers = input_cumulants(activation("tanh"), 1.8, 0.1, start, 3, 1)
    one = posterior(layers[1], np.array([[1.3]]), 0.05)
    assert one.mean[0] == pytest.approx([0.7289645388, -0.0214387966], abs=1e-9)
    assert one.variance[0] == pytest.approx([0.5992840960, 0.3580097180], abs=1e-9)
    assert one.kernel_shift[0, 0] == pytest.approx(0.17746815, abs=1e-8)
    two = posterior(layers[2], np.array([[1.3]]), 0.05)
    assert two.mean[0] == pytest.approx([0.75405688, -0.00433986], abs=1e-8)
    assert two.variance[0] == pytest.approx([0.49802789, 0.52066459], abs=1e-8)
    assert two.log_evidence == pytest.approx([-1.86980841, -0.40063985], abs=1e-8)
    assert two.kernel_shift[0, 0] == pytest.approx(0.17277191, abs=1e-8)


def test_three_training_points():
    x = np.array([[1, 0.2], [-0.5, 1], [0.3, -1.2], [0.8, 0.6]])
    layer = input_cumulants(activation("tanh"), 1.8, 0.1, 0.2 + 0.75 * x @ x.T, 2, 1)[-1]
    found = posterior(layer, np.array([[1, 0.3], [-0.6, 0.9], [0.4, -0.8]]), 0.05)
    wanted = [[0.69255234, -0.12607066], [0.57381594, 0.01305240]]
    assert found.mean == pytest.approx(np.array(wanted), abs=1e-7)
    wanted = [[0.07238458, 0.00749084], [0.07238458, -0.03582896]]
    assert found.variance == pytest.approx(np.array(wanted), abs=1e-7)


@pytest.mark.parametrize(
    ("name", "kernel", "words"),
    [
        ("relu", (1, 1, 0.5), "kink"),
        ("tanh", (1, 1, 1), "equal inputs is singular"),
        ("tanh", (1, 1, 1.5), "positive definite"),
    ],
)
def test_refusals(name, kernel, words):
    with pytest.raises(ValueError, match=words):
        pair(name, (1, 0), kernel, 2)


def test_noise_is_needed_where_inputs_are_dependent():
    start = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.2], [0.2, 0.2, 1.0]])
    layer = input_cumulants(activation("linear"), 1.0, 0.0, start, 2, 1)[-1]
    layer.kernel[:2, :2] = 1.0
    with pytest.raises(ValueError, match="noise 0 needs an invertible kernel"):
        posterior(layer, np.array([[1.0], [2.0]]), 0.0)
