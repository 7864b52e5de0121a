"""Verdicts on flows of couplings, the pipeline from samples to a verdict, and the catalogued
numbers.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from neurenorm.numerics.claims.ising_correspondence.results import CLAIMS
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.measure.spins import Outcome, analyse, coupling_law, judge
from neurenorm.numerics.observables.couplings import couplings_of_law, estimate_couplings
from neurenorm.numerics.simulation.ising_correspondence.chains import (
    chain_law,
    layer_law,
    sample_packed_chains,
)
from neurenorm.numerics.simulation.ising_correspondence.controls import dense_layer_correlations
from neurenorm.numerics.simulation.ising_correspondence.tanh_layers import (
    fit_tanh,
    prediction_problem,
    train_causal_stack,
)
from neurenorm.numerics.verification.claim import Effort
from neurenorm.theory.ising_correspondence.flow import weight_bias
from neurenorm.theory.symbols import symbols

PAPER = "ising-correspondence"


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def values(name: str, **parameters: object) -> dict[str, float]:
    return dict(evaluate(f"{PAPER}/{name}", parameters).values)


# --- catalogued numbers ---


@pytest.mark.parametrize(("b", "K"), [(2, 0.6625013737), (3, 0.4743957547), (4, 0.3500611389)])
def test_output_coupling(b: int, K: float) -> None:  # ising-check-1
    assert values("output-coupling", K=1, b=b, depth=1)["K"] == pytest.approx(K, abs=1e-9)


def test_output_coupling_with_depth() -> None:  # ising-check-2
    flow = [values("output-coupling", K=2, b=2, depth=depth)["K"] for depth in range(1, 6)]
    assert flow == pytest.approx(
        [1.6535941129, 1.3076905488, 0.9637845530, 0.6276858086, 0.3201516211], abs=1e-9
    )


def test_decimation_in_a_field() -> None:  # ising-check-4
    found = evaluate("lattice/ising-decimation", K=1, h=0.2, b=2).values
    assert (found["K"], found["h"]) == pytest.approx((0.6532822932, 0.3926227458), abs=1e-9)


def test_block_output() -> None:
    found = values("block-output", K=1, b=3, rule="majority")
    assert (found["nearest"], found["ratio"]) == pytest.approx(
        (0.4753263505, 0.4417441517), abs=1e-10
    )
    deep = values("block-output", K=1, b=3, rule="majority", depth=4)
    assert math.atanh(deep["nearest"]) == pytest.approx(0.0081405827, abs=1e-8)
    for site in (1, 2, 3):
        kept = values("block-output", K=1, b=3, site=site, depth=2)
        assert math.atanh(kept["nearest"]) == pytest.approx(0.0864154901, abs=1e-9)


def test_block_output_far_below_the_smallest_double_is_still_proved() -> None:
    found = evaluate(f"{PAPER}/block-output", K=1, b=2, depth=14, digits=5).values
    assert found["nearest"] == found["ratio"] and found["nearest"].endswith("e-1938")


def test_prediction_layer() -> None:  # ising-check-10
    found = values("prediction-layer", K=1, r=4)
    assert (found["weight"], found["loss"]) == pytest.approx((0.3500611389, 0.6354356297), abs=1e-9)


def test_machines() -> None:  # ising-check-14, ising-check-15
    assert values("bond-machine", K=0.5)["w"] == pytest.approx(0.8287272271, abs=1e-9)
    assert values("bond-machine", K=1)["w"] == pytest.approx(1.3442682487, abs=1e-9)
    for K, c, correlation in ((0.5, 6.7554, 0.2228277944), (1, 89.256, 0.6963474746)):
        found = values("half-width-machine", **{"K": K, "N": 8, "lambda": 6})
        assert found["kl"] * math.exp(24) == pytest.approx(c, rel=0.01)
        assert found["correlation"] == pytest.approx(correlation, abs=1e-9)


@pytest.mark.parametrize(("K", "constant"), [(0.5, 6.7553793), (1, 89.2558087)])
def test_the_divergence_of_a_strong_tie(K: float, constant: float) -> None:
    found = values("half-width-machine", **{"K": K, "N": 8, "lambda": 30})
    assert found["kl"] * math.exp(120) == pytest.approx(constant, rel=1e-8)


def test_linear_autoencoder() -> None:  # ising-check-21
    found = [
        values("linear-autoencoder", K=K, b=b)["loss"]
        for K, b in ((1, 2), (1, 4), (0.5, 2), (0.5, 4))
    ]
    assert found == pytest.approx(
        [0.0856368156, 0.2010408768, 0.2244170143, 0.4623282908], abs=1e-9
    )


def test_block_information() -> None:  # ising-check-19
    last, centre, first = (values("block-information", K=1, b=3, site=site) for site in (3, 2, 1))
    most = values("block-information", K=1, b=3, rule="majority")
    assert last["one_sided"] == pytest.approx(0.32781333, abs=1e-7)
    assert most["one_sided"] == pytest.approx(0.19390391, abs=1e-7)
    two_sided = [last["two_sided"], centre["two_sided"], most["two_sided"]]
    assert two_sided == pytest.approx([0.37112117, 0.30070347, 0.33092670], abs=1e-7)
    assert first["two_sided"] == pytest.approx(last["two_sided"], abs=1e-12)


def test_the_last_spin_knows_most_of_all_odd_rules() -> None:
    law = chain_law(1.0, 4).reshape(8, 2)
    best = values("block-information", K=1, b=3)["one_sided"]
    for code in range(16):
        half = [code >> k & 1 for k in range(4)]
        fire = np.array(half + [1 - bit for bit in reversed(half)], dtype=float)
        joint = np.stack([fire, 1 - fire]) @ law
        apart = np.outer(joint.sum(axis=1), joint.sum(axis=0))
        assert np.sum(joint * np.log(joint / apart)) < best + 1e-12


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("block-output", {"K": 1, "b": 4, "rule": "majority"}, "odd block"),
        ("block-output", {"K": 1, "b": 3, "site": 4}, "kept site"),
        ("block-output", {"K": 1, "b": 3, "rule": "majority", "site": 1}, "keeps none"),
        ("block-output", {"K": 1, "b": 3, "rule": "plurality"}, "one of decimation, majority"),
        ("bond-machine", {"K": -1}, "K >= 0"),
        ("bond-machine", {"K": math.inf}, "finite"),
        ("half-width-machine", {"K": 1, "N": 7, "lambda": 1}, "odd ring"),
        ("half-width-machine", {"K": 1, "N": 2, "lambda": 1}, "at least 4"),
        ("half-width-machine", {"K": 1, "N": 8, "lambda": -1}, "lambda"),
        ("output-coupling", {"K": 1, "b": 1}, "at least 2"),
        ("output-coupling", {"K": math.nan, "b": 2}, "number"),
        ("prediction-layer", {"K": 1, "r": 0}, "at least 1"),
    ],
)
def test_bad_values_are_refused(name: str, parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(f"{PAPER}/{name}", parameters)


# --- verdicts ---


def test_the_exact_flow_matches_and_its_limit_is_the_stable_fixed_point() -> None:  # ising-check-23
    law = [coupling_law(1.0, 2, depth) for depth in range(6)]
    assert law == pytest.approx(
        [1, 0.6625013737, 0.3500611389, 0.1136720675, 0.0128115420, 0.0001641177], abs=1e-9
    )
    found = judge(law, law, trained=True, weights=law[1:])
    assert found.outcome is Outcome.rg_law and not found.control


def test_majorities_only_tend_to_zero() -> None:
    laws = [layer_law(chain_law(1.0, 12), 3, lambda b: b.sum(axis=1) > 0)]
    laws.append(
        layer_law(
            layer_law(chain_law(1.0, 18), 3, lambda b: b.sum(axis=1) > 0),
            3,
            lambda b: b.sum(axis=1) > 0,
        )
    )
    flow = [1.0, *(couplings_of_law(law).value for law in laws)]
    found = judge(flow, [coupling_law(1.0, 3, depth) for depth in range(3)], trained=False)
    assert (
        found.outcome is Outcome.only_zero and found.control and str(found).startswith("control: ")
    )


def test_copies_tend_to_the_unstable_fixed_point() -> None:  # ising-check-24
    column = rng().choice([-1, 1], size=(1000, 1))
    copied = estimate_couplings(np.repeat(column, 4, axis=1))
    found = judge([1.0, copied.value], [1.0, coupling_law(1.0, 2, 1)], trained=True)
    assert found.outcome is Outcome.unstable and "infinite" in found.message


def test_a_growing_coupling_tends_to_the_unstable_fixed_point() -> None:
    found = judge([Estimate(0.5, 0.01, 200), Estimate(0.8, 0.01, 200)], [0.5, 0.2], trained=True)
    assert found.outcome is Outcome.unstable and "grows" in found.message


def test_an_untrained_dense_layer_is_a_control() -> None:  # ising-check-24
    flow = [
        math.sqrt(float(dense_layer_correlations(0.5, n, 16, 20, rng())[1].value))
        for n in (32, 128, 512)
    ]
    found = judge(flow, None, trained=False)
    assert found.control and found.outcome is Outcome.only_zero and "control" in str(found)
    assert flow[0] / flow[1] == pytest.approx(2, rel=0.1) and flow[1] / flow[2] == pytest.approx(
        2, rel=0.1
    )


def test_large_errors_leave_it_undecided_and_say_what_it_takes() -> None:
    found = judge([Estimate(0.2, 0.1, 200), Estimate(0.05, 0.1, 200)], [0.2, 0.04], trained=True)
    assert found.outcome is Outcome.undecided and "times the samples" in found.message


def test_wrong_weights_are_no_match() -> None:
    law = [coupling_law(1.0, 2, depth) for depth in range(3)]
    assert judge(law, law, trained=True, weights=[0.9, 0.3501]).outcome is Outcome.only_zero


def test_an_infinite_input_stays_infinite() -> None:
    assert coupling_law(math.inf, 2, 3) == math.inf and coupling_law(-math.inf, 3, 1) == -math.inf


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: judge([1.0], [1.0], trained=True), "at least one layer"),
        (lambda: judge([1.0, 0.5], [1.0], trained=True), "one coupling per depth"),
        (lambda: judge([1.0, 0.5], None, trained=True, weights=[1.0, 2.0]), "one weight per layer"),
        (lambda: analyse(np.ones((4, 9)), b=1), "at least 2"),
        (lambda: analyse(np.ones((4, 9)), b=math.nan), "at least 2, got nan"),
        (lambda: analyse(np.ones((4, 9)), depth=0), "at least one layer"),
        (lambda: analyse(np.ones((4, 9)), depth=1.5), "a whole number of them"),
        (lambda: analyse(np.ones((4, 9)) + 0j), "complex"),
        (lambda: analyse([[1, -1, math.nan, 1, 1, 1, 1, 1]] * 4), "got nan in row 0, column 2"),
        (lambda: analyse(np.ones((4, 5)), b=2), "shorter than three blocks"),
        (lambda: analyse([[1, -1, 0, 1, 1, 1, 1, 1]] * 4), "got 0"),
        (lambda: analyse("nowhere.csv"), "not a file"),
        (lambda: prediction_problem(1.0, 0, 1), "N >= 1"),
    ],
)
def test_bad_input_is_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


# --- the pipeline ---


def test_samples_of_the_chain_match_the_rg_law() -> None:
    found = analyse(sample_packed_chains(1.5, 24, 12800, rng()).unpacked(), depth=2)
    assert found.is_ising and found.verdict.outcome is Outcome.rg_law and not found.verdict.control
    assert [layer.law for layer in found.layers] == pytest.approx([1.1547, 0.8130], abs=0.02)
    assert all(layer.agreement > 0.999 for layer in found.layers)
    assert "matches the RG law" in str(found)


def test_samples_that_are_no_chain_do_not_match() -> None:
    found = analyse(sample_packed_chains(1.0, 48, 25600, rng()).majority(3).unpacked(), depth=1)
    assert not found.is_ising and found.verdict.outcome is Outcome.not_ising
    assert "no verdict" in str(found) and "not those of an Ising chain" in found.verdict.message


@pytest.mark.parametrize(
    ("K", "samples", "length"),
    [(2.0, 1000, 24), (2.0, 2000, 24), (1.0, 1000, 20), (1.5, 500, 16), (-1.5, 1000, 16)],
)
def test_true_chains_are_never_called_anything_else(K: float, samples: int, length: int) -> None:
    for seed in range(12):
        found = analyse(true_chain(K, samples, length, seed), depth=2)
        assert found.is_ising, seed
        assert found.verdict.outcome in (Outcome.rg_law, Outcome.undecided), (seed, str(found))


def true_chain(K: float, samples: int, length: int, seed: int) -> np.ndarray:
    flips = np.random.default_rng(seed).random((samples, length)) < 1 / (1 + np.exp(2 * K))
    flips[:, 0] = np.random.default_rng(seed + 10**6).random(samples) < 0.5
    return np.cumprod(np.where(flips, -1, 1), axis=1)


def test_the_bias_of_trained_weights_is_the_derived_one() -> None:
    inputs, probability, target = prediction_problem(1.0, 6, 1)
    cells = np.stack([probability * (1 + target) / 2, probability * (1 - target) / 2], axis=1)
    weights = []
    for counts in (
        rng().multinomial(600, cells.ravel() / cells.sum(), size=3000).reshape(3000, -1, 2)
    ):
        seen = counts.sum(axis=1) > 0
        total = counts[seen].sum(axis=1)
        weights.append(
            fit_tanh(
                inputs[seen], (counts[seen, 0] - counts[seen, 1]) / total, total / 600
            ).weights[-1]
        )
    subject = symbols(PAPER)
    expected = float(
        weight_bias()
        .values["last"]
        .subs({subject.K: 1, subject.r: 1, subject.n: 600, subject.N: 6})
    )
    assert np.mean(weights) - 1 == pytest.approx(expected, rel=0.3)


def test_few_samples_say_how_many_would_do() -> None:
    found = analyse(sample_packed_chains(0.4, 16, 1024, rng()).unpacked())
    assert (
        found.verdict.outcome is Outcome.undecided and "samples to resolve" in found.verdict.message
    )
    needed = found.layers[0].samples_needed
    assert needed is not None and needed > 1024


def test_a_coupling_that_cannot_be_resolved_is_refused() -> None:
    with pytest.raises(ValueError, match=r"about \d+ samples would do"):
        analyse(sample_packed_chains(0.01, 12, 640, rng()).unpacked())


def test_copied_samples_are_at_the_unstable_fixed_point() -> None:
    found = analyse(np.repeat(rng().choice([-1, 1], size=(500, 1)), 12, axis=1))
    assert found.verdict.outcome is Outcome.unstable and "inf" in str(found)


def test_stacks_stop_where_outputs_run_out() -> None:
    assert (
        len(train_causal_stack(sample_packed_chains(2.0, 10, 640, rng()).unpacked(), depth=9)) == 2
    )


# --- claims ---


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_claims_are_well_formed(claim: object) -> None:
    assert claim.paper == PAPER and claim.result and claim.mutants  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name",
    ["output-coupling", "block-output", "block-information", "bond-machine", "half-width-machine"],
)
def test_exact_claims_agree_and_their_mutants_do_not(name: str) -> None:
    (claim,) = (claim for claim in CLAIMS if claim.id == f"{PAPER}/{name}")
    report = claim.check(effort=Effort.low)
    assert str(report.verdict) == "agrees", report
