"""Belief propagation on single instances: exact on trees, the known values on loops, starts,
damping and stability.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.graphs.paths import given_paths, random_active_paths, random_hypergraph
from neurenorm.numerics.simulation.active_paths.instances import couplings, enumerate_weights
from neurenorm.numerics.solve.active_paths.belief_propagation import belief_propagation
from neurenorm.numerics.solve.active_paths.density_evolution import DensityEvolution
from neurenorm.theory.active_paths.ensemble import path_ensemble
from neurenorm.theory.cavity.messages import cavity_equations

THREE = cavity_equations(3)
FIELDS = (0.3, -0.2, 0.5, 0.1, -0.4, 0.2, 0.6)


def test_tree_with_fields():
    """Check A1."""
    report = belief_propagation(
        THREE, given_paths([(0, 1, 2), (2, 3, 4), (4, 5, 6)]), [1, -1, 1], 0.9, FIELDS
    )
    assert report.converged
    assert report.log_z == pytest.approx(6.34984880472619, abs=1e-10)
    assert report.energy == pytest.approx(-2.120041618547, abs=1e-10)
    expected = [
        0.22802237,
        -0.09927737,
        0.44715949,
        0.19402771,
        -0.34042180,
        0.04255785,
        0.49492087,
    ]
    assert report.magnetizations == pytest.approx(expected, abs=1e-8)


def test_loop():
    """Check A2: the Bethe values on a loop, and the exact ones beside them."""
    rows, J, theta = [(0, 1, 2), (2, 3, 4), (4, 5, 0)], [1, 1, -1], FIELDS[:6]
    report = belief_propagation(THREE, given_paths(rows), J, 0.9, theta)
    exact = enumerate_weights(rows, 6, J, 0.9, theta)
    assert (exact.log_z, exact.energy) == pytest.approx((5.507099139386, -2.135640693789), abs=1e-9)
    assert (report.log_z, report.energy) == pytest.approx(
        (5.506186170744, -2.133752084171), abs=1e-9
    )
    expected = [0.28022237, -0.09356075, 0.39968631, -0.02446219, -0.38230056, 0.25357693]
    assert report.magnetizations == pytest.approx(expected, abs=1e-8)


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 5), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_random_trees_are_exact(p, count, seed):
    """Trees grown path by path, with Gaussian couplings and fields: ln Z, energy, entropy and
    magnetisations.
    """
    rng = np.random.default_rng(seed)
    rows, size = [tuple(range(p))], p
    for _ in range(count - 1):
        rows.append((int(rng.integers(size)), *range(size, size + p - 1)))
        size += p - 1
    J, theta, beta = (
        rng.standard_normal(count),
        rng.standard_normal(size),
        float(rng.uniform(0.2, 2)),
    )
    report = belief_propagation(cavity_equations(p), given_paths(rows), J, beta, theta)
    exact = enumerate_weights(rows, size, J, beta, theta)
    assert report.log_z == pytest.approx(exact.log_z, abs=1e-10)
    assert report.energy == pytest.approx(exact.energy, abs=1e-10)
    assert report.magnetizations == pytest.approx(exact.magnetizations, abs=1e-9)
    entropy = exact.log_z + beta * exact.energy - float(theta @ exact.magnetizations)
    assert report.entropy == pytest.approx(entropy, abs=1e-8)


@pytest.mark.parametrize("c", [2.6, 8.0])
def test_paramagnet_attracts_and_is_stable(c):
    """Check A17: from random means ±0.3 the overlap is gone within 50 sweeps, for p = 3."""
    rng = np.random.default_rng(5)
    paths = random_active_paths((30,) * 4, int(c * 900), rng)
    start = 0.3 * rng.choice([-1.0, 1.0], (paths.count, 3))
    report = belief_propagation(
        THREE, paths, couplings(paths, "glass", rng), 2.0, start=start, tolerance=1e-9
    )
    assert report.converged and report.iterations < 50
    assert report.q < 1e-12 and report.growth < 1e-3


def test_planted_start_finds_the_branch_of_density_evolution_and_damping_decides_convergence():
    rng = np.random.default_rng(6)
    paths = random_active_paths((40,) * 4, 4 * 1600, rng)
    hidden = rng.choice([-1.0, 1.0], paths.size)
    J = couplings(paths, "planted", rng, beta=2.0, hidden=hidden)
    report = belief_propagation(THREE, paths, J, 2.0, start=hidden, damping=0.5, tolerance=1e-9)
    assert report.converged and report.growth < 1
    assert report.q == pytest.approx(
        DensityEvolution(path_ensemble(3), 0.5).solve(4.0).q, abs=0.012
    )
    short = belief_propagation(THREE, paths, J, 2.0, start=hidden, most=3)
    assert (
        not short.converged
        and "did NOT converge after 3 sweeps" in str(short)
        and short.residual > 1e-9
    )


def test_undamped_glass_fluctuates_and_damping_melts_it():
    """On random signs at c = 8, T = 1/2 undamped sweeps never settle near q = 0.78; with damping
    they fall into the paramagnet. Both are reported.
    """
    rng = np.random.default_rng(7)
    paths = random_active_paths((40,) * 4, 8 * 1600, rng)
    J, start = couplings(paths, "glass", rng), rng.choice([-0.9, 0.9], (paths.count, 3))
    wild = belief_propagation(THREE, paths, J, 2.0, start=start, most=120)
    assert not wild.converged and wild.q == pytest.approx(0.782, abs=0.05)
    calm = belief_propagation(THREE, paths, J, 2.0, start=start, damping=0.3, tolerance=1e-9)
    assert calm.converged and calm.q < 1e-9


def test_free_energy_of_random_instances_is_annealed_below_the_transition():
    """Check A22: |mean (ln Z - ln Z_para)|/N < 0.01 over 20 instances with N = 18, c <= 2, beta =
    1.
    """
    rng = np.random.default_rng(8)
    gaps = []
    for _ in range(20):
        paths = random_hypergraph(18, 3, 12, rng)
        J = couplings(paths, "glass", rng)
        gaps.append(
            enumerate_weights(paths.members, 18, J, 1.0).log_z
            - 18 * np.log(2)
            - 12 * np.log(np.cosh(1.0))
        )
    assert abs(np.mean(gaps)) / 18 < 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beta": 0.0}, "positive and finite"),
        ({"beta": 40.0}, "too cold"),
        ({"beta": 1.0, "damping": 1.0}, "damping"),
        ({"beta": 1.0, "theta": np.inf}, "field must be a finite"),
        ({"beta": 1.0, "couplings": [np.nan]}, "coupling must be a finite"),
        ({"beta": 1.0, "start": 2.0}, "between -1 and 1"),
        ({"beta": 1.0, "equations": cavity_equations(4)}, "p = 4 weights per path"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    full = {"equations": THREE, "paths": given_paths([(0, 1, 2)]), "couplings": [1.0]} | arguments
    with pytest.raises(ValueError, match=message):
        belief_propagation(**full)
