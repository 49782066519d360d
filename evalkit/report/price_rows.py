"""The list prices that a run's trials were computed with, as rows to show and to change."""

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.errors import UnknownModelError
from evalkit.trial.model import RunRecord, TrialRecord
from evalkit.trial.prices import Rates, price_table


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One model's rates, on the days when the run's trials of that model started."""

    name: str
    """The model's name; with a number behind it where its price changed within the run."""
    rates: Rates


def price_rows(run: RunRecord) -> Mapping[tuple[str, Rates], PriceRow]:
    """Every price that a trial of `run`, or an earlier attempt, has; models without a price have no row."""
    rows: dict[tuple[str, Rates], PriceRow] = {}
    for record in (*run.trials, *run.earlier_attempts):
        rates = rates_of(record)
        model = record.spec.model
        if rates is None or model is None or (model, rates) in rows:
            continue
        count = sum(known == model for known, _ in rows)
        rows[model, rates] = PriceRow(name=model if count == 0 else f"{model} ({count + 1})", rates=rates)
    return rows


def rates_of(record: TrialRecord) -> Rates | None:
    """The rates of `record`'s model on the day it started; None when nobody states them.

    Prompts above a model's price step cost more than these.
    """
    if record.spec.model is None:
        return None
    day = None if record.started_at is None else record.started_at.date()
    try:
        return price_table().price_of(record.spec.model, day).rates
    except UnknownModelError:
        return None
