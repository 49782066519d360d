"""Checks of headings, in Markdown, Word, HTML and slides. Only what the format itself calls a heading is one."""

from itertools import pairwise
from typing import Annotated

from evalkit.checks.adapters import Outlined
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.quantity import AtLeast
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import near_miss
from evalkit.checks.table import Names

Level = Annotated[int, AtLeast(1)]


@check(version=1)
def present(
    on: Check,
    *,
    document: Outlined,
    names: Names,
    level: Level | None = None,
    exact: bool = False,
    ordered: bool = True,
) -> Finding:
    """Each of `names` is a heading exactly once, of `level` if given; in this order unless `ordered` is false.

    With `exact`, there is no other heading of that level, or none at all where no level is given.

    {check: headings.present, with: {document: memo.md, names: [Purpose, Results, Risks], level: 2, exact: true}}
    """
    content = on.document(document)
    headings = [heading for heading in content.headings if level is None or heading.level == level]
    texts = [heading.text for heading in headings]
    of_level = "" if level is None else f" of level {level}"
    how = ("exactly " if exact else "") + listed(names, 20) + of_level + (" in this order" if ordered else "")
    missing = [name for name in names if name not in texts]
    if missing:
        found = and_more(f"no heading {quoted(missing[0])}{of_level}", len(missing)) + near_miss(missing[0], texts)
        return on.failed(found, wanted=how, at=on.place(document))
    repeated = [heading for heading in headings if heading.text in names and texts.count(heading.text) > 1]
    if repeated:
        at = content.lines[repeated[-1].index].at
        return on.failed(f"{quoted(repeated[-1].text)} more than once", wanted=how, at=at)
    extra = [heading for heading in headings if heading.text not in names]
    if exact and extra:
        return on.failed(
            f"also {listed(heading.text for heading in extra)}", wanted=how, at=content.lines[extra[0].index].at
        )
    if ordered and [text for text in texts if text in names] != list(names):
        return on.failed(listed(texts, 20), wanted=how, at=on.place(document))
    return on.passed(listed(texts, 20))


@check(version=1)
def count(
    on: Check,
    *,
    document: Outlined,
    level: Level,
    at_least: Annotated[int, AtLeast(0)] = 1,
    at_most: Annotated[int, AtLeast(0)] | None = None,
) -> Finding:
    """There are `at_least` (1 unless told) and `at_most` so many headings of `level`.

    {check: headings.count, with: {document: memo.md, level: 1, at_most: 1}}
    """
    content = on.document(document)
    headings = [heading for heading in content.headings if heading.level == level]
    return on.counted(len(headings), at_least, at_most, f"headings of level {level}", at=on.place(document))


@check(version=1)
def no_skipped_levels(on: Check, *, document: Outlined) -> Finding:
    """The first heading is of level 1, and none is more than one level below the heading before it.

    {check: headings.no_skipped_levels, with: {document: report.html}}
    """
    content = on.document(document)
    if not content.headings:
        return on.failed("no headings", wanted="headings from level 1 down", at=on.place(document))
    levels = [0, *(heading.level for heading in content.headings)]
    wrong = [number for number, (above, below) in enumerate(pairwise(levels)) if below > above + 1]
    if wrong:
        heading = content.headings[wrong[0]]
        found = and_more(f"{quoted(heading.text)} of level {heading.level} below level {levels[wrong[0]]}", len(wrong))
        return on.failed(found, wanted="no level left out", at=content.lines[heading.index].at)
    return on.passed(f"{len(content.headings)} headings")
