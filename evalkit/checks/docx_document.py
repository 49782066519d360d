"""Checks of Word documents: page, fonts, pictures, header, footer. Headings, tables and text: the generic checks."""

from decimal import Decimal
from typing import Annotated, Literal

from evalkit.checks.adapters import WordFile
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.quantity import AtLeast
from evalkit.checks.read_word import parse_word
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import near_miss
from evalkit.checks.table import Amount, Names

_SIZES_CM = {"A4": (21.0, 29.7), "A5": (14.8, 21.0), "letter": (21.59, 27.94), "legal": (21.59, 35.56)}
"""Width and height upright. Source: ISO 216; ANSI/ASME Y14.1."""
_SLACK_CM = 0.1
"""Word rounds to points."""


@check(version=1)
def page(
    on: Check,
    *,
    file: WordFile,
    size: Literal["A4", "A5", "letter", "legal"],
    landscape: bool = False,
    margin_cm: Amount = Decimal(0),
) -> Finding:
    """Every section has pages of `size`, upright unless `landscape`, with margins of at least `margin_cm`.

    {check: docx_document.page, with: {file: memo.docx, size: A4, margin_cm: 2}}
    """
    width, height = sorted(_SIZES_CM[size], reverse=landscape)
    wanted = f"{size}{' landscape' if landscape else ''} with margins of at least {margin_cm} cm"
    for number, found in enumerate(on.parsed(file, parse_word).pages, start=1):
        at = on.place(file, cell=f"section {number}")
        if abs(found.width_cm - width) > _SLACK_CM or abs(found.height_cm - height) > _SLACK_CM:
            return on.failed(f"{found.width_cm:.1f} × {found.height_cm:.1f} cm", wanted=wanted, at=at)
        if found.least_margin_cm < float(margin_cm) - _SLACK_CM / 2:
            return on.failed(f"a margin of {found.least_margin_cm:.2f} cm", wanted=wanted, at=at)
    return on.passed(wanted)


@check(version=1)
def fonts(
    on: Check, *, file: WordFile, only: Names | None = None, at_most: Annotated[int, AtLeast(1)] | None = None
) -> Finding:
    """The text is set in `only` these families, and in `at_most` so many.

    {check: docx_document.fonts, with: {file: memo.docx, only: [Calibri], at_most: 2}}
    """
    if only is None and at_most is None:
        raise NotMeasuredError("nothing is asked of the fonts; write 'only', 'at_most' or both")
    found = on.parsed(file, parse_word).fonts
    foreign = [family for family in found if only is not None and family not in only]
    if foreign:
        return on.failed(f"also {listed(foreign)}", wanted=f"only {listed(only or ())}", at=on.place(file))
    if at_most is not None and len(found) > at_most:
        return on.failed(listed(found), wanted=f"at most {at_most} families", at=on.place(file))
    return on.passed(listed(found) if found else "the theme's fonts")


@check(version=1)
def pictures(
    on: Check,
    *,
    file: WordFile,
    at_least: Annotated[int, AtLeast(0)] = 1,
    at_most: Annotated[int, AtLeast(0)] | None = None,
) -> Finding:
    """There are so many pictures and drawings, each with an alternative text.

    {check: docx_document.pictures, with: {file: memo.docx, at_least: 1, at_most: 1}}
    """
    texts = on.parsed(file, parse_word).picture_texts
    bare = [number for number, text in enumerate(texts, start=1) if not text.strip()]
    if bare:
        found = and_more(f"picture {bare[0]} without an alternative text", len(bare))
        return on.failed(found, wanted="an alternative text for every picture", at=on.place(file))
    return on.counted(len(texts), at_least, at_most, "pictures", at=on.place(file))


@check(version=1)
def header_footer(on: Check, *, file: WordFile, header: tuple[str, ...] = (), footer: tuple[str, ...] = ()) -> Finding:
    """Each text of `header` stands in a page header, and each of `footer` in a page footer.

    {check: docx_document.header_footer, with: {file: contract.docx, header: [Larchmont], footer: ["2026-03-31"]}}
    """
    if not header and not footer:
        raise NotMeasuredError("no text is asked for; write 'header', 'footer' or both")
    word = on.parsed(file, parse_word)
    for kind, words, text in (("header", header, word.headers), ("footer", footer, word.footers)):
        missing = [word for word in words if word not in text]
        if missing:
            found = f"without {listed(missing)}" if text else f"no {kind}"
            return on.failed(found, wanted=f"a {kind} with {listed(words)}", at=on.place(file, cell=kind))
    return on.passed()


@check(version=1)
def no_open_review(on: Check, *, file: WordFile) -> Finding:
    """No tracked change waits to be accepted, and no comment is left.

    {check: docx_document.no_open_review, with: {file: contract.docx}}
    """
    word = on.parsed(file, parse_word)
    if word.changes or word.comments:
        found = f"{word.changes} tracked changes and {word.comments} comments"
        return on.failed(found, wanted="a document ready to send", at=on.place(file))
    return on.passed()


@check(version=1)
def styles_from(on: Check, *, file: WordFile, template: WordFile) -> Finding:
    """Every paragraph style in use is one that `template`, an input, uses too.

    {check: docx_document.styles_from, with: {file: contract.docx, template: {input: contract_template.docx}}}
    """
    used, known = on.parsed(file, parse_word).styles, on.parsed(template, parse_word).styles
    foreign = sorted(used - known)
    if foreign:
        found = f"the style {quoted(foreign[0])}{near_miss(foreign[0], sorted(known))}"
        return on.failed(and_more(found, len(foreign)), wanted="the template's styles", at=on.place(file))
    return on.passed(f"{len(used)} styles")
