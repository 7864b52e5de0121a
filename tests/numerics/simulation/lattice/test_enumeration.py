"""Brute-force sums against explicit loops, closed forms and each other."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.simulation.lattice import enumeration
from neurenorm.numerics.simulation.lattice.enumeration import (
    expectation,
    ising_terms,
    log_marginal,
    log_partition,
    potts_terms,
)


def plain_weights(n, states, terms):
    """Every configuration with its weight, in a plain loop."""
    for spins in itertools.product(states, repeat=n):
        yield (
            spins,
            math.exp(sum(c * float(f(*(spins[i] for i in sites))) for sites, c, f in terms)),
        )


@st.composite
def systems(draw):
    """Small systems with random pair and triple terms."""
    n = draw(st.integers(2, 5))
    states = draw(st.sampled_from([(-1, 1), (0, 1, 2), (-1, 0, 1), (0.5, 2.0)]))
    number = st.floats(-1.5, 1.5)
    sites = st.integers(0, n - 1)
    pairs = draw(st.lists(st.tuples(sites, sites, number), max_size=6))
    triples = draw(st.lists(st.tuples(sites, sites, sites, number), max_size=2))
    terms = [((a, b), c, lambda s, t: np.cos(s) * t) for a, b, c in pairs]
    terms += [((a, b, d), c, lambda s, t, u: s * t + (t == u)) for a, b, d, c in triples]
    return n, states, terms


@settings(deadline=None, max_examples=60)
@given(system=systems(), block=st.sampled_from([2, 9, 2**16]), data=st.data())
def test_every_sum_equals_the_plain_loop(system, block, data):
    n, states, terms = system
    keep = data.draw(st.lists(st.integers(0, n - 1), unique=True, max_size=n))
    expected = np.zeros((len(states),) * len(keep))
    mean = 0.0
    for spins, weight in plain_weights(n, states, terms):
        expected[tuple(states.index(spins[site]) for site in keep)] += weight
        mean += weight * (spins[0] + spins[-1] ** 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(enumeration, "_BLOCK", block)
        np.testing.assert_allclose(
            log_marginal(n, states, terms, keep), np.log(expected), rtol=1e-12, atol=1e-12
        )
        assert log_partition(n, states, terms) == pytest.approx(
            math.log(expected.sum()), rel=1e-12, abs=1e-12
        )
        found = expectation(n, states, terms, lambda s: s[0] + s[-1] ** 2)
    assert found == pytest.approx(mean / expected.sum(), rel=1e-12, abs=1e-12)


def ring(length):
    """The bonds of a ring."""
    return [(i, (i + 1) % length) for i in range(length)]


def test_ring_across_several_blocks_has_the_closed_form():
    found = log_partition(20, (-1, 1), ising_terms(ring(20), 0.7))
    assert found == pytest.approx(
        20 * math.log(2 * math.cosh(0.7)) + math.log1p(math.tanh(0.7) ** 20), rel=1e-14
    )


def test_field_follows_the_bond_convention():
    T = np.array([[math.exp(1.0 - 0.2), math.exp(-1.0)], [math.exp(-1.0), math.exp(1.0 + 0.2)]])
    closed = log_partition(7, (-1, 1), ising_terms(ring(7), 1.0, h=0.2))
    assert closed == pytest.approx(math.log(np.trace(np.linalg.matrix_power(T, 7))), rel=1e-13)
    opened = log_partition(7, (-1, 1), ising_terms(ring(7)[:-1], 1.0, h=0.2))
    assert opened == pytest.approx(math.log(np.linalg.matrix_power(T, 6).sum()), rel=1e-13)


def test_potts_ring_has_the_closed_form():
    x = math.exp(0.4)
    found = log_partition(6, 4, potts_terms(ring(6), 0.4))
    assert found == pytest.approx(math.log((x + 3) ** 6 + 3 * (x - 1) ** 6), rel=1e-13)


def test_couplings_per_bond_and_parallel_bonds_add():
    double = ising_terms([(0, 1), (0, 1), (1, 2)], [0.3, 0.4, 0.5])
    single = ising_terms([(0, 1), (1, 2)], [0.7, 0.5])
    assert log_partition(3, (-1, 1), double) == pytest.approx(
        log_partition(3, (-1, 1), single), rel=1e-14
    )


def test_huge_weights_do_not_overflow():
    assert log_partition(3, (-1, 1), ising_terms(ring(3), 1e5)) == pytest.approx(
        3e5 + math.log(2), rel=1e-15
    )


def test_forbidden_configurations():
    hard = [
        ((0, 1), 1.0, lambda a, b: np.where(a * b == 1, -np.inf, 0.0))
    ]  # no two neighbours occupied
    assert log_partition(2, (0, 1), hard) == pytest.approx(math.log(3))
    assert log_marginal(2, (0, 1), hard, keep=(0, 1))[1, 1] == -math.inf
    nothing = [((0,), 1.0, lambda a: np.full(a.shape, -np.inf))]
    assert log_partition(2, (0, 1), nothing) == -math.inf
    with pytest.raises(ValueError, match="forbidden"):
        expectation(2, (0, 1), nothing, lambda s: s[0])


def test_bad_input():
    with pytest.raises(ValueError, match="2\\^26"):
        log_partition(27, (-1, 1), [])
    with pytest.raises(ValueError, match="at least one site"):
        log_partition(0, (-1, 1), [])
    with pytest.raises(ValueError, match="from 0 to 2"):
        log_partition(3, (-1, 1), ising_terms([(0, 3)], 1.0))
    with pytest.raises(ValueError, match="finite"):
        log_partition(2, (-1, 1), ising_terms([(0, 1)], math.nan))
    with pytest.raises(ValueError, match="not a number"):
        log_partition(2, (-1, 1), [((0,), 1.0, lambda a: np.where(a > 0, np.nan, a))])
    with pytest.raises(ValueError, match="kept twice"):
        log_marginal(2, (-1, 1), [], keep=(0, 0))
    with pytest.raises(ValueError, match="from 0 to 1"):
        log_marginal(2, (-1, 1), [], keep=(2,))
    with pytest.raises(ValueError, match="states"):
        log_partition(2, 0, [])
    with pytest.raises(ValueError, match="one for each bond"):
        ising_terms([(0, 1), (1, 2)], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="observable"):
        expectation(2, (-1, 1), [], lambda s: np.where(s[0] > 0, np.nan, s[1]))
