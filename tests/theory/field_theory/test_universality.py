"""Universality classes: predicted growth and decay against the recursions of kernel and vertex
followed deep into the network.
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.solve.field_theory.universality import half_stable_points
from neurenorm.theory.field_theory.finite_width import FIELD, FiniteWidth
from neurenorm.theory.field_theory.universality import LAYER, critical_class, half_stable_condition
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import SB2, SW2, K, WideLimit

R = sp.Rational


@pytest.mark.parametrize(
    ("name", "weight", "growth"),
    [("linear", 1, 2), ("relu", 2, 5), ("leaky", R(200, 101), None), ("abs", 1, 2)],
)
def test_scale_invariant_class(name: str, weight: sp.Expr, growth: sp.Expr | None) -> None:
    found = critical_class(activation(name))
    assert (
        found is not None
        and found.name == "scale-invariant"
        and sp.cancel(found.weight_variance - weight) == 0
    )
    assert found.growth == growth or float(found.growth) == pytest.approx(4.882364, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "kernel"), [("tanh", 1 / (2 * LAYER)), ("sin", 1 / LAYER), ("sin(z) + z**2/5", None)]
)
def test_vanishing_class_against_the_recursion(name: str, kernel: sp.Expr | None) -> None:
    """K_l, χ_∥, χ_⊥ and the vertex at layer 2000; corrections are of relative order ln l/l."""
    found = critical_class(activation(name))
    assert found is not None and found.name == "vanishing" and found.growth == R(2, 3)
    assert kernel is None or sp.cancel(found.kernel - kernel) == 0
    wide, depth = WideLimit(activation(name)), 2000
    start = {
        "activation": name,
        "sw2": float(found.weight_variance),
        "sb2": 0,
        "depth": depth,
        "K1": 0.3,
    }
    along = evaluate("field-theory/vertex", start).values
    assert along["K"][-1] == pytest.approx(float(found.kernel.subs(LAYER, depth)), rel=0.03)
    assert along["V"][-1] / depth == pytest.approx(2 / 3, rel=0.02)
    at = {K: sp.Float(along["K"][-1]), SW2: found.weight_variance}
    for derived, listed in ((wide.chi_par, found.chi_par), (wide.chi_perp, found.chi_perp)):
        slope = float(compiled(derived.subs(SW2, at[SW2]), [K])(along["K"][-1])) - 1
        assert slope == pytest.approx(float(listed.subs(LAYER, depth)) - 1, rel=0.03)


@pytest.mark.parametrize(
    ("name", "length", "sw2", "sb2"),
    [("gelu", 3.56155281, 1.98305826, 0.17292239), ("swish", 14.32017362, 1.98800468, 0.55514317)],
)
def test_half_stable_class(name: str, length: float, sw2: float, sb2: float) -> None:
    wide = WideLimit(activation(name))
    assert critical_class(activation(name)) is None
    (point,) = half_stable_points(wide)
    assert (point.length, point.sw2, point.sb2) == (
        pytest.approx(length, abs=1e-7),
        pytest.approx(sw2, abs=1e-7),
        pytest.approx(sb2, abs=1e-7),
    )
    chi = compiled([wide.chi_par, wide.chi_perp], [K, SW2])(point.length, point.sw2)
    assert np.array(chi) == pytest.approx([1, 1], abs=1e-11)
    step = compiled(
        list(FiniteWidth(activation(name)).vertex.step), [K, FIELD.V, SW2, SB2, FIELD.N]
    )
    kernel, vertex = step(point.length, 0.0, point.sw2, point.sb2, 1.0)
    assert kernel == pytest.approx(point.length, rel=1e-11) and vertex / kernel**2 == pytest.approx(
        point.growth, rel=1e-10
    )
    assert name != "gelu" or point.length == pytest.approx((3 + 17**0.5) / 2, abs=1e-9)


def test_no_critical_point_is_an_answer() -> None:
    for name in ("sigmoid", "softplus", "z**2"):
        assert (
            critical_class(activation(name)) is None
            and half_stable_points(WideLimit(activation(name))) == ()
        )
    with pytest.raises(ValueError, match="jumps"):
        half_stable_points(WideLimit(activation("sign")))


def test_condition_vanishes_at_zero_length_for_the_vanishing_class() -> None:
    assert sp.limit(half_stable_condition(WideLimit(activation("sin"))), K, 0) == 0
