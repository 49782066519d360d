from collections.abc import Mapping
from datetime import date, datetime, time

import pytest
from deliverables import Content, check_files

from evalkit.checks.result import Json, Status

DOCUMENT = '{"a": {"b/c": [1, 2.50, "x", true, null, [1], "1,234.50", "true"]}}'
BOOK = {
    "Plan": {"A1": "Due", "B1": "Paid", "A2": date(2026, 1, 31), "B2": 12.5, "A3": datetime(2026, 1, 31, 10, 30)},  # noqa: DTZ001
    "Other": {"C3": "text", "C4": "007", "D4": time(9, 30)},
}
CSV = "k,v\na,1\nb,\nc,TRUE\n"

FILES: dict[str, Content] = {"a.json": DOCUMENT, "a.csv": CSV, "a.xlsx": BOOK}


def json_at(position: int) -> Json:
    return {"file": "a.json", "path": f"/a/b~1c/{position}"}


def csv_at(row: int) -> Json:
    return {"file": "a.csv", "column": "v", "row": row}


def cell_at(sheet: str | None, cell: str) -> Json:
    return {"file": "a.xlsx", "cell": cell, **({} if sheet is None else {"sheet": sheet})}


PASSING: list[tuple[str, Json, Mapping[str, Json]]] = [
    ("equals", json_at(0), {"expected": 1}),
    ("equals", json_at(1), {"expected": 2.5}),
    ("equals", json_at(1), {"expected": 2.51, "abs_tol": 0.01}),
    ("equals", json_at(1), {"expected": 2.51, "rel_tol": "0.01"}),
    ("equals", json_at(2), {"expected": "x"}),
    ("equals", json_at(3), {"expected": True}),
    ("equals", json_at(4), {"expected": None}),
    ("equals", json_at(6), {"expected": 1234.5, "numbers": {"thousands": ","}}),
    ("equals", csv_at(1), {"expected": 1}),
    ("equals", csv_at(1), {"expected": "1"}),
    ("equals", csv_at(2), {"expected": None}),
    ("equals", csv_at(3), {"expected": True}),
    ("equals", cell_at(None, "A2"), {"expected": "2026-01-31"}),
    ("equals", cell_at("Plan", "A3"), {"expected": "2026-01-31T10:30:00"}),
    ("equals", cell_at("Plan", "$B$2"), {"expected": 12.5}),
    ("equals", cell_at("Plan", "Z99"), {"expected": None}),
    ("equals", cell_at("Other", "D4"), {"expected": "09:30:00"}),
    ("equals", {"file": "a.xlsx", "column": "Paid", "row": 1}, {"expected": 12.5}),
    ("between", json_at(1), {"low": 2.5, "high": 2.5}),
    ("between", json_at(1), {"high": 3}),
    ("between", csv_at(1), {"low": 0}),
    ("between", json_at(6), {"low": 1234, "numbers": {"thousands": ","}}),
    ("matches", cell_at("Other", "C4"), {"pattern": "00[0-9]"}),
]

FAILING: list[tuple[str, Json, Mapping[str, Json], str, str, str]] = [
    ("equals", json_at(0), {"expected": 2}, "1", "2", "a.json /a/b~1c/0"),
    ("equals", json_at(0), {"expected": True}, "1", "true", "a.json /a/b~1c/0"),
    ("equals", json_at(0), {"expected": "1"}, "1", "'1'", "a.json /a/b~1c/0"),
    ("equals", json_at(1), {"expected": 2.51, "abs_tol": 0.009}, "2.50", "2.51 ± 0.009", "a.json /a/b~1c/1"),
    ("equals", json_at(1), {"expected": 2.51, "rel_tol": 0.001}, "2.50", "2.51 ± 0.001 of it", "a.json /a/b~1c/1"),
    ("equals", json_at(2), {"expected": "X"}, "'x'", "'X'", "a.json /a/b~1c/2"),
    ("equals", json_at(3), {"expected": 1}, "true", "1", "a.json /a/b~1c/3"),
    ("equals", json_at(4), {"expected": 0, "abs_tol": 5}, "blank", "0 ± 5", "a.json /a/b~1c/4"),
    ("equals", json_at(5), {"expected": 1}, "an array", "1", "a.json /a/b~1c/5"),
    ("equals", json_at(6), {"expected": 1234.5}, "the text '1,234.50'", "1234.5", "a.json /a/b~1c/6"),
    ("equals", json_at(9), {"expected": 1}, "nothing at '/a/b/c/9'; there are 8 elements", "a value at", "a.json"),
    ("equals", json_at(7), {"expected": True}, "'true'", "true", "a.json /a/b~1c/7"),
    ("equals", csv_at(2), {"expected": 0}, "blank", "0", "a.csv v:3"),
    ("equals", csv_at(9), {"expected": 0}, "3 data rows", "a data row 9", "a.csv v:1"),
    (
        "equals",
        cell_at("Plan", "A2"),
        {"expected": "2026-01-30"},
        "2026-01-31T00:00:00",
        "'2026-01-30'",
        "a.xlsx Plan!A2",
    ),
    ("equals", cell_at("Other", "C4"), {"expected": 7}, "the text '007'", "7", "a.xlsx Other!C4"),
    (
        "equals",
        cell_at("plan", "A2"),
        {"expected": 1},
        "no such sheet; 'Plan' differs only by case",
        "the sheet 'plan'",
        "a.xlsx",
    ),
    ("equals", cell_at("Plan", "Z99"), {"expected": "x"}, "blank", "'x'", "a.xlsx Plan!Z99"),
    ("between", json_at(1), {"low": 2.51}, "2.50", "a number at least 2.51", "a.json /a/b~1c/1"),
    ("between", json_at(1), {"low": 0, "high": 2.49}, "2.50", "a number between 0 and 2.49", "a.json /a/b~1c/1"),
    ("between", json_at(4), {"low": -1}, "blank", "a number at least -1", "a.json /a/b~1c/4"),
    ("between", json_at(6), {"low": 1234}, "'1,234.50'", "a number at least 1234", "a.json /a/b~1c/6"),
    ("matches", cell_at("Other", "C4"), {"pattern": "0"}, "'007'", "text like 0", "a.xlsx Other!C4"),
    ("matches", json_at(0), {"pattern": ".*"}, "1", "text like .*", "a.json /a/b~1c/0"),
]


@pytest.mark.parametrize(("name", "value", "parameters"), PASSING)
def test_the_right_value_passes(name: str, value: Json, parameters: Mapping[str, Json]) -> None:
    result = check_files(f"value.{name}", FILES, {"value": value, **parameters})

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(("name", "value", "parameters", "found", "wanted", "at"), FAILING)
def test_another_value_fails_where_it_stands(
    name: str, value: Json, parameters: Mapping[str, Json], found: str, wanted: str, at: str
) -> None:
    result = check_files(f"value.{name}", FILES, {"value": value, **parameters})

    assert result.status is Status.FAILED, result
    assert (result.found or "").startswith(found)
    assert wanted in (result.wanted or "")
    assert str(result.at) == at


def test_an_interval_without_ends_is_errored() -> None:
    result = check_files("value.between", FILES, {"value": json_at(0)})

    assert result.status is Status.ERRORED


def test_a_value_of_an_input_can_be_compared_too() -> None:
    result = check_files(
        "value.equals", {}, {"value": {"input": "a.json", "path": "/x"}, "expected": 1}, inputs={"a.json": '{"x": 1}'}
    )

    assert result.status is Status.PASSED


def test_an_input_that_the_task_did_not_give_is_errored() -> None:
    result = check_files("value.equals", {}, {"value": {"input": "a.json", "path": "/x"}, "expected": 1})

    assert result.status is Status.ERRORED
    assert result.found == "the task gave no input named 'a.json'"
