"""The order of an emulated session's events is one that recorded production sessions have."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from anthropic import AsyncAnthropic
from stage import MANAGED, open_session, outcome, play, with_client

from evalkit.emulator import Emulator

LETTERS = {
    "session.status_running": "R",
    "session.thread_status_running": "r",
    "user.define_outcome": "D",
    "span.model_request_start": "(",
    "agent.thinking": "t",
    "agent.message": "m",
    "agent.tool_use": "u",
    "agent.mcp_tool_use": "p",
    "agent.custom_tool_use": "c",
    "span.model_request_end": ")",
    "agent.tool_result": "v",
    "agent.mcp_tool_result": "q",
    "user.custom_tool_result": "C",
    "span.outcome_evaluation_start": "[",
    "span.outcome_evaluation_ongoing": "o",
    "span.outcome_evaluation_end": "]",
    "session.thread_status_idle": "i",
    "session.usage": "$",
    "session.status_idle": "I",
}
REQUEST = r"\(\$?t?\$?m?[upc]*\)[vq]*"
IDLE = r"i\$\$?I"
ANSWERED = rf"{IDLE}(Rr{IDLE})*C+Rr[vq]*"
WORK = rf"({REQUEST}({ANSWERED})*)+"
SESSION = re.compile(rf"RrD{WORK}(\[o*\]n{WORK})*\[o*\][smf]{WORK}{IDLE}")
Played = dict[str, list[dict[str, Any]]]
EMULATED = ("fine", "revised", "stuck", "rewritten", "asks", "binary")


def letters(events: list[dict[str, Any]]) -> str:
    """The session as a word: a letter an event, and after each evaluation the first letter of its result."""
    return "".join(LETTERS[event["type"]] + event.get("result", "")[:1] for event in events)


def recorded(folder: Path) -> Iterator[list[dict[str, Any]]]:
    for path in sorted(folder.glob("*.jsonl")):
        events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if any(event["type"] == "user.define_outcome" for event in events):
            yield events


@pytest.fixture(scope="module")
def emulated(emulator: Emulator) -> dict[str, list[dict[str, Any]]]:
    """By task, the events that the list shows after one outcome."""

    async def act(client: AsyncAnthropic) -> dict[str, list[dict[str, Any]]]:
        return {task: await played(client, task) for task in EMULATED}

    return with_client(emulator, act)


async def played(client: AsyncAnthropic, task: str) -> list[dict[str, Any]]:
    session_id = await open_session(client, task)
    await play(client, session_id, outcome())
    page: Any = await client.get(
        f"/v1/sessions/{session_id}/events", cast_to=object, options={"headers": {"anthropic-beta": MANAGED}}
    )
    return list(page["data"])


def steps_between(events: list[dict[str, Any]]) -> set[tuple[str, str, int]]:
    """Pairs of neighbours a few microseconds apart, and how many."""
    moments = [(event["type"], datetime.fromisoformat(event["processed_at"])) for event in events]
    return {
        (first, second, (later - earlier) // timedelta(microseconds=1))
        for (first, earlier), (second, later) in pairwise(moments)
        if later - earlier < timedelta(microseconds=10)
    }


@pytest.mark.parametrize("task", EMULATED)
def test_an_emulated_session_has_the_grammar_of_recorded_ones(emulated: Played, task: str) -> None:
    assert SESSION.fullmatch(letters(emulated[task]))


def test_every_recorded_outcome_session_has_that_grammar(traces: Path) -> None:
    words = [letters(events) for events in recorded(traces)]

    assert len(words) >= 15
    assert [word for word in words if not SESSION.fullmatch(word)] == []


@pytest.mark.parametrize("task", EMULATED)
def test_emulated_events_carry_the_keys_that_recorded_ones_do(emulated: Played, traces: Path, task: str) -> None:
    known: dict[str, set[frozenset[str]]] = {}
    for session in recorded(traces):
        for event in session:
            known.setdefault(event["type"], set()).add(frozenset(event))

    assert [event for event in emulated[task] if frozenset(event) not in known[event["type"]]] == []


@pytest.mark.parametrize("task", EMULATED)
def test_neighbours_are_as_many_microseconds_apart_as_recorded(emulated: Played, traces: Path, task: str) -> None:
    known = set().union(*(steps_between(session) for session in recorded(traces)))

    assert steps_between(emulated[task]) <= known
    assert ("span.outcome_evaluation_end", "span.model_request_start", 2) in known


@pytest.mark.parametrize("task", EMULATED)
def test_time_never_goes_back_in_a_session(emulated: Played, task: str) -> None:
    stamps = [event["processed_at"] for event in emulated[task]]

    assert stamps == sorted(set(stamps))


def test_a_long_evaluation_shows_signs_of_life_every_thirty_seconds(emulated: Played) -> None:
    events = emulated["stuck"]
    graded = [event for event in events if event["type"].startswith("span.outcome_evaluation")][:4]
    moments = [datetime.fromisoformat(event["processed_at"]) for event in graded]

    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    assert [event["type"].rpartition("_")[2] for event in graded] == ["start", "ongoing", "ongoing", "end"]
    assert gaps == pytest.approx([30.351, 30.351, 70 - 60.702], abs=1e-4)
