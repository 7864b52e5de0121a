"""Exact lattice arithmetic against sympy and brute force."""

import itertools
import math

from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import ZZ, Matrix
from sympy.matrices.normalforms import smith_normal_form

from neurenorm.graphs.periodic import integers

vectors = st.integers(1, 3).flatmap(
    lambda d: st.tuples(
        st.just(d),
        st.lists(st.tuples(*[st.integers(-6, 6)] * d), max_size=4),
        st.tuples(*[st.integers(-9, 9)] * d),
    )
)


@given(vectors)
@settings(deadline=None, max_examples=200)
def test_hermite_basis_spans_the_lattice(case):
    _, rows, point = case
    basis = integers.hermite(rows)
    assert all(integers.contains(basis, row) for row in rows)
    assert len(basis) == (Matrix(rows).rank() if rows else 0)
    assert integers.hermite([*reversed(rows), *(integers.negate(r) for r in rows)]) == basis
    rest = integers.reduce(point, basis)
    assert integers.contains(basis, integers.subtract(point, rest))
    assert integers.reduce(integers.add(rest, basis[0]) if basis else rest, basis) == rest


@given(vectors)
@settings(deadline=None, max_examples=200)
def test_index_and_divisors_agree_with_sympy(case):
    d, rows, _ = case
    basis = integers.hermite(rows)
    divisors, transform = integers.smith(rows, d)
    assert abs(Matrix(transform).det()) == 1
    if len(basis) == d:
        assert integers.index(basis, d) == abs(Matrix(basis).det())
        assert math.prod(divisors) == integers.index(basis, d)
        exact = smith_normal_form(Matrix(basis), domain=ZZ)
        assert abs(math.prod(exact[i, i] for i in range(d))) == math.prod(divisors)
    else:
        assert integers.index(basis, d) == math.inf


@given(vectors)
@settings(deadline=None, max_examples=200)
def test_aligned_coordinates_decide_membership(case):
    d, rows, point = case
    basis = integers.hermite(rows)
    divisors, transform = integers.smith(rows, d)
    aligned = [sum(point[i] * transform[i][j] for i in range(d)) for j in range(d)]
    inside = all(x % n == 0 for x, n in zip(aligned, divisors, strict=False)) and not any(
        aligned[len(divisors) :]
    )
    assert inside == integers.contains(basis, point)


def test_coordinates_rebuild_the_vector():
    basis = integers.hermite([(2, 1), (0, 3)])
    for a, b in itertools.product(range(-3, 4), repeat=2):
        point = tuple(a * x + b * y for x, y in zip(*basis, strict=True))
        assert integers.coordinates(basis, point) == (a, b)
