"""The comparator itself: uniform p-values, the promised power, refusals, and the three policies."""

import math

import numpy as np
import pytest
from flint import arb, ctx
from scipy import stats

from neurenorm.numerics.estimate import Estimate, NoVariance
from neurenorm.numerics.verification.compare import (
    SUITE_FALSE_ALARM,
    Comparison,
    Enclosed,
    Exact,
    Sampled,
    Verdict,
    p_values,
    share,
)
from neurenorm.numerics.verification.compare import _student_limits as student_limits

REPEATS = 20000
LEVEL = 1e-6  # below this probability a repeated experiment contradicts what it should show
NULL = {
    "normal": lambda rng, size: rng.normal(size=size),
    "Student 5": lambda rng, size: rng.standard_t(5, size=size),
    "uniform": lambda rng, size: rng.random(size) - 0.5,
    "fair coin": lambda rng, size: rng.binomial(200, 0.5, size=size) / 100 - 1.0,
}


def student(samples):
    """Every column as an estimate of its own, without the cost of judging its tail."""
    count = len(samples)
    estimate = Estimate(samples.mean(axis=0), samples.std(axis=0, ddof=1) / math.sqrt(count), count)
    assert Estimate.from_blocks(samples[:, 0]).error == pytest.approx(estimate.error[0])
    return estimate


@pytest.mark.parametrize("name", NULL)
@pytest.mark.parametrize("blocks", [100, 250])
def test_p_values_are_uniform_under_the_null(name, blocks):
    samples = NULL[name](np.random.default_rng(1), (blocks, REPEATS))
    p = p_values(np.zeros(REPEATS), student(samples))
    assert stats.kstest(p, "uniform").pvalue > LEVEL
    for level in (0.1, 0.01):
        assert stats.binomtest(int(np.sum(p < level)), REPEATS, level).pvalue > LEVEL


def test_a_wrong_error_would_be_seen_by_the_uniformity_test():
    samples = np.random.default_rng(1).normal(size=(100, REPEATS))
    right = student(samples)
    wrong = Estimate(right.value, 1.1 * right.error, right.blocks)
    assert stats.kstest(p_values(np.zeros(REPEATS), wrong), "uniform").pvalue < LEVEL


def repeated(policy, theory, mean, error, blocks, repeats, seed, false_alarm):
    """Verdicts over repeats of a normal experiment with a true standard error."""
    samples = np.random.default_rng(seed).normal(
        mean, error * math.sqrt(blocks), size=(repeats, blocks)
    )
    estimates = (Estimate.from_blocks(s) for s in samples)
    return [policy.compare(theory, e, false_alarm=false_alarm).verdict for e in estimates]


@pytest.mark.parametrize("power", [0.8, 0.999])
@pytest.mark.parametrize("side", [-1, 1])
def test_the_smallest_discrepancy_is_refuted_at_the_stated_rate(power, side):
    smallest, alarm, blocks, repeats = 0.02, 1e-5, 128, 1200
    caught = student_limits(alarm, blocks - 1, power)[1]
    verdicts = repeated(
        Sampled(smallest, power=power),
        1 + side * smallest,
        1.0,
        smallest / caught,
        blocks,
        repeats,
        2,
        alarm,
    )
    refuted = verdicts.count(Verdict.refuted)
    assert stats.binomtest(refuted, repeats, power).pvalue > LEVEL


@pytest.mark.parametrize("ratio", [0.7, 0.9, 1.0, 1.2, 2.0])
def test_a_theory_off_by_the_smallest_discrepancy_hardly_ever_agrees(ratio):
    smallest, alarm, blocks, power = 0.02, 1e-3, 128, 0.9
    error = ratio * smallest / student_limits(alarm, blocks - 1, power)[1]
    verdicts = repeated(
        Sampled(smallest, power=power), 1 + smallest, 1.0, error, blocks, 800, 3, alarm
    )
    assert (
        stats.binomtest(
            verdicts.count(Verdict.agrees), 800, 1 - power, alternative="greater"
        ).pvalue
        > LEVEL
    )


def test_false_alarms_come_at_their_rate():
    verdicts = repeated(Sampled(0.5), 1.0, 1.0, 0.02, 128, 2000, 4, 0.02)
    assert stats.binomtest(verdicts.count(Verdict.refuted), 2000, 0.02).pvalue > LEVEL


def test_the_entries_of_an_array_share_the_false_alarm():
    samples = np.random.default_rng(5).normal(1.0, 0.1, size=(300, 128, 10))
    verdicts = [
        Sampled(0.2).compare(np.ones(10), Estimate.from_blocks(s), false_alarm=0.05).verdict
        for s in samples
    ]
    expected = 1 - (1 - 0.05 / 10) ** 10
    assert stats.binomtest(verdicts.count(Verdict.refuted), 300, expected).pvalue > LEVEL


def test_one_wrong_entry_refutes_an_array():
    samples = np.random.default_rng(6).normal(1.0, 0.1, size=(128, 20))
    theory = np.ones(20)
    theory[13] += 0.12
    found = Sampled(0.12).compare(theory, Estimate.from_blocks(samples))
    assert found.verdict is Verdict.refuted
    assert found.discrepancy > found.threshold
    assert (
        Sampled(0.12).compare(np.ones(20), Estimate.from_blocks(samples)).verdict is Verdict.agrees
    )


def test_a_weak_check_is_undecided_and_says_how_many_samples_it_takes():
    found = Sampled(0.01).compare(1.0, Estimate(1.0, 0.01, 200))
    assert found.verdict is Verdict.undecided
    factor = math.ceil((found.detectable / 0.01) ** 2)
    assert f"{factor} times the samples" in found.message
    enough = Estimate(1.0, 0.01 / math.sqrt(factor), 200)
    assert Sampled(0.01).compare(1.0, enough).verdict is Verdict.agrees


def test_relative_and_absolute_are_measured_in_their_units():
    witness = Estimate(50.0, 0.05, 200)
    relative, absolute = (
        Sampled(0.1).compare(50.0, witness),
        Sampled(1.0, relative=False).compare(50.0, witness),
    )
    assert absolute.detectable == pytest.approx(50 * relative.detectable)
    assert absolute.detectable == pytest.approx(
        0.05 * student_limits(SUITE_FALSE_ALARM, 199, 0.999)[1]
    )
    with pytest.raises(ValueError, match="relative=False"):
        Sampled(0.1).compare(0.0, witness)


def test_too_few_blocks_are_undecided():
    found = Sampled(0.1).compare(1.0, Estimate(1.0, 1e-6, 99))
    assert found.verdict is Verdict.undecided
    assert "at least 100" in found.message


def test_an_error_that_was_not_measured_decides_nothing():
    frozen = Estimate.from_blocks(np.ones(200))
    for theory in (1.0, 0.9999):
        assert Sampled(0.01).compare(theory, frozen).verdict is Verdict.undecided
    mixed = Estimate([1.0, 0.5], [0.0, 1e-4], 200)
    assert Sampled(0.01).compare([1.0, 0.5], mixed).verdict is Verdict.agrees


def test_an_exact_witness_needs_no_blocks():
    assert Sampled(0.01).compare(0.3, Estimate.exact(0.1 + 0.2)).verdict is Verdict.agrees
    assert Sampled(0.01).compare(0.3001, Estimate.exact(0.3)).verdict is Verdict.refuted


@pytest.mark.parametrize("draw", [lambda r: r.standard_cauchy(5000), lambda r: r.pareto(1.5, 5000)])
def test_a_witness_without_variance_is_refused(draw):
    witness = Estimate.from_blocks(draw(np.random.default_rng(7)))
    with pytest.raises(NoVariance, match="variance does not exist"):
        Sampled(0.1).compare(1.0, witness)


def test_bad_sampled_comparisons():
    witness = Estimate(1.0, 0.01, 200)
    assert Sampled(0.1).compare(math.nan, witness).verdict is Verdict.refuted
    with pytest.raises(ValueError, match="shape"):
        Sampled(0.1).compare([1.0, 1.0], witness)
    with pytest.raises(TypeError, match="Estimate"):
        Sampled(0.1).compare(1.0, 1.0)
    with pytest.raises(ValueError, match="smallest"):
        Sampled(0.0)
    with pytest.raises(ValueError, match="power"):
        Sampled(0.1, power=1.0)
    with pytest.raises(ValueError, match="false-alarm"):
        Sampled(0.1).compare(1.0, witness, false_alarm=0.0)


def test_noncentral_limits_approach_the_normal_ones():
    threshold, caught = student_limits(1e-6, math.inf, 0.999)
    assert threshold == pytest.approx(stats.norm.isf(5e-7))
    assert caught - threshold == pytest.approx(stats.norm.isf(1e-3))
    assert student_limits(1e-6, 1e7, 0.999) == pytest.approx((threshold, caught), rel=1e-5)


def test_the_budget_is_shared_out():
    assert share(50) * 50 == pytest.approx(SUITE_FALSE_ALARM)
    loose, strict = (
        Sampled(0.5).compare(1.0, Estimate(1.0, 0.01, 200), false_alarm=share(n)) for n in (1, 1000)
    )
    assert strict.threshold > loose.threshold
    with pytest.raises(ValueError, match="at least one"):
        share(0)


@pytest.mark.parametrize(
    ("theory", "witness", "verdict"),
    [
        (1.0, 1.0 + 1e-13, Verdict.agrees),
        (1.0, 1.0 + 1e-11, Verdict.refuted),
        (1e-30, 1e-30 * (1 + 1e-11), Verdict.refuted),
        (1e200, 1e200, Verdict.agrees),
        ([1.0, 2.0], [1.0, 2.0001], Verdict.refuted),
        ([0.0, 2.0], [0.0, 2.0], Verdict.agrees),
        (1 + 2j, 1 + 2j, Verdict.agrees),
        (1 + 2j, 1 - 2j, Verdict.refuted),
        (math.nan, math.nan, Verdict.refuted),
        (math.inf, math.inf, Verdict.refuted),
        (0.3, Estimate.exact(0.1 + 0.2), Verdict.agrees),
    ],
)
def test_exact(theory, witness, verdict):
    assert Exact(digits=12).compare(theory, witness).verdict is verdict


def test_exact_reports_digits_and_knows_a_scale():
    assert Exact(digits=3).compare(1.0, 1.0001).discrepancy == pytest.approx(4.0, abs=0.01)
    assert Exact(digits=12).compare(0.0, 1e-14).verdict is Verdict.refuted
    assert Exact(digits=12, scale=1.0).compare(0.0, 1e-14).verdict is Verdict.agrees
    assert Exact(digits=12, scale=1.0).compare(0.0, 1e-11).verdict is Verdict.refuted


def test_bad_exact_comparisons():
    with pytest.raises(ValueError, match="Enclosed"):
        Exact(digits=20)
    with pytest.raises(ValueError, match="sampling error"):
        Exact().compare(1.0, Estimate(1.0, 0.1, 200))
    with pytest.raises(ValueError, match="shape"):
        Exact().compare([1.0], 1.0)


@pytest.fixture
def wide_precision():
    before, ctx.prec = ctx.prec, 300
    yield
    ctx.prec = before


def test_enclosed(wide_precision):
    two = arb(2).sqrt() ** 2
    found = Enclosed().compare(two, arb(2))
    assert found.verdict is Verdict.agrees
    assert found.discrepancy > found.threshold == pytest.approx(40)
    assert found.detectable < 1e-80
    mutant = Enclosed().compare(two * (1 + arb("1e-50")), arb(2))
    assert mutant.verdict is Verdict.refuted
    assert mutant.discrepancy == pytest.approx(50 - math.log10(2), abs=0.01)
    wide = Enclosed().compare(two + arb(0, "1e-30"), arb(2))
    assert wide.verdict is Verdict.undecided
    assert Enclosed().compare(arb("nan"), arb(2)).verdict is Verdict.undecided
    assert Enclosed().compare(arb(3), arb(3)).discrepancy == math.inf


def test_bad_enclosed_comparisons():
    with pytest.raises(TypeError, match="balls"):
        Enclosed().compare(1.0, 2.0)
    with pytest.raises(ValueError, match="radius"):
        Enclosed(radius=0.0)


def test_a_comparison_prints_its_reason():
    text = str(Sampled(0.1).compare(1.0, Estimate(1.0, 0.001, 200)))
    assert text.startswith("agrees: 0.00 sigma off")
    assert isinstance(Exact().compare(1.0, 1.0), Comparison)


@pytest.mark.parametrize("blocks", [100, 250, 520])
def test_the_limits_exist_for_suites_of_any_size(blocks):
    """The law of Student far from its centre underflows; the search for the smallest discrepancy
    must not stumble over that.
    """
    for claims in range(1, 200, 12):
        found = Sampled(1.0, false_alarm=share(claims)).compare(
            1.0, Estimate(1.0, 0.01, blocks=blocks)
        )
        assert 0.05 < found.detectable < 0.2


def test_verdicts_are_in_english():
    """An absolute discrepancy, and no negative number of digits."""
    assert "no digit agrees (12 are required)" in Exact(12).compare([1.0], [5e3]).message
    near = Exact(12).compare([1.0], [1.1]).message
    assert near.startswith("1.0 digits agree")
    message = (
        Sampled(smallest=0.01, relative=False).compare(0.76, Estimate(0.76, 0.0004, 256)).message
    )
    assert "; an absolute discrepancy of" in message
