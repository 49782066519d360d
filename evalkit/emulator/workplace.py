"""What the threads of one session share: its journal, its clock, its hands, its scenario, and the delivered files."""

from collections.abc import Callable
from dataclasses import dataclass, field

from evalkit.emulator.brain import Brain, BrainError, Delegation
from evalkit.emulator.brain.scripted import ScriptedBrain
from evalkit.emulator.capture import capture_outputs
from evalkit.emulator.clock import SessionClock, stamp
from evalkit.emulator.draws import Draws
from evalkit.emulator.faults import Fault
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.files import FileTable
from evalkit.emulator.hands import Hands
from evalkit.emulator.ids import new_id
from evalkit.emulator.journal import Journal
from evalkit.emulator.roster import roster_of
from evalkit.emulator.scenario import Scenario
from evalkit.emulator.script import SessionScript
from evalkit.emulator.state import THREAD_MESSAGE
from evalkit.emulator.thread_journal import ThreadJournal

MAX_THREADS = 25
"""Subagents' threads of a session that are not archived (documented)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """One session's things."""

    journal: Journal
    clock: SessionClock
    hands: Hands
    files: FileTable
    scenario: Scenario | None
    faults: tuple[Fault, ...]
    """Of every session."""
    time_scale: float
    wake: Callable[[], None] = field(repr=False)
    """Every thread with something to do is at it."""

    def script(self) -> SessionScript:
        """The part of the scenario that is for this session.

        Raises:
            BrainError: there is none.
        """
        script = None if self.scenario is None else self.scenario.match(self._metadata(), self._task())
        if script is None:
            raise BrainError("no session of the scenario matches this session's metadata or task; add one to it")
        return script

    def draws(self) -> Draws:
        """The session's draws."""
        return Draws(0 if self.scenario is None else self.scenario.seed, self._metadata())

    def brain(self) -> Brain:
        """A brain that knows nothing yet.

        Raises:
            BrainError: the scenario has none for this session.
        """
        return ScriptedBrain(self.script(), self.draws(), self.hands)

    def check_delegations(self, delegations: tuple[Delegation, ...]) -> None:
        """Each of them can be made.

        Raises:
            BrainError: the session's agent has nobody of that name to call, or too many are at work.
        """
        state = self.journal.state
        roster = roster_of(state.session["agent"])
        for delegation in delegations:
            if delegation.agent not in roster:
                raise BrainError(f"agent {delegation.agent!r} is not on the coordinator's roster; add it there")
        at_work = sum(thread.session["archived_at"] is None for thread in state.threads.values())
        if at_work + len(delegations) > MAX_THREADS:
            raise BrainError(f"more than {MAX_THREADS} threads; archive some")

    def open_thread(self, delegation: Delegation) -> str:
        """A thread with this task in its queue; its id."""
        state = self.journal.state
        agent = roster_of(state.session["agent"])[delegation.agent]
        thread_id = new_id("sthr")
        now = stamp(self.clock.now)
        thread = ThreadJournal(self.journal, thread_id)
        own = {key: state.session[key] for key in ("id", "metadata")}
        created: JsonObject = {"thread_id": thread_id, "parent_thread_id": state.thread_id, "agent": agent}
        created |= {"created_at": now, "updated_at": now, "archived_at": None}
        thread.append(
            "created", own | created | {"delegation": delegation.number, "place": f"thread{len(state.threads)}/"}
        )
        message: JsonObject = {"type": THREAD_MESSAGE, "from_session_thread_id": state.thread_id}
        thread.append(
            "queued", message | {"id": new_id("sevt"), "content": [{"type": "text", "text": delegation.task}]}
        )
        return thread_id

    def capture_outputs(self) -> None:
        """The Files API has the outputs as they are now."""
        capture_outputs(self.journal, self.hands, self.files, self.clock.now)

    def session_faults(self) -> tuple[Fault, ...]:
        """The faults meant for this session: its script's, then those of every session."""
        try:
            return (*self.script().faults, *self.faults)
        except BrainError:
            return self.faults

    def _metadata(self) -> dict[str, str]:
        metadata = self.journal.state.session["metadata"]
        return {str(key): str(value) for key, value in metadata.items()} if isinstance(metadata, dict) else {}

    def _task(self) -> str:
        """The newest outcome's description, or without one the first message's text."""
        state = self.journal.state
        if state.outcome is not None:
            return state.outcome.description
        first = next((event for event in state.events if event["type"] == "user.message"), None)
        content = [] if first is None else first["content"]
        blocks = content if isinstance(content, list) else []
        return "\n".join(str(block.get("text", "")) for block in blocks)
