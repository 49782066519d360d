from pathlib import Path
from typing import Any

import pytest
from anthropic import AsyncAnthropic, BadRequestError
from stage import message, open_session, outcome, play, types, verdicts, with_client

from evalkit.emulator import Emulator

ASKING_TOOLS: Any = [
    {
        "type": "agent_toolset_20260401",
        "configs": [{"name": "write", "permission_policy": {"type": "always_ask"}}],
    }
]


async def play_confirming(client: AsyncAnthropic, session_id: str, answer: dict[str, str]) -> list[dict[str, Any]]:
    """The events of an outcome whose every `always_ask` use is answered with `answer`."""
    seen = []
    async with await client.beta.sessions.events.stream(session_id) as stream:
        await client.beta.sessions.events.send(session_id, events=[outcome(max_iterations=1)])
        async for event in stream:
            seen.append(event.to_dict(mode="json"))
            if event.type != "session.status_idle":
                continue
            if event.stop_reason.type != "requires_action":
                break
            confirmations: Any = [
                {"type": "user.tool_confirmation", "tool_use_id": use_id, **answer}
                for use_id in event.stop_reason.event_ids
            ]
            await client.beta.sessions.events.send(session_id, events=confirmations)
    return seen


def test_a_message_to_an_idle_session_is_echoed_unprocessed_and_shown_once_processed(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[Any, list[dict[str, Any]]]:
        session_id = await open_session(client, "fine")
        sent = await client.beta.sessions.events.send(session_id, events=[message("hello")])
        shown = [event.to_dict(mode="json") async for event in client.beta.sessions.events.list(session_id)]
        assert sent.data is not None
        return sent.data[0].to_dict(mode="json"), shown

    echo, shown = with_client(emulator, act)

    assert echo["processed_at"] is None
    [processed] = [event for event in shown if event["id"] == echo["id"]]
    assert processed["processed_at"] is not None


def test_a_turn_without_an_outcome_ends_with_end_turn_and_no_grading(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        return await play(client, await open_session(client, "fine"), message("hello"))

    events = with_client(emulator, act)

    assert types(events) == [
        "session.status_running",
        "session.thread_status_running",
        "user.message",
        "span.model_request_start",
        "agent.thinking",
        "agent.message",
        "span.model_request_end",
        "session.thread_status_idle",
        "session.usage",
        "session.status_idle",
    ]
    assert events[-1]["stop_reason"] == {"type": "end_turn"}


def test_the_list_filters_by_type_and_time_and_pages_both_ways(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[Any, Any, Any, Any, Any]:
        session_id = await open_session(client, "fine")
        seen = await play(client, session_id, outcome())
        up = [event.id async for event in client.beta.sessions.events.list(session_id, limit=7)]
        down = [event.id async for event in client.beta.sessions.events.list(session_id, limit=7, order="desc")]
        some = [event.type async for event in client.beta.sessions.events.list(session_id, types=["session.usage"])]
        late = [
            event.id
            async for event in client.beta.sessions.events.list(session_id, created_at_gte=seen[9]["processed_at"])
        ]
        return [event["id"] for event in seen], up, down, some, late

    seen, up, down, some, late = with_client(emulator, act)

    assert up == seen
    assert down == list(reversed(seen))
    assert set(some) == {"session.usage"}
    assert late == seen[9:]


def test_a_cursor_is_bound_to_its_order(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> None:
        session_id = await open_session(client, "fine")
        await play(client, session_id, message("hello"))
        page = await client.beta.sessions.events.list(session_id, limit=2)
        assert page.next_page is not None
        with pytest.raises(BadRequestError, match="page token order does not match request"):
            await client.beta.sessions.events.list(session_id, limit=2, order="desc", page=page.next_page)
        with pytest.raises(BadRequestError, match="invalid page cursor"):
            await client.beta.sessions.events.list(session_id, page="nonsense")

    with_client(emulator, act)


def test_a_custom_tool_result_resumes_the_session_and_a_second_one_only_wakes_it(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[dict[str, Any]], list[str]]:
        session_id = await open_session(client, "asks")
        events = await play(client, session_id, outcome())
        use = next(event for event in events if event["type"] == "agent.custom_tool_use")
        again: Any = {"type": "user.custom_tool_result", "custom_tool_use_id": use["id"]}
        await client.beta.sessions.events.send(session_id, events=[again])
        after = [str(event.type) async for event in client.beta.sessions.events.list(session_id)]
        return events, after[len(events) :]

    events, added = with_client(emulator, act)

    asked = [event for event in events if event["type"] == "session.status_idle"]
    assert [event["stop_reason"]["type"] for event in asked] == ["requires_action", "requires_action", "end_turn"]
    assert verdicts(events) == [(0, "satisfied")]
    assert added == [
        "user.custom_tool_result",
        "session.status_running",
        "session.thread_status_running",
        "session.thread_status_idle",
        "session.usage",
        "session.status_idle",
    ]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "user.custom_tool_result", "custom_tool_use_id": "sevt_01none"},
        {"type": "user.tool_confirmation", "tool_use_id": "sevt_01none", "result": "allow"},
        {"type": "user.tool_result", "tool_use_id": "sevt_01none"},
        {"type": "user.tool_confirmation", "tool_use_id": "x", "result": "allow", "deny_message": "no"},
        {"type": "user.define_outcome", "description": "no rubric"},
        {
            "type": "user.define_outcome",
            "description": "d",
            "rubric": {"type": "text", "content": "r"},
            "max_iterations": 21,
        },
        {"type": "user.message", "content": [{"type": "redacted"}]},
        {"type": "system.message", "content": [{"type": "text", "text": "alone"}]},
        {"type": "agent.message", "content": []},
    ],
)
def test_an_event_that_nobody_may_send_is_refused_and_leaves_no_trace(emulator: Emulator, event: Any) -> None:
    async def act(client: AsyncAnthropic) -> int:
        session_id = await open_session(client, "fine")
        with pytest.raises(BadRequestError):
            await client.beta.sessions.events.send(session_id, events=[event])
        return len([each async for each in client.beta.sessions.events.list(session_id)])

    assert with_client(emulator, act) == 0


def test_an_allowed_write_is_done_and_a_denied_one_is_not(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        allowed = await open_session(client, "fine", tools=ASKING_TOOLS)
        denied = await open_session(client, "fine", tools=ASKING_TOOLS)
        return (
            await play_confirming(client, allowed, {"result": "allow"}),
            await play_confirming(client, denied, {"result": "deny", "deny_message": "not here"}),
        )

    allowed, denied = with_client(emulator, act)

    assert verdicts(allowed) == [(0, "satisfied")]
    assert verdicts(denied) == [(0, "max_iterations_reached")]
    refused = next(event for event in denied if event["type"] == "agent.tool_result" and event["is_error"])
    assert refused["content"][0]["text"] == "Permission to use write has been rejected. Rejection message: not here"
    writes = [event for event in allowed if event["type"] == "agent.tool_use" and event["name"] == "write"]
    assert {event["evaluated_permission"] for event in writes} == {"ask"}


def test_an_agent_without_the_tool_delivers_nothing(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        return await play(client, await open_session(client, "fine", tools=[]), outcome(max_iterations=1))

    events = with_client(emulator, act)

    assert verdicts(events) == [(0, "max_iterations_reached")]
    assert {event["evaluated_permission"] for event in events if event["type"] == "agent.tool_use"} == {"deny"}


def test_the_scenario_may_cut_a_stream_and_the_next_one_is_whole(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[int, str]:
        session_id = await open_session(client, "dropped")
        cut = await play(client, session_id, outcome())
        whole = await play(client, session_id, message("and now"))
        return len(cut), whole[-1]["type"]

    assert with_client(emulator, act) == (5, "session.status_idle")


def test_deleting_a_session_ends_its_streams(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[str]:
        session_id = await open_session(client, "fine")
        async with await client.beta.sessions.events.stream(session_id) as stream:
            await client.beta.sessions.delete(session_id)
            return [event.type async for event in stream]

    assert with_client(emulator, act) == ["session.deleted"]


def test_an_unknown_preview_is_refused(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> None:
        session_id = await open_session(client, "fine")
        previews: Any = ["agent.tool_use"]
        with pytest.raises(BadRequestError, match="event_deltas"):
            await client.beta.sessions.events.stream(session_id, event_deltas=previews)

    with_client(emulator, act)


def test_a_message_during_the_work_is_read_before_the_next_request(stage_path: Path) -> None:
    with Emulator(stage_path, time_scale=0.02) as emulator:

        async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
            seen: list[dict[str, Any]] = []
            session_id = await open_session(client, "fine")
            async with await client.beta.sessions.events.stream(session_id) as stream:
                await client.beta.sessions.events.send(session_id, events=[outcome()])
                async for event in stream:
                    seen.append(event.to_dict(mode="json"))
                    if types(seen).count("span.model_request_start") == 1 and event.type == "span.model_request_start":
                        await client.beta.sessions.events.send(session_id, events=[message("a header, please")])
                    if event.type == "session.status_idle":
                        return seen
            return seen

        shown = types(with_client(emulator, act))

    place = shown.index("user.message")
    assert shown[place - 1] == "agent.tool_result"
    assert shown[place + 1] == "span.model_request_start"
    assert shown.count("session.status_running") == 1
