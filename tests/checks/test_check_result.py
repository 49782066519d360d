import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.result import (
    CheckResult,
    Json,
    Place,
    Status,
    UnreadableResultError,
    result_from_json,
    result_to_json,
)

TEXT = st.none() | st.text(max_size=5)
PLACE = st.builds(Place, file=st.text(max_size=5), sheet=TEXT, cell=TEXT, line=st.none() | st.integers(0, 9))
RESULT = st.builds(
    CheckResult,
    id=st.text(max_size=5),
    check=st.text(max_size=5),
    version=st.integers(1, 9),
    status=st.sampled_from(Status),
    required=st.booleans(),
    criterion=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    found=TEXT,
    wanted=TEXT,
    at=st.none() | PLACE,
    score=st.none() | st.floats(0, 1),
    engine=TEXT,
)

GOOD = result_to_json(CheckResult(id="a", check="b.c", version=1, status=Status.PASSED, required=True))


@given(RESULT)
def test_a_result_survives_being_written_and_read(result: CheckResult) -> None:
    assert result_from_json(json.loads(json.dumps(result_to_json(result)))) == result


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        [],
        {},
        {**GOOD, "more": 1},
        {**GOOD, "status": "fine"},
        {**GOOD, "version": "1"},
        {**GOOD, "version": True},
        {**GOOD, "required": 1},
        {**GOOD, "criterion": "R1"},
        {**GOOD, "criterion": [1]},
        {**GOOD, "id": None},
        {**GOOD, "score": "high"},
        {**GOOD, "at": "file"},
        {**GOOD, "at": {"file": "a", "sheet": None, "cell": None, "line": "1"}},
    ],
)
def test_what_is_not_a_result_is_refused(damaged: Json) -> None:
    with pytest.raises(UnreadableResultError):
        result_from_json(damaged)
