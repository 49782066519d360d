"""Checks of tables, wherever they stand: a csv file, a sheet, a JSON array of objects."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

from evalkit.checks.adapters import File, Table
from evalkit.checks.cell import Cell, Expected, Reading, Scalar, computed, describe, is_blank
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.paired_rows import Difference, key_part, pair_by_key, pair_in_order, refuse_incomplete
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.quantity import AtLeast, Bounds, NumberFormat, Tolerance, total
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import Rows, near_miss

Names: TypeAlias = Annotated[tuple[str, ...], AtLeast(1)]
Amount: TypeAlias = Annotated[Decimal, AtLeast(0)]
Count: TypeAlias = Annotated[int, AtLeast(0)]

_ZERO = Decimal(0)


@check(version=1)
def columns(on: Check, *, table: Table, names: Names, exact: bool = True, ordered: bool = True) -> Finding:
    """The header has `names`: exactly these unless `exact` is false, in this order unless `ordered` is false.

    {check: table.columns, with: {table: out.csv, names: [id, region, total], ordered: false}}
    """
    return judge_columns(on, on.table(table), names, exact=exact, ordered=ordered)


@check(version=1)
def row_count(
    on: Check, *, table: Table, equals: Count | None = None, at_least: Count | None = None, at_most: Count | None = None
) -> Finding:
    """The table has so many rows without the header: it `equals` a number, or is `at_least` and `at_most` one.

    {check: table.row_count, with: {table: {file: out.xlsx, sheet: Data}, equals: 36}}
    """
    return judge_row_count(on, on.table(table), equals=equals, at_least=at_least, at_most=at_most)


@check(version=1)
def sums(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    table: Table,
    column: str,
    expected: Decimal,
    abs_tol: Amount = _ZERO,
    rel_tol: Amount = _ZERO,
    allow_blank: bool = False,
    numbers: NumberFormat | None = None,
) -> Finding:
    """The numbers in `column` add up to `expected`, within `abs_tol + rel_tol × |expected|`.

    Any other cell fails; with `allow_blank`, a blank one is left out. `numbers` declares how text writes numbers.

    {check: table.sums, with: {table: out.csv, column: amount, expected: 1204.5, abs_tol: 0.005}}
    """
    rows, reading = on.table(table), on.reading(table, numbers)
    found: list[Decimal] = []
    for position, cell in enumerate(rows.column(column)):
        number = reading.number(cell)
        if number is None and not (allow_blank and is_blank(cell)):
            return on.failed(describe(cell), wanted="a number", at=rows.place_of(position, column))
        found += [] if number is None else [number]
    if not found:
        return on.failed("no numbers", wanted=f"numbers that add up to {expected}", at=rows.place_of(None, column))
    tolerance = Tolerance(abs_tol=abs_tol, rel_tol=rel_tol)
    if not tolerance.allows(total(found), expected):
        wanted = f"a sum of {expected}{tolerance}"
        return on.failed(f"a sum of {total(found)}", wanted=wanted, at=rows.place_of(None, column))
    return on.passed(f"a sum of {total(found)}")


@check(version=1)
def sorted_by(
    on: Check,
    *,
    table: Table,
    column: str,
    kind: Literal["text", "number", "date"] = "text",
    descending: bool = False,
    numbers: NumberFormat | None = None,
) -> Finding:
    """The rows are in order of `column`, read as `kind`; equals may be neighbours.

    Dates are ISO text without a zone, or date cells. `numbers` declares how text writes numbers.

    {check: table.sorted_by, with: {table: out.csv, column: total, kind: number, descending: true}}
    """
    rows, reading = on.table(table), on.reading(table, numbers)
    cells = rows.column(column)
    keys: list[tuple[Decimal, str]] = []
    for position, cell in enumerate(cells):
        key = _sort_key(cell, kind, reading)
        if key is None:
            return on.failed(describe(cell), wanted=f"a {kind}", at=rows.place_of(position, column))
        keys.append(key)
    if not keys:
        return on.failed("no rows", wanted="rows in order", at=rows.place_of(None, column))
    wrong = [later for later, (a, b) in enumerate(pairwise(keys), start=1) if (a < b if descending else b < a)]
    if wrong:
        first = wrong[0]
        found = and_more(f"{describe(cells[first])} after {describe(cells[first - 1])}", len(wrong))
        order = "descending" if descending else "ascending"
        return on.failed(found, wanted=f"{order} {quoted(column)}", at=rows.place_of(first, column))
    return on.passed(f"{len(cells)} rows in order")


@check(version=1)
def equals(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    table: Table,
    expected: Annotated[tuple[Mapping[str, Scalar], ...], AtLeast(1)],
    key: tuple[str, ...] = (),
    columns: tuple[str, ...] = (),
    abs_tol: Amount = _ZERO,
    rel_tol: Amount = _ZERO,
    numbers: NumberFormat | None = None,
) -> Finding:
    """The table has the expected rows and no others, in any order when `key` names the columns that identify a row.

    Compared are `columns`, or those that the expected rows have; others may be there. A number must lie within
    `abs_tol + rel_tol × |expected|`, text must be the same; `numbers` declares how text writes numbers. A table that
    should have no rows is for `table.row_count`.

    {check: table.equals, with: {table: out.csv, key: [id], abs_tol: 1, expected: [{id: 1, sum: 9}, {id: 2, sum: 3}]}}
    """
    rows, reading = on.table(table), on.reading(table, numbers)
    compared = columns or tuple(dict.fromkeys(name for row in expected for name in row))
    refuse_incomplete(expected, (*key, *compared))
    for name in (*key, *compared):
        rows.index_of(name)
    if key:
        pairs, differences = pair_by_key(rows, expected, key, reading)
    else:
        pairs, differences = pair_in_order(rows, expected)
    tolerance = Tolerance(abs_tol=abs_tol, rel_tol=rel_tol)
    for position, row in pairs:
        for name in compared:
            wanted = Expected(value=row[name], tolerance=tolerance)
            cell = rows.rows[position][rows.index_of(name)]
            if not wanted.accepts(cell, reading):
                differences.append(Difference(describe(cell), str(wanted), rows.place_of(position, name)))
    if differences:
        first = differences[0]
        return on.failed(and_more(first.found, len(differences)), wanted=first.wanted, at=first.at)
    return on.passed(f"{len(pairs)} rows × {len(compared)} columns")


@check(version=1)
def unique(on: Check, *, table: Table, columns: Names) -> Finding:
    """No two rows have the same in all of `columns`, and there is at least one row.

    {check: table.unique, with: {table: matched.csv, columns: [ledger_id]}}
    """
    rows = on.table(table)
    reading = on.reading(table)
    seen: dict[tuple[object, ...], int] = {}
    repeated: list[int] = []
    for position, cells in enumerate(zip(*(rows.column(column) for column in columns), strict=True)):
        key = tuple(key_part(cell, reading, numeric=True) for cell in cells)
        if seen.setdefault(key, position) != position:
            repeated.append(position)
    if repeated:
        words = ", ".join(describe(rows.column(column)[repeated[0]]) for column in columns)
        found = and_more(f"{words} again", len(repeated))
        return on.failed(found, wanted=f"distinct {listed(columns)}", at=rows.place_of(repeated[0], columns[0]))
    if not rows.rows:
        return on.failed("no rows", wanted="rows with distinct keys", at=rows.place_of(None, None))
    return on.passed(f"{len(seen)} distinct")


@check(version=1)
def values(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    table: Table,
    column: str,
    allowed: tuple[Scalar, ...] = (),
    pattern: re.Pattern[str] | None = None,
    include: tuple[Scalar, ...] = (),
    allow_blank: bool = False,
) -> Finding:
    """Every cell of `column` is one of `allowed`, or is text that `pattern` matches whole; each of `include` is there.

    A blank cell fails unless `allow_blank`.

    {check: table.values, with: {table: out.csv, column: status, allowed: [open, paid], include: [paid]}}
    """
    if not allowed and pattern is None and not include:
        raise NotMeasuredError("nothing is asked of the values; write 'allowed', 'pattern' or 'include'")
    rows, reading = on.table(table), on.reading(table)
    cells = rows.column(column)
    for position, cell in enumerate(cells):
        if is_blank(computed(cell)):
            fits, wanted = allow_blank, "a value"
        else:
            fits, wanted = _fits(cell, allowed, pattern, reading)
        if not fits:
            return on.failed(describe(cell), wanted=wanted, at=rows.place_of(position, column))
    missing = [value for value in include if not any(Expected(value=value).accepts(cell, reading) for cell in cells)]
    if missing or not cells:
        found = f"without {describe(missing[0])}" if missing else "no rows"
        return on.failed(found, wanted="rows with values as asked", at=rows.place_of(None, column))
    return on.passed(f"{len(cells)} cells")


@check(version=1)
def between(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    table: Table,
    column: str,
    low: Decimal | None = None,
    high: Decimal | None = None,
    allow_blank: bool = False,
    numbers: NumberFormat | None = None,
) -> Finding:
    """Every cell of `column` is a number of at least `low` and at most `high`; a blank one fails unless `allow_blank`.

    `numbers` declares how text writes numbers.

    {check: table.between, with: {table: out.csv, column: share, low: 0, high: 100}}
    """
    rows, reading, bounds = on.table(table), on.reading(table, numbers), Bounds(low=low, high=high)
    cells = rows.column(column)
    for position, cell in enumerate(cells):
        number = reading.number(cell)
        if allow_blank and is_blank(cell):
            continue
        if number is None or not bounds.allows(number):
            return on.failed(describe(cell), wanted=f"a number {bounds}", at=rows.place_of(position, column))
    if not cells:
        return on.failed("no rows", wanted=f"numbers {bounds}", at=rows.place_of(None, column))
    return on.passed(f"{len(cells)} cells")


@check(version=1)
def group_sums(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    table: Table,
    by: str,
    column: str,
    expected: Decimal | Annotated[Mapping[str, Decimal], AtLeast(1)],
    abs_tol: Amount = _ZERO,
    rel_tol: Amount = _ZERO,
    numbers: NumberFormat | None = None,
) -> Finding:
    """The numbers in `column`, added up for each value of `by`, come to `expected`: one number, or one for each value.

    With one for each, there are no other values. Off by `abs_tol + rel_tol × |expected|` is right; `numbers` declares
    how text writes numbers.

    {check: table.group_sums, with: {table: shares.csv, by: month, column: share, expected: 100, abs_tol: 0.1}}
    """
    rows, reading = on.table(table), on.reading(table, numbers)
    groups: dict[str, list[Decimal]] = {}
    for position, (group, cell) in enumerate(zip(rows.column(by), rows.column(column), strict=True)):
        number = reading.number(cell)
        if number is None:
            return on.failed(describe(cell), wanted="a number", at=rows.place_of(position, column))
        groups.setdefault(str(key_part(group, reading, numeric=False)), []).append(number)
    wanted = dict.fromkeys(groups, expected) if isinstance(expected, Decimal) else dict(expected)
    at, tolerance = rows.place_of(None, column), Tolerance(abs_tol=abs_tol, rel_tol=rel_tol)
    if not groups or {*groups} != {*wanted}:
        return on.failed(f"groups {listed(groups)}", wanted=f"groups {listed(wanted)}", at=at)
    for name, members in groups.items():
        if not tolerance.allows(total(members), wanted[name]):
            words = f"a sum of {total(members)} for {quoted(name)}"
            return on.failed(words, wanted=f"{wanted[name]}{tolerance}", at=at)
    return on.passed(f"{len(groups)} groups")


@check(version=1)
def partition(
    on: Check, *, parts: Annotated[tuple[Table, ...], AtLeast(1)], universe: Table, key: str, numeric: bool = False
) -> Finding:
    """Every `key` of `universe` stands in exactly one row of all the `parts`, and nothing else does.

    With one part: every id of the input appears in the output. Keys are compared as text, or as numbers if `numeric`.

    {check: table.partition, with: {universe: {input: ledger.csv}, key: ledger_id, parts: [matched.csv, open.csv]}}
    """
    wanted = dict.fromkeys(
        key_part(cell, on.reading(universe), numeric=numeric) for cell in on.table(universe).column(key)
    )
    seen: dict[Decimal | str, File] = {}
    for part in parts:
        rows = on.table(part)
        for position, cell in enumerate(rows.column(key)):
            found, at = key_part(cell, on.reading(part), numeric=numeric), rows.place_of(position, key)
            if found not in wanted:
                return on.failed(f"{describe(cell)}", wanted=f"a {key} of {universe.name}", at=at)
            if found in seen:
                return on.failed(f"{describe(cell)}, also in {seen[found].name}", wanted="each once", at=at)
            seen[found] = part
    missing = [str(found) for found in wanted if found not in seen]
    if missing:
        words = f"without {listed(missing)}"
        return on.failed(words, wanted=f"every {key} of {universe.name}", at=on.place(parts[0]))
    return on.passed(f"{len(seen)} keys in {len(parts)} tables")


def judge_columns(on: Check, rows: Rows, names: tuple[str, ...], *, exact: bool, ordered: bool) -> Finding:
    """Whether the header has `names`: no others if `exact`, in this order if `ordered`."""
    header, at = rows.header, rows.place_of(None, None)
    how = ("exactly " if exact else "") + listed(names, 20) + (" in this order" if ordered else "")
    missing = [name for name in names if name not in header]
    if missing:
        found = and_more(f"no column {quoted(missing[0])}", len(missing)) + near_miss(missing[0], header)
        return on.failed(found, wanted=how, at=at)
    extra = [name for name in header if name not in names]
    if exact and extra:
        return on.failed(f"also {listed(extra)}", wanted=how, at=at)
    if ordered and [name for name in header if name in names] != list(names):
        return on.failed(f"{listed(header, 20)}", wanted=how, at=at)
    return on.passed(listed(header, 20))


def judge_row_count(on: Check, rows: Rows, *, equals: int | None, at_least: int | None, at_most: int | None) -> Finding:
    """Whether the number of rows is within the bounds.

    Raises:
        NotMeasuredError: no bound is given, or `equals` beside another.
    """
    if (equals is None) == (at_least is None and at_most is None):
        raise NotMeasuredError("no row count is asked for, or two; write 'equals', or 'at_least' and 'at_most'")
    bounds = Bounds(low=equals, high=equals) if equals is not None else Bounds(low=at_least, high=at_most)
    found = len(rows.rows)
    if not bounds.allows(found):
        return on.failed(f"{found} rows", wanted=f"{bounds} rows", at=rows.place_of(None, None))
    return on.passed(f"{found} rows")


def _fits(
    cell: Cell, allowed: tuple[Scalar, ...], pattern: re.Pattern[str] | None, reading: Reading
) -> tuple[bool, str]:
    """Whether the cell is as asked, and what was asked."""
    if allowed and not any(Expected(value=value).accepts(cell, reading) for value in allowed):
        return False, f"one of {', '.join(describe(value) for value in allowed[:8])}"
    if pattern is not None and (not isinstance(cell, str) or pattern.fullmatch(cell) is None):
        return False, f"text like {pattern.pattern}"
    return True, ""


def _sort_key(cell: Cell, kind: str, reading: Reading) -> tuple[Decimal, str] | None:
    """What the cell is sorted by; None where it is not of the kind."""
    if kind == "number":
        number = reading.number(cell)
        return None if number is None else (number, "")
    cell = computed(cell)
    if kind == "text":
        return (_ZERO, cell) if isinstance(cell, str) else None
    text = cell.isoformat() if isinstance(cell, date) else cell
    with suppress(ValueError):
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        # A moment with a zone and one without have no order, and the zone is not ours to guess.
        if moment is not None and moment.tzinfo is None:
            return _ZERO, moment.isoformat()
    return None
