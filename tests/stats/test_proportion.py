"""One run's rates."""

import numpy as np
import pytest
from drawn_counts import BASELINE, TAU_AIRLINE, equal_trials, runs
from hypothesis import given
from hypothesis import strategies as st
from rejected_methods import clopper_pearson

from evalkit.stats.counts import Counts
from evalkit.stats.estimate import Method, NotEstimableError, normal_quantile, student_quantile
from evalkit.stats.proportion import (
    intraclass_correlation,
    pass_at_k,
    pass_at_k_of_task,
    pass_hat_k,
    pass_rate,
    wilson,
    wilson_limits,
    within_task_variance,
)

CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2552885199, 0.3662095770), (0, 20, 0.0, 0.1611251581), (1, 29, 0.0061132143, 0.1717552188)],
)
def test_wilson_gives_the_numbers_of_r_and_newcombe(successes: int, n: int, low: float, high: float) -> None:
    """R prop.test(correct=FALSE); Newcombe 1998 (Stat Med 17:857)."""
    interval = wilson(successes, n)

    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), CONFIDENCES)
def test_wilson_mirrors_when_passes_and_failures_are_exchanged(counted: tuple[int, int], confidence: float) -> None:
    successes, n = counted

    passes, failures = wilson(successes, n, confidence), wilson(n - successes, n, confidence)

    assert (passes.low, passes.high) == pytest.approx((1 - failures.high, 1 - failures.low), abs=1e-12)


@given(st.integers(1, 200), CONFIDENCES)
def test_wilson_moves_up_with_every_success(n: int, confidence: float) -> None:
    low, high = wilson_limits(np.arange(n + 1) / n, np.full(n + 1, float(n)), normal_quantile(confidence))

    assert np.all(np.diff(low) > 0)
    assert np.all(np.diff(high) > 0)


def test_wilson_after_no_success_is_narrower_than_the_exact_interval() -> None:
    assert 0 < wilson(0, 20).high < clopper_pearson(0, 20, 0.95)[1]


def test_wilson_of_nothing_is_no_estimate() -> None:
    with pytest.raises(NotEstimableError, match="0 of 0"):
        wilson(0, 0)


def test_wilson_refuses_more_successes_than_trials() -> None:
    with pytest.raises(ValueError, match="must be 0 to n"):
        wilson(4, 3)


def test_the_cluster_interval_is_the_reference_one() -> None:
    """R sandwich::vcovCL for the SE, ratesci's closed form for the limits."""
    rate = pass_rate(BASELINE)

    assert rate.se == pytest.approx(0.11166528467912099, abs=1e-12)
    assert rate.interval.n == pytest.approx(15.940594059405948, abs=1e-9)
    assert rate.design_effect == pytest.approx(1.8819875776397508, abs=1e-9)
    assert (rate.interval.low, rate.interval.high) == pytest.approx((0.48352445098, 0.92020195795), abs=1e-9)


def test_a_run_that_always_passed_is_worth_one_trial_a_task_and_no_certainty() -> None:
    rate = pass_rate(equal_trials((3,) * 10, 3))

    assert rate.interval.n == 10
    assert (rate.interval.low, rate.interval.high) == pytest.approx((0.7224672001371107, 1.0), abs=1e-12)


@given(runs(max_trials=1, min_trials=1).filter(lambda counts: counts.tasks > 1))
def test_with_one_trial_a_task_the_cluster_interval_is_exactly_wilsons(counts: Counts) -> None:
    ours, plain = pass_rate(counts).interval, wilson(sum(counts.successes), counts.tasks)

    assert (ours.low, ours.high) == pytest.approx((plain.low, plain.high), abs=1e-9)


@given(runs(), CONFIDENCES)
def test_the_interval_holds_the_rate_and_never_closes(counts: Counts, confidence: float) -> None:
    interval = pass_rate(counts, confidence).interval

    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
    assert interval.high - interval.low > 0.01


@given(runs().filter(lambda counts: counts.tasks > 1))
def test_a_run_is_worth_at_least_its_tasks_and_at_most_its_trials(counts: Counts) -> None:
    assert counts.tasks - 1e-9 <= pass_rate(counts).interval.n <= sum(counts.trials) + 1e-9


def test_tasks_that_all_behave_alike_are_worth_every_trial() -> None:
    assert pass_rate(equal_trials((2, 2, 2, 2), 3)).interval.n == 12


def test_two_trials_a_task_take_students_quantile() -> None:
    rate = pass_rate(equal_trials((2, 1, 0, 2), 2)).interval

    low, high = wilson_limits(np.asarray(0.625), np.asarray(rate.n), student_quantile(0.95, 3))
    assert (rate.low, rate.high) == (float(low), float(high))


def test_one_task_has_its_trials_for_an_interval_and_says_so() -> None:
    rate = pass_rate(equal_trials((2,), 5))

    plain = wilson(2, 5)
    assert (rate.interval.low, rate.interval.high) == (plain.low, plain.high)
    assert rate.interval.method is Method.ONE_TASK
    assert rate.se is None


def test_a_task_counts_once_however_many_trials_it_kept() -> None:
    assert pass_rate(Counts(successes=(1, 0), trials=(1, 9))).interval.estimate == 0.5


@pytest.mark.parametrize(("tasks", "usable"), [(4, False), (5, True)])
def test_fewer_than_five_tasks_decide_nothing(tasks: int, usable: bool) -> None:
    assert pass_rate(equal_trials((1,) * tasks, 3)).is_usable_for_gating is usable


def test_the_public_leaderboard_numbers_come_out() -> None:
    """README of sierra-research/tau-bench@59a200c: gpt-4o, airline."""
    found = [round(pass_hat_k(TAU_AIRLINE, k).interval.estimate, 3) for k in (1, 2, 3, 4)]

    assert found == [0.420, 0.273, 0.220, 0.200]


def test_pass_at_k_comes_out_as_in_exact_arithmetic() -> None:
    found = [pass_at_k(TAU_AIRLINE, k).interval.estimate for k in (1, 2, 3, 4)]

    assert found == pytest.approx([0.42, 0.5666666666666667, 0.66, 0.72], abs=1e-12)


@given(runs(min_trials=4))
def test_more_tries_can_only_help_one_success_and_hurt_all_succeeding(counts: Counts) -> None:
    any_of = [pass_at_k(counts, k).interval.estimate for k in (1, 2, 3, 4)]
    all_of = [pass_hat_k(counts, k).interval.estimate for k in (1, 2, 3, 4)]

    assert any_of == sorted(any_of)
    assert all_of == sorted(all_of, reverse=True)


@given(runs())
def test_one_try_is_the_pass_rate(counts: Counts) -> None:
    rate = pass_rate(counts)

    for one in (pass_at_k(counts, 1), pass_hat_k(counts, 1)):
        assert (one.interval.estimate, one.interval.low) == pytest.approx((rate.interval.estimate, rate.interval.low))


@given(runs(min_trials=3), st.integers(1, 3))
def test_any_success_is_the_mirror_of_all_failing(counts: Counts, k: int) -> None:
    failures = Counts(
        successes=tuple(n - x for x, n in zip(counts.successes, counts.trials, strict=True)), trials=counts.trials
    )

    one, none = pass_at_k(counts, k).interval, pass_hat_k(failures, k).interval

    assert (one.estimate, one.low) == pytest.approx((1 - none.estimate, 1 - none.high), abs=1e-9)


def test_pass_at_k_keeps_its_digits_at_any_size() -> None:
    """The floating binomials of n = 2000 overflow; 1 - C(1999, 1000)/C(2000, 1000) is one half."""
    assert pass_at_k_of_task(2000, 1, 1000) == 0.5


def test_k_beyond_the_trials_is_refused_with_the_trials_needed() -> None:
    with pytest.raises(NotEstimableError, match="run 5 trials a task"):
        pass_hat_k(BASELINE, 5)


def test_k_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        pass_at_k(BASELINE, 0)


def test_the_correlation_of_trials_is_that_of_the_published_counts() -> None:
    assert intraclass_correlation(TAU_AIRLINE) == pytest.approx(0.39792008757526004, abs=1e-12)


@given(runs(min_trials=2))
def test_within_task_variance_is_the_mean_of_the_unbiased_variances(counts: Counts) -> None:
    p, n = counts.rates, counts.trials_by_task

    assert within_task_variance(counts) == pytest.approx(float(np.mean(p * (1 - p) * n / (n - 1))), abs=1e-12)


def test_tasks_that_always_or_never_pass_are_wholly_correlated() -> None:
    assert intraclass_correlation(equal_trials((3, 0, 3, 3), 3)) == 1


@pytest.mark.parametrize("counts", [equal_trials((1, 0), 1), equal_trials((3, 3), 3)], ids=["one-trial", "no-failure"])
def test_a_correlation_that_cannot_be_known_is_none(counts: Counts) -> None:
    assert intraclass_correlation(counts) is None
