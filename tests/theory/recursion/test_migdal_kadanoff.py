"""Migdal-Kadanoff in any dimension, with any scale factor, and its generator."""

from __future__ import annotations

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, Symbol, lambdify, log, nsolve, sqrt

from neurenorm.graphs import diamond
from neurenorm.theory.decimation.cell import cell_recursion
from neurenorm.theory.decimation.model import ISING, potts
from neurenorm.theory.recursion.migdal_kadanoff import (
    bond_moving,
    bonds_in_series,
    migdal_kadanoff,
    migdal_kadanoff_beta,
    self_dual_exponent,
)
from neurenorm.theory.recursion.recursion import Recursion

K = Symbol("K", positive=True)


def fixed_point(recursion, start):
    """Return the fixed point near a start, and its exponent."""
    star = nsolve(recursion.step[0] - K, K, start, prec=25)
    slope = recursion.step[0].diff(K).subs(K, star)
    return star, log(slope, recursion.scale).evalf(20)


@pytest.mark.parametrize(
    ("d", "start", "y"),
    [
        (2, 0.6, 0.747235718929),
        (3, 0.26, 0.939128931894),
        (4, 0.12, 0.984924841762),
        (Rational(5, 2), 0.4, 0.876716672032),
        (Rational(3, 2), 1.1, 0.472939373187),
    ],
)
def test_exponents_of_both_orders(d, start, y):
    star, found = fixed_point(migdal_kadanoff(K, d), start)
    moved = 2.0 ** float(1 - d)
    other, same = fixed_point(migdal_kadanoff(K, d, move_first=True), start * moved)
    assert abs(found - y) < 2e-12 and abs(same - found) < 1e-15
    assert abs(other * 2 ** (d - 1) - star) < 1e-15


@settings(deadline=None, max_examples=12, print_blob=True)
@given(st.integers(2, 4), st.integers(2, 4), st.sampled_from([None, 2, 3, 7]), st.integers(1, 30))
def test_an_integer_number_of_branches_is_the_exact_cell(b, branches, q, twentieths):
    d = 1 + log(branches, b)
    alphabet, bond = (ISING, lambda s, t: s * t) if q is None else (potts(q), lambda s, t: s == t)
    cell = cell_recursion(diamond(b, branches), alphabet, {K: bond})
    at = {K: Rational(twentieths, 20)}
    step = migdal_kadanoff(K, d, b, q=q).step[0]
    assert abs((cell.step[0].subs(at) - step.subs(at)).evalf(30)) < 1e-25


@settings(deadline=None, max_examples=15, print_blob=True)
@given(
    st.fractions(Rational(11, 10), 5, max_denominator=20),
    st.fractions(Rational(1, 10), 2, max_denominator=20),
    st.sampled_from([None, 2, Rational(5, 2), 10]),
    st.booleans(),
)
def test_the_generator_is_the_derivative_of_the_step_at_scale_one(d, k, q, move_first):
    d, k = Rational(d), Rational(k)
    b = Symbol("b", positive=True)
    step = lambdify(
        b, migdal_kadanoff(K, d, b, q=q, move_first=move_first).step[0].subs(K, k), "mpmath"
    )
    with mpmath.workdps(40):
        slope = mpmath.diff(step, 1)
        beta = mpmath.mpf(str(migdal_kadanoff_beta(K, d, q=q).subs(K, k).evalf(40)))
        assert abs(slope - beta) < mpmath.mpf(10) ** -15


@pytest.mark.parametrize(
    ("d", "start", "point", "y"),
    [
        (2, 0.44, 0.440686793509772, 0.753549519719539),
        (3, 0.14, 0.139777682120293, 0.948168643506721),
    ],
)
def test_the_limit_of_scale_one(d, start, point, y):
    beta = migdal_kadanoff_beta(K, d)
    star = nsolve(beta, K, start, prec=25)
    assert abs(star - point) < 1e-15 and abs(beta.diff(K).subs(K, star) - y) < 1e-15
    near, close = fixed_point(migdal_kadanoff(K, d, Rational(1001, 1000)), start)
    assert abs(near - star) < 1e-3 and abs(close - y) < 1e-3


@pytest.mark.parametrize(
    ("q", "y"), [(1, 0.613705638880), (2, 0.753549519720), (3, 0.839465292415), (4, 0.901387711332)]
)
def test_the_self_dual_point_of_potts(q, y):
    beta = migdal_kadanoff_beta(K, 2, q=q)
    star = log(1 + sqrt(q))
    assert abs(beta.subs(K, star).evalf(30)) < 1e-25
    slope = beta.diff(K).subs(K, star).evalf(20)
    assert abs(slope - self_dual_exponent(q)) < 1e-15 and abs(slope - y) < 1e-12


def test_gauge_theory_is_ising_with_a_larger_scale():
    star, y = fixed_point(migdal_kadanoff(K, 2, 4), 0.8)
    assert abs(star - 0.807051856578) < 1e-11
    assert abs(2 * y - 1.459352079565) < 1e-11  # a plaquette grows by 2, not 4, per step


def test_refusals():
    for wrong in (1, Rational(1, 2)):
        with pytest.raises(ValueError, match="dimension 1"):
            migdal_kadanoff(K, wrong)
        with pytest.raises(ValueError, match="larger than 1"):
            migdal_kadanoff(K, 2, wrong)
    with pytest.raises(ValueError, match="positive"):
        migdal_kadanoff(K, 2, q=0)


def test_moving_is_a_step_of_no_length_and_composes_in_either_order():
    move, decimate = bond_moving(K, 4), bonds_in_series(K, 3)
    assert (move @ decimate).step == (4 * decimate.step[0],)
    assert (decimate @ move).scale == 3 and (decimate @ move).bonds == 12
    assert (move @ move).step == (16 * K,) and (move @ move).bonds == 16
    with pytest.raises(ValueError, match="larger than 1"):
        Recursion((K,), (4 * K,), 1)
    with pytest.raises(ValueError, match="different variables"):
        _ = move @ bonds_in_series(Symbol("J", positive=True))


@settings(deadline=None, max_examples=10, print_blob=True)
@given(st.integers(-3, 3), st.integers(-3, 3))
def test_the_generator_of_a_linear_family_in_two_variables(y1, y2):
    b, u = Symbol("b", positive=True), Symbol("u", positive=True)
    family = Recursion((K, u), (b**y1 * K, b**y2 * u + (b - 1) * K), b)
    assert family.beta_function() == (y1 * K, y2 * u + K)


def test_a_family_that_does_not_begin_with_the_identity_has_no_generator():
    b = Symbol("b", positive=True)
    with pytest.raises(ValueError, match="no infinitesimal step"):
        Recursion((K,), (2 * K * b,), b).beta_function()
