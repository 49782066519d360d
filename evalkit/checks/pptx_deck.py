"""Checks of presentations: slides, titles, notes, charts, boxes. Text and tables: the generic checks."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from evalkit.checks.adapters import DeckFile
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.quantity import AtLeast, Tolerance, decimal_of
from evalkit.checks.read_deck import Chart, Deck, Slide, parse_deck
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.table import Amount, Count

Position = Annotated[int, AtLeast(1)]

_ZERO = Decimal(0)
_ASPECTS = {"16:9": 16 / 9, "4:3": 4 / 3, "16:10": 16 / 10}
_SLACK_IN = 0.02


@check(version=1)
def slides(
    on: Check,
    *,
    file: DeckFile,
    at_least: Count = 1,
    at_most: Count | None = None,
    aspect: Literal["16:9", "4:3", "16:10"] | None = None,
) -> Finding:
    """There are `at_least` (1 unless told) and `at_most` so many slides, of the `aspect` if given.

    {check: pptx_deck.slides, with: {file: review.pptx, at_least: 6, at_most: 8, aspect: "16:9"}}
    """
    deck = on.parsed(file, parse_deck)
    if aspect is not None and abs(deck.width / max(deck.height, 0.01) - _ASPECTS[aspect]) > 0.01:
        return on.failed(f"{deck.width:.2f} × {deck.height:.2f} in", wanted=f"{aspect} slides", at=on.place(file))
    return on.counted(len(deck.slides), at_least, at_most, "slides", at=on.place(file))


@check(version=1)
def titles(on: Check, *, file: DeckFile, at_most_words: Position | None = None) -> Finding:
    """Every slide has a title of its own, different from every other and of `at_most_words`.

    {check: pptx_deck.titles, with: {file: review.pptx, at_most_words: 14}}
    """
    seen: dict[str, int] = {}
    for slide in _some_slides(on, file).slides:
        at = on.place(file, cell=f"slide {slide.number}")
        if not slide.title:
            return on.failed("no title", wanted="a title on every slide", at=at)
        if slide.title in seen:
            found = f"the title of slide {seen[slide.title]} again: {quoted(slide.title)}"
            return on.failed(found, wanted="distinct titles", at=at)
        words = len(slide.title.split())
        if at_most_words is not None and words > at_most_words:
            return on.failed(f"a title of {words} words", wanted=f"at most {at_most_words} words", at=at)
        seen[slide.title] = slide.number
    return on.passed(f"{len(seen)} titles")


@check(version=1)
def notes(on: Check, *, file: DeckFile, at_least_words: Position = 1) -> Finding:
    """Every slide has speaker notes of `at_least_words` (1 unless told).

    {check: pptx_deck.notes, with: {file: review.pptx, at_least_words: 20}}
    """
    for slide in _some_slides(on, file).slides:
        words = len(slide.notes.split())
        if words < at_least_words:
            at = on.place(file, cell=f"slide {slide.number}")
            return on.failed(f"notes of {words} words", wanted=f"notes of at least {at_least_words} words", at=at)
    return on.passed()


@check(version=1)
def inside_the_slide(on: Check, *, file: DeckFile) -> Finding:
    """No shape reaches over the edge of its slide.

    {check: pptx_deck.inside_the_slide, with: {file: review.pptx}}
    """
    deck = _some_slides(on, file)
    for slide in deck.slides:
        outside = [
            box.name
            for box in slide.boxes
            if min(box.left, box.top) < -_SLACK_IN
            or box.right > deck.width + _SLACK_IN
            or box.bottom > deck.height + _SLACK_IN
        ]
        if outside:
            found = and_more(f"{quoted(outside[0])} reaches over the edge", len(outside))
            return on.failed(found, wanted="shapes inside the slide", at=on.place(file, cell=f"slide {slide.number}"))
    return on.passed()


@check(version=1)
def font_size(on: Check, *, file: DeckFile, at_least_pt: Annotated[Decimal, AtLeast(1)]) -> Finding:
    """No text states a font size below `at_least_pt` points. Sizes that come from the layout are not looked at.

    {check: pptx_deck.font_size, with: {file: review.pptx, at_least_pt: 12}}
    """
    for slide in _some_slides(on, file).slides:
        if slide.least_font_pt is not None and slide.least_font_pt < float(at_least_pt):
            at = on.place(file, cell=f"slide {slide.number}")
            return on.failed(f"{slide.least_font_pt:g} pt", wanted=f"at least {at_least_pt} pt", at=at)
    return on.passed()


@check(version=1)
def no_empty_placeholders(on: Check, *, file: DeckFile) -> Finding:
    """No placeholder of a layout was left without text; such a box shows "Click to add text" to whoever edits.

    {check: pptx_deck.no_empty_placeholders, with: {file: review.pptx}}
    """
    for slide in _some_slides(on, file).slides:
        if slide.empty_placeholders:
            at = on.place(file, cell=f"slide {slide.number}")
            return on.failed(listed(slide.empty_placeholders), wanted="no empty placeholders", at=at)
    return on.passed()


@check(version=1)
def chart(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    file: DeckFile,
    slide: Position,
    kinds: tuple[Literal["bar", "column", "line", "pie", "area", "xy_scatter", "doughnut"], ...] = (),
    series: Mapping[str, tuple[Decimal, ...]] | None = None,
    abs_tol: Amount = _ZERO,
    rel_tol: Amount = _ZERO,
) -> Finding:
    """The slide has exactly one native chart, of one of `kinds`, that holds each of the `series` with these numbers.

    A number may be off by `abs_tol + rel_tol × |number|`.

    {check: pptx_deck.chart, with: {file: qbr.pptx, slide: 3, kinds: [column, line], series: {Revenue: [4.1, 4.4]}}}
    """
    charted = _slide(on, file, slide)
    at = on.place(file, cell=f"slide {slide}")
    if len(charted.charts) != 1:
        found = f"{len(charted.charts)} native charts and {charted.pictures} pictures"
        return on.failed(found, wanted="one native chart", at=at)
    found_chart = charted.charts[0]
    if kinds and not found_chart.kind.startswith(kinds):
        return on.failed(f"a {found_chart.kind} chart", wanted=f"one of {listed(kinds)}", at=at)
    tolerance = Tolerance(abs_tol=abs_tol, rel_tol=rel_tol)
    for name, numbers in (series or {}).items():
        problem = _series_problem(found_chart, name, numbers, tolerance)
        if problem is not None:
            return on.failed(problem, wanted=f"{quoted(name)}: {', '.join(map(str, numbers))}{tolerance}", at=at)
    return on.passed(f"a {found_chart.kind} chart of {len(found_chart.series)} series")


def _series_problem(chart: Chart, name: str, numbers: tuple[Decimal, ...], tolerance: Tolerance) -> str | None:
    """What keeps the chart from holding the series; None where nothing does."""
    found = dict(chart.series).get(name)
    if found is None:
        return f"the series {listed(series for series, _ in chart.series)}"
    values = [None if value is None else decimal_of(value) for value in found]
    if len(values) != len(numbers):
        return f"{len(values)} numbers"
    for position, (value, number) in enumerate(zip(values, numbers, strict=True), start=1):
        if value is None or not tolerance.allows(value, number):
            return f"{'no number' if value is None else value} in position {position}"
    return None


def _some_slides(on: Check, file: DeckFile) -> Deck:
    """The deck, which has slides: what holds for every slide must not hold for want of any."""
    deck = on.parsed(file, parse_deck)
    if not deck.slides:
        raise BadDeliverableError("no slides", wanted="slides", at=on.place(file))
    return deck


def _slide(on: Check, file: DeckFile, number: int) -> Slide:
    deck = on.parsed(file, parse_deck)
    if number > len(deck.slides):
        raise BadDeliverableError(f"{len(deck.slides)} slides", wanted=f"a slide {number}", at=on.place(file))
    return deck.slides[number - 1]
