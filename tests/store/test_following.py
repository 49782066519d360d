from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evalkit.store.attempts import Next
from evalkit.store.codec import RunSpec
from evalkit.store.following import follow_events
from evalkit.store.journal import Journal
from evalkit.trial.model import Hashes, TrialSpec
from evalkit.trial.record import Closing

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SPEC = TrialSpec(
    key="k" * 64,
    suite="s",
    task="t",
    variant="base",
    repeat=0,
    backend="emulator",
    simulated=True,
    model=None,
    max_iterations=1,
    hashes=Hashes(),
    description="",
    rubric_text=None,
)
Step = Callable[[], None]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    spec = RunSpec(suite="s", backend="emulator", backend_label="emulator", evalkit="0")
    with Journal.create(tmp_path / "20261122T120000Z-s-0000", spec, [SPEC], NOW) as journal:
        yield journal


def event(number: int) -> dict[str, Any]:
    return {"id": f"sevt_{number}", "type": "agent.message", "processed_at": f"2026-11-22T12:00:{number:02}Z"}


def add(journal: Journal, attempt: int, *numbers: int) -> None:
    journal.append(SPEC.key, attempt, [event(number) for number in numbers])
    journal.flush()


def follow(journal: Journal, *steps: Step) -> list[str]:
    """Ids as they are seen while `steps` happen, one each time the follower waits."""
    left = iter(steps)

    def wait() -> None:
        next(left)()

    return [str(raw["id"]) for raw in follow_events(journal.folder, SPEC.key, wait)]


def close(journal: Journal, attempt: int, then: Next) -> None:
    journal.close_attempt(SPEC.key, attempt, (), Closing(), then)


def test_events_are_seen_once_as_they_come_until_the_trial_has_ended(journal: Journal) -> None:
    journal.open_attempt(SPEC.key, 1)
    add(journal, 1, 0, 1)

    seen = follow(journal, lambda: add(journal, 1, 2), lambda: None, lambda: close(journal, 1, Next.NOTHING))

    assert seen == ["sevt_0", "sevt_1", "sevt_2"]


def test_events_that_came_just_before_the_end_are_seen(journal: Journal) -> None:
    journal.open_attempt(SPEC.key, 1)

    def last_words() -> None:
        add(journal, 1, 5)
        close(journal, 1, Next.NOTHING)

    assert follow(journal, last_words) == ["sevt_5"]


def test_a_fresh_attempt_is_followed_from_its_beginning(journal: Journal) -> None:
    journal.open_attempt(SPEC.key, 1)
    add(journal, 1, 0)

    def again() -> None:
        journal.open_attempt(SPEC.key, 2)
        add(journal, 2, 0, 1)

    seen = follow(journal, lambda: close(journal, 1, Next.RETRY), again, lambda: close(journal, 2, Next.NOTHING))

    assert seen == ["sevt_0", "sevt_0", "sevt_1"]


def test_a_trial_that_never_began_ends_with_its_run(journal: Journal) -> None:
    assert follow(journal, lambda: None, lambda: journal.close_run(NOW)) == []
