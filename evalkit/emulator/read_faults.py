"""Faults, read from YAML: one mapping a fault, its kind is the first key.

{status: 429, on: create_session, times: 2, retry_after_s: 1}     {delay: {on: list_files, seconds: 2, times: 3}}
{lost_response: {on: send_events, times: 1}}                      {truncated_download: {after_bytes: 10, times: 1}}
{drop_stream: {after_event: 12, partial_frame: true, reset: true}}
{heartbeats_only: {every_s: 5, times: 1}}   {late_events: {seconds: 0.5}}   {repeat_event: {event: 3}}
{outputs_listed_after: 2}
{session_becomes: {after_event: 9, status: terminated}}           # or rescheduled, deleted
{unknown_event: {after_event: 9, type: agent.telepathy}}          {unknown_verdict: {iteration: 0, word: splendid}}
{missing_fields: {type: session.usage, fields: [usage]}}
{rate_limit: {creates: 60, others: 600}}                          # of the whole server
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from evalkit.emulator.faults import (
    OPERATIONS,
    SERVER_OPERATIONS,
    Becomes,
    Delay,
    DropStream,
    Fault,
    HeartbeatsOnly,
    LateEvents,
    LostResponse,
    MissingFields,
    OutputsListedAfter,
    RateLimit,
    RepeatEvent,
    SessionBecomes,
    StatusFault,
    TruncatedDownload,
    UnknownEvent,
    UnknownVerdict,
)
from evalkit.emulator.strict_yaml import Document, Problem, Value

T = TypeVar("T")
_MOST_EVENTS: Final = 100_000
_EVENT_TYPE: Final = re.compile(r"[a-z]+(\.[a-z]+(_[a-z]+)*)+")


def parse_fault(text: str) -> Fault | list[Problem]:
    """The fault that a line of YAML describes, or everything that is wrong with it."""
    document = Document(Path("--fault"), text.encode())
    if document.root is None:
        return document.problems
    fault = read_server_fault(document.root)
    return document.problems or fault


def read_server_fault(value: Value) -> Fault:
    """The fault of a whole server that one item describes."""
    return _read(value, OPERATIONS)


def read_session_fault(value: Value) -> Fault:
    """The fault of one kind of session that one item describes."""
    fault = _read(value, tuple(name for name in OPERATIONS if name not in SERVER_OPERATIONS))
    if isinstance(fault, RateLimit):
        value.wrong("rate_limit of one kind of session; move it to the scenario's own 'faults'")
    return fault


def _read(value: Value, operations: tuple[str, ...]) -> Fault:
    kind = next((key.text() for key, _ in value.entries()), "")
    if kind == "outputs_listed_after":
        return OutputsListedAfter(listings=value.fields((kind,)).take(kind, 1, lambda v: v.whole(1, 1000)))
    reader = _READERS.get(kind)
    if reader is not None:
        return value.fields((kind,)).take(kind, _NOTHING, lambda v: reader(v, operations))
    return _read_status(value, operations)


def _read_status(value: Value, operations: tuple[str, ...]) -> Fault:
    at = value.fields(("status", "on", "times", "retry_after_s"), needed=("status", "on"))
    return StatusFault(
        status=at.take("status", 500, lambda v: v.whole(400, 599)),
        on=at.take("on", OPERATIONS[0], lambda v: v.choice(operations)),
        times=at.take("times", 1, _times),
        retry_after_s=at.take("retry_after_s", None, lambda v: v.number(0, 3600)),
    )


def _read_delay(value: Value, operations: tuple[str, ...]) -> Fault:
    at = value.fields(("on", "seconds", "times"), needed=("on", "seconds"))
    return Delay(
        on=at.take("on", OPERATIONS[0], lambda v: v.choice(operations)),
        seconds=at.take("seconds", 0.0, _seconds),
        times=at.take("times", 1, _times),
    )


def _read_lost(value: Value, operations: tuple[str, ...]) -> Fault:
    at = value.fields(("on", "times"), needed=("on",))
    return LostResponse(
        on=at.take("on", OPERATIONS[0], lambda v: v.choice(operations)), times=at.take("times", 1, _times)
    )


def _read_truncated(value: Value, _: tuple[str, ...]) -> Fault:
    at = value.fields(("after_bytes", "times"), needed=("after_bytes",))
    return TruncatedDownload(
        after_bytes=at.take("after_bytes", 0, lambda v: v.whole(0, 2**31)), times=at.take("times", 1, _times)
    )


def _read_drop(value: Value, _: tuple[str, ...]) -> Fault:
    at = value.fields(("after_event", "partial_frame", "reset"), needed=("after_event",))
    return DropStream(
        after_event=at.take("after_event", 1, _event),
        partial_frame=at.take("partial_frame", False, Value.flag),
        reset=at.take("reset", False, Value.flag),
    )


def _read_heartbeats(value: Value, _: tuple[str, ...]) -> Fault:
    at = value.fields(("every_s", "times"), needed=("every_s",))
    return HeartbeatsOnly(
        every_s=at.take("every_s", 1.0, lambda v: v.number(0.01, 3600)), times=at.take("times", 1, _times)
    )


def _read_late(value: Value, _: tuple[str, ...]) -> Fault:
    return LateEvents(seconds=value.fields(("seconds",), needed=("seconds",)).take("seconds", 0.0, _seconds))


def _read_repeat(value: Value, _: tuple[str, ...]) -> Fault:
    return RepeatEvent(event=value.fields(("event",), needed=("event",)).take("event", 1, _event))


def _read_becomes(value: Value, _: tuple[str, ...]) -> Fault:
    at = value.fields(("after_event", "status"), needed=("after_event", "status"))
    return SessionBecomes(
        after_event=at.take("after_event", 1, _event),
        status=Becomes(at.take("status", "terminated", lambda v: v.choice(tuple(Becomes)))),
    )


def _read_unknown_event(value: Value, _: tuple[str, ...]) -> Fault:
    at = value.fields(("after_event", "type"), needed=("after_event", "type"))
    return UnknownEvent(after_event=at.take("after_event", 1, _event), type=at.take("type", "", _event_type))


def _read_unknown_verdict(value: Value, _: tuple[str, ...]) -> Fault:
    at = value.fields(("iteration", "word"), needed=("iteration", "word"))
    return UnknownVerdict(
        iteration=at.take("iteration", 0, lambda v: v.whole(0, 20)), word=at.take("word", "", Value.text)
    )


def _read_missing(value: Value, _: tuple[str, ...]) -> Fault:
    at = value.fields(("type", "fields"), needed=("type", "fields"))
    return MissingFields(type=at.take("type", "", _event_type), fields=at.each("fields", _field))


def _read_rate_limit(value: Value, _: tuple[str, ...]) -> Fault:
    at = value.fields(("creates", "others"), needed=("creates", "others"))
    return RateLimit(creates=at.take("creates", 60, _per_minute), others=at.take("others", 600, _per_minute))


def _times(value: Value) -> int:
    return value.whole(1, 1000)


def _seconds(value: Value) -> float:
    return value.number(0, 3600)


def _event(value: Value) -> int:
    return value.whole(1, _MOST_EVENTS)


def _per_minute(value: Value) -> int:
    return value.whole(1, 1_000_000)


def _event_type(value: Value) -> str:
    text = value.text()
    if not _EVENT_TYPE.fullmatch(text):
        value.wrong(f"{value} is no type of an event; write one such as 'agent.telepathy'")
    return text


def _field(value: Value) -> str:
    text = value.text()
    # Without these two an event is no event at all: no stream could carry it, no client could tell it from another.
    if text in {"id", "type"}:
        value.wrong(f"{value} cannot be left out of an event; name another field")
    return text


_NOTHING: Final[Fault] = OutputsListedAfter(listings=1)
"""Stands for a fault that could not be read; whoever asked refuses the whole text."""
_READERS: Final[dict[str, Callable[[Value, tuple[str, ...]], Fault]]] = {
    "delay": _read_delay,
    "lost_response": _read_lost,
    "truncated_download": _read_truncated,
    "drop_stream": _read_drop,
    "heartbeats_only": _read_heartbeats,
    "late_events": _read_late,
    "repeat_event": _read_repeat,
    "session_becomes": _read_becomes,
    "unknown_event": _read_unknown_event,
    "unknown_verdict": _read_unknown_verdict,
    "missing_fields": _read_missing,
    "rate_limit": _read_rate_limit,
}
