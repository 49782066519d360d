"""Two runs, or two variants of one: what changed, task by task, and how much of it can be chance.

Every change is after minus before, every ratio after over before. This is a report and no gate: it decides nothing.
Tasks are matched by name; where their text, rubric or checks differ, the table says so, because then the ruler changed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from evalkit.errors import UsageError
from evalkit.report.rates import QUESTIONS, Answer, counts_by_task, is_false_satisfied
from evalkit.report.table import Cell, Column, Table, Unit
from evalkit.stats.counts import Counts
from evalkit.stats.estimate import NotEstimableError
from evalkit.stats.exact import task_drop, within_task_permutation
from evalkit.stats.multiplicity import holm
from evalkit.stats.paired import suite_change
from evalkit.stats.ratio import typical_ratio
from evalkit.trial.metrics import Share, had_session
from evalkit.trial.model import RunRecord, TrialRecord

Measure = Callable[[TrialRecord], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two runs with one variant each, so that a task has one name in both."""

    before: RunRecord
    after: RunRecord


def only_variant(run: RunRecord, variant: str | None) -> RunRecord:
    """The part of `run` that ran `variant`; all of it where None, if it has only one.

    Raises:
        UsageError: the run has no such variant, or several and none is named.
    """
    known = tuple(dict.fromkeys(record.spec.variant for record in run.trials))
    if variant is None:
        if len(known) > 1:
            raise UsageError(f"{run.id}: has the variants {', '.join(known)}; name one as {run.id}:{known[0]}")
        return run
    if variant not in known:
        raise UsageError(f"{run.id}: no variant {variant!r}; it has {', '.join(known)}")
    return replace(
        run,
        trials=tuple(record for record in run.trials if record.spec.variant == variant),
        earlier_attempts=tuple(record for record in run.earlier_attempts if record.spec.variant == variant),
    )


def comparison_tables(pair: Pair) -> tuple[Table, ...]:
    """Every table about `pair`, in reading order; tables without rows are left out."""
    tables = (change_table(pair), task_change_table(pair), effort_table(pair), ruler_table(pair))
    return tuple(table for table in tables if table.rows)


def change_table(pair: Pair) -> Table:
    """What changed on this suite as a whole."""
    answers = (*QUESTIONS, ("false satisfied", is_false_satisfied))
    rows = [row for question, answer in answers if (row := _change_row(pair, question, answer)) is not None]
    return Table(
        title="What changed",
        columns=(
            Column(title="rate"),
            Column(title="before", unit=Unit.PERCENT),
            Column(title="after", unit=Unit.PERCENT),
            Column(title="change", unit=Unit.POINTS),
            Column(title="from", unit=Unit.POINTS),
            Column(title="to", unit=Unit.POINTS),
            Column(title="p lower", unit=Unit.NUMBER),
            Column(title="tasks", unit=Unit.COUNT),
        ),
        rows=tuple(rows),
        notes=(
            "means over the tasks that both sides measured; from, to: 90 % interval for this very suite",
            "p lower: chance of a rate as low or lower if nothing had changed (exact, within tasks, mid-p)",
            "false satisfied: lower is better; one question among five, so a small p alone is no verdict",
        ),
    )


def task_change_table(pair: Pair) -> Table:
    """What changed task by task, the largest drop first."""
    before, after = (counts_by_task(run.trials, lambda record: record.ok) for run in (pair.before, pair.after))
    both = [task for task in before if task in after]
    ps = holm([task_drop(*before[task], *after[task]).p for task in both]) if both else ()
    adjusted = dict(zip(both, ps, strict=True))
    every = dict.fromkeys(record.spec.task for run in (pair.before, pair.after) for record in run.trials)
    cost, cost_after = (_means(run, _usd) for run in (pair.before, pair.after))
    rows: list[tuple[Cell, ...]] = []
    for task in sorted(every, key=lambda task: _rate(after, task, 2) - _rate(before, task, 0)):
        yes, of = before.get(task, (0, 0))
        yes_after, of_after = after.get(task, (0, 0))
        change: Cell = yes_after / of_after - yes / of if of and of_after else ""
        share, share_after = Share(yes=yes, of=of), Share(yes=yes_after, of=of_after)
        rows.append(
            (task, share, share_after, change, adjusted.get(task, ""), cost.get(task, ""), cost_after.get(task, ""))
        )
    return Table(
        title="Task by task",
        columns=(
            Column(title="task"),
            Column(title="ok before", unit=Unit.COUNT),
            Column(title="ok after", unit=Unit.COUNT),
            Column(title="change", unit=Unit.POINTS),
            Column(title="p lower", unit=Unit.NUMBER),
            Column(title="USD a trial before", unit=Unit.USD),
            Column(title="USD a trial after", unit=Unit.USD),
        ),
        rows=tuple(rows),
        notes=(
            "n/m: n of the m measured trials whose answer is known; empty: nothing was measured on that side",
            "p lower: exact, adjusted for the number of tasks (Holm); one trial a side can never be small",
        ),
    )


def effort_table(pair: Pair) -> Table:
    """How many times as much a typical task takes after as before."""
    measures: tuple[tuple[str, Measure], ...] = (
        ("USD", _usd),
        ("iterations", lambda record: float(len(record.iterations))),
        ("time", lambda record: record.time_s.total),
    )
    rows = [row for name, measure in measures if (row := _effort_row(pair, name, measure)) is not None]
    return Table(
        title="Cost and effort",
        columns=(
            Column(title="of a typical task"),
            Column(title="ratio", unit=Unit.RATIO),
            Column(title="from", unit=Unit.RATIO),
            Column(title="to", unit=Unit.RATIO),
            Column(title="tasks", unit=Unit.COUNT),
        ),
        rows=tuple(rows),
        notes=("after over before, geometric mean over tasks of measured trials, 90 % interval; ×1.00 is unchanged",),
    )


def ruler_table(pair: Pair) -> Table:
    """Tasks of which something that decides the answer is not the same on both sides."""
    before, after = _first_specs(pair.before), _first_specs(pair.after)
    rows = []
    for task in dict.fromkeys((*before, *after)):
        if task not in before or task not in after:
            rows.append((task, "only before" if task in before else "only after"))
            continue
        old, new = before[task].spec, after[task].spec
        parts = (
            ("task", old.hashes.task, new.hashes.task),
            ("rubric", old.hashes.rubric, new.hashes.rubric),
            ("checks", old.hashes.checks, new.hashes.checks),
            ("model", old.model, new.model),
            ("agent", old.hashes.agent, new.hashes.agent),
            ("max_iterations", old.max_iterations, new.max_iterations),
            ("backend", old.backend, new.backend),
        )
        if differing := ", ".join(name for name, was, is_ in parts if was != is_):
            rows.append((task, differing))
    return Table(
        title="What differs besides chance",
        columns=(Column(title="task"), Column(title="differs")),
        rows=tuple(rows),
        notes=("with another task, rubric or checks the ruler changed: a difference is then not the agent's alone",),
    )


def _change_row(pair: Pair, question: str, answer: Answer) -> tuple[Cell, ...] | None:
    """None when no task has known answers on both sides."""
    before, after = (counts_by_task(run.trials, answer) for run in (pair.before, pair.after))
    both = [task for task in before if task in after]
    if not both:
        return None
    was, is_ = _counts(before, both), _counts(after, both)
    change = suite_change(was, is_)
    p = within_task_permutation(was, is_).mid_p
    rates = (float(was.rates.mean()), float(is_.rates.mean()))
    return (question, *rates, change.estimate, change.low, change.high, p, len(both))


def _effort_row(pair: Pair, name: str, measure: Measure) -> tuple[Cell, ...] | None:
    """None when fewer than two tasks have a positive mean on both sides."""
    before, after = _means(pair.before, measure), _means(pair.after, measure)
    both = [task for task in before if task in after]
    try:
        ratio = typical_ratio([before[task] for task in both], [after[task] for task in both]).interval
    except NotEstimableError:
        return None
    return name, ratio.estimate, ratio.low, ratio.high, int(ratio.n)


def _means(run: RunRecord, measure: Measure) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for record, value in _measured(run.trials, measure):
        values.setdefault(record.spec.task, []).append(value)
    return {task: sum(found) / len(found) for task, found in values.items()}


def _measured(records: Sequence[TrialRecord], measure: Measure) -> Iterator[tuple[TrialRecord, float]]:
    for record in records:
        value = measure(record) if record.end.is_measured and had_session(record) else None
        if value is not None:
            yield record, value


def _usd(record: TrialRecord) -> float | None:
    return None if record.cost.usd is None else float(record.cost.usd)


def _counts(by_task: dict[str, tuple[int, int]], tasks: Sequence[str]) -> Counts:
    return Counts(successes=tuple(by_task[task][0] for task in tasks), trials=tuple(by_task[task][1] for task in tasks))


def _rate(by_task: dict[str, tuple[int, int]], task: str, missing: float) -> float:
    yes, of = by_task.get(task, (0, 0))
    return yes / of if of else missing


def _first_specs(run: RunRecord) -> dict[str, TrialRecord]:
    specs: dict[str, TrialRecord] = {}
    for record in run.trials:
        specs.setdefault(record.spec.task, record)
    return specs
