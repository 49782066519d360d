"""How far each trial of a run has come: all that a resumed run must know before it asks anything of the API."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from evalkit.errors import StoreError
from evalkit.store.codec import decode
from evalkit.store.database import open_database, told_plainly
from evalkit.store.layout import DATABASE
from evalkit.trial.model import SessionRecord


class Next(StrEnum):
    """What the runner decided when an attempt was over."""

    NOTHING = "nothing"
    """The trial has its record, or no fresh session would bring one."""
    RETRY = "retry"
    """Infrastructure broke: one of the trial's tries is used up, and a fresh session may do."""
    RESUME = "resume"
    """Interrupted: the trial was not run, no try is used up, and `evalkit resume` runs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptState:
    """One attempt, without its events."""

    number: int
    """1-based."""
    opened_at: datetime
    session_id: str | None
    """None where no session was recorded: it was not created, or its creation's answer was lost."""
    next: Next | None
    """None while the attempt is open."""


def load_attempts(folder: Path) -> Mapping[str, tuple[AttemptState, ...]]:
    """Every trial of the run by key, in plan order, with its attempts in order; events are not read.

    Raises:
        StoreError: there is no run, or it is damaged.
    """
    with told_plainly(folder / DATABASE), closing(open_database(folder, writable=False)) as connection:
        found: dict[str, list[AttemptState]] = {
            key: [] for (key,) in connection.execute("SELECT key FROM trial ORDER BY position")
        }
        rows = connection.execute(
            "SELECT key, number, opened_at, session, closing IS NULL, next FROM attempt ORDER BY number"
        )
        for key, number, opened_at, session, is_open, word in rows:
            state = AttemptState(
                number=number,
                opened_at=datetime.fromisoformat(opened_at).astimezone(UTC),
                session_id=decode(SessionRecord, session).id if session is not None else None,
                next=None if is_open else _next(folder, word),
            )
            found[key].append(state)
    return {key: tuple(states) for key, states in found.items()}


def _next(folder: Path, word: str | None) -> Next:
    try:
        return Next(word or "")
    except ValueError as error:
        message = f"{folder / DATABASE}: an attempt was closed with {word!r}; the run was damaged"
        raise StoreError(message) from error
