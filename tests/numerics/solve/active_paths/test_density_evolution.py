"""Grids of fourth order, thresholds with their errors, couplings of random size, and phase diagrams
of random active paths.
"""

import math

import numpy as np
import pytest
from scipy import stats

from neurenorm.graphs.paths import all_paths, random_active_paths, random_hypergraph
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.simulation.active_paths.dynamics import PathMonteCarlo, hysteresis
from neurenorm.numerics.simulation.active_paths.instances import (
    couplings,
    enumerate_weights,
    even_cover_log_partition,
    satisfiable,
)
from neurenorm.numerics.simulation.active_paths.teacher_student import teacher_student
from neurenorm.numerics.solve.active_paths.belief_propagation import belief_propagation
from neurenorm.numerics.solve.active_paths.coupling_quadrature import coupling_nodes
from neurenorm.numerics.solve.active_paths.density_evolution import DensityEvolution
from neurenorm.numerics.solve.active_paths.diagram import path_diagram, removal_diagram
from neurenorm.numerics.solve.active_paths.field_grid import shared_out
from neurenorm.numerics.solve.active_paths.layered_evolution import layered_branch
from neurenorm.numerics.solve.active_paths.populations import ground_state_population, population
from neurenorm.numerics.solve.active_paths.replica_breaking import (
    equilibrium_parisi,
    one_step_population,
)
from neurenorm.numerics.solve.active_paths.thresholds import (
    branch_end,
    critical_temperatures,
    entropy_crossing,
    grid_steps,
    path_thresholds,
    removed_fraction,
)
from neurenorm.numerics.solve.active_paths.zero_temperature import integer_glass_points
from neurenorm.theory.active_paths.couplings import gaussian_sizes
from neurenorm.theory.active_paths.ensemble import critical_removal, path_ensemble, regular_degrees
from neurenorm.theory.active_paths.zero_temperature import frozen_paths, integer_glass
from neurenorm.theory.catalogue import result
from neurenorm.theory.cavity.messages import cavity_equations
from neurenorm.theory.document import entry_text
from neurenorm.theory.symbols import symbols

NETWORK = all_paths((2, 2, 2, 2))
PLANTED = path_ensemble(3)
GAUSS = path_ensemble(3, sizes=gaussian_sizes())


def test_points_are_shared_out_with_their_first_three_moments():
    positions = np.random.default_rng(0).uniform(1.0, 8.0, 40)
    shares = shared_out(positions, 12).even.toarray()
    for power in range(4):
        assert np.arange(12.0) ** power @ shares == pytest.approx(positions**power, rel=1e-12)


def test_shares_beyond_zero_go_to_their_mirror_image():
    """An even function is averaged with the even part, an odd one with the odd part: both to the
    fourth order near zero.
    """
    step = 0.02
    table = shared_out(np.array([0.3, 0.7]), 6)
    grid, points = np.arange(6) * step, np.array([0.3, 0.7]) * step
    assert np.cosh(grid) @ table.even.toarray() == pytest.approx(np.cosh(points), abs=1e-7)
    assert np.sinh(grid) @ table.odd.toarray() == pytest.approx(np.sinh(points), abs=1e-7)


@pytest.mark.parametrize("T", [0.5, 3.0])
def test_the_error_falls_with_the_fourth_power_of_the_step(T):
    c = {0.5: 3.2, 3.0: 40.0}[T]
    gaps = [
        DensityEvolution(PLANTED, T, step / T if T > 1 else step).solve(c).gap
        for step in (0.2, 0.1, 0.05)
    ]
    assert 10 < (gaps[0] - gaps[1]) / (gaps[1] - gaps[2]) < 24


@pytest.mark.parametrize(("p", "T"), [(3, 0.3), (3, 1.0), (6, 0.5), (3, 3.0)])
def test_thresholds_stay_within_their_stated_errors(p, T):
    """Against grids twice as fine; every error is below the promised 0.002."""
    found, finer = (
        path_thresholds(path_ensemble(p), T, step)
        for step in (None, 0.5 * 0.1 * min(1.0, T ** (-2 / 3)))
    )
    for name, value in found.values.items():
        assert abs(value - finer.values[name]) <= found.errors[name] <= 2e-3
    assert found.values["c_d"] < found.values["c_K"] < entropy_crossing(path_ensemble(p), T)


def end_by_iteration(ensemble, T, step, near):
    """The tangency without `at_overlap`: stable solutions at degrees that close on the end, by
    plain iteration, and where dc/dq vanishes beyond them.
    """
    evolution, law, rows = DensityEvolution(ensemble, T, step, largest_degree=2 * near), None, []
    for distance in np.linspace(0.25, 0.02, 10):
        point = evolution.solve(near + distance**2, law=law)
        assert point.converged
        law = point.law
        rows.append((point.q, point.c))
    q, c = np.array(rows).T
    branch = np.polynomial.Polynomial.fit(q, c, 7)
    end = max(
        root.real
        for root in branch.deriv().roots()
        if abs(root.imag) < 1e-9 and root.real < q.min()
    )
    return end, branch(end)


@pytest.mark.parametrize(
    ("p", "disorder", "T"),
    [
        (3, "planted", 0.7),
        (3, "ferro", 0.85),
        (3, "planted", 0.45),
        (4, "planted", 1.0),
        (5, "ferro", 0.6),
    ],
)
def test_the_end_of_the_branch_is_where_iterated_solutions_turn(p, disorder, T):
    ensemble, step = path_ensemble(p, disorder), grid_steps(T)[0]
    near = path_thresholds(ensemble, T).values["c_d"]
    end, error = branch_end(DensityEvolution(ensemble, T, step, largest_degree=2 * near))
    q, c = end_by_iteration(ensemble, T, step, end.c)
    assert (end.q, end.c) == (
        pytest.approx(q, abs=1e-5),
        pytest.approx(c, abs=1e-6),
    ) and error < 1e-5


@pytest.mark.parametrize(
    ("disorder", "T", "c_d", "q_d"),
    [("planted", 0.7, None, 0.705550), ("ferro", 0.85, 2.811630, 0.582583)],
)
def test_overlaps_at_the_end_hold_their_errors(disorder, T, c_d, q_d):
    found = evaluate("active-paths/thresholds", p=3, T=T, disorder=disorder)
    assert abs(found.values["q_d"] - q_d) < found.answer.errors["q_d"] + 5e-7 < 2e-5
    assert c_d is None or abs(found.values["c_d"] - c_d) < found.answer.errors["c_d"]


def test_hot_thresholds():
    """The last rows of the table at p = 3: T = 1.5 and 2, and the scaling with T^2 beyond."""
    for T, c_d, c_K in ((1.5, 9.025, 9.915), (2.0, 14.658, 16.081)):
        values = path_thresholds(PLANTED, T).values
        assert values["c_d"] == pytest.approx(c_d, abs=0.006) and values["c_K"] == pytest.approx(
            c_K, abs=0.006
        )


def test_many_weights_per_path_meet_the_entropy_crossing():
    """With p large the transition approaches the degree at which the paramagnet's entropy vanishes,
    from below.
    """
    ensemble = path_ensemble(16)
    found, bound = path_thresholds(ensemble, 1.0), entropy_crossing(ensemble, 1.0)
    assert bound - 1e-3 < found.values["c_K"] < bound


def test_nodes_of_gaussian_couplings_average_smooth_functions():
    for beta in (0.5, 2.0, 5.0):
        nodes, shares = coupling_nodes(gaussian_sizes(), beta)
        assert shares @ nodes**2 == pytest.approx(
            1, abs=1e-7
        ) and shares @ nodes**4 == pytest.approx(3, abs=1e-5)
        mean = stats.norm.expect(
            lambda z, b=beta: np.log(np.cosh(b * z)), lb=-12, ub=12, epsabs=1e-10
        )
        assert shares @ np.log(np.cosh(beta * nodes)) == pytest.approx(mean, abs=2e-6)


def test_gaussian_branch_obeys_the_identities_of_planted_couplings():
    """Mean and mean square of the magnetisation agree, the energy is that of the paramagnet, and
    the gap grows by the mean path gain.
    """
    evolution = DensityEvolution(GAUSS, 0.5, 0.05)
    low, point, high = (evolution.solve(c) for c in (5.9, 6.0, 6.1))
    assert point.m == pytest.approx(point.q, abs=1e-6)
    free = evaluate("active-paths/paramagnet", p=3, T=0.5, c=6, couplings="gauss").values
    assert point.energy == pytest.approx(free["energy"], abs=1e-5)
    assert (high.gap - low.gap) / (0.2 / 3) == pytest.approx(point.path_gain, rel=1e-3)


def test_gaussian_population_beside_the_grid():
    rng = np.random.default_rng(3)
    for ensemble, c in ((GAUSS, 6.0), (path_ensemble(3, "glass", sizes=gaussian_sizes()), 9.0)):
        grid = DensityEvolution(ensemble, 0.5).solve(c)
        sampled = population(ensemble, 0.5, c, rng, size=20_000, rounds=50)
        assert sampled.q == pytest.approx(grid.q, abs=0.006) and sampled.gap == pytest.approx(
            grid.gap, abs=0.02
        )


def test_gaussian_glass_at_zero_temperature_is_the_limit_of_cold_ones():
    glass = path_ensemble(3, "glass", sizes=gaussian_sizes())
    cold = [DensityEvolution(glass, T, 0.1).solve(9.0).energy for T in (0.36, 0.5)]
    limit = cold[0] + (cold[0] - cold[1]) * 0.36**2 / (0.5**2 - 0.36**2)
    found = ground_state_population(
        3, 9.0, np.random.default_rng(5), size=5000, rounds=90, measured=40, sizes=gaussian_sizes()
    )
    assert found.energy == pytest.approx(limit, abs=0.03) and found.polarised > 0.3


def test_equilibrium_parisi_parameter():
    """Check A20 at a small size: at T = 1/2 and c = 4 the complexity vanishes near x = 0.64 (200
    states shift it to about 0.70).
    """
    glass = path_ensemble(3, "glass")
    x, error = equilibrium_parisi(
        glass,
        0.5,
        4.0,
        np.random.default_rng(0),
        size=200,
        states=200,
        rounds=30,
        measured=15,
        points=6,
    )
    assert 0.5 < x < 0.85 and 0 < error < 0.08 and abs(x - 0.68) < 0.12


def test_options_on_the_catalogue():
    glass = evaluate("active-paths/thresholds", p=3, T=0.5, disorder="glass")
    assert glass.values["c_d"] == pytest.approx(4.898, abs=0.005) and glass.values[
        "c_K"
    ] == pytest.approx(5.250, abs=0.003)
    assert "unphysical" in glass.answer.reason
    tied = evaluate("active-paths/thresholds", p=3, T=0.5, disorder="ferro").values
    assert (tied["c_d"], tied["c_K"]) == pytest.approx((2.517, 2.8285), abs=1e-3)
    gauss = evaluate("active-paths/critical-removal", p=3, T=0.5, c0=8, couplings="gauss").values
    degree = evaluate("active-paths/thresholds", p=3, T=0.5, couplings="gauss").values["c_K"]
    assert gauss["rho_K"] == pytest.approx(1 - math.sqrt(degree / 8), abs=1e-9)


def test_entropy_of_the_gaussian_paramagnet_vanishes_at_its_crossing():
    c = evaluate("active-paths/paramagnet", p=3, T=1, c=1, couplings="gauss").values["c_s0"]
    assert evaluate(
        "active-paths/paramagnet", {"p": 3, "T": 1, "c": c, "couplings": "gauss"}
    ).values["entropy"] == pytest.approx(0, abs=1e-12)


def test_phase_diagram_over_temperature_and_depth():
    diagram = path_diagram(PLANTED, [0, 0.5, 1])
    assert diagram.c_d == pytest.approx([2.455407, 2.808, 5.039], abs=0.004)
    assert diagram.c_K == pytest.approx([2.753806, 3.122, 5.554], abs=0.003)
    assert (diagram.c_K < diagram.c_s0).all() and diagram.physical.all()
    removal = removal_diagram([3, 4, 5, 6], [0.5], 10.0)
    assert removal.rho_K[:, 0] == pytest.approx([0.4412, 0.2356, 0.1315, 0.0723], abs=3e-4)
    assert removal.rho_d[:, 0] == pytest.approx([0.4701, 0.2896, 0.1996, 0.1478], abs=3e-4)
    assert (
        removal.glass.all()
        and max(removal.errors["rho_K"].max(), removal.errors["rho_d"].max()) < 1e-4
    )


def test_removals_at_zero_temperature_and_from_a_paramagnet():
    cold = removal_diagram([3], [0], 6.0)
    assert (cold.rho_K[0, 0], cold.rho_d[0, 0]) == pytest.approx((0.3225, 0.3603), abs=1e-4)
    hot = removal_diagram([3], [1.0], 5.2, protocol="paths")
    assert not hot.glass[0, 0] and hot.states[0, 0] and hot.rho_K[0, 0] == 0 < hot.rho_d[0, 0]


def test_planted_signs_with_gaussian_sizes_obey_the_law_that_is_stated():
    mean = compiled(GAUSS.coupling_mean, [symbols("active-paths").t])
    assert mean(np.tanh(2.0)) == pytest.approx(np.tanh(2.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: path_thresholds(PLANTED, 1000.0), "too hot"),
        (lambda: path_thresholds(PLANTED, 0.0), "positive temperature"),
        (lambda: DensityEvolution(PLANTED, 1.0, largest_degree=1e8), "smaller mean degree"),
        (
            lambda: DensityEvolution(path_ensemble(3, "glass", sizes=gaussian_sizes()), 0.2),
            "too cold",
        ),
        (lambda: path_diagram(path_ensemble(2), [1.0]), "continuous"),
        (lambda: path_diagram(path_ensemble(3, "glass"), [0.0]), "planted signs only"),
        (lambda: path_diagram(PLANTED, [-1.0]), "not negative"),
        (lambda: removal_diagram([3], [1.0], -2.0), "positive and finite"),
        (lambda: removal_diagram([3], [1.0], 8.0, protocol="units"), "one of weights, paths"),
        (lambda: population(PLANTED, 0.5, -1.0, np.random.default_rng(0)), "zero or positive"),
        (lambda: population(PLANTED, 0.01, 1.0, np.random.default_rng(0)), "at least 1/17"),
        (
            lambda: one_step_population(PLANTED, 0.5, 3.0, 1.0, np.random.default_rng(0)),
            "not for planted",
        ),
        (lambda: ground_state_population(1, 3.0, np.random.default_rng(0)), "at least p = 2"),
        (
            lambda: evaluate("active-paths/bethe", {"paths": [[0, 10**9]], "beta": 1}),
            "at most 999999",
        ),
        (
            lambda: evaluate("active-paths/thresholds", {"p": 3, "T": 1, "couplings": "cauchy"}),
            "one of signs, gauss",
        ),
        (
            lambda: evaluate("active-paths/thresholds", {"p": 3, "T": 1, "disorder": "spin"}),
            "one of glass, planted, ferro",
        ),
        (
            lambda: hysteresis(
                NETWORK, np.ones(16), 1.0, np.ones(12), [1.0], np.random.default_rng(0)
            ),
            "below 1",
        ),
        (
            lambda: hysteresis(
                NETWORK, np.ones(16), 1.0, np.ones(12), [], np.random.default_rng(0)
            ),
            "below 1",
        ),
        (
            lambda: hysteresis(
                NETWORK, np.ones(16), 1.0, np.ones(12), [0.5], np.random.default_rng(0), measured=0
            ),
            "1 to measure",
        ),
        (
            lambda: PathMonteCarlo(NETWORK, np.ones(3), 1.0, np.ones(12), np.random.default_rng(0)),
            "each of the 16 paths",
        ),
        (
            lambda: PathMonteCarlo(
                NETWORK, np.ones(16), math.nan, np.ones(12), np.random.default_rng(0)
            ),
            "positive and finite",
        ),
        (lambda: enumerate_weights(NETWORK.members, 12, np.ones(16), math.nan), "finite numbers"),
        (
            lambda: enumerate_weights(NETWORK.members, 12, np.ones(3), 1.0),
            "one coupling for each of 16",
        ),
        (lambda: enumerate_weights(NETWORK.members, 5, np.ones(16), 1.0), "numbered 0 to 4"),
        (lambda: satisfiable([(0, 1)], 2, [1, 1]), "one coupling for each of 1"),
        (
            lambda: couplings(
                NETWORK, "planted", np.random.default_rng(0), beta=1.0, hidden=np.ones(3)
            ),
            "each of the 12 weights",
        ),
        (
            lambda: teacher_student((4, 3, 1), 0.2, np.random.default_rng(0), patterns=0),
            "at least 2 patterns",
        ),
        (
            lambda: belief_propagation(cavity_equations(3), NETWORK, np.ones(4), 1.0),
            "one coupling, or 16",
        ),
        (
            lambda: population(PLANTED, 0.5, 4.0, np.random.default_rng(0), rounds=5, measured=20),
            "can be measured",
        ),
        (lambda: removed_fraction(critical_removal(3), 2.0, 0.0), "positive and finite"),
        (lambda: random_hypergraph(10, 3, -1, np.random.default_rng(0)), "cannot be negative"),
        (lambda: all_paths((2.5, 2, 2)), "all integers"),
        (
            lambda: branch_end(DensityEvolution(path_ensemble(2, sizes=gaussian_sizes()), 1.0)),
            "continuous",
        ),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("T", [0.15, 0.12])
def test_cold_thresholds_close_on_those_without_temperature(T: float) -> None:
    """The error of the closed form at T = 0 falls like exp(-2/T), the share of unsatisfied
    paths.
    """
    found = path_thresholds(path_ensemble(3), T).values
    assert abs(found["c_d"] - 2.455407482284128) < 150 * np.exp(-2 / T) + 1e-5
    assert abs(found["c_K"] - 2.753805829974258) < 150 * np.exp(-2 / T) + 1e-5


def test_thresholds_with_gaussian_couplings_tend_to_the_closed_form_without_temperature() -> None:
    """As T falls the paths that are weaker than T go, a share linear in T: three temperatures
    extrapolate quadratically.
    """
    temperatures = np.array([0.06, 0.12, 0.18])
    diagram = path_diagram(path_ensemble(3, sizes=gaussian_sizes()), temperatures)
    limits = [np.polyfit(temperatures, values, 2)[-1] for values in (diagram.c_d, diagram.c_K)]
    assert limits == pytest.approx([2.455407482284128, 2.753805829974258], abs=0.004)


def test_enumeration_refuses_a_path_that_uses_a_weight_twice() -> None:
    with pytest.raises(ValueError, match="one weight twice"):
        enumerate_weights([[0, 0, 2]], 3, [1.0], 1.0)


@pytest.mark.parametrize(
    ("p", "T", "c_d", "c_K"),
    [
        (4, 2.0, 62.847, 70.956),
        (4, 1.5, 37.971, 42.877),
        (5, 0.5, 15.658, 18.285),
        (6, 1.0, 51.037, 61.398),
        (8, 0.5, 41.736, 51.746),
    ],
)
def test_the_replica_symmetric_glass_is_followed_to_large_degrees(
    p: int, T: float, c_d: float, c_K: float
) -> None:
    """Far beyond the entropy crossing; numbers from one grid wide enough for all degrees."""
    found = path_thresholds(path_ensemble(p, "glass"), T)
    assert found.values["c_d"] == pytest.approx(c_d, abs=0.005) and found.values[
        "c_K"
    ] == pytest.approx(c_K, abs=0.006)
    assert not found.transition.physical


def test_an_overlap_beyond_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="larger largest_degree"):
        DensityEvolution(path_ensemble(3), 0.5).at_overlap(0.01)


@pytest.mark.parametrize("last", [6, 10**3, 10**6])
def test_layers_of_very_different_degrees_have_one_end(last: int) -> None:
    """The end of the branch against a scan of the common factor, by iterating the equations."""
    degrees = [1, 2, 3, last]
    found = evaluate("active-paths/zero-temperature", degrees=degrees).values
    factor = found["c_d"][0]
    for scaled, frozen in ((0.9999, False), (1.0001, True)):
        x = np.ones(4)
        for _ in range(60_000):
            x = 1 - np.exp(
                -scaled
                * factor
                * np.array(degrees)
                * np.array([np.prod(np.delete(x, k)) for k in range(4)])
            )
        assert (x.min() > 0.1) == frozen
    assert all(s > d for s, d in zip(found["c_s"], found["c_d"], strict=True))


def test_the_end_of_the_frozen_branch_itself_does_not_settle() -> None:
    critical = evaluate("active-paths/zero-temperature", p=3).values["c_d"]
    found = evaluate("active-paths/zero-temperature", degrees=[critical] * 3)
    assert (
        found.answer.status == "not converged"
        and found.values["x"] is None
        and found.values["c_d"][0] == pytest.approx(critical, rel=1e-12)
    )


@pytest.mark.parametrize("p", [28, 32])
def test_frozen_thresholds_of_long_paths(p: int) -> None:
    """Nearly all weights are frozen at c_s, which closes on p."""
    found = evaluate("active-paths/zero-temperature", p=p).values
    assert found["c_s"] == pytest.approx(p, abs=1e-9) and 1 - found["x_s"] < 2 * math.exp(-p)


def test_gaussian_couplings_in_the_cold_paramagnet() -> None:
    """ln cosh(J/T) tends to |J|/T - ln 2: the energy to -<|J|> c/p, the entropy to ln 2 (1 - c/p) +
    O(T).
    """
    found = evaluate("active-paths/paramagnet", p=3, T=0.001, c=2, couplings="gauss")
    assert found.values["energy"] == pytest.approx(-math.sqrt(2 / math.pi) * 2 / 3, abs=1e-5)
    assert found.values["entropy"] == pytest.approx(math.log(2) / 3, abs=2e-3)


def test_rounding_is_stated_where_fields_contradict_paths() -> None:
    found = evaluate("active-paths/bethe", paths=[[0, 1, 2]], J=-9, theta=10, beta=1)
    assert (
        abs(found.values["log_z"] - found.values["exact_log_z"])
        < found.answer.errors["log_z"]
        < 1e-6
    )
    assert "double precision" in found.answer.reason
    assert (
        evaluate("active-paths/bethe", paths=[[0, 1, 2]], J=1, theta=0.3, beta=1).answer.errors[
            "log_z"
        ]
        < 1e-14
    )


def test_branches_and_removals_name_what_they_are() -> None:
    branches = evaluate("active-paths/planted", p=3, T=0.5, c=3).answer.branches
    assert [(b["branch"], b["stable"]) for b in branches] == [
        ("paramagnet", True),
        ("polarised", False),
    ]
    assert (
        "unphysical"
        in evaluate(
            "active-paths/critical-removal", p=3, T=0.5, c0=8, disorder="glass"
        ).answer.reason
    )


def test_continuous_onsets_have_no_threshold() -> None:
    with pytest.raises(ValueError, match="continuously"):
        integer_glass_points(integer_glass(2))
    with pytest.raises(ValueError, match="continuously"):
        critical_temperatures(2, 4, (0.6, 5.0))


def test_removals_at_zero_temperature_on_the_catalogue() -> None:
    """The removed fractions of the table at p = 3, T = 0, c0 = 6, and of whole paths; below a
    threshold there is none.
    """
    found = evaluate("active-paths/zero-temperature", p=3, c0=6).values
    assert found["rho_K"] == pytest.approx(0.3225, abs=5e-5) and found["rho_d"] == pytest.approx(
        0.3603, abs=5e-5
    )
    paths = evaluate("active-paths/zero-temperature", p=3, c0=6, protocol="paths").values
    assert paths["rho_K"] == pytest.approx(1 - found["c_s"] / 6, rel=1e-12)
    low = evaluate("active-paths/zero-temperature", p=3, c0=2.6)
    assert (
        low.values["rho_K"] is None and low.values["rho_d"] > 0 and "below c_s" in low.answer.reason
    )
    assert (
        len(evaluate("active-paths/zero-temperature", p=3, c0=6, digits=30).values["rho_K"]) >= 30
    )


def test_layers_lose_other_fractions() -> None:
    given = evaluate(
        "active-paths/zero-temperature", degrees=[3, 4, 5], removed=[0.1, 0.05, 0.2]
    ).values
    by_hand = [3 * 0.95 * 0.8, 4 * 0.9 * 0.8, 5 * 0.9 * 0.95]
    direct = evaluate("active-paths/zero-temperature", degrees=by_hand).values
    assert given["x"] == pytest.approx(direct["x"], rel=1e-9)
    network = random_active_paths((60, 60, 60, 60), 18_000, np.random.default_rng(0)).diluted(
        [0.1, 0.3, 0.2], np.random.default_rng(1)
    )
    left = [network.present[layer].mean() for layer in network.layers]
    assert left == pytest.approx([0.9, 0.7, 0.8], abs=0.03)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: evaluate("active-paths/zero-temperature", degrees=[3, 4], removed=[0.1]),
            "each of the 2 layers",
        ),
        (
            lambda: evaluate("active-paths/zero-temperature", p=3, removed=[0.1]),
            "goes with degrees",
        ),
        (lambda: evaluate("active-paths/zero-temperature", degrees=[3, 4, 5], c0=2), "goes with p"),
        (lambda: evaluate("active-paths/zero-temperature", p=3, c0=-1), "positive number"),
        (
            lambda: evaluate("active-paths/zero-temperature", degrees=[3, 4], removed=[0.1, 1]),
            "0 to below 1",
        ),
        (
            lambda: evaluate("active-paths/critical-removal", p=3, T=0, c0=6),
            "with c0 for a removal",
        ),
        (lambda: NETWORK.diluted([0.1, 0.2], np.random.default_rng(0)), "as many layers"),
        (lambda: satisfiable([(0, 1)], 2, [0.5]), r"\+1 or -1"),
        (
            lambda: couplings(
                NETWORK,
                "planted",
                np.random.default_rng(0),
                beta=math.nan,
                hidden=np.ones(NETWORK.size),
            ),
            "finite beta",
        ),
        (
            lambda: couplings(
                NETWORK,
                "planted",
                np.random.default_rng(0),
                beta=1.0,
                hidden=np.zeros(NETWORK.size),
            ),
            r"\+1 or -1",
        ),
        (
            lambda: even_cover_log_partition([(0, 1), (1, 2), (0, 2)], 3, [1, 1, -1], 15.0),
            "cancel beyond double precision",
        ),
        (
            lambda: hysteresis(
                NETWORK, np.ones(3), 1.0, np.ones(NETWORK.size), [0.0], np.random.default_rng(0)
            ),
            "J for each of",
        ),
        (
            lambda: layered_branch(path_ensemble(3, law=regular_degrees(4)), 0.5, [2.0, 4.0, 7.0]),
            "degrees of their own",
        ),
    ],
)
def test_input_that_makes_no_instance_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_even_covers_at_low_temperature() -> None:
    """Without frustration nothing cancels: a triangle at beta = 50 has two ground states of energy
    -3.
    """
    assert even_cover_log_partition([(0, 1), (1, 2), (0, 2)], 3, [1, 1, 1], 50.0) == pytest.approx(
        150 + math.log(2), rel=1e-12
    )


def test_what_is_derived_prints() -> None:
    assert (
        r"\text{ is stable}" in cavity_equations(3).to_latex()
        and "2-core" in frozen_paths(3).to_latex()
    )
    assert "I_{1}" in integer_glass(3).to_latex() and "c_d" in entry_text(
        result("active-paths/thresholds")
    )
