"""Live previews: stream-only, for those who ask, and made whole by the event that follows."""

from typing import Any

import pytest
from anthropic import AsyncAnthropic
from anthropic.lib.sessions import accumulate_managed_agents_event
from stage import message, open_session, outcome, types, with_client

from evalkit.emulator import Emulator


async def watch(client: AsyncAnthropic, session_id: str, kinds: Any, *events: Any) -> list[Any]:
    """Every event of a stream opened with these previews."""
    seen = []
    async with await client.beta.sessions.events.stream(session_id, event_deltas=kinds) as stream:
        await client.beta.sessions.events.send(session_id, events=list(events))
        async for event in stream:
            seen.append(event)
            if event.type == "session.status_idle":
                break
    return seen


def watched(emulator: Emulator, kinds: list[str], first: Any) -> tuple[list[Any], list[str]]:
    async def act(client: AsyncAnthropic) -> tuple[list[Any], list[str]]:
        session_id = await open_session(client, "fine")
        seen = await watch(client, session_id, kinds, first)
        listed = [str(event.type) async for event in client.beta.sessions.events.list(session_id)]
        return seen, listed

    return with_client(emulator, act)


def test_a_message_is_previewed_in_pieces_that_make_the_whole_text(emulator: Emulator) -> None:
    seen, _ = watched(emulator, ["agent.message"], message("hello"))

    [final] = [event for event in seen if event.type == "agent.message"]
    pieces = [event.delta.content.text for event in seen if event.type == "event_delta"]
    [start] = [event.event for event in seen if event.type == "event_start"]
    assert (start.id, start.type) == (final.id, "agent.message")
    assert "".join(pieces) == final.content[0].text


def test_previews_stand_between_the_start_of_the_request_and_the_event(emulator: Emulator) -> None:
    seen, _ = watched(emulator, ["agent.message", "agent.thinking"], message("hello"))

    kinds = [event.type for event in seen]
    first = kinds.index("span.model_request_start")
    assert kinds[first : first + 4] == ["span.model_request_start", "event_start", "agent.thinking", "event_start"]
    assert seen[first + 1].event.id == seen[first + 2].id
    assert set(kinds[first + 4 : kinds.index("agent.message")]) == {"event_delta"}


@pytest.mark.parametrize("kinds", [["agent.thinking"], []])
def test_nobody_gets_a_preview_that_was_not_asked_for(emulator: Emulator, kinds: list[str]) -> None:
    seen, _ = watched(emulator, kinds, outcome())

    assert [event for event in seen if event.type == "event_delta"] == []
    assert {event.event.type for event in seen if event.type == "event_start"} == set(kinds)


def test_a_list_has_no_previews(emulator: Emulator) -> None:
    seen, listed = watched(emulator, ["agent.message"], outcome())

    events = [event.to_dict(mode="json") for event in seen]
    assert [kind for kind in types(events) if not kind.startswith("event_")] == listed


def test_the_sdks_accumulator_follows_the_previews(emulator: Emulator) -> None:
    seen, _ = watched(emulator, ["agent.message"], message("hello"))

    snapshot: Any = None
    texts = []
    for event in seen:
        if event.type in ("event_start", "event_delta"):
            snapshot = accumulate_managed_agents_event(snapshot, event)
            texts.append(snapshot.content[0].text if snapshot.content else "")
    [final] = [event for event in seen if event.type == "agent.message"]
    assert texts[-1] == final.content[0].text
