import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.fixtures import find_answer, parse_fixtures, recorded_answers, render_fixtures
from evalkit.suite.model import RecordedAnswer
from evalkit.trial.wire import NO_ANSWER, parse_event

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aé\n", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=5,
)
ANSWERS = st.builds(
    RecordedAnswer,
    tool=st.sampled_from(["rate", "quote"]),
    input=st.dictionaries(st.text("ab", max_size=2), JSON, max_size=3),
    text=st.text("aé\n", max_size=5),
    is_error=st.booleans(),
)


@given(st.lists(ANSWERS, max_size=4))
def test_what_is_written_is_read_back(answers: list[RecordedAnswer]) -> None:
    assert parse_fixtures(render_fixtures(answers)) == tuple(answers)


@given(st.lists(ANSWERS, max_size=4))
def test_every_recorded_call_has_an_answer_and_no_other_tool_has_it(answers: list[RecordedAnswer]) -> None:
    for answer in answers:
        found = find_answer(answers, answer.tool, answer.input)
        assert found is not None
        assert found.tool == answer.tool
    assert find_answer(answers, "third", {}) is None


def test_the_order_of_keys_does_not_matter_and_every_value_does() -> None:
    answer = RecordedAnswer(tool="rate", input={"a": 1, "b": [1, 2]}, text="x")

    assert find_answer([answer], "rate", {"b": [1, 2], "a": 1}) is answer
    assert find_answer([answer], "rate", {"b": [2, 1], "a": 1}) is None
    assert find_answer([answer], "rate", {"a": 1}) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "no JSON"),
        ("[]", "no fixture file"),
        ('{"format": "evalkit-fixtures/2", "calls": []}', "no fixture file"),
        ('{"format": "evalkit-fixtures/1", "calls": {}}', "no fixture file"),
        ('{"format": "evalkit-fixtures/1", "calls": [1]}', "call 0 has other keys than"),
        ('{"format": "evalkit-fixtures/1", "calls": [{"tool": "a", "input": {}}]}', "call 0 has other keys than"),
        (
            '{"format": "evalkit-fixtures/1", "calls": [{"tool": "a", "input": [], "text": ""}]}',
            "call 0: 'input' is no dict",
        ),
        (
            '{"format": "evalkit-fixtures/1", "calls": [{"tool": "a", "input": {"x": NaN}, "text": ""}]}',
            "call 0 holds half a character",
        ),
    ],
)
def test_a_file_that_is_no_fixture_file_is_refused_with_what_would_do(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_fixtures(text)


def test_a_sessions_calls_become_fixtures_without_those_that_nobody_answered() -> None:
    calls = [("u1", {"code": "EUR"}), ("u2", {"code": "EUR"}), ("u3", {"code": "XXX"}), ("u4", {"code": "YYY"})]
    answers = [("u1", "1.08", False), ("u2", "1.09", False), ("u3", "KeyError: 'XXX'", True)]
    raws: list[dict[str, object]] = [
        {"type": "agent.custom_tool_use", "id": use, "name": "rate", "input": given} for use, given in calls
    ]
    raws += [
        {
            "type": "user.custom_tool_result",
            "id": f"r{use}",
            "custom_tool_use_id": use,
            "is_error": is_error,
            "content": [{"type": "text", "text": text}],
        }
        for use, text, is_error in [*answers, ("u4", f"{NO_ANSWER} for that request", True)]
    ]

    recorded = recorded_answers(parse_event(raw) for raw in json.loads(json.dumps(raws)))

    assert recorded == (
        RecordedAnswer(tool="rate", input={"code": "EUR"}, text="1.08"),
        RecordedAnswer(tool="rate", input={"code": "XXX"}, text="KeyError: 'XXX'", is_error=True),
    )
