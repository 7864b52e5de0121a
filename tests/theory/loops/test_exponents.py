"""Two-loop exponents."""

from __future__ import annotations

import pytest
from sympy import Integer, Rational, expand, simplify

from neurenorm.theory.loops.exponents import WilsonFisher, coupling, distance
from neurenorm.theory.loops.logarithms import Logarithms
from neurenorm.theory.loops.quartic import components as n


def test_general_number_of_components() -> None:
    theory, y = WilsonFisher(), coupling
    wanted = distance * y - (n + 8) / 3 * y**2 + (3 * n + 14) / 3 * y**3
    assert expand(theory.beta - wanted) == 0
    assert expand(theory.eta - (n + 2) / 18 * y**2) == 0
    point = 3 * distance / (n + 8) + 9 * (3 * n + 14) / (n + 8) ** 3 * distance**2
    assert simplify(theory.fixed_point - point) == 0


def test_mass_exponent() -> None:
    theory, y = WilsonFisher(), coupling
    assert expand(theory.nu_inverse - (2 - (n + 2) / 3 * y + 5 * (n + 2) / 18 * y**2)) == 0
    wanted = 2 - (n + 2) / (n + 8) * distance
    wanted -= (n + 2) * (13 * n + 44) / (2 * (n + 8) ** 3) * distance**2
    assert simplify(theory.expansion(2)["nu_inverse"] - wanted) == 0


def test_the_lattice_logarithms() -> None:
    assert Logarithms().in_units() == (2, -1, 2)


@pytest.mark.parametrize("count", [1, 2, 3, -2])
def test_eta_and_omega(count: int) -> None:
    theory, m = WilsonFisher(Integer(count)), Integer(count)
    point = theory.fixed_point
    eta = expand(theory.eta.subs(coupling, point)).coeff(distance, 2)
    assert eta == (m + 2) / (2 * (m + 8) ** 2)
    slope = expand(-theory.beta.diff(coupling).subs(coupling, point))
    assert slope.coeff(distance, 1) == 1
    assert slope.coeff(distance, 2) == -Rational(3 * (3 * count + 14), (count + 8) ** 2)
