"""The tables of a report: each answers one question from a run's records.

    verdict_table        which trials are ok, and why the others are not     one row a trial, failing first
    task_table           which tasks work                                    one row a task and variant
    iteration_table      what the grader said at each iteration              one row an iteration
    check_table          what the checks found wrong                         one row a check that did not pass
    failure_table        what could not be measured, and what broke          one row an attempt

What it cost is in `cost_tables`, how cost, time and verdicts spread in `effort_tables`, where grader and checks
disagree in `grader_tables`, failures by cause in `cause_tables`, intervals in `rates`; `report_tables` is all of them.
"""

from collections.abc import Iterable
from datetime import datetime

from evalkit.checks.result import Status
from evalkit.report.cause_tables import cause_table, changed_file_table, criterion_table
from evalkit.report.cost_tables import cost_table, task_cost_table
from evalkit.report.effort_tables import curve_table, model_table, spread_table
from evalkit.report.grader_tables import false_satisfied_table, grader_table
from evalkit.report.headline import counts_line
from evalkit.report.rates import rate_table
from evalkit.report.reason import gaps_text, short_reason
from evalkit.report.table import Cell, Column, Table, Unit
from evalkit.report.trial_name import name_trials
from evalkit.trial.metrics import RunSummary, Standing, Summary, files_since_grading, had_session, standing_of
from evalkit.trial.model import IterationRecord, RunRecord, SinceGrading, TrialRecord, Verdict

_SHORT_VERDICTS = {
    Verdict.SATISFIED: "satisfied",
    Verdict.NEEDS_REVISION: "revise",
    Verdict.MAX_ITERATIONS_REACHED: "max reached",
    Verdict.FAILED: "failed",
    Verdict.INTERRUPTED: "interrupted",
}

_LONGEST_WORDS = 600
"""Characters of an explanation that a table may show; `evalkit show` prints all of it."""

_NAMED = 8
"""Trials that a note names."""

_ORDER = (Standing.NOT_OK, Standing.CHECK_ERROR, Standing.UNMEASURED, Standing.NOT_RUN, Standing.OK)


def report_tables(run: RunRecord, summary: RunSummary) -> tuple[Table, ...]:
    """Every table of a whole report, in reading order; tables without rows are left out."""
    tables = (
        verdict_table(run),
        task_table(run, summary),
        rate_table(run),
        cause_table(run),
        check_table(run),
        failure_table(run),
        changed_file_table(run),
        grader_table(run, summary),
        false_satisfied_table(run),
        curve_table(run),
        iteration_table(run),
        criterion_table(run),
        cost_table(run, summary),
        task_cost_table(run, summary),
        model_table(run),
        spread_table(run),
    )
    return tuple(table for table in tables if table.rows)


def verdict_table(run: RunRecord) -> Table:
    """Which trials are ok, and why the others are not; failing first, then in plan order."""
    names = name_trials(run.trials)
    return Table(
        title="Trials",
        columns=(
            Column(title="trial"),
            Column(title="verdicts"),
            Column(title="satisfied"),
            Column(title="verified"),
            Column(title="ok"),
            Column(title="why not ok"),
            Column(title="USD", unit=Unit.BILLED),
            Column(title="time", unit=Unit.SECONDS),
        ),
        rows=tuple(
            (
                names.name(record),
                verdict_sequence(record),
                *_answers(record),
                short_reason(record),
                record.cost.usd if had_session(record) else "",
                record.time_s.total if had_session(record) else "",
            )
            for record in failing_first(run.trials)
        ),
        notes=("satisfied: the grader says so; verified: every required check passed; ok: both", *_changed_note(run)),
    )


def failing_first(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """`records` by standing, ok last; in their own order where they stand alike."""
    return sorted(records, key=lambda record: _ORDER.index(standing_of(record)))


def verdict_sequence(record: TrialRecord) -> str:
    """The verdict of every iteration in order, repeats counted: `revise ×2 → satisfied`."""
    groups: list[tuple[str, int]] = []
    for iteration in record.iterations:
        word = verdict_word(iteration)
        count = groups.pop()[1] if groups and groups[-1][0] == word else 0
        groups.append((word, count + 1))
    return " → ".join(word if count == 1 else f"{word} ×{count}" for word, count in groups)


def verdict_word(iteration: IterationRecord) -> str:
    """A short word for the verdict; a word that nobody knows is quoted as it came."""
    if iteration.verdict is not None:
        return _SHORT_VERDICTS[iteration.verdict]
    return repr(iteration.verdict_word) if iteration.verdict_word else "cut off"


def task_table(run: RunRecord, summary: RunSummary) -> Table:
    """Which tasks work; the last row is the whole run."""
    names = name_trials(run.trials)
    return Table(
        title="Tasks",
        columns=(
            Column(title="task"),
            Column(title="launched", unit=Unit.COUNT),
            Column(title="ok", unit=Unit.COUNT),
            Column(title="satisfied", unit=Unit.COUNT),
            Column(title="verified", unit=Unit.COUNT),
            Column(title="first draft", unit=Unit.COUNT),
            Column(title="iterations", unit=Unit.COUNT),
            Column(title="listed apart"),
        ),
        rows=tuple(
            (
                names.summary(group),
                group.counts.launched,
                group.ok,
                group.satisfied,
                group.verified,
                group.first_draft,
                _range(group.iterations),
                listed_apart(group),
            )
            for group in summary.with_total
        ),
        notes=(
            counts_line(summary.total),
            "n/m: n yes of the m measured trials whose answer is known; first draft: satisfied at iteration 0",
            "grader only: no required check stands behind ok",
        ),
    )


def listed_apart(group: Summary) -> str:
    """What the rate of `ok` alone does not say: trials by the way they ended, each kind with its number."""
    parts = (
        (group.counts.check_error, "check error"),
        (group.counts.unmeasured, "unmeasured"),
        (group.counts.not_run, "not run"),
        (group.misfit, "misfit"),
        (group.refused, "refused"),
        (group.limit, "limit"),
        (group.agreement.grader_only, "grader only"),
    )
    return ", ".join(f"{count} {word}" for count, word in parts if count)


def iteration_table(run: RunRecord) -> Table:
    """What the grader said at each iteration, in plan order."""
    names = name_trials(run.trials)
    return Table(
        title="Iterations",
        columns=(
            Column(title="trial"),
            Column(title="#", unit=Unit.COUNT),
            Column(title="verdict"),
            Column(title="gaps, in the grader's words"),
            Column(title="agent USD", unit=Unit.USD),
            Column(title="tokens", unit=Unit.COUNT),
            Column(title="working", unit=Unit.SECONDS),
            Column(title="grading", unit=Unit.SECONDS),
        ),
        rows=tuple(
            (
                names.name(record),
                iteration.iteration,
                verdict_word(iteration),
                _grader_words(iteration),
                iteration.agent_usd,
                _all_tokens(iteration),
                _seconds(iteration.started_at, iteration.graded_at),
                _seconds(iteration.graded_at, iteration.ended_at),
            )
            for record in run.trials
            for iteration in record.iterations
        ),
        notes=(
            "agent USD and tokens: the agent's own requests before this verdict, cached tokens included",
            "the grader's cost is known per trial only",
        ),
    )


def check_table(run: RunRecord) -> Table:
    """What the checks found wrong: every check that failed or errored, in plan order."""
    names = name_trials(run.trials)
    return Table(
        title="Checks that failed or errored",
        columns=(
            Column(title="trial"),
            Column(title="check"),
            Column(title="status"),
            Column(title="found"),
            Column(title="wanted"),
            Column(title="where"),
        ),
        rows=tuple(
            (
                names.name(record),
                check.id,
                check.status.value + ("" if check.required else ", not required"),
                check.found or "",
                check.wanted or "",
                "" if check.at is None else str(check.at),
            )
            for record in run.trials
            for check in record.checks
            if check.status in {Status.FAILED, Status.ERRORED}
        ),
    )


def failure_table(run: RunRecord) -> Table:
    """What could not be measured, and which boundary broke; earlier attempts included."""
    names = name_trials(run.trials)
    return Table(
        title="Not measured",
        columns=(
            Column(title="trial"),
            Column(title="attempt", unit=Unit.COUNT),
            Column(title="end"),
            Column(title="boundary"),
            Column(title="cause"),
            Column(title="message"),
        ),
        rows=tuple(
            (
                names.name(record),
                record.attempt,
                record.end.value.replace("_", " "),
                *_failure_cells(record),
            )
            for record in (*run.earlier_attempts, *run.trials)
            if not record.end.is_measured
        ),
        notes=("never a score: these trials are in no rate",),
    )


def _changed_note(run: RunRecord) -> tuple[str, ...]:
    names = name_trials(run.trials)
    changed = [names.name(record) for record in run.trials if files_since_grading(record) is SinceGrading.CHANGED]
    if not changed:
        return ()
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    return (f"files changed after grading, so the grader saw others: {', '.join(changed[:_NAMED])}{more}",)


def _answers(record: TrialRecord) -> tuple[Cell, Cell, Cell]:
    if not record.end.is_measured:
        return "", "", ""
    return record.satisfied, "no checks" if record.is_grader_only else record.verified, record.ok


def _range(iterations: tuple[int, ...]) -> str:
    if not iterations:
        return ""
    low, high = iterations[0], iterations[-1]
    return str(low) if low == high else f"{low}–{high}"


def _failure_cells(record: TrialRecord) -> tuple[Cell, Cell, Cell]:
    failure = record.failure
    return ("", "", "") if failure is None else (failure.boundary.value, failure.cause, failure.message)


def _grader_words(iteration: IterationRecord) -> str:
    """The criteria with gaps, then the list items of the explanation, or all of it where it has none."""
    if iteration.verdict is Verdict.SATISFIED:
        return ""
    gaps = gaps_text(iteration)
    lines = (iteration.explanation or "").splitlines()
    items = [line.strip().removeprefix("- ") for line in lines if line.lstrip().startswith("- ")]
    words = " ".join(items or lines)
    if len(words) > _LONGEST_WORDS:
        words = words[:_LONGEST_WORDS] + "…"
    return f"{gaps}: {words}" if gaps and words else gaps or words


def _all_tokens(iteration: IterationRecord) -> int:
    tokens = iteration.tokens
    return tokens.input + tokens.output + tokens.cache_read + tokens.cache_write


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    return None if since is None or until is None else (until - since).total_seconds()
