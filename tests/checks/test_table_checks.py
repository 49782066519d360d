import csv
import io
import json
from collections.abc import Mapping
from decimal import Decimal

import pytest
from deliverables import Content, check_files
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.result import Json, Status

CSV = "id,region,total,paid\n1,North,10.00,true\n2,South,20.5,\n"
ROWS: Json = [
    {"id": 1, "region": "North", "total": 10, "paid": True},
    {"id": 2, "region": "South", "total": 20.5, "paid": None},
]
JSON = json.dumps(ROWS)
BOOK = {
    "Data": {
        "A1": "id", "B1": "region", "C1": "total", "D1": "paid",
        "A2": 1, "B2": "North", "C2": 10.0, "D2": True,
        "A3": 2, "B3": "South", "C3": 20.5,
    }
}  # fmt: skip
FORMULA = {"Data": {"A1": "id", "B1": "total", "A2": 1, "B2": "=1+1"}}
EXPECTED: dict[str, Json] = {"expected": ROWS}

PASSING: list[tuple[str, Content, Mapping[str, Json]]] = [
    ("columns", CSV, {"names": ["id", "region", "total", "paid"]}),
    ("columns", BOOK, {"names": ["total", "id"], "exact": False, "ordered": False}),
    ("row_count", JSON, {"equals": 2}),
    ("row_count", BOOK, {"at_least": 1, "at_most": 2}),
    ("equals", CSV, EXPECTED),
    ("equals", JSON, EXPECTED),
    ("equals", BOOK, EXPECTED),
    ("equals", CSV, {**EXPECTED, "key": ["id"], "columns": ["total"]}),
    (
        "equals",
        "id,x,total\n2,?,3.004\n1,?,5\n",
        {"expected": [{"id": 1, "total": 5}, {"id": 2, "total": 3}], "key": ["id"], "abs_tol": 0.004},
    ),
    ("equals", "v\n101\n", {"expected": [{"v": 100}], "rel_tol": 0.01}),
    ("equals", 'v\n"1.234,50"\n', {"expected": [{"v": 1234.5}], "numbers": {"decimal": ",", "thousands": "."}}),
    (
        "equals",
        "k,l,v\na,b,1\na,c,2\n",
        {"expected": [{"k": "a", "l": "c", "v": 2}, {"k": "a", "l": "b", "v": 1}], "key": ["k", "l"]},
    ),
    ("sums", CSV, {"column": "total", "expected": 30.5}),
    ("sums", BOOK, {"column": "total", "expected": 30, "abs_tol": 0.5}),
    ("sums", "v\n101\n", {"column": "v", "expected": 100, "rel_tol": 0.01}),
    ("sums", "v,w\n1,x\n,y\n", {"column": "v", "expected": 1, "allow_blank": True}),
    ("sums", "v\n12 %\n", {"column": "v", "expected": 0.12, "numbers": {"percent": "fraction"}}),
    ("sorted_by", CSV, {"column": "region"}),
    ("sorted_by", "v\n9\n10\n10\n", {"column": "v", "kind": "number"}),
    ("equals", "k,v\n,1\nb,2\n", {"expected": [{"k": "b", "v": 2}, {"k": None, "v": 1}], "key": ["k"]}),
    ("sorted_by", "v\n10\n10\n9\n", {"column": "v", "kind": "number", "descending": True}),
    ("sorted_by", "v\n2026-01-31\n2026-02-01T10:00:00\n", {"column": "v", "kind": "date"}),
    ("sorted_by", "v\n(5)\n4\n", {"column": "v", "kind": "number", "numbers": {"parentheses": True}}),
]

FAILING: list[tuple[str, Content, Mapping[str, Json], str, str, str]] = [
    ("columns", JSON, {"names": ["id"]}, "also 'region', 'total', 'paid'", "exactly 'id'", "out"),
    ("row_count", BOOK, {"equals": 3}, "2 rows", "exactly 3 rows", "out Data!A1"),
    ("equals", CSV.replace("20.5", "20.6"), EXPECTED, "'20.6'", "20.5", "out total:3"),
    ("equals", CSV.replace("South", "south"), {**EXPECTED, "key": ["id"]}, "'south'", "'South'", "out region:3"),
    ("equals", CSV.replace("true", "yes"), EXPECTED, "'yes'", "true", "out paid:2"),
    ("equals", CSV.replace("20.5,", "20.5,0"), EXPECTED, "'0'", "blank", "out paid:3"),
    ("equals", CSV.replace("10.00", ""), EXPECTED, "blank", "10", "out total:2"),
    ("equals", JSON.replace("10", '"10"'), EXPECTED, "'10'", "10", "out /0/total"),
    ("equals", JSON.replace("10", "true"), EXPECTED, "true", "10", "out /0/total"),
    ("equals", CSV + "3,East,1,\n", EXPECTED, "3 rows", "2 rows", "out:1"),
    ("equals", CSV + "3,East,1,\n", {**EXPECTED, "key": ["id"]}, "a row 3", "no such row", "out id:4"),
    (
        "equals",
        CSV.replace("2,South", "1,South"),
        {**EXPECTED, "key": ["id"]},
        "1 twice, and 1 more",
        "distinct 'id'",
        "out id:3",
    ),
    ("equals", CSV.replace("2,South", "x,South"), {**EXPECTED, "key": ["id"]}, "a row 'x'", "no such row", "out id:3"),
    ("equals", "id\n1\n", {"expected": [{"id": 1}, {"id": 2}], "key": ["id"]}, "no such row", "a row 2", "out id:1"),
    ("equals", CSV, {"expected": [{"Total": 1}]}, "'total' differs only by case", "the column 'Total'", "out:1"),
    ("equals", "v\n3.005\n", {"expected": [{"v": 3}], "abs_tol": 0.004}, "'3.005'", "3 ± 0.004", "out v:2"),
    ("equals", "v\n102\n", {"expected": [{"v": 100}], "rel_tol": 0.01}, "'102'", "100 ± 0.01 of it", "out v:2"),
    ("equals", "v\nNaN\n", {"expected": [{"v": 0}], "abs_tol": 1}, "'NaN'", "0 ± 1", "out v:2"),
    ("equals", "v,w\n,\n", {"expected": [{"v": 0}]}, "blank", "0", "out v:2"),
    ("sums", CSV, {"column": "total", "expected": 31}, "a sum of 30.50", "a sum of 31", "out total:1"),
    ("sums", CSV, {"column": "total", "expected": 31, "abs_tol": 0.4}, "a sum of 30.50", "31 ± 0.4", "out total:1"),
    (
        "sums",
        CSV,
        {"column": "total", "expected": 31, "rel_tol": 0.01},
        "a sum of 30.50",
        "31 ± 0.01 of it",
        "out total:1",
    ),
    ("sums", CSV, {"column": "paid", "expected": 0, "allow_blank": True}, "'true'", "a number", "out paid:2"),
    ("sums", "v,w\n1,x\n,y\n", {"column": "v", "expected": 1}, "blank", "a number", "out v:3"),
    ("sums", "v\n", {"column": "v", "expected": 0}, "no numbers", "add up to 0", "out v:1"),
    ("sums", "v\n12 %\n", {"column": "v", "expected": 0.12}, "'12 %'", "a number", "out v:2"),
    ("sums", CSV, {"column": "sum", "expected": 0}, "no column 'sum'", "the column 'sum'", "out:1"),
    (
        "sorted_by",
        "v\n10\n9\n8\n",
        {"column": "v", "kind": "number"},
        "'9' after '10', and 1 more",
        "ascending 'v'",
        "out v:3",
    ),
    ("sorted_by", "v\n9\n10\n", {"column": "v", "kind": "text"}, "'10' after '9'", "ascending 'v'", "out v:3"),
    ("sorted_by", "v\n1\n2\n", {"column": "v", "descending": True}, "'2' after '1'", "descending 'v'", "out v:3"),
    ("sorted_by", "v\n1\nx\n", {"column": "v", "kind": "number"}, "'x'", "a number", "out v:3"),
    ("sorted_by", "v\n31.01.2026\n", {"column": "v", "kind": "date"}, "'31.01.2026'", "a date", "out v:2"),
    ("sorted_by", "v\n2026-01-31T10:00Z\n", {"column": "v", "kind": "date"}, "Z'", "a date", "out v:2"),
    ("sorted_by", BOOK, {"column": "id", "kind": "text"}, "1", "a text", "out Data!A2"),
    ("sorted_by", "v\n", {"column": "v"}, "no rows", "rows in order", "out v:1"),
]


def file_name(content: Content) -> str:
    if not isinstance(content, str):
        return "out.xlsx"
    return "out.json" if content.startswith("[") else "out.csv"


@pytest.mark.parametrize(("name", "content", "parameters"), PASSING)
def test_a_good_table_passes(name: str, content: Content, parameters: Mapping[str, Json]) -> None:
    file = file_name(content)

    result = check_files(f"table.{name}", {file: content}, {"table": file, **parameters})

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(("name", "content", "parameters", "found", "wanted", "at"), FAILING)
def test_a_bad_table_fails_where_it_is_bad(
    name: str, content: Content, parameters: Mapping[str, Json], found: str, wanted: str, at: str
) -> None:
    file = file_name(content)

    result = check_files(f"table.{name}", {file: content}, {"table": file, **parameters})

    assert result.status is Status.FAILED, result
    assert found in (result.found or "")
    assert wanted in (result.wanted or "")
    assert str(result.at) == at.replace("out", file)


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        ([{"id": 1, "total": 1}, {"id": 1, "total": 2}], "two expected rows have the key 1"),
        ([{"id": 1, "total": 1}, {"id": 2}], "the expected row 2 has no 'total'"),
        ([{"total": 1}], "the expected row 1 has no 'id'"),
    ],
)
def test_a_faulty_oracle_is_errored_and_not_held_against_the_deliverable(expected: Json, why: str) -> None:
    result = check_files("table.equals", {"out.csv": CSV}, {"table": "out.csv", "expected": expected, "key": ["id"]})

    assert result.status is Status.ERRORED
    assert why in (result.found or "")


def test_a_formula_that_was_never_computed_makes_a_comparison_errored() -> None:
    parameters: dict[str, Json] = {"table": "out.xlsx", "expected": [{"id": 1, "total": 2}]}

    result = check_files("table.equals", {"out.xlsx": FORMULA}, parameters)

    assert result.status is Status.ERRORED
    assert result.found == "not computed: the formula '=1+1' has no stored value"


def test_a_formula_in_a_column_that_is_not_compared_does_no_harm() -> None:
    parameters: dict[str, Json] = {"table": "out.xlsx", "expected": [{"id": 1}]}

    result = check_files("table.equals", {"out.xlsx": FORMULA}, parameters)

    assert result.status is Status.PASSED


def test_an_input_that_cannot_be_read_is_errored_and_not_failed() -> None:
    result = check_files(
        "table.row_count",
        {"a.csv": "x\n"},
        {"table": {"input": "raw.csv"}, "equals": 1},
        inputs={"raw.csv": "a,b\n1\n"},
    )

    assert result.status is Status.ERRORED
    assert "the input cannot be read" in (result.found or "")


NUMBER = st.decimals(-1000, 1000, places=2).map(float)
ROW = st.fixed_dictionaries({"name": st.text(max_size=4), "v": NUMBER, "flag": st.booleans() | st.none()})
TABLE = st.lists(ROW, min_size=1, max_size=6).map(
    lambda rows: [{"id": position, **row} for position, row in enumerate(rows)]
)


def as_csv(rows: list[dict[str, Json]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def equals(rows: list[dict[str, Json]], expected: list[dict[str, Json]], **more: Json) -> Status:
    parameters: dict[str, Json] = {"table": "out.csv", "expected": [dict(row) for row in expected], **more}
    return check_files("table.equals", {"out.csv": as_csv(rows).encode("utf-8", "surrogatepass")}, parameters).status


CLEAN_TABLE = TABLE.filter(lambda rows: not any("\ud800" <= c <= "\udfff" for row in rows for c in str(row["name"])))


@given(CLEAN_TABLE)
def test_a_table_equals_itself(rows: list[dict[str, Json]]) -> None:
    assert equals(rows, rows) is Status.PASSED
    assert equals(rows, rows, key=["id"]) is Status.PASSED


@given(CLEAN_TABLE, st.randoms(use_true_random=False), st.booleans())
def test_with_a_key_the_order_of_rows_does_not_matter(
    rows: list[dict[str, Json]], random: object, change: bool
) -> None:
    shuffled = [dict(row) for row in rows]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' random.Random
    expected = [dict(row) for row in rows]
    if change:
        expected[0]["v"] = float(Decimal(str(expected[0]["v"])) + 1)

    assert equals(shuffled, expected, key=["id"]) is equals(rows, expected, key=["id"])
    assert equals(shuffled, expected, key=["id"]) is (Status.FAILED if change else Status.PASSED)


@given(CLEAN_TABLE, NUMBER, st.decimals(0, 50, places=2).map(float), st.decimals(0, 50, places=2).map(float))
def test_more_tolerance_never_turns_a_pass_into_a_failure(
    rows: list[dict[str, Json]], other: float, tolerance: float, more: float
) -> None:
    expected = [{**row, "v": other} for row in rows[:1]] + rows[1:]

    before = equals(rows, expected, abs_tol=tolerance)
    after = equals(rows, expected, abs_tol=tolerance + more, rel_tol=0.1)

    assert not (before is Status.PASSED and after is Status.FAILED)


@given(CLEAN_TABLE, st.permutations(["id", "name", "v", "flag"]))
def test_the_order_of_columns_does_not_matter(rows: list[dict[str, Json]], order: list[str]) -> None:
    assert equals([{name: row[name] for name in order} for row in rows], rows) is Status.PASSED
