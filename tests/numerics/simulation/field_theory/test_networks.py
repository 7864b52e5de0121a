"""Random networks: both samplers against exact moments and each other; Hamiltonian Monte Carlo
against known laws.
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from numpy.typing import NDArray
from scipy import stats

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.activations import (
    NAMED,
    NumericActivation,
    numeric_activation,
)
from neurenorm.numerics.simulation.field_theory.convolution import convolutional_layers
from neurenorm.numerics.simulation.field_theory.hmc import hamiltonian_samples
from neurenorm.numerics.simulation.field_theory.networks import (
    Plan,
    layers_by_weights,
    layers_in_law,
    sample_layers,
)
from neurenorm.theory.gaussian.activation import activation, activation_names

ALARM = 1e-7


def assert_compatible(estimate: Estimate, exact: float | NDArray[np.float64]) -> None:
    """Student's t test at a false-alarm rate of 1e-7, entry by entry."""
    t = np.abs(np.asarray(estimate.value) - exact) / np.maximum(estimate.error, 1e-300)
    assert np.all(
        (t < stats.t.isf(ALARM / 2, estimate.blocks - 1))
        | (np.abs(np.asarray(estimate.value) - exact) < 1e-12)
    ), (estimate, exact, t)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_hand_written_activations_are_the_symbolic_ones(name: str) -> None:
    phi = activation(name)
    numbers = np.array([-30.0, -3.7, -1.2, -0.3, 0.2, 0.9, 1.6, 4.5, 30.0])
    assert NAMED[name].function(numbers) == pytest.approx(
        compiled(phi.expression, [phi.variable])(numbers), rel=1e-12, abs=1e-15
    )
    slope = phi.derivative().replace(sp.DiracDelta, lambda *_: sp.Integer(0))
    assert NAMED[name].derivative(numbers) == pytest.approx(
        compiled(slope, [phi.variable])(numbers), rel=1e-11, abs=1e-13
    )


def test_every_name_is_written_by_hand() -> None:
    assert set(NAMED) == set(activation_names())
    with pytest.raises(ValueError, match="no activation named"):
        numeric_activation("z**2")


def test_linear_network_has_the_exact_variance_at_every_depth() -> None:
    """N Var q of a linear chain at a = 0.8, N = 20 from a fixed input: (1 + 2/N) a² V + (2/N)
    K².
    """
    rng = np.random.default_rng(11)
    width, a = 20, 0.8
    plan = Plan((width,) * 6, a, 0.2)
    samples = sample_layers(plan, np.ones((1, width)), NAMED["linear"], 40_000, rng)
    variance = 0.0
    for layer in range(1, 6):
        variance = (1 + 2 / width) * a * a * variance + 2 / width
        assert_compatible(samples.covariance((layer, 0, 0), (layer, 0, 0)), variance)
    assert_compatible(
        samples.covariance((5, 0, 0), (3, 0, 0)),
        a**2
        * ((1 + 2 / width) * a * a * ((1 + 2 / width) * a * a * 2 / width + 2 / width) + 2 / width),
    )
    assert_compatible(samples.mean(), np.ones((5, 1, 1)))


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_both_samplers_agree(name: str) -> None:
    inputs = np.array([[1.0, 1.0, 0.0], [1.0, -0.5, 0.3]])
    plan = Plan((3, 24, 12, 24), (1.5, 2.0, 1.8), (0.1, 0.0, 0.3), skips=((1, 3, 0.5),))
    explicit = sample_layers(
        plan, inputs, NAMED[name], 4000, np.random.default_rng(1), in_law=False
    )
    direct = sample_layers(plan, inputs, NAMED[name], 20_000, np.random.default_rng(2))
    for field in ("overlaps", "kernels"):
        assert_compatible(explicit.mean(field) - direct.mean(field), np.zeros((3, 2, 2)))
    for pair in (((3, 0, 0), (3, 0, 0)), ((3, 0, 1), (2, 0, 1)), ((3, 1, 1), (1, 0, 0))):
        assert_compatible(explicit.covariance(*pair) - direct.covariance(*pair), 0.0)


def test_first_layer_kernel_is_the_input_overlap() -> None:
    inputs = np.array([[1.0, 2.0], [0.0, 1.0]])
    samples = sample_layers(
        Plan((2, 30), 1.6, 0.2), inputs, NAMED["tanh"], 10, np.random.default_rng(1)
    )
    assert samples.kernels[:, 0] == pytest.approx(
        np.broadcast_to(0.2 + 1.6 * inputs @ inputs.T / 2, (10, 2, 2))
    )


def test_shared_weights_repeat_a_layer() -> None:
    plan = Plan((5, 5, 5), 1.0, 0.3, shared=(0, 0))
    first, second = layers_by_weights(
        plan, np.zeros((1, 5)), NAMED["linear"], 4, np.random.default_rng(3)
    )
    fresh = Plan((5, 5, 5), 1.0, 0.3)
    other, _ = layers_by_weights(
        fresh, np.zeros((1, 5)), NAMED["linear"], 4, np.random.default_rng(3)
    )
    assert np.array_equal(first, other)
    assert np.corrcoef((second - first).ravel(), first.ravel())[0, 1] ** 2 < 0.9
    again = layers_by_weights(
        Plan((5, 5, 5, 5), 1.0, 0.0, shared=(0, 0, 0)),
        np.eye(5),
        NAMED["linear"],
        1,
        np.random.default_rng(4),
    )
    assert again[1][0] == pytest.approx(again[0][0] @ again[0][0])
    with pytest.raises(ValueError, match="shared weights"):
        layers_in_law(plan, np.zeros((1, 5)), NAMED["linear"], 4, np.random.default_rng(3))


def test_more_inputs_than_neurons_are_drawn_from_a_singular_law() -> None:
    plan = Plan((2, 3, 4), 1.0, 0.0)
    samples = sample_layers(
        plan,
        np.random.default_rng(0).standard_normal((6, 2)),
        NAMED["linear"],
        50,
        np.random.default_rng(1),
    )
    assert np.all(np.isfinite(samples.overlaps))
    assert np.linalg.matrix_rank(samples.overlaps[0, 1], tol=1e-9) <= 2


def test_skip_from_the_input_adds_the_input() -> None:
    plan = Plan((3, 3), 0.0, 0.0, skips=((0, 1, 2.0),))
    for draw in (layers_by_weights, layers_in_law):
        assert draw(plan, [[1.0, 2.0, 3.0]], NAMED["tanh"], 2, np.random.default_rng(1))[0][
            0, 0
        ] == pytest.approx([2.0, 4.0, 6.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": (3,)}, "at least one layer"),
        ({"widths": (3, 0)}, "at least 1 wide"),
        ({"widths": (3, 4), "weight_variance": -1.0}, "not negative"),
        ({"widths": (3, 4), "bias_variance": (0.1, 0.2)}, "need one bias variance"),
        ({"widths": (3, 4), "skips": ((0, 1, 1.0),)}, "same width"),
        ({"widths": (3, 4), "shared": (0, 1)}, "one sharing label"),
        ({"widths": (3, 4, 5), "shared": (0, 0)}, "equal widths"),
        ({"widths": (3, 4), "keep": 0.0}, "keeping a neuron"),
    ],
)
def test_bad_plans(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plan(**{"weight_variance": 1.0, "bias_variance": 0.0, **arguments})  # type: ignore[arg-type]


def test_bad_inputs() -> None:
    plan = Plan((3, 4), 1.0, 0.0)
    with pytest.raises(ValueError, match="shape"):
        layers_in_law(plan, np.ones((1, 2)), NAMED["tanh"], 2, np.random.default_rng(1))
    with pytest.raises(ValueError, match="not finite"):
        layers_in_law(plan, [[1.0, np.nan, 0.0]], NAMED["tanh"], 2, np.random.default_rng(1))
    with pytest.raises(ValueError, match="at least 2"):
        sample_layers(plan, np.ones((1, 3)), NAMED["tanh"], 1, np.random.default_rng(1))


def test_hamiltonian_samples_of_a_correlated_gaussian() -> None:
    precision = np.array([[2.0, -0.8, 0.0], [-0.8, 1.0, 0.3], [0.0, 0.3, 0.7]])
    rng = np.random.default_rng(5)
    run = hamiltonian_samples(
        lambda z: np.einsum("ci,ij,cj->c", z, precision, z) / 2,
        lambda z: z @ precision,
        np.zeros((100, 3)),
        rng,
        kept=300,
    )
    covariance = np.linalg.inv(precision)
    for i in range(3):
        for j in range(3):
            assert_compatible(run.mean(lambda z, i=i, j=j: z[..., i] * z[..., j]), covariance[i, j])
    assert 0.6 < run.acceptance.value < 1


def test_a_wrong_gradient_costs_acceptance_but_not_truth() -> None:
    rng = np.random.default_rng(6)
    run = hamiltonian_samples(
        lambda z: (z**2).sum(-1) / 2, lambda z: 1.3 * z, np.zeros((200, 2)), rng, kept=300
    )
    assert_compatible(run.mean(lambda z: z[..., 0] ** 2), 1.0)


def test_hmc_bad_input() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="chains, dimension"):
        hamiltonian_samples(lambda z: z, lambda z: z, np.zeros(3), rng)
    with pytest.raises(ValueError, match="finite number"):
        hamiltonian_samples(lambda z: np.full(2, np.inf), lambda z: z, np.zeros((2, 3)), rng)


def test_dropout_keeps_the_mean_and_not_the_square_of_a_signal() -> None:
    plan = Plan((1, 50, 400), 1.0, 0.0, keep=0.5)
    for draw in (layers_by_weights, layers_in_law):
        z = draw(plan, [[1.0], [1.0]], NAMED["linear"], 300, np.random.default_rng(4))[1]
        squares, cross = (Estimate.from_blocks((z[:, 0] * z[:, b]).mean(-1)) for b in (0, 1))
        assert_compatible(squares, 2.0)
        assert_compatible(cross, 1.0)
    with pytest.raises(ValueError, match="dropout"):
        sample_layers(plan, [[1.0]], NAMED["linear"], 3, np.random.default_rng(4))


def test_convolution_of_one_position_is_a_network() -> None:
    z = convolutional_layers(
        {0: 1.0}, 200, 2, 1.0, 0.5, np.ones((1, 3)), NAMED["linear"], 300, np.random.default_rng(4)
    )
    assert_compatible(Estimate.from_blocks((z[:, 0] ** 2).mean(-1)), 2.0)
    with pytest.raises(ValueError, match="add up to 1"):
        convolutional_layers(
            {0: 0.5}, 2, 2, 1.0, 0.5, np.ones((1, 3)), NAMED["linear"], 3, np.random.default_rng(4)
        )


def test_custom_activation_is_passed_as_callables() -> None:
    cube = NumericActivation(lambda x: x**3, lambda x: 3 * x**2)
    samples = sample_layers(
        Plan((1, 200, 2), 1.0, 0.0), [[1.0]], cube, 4000, np.random.default_rng(8)
    )
    assert_compatible(Estimate.from_blocks(samples.kernels[:, 1, 0, 0]), 15.0)
