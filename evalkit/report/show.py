"""One trial in full, as text: what `evalkit show RUN TRIAL` prints."""

from collections.abc import Sequence
from datetime import UTC

from evalkit.checks.result import CheckResult, Status
from evalkit.report.plain import plain, wrap
from evalkit.report.reason import failure_text, full_reason
from evalkit.report.table import Cell, Column, Table, Unit
from evalkit.report.text_table import render_table
from evalkit.rubric.contract import CriterionState
from evalkit.trial.metrics import billed_minus_computed
from evalkit.trial.model import IterationRecord, ThreadRecord, TrialRecord
from evalkit.trial.transcript import Line

_STATUS_ORDER = (Status.FAILED, Status.ERRORED, Status.SKIPPED, Status.PASSED)

_BACKENDS = {"ingest": "recorded session, read and not run"}

_STATE_WORDS = {
    CriterionState.NOT_MET: "not met",
    CriterionState.PARTLY: "partly met",
    CriterionState.MET: "met",
    CriterionState.NOT_LISTED: "not listed",
    CriterionState.UNPARSED: "unparsed",
}


def render_trial(record: TrialRecord, *, width: int, transcript: Sequence[Line] | None) -> str:
    """`record` in sections: answers, iterations, checks, artifacts, cost, and the transcript where one is given.

    `width` is at least 60.
    """
    sections = [
        _header(record, width),
        *(_iteration_section(iteration, width) for iteration in record.iterations),
        _table_section(check_table(record.checks), width),
        _table_section(_artifact_table(record), width),
        _table_section(_cost_table(record), width),
        _table_section(_thread_table(record), width),
        _table_section(_time_table(record), width),
        _table_section(_unanswered_table(record), width),
        _transcript_section(transcript or (), width),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _header(record: TrialRecord, width: int) -> list[str]:
    spec = record.spec
    answers = (
        f"satisfied {_answer(record.satisfied)},"
        f" verified {'no required checks' if record.is_grader_only else _answer(record.verified)},"
        f" ok {_answer(record.ok)}"
    )
    lines = [
        f"backend: {_BACKENDS.get(spec.backend, spec.backend)}{' (simulated)' if spec.simulated else ''}",
        f"{spec.task}, variant {spec.variant}, repeat {spec.repeat}, attempt {record.attempt}, of run {record.run}",
        answers,
        full_reason(record),
        # An attempt may fail and still be scored; what failed is then not part of the reason.
        failure_text(record) if record.end.is_measured else "",
        f"verdict {record.verdict or 'none'}, end {record.end.value.replace('_', ' ')}",
        f"model {spec.model or 'not known'}, session {record.session.id or 'none'}, key {spec.key[:16]}",
    ]
    return [part for line in lines for part in wrap(plain(line), width)]


def _answer(answer: bool | None) -> str:  # noqa: FBT001  (a value to show, not a switch)
    return {True: "yes", False: "no", None: "not known"}[answer]


def _iteration_section(iteration: IterationRecord, width: int) -> list[str]:
    word = iteration.verdict or (repr(iteration.verdict_word) if iteration.verdict_word else "cut off")
    lines = wrap(plain(f"Iteration {iteration.iteration}: {word}"), width)
    for state, words in _STATE_WORDS.items():
        if ids := [id_ for id_, its in iteration.criteria.items() if its is state]:
            lines += _indented(f"{words}: {', '.join(ids)}", "  ", width)
    for line in (iteration.explanation or "").splitlines():
        lines += _indented(line, "  | ", width)
    return lines


def check_table(checks: Sequence[CheckResult]) -> Table:
    return Table(
        title="Checks",
        columns=tuple(Column(title=title) for title in ("status", "check", "found", "wanted", "where", "criteria")),
        rows=tuple(
            (
                check.status.value + ("" if check.required else ", not required"),
                check.id,
                check.found or "",
                check.wanted or "",
                "" if check.at is None else str(check.at),
                ", ".join(check.criterion),
            )
            for check in sorted(checks, key=lambda check: _STATUS_ORDER.index(check.status))
        ),
    )


def _artifact_table(record: TrialRecord) -> Table:
    return Table(
        title="Artifacts",
        columns=(
            Column(title="file"),
            Column(title="bytes", unit=Unit.COUNT),
            Column(title="sha256"),
            Column(title="since grading"),
        ),
        rows=tuple(
            (
                artifact.name + (" (rebuilt)" if artifact.rebuilt else ""),
                artifact.size_bytes,
                artifact.sha256[:12],
                artifact.since_grading.value,
            )
            for artifact in record.artifacts
        ),
        notes=(
            ("rebuilt: made again from the session's write and edit calls, not downloaded",)
            if any(artifact.rebuilt for artifact in record.artifacts)
            else ()
        ),
    )


def _cost_table(record: TrialRecord) -> Table:
    cost = record.cost
    price_note = (f"computed with the price table of {cost.price_table}",) if cost.price_table else ()
    return Table(
        title="Cost in USD",
        columns=(
            Column(title="billed", unit=Unit.BILLED),
            Column(title="computed", unit=Unit.USD),
            Column(title="difference", unit=Unit.DIFFERENCE),
            Column(title="agent", unit=Unit.USD),
            Column(title="grader", unit=Unit.USD),
            Column(title="runtime", unit=Unit.USD),
            Column(title="web search", unit=Unit.USD),
        ),
        rows=(
            (
                cost.billed_usd,
                cost.computed_usd,
                billed_minus_computed(cost),
                cost.agent_usd,
                cost.grader_usd,
                cost.runtime_usd,
                cost.web_search_usd,
            ),
        ),
        notes=price_note,
    )


def _thread_table(record: TrialRecord) -> Table:
    return Table(
        title="Threads of other agents, their cost in USD a part of the agent's",
        columns=(
            Column(title="agent"),
            Column(title="model"),
            Column(title="requests", unit=Unit.COUNT),
            Column(title="input", unit=Unit.COUNT),
            Column(title="output", unit=Unit.COUNT),
            Column(title="cache read", unit=Unit.COUNT),
            Column(title="cache write", unit=Unit.COUNT),
            Column(title="billed", unit=Unit.BILLED),
            Column(title="computed", unit=Unit.USD),
        ),
        rows=tuple(_thread_row(thread) for thread in record.threads),
        notes=("input, output, cache: tokens",),
    )


def _thread_row(thread: ThreadRecord) -> tuple[Cell, ...]:
    spent = thread.tokens
    tokens = (None,) * 4 if spent is None else (spent.input, spent.output, spent.cache_read, spent.cache_write)
    return (thread.agent, thread.model, thread.requests, *tokens, thread.billed_usd, thread.usd)


def _time_table(record: TrialRecord) -> Table:
    time = record.time_s
    return Table(
        title="Time",
        columns=tuple(
            Column(title=title, unit=Unit.SECONDS) for title in ("working", "grading", "waiting on us", "total")
        ),
        rows=((time.working, time.grading, time.waiting_on_us, time.total),),
    )


def _unanswered_table(record: TrialRecord) -> Table:
    return Table(
        title="Requests of the agent without an answer in the suite",
        columns=(Column(title="tool"), Column(title="answered instead")),
        rows=tuple((request.tool, request.answer) for request in record.unanswered),
    )


def _table_section(table: Table, width: int) -> list[str]:
    return render_table(table, width) if table.rows else []


def _transcript_section(transcript: Sequence[Line], width: int) -> list[str]:
    lines = ["Transcript"] if transcript else []
    for line in transcript:
        at = "" if line.at is None else f"{line.at.astimezone(UTC):%H:%M:%S} "
        lines += wrap(plain(f"{at}{line.who}"), width)
        for text in line.text.splitlines():
            lines += _indented(text, "  | ", width)
    return lines


def _indented(text: str, prefix: str, width: int) -> list[str]:
    """The lines of `text` behind `prefix`, its own indentation kept up to eight columns."""
    shown = plain(text)
    indent = prefix + " " * min(8, len(text) - len(text.lstrip(" ")))
    return [indent + line for line in wrap(shown, width - len(indent))]
