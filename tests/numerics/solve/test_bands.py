"""Bands along a path: known values at points of high symmetry, the same for every cell."""

import math

import numpy as np
import pytest
import sympy as sp

from neurenorm.graphs.lattices import chain, cubic, honeycomb, square, triangular
from neurenorm.graphs.periodic.labels import Directed
from neurenorm.graphs.periodic.periodic import PeriodicGraph
from neurenorm.numerics.solve.bands import bands_along, bands_at
from neurenorm.theory.field.gaussian_field import GaussianField


def test_bands_of_the_triangular_lattice_at_its_points() -> None:
    found = bands_along(GaussianField(triangular(), 6, -1), points=10)
    values = dict(zip([name for name, _ in found.stops], found.values[::10, 0], strict=True))
    assert values == pytest.approx({"Γ": 0, "face": 8, "corner": 9}, abs=1e-12)
    marks = dict(found.stops[:3])
    assert marks == pytest.approx(
        {
            "Γ": 0,
            "face": 2 * math.pi / math.sqrt(3),
            "corner": 2 * math.pi * (1 / math.sqrt(3) + 1 / 3),
        }
    )
    assert (
        found.distance[-1] - marks["corner"] == pytest.approx(4 * math.pi / 3)
        and len(found.distance) == 31
    )


def test_the_cones_of_the_honeycomb_are_at_the_corner() -> None:
    found = bands_along(GaussianField(honeycomb(), 3, -1), points=8)
    gap = np.diff(found.values, axis=1)[:, 0]
    at_corner = [i for i, x in enumerate(found.distance) if math.isclose(x, found.stops[2][1])]
    assert gap[at_corner] == pytest.approx([0.0], abs=1e-12) and sum(gap < 1e-9) == 1


def test_numbers_for_symbols_and_couplings_with_a_phase() -> None:
    m, t = sp.symbols("m t")
    field = GaussianField(
        PeriodicGraph([0], [(0, 0, 1, Directed("t"))], 1).with_metric([[1]]),
        m,
        {Directed("t"): t * sp.I},
    )
    k = np.linspace(-3, 3, 7)
    assert bands_at(field, k[:, None], {m: 2.0, t: 0.5})[:, 0] == pytest.approx(2 - np.sin(k))
    with pytest.raises(ValueError, match="numbers for m, t"):
        bands_at(field, k[:, None])
    with pytest.raises(ValueError, match="2 phases"):
        bands_at(GaussianField(square(), 4, -1), k)
    with pytest.raises(ValueError, match="two stops"):
        bands_along(GaussianField(chain(), 2, -1), [("Γ", (0,))])


def test_a_supercell_folds_the_bands() -> None:
    """At one wave number of the large cell lie the bands of the small one at all wave numbers that
    it cannot tell apart.
    """
    small, large = GaussianField(cubic(), 7, -1), GaussianField(cubic().supercell(2), 7, -1)
    phases = np.array([0.3, -0.8, 1.9])
    shifts = 2 * np.pi * np.indices((2, 2, 2)).reshape(3, -1).T
    folded = np.sort(bands_at(small, (phases + shifts) / 2).ravel())
    assert bands_at(large, phases) == pytest.approx(folded)
