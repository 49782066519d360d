"""Every recorded session can be written as a scenario whose session is the same, type by type, key by key."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from anthropic import AsyncAnthropic
from stage import connect

from evalkit.emulator import Emulator

TRACES = Path(__file__).parents[2].parent / "shared" / "traces"
NAMES = sorted(path.stem for path in TRACES.glob("*.jsonl")) or ["none"]
USES = ("agent.tool_use", "agent.mcp_tool_use", "agent.custom_tool_use")
Events = list[dict[str, Any]]


def load(folder: Path, name: str) -> Events:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def seconds(first: dict[str, Any], second: dict[str, Any]) -> float:
    gap = datetime.fromisoformat(second["processed_at"]) - datetime.fromisoformat(first["processed_at"])
    return round(max(gap.total_seconds(), 0.001), 6)


def call_of(use: dict[str, Any], results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The scenario's call that asks for the same."""
    if use["type"] == "agent.custom_tool_use":
        return {"custom": use["name"], "input": use["input"]}
    if use["type"] == "agent.tool_use":
        return {"tool": use["name"], "input": use["input"]}
    result = results[use["id"]]
    answer = "\n".join(block.get("text", "") for block in result["content"])
    call = {"mcp": use["mcp_server_name"], "tool": use["name"], "input": use["input"]}
    return call | {"answer": answer, "is_error": result["is_error"]}


def request_of(events: Events, results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One request, from its start to its end, as the scenario writes it."""
    by_type = {event["type"]: event for event in events}
    request: dict[str, Any] = {"calls": [call_of(event, results) for event in events if event["type"] in USES]}
    request["takes_s"] = seconds(events[0], events[-1])
    # A snapshot that is not inside the request comes after its end.
    request["usage_after_s"] = request["takes_s"] + 1
    if "session.usage" in by_type:
        # One recorded snapshot is listed after an event that its time is before: the list's order counts.
        before = events[: events.index(by_type["session.usage"]) + 1]
        request["usage_after_s"] = max(seconds(events[0], event) for event in before) + 0.000001
    if "agent.thinking" in by_type:
        request |= {"thinks": True, "thinks_after_s": seconds(events[0], by_type["agent.thinking"])}
    if "agent.message" in by_type:
        request["says"] = by_type["agent.message"]["content"][0]["text"]
    return request


def turns_of(events: Events) -> list[list[dict[str, Any]]]:
    results = {event["mcp_tool_use_id"]: event for event in events if event["type"] == "agent.mcp_tool_result"}
    turns: list[list[dict[str, Any]]] = [[]]
    start = 0
    for place, event in enumerate(events):
        if event["type"] == "span.model_request_start":
            start = place
        elif event["type"] == "span.model_request_end":
            turns[-1].append(request_of(events[start : place + 1], results))
        elif event["type"] == "span.outcome_evaluation_end":
            turns.append([])
    return turns


def scenario_of(events: Events) -> str:
    """The scenario, as JSON, which is YAML; one judged criterion stands for the whole rubric."""
    starts = [event for event in events if event["type"] == "span.outcome_evaluation_start"]
    ends = [event for event in events if event["type"] == "span.outcome_evaluation_end"]
    session: dict[str, Any] = {"match": {"metadata": {"evalkit_task": "replay"}}, "turns": turns_of(events)}
    verdicts = ["met" if event["result"] == "satisfied" else "not_met" for event in ends]
    session["grader"] = {"judged": {"R1": verdicts or "met"}}
    session["time_s"] = {"gradings": [seconds(first, last) for first, last in zip(starts, ends, strict=True)]}
    return json.dumps({"format": "evalkit-scenario/1", "seed": 7, "sessions": [session]}, ensure_ascii=False)


def agent_of(events: Events) -> dict[str, Any]:
    """An agent that has every tool which the recorded one used."""
    servers = sorted({event["mcp_server_name"] for event in events if event["type"] == "agent.mcp_tool_use"})
    custom = sorted({event["name"] for event in events if event["type"] == "agent.custom_tool_use"})
    allowed = {"permission_policy": {"type": "always_allow"}}
    tools: list[dict[str, Any]] = [{"type": "agent_toolset_20260401"}]
    tools += [{"type": "mcp_toolset", "mcp_server_name": name, "default_config": allowed} for name in servers]
    schema = {"type": "object"}
    tools += [{"type": "custom", "name": name, "description": "d", "input_schema": schema} for name in custom]
    name = next(event["agent_name"] for event in events if "agent_name" in event)
    urls = [{"type": "url", "name": server, "url": "https://example.invalid"} for server in servers]
    return {"name": name, "model": "claude-haiku-4-5", "tools": tools, "mcp_servers": urls}


def first_event(events: Events) -> dict[str, Any]:
    first = next(event for event in events if event["type"] in ("user.message", "user.define_outcome"))
    keys = ("type", "content", "description", "max_iterations")
    sent = {key: first[key] for key in keys if key in first}
    rubric = {"type": "text", "content": "- [R1] Everything. All of it.\n"}
    return sent if first["type"] == "user.message" else sent | {"rubric": rubric}


def answered_idles(events: Events) -> Iterator[int]:
    """Which idles of the session, counted from 1, the recorded client answered."""
    idles = 0
    for place, event in enumerate(events):
        if event["type"] == "session.status_idle":
            idles += 1
            if events[place + 1 : place + 2] and events[place + 1]["type"] == "user.custom_tool_result":
                yield idles


async def play(client: AsyncAnthropic, events: Events) -> Events:
    """What the session lists that was started and answered as the recorded one was."""
    settings: Any = agent_of(events)
    agent = await client.beta.agents.create(**settings)
    environment = await client.beta.environments.create(name=f"replay {agent.id}")
    session = await client.beta.sessions.create(
        agent=agent.id, environment_id=environment.id, metadata={"evalkit_task": "replay"}
    )
    answers = set(answered_idles(events))
    idles = 0
    async with await client.beta.sessions.events.stream(session.id) as stream:
        first: Any = first_event(events)
        await client.beta.sessions.events.send(session.id, events=[first])
        async for event in stream:
            if event.type != "session.status_idle":
                continue
            idles += 1
            if event.stop_reason.type != "requires_action":
                break
            if idles in answers:
                content = [{"type": "text", "text": "ok"}]
                results: Any = [
                    {"type": "user.custom_tool_result", "custom_tool_use_id": use_id, "content": content}
                    for use_id in event.stop_reason.event_ids
                ]
                await client.beta.sessions.events.send(session.id, events=results)
    listed = client.beta.sessions.events.list(session.id)
    return [event.to_dict(mode="json", exclude_unset=True) async for event in listed]


def shape(events: Events) -> list[tuple[str, ...]]:
    """Type, sorted keys, and the word of a stop reason or a verdict."""
    return [
        (event["type"], *sorted(event), event.get("stop_reason", {}).get("type", ""), event.get("result", ""))
        for event in events
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_plays_a_recorded_session_event_by_event(traces: Path, tmp_path: Path, name: str) -> None:
    recorded = load(traces, name)
    (tmp_path / "scenario.yaml").write_text(scenario_of(recorded), encoding="utf-8")

    async def run() -> Events:
        with Emulator(tmp_path / "scenario.yaml") as emulator:
            async with connect(emulator) as client:
                return await play(client, recorded)

    assert shape(asyncio.run(run())) == shape(recorded)
