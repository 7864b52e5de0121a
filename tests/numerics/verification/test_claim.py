"""Claims, mutants and the suite: the runner must fail what should fail."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from flint import arb
from sympy import Integer, Rational, Symbol, cosh, log

from neurenorm.numerics.balls import precision
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.show.report import as_json, as_junit, page, text_row
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Enclosed, Exact, Sampled, Verdict
from neurenorm.numerics.verification.false_alarms import repeated, summary
from neurenorm.numerics.verification.index import FILE, claims_of_result, written
from neurenorm.numerics.verification.mutants import (
    Mutant,
    flipped,
    map_expressions,
    replaced,
    scaled,
    shifted,
    without,
)
from neurenorm.numerics.verification.power import weakest_entry
from neurenorm.numerics.verification.suite import claims_in_file, gather_claims, run_claims
from neurenorm.numerics.verification.within import Within
from neurenorm.theory import Recursion
from neurenorm.theory.catalogue import results

X = Symbol("x", real=True)


PERCENT = scaled(1.01)


def exact_claim(derived, mutants=(PERCENT,), witness=0.5):
    return Claim(
        "demo/half",
        "a half",
        lambda: derived,
        lambda e, _: float(e),
        lambda rng, effort: witness,
        Exact(12),
        mutants,
    )


def coin(rng, effort):
    return Estimate.from_blocks(rng.normal(2.0, 1.0, size=(200, effort.scale(2000))).mean(axis=1))


def sampled_claim(value=2, smallest=0.05):
    return Claim(
        "demo/coin",
        "a mean of two",
        lambda: Integer(value),
        lambda e, _: float(e),
        coin,
        Sampled(smallest),
    )


def test_a_true_claim_agrees_and_its_mutants_are_refuted():
    report = exact_claim(Rational(1, 2)).check()
    assert report.verdict is Verdict.agrees
    assert all(mutant.refuted for mutant in report.mutants)


def test_a_false_claim_is_refuted():
    assert exact_claim(Rational(1, 3)).check().verdict is Verdict.refuted


def test_a_claim_whose_mutant_passes_decides_nothing():
    report = exact_claim(Rational(1, 2), (scaled("1.00000000000001"),)).check()
    assert report.comparison.verdict is Verdict.agrees
    assert report.verdict is Verdict.undecided
    assert "cannot tell the formula from its mutant" in report.message


def test_a_mutant_that_changes_nothing_is_an_error():
    with pytest.raises(ValueError, match="changes nothing"):
        exact_claim(Rational(1, 2), (without(X),)).check()


def test_a_claim_without_mutants_is_refused():
    with pytest.raises(ValueError, match="has no mutant"):
        exact_claim(Rational(1, 2), ())


def test_sampled_claims_get_the_mutants_of_their_stated_power():
    report = sampled_claim().check(seed=5)
    assert report.verdict is Verdict.agrees
    assert [mutant.name for mutant in report.mutants] == [
        "an entry off by the smallest discrepancy promised"
    ]
    assert all(mutant.refuted for mutant in report.mutants)


POINTS = ({"K": 0.5, "r": 3}, {"K": 0.2, "r": 1})


def correlations(rng, effort):
    return [np.tanh(0.5) ** 3, np.tanh(0.2)]


def correlation_claim(witness=correlations, **options):
    chosen = {"at": POINTS, "policy": Exact(13), "mutants": (scaled("1.000001"),), **options}
    return Claim.of("lattice/ising-correlation", witness=witness, **chosen)


def test_a_claim_on_a_result_evaluates_it_at_the_points():
    report = correlation_claim().check()
    assert report.verdict is Verdict.agrees
    assert [mutant.refuted for mutant in report.mutants] == [True, True]
    assert report.claim.result == "lattice/ising-correlation"
    assert report.claim.statement


def test_a_mutant_of_a_claim_on_a_result_replaces_what_it_derives():
    with pytest.raises(ValueError, match="changes nothing"):
        correlation_claim(mutants=(replaced("the same", lambda e: e * 1),)).check()
    assert (
        correlation_claim(lambda rng, effort: [np.tanh(0.5) ** 2, np.tanh(0.2)]).check().verdict
        is Verdict.refuted
    )


def test_a_claim_on_a_result_may_read_more_than_its_values_and_points_of_the_effort():
    claim = correlation_claim(
        lambda rng, effort: [1.0],
        at=lambda effort: POINTS[:1],
        read=lambda found: [float(found.answer.status == "exact")],
        name="status",
        mutants=(PERCENT,),
    )
    assert claim.id == "lattice/ising-correlation:status"
    report = claim.check()
    assert report.comparison.verdict is Verdict.agrees
    assert (
        report.verdict is Verdict.undecided
    )  # the status does not see the mutant, and the claim says so


@pytest.mark.parametrize(
    "policy", [Exact(6), Exact(3, scale=10.0), Within(0.1), Within((0.1, 0.2)), Sampled(0.02)]
)
def test_every_policy_sees_each_entry_off_by_what_it_promises(policy):
    truth = np.array([0.5, -3.0])
    found = Estimate(truth, [0.001, 0.004], blocks=200) if isinstance(policy, Sampled) else truth
    assert weakest_entry(policy, truth, found, None).verdict is Verdict.refuted


def test_an_entry_too_noisy_to_be_seen_has_no_power():
    found = Estimate([0.5, -3.0], [0.01, 0.02], blocks=200)
    assert weakest_entry(Sampled(0.02), [0.5, -3.0], found, None).verdict is not Verdict.refuted


def test_balls_off_by_the_radius_promised_are_told_apart():
    with precision(256):
        ball = arb(2).sqrt()
    assert weakest_entry(Enclosed(1e-40), ball, ball, None).verdict is Verdict.refuted


def test_a_sampled_claim_without_power_is_undecided():
    assert sampled_claim(smallest=1e-4).check(seed=5).verdict is Verdict.undecided


def test_a_wrong_sampled_claim_is_refuted():
    assert sampled_claim(value=3).check(seed=5).verdict is Verdict.refuted


def test_a_seed_repeats_a_check_exactly():
    one, two, other = (sampled_claim().check(seed=seed) for seed in (7, 7, 8))
    assert one.comparison == two.comparison
    assert one.comparison.discrepancy != other.comparison.discrepancy


def test_the_rng_of_a_user_is_used():
    report = sampled_claim().check(np.random.default_rng(3))
    assert (
        report.comparison.discrepancy
        == sampled_claim().check(np.random.default_rng(3)).comparison.discrepancy
    )


def test_effort_scales_samples():
    assert Effort.low.scale(100) == 25
    assert Effort.low.scale(100, least=50) == 50


def test_claims_above_the_effort_are_left_out():
    high = Claim(
        "demo/high",
        "costly",
        lambda: Integer(2),
        lambda e, _: float(e),
        coin,
        Sampled(0.05),
        effort=Effort.high,
    )
    assert list(run_claims([high], Effort.default)) == []
    assert len(list(run_claims([sampled_claim()], Effort.default))) == 1


def test_mutants_change_what_they_say():
    recursion = Recursion((X,), (log(cosh(2 * X)) / 2,), Integer(2), constant=X + 1)
    assert scaled(2).change(recursion).step == (log(cosh(2 * X)),)
    assert scaled(2).change(recursion).constant == 2 * X + 2
    assert flipped(X).change(X**3) == -(X**3)
    assert shifted(X, 2).change([X]) == [X + 2]
    assert without(X**2).change({"a": 1 + X**2}) == {"a": 1}
    assert replaced("squared", lambda e: e**2).change((X,)) == (X**2,)
    with pytest.raises(TypeError, match="cannot mutate a str"):
        map_expressions("text", lambda e: e)


def test_the_reports_say_everything():
    reports = [exact_claim(Rational(1, 2)).check(), exact_claim(Rational(1, 3)).check()]
    rows = json.loads(as_json(reports))
    assert [row["verdict"] for row in rows] == ["agrees", "refuted"]
    assert rows[0]["mutants"][0]["refuted"] is True
    html = page(reports)
    assert "1 of 2 claims agree" in html
    assert "http" not in html  # self-contained
    assert "scaled by 1.01 (refuted" in text_row(reports[0])


def test_claims_of_a_users_file(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from sympy import Integer\nfrom neurenorm.numerics.verification.claim import Claim\nfrom "
        "neurenorm.numerics.verification.compare import Exact\n"
        "from neurenorm.numerics.verification.mutants import scaled\n"
        "ONE = Claim('mine/one', 'one', lambda: Integer(1), lambda e, _: float(e), lambda rng, "
        "effort: 1.0, Exact(12), (scaled(2),))\n"
    )
    (claim,) = claims_in_file(file)
    assert claim.check().verdict is Verdict.agrees


@pytest.mark.parametrize(
    ("content", "message"),
    [("x = 1", "defines no Claim"), ("Claim = 1 / 0", "fails to run: ZeroDivisionError")],
)
def test_bad_files_are_refused(tmp_path, content, message):
    file = tmp_path / "mine.py"
    file.write_text(content)
    with pytest.raises(ValueError, match=message):
        claims_in_file(file)
    with pytest.raises(ValueError, match="is not a file"):
        claims_in_file(tmp_path / "none.py")


def test_unknown_papers_are_refused():
    with pytest.raises(ValueError, match="no claims for 'nothing'"):
        gather_claims("nothing")


def test_ids_of_claims_are_unique():
    ids = [claim.id for claim in gather_claims()]
    assert len(ids) == len(set(ids))


def test_the_lattice_claims_agree_at_low_effort():
    cheap = [claim for claim in gather_claims("lattice") if not isinstance(claim.policy, Sampled)]
    reports = list(run_claims(cheap, Effort.low))
    assert len(reports) >= 12
    assert [str(report) for report in reports if report.verdict is not Verdict.agrees] == []


def test_a_changed_formula_is_noticed():
    """Each exact lattice claim refutes its own formula off by ten times what it promises to see, one
    part in a million at the least.
    """
    for claim in gather_claims("lattice"):
        if isinstance(claim.policy, Exact):
            value = claim.predict(claim.derived(), Effort.low)
            found = claim.witness(np.random.default_rng(0), Effort.low)
            wrong = np.asarray(value) * (1 + max(1e-6, 10.0 ** (1 - claim.policy.digits)))
            assert claim.policy.compare(wrong, found).verdict is Verdict.refuted, claim.id


def test_a_mutant_is_plain_data():
    assert Mutant("doubled", lambda e: 2 * e).change(X) == 2 * X


def test_a_claim_that_fails_to_run_is_undecided_and_the_others_still_run():
    def broken():
        raise ArithmeticError("no such derivation")

    wrong = Claim(
        "demo/broken",
        "broken",
        broken,
        lambda e, _: 0.0,
        lambda rng, effort: 0.0,
        Exact(12),
        (PERCENT,),
    )
    reports = list(run_claims([wrong, sampled_claim()]))
    assert [report.verdict for report in reports] == [Verdict.undecided, Verdict.agrees]
    assert "ArithmeticError: no such derivation (test_claim.py, line " in reports[0].message
    assert json.loads(as_json(reports))[0]["verdict"] == "undecided"
    assert '<error message="the check could not' in as_junit(reports)
    assert "could not be carried out" in page(reports)


def test_false_alarms_are_counted_and_a_run_goes_on(tmp_path):
    journal, claims = (
        tmp_path / "journal.jsonl",
        [sampled_claim(), sampled_claim(value=3), exact_claim(Rational(1, 2))],
    )
    claims[1] = replace(claims[1], id="demo/three")
    first = repeated(claims[:1], 2, Effort.low, journal, 1e-8)
    assert [row.verdict for row in first] == ["agrees", "agrees"]
    journal.write_text(journal.read_text() + '{"id": "demo')
    rows = repeated(claims, 3, Effort.low, journal, 1e-8)
    assert len(rows) == 3 + 3 + 1  # what draws nothing is checked once
    assert "demo/three: 3 of 3 runs refuted" in summary(rows)
    assert summary(rows).endswith("2 claims with a random witness, 6 runs: 3 refuted, 0 undecided")
    assert len(journal.read_text().splitlines()) == 2 + 1 + 5


def test_every_result_has_a_claim_through_its_evaluation():
    catalogue = [entry.id for entry in results()]
    claimed = [name for name in catalogue if claims_of_result(name)]
    print(f"{len(catalogue)} results, {len(claimed)} of them with claims")
    assert claimed == catalogue


def test_the_index_lists_the_claims():
    assert FILE.read_text(encoding="utf-8") == written(), (
        "run python -m neurenorm.numerics.verification.index"
    )


def test_the_index_imports_no_claim():
    code = (
        "import sys, neurenorm.numerics.verification.index as index; assert index.claim_ids(); "
        "print([name for name in sys.modules if name.startswith('neurenorm.numerics.claims')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_verdicts_do_not_depend_on_which_other_claims_run():
    alone, first = (next(run_claims(list(claims))) for claims in SETS)
    assert alone.comparison == first.comparison


SETS = ((sampled_claim(),), (sampled_claim(), exact_claim(Rational(1, 2))))
