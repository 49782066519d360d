"""Several runs of one suite made one: shards of different machines, or a run and what another measured later."""

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from evalkit.errors import UsageError
from evalkit.store.attempts import Next
from evalkit.store.blobs import blob_path
from evalkit.store.codec import RunSpec
from evalkit.store.database import create_database, open_database, told_plainly
from evalkit.store.history import load_head
from evalkit.store.layout import DATABASE
from evalkit.store.lock import RunLock

_TABLES = ("attempt", "event", "listing", "artifact", "check_result")
"""Everything of a trial but its own row, parents first."""


def merge_runs(folders: Sequence[Path], into: Path) -> None:
    """The run in `into`, made where there is none, has every trial of the runs in `folders`, each once.

    Of a trial that several have, the one with a record is taken, the first of several such. The runs themselves are
    only read; merging again changes nothing.

    Raises:
        UsageError: the runs are not of one suite on one backend.
        StoreError: one is damaged, or the disk refused.
    """
    is_new = not (into / DATABASE).is_file()
    _check_one_suite(folders if is_new else [into, *folders])
    with closing(create_database(into) if is_new else open_database(into, writable=True)) as connection:
        lock = RunLock(into)
        try:
            with told_plainly(into / DATABASE):
                if is_new:
                    started = min(load_head(folder).started_at for folder in folders).isoformat()
                    text = _spec_text(folders[0])
                    connection.execute("INSERT INTO run VALUES (?, ?, ?, NULL)", (into.name, text, started))
                    connection.commit()
                for folder in folders:
                    _take(connection, folder, into)
                _close(connection)
        finally:
            lock.release()


def _check_one_suite(folders: Iterable[Path]) -> None:
    first: RunSpec | None = None
    for folder in folders:
        spec = load_head(folder).spec
        if first is not None and (spec.suite, spec.backend) != (first.suite, first.backend):
            raise UsageError(
                f"{folder}: a run of {spec.suite!r} on {spec.backend!r}; only runs of {first.suite!r} on"
                f" {first.backend!r} can be merged with the others"
            )
        first = first or spec


def _spec_text(folder: Path) -> str:
    with closing(open_database(folder, writable=False)) as connection:
        (text,) = connection.execute("SELECT spec FROM run").fetchone()
    return str(text)


def _take(connection: sqlite3.Connection, folder: Path, into: Path) -> None:
    """Every trial of the run in `folder` that is missing here, or has a record there and none here."""
    with _attached(connection, folder):
        keys = connection.execute("SELECT key, spec FROM other.trial ORDER BY position").fetchall()
        for key, spec in keys:
            here = connection.execute("SELECT 1 FROM trial WHERE key = ?", (key,)).fetchone() is not None
            if here and (_has_record(connection, "main", key) or not _has_record(connection, "other", key)):
                continue
            _copy_artifacts(connection, key, folder, into)
            if here:
                for table in reversed(_TABLES):
                    connection.execute(f"DELETE FROM main.{table} WHERE key = ?", (key,))  # noqa: S608  # own names
            else:
                query = "INSERT INTO trial SELECT ?, coalesce(max(position) + 1, 0), ? FROM trial"
                connection.execute(query, (key, spec))
            for table in _TABLES:
                query = f"INSERT INTO main.{table} SELECT * FROM other.{table} WHERE key = ?"  # noqa: S608  # own names
                connection.execute(query, (key,))
            connection.commit()


@contextmanager
def _attached(connection: sqlite3.Connection, folder: Path) -> Iterator[None]:
    load_head(folder)  # a folder that is no run is told as such
    connection.execute("ATTACH ? AS other", (f"{(folder / DATABASE).resolve().as_uri()}?mode=ro",))
    try:
        yield
    finally:
        connection.rollback()
        connection.execute("DETACH other")


def _has_record(connection: sqlite3.Connection, schema: str, key: str) -> bool:
    query = f"SELECT next FROM {schema}.attempt WHERE key = ? ORDER BY number DESC LIMIT 1"  # noqa: S608  # own names
    row = connection.execute(query, (key,)).fetchone()
    return row is not None and row[0] == Next.NOTHING.value


def _copy_artifacts(connection: sqlite3.Connection, key: str, folder: Path, into: Path) -> None:
    """The bytes are here before any row names them."""
    for (digest,) in connection.execute("SELECT DISTINCT sha256 FROM other.artifact WHERE key = ?", (key,)).fetchall():
        target = blob_path(into, digest)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".partial")
            shutil.copyfile(blob_path(folder, digest), partial)
            partial.replace(target)


def _close(connection: sqlite3.Connection) -> None:
    """The run has ended once every trial has its record."""
    keys = [key for (key,) in connection.execute("SELECT key FROM trial")]
    if all(_has_record(connection, "main", key) for key in keys):
        connection.execute("UPDATE run SET ended_at = coalesce(ended_at, ?)", (datetime.now(UTC).isoformat(),))
        connection.commit()
