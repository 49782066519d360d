"""The append-only record of one session, the only state that a session has.

An entry is a kind and a JSON object. Kinds: `created` and `patched` (the session's own fields), `queued` and `flushed`
(client events not yet processed), `event` (what list and stream show), `feedback` (what the grader told the agent),
`grader_usage`, `captured` and `lost` (output files). An entry is in the file before anything is folded or shown.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from evalkit.emulator.fields import JsonObject
from evalkit.emulator.journal_file import JournalFile
from evalkit.emulator.state import ENDS_TURN, SessionState

SESSION = "session"
"""The kind of thing under which the file knows each session's card."""


class Journal:
    """One session's entries, folded: those that the file has, and each that is appended."""

    def __init__(self, session_id: str, file: JournalFile) -> None:
        self.session_id = session_id
        self.state = SessionState()
        self.latest = ""
        """The newest time that an entry shows."""
        self.is_broken = False
        """The file refused an entry. What is folded here may then be ahead of the file, and is to be dropped."""
        self._refusal: sqlite3.Error | None = None
        self._file = file
        self._count = 0
        self._card: JsonObject = {}
        self._grown = asyncio.Event()
        for kind, body in file.entries(session_id):
            self._fold(kind, body)
        if self._count:
            self._card = card_of(self.state)

    def append(self, kind: str, body: JsonObject) -> None:
        """The entry is kept, folded, and every waiting reader is told.

        Raises:
            sqlite3.Error: the file refused it.
        """
        with self.together():
            self._file.keep(self.session_id, self._count, kind, body)
            self._fold(kind, body)
            self._keep_card()
        self.wake_readers()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is appended inside is kept together, or not at all.

        Raises:
            sqlite3.Error: the file refused it; the journal is then broken, and its readers know. From then on it takes
                nothing: another thread of the session may still be at work, and the session be awake a second time.
        """
        if self._refusal is not None:
            raise sqlite3.OperationalError("the journal has been refused an entry") from self._refusal
        try:
            with self._file.together():
                yield
        except BaseException as error:
            self._refusal = error if isinstance(error, sqlite3.Error) else None
            self.is_broken = True
            self.wake_readers()
            raise

    def wake_readers(self) -> None:
        """Everyone who waits for growth looks again."""
        self._grown.set()
        self._grown = asyncio.Event()

    def growth(self) -> asyncio.Event:
        """An event that is set at the next entry, or when readers are woken.

        Taken before the journal is read, it misses nothing: an entry between the reading and the waiting has set it.
        """
        return self._grown

    def _fold(self, kind: str, body: JsonObject) -> None:
        self._count += 1
        self.state.apply(kind, body)
        times = (body.get(key) for key in ("processed_at", "at", "created_at"))
        # Times are written with six digits, so their order is that of the texts.
        self.latest = max(self.latest, next((time for time in times if isinstance(time, str)), ""))

    def _keep_card(self) -> None:
        card = card_of(self.state)
        if self.state.is_deleted:
            self._file.remove(SESSION, self.session_id)
            self._file.drop_entries(self.session_id)
        elif card != self._card:
            self._file.put(SESSION, self.session_id, card)
            self._card = card


def card_of(state: SessionState) -> JsonObject:
    """What a list of sessions is filtered by, and whether the session has anything left to do by itself."""
    session = state.session
    agent = session["agent"]
    short = {key: agent[key] for key in ("id", "version")} if isinstance(agent, dict) else {}
    is_at_rest = state.status == "idle" and state.stop in (None, *ENDS_TURN) and not state.queued
    return {
        "id": session["id"],
        "agent": short,
        "created_at": session["created_at"],
        "archived_at": session["archived_at"],
        "status": "terminated" if session["archived_at"] is not None else state.status,
        "is_over": state.is_over or is_at_rest,
    }
