"""What is still owed to a trial: nothing, a fresh session, or the one that an earlier process left behind. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from evalkit.store.attempts import AttemptState, Next
from evalkit.trial.model import End, Failure

TRIES = 3
"""A trial that infrastructure kept from being measured is tried twice more, each time with a fresh session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """The attempt to make next, or to go on with."""

    number: int
    """1-based."""
    failed: int
    """Tries that infrastructure has used up."""
    opened_at: datetime | None = None
    """When an earlier process opened this attempt; None for one that nobody has begun."""
    session_id: str | None = None
    """The session that waits for us. None with `opened_at`: one may have been created, and its answer lost."""

    @property
    def is_begun(self) -> bool:
        return self.opened_at is not None


def owed_after(states: Sequence[AttemptState]) -> Owed | None:
    """What the trial with these attempts is owed; None where it has ended."""
    if not states:
        return Owed(number=1, failed=0)
    last = states[-1]
    failed = sum(state.next is Next.RETRY for state in states)
    if last.next is None:
        return Owed(number=last.number, failed=failed, opened_at=last.opened_at, session_id=last.session_id)
    match last.next:
        case Next.NOTHING:
            return None
        case Next.RETRY:
            return Owed(number=last.number + 1, failed=failed) if failed < TRIES else None
        case Next.RESUME:
            return Owed(number=last.number + 1, failed=failed)
        case _:
            assert_never(last.next)


def owed_now(owed: Owed, following: Next) -> Owed | None:
    """What is tried at once after the attempt `owed`: a fresh session after a failure, as often as `TRIES` allows."""
    if following is not Next.RETRY or owed.failed + 1 >= TRIES:
        return None
    return Owed(number=owed.number + 1, failed=owed.failed + 1)


def next_after(end: End, why: Failure | None) -> Next:
    """What follows an attempt that ended so. Quality failures and limits are results and are never tried again."""
    if end is End.NOT_RUN:
        return Next.RESUME
    return Next.RETRY if why is not None and why.may_retry else Next.NOTHING
