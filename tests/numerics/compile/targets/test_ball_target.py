"""The mpmath and ball targets: precision, proved digits, and enclosures of wide balls."""

from fractions import Fraction

import flint
import mpmath
import pytest
import sympy
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.compile import CompileError, compiled
from neurenorm.numerics.compile.targets.ball_target import to_ball

x, y = sympy.symbols("x y", real=True)
k = sympy.Symbol("k", integer=True)
THIRD = sympy.Rational(1, 3)

FUNCTIONS = [
    (x**2 - x**3 + x, lambda u: u**2 - u**3 + u, (-2, 2)),
    (x**4 / (3 + x**2), lambda u: u**4 / (3 + u**2), (-2, 2)),
    (
        sympy.sqrt(x) + x**THIRD + x ** sympy.Rational(-5, 2),
        lambda u: u**0.5 + mpmath.cbrt(u) + u**-2.5,
        (0.2, 3),
    ),
    (x**sympy.pi + 2**x, lambda u: u**mpmath.pi + 2**u, (0.2, 3)),
    (sympy.log(sympy.cosh(2 * x)) / 2, lambda u: mpmath.log(mpmath.cosh(2 * u)) / 2, (-2, 2)),
    (
        sympy.exp(x) * sympy.sin(x) + sympy.cos(x),
        lambda u: mpmath.exp(u) * mpmath.sin(u) + mpmath.cos(u),
        (-2, 2),
    ),
    (sympy.tanh(x) - sympy.sinh(x), lambda u: mpmath.tanh(u) - mpmath.sinh(u), (-2, 2)),
    (sympy.atan(x) + sympy.asinh(x), lambda u: mpmath.atan(u) + mpmath.asinh(u), (-2, 2)),
    (
        sympy.asin(x) * sympy.acos(x) + sympy.atanh(x),
        lambda u: mpmath.asin(u) * mpmath.acos(u) + mpmath.atanh(u),
        (-0.9, 0.9),
    ),
    (sympy.acosh(1 + x), lambda u: mpmath.acosh(1 + u), (0.1, 3)),
    (sympy.erf(x) * sympy.erfc(x), lambda u: mpmath.erf(u) * mpmath.erfc(u), (-2, 2)),
    (sympy.gamma(x) + sympy.loggamma(x), lambda u: mpmath.gamma(u) + mpmath.loggamma(u), (0.5, 3)),
    (
        sympy.Abs(x) + sympy.Max(x, THIRD) + sympy.Min(x, 0, -x),
        lambda u: abs(u) + max(u, mpmath.mpf(1) / 3) + min(u, 0, -u),
        (-2, 2),
    ),
    (
        sympy.sign(x) + sympy.Heaviside(x - 1),
        lambda u: mpmath.sign(u) + (0.5 if u == 1 else u > 1),
        (-2, 2),
    ),
    (
        sympy.Piecewise((x**2, x < 0), (sympy.exp(x), x <= 1), (x, True)),
        lambda u: u**2 if u < 0 else (mpmath.exp(u) if u <= 1 else u),
        (-2, 2),
    ),
    (
        sympy.polygamma(1, x) + sympy.zeta(x + 2),
        lambda u: mpmath.psi(1, u) + mpmath.zeta(u + 2),
        (0.5, 3),
    ),
    (
        sympy.besseli(0, x) + sympy.LambertW(x),
        lambda u: mpmath.besseli(0, u) + mpmath.lambertw(u).real,
        (0.5, 3),
    ),
    (sympy.erfinv(x), mpmath.erfinv, (-0.9, 0.9)),
    (
        sympy.EulerGamma + sympy.E * x + sympy.sqrt(2),
        lambda u: mpmath.euler + mpmath.e * u + mpmath.sqrt(2),
        (-2, 2),
    ),
    (
        sympy.Sum(x**k / k, (k, 1, 40)),
        lambda u: mpmath.fsum(u**j / j for j in range(1, 41)),
        (-1, 1),
    ),
]
IDS = [str(row[0]) for row in FUNCTIONS]


def exactly(number: mpmath.mpf) -> arb:
    """An mpmath number as an exact ball."""
    return to_ball(number)


@pytest.mark.parametrize(("expression", "reference", "bounds"), FUNCTIONS, ids=IDS)
def test_balls_contain_the_value_and_mpmath_agrees(expression, reference, bounds):
    narrow = compiled(expression, [x], "ball", digits=40)
    numeric = compiled(expression, [x], "mpmath", digits=40)
    low, high = (Fraction(bound) for bound in bounds)
    for step in range(7):
        point = low + (high - low) * step / 6
        with mpmath.workdps(60):
            wanted = mpmath.mpf(reference(mpmath.mpf(point.numerator) / point.denominator))
            assert abs(numeric(point) - wanted) <= mpmath.mpf(10) ** -38 * (1 + abs(wanted))
            slack = exactly(abs(wanted) * mpmath.mpf(10) ** -50)
        ball = narrow(point)
        with flint.ctx.workprec(250):
            assert ball.overlaps(exactly(wanted) + slack * arb(0, 1))
            assert ball.rad() <= (abs(ball) + 1) * arb(10) ** -40


@pytest.mark.parametrize(("expression", "reference", "bounds"), FUNCTIONS, ids=IDS)
@settings(deadline=None, max_examples=12)
@given(data=st.data())
def test_wide_balls_enclose_the_values_inside(expression, reference, bounds, data):
    low, high = bounds
    ends = sorted(data.draw(st.tuples(st.floats(low, high), st.floats(low, high))))
    middle, radius = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
    enclosure = compiled(expression, [x], "ball")(arb(middle, radius))
    for fraction in (0.0, 0.1, 0.5, 0.9, 1.0):
        point = min(max(ends[0] + fraction * (ends[1] - ends[0]), middle - radius), middle + radius)
        with mpmath.workdps(40):
            value = exactly(mpmath.mpf(reference(mpmath.mpf(point))))
        assert not enclosure.is_finite() or enclosure.overlaps(value + arb(0, 1e-30))
    if low + 0.05 < ends[0] and ends[1] < high - 0.05 and 2 * radius < 0.1:
        assert enclosure.is_finite()


def test_wide_balls_give_sharp_enclosures_of_monotone_functions():
    box = arb(1, 0.5)
    for expression, low, high in [
        (x**2, 0.25, 2.25),
        (sympy.exp(x), 1.6487, 4.4817),
        (sympy.tanh(x), 0.4621, 0.9052),
    ]:
        ball = compiled(expression, [x], "ball")(box)
        assert float(ball.lower()) == pytest.approx(low, abs=1e-4) and float(
            ball.upper()
        ) == pytest.approx(high, abs=1e-4)
    around_zero = compiled([x**2, sympy.Abs(x), sympy.cosh(x)], [x], "ball")(arb(0, 1))
    assert all(float(ball.lower()) > -1e-6 for ball in around_zero)


def test_undecided_conditions_give_the_union():
    step = compiled(sympy.Piecewise((10, x > y), (20, True)), [x, y], "ball")
    assert step(2, 1) == 10 and step(1, 1) == 20
    union = step(arb(1, 0.1), 1)
    assert union.contains(10) and union.contains(20) and not union.contains(21)


def test_digits_are_proved_through_cancellation():
    expression = (1 - sympy.cos(x)) / x**2 - sympy.Rational(1, 2)
    ball = compiled(expression, [x], "ball", digits=25)("1e-8")
    assert ball.rel_accuracy_bits() >= 83
    with flint.ctx.workprec(400):
        assert abs(ball * 24 / arb("1e-16") + 1) < arb("1e-15")
    assert flint.ctx.prec == 53
    zero = compiled(sympy.sin(x) ** 2 + sympy.cos(x) ** 2 - 1, [x], "ball", digits=30)("1/3")
    assert zero.contains(0) and zero.abs_upper() < arb("1e-30")


def test_the_exact_diamond_fixed_point_to_thirty_digits():
    ball = compiled(sympy.log(4) * x, [x], "ball", digits=30)(1)
    assert ball.str(30, radius=False).startswith("1.3862943611198906188344642429")


def test_digits_that_cannot_be_proved():
    f = compiled(x + 1, [x], "ball", digits=50)
    with pytest.raises(ValueError, match=r"50 digits asked for, (9|10) reached"):
        f(arb(1, 1e-10))
    with pytest.raises(ValueError, match="outside the domain"):
        compiled(sympy.log(x), [x], "ball", digits=20)(-1)
    assert not compiled(sympy.log(x), [x], "ball")(arb(0.5, 1)).is_finite()
    assert flint.ctx.prec == 53


def test_algebraic_numbers():
    polynomial = x**5 - 3 * x + 1
    roots = [sympy.CRootOf(polynomial, index) for index in range(5)]
    for root in roots[:3]:
        ball = compiled(root, [], "ball", digits=60)()
        assert ball.rel_accuracy_bits() > 199 and (ball**5 - 3 * ball + 1).contains(0)
        assert abs(float(ball) - float(root.evalf(17))) < 1e-14
        numeric = compiled(root, [], "mpmath", digits=30)()
        with mpmath.workdps(30):
            assert abs(numeric**5 - 3 * numeric + 1) < mpmath.mpf(10) ** -27
    with pytest.raises(CompileError, match="complex_ball"):
        compiled(roots[3], [], "ball")()
    value = compiled(roots[3], [], "ball", complex_ball=True)()
    assert abs(complex(float(value.real), float(value.imag)) - complex(roots[3].evalf(17))) < 1e-14


def test_complex_balls():
    z = sympy.Symbol("z")
    f = compiled(
        [sympy.exp(sympy.I * z), sympy.Abs(z) ** 2, z ** sympy.Rational(1, 3)],
        [z],
        "ball",
        complex_ball=True,
    )
    one, square, root = f(flint.acb(0, 2))
    assert one.real.overlaps(arb(-2).exp()) and one.imag.contains(0)
    assert square.real.contains(4) and (root**3).imag.overlaps(arb(2))


def test_numbers_stay_exact_until_the_precision_is_known():
    f = compiled(x * sympy.Rational(1, 3) + y, [x, y], "mpmath", digits=50)
    with mpmath.workdps(50):
        for third in ("1/3", Fraction(1, 3), THIRD, mpmath.mpf(1) / 3):
            assert (
                abs(f(third, "0.1") - (mpmath.mpf(1) / 9 + mpmath.mpf(1) / 10))
                < mpmath.mpf(10) ** -49
            )
        assert abs(f(0, 0.1) - mpmath.mpf(0.1)) == 0


def test_mpmath_does_not_touch_the_other_branch():
    sinc = sympy.Piecewise((sympy.sin(x) / x, sympy.Ne(x, 0)), (1, True))
    f = compiled([sinc, sinc + sympy.cos(x)], [x], "mpmath")
    assert f(0) == [1, 2]
    with pytest.raises(ValueError, match="no condition"):
        compiled(sympy.Piecewise((1, x > 0)), [x], "mpmath")(-1)


@pytest.mark.parametrize(
    ("value", "exact"),
    [(3, 3), (0.1, Fraction(0.1)), ("1/10", Fraction(1, 10)), ("-2.5e-3", Fraction(-1, 400)), (THIRD, Fraction(1, 3)),
     (Fraction(2, 7), Fraction(2, 7)), (sympy.Float("0.375"), Fraction(3, 8)), (mpmath.mpf("-0.75"), Fraction(-3, 4)),
     (flint.fmpq(1, 7), Fraction(1, 7)), (arb(2), 2)],
)  # fmt: skip
def test_to_ball_contains_the_exact_value(value, exact):
    exact = Fraction(exact)
    assert to_ball(value).contains(flint.fmpq(exact.numerator, exact.denominator))
    assert to_ball(value).rad() < 1e-15


def test_to_ball_of_constants_and_of_what_is_no_number():
    with flint.ctx.workprec(200):
        assert (to_ball(sympy.sqrt(2) * sympy.pi) ** 2).overlaps(2 * arb.pi() ** 2)
    for bad in ("one", True, None, x, 1j):
        with pytest.raises(TypeError, match="real number"):
            to_ball(bad)
    with pytest.raises(TypeError, match="x: expected a real number"):
        compiled(x, [x], "ball")("abc")


def test_structures_of_the_exact_targets():
    matrix = sympy.Matrix([[x, 1], [y, x * y]])
    assert compiled(matrix, [x, y], "ball")(1, 2) == [[1, 1], [2, 2]]
    assert compiled({"m": matrix, "s": (x,)}, [x, y], "mpmath")(1, 2) == {
        "m": [[1, 1], [2, 2]],
        "s": (1,),
    }
