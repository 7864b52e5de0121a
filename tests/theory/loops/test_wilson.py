"""Wilsonian steps: generated couplings, known flows, composition."""

from __future__ import annotations

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Float, Matrix, Rational, expand, factor, log, nsolve, sqrt, symbols

from neurenorm.theory.loops.wilson import Shell, wilson_step

r, u, v, w, g, phi, a, b = symbols("r u v w g phi phi_1 phi_2", real=True)


def eigenvalues(step, guess):
    """Eigenvalues of the infinitesimal step at its fixed point, the largest first."""
    state = list(step.recursion.state)
    point = nsolve(list(step.flow), state, guess)
    matrix = Matrix(step.flow).jacobian(state).subs(dict(zip(state, point, strict=True)))
    return sorted((float(value) for value in matrix.evalf().eigenvals()), reverse=True)


def test_two_couplings_in_three_dimensions():
    step = wilson_step(r * phi**2 / 2 + u * phi**4, [phi], degree=4, dimension=3)
    assert step.generated == ()
    root = float(sqrt(22))
    assert eigenvalues(step, [-0.14, 0.02]) == pytest.approx([(1 + root) / 3, (1 - root) / 3])


def test_the_sixth_power_is_generated():
    step = wilson_step(r * phi**2 / 2 + u * phi**4, [phi], degree=6, dimension=3)
    assert [c.name for c in step.generated] == ["g6"]
    values = eigenvalues(step, [-1 / 3, 0.04, 0.003])
    assert 1 / values[0] == pytest.approx(0.5856854, abs=1e-7)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_general_components(n):
    fields = symbols(f"phi_1:{n + 1}", real=True)
    square = sum(f**2 for f in fields)
    action = r * square / 2 + u * square**2 + w * square**3
    step = wilson_step(action, fields, degree=6, dimension=3)
    flow = dict(zip(step.recursion.state, step.flow, strict=True))
    x = 1 + r
    assert factor(flow[r] - (2 * r + 4 * (n + 2) * u / x)) == 0
    assert factor(flow[u] - (u + 3 * (n + 4) * w / x - 4 * (n + 8) * u**2 / x**2)) == 0
    sixth = -12 * (n + 14) * u * w / x**2 + Rational(32, 3) * (n + 26) * u**3 / x**3
    assert factor(flow[w] - sixth) == 0


def test_a_cubic_vertex_generates_tadpole_mass_and_quartic():
    step = wilson_step(g * phi**3 / 6, [phi], degree=4, dimension=6)
    assert [c.name for c in step.generated] == ["g1", "g2", "g4"]
    (mass,) = [c for c in step.generated if c.name == "g2"]
    cubic = dict(zip(step.recursion.state, step.flow, strict=True))[g]
    assert expand(cubic.subs(dict.fromkeys(step.generated, 0))) == g**3
    assert mass in step.recursion.step[0].free_symbols


def test_finite_steps_at_two_scales():
    found = []
    for scale in (2, 3):
        step = wilson_step(
            r * phi**2 / 2 + u * phi**4,
            [phi],
            degree=4,
            dimension=4 - Rational(1, 100),
            scale=scale,
        )
        at = [x - y for x, y in zip(step.recursion.step, step.recursion.state, strict=True)]

        def slope(mass, coupling, at=at):
            """The step less the identity."""
            point = {r: Float(str(mass), 20), u: Float(str(coupling), 20)}
            return [mpmath.mpf(str(e.subs(point).evalf(18))) for e in at]

        point = mpmath.findroot(slope, (-0.001, 0.0003))
        matrix = step.recursion.jacobian().subs({r: point[0], u: point[1]}).evalf(18)
        found.append(max(float((log(value) / log(scale)).evalf()) for value in matrix.eigenvals()))
    assert found == pytest.approx([1.99669247, 1.99669250], abs=2e-8)


def test_shells_of_two_steps_add_up():
    whole = Shell(1, Rational(1, 3), 3, 6).evalf()
    inner = Shell(1, Rational(1, 3), 3, 2).evalf()
    outer = Rational(1, 8) * Shell(1, Rational(4, 3), 3, 3).evalf() * 4
    assert whole == pytest.approx(inner + outer, rel=1e-12)


@settings(deadline=None, max_examples=8)
@given(st.lists(st.integers(-3, 3), min_size=4, max_size=4).filter(any))
def test_any_quartic_of_two_fields_flows_as_its_bubble(weights):
    forms = [a**4, a**3 * b, a**2 * b**2, b**4]
    quartic = sum(c * form for c, form in zip(weights, forms, strict=True))
    masses = Matrix([[quartic.diff(x, y) for y in (a, b)] for x in (a, b)])
    trace = expand((masses * masses).trace())
    one = masses.trace().expand()
    if one.coeff(a, 2) != one.coeff(b, 2) or expand(one - one.coeff(a, 2) * (a**2 + b**2)) != 0:
        with pytest.raises(ValueError, match="different masses"):
            wilson_step(u * quartic, [a, b], degree=4, dimension=4)
        return
    step = wilson_step(u * quartic, [a, b], degree=4, dimension=4)
    forms = [step.potential.diff(c) for c in step.recursion.state]
    moved = sum(flow * form for flow, form in zip(step.flow, forms, strict=True))
    masses_off = dict.fromkeys(step.generated, 0)
    assert expand(moved.subs(masses_off) + u**2 * trace / 4 - u * one / 2) == 0


@pytest.mark.parametrize(
    ("action", "options", "words"),
    [
        (u * phi**4, {"scale": 1}, "b must exceed 1"),
        (u * phi**6, {}, "beyond the degree 4"),
        (u * phi**2 * v, {}, "sum of couplings"),
        (u * (phi**4 + phi**2), {}, "one power"),
    ],
)
def test_refusals(action, options, words):
    with pytest.raises(ValueError, match=words):
        wilson_step(action, [phi], degree=4, dimension=4, **options)
