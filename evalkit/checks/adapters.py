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
TREE_SUFFIXES = (".json", ".yaml", ".yml")
JSON_SUFFIXES = (*TREE_SUFFIXES, ".jsonl")
MARKDOWN_SUFFIXES = (".md", ".markdown")
HTML_SUFFIXES = (".html", ".htm")
OUTLINED_SUFFIXES = (*MARKDOWN_SUFFIXES, ".docx", *HTML_SUFFIXES, ".pptx")
"""Of files with headings, sections and tables in running text."""
DATABASE_SUFFIXES = (".db", ".sqlite", ".sqlite3")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
TABLE_SUFFIXES = (*CSV_SUFFIXES, *JSON_SUFFIXES, *WORKBOOK_SUFFIXES, *OUTLINED_SUFFIXES, *DATABASE_SUFFIXES)
UNREADABLE_SUFFIXES = (*WORKBOOK_SUFFIXES, *DATABASE_SUFFIXES, *IMAGE_SUFFIXES, ".zip")
"""Of files that are no running text."""

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
    KIND: ClassVar[str] = "file"
    SUFFIXES: ClassVar[tuple[str, ...]] = ()
    """The extensions that files of this kind have; none for a file of any kind."""

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
        if self.SUFFIXES and self.suffix not in self.SUFFIXES:
            raise ParameterError((f"{self.name!r} is no {self.KIND}; name a {' or '.join(self.SUFFIXES)} file",))

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
class Outlined(File):
    """A file that has headings: Markdown, Word, HTML; of slides, the titles."""

    KIND: ClassVar[str] = "document with headings"
    SUFFIXES: ClassVar[tuple[str, ...]] = OUTLINED_SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownFile(File):
    KIND: ClassVar[str] = "Markdown file"
    SUFFIXES: ClassVar[tuple[str, ...]] = MARKDOWN_SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookFile(File):
    KIND: ClassVar[str] = "workbook"
    SUFFIXES: ClassVar[tuple[str, ...]] = WORKBOOK_SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFile(File):
    """A JSON file; YAML and JSON lines are read as the JSON they stand for."""

    KIND: ClassVar[str] = "JSON file"
    SUFFIXES: ClassVar[tuple[str, ...]] = JSON_SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class WordFile(File):
    KIND: ClassVar[str] = "Word document"
    SUFFIXES: ClassVar[tuple[str, ...]] = (".docx",)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckFile(File):
    KIND: ClassVar[str] = "presentation"
    SUFFIXES: ClassVar[tuple[str, ...]] = (".pptx",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfFile(File):
    KIND: ClassVar[str] = "PDF"
    SUFFIXES: ClassVar[tuple[str, ...]] = (".pdf",)


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlFile(File):
    KIND: ClassVar[str] = "HTML page"
    SUFFIXES: ClassVar[tuple[str, ...]] = HTML_SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFile(File):
    KIND: ClassVar[str] = "SQLite database"
    SUFFIXES: ClassVar[tuple[str, ...]] = DATABASE_SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile(File):
    KIND: ClassVar[str] = "archive"
    SUFFIXES: ClassVar[tuple[str, ...]] = (".zip",)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFile(File):
    """A Python file, or a tree of them in a .zip."""

    KIND: ClassVar[str] = "Python code"
    SUFFIXES: ClassVar[tuple[str, ...]] = (".py", ".zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(File):
    """The text of a file, whole or of one section: UTF-8 text as it is, of Word, slides, HTML and PDF what is read."""

    section: str | None = None
    """Text of the heading above it; its subsections belong to it. Of a PDF: none, it has no sections."""

    def __post_init__(self) -> None:
        File.__post_init__(self)
        if self.suffix in UNREADABLE_SUFFIXES:
            raise ParameterError((f"{self.name!r} holds no running text; look at its tables or values",))
        if self.section is not None and self.suffix not in OUTLINED_SUFFIXES:
            raise ParameterError((f"{self.name!r} has no sections; those are for {', '.join(OUTLINED_SUFFIXES)}",))


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
    """Rows under a header: a csv file, a sheet or range, a JSON array of objects, a table in a text, an SQL query."""

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
    index: Annotated[int, AtLeast(1)] = 1
    """Of a text with tables: which of them, of those in the section."""
    section: str | None = None
    """Of a text with headings: the heading above the table."""
    query: str | None = None
    """Of a database: the SELECT whose result is the table."""

    def __post_init__(self) -> None:
        File.__post_init__(self)
        if self.suffix not in TABLE_SUFFIXES:
            raise ParameterError((f"{self.name!r} holds no table; tables are read from {', '.join(TABLE_SUFFIXES)}",))
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise ParameterError((f"{self.delimiter!r} cannot part fields; write one character",))
        _refuse_foreign(self, ("sheet", "range"), WORKBOOK_SUFFIXES, "workbook")
        _refuse_foreign(self, ("delimiter",), CSV_SUFFIXES, "csv file")
        _refuse_foreign(self, ("path",), JSON_SUFFIXES, "JSON file")
        _refuse_foreign(self, ("index", "section"), OUTLINED_SUFFIXES, "text with tables")
        _refuse_foreign(self, ("query",), DATABASE_SUFFIXES, "database")
        if self.suffix in DATABASE_SUFFIXES and self.query is None:
            raise ParameterError((f"{self.name!r} is a database; write the 'query' whose result is the table",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Csv(Table):
    """A table that is a csv or tsv file."""

    KIND: ClassVar[str] = "csv file"
    SUFFIXES: ClassVar[tuple[str, ...]] = CSV_SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class Value(File):
    """One value: in a workbook, in a table's data row, in a JSON document, or in a text by a regular expression."""

    sheet: str | None = None
    cell: Address | None = None
    """Of a workbook."""
    label: str | None = None
    """Text of a cell of a workbook; the value is the first one to its right, else the one below it."""
    defined_name: str | None = None
    """Of a workbook: a name for one cell."""
    column: str | None = None
    """Header of a table's column; with `row`."""
    row: Annotated[int, AtLeast(1)] | None = None
    """1-based data row of the table; the first row below the header is 1."""
    path: Pointer | None = None
    """Pointer into a JSON or YAML document."""
    regex: re.Pattern[str] | None = None
    """Found exactly once in the text; the value is what its one group holds."""
    section: str | None = None
    delimiter: str | None = None
    index: Annotated[int, AtLeast(1)] = 1
    query: str | None = None

    def __post_init__(self) -> None:
        File.__post_init__(self)
        if (self.column is None) != (self.row is None):
            raise ParameterError(("'column' and 'row' belong together; write both or neither",))
        needed = {
            "cell": WORKBOOK_SUFFIXES,
            "label": WORKBOOK_SUFFIXES,
            "defined_name": WORKBOOK_SUFFIXES,
            "column": TABLE_SUFFIXES,
            "path": TREE_SUFFIXES,
            "regex": (),
        }
        ways = [way for way in needed if getattr(self, way) is not None]
        if len(ways) != 1:
            raise ParameterError(
                (f"{self.name!r} names a value in {len(ways)} ways; write one of {', '.join(needed)}",)
            )
        if needed[ways[0]] and self.suffix not in needed[ways[0]]:
            raise ParameterError((f"{self.name!r} has no {ways[0]!r}; that is for {', '.join(needed[ways[0]])}",))
        if self.column is not None:
            self.table()
        elif self.regex is not None:
            self.text()
        else:
            _refuse_foreign(self, ("sheet",), WORKBOOK_SUFFIXES, "workbook")
        if self.regex is not None and self.regex.groups != 1:
            raise ParameterError((f"{self.regex.pattern!r} has {self.regex.groups} groups; put one around the value",))

    def table(self) -> Table:
        """The table that `column` and `row` count in."""
        return Table(
            file=self.file,
            input=self.input,
            sheet=self.sheet,
            delimiter=self.delimiter,
            index=self.index,
            section=self.section,
            query=self.query,
        )

    def text(self) -> Text:
        """The text that `regex` is searched in."""
        return Text(file=self.file, input=self.input, section=self.section)


def _refuse_foreign(address: File, names: tuple[str, ...], suffixes: tuple[str, ...], kind: str) -> None:
    """None of the fields `names` is written for a file that is no `kind`.

    Raises:
        ParameterError: one is.
    """
    defaults: dict[str, object] = {"path": Pointer(), "index": 1}
    if address.suffix not in suffixes and any(getattr(address, name) != defaults.get(name) for name in names):
        listing = " and ".join(repr(name) for name in names)
        raise ParameterError((f"{address.name!r} is no {kind}; leave out {listing}",))
