"""MCP tools, the `auto` policy, and a context that grows too long."""

from datetime import datetime, timedelta
from typing import Any

from anthropic import AsyncAnthropic
from stage import open_session, outcome, play, types, verdicts, with_client

from evalkit.emulator import Emulator

AUTO: Any = {"type": "agent_toolset_20260401", "default_config": {"permission_policy": {"type": "auto"}}}
CRM: Any = {"type": "url", "name": "crm", "url": "https://example.invalid/mcp"}


async def mcp_session(client: AsyncAnthropic, policy: str) -> str:
    toolset = {
        "type": "mcp_toolset",
        "mcp_server_name": "crm",
        "default_config": {"permission_policy": {"type": policy}},
    }
    tools: Any = [{"type": "agent_toolset_20260401"}, toolset]
    agent = await client.beta.agents.create(name="a", model="claude-sonnet-5-5", tools=tools, mcp_servers=[CRM])
    environment = await client.beta.environments.create(name=f"mcp {agent.id}")
    session = await client.beta.sessions.create(
        agent=agent.id, environment_id=environment.id, metadata={"evalkit_task": "mcp"}
    )
    return session.id


def test_an_mcp_tool_has_the_answer_that_the_scenario_gives(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        return await play(client, await mcp_session(client, "always_allow"), outcome())

    events = with_client(emulator, act)

    uses = [event for event in events if event["type"] == "agent.mcp_tool_use"]
    results = [event for event in events if event["type"] == "agent.mcp_tool_result"]
    assert {(use["mcp_server_name"], use["name"], use["evaluated_permission"]) for use in uses} == {
        ("crm", "find_account", "allow")
    }
    assert [result["mcp_tool_use_id"] for result in results] == [use["id"] for use in uses]
    assert [(result["content"][0]["text"], result["is_error"]) for result in results] == [
        ("Acme", False),
        ("no such account", True),
    ]


def test_mcp_tools_ask_unless_told_otherwise(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        session_id = await mcp_session(client, "always_ask")
        seen = []
        async with await client.beta.sessions.events.stream(session_id) as stream:
            await client.beta.sessions.events.send(session_id, events=[outcome()])
            async for event in stream:
                seen.append(event.to_dict(mode="json"))
                if event.type != "session.status_idle":
                    continue
                if event.stop_reason.type != "requires_action":
                    break
                answers: Any = [
                    {"type": "user.tool_confirmation", "tool_use_id": use_id, "result": "deny", "deny_message": "no"}
                    for use_id in event.stop_reason.event_ids
                ]
                await client.beta.sessions.events.send(session_id, events=answers)
        return seen

    events = with_client(emulator, act)

    results = [event for event in events if event["type"] == "agent.mcp_tool_result"]
    assert [result["content"][0]["text"] for result in results] == [
        "Permission to use find_account has been rejected. Rejection message: no"
    ] * 2


def test_a_call_of_a_server_that_the_agent_has_not_is_an_error_of_the_scenario(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        return await play(client, await open_session(client, "mcp"), outcome())

    events = with_client(emulator, act)

    [error] = [event["error"]["message"] for event in events if event["type"] == "session.error"]
    assert "MCP server 'crm'" in error


def test_the_platform_judges_each_use_under_auto_and_says_why(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        session_id = await open_session(client, "judged", tools=[AUTO])
        seen = []
        async with await client.beta.sessions.events.stream(session_id) as stream:
            await client.beta.sessions.events.send(session_id, events=[outcome()])
            async for event in stream:
                seen.append(event.to_dict(mode="json", exclude_unset=True))
                if event.type != "session.status_idle":
                    continue
                if event.stop_reason.type != "requires_action":
                    break
                for use_id in event.stop_reason.event_ids:
                    allow: Any = {"type": "user.tool_confirmation", "tool_use_id": use_id, "result": "allow"}
                    await client.beta.sessions.events.send(session_id, events=[allow])
        return seen

    events = with_client(emulator, act)

    uses = {event["name"]: event for event in events if event["type"] == "agent.tool_use"}
    judged = {name: use["evaluation"]["evaluated_permission"] for name, use in uses.items()}
    assert judged["glob"] == {"type": "deny", "reason_code": "high_risk"}
    assert judged["grep"] == {"type": "ask", "reason_code": "indeterminate"}
    assert judged["read"] == {"type": "allow"}
    assert {name: use["evaluated_permission"] for name, use in uses.items()} == {
        name: permission["type"] for name, permission in judged.items()
    }
    assert verdicts(events) == [(0, "satisfied")]


def test_a_long_context_is_compacted_between_two_requests_and_the_cache_begins_anew(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        return await play(client, await open_session(client, "compacted"), outcome())

    events = with_client(emulator, act)

    place = types(events).index("agent.thread_context_compacted")
    before = [event for event in events[:place] if event["type"] == "span.model_request_end"]
    after = next(event for event in events[place:] if event["type"] == "span.model_request_end")
    assert len(before) == 3
    assert events[place + 1]["type"] == "span.model_request_start"
    assert before[-1]["model_usage"]["cache_read_input_tokens"] > 0
    assert after["model_usage"]["cache_read_input_tokens"] == 0


def test_results_of_tools_side_by_side_come_a_microsecond_apart(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        return await play(client, await open_session(client, "binary"), outcome())

    events = with_client(emulator, act)

    place = types(events).index("agent.tool_result")
    first, second = (datetime.fromisoformat(event["processed_at"]) for event in events[place : place + 2])
    assert types(events)[place + 1] == "agent.tool_result"
    assert second - first == timedelta(microseconds=1)
