"""Every fault, as the official client meets it."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import anthropic
import httpx2
import pytest
from anthropic import AsyncAnthropic
from stage import MANAGED, connect, message, open_session, outcome, play, types, verdicts

from evalkit.emulator import Emulator, EmulatorStartError

T = TypeVar("T")
FINE = "fine"


def meet(stage: Path, act: Callable[[AsyncAnthropic], Coroutine[None, None, T]], *faults: str) -> T:
    """What `act` returns on a server of its own with these faults."""

    async def run() -> T:
        with Emulator(stage, faults=faults) as emulator:
            async with asyncio.timeout(30), connect(emulator) as client:
                return await act(client)

    return asyncio.run(run())


async def follow(client: AsyncAnthropic, session_id: str) -> tuple[list[dict[str, Any]], BaseException | None]:
    """What a stream of a whole session gives, and how it breaks off."""
    seen: list[dict[str, Any]] = []
    try:
        async with await client.beta.sessions.events.stream(session_id) as stream:
            await client.beta.sessions.events.send(session_id, events=[outcome()])
            async for event in stream:
                seen.append(event.to_dict(mode="json"))
                if event.type == "session.status_idle":
                    break
    except (httpx2.HTTPError, anthropic.APIError) as error:
        return seen, error
    return seen, None


async def listed(client: AsyncAnthropic, session_id: str) -> list[dict[str, Any]]:
    """The session's events once it is idle or over."""
    while (await client.beta.sessions.retrieve(session_id)).status in ("running", "rescheduling"):  # noqa: ASYNC110 - over HTTP there is no event to wait for
        await asyncio.sleep(0)
    return [event.to_dict(mode="json") async for event in client.beta.sessions.events.list(session_id)]


async def session_of_events(client: AsyncAnthropic) -> list[dict[str, Any]]:
    session_id = await open_session(client, FINE)
    await client.beta.sessions.events.send(session_id, events=[outcome()])
    return await listed(client, session_id)


@pytest.mark.parametrize(("partial", "reset"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_stream_is_cut_once_and_the_next_one_is_whole(stage_path: Path, partial: bool, reset: bool) -> None:
    async def act(client: AsyncAnthropic) -> tuple[int, BaseException | None, list[dict[str, Any]]]:
        session_id = await open_session(client, FINE)
        seen, error = await follow(client, session_id)
        before = await listed(client, session_id)
        assert [event["id"] for event in seen] == [event["id"] for event in before[: len(seen)]]
        return len(seen), error, await play(client, session_id, message("more"))

    fault = f"{{drop_stream: {{after_event: 5, partial_frame: {partial}, reset: {reset}}}}}".lower()
    count, error, after = meet(stage_path, act, fault)

    assert count == 5
    assert (error is not None) is reset
    assert types(after)[-1] == "session.status_idle"


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_a_status_is_answered_as_often_as_asked_and_then_the_request_is_served(stage_path: Path, status: int) -> None:
    async def act(client: AsyncAnthropic) -> list[int]:
        session_id = await open_session(client, FINE)
        seen = []
        for _ in range(3):
            try:
                await client.beta.sessions.retrieve(session_id)
                seen.append(200)
            except anthropic.APIStatusError as error:
                seen.append(error.status_code)
        return seen

    assert meet(stage_path, act, f"{{status: {status}, on: retrieve_session, times: 2}}") == [status, status, 200]


@pytest.mark.parametrize("header", [None, "7"])
def test_a_429_comes_with_and_without_retry_after(stage_path: Path, header: str | None) -> None:
    async def act(client: AsyncAnthropic) -> str | None:
        with pytest.raises(anthropic.RateLimitError) as refused:
            await open_session(client, FINE)
        return refused.value.response.headers.get("retry-after")

    more = "" if header is None else f", retry_after_s: {header}"
    assert meet(stage_path, act, f"{{status: 429, on: create_session{more}}}") == header


def test_a_lost_response_is_lost_after_the_work_was_done(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> list[str]:
        session_id = await open_session(client, FINE)
        with pytest.raises(anthropic.APIConnectionError):
            await client.beta.sessions.events.send(session_id, events=[outcome()])
        return types(await listed(client, session_id))

    assert meet(stage_path, act, "{lost_response: {on: send_events}}").count("user.define_outcome") == 1


def test_a_retried_create_makes_two_sessions_when_the_first_answer_was_lost(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> int:
        await open_session(client.with_options(max_retries=1), FINE)
        return len([session async for session in client.beta.sessions.list()])

    assert meet(stage_path, act, "{lost_response: {on: create_session}}") == 2


def test_a_slow_listing_outlives_a_client_that_does_not_wait(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> float:
        session_id = await open_session(client, FINE)
        with pytest.raises(anthropic.APITimeoutError):
            await client.with_options(timeout=0.05).beta.sessions.events.list(session_id)
        started = time.monotonic()
        await client.beta.sessions.events.list(session_id)
        return time.monotonic() - started

    assert meet(stage_path, act, "{delay: {on: list_events, seconds: 0.3, times: 2}}") >= 0.3


def test_a_truncated_download_is_noticed_and_the_next_is_whole(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> bytes:
        session_id = await open_session(client, FINE)
        await play(client, session_id, outcome())
        files = [file async for file in client.beta.files.list(scope_id=session_id, betas=[MANAGED])]
        with pytest.raises((anthropic.APIError, httpx2.HTTPError)):
            await (await client.beta.files.download(files[0].id)).read()
        return await (await client.beta.files.download(files[0].id)).read()

    assert meet(stage_path, act, "{truncated_download: {after_bytes: 3}}") == b"x\n1\n2\n3\n"


def test_outputs_are_listed_late(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> list[int]:
        session_id = await open_session(client, FINE)
        await play(client, session_id, outcome())
        return [
            len([file async for file in client.beta.files.list(scope_id=session_id, betas=[MANAGED])]) for _ in range(3)
        ]

    assert meet(stage_path, act, "{outputs_listed_after: 2}") == [0, 0, 1]


def test_a_stream_of_heartbeats_has_no_event_and_the_next_has_them_all(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> tuple[int, str]:
        session_id = await open_session(client, FINE)
        seen = []
        async with await client.beta.sessions.events.stream(session_id) as stream:
            await client.beta.sessions.events.send(session_id, events=[outcome()])
            await listed(client, session_id)
            try:
                async with asyncio.timeout(0.2):
                    seen = [event async for event in stream]
            except TimeoutError:
                pass
        return len(seen), types(await play(client, session_id, message("more")))[-1]

    assert meet(stage_path, act, "{heartbeats_only: {every_s: 0.02}}") == (0, "session.status_idle")


def test_a_repeated_event_comes_twice_and_is_listed_once(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[str], list[str]]:
        session_id = await open_session(client, FINE)
        seen, _ = await follow(client, session_id)
        whole = await listed(client, session_id)
        return [event["id"] for event in seen], [event["id"] for event in whole]

    streamed, whole = meet(stage_path, act, "{repeat_event: {event: 3}}")

    assert streamed[:4] == [whole[0], whole[1], whole[2], whole[2]]
    assert streamed[4:] == whole[3:]


def test_late_events_come_in_their_order(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> tuple[float, list[str], list[str]]:
        session_id = await open_session(client, FINE)
        started = time.monotonic()
        seen, _ = await follow(client, session_id)
        return time.monotonic() - started, types(seen), types(await listed(client, session_id))

    took_s, streamed, whole = meet(stage_path, act, "{late_events: {seconds: 0.02}}")

    assert streamed == whole
    assert took_s >= 0.02 * len(whole)


def test_a_session_is_terminated_in_the_middle(stage_path: Path) -> None:
    events = meet(stage_path, session_of_events, "{session_becomes: {after_event: 9, status: terminated}}")

    assert types(events)[-3:] == ["session.error", "session.thread_status_terminated", "session.status_terminated"]
    assert verdicts(events) == []


def test_a_session_is_deleted_in_the_middle(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> tuple[str, int]:
        session_id = await open_session(client, FINE)
        seen, _ = await follow(client, session_id)
        with pytest.raises(anthropic.NotFoundError):
            await client.beta.sessions.retrieve(session_id)
        return seen[-1]["type"], len([session async for session in client.beta.sessions.list()])

    assert meet(stage_path, act, "{session_becomes: {after_event: 9, status: deleted}}") == ("session.deleted", 0)


def test_a_rescheduled_session_runs_again_by_itself(stage_path: Path) -> None:
    events = meet(stage_path, session_of_events, "{session_becomes: {after_event: 9, status: rescheduled}}")

    place = types(events).index("session.status_rescheduled")
    assert events[place - 2]["error"]["retry_status"]["type"] == "retrying"
    assert types(events)[place + 1] == "session.status_running"
    assert types(events).count("session.status_rescheduled") == 1
    assert verdicts(events) == [(0, "satisfied")]


def test_an_event_of_an_unknown_type_is_streamed_and_listed(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[str], list[str]]:
        loose = AsyncAnthropic(
            base_url=client.base_url, api_key="k", max_retries=0, http_client=httpx2.AsyncClient(trust_env=False)
        )
        async with loose:
            session_id = await open_session(loose, FINE)
            seen, _ = await follow(loose, session_id)
            return types(seen), types(await listed(loose, session_id))

    streamed, whole = meet(stage_path, act, "{unknown_event: {after_event: 4, type: agent.telepathy}}")

    assert streamed == whole
    assert streamed.count("agent.telepathy") == 1
    assert streamed[-1] == "session.status_idle"


def test_fields_that_a_client_expects_are_missing(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        loose = AsyncAnthropic(
            base_url=client.base_url, api_key="k", max_retries=0, http_client=httpx2.AsyncClient(trust_env=False)
        )
        async with loose:
            session_id = await open_session(loose, FINE)
            seen, _ = await follow(loose, session_id)
            return seen, await listed(loose, session_id)

    for events in meet(stage_path, act, "{missing_fields: {type: session.usage, fields: [usage]}}"):
        assert any(event["type"] == "session.usage" for event in events)
        assert all("usage" not in event for event in events if event["type"] == "session.usage")


def test_a_verdict_may_be_a_word_that_nobody_knows(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        loose = AsyncAnthropic(
            base_url=client.base_url, api_key="k", max_retries=0, http_client=httpx2.AsyncClient(trust_env=False)
        )
        async with loose:
            return await session_of_events(loose)

    events = meet(stage_path, act, "{unknown_verdict: {iteration: 0, word: splendid}}")

    assert verdicts(events) == [(0, "splendid")]
    assert types(events)[-1] == "session.status_idle"


def test_requests_above_the_rate_are_told_when_to_come_back(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> tuple[int, int, int]:
        async def create(number: int) -> int:
            try:
                await client.beta.environments.create(name=f"e{number}")
            except anthropic.RateLimitError as error:
                return int(error.response.headers["retry-after"])
            return 0

        waits = [await create(number) for number in range(4)]
        # Reading has a measure of its own.
        return waits.count(0), max(waits), len([each async for each in client.beta.environments.list()])

    served, wait_s, kept = meet(stage_path, act, "{rate_limit: {creates: 3, others: 600}}")

    assert (served, kept) == (3, 3)
    assert 0 < wait_s <= 20


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("{drop_stream: {after_event: 0}}", "'0'; write a whole number from 1 to 100000"),
        ("{lost_response: {on: everything}}", "'everything'; use one of"),
        ("{missing_fields: {type: agent.message, fields: [id]}}", "'id' cannot be left out"),
        ("{unknown_event: {after_event: 1, type: Not A Type}}", "is no type of an event"),
        ("{", "not YAML"),
        ("", "nothing in it"),
    ],
)
def test_a_fault_that_cannot_be_read_is_one_plain_line(fault: str, found: str) -> None:
    with pytest.raises(EmulatorStartError) as refused:
        Emulator(faults=[fault])

    assert found in str(refused.value)
    assert str(refused.value).startswith("--fault")
    assert "\n" not in str(refused.value)
