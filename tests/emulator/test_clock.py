from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.emulator.clock import SessionClock, parse_stamp, stamp

START = datetime(2026, 8, 5, 9, 14, 44, 338650, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_stamp_names_its_moment_to_the_microsecond(moment: datetime) -> None:
    assert parse_stamp(stamp(moment)) == moment


def test_a_stamp_looks_as_recorded() -> None:
    assert stamp(START) == "2026-08-05T09:14:44.338650Z"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-08-05T09:14:44", "2026-08-05", "0001-01-01T00:00:00+05:00"])
def test_what_names_no_one_moment_is_no_stamp(text: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid isoformat|has no offset|out of range"):
        parse_stamp(text)


def test_a_step_is_one_microsecond() -> None:
    clock = SessionClock(START)

    assert [clock.step(), clock.advance(0.0)] == ["2026-08-05T09:14:44.338651Z", "2026-08-05T09:14:44.338652Z"]


def test_meeting_the_wall_clock_never_turns_the_clock_back() -> None:
    clock = SessionClock(START)

    clock.meet(START - timedelta(hours=1))
    assert clock.now == START

    clock.meet(START + timedelta(hours=1))
    assert clock.now == START + timedelta(hours=1)
