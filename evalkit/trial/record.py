"""From what was stored to the record of a trial: the one place where the three answers and the end are decided.

The rules are those of ARCHITECTURE.md, "Measurement". They read the events first; what events cannot tell (a download
that failed, our own time limit) the runner wrote down as a `Closing`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evalkit.artifact import Artifact
from evalkit.checks.result import CheckResult, Status
from evalkit.errors import Boundary
from evalkit.rubric.contract import CriterionState, parse_explanation
from evalkit.trial.cost import iteration_cost, session_cost
from evalkit.trial.events import Event, IdleReason
from evalkit.trial.fold import Cycle, Progress, Touched, fold
from evalkit.trial.model import (
    ArtifactRecord,
    Durations,
    End,
    Failure,
    IterationRecord,
    SessionRecord,
    SinceGrading,
    TrialRecord,
    TrialSpec,
    Unanswered,
    Verdict,
)


class Stop(StrEnum):
    """Why we stopped following a session that had not settled."""

    TIME_LIMIT = "time_limit"
    """The task's own limit, while the agent worked."""
    INTERRUPTED = "interrupted"
    """The user, or a cap of the whole run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What only the runner knows at the end of an attempt."""

    failure: Failure | None = None
    stop: Stop | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Everything that was stored of one attempt."""

    run: str
    number: int
    """1-based; 0 stands for a trial that was never launched."""
    session: SessionRecord
    events: Sequence[Event]
    """In list order, each id once."""
    artifacts: tuple[Artifact, ...]
    regraded: Mapping[str, SinceGrading]
    """By artifact name, from Files API listings taken when grading began; only what they can tell."""
    checks: tuple[CheckResult, ...]
    closing: Closing | None
    """None while the attempt is open."""


def build_record(spec: TrialSpec, attempt: Attempt) -> TrialRecord:
    """The record of one attempt: pure, so a better fold improves old reports."""
    progress = fold(attempt.events)
    end, failure = decide_end(progress, attempt.closing) if attempt.closing is not None else (End.NOT_RUN, None)
    verdict = progress.terminal.verdict if progress.terminal is not None else None
    satisfied = None if verdict in {None, Verdict.INTERRUPTED} else verdict is Verdict.SATISFIED
    verified = _verified(attempt.checks)
    first = next((cycle.verdict for cycle in progress.cycles if cycle.iteration == 0), None)
    outcome_id = progress.outcome.outcome_id if progress.outcome is not None else None
    return TrialRecord(
        spec=spec,
        run=attempt.run,
        attempt=attempt.number,
        session=SessionRecord(
            id=attempt.session.id,
            agent_id=attempt.session.agent_id,
            agent_version=attempt.session.agent_version,
            environment_id=attempt.session.environment_id,
            outcome_id=outcome_id,
        ),
        verdict=verdict,
        satisfied=satisfied,
        verified=verified,
        ok=_ok(end, satisfied, attempt.checks),
        first_draft=first is Verdict.SATISFIED if first is not None else None,
        end=end,
        failure=failure,
        iterations=tuple(_iteration(spec, progress, cycle) for cycle in progress.cycles),
        checks=attempt.checks,
        artifacts=tuple(_artifact(item, progress, attempt.regraded) for item in attempt.artifacts),
        cost=session_cost(progress, spec.model),
        time_s=_durations(progress),
        started_at=progress.started_at,
        ended_at=progress.last_at,
        unanswered=tuple(Unanswered(tool=tool, answer=answer) for tool, answer in progress.unanswered),
    )


def decide_end(progress: Progress, closing: Closing) -> tuple[End, Failure | None]:
    """How a closed attempt ended, and why it could not be measured where it was not."""
    if closing.failure is not None:
        return End.UNMEASURED, closing.failure
    terminal = progress.terminal
    if terminal is not None and terminal.verdict is not Verdict.INTERRUPTED:
        return End.VERDICT, None
    if closing.stop is not None:
        return (End.LIMIT if closing.stop is Stop.TIME_LIMIT else End.NOT_RUN), None
    if terminal is not None:
        return End.NOT_RUN, None
    reason = progress.idle.reason if progress.idle is not None else None
    if reason is IdleReason.REFUSAL:
        return End.REFUSED, None
    if reason is IdleReason.BUDGET_REACHED:
        return End.LIMIT, None
    return End.UNMEASURED, _failure(progress, reason)


def _failure(progress: Progress, reason: IdleReason | None) -> Failure:
    """Why a session without a verdict could not be measured, from its events."""
    error = progress.last_error
    said = f": {error.kind}: {error.message}" if error is not None else ""
    strange = next((cycle.word for cycle in progress.cycles if cycle.is_ended and cycle.verdict is None), None)
    if strange is not None:
        return _platform("unknown_verdict", f"the grader's word {strange!r} is not one this version knows", retry=False)
    if progress.ended is not None:
        cause = "deleted" if progress.ended.deleted else "terminated"
        return _platform(cause, f"the session was {cause} before a verdict{said}", retry=True)
    if reason is IdleReason.RETRIES_EXHAUSTED:
        return _platform("retries_exhausted", f"the platform gave up on the turn{said}", retry=True)
    if progress.started_at is None:
        return Failure(
            cause="not_finished", boundary=Boundary.EVALKIT, message="the session has no events yet", may_retry=True
        )
    if progress.outcome is None:
        return Failure(
            cause="no_outcome", boundary=Boundary.SUITE, message="the session defined no outcome", may_retry=False
        )
    if progress.is_stalled:
        return _platform("no_verdict", f"the session went idle without a verdict{said}", retry=True)
    return Failure(
        cause="cut_off", boundary=Boundary.EVALKIT, message="the events end before the session does", may_retry=True
    )


def _platform(cause: str, message: str, *, retry: bool) -> Failure:
    return Failure(cause=cause, boundary=Boundary.PLATFORM, message=message, may_retry=retry)


def _verified(checks: Sequence[CheckResult]) -> bool | None:
    statuses = {check.status for check in checks if check.required}
    if Status.FAILED in statuses:
        return False
    if Status.ERRORED in statuses or Status.PASSED not in statuses:
        return None
    return True


def _ok(end: End, satisfied: bool | None, checks: Sequence[CheckResult]) -> bool | None:  # noqa: FBT001  # three-valued
    """Three-valued AND of `satisfied` and every required check: one known false decides, else one unknown."""
    if end in {End.REFUSED, End.LIMIT}:
        return False
    if end is not End.VERDICT:
        return None
    statuses = {check.status for check in checks if check.required}
    if satisfied is False or Status.FAILED in statuses:
        return False
    return None if satisfied is None or Status.ERRORED in statuses else True


def _iteration(spec: TrialSpec, progress: Progress, cycle: Cycle) -> IterationRecord:
    on = progress.started_at.date() if progress.started_at is not None else None
    criteria: Mapping[str, CriterionState] = {}
    if cycle.explanation is not None:
        criteria = parse_explanation(cycle.explanation, spec.criteria, cycle.word)
    return IterationRecord(
        iteration=cycle.iteration,
        verdict=cycle.verdict,
        verdict_word=cycle.word,
        criteria=criteria,
        explanation=cycle.explanation,
        started_at=cycle.started_at,
        graded_at=cycle.graded_at,
        ended_at=cycle.ended_at,
        agent_usd=iteration_cost(cycle.work, spec.model, on),
        grader_usd=None,
        tokens=cycle.work.tokens,
    )


def _artifact(artifact: Artifact, progress: Progress, regraded: Mapping[str, SinceGrading]) -> ArtifactRecord:
    since = regraded.get(artifact.name)
    if since is None:
        was_graded = any(cycle.graded_at is not None for cycle in progress.cycles)
        since = _since_grading(artifact.name, progress.touched) if was_graded else SinceGrading.UNKNOWN
    return ArtifactRecord(
        name=artifact.name,
        sha256=artifact.sha256,
        size_bytes=artifact.size_bytes,
        media_type=artifact.media_type,
        since_grading=since,
        rebuilt=artifact.rebuilt,
    )


def _since_grading(name: str, touched: Touched) -> SinceGrading:
    """What the tool events after the last evaluation began say. The platform flattens folders to the last part."""
    if any(_flat(changed) == name for changed in touched.changed):
        return SinceGrading.CHANGED
    if touched.is_opaque or any(_flat(pending) == name for _, pending in touched.pending):
        return SinceGrading.UNKNOWN
    return SinceGrading.SAME


def _flat(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _durations(progress: Progress) -> Durations:
    if progress.started_at is None or progress.last_at is None:
        return Durations(working=None, grading=None, waiting_on_us=None, total=None)
    return Durations(
        working=max(0.0, progress.running_s - progress.grading_s),
        grading=progress.grading_s,
        waiting_on_us=progress.waiting_s,
        total=(progress.last_at - progress.started_at).total_seconds(),
    )
