"""Formats, charts and other features of workbooks; and formulas calculated anew, where LibreOffice is installed."""

import shutil
from collections.abc import Mapping
from decimal import Decimal

import openpyxl
import pytest
from deliverables import check_files
from made_files import book_bytes
from openpyxl.chart import BarChart, Reference
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from evalkit.checks.formula import describe_format, numbers_in, sheets_in
from evalkit.checks.result import Json, Status

with_office = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")


def claim_bytes(
    *, amount: float = 12.5, header: str = "Amount", hidden: bool = True, rule: bool = True, code: str = "#,##0.00"
) -> bytes:
    """An expense claim: a list of amounts under a frozen header, a chart, a rule, a name, a hidden sheet."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Claim"
    for row in (["Item", header], ["Taxi", amount], ["Hotel", 90], ["Total", "=SUM(B2:B3)"]):
        sheet.append(row)
    for number in range(2, 5):
        sheet.cell(number, 2).number_format = code
    sheet.freeze_panes = "A2"
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=2, max_row=3))
    sheet.add_chart(chart, "D2")
    sheet.add_table(Table(displayName="Items", ref="A1:B3"))
    if rule:
        validation = DataValidation(type="decimal", operator="greaterThan", formula1="0")
        validation.add("B2:B3")
        sheet.add_data_validation(validation)
    book.defined_names["Total"] = DefinedName("Total", attr_text="Claim!$B$4")
    lists = book.create_sheet("Lists")
    lists["A1"] = "Travel"
    lists.sheet_state = "hidden" if hidden else "visible"
    return book_bytes(book)


CLAIM = claim_bytes()

PASSING: list[tuple[str, Mapping[str, Json]]] = [
    ("number_format", {"sheet": "Claim", "range": "B2:B4", "decimals": 2, "kind": "number", "code": "#,##0.00"}),
    ("frozen_header", {"sheet": "Claim"}),
    ("charts", {"sheet": "Claim", "at_most": 1, "kinds": ["column"], "values_in": "$B$2:$B$3"}),
    ("charts", {"sheet": "Lists", "at_least": 0}),
    ("excel_tables", {"sheet": "Claim", "names": ["Items"]}),
    ("defined_names", {"refers_to": {"Total": "Claim!B4"}}),
    ("hidden_sheets", {"names": ["Lists"]}),
    ("self_contained", {}),
]

FAILING: list[tuple[str, Mapping[str, Json], str, str]] = [
    ("number_format", {"sheet": "Claim", "range": "A2:B4", "decimals": 2}, "the format 'General'", " Claim!A2"),
    ("number_format", {"sheet": "Claim", "range": "B2:B4", "decimals": 1}, "the format '#,##0.00'", " Claim!B2"),
    ("number_format", {"sheet": "Claim", "range": "B2:B4", "kind": "percent"}, "the format '#,##0.00'", " Claim!B2"),
    ("number_format", {"sheet": "Claim", "range": "B2:B4", "code": "0.00"}, "the format '#,##0.00'", " Claim!B2"),
    ("number_format", {"sheet": "Claim", "range": "H1:H9", "decimals": 2}, "blank cells", " Claim"),
    ("frozen_header", {"sheet": "Claim", "rows": 2}, "1 rows and 0 columns frozen", " Claim"),
    ("frozen_header", {"sheet": "Claim", "columns": 1}, "1 rows and 0 columns frozen", " Claim"),
    ("charts", {"sheet": "Lists"}, "0 native charts", " Lists"),
    ("charts", {"sheet": "Claim", "at_most": 0, "at_least": 0}, "1 native charts", " Claim"),
    ("charts", {"sheet": "Claim", "kinds": ["line"]}, "a column chart", " Claim"),
    ("charts", {"sheet": "Claim", "values_in": "$C$2:$C$3"}, "a chart of", " Claim"),
    ("excel_tables", {"sheet": "Claim", "names": ["items"]}, "'Items' differs only by case", " Claim"),
    ("defined_names", {"refers_to": {"Sum": "Claim!B4"}}, "no name 'Sum'", ""),
    ("defined_names", {"refers_to": {"Total": "Claim!B5"}}, "Total for 'Claim!$B$4'", ""),
    ("hidden_sheets", {}, "hidden: 'Lists'", ""),
    ("hidden_sheets", {"names": ["Claim"]}, "hidden: 'Lists'", ""),
]

DAMAGE: list[tuple[bytes, str, str]] = [
    (claim_bytes(header="Sum"), "'Sum' shown as 'General'", "a.xlsx Claim!B1"),
    (claim_bytes(hidden=False), "is hidden of 'Lists': False", "a.xlsx"),
    (claim_bytes(rule=False), "validations of 'Claim': 0", "a.xlsx"),
    (claim_bytes(code="0.00"), "shown as '0.00'", "a.xlsx Claim!B4"),
]


@pytest.mark.parametrize(("name", "parameters"), PASSING)
def test_a_well_made_workbook_passes(name: str, parameters: Mapping[str, Json]) -> None:
    result = check_files(f"xlsx_layout.{name}", {"a.xlsx": CLAIM}, {"file": "a.xlsx", **parameters})

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(("name", "parameters", "found", "at"), FAILING)
def test_a_badly_made_workbook_fails_where_it_is_bad(
    name: str, parameters: Mapping[str, Json], found: str, at: str
) -> None:
    result = check_files(f"xlsx_layout.{name}", {"a.xlsx": CLAIM}, {"file": "a.xlsx", **parameters})

    assert result.status is Status.FAILED, result
    assert found in (result.found or "")
    assert str(result.at) == f"a.xlsx{at}"


def unchanged(content: bytes) -> tuple[Status, str, str]:
    parameters: dict[str, Json] = {"file": "a.xlsx", "template": {"input": "t.xlsx"}, "allowed": {"Claim": "A2:B3"}}
    result = check_files("xlsx_layout.unchanged_except", {"a.xlsx": content}, parameters, {"t.xlsx": CLAIM})
    return result.status, result.found or "", str(result.at)


def test_a_template_filled_where_it_may_be_is_unchanged() -> None:
    assert unchanged(claim_bytes(amount=99))[0] is Status.PASSED


@pytest.mark.parametrize(("content", "found", "at"), DAMAGE)
def test_damage_to_a_template_is_found(content: bytes, found: str, at: str) -> None:
    status, words, place = unchanged(content)

    assert status is Status.FAILED
    assert found in words
    assert place == at


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"label": "Hotel", "sheet": "Claim"}, Status.PASSED),
        ({"label": "hotel", "sheet": "Claim"}, Status.FAILED),
        ({"label": "Hotel", "sheet": "Lists"}, Status.FAILED),
        ({"label": "Travel", "sheet": "Lists"}, Status.FAILED),
        ({"defined_name": "total"}, Status.FAILED),
        ({"defined_name": "Total"}, Status.ERRORED),
    ],
)
def test_a_value_is_found_by_its_label_or_name(value: dict[str, Json], found: Status) -> None:
    parameters: dict[str, Json] = {"value": {"file": "a.xlsx", **value}, "expected": 90}

    assert check_files("value.equals", {"a.xlsx": CLAIM}, parameters).status is found


def loan_bytes(payment: str = "=Inputs!B1*Inputs!B2/12") -> bytes:
    return book_bytes_of({"Inputs": [["Rate", 0.06], ["Principal", 1200]], "Plan": [["Interest", payment]]})


def book_bytes_of(sheets: Mapping[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book_bytes(book)


PERTURB: dict[str, Json] = {"file": "a.xlsx", "set": {"Inputs!<Rate>": 0.07}, "rises": ["Plan!<Interest>"]}


@with_office
@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "parameters", "status", "found"),
    [
        (loan_bytes(), {}, Status.PASSED, "1 cells"),
        (loan_bytes(), {"rises": [], "falls": ["Plan!B1"]}, Status.FAILED, "6 to 7"),
        (loan_bytes("=0.06*Inputs!B2/12"), {}, Status.FAILED, "6 to 6"),
        (loan_bytes("=0.06*Inputs!B2/12"), {"rises": [], "stays": ["Plan!B1"]}, Status.PASSED, "1 cells"),
    ],
)
def test_a_model_is_live_when_its_outputs_move_with_its_inputs(
    content: bytes, parameters: Mapping[str, Json], status: Status, found: str
) -> None:
    result = check_files("xlsx_workbook.perturb", {"a.xlsx": content}, {**PERTURB, **parameters}, calculates=True)

    assert (result.status, result.found) == (status, found)
    assert (result.engine or "").startswith("LibreOffice ")


@with_office
@pytest.mark.slow
def test_a_formula_without_a_stored_value_is_calculated() -> None:
    parameters: dict[str, Json] = {"file": "a.xlsx", "sheet": "Plan", "cell": "B1", "expected": 6}

    result = check_files("xlsx_workbook.cell", {"a.xlsx": loan_bytes()}, parameters, calculates=True)

    assert result.status is Status.PASSED, result
    assert (result.engine or "").startswith("LibreOffice ")


@pytest.mark.parametrize("name", ["perturb", "stored_values_hold"])
def test_without_a_program_that_calculates_nothing_is_decided(name: str) -> None:
    parameters = PERTURB if name == "perturb" else {"file": "a.xlsx"}

    result = check_files(f"xlsx_workbook.{name}", {"a.xlsx": loan_bytes()}, parameters)

    assert result.status is Status.ERRORED
    assert "not computed" in (result.found or "")


def test_an_input_that_is_a_formula_cannot_be_perturbed() -> None:
    parameters: dict[str, Json] = {**PERTURB, "set": {"Plan!B1": 1}, "rises": ["Inputs!B1"]}

    result = check_files("xlsx_workbook.perturb", {"a.xlsx": loan_bytes()}, parameters)

    assert result.status is Status.FAILED
    assert str(result.at) == "a.xlsx Plan!B1"


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"sheet": "Plan", "numbers": [0.07]}, Status.PASSED),
        ({"sheet": "Plan", "numbers": [0.06, 5]}, Status.FAILED),
        ({"sheet": "Plan", "numbers": [0.06], "range": "C1"}, Status.FAILED),
        ({"sheet": "Inputs", "numbers": [0.06]}, Status.FAILED),
    ],
)
def test_a_number_typed_into_a_formula_is_found(parameters: Mapping[str, Json], status: Status) -> None:
    files = {"a.xlsx": loan_bytes("=0.06*Inputs!B2/12")}

    result = check_files("xlsx_workbook.no_typed_numbers", files, {"file": "a.xlsx", **parameters})

    assert result.status is status, result


@pytest.mark.parametrize(
    ("rows", "status"), [([[True], [True]], Status.PASSED), ([[True], [False]], Status.FAILED), ([[1]], Status.FAILED)]
)
def test_every_test_on_a_sheet_is_true(rows: list[list[object]], status: Status) -> None:
    result = check_files(
        "xlsx_workbook.all_true", {"a.xlsx": book_bytes_of({"Checks": rows})}, {"file": "a.xlsx", "sheet": "Checks"}
    )

    assert result.status is status


@pytest.mark.parametrize(
    ("refer_to", "status"), [(["Inputs"], Status.PASSED), (["Other"], Status.FAILED), ([], Status.PASSED)]
)
def test_formulas_refer_to_the_sheet_they_should(refer_to: Json, status: Status) -> None:
    parameters: dict[str, Json] = {"file": "a.xlsx", "sheet": "Plan", "range": "B1", "refer_to": refer_to}

    assert check_files("xlsx_workbook.formulas_present", {"a.xlsx": loan_bytes()}, parameters).status is status


def test_a_formula_is_taken_apart() -> None:
    formula = "=IF('My ''Data'!A1>0.5,SUM(Sheet2!B1:B9)*-12,\"7 x!\")"

    assert numbers_in(formula) == {Decimal("0.5"), Decimal(12)}
    assert sheets_in(formula) == {"My 'Data", "Sheet2"}


@pytest.mark.parametrize(
    ("code", "kind", "decimals"),
    [
        ("General", "general", None),
        ("0.00%", "percent", 2),
        ('#,##0.0 "items";(#,##0.0)', "number", 1),
        ("yyyy-mm-dd", "date", None),
        ("@", "text", None),
        ("[$€-407] #,##0", "number", 0),
    ],
)
def test_a_number_format_says_how_it_shows(code: str, kind: str, decimals: int | None) -> None:
    shown = describe_format(code)

    assert (shown.kind, shown.decimals) == (kind, decimals)
