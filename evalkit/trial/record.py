"""From what was stored to the record of a trial: the one place where the three answers and the end are decided.

The rules are those of ARCHITECTURE.md, "Measurement". They read the events first; what events cannot tell (a download
that failed, our own time limit) the runner wrote down as a `Closing`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from evalkit.artifact import Artifact
from evalkit.checks.result import CheckResult, Status
from evalkit.errors import Boundary
from evalkit.rubric.contract import CriterionState, parse_explanation
from evalkit.rubric.document import read_criteria
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
from evalkit.trial.threads import in_order, thread_record


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
    threads: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]] = ()
    """Child threads as the API sent them, each with its own event list."""


def build_record(spec: TrialSpec, attempt: Attempt) -> TrialRecord:
    """The record of one attempt: pure, so a better fold improves old reports."""
    progress = fold(attempt.events)
    spec = _with_rubric_of(progress, spec)
    on = progress.started_at.date() if progress.started_at is not None else None
    threads = in_order([thread_record(raw, events, on) for raw, events in attempt.threads], progress.threads)
    end, failure = decide_end(progress, attempt.closing) if attempt.closing is not None else (End.NOT_RUN, None)
    verdict = progress.terminal.verdict if progress.terminal is not None else None
    satisfied = None if verdict in {None, Verdict.INTERRUPTED} else verdict is Verdict.SATISFIED
    required = _required(spec, attempt.checks)
    graded = [cycle for cycle in progress.cycles if cycle.was_graded]
    first = next((cycle.verdict for cycle in graded if cycle.iteration == 0), None)
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
        verified=_verified(required),
        ok=_ok(end, satisfied, required),
        first_draft=first is Verdict.SATISFIED if first not in {None, Verdict.INTERRUPTED} else None,
        end=end,
        failure=failure,
        iterations=tuple(_iteration(spec, progress, cycle) for cycle in graded),
        checks=attempt.checks,
        artifacts=tuple(_artifact(item, progress, attempt.regraded) for item in attempt.artifacts),
        cost=session_cost(progress, spec.priced_as, threads),
        time_s=_durations(progress),
        started_at=progress.started_at,
        ended_at=progress.last_at,
        unanswered=tuple(Unanswered(tool=tool, answer=answer) for tool, answer in progress.unanswered),
        threads=threads,
    )


def _with_rubric_of(progress: Progress, spec: TrialSpec) -> TrialSpec:
    """The spec, with the rubric as the session shows it where only the platform had its text."""
    sent = progress.outcome.rubric if progress.outcome is not None else None
    if spec.rubric_text is not None or sent is None:
        return spec
    digest = sha256(sent.encode()).hexdigest()
    return replace(spec, rubric_text=sent, criteria=read_criteria(sent), hashes=replace(spec.hashes, rubric=digest))


def decide_end(progress: Progress, closing: Closing) -> tuple[End, Failure | None]:
    """How a closed attempt ended, and why it could not be measured where it was not."""
    if closing.failure is not None:
        return End.UNMEASURED, closing.failure
    if _is_unmeasured(progress, closing):
        return End.UNMEASURED, _failure(progress)
    if progress.terminal is not None and progress.terminal.verdict is not Verdict.INTERRUPTED:
        return End.VERDICT, None
    if closing.stop is not None:
        return (End.LIMIT if closing.stop is Stop.TIME_LIMIT else End.NOT_RUN), None
    if progress.terminal is not None:
        return End.NOT_RUN, None
    reason = progress.idle.reason if progress.idle is not None else None
    if reason is IdleReason.REFUSAL:
        return End.REFUSED, None
    if reason is IdleReason.BUDGET_REACHED:
        return End.LIMIT, None
    return End.UNMEASURED, _failure(progress)


def _is_unmeasured(progress: Progress, closing: Closing) -> bool:
    """Ends that no verdict and no limit of ours can turn into a measurement."""
    if _strange_word(progress) is not None or progress.ended_early:
        return True
    # A platform that never began cannot have let the agent run into the task's time limit.
    return closing.stop is Stop.TIME_LIMIT and progress.outcome is None


def _strange_word(progress: Progress) -> str | None:
    return next((cycle.word for cycle in progress.cycles if cycle.is_ended and cycle.verdict is None), None)


def _failure(progress: Progress) -> Failure:
    """Why a session could not be measured, from its events."""
    error = progress.last_error
    reason = progress.idle.reason if progress.idle is not None else None
    said = f": {error.kind}: {error.message}" if error is not None else ""
    strange = _strange_word(progress)
    if strange is not None:
        return _platform("unknown_verdict", f"the grader's word {strange!r} is not one this version knows", retry=False)
    if progress.ended is not None:
        cause = "deleted" if progress.ended.deleted else "terminated"
        return _platform(cause, f"the session was {cause} before it had settled{said}", retry=True)
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


def _required(spec: TrialSpec, checks: Sequence[CheckResult]) -> frozenset[Status]:
    """The statuses of all required checks. One that has no result could not be measured, whatever the others say."""
    found = {check.status for check in checks if check.required}
    # A check that runs a file of tests has a result for each, `id::test`.
    answered = {check.id.split("::", maxsplit=1)[0] for check in checks}
    if any(check.required and check.id not in answered for check in spec.checks):
        found.add(Status.ERRORED)
    return frozenset(found)


def _verified(required: frozenset[Status]) -> bool | None:
    if Status.FAILED in required:
        return False
    if Status.ERRORED in required or Status.PASSED not in required:
        return None
    return True


def _ok(end: End, satisfied: bool | None, required: frozenset[Status]) -> bool | None:  # noqa: FBT001  # three-valued
    """Three-valued AND of `satisfied` and every required check: one known false decides, else one unknown."""
    if end in {End.REFUSED, End.LIMIT}:
        return False
    if end is not End.VERDICT:
        return None
    if satisfied is False or Status.FAILED in required:
        return False
    return None if satisfied is None or Status.ERRORED in required else True


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
        # With other agents at work, the cycle's own requests are only a part of what it cost.
        agent_usd=iteration_cost(cycle.work, spec.priced_as, on) if not progress.threads else None,
        grader_usd=None,
        tokens=cycle.work.tokens,
    )


def _artifact(artifact: Artifact, progress: Progress, regraded: Mapping[str, SinceGrading]) -> ArtifactRecord:
    since = regraded.get(artifact.name)
    if since is None:
        was_graded = any(cycle.was_graded for cycle in progress.cycles)
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
