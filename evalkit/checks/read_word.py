"""Word documents, read with python-docx: text, headings by style, tables, and what a page looks like.

A heading is a paragraph whose style is a heading style or derives from one, or has an outline level; a bold paragraph
is none. The text is that of the body, of tables, headers, footers and text boxes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from evalkit.checks.document import Document, Grid, Heading, Line
from evalkit.checks.foreign import reading_as, refuse_ole
from evalkit.checks.inspection import inspect_zip
from evalkit.checks.result import Place

if TYPE_CHECKING:
    from docx.document import Document as DocxDocument
    from docx.oxml.xmlchemy import BaseOxmlElement
    from docx.section import Section
    from docx.styles.style import BaseStyle
    from docx.table import Table as DocxTable
    from docx.text.paragraph import Paragraph

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_EMU_PER_CM = 360_000
"""Source: ECMA-376 part 1, 20.1.2.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPage:
    """The page of one section, in centimetres."""

    width_cm: float
    height_cm: float
    least_margin_cm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One Word document."""

    document: Document
    """The body. Headers, footers and text boxes follow as lines below every heading."""
    pages: tuple[WordPage, ...]
    fonts: tuple[str, ...]
    """Families that runs and the styles in use name; those that only a theme names are left out."""
    picture_texts: tuple[str, ...]
    """The alternative text of each picture, empty where it has none."""
    headers: str
    footers: str
    changes: int
    """Tracked insertions and deletions that nobody accepted or rejected."""
    comments: int
    styles: frozenset[str]
    """Of the paragraphs in the body and its tables."""


def parse_word(content: bytes, name: str) -> Word:
    """The document that `content` holds.

    Raises:
        BadDeliverableError: unsafe, encrypted, or not readable as a Word document.
    """
    refuse_ole(content, name, "a Word document")
    inspect_zip(content, name)
    with reading_as("a Word document", name):
        import docx  # noqa: PLC0415 - only checks of this format should pay for it

        return _read(docx.Document(BytesIO(content)), name)


def _read(docx: "DocxDocument", name: str) -> Word:
    from docx.text.paragraph import Paragraph  # noqa: PLC0415 - only checks of this format should pay for it

    lines: list[Line] = []
    headings: list[Heading] = []
    grids: list[Grid] = []
    for number, item in enumerate(docx.iter_inner_content(), start=1):
        at = Place(file=name, cell=f"block {number}")
        if isinstance(item, Paragraph):
            level = _heading_level(item)
            if level and item.text.strip():
                headings.append(Heading(level=level, text=" ".join(item.text.split()), index=len(lines)))
            lines.append(Line(text=item.text, at=at))
        else:
            grids.append(_grid(item, len(lines), at))
            lines += [Line(text=cell, at=at) for row in grids[-1].rows for cell in row]
    headers = "\n".join(_texts_around(docx, "header"))
    footers = "\n".join(_texts_around(docx, "footer"))
    boxes = "\n".join(
        "".join(t.text or "" for t in box.iter(f"{_W}t")) for box in docx.element.iter(f"{_W}txbxContent")
    )
    for words, where in ((headers, "header"), (footers, "footer"), (boxes, "text box")):
        lines += [Line(text=line, at=Place(file=name, cell=where)) for line in words.split("\n") if line]
    root = docx.element
    return Word(
        document=Document(file=name, lines=tuple(lines), headings=tuple(headings), grids=tuple(grids)),
        pages=tuple(_page(section) for section in docx.sections),
        fonts=tuple(sorted(_fonts(docx))),
        picture_texts=tuple(properties.get("descr") or "" for properties in root.iter(f"{_DRAWING}docPr")),
        headers=headers,
        footers=footers,
        changes=sum(1 for tag in ("ins", "del", "moveFrom", "moveTo") for _ in root.iter(f"{_W}{tag}")),
        comments=sum(1 for _ in root.iter(f"{_W}commentReference")),
        styles=frozenset(str(paragraph.style.name) for paragraph in _paragraphs(docx) if paragraph.style is not None),
    )


def _heading_level(paragraph: "Paragraph") -> int:
    """1 to 9; 0 for a paragraph that is no heading."""
    outline = paragraph._p.find(f"{_W}pPr/{_W}outlineLvl")  # noqa: SLF001 - the library has no public word for it
    if outline is not None:
        return _outline_level(outline)
    style: BaseStyle | None = paragraph.style
    while style is not None:
        name = style.name or ""
        if name == "Title":
            return 0
        if name.startswith("Heading ") and name.removeprefix("Heading ").isdecimal():
            return int(name.removeprefix("Heading "))
        outline = style.element.find(f"{_W}pPr/{_W}outlineLvl")
        if outline is not None:
            return _outline_level(outline)
        style = getattr(style, "base_style", None)
    return 0


def _outline_level(outline: "BaseOxmlElement") -> int:
    """0-based in the file, and 9 means body text. Source: ECMA-376 part 1, 17.3.1.20."""
    value = outline.get(f"{_W}val") or "9"
    return int(value) + 1 if value.isdecimal() and int(value) < 9 else 0


def _grid(table: "DocxTable", index: int, at: Place) -> Grid:
    rows = tuple(tuple(" ".join(cell.text.split()) for cell in row.cells) for row in table.rows)
    width = len(rows[0]) if rows else 0
    fitted = tuple((row + ("",) * width)[:width] for row in rows)
    return Grid(rows=fitted, index=index, at=at, row_places=tuple(at for _ in rows))


def _texts_around(docx: "DocxDocument", kind: str) -> Iterator[str]:
    """The text of every header, or footer, that a section has of its own."""
    for section in docx.sections:
        for which in ("", "first_page_", "even_page_"):
            part = getattr(section, f"{which}{kind}")
            if not part.is_linked_to_previous:
                yield from ("".join(t.text or "" for t in p.iter(f"{_W}t")) for p in part._element.iter(f"{_W}p"))  # noqa: SLF001 - the library has no public word for it


def _paragraphs(docx: "DocxDocument") -> Iterator["Paragraph"]:
    """Every paragraph of the body, those in tables included."""
    from docx.text.paragraph import Paragraph  # noqa: PLC0415 - only checks of this format should pay for it

    return (Paragraph(element, docx._body) for element in docx.element.body.iter(f"{_W}p"))  # noqa: SLF001 - the library has no public word for it


def _fonts(docx: "DocxDocument") -> set[str]:
    default = docx.styles.element.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr/{_W}rFonts")
    fallback = None if default is None else default.get(f"{_W}ascii")
    families: set[str] = set()
    for paragraph in _paragraphs(docx):
        of_style = _family_of(paragraph.style)
        for run in paragraph.runs:
            family = run.font.name or _family_of(run.style) or of_style or fallback
            if run.text.strip() and family is not None:
                families.add(family)
    return families


def _family_of(style: "BaseStyle | None") -> str | None:
    while style is not None:
        font = getattr(style, "font", None)
        if font is not None and isinstance(font.name, str):
            return font.name
        style = getattr(style, "base_style", None)
    return None


def _page(section: "Section") -> WordPage:
    margins = (section.left_margin, section.right_margin, section.top_margin, section.bottom_margin)
    return WordPage(
        width_cm=(section.page_width or 0) / _EMU_PER_CM,
        height_cm=(section.page_height or 0) / _EMU_PER_CM,
        least_margin_cm=min((margin or 0) for margin in margins) / _EMU_PER_CM,
    )
