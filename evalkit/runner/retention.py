"""What of earlier runs has become old: their folders here, and what they left at the provider."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evalkit.claude.cleaning import Kind, Leftover
from evalkit.errors import EvalkitError
from evalkit.store.history import load_head, load_run
from evalkit.store.layout import run_folders
from evalkit.store.lock import RunLock
from evalkit.trial.model import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRuns:
    """Run folders that ended before the cutoff."""

    remove: tuple[Path, ...]
    keep: tuple[str, ...]
    """Those that stay all the same, each with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldLeftovers:
    """Things at the provider that last changed before the cutoff."""

    remove: tuple[Leftover, ...]
    keep: tuple[str, ...]
    """Those that stay all the same, each with the reason."""


def old_runs(reports: Path, cutoff: datetime, *, keep_failed: bool) -> OldRuns:
    """The runs below `reports` that began and ended before `cutoff`.

    With `keep_failed` those stay in which a trial was not ok. A run that is being written stays, and so does what
    cannot be read: nobody can say what it is.
    """
    remove: list[Path] = []
    keep: list[str] = []
    for folder in run_folders(reports):
        try:
            head = load_head(folder)
            if max(head.started_at, head.ended_at or head.started_at) >= cutoff:
                continue
            RunLock(folder).release()  # refused while somebody writes the run
            failed = sum(trial.ok is not True for trial in load_run(folder).trials) if keep_failed else 0
        except EvalkitError as error:
            keep.append(f"{folder.name}: {error}")
            continue
        if failed:
            keep.append(f"{folder.name}: {failed} trials were not ok")
        else:
            remove.append(folder)
    return OldRuns(remove=tuple(remove), keep=tuple(keep))


def sessions_known_ok(reports: Path) -> frozenset[str]:
    """Ids of the sessions whose trial was ok, by the runs below `reports`."""
    return frozenset(
        trial.session.id for trial in _trials(reports) if trial.ok is True and trial.session.id is not None
    )


def old_leftovers(leftovers: Sequence[Leftover], cutoff: datetime, *, only: frozenset[str] | None) -> OldLeftovers:
    """Those that last changed before `cutoff` and that nothing needs.

    A session at work stays, and so do the agent and environment of any session that stays. `only` holds the ids of the
    sessions that may go; None lets all go.
    """
    remove: list[Leftover] = []
    keep: list[str] = []
    needed: set[str] = set()
    for item in sorted(leftovers, key=lambda item: item.kind is not Kind.SESSION):
        why = _why_it_stays(item, only, needed) if item.at < cutoff else None
        if item.at >= cutoff or why is not None:
            needed |= item.uses
        if item.at < cutoff:
            if why is None:
                remove.append(item)
            else:
                keep.append(f"{item.kind.value} {item.id}: {why}")
    return OldLeftovers(remove=tuple(remove), keep=tuple(keep))


def _why_it_stays(item: Leftover, only: frozenset[str] | None, needed: set[str]) -> str | None:
    if item.is_busy:
        return "it is at work"
    if item.kind is Kind.SESSION and only is not None and item.id not in only:
        return "no run here knows that its trial was ok"
    return "a session that stays uses it" if item.id in needed else None


def _trials(reports: Path) -> Iterable[TrialRecord]:
    for folder in run_folders(reports):
        try:
            run = load_run(folder)
        except EvalkitError:
            continue  # a damaged run knows nothing, so its sessions stay
        yield from run.trials
