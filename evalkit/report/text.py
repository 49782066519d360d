"""A run as text, for a terminal or a log: which backend, the verdict, tables, counts, and what to type next.

Readable without colour, never wider than asked, the same bytes for the same records. No text ends in a line break.
"""

import shlex
from dataclasses import dataclass

from evalkit.report.headline import counts_lines, headline
from evalkit.report.plain import columns, fitting, plain, wrap
from evalkit.report.reason import full_reason
from evalkit.report.table import ROWS_TO_READ, Table
from evalkit.report.tables import failing_first, report_tables, verdict_table
from evalkit.report.text_table import render_table
from evalkit.report.trial_name import name_trials
from evalkit.trial.metrics import RunSummary, summarise
from evalkit.trial.model import RunRecord

ROWS_AFTER_A_RUN = 40
"""Rows of the table after a run; failing trials come first, so what is left out is mostly ok."""

REASONS_AFTER_A_RUN = 8
"""Trials whose reason and command are printed below that table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How the printed commands are typed on this machine."""

    program: str
    """`evalkit` where the shell finds it, else the path it was called by."""
    run: str
    """The run's id, or its folder where it lies outside the default run root."""


def render_run(run: RunRecord, width: int, spelling: Spelling | None = None) -> str:
    """What `evalkit run` ends with: one table, why trials are not ok, counts, and the commands to look closer.

    `width` is at least 60. Without a `spelling` commands are `evalkit … <run id>`.
    """
    typed = spelling or Spelling(program="evalkit", run=run.id)
    summary = summarise(run)
    return _join(
        _head(run, summary, width),
        _shortened(verdict_table(run), width),
        _render_reasons(run, width, typed),
        _wrap_all(counts_lines(summary), width),
        _next_commands(typed, width),
    )


def render_report(run: RunRecord, width: int, spelling: Spelling | None = None) -> str:
    """What `evalkit report RUN` prints: every table, then the counts. Parameters as in `render_run`."""
    summary = summarise(run)
    return _join(
        _head(run, summary, width),
        *(render_table(table.first(ROWS_TO_READ), width) for table in report_tables(run, summary)),
        _wrap_all(counts_lines(summary), width),
        _next_commands(spelling or Spelling(program="evalkit", run=run.id), width),
    )


def command_lines(arguments: tuple[str, ...], width: int) -> list[str]:
    """A shell command that can be copied as it stands: four columns in, broken with backslashes where it is too long.

    A continued argument is not indented: the shell joins it to what stands before the backslash.
    """
    indent = " " * 4
    lines = []
    rest = indent + " ".join(shlex.quote(plain(argument)) for argument in arguments)
    while columns(rest) > width:
        head = fitting(rest, width - 1)
        at = head.rfind(" ", len(indent)) + 1
        lines.append((head[:at] or head) + "\\")
        rest = indent + rest[at:] if at else rest[len(head) :]
    return [*lines, rest]


def _head(run: RunRecord, summary: RunSummary, width: int) -> list[str]:
    return _wrap_all((f"backend: {run.backend_label}", headline(run, summary)), width)


def _shortened(table: Table, width: int) -> list[str]:
    left_out = len(table.rows) - ROWS_AFTER_A_RUN
    if left_out <= 0:
        return render_table(table, width) if table.rows else []
    shown = Table(
        title=table.title,
        columns=table.columns,
        rows=table.rows[:ROWS_AFTER_A_RUN],
        notes=(f"{ROWS_AFTER_A_RUN} of {len(table.rows)} trials shown, failing first", *table.notes),
    )
    return render_table(shown, width)


def _render_reasons(run: RunRecord, width: int, typed: Spelling) -> list[str]:
    names = name_trials(run.trials)
    reasons = [(names.name(record), reason) for record in failing_first(run.trials) if (reason := full_reason(record))]
    lines = ["Why not ok"] if reasons else []
    for name, reason in reasons[:REASONS_AFTER_A_RUN]:
        lines += [f"  {line}" for line in wrap(plain(f"{name}: {reason}"), width - 2)]
        lines += command_lines((typed.program, "show", typed.run, name), width)
    if len(reasons) > REASONS_AFTER_A_RUN:
        lines.append(f"  and {len(reasons) - REASONS_AFTER_A_RUN} more")
    return lines


def _next_commands(typed: Spelling, width: int) -> list[str]:
    return [
        "All tables, and the same as a page:",
        *command_lines((typed.program, "report", typed.run), width),
        *command_lines((typed.program, "report", typed.run, "--format", "html"), width),
    ]


def _wrap_all(lines: tuple[str, ...], width: int) -> list[str]:
    return [part for line in lines for part in wrap(plain(line), width)]


def _join(*blocks: list[str]) -> str:
    return "\n\n".join("\n".join(block) for block in blocks if block)
