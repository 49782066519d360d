"""Pass rates freed of the grader's errors."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rejected_methods import ppi_mean

from evalkit.stats.agreement import Confusion, grader_rates
from evalkit.stats.corrected import margin_in_verdicts, rogan_gladen, verdict_stratified
from evalkit.stats.estimate import NotEstimableError
from evalkit.stats.proportion import wilson


def labels(true_pass: int, false_pass: int, false_fail: int, true_fail: int) -> Confusion:
    return Confusion(true_pass=true_pass, false_pass=false_pass, false_fail=false_fail, true_fail=true_fail)


CALIBRATION = labels(44, 4, 6, 26)


@st.composite
def labelled_runs(draw: st.DrawFn) -> tuple[int, int, Confusion]:
    cells = labels(*(draw(st.integers(1, 20)) for _ in range(4)))
    passed = cells.true_pass + cells.false_pass + draw(st.integers(0, 60))
    failed = cells.false_fail + cells.true_fail + draw(st.integers(0, 60))
    return passed, passed + failed, cells


def test_the_stratified_estimate_is_the_formula_by_hand() -> None:
    """70 of 100 verdicts pass; of 20 passes labelled 18 are true, of 10 fails labelled 2 were true passes."""
    estimate = verdict_stratified(70, 100, labels(18, 2, 2, 8))

    a_1, a_0 = 18.5 / 21, 2.5 / 11
    variance = 0.49 * a_1 * (1 - a_1) / 21 + 0.09 * a_0 * (1 - a_0) / 11 + (a_1 - a_0) ** 2 * 0.21 / 100
    assert estimate.estimate == pytest.approx(0.7 * 0.9 + 0.3 * 0.2)
    assert estimate.n == pytest.approx(0.69 * 0.31 / variance)
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * sqrt(variance), rel=0.1)


@given(labelled_runs())
def test_the_stratified_estimate_is_prediction_powered_inference_at_its_best_weight(
    run: tuple[int, int, Confusion],
) -> None:
    """The weight is the slope of truth on verdict; the "unlabelled" verdicts are those of the whole run."""
    passed, trials, cells = run
    truth = [1] * cells.true_pass + [0] * cells.false_pass + [1] * cells.false_fail + [0] * cells.true_fail
    verdicts = [1] * (cells.true_pass + cells.false_pass) + [0] * (cells.false_fail + cells.true_fail)
    slope = cells.true_pass / sum(verdicts) - cells.false_fail / (len(verdicts) - sum(verdicts))

    powered, _, _ = ppi_mean(truth, verdicts, [1] * passed + [0] * (trials - passed), slope)

    assert verdict_stratified(passed, trials, cells).estimate == pytest.approx(powered, abs=1e-9)


@given(labelled_runs())
def test_the_stratified_interval_holds_its_estimate_within_zero_and_one(run: tuple[int, int, Confusion]) -> None:
    estimate = verdict_stratified(*run)

    assert 0 <= estimate.low < estimate.estimate < estimate.high <= 1


@given(labelled_runs())
def test_exchanging_pass_and_fail_mirrors_the_stratified_estimate(run: tuple[int, int, Confusion]) -> None:
    passed, trials, cells = run
    mirrored = labels(cells.true_fail, cells.false_fail, cells.false_pass, cells.true_pass)

    ours, theirs = verdict_stratified(passed, trials, cells), verdict_stratified(trials - passed, trials, mirrored)

    assert (ours.estimate, ours.low) == pytest.approx((1 - theirs.estimate, 1 - theirs.high), abs=1e-9)


def test_labels_that_never_failed_leave_no_certainty() -> None:
    """All verdicts passed and all ten labels agree: worth ten trials, not a hundred."""
    estimate = verdict_stratified(100, 100, labels(10, 0, 0, 0))

    assert (estimate.low, estimate.high) == pytest.approx((wilson(10, 10).low, 1.0))


def test_lopsided_labels_are_worth_at_least_half_their_number() -> None:
    """One label speaks for nine tenths of the run; the variance formula alone would give less than one trial."""
    assert verdict_stratified(900, 1000, labels(1, 0, 10, 10)).n == 10.5


def test_the_stratified_interval_covers_the_truth_as_often_as_it_says() -> None:
    """400 runs of 150 trials, sensitivity .95, specificity .7, 20 labels of each verdict; nominal .95, SE .011."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        truth = rng.random(150) < 0.75
        verdict = np.where(truth, rng.random(150) < 0.95, rng.random(150) < 0.3)
        drawn = [rng.permutation(np.flatnonzero(verdict == v))[:20] for v in (True, False)]
        yes, no = (truth[places] for places in drawn)
        cells = labels(int(yes.sum()), int((~yes).sum()), int(no.sum()), int((~no).sum()))
        estimate = verdict_stratified(int(verdict.sum()), 150, cells)
        covered += estimate.low <= 0.75 <= estimate.high

    assert 0.92 <= covered / 400 <= 0.99


def test_a_verdict_that_occurs_needs_a_label() -> None:
    with pytest.raises(NotEstimableError, match="a verdict without a label"):
        verdict_stratified(70, 100, labels(18, 2, 0, 0))


def test_labels_of_other_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="must be drawn from these trials"):
        verdict_stratified(5, 100, labels(18, 2, 2, 8))


@pytest.mark.parametrize(("passed", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_verdict_counts_are_refused(passed: int, trials: int) -> None:
    with pytest.raises(ValueError, match="verdicts: "):
        verdict_stratified(passed, trials, labels(1, 1, 1, 1))


def test_rogan_gladen_is_the_authors_number() -> None:
    """LLM-judge-reporting@082884d: 140 of 200 pass, sensitivity 44/50, specificity 26/30."""
    corrected = rogan_gladen(140, 200, CALIBRATION)

    found = corrected.interval
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (0.7589285714285715, 0.6268798129041113, 0.9071612960346647), abs=1e-12
    )
    assert not corrected.is_weak


@given(st.integers(0, 200))
def test_rogan_gladen_stays_within_zero_and_one_and_rises_with_the_verdicts(passed: int) -> None:
    corrected = rogan_gladen(passed, 200, CALIBRATION).interval

    assert 0 <= corrected.low <= corrected.high <= 1
    assert 0 <= corrected.estimate <= 1
    if passed:
        assert corrected.estimate >= rogan_gladen(passed - 1, 200, CALIBRATION).interval.estimate


def test_a_grader_that_may_be_guessing_corrects_nothing() -> None:
    with pytest.raises(NotEstimableError, match="no better than chance"):
        rogan_gladen(140, 200, labels(6, 4, 4, 6))


def test_a_calibration_without_failures_corrects_nothing() -> None:
    with pytest.raises(NotEstimableError, match="label both"):
        rogan_gladen(140, 200, labels(30, 0, 3, 0))


def test_a_poor_grader_is_marked_weak() -> None:
    assert rogan_gladen(140, 200, labels(80, 50, 20, 50)).is_weak


def test_a_margin_shrinks_by_what_verdicts_show() -> None:
    assert margin_in_verdicts(0.10, CALIBRATION) == pytest.approx(0.0746666667)


def test_a_margin_from_few_labels_shrinks_by_the_lower_limit() -> None:
    few = labels(18, 2, 2, 18)

    youden = grader_rates(few).youden
    assert youden is not None
    assert margin_in_verdicts(0.10, few) == pytest.approx(0.10 * youden.low)
    assert margin_in_verdicts(0.10, few) < 0.08
