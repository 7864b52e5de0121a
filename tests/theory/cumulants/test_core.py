"""Pairings, diagrams, moments and the ring of truncated moments."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import permutations
from math import factorial, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Poly, Rational, Symbol, expand, log, series

from neurenorm.theory.cumulants import (
    Diagram,
    TruncatedRing,
    cumulants_from_moments,
    diagrams,
    moments_from_cumulants,
    pairings,
    scalar_vertex,
    total,
    vector_vertex,
)

n = Symbol("n")


@pytest.mark.parametrize("k", range(1, 11))
def test_all_pairings_of_one_vertex(k: int) -> None:
    whole = total(vector_vertex(0, 2 * k), n)
    assert whole == Poly(prod(n + 2 * i for i in range(k)), n)
    assert whole.eval(-2) == 0 or k == 1


def test_vacuum_diagrams_of_the_quartic_action() -> None:
    counts = [1, 2, 4, 10, 28]
    sums = ["1/8", "1/12", "11/96", "17/72", "619/960"]
    for size, (count, whole) in enumerate(zip(counts, sums, strict=True), start=1):
        found = diagrams([4] * size)
        assert len(found) == count
        assert sum(found.values()) == Rational(whole)
        assert all(weight == Rational(1, d.automorphisms) for d, weight in found.items())


def test_the_weights_are_those_of_the_logarithm_of_the_integral() -> None:
    g = Symbol("g")
    moments = 1 + sum(
        g**k * Rational(factorial(4 * k), 2 ** (2 * k) * factorial(2 * k) * 24**k * factorial(k))
        for k in range(1, 6)
    )
    connected = series(log(moments), g, 0, 6).removeO()
    for k in range(1, 6):
        assert connected.coeff(g, k) == sum(diagrams([4] * k).values())


def test_strands_count_loops_of_components() -> None:
    found = {d.edges: expand(w * 2 * 24**2) for d, w in diagrams([4, 4], n=n).items()}
    assert set(found.values()) == {expand(8 * n * (n + 2) ** 2), expand(8 * n * (n + 2))}


def test_cubic_diagrams() -> None:
    two, four = diagrams([3] * 2), diagrams([3] * 4)
    assert sorted(two.values()) == [Rational(1, 12), Rational(1, 8)]
    assert sorted(four.values()) == [Rational(1, k) for k in (48, 24, 16, 16, 8)]
    assert (sum(two.values()), sum(four.values())) == (Rational(5, 24), Rational(5, 16))


def test_states_and_speed() -> None:
    assert [
        len(pairings([p for v in range(k) for p in vector_vertex(v, 4)])) for k in range(1, 6)
    ] == [1, 3, 15, 138, 2021]
    started = time.perf_counter()
    pairings([p for v in range(3) for p in vector_vertex(v, 4)])
    assert time.perf_counter() - started < 0.5


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4).filter(lambda k: sum(k) % 2 == 0))
def test_weights_are_symmetry_factors(degrees: list[int]) -> None:
    found = diagrams(degrees, connected=False)
    assert all(weight == Rational(1, d.automorphisms) for d, weight in found.items())
    fields = sum(degrees)
    count = factorial(fields) // (2 ** (fields // 2) * factorial(fields // 2))
    symmetry = prod(map(factorial, degrees)) * prod(
        factorial(degrees.count(k)) for k in set(degrees)
    )
    assert sum(found.values()) == Rational(count, symmetry)


@given(
    st.lists(st.tuples(st.integers(-2, 3), st.integers(0, 3)), min_size=1, max_size=7),
    st.permutations(range(4)),
)
def test_canonical_form_knows_no_labels(edges: list[tuple[int, int]], order: list[int]) -> None:
    renamed = [(a if a < 0 else order[a], order[b]) for a, b in edges]
    assert Diagram.of(edges) == Diagram.of(renamed)
    used = sorted({v for e in edges for v in e if v >= 0})
    least = min(
        tuple(
            sorted(tuple(sorted((a if a < 0 else p[a], p[b]))) for a, b in Diagram.of(edges).edges)
        )
        for p in permutations(range(len(used)))
    )
    other = min(
        tuple(
            sorted(
                tuple(sorted((a if a < 0 else p[used.index(a)], p[used.index(b)])))
                for a, b in edges
            )
        )
        for p in permutations(range(len(used)))
    )
    assert least == other


rationals = st.fractions(-3, 3, max_denominator=5)


@given(st.lists(rationals, min_size=9, max_size=9))
def test_moments_and_cumulants_invert(values: list[Fraction]) -> None:
    orders = [(a, b) for a in range(4) for b in range(4) if 0 < a + b <= 3]
    moments = dict(zip(orders, values, strict=True))
    assert moments_from_cumulants(cumulants_from_moments(moments)) == moments


@given(st.lists(rationals, min_size=4, max_size=4), rationals)
def test_a_shift_changes_the_mean_alone(points: list[Fraction], shift: Fraction) -> None:
    def cumulants(values: list[Fraction]) -> dict[tuple[int, ...], Fraction]:
        return cumulants_from_moments(
            {(k,): sum(v**k for v in values) / len(values) for k in range(1, 6)}
        )

    there, here = cumulants([p + shift for p in points]), cumulants(points)
    assert there.pop((1,)) == here.pop((1,)) + shift
    assert there == here


@given(st.integers(1, 3), st.integers(1, 2), st.data())
def test_the_ring_is_a_ring(slots: int, order: int, data: st.DataObject) -> None:
    ring = TruncatedRing(slots, order)
    element = st.dictionaries(st.sampled_from(ring.monomials), rationals, max_size=5).map(
        ring.element
    )
    a, b, c = (data.draw(element) for _ in range(3))
    assert (a * b) * c == a * (b * c)
    assert a * (b + c) == a * b + a * c
    assert a * b == b * a


def test_sizes_of_the_ring() -> None:
    assert [len(TruncatedRing(s, p).monomials) for s, p in ((1, 2), (1, 3), (3, 2), (6, 2))] == [
        9,
        16,
        46,
        239,
    ]


def test_refusals() -> None:
    with pytest.raises(ValueError, match="an odd number of fields"):
        pairings(scalar_vertex(0, 3))
    with pytest.raises(ValueError, match="give the tensor d_ijk"):
        vector_vertex(0, 3)
