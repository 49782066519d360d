"""What the raw events are taken for."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.trial import events
from evalkit.trial.model import Verdict
from evalkit.trial.wire import parse_event, parse_money, parse_time

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_TYPES = [
    "session.status_running",
    "session.status_idle",
    "session.status_terminated",
    "session.error",
    "session.usage",
    "user.define_outcome",
    "span.outcome_evaluation_start",
    "span.outcome_evaluation_end",
    "span.model_request_end",
    "agent.tool_use",
    "agent.custom_tool_use",
    "agent.tool_result",
    "user.custom_tool_result",
    "user.tool_confirmation",
]
_FIELDS = st.sampled_from(
    [
        "id",
        "processed_at",
        "stop_reason",
        "usage",
        "outcome_id",
        "iteration",
        "result",
        "rubric",
        "model_usage",
        "input",
        "name",
        "tool_use_id",
        "content",
        "error",
        "explanation",
        "is_error",
        "max_iterations",
    ]
)


@given(st.sampled_from([*_TYPES, "workflow_run.created", ""]), st.dictionaries(_FIELDS, _JSON, max_size=6))
def test_no_raw_event_however_malformed_raises(kind: str, fields: dict[str, Any]) -> None:
    event = parse_event({"type": kind, **fields})

    assert event.at is None or event.at.tzinfo is UTC


def test_an_event_of_a_new_kind_is_kept_as_other_with_its_type() -> None:
    event = parse_event({"id": "sevt_1", "type": "session.dreamt", "processed_at": None})

    assert event == events.Other(id="sevt_1", at=None, type="session.dreamt")


def test_an_unknown_verdict_word_is_no_verdict_but_its_word_is_kept() -> None:
    raw = {"id": "e", "type": "span.outcome_evaluation_end", "iteration": 0, "result": "splendid", "outcome_id": "o"}

    event = parse_event(raw)

    assert isinstance(event, events.EvaluationEnded)
    assert (event.verdict, event.word) == (None, "splendid")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_of_the_wire_is_known(verdict: Verdict) -> None:
    event = parse_event({"id": "e", "type": "span.outcome_evaluation_end", "iteration": 1, "result": verdict.value})

    assert isinstance(event, events.EvaluationEnded)
    assert event.verdict is verdict


@pytest.mark.parametrize(
    ("amount", "dollars"),
    [("187", "1.87"), ("5", "0.05"), ("0", "0"), ("0.02", "0.02"), ("0.1", "0.1"), ("12.00", "12.00")],
)
def test_an_amount_is_cents_unless_it_has_a_point(amount: str, dollars: str) -> None:
    assert parse_money({"amount": amount, "currency": "USD"}) == Decimal(dollars)


@pytest.mark.parametrize(
    "money",
    [
        None,
        {},
        {"amount": 5, "currency": "USD"},
        {"amount": "five"},
        {"amount": "NaN"},
        {"amount": "5", "currency": "EUR"},
        {"amount": "-5", "currency": "USD"},
        {"amount": "1e999999", "currency": "USD"},
        {"amount": "9" * 40, "currency": "USD"},
        {"amount": "٣", "currency": "USD"},
    ],
)
def test_an_amount_that_cannot_be_read_is_unknown_not_zero(money: object) -> None:
    assert parse_money(money) is None


def test_tokens_that_are_not_stated_are_unknown_not_zero() -> None:
    event = parse_event({"id": "e", "type": "span.model_request_end", "model_usage": {"input_tokens": 5}})

    assert isinstance(event, events.RequestEnded)
    assert event.tokens is None


def test_times_are_aware_and_in_utc() -> None:
    assert parse_time("2026-08-05T09:18:06.192082Z") == datetime(2026, 8, 5, 9, 18, 6, 192082, tzinfo=UTC)
    assert parse_time("2026-08-05T11:18:06+02:00") == datetime(2026, 8, 5, 9, 18, 6, tzinfo=UTC)


@pytest.mark.parametrize("value", ["yesterday", "2026-08-05T09:18:06", 5, None, ""])
def test_a_time_without_zone_or_meaning_is_unknown(value: object) -> None:
    assert parse_time(value) is None


def test_only_write_and_edit_name_the_file_they_change() -> None:
    path = {"file_path": "/mnt/session/outputs/a.csv"}

    named = {
        name: parse_event({"id": "e", "type": "agent.tool_use", "name": name, "input": path})
        for name in ("write", "edit", "read", "bash")
    }

    assert {name for name, event in named.items() if isinstance(event, events.ToolUsed) and event.path} == {
        "write",
        "edit",
    }


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"])
def test_a_time_that_utc_cannot_hold_is_unknown(value: str) -> None:
    assert parse_time(value) is None


def test_half_a_surrogate_pair_becomes_text_that_can_be_stored() -> None:
    event = parse_event({"id": "e", "type": "span.outcome_evaluation_end", "iteration": 0, "explanation": "a\ud83db"})

    assert isinstance(event, events.EvaluationEnded)
    assert event.explanation == "a?b"


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0, 1e300, 10**400, True])
def test_seconds_that_no_clock_can_show_are_unknown(seconds: float) -> None:
    usage = {"input_tokens": 1, "output_tokens": 1, "active_seconds": seconds}
    event = parse_event({"id": "e", "type": "session.usage", "usage": usage})

    assert isinstance(event, events.UsageReported)
    assert event.usage.active_seconds is None


@pytest.mark.parametrize("count", [-1, 10**3000, 1.5, "7"])
def test_token_counts_that_cannot_be_are_unknown(count: object) -> None:
    event = parse_event(
        {"id": "e", "type": "span.model_request_end", "model_usage": {"input_tokens": count, "output_tokens": 1}}
    )

    assert isinstance(event, events.RequestEnded)
    assert event.tokens is None
