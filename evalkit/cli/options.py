"""Options and arguments that several commands share, each defined once."""

import re
import shutil
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evalkit.report.text import Spelling

reports_option = click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    help="The run root [default: EVALKIT_REPORTS, [tool.evalkit], or reports/ of the project].",
)
run_argument = click.argument("run", default="last")


def _dollars(_: click.Context, __: click.Parameter, text: str | None) -> Decimal | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,2})?", text) or Decimal(text) == 0:
        raise click.BadParameter(f"{text!r} is no amount of dollars; 25 or 12.50 would do")
    return Decimal(text)


budget_option = click.option(
    "--budget-usd",
    callback=_dollars,
    metavar="USD",
    help="What the whole run may spend; every task needs a budget_usd of its own.",
)
rate_share_option = click.option(
    "--rate-share",
    type=click.FloatRange(0.01, 1.0),
    help="The part of the organisation's request limits that this run may use [default: 1].",
)

_NARROWEST = 60
_WHEN_PIPED = 120


def output_width() -> int:
    """Columns to fill: the terminal's, or a fixed number when the output is not one, so that logs compare."""
    if not sys.stdout.isatty():
        return _WHEN_PIPED
    return max(_NARROWEST, shutil.get_terminal_size().columns)


def spelling(folder: Path, reports: Path | None) -> "Spelling":
    """How the commands that a report prints are typed here, for the run in `folder`, `--reports` being given or not.

    The id will do where `evalkit show` would look for it: in the run root of the folder one stands in.
    """
    from evalkit.report.text import Spelling
    from evalkit.settings import load_settings

    program = "evalkit" if shutil.which("evalkit") else sys.argv[0]
    is_found = reports is None and load_settings(Path.cwd()).reports.resolve() == folder.parent.resolve()
    return Spelling(program=program, run=folder.name if is_found else str(folder))
