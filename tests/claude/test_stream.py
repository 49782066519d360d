"""Following a session on servers that misbehave: every event once, or a plain failure, never a hang."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from evalkit.claude.client import Target, open_client
from evalkit.claude.stream import CaughtUp, Follower
from evalkit.errors import MeasurementError

RESET = b"RESET"
"""In place of an end: the connection is reset."""


def event(number: int, **more: Any) -> dict[str, Any]:
    stamp = f"2026-11-22T10:00:{number:02}Z"
    return {"id": f"sevt_{number}", "type": "agent.message", "content": [], "processed_at": stamp, **more}


EVENTS = [event(number) for number in range(6)]


def frame(body: object) -> bytes:
    kind = body.get("type") if isinstance(body, dict) else "x"
    return f"event: {kind}\ndata: {json.dumps(body)}\n\n".encode()


class Misbehaving:
    """Answers the event list with pages and each stream with the next of its scripts, then breaks off."""

    def __init__(self, pages: Callable[[str], dict[str, Any]], streams: Sequence[bytes]) -> None:
        self._pages = pages
        self._streams = list(streams)
        self._over = asyncio.Event()
        self._done: list[asyncio.Event] = []
        self.lists = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._done.append(done := asyncio.Event())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answer((await reader.readuntil(b"\r\n\r\n")).decode().split()[1], writer)
        writer.transport.abort()
        done.set()

    async def end(self) -> None:
        """Nobody is being answered any more."""
        self._over.set()
        for done in self._done:
            await done.wait()

    async def _answer(self, target: str, writer: asyncio.StreamWriter) -> None:
        if "/stream" not in target:
            self.lists += 1
            body = json.dumps(self._pages(target)).encode()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n")
            writer.write(f"content-length: {len(body)}\r\n\r\n".encode() + body)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            await writer.drain()
            if not self._streams:
                await self._over.wait()
                return
            script = self._streams.pop(0)
            writer.write(script.removesuffix(RESET))
            await writer.drain()
            if script.endswith(RESET):
                return
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def page_of(events: Sequence[dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    return lambda _: {"data": list(events), "next_page": None}


@asynccontextmanager
async def following(server: Misbehaving, poll_s: float = 5.0) -> AsyncIterator[Follower]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listener:
        host, port = listener.sockets[0].getsockname()
        async with (
            open_client(Target(base_url=f"http://{host}:{port}", api_key=None), strict=False) as client,
            Follower(client, "sesn_1", poll_s=poll_s) as follower,
        ):
            yield follower
        await server.end()


def collect(server: Misbehaving, wanted: int, poll_s: float = 5.0) -> list[str]:
    """Ids of the first `wanted` events."""

    async def play() -> list[str]:
        found: list[str] = []
        async with following(server, poll_s) as follower:
            while len(found) < wanted:
                item = await follower.next(10)
                assert item is not None, f"silent after {found}"
                if not isinstance(item, CaughtUp):
                    found.append(item.get("id", item["type"]))
        return found

    return asyncio.run(play())


def names(events: Sequence[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in events]


@pytest.mark.parametrize("ending", [b"", b'event: agent.message\ndata: {"id": "sevt_9', RESET])
@pytest.mark.parametrize("at", range(7))
def test_a_drop_at_any_event_loses_none_and_repeats_none(at: int, ending: bytes) -> None:
    heard = b"".join(frame(item) for item in EVENTS[:at])
    listed = iter([EVENTS[:0]])

    server = Misbehaving(lambda _: {"data": next(listed, EVENTS), "next_page": None}, [heard + ending])

    assert collect(server, len(EVENTS)) == names(EVENTS)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"event: agent.message\ndata: {not json\n\n",
        b"event: agent.message\ndata: [1, 2]\n\n",
        b"event: agent.message\ndata: 7\n\n",
        b"event: agent.message\ndata: \xff\xfe\n\n",
        b"event: agent.message\ndata: " + b"[" * 20_000 + b"\n\n",
        b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}\n\n',
    ],
)
def test_a_frame_that_is_no_event_is_a_drop_and_not_an_end(rubbish: bytes) -> None:
    listed = iter([EVENTS[:2]])
    server = Misbehaving(lambda _: {"data": next(listed, EVENTS), "next_page": None}, [rubbish, b""])

    assert collect(server, len(EVENTS)) == names(EVENTS)


def test_a_stream_that_is_open_and_dead_is_not_believed() -> None:
    listed = iter([EVENTS[:2]])
    server = Misbehaving(lambda _: {"data": next(listed, EVENTS), "next_page": None}, [])

    assert collect(server, len(EVENTS), poll_s=0.05) == names(EVENTS)


def test_events_without_an_id_are_each_delivered_once() -> None:
    nameless = [{"type": "session.deleted", "processed_at": f"2026-11-22T10:00:0{at}Z"} for at in (1, 2)]
    server = Misbehaving(page_of([*nameless, EVENTS[0]]), [b"".join(frame(item) for item in [*nameless, EVENTS[1]])])

    assert collect(server, 4) == ["session.deleted", "session.deleted", "sevt_0", "sevt_1"]


def test_types_that_nobody_knows_are_delivered_as_they_are() -> None:
    strange = event(1, type="session.something_new", more={"a": [1]})
    server = Misbehaving(page_of([]), [frame(strange)])

    assert collect(server, 1) == ["sevt_1"]


def test_previews_of_a_message_are_no_events() -> None:
    preview = {"type": "event_delta", "event_id": "sevt_1", "delta": {}}
    server = Misbehaving(page_of([]), [frame(preview) + frame(EVENTS[1])])

    assert collect(server, 1) == ["sevt_1"]


@pytest.mark.parametrize("items", [EVENTS, []])
def test_a_history_that_runs_in_a_circle_is_a_plain_failure(items: list[dict[str, Any]]) -> None:
    async def play() -> int:
        server = Misbehaving(lambda _: {"data": items, "next_page": "again"}, [])
        async with following(server) as follower:
            for _ in items:
                await follower.next(10)
            with pytest.raises(MeasurementError, match="the list does not end"):
                await drain(follower)
        return server.lists

    assert asyncio.run(play()) < 10


async def drain(follower: Follower) -> None:
    while await follower.next(10) is not None:
        pass
