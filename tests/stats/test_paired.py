"""Two runs on one suite."""

from random import Random

import numpy as np
import pytest
from drawn_counts import BASELINE, CANDIDATE, equal_trials, pairs, runs
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats.counts import Counts
from evalkit.stats.estimate import Method
from evalkit.stats.mean import mean_interval
from evalkit.stats.paired import (
    per_task_differences,
    population_change,
    run_precision,
    suite_change,
    suite_limits,
    tango,
    tango_statistic,
)

Pair = tuple[Counts, Counts]


def test_the_gate_interval_is_the_reference_one() -> None:
    """Formulas of Newcombe 1998 and Zou & Donner 2008, limits from statsmodels at fractional n."""
    change = suite_change(BASELINE, CANDIDATE)

    assert (change.estimate, change.low, change.high) == pytest.approx(
        (-0.13333333333333341, -0.27892515182458266, 0.02097551364218675), abs=1e-12
    )
    assert change.method is Method.SUITE_MOVER


def test_lost_trials_widen_the_interval_and_do_not_reweigh_tasks() -> None:
    lost = Counts(successes=CANDIDATE.successes, trials=(3, 3, 2, 3, 3, 3, 2, 3, 3, 3))

    change = suite_change(BASELINE, lost)

    assert (change.estimate, change.low, change.high) == pytest.approx(
        (-0.1166666666666667, -0.27623705199955334, 0.04495243281036876), abs=1e-12
    )


def test_the_precision_of_a_run_is_the_reference_one() -> None:
    precision = run_precision(BASELINE)

    assert precision.n_eff == pytest.approx(47.22666666666666, abs=1e-9)
    assert precision.within_variance == pytest.approx(0.11363636363636363, abs=1e-12)


def test_a_run_of_single_trials_is_worth_one_trial_a_task() -> None:
    precision = run_precision(equal_trials((1, 0, 1, 1), 1))

    assert (precision.n_eff, precision.within_variance) == (4, None)


def test_a_task_left_with_one_trial_borrows_the_noise_of_the_others() -> None:
    """Tasks 1/2 and 1/2 have s² = ½, so 1/1 has too: V = (½/2 + ½/2 + ½/1 + ¼·⅔)/12."""
    precision = run_precision(Counts(successes=(1, 1, 1), trials=(2, 2, 1)))

    variance = (0.25 + 0.25 + 0.5 + 0.25 * 2 / 3) / 12
    assert precision.n_eff == pytest.approx((2 / 3) * (1 / 3) / variance)


@given(pairs(), st.sampled_from([0.8, 0.9, 0.99]))
def test_the_change_lies_between_its_limits_and_they_never_meet(pair: Pair, confidence: float) -> None:
    change = suite_change(*pair, confidence)

    assert -1 - 1e-12 <= change.low <= change.estimate <= change.high <= 1 + 1e-12
    assert change.high - change.low > 0.01


@given(pairs())
def test_exchanging_the_runs_turns_the_sign(pair: Pair) -> None:
    baseline, candidate = pair

    there, back = suite_change(baseline, candidate), suite_change(candidate, baseline)

    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)


@given(pairs())
def test_more_confidence_is_a_wider_interval(pair: Pair) -> None:
    narrow, wide = suite_change(*pair, 0.8), suite_change(*pair, 0.95)

    assert wide.low <= narrow.low <= narrow.high <= wide.high


@given(runs(max_trials=5))
def test_a_run_against_itself_is_never_a_change(counts: Counts) -> None:
    change = suite_change(counts, counts)

    assert change.low < 0 < change.high


@given(pairs(), st.randoms(use_true_random=False))
def test_the_order_of_tasks_does_not_matter(pair: Pair, random: Random) -> None:
    order = list(range(pair[0].tasks))
    random.shuffle(order)
    baseline, candidate = (
        Counts(successes=tuple(run.successes[i] for i in order), trials=tuple(run.trials[i] for i in order))
        for run in pair
    )

    before, after = suite_change(*pair), suite_change(baseline, candidate)

    assert (before.low, before.high) == pytest.approx((after.low, after.high), abs=1e-9)


def test_a_change_everywhere_is_seen_with_enough_trials() -> None:
    change = suite_change(equal_trials((20,) * 12, 20), equal_trials((12,) * 12, 20))

    assert change.high < -0.3


@pytest.mark.parametrize(
    ("losses", "wins", "n", "confidence", "low", "high"),
    [
        (40, 20, 160, 0.95, -0.21806424416682565, -0.030864533133087346),  # PropCIs scoreci.mp(40, 20, 160, .95)
        (1, 7, 21, 0.95, 0.026003032480868545, 0.5172322764213773),  # ratesci pairbinci
        (3, 1, 14, 0.95, -0.4326638516980376, 0.16697451229843122),  # Tang et al. 2010
        (0, 0, 30, 0.90, -0.08272430812509929, 0.08272430812509929),  # z²/(n + z²)
    ],
)
def test_tangos_limits_are_the_published_ones(
    losses: int, wins: int, n: int, confidence: float, low: float, high: float
) -> None:
    interval = tango(losses, wins, n, confidence)

    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)


@given(
    st.integers(1, 120).flatmap(lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n))),
    st.sampled_from([0.8, 0.9, 0.95, 0.9999]),
)
def test_tangos_limits_solve_the_score_equation(pairs_seen: tuple[int, int, int], confidence: float) -> None:
    losses, wins, n = pairs_seen[0], min(pairs_seen[1], pairs_seen[2] - pairs_seen[0]), pairs_seen[2]

    interval = tango(losses, wins, n, confidence)

    assert -1 <= interval.low <= interval.estimate <= interval.high <= 1
    if losses < n and wins < n:
        z = tango(0, 0, 1, confidence).high
        quantile = (z / (1 - z)) ** 0.5
        found = (tango_statistic(losses, wins, n, interval.low), tango_statistic(losses, wins, n, interval.high))
        assert found == pytest.approx((quantile, -quantile), rel=1e-5)


def test_single_trials_are_compared_by_tango() -> None:
    baseline, candidate = equal_trials((1, 1, 1, 0, 0, 1), 1), equal_trials((1, 0, 0, 0, 1, 1), 1)

    change = suite_change(baseline, candidate)

    expected = tango(2, 1, 6, 0.90)
    assert (change.low, change.high, change.method) == (expected.low, expected.high, Method.TANGO)


def test_all_lost_leaves_the_upper_limit_open() -> None:
    interval = tango(10, 0, 10, 0.90)

    assert interval.low == -1
    assert -1 < interval.high < -0.5


@pytest.mark.parametrize(("losses", "wins", "n"), [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_tango_refuses_impossible_pairs(losses: int, wins: int, n: int) -> None:
    with pytest.raises(ValueError, match="Tango interval"):
        tango(losses, wins, n)


@pytest.mark.parametrize("trials", [1, 2, 5])
def test_each_of_many_replicates_is_what_it_is_alone(trials: int) -> None:
    """The simulation asks the gate's interval."""
    rng = np.random.default_rng(trials)
    a, b = (rng.binomial(trials, 0.7, size=(40, 7)).astype(np.float64) for _ in range(2))
    each = np.full(7, float(trials))

    many = suite_limits(a, each, b, each, 0.90)

    alone = [
        suite_change(equal_trials(tuple(map(int, x)), trials), equal_trials(tuple(map(int, y)), trials))
        for x, y in zip(a, b, strict=True)
    ]
    assert list(many.low) == pytest.approx([change.low for change in alone], abs=1e-12)
    assert list(many.high) == pytest.approx([change.high for change in alone], abs=1e-12)


def test_runs_of_different_suites_are_not_compared() -> None:
    other = equal_trials((1, 2), 3)

    for compare in (suite_change, population_change, per_task_differences):
        with pytest.raises(ValueError, match="must be the same"):
            compare(BASELINE, other)


def test_the_population_interval_is_the_t_interval_of_the_differences_and_two_more() -> None:
    change = population_change(BASELINE, CANDIDATE)

    by_hand = mean_interval([0, -1 / 3, -1 / 3, 0, -1 / 3, 0, 0, -1 / 3, 0, 0, 1, -1], 0.90)
    assert (change.low, change.high) == pytest.approx((by_hand.low, by_hand.high), abs=1e-12)
    assert change.estimate == pytest.approx(-4 / 30)


@given(pairs())
def test_new_tasks_are_never_promised_more_than_no_change_at_all_shows(pair: Pair) -> None:
    change = population_change(*pair)

    assert -1 <= change.low <= change.estimate <= change.high <= 1
    assert change.high - change.low > 2 / (pair[0].tasks + 2)
