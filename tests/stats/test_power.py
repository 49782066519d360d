"""Formulas for planning."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats.estimate import NotEstimableError
from evalkit.stats.power import (
    candidate_trials_for_drop,
    expected_within_variance,
    paired_t_power,
    power_for_drop,
    smallest_visible_drop,
    standard_error_of_change,
    tasks_for_population_drop,
    trials_for_drop,
)

WITHIN = expected_within_variance(0.8)


@pytest.mark.parametrize(
    ("tasks", "needed"),
    [(8, (138, 50, 13, 4)), (20, (55, 20, 5, 2)), (50, (22, 8, 2, 1)), (100, (11, 4, 1, 1)), (200, (6, 2, 1, 1))],
)
def test_the_trials_of_each_task_are_those_of_the_design(tasks: int, needed: tuple[int, ...]) -> None:
    found = tuple(ceil(trials_for_drop(tasks, WITHIN, drop)) for drop in (0.03, 0.05, 0.10, 0.20))

    assert found == needed


def test_a_stored_baseline_of_twenty_saves_three_candidate_trials_of_eight() -> None:
    assert trials_for_drop(50, WITHIN, 0.05) == pytest.approx(7.913673256985301, abs=1e-9)
    assert candidate_trials_for_drop(50, WITHIN, 0.05, baseline_trials=20) == pytest.approx(4.932738683594022, abs=1e-9)


def test_a_baseline_too_small_for_the_drop_names_the_one_that_would_do() -> None:
    with pytest.raises(NotEstimableError, match="store at least 8 a task"):
        candidate_trials_for_drop(50, WITHIN, 0.05, baseline_trials=2)


def test_twenty_tasks_of_three_trials_see_thirteen_points() -> None:
    se = standard_error_of_change(20, WITHIN, baseline_trials=3, candidate_trials=3)

    assert smallest_visible_drop(se) == pytest.approx(0.128, abs=5e-4)
    assert power_for_drop(se, 0.10) == pytest.approx(0.615, abs=5e-4)


@given(st.integers(1, 300), st.floats(0.01, 0.25), st.integers(1, 30), st.floats(0.5, 0.99))
def test_the_smallest_visible_drop_is_seen_with_the_power_asked_for(
    tasks: int, within: float, trials: int, power: float
) -> None:
    se = standard_error_of_change(tasks, within, baseline_trials=trials, candidate_trials=trials)

    drop = smallest_visible_drop(se, 0.05, power)

    assert power_for_drop(se, drop) == pytest.approx(power, abs=1e-9)
    assert trials_for_drop(tasks, within, drop, 0.05, power) == pytest.approx(trials, rel=1e-9)


@given(st.integers(1, 100), st.floats(0.01, 0.25), st.floats(0.02, 0.5))
def test_a_stored_baseline_of_the_equal_design_needs_the_equal_design(tasks: int, within: float, drop: float) -> None:
    equal = ceil(trials_for_drop(tasks, within, drop))

    assert candidate_trials_for_drop(tasks, within, drop, baseline_trials=equal) <= equal + 1e-6


def test_a_run_without_noise_sees_any_drop() -> None:
    assert power_for_drop(0.0, 0.01) == 1
    assert power_for_drop(0.0, 0.0) == 0.05


def test_millers_example_needs_nine_hundred_and_sixty_nine_questions() -> None:
    """arXiv 2411.00640, section 5: ω² = 1/9, δ = 3 points, two-sided .05, power .8."""
    assert tasks_for_population_drop(0.03, between=1 / 9, alpha=0.025) == pytest.approx(968.9974980677887, abs=1e-6)


def test_the_power_of_a_paired_t_test_is_rs() -> None:
    """R power.t.test(n=50, delta=.1, sd=.25, type="one.sample", alternative="one.sided")."""
    assert paired_t_power(50, 0.1, 0.25) == pytest.approx(0.8737242239874115, abs=1e-8)


def test_no_drop_is_found_as_often_as_the_level_says() -> None:
    assert paired_t_power(12, 0.0, 0.3) == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize(
    ("tasks", "within", "drop", "alpha"),
    [(0, 0.1, 0.1, 0.05), (5, 0.3, 0.1, 0.05), (5, 0.1, 0.0, 0.05), (5, 0.1, 0.1, 1)],
)
def test_a_plan_that_is_none_is_refused(tasks: int, within: float, drop: float, alpha: float) -> None:
    with pytest.raises(ValueError, match=r"plan: |alpha "):
        trials_for_drop(tasks, within, drop, alpha)


@pytest.mark.parametrize(("rate", "correlation"), [(1.2, 0.5), (0.8, -0.1)])
def test_a_rate_or_correlation_that_is_none_is_refused(rate: float, correlation: float) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        expected_within_variance(rate, correlation)
