"""One sheet of a workbook, written row by row: real numbers and dates, inert text, a frozen header, a filter.

Sheets are written as a stream, so that ten thousand trials fit into memory; what stands above the rows is set first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias, cast

from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell as OpenpyxlCell
from openpyxl.formatting.rule import CellIsRule, FormulaRule
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from evalkit.report.facts import Kind, Value
from evalkit.report.spreadsheet_text import inert

_FORMATS = {
    Kind.COUNT: "#,##0",
    Kind.NUMBER: "0.000",
    Kind.SECONDS: "#,##0.0",
    Kind.USD: "#,##0.0000",
    Kind.TIME: "yyyy-mm-dd hh:mm:ss",
}
_WIDTHS = {Kind.TEXT: 24, Kind.TIME: 20}
_GOOD = PatternFill(bgColor="C6EFCE")
_BAD = PatternFill(bgColor="FFC7CE")
_OPEN = PatternFill(bgColor="FFEB9C")
_SHADES = ((_GOOD, ("ok", "passed", "met", "both yes", "satisfied")), (_BAD, ("not ok", "failed", "not_met")))
_OPEN_WORDS = ("partly", "check error", "unmeasured", "errored", "false satisfied", "changed")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that we wrote, with its equals sign. No other text becomes one."""

    text: str


Written: TypeAlias = Value | Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Where the values of one column stand."""

    sheet: str
    column: str
    first: int
    last: int
    """At least `first`: a column without rows has one empty cell, so that formulas hold."""

    def __str__(self) -> str:
        return f"'{self.sheet}'!${self.column}${self.first}:${self.column}${self.last}"


def write_sheet(
    book: Workbook,
    title: str,
    columns: Sequence[tuple[str, Kind]],
    rows: Iterable[Sequence[Written]],
    *,
    filtered: int | None = None,
) -> dict[str, Range]:
    """A new sheet with a header and `rows`; the ranges of its columns by header.

    The first `filtered` rows are the ones that ranges and the filter cover, all where None; totals stand below them.
    """
    rows = list(rows)
    covered = len(rows) if filtered is None else filtered
    last = max(2, covered + 1)
    sheet = new_sheet(book, title)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{last}"
    for index, (_, kind) in enumerate(columns, 1):
        letter = get_column_letter(index)
        sheet.column_dimensions[letter].width = _WIDTHS.get(kind, 13)
        _shade(sheet, f"{letter}2:{letter}{last}", kind)
    bold = Font(bold=True)
    header = [WriteOnlyCell(sheet, value=inert(name)) for name, _ in columns]
    for cell in header:
        cell.font = bold
    sheet.append(header)
    # A written row needs its cells no more: one formatted cell a column serves all rows, which halves the time.
    formatted = [_formatted_cell(sheet, kind) for _, kind in columns]
    for row in rows:
        sheet.append([_filled(cell, value) for value, cell in zip(row, formatted, strict=True)])
    return {
        name: Range(sheet=title, column=get_column_letter(index), first=2, last=last)
        for index, (name, _) in enumerate(columns, 1)
    }


def new_sheet(book: Workbook, title: str) -> Worksheet:
    """A new last sheet of `book`, which is write-only: it takes a worksheet's rows, widths, rules and charts."""
    return cast("Worksheet", book.create_sheet(title))


def _formatted_cell(sheet: Worksheet, kind: Kind) -> OpenpyxlCell | None:
    """An empty cell with the number format of `kind`; None where it has none."""
    if kind not in _FORMATS:
        return None
    cell = WriteOnlyCell(sheet)
    cell.number_format = _FORMATS[kind]
    return cell


def _filled(cell: OpenpyxlCell | None, value: Written) -> object:
    """What openpyxl appends for `value`: nothing for what is not known, `cell` for what has a number format."""
    match value:
        case None | bool():
            return value
        case str():
            return inert(value)
        case Formula():
            shown: str | float | datetime = value.text
        case datetime():
            shown = value.astimezone(UTC).replace(tzinfo=None)  # a spreadsheet knows no time zones
        case Decimal():
            shown = float(value)  # what a spreadsheet calculates with: exact to the cent far beyond any bill
        case _:
            shown = value
    if cell is None:
        return shown
    cell.value = shown
    return cell


def _shade(sheet: Worksheet, cells: str, kind: Kind) -> None:
    """Colours for the words and flags that say how it went; what a cell says never depends on them."""
    first = cells.split(":", maxsplit=1)[0]
    rules = sheet.conditional_formatting
    if kind is Kind.FLAG:
        # An empty cell equals FALSE in a spreadsheet, and empty is "not known" here.
        rules.add(cells, FormulaRule(formula=[f"AND(ISLOGICAL({first}),{first})"], fill=_GOOD))  # type: ignore[no-untyped-call]
        rules.add(cells, FormulaRule(formula=[f"AND(ISLOGICAL({first}),NOT({first}))"], fill=_BAD))  # type: ignore[no-untyped-call]
    elif kind is Kind.TEXT:
        for fill, words in (*_SHADES, (_OPEN, _OPEN_WORDS)):
            for word in words:
                rules.add(cells, CellIsRule(operator="equal", formula=[f'"{word}"'], fill=fill))  # type: ignore[no-untyped-call]
