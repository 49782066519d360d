"""One trial, a straight line: session, outcome, events to the end, files, checks, all of it on disk."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalkit.artifact import Artifact
from evalkit.checks.result import CheckResult
from evalkit.claude.client import AsyncAnthropic
from evalkit.claude.files import ListingPatience, Uploads, download_outputs, list_outputs, settled_outputs
from evalkit.claude.provision import Provisioned
from evalkit.claude.sessions import archive_session, define_outcome, interrupt_session, open_session, send_answer
from evalkit.claude.stream import CaughtUp, Follower
from evalkit.errors import MeasurementError, PlatformError
from evalkit.runner.checking import check_task
from evalkit.runner.observer import Observer
from evalkit.store.blobs import keep_blob
from evalkit.store.journal import Journal
from evalkit.suite.model import TrialPlan
from evalkit.trial.events import EvaluationEnded
from evalkit.trial.fold import Progress, advance
from evalkit.trial.model import End, Failure, SessionRecord
from evalkit.trial.record import Closing, Stop, decide_end
from evalkit.trial.wire import outcome_event, parse_event, refusal_event

_NO_ANSWER = "this evaluation has no answer for that request; go on without it"
_SETTLE_AFTER_INTERRUPT_S = 60.0
_CENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the runner waits for a platform that may yet speak."""

    listing: ListingPatience
    stall_s: float
    """After an idle that nothing should follow, for the verdict that should have come."""
    silence_s: float
    """Between two events of a session at work; grading reports every half minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything the trials of one run share."""

    run: str
    client: AsyncAnthropic
    journal: Journal
    uploads: Uploads
    provisioned: Mapping[str, Provisioned]
    """By variant name."""
    patience: Patience
    observer: Observer


@dataclass(slots=True)
class _Following:
    """One attempt being followed: the only mutable value of the line."""

    progress: Progress = field(default_factory=Progress)
    stop: Stop | None = None
    mounted: frozenset[str] = frozenset()
    answered: set[str] = field(default_factory=set)


async def run_attempt(bench: Bench, plan: TrialPlan, number: int) -> tuple[End, Failure | None]:
    """How attempt `number` of the trial ended; everything it brought is on disk.

    Raises:
        StoreError: the disk refused; nothing more should be started.
    """
    key, journal = plan.spec.key, bench.journal
    journal.open_attempt(key, number)
    following = _Following()
    session_id: str | None = None
    checks: Sequence[CheckResult] = ()
    try:
        session_id = await _open(bench, plan, number, following)
        await _follow(bench, plan, number, session_id, following)
        closing = Closing(stop=following.stop)
        if _is_worth_fetching(following.progress, closing):
            artifacts = await _fetch(bench, plan, number, session_id, following.mounted)
            checks = await asyncio.to_thread(check_task, plan.task, journal.folder, artifacts)
    except MeasurementError as error:
        closing = Closing(failure=_failure(error))
    except asyncio.CancelledError:
        if session_id is not None:
            await _abandon(bench, session_id)
        journal.close_attempt(key, number, (), Closing(stop=Stop.INTERRUPTED))
        raise
    journal.close_attempt(key, number, checks, closing)
    if session_id is not None:
        await archive_session(bench.client, session_id)
    end, why = decide_end(following.progress, closing)
    bench.observer.attempt_ended(plan, number, following.progress, end, why)
    return end, why


async def _open(bench: Bench, plan: TrialPlan, number: int, following: _Following) -> str:
    provisioned = bench.provisioned[plan.variant.name]
    files = await bench.uploads.ensure(plan.task.inputs)
    budget = plan.task.budget_usd
    session = await open_session(
        bench.client,
        provisioned,
        title=f"{plan.spec.suite}/{plan.task.id} {plan.variant.name} #{plan.spec.repeat}",
        metadata={**plan.session_metadata, "evalkit_run": bench.run, "evalkit_attempt": str(number)},
        files=files,
        budget_cents=int(budget * _CENT) if budget is not None else None,
    )
    session_id: str = session["id"]
    following.mounted = frozenset(item["file_id"] for item in session["resources"] if "file_id" in item)
    bench.journal.record_session(
        plan.spec.key,
        number,
        SessionRecord(
            id=session_id,
            agent_id=provisioned.agent_id,
            agent_version=provisioned.agent_version,
            environment_id=provisioned.environment_id,
        ),
    )
    return session_id


async def _follow(bench: Bench, plan: TrialPlan, number: int, session_id: str, following: _Following) -> None:
    """The session has settled, stalled, or used up its time; every event seen is in the journal."""
    deadline = time.monotonic() + plan.task.timeout_s
    async with Follower(bench.client, session_id) as follower:
        while not following.progress.is_settled:
            item = await follower.next(_wait_s(following, bench.patience, deadline))
            if isinstance(item, CaughtUp):
                if following.progress.outcome is None:
                    await _define(bench, plan, session_id)
            elif item is not None:
                await _take(bench, plan, number, session_id, following, item)
            elif following.progress.is_stalled or following.stop is not None:
                break
            elif time.monotonic() >= deadline:
                following.stop = Stop.TIME_LIMIT
                deadline = time.monotonic() + _SETTLE_AFTER_INTERRUPT_S
                await interrupt_session(bench.client, session_id)
            else:
                raise PlatformError(
                    f"{session_id}: no event for {bench.patience.silence_s:.0f} s", cause="silent", may_retry=True
                )
    bench.journal.flush()


def _wait_s(following: _Following, patience: Patience, deadline: float) -> float:
    left = max(0.0, deadline - time.monotonic())
    return min(left, patience.stall_s if following.progress.is_stalled else patience.silence_s)


async def _define(bench: Bench, plan: TrialPlan, session_id: str) -> None:
    task = plan.task
    event = outcome_event(task.description, task.rubric.sent, task.max_iterations)
    await define_outcome(bench.client, session_id, event)


async def _take(
    bench: Bench, plan: TrialPlan, number: int, session_id: str, following: _Following, raw: Mapping[str, Any]
) -> None:
    """One event is stored, folded, and answered where it asks something of us."""
    bench.journal.append(plan.spec.key, number, [raw])
    event = parse_event(raw)
    following.progress = advance(following.progress, event)
    bench.observer.trial_moved(plan, number, following.progress)
    for call in following.progress.open_calls:
        if call.id not in following.answered:
            following.answered.add(call.id)
            await send_answer(bench.client, session_id, refusal_event(call, _NO_ANSWER))
    if isinstance(event, EvaluationEnded):
        await _note_graded_files(bench, plan, number, session_id, following.mounted)


async def _note_graded_files(
    bench: Bench, plan: TrialPlan, number: int, session_id: str, mounted: frozenset[str]
) -> None:
    """What the Files API lists at the verdict is stored; it tells whether the extra turn rewrote a file."""
    try:
        listing = await list_outputs(bench.client, session_id, mounted)
    except MeasurementError:
        listing = ()  # evidence only: without it the tool events alone say what changed
    bench.journal.record_listing(plan.spec.key, number, "graded", listing)


def _is_worth_fetching(progress: Progress, closing: Closing) -> bool:
    """Measured ends have files to check; a session that is gone or never got that far has none to trust."""
    end, _ = decide_end(progress, closing)
    return end.is_measured and progress.ended is None


async def _fetch(
    bench: Bench, plan: TrialPlan, number: int, session_id: str, mounted: frozenset[str]
) -> tuple[Artifact, ...]:
    """Every delivered file is on disk, and then named in the journal."""
    patience = bench.patience.listing
    listing = await settled_outputs(bench.client, session_id, mounted, plan.task.deliverables, patience)
    outputs = await download_outputs(bench.client, listing)
    artifacts = []
    for output in outputs:
        digest = await asyncio.to_thread(keep_blob, bench.journal.folder, output.content)
        artifacts.append(
            Artifact(name=output.name, sha256=digest, size_bytes=len(output.content), media_type=output.media_type)
        )
    bench.journal.record_listing(plan.spec.key, number, "final", listing)
    bench.journal.record_artifacts(plan.spec.key, number, artifacts)
    return tuple(artifacts)


async def _abandon(bench: Bench, session_id: str) -> None:
    """The session was told to stop and archived, so that it does not bill unseen; at most a few seconds are spent."""
    try:
        async with asyncio.timeout(10):
            await interrupt_session(bench.client, session_id)
            await archive_session(bench.client, session_id)
    except (TimeoutError, MeasurementError):
        return


def _failure(error: MeasurementError) -> Failure:
    return Failure(cause=error.cause, boundary=error.boundary, message=str(error), may_retry=error.may_retry)
