from typing import Any

from evalkit.emulator.outcome import Phase
from evalkit.emulator.state import SessionState

AT = "2026-08-05T09:14:44.338650Z"


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"sevt_{kind}", "type": kind, "processed_at": AT, **fields}


OUTCOME = event(
    "user.define_outcome",
    outcome_id="o",
    description="d",
    max_iterations=3,
    rubric={"type": "text", "content": "the rubric"},
)
IDLE = event("session.thread_status_idle", stop_reason={"type": "end_turn"})


def verdict(result: str) -> dict[str, Any]:
    return event("span.outcome_evaluation_end", result=result, explanation="words")


def fold(*events: dict[str, Any]) -> SessionState:
    state = SessionState()
    for each in events:
        state.apply("event", each)
    return state


def test_an_outcome_moves_from_pending_through_its_iterations() -> None:
    start = event("span.model_request_start")
    evaluation = event("span.outcome_evaluation_start")
    steps = (OUTCOME, start, evaluation, verdict("needs_revision"), start, evaluation, verdict("satisfied"))

    seen = []
    for count in range(1, len(steps) + 1):
        [outcome] = fold(*steps[:count]).outcomes
        seen.append((outcome.iteration, outcome.result, outcome.completed_at is not None))

    assert seen == [
        (0, "pending", False),
        (0, "running", False),
        (0, "evaluating", False),
        (1, "running", False),
        (1, "running", False),
        (1, "evaluating", False),
        (1, "satisfied", True),
    ]


def test_each_turn_has_a_name_of_its_own() -> None:
    names = [
        fold().turn,
        fold(OUTCOME).turn,
        fold(OUTCOME, verdict("needs_revision")).turn,
        fold(OUTCOME, verdict("satisfied")).turn,
        fold(OUTCOME, verdict("satisfied"), IDLE).turn,
        fold(OUTCOME, verdict("satisfied"), IDLE, OUTCOME).turn,
    ]

    assert len(set(names)) == len(names)


def test_an_outcome_that_ran_out_of_retries_is_neither_active_nor_decided() -> None:
    state = fold(OUTCOME, event("session.thread_status_idle", stop_reason={"type": "retries_exhausted"}))

    assert state.active_outcome is None
    assert state.outcomes[0].completed_at is None
    assert state.phase is Phase.CHAT


def test_the_end_of_a_turn_leaves_no_question_open() -> None:
    asked = event("agent.custom_tool_use", name="lookup", input={})

    assert fold(asked).pending != {}
    assert fold(asked, IDLE).pending == {}


def test_a_queued_event_leaves_the_queue_when_it_is_shown() -> None:
    state = SessionState()
    state.apply("queued", event("user.message") | {"processed_at": None})
    state.apply("event", event("user.message"))

    assert state.queued == []
    assert [each["id"] for each in state.events] == ["sevt_user.message"]
