"""The step of a cell in the weights of a bond."""

from __future__ import annotations

from itertools import product

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, Symbol

from neurenorm.graphs import diamond, series_cell, wheatstone
from neurenorm.graphs.lattices import TwoTerminalCell
from neurenorm.theory.decimation.model import ISING, finite, potts
from neurenorm.theory.decimation.weights import weight_map

J, K, D, Q = Symbol("J"), Symbol("K"), Symbol("Delta"), Symbol("Q")
DILUTE = {
    J: lambda s, t, v: int(s == t and s != v),
    K: lambda s, t, v: int(v not in (s, t)),
    D: lambda s, t, v: -int(s != v) - int(t != v),
}
CELLS = (diamond(), series_cell(3), wheatstone(), diamond(2, 4))


def summed(cell, size, weight, ends):
    """Sum over the interior of a cell, configuration by configuration."""
    inner, total = list(cell.interior), 0
    for states in product(range(size), repeat=len(inner)):
        at = dict(zip(inner, states, strict=True)) | dict(zip(cell.terminals, ends, strict=True))
        term = 1
        for u, v in cell.graph.edges():
            term *= weight(at[u], at[v])
        total += term
    return total


@settings(deadline=None, max_examples=30, print_blob=True)
@given(st.sampled_from(CELLS), st.integers(2, 4), st.data())
def test_the_polynomials_are_the_sum_over_the_interior(cell, size, data):
    number = st.integers(0, 5)
    table = {}
    for s, t in product(range(size), repeat=2):
        table[s, t] = table[t, s] if s > t else data.draw(st.integers(0, 3))
    found = weight_map(cell, finite(range(size)), {K: lambda s, t: table[int(s), int(t)]})
    w = [data.draw(number) for _ in found.state]
    at = dict(zip(found.state, w, strict=True))

    classes = _class_numbers(found, table, size, cell)

    for polynomial, pair in zip(found.step, found.pairs, strict=True):
        assert polynomial.subs(at) == summed(
            cell, size, lambda s, t: w[classes[s, t]], tuple(map(int, pair))
        )


def _class_numbers(found, table, size, cell):
    """Split the pairs by their values until the enumerated step keeps the classes apart."""
    numbers = dict(table)
    for _ in range(size**2):
        order = list(dict.fromkeys(numbers[p] for p in product(range(size), repeat=2)))
        symbol = {p: Symbol(f"x{order.index(numbers[p])}") for p in numbers}
        sums = {
            p: summed(cell, size, lambda s, t, of=symbol: of[s, t], p).expand() for p in numbers
        }
        keys = {p: (str(symbol[p]), str(sums[p])) for p in numbers}
        if len(set(keys.values())) == len(order):
            break
        numbers = keys
    order = list(dict.fromkeys(numbers[p] for p in product(range(size), repeat=2)))
    assert len(order) == len(found.state)
    return {p: order.index(numbers[p]) for p in numbers}


@pytest.mark.parametrize("q", [3, 4])
def test_vacancies_with_a_symbol_for_the_number_of_states(q):
    found = weight_map(diamond(), potts(Q), DILUTE, vacancies=True)
    w = dict(zip(found.state, (Rational(1), Rational(3), Rational(2), Rational(5)), strict=True))
    vacant, same, mixed, other = w.values()

    def weight(s, t):
        """Return the weight of two sites, the state 0 of which is empty."""
        if s == 0 or t == 0:
            return vacant if s == t else mixed
        return same if s == t else other

    values = [p.subs(w).subs(Q, q + 1) for p in found.step]
    pairs = ((0, 0), (1, 1), (0, 1), (1, 2))
    assert values == [summed(diamond(), q + 1, weight, pair) for pair in pairs]


def test_a_reflection_that_separates_the_terminals_is_recognised():
    ising = {K: lambda s, t: s * t}
    lopsided = nx.MultiGraph([("a", "x"), ("x", "y"), ("y", "b"), ("x", "b"), ("a", "x")])
    assert [weight_map(c, ISING, ising).mirrored for c in CELLS] == [True, False, True, True]
    cell = TwoTerminalCell(lopsided, ("a", "b"))
    assert not weight_map(cell, ISING, ising).mirrored


def test_refusals():
    with pytest.raises(ValueError, match="changes no scale"):
        weight_map(series_cell(1), ISING, {K: lambda s, t: s * t})
    with pytest.raises(ValueError, match="two ends"):
        weight_map(diamond(), ISING, {K: lambda s, t: s})
