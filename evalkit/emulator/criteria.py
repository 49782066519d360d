"""The criteria that a grader finds in a rubric's Markdown.

Top-level list items (`- `, `* `, `+ `) and numbered paragraphs (`1. `, `1) `) are criteria; headings, prose and code
fences are not. An item goes on over the lines below it that are indented to its text, and over any others until a blank
line or a heading. `[R4] ` in front is its id; an item without one is C1…Cn by its place among all items.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

CONTRACT_MARK: Final = "VERDICT <met>/<total>"
"""A rubric with these words asks for the verdict in a form of its own; the section that has them holds no criteria."""

_ITEM: Final = re.compile(r"(?P<marker> {0,3}(?:[-*+]|(?P<number>[0-9]{1,9})[.)]) {1,4})(?=\S)")
_FENCE: Final = re.compile(r" *(`{3,}|~{3,})")
_HEADING: Final = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_RULE: Final = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_ID: Final = re.compile(r"\[([A-Za-z][A-Za-z0-9_-]{0,31})\]\s+")
_FULL_STOP: Final = re.compile(r"\.(?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One line of a rubric that can be decided on its own."""

    id: str
    name: str
    """The text before its first full stop: what a grader's words echo."""


def parse_criteria(rubric: str) -> tuple[Criterion, ...]:
    """The criteria of a rubric in order; none where it has no list."""
    items = _find_items(_COMMENT.sub("", _without_contract(rubric)).expandtabs(4).splitlines())
    return tuple(_criterion(item, place) for place, item in enumerate(items, start=1))


def asks_for_contract(rubric: str) -> bool:
    """The rubric asks for a first line `VERDICT <met>/<total>` and one line a criterion."""
    return CONTRACT_MARK in rubric


def _criterion(text: str, place: int) -> Criterion:
    named = _ID.match(text)
    words = text[named.end() :] if named else text
    return Criterion(id=named.group(1) if named else f"C{place}", name=_FULL_STOP.split(words, maxsplit=1)[0].strip())


def _without_contract(rubric: str) -> str:
    """The rubric up to the heading over the contract; all of it where nothing asks for one."""
    before, mark, _ = rubric.partition(CONTRACT_MARK)
    if not mark:
        return rubric
    headings = [match.start() for match in re.finditer(r"^#{1,6}\s", before, re.MULTILINE)]
    return before[: headings[-1]] if headings else before


def _find_items(lines: list[str]) -> Iterator[str]:
    """The text of each item, white space folded."""
    item: list[str] = []
    margin = 0
    is_numbered = False
    fence = ""
    after_blank = True
    for line in lines:
        opener = _FENCE.match(line)
        if fence or opener:
            # A closing fence is at least as long as the one that opened, of the same sign.
            closes = bool(fence) and opener is not None and opener.group(1).startswith(fence)
            fence = "" if closes else fence or (opener.group(1) if opener else "")
            continue
        if not line.strip():
            after_blank = True
            continue
        indent = len(line) - len(line.lstrip())
        found = None if _RULE.match(line) else _ITEM.match(line)
        if item and indent >= margin:
            item.append(line)
        elif found and (after_blank or is_numbered or found["number"] in {None, "1"}):
            # Prose that wraps before `2026. ` is no list: only `1.` may begin one in the middle of a paragraph.
            if item:
                yield " ".join(" ".join(item).split())
            item, margin, is_numbered = [line[found.end() :]], found.end(), found["number"] is not None
        elif item and (after_blank or _HEADING.match(line) or _RULE.match(line)):
            yield " ".join(" ".join(item).split())
            item, is_numbered = [], False
        elif item:
            item.append(line)
        after_blank = bool(_HEADING.match(line) or _RULE.match(line))
    if item:
        yield " ".join(" ".join(item).split())
