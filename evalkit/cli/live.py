"""How a run looks while it runs: one row a running trial on a terminal, one plain line an attempt anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.report.plain import plain
from evalkit.report.redact import Secrets, masked_text, secrets_of
from evalkit.suite.model import TrialPlan
from evalkit.trial.cost import session_cost
from evalkit.trial.fold import Progress
from evalkit.trial.model import End, Failure
from evalkit.trial.transcript import read_transcript

if TYPE_CHECKING:
    from rich.console import Console, Group

    from evalkit.runner.observer import Observer
    from evalkit.runner.spend import Purse
    from evalkit.runner.work import Control
    from evalkit.settings import Settings


@contextmanager
def watched(total: int, control: "Control", settings: "Settings") -> Iterator["Observer"]:
    """An observer of a run of `total` trials that shows it on standard error until the block ends."""
    secrets = secrets_of(settings.redact)
    if settings.is_ci or not sys.stderr.isatty():
        yield Lines(secrets)
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False)
    if console.is_dumb_terminal:
        yield Lines(secrets)
        return
    screen = Screen(total, control, secrets, console)
    with Live(console=console, get_renderable=screen.picture, refresh_per_second=4, transient=True):
        yield screen


_LOOK_EVERY_S = 0.5


def print_as_it_comes(folder: Path, key: str, secrets: Secrets) -> None:
    """The transcript of the trial has been printed, from its beginning to its end, as it came, its secrets masked."""
    from evalkit.store.following import follow_events

    for raw in follow_events(folder, key, lambda: time.sleep(_LOOK_EVERY_S)):
        for line in read_transcript([raw]):
            at = "" if line.at is None else f"{line.at:%H:%M:%S} "
            click.echo(plain(f"{at}{line.who}"))
            for text in masked_text(line.text, secrets).splitlines():
                click.echo(f"  | {plain(text)}")


class Lines:
    """One plain line for each attempt that ended: enough for a log."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def trial_moved(self, plan: TrialPlan, attempt: int, progress: Progress) -> None:
        """Nothing is printed."""

    def attempt_ended(self, plan: TrialPlan, attempt: int, progress: Progress, end: End, why: Failure | None) -> None:
        click.echo(masked_text(attempt_line(plan, attempt, progress, end, why), self._secrets), err=True)


@dataclass(slots=True)
class _Row:
    plan: TrialPlan
    attempt: int
    progress: Progress
    since: float


class Screen:
    """One row a running trial, and the totals below; the line of each attempt that ended scrolls away above."""

    def __init__(
        self,
        total: int,
        control: "Control",
        secrets: Secrets,
        console: "Console",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._control = control
        self._secrets = secrets
        self._console = console
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._ended: set[str] = set()
        self._spent = Decimal(0)

    def trial_moved(self, plan: TrialPlan, attempt: int, progress: Progress) -> None:
        row = self._rows.get(plan.spec.key)
        since = row.since if row is not None and row.attempt == attempt else self._clock()
        self._rows[plan.spec.key] = _Row(plan, attempt, progress, since)

    def attempt_ended(self, plan: TrialPlan, attempt: int, progress: Progress, end: End, why: Failure | None) -> None:
        self._rows.pop(plan.spec.key, None)
        self._ended.add(plan.spec.key)
        self._spent += session_cost(progress, plan.spec.priced_as).usd or 0
        line = masked_text(attempt_line(plan, attempt, progress, end, why), self._secrets)
        self._console.print(line, markup=False, soft_wrap=True)

    def picture(self) -> "Group":
        """What stands on the screen now. Called from the display's own thread, so it works on a copy."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        rows = list(self._rows.values())
        ended = len(self._ended)
        money = _money(self._control.purse, self._spent)
        totals = f"{ended} of {self._total} trials ended, {len(rows)} running, {money}"
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("task", "variant", "repeat", "iteration", "phase", "elapsed", "cost"):
            table.add_column(name, no_wrap=True, justify="right" if name in _NUMBERS else "left")
        for row in rows:
            table.add_row(*_cells(row, self._clock()))
        return Group(table, Text(totals, style="dim"))


_NUMBERS = {"repeat", "iteration", "elapsed", "cost"}


def _cells(row: _Row, now: float) -> tuple[str, ...]:
    plan, progress = row.plan, row.progress
    cost = session_cost(progress, plan.spec.priced_as)
    known = cost.usd if cost.usd is not None else cost.agent_usd
    again = f", attempt {row.attempt}" if row.attempt > 1 else ""
    return (
        plan.task.id,
        plan.variant.name,
        str(plan.spec.repeat),
        f"{_iteration(progress)} of {plan.task.max_iterations}",
        progress.phase.value + again,
        f"{now - row.since:.0f} s",
        # Totals are exact only when a session rests; until then only the agent's own requests are known.
        _usd(known) if known is None or cost.usd is not None else f"≥ {_usd(known)}",
    )


def _money(purse: "Purse | None", spent: Decimal) -> str:
    """What the run spent, and of how much. A cap is kept by the purse, which knows what earlier processes spent too."""
    if purse is None or purse.cap is None:
        return f"{_usd(spent)} spent by the ended"
    return f"{_usd(purse.spent)} spent and {_usd(purse.at_risk)} at risk of {_usd(purse.cap)}"


def _iteration(progress: Progress) -> int:
    """Which evaluation the session works towards, or is in, counted from 1 as a person counts."""
    ended = sum(cycle.is_ended for cycle in progress.cycles)
    return ended if progress.terminal is not None else ended + 1


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"${amount:.2f}"


def attempt_line(plan: TrialPlan, attempt: int, progress: Progress, end: End, why: Failure | None) -> str:
    """How an attempt ended, in one line."""
    verdict = progress.terminal.word if progress.terminal is not None else end.value
    name = f"{plan.task.id} {plan.variant.name} #{plan.spec.repeat}"
    again = f", attempt {attempt}" if attempt > 1 else ""
    count = len(progress.cycles)
    reason = f": {why.message}" if why is not None else ""
    return plain(f"{name}{again}: {verdict} after {count} evaluation{'' if count == 1 else 's'}{reason}")
