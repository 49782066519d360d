"""A table as a value, before anyone decides how it looks.

Cells are values, not text: `None` is *not known* and shows as `?`, an empty string is *does not apply*. Every rendering
gets its text from `Table.texts`, where text from outside is made plain.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from evalkit.report.plain import plain
from evalkit.trial.metrics import Share, UsdSum

ROWS_TO_READ = 500
"""Rows of one table that a report to be read from top to bottom shows."""

Cell: TypeAlias = str | bool | int | float | Decimal | Share | UsdSum | None


class Unit(StrEnum):
    """What a column holds, and so how its cells read."""

    TEXT = "text"
    COUNT = "count"
    SECONDS = "seconds"
    BILLED = "billed"
    """Dollars in whole cents; four decimals where an amount is not in whole cents."""
    USD = "usd"
    """Dollars to four decimals."""
    DIFFERENCE = "difference"
    """Dollars to four decimals, always signed."""
    PERCENT = "percent"
    """A share from 0 to 1, shown in per cent to one decimal."""
    POINTS = "points"
    """A difference of two shares, shown in percentage points, always signed."""
    NUMBER = "number"
    """To three decimals."""
    RATIO = "ratio"
    """To two decimals, as a factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    title: str
    unit: Unit = Unit.TEXT

    @property
    def is_text(self) -> bool:
        return self.unit is Unit.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns and rows of one question's answer."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    """As many cells a row as there are columns."""
    notes: tuple[str, ...] = ()
    """What the numbers count and what was left out; shown below the rows."""

    @property
    def headers(self) -> tuple[str, ...]:
        return tuple(column.title for column in self.columns)

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The rows as plain text."""
        return tuple(
            tuple(cell_text(cell, column.unit) for cell, column in zip(row, self.columns, strict=True))
            for row in self.rows
        )

    def first(self, most: int) -> "Table":
        """This table with at most `most` rows, and a note where some were left out."""
        if len(self.rows) <= most:
            return self
        note = f"the first {most:,} of {len(self.rows):,} rows; the formats csv, json, xlsx and html have all"
        return Table(title=self.title, columns=self.columns, rows=self.rows[:most], notes=(note, *self.notes))

    def legend(self) -> tuple[str, ...]:
        """The notes, and what `?` and `+?` mean where they stand."""
        texts = [text for row in self.texts() for text in row]
        notes = list(self.notes)
        if any(text.endswith("+?") for text in texts):
            notes.append("+? = a part of the sum is not known")
        if "?" in texts:
            notes.append("? = not known")
        return tuple(plain(note) for note in notes)


def cell_text(cell: Cell, unit: Unit) -> str:
    """`cell` as plain text in the manner of `unit`."""
    match cell:
        case None:
            return "?"
        case str():
            return plain(cell)
        case bool():
            return "yes" if cell else "no"
        case Decimal():
            return usd_text(cell, unit)
        case UsdSum():
            return sum_text(cell, unit)
        case float() if unit in _FLOATS:
            return _FLOATS[unit](cell)
        case int() | float():
            return f"{cell:,}"
        case Share():
            return str(cell) if cell.of else ""


_FLOATS: Mapping[Unit, Callable[[float], str]] = {
    Unit.SECONDS: lambda value: f"{value:,.0f} s" if value >= 10 else f"{value:.1f} s",
    Unit.PERCENT: lambda value: f"{value:.1%}".replace("%", " %"),
    Unit.POINTS: lambda value: f"{value * 100 + 0.0:+.1f} pt",
    Unit.NUMBER: lambda value: f"{value:.3f}",
    Unit.USD: lambda value: f"{value:.4f}",
    Unit.RATIO: lambda value: f"×{value:.2f}",
}


def usd_text(usd: Decimal, unit: Unit) -> str:
    """`usd` without the dollar sign, in the manner of `unit`."""
    if unit is Unit.BILLED and usd == round(usd, 2):
        return f"{usd:.2f}"
    rounded = round(usd, 4) + 0  # + 0: a difference that rounds to nothing has no sign of its own
    return f"{rounded:+.4f}" if unit is Unit.DIFFERENCE else f"{rounded:.4f}"


def sum_text(total: UsdSum, unit: Unit) -> str:
    """The known part of `total`, with `+?` where a part is unknown; `?` where none is known."""
    if total.unknown == 0:
        return usd_text(total.usd, unit)
    return f"{usd_text(total.usd, unit)}+?" if total.known else "?"
