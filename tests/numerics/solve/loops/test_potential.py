"""Fixed points of local potentials."""

from __future__ import annotations

import pytest

from neurenorm.numerics.solve.loops.potential import fixed_point


def test_about_zero():
    found = [1 / fixed_point(3, 1, terms, "zero").eigenvalues[0].real for terms in (2, 3, 4)]
    assert found == pytest.approx([0.5272022, 0.5856854, 0.6730832], abs=1e-7)


def test_about_the_minimum():
    wanted = [0.796581, 0.719729, 0.690559, 0.686566, 0.688383, 0.689500, 0.689627, 0.689505]
    points = [fixed_point(3, 1, terms, "minimum") for terms in range(3, 11)]
    assert [1 / p.eigenvalues[0].real for p in points] == pytest.approx(wanted, abs=1e-6)
    assert -points[-1].eigenvalues[1].real == pytest.approx(0.595300, abs=1e-6)


@pytest.mark.parametrize("d", [2.8, 3.0, 3.3, 3.7])
def test_many_components_are_the_spherical_model(d):
    found = fixed_point(d, 1e7, 5, "minimum").eigenvalues
    assert found[0].real == pytest.approx(d - 2, abs=1e-5)
    assert found[1].real == pytest.approx(d - 4, abs=1e-5)


@pytest.mark.parametrize("n", [1, 2, 4, 8])
def test_close_to_four_dimensions_it_is_the_expansion(n):
    epsilon = 1e-4
    found = fixed_point(4 - epsilon, n, 4, "minimum").eigenvalues
    assert (2 - found[0].real) / epsilon == pytest.approx((n + 2) / (n + 8), abs=1e-3)


def test_what_is_lost_is_refused():
    with pytest.raises(ValueError, match=r"lost|one relevant"):
        fixed_point(2.05, 1, 6, "minimum")
