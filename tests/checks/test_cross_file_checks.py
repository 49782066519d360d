"""Checks that set tables, values and files beside each other."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from deliverables import Content, check_files
from hypothesis import given
from hypothesis import strategies as st
from made_files import zip_bytes

from evalkit.checks.adapters import File
from evalkit.checks.deliverables import Check
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.quantity import rounds_to
from evalkit.checks.read_json import parse_json
from evalkit.checks.result import Json, Status

ROWS = "id,kind,month,share\n1,a,jan,40\n2,b,jan,60\n3,a,feb,100\n"
EMPTY_SHA256 = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
KEY = "sk-ant-" + "x" * 24

TABLES: list[tuple[str, str, Mapping[str, Json], Status, str]] = [
    ("unique", ROWS, {"columns": ["id"]}, Status.PASSED, "3 distinct"),
    ("unique", ROWS, {"columns": ["kind", "month"]}, Status.PASSED, "3 distinct"),
    ("unique", ROWS, {"columns": ["kind"]}, Status.FAILED, "'a' again"),
    ("unique", "id\n1\n1.0\n", {"columns": ["id"]}, Status.FAILED, "'1.0' again"),
    ("unique", "id\n", {"columns": ["id"]}, Status.FAILED, "no rows"),
    ("values", ROWS, {"column": "kind", "allowed": ["a", "b"], "include": ["b"]}, Status.PASSED, "3 cells"),
    ("values", ROWS, {"column": "kind", "allowed": ["a"]}, Status.FAILED, "'b'"),
    ("values", ROWS, {"column": "kind", "pattern": "[ab]"}, Status.PASSED, "3 cells"),
    ("values", ROWS, {"column": "month", "pattern": "ja."}, Status.FAILED, "'feb'"),
    ("values", ROWS, {"column": "kind", "include": ["c"]}, Status.FAILED, "without 'c'"),
    ("values", 'kind\n""\n', {"column": "kind", "pattern": ".*"}, Status.FAILED, "blank"),
    ("values", 'kind\n""\na\n', {"column": "kind", "pattern": "a", "allow_blank": True}, Status.PASSED, "2 cells"),
    ("values", ROWS, {"column": "kind"}, Status.ERRORED, "nothing is asked"),
    ("values", "kind\n", {"column": "kind", "pattern": "a"}, Status.FAILED, "no rows"),
    ("between", ROWS, {"column": "share", "low": 40, "high": 100}, Status.PASSED, "3 cells"),
    ("between", ROWS, {"column": "share", "low": 41}, Status.FAILED, "'40'"),
    ("between", ROWS, {"column": "share", "high": 99}, Status.FAILED, "'100'"),
    ("between", "share\n40 %\n", {"column": "share", "low": 0}, Status.FAILED, "'40 %'"),
    (
        "between",
        "share\n4 %\n",
        {"column": "share", "low": 4, "numbers": {"percent": "points"}},
        Status.PASSED,
        "1 cells",
    ),
    ("between", 'share\n""\n', {"column": "share", "low": 0}, Status.FAILED, "blank"),
    ("between", 'share\n""\n', {"column": "share", "low": 0, "allow_blank": True}, Status.PASSED, "1 cells"),
    ("group_sums", ROWS, {"by": "month", "column": "share", "expected": 100}, Status.PASSED, "2 groups"),
    ("group_sums", ROWS, {"by": "kind", "column": "share", "expected": {"a": 140, "b": 60}}, Status.PASSED, "2 groups"),
    ("group_sums", ROWS, {"by": "kind", "column": "share", "expected": {"a": 140}}, Status.FAILED, "groups 'a', 'b'"),
    ("group_sums", ROWS, {"by": "kind", "column": "share", "expected": 140}, Status.FAILED, "a sum of 60 for 'b'"),
    (
        "group_sums",
        ROWS,
        {"by": "month", "column": "share", "expected": 99, "abs_tol": 1},
        Status.PASSED,
        "2 groups",
    ),
    (
        "group_sums",
        ROWS,
        {"by": "month", "column": "share", "expected": 80, "rel_tol": 0.25},
        Status.PASSED,
        "2 groups",
    ),
    ("group_sums", ROWS, {"by": "month", "column": "kind", "expected": 1}, Status.FAILED, "'a'"),
]

PARTS: list[tuple[Mapping[str, Content], Json, Status, str]] = [
    ({"a.csv": "id\n1\n", "b.csv": "id\n2\n3\n"}, ["a.csv", "b.csv"], Status.PASSED, "3 keys in 2 tables"),
    ({"a.csv": "id\n1\n", "b.csv": "id\n2\n"}, ["a.csv", "b.csv"], Status.FAILED, "without '3'"),
    ({"a.csv": "id\n1\n2\n", "b.csv": "id\n2\n3\n"}, ["a.csv", "b.csv"], Status.FAILED, "'2', also in a.csv"),
    ({"a.csv": "id\n1\n2\n3\n4\n"}, ["a.csv"], Status.FAILED, "'4'"),
    ({"a.csv": "id\n01\n2\n3\n"}, ["a.csv"], Status.FAILED, "'01'"),
]

MEMO = "The value is 4,920.9 per share.\n"
AGREES: list[tuple[Mapping[str, Json], Status, str]] = [
    ({"rounded": True}, Status.PASSED, "4920.9 and 4920.87"),
    ({"abs_tol": 0.05}, Status.PASSED, "4920.9 and 4920.87"),
    ({"rel_tol": 0.01}, Status.PASSED, "4920.9 and 4920.87"),
    ({}, Status.FAILED, "'4,920.9'"),
    ({"numbers": {}}, Status.FAILED, "'4,920.9' and 4920.87 of b.json /npv"),
    ({"other": {"file": "b.json", "path": "/eps"}, "rounded": True}, Status.FAILED, "'4,920.9'"),
]

FILES: list[tuple[str, Mapping[str, Content], Mapping[str, Json], Status, str]] = [
    ("sha256", {"a": ""}, {"file": "a", "equals": EMPTY_SHA256}, Status.PASSED, "e3b0"),
    ("sha256", {"a": "x"}, {"file": "a", "equals": "0" * 64}, Status.FAILED, "2d71"),
    ("newlines", {"a.md": "x\ny\n"}, {"files": "*.md"}, Status.PASSED, ""),
    ("newlines", {"a.md": "x\r\ny\n"}, {"files": "*.md"}, Status.FAILED, "line ends CRLF"),
    ("newlines", {"a.md": "x\r\n"}, {"files": "*.md", "kind": "CRLF"}, Status.PASSED, ""),
    ("newlines", {"a.md": "x"}, {"files": "*.md"}, Status.FAILED, "a last line without an end"),
    ("no_secrets", {"a.md": f"one\n{KEY}\n"}, {}, Status.FAILED, "what looks like an Anthropic key in 'a.md'"),
    (
        "no_secrets",
        {"a.zip": zip_bytes({"c.env": KEY})},
        {},
        Status.FAILED,
        "what looks like an Anthropic key in 'c.env'",
    ),
    ("no_secrets", {"a.md": KEY, "b.txt": ""}, {"files": "*.txt"}, Status.PASSED, ""),
]


@pytest.mark.parametrize(("name", "content", "parameters", "status", "found"), TABLES)
def test_a_table_is_as_asked_or_fails(
    name: str, content: str, parameters: Mapping[str, Json], status: Status, found: str
) -> None:
    result = check_files(f"table.{name}", {"a.csv": content}, {"table": "a.csv", **parameters})

    assert result.status is status, result
    assert found in (result.found or "")


@pytest.mark.parametrize(("files", "parts", "status", "found"), PARTS)
def test_every_key_of_the_input_stands_in_exactly_one_part(
    files: Mapping[str, Content], parts: Json, status: Status, found: str
) -> None:
    parameters: dict[str, Json] = {"universe": {"input": "all.csv"}, "key": "id", "parts": parts}

    result = check_files("table.partition", files, parameters, {"all.csv": "id\n1\n2\n3\n"})

    assert result.status is status, result
    assert found in (result.found or "")


def test_keys_that_are_numbers_may_be_written_differently() -> None:
    parameters: dict[str, Json] = {"universe": {"input": "all.csv"}, "key": "id", "parts": ["a.csv"], "numeric": True}

    result = check_files("table.partition", {"a.csv": "id\n1.0\n"}, parameters, {"all.csv": "id\n1\n"})

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(("parameters", "status", "found"), AGREES)
def test_a_number_in_the_memo_is_the_one_elsewhere(parameters: Mapping[str, Json], status: Status, found: str) -> None:
    written: dict[str, Json] = {
        "value": {"file": "a.md", "regex": "value is ([0-9.,]+) per"},
        "other": {"file": "b.json", "path": "/npv"},
        "numbers": {"thousands": ","},
        **parameters,
    }

    result = check_files("value.agrees", {"a.md": MEMO, "b.json": '{"npv": 4920.87, "eps": 4920.81}'}, written)

    assert result.status is status, result
    assert found in (result.found or "")


@pytest.mark.parametrize(("name", "files", "parameters", "status", "found"), FILES)
def test_a_file_of_any_kind_is_as_asked_or_fails(
    name: str, files: Mapping[str, Content], parameters: Mapping[str, Json], status: Status, found: str
) -> None:
    result = check_files(f"any_file.{name}", files, parameters)

    assert result.status is status, result
    assert found in (result.found or "")
    assert KEY not in str(result)


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(0, 6))
def test_a_number_rounds_to_itself_rounded(exact: Decimal, places: int) -> None:
    shown = round(exact, places)

    assert rounds_to(exact, shown)
    assert not rounds_to(exact, shown + 2 * Decimal(10) ** -places)


def test_a_file_is_parsed_once_whether_or_not_it_can_be(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    parsed: list[str] = []

    def parse(content: bytes, name: str) -> object:
        parsed.append(name)
        return parse_json(content, name)

    on = Check(delivered=tmp_path, inputs=None)
    for _ in range(2):
        with pytest.raises(BadDeliverableError):
            on.parsed(File(file="a.json"), parse)

    assert parsed == ["a.json"]
