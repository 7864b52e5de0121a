"""Kac and Ward's determinant: tori by enumeration, drawings, refusals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, expand, factor

from neurenorm.graphs import CrossingEdges, NoMetric, PeriodicGraph, check_planar
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.simulation.lattice.enumeration import ising_terms, log_partition
from neurenorm.numerics.simulation.lattice.planar import LOG_PARTITIONS, torus_bonds
from neurenorm.numerics.solve.planar_ising import KacWard
from neurenorm.theory.lattice.planar import PLANAR, PlanarIsing, T, kac_ward

TORI = [
    ("square", (3, 4), 11.0890547275),
    ("triangular", (4, 4), 20.0420106703),
    ("honeycomb", (3, 3), 14.6620590311),
    ("kagome", (2, 3), 16.4211175887),
]


@pytest.mark.parametrize(("name", "sides", "value"), TORI)
def test_tori_by_enumeration(name, sides, value):
    graph = PLANAR[name]()
    place = {v: i for i, v in enumerate(graph.vertices)}
    cell = [(place[e.tail], place[e.head], tuple(e.offset)) for e in graph.edges]
    n, bonds = torus_bonds(cell, len(place), sides)
    critical = evaluate("lattice/planar-ising", lattice=name).values["K_c"]
    for K in (0.2, 0.4, 0.8):
        exact = log_partition(n, (1, -1), ising_terms(bonds, K))
        assert KacWard(graph).torus(K, sides, critical < K) == pytest.approx(exact, rel=1e-12)
        assert K != 0.4 or exact == pytest.approx(value, abs=6e-11)


@pytest.mark.parametrize(
    ("name", "log_z", "energy", "critical"),
    [
        ("square", 0.929695398341610, 0.707106781187, 0.440686793509772),
        ("triangular", 0.879585386162, 2 / 3, np.log(3) / 4),
        ("honeycomb", 1.025059096471, 4 / 3**1.5, np.arctanh(3**-0.5)),
        ("kagome", 0.974786231915, 0.7440169358562927, np.log(3 + 2 * 3**0.5) / 4),
        ("square-octagon", None, None, 0.69507414),
    ],
)
def test_critical_points(name, log_z, energy, critical):
    found = evaluate("lattice/planar-ising", lattice=name).values
    assert found["K_c"] == pytest.approx(critical, abs=6e-9 if log_z is None else 1e-14)
    if log_z is not None:
        assert found["lnZ"] == pytest.approx(log_z, abs=6e-13)
        assert found["energy"] == pytest.approx(energy, abs=6e-13)


@settings(deadline=None, max_examples=10, print_blob=True)
@given(st.sampled_from(sorted(LOG_PARTITIONS)), st.floats(0.05, 1.5))
def test_every_coupling_by_textbook_integrals(name, K):
    found, error = KacWard(PLANAR[name]()).log_partition(K)
    exact = LOG_PARTITIONS[name][0](K)
    assert abs(found - exact) < 10 * error + 1e-12 and error < 1e-7


@settings(deadline=None, max_examples=12, print_blob=True)
@given(
    st.tuples(*[st.fractions(Fraction(1, 10), Fraction(4, 10), max_denominator=50)] * 2),
    st.fractions(Fraction(-1, 2), Fraction(1, 2), max_denominator=20),
)
def test_another_drawing_is_the_same_model(place, shear):
    """The honeycomb with its second vertex anywhere in the triangle, on skew axes."""
    cell = PLANAR["honeycomb"]()
    x, y = place
    drawn = cell.with_metric([[1, shear], [shear, 1]], {0: (0, 0), 1: (x, y)})
    assert KacWard(drawn).log_partition(0.4)[0] == pytest.approx(
        KacWard(cell).log_partition(0.4)[0], abs=1e-13
    )


@pytest.mark.parametrize("name", ["square", "triangular", "honeycomb"])
def test_the_determinant_at_zero_is_a_square(name):
    graph = PLANAR[name]()
    at = Rational(2, 7)
    size = 2 * len(graph.edges)
    one = (kac_ward(graph).eye(size) - at * kac_ward(graph)).det()
    square = PlanarIsing(graph).polynomial.subs(T, at) ** 2
    assert abs((expand(one) - square).evalf(30)) < 1e-25


def test_polynomials_of_critical_points():
    assert factor(PlanarIsing(PLANAR["kagome"]()).polynomial) == (T + 1) ** 2 * (
        T**4 - 2 * T**3 - 2 * T + 1
    )


def test_crossings_are_named():
    plane = [[1, 0], [0, 1]]
    crossed = PeriodicGraph([0], [(0, 0, v) for v in ((1, 0), (0, 1), (1, 1), (1, -1))], 2)
    with pytest.raises(CrossingEdges, match=r"\(0, 0, \(1, -1\)\) and \(0, 0, \(1, 1\)\) cross"):
        KacWard(crossed.with_metric(plane))
    far = PeriodicGraph([0], [(0, 0, (2, 0)), (0, 0, (0, 1))], 2).with_metric(plane)
    with pytest.raises(CrossingEdges, match="cross"):
        check_planar(far)  # the edge over two cells runs through a vertex
    with pytest.raises(NoMetric):
        check_planar(PeriodicGraph([0], [(0, 0, (1, 0))], 2))
    flat = PeriodicGraph([0, 1], [(0, 1, (0, 0))], 2).with_metric(plane, {0: (0, 0), 1: (0, 0)})
    with pytest.raises(ValueError, match="no length"):
        check_planar(flat)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"lattice": "cubic"}, "one of"),
        ({"lattice": "square", "K": 20}, "at most 8"),
        ({"lattice": "square", "K": "x"}, "must be a number"),
    ],
)
def test_refusals(question, message):
    with pytest.raises(ValueError, match=message):
        evaluate("lattice/planar-ising", question)
    with pytest.raises(ValueError, match="no digits"):
        evaluate("lattice/planar-ising", lattice="square", digits=10)
