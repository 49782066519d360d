"""What further iterations bought, and how cost and time spread: over iterations, tasks, variants and models."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import ceil
from typing import TypeVar

from evalkit.report.price_rows import rates_of
from evalkit.report.table import Cell, Column, Table, Unit
from evalkit.report.trial_name import name_trials
from evalkit.trial.metrics import Share, UsdSum, had_session, sum_costs
from evalkit.trial.model import RunRecord, Tokens, TrialRecord, Verdict

Number = TypeVar("Number", float, Decimal)


def curve_table(run: RunRecord) -> Table:
    """What each further iteration bought, and what had been reached were it the last one allowed."""
    measured = [record for record in run.trials if record.end.is_measured]
    last = max((len(record.iterations) for record in measured), default=0)
    rows = []
    for index in range(last):
        there = [record for record in measured if len(record.iterations) > index]
        won = [record for record in there if record.iterations[index].verdict is Verdict.SATISFIED]
        by_now = [record for record in measured if _satisfied_by(record, index)]
        spent = _sum([record.iterations[index].agent_usd for record in there])
        rows.append(
            (
                index,
                len(there),
                len(won),
                Share(yes=len(by_now), of=len(measured)),
                Share(yes=sum(record.ok is True for record in by_now), of=len(measured)),
                spent,
                "" if not won else None if spent.unknown else spent.usd / len(won),
            )
        )
    return Table(
        title="What each iteration bought",
        columns=(
            Column(title="iteration", unit=Unit.COUNT),
            Column(title="trials", unit=Unit.COUNT),
            Column(title="satisfied here", unit=Unit.COUNT),
            Column(title="satisfied by now", unit=Unit.COUNT),
            Column(title="of them ok", unit=Unit.COUNT),
            Column(title="agent USD", unit=Unit.USD),
            Column(title="per satisfied here", unit=Unit.USD),
        ),
        rows=tuple(rows),
        notes=(
            "n/m by now: of all measured trials; a smaller `max_iterations` would have given these verdicts",
            "of them ok: known ones, so at least so many; agent USD: without the grader's part, so cost at least",
        ),
    )


def spread_table(run: RunRecord) -> Table:
    """How cost and time spread within each task: the middle, the ninth of ten, the largest."""
    names = name_trials(run.trials)
    groups: dict[str, list[TrialRecord]] = {}
    for record in run.trials:
        if had_session(record):
            groups.setdefault(names.group(record.spec.task, record.spec.variant), []).append(record)
    if len(groups) > 1:
        groups["total"] = [record for record in run.trials if had_session(record)]
    return Table(
        title="Spread of cost and time",
        columns=(
            Column(title="task"),
            Column(title="sessions", unit=Unit.COUNT),
            Column(title="USD p50", unit=Unit.BILLED),
            Column(title="p90", unit=Unit.BILLED),
            Column(title="max", unit=Unit.BILLED),
            Column(title="time p50", unit=Unit.SECONDS),
            Column(title="p90", unit=Unit.SECONDS),
            Column(title="max", unit=Unit.SECONDS),
            Column(title="working", unit=Unit.SECONDS),
            Column(title="grading", unit=Unit.SECONDS),
            Column(title="waiting on us", unit=Unit.SECONDS),
        ),
        rows=tuple((task, len(records), *_spread(records)) for task, records in groups.items()),
        notes=(
            "p50, p90: the smallest value that half, or nine tenths, of the sessions do not exceed; of last attempts",
            "working, grading, waiting on us: sums of what is known",
        ),
    )


def model_table(run: RunRecord) -> Table:
    """What each variant and model used and cost, earlier attempts included."""
    groups: dict[tuple[str, str | None], list[TrialRecord]] = {}
    for record in (*run.trials, *run.earlier_attempts):
        if had_session(record):
            groups.setdefault((record.spec.variant, record.spec.model), []).append(record)
    return Table(
        title="Tokens and cost by variant and model",
        columns=(
            Column(title="variant"),
            Column(title="model"),
            Column(title="sessions", unit=Unit.COUNT),
            *(Column(title=f"{kind} tokens", unit=Unit.COUNT) for kind in ("input", "output")),
            *(Column(title=title, unit=Unit.COUNT) for title in ("cache read", "cache written")),
            Column(title="USD", unit=Unit.BILLED),
            Column(title="agent", unit=Unit.USD),
            Column(title="grader", unit=Unit.USD),
            Column(title="were nothing cached", unit=Unit.USD),
        ),
        rows=tuple((variant, model, *_model_cells(records)) for (variant, model), records in groups.items()),
        notes=("were nothing cached: all input at the uncached price; billed cost moves with the warmth of the cache",),
    )


def uncached_usd(record: TrialRecord) -> Decimal | None:
    """What `record` would have cost without a cache: tokens at the uncached price, running time and searches.

    None when a part is not known. Prompts above a model's price step are priced as if below it.
    """
    cost, rates = record.cost, rates_of(record)
    if cost.tokens is None or cost.runtime_usd is None or cost.web_search_usd is None or rates is None:
        return None
    tokens = cost.tokens
    plain = Tokens(input=tokens.input + tokens.cache_read + tokens.cache_write, output=tokens.output)
    usd = rates.cost_of(plain)
    return None if usd is None else usd + cost.runtime_usd + cost.web_search_usd


def _satisfied_by(record: TrialRecord, index: int) -> bool:
    return any(iteration.verdict is Verdict.SATISFIED for iteration in record.iterations[: index + 1])


def _spread(records: Sequence[TrialRecord]) -> tuple[Cell, ...]:
    usd = [record.cost.usd for record in records]
    total = [record.time_s.total for record in records]
    parts: tuple[Callable[[TrialRecord], float | None], ...] = (
        lambda record: record.time_s.working,
        lambda record: record.time_s.grading,
        lambda record: record.time_s.waiting_on_us,
    )
    return (*_quantiles(usd), *_quantiles(total), *(_known_sum([part(record) for record in records]) for part in parts))


def _quantiles(values: Sequence[Number | None]) -> tuple[Number | None, ...]:
    """p50, p90 and the largest of the values that are known; None three times where none is."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None, None, None
    return tuple(known[ceil(len(known) * share) - 1] for share in (0.5, 0.9, 1))


def _known_sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _model_cells(records: Sequence[TrialRecord]) -> tuple[Cell, ...]:
    tokens = [record.cost.tokens for record in records if record.cost.tokens is not None]
    total = sum(tokens, Tokens())
    counts: tuple[Cell, ...] = (None,) * 4
    if tokens:
        counts = (total.input, total.output, total.cache_read, total.cache_write)
    sums = sum_costs(records)
    return (len(records), *counts, sums.usd, sums.agent, sums.grader, _sum([uncached_usd(item) for item in records]))


def _sum(parts: Sequence[Decimal | None]) -> UsdSum:
    known = [usd for usd in parts if usd is not None]
    return UsdSum(usd=sum(known, Decimal(0)), known=len(known), unknown=len(parts) - len(known))
