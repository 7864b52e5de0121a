"""Certified roots: against numpy.roots, against planted multiplicities, and every way in which a
root can fail to be certain.
"""

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Integer, Poly, Rational, Symbol, cos, exp, log, oo, sinh, sqrt, tanh

from neurenorm.numerics.solve import NotCertified, certified_root, proved_digits, real_roots

x, y = Symbol("x"), Symbol("y")


@settings(deadline=None, max_examples=60)
@given(coefficients=st.lists(st.integers(-50, 50), min_size=4, max_size=4))
def test_cubic_roots_agree_with_numpy_where_these_are_well_separated(
    coefficients: list[int],
) -> None:
    assume(coefficients[0] != 0)
    approximate = np.roots(coefficients)
    gaps = [abs(one - other) for i, one in enumerate(approximate) for other in approximate[:i]]
    assume(min(gaps, default=1) > 1e-3)
    expected = sorted(root.real for root in approximate if abs(root.imag) < 1e-4)
    found = real_roots(Poly(coefficients, x), x)
    assert [times for _, times in found] == [1] * len(expected)
    assert np.allclose([float(root) for root, _ in found], expected, rtol=1e-7, atol=1e-9)
    with ctx.workprec(300):
        values = [
            sum((c * root**n for n, c in enumerate(reversed(coefficients))), arb(0))
            for root, _ in found
        ]
    assert all(value.contains(0) and value.rad() < 1e-20 for value in values)


@settings(deadline=None, max_examples=25)
@given(
    planted=st.dictionaries(
        st.fractions(-3, 3, max_denominator=9), st.integers(1, 3), min_size=1, max_size=3
    )
)
def test_planted_rational_roots_come_back_with_their_multiplicities(planted: dict) -> None:
    product = Integer(1) * (x**2 + 1)
    for root, times in planted.items():
        product *= (x - Rational(root.numerator, root.denominator)) ** times
    found = real_roots(product, x)
    assert [times for _, times in found] == [planted[root] for root in sorted(planted)]
    assert all(
        ball.overlaps(arb(r.numerator) / r.denominator)
        for (ball, _), r in zip(found, sorted(planted), strict=True)
    )


def test_interval_ends_are_inclusive_and_irrational_roots_near_them_are_told_apart() -> None:
    polynomial = (x**2 - 2) ** 2 * (x - 1) * (3 * x - 1)
    assert [times for _, times in real_roots(polynomial, x, (Rational(1, 3), 1))] == [1, 1]
    assert [times for _, times in real_roots(polynomial, x, (1, 1))] == [1]
    convergent = Rational(1855077841, 1311738121)  # within 2e-19 of the square root of two
    below, above = (
        real_roots(polynomial, x, (1, convergent)),
        real_roots(polynomial, x, (convergent, oo)),
    )
    assert len(below) + len(above) == 2 and (len(above) == 1) is bool(convergent**2 < 2)


def test_an_end_closer_to_a_root_than_the_first_precision_raises_the_precision() -> None:
    with mpmath.workdps(120):
        just_below = Rational(int(mpmath.floor(mpmath.sqrt(2) * mpmath.mpf(10) ** 100)), 10**100)
    assert len(real_roots(x**2 - 2, x, (just_below, 2), digits=5)) == 1
    assert real_roots(x**2 - 2, x, (0, just_below), digits=5) == ()


def test_a_hundred_digits_of_an_algebraic_number() -> None:
    ((root, times),) = real_roots(x**3 + x**2 + x - 1, x, digits=100)
    with mpmath.workdps(120):
        truth = mpmath.findroot(lambda u: u**3 + u**2 + u - 1, 0.5)
        assert times == 1 and root.overlaps(arb(mpmath.nstr(truth, 110)) + arb(0, 1e-108))
    assert proved_digits(root) >= 100


@pytest.mark.parametrize(
    ("polynomial", "interval", "complaint"),
    [
        (x * y - 1, None, "rational coefficients"),
        (sqrt(2) * x - 1, None, "rational coefficients"),
        (exp(x), None, "rational coefficients"),
        (Integer(0), None, "zero polynomial"),
        (x - 1, (1, 0), "increasing order"),
        (x - 1, (0, sqrt(2)), "rational ends"),
    ],
)
def test_what_is_not_a_rational_polynomial_or_interval_is_refused(
    polynomial: object, interval: object, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        real_roots(polynomial, x, interval)


def test_a_polynomial_without_real_roots_and_a_constant_have_none() -> None:
    assert real_roots(x**2 + 1, x) == () and real_roots(Integer(7), x) == ()


@pytest.mark.parametrize(
    ("function", "bracket", "closed_form"),
    [
        (sinh(2 * x) - 1, (0, 1), lambda: mpmath.asinh(1) / 2),
        (exp(x) - 3, (0, 3), lambda: mpmath.log(3)),
        (x - cos(x), (-2, 2), lambda: mpmath.findroot(lambda u: u - mpmath.cos(u), 0.7)),
        (
            tanh(2 * x) - x,
            (Rational(1, 2), 2),
            lambda: mpmath.findroot(lambda u: mpmath.tanh(2 * u) - u, 0.95),
        ),
    ],
)
def test_a_transcendental_root_holds_the_digits_of_mpmath(
    function: object, bracket: tuple, closed_form: object
) -> None:
    root = certified_root(function, x, bracket, digits=60)
    with mpmath.workdps(80):
        assert root.overlaps(arb(mpmath.nstr(closed_form(), 75)) + arb(0, 1e-70))
    assert proved_digits(root) >= 60


def test_a_root_at_the_end_of_the_bracket_counts_and_one_just_outside_does_not() -> None:
    assert certified_root(x**2 - x, x, (Rational(1, 2), 1)) == 1
    with pytest.raises(NotCertified, match="has no root"):
        certified_root(x**2 - x, x, (Rational(1, 2), 1 - Rational(1, 10**9)))


@pytest.mark.parametrize(
    ("function", "bracket", "complaint"),
    [
        (exp(x) + 1, (-3, 3), "no root: its sign does not change"),
        (x**2 - 2, (-2, 2), "not unique: there are roots at -1.41421, 1.41421"),
        ((x - 1) ** 2, (0, 3), "could not decide"),
        (x * log(x), (0, Rational(1, 2)), "could not decide"),
    ],
)
def test_what_is_not_certain_is_an_error_that_says_why(
    function: object, bracket: tuple, complaint: str
) -> None:
    with pytest.raises(NotCertified, match=complaint):
        certified_root(function, x, bracket)


def test_bad_input_of_certified_root_is_refused() -> None:
    with pytest.raises(ValueError, match="no symbol but x; it holds y"):
        certified_root(x - y, x, (0, 1))
    with pytest.raises(ValueError, match="low < high"):
        certified_root(x, x, (1, 0))
    with pytest.raises(ValueError, match="finite real number"):
        certified_root(x, x, (0, oo))
    with pytest.raises(ValueError, match="digits must be a positive whole number"):
        certified_root(x, x, (0, 1), digits=-3)
