"""Flows of potentials near their critical dimensions."""

from __future__ import annotations

import pytest
from sympy import Integer, Rational, cancel, expand, pi, symbols

from neurenorm.theory.loops.exponents import coupling, distance
from neurenorm.theory.loops.flow import (
    U,
    V,
    _cubic_slopes,
    cubic_anisotropy,
    cubic_vertex,
    exchange_number,
    long_range,
    multicritical,
    potts_invariants,
    quartic_flow,
)
from neurenorm.theory.loops.quartic import components as n


def test_one_loop_cubic_anisotropy():
    du, dv, inverse = cubic_anisotropy(1)
    assert expand(du - (distance * U - (n + 8) * U**2 / 6 - U * V)) == 0
    assert expand(dv - (distance * V - 2 * U * V - Rational(3, 2) * V**2)) == 0
    assert expand(inverse - (2 - (n + 2) * U / 6 - V / 2)) == 0


@pytest.mark.parametrize("order", [1, 2])
def test_the_interpolation_holds_at_one_more_number(order):
    count = 4 if order == 1 else 5
    direct = _cubic_slopes(count, order)
    for wanted, found, scale in zip(direct, cubic_anisotropy(order), (2, 2, 1), strict=True):
        halved = expand(wanted.xreplace({U: U / 2, V: V / 2}) * scale)
        assert expand(found.subs(n, count) - halved) == 0


def test_the_slope_of_the_anisotropy_at_the_isotropic_point():
    _, dv, _ = cubic_anisotropy(2)
    slope = expand(dv.diff(V).subs(V, 0).subs(U, 2 * coupling))
    assert expand(slope - (distance - 4 * coupling + (5 * n + 82) / 9 * coupling**2)) == 0
    assert exchange_number() == 4 - 2 * distance


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_isotropic_flow_of_explicit_fields(count):
    y = coupling
    fields = symbols(f"phi_1:{count + 1}", real=True)
    square = sum(f**2 for f in fields)
    flow = quartic_flow(y * square**2 / 24, fields)
    m = Integer(count)
    wanted = distance * y - (m + 8) / 3 * y**2 + (3 * m + 14) / 3 * y**3
    assert expand(flow - wanted * expand(square**2) / 24) == 0


def test_potts():
    q = symbols("q")
    found = cubic_vertex(*potts_invariants(q))
    assert cancel(found["eta"] - distance * (q - 2) / (3 * (10 - 3 * q))) == 0
    assert found["eta"].subs(q, 3) == distance / 3
    assert found["eta"].subs(q, 0) == -distance / 15
    assert expand(found["nu_inverse"].subs(q, 0)) == 2 - distance / 3


def test_tricritical_point():
    shifts = {
        j: multicritical(Integer(3), Integer(j))["dimension"] - j * (1 - distance) / 2
        for j in (2, 4, 6)
    }
    assert [expand(s) for s in shifts.values()] == [0, 4 * distance / 5, 4 * distance]
    assert multicritical(Integer(3), Integer(2))["coupling"] == 6 * distance / 5 * 16 * pi**2
    assert expand(shifts[6] + 3 * (1 - distance)) == 3 + distance


def test_long_range():
    found = long_range()["nu_inverse"]
    assert found.subs(n, -2).free_symbols == {symbols("sigma", positive=True)}
