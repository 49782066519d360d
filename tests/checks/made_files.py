"""Files of every kind, made for a test."""

import io
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import docx
import pptx
from docx.shared import Cm
from openpyxl import Workbook
from PIL import Image, ImageDraw
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches, Pt


def book_bytes(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def zip_bytes(members: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def memo_bytes(
    *, heading_style: str = "Heading 1", font: str = "Calibri", width_cm: float = 21.0, alt: str | None = "Revenue"
) -> bytes:
    """A Word memo: two sections, a table of two KPIs, one picture, header and footer."""
    memo = docx.Document()
    section = memo.sections[0]
    section.page_width, section.page_height = Cm(width_cm), Cm(29.7)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Cm(2))
    section.header.paragraphs[0].text = "Larchmont"
    section.footer.paragraphs[0].text = "2026-03-31"
    memo.add_paragraph("Purpose", style=heading_style)
    memo.add_paragraph().add_run("We ask for 4 decisions.").font.name = font
    memo.add_paragraph("Results", style=heading_style)
    table = memo.add_table(rows=0, cols=2)
    for row in (("KPI", "Actual"), ("Margin", "12.5"), ("Churn", "3.1")):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    if alt is not None:
        picture = memo.add_picture(io.BytesIO(picture_bytes((40, 30))))
        picture._inline.docPr.set("descr", alt)
    stream = io.BytesIO()
    memo.save(stream)
    return stream.getvalue()


def deck_bytes(
    titles: Sequence[str] = ("Revenue grew", "Costs fell"),
    *,
    notes: str = "Say that it grew.",
    left_in: float = 1.0,
    points: int = 14,
    chart: Sequence[float] | None = (4.1, 4.4),
    empty_body: bool = False,
) -> bytes:
    """A 16:9 deck, one text box a slide; the first slide has a column chart."""
    deck = pptx.Presentation()
    deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
    for number, title in enumerate(titles):
        slide = deck.slides.add_slide(deck.slide_layouts[1 if empty_body else 5])
        slide.shapes.title.text = title
        box = slide.shapes.add_textbox(Inches(left_in), Inches(2), Inches(3), Inches(1))
        run = box.text_frame.paragraphs[0].add_run()
        run.text, run.font.size = f"Point {number}", Pt(points)
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
        if number == 0 and chart is not None:
            numbers = CategoryChartData()  # type: ignore[no-untyped-call]  # python-pptx leaves it untyped
            numbers.categories = [f"Q{quarter + 1}" for quarter in range(len(chart))]
            numbers.add_series("Revenue", chart)  # type: ignore[no-untyped-call]  # as above
            kind = XL_CHART_TYPE.COLUMN_CLUSTERED
            slide.shapes.add_chart(kind, Inches(1), Inches(3), Inches(4), Inches(3), numbers)
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def picture_bytes(
    size: tuple[int, int] = (160, 90), *, ink: bool = True, ground: str = "white", shift: int = 0
) -> bytes:
    image = Image.new("RGB", size, ground)
    if ink:
        pen = ImageDraw.Draw(image)
        pen.line((shift, size[1] - 5, size[0] - 5 - shift, 5), fill="navy", width=4)
        pen.rectangle((size[0] // 3 + shift, size[1] // 3, size[0] // 2 + shift, size[1] // 2), fill="orange")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def database_bytes(script: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        connection = sqlite3.connect(path)
        connection.executescript(script)
        connection.close()
        return path.read_bytes()


def pdf_bytes(
    pages: Sequence[str],
    *,
    size: tuple[int, int] = (595, 842),
    title: str = "Statement C-10482",
    font: str = "Helvetica",
    catalog: str = "",
    objects: Sequence[str] = (),
) -> bytes:
    """A PDF of one line of text a page; `objects` are numbered from 100."""
    body: dict[int, str] = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        2: f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{10 + 2 * n} 0 R' for n in range(len(pages)))}] >>",
        3: f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} >>",
        4: f"<< /Title ({title}) >>",
    }
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET"
        body[10 + 2 * number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents {11 + 2 * number} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> >> {'/Annots [100 0 R]' if objects else ''} >>"
        )
        body[11 + 2 * number] = f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream"
    body |= {100 + number: text for number, text in enumerate(objects)}
    content, offsets = "%PDF-1.7\n", {}
    for number, text in sorted(body.items()):
        offsets[number] = len(content)
        content += f"{number} 0 obj\n{text}\nendobj\n"
    table = "xref\n0 1\n0000000000 65535 f \n"
    table += "".join(f"{number} 1\n{offset:010d} 00000 n \n" for number, offset in sorted(offsets.items()))
    trailer = f"trailer << /Size {max(body) + 1} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{len(content)}\n%%EOF\n"
    return (content + table + trailer).encode("latin-1")


def boastful_png(width: int, height: int) -> bytes:
    """The head of a PNG that claims so many pixels, and no more than its head."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
