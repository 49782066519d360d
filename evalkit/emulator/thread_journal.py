"""The journal of one subagent's thread: entries of the session's own journal, so that there is one record to keep."""

from contextlib import AbstractContextManager

from evalkit.emulator.fields import JsonObject
from evalkit.emulator.journal import Journal
from evalkit.emulator.state import SessionState


class ThreadJournal:
    """Like the session's journal, for one thread: `thread` entries that name it, folded into its own state."""

    def __init__(self, journal: Journal, thread_id: str) -> None:
        self.thread_id = thread_id
        self._journal = journal

    @property
    def state(self) -> SessionState:
        """The thread's fold, new and empty before its first entry."""
        return self._journal.state.threads.get(self.thread_id) or SessionState()

    def append(self, kind: str, body: JsonObject) -> None:
        """The entry is kept, folded, and every waiting reader is told.

        Raises:
            sqlite3.Error: the file refused it.
        """
        entry: JsonObject = {"thread_id": self.thread_id, "kind": kind, "entry": body}
        if "processed_at" in body:
            entry["at"] = body["processed_at"]
        self._journal.append("thread", entry)

    def together(self) -> AbstractContextManager[None]:
        """What is appended inside is kept together, or not at all."""
        return self._journal.together()
