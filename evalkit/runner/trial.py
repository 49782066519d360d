"""One trial, a straight line: session, outcome, events to the end, files, checks, all of it on disk."""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from evalkit.artifact import Artifact
from evalkit.checks.result import CheckResult
from evalkit.claude.client import AsyncAnthropic
from evalkit.claude.files import ListingPatience, Uploads, download_outputs, list_outputs, settled_outputs
from evalkit.claude.provision import Provisioned
from evalkit.claude.sessions import (
    archive_session,
    define_outcome,
    interrupt_session,
    open_session,
    retrieve_session,
    send_answer,
    with_files,
)
from evalkit.claude.stream import CaughtUp, Follower, list_events
from evalkit.claude.threads import read_child_threads
from evalkit.errors import Boundary, MeasurementError, PlatformError, StoreError
from evalkit.runner.checking import check_task
from evalkit.runner.handlers import Handlers, ToolCall
from evalkit.runner.observer import Observer
from evalkit.runner.owed import Owed, next_after
from evalkit.store.attempts import Next
from evalkit.store.blobs import keep_blob
from evalkit.store.journal import Journal
from evalkit.suite.model import TrialPlan
from evalkit.trial.cost import session_cost
from evalkit.trial.events import EvaluationEnded
from evalkit.trial.fold import Progress, advance, fold
from evalkit.trial.model import Failure, SessionRecord
from evalkit.trial.record import Closing, Stop, decide_end
from evalkit.trial.wire import outcome_event, outcome_event_of_file, parse_event

_CENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the runner waits for a platform that may yet speak."""

    listing: ListingPatience
    stall_s: float
    """After an idle that nothing should follow, for the verdict that should have come."""
    silence_s: float
    """Between two events of a session at work; grading reports every half minute."""
    poll_s: float
    """Without a new event on the stream before the event list is asked: a stream may be open and dead."""
    interrupt_s: float = 60.0
    """For an interrupted session to come to rest."""
    abandon_s: float = 10.0
    """For the last words of a session that we leave behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything the trials of one run share."""

    run: str
    client: AsyncAnthropic
    journal: Journal
    uploads: Uploads
    provisioned: Mapping[str, Provisioned]
    """By variant name."""
    handlers: Handlers
    patience: Patience
    observer: Observer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What the run must know of an attempt that is over and on disk."""

    next: Next
    usd: Decimal | None
    """None when unknown."""


@dataclass(slots=True)
class _Following:
    """One attempt being followed: the only mutable value of the line."""

    progress: Progress = field(default_factory=Progress)
    stop: Stop | None = None
    mounted: frozenset[str] = frozenset()
    is_caught_up: bool = False
    """Nothing is answered before: an answer that was given already may stand later in the history."""
    is_defined: bool = False
    """The outcome was sent: its echo may be late, and a second one would be paid for."""
    answered: set[str] = field(default_factory=set)


async def run_attempt(bench: Bench, plan: TrialPlan, owed: Owed) -> Ended:
    """How the attempt ended; everything it brought is on disk.

    An attempt that an earlier process began goes on where that one stopped: its session is not created again, its
    outcome not defined again, and its events, files and checks are stored once.

    Raises:
        StoreError: the disk refused; nothing more should be started.
    """
    key, journal, number = plan.spec.key, bench.journal, owed.number
    if not owed.is_begun:
        journal.open_attempt(key, number)
    following = _Following()
    session_id: str | None = owed.session_id
    checks: Sequence[CheckResult] = ()
    try:
        session_id = await _open(bench, plan, owed, following)
        await _follow(bench, plan, owed, session_id, following)
        await _keep_threads(bench, plan, number, session_id, following.progress)
        closing = Closing(stop=following.stop)
        if _is_worth_fetching(following.progress, closing):
            artifacts = await _fetch(bench, plan, number, session_id, following.mounted)
            checks = await asyncio.to_thread(check_task, plan.task, journal.folder, artifacts)
    except MeasurementError as error:
        closing = Closing(failure=await _give_up(bench, plan, number, session_id, following, _failure(error)))
    except _ODD as error:
        closing = Closing(failure=await _give_up(bench, plan, number, session_id, following, _oddity(error)))
    except asyncio.CancelledError:
        # Without a session id nothing is closed: one may have been created, and a resumed run looks for it.
        if session_id is not None:
            await abandon_session(bench, plan, number, session_id)
            journal.close_attempt(key, number, (), Closing(stop=Stop.INTERRUPTED), Next.RESUME)
        raise
    except StoreError:
        if session_id is not None:
            with contextlib.suppress(StoreError):  # what cannot be kept must at least not go on being paid for
                await abandon_session(bench, plan, number, session_id)
        raise
    end, why = decide_end(following.progress, closing)
    following_up = next_after(end, why)
    journal.close_attempt(key, number, checks, closing, following_up)
    if session_id is not None:
        await archive_session(bench.client, session_id)
    bench.observer.attempt_ended(plan, number, following.progress, end, why)
    usd = session_cost(following.progress, plan.spec.priced_as).usd
    return Ended(next=following_up, usd=usd if session_id is not None else Decimal(0))


async def launch_attempt(bench: Bench, plan: TrialPlan, owed: Owed) -> Ended | None:
    """None once the attempt's session works by itself, which is on disk; how it ended where it could not be launched.

    Raises:
        StoreError: the disk refused; nothing more should be started.
    """
    key, journal, number = plan.spec.key, bench.journal, owed.number
    if not owed.is_begun:
        journal.open_attempt(key, number)
    try:
        session_id = await _open(bench, plan, owed, _Following())
        await _define(bench, plan, session_id)
    except MeasurementError as error:
        end, why = decide_end(Progress(), Closing(failure=_failure(error)))
        following_up = next_after(end, why)
        journal.close_attempt(key, number, (), Closing(failure=why), following_up)
        bench.observer.attempt_ended(plan, number, Progress(), end, why)
        return Ended(next=following_up, usd=None)
    return None


async def _open(bench: Bench, plan: TrialPlan, owed: Owed, following: _Following) -> str:
    """The id of the attempt's session, which is on disk: the one that waits for us, or a new one."""
    if owed.session_id is not None:
        session = await retrieve_session(bench.client, owed.session_id, _metadata(bench, plan, owed.number))
        following.mounted = _mounted(session)
        return owed.session_id
    number, provisioned = owed.number, bench.provisioned[plan.variant.name]
    files = await bench.uploads.ensure(plan.task.inputs)
    budget = plan.task.budget_usd
    session = await open_session(
        bench.client,
        provisioned,
        title=f"{plan.spec.suite}/{plan.task.id} {plan.variant.name} #{plan.spec.repeat}",
        metadata=_metadata(bench, plan, number),
        extras=with_files(plan.session, files),
        budget_cents=int(budget * _CENT) if budget is not None else None,
        may_exist_since=owed.opened_at,
    )
    session_id: str = session["id"]
    following.mounted = _mounted(session)
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


def _metadata(bench: Bench, plan: TrialPlan, number: int) -> Mapping[str, str]:
    """What marks the session as this attempt's: nothing else has the same."""
    return {**plan.session_metadata, "evalkit_run": bench.run, "evalkit_attempt": str(number)}


def _mounted(session: Mapping[str, Any]) -> frozenset[str]:
    """The ids under which the session's inputs are listed among its files."""
    return frozenset(item["file_id"] for item in session["resources"] if "file_id" in item)


async def _follow(bench: Bench, plan: TrialPlan, owed: Owed, session_id: str, following: _Following) -> None:
    """The session has settled, stalled, or used up its time; every event seen is in the journal."""
    patience = bench.patience
    deadline = time.monotonic() + _left_s(plan.task.timeout_s, owed.opened_at)
    async with Follower(bench.client, session_id, poll_s=patience.poll_s) as follower:
        while not following.progress.is_settled:
            item = await follower.next(_wait_s(following, patience, deadline))
            if isinstance(item, CaughtUp):
                following.is_caught_up = True
                if following.progress.outcome is None and not following.is_defined:
                    following.is_defined = True
                    await _define(bench, plan, session_id)
                await _answer(bench, plan, owed.number, session_id, following)
            elif item is not None:
                await _take(bench, plan, owed.number, session_id, following, item)
            elif following.progress.is_stalled:
                break
            elif not following.is_caught_up or time.monotonic() < deadline:
                raise follower.trouble or PlatformError(
                    f"{session_id}: no event for {patience.silence_s:.0f} s", cause="silent", may_retry=True
                )
            # Events that never end do not move the deadline; what the history says is read before it counts.
            if following.is_caught_up and time.monotonic() >= deadline and not following.progress.is_settled:
                if following.stop is not None:
                    break
                following.stop = Stop.TIME_LIMIT
                deadline = time.monotonic() + patience.interrupt_s
                await interrupt_session(bench.client, session_id)
    bench.journal.flush()


def _left_s(limit_s: float, opened_at: datetime | None) -> float:
    """Seconds of the task's time that are left to an attempt opened then; all of them to one that begins now."""
    if opened_at is None:
        return limit_s
    return min(limit_s, max(0.0, limit_s - (datetime.now(UTC) - opened_at).total_seconds()))


def _wait_s(following: _Following, patience: Patience, deadline: float) -> float:
    if not following.is_caught_up:
        return patience.silence_s
    left = max(0.0, deadline - time.monotonic())
    return min(left, patience.stall_s if following.progress.is_stalled else patience.silence_s)


async def _define(bench: Bench, plan: TrialPlan, session_id: str) -> None:
    task = plan.task
    if task.rubric_file_id is None:
        event = outcome_event(task.description, task.rubric.sent, task.max_iterations)
    else:
        event = outcome_event_of_file(task.description, task.rubric_file_id, task.max_iterations)
    await define_outcome(bench.client, session_id, event)


async def _take(
    bench: Bench, plan: TrialPlan, number: int, session_id: str, following: _Following, raw: Mapping[str, Any]
) -> None:
    """One event is stored, folded, and answered where it asks something of us."""
    bench.journal.append(plan.spec.key, number, [raw])
    event = parse_event(raw)
    following.progress = advance(following.progress, event)
    bench.observer.trial_moved(plan, number, following.progress)
    await _answer(bench, plan, number, session_id, following)
    if isinstance(event, EvaluationEnded) and following.is_caught_up:  # of an older one the files may have moved on
        await _note_graded_files(bench, plan, number, session_id, following.mounted, event.id)


async def _answer(bench: Bench, plan: TrialPlan, number: int, session_id: str, following: _Following) -> None:
    """Every request that waits for us has its answer."""
    if not following.is_caught_up:
        return
    for use in following.progress.open_calls:
        if use.id in following.answered:
            continue
        following.answered.add(use.id)
        call = ToolCall(
            id=use.id,
            tool=use.name,
            session=session_id,
            task=plan.task.id,
            variant=plan.variant.name,
            repeat=plan.spec.repeat,
            attempt=number,
        )
        await send_answer(bench.client, session_id, await bench.handlers.answer(plan.task, use, call))


async def _keep_threads(bench: Bench, plan: TrialPlan, number: int, session_id: str, progress: Progress) -> None:
    """What the session's other agents did is on disk."""
    if not progress.threads or progress.ended is not None:
        return
    try:
        threads = await read_child_threads(bench.client, session_id)
    except MeasurementError:
        return  # the verdict stands without it; only what each agent cost is then not known, and said so
    bench.journal.record_threads(plan.spec.key, number, threads)


async def _note_graded_files(
    bench: Bench, plan: TrialPlan, number: int, session_id: str, mounted: frozenset[str], evaluation: str
) -> None:
    """What the Files API lists at the verdict is stored; it tells whether the extra turn rewrote a file."""
    try:
        listing = await list_outputs(bench.client, session_id, mounted)
    except MeasurementError:
        listing = ()  # evidence only: without it the tool events alone say what changed
    bench.journal.record_listing(plan.spec.key, number, evaluation, listing)


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


async def _give_up(
    bench: Bench, plan: TrialPlan, number: int, session_id: str | None, following: _Following, failure: Failure
) -> Failure:
    """The failure, once the session it leaves behind is at rest. One that may still work is not tried again beside."""
    if session_id is None or following.progress.is_settled or failure.cause == "session_gone":
        return failure
    if await abandon_session(bench, plan, number, session_id) or not failure.may_retry:
        return failure
    message = f"{failure.message}; its session {session_id} may still be at work, so no second one was begun"
    return replace(failure, message=message, may_retry=False)


async def abandon_session(bench: Bench, plan: TrialPlan, number: int, session_id: str) -> bool:
    """True once the session was told to stop, came to rest and is archived, so that it does not bill unseen.

    Its last events, and with them what it cost, are stored where a few seconds suffice; False where they did not.
    """
    progress = Progress()
    try:
        async with asyncio.timeout(bench.patience.abandon_s):
            await interrupt_session(bench.client, session_id)
            while not progress.is_settled and progress.ended is None:
                raws = [raw async for raw in list_events(bench.client, session_id)]
                progress = fold(parse_event(raw) for raw in raws)
                bench.journal.append(plan.spec.key, number, raws)
                if progress.outcome is None:
                    break
                await asyncio.sleep(bench.patience.listing.step_s)
            await archive_session(bench.client, session_id)
    except (TimeoutError, MeasurementError, *_ODD):
        return False
    return True


_ODD = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
"""What an answer of the API without a promised part, or of another kind altogether, makes of our reading it."""


def _oddity(error: Exception) -> Failure:
    words = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return Failure(
        cause="malformed",
        boundary=Boundary.PLATFORM,
        message=f"an answer of the API could not be read ({words})",
        may_retry=False,
    )


def _failure(error: MeasurementError) -> Failure:
    return Failure(cause=error.cause, boundary=error.boundary, message=str(error), may_retry=error.may_retry)
