"""Fixed points: known ones are found and proved, marginal ones and continua are called by their
name, and balls hold the truth.
"""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Matrix, Rational, Symbol, cos, cosh, exp, log, sin, sqrt, symbols

from neurenorm.numerics.solve import NotCertified, fixed_points, proved_digits, refine
from neurenorm.theory.recursion.fixed_points import exact_fixed_points
from neurenorm.theory.recursion.recursion import Chart, FixedPoint, Recursion

t, K, h, x, y = symbols("t K h x y", real=True)
q = Symbol("q", positive=True)
DIAMOND = Recursion((K,), (log(cosh(2 * K)),), 2)
DIAMOND_T = Recursion((t,), (2 * t**2 / (1 + t**4),), 2)
POTTS_DIAMOND = Recursion((x,), (((x**2 + q - 1) / (2 * x + q - 2)) ** 2,), 2)
CHAIN_IN_FIELD = Recursion(
    (K, h),
    (
        log(cosh(2 * K + h) * cosh(2 * K - h) / cosh(h) ** 2) / 4,
        h + log(cosh(2 * K + h) / cosh(2 * K - h)) / 2,
    ),
    2,
)


def as_ball(value: mpmath.mpf) -> arb:
    """A 50-digit number as a ball that holds the number it was rounded from."""
    return arb(mpmath.nstr(value, 55)) + arb(0, 1e-45)


def midpoints(search) -> list[list[float]]:
    """Where the points of a search are."""
    return [[float(coordinate) for coordinate in point.point] for point in search.points]


def test_the_chain_has_its_two_fixed_points_on_the_boundary_of_the_box() -> None:
    search = fixed_points(Recursion((t,), (t**2,), 2), {t: (0, 1)})
    assert search.complete and not search.none
    assert [
        point.point[0] == exact for point, exact in zip(search.points, (0, 1), strict=True)
    ] == [True, True]
    high, low = search.points
    assert high.exponents[0] < -(10**300) and high.is_stable
    assert (
        low.eigenvalues[0] == 2 and low.exponents[0].contains(1) and low.exponents[0].rad() < 1e-40
    )


def test_the_diamond_has_three_fixed_points_and_the_known_exponent() -> None:
    search = fixed_points(DIAMOND_T, {t: (0, 1)})
    assert search.complete and [point.status for point in search.points] == ["enclosed"] * 3
    with mpmath.workdps(60):
        critical = mpmath.findroot(lambda u: u**3 + u**2 + u - 1, 0.5)
        slope = 4 * critical * (1 - critical**4) / (1 + critical**4) ** 2
        truth = (critical, slope, mpmath.log(slope, 2))
        middle = search.points[1]
        enclosures = (middle.point[0], middle.eigenvalues[0], middle.exponents[0])
        assert all(
            ball.overlaps(as_ball(value)) for ball, value in zip(enclosures, truth, strict=True)
        )
    assert all(proved_digits(ball) >= 30 for ball in enclosures)


def test_a_point_outside_the_box_is_not_reported() -> None:
    search = fixed_points(
        Recursion((t,), (t**2,), 2), {t: (Rational(1, 10), 1 - Rational(1, 10**9))}
    )
    assert search.none and search.complete and search.points == ()


def test_the_middle_of_a_cut_is_nobodys_blind_spot() -> None:
    search = fixed_points(Recursion((x,), (x**3,), 2), {x: (-2, 2)})
    assert search.complete and midpoints(search) == [[-1.0], [0.0], [1.0]]


@pytest.mark.parametrize("growth", [Rational(5, 2), Rational(7, 2), 4])
def test_the_logistic_map_twice_iterated_agrees_with_its_closed_form(growth: Rational) -> None:
    logistic = growth * x * (1 - x)
    search = fixed_points(Recursion((x,), (logistic.subs(x, logistic),), 2), {x: (0, 1)})
    cycle = Matrix([growth**2 * x**2 - growth * (growth + 1) * x + growth + 1])[0].as_poly(x)
    expected = sorted(
        {
            0.0,
            float(1 - 1 / growth),
            *(complex(r).real for r in cycle.nroots(n=20) if abs(complex(r).imag) < 1e-6),
        }
    )
    assert search.complete and np.allclose(
        [point for (point,) in midpoints(search)], expected, atol=1e-14
    )


def test_a_transcendental_map_contains_the_fifty_digit_numbers_of_mpmath() -> None:
    search = fixed_points(Recursion((x,), (cos(x),), 3), {x: (-10, 10)})
    assert search.complete and len(search.points) == 1
    with mpmath.workdps(60):
        point = mpmath.findroot(lambda u: mpmath.cos(u) - u, 0.7)
        assert search.points[0].point[0].overlaps(as_ball(point))
        assert search.points[0].eigenvalues[0].overlaps(as_ball(-mpmath.sin(point)))
        assert search.points[0].exponents[0].overlaps(as_ball(mpmath.log(mpmath.sin(point), 3)))


def test_two_variables_with_known_fixed_points_and_real_spectra() -> None:
    coupled = Recursion((x, y), (x**2 + y / 20, y**2 / 2 + x / 7), 2)
    search = fixed_points(coupled, {x: (-3, 3), y: (-3, 3)})
    eliminated = ((7 * (y - y**2 / 2)) ** 2 - 7 * (y - y**2 / 2) + y / 20).as_poly(y)
    expected = [
        root.real
        for root in np.roots([float(c) for c in eliminated.all_coeffs()])
        if abs(root.imag) < 1e-9
    ]
    assert search.complete and np.allclose(
        sorted(second for _, second in midpoints(search)), sorted(expected), atol=1e-12
    )
    with mpmath.workdps(60):
        for point in search.points:
            near = [mpmath.mpf(float(coordinate)) for coordinate in point.point]
            exact = mpmath.findroot(
                lambda a, b: (a**2 + b / 20 - a, b**2 / 2 + a / 7 - b), near, tol=1e-100
            )
            slopes = [[2 * exact[0], mpmath.mpf(1) / 20], [mpmath.mpf(1) / 7, exact[1]]]
            spectrum = mpmath.eig(mpmath.matrix(slopes), right=False)
            spectrum.sort(key=lambda value: -abs(value))
            for found, value in zip(point.eigenvalues, spectrum, strict=True):
                assert (
                    isinstance(found, arb)
                    and found.overlaps(as_ball(mpmath.re(value)))
                    and proved_digits(found) >= 15
                )


def test_a_spiral_has_a_conjugate_pair_of_eigenvalues_with_one_exponent() -> None:
    angle, size = Rational(1, 3), Rational(3, 2)
    spiral = Recursion(
        (x, y),
        (size * (x * cos(angle) - y * sin(angle)), size * (x * sin(angle) + y * cos(angle))),
        2,
    )
    (point,) = fixed_points(spiral, {x: (-1, 2), y: (-1, 2)}).points
    assert point.point[0].contains(0) and point.point[1].contains(0)
    one, other = point.eigenvalues
    assert one.overlaps(other.conjugate()) and not one.overlaps(other)
    assert all(abs(float(exponent) - float(log(size, 2))) < 1e-14 for exponent in point.exponents)


def test_a_double_eigenvalue_is_read_off_a_triangular_step_and_called_approximate_elsewhere() -> (
    None
):
    shear = Recursion((x, y), (x / 2 + y, y / 2), 2)
    (point,) = fixed_points(shear, {x: (-1, 2), y: (-1, 2)}).points
    assert point.status == "enclosed" and all(value == arb(1) / 2 for value in point.eigenvalues)
    turned = Recursion((x, y), (y, y - x / 4), 2)
    (point,) = fixed_points(turned, {x: (-1, 2), y: (-1, 2)}).points
    assert (
        point.status == "approximate"
        and "its eigenvalues are not" in point.message
        and point.point == (0, 0)
    )
    assert all(abs(complex(value) - 0.5) < 1e-12 for value in point.eigenvalues)


@pytest.mark.parametrize("order", [2, 3])
def test_a_marginal_point_is_singular_and_the_search_says_that_it_is_incomplete(order: int) -> None:
    search = fixed_points(Recursion((x,), (x + (x - 1) ** order,), 2), {x: (0, 3)})
    (point,) = search.points
    assert (
        point.status == "singular" and point.point[0].contains(1) and point.point[0].rad() < 1e-10
    )
    assert point.eigenvalues[0].contains(1) and "cannot be told from 1" in point.message
    assert (
        not search.complete
        and not search.none
        and len(search.undecided) == 1
        and "incomplete" in str(search)
    )


def test_a_marginal_direction_beside_a_stable_one_is_singular_next_to_a_proved_point() -> None:
    step = (x + (x - 1) ** 2 * (x + 2) / 10 + (y - 1) / 3, y / 2 + Rational(1, 2))
    search = fixed_points(Recursion((x, y), step, 2), {x: (-4, 4), y: (-4, 4)})
    assert [point.status for point in search.points] == ["enclosed", "singular"]
    assert np.allclose(midpoints(search), [[-2, 1], [1, 1]], atol=1e-9)


def test_no_fixed_point_is_proved_to_be_none() -> None:
    search = fixed_points(Recursion((x,), (x + 1 + x**2,), 2), {x: (-10, 10)})
    assert search.none and search.complete and "no fixed point" in str(search)


def test_a_line_of_fixed_points_ends_as_one_undecided_box() -> None:
    search = fixed_points(CHAIN_IN_FIELD, {K: (-1, 2), h: (-1, 1)}, max_boxes=3000)
    assert not search.complete and not search.none and search.points == ()
    ((coupling, field),) = search.undecided
    assert (
        coupling.contains(0)
        and coupling.rad() < 0.01
        and field.contains(arb(0, 1))
        and "continuum" in search.message
    )
    away = fixed_points(CHAIN_IN_FIELD, {K: (Rational(1, 10), 2), h: (-1, 1)})
    assert away.none


IN_BOLTZMANN_FACTORS = Chart({x: exp(4 * K), y: exp(2 * h)}, {K: log(x) / 4, h: log(y) / 2})


def test_the_line_without_coupling_is_a_continuum_in_boltzmann_factors_and_the_search_is_complete() -> (
    None
):
    chain = CHAIN_IN_FIELD.in_chart(IN_BOLTZMANN_FACTORS)
    search = fixed_points(chain, {x: (Rational(1, 100), 100), y: (Rational(1, 100), 100)})
    (line,) = search.points
    assert search.complete and (line.status, line.point, line.eigenvalues) == (
        "continuum",
        (1, y),
        (0, 1),
    )
    assert "1 continuum" in str(search) and "continuum" in search._repr_html_()
    assert fixed_points(chain, {x: (Rational(11, 10), 100), y: (Rational(1, 100), 100)}).none


def test_isolated_points_are_found_beside_a_continuum() -> None:
    common = x * y - 1
    search = fixed_points(
        Recursion((x, y), (x + common * (x - 2) * x, y + common * (y - 1)), 2),
        {x: (-3, 3), y: (-3, 3)},
    )
    assert search.complete and [point.status for point in search.points] == [
        "continuum",
        "enclosed",
        "enclosed",
    ]
    assert search.points[0].point == (1 / y, y) and search.points[0].eigenvalues[0] == 0
    assert np.allclose(
        [[float(c) for c in point.point] for point in search.points[1:]], [[0, 1], [2, 1]]
    )


def test_a_continuum_without_a_solved_form_is_named_by_its_equation_and_outside_the_box_it_is_left_out() -> (
    None
):
    circle = x**2 + y**2 - 1
    step = Recursion((x, y), (x + circle * (x - 2), y + circle * (y - 1)), 2)
    search = fixed_points(step, {x: (-3, 3), y: (-3, 3)})
    assert (
        search.complete
        and [point.status for point in search.points] == ["continuum", "enclosed"]
        and "x**2 + y**2 - 1 = 0" in str(search)
    )
    assert [
        point.status for point in fixed_points(step, {x: (Rational(11, 10), 3), y: (-3, 3)}).points
    ] == ["enclosed"]


def test_a_zero_of_the_rest_on_the_continuum_is_not_called_isolated() -> None:
    search = fixed_points(
        Recursion((x, y), (x + (y - 1) * (x - 2), y + (y - 1) ** 2), 2), {x: (-3, 3), y: (-3, 3)}
    )
    assert [point.status for point in search.points] == [
        "continuum",
        "singular",
    ] and "on a continuum" in search.message


def test_the_identity_is_a_continuum() -> None:
    search = fixed_points(Recursion((x, y), (x, y), 2), {x: (-3, 3), y: (-3, 3)})
    assert (
        [point.status for point in search.points] == ["continuum"]
        and search.complete
        and not search.none
    )
    (everything,) = exact_fixed_points(Recursion((x,), (x,), 2))
    assert everything.status == "continuum" and everything.eigenvalues == (1,)


def test_too_few_boxes_give_an_incomplete_answer_and_never_a_wrong_one() -> None:
    search = fixed_points(DIAMOND_T, {t: (-2, 2)}, max_boxes=2)
    assert not search.complete and not search.none and "max_boxes" in search.message
    covered = [float(point.point[0]) for point in search.points]
    for exact in (0.0, 0.5436890126920764, 1.0):
        assert (
            any(box[0].contains(exact) for box in search.undecided)
            or np.isclose(covered, exact).any()
        )


def test_a_point_where_the_derivative_does_not_exist_stays_undecided() -> None:
    search = fixed_points(Recursion((x,), (sqrt(x),), 2), {x: (0, 2)})
    assert (
        midpoints(search) == [[1.0]] and not search.complete and search.undecided[0][0].contains(0)
    )


@settings(deadline=None, max_examples=25)
@given(
    roots=st.lists(st.integers(-40, 40), min_size=1, max_size=4, unique=True),
    rate=st.integers(1, 9),
)
def test_every_planted_fixed_point_is_found(roots: list[int], rate: int) -> None:
    product = Rational(rate, 1000)
    for root in roots:
        product *= x - Rational(root, 7)
    search = fixed_points(Recursion((x,), (x + product,), 2), {x: (-6, 6)})
    assert search.complete and np.allclose(
        [point for (point,) in midpoints(search)], [root / 7 for root in sorted(roots)]
    )
    assert all(
        point.point[0].overlaps(arb(root) / 7)
        for point, root in zip(search.points, sorted(roots), strict=True)
    )


def test_refine_proves_the_diamond_to_thirty_and_to_three_hundred_digits() -> None:
    point = refine(DIAMOND, {K: 0.6}, digits=30)
    assert point.point[0].str(10, radius=False) == "0.6093778634" and point.status == "enclosed"
    long = refine(DIAMOND, point, digits=300)
    with mpmath.workdps(320):
        critical = mpmath.findroot(lambda u: mpmath.log(mpmath.cosh(2 * u)) - u, 0.6)
        exponent = mpmath.log(2 * mpmath.tanh(2 * critical), 2)
        assert long.exponents[0].overlaps(arb(mpmath.nstr(exponent, 310)) + arb(0, 1e-305))
    assert point.exponents[0].overlaps(long.exponents[0])
    assert min(proved_digits(long.point[0]), proved_digits(long.exponents[0])) >= 300


def test_refine_takes_exact_parameters_and_gives_the_potts_diamond() -> None:
    point = refine(POTTS_DIAMOND, {x: 3.8}, 30, parameters={q: 3})
    assert point.point[0] == 4
    assert point.eigenvalues[0].overlaps(arb(16) / 9) and proved_digits(point.eigenvalues[0]) >= 30
    assert point.exponents[0].str(15, radius=False) == "0.830074998557688"


def test_refine_says_how_many_digits_a_parameter_that_is_a_ball_allows() -> None:
    with pytest.raises(
        NotCertified, match=r"30 digits were asked for, but only (8|9|10) can be proved"
    ):
        refine(POTTS_DIAMOND, {x: 4}, 30, parameters={q: arb(3, 1e-10)})


@pytest.mark.parametrize(
    ("recursion", "guess", "complaint"),
    [
        (Recursion((x,), (x + (x - 1) ** 2,), 2), {x: 1}, "eigenvalue 1"),
        (Recursion((x,), (x + (x - 1) ** 2,), 2), {x: 1.5}, "cannot be told from 1|eigenvalue 1"),
        (Recursion((x,), (x + exp(x),), 2), {x: 0}, "could be proved"),
        (Recursion((x,), (log(x),), 2), {x: -1}, "domain"),
    ],
)
def test_refine_refuses_what_it_cannot_prove(
    recursion: Recursion, guess: dict, complaint: str
) -> None:
    with pytest.raises(NotCertified, match=complaint):
        refine(recursion, guess, 15)


@pytest.mark.parametrize(
    ("box", "options", "complaint"),
    [
        ({}, {}, "t is missing"),
        ({t: (0, 1), K: (0, 1)}, {}, "K is not one of them"),
        ({t: (1, 0)}, {}, "low < high"),
        ({t: (0, 0)}, {}, "low < high"),
        ({t: (0, float("inf"))}, {}, "finite real number"),
        ({t: (0, float("nan"))}, {}, "finite real number"),
        ({t: (0, K)}, {}, "finite real number"),
        ({t: (0, "one")}, {}, "finite real number"),
        ({t: (0, 1)}, {"digits": 0}, "digits must be a positive whole number"),
        ({t: (0, 1)}, {"max_boxes": 1.5}, "max_boxes must be a positive whole number"),
        ({t: (0, 1)}, {"parameters": {q: 3}}, "q is not one of them"),
    ],
)
def test_bad_input_gets_one_clear_line(box: dict, options: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        fixed_points(DIAMOND_T, box, **options)
    with pytest.raises(ValueError, match="q is missing"):
        fixed_points(POTTS_DIAMOND, {x: (0, 1)})


def test_the_search_shows_itself_as_a_table() -> None:
    search = fixed_points(DIAMOND_T, {t: (0, 1)}, digits=6)
    lines = str(search).splitlines()
    assert lines[0].startswith("all fixed points in the box: 3") and lines[1].split() == [
        "t",
        "status",
        "eigenvalues",
        "exponents",
        "y",
    ]
    assert "-inf" in lines[2] and "0.543689" in lines[3]
    assert search._repr_html_().count("<tr>") == 4
    assert isinstance(search.points[0], FixedPoint)


@pytest.mark.parametrize("low", [0, Rational(1, 10)])
def test_the_kernel_of_tanh_is_searched_down_to_zero(low):
    """Balls that reach below zero are no variances: they leave doubt, they do not raise."""
    from neurenorm.theory import WideLimit
    from neurenorm.theory.gaussian.activation import activation

    flow = WideLimit(activation("tanh")).kernel
    numbers = {p: {"sw2": 3, "sb2": Rational(1, 10)}[p.name] for p in flow.parameters}
    search = fixed_points(flow, {flow.state[0]: (low, 2)}, parameters=numbers, digits=10)
    (point,) = [point for point in search.points if point.status == "enclosed"]
    assert abs(float(point.point[0].mid()) - 1.507631770) < 1e-9


STEPS = st.sampled_from(
    [
        lambda t: 2 * t**2 / (1 + t**4),
        lambda t: 2 * t**2 / (t**3 + t**2 - t + 1),
        lambda t: 2 * t**3 / (1 + t**6),
        lambda t: t**3,
        lambda t: (t**4 + 2 * t**2) / (2 * t**4 + 1),
    ]
)


@settings(deadline=None, max_examples=10)
@given(STEPS, st.fractions(Fraction(-1), Fraction(2), max_denominator=97))
def test_halves_of_a_box_at_twice_the_digits_hold_the_same_points(step, cut):
    """Cutting the box anywhere and doubling the precision neither finds nor loses a fixed point.

    The steps have no pole in the box; a pole is left in doubt.
    """
    t = Symbol("t", real=True)
    flow, middle = Recursion((t,), (step(t),), 2), Rational(cut.numerator, cut.denominator)
    whole = fixed_points(flow, {t: (Rational(-3, 2), 3)}, digits=15)
    halves = [
        fixed_points(flow, {t: ends}, digits=30)
        for ends in ((Rational(-3, 2), middle), (middle, 3))
    ]
    assert whole.complete and all(half.complete for half in halves)
    found = [point.point[0] for half in halves for point in half.points]
    for point in whole.points:
        assert any(point.point[0].overlaps(other) for other in found)
    for other in found:
        assert any(point.point[0].overlaps(other) for point in whole.points)
