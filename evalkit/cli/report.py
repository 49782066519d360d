"""`evalkit report`: a run in every format. It sends nothing and needs no key."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import output_width, reports_option, run_argument, spelling
from evalkit.errors import StoreError, UsageError

if TYPE_CHECKING:
    from evalkit.report.redact import Secrets
    from evalkit.trial.model import RunRecord

_FORMATS = ("text", "markdown", "csv", "json", "junit", "xlsx", "html")
_FILES = {"xlsx": "report.xlsx", "html": "report.html"}
"""Formats that are files and no text for a terminal, with the name each gets in the run's folder."""
_TABLES = ("trials", "attempts", "iterations", "criteria", "checks", "files")

output_option = click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file [default: standard output; xlsx and html: report.xlsx, report.html in the run's folder].",
)


@click.command("report")
@run_argument
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("--table", type=click.Choice(_TABLES), help="Which table to write as csv [default: trials].")
@output_option
@reports_option
def report_command(run: str, form: str, table: str | None, output: Path | None, reports: Path | None) -> int:
    """Show RUN [default: last] whole: verdicts, iterations, cost, causes, grader against checks.

    text and markdown hold every table; json holds every figure and trial; csv holds one table, the trials or
    the one named; junit is for CI; xlsx is a workbook with formulas; html is one page with filters and the files.
    """
    if table is not None and form != "csv":
        raise UsageError(f"--table {table}: found --format {form}; --format csv would do")
    folder, record, secrets = stored_run(run, reports)
    if form in _FILES:
        target = output or folder / _FILES[form]
        write_file(target, _page(folder, record, secrets) if form == "html" else _workbook(folder, record, target))
        click.echo(target)
        return ExitCode.MEASURED
    text = _text(form, record, table or "trials", folder, reports)
    if output is None:
        click.echo(text)
    else:
        write_file(output, f"{text}\n".encode())
        click.echo(output)
    return ExitCode.MEASURED


def stored_run(name: str, reports: Path | None) -> "tuple[Path, RunRecord, Secrets]":
    """The folder of the run called `name`, its record with secrets masked, and what is masked here."""
    from evalkit.report.redact import masked_run, secrets_of
    from evalkit.settings import load_settings
    from evalkit.store.history import load_run
    from evalkit.store.layout import find_run

    settings = load_settings(Path.cwd(), reports=reports)
    folder = find_run(settings.reports, name)
    secrets = secrets_of(settings.redact)
    return folder, masked_run(load_run(folder), secrets), secrets


def write_file(path: Path, content: bytes) -> None:
    """`content` is in `path` when this returns.

    Raises:
        StoreError: it could not be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StoreError(f"{path}: not written ({error.strerror}); name another file with --output") from error


def _text(form: str, record: "RunRecord", table: str, folder: Path, reports: Path | None) -> str:
    """The run in a format that is text, without a line break at the end."""
    match form:
        case "markdown":
            from evalkit.report.markdown import render_markdown

            return render_markdown(record)
        case "csv":
            from evalkit.report.csv_text import render_facts
            from evalkit.report.facts import run_facts

            return render_facts(next(facts for facts in run_facts(record) if facts.name == table)).rstrip("\r\n")
        case "json":
            from evalkit.report.run_json import run_to_json

            return json.dumps(run_to_json(record), indent=2, ensure_ascii=False)
        case "junit":
            from evalkit.report.junit import render_junit

            return render_junit(record)
        case _:
            from evalkit.report.text import render_report

            return render_report(record, output_width(), spelling(folder, reports))


def _workbook(folder: Path, record: "RunRecord", target: Path) -> bytes:
    from evalkit.report.workbook import render_workbook
    from evalkit.store.blobs import blob_path

    return render_workbook(record, lambda sha256: _relative(blob_path(folder, sha256), target))


def _page(folder: Path, record: "RunRecord", secrets: "Secrets") -> bytes:
    from evalkit.report.html_page import render_page
    from evalkit.report.preview import read_previews
    from evalkit.store.blobs import blob_path

    previews = read_previews(record, lambda sha256: blob_path(folder, sha256).read_bytes(), secrets)
    return render_page((record,), previews).encode()


def _relative(path: Path, target: Path) -> str:
    """`path` as seen from the folder of `target`, so that a run folder can be moved whole."""
    import os.path

    return Path(os.path.relpath(path.resolve(), target.resolve().parent)).as_posix()
