"""The engine under the HTTP surface, where a test may reach behind the agent's back."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from evalkit.emulator.fields import Fields, JsonObject
from evalkit.emulator.journal import Journal
from evalkit.emulator.resources import agent_created, session_agent
from evalkit.emulator.scenario import load_scenario
from evalkit.emulator.session import LiveSession
from evalkit.emulator.sessions import session_created
from evalkit.emulator.world import World

T = TypeVar("T")
SCENARIO = """\
format: evalkit-scenario/1
seed: 3
sessions:
  - match: {metadata: {evalkit_task: table}}
    deliver: {make: make.py}
    calls: [{custom: lookup, input: {}}]
    grader: {probes: probes.py}
    cost: {requests: [6, 6]}
"""
MAKE = "import pathlib, sys\npathlib.Path(sys.argv[2], 'table.csv').write_text('good\\n')\n"
PROBES = "def R1(outputs, inputs):\n    return (outputs / 'table.csv').read_text() == 'good\\n', 'looked'\n"
OUTCOME: JsonObject = {
    "type": "user.define_outcome",
    "description": "d",
    "max_iterations": 1,
    "rubric": {"type": "text", "content": "- [R1] Good. x\n"},
}
ASKED_BEFORE_LOOKING = {
    "type": "agent_toolset_20260401",
    "configs": [{"name": "glob", "permission_policy": {"type": "always_ask"}}],
}
LOOKUP = {"type": "custom", "name": "lookup", "description": "d", "input_schema": {"type": "object"}}


def with_session(
    folder: Path, act: Callable[[LiveSession], Any], journal: Path | None = None
) -> tuple[JsonObject, list[JsonObject], Any]:
    """The verdict, the events and what `act` returned at each question of the session, played to its end."""
    for name, text in (("scenario.yaml", SCENARIO), ("make.py", MAKE), ("probes.py", PROBES)):
        (folder / name).write_text(text)

    async def run() -> tuple[JsonObject, list[JsonObject], Any]:
        world = World(load_scenario(folder / "scenario.yaml"), journal)
        tools = [ASKED_BEFORE_LOOKING, LOOKUP]
        agent = agent_created(
            Fields({"name": "a", "model": "claude-sonnet-5-5", "tools": tools}), "2026-01-01T00:00:00Z"
        )
        body = Fields({"metadata": {"evalkit_task": "table"}})
        live = world.open_session(session_created(body, session_agent(agent, None), "env_01"), [], ())
        live.accept((OUTCOME,))
        told = None
        while live.state.stop != "end_turn" and live.state.status != "terminated":
            growth = live.journal.growth()
            if live.state.stop == "requires_action" and live.state.pending:
                told = act(live) or told
                live.accept(tuple(answer(use) for use in live.state.pending.values()))
            else:
                await growth.wait()
        events = list(live.state.events)
        await world.close()
        return next((e for e in events if e["type"] == "span.outcome_evaluation_end"), {}), events, told

    return asyncio.run(run())


def answer(use: JsonObject) -> JsonObject:
    if use["type"] == "agent.custom_tool_use":
        return {"type": "user.custom_tool_result", "custom_tool_use_id": use["id"], "content": [], "is_error": False}
    return {"type": "user.tool_confirmation", "tool_use_id": use["id"], "result": "allow"}


def test_the_verdict_follows_the_file_and_not_the_agent(tmp_path: Path) -> None:
    def swap(live: LiveSession) -> None:
        live.hands.mount("/mnt/session/outputs/table.csv", b"swapped\n")

    fair, _, _ = with_session(tmp_path, lambda _: None)
    swapped, _, _ = with_session(tmp_path, swap)

    assert (fair["result"], swapped["result"]) == ("satisfied", "max_iterations_reached")


def test_folding_the_journal_anew_gives_the_same_state_at_every_question(tmp_path: Path) -> None:
    unequal: list[int] = []

    def compare(live: LiveSession) -> None:
        anew = Journal(live.id, live._setting.journal_file).state
        if anew != live.state:
            unequal.append(len(live.state.events))

    _, events, _ = with_session(tmp_path, compare)

    assert unequal == []
    assert sum(event["type"] == "session.status_idle" for event in events) >= 3


def test_every_entry_is_a_row_of_the_journal_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    _, events, _ = with_session(tmp_path, lambda _: None, path)

    database = sqlite3.connect(path)
    rows = database.execute("SELECT body FROM entries WHERE kind = 'event' ORDER BY number").fetchall()
    kinds = {kind for (kind,) in database.execute("SELECT DISTINCT kind FROM entries")}
    database.close()
    assert [json.loads(body) for (body,) in rows] == events
    assert {"created", "captured", "feedback", "grader_usage"} <= kinds


def test_waiting_for_the_client_is_not_running_time(tmp_path: Path) -> None:
    def wait(live: LiveSession) -> float:
        live.clock.advance(1000.0)
        return live.state.active.stopped_s

    _, events, _ = with_session(tmp_path, wait)

    usage = next(event["usage"] for event in reversed(events) if event["type"] == "session.usage")
    assert isinstance(usage, dict)
    assert 0 < usage["active_seconds"] < 300


def test_the_grader_is_in_the_totals_and_in_no_span(tmp_path: Path) -> None:
    _, events, _ = with_session(tmp_path, lambda _: None)

    usages: list[Any] = [event["usage"] for event in events if event["type"] == "session.usage"]
    spans: list[Any] = [event["model_usage"] for event in events if event["type"] == "span.model_request_end"]
    end: Any = next(event["usage"] for event in events if event["type"] == "span.outcome_evaluation_end")
    grader = usages[-1]["output_tokens"] - sum(span["output_tokens"] for span in spans)
    grader += usages[-1]["input_tokens"] - sum(span["input_tokens"] for span in spans)
    assert 4000 <= grader <= 9000
    assert set(end.values()) == {0}


def test_the_snapshot_after_a_verdict_is_stale_but_for_the_time(tmp_path: Path) -> None:
    _, events, _ = with_session(tmp_path, lambda _: None)

    place = next(i for i, event in enumerate(events) if event["type"] == "span.outcome_evaluation_end")
    before: Any = [event["usage"] for event in events[:place] if event["type"] == "session.usage"][-1]
    after: Any = next(event["usage"] for event in events[place:] if event["type"] == "session.usage")
    assert after | {"active_seconds": 0} == before | {"active_seconds": 0}
    assert after["active_seconds"] > before["active_seconds"]


def test_a_fault_of_the_server_terminates_the_session_instead_of_hanging_it(tmp_path: Path) -> None:
    def lose_the_disk(live: LiveSession) -> None:
        shutil.rmtree(live._setting.files.folder, ignore_errors=True)

    verdict, events, _ = with_session(tmp_path, lose_the_disk)

    assert verdict == {}
    assert [event["type"] for event in events[-3:]] == [
        "session.error",
        "session.thread_status_terminated",
        "session.status_terminated",
    ]
