"""PDFs, read with pypdf: pages, their text, form fields, fonts, and what would run by itself."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from evalkit.checks.document import Document, Line
from evalkit.checks.foreign import reading_as
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.result import Place

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdf.generic import DictionaryObject, PdfObject

_BASE_14 = frozenset(
    [
        "Courier",
        "Courier-Bold",
        "Courier-BoldOblique",
        "Courier-Oblique",
        "Helvetica",
        "Helvetica-Bold",
        "Helvetica-BoldOblique",
        "Helvetica-Oblique",
        "Symbol",
        "Times-Bold",
        "Times-BoldItalic",
        "Times-Italic",
        "Times-Roman",
        "ZapfDingbats",
    ]
)
"""Every viewer has them. Source: ISO 32000-1, 9.6.2.2."""
_MAX_PAGES = 2_000
_CM_PER_POINT = 2.54 / 72


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfPage:
    width_cm: float
    """As shown: a page turned by 90 degrees is as wide as it is high in the file."""
    height_cm: float
    text: str
    pictures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pdf:
    """One PDF."""

    document: Document
    """Lines only: a PDF has no headings that can be relied on."""
    pages: tuple[PdfPage, ...]
    title: str
    foreign_fonts: tuple[str, ...]
    """Fonts that are neither embedded nor one of the fourteen that every viewer has."""
    fields: Mapping[str, str]
    """Of a form: full name to value; a choice that is off is `Off`, an empty field is empty."""
    longest: Mapping[str, int]
    """Of text fields that bound their length."""
    shows_fields: bool
    """Whether filled fields have an appearance, or the viewer is told to make one."""
    active: tuple[str, ...]
    """JavaScript, programs to launch, embedded files."""


def parse_pdf(content: bytes, name: str) -> Pdf:
    """The PDF that `content` holds.

    Raises:
        BadDeliverableError: encrypted, of more pages than anyone asked for, or not readable as a PDF.
    """
    with reading_as("a PDF", name):
        # pypdf reports every repair it makes; a finding is made only of what it cannot read.
        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
        from pypdf import PdfReader  # noqa: PLC0415 - only checks of this format should pay for it

        reader = PdfReader(BytesIO(content))
        if reader.is_encrypted:
            raise BadDeliverableError("encrypted", wanted="a PDF without a password", at=Place(file=name))
        if len(reader.pages) > _MAX_PAGES:
            found = f"{len(reader.pages)} pages"
            raise BadDeliverableError(found, wanted=f"at most {_MAX_PAGES} pages", at=Place(file=name))
        return _read(reader, name)


def _read(reader: "PdfReader", name: str) -> Pdf:
    pages: list[PdfPage] = []
    lines: list[Line] = []
    for number, source in enumerate(reader.pages, start=1):
        text = source.extract_text()
        box = source.cropbox
        size = (float(box.width) * _CM_PER_POINT, float(box.height) * _CM_PER_POINT)
        width, height = size if source.rotation % 180 == 0 else size[::-1]
        pages.append(PdfPage(width_cm=width, height_cm=height, text=text, pictures=len(_pictures(source))))
        lines += [Line(text=line, at=Place(file=name, cell=f"page {number}")) for line in text.splitlines()]
    fields = reader.get_fields() or {}
    title = reader.metadata.title if reader.metadata is not None else None
    return Pdf(
        document=Document(file=name, lines=tuple(lines)),
        pages=tuple(pages),
        title=title or "",
        foreign_fonts=tuple(sorted(_foreign_fonts(reader))),
        fields={key: _field_text(field.get("/V")) for key, field in fields.items()},
        longest={key: int(field["/MaxLen"]) for key, field in fields.items() if "/MaxLen" in field},
        shows_fields=_shows_fields(reader),
        active=tuple(sorted(set(_active(reader)))),
    )


def _field_text(value: "PdfObject | None") -> str:
    return "" if value is None else str(value).removeprefix("/")


def _resolved(value: "PdfObject | None") -> "PdfObject | None":
    return None if value is None else value.get_object()


def _part(node: "DictionaryObject", key: str) -> "DictionaryObject | None":
    from pypdf.generic import DictionaryObject  # noqa: PLC0415 - only checks of this format should pay for it

    part = _resolved(node.get(key))
    return part if isinstance(part, DictionaryObject) else None


def _dictionaries(value: "PdfObject | None") -> "Iterator[DictionaryObject]":
    """Those in the list that `value` is, or refers to."""
    from pypdf.generic import ArrayObject, DictionaryObject  # noqa: PLC0415 - as in `parse_pdf`

    entries = _resolved(value)
    for entry in entries if isinstance(entries, ArrayObject) else ():
        part = _resolved(entry)
        if isinstance(part, DictionaryObject):
            yield part


def _pictures(page: "DictionaryObject") -> list[str]:
    resources = _part(page, "/Resources")
    objects = _part(resources, "/XObject") if resources is not None else None
    if objects is None:
        return []
    return [key for key in objects if (part := _part(objects, key)) is not None and part.get("/Subtype") == "/Image"]


def _foreign_fonts(reader: "PdfReader") -> Iterator[str]:
    for page in reader.pages:
        resources = _part(page, "/Resources")
        fonts = _part(resources, "/Font") if resources is not None else None
        for key in fonts or ():
            font = _part(fonts, key) if fonts is not None else None
            if font is not None and not _is_at_hand(font):
                yield str(font.get("/BaseFont", key)).removeprefix("/")


def _is_at_hand(font: "DictionaryObject") -> bool:
    """Whether a viewer can show the font: it is embedded, drawn in the file itself, or known to all."""
    if font.get("/Subtype") == "/Type3" or str(font.get("/BaseFont", "")).removeprefix("/") in _BASE_14:
        return True
    for carrier in (font, *_dictionaries(font.get("/DescendantFonts"))):
        descriptor = _part(carrier, "/FontDescriptor")
        if descriptor is not None and any(f"/FontFile{suffix}" in descriptor for suffix in ("", "2", "3")):
            return True
    return False


def _widgets(reader: "PdfReader") -> "Iterator[DictionaryObject]":
    for page in reader.pages:
        yield from (note for note in _dictionaries(page.get("/Annots")) if note.get("/Subtype") == "/Widget")


def _shows_fields(reader: "PdfReader") -> bool:
    form = _part(reader.root_object, "/AcroForm")
    if form is not None and bool(getattr(form.get("/NeedAppearances"), "value", False)):
        return True
    return all("/AP" in widget for widget in _widgets(reader) if widget.get("/V"))


def _active(reader: "PdfReader") -> Iterator[str]:
    """What acts by itself. Every object of the file is looked at, wherever it hangs."""
    kinds = {"/JavaScript": "JavaScript", "/Launch": "a program to launch"}
    numbers = {number for table in reader.xref.values() for number in table} | set(reader.xref_objStm)
    for number in sorted(numbers):
        for node in _parts(reader.get_object(number) if number else None):
            action = str(node.get("/S"))
            if action in kinds:
                yield kinds[action]
            if "/JS" in node:
                yield kinds["/JavaScript"]
            if "/EF" in node or "/EmbeddedFiles" in node:
                yield "an embedded file"


def _parts(node: "PdfObject | None") -> "Iterator[DictionaryObject]":
    """The dictionaries in `node`, itself included; what it refers to is looked at in its own turn."""
    from pypdf.generic import ArrayObject, DictionaryObject  # noqa: PLC0415 - as in `parse_pdf`

    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, DictionaryObject):
            yield here
            waiting += here.values()
        elif isinstance(here, ArrayObject):
            waiting += here
