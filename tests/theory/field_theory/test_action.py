"""The lattice action against normal densities from SciPy, its normalisation, its gradient, and
Hamiltonian Monte Carlo driven by it.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.simulation.field_theory.hmc import hamiltonian_samples
from neurenorm.numerics.simulation.field_theory.networks import Plan, sample_layers
from neurenorm.theory.field_theory.action import LatticeAction, radial_action
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.symbols import symbols

R = sp.Rational
ONE_INPUT = [[sp.Integer(1), -R(1, 2)], [R(3, 10), R(4, 5)]]


def action_of(name: str) -> LatticeAction:
    return LatticeAction(activation(name), R(8, 5), R(1, 5))


@pytest.mark.parametrize(
    ("name", "expected"), [("linear", 5.0972512434), ("relu", 4.9757630199), ("tanh", 4.8674724161)]
)
def test_one_input(name: str, expected: float) -> None:
    assert float(action_of(name).value(ONE_INPUT, 1)) == pytest.approx(expected, abs=1e-9)


def test_two_inputs_equal_normal_log_densities() -> None:
    inputs, first, second = (
        np.array([[1, 1], [1, -0.5]]),
        np.array([[1, -0.5], [0.2, 0.7]]),
        np.array([[0.3, 0.8], [-0.4, 0.1]]),
    )
    expected, signal = 0.0, inputs
    for layer in (first, second):
        kernel = 0.2 + 1.6 * signal @ signal.T / 2
        expected -= sum(
            stats.multivariate_normal(np.zeros(2), kernel).logpdf(layer[:, i]) for i in range(2)
        )
        signal = np.tanh(layer)
    overlap = (
        sp.Matrix([[1, 1], [1, -R(1, 2)]]) * sp.Matrix([[1, 1], [1, -R(1, 2)]]).T / 2
    ).tolist()
    layers = [sp.Matrix(layer).applyfunc(sp.Rational).tolist() for layer in (first, second)]
    value = float(action_of("tanh").value(layers, overlap))
    assert value == pytest.approx(expected, abs=1e-12)
    assert value == pytest.approx(8.4431355774, abs=1e-9)


def test_density_is_normalised() -> None:
    u, v = sp.symbols("u v", real=True)
    density = compiled(sp.exp(-action_of("tanh").value([[u], [v]], 1)), [u, v])
    grid = np.linspace(-16, 16, 801)
    total = density(grid[:, None], grid[None, :]).sum() * (grid[1] - grid[0]) ** 2
    assert total == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", ["tanh", "gelu", "sin"])
def test_gradient_against_central_difference(name: str) -> None:
    names = [list(sp.symbols(f"z{layer}_:3", real=True)) for layer in range(3)]
    flat = [z for layer in names for z in layer]
    action = action_of(name)
    value = compiled(action.value(names, R(3, 2)), flat)
    gradient = compiled([g for layer in action.gradient(names, R(3, 2)) for g in layer], flat)
    point = np.random.default_rng(3).standard_normal(9)
    steps = 1e-5 * np.eye(9)
    difference = [(value(*(point + step)) - value(*(point - step))) / 2e-5 for step in steps]
    assert np.ravel(gradient(*point)) == pytest.approx(difference, abs=1e-7)


def test_hamiltonian_samples_of_the_action_agree_with_networks() -> None:
    """Six layers of eight tanh neurons: the mean squared activity from exp(-S) and from networks
    drawn layer by layer.
    """
    names = [list(sp.symbols(f"z{layer}_:8", real=True)) for layer in range(6)]
    flat = [z for layer in names for z in layer]
    action = LatticeAction(activation("tanh"), sp.Integer(2), R(1, 10))
    value, slope = (
        compiled(action.value(names, 1), flat),
        compiled([g for layer in action.gradient(names, 1) for g in layer], flat),
    )
    rng = np.random.default_rng(7)
    start = rng.standard_normal((120, 48))
    run = hamiltonian_samples(
        lambda z: value(*z.T),
        lambda z: np.stack(slope(*z.T), axis=-1),
        start,
        rng,
        kept=80,
        warmup=100,
        step_size=0.25,
    )
    networks = sample_layers(Plan((8,) * 7, 2.0, 0.1), np.ones((1, 8)), NAMED["tanh"], 40_000, rng)
    listed = [2.1006, 1.160, 0.9344, 0.852, 0.8171, 0.8016]
    for layer, expected in enumerate(listed):
        sampled = run.mean(lambda z, s=8 * layer: (z[..., s : s + 8] ** 2).mean(-1))
        exact = networks.overlaps[:, layer, 0, 0]
        error = exact.std() / math.sqrt(exact.size)
        assert abs(exact.mean() - expected) < 6 * error + 0.003
        assert abs(sampled.value - exact.mean()) < 6 * math.hypot(float(sampled.error), error)


def test_radial_action_is_the_density_of_the_squared_length() -> None:
    p = sp.Symbol("p", positive=True)
    field = symbols("field-theory")
    action = radial_action(sp.Integer(2), p, sp.Integer(7)).subs({field.sw2: 1, field.sb2: R(1, 2)})
    density = compiled(sp.exp(-action), [p])
    values = np.linspace(0.2, 6, 9)
    assert density(values) == pytest.approx(
        stats.gamma.pdf(values, 3.5, scale=2.5 * 2 / 7), rel=1e-12
    )


@pytest.mark.parametrize(
    ("layers", "overlap", "message"),
    [
        ([], 1, "at least one layer"),
        ([[1, 2], [[1], [2]]], 1, "not a mixture"),
        ([[[1, 2], [3]]], [[1, 0], [0, 1]], "equal length"),
        ([[[1, 2], [3, 4]]], 1, "2 x 2 matrix of overlaps"),
        ([[1, 2]], -1, "not negative"),
        ([[[1], [2]]], [[1, 1], [1, 1]], "singular"),
    ],
)
def test_bad_input(layers: list[object], overlap: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LatticeAction(activation("tanh"), sp.Integer(1), sp.Integer(0)).value(layers, overlap)


def test_gradient_needs_symbols() -> None:
    with pytest.raises(ValueError, match="symbols"):
        action_of("tanh").gradient(ONE_INPUT, 1)
