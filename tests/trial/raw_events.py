"""Raw events as the API sends them, made short."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)


class RawSession:
    """Builds an event list, one second between events."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []

    def add(self, kind: str, **fields: Any) -> str:
        number = len(self.events) + 1
        at = (START + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
        event_id = f"sevt_{number:03}"
        self.events.append({"id": event_id, "type": kind, "processed_at": at, **fields})
        return event_id

    def begin(self, max_iterations: int = 3) -> "RawSession":
        self.add("session.status_running")
        self.add(
            "user.define_outcome",
            outcome_id="outc_1",
            description="Write report.csv",
            rubric={"type": "text", "content": "- Columns. The columns are a, b.\n- Rows. There are 3 rows.\n"},
            max_iterations=max_iterations,
        )
        return self

    def work(self, *tools: Mapping[str, Any], tokens: int = 100) -> "RawSession":
        start = self.add("span.model_request_start")
        uses = [(tool, self.add(**{"kind": "agent.tool_use", **tool})) for tool in tools]
        usage = {
            "input_tokens": tokens,
            "output_tokens": tokens,
            "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0,
        }
        self.add("span.model_request_end", model_request_start_id=start, model_usage=usage, is_error=False)
        for tool, use in uses:
            if tool.get("kind") != "agent.custom_tool_use":
                self.add("agent.tool_result", tool_use_id=use, is_error=False, content=[])
        return self

    def grade(self, iteration: int, result: str, explanation: str = "words") -> "RawSession":
        start = self.add("span.outcome_evaluation_start", outcome_id="outc_1", iteration=iteration)
        self.add(
            "span.outcome_evaluation_end",
            outcome_id="outc_1",
            outcome_evaluation_start_id=start,
            iteration=iteration,
            result=result,
            explanation=explanation,
            usage={},
        )
        return self

    def usage(self, tokens: int, cents: str | None = None, seconds: float = 36.0) -> "RawSession":
        usage: dict[str, Any] = {
            "input_tokens": tokens,
            "output_tokens": tokens,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "active_seconds": seconds,
            "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
        }
        if cents is not None:
            usage["list_cost"] = {"amount": cents, "currency": "USD"}
        self.add("session.usage", usage=usage)
        return self

    def rest(self, reason: str = "end_turn", tokens: int = 1000, cents: str | None = "5", **more: Any) -> "RawSession":
        self.usage(tokens, cents)
        self.add("session.status_idle", stop_reason={"type": reason, **more})
        return self


def write(name: str) -> dict[str, Any]:
    """A write of a deliverable."""
    return {"name": "write", "input": {"file_path": f"/mnt/session/outputs/{name}", "content": "x"}}


def satisfied_session() -> RawSession:
    """A session whose first draft is accepted."""
    return RawSession().begin().work(write("report.csv")).grade(0, "satisfied").work().rest()
