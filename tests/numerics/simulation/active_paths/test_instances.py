"""Witnesses of the random active path model: enumeration, even covers, ranks, cores,
satisfiability, Monte Carlo and hysteresis.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.graphs.paths import all_paths, disjoint_union, random_active_paths, random_hypergraph
from neurenorm.numerics.simulation.active_paths.dynamics import PathMonteCarlo, hysteresis
from neurenorm.numerics.simulation.active_paths.instances import (
    TooLarge,
    couplings,
    enumerate_weights,
    even_cover_log_partition,
    frozen_weights,
    gf2_rank,
    satisfiable,
    two_core,
)

NETWORK = all_paths((2, 2, 2, 2))
SIGNS = np.array([1, -1, 1, 1, -1, 1, 1, 1, 1, 1, -1, 1, 1, -1, 1, 1.0])


def test_twelve_weights_exactly():
    """Check A3."""
    for beta, log_z, energy in (
        (0.5, 10.052889488651, -6.092753248),
        (1.0, 13.617777156151, -7.712220641),
    ):
        exact = enumerate_weights(NETWORK.members, 12, SIGNS, beta)
        assert exact.log_z == pytest.approx(log_z, abs=1e-10) and exact.energy == pytest.approx(
            energy, abs=1e-8
        )
        assert (exact.ground_energy, exact.ground_states) == (-8, 256)
        assert np.abs(exact.magnetizations).max() < 1e-12
        assert even_cover_log_partition(NETWORK.members, 12, SIGNS, beta) == pytest.approx(
            exact.log_z, abs=1e-10
        )
    for beta, log_z in ((0.5, 11.176404495041), (1.0, 18.779487683924)):
        exact = enumerate_weights(NETWORK.members, 12, np.ones(16), beta)
        assert exact.log_z == pytest.approx(log_z, abs=1e-10) and (
            exact.ground_energy,
            exact.ground_states,
        ) == (-16, 16)
    assert gf2_rank(NETWORK.members) == 8


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 2))
def test_even_covers_are_the_enumeration(seed, beta):
    rng = np.random.default_rng(seed)
    paths = random_hypergraph(7, 3, 9, rng)
    J = rng.standard_normal(9)
    assert even_cover_log_partition(paths.members, 7, J, beta) == pytest.approx(
        enumerate_weights(paths.members, 7, J, beta).log_z, abs=1e-9
    )


def test_input_tied_couplings_are_unfrustrated_and_ranks_count_the_gauge():
    """Check A4."""
    J = couplings(NETWORK, "input_tied", np.random.default_rng(0), inputs=[1, -1])
    assert J.tolist() == [1] * 8 + [-1] * 8
    for beta in (0.5, 1.0):
        tied, plain = (
            enumerate_weights(NETWORK.members, 12, K, beta).log_z for K in (J, np.ones(16))
        )
        assert tied == pytest.approx(plain, abs=1e-12)
    assert [gf2_rank(all_paths((n,) * (p + 1)).members) for p, n in ((3, 3), (4, 2), (2, 3))] == [
        21,
        10,
        15,
    ]


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_enumeration_against_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    members, J, theta = (
        random_hypergraph(5, 2, 6, rng).members,
        rng.standard_normal(6),
        rng.standard_normal(5),
    )
    states = 1 - 2 * np.array(list(np.ndindex(*[2] * 5)))
    energies = -(J * states[:, members].prod(axis=2)).sum(axis=1)
    weights = np.exp(states @ theta - 0.7 * energies)
    exact = enumerate_weights(members, 5, J, 0.7, theta)
    assert exact.log_z == pytest.approx(np.log(weights.sum()), abs=1e-12)
    assert exact.energy == pytest.approx(weights @ energies / weights.sum(), abs=1e-12)
    assert exact.magnetizations == pytest.approx(weights @ states / weights.sum(), abs=1e-12)


CORES = [
    (2.4, 0, 0, 0.002),
    (2.5, 0.461, 0.492, 0.05),
    (2.6, 0.549, 0.595, 0.02),
    (2.8, 0.653, 0.711, 0.02),
    (3.2, 0.775, 0.834, 0.02),
]


@pytest.mark.parametrize(("c", "weights", "paths", "within"), CORES)
def test_two_core_of_layered_networks(c, weights, paths, within):
    """Check A8."""
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(2):
        network = random_active_paths((120,) * 4, int(c * 14400), rng)
        core, left = two_core(network.members, network.size)
        assert (np.bincount(network.members[left].ravel(), minlength=network.size)[core] >= 2).all()
        assert not (core & ~frozen_weights(network.members, network.size)).any()
        rows.append((core.mean(), left.mean()))
    assert np.mean(rows, axis=0) == pytest.approx([weights, paths], abs=within)


def test_satisfiability_threshold():
    """Check A21: random 3-uniform hypergraphs with independent signs, 8 samples each."""
    rng = np.random.default_rng(4)
    for c, least, most in ((2.6, 0.75, 1.0), (2.85, 0.0, 0.0)):
        draws = [random_hypergraph(2000, 3, round(c * 2000 / 3), rng) for _ in range(8)]
        share = np.mean(
            [satisfiable(paths.members, 2000, rng.choice([-1, 1], paths.count)) for paths in draws]
        )
        assert least <= share <= most


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_satisfiability_is_a_ground_state_without_unhappy_paths(seed):
    rng = np.random.default_rng(seed)
    paths = random_hypergraph(8, 3, 8, rng)
    J = rng.choice([-1.0, 1.0], 8)
    assert satisfiable(paths.members, 8, J) == (
        enumerate_weights(paths.members, 8, J, 1.0).ground_energy == -8
    )


def test_monte_carlo_samples_the_gibbs_law():
    """The energy of the 12-weight network from many copies, against the enumeration (paths-check-3 for
    the chain).
    """
    rng = np.random.default_rng(5)
    union = disjoint_union([NETWORK] * 400)
    chain = PathMonteCarlo(
        union, np.tile(SIGNS, 400), 0.5, rng.choice([-1.0, 1.0], union.size), rng
    )
    chain.sweep(20)
    energies = chain.measure(60, np.ones(union.size))[1] * 12
    assert abs(energies.mean() + 6.092753248) < 5 * energies.std() / 20
    products = np.tile(SIGNS, 400) * chain.weights[union.members].prod(axis=1)
    assert (products == chain.products).all()


def test_hysteresis():
    """Check A18: the planted branch jumps, the restored branch never finds the glass."""
    rng = np.random.default_rng(6)
    network = random_active_paths((90,) * 4, 8 * 8100, rng)
    hidden = rng.choice([-1.0, 1.0], network.size)
    J = couplings(network, "planted", rng, beta=1.0, hidden=hidden)
    loop = hysteresis(network, J, 1.0, hidden, [0.0, 0.16, 0.32], rng, settle=350, measured=40)
    assert (
        loop.overlap[0] == pytest.approx(0.964, abs=0.01)
        and loop.overlap[1] > 0.83
        and abs(loop.overlap[2]) < 0.12
    )
    assert np.abs(loop.back_overlap).max() < 0.05
    assert loop.back_energy[0] - loop.paramagnet[0] > 0.25
    assert loop.energy[2] == pytest.approx(loop.paramagnet[2], abs=0.02)


def test_kinds_of_couplings():
    rng = np.random.default_rng(7)
    network = random_active_paths((10,) * 4, 900, rng)
    hidden = rng.choice([-1.0, 1.0], network.size)
    planted = couplings(network, "planted", rng, beta=0.8, hidden=hidden)
    agreement = (planted == hidden[network.members].prod(axis=1)).mean()
    assert agreement == pytest.approx((1 + np.tanh(0.8)) / 2, abs=0.06)
    assert set(np.unique(couplings(network, "glass", rng))) == {-1.0, 1.0}
    assert couplings(network, "ferro", rng).sum() == 900
    assert couplings(network, "gauss", rng).std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: enumerate_weights([(0, 24)], 25, [1.0], 1.0), "2\\^24"),
        (
            lambda: even_cover_log_partition([(0, 1)] * 20, 2, np.ones(20), 1.0),
            "even covers are too many",
        ),
        (lambda: couplings(NETWORK, "spin", np.random.default_rng(0)), "one of glass"),
        (
            lambda: couplings(NETWORK, "planted", np.random.default_rng(0)),
            "need beta and the hidden weights",
        ),
        (
            lambda: couplings(NETWORK, "input_tied", np.random.default_rng(0), inputs=[1]),
            "one input value for each",
        ),
        (
            lambda: PathMonteCarlo(
                NETWORK, np.ones(16), 1.0, np.zeros(12), np.random.default_rng(0)
            ),
            "one sign for each",
        ),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises((ValueError, TooLarge), match=message):
        make()
