"""A run at work in the foreground: what it shows, how it is interrupted, and what is said when it is over."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import output_width, spelling

if TYPE_CHECKING:
    from evalkit.runner.observer import Observer
    from evalkit.runner.work import Control
    from evalkit.settings import Settings

_FIRST = (
    "interrupted: no further trial is begun, those at work go on to their end; interrupt again and they are"
    " interrupted at the platform and archived"
)
_SECOND = "interrupted again: sessions at work are interrupted at the platform and archived; a few seconds"


def drive(
    start: "Callable[[Observer, Control], Coroutine[None, None, object]]", trials: int, settings: "Settings"
) -> "Control":
    """What became of the run that `start` makes, which has ended or was stopped by Ctrl-C or SIGTERM.

    The first Ctrl-C lets trials at work go on to their end, the second interrupts them at the platform, a third leaves
    at once. SIGTERM counts as the second.
    """
    from evalkit.cli.live import watched
    from evalkit.runner.work import Control

    control = Control()
    with watched(trials, control, settings) as observer:
        asyncio.run(_drive(start(observer, control), control))
    return control


async def _drive(work: "Coroutine[None, None, object]", control: "Control") -> None:
    from evalkit.runner.work import Stopped

    loop = asyncio.get_running_loop()
    task = loop.create_task(work)

    def leave() -> None:
        click.echo(_SECOND, err=True)
        control.stop_launching()
        task.cancel()
        loop.remove_signal_handler(signal.SIGINT)

    def stop() -> None:
        if control.stopped is Stopped.INTERRUPTED:
            leave()
        else:
            click.echo(_FIRST, err=True)
            control.stop_launching()

    loop.add_signal_handler(signal.SIGINT, stop)
    loop.add_signal_handler(signal.SIGTERM, leave)
    try:
        await task
    except asyncio.CancelledError:
        if control.stopped is not Stopped.INTERRUPTED:
            raise


def conclude(control: "Control", reports: Path | None, settings: "Settings", *, detached: bool = False) -> int:
    """The run's table was printed, and how it goes on if it has not ended; the exit code that says which."""
    from evalkit.report.redact import masked_run, secrets_of
    from evalkit.report.text import render_run
    from evalkit.runner.work import Stopped
    from evalkit.store.history import load_run
    from evalkit.trial.metrics import summarise
    from evalkit.trial.model import End

    if control.folder is None:
        click.echo("interrupted before anything was begun", err=True)
        return ExitCode.INTERRUPTED
    run = masked_run(load_run(control.folder), secrets_of(settings.redact))
    words = spelling(control.folder, reports)
    if detached and control.stopped is None:
        working = [trial for trial in run.trials if trial.session.id is not None and trial.end is End.NOT_RUN]
        click.echo(f"{len(working)} of {len(run.trials)} sessions work by themselves; gather what they bring with")
        click.echo(f"  {words.program} collect {words.run}")
        return ExitCode.MEASURED if len(working) == len(run.trials) else ExitCode.INCOMPLETE
    click.echo(render_run(run, output_width(), words))
    again = f"`{words.program} resume {words.run}`"
    if control.stopped is Stopped.INTERRUPTED:
        click.echo(f"interrupted; {again} goes on where it stopped", err=True)
        return ExitCode.INTERRUPTED
    if control.stopped is Stopped.SPENT:
        click.echo(f"the run's money is spent; {again} --budget-usd MORE goes on where it stopped", err=True)
        return ExitCode.SPENT
    return ExitCode.MEASURED if summarise(run).everything_measured else ExitCode.INCOMPLETE
