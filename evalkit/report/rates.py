"""How sure a run's rates are: means over tasks with cluster-Wilson intervals, pass@k, pass^k, false satisfied.

A rate here is the mean over tasks of each task's share, so a task counts once however many of its trials were lost; the
shares `n/m` of other tables count trials. Only trials whose answer is known are in a rate.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from evalkit.report.table import Cell, Column, Table, Unit
from evalkit.stats.counts import Counts
from evalkit.stats.estimate import Method
from evalkit.stats.proportion import SuiteRate, pass_at_k, pass_hat_k, pass_rate
from evalkit.trial.metrics import Agreement, agreement_of
from evalkit.trial.model import RunRecord, TrialRecord

Answer = Callable[[TrialRecord], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One question's rate over some trials."""

    question: str
    variant: str
    rate: SuiteRate


def run_rates(run: RunRecord) -> tuple[Rate, ...]:
    """Every rate of `run` that can be estimated, variant by variant in plan order."""
    variants: dict[str, list[TrialRecord]] = {}
    for record in run.trials:
        variants.setdefault(record.spec.variant, []).append(record)
    return tuple(
        Rate(question=question, variant=variant, rate=rate)
        for variant, records in variants.items()
        for question, rate in _rates(records)
    )


def rate_table(run: RunRecord) -> Table:
    """The rates of `run` with their 95 % intervals."""
    rates = run_rates(run)
    several = len({rate.variant for rate in rates}) > 1
    few = any(not rate.rate.is_usable_for_gating for rate in rates)
    variant = (Column(title="variant"),) if several else ()
    return Table(
        title="Rates with 95 % intervals",
        columns=(
            *variant,
            Column(title="rate"),
            Column(title="mean over tasks", unit=Unit.PERCENT),
            Column(title="from", unit=Unit.PERCENT),
            Column(title="to", unit=Unit.PERCENT),
            Column(title="tasks", unit=Unit.COUNT),
            Column(title="trials", unit=Unit.COUNT),
            Column(title="method"),
        ),
        rows=tuple((*((rate.variant,) if several else ()), rate.question, *_cells(rate.rate)) for rate in rates),
        notes=(
            "mean over tasks: each task counts once; trials: measured ones whose answer is known",
            "false satisfied: of the trials with which the grader was satisfied and which were compared with checks",
            *(("fewer than 5 tasks: an interval to look at, not one to decide by",) if few else ()),
        ),
    )


def counts_by_task(records: Iterable[TrialRecord], answer: Answer) -> dict[str, tuple[int, int]]:
    """Yes answers and known answers of the measured trials, by task in plan order; tasks without one are left out."""
    counts: dict[str, tuple[int, int]] = {}
    for record in records:
        known = answer(record) if record.end.is_measured else None
        if known is not None:
            yes, of = counts.get(record.spec.task, (0, 0))
            counts[record.spec.task] = (yes + known, of + 1)
    return counts


def is_false_satisfied(record: TrialRecord) -> bool | None:
    """Whether the grader was satisfied with files on which a required check failed.

    None where the grader was not satisfied or nothing can be compared.
    """
    return {Agreement.FALSE_SATISFIED: True, Agreement.BOTH_YES: False}.get(agreement_of(record))


QUESTIONS: tuple[tuple[str, Answer], ...] = (
    ("ok", lambda record: record.ok),
    ("satisfied", lambda record: record.satisfied),
    ("verified", lambda record: record.verified),
    ("first draft", lambda record: record.first_draft),
)


def _rates(records: Sequence[TrialRecord]) -> Iterator[tuple[str, SuiteRate]]:
    for question, answer in (*QUESTIONS, ("false satisfied", is_false_satisfied)):
        by_task = counts_by_task(records, answer)
        if not by_task:
            continue
        counts = _counts(by_task)
        yield question, pass_rate(counts)
        if question == "ok":
            fewest = min(counts.trials)
            for k in sorted({k for k in (3, fewest) if 2 <= k <= fewest}):
                yield f"ok in at least one of {k} (pass@{k})", pass_at_k(counts, k)
                yield f"ok in all of {k} (pass^{k})", pass_hat_k(counts, k)


def _counts(by_task: dict[str, tuple[int, int]]) -> Counts:
    return Counts(successes=tuple(yes for yes, _ in by_task.values()), trials=tuple(of for _, of in by_task.values()))


def _cells(rate: SuiteRate) -> tuple[Cell, ...]:
    interval = rate.interval
    method = interval.method.value
    if interval.method is Method.ONE_TASK:
        method += ": says nothing of other tasks"
    return interval.estimate, interval.low, interval.high, rate.tasks, rate.trials, method
