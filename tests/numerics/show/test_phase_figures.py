"""Phase diagrams: the lines are where theory says, and the simulated points change across them."""

import numpy as np
import pytest
from sympy import oo

from neurenorm.graphs import diamond
from neurenorm.numerics.show.phase_figures import phase_diagram
from neurenorm.theory.active_paths.ensemble import path_ensemble
from neurenorm.theory.dynamic_neurons.wide import wide_binary
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import WideLimit


def place_on(line, height):
    """Where a line passes a height."""
    return float(np.interp(height, line.y, line.x))


def test_a_wide_network_forgets_below_the_edge_of_chaos_and_tells_apart_above():
    plane = phase_diagram(
        WideLimit(activation("tanh")), sw2=[1.0, 4.0], sb2=[0.1, 0.3], networks=10
    )
    (edge,) = plane.lines
    assert place_on(edge, 0.05) == pytest.approx(1.7603, abs=2e-3)
    ordered = plane.points.x < np.array([place_on(edge, y) for y in plane.points.y])
    assert ordered.tolist() == [True, True, False, False]
    assert np.all(plane.points.value[ordered] > 0.999)
    assert np.all(plane.points.value[~ordered] < 0.6)


def test_a_rectifier_has_a_vertical_line_and_an_own_function_is_simulated_too():
    plane = phase_diagram(
        WideLimit(activation("relu")), sw2=[1.0, 3.0], sb2=[0.1], width=20, depth=3, networks=3
    )
    assert plane.lines[0].x.tolist() == [2, 2]
    own = phase_diagram(
        WideLimit(activation("z/2")), sw2=[1.0], sb2=[0.1], width=20, depth=30, networks=3
    )
    assert own.points.value[0] > 0.99
    assert own.lines == ()


def test_binary_layers_follow_the_stable_mean_on_both_sides_of_the_critical_gain():
    plane = phase_diagram(wide_binary(), gains=[0.6, 1.6, 2.2], width=301, depth=30, networks=40)
    stable, critical = plane.lines
    assert critical.x[0] == pytest.approx(np.sqrt(np.pi / 2))
    expected = np.interp(plane.points.x, stable.x, stable.y)
    assert expected[0] < 1e-6
    assert np.all(expected[1:] > 0.7)
    np.testing.assert_allclose(plane.points.value[1:], expected[1:], atol=0.02)
    assert plane.points.value[0] < 3 / np.sqrt(301)


def test_a_planted_state_survives_to_the_right_of_its_line_only():
    plane = phase_diagram(path_ensemble(3), degrees=[2.0, 8.0], temperatures=[0.5, 0.8], neurons=16)
    appear = plane.lines[0]
    assert place_on(plane.lines[1], 0.0) == pytest.approx(2.7538, abs=1e-3)
    for c, T, overlap in zip(plane.points.x, plane.points.y, plane.points.value, strict=True):
        assert (overlap > 0.9) == (c > np.interp(T, appear.y, appear.x))


def test_it_draws_itself_with_labels():
    pytest.importorskip("matplotlib").use("Agg")
    plane = phase_diagram(wide_binary(), gains=[1.0, 2.0], width=21, depth=3, networks=5)
    axes = plane.plot()
    assert "gain" in axes.get_xlabel()
    assert plane._repr_svg_().count("</svg>") == 1
    plane = phase_diagram(
        WideLimit(activation("tanh")), sw2=[1.0], sb2=[0.1], width=9, depth=2, networks=3
    )
    assert "correlation" in plane.plot().figure.axes[1].get_ylabel()


@pytest.mark.parametrize(
    ("system", "options", "error", "message"),
    [
        (
            diamond(),
            {},
            TypeError,
            "no phase diagram for a TwoTerminalCell: give one of WideLimit, WideBinary, "
            "PathEnsemble",
        ),
        (wide_binary(11), {}, ValueError, "finite width 11 have no transition"),
        (wide_binary(oo), {"gains": []}, ValueError, "gains must be a list of finite numbers"),
        (wide_binary(oo), {"gains": [-1.0]}, ValueError, "not negative"),
        (wide_binary(oo), {"gains": [1.0], "width": 10}, ValueError, "width must be odd"),
        (
            WideLimit(activation("tanh")),
            {"sw2": [float("nan")]},
            ValueError,
            "sw2 must be a list of finite numbers",
        ),
        (path_ensemble(3, "glass"), {}, ValueError, "need a state to start from"),
        (path_ensemble(3), {"temperatures": [0.0]}, ValueError, "positive, got 0"),
    ],
)
def test_bad_usage_says_what_is_wrong(system, options, error, message):
    with pytest.raises(error, match=message):
        phase_diagram(system, **options)
