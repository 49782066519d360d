"""Writing a session's events in the order and at the distances that recordings show.

Source: event lists of the hosted API, 2026-08-03 to 2026-08-06 (protocol sections 2.4 and 3.1); what a subagent's
thread shows on the session's stream: documented.
"""

from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Protocol

from evalkit.emulator.clock import SessionClock
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.ids import new_id
from evalkit.emulator.state import SessionState
from evalkit.emulator.usage import PriceTable, snapshot, total_of

RUNNING_TO_ECHO_S = 0.125
"""From `status_running` to the echo of what woke the session."""
ANSWER_TO_RUNNING_S = 0.35
LAST_EVENT_TO_IDLE_S = 0.4
_REFUSAL: JsonObject = {"type": "refusal"}


class Record(Protocol):
    """A journal: the session's, or that of one of its threads."""

    @property
    def state(self) -> SessionState:
        """Its fold."""
        ...

    def append(self, kind: str, body: JsonObject) -> None:
        """One more entry."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """What is appended inside is kept together, or not at all."""
        ...


class Recorder:
    """One thread's journal, clock and prices, with one method a group of events that comes together.

    `session` is the recorder of the primary thread, which is the session's own; None where this is it.
    """

    def __init__(
        self, journal: Record, clock: SessionClock, prices: PriceTable, session: "Recorder | None" = None
    ) -> None:
        self.journal = journal
        self.clock = clock
        self._prices = prices
        self._session = session

    @property
    def state(self) -> SessionState:
        """The thread's fold."""
        return self.journal.state

    @property
    def is_subagent(self) -> bool:
        """Whether this is not the primary thread."""
        return self._session is not None

    @property
    def session(self) -> "Recorder":
        """The recorder of the session and its primary thread."""
        return self if self._session is None else self._session

    def emit(self, kind: str, *, after_s: float = 0.0, **fields: object) -> str:
        """An event of this type is in the journal, later than the last by `after_s`, at least a microsecond; its id."""
        return self.show({"id": new_id("sevt"), "type": kind, **fields}, after_s=after_s)

    def show(self, event: JsonObject, *, after_s: float = 0.0) -> str:
        """`event`, which has its id already, is in the journal as processed now; its id."""
        self.journal.append("event", event | {"processed_at": self.clock.advance(after_s)})
        return str(event["id"])

    def share(self, event: JsonObject, *, after_s: float = 0.0) -> str:
        """Like `show`; a subagent's event is on the session's stream as well, and names its thread there."""
        shown = event | {"processed_at": self.clock.advance(after_s)}
        with self.journal.together():
            self.journal.append("event", shown)
            if self.is_subagent:
                self.session.journal.append("event", shown | {"session_thread_id": self.state.thread_id})
        return str(event["id"])

    def run(self, *, after_s: float = 0.0) -> None:
        """The session and this thread are running."""
        with self.journal.together():
            if self.session.state.status != "running":
                self.session.emit("session.status_running", after_s=after_s)
                after_s = 0.0
            self._share_status("running", {}, after_s=after_s)

    def rest(self, stop_reason: JsonObject, **details: JsonObject) -> None:
        """The thread is idle; and the session, a usage snapshot before its event, if no thread is left at work."""
        with self.journal.together():
            self._share_status("idle", {"stop_reason": stop_reason, **details}, after_s=LAST_EVENT_TO_IDLE_S)
            self.session.settle()

    def settle(self) -> None:
        """The session is idle where nothing but a client can move it."""
        if not self.state.is_quiet:
            return
        if self.state.owes_usage:
            self.emit_stale_usage()
        self.emit("session.usage", usage=self.usage())
        idle: JsonObject = {"id": new_id("sevt"), "type": "session.status_idle", "stop_reason": self._stop_reason()}
        details = self.state.thread_stop_details
        # A question of a subagent's outranks the refusal, and has no details.
        self.show(idle if idle["stop_reason"] != _REFUSAL or details is None else idle | {"stop_details": details})

    def ask(self) -> None:
        """The thread is idle until every pending tool use is answered."""
        self.rest({"type": "requires_action", "event_ids": list(self.state.pending)})

    def archive(self, now: str) -> None:
        """The subagent's thread is archived, whatever it was asking."""
        with self.journal.together():
            self._share_status("terminated", {})
            self.journal.append("patched", {"archived_at": now, "updated_at": now})

    def emit_stale_usage(self) -> None:
        """The snapshot that follows an evaluation: totals of the previous one, with the present running time."""
        last = self.state.last_usage
        stale = snapshot(total_of(()), 0.0, None) if last is None else last
        active_s = round(self.state.running_s(self.clock.now), 3)
        self.emit("session.usage", usage=stale | {"active_seconds": active_s})

    def refuse(self, details: JsonObject) -> None:
        """The model refused, and the turn is over: idle `refusal`."""
        self.rest(_REFUSAL, stop_details={"type": "refusal", **details})

    def give_up(self, message: str, error_type: str = "unknown_error") -> None:
        """The turn is dead: the error, what was queued dropped, idle `retries_exhausted`."""
        error = {"type": error_type, "message": message, "retry_status": {"type": "exhausted"}}
        event: JsonObject = {"id": new_id("sevt"), "type": "session.error", "error": error}
        with self.journal.together():
            self.journal.append("flushed", {})
            self.show(event)
            if self.is_subagent:
                self.session.show(event)
            self.rest({"type": "retries_exhausted"})

    def terminate(self, message: str) -> None:
        """The session is terminated for a fault of the server's own."""
        error = {"type": "unknown_error", "message": message, "retry_status": {"type": "terminal"}}
        with self.journal.together():
            self.emit("session.error", error=error)
            self._share_status("terminated", {})
            self.emit("session.status_terminated")

    def reschedule(self, message: str) -> None:
        """The session waits to be run again by the server, which is not running time."""
        error = {"type": "unknown_error", "message": message, "retry_status": {"type": "retrying"}}
        with self.journal.together():
            self.emit("session.error", error=error)
            self._share_status("rescheduled", {})
            self.emit("session.status_rescheduled")

    def usage(self) -> JsonObject:
        """The session's totals now, over all its threads."""
        threads = (self.state, *self.state.threads.values())
        spends = tuple(spend for thread in threads for spend in thread.spends)
        return snapshot(total_of(spends), self.state.running_s(self.clock.now), self._cost_usd())

    def thread_usage(self) -> JsonObject:
        """This thread's totals now; its cost is that of its tokens alone, at its own model's prices (documented)."""
        state = self.state
        cost = self._prices.cost_usd(self.model(), state.spends, 0.0)
        return snapshot(total_of(state.spends), state.thread_active.read(self.clock.now), cost)

    def is_over_budget(self) -> bool:
        """The exact list cost has reached the session's budget; a session without one is never over."""
        budget = self.session.state.session["budget"]
        return isinstance(budget, dict) and self.session.is_spent(budget)

    def is_spent(self, budget: JsonObject) -> bool:
        """The session's exact list cost has reached this budget, or is not known."""
        limit = budget["max_list_cost"]
        cents = int(limit["amount"]) if isinstance(limit, dict) else 0
        cost = self._cost_usd()
        return cost is None or cost * 100 >= cents

    def model(self) -> JsonObject:
        """The model of the thread's agent."""
        return _model_of(self.state)

    def _cost_usd(self) -> Decimal | None:
        """The session's running time and the requests of every thread at its own model's prices."""
        state = self.state
        costs = [self._prices.cost_usd(self.model(), state.spends, state.running_s(self.clock.now))]
        costs += [self._prices.cost_usd(_model_of(each), each.spends, 0.0) for each in state.threads.values()]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None

    def _stop_reason(self) -> JsonObject:
        """Why the session rests: a question outranks the budget, and both outrank the end of a turn (documented)."""
        threads = (self.state, *self.state.threads.values())
        asking = [use_id for thread in threads if not thread.is_over for use_id in thread.pending]
        if asking:
            return {"type": "requires_action", "event_ids": asking}
        if any(thread.thread_stop == "budget_reached" for thread in threads):
            return {"type": "budget_reached"}
        reason = self.state.thread_stop_reason or {"type": "end_turn"}
        # A thread that crosses the budget as it finishes has ended its turn; its session has not the money for another.
        return {"type": "budget_reached"} if reason["type"] == "end_turn" and self.is_over_budget() else reason

    def _share_status(self, status: str, fields: JsonObject, *, after_s: float = 0.0) -> None:
        """The thread's status is on its own stream, and on the session's."""
        state = self.state
        event: JsonObject = {"id": new_id("sevt"), "type": f"session.thread_status_{status}"}
        event |= {"agent_name": _agent_of(state)["name"], "session_thread_id": state.thread_id}
        self.share(event | fields, after_s=after_s)


def _agent_of(state: SessionState) -> JsonObject:
    agent = state.session["agent"]
    return agent if isinstance(agent, dict) else {}


def _model_of(state: SessionState) -> JsonObject:
    model = _agent_of(state)["model"]
    return model if isinstance(model, dict) else {}
