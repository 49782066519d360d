"""What a run cost: each trial as billed and as computed, and what an ok deliverable costs."""

from evalkit.report.table import Cell, Column, Table, Unit
from evalkit.report.trial_name import name_trials
from evalkit.trial.metrics import CostSums, RunSummary, billed_minus_computed, had_session
from evalkit.trial.model import RunRecord


def cost_table(run: RunRecord, summary: RunSummary) -> Table:
    """What each trial cost, in plan order, then earlier attempts and the sum of everything."""
    names = name_trials(run.trials)
    total = summary.total
    rows: list[tuple[Cell, ...]] = [
        (
            names.name(record),
            record.cost.billed_usd,
            record.cost.computed_usd,
            billed_minus_computed(record.cost),
            record.cost.agent_usd,
            record.cost.grader_usd,
            record.cost.runtime_usd,
            record.cost.web_search_usd,
        )
        for record in run.trials
        if had_session(record)
    ]
    if total.earlier_attempts:
        rows.append((f"earlier attempts ({total.earlier_attempts})", *_sums(total.earlier_cost)))
    if rows:
        rows.append(("total", *_sums(total.whole_cost)))
    return Table(
        title="Cost in USD",
        columns=(
            Column(title="trial"),
            Column(title="billed", unit=Unit.BILLED),
            Column(title="computed", unit=Unit.USD),
            Column(title="difference", unit=Unit.DIFFERENCE),
            Column(title="agent", unit=Unit.USD),
            Column(title="grader", unit=Unit.USD),
            Column(title="runtime", unit=Unit.USD),
            Column(title="web search", unit=Unit.USD),
        ),
        rows=tuple(rows),
        notes=(*_price_notes(run), *_unknown_notes(total.whole_cost)),
    )


def task_cost_table(run: RunRecord, summary: RunSummary) -> Table:
    """What an ok deliverable costs, grader and earlier attempts included; the last row is the whole run."""
    names = name_trials(run.trials)
    return Table(
        title="Cost of an ok deliverable in USD",
        columns=(
            Column(title="task"),
            Column(title="spent", unit=Unit.BILLED),
            Column(title="of it earlier attempts", unit=Unit.BILLED),
            Column(title="ok", unit=Unit.COUNT),
            Column(title="per ok trial", unit=Unit.USD),
        ),
        rows=tuple(
            (
                names.summary(group),
                group.whole_cost.usd,
                group.earlier_cost.usd,
                group.counts.ok,
                group.usd_per_ok if group.counts.ok else "",
            )
            for group in summary.with_total
        ),
        notes=("as billed where the platform said so, else computed from tokens",),
    )


def _sums(sums: CostSums) -> tuple[Cell, ...]:
    return (
        sums.billed,
        sums.computed,
        sums.difference,
        sums.agent,
        sums.grader,
        sums.runtime,
        sums.web_search,
    )


def _price_notes(run: RunRecord) -> tuple[str, ...]:
    dates = {record.cost.price_table for record in (*run.trials, *run.earlier_attempts)} - {None}
    if not dates:
        return ()
    return (f"computed from tokens with the price table of {', '.join(sorted(date for date in dates if date))}",)


def _unknown_notes(sums: CostSums) -> tuple[str, ...]:
    parts = (
        ("billed", sums.billed),
        ("computed", sums.computed),
        ("difference", sums.difference),
        ("agent", sums.agent),
        ("grader", sums.grader),
        ("runtime", sums.runtime),
        ("web search", sums.web_search),
    )
    unknown = [f"{name} of {part.unknown}" for name, part in parts if part.unknown]
    sessions = sums.usd.known + sums.usd.unknown
    return (f"not known, of {sessions} sessions: {', '.join(unknown)}",) if unknown else ()
