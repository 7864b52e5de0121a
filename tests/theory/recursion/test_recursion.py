"""Recursions, charts, fixed points, exponents and beta functions."""

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer, Interval, N, Rational, Symbol, cos, cosh, exp, log, oo, sqrt, tanh
from sympy import atanh as artanh

from neurenorm.graphs import cell_from_graph, diamond, series_cell, wheatstone
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve import fixed_points
from neurenorm.numerics.solve.flow import free_energy
from neurenorm.numerics.verification.derivations import check_derivation
from neurenorm.theory import (
    ISING,
    Chart,
    NotClosed,
    Recursion,
    cell_recursion,
    clock,
    exact_fixed_points,
    fixed_point_equation,
    potts,
)
from neurenorm.theory.algebra.rewriting import change_variables, in_exponentials, rational_form

K, H = Symbol("K", real=True), Symbol("h", real=True)
T, X, V = Symbol("t", real=True), Symbol("x", positive=True), Symbol("v", real=True)
Q = Symbol("q", positive=True)
SS = {K: lambda s, t: s * t}
AGREE = {K: lambda a, b: int(a == b)}


def ising(cell):
    return cell_recursion(cell, ISING, SS)


IN_TANH = [
    (flow, flow.in_chart(Chart.tanh(K, T))) for flow in (ising(wheatstone()), ising(diamond(3, 2)))
]


@pytest.mark.parametrize("b", [2, 3, 4, 5])
def test_the_character_multiplies_in_series(b):
    assert ising(series_cell(b)).in_chart(Chart.tanh(K, T)).step == (T**b,)
    assert cell_recursion(series_cell(b), potts(Q), AGREE).in_chart(Chart.potts(K, T, Q)).step == (
        T**b,
    )


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (diamond(), 2 * T**2 / (1 + T**4)),
        (wheatstone(), 2 * T**2 / (T**3 + T**2 - T + 1)),
        (diamond(3, 2), 2 * T**3 / (1 + T**6)),
    ],
)
def test_two_terminal_ising_cells(cell, expected):
    (step,) = ising(cell).in_chart(Chart.tanh(K, T)).step
    assert (step - expected).cancel() == 0


@pytest.mark.parametrize(
    ("b", "coupling", "constant"),
    [(2, 0.6625013737, 1.3556485542), (3, 0.4743957547, 2.5790946950), (4, 0.3500611389, None)],
)
def test_numbers_of_the_chain(b, coupling, constant):
    recursion = ising(series_cell(b))
    assert float(recursion.step[0].subs(K, 1)) == pytest.approx(coupling, abs=1e-10)
    if constant is not None:
        assert float(recursion.constant.subs(K, 1)) == pytest.approx(constant, abs=1e-10)


def test_numbers_of_the_chain_in_a_field():
    recursion = cell_recursion(
        series_cell(2), ISING, {**SS, H: lambda s, t: Rational(1, 2) * (s + t)}
    )
    found = [float(e) for e in recursion(Integer(1), Rational(1, 5))]
    assert found == pytest.approx([0.6532822932, 0.3926227458], abs=1e-10)


def test_closed_forms_are_readable():
    assert ising(series_cell(2)).step == (log(cosh(2 * K)) / 2,)
    assert ising(diamond()).step == (log(cosh(2 * K)),)
    assert str(ising(series_cell(3)).step[0]) == "K + log((exp(4*K) + 3)/(3*exp(4*K) + 1))/2"


@pytest.mark.parametrize("coupling", [1e-3, 9.0, 60.0, 300.0, 2000.0])
@pytest.mark.parametrize("cell", [diamond(3, 3), wheatstone(), series_cell(3)])
def test_compiled_steps_are_right_at_strong_coupling(cell, coupling):
    """Double precision against proved digits, far beyond where exp overflows and where tanh
    is one.
    """
    recursion = ising(cell)
    (exact,) = compiled(list(recursion.step), [K], target="ball", digits=20)(Rational(coupling))
    assert float(compiled(recursion.step[0], [K])(coupling)) == pytest.approx(
        float(exact.mid()), rel=1e-12, abs=1e-15
    )


@pytest.mark.parametrize("q", [2, 3, 4, 7, 1000])
@pytest.mark.parametrize("cell", [diamond(), wheatstone(), series_cell(3)])
def test_potts_cells_at_any_integer_q_are_rational_in_the_character(cell, q):
    (step,) = cell_recursion(cell, potts(q), AGREE).in_chart(Chart.potts(K, T, q)).step
    (symbolic,) = cell_recursion(cell, potts(Q), AGREE).in_chart(Chart.potts(K, T, Q)).step
    assert (step - symbolic.subs(Q, q)).cancel() == 0


def test_fixed_points_with_symbols_are_not_dropped_silently():
    with pytest.raises(ValueError, match=r"has degree 3 .* and symbols in it"):
        exact_fixed_points(
            cell_recursion(diamond(), potts(Q), AGREE), Interval(0, 1), Chart.potts(K, T, Q)
        )


def test_two_steps_of_two_are_one_of_four():
    by_two, by_four = ising(series_cell(2)), ising(series_cell(4))
    twice = by_two**2
    assert twice.scale == 4
    assert twice.bonds == 4
    assert twice.in_chart(Chart.tanh(K, T)).step == by_four.in_chart(Chart.tanh(K, T)).step
    gap = (twice.constant - by_four.constant).subs(K, Rational(5, 7))
    assert abs(N(gap, 30)) < 1e-28


def test_exact_fixed_points_of_the_diamond():
    zero, middle, infinity = exact_fixed_points(ising(diamond()), Interval(0, 1), Chart.tanh(K, T))
    assert (zero.point[0], zero.eigenvalues[0]) == (0, 0)
    assert infinity.point == (oo,)
    assert str(N(middle.exponents[0], 18)) == "0.747235718928907887"
    assert abs(N(middle.point[0], 12) - Rational("0.609377863436")) < 1e-11
    assert middle.status == "exact"
    assert not middle.is_stable
    assert zero.is_stable


def test_exact_fixed_points_in_radicals():
    middle = exact_fixed_points(ising(wheatstone()), Interval.open(0, 1), Chart.tanh(K, T))[0]
    assert middle.eigenvalues == (2 * sqrt(2) - 1,)
    assert abs(N(tanh(middle.point[0]) - (sqrt(2) - 1), 30)) < 1e-28  # e^{2K} = 1 + sqrt 2
    (three,) = exact_fixed_points(
        cell_recursion(diamond(), potts(3), AGREE), Interval.open(1, oo), Chart.exponential(K, X)
    )
    assert three.point == (log(4),)
    assert three.eigenvalues == (Rational(16, 9),)
    assert float(three.exponents[0]) == pytest.approx(0.83007499855768, abs=1e-14)


def test_fixed_point_equations_at_symbolic_q():
    shift = Chart({V: exp(K) - 1}, {K: log(1 + V)})
    assert fixed_point_equation(cell_recursion(diamond(), potts(Q), AGREE).in_chart(shift)) == (
        V,
        -(Q**2) - 2 * Q * V + V**3,
    )
    assert V**2 - Q in fixed_point_equation(
        cell_recursion(wheatstone(), potts(Q), AGREE).in_chart(shift)
    )


def test_the_magnetic_eigenvalue_of_the_diamond():
    """Fields on bond ends, linearised at the fixed point: y_h = 1.879146421606638."""
    recursion = cell_recursion(diamond(), ISING, {**SS, H: lambda s, t: Rational(1, 2) * (s + t)})
    star = exact_fixed_points(ising(diamond()), Interval.open(0, 1), Chart.tanh(K, T))[0].point[0]
    jacobian = recursion.jacobian().subs({K: star, H: 0})
    assert float(N(log(jacobian[1, 1]) / log(2), 20)) == pytest.approx(
        1.87914642160663816950, abs=1e-14
    )
    assert N(jacobian[0, 1], 20) == 0


def test_beta_function_of_the_chain():
    for b in (2, 3):
        (beta,) = ising(series_cell(b)).beta_function(Chart.tanh(K, T))
        assert float(N(beta.subs(K, 1), 15)) == pytest.approx(-0.4938722455, abs=1e-10)


@pytest.mark.parametrize("K0", [Rational(-13, 10), Rational(-1, 4)])
def test_an_odd_step_has_its_beta_function_on_both_sides_of_zero(K0):
    (beta,) = ising(series_cell(3)).beta_function(Chart.tanh(K, T))
    assert beta.subs(K, K0).is_real and abs(N(beta.subs(K, K0) + beta.subs(K, -K0), 20)) < 1e-18


@pytest.mark.parametrize("factor", [0, -2])
def test_a_step_to_zero_or_across_it_is_not_infinitesimal(factor):
    with pytest.raises(ValueError, match="cannot be made infinitesimal"):
        Recursion((K,), (factor * K,), Integer(2)).beta_function()


def test_the_beta_function_is_one_in_every_chart_that_shows_it():
    character = ising(series_cell(3)).in_chart(Chart.tanh(K, T))
    (power,), (linear,) = (
        character.beta_function(),
        character.beta_function(Chart({V: log(T)}, {T: exp(V)})),
    )
    assert abs(N((power - linear).subs(T, Rational(7, 10)), 20)) < 1e-18


def test_a_recursion_takes_expressions_in_its_own_symbols():
    with pytest.raises(TypeError, match="text"):
        Recursion((K,), ("K**2",), 2)
    with pytest.raises(ValueError, match="both named 'K'"):
        Recursion((K,), (Symbol("K") ** 2,), 2)


def test_linear_recursion_has_a_linear_beta_function():
    (beta,) = Recursion((K,), (8 * K,), Integer(2)).beta_function()
    assert beta == 3 * K


def test_beta_function_needs_an_infinitesimal_step():
    with pytest.raises(ValueError, match="cannot be made infinitesimal"):
        ising(diamond()).beta_function(Chart.tanh(K, T))


@settings(deadline=None, max_examples=20)
@given(st.fractions(min_value=-2, max_value=2, max_denominator=50))
def test_a_chart_says_the_same_as_the_original(point):
    coupling = Rational(point.numerator, point.denominator)
    for recursion, in_tanh in IN_TANH:
        (direct,) = recursion(coupling)
        (inner,) = in_tanh(tanh(coupling))
        assert abs(N(tanh(direct) - inner, 25)) < 1e-20


def test_change_of_variables_keeps_the_value():
    expression = exp(K) * (cosh(3 * K) - exp(-K))
    changed = change_variables(expression, {K: log(X)})
    assert changed.is_rational_function(X)
    assert (
        abs(N(expression.subs(K, log(Rational(7, 5))) - changed.subs(X, Rational(7, 5)), 25))
        < 1e-22
    )
    assert rational_form(exp(X), [X]) is None
    assert in_exponentials(tanh(K)).subs(K, 0) == 0


def test_a_user_cell_from_any_graph():
    graph = nx.cycle_graph(6)
    recursion = cell_recursion(cell_from_graph(graph, 0, 3), ISING, SS)
    assert recursion.scale == 3
    assert (recursion.in_chart(Chart.tanh(K, T)).step[0] - 2 * T**3 / (1 + T**6)).cancel() == 0


def test_derivation_steps_hold_at_random_points():
    for cell in (diamond(), series_cell(3), wheatstone()):
        assert check_derivation(ising(cell).derivation, seed=3) >= 5
        assert check_derivation(cell_recursion(cell, potts(Q), AGREE).derivation, seed=3) >= 3


def test_a_wrong_derivation_step_is_caught():
    from sympy import Reals

    from neurenorm.theory import Derivation, Step

    wrong = Derivation("wrong", (Step("square", (K + 1) ** 2, K**2 + 2 * K + 2, "q", {K: Reals}),))
    with pytest.raises(AssertionError, match="square"):
        check_derivation(wrong, seed=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Recursion((K,), (K, K), Integer(2)), "1 state variables but 2 step expressions"),
        (lambda: Recursion((K,), (K,), Integer(1)), "larger than 1"),
        (lambda: ising(diamond()) ** 0, "positive integer number of times"),
        (lambda: ising(diamond()) @ Recursion((H,), (H,), Integer(2)), "different variables"),
        (lambda: ising(diamond()).in_chart(Chart.tanh(H, T)), "the state is"),
        (lambda: fixed_point_equation(ising(diamond())), "not a rational function"),
        (
            lambda: fixed_point_equation(Recursion((T,), (T,), Integer(2))),
            "every point is a fixed point",
        ),
        (
            lambda: cell_recursion(cell_from_graph(nx.path_graph(2), 0, 1), ISING, SS),
            "larger than 1",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_not_closed_names_what_is_generated():
    with pytest.raises(NotClosed, match=r"generates .*cos 2.*add a coupling for each"):
        cell_recursion(series_cell(2), clock(5), {K: lambda a, b: cos(a - b)})


def test_a_fractional_number_of_states_is_put_for_its_symbol():
    flow = cell_recursion(diamond(), potts(Q), AGREE).subs({Q: Rational(5, 2)})
    (point,) = exact_fixed_points(flow, Interval.open(0, 1), Chart.potts(K, T, Rational(5, 2)))
    assert abs(N(flow(point.point[0])[0] - point.point[0], 20)) < 1e-15
    with pytest.raises(ValueError, match="not among the parameters"):
        flow.subs({Q: 3})


@pytest.mark.parametrize("factor", [2, 3, Rational(1, 2), -1])
def test_an_edge_may_carry_an_expression_in_the_couplings(factor):
    """Two bonds in parallel are one of twice the coupling; a multiple is put in, and the derivation
    follows.
    """
    graph = nx.Graph([(0, 2), (2, 1), (0, 3), (3, 1)])
    graph.edges[0, 2]["couplings"] = {K: factor * K}
    flow = cell_recursion(cell_from_graph(graph, 0, 1), ISING, SS)
    bare = [artanh(tanh(factor * K) * tanh(K)), log(cosh(2 * K)) / 2]
    for at in (Rational(1, 3), Rational(-5, 4)):
        assert abs(N((flow.step[0] - sum(bare)).subs(K, at), 25, chop=True)) < 1e-20
    assert check_derivation(flow.derivation, seed=5) == len(flow.derivation.steps) == 6
    if factor == 2:
        double = nx.MultiGraph([(0, 2), (0, 2), (2, 1), (0, 3), (3, 1)])
        parallel = cell_recursion(cell_from_graph(double, 0, 1), ISING, SS)
        assert (
            abs(N((flow.step[0] - parallel.step[0]).subs(K, Rational(2, 7)), 25, chop=True)) < 1e-20
        )


def test_an_expression_on_an_edge_may_hold_a_parameter_and_numbers_keep_the_derivation():
    g = Symbol("g", real=True)
    graph = nx.Graph([(0, 2), (2, 1)])
    graph.edges[0, 2]["couplings"] = {K: K + g}
    flow = cell_recursion(cell_from_graph(graph, 0, 1), ISING, SS)
    assert flow.parameters == (g,)
    at = flow.subs({g: Rational(1, 2)})
    assert at.parameters == () and len(at.derivation.steps) == len(flow.derivation.steps)
    assert check_derivation(at.derivation, seed=2) == len(at.derivation.steps)


def test_numbers_for_symbols_are_put_into_the_derivation_too():
    flow = cell_recursion(diamond(), potts(Q), AGREE).subs({Q: 4})
    assert not any(step.before.has(Q) or step.after.has(Q) for step in flow.derivation)
    assert check_derivation(flow.derivation, seed=4) == len(flow.derivation.steps) > 0


def test_fixed_points_are_printed_with_numbers():
    point = exact_fixed_points(
        cell_recursion(diamond(), ISING, SS), Interval.open(0, 1), Chart.tanh(K, T)
    )
    assert "point = 0.609377863436006" in str(point[0]) and "exponent = 0.747235718928908" in str(
        point[0]
    )


def test_fifty_digits_are_printed_where_fifty_are_asked_for():
    flow = cell_recursion(diamond(), ISING, SS)
    text = str(fixed_points(flow, {K: (Rational(3, 10), 1)}, digits=50).points[0])
    assert "0.6093778634360062315368033711683986954285392793128" in text
    assert "0.595257733369196326557389376211557586048894087943935" in str(
        free_energy(flow, {K: Rational(1, 2)}, digits=50)
    )


def test_a_cell_of_unlike_bonds_is_no_step():
    """The new bond is none of the old ones, even where only one edge differs or the couplings are
    exchanged.
    """
    graph = nx.MultiGraph([("a", 2), (2, "b"), ("a", 3), (3, "b")])
    graph.edges["a", 2, 0]["couplings"] = {K: H}
    for bonds in (SS, {**SS, H: lambda s, t: Rational(1, 2) * (s + t)}):
        with pytest.raises(ValueError, match="cannot be repeated"):
            cell_recursion(cell_from_graph(graph, "a", "b"), ISING, bonds)
    graph.edges["a", 2, 0]["couplings"] = {K: K}
    assert cell_recursion(cell_from_graph(graph, "a", "b"), ISING, SS).step == (log(cosh(2 * K)),)


def test_the_character_of_any_number_of_bonds_is_derived():
    from neurenorm.theory import result

    for identifier in ("lattice/ising-correlation", "ising-correspondence/output-coupling"):
        assert check_derivation(result(identifier).derive().derivation, seed=2) >= 2


def test_the_latex_of_a_substitution_brackets_a_sum():
    from sympy import Subs

    from neurenorm.theory.typeset.display import tex

    assert tex(3 * Subs(V - T, T, 1)).startswith(r"3 \left. \left(- t + v\right) \right|")
