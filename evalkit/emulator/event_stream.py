"""The event stream of a session or of one of its threads, with the previews that the client asked for."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from evalkit.emulator.connections import Connections, client_of
from evalkit.emulator.faults import without_missing
from evalkit.emulator.previews import KINDS
from evalkit.emulator.problems import refused
from evalkit.emulator.requests import values_of
from evalkit.emulator.session import LiveSession
from evalkit.emulator.sse import HEARTBEAT_S, PING, frame
from evalkit.emulator.stream_faults import cuts_of, spoiled
from evalkit.emulator.thread import LiveThread
from evalkit.emulator.world import World


class EventStreams:
    """Opens streams; faults of the scenario are over the frames."""

    def __init__(self, world: World, connections: Connections) -> None:
        self._world = world
        self._connections = connections

    def open(self, request: Request, live: LiveSession, thread: LiveThread) -> Response:
        """Every event after this moment, as it comes; the moment is before the first byte of the answer.

        Raises:
            ApiProblem: 400, a preview of an event that has none.
        """
        previewed = values_of(request, "event_deltas")
        for kind in previewed:
            if kind not in KINDS:
                raise refused(f"event_deltas: {kind!r} is not one of {', '.join(KINDS)}")
        faults, client = live.faults(), client_of(request)
        cut = self._world.fault_counts.take(cuts_of(faults), live.id)
        whole = self._frames(live, thread, len(thread.state.events), frozenset(previewed))
        frames = spoiled(whole, faults, cut, lambda: self._connections.reset(client))
        return StreamingResponse(frames, media_type="text/event-stream", headers={"cache-control": "no-cache"})

    async def _frames(
        self, live: LiveSession, thread: LiveThread, start: int, previewed: frozenset[str]
    ) -> AsyncIterator[bytes]:
        previews = thread.previews
        previews.listeners += bool(previewed)
        try:
            place, seen = start, previews.latest()
            while True:
                growth = live.journal.growth()
                # What a broken journal holds is not in its file: nobody may see it.
                while not live.journal.is_broken:
                    for preview in previews.after(seen, up_to=place):
                        seen = preview.number
                        if preview.of in previewed and preview.place == place:
                            yield frame(preview.event)
                    if place >= len(thread.state.events):
                        break
                    yield frame(without_missing(thread.state.events[place], live.faults()))
                    place += 1
                if live.state.is_deleted or live.journal.is_broken or self._world.is_closing:
                    return
                try:
                    await asyncio.wait_for(growth.wait(), HEARTBEAT_S)
                except TimeoutError:
                    yield PING
        finally:
            previews.listeners -= bool(previewed)
