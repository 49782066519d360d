"""Checks of how a workbook is made: formats, frozen headers, charts, tables, names, hidden sheets, a template kept."""

from collections.abc import Mapping
from typing import Annotated, Literal

from evalkit.checks.adapters import CellRange, WorkbookFile
from evalkit.checks.cell import describe, is_blank
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import listed, quoted
from evalkit.checks.formula import describe_format
from evalkit.checks.problems import NotMeasuredError, ParameterError
from evalkit.checks.quantity import AtLeast
from evalkit.checks.read_workbook import SheetCell, Workbook, cells_in, parse_workbook
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import near_miss
from evalkit.checks.table import Count, Names


@check(version=1)
def number_format(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    file: WorkbookFile,
    sheet: str,
    range: CellRange,  # noqa: A002 - the word that suites use
    decimals: Count | None = None,
    kind: Literal["number", "percent", "date", "text", "general"] | None = None,
    code: str | None = None,
) -> Finding:
    """Every filled cell of `range` is shown with so many `decimals`, as `kind`, or by exactly the format `code`.

    {check: xlsx_layout.number_format, with: {file: loan.xlsx, sheet: Schedule, range: "C2:H61", decimals: 2}}
    """
    if decimals is None and kind is None and code is None:
        raise NotMeasuredError("no format is asked for; write 'decimals', 'kind' or 'code'")
    workbook = on.parsed(file, parse_workbook)
    wanted = ", ".join(
        part for part in (f"{decimals} decimals" if decimals is not None else "", kind or "", code or "") if part
    )
    shown = [(place, cell) for place, cell in cells_in(workbook.sheet(sheet), range) if cell is not None]
    filled = [(place, cell) for place, cell in shown if not is_blank(cell.value)]
    for place, cell in filled:
        form = describe_format(cell.number_format)
        fits_kind = kind is None or form.kind == kind
        fits_decimals = decimals is None or form.decimals == decimals
        if not fits_kind or not fits_decimals or code not in {None, cell.number_format}:
            found, at = f"the format {quoted(cell.number_format)}", workbook.place(sheet, *place)
            return on.failed(found, wanted=wanted, at=at)
    if not filled:
        return on.failed("blank cells", wanted="cells with values", at=on.place(file, sheet=sheet))
    return on.passed(f"{len(filled)} cells")


@check(version=1)
def frozen_header(on: Check, *, file: WorkbookFile, sheet: str, rows: Count = 1, columns: Count = 0) -> Finding:
    """The first `rows` (1 unless told) and `columns` of the sheet stay in view when it is scrolled.

    {check: xlsx_layout.frozen_header, with: {file: sales.xlsx, sheet: Data, rows: 1}}
    """
    features = on.parsed(file, parse_workbook).sheet(sheet).features
    if (features.frozen_rows, features.frozen_columns) != (rows, columns):
        found = f"{features.frozen_rows} rows and {features.frozen_columns} columns frozen"
        return on.failed(found, wanted=f"{rows} rows and {columns} columns", at=on.place(file, sheet=sheet))
    return on.passed()


@check(version=1)
def charts(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    file: WorkbookFile,
    sheet: str,
    at_least: Count = 1,
    at_most: Count | None = None,
    kinds: tuple[Literal["column", "bar", "line", "pie", "area", "scatter", "doughnut", "radar"], ...] = (),
    values_in: str | None = None,
) -> Finding:
    """The sheet has so many native charts, each of one of `kinds` and with a series whose numbers stand in `values_in`.

    There are `at_least` (1 unless told) and `at_most` so many.

    {check: xlsx_layout.charts, with: {file: sales.xlsx, sheet: Summary, kinds: [column], values_in: "$C$2:$C$6"}}
    """
    found = on.parsed(file, parse_workbook).sheet(sheet).features.charts
    at = on.place(file, sheet=sheet)
    for chart in found:
        if kinds and chart.kind not in kinds:
            return on.failed(f"a {chart.kind} chart", wanted=f"charts of {listed(kinds)}", at=at)
        if values_in is not None and not any(reference.endswith(values_in) for reference in chart.references):
            return on.failed(f"a chart of {listed(chart.references)}", wanted=f"a chart of {quoted(values_in)}", at=at)
    return on.counted(len(found), at_least, at_most, "native charts", at=at)


@check(version=1)
def excel_tables(on: Check, *, file: WorkbookFile, sheet: str, names: Names) -> Finding:
    """The sheet has Excel tables (with filters and a name) called `names`.

    {check: xlsx_layout.excel_tables, with: {file: sales.xlsx, sheet: Data, names: [Orders]}}
    """
    present = [name for name, _ in on.parsed(file, parse_workbook).sheet(sheet).features.tables]
    missing = [name for name in names if name not in present]
    if missing:
        found = f"no table {quoted(missing[0])}{near_miss(missing[0], present)}"
        return on.failed(found, wanted=listed(names), at=on.place(file, sheet=sheet))
    return on.passed(listed(present))


@check(version=1)
def defined_names(on: Check, *, file: WorkbookFile, refers_to: Annotated[Mapping[str, str], AtLeast(1)]) -> Finding:
    """The workbook has each name, for exactly these cells; dollar signs do not count.

    {check: xlsx_layout.defined_names, with: {file: claim.xlsx, refers_to: {ExpenseTotal: "Claim!$E$42"}}}
    """
    present = on.parsed(file, parse_workbook).defined_names
    for name, target in refers_to.items():
        if name not in present:
            found = f"no name {quoted(name)}{near_miss(name, tuple(present))}"
            return on.failed(found, wanted=f"{name} for {target}", at=on.place(file))
        if present[name].replace("$", "") != target.replace("$", ""):
            return on.failed(f"{name} for {quoted(present[name])}", wanted=f"{name} for {target}", at=on.place(file))
    return on.passed(listed(present))


@check(version=1)
def hidden_sheets(on: Check, *, file: WorkbookFile, names: tuple[str, ...] = ()) -> Finding:
    """Hidden are the sheets `names`, none unless told, and no others.

    {check: xlsx_layout.hidden_sheets, with: {file: claim.xlsx, names: [Lists]}}
    """
    hidden = [sheet.name for sheet in on.parsed(file, parse_workbook).sheets if sheet.features.is_hidden]
    if {*hidden} != {*names}:
        wanted = f"hidden: {listed(names)}" if names else "no hidden sheet"
        return on.failed(f"hidden: {listed(hidden)}" if hidden else "none hidden", wanted=wanted, at=on.place(file))
    return on.passed()


@check(version=1)
def self_contained(on: Check, *, file: WorkbookFile) -> Finding:
    """The workbook has no macros and no links to other workbooks.

    {check: xlsx_layout.self_contained, with: {file: dcf.xlsx}}
    """
    workbook = on.parsed(file, parse_workbook)
    found = [
        words
        for words, there in (("macros", workbook.has_macros), ("external links", workbook.has_external_links))
        if there
    ]
    if found:
        return on.failed(" and ".join(found), wanted="neither macros nor external links", at=on.place(file))
    return on.passed()


@check(version=1)
def unchanged_except(
    on: Check, *, file: WorkbookFile, template: WorkbookFile, allowed: Annotated[Mapping[str, CellRange], AtLeast(1)]
) -> Finding:
    """Outside the `allowed` range of each sheet, the workbook is as `template`, an input.

    That is: the same sheets, hidden or not; the same typed values, formulas and number formats; as many rules for what
    may be typed and for conditional formats; the same names and print areas.

    {check: xlsx_layout.unchanged_except, with: {file: a.xlsx, template: {input: t.xlsx}, allowed: {Claim: "A8:E40"}}}
    """
    if template.input is None:
        raise NotMeasuredError("'template' is what the agent was given; write {input: name}")
    before, after = on.parsed(template, parse_workbook), on.parsed(file, parse_workbook)
    unknown = [name for name in allowed if name not in before.sheet_names]
    if unknown:
        raise ParameterError((f"the template has no sheet {unknown[0]!r}; correct 'allowed'",))
    for what, old, new in _facts(before, after):
        if old != new:
            return on.failed(f"{what}: {new}", wanted=f"{what}: {old}", at=on.place(file))
    compared = 0
    for sheet in before.sheets:
        area, cells = allowed.get(sheet.name), after.sheet(sheet.name).cells
        for place in sorted({*sheet.cells, *cells}):
            if area is not None and area.holds(*place):
                continue
            compared += 1
            old_words, new_words = _said(sheet.cells.get(place)), _said(cells.get(place))
            if old_words != new_words:
                return on.failed(new_words, wanted=old_words, at=after.place(sheet.name, *place))
    return on.passed(f"{compared} cells")


def _facts(before: Workbook, after: Workbook) -> list[tuple[str, object, object]]:
    """What both workbooks say of themselves, beside their cells."""
    facts: list[tuple[str, object, object]] = [
        ("sheets", before.sheet_names, after.sheet_names),
        ("names", dict(before.defined_names), dict(after.defined_names)),
    ]
    for sheet in before.sheets:
        others = [other.features for other in after.sheets if other.name == sheet.name]
        for name in ("is_hidden", "validations", "conditional_formats", "print_area", "tables"):
            new = getattr(others[0], name) if others else None
            facts.append((f"{name.replace('_', ' ')} of {quoted(sheet.name)}", getattr(sheet.features, name), new))
    return facts


def _said(cell: SheetCell | None) -> str:
    """What its author put into the cell: a formula as it is, whatever value a program stored with it."""
    if cell is None or (is_blank(cell.value) and cell.formula is None):
        return "blank"
    return (
        f"{quoted(cell.formula) if cell.formula is not None else describe(cell.value)} shown as {cell.number_format!r}"
    )
