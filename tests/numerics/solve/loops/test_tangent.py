"""The tangent kernel at finite width."""

from __future__ import annotations

import pytest

from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.simulation.loops.tangent import (
    scale_invariant_moments,
    scale_invariant_tensors,
)

RATES = {"lam_b": 0.5, "lam_W": 0.7, "Theta1": 0.9}


def last(result, **parameters):
    """The last layer."""
    return {name: rows[-1] for name, rows in evaluate(result, **parameters).values.items()}


def test_tanh():
    found = last("loops/ntk-cumulants", activation="tanh", sw2=2, sb2=0.1, depth=4)
    wanted = {
        "T": 3.41112085,
        "F": 0.91689481,
        "D": -1.03400418,
        "A": 2.98409540,
        "B": 15.92540129,
        "t1": -0.16531610,
    }
    assert found == pytest.approx(wanted, abs=1e-8)
    third = last("loops/ntk-cumulants", activation="tanh", sw2=2, sb2=0.1, depth=3)
    assert third["t1"] == pytest.approx(-0.1242011877, abs=1e-10)


def test_other_rates():
    found = last(
        "loops/ntk-cumulants", activation="sin", sw2=1.5, sb2=0.1, K1=0.8, depth=3, **RATES
    )
    assert found["t1"] == pytest.approx(-0.0379858606, abs=1e-10)
    shifted = {"activation": "tanh(z+1/2)", "sw2": 1.6, "sb2": 0.1, "K1": 0.8, **RATES}
    found = last("loops/ntk-cumulants", depth=4, **shifted)
    assert [found[name] for name in "DFA"] == pytest.approx(
        [-0.491909, 0.375978, 1.160676], abs=1e-6
    )
    found = last("loops/differential-ntk", depth=3, **shifted)
    assert list(found.values()) == pytest.approx(
        [-0.769691, -0.417693, -4.874207, 2.584584, 0.741567, 1.144988], abs=1e-6
    )


def test_differentials_of_tanh():
    found = last("loops/differential-ntk", activation="tanh", sw2=2, sb2=0.1, depth=3)
    assert list(found.values()) == pytest.approx(
        [-2.206817, -0.821207, -18.779525, 12.687736, 1.476109, 3.880193], abs=1e-6
    )


@pytest.mark.parametrize(
    ("activation", "sw2", "share", "wanted"),
    [("linear", 1, 1.0, [20, 10, 60, 30]), ("relu", 2, 0.5, [60, 20, 220, 60])],
)
def test_scale_invariant(activation, sw2, share, wanted):
    found = last("loops/ntk-cumulants", activation=activation, sw2=sw2, sb2=0, depth=5)
    assert [found[name] for name in "DFAB"] == pytest.approx(wanted, rel=1e-9)
    assert scale_invariant_tensors(share, 5).tolist() == pytest.approx(wanted, rel=1e-6)
    assert found["t1"] == pytest.approx(0, abs=1e-9)


def test_linear_differentials():
    found = last("loops/differential-ntk", activation="linear", sw2=1, sb2=0, depth=5)
    assert list(found.values()) == pytest.approx([0, 20, 0, 50, 50, 0], abs=1e-9)


def test_sine_of_unit_variance():
    found = last("loops/ntk-cumulants", activation="sin", sw2=1, sb2=0, depth=6)
    assert [found["T"], found["A"], found["D"]] == pytest.approx([1, 0, 0], abs=1e-11)
    wanted = [0.177806, 3.687302, -0.579240]
    assert [found["F"], found["A"] + 2 * found["B"], found["t1"]] == pytest.approx(wanted, abs=1e-6)


def test_pairs():
    kernels = {"Kaa": 1, "Kbb": 0.7, "Kab": 0.4, "Taa": 0.9, "Tbb": 0.6, "Tab": 0.3}
    found = evaluate(
        "loops/pair-tangent",
        activation="tanh",
        sw2=2,
        sb2=0.1,
        depth=3,
        lam_b=0.5,
        lam_W=0.7,
        **kernels,
    ).values
    d, f, a, b = (found[name] for name in "DFAB")
    wanted = [
        (found["t1"][0][1], 0.05957042),
        (d[0][1][0][1], 0.15335466),
        (d[0][0][1][1], -0.10279342),
        (f[0][0][1][1], 1.25555173),
        (f[0][1][0][1], 0.08610887),
        (a[0][1][0][1], 0.39156120),
        (b[0][1][0][1], 0.90770404),
        (b[0][0][1][1], 2.79893698),
    ]
    for value, right in wanted:
        assert value == pytest.approx(right, abs=1e-8)


@pytest.mark.parametrize("shape", ["tanh(z+1/2)", "sin(2*z)", "z*exp(-z**2/2)", "gelu(z)"])
def test_one_of_two_inputs_is_alone(shape):
    shared = {"activation": shape, "sw2": 1.4, "sb2": 0.2, "depth": 4}
    alone = last("loops/ntk-cumulants", K1=0.8, Theta1=0.8, **shared)
    pair = evaluate("loops/pair-tangent", Kaa=0.8, Kbb=1.3, Kab=0.5, **shared).values
    for name, value in alone.items():
        both = pair[name]
        while isinstance(both, list):
            both = both[0]
        assert both == pytest.approx(value, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("share", "published"), [(0.5, 0.795166), (1.0, 0.242004)])
def test_the_published_variance_at_width_16(share, published):
    found = scale_invariant_moments(share, 16, 4)["own"]
    assert found / 16 - 1 == pytest.approx(published, abs=1e-6)


@pytest.mark.parametrize(
    ("result", "activation", "words"),
    [
        ("loops/differential-ntk", "relu", "phi'' is a delta"),
        ("loops/ntk-cumulants", "sign", "phi' is a delta"),
    ],
)
def test_deltas_are_refused(result, activation, words):
    with pytest.raises(ValueError, match=words):
        evaluate(result, activation=activation, sw2=2, sb2=0, depth=3)
