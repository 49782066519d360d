"""What is counted."""

import pytest

from evalkit.stats.counts import Counts
from evalkit.stats.estimate import NotEstimableError


def test_a_run_without_a_measured_task_has_no_rate_at_all() -> None:
    with pytest.raises(NotEstimableError, match="no task has a measured trial"):
        Counts(successes=(), trials=())


@pytest.mark.parametrize(
    ("successes", "trials"),
    [((1, 1), (2,)), ((3,), (2,)), ((-1,), (2,)), ((0,), (0,))],
    ids=["lengths", "more-than-all", "negative", "task-without-trial"],
)
def test_impossible_counts_are_refused(successes: tuple[int, ...], trials: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="counts: "):
        Counts(successes=successes, trials=trials)
