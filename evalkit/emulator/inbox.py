"""What a session does with the events that a client sends: refuse all of them, or take each.

A `user.define_outcome`, a confirmation and a tool result are processed as they arrive (documented); a message to a
session at work and an interrupt are queued, and their echo has `processed_at: null`. An answer finds its thread by the
id of the tool use; an interrupt without a thread is for all of them (documented).
"""

from collections.abc import Callable

from evalkit.emulator.clock import wall_time
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.ids import new_id
from evalkit.emulator.problems import conflict, refused
from evalkit.emulator.recorder import ANSWER_TO_RUNNING_S, RUNNING_TO_ECHO_S, Recorder
from evalkit.emulator.state import SessionState

_SETTLES = ("user.tool_confirmation", "user.tool_result", "user.custom_tool_result", "user.interrupt")
_ANSWER_AFTER_S = 0.6
_CONFIRMABLE = ("agent.tool_use", "agent.mcp_tool_use")


class Inbox:
    """The door of one session's journal for client events."""

    def __init__(self, recorder: Recorder, recorder_of: Callable[[str], Recorder]) -> None:
        """`recorder` is the session's; `recorder_of` gives that of a thread, by id."""
        self._recorder = recorder
        self._recorder_of = recorder_of
        self._state = recorder.state

    def accept(self, events: tuple[JsonObject, ...]) -> list[JsonObject]:
        """The events are in the journal, done or queued, all or none; their echoes, in order.

        Raises:
            ApiProblem: 400 or 409, one of them cannot be accepted now.
        """
        self._check_session()
        waiting = {use_id: use for state in self._states() for use_id, use in state.pending.items()}
        is_outcome_active = self._state.active_outcome is not None
        for event in events:
            self._check(event, waiting, is_outcome_active=is_outcome_active)
            is_outcome_active |= event["type"] == "user.define_outcome"
        if self._state.status == "idle":
            # While it runs, a session's time is that of its script alone: running time is billed.
            self._recorder.clock.meet(wall_time())
        with self._recorder.journal.together():
            return [self._take({"id": new_id("sevt"), **event}) for event in events]

    def _states(self) -> tuple[SessionState, ...]:
        return (self._state, *(thread for thread in self._state.threads.values() if not thread.is_over))

    def _check_session(self) -> None:
        session_id = self._state.session["id"]
        if self._state.session["archived_at"] is not None:
            raise conflict(f"Session {session_id} is archived")
        if self._state.is_over:
            raise refused(f"Session {session_id} is terminated")

    def _check(self, event: JsonObject, waiting: dict[str, JsonObject], *, is_outcome_active: bool) -> None:
        kind = event["type"]
        if self._has_no_money() and kind not in _SETTLES:
            raise refused(f"the session's budget is reached; only {', '.join(_SETTLES)} are accepted")
        match kind:
            case "user.define_outcome" if is_outcome_active:
                raise refused("an outcome is already active; wait for its terminal evaluation, or interrupt it")
            case "user.tool_confirmation":
                self._check_answer(event, "tool_use_id", _CONFIRMABLE, waiting)
            case "user.custom_tool_result":
                self._check_answer(event, "custom_tool_use_id", ("agent.custom_tool_use",), waiting)
            case "user.tool_result":
                raise refused("user.tool_result: only sessions in a self-hosted environment take tool results")
            case "user.interrupt":
                thread = event.get("session_thread_id")
                if thread is not None and thread not in (self._state.thread_id, *self._state.threads):
                    raise refused(f"session_thread_id: {thread!r} is no thread of this session")

    def _check_answer(
        self, event: JsonObject, key: str, kinds: tuple[str, ...], waiting: dict[str, JsonObject]
    ) -> None:
        use_id = str(event[key])
        use = waiting.pop(use_id, None)
        if use is not None and use["type"] in kinds:
            return
        # A second result for the same custom tool use was recorded to be accepted and to change nothing.
        is_answered = any(use_id in state.answered for state in self._states())
        if event["type"] == "user.custom_tool_result" and use is None and is_answered:
            return
        raise refused(f"{key}: {use_id!r} is not waiting for an answer")

    def _take(self, event: JsonObject) -> JsonObject:
        match event["type"]:
            case "user.define_outcome":
                return self._start(event | {"outcome_id": new_id("outc")})
            case "user.message" if self._is_idle_and_free():
                return self._start(event) | {"processed_at": None}
            case "user.interrupt":
                return self._interrupt(event)
            case "user.message" | "system.message":
                return self._queue(self._recorder, event)
            case _:
                return self._answer(event)

    def _queue(self, recorder: Recorder, event: JsonObject) -> JsonObject:
        queued = event | {"processed_at": None}
        recorder.journal.append("queued", queued)
        return queued

    def _start(self, event: JsonObject) -> JsonObject:
        after_s = 0.0
        if self._is_idle_and_free():
            self._recorder.run()
            after_s = RUNNING_TO_ECHO_S
        self._recorder.show(event, after_s=after_s)
        return self._state.events[-1]

    def _interrupt(self, event: JsonObject) -> JsonObject:
        """Every thread that is meant and has something to stop has the interrupt in its queue."""
        meant = event.get("session_thread_id")
        states = [state for state in self._states() if meant in (None, state.thread_id)]
        stoppable = [state for state in states if self._can_stop(state)]
        if not stoppable:
            # Documented as a no-op; nothing is kept.
            return event | {"processed_at": self._recorder.clock.step()}
        for state in stoppable:
            self._queue(self._recorder_of(str(state.thread_id)), event)
        return event | {"processed_at": None}

    def _answer(self, event: JsonObject) -> JsonObject:
        use_id = str(event.get("tool_use_id") or event.get("custom_tool_use_id"))
        owner = next((state for state in self._states() if use_id in {*state.pending, *state.answered}), self._state)
        recorder = self._recorder_of(str(owner.thread_id))
        was_asked = owner.thread_stop == "requires_action" and bool(owner.pending)
        is_late = use_id not in owner.pending
        recorder.share(event, after_s=_ANSWER_AFTER_S)
        echo = self._state.events[-1]
        if is_late and owner.thread_stop_reason is not None:
            # A second answer was recorded to wake the session for a moment, without a model request.
            reason = owner.thread_stop_reason
            recorder.run(after_s=ANSWER_TO_RUNNING_S)
            recorder.rest(reason)
        elif was_asked and owner.pending:
            recorder.ask()
        return echo

    def _can_stop(self, state: SessionState) -> bool:
        if self._state.stop == "budget_reached":
            return False
        return state.thread_status != "idle" or state.thread_stop == "requires_action" or state.awaits_threads

    def _has_no_money(self) -> bool:
        return self._state.stop == "budget_reached" and self._recorder.is_over_budget()

    def _is_idle_and_free(self) -> bool:
        return (
            self._state.status == "idle"
            and self._state.thread_stop not in ("requires_action", "budget_reached")
            and not self._has_no_money()
        )
