"""What a check function is given: the deliverables, read once for all checks, and the words for its answer."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from evalkit.checks.adapters import CSV_SUFFIXES, WORKBOOK_SUFFIXES, File, Files, Table, Value
from evalkit.checks.cell import Cell, Reading
from evalkit.checks.evidence import listed, quoted
from evalkit.checks.inspection import file_size, read_bytes
from evalkit.checks.json_pointer import JsonNode, PointerError, find_at
from evalkit.checks.problems import BadDeliverableError, NotMeasuredError
from evalkit.checks.quantity import NumberFormat
from evalkit.checks.read_csv import parse_csv
from evalkit.checks.read_json import cell_of_node, parse_json, rows_of_array
from evalkit.checks.read_text import decode_utf8
from evalkit.checks.read_workbook import Workbook, read_workbook, rows_of_sheet
from evalkit.checks.result import Finding, Place, Status
from evalkit.checks.rows import Rows, near_miss

Address = TypeVar("Address", bound=File)
Content = TypeVar("Content")


class Check:
    """The deliverables of one trial as checks see them. A file is parsed once, whoever asks for it again.

    Whatever reads raises `BadDeliverableError` when the file is missing, unreadable, malformed or unsafe: the check
    that asked is then *failed*. It raises `NotMeasuredError` when we cannot tell: the check is then *errored*.
    """

    def __init__(self, *, delivered: Path, inputs: Path | None) -> None:
        self.delivered = delivered
        """Folder of the delivered files, flat."""
        self.inputs = inputs
        """Folder of the files given to the agent; None when the task gave none."""
        self._documents: dict[File, JsonNode] = {}
        self._workbooks: dict[File, Workbook] = {}
        self._tables: dict[Table, Rows] = {}

    def passed(self, found: str | None = None, *, score: float | None = None) -> Finding:
        return Finding(status=Status.PASSED, found=found, score=score)

    def failed(self, found: str, *, wanted: str, at: Place | None = None, score: float | None = None) -> Finding:
        return Finding(status=Status.FAILED, found=found, wanted=wanted, at=at, score=score)

    def errored(self, reason: str, *, at: Place | None = None) -> Finding:
        """The answer of a check that could not tell, and why."""
        return Finding(status=Status.ERRORED, found=reason, at=at)

    def place(
        self, file: File | str, *, sheet: str | None = None, cell: str | None = None, line: int | None = None
    ) -> Place:
        return Place(file=file if isinstance(file, str) else file.name, sheet=sheet, cell=cell, line=line)

    def names(self) -> tuple[str, ...]:
        """The names in the delivered folder, sorted: whatever lies there, regular file or not."""
        return tuple(sorted(entry.name for entry in self.delivered.iterdir()))

    def matching(self, files: Files) -> tuple[File, ...]:
        """The delivered files that `files` means; never none."""
        names = self.names()
        found = [name for name in names if any(fnmatchcase(name, glob) for glob in files.globs)]
        if not found:
            raise BadDeliverableError(
                f"no such file; {delivered_words(names)}", wanted=f"a file like {listed(files.globs)}"
            )
        return tuple(File(file=name) for name in found)

    def path(self, file: File) -> Path:
        """Where the regular file lies."""
        if file.file is None:
            path = (self.inputs or Path()) / file.name
            if self.inputs is None or not path.is_file():
                raise NotMeasuredError(f"the task gave no input named {quoted(file.name)}")
            return path
        names = self.names()
        if file.file not in names:
            hint = near_miss(file.file, names) if names else "; nothing was delivered"
            raise BadDeliverableError(
                f"no such file{hint}", wanted=f"the file {quoted(file.file)}", at=self.place(file)
            )
        file_size(self.delivered / file.file, file.file)
        return self.delivered / file.file

    def bytes(self, file: File) -> bytes:
        return read_bytes(self.path(file), file.name)

    def text(self, file: File) -> str:
        """The file as UTF-8 text, a byte order mark included."""
        return decode_utf8(self.bytes(file), file.name)

    def json(self, file: File) -> JsonNode:
        """The document of a strictly read JSON file."""
        return _once(self._documents, _plain(file), lambda plain: parse_json(self.bytes(plain), plain.name))

    def workbook(self, file: File) -> Workbook:
        """The stored values and formulas of an .xlsx file."""
        return _once(self._workbooks, _plain(file), lambda plain: read_workbook(self.path(plain), plain.name))

    def table(self, table: Table) -> Rows:
        """The rows of a csv or tsv file, of a sheet or range, or of a JSON array of objects."""
        return _once(self._tables, table, self._read_table)

    def value(self, value: Value) -> tuple[Cell, Place]:
        """What stands at a cell, in a data row's column, or at a pointer, and its place; blank is None."""
        if value.column is not None and value.row is not None:
            rows = self.table(value.table())
            cells = rows.column(value.column)
            if value.row > len(cells):
                at = rows.place_of(None, value.column)
                raise BadDeliverableError(f"{len(cells)} data rows", wanted=f"a data row {value.row}", at=at)
            return cells[value.row - 1], rows.place_of(value.row - 1, value.column)
        if value.cell is not None:
            workbook = self.workbook(value)
            sheet = workbook.sheet(value.sheet)
            row, column = value.cell.row, value.cell.column
            cell = sheet.cells.get((row, column))
            return (None if cell is None else cell.value), workbook.place(sheet.name, row, column)
        pointer = "" if value.path is None else value.path.text
        return cell_of_node(self.node(value, pointer)), self.place(value, cell=pointer)

    def node(self, file: File, pointer: str) -> JsonNode:
        """What stands at `pointer` in a strictly read JSON file."""
        try:
            return find_at(self.json(file), pointer)
        except PointerError as error:
            raise BadDeliverableError(str(error), wanted=f"a value at {pointer!r}", at=self.place(file)) from error

    def reading(self, file: File, numbers: NumberFormat | None = None) -> Reading:
        """How the text of the file's cells is understood, given the number format that the check declares."""
        return Reading(untyped=file.suffix in CSV_SUFFIXES, numbers=numbers)

    def _read_table(self, table: Table) -> Rows:
        if table.suffix in WORKBOOK_SUFFIXES:
            return rows_of_sheet(self.workbook(table), table)
        if table.suffix == ".json":
            return rows_of_array(self.node(table, table.path.text), table)
        return parse_csv(self.bytes(table), table)


def delivered_words(names: tuple[str, ...]) -> str:
    """What was delivered, in words."""
    return f"delivered: {listed(names)}" if names else "nothing was delivered"


def _plain(file: File) -> File:
    """The file alone, without what a Table or Value says about the place in it."""
    return File(file=file.file, input=file.input)


def _once(cache: dict[Address, Content], file: Address, read: Callable[[Address], Content]) -> Content:
    """The content of `file`, read now unless it was before.

    Raises:
        BadDeliverableError: a delivered file is bad.
        NotMeasuredError: an input is: that is the suite's fault and not the agent's.
    """
    if file not in cache:
        try:
            cache[file] = read(file)
        except BadDeliverableError as error:
            if file.input is not None:
                raise NotMeasuredError(f"the input cannot be read: {error}") from error
            raise
    return cache[file]
