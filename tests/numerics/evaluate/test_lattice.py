"""Hierarchical lattices as they are evaluated."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.simulation.lattice.hierarchical import bond_read_off, free_energy


def values(identifier, **given_values):
    return evaluate(f"lattice/{identifier}", given_values).values


@pytest.mark.parametrize(
    ("question", "couplings", "ln_A", "f"),
    [
        (
            {"model": "beg", "couplings": [0.7, 0.3, 0.4]},
            (0.5391404, 0.0599132, 0.2317167),
            1.2822945661,
            0.453390352974,
        ),
        (
            {"model": "ising-in-field", "couplings": [0.3, 0.2]},
            (0.16448545, 0.61280007),
            1.59051596,
            None,
        ),
        (
            {"model": "lattice-gas", "couplings": [1.2, -0.8]},
            (0.65794180, 0.56765835),
            0.74220133,
            None,
        ),
        ({"model": "potts", "q": 3, "couplings": 0.8}, (0.48672758,), 3.39162819, 1.078568282097),
        ({"model": "ising", "couplings": 0.3}, None, None, 0.508283411111),
        ({"model": "ising", "couplings": 0.8}, None, None, 0.823018038431),
    ],
)
def test_new_bonds_and_free_energies(question, couplings, ln_A, f):
    found = values("bond-free-energy", **question)
    if couplings is not None:
        assert found["couplings"] == pytest.approx(couplings, abs=6e-8)
        assert found["ln_A"] == pytest.approx(ln_A, abs=6e-9)
    if f is not None:
        assert found["f"] == pytest.approx(f, abs=6e-13)


@settings(deadline=None, max_examples=12, print_blob=True)
@given(
    st.sampled_from(["ising-in-field", "beg", "clock5", "ashkin-teller", "lattice-gas"]),
    st.lists(st.fractions(-2, 2, max_denominator=20), min_size=3, max_size=3),
    st.sampled_from(["diamond", "wheatstone"]),
)
def test_free_energies_of_any_couplings(name, numbers, cell):
    model, q = ("clock", 5) if name == "clock5" else (name, None)
    count = 3 if name == "beg" else 2
    question = {"model": model, "cell": cell, "couplings": numbers[:count]}
    question |= {} if q is None else {"q": q}
    found = values("bond-free-energy", **question)
    plain = [float(x) for x in numbers[:count]]
    read = bond_read_off(name, plain, cell)
    assert [*found["couplings"], found["ln_A"]] == pytest.approx(read, abs=1e-10)
    assert found["f"] == pytest.approx(free_energy(name, plain, cell), abs=1e-10)


def test_spins_and_occupations_are_one_model():
    K, h = Fraction(3, 10), Fraction(1, 5)
    ising = values("bond-free-energy", model="ising-in-field", couplings=[K, h])
    gas = values("bond-free-energy", model="lattice-gas", couplings=[4 * K, 2 * h - 4 * K])
    assert gas["couplings"][0] == pytest.approx(4 * ising["couplings"][0], abs=1e-12)
    shift = 4 * float(K - h) - (ising["couplings"][0] - ising["couplings"][1])
    assert gas["ln_A"] + shift == pytest.approx(ising["ln_A"], abs=1e-12)


def test_the_tricritical_points():
    point = values("beg-tricritical")
    assert point["J"] == pytest.approx(2.0859259570514647, abs=1e-14)
    assert point["phi"] == pytest.approx(0.292389401114, abs=1e-12)
    plane = values("blume-capel-tricritical")
    assert plane["J_t"] == pytest.approx(2.1529614642846, abs=1e-12)
    assert plane["Delta_t"] == pytest.approx(1.0355059749219, abs=1e-12)
    assert plane["Delta_t"] / plane["J_t"] == pytest.approx(0.4809682, abs=5e-8)


@pytest.mark.parametrize(
    ("L", "K"), [(-0.2, 0.764746099398), (0, 0.609377863436), (0.2, 0.476481941597)]
)
def test_the_critical_line_of_ashkin_and_teller(L, K):
    assert values("critical-line", L=L)["K_c"] == pytest.approx(K, abs=1e-12)


def test_all_points_have_a_status_and_infinite_exponents_a_reason():
    found = evaluate("lattice/phase-points", model="beg")
    assert found.values["points"] == 11 and str(found.answer.status) == "enclosed"
    assert any(y == "-inf" for row in found.values["y"] for y in row)
    assert "-inf" in found.answer.reason


@pytest.mark.parametrize(
    ("identifier", "question", "message"),
    [
        ("bond-free-energy", {"model": "ising", "couplings": [1, 2]}, "with 1 numbers, got 2"),
        ("bond-free-energy", {"model": "ising", "couplings": "x"}, "list of finite numbers"),
        (
            "bond-free-energy",
            {"model": "ising", "couplings": 1, "series": 3, "parallel": 2},
            "series must be even",
        ),
        ("phase-points", {"model": "clock", "q": 20}, "up to q = 12"),
        ("phase-points", {"model": "ising", "series": 20, "parallel": 2}, "at most"),
        ("phase-points", {"model": "ising", "series": 1, "parallel": 2}, "changes no scale"),
        ("critical-line", {"L": 1, "model": "potts"}, "one of"),
    ],
)
def test_refusals(identifier, question, message):
    with pytest.raises(ValueError, match=message):
        values(identifier, **question)
