"""What the events of a session mean to us, one small type each.

`trial.wire` makes them from what the API sent. A kind we do not act on is an `Other`; nothing is dropped, because the
raw events are what the store keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from evalkit.trial.model import Tokens, Verdict


class ToolKind(StrEnum):
    """Who runs a tool."""

    BUILT_IN = "built_in"
    MCP = "mcp"
    CUSTOM = "custom"
    """The client: us."""


class IdleReason(StrEnum):
    """Why a session went idle, spelled as on the wire."""

    END_TURN = "end_turn"
    REQUIRES_ACTION = "requires_action"
    RETRIES_EXHAUSTED = "retries_exhausted"
    BUDGET_REACHED = "budget_reached"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Cumulative totals of a session, grader included."""

    tokens: Tokens | None
    """None when the snapshot does not state them."""
    cache_write_1h: int
    """The part of `tokens.cache_write` that was written for an hour."""
    active_seconds: float | None
    web_searches: int
    list_cost: Decimal | None
    """US dollars as billed so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    id: str
    at: datetime | None
    """`processed_at`; None while the event is queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running(_Event):
    """The session began to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescheduled(_Event):
    """A transient failure; the session will run again by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(_Event):
    """The session is over for good."""

    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle(_Event):
    """The session waits."""

    reason: IdleReason | None
    """None when the word is missing or new."""
    word: str
    awaits: tuple[str, ...] = ()
    """Ids of the events that the client must answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReported(_Event):
    """The session told of an error of its own."""

    kind: str
    message: str
    retry: str
    """`retrying`, `exhausted` or `terminal`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReported(_Event):
    """A snapshot of totals. Exact only directly before an idle."""

    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeDefined(_Event):
    """The outcome, echoed by the server."""

    outcome_id: str
    description: str
    rubric: str | None
    max_iterations: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationStarted(_Event):
    """The grader began."""

    outcome_id: str
    iteration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOngoing(_Event):
    """The grader is still at work."""

    iteration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationEnded(_Event):
    """The grader spoke."""

    outcome_id: str
    iteration: int
    verdict: Verdict | None
    """None when the word is not one we know."""
    word: str
    explanation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStarted(_Event):
    """The agent's model was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEnded(_Event):
    """The agent's model answered."""

    tokens: Tokens | None
    """None when the event does not state them."""
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUsed(_Event):
    """The agent called a tool."""

    kind: ToolKind
    name: str
    path: str | None
    """`file_path` of write and edit, where it is one."""
    asks: bool
    """The call waits for our permission."""
    input: Mapping[str, Any] = field(default_factory=dict)
    """What it was called with, where the client must answer it; empty for every other call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReturned(_Event):
    """The platform's answer to a built-in or MCP call."""

    use_id: str
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(_Event):
    """Our answer to a custom tool call or a permission request, echoed by the server."""

    use_id: str
    denied: bool
    is_error: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadCreated(_Event):
    """The coordinator gave work to another agent, in a thread of its own."""

    thread_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(_Event):
    """Anything else. `type` is as on the wire."""

    type: str


Event = (
    Running
    | Rescheduled
    | Ended
    | Idle
    | ErrorReported
    | UsageReported
    | OutcomeDefined
    | EvaluationStarted
    | EvaluationOngoing
    | EvaluationEnded
    | RequestStarted
    | RequestEnded
    | ToolUsed
    | ToolReturned
    | Answered
    | ThreadCreated
    | Other
)
