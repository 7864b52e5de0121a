"""Bond models and cells by name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.verification.derivations import check_derivation
from neurenorm.theory.lattice.models import MODELS, chosen_cell, chosen_model, weights_derivation

COUNTED = ("potts", "clock", "dilute-potts")


@settings(deadline=None, max_examples=25, print_blob=True)
@given(
    st.sampled_from(sorted(MODELS)), st.integers(2, 6), st.sampled_from(["diamond", "wheatstone"])
)
def test_every_model_has_a_step_whose_derivation_holds(name, q, cell):
    model, graph = chosen_model(name, q if name in COUNTED else None), chosen_cell(cell)
    weights = model.weights(graph)
    derivation = weights_derivation(graph, model, weights)
    assert check_derivation(derivation, points=2) == len(weights.state)
    assert all(sum(powers) == graph.bonds for p in weights.polynomials for powers in p)


@pytest.mark.parametrize(
    ("model", "q", "message"),
    [("ising", 3, "q belongs to"), ("clock", None, "needs q"), ("clock", 13, "up to q = 12")],
)
def test_models_are_refused(model, q, message):
    with pytest.raises(ValueError, match=message):
        chosen_model(model, q)


def test_cells_are_refused():
    with pytest.raises(ValueError, match="not both"):
        chosen_cell("diamond", 2, 2)
    with pytest.raises(ValueError, match="both series and parallel"):
        chosen_cell(series=2)
    assert chosen_cell().bonds == 4
