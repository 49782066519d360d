from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.problems import Findings, Location
from evalkit.suite.yaml_text import Document, Value, read_yaml


def read(text: str) -> Document:
    findings = Findings()
    document = read_yaml(text, "f.yaml", findings)
    assert findings.problems == []
    assert document is not None
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.50", Decimal("1.50")),
        ("-3", -3),
        ("1e3", Decimal("1E+3")),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("'no'", "no"),
        ('"2026-01-01"', "2026-01-01"),
        ("30m", "30m"),
        ("1.2.3", "1.2.3"),
        ("yesterday", "yesterday"),
        ("claude-sonnet-5-5", "claude-sonnet-5-5"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("[a, {b: 1}]", ["a", {"b": 1}]),
    ],
)
def test_a_value_is_what_was_written(text: str, value: Value) -> None:
    result = read(f"key: {text}").value

    assert result == {"key": value}
    assert isinstance(result, dict)
    assert type(result["key"]) is type(value)


def test_every_value_knows_its_line() -> None:
    document = read("a: 1\nb:\n  - x\n  - c: |\n      text\n    d: 2\n")

    assert document.at("a") == Location("f.yaml", 1)
    assert document.at("b", 1) == Location("f.yaml", 4)
    assert document.at("b", 1, "d") == Location("f.yaml", 6)


def test_a_place_that_is_not_there_has_the_line_of_what_surrounds_it() -> None:
    document = read("a: 1\nb:\n  c: 2\n")

    assert document.at("b", "missing", 3) == Location("f.yaml", 2)
    assert document.at("missing") == Location("f.yaml", 1)


def test_a_mapping_is_found_by_its_steps_and_is_empty_elsewhere() -> None:
    document = read("a: [{b: 1}]\n")

    assert document.mapping("a", 0) == {"b": 1}
    assert document.mapping("a") == {}
    assert document.mapping("x", 0) == {}


@pytest.mark.parametrize(
    "text", ["yes", "No", "ON", "off", "y", "N", "0755", "0o17", "0x1F", "1_000", "1:30", "12:30:45"]
)
def test_an_unquoted_text_that_yaml_readers_take_differently_is_refused(text: str) -> None:
    findings = Findings()
    read_yaml(f"key: {text}", "f.yaml", findings)

    assert [str(problem).split(",")[0] for _, problem in findings.problems] == [f"f.yaml:1: unquoted {text}"]


@pytest.mark.parametrize("text", ["2026-01-01", "2026-1-1 10:00:00", ".inf", "-.INF", ".nan", ".5", "1.", "=", "+012"])
def test_other_unquoted_text_with_two_meanings_is_refused_too(text: str) -> None:
    findings = Findings()
    read_yaml(f"key: {text}", "f.yaml", findings)

    assert len(findings.problems) == 1


@given(st.text(st.sampled_from("{}[]:,-&*!|>'\"\\%@` \n\t#~<=?.0123UxaeE_on\x00\u2028\ufeff"), max_size=60))
def test_any_text_is_a_document_or_a_problem(text: str) -> None:
    findings = Findings()
    document = read_yaml(text, "f.yaml", findings)

    assert document is not None or findings.problems


LEAF = (
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="ascii", categories=["L"]))
)


def written(value: object) -> str:
    """`value` as flow YAML, text in quotes."""
    if isinstance(value, list):
        return f"[{', '.join(written(element) for element in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{written(key)}: {written(element)}' for key, element in value.items())}}}"
    if isinstance(value, str):
        return f'"{value}"'
    return "null" if value is None else str(value).lower()


@given(
    st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3))
)
def test_what_is_written_is_read(value: object) -> None:
    assert read(f"key: {written(value)}").value == {"key": value}
