"""The faults of an event stream, over the frames that it would send."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from evalkit.emulator.faults import DropStream, Fault, HeartbeatsOnly, LateEvents, RepeatEvent, of_kind
from evalkit.emulator.sse import PING

_PARTIAL_BYTES = 40


def cuts_of(faults: tuple[Fault, ...]) -> tuple[DropStream | HeartbeatsOnly, ...]:
    """The faults that one stream has for itself, in order: the first stream has the first."""
    return tuple(fault for fault in faults if isinstance(fault, DropStream | HeartbeatsOnly))


async def spoiled(
    frames: AsyncIterator[bytes],
    faults: tuple[Fault, ...],
    cut: DropStream | HeartbeatsOnly | None,
    reset: Callable[[], Awaitable[None]],
) -> AsyncIterator[bytes]:
    """The frames as this stream's client gets them; `cut` is this stream's own fault."""
    if isinstance(cut, HeartbeatsOnly):
        async for beat in _heartbeats(frames, cut.every_s):
            yield beat
        return
    repeated = {fault.event for fault in of_kind(faults, RepeatEvent)}
    late_s = sum(fault.seconds for fault in of_kind(faults, LateEvents))
    sent = 0
    async for frame in frames:
        if frame is PING:
            yield frame
            continue
        if cut is not None and sent >= cut.after_event:
            if cut.partial_frame:
                yield frame[:_PARTIAL_BYTES]
            if cut.reset:
                await reset()
            return
        await asyncio.sleep(late_s)
        sent += 1
        for _ in range(2 if sent in repeated else 1):
            yield frame


async def _heartbeats(frames: AsyncIterator[bytes], every_s: float) -> AsyncIterator[bytes]:
    """Pings alone, until the stream would have ended."""
    ended = asyncio.create_task(_exhaust(frames))
    try:
        while not ended.done():
            yield PING
            await asyncio.wait([ended], timeout=every_s)
    finally:
        ended.cancel()


async def _exhaust(frames: AsyncIterator[bytes]) -> None:
    async for _ in frames:
        pass
