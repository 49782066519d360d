"""One live session: its journal, its directory, and the threads that work for it. It takes what clients send."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from evalkit.emulator.clock import SessionClock, parse_stamp, stamp, wall_time
from evalkit.emulator.faults import Fault
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.files import FileTable
from evalkit.emulator.hands import Hands
from evalkit.emulator.inbox import Inbox
from evalkit.emulator.journal import Journal
from evalkit.emulator.journal_file import JournalFile
from evalkit.emulator.problems import missing
from evalkit.emulator.recorder import Recorder
from evalkit.emulator.scenario import Scenario
from evalkit.emulator.state import SessionState
from evalkit.emulator.thread import LiveThread
from evalkit.emulator.thread_journal import ThreadJournal
from evalkit.emulator.usage import PriceTable
from evalkit.emulator.workplace import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all sessions of one server share."""

    scenario: Scenario | None
    prices: PriceTable
    files: FileTable
    journal_file: JournalFile
    folder: Path
    """Each session has a directory of its own below it."""
    time_scale: float
    at_work: "set[LiveSession]"
    """The sessions that have something to do: they stay in memory whoever else forgets them."""
    faults: tuple[Fault, ...]
    """Of every session."""


class LiveSession:
    """A session of a running server."""

    def __init__(self, journal: Journal, setting: Setting) -> None:
        self.id = journal.session_id
        self.journal = journal
        self.clock = SessionClock(parse_stamp(journal.latest))
        self.recorder = Recorder(self.journal, self.clock, setting.prices)
        has_network = journal.state.session.get("has_network") is True
        self.hands = Hands(setting.folder / self.id, has_network=has_network)
        self._setting = setting
        self._place = Workplace(
            journal=journal,
            clock=self.clock,
            hands=self.hands,
            files=setting.files,
            scenario=setting.scenario,
            faults=setting.faults,
            time_scale=setting.time_scale,
            wake=self.wake,
        )
        self._inbox = Inbox(self.recorder, lambda thread_id: self.thread(thread_id).recorder)
        self._primary = LiveThread(self._place, self.recorder)
        self._subagents: dict[str, LiveThread] = {}

    @property
    def state(self) -> SessionState:
        """The fold of the journal."""
        return self.journal.state

    def thread(self, thread_id: str) -> LiveThread:
        """The primary thread, or a subagent's.

        Raises:
            ApiProblem: 404.
        """
        if thread_id == self.state.thread_id:
            return self._primary
        if thread_id not in self.state.threads:
            raise missing(f"Thread '{thread_id}'")
        if thread_id not in self._subagents:
            journal = ThreadJournal(self.journal, thread_id)
            recorder = Recorder(journal, self.clock, self._setting.prices, self.recorder)
            self._subagents[thread_id] = LiveThread(self._place, recorder)
        return self._subagents[thread_id]

    def threads(self) -> list[LiveThread]:
        """The primary thread, then the subagents' in order of creation."""
        return [self._primary, *(self.thread(thread_id) for thread_id in self.state.threads)]

    def accept(self, events: tuple[JsonObject, ...]) -> list[JsonObject]:
        """The events are in the journal, done or queued, all or none; their echoes, in order.

        Raises:
            ApiProblem: 400 or 409, one of them cannot be accepted now.
        """
        echoes = self._inbox.accept(events)
        self.wake()
        return echoes

    def wake(self) -> None:
        """Every thread is at work if there is any for it."""
        self._setting.at_work.add(self)
        for thread in self.threads():
            thread.wake(self._rest)

    async def stop(self) -> None:
        """No work goes on; the journal and the directory are as it left them."""
        await asyncio.gather(*(thread.stop() for thread in self.threads()))

    async def close(self) -> None:
        """No work goes on, and the session's directory is gone."""
        await self.stop()
        self.hands.close()

    async def delete(self) -> None:
        """The session, its files and its directory are gone, and its streams end."""
        self.recorder.emit("session.deleted")
        await self.stop()
        self._leave_nothing()

    def archive_thread(self, thread_id: str) -> None:
        """The subagent's thread is archived, and its coordinator waits for it no longer."""
        self.clock.meet(wall_time())
        self.thread(thread_id).recorder.archive(stamp(self.clock.now))
        self.wake()

    def faults(self) -> tuple[Fault, ...]:
        """The faults meant for this session: its script's, then those of every session."""
        return self._place.session_faults()

    def _rest(self) -> None:
        if any(thread.is_at_work for thread in self.threads()):
            return
        if self.state.is_deleted and self in self._setting.at_work:
            self._leave_nothing()
        self._setting.at_work.discard(self)

    def _leave_nothing(self) -> None:
        self._setting.files.delete_session(self.id)
        self.hands.close()
