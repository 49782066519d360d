"""`evalkit list`, `show`: what is stored, shown again. None of them sends anything or needs a key."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import output_width, reports_option, run_argument, spelling
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.report.redact import Secrets
    from evalkit.trial.model import RunRecord, TrialRecord


@click.command("list")
@reports_option
def list_command(reports: Path | None) -> int:
    """List the runs below the run root, newest last."""
    from evalkit.report.runs import render_runs
    from evalkit.store.history import load_run
    from evalkit.store.layout import run_folders

    root = _run_root(reports)
    folders = run_folders(root)
    if not folders:
        click.echo(f"no runs in {root}; `evalkit run SUITE` makes one")
        return ExitCode.MEASURED
    click.echo(render_runs([load_run(folder) for folder in folders], width=output_width()))
    return ExitCode.MEASURED


@click.command("show")
@run_argument
@click.argument("trial", required=False)
@click.option("--json", "as_json", is_flag=True, help="The record as JSON: evalkit-trial/1.")
@click.option("--transcript", is_flag=True, help="With everything that was said and done.")
@click.option("--follow", is_flag=True, help="The transcript of a TRIAL that is running, line by line as it comes.")
@reports_option
def show_command(
    run: str, trial: str | None, as_json: bool, transcript: bool, follow: bool, reports: Path | None
) -> int:
    """Show RUN [default: last], or one TRIAL of it.

    A trial is named as the reports name it: `task`, `task#repeat`, `task/variant`, `task/variant#repeat`; or by the
    beginning of its key.
    """
    from evalkit.cli.report import stored_run
    from evalkit.report.redact import masked
    from evalkit.report.show import render_trial
    from evalkit.report.text import render_run
    from evalkit.report.trial_json import trial_to_json
    from evalkit.store.history import in_time_order, load_events
    from evalkit.trial.transcript import read_transcript

    folder, record, secrets = stored_run(run, reports)
    if follow:
        return _follow(folder, record, trial, secrets)
    if trial is None:
        if as_json:
            click.echo(json.dumps([trial_to_json(item) for item in record.trials], indent=2, ensure_ascii=False))
        else:
            click.echo(render_run(record, output_width(), spelling(folder, reports)))
        return ExitCode.MEASURED
    chosen = _find_trial(record, trial)
    if as_json:
        click.echo(json.dumps(trial_to_json(chosen), indent=2, ensure_ascii=False))
        return ExitCode.MEASURED
    lines = None
    if transcript:
        lines = masked(read_transcript(in_time_order(load_events(folder, chosen.spec.key, chosen.attempt))), secrets)
    click.echo(render_trial(chosen, width=output_width(), transcript=lines))
    return ExitCode.MEASURED


def _follow(folder: Path, record: "RunRecord", trial: str | None, secrets: "Secrets") -> int:
    """Every line of the trial's transcript is printed when it comes, until the trial has ended."""
    from evalkit.cli.live import print_as_it_comes

    if trial is None:
        raise UsageError("--follow: names no trial; `evalkit show RUN TRIAL --follow` follows one")
    print_as_it_comes(folder, _find_trial(record, trial).spec.key, secrets)
    return ExitCode.MEASURED


def _run_root(reports: Path | None) -> Path:
    from evalkit.settings import load_settings

    return load_settings(Path.cwd(), reports=reports).reports


def _find_trial(run: "RunRecord", name: str) -> "TrialRecord":
    from evalkit.report.trial_name import find_trials, name_trials

    found = find_trials(run, name)
    if len(found) == 1:
        return found[0]
    names = name_trials(run.trials)
    known = ", ".join(names.name(trial) for trial in (found or run.trials)[:12])
    if found:
        raise UsageError(f"{run.id}: {len(found)} trials are called {name!r}; name one of {known}")
    raise UsageError(f"{run.id}: no trial {name!r}; there are {known}")
