"""`evalkit rescore`: today's checks on what a run delivered. Nothing is sent and nothing is spent."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import output_width, reports_option, run_argument
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.checks.result import CheckResult


@click.command("rescore")
@run_argument
@click.option(
    "--suite", "suite_path", required=True, type=click.Path(path_type=Path), help="The suite with the checks."
)
@reports_option
def rescore_command(run: str, suite_path: Path, reports: Path | None) -> int:
    """Run the checks that SUITE has today on the stored files of RUN [default: last], and print what changed.

    The run's own results stay; the new ones are written beside them. Ends with 3 when a required check is undecided.
    """
    from evalkit.checks.result import Status
    from evalkit.report.redact import masked, secrets_of
    from evalkit.report.table import Column, Table
    from evalkit.report.text_table import render_table
    from evalkit.report.trial_name import name_trials
    from evalkit.runner.rescore import keep_rescored, rescore
    from evalkit.settings import load_settings
    from evalkit.store.history import load_run
    from evalkit.store.layout import find_run
    from evalkit.suite.load import load_suite

    settings = load_settings(Path.cwd(), reports=reports)
    folder = find_run(settings.reports, run)
    record = load_run(folder)
    tasks = {task.id: task for task in load_suite(suite_path).tasks}
    rescored = rescore(record, folder, tasks)
    if not rescored:
        raise UsageError(f"{folder.name}: no checked trial of a task in {suite_path}; name the suite that was run")
    names = name_trials(record.trials)
    rows = [
        (names.name(item.trial), _id(new) or _id(old), _words(old), _words(new))
        for item in rescored
        for old, new in item.changes
    ]
    if rows:
        columns = tuple(Column(title=title) for title in ("trial", "check", "then", "now"))
        table = Table(title="What changed", columns=columns, rows=masked(tuple(rows), secrets_of(settings.redact)))
        click.echo("\n".join(render_table(table, output_width())))
    kept = keep_rescored(folder, rescored, datetime.now(UTC))
    changed = sum(bool(item.changes) for item in rescored)
    click.echo(f"{changed} of {len(rescored)} trials changed; {len(record.trials) - len(rescored)} left out; {kept}")
    undecided = any(c.required and c.status is Status.ERRORED for item in rescored for c in item.checks)
    return ExitCode.INCOMPLETE if undecided else ExitCode.MEASURED


def _id(result: "CheckResult | None") -> str:
    return "" if result is None else result.id


def _words(result: "CheckResult | None") -> str:
    if result is None:
        return "no such check"
    return f"{result.status.value}: {result.found}" if result.found else result.status.value
