"""The exact chain samplers: the whole law against enumeration, correlations against closed
forms.
"""

import math

import numpy as np
import pytest
from scipy import stats

from neurenorm.numerics.simulation.lattice import chain
from neurenorm.numerics.simulation.lattice.chain import (
    chain_correlation,
    sample_ising_chain,
    sample_potts_chain,
)
from neurenorm.numerics.simulation.lattice.enumeration import ising_terms, log_marginal, potts_terms
from neurenorm.numerics.verification.compare import Sampled, Verdict

SAMPLES = 40000
LEVEL = 1e-6


def bonds(length, boundary):
    """The bonds of an open chain or a ring."""
    return [(i, (i + 1) % length) for i in range(length - (boundary == "open"))]


def law_is_followed(samples, states, terms):
    """A χ² test of the whole law of a short chain; configurations expected less than 5 times are
    counted together.
    """
    length = samples.shape[1]
    log_weight = log_marginal(length, states, terms, keep=range(length)).ravel()
    probability = np.exp(log_weight - np.logaddexp.reduce(log_weight))
    place = np.searchsorted(states, samples) @ len(states) ** np.arange(length - 1, -1, -1)
    counted = np.bincount(place, minlength=probability.size).astype(float)
    expected = probability * len(samples)
    rare = expected < 5
    if stats.poisson.sf(counted[rare].sum() - 1, max(expected[rare].sum(), 1e-9)) < LEVEL:
        return False
    expected, counted = expected[~rare], counted[~rare]
    expected *= counted.sum() / expected.sum()
    return stats.chisquare(counted, expected).pvalue > LEVEL


@pytest.mark.parametrize("boundary", ["open", "ring"])
@pytest.mark.parametrize(
    ("K", "h"), [(0.6, 0.0), (-0.8, 0.0), (0.4, 0.7), (-0.5, -0.9), (0.0, 1.0), (2.0, 0.1)]
)
@pytest.mark.parametrize("length", [3, 5])
def test_ising_law(boundary, K, h, length):
    rng = np.random.default_rng(1)
    samples = sample_ising_chain(K, length, SAMPLES, rng, boundary=boundary, h=h)
    assert samples.dtype == np.int8
    assert law_is_followed(samples, [-1, 1], ising_terms(bonds(length, boundary), K, h))
    if h:
        assert not law_is_followed(-samples, [-1, 1], ising_terms(bonds(length, boundary), K, h))


@pytest.mark.parametrize("boundary", ["open", "ring"])
@pytest.mark.parametrize(
    ("K", "q"), [(1.2, 2), (0.9, 3), (-1.5, 3), (-2.0, 2), (0.7, 4), (-0.4, 5)]
)
def test_potts_law(boundary, K, q):
    samples = sample_potts_chain(K, q, 4, SAMPLES, np.random.default_rng(2), boundary=boundary)
    assert law_is_followed(samples, list(range(q)), potts_terms(bonds(4, boundary), K))
    assert not law_is_followed(samples, list(range(q)), potts_terms(bonds(4, boundary), K + 0.2))


@pytest.mark.parametrize("K", [-3.0, -20.0, -150.0])
def test_a_frustrated_ring_has_one_satisfied_defect_spread_evenly(K):
    spins = sample_ising_chain(K, 5, 20000, np.random.default_rng(3), boundary="ring")
    aligned = spins == np.roll(spins, -1, axis=1)
    if K < -10:
        assert np.all(aligned.sum(axis=1) == 1)
    assert stats.chisquare(aligned.sum(axis=0)).pvalue > LEVEL
    colours = sample_potts_chain(2 * K, 2, 5, 20000, np.random.default_rng(3), boundary="ring")
    assert stats.chisquare((colours == np.roll(colours, -1, axis=1)).sum(axis=0)).pvalue > LEVEL


@pytest.mark.parametrize("K", [0.3, 1.0, -0.7])
def test_correlations_of_the_open_chain_and_the_ring(K):
    t, distances, length = math.tanh(K), [1, 2, 3], 12
    rng = np.random.default_rng(4)
    policy, number = Sampled(0.03), 150000
    opened = chain_correlation(sample_ising_chain(K, length, number, rng), distances)
    closed = chain_correlation(
        sample_ising_chain(K, length, number, rng, boundary="ring"), distances, boundary="ring"
    )
    on_line = np.array([t**r for r in distances])
    on_ring = np.array([(t**r + t ** (length - r)) / (1 + t**length) for r in distances])
    for theory, estimate in ((on_line, opened), (on_ring, closed)):
        assert policy.compare(theory, estimate).verdict is Verdict.agrees
        for mutant in (theory * 1.03, theory * 0.97, theory[::-1]):
            assert policy.compare(mutant, estimate).verdict is Verdict.refuted


@pytest.mark.parametrize("boundary", ["open", "ring"])
def test_potts_correlations(boundary):
    K, q, length = 1.0, 3, 8
    a = (math.exp(K) - 1) / (math.exp(K) + q - 1)
    samples = sample_potts_chain(K, q, length, 40000, np.random.default_rng(5), boundary=boundary)
    estimate = chain_correlation(samples, [1, 2], boundary=boundary, q=q)
    theory = np.array([a**r for r in (1, 2)])
    if boundary == "ring":
        theory = np.array(
            [
                (a**r + a ** (length - r) + (q - 2) * a**length) / (1 + (q - 1) * a**length)
                for r in (1, 2)
            ]
        )
    assert Sampled(0.05).compare(theory, estimate).verdict is Verdict.agrees
    assert Sampled(0.05).compare(theory * 1.05, estimate).verdict is Verdict.refuted


def test_long_chains_are_drawn_in_blocks_of_bounded_memory(monkeypatch):
    monkeypatch.setattr(chain, "_BLOCK", 64)
    spins = sample_ising_chain(0.8, 20, 3000, np.random.default_rng(6))
    estimate = chain_correlation(spins, 1)
    assert Sampled(0.1).compare(math.tanh(0.8), estimate).verdict is Verdict.agrees
    assert estimate.blocks == 272  # 3000 // 256 = 11 chains in a group
    assert chain_correlation(spins[:300], 1).blocks == 300


def test_distance_zero_is_one_and_seeds_repeat():
    first, second = (
        sample_potts_chain(0.5, 300, 4, 50, np.random.default_rng(7)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.int32
    assert first.max() > 127
    assert chain_correlation(first, 0, q=300).value == 1


@pytest.mark.parametrize("K", [800.0, -800.0])
def test_extreme_couplings_freeze_the_bonds(K):
    spins = sample_ising_chain(K, 6, 100, np.random.default_rng(8), boundary="ring")
    assert np.all(spins[:, 1:] * spins[:, :-1] == np.sign(K))
    with pytest.raises(ValueError, match="underflows"):
        sample_ising_chain(-800.0, 5, 100, np.random.default_rng(8), boundary="ring")


def test_bad_input():
    rng = np.random.default_rng(9)
    with pytest.raises(ValueError, match="K must be finite"):
        sample_ising_chain(math.nan, 5, 10, rng)
    with pytest.raises(ValueError, match="K must be finite"):
        sample_potts_chain(math.inf, 3, 5, 10, rng)
    with pytest.raises(ValueError, match="h must be finite"):
        sample_ising_chain(1.0, 5, 10, rng, h=math.inf)
    with pytest.raises(ValueError, match="length must be an integer of at least 2"):
        sample_ising_chain(1.0, 1, 10, rng)
    with pytest.raises(ValueError, match="length must be an integer of at least 3"):
        sample_ising_chain(1.0, 2, 10, rng, boundary="ring")
    with pytest.raises(ValueError, match="samples must be"):
        sample_ising_chain(1.0, 5, 0, rng)
    with pytest.raises(ValueError, match="'open' or 'ring'"):
        sample_ising_chain(1.0, 5, 10, rng, boundary="closed")
    for q in (1, 2.5):
        with pytest.raises(ValueError, match="Potts states"):
            sample_potts_chain(1.0, q, 5, 10, rng)
    with pytest.raises(ValueError, match="between 0 and 4"):
        chain_correlation(np.ones((10, 5)), 5)
    with pytest.raises(ValueError, match="shape"):
        chain_correlation(np.ones(10), 1)
    with pytest.raises(ValueError, match="at least 2"):
        chain_correlation(np.ones((1, 5)), 1)
    with pytest.raises(ValueError, match="at least 2 blocks"):
        chain_correlation(np.ones((10, 5)), 1, blocks=1)
    with pytest.raises(ValueError, match="one distance"):
        chain_correlation(np.ones((10, 5)), [])
