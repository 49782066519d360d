"""Checks of tables, wherever they stand: a csv file, a sheet, a JSON array of objects."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple, TypeAlias

from evalkit.checks.adapters import Table
from evalkit.checks.cell import Cell, Expected, Reading, Scalar, computed, describe, is_blank, iso_forms
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.quantity import AtLeast, Bounds, NumberFormat, Tolerance, total
from evalkit.checks.registry import check
from evalkit.checks.result import Finding, Place
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
    _refuse_incomplete(expected, (*key, *compared))
    for name in (*key, *compared):
        rows.index_of(name)
    if key:
        pairs, differences = _pair_by_key(rows, expected, key, reading)
    else:
        pairs, differences = _pair_in_order(rows, expected)
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


class Difference(NamedTuple):
    """One thing in a table that is not as expected."""

    found: str
    wanted: str
    at: Place


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


def _refuse_incomplete(expected: Sequence[Mapping[str, Scalar]], names: Sequence[str]) -> None:
    for position, row in enumerate(expected):
        missing = [name for name in names if name not in row]
        if missing:
            raise NotMeasuredError(f"the expected row {position + 1} has no {listed(missing)}; correct the oracle")


_Paired: TypeAlias = tuple[list[tuple[int, Mapping[str, Scalar]]], list[Difference]]
"""Positions of rows with the expected row of each, and the rows that found no partner."""


def _pair_in_order(rows: Rows, expected: Sequence[Mapping[str, Scalar]]) -> _Paired:
    differences = []
    if len(rows.rows) != len(expected):
        wanted = f"{len(expected)} rows"
        differences.append(Difference(f"{len(rows.rows)} rows", wanted, rows.place_of(None, None)))
    return list(zip(range(len(rows.rows)), expected, strict=False)), differences


def _pair_by_key(
    rows: Rows, expected: Sequence[Mapping[str, Scalar]], key: tuple[str, ...], reading: Reading
) -> _Paired:
    """Each expected row with the row that has its key; missing, further and repeated rows are differences.

    Raises:
        NotMeasuredError: two expected rows have the same key.
    """
    numeric = [all(isinstance(row[name], Decimal) for row in expected) for name in key]
    wanted: dict[_Key, Mapping[str, Scalar]] = {}
    oracle = Reading(untyped=False)
    for row in expected:
        parts = tuple(_key_part(row[name], oracle, numeric=n) for name, n in zip(key, numeric, strict=True))
        if parts in wanted:
            raise NotMeasuredError(f"two expected rows have the key {_words(parts)}; correct the oracle")
        wanted[parts] = row
    differences: list[Difference] = []
    found: dict[_Key, int] = {}
    positions = [rows.index_of(name) for name in key]
    for position, cells in enumerate(rows.rows):
        parts = tuple(_key_part(cells[i], reading, numeric=n) for i, n in zip(positions, numeric, strict=True))
        at = rows.place_of(position, key[0])
        if parts in found:
            differences.append(Difference(f"{_words(parts)} twice", f"distinct {listed(key)}", at))
        elif parts not in wanted:
            differences.append(Difference(f"a row {_words(parts)}", "no such row", at))
        found.setdefault(parts, position)
    missing = [parts for parts in wanted if parts not in found]
    header = rows.place_of(None, key[0])
    differences += [Difference("no such row", f"a row {_words(parts)}", header) for parts in missing]
    return [(found[parts], row) for parts, row in wanted.items() if parts in found], differences


_Key: TypeAlias = tuple[Decimal | str, ...]


def _key_part(cell: Cell, reading: Reading, *, numeric: bool) -> Decimal | str:
    """What identifies a row, the same for a cell and for the expected value that it should hold."""
    cell = computed(cell)
    number = reading.number(cell) if numeric else None
    if number is not None:
        return number
    if isinstance(cell, date | time):
        return iso_forms(cell)[-1]
    if isinstance(cell, bool):
        return str(cell)
    return cell if isinstance(cell, str) and cell else describe(cell)


def _words(parts: _Key) -> str:
    return ", ".join(quoted(part) if isinstance(part, str) else str(part) for part in parts)
