"""Self-energy and vertex of the quartic action, against direct integration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer, Rational, expand

from neurenorm.graphs.lattices import chain, square
from neurenorm.numerics.simulation.loops.integration import quartic_series
from neurenorm.numerics.solve.loops.lattice import propagator, self_energy, vertex
from neurenorm.theory.cumulants.diagrams import Diagram
from neurenorm.theory.field.gaussian_field import GaussianField
from neurenorm.theory.loops.quartic import Quartic
from neurenorm.theory.loops.quartic import components as n

ONE = Quartic(Integer(1))


def torus(graph, extents, m2):
    """Precision of m2 + lattice Laplacian."""
    degree = 2 * graph.dimension
    field = GaussianField(graph, degree + Rational(str(m2)), Integer(-1))
    return np.array(field.precision(extents).tolist(), dtype=float)


def at(matrix, wave):
    """Diagonal entry of a translation invariant matrix on a ring."""
    return float((matrix[0] * np.cos(wave * np.arange(len(matrix)))).sum())


def test_factors_of_components():
    general = Quartic()
    assert [expand(w) for w in general.self_energy(1).values()] == [expand((n + 2) / 6)]
    assert {expand(-w) for w in general.self_energy(2).values()} == {
        expand((n + 2) ** 2 / 36),
        expand((n + 2) / 18),
    }
    assert [expand(-w) for w in general.vertex(2).values()] == [expand((n + 8) / 6)]
    third = {d.edges: expand(w) for d, w in general.vertex(3).items()}
    assert set(third.values()) == {
        expand((n**2 + 6 * n + 20) / 36),
        expand((5 * n + 22) / 9),
        expand((n + 2) * (n + 8) / 18),
    }
    eye = Diagram.of(((0, 1), (0, 1), (0, 2), (1, 2)))
    assert third[eye.edges] == expand((5 * n + 22) / 9)


@pytest.mark.parametrize(
    ("sites", "m2", "waves", "expected", "gamma"),
    [
        (
            3,
            1,
            [0, 2 * np.pi / 3],
            [[1 / 4, -7 / 96, 83 / 1536], [1 / 4, -25 / 384, 493 / 12288]],
            [1, -9 / 16, 195 / 256],
        ),
        (
            4,
            0.5,
            [0],
            [[0.3777777778, -0.3149739369, 0.6891446241]],
            [1, -1.6385185185, 6.5958540466],
        ),
    ],
)
def test_rings(sites, m2, waves, expected, gamma):
    g = propagator(torus(chain(), sites, m2))
    found = self_energy(ONE, g, 3)
    assert np.allclose([[at(s, k) for s in found] for k in waves], expected, atol=1e-10)
    assert np.allclose(vertex(ONE, g, 3), gamma, atol=1e-10)


def test_two_by_two_torus():
    precision = torus(square(), (2, 2), 1)
    g = propagator(precision)
    found = self_energy(ONE, g, 3)
    assert g[0, 0] == pytest.approx(17 / 45, abs=1e-14)
    assert np.allclose(
        [s[0].sum() for s in found], [0.1888888889, -0.0393717421, 0.0215357695], atol=1e-10
    )
    there = [s[0] @ [1, 1, -1, -1] for s in found]
    assert np.allclose(there, [0.1888888889, -0.0338408779, 0.0146927151], atol=1e-10)
    assert np.allclose(vertex(ONE, g, 3), [1, -0.4096296296, 0.4122408779], atol=1e-10)


def test_two_components():
    g, two = propagator(torus(chain(), 2, 1)), Quartic(Integer(2))
    found = self_energy(two, g, 3)
    assert np.allclose([at(s, 0) for s in found], [0.4, -0.2008888889, 0.2449777778], atol=1e-10)
    assert np.allclose(
        [at(s, np.pi) for s in found], [0.4, -0.1724444444, 0.1698844444], atol=1e-10
    )
    assert np.allclose(vertex(two, g, 3)[1:], [-0.8666666667, 1.8810666667], atol=1e-10)
    wrong = self_energy(ONE, g, 1)
    assert at(wrong[0], 0) == pytest.approx(0.3)


def test_alternating_stiffness():
    stiff = [1.0, 2.0, 1.0, 2.0]
    precision = np.eye(4)
    for i, k in enumerate(stiff):
        j = (i + 1) % 4
        precision[[i, j], [i, j]] += k
        precision[[i, j], [j, i]] -= k
    g = propagator(precision)
    assert g[0, 0] == pytest.approx(0.4190476190, abs=1e-10)
    second = self_energy(ONE, g, 2)[1]
    assert sorted(second[0]) == pytest.approx(
        sorted([-0.04294684, -0.00098751, -0.00058971, -0.00253047]), abs=1e-8
    )


def test_eight_by_eight():
    g = propagator(torus(square(), (8, 8), 0.5))
    assert g[0, 0] == pytest.approx(0.3175926812, abs=1e-10)
    found = [s[0].sum() for s in self_energy(ONE, g, 3)]
    assert np.allclose(found, [0.1587963406, -0.0211787615, 0.0079331004], atol=1e-10)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 3), st.lists(st.floats(-1, 1), min_size=9, max_size=9), st.integers(1, 2))
def test_any_gaussian_part(sites, entries, count):
    a = np.array(entries).reshape(3, 3)[:sites, :sites]
    precision = a @ a.T + np.eye(sites)
    sigma, gamma = quartic_series(precision, count if sites < 3 else 1)
    theory = Quartic(Integer(count if sites < 3 else 1))
    g = propagator(precision)
    assert np.allclose(self_energy(theory, g, 3), sigma, atol=1e-9)
    assert np.allclose(vertex(theory, g, 3), gamma, atol=1e-9)


@pytest.mark.parametrize(("sites", "count"), [(1, 3), (2, 2), (3, 1), (4, 1)])
def test_the_vertex_of_rings(sites, count):
    precision = torus(chain(), sites, Rational(3, 4))
    _, gamma = quartic_series(precision, count)
    assert np.allclose(vertex(Quartic(Integer(count)), propagator(precision), 3), gamma, atol=1e-9)


def test_zero_mode_is_refused():
    with pytest.raises(ValueError, match="give m2 > 0"):
        propagator(torus(chain(), 3, 0))


def test_order_is_refused():
    with pytest.raises(ValueError, match="order 4"):
        ONE.self_energy(4)
