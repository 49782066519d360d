"""Requests no faster than the API allows: one limiter for each class of endpoint, learning from refusals.

Stated limits (official rate-limits page, read 2026-09): 300 creations a minute, 60 a minute for environments, 1,200 a
minute for everything else, all per organisation. They may change, and others use them too, so a 429 lowers the pace and
time without one raises it again, never above what is stated.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import httpx2

_STEADY = 0.97
_AT_ONCE = 0.02
"""Shares of a minute's requests: the steady flow, and what may go at once. Both together stay below one minute's limit,
however the server counts its minutes."""
_SLOWER = 0.7
_REGAIN_S = 300.0
"""To come back from nothing to the stated limit, while nothing is refused."""
_SLOWEST = 0.02
_UNSTATED_PAUSE_S = 2.0
_SHORTEST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 120.0


class Kind(StrEnum):
    """A class of endpoints with a limit of its own."""

    CREATE = "create"
    ENVIRONMENTS = "environments"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Requests a minute."""

    create: float = 300.0
    environments: float = 60.0
    other: float = 1200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time and waiting, so that a test need not wait."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Limiter:
    """Lets requests of one class through, evenly, in the order they come."""

    def __init__(self, per_minute: float, clock: Clock) -> None:
        self._clock = clock
        self._stated = per_minute * _STEADY / 60.0
        self._ahead_s = per_minute * _AT_ONCE / self._stated
        self._share = 1.0
        self._share_at = clock.now()
        self._next = clock.now()
        self._held_until = clock.now()

    async def wait(self) -> None:
        """It is this request's turn."""
        while True:
            now = self._clock.now()
            if now < self._held_until:
                await self._clock.sleep(self._held_until - now)
                continue
            self._next = max(self._next, now - self._ahead_s * self._pace(now))
            turn = self._next
            self._next += 1.0 / (self._stated * self._pace(now))
            if turn <= now:
                return
            held = self._held_until
            await self._clock.sleep(turn - now)
            if self._held_until == held:
                return

    def refused(self, retry_after_s: float | None) -> None:
        """The server said 429: nothing goes before the time it named, and then more slowly."""
        now = self._clock.now()
        pause = _UNSTATED_PAUSE_S if retry_after_s is None else max(_SHORTEST_PAUSE_S, retry_after_s)
        # Requests that were under way together are refused together: one lesson, not many.
        if now >= self._held_until:
            self._share = max(_SLOWEST, self._pace(now) * _SLOWER)
            self._share_at = now
        self._held_until = max(self._held_until, now + min(_LONGEST_PAUSE_S, pause))
        self._next = self._held_until

    def _pace(self, now: float) -> float:
        """The share of the stated flow that is tried now."""
        return min(1.0, self._share + max(0.0, now - self._share_at) / _REGAIN_S)


class Pace:
    """The limiters of one client, as hooks of its HTTP client; the SDK's own retries pass through them too."""

    def __init__(self, share: float = 1.0, limits: Limits | None = None, clock: Clock | None = None) -> None:
        """`share` of the organisation's limits is ours."""
        limits, clock = limits or Limits(), clock or Clock()
        self._limiters = {
            Kind.CREATE: Limiter(limits.create * share, clock),
            Kind.ENVIRONMENTS: Limiter(limits.environments * share, clock),
            Kind.OTHER: Limiter(limits.other * share, clock),
        }

    async def before(self, request: httpx2.Request) -> None:
        """It is the request's turn."""
        await self._limiters[kind_of(request.method, request.url.path)].wait()

    async def after(self, response: httpx2.Response) -> None:
        """What the response says about our pace is learnt."""
        if response.status_code == 429:
            request = response.request
            self._limiters[kind_of(request.method, request.url.path)].refused(_seconds(response))


_CREATED = {"agents", "sessions", "vaults"}


def kind_of(method: str, path: str) -> Kind:
    """The class whose limit a request counts against."""
    parts = [part for part in path.split("/") if part]
    if "environments" in parts:
        return Kind.ENVIRONMENTS
    return Kind.CREATE if method == "POST" and parts and parts[-1] in _CREATED else Kind.OTHER


def _seconds(response: httpx2.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
