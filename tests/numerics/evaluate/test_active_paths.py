"""Density evolution, thresholds, populations and the catalogue of the random active path model
against numbers worked out elsewhere.
"""

import math

import numpy as np
import pytest

from neurenorm.numerics.claims.active_paths.cavity import CLAIMS
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.solve.active_paths.density_evolution import DensityEvolution, GridTooSmall
from neurenorm.numerics.solve.active_paths.layered_evolution import layered_branch
from neurenorm.numerics.solve.active_paths.populations import (
    PopulationTooSmall,
    ground_state_population,
    population,
)
from neurenorm.numerics.solve.active_paths.replica_breaking import one_step_population
from neurenorm.numerics.solve.active_paths.thresholds import (
    NoThreshold,
    branch_end,
    critical_temperatures,
    path_thresholds,
    transition_point,
)
from neurenorm.numerics.solve.active_paths.zero_temperature import (
    frozen_layer_fractions,
    frozen_layer_thresholds,
    integer_glass_points,
)
from neurenorm.theory.active_paths.ensemble import path_ensemble
from neurenorm.theory.active_paths.zero_temperature import frozen_layers, integer_glass

PLANTED = path_ensemble(3)


def test_planted_branch_in_the_glass():
    """Check A10, and the population beside the grid."""
    values = evaluate("active-paths/planted", p=3, T=0.5, c=4).values
    assert values["q"] == pytest.approx(0.95992, abs=5e-5)
    assert values["energy"] == pytest.approx(-1.28537, abs=2e-5)
    assert values["gap"] == pytest.approx(0.13913, abs=2e-5)
    point = DensityEvolution(PLANTED, 0.5).solve(4.0)
    assert point.m == pytest.approx(point.q, abs=1e-4)
    assert point.energy == pytest.approx(-4 / 3 * math.tanh(2), abs=2e-5)
    sampled = population(PLANTED, 0.5, 4.0, np.random.default_rng(0), size=20_000, rounds=45)
    assert sampled.q == pytest.approx(0.95992, abs=1.5e-3)
    assert sampled.gap == pytest.approx(0.13913, abs=0.012)


@pytest.mark.parametrize(
    ("T", "c", "q", "gap"),
    [(0.5, 3, 0.8532, -0.01548), (0.5, 3.2, 0.8944, 0.01053), (0.2, 2.7, 0.8709, -0.00867)],
)
def test_planted_branch_near_the_transition(T, c, q, gap):
    """Check A11."""
    values = evaluate("active-paths/planted", p=3, T=T, c=c).values
    assert values["q"] == pytest.approx(q, abs=5e-4)
    assert values["gap"] == pytest.approx(gap, abs=1e-4)


def test_gap_is_the_integral_of_the_path_gain():
    """Check A19: d gap/d alpha is the mean of ln(1 + t J prod m)."""
    evolution = DensityEvolution(PLANTED, 0.5)
    low, high = evolution.solve(3.0), evolution.solve(3.2)
    slope = (high.gap - low.gap) / (0.2 / 3)
    assert slope == pytest.approx(0.390, abs=0.002)
    assert slope == pytest.approx((low.path_gain + high.path_gain) / 2, rel=0.02)


@pytest.mark.parametrize(
    ("T", "c_d", "c_K", "within"),
    [(0.5, 2.808, 3.122, (0.004, 0.003)), (1.0, 5.039, 5.554, (0.01, 0.006))],
)
def test_thresholds_and_the_jump(T, c_d, c_K, within):
    """Checks A12 and A13 (order of the thresholds)."""
    found = path_thresholds(PLANTED, T)
    assert found.values["c_d"] == pytest.approx(c_d, abs=within[0])
    assert found.values["c_K"] == pytest.approx(c_K, abs=within[1])
    evolution = DensityEvolution(PLANTED, T)
    assert evolution.solve(c_d + 0.02).q > 0.65 and evolution.solve(c_d - 0.05).q < 1e-6
    crossing = evaluate("active-paths/paramagnet", p=3, T=T, c=1).values["c_s0"]
    assert found.values["c_d"] < found.values["c_K"] < crossing


TABLE = [
    (3, 0.2, 2.458, 2.7556),
    (3, 0.3, 2.494, 2.7894),
    (4, 0.5, 3.585, 4.4658),
    (4, 1.0, 6.619, 8.107),
    (5, 0.5, 4.105, 5.689),
    (6, 0.5, 4.496, 6.870),
]


@pytest.mark.parametrize(("p", "T", "c_d", "c_K"), TABLE)
def test_table_of_thresholds(p, T, c_d, c_K):
    values = evaluate("active-paths/thresholds", p=p, T=T).values
    assert values["c_d"] == pytest.approx(c_d, abs=0.003)
    assert values["c_K"] == pytest.approx(c_K, abs=0.003)
    assert values["c_K"] < evaluate("active-paths/paramagnet", p=p, T=T, c=1).values["c_s0"]


def test_entropy_crossing_of_the_paramagnet():
    """Check A13."""
    for T, capacity in ((0.5, 0.870020725), (1.0, 0.472934659)):
        value = evaluate("active-paths/paramagnet", p=3, T=T, c=1).values["c_s0"]
        assert value == pytest.approx(3 / capacity, abs=1e-5)
        assert 3 / value == pytest.approx(capacity, abs=1e-9)


def test_regular_degrees():
    """Check A14: every weight in four paths."""
    dynamic, static = critical_temperatures(3, 4, (0.6, 0.8), step=0.05)
    assert dynamic == pytest.approx(0.7527, abs=0.002)
    assert static == pytest.approx(0.6545, abs=0.001)
    with pytest.raises(NoThreshold, match="another bracket"):
        critical_temperatures(3, 4, (0.9, 1.0), step=0.2)


@pytest.mark.parametrize(("ratio", "q"), [(0.95, 0.0), (1.1, 0.112), (1.2, 0.220)])
def test_two_layers_have_a_continuous_onset(ratio, q):
    """Check A15: p = 2, onset at c t^2 = 1."""
    c = ratio / math.tanh(1) ** 2
    assert DensityEvolution(path_ensemble(2), 1.0).solve(c, tolerance=1e-8).q == pytest.approx(
        q, abs=0.01 if q else 0.005
    )
    with pytest.raises(NoThreshold, match="continuous"):
        branch_end(DensityEvolution(path_ensemble(2), 1.0))


def test_replica_symmetric_glass_has_negative_entropy():
    """Check A16 at T = 0.2, and the branch at T = 0.5."""
    glass = path_ensemble(3, "glass")
    point = DensityEvolution(glass, 0.2).solve(3.9)
    assert (point.q, point.gap, point.entropy) == pytest.approx((0.7898, 0.0056, -0.069), abs=0.003)
    assert not point.physical and "unphysical" in str(point)
    assert DensityEvolution(PLANTED, 0.5).solve(3.0).physical
    evolution = DensityEvolution(glass, 0.5)
    end, _ = branch_end(evolution)
    crossing = transition_point(evolution, end)
    assert end.c == pytest.approx(4.898, abs=0.01) and crossing.c == pytest.approx(5.250, abs=0.005)
    assert crossing.q == pytest.approx(0.640, abs=0.002) and crossing.entropy == pytest.approx(
        -0.153, abs=0.002
    )


def test_ferromagnetic_couplings_have_a_first_order_point():
    found = path_thresholds(path_ensemble(3, "ferro"), 0.5)
    assert found.values["c_d"] == pytest.approx(2.517, abs=0.002)
    assert found.values["c_K"] == pytest.approx(2.8285, abs=0.001)
    assert found.transition.energy == pytest.approx(-0.9326, abs=0.001)
    assert -found.transition.c / 3 * math.tanh(2) == pytest.approx(-0.9089, abs=0.001)


def test_ground_states_of_the_replica_symmetric_glass():
    """Check A16 at T = 0: integer fields in closed form, and fields of any size in a population."""
    points = integer_glass_points(integer_glass(3))
    assert points["c_RS"] == pytest.approx(3.50046, abs=1e-4) and points["x_RS"] == pytest.approx(
        0.520428, abs=1e-4
    )
    assert points["c_f"] == pytest.approx(3.88592, abs=1e-4) and points[
        "energy_f"
    ] == pytest.approx(-1.29531, abs=1e-4)
    rng = np.random.default_rng(1)
    spread = ground_state_population(3, 3.9, rng, size=6000, rounds=160)
    whole = ground_state_population(3, 3.9, rng, spread=0.0, size=6000, rounds=80, measured=40)
    melted = ground_state_population(3, 3.3, rng, size=3000, rounds=250, measured=20)
    assert spread.energy == pytest.approx(-1.262, abs=0.01) and whole.energy == pytest.approx(
        -1.297, abs=0.01
    )
    assert melted.polarised < 0.01 and melted.energy == pytest.approx(-1.1, abs=1e-3)


def test_one_step_of_replica_symmetry_breaking():
    """Check A20: x = 1 is the planted ensemble; at c = 4 the complexity changes sign between x =
    0.58 and 0.72.
    """
    glass, rng = path_ensemble(3, "glass"), np.random.default_rng(2)
    at_one = one_step_population(glass, 0.5, 3.0, 1.0, rng, size=300, rounds=40)
    assert at_one.q1 == pytest.approx(0.853, abs=0.02) and abs(at_one.phi_gap) < 0.008
    assert at_one.complexity == pytest.approx(0.0155, abs=0.02)
    low, high = (
        one_step_population(glass, 0.5, 4.0, x, rng, size=300, rounds=30) for x in (0.5, 0.78)
    )
    assert low.complexity > 0 > high.complexity


def test_zero_temperature_thresholds():
    """Check A7."""
    for p, c_d, x_d, c_s, x_s in (
        (3, 2.455407, 0.715332, 2.753806, 0.883414),
        (4, 3.089119, 0.8510, 3.907081, 0.9725),
    ):
        values = evaluate("active-paths/zero-temperature", p=p).values
        assert (values["c_d"], values["c_s"]) == pytest.approx((c_d, c_s), abs=1e-5)
        assert (values["x_d"], values["x_s"]) == pytest.approx((x_d, x_s), abs=1e-4)
        assert values["c_d"] / p == pytest.approx({3: 0.818469, 4: 0.772280}[p], abs=1e-6)
    assert (
        evaluate("active-paths/zero-temperature", p=3, digits=30).values["c_s"]
        == "2.75380582997425804054632368470"
    )


def test_layered_zero_temperature():
    """Check A9, and equal layers against uniform paths."""
    values = evaluate("active-paths/zero-temperature", degrees=[2, 3, 6]).values
    assert values["x"] == pytest.approx([0.837205, 0.916800, 0.990001], abs=1e-6)
    assert frozen_layer_fractions(frozen_layers([3, 3, 3])) == pytest.approx(
        [0.921891] * 3, abs=1e-6
    )
    equal = frozen_layer_thresholds(frozen_layers([7, 7, 7]))
    assert equal["c_d"] == pytest.approx([2.455407] * 3, abs=1e-6) and equal[
        "c_s"
    ] == pytest.approx([2.753806] * 3, abs=1e-6)


def test_layers_at_finite_temperature():
    """Equal layers are the uniform ensemble; unequal ones freeze at low temperature as the closed
    form says; unsettled runs say so.
    """
    uniform, layered = (
        DensityEvolution(PLANTED, 0.5).solve(3.2),
        layered_branch(PLANTED, 0.5, [3.2, 3.2, 3.2]),
    )
    assert layered.q == pytest.approx([uniform.q] * 3, abs=1e-8)
    assert layered.gap * 3.2 / 3 == pytest.approx(
        uniform.gap, abs=1e-8
    ) and layered.energy * 3.2 / 3 == pytest.approx(uniform.energy, abs=1e-8)
    cold = layered_branch(PLANTED, 0.1, [2, 3, 6], step=0.2)
    assert cold.q == pytest.approx([0.837205, 0.916800, 0.990001], abs=2e-3)
    assert not layered_branch(PLANTED, 0.5, [3, 3, 3], most=3).converged
    with pytest.raises(ValueError, match="p = 3 layers"):
        layered_branch(PLANTED, 0.5, [3, 3])


@pytest.mark.parametrize(
    ("p", "T", "c0", "rho_K", "rho_d"),
    [
        (3, 0.5, 6, 0.2786, 0.3159),
        (3, 1, 8, 0.1668, 0.2063),
        (4, 0.5, 10, 0.2356, 0.2896),
        (6, 0.5, 10, 0.0723, 0.1478),
    ],
)
def test_critical_removal(p, T, c0, rho_K, rho_d):
    values = evaluate("active-paths/critical-removal", p=p, T=T, c0=c0).values
    assert (values["rho_K"], values["rho_d"]) == pytest.approx((rho_K, rho_d), abs=3e-4)


def test_answers_say_when_there_is_nothing():
    assert evaluate("active-paths/planted", p=3, T=0.5, c=2).answer.status == "none"
    assert evaluate("active-paths/thresholds", p=2, T=1).answer.status == "none"
    assert evaluate("active-paths/critical-removal", p=3, T=0.5, c0=2).answer.status == "none"
    partial = evaluate("active-paths/critical-removal", p=3, T=0.5, c0=3).values
    assert partial["rho_K"] is None and 0 < partial["rho_d"] < 1


def test_unsettled_density_evolution_is_reported():
    point = DensityEvolution(PLANTED, 0.5).solve(2.82, most=5)
    assert (
        not point.converged
        and point.iterations == 5
        and point.residual > 0
        and "NOT converged" in str(point)
    )


def test_bethe_result():
    values = evaluate(
        "active-paths/bethe",
        paths=[[0, 1, 2], [2, 3, 4], [4, 5, 0]],
        J=[1, 1, -1],
        theta=[0.3, -0.2, 0.5, 0.1, -0.4, 0.2],
        beta=0.9,
    ).values
    assert values["log_z"] == pytest.approx(5.506186170744, abs=1e-9)
    assert values["exact_log_z"] == pytest.approx(5.507099139386, abs=1e-9)
    wide = [[3 * k, 3 * k + 1, 3 * k + 2] for k in range(9)]
    apart = evaluate("active-paths/bethe", paths=wide, beta=1).values["exact_log_z"]
    assert apart == pytest.approx(27 * np.log(2) + 9 * np.log(np.cosh(1)), rel=1e-14)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("planted", {"p": 3, "T": 0, "c": 4}, "zero-temperature"),
        ("planted", {"p": 3, "T": -1, "c": 4}, "positive finite"),
        ("planted", {"p": 1, "T": 1, "c": 4}, "at least 2"),
        ("planted", {"p": 3, "T": 1, "c": -1}, "must be a number of at least 0, got -1"),
        ("planted", {"p": 3, "T": 1, "c": 4, "digits": 5}, "no digits"),
        (
            "critical-removal",
            {"p": 3, "T": 1, "c0": 4, "protocol": "units"},
            "one of weights, paths",
        ),
        ("zero-temperature", {}, "give either p or the degrees"),
        ("zero-temperature", {"p": 3, "degrees": [1, 2, 3]}, "give either p or the degrees"),
        ("zero-temperature", {"degrees": [1, -2]}, "positive numbers"),
        ("bethe", {"paths": [[0, 1, 1]], "beta": 1}, "uses one weight twice"),
        ("bethe", {"paths": [[0, 1], [1, 2, 3]], "beta": 1}, "same number of weights"),
        ("bethe", {"paths": [[0, 1]], "J": [1, 2], "beta": 1}, "needs 1 entries"),
        ("bethe", {"paths": [[0, 1]], "beta": 0}, "must be a number above 0, got 0"),
    ],
)
def test_bad_parameters_are_refused(name, parameters, message):
    digits = parameters.pop("digits", None)
    with pytest.raises(ValueError, match=message):
        evaluate(f"active-paths/{name}", parameters, digits=digits)


def test_grids_and_populations_that_are_too_small_are_refused():
    with pytest.raises(GridTooSmall, match="cannot resolve"):
        DensityEvolution(PLANTED, 2.0, step=0.3)
    with pytest.raises(GridTooSmall, match="largest_degree"):
        DensityEvolution(PLANTED, 1.0, largest_degree=5).solve(9.0)
    with pytest.raises(PopulationTooSmall, match="accuracy"):
        population(PLANTED, 0.5, 4.0, np.random.default_rng(0), size=1000, accuracy=1e-5)
    with pytest.raises(PopulationTooSmall, match="at least 100"):
        ground_state_population(3, 4.0, np.random.default_rng(0), size=50)
    with pytest.raises(ValueError, match="Parisi"):
        one_step_population(path_ensemble(3, "glass"), 0.5, 4.0, 0.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="zero or positive"):
        DensityEvolution(PLANTED, 1.0).solve(-1.0)
    with pytest.raises(ValueError, match="too cold"):
        DensityEvolution(PLANTED, 0.02)
    with pytest.raises(GridTooSmall, match="grid points"):
        DensityEvolution(PLANTED, 20.0, step=0.002)
    with pytest.raises(ValueError, match="positive temperature"):
        DensityEvolution(PLANTED, 0.0)


@pytest.mark.parametrize(
    "claim",
    [claim for claim in CLAIMS if "tree" in claim.id or "paramagnet" in claim.id],
    ids=lambda claim: claim.id,
)
def test_exact_claims_agree_and_refute_their_mutants(claim):
    assert str(claim.check().verdict) == "agrees"
