"""What the other agents of a session did: one record a child thread, from its own event list."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from evalkit.trial.cost import iteration_cost
from evalkit.trial.fold import fold
from evalkit.trial.model import ThreadRecord
from evalkit.trial.wire import parse_event, parse_thread


def thread_record(raw: Mapping[str, Any], events: Iterable[Mapping[str, Any]], on: date | None) -> ThreadRecord:
    """The record of the thread that `raw` describes, its requests priced as of the day `on`."""
    head = parse_thread(raw)
    work = fold(parse_event(event) for event in events).session_work
    return ThreadRecord(
        id=head.id,
        agent=head.agent,
        model=head.model,
        requests=len(work.requests) + work.unmetered,
        tokens=work.tokens if not work.unmetered else None,
        usd=iteration_cost(work, head.model, on),
        billed_usd=head.billed_usd,
    )


def in_order(threads: Sequence[ThreadRecord], created: Sequence[str]) -> tuple[ThreadRecord, ...]:
    """Threads in the order in which they were created, those that the session never announced last."""
    places = {thread_id: place for place, thread_id in enumerate(created)}
    return tuple(sorted(threads, key=lambda thread: places.get(thread.id, len(places))))
