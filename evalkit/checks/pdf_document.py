"""Checks of PDFs: pages, selectable text, forms, fonts, active content. What the text says: the generic checks."""

from collections.abc import Mapping
from typing import Annotated, Literal

from evalkit.checks.adapters import PdfFile
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.quantity import AtLeast
from evalkit.checks.read_pdf import parse_pdf
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import near_miss
from evalkit.checks.table import Count, Names

_SIZES_CM = {"A4": (21.0, 29.7), "A5": (14.8, 21.0), "letter": (21.59, 27.94)}
"""Width and height upright. Source: ISO 216; ANSI/ASME Y14.1."""
_SLACK_CM = 0.15
"""Programs round to whole points, and some to half a millimetre."""


@check(version=1)
def pages(
    on: Check,
    *,
    file: PdfFile,
    at_least: Count = 1,
    at_most: Count | None = None,
    size: Literal["A4", "A5", "letter"] | None = None,
    landscape: bool = False,
) -> Finding:
    """There are `at_least` (1 unless told) and `at_most` so many pages, all of `size`, upright unless `landscape`.

    {check: pdf_document.pages, with: {file: statement.pdf, at_most: 3, size: A4}}
    """
    found = on.parsed(file, parse_pdf).pages
    for number, page in enumerate(found, start=1):
        if size is None:
            continue
        width, height = sorted(_SIZES_CM[size], reverse=landscape)
        if abs(page.width_cm - width) > _SLACK_CM or abs(page.height_cm - height) > _SLACK_CM:
            words = f"{page.width_cm:.1f} × {page.height_cm:.1f} cm"
            wanted = f"{size}{' landscape' if landscape else ' upright'}"
            return on.failed(words, wanted=wanted, at=on.place(file, cell=f"page {number}"))
    return on.counted(len(found), at_least, at_most, "pages", at=on.place(file))


@check(version=1)
def text_on_every_page(on: Check, *, file: PdfFile, at_least: Annotated[int, AtLeast(1)] = 1) -> Finding:
    """Every page has selectable text of `at_least` so many characters; a scan has none.

    {check: pdf_document.text_on_every_page, with: {file: statement.pdf, at_least: 200}}
    """
    for number, page in enumerate(on.parsed(file, parse_pdf).pages, start=1):
        length = len(page.text.strip())
        if length < at_least:
            found = f"{length} characters and {page.pictures} pictures"
            wanted = f"at least {at_least} characters of text"
            return on.failed(found, wanted=wanted, at=on.place(file, cell=f"page {number}"))
    return on.passed()


@check(version=1)
def page_numbers(on: Check, *, file: PdfFile, form: Annotated[str, AtLeast(3)] = "Page {n} of {total}") -> Finding:
    """Every page shows its number in the `form`, where `{n}` is the page and `{total}` the number of pages.

    {check: pdf_document.page_numbers, with: {file: statement.pdf, form: "{n} / {total}"}}
    """
    found = on.parsed(file, parse_pdf).pages
    for number, page in enumerate(found, start=1):
        wanted = form.replace("{n}", str(number)).replace("{total}", str(len(found)))
        if wanted not in " ".join(page.text.split()):
            return on.failed(f"without {quoted(wanted)}", wanted=wanted, at=on.place(file, cell=f"page {number}"))
    return on.passed(f"{len(found)} pages")


@check(version=1)
def contains_each(on: Check, *, file: PdfFile, words: Names, times: Annotated[int, AtLeast(1)] = 1) -> Finding:
    """Each of `words` stands in the text of all pages exactly so many `times` (1 unless told).

    {check: pdf_document.contains_each, with: {file: statement.pdf, words: [T-001, T-002]}}
    """
    text = "\n".join(page.text for page in on.parsed(file, parse_pdf).pages)
    wrong = [(word, text.count(word)) for word in words if text.count(word) != times]
    if wrong:
        word, count = wrong[0]
        found = and_more(f"{quoted(word)} {count} times", len(wrong))
        return on.failed(found, wanted=f"each of {len(words)} {times} times", at=on.place(file))
    return on.passed(f"{len(words)} found")


@check(version=1)
def title_contains(on: Check, *, file: PdfFile, words: Names) -> Finding:
    """The title in the file's properties contains each of `words`.

    {check: pdf_document.title_contains, with: {file: statement.pdf, words: [C-10482]}}
    """
    title = on.parsed(file, parse_pdf).title
    missing = [word for word in words if word not in title]
    if missing:
        found = f"the title {quoted(title)}" if title else "no title"
        return on.failed(found, wanted=f"a title with {listed(words)}", at=on.place(file))
    return on.passed(quoted(title))


@check(version=1)
def fonts_at_hand(on: Check, *, file: PdfFile) -> Finding:
    """Every font is embedded, or one of the fourteen that every viewer has.

    {check: pdf_document.fonts_at_hand, with: {file: statement.pdf}}
    """
    foreign = on.parsed(file, parse_pdf).foreign_fonts
    if foreign:
        return on.failed(f"not embedded: {listed(foreign)}", wanted="embedded fonts", at=on.place(file))
    return on.passed()


@check(version=1)
def fields(on: Check, *, file: PdfFile, expected: Annotated[Mapping[str, str], AtLeast(1)]) -> Finding:
    """Each field of the form has the expected value: text as it is, a choice by its export value, empty as empty text.

    Values must be visible, and no longer than their field allows.

    {check: pdf_document.fields, with: {file: filled.pdf, expected: {name: Ada Byron, resident: "Yes", notes: ""}}}
    """
    pdf = on.parsed(file, parse_pdf)
    for name, value in expected.items():
        at = on.place(file, cell=name)
        if name not in pdf.fields:
            found = f"no field {quoted(name)}{near_miss(name, tuple(pdf.fields))}"
            return on.failed(found, wanted=f"the field {quoted(name)}", at=at)
        if pdf.fields[name] != value:
            return on.failed(quoted(pdf.fields[name]), wanted=quoted(value), at=at)
        if len(value) > pdf.longest.get(name, len(value)):
            return on.failed(f"{len(value)} characters", wanted=f"at most {pdf.longest[name]}", at=at)
    if not pdf.shows_fields:
        wanted = "appearances, or NeedAppearances"
        return on.failed("filled fields that viewers do not show", wanted=wanted, at=on.place(file))
    return on.passed(f"{len(expected)} fields")


@check(version=1)
def field_count(on: Check, *, file: PdfFile, equals: Count) -> Finding:
    """The form has so many fields: it was not flattened.

    {check: pdf_document.field_count, with: {file: filled.pdf, equals: 24}}
    """
    return on.counted(len(on.parsed(file, parse_pdf).fields), equals, equals, "fields", at=on.place(file))


@check(version=1)
def no_active_content(on: Check, *, file: PdfFile) -> Finding:
    """Nothing in the file acts by itself: no JavaScript, no program to launch, no embedded file.

    {check: pdf_document.no_active_content, with: {file: statement.pdf}}
    """
    active = on.parsed(file, parse_pdf).active
    if active:
        return on.failed(", ".join(active), wanted="pages only", at=on.place(file))
    return on.passed()
