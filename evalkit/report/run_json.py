"""A run as JSON, `evalkit-run/1`: what `evalkit report RUN --format json` prints.

The counts and shares of every task and variant, the rates with their intervals, and every trial as `evalkit-trial/1`.
Rules as there: money is a string, unknown is null, times are RFC 3339 in UTC, a field may be added at any time.
"""

from decimal import Decimal

from evalkit.checks.result import Json
from evalkit.report.comparison import Pair
from evalkit.report.rates import Rate, run_rates
from evalkit.report.table import Cell, Table
from evalkit.report.trial_json import exact_usd, trial_to_json, utc_text
from evalkit.trial.metrics import AgreementCounts, CostSums, Share, Summary, UsdSum, summarise
from evalkit.trial.model import RunRecord

FORMAT = "evalkit-run/1"
COMPARISON_FORMAT = "evalkit-comparison/1"


def run_to_json(run: RunRecord) -> dict[str, Json]:
    """`run` as values that `json.dumps` takes as they are."""
    summary = summarise(run)
    return {
        "format": FORMAT,
        "run": run.id,
        "suite": run.suite,
        "backend": run.backend,
        "backend_label": run.backend_label,
        "started_at": utc_text(run.started_at),
        "ended_at": utc_text(run.ended_at),
        "complete": summary.everything_measured,
        "total": _summary(summary.total),
        "groups": [_summary(group) for group in summary.groups],
        "rates": [_rate(rate) for rate in run_rates(run)],
        "trials": [trial_to_json(record) for record in run.trials],
        "earlier_attempts": [trial_to_json(record) for record in run.earlier_attempts],
    }


def comparison_to_json(pair: Pair, tables: tuple[Table, ...]) -> dict[str, Json]:
    """The two sides' names and totals, and the tables about them, as `evalkit-comparison/1`."""
    return {
        "format": COMPARISON_FORMAT,
        "before": {"run": pair.before.id, "total": _summary(summarise(pair.before).total)},
        "after": {"run": pair.after.id, "total": _summary(summarise(pair.after).total)},
        "tables": _tables(tables),
    }


def _tables(tables: tuple[Table, ...]) -> list[Json]:
    """`tables` as values: money as strings, shares as `{"yes", "of"}`, unknown as null."""
    return [
        {
            "title": table.title,
            "columns": [{"title": column.title, "unit": column.unit.value} for column in table.columns],
            "rows": [[_cell(cell) for cell in row] for row in table.rows],
            "notes": list(table.notes),
        }
        for table in tables
    ]


def _summary(summary: Summary) -> Json:
    counts = summary.counts
    return {
        "task": summary.task,
        "variant": summary.variant,
        "launched": counts.launched,
        "measured": counts.measured,
        "ok": counts.ok,
        "not_ok": counts.not_ok,
        "check_error": counts.check_error,
        "unmeasured": counts.unmeasured,
        "not_run": counts.not_run,
        "misfit": summary.misfit,
        "refused": summary.refused,
        "limit": summary.limit,
        "shares": {
            "ok": _share(summary.ok),
            "satisfied": _share(summary.satisfied),
            "verified": _share(summary.verified),
            "first_draft": _share(summary.first_draft),
            "false_satisfied": _share(summary.agreement.false_satisfied_share),
        },
        "iterations": list(summary.iterations),
        "agreement": _agreement(summary.agreement),
        "cost": _costs(summary.cost),
        "earlier_attempts": summary.earlier_attempts,
        "earlier_cost": _costs(summary.earlier_cost),
        "usd_per_ok": exact_usd(summary.usd_per_ok),
    }


def _agreement(counts: AgreementCounts) -> Json:
    return {
        "measured": counts.measured,
        "compared": counts.compared,
        "both_yes": counts.both_yes,
        "false_satisfied": counts.false_satisfied,
        "checks_only": counts.checks_only,
        "both_no": counts.both_no,
        "files_changed": counts.files_changed,
        "files_unknown": counts.files_unknown,
        "undecided": counts.undecided,
        "grader_only": counts.grader_only,
    }


def _costs(sums: CostSums) -> Json:
    return {
        "usd": _sum(sums.usd),
        "billed": _sum(sums.billed),
        "computed": _sum(sums.computed),
        "difference": _sum(sums.difference),
        "agent": _sum(sums.agent),
        "grader": _sum(sums.grader),
        "runtime": _sum(sums.runtime),
        "web_search": _sum(sums.web_search),
    }


def _sum(total: UsdSum) -> Json:
    return {"usd": exact_usd(total.usd), "known": total.known, "unknown": total.unknown}


def _share(share: Share) -> Json:
    return {"yes": share.yes, "of": share.of}


def _rate(rate: Rate) -> Json:
    interval = rate.rate.interval
    return {
        "question": rate.question,
        "variant": rate.variant,
        "rate": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "confidence": interval.confidence,
        "method": interval.method.value,
        "tasks": rate.rate.tasks,
        "trials": rate.rate.trials,
    }


def _cell(cell: Cell) -> Json:
    match cell:
        case Decimal():
            return exact_usd(cell)
        case Share():
            return _share(cell)
        case UsdSum():
            return _sum(cell)
        case _:
            return cell
