"""The reading side of a run: everything that was stored, folded into records."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evalkit.artifact import Artifact
from evalkit.checks.result import CheckResult
from evalkit.errors import RunNotFoundError
from evalkit.store.codec import RunSpec, decode
from evalkit.store.database import open_database, told_plainly
from evalkit.store.layout import DATABASE
from evalkit.trial.events import EvaluationEnded, Event
from evalkit.trial.model import RunRecord, SessionRecord, SinceGrading, TrialRecord, TrialSpec
from evalkit.trial.record import Attempt, Closing, build_record
from evalkit.trial.wire import parse_event, parse_time

_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """A run without its trials' contents: what `evalkit list` needs."""

    id: str
    spec: RunSpec
    started_at: datetime
    ended_at: datetime | None
    trials: int


def load_run(folder: Path) -> RunRecord:
    """The run in `folder`, every trial planned in plan order, folded afresh from what was written.

    Raises:
        StoreError: there is no run, or it is damaged.
    """
    with told_plainly(folder / DATABASE), closing(open_database(folder, writable=False)) as connection:
        head = _head(connection)
        last: list[TrialRecord] = []
        earlier: list[TrialRecord] = []
        for key, text in connection.execute("SELECT key, spec FROM trial ORDER BY position").fetchall():
            records = _records(connection, head.id, key, decode(TrialSpec, text))
            last.append(records[-1])
            earlier.extend(records[:-1])
    return RunRecord(
        id=head.id,
        suite=head.spec.suite,
        backend=head.spec.backend,
        backend_label=head.spec.backend_label,
        started_at=head.started_at,
        ended_at=head.ended_at,
        trials=tuple(last),
        earlier_attempts=tuple(earlier),
    )


def load_head(folder: Path) -> RunHead:
    """What the run in `folder` is, without reading its events."""
    with told_plainly(folder / DATABASE), closing(open_database(folder, writable=False)) as connection:
        return _head(connection)


def load_events(folder: Path, key: str, number: int) -> tuple[Mapping[str, Any], ...]:
    """The raw events of one attempt, each id once, in order of arrival: for a recording, the order it was listed in."""
    with told_plainly(folder / DATABASE), closing(open_database(folder, writable=False)) as connection:
        return _raw_events(connection, key, number)


def _head(connection: sqlite3.Connection) -> RunHead:
    row = connection.execute("SELECT id, spec, started_at, ended_at FROM run").fetchone()
    if row is None:
        raise RunNotFoundError("the run was cut off before its plan was written; run the suite again")
    (trials,) = connection.execute("SELECT count(*) FROM trial").fetchone()
    started_at = parse_time(row[2])
    return RunHead(
        id=row[0],
        spec=decode(RunSpec, row[1]),
        started_at=started_at if started_at is not None else _FAR,
        ended_at=parse_time(row[3]),
        trials=trials,
    )


def _records(connection: sqlite3.Connection, run: str, key: str, spec: TrialSpec) -> Sequence[TrialRecord]:
    """One record an attempt, in order; one of an attempt never made where there is none."""
    rows = connection.execute(
        "SELECT number, session, closing FROM attempt WHERE key = ? ORDER BY number", (key,)
    ).fetchall()
    records = []
    for number, session, end in rows or [(0, None, None)]:
        raws = _raw_events(connection, key, number)
        artifacts = _artifacts(connection, key, number)
        events = tuple(parse_event(raw) for raw in in_time_order(raws))
        attempt = Attempt(
            run=run,
            number=number,
            session=decode(SessionRecord, session) if session is not None else SessionRecord(),
            events=events,
            artifacts=artifacts,
            regraded=_regraded(connection, key, number, events),
            checks=_checks(connection, key, number),
            closing=decode(Closing, end) if end is not None else None,
            threads=_threads(connection, key, number),
        )
        records.append(build_record(spec, attempt))
    return records


def _threads(
    connection: sqlite3.Connection, key: str, number: int
) -> tuple[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]], ...]:
    rows = connection.execute("SELECT raw, events FROM thread WHERE key = ? AND number = ?", (key, number))
    return tuple((json.loads(raw), json.loads(events)) for raw, events in rows)


def _raw_events(connection: sqlite3.Connection, key: str, number: int) -> tuple[Mapping[str, Any], ...]:
    rows = connection.execute("SELECT raw FROM event WHERE key = ? AND number = ? ORDER BY position", (key, number))
    return tuple(json.loads(text) for (text,) in rows)


def in_time_order(raws: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Sorted by `processed_at`, equals as they arrived, queued events last.

    Stream and history interleave differently after a drop; time gives every interleaving the same order. (The API's
    own list is nearly in this order: in recordings a usage snapshot may stand a few events late.)
    """
    return tuple(sorted(raws, key=lambda raw: parse_time(raw.get("processed_at")) or _FAR))


def _artifacts(connection: sqlite3.Connection, key: str, number: int) -> tuple[Artifact, ...]:
    rows = connection.execute(
        "SELECT name, sha256, size_bytes, media_type, rebuilt FROM artifact WHERE key = ? AND number = ? ORDER BY name",
        (key, number),
    )
    return tuple(
        Artifact(name=name, sha256=sha256, size_bytes=size_bytes, media_type=media_type, rebuilt=bool(rebuilt))
        for name, sha256, size_bytes, media_type, rebuilt in rows
    )


def _checks(connection: sqlite3.Connection, key: str, number: int) -> tuple[CheckResult, ...]:
    rows = connection.execute(
        "SELECT result FROM check_result WHERE key = ? AND number = ? ORDER BY position", (key, number)
    )
    return tuple(decode(CheckResult, text) for (text,) in rows)


def _regraded(
    connection: sqlite3.Connection, key: str, number: int, events: Sequence[Event]
) -> Mapping[str, SinceGrading]:
    """Names whose file differs between the listing when the last grading ended and the final one: those changed.

    A name that the earlier listing lacks says nothing: listings lag behind the container. The earlier one is taken at
    the verdict and not when grading began, when the capture of the draft itself may still lag.
    """
    rows = connection.execute("SELECT moment, files FROM listing WHERE key = ? AND number = ?", (key, number))
    listings = {moment: json.loads(files) for moment, files in rows}
    ended = [event.id for event in events if isinstance(event, EvaluationEnded)]
    graded = {item["filename"]: _identity(item) for item in listings.get(ended[-1] if ended else "", ())}
    final = {item["filename"]: _identity(item) for item in listings.get("final", ())}
    changed = (name for name, identity in final.items() if graded.get(name, identity) != identity)
    return dict.fromkeys(changed, SinceGrading.CHANGED)


def _identity(item: Mapping[str, Any]) -> tuple[object, object, object]:
    return item.get("id"), item.get("size_bytes"), item.get("created_at")
