"""From the API's raw events to ours: the only file with wire names.

Raw events are plain dicts, dispatched on their `type` string: the SDK builds a type it does not know as some other
class, so `isinstance` would lie. Everything here is outside data: a field that is missing or of another type becomes
"unknown", never a crash and never a zero that looks measured.

Source: `anthropic` 2.12 types, and event lists recorded from the hosted API in August 2026.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from evalkit.trial import events
from evalkit.trial.model import Tokens, Verdict

OUTPUTS = "/mnt/session/outputs/"
"""Where the agent's deliverables lie in its container."""

_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_LARGEST = 10**15
"""Counts and seconds above it are not measurements; arithmetic on what an API can be made to say has no bounds."""

_EnumT = TypeVar("_EnumT", Verdict, events.IdleReason)


def parse_event(raw: Mapping[str, Any]) -> events.Event:
    """The event that `raw` is; `Other` for a type we do not act on, or one that lacks what makes it that type."""
    event_id = _text(raw, "id") or ""
    at = parse_time(raw.get("processed_at"))
    kind = _text(raw, "type") or ""
    parse = _PARSERS.get(kind)
    parsed = parse(raw, event_id, at) if parse is not None else None
    return parsed if parsed is not None else events.Other(id=event_id, at=at, type=kind)


def parse_time(value: object) -> datetime | None:
    """An aware UTC time from RFC 3339 text; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def parse_money(value: object) -> Decimal | None:
    """US dollars from the API's `{"amount": …, "currency": "USD"}`.

    The amount is whole cents in a string; with a point it is dollars, as the platform sent it before 5 August 2026.
    """
    if not isinstance(value, Mapping) or value.get("currency", "USD") != "USD":
        return None
    amount = value.get("amount")
    if not isinstance(amount, str) or _AMOUNT.fullmatch(amount) is None:
        return None
    return Decimal(amount) if "." in amount else Decimal(amount) / 100


def outcome_event(description: str, rubric: str, max_iterations: int) -> dict[str, Any]:
    """The `user.define_outcome` to send; `rubric` is its text."""
    return {
        "type": "user.define_outcome",
        "description": description,
        "rubric": {"type": "text", "content": rubric},
        "max_iterations": max_iterations,
    }


def outcome_event_of_file(description: str, file_id: str, max_iterations: int) -> dict[str, Any]:
    """The `user.define_outcome` to send where the rubric is a file at the provider."""
    return outcome_event(description, "", max_iterations) | {"rubric": {"type": "file", "file_id": file_id}}


NO_ANSWER = "this evaluation has no answer"
"""How every answer begins that stands for one nobody had; the fold knows by it which requests went unanswered."""


def result_event(use: events.ToolUsed, text: str, *, is_error: bool) -> dict[str, Any]:
    """The result of a custom tool call."""
    return {
        "type": "user.custom_tool_result",
        "custom_tool_use_id": use.id,
        "is_error": is_error,
        "content": [{"type": "text", "text": text}],
    }


def permission_event(use: events.ToolUsed, denial: str | None) -> dict[str, Any]:
    """The answer to a request for permission: allowed where `denial` is None, else denied with these words."""
    event = {"type": "user.tool_confirmation", "tool_use_id": use.id}
    return event | ({"result": "allow"} if denial is None else {"result": "deny", "deny_message": denial})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """What one write or edit call says it does to a file."""

    call: str
    """The call's event id."""
    path: str
    old: str | None
    """None for a write: the whole file is `new`."""
    new: str
    replace_all: bool


def file_change(raw: Mapping[str, Any]) -> FileChange | None:
    """The change that a write or edit call makes if it succeeds; None for any other event."""
    if raw.get("type") != "agent.tool_use" or raw.get("name") not in {"write", "edit"}:
        return None
    tool_input = _object(raw, "input")
    is_edit = raw["name"] == "edit"
    path = _text(tool_input, "file_path")
    old = _text(tool_input, "old_string") if is_edit else None
    new = _text(tool_input, "new_string" if is_edit else "content")
    if path is None or new is None or (is_edit and old is None):
        return None
    replace_all = tool_input.get("replace_all") is True
    return FileChange(call=_text(raw, "id") or "", path=path, old=old, new=new, replace_all=replace_all)


def succeeded_call(raw: Mapping[str, Any]) -> str | None:
    """The id of the built-in call that this event says was done."""
    is_success = raw.get("type") == "agent.tool_result" and raw.get("is_error") is not True
    return _text(raw, "tool_use_id") if is_success else None


def is_bash(raw: Mapping[str, Any]) -> bool:
    """Whether the event is a call that may have changed any file in the container."""
    return raw.get("type") == "agent.tool_use" and raw.get("name") == "bash"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadHead:
    """What the API says of one thread of a session."""

    id: str
    agent: str | None
    """The agent's name."""
    model: str | None
    billed_usd: Decimal | None
    """Rounded to cents, without the container's time; None until the thread first rested."""


def parse_thread(raw: Mapping[str, Any]) -> ThreadHead:
    """The head of a `session_thread`, or of something that lacks what makes it one."""
    agent = _object(raw, "agent")
    return ThreadHead(
        id=_text(raw, "id") or "",
        agent=_text(agent, "name"),
        model=_text(agent, "model") or _text(_object(agent, "model"), "id"),
        billed_usd=parse_money(_object(raw, "usage").get("list_cost")),
    )


INTERRUPT: Mapping[str, str] = {"type": "user.interrupt"}


def _running(_: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event:
    return events.Running(id=event_id, at=at)


def _rescheduled(_: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event:
    return events.Rescheduled(id=event_id, at=at)


def _ended(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event:
    return events.Ended(id=event_id, at=at, deleted=raw["type"] == "session.deleted")


def _idle(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event:
    reason = _object(raw, "stop_reason")
    word = _text(reason, "type") or ""
    awaits = tuple(item for item in _list(reason, "event_ids") if isinstance(item, str))
    return events.Idle(id=event_id, at=at, reason=_member(events.IdleReason, word), word=word, awaits=awaits)


def _error(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event:
    error = _object(raw, "error")
    return events.ErrorReported(
        id=event_id,
        at=at,
        kind=_text(error, "type") or "unknown_error",
        message=_text(error, "message") or "",
        retry=_text(_object(error, "retry_status"), "type") or "",
    )


def _usage(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event | None:
    usage = _object(raw, "usage")
    return events.UsageReported(id=event_id, at=at, usage=parse_usage(usage)) if usage else None


def parse_usage(usage: Mapping[str, Any]) -> events.Usage:
    """Totals from a `session.usage` snapshot or a session object."""
    cache = _object(usage, "cache_creation")
    one_hour = _count(cache, "ephemeral_1h_input_tokens")
    return events.Usage(
        tokens=_tokens(usage, _count(cache, "ephemeral_5m_input_tokens") + one_hour),
        cache_write_1h=one_hour,
        active_seconds=_number(usage, "active_seconds"),
        web_searches=_count(_object(usage, "server_tool_use"), "web_search_requests"),
        list_cost=parse_money(usage.get("list_cost")),
    )


def _outcome(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event | None:
    outcome_id = _text(raw, "outcome_id")
    if outcome_id is None:
        return None
    return events.OutcomeDefined(
        id=event_id,
        at=at,
        outcome_id=outcome_id,
        description=_text(raw, "description") or "",
        rubric=_text(_object(raw, "rubric"), "content"),
        max_iterations=_integer(raw, "max_iterations"),
    )


def _evaluation_started(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event | None:
    iteration = _integer(raw, "iteration")
    if iteration is None:
        return None
    return events.EvaluationStarted(id=event_id, at=at, outcome_id=_text(raw, "outcome_id") or "", iteration=iteration)


def _evaluation_ongoing(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event | None:
    iteration = _integer(raw, "iteration")
    return events.EvaluationOngoing(id=event_id, at=at, iteration=iteration) if iteration is not None else None


def _evaluation_ended(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event | None:
    iteration = _integer(raw, "iteration")
    if iteration is None:
        return None
    word = _text(raw, "result") or ""
    return events.EvaluationEnded(
        id=event_id,
        at=at,
        outcome_id=_text(raw, "outcome_id") or "",
        iteration=iteration,
        verdict=_member(Verdict, word),
        word=word,
        explanation=_text(raw, "explanation"),
    )


def _request_started(_: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event:
    return events.RequestStarted(id=event_id, at=at)


def _request_ended(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event:
    usage = _object(raw, "model_usage")
    return events.RequestEnded(
        id=event_id,
        at=at,
        tokens=_tokens(usage, _count(usage, "cache_creation_input_tokens")),
        is_error=raw.get("is_error") is True,
    )


def _tool_used(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event:
    name = _text(raw, "name") or ""
    kind = {
        "agent.tool_use": events.ToolKind.BUILT_IN,
        "agent.mcp_tool_use": events.ToolKind.MCP,
        "agent.custom_tool_use": events.ToolKind.CUSTOM,
    }[raw["type"]]
    writes = kind is events.ToolKind.BUILT_IN and name in {"write", "edit"}
    asks = raw.get("evaluated_permission") == "ask"
    return events.ToolUsed(
        id=event_id,
        at=at,
        kind=kind,
        name=name,
        path=_text(_object(raw, "input"), "file_path") if writes else None,
        asks=asks,
        input=_object(raw, "input") if asks or kind is events.ToolKind.CUSTOM else {},
    )


def _tool_returned(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event | None:
    use_id = _text(raw, "tool_use_id") or _text(raw, "mcp_tool_use_id")
    if use_id is None:
        return None
    return events.ToolReturned(id=event_id, at=at, use_id=use_id, is_error=raw.get("is_error") is True)


def _answered(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event | None:
    use_id = _text(raw, "custom_tool_use_id") or _text(raw, "tool_use_id")
    if use_id is None:
        return None
    text = _text(raw, "deny_message") or block_text(raw.get("content"))
    return events.Answered(
        id=event_id,
        at=at,
        use_id=use_id,
        denied=raw.get("result") == "deny",
        is_error=raw.get("is_error") is True,
        text=text,
    )


def _thread_created(raw: Mapping[str, Any], event_id: str, at: datetime | None) -> events.Event | None:
    thread_id = _text(raw, "session_thread_id")
    return events.ThreadCreated(id=event_id, at=at, thread_id=thread_id) if thread_id is not None else None


def block_text(content: object) -> str:
    """The text of a list of content blocks, blocks without text left out."""
    if not isinstance(content, list):
        return ""
    return "\n".join(
        block["text"] for block in content if isinstance(block, dict) and isinstance(block.get("text"), str)
    )


_PARSERS: Mapping[str, Callable[[Mapping[str, Any], str, datetime | None], events.Event | None]] = {
    "session.status_running": _running,
    "session.status_rescheduled": _rescheduled,
    "session.status_terminated": _ended,
    "session.deleted": _ended,
    "session.status_idle": _idle,
    "session.error": _error,
    "session.usage": _usage,
    "user.define_outcome": _outcome,
    "span.outcome_evaluation_start": _evaluation_started,
    "span.outcome_evaluation_ongoing": _evaluation_ongoing,
    "span.outcome_evaluation_end": _evaluation_ended,
    "span.model_request_start": _request_started,
    "span.model_request_end": _request_ended,
    "agent.tool_use": _tool_used,
    "agent.mcp_tool_use": _tool_used,
    "agent.custom_tool_use": _tool_used,
    "agent.tool_result": _tool_returned,
    "agent.mcp_tool_result": _tool_returned,
    "user.custom_tool_result": _answered,
    "user.tool_confirmation": _answered,
    "session.thread_created": _thread_created,
}


def _object(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(raw: Mapping[str, Any], key: str) -> list[Any]:
    value = raw.get(key)
    return value if isinstance(value, list) else []


def _text(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    if not isinstance(value, str):
        return None
    # Half of a surrogate pair is valid JSON and no text: nothing could be encoded that holds it.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _integer(raw: Mapping[str, Any], key: str) -> int | None:
    value = raw.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST else None


def _number(raw: Mapping[str, Any], key: str) -> float | None:
    """A finite number, not negative; None for anything else, NaN included."""
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        return None
    return float(value)


def _tokens(usage: Mapping[str, Any], cache_write: int) -> Tokens | None:
    """Token counts; None unless input and output are stated. Cache counts are left out where there was no cache."""
    given, made = _integer(usage, "input_tokens"), _integer(usage, "output_tokens")
    if given is None or made is None or given < 0 or made < 0:
        return None
    return Tokens(
        input=given, output=made, cache_read=_count(usage, "cache_read_input_tokens"), cache_write=cache_write
    )


def _count(raw: Mapping[str, Any], key: str) -> int:
    value = _integer(raw, key)
    return value if value is not None and value > 0 else 0


def _member(kind: type[_EnumT], word: str) -> _EnumT | None:
    try:
        return kind(word)
    except ValueError:
        return None
