"""The derived cavity equations against brute-force sums, decimation and known closed forms."""

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer, Rational, Symbol, atanh, besseli, exp, log, tanh
from sympy import symbols as names

from neurenorm.theory.active_paths.ensemble import (
    critical_removal,
    paramagnet,
    path_ensemble,
    poisson_degrees,
    regular_degrees,
)
from neurenorm.theory.active_paths.zero_temperature import (
    certain_bias,
    frozen_layers,
    frozen_paths,
    integer_glass,
)
from neurenorm.theory.algebra.rewriting import change_variables
from neurenorm.theory.catalogue import results
from neurenorm.theory.cavity.messages import LARGEST_P, bias_of_field, cavity_equations, means
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.decimation.model import ISING, Model, Term
from neurenorm.theory.symbols import symbols

PATHS = symbols("active-paths")
MEANS = st.floats(-0.95, 0.95)


def path_sums(K, m):
    """Z_a and <sigma> of one path by summing over its weights with independent means."""
    total = signed = 0.0
    for spins in product((1, -1), repeat=len(m)):
        weight = math.exp(K * math.prod(spins)) * math.prod(
            (1 + mean * s) / 2 for mean, s in zip(m, spins, strict=True)
        )
        total, signed = total + weight, signed + weight * math.prod(spins)
    return total, signed / total


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 6), st.floats(-2, 2), st.data())
def test_path_sum_energy_and_message_are_those_of_the_enumeration(p, K, data):
    m = data.draw(st.lists(MEANS, min_size=p, max_size=p))
    equations = cavity_equations(p)
    values = dict(zip(equations.means, m, strict=True))
    total, sigma = path_sums(K, m)
    assert float(equations.path.subs(values).subs(PATHS.K, K)) == pytest.approx(
        math.log(total), abs=1e-10
    )
    assert float(equations.energy.subs(values).subs({PATHS.J: K, PATHS.beta: 1})) == pytest.approx(
        -K * sigma, abs=1e-9
    )
    plus, minus = (path_sums(K, [*m[:-1], sign])[0] for sign in (1, -1))
    assert float(equations.message.subs(values).subs(PATHS.t, math.tanh(K))) == pytest.approx(
        (plus - minus) / (plus + minus), abs=1e-10
    )


def test_decimation_of_a_path_gives_the_same_message():
    """For p = 3, summing two weights in fields out with the general machinery is the derived
    message.
    """
    K, t = Symbol("K", real=True), Symbol("t", real=True)
    h, m = names("h_1 h_2", real=True), means(2)
    scope = ("w", 1, 2)
    terms = (
        Term(K, scope, lambda *s: math.prod(s)),
        Term(h[0], (1,), lambda s: s),
        Term(h[1], (2,), lambda s: s),
    )
    effective = decimate(Model(dict.fromkeys(scope, ISING), terms), ("w",)).effective
    (bias,) = [value for name, value in effective.items() if name != "1"]
    inverse = {K: atanh(t), h[0]: atanh(m[0]), h[1]: atanh(m[1])}
    assert (change_variables(tanh(bias), inverse) - cavity_equations(3).message).expand() == 0


def test_steps_hold_at_random_points():
    point = {
        PATHS.t: Rational(2, 7),
        PATHS.K: Rational(3, 5),
        PATHS.h: Rational(4, 9),
        PATHS.u: Rational(1, 3),
        PATHS.J: Integer(-1),
    }
    point |= dict(
        zip(
            means(4), (Rational(1, 2), Rational(-1, 3), Rational(3, 4), Rational(1, 5)), strict=True
        )
    )
    point |= {PATHS.T: Rational(2, 3), PATHS.c: Rational(5, 2), PATHS.x: Rational(2, 5)}
    derivations = [
        cavity_equations(4).derivation,
        path_ensemble(4).derivation,
        paramagnet(4).derivation,
        frozen_paths(4).derivation,
    ]
    checked = 0
    for derivation in derivations:
        for step in derivation:
            values = point | {
                s: Integer(3) for s in (step.before - step.after).free_symbols if s.name == "n"
            }
            assert abs((step.before - step.after).subs(values).evalf(30)) < 1e-25
            checked += 1
    assert checked > 20


def test_paramagnet_is_stable_for_p_above_two_only():
    assert cavity_equations(2).linear_gain == PATHS.t
    assert all(cavity_equations(p).linear_gain == 0 for p in range(3, 7))


def test_two_fields_combine_like_their_hyperbolic_tangents():
    u, h = Rational(7, 10), Rational(-11, 10)
    difference = tanh(bias_of_field()) - tanh(PATHS.u) * tanh(PATHS.h)
    assert abs(difference.subs({PATHS.u: u, PATHS.h: h}).evalf(30)) < 1e-28


def test_paramagnet_closed_forms():
    for p in (2, 3, 5):
        values = paramagnet(p).values
        numbers = {PATHS.T: Rational(3, 4), PATHS.c: Rational(7, 3)}
        beta, alpha = 4 / 3, 7 / 3 / p
        phi = math.log(2) + alpha * math.log(math.cosh(beta))
        assert float(values["phi"].subs(numbers)) == pytest.approx(phi, abs=1e-12)
        assert float(values["entropy"].subs(numbers)) == pytest.approx(
            phi - alpha * beta * math.tanh(beta), abs=1e-12
        )
        assert (
            abs(
                values["entropy"]
                .subs(PATHS.c, values["c_s0"])
                .subs(PATHS.T, Rational(3, 4))
                .evalf(30)
            )
            < 1e-25
        )


def test_degree_laws_and_disorder():
    z, c = PATHS.z, PATHS.c
    assert poisson_degrees().residual == exp(c * (z - 1))
    assert regular_degrees(4).residual == z**3
    assert [path_ensemble(3, kind).coupling_mean for kind in ("glass", "planted", "ferro")] == [
        0,
        PATHS.t,
        1,
    ]
    with pytest.raises(ValueError, match="one of glass, planted, ferro"):
        path_ensemble(3, "spin")
    with pytest.raises(ValueError, match="at least 1"):
        regular_degrees(0)


def test_removal_inverts_the_degree():
    for p, protocol in ((3, "weights"), (5, "weights"), (4, "paths")):
        problem = critical_removal(p, protocol)
        rho = problem.removal.subs({PATHS.c: Rational(3), PATHS.c0: Rational(8)})
        assert (
            abs(problem.degree.subs({PATHS.rho: rho, PATHS.c0: Rational(8)}).evalf(30) - 3) < 1e-25
        )
    with pytest.raises(ValueError, match="one of weights, paths"):
        critical_removal(3, "neurons")


def test_zero_temperature_forms():
    x, c, rate = PATHS.x, PATHS.c, Symbol("lambda", positive=True)
    problem = frozen_paths(3)
    assert certain_bias(5) == x**4
    assert (problem.gap - (c * x**2 - x - Rational(2, 3) * c * x**3)).expand() == 0
    assert (problem.core_weights - (1 - exp(-c * x**2) * (1 + c * x**2))).expand() == 0
    assert integer_glass(3).degree == rate / (1 - exp(-rate) * besseli(0, rate)) ** 2
    layered = frozen_layers([c, c, c])
    uniform = dict.fromkeys(layered.unknowns, x) | {layered.scale: 1}
    frozen = exp(-c * x**2)
    per_weight = (layered.gap.subs(uniform) * c / 3).expand().subs(frozen, 1 - x)
    assert (per_weight - problem.gap).expand() == 0
    with pytest.raises(ValueError, match="positive degree"):
        frozen_layers([2, -1, 3])


def test_every_result_prints_its_latex_and_derivation():
    for entry in results("active-paths"):
        assert "\\" in entry.to_latex()
    assert log(2) in paramagnet(3).values["phi"].args


@pytest.mark.parametrize("p", [1, 0, -3, 2.5, LARGEST_P + 1])
def test_bad_p_is_refused(p):
    with pytest.raises(ValueError, match=r"integer number p of weights|p is a whole number"):
        cavity_equations(p)
