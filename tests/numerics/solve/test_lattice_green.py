"""Green functions, determinants and resistances of lattices."""

from __future__ import annotations

import math

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from neurenorm.numerics.evaluate import evaluate
from neurenorm.theory.field.lattice_green import LATTICES


def values(**question):
    return evaluate("field/lattice-green", question).values


@pytest.mark.parametrize(
    ("lattice", "ln_det"),
    [
        ("square", 1.166243616123),
        ("triangular", 1.615329736097),
        ("honeycomb", 0.807664868049),
        ("kagome", 1.135696401775),
        ("cubic", 1.673389302970),
        ("body-centred", 1.990191418272),
        ("face-centred", 2.412919899304),
        ("diamond", 2.412919899304 / 2),
    ],
)
def test_determinants_of_massless_fields(lattice, ln_det):
    assert values(lattice=lattice)["ln_det"] == pytest.approx(ln_det, abs=1e-12)


@pytest.mark.parametrize(
    ("lattice", "G"),
    [("cubic", 0.252731009859), ("body-centred", 0.174150491211), ("face-centred", 0.112055098597)],
)
def test_watson(lattice, G):
    assert values(lattice=lattice)["G"] == pytest.approx(G, abs=1e-10)


@pytest.mark.parametrize(
    ("lattice", "r", "R"),
    [
        ("square", [1, 0], 1 / 2),
        ("square", [1, 1], 2 / math.pi),
        ("triangular", [1, -1], 1 / 3),
        ("triangular", [1, 1], 2 * math.sqrt(3) / math.pi - 2 / 3),
        ("cubic", [0, 0, 1], 1 / 3),
        ("face-centred", [0, 1, -1], 1 / 6),
    ],
)
def test_resistances(lattice, r, R):
    assert values(lattice=lattice, r=r)["resistance"] == pytest.approx(R, abs=1e-11)


def test_a_massive_field_of_the_square():
    found = values(lattice="square", m2=0.1)
    assert found["G"] == pytest.approx(0.4543520494697, abs=1e-12)  # an elliptic integral
    log_z = (math.log(2 * math.pi) - found["ln_det"]) / 2
    assert log_z == pytest.approx(0.3090162408, abs=6e-11)
    assert values(lattice="triangular", m2=0.01)["xi"] == pytest.approx(math.sqrt(150))


@settings(
    deadline=None,
    max_examples=10,
    print_blob=True,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.sampled_from(["square", "triangular", "honeycomb", "cubic"]), st.floats(0.2, 5))
def test_the_determinant_grows_by_the_green_function(lattice, m2):
    """d ln det / d m2 = G."""
    h = 1e-3 * m2
    up, down = (values(lattice=lattice, m2=m2 + s * h)["ln_det"] for s in (1, -1))
    far_up, far_down = (values(lattice=lattice, m2=m2 + s * 2 * h)["ln_det"] for s in (1, -1))
    slope = (8 * (up - down) - (far_up - far_down)) / (12 * h)
    assert slope == pytest.approx(values(lattice=lattice, m2=m2)["G"], rel=1e-7)


@pytest.mark.parametrize("lattice", sorted(LATTICES))
def test_every_lattice_says_what_is_infinite(lattice):
    found = evaluate("field/lattice-green", lattice=lattice)
    assert math.isinf(found.values["xi"]) and "xi is infinite" in found.answer.reason
    assert (found.values["G"] is None) == ("no G" in found.answer.reason)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"lattice": "cubic", "r": [1, 0]}, "3 whole numbers"),
        ({"lattice": "square", "r": [0, 0]}, "not all zero"),
        ({"lattice": "square", "r": "x"}, "whole numbers of cells"),
        ({"lattice": "square", "m2": -1}, "at least 0"),
        ({"lattice": "chain"}, "one of"),
    ],
)
def test_refusals(question, message):
    with pytest.raises(ValueError, match=message):
        values(**question)
