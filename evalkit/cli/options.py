"""Options and arguments that several commands share, each defined once."""

import shutil
import sys
from pathlib import Path

import click

reports_option = click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    help="The run root [default: EVALKIT_REPORTS, [tool.evalkit], or reports/ of the project].",
)
run_argument = click.argument("run", default="last")

_NARROWEST = 60
_WHEN_PIPED = 120


def output_width() -> int:
    """Columns to fill: the terminal's, or a fixed number when the output is not one, so that logs compare."""
    if not sys.stdout.isatty():
        return _WHEN_PIPED
    return max(_NARROWEST, shutil.get_terminal_size().columns)


def named_run(folder: Path, reports: Path | None) -> str:
    """What a printed command must call the run in `folder`: its path where --reports put it elsewhere, else its id."""
    return folder.name if reports is None else str(folder)
