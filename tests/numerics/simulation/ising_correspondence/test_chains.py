"""Packed sampling and brute-force laws on the chain, and everything trained on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.observables.couplings import couplings_of_law, walsh_couplings
from neurenorm.numerics.simulation.ising_correspondence.chains import (
    PackedChains,
    bernoulli_words,
    chain_law,
    empirical_law,
    law_mean,
    layer_law,
    sample_packed_chains,
    spin_table,
    stochastic_tanh,
)
from neurenorm.numerics.simulation.ising_correspondence.controls import (
    autoencoder_loss,
    chain_covariance,
    dense_layer_correlations,
    train_temperature_labels,
)
from neurenorm.numerics.simulation.ising_correspondence.deep_network import train_deep_network
from neurenorm.numerics.simulation.ising_correspondence.machines import (
    Machine,
    bond_machine_weights,
    half_width_weights,
    train_machine,
    train_machine_stack,
    training_curve,
)
from neurenorm.numerics.simulation.ising_correspondence.tanh_layers import (
    fit_tanh,
    masked_layer,
    prediction_problem,
    train_causal_layer,
    train_causal_stack,
)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- packed sampling ---


@settings(deadline=None, max_examples=10)
@given(p=st.floats(0, 1, allow_subnormal=False))
def test_packed_bits_have_the_asked_probability(p: float) -> None:
    words = bernoulli_words(p, 4000, rng())
    assert abs(np.bitwise_count(words).sum() / 256000 - p) <= 6 * np.sqrt(p * (1 - p) / 256000)


@settings(deadline=None, max_examples=10)
@given(b=st.sampled_from([1, 3, 5, 7, 9]), seed=st.integers(0, 99))
def test_a_packed_majority_is_the_sign_of_the_sum(b: int, seed: int) -> None:
    chains = sample_packed_chains(0.2, 19, 64, rng(seed))
    blocks = 19 // b
    sums = chains.unpacked()[:, : blocks * b].reshape(64, blocks, b).sum(axis=2)
    assert np.array_equal(chains.majority(b).unpacked(), np.sign(sums))


def test_packed_decimation_is_slicing() -> None:
    chains = sample_packed_chains(0.5, 11, 128, rng())
    assert np.array_equal(chains.decimated(3).unpacked(), chains.unpacked()[:, [2, 5, 8]])
    assert np.array_equal(chains.decimated(3, site=1).unpacked(), chains.unpacked()[:, [0, 3, 6]])


@pytest.mark.parametrize("K", [-0.7, 0.0, 1.2])
def test_packed_chains_have_the_law_of_the_chain(K: float) -> None:
    spins = sample_packed_chains(K, 4, 64000, rng()).unpacked()
    counts = np.bincount((spins < 0) @ (8, 4, 2, 1), minlength=16)
    law = chain_law(K, 4).ravel()
    assert (
        (counts - 64000 * law) ** 2 / (64000 * law)
    ).sum() < 60  # chi squared, 15 degrees of freedom


def test_packed_correlations_are_those_of_the_unpacked_spins() -> None:
    chains = sample_packed_chains(0.8, 10, 640, rng())
    spins = chains.unpacked().astype(float)
    for r in (1, 4):
        assert chains.correlation(r).value == pytest.approx(
            (spins[:, :-r] * spins[:, r:]).mean(), abs=1e-12
        )


def test_noise_flips_with_its_probability() -> None:
    flipped = PackedChains(bernoulli_words(0.05, 6000, rng()).reshape(3, 2000))
    assert flipped.unpacked().mean() == pytest.approx(0.9, abs=0.006)


# --- laws ---


def test_softened_decimation() -> None:  # ising-check-18
    law, tie = chain_law(1.0, 8, "ring"), 2.0
    conditional = np.stack(
        [(1 + np.tanh(tie * spin_table(2)[:, 0])) / 2, (1 - np.tanh(tie * spin_table(2)[:, 0])) / 2]
    )
    assert conditional.sum(axis=0) == pytest.approx(np.ones(4), abs=1e-15)  # Tr_h e^T = 1
    hidden = layer_law(law, 2, stochastic_tanh([tie, 0.0]))
    assert hidden.sum() == pytest.approx(1, abs=1e-12)  # F_h = F_v
    found = walsh_couplings(hidden)
    assert found[0, 1] == pytest.approx(0.5651303696, abs=1e-9)
    assert law_mean(hidden, (0, 1)) == pytest.approx(0.6471499511, abs=1e-9)


def test_random_tanh_units_decay_with_the_renormalized_bond() -> None:  # ising-check-8
    source = rng()
    for _ in range(20):
        b = int(source.integers(2, 6))
        law = layer_law(chain_law(0.8, 3 * b), b, stochastic_tanh(source.uniform(-1, 2, b)))
        assert law_mean(law, (0, 2)) / law_mean(law, (0, 1)) == pytest.approx(
            np.tanh(0.8) ** b, abs=1e-9
        )


# --- supervised training ---


@pytest.mark.parametrize(
    ("K", "r", "weight", "loss"),
    [
        (1.0, 1, 1.0, 0.3653338551),
        (1.0, 2, 0.6625013737, 0.5139396724),
        (1.0, 4, 0.3500611389, 0.6354356297),
        (0.5, 2, 0.21689042, 0.6701683394),
        (2.0, 8, 0.96378455, 0.3806821151),
    ],
)
def test_the_optimal_layer_decimates(
    K: float, r: int, weight: float, loss: float
) -> None:  # ising-check-10
    inputs, probability, target = prediction_problem(K, 8, r)
    fit = fit_tanh(inputs, target, probability, ridge=0.0)
    assert fit.weights[-1] == pytest.approx(weight, abs=1e-6)
    assert np.abs(fit.weights[:-1]).max() < 1e-6
    assert fit.loss == pytest.approx(loss, abs=1e-6)


def test_standard_error_of_the_trained_weight() -> None:  # ising-check-11
    source, weights = rng(), []
    for _ in range(200):
        spins = sample_packed_chains(1.0, 10, 20000, source).unpacked()[:20000]
        counts = np.bincount(
            (spins[:, [*range(8), 9]] < 0) @ (1 << np.arange(8, -1, -1)), minlength=512
        )
        seen, cells = counts > 0, spin_table(9)
        weights.append(fit_tanh(cells[seen, :8], cells[seen, 8], counts[seen] / 20000).weights[-1])
    assert np.std(weights, ddof=1) == pytest.approx(0.013395, rel=0.15)


def test_a_masked_layer_learns_the_coupling_matrix() -> None:  # ising-check-12
    law = chain_law(1.0, 12, "ring").reshape((2, 2) * 6).sum(axis=tuple(range(1, 12, 2)))
    matrix = masked_layer(spin_table(6), law.ravel(), ridge=0.0)
    ring = np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0)
    assert matrix == pytest.approx(0.66250137 * ring, abs=1e-6)


def test_a_causal_stack_on_samples() -> None:  # ising-check-13
    spins = sample_packed_chains(2.0, 64, 20000, rng(0)).unpacked()[:20000]
    layers = train_causal_stack(spins, b=2, depth=4)
    found = [np.arctanh((layer.outputs[:, 1:] * layer.outputs[:, :-1]).mean()) for layer in layers]
    assert found == pytest.approx([1.6536, 1.3077, 0.9638, 0.6277], abs=0.03)
    assert all(layer.agreement >= 0.999 for layer in layers)
    assert [layer.last.mean() for layer in layers] == pytest.approx(found, rel=0.04)


def test_a_deep_network_lists_the_couplings() -> None:
    fit = train_deep_network(1.0, (1, 2, 4), rng(), N=5, hidden=(16, 16), steps=500)
    assert np.tanh(fit.couplings) == pytest.approx(np.tanh(1.0) ** np.array([1, 2, 4]), abs=0.03)
    assert np.abs(np.tanh(fit.untrained) - np.tanh(fit.couplings)).max() > 0.2


# --- machines ---


@pytest.mark.parametrize(("K", "w"), [(0.5, 0.8287272271), (1.0, 1.3442682487)])
def test_the_bond_machine_is_exact(K: float, w: float) -> None:  # ising-check-14
    assert np.arccosh(np.exp(2 * K)) / 2 == pytest.approx(w, abs=1e-9) and np.tanh(
        w
    ) ** 2 == pytest.approx(np.tanh(K))
    machine, law = Machine(bond_machine_weights(w, 6)), chain_law(K, 6, "ring").ravel()
    assert machine.trace_spread(law) < 1e-9
    assert Machine(bond_machine_weights(1.01 * w, 6)).trace_spread(law) > 0.01
    assert machine.divergence(law) == pytest.approx(0, abs=1e-12)
    assert machine.hidden_correlations()[0, 1] == pytest.approx(
        law_mean(law.reshape((2,) * 6), (0, 1)), abs=1e-10
    )


@pytest.mark.parametrize(
    ("K", "c", "correlation"), [(0.5, 6.7554, 0.2228277944), (1.0, 89.256, 0.6963474746)]
)
def test_the_half_width_machine(K: float, c: float, correlation: float) -> None:  # ising-check-15
    machine = Machine(half_width_weights(K, 8, 6.0))
    assert machine.divergence(chain_law(K, 8, "ring")) * np.exp(24) == pytest.approx(c, rel=0.01)
    assert machine.hidden_correlations()[0, 1] == pytest.approx(correlation, abs=1e-9)


@pytest.mark.parametrize(
    ("K", "near", "far"), [(1.0, 0.69634747, 0.60444539), (0.5, 0.22282779, 0.09101984)]
)
def test_a_trained_machine_decimates(K: float, near: float, far: float) -> None:  # ising-check-16
    found = train_machine(chain_law(K, 8, "ring"), 4, rng(), starts=60, accept=1e-12)
    assert found.divergence < 1e-8 and found.accepted
    matrix = np.abs(found.machine.hidden_correlations())
    assert np.sort(matrix[np.triu_indices(4, 1)])[::-1] == pytest.approx(
        [near] * 4 + [far] * 2, abs=1e-5
    )
    copied = found.machine.copied_sites()
    assert copied in ([0, 2, 4, 6], [1, 3, 5, 7])
    for j, site in enumerate(copied):
        beside = found.machine.weights[[(site - 1) % 8, (site + 1) % 8], j]
        assert np.abs(beside) == pytest.approx([K, K], abs=2e-3)


@pytest.mark.parametrize(("hidden", "least"), [(1, 0.6944209), (2, 0.2721070), (3, 0.0819583)])
def test_too_few_hidden_units_leave_a_divergence(
    hidden: int, least: float
) -> None:  # ising-check-17
    found = train_machine(chain_law(1.0, 8, "ring"), hidden, rng(), starts=6)
    assert found.divergence == pytest.approx(least, abs=1e-5) and not found.accepted


def test_a_machine_trained_on_samples_decimates_nearly() -> None:
    law, source = chain_law(1.0, 8, "ring").ravel(), rng(2)
    samples = spin_table(8)[source.choice(256, size=20000, p=law)]
    found = train_machine(empirical_law(samples), 4, source, starts=4)
    copied = found.machine.copied_sites()
    beside = [
        abs(found.machine.weights[(s + k) % 8, j]) for j, s in enumerate(copied) for k in (1, -1)
    ]
    assert found.machine.divergence(law) < 4e-3
    assert beside == pytest.approx([1.0] * 8, abs=0.12)


def test_a_stack_of_machines_flows() -> None:
    layers = train_machine_stack(chain_law(1.0, 8, "ring"), rng())
    assert [layer.machine.weights.shape for layer in layers] == [(8, 4), (4, 2)]
    copied = layers[1].machine.copied_sites()
    between = np.abs(np.delete(layers[1].machine.weights, copied, axis=0))
    assert between == pytest.approx(np.full((2, 2), 0.6625), abs=2e-3)


def test_training_lowers_the_divergence_towards_decimation() -> None:
    curve = training_curve(chain_law(1.0, 8, "ring"), 4, rng(0), steps=1000)
    assert curve.divergence[-1] < 2e-3 < 0.5 < curve.divergence[0]
    assert curve.correlations[-1][:4] == pytest.approx([0.696] * 4, abs=0.02)


def test_the_law_of_hidden_units_over_the_data() -> None:
    law, machine = chain_law(1.0, 6, "ring").ravel(), Machine(rng().standard_normal((6, 3)))
    fields, hidden = spin_table(6) @ machine.weights, spin_table(3)
    conditional = np.exp(fields @ hidden.T)
    brute = law @ (conditional / conditional.sum(axis=1, keepdims=True))
    assert machine.hidden_law(law) == pytest.approx(brute, abs=1e-12)


# --- controls ---


def test_a_random_dense_layer_decouples_untrained() -> None:  # ising-check-20
    fields, signs = dense_layer_correlations(0.5, 512, 64, 20, rng())
    spread = np.trace(chain_covariance(0.5, 512) @ chain_covariance(0.5, 512)) / 512**2
    assert spread == pytest.approx(0.0030112, rel=1e-4)
    assert fields.value == pytest.approx(spread, rel=0.05)
    assert signs.value == pytest.approx((2 / np.pi) ** 2 * fields.value, rel=0.02)


def test_orthonormal_rows_are_bounded() -> None:
    fields, _ = dense_layer_correlations(0.5, 16, 16, 10, rng(), orthonormal=True)
    assert 0 < fields.value < np.tanh(1.0) ** 2


def test_the_linear_auto_encoder_prefers_modes() -> None:  # ising-check-21
    for b, loss, decimated in ((2, 0.0856368156, 0.1329), (4, 0.2010408768, 0.3147)):
        short, long = (autoencoder_loss(1.0, n, b) for n in (128, 256))
        assert (4 * long - short) / 3 == pytest.approx(loss, abs=1e-7)
        assert autoencoder_loss(1.0, 64, b, "decimated") == pytest.approx(decimated, abs=1e-4)


def test_temperature_labels() -> None:  # ising-check-22
    fit = train_temperature_labels([0.2, 0.5, 1.0], 17)
    assert fit.weights == pytest.approx([0.3, 0.8], abs=1e-5)
    assert fit.biases == pytest.approx([-1.60394296, -6.62260414], abs=1e-5)
    assert (fit.loss, fit.accuracy) == pytest.approx((0.7116420079, 0.6607378264), abs=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: chain_law(1.0, 30), "sample them"),
        (lambda: chain_law(1.0, 2, "ring"), "ring 3"),
        (lambda: chain_law(1.0, 4, "torus"), "boundary"),
        (
            lambda: layer_law(chain_law(1.0, 4), 3, stochastic_tanh([1, 1, 1])),
            "whole number of blocks",
        ),
        (lambda: sample_packed_chains(float("nan"), 4, 64, rng()), "finite"),
        (lambda: sample_packed_chains(1.0, 0, 64, rng()), "at least one spin"),
        (lambda: sample_packed_chains(1.0, 4, 64, rng()).majority(2), "odd block"),
        (lambda: sample_packed_chains(1.0, 4, 64, rng()).majority(5), "shorter than one block"),
        (lambda: sample_packed_chains(1.0, 4, 64, rng()).decimated(2, 3), "kept site"),
        (lambda: bernoulli_words(1.5, 3, rng()), "between 0 and 1"),
        (lambda: fit_tanh([[1.0, np.nan]], [1.0]), "finite"),
        (lambda: fit_tanh([[1.0, 1.0]], [1.0, 1.0]), "shape"),
        (lambda: prediction_problem(1.0, 4, 0), "distance"),
        (lambda: train_causal_layer(np.ones((4, 3)), b=2), "too short"),
        (lambda: train_causal_layer([[1, -1, np.nan, 1]] * 4, b=2), "got nan in row 0, column 2"),
        (
            lambda: train_causal_stack([[1, -1, 0, 1]] * 4),
            r"must be \+1 or -1, got 0 in row 0, column 2",
        ),
        (lambda: train_causal_stack(np.ones((4, 8)), depth=0), "at least one"),
        (lambda: train_causal_layer(np.ones((4, 8)), b=2.5), "whole number b"),
        (lambda: masked_layer([[1, np.nan], [1, 1]]), "got nan in row 0, column 1"),
        (lambda: empirical_law([[1, 0], [1, 1]]), r"\+1 or -1"),
        (lambda: empirical_law(np.ones((2, 30))), "at most 22"),
        (
            lambda: Machine(np.zeros((2, 2))).trace_spread([1.0, 0.0, 0.0, 0.0]),
            "positive probability",
        ),
        (lambda: Machine(np.zeros((13, 2))), "train_causal_stack"),
        (lambda: train_machine(np.full(2**13, 2.0**-13), 4, rng()), "at most 12 units"),
        (lambda: train_machine([0.5, 0.6], 1, rng()), "sum to 1"),
        (lambda: train_machine(np.ones(3) / 3, 1, rng()), "2\\^N"),
        (lambda: train_machine(chain_law(1.0, 4), 0, rng()), "at least one hidden"),
        (lambda: half_width_weights(1.0, 7, 2.0), "odd ring"),
        (lambda: train_machine_stack(chain_law(1.0, 5, "ring"), rng()), "odd ring"),
        (lambda: autoencoder_loss(1.0, 10, 3), "multiple of b"),
        (lambda: dense_layer_correlations(1.0, 4, 1, 3, rng()), "at least 2 units"),
        (lambda: train_temperature_labels([1.0], 5), "two couplings"),
        (lambda: train_deep_network(1.0, (0,), rng()), "positive"),
    ],
)
def test_bad_input_is_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


def test_the_output_of_a_decimation_is_the_renormalized_chain() -> None:
    law = layer_law(chain_law(1.0, 12), 3, lambda blocks: blocks[:, 2] > 0)
    found = couplings_of_law(law)
    estimators = (found.nearest, found.correlation_length, found.walsh, found.pseudo_likelihood)
    assert [e.value for e in estimators if e is not None] == pytest.approx(
        [0.4743957547] * 4, abs=1e-9
    )
    assert max(abs(e.value) for e in found.generated.values()) < 1e-9
