"""`evalkit clean`: what runs left behind, shown first, removed when asked."""

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import reports_option
from evalkit.errors import StoreError, UsageError

if TYPE_CHECKING:
    from evalkit.claude.cleaning import Leftover
    from evalkit.runner.retention import OldLeftovers, OldRuns
    from evalkit.settings import Settings


@click.command("clean")
@click.option("--older-than", help="Such as 30d or 12h [default: retention_days of [tool.evalkit], or 30d].")
@click.option("--keep-failed", is_flag=True, help="Keep runs in which a trial was not ok, and sessions not known ok.")
@click.option(
    "--only",
    type=click.Choice(["runs", "provider"]),
    help="Only the run folders here, or only what is at the provider.",
)
@click.option("--yes", is_flag=True, help="Remove. Without it everything is only listed.")
@reports_option
def clean_command(older_than: str | None, keep_failed: bool, only: str | None, yes: bool, reports: Path | None) -> int:
    """List, and with --yes remove, old run folders here and what runs left at the provider.

    At the provider that is sessions, uploaded inputs, environments and agents (which are archived) that carry evalkit's
    own mark; nothing else is touched, and no session at work. It needs ANTHROPIC_API_KEY; without one only run folders
    are looked at.
    """
    from evalkit.runner.retention import OldLeftovers, OldRuns, old_runs
    from evalkit.settings import load_settings

    settings = load_settings(Path.cwd(), reports=reports)
    cutoff = datetime.now(UTC) - _age(older_than, settings)
    runs, there = OldRuns(remove=(), keep=()), OldLeftovers(remove=(), keep=())
    if only != "provider":
        runs = old_runs(settings.reports, cutoff, keep_failed=keep_failed)
    if only != "runs" and settings.api_key is not None:
        there = asyncio.run(_find(settings, cutoff, keep_failed=keep_failed))
    elif only == "provider":
        raise UsageError("--only provider: ANTHROPIC_API_KEY is not set; set it")
    elif only is None:
        click.echo("the provider was not looked at: ANTHROPIC_API_KEY is not set", err=True)
    _show(runs, there)
    count = len(runs.remove) + len(there.remove)
    if not yes:
        click.echo(f"{count} to remove; nothing was removed" + ("; --yes removes them" if count else ""))
        return ExitCode.MEASURED
    refused = asyncio.run(_remove(settings, there.remove)) if there.remove else {}
    for folder in runs.remove:
        _remove_folder(folder)
    for words in refused.values():
        click.echo(words, err=True)
    click.echo(f"{count - len(refused)} of {count} removed")
    return ExitCode.INCOMPLETE if refused else ExitCode.MEASURED


def _show(runs: "OldRuns", there: "OldLeftovers") -> None:
    for folder in runs.remove:
        click.echo(f"run {folder}")
    for item in there.remove:
        click.echo(f"{item.kind.value} {item.id} {item.name!r}, last changed {item.at:%Y-%m-%d}")
    for words in (*(f"run {line}" for line in runs.keep), *there.keep):
        click.echo(f"stays: {words}", err=True)


def _age(text: str | None, settings: "Settings") -> timedelta:
    if text is None:
        return timedelta(days=settings.retention_days)
    spelled = re.fullmatch(r"([0-9]{1,5})([dh])", text)
    if spelled is None:
        raise UsageError(f"--older-than: found {text!r}; days or hours, such as 30d or 12h, would do")
    number = int(spelled[1])
    return timedelta(days=number) if spelled[2] == "d" else timedelta(hours=number)


async def _find(settings: "Settings", cutoff: datetime, *, keep_failed: bool) -> "OldLeftovers":
    from evalkit.claude.cleaning import find_leftovers
    from evalkit.claude.client import hosted_target, open_client
    from evalkit.runner.retention import old_leftovers, sessions_known_ok

    async with open_client(hosted_target(settings), strict=settings.strict_responses) as client:
        found = await find_leftovers(client)
    return old_leftovers(found, cutoff, only=sessions_known_ok(settings.reports) if keep_failed else None)


async def _remove(settings: "Settings", leftovers: "Sequence[Leftover]") -> Mapping[str, str]:
    from evalkit.claude.cleaning import remove
    from evalkit.claude.client import hosted_target, open_client

    async with open_client(hosted_target(settings), strict=settings.strict_responses) as client:
        return await remove(client, leftovers)


def _remove_folder(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}; what is left of it can be removed by hand") from error
