from datetime import date
from decimal import Decimal
from typing import Any

from raw_events import RawSession

from evalkit.trial.fold import fold
from evalkit.trial.threads import in_order, thread_record
from evalkit.trial.wire import parse_event

DAY = date(2026, 11, 20)
THREAD: dict[str, Any] = {
    "id": "sthr_2",
    "type": "session_thread",
    "agent": {"type": "agent", "name": "reader", "model": {"id": "claude-haiku-4-5"}},
    "usage": {"list_cost": {"amount": "3", "currency": "USD"}},
}


def test_a_threads_tokens_and_cost_are_those_of_its_own_requests() -> None:
    record = thread_record(THREAD, RawSession().work(tokens=1000).work(tokens=500).events, DAY)

    assert (record.id, record.agent, record.model) == ("sthr_2", "reader", "claude-haiku-4-5")
    assert (record.requests, record.billed_usd) == (2, Decimal("0.03"))
    assert record.tokens is not None
    assert (record.tokens.input, record.tokens.output) == (1500, 1500)
    assert record.usd == (1500 * Decimal(1) + 1500 * Decimal(5)) / 1_000_000


def test_a_thread_without_a_model_or_a_metered_request_has_no_cost() -> None:
    session = RawSession()
    session.add("span.model_request_end", model_request_start_id="x", model_usage=None, is_error=False)

    unmetered = thread_record(THREAD, session.events, DAY)
    nameless = thread_record({"id": "sthr_2", "agent": 7}, RawSession().work().events, DAY)

    assert (unmetered.requests, unmetered.tokens, unmetered.usd) == (1, None, None)
    assert (nameless.agent, nameless.model, nameless.usd, nameless.billed_usd) == (None, None, None, None)


def test_an_advisors_model_stands_beside_its_type() -> None:
    advisor = {**THREAD, "agent": {"type": "advisor", "model": "claude-opus-5-5"}}

    assert thread_record(advisor, (), DAY).model == "claude-opus-5-5"


def test_a_thread_that_is_announced_twice_is_one() -> None:
    session = RawSession().begin()
    for thread_id in ("sthr_2", "sthr_3", "sthr_2"):
        session.add("session.thread_created", session_thread_id=thread_id, agent_name="reader")

    assert fold(parse_event(raw) for raw in session.events).threads == ("sthr_2", "sthr_3")


def test_threads_come_in_the_order_in_which_they_were_announced() -> None:
    threads = [thread_record({**THREAD, "id": name}, (), DAY) for name in ("a", "b", "c")]

    assert [thread.id for thread in in_order(threads, ["c", "a"])] == ["c", "a", "b"]
