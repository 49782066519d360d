"""HTML, read with the standard library's parser: visible text, headings, tables, elements with their attributes.

Nothing is loaded and nothing is run. The parser repairs as little as it can; what a browser would show differently,
such as text hidden by style sheets, is shown here as it stands in the source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from evalkit.checks.document import Document, Grid, Heading, Line
from evalkit.checks.read_text import decode_utf8
from evalkit.checks.result import Place

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
"""Elements without an end. Source: HTML standard, 13.1.2."""
_HIDDEN = frozenset({"script", "style", "template", "title", "noscript"})
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One start tag, with the path of open elements above it, the outermost first."""

    tag: str
    attributes: Mapping[str, str]
    above: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlTable:
    """Facts of a table beside its cells."""

    caption: str
    header_cells: int
    """Cells made with `th`."""
    rows: int
    """Header rows included."""
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One HTML page."""

    document: Document
    doctype: str
    title: str
    elements: tuple[Element, ...]
    tables: tuple[HtmlTable, ...]
    style_text: str
    """Of all style elements."""
    never_closed: tuple[Element, ...]
    """Elements that need an end tag and have none."""


def parse_html(content: bytes, name: str) -> Page:
    """The page that `content` holds.

    Raises:
        BadDeliverableError: it is not UTF-8.
    """
    reader = _Reader(name)
    reader.feed(decode_utf8(content, name).removeprefix("\ufeff"))
    reader.close()
    return reader.page()


@dataclass(slots=True, kw_only=True)
class _OpenTable:
    index: int
    at: Place
    rows: list[list[str]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    caption: str = ""
    header_cells: int = 0


_LEVELS = {f"h{level}": level for level in range(1, 7)}

_MAY_STAY_OPEN = frozenset(
    [
        "html",
        "head",
        "body",
        "li",
        "dt",
        "dd",
        "p",
        "option",
        "tr",
        "td",
        "th",
        "thead",
        "tbody",
        "tfoot",
        "colgroup",
        "rt",
        "rp",
    ]
)
"""Elements whose end tag may be left out. Source: HTML standard, 13.1.2.4."""


class _Reader(HTMLParser):
    """Collects while the parser goes through the source once."""

    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self._name = name
        self._lines: list[Line] = []
        self._headings: list[Heading] = []
        self._grids: list[Grid] = []
        self._tables: list[HtmlTable] = []
        self._elements: list[Element] = []
        self._open: list[Element] = []
        self._never_closed: list[Element] = []
        self._open_tables: list[_OpenTable] = []
        self._text: list[str] = []
        self._text_at = Place(file=name)
        self._doctype = ""
        self._title = ""
        self._style = ""

    def page(self) -> Page:
        self._end_line()
        unclosed = (element for element in self._open if element.tag not in _MAY_STAY_OPEN)
        document = Document(
            file=self._name,
            lines=tuple(self._lines),
            headings=tuple(self._headings),
            grids=tuple(sorted(self._grids, key=lambda grid: grid.index)),
        )
        return Page(
            document=document,
            doctype=self._doctype,
            title=" ".join(self._title.split()),
            elements=tuple(self._elements),
            tables=tuple(self._tables),
            style_text=self._style,
            never_closed=(*self._never_closed, *unclosed),
        )

    def handle_decl(self, decl: str) -> None:
        self._doctype = decl

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._end_line()
            self._add_to_table(" ")
        above = tuple(element.tag for element in self._open)
        attributes = {key: value or "" for key, value in attrs}
        element = Element(tag=tag, attributes=attributes, above=above, at=self._here())
        self._elements.append(element)
        if tag not in _VOID:
            self._open.append(element)
        if tag == "table":
            self._open_tables.append(_OpenTable(index=len(self._lines), at=self._here()))
        elif tag == "tr" and self._open_tables:
            self._open_tables[-1].rows.append([])
            self._open_tables[-1].places.append(self._here())
        elif tag in {"td", "th"} and self._open_tables and self._open_tables[-1].rows:
            self._open_tables[-1].rows[-1].append("")
            self._open_tables[-1].header_cells += tag == "th"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        # `<circle/>` in inline SVG ends where it begins; so does what HTML calls void.
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_line()
        while any(element.tag == tag for element in self._open):
            closed = self._open.pop()
            if closed.tag == tag:
                break
            if closed.tag not in _MAY_STAY_OPEN:
                self._never_closed.append(closed)
        if tag == "table" and self._open_tables:
            self._end_table(self._open_tables.pop())

    def handle_data(self, data: str) -> None:
        tags = [element.tag for element in self._open]
        if "title" in tags and "svg" not in tags:
            self._title += data
        elif tags and tags[-1] == "style":
            self._style += data
        elif not _HIDDEN.intersection(tags):
            if not self._text:
                self._text_at = self._here()
            self._text.append(data)
            self._add_to_table(data)

    def _here(self) -> Place:
        return Place(file=self._name, line=self.getpos()[0])

    def _end_line(self) -> None:
        """What was read since the last block is a line, and perhaps a heading."""
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if not text:
            return
        levels = [_LEVELS[element.tag] for element in self._open if element.tag in _LEVELS]
        if levels:
            self._headings.append(Heading(level=levels[-1], text=text, index=len(self._lines)))
        self._lines.append(Line(text=text, at=self._text_at))

    def _add_to_table(self, text: str) -> None:
        """`text` belongs to the cell or caption that is open, if one is."""
        part = next((e.tag for e in reversed(self._open) if e.tag in {"td", "th", "caption", "table"}), None)
        if not self._open_tables:
            return
        table = self._open_tables[-1]
        if part == "caption":
            table.caption += text
        elif part in {"td", "th"} and table.rows and table.rows[-1]:
            table.rows[-1][-1] += text

    def _end_table(self, table: _OpenTable) -> None:
        rows = [
            (tuple(" ".join(cell.split()) for cell in row), place)
            for row, place in zip(table.rows, table.places, strict=True)
            if row
        ]
        caption = " ".join(table.caption.split())
        self._tables.append(HtmlTable(caption=caption, header_cells=table.header_cells, rows=len(rows), at=table.at))
        if rows:
            width = len(rows[0][0])
            self._grids.append(
                Grid(
                    rows=tuple((row + ("",) * width)[:width] for row, _ in rows),
                    index=table.index,
                    at=table.at,
                    row_places=tuple(place for _, place in rows),
                    caption=caption or None,
                )
            )
