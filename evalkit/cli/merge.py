"""`evalkit merge`: shards of a suite, run on several machines, made one run."""

from pathlib import Path

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import output_width, reports_option, spelling


@click.command("merge")
@click.argument("runs", nargs=-1, required=True)
@click.option("--into", type=click.Path(path_type=Path), help="The folder of the merged run [default: a new run].")
@reports_option
def merge_command(runs: tuple[str, ...], into: Path | None, reports: Path | None) -> int:
    """Make one run of RUNS of the same suite: each trial once, the one with a record before one without.

    The runs themselves are only read. Merging them again into the same folder changes nothing.
    """
    from datetime import UTC, datetime

    from evalkit.cli.report import stored_run
    from evalkit.report.text import render_run
    from evalkit.settings import load_settings
    from evalkit.store.history import load_head
    from evalkit.store.layout import find_run, new_run_id
    from evalkit.store.merge import merge_runs
    from evalkit.trial.metrics import summarise

    root = load_settings(Path.cwd(), reports=reports).reports
    folders = [find_run(root, name) for name in runs]
    target = into or root / new_run_id(load_head(folders[0]).spec.suite, datetime.now(UTC))
    merge_runs(folders, target)
    _, run, _ = stored_run(str(target), reports)
    click.echo(render_run(run, output_width(), spelling(target, reports)))
    return ExitCode.MEASURED if summarise(run).everything_measured else ExitCode.INCOMPLETE
