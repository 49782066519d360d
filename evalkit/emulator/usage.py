"""What a session has used, and what that costs at list prices.

The price table is the package's dated data file. Rates: protocol section 5; `list_cost` is in whole cents, rounded to
the nearest (recorded from 2026-08-06 on), and a budget compares the exact value.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

PRICES_FILE = Path(__file__).parents[1] / "prices.json"

_MILLION = Decimal(1_000_000)
_US_ONLY = Decimal("1.1")
_RATES = (
    ("input_tokens", "input"),
    ("cache_creation_input_tokens", "cache_write_5m"),
    ("cache_read_input_tokens", "cache_read"),
    ("output_tokens", "output"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of one model request; `input_tokens` are those that no cache had a part in."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0

    def as_usage(self) -> dict[str, object]:
        """The `model_usage` object of an event."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_creation_input_tokens": self.cache_creation_input_tokens,
            "cache_read_input_tokens": self.cache_read_input_tokens,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """One request's tokens, and the day that fixes its prices."""

    tokens: Tokens
    day: date


def total_of(spends: Iterable[Spend]) -> Tokens:
    """All tokens together."""
    each = [spend.tokens for spend in spends]
    return Tokens(
        input_tokens=sum(tokens.input_tokens for tokens in each),
        output_tokens=sum(tokens.output_tokens for tokens in each),
        cache_creation_input_tokens=sum(tokens.cache_creation_input_tokens for tokens in each),
        cache_read_input_tokens=sum(tokens.cache_read_input_tokens for tokens in each),
    )


class PriceTable:
    """List prices by model, as the data file has them."""

    def __init__(self, path: Path = PRICES_FILE) -> None:
        table = json.loads(path.read_text(encoding="utf-8"))
        self._models: dict[str, dict[str, object]] = table["models"]
        self._runtime_usd_per_hour = Decimal(table["runtime_usd_per_hour"])

    def cost_usd(self, model: Mapping[str, object], spends: Iterable[Spend], active_s: float) -> Decimal | None:
        """Exact dollars for requests and running time; None where a price is not known."""
        dollars = Decimal(str(active_s)) * self._runtime_usd_per_hour / 3600
        scale = _US_ONLY if model.get("inference_geo") == "us" else Decimal(1)
        for spend in spends:
            price = self._request_usd(model, spend)
            if price is None:
                return None
            dollars += price * scale
        return dollars if self.has_price(model) else None

    def models(self) -> tuple[str, ...]:
        """The models that the table has, in its order."""
        return tuple(self._models)

    def has_price(self, model: Mapping[str, object]) -> bool:
        """Whether the table has the model; the faster speed is not in it."""
        return model.get("id") in self._models and model.get("speed") != "fast"

    def _request_usd(self, model: Mapping[str, object], spend: Spend) -> Decimal | None:
        if not self.has_price(model):
            return None
        rates = self._rates(str(model["id"]), spend)
        dollars = Decimal(0)
        for field, rate in _RATES:
            count = getattr(spend.tokens, field)
            price = rates.get(rate)
            if count and price is None:
                return None
            dollars += Decimal(count) * Decimal(str(price or 0)) / _MILLION
        return dollars

    def _rates(self, model_id: str, spend: Spend) -> dict[str, object]:
        rates = dict(self._models[model_id])
        tokens = spend.tokens
        prompt = tokens.input_tokens + tokens.cache_creation_input_tokens + tokens.cache_read_input_tokens
        for day, earlier in _entries(rates.pop("before", None)):
            if spend.day < date.fromisoformat(day):
                rates |= earlier
        for bound, dearer in _entries(rates.pop("above_prompt_tokens", None)):
            if prompt > int(bound):
                rates |= dearer
        return rates


def whole_cents(dollars: Decimal) -> int:
    """`dollars` in cents, a half rounded up."""
    return int((dollars * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def snapshot(tokens: Tokens, active_s: float, cost_usd: Decimal | None) -> dict[str, object]:
    """The `usage` object of a session; `list_cost` is absent where the cost is not known."""
    usage: dict[str, object] = {
        "active_seconds": round(active_s, 3),
        "cache_creation": {
            "ephemeral_1h_input_tokens": 0,
            "ephemeral_5m_input_tokens": tokens.cache_creation_input_tokens,
        },
        "cache_read_input_tokens": tokens.cache_read_input_tokens,
        "input_tokens": tokens.input_tokens,
        "output_tokens": tokens.output_tokens,
        "server_tool_use": {"web_fetch_requests": 0, "web_search_requests": 0},
    }
    if cost_usd is not None:
        usage["list_cost"] = {"amount": str(whole_cents(cost_usd)), "currency": "USD"}
    return usage


def _entries(value: object) -> list[tuple[str, dict[str, object]]]:
    return list(value.items()) if isinstance(value, dict) else []
