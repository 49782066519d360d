from collections.abc import Mapping
from pathlib import Path

import pytest

import evalkit.api
from evalkit.suite.load import load_suite
from evalkit.trial.model import End, RunRecord, TrialRecord, Verdict

SUITE = Path(__file__).parents[2] / "suites" / "verdicts.yaml"
V, R, L, U = End.VERDICT, End.REFUSED, End.LIMIT, End.UNMEASURED
ENDS: Mapping[str, tuple[End, Verdict | None, bool | None, bool | None, str | None]] = {
    "satisfied": (V, Verdict.SATISFIED, True, True, None),
    "revised": (V, Verdict.SATISFIED, True, True, None),
    "max-iterations": (V, Verdict.MAX_ITERATIONS_REACHED, False, False, None),
    "too-strict": (V, Verdict.MAX_ITERATIONS_REACHED, True, False, None),
    "too-lenient": (V, Verdict.SATISFIED, False, False, None),
    "failed": (V, Verdict.FAILED, True, False, None),
    "nothing-delivered": (V, Verdict.MAX_ITERATIONS_REACHED, False, False, None),
    "check-error": (V, Verdict.SATISFIED, None, None, None),
    "refused": (R, None, True, False, None),
    "budget": (L, None, True, False, None),
    "unknown-verdict": (U, None, None, None, "unknown_verdict"),
    "retries-exhausted": (U, None, None, None, "retries_exhausted"),
    "terminated": (U, None, None, None, "terminated"),
    "deleted": (U, None, None, None, "deleted"),
    "file-lost": (U, Verdict.SATISFIED, None, None, "network"),
}
"""By task: end, last terminal verdict, verified, ok, cause of failure."""


@pytest.fixture(name="run", scope="module")
def one_run_of_it(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    return evalkit.api.run_suite(SUITE, reports=tmp_path_factory.mktemp("reports"))


def trial_of(run: RunRecord, task: str) -> TrialRecord:
    return next(trial for trial in run.trials if trial.spec.task == task)


def test_every_task_of_the_suite_is_listed_here() -> None:
    assert [task.id for task in load_suite(SUITE).tasks] == list(ENDS)


@pytest.mark.slow
@pytest.mark.parametrize("task", ENDS)
def test_a_trial_ends_as_its_name_says(run: RunRecord, task: str) -> None:
    trial = trial_of(run, task)
    cause = trial.failure.cause if trial.failure is not None else None

    assert (trial.end, trial.verdict, trial.verified, trial.ok, cause) == ENDS[task]


@pytest.mark.slow
def test_only_what_can_pass_by_itself_is_tried_again(run: RunRecord) -> None:
    attempts = {trial.spec.task: trial.attempt for trial in run.trials if trial.attempt > 1}

    assert attempts == {"retries-exhausted": 3, "terminated": 3, "deleted": 3, "file-lost": 3}


@pytest.mark.slow
def test_iterations_are_counted_up_to_the_verdict(run: RunRecord) -> None:
    counts = {
        task: len(trial_of(run, task).iterations) for task in ("satisfied", "revised", "max-iterations", "failed")
    }

    assert counts == {"satisfied": 1, "revised": 2, "max-iterations": 2, "failed": 1}


@pytest.mark.slow
def test_a_check_that_breaks_leaves_the_answer_open_and_says_why(run: RunRecord) -> None:
    (broken,) = (check for check in trial_of(run, "check-error").checks if check.id == "broken")

    assert broken.found is not None
    assert "no row to divide by" in broken.found
