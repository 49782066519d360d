"""The run's SQLite file: opened, created, and every failure made one plain line."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from evalkit.errors import StoreError
from evalkit.store.layout import DATABASE

SCHEMA_NUMBER = 1
"""`PRAGMA user_version`: a file with a higher one was written by a newer evalkit."""


def create_database(folder: Path) -> sqlite3.Connection:
    """A connection to a new, empty run in `folder`, which is made.

    Raises:
        StoreError: the folder holds a run already, or cannot be written.
    """
    path = folder / DATABASE
    if path.exists():
        raise StoreError(f"{path}: there is a run here already; another folder would do")
    with told_plainly(path):
        folder.mkdir(parents=True, exist_ok=True)
        connection = _connect(path, mode="rwc")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(files("evalkit.store").joinpath("schema.sql").read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA user_version = {SCHEMA_NUMBER}")
        connection.commit()
    return connection


def open_database(folder: Path, *, writable: bool) -> sqlite3.Connection:
    """A connection to the run in `folder`.

    Raises:
        StoreError: there is no run, it is damaged, or a newer evalkit wrote it.
    """
    path = folder / DATABASE
    if not path.is_file():
        raise StoreError(f"{path}: no run here; a folder that `evalkit run` made would do")
    with told_plainly(path):
        connection = _connect(path, mode="rw" if writable else "ro")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found != SCHEMA_NUMBER:
        connection.close()
        raise StoreError(f"{path}: written as version {found}, this evalkit reads {SCHEMA_NUMBER}; update evalkit")
    return connection


@contextmanager
def told_plainly(path: Path) -> Iterator[None]:
    """Inside, a failure of SQLite or of the file system becomes a StoreError that names `path`."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: {error}; what was measured before is kept") from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=10)
    connection.execute("PRAGMA foreign_keys = ON")
    # FULL: a commit is on disk when it returns. A session id must be durable before its outcome costs money.
    connection.execute("PRAGMA synchronous = FULL")
    return connection
