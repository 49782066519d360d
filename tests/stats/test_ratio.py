"""Means, and candidate over baseline."""

import numpy as np
import pytest
from drawn_counts import BASELINE, CANDIDATE
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats.estimate import NotEstimableError
from evalkit.stats.mean import mean_interval
from evalkit.stats.paired import per_task_differences
from evalkit.stats.ratio import bill_ratio, typical_ratio

BEFORE = (1.2, 0.8, 2.5, 0.4, 3.1, 1.0, 0.9, 1.7)
AFTER = (1.5, 0.9, 2.4, 0.6, 3.9, 1.1, 0.8, 2.1)

COSTS = st.lists(st.tuples(st.floats(0.01, 50), st.floats(0.01, 50)), min_size=2, max_size=10)


def test_a_mean_has_the_interval_of_rs_t_test() -> None:
    """R t.test, conf.level .90, on the differences of the running example."""
    interval = mean_interval(per_task_differences(BASELINE, CANDIDATE), 0.90)

    assert (interval.low, interval.high) == pytest.approx((-0.23311536279788103, -0.03355130386878573), abs=1e-12)


def test_one_value_has_no_interval() -> None:
    with pytest.raises(NotEstimableError, match="needs at least 2"):
        mean_interval([1.0])


def test_the_bill_ratio_is_the_clustered_quasi_poisson_one() -> None:
    """R glm(quasipoisson) with sandwich::vcovCL(cluster=task, HC0, cadjust=TRUE)."""
    interval = bill_ratio(BEFORE, AFTER).interval

    assert (interval.estimate, interval.low, interval.high) == pytest.approx(
        (1.146551724137931, 1.035043322011245, 1.2700732695605763), abs=1e-9
    )


def test_the_typical_ratio_is_the_geometric_mean() -> None:
    interval = typical_ratio((1.0, 2.0, 4.0), (2.0, 2.0, 2.0)).interval

    logs = np.log([2.0, 1.0, 0.5])
    half = 2.919985580355516 * float(np.std(logs, ddof=1)) / 3**0.5
    assert (interval.estimate, interval.high) == pytest.approx((1.0, float(np.exp(half))), abs=1e-9)


@given(COSTS)
def test_exchanging_the_runs_inverts_either_ratio(costs: list[tuple[float, float]]) -> None:
    a, b = zip(*costs, strict=True)

    for ratio in (typical_ratio, bill_ratio):
        there, back = ratio(a, b).interval, ratio(b, a).interval
        assert (there.estimate, there.low) == pytest.approx((1 / back.estimate, 1 / back.high), rel=1e-9)
        assert there.low <= there.estimate <= there.high


@given(COSTS, st.floats(0.01, 100))
def test_the_currency_does_not_matter(costs: list[tuple[float, float]], rate: float) -> None:
    a, b = (np.asarray(side) for side in zip(*costs, strict=True))

    for ratio in (typical_ratio, bill_ratio):
        ours = ratio(a.tolist(), b.tolist()).interval
        theirs = ratio((a * rate).tolist(), (b * rate).tolist()).interval
        assert ours.high == pytest.approx(theirs.high, rel=1e-9)


def test_a_dear_task_moves_the_bill_and_hardly_the_typical_task() -> None:
    before, after = (1.0,) * 9 + (100.0,), (1.0,) * 9 + (200.0,)

    assert bill_ratio(before, after).interval.estimate > 1.9
    assert typical_ratio(before, after).interval.estimate < 1.1


def test_a_task_that_cost_nothing_has_no_ratio_and_is_named() -> None:
    ratio = typical_ratio((1.0, 0.0, 2.0, 3.0), (1.0, 1.0, 2.0, 0.0))

    assert ratio.skipped == (1, 3)
    assert ratio.interval.n == 2


def test_too_few_tasks_with_a_cost_are_no_estimate() -> None:
    with pytest.raises(NotEstimableError):
        typical_ratio((1.0, 0.0), (1.0, 0.0))


def test_a_run_that_cost_nothing_has_no_bill_ratio() -> None:
    with pytest.raises(NotEstimableError, match="total is 0"):
        bill_ratio((0.0, 0.0), (1.0, 2.0))


@pytest.mark.parametrize("costs", [(1.0, -1.0), (1.0, float("nan")), (1.0, float("inf"))])
def test_a_cost_that_is_none_is_refused(costs: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="finite and not negative"):
        typical_ratio((1.0, 1.0), costs)


def test_runs_of_different_suites_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="must be the same"):
        bill_ratio((1.0,), (1.0, 2.0))
