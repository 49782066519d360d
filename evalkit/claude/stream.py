"""A session's events, each once, across any number of dropped streams."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

import anthropic
import httpx2

from evalkit.claude.client import as_dict, as_measurement_error
from evalkit.claude.paging import every
from evalkit.errors import MeasurementError, PlatformError

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 10.0
_BROKEN = (anthropic.AnthropicError, httpx2.HTTPError, ValueError, RecursionError)
"""How a stream breaks: the last two are frames that are no JSON, or JSON made to hurt."""
_PREVIEWS = {"event_start", "event_delta"}
"""Of a message being written; the whole message follows as an event of its own."""


class CaughtUp:
    """Stands between history and live events: everything the server had is delivered, and the stream is open."""


class Follower:
    """Follows one session in the background while its block is open.

    `next` gives raw events in order, each id once (a queued event once more when its time is known), and one
    `CaughtUp` after each time the history was read. A stream that breaks is opened again for as long as it is
    followed; one without a new event for `poll_s` seconds is not believed, whatever heartbeats it sends: the event
    list is read again.
    """

    def __init__(self, client: anthropic.AsyncAnthropic, session_id: str, *, poll_s: float) -> None:
        self._client = client
        self._session_id = session_id
        self._poll_s = poll_s
        self._queue: asyncio.Queue[Mapping[str, Any] | CaughtUp | MeasurementError] = asyncio.Queue(maxsize=1000)
        self._task: asyncio.Task[None] | None = None
        self._known: dict[str, bool] = {}
        self.trouble: MeasurementError | None = None
        """Why the last connection broke; None once one works."""

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
            # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with an item.
            async with asyncio.timeout(max(0.0, timeout_s)):
                item = await self._queue.get()
        except TimeoutError:
            return None
        if isinstance(item, MeasurementError):
            raise item
        return item

    async def _pump(self) -> None:
        """Reconnects until cancelled, or until the API refuses for good."""
        fruitless = 0
        while True:
            known = len(self._known)
            try:
                await self._connect()
            except MeasurementError as refusal:
                self.trouble = refusal
            except _BROKEN as broken:
                self.trouble = _as_trouble(broken, self._session_id)
            else:
                self.trouble = None
            if self.trouble is not None and self.trouble.cause in _FOR_GOOD:
                await self._queue.put(self.trouble)
                return
            fruitless = 0 if len(self._known) > known else fruitless + 1
            await asyncio.sleep(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**fruitless) if fruitless else 0)

    async def _connect(self) -> None:
        """The stream was read until it ended or fell silent."""
        # The stream has no replay, so it is opened before history is read: an event between the two arrives twice and
        # is dropped by id; the other order would lose it.
        async with await self._client.beta.sessions.events.stream(self._session_id) as stream:
            async for raw in list_events(self._client, self._session_id):
                await self._deliver(raw)
            await self._queue.put(CaughtUp())
            try:
                async with asyncio.timeout(self._poll_s) as patience:
                    async for frame in stream:
                        if isinstance(frame, anthropic.BaseModel) and await self._deliver(as_dict(frame)):
                            patience.reschedule(asyncio.get_running_loop().time() + self._poll_s)
            except TimeoutError:
                return

    async def _deliver(self, raw: Mapping[str, Any]) -> bool:
        """Whether `raw` was new."""
        if raw.get("type") in _PREVIEWS:
            return False
        event_id = identity(raw)
        queued = raw.get("processed_at") is None
        if event_id in self._known and not (self._known[event_id] and not queued):
            return False
        self._known[event_id] = queued
        await self._queue.put(raw)
        return True


_FOR_GOOD = {"http_400", "http_401", "http_402", "http_403", "session_gone", "malformed", "endless_list"}
"""Causes that another connection does not mend."""


def identity(raw: Mapping[str, Any]) -> str:
    """The event's id; of one without, its whole text, so that it is the same event on the stream and in the list."""
    found = raw.get("id")
    return found if isinstance(found, str) and found else json.dumps(raw, sort_keys=True)


def _as_trouble(error: Exception, session_id: str) -> MeasurementError:
    doing = f"events of {session_id}"
    if isinstance(error, anthropic.NotFoundError):
        message = f"session {session_id} is not at the provider any more"
        return PlatformError(message, cause="session_gone", may_retry=True)
    if isinstance(error, (anthropic.AnthropicError, httpx2.HTTPError)):
        return as_measurement_error(error, doing)
    return PlatformError(f"{doing}: a frame is not JSON ({error})", cause="bad_frame", may_retry=True)


async def list_events(client: anthropic.AsyncAnthropic, session_id: str) -> AsyncIterator[Mapping[str, Any]]:
    """Every event of the session so far, oldest first.

    Raises:
        MeasurementError: the list could not be read to its end.
    """
    try:
        listed = client.beta.sessions.events.list(session_id, order="asc", limit=1000)
        async for raw in every(listed, as_dict, identity, f"events of {session_id}"):
            yield raw
    except _BROKEN as error:
        raise _as_trouble(error, session_id) from error
