import csv
import io
from collections.abc import Mapping

import pytest
from deliverables import check_files
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.adapters import Csv
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.read_csv import parse_csv
from evalkit.checks.result import Json, Status

GOOD = "id,name,paid,amount\n1,Ann,05.01.2026,1.5\n2,Bo,,2\n"

PASSING: list[tuple[str, str, Mapping[str, Json]]] = [
    ("well_formed", GOOD, {}),
    ("well_formed", '\ufeffa,b\r\n"x, ""y""","two\nlines"\r\n', {}),
    ("columns", GOOD, {"names": ["id", "name", "paid", "amount"]}),
    ("columns", GOOD, {"names": ["name", "id"], "exact": False, "ordered": False}),
    ("columns", GOOD, {"names": ["amount", "id", "name", "paid"], "ordered": False}),
    ("columns", GOOD, {"names": ["id", "amount"], "exact": False}),
    ("row_count", GOOD, {"equals": 2}),
    ("row_count", GOOD, {"at_least": 2, "at_most": 2}),
    ("types", GOOD, {"types": {"id": "integer", "name": "text", "amount": "decimal"}}),
    ("types", GOOD, {"types": {"paid": {"date": "%d.%m.%Y"}}, "may_be_blank": ["paid"]}),
    ("types", "d,b\n2026-11-22,TRUE\n", {"types": {"d": "date", "b": "bool"}}),
    ("types", "n\n1.234\n", {"types": {"n": "integer"}, "numbers": {"decimal": ",", "thousands": "."}}),
    ("unique", GOOD, {"columns": ["id"]}),
    ("unique", "a,b\n1,1\n1,2\n", {"columns": ["a", "b"]}),
    ("not_null", GOOD, {"columns": ["id", "amount"]}),
]

FAILING: list[tuple[str, str, Mapping[str, Json], str, str, int | None]] = [
    ("well_formed", "a,b\n1,2,3\n", {}, "3 fields", "2 fields, as in the header", 2),
    ("well_formed", "a,b\n1,2\n\n", {}, "a blank line", "2 fields", 3),
    ("well_formed", "a,a\n1,2\n", {}, "columns named twice: 'a'", "distinct column names", 1),
    ("well_formed", "", {}, "no header row", "column names in row 1", None),
    ("well_formed", 'a,b\n"x"y,2\n', {}, "broken csv", "well-formed csv", 2),
    ("well_formed", 'a,b\n"two\nlines",2\n1\n', {}, "1 fields", "2 fields", 4),
    ("columns", GOOD, {"names": ["id", "name", "paid", "total"]}, "no column 'total'", "'total' in this order", 1),
    ("columns", GOOD, {"names": ["ID"], "exact": False}, "'id' differs only by case or space", "'ID'", 1),
    ("columns", GOOD, {"names": ["id", "name", "paid"]}, "also 'amount'", "exactly 'id'", 1),
    ("columns", GOOD, {"names": ["name", "id"], "exact": False}, "'id', 'name'", "'name', 'id' in this order", 1),
    ("row_count", GOOD, {"equals": 3}, "2 rows", "exactly 3 rows", 1),
    ("row_count", GOOD, {"at_least": 3}, "2 rows", "at least 3 rows", 1),
    ("row_count", GOOD, {"at_most": 1}, "2 rows", "at most 1 rows", 1),
    ("types", GOOD, {"types": {"name": "integer"}}, "'Ann', and 1 more", "integer", 2),
    ("types", GOOD, {"types": {"amount": "integer"}}, "'1.5'", "integer", 2),
    ("types", "n\n1.0\n", {"types": {"n": "integer"}}, "'1.0'", "integer", 2),
    ("types", "n\n1,5\n".replace("1,5", '"1,5"'), {"types": {"n": "decimal"}}, "'1,5'", "decimal", 2),
    ("types", GOOD, {"types": {"paid": {"date": "%d.%m.%Y"}}}, "''", "%d.%m.%Y (date)", 3),
    ("types", "d\n5.1.2026\n", {"types": {"d": {"date": "%d.%m.%Y"}}}, "'5.1.2026'", "%d.%m.%Y (date)", 2),
    ("types", "d\n2026-02-30\n", {"types": {"d": "date"}}, "'2026-02-30'", "date", 2),
    ("types", "d\n20260228\n", {"types": {"d": "date"}}, "'20260228'", "date", 2),
    ("types", "b\nyes\n", {"types": {"b": "bool"}}, "'yes'", "bool", 2),
    ("types", "a,b\n,x\n", {"types": {"a": "text"}}, "''", "text", 2),
    ("types", "a\n", {"types": {"a": "text"}}, "no rows", "rows with typed cells", 1),
    ("types", GOOD, {"types": {"sum": "decimal"}}, "no column 'sum'", "the column 'sum'", 1),
    ("unique", "a,b\n1,1\n2,2\n1,3\n", {"columns": ["a"]}, "'1' again, after line 2", "distinct a", 4),
    ("unique", "a\n", {"columns": ["a"]}, "no rows", "distinct", 1),
    ("not_null", "a,b\n1,\n", {"columns": ["a", "b"]}, "blank", "a value", 2),
    ("not_null", "a,b\n", {"columns": ["a"]}, "no rows", "rows with values", 1),
]


@pytest.mark.parametrize(("name", "content", "parameters"), PASSING)
def test_a_good_table_passes(name: str, content: str, parameters: Mapping[str, Json]) -> None:
    result = check_files(f"csv_table.{name}", {"out.csv": content}, {"file": "out.csv", **parameters})

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(("name", "content", "parameters", "found", "wanted", "line"), FAILING)
def test_a_bad_table_fails_where_it_is_bad(
    name: str, content: str, parameters: Mapping[str, Json], found: str, wanted: str, line: int | None
) -> None:
    result = check_files(f"csv_table.{name}", {"out.csv": content}, {"file": "out.csv", **parameters})

    assert result.status is Status.FAILED, result
    assert found in (result.found or "")
    assert wanted in (result.wanted or "")
    assert result.at is not None
    assert result.at.line == line


@pytest.mark.parametrize("parameters", [{}, {"equals": 1, "at_most": 2}])
def test_a_row_count_without_one_clear_bound_is_errored(parameters: dict[str, Json]) -> None:
    result = check_files("csv_table.row_count", {"out.csv": "a\n1\n"}, {"file": "out.csv", **parameters})

    assert result.status is Status.ERRORED


@pytest.mark.parametrize("name", ["well_formed", "columns", "row_count", "types", "unique", "not_null"])
def test_a_missing_file_fails_every_check(name: str) -> None:
    needed: dict[str, dict[str, Json]] = {
        "columns": {"names": ["a"]},
        "row_count": {"at_most": 5},
        "types": {"types": {"a": "text"}},
        "unique": {"columns": ["a"]},
        "not_null": {"columns": ["a"]},
    }

    result = check_files(f"csv_table.{name}", {}, {"file": "out.csv", **needed.get(name, {})})

    assert result.status is Status.FAILED
    assert result.found == "no such file; nothing was delivered"


def test_the_delimiter_is_declared_and_never_guessed() -> None:
    files = {"out.csv": "a;b\n1,5;2\n"}

    guessed = check_files("csv_table.columns", files, {"file": "out.csv", "names": ["a", "b"]})
    declared = check_files(
        "csv_table.columns", files, {"file": {"file": "out.csv", "delimiter": ";"}, "names": ["a", "b"]}
    )

    assert (guessed.status, declared.status) == (Status.FAILED, Status.PASSED)


def test_a_tsv_file_is_parted_by_tabs() -> None:
    result = check_files("csv_table.columns", {"out.tsv": "a,1\tb\n1\t2\n"}, {"file": "out.tsv", "names": ["a,1", "b"]})

    assert result.status is Status.PASSED


def test_what_stands_above_the_declared_header_row_is_not_part_of_the_table() -> None:
    files = {"out.csv": "# generated\na,b\n1,2\n"}

    result = check_files(
        "csv_table.columns", files, {"file": {"file": "out.csv", "header_row": 2}, "names": ["a", "b"]}
    )

    assert result.status is Status.PASSED


@pytest.mark.parametrize("text", ["NA", "null", "nan", "00701", "1e5", "TRUE"])
def test_text_that_other_readers_convert_stays_text(text: str) -> None:
    rows = parse_csv(f"code,name\n{text},x\n".encode(), Csv(file="out.csv"))

    assert rows.rows == [(text, "x")]


FIELD = st.text(st.characters(codec="utf-8"), max_size=8)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[FIELD] * n), min_size=1, max_size=5)))
def test_what_the_csv_module_writes_is_what_is_read(rows: list[tuple[str, ...]]) -> None:
    header = tuple(f"c{position}" for position in range(len(rows[0])))
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([header, *rows])

    read = parse_csv(stream.getvalue().encode(), Csv(file="out.csv"))

    assert read.header == header
    assert list(read.rows) == rows


@given(st.binary(max_size=60))
def test_any_bytes_are_a_table_or_a_bad_deliverable(content: bytes) -> None:
    try:
        rows = parse_csv(content, Csv(file="out.csv"))
    except BadDeliverableError:
        return

    assert all(len(row) == len(rows.header) for row in rows.rows)
