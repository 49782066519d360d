"""Where in the deliverables a generic check looks: what a suite writes for a parameter of one of these types.

A bare string means `{file: string}`. `{input: name}` in place of `file` names a file the task gave to the agent.
These are only addresses; `Check` reads what stands there.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Self

from evalkit.checks.json_pointer import PointerError, steps_of
from evalkit.checks.problems import ParameterError
from evalkit.checks.quantity import AtLeast

CSV_SUFFIXES = (".csv", ".tsv")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")
TABLE_SUFFIXES = (*CSV_SUFFIXES, ".json", *WORKBOOK_SUFFIXES)

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
"""Of a sheet. Source: ECMA-376 part 1, 18.18.7 ST_CellRef, as Excel 2007 and later implement it."""

_ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


@dataclass(frozen=True, slots=True)
class Address:
    """A cell of a sheet, 1-based."""

    TEXT_FORM: ClassVar[str] = "a cell address as in 'B2'"

    row: int
    column: int

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The cell that `B2` or `$B$2` names.

        Raises:
            ParameterError: no sheet has such a cell.
        """
        match = _ADDRESS.fullmatch(text)
        if match is not None:
            column = 0
            for letter in match[1].upper():
                column = column * 26 + ord(letter) - ord("A") + 1
            row = int(match[2])
            if 1 <= row <= MAX_ROW and 1 <= column <= MAX_COLUMN:
                return cls(row, column)
        raise ParameterError((f"{text!r} is no cell address; write one as in 'B2'",))


@dataclass(frozen=True, slots=True)
class CellRange:
    """A rectangle of a sheet, ends included, 1-based."""

    TEXT_FORM: ClassVar[str] = "a range as in 'B2:D9'"

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The range that `B2:D9`, or the one cell that `B2`, names.

        Raises:
            ParameterError: no such range exists.
        """
        first, _, last = text.partition(":")
        begin, end = Address.from_text(first), Address.from_text(last or first)
        if end.row < begin.row or end.column < begin.column:
            raise ParameterError((f"{text!r} ends before it begins; write the upper left cell first",))
        return cls(begin.row, begin.column, end.row, end.column)

    def holds(self, row: int, column: int) -> bool:
        return self.top <= row <= self.bottom and self.left <= column <= self.right

    @property
    def size(self) -> int:
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)


def column_letters(column: int) -> str:
    """The letters of the 1-based `column`: 1 is A, 27 is AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass(frozen=True, slots=True)
class Pointer:
    """A JSON Pointer; the empty one is the whole document."""

    TEXT_FORM: ClassVar[str] = "a JSON Pointer as in '/totals/0'"

    text: str = ""

    @classmethod
    def from_text(cls, text: str) -> Self:
        try:
            steps_of(text)
        except PointerError as error:
            raise ParameterError((str(error),)) from error
        return cls(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file, delivered or given. Delivered names are flat."""

    TEXT_FORM: ClassVar[str] = "a file name"

    file: str | None = None
    input: str | None = None

    def __post_init__(self) -> None:
        if (self.file is None) == (self.input is None):
            raise ParameterError(("'file' (delivered) and 'input' (given) are alternatives; write exactly one",))
        path = PurePosixPath(self.name)
        if not self.name or "\\" in self.name or path.is_absolute() or ".." in path.parts or "\0" in self.name:
            raise ParameterError((f"{self.name!r} does not name a file inside its folder; write its plain name",))
        if self.file is not None and len(path.parts) != 1:
            raise ParameterError((f"{self.name!r} has folders, and delivered names are flat; write the last part",))

    @classmethod
    def from_text(cls, text: str) -> Self:
        return cls(file=text)

    @property
    def name(self) -> str:
        return self.file if self.file is not None else self.input or ""

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(File):
    """A file read as UTF-8 text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The delivered files whose names match one of the globs; at least one must."""

    TEXT_FORM: ClassVar[str] = "a name or glob of delivered files"

    globs: Annotated[tuple[str, ...], AtLeast(1)]

    @classmethod
    def from_text(cls, text: str) -> Self:
        return cls(globs=(text,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(File):
    """Rows under a header: a csv or tsv file, a sheet or range of a workbook, a JSON array of objects."""

    sheet: str | None = None
    """Of a workbook; the first when left out."""
    range: CellRange | None = None
    """Of the sheet, header included; the whole sheet when left out."""
    header_row: Annotated[int, AtLeast(1)] = 1
    """1-based line, or row within the range, that names the columns; what is above it is not part of the table."""
    delimiter: str | None = None
    """Of a csv file; a comma when left out, a tab for .tsv. Never guessed."""
    path: Pointer = Pointer()
    """Of a JSON file: pointer to the array; the whole document when left out."""

    def __post_init__(self) -> None:
        File.__post_init__(self)
        if self.suffix not in TABLE_SUFFIXES:
            raise ParameterError((f"{self.name!r} holds no table; tables are read from {', '.join(TABLE_SUFFIXES)}",))
        is_workbook, is_text = self.suffix in WORKBOOK_SUFFIXES, self.suffix in CSV_SUFFIXES
        if not is_workbook and (self.sheet is not None or self.range is not None):
            raise ParameterError((f"{self.name!r} is no workbook; leave out 'sheet' and 'range'",))
        if not is_text and self.delimiter is not None:
            raise ParameterError((f"{self.name!r} is no csv file; leave out 'delimiter'",))
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise ParameterError((f"{self.delimiter!r} cannot part fields; write one character",))
        if self.path.text and self.suffix != ".json":
            raise ParameterError((f"{self.name!r} is no JSON file; leave out 'path'",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Csv(Table):
    """A table that is a csv or tsv file."""

    def __post_init__(self) -> None:
        Table.__post_init__(self)
        if self.suffix not in CSV_SUFFIXES:
            raise ParameterError((f"{self.name!r} is no csv file; name a {' or '.join(CSV_SUFFIXES)} file",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Value(File):
    """One value: a cell of a workbook, a column's entry in a data row, or a place in a JSON document."""

    sheet: str | None = None
    cell: Address | None = None
    """Of a workbook."""
    column: str | None = None
    """Header of a table's column; with `row`."""
    row: Annotated[int, AtLeast(1)] | None = None
    """1-based data row of the table; the first row below the header is 1."""
    path: Pointer | None = None
    """Pointer into a JSON document."""
    delimiter: str | None = None

    def __post_init__(self) -> None:
        File.__post_init__(self)
        if (self.column is None) != (self.row is None):
            raise ParameterError(("'column' and 'row' belong together; write both or neither",))
        ways = [way for way in ("cell", "column", "path") if getattr(self, way) is not None]
        if len(ways) != 1:
            raise ParameterError(
                ("a value is named by 'cell', by 'column' and 'row', or by 'path'; write one of them",)
            )
        needed = {"cell": WORKBOOK_SUFFIXES, "column": TABLE_SUFFIXES, "path": (".json",)}[ways[0]]
        if self.suffix not in needed:
            raise ParameterError((f"{self.name!r} has no {ways[0]!r}; that is for {', '.join(needed)}",))
        if self.column is not None:
            self.table()
        elif self.sheet is not None and self.suffix not in WORKBOOK_SUFFIXES:
            raise ParameterError((f"{self.name!r} is no workbook; leave out 'sheet'",))

    def table(self) -> Table:
        """The table that `column` and `row` count in."""
        return Table(file=self.file, input=self.input, sheet=self.sheet, delimiter=self.delimiter)
