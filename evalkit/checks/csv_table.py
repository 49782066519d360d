"""Checks of CSV and TSV files. The file is read strictly as text; `read_csv` says what makes it malformed."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from evalkit.checks.adapters import Csv
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, quoted
from evalkit.checks.quantity import AtLeast, NumberFormat, parse_plain
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.table import Count, Names, judge_columns, judge_row_count


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFormat:
    """Dates in a format of Python's `strptime`, to the letter: `%d.%m.%Y` accepts `05.01.2026` and not `5.1.2026`."""

    date: Annotated[str, AtLeast(1)]

    def accepts(self, text: str) -> bool:
        # A zone is neither asked for nor invented here: the text is only read and written back.
        with suppress(ValueError):
            return datetime.strptime(text, self.date).strftime(self.date) == text  # noqa: DTZ007
        return False


ColumnType: TypeAlias = Literal["text", "integer", "decimal", "bool", "date"] | DateFormat


@check(version=1)
def well_formed(on: Check, *, file: Csv) -> Finding:
    """The file is UTF-8 csv with a header of distinct names and as many fields in every row; no blank lines.

    {check: csv_table.well_formed, with: {file: {file: out.csv, delimiter: ";"}}}
    """
    rows = on.table(file)
    return on.passed(f"{len(rows.header)} columns, {len(rows.rows)} rows")


@check(version=1)
def columns(on: Check, *, file: Csv, names: Names, exact: bool = True, ordered: bool = True) -> Finding:
    """The header has `names`: exactly these unless `exact` is false, in this order unless `ordered` is false.

    {check: csv_table.columns, with: {file: out.csv, names: [id, region, total]}}
    """
    return judge_columns(on, on.table(file), names, exact=exact, ordered=ordered)


@check(version=1)
def row_count(
    on: Check, *, file: Csv, equals: Count | None = None, at_least: Count | None = None, at_most: Count | None = None
) -> Finding:
    """The file has so many rows without the header: it `equals` a number, or is `at_least` and `at_most` one.

    {check: csv_table.row_count, with: {file: out.csv, at_least: 1, at_most: 500}}
    """
    return judge_row_count(on, on.table(file), equals=equals, at_least=at_least, at_most=at_most)


@check(version=1)
def types(
    on: Check,
    *,
    file: Csv,
    types: Annotated[Mapping[str, ColumnType], AtLeast(1)],
    may_be_blank: tuple[str, ...] = (),
    numbers: NumberFormat | None = None,
) -> Finding:
    """Every cell of each named column reads as the column's type; a blank cell does so only in `may_be_blank`.

    `date` is `2026-11-22`; another form is declared. `numbers` declares how `integer` and `decimal` are written, else
    plainly, as in `-1234.5`. `bool` is `true` or `false` in any case.

    {check: csv_table.types, with: {file: out.csv, types: {id: integer, due: {date: "%d.%m.%Y"}}}}
    """
    rows = on.table(file)
    problems: list[Finding] = []
    for column, kind in types.items():
        reads = _reader(kind, numbers)
        for position, cell in enumerate(rows.column(column)):
            text = cell if isinstance(cell, str) else ""
            if text == "" and column in may_be_blank:
                continue
            if text == "" or not reads(text):
                wanted = f"{kind.date} (date)" if isinstance(kind, DateFormat) else kind
                problems.append(on.failed(quoted(text), wanted=wanted, at=rows.place_of(position, column)))
    if problems:
        first = problems[0]
        return on.failed(and_more(first.found or "", len(problems)), wanted=first.wanted or "", at=first.at)
    if not rows.rows:
        return on.failed("no rows", wanted="rows with typed cells", at=rows.place_of(None, None))
    return on.passed(f"{len(rows.rows)} rows")


@check(version=1)
def unique(on: Check, *, file: Csv, columns: Names) -> Finding:
    """No two rows have the same text in all of `columns`.

    {check: csv_table.unique, with: {file: out.csv, columns: [email]}}
    """
    rows = on.table(file)
    seen: dict[tuple[object, ...], int] = {}
    repeated: list[tuple[int, int]] = []
    for position, key in enumerate(zip(*(rows.column(column) for column in columns), strict=True)):
        if key in seen:
            repeated.append((position, seen[key]))
        seen.setdefault(key, position)
    if repeated:
        position, earlier = repeated[0]
        key_text = ", ".join(quoted(str(cell)) for cell in (rows.column(column)[position] for column in columns))
        found = and_more(f"{key_text} again, after line {rows.place_of(earlier, None).line}", len(repeated))
        return on.failed(found, wanted=f"distinct {', '.join(columns)}", at=rows.place_of(position, columns[0]))
    if not rows.rows:
        return on.failed("no rows", wanted="rows with distinct keys", at=rows.place_of(None, None))
    return on.passed(f"{len(seen)} distinct")


@check(version=1)
def not_null(on: Check, *, file: Csv, columns: Names) -> Finding:
    """No cell of `columns` is empty, and there is at least one row.

    {check: csv_table.not_null, with: {file: out.csv, columns: [id, email]}}
    """
    rows = on.table(file)
    blank = [
        (position, column) for column in columns for position, cell in enumerate(rows.column(column)) if cell == ""
    ]
    if blank:
        return on.failed(and_more("blank", len(blank)), wanted="a value", at=rows.place_of(*blank[0]))
    if not rows.rows:
        return on.failed("no rows", wanted="rows with values", at=rows.place_of(None, None))
    return on.passed(f"{len(rows.rows)} rows")


def _reader(kind: ColumnType, numbers: NumberFormat | None) -> Callable[[str], bool]:
    """A function that says whether a text that is not blank reads as `kind`."""
    if isinstance(kind, DateFormat):
        return kind.accepts
    number_of = numbers.parse if numbers is not None else parse_plain

    def is_integer(text: str) -> bool:
        number = number_of(text)
        return number is not None and number == number.to_integral_value() and "." not in str(number)

    readers: dict[str, Callable[[str], bool]] = {
        "text": lambda _: True,
        "integer": is_integer,
        "decimal": lambda text: number_of(text) is not None,
        "bool": lambda text: text.lower() in {"true", "false"},
        "date": DateFormat(date="%Y-%m-%d").accepts,
    }
    return readers[kind]
