"""Checks of .xlsx workbooks: sheets, error cells, formulas, formats, charts. Tables on a sheet are for `table.*`.

Values of formulas are calculated anew where LibreOffice is installed, and the result names it. Where it is not, they
are those that a spreadsheet program stored; a formula without one makes a check that needs the value *errored: not
computed*, never passed.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from evalkit.checks.adapters import Address, CellRange, Value, WorkbookFile
from evalkit.checks.cell import Cell, NotComputed, Scalar, describe, is_blank
from evalkit.checks.cell import computed as computed_value
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.formula import cell_called, numbers_in, rewritten, sheets_in
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.quantity import AtLeast, NumberFormat, Tolerance
from evalkit.checks.read_workbook import SheetCell, cells_in, parse_workbook
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import near_miss
from evalkit.checks.table import Amount, Names
from evalkit.checks.value import judge_value

_ZERO = Decimal(0)
_VOLATILE = re.compile(r"(?i)\b(?:NOW|TODAY|RAND|RANDBETWEEN|RANDARRAY|OFFSET|INDIRECT|CELL|INFO)\s*\(")


@check(version=1)
def sheets(on: Check, *, file: WorkbookFile, names: Names, exact: bool = False, ordered: bool = False) -> Finding:
    """The workbook has the sheets `names`; with `exact` no others, with `ordered` in this order.

    {check: xlsx_workbook.sheets, with: {file: loan.xlsx, names: [Assumptions, Schedule], exact: true}}
    """
    present = on.parsed(file, parse_workbook).sheet_names
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
def no_error_cells(on: Check, *, file: WorkbookFile, sheets: tuple[str, ...] = ()) -> Finding:
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
    file: WorkbookFile,
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


@check(version=2)
def formulas_present(
    on: Check,
    *,
    file: WorkbookFile,
    sheet: str,
    range: CellRange,  # noqa: A002 - the word that suites use
    at_least: Annotated[int, AtLeast(1)] | None = None,
    refer_to: tuple[str, ...] = (),
) -> Finding:
    """Every cell of `range` is computed by a formula, or `at_least` so many are; blank cells and typed values are not.

    With `refer_to`, each formula counts only if it refers to one of these sheets.

    {check: xlsx_workbook.formulas_present, with: {file: loan.xlsx, sheet: Schedule, range: "D2:F37"}}
    """
    workbook = on.parsed(file, parse_workbook)
    places = cells_in(workbook.sheet(sheet), range)
    lacking = [(place, found) for place, found in places if not _computes(found, refer_to)]
    computed = len(places) - len(lacking)
    least = len(places) if at_least is None else at_least
    wanted = f"formulas in {'all' if at_least is None else f'at least {at_least}'} of {len(places)} cells"
    if refer_to:
        wanted += f" that refer to {listed(refer_to)}"
    if computed < least:
        place, found = lacking[0]
        what = describe(None if found is None else found.value)
        if found is not None and found.formula is not None:
            what = quoted(found.formula)
        words = f"{and_more(what, len(lacking))}; {computed} formulas"
        return on.failed(words, wanted=wanted, at=workbook.place(sheet, *place))
    return on.passed(f"{computed} formulas in {len(places)} cells")


@check(version=1)
def stored_values_hold(
    on: Check, *, file: WorkbookFile, sheets: tuple[str, ...] = (), rel_tol: Amount = Decimal("1e-6")
) -> Finding:
    """Every formula has a stored value, and LibreOffice, calculating anew, comes to the same within `rel_tol`.

    Looked at are `sheets`, or all. Volatile formulas (`TODAY`, `RAND`…) are left out. Without LibreOffice the check is
    errored.

    {check: xlsx_workbook.stored_values_hold, with: {file: loan.xlsx}}
    """
    content = on.bytes(file)
    stored = parse_workbook(content, file.name)
    computed = on.recalculated(stored, {"book": content})["book"]
    compared = 0
    for name in sheets or tuple(sheet.name for sheet in stored.sheets):
        anew = computed.sheet(name).cells
        for place, cell in stored.sheet(name).cells.items():
            if cell.formula is None or _VOLATILE.search(cell.formula) or isinstance(anew[place].value, NotComputed):
                continue
            compared += 1
            if isinstance(cell.value, NotComputed) or not _agree(cell.value, anew[place].value, rel_tol):
                at = stored.place(name, *place)
                return on.failed(describe(cell.value), wanted=f"the stored value {describe(anew[place].value)}", at=at)
    if not compared:
        return on.failed("no formulas", wanted="formulas with stored values", at=on.place(file))
    return on.passed(f"{compared} formulas")


@check(version=1)
def perturb(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    file: WorkbookFile,
    set: Annotated[Mapping[str, Decimal], AtLeast(1)],  # noqa: A002 - the word that suites use
    rises: tuple[str, ...] = (),
    falls: tuple[str, ...] = (),
    changes: tuple[str, ...] = (),
    stays: tuple[str, ...] = (),
) -> Finding:
    """With other numbers in the input cells `set`, calculated anew, each of the other cells moves as it says, or stays.

    The cells are `rises`, `falls`, `changes` (in either direction) and `stays`. It finds the workbook that is all
    formulas, with the rate typed into each of them. A cell is `Sheet!B2`, or
    `Sheet!<Label>` for the value beside a label. Without LibreOffice the check is errored.

    {check: xlsx_workbook.perturb, with: {file: a.xlsx, set: {"Inputs!<Annual rate>": 0.0675}, rises: ["Schedule!D2"]}}
    """
    if not (rises or falls or changes or stays):
        raise NotMeasuredError("no cell is asked about; write 'rises', 'falls', 'changes' or 'stays'")
    workbook = on.workbook(file)
    places = {name: cell_called(workbook, name) for name in (*set, *rises, *falls, *changes, *stays)}
    for name in set:
        found = workbook.sheet(places[name][0]).cells.get(places[name][1])
        if found is not None and found.formula is not None:
            at = workbook.place(places[name][0], *places[name][1])
            return on.failed(f"the formula {quoted(found.formula)}", wanted="an input that is typed", at=at)
    moved = {places[name]: number for name, number in set.items()}
    books = on.recalculated(
        workbook,
        {"before": rewritten(on.bytes(file), file.name, {}), "after": rewritten(on.bytes(file), file.name, moved)},
    )
    wanted = [(name, way) for names, way in ((rises, 1), (falls, -1), (changes, None), (stays, 0)) for name in names]
    for name, way in wanted:
        sheet, place = places[name]
        before, after = (books[key].sheet(sheet).cells.get(place) for key in ("before", "after"))
        moves = _movement(None if before is None else before.value, None if after is None else after.value)
        if moves is None or (way is None and moves == 0) or (way is not None and moves != way):
            found_words = " to ".join(describe(None if cell is None else cell.value) for cell in (before, after))
            verb = {1: "a number that rises", -1: "a number that falls", 0: "the same number"}
            return on.failed(
                found_words,
                wanted=verb.get(way, "another number") if way is not None else "another number",
                at=workbook.place(sheet, *place),
            )
    return on.passed(f"{len(wanted)} cells")


@check(version=1)
def no_typed_numbers(
    on: Check,
    *,
    file: WorkbookFile,
    sheet: str,
    numbers: Annotated[tuple[Decimal, ...], AtLeast(1)],
    range: CellRange | None = None,  # noqa: A002 - the word that suites use
) -> Finding:
    """No formula of the sheet, or of `range` on it, has one of `numbers` typed into it; there is at least one formula.

    {check: xlsx_workbook.no_typed_numbers, with: {file: loan.xlsx, sheet: Schedule, numbers: [250000, 0.0575]}}
    """
    workbook = on.parsed(file, parse_workbook)
    formulas = [
        (place, cell.formula)
        for place, cell in workbook.sheet(sheet).cells.items()
        if cell.formula is not None and (range is None or range.holds(*place))
    ]
    for place, formula in formulas:
        typed = sorted(numbers_in(formula) & {abs(number) for number in numbers})
        if typed:
            found, at = f"{typed[0]} typed into {quoted(formula)}", workbook.place(sheet, *place)
            return on.failed(found, wanted=f"formulas without {', '.join(map(str, numbers))}", at=at)
    if not formulas:
        return on.failed("no formulas", wanted="formulas", at=on.place(file, sheet=sheet))
    return on.passed(f"{len(formulas)} formulas")


@check(version=1)
def all_true(on: Check, *, file: WorkbookFile, sheet: str, at_least: Annotated[int, AtLeast(1)] = 1) -> Finding:
    """No cell of the sheet is FALSE, and `at_least` so many are TRUE.

    {check: xlsx_workbook.all_true, with: {file: loan.xlsx, sheet: Checks, at_least: 3}}
    """
    workbook = on.workbook(file)
    truths = 0
    for place, cell in workbook.sheet(sheet).cells.items():
        value = computed_value(cell.value)
        if value is False:
            return on.failed("false", wanted="TRUE", at=workbook.place(sheet, *place))
        truths += value is True
    return on.counted(truths, at_least, None, "cells that are TRUE", at=on.place(file, sheet=sheet))


def _computes(cell: SheetCell | None, refer_to: tuple[str, ...]) -> bool:
    if cell is None or cell.formula is None:
        return False
    return not refer_to or bool(sheets_in(cell.formula) & {*refer_to})


def _agree(stored: Cell, anew: Cell, rel_tol: Decimal) -> bool:
    if isinstance(stored, Decimal) and isinstance(anew, Decimal):
        return Tolerance(abs_tol=rel_tol, rel_tol=rel_tol).allows(stored, anew)
    return stored == anew or (is_blank(stored) and is_blank(anew))


def _movement(before: Cell, after: Cell) -> int | None:
    """1 for a number that rose, -1 for one that fell, 0 for one that did not move; None where one is no number."""
    before, after = computed_value(before), computed_value(after)
    if not isinstance(before, Decimal) or not isinstance(after, Decimal):
        return None
    if Tolerance(rel_tol=Decimal("1e-9")).allows(after, before):
        return 0
    return 1 if after > before else -1
