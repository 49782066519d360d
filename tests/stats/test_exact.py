"""Exact p-values."""

from itertools import product
from math import comb

import numpy as np
import pytest
from drawn_counts import BASELINE, CANDIDATE, equal_trials, pairs
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from evalkit.stats.counts import Counts
from evalkit.stats.exact import (
    is_significant,
    most_successes_still_worse,
    shares_differ,
    smallest_task_p,
    task_drop,
    within_task_permutation,
)

Pair = tuple[Counts, Counts]


def test_the_suite_test_is_rs_exact_stratified_test() -> None:
    """R: mantelhaen.test(exact=TRUE, alternative="less") and coin::oneway_test(distribution="exact") say .115."""
    test = within_task_permutation(BASELINE, CANDIDATE)

    assert (test.p, test.mid_p) == pytest.approx((0.115, 0.0675), abs=1e-12)


@given(pairs(max_trials=3).filter(lambda pair: pair[0].tasks <= 3))
def test_the_suite_test_counts_every_relabelling_within_tasks(pair: Pair) -> None:
    baseline, candidate = pair
    ways = [
        [(x, comb(n_b, x) * comb(n_a, x_a + x_b - x)) for x in range(n_b + 1) if 0 <= x_a + x_b - x <= n_a]
        for x_a, n_a, x_b, n_b in zip(
            baseline.successes, baseline.trials, candidate.successes, candidate.trials, strict=True
        )
    ]
    relabellings = worse = 0
    for chosen in product(*ways):
        number = 1
        for _, count in chosen:
            number *= count
        relabellings += number
        worse += number if sum(x for x, _ in chosen) <= sum(candidate.successes) else 0

    assert within_task_permutation(baseline, candidate).p == pytest.approx(worse / relabellings, abs=1e-12)


@given(pairs())
def test_worse_and_better_share_out_one(pair: Pair) -> None:
    baseline, candidate = pair

    worse, better = within_task_permutation(baseline, candidate), within_task_permutation(candidate, baseline)

    assert 0 <= worse.mid_p <= worse.p <= 1
    assert worse.mid_p + better.mid_p == pytest.approx(1, abs=1e-9)


@given(pairs())
def test_one_more_failure_is_never_less_worse(pair: Pair) -> None:
    baseline, candidate = pair
    assume(sum(candidate.successes) > 0)
    failing = next(i for i, x in enumerate(candidate.successes) if x)
    lower = Counts(
        successes=tuple(x - (i == failing) for i, x in enumerate(candidate.successes)), trials=candidate.trials
    )

    assert within_task_permutation(baseline, lower).p <= within_task_permutation(baseline, candidate).p + 1e-9


def test_five_hundred_tasks_of_twenty_trials_have_an_exact_p() -> None:
    baseline, candidate = equal_trials((19,) * 500, 20), equal_trials((18,) * 500, 20)

    assert 0 < within_task_permutation(baseline, candidate).p < 1e-20


@pytest.mark.parametrize(("trials", "p"), [(3, 0.05), (5, 0.003968253968253969), (7, 0.0002913752913752914)])
def test_a_collapse_is_as_surprising_as_the_trials_allow(trials: int, p: float) -> None:
    """scipy fisher_exact; 1/C(2n, n)."""
    assert task_drop(trials, trials, 0, trials).p == pytest.approx(p, abs=1e-15)
    assert smallest_task_p(trials, trials) == pytest.approx(p, abs=1e-15)


def test_a_p_of_exactly_the_level_is_significant() -> None:
    assert is_significant(task_drop(3, 3, 0, 3).p, 0.05)
    assert not is_significant(0.0501, 0.05)


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
        lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
    )
)
def test_the_task_test_and_the_share_test_are_fishers(cells: tuple[int, int, int, int]) -> None:
    x_a, n_a, x_b, n_b = cells
    table = np.asarray([[x_b, n_b - x_b], [x_a, n_a - x_a]])

    assert task_drop(x_a, n_a, x_b, n_b).p == pytest.approx(fisher_exact(table, "less").pvalue, abs=1e-9)
    assert shares_differ(x_a, n_a, x_b, n_b) == pytest.approx(fisher_exact(table).pvalue, abs=1e-9)


@pytest.mark.parametrize(("passed_of_twenty", "most"), [(20, 3), (17, 1), (12, 0)])
def test_five_fresh_trials_can_confirm_what_the_design_says(passed_of_twenty: int, most: int) -> None:
    """Against a baseline of 20: rejected at ≤ 3/5 after 20/20, ≤ 1/5 after 17/20, 0/5 after 12/20, at .05."""
    assert most_successes_still_worse(passed_of_twenty, 20, 5, 0.05) == most


def test_a_task_that_cannot_be_confirmed_has_no_number_to_fall_to() -> None:
    assert most_successes_still_worse(3, 3, 3, 0.025) is None


def test_runs_of_different_suites_have_no_common_relabelling() -> None:
    with pytest.raises(ValueError, match="must be the same"):
        within_task_permutation(BASELINE, equal_trials((1,), 3))
