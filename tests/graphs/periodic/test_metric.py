"""The metric of a periodic graph: exact lengths, kept by every operation, changed by no
rotation.
"""

import itertools
import math
import pickle
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.graphs import lattices
from neurenorm.graphs.folding.fold import fold
from neurenorm.graphs.periodic.metric import Metric, NoMetric
from neurenorm.graphs.periodic.periodic import PeriodicGraph

HALF = Fraction(1, 2)
LATTICES = [
    lattices.chain,
    lattices.ladder,
    lattices.square,
    lattices.triangular,
    lattices.honeycomb,
    lattices.cubic,
]


@st.composite
def measured(draw, max_dimension=3, across=1):
    """A random connected periodic graph with a random metric."""
    d = draw(st.integers(1, max_dimension))
    size = d + draw(st.integers(0, across))
    names = "ABC"[: draw(st.integers(1, 3))]
    offsets = st.tuples(*[st.integers(-2, 2)] * d)
    edges = draw(
        st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names), offsets), max_size=4)
    )
    edges += [(a, b, (0,) * d) for a, b in itertools.pairwise(names)]
    edges += [("A", "A", tuple(int(i == j) for i in range(d))) for j in range(d)]
    small = st.fractions(-2, 2, max_denominator=4)
    rows = [draw(st.lists(small, min_size=size, max_size=size)) for _ in range(size)]
    rows = [[x + 5 * (i == j) for j, x in enumerate(row)] for i, row in enumerate(rows)]
    places = {v: draw(st.lists(small, min_size=size, max_size=size)) for v in names}
    cell = PeriodicGraph(names, [e for e in edges if e[0] != e[1] or any(e[2])], d)
    return cell.with_metric(Metric.from_vectors(rows, places))


def lengths(cell):
    """The squared lengths of the edges of a cell, sorted."""
    return sorted(cell.squared_length(edge) for edge in cell.edges)


@pytest.mark.parametrize("lattice", LATTICES)
def test_every_bond_of_a_common_lattice_has_one_length(lattice):
    cell = lattice()
    assert len(set(lengths(cell))) == 1
    assert cell.metric.gram[0][0] == 1


@given(measured(), st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2)))
@settings(deadline=None, max_examples=60)
def test_a_supercell_measures_the_same_crystal(cell, factors):
    m = factors[: cell.dimension]
    large = cell.supercell(m)
    assert lengths(large) == sorted(lengths(cell) * math.prod(m))
    d, n = cell.dimension, math.prod(m)
    assert large.metric.squared_volume(d) == n**2 * cell.metric.squared_volume(d)


@given(measured())
@settings(deadline=None, max_examples=60)
def test_text_pickle_and_names_keep_the_metric(cell):
    assert PeriodicGraph.from_text(cell.to_text()) == cell
    assert pickle.loads(pickle.dumps(cell)) == cell
    other = cell.renamed(str.lower)
    assert other != cell and other.renamed(str.upper) == cell and lengths(other) == lengths(cell)
    bare = cell.with_metric(None)
    assert bare != cell and bare.with_metric(cell.metric) == cell


@given(measured(max_dimension=2), st.integers(1, 4), st.integers(1, 4), st.booleans())
@settings(deadline=None, max_examples=60)
def test_positions_of_a_piece_are_cells_away_from_those_of_the_cell(cell, first, second, closed):
    extents = (first, second)[: cell.dimension]
    piece = cell.unroll(extents, closed).graph
    metric = Metric(piece.graph["gram"], dict(piece.nodes(data="position")))
    for edge in cell.edges:
        if all(0 <= o < n for o, n in zip(edge.offset, extents, strict=True)):
            tail, head = (edge.tail, (0,) * cell.dimension), (edge.head, edge.offset)
            step = [
                y - x for x, y in zip(metric.positions[tail], metric.positions[head], strict=True)
            ]
            assert metric.squared_length(step) == cell.squared_length(edge)


@pytest.mark.parametrize(
    "lattice, extents", [(f, 5 if f is not lattices.cubic else 4) for f in LATTICES]
)
@pytest.mark.parametrize("closed", [True, False])
def test_fold_gives_the_metric_back(lattice, extents, closed):
    """Up to the choice of axes: the same bonds with the same lengths, and the same volume of a
    cell.
    """
    cell = lattice()
    piece = cell.unroll(extents, closed).graph
    order = {v: i for i, v in enumerate(cell.vertices)}
    coordinates = {(v, c): (*c, order[v]) for v, c in piece}
    folded = fold(
        piece,
        coordinates,
        [extents if closed else None] * cell.dimension,
        along=range(cell.dimension),
    ).quotient
    assert folded.metric is not None and lengths(folded) == lengths(cell)
    assert folded.metric.squared_volume() == cell.metric.squared_volume()


def test_a_bare_ring_folds_to_a_chain_of_the_same_spacing():
    ring = lattices.chain().supercell(2).unroll(6).graph
    assert fold(ring).quotient.metric.gram == ((1,),)


def test_a_map_of_the_graph_that_is_no_motion_of_space_gives_no_metric():
    places = {"A": (0,), "B": (Fraction(1, 3),)}
    cell = PeriodicGraph("AB", [("A", "B", 0), ("B", "A", 1)], 1).with_metric([[1]], places)
    folded = fold(cell.unroll(6).graph).quotient
    assert len(folded.vertices) == 1 and folded.metric is None
    with pytest.raises(NoMetric, match="needs a metric"):
        folded.squared_length(folded.edges[0])


@given(measured(max_dimension=3, across=0), st.integers(-3, 3), st.integers(-3, 3))
@settings(deadline=None, max_examples=60)
def test_sheared_axes_measure_the_same_vectors(cell, a, b):
    d = cell.dimension
    shear = [
        [int(i == j) + (a if j == i + 1 else 0) + (b if j == i + 2 else 0) for j in range(d)]
        for i in range(d)
    ]
    turned = cell.metric.rebased(shear)
    assert turned.squared_volume() == cell.metric.squared_volume()
    for i, row in enumerate(shear):
        assert turned.gram[i][i] == cell.metric.squared_length(row)
    for v, place in cell.metric.positions.items():
        assert turned.squared_length(turned.positions[v]) == cell.metric.squared_length(place)
        components = cell.metric.cartesian(place)
        assert math.fsum(x * x for x in components) == pytest.approx(
            float(cell.metric.squared_length(place))
        )


def test_drawings_show_the_lattice_as_it_is():
    text = lattices.triangular()._repr_html_()
    assert "svg" in text and lattices.triangular().with_metric(None)._repr_html_() != text
    flat = lattices.triangular().with_metric([[10**8, 0], [0, 1]])
    assert "svg" in flat._repr_html_()


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda: lattices.square().with_metric([[1, 2], [2, 1]]), ValueError, "positive definite"),
        (lambda: lattices.square().with_metric([[1, 0], [1, 1]]), ValueError, "symmetric"),
        (lambda: lattices.square().with_metric([[1, 0]]), ValueError, "as many rows as columns"),
        (lambda: lattices.square().with_metric([[1.0, 0], [0, 1]]), TypeError, "rational"),
        (lambda: lattices.square().with_metric([[1]]), ValueError, "needs as many axes"),
        (
            lambda: lattices.honeycomb().with_metric([[1, 0], [0, 1]]),
            ValueError,
            "needs their positions",
        ),
        (
            lambda: lattices.honeycomb().with_metric([[1, 0], [0, 1]], {0: (0, 0)}),
            ValueError,
            "places every vertex",
        ),
        (
            lambda: lattices.square().with_metric([[1, 0], [0, 1]], {0: (0,)}),
            ValueError,
            "1 coordinates",
        ),
        (lambda: PeriodicGraph("A", [], 1, "metric"), TypeError, "with_metric takes"),
        (lambda: Metric.from_vectors([(1, 0), (2, 0)], {}), ValueError, "positive definite"),
        (lambda: Metric.from_vectors([(1, 0), (2,)], {}), ValueError, "2 components"),
        (lambda: lattices.square().metric.rebased([[1, 1], [2, 2]]), ValueError, "independent"),
        (lambda: lattices.square().metric.squared_length((1, 0, 0)), ValueError, "at most 2"),
        (lambda: lattices.honeycomb().renamed({0: 1}), ValueError, "one name"),
        (
            lambda: PeriodicGraph.from_text("dimension 1\nvertex ('A', None,)\naxis 3"),
            ValueError,
            "line 3",
        ),
        (lambda: setattr(lattices.chain().metric, "x", 1), AttributeError, "does not change"),
    ],
)
def test_bad_input(build, error, message):
    with pytest.raises(error, match=message):
        build()
