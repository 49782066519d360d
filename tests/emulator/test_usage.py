import json
import math
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.emulator.usage import PriceTable, Spend, Tokens, snapshot, whole_cents

SONNET: dict[str, object] = {"id": "claude-sonnet-5-5", "speed": "standard"}
DAY = date(2026, 11, 22)


def cost(model: dict[str, object], day: date = DAY, active_s: float = 0.0, **tokens: int) -> Decimal | None:
    return PriceTable().cost_usd(model, [Spend(tokens=Tokens(**tokens), day=day)], active_s)


@pytest.mark.parametrize(
    ("tokens", "dollars"),
    [
        ({"input_tokens": 1_000_000}, "2"),
        ({"output_tokens": 1_000_000}, "10"),
        ({"cache_creation_input_tokens": 1_000_000}, "2.5"),
        ({"cache_read_input_tokens": 1_000_000}, "0.10"),
    ],
)
def test_each_kind_of_token_has_its_own_price(tokens: dict[str, int], dollars: str) -> None:
    spend = Spend(tokens=Tokens(**tokens), day=DAY)

    assert PriceTable().cost_usd(SONNET, [spend], 0.0) == Decimal(dollars)


def test_a_running_hour_costs_eight_cents() -> None:
    assert cost(SONNET, active_s=3600.0) == Decimal("0.08")


def test_the_day_decides_which_price_holds() -> None:
    assert cost(SONNET, date(2026, 10, 6), cache_read_input_tokens=1_000_000) == Decimal("0.20")
    assert cost(SONNET, date(2026, 10, 7), cache_read_input_tokens=1_000_000) == Decimal("0.10")


def test_a_long_prompt_is_dearer_where_the_model_says_so() -> None:
    haiku: dict[str, object] = {"id": "claude-haiku-5-5"}

    assert cost(haiku, input_tokens=100_000) == Decimal("0.01")
    assert cost(haiku, input_tokens=1, cache_read_input_tokens=100_000) == Decimal("0.0050005")


@pytest.mark.parametrize(
    "model", [{"id": "somebody-elses"}, {"id": "claude-opus-5", "speed": "fast"}, {"id": "claude-fable-5-2"}]
)
def test_a_missing_price_makes_the_cost_unknown_and_not_zero(model: dict[str, object]) -> None:
    assert cost(model, cache_read_input_tokens=1) is None


def test_a_region_costs_a_tenth_more_for_tokens_and_nothing_for_time() -> None:
    assert cost(SONNET | {"inference_geo": "us"}, active_s=3600.0, input_tokens=1_000_000) == Decimal("2.28")


@pytest.mark.parametrize(("dollars", "cents"), [("0.004", 0), ("0.005", 1), ("0.0149", 1), ("0.025", 3), ("1", 100)])
def test_half_a_cent_is_rounded_up(dollars: str, cents: int) -> None:
    assert whole_cents(Decimal(dollars)) == cents


def test_a_snapshot_of_unknown_cost_has_no_list_cost() -> None:
    assert "list_cost" not in snapshot(Tokens(), 0.0, None)


def test_recorded_sessions_cost_what_the_platform_said(traces: Path) -> None:
    """These were rounded up to the next cent (the recordings' README)."""
    said, computed = [], []
    for path in sorted(traces.glob("phase-6-*.jsonl")):
        events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        usage: dict[str, Any] = next(event["usage"] for event in reversed(events) if event["type"] == "session.usage")
        dollars = cost(
            {"id": "claude-haiku-4-5"},
            date(2026, 8, 5),
            usage["active_seconds"],
            input_tokens=usage["input_tokens"],
            output_tokens=usage["output_tokens"],
            cache_read_input_tokens=usage["cache_read_input_tokens"],
            cache_creation_input_tokens=usage["cache_creation"]["ephemeral_5m_input_tokens"],
        )
        assert dollars is not None
        said.append(usage["list_cost"]["amount"])
        computed.append(str(math.ceil(dollars * 100)))

    assert len(said) >= 10
    assert computed == said
