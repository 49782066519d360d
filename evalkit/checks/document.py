"""A document as lines of text with headings and tables in them: what Markdown, Word, HTML, slides and PDF share.

Each format's reader makes a `Document`; the generic checks of text, headings and tables know nothing else of it.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from evalkit.checks.evidence import quoted
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.result import Place
from evalkit.checks.rows import Rows, near_miss, refuse_repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, or one paragraph, cell or text box where the format has those."""

    text: str
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading made with the format's own means; a bold paragraph is none."""

    level: int
    """1 is the highest."""
    text: str
    index: int
    """Of its line in the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table in the document: every row has as many cells as the first."""

    rows: tuple[tuple[str, ...], ...]
    index: int
    """Of its first line in the document."""
    at: Place
    row_places: tuple[Place, ...]
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Consecutive lines of a document, searchable as one text."""

    lines: tuple[Line, ...]
    at: Place
    """Where the passage begins, for what is not in it."""

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    def place(self, offset: int) -> Place:
        """Where the character at `offset` of `text` stands."""
        starts = list(accumulate((len(line.text) + 1 for line in self.lines), initial=0))
        return self.lines[bisect_right(starts, offset) - 1].at


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a reader found in one file, in reading order."""

    file: str
    lines: tuple[Line, ...]
    headings: tuple[Heading, ...] = ()
    grids: tuple[Grid, ...] = ()

    def bounds(self, section: str | None) -> tuple[int, int]:
        """The first line after the heading `section`, and the first of the next heading as high: the whole for None.

        Raises:
            BadDeliverableError: no heading has that text, or several have.
        """
        if section is None:
            return 0, len(self.lines)
        found = [number for number, heading in enumerate(self.headings) if heading.text == section]
        wanted = f"one section {quoted(section)}"
        if len(found) != 1:
            hint = near_miss(section, tuple(heading.text for heading in self.headings))
            words = f"{len(found)} such sections" if found else f"no such section{hint}"
            raise BadDeliverableError(words, wanted=wanted, at=Place(file=self.file))
        heading = self.headings[found[0]]
        later = (other.index for other in self.headings[found[0] + 1 :] if other.level <= heading.level)
        return heading.index + 1, next(later, len(self.lines))

    def passage(self, section: str | None) -> Passage:
        """The text of `section`, its subsections included, or all of it for None.

        Raises:
            BadDeliverableError: as `bounds`.
        """
        start, end = self.bounds(section)
        at = Place(file=self.file) if section is None else self.lines[start - 1].at
        return Passage(lines=self.lines[start:end], at=at)

    def grid(self, index: int, section: str | None) -> Grid:
        """The 1-based `index`-th table of `section`, or of the document for None.

        Raises:
            BadDeliverableError: there are fewer, or as `bounds`.
        """
        start, end = self.bounds(section)
        grids = [grid for grid in self.grids if start <= grid.index < end]
        if len(grids) < index:
            where = "" if section is None else f" in the section {quoted(section)}"
            raise BadDeliverableError(
                f"{len(grids)} tables{where}", wanted=f"a table {index}{where}", at=Place(file=self.file)
            )
        return grids[index - 1]


def rows_of_grid(grid: Grid, header_row: int) -> Rows:
    """The table under the 1-based `header_row` of `grid`; its cells are text.

    Raises:
        BadDeliverableError: there is no such row, or it repeats a column name.
    """
    if len(grid.rows) < header_row:
        wanted = f"column names in row {header_row}"
        raise BadDeliverableError(f"{len(grid.rows)} rows", wanted=wanted, at=grid.at)
    header = grid.rows[header_row - 1]
    refuse_repeated(header, grid.row_places[header_row - 1])

    def place_of(row: int | None, column: str | None) -> Place:
        place = grid.row_places[header_row - 1 if row is None else header_row + row]
        return Place(file=place.file, line=place.line, sheet=place.sheet, cell=column or place.cell)

    return Rows(header=header, rows=grid.rows[header_row:], untyped=True, place_of=place_of)


def plain_lines(text: str, name: str) -> tuple[Line, ...]:
    """The lines of `text`, each with its 1-based number. Only LF and CRLF end a line."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    return tuple(Line(text=line, at=Place(file=name, line=number)) for number, line in enumerate(lines, start=1))
