"""`evalkit compare`: two runs, or two variants, side by side. It sends nothing and decides nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import output_width, reports_option
from evalkit.cli.report import output_option, stored_run, write_file
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.report.comparison import Pair
    from evalkit.report.redact import Secrets

_FORMATS = ("text", "markdown", "csv", "json", "html")


@click.command("compare")
@click.argument("before")
@click.argument("after", default="last")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
@output_option
@reports_option
def compare_command(before: str, after: str, form: str, output: Path | None, reports: Path | None) -> int:
    """Compare the run BEFORE with the run AFTER [default: last], task by task.

    RUN:VARIANT means one variant of a run, so `last:base last:v2` compares two variants.
    """
    from evalkit.report.comparison import Pair, only_variant

    folders, sides = [], []
    secrets: Secrets = ()
    for name in (before, after):
        run, _, variant = name.partition(":")
        folder, record, secrets = stored_run(run, reports)
        folders.append(folder)
        sides.append(only_variant(record, variant or None))
    pair = Pair(before=sides[0], after=sides[1])
    if form == "html" and output is None:
        raise UsageError("--format html: names no file; --output FILE would do")
    text = _page(pair, folders, secrets) if form == "html" else _text(form, pair)
    if output is None:
        click.echo(text)
    else:
        write_file(output, f"{text}\n".encode())
        click.echo(output)
    return ExitCode.MEASURED


def _text(form: str, pair: "Pair") -> str:
    from evalkit.report.comparison import comparison_tables
    from evalkit.report.comparison_text import render_comparison, render_comparison_markdown

    tables = comparison_tables(pair)
    match form:
        case "markdown":
            return render_comparison_markdown(pair, tables)
        case "csv":
            from evalkit.report.csv_text import render_tables

            return render_tables(tables).rstrip("\r\n")
        case "json":
            from evalkit.report.run_json import comparison_to_json

            return json.dumps(comparison_to_json(pair, tables), indent=2, ensure_ascii=False)
        case _:
            return render_comparison(pair, tables, output_width())


def _page(pair: "Pair", folders: list[Path], secrets: "Secrets") -> str:
    from evalkit.report.comparison import comparison_tables
    from evalkit.report.html_page import render_page
    from evalkit.report.preview import Preview, read_previews

    previews: dict[str, Preview] = {}
    for folder, run in zip(folders, (pair.before, pair.after), strict=True):
        previews |= read_previews(run, _reader(folder), secrets)
    return render_page((pair.before, pair.after), previews, comparison=comparison_tables(pair))


def _reader(folder: Path) -> Callable[[str], bytes]:
    from evalkit.store.blobs import blob_path

    return lambda sha256: blob_path(folder, sha256).read_bytes()
