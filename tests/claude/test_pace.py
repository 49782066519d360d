"""The pace of requests, against servers that count in different ways, on a clock that nobody waits for."""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.claude.pace import Clock, Kind, Limiter, kind_of


class FastClock:
    """Time that goes on when everybody sleeps."""

    def __init__(self) -> None:
        self._now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, self._count, future))
        await future

    async def run_until(self, end: float) -> None:
        while True:
            for _ in range(3):
                await asyncio.sleep(0)
            if not self._sleepers or self._sleepers[0][0] > end:
                return
            at, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, at)
            if not future.done():
                future.set_result(None)


class SlidingWindow:
    """Refuses what would be more than `limit` in any 60 seconds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._accepted: deque[float] = deque()

    def asks(self, now: float) -> float | None:
        while self._accepted and self._accepted[0] <= now - 60:
            self._accepted.popleft()
        if len(self._accepted) >= self._limit:
            return self._accepted[0] + 60 - now
        self._accepted.append(now)
        return None


class Bucket:
    """A bucket of `limit` tokens that refills evenly."""

    def __init__(self, limit: int) -> None:
        self._limit = self._tokens = float(limit)
        self._at = 0.0

    def asks(self, now: float) -> float | None:
        self._tokens = min(self._limit, self._tokens + (now - self._at) * self._limit / 60)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) * 60 / self._limit
        self._tokens -= 1
        return None


class FixedMinutes:
    """Counts anew at every full minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._minute, self._count = 0, 0

    def asks(self, now: float) -> float | None:
        if int(now // 60) != self._minute:
            self._minute, self._count = int(now // 60), 0
        if self._count >= self._limit:
            return 60 - now % 60
        self._count += 1
        return None


Server = SlidingWindow | Bucket | FixedMinutes


def crowd(server: Server, stated: float, *, minutes: float, clients: int = 40) -> tuple[int, int]:
    """(accepted, refused) of many clients that always want more."""
    counts = {True: 0, False: 0}

    async def play() -> None:
        clock = FastClock()
        limiter = Limiter(stated, Clock(now=clock.now, sleep=clock.sleep))

        async def client() -> None:
            while True:
                await limiter.wait()
                retry_after = server.asks(clock.now())
                counts[retry_after is None] += 1
                if retry_after is not None:
                    limiter.refused(retry_after)

        tasks = [asyncio.create_task(client()) for _ in range(clients)]
        await clock.run_until(minutes * 60)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(play())
    return counts[True], counts[False]


@pytest.mark.parametrize("server", [SlidingWindow, Bucket, FixedMinutes])
@pytest.mark.parametrize("limit", [60, 300])
def test_at_the_stated_limit_it_holds_95_percent_and_nothing_is_refused(
    server: Callable[[int], Server], limit: int
) -> None:
    accepted, refused = crowd(server(limit), limit, minutes=5)

    assert accepted >= 0.95 * limit * 5
    assert refused < 0.01 * accepted


@pytest.mark.parametrize("server", [SlidingWindow, Bucket, FixedMinutes])
def test_a_limit_that_is_really_lower_is_learnt_from_refusals(server: Callable[[int], Server]) -> None:
    accepted, refused = crowd(server(100), 300, minutes=20)

    assert accepted >= 0.6 * 100 * 20
    assert refused < 0.1 * accepted


@given(st.floats(0.05, 1.0), st.integers(30, 1200))
def test_a_share_of_the_limit_is_never_exceeded_in_any_minute(share: float, limit: int) -> None:
    _, refused = crowd(SlidingWindow(max(1, round(limit * share + 0.5))), limit * share, minutes=1.5, clients=5)

    assert refused == 0


def test_nothing_goes_before_the_time_that_the_server_named() -> None:
    async def play() -> list[float]:
        clock = FastClock()
        limiter = Limiter(600, Clock(now=clock.now, sleep=clock.sleep))
        went: list[float] = []

        async def client() -> None:
            await limiter.wait()
            went.append(clock.now())

        limiter.refused(17.0)
        tasks = [asyncio.create_task(client()) for _ in range(5)]
        await clock.run_until(60)
        await asyncio.gather(*tasks)
        return went

    assert min(asyncio.run(play())) >= 17.0


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/v1/sessions", Kind.CREATE),
        ("POST", "/v1/agents", Kind.CREATE),
        ("GET", "/v1/sessions", Kind.OTHER),
        ("POST", "/v1/sessions/sesn_1/events", Kind.OTHER),
        ("GET", "/v1/environments", Kind.ENVIRONMENTS),
        ("POST", "/v1/environments", Kind.ENVIRONMENTS),
        ("POST", "/v1/files", Kind.OTHER),
    ],
)
def test_every_request_counts_against_the_limit_of_its_class(method: str, path: str, kind: Kind) -> None:
    assert kind_of(method, path) is kind
