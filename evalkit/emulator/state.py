"""What a session's journal says about it: a fold, applied entry by entry.

Nothing else about a session is kept anywhere. Dropping this value and folding the journal again gives the same value,
which is what lets a brain die and be woken.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from evalkit.emulator.clock import parse_stamp
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.usage import Spend, Tokens

ENDS_TURN = ("end_turn", "retries_exhausted")
"""Stop reasons after which nothing of the turn is left to answer."""


class Phase(StrEnum):
    """What the agent's present turn is for."""

    CHAT = "chat"
    DRAFT = "draft"
    """Work towards an outcome, the first or a revision."""
    AFTER_VERDICT = "after_verdict"
    """The extra turn that follows a terminal verdict."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """One `user.define_outcome`, and how far it has come."""

    outcome_id: str
    description: str
    rubric: str
    max_iterations: int
    iteration: int = 0
    result: str = "pending"
    """As in the session's `outcome_evaluations`: pending, running, evaluating, then a terminal verdict."""
    explanation: str | None = None
    completed_at: str | None = None
    evaluation_id: str | None = None
    """The evaluation that has started and not ended."""
    not_met: tuple[frozenset[str], ...] = ()
    """Criteria that the grader found wanting, one set an evaluation: what the agent was told."""
    is_given_up: bool = False
    """The session ran out of retries while it was active; the platform's final word for that is not known."""

    @property
    def is_active(self) -> bool:
        """Whether it still waits for a terminal verdict."""
        return self.completed_at is None and not self.is_given_up

    def as_resource(self) -> JsonObject:
        """Its item of `outcome_evaluations`."""
        return {
            "type": "outcome_evaluation",
            "outcome_id": self.outcome_id,
            "description": self.description,
            "iteration": self.iteration,
            "result": self.result,
            "explanation": self.explanation,
            "completed_at": self.completed_at,
        }


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
    stop_reason: JsonObject | None = None
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
    spends: list[Spend] = field(default_factory=list)
    active_s: float = 0.0
    """Running time up to the last idle."""
    running_since: datetime | None = None
    last_usage: JsonObject | None = None
    """The newest `session.usage` snapshot."""
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
    def is_over(self) -> bool:
        """Terminated, archived or deleted: nothing will happen any more."""
        return self.is_deleted or self.status == "terminated" or self.session["archived_at"] is not None

    @property
    def stop(self) -> str | None:
        """The word of the newest stop reason."""
        return None if self.stop_reason is None else str(self.stop_reason["type"])

    @property
    def turn(self) -> str:
        """A name for the present turn that no other turn of the session has."""
        outcome = self.outcome
        if self.phase is Phase.CHAT or outcome is None:
            return f"chat{self.chats}"
        place = f"outcome{len(self.outcomes) - 1}"
        return f"{place}.after" if self.phase is Phase.AFTER_VERDICT else f"{place}.iteration{outcome.iteration}"

    def running_s(self, now: datetime) -> float:
        """Running seconds up to `now`."""
        if self.running_since is None:
            return self.active_s
        return self.active_s + (now - self.running_since).total_seconds()

    def apply(self, kind: str, body: JsonObject) -> None:
        """The state after one more journal entry."""
        match kind:
            case "created":
                self.session = body
            case "patched":
                self.session = self.session | body
            case "queued":
                self.queued.append(body)
            case "flushed":
                self.queued.clear()
            case "feedback":
                self._told(body)
            case "grader_usage":
                self._spent(body, parse_stamp(str(body["at"])))
            case "captured":
                self.captured[str(body["name"])] = (str(body["file_id"]), str(body["sha256"]))
            case "lost":
                self.captured.pop(str(body["name"]), None)
            case "event":
                self.events.append(body)
                self._event(body, str(body["type"]), str(body["id"]))
            case _:
                raise ValueError(kind)

    def _told(self, body: JsonObject) -> None:
        outcome = self.outcomes[-1]
        wanting = body["not_met"]
        outcome.not_met = (*outcome.not_met, frozenset(map(str, wanting)) if isinstance(wanting, list) else frozenset())

    def _spent(self, usage: JsonObject, at: datetime) -> None:
        counts = {name: count for name in Tokens.__dataclass_fields__ if isinstance(count := usage[name], int)}
        self.spends.append(Spend(tokens=Tokens(**counts), day=at.date()))

    def _event(self, event: JsonObject, kind: str, event_id: str) -> None:
        if self.queued:
            self.queued = [waiting for waiting in self.queued if waiting["id"] != event_id]
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
            case "agent.tool_use":
                waits = event["evaluated_permission"] == "ask"
                (self.pending if waits else self.runnable)[event_id] = event
                if event["evaluated_permission"] == "deny":
                    self.denials[event_id] = ""
            case "agent.tool_result":
                use_id = str(event["tool_use_id"])
                self.runnable.pop(use_id, None)
                self.denials.pop(use_id, None)
                self.wants_request = True

    def _span_event(self, event: JsonObject, kind: str, event_id: str) -> None:
        outcome = self.outcome
        match kind:
            case "span.model_request_start":
                self.open_request = event_id
                self.wants_request = False
                self.requests += 1
                if outcome is not None and outcome.is_active:
                    outcome.result = "running"
            case "span.model_request_end":
                self.open_request = None
                usage = event["model_usage"]
                if isinstance(usage, dict):
                    self._spent(usage, parse_stamp(str(event["processed_at"])))
            case "span.outcome_evaluation_start" if outcome is not None:
                outcome.result = "evaluating"
                outcome.evaluation_id = event_id
            case "span.outcome_evaluation_end" if outcome is not None:
                self._evaluated(outcome, event)

    def _evaluated(self, outcome: Outcome, event: JsonObject) -> None:
        verdict = str(event["result"])
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
        match kind:
            case "session.status_running":
                self.status = "running"
                self.running_since = at
                self.stop_reason = None
            case "session.status_idle" | "session.status_terminated":
                self.active_s = self.running_s(at)
                self.running_since = None
                self.status = "idle" if kind == "session.status_idle" else "terminated"
                reason = event.get("stop_reason")
                self.stop_reason = reason if isinstance(reason, dict) else None
                if self.stop in ENDS_TURN or self.status == "terminated":
                    self._turn_is_over()
            case "session.usage":
                usage = event["usage"]
                self.last_usage = usage if isinstance(usage, dict) else None
            case "session.deleted":
                self.is_deleted = True

    def _turn_begins(self, phase: Phase) -> None:
        self.phase = phase
        self.requests = 0

    def _turn_is_over(self) -> None:
        self.pending.clear()
        self.runnable.clear()
        self.denials.clear()
        self.open_request = None
        self.wants_request = False
        outcome = self.active_outcome
        if outcome is not None:
            outcome.is_given_up = True
        self._turn_begins(Phase.CHAT)
        self.chats += 1
