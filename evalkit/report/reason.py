"""Why a trial is not ok: in two or three words for a cell, in a sentence for a line.

Evidence comes first: a failed check is a fact about the file, a criterion not met is the grader's opinion.
"""

from collections.abc import Iterable
from typing import assert_never

from evalkit.checks.result import CheckResult, Status
from evalkit.rubric.contract import CriterionState
from evalkit.trial.metrics import Standing, standing_of
from evalkit.trial.model import End, IterationRecord, TrialRecord, Verdict


def short_reason(record: TrialRecord) -> str:
    """Two or three words; empty when the trial is ok."""
    standing = standing_of(record)
    match standing:
        case Standing.OK:
            return ""
        case Standing.NOT_RUN | Standing.UNMEASURED:
            return standing.value
        case Standing.CHECK_ERROR:
            return f"{_first_and_more(_ids(required_checks(record, Status.ERRORED)))} errored"
        case Standing.NOT_OK:
            return _short_not_ok(record)
        case _:
            assert_never(standing)


def full_reason(record: TrialRecord) -> str:
    """One line with the evidence, text from outside still as it came; empty when the trial is ok."""
    standing = standing_of(record)
    match standing:
        case Standing.OK:
            return ""
        case Standing.NOT_RUN | Standing.UNMEASURED:
            return failure_text(record) or standing.value
        case Standing.CHECK_ERROR:
            return "; ".join(_check_text(check) for check in required_checks(record, Status.ERRORED))
        case Standing.NOT_OK:
            return "; ".join(_not_ok_parts(record))
        case _:
            assert_never(standing)


def required_checks(record: TrialRecord, status: Status) -> tuple[CheckResult, ...]:
    """The required checks of `record` that ended as `status`."""
    return tuple(check for check in record.checks if check.required and check.status is status)


def gaps_text(iteration: IterationRecord) -> str:
    """The criteria that the grader's words call not met or partly met; empty where they name none."""
    parts = []
    for state, words in ((CriterionState.NOT_MET, "not met"), (CriterionState.PARTLY, "partly met")):
        if ids := [id_ for id_, its in iteration.criteria.items() if its is state]:
            parts.append(f"{', '.join(ids)} {words}")
    return ", ".join(parts)


def failure_text(record: TrialRecord) -> str:
    """What broke and at which boundary; empty when nothing did."""
    failure = record.failure
    if failure is None:
        return ""
    return f"{record.end.value.replace('_', ' ')}: {failure.boundary.value} ({failure.cause}): {failure.message}"


def _short_not_ok(record: TrialRecord) -> str:
    if record.end is End.REFUSED:
        return "refused"
    if record.end is End.LIMIT:
        return "limit"
    if record.verdict is Verdict.FAILED:
        return "misfit"
    if failed := required_checks(record, Status.FAILED):
        return f"{_first_and_more(_ids(failed))} failed"
    gaps = gaps_text(record.iterations[-1]) if record.iterations else ""
    return gaps or "not satisfied"


def _not_ok_parts(record: TrialRecord) -> list[str]:
    parts = [_check_text(check) for check in required_checks(record, Status.FAILED)]
    if record.end is End.REFUSED:
        parts.append("the model refused")
    elif record.end is End.LIMIT:
        parts.append("the task's own limit was reached while the agent worked")
    elif record.verdict is Verdict.FAILED:
        parts.append("misfit: the grader says that rubric and task do not fit")
    elif record.satisfied:
        parts.append("the grader was satisfied")
    elif record.iterations:
        last = record.iterations[-1]
        parts.append(f"{gaps_text(last) or 'the grader was not satisfied'} at iteration {last.iteration}")
    return parts or ["not satisfied"]


def _check_text(check: CheckResult) -> str:
    text = f"check {check.id} {check.status.value}"
    evidence = []
    if check.found is not None:
        evidence.append(f"found {check.found}")
    if check.wanted is not None:
        evidence.append(f"wanted {check.wanted}")
    if check.at is not None:
        evidence.append(f"in {check.at}")
    return f"{text}: {', '.join(evidence)}" if evidence else text


def _ids(checks: Iterable[CheckResult]) -> tuple[str, ...]:
    return tuple(check.id for check in checks)


def _first_and_more(ids: tuple[str, ...]) -> str:
    return ids[0] + (f" +{len(ids) - 1}" if len(ids) > 1 else "") if ids else "a check"
