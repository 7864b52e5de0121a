"""Every result has a derivation whose steps hold, and results of the same kind at other parameters
too.
"""

from __future__ import annotations

import pytest
from sympy import oo

from neurenorm.numerics.verification.derivations import check_derivation
from neurenorm.theory.catalogue import results
from neurenorm.theory.catalogue.result import object_derivation
from neurenorm.theory.dynamic_neurons.interaction_order import interaction_order
from neurenorm.theory.dynamic_neurons.spectrum import transfer_spectrum, weight_magnetization
from neurenorm.theory.dynamic_neurons.wide import WideBinary
from neurenorm.theory.lattice.results import ring_free_energy

ENTRIES = results()


def test_as_many_results_as_results_with_derivations():
    derived = [entry for entry in ENTRIES if object_derivation(entry.shown()) is not None]
    assert len(derived) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_result_has_a_derivation_and_its_steps_hold(entry):
    derivation = object_derivation(entry.shown())
    assert derivation is not None
    assert check_derivation(derivation, seed=1, points=2) >= 1


@pytest.mark.parametrize(
    "derived",
    [
        ring_free_energy(5),
        transfer_spectrum(1, normalised=True),
        transfer_spectrum(6),
        weight_magnetization(2, [1], [-1], sharp=False),
        weight_magnetization(7, [1, 1], [1, 1]),
        interaction_order(4, "z + z^3"),
        WideBinary(oo),
        WideBinary(3),
        WideBinary(5),
    ],
    ids=repr,
)
def test_the_steps_hold_at_other_parameters(derived):
    assert check_derivation(derived.derivation, seed=2, points=2) >= 2
