"""Writing a session's events in the order and at the distances that recordings show.

Source: event lists of the hosted API, 2026-08-03 to 2026-08-06 (protocol sections 2.4 and 3.1).
"""

from datetime import datetime

from evalkit.emulator.clock import SessionClock
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.ids import new_id
from evalkit.emulator.journal import Journal
from evalkit.emulator.usage import PriceTable, snapshot, total_of

RUNNING_TO_ECHO_S = 0.125
"""From `status_running` to the echo of what woke the session."""
ANSWER_TO_RUNNING_S = 0.35
LAST_EVENT_TO_IDLE_S = 0.4


class Recorder:
    """One session's journal, clock and prices, with one method a group of events that comes together."""

    def __init__(self, journal: Journal, clock: SessionClock, prices: PriceTable) -> None:
        self.journal = journal
        self.clock = clock
        self._prices = prices

    def emit(self, kind: str, *, after_s: float = 0.0, **fields: object) -> str:
        """An event of this type is in the journal, later than the last by `after_s`, at least a microsecond; its id."""
        return self.show({"id": new_id("sevt"), "type": kind, **fields}, after_s=after_s)

    def show(self, event: JsonObject, *, after_s: float = 0.0) -> str:
        """`event`, which has its id already, is in the journal as processed now; its id."""
        self.journal.append("event", event | {"processed_at": self.clock.advance(after_s)})
        return str(event["id"])

    def run(self, *, after_s: float = 0.0) -> None:
        """The session and its thread are running."""
        self.emit("session.status_running", after_s=after_s)
        self._emit_of_thread("session.thread_status_running")

    def rest(self, stop_reason: JsonObject) -> None:
        """The session is idle: the thread's event, the usage snapshot, the session's event, a microsecond apart."""
        self._emit_of_thread("session.thread_status_idle", {"stop_reason": stop_reason}, after_s=LAST_EVENT_TO_IDLE_S)
        self.emit("session.usage", usage=self.usage())
        self.emit("session.status_idle", stop_reason=stop_reason)

    def ask(self) -> None:
        """The session is idle until every pending tool use is answered."""
        self.rest({"type": "requires_action", "event_ids": list(self.journal.state.pending)})

    def emit_stale_usage(self) -> None:
        """The snapshot that follows an evaluation: totals of the previous one, with the present running time."""
        last = self.journal.state.last_usage
        stale = snapshot(total_of(()), 0.0, None) if last is None else last
        active_s = round(self._running_s(self.clock.now), 3)
        self.emit("session.usage", usage=stale | {"active_seconds": active_s})

    def give_up(self, message: str, error_type: str = "unknown_error") -> None:
        """The turn is dead: the error, what was queued dropped, idle `retries_exhausted`."""
        self.journal.append("flushed", {})
        self.emit(
            "session.error", error={"type": error_type, "message": message, "retry_status": {"type": "exhausted"}}
        )
        self.rest({"type": "retries_exhausted"})

    def terminate(self, message: str) -> None:
        """The session is terminated for a fault of the server's own."""
        error = {"type": "unknown_error", "message": message, "retry_status": {"type": "terminal"}}
        self.emit("session.error", error=error)
        self._emit_of_thread("session.thread_status_terminated")
        self.emit("session.status_terminated")

    def usage(self) -> JsonObject:
        """The session's totals now."""
        state = self.journal.state
        active_s = self._running_s(self.clock.now)
        cost = self._prices.cost_usd(self.model(), state.spends, active_s)
        return snapshot(total_of(state.spends), active_s, cost)

    def is_over_budget(self) -> bool:
        """The exact list cost has reached the session's budget; a session without one is never over."""
        budget = self.journal.state.session["budget"]
        return isinstance(budget, dict) and self.is_spent(budget)

    def is_spent(self, budget: JsonObject) -> bool:
        """The exact list cost has reached this budget, or is not known."""
        limit = budget["max_list_cost"]
        cents = int(limit["amount"]) if isinstance(limit, dict) else 0
        state = self.journal.state
        cost = self._prices.cost_usd(self.model(), state.spends, self._running_s(self.clock.now))
        return cost is None or cost * 100 >= cents

    def model(self) -> JsonObject:
        """The model of the session's agent."""
        model = self._agent()["model"]
        return model if isinstance(model, dict) else {}

    def _agent(self) -> JsonObject:
        agent = self.journal.state.session["agent"]
        return agent if isinstance(agent, dict) else {}

    def _emit_of_thread(self, kind: str, fields: JsonObject | None = None, *, after_s: float = 0.0) -> None:
        thread_id = self.journal.state.session["thread_id"]
        event: JsonObject = {"agent_name": self._agent()["name"], "session_thread_id": thread_id}
        self.show({"id": new_id("sevt"), "type": kind} | event | (fields or {}), after_s=after_s)

    def _running_s(self, moment: datetime) -> float:
        return self.journal.state.running_s(moment)
