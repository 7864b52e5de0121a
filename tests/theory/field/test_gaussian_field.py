"""Gaussian fields: symbols against unrolled matrices, propagators against inverses, effective
theories against expansions.
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import neurenorm.numerics.quadrature  # noqa: F401  (teaches the compiler to average)
from neurenorm.graphs.lattices import chain, honeycomb, ladder, square, triangular
from neurenorm.graphs.periodic.labels import Directed
from neurenorm.graphs.periodic.periodic import PeriodicGraph
from neurenorm.numerics.compile import compiled
from neurenorm.theory.field.gaussian_field import GaussianField
from neurenorm.theory.field_theory.action import radial_action
from neurenorm.theory.field_theory.depth_field import (
    BOUNDARIES,
    DepthField,
    covariance_step,
    matrix_symbol,
    pair_jacobian,
)
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.symbols import symbols
from neurenorm.theory.wide.limit import SB2, SW2, WideLimit

R = sp.Rational
A_VALUES = (R(1, 2), R(4, 5), R(19, 20), -R(3, 10))


def numbers(matrix: sp.Matrix) -> np.ndarray:
    return np.array(matrix.evalf(20).tolist(), dtype=complex)


@pytest.mark.parametrize(
    ("lattice", "extents"),
    [(chain, (5,)), (ladder, (4,)), (square, (3, 4)), (triangular, (3, 3)), (honeycomb, (3, 4))],
)
def test_symbol_is_the_fourier_transform_of_the_unrolled_precision(
    lattice: object, extents: tuple[int, ...]
) -> None:
    graph = lattice()  # type: ignore[operator]
    field = GaussianField(graph, 5, -R(1, 3))
    whole = np.linalg.eigvalsh(numbers(field.precision(extents, True)))
    modes = np.concatenate(
        [np.linalg.eigvalsh(numbers(block)) for block in field.periodic_modes(extents)]
    )
    assert np.sort(modes) == pytest.approx(whole, abs=1e-12)


def test_supercell_has_the_same_spectrum() -> None:
    one, two = GaussianField(honeycomb(), 4, -1), GaussianField(honeycomb().supercell(2), 4, -1)
    spectra = [
        np.sort(
            np.concatenate([np.linalg.eigvalsh(numbers(b)) for b in field.periodic_modes(extents)])
        )
        for field, extents in ((one, (4, 4)), (two, (2, 2)))
    ]
    assert spectra[0] == pytest.approx(spectra[1], abs=1e-12)


def test_bands_of_the_honeycomb_meet_at_the_corner_of_the_zone() -> None:
    field = GaussianField(honeycomb(), 3, -1)
    low, high = field.bands
    k1, k2 = field.wave_numbers
    corner = {k1: 2 * sp.pi / 3, k2: -2 * sp.pi / 3}
    assert sp.simplify((high - low).subs(corner)) == 0
    assert float(low.subs({k1: 0, k2: 0})) == 0 and float(high.subs({k1: 0, k2: 0})) == 6
    matrix = numbers(field.symbol.subs({k1: R(3, 10), k2: R(7, 10)}))
    assert [
        float(band.subs({k1: R(3, 10), k2: R(7, 10)})) for band in (low, high)
    ] == pytest.approx(np.linalg.eigvalsh(matrix))


def test_propagator_of_a_chain_is_the_inverse_of_a_long_ring() -> None:
    field = GaussianField(chain(), R(5, 2), -1)
    inverse = np.linalg.inv(numbers(field.precision(80, True)))
    for x in range(4):
        assert float(field.propagator(sp.Integer(x))) == pytest.approx(
            inverse[0, x].real, rel=1e-12
        )
    with pytest.raises(ValueError, match="closed form for a chain"):
        GaussianField(square(), 5, -1).propagator(sp.Integer(1))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("a", A_VALUES)
def test_depth_chain_algebra(boundary: str, a: sp.Rational) -> None:
    """Determinant and inverse of T in closed form, exactly, for twelve layers."""
    depth, size = DepthField(a, sp.Integer(1)), 12
    precision = depth.precision(size, boundary)
    covariance = sp.Matrix(size, size, lambda i, j: depth.covariance(i + 1, j + 1, size, boundary))
    assert precision.det(method="berkowitz") == depth.determinant(size, boundary)
    assert precision * covariance == sp.eye(size)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_exact_modes_satisfy_their_wave_equation(boundary: str) -> None:
    depth, size = DepthField(R(4, 5), sp.Integer(1)), 7
    eigenvalues = np.linalg.eigvalsh(numbers(depth.precision(size, boundary)))
    k = symbols("field-theory").k
    for value in eigenvalues:
        wave = np.arccos(np.clip((1 + 0.64 - value) / 1.6, -1, 1))
        residuals = [
            abs(float(equation.subs(k, wave))) for equation in depth.wave_equations(size, boundary)
        ]
        assert min(residuals) < 1e-6


@pytest.mark.parametrize("boundary", ["pinned", "periodic"])
@pytest.mark.parametrize("size", [3, 4, 7])
def test_closed_modes_are_all_eigenvalues(boundary: str, size: int) -> None:
    depth = DepthField(R(4, 5), sp.Integer(1))
    closed = depth.closed_eigenvalues(size, boundary)
    assert closed is not None
    assert sorted(map(float, closed)) == pytest.approx(
        np.linalg.eigvalsh(numbers(depth.precision(size, boundary))), abs=1e-12
    )
    assert depth.closed_eigenvalues(size, "stationary") is None


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("size", [3, 6])
def test_wave_equations_have_as_many_modes_as_layers(boundary: str, size: int) -> None:
    """Roots in (0, π) of the equations, found on a fine grid, with the modes at 0 and π counted by
    hand, are the spectrum and no more.
    """
    depth = DepthField(R(4, 5), sp.Integer(1))
    k = symbols("field-theory").k
    grid = np.linspace(1e-3, np.pi - 1e-3, 5000)
    roots = []
    for equation in depth.wave_equations(size, boundary):
        values = compiled(equation, [k])(grid)
        roots += [
            float(grid[i]) for i in np.flatnonzero(np.sign(values[1:]) != np.sign(values[:-1]))
        ]
    if boundary == "periodic":
        roots = [0.0, *roots, *roots]
        roots += [np.pi] if size % 2 == 0 else []
    found = sorted(1.64 - 1.6 * np.cos(root) for root in roots)
    assert found == pytest.approx(
        np.linalg.eigvalsh(numbers(depth.precision(size, boundary))), abs=3e-3
    )


def test_linear_network_expands_to_the_depth_field() -> None:
    """The Hessian of the exact radial action at its saddle is (N/2K²) times T, up to terms of order
    one.
    """
    p, q, N, K, a = sp.symbols("p q N K a", positive=True)
    action = radial_action(p, q, N).subs({SB2: K * (1 - a), SW2: a})
    field = GaussianField.from_chain_action(action, p, q, K)
    leading = sp.limit(
        field.dispersion.subs(field.wave_numbers[0], sp.pi / 3) * 2 * K**2 / N, N, sp.oo
    )
    assert sp.expand(leading - (1 + a**2 - a)) == 0


def test_periodogram_of_a_finite_window() -> None:
    depth = DepthField(R(4, 5), R(36, 100) * 2 / R("34.72"))
    for j, value in ((0, 0.482431), (2, 0.290691), (8, 0.043222), (16, 0.013501), (32, 0.006845)):
        assert float(depth.periodogram(2 * sp.pi * R(j, 64), 64)) == pytest.approx(value, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(
    st.fractions(min_value=-R(9, 10), max_value=R(9, 10), max_denominator=20),
    st.integers(1, 6),
    st.integers(1, 6),
)
def test_stationary_covariance_is_the_fourier_transform_of_the_spectrum(
    fraction: object, first: int, second: int
) -> None:
    a = R(str(fraction))
    depth = DepthField(a, sp.Integer(1))
    k = 2 * np.pi * np.arange(4096) / 4096
    spectrum = 1 / (1 + float(a) ** 2 - 2 * float(a) * np.cos(k))
    exact = float(depth.covariance(first, second, 10, "stationary"))
    assert exact == pytest.approx(np.mean(spectrum * np.cos(k * (first - second))), abs=1e-10)


def test_two_input_masses_are_the_two_depth_scales() -> None:
    jacobian = pair_jacobian(WideLimit(activation("linear")).kernels).subs(SW2, R(1, 2))
    noise = sp.eye(3)
    stationary = sp.eye(3) / (1 - R(1, 4))
    assert covariance_step(jacobian, stationary, noise) == stationary
    assert matrix_symbol(jacobian, noise, sp.pi) == sp.eye(3) * R(9, 4)


def test_derivation_steps_hold_at_random_points() -> None:
    rng = np.random.default_rng(0)
    field = symbols("field-theory")
    for step in DepthField().derivation:
        for a, k in zip(rng.uniform(-0.99, 0.99, 5), rng.uniform(-4, 4, 5), strict=True):
            values = [
                complex(side.subs({field.a: float(a), field.k: float(k)}).evalf())
                for side in (step.before, step.after)
            ]
            assert values[0] == pytest.approx(values[1], abs=1e-12)
    for name in ("erf", "gelu", "relu"):
        (step,) = WideLimit(activation(name)).kernel.derivation
        at = {
            symbol: float(value)
            for symbol, value in zip(step.domain, rng.uniform(0.1, 2, 3), strict=True)
        }
        arguments = list(at)
        sides = [compiled(side, arguments)(*at.values()) for side in (step.before, step.after)]
        assert sides[0] == pytest.approx(sides[1], rel=1e-11)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="stationary only"):
        DepthField(sp.Integer(1))
    with pytest.raises(ValueError, match="unknown boundary"):
        DepthField().precision(3, "closed")
    with pytest.raises(ValueError, match="unknown boundary"):
        DepthField().determinant(3, "closed")
    with pytest.raises(ValueError, match="at least 3"):
        DepthField().precision(2, "periodic")
    with pytest.raises(ValueError, match="2 vertices"):
        _ = GaussianField(honeycomb(), 3, -1).dispersion
    three = PeriodicGraph("abc", [("a", "b", 0), ("b", "c", 0), ("c", "a", 1)], 1)
    with pytest.raises(ValueError, match="no closed form"):
        _ = GaussianField(three, 3, -1).bands


HOPS = [(-1, 0, 1, (0, 0)), (-1, 1, 0, (1, 0)), (-1, 1, 0, (0, 1))]
TURNS = [
    (0, 0, (1, 0)),
    (1, 1, (1, -1)),
    (1, 1, (0, 1)),
    (1, 1, (-1, 0)),
    (0, 0, (-1, 1)),
    (0, 0, (0, -1)),
]


def bloch(
    field: GaussianField,
    edges: list[tuple[complex, int, int, tuple[int, ...]]],
    k: tuple[float, ...],
) -> np.ndarray:
    """The Bloch sum as in a textbook: t e^(ik·o) from u to v, its conjugate on the way back."""
    names = list(field.graph.vertices)
    matrix = np.diag([complex(field.diagonal[v]) for v in names])
    for t, a, b, offset in edges:
        z = complex(t) * np.exp(1j * np.dot(k, offset))
        matrix[a, b] += z
        matrix[b, a] += np.conj(z)
    return matrix


def test_couplings_with_a_phase_are_conjugate_on_the_way_back() -> None:
    """Next neighbours of the honeycomb with an imaginary coupling: each edge as it was written,
    whatever form is kept.
    """
    hops = HOPS + [(sp.I / 5, a, b, o) for a, b, o in TURNS]
    graph = PeriodicGraph(
        [0, 1], [(a, b, o, Directed(i)) for i, (_, a, b, o) in enumerate(hops)], 2
    )
    field = GaussianField(
        graph, {0: R(3, 10), 1: -R(3, 10)}, {Directed(i): t for i, (t, *_) in enumerate(hops)}
    )
    k = (0.3, 1.1)
    symbol = numbers(field.symbol.subs(dict(zip(field.wave_numbers, k, strict=True))))
    assert symbol == pytest.approx(bloch(field, hops, k)) and symbol == pytest.approx(
        symbol.conj().T
    )
    assert np.linalg.eigvalsh(symbol) == pytest.approx([-2.69712, 2.69712], abs=1e-5)
    assert [
        float(band.subs(dict(zip(field.wave_numbers, k, strict=True)))) for band in field.bands
    ] == pytest.approx(np.linalg.eigvalsh(symbol))


def test_couplings_with_a_phase_need_an_arrow() -> None:
    graph = PeriodicGraph([0], [(0, 0, 1, "t")], 1)
    with pytest.raises(ValueError, match=r"label it Directed\('t'\)"):
        GaussianField(graph, 1, {"t": sp.I})
    arrow = PeriodicGraph([0], [(0, 0, 1, Directed("t"))], 1)
    with pytest.raises(ValueError, match="one is the conjugate of the other"):
        GaussianField(arrow, 1, {Directed("t"): sp.I, Directed("t", False): sp.I})
    with pytest.raises(ValueError, match="on the diagonal; there are some for"):
        GaussianField(arrow, {1: 2}, 1)
    with pytest.raises(ValueError, match="have no coupling; there are some for"):
        GaussianField(graph, 1, {"u": 1})
    with pytest.raises(ValueError, match="is not real"):
        GaussianField(graph, sp.I, 1)
    with pytest.raises(ValueError, match="real couplings only"):
        GaussianField(arrow, 3, sp.I).propagator(sp.Integer(1))
    with pytest.raises(ValueError, match="not positive at every wave number"):
        GaussianField(chain(), 2, -1).propagator(sp.Integer(1))


@st.composite
def complex_fields(
    draw: st.DrawFn,
) -> tuple[GaussianField, list[tuple[complex, int, int, tuple[int, ...]]]]:
    """Random directed edges with Gaussian rational couplings, and the couplings as they were
    written.
    """
    size = draw(st.integers(1, 3))
    vertex, offset = st.integers(0, size - 1), st.tuples(st.integers(-2, 2), st.integers(-2, 2))
    ends = draw(st.lists(st.tuples(vertex, vertex, offset), min_size=1, max_size=6))
    ends = [e for e in ends if e[0] != e[1] or any(e[2])]
    part = st.integers(-4, 4)
    values = {i: R(draw(part), 3) + sp.I * R(draw(part), 2) for i in range(len(ends))}
    flipped = [draw(st.booleans()) for _ in ends]
    edges = [
        (b, a, (-o[0], -o[1]), Directed(i, False)) if flip else (a, b, o, Directed(i))
        for i, ((a, b, o), flip) in enumerate(zip(ends, flipped, strict=True))
    ]
    diagonal = {v: R(draw(part)) for v in range(size)}
    field = GaussianField(
        PeriodicGraph(range(size), edges, 2), diagonal, {Directed(i): t for i, t in values.items()}
    )
    return field, [(complex(values[i]), *end) for i, end in enumerate(ends)]


@settings(max_examples=40, deadline=None)
@given(complex_fields(), st.floats(-3, 3), st.floats(-3, 3))
def test_every_bloch_matrix_is_hermitian_and_the_sum_over_edges(
    case: tuple[GaussianField, list], k1: float, k2: float
) -> None:
    field, edges = case
    symbol = numbers(field.symbol.subs(dict(zip(field.wave_numbers, (k1, k2), strict=True))))
    assert symbol == pytest.approx(symbol.conj().T, abs=1e-12)
    assert symbol == pytest.approx(bloch(field, edges, (k1, k2)), abs=1e-12)
    if len(field.graph.vertices) < 3:
        bands = [
            complex(band.subs(dict(zip(field.wave_numbers, (k1, k2), strict=True))))
            for band in field.bands
        ]
        assert bands == pytest.approx(np.linalg.eigvalsh(symbol), abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(complex_fields(), st.integers(1, 3), st.integers(1, 3))
def test_the_spectrum_of_a_torus_with_phases_is_that_of_its_modes(
    case: tuple[GaussianField, list], first: int, second: int
) -> None:
    field, _ = case
    whole = numbers(field.precision((first, second)))
    assert whole == pytest.approx(whole.conj().T)
    modes = np.concatenate(
        [np.linalg.eigvalsh(numbers(block)) for block in field.periodic_modes((first, second))]
    )
    assert np.sort(modes) == pytest.approx(np.linalg.eigvalsh(whole), abs=1e-9)


@pytest.mark.parametrize("extent", [1, 2, 3, 5, 8])
def test_pinned_modes_are_the_eigenvalues_of_an_open_chain(extent: int) -> None:
    """L waves of wave number πj/(L + 1), not πj/L: with a second bond and weights that are not
    symmetric about zero.
    """
    graph = PeriodicGraph([0], [(0, 0, 1, "a"), (0, 0, 1, "b")], 1)
    field = GaussianField(graph, R(7, 3), {"a": -R(1, 2), "b": R(1, 5)})
    expected = np.linalg.eigvalsh(numbers(field.precision(extent, periodic=False)))
    assert sorted(float(value) for value in field.pinned_modes(extent)) == pytest.approx(
        expected, abs=1e-12
    )


def test_a_field_without_bonds_has_no_correlations() -> None:
    field = GaussianField(chain(), 4, 0)
    assert [field.propagator(sp.Integer(x)) for x in (0, 1, 2)] == [R(1, 4), 0, 0]
