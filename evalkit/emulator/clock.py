"""The time of one session: it moves by what things are said to take, not by what they take here.

A session's `processed_at` values follow its own clock. A drawn duration moves the clock by that much, and the real
wait is the same duration times the server's `time_scale`, so at scale 0 an evaluation of a minute takes no time and
still shows a minute. The clock never runs behind the wall clock when a client acts.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

STEP = timedelta(microseconds=1)
"""What separates two events of one response (recorded)."""


def wall_time() -> datetime:
    """The real time, aware UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """`moment` as RFC 3339 UTC with microseconds and `Z`: `2026-08-05T09:18:06.192082Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_stamp(text: str) -> datetime:
    """The aware moment that an RFC 3339 `text` names.

    Raises:
        ValueError: `text` is no RFC 3339 time, has no offset, or lies outside the years 1 to 9999.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error


@dataclass(slots=True, kw_only=True)
class Stopwatch:
    """Running time."""

    stopped_s: float = 0.0
    since: datetime | None = None
    """When it was started; None while it stands."""

    def start(self, at: datetime) -> None:
        """It runs; one that runs already goes on."""
        self.since = self.since or at

    def stop(self, at: datetime) -> None:
        """It stands."""
        self.stopped_s = self.read(at)
        self.since = None

    def read(self, now: datetime) -> float:
        """Seconds up to `now`."""
        return self.stopped_s if self.since is None else self.stopped_s + (now - self.since).total_seconds()


class SessionClock:
    """A clock that only moves forward."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def step(self) -> str:
        """The clock is one microsecond later; its stamp."""
        return self.advance(0)

    def advance(self, seconds: float) -> str:
        """The clock is later by `seconds`, at least by one microsecond; its stamp."""
        self.now += max(timedelta(seconds=seconds), STEP)
        return stamp(self.now)

    def reach(self, start: datetime, seconds: float) -> None:
        """The clock is not before `seconds` after `start`: threads that wait at the same time do so once."""
        self.meet(start + timedelta(seconds=seconds))

    def meet(self, wall: datetime) -> None:
        """The clock is not behind `wall`: a client acts in real time."""
        self.now = max(self.now, wall)
