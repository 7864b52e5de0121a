"""Pools of trees: sums over the signs of one path, the paramagnet, known points, bad input."""

import itertools
import math

import numpy as np
import pytest

from neurenorm.numerics.simulation.active_paths.trees import (
    _lowest,
    _summed,
    grown_ground_states,
    grown_states,
    grown_trees,
)


def test_a_path_is_summed_over_all_signs():
    rng = np.random.default_rng(0)
    trees, strength = [rng.random((2, 1)) for _ in range(3)], np.array([[0.7], [-0.4]])
    above, below = _summed(trees, strength)
    for k in range(2):
        for root, found in ((1, above), (-1, below)):
            wanted = 0.0
            for signs in itertools.product((1, -1), repeat=3):
                chance = math.prod(
                    float(t[k, 0]) if s == 1 else 1 - float(t[k, 0])
                    for t, s in zip(trees, signs, strict=True)
                )
                wanted += chance * math.exp(strength[k, 0] * root * math.prod(signs))
            assert found[k, 0] == pytest.approx(wanted, rel=1e-14)


def test_the_lowest_energy_of_a_path_violates_it_or_turns_the_cheapest_tree():
    trees = [np.array([3.0, 0.5]), np.array([2.0, -4.0])]
    assert _lowest(trees, np.array([1.0, 1.0])).tolist() == [-1.0, -0.5]
    assert _lowest(trees, np.array([-1.0, -1.0])).tolist() == [1.0, -1.0]


@pytest.mark.parametrize("disorder", ["glass", "planted"])
def test_few_paths_leave_a_paramagnet(disorder):
    pool = grown_trees(
        3, 0.5, 2.0, disorder, np.random.default_rng(1), size=3000, rounds=60, measured=5
    )
    assert pool.overlap.max() < 1e-3 and abs(pool.gain).max() < 1e-3


def test_a_certain_pool_without_noise_counts_paths():
    """Ferromagnetic leaves at a very low temperature: each path wins beta - ln cosh beta = ln 2,
    and a weight loses ln 2.
    """
    pool = grown_trees(
        3, 0.05, 6.0, "ferro", np.random.default_rng(2), size=20000, rounds=12, measured=6
    )
    assert pool.overlap.mean() > 0.99
    assert pool.gain.mean() == pytest.approx(math.log(2) * (6.0 / 3 - 1), abs=0.02)


def test_one_state_is_a_pool_of_the_glass_without_states():
    pool = grown_states(
        3, 0.5, 8.0, 0.5, np.random.default_rng(3), size=2000, states=1, rounds=30, measured=10
    )
    assert pool.overlap.mean() == pytest.approx(
        pool.between.mean(), abs=0.01
    ) and pool.gain.mean() == pytest.approx(pool.inner.mean())


def test_a_ground_state_without_frustration_satisfies_every_path():
    energies = grown_ground_states(
        3, 2.0, np.random.default_rng(4), spread=0.05, size=4000, rounds=60, measured=10
    )
    assert energies.mean() == pytest.approx(-2 / 3, abs=0.01)


@pytest.mark.parametrize(
    "call",
    [
        lambda rng: grown_trees(1, 0.5, 2.0, "glass", rng, size=100, rounds=2, measured=1),
        lambda rng: grown_trees(3, 0.0, 2.0, "glass", rng, size=100, rounds=2, measured=1),
        lambda rng: grown_trees(3, 0.5, math.nan, "glass", rng, size=100, rounds=2, measured=1),
        lambda rng: grown_trees(3, 0.5, 2.0, "gauss", rng, size=100, rounds=2, measured=1),
        lambda rng: grown_trees(3, 0.5, 2.0, "glass", rng, size=100, rounds=2, measured=3),
        lambda rng: grown_trees(3, 0.5, 2.0, "glass", rng, size=0, rounds=2, measured=1),
        lambda rng: grown_states(3, 0.5, 2.0, 0.0, rng, size=100, states=10, rounds=2, measured=1),
        lambda rng: grown_ground_states(3, -1.0, rng, spread=0.0, size=100, rounds=2, measured=1),
    ],
)
def test_what_no_pool_can_hold_is_refused(call):
    with pytest.raises(ValueError):
        call(np.random.default_rng(0))
