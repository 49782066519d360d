"""A coordinator and its subagents: rosters, threads, what the session's stream shows of them, and who may stop them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from anthropic import AsyncAnthropic, BadRequestError, NotFoundError
from stage import LOOKUP, answer_custom, connect, message, outcome, play, types, verdicts, with_client

from evalkit.emulator import Emulator

TOOLSET: Any = {"type": "agent_toolset_20260401"}
ASKING: Any = {
    "type": "agent_toolset_20260401",
    "configs": [{"name": "bash", "permission_policy": {"type": "always_ask"}}],
}


async def team(client: AsyncAnthropic, task: str, **more: Any) -> str:
    """The id of a session whose coordinator has a reader and a writer on its roster."""
    reader = await client.beta.agents.create(name="reader", model="claude-haiku-4-5", tools=[ASKING, LOOKUP])
    writer = await client.beta.agents.create(name="writer", model="claude-haiku-4-5", tools=[TOOLSET])
    roster: Any = {"type": "coordinator", "agents": [reader.id, {"type": "agent", "id": writer.id, "version": 1}]}
    lead = await client.beta.agents.create(
        name="lead", model="claude-sonnet-5-5", tools=[TOOLSET], multiagent=more.pop("multiagent", roster)
    )
    environment = await client.beta.environments.create(name=f"{task} for {lead.id}")
    session = await client.beta.sessions.create(
        agent=lead.id, environment_id=environment.id, metadata={"evalkit_task": task}, **more
    )
    return session.id


async def threads_of(client: AsyncAnthropic, session_id: str) -> dict[str, Any]:
    return {thread.agent.name: thread async for thread in client.beta.sessions.threads.list(session_id)}  # type: ignore[union-attr]  # no advisor here


async def events_of(client: AsyncAnthropic, session_id: str, thread_id: str) -> list[dict[str, Any]]:
    listed = client.beta.sessions.threads.events.list(thread_id, session_id=session_id)
    return [event.to_dict(mode="json", exclude_unset=True) async for event in listed]


def shown(events: list[dict[str, Any]], *kinds: str) -> list[str]:
    return [event["type"] for event in events if event["type"] in kinds]


def test_a_roster_is_resolved_to_versions_and_a_session_has_it_whole(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        reader = await client.beta.agents.create(name="reader", model="claude-haiku-4-5")
        entries: Any = [{"type": "advisor", "model": "claude-opus-5-5"}, {"type": "self"}, reader.id]
        lead = await client.beta.agents.create(
            name="lead", model="claude-sonnet-5-5", multiagent={"type": "coordinator", "agents": entries}
        )
        environment = await client.beta.environments.create(name=f"roster {lead.id}")
        session = await client.beta.sessions.create(agent=lead.id, environment_id=environment.id)
        ids = {reader.id: "reader", lead.id: "lead"}
        return ids, lead.to_dict()["multiagent"], session.agent.to_dict()["multiagent"]

    ids, kept, whole = with_client(emulator, act)

    assert [(entry["type"], ids.get(entry.get("id"))) for entry in kept["agents"]] == [
        ("agent", "lead"),
        ("agent", "reader"),
        ("advisor", None),
    ]
    assert [entry.get("name") for entry in whole["agents"]] == ["lead", "reader", None]
    assert whole["agents"][1]["model"]["id"] == "claude-haiku-4-5"


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "1 to 20"),
        ([{"type": "self"}, {"type": "self"}], "distinct"),
        (["READER", "READER"], "distinct"),
        (["LEAD"], "one level is allowed"),
        (["ARCHIVED"], "is archived"),
        ([{"type": "workflow"}], "agents\\[0\\].type"),
        ([{"type": "advisor", "model": "m"}, {"type": "advisor", "model": "m"}], "at most one advisor"),
    ],
)
def test_a_roster_of_coordinators_or_of_nobody_is_refused(emulator: Emulator, entries: list[Any], words: str) -> None:
    async def act(client: AsyncAnthropic) -> None:
        reader = await client.beta.agents.create(name="reader", model="claude-haiku-4-5")
        roster: Any = {"type": "coordinator", "agents": [reader.id]}
        lead = await client.beta.agents.create(name="lead", model="claude-sonnet-5-5", multiagent=roster)
        archived = await client.beta.agents.create(name="old", model="claude-sonnet-5-5")
        await client.beta.agents.archive(archived.id)
        ids = {"READER": reader.id, "LEAD": lead.id, "ARCHIVED": archived.id}
        given: Any = {"type": "coordinator", "agents": [ids.get(e, e) if isinstance(e, str) else e for e in entries]}
        with pytest.raises(BadRequestError, match=words):
            await client.beta.agents.create(name="above", model="claude-sonnet-5-5", multiagent=given)
        unknown: Any = {"type": "coordinator", "agents": ["agent_01none"]}
        with pytest.raises(NotFoundError, match="agent_01none"):
            await client.beta.agents.create(name="above", model="claude-sonnet-5-5", multiagent=unknown)

    with_client(emulator, act)


def test_the_newer_form_has_three_members_and_merges_level_by_level(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        reader = await client.beta.agents.create(name="reader", model="claude-haiku-4-5")
        first: Any = {
            "type": "multiagent_20261001",
            "subagents": {"type": "enabled", "predefined_agents": [reader.id]},
            "workflows": {"type": "disabled"},
        }
        agent = await client.beta.agents.create(name="lead", model="claude-sonnet-5-5", multiagent=first)
        second: Any = {
            "type": "multiagent_20261001",
            "subagents": {"type": "enabled", "inline_agents": {"type": "disabled"}},
            "advisor": {"type": "enabled", "model": "claude-opus-5-5"},
        }
        changed = await client.beta.agents.update(agent.id, version=1, multiagent=second)
        same = await client.beta.agents.update(agent.id, multiagent=second)
        cleared = await client.beta.agents.update(agent.id, multiagent=None)
        multiagent: Any = changed.to_dict()["multiagent"]
        return reader.id, multiagent, same.version, cleared.multiagent

    reader_id, changed, version, cleared = with_client(emulator, act)

    assert changed["subagents"]["inline_agents"] == {"type": "disabled"}
    assert [entry["id"] for entry in changed["subagents"]["predefined_agents"]] == [reader_id]
    assert changed["workflows"] == {"type": "disabled"}
    assert changed["advisor"] == {"type": "enabled", "model": "claude-opus-5-5"}
    assert (version, cleared) == (2, None)


def test_subagents_work_in_threads_and_report_before_the_draft_is_made(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await team(client, "team")
        events = await play(client, session_id, outcome())
        threads = await threads_of(client, session_id)
        reader = await events_of(client, session_id, threads["reader"].id)
        primary = await events_of(client, session_id, threads["lead"].id)
        return events, primary, reader, threads

    events, primary, reader, threads = with_client(emulator, act)

    assert primary == events
    assert verdicts(events) == [(0, "satisfied")]
    delegation = ("session.thread_created", "agent.thread_message_sent", "agent.thread_message_received")
    assert shown(events, *delegation, "span.outcome_evaluation_start") == [
        "session.thread_created",
        "agent.thread_message_sent",
        "session.thread_created",
        "agent.thread_message_sent",
        "agent.thread_message_received",
        "agent.thread_message_received",
        "span.outcome_evaluation_start",
    ]
    assert types(reader) == [
        "session.thread_status_running",
        "agent.thread_message_received",
        "span.model_request_start",
        "agent.thinking",
        "agent.message",
        "agent.tool_use",
        "span.model_request_end",
        "agent.tool_result",
        "span.model_request_start",
        "agent.thread_message_sent",
        "span.model_request_end",
        "session.thread_status_idle",
    ]
    assert reader[1]["from_session_thread_id"] == threads["lead"].id == reader[-3]["to_session_thread_id"]
    assert "from_agent_name" not in reader[1]


def test_the_session_shows_of_a_subagent_its_states_and_messages_alone(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await team(client, "team")
        events = await play(client, session_id, outcome())
        threads = await threads_of(client, session_id)
        reader = await events_of(client, session_id, threads["reader"].id)
        return events, reader, threads["reader"].id

    events, reader, reader_id = with_client(emulator, act)

    common = {event["id"]: event for event in reader}.keys() & {event["id"] for event in events}
    assert {event["type"] for event in events if event["id"] in common} == {
        "session.thread_status_running",
        "session.thread_status_idle",
    }
    received = [event for event in events if event["type"] == "agent.thread_message_received"]
    assert ("reader", reader_id) in {(event["from_agent_name"], event["from_session_thread_id"]) for event in received}


def test_the_session_runs_until_every_thread_is_idle(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        return await play(client, await team(client, "team"), outcome())

    events = with_client(emulator, act)

    states = [event["type"] for event in events if event["type"].startswith("session.status")]
    own = [e for e in events if e["type"] == "session.thread_status_idle" and e["agent_name"] == "lead"]
    assert states == ["session.status_running", "session.status_idle"]
    assert [event["stop_reason"]["type"] for event in own] == ["end_turn", "end_turn"]
    assert [event["processed_at"] for event in events] == sorted(event["processed_at"] for event in events)


def test_threads_share_the_files_of_the_session(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await team(client, "team")
        await play(client, session_id, message("start"))
        return await play(client, session_id, outcome())

    events = with_client(emulator, act)

    results = [event["content"][0]["text"] for event in events if event["type"] == "agent.tool_result"]
    assert any("/workspace/notes.txt" in text for text in results)


def test_a_thread_costs_what_its_own_model_does_and_the_session_all_of_it(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await team(client, "team")
        await play(client, session_id, outcome())
        threads = await threads_of(client, session_id)
        spans = {
            name: [
                event["model_usage"]["output_tokens"]
                for event in await events_of(client, session_id, thread.id)
                if event["type"] == "span.model_request_end"
            ]
            for name, thread in threads.items()
        }
        session = await client.beta.sessions.retrieve(session_id)
        return threads, spans, session.usage

    threads, spans, usage = with_client(emulator, act)

    for name in ("reader", "writer"):
        assert threads[name].usage.output_tokens == sum(spans[name])
        assert threads[name].status == "idle"
        assert threads[name].parent_thread_id == threads["lead"].id
    assert threads["lead"].parent_thread_id is None
    assert usage.output_tokens == sum(thread.usage.output_tokens for thread in threads.values())
    assert threads["reader"].usage.active_seconds < usage.active_seconds


async def play_team(client: AsyncAnthropic, session_id: str, *events: Any) -> list[dict[str, Any]]:
    """The session's events, every question of a subagent answered on the session's stream."""
    seen = []
    async with await client.beta.sessions.events.stream(session_id) as stream:
        await client.beta.sessions.events.send(session_id, events=list(events))
        async for event in stream:
            seen.append(event.to_dict(mode="json", exclude_unset=True))
            if event.type != "session.status_idle":
                continue
            if event.stop_reason.type != "requires_action":
                return seen
            for use_id in event.stop_reason.event_ids:
                use = next(each for each in seen if each["id"] == use_id)
                if use["type"] == "agent.custom_tool_use":
                    await answer_custom(client, session_id, use_id)
                    continue
                confirmation: Any = {"type": "user.tool_confirmation", "tool_use_id": use_id, "result": "allow"}
                confirmation["session_thread_id"] = use["session_thread_id"]
                await client.beta.sessions.events.send(session_id, events=[confirmation])
    return seen


def test_a_subagents_questions_come_to_the_session_and_its_answers_find_it(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await team(client, "asking-team")
        events = await play_team(client, session_id, outcome())
        threads = await threads_of(client, session_id)
        return events, await events_of(client, session_id, threads["reader"].id), threads["reader"].id

    events, reader, reader_id = with_client(emulator, act)

    kinds = ("agent.custom_tool_use", "user.custom_tool_result", "agent.tool_use", "user.tool_confirmation")
    posted = [event for event in events if event["type"] in kinds and event.get("session_thread_id") == reader_id]
    assert types(posted) == list(kinds)
    assert [event["type"] for event in reader if event["type"] in kinds] == list(kinds)
    assert all("session_thread_id" not in event for event in reader if event["type"] in kinds)
    assert verdicts(events) == [(0, "satisfied")]


def test_archiving_a_thread_that_waits_lets_its_coordinator_go_on(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await team(client, "asking-team")
        async with await client.beta.sessions.events.stream(session_id) as stream:
            await client.beta.sessions.events.send(session_id, events=[outcome()])
            seen = []
            async for event in stream:
                seen.append(event.to_dict(mode="json", exclude_unset=True))
                if event.type == "session.status_idle" and event.stop_reason.type == "requires_action":
                    threads = await threads_of(client, session_id)
                    with pytest.raises(BadRequestError, match="primary thread"):
                        await client.beta.sessions.threads.archive(threads["lead"].id, session_id=session_id)
                    thread = await client.beta.sessions.threads.archive(threads["reader"].id, session_id=session_id)
                    again = await client.beta.sessions.threads.archive(threads["reader"].id, session_id=session_id)
                    assert thread.archived_at is not None
                    assert (again.archived_at, again.status) == (thread.archived_at, "terminated")
                elif event.type == "session.status_idle":
                    return seen
        return seen

    events = with_client(emulator, act)

    assert verdicts(events) == [(0, "satisfied")]
    assert types(events).count("session.thread_status_terminated") == 1
    assert "agent.thread_message_received" not in types(events)


def test_an_interrupt_of_one_thread_closes_its_question_and_leaves_the_others(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await team(client, "asking-team")
        async with await client.beta.sessions.events.stream(session_id) as stream:
            await client.beta.sessions.events.send(session_id, events=[outcome()])
            seen = []
            async for event in stream:
                seen.append(event.to_dict(mode="json", exclude_unset=True))
                if event.type != "session.status_idle":
                    continue
                if event.stop_reason.type != "requires_action":
                    break
                threads = await threads_of(client, session_id)
                interrupt: Any = {"type": "user.interrupt", "session_thread_id": threads["reader"].id}
                await client.beta.sessions.events.send(session_id, events=[interrupt])
        return seen, await events_of(client, session_id, threads["reader"].id)

    events, reader = with_client(emulator, act)

    assert types(reader)[-3:] == ["user.interrupt", "agent.tool_result", "session.thread_status_idle"]
    assert reader[-2]["is_error"] is True
    assert "interrupted before completion" in reader[-2]["content"][0]["text"]
    assert reader[-1]["stop_reason"] == {"type": "end_turn"}
    assert verdicts(events) == [(0, "satisfied")]


def test_an_interrupt_without_a_thread_stops_all_of_them(stage_path: Path) -> None:
    async def act() -> Any:
        with Emulator(stage_path, time_scale=0.01) as running:
            async with connect(running) as client:
                session_id = await team(client, "slow-team")
                async with await client.beta.sessions.events.stream(session_id) as stream:
                    sent: Any = outcome()
                    await client.beta.sessions.events.send(session_id, events=[sent])
                    interrupts: Any = [{"type": "user.interrupt"}]
                    await client.beta.sessions.events.send(session_id, events=interrupts)
                    return [event.to_dict(mode="json") async for event in until_idle(stream)]

    events = asyncio.run(act())

    assert verdicts(events) == [(0, "interrupted")]
    assert events[-1]["stop_reason"] == {"type": "end_turn"}


async def until_idle(stream: Any) -> Any:
    async for event in stream:
        yield event
        if event.type == "session.status_idle":
            return


def test_a_thread_has_a_stream_of_its_own(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await team(client, "asking-team")
        async with await client.beta.sessions.events.stream(session_id) as session_stream:
            await client.beta.sessions.events.send(session_id, events=[outcome()])
            use = ""
            async for event in session_stream:
                use = event.id if event.type == "agent.custom_tool_use" else use
                if event.type == "session.status_idle":
                    break
        threads = await threads_of(client, session_id)
        stream = await client.beta.sessions.threads.events.stream(threads["reader"].id, session_id=session_id)
        async with stream:
            await answer_custom(client, session_id, use)
            seen = []
            async for event in stream:
                seen.append(event.type)
                if event.type == "session.thread_status_idle":
                    return seen
        return seen

    seen = with_client(emulator, act)

    assert seen[:3] == ["user.custom_tool_result", "session.thread_status_running", "span.model_request_start"]
    assert "session.status_running" not in seen


def test_threads_are_listed_by_status_and_looked_up_by_id(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await team(client, "team")
        new = await threads_of(client, session_id)
        await play(client, session_id, outcome())
        idle = [t.id async for t in client.beta.sessions.threads.list(session_id, statuses=["idle"], limit=1)]
        running = [t.id async for t in client.beta.sessions.threads.list(session_id, statuses=["running"])]
        one = await client.beta.sessions.threads.retrieve(idle[0], session_id=session_id)
        with pytest.raises(NotFoundError):
            await client.beta.sessions.threads.retrieve("sthr_01none", session_id=session_id)
        wrong: Any = ["asleep"]
        with pytest.raises(BadRequestError, match="statuses"):
            await client.beta.sessions.threads.list(session_id, statuses=wrong)
        return new, idle, running, one

    new, idle, running, one = with_client(emulator, act)

    assert (new["lead"].stats, new["lead"].usage, new["lead"].status) == (None, None, "idle")
    assert (len(idle), running) == (3, [])
    assert one.agent.name == "lead"


def test_an_agent_that_is_not_on_the_roster_cannot_be_called(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await team(client, "team", multiagent=None)
        return await play(client, session_id, outcome())

    events = with_client(emulator, act)

    [error] = [event["error"]["message"] for event in events if event["type"] == "session.error"]
    assert "'reader' is not on the coordinator's roster" in error
    assert events[-1]["stop_reason"] == {"type": "retries_exhausted"}


def test_one_budget_is_for_all_threads(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        budget: Any = {"type": "limit", "max_list_cost": {"amount": "1", "currency": "USD"}}
        session_id = await team(client, "team", budget=budget)
        capped = await play(client, session_id, outcome())
        async with await client.beta.sessions.events.stream(session_id) as stream:
            await client.beta.sessions.update(session_id, budget=None)
            rest = [event.to_dict(mode="json") async for event in until_idle(stream)]
        return capped, rest

    capped, rest = with_client(emulator, act)

    assert capped[-1]["stop_reason"] == {"type": "budget_reached"}
    assert verdicts(rest) == [(0, "satisfied")]
