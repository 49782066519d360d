"""What a session cost, and whose cost it was."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_events import RawSession

from evalkit.errors import UnknownModelError
from evalkit.trial.cost import session_cost
from evalkit.trial.fold import fold
from evalkit.trial.model import Cost, Source, Tokens
from evalkit.trial.prices import price_table
from evalkit.trial.wire import parse_event

HAIKU = "claude-haiku-4-5"


def cost_of(session: RawSession, model: str | None = HAIKU) -> Cost:
    return session_cost(fold(parse_event(raw) for raw in session.events), model)


def test_the_graders_share_is_the_session_total_less_the_agents_requests() -> None:
    cost = cost_of(RawSession().begin().work(tokens=1_000_000).grade(0, "satisfied").rest(tokens=1_500_000))

    assert (cost.agent_usd, cost.grader_usd) == (Decimal(6), Decimal(3))


def test_running_time_costs_eight_cents_an_hour() -> None:
    session = RawSession().begin().work(tokens=0)
    session.usage(0, None, seconds=3600.0)
    session.add("session.status_idle", stop_reason={"type": "end_turn"})

    assert cost_of(session).computed_usd == Decimal("0.08")


def test_what_was_billed_goes_before_what_was_computed_and_both_are_kept() -> None:
    cost = cost_of(RawSession().begin().work().grade(0, "satisfied").rest(tokens=1000, cents="7"))

    assert (cost.usd, cost.source) == (Decimal("0.07"), Source.LIST_COST)
    assert cost.computed_usd == Decimal("0.006") + Decimal("36.0") * Decimal("0.08") / 3600


def test_without_a_billed_cost_the_computed_one_stands_in_and_says_so() -> None:
    cost = cost_of(RawSession().begin().work().grade(0, "satisfied").rest(cents=None))

    assert (cost.usd, cost.source) == (cost.computed_usd, Source.COMPUTED)
    assert cost.billed_usd is None


@pytest.mark.parametrize("model", ["claude-unheard-of-1", None])
def test_the_cost_of_an_unknown_model_is_unknown_unless_it_was_billed(model: str | None) -> None:
    unbilled = cost_of(RawSession().begin().work().rest(cents=None), model)
    billed = cost_of(RawSession().begin().work().rest(cents="3"), model)

    assert (unbilled.usd, unbilled.agent_usd, unbilled.computed_usd) == (None, None, None)
    assert (billed.usd, billed.computed_usd) == (Decimal("0.03"), None)


def test_a_session_without_an_exact_snapshot_has_no_known_cost() -> None:
    cost = cost_of(RawSession().begin().work().grade(0, "satisfied"))

    assert (cost.usd, cost.tokens, cost.grader_usd) == (None, None, None)
    assert cost.agent_usd is not None


def test_a_request_without_stated_tokens_makes_the_agents_cost_unknown() -> None:
    session = RawSession().begin()
    session.add("span.model_request_end", model_request_start_id="x", is_error=False)

    assert cost_of(session.rest()).agent_usd is None


def test_a_kind_of_token_without_a_stated_price_makes_the_cost_unknown() -> None:
    price = price_table().price_of("claude-fable-5-2", None)

    assert price.rates.cost_of(Tokens(input=1_000_000)) == Decimal(8)
    assert price.rates.cost_of(Tokens(input=1, cache_read=1)) is None


def test_a_missing_model_is_refused_by_name() -> None:
    with pytest.raises(UnknownModelError, match="no price for model 'gpt'"):
        price_table().price_of("gpt", None)


def test_a_dated_snapshot_has_its_familys_price() -> None:
    table = price_table()

    assert table.price_of("claude-haiku-4-5-20251001", None) == table.price_of(HAIKU, None)


@pytest.mark.parametrize(("day", "rate"), [(date(2026, 10, 6), "0.20"), (date(2026, 10, 7), "0.10"), (None, "0.10")])
def test_a_price_is_the_one_of_the_day(day: date | None, rate: str) -> None:
    assert price_table().price_of("claude-sonnet-5-5", day).rates.cache_read == Decimal(rate)


def test_the_length_of_the_prompt_decides_the_band_of_a_banded_model() -> None:
    price = price_table().price_of("claude-haiku-5-5", None)

    assert price.request_cost(Tokens(input=100_000)) == Decimal("0.01")
    assert price.request_cost(Tokens(input=100_001)) == Decimal("0.0500005")


def test_a_banded_models_total_is_unknown_when_the_grader_may_have_sent_a_long_prompt() -> None:
    short = cost_of(RawSession().begin().work(tokens=1000).rest(tokens=50_000), "claude-haiku-5-5")
    long = cost_of(RawSession().begin().work(tokens=1000).rest(tokens=150_000), "claude-haiku-5-5")

    assert short.computed_usd is not None
    assert long.computed_usd is None


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_price_is_linear_in_tokens(given_: int, made: int, read: int, written: int) -> None:
    rates = price_table().price_of(HAIKU, None).rates
    tokens = Tokens(input=given_, output=made, cache_read=read, cache_write=written)

    assert rates.cost_of(tokens + tokens) == 2 * (rates.cost_of(tokens) or 0)


@pytest.mark.parametrize("model", sorted(price_table().models))
def test_cache_prices_keep_their_published_ratios_to_input(model: str) -> None:
    rates = price_table().price_of(model, None).rates

    assert rates.input is not None
    assert rates.cache_write_5m == rates.input * Decimal("1.25")
    assert rates.cache_write_1h == rates.input * 2


def test_a_snapshot_is_no_longer_the_bill_once_the_session_works_again() -> None:
    session = RawSession().begin().work(tokens=10)
    use = session.add("agent.custom_tool_use", name="ask", input={})
    session.rest("requires_action", tokens=1000, cents="1", event_ids=[use])
    session.add("session.status_running")
    session.work(tokens=5_000_000)
    session.add("session.status_terminated")

    cost = cost_of(session)

    assert (cost.usd, cost.billed_usd, cost.grader_usd) == (None, None, None)


def test_totals_smaller_than_their_parts_claim_nothing_of_the_grader() -> None:
    assert cost_of(RawSession().begin().work(tokens=500).rest(tokens=100)).grader_usd is None


def test_fast_answers_have_their_own_price_and_terms_without_one_are_unknown() -> None:
    table = price_table()

    assert table.price_of("claude-opus-5 fast", None).rates.output == Decimal(50)
    with pytest.raises(UnknownModelError):
        table.price_of("claude-opus-5 us", None)
