"""`evalkit suite fixtures`: what custom tools were answered in a run, as the fixture file of a suite."""

from pathlib import Path

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import reports_option, run_argument
from evalkit.errors import UsageError


@click.command("fixtures")
@run_argument
@click.argument("trial", required=False)
@reports_option
def fixtures_command(run: str, trial: str | None, reports: Path | None) -> int:
    """Print what the custom tools of RUN [default: last], or of one TRIAL of it, were answered.

    The output is a file for `tools: {NAME: {fixtures: FILE}}`. Of equal calls the first answer is kept; requests that
    nobody had an answer for are left out.
    """
    from evalkit.report.trial_name import find_trials
    from evalkit.settings import load_settings
    from evalkit.store.history import in_time_order, load_events, load_run
    from evalkit.store.layout import find_run
    from evalkit.suite.fixtures import recorded_answers, render_fixtures
    from evalkit.trial.wire import parse_event

    folder = find_run(load_settings(Path.cwd(), reports=reports).reports, run)
    record = load_run(folder)
    trials = find_trials(record, trial) if trial is not None else record.trials
    events = (
        parse_event(raw)
        for found in trials
        for raw in in_time_order(load_events(folder, found.spec.key, found.attempt))
    )
    answers = recorded_answers(events)
    if not answers:
        where = f"{record.id}, trial {trial!r}" if trial is not None else record.id
        raise UsageError(f"{where}: no custom tool was answered; name a run in which one was")
    click.echo(render_fixtures(answers), nl=False)
    return ExitCode.MEASURED
