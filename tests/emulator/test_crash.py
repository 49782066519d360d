"""Brain, hands and session can each die alone: whatever the moment, the session ends as if nothing had happened."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from evalkit.emulator.fields import Fields, JsonObject
from evalkit.emulator.problems import ApiProblem
from evalkit.emulator.resources import agent_created, session_agent
from evalkit.emulator.scenario import Scenario, load_scenario
from evalkit.emulator.session import LiveSession
from evalkit.emulator.sessions import session_created
from evalkit.emulator.state import SessionState
from evalkit.emulator.world import World

SCENARIO = """\
format: evalkit-scenario/1
seed: 3
sessions:
  - match: {metadata: {evalkit_task: table}}
    deliver: {files: drafts}
    grader: {judged: {R1: [not_met, met]}}
    cost: {requests: [2, 3]}
    time_s: {request: [2, 2], grading: [40, 40]}
  - match: {metadata: {evalkit_task: team}}
    deliver: {files: drafts}
    threads:
      - agent: reader
        task: Read.
        calls: [{tool: glob, input: {path: /workspace, pattern: "*"}}]
        report: Nothing is there.
      - {agent: writer, task: Write., report: Done.}
    grader: {judged: {R1: [not_met, met]}}
    cost: {requests: [2, 3]}
"""
OUTCOME: JsonObject = {
    "type": "user.define_outcome",
    "description": "d",
    "max_iterations": 3,
    "rubric": {"type": "text", "content": "- [R1] Good. x\n"},
}
SHOWN = ("type", "iteration", "result", "explanation", "name", "input", "content", "is_error", "model_usage", "error")
STAYS_DEAD_S = 20.0


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "table.csv").write_text("good\n")
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    return load_scenario(tmp_path / "scenario.yaml")


@pytest.fixture(autouse=True)
def _expected_failures_are_not_printed() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def shown(events: list[JsonObject]) -> list[JsonObject]:
    """The events without ids and times, and without amounts of running time."""
    return [{key: event[key] for key in SHOWN if key in event} for event in events]


def new_agent(name: str, **more: object) -> JsonObject:
    body = {"name": name, "model": "claude-sonnet-5-5", "tools": [{"type": "agent_toolset_20260401"}], **more}
    return agent_created(Fields(body), "2026-01-01T00:00:00Z")


def open_session(world: World, task: str = "table") -> LiveSession:
    agent = session_agent(new_agent("a"), None)
    if task == "team":
        members = [session_agent(new_agent(name), None) for name in ("reader", "writer")]
        agent |= {"multiagent": {"type": "coordinator", "agents": members}}
    body = Fields({"metadata": {"evalkit_task": task}})
    return world.open_session(session_created(body, agent, "env_01"), [], ())


async def play(world: World, live: LiveSession) -> None:
    """The session has come to its end, or its journal refused an entry."""
    async with asyncio.timeout(STAYS_DEAD_S):
        while live.state.stop != "end_turn" and not live.journal.is_broken and live.state.status != "terminated":
            await live.journal.growth().wait()


def entries(journal: Path) -> int:
    with closing(sqlite3.connect(journal)) as database:
        return int(database.execute("SELECT count(*) FROM entries").fetchone()[0])


def refuse_entry(journal: Path, number: int | None) -> None:
    """The file refuses the entry of this number, as a full disk would; None: it refuses nothing."""
    with closing(sqlite3.connect(journal)) as database:
        database.execute("DROP TRIGGER IF EXISTS refuse")
        if number is not None:
            database.execute(
                f"CREATE TRIGGER refuse BEFORE INSERT ON entries WHEN NEW.number = {number}"
                " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
        database.commit()


async def whole_session(scenario: Scenario, folder: Path) -> tuple[int, list[JsonObject]]:
    """How many entries an undisturbed session has, and its events."""
    world = World(scenario, folder / "undisturbed.sqlite")
    live = open_session(world)
    live.accept((OUTCOME,))
    await play(world, live)
    events = list(live.state.events)
    await world.close()
    return entries(folder / "undisturbed.sqlite"), events


def by_thread(live: LiveSession) -> dict[str, list[JsonObject]]:
    """What each thread did by itself, in its order, and what the threads told the coordinator, in any."""
    state = live.state
    own = [event for event in state.events if event.get("session_thread_id", state.thread_id) == state.thread_id]
    reports = [event for event in own if event["type"] == "agent.thread_message_received"]
    threads = {str(recorded["name"]): thread.events for recorded, thread in members(live)}
    threads |= {"own": [event for event in own if event not in reports]}
    return {name: shown(events) for name, events in threads.items()} | {"reports": sorted(shown(reports), key=str)}


def members(live: LiveSession) -> list[tuple[JsonObject, SessionState]]:
    """Agent and fold of each subagent's thread."""
    found = []
    for thread in live.state.threads.values():
        agent = thread.session["agent"]
        assert isinstance(agent, dict)
        found.append((agent, thread))
    return found


def outputs(world: World, session_id: str) -> list[tuple[str, bytes]]:
    listed = world.files.listing(session_id)
    return [(record.filename, world.files.place_of(record.file_id).read_bytes()) for _, record in listed]


@pytest.mark.slow
def test_a_brain_that_dies_before_any_entry_is_woken_and_ends_the_session_as_if_nothing_had_happened(
    scenario: Scenario, tmp_path: Path
) -> None:
    async def run() -> None:
        count, undisturbed = await whole_session(scenario, tmp_path)
        assert [event["result"] for event in undisturbed if "result" in event] == ["needs_revision", "satisfied"]
        world = World(scenario, tmp_path / "j.sqlite")
        # The first entries are those of creating the session and of the client's own request.
        for number in range(5, count):
            live = open_session(world)
            live.accept((OUTCOME,))
            refuse_entry(tmp_path / "j.sqlite", number)
            await play(world, live)
            assert live.journal.is_broken
            refuse_entry(tmp_path / "j.sqlite", None)
            woken = world.session(live.id)
            assert woken is not live
            await play(world, woken)
            assert shown(woken.state.events) == shown(undisturbed), f"died before entry {number} of {count}"
            assert outputs(world, live.id) == [("table.csv", b"good\n")]
        await world.close()

    asyncio.run(run())


@pytest.mark.slow
def test_a_brain_of_any_thread_can_die_before_any_entry_and_every_thread_ends_as_if_nothing_had_happened(
    scenario: Scenario, tmp_path: Path
) -> None:
    async def run() -> None:
        world = World(scenario, tmp_path / "j.sqlite")
        live = open_session(world, "team")
        live.accept((OUTCOME,))
        await play(world, live)
        undisturbed, count = by_thread(live), entries(tmp_path / "j.sqlite")
        assert [event["result"] for event in undisturbed["own"] if "result" in event] == ["needs_revision", "satisfied"]
        assert [event["type"] for event in undisturbed["reader"]].count("agent.tool_result") == 1
        for number in range(5, count):
            live = open_session(world, "team")
            live.accept((OUTCOME,))
            refuse_entry(tmp_path / "j.sqlite", number)
            await play(world, live)
            assert live.journal.is_broken
            refuse_entry(tmp_path / "j.sqlite", None)
            woken = world.session(live.id)
            await play(world, woken)
            assert by_thread(woken) == undisturbed, f"died before entry {number} of {count}"
            assert not woken.journal.is_broken
        await world.close()

    asyncio.run(run())


def test_a_session_of_several_agents_that_has_ended_is_at_work_no_more(scenario: Scenario, tmp_path: Path) -> None:
    async def run() -> None:
        world = World(scenario, tmp_path / "j.sqlite")
        live = open_session(world, "team")
        live.accept((OUTCOME,))
        await play(world, live)
        for _ in range(100):
            await asyncio.sleep(0)
        assert world.setting.at_work == set()
        await world.close()

    asyncio.run(run())


@pytest.mark.slow
def test_a_server_that_dies_before_any_entry_goes_on_when_it_is_started_on_its_journal(
    scenario: Scenario, tmp_path: Path
) -> None:
    async def run() -> None:
        count, undisturbed = await whole_session(scenario, tmp_path)
        for number in range(5, count):
            journal = tmp_path / f"{number}.sqlite"
            first = World(scenario, journal)
            live = open_session(first)
            live.accept((OUTCOME,))
            refuse_entry(journal, number)
            await play(first, live)
            await first.close()
            refuse_entry(journal, None)

            second = World(scenario, journal)
            second.resume()
            woken = second.session(live.id)
            await play(second, woken)
            assert shown(woken.state.events) == shown(undisturbed), f"died before entry {number} of {count}"
            assert outputs(second, live.id) == [("table.csv", b"good\n")]
            await second.close()

    asyncio.run(run())


def test_a_request_whose_events_cannot_be_kept_leaves_nothing_behind(scenario: Scenario, tmp_path: Path) -> None:
    async def run() -> None:
        world = World(scenario, tmp_path / "j.sqlite")
        live = open_session(world)
        # The third of the entries that the request makes: the first two must not stay.
        refuse_entry(tmp_path / "j.sqlite", 3)
        with pytest.raises(sqlite3.Error, match="the disk is full"):
            live.accept((OUTCOME,))
        refuse_entry(tmp_path / "j.sqlite", None)

        woken = world.session(live.id)

        assert (woken.state.events, woken.state.status) == ([], "idle")
        woken.accept((OUTCOME,))
        await play(world, woken)
        assert woken.state.stop == "end_turn"
        await world.close()

    asyncio.run(run())


def test_a_session_that_nobody_uses_is_read_again_from_the_file_and_a_deleted_one_is_gone(
    scenario: Scenario, tmp_path: Path
) -> None:
    async def run() -> None:
        world = World(scenario, tmp_path / "j.sqlite")
        live = open_session(world)
        live.accept((OUTCOME,))
        await play(world, live)
        events, session_id = list(live.state.events), live.id
        del live
        for _ in range(100):
            open_session(world)

        woken = world.session(session_id)
        assert woken.state.events == events
        await world.delete_session(woken)
        with pytest.raises(ApiProblem, match="not found"):
            world.session(session_id)
        assert session_id not in [card["id"] for _, card in world.cards()]
        assert outputs(world, session_id) == []
        await world.close()
        again = World(scenario, tmp_path / "j.sqlite")
        assert len(again.cards()) == 100
        await again.close()

    asyncio.run(run())


def test_a_hand_that_fails_is_an_answer_to_the_agent(scenario: Scenario, tmp_path: Path) -> None:
    async def run() -> None:
        world = World(scenario, tmp_path / "j.sqlite")
        live = open_session(world)
        outputs_folder = live.hands.uploads.parent / "outputs"
        outputs_folder.rmdir()
        outputs_folder.write_text("a file where a folder was")
        live.accept((OUTCOME,))
        async with asyncio.timeout(STAYS_DEAD_S):
            while not any(event["type"] == "agent.tool_result" for event in live.state.events):
                await live.journal.growth().wait()
        result = next(event for event in live.state.events if event["type"] == "agent.tool_result")
        assert result["is_error"] is True
        await world.close()

    asyncio.run(run())
