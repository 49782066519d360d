"""Facts and tables as CSV: comma, quotes where needed, CRLF, a header row, an empty field for "not known".

Money is the exact decimal, flags are `true` and `false`, times RFC 3339 in UTC; text from outside is plain and inert.
"""

import csv
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from io import StringIO

from evalkit.report.facts import Facts, Value
from evalkit.report.spreadsheet_text import inert
from evalkit.report.table import Table


def render_facts(table: Facts) -> str:
    """`table` as CSV; ends in a line break."""
    return _csv([table.headers, *([_field(value) for value in row] for row in table.rows)])


def render_tables(tables: tuple[Table, ...]) -> str:
    """`tables` below each other, each with its title in a row of its own and an empty row after it."""
    lines: list[list[str]] = []
    for table in tables:
        lines += [[inert(table.title)], [inert(header) for header in table.headers]]
        lines += [
            [inert(cell) if column.is_text else cell for cell, column in zip(row, table.columns, strict=True)]
            for row in table.texts()
        ]
        lines.append([])
    return _csv(lines)


def _csv(rows: Iterable[Iterable[str]]) -> str:
    out = StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _field(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return inert(value)
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case int() | float():
            return repr(value)
