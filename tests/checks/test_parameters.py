import re
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.adapters import Address, CellRange, Csv, File, Files, Pointer, Table, Text, Value
from evalkit.checks.cell import Scalar
from evalkit.checks.parameters import bind_fields
from evalkit.checks.problems import ParameterError
from evalkit.checks.quantity import AtLeast, NumberFormat
from evalkit.checks.result import Json


def bound(schema: object, raw: Json) -> object:
    def target(*, it: object) -> None: ...

    target.__annotations__["it"] = schema
    return bind_fields(target, {"it": raw})["it"]


def problems(schema: object, raw: Json) -> tuple[str, ...]:
    with pytest.raises(ParameterError) as caught:
        bound(schema, raw)
    return caught.value.problems


@pytest.mark.parametrize(
    ("schema", "raw", "value"),
    [
        (str, "x", "x"),
        (int, 3, 3),
        (bool, True, True),
        (Decimal, 3, Decimal(3)),
        (Decimal, 0.1, Decimal("0.1")),
        (Decimal, "0.10", Decimal("0.10")),
        (Decimal | None, None, None),
        (tuple[str, ...], ["a", "b"], ("a", "b")),
        (Mapping[str, int], {"a": 1}, {"a": 1}),
        (Literal["a", "b"], "b", "b"),
        (Annotated[int, AtLeast(2)], 2, 2),
        (Scalar, "1", "1"),
        (Scalar, 1, Decimal(1)),
        (Scalar, True, True),
        (Scalar, None, None),
        (re.Pattern[str], "a+", re.compile("a+")),
        (File, "a.csv", File(file="a.csv")),
        (File, {"input": "raw/a.csv"}, File(input="raw/a.csv")),
        (Text, "a.md", Text(file="a.md")),
        (Files, "*.csv", Files(globs=("*.csv",))),
        (Files, {"globs": ["a*", "b*"]}, Files(globs=("a*", "b*"))),
        (Table, "a.tsv", Table(file="a.tsv")),
        (Table, {"file": "a.json", "path": "/rows"}, Table(file="a.json", path=Pointer("/rows"))),
        (
            Table,
            {"file": "a.XLSX", "sheet": "S", "range": "$B$2:d9", "header_row": 2},
            Table(file="a.XLSX", sheet="S", range=CellRange(2, 2, 9, 4), header_row=2),
        ),
        (Csv, {"file": "a.csv", "delimiter": ";"}, Csv(file="a.csv", delimiter=";")),
        (Value, {"file": "a.xlsx", "cell": "AA10"}, Value(file="a.xlsx", cell=Address(10, 27))),
        (Value, {"file": "a.csv", "column": "x", "row": 1}, Value(file="a.csv", column="x", row=1)),
        (Value, {"file": "a.json", "path": ""}, Value(file="a.json", path=Pointer(""))),
        (NumberFormat, {"decimal": ",", "thousands": "."}, NumberFormat(decimal=",", thousands=".")),
    ],
)
def test_what_a_suite_writes_becomes_the_value_that_the_type_says(schema: object, raw: Json, value: object) -> None:
    assert bound(schema, raw) == value


@pytest.mark.parametrize(
    ("schema", "raw", "problem"),
    [
        (str, 3, "3 found; text is wanted"),
        (int, True, "True found; a whole number is wanted"),
        (int, 1.5, "1.5 found; a whole number is wanted"),
        (bool, 1, "1 found; true or false is wanted"),
        (Decimal, True, "True found; a number is wanted"),
        (Decimal, "1,5", "'1,5' found; a number is wanted"),
        (Decimal, float("nan"), "nan found; a number is wanted"),
        (Decimal | None, "x", "'x' found; a number or null is wanted"),
        (tuple[str, ...], "a", "'a' found; a list (text each) is wanted"),
        (tuple[str, ...], [1], "1 found; text is wanted"),
        (Mapping[str, int], ["a"], "['a'] found; a mapping (of a whole number each) is wanted"),
        (Literal["a", "b"], "c", "'c' found; one of 'a', 'b' is wanted"),
        (Literal["a", "b"], ["a"], "['a'] found; one of 'a', 'b' is wanted"),
        (Annotated[int, AtLeast(2)], 1, "1 found; a whole number (2 or more) is wanted"),
        (Annotated[tuple[str, ...], AtLeast(1)], [], "[] found; a list (text each) (1 or more) is wanted"),
        (re.Pattern[str], "(", "'(' is no regular expression: missing ), unterminated subpattern at position 0; see"),
        (re.Pattern[str], 1, "1 found; a regular expression is wanted"),
        (File, 1, "1 found; a file name or {file, input} is wanted"),
        (File, {"fil": "a"}, "no parameter 'fil'; did you mean 'file'?"),
        (File, {}, "'file' (delivered) and 'input' (given) are alternatives; write exactly one"),
        (File, {"file": "a", "input": "b"}, "are alternatives; write exactly one"),
        (File, "../a", "'../a' does not name a file inside its folder; write its plain name"),
        (File, "/a", "'/a' does not name a file inside its folder"),
        (File, "", "'' does not name a file inside its folder"),
        (File, {"input": "a\\b"}, "does not name a file inside its folder"),
        (File, "a/b", "'a/b' has folders, and delivered names are flat; write the last part"),
        (Table, "a.pdf", "'a.pdf' holds no table; tables are read from .csv, .tsv, .json"),
        (Table, {"file": "a.csv", "sheet": "S"}, "'a.csv' is no workbook; leave out 'sheet' and 'range'"),
        (Table, {"file": "a.json", "range": "A1:B2"}, "'a.json' is no workbook; leave out 'sheet' and 'range'"),
        (Table, {"file": "a.xlsx", "delimiter": ";"}, "'a.xlsx' is no csv file; leave out 'delimiter'"),
        (Table, {"file": "a.csv", "delimiter": "||"}, "'||' cannot part fields; write one character"),
        (Table, {"file": "a.csv", "path": "/x"}, "'a.csv' is no JSON file; leave out 'path'"),
        (Table, {"file": "a.json", "path": "x"}, "'x' is no JSON Pointer; write '/' before each step"),
        (Table, {"file": "a.xlsx", "range": "B2:A1"}, "'B2:A1' ends before it begins; write the upper left cell first"),
        (Table, {"file": "a.xlsx", "range": "A0"}, "'A0' is no cell address; write one as in 'B2'"),
        (Table, {"file": "a.xlsx", "range": {"top": 1}}, "{'top': 1} found; a range as in 'B2:D9' or null is wanted"),
        (Table, {"file": "a.csv", "header_row": 0}, "0 found; a whole number (1 or more) is wanted"),
        (Csv, "a.xlsx", "'a.xlsx' is no csv file; name a .csv or .tsv file"),
        (
            Value,
            "a.xlsx",
            "'a.xlsx' names a value in 0 ways; write one of cell, label, defined_name, column, path, regex",
        ),
        (Value, {"file": "a.xlsx", "cell": "A1", "path": ""}, "names a value in 2 ways"),
        (Value, {"file": "a.xlsx", "column": "x"}, "'column' and 'row' belong together; write both or neither"),
        (Value, {"file": "a.csv", "cell": "A1"}, "'a.csv' has no 'cell'; that is for .xlsx, .xlsm"),
        (Value, {"file": "a.csv", "path": ""}, "'a.csv' has no 'path'; that is for .json"),
        (Value, {"file": "a.xlsx", "cell": "XFE1"}, "'XFE1' is no cell address"),
        (Value, {"file": "a.csv", "column": "x", "row": 1, "sheet": "S"}, "leave out 'sheet' and 'range'"),
        (Value, {"file": "a.json", "path": "", "sheet": "S"}, "'a.json' is no workbook; leave out 'sheet'"),
        (NumberFormat, {"thousands": ".", "decimal": "."}, "'.' cannot part both thousands and decimals"),
        (NumberFormat, "x", "'x' found; {decimal, thousands, currency, parentheses, percent} is wanted"),
        (NumberFormat | None, {"decimals": ","}, "no parameter 'decimals'; did you mean 'decimal'?"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(schema: object, raw: Json, problem: str) -> None:
    (found,) = problems(schema, raw)

    assert found.startswith("parameter 'it': ")
    assert problem in found


def test_all_problems_of_a_check_are_told_at_once() -> None:
    def target(*, file: File, names: tuple[str, ...], exact: bool = False) -> None: ...

    with pytest.raises(ParameterError) as caught:
        bind_fields(target, {"files": "a", "exact": 1})

    assert caught.value.problems == (
        "no parameter 'files'; did you mean 'file'?",
        "parameter 'file' is missing; a file name or {file, input} is wanted",
        "parameter 'names' is missing; a list (text each) is wanted",
        "parameter 'exact': 1 found; true or false is wanted",
    )


def test_a_default_is_left_to_the_function() -> None:
    def target(*, exact: bool = False) -> None: ...

    assert bind_fields(target, {}) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    JSON, st.sampled_from([str, Decimal, Scalar, Table | None, Value, Files, NumberFormat, re.Pattern[str], CellRange])
)
def test_whatever_is_written_either_fits_or_is_refused(raw: Json, schema: object) -> None:
    with suppress(ParameterError):
        bound(schema, raw)
