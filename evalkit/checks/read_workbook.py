"""A workbook as values: for every cell that exists, its stored value and its formula.

openpyxl is asked twice, once for formulas and once for the values a spreadsheet program stored with them; it calculates
nothing. Why not pandas or calamine: both turn an error cell into a blank one.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.checks.adapters import MAX_COLUMN, MAX_ROW, CellRange, Table, column_letters
from evalkit.checks.cell import Cell, NotComputed, NoValue, describe, is_blank
from evalkit.checks.evidence import one_line, quoted
from evalkit.checks.inspection import inspect_zip, read_bytes
from evalkit.checks.problems import BadDeliverableError, ParameterError
from evalkit.checks.quantity import decimal_of
from evalkit.checks.result import Place
from evalkit.checks.rows import Rows, near_miss, refuse_repeated

if TYPE_CHECKING:
    # Imported by `read_workbook` alone: it costs more than all other checks together.
    from openpyxl.cell.cell import Cell as OpenpyxlCell
    from openpyxl.cell.cell import MergedCell
    from openpyxl.workbook import Workbook as OpenpyxlWorkbook
    from openpyxl.worksheet.worksheet import Worksheet

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Begins a password-protected or an old binary Office file. Source: MS-CFB 2.2."""

_TEXT_IN_FORMULA = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class SheetCell:
    """One cell that exists in a sheet."""

    value: Cell
    """As stored; `NotComputed` for a formula without a stored value."""
    formula: str | None
    """With its equals sign; None for a cell that is not computed. Cells filled by an array formula have its formula."""

    @property
    def error(self) -> str | None:
        """The error the cell shows or, not being computed, must show: `#DIV/0!`, `#REF!`…; None where there is none."""
        if isinstance(self.value, NoValue):
            return self.value.why
        if self.formula is not None and "#REF!" in _TEXT_IN_FORMULA.sub("", self.formula):
            return "#REF!"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One worksheet. `cells` is keyed by 1-based (row, column) and holds the cells that exist, in reading order."""

    name: str
    cells: Mapping[tuple[int, int], SheetCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """A delivered workbook."""

    file: str
    sheet_names: tuple[str, ...]
    """In tab order; chart sheets included."""
    sheets: tuple[Sheet, ...]
    """The worksheets among them, in tab order."""

    def sheet(self, name: str | None) -> Sheet:
        """The worksheet called `name`, or the first for None.

        Raises:
            BadDeliverableError: there is none.
        """
        for sheet in self.sheets:
            if name is None or sheet.name == name:
                return sheet
        wanted = "a worksheet" if name is None else f"the sheet {quoted(name)}"
        hint = "" if name is None else near_miss(name, self.sheet_names)
        raise BadDeliverableError(f"no such sheet{hint}", wanted=wanted, at=Place(file=self.file))

    def place(self, sheet: str, row: int, column: int) -> Place:
        return Place(file=self.file, sheet=sheet, cell=f"{column_letters(column)}{row}")


def read_workbook(path: Path, name: str) -> Workbook:
    """The workbook at `path`, read once for its formulas and once for its stored values.

    Raises:
        BadDeliverableError: missing, unsafe, encrypted, in the old binary format, or not readable as a workbook.
    """
    content = read_bytes(path, name)
    if content.startswith(_OLE):
        found = "encrypted, or in the old binary format"
        raise BadDeliverableError(found, wanted="an .xlsx workbook without a password", at=Place(file=name))
    inspect_zip(path, name)
    formulas, values = _load(content, name, data_only=False), _load(content, name, data_only=True)
    sheets = tuple(Sheet(name=sheet.title, cells=_cells(sheet, values[sheet.title])) for sheet in formulas.worksheets)
    return Workbook(file=name, sheet_names=tuple(formulas.sheetnames), sheets=sheets)


def rows_of_sheet(workbook: Workbook, table: Table) -> Rows:
    """The table on a sheet: columns are the non-blank cells of the header row, rows are those with a value under them.

    Only cells that exist are visited: a lone cell at XFD1048576 costs one cell, not seventeen thousand million.

    Raises:
        BadDeliverableError: no such sheet, no header, or a repeated column name.
    """
    sheet = workbook.sheet(table.sheet)
    area = table.range or CellRange(1, 1, MAX_ROW, MAX_COLUMN)
    header_row = area.top + table.header_row - 1
    grid: dict[int, dict[int, Cell]] = {}
    for (row, column), cell in sheet.cells.items():
        if area.holds(row, column) and row >= header_row and not is_blank(cell.value):
            grid.setdefault(row, {})[column] = cell.value
    headed = sorted(grid.pop(header_row, {}).items())
    at = Place(file=workbook.file, sheet=sheet.name, cell=f"{column_letters(area.left)}{header_row}")
    if not headed:
        raise BadDeliverableError("no header", wanted=f"column names in row {header_row}", at=at)
    header = tuple(title if isinstance(title, str) else describe(title) for _, title in headed)
    refuse_repeated(header, at)
    columns = [column for column, _ in headed]
    numbers = [row for row in sorted(grid) if any(column in grid[row] for column in columns)]

    def place_of(row: int | None, name: str | None) -> Place:
        column = area.left if name is None else columns[header.index(name)]
        return workbook.place(sheet.name, header_row if row is None else numbers[row], column)

    rows = [tuple(grid[row].get(column) for column in columns) for row in numbers]
    return Rows(header=header, rows=rows, untyped=False, place_of=place_of)


def cells_in(sheet: Sheet, area: CellRange) -> list[tuple[tuple[int, int], SheetCell | None]]:
    """Every place of `area` in reading order, with its cell where there is one.

    Raises:
        ParameterError: `area` has more than a million places, which no suite means.
    """
    if area.size > 1_000_000:
        raise ParameterError((f"a range of {area.size} cells; name the cells that count",))
    places = ((row, column) for row in range(area.top, area.bottom + 1) for column in range(area.left, area.right + 1))
    return [(place, sheet.cells.get(place)) for place in places]


def _load(content: bytes, name: str, *, data_only: bool) -> "OpenpyxlWorkbook":
    from openpyxl import load_workbook  # noqa: PLC0415 - 0.3 s of CPU that only workbook checks should pay

    with warnings.catch_warnings():
        # openpyxl warns of features it would not write back; nothing is written here.
        warnings.simplefilter("ignore")
        try:
            return load_workbook(BytesIO(content), data_only=data_only, keep_links=False)
        except MemoryError:
            raise  # a limit of ours, not a fault of the file
        except Exception as error:
            # Seven kinds of exception were seen on damaged files; each means that the file cannot be read.
            found = f"not readable as a workbook: {type(error).__name__}: {one_line(str(error), 120)}"
            raise BadDeliverableError(found, wanted="a readable .xlsx workbook", at=Place(file=name)) from error


def _cells(formulas: "Worksheet", values: "Worksheet") -> dict[tuple[int, int], SheetCell]:
    arrays: list[tuple[CellRange, str]] = []
    cells: dict[tuple[int, int], SheetCell] = {}
    # `_cells` holds the cells that exist. Every public way to iterate visits the declared rectangle.
    for place, cell in sorted(formulas._cells.items()):  # noqa: SLF001
        formula = _formula_of(cell)
        if formula is not None and (reference := getattr(cell.value, "ref", None)):
            arrays.append((_array_range(reference, formulas.title), formula))
        cells[place] = SheetCell(value=_value_of(values._cells.get(place), formula), formula=formula)  # noqa: SLF001
    for area, formula in arrays:
        if area.size == 1:
            continue
        for place, existing in cells.items():
            if area.holds(*place) and existing.formula is None:
                cells[place] = SheetCell(value=existing.value, formula=formula)
    return cells


def _array_range(reference: object, sheet: str) -> CellRange:
    try:
        return CellRange.from_text(str(reference))
    except ParameterError as error:
        found = f"an array formula over {quoted(str(reference))}"
        raise BadDeliverableError(found, wanted="array formulas over ranges", at=Place(file=sheet)) from error


def _formula_of(cell: "OpenpyxlCell | MergedCell") -> str | None:
    if cell.data_type != "f":
        return None
    content = cell.value
    text = content if isinstance(content, str) else getattr(content, "text", None) or "={TABLE}"
    return text if isinstance(text, str) else "="


def _value_of(cell: "OpenpyxlCell | MergedCell | None", formula: str | None) -> Cell:
    value = None if cell is None else cell.value
    if value is None:
        # A program that computed empty text stores the type `str` without a value: that is blank, not "not computed".
        is_empty_text = cell is not None and cell.data_type == "str"
        return None if formula is None or is_empty_text else NotComputed(formula)
    if cell is not None and cell.data_type == "e":
        return NoValue(str(value))
    if isinstance(value, bool | str | date | time | timedelta):
        return value
    if isinstance(value, int | float):
        number = decimal_of(value)
        return NoValue(f"the number {value}") if number is None else number
    return NoValue(f"a {type(value).__name__}")
