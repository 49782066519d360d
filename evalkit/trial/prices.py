"""List prices: one dated data file, `evalkit/prices.json`, which the emulator reads too."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from evalkit.errors import UnknownModelError
from evalkit.trial.model import Tokens

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """US dollars per million tokens. None is a price that no official page states."""

    input: Decimal | None
    output: Decimal | None
    cache_read: Decimal | None
    cache_write_5m: Decimal | None
    cache_write_1h: Decimal | None

    def cost_of(self, tokens: Tokens, cache_write_1h: int = 0) -> Decimal | None:
        """US dollars, not rounded; None when a kind of token that occurs has no stated price.

        `cache_write_1h` is the part of `tokens.cache_write` that was written for an hour; the rest is priced as
        written for five minutes, which is what the platform does unless asked otherwise.
        """
        total = Decimal(0)
        for count, rate in (
            (tokens.input, self.input),
            (tokens.output, self.output),
            (tokens.cache_read, self.cache_read),
            (tokens.cache_write - cache_write_1h, self.cache_write_5m),
            (cache_write_1h, self.cache_write_1h),
        ):
            if count:
                if rate is None:
                    return None
                total += count * rate
        return total / _MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """One model's rates on one day."""

    rates: Rates
    band_tokens: int | None
    """Prompts longer than this cost `band_rates`; None for a model with one price."""
    band_rates: Rates | None

    def request_cost(self, tokens: Tokens) -> Decimal | None:
        """US dollars of one request; its prompt decides the band."""
        prompt = tokens.input + tokens.cache_read + tokens.cache_write
        if self.band_tokens is not None and self.band_rates is not None and prompt > self.band_tokens:
            return self.band_rates.cost_of(tokens)
        return self.rates.cost_of(tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """Every price on one page of paper."""

    dated: str
    runtime_usd_per_hour: Decimal
    web_search_usd_each: Decimal
    models: Mapping[str, Mapping[str, Any]]

    def price_of(self, model: str, on: date | None) -> ModelPrice:
        """The price of `model` on the day `on`; today's row when the day is unknown.

        A dated snapshot name (`claude-haiku-4-5-20251001`) has its family's price.

        Raises:
            UnknownModelError: the table has no such model; a missing price is not zero.
        """
        row = self.models.get(model) or self.models.get(re.sub(r"-\d{8}$", "", model))
        if row is None:
            known = ", ".join(sorted(self.models))
            raise UnknownModelError(f"prices of {self.dated}: no price for model {model!r}; known models are {known}")
        rates = dict(row)
        for first_day, older in sorted(row.get("before", {}).items(), reverse=True):
            if on is not None and on < date.fromisoformat(first_day):
                rates.update(older)
        bands = row.get("above_prompt_tokens", {})
        threshold = next(iter(bands), None)
        return ModelPrice(
            rates=_rates(rates),
            band_tokens=int(threshold) if threshold is not None else None,
            band_rates=_rates(bands[threshold]) if threshold is not None else None,
        )


@cache
def price_table() -> PriceTable:
    """The table shipped with this version."""
    raw = json.loads(files("evalkit").joinpath("prices.json").read_text(encoding="utf-8"))
    return PriceTable(
        dated=raw["date"],
        runtime_usd_per_hour=Decimal(raw["runtime_usd_per_hour"]),
        web_search_usd_each=Decimal(raw["web_search_usd_each"]),
        models=raw["models"],
    )


def _rates(row: Mapping[str, Any]) -> Rates:
    def rate(kind: str) -> Decimal | None:
        return Decimal(row[kind]) if row.get(kind) is not None else None

    return Rates(
        input=rate("input"),
        output=rate("output"),
        cache_read=rate("cache_read"),
        cache_write_5m=rate("cache_write_5m"),
        cache_write_1h=rate("cache_write_1h"),
    )
