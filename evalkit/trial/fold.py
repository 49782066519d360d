"""What is known of a session while it runs: a fold over its events, in order, each once.

`advance` is the only place where an event changes anything. The runner folds live to know when to stop; the record of
an ended trial is made from the same fold over the stored events, so resume, replay and reporting agree by construction.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from evalkit.trial import events
from evalkit.trial.events import Event, IdleReason, ToolKind, Usage
from evalkit.trial.model import Tokens, Verdict
from evalkit.trial.wire import NO_ANSWER, OUTPUTS


class Phase(StrEnum):
    """What the session is doing."""

    NEW = "new"
    WORKING = "working"
    GRADING = "grading"
    WAITING = "waiting"
    """Idle until the client answers."""
    IDLE = "idle"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The agent's own model requests over a stretch of the session."""

    tokens: Tokens = field(default_factory=Tokens)
    requests: tuple[Tokens, ...] = ()
    """Of each request whose tokens were stated."""
    unmetered: int = 0
    """Requests whose tokens were not stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One evaluation cycle so far."""

    iteration: int
    work: Work
    started_at: datetime | None
    graded_at: datetime | None
    ended_at: datetime | None = None
    was_graded: bool = False
    """The evaluation began; false where an interrupt ended one that never did."""
    verdict: Verdict | None = None
    word: str = ""
    explanation: str | None = None

    @property
    def is_ended(self) -> bool:
        return self.ended_at is not None or self.word != ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What happened to the files since the last evaluation began."""

    changed: frozenset[str] = frozenset()
    """Names below the outputs folder that a write or edit changed."""
    pending: tuple[tuple[str, str], ...] = ()
    """(event id, name) of writes and edits whose result is not yet known."""
    is_opaque: bool = False
    """A tool ran that may have changed any file: bash, custom and MCP tools do not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A session so far. Bounded by the number of iterations and open requests, not by the number of events."""

    phase: Phase = Phase.NEW
    outcome: events.OutcomeDefined | None = None
    cycles: tuple[Cycle, ...] = ()
    work: Work = field(default_factory=Work)
    """Since the last evaluation ended: towards the next one, or, after a terminal verdict, the extra turn."""
    work_started_at: datetime | None = None
    session_work: Work = field(default_factory=Work)
    """Since the session began."""
    open_calls: tuple[events.ToolUsed, ...] = ()
    """Custom tool calls and permission requests without an answer from us."""
    unanswered: tuple[tuple[str, str], ...] = ()
    """(tool, our words) of requests that nobody had an answer for. A rule's denial and a tool's error are answers."""
    threads: tuple[str, ...] = ()
    """Ids of child threads: other agents at work in this session. Their own requests are in their own event lists."""
    idle: events.Idle | None = None
    """The idle the session is in; None while it runs."""
    ended: events.Ended | None = None
    ended_early: bool = False
    """The session ended before it had settled."""
    last_error: events.ErrorReported | None = None
    usage: Usage | None = None
    """The snapshot directly before the idle the session is in: the only exact one. None as soon as it works again."""
    fresh_usage: Usage | None = None
    """A snapshot that is exact if the next event is an idle."""
    touched: Touched = field(default_factory=Touched)
    started_at: datetime | None = None
    last_at: datetime | None = None
    running_since: datetime | None = None
    waiting_since: datetime | None = None
    running_s: float = 0.0
    grading_s: float = 0.0
    waiting_s: float = 0.0

    @property
    def terminal(self) -> Cycle | None:
        """The cycle whose verdict is terminal; None before it."""
        last = self.cycles[-1] if self.cycles else None
        return last if last is not None and last.verdict is not None and last.verdict.is_terminal else None

    @property
    def is_settled(self) -> bool:
        """Nothing more will happen that anyone needs to wait for.

        A terminal verdict alone does not settle a trial: one more agent turn follows it, sometimes with tools.
        """
        if self.ended is not None:
            return True
        if self.idle is None or self.idle.reason is IdleReason.REQUIRES_ACTION:
            return False
        if self.idle.reason in _LASTING:
            return True
        return self.terminal is not None

    @property
    def is_stalled(self) -> bool:
        """Idle without a terminal verdict and with nothing to answer: the platform should go on, and may not."""
        return self.idle is not None and not self.is_settled and self.outcome is not None and not self.open_calls


_LASTING = {IdleReason.RETRIES_EXHAUSTED, IdleReason.BUDGET_REACHED, IdleReason.REFUSAL}


def fold(sequence: Iterable[Event]) -> Progress:
    """The progress after all events of `sequence`, in order."""
    progress = Progress()
    for event in sequence:
        progress = advance(progress, event)
    return progress


def advance(progress: Progress, event: Event) -> Progress:  # noqa: C901, PLR0911, PLR0912  # one arm a kind of event
    """The progress after one more event."""
    at = event.at
    if at is not None:
        progress = replace(progress, started_at=progress.started_at or at, last_at=at)
    if not isinstance(event, events.UsageReported | events.Idle | events.Other):
        progress = replace(progress, fresh_usage=None)
    match event:
        case events.Running():
            return _run(progress, at)
        case events.Idle():
            return _rest(progress, event)
        case events.Ended():
            early = progress.ended_early or not progress.is_settled
            return replace(_stop_clocks(progress, at), phase=Phase.ENDED, ended=event, ended_early=early)
        case events.ErrorReported():
            return replace(progress, last_error=event)
        case events.UsageReported():
            return replace(progress, fresh_usage=event.usage)
        case events.OutcomeDefined():
            return _define(progress, event)
        case events.EvaluationStarted():
            return _begin_grading(progress, event)
        case events.EvaluationEnded():
            return _end_grading(progress, event)
        case events.RequestEnded():
            return replace(
                progress,
                work=_add_request(progress.work, event.tokens),
                session_work=_add_request(progress.session_work, event.tokens),
            )
        case events.ToolUsed():
            return _use_tool(progress, event)
        case events.ToolReturned():
            return replace(progress, touched=_settle_touch(progress.touched, event))
        case events.Answered():
            return _take_answer(progress, event)
        case events.ThreadCreated():
            return replace(progress, threads=tuple(dict.fromkeys((*progress.threads, event.thread_id))))
        case events.Rescheduled() | events.EvaluationOngoing() | events.RequestStarted() | events.Other():
            return progress


def _define(progress: Progress, event: events.OutcomeDefined) -> Progress:
    if progress.outcome is not None and progress.outcome.outcome_id == event.outcome_id:
        return progress  # a queued echo, sent again with its time
    return replace(progress, outcome=event, cycles=(), work=Work(), work_started_at=event.at)


def _run(progress: Progress, at: datetime | None) -> Progress:
    waited = _seconds(progress.waiting_since, at)
    return replace(
        progress,
        phase=Phase.WORKING,
        idle=None,
        usage=None,
        running_since=progress.running_since or at,
        waiting_since=None,
        waiting_s=progress.waiting_s + waited,
    )


def _rest(progress: Progress, event: events.Idle) -> Progress:
    waits = event.reason is IdleReason.REQUIRES_ACTION
    stopped = _stop_clocks(progress, event.at)
    return replace(
        stopped,
        phase=Phase.WAITING if waits else Phase.IDLE,
        idle=event,
        usage=progress.fresh_usage or progress.usage,
        fresh_usage=None,
        waiting_since=event.at if waits else None,
    )


def _stop_clocks(progress: Progress, at: datetime | None) -> Progress:
    return replace(
        progress,
        running_since=None,
        waiting_since=None,
        running_s=progress.running_s + _seconds(progress.running_since, at),
        waiting_s=progress.waiting_s + _seconds(progress.waiting_since, at),
    )


def _begin_grading(progress: Progress, event: events.EvaluationStarted) -> Progress:
    cycle = Cycle(
        iteration=event.iteration,
        work=progress.work,
        started_at=progress.work_started_at,
        graded_at=event.at,
        was_graded=True,
    )
    return replace(progress, phase=Phase.GRADING, cycles=(*progress.cycles, cycle), work=Work(), touched=Touched())


def _end_grading(progress: Progress, event: events.EvaluationEnded) -> Progress:
    last = progress.cycles[-1] if progress.cycles else None
    if last is None or last.is_ended or last.iteration != event.iteration:
        # An interrupt ends an evaluation that never began: the cycle is the work so far.
        last = Cycle(iteration=event.iteration, work=progress.work, started_at=progress.work_started_at, graded_at=None)
        earlier = progress.cycles
    else:
        earlier = progress.cycles[:-1]
    ended = replace(last, ended_at=event.at, verdict=event.verdict, word=event.word, explanation=event.explanation)
    return replace(
        progress,
        phase=Phase.WORKING,
        cycles=(*earlier, ended),
        work=Work(),
        work_started_at=event.at,
        grading_s=progress.grading_s + _seconds(ended.graded_at, event.at),
    )


def _add_request(work: Work, tokens: Tokens | None) -> Work:
    if tokens is None:
        return replace(work, unmetered=work.unmetered + 1)
    return replace(work, tokens=work.tokens + tokens, requests=(*work.requests, tokens))


def _use_tool(progress: Progress, event: events.ToolUsed) -> Progress:
    needs_us = event.kind is ToolKind.CUSTOM or event.asks
    open_calls = (*progress.open_calls, event) if needs_us else progress.open_calls
    return replace(progress, open_calls=open_calls, touched=_touch(progress.touched, event))


def _touch(touched: Touched, event: events.ToolUsed) -> Touched:
    if event.path is not None:
        if not event.path.startswith(OUTPUTS):
            return touched
        return replace(touched, pending=(*touched.pending, (event.id, event.path.removeprefix(OUTPUTS))))
    if event.kind is not ToolKind.BUILT_IN or event.name not in _READERS:
        return replace(touched, is_opaque=True)
    return touched


_READERS = {"read", "glob", "grep", "web_fetch", "web_search"}
"""Built-in tools that change no file. Write and edit name their path; bash does not say."""


def _settle_touch(touched: Touched, event: events.ToolReturned) -> Touched:
    for use_id, name in touched.pending:
        if use_id == event.use_id:
            pending = tuple(item for item in touched.pending if item[0] != use_id)
            changed = touched.changed if event.is_error else touched.changed | {name}
            return replace(touched, pending=pending, changed=changed)
    return touched


def _take_answer(progress: Progress, event: events.Answered) -> Progress:
    asked = next((call for call in progress.open_calls if call.id == event.use_id), None)
    if asked is None:
        return progress
    unanswered = progress.unanswered
    if event.text.startswith(NO_ANSWER):
        unanswered = (*unanswered, (asked.name, event.text))
    return replace(
        progress,
        open_calls=tuple(call for call in progress.open_calls if call is not asked),
        unanswered=unanswered,
    )


def _seconds(since: datetime | None, until: datetime | None) -> float:
    """Seconds between two known times, never negative; 0 while either is unknown."""
    if since is None or until is None:
        return 0.0
    return max(0.0, (until - since).total_seconds())
