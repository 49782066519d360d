"""Everything a report counts, as flat rows: the one source of the data frames, the CSV files and the workbook's sheets.

    trials      one row a trial, in plan order: its last attempt
    attempts    one row an earlier attempt, same columns: its cost is real, its verdict does not count
    iterations  one row an evaluation of a trial
    criteria    one row a criterion at an iteration, in the grader's words
    checks      one row a check of a trial
    files       one row a delivered file of a trial

The first four columns (`trial`, `task`, `variant`, `repeat`) are the same everywhere and join the tables. A value is
None where it is not known, never 0 and never "". Money is Decimal in US dollars, time is in seconds or UTC.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from evalkit.checks.result import CheckResult
from evalkit.report.reason import full_reason
from evalkit.report.tables import verdict_sequence
from evalkit.report.trial_name import TrialNames, name_trials
from evalkit.rubric.contract import CriterionState
from evalkit.trial.metrics import agreement_of, files_since_grading, had_session, standing_of
from evalkit.trial.model import ArtifactRecord, Cost, IterationRecord, RunRecord, Tokens, TrialRecord

Value: TypeAlias = str | bool | int | float | Decimal | datetime | None


class Kind(StrEnum):
    """What the values of a column are, when they are known."""

    TEXT = "text"
    FLAG = "flag"
    COUNT = "count"
    NUMBER = "number"
    SECONDS = "seconds"
    USD = "usd"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column: its name, what its values are and what they mean."""

    name: str
    kind: Kind
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One table of facts."""

    name: str
    fields: tuple[Field, ...]
    rows: tuple[tuple[Value, ...], ...]
    """As many values a row as there are fields."""

    @property
    def headers(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)


def run_facts(run: RunRecord) -> tuple[Facts, ...]:
    """Every table of `run`, in the order of the list above."""
    return (
        trial_facts(run),
        attempt_facts(run),
        iteration_facts(run),
        criterion_facts(run),
        check_facts(run),
        file_facts(run),
    )


def trial_facts(run: RunRecord) -> Facts:
    """One row a trial, in plan order."""
    return _facts("trials", _TRIAL, run, run.trials, _whole)


def attempt_facts(run: RunRecord) -> Facts:
    """One row an attempt that was not a trial's last."""
    return _facts("attempts", _TRIAL, run, run.earlier_attempts, _whole)


def iteration_facts(run: RunRecord) -> Facts:
    """One row an evaluation, in plan order."""
    return _facts("iterations", _ITERATION, run, run.trials, lambda record: record.iterations)


def criterion_facts(run: RunRecord) -> Facts:
    """One row a criterion at an iteration, in plan order."""
    return _facts("criteria", _CRITERION, run, run.trials, _criteria)


def check_facts(run: RunRecord) -> Facts:
    """One row a check result, in plan order."""
    return _facts("checks", _CHECK, run, run.trials, lambda record: record.checks)


def file_facts(run: RunRecord) -> Facts:
    """One row a delivered file, in plan order."""
    return _facts("files", _FILE, run, run.trials, lambda record: record.artifacts)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Column(Generic[T]):
    """A field and how its value is read from one item of a trial."""

    name: str
    kind: Kind
    meaning: str
    of: Callable[[TrialRecord, T], Value]


def _facts(
    name: str,
    columns: tuple[_Column[T], ...],
    run: RunRecord,
    records: Iterable[TrialRecord],
    items: Callable[[TrialRecord], Iterable[T]],
) -> Facts:
    names = name_trials(run.trials)
    return Facts(
        name=name,
        fields=(*_WHICH, *(Field(name=column.name, kind=column.kind, meaning=column.meaning) for column in columns)),
        rows=tuple(
            (*_which(names, record), *(column.of(record, item) for column in columns))
            for record in records
            for item in items(record)
        ),
    )


_WHICH = (
    Field(name="trial", kind=Kind.TEXT, meaning="the trial's name, as reports show it"),
    Field(name="task", kind=Kind.TEXT, meaning="the task's id"),
    Field(name="variant", kind=Kind.TEXT, meaning="the variant of the agent"),
    Field(name="repeat", kind=Kind.COUNT, meaning="which repeat, from 0"),
)


def _which(names: TrialNames, record: TrialRecord) -> tuple[Value, ...]:
    spec = record.spec
    return names.name(record), spec.task, spec.variant, spec.repeat


def _whole(record: TrialRecord) -> tuple[TrialRecord]:
    return (record,)


def _criteria(record: TrialRecord) -> Iterator[tuple[IterationRecord, str, CriterionState]]:
    for iteration in record.iterations:
        for id_, state in iteration.criteria.items():
            yield iteration, id_, state


def _usd(name: str, meaning: str, part: Callable[[Cost], Decimal | None]) -> _Column[TrialRecord]:
    return _Column(name, Kind.USD, meaning, lambda record, _: part(record.cost) if had_session(record) else None)


def _tokens(name: str, meaning: str, part: Callable[[Tokens], int]) -> _Column[TrialRecord]:
    def count(record: TrialRecord, _: TrialRecord) -> Value:
        return None if record.cost.tokens is None else part(record.cost.tokens)

    return _Column(name, Kind.COUNT, meaning, count)


def seconds_between(since: datetime | None, until: datetime | None) -> float | None:
    """Seconds from `since` to `until`; None when either is not known."""
    return None if since is None or until is None else (until - since).total_seconds()


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)


_TRIAL: tuple[_Column[TrialRecord], ...] = (
    _Column("attempt", Kind.COUNT, "which attempt this is, from 1", lambda record, _: record.attempt),
    _Column(
        "standing",
        Kind.TEXT,
        "ok, not ok, check error, unmeasured or not run: every trial has one",
        lambda record, _: standing_of(record).value,
    ),
    _Column("ok", Kind.FLAG, "satisfied and every required check passed", lambda record, _: record.ok),
    _Column(
        "satisfied", Kind.FLAG, "the grader's last terminal verdict is satisfied", lambda record, _: record.satisfied
    ),
    _Column("verified", Kind.FLAG, "every required check passed on the final files", lambda record, _: record.verified),
    _Column("grader_only", Kind.FLAG, "the task has no required check", lambda record, _: record.is_grader_only),
    _Column("verdict", Kind.TEXT, "the last terminal verdict", lambda record, _: record.verdict),
    _Column(
        "verdicts", Kind.TEXT, "the verdict of every iteration, in order", lambda record, _: verdict_sequence(record)
    ),
    _Column("first_draft", Kind.FLAG, "the verdict of iteration 0 is satisfied", lambda record, _: record.first_draft),
    _Column("iterations", Kind.COUNT, "evaluations seen", lambda record, _: len(record.iterations)),
    _Column("why", Kind.TEXT, "why it is not ok, with the evidence", lambda record, _: full_reason(record) or None),
    _Column("end", Kind.TEXT, "verdict, refused, limit, not_run or unmeasured", lambda record, _: record.end.value),
    _Column(
        "boundary",
        Kind.TEXT,
        "which boundary broke, when it could not be measured",
        lambda record, _: record.failure.boundary.value if record.failure else None,
    ),
    _Column("cause", Kind.TEXT, "what broke", lambda record, _: record.failure.cause if record.failure else None),
    _Column(
        "agreement",
        Kind.TEXT,
        "grader against required checks; None when not measured",
        lambda record, _: agreement_of(record).value if record.end.is_measured else None,
    ),
    _Column(
        "files_since_grading",
        Kind.TEXT,
        "same, changed or unknown: whether the checks saw the graded files",
        lambda record, _: files_since_grading(record).value,
    ),
    _Column("files", Kind.COUNT, "files delivered", lambda record, _: len(record.artifacts)),
    _Column("model", Kind.TEXT, "the agent's model", lambda record, _: record.spec.model),
    _usd("usd", "as billed where the platform said so, else computed", lambda cost: cost.usd),
    _usd("billed_usd", "as billed, in whole cents", lambda cost: cost.billed_usd),
    _usd("computed_usd", "from tokens, running time and searches, at list price", lambda cost: cost.computed_usd),
    _usd("agent_usd", "the agent's own requests", lambda cost: cost.agent_usd),
    _usd("grader_usd", "the session's tokens without the agent's", lambda cost: cost.grader_usd),
    _usd("runtime_usd", "running time", lambda cost: cost.runtime_usd),
    _usd("web_search_usd", "web searches", lambda cost: cost.web_search_usd),
    _tokens("input_tokens", "uncached input of the session, grader included", lambda tokens: tokens.input),
    _tokens("output_tokens", "output of the session, grader included", lambda tokens: tokens.output),
    _tokens("cache_read_tokens", "cached input read, grader included", lambda tokens: tokens.cache_read),
    _tokens("cache_write_tokens", "input written to the cache, grader included", lambda tokens: tokens.cache_write),
    _Column("working_s", Kind.SECONDS, "the agent at work", lambda record, _: record.time_s.working),
    _Column("grading_s", Kind.SECONDS, "the grader at work", lambda record, _: record.time_s.grading),
    _Column("waiting_s", Kind.SECONDS, "idle, waiting on us", lambda record, _: record.time_s.waiting_on_us),
    _Column("total_s", Kind.SECONDS, "from its first event to its last", lambda record, _: record.time_s.total),
    _Column("started_at", Kind.TIME, "when it began, UTC", lambda record, _: _utc(record.started_at)),
    _Column("ended_at", Kind.TIME, "when it ended, UTC", lambda record, _: _utc(record.ended_at)),
    _Column("session", Kind.TEXT, "the session's id at the provider", lambda record, _: record.session.id),
    _Column("key", Kind.TEXT, "the trial's content-derived key", lambda record, _: record.spec.key),
)


def _ids_in(state: CriterionState) -> Callable[[TrialRecord, IterationRecord], Value]:
    return lambda _, item: ", ".join(id_ for id_, its in item.criteria.items() if its is state) or None


_ITERATION: tuple[_Column[IterationRecord], ...] = (
    _Column("iteration", Kind.COUNT, "which evaluation, from 0", lambda _, item: item.iteration),
    _Column("verdict", Kind.TEXT, "the grader's word, as it came", lambda _, item: item.verdict_word or None),
    _Column("not_met", Kind.TEXT, "criteria called not met", _ids_in(CriterionState.NOT_MET)),
    _Column("partly", Kind.TEXT, "criteria called partly met", _ids_in(CriterionState.PARTLY)),
    _Column("agent_usd", Kind.USD, "the agent's requests before this verdict", lambda _, item: item.agent_usd),
    _Column("input_tokens", Kind.COUNT, "the agent's uncached input before it", lambda _, item: item.tokens.input),
    _Column("output_tokens", Kind.COUNT, "the agent's output before it", lambda _, item: item.tokens.output),
    _Column("cache_read_tokens", Kind.COUNT, "cached input the agent read", lambda _, item: item.tokens.cache_read),
    _Column("cache_write_tokens", Kind.COUNT, "input written to the cache", lambda _, item: item.tokens.cache_write),
    _Column(
        "working_s",
        Kind.SECONDS,
        "from the begin of the work to the begin of grading",
        lambda _, item: seconds_between(item.started_at, item.graded_at),
    ),
    _Column(
        "grading_s",
        Kind.SECONDS,
        "from the begin of grading to the verdict",
        lambda _, item: seconds_between(item.graded_at, item.ended_at),
    ),
    _Column("ended_at", Kind.TIME, "when the verdict came, UTC", lambda _, item: _utc(item.ended_at)),
    _Column("explanation", Kind.TEXT, "the grader's explanation, whole", lambda _, item: item.explanation),
)

_CRITERION: tuple[_Column[tuple[IterationRecord, str, CriterionState]], ...] = (
    _Column("iteration", Kind.COUNT, "which evaluation, from 0", lambda _, item: item[0].iteration),
    _Column("criterion", Kind.TEXT, "the criterion's id in its rubric", lambda _, item: item[1]),
    _Column("state", Kind.TEXT, "met, partly, not_met, not_listed or unparsed", lambda _, item: item[2].value),
)

_CHECK: tuple[_Column[CheckResult], ...] = (
    _Column("check", Kind.TEXT, "the check's id in its task", lambda _, item: item.id),
    _Column("function", Kind.TEXT, "the registered check", lambda _, item: item.check),
    _Column("status", Kind.TEXT, "passed, failed, errored or skipped", lambda _, item: item.status.value),
    _Column("required", Kind.FLAG, "whether ok depends on it", lambda _, item: item.required),
    _Column("criteria", Kind.TEXT, "the criteria it stands for", lambda _, item: ", ".join(item.criterion) or None),
    _Column("found", Kind.TEXT, "what was there", lambda _, item: item.found),
    _Column("wanted", Kind.TEXT, "what would have passed", lambda _, item: item.wanted),
    _Column("place", Kind.TEXT, "where it was found", lambda _, item: None if item.at is None else str(item.at)),
    _Column("score", Kind.NUMBER, "a share from 0 to 1, which never decides ok", lambda _, item: item.score),
    _Column("engine", Kind.TEXT, "the outside engine it rests on", lambda _, item: item.engine),
)

_FILE: tuple[_Column[ArtifactRecord], ...] = (
    _Column("file", Kind.TEXT, "the file's name", lambda _, item: item.name),
    _Column("size_bytes", Kind.COUNT, "its size", lambda _, item: item.size_bytes),
    _Column("media_type", Kind.TEXT, "as the platform states it", lambda _, item: item.media_type),
    _Column("sha256", Kind.TEXT, "of its content, hex", lambda _, item: item.sha256),
    _Column(
        "since_grading", Kind.TEXT, "same, changed or unknown since grading", lambda _, item: item.since_grading.value
    ),
    _Column("rebuilt", Kind.FLAG, "made again from recorded events, not downloaded", lambda _, item: item.rebuilt),
)
