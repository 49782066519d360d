"""A server that is started on the journal of another has everything that the other one had."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from anthropic import AsyncAnthropic
from stage import MANAGED, connect, message, open_session, outcome, play, types, verdicts

from evalkit.emulator import Emulator, EmulatorStartError


async def everything(client: AsyncAnthropic) -> dict[str, Any]:
    """What a client can see of a server."""
    sessions = [each async for each in client.beta.sessions.list()]
    seen: dict[str, Any] = {
        "agents": [each.to_dict() async for each in client.beta.agents.list()],
        "environments": [each.to_dict() async for each in client.beta.environments.list()],
        "sessions": [{**each.to_dict(), "stats": None} for each in sessions],
        "files": [each.to_dict() async for each in client.beta.files.list(betas=[MANAGED])],
    }
    seen["versions"] = [
        [each.to_dict() async for each in client.beta.agents.versions.list(agent["id"])] for agent in seen["agents"]
    ]
    seen["events"] = [
        [event.to_dict() async for event in client.beta.sessions.events.list(each.id)] for each in sessions
    ]
    seen["contents"] = [
        await (await client.beta.files.download(file["id"])).read() for file in seen["files"] if file["downloadable"]
    ]
    return seen


async def fill(client: AsyncAnthropic) -> str:
    """One session of an updated agent with an upload has ended; its id."""
    upload = await client.beta.files.upload(file=("in.txt", b"input"))
    session_id = await open_session(client, "fine", resources=[{"type": "file", "file_id": upload.id}])
    session = await client.beta.sessions.retrieve(session_id)
    await client.beta.agents.update(session.agent.id, version=1, description="changed")
    await play(client, session_id, outcome())
    return session_id


def test_everything_is_there_after_a_restart_and_goes_on(stage_path: Path, tmp_path: Path) -> None:
    journal = tmp_path / "emulator.sqlite"

    async def run() -> None:
        with Emulator(stage_path, journal=journal) as emulator:
            async with connect(emulator) as client:
                session_id = await fill(client)
                before = await everything(client)
        with Emulator(stage_path, journal=journal) as emulator:
            async with connect(emulator) as client:
                after = await everything(client)
                more = await play(client, session_id, message("more"), outcome())

        assert after == before
        assert [len(before[key]) for key in ("agents", "sessions", "versions", "contents")] == [1, 1, 1, 1]
        assert before["versions"][0][0]["version"] == 2
        assert types(more)[-1] == "session.status_idle"

    asyncio.run(run())


def test_a_session_at_work_goes_on_without_a_client_when_the_server_is_started_again(
    stage_path: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "emulator.sqlite"

    async def run() -> None:
        # The first server stops in the middle of an evaluation that takes it half a minute.
        with Emulator(stage_path, journal=journal, time_scale=0.01) as emulator:
            async with connect(emulator) as client:
                session_id = await open_session(client, "none")
                before = await until(client, session_id, "span.outcome_evaluation_start", outcome(description="slow"))
        with Emulator(stage_path, journal=journal) as emulator:
            async with asyncio.timeout(30), connect(emulator) as client:
                await until(client, session_id, "session.status_idle")
                whole = [event.to_dict() async for event in client.beta.sessions.events.list(session_id)]

        assert verdicts(before) == []
        assert [event["id"] for event in before] == [event["id"] for event in whole[: len(before)]]
        assert verdicts(whole) == [(0, "satisfied")]

    asyncio.run(run())


async def until(client: AsyncAnthropic, session_id: str, kind: str, *events: Any) -> list[dict[str, Any]]:
    """The session's events up to one of this kind, streamed; it may have come before the stream was open."""
    async with await client.beta.sessions.events.stream(session_id) as stream:
        if events:
            await client.beta.sessions.events.send(session_id, events=list(events))
        seen = [event.to_dict() async for event in client.beta.sessions.events.list(session_id)]
        ids = {event["id"] for event in seen}
        if kind not in types(seen):
            async for streamed in stream:
                event = streamed.to_dict()
                seen += [event] if event["id"] not in ids else []
                if event["type"] == kind:
                    break
    return seen


def test_a_stream_ends_when_the_journal_cannot_be_written_and_the_session_goes_on_when_it_can(
    stage_path: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "emulator.sqlite"

    def execute(statement: str) -> None:
        with closing(sqlite3.connect(journal)) as database:
            database.execute(statement)

    async def run() -> None:
        with Emulator(stage_path, journal=journal) as emulator:
            async with asyncio.timeout(30), connect(emulator) as client:
                session_id = await open_session(client, "fine")
                execute(
                    "CREATE TRIGGER refuse BEFORE INSERT ON entries WHEN NEW.number > 12"
                    " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
                )
                cut = await until(client, session_id, "session.status_idle", outcome())
                assert "session.status_idle" not in types(cut)
                execute("DROP TRIGGER refuse")
                await until(client, session_id, "session.status_idle")
                whole = [event.to_dict() async for event in client.beta.sessions.events.list(session_id)]

        assert [event["id"] for event in cut] == [event["id"] for event in whole[: len(cut)]]
        assert verdicts(whole) == [(0, "satisfied")]

    asyncio.run(run())


def test_two_servers_do_not_share_a_journal(tmp_path: Path) -> None:
    with (
        Emulator(journal=tmp_path / "j.sqlite"),
        pytest.raises(EmulatorStartError, match="another server uses this journal"),
        Emulator(journal=tmp_path / "j.sqlite"),
    ):
        pytest.fail("two servers on one journal")
