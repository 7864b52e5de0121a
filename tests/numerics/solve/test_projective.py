"""All fixed points in several couplings, and the numbers of their exponents."""

from __future__ import annotations

import math
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Symbol, cos

from neurenorm.graphs import diamond, wheatstone
from neurenorm.graphs.lattices import TwoTerminalCell
from neurenorm.numerics.solve.fixed_points import refine
from neurenorm.numerics.solve.positive_maps import PositiveMap
from neurenorm.numerics.solve.projective import couplings_of, weight_fixed_points
from neurenorm.theory.decimation.model import ISING, clock, finite, potts
from neurenorm.theory.decimation.weights import weight_map

J, K, D, Q = Symbol("J"), Symbol("K"), Symbol("Delta"), Symbol("Q")
BEG = {J: lambda s, t: s * t, K: lambda s, t: s**2 * t**2, D: lambda s, t: -(s**2) - t**2}
DILUTE = {
    J: lambda s, t, v: int(s == t and s != v),
    K: lambda s, t, v: int(v not in (s, t)),
    D: lambda s, t, v: -int(s != v) - int(t != v),
}


def clock_bonds(q):
    """Return all cosines of the angle between two hands."""
    return {Symbol(f"K{k}"): lambda s, t, k=k: cos(k * (s - t)) for k in range(1, q // 2 + 1)}


def has_exponents(found, *wanted, tolerance=5e-7):
    """Whether a point has these leading exponents."""
    return any(
        all(
            abs(float(y) - w) < tolerance
            for y, w in zip(p.exponents[: len(wanted)], wanted, strict=True)
        )
        for p in found.points
    )


TRICRITICAL = {
    "diamond": (diamond(), (1.7734689354237, 0.51854351992355, -1.2908337788949)),
    "wheatstone": (wheatstone(), (2.029847, 0.600462, -1.262033)),
    "MK(3)": (diamond(2, 4), (2.074241, 0.839893, -3.084928)),
}


@pytest.mark.parametrize("name", TRICRITICAL)
def test_blume_emery_griffiths_has_eleven_points(name):
    cell, exponents = TRICRITICAL[name]
    found = weight_fixed_points(weight_map(cell, finite([-1, 0, 1]), BEG))
    assert found.complete and len(found.points) == 11
    assert has_exponents(found, *exponents)


def test_the_named_points_of_the_diamond():
    step = weight_map(diamond(), finite([-1, 0, 1]), BEG)
    found = weight_fixed_points(step)
    read = [(p, [float(x) for x in couplings_of(step, p).values()]) for p in found.points]

    def at(*wanted):
        """Return the point with these couplings."""
        return next(
            p for p, g in read if np.allclose(g, wanted, rtol=0, atol=1e-9, equal_nan=False)
        )

    tricritical = at(2.0859259570514647, 0.0709628823769592, 1.037623367722918)
    exponents = (1.7734689354237, 0.51854351992355, -1.2908337788949)
    assert [float(y) for y in tricritical.exponents] == pytest.approx(exponents, abs=1e-12)
    ratio = tricritical.exponents[1] / tricritical.exponents[0]
    assert float(ratio) == pytest.approx(0.292389401114, abs=1e-12)
    potts3 = at(math.log(2), 3 * math.log(2), 2 * math.log(2))
    assert [float(y) for y in potts3.exponents] == pytest.approx(
        (1.867846, 0.830075, 0.547191), abs=1e-6
    )
    gas = next(p for p, g in read if g[0] == pytest.approx(0, abs=1e-12) and 2.4 < g[1] < 2.5)
    assert [float(y) for y in gas.exponents[:2]] == pytest.approx((1.877253, 0.754777), abs=1e-6)
    assert gas.eigenvalues[2].contains(0)
    assert has_exponents(found, 2, 0.747236)
    assert sum(abs(float(p.exponents[0]) - 2) < 1e-12 for p in found.points) == 3


@pytest.mark.parametrize(
    ("q", "count", "exponents"),
    [
        (4, 7, (0.889553, 0.353655)),
        (4, 7, (0.747236, -0.505529)),
        (5, 5, (0.423888, -0.715971)),
        (6, 13, (0.166862, -1.105849)),
        (8, 23, (0.016344, -1.718944)),
    ],
)
def test_clocks(q, count, exponents):
    found = weight_fixed_points(weight_map(diamond(), clock(q), clock_bonds(q)))
    assert found.complete and len(found.points) == count
    assert has_exponents(found, *exponents)


@pytest.mark.parametrize(
    ("q", "exponents"),
    [
        (3, (1.489471, 0.230915)),
        (4, (1.405963, 0.462231)),
        (10, (1.328398, 0.776402)),
        (100, (1.490386, 0.993387)),
    ],
)
def test_dilute_potts_has_no_last_number_of_states(q, exponents):
    step = weight_map(diamond(), potts(Q), DILUTE, vacancies=True)
    found = weight_fixed_points(step, parameters={Q: q + 1})
    assert found.complete and len(found.points) == 11
    assert has_exponents(found, *exponents)


def test_a_point_where_the_step_is_undefined_is_named_and_is_no_fixed_point():
    whole = weight_map(wheatstone(), ISING, {K: lambda s, t: s * t})
    found = weight_fixed_points(replace(whole, mirrored=False))
    assert not found.complete and "0/0 at the weights (0, 1)" in found.message
    assert len(found.points) == 3
    assert all(p.point[1].rad() < 1e-15 for p in found.points)


def test_a_marginal_point_stays_in_doubt_and_is_shown():
    hanging = nx.MultiGraph([("a", "x"), ("x", "y"), ("y", "b"), ("a", "y")])
    step = weight_map(TwoTerminalCell(hanging, ("a", "b")), ISING, {K: lambda s, t: s * t})
    found = weight_fixed_points(step, max_boxes=2000)
    assert not found.complete and len(found.points) == 1
    assert "undecided" in found.message and any(box[1].contains(0) for box in found.undecided)


@settings(deadline=None, max_examples=15, print_blob=True)
@given(
    st.sampled_from([diamond(), wheatstone(), diamond(3, 2), diamond(2, 3)]),
    st.lists(st.integers(0, 2), min_size=6, max_size=6),
)
def test_every_point_is_a_fixed_point_of_the_recursion_and_newton_finds_no_other(cell, values):
    table = {}
    for k, (s, t) in enumerate([(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]):
        table[s, t] = table[t, s] = values[k]
    step = weight_map(cell, finite(range(3)), {K: lambda s, t: table[int(s), int(t)]})
    if not 2 <= len(step.state) <= 4:
        return
    found = weight_fixed_points(step, max_boxes=100_000)
    for point in found.points:
        largest = next(i for i, w in enumerate(point.point) if w == 1)
        system = PositiveMap.of(step, largest, {}).system()
        box = tuple(w for i, w in enumerate(point.point) if i != largest)
        assert all(v.contains(0) for v in system.values(box))
    if found.complete:
        _newton_finds_no_other(step, found)


def _newton_finds_no_other(step, found):
    """Iterate the step itself from random weights: what it tends to is among the points."""
    rng = np.random.default_rng(1)
    for start in rng.random((20, len(step.state))):
        w = start
        for _ in range(60):
            value = np.array(
                [
                    sum(
                        float(c) * math.prod(x**k for x, k in zip(w, powers, strict=True))
                        for powers, c in p.items()
                    )
                    for p in step.polynomials
                ]
            )
            before, w = w, value / value.max()
        if np.abs(w - before).max() < 1e-13:
            places = np.array([[float(x) for x in p.point] for p in found.points])
            assert np.abs(places - w).max(axis=1).min() < 1e-6


def test_the_exponents_do_not_depend_on_the_chart():
    step = weight_map(diamond(), finite([-1, 0, 1]), BEG)
    found = weight_fixed_points(step)
    tricritical = next(p for p in found.points if 1.77 < float(p.exponents[0]) < 1.78)
    other = step.recursion(largest=3)
    last = tricritical.point[3]
    guess = {s: w / last for s, w in zip(other.state, tricritical.point[:3], strict=True)}
    proved = refine(other, {s: arb(x.mid()) for s, x in guess.items()}, 15)
    for one, two in zip(proved.eigenvalues, tricritical.eigenvalues, strict=True):
        assert one.overlaps(two)
