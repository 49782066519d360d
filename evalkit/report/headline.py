"""A run in one line, and its counts in a few: what stands above and below the tables in every format."""

from decimal import Decimal

from evalkit.report.table import Unit, sum_text, usd_text
from evalkit.trial.metrics import RunSummary, Summary
from evalkit.trial.model import RunRecord


def headline(run: RunRecord, summary: RunSummary) -> str:
    """The verdict on a run in one line; what is wrong comes after the share that is ok."""
    counts = summary.total.counts
    if counts.launched == 0:
        return f"{run.suite}: nothing ran"
    parts = [f"{summary.total.ok} ok{_grader_only(summary.total)}"]
    apart = (
        (counts.check_error, "check error"),
        (counts.unmeasured, "unmeasured"),
        (counts.not_run, "not run"),
    )
    parts += [f"{count} {word}" for count, word in apart if count]
    if false_satisfied := summary.total.agreement.false_satisfied:
        parts.append(f"{false_satisfied} satisfied although a required check failed")
    return f"{run.suite}: {', '.join(parts)}"


def counts_lines(summary: RunSummary) -> tuple[str, ...]:
    """What the numbers are made of: trials, answers, money, and whether anything is missing."""
    total = summary.total
    lines = [
        counts_line(total),
        _answers_line(total),
        "n/m: n of the m measured trials whose answer is known",
        _money_line(total),
    ]
    if not summary.everything_measured:
        lines.append("incomplete: not every trial asked for was measured")
    return tuple(lines)


def counts_line(summary: Summary) -> str:
    """`launched = …` with every part, zero or not."""
    counts = summary.counts
    return (
        f"launched {counts.launched} = {counts.ok} ok + {counts.not_ok} not ok + {counts.check_error} check error"
        f" + {counts.unmeasured} unmeasured + {counts.not_run} not run"
    )


def _grader_only(total: Summary) -> str:
    """Marks a rate of `ok` behind which, for so many trials, stands the grader's word alone."""
    count = total.agreement.grader_only
    if not count:
        return ""
    return " (grader only)" if total.is_grader_only else f" ({count} grader only)"


def _answers_line(total: Summary) -> str:
    three = f"ok {total.ok}{_grader_only(total)}, satisfied {total.satisfied}, verified {total.verified}"
    return f"{three}, first draft {total.first_draft}"


def _money_line(total: Summary) -> str:
    cost = total.whole_cost
    parts = [
        f"billed {_dollars(sum_text(cost.billed, Unit.BILLED))}",
        f"computed {_dollars(sum_text(cost.computed, Unit.USD))}",
    ]
    if total.earlier_attempts:
        earlier = _dollars(sum_text(total.earlier_cost.usd, Unit.BILLED))
        parts.append(f"earlier attempts ({total.earlier_attempts}) {earlier}")
    if total.counts.ok:
        parts.append(f"per ok deliverable {_per_ok(total.usd_per_ok)}")
    return "cost: " + ", ".join(parts)


def _per_ok(usd: Decimal | None) -> str:
    return "not known" if usd is None else _dollars(usd_text(usd, Unit.USD))


def _dollars(text: str) -> str:
    return "not known" if text == "?" else f"{text} USD"
