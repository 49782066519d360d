"""What `evalkit run --dry-run` prints: a table of what would run, and the totals."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from evalkit.report.table import Column, Table, Unit
from evalkit.report.text_table import render_table
from evalkit.runner.estimate import Dollars, RunEstimate, TrialEstimate
from evalkit.runner.parts import parse_shard
from evalkit.suite.model import TrialPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a command line asks for of a suite; empty and None stand for everything."""

    tasks: Sequence[str]
    tags: Sequence[str]
    shard: str | None


def skipped_lines(everything: Sequence[TrialPlan], chosen: Sequence[TrialPlan], parts: Parts) -> tuple[str, ...]:
    """One line for each task of which some trials would not run, and each reason why."""
    keys = {plan.spec.key for plan in chosen}
    skipped = [plan for plan in everything if plan.spec.key not in keys]
    counts = Counter((plan.task.id, _why_skipped(plan, parts)) for plan in skipped)
    return tuple(f"task {task}, {count} trials: {why}" for (task, why), count in counts.items())


def _why_skipped(plan: TrialPlan, parts: Parts) -> str:
    if parts.tasks and plan.task.id not in parts.tasks:
        return "not named by --task"
    if parts.tags and set(parts.tags).isdisjoint(plan.task.tags):
        return "without a tag of --tag"
    if parts.shard is not None and plan.spec.key not in parse_shard(parts.shard):
        return f"in another part than --shard {parts.shard}"
    return "measured as it is now, and --only-changed leaves it out"


def render_estimate(estimate: RunEstimate, skipped: Sequence[str], width: int) -> str:
    """The estimate as text. `skipped` says, a line each, what would not run and why."""
    groups = [list(group) for _, group in groupby(estimate.trials, key=_group)]
    table = Table(
        title="Would run",
        columns=(
            Column(title="task"),
            Column(title="variant"),
            Column(title="trials", unit=Unit.COUNT),
            Column(title="USD least", unit=Unit.BILLED),
            Column(title="expected", unit=Unit.BILLED),
            Column(title="most", unit=Unit.BILLED),
            Column(title="from"),
            Column(title="why"),
        ),
        rows=tuple(_row(group) for group in groups),
    )
    total = estimate.dollars
    lines = render_table(table, width)
    lines += ["", *(f"skipped: {line}" for line in skipped)]
    lines.append(f"sessions: {len(estimate.trials)}; at most {estimate.most_sessions} if each had to be tried again")
    lines.append(f"requests to the API: at least {estimate.requests}")
    lines.append(f"dollars: {_span(total)}")
    lines.append("nothing was sent")
    return "\n".join(lines)


def _group(trial: TrialEstimate) -> tuple[str, str, str, str]:
    return trial.plan.task.id, trial.plan.variant.name, trial.basis, trial.why


def _row(group: Sequence[TrialEstimate]) -> tuple[str | int | Decimal | None, ...]:
    first = group[0]
    total = first.dollars
    for trial in group[1:]:
        total += trial.dollars
    return (
        first.plan.task.id,
        first.plan.variant.name,
        len(group),
        _cents(total.least),
        _cents(total.expected),
        _cents(total.most),
        first.basis,
        first.why,
    )


def _span(total: Dollars) -> str:
    least, most = _cents(total.least), _cents(total.most)
    expected = _cents(total.expected)
    span = f"{'unknown' if least is None else least} to {'unknown' if most is None else most}"
    return f"{span}, {expected} expected" if expected is not None else span


def _cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(Decimal("0.01"))
