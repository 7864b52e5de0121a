"""Derivations of random networks hold for any activation, not only the one that is shown."""

from __future__ import annotations

import pytest
from sympy import Rational

from neurenorm.numerics.verification.derivations import check_derivation
from neurenorm.theory.field_theory.action import LatticeAction
from neurenorm.theory.field_theory.problems import (
    CorrelationFixedPoint,
    EdgeOfChaos,
    LayerCovariance,
    PairAverages,
)
from neurenorm.theory.field_theory.results import ntk, vertex
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import WideLimit


@pytest.mark.parametrize("name", ["leaky", "sin", "z+abs(z)/7", "gelu", "tanh"])
def test_steps_hold_for_any_activation(name):
    phi = activation(name)
    wide = WideLimit(phi)
    for problem, least in (
        (PairAverages(wide), 2),
        (CorrelationFixedPoint(wide), 2),
        (EdgeOfChaos(wide), 4),
        (LayerCovariance(phi), 5),
        (vertex(phi, 3), 4),
        (ntk(phi, 3), 3),
        (ntk(phi, 3, "standard"), 3),
    ):
        assert check_derivation(problem.derivation, seed=5, points=1) >= least


def test_the_action_of_two_inputs_is_that_of_one_after_the_other():
    action = LatticeAction(activation("tanh"))
    layers = [[[1, Rational(1, 2)], [Rational(-1, 3), 2]], [[1, 0, 2], [Rational(1, 5), 1, -1]]]
    derivation = action.derivation(layers, [[1, Rational(1, 3)], [Rational(1, 3), 2]])
    assert check_derivation(derivation, seed=1, points=2) == 2
    wrong = LatticeAction(activation("sin")).derivation(layers, [[1, 0], [0, 1]]).steps
    mixed = type(derivation)("", (type(wrong[1])("", wrong[1].before, derivation.steps[1].after),))
    with pytest.raises(AssertionError, match="does not hold"):
        check_derivation(mixed)
