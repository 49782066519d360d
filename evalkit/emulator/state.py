"""What a session's journal says about it: a fold, applied entry by entry.

Nothing else about a session is kept anywhere. Dropping this value and folding the journal again gives the same value,
which is what lets a brain die and be woken. Each subagent's thread is a fold of its own inside the session's, over the
entries of kind `thread`; the session's own fold is at the same time that of its primary thread.
"""

from dataclasses import dataclass, field
from datetime import datetime

from evalkit.emulator.clock import Stopwatch, parse_stamp
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.outcome import Outcome, Phase
from evalkit.emulator.usage import Spend, Tokens

ENDS_TURN = ("end_turn", "retries_exhausted", "refusal")
"""Stop reasons after which nothing of the turn is left to answer."""
THREAD_MESSAGE = "agent.thread_message_received"
"""What a thread is told by another."""


@dataclass(slots=True, kw_only=True)
class SessionState:
    """The fold. Only `Journal.append` may apply an entry to it."""

    session: JsonObject = field(default_factory=dict)
    """The resource as created, with later patches: everything that is not derived below."""
    events: list[JsonObject] = field(default_factory=list)
    """What the list and the stream show, in order."""
    queued: list[JsonObject] = field(default_factory=list)
    """Accepted from the client and not yet processed, in order of arrival."""
    status: str = "idle"
    """The session's."""
    stop_reason: JsonObject | None = None
    """The session's."""
    thread_status: str = "idle"
    thread_stop_reason: JsonObject | None = None
    thread_stop_details: JsonObject | None = None
    """What the newest rest says besides its reason: of a refusal, its category."""
    threads: "dict[str, SessionState]" = field(default_factory=dict)
    """The subagents' threads by id, in order of creation."""
    is_deleted: bool = False
    pending: dict[str, JsonObject] = field(default_factory=dict)
    """Tool uses that wait for the client, by id."""
    answered: set[str] = field(default_factory=set)
    """Tool uses that the client has answered."""
    runnable: dict[str, JsonObject] = field(default_factory=dict)
    """Tool uses that have no result yet and wait for nobody."""
    denials: dict[str, str] = field(default_factory=dict)
    """Runnable uses that were denied, with the client's words."""
    open_request: str | None = None
    wants_request: bool = False
    """Something has arrived that the model has not seen."""
    outcomes: list[Outcome] = field(default_factory=list)
    phase: Phase = Phase.CHAT
    chats: int = 0
    """Turns begun without an outcome."""
    requests: int = 0
    """Model requests started in this turn."""
    turns: int = 0
    """Turns with a request before this one."""
    uncompacted: int = 0
    """Model requests ended since the context was last compacted."""
    cached_tokens: int = 0
    """Tokens that are in the prompt cache."""
    asks: int = 0
    """How often the thread went idle to ask since its last request."""
    spends: list[Spend] = field(default_factory=list)
    active: Stopwatch = field(default_factory=Stopwatch)
    """How long the session has been running."""
    thread_active: Stopwatch = field(default_factory=Stopwatch)
    last_usage: JsonObject | None = None
    """The newest `session.usage` snapshot."""
    owes_usage: bool = False
    """An evaluation has ended, and the snapshot that follows each has not come yet."""
    captured: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Output files by name: file id and SHA-256."""

    @property
    def outcome(self) -> Outcome | None:
        """The newest outcome, active or not."""
        return self.outcomes[-1] if self.outcomes else None

    @property
    def active_outcome(self) -> Outcome | None:
        """The outcome that still waits for a terminal verdict."""
        outcome = self.outcome
        return outcome if outcome is not None and outcome.is_active else None

    @property
    def thread_id(self) -> str | None:
        """The thread that this fold is of."""
        thread_id = self.session.get("thread_id")
        return thread_id if isinstance(thread_id, str) else None

    @property
    def is_over(self) -> bool:
        """Terminated, archived or deleted: nothing will happen any more."""
        if self.is_deleted or self.session["archived_at"] is not None:
            return True
        return "terminated" in (self.status, self.thread_status)

    @property
    def is_unfinished(self) -> bool:
        """Whether the thread is at work, or waits for the client or for money."""
        if self.is_over:
            return False
        return self.thread_status != "idle" or bool(self.queued) or self.thread_stop not in (None, *ENDS_TURN)

    @property
    def awaits_threads(self) -> bool:
        """Whether a subagent's report is still to come."""
        return any(thread.is_unfinished for thread in self.threads.values())

    @property
    def is_quiet(self) -> bool:
        """Whether no thread works or is about to, so that only a client can move the session."""
        if any(self._has_work(thread) for thread in (self, *self.threads.values())):
            return False
        return self.thread_stop != "end_turn" or self.active_outcome is None or self.awaits_threads

    @property
    def stop(self) -> str | None:
        """The word of the session's newest stop reason."""
        return None if self.stop_reason is None else str(self.stop_reason["type"])

    @property
    def thread_stop(self) -> str | None:
        """The word of the thread's newest stop reason."""
        return None if self.thread_stop_reason is None else str(self.thread_stop_reason["type"])

    @property
    def turn(self) -> str:
        """A name for the present turn that no other turn of the session has."""
        outcome = self.outcome
        if self.phase is Phase.CHAT or outcome is None:
            return f"{self.session.get('place', '')}chat{self.chats}"
        place = f"outcome{len(self.outcomes) - 1}"
        return f"{place}.after" if self.phase is Phase.AFTER_VERDICT else f"{place}.iteration{outcome.iteration}"

    def running_s(self, now: datetime) -> float:
        """Seconds up to `now` that the session has been running."""
        return self.active.read(now)

    def apply(self, kind: str, body: JsonObject) -> None:
        """The state after one more journal entry."""
        match kind:
            case "created":
                self.session = body
            case "patched":
                self.session = self.session | body
            case "queued" | "flushed":
                self.queued = [*self.queued, body] if kind == "queued" else []
            case "feedback":
                self._told(body)
            case "grader_usage":
                self._spent(body, parse_stamp(str(body["at"])))
            case "captured" | "lost":
                self.captured.pop(str(body["name"]), None)
                if kind == "captured":
                    self.captured[str(body["name"])] = (str(body["file_id"]), str(body["sha256"]))
            case "thread":
                self._of_thread(body)
            case "event":
                self._event(body, str(body["type"]), str(body["id"]))
            case _:
                raise ValueError(kind)

    def _of_thread(self, body: JsonObject) -> None:
        entry = body["entry"]
        thread = self.threads.setdefault(str(body["thread_id"]), SessionState())
        thread.apply(str(body["kind"]), entry if isinstance(entry, dict) else {})

    def _told(self, body: JsonObject) -> None:
        outcome = self.outcomes[-1]
        wanting = body["not_met"]
        outcome.not_met = (*outcome.not_met, frozenset(map(str, wanting)) if isinstance(wanting, list) else frozenset())

    def _spent(self, usage: JsonObject, at: datetime) -> None:
        counts = {name: count for name in Tokens.__dataclass_fields__ if isinstance(count := usage[name], int)}
        self.spends.append(Spend(tokens=Tokens(**counts), day=at.date()))

    def _event(self, event: JsonObject, kind: str, event_id: str) -> None:
        self.events.append(event)
        if self.queued:
            self.queued = [waiting for waiting in self.queued if waiting["id"] != event_id]
        if event.get("session_thread_id") not in (None, self.thread_id) and kind != "user.interrupt":
            # Shown here and done in another thread.
            return
        match kind.partition(".")[0]:
            case "user" | "system":
                self._client_event(event, kind)
            case "agent":
                self._agent_event(event, kind, event_id)
            case "span":
                self._span_event(event, kind, event_id)
            case "session":
                self._session_event(event, kind)

    def _client_event(self, event: JsonObject, kind: str) -> None:
        match kind:
            case "user.define_outcome":
                self._outcome_defined(event)
            case "user.tool_confirmation":
                use_id = str(event["tool_use_id"])
                self.answered.add(use_id)
                self.runnable[use_id] = self.pending.pop(use_id)
                if event["result"] == "deny":
                    self.denials[use_id] = str(event.get("deny_message") or "")
            case "user.custom_tool_result":
                use_id = str(event["custom_tool_use_id"])
                if self.pending.pop(use_id, None) is not None:
                    self.answered.add(use_id)
                    self.wants_request = True
            case "user.message" | "system.message":
                self.wants_request = True

    def _outcome_defined(self, event: JsonObject) -> None:
        rubric = event["rubric"]
        most = event["max_iterations"]
        self.outcomes.append(
            Outcome(
                outcome_id=str(event["outcome_id"]),
                description=str(event["description"]),
                rubric=str(rubric["content"]) if isinstance(rubric, dict) else "",
                max_iterations=most if isinstance(most, int) else 0,
            )
        )
        self._turn_begins(Phase.DRAFT)
        self.wants_request = True

    def _agent_event(self, event: JsonObject, kind: str, event_id: str) -> None:
        match kind:
            case "agent.custom_tool_use":
                self.pending[event_id] = event
            case "agent.thread_message_received":
                self.wants_request = True
            case "agent.thread_context_compacted":
                self.uncompacted = 0
                self.cached_tokens = 0
            case "agent.tool_use" | "agent.mcp_tool_use":
                waits = event["evaluated_permission"] == "ask"
                (self.pending if waits else self.runnable)[event_id] = event
                if event["evaluated_permission"] == "deny":
                    self.denials[event_id] = ""
            case "agent.tool_result" | "agent.mcp_tool_result":
                use_id = str(event["tool_use_id" if kind == "agent.tool_result" else "mcp_tool_use_id"])
                for waiting in (self.pending, self.runnable, self.denials):
                    waiting.pop(use_id, None)
                self.wants_request = True

    def _span_event(self, event: JsonObject, kind: str, event_id: str) -> None:
        outcome = self.outcome
        match kind:
            case "span.model_request_start":
                self.open_request = event_id
                self.wants_request = False
                self.requests += 1
                self.asks = 0
                if outcome is not None and outcome.is_active:
                    outcome.result = "running"
            case "span.model_request_end":
                self.open_request = None
                self.uncompacted += 1
                usage = event["model_usage"]
                if isinstance(usage, dict):
                    self._spent(usage, parse_stamp(str(event["processed_at"])))
                    self.cached_tokens += self.spends[-1].tokens.cache_creation_input_tokens
            case "span.outcome_evaluation_start" if outcome is not None:
                outcome.result = "evaluating"
                outcome.evaluation_id = event_id
            case "span.outcome_evaluation_end" if outcome is not None:
                self._evaluated(outcome, event)

    def _evaluated(self, outcome: Outcome, event: JsonObject) -> None:
        verdict = str(event["result"])
        self.owes_usage = verdict != "interrupted"
        outcome.evaluation_id = None
        outcome.explanation = str(event["explanation"])
        if verdict == "needs_revision":
            outcome.result = "running"
            outcome.iteration += 1
            self._turn_begins(Phase.DRAFT)
        else:
            outcome.result = verdict
            outcome.completed_at = str(event["processed_at"])
            self._turn_begins(Phase.AFTER_VERDICT)
        self.wants_request = verdict != "interrupted"

    def _session_event(self, event: JsonObject, kind: str) -> None:
        at = parse_stamp(str(event["processed_at"]))
        reason = event.get("stop_reason")
        match kind:
            case "session.status_running":
                self.status, self.stop_reason = "running", None
                self.active.start(at)
            case "session.status_idle" | "session.status_terminated":
                self.status = "idle" if kind == "session.status_idle" else "terminated"
                self.stop_reason = reason if isinstance(reason, dict) else None
                self.active.stop(at)
            case "session.thread_status_running":
                self.thread_status, self.thread_stop_reason = "running", None
                self.thread_active.start(at)
            case "session.thread_status_idle" | "session.thread_status_terminated":
                self.thread_status = "idle" if kind == "session.thread_status_idle" else "terminated"
                self.thread_stop_reason = reason if isinstance(reason, dict) else None
                details = event.get("stop_details")
                self.thread_stop_details = details if isinstance(details, dict) else None
                self.thread_active.stop(at)
                self._thread_rests()
            case "session.status_rescheduled":
                self.status = "rescheduling"
                self.active.stop(at)
            case "session.thread_status_rescheduled":
                self.thread_status = "rescheduling"
                self.thread_active.stop(at)
            case "session.usage":
                usage = event["usage"]
                self.last_usage = usage if isinstance(usage, dict) else None
                self.owes_usage = False
            case "session.deleted":
                self.is_deleted = True

    def _thread_rests(self) -> None:
        """Where the turn is over, nothing of it is left; a coordinator that awaits reports has its turn still."""
        if self.thread_stop == "requires_action":
            self.asks += 1
        is_dead = self.thread_status == "terminated" or self.thread_stop in ("retries_exhausted", "refusal")
        if not is_dead and self.thread_stop != "end_turn":
            return
        self.pending.clear()
        self.runnable.clear()
        self.denials.clear()
        self.open_request = None
        outcome = self.active_outcome
        # A coordinator that awaits reports goes on with its turn, whether they come or not.
        self.wants_request = outcome is not None and not is_dead
        if self.wants_request:
            return
        if outcome is not None:
            outcome.is_given_up = True
        self._turn_begins(Phase.CHAT)
        self.chats += 1

    def _turn_begins(self, phase: Phase) -> None:
        self.phase = phase
        self.turns += self.requests > 0
        self.requests = 0

    @staticmethod
    def _has_work(thread: "SessionState") -> bool:
        return not thread.is_over and (
            thread.thread_status != "idle" or any(event["type"] == THREAD_MESSAGE for event in thread.queued)
        )
