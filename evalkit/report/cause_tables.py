"""Why trials are not ok: failures grouped by cause with one example each, and criteria across iterations.

A trial may have several causes; every trial that is not ok has at least one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from evalkit.checks.result import Status
from evalkit.report.reason import failure_text, full_reason, required_checks
from evalkit.report.table import Column, Table, Unit
from evalkit.report.trial_name import name_trials
from evalkit.rubric.contract import CriterionState
from evalkit.trial.metrics import Standing, UsdSum, standing_of
from evalkit.trial.model import End, RunRecord, SinceGrading, TrialRecord, Verdict

_GAPS = (CriterionState.NOT_MET, CriterionState.PARTLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason of one trial, in words that are the same for trials that fail alike."""

    kind: str
    """`check`, `criterion`, `end` or `boundary`: what says so."""
    what: str


def causes_of(record: TrialRecord) -> tuple[Cause, ...]:
    """Why `record` is not ok; empty when it is."""
    return () if standing_of(record) is Standing.OK else tuple(dict.fromkeys(_causes(record)))


def cause_table(run: RunRecord) -> Table:
    """Failures by cause, the most frequent first."""
    names = name_trials(run.trials)
    found: dict[tuple[str, Cause], list[TrialRecord]] = {}
    for record in run.trials:
        for cause in causes_of(record):
            # Ids of checks and criteria are a task's own: the same id in another task is another cause.
            task = record.spec.task if cause.kind in {"check", "criterion"} else ""
            found.setdefault((task, cause), []).append(record)
    groups = sorted(found.items(), key=lambda item: -len(item[1]))
    return Table(
        title="Why not ok, by cause",
        columns=(
            Column(title="says"),
            Column(title="task"),
            Column(title="cause"),
            Column(title="trials", unit=Unit.COUNT),
            Column(title="for example"),
            Column(title="there"),
        ),
        rows=tuple(
            (cause.kind, task, cause.what, len(records), names.name(records[0]), _example(records[0], cause))
            for (task, cause), records in groups
        ),
        notes=("a trial stands in every row that is true of it; one row a task for checks and criteria",),
    )


def criterion_table(run: RunRecord) -> Table:
    """What the grader said, iteration by iteration, of each criterion that it ever called not or partly met."""
    states: dict[tuple[str, str, int], list[CriterionState]] = {}
    spent: dict[tuple[str, str, int], list[Decimal | None]] = {}
    for record in run.trials:
        for position, iteration in enumerate(record.iterations):
            following = record.iterations[position + 1 :][:1]
            for id_, state in iteration.criteria.items():
                key = (record.spec.task, id_, iteration.iteration)
                states.setdefault(key, []).append(state)
                if state in _GAPS:
                    spent.setdefault(key, []).extend(later.agent_usd for later in following)
    criteria = {key[:2] for key in states}
    with_gaps = {key[:2] for key, found in states.items() if any(state in _GAPS for state in found)}
    without_gaps = criteria - with_gaps
    order = {record.spec.task: position for position, record in reversed(list(enumerate(run.trials)))}
    shown = sorted((key for key in states if key[:2] in with_gaps), key=lambda key: (order[key[0]], key[1:]))
    return Table(
        title="Criteria in the grader's words",
        columns=(
            Column(title="task"),
            Column(title="criterion"),
            Column(title="#", unit=Unit.COUNT),
            *(Column(title=_words(state), unit=Unit.COUNT) for state in CriterionState),
            Column(title="next iteration's agent USD", unit=Unit.USD),
        ),
        rows=tuple(
            (*key, *(states[key].count(state) for state in CriterionState), _sum(spent.get(key, []))) for key in shown
        ),
        notes=(
            "#: the iteration; not listed: the grader's words do not name it, which does not make it met",
            "next iteration's agent USD: of trials where this was a gap; it counts for each gap, so rows do not add up",
            f"{len(without_gaps)} of {len(criteria)} criteria were never called not or partly met and are left out",
        ),
    )


def changed_file_table(run: RunRecord) -> Table:
    """Which delivered files are not the graded ones."""
    names = name_trials(run.trials)
    return Table(
        title="Files changed after grading",
        columns=(Column(title="trial"), Column(title="file"), Column(title="bytes", unit=Unit.COUNT)),
        rows=tuple(
            (names.name(record), artifact.name, artifact.size_bytes)
            for record in run.trials
            for artifact in record.artifacts
            if artifact.since_grading is SinceGrading.CHANGED
        ),
        notes=(
            "the checks saw these files as they are now, the grader saw them before; not compared with its verdict",
        ),
    )


def _causes(record: TrialRecord) -> Iterator[Cause]:
    if not record.end.is_measured:
        failure = record.failure
        what = record.end.value.replace("_", " ")
        yield Cause(kind="boundary", what=f"{failure.boundary.value}: {failure.cause}" if failure else what)
        return
    for status in (Status.FAILED, Status.ERRORED):
        for check in required_checks(record, status):
            yield Cause(kind="check", what=f"{check.id} {status.value}")
    if record.end in {End.REFUSED, End.LIMIT}:
        yield Cause(kind="end", what=record.end.value)
    elif record.verdict is Verdict.FAILED:
        yield Cause(kind="end", what="misfit of rubric and task")
    elif record.satisfied is not True:
        gaps = [id_ for id_, state in _last_states(record) if state in _GAPS]
        for id_ in gaps:
            yield Cause(kind="criterion", what=f"{id_} not or partly met")
        if not gaps:
            yield Cause(kind="criterion", what="not satisfied, no criterion named")


def _last_states(record: TrialRecord) -> list[tuple[str, CriterionState]]:
    return list(record.iterations[-1].criteria.items()) if record.iterations else []


def _example(record: TrialRecord, cause: Cause) -> str:
    if cause.kind == "boundary":
        return failure_text(record)
    for check in record.checks:
        if cause.kind == "check" and cause.what == f"{check.id} {check.status.value}":
            return ", ".join(
                part
                for part in (
                    f"found {check.found}" if check.found is not None else "",
                    f"wanted {check.wanted}" if check.wanted is not None else "",
                    f"in {check.at}" if check.at is not None else "",
                )
                if part
            )
    return full_reason(record)


def _sum(parts: list[Decimal | None]) -> UsdSum | str:
    """The sum; "" when no iteration followed."""
    known = [usd for usd in parts if usd is not None]
    if not parts:
        return ""
    return UsdSum(usd=sum(known, Decimal(0)), known=len(known), unknown=len(parts) - len(known))


def _words(state: CriterionState) -> str:
    return state.value.replace("_", " ")
