"""What is known of a session while it runs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_events import RawSession, satisfied_session, write

from evalkit.trial.fold import Phase, Progress, advance, fold
from evalkit.trial.model import Tokens, Verdict
from evalkit.trial.wire import NO_ANSWER, parse_event


def progress_of(session: RawSession) -> Progress:
    return fold(parse_event(raw) for raw in session.events)


def test_a_terminal_verdict_alone_does_not_settle_the_trial() -> None:
    session = RawSession().begin().work().grade(0, "satisfied")

    assert progress_of(session).terminal is not None
    assert not progress_of(session).is_settled


def test_idle_after_the_extra_turn_settles_the_trial() -> None:
    assert progress_of(satisfied_session()).is_settled


def test_an_idle_that_waits_for_us_does_not_settle_even_after_a_terminal_verdict() -> None:
    session = RawSession().begin().work().grade(0, "satisfied")
    use = session.add("agent.custom_tool_use", name="submit", input={})
    session.rest("requires_action", event_ids=[use])

    assert not progress_of(session).is_settled
    assert progress_of(session).phase is Phase.WAITING
    assert [call.id for call in progress_of(session).open_calls] == [use]


@pytest.mark.parametrize("reason", ["retries_exhausted", "budget_reached", "refusal"])
def test_an_idle_that_nobody_will_lift_settles_without_a_verdict(reason: str) -> None:
    progress = progress_of(RawSession().begin().work().rest(reason))

    assert progress.is_settled
    assert progress.terminal is None


def test_idle_without_a_verdict_is_stalled_not_settled() -> None:
    progress = progress_of(RawSession().begin().work().rest())

    assert progress.is_stalled
    assert not progress.is_settled


def test_an_idle_without_a_stop_reason_is_stalled_before_a_verdict_and_settled_after_it() -> None:
    before = RawSession().begin().work()
    before.add("session.status_idle")
    after = RawSession().begin().work().grade(0, "satisfied").work()
    after.add("session.status_idle")

    assert progress_of(before).is_stalled
    assert progress_of(after).is_settled


@pytest.mark.parametrize("kind", ["session.status_terminated", "session.deleted"])
def test_the_end_of_the_session_settles_it(kind: str) -> None:
    session = RawSession().begin().work()
    session.add(kind)

    assert progress_of(session).is_settled


def test_work_belongs_to_the_evaluation_that_follows_it_and_the_extra_turn_to_none() -> None:
    session = RawSession().begin().work(tokens=1).work(tokens=2).grade(0, "needs_revision")
    session.work(tokens=10).grade(1, "satisfied").work(tokens=100)

    progress = progress_of(session)

    assert [cycle.work.tokens.input for cycle in progress.cycles] == [3, 10]
    assert progress.work.tokens.input == 100
    assert progress.session_work.tokens.input == 113


def test_only_the_snapshot_directly_before_an_idle_is_believed() -> None:
    session = RawSession().begin().work().grade(0, "satisfied").usage(1).work().usage(2)
    stale = progress_of(session)
    session.rest(tokens=7)

    assert stale.usage is None
    assert progress_of(session).usage is not None
    assert progress_of(session).usage.tokens == Tokens(input=7, output=7)  # type: ignore[union-attr]  # asserted above


def test_a_stale_snapshot_is_not_taken_for_the_one_before_idle() -> None:
    session = RawSession().begin().work().grade(0, "satisfied").usage(1).work()
    session.add("session.status_idle", stop_reason={"type": "end_turn"})

    assert progress_of(session).usage is None


def test_an_interrupt_before_grading_ends_a_cycle_that_never_began() -> None:
    session = RawSession().begin().work(tokens=5)
    session.add(
        "span.outcome_evaluation_end",
        outcome_id="outc_1",
        outcome_evaluation_start_id="",
        iteration=0,
        result="interrupted",
        explanation="",
    )

    (cycle,) = progress_of(session).cycles

    assert (cycle.verdict, cycle.graded_at, cycle.work.tokens.input) == (Verdict.INTERRUPTED, None, 5)


def test_a_write_after_the_last_grading_marks_its_file_changed_only_once_it_succeeded() -> None:
    session = RawSession().begin().work(write("a.csv")).grade(0, "satisfied").work(write("b.csv"))
    failed = RawSession().begin().work().grade(0, "satisfied")
    use = failed.add("agent.tool_use", **write("c.csv"))
    failed.add("agent.tool_result", tool_use_id=use, is_error=True)

    assert progress_of(session).touched.changed == {"b.csv"}
    assert progress_of(failed).touched.changed == frozenset()


@pytest.mark.parametrize(
    ("tool", "is_opaque"),
    [
        ({"name": "bash", "input": {"command": "true"}}, True),
        ({"kind": "agent.mcp_tool_use", "name": "save", "input": {}}, True),
        ({"kind": "agent.custom_tool_use", "name": "save", "input": {}}, True),
        ({"name": "read", "input": {"file_path": "/mnt/session/outputs/a"}}, False),
        ({"name": "write", "input": {"file_path": "/workspace/notes.txt"}}, False),
    ],
)
def test_tools_that_do_not_say_what_they_change_make_files_unknown(tool: dict[str, Any], is_opaque: bool) -> None:
    progress = progress_of(RawSession().begin().work().grade(0, "satisfied").work(tool))

    assert progress.touched.is_opaque is is_opaque


def test_time_waiting_for_us_is_measured_apart_from_work() -> None:
    session = RawSession().begin()
    use = session.add("agent.custom_tool_use", name="ask", input={})
    session.rest("requires_action", event_ids=[use])
    session.add("user.custom_tool_result", custom_tool_use_id=use)
    session.add("session.status_running")
    session.work().rest()

    progress = progress_of(session)

    assert progress.waiting_s == 2.0
    assert progress.running_s == 8.0


def test_requests_we_refused_are_remembered_with_our_words() -> None:
    session = RawSession().begin()
    use = session.add("agent.custom_tool_use", name="ask", input={})
    words = f"{NO_ANSWER} for that request"
    text = [{"type": "text", "text": words}]
    session.add("user.custom_tool_result", custom_tool_use_id=use, is_error=True, content=text)

    assert progress_of(session).unanswered == (("ask", words),)
    assert progress_of(session).open_calls == ()


def test_a_rules_denial_and_a_tools_own_error_are_answers() -> None:
    session = RawSession().begin()
    use = session.add("agent.custom_tool_use", name="ask", input={})
    asked = session.add("agent.tool_use", name="bash", input={}, evaluated_permission="ask")
    text = [{"type": "text", "text": "LookupError: no such customer"}]
    session.add("user.custom_tool_result", custom_tool_use_id=use, is_error=True, content=text)
    session.add("user.tool_confirmation", tool_use_id=asked, result="deny", deny_message="not here")

    assert progress_of(session).unanswered == ()
    assert progress_of(session).open_calls == ()


def test_a_queued_outcome_echoed_again_does_not_begin_anew() -> None:
    session = RawSession().begin().work(tokens=4)
    echo = next(raw for raw in session.events if raw["type"] == "user.define_outcome")
    session.events.append(echo)

    assert progress_of(session).work.tokens.input == 4


@given(st.integers(0, 20))
def test_folding_in_two_parts_is_folding_at_once(cut: int) -> None:
    events = [parse_event(raw) for raw in satisfied_session().events]

    progress = fold(events[:cut])
    for event in events[cut:]:
        progress = advance(progress, event)

    assert progress == fold(events)
