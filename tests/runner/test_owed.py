"""What a resumed run owes each trial."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import Boundary
from evalkit.runner.owed import TRIES, Owed, next_after, owed_after, owed_now
from evalkit.store.attempts import AttemptState, Next
from evalkit.trial.model import End, Failure

AT = datetime(2026, 11, 22, tzinfo=UTC)


def attempts(*ends: Next | None, session_id: str | None = "sesn_1") -> list[AttemptState]:
    return [
        AttemptState(number=number, opened_at=AT, session_id=session_id, next=end)
        for number, end in enumerate(ends, start=1)
    ]


def failure(*, may_retry: bool) -> Failure:
    return Failure(cause="x", boundary=Boundary.PLATFORM, message="x", may_retry=may_retry)


def test_a_trial_nobody_began_is_owed_its_first_attempt() -> None:
    assert owed_after([]) == Owed(number=1, failed=0)


def test_an_open_attempt_is_gone_on_with_in_its_own_session() -> None:
    assert owed_after(attempts(Next.RETRY, None)) == Owed(number=2, failed=1, opened_at=AT, session_id="sesn_1")


def test_an_open_attempt_without_a_session_is_not_taken_for_a_new_one() -> None:
    owed = owed_after(attempts(None, session_id=None))

    assert owed is not None
    assert (owed.number, owed.is_begun, owed.session_id) == (1, True, None)


@given(st.lists(st.sampled_from([Next.RETRY, Next.RESUME]), max_size=8))
def test_nothing_is_owed_after_a_record_whatever_came_before_it(before: list[Next]) -> None:
    assert owed_after(attempts(*before, Next.NOTHING)) is None


@given(st.lists(st.sampled_from([Next.RETRY, Next.RESUME]), min_size=1, max_size=8))
def test_an_interruption_uses_up_no_try_and_a_failure_does(before: list[Next]) -> None:
    owed = owed_after(attempts(*before))
    failed = before.count(Next.RETRY)

    if before[-1] is Next.RETRY and failed >= TRIES:
        assert owed is None
    else:
        assert owed == Owed(number=len(before) + 1, failed=failed)


def test_a_failing_trial_gets_three_sessions_in_one_run() -> None:
    owed: Owed | None = Owed(number=1, failed=0)
    sessions = 0
    while owed is not None:
        sessions += 1
        owed = owed_now(owed, Next.RETRY)

    assert sessions == TRIES == 3


@pytest.mark.parametrize(
    ("end", "why", "following"),
    [
        (End.VERDICT, None, Next.NOTHING),
        (End.LIMIT, None, Next.NOTHING),
        (End.REFUSED, None, Next.NOTHING),
        (End.NOT_RUN, None, Next.RESUME),
        (End.UNMEASURED, failure(may_retry=True), Next.RETRY),
        (End.UNMEASURED, failure(may_retry=False), Next.NOTHING),
    ],
)
def test_only_infrastructure_is_tried_again(end: End, why: Failure | None, following: Next) -> None:
    assert next_after(end, why) is following
    assert (owed_now(Owed(number=1, failed=0), following) is None) is (following is not Next.RETRY)
