import io
import zipfile
from collections.abc import Mapping
from typing import TypeAlias

import pytest
from deliverables import Content, check_files, workbook_bytes
from openpyxl.worksheet.formula import ArrayFormula

from evalkit.checks.result import Json, Status


def replace_in_sheet(book: bytes, old: str, new: str) -> bytes:
    """The workbook with the text of its first sheet's XML changed, as another program might have written it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(stream, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                # openpyxl writes any of these, depending on its XML library.
                content = content.replace(b" />", b"/>").replace(b"<v></v>", b"<v/>")
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            target.writestr(name, content)
    return stream.getvalue()


Book: TypeAlias = dict[str, dict[str, object]]

PLAIN: Book = {"Data": {"A1": "x", "A2": 1}, "Notes": {"A1": "n"}}
UNCOMPUTED = workbook_bytes({"Data": {"A1": 1, "B1": "=A1+1", "B2": 5}})
COMPUTED = replace_in_sheet(UNCOMPUTED, "<v/>", "<v>2</v>")
EMPTY_TEXT = replace_in_sheet(UNCOMPUTED, '<c r="B1"><f>A1+1</f><v/>', '<c r="B1" t="str"><f>""</f><v></v>')
ERROR = replace_in_sheet(UNCOMPUTED, '<c r="B1"><f>A1+1</f><v/>', '<c r="B1" t="e"><f>A1/0</f><v>#DIV/0!</v>')
TYPED_ERROR: Book = {"Data": {"A1": "#N/A", "A2": "#N/A"}}
BROKEN_REFERENCE: Book = {"Data": {"A1": "=SUM(#REF!)"}}
REFERENCE_IN_TEXT = replace_in_sheet(workbook_bytes({"Data": {"A1": '="no #REF! here"'}}), "<v/>", "<v>7</v>")
ARRAY: Book = {"Data": {"A1": 1, "A2": 2, "E3": ArrayFormula("E3:E4", "=A1:A2"), "E4": 2}}

PASSING: list[tuple[str, Content, Mapping[str, Json]]] = [
    ("sheets", PLAIN, {"names": ["Notes"]}),
    ("sheets", PLAIN, {"names": ["Notes", "Data"], "exact": True}),
    ("sheets", PLAIN, {"names": ["Data", "Notes"], "exact": True, "ordered": True}),
    ("no_error_cells", PLAIN, {}),
    ("no_error_cells", COMPUTED, {}),
    ("no_error_cells", EMPTY_TEXT, {}),
    ("no_error_cells", REFERENCE_IN_TEXT, {}),
    ("no_error_cells", {"Data": {"A1": "#N/A"}, "Fine": {"A1": 1}}, {"sheets": ["Fine"]}),
    ("cell", COMPUTED, {"sheet": "Data", "cell": "B1", "expected": 2}),
    ("cell", COMPUTED, {"sheet": "Data", "cell": "B1", "expected": 2.5, "abs_tol": 0.5}),
    ("cell", COMPUTED, {"sheet": "Data", "cell": "B1", "expected": 2.5, "rel_tol": 0.2}),
    ("cell", EMPTY_TEXT, {"sheet": "Data", "cell": "B1", "expected": None}),
    ("cell", {"S": {"A1": "5 %"}}, {"sheet": "S", "cell": "A1", "expected": 5, "numbers": {"percent": "points"}}),
    ("formulas_present", UNCOMPUTED, {"sheet": "Data", "range": "B1"}),
    ("formulas_present", UNCOMPUTED, {"sheet": "Data", "range": "A1:B2", "at_least": 1}),
    ("formulas_present", ARRAY, {"sheet": "Data", "range": "E3:E4"}),
]

FAILING: list[tuple[str, Content, Mapping[str, Json], str, str, str]] = [
    (
        "sheets",
        PLAIN,
        {"names": ["notes", "x"]},
        "no sheet 'notes', and 1 more like it; 'Notes' differs",
        "'notes', 'x'",
        "",
    ),
    ("sheets", PLAIN, {"names": ["Data"], "exact": True}, "also 'Notes'", "exactly 'Data'", ""),
    ("sheets", PLAIN, {"names": ["Notes", "Data"], "ordered": True}, "'Data', 'Notes'", "in this order", ""),
    ("no_error_cells", ERROR, {}, "the error #DIV/0!", "no error cells", " Data!B1"),
    ("no_error_cells", TYPED_ERROR, {}, "the error #N/A, and 1 more like it", "no error cells", " Data!A1"),
    ("no_error_cells", BROKEN_REFERENCE, {}, "the error #REF!", "no error cells", " Data!A1"),
    ("no_error_cells", {"Empty": {}}, {}, "no cells", "cells without errors", ""),
    ("no_error_cells", PLAIN, {"sheets": ["Data", "Sums"]}, "no such sheet", "the sheet 'Sums'", ""),
    ("cell", COMPUTED, {"sheet": "Data", "cell": "B1", "expected": 3}, "2", "3", " Data!B1"),
    ("cell", COMPUTED, {"sheet": "Data", "cell": "B1", "expected": 3, "abs_tol": 0.5}, "2", "3 ± 0.5", " Data!B1"),
    (
        "cell",
        COMPUTED,
        {"sheet": "Data", "cell": "B1", "expected": 3, "rel_tol": 0.1},
        "2",
        "3 ± 0.1 of it",
        " Data!B1",
    ),
    ("cell", ERROR, {"sheet": "Data", "cell": "B1", "expected": 0}, "#DIV/0!", "0", " Data!B1"),
    (
        "formulas_present",
        UNCOMPUTED,
        {"sheet": "Data", "range": "B1:B3"},
        "5, and 1 more like it; 1 formulas",
        "all of 3 cells",
        " Data!B2",
    ),
    (
        "formulas_present",
        UNCOMPUTED,
        {"sheet": "Data", "range": "A1:B2", "at_least": 2},
        "1 formulas",
        "at least 2 of 4",
        " Data!A1",
    ),
]

UNKNOWN: list[tuple[str, Mapping[str, Json]]] = [
    ("no_error_cells", {}),
    ("cell", {"sheet": "Data", "cell": "B1", "expected": 2}),
]


@pytest.mark.parametrize(("name", "content", "parameters"), PASSING)
def test_a_good_workbook_passes(name: str, content: Content, parameters: Mapping[str, Json]) -> None:
    result = check_files(f"xlsx_workbook.{name}", {"a.xlsx": content}, {"file": "a.xlsx", **parameters})

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(("name", "content", "parameters", "found", "wanted", "at"), FAILING)
def test_a_bad_workbook_fails_where_it_is_bad(
    name: str, content: Content, parameters: Mapping[str, Json], found: str, wanted: str, at: str
) -> None:
    result = check_files(f"xlsx_workbook.{name}", {"a.xlsx": content}, {"file": "a.xlsx", **parameters})

    assert result.status is Status.FAILED, result
    assert found in (result.found or "")
    assert wanted in (result.wanted or "")
    assert str(result.at) == f"a.xlsx{at}"


@pytest.mark.parametrize(("name", "parameters"), UNKNOWN)
def test_a_formula_that_was_never_computed_is_errored_and_not_passed(name: str, parameters: Mapping[str, Json]) -> None:
    result = check_files(f"xlsx_workbook.{name}", {"a.xlsx": UNCOMPUTED}, {"file": "a.xlsx", **parameters})

    assert result.status is Status.ERRORED
    assert (result.found or "").startswith("not computed")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 rest", "encrypted, or in the old binary format"),
        (b"not a zip", "not a readable zip: File is not a zip file"),
        (workbook_bytes({"S": {}})[:-30], "not a readable zip"),
        ({"S": {"A1": "A" * 40_000}}, None),
    ],
)
def test_a_file_that_no_program_opens_fails(content: Content, found: str | None) -> None:
    result = check_files("xlsx_workbook.sheets", {"a.xlsx": content}, {"file": "a.xlsx", "names": ["S"]})

    assert (result.status is Status.FAILED) == (found is not None)
    assert found is None or found in (result.found or "")


def test_a_zip_without_a_workbook_inside_fails() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("hello.txt", "hello")

    result = check_files("xlsx_workbook.sheets", {"a.xlsx": stream.getvalue()}, {"file": "a.xlsx", "names": ["S"]})

    assert result.status is Status.FAILED
    assert "not readable as an .xlsx workbook" in (result.found or "")


def test_an_array_formula_over_a_nonsensical_range_fails() -> None:
    book = replace_in_sheet(workbook_bytes(ARRAY), 'ref="E3:E4"', 'ref="E3:???"')

    result = check_files("xlsx_workbook.sheets", {"a.xlsx": book}, {"file": "a.xlsx", "names": ["Data"]})

    assert result.status is Status.FAILED
    assert "an array formula over 'E3:???'" in (result.found or "")


def test_a_range_of_more_cells_than_anyone_means_is_errored() -> None:
    parameters: dict[str, Json] = {"file": "a.xlsx", "sheet": "Data", "range": "A1:XFD1048576"}

    result = check_files("xlsx_workbook.formulas_present", {"a.xlsx": PLAIN}, parameters)

    assert result.status is Status.ERRORED


def test_a_lone_cell_in_the_far_corner_costs_one_cell() -> None:
    book: Book = {"Data": {"A1": "id", "A2": 1, "XFD1048576": "far"}}

    result = check_files("table.row_count", {"a.xlsx": book}, {"table": "a.xlsx", "equals": 1})

    assert result.status is Status.PASSED


def test_a_table_can_be_a_range_below_a_title() -> None:
    book: Book = {"Data": {"B2": "Sales", "B4": "id", "C4": "n", "B5": 1, "C5": 2, "B9": "note", "E5": "aside"}}
    table: Json = {"file": "a.xlsx", "sheet": "Data", "range": "B3:C8", "header_row": 2}

    result = check_files("table.equals", {"a.xlsx": book}, {"table": table, "expected": [{"id": 1, "n": 2}]})

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(
    ("cells", "found"),
    [({"A2": 1}, "no header"), ({"A1": "x", "B1": "x"}, "columns named twice: 'x'")],
)
def test_a_sheet_without_a_usable_header_fails(cells: Mapping[str, object], found: str) -> None:
    result = check_files("table.row_count", {"a.xlsx": {"S": cells}}, {"table": "a.xlsx", "at_least": 0})

    assert result.status is Status.FAILED
    assert result.found == found


def test_numbers_that_a_workbook_keeps_to_fifteen_digits_are_equal_to_what_was_meant() -> None:
    book = {"S": {"A1": 0.1 + 0.2}}
    parameters: dict[str, Json] = {"file": "a.xlsx", "sheet": "S", "cell": "A1", "expected": 0.3}

    result = check_files("xlsx_workbook.cell", {"a.xlsx": book}, parameters)

    assert result.status is Status.PASSED
