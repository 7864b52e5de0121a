"""The proofs themselves: Krawczyk images, isolation and merging, against systems whose zeros are
known by construction.
"""

import math
from fractions import Fraction

import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Float, I, Rational, Symbol, nan, pi, sqrt

from neurenorm.numerics.solve import Root, System, ball, isolate, krawczyk, polish, proved_digits

SQUARE = System(lambda v: [v[0] ** 2 - 2], lambda v: [[2 * v[0]]])
CIRCLE_AND_LINE = System(
    lambda v: [v[0] ** 2 + v[1] ** 2 - 25, v[0] - v[1] - 1],
    lambda v: [[2 * v[0], 2 * v[1]], [arb(1), arb(-1)]],
)


@settings(deadline=None, max_examples=60)
@given(centre=st.floats(0.5, 3), radius=st.floats(1e-6, 1))
def test_the_krawczyk_image_never_loses_the_zero(centre: float, radius: float) -> None:
    box = (arb(centre, radius),)
    image, root = krawczyk(SQUARE, box), arb(2).sqrt()
    holds_root = box[0].contains(root)
    if image is not None and holds_root:
        assert image[0].overlaps(root)
    if image is not None and box[0].contains_interior(image[0]):
        assert holds_root and box[0] > 0


def test_a_jacobian_without_inverse_gives_no_image() -> None:
    flat = System(lambda v: [v[0] ** 2], lambda v: [[2 * v[0]]])
    assert krawczyk(flat, (arb(0, 1),)) is None
    undefined = System(lambda v: [v[0].log()], lambda v: [[1 / v[0]]])
    assert krawczyk(undefined, (arb(0.5, 1),)) is None


def test_two_curves_meet_in_their_two_known_points() -> None:
    found = isolate(CIRCLE_AND_LINE, (arb(0, 6), arb(0, 6)))
    points = sorted(tuple(float(x) for x in root.box) for root in found.roots)
    assert points == [(-3.0, -4.0), (4.0, 3.0)] and found.undecided == ()
    assert all(x.is_exact() for root in found.roots for x in root.box)


def test_zeros_on_the_faces_of_the_first_cuts_are_found_once() -> None:
    grid = System(
        lambda v: [x**3 - x for x in v],
        lambda v: [[3 * v[0] ** 2 - 1, arb(0)], [arb(0), 3 * v[1] ** 2 - 1]],
    )
    found = isolate(grid, (arb(0, 2), arb(0, 2)))
    assert len(found.roots) == 9 and found.undecided == ()


def test_an_unfinished_search_hands_back_everything_it_has_not_seen() -> None:
    wave = System(
        lambda v: [(v[0] * arb.pi()).sin()], lambda v: [[arb.pi() * (v[0] * arb.pi()).cos()]]
    )
    for work in (1, 3, 10, 30):
        found = isolate(wave, (arb(0, 20),), max_boxes=work)
        assert found.examined == work
        for integer in range(-19, 20):
            assert any(
                x.contains(integer)
                for box in (*found.undecided, *(root.box for root in found.roots))
                for x in box
            )
    assert len(isolate(wave, (arb(0, 20.5),)).roots) == 41


def test_separate_clusters_in_doubt_stay_separate() -> None:
    touching = System(lambda v: [(v[0] ** 2 - 1) ** 2], lambda v: [[4 * v[0] * (v[0] ** 2 - 1)]])
    with ctx.workprec(192):
        found = isolate(touching, (arb(0, 3),))
    assert found.roots == () and sorted(round(float(box[0])) for box in found.undecided) == [-1, 1]
    assert all(box[0].rad() < 1e-9 for box in found.undecided)


@pytest.mark.parametrize("bits", [128, 512, 2048])
def test_polishing_uses_the_whole_precision(bits: int) -> None:
    with ctx.workprec(bits):
        start = (arb(1.4, 0.05),)
        root = polish(SQUARE, Root(krawczyk(SQUARE, start), start)).box[0]
        assert root.overlaps(arb(2).sqrt()) and root.rad() < arb(2) ** (10 - bits)


@pytest.mark.parametrize(
    "number", [3, 0.1, Fraction(1, 3), Rational(2, 7), sqrt(2), pi, Float("0.1", 40), arb(1, 0.5)]
)
def test_a_ball_holds_its_number(number: object) -> None:
    result = ball(number)
    exact = float(number.mid()) if isinstance(number, arb) else float(number)
    assert math.isclose(float(result), exact, rel_tol=1e-15)
    assert result.rad() <= (0.51 if isinstance(number, arb) else 1e-14)


@pytest.mark.parametrize(
    "number", [float("nan"), math.inf, nan, Symbol("x"), I, sqrt(-2), "1e5x", None]
)
def test_what_is_not_a_finite_real_number_is_refused(number: object) -> None:
    with pytest.raises(ValueError, match="a finite real number is needed"):
        ball(number)


def test_digits_count_what_is_proved() -> None:
    assert (
        proved_digits(arb(1000, 1e-3)) == 6
        and proved_digits(arb(0, 1)) == 0
        and proved_digits(arb(0, math.inf)) == 0
    )
    assert proved_digits(arb(1) / 3) >= 15 and proved_digits(arb(5)) > 1000
