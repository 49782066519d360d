"""Days that differ."""

import numpy as np
import pytest
from drawn_counts import BASELINE, CANDIDATE, equal_trials, pairs
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats.counts import Counts
from evalkit.stats.drift import BetweenDays, between_days, widened_by_days
from evalkit.stats.estimate import Estimate, Method
from evalkit.stats.paired import suite_change
from evalkit.stats.proportion import wilson

Day = dict[str, tuple[int, int]]


def drawn_days(rng: np.random.Generator, *, tasks: int, days: int, trials: int, sd: float) -> list[Day]:
    rates = rng.uniform(0.3, 0.9, size=tasks)
    shifted = (np.clip(rates + rng.normal(0, sd), 0, 1) for _ in range(days))
    return [{f"task {i}": (int(rng.binomial(trials, p)), trials) for i, p in enumerate(day)} for day in shifted]


def test_the_variance_between_days_comes_out_on_average() -> None:
    """60 baselines of ten days, 40 tasks, four trials a day; true standard deviation ten points."""
    rng = np.random.default_rng(3)

    found = [between_days(drawn_days(rng, tasks=40, days=10, trials=4, sd=0.10)) for _ in range(60)]

    assert np.mean([one.variance for one in found if one is not None]) == pytest.approx(0.01, rel=0.2)


def test_days_that_differ_by_trials_alone_have_almost_no_variance() -> None:
    rng = np.random.default_rng(4)

    found = [between_days(drawn_days(rng, tasks=40, days=10, trials=4, sd=0.0)) for _ in range(60)]

    assert np.mean([one.variance for one in found if one is not None]) < 0.0004


def test_days_that_are_all_alike_have_none() -> None:
    assert between_days([{"a": (1, 2), "b": (2, 2)}] * 5) == BetweenDays(variance=0.0, days=5)


def test_a_hand_count_of_five_days_of_one_task() -> None:
    """Rates 1, 1, 0, 0, ½ have variance ¼; ten trials, five passed: s² = 25/90, and two trials a day explain half."""
    found = between_days([{"a": (2, 2)}, {"a": (2, 2)}, {"a": (0, 2)}, {"a": (0, 2)}, {"a": (1, 2)}])

    assert found is not None
    assert found.variance == pytest.approx(0.25 - 25 / 90 / 2)


def test_a_task_seen_once_borrows_the_noise_of_the_others() -> None:
    """As above with days in and out, and a second task on the last day: (s²/2 + s²/1)/4 of its mean is chance."""
    found = between_days([{"a": (2, 2)}, {"a": (0, 2)}, {"a": (2, 2)}, {"a": (0, 2)}, {"a": (1, 2), "b": (1, 1)}])

    noise = 25 / 90
    assert found is not None
    assert found.variance == pytest.approx(0.25 - (4 * noise / 2 + noise * 1.5 / 4) / 5)


def test_a_day_that_ran_only_easy_tasks_is_no_good_day() -> None:
    """A task is compared with itself: every day is like every other here."""
    easy, hard = {"easy": (4, 4)}, {"hard": (0, 4)}

    assert between_days([easy, hard, easy | hard, easy, hard]) == BetweenDays(variance=0.0, days=5)


@pytest.mark.parametrize(
    "days", [[{"a": (1, 2)}] * 4, [{letter: (1, 1)} for letter in "abcde"]], ids=["four-days", "single-trials"]
)
def test_too_little_says_nothing_about_days(days: list[Day]) -> None:
    assert between_days(days) is None


@pytest.mark.parametrize("days", [[{}], [{"a": (3, 2)}], [{"a": (0, 0)}]])
def test_days_that_are_none_are_refused(days: list[Day]) -> None:
    with pytest.raises(ValueError, match="days: "):
        between_days(days)


@given(pairs(), st.floats(0, 0.2), st.integers(5, 30))
def test_days_can_only_widen(pair: tuple[Counts, Counts], variance: float, days: int) -> None:
    plain = suite_change(*pair)

    widened = widened_by_days(plain, BetweenDays(variance=variance, days=days))

    assert -1 <= widened.low <= max(plain.low, -1) + 1e-12
    assert min(plain.high, 1) - 1e-12 <= widened.high <= 1
    assert widened.estimate == plain.estimate


def test_the_days_of_both_runs_add_up() -> None:
    """The candidate's one day and a fifth of the variance for the baseline's five; t(4) at 90 % is 2.1318."""
    exact = Estimate(estimate=0.0, low=0.0, high=0.0, confidence=0.90, n=9, method=Method.SUITE_MOVER)

    widened = widened_by_days(exact, BetweenDays(variance=0.0004, days=5))

    assert widened.high == -widened.low == pytest.approx(2.1318467863 * (0.0004 * 1.2) ** 0.5)


def test_days_that_do_not_differ_change_nothing() -> None:
    plain = suite_change(BASELINE, CANDIDATE)

    widened = widened_by_days(plain, BetweenDays(variance=0.0, days=5))

    assert (widened.low, widened.high) == pytest.approx((plain.low, plain.high), abs=1e-12)


def test_drift_raises_false_alarms_above_eight_percent_unless_the_interval_knows_of_it() -> None:
    """300 unchanged comparisons of 200 tasks, days differing by 2.3 points; in 4,000: plain .19, widened .07."""
    rng = np.random.default_rng(11)
    plain_alarms = alarms = 0
    for _ in range(300):
        rates = rng.beta(0.8, 0.2, size=200)
        shifts = rng.normal(0, 0.023, size=6)
        runs = [rng.binomial(n, np.clip(rates + shift, 0, 1)) for n, shift in zip((4,) * 5 + (3,), shifts, strict=True)]
        days = [{str(i): (int(x), 4) for i, x in enumerate(run)} for run in runs[:5]]
        plain = suite_change(
            equal_trials(tuple(map(int, np.sum(runs[:5], axis=0))), 20), equal_trials(tuple(map(int, runs[5])), 3)
        )
        between = between_days(days)
        assert between is not None
        plain_alarms += plain.high < 0
        alarms += widened_by_days(plain, between).high < 0

    assert wilson(plain_alarms, 300).low > 0.08
    assert wilson(alarms, 300).low <= 0.08
