"""Estimators of entropies: histogram corrections, the chain rule, packed states, conventions of
convolutional layers.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.observables.chain_rule import chain_rule_entropy, total_correlation
from neurenorm.numerics.observables.channels import pooled_complexity
from neurenorm.numerics.observables.entropy import binary_entropy, joint_entropy, layer_complexity
from neurenorm.numerics.observables.estimators import (
    ESTIMATORS,
    chao_shen,
    grassberger,
    james_stein,
    miller_madow,
    plug_in,
)
from neurenorm.numerics.observables.states import PackedStates

FIVE = [4, 3, 1, 1, 1]


def test_binary_entropy():
    assert binary_entropy([0, 1, 0.5]).tolist() == [0, 0, 1]
    assert float(binary_entropy(0.2)) == pytest.approx(0.7219280949, abs=1e-10)
    with pytest.raises(ValueError, match="between 0 and 1"):
        binary_entropy([1.2])


def test_histogram_estimators():
    three, five = [5, 3, 2], FIVE
    for estimator, expected in (
        (plug_in, (1.4854753, 2.0464393)),
        (miller_madow, (1.6297448, 2.3349784)),
        (grassberger, (1.7883858, 2.7501825)),
        (chao_shen, (1.5569725, 2.6178078)),
    ):
        assert (estimator(three), estimator(five)) == pytest.approx(expected, abs=1e-7)
    assert james_stein(three, 4) == pytest.approx(1.9138748, abs=1e-7)
    assert james_stein(five, 8) == pytest.approx(2.8080645, abs=1e-7)
    with pytest.raises(ValueError, match="more than the 2 cells"):
        james_stein(three, 2)


def test_corrections_reduce_the_bias_of_few_samples():
    rng = np.random.default_rng(3)
    draws = rng.multinomial(60, [1 / 32] * 32, size=300)
    found = {
        name: np.mean([estimate(row) for row in draws])
        for name, estimate in ESTIMATORS.items()
        if name != "james-stein"
    }
    for name in ("miller-madow", "grassberger", "chao-shen"):
        assert abs(found[name] - 5) < abs(found["plug-in"] - 5) / 2


@given(st.lists(st.integers(0, 30), min_size=1, max_size=20).filter(lambda c: sum(c) > 1))
@settings(max_examples=50, deadline=None)
def test_estimators_are_finite_and_capped(counts):
    observed = sum(c > 0 for c in counts)
    assert 0 <= plug_in(counts) <= math.log2(sum(counts)) + 1e-9
    assert plug_in(counts) <= math.log2(observed) + 1e-9
    for estimate in ESTIMATORS.values():
        assert math.isfinite(estimate(counts))
    assert james_stein(counts, 64) <= 6 + 1e-9


@given(st.integers(1, 40), st.integers(2, 70), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_packed_states_are_what_was_put_in(units, samples, seed):
    rng = np.random.default_rng(seed)
    h = np.round(rng.standard_normal((samples, units)), 1)
    packed = PackedStates(units)
    for start in range(0, samples, 13):
        packed.add(h[start : start + 13])
    states = h > 0
    np.testing.assert_array_equal(packed.array(), states)
    np.testing.assert_array_equal(packed.on_counts(), states.sum(axis=0))
    expected = sorted(np.unique(states, axis=0, return_counts=True)[1].tolist())
    assert sorted(np.unique(packed.words(), return_counts=True)[1].tolist()) == expected


def test_memory_is_a_bit_per_state():
    rng = np.random.default_rng(0)
    packed = PackedStates(100)
    for _ in range(20):
        packed.add(rng.standard_normal((512, 100)))
    assert packed.nbytes == 20 * 512 * 100 // 8
    assert packed.samples == 20 * 512


def test_invariances_of_states():
    rng = np.random.default_rng(1)
    x, w, b = rng.standard_normal((400, 6)), rng.standard_normal((6, 9)), rng.standard_normal(9)
    plain = PackedStates(9).add(x @ w + b)
    scale = 2.0 ** rng.integers(-4, 5, 9)
    scaled = PackedStates(9).add(x @ (w * scale) + b * scale)
    np.testing.assert_array_equal(plain.array(), scaled.array())
    assert np.array_equal(layer_complexity(plain).units, layer_complexity(scaled).units)
    flipped = plain.array()
    flipped[:, 3] = 1 - flipped[:, 3]
    assert joint_entropy(PackedStates.of(flipped), "plug-in").value == pytest.approx(
        joint_entropy(plain, "plug-in").value, abs=1e-12
    )
    doubled = PackedStates.of(np.repeat(plain.array(), 2, axis=1))
    assert joint_entropy(doubled, "plug-in").value == pytest.approx(
        joint_entropy(plain, "plug-in").value, abs=1e-12
    )


def test_errors_of_layer_complexity_are_the_spread_over_repetitions():
    rng = np.random.default_rng(2)
    p = np.array([0.5, 0.2, 0.03])
    runs = [layer_complexity(PackedStates.of(rng.random((500, 3)) < p)) for _ in range(400)]
    spread = np.std([run.units for run in runs], axis=0)
    assert np.mean([run.errors for run in runs], axis=0) == pytest.approx(spread, rel=0.6)


def test_the_error_of_a_sum_knows_that_units_switch_together():
    rng = np.random.default_rng(11)
    for samples in (60, 400, 3000):
        runs = [
            layer_complexity(PackedStates.of(np.repeat(rng.random((samples, 2)) < 0.2, 3, axis=1)))
            for _ in range(200)
        ]
        assert np.mean([run.total_error for run in runs]) == pytest.approx(
            np.std([run.total for run in runs]), rel=0.25
        )
    lone = runs[0]
    assert lone.total_error > 1.5 * np.sqrt(np.sum(lone.errors**2))


def test_blocks_of_samples_do_not_depend_on_the_chunks():
    rng = np.random.default_rng(13)
    for samples in (37, 5003):
        h = rng.standard_normal((samples, 5))
        whole, parts = PackedStates(5).add(h), PackedStates(5)
        for start in range(0, samples, 512):
            parts.add(h[start : start + 512])
        for found in (whole, parts):
            counts, sizes = found.block_on_counts(10)
            owner = found.owners(10)
            assert sizes.sum() == samples
            assert sizes.max() - sizes.min() <= 9
            np.testing.assert_array_equal(
                counts, [(h[owner == b] > 0).sum(axis=0) for b in range(10)]
            )
        assert layer_complexity(whole).total_error == pytest.approx(
            layer_complexity(parts).total_error, rel=1e-9
        )


def test_two_units_by_counting():
    rng = np.random.default_rng(5)
    directions = np.array([[1, 0], [0.5, math.sqrt(0.75)]])
    packed = PackedStates(2)
    for _ in range(10):
        packed.add(rng.standard_normal((100_000, 2)) @ directions.T)
    joint = joint_entropy(packed)
    assert joint.value == pytest.approx(1.918296, abs=0.003)
    assert layer_complexity(packed).total - joint.value == pytest.approx(0.081704, abs=0.003)
    assert abs(joint.value - 1.9182958) < 6 * joint.error


def test_a_saturated_histogram_says_so():
    rng = np.random.default_rng(6)
    found = joint_entropy(PackedStates.of(rng.integers(0, 2, (500, 40))), "plug-in")
    assert found.cap == pytest.approx(math.log2(500))
    assert found.saturated
    assert not joint_entropy(PackedStates.of(rng.integers(0, 2, (500, 2)))).saturated


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40).filter(lambda c: sum(c) > 1))
@settings(max_examples=100, deadline=None)
def test_no_histogram_exceeds_the_one_whose_samples_all_differ(counts):
    for name, estimate in ESTIMATORS.items():
        if name != "james-stein":
            assert estimate(counts) <= estimate([1] * sum(counts)) + 1e-9, name


@given(
    st.integers(1, 24),
    st.integers(2, 300),
    st.floats(0.05, 0.95),
    st.sampled_from(sorted(ESTIMATORS)),
    st.integers(0, 10**6),
)
@settings(max_examples=80, deadline=None)
def test_a_joint_entropy_respects_its_cap_and_has_an_error(units, samples, p, method, seed):
    states = PackedStates.of(np.random.default_rng(seed).random((samples, units)) < p)
    found = joint_entropy(states, method)
    assert 0 <= found.value <= found.cap <= units
    assert found.error > 0 or len(np.unique(states.words())) == 1
    known = layer_complexity(states).known_of_each_other(found)
    assert 0 <= known.value <= known.cap
    assert known.error >= found.error


def test_an_entropy_that_samples_bound_has_an_error_that_says_so():
    found = joint_entropy(PackedStates.of(np.random.default_rng(0).integers(0, 2, (100, 20))))
    assert found.saturated and found.value <= found.cap
    assert found.error > 0.5


def test_convolutional_conventions():
    states = np.zeros((10, 1, 2))
    states[:2, 0, 0] = states[:8, 0, 1] = 1
    found = pooled_complexity(states)
    assert found["pooled"].value == pytest.approx(1.0)
    assert found["per_position"].value == pytest.approx(0.7219281, abs=1e-7)
    assert found["position_information"].value == pytest.approx(0.2780719, abs=1e-7)
    rng = np.random.default_rng(8)
    for _ in range(20):
        mixed = pooled_complexity(rng.random((50, 4, 5, 5)) < rng.random((1, 4, 5, 5)))
        assert mixed["pooled"].value >= mixed["per_position"].value


def test_errors_and_bias_of_both_conventions_are_those_of_repetitions():
    rng = np.random.default_rng(12)
    p = rng.random((3, 2, 2))
    runs = [pooled_complexity(rng.random((300, 3, 2, 2)) < p) for _ in range(200)]
    for name in ("pooled", "per_position", "position_information"):
        assert np.mean([run[name].error for run in runs]) == pytest.approx(
            np.std([run[name].value for run in runs]), rel=0.2
        )
    exact = float(np.mean(binary_entropy(p), axis=(1, 2)).sum())
    low = exact - np.mean([run["per_position"].value for run in runs])
    assert low == pytest.approx(3 / (2 * 300 * math.log(2)), rel=0.5)
    assert runs[0]["per_position"].note.startswith("low by about 0.00")


def test_bad_states():
    with pytest.raises(ValueError, match="at least two samples, got 1"):
        layer_complexity(PackedStates.of([[0, 1]]))
    with pytest.raises(ValueError, match="not finite"):
        PackedStates(1).add([[float("nan")]])
    with pytest.raises(ValueError, match=r"shape \(samples, 2\)"):
        PackedStates(2).add([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="zeros and ones"):
        PackedStates.of([[0.5]])
    with pytest.raises(ValueError, match="unknown estimator 'exact'; there are plug-in"):
        joint_entropy(PackedStates.of([[0], [1]]), "exact")
    with pytest.raises(ValueError, match="not all zero"):
        plug_in([0, 0])


def test_chain_rule_on_copies_and_independent_bits():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(9)
    fair = rng.integers(0, 2, (20_000, 5))
    states = np.concatenate([fair, fair], axis=1)
    found = chain_rule_entropy(states, "logistic", rng=rng)
    assert found.value == pytest.approx(5, abs=0.03)
    assert binary_entropy(states.mean(axis=0)).sum() == pytest.approx(10, abs=0.01)
    known = total_correlation(states, found)
    assert known.value == pytest.approx(5, abs=0.03)
    assert 0 < found.error < known.error < 0.02
    assert chain_rule_entropy(states[:1500, [0, 1, 5, 6]], "trees", rng=rng).value == pytest.approx(
        2, abs=0.03
    )


def test_logistic_regression_is_blind_to_exclusive_or_and_trees_are_not():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(10)
    pair = rng.integers(0, 2, (1200, 2))
    states = np.column_stack([pair, pair[:, 0] ^ pair[:, 1]])
    assert chain_rule_entropy(states, "logistic", rng=rng).value == pytest.approx(3.0, abs=0.03)
    assert chain_rule_entropy(states, "trees", rng=rng).value == pytest.approx(2.0, abs=0.02)


def test_chain_rule_skips_constant_units_and_refuses_nonsense():
    pytest.importorskip("sklearn")
    states = np.column_stack([np.zeros(40, dtype=int), np.ones(40, dtype=int), np.arange(40) % 2])
    assert chain_rule_entropy(states).value == pytest.approx(1.0, abs=0.15)
    with pytest.raises(ValueError, match="unknown classifier"):
        chain_rule_entropy(states, "oracle")
    with pytest.raises(ValueError, match="zeros and ones"):
        chain_rule_entropy(states * 2)
    with pytest.raises(ValueError, match="samples, got 4"):
        chain_rule_entropy(states[:4])
