"""The SQLite file that one server keeps everything in but bytes: what is not in it did not happen.

    entries(session_id, number, kind, body)     each session's journal, append-only
    things(number, kind, key, owner, body)      agents, environments, files and sessions, as they are now

A server reads no more of it than a request needs, so its memory does not grow with what has ended; and a server that
is started on the file of another goes on where that one stopped.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evalkit.emulator.fields import JsonObject
from evalkit.emulator.sse import json_line

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    session_id TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (session_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS things (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX IF NOT EXISTS things_by_owner ON things (kind, owner, number);
"""
_WAIT_FOR_OTHERS_S = 1.0
"""How long a reader of the file, such as a backup, may hold up the server."""


class JournalFile:
    """The open file; used by one thread."""

    def __init__(self, path: Path) -> None:
        """The file is open and has its tables.

        Raises:
            sqlite3.Error: it cannot be opened, or is no database.
        """
        self._database = sqlite3.connect(path, isolation_level=None, timeout=_WAIT_FOR_OTHERS_S)
        self._depth = 0
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            # Whole after the death of the machine, complete after that of the server: a sync an event is not worth it.
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error:
            self._database.close()
            raise

    def close(self) -> None:
        """Nothing can be read or written any more."""
        self._database.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside is kept together, or not at all; groups may stand in groups."""
        if self._depth == 0:
            self._database.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0 and self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self._commit()

    def keep(self, session_id: str, number: int, kind: str, body: JsonObject) -> None:
        """The entry is in the file.

        Raises:
            sqlite3.Error: it could not be written; the entry must then not be shown to anyone.
        """
        self._database.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", (session_id, number, kind, json_line(body)))

    def entries(self, session_id: str) -> Iterator[tuple[str, JsonObject]]:
        """Kind and body of each entry of a session, in order."""
        query = "SELECT kind, body FROM entries WHERE session_id = ? ORDER BY number"
        for kind, body in self._database.execute(query, (session_id,)):
            yield kind, _object(body)

    def drop_entries(self, session_id: str) -> None:
        """The session's journal is gone."""
        self._database.execute("DELETE FROM entries WHERE session_id = ?", (session_id,))

    def put(self, kind: str, key: str, body: JsonObject, *, owner: str = "") -> int:
        """The thing is kept as `body`, new or in place of what it was; its number, which rises with every new thing."""
        row = self._database.execute(
            "INSERT INTO things (kind, key, owner, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET owner = excluded.owner, body = excluded.body RETURNING number",
            (kind, key, owner, json_line(body)),
        ).fetchone()
        return int(row[0])

    def remove(self, kind: str, key: str) -> None:
        """There is no such thing."""
        self._database.execute("DELETE FROM things WHERE kind = ? AND key = ?", (kind, key))

    def get(self, kind: str, key: str) -> tuple[int, JsonObject] | None:
        """Number and body of one thing."""
        query = "SELECT number, body FROM things WHERE kind = ? AND key = ?"
        row = self._database.execute(query, (kind, key)).fetchone()
        return None if row is None else (int(row[0]), _object(row[1]))

    def all(self, kind: str, *, owner: str | None = None) -> list[tuple[int, JsonObject]]:
        """Number and body of every thing of a kind, or of one owner's, oldest first."""
        query = "SELECT number, body FROM things WHERE kind = ? ORDER BY number"
        values: tuple[str, ...] = (kind,)
        if owner is not None:
            query, values = query.replace("ORDER", "AND owner = ? ORDER"), (kind, owner)
        return [(int(number), _object(body)) for number, body in self._database.execute(query, values)]

    def _commit(self) -> None:
        try:
            self._database.execute("COMMIT")
        except sqlite3.Error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise


def _object(text: str) -> JsonObject:
    value = json.loads(text)
    assert isinstance(value, dict)
    return value
