"""The trials of a run at work: several at once, within the run's money, until all is done or somebody says stop."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from evalkit.errors import EvalkitError
from evalkit.runner.owed import Owed, owed_now
from evalkit.runner.spend import Purse, cap_of
from evalkit.runner.trial import Bench, launch_attempt, run_attempt
from evalkit.suite.model import TrialPlan


class Mode(StrEnum):
    """How far this process takes each trial."""

    RUN = "run"
    """To its record."""
    LAUNCH = "launch"
    """Until its session works by itself; another process collects it."""
    COLLECT = "collect"
    """Sessions that were launched are followed to their record; none is created."""


class Stopped(StrEnum):
    """Why a run ended before all its trials did."""

    INTERRUPTED = "interrupted"
    SPENT = "spent"
    """No trial that was left fitted the run's money."""


@dataclass(slots=True)
class Control:
    """How a run is told to stop, and what it tells about itself. Used on the run's own event loop."""

    folder: Path | None = None
    """The run's folder, once there is one."""
    stopped: Stopped | None = None
    purse: Purse | None = None
    """The run's money, once work has begun."""

    def stop_launching(self) -> None:
        """Trials at work go on to their end; no other is begun."""
        self.stopped = Stopped.INTERRUPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One trial and what it is owed."""

    plan: TrialPlan
    owed: Owed


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """What the workers of a run share."""

    bench: Bench
    purse: Purse
    control: Control
    mode: Mode
    concurrency: int


async def work_off(crew: Crew, pieces: Sequence[Piece]) -> None:
    """Every piece was worked on, as far as money and control allow; those that were begun before come first.

    Raises:
        EvalkitError: the first failure of the disk. It ends the others: what cannot be kept must not be paid for.
    """
    crew.control.purse = crew.purse
    begun = [piece for piece in pieces if piece.owed.is_begun]
    for piece in begun:
        crew.purse.commit(cap_of(piece.plan))
    fresh = [] if crew.mode is Mode.COLLECT else [piece for piece in pieces if not piece.owed.is_begun]
    queue = deque([*begun, *fresh])
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(crew.concurrency, len(queue))):
                group.create_task(_work(crew, queue))
    except* EvalkitError as failures:
        raise failures.exceptions[0] from failures


async def _work(crew: Crew, queue: deque[Piece]) -> None:
    while queue and crew.control.stopped is not Stopped.INTERRUPTED:
        piece = queue.popleft()
        await _work_on(crew, piece.plan, piece.owed)


async def _work_on(crew: Crew, plan: TrialPlan, owed: Owed) -> None:
    """The trial has its record, its session works by itself, or it must wait for a resumed run."""
    is_ours = owed.is_begun
    while True:
        if not is_ours and not await crew.purse.reserve(cap_of(plan), may_wait=crew.mode is Mode.RUN):
            crew.control.stopped = crew.control.stopped or Stopped.SPENT
            return
        if crew.control.stopped is Stopped.INTERRUPTED and not is_ours:
            await crew.purse.settle(cap_of(plan), Decimal(0))  # stopped while it waited for money
            return
        attempt = launch_attempt if crew.mode is Mode.LAUNCH else run_attempt
        ended = await attempt(crew.bench, plan, owed)
        if ended is None:
            return
        await crew.purse.settle(cap_of(plan), ended.usd)
        following = owed_now(owed, ended.next)
        if following is None or crew.mode is Mode.COLLECT:
            return
        owed, is_ours = following, False
