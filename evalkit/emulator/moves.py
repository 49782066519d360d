"""What a session does next, decided from its journal's fold alone."""

from enum import StrEnum

from evalkit.emulator.state import SessionState


class Move(StrEnum):
    """One thing a session can do; each ends with journal entries that change what comes next."""

    REST = "rest"
    """Nothing to do until a client acts."""
    STOP = "stop"
    """An interrupt ends the turn."""
    BEGIN = "begin"
    """An idle session takes up queued messages."""
    RESUME = "resume"
    """An idle session whose questions are answered, or whose budget was raised, runs on."""
    RUN_TOOL = "run_tool"
    ASK = "ask"
    """Idle until the client has answered every pending tool use."""
    AWAIT_BUDGET = "await_budget"
    TAKE_QUEUED = "take_queued"
    """Messages that arrived while the session worked are read now."""
    REQUEST = "request"
    GRADE = "grade"
    FINISH = "finish"
    """The turn is done: idle, end_turn."""


def next_move(state: SessionState, *, over_budget: bool) -> Move:
    """The one move that is due.

    A pending question outranks the budget, and both outrank new work (documented, protocol 3.6).
    """
    if state.is_over:
        return Move.REST
    if any(event["type"] == "user.interrupt" for event in state.queued):
        return Move.STOP
    if state.status == "idle":
        return _move_from_idle(state, over_budget=over_budget)
    if state.runnable:
        return Move.RUN_TOOL
    if state.pending:
        return Move.ASK
    return _move_with_nothing_open(state, over_budget=over_budget)


def _move_from_idle(state: SessionState, *, over_budget: bool) -> Move:
    if state.stop == "requires_action":
        return Move.REST if state.pending else Move.RESUME
    if state.stop == "budget_reached":
        return Move.REST if over_budget else Move.RESUME
    return Move.BEGIN if state.queued else Move.REST


def _move_with_nothing_open(state: SessionState, *, over_budget: bool) -> Move:
    has_work = bool(state.queued) or state.wants_request or state.open_request is not None
    if not has_work and state.active_outcome is None:
        return Move.FINISH
    if over_budget:
        return Move.AWAIT_BUDGET
    if state.queued and state.open_request is None:
        return Move.TAKE_QUEUED
    return Move.REQUEST if has_work else Move.GRADE
