"""The NumPy target: values against mpmath, and every trap of turning SymPy into array functions."""

import warnings

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.compile import CompileError, compiled, compiled_gradient, register_lowering

x, y, z = sympy.symbols("x y z", real=True)
k, n = sympy.symbols("k n", integer=True)


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    """Keep generated libraries out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


POSITIVE = np.array([1e-12, 1e-3, 0.2, 0.7, 1.0, 3.5, 40.0, 600.0])
REAL = np.concatenate([-POSITIVE[::-1], [0.0], POSITIVE])
UNIT = np.array([-0.999, -0.5, -1e-9, 0.0, 0.3, 0.95])

FUNCTIONS = [
    (sympy.log(sympy.cosh(2 * x)) / 2, lambda u: mpmath.log(mpmath.cosh(2 * u)) / 2, REAL),
    (sympy.tanh(x) ** 3 - x**5, lambda u: mpmath.tanh(u) ** 3 - u**5, REAL),
    (x**7 / (1 + x**2) ** 3, lambda u: u**7 / (1 + u**2) ** 3, REAL),
    (
        sympy.sqrt(x) + x ** sympy.Rational(5, 2),
        lambda u: mpmath.sqrt(u) + mpmath.sqrt(u) ** 5,
        POSITIVE,
    ),
    (x ** sympy.Rational(-3, 2), lambda u: u ** mpmath.mpf(-1.5), POSITIVE),
    (x ** sympy.Rational(1, 3), lambda u: mpmath.cbrt(u), POSITIVE),
    (sympy.exp(-x) * x ** y.subs(y, sympy.pi), lambda u: mpmath.exp(-u) * u**mpmath.pi, POSITIVE),
    (sympy.log(1 + sympy.exp(-x)), lambda u: mpmath.log1p(mpmath.exp(-u)), POSITIVE),
    (sympy.erf(x) + sympy.erfc(x / 2), lambda u: mpmath.erf(u) + mpmath.erfc(u / 2), REAL),
    (
        sympy.asin(x) + sympy.acos(x) * sympy.atan(x),
        lambda u: mpmath.asin(u) + mpmath.acos(u) * mpmath.atan(u),
        UNIT,
    ),
    (sympy.atanh(x) + sympy.asinh(x), lambda u: mpmath.atanh(u) + mpmath.asinh(u), UNIT),
    (sympy.acosh(1 + x), lambda u: mpmath.acosh(1 + u), POSITIVE[2:]),
    (sympy.coth(x) + sympy.sech(x), lambda u: mpmath.coth(u) + mpmath.sech(u), POSITIVE),
    (sympy.acoth(1 + x), lambda u: mpmath.acoth(1 + u), POSITIVE[2:]),
    (
        sympy.Abs(x) + sympy.sign(x) + sympy.Max(x, 1, -x),
        lambda u: abs(u) + mpmath.sign(u) + max(u, 1, -u),
        REAL,
    ),
    (sympy.Heaviside(x), lambda u: mpmath.mpf(0.5) if u == 0 else mpmath.mpf(u > 0), REAL),
    (sympy.erfinv(x), mpmath.erfinv, UNIT),
    (sympy.gamma(x), mpmath.gamma, POSITIVE[1:-1]),
    (sympy.loggamma(x), mpmath.loggamma, POSITIVE),
    (
        sympy.polygamma(0, x) + sympy.polygamma(1, x),
        lambda u: mpmath.psi(0, u) + mpmath.psi(1, u),
        POSITIVE[1:],
    ),
    (
        sympy.besseli(1, x) + sympy.besselk(0, x),
        lambda u: mpmath.besseli(1, u) + mpmath.besselk(0, u),
        POSITIVE[:-1],
    ),
    (sympy.LambertW(x), mpmath.lambertw, POSITIVE),
    (sympy.zeta(1 + x), lambda u: mpmath.zeta(1 + u), POSITIVE[2:]),
    (sympy.atan2(x, -1), lambda u: mpmath.atan2(u, -1), REAL),
    (sympy.sqrt(2) * x + sympy.pi / 3, lambda u: mpmath.sqrt(2) * u + mpmath.pi / 3, REAL),
    (
        sympy.CRootOf(x**5 - x - 1, 0) * x,
        lambda u: u * mpmath.findroot(lambda r: r**5 - r - 1, 1.2),
        REAL,
    ),
]


@pytest.mark.parametrize("target", ["numpy", "c"])
@pytest.mark.parametrize(
    ("expression", "reference", "points"), FUNCTIONS, ids=[str(row[0]) for row in FUNCTIONS]
)
def test_agrees_with_mpmath_at_ordinary_and_extreme_points(target, expression, reference, points):
    values = compiled(expression, [x], target)(points)
    with mpmath.workdps(40):
        wanted = [mpmath.mpf(mpmath.re(reference(mpmath.mpf(point)))) for point in points]
    for value, exact in zip(values, wanted, strict=True):
        assert abs(value - exact) <= 2e-13 * abs(exact) + 1e-15


@pytest.mark.parametrize("target", ["numpy", "c"])
def test_logarithms_of_large_hyperbolic_functions(target):
    ratio = sympy.log(3 * sympy.cosh(x + y) * sympy.exp(x) / sympy.cosh(x - y) ** 2)
    difference = sympy.log(sympy.sinh(2 * x) / sympy.sinh(x))
    f = compiled([ratio, difference], [x, y], target)
    points = [(1000.0, 2.0), (-3000.0, 5.0), (1e6, -1e5), (0.25, 0.5), (-2.0, 1.0)]
    for point in points:
        with mpmath.workdps(40):
            u, v = map(mpmath.mpf, point)
            wanted = [
                mpmath.log(3 * mpmath.cosh(u + v) * mpmath.exp(u) / mpmath.cosh(u - v) ** 2),
                mpmath.log(mpmath.sinh(2 * u) / mpmath.sinh(u)),
            ]
        np.testing.assert_allclose(f(*point), [float(w) for w in wanted], rtol=1e-13)


def test_log_cosh_keeps_its_relative_accuracy_near_zero():
    value = compiled(sympy.log(sympy.cosh(x)), [x])(1e-6)
    assert value == pytest.approx(0.5e-12, rel=1e-11)


def test_powers_are_expanded_only_after_common_subexpressions():
    a, b, c = sympy.symbols("a b c", positive=True)
    f = compiled([2 * c * a, 1 - c**2 / (a * b), (c * a) ** 2], [a, b, c])
    np.testing.assert_allclose(f(2.0, 3.0, 5.0), [20.0, 1 - 25.0 / 6.0, 100.0])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-9, 9), min_size=3, max_size=8), st.floats(-1.5, 1.5))
def test_polynomials_and_their_powers(coefficients, point):
    polynomial = sympy.Add(*[c * x**p for p, c in enumerate(coefficients)])
    expressions = [polynomial, polynomial**3 + x * polynomial, polynomial * x**9]
    with mpmath.workdps(40):
        u = mpmath.mpf(point)
        base = mpmath.fsum(c * u**p for p, c in enumerate(coefficients))
        wanted = [base, base**3 + u * base, base * u**9]
    scale = max(1.0, 9.0 * sum(abs(point) ** p for p in range(len(coefficients)))) ** 3
    np.testing.assert_allclose(
        compiled(expressions, [x])(point), [float(w) for w in wanted], atol=1e-14 * scale * 60
    )


@pytest.mark.parametrize("target", ["numpy", "c"])
def test_constants_have_the_shape_of_the_inputs(target):
    three, product = compiled([sympy.Integer(3), x * y], [x, y], target)(
        np.ones((4, 1)), np.arange(5.0)
    )
    assert three.shape == product.shape == (4, 5)
    assert (three == 3).all() and (product == np.arange(5.0)).all()


@pytest.mark.parametrize("target", ["numpy", "c"])
@pytest.mark.parametrize(
    ("first", "second"),
    [((7,), ()), ((3, 1, 5), (4, 1)), ((300, 1), (1, 200)), ((0, 3), (3,)), ((2, 3, 4), (2, 3, 4))],
)
def test_broadcasting_in_blocks(target, first, second):
    rng = np.random.default_rng(3)
    u, v = rng.normal(size=first), rng.normal(size=second)
    result = compiled(sympy.exp(x) * y + x**3, [x, y], target, chunk=37)(u, v)
    np.testing.assert_allclose(result, np.exp(u) * v + u * u * u, rtol=1e-13, atol=1e-13)


def test_views_in_any_order_and_integers():
    grid = np.arange(60).reshape(5, 12).T[::2]
    np.testing.assert_array_equal(compiled(x**2 + 1, [x], chunk=7)(grid), grid**2 + 1.0)


def test_structures_come_back():
    f = compiled(
        {"a": x, "b": [y, (1, x + y)], "m": sympy.Matrix([[x, 1, 0], [y, x * y, 2]])}, [x, y]
    )
    result = f(np.array([1.0, 2.0]), 3.0)
    assert list(result) == ["a", "b", "m"] and isinstance(result["b"][1], tuple)
    assert result["m"].shape == (2, 3, 2)
    np.testing.assert_array_equal(result["m"][1], [[3, 3], [3, 6], [2, 2]])
    assert isinstance(compiled(x, [x])(2), float)


@pytest.mark.parametrize("target", ["numpy", "c"])
def test_piecewise_without_warnings_from_the_other_branch(target):
    expression = sympy.Piecewise((sympy.log(x), x > 0), (1 / x + sympy.sqrt(-x), x < 0), (7, True))
    points = np.array([-4.0, 0.0, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = compiled(expression, [x], target)(points)
    np.testing.assert_allclose(values, [1.75, 7.0, np.log(2.0)])


def test_piecewise_branches_are_evaluated_only_where_taken():
    seen = []

    class Spy(sympy.Function):
        nargs = 1

    register_lowering(
        Spy, lambda node, target, digits: (lambda u: seen.append(np.array(u)) or u, node.args)
    )
    f = compiled(sympy.Piecewise((Spy(x), x > 1), (-x, True)), [x])
    np.testing.assert_array_equal(f(np.array([0.0, 2.0, 3.0])), [0.0, 2.0, 3.0])
    f(np.array([-1.0, 0.5]))
    assert len(seen) == 1 and seen[0].tolist() == [2.0, 3.0]


@pytest.mark.parametrize("target", ["numpy", "c"])
def test_nan_in_gives_nan_out_quietly_and_nan_from_numbers_is_reported(target):
    f = compiled(sympy.log(x) + sympy.Piecewise((1, x > 2), (2, True)), [x], target)
    assert np.isnan(f(np.array([1.0, np.nan]))).tolist() == [False, True]
    with pytest.warns(RuntimeWarning, match="1 of 3 points .* x = -1"):
        f(np.array([1.0, -1.0, 2.0]))
    with np.errstate(invalid="ignore"):
        assert np.isnan(f(-1.0))
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        f(-1.0)


@pytest.mark.parametrize("target", ["numpy", "c"])
def test_infinite_inputs_follow_ieee_rules(target):
    values = compiled([sympy.tanh(x), sympy.exp(-x), 1 / x], [x], target)(
        np.array([np.inf, -np.inf])
    )
    np.testing.assert_array_equal(values, [[1, -1], [0, np.inf], [0, 0]])


@pytest.mark.parametrize("terms", [6, 80])
def test_finite_sums_survive_common_subexpressions(terms):
    series = sympy.Sum(x**k / sympy.factorial(k), (k, 0, terms))
    f = compiled([series, series * x**2, x**2, series**2], [x])
    wanted = sum(0.7**j / float(mpmath.factorial(j)) for j in range(terms + 1))
    np.testing.assert_allclose(f(0.7), [wanted, wanted * 0.49, 0.49, wanted**2], rtol=1e-14)


def test_sums_with_variable_bounds_and_nested_ones():
    f = compiled(sympy.Sum(k * x, (k, 1, n)), [x, n])
    np.testing.assert_array_equal(f(2.0, np.array([0, 1, 4])), [0.0, 2.0, 20.0])
    j = sympy.Symbol("j", integer=True)
    nested = sympy.Sum(j * k + x, (j, 1, k), (k, 1, n))
    assert compiled(nested, [x, n])(0.5, 3) == sum(
        a * b + 0.5 for b in (1, 2, 3) for a in range(1, b + 1)
    )
    product = compiled(sympy.Product(x + k, (k, 1, n)), [x, n])
    assert product(0.5, 3) == pytest.approx(1.5 * 2.5 * 3.5)
    with pytest.raises(ValueError, match="integers"):
        f(1.0, 2.5)


def test_bound_symbol_with_the_name_of_an_argument():
    assert compiled(sympy.Sum(x, (x, 1, 40)) + y, [y, x])(1.0, 99.0) == 821.0


def test_symbols_of_one_name():
    other = sympy.Symbol("x", positive=True)
    with pytest.raises(CompileError, match="two arguments are named x"):
        compiled(x + other, [x, other])
    with pytest.raises(CompileError, match="other assumptions"):
        compiled(x + other, [x])
    odd = [sympy.Symbol("lambda"), sympy.Symbol("_x0"), sympy.Symbol("exp"), sympy.Symbol("a b")]
    f = compiled(sympy.exp(odd[0] + odd[1]) * (odd[0] + odd[1]) + odd[2] * odd[3], odd)
    assert f(1.0, 2.0, 3.0, 4.0) == pytest.approx(3 * np.exp(3) + 12)


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        (x + y, "contains y"),
        (sympy.Function("f")(x) + 1, r"f\(x\)"),
        (sympy.Integral(sympy.exp(-(y**2)), (y, 0, x)), "Integral"),
        (sympy.Derivative(sympy.Function("g")(x), x), "Derivative"),
        (x + sympy.I, "contains I"),
        (x * sympy.zoo, "zoo"),
        (sympy.DiracDelta(x), "DiracDelta"),
        (sympy.log(x) + sympy.polylog(2, x**2 + 1), r"polylog\(2, x\*\*2 \+ 1\)"),
        (sympy.Sum(x**k, (k, 0, sympy.oo)), "bounds"),
        ("x + 1", "text"),
        (sympy.Eq(x, 1), "Eq"),
        (x * sympy.exp(1000), "double precision"),
    ],
)
def test_what_cannot_be_compiled_is_named(expression, named):
    with pytest.raises(CompileError, match=named):
        compiled(expression, [x])


def test_too_deep_expressions_are_refused_and_moderately_deep_ones_work():
    def chain(depth):
        result = x
        for _ in range(depth):
            result = sympy.sin(result, evaluate=False) + 1
        return result

    value = 0.3
    for _ in range(80):
        value = np.sin(value) + 1
    assert compiled(chain(80), [x])(0.3) == pytest.approx(value)
    with pytest.raises(CompileError, match="deep"):
        compiled(chain(4000), [x])


def test_bad_options_and_bad_values():
    with pytest.raises(ValueError, match="unknown target"):
        compiled(x, [x], "fortran")
    with pytest.raises(ValueError, match="double precision"):
        compiled(x, [x], digits=30)
    with pytest.raises(CompileError, match="must be a sympy Symbol"):
        compiled(x, ["x"])
    with pytest.raises(TypeError, match="expected 1 values"):
        compiled(x, [x])(1, 2)
    with pytest.raises(TypeError, match="x has to be real"):
        compiled(x, [x])(1j)


def test_results_are_memoised_on_structure():
    assert compiled([x + 1, y], [x, y]) is compiled([1 + x, y], [x, y])
    assert compiled([x + 1, y], [x, y]) is not compiled((x + 1, y), [x, y])
    assert compiled([x + 1, y], [x, y]) is not compiled([x + 1, y], [y, x])
    big = np.zeros(5000)
    big[2500] = 1.0
    assert (
        compiled(x + 1, [x])(big)[2500] == 2.0 and compiled(x + 1, [x])(np.zeros(5000))[2500] == 1.0
    )


def test_lowered_nodes_are_called_with_compiled_arguments():
    class Mean(sympy.Expr):
        """Mean over an internal variable of a function of it: only the bounds are free."""

        def __new__(cls, body, variable, width):
            return super().__new__(cls, *map(sympy.sympify, (body, variable, width)))

        @property
        def free_symbols(self):
            return (self.args[0].free_symbols - {self.args[1]}) | self.args[2].free_symbols

    def lower(node, target, digits):
        body, variable, width = node.args
        free = sorted(body.free_symbols - {variable}, key=str)
        inner = compiled(body, [variable, *free], target)
        return (lambda w, *rest: (inner(w, *rest) + inner(-w, *rest)) / 2), [width, *free]

    register_lowering(Mean, lower)
    expression = Mean(sympy.exp(z + y), z, x**2) * y + x**2
    f = compiled(expression, [x, y])
    np.testing.assert_allclose(
        f(np.array([0.5, 1.0]), 2.0), np.cosh([0.25, 1.0]) * np.exp(2) * 2 + [0.25, 1.0]
    )
    exact = compiled(expression, [x, y], "mpmath")(mpmath.mpf(1) / 2, 2)
    assert abs(exact - (mpmath.cosh(0.25) * mpmath.e**2 * 2 + 0.25)) < 1e-14
    assert compiled(expression, [x, y], "ball")(0.5, 2).overlaps(
        compiled(expression, [x, y], "ball")("1/2", "2")
    )
    assert compiled(expression, [x, y], "c").target == "numpy"
    with pytest.raises(TypeError):
        register_lowering(int, lower)


@pytest.mark.parametrize("target", ["numpy", "c", "mpmath", "ball"])
def test_gradients_against_numerical_derivatives(target):
    expressions = [sympy.log(sympy.cosh(x * y)) + sympy.Abs(x) ** 3, sympy.tanh(x) * y**3]
    values, jacobian = compiled_gradient(expressions, [x, y], target=target)(-0.75, 0.5)
    plain = [sympy.lambdify([x, y], e, "mpmath") for e in expressions]
    for i, function in enumerate(plain):
        assert abs(float(values[i]) - function(-0.75, 0.5)) < 1e-13
        for j, orders in enumerate([(1, 0), (0, 1)]):
            with mpmath.workdps(30):
                wanted = mpmath.diff(function, (mpmath.mpf("-0.75"), mpmath.mpf("0.5")), orders)
            assert abs(float(jacobian[i][j]) - wanted) < 1e-12


def test_gradient_shapes_sharing_and_choice_of_variables():
    u = sympy.Symbol("u")
    value, gradient = compiled_gradient(sympy.exp(u * y) * sympy.Abs(u), [u, y], [u])(
        np.ones(4), 2.0
    )
    assert value.shape == (4,) and gradient.shape == (1, 4)
    np.testing.assert_allclose(gradient[0], 3 * np.exp(2))
    assert compiled_gradient(sympy.exp(x * y), [x, y]).source.count("exp(") == 1
    nested = compiled_gradient({"a": x * y}, [x, y])(2.0, 3.0)
    assert nested[0] == {"a": 6.0} and nested[1]["a"].tolist() == [3.0, 2.0]
    with pytest.raises(CompileError, match="wrt"):
        compiled_gradient(x, [x], [y])


@pytest.mark.parametrize("b", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("coupling", [1e-8, 1e-6, -1e-3, 0.3, -2.0, 300.0])
def test_a_weak_coupling_keeps_its_digits(b, coupling):
    """A chain of b bonds: artanh(tanh^b K), about K^b, though the printed form is a logarithm of
    nearly one.
    """
    from neurenorm.graphs import series_cell
    from neurenorm.theory import ISING, cell_recursion

    K = sympy.Symbol("K", real=True)
    step = cell_recursion(series_cell(b), ISING, {K: lambda s, t: s * t}).step[0]
    with mpmath.workdps(400):
        right = mpmath.atanh(mpmath.tanh(mpmath.mpf(coupling)) ** b)
    assert float(compiled(step, [K])(coupling)) == pytest.approx(float(right), rel=2e-15)


@pytest.mark.parametrize("factor", [1, "1.000001", "-1000001/1000000", "7/3000017"])
def test_a_logarithm_near_one_keeps_its_digits_under_any_factor(factor):
    """A factor with a long numerator is taken out; no power of that height is multiplied out."""
    K, scale = sympy.Symbol("K", real=True), sympy.Rational(factor)
    bridge = K / 2 + sympy.log(-sympy.sinh(K) + sympy.cosh(3 * K)) / 2
    for formula in (
        sympy.log(sympy.cosh(2 * K)),
        bridge,
        sympy.log(sympy.cosh(K)) - sympy.log(sympy.cosh(K / 3)),
    ):
        for at in (1e-9, 0.3, 2.0):
            found = float(compiled(scale * formula, [K])(at))
            expected = float((scale * formula).evalf(30, subs={K: sympy.Rational(at)}, maxn=400))
            assert found == pytest.approx(expected, rel=1e-14)


def test_unlike_powers_of_great_height_are_not_multiplied_out():
    K = sympy.Symbol("K", real=True)
    formula = sympy.log(sympy.cosh(2 * K)) + sympy.Rational("1.000001") * sympy.log(sympy.cosh(K))
    assert compiled(formula, [K])(0.3) == pytest.approx(
        np.log(np.cosh(0.6)) + 1.000001 * np.log(np.cosh(0.3)), rel=1e-13
    )
