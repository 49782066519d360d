"""Markdown, read line by line: headings, tables, fenced code, links and pictures, each with its line.

Read is what evidence needs and no more: ATX and setext headings, pipe tables, code fences, inline links. What stands in
a fence or an HTML comment is neither heading nor table. Source of the rules: CommonMark 0.31.2, sections 4.2, 4.3, 4.5,
6.3; GitHub Flavored Markdown 0.29, section 4.10.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from evalkit.checks.document import Document, Grid, Heading, Line, plain_lines
from evalkit.checks.read_text import decode_utf8
from evalkit.checks.result import Place

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_RULE_CELL = re.compile(r":?-+:?")
_UNESCAPED_PIPE = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"(!?)\[([^\]\n]{0,1000})\]\(\s{0,9}<?([^\s)>]{0,2000})>?(?:\s[^)\n]{0,1000})?\)")
_NOT_PARAGRAPH = re.compile(r" {0,3}(?:[#>|]|[-*+][ \t]|\d{1,9}[.)][ \t])")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`)(?=\S)(.{1,1000}?)(?<=\S)\1")


class LineKind(StrEnum):
    TEXT = "text"
    CODE = "code"
    FENCE = "fence"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """A fenced block."""

    language: str
    """The first word behind the fence; empty where none is."""
    text: str
    at: Place
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An inline link, or a picture."""

    text: str
    target: str
    is_picture: bool
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Markdown:
    """One Markdown file."""

    document: Document
    code: tuple[CodeBlock, ...]
    links: tuple[Link, ...]


def parse_markdown(content: bytes, name: str) -> Markdown:
    """The file as lines with their headings, tables, code blocks and links.

    Raises:
        BadDeliverableError: it is not UTF-8.
    """
    lines = plain_lines(decode_utf8(content, name), name)
    kinds = _kinds(lines)
    links = tuple(
        Link(text=match[2], target=match[3], is_picture=bool(match[1]), at=line.at)
        for line, kind in zip(lines, kinds, strict=True)
        if kind is LineKind.TEXT
        for match in _LINK.finditer(line.text)
    )
    document = Document(
        file=name, lines=lines, headings=tuple(_headings(lines, kinds)), grids=tuple(_grids(lines, kinds))
    )
    return Markdown(document=document, code=tuple(_code(lines, kinds)), links=links)


def plain_words(text: str) -> str:
    """`text` of a heading or cell without emphasis, code marks and link targets."""
    text = _LINK.sub(lambda match: match[2], text)
    return _EMPHASIS.sub(lambda match: match[2], text).replace("\\|", "|").strip()


def _kinds(lines: Sequence[Line]) -> list[LineKind]:
    kinds: list[LineKind] = []
    fence = ""
    in_comment = False
    for line in lines:
        match = _FENCE.fullmatch(line.text)
        if fence:
            closes = match is not None and match[1].startswith(fence) and not match[2].strip()
            kinds.append(LineKind.FENCE if closes else LineKind.CODE)
            fence = "" if closes else fence
        elif in_comment or line.text.lstrip().startswith("<!--"):
            in_comment = "-->" not in line.text
            kinds.append(LineKind.COMMENT)
        elif match is not None and not (match[1][0] == "`" and "`" in match[2]):
            fence = match[1]
            kinds.append(LineKind.FENCE)
        else:
            kinds.append(LineKind.TEXT)
    return kinds


def _headings(lines: Sequence[Line], kinds: Sequence[LineKind]) -> list[Heading]:
    headings: list[Heading] = []
    for index, (line, kind) in enumerate(zip(lines, kinds, strict=True)):
        if kind is not LineKind.TEXT:
            continue
        atx = _ATX.fullmatch(line.text)
        underline = _UNDERLINE.fullmatch(line.text)
        above = lines[index - 1].text if index and kinds[index - 1] is LineKind.TEXT else ""
        if atx is not None:
            headings.append(Heading(level=len(atx[1]), text=plain_words(atx[2] or ""), index=index))
        elif underline is not None and above.strip() and not _NOT_PARAGRAPH.match(above):
            level = 1 if underline[1][0] == "=" else 2
            headings.append(Heading(level=level, text=plain_words(above), index=index))
    return headings


def _grids(lines: Sequence[Line], kinds: Sequence[LineKind]) -> list[Grid]:
    grids: list[Grid] = []
    index = 1
    while index < len(lines):
        header, rule = _cells(lines[index - 1].text), _cells(lines[index].text)
        is_text = kinds[index] is kinds[index - 1] is LineKind.TEXT
        is_rule = "|" in lines[index - 1].text and all(_RULE_CELL.fullmatch(cell) for cell in rule)
        if not (is_text and is_rule and len(header) == len(rule)):
            index += 1
            continue
        end = index + 1
        while end < len(lines) and kinds[end] is LineKind.TEXT and "|" in lines[end].text:
            end += 1
        body = [(_fitted(_cells(line.text), len(header)), line.at) for line in lines[index + 1 : end]]
        places = (lines[index - 1].at, *(at for _, at in body))
        rows = (tuple(header), *(row for row, _ in body))
        grids.append(Grid(rows=rows, index=index - 1, at=lines[index - 1].at, row_places=places))
        index = end + 1
    return grids


def _cells(line: str) -> list[str]:
    body = line.strip()
    body = body.removeprefix("|")
    if body.endswith("|") and not body.endswith("\\|"):
        body = body[:-1]
    return [plain_words(cell) for cell in _UNESCAPED_PIPE.split(body)]


def _fitted(cells: list[str], width: int) -> tuple[str, ...]:
    """As GitHub shows it: missing cells are empty, cells beyond the header are not shown."""
    return tuple((cells + [""] * width)[:width])


def _code(lines: Sequence[Line], kinds: Sequence[LineKind]) -> list[CodeBlock]:
    blocks: list[CodeBlock] = []
    index = 0
    while index < len(lines):
        if kinds[index] is not LineKind.FENCE:
            index += 1
            continue
        end = index + 1
        while end < len(lines) and kinds[end] is LineKind.CODE:
            end += 1
        words = lines[index].text.strip().lstrip("`~").split()
        text = "\n".join(line.text for line in lines[index + 1 : end])
        language = words[0].casefold() if words else ""
        blocks.append(CodeBlock(language=language, text=text, at=lines[index].at, is_closed=end < len(lines)))
        index = end + 1
    return blocks
