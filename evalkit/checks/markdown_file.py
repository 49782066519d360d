"""Checks of Markdown alone: code blocks and links. Headings, tables and text are for the generic checks."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import unquote, urlsplit

from evalkit.checks.adapters import MarkdownFile
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.quantity import AtLeast
from evalkit.checks.read_markdown import parse_markdown
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import near_miss


@check(version=1)
def code_blocks(on: Check, *, file: MarkdownFile, at_least: Annotated[Mapping[str, int], AtLeast(1)]) -> Finding:
    """There are so many fenced code blocks of each language, and every fence is closed.

    {check: markdown_file.code_blocks, with: {file: README.md, at_least: {python: 2, console: 1}}}
    """
    markdown = on.parsed(file, parse_markdown)
    open_fences = [block for block in markdown.code if not block.is_closed]
    if open_fences:
        return on.failed("a fence that is not closed", wanted="closed fences", at=open_fences[0].at)
    languages = [block.language for block in markdown.code]
    for language, least in at_least.items():
        found = languages.count(language.casefold())
        if found < least:
            wanted = f"at least {least} code blocks of {quoted(language)}"
            return on.failed(f"{found} of {len(languages)} code blocks", wanted=wanted, at=on.place(file))
    return on.passed(f"{len(languages)} code blocks")


@check(version=1)
def links_resolve(on: Check, *, file: MarkdownFile, allow_web: bool = True) -> Finding:
    """Every link leads to a delivered file or to a heading of this one; to the web only with `allow_web`.

    A link into the web is not followed. Without any link there is nothing to resolve, and the check passes.

    {check: markdown_file.links_resolve, with: {file: index.md, allow_web: false}}
    """
    markdown = on.parsed(file, parse_markdown)
    names = on.names()
    anchors = {_anchor(heading.text) for heading in markdown.document.headings}
    for link in markdown.links:
        parts = urlsplit(link.target)
        if parts.scheme or parts.netloc:
            if not allow_web:
                return on.failed(f"a link to {quoted(link.target)}", wanted="links inside the deliverable", at=link.at)
            continue
        target = unquote(parts.path).removeprefix("./")
        if target and target not in names:
            found = f"a link to {quoted(target)}{near_miss(target, names)}"
            return on.failed(found, wanted="links to delivered files", at=link.at)
        if not target and parts.fragment not in anchors:
            found = f"a link to #{parts.fragment}; headings are {listed(sorted(anchors))}"
            return on.failed(found, wanted="links to headings of the file", at=link.at)
    return on.passed(f"{len(markdown.links)} links")


@check(version=1)
def pictures_described(on: Check, *, file: MarkdownFile, at_least: Annotated[int, AtLeast(0)] = 1) -> Finding:
    """There are `at_least` so many pictures, each with a text in its brackets.

    {check: markdown_file.pictures_described, with: {file: report.md, at_least: 2}}
    """
    pictures = [link for link in on.parsed(file, parse_markdown).links if link.is_picture]
    bare = [picture for picture in pictures if not picture.text.strip()]
    if bare:
        found = and_more(f"{quoted(bare[0].target)} without a text", len(bare))
        return on.failed(found, wanted="a text for every picture", at=bare[0].at)
    return on.counted(len(pictures), at_least, None, "pictures", at=on.place(file))


def _anchor(heading: str) -> str:
    """As GitHub names a heading: lower case, spaces to hyphens, other marks dropped."""
    kept = (sign for sign in heading.casefold() if sign.isalnum() or sign in " -_")
    return "".join(kept).replace(" ", "-")
