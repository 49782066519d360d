"""What a thread does next, decided from its journal's fold alone."""

from enum import StrEnum

from evalkit.emulator.state import THREAD_MESSAGE, SessionState


class Move(StrEnum):
    """One thing a thread can do; each ends with journal entries that change what comes next."""

    REST = "rest"
    """Nothing to do until a client or another thread acts."""
    STOP = "stop"
    """An interrupt ends the turn."""
    BEGIN = "begin"
    """An idle thread takes up queued messages."""
    RESUME = "resume"
    """An idle thread runs on: its questions are answered, its budget was raised, or no report is to come any more."""
    RUN_TOOL = "run_tool"
    ASK = "ask"
    """Idle until the client has answered every pending tool use."""
    ASK_AGAIN = "ask_again"
    """A tool beside the question is done: recorded sessions run for a moment, and ask again."""
    AWAIT_BUDGET = "await_budget"
    TAKE_QUEUED = "take_queued"
    """Messages that arrived while the thread worked are read now."""
    REQUEST = "request"
    GRADE = "grade"
    FINISH = "finish"
    """The turn is done, or has to wait for the reports of subagents: idle, end_turn."""


def next_move(state: SessionState, *, over_budget: bool) -> Move:
    """The one move that is due.

    A pending question outranks the budget, and both outrank new work (documented, protocol 3.6).
    """
    if state.is_over:
        return Move.REST
    if any(event["type"] == "user.interrupt" for event in state.queued):
        return Move.STOP
    if state.thread_status == "idle":
        return _move_from_idle(state, over_budget=over_budget)
    if state.thread_status == "rescheduling":
        return Move.RESUME
    if state.pending and state.open_request is None:
        return Move.ASK
    if state.runnable and state.open_request is None:
        return Move.RUN_TOOL
    return _move_with_nothing_open(state, over_budget=over_budget)


def _move_from_idle(state: SessionState, *, over_budget: bool) -> Move:
    if state.thread_stop == "requires_action":
        if not state.pending:
            return Move.RESUME
        return Move.ASK_AGAIN if state.runnable and state.asks == 1 else Move.REST
    if state.thread_stop == "budget_reached":
        return Move.REST if over_budget else Move.RESUME
    if any(event["type"] != THREAD_MESSAGE for event in state.queued):
        return Move.BEGIN
    # A coordinator is told when all whom it sent out have reported (inferred).
    if state.awaits_threads:
        return Move.REST
    if state.queued:
        return Move.BEGIN
    return Move.RESUME if state.wants_request else Move.REST


def _move_with_nothing_open(state: SessionState, *, over_budget: bool) -> Move:
    has_work = bool(state.queued) or state.wants_request or state.open_request is not None
    if not has_work and (state.active_outcome is None or state.awaits_threads):
        return Move.FINISH
    if over_budget:
        return Move.AWAIT_BUDGET
    if state.queued and state.open_request is None:
        return Move.TAKE_QUEUED
    return Move.REQUEST if has_work else Move.GRADE
