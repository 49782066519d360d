"""Checks of text: a file's whole, or one section; of plain text, Markdown, Word, slides, HTML and PDF alike.

A check that something is *not* there does not pass on a file without text: nobody was asked to deliver nothing.
"""

import re
from typing import Annotated

from evalkit.checks.adapters import Files, Text
from evalkit.checks.deliverables import Check
from evalkit.checks.document import Passage
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.quantity import AtLeast
from evalkit.checks.registry import check
from evalkit.checks.result import Finding

Words = Annotated[tuple[Annotated[str, AtLeast(1)], ...], AtLeast(1)]
Count = Annotated[int, AtLeast(0)]

_WORD = re.compile(r"\w+(?:[-'’.,/:]\w+)*")
_PLACEHOLDER = re.compile(
    r"\bTODO\b|\bTBD\b|\bFIXME\b|\bXX+\b|(?i:lorem ipsum)|\{\{[^{}\n]{0,80}\}\}|<<[^<>\n]{1,80}>>"
    r"|(?i:\[(?:insert|your|name|date|company|placeholder|to be)\b[^\]\n]{0,80}\])|(?i:click to add )"
)
_QUOTATION = re.compile('[“"]([^”“"\n]{1,2000})[”"]')
_TYPOGRAPHY = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " ", "–": "-", "—": "-"})  # noqa: RUF001 - the marks that people type


@check(version=1)
def contains(on: Check, *, text: Text, words: Words, ignore_case: bool = False) -> Finding:
    """Every one of `words` stands in the text, literally or, with `ignore_case`, in any case.

    {check: text.contains, with: {text: {file: memo.md, section: Risks}, words: ["currency", "EUR"]}}
    """
    passage = on.passage(text)
    content = _folded(passage.text, ignore_case=ignore_case)
    missing = [word for word in words if _folded(word, ignore_case=ignore_case) not in content]
    if missing:
        return on.failed(f"without {listed(missing)}", wanted=f"text with {listed(words)}", at=passage.at)
    return on.passed()


@check(version=1)
def lacks(on: Check, *, text: Text, words: Words, ignore_case: bool = False) -> Finding:
    """None of `words` stands in the text. A text that is missing or empty does not pass.

    {check: text.lacks, with: {text: memo.md, words: ["lorem ipsum", "TBD"], ignore_case: true}}
    """
    passage = on.passage(text)
    wanted = f"text without {listed(words)}"
    for word in words:
        flags = re.IGNORECASE if ignore_case else 0
        if match := re.search(re.escape(word), passage.text, flags):
            return on.failed(quoted(match[0]), wanted=wanted, at=passage.place(match.start()))
    return _with_text(on, passage, wanted)


@check(version=1)
def matches(
    on: Check, *, text: Text, pattern: re.Pattern[str], at_least: Count = 1, at_most: Count | None = None
) -> Finding:
    """The regular expression `pattern` is found `at_least` (once unless told) and `at_most` so many times.

    It is searched in the text as a whole; `(?m)` lets `^` and `$` match at each line. With `at_least: 0`, an empty text
    still does not pass.

    {check: text.matches, with: {text: memo.md, pattern: "(?m)^- .+ [(]owner: .+[)]$", at_least: 3}}
    """
    passage = on.passage(text)
    found = list(pattern.finditer(passage.text))
    is_too_often = at_most is not None and len(found) > at_most
    at = passage.place(found[at_most or 0].start()) if is_too_often else passage.at
    if not passage.text.strip():
        return on.failed("no text", wanted=f"text with {pattern.pattern}", at=passage.at)
    return on.counted(len(found), at_least, at_most, f"places like {pattern.pattern}", at=at)


@check(version=1)
def word_count(on: Check, *, text: Text, at_least: Count = 1, at_most: Count | None = None) -> Finding:
    """The text has `at_least` (1 unless told) and `at_most` so many words. Numbers are words; marks alone are not.

    {check: text.word_count, with: {text: memo.docx, at_least: 450, at_most: 750}}
    """
    passage = on.passage(text)
    return on.counted(len(_WORD.findall(passage.text)), at_least, at_most, "words", at=passage.at)


@check(version=1)
def no_placeholders(on: Check, *, text: Text) -> Finding:
    """Nothing is left to be filled in: no TODO, TBD, FIXME, XX, lorem ipsum, `{{…}}`, `<<…>>`, `[insert …]`.

    {check: text.no_placeholders, with: {text: contract.docx}}
    """
    passage = on.passage(text)
    wanted = "text without placeholders"
    found = list(_PLACEHOLDER.finditer(passage.text))
    if found:
        words = and_more(f"the placeholder {quoted(found[0][0])}", len(found))
        return on.failed(words, wanted=wanted, at=passage.place(found[0].start()))
    return _with_text(on, passage, wanted)


@check(version=1)
def quotes_verbatim(
    on: Check,
    *,
    text: Text,
    sources: Files,
    at_least: Count = 1,
    at_most_words: Annotated[int, AtLeast(1)] | None = None,
) -> Finding:
    """Every passage in double quotation marks stands word for word in one of the `sources`, the task's inputs.

    Kinds of quotation marks, dashes and white space do not count. Of the quotations there are `at_least` so many, and
    none is longer than `at_most_words`.

    {check: text.quotes_verbatim, with: {text: brief.md, sources: {globs: ["*.txt"]}, at_most_words: 25}}
    """
    passage = on.passage(text)
    originals = [_same_type(on.text(source)) for source in on.given(sources)]
    quotations = list(_QUOTATION.finditer(passage.text))
    if len(quotations) < at_least:
        return on.counted(len(quotations), at_least, None, "quotations", at=passage.at)
    for quotation in quotations:
        at, words = passage.place(quotation.start()), len(_WORD.findall(quotation[1]))
        if at_most_words is not None and words > at_most_words:
            return on.failed(f"a quotation of {words} words", wanted=f"at most {at_most_words} words", at=at)
        if not any(_same_type(quotation[1]) in original for original in originals):
            wanted = f"words of one of {len(originals)} sources"
            return on.failed(f"the quotation {quoted(quotation[1])}", wanted=wanted, at=at)
    return on.passed(f"{len(quotations)} quotations")


@check(version=1)
def citations_resolved(on: Check, *, text: Text, sources: str = "Sources") -> Finding:
    """Every `[n]` in the text has an entry `[n]` that begins a line of the section `sources`, and every entry is cited.

    {check: text.citations_resolved, with: {text: brief.md, sources: Sources}}
    """
    if text.section is not None:
        raise NotMeasuredError("citations are looked for in the whole text; leave out 'section'")
    document = on.document(text)
    start, end = document.bounds(sources)
    entries: dict[str, int] = {}
    for index in range(start, end):
        if match := re.match(r"[-*\s]{0,9}\[(\d{1,4})\]", document.lines[index].text):
            entries.setdefault(match[1], index)
    body = [*document.lines[: start - 1], *document.lines[end:]]
    cited = [(match[1], line.at) for line in body for match in re.finditer(r"\[(\d{1,4})\](?!\()", line.text)]
    wanted = f"citations that each have one entry in {quoted(sources)}, and entries that are cited"
    if not cited:
        return on.failed("no citations", wanted=wanted, at=on.place(text))
    dangling = [(number, at) for number, at in cited if number not in entries]
    if dangling:
        number, at = dangling[0]
        return on.failed(and_more(f"[{number}] has no entry", len(dangling)), wanted=wanted, at=at)
    unused = [number for number in entries if number not in dict(cited)]
    if unused:
        at = document.lines[entries[unused[0]]].at
        return on.failed(and_more(f"[{unused[0]}] is never cited", len(unused)), wanted=wanted, at=at)
    return on.passed(f"{len(cited)} citations of {len(entries)} entries")


def _folded(text: str, *, ignore_case: bool) -> str:
    return text.casefold() if ignore_case else text


def _with_text(on: Check, passage: Passage, wanted: str) -> Finding:
    """The answer of a check that found nothing forbidden: passed if there was text to find it in."""
    if not passage.text.strip():
        return on.failed("no text", wanted=wanted, at=passage.at)
    return on.passed()


def _same_type(text: str) -> str:
    return " ".join(text.translate(_TYPOGRAPHY).split())
