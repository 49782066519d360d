"""The append-only record of one session, the only state that a session has.

An entry is a kind and a JSON object. Kinds: `created` and `patched` (the session's own fields), `queued` and `flushed`
(client events not yet processed), `event` (what list and stream show), `feedback` (what the grader told the agent),
`grader_usage`, `captured` and `lost` (output files). With a file, every entry is also a row of

    entries(session_id TEXT, number INTEGER, kind TEXT, body TEXT, PRIMARY KEY (session_id, number))
"""

import asyncio
import sqlite3
from pathlib import Path
from typing import Self

from evalkit.emulator.fields import JsonObject
from evalkit.emulator.sse import json_line
from evalkit.emulator.state import SessionState

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    session_id TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (session_id, number)
) STRICT, WITHOUT ROWID
"""


class JournalFile:
    """The SQLite file that keeps the entries of every session."""

    def __init__(self, path: Path) -> None:
        # Opened in the thread that starts the server, written and closed in the server's own: never in two at once.
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(_SCHEMA)
        except sqlite3.Error:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def keep(self, session_id: str, number: int, kind: str, body: JsonObject) -> None:
        """The entry is in the file.

        Raises:
            sqlite3.Error: it could not be written; the entry must then not be shown to anyone.
        """
        self._database.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", (session_id, number, kind, json_line(body)))

    def close(self) -> None:
        self._database.close()


class Journal:
    """One session's entries, folded as they are appended."""

    def __init__(self, session_id: str, file: JournalFile | None) -> None:
        self.session_id = session_id
        self.state = SessionState()
        self.entries: list[tuple[str, JsonObject]] = []
        self._file = file
        self._grown = asyncio.Event()

    def append(self, kind: str, body: JsonObject) -> None:
        """The entry is kept, folded, and every waiting reader is told.

        Raises:
            sqlite3.Error: the file refused it; then nothing has changed.
        """
        if self._file is not None:
            self._file.keep(self.session_id, len(self.entries), kind, body)
        self.entries.append((kind, body))
        self.state.apply(kind, body)
        self.wake_readers()

    def wake_readers(self) -> None:
        """Everyone who waits for growth looks again."""
        self._grown.set()
        self._grown = asyncio.Event()

    def growth(self) -> asyncio.Event:
        """An event that is set at the next entry, or when readers are woken.

        Taken before the journal is read, it misses nothing: an entry between the reading and the waiting has set it.
        """
        return self._grown
