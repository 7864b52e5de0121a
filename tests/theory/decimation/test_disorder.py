"""Laws of couplings: exact trees, Nishimori's identities, the response to weak disorder."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import N, Rational, Symbol, nsolve

from neurenorm.graphs import diamond, series_cell, wheatstone
from neurenorm.numerics.simulation.lattice.enumeration import ising_terms, log_marginal
from neurenorm.theory.decimation.disorder import bond_step, exact_law, harris, moment

CELLS = (diamond(), series_cell(3), wheatstone(), diamond(2, 3))


def enumerated(cell, couplings):
    """Return tanh K' of a cell from a sum over all spins."""
    place = {v: k for k, v in enumerate(cell.graph)}
    bonds = [(place[u], place[v]) for u, v in cell.graph.edges()]
    ends = tuple(place[v] for v in cell.terminals)
    table = log_marginal(len(place), [1, -1], ising_terms(bonds, couplings), ends)
    return np.tanh((table[0, 0] - table[0, 1]) / 2)


@settings(deadline=None, max_examples=25, print_blob=True)
@given(st.sampled_from(CELLS), st.data())
def test_the_new_bond_is_that_of_enumeration_for_any_couplings(cell, data):
    one = st.floats(-1.5, 1.5)
    couplings = np.array(data.draw(st.lists(one, min_size=cell.bonds, max_size=cell.bonds)))
    symbols, step = bond_step(cell)
    value = step.subs(dict(zip(symbols, np.tanh(couplings), strict=True)))
    assert float(value) == pytest.approx(enumerated(cell, couplings), abs=1e-12)


def nishimori(p):
    """Return the law of t of +-J bonds on the Nishimori line."""
    return {2 * p - 1: p, 1 - 2 * p: 1 - p}


@settings(deadline=None, max_examples=15, print_blob=True)
@given(st.sampled_from(CELLS), st.integers(11, 19))
def test_nishimori_identities_hold_on_any_cell(cell, twentieths):
    law = exact_law(cell, nishimori(Rational(twentieths, 20)))
    assert sum(law.values()) == 1
    for k in (1, 3):
        assert moment(law, k) == moment(law, k + 1)
    for t, weight in law.items():  # P(t) (1 - t) = P(-t) (1 + t)
        assert weight * (1 - t) == law.get(-t, 0) * (1 + t)


def test_the_moments_of_small_generations():
    law = nishimori(Rational(9, 10))
    means = [N(moment(exact_law(diamond(), law, g), 1), 15) for g in (1, 2)]
    assert means[0] == pytest.approx(0.581157775255, abs=1e-12)
    assert means[1] == pytest.approx(0.539682952301, abs=1e-12)
    t = Rational(4, 5)
    assert moment(exact_law(diamond(), law), 1) == 2 * t**4 / (1 + t**4)
    second = exact_law(diamond(), law, 2)
    assert N(moment(second, 3), 15) == pytest.approx(0.423621558148, abs=1e-12)
    assert moment(second, 1) == moment(second, 2) and moment(second, 3) == moment(second, 4)


@settings(deadline=None, max_examples=10, print_blob=True)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_the_law_is_the_mean_over_all_choices(a, b, tenths):
    law = {Rational(a, 10): Rational(tenths, 10), Rational(-b, 10): 1 - Rational(tenths, 10)}
    exact = moment(exact_law(diamond(), law), 2)
    total = 0.0
    for choice in product(law.items(), repeat=4):
        weight = np.prod([float(p) for _, p in choice])
        couplings = np.arctanh([float(t) for t, _ in choice])
        total += weight * enumerated(diamond(), couplings) ** 2
    assert float(exact) == pytest.approx(total, abs=1e-12)


def test_the_variance_of_weak_disorder():
    x = Symbol("x")
    critical = nsolve(2 * x / (1 + x**4) - 1, x, 0.54, prec=20)
    responses, variance = harris(diamond(), x)
    assert variance.equals(sum(responses) ** 2 / 4)
    assert float(variance.subs(x, critical)) == pytest.approx(0.704402258, abs=1e-9)
    bridge, spread = harris(wheatstone(), Rational(1, 2))
    assert spread > sum(bridge) ** 2 / 5  # its five bonds are not equivalent


def test_refusals():
    half = Rational(1, 2)
    for law, words in (
        ({half: half}, "add up to 1"),
        ({Rational(2): 1}, "between -1 and 1"),
        ({half: 2, -half: -1}, "not negative"),
        ({0.3 + Symbol("x"): 1}, "rational"),
    ):
        with pytest.raises(ValueError, match=words):
            exact_law(diamond(), law)
    with pytest.raises(ValueError, match="choices"):
        exact_law(diamond(), nishimori(Rational(9, 10)), 6)
