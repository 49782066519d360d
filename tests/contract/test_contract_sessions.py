from typing import Any

import pytest
from anthropic import AsyncAnthropic, BadRequestError, ConflictError, InternalServerError
from stage import LOOKUP, message, open_session, outcome, play, with_client

from evalkit.emulator import Emulator


def test_the_three_forms_of_an_agent_give_the_session_its_snapshot(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[tuple[int, str | None]]:
        agent = await client.beta.agents.create(name="a", model="claude-sonnet-5-5", system="one")
        await client.beta.agents.update(agent.id, system="two")
        environment = await client.beta.environments.create(name=f"e {agent.id}")
        forms: list[Any] = [
            agent.id,
            {"type": "agent", "id": agent.id, "version": 1},
            {"type": "agent_with_overrides", "id": agent.id, "system": "three"},
        ]
        sessions = [await client.beta.sessions.create(agent=form, environment_id=environment.id) for form in forms]
        return [(session.agent.version, session.agent.system) for session in sessions]

    assert with_client(emulator, act) == [(2, "two"), (1, "one"), (2, "three")]


def test_a_new_session_is_idle_and_has_used_nothing(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> dict[str, Any]:
        session_id = await open_session(client, "fine")
        return (await client.beta.sessions.retrieve(session_id)).to_dict(mode="json")

    session = with_client(emulator, act)

    assert session["status"] == "idle"
    assert session["usage"]["input_tokens"] == 0
    assert session["outcome_evaluations"] == []


def test_the_session_list_filters_orders_and_ends(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[str], list[str], list[str]]:
        agent = await client.beta.agents.create(name="a", model="claude-sonnet-5-5")
        environment = await client.beta.environments.create(name=f"e {agent.id}")
        made = [(await client.beta.sessions.create(agent=agent.id, environment_id=environment.id)).id for _ in range(5)]
        await client.beta.sessions.archive(made[4])
        newest = [s.id async for s in client.beta.sessions.list(agent_id=agent.id, limit=2)]
        oldest = [s.id async for s in client.beta.sessions.list(agent_id=agent.id, order="asc", statuses=["idle"])]
        return made, newest, oldest

    made, newest, oldest = with_client(emulator, act)

    assert newest == list(reversed(made[:4]))
    assert oldest == made[:4]


def test_metadata_and_title_change_by_patch(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await open_session(client, "fine")
        session = await client.beta.sessions.update(session_id, title="t", metadata={"evalkit_task": None, "k": "v"})
        types = [event.type async for event in client.beta.sessions.events.list(session_id)]
        return session.title, session.metadata, types

    assert with_client(emulator, act) == ("t", {"k": "v"}, ["session.updated"])


def test_a_running_session_can_be_neither_deleted_nor_archived(stage_path: Any) -> None:
    with Emulator(stage_path, time_scale=1.0) as emulator:

        async def act(client: AsyncAnthropic) -> None:
            session_id = await open_session(client, "none", initial_events=[outcome(description="slow work")])
            with pytest.raises(BadRequestError, match="while it is running"):
                await client.beta.sessions.delete(session_id)
            with pytest.raises(BadRequestError, match='while its status is "running"'):
                await client.beta.sessions.archive(session_id)

        with_client(emulator, act)


def test_an_archived_session_is_terminated_and_takes_no_events(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> str:
        session_id = await open_session(client, "fine")
        session = await client.beta.sessions.archive(session_id)
        with pytest.raises(ConflictError, match="archived"):
            await client.beta.sessions.events.send(session_id, events=[message("hello")])
        return session.status

    assert with_client(emulator, act) == "terminated"


def test_initial_events_start_the_session_at_once(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[str, str]:
        agent = await client.beta.agents.create(name="a", model="claude-sonnet-5-5", tools=[LOOKUP])
        environment = await client.beta.environments.create(name=f"e {agent.id}")
        session = await client.beta.sessions.create(
            agent=agent.id,
            environment_id=environment.id,
            metadata={"evalkit_task": "fine"},
            initial_events=[outcome()],
        )
        first = await client.beta.sessions.events.list(session.id, limit=1)
        return session.status, first.data[0].type

    assert with_client(emulator, act) == ("running", "session.status_running")


@pytest.mark.parametrize(
    ("fields", "message_text"),
    [
        ({"initial_events": [{"type": "user.interrupt"}]}, "initial_events"),
        ({"initial_events": [outcome(), outcome()]}, "at most one"),
        ({"budget": {"type": "limit", "max_list_cost": {"amount": "2.50", "currency": "USD"}}}, "no whole number"),
        (
            {"model": "a-model", "budget": {"type": "limit", "max_list_cost": {"amount": "5", "currency": "USD"}}},
            "no price",
        ),
        ({"resources": [{"type": "memory_store", "memory_store_id": "memstore_01x"}]}, "memory_store"),
    ],
)
def test_a_session_that_cannot_be_is_refused_whole(
    emulator: Emulator, fields: dict[str, Any], message_text: str
) -> None:
    async def act(client: AsyncAnthropic) -> None:
        before = [session.id async for session in client.beta.sessions.list(limit=100)]
        with pytest.raises(BadRequestError, match=message_text):
            await open_session(client, "fine", **fields)
        assert [session.id async for session in client.beta.sessions.list(limit=100)] == before

    with_client(emulator, act)


def test_mounted_files_are_rooted_in_the_uploads_and_may_not_leave_them(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[str]:
        uploaded = await client.beta.files.upload(file=("x.txt", b"x"))
        session_id = await open_session(client, "fine")
        for path in ("x", "/tmp/x", None):
            place: Any = {} if path is None else {"mount_path": path}
            await client.beta.sessions.resources.add(session_id, type="file", file_id=uploaded.id, **place)
        for path in ("../probe.txt", "x", "x/y"):
            with pytest.raises(BadRequestError, match="Invalid file resource"):
                await client.beta.sessions.resources.add(session_id, type="file", file_id=uploaded.id, mount_path=path)
        mounted: list[Any] = [item async for item in client.beta.sessions.resources.list(session_id)]
        one: Any = await client.beta.sessions.resources.retrieve(mounted[0].id, session_id=session_id)
        assert one.mount_path == mounted[0].mount_path
        return [item.mount_path.replace(uploaded.id, "ID") for item in mounted if item.type == "file"]

    root = "/mnt/session/uploads"
    assert with_client(emulator, act) == [f"{root}/x", f"{root}/tmp/x", f"{root}/ID"]


def test_a_reached_budget_stops_the_work_and_a_higher_one_resumes_it(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[str, str, str]:
        budget: Any = {"type": "limit", "max_list_cost": {"amount": "1", "currency": "USD"}}
        session_id = await open_session(client, "revised", budget=budget)
        capped = await play(client, session_id, outcome())
        with pytest.raises(BadRequestError, match=r"user\.tool_confirmation"):
            await client.beta.sessions.events.send(session_id, events=[message("go on")])
        with pytest.raises(BadRequestError, match="greater than the session's consumed"):
            await client.beta.sessions.update(session_id, budget=budget)
        running = (await client.beta.sessions.retrieve(session_id)).outcome_evaluations[0].result
        async with await client.beta.sessions.events.stream(session_id) as stream:
            await client.beta.sessions.update(session_id, budget=None)
            async for event in stream:
                if event.type == "session.status_idle":
                    break
        done = (await client.beta.sessions.retrieve(session_id)).outcome_evaluations[0].result
        return capped[-1]["stop_reason"]["type"], running, done

    assert with_client(emulator, act) == ("budget_reached", "running", "satisfied")


def test_a_status_of_the_scenario_is_answered_as_often_as_it_says(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> str:
        session_id = await open_session(client, "late-files")
        with pytest.raises(InternalServerError) as overloaded:
            await client.beta.sessions.retrieve(session_id)
        assert overloaded.value.status_code == 529
        return (await client.beta.sessions.retrieve(session_id)).id

    assert with_client(emulator, act).startswith("sesn_01")
