"""Figures of sweeps: which axes they have, what is drawn where, and what is refused."""

import numpy as np
import pytest

pytest.importorskip("xarray")
pytest.importorskip("matplotlib")

import xarray

from neurenorm.numerics.sweep import plot_sweep


def dataset(errors=True, **axes):
    """A dataset as a sweep writes it, whose value counts the points."""
    shape = tuple(len(places) for places in axes.values())
    counted = np.arange(float(np.prod(shape))).reshape(shape)
    about = {"long_name": "mean", "units": "bits"}
    variables = {"m": (tuple(axes), counted, about)}
    if errors:
        variables["m_error"] = (tuple(axes), 0.5 + counted)
    variables["status"] = (tuple(axes), np.full(shape, "sampled", object))
    found = xarray.Dataset(variables, {**axes, "N": 8}, {"id": "demo/one"})
    found[next(iter(axes))].attrs["long_name"] = "coupling"
    return found


def test_one_axis_is_a_curve_with_its_errors_meanings_and_unit():
    axes = plot_sweep(dataset(K=[1.0, 10.0, 100.0]))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("K: coupling", "m: mean [bits]")
    assert axes.get_xscale() == "log" and axes.get_legend() is None
    assert axes.get_title() == "demo/one\nN = 8"
    (curve,) = axes.containers
    np.testing.assert_array_equal(curve.lines[0].get_xydata(), [[1, 0], [10, 1], [100, 2]])
    ends = [segment[:, 1] for segment in curve.lines[2][0].get_segments()]
    np.testing.assert_array_equal(ends, [[-0.5, 0.5], [-0.5, 2.5], [-0.5, 4.5]])
    (bare,) = plot_sweep(dataset(errors=False, K=[1.0, 2.0])).containers
    assert not bare.has_yerr


def test_words_and_short_axes_have_a_curve_for_each_value():
    axes = plot_sweep(dataset(K=[0.0, 1.0, 2.0], activation=["tanh", "relu"]))
    told = axes.get_legend_handles_labels()[1]
    assert told == ["tanh", "relu"] and axes.get_legend().get_title().get_text() == "activation"
    assert axes.containers[1].lines[0].get_ydata().tolist() == [1, 3, 5]
    axes = plot_sweep(dataset(K=range(10), b=[2, 3, 4]))
    assert axes.get_legend_handles_labels()[1] == ["2", "3", "4"]


def test_two_long_axes_are_a_map_without_what_is_infinite():
    found = dataset(K=[*range(7), np.inf], T=np.geomspace(1, 1e6, 7))
    axes = plot_sweep(found)
    (mesh,) = axes.collections
    assert mesh.get_array().shape == (7, 7)
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("K: coupling", "T")
    assert mesh.colorbar.ax.get_ylabel() == "m: mean [bits]"


def test_a_third_axis_is_cut_at_the_nearest_point_or_the_word():
    found = dataset(K=range(4), b=[2, 3], activation=["tanh", "relu"])
    with pytest.raises(ValueError, match="the axes K, b, activation: a figure shows two"):
        plot_sweep(found)
    axes = plot_sweep(found, at={"b": "2.7", "activation": "relu"})
    assert axes.containers[0].lines[0].get_ydata().tolist() == [3, 7, 11, 15]
    assert "b = 3" in axes.get_title()
    with pytest.raises(ValueError, match=r"the axis activation has no 'swish'; it has tanh, relu"):
        plot_sweep(found, at={"activation": "swish"})
    with pytest.raises(ValueError, match=r"m has no axis 'T'; it has K, b, activation"):
        plot_sweep(found, at={"T": 1})


def test_what_is_no_number_is_not_drawn():
    with pytest.raises(ValueError, match="status is not a number, so it cannot be drawn"):
        plot_sweep(dataset(K=[1, 2]), "status")
    with pytest.raises(ValueError, match=r"no value 'x' to draw; there are m$"):
        plot_sweep(dataset(K=[1, 2]), "x")
