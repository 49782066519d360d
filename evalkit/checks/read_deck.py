"""Presentations, read with python-pptx: slides with their titles, texts, notes, tables, charts and boxes.

The title of a slide is its heading, of level 1; its texts, cells and notes are lines, so that a section is a slide.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from evalkit.checks.document import Document, Grid, Heading, Line
from evalkit.checks.foreign import reading_as, refuse_ole
from evalkit.checks.inspection import inspect_zip
from evalkit.checks.result import Place

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide as PptxSlide

_EMU_PER_INCH = 914_400
"""Source: ECMA-376 part 1, 20.1.2.1."""
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where a shape stands on its slide, in inches from the upper left."""

    name: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A native chart with the numbers stored in it."""

    kind: str
    """As PowerPoint names it, in lower case: `column_clustered`, `line_markers`, `pie`…"""
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    number: int
    """From 1."""
    title: str
    notes: str
    boxes: tuple[Box, ...]
    charts: tuple[Chart, ...]
    pictures: int
    empty_placeholders: tuple[str, ...]
    least_font_pt: float | None
    """The smallest size that a run states; None where none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """One presentation."""

    document: Document
    slides: tuple[Slide, ...]
    width: float
    """In inches."""
    height: float


def parse_deck(content: bytes, name: str) -> Deck:
    """The presentation that `content` holds.

    Raises:
        BadDeliverableError: unsafe, encrypted, or not readable as a presentation.
    """
    refuse_ole(content, name, "a presentation")
    inspect_zip(content, name)
    with reading_as("a presentation", name):
        import pptx  # noqa: PLC0415 - only checks of this format should pay for it

        return _read(pptx.Presentation(BytesIO(content)), name)


def _read(presentation: "Presentation", name: str) -> Deck:
    lines: list[Line] = []
    headings: list[Heading] = []
    grids: list[Grid] = []
    slides: list[Slide] = []
    for number, source in enumerate(presentation.slides, start=1):
        at = Place(file=name, cell=f"slide {number}")
        slide = _slide(source, number)
        slides.append(slide)
        headings.append(Heading(level=1, text=slide.title, index=len(lines)))
        lines.append(Line(text=slide.title, at=at))
        title = source.shapes.title
        for shape in _shapes(source.shapes):
            if title is not None and shape.shape_id == title.shape_id:
                continue
            if shape.has_table:
                cells = getattr(shape, "table").rows  # noqa: B009 - only graphic frames have it
                rows = tuple(tuple(" ".join(cell.text.split()) for cell in row.cells) for row in cells)
                grids.append(Grid(rows=rows, index=len(lines), at=at, row_places=(at,) * len(rows)))
                lines += [Line(text=cell, at=at) for row in rows for cell in row]
            elif shape.has_text_frame:
                text = str(getattr(shape, "text_frame").text)  # noqa: B009 - only graphic frames have it
                lines += [Line(text=line, at=at) for line in text.splitlines()]
        notes_at = Place(file=name, cell=f"slide {number} notes")
        lines += [Line(text=line, at=notes_at) for line in slide.notes.splitlines()]
    return Deck(
        document=Document(file=name, lines=tuple(lines), headings=tuple(headings), grids=tuple(grids)),
        slides=tuple(slides),
        width=(presentation.slide_width or 0) / _EMU_PER_INCH,
        height=(presentation.slide_height or 0) / _EMU_PER_INCH,
    )


def _shapes(shapes: Iterable["BaseShape"]) -> Iterator["BaseShape"]:
    """All shapes, those inside groups included."""
    for shape in shapes:
        inner = getattr(shape, "shapes", None)
        if inner is None:
            yield shape
        else:
            yield from _shapes(inner)


def _slide(slide: "PptxSlide", number: int) -> Slide:
    title = slide.shapes.title
    shapes = list(_shapes(slide.shapes))
    empty = [shape.name for shape in slide.placeholders if shape.has_text_frame and not shape.text_frame.text.strip()]
    sizes = [
        int(properties.get("sz") or 0) / 100 for properties in slide.element.iter(f"{_A}rPr") if properties.get("sz")
    ]
    return Slide(
        number=number,
        title=" ".join(title.text_frame.text.split()) if title is not None else "",
        notes=_notes(slide),
        boxes=tuple(_boxes(slide)),
        charts=tuple(_chart(shape) for shape in shapes if shape.has_chart),
        pictures=sum(1 for _ in slide.element.iter(f"{_P}pic")),
        empty_placeholders=tuple(empty),
        least_font_pt=min(sizes, default=None),
    )


def _notes(slide: "PptxSlide") -> str:
    # Asking for `notes_slide` makes one where there is none.
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return "" if frame is None else frame.text


def _boxes(slide: "PptxSlide") -> Iterator[Box]:
    """Of the shapes that stand on the slide itself: those in a group are placed in the group's own coordinates."""
    for shape in slide.shapes:
        if shape.left is None or shape.top is None or shape.width is None or shape.height is None:
            continue
        left, top = shape.left / _EMU_PER_INCH, shape.top / _EMU_PER_INCH
        right, bottom = left + shape.width / _EMU_PER_INCH, top + shape.height / _EMU_PER_INCH
        yield Box(name=shape.name, left=left, top=top, right=right, bottom=bottom)


def _chart(shape: "BaseShape") -> Chart:
    chart = getattr(shape, "chart")  # noqa: B009 - only graphic frames have it
    return Chart(
        kind=chart.chart_type.name.lower(),
        categories=tuple(str(category) for category in chart.plots[0].categories),
        series=tuple((str(series.name), tuple(series.values)) for series in chart.series),
    )
