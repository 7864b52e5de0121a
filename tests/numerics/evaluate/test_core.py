"""Evaluation of the catalogue against numbers worked out elsewhere, and its refusals."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Rational, Reals, S, oo

from neurenorm.graphs import series_cell
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.evaluate.values import exact_value, parse_value
from neurenorm.theory import ISING, cell_recursion, document, symbols
from neurenorm.theory.catalogue.result import Parameter, Result


@pytest.mark.parametrize(
    ("identifier", "parameters", "expected"),
    [
        (
            "lattice/ising-decimation",
            {"K": 1, "b": 2},
            {"K": 0.6625013737, "h": 0, "log_constant": 1.3556485542},
        ),
        (
            "lattice/ising-decimation",
            {"K": 1, "b": 3},
            {"K": 0.4743957547, "log_constant": 2.5790946950},
        ),
        ("lattice/ising-decimation", {"K": 1, "b": 4}, {"K": 0.3500611389}),
        (
            "lattice/ising-decimation",
            {"K": 1, "h": 0.2, "b": 2},
            {"K": 0.6532822932, "h": 0.3926227458},
        ),
        (
            "lattice/hierarchical-fixed-point",
            {"cell": "diamond"},
            {"K": 0.6093778634, "y": 0.74723572},
        ),
        (
            "lattice/hierarchical-fixed-point",
            {"series": 2, "parallel": 2},
            {"K": 0.6093778634, "y": 0.74723572},
        ),
        (
            "lattice/hierarchical-fixed-point",
            {"cell": "diamond", "model": "potts", "q": 3},
            {"K": 1.3862943611, "y": 0.83007500},
        ),
        (
            "lattice/hierarchical-fixed-point",
            {"cell": "wheatstone"},
            {"K": math.log(1 + math.sqrt(2)) / 2, "y": 0.870603126617780},
        ),
        ("lattice/ring-free-energy", {"K": 1, "N": 8}, {"value": 9.1226493520}),
        ("lattice/ising-correlation", {"K": 1, "r": 3}, {"value": math.tanh(1) ** 3}),
    ],
)
def test_numbers(identifier, parameters, expected):
    values = evaluate(identifier, parameters).values
    for name, number in expected.items():
        assert values[name] == pytest.approx(number, abs=6e-9)


@settings(deadline=None, max_examples=20)
@given(st.floats(-2, 2).filter(lambda k: abs(k) > 1e-3), st.integers(2, 12))
def test_decimation_of_the_chain_is_the_power_law(coupling, b):
    found = evaluate("lattice/ising-decimation", K=coupling, b=b).values["K"]
    assert math.tanh(found) == pytest.approx(math.tanh(coupling) ** b, rel=1e-12)


@settings(deadline=None, max_examples=20)
@given(st.floats(-1, 3).filter(lambda k: abs(k) > 1e-3), st.integers(1, 7), st.integers(2, 9))
def test_decimation_of_the_potts_chain_is_the_power_law(coupling, q, b):
    assume(q > 1 or coupling > -0.6)  # at q = 1 the weight of unlike ends is negative below ln(1/2)

    def character(k):
        return math.expm1(k) / (math.expm1(k) + q)

    found = evaluate("lattice/potts-decimation", K=coupling, q=q, b=b).values["K"]
    assert character(found) == pytest.approx(character(coupling) ** b, rel=1e-9)


def test_many_digits_are_proved():
    values = evaluate("lattice/hierarchical-fixed-point", {"cell": "diamond"}, digits=30).values
    assert values == {
        "K": "0.609377863436006231536803371168",
        "y": "0.747235718928907887001986159862",
    }
    long = evaluate(
        "lattice/ising-correlation", {"K": parse_value("0.1"), "r": 1}, digits=50
    ).values["value"]
    from mpmath import mp

    with mp.workdps(60):
        assert abs(mp.mpf(long) - mp.tanh(mp.mpf(1) / 10)) < mp.mpf(10) ** -50


def test_long_chains_cost_their_length():
    far = evaluate("lattice/ising-decimation", {"K": 2, "b": 3000}).values["K"]
    assert far == pytest.approx(math.atanh(math.exp(3000 * math.log(math.tanh(2)))), rel=1e-9)
    ring = evaluate("lattice/ring-free-energy", {"K": 0.5, "N": 2000}).values["value"]
    assert ring == pytest.approx(2000 * math.log(2 * math.cosh(0.5)), rel=1e-14)


def test_zero_coupling_stays_zero():
    values = evaluate("lattice/ising-decimation", {"K": 0, "b": 2}).values
    assert values["K"] == 0
    assert values["log_constant"] == pytest.approx(math.log(2))


def test_no_fixed_point_is_an_answer():
    found = evaluate("lattice/hierarchical-fixed-point", {"series": 2, "parallel": 1})
    assert found.answer.status == "none"
    assert found.values == {"K": None, "y": None}
    assert "no fixed point" in found.answer.reason


@pytest.mark.parametrize(
    ("identifier", "parameters", "message"),
    [
        ("lattice/nothing", {}, "unknown id"),
        ("lattice/ising-correlation", {"K": 1}, "needs r"),
        ("lattice/ising-correlation", {"K": 1, "r": 1, "z": 2}, "no parameter 'z'"),
        ("lattice/ising-correlation", {"K": "high", "r": 1}, "must be a number"),
        ("lattice/ising-correlation", {"K": float("nan"), "r": 1}, "must be a number, got nan"),
        ("lattice/ising-correlation", {"K": float("inf"), "r": 1}, "must be finite"),
        ("lattice/ising-correlation", {"K": 1, "r": -1}, "integer of at least 0"),
        ("lattice/ising-decimation", {"K": 1, "b": 1}, "integer of at least 2"),
        ("lattice/ising-decimation", {"K": 1, "b": 2.5}, "integer of at least 2"),
        ("lattice/potts-decimation", {"K": 1, "q": 0}, "integer of at least 1"),
        ("lattice/potts-decimation", {"K": -1, "q": 1}, "no real coupling describes it"),
        ("lattice/potts-decimation", {"K": 1, "q": 2.5}, "integer of at least 1"),
        ("lattice/hierarchical-fixed-point", {"cell": "diamond", "series": 2}, "not both"),
        (
            "lattice/hierarchical-fixed-point",
            {"cell": "diamond", "series": 2, "parallel": 2},
            "not both",
        ),
        ("lattice/hierarchical-fixed-point", {}, "give cell=diamond"),
        ("lattice/hierarchical-fixed-point", {"series": 2}, "both series and parallel"),
        ("lattice/hierarchical-fixed-point", {"series": 0, "parallel": 2}, "integer of at least 1"),
        ("lattice/hierarchical-fixed-point", {"series": 1, "parallel": 2}, "larger than 1"),
        (
            "lattice/hierarchical-fixed-point",
            {"series": 2, "parallel": 1.5},
            "integer of at least 1",
        ),
        ("lattice/hierarchical-fixed-point", {"cell": "cube"}, "one of diamond, wheatstone"),
        ("lattice/hierarchical-fixed-point", {"cell": "diamond", "model": "potts"}, "needs q"),
        ("lattice/hierarchical-fixed-point", {"cell": "diamond", "q": 3}, "belongs to model=potts"),
        ("lattice/ring-free-energy", {"K": 1, "N": 2}, "at least 3"),
        ("lattice/ring-free-energy", {"K": 1, "N": 10**7}, "at most 100000"),
    ],
)
def test_bad_input_is_refused(identifier, parameters, message):
    with pytest.raises(ValueError, match=message):
        evaluate(identifier, parameters)


def test_digits_must_make_sense():
    with pytest.raises(ValueError, match="between 1 and 10000"):
        evaluate("lattice/ising-correlation", {"K": 1, "r": 1}, digits=0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Rational(1, 10)),
        ("1e-3", Rational(1, 1000)),
        ("1/3", Rational(1, 3)),
        ("-inf", -oo),
        ("inf", oo),
        ("[1, [0.5]]", [1, [Rational(1, 2)]]),
    ],
)
def test_values_are_read_exactly(text, value):
    assert parse_value(text) == value


def test_words_and_nan_are_read():
    assert parse_value("tanh") == "tanh"
    with pytest.raises(ValueError, match="division by zero"):
        parse_value("1/0")
    assert parse_value("nan") is S.NaN
    assert exact_value(np.float64(0.1)) == Rational(1, 10)
    assert exact_value(Fraction(2, 6)) == Rational(1, 3)
    assert exact_value(np.array([1, 2])) == [1, 2]


def test_a_result_of_ones_own_is_evaluated_and_exported_by_what_it_derives():
    subject = symbols("lattice")
    flow = cell_recursion(series_cell(3), ISING, {subject.K: lambda s, t: s * t})
    parameters = (Parameter("K", "coupling", Reals),)
    step = Result(
        "mine/chain", "three bonds of my chain", subject, parameters, ("K",), lambda: flow
    )
    closed = Result(
        "mine/formula",
        "the same as a formula",
        subject,
        parameters,
        ("value",),
        lambda: flow.step[0],
    )
    assert (
        evaluate(step, K=1).values["K"]
        == evaluate(closed, K=1).values["value"]
        == pytest.approx(0.4743957547, abs=1e-10)
    )
    assert "mine:chain" in document([step, closed])
    assert "derived by the user" in step.provenance
    with pytest.raises(
        TypeError, match=r"a list is no kind of problem .*theory\.catalogue\.problems"
    ):
        evaluate(Result("mine/list", "nothing to solve", subject, (), ("value",), lambda: [1]))


def test_an_edge_at_lengths_that_do_not_last_says_so_and_other_branches_are_announced():
    edge = evaluate("field-theory/edge-of-chaos", activation="gelu", sb2=Rational(1, 10))
    assert edge.values["chi_par"] > 1
    assert "unstable" in edge.answer.reason
    assert (
        "unstable"
        not in evaluate(
            "field-theory/edge-of-chaos", activation="tanh", sb2=Rational(1, 20)
        ).answer.reason
    )
    assert "one of 2 branches" in str(
        evaluate(
            "field-theory/kernel-fixed-point",
            activation="gelu",
            sw2=Rational(5, 2),
            sb2=Rational(1, 50),
        )
    )


def test_exponentials_of_other_bases_are_functions_of_z_and_growing_lengths_are_told_from_dying_ones():
    power = evaluate(
        "field-theory/kernel-map", activation="2**tanh(z)", Kaa=1, Kbb=1, Kab=Rational(1, 2)
    ).values
    same = evaluate(
        "field-theory/kernel-map",
        activation="exp(log(2)*tanh(z))",
        Kaa=1,
        Kbb=1,
        Kab=Rational(1, 2),
    ).values
    assert power["value"] == pytest.approx(same["value"], rel=1e-9)
    assert (
        "grow"
        in evaluate(
            "field-theory/correlation-fixed-point", activation="relu", sw2=3, sb2=0
        ).answer.reason
    )
    assert (
        "dies out"
        in evaluate(
            "field-theory/correlation-fixed-point", activation="relu", sw2=1, sb2=0
        ).answer.reason
    )


def test_a_deep_chain_is_answered_in_time():
    """The coupling of 100 000 bonds is far below the smallest double; with digits it is
    resolved.
    """
    found = evaluate("lattice/ising-decimation", K=1, b=100_000).answer
    assert found.values["K"] == 0 and float(found.errors["K"]) <= 5e-324
    assert found.values["log_constant"] == pytest.approx(112692.10795711669, rel=1e-15)
    exact = evaluate("lattice/ising-decimation", K=1, b=6000, digits=12).values["K"]
    assert exact == "2.19592320972e-710"
