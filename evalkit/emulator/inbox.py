"""What a session does with the events that a client sends: refuse all of them, or take each.

A `user.define_outcome`, a confirmation and a tool result are processed as they arrive (documented); a message to a
session at work and an interrupt are queued, and their echo has `processed_at: null`.
"""

from evalkit.emulator.clock import wall_time
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.ids import new_id
from evalkit.emulator.problems import conflict, refused
from evalkit.emulator.recorder import RUNNING_TO_ECHO_S, Recorder

_SETTLES = ("user.tool_confirmation", "user.tool_result", "user.custom_tool_result", "user.interrupt")
_WAKES = ("user.message", "user.define_outcome")
_ANSWER_AFTER_S = 0.6


class Inbox:
    """The door of one session's journal for client events."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._state = recorder.journal.state

    def accept(self, events: tuple[JsonObject, ...]) -> list[JsonObject]:
        """The events are in the journal, done or queued, all or none; their echoes, in order.

        Raises:
            ApiProblem: 400 or 409, one of them cannot be accepted now.
        """
        self._check_session()
        waiting = dict(self._state.pending)
        is_outcome_active = self._state.active_outcome is not None
        for event in events:
            self._check(event, waiting, is_outcome_active=is_outcome_active)
            is_outcome_active |= event["type"] == "user.define_outcome"
        if self._state.status == "idle":
            # While it runs, a session's time is that of its script alone: running time is billed.
            self._recorder.clock.meet(wall_time())
        return [self._take({"id": new_id("sevt"), **event}) for event in events]

    def _check_session(self) -> None:
        session_id = self._state.session["id"]
        if self._state.session["archived_at"] is not None:
            raise conflict(f"Session {session_id} is archived")
        if self._state.is_over:
            raise refused(f"Session {session_id} is terminated")

    def _check(self, event: JsonObject, waiting: dict[str, JsonObject], *, is_outcome_active: bool) -> None:
        kind = event["type"]
        if self._state.stop == "budget_reached" and kind not in _SETTLES:
            raise refused(f"the session's budget is reached; only {', '.join(_SETTLES)} are accepted")
        match kind:
            case "user.define_outcome" if is_outcome_active:
                raise refused("an outcome is already active; wait for its terminal evaluation, or interrupt it")
            case "user.tool_confirmation":
                self._check_answer(event, "tool_use_id", "agent.tool_use", waiting)
            case "user.custom_tool_result":
                self._check_answer(event, "custom_tool_use_id", "agent.custom_tool_use", waiting)
            case "user.tool_result":
                raise refused("user.tool_result: only sessions in a self-hosted environment take tool results")
            case "user.interrupt":
                thread = event.get("session_thread_id")
                if thread not in (None, self._state.session["thread_id"]):
                    raise refused(f"session_thread_id: {thread!r} is no thread of this session")

    def _check_answer(self, event: JsonObject, key: str, kind: str, waiting: dict[str, JsonObject]) -> None:
        use_id = str(event[key])
        use = waiting.pop(use_id, None)
        if use is not None and use["type"] == kind:
            return
        # A second result for the same custom tool use was recorded to be accepted and to change nothing.
        if kind == "agent.custom_tool_use" and use is None and use_id in self._state.answered:
            return
        raise refused(f"{key}: {use_id!r} is not waiting for an answer")

    def _take(self, event: JsonObject) -> JsonObject:
        match event["type"]:
            case "user.define_outcome":
                return self._start(event | {"outcome_id": new_id("outc")})
            case "user.message" if self._is_idle_and_free():
                return self._start(event) | {"processed_at": None}
            case "user.interrupt" if self._has_nothing_to_stop():
                # Documented as a no-op; nothing is kept.
                return event | {"processed_at": self._recorder.clock.step()}
            case "user.message" | "system.message" | "user.interrupt":
                queued = event | {"processed_at": None}
                self._recorder.journal.append("queued", queued)
                return queued
            case _:
                return self._answer(event)

    def _start(self, event: JsonObject) -> JsonObject:
        after_s = 0.0
        if self._is_idle_and_free():
            self._recorder.run()
            after_s = RUNNING_TO_ECHO_S
        self._recorder.show(event, after_s=after_s)
        return self._state.events[-1]

    def _answer(self, event: JsonObject) -> JsonObject:
        was_asked = self._state.stop == "requires_action" and bool(self._state.pending)
        self._recorder.show(event, after_s=_ANSWER_AFTER_S)
        echo = self._state.events[-1]
        if was_asked and self._state.pending:
            self._recorder.ask()
        return echo

    def _is_idle_and_free(self) -> bool:
        return self._state.status == "idle" and self._state.stop not in ("requires_action", "budget_reached")

    def _has_nothing_to_stop(self) -> bool:
        return self._state.status == "idle" and self._state.stop != "requires_action"
