"""What a check function is given: the deliverables, read once for all checks, and the words for its answer."""

import re
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias, TypeVar, cast

from evalkit.checks.adapters import (
    CSV_SUFFIXES,
    DATABASE_SUFFIXES,
    HTML_SUFFIXES,
    MARKDOWN_SUFFIXES,
    OUTLINED_SUFFIXES,
    WORKBOOK_SUFFIXES,
    File,
    Files,
    Table,
    Text,
    Value,
)
from evalkit.checks.cell import Cell, Reading
from evalkit.checks.document import Document, Passage, plain_lines, rows_of_grid
from evalkit.checks.evidence import listed, quoted
from evalkit.checks.inspection import file_size, read_bytes
from evalkit.checks.json_pointer import JsonNode, PointerError, find_at
from evalkit.checks.problems import BadDeliverableError, NotMeasuredError
from evalkit.checks.quantity import Bounds, NumberFormat
from evalkit.checks.read_csv import parse_csv
from evalkit.checks.read_database import rows_of_query
from evalkit.checks.read_deck import parse_deck
from evalkit.checks.read_html import parse_html
from evalkit.checks.read_json import cell_of_node, parse_json, parse_json_lines, rows_of_array
from evalkit.checks.read_markdown import parse_markdown
from evalkit.checks.read_pdf import parse_pdf
from evalkit.checks.read_text import decode_utf8
from evalkit.checks.read_word import parse_word
from evalkit.checks.read_workbook import Workbook, defined_cell, labelled_cell, parse_workbook, rows_of_sheet
from evalkit.checks.recalculate import NoEngineError, calculated_anew
from evalkit.checks.result import Finding, Place, Status
from evalkit.checks.rows import Rows, near_miss
from evalkit.errors import EvalkitError

Content = TypeVar("Content")
Parser: TypeAlias = Callable[[bytes, str], Content]
"""From the bytes and the name of a file to what it holds."""
Books: TypeAlias = Mapping[str, bytes]


class Check:
    """The deliverables of one trial as checks see them. A file is parsed once, whoever asks for it again.

    Whatever reads raises `BadDeliverableError` when the file is missing, unreadable, malformed or unsafe: the check
    that asked is then *failed*. It raises `NotMeasuredError` when we cannot tell: the check is then *errored*.
    """

    def __init__(self, *, delivered: Path, inputs: Path | None, calculates: bool = True) -> None:
        self.delivered = delivered
        """Folder of the delivered files, flat."""
        self.inputs = inputs
        """Folder of the files given to the agent; None when the task gave none."""
        self.calculates = calculates
        """Whether formulas are calculated anew, if a program for it is installed."""
        self.engine: str | None = None
        """The outside program that the check's answer rests on, so far. `worker` clears it before each check."""
        self._read: dict[tuple[Hashable, Callable[..., object]], object] = {}
        """What was read, or the error that reading it ended with."""

    def passed(self, found: str | None = None, *, score: float | None = None, engine: str | None = None) -> Finding:
        return Finding(status=Status.PASSED, found=found, score=score, engine=engine)

    def failed(
        self,
        found: str,
        *,
        wanted: str,
        at: Place | None = None,
        score: float | None = None,
        engine: str | None = None,
    ) -> Finding:
        return Finding(status=Status.FAILED, found=found, wanted=wanted, at=at, score=score, engine=engine)

    def errored(self, reason: str, *, at: Place | None = None) -> Finding:
        """The answer of a check that could not tell, and why."""
        return Finding(status=Status.ERRORED, found=reason, at=at)

    def counted(self, found: int, at_least: int | None, at_most: int | None, what: str, *, at: Place) -> Finding:
        """The answer of a check that wants so many of something."""
        bounds = Bounds(low=at_least, high=at_most)
        if not bounds.allows(found):
            return self.failed(f"{found} {what}", wanted=f"{bounds} {what}", at=at)
        return self.passed(f"{found} {what}")

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

    def given(self, files: Files) -> tuple[File, ...]:
        """The task's inputs that `files` means, in order of name; never none."""
        paths = [] if self.inputs is None else [path for path in self.inputs.rglob("*") if path.is_file()]
        names = sorted(str(path.relative_to(self.inputs or path)) for path in paths)
        found = [name for name in names if any(fnmatchcase(name, glob) for glob in files.globs)]
        if not found:
            raise NotMeasuredError(f"the task gave no input like {listed(files.globs)}")
        return tuple(File(input=name) for name in found)

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

    def parsed(self, file: File, parse: Parser[Content]) -> Content:
        """What `parse` makes of the file's content and name, parsed now unless it was before."""
        plain = File(file=file.file, input=file.input)
        return self._once(plain, file, parse, lambda: parse(self.bytes(plain), plain.name))

    def json(self, file: File) -> JsonNode:
        """The document of a strictly read JSON or YAML file; of JSON lines, the array of them."""
        if file.suffix in {".yaml", ".yml"}:
            from evalkit.checks.read_yaml import parse_yaml  # noqa: PLC0415 - who reads no YAML need not load a parser

            return self.parsed(file, parse_yaml)
        return self.parsed(file, parse_json_lines if file.suffix == ".jsonl" else parse_json)

    def workbook(self, file: File) -> Workbook:
        """The formulas of an .xlsx file, and their values: calculated anew where a program for it is installed.

        Where none is, the values are as stored, and a formula without one is `NotComputed`.
        """
        plain = File(file=file.file, input=file.input)
        workbook = self._once(plain, file, self.workbook, lambda: self._computed(plain))
        self.engine = workbook.engine
        return workbook

    def recalculated(self, original: Workbook, books: Books) -> dict[str, Workbook]:
        """Each of `books`, which are `original` or changes of it, with the values of its formulas calculated anew."""
        if not self.calculates:
            raise NoEngineError("not computed: formulas are not to be calculated here")
        found = calculated_anew(original, books)
        self.engine = next(iter(found.values())).engine
        return found

    def document(self, file: File) -> Document:
        """The lines, headings and tables of a text: Markdown, Word, slides, HTML, PDF, or plain UTF-8."""
        if file.suffix in MARKDOWN_SUFFIXES:
            return self.parsed(file, parse_markdown).document
        if file.suffix in HTML_SUFFIXES:
            return self.parsed(file, parse_html).document
        if file.suffix == ".docx":
            return self.parsed(file, parse_word).document
        if file.suffix == ".pptx":
            return self.parsed(file, parse_deck).document
        if file.suffix == ".pdf":
            return self.parsed(file, parse_pdf).document
        return self.parsed(file, _plain_document)

    def passage(self, text: Text) -> Passage:
        """The text of a file, or of one of its sections."""
        return self.document(text).passage(text.section)

    def table(self, table: Table) -> Rows:
        """The rows under a header, wherever `table` says that they stand."""
        return self._once(table, table, self._read_table, lambda: self._read_table(table))

    def value(self, value: Value) -> tuple[Cell, Place]:
        """What stands at the place that `value` names, and that place; blank is None."""
        if value.column is not None and value.row is not None:
            rows = self.table(value.table())
            cells = rows.column(value.column)
            if value.row > len(cells):
                at = rows.place_of(None, value.column)
                raise BadDeliverableError(f"{len(cells)} data rows", wanted=f"a data row {value.row}", at=at)
            return cells[value.row - 1], rows.place_of(value.row - 1, value.column)
        if value.regex is not None:
            return self._group_of(value.text(), value.regex)
        if value.suffix not in WORKBOOK_SUFFIXES:
            pointer = "" if value.path is None else value.path.text
            return cell_of_node(self.node(value, pointer)), self.place(value, cell=pointer)
        return self.cell_at(self.workbook(value), value)

    def cell_at(self, workbook: Workbook, value: Value) -> tuple[Cell, Place]:
        """What stands in `workbook` at the cell that `value` names, and its place."""
        if value.label is not None:
            sheet, place = labelled_cell(workbook, value.sheet, value.label)
        elif value.defined_name is not None:
            sheet, place = defined_cell(workbook, value.defined_name)
        else:
            assert value.cell is not None, "a value of a workbook is named in one of three ways"
            sheet, place = workbook.sheet(value.sheet), (value.cell.row, value.cell.column)
        cell = sheet.cells.get(place)
        return (None if cell is None else cell.value), workbook.place(sheet.name, *place)

    def node(self, file: File, pointer: str) -> JsonNode:
        """What stands at `pointer` in a strictly read JSON file."""
        try:
            return find_at(self.json(file), pointer)
        except PointerError as error:
            raise BadDeliverableError(str(error), wanted=f"a value at {pointer!r}", at=self.place(file)) from error

    def reading(self, address: Table | Value, numbers: NumberFormat | None = None) -> Reading:
        """How the text of the cells at `address` is understood, given the number format that the check declares."""
        only_text = address.suffix in {*CSV_SUFFIXES, *OUTLINED_SUFFIXES}
        is_found_in_text = isinstance(address, Value) and address.regex is not None
        return Reading(untyped=only_text or is_found_in_text, numbers=numbers)

    def _computed(self, file: File) -> Workbook:
        stored = self.parsed(file, parse_workbook)
        has_formulas = any(cell.formula is not None for sheet in stored.sheets for cell in sheet.cells.values())
        with suppress(NoEngineError):
            return self.recalculated(stored, {"book": self.bytes(file)})["book"] if has_formulas else stored
        return stored

    def _group_of(self, text: Text, pattern: re.Pattern[str]) -> tuple[Cell, Place]:
        passage = self.passage(text)
        found = list(pattern.finditer(passage.text))
        if len(found) != 1:
            at = passage.place(found[1].start()) if found else passage.at
            raise BadDeliverableError(f"{len(found)} places", wanted=f"one place like {pattern.pattern}", at=at)
        return found[0][1], passage.place(found[0].start())

    def _read_table(self, table: Table) -> Rows:
        if table.suffix in WORKBOOK_SUFFIXES:
            return rows_of_sheet(self.workbook(table), table)
        if table.suffix in CSV_SUFFIXES:
            return parse_csv(self.bytes(table), table)
        if table.suffix in OUTLINED_SUFFIXES:
            return rows_of_grid(self.document(table).grid(table.index, table.section), table.header_row)
        if table.suffix in DATABASE_SUFFIXES:
            return rows_of_query(self.path(table), table)
        return rows_of_array(self.node(table, table.path.text), table)

    def _once(self, key: Hashable, file: File, reader: Callable[..., object], read: Callable[[], Content]) -> Content:
        """What `read` gives, read now unless `reader` did so before for `key`.

        Raises:
            BadDeliverableError: a delivered file is bad.
            NotMeasuredError: an input is: that is the suite's fault and not the agent's.
        """
        if (key, reader) not in self._read:
            try:
                self._read[key, reader] = read()
            except EvalkitError as error:
                self._read[key, reader] = error
        found = self._read[key, reader]
        if isinstance(found, BadDeliverableError) and file.input is not None:
            raise NotMeasuredError(f"the input cannot be read: {found}") from found
        if isinstance(found, EvalkitError):
            raise found
        return cast("Content", found)


def delivered_words(names: tuple[str, ...]) -> str:
    """What was delivered, in words."""
    return f"delivered: {listed(names)}" if names else "nothing was delivered"


def _plain_document(content: bytes, name: str) -> Document:
    return Document(file=name, lines=plain_lines(decode_utf8(content, name), name))
