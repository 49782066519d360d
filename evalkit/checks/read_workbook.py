"""A workbook as values: for every cell that exists, its stored value and its formula.

openpyxl is asked twice, once for formulas and once for the values a spreadsheet program stored with them; it calculates
nothing, and `recalculate` says who does. Why not pandas or calamine: both turn an error cell into a blank one.
"""

import re
import warnings
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

from evalkit.checks.adapters import MAX_COLUMN, MAX_ROW, Address, CellRange, Table, column_letters
from evalkit.checks.cell import Cell, NotComputed, NoValue, describe, is_blank
from evalkit.checks.evidence import quoted
from evalkit.checks.foreign import reading_as, refuse_ole
from evalkit.checks.inspection import inspect_zip
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

_TEXT_IN_FORMULA = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class SheetCell:
    """One cell that exists in a sheet."""

    value: Cell
    """As stored; `NotComputed` for a formula without a stored value."""
    formula: str | None
    """With its equals sign; None for a cell that is not computed. Cells filled by an array formula have its formula."""
    number_format: str = "General"

    @property
    def error(self) -> str | None:
        """The error the cell shows or, not being computed, must show: `#DIV/0!`, `#REF!`…; None where there is none."""
        if isinstance(self.value, NoValue):
            return self.value.why
        if self.formula is not None and "#REF!" in _TEXT_IN_FORMULA.sub("", self.formula):
            return "#REF!"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetChart:
    """A native chart on a sheet."""

    kind: str
    """`column`, `bar`, `line`, `pie`, `area`, `scatter`…"""
    references: tuple[str, ...]
    """Where the numbers of its series stand, as in `Summary!$C$2:$C$6`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFeatures:
    """What a sheet has beside its cells."""

    is_hidden: bool = False
    frozen_rows: int = 0
    frozen_columns: int = 0
    tables: tuple[tuple[str, str], ...] = ()
    """Name and range of each Excel table."""
    charts: tuple[SheetChart, ...] = ()
    validations: int = 0
    """Rules that bound what may be typed."""
    conditional_formats: int = 0
    print_area: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One worksheet. `cells` is keyed by 1-based (row, column) and holds the cells that exist, in reading order."""

    name: str
    cells: Mapping[tuple[int, int], SheetCell]
    features: SheetFeatures = SheetFeatures()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """A delivered workbook."""

    file: str
    sheet_names: tuple[str, ...]
    """In tab order; chart sheets included."""
    sheets: tuple[Sheet, ...]
    """The worksheets among them, in tab order."""
    defined_names: Mapping[str, str] = field(default_factory=dict)
    """Each name of the whole workbook with what it stands for, as in `Model!$B$4`."""
    has_macros: bool = False
    has_external_links: bool = False
    engine: str | None = None
    """The program, with version, that the values of formulas come from; None where they are as stored."""

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


def parse_workbook(content: bytes, name: str) -> Workbook:
    """The workbook that `content` holds, read once for its formulas and once for its stored values.

    Raises:
        BadDeliverableError: unsafe, encrypted, in the old binary format, or not readable as a workbook.
    """
    refuse_ole(content, name, "an .xlsx workbook")
    inspect_zip(content, name)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = archive.namelist()
    formulas, values = _load(content, name, data_only=False), _load(content, name, data_only=True)
    sheets = tuple(
        Sheet(name=sheet.title, cells=_cells(sheet, values[sheet.title]), features=_features(sheet))
        for sheet in formulas.worksheets
    )
    return Workbook(
        file=name,
        sheet_names=tuple(formulas.sheetnames),
        sheets=sheets,
        defined_names={key: str(entry.attr_text) for key, entry in formulas.defined_names.items()},
        has_macros=any(member.endswith("vbaProject.bin") for member in members),
        has_external_links=any(member.startswith("xl/externalLinks/") for member in members),
    )


def labelled_cell(workbook: Workbook, sheet_name: str | None, label: str) -> tuple[Sheet, tuple[int, int]]:
    """The sheet and place of the value beside the one cell that says `label`: the next to its right, else below it.

    A colon behind the label does not count.

    Raises:
        BadDeliverableError: no cell says so, or several, or nothing stands beside it.
    """
    sheet = workbook.sheet(sheet_name)
    texts = {
        place: cell.value.strip().removesuffix(":")
        for place, cell in sheet.cells.items()
        if isinstance(cell.value, str)
    }
    places = [place for place, text in texts.items() if text == label]
    if len(places) != 1:
        found = f"{len(places)} cells" if places else f"no cell{near_miss(label, tuple(texts.values()))}"
        at = Place(file=workbook.file, sheet=sheet.name)
        raise BadDeliverableError(found, wanted=f"one cell that says {quoted(label)}", at=at)
    row, column = places[0]
    right = [
        place for place, cell in sheet.cells.items() if place[0] == row and place[1] > column and not _is_bare(cell)
    ]
    below = (row + 1, column)
    if right:
        return sheet, min(right)
    if below in sheet.cells and not _is_bare(sheet.cells[below]):
        return sheet, below
    at = workbook.place(sheet.name, row, column)
    raise BadDeliverableError("nothing beside the label", wanted=f"a value of {quoted(label)}", at=at)


def defined_cell(workbook: Workbook, name: str) -> tuple[Sheet, tuple[int, int]]:
    """The sheet and place of the one cell that the workbook calls `name`.

    Raises:
        BadDeliverableError: there is no such name, or it stands for something else than one cell.
    """
    target = workbook.defined_names.get(name)
    wanted = f"the name {quoted(name)} for one cell"
    if target is None:
        found = f"no name {quoted(name)}{near_miss(name, tuple(workbook.defined_names))}"
        raise BadDeliverableError(found, wanted=wanted, at=Place(file=workbook.file))
    sheet_name, _, address = target.rpartition("!")
    try:
        cell = Address.from_text(address)
    except ParameterError as error:
        raise BadDeliverableError(
            f"it stands for {quoted(target)}", wanted=wanted, at=Place(file=workbook.file)
        ) from error
    return workbook.sheet(sheet_name.strip("'").replace("''", "'")), (cell.row, cell.column)


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


def _is_bare(cell: SheetCell) -> bool:
    return is_blank(cell.value) and cell.formula is None


def _load(content: bytes, name: str, *, data_only: bool) -> "OpenpyxlWorkbook":
    from openpyxl import load_workbook  # noqa: PLC0415 - 0.3 s of CPU that only workbook checks should pay

    with warnings.catch_warnings(), reading_as("an .xlsx workbook", name):
        # openpyxl warns of features it would not write back; nothing is written here.
        warnings.simplefilter("ignore")
        return load_workbook(BytesIO(content), data_only=data_only, keep_links=False)


def _features(sheet: "Worksheet") -> SheetFeatures:
    row, column = 1, 1
    if sheet.freeze_panes is not None:
        with suppress(ParameterError):
            corner = Address.from_text(str(sheet.freeze_panes))
            row, column = corner.row, corner.column
    return SheetFeatures(
        is_hidden=sheet.sheet_state != "visible",
        frozen_rows=row - 1,
        frozen_columns=column - 1,
        tables=tuple((str(table.displayName), str(table.ref)) for table in sheet.tables.values()),
        charts=tuple(_chart(chart) for chart in getattr(sheet, "_charts", ())),
        validations=len(sheet.data_validations.dataValidation),
        conditional_formats=len(list(sheet.conditional_formatting)),
        print_area=str(sheet.print_area or ""),
    )


def _chart(chart: object) -> SheetChart:
    """The chart with its kind: the file calls every bar chart `barChart`; one that stands upright is a column chart."""
    tag = str(getattr(chart, "tagname", "")).removesuffix("Chart").removesuffix("3D")
    kind = "column" if tag == "bar" and getattr(chart, "type", "") == "col" else tag
    references: list[str] = []
    for series in getattr(chart, "ser", ()):
        values = getattr(series, "val", None) or getattr(series, "yVal", None)
        reference = getattr(getattr(values, "numRef", None), "f", None)
        references += [str(reference)] if reference else []
    return SheetChart(kind=kind, references=tuple(references))


def _cells(formulas: "Worksheet", values: "Worksheet") -> dict[tuple[int, int], SheetCell]:
    arrays: list[tuple[CellRange, str]] = []
    cells: dict[tuple[int, int], SheetCell] = {}
    # `_cells` holds the cells that exist. Every public way to iterate visits the declared rectangle.
    for place, cell in sorted(formulas._cells.items()):  # noqa: SLF001
        formula = _formula_of(cell)
        if formula is not None and (reference := getattr(cell.value, "ref", None)):
            arrays.append((_array_range(reference, formulas.title), formula))
        cells[place] = SheetCell(
            value=_value_of(values._cells.get(place), formula),  # noqa: SLF001 - the library has no public word for it
            formula=formula,
            number_format=str(cell.number_format),
        )
    for area, formula in arrays:
        if area.size == 1:
            continue
        for place, existing in cells.items():
            if area.holds(*place) and existing.formula is None:
                cells[place] = replace(existing, formula=formula)
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
