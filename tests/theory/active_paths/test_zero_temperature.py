"""Zero temperature: the closed forms of integer fields against sums over Poisson numbers, and the gap
of frozen layers as the stationary value that a Bethe free energy is.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sympy import Rational, cancel, exp

from neurenorm.theory.active_paths.zero_temperature import (
    RATE,
    SCALE,
    frozen_layers,
    frozen_paths,
    integer_glass,
)
from neurenorm.theory.symbols import symbols

PATHS = symbols("active-paths")
DEGREE = st.fractions(Rational(1, 2), 5, max_denominator=7)


@pytest.mark.parametrize("p", [2, 3, 5])
@pytest.mark.parametrize("rate", [0.4, 1.7, 3.2])
def test_integer_fields_are_differences_of_poisson_numbers(p: int, rate: float) -> None:
    """A weight with n_+ and n_- certain biases: x = P(n_+ ≠ n_-), a path needs p - 1 other frozen
    weights, and costs twice its coupling in half of the cases.
    """
    law = [math.exp(-rate / 2) * (rate / 2) ** n / math.factorial(n) for n in range(60)]
    pairs = [(up - down, a * b) for up, a in enumerate(law) for down, b in enumerate(law)]
    frozen = 1 - sum(chance for gap, chance in pairs if gap == 0)
    size = sum(abs(gap) * chance for gap, chance in pairs)
    degree = rate / frozen ** (p - 1)
    energy = -degree + rate - size + (p - 1) * degree / p * (1 - frozen**p)
    glass = integer_glass(p)
    found = [float(e.subs(RATE, rate)) for e in (glass.overlap, glass.degree, glass.energy)]
    assert found == pytest.approx([frozen, degree, energy], rel=1e-12)


@settings(deadline=None, max_examples=8, phases=[Phase.generate])
@given(st.lists(DEGREE, min_size=2, max_size=4))
def test_the_gap_of_frozen_layers_is_stationary_at_their_equations(degrees: list[Rational]) -> None:
    layers = frozen_layers(degrees)
    for x in layers.unknowns:
        slope = layers.gap.diff(x)
        for equation, own in zip(layers.equations, layers.unknowns, strict=True):
            (decay,) = equation.atoms(exp)
            slope = slope.subs(decay, 1 - own)
        assert cancel(slope) == 0


@settings(deadline=None, max_examples=15, phases=[Phase.generate])
@given(st.integers(2, 5), st.fractions(Rational(1, 10), Rational(9, 10), max_denominator=10))
def test_equal_layers_are_paths_drawn_uniformly(p: int, x: Rational) -> None:
    """Per path there are p/c weights, at any x on the branch."""
    on_branch = frozen_paths(p).degree.subs(PATHS.x, x).evalf(30)
    layers = frozen_layers([on_branch] * p)
    at = {**dict.fromkeys(layers.unknowns, x), SCALE: 1}
    per_weight = frozen_paths(p).gap.subs({PATHS.x: x, PATHS.c: on_branch})
    assert float(layers.gap.subs(at)) == pytest.approx(
        float(per_weight * p / on_branch), rel=1e-12, abs=1e-13
    )
