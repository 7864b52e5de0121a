"""Long waves on any lattice: bands against eigenvalues, decays against Fourier sums, and what no
description may change.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import kve

from neurenorm.graphs import Directed, Metric, NoMetric, PeriodicGraph
from neurenorm.graphs.lattices import chain, cubic, honeycomb, ladder, square, triangular
from neurenorm.theory.field.effective_theory import EffectiveTheory
from neurenorm.theory.field.gaussian_field import GaussianField

R = sp.Rational
SMALL = R(1, 100)


def kagome() -> PeriodicGraph:
    """Corner-sharing triangles; cell edge 1."""
    half = Fraction(1, 2)
    up = [("A", "B", (0, 0)), ("A", "C", (0, 0)), ("B", "C", (0, 0))]
    down = [("B", "A", (1, 0)), ("C", "A", (0, 1)), ("B", "C", (1, -1))]
    places = {"A": (0, 0), "B": (half, 0), "C": (0, half)}
    return PeriodicGraph("ABC", up + down, 2).with_metric([[1, half], [half, 1]], places)


def body_centred() -> PeriodicGraph:
    """Nearest neighbours of the body-centred cubic lattice, cube edge 1."""
    bonds = [("A", "A", n) for n in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1))]
    rows = [[Fraction(x, 2) for x in row] for row in ((-1, 1, 1), (1, -1, 1), (1, 1, -1))]
    return PeriodicGraph("A", bonds, 3).with_metric(Metric.from_vectors(rows, {"A": (0, 0, 0)}))


FCC = [[Fraction(x, 2) for x in row] for row in ((0, 1, 1), (1, 0, 1), (1, 1, 0))]


def face_centred() -> PeriodicGraph:
    """Nearest neighbours of the face-centred cubic lattice, cube edge 1."""
    bonds = [
        ("A", "A", n) for n in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1, 0), (1, 0, -1), (0, 1, -1))
    ]
    return PeriodicGraph("A", bonds, 3).with_metric(Metric.from_vectors(FCC, {"A": (0, 0, 0)}))


def diamond_crystal() -> PeriodicGraph:
    """The diamond structure, cube edge 1."""
    quarter = (Fraction(1, 4),) * 3
    bonds = [("A", "B", n) for n in ((0, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 0, -1))]
    return PeriodicGraph("AB", bonds, 3).with_metric(
        Metric.from_vectors(FCC, {"A": (0, 0, 0), "B": quarter})
    )


def massive(graph: PeriodicGraph, restoring: sp.Expr = SMALL) -> GaussianField:
    """The Laplacian of a graph and a restoring force."""
    return GaussianField(graph, {v: graph.degree(v) + restoring for v in graph.vertices}, -1)


def numbers(matrix: sp.Matrix) -> np.ndarray:
    return np.array(matrix.evalf(20).tolist(), dtype=complex)


@pytest.mark.parametrize(
    ("lattice", "stiffness"),
    [
        *[
            (chain, R(1)),
            (square, R(1)),
            (triangular, R(3, 2)),
            (honeycomb, R(1, 4)),
            (kagome, R(1, 4)),
        ],
        *[(cubic, R(1)), (body_centred, R(1)), (face_centred, R(1)), (diamond_crystal, R(1, 8))],
    ],
)
def test_common_lattices_are_isotropic(lattice: object, stiffness: sp.Expr) -> None:
    """Known stiffness of the Laplacian per cell, cell or cube edge 1, whatever the restoring
    force.
    """
    effective = massive(lattice()).effective_theory  # type: ignore[operator]
    assert effective.isotropic == stiffness
    assert effective.correlation_length == sp.sqrt(stiffness / SMALL)


def spread(graph: PeriodicGraph, extent: int, restoring: float) -> np.ndarray:
    """⟨φ_0 φ_n⟩ of one vertex with itself in the cells n of a torus: a plain sum over wave numbers,
    written without the theory.
    """
    k = np.stack(
        np.meshgrid(*[2 * np.pi * np.arange(extent) / extent] * graph.dimension, indexing="ij")
    )
    order = {v: i for i, v in enumerate(graph.vertices)}
    size = len(order)
    bloch = np.zeros((*k.shape[1:], size, size), dtype=complex)
    for v, i in order.items():
        bloch[..., i, i] += graph.degree(v) + restoring
    for tail, head, offset, _ in graph.edges:
        phase = np.exp(1j * np.tensordot(offset, k, 1))
        bloch[..., order[tail], order[head]] -= phase
        bloch[..., order[head], order[tail]] -= phase.conj()
    return np.fft.ifftn(np.linalg.inv(bloch)[..., 0, 0]).real


def measured_decay(values: np.ndarray, direction: tuple[int, int], low: int, high: int) -> float:
    """Decay m over a cell vector from two distances: far away correlations in two dimensions are
    K_0(m n).
    """
    near, far = (values[tuple(n * x for x in direction)] for n in (low, high))
    return float(
        brentq(
            lambda m: (
                np.log(kve(0, m * low) / kve(0, m * high)) + m * (high - low) - np.log(near / far)
            ),
            1e-3,
            2,
        )
    )


@pytest.mark.parametrize(
    ("lattice", "direction", "length"),
    [
        (triangular, (1, 0), 12.247),
        (triangular, (1, 1), 12.247),
        (honeycomb, (1, 0), 5.0),
        (honeycomb, (1, 1), 5.0),
        (square, (1, 1), 10.0),
    ],
)
def test_correlations_decay_as_the_metric_says(
    lattice: object, direction: tuple[int, int], length: float
) -> None:
    """At r = .01, where the continuum differs from the lattice by a relative order r."""
    graph = lattice()  # type: ignore[operator]
    effective = massive(graph).effective_theory
    along = float(effective.correlation_length_along(direction))
    assert along == pytest.approx(length, abs=5e-4)
    values = spread(graph, 512, 0.01)
    unit = float(graph.metric.squared_length(direction)) ** 0.5
    low = round(5 * length / unit)
    decay = measured_decay(values, direction, low, 2 * low)
    assert float(effective.decay(direction)) == pytest.approx(decay, rel=1e-3)
    assert unit / decay == pytest.approx(along, rel=1e-3)
    if lattice is not square:
        wrong = 1 / np.sqrt(0.01 / float(effective.stiffness[0, 0]))
        assert abs(unit / decay / wrong - 1) > 0.1


def test_directions_of_a_stretched_lattice_differ() -> None:
    effective = massive(square().with_metric([[1, 0], [0, 9]])).effective_theory
    assert effective.isotropic is None
    assert [effective.correlation_length_along(n) for n in ((1, 0), (0, 1))] == [10, 30]
    for call in (lambda: effective.mass, lambda: effective.correlation_length):
        with pytest.raises(ValueError, match="depends on the direction"):
            call()


def test_what_needs_a_metric_says_so() -> None:
    effective = massive(triangular().with_metric(None)).effective_theory
    assert effective.decay((1, 0)) == sp.sqrt(6) / 30
    for call in (
        lambda: effective.isotropic,
        lambda: effective.mass,
        lambda: effective.correlation_length_along((1, 0)),
    ):
        with pytest.raises(NoMetric, match="needs a metric"):
            call()
    assert massive(chain().with_metric(None)).effective_theory.correlation_length == 10


def test_unit_of_length() -> None:
    assert massive(chain().with_metric([[4]])).effective_theory.correlation_length == 20
    assert massive(
        triangular().with_metric([[4, 2], [2, 4]])
    ).effective_theory.correlation_length == 2 * sp.sqrt(150)


@st.composite
def fields(draw: st.DrawFn, dimension: int | None = None) -> GaussianField:
    """A Laplacian with random positive bonds and a restoring force on a random connected graph."""
    d = dimension or draw(st.integers(1, 2))
    names = "ABC"[: draw(st.integers(1, 3))]
    offsets = st.tuples(*[st.integers(-1, 1)] * d)
    extra = draw(
        st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names), offsets), max_size=3)
    )
    bonds = [e for e in extra if e[0] != e[1] or any(e[2])]
    bonds += [(a, b, (0,) * d) for a, b in itertools.pairwise(names)]
    bonds += [("A", "A", tuple(int(i == j) for i in range(d))) for j in range(d)]
    strengths = {i: R(draw(st.integers(1, 5)), draw(st.integers(1, 3))) for i in range(len(bonds))}
    graph = PeriodicGraph(names, [(*bond, i) for i, bond in enumerate(bonds)], d)
    places = {v: tuple(Fraction(draw(st.integers(0, 3)), 4) for _ in range(d)) for v in names}
    skew = Fraction(draw(st.integers(-2, 2)), 3)
    gram = [[1, skew], [skew, draw(st.integers(1, 3))]] if d == 2 else [[draw(st.integers(1, 3))]]
    return laplacian(graph.with_metric(gram, places), strengths, R(draw(st.integers(1, 20)), 40))


def laplacian(
    graph: PeriodicGraph, strengths: dict[int, sp.Expr], restoring: sp.Expr
) -> GaussianField:
    """Bonds of given strengths and a restoring force."""
    diagonal = dict.fromkeys(graph.vertices, restoring)
    for tail, head, _, label in graph.edges:
        diagonal[tail] += strengths[label]
        diagonal[head] += strengths[label]
    return GaussianField(
        graph, diagonal, {label: -strength for label, strength in strengths.items()}
    )


@settings(max_examples=40, deadline=None)
@given(fields())
def test_the_effective_theory_is_the_lowest_band_of_long_waves(field: GaussianField) -> None:
    """The lowest eigenvalue of the symbol minus r + κZκ falls by 16 when the wave number is
    halved.
    """
    effective, gaps = field.effective_theory, []
    direction = np.array([0.8, -0.35])[: field.graph.dimension]
    for scale in (0.04, 0.02):
        k = scale * direction
        symbol = numbers(field.symbol.subs(dict(zip(field.wave_numbers, k.tolist(), strict=True))))
        lowest = np.linalg.eigvalsh(symbol)[0]
        gaps.append(abs(lowest - float(effective.symbol([sp.Float(x) for x in k]))))
    assert gaps[1] < gaps[0] / 12 or gaps[0] < 1e-11


def strengths_of(field: GaussianField) -> dict[int, sp.Expr]:
    return {label: -value for label, value in field.coupling.items()}


def restoring_of(field: GaussianField) -> sp.Expr:
    return field.effective_theory.restoring


@settings(max_examples=25, deadline=None)
@given(fields(), st.sampled_from([(2, 1), (1, 2), (2, 2), (3, 1)]))
def test_supercells_change_nothing_physical(field: GaussianField, factors: tuple[int, int]) -> None:
    m = factors[: field.graph.dimension]
    large = laplacian(
        field.graph.supercell(m), strengths_of(field), restoring_of(field)
    ).effective_theory
    small = field.effective_theory
    assert large.restoring == small.restoring and large.isotropic == small.isotropic
    n = (2, 1)[: field.graph.dimension]
    finer = tuple(a * b for a, b in zip(n, m, strict=True))
    assert sp.simplify(large.decay(n) ** 2 - small.decay(finer) ** 2) == 0
    assert (
        sp.simplify(
            large.correlation_length_along(n) ** 2 - small.correlation_length_along(finer) ** 2
        )
        == 0
    )


def rebased(field: GaussianField, new: Sequence[Sequence[int]]) -> PeriodicGraph:
    """The same crystal by other primitive vectors b_i = Σ_j new_ij a_j: an offset o in the a_j is
    o·new⁻¹ in the b_i.
    """
    (a, b), (c, d) = new
    det = a * d - b * c
    back = [[d * det, -b * det], [-c * det, a * det]]
    edges = [
        (t, h, tuple(sum(o[j] * back[j][i] for j in range(2)) for i in range(2)), label)
        for t, h, o, label in field.graph.edges
    ]
    assert field.graph.metric is not None
    return PeriodicGraph(field.graph.vertices, edges, 2, field.graph.metric.rebased(new))


@settings(max_examples=25, deadline=None)
@given(
    fields(dimension=2),
    st.sampled_from([[[1, 1], [0, 1]], [[2, 1], [1, 1]], [[0, 1], [-1, 0]], [[1, -3], [0, -1]]]),
    st.integers(-2, 2),
)
def test_the_choice_of_primitive_vectors_and_representatives_changes_nothing(
    field: GaussianField, new: list[list[int]], shift: int
) -> None:
    other = rebased(field, new)
    last = list(other.vertices)[-1]
    step = (shift, 1)
    moved = [
        (t, h, tuple(o[i] + step[i] * ((t == last) - (h == last)) for i in range(2)), label)
        for t, h, o, label in other.edges
    ]
    assert other.metric is not None
    places = {
        v: tuple(x + s * (v == last) for x, s in zip(p, step, strict=True))
        for v, p in other.metric.positions.items()
    }
    again = PeriodicGraph(other.vertices, moved, 2, other.metric.with_positions(places))
    assert sorted(again.squared_length(e) for e in again.edges) == sorted(
        field.graph.squared_length(e) for e in field.graph.edges
    )
    turned, plain = (
        laplacian(again, strengths_of(field), restoring_of(field)).effective_theory,
        field.effective_theory,
    )
    assert turned.restoring == plain.restoring and turned.isotropic == plain.isotropic
    for n in ((1, 0), (1, 2)):
        old = tuple(sum(n[i] * new[i][j] for i in range(2)) for j in range(2))
        assert (
            sp.simplify(
                turned.correlation_length_along(n) ** 2 - plain.correlation_length_along(old) ** 2
            )
            == 0
        )


@settings(max_examples=25, deadline=None)
@given(fields())
def test_the_metric_changes_nothing_topological(field: GaussianField) -> None:
    bare = GaussianField(field.graph.with_metric(None), field.diagonal, field.coupling)
    assert bare.symbol == field.symbol
    assert bare.effective_theory.stiffness == field.effective_theory.stiffness
    n = (1, -1)[: field.graph.dimension]
    assert bare.effective_theory.decay(n) == field.effective_theory.decay(n)
    extents = (2,) * field.graph.dimension
    assert bare.precision(extents) == field.precision(extents)


def test_two_unequal_vertices_have_their_lower_band() -> None:
    field = GaussianField(ladder(), {0: 3, 1: R(7, 2)}, -1)
    effective = field.effective_theory
    lower = field.bands[0]
    (k,) = field.wave_numbers
    assert sp.nsimplify(effective.restoring - lower.subs(k, 0)) == 0
    assert float(effective.stiffness[0, 0]) == pytest.approx(
        float(sp.diff(lower, k, 2).subs(k, 0)) / 2
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: GaussianField(ladder(3), 5, -1).effective_theory, "no closed form"),
        (
            lambda: (
                GaussianField(
                    PeriodicGraph("AB", [("A", "A", 1), ("B", "B", 1)], 1), 3, -1
                ).effective_theory
            ),
            "same value at k = 0",
        ),
        (
            lambda: (
                GaussianField(
                    PeriodicGraph("A", [("A", "A", 1, Directed("t"))], 1), 3, sp.I
                ).effective_theory
            ),
            "slope at k = 0",
        ),
        (
            lambda: GaussianField(square(), 5, 1).effective_theory.correlation_length,
            "long waves are not the softest",
        ),
        (
            lambda: GaussianField(square(), 3, -1).effective_theory.mass,
            "long waves are not the softest",
        ),
        (lambda: massive(square()).effective_theory.decay((0, 0)), "not all zero"),
        (lambda: massive(square()).effective_theory.decay((1,)), "cell vector of 2"),
        (lambda: massive(square()).effective_theory.propagator(sp.Integer(1)), "one dimension"),
        (
            lambda: massive(chain(), sp.S.Zero).effective_theory.propagator(sp.Integer(1)),
            "massless",
        ),
    ],
)
def test_refusals(build: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()  # type: ignore[operator]


def test_massless_fields_correlate_for_ever() -> None:
    effective = massive(square(), sp.S.Zero).effective_theory
    assert (
        effective.correlation_length == sp.oo
        and effective.correlation_length_along((2, 1)) == sp.oo
        and effective.decay((1, 0)) == 0
    )


def test_the_action_is_printed_in_the_unit_of_the_metric() -> None:
    assert massive(triangular()).effective_theory.to_latex() == (
        r"S = \frac{1}{\sqrt{3}} \int d^{2}x \left[ \frac{3}{2} (\nabla\phi)^2 + \frac{1}{100} "
        r"\phi^2 \right]"
    )
    assert (
        r"\nabla\phi^{\mathsf{T}}"
        in massive(triangular().with_metric(None)).effective_theory.to_latex()
    )
    assert EffectiveTheory(R(1), sp.ImmutableDenseMatrix([[2]])).to_latex() == (
        r"S = \frac{1}{2} \int dx \left[ 2 (\partial\phi)^2 + 1 \phi^2 \right]"
    )
