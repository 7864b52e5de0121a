"""Brillouin zones: known shapes, exact volumes, and independence of the choice of primitive
vectors.
"""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from neurenorm.graphs.lattices import chain, cubic, honeycomb, ladder, square, triangular
from neurenorm.graphs.periodic.brillouin import brillouin_zone
from neurenorm.graphs.periodic.metric import Metric, NoMetric

HALF = Fraction(1, 2)
BCC = [[-HALF, HALF, HALF], [HALF, -HALF, HALF], [HALF, HALF, -HALF]]
FCC = [[0, HALF, HALF], [HALF, 0, HALF], [HALF, HALF, 0]]


@pytest.mark.parametrize(
    "cell, faces, corners",
    [
        *[
            (chain(), 2, 2),
            (ladder(), 2, 2),
            (square(), 4, 4),
            (triangular(), 6, 6),
            (honeycomb(), 6, 6),
            (cubic(), 6, 8),
        ],
        *[(Metric.from_vectors(BCC, {}), 12, 14), (Metric.from_vectors(FCC, {}), 14, 24)],
    ],
)
def test_known_zones(cell, faces, corners):
    """Rhombic dodecahedron for body-centred crystals, truncated octahedron for face-centred
    ones.
    """
    zone = brillouin_zone(cell)
    assert (len(zone.faces), len(zone.corners)) == (faces, corners)
    assert {tuple(-x for x in q) for q in zone.corners} == set(zone.corners)


def test_high_symmetry_points_of_the_triangular_lattice():
    """|M| = 2π/√3 and |K| = 4π/3 for the cell edge 1, in units of 2π."""
    zone = brillouin_zone(triangular())
    (_, gamma), (_, m), (_, k), (_, end) = zone.path()
    assert [zone.squared_length(q) for q in (gamma, m, k, end)] == [
        0,
        Fraction(1, 3),
        Fraction(4, 9),
        0,
    ]
    assert zone.squared_length([a - b for a, b in zip(m, k, strict=True)]) == Fraction(1, 9)
    assert all(zone.contains(q) for _, q in zone.path()) and not zone.contains((1, 0))


@st.composite
def grams(draw):
    d = draw(st.integers(1, 3))
    entry = st.fractions(-2, 2, max_denominator=3)
    rows = [[draw(entry) + 3 * (i == j) for j in range(d)] for i in range(d)]
    try:
        return Metric.from_vectors(rows, {})
    except ValueError:
        return Metric.from_vectors([[int(i == j) for j in range(d)] for i in range(d)], {})


@given(grams())
@settings(deadline=None, max_examples=30)
def test_the_zone_has_the_volume_of_a_reciprocal_cell(metric):
    zone, d = brillouin_zone(metric), len(metric.gram)
    corners = np.array([Metric(zone.reciprocal, {}).cartesian(q) for q in zone.corners])
    volume = np.ptp(corners) if d == 1 else ConvexHull(corners).volume
    assert volume == pytest.approx(1 / math.sqrt(metric.squared_volume()))


@given(grams(), st.lists(st.sampled_from([-2, -1, 1, 2]), min_size=3, max_size=3))
@settings(deadline=None, max_examples=30)
def test_other_primitive_vectors_have_the_same_zone(metric, shears):
    d = len(metric.gram)
    axes = [[int(i == j) for j in range(d)] for i in range(d)]
    for (i, j), n in zip(itertools.permutations(range(d), 2), shears, strict=False):
        axes[i] = [x + n * y for x, y in zip(axes[i], axes[j], strict=True)]
    here, there = brillouin_zone(metric), brillouin_zone(metric.rebased(axes))
    assert len(here.faces) == len(there.faces)
    assert sorted(map(here.squared_length, here.corners)) == sorted(
        map(there.squared_length, there.corners)
    )
    assert sorted(map(here.squared_length, here.faces)) == sorted(
        map(there.squared_length, there.faces)
    )


@given(grams())
@settings(deadline=None, max_examples=30)
def test_paths_stay_on_the_zone(metric):
    zone = brillouin_zone(metric)
    assert all(zone.contains(q) for _, q in zone.path())
    assert [name for name, _ in zone.path()] == [
        ["Γ", "face", "Γ"],
        ["Γ", "face", "corner", "Γ"],
        ["Γ", "face", "edge", "corner", "Γ"],
    ][len(metric.gram) - 1]


def test_refusals():
    with pytest.raises(NoMetric, match="needs a metric"):
        brillouin_zone(square().with_metric(None))
    with pytest.raises(ValueError, match="at most three dimensions"):
        brillouin_zone(Metric([[int(i == j) for j in range(4)] for i in range(4)], {}))
