"""A session's events, each once, across any number of dropped streams."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

import anthropic
import httpx2

from evalkit.claude.client import as_dict, as_measurement_error
from evalkit.errors import MeasurementError

_DROPS = 8
"""Connections in a row that bring nothing new before the session is given up."""
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 10.0


class CaughtUp:
    """Stands between history and live events: everything the server had is delivered, and the stream is open."""


class Follower:
    """Follows one session in the background while its block is open.

    `next` gives raw events in order, each id once (a queued event once more when its time is known), and one
    `CaughtUp` after each time the history was read.
    """

    def __init__(self, client: anthropic.AsyncAnthropic, session_id: str) -> None:
        self._client = client
        self._session_id = session_id
        self._queue: asyncio.Queue[Mapping[str, Any] | CaughtUp | MeasurementError] = asyncio.Queue(maxsize=1000)
        self._task: asyncio.Task[None] | None = None
        self._known: dict[str, bool] = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._pump())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def next(self, timeout_s: float) -> Mapping[str, Any] | CaughtUp | None:
        """The next raw event or `CaughtUp`; None when nothing came for `timeout_s` seconds.

        Raises:
            MeasurementError: the session cannot be followed any longer.
        """
        try:
            item = await asyncio.wait_for(self._queue.get(), max(0.0, timeout_s))
        except TimeoutError:
            return None
        if isinstance(item, MeasurementError):
            raise item
        return item

    async def _pump(self) -> None:
        """Reconnects until cancelled, or until nothing new came for several connections in a row."""
        fruitless = 0
        while True:
            known = len(self._known)
            error: anthropic.AnthropicError | httpx2.HTTPError | None = None
            try:
                await self._connect()
            except (anthropic.AnthropicError, httpx2.HTTPError) as broken:
                error = broken
            fruitless = 0 if len(self._known) > known else fruitless + 1
            failure = as_measurement_error(error, f"events of {self._session_id}") if error is not None else None
            if failure is not None and (not failure.may_retry or fruitless >= _DROPS):
                await self._queue.put(failure)
                return
            await asyncio.sleep(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**fruitless) if fruitless else 0)

    async def _connect(self) -> None:
        # The stream has no replay, so it is opened before history is read: an event between the two arrives twice and
        # is dropped by id; the other order would lose it.
        async with await self._client.beta.sessions.events.stream(self._session_id) as stream:
            async for event in self._client.beta.sessions.events.list(self._session_id, order="asc", limit=1000):
                await self._deliver(as_dict(event))
            await self._queue.put(CaughtUp())
            async for frame in stream:
                await self._deliver(as_dict(frame))

    async def _deliver(self, raw: Mapping[str, Any]) -> None:
        event_id = raw.get("id")
        if not isinstance(event_id, str):
            return  # previews of a message being written; the whole message follows as an event of its own
        queued = raw.get("processed_at") is None
        if event_id in self._known and not (self._known[event_id] and not queued):
            return
        self._known[event_id] = queued
        await self._queue.put(raw)


async def list_events(client: anthropic.AsyncAnthropic, session_id: str) -> AsyncIterator[Mapping[str, Any]]:
    """Every event of the session so far, oldest first.

    Raises:
        MeasurementError: the list could not be read to its end.
    """
    try:
        async for event in client.beta.sessions.events.list(session_id, order="asc", limit=1000):
            yield as_dict(event)
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, f"events of {session_id}") from error
