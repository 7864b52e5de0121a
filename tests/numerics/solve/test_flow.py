"""Flows and free energies: against plain loops in other arithmetics, and against the exact free
energies of chain and diamond.
"""

import math

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, Symbol, cosh, log, symbols

from neurenorm.numerics.solve import free_energy, proved_digits, refine, trajectory
from neurenorm.theory.recursion.recursion import Recursion

t, K, x, y = symbols("t K x y", real=True)
rate = Symbol("r", positive=True)
HALF = log(cosh(2 * K)) / 2
CHAIN = Recursion((K,), (HALF,), 2, constant=2 * log(2 * cosh(K)) - log(2 * cosh(HALF)), bonds=2)
DIAMOND = Recursion((K,), (log(cosh(2 * K)),), 2, constant=2 * log(2) + log(cosh(2 * K)), bonds=4)
LOGISTIC = Recursion((x,), (rate * x * (1 - x),), 2)


def test_the_numpy_flow_agrees_with_a_plain_loop_for_many_starts_and_parameters_at_once() -> None:
    start, rates = np.linspace(0.1, 0.9, 7), np.array([[1.5], [3.0], [3.9]])
    flow = trajectory(LOGISTIC, {x: start}, 6, parameters={rate: rates})
    assert flow.shape == (7, 1, 3, 7)
    for i, r in enumerate(rates[:, 0]):
        for j, value in enumerate(start):
            for n in range(7):
                assert math.isclose(flow[n, 0, i, j], value, rel_tol=1e-11)
                value = r * value * (1 - value)


def test_the_flow_of_two_variables_keeps_their_order() -> None:
    swap = Recursion((x, y), (y, x + y), 2)
    assert trajectory(swap, {y: 1, x: 0}, 6)[:, 0].tolist() == [0, 1, 1, 2, 3, 5, 8]
    assert [
        int(row[1].unique_fmpz()) for row in trajectory(swap, {x: 0, y: 1}, 5, target="ball")
    ] == [1, 1, 2, 3, 5, 8]


def test_balls_hold_the_digits_of_mpmath_and_of_the_closed_form() -> None:
    balls = trajectory(CHAIN, {K: Rational(7, 10)}, 5, target="ball", digits=40)
    numbers = trajectory(CHAIN, {K: Rational(7, 10)}, 5, target="mpmath", digits=60)
    with mpmath.workdps(60):
        for n, ((ball,), (number,)) in enumerate(zip(balls, numbers, strict=True)):
            exact = mpmath.atanh(mpmath.tanh(mpmath.mpf(7) / 10) ** (2**n))
            assert abs(number - exact) < mpmath.mpf(10) ** -55
            assert (
                ball.overlaps(arb(mpmath.nstr(exact, 55)) + arb(0, 1e-50))
                and proved_digits(ball) >= 40
            )


def test_a_wide_start_stays_enclosed() -> None:
    flow = trajectory(CHAIN, {K: arb(1, 0.1)}, 4, target="ball")
    for value in (0.9, 0.95, 1.0, 1.0999):
        assert all(
            ball.contains(arb(point) + arb(0, 1e-12))
            for (ball,), point in zip(flow, trajectory(CHAIN, {K: value}, 4)[:, 0], strict=True)
        )


def test_a_large_coupling_does_not_overflow() -> None:
    assert math.isclose(
        trajectory(CHAIN, {K: 900.0}, 1)[1, 0], 900 - math.log(2) / 2, rel_tol=1e-15
    )


@pytest.mark.parametrize("target", ["numpy", "mpmath", "ball"])
def test_a_flow_that_leaves_the_domain_is_an_error_that_names_the_step(target: str) -> None:
    falling = Recursion((x,), (log(x),), 2)
    with pytest.raises(ValueError, match="not a number after step 4"):
        trajectory(falling, {x: 3}, 6, target=target)


@pytest.mark.parametrize(
    ("start", "steps", "options", "complaint"),
    [
        ({}, 1, {}, "K is missing"),
        ({K: 1, x: 1}, 1, {}, "x is not one of them"),
        ({K: 1}, -1, {}, "steps must be"),
        ({K: 1}, 1, {"target": "fortran"}, "target must be"),
        ({K: 1}, 1, {"target": "ball", "digits": 0}, "digits must be"),
        ({K: float("nan")}, 1, {}, "must be numbers"),
        ({K: float("nan")}, 1, {"target": "ball"}, "finite real number"),
        ({K: float("nan")}, 1, {"target": "mpmath"}, "finite real number"),
        ({K: t}, 1, {"target": "mpmath"}, "finite real number"),
    ],
)
def test_bad_input_of_a_flow_is_refused(
    start: dict, steps: int, options: dict, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        trajectory(CHAIN, start, steps, **options)


@settings(deadline=None, max_examples=20)
@given(coupling=st.fractions(-4, 4, max_denominator=50), digits=st.integers(8, 60))
def test_the_chain_has_the_free_energy_log_two_cosh_k(coupling: Rational, digits: int) -> None:
    result = free_energy(CHAIN, {K: Rational(coupling)}, digits=digits)
    assert result.converged and result.proved and proved_digits(result.value) >= digits
    with ctx.workprec(300):
        exact = (2 * (arb(coupling.numerator) / coupling.denominator).cosh()).log()
        assert result.value.overlaps(exact) and abs(result.value - exact) < 10 * arb(10) ** -digits


def test_a_proved_tail_is_reached_in_few_terms_and_holds_the_rest() -> None:
    short, long = free_energy(CHAIN, {K: 1}, digits=8), free_energy(CHAIN, {K: 1}, digits=40)
    assert short.terms < long.terms < 20 and short.value.overlaps(long.value)
    assert "trapped" in long.message


def brute_force_diamond(coupling: float, levels: int) -> float:
    """ln Z per bond of a finite diamond hierarchy by spin sums: two sites and all bonds between
    them, from the weights alone.
    """
    same, different, bonds = math.exp(coupling), math.exp(-coupling), 1
    scale = 0.0
    for _ in range(levels):
        same, different = (same**2 + different**2) ** 2, (2 * same * different) ** 2
        scale, bonds = 4 * scale + math.log(same), 4 * bonds
        same, different = 1.0, different / same
    return (scale + math.log(2 * (same + different))) / bonds


@pytest.mark.parametrize(("coupling", "proved"), [(0.3, True), (1.2, False)])
def test_the_diamond_agrees_with_its_spin_sums_in_both_phases(
    coupling: float, proved: bool
) -> None:
    result = free_energy(DIAMOND, {K: coupling}, digits=12)
    assert result.converged and result.proved is proved
    assert math.isclose(float(result.value), brute_force_diamond(coupling, 24), rel_tol=1e-12)


def test_at_the_critical_point_the_flow_is_lost_but_the_sum_is_not() -> None:
    critical = refine(DIAMOND, {K: 0.6}, 60).point[0]
    result = free_energy(DIAMOND, {K: critical}, digits=15)
    exact = (2 * arb(2).log() + critical) / 3
    assert result.converged and abs(result.value - exact) < 1e-12


def test_what_has_no_free_energy_is_refused() -> None:
    with pytest.raises(ValueError, match="no additive constant"):
        free_energy(Recursion((t,), (t**2,), 2), {t: 1})
    with pytest.raises(ValueError, match="more than one old bond"):
        free_energy(Recursion((t,), (t**2,), 2, constant=t, bonds=1), {t: 1})
    with pytest.raises(ValueError, match="K is missing"):
        free_energy(CHAIN, {})


def test_a_sum_that_diverges_is_not_called_converged() -> None:
    result = free_energy(Recursion((x,), (3 * x,), 2, constant=x, bonds=2), {x: 1}, digits=5)
    assert not result.converged and not result.proved and not result.value.is_finite()


@pytest.mark.parametrize("states", [[0, 1, -1], [-1, 0, 1]])
def test_the_free_energy_does_not_depend_on_the_order_of_states(states):
    """Spin 1 on the diamond lattice, three couplings."""
    from neurenorm.graphs import diamond
    from neurenorm.theory import cell_recursion, finite

    J, B, D = (Symbol(name, real=True) for name in ("J", "B", "D"))
    bonds = {J: lambda s, t: s * t, B: lambda s, t: s**2 * t**2, D: lambda s, t: -(s**2) - t**2}
    flow = cell_recursion(diamond(), finite(states), bonds)
    found = free_energy(flow, {J: Rational(7, 10), B: Rational(3, 10), D: Rational(2, 5)})
    assert float(found.value) == pytest.approx(0.453390352974, abs=1e-12)
