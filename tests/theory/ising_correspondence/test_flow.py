"""The derived laws of layers and machines on the chain: acceptance values, derivation steps, and
identities.
"""

from __future__ import annotations

import random
from itertools import pairwise
from math import sqrt, tanh

import pytest
from sympy import Expr, N, Range, Rational, cosh, log
from sympy.sets import Set

from neurenorm.theory.catalogue import results
from neurenorm.theory.ising_correspondence.flow import (
    READINGS,
    BlockInformation,
    BlockOutput,
    chain_flow,
    output_coupling,
    prediction_layer,
    weight_spread,
)
from neurenorm.theory.ising_correspondence.machines import (
    bond_machine,
    bond_machine_trace,
    dense_layer_spread,
    half_width_machine,
    linear_autoencoder,
    temperature_labels,
)
from neurenorm.theory.ising_correspondence.results import block_unit
from neurenorm.theory.ising_correspondence.units import decimation, majority
from neurenorm.theory.recursion.fixed_points import exact_fixed_points
from neurenorm.theory.recursion.recursion import Chart
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation

SUBJECT = symbols("ising-correspondence")
K, B, DEPTH, R, W = SUBJECT.K, SUBJECT.b, SUBJECT.depth, SUBJECT.r, SUBJECT.w

DERIVATIONS = {
    "output coupling": lambda: output_coupling().derivation,
    "prediction layer": lambda: prediction_layer().derivation,
    "bond machine": lambda: bond_machine().derivation,
    "half-width machine": lambda: half_width_machine().derivation,
    "linear auto-encoder": lambda: linear_autoencoder().derivation,
    "temperature labels": lambda: temperature_labels().derivation,
    "dense layer": lambda: dense_layer_spread().derivation,
    "majority": lambda: BlockOutput(majority(3)).derivation,
    "information": lambda: BlockInformation(decimation(3, 2)).derivation,
}


def point(domain: Set, source: random.Random) -> Expr:
    """Draw a rational point of a domain."""
    if isinstance(domain, Range):
        low = int(domain.inf)
        return source.randint(low, low + 3)
    low, high = (
        end if end.is_finite else sign * 2 for end, sign in ((domain.inf, -1), (domain.sup, 1))
    )
    return low + (high - low) * Rational(source.randint(1, 999), 1000)


@pytest.mark.parametrize("name", DERIVATIONS)
def test_every_step_holds_at_random_points(name: str) -> None:
    derivation: Derivation = DERIVATIONS[name]()
    source = random.Random(name)
    assert derivation.steps
    for step in derivation:
        where = {symbol: point(domain, source) for symbol, domain in step.domain.items()}
        assert abs(N(step.before.subs(where), 25) - N(step.after.subs(where), 25)) < 1e-18, (
            step.title
        )


@pytest.mark.parametrize("b", [2, 3, 5])
def test_free_energy_is_conserved(b: int) -> None:  # ising-check-3
    flow = chain_flow(b)
    for coupling in (Rational(1, 2), 1, 2):
        constant, new = flow.constant.subs(K, coupling), flow.step[0].subs(K, coupling)
        assert abs(N((constant + log(2 * cosh(new))) / b - log(2 * cosh(coupling)), 20)) < 1e-12


def test_constants() -> None:  # ising-check-3
    assert float(chain_flow(2).constant.subs(K, 1)) == pytest.approx(1.3556485542, abs=1e-9)
    assert float(chain_flow(3).constant.subs(K, 1)) == pytest.approx(2.5790946950, abs=1e-9)


def test_beta_function() -> None:  # ising-check-5
    (beta,) = chain_flow(2).beta_function(Chart.tanh(K, SUBJECT.u))
    values = [float(N(beta.subs(K, k))) for k in (Rational(1, 2), 1, 2)]
    assert values == pytest.approx([-0.4535905437, -0.4938722455, -0.4998881716], abs=1e-8)


def test_fixed_points() -> None:
    stable, unstable = exact_fixed_points(chain_flow(2), None, Chart.tanh(K, SUBJECT.u))[-2:]
    assert stable.is_stable and stable.point == (0,)
    assert not unstable.is_stable and unstable.eigenvalues == (2,)


def test_headline_flow_to_the_stable_fixed_point() -> None:  # ising-check-23
    value = output_coupling().values["K"]
    flow = [float(N(value.subs({K: 1, B: 2, DEPTH: depth}), 20)) for depth in range(6)]
    expected = [1, 0.6625013737, 0.3500611389, 0.1136720675, 0.0128115420, 0.0001641177]
    assert flow == pytest.approx(expected, abs=1e-9)
    assert all(later < earlier for earlier, later in pairwise(flow))
    assert 0 < N(value.subs({K: 1, B: 2, DEPTH: 12}), 20) < Rational(1, 10**400)


def test_standard_error_of_the_trained_weight() -> None:
    values = weight_spread().values
    where = {K: 1, R: 2, SUBJECT.n: 20000}
    assert float(N(values["last"].subs(where))) == pytest.approx(0.013395, abs=5e-7)
    ratio = float(N((values["interior"] / values["last"]).subs(where)))
    assert ratio == pytest.approx(sqrt(1 + tanh(1) ** 2), rel=1e-12)


def test_bond_machine_traces_its_hidden_units_to_a_constant() -> None:
    assert (bond_machine_trace() - log(2 * cosh(2 * W) ** Rational(1, 2))).equals(0)


def test_six_readings_are_labelled() -> None:
    assert [reading.key for reading in READINGS] == list("ABCDEF")
    assert {reading.key for reading in READINGS if not reading.evidence} == {"B", "F"}


def test_every_result_shows_itself_and_names_its_provenance() -> None:
    entries = results("ising-correspondence")
    assert len(entries) == 7
    for entry in entries:
        assert entry.to_latex() and "derived here from the model of" in entry.provenance
        assert any("Our realization" in sentence for sentence in entry.conventions)


def test_long_stacks_show_how_they_are_made() -> None:
    assert "81" in BlockOutput(majority(3), 4).to_latex()


def test_site_belongs_to_decimation() -> None:
    with pytest.raises(ValueError, match="rule=majority keeps none"):
        block_unit("majority", 3, 1)
