"""The writing side of a run: append-only, durable where money hangs on it.

Order matters and is kept by the callers in `runner/`: an attempt is opened before its session is created; the session
id is committed before the outcome is sent; an artifact's bytes are on disk before its row. Events may wait for the next
commit, because the API's own list can fill a gap.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from evalkit.artifact import Artifact
from evalkit.checks.result import CheckResult
from evalkit.store.codec import RunSpec, encode, encode_raw, event_id
from evalkit.store.database import create_database, told_plainly
from evalkit.store.layout import DATABASE
from evalkit.trial.model import SessionRecord, TrialSpec
from evalkit.trial.record import Closing

_GROUP = 256
"""Events that may wait in one transaction."""


class Journal:
    """One run being written. Every method raises StoreError when the disk refuses."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._connection = connection
        self._waiting = 0
        self._positions: dict[tuple[str, int], int] = {}

    @classmethod
    def create(cls, folder: Path, spec: RunSpec, trials: Sequence[TrialSpec], now: datetime) -> Self:
        """A new run in `folder`, its plan on disk. The folder's name is the run's id."""
        connection = create_database(folder)
        journal = cls(folder, connection)
        with journal._durably():
            connection.execute(
                "INSERT INTO run (id, spec, started_at) VALUES (?, ?, ?)", (folder.name, encode(spec), now.isoformat())
            )
            connection.executemany(
                "INSERT INTO trial (key, position, spec) VALUES (?, ?, ?)",
                ((trial.key, position, encode(trial)) for position, trial in enumerate(trials)),
            )
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with told_plainly(self.folder / DATABASE):
            self._connection.commit()
            self._connection.close()

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
        """The Files API's listing at a moment; a later evaluation's listing takes the place of an earlier one's."""
        with told_plainly(self.folder / DATABASE):
            self._connection.execute(
                "INSERT OR REPLACE INTO listing (key, number, moment, files) VALUES (?, ?, ?, ?)",
                (key, number, moment, json.dumps(list(files), sort_keys=True)),
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

    def close_attempt(self, key: str, number: int, checks: Sequence[CheckResult], closing: Closing) -> None:
        """The attempt is over: its check results and what only the runner knows are on disk, at once or not at all."""
        with self._durably():
            self._connection.executemany(
                "INSERT OR REPLACE INTO check_result (key, number, position, result) VALUES (?, ?, ?, ?)",
                ((key, number, position, encode(check)) for position, check in enumerate(checks)),
            )
            self._connection.execute(
                "UPDATE attempt SET closing = ?, closed_at = ? WHERE key = ? AND number = ?",
                (encode(closing), _now(), key, number),
            )

    def close_run(self, now: datetime) -> None:
        """The run has ended; nothing more will be appended."""
        with self._durably():
            self._connection.execute("UPDATE run SET ended_at = ?", (now.isoformat(),))

    def _append_one(self, key: str, number: int, raw: Mapping[str, Any]) -> None:
        text = encode_raw(raw)
        position = self._positions.get((key, number), 0)
        self._positions[key, number] = position + 1
        self._connection.execute(
            "INSERT INTO event (key, number, id, position, queued, raw) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (key, number, id) DO UPDATE SET raw = excluded.raw, queued = excluded.queued"
            " WHERE event.queued AND NOT excluded.queued",
            (key, number, event_id(raw, text), position, int(raw.get("processed_at") is None), text),
        )
        self._waiting += 1

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
