"""The writing side of a run: append-only, durable where money hangs on it.

Order matters and is kept by the callers in `runner/`: an attempt is opened before its session is created; the session
id is committed before the outcome is sent; an artifact's bytes are on disk before its row. Events may wait for the next
commit, because the API's own list can fill a gap.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from evalkit.artifact import Artifact
from evalkit.checks.result import CheckResult
from evalkit.errors import StoreError
from evalkit.store.attempts import Next
from evalkit.store.codec import RunSpec, decode, encode, encode_raw, event_id
from evalkit.store.database import create_database, open_database, told_plainly
from evalkit.store.layout import DATABASE
from evalkit.store.lock import RunLock
from evalkit.trial.model import SessionRecord, TrialSpec
from evalkit.trial.record import Closing

_GROUP = 16
"""Events that may wait in one transaction: few, because who follows a running trial sees them after it."""


class Journal:
    """One run being written. Every method raises StoreError when the disk refuses."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: RunLock | None = None) -> None:
        self.folder = folder
        self._connection = connection
        self._lock = lock
        self._waiting = 0
        self._positions: dict[tuple[str, int], int] = {}

    @property
    def run(self) -> str:
        """The run's id, which it keeps when its folder is moved."""
        with told_plainly(self.folder / DATABASE):
            (name,) = self._connection.execute("SELECT id FROM run").fetchone()
        return str(name)

    @classmethod
    def create(cls, folder: Path, spec: RunSpec, trials: Sequence[TrialSpec], now: datetime) -> Self:
        """A new run in `folder`, its plan on disk. The folder's name is the run's id."""
        journal = cls(folder, create_database(folder), RunLock(folder))
        with journal._durably():
            journal._connection.execute(
                "INSERT INTO run (id, spec, started_at) VALUES (?, ?, ?)", (folder.name, encode(spec), now.isoformat())
            )
            journal._connection.executemany(
                "INSERT INTO trial (key, position, spec) VALUES (?, ?, ?)",
                ((trial.key, position, encode(trial)) for position, trial in enumerate(trials)),
            )
        return journal

    @classmethod
    def reopen(cls, folder: Path) -> Self:
        """The run in `folder`, to be written on where it stopped.

        Raises:
            StoreError: there is no run, it is damaged, or another process is writing it.
        """
        connection = open_database(folder, writable=True)
        try:
            journal = cls(folder, connection, RunLock(folder))
        except StoreError:
            connection.close()
            raise
        with journal._durably():
            journal._connection.execute("UPDATE run SET ended_at = NULL")
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with told_plainly(self.folder / DATABASE):
                self._connection.commit()
                self._connection.close()
        finally:
            if self._lock is not None:
                self._lock.release()

    def open_attempt(self, key: str, number: int) -> None:
        """The attempt is on disk before anything is asked of the API."""
        with self._durably():
            self._connection.execute(
                "INSERT INTO attempt (key, number, opened_at) VALUES (?, ?, ?)", (key, number, _now())
            )

    def record_session(self, key: str, number: int, session: SessionRecord) -> None:
        """The session's id is on disk before anything in it costs money."""
        with self._durably():
            self._connection.execute(
                "UPDATE attempt SET session = ? WHERE key = ? AND number = ?", (encode(session), key, number)
            )

    def append(self, key: str, number: int, raws: Iterable[Mapping[str, Any]]) -> None:
        """Each event is stored once; a queued event seen again with its time takes the later form."""
        with told_plainly(self.folder / DATABASE):
            for raw in raws:
                self._append_one(key, number, raw)
            if self._waiting >= _GROUP:
                self.flush()

    def flush(self) -> None:
        """Everything appended is on disk."""
        with told_plainly(self.folder / DATABASE):
            self._connection.commit()
            self._waiting = 0

    def record_listing(self, key: str, number: int, moment: str, files: Sequence[Mapping[str, Any]]) -> None:
        """The Files API's listing at a moment: `final`, or the id of the event that ended an evaluation."""
        with told_plainly(self.folder / DATABASE):
            self._connection.execute(
                "INSERT OR REPLACE INTO listing (key, number, moment, files) VALUES (?, ?, ?, ?)",
                (key, number, moment, json.dumps(list(files), sort_keys=True)),
            )

    def record_threads(
        self, key: str, number: int, threads: Iterable[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]
    ) -> None:
        """Each child thread is on disk as the API sent it, with its own event list."""
        with self._durably():
            self._connection.executemany(
                "INSERT OR REPLACE INTO thread (key, number, id, raw, events) VALUES (?, ?, ?, ?, ?)",
                (
                    (key, number, raw["id"], encode_raw(raw), json.dumps(list(events), sort_keys=True))
                    for raw, events in threads
                ),
            )

    def record_artifacts(self, key: str, number: int, artifacts: Iterable[Artifact]) -> None:
        """Rows for bytes that `keep_blob` has put on disk."""
        with self._durably():
            self._connection.executemany(
                "INSERT OR REPLACE INTO artifact (key, number, name, sha256, size_bytes, media_type, rebuilt)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (key, number, item.name, item.sha256, item.size_bytes, item.media_type, int(item.rebuilt))
                    for item in artifacts
                ),
            )

    def close_attempt(
        self, key: str, number: int, checks: Sequence[CheckResult], closing: Closing, following: Next = Next.NOTHING
    ) -> None:
        """The attempt is over: its check results and what only the runner knows are on disk, at once or not at all."""
        with self._durably():
            self._connection.executemany(
                "INSERT OR REPLACE INTO check_result (key, number, position, result) VALUES (?, ?, ?, ?)",
                ((key, number, position, encode(check)) for position, check in enumerate(checks)),
            )
            self._connection.execute(
                "UPDATE attempt SET closing = ?, closed_at = ?, next = ? WHERE key = ? AND number = ?",
                (encode(closing), _now(), following.value, key, number),
            )
        self._positions.pop((key, number), None)

    def change_budget(self, budget_usd: Decimal) -> None:
        """The run has another cap from now on."""
        with self._durably():
            (text,) = self._connection.execute("SELECT spec FROM run").fetchone()
            spec = replace(decode(RunSpec, text), budget_usd=budget_usd)
            self._connection.execute("UPDATE run SET spec = ?", (encode(spec),))

    def close_run(self, now: datetime) -> None:
        """The run has ended; nothing more will be appended."""
        with self._durably():
            self._connection.execute("UPDATE run SET ended_at = ?", (now.isoformat(),))

    def _append_one(self, key: str, number: int, raw: Mapping[str, Any]) -> None:
        text = encode_raw(raw)
        position = self._positions.get((key, number))
        if position is None:
            position = self._first_free_position(key, number)
        self._positions[key, number] = position + 1
        self._connection.execute(
            "INSERT INTO event (key, number, id, position, queued, raw) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (key, number, id) DO UPDATE SET raw = excluded.raw, queued = excluded.queued"
            " WHERE event.queued AND NOT excluded.queued",
            (key, number, event_id(raw, text), position, int(raw.get("processed_at") is None), text),
        )
        self._waiting += 1

    def _first_free_position(self, key: str, number: int) -> int:
        """After everything that arrived before this journal was opened."""
        query = "SELECT coalesce(max(position) + 1, 0) FROM event WHERE key = ? AND number = ?"
        (position,) = self._connection.execute(query, (key, number)).fetchone()
        return int(position)

    @contextmanager
    def _durably(self) -> Iterator[None]:
        """Inside, statements; after it, they are on disk, all or none."""
        self.flush()
        with told_plainly(self.folder / DATABASE):
            try:
                yield
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise


def _now() -> str:
    return datetime.now(UTC).isoformat()
