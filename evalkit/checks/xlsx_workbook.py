"""Checks of .xlsx workbooks: sheets, error cells, formulas, cells. Tables on a sheet are for `table.*`.

Values are those that a spreadsheet program stored; nothing is calculated here. A formula without a stored value makes a
check that needs the value *errored: not computed*, never passed.
"""

from decimal import Decimal
from typing import Annotated

from evalkit.checks.adapters import Address, CellRange, File, Value
from evalkit.checks.cell import NotComputed, Scalar, describe
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.quantity import AtLeast, NumberFormat, Tolerance
from evalkit.checks.read_workbook import cells_in
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import near_miss
from evalkit.checks.table import Amount, Names
from evalkit.checks.value import judge_value

_ZERO = Decimal(0)


@check(version=1)
def sheets(on: Check, *, file: File, names: Names, exact: bool = False, ordered: bool = False) -> Finding:
    """The workbook has the sheets `names`; with `exact` no others, with `ordered` in this order.

    {check: xlsx_workbook.sheets, with: {file: loan.xlsx, names: [Assumptions, Schedule], exact: true}}
    """
    present = on.workbook(file).sheet_names
    how = ("exactly " if exact else "") + listed(names, 20) + (" in this order" if ordered else "")
    missing = [name for name in names if name not in present]
    if missing:
        found = and_more(f"no sheet {quoted(missing[0])}", len(missing)) + near_miss(missing[0], present)
        return on.failed(found, wanted=how, at=on.place(file))
    extra = [name for name in present if name not in names]
    if exact and extra:
        return on.failed(f"also {listed(extra)}", wanted=how, at=on.place(file))
    if ordered and [name for name in present if name in names] != list(names):
        return on.failed(listed(present, 20), wanted=how, at=on.place(file))
    return on.passed(listed(present, 20))


@check(version=1)
def no_error_cells(on: Check, *, file: File, sheets: tuple[str, ...] = ()) -> Finding:
    """No cell of `sheets`, or of any sheet, shows an error such as `#DIV/0!`, and no formula refers to `#REF!`.

    If there is no error to be seen, but a formula without a stored value, nobody knows: the check is errored.

    {check: xlsx_workbook.no_error_cells, with: {file: loan.xlsx}}
    """
    workbook = on.workbook(file)
    chosen = [workbook.sheet(name) for name in sheets] if sheets else workbook.sheets
    errors = [(sheet, place, cell.error) for sheet in chosen for place, cell in sheet.cells.items() if cell.error]
    if errors:
        sheet, place, error = errors[0]
        at = workbook.place(sheet.name, *place)
        return on.failed(and_more(f"the error {error}", len(errors)), wanted="no error cells", at=at)
    unknown = [
        (sheet, place) for sheet in chosen for place, cell in sheet.cells.items() if isinstance(cell.value, NotComputed)
    ]
    if unknown:
        sheet, place = unknown[0]
        reason = f"not computed: {len(unknown)} formulas have no stored value"
        return on.errored(reason, at=workbook.place(sheet.name, *place))
    if not any(sheet.cells for sheet in chosen):
        return on.failed("no cells", wanted="cells without errors", at=on.place(file))
    return on.passed(f"{sum(len(sheet.cells) for sheet in chosen)} cells")


@check(version=1)
def cell(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    file: File,
    sheet: str,
    cell: Address,
    expected: Scalar,
    abs_tol: Amount = _ZERO,
    rel_tol: Amount = _ZERO,
    numbers: NumberFormat | None = None,
) -> Finding:
    """The cell holds `expected`; `value.equals`, with its `rel_tol` and `numbers`, for a cell of a workbook.

    {check: xlsx_workbook.cell, with: {file: loan.xlsx, sheet: Schedule, cell: D2, expected: 4804.19, abs_tol: 0.005}}
    """
    value = Value(file=file.file, input=file.input, sheet=sheet, cell=cell)
    return judge_value(on, value, expected, Tolerance(abs_tol=abs_tol, rel_tol=rel_tol), numbers)


@check(version=1)
def formulas_present(
    on: Check,
    *,
    file: File,
    sheet: str,
    range: CellRange,  # noqa: A002 - the word that suites use
    at_least: Annotated[int, AtLeast(1)] | None = None,
) -> Finding:
    """Every cell of `range` is computed by a formula, or `at_least` so many are; blank cells and typed values are not.

    {check: xlsx_workbook.formulas_present, with: {file: loan.xlsx, sheet: Schedule, range: "D2:F37"}}
    """
    workbook = on.workbook(file)
    places = cells_in(workbook.sheet(sheet), range)
    typed = [(place, found) for place, found in places if found is None or found.formula is None]
    computed = len(places) - len(typed)
    wanted = f"formulas in {'all' if at_least is None else f'at least {at_least}'} of {len(places)} cells"
    if computed < (len(places) if at_least is None else at_least):
        place, found = typed[0]
        words = and_more(describe(None if found is None else found.value), len(typed))
        return on.failed(f"{words}; {computed} formulas", wanted=wanted, at=workbook.place(sheet, *place))
    return on.passed(f"{computed} formulas in {len(places)} cells")
