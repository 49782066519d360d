"""Where the grader and the checks disagree, on the trials where both saw the same files."""

from evalkit.report.table import Column, Table, Unit
from evalkit.report.trial_name import name_trials
from evalkit.trial.metrics import AgreementCounts, RunSummary, count_agreement
from evalkit.trial.model import RunRecord, TrialRecord


def grader_table(run: RunRecord, summary: RunSummary) -> Table:
    """Where the grader and the checks disagree; the last row is the whole run."""
    names = name_trials(run.trials)
    return Table(
        title="Grader against checks",
        columns=(
            Column(title="task"),
            Column(title="grader yes checks yes", unit=Unit.COUNT),
            Column(title="grader yes checks no", unit=Unit.COUNT),
            Column(title="grader no checks yes", unit=Unit.COUNT),
            Column(title="grader no checks no", unit=Unit.COUNT),
            Column(title="files changed", unit=Unit.COUNT),
            Column(title="files unknown", unit=Unit.COUNT),
            Column(title="not decided", unit=Unit.COUNT),
            Column(title="grader only", unit=Unit.COUNT),
        ),
        rows=tuple((names.summary(group), *_cells(group.agreement)) for group in summary.with_total),
        notes=(
            _agreement_note(summary.total.agreement),
            "grader yes, checks no: false satisfied",
            "grader no, checks yes: no mistake by itself; checks are necessary, not sufficient",
            "files changed, unknown: since grading; such trials are counted and not compared",
            "not decided: no verdict, or a check error; grader only: no required check",
            "grader uncalibrated: no rate is corrected for its errors",
        ),
    )


def false_satisfied_table(run: RunRecord) -> Table:
    """Whether false satisfied grows with the number of iterations it took."""
    groups: dict[int, list[TrialRecord]] = {}
    for record in run.trials:
        groups.setdefault(len(record.iterations), []).append(record)
    shares = {n: count_agreement(groups[n]).false_satisfied_share for n in sorted(groups)}
    return Table(
        title="False satisfied by iterations",
        columns=(
            Column(title="iterations", unit=Unit.COUNT),
            Column(title="false satisfied", unit=Unit.COUNT),
        ),
        rows=tuple((n, share) for n, share in shares.items() if share.of),
        notes=("n/m: n of the m compared trials with which the grader was satisfied after so many iterations",),
    )


def _cells(counts: AgreementCounts) -> tuple[int, ...]:
    return (
        counts.both_yes,
        counts.false_satisfied,
        counts.checks_only,
        counts.both_no,
        counts.files_changed,
        counts.files_unknown,
        counts.undecided,
        counts.grader_only,
    )


def _agreement_note(counts: AgreementCounts) -> str:
    return (
        f"measured {counts.measured} = {counts.compared} compared + {counts.files_changed} files changed"
        f" + {counts.files_unknown} files unknown + {counts.undecided} not decided + {counts.grader_only} grader only"
    )
