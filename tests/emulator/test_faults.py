from hypothesis import given
from hypothesis import strategies as st

from evalkit.emulator.fault_door import Bucket
from evalkit.emulator.faults import (
    DropStream,
    FaultCounts,
    MissingFields,
    OutputsListedAfter,
    StatusFault,
    without_missing,
)

TWICE = StatusFault(status=500, on="list_files", times=2, retry_after_s=None)
DROP = DropStream(after_event=3, partial_frame=False, reset=False)


def test_a_fault_happens_as_often_as_it_says_to_each_session() -> None:
    counts = FaultCounts()

    assert [counts.take((TWICE,), "a") for _ in range(3)] == [TWICE, TWICE, None]
    assert counts.take((TWICE,), "b") == TWICE


def test_the_same_fault_twice_in_a_scenario_happens_twice_as_often() -> None:
    counts = FaultCounts()

    assert [counts.take((DROP, DROP), "a") for _ in range(3)] == [DROP, DROP, None]


def test_only_listings_after_the_end_count_as_late() -> None:
    counts, faults = FaultCounts(), (OutputsListedAfter(listings=1),)

    hidden = [counts.hides_outputs(faults, "a", is_running=is_running) for is_running in (True, True, False, False)]

    assert hidden == [True, True, True, False]


def test_a_session_without_the_fault_is_listed_at_once() -> None:
    assert not FaultCounts().hides_outputs((), "a", is_running=False)


def test_fields_are_missing_from_events_of_the_one_type_alone() -> None:
    faults = (MissingFields(type="session.usage", fields=("usage",)),)

    assert without_missing({"type": "session.usage", "id": "1", "usage": {}}, faults) == {
        "type": "session.usage",
        "id": "1",
    }
    assert without_missing({"type": "agent.message", "usage": {}}, faults) == {"type": "agent.message", "usage": {}}


@given(per_minute=st.integers(1, 1000), gaps=st.lists(st.floats(0, 30), max_size=80))
def test_no_minute_has_more_requests_than_a_full_bucket_and_what_it_gains(per_minute: int, gaps: list[float]) -> None:
    now = 0.0
    bucket = Bucket(per_minute, lambda: now)
    served = 0
    for gap in gaps:
        now += gap
        served += bucket.wait_s() == 0

    assert served <= per_minute * (1 + now / 60) + 1e-6


@given(per_minute=st.integers(1, 1000), taken=st.integers(1, 50))
def test_whoever_waits_as_long_as_told_is_served(per_minute: int, taken: int) -> None:
    now = 0.0
    bucket = Bucket(per_minute, lambda: now)
    for _ in range(taken):
        wait_s = bucket.wait_s()
        now += wait_s * (1 + 1e-9)
        assert wait_s == 0 or bucket.wait_s() == 0
