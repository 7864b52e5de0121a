"""Diagrams by Fourier transforms against sums over all sites, on tori nobody chose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational

from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.solve.loops import lattice, torus
from neurenorm.theory.loops.quartic import Quartic


@settings(deadline=None, max_examples=10)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.integers(-6, 9),
    st.floats(0.1, 3),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_any_torus(extents, half_components, mass, stiffness):
    symbol = np.full(tuple(extents), mass)
    for axis, size in enumerate(extents):
        wave = 2 - 2 * np.cos(2 * np.pi * np.arange(size) / size)
        symbol = symbol + stiffness[axis] * wave.reshape(
            [-1 if i == axis else 1 for i in range(len(extents))]
        )
    line, theory = torus.on_torus(symbol), Quartic(Rational(half_components, 2))
    places = list(np.ndindex(*extents))
    covariance = np.array(
        [[line[tuple(np.subtract(a, b) % extents)] for b in places] for a in places]
    )
    whole = lattice.self_energy(theory, covariance, 3)
    for found, dense in zip(torus.self_energy(theory, line, 3), whole, strict=True):
        assert np.allclose(found.ravel(), dense[:, 0], atol=1e-10 * (1 + np.abs(dense).max()))
    vertices = lattice.vertex(theory, covariance, 3)
    assert torus.vertex(theory, line, 3) == pytest.approx(vertices, rel=1e-9, abs=1e-9)


def test_eight_by_eight():
    found = evaluate("loops/lattice-phi4", lattice="square", extents=[8, 8], m2=0.5, order=3).values
    assert found["tadpole"] == pytest.approx(0.3175926812, abs=1e-10)
    assert found["self_energy"] == pytest.approx(
        [0.1587963406, -0.0211787615, 0.0079331004], abs=1e-10
    )


def test_propagators_of_the_infinite_lattice():
    sums = [torus.on_torus(torus.laplacian_symbol((size,) * 4))[0, 0, 0, 0] for size in (16, 32)]
    limit, slope = 0.154933390231060, -0.140461
    for size, value in zip((16, 32), sums, strict=True):
        assert (value - limit) * size**2 == pytest.approx(slope, abs=2e-3)


def test_the_triangular_lattice_grows_by_its_metric():
    logs = []
    for size in (64, 128):
        k = 2 * np.pi * np.arange(size) / size
        p, q = np.meshgrid(k, k, indexing="ij")
        symbol = 6 - 2 * (np.cos(p) + np.cos(q) + np.cos(p - q))
        logs.append(float(torus.on_torus(symbol)[0, 0]))
    assert logs[1] - logs[0] == pytest.approx(np.log(2) / (2 * np.pi * np.sqrt(3)), abs=2e-5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"m2": 0}, r"vanishes at k = \(0, 0\): give m2 > 0"),
        ({"m2": -1}, "is negative at k"),
        ({"m2": 1, "order": 4}, "the highest is 3"),
        ({"m2": 1, "k": [1]}, "k of the square lattice has 2 entries"),
    ],
)
def test_refusals(given, words):
    with pytest.raises(ValueError, match=words):
        evaluate("loops/lattice-phi4", lattice="square", extents=[4, 4], **given)
