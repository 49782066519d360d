"""What can be made to go wrong, as a scenario or `--fault` says it; values only, and how often each has happened.

A fault that has `times` happens that often in each session; for requests that belong to no session, on the server.
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias, TypeVar

OPERATIONS: Final = (
    "create_session",
    "retrieve_session",
    "update_session",
    "archive_session",
    "delete_session",
    "list_sessions",
    "send_events",
    "list_events",
    "stream_events",
    "upload_file",
    "retrieve_file",
    "list_files",
    "download_file",
    "delete_file",
    "create_agent",
    "create_environment",
)
SERVER_OPERATIONS: Final = ("list_sessions", "upload_file", "create_agent", "create_environment")
"""Those that belong to no session; a fault of theirs belongs to the whole server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFault:
    """A request is answered with an error status before it is served."""

    status: int
    on: str
    """Name of the operation; one of `OPERATIONS`."""
    times: int
    retry_after_s: float | None
    """`retry-after` header; None sends none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A request waits before it is served."""

    on: str
    seconds: float
    """Real ones, whatever the time scale: a client's own timeouts are real too."""
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LostResponse:
    """A request is served, and its connection is reset before a byte of the answer is sent."""

    on: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncatedDownload:
    """A download's connection is closed before its end."""

    on: ClassVar[str] = "download_file"
    after_bytes: int
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DropStream:
    """A stream connection is cut, once, after so many events."""

    times: ClassVar[int] = 1
    after_event: int
    partial_frame: bool
    """Cut in the middle of the next frame, not between two."""
    reset: bool
    """The connection is reset; otherwise the answer ends as if it were complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatsOnly:
    """A stream that stays open and has no events: pings, and nothing else."""

    every_s: float
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LateEvents:
    """Every event of a stream comes later than it happened, by so many real seconds after the one before."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatEvent:
    """One event of every stream, counted from 1, is sent twice."""

    event: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputsListedAfter:
    """Delivered files are missing from the first listings of the session's files."""

    listings: int


class Becomes(StrEnum):
    """What the platform may make of a session at work."""

    TERMINATED = "terminated"
    RESCHEDULED = "rescheduled"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBecomes:
    """At the first step with so many events, a session at work is terminated, rescheduled or deleted."""

    after_event: int
    status: Becomes


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """At the first step with so many events, the session shows one of a type that no client knows."""

    after_event: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownVerdict:
    """The grader's word for one evaluation is one that no client knows."""

    iteration: int
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingFields:
    """Events of one type lack fields that they usually have."""

    type: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Requests in a minute, for the whole server: what is above is answered with 429 and `retry-after`."""

    creates: int
    """Agents, environments and sessions created."""
    others: int
    """Every other request."""


Fault: TypeAlias = (
    StatusFault
    | Delay
    | LostResponse
    | TruncatedDownload
    | DropStream
    | HeartbeatsOnly
    | LateEvents
    | RepeatEvent
    | OutputsListedAfter
    | SessionBecomes
    | UnknownEvent
    | UnknownVerdict
    | MissingFields
    | RateLimit
)
Counted: TypeAlias = StatusFault | Delay | LostResponse | TruncatedDownload | DropStream | HeartbeatsOnly
_F = TypeVar("_F")
_C = TypeVar("_C", bound=Counted)


def of_kind(faults: tuple[Fault, ...], kind: type[_F]) -> tuple[_F, ...]:
    """The faults of one kind, in order."""
    return tuple(fault for fault in faults if isinstance(fault, kind))


def without_missing(event: dict[str, object], faults: tuple[Fault, ...]) -> dict[str, object]:
    """The event as it is shown: without the fields that a fault takes away."""
    missing = {name for f in of_kind(faults, MissingFields) if f.type == event["type"] for name in f.fields}
    return {key: value for key, value in event.items() if key not in missing} if missing else event


class FaultCounts:
    """How often each counted fault has happened, and to whom."""

    def __init__(self) -> None:
        self._taken: Counter[tuple[str, object]] = Counter()
        self._listings: Counter[str] = Counter()

    def take(self, faults: tuple[_C, ...], whose: str) -> _C | None:
        """The first of these faults that is still due to `whose`, which has then happened once more."""
        before: Counter[object] = Counter()
        for fault in faults:
            # The same fault may stand twice in a scenario: it then happens twice as often.
            before[fault] += fault.times
            if self._taken[whose, fault] < before[fault]:
                self._taken[whose, fault] += 1
                return fault
        return None

    def hides_outputs(self, faults: tuple[Fault, ...], session_id: str, *, is_running: bool) -> bool:
        """Whether one more listing of a session's files lacks the outputs; only those after the end count."""
        late = max((fault.listings for fault in of_kind(faults, OutputsListedAfter)), default=0)
        if late and not is_running:
            self._listings[session_id] += 1
        return self._listings[session_id] <= late if late else False
