"""What a cell of a table or workbook can hold, and when it equals what was expected.

Blank never equals 0, true is not 1, an error cell equals nothing, and a formula without a stored value
cannot be compared.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

from evalkit.checks.evidence import quoted
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.quantity import NumberFormat, Tolerance, parse_plain


@dataclass(frozen=True, slots=True)
class NoValue:
    """A cell that holds something, but no value that could equal one: an error, a nested array."""

    why: str


@dataclass(frozen=True, slots=True)
class NotComputed:
    """A formula whose result is not known; nobody but a spreadsheet program knows it."""

    formula: str
    why: str = "has no stored value"


Cell: TypeAlias = str | Decimal | bool | datetime | date | time | timedelta | NoValue | NotComputed | None
"""One cell's content; None is blank. Numbers of every source are Decimal."""

Scalar: TypeAlias = str | bool | Decimal | None
"""A value as a suite or its `expected.json` writes it; dates are ISO text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the text of cells is understood."""

    untyped: bool
    """The source knows only text (csv), so text may stand for a number, a truth value or blank."""
    numbers: NumberFormat | None = None
    """Declared by the check: then text is read as a number in this format, from every source."""

    def number(self, cell: Cell) -> Decimal | None:
        """The number in `cell`; None where it holds none.

        Raises:
            NotMeasuredError: it is a formula without a stored value.
        """
        cell = computed(cell)
        if isinstance(cell, Decimal):
            return cell
        if not isinstance(cell, str):
            return None
        if self.numbers is not None:
            return self.numbers.parse(cell)
        return parse_plain(cell) if self.untyped else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A value wanted in a cell; `accepts` decides and `str` says what would have been accepted."""

    value: Scalar
    tolerance: Tolerance = field(default_factory=Tolerance)

    def accepts(self, cell: Cell, reading: Reading) -> bool:
        """Whether `cell` holds the value.

        Raises:
            NotMeasuredError: it is a formula without a stored value.
        """
        cell = computed(cell)
        if self.value is None:
            return is_blank(cell)
        if isinstance(self.value, bool):
            if reading.untyped and isinstance(cell, str):
                return cell.lower() == str(self.value).lower()
            return isinstance(cell, bool) and cell == self.value
        if isinstance(self.value, Decimal):
            number = reading.number(cell)
            return number is not None and self.tolerance.allows(number, self.value)
        if isinstance(cell, date | time):
            return self.value in iso_forms(cell)
        return isinstance(cell, str) and cell == self.value

    def __str__(self) -> str:
        if isinstance(self.value, Decimal):
            return f"{self.value}{self.tolerance}"
        return describe(self.value)


def computed(cell: Cell) -> Cell:
    """`cell`, which has a value.

    Raises:
        NotMeasuredError: it is a formula without a stored value.
    """
    if isinstance(cell, NotComputed):
        raise NotMeasuredError(f"not computed: the formula {quoted(cell.formula)} {cell.why}")
    return cell


def is_blank(cell: Cell) -> bool:
    """Whether nothing, or only empty text, is in the cell."""
    return cell is None or cell == ""


def describe(cell: Cell) -> str:
    """What is in the cell, in a few words."""
    if cell is None:
        return "blank"
    if isinstance(cell, str):
        return quoted(cell) if cell else "blank"
    if isinstance(cell, NoValue):
        return cell.why
    if isinstance(cell, NotComputed):
        return f"the formula {quoted(cell.formula)}, which {cell.why}"
    if isinstance(cell, bool):
        return str(cell).lower()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def iso_forms(moment: date | time) -> tuple[str, ...]:
    """The ISO texts that name `moment`; midnight of a day is also the day itself."""
    if isinstance(moment, datetime):
        day = (moment.date().isoformat(),) if moment.time() == time() else ()
        return (moment.isoformat(), moment.isoformat(sep=" "), *day)
    return (moment.isoformat(),)
