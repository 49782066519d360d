"""The events of a trial that another process is running, as they come to disk."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from evalkit.store.attempts import AttemptState, Next, load_attempts
from evalkit.store.history import load_events, load_head


def follow_events(folder: Path, key: str, wait: Callable[[], None]) -> Iterator[Mapping[str, Any]]:
    """Each raw event of the trial's last attempt, and of those that follow it, in order of arrival, once.

    Ends when the trial has ended or its run has; `wait` is called whenever there is nothing new. Writers commit events
    in small groups, so the newest few may be missing until more follow.

    Raises:
        StoreError: there is no run, or it is damaged.
    """
    number, seen = 0, 0
    while True:
        # Looked at before the events: what is closed when we look has all its events on disk when we read them.
        last = _last(folder, key)
        is_over = load_head(folder).ended_at is not None or (last is not None and last.next in _OVER)
        if last is not None:
            if last.number != number:
                number, seen = last.number, 0
            events = load_events(folder, key, number)
            yield from events[seen:]
            seen = len(events)
        if is_over:
            return
        wait()


_OVER = {Next.NOTHING, Next.RESUME}


def _last(folder: Path, key: str) -> AttemptState | None:
    return next(iter(reversed(load_attempts(folder)[key])), None)
