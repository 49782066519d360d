from typing import Any

import pytest

from evalkit.emulator.moves import Move, next_move
from evalkit.emulator.state import SessionState

AT = "2026-08-05T09:14:44.338650Z"
RUNNING = {"type": "session.thread_status_running"}
IDLE = {"type": "session.thread_status_idle", "stop_reason": {"type": "end_turn"}}
ASKED = {"type": "session.thread_status_idle", "stop_reason": {"type": "requires_action", "event_ids": ["use"]}}
CAPPED = {"type": "session.thread_status_idle", "stop_reason": {"type": "budget_reached"}}
OUTCOME = {
    "type": "user.define_outcome",
    "outcome_id": "o",
    "description": "d",
    "max_iterations": 2,
    "rubric": {"type": "text", "content": "r"},
}
START = {"type": "span.model_request_start"}
END = {"type": "span.model_request_end", "model_usage": None}
CUSTOM = {"type": "agent.custom_tool_use", "id": "use"}
ANSWER = {"type": "user.custom_tool_result", "custom_tool_use_id": "use"}
TOOL = {"type": "agent.tool_use", "id": "use", "evaluated_permission": "allow"}
RESULT = {"type": "agent.tool_result", "tool_use_id": "use"}
ASK = {"type": "agent.tool_use", "id": "use", "evaluated_permission": "ask"}
ALLOW = {"type": "user.tool_confirmation", "tool_use_id": "use", "result": "allow"}


def verdict(result: str) -> dict[str, Any]:
    return {"type": "span.outcome_evaluation_end", "result": result, "explanation": "e"}


def state_after(*events: dict[str, Any], queued: str | None = None) -> SessionState:
    state = SessionState()
    state.apply("created", {"archived_at": None})
    for number, event in enumerate(events):
        state.apply("event", {"id": f"sevt_{number}", "processed_at": AT} | event)
    if queued is not None:
        state.apply("queued", {"id": "queued", "type": queued})
    return state


@pytest.mark.parametrize(
    ("events", "queued", "move"),
    [
        ((), None, Move.REST),
        ((), "user.message", Move.BEGIN),
        ((RUNNING, OUTCOME), None, Move.REQUEST),
        ((RUNNING, OUTCOME), "user.interrupt", Move.STOP),
        ((RUNNING, OUTCOME), "user.message", Move.TAKE_QUEUED),
        ((RUNNING, OUTCOME, START), None, Move.REQUEST),
        ((RUNNING, OUTCOME, START, END), None, Move.GRADE),
        ((RUNNING, OUTCOME, START, TOOL, END), None, Move.RUN_TOOL),
        ((RUNNING, OUTCOME, START, TOOL, END), "user.message", Move.RUN_TOOL),
        ((RUNNING, OUTCOME, START, TOOL, END, RESULT), None, Move.REQUEST),
        ((RUNNING, OUTCOME, START, CUSTOM, END), None, Move.ASK),
        ((RUNNING, OUTCOME, START, CUSTOM, END, ASKED), None, Move.REST),
        ((RUNNING, OUTCOME, START, CUSTOM, END, ASKED), "user.message", Move.REST),
        ((RUNNING, OUTCOME, START, CUSTOM, END, ASKED), "user.interrupt", Move.STOP),
        ((RUNNING, OUTCOME, START, CUSTOM, END, ASKED, ANSWER), None, Move.RESUME),
        ((RUNNING, OUTCOME, START, ASK, END, ASKED, ALLOW, RUNNING), None, Move.RUN_TOOL),
        ((RUNNING, OUTCOME, START, END, verdict("needs_revision")), None, Move.REQUEST),
        ((RUNNING, OUTCOME, START, END, verdict("satisfied")), None, Move.REQUEST),
        ((RUNNING, OUTCOME, START, END, verdict("satisfied"), START, END), None, Move.FINISH),
        ((RUNNING, OUTCOME, START, END, verdict("satisfied"), START, END, IDLE), None, Move.REST),
        ((RUNNING, OUTCOME, START, END, verdict("interrupted")), None, Move.FINISH),
    ],
)
def test_the_move_that_is_due(events: tuple[dict[str, Any], ...], queued: str | None, move: Move) -> None:
    assert next_move(state_after(*events, queued=queued), over_budget=False) is move


@pytest.mark.parametrize(
    ("events", "move"),
    [
        ((RUNNING, OUTCOME), Move.AWAIT_BUDGET),
        ((RUNNING, OUTCOME, START, END), Move.AWAIT_BUDGET),
        ((RUNNING, OUTCOME, START, TOOL, END), Move.RUN_TOOL),
        ((RUNNING, OUTCOME, START, CUSTOM, END), Move.ASK),
        ((RUNNING, OUTCOME, START, END, verdict("satisfied"), START, END), Move.FINISH),
        ((RUNNING, OUTCOME, CAPPED), Move.REST),
    ],
)
def test_a_spent_budget_holds_new_work_back_and_nothing_else(events: tuple[dict[str, Any], ...], move: Move) -> None:
    assert next_move(state_after(*events), over_budget=True) is move


def test_a_raised_budget_lets_the_session_go_on() -> None:
    assert next_move(state_after(RUNNING, OUTCOME, CAPPED), over_budget=False) is Move.RESUME


def test_nothing_moves_in_an_archived_session() -> None:
    state = state_after(queued="user.message")
    state.apply("patched", {"archived_at": AT})

    assert next_move(state, over_budget=False) is Move.REST
