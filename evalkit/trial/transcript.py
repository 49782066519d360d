"""A session's events as lines a person reads. With `wire`, the only file with wire names."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evalkit.trial.wire import block_text, parse_time

_TOOLS = {"agent.tool_use", "agent.mcp_tool_use", "agent.custom_tool_use"}
_RESULTS = {"agent.tool_result", "agent.mcp_tool_result"}
_QUIET = {
    "agent.thinking",
    "session.thread_status_idle",
    "session.thread_status_running",
    "session.usage",
    "span.model_request_end",
    "span.model_request_start",
    "span.outcome_evaluation_ongoing",
}
"""Progress signals and numbers that the other sections show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened in a session."""

    at: datetime | None
    who: str
    """`agent`, `grader`, `you`, `platform`, or a tool's name."""
    text: str
    """As it came, outside text and not made safe; may have many lines."""


def read_transcript(raws: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """What was said and done, in order. Kinds of event that this version does not know are named, not dropped."""
    return tuple(_line(raw) for raw in raws if raw.get("type") not in _QUIET)


def _line(raw: Mapping[str, Any]) -> Line:
    kind = str(raw.get("type", ""))
    who, text = _words(kind, raw)
    return Line(at=parse_time(raw.get("processed_at")), who=who, text=text)


def _words(kind: str, raw: Mapping[str, Any]) -> tuple[str, str]:  # noqa: PLR0911  # one line a kind of event
    content = block_text(raw.get("content"))
    if kind in _TOOLS:
        return str(raw.get("name", "tool")), json.dumps(raw.get("input"), ensure_ascii=False)
    if kind in _RESULTS:
        return "result", ("error: " if raw.get("is_error") is True else "") + content
    if kind == "agent.message":
        return "agent", content
    if kind == "user.define_outcome":
        return "you", f"outcome: {raw.get('description', '')}"
    if kind == "span.outcome_evaluation_start":
        return "grader", f"evaluation {raw.get('iteration')} begins"
    if kind == "span.outcome_evaluation_end":
        return "grader", f"{raw.get('result')}: {raw.get('explanation', '')}"
    if kind == "session.status_idle":
        reason = raw.get("stop_reason")
        return "platform", f"idle: {reason.get('type') if isinstance(reason, Mapping) else 'no reason given'}"
    if kind == "session.error":
        return "platform", f"error: {json.dumps(raw.get('error'), ensure_ascii=False)}"
    if kind.startswith("user."):
        return "you", f"{kind.removeprefix('user.')} {content}".strip()
    return "platform", kind.removeprefix("session.")
