import pytest
from trial_records import check, failure, iteration, trial

from evalkit.checks.result import Status
from evalkit.report.reason import full_reason, short_reason
from evalkit.rubric.contract import CriterionState
from evalkit.trial.model import End, TrialRecord, Verdict

SATISFIED = [iteration(0, Verdict.SATISFIED)]
WRONG = check("sum", Status.FAILED, found="41", wanted="42", file="out.csv")
STATES = {"R1": CriterionState.MET, "R3": CriterionState.NOT_MET, "R4": CriterionState.PARTLY}


@pytest.mark.parametrize(
    ("record", "short", "full"),
    [
        (trial("t", SATISFIED), "", ""),
        (
            trial("t", SATISFIED, [WRONG]),
            "sum failed",
            "check sum failed: found 41, wanted 42, in out.csv:3; the grader was satisfied",
        ),
        (
            trial("t", SATISFIED, [WRONG, check("rows", Status.FAILED)]),
            "sum +1 failed",
            "check sum failed: found 41, wanted 42, in out.csv:3; check rows failed; the grader was satisfied",
        ),
        (
            trial("t", [iteration(0, Verdict.MAX_ITERATIONS_REACHED, criteria=STATES)], [check("sum")]),
            "R3 not met, R4 partly met",
            "R3 not met, R4 partly met at iteration 0",
        ),
        (
            trial("t", [iteration(0, Verdict.MAX_ITERATIONS_REACHED)]),
            "not satisfied",
            "the grader was not satisfied at iteration 0",
        ),
        (
            trial("t", [iteration(0, Verdict.FAILED)]),
            "misfit",
            "misfit: the grader says that rubric and task do not fit",
        ),
        (trial("t", end=End.REFUSED), "refused", "the model refused"),
        (trial("t", end=End.LIMIT), "limit", "the task's own limit was reached while the agent worked"),
        (
            trial("t", SATISFIED, [check("sum", Status.ERRORED, found="killed after 10 s")]),
            "sum errored",
            "check sum errored: found killed after 10 s",
        ),
        (
            trial("t", end=End.UNMEASURED, why=failure("no answer; run it again")),
            "unmeasured",
            "unmeasured: platform (retries_exhausted): no answer; run it again",
        ),
        (trial("t", end=End.NOT_RUN, session=None), "not run", "not run"),
    ],
)
def test_the_reason_gives_the_evidence(record: TrialRecord, short: str, full: str) -> None:
    assert (short_reason(record), full_reason(record)) == (short, full)
